//! Owns the tests of answers that make no sense, from who stands between `kaw` and a broker: none
//! of them harms, and each ends in time and in one line. Leaves who is no broker at all to
//! `hostile`.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use rdkafka::mocking::MockCluster;

use crate::hostile::run;
use crate::sandbox::Sandbox;

/// How long a command may take: each of three questions in a row has its `--timeout` of a second.
const SOON: Duration = Duration::from_secs(6);

/// What is done to an answer: the bytes after its size. All zeros is not among it: librdkafka 2.12
/// reads minus one version of requests out of that, and its allocation ends the process.
#[derive(Clone, Copy, Debug)]
enum Harm {
    /// It comes as it is.
    None,
    /// It is for another request.
    OtherRequest,
    /// All behind the number of the request is ones, or the half of it is cut off.
    Ones,
    Half,
    /// Every so many bytes, one is another.
    Bytes(usize),
    /// Its size is said to be 2 GiB.
    Size,
}

/// Passes on what a broker answers, with harm to the answers from the `first` on.
fn spoil(broker: TcpStream, mut client: TcpStream, harm: Harm, first: usize, ports: (u16, u16)) {
    let mut broker = broker;
    let host = b"127.0.0.1";
    for n in 0.. {
        let mut size = [0; 4];
        if broker.read_exact(&mut size).is_err() {
            break;
        }
        let mut bytes = vec![0; u32::from_be_bytes(size) as usize];
        if broker.read_exact(&mut bytes).is_err() {
            break;
        }
        // Whoever asks where the broker is comes here again.
        let told: Vec<u8> = host.iter().copied().chain(u32::from(ports.0).to_be_bytes()).collect();
        let ours: Vec<u8> = host.iter().copied().chain(u32::from(ports.1).to_be_bytes()).collect();
        while let Some(at) = bytes.windows(told.len()).position(|window| window == told) {
            bytes[at..at + told.len()].copy_from_slice(&ours);
        }
        let mut size = bytes.len() as u32;
        let harm = if n >= first { harm } else { Harm::None };
        match harm {
            Harm::None => {}
            Harm::OtherRequest => bytes[3] ^= 0x40,
            Harm::Ones => bytes[4..].fill(0xff),
            Harm::Half => {
                bytes.truncate(4 + (bytes.len() - 4) / 2);
                size = bytes.len() as u32;
            }
            Harm::Bytes(step) => {
                bytes[4..]
                    .iter_mut()
                    .step_by(step)
                    .for_each(|byte| *byte = byte.wrapping_add(0x7d));
            }
            Harm::Size => size = i32::MAX as u32,
        }
        if client.write_all(&size.to_be_bytes()).and_then(|()| client.write_all(&bytes)).is_err() {
            break;
        }
    }
    drop(client.shutdown(Shutdown::Both));
}

/// The address of who stands between a client and a broker, and harms answers.
fn between(broker: &str, harm: Harm, first: usize) -> String {
    let broker = broker.replace("localhost", "127.0.0.1");
    let port: u16 = broker.rsplit(':').next().unwrap().parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(broker) = TcpStream::connect(("127.0.0.1", port)) else { return };
            let (mut to, mut from) = (broker.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || {
                drop(std::io::copy(&mut from, &mut to));
                drop(to.shutdown(Shutdown::Both));
            });
            thread::spawn(move || spoil(broker, client, harm, first, (port, ours.port())));
        }
    });
    ours.to_string()
}

#[test]
fn answers_that_make_no_sense_do_no_harm() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("t", 2, 1).unwrap();
    let broker = cluster.bootstrap_servers();
    let commands = ["topics list", "produce t", "consume t -e", "topics describe t"];
    // Without harm it is a broker as any other, wherever it stands.
    let s = Sandbox::new();
    let honest = between(&broker, Harm::None, 0);
    for words in commands {
        run(&s, &format!("{words} -b {honest}"), SOON).success();
    }
    let harms =
        [Harm::OtherRequest, Harm::Ones, Harm::Half, Harm::Bytes(3), Harm::Bytes(17), Harm::Size];
    thread::scope(|scope| {
        for harm in harms {
            let broker = &broker;
            scope.spawn(move || {
                let s = Sandbox::new();
                for first in [0, 1, 2, 4, 7] {
                    let address = between(broker, harm, first);
                    for words in commands {
                        let run = run(&s, &format!("{words} -b {address}"), SOON);
                        let code = run.status().code();
                        let known = [Some(0), Some(3), Some(4), Some(6), Some(7), Some(8)];
                        assert!(known.contains(&code), "{harm:?} from {first} on: {words}: {run}");
                    }
                }
            });
        }
    });
}
