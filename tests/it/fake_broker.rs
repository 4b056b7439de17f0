//! Owns a broker that answers what a test makes up: requests are told apart by their kind, and
//! versions are so old that an answer is a row of numbers and texts. Leaves what is made of the
//! answers to `hostile_broker`.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// Kinds of requests.
pub const PRODUCE: i16 = 0;
pub const FETCH: i16 = 1;
pub const LIST_OFFSETS: i16 = 2;
pub const METADATA: i16 = 3;
pub const OFFSET_FETCH: i16 = 9;
pub const FIND_COORDINATOR: i16 = 10;
pub const DESCRIBE_GROUPS: i16 = 15;
pub const LIST_GROUPS: i16 = 16;
pub const API_VERSIONS: i16 = 18;
pub const INIT_PRODUCER_ID: i16 = 22;

/// What is on offer: kinds, and the only version of each.
const OFFER: [(i16, i16); 13] = [
    (PRODUCE, 3),
    (FETCH, 4),
    (LIST_OFFSETS, 2),
    (METADATA, 4),
    (8, 2),
    (OFFSET_FETCH, 2),
    (FIND_COORDINATOR, 0),
    (11, 0),
    (12, 0),
    (13, 0),
    (14, 0),
    (DESCRIBE_GROUPS, 0),
    (LIST_GROUPS, 0),
];

/// An answer under construction.
#[derive(Clone, Debug, Default)]
pub struct Answer(pub Vec<u8>);

impl Answer {
    /// Adds numbers.
    pub fn i8(mut self, number: i8) -> Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    pub fn i16(mut self, number: i16) -> Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    pub fn i32(mut self, number: i32) -> Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    pub fn i64(mut self, number: i64) -> Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    /// Adds a text.
    pub fn text(self, text: &str) -> Self {
        let mut answer = self.i16(text.len() as i16);
        answer.0.extend(text.as_bytes());
        answer
    }

    /// Adds bytes with their size.
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let mut answer = self.i32(bytes.len() as i32);
        answer.0.extend(bytes);
        answer
    }

    /// Adds another answer.
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

/// A request.
#[derive(Debug)]
pub struct Request {
    /// Its kind.
    pub kind: i16,
    /// The port of who is asked.
    pub port: u16,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// What is answered to a request; `None` ends the connection, but for [`API_VERSIONS`].
pub type Script = Arc<dyn Fn(&Request) -> Option<Answer> + Send + Sync>;

/// The address of who answers so. Ends with the test program.
pub fn serve(script: Script) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let script = Arc::clone(&script);
            // Whoever goes is not answered.
            thread::spawn(move || drop(converse(stream, address.port(), &script)));
        }
    });
    address.to_string()
}

/// Answers one client until it goes.
fn converse(mut stream: TcpStream, port: u16, script: &Script) -> std::io::Result<()> {
    loop {
        let mut size = [0; 4];
        stream.read_exact(&mut size)?;
        let mut request = vec![0; u32::from_be_bytes(size) as usize];
        stream.read_exact(&mut request)?;
        let kind = i16::from_be_bytes([request[0], request[1]]);
        let version = i16::from_be_bytes([request[2], request[3]]);
        let request = Request { kind, port, bytes: request };
        let answer = match (script(&request), kind) {
            (None, API_VERSIONS) => Some(offer(version)),
            (answer, _) => answer,
        };
        let Some(answer) = answer else { return Ok(()) };
        let size = (answer.0.len() + 4) as u32;
        let answer = [&size.to_be_bytes(), &request.bytes[4..8], &answer.0].concat();
        stream.write_all(&answer)?;
    }
}

/// What is on offer, in the form that this version of the question wants.
pub fn offer(version: i16) -> Answer {
    offer_with(version, &[])
}

/// The same, where these are on offer too, or in another version.
pub fn offer_with(version: i16, others: &[(i16, i16)]) -> Answer {
    let is_other = |kind: i16| others.iter().any(|(other, _)| *other == kind);
    let mut all: Vec<_> = OFFER.into_iter().filter(|(kind, _)| !is_other(*kind)).collect();
    all.extend_from_slice(others);
    all.push((API_VERSIONS, 3));
    let flexible = version >= 3;
    let mut answer = Answer::default().i16(0);
    // A size and one more, and a byte of tags behind each, is what is flexible of it.
    answer = if flexible { answer.i8(all.len() as i8 + 1) } else { answer.i32(all.len() as i32) };
    for (kind, version) in all {
        let least = if kind == API_VERSIONS { 0 } else { version };
        answer = answer.i16(kind).i16(least).i16(version);
        answer = if flexible { answer.i8(0) } else { answer };
    }
    let answer = if version >= 1 { answer.i32(0) } else { answer };
    if flexible { answer.i8(0) } else { answer }
}

/// The brokers of the metadata: the ids given, all on this port.
pub fn brokers(port: u16, ids: &[i32]) -> Answer {
    let mut answer = Answer::default().i32(0).i32(ids.len() as i32);
    for id in ids {
        answer = answer.i32(*id).text("127.0.0.1").i32(i32::from(port)).i16(-1);
    }
    // The id of the cluster, and the controller.
    answer.text("made-up").i32(ids.first().copied().unwrap_or(-1))
}

/// A topic of the metadata with these partitions, each led by broker 1.
pub fn topic(name: &str, partitions: &[i32]) -> Answer {
    let mut answer = Answer::default().i16(0).text(name).i8(0).i32(partitions.len() as i32);
    for partition in partitions {
        answer = answer.i16(0).i32(*partition).i32(1).i32(1).i32(1).i32(1).i32(1);
    }
    answer
}
