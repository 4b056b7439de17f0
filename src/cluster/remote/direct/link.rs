//! Owns the connection to one broker over which batches go: one thread writes them, one reads the
//! answers. Leaves what is sent, and what answers mean, to `engine`.

use std::io::{self, IoSlice, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::cluster::remote::ffi::handle::Log;
use crate::cluster::remote::ffi::metadata::BrokerInfo;
use crate::cluster::remote::wire::connection::{Connection, read};
use crate::cluster::remote::wire::{INIT_PRODUCER_ID, PRODUCE};
use crate::disk::batch::EncodedBatch;

/// How long a broker may take to take up a connection.
const SETUP_MAX: Duration = Duration::from_secs(10);
/// The largest answer: a record that was refused may be told of at some length.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// How long an answer may be in coming; what waits for it is given up sooner.
const SILENCE_MAX: Duration = Duration::from_secs(24 * 3600);

/// A request.
#[derive(Debug)]
pub(super) struct Frame {
    /// Its bytes up to the batch.
    pub(super) head: Vec<u8>,
    /// The batch.
    pub(super) batch: Arc<EncodedBatch>,
}

/// What a connection tells.
#[derive(Debug)]
pub(super) enum News {
    /// Requests can be sent; the stream is for breaking it off.
    Up(TcpStream),
    /// An answer, with the number of its request.
    Answer(i32, Vec<u8>),
    /// It is broken, or was never made.
    Lost,
}

/// News of a connection, with its number.
pub(super) type FromLink = (u64, News);

/// A connection, or one that is being made.
#[derive(Debug)]
pub(super) struct Link {
    /// Its number.
    pub(super) number: u64,
    frames: Sender<Frame>,
    /// Once it is made.
    stream: Option<TcpStream>,
}

/// Who connects, and to whom.
#[derive(Debug)]
pub(super) struct Setup {
    /// The broker.
    pub(super) broker: BrokerInfo,
    /// The name by which it will know us.
    pub(super) client_id: String,
    /// Where requests are counted.
    pub(super) log: Arc<Log>,
}

impl Setup {
    /// Connects, to a broker that understands us; `None` if it does not.
    pub(super) fn connect(&self, until: Instant) -> io::Result<Option<Connection>> {
        let mut connection = Connection::open(&self.broker, &self.client_id, &self.log, until)?;
        let understands = connection.understands(&[PRODUCE, INIT_PRODUCER_ID], until)?;
        Ok(understands.then_some(connection))
    }
}

impl Link {
    /// Makes a connection, or takes one that was made.
    pub(super) fn start(
        number: u64,
        setup: Setup,
        made: Option<Connection>,
        news: Sender<FromLink>,
    ) -> io::Result<Self> {
        let (frames, queue) = unbounded();
        let run = move || {
            let until = Instant::now() + SETUP_MAX;
            let connection = made.map_or_else(|| setup.connect(until), |made| Ok(Some(made)));
            if let Ok(Some(connection)) = connection {
                // Whatever ends it is told below.
                drop(write_all(connection.into_stream(), &queue, &setup.log, number, &news));
            }
            // Who was told may have gone.
            drop(news.send((number, News::Lost)));
        };
        std::thread::Builder::new().name("link".to_owned()).spawn(run)?;
        Ok(Self { number, frames, stream: None })
    }

    /// Takes up that requests can be sent.
    pub(super) fn is_made(&mut self, stream: TcpStream) {
        self.stream = Some(stream);
    }

    /// Whether requests can be sent.
    pub(super) const fn is_up(&self) -> bool {
        self.stream.is_some()
    }

    /// Sends a request.
    pub(super) fn send(&self, frame: Frame) {
        // A connection that is broken is about to say so.
        drop(self.frames.send(frame));
    }
}

impl Drop for Link {
    /// Breaks it off, whatever its threads wait for.
    fn drop(&mut self) {
        if let Some(stream) = &self.stream {
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}

/// Writes requests until there will be no more, and has their answers read.
fn write_all(
    mut stream: TcpStream,
    queue: &Receiver<Frame>,
    log: &Log,
    number: u64,
    news: &Sender<FromLink>,
) -> io::Result<()> {
    // It waits for as long as the broker does; who gives up breaks the connection off.
    stream.set_write_timeout(None)?;
    let (mut answers, told) = (stream.try_clone()?, news.clone());
    drop(news.send((number, News::Up(stream.try_clone()?))));
    let read_all = move || {
        while let Ok((request, answer)) =
            read(&mut answers, ANSWER_BYTES_MAX, Instant::now() + SILENCE_MAX)
        {
            if told.send((number, News::Answer(request, answer))).is_err() {
                break;
            }
        }
        drop(answers.shutdown(Shutdown::Both));
        drop(told.send((number, News::Lost)));
    };
    std::thread::Builder::new().name("answers".to_owned()).spawn(read_all)?;
    for Frame { head, batch } in queue {
        write_both(&mut stream, &head, &batch.bytes)?;
        log.note_request();
    }
    stream.shutdown(Shutdown::Both)
}

/// Writes two pieces as one.
fn write_both(stream: &mut TcpStream, head: &[u8], batch: &[u8]) -> io::Result<()> {
    let written = loop {
        match stream.write_vectored(&[IoSlice::new(head), IoSlice::new(batch)]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => break written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    };
    stream.write_all(head.get(written..).unwrap_or_default())?;
    stream.write_all(batch.get(written.saturating_sub(head.len())..).unwrap_or_default())
}
