//! Owns the way of records to stdout: a thread that writes while the next records are read, and a
//! straight way when there is nothing to overlap. Leaves what is written to its callers.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::out::{Out, Stdout};
use crate::sys;

/// Buffers on their way; with the size of a read this bounds the memory of a stream.
const QUEUED: usize = 4;
/// Up to this many bytes, handing over costs more than writing.
const STRAIGHT_BYTES: usize = 16 << 10;
/// A pipe of this size carries the same bytes in fewer turns of writer and reader.
const PIPE_BYTES: i32 = 1 << 20;

/// How long between two looks whether everything is written.
const DRAIN: std::time::Duration = std::time::Duration::from_micros(50);

/// What the two threads share.
#[derive(Debug, Default)]
struct Shared {
    /// Buffers that are not written yet.
    pending: AtomicUsize,
    /// Buffers that were written whole.
    written: AtomicU64,
    failed: AtomicBool,
    error: Mutex<Option<io::Error>>,
}

impl Shared {
    fn fail(&self, error: io::Error) {
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(error);
        self.failed.store(true, Ordering::Release);
    }

    fn check(&self) -> io::Result<()> {
        if !self.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        Err(error.take().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into()))
    }
}

/// stdout for a stream of records.
#[derive(Debug)]
pub struct Output {
    straight: Stdout,
    queue: Sender<Vec<u8>>,
    spare: Receiver<Vec<u8>>,
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
    /// Buffers that were handed over.
    handed: u64,
}

impl Output {
    /// Opens stdout and starts the thread.
    pub fn new(out: &Out) -> io::Result<Self> {
        let (straight, mut stdout) = (out.stdout()?, out.stdout()?);
        sys::grow_pipe(straight.as_fd(), PIPE_BYTES);
        let (queue, work) = bounded::<Vec<u8>>(QUEUED);
        let (give_back, spare) = bounded(QUEUED + 2);
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let write = move || {
            while let Ok(mut bytes) = work.recv() {
                if !theirs.failed.load(Ordering::Acquire) {
                    match stdout.write_all(&bytes) {
                        Ok(()) => drop(theirs.written.fetch_add(1, Ordering::AcqRel)),
                        Err(error) => theirs.fail(error),
                    }
                }
                theirs.pending.fetch_sub(1, Ordering::AcqRel);
                bytes.clear();
                drop(give_back.try_send(bytes));
            }
        };
        let thread = std::thread::Builder::new().name("stdout".to_owned()).spawn(write)?;
        Ok(Self { straight, queue, spare, shared, thread, handed: 0 })
    }

    /// An empty buffer to fill.
    pub fn buffer(&self) -> Vec<u8> {
        self.spare.try_recv().unwrap_or_default()
    }

    /// Writes `bytes`, behind all that came before. May return before they are written; an error is
    /// that of these bytes or of earlier ones.
    pub fn write(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        self.shared.check()?;
        if bytes.is_empty() {
            return Ok(());
        }
        self.handed += 1;
        if bytes.len() <= STRAIGHT_BYTES && self.shared.pending.load(Ordering::Acquire) == 0 {
            self.straight.write_all(&bytes)?;
            self.shared.written.fetch_add(1, Ordering::AcqRel);
            return Ok(());
        }
        self.shared.pending.fetch_add(1, Ordering::AcqRel);
        // The thread takes until the sender is gone.
        self.queue.send(bytes).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Whether the reader of stdout has gone: what waits for records need not wait any longer.
    pub fn is_unheard(&self) -> bool {
        sys::is_unheard(self.straight.as_fd())
    }

    /// The ticket of what was written last: everything up to it is accepted once [`Self::written`]
    /// has reached it.
    pub const fn ticket(&self) -> u64 {
        self.handed
    }

    /// The last ticket up to which stdout has accepted everything.
    pub fn written(&self) -> u64 {
        self.shared.written.load(Ordering::Acquire)
    }

    /// Waits until everything is written, or nothing more will be.
    pub fn drain(&self) {
        while self.shared.pending.load(Ordering::Acquire) > 0 {
            std::thread::sleep(DRAIN);
        }
    }

    /// Waits until everything is written.
    pub fn finish(self) -> io::Result<()> {
        drop(self.queue);
        drop(self.thread.join());
        self.shared.check()
    }
}
