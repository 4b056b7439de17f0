//! Owns a connection to one broker: frames out and in, each by a deadline. Leaves what is in them
//! to `wire`.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{API_VERSIONS, Api, frame, understands};
use crate::cluster::remote::ffi::handle::{Log, LogLine};
use crate::cluster::remote::ffi::metadata::BrokerInfo;

/// The bytes that a number at the front of an answer takes.
const NUMBER_BYTES: usize = 4;

/// A connection to one broker.
#[derive(Debug)]
pub(in crate::cluster::remote) struct Connection {
    stream: TcpStream,
    client_id: String,
    log: Arc<Log>,
    /// The number of the last request.
    number: i32,
}

/// An error of bytes that cannot be what they should.
pub(in crate::cluster::remote) fn nonsense() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "an answer makes no sense")
}

/// How long is left; an error once nothing is.
fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

impl Connection {
    /// Connects to a broker. What went wrong is logged in librdkafka's words.
    pub(in crate::cluster::remote) fn open(
        broker: &BrokerInfo,
        client_id: &str,
        log: &Arc<Log>,
        until: Instant,
    ) -> io::Result<Self> {
        let BrokerInfo { id, host, port } = broker;
        let mut last = ErrorKind::NotFound.into();
        let sockets: Vec<_> = (host.as_str(), *port).to_socket_addrs()?.collect();
        for (at, socket) in sockets.iter().enumerate() {
            // One that is silent leaves the others their time.
            let share = left(until)? / (sockets.len() - at) as u32;
            match TcpStream::connect_timeout(socket, share) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    let (client_id, log) = (client_id.to_owned(), Arc::clone(log));
                    return Ok(Self { stream, client_id, log, number: 0 });
                }
                Err(error) => {
                    let reason = error.to_string();
                    let reason = reason.split(" (os error").next().unwrap_or(&reason);
                    let text = format!("{host}:{port}/{id}: Connect to {socket} failed: {reason}");
                    log.push(LogLine { level: 3, facility: "FAIL".to_owned(), text });
                    last = error;
                }
            }
        }
        Err(last)
    }

    /// Whether the broker understands all of `wanted`.
    pub(in crate::cluster::remote) fn understands(
        &mut self,
        wanted: &[Api],
        until: Instant,
    ) -> io::Result<bool> {
        let answer = self.ask(API_VERSIONS, &[], 1 << 16, until)?;
        understands(&answer, wanted).ok_or_else(nonsense)
    }

    /// Sends a request, and waits for its answer, which has at most `bytes_max` bytes.
    pub(in crate::cluster::remote) fn ask(
        &mut self,
        api: Api,
        body: &[u8],
        bytes_max: usize,
        until: Instant,
    ) -> io::Result<Vec<u8>> {
        self.number = self.number.wrapping_add(1);
        let frame = frame(api, self.number, &self.client_id, body, 0).ok_or_else(nonsense)?;
        self.stream.set_write_timeout(Some(left(until)?))?;
        self.stream.write_all(&frame)?;
        self.log.note_request();
        let (number, answer) = read(&mut self.stream, bytes_max, until)?;
        if number == self.number { Ok(answer) } else { Err(nonsense()) }
    }

    /// The stream, for who sends without waiting for each answer.
    pub(in crate::cluster::remote) fn into_stream(self) -> TcpStream {
        self.stream
    }
}

/// Reads an answer of at most `bytes_max` bytes: the number of its request, and what it says.
pub(in crate::cluster::remote) fn read(
    stream: &mut TcpStream,
    bytes_max: usize,
    until: Instant,
) -> io::Result<(i32, Vec<u8>)> {
    let mut size = [0; size_of::<i32>()];
    read_all(stream, &mut size, until)?;
    let size = usize::try_from(i32::from_be_bytes(size)).map_err(|_| nonsense())?;
    let size = size.checked_sub(NUMBER_BYTES).filter(|size| *size <= bytes_max);
    let size = size.ok_or_else(nonsense)?;
    let mut number = [0; NUMBER_BYTES];
    read_all(stream, &mut number, until)?;
    let mut answer = vec![0; size];
    read_all(stream, &mut answer, until)?;
    Ok((i32::from_be_bytes(number), answer))
}

/// Fills `bytes` by `until`.
fn read_all(stream: &mut TcpStream, mut bytes: &mut [u8], until: Instant) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.set_read_timeout(Some(left(until)?))?;
        match stream.read(bytes) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => bytes = bytes.get_mut(count..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
