//! Owns the tests of who listens and is no broker: whatever it answers, `kaw` ends in time, with
//! one line and the right code, and in bounded memory. Leaves brokers that are merely gone to
//! `remote`.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::sandbox::{Run, Sandbox};

/// How long a command with a `--timeout` of a second may take.
const SOON: Duration = Duration::from_secs(3);
/// The most memory that any of them may take, in KiB.
const MEMORY_MAX: u64 = 256 << 10;

/// What is done with a connection.
type Manners = Arc<dyn Fn(TcpStream) + Send + Sync>;

/// Listens, and treats whoever comes so. Ends with the test program.
fn listen(manners: Manners) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let manners = Arc::clone(&manners);
            thread::spawn(move || manners(stream));
        }
    });
    address
}

/// Listens to the first request, answers it so, and keeps the connection.
fn answer(bytes: impl Into<Vec<u8>>) -> Manners {
    let bytes = bytes.into();
    Arc::new(move |mut stream| {
        let mut request = [0; 4096];
        if stream.read(&mut request).is_ok_and(|read| read > 0) {
            drop(stream.write_all(&bytes));
            // Until the other side has enough.
            while stream.read(&mut request).is_ok_and(|read| read > 0) {}
        }
    })
}

/// Runs `kaw`, and checks its memory, its time, and that it says no more than one error.
pub fn run(s: &Sandbox, words: &str, soon: Duration) -> Run {
    let started = Instant::now();
    let mut running = s.spawn(&format!("{words} --timeout 1s"));
    running.write(b"x\n");
    running.close_stdin();
    let status = format!("/proc/{}/status", running.id());
    let over = Arc::new(AtomicBool::new(false));
    let watch = thread::spawn({
        let over = Arc::clone(&over);
        move || {
            let mut most = 0;
            while !over.load(Ordering::Relaxed) {
                // Before it runs, the memory is that of the tests.
                let text = fs::read_to_string(&status).unwrap_or_default();
                let text = text.strip_prefix("Name:\tkaw\n").unwrap_or_default();
                let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
                let peak = peak.and_then(|line| line.split_whitespace().next()?.parse().ok());
                most = most.max(peak.unwrap_or(0));
                thread::sleep(Duration::from_millis(5));
            }
            most
        }
    });
    let run = running.finish();
    over.store(true, Ordering::Relaxed);
    let (took, memory) = (started.elapsed(), watch.join().unwrap());
    assert!(memory < MEMORY_MAX, "{words} took {memory} KiB: {run}");
    assert!(took < soon, "{words} took {took:?}: {run}");
    let errors = run.stderr().lines().filter(|line| line.starts_with("kaw: ")).count();
    assert_eq!(errors, usize::from(run.status().code() != Some(0)), "{words}: {run}");
    run
}

#[test]
fn who_does_not_speak_kafka_is_told_in_time() {
    let flood: Manners = Arc::new(|mut stream| {
        // A size that is taken, and bytes without end.
        let zeros = [0; 1 << 12];
        if stream.write_all(&90_000_000_i32.to_be_bytes()).is_ok() {
            while stream.write_all(&zeros).is_ok() {}
        }
    });
    let drip: Manners = Arc::new(|mut stream| {
        while stream.write_all(&[0]).is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    let no_kafka = "is not Kafka: its answer has no sense";
    let broken = "broke off at the first request: it may not be Kafka";
    let cases: Vec<(&str, Manners, &str)> = vec![
        ("http", answer("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), no_kafka),
        ("ssh", answer("SSH-2.0-OpenSSH_9.2\r\n"), no_kafka),
        ("redis", answer("-ERR unknown command\r\n"), no_kafka),
        ("2 GiB", answer([0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1]), no_kafka),
        ("a size below zero", answer([0xff; 64]), no_kafka),
        ("no size", answer([0; 64]), ""),
        ("a size, and no more", answer(99_000_000_i32.to_be_bytes()), ""),
        ("garbage", answer([0, 0, 0, 40].into_iter().chain([0xa5; 40]).collect::<Vec<_>>()), ""),
        ("nothing", answer([]), ""),
        ("a flood", flood, ""),
        ("a drip", drip, ""),
        ("the end", Arc::new(|stream| drop(stream.shutdown(Shutdown::Both))), broken),
    ];
    thread::scope(|scope| {
        for (what, manners, near) in cases {
            scope.spawn(move || {
                let (address, s) = (listen(manners), Sandbox::new());
                for words in ["topics list", "produce t", "consume t -e", "consume t -g g", "lag"] {
                    let run = run(&s, &format!("{words} -b {address}"), SOON);
                    run.code(6);
                    let stderr = run.stderr();
                    assert!(stderr.contains(near), "{what}: {run}");
                    assert!(stderr.contains(&address), "{what}: {run}");
                }
            });
        }
    });
}

#[test]
fn tls_that_is_not_there_or_not_safe_is_told() {
    let alert: Manners = Arc::new(|mut stream| {
        drop(stream.read(&mut [0; 4096]));
        drop(stream.write_all(&[0x15, 3, 3, 0, 2, 2, 40]));
    });
    let old = answer([0x15, 3, 1, 0, 2, 2, 70]);
    let safe = "speaks no version of TLS that is safe";
    let (tls, bare) = (" -X security.protocol=ssl", "");
    for (what, manners, protocol, near) in [
        ("TLS 1.0 at the most", old, tls, safe),
        ("http", answer("HTTP/1.1 400 Bad Request\r\n\r\n"), tls, "does not speak TLS"),
        // A broker that takes what we say for Kafka's has nothing to answer; whether the connection
        // or the command gives up first is the same to who waits.
        ("Kafka without TLS", answer([]), tls, "answer"),
        ("an alert", alert, bare, "speaks TLS, and was not spoken to in TLS"),
        ("alerts", answer([0x15, 3, 3, 0, 2, 2, 40].repeat(2)), bare, "looks like TLS"),
    ] {
        let (address, s) = (listen(manners), Sandbox::new());
        for words in ["produce t", "consume t -e"] {
            let run = run(&s, &format!("{words} -b {address}{protocol}"), SOON);
            run.code(if near.contains("answer") { 6 } else { 7 });
            assert!(run.stderr().contains(near), "{what}: {run}");
        }
    }
}
