//! Owns the way of records to stdout: a thread that writes while the next records are read, and a
//! straight way when there is nothing to overlap. Leaves what is written to its callers.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, SendTimeoutError, Sender, bounded};

use super::Stop;
use crate::out::{Out, Stdout};
use crate::sys;

/// Buffers on their way; with their size this bounds the memory of a stream.
const QUEUED: usize = 4;
/// What a buffer holds when it is handed over at the latest, but for its last record.
pub const BUFFER_BYTES: usize = 4 << 20;
/// A longer buffer goes alone, and its memory is given back.
const ALONE_BYTES: usize = 2 * BUFFER_BYTES;
/// How soon it is looked again whether such a buffer may go.
const ALONE_STEP: Duration = Duration::from_millis(1);
/// Up to this many bytes, handing over costs more than writing; and a pipe that takes anything
/// takes as many without a wait.
const STRAIGHT_BYTES: usize = 4096;
/// A pipe of this size carries the same bytes in fewer turns of writer and reader.
const PIPE_BYTES: i32 = 1 << 20;

/// How long between two looks whether everything is written: at first, and at last.
const DRAIN_MIN: Duration = Duration::from_micros(50);
const DRAIN_MAX: Duration = Duration::from_millis(5);
/// How long stdout has, after a stop, to take what is on its way.
const STOP_PATIENCE: Duration = Duration::from_secs(1);
/// How long the thread has to tell how far it came.
const GIVE_UP_PATIENCE: Duration = Duration::from_millis(500);

/// What the threads share.
#[derive(Debug, Default)]
struct Shared {
    /// Buffers that are not written yet.
    pending: AtomicUsize,
    /// The ticket of the last buffer that was written whole.
    written: AtomicU64,
    /// The bytes that were written of the one after it.
    partial: AtomicUsize,
    /// Nothing more is to be written.
    given_up: AtomicBool,
    /// The reader has gone.
    unheard: AtomicBool,
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

    fn is_over(&self) -> bool {
        self.failed.load(Ordering::Acquire) || self.given_up.load(Ordering::Acquire)
    }

    /// Writes a load, and counts what was taken of it; answers the buffer that it was in.
    fn write(&self, stdout: &mut Stdout, ticket: u64, load: Load) -> Vec<u8> {
        self.partial.store(0, Ordering::Release);
        let spare = match load {
            Load::Whole(bytes) => {
                self.write_piece(stdout, &bytes);
                bytes
            }
            Load::Long(long) => {
                (long.make)(&mut |piece| self.write_piece(stdout, piece));
                Vec::new()
            }
        };
        if !self.is_over() {
            self.partial.store(0, Ordering::Release);
            self.written.store(ticket, Ordering::Release);
        }
        spare
    }

    /// Writes a piece of a load behind those before it.
    fn write_piece(&self, stdout: &mut Stdout, bytes: &[u8]) {
        let (before, mut done) = (self.partial.load(Ordering::Acquire), 0);
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            if self.is_over() {
                return;
            }
            match stdout.write(rest) {
                Ok(0) => return self.fail(io::ErrorKind::WriteZero.into()),
                Ok(more) => done += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.fail(error),
            }
            self.partial.store(before + done, Ordering::Release);
        }
    }
}

/// Makes a text by pieces, each of which it shows to the function.
pub type Make = Box<dyn FnOnce(&mut dyn FnMut(&[u8])) + Send>;

/// A record that is too long to be in memory as it is written.
pub struct Long {
    /// How many bytes all pieces have.
    pub bytes: usize,
    /// Makes them.
    pub make: Make,
}

impl std::fmt::Debug for Long {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Long").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// What is written in one turn.
#[derive(Debug)]
pub enum Load {
    /// Whole records.
    Whole(Vec<u8>),
    /// One record.
    Long(Long),
}

impl Load {
    /// How many bytes it has.
    pub const fn bytes(&self) -> usize {
        match self {
            Self::Whole(bytes) => bytes.len(),
            Self::Long(long) => long.bytes,
        }
    }
}

/// A load on its way, with its ticket.
type Queued = (u64, Load);

/// stdout for a stream of records.
#[derive(Debug)]
pub struct Output {
    straight: Stdout,
    /// A file never lets one wait.
    is_file: bool,
    queue: Sender<Queued>,
    /// The thread's end of the queue, to take back what it has not begun.
    work: Receiver<Queued>,
    spare: Receiver<Vec<u8>>,
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
    /// The ticket of the buffer that was handed over last.
    handed: u64,
}

impl Output {
    /// Opens stdout and starts the threads: one that writes, and one that ends the waits on the
    /// word of `stop` when the reader goes.
    pub fn new(out: &Out, stop: &Stop) -> io::Result<Self> {
        let (straight, mut stdout, heard) = (out.stdout()?, out.stdout()?, out.stdout()?);
        sys::grow_pipe(straight.as_fd(), PIPE_BYTES);
        sys::take_interrupts();
        let (queue, work) = bounded::<Queued>(QUEUED);
        let (give_back, spare) = bounded(QUEUED + 2);
        let shared = Arc::new(Shared::default());
        let (theirs, queued) = (Arc::clone(&shared), work.clone());
        let write = move || {
            while let Ok((ticket, load)) = queued.recv() {
                let mut bytes = Vec::new();
                if !theirs.is_over() {
                    bytes = theirs.write(&mut stdout, ticket, load);
                }
                if bytes.capacity() > ALONE_BYTES {
                    bytes = Vec::new();
                }
                theirs.pending.fetch_sub(1, Ordering::AcqRel);
                bytes.clear();
                drop(give_back.try_send(bytes));
            }
        };
        let thread = std::thread::Builder::new().name("stdout".to_owned()).spawn(write)?;
        let (theirs, wake) = (Arc::clone(&shared), stop.waker());
        let listen = move || {
            if sys::wait_unheard(heard.as_fd()) {
                theirs.unheard.store(true, Ordering::Release);
                wake();
            }
        };
        std::thread::Builder::new().name("reader".to_owned()).spawn(listen)?;
        let is_file = sys::duplicate(straight.as_fd())?.metadata()?.is_file();
        Ok(Self { straight, is_file, queue, work, spare, shared, thread, handed: 0 })
    }

    /// An empty buffer to fill.
    pub fn buffer(&self) -> Vec<u8> {
        self.spare.try_recv().unwrap_or_default()
    }

    /// Takes a load, to be written behind all that came before; waits at most `wait` for room, and
    /// gives it back where there is none. An error is that of this load or of earlier ones.
    pub fn offer(&mut self, load: Load, wait: Duration) -> io::Result<Option<Load>> {
        self.shared.check()?;
        if load.bytes() == 0 {
            return Ok(None);
        }
        if let Load::Whole(bytes) = &load
            && bytes.len() <= STRAIGHT_BYTES
            && self.shared.pending.load(Ordering::Acquire) == 0
            && (self.is_file || sys::is_writable(self.straight.as_fd()))
        {
            self.handed += 1;
            self.straight.write_all(bytes)?;
            self.shared.written.store(self.handed, Ordering::Release);
            return Ok(None);
        }
        if load.bytes() > ALONE_BYTES && !self.is_idle_within(wait) {
            return Ok(Some(load));
        }
        self.shared.pending.fetch_add(1, Ordering::AcqRel);
        match self.queue.send_timeout((self.handed + 1, load), wait) {
            Ok(()) => {
                self.handed += 1;
                Ok(None)
            }
            Err(SendTimeoutError::Timeout((_, load))) => {
                self.shared.pending.fetch_sub(1, Ordering::AcqRel);
                Ok(Some(load))
            }
            // The thread takes until the sender is gone.
            Err(SendTimeoutError::Disconnected(_)) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Whether nothing is on its way, now or soon.
    fn is_idle_within(&self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        while self.is_busy() && Instant::now() < until {
            std::thread::sleep(ALONE_STEP);
        }
        !self.is_busy()
    }

    /// Takes back what the thread has not begun to write, all but what `stays` names by its ticket.
    pub fn withdraw(&self, stays: impl Fn(u64) -> bool) -> Vec<u64> {
        let queued: Vec<Queued> = self.work.try_iter().collect();
        let mut withdrawn = Vec::new();
        for (ticket, load) in queued {
            // There was room for it a moment ago.
            if !stays(ticket) || self.queue.try_send((ticket, load)).is_err() {
                self.shared.pending.fetch_sub(1, Ordering::AcqRel);
                withdrawn.push(ticket);
            }
        }
        withdrawn
    }

    /// Whether the reader of stdout has gone: what waits for records need not wait any longer.
    pub fn is_unheard(&self) -> bool {
        self.shared.unheard.load(Ordering::Acquire)
    }

    /// Whether something is on its way.
    pub fn is_busy(&self) -> bool {
        self.shared.pending.load(Ordering::Acquire) > 0
    }

    /// Whether what was on its way was left.
    pub fn is_given_up(&self) -> bool {
        self.shared.given_up.load(Ordering::Acquire)
    }

    /// The ticket of what was written last: everything up to it is accepted once [`Self::written`]
    /// has reached it.
    pub const fn ticket(&self) -> u64 {
        self.handed
    }

    /// The last ticket up to which stdout has accepted everything, and how many bytes of what came
    /// after it: these are all of them only once nothing is on its way.
    pub fn written(&self) -> (u64, usize) {
        let partial = self.shared.partial.load(Ordering::Acquire);
        (self.shared.written.load(Ordering::Acquire), partial)
    }

    /// Waits until everything is written, or nothing more will be. A stop gives stdout some time,
    /// and then leaves what it has not taken.
    pub fn drain(&self, stop: &Stop) {
        let (mut stopped, mut step) = (None, DRAIN_MIN);
        while self.is_busy() {
            if stop.requested().is_some() {
                let since: &mut Instant = stopped.get_or_insert_with(Instant::now);
                if since.elapsed() >= STOP_PATIENCE {
                    return self.give_up();
                }
            }
            std::thread::sleep(step);
            step = (step * 2).min(DRAIN_MAX);
        }
    }

    /// Writes nothing more, and finds out how far the thread came.
    fn give_up(&self) {
        self.shared.given_up.store(true, Ordering::Release);
        let until = Instant::now() + GIVE_UP_PATIENCE;
        while self.is_busy() && Instant::now() < until {
            // Again and again: it may have been on its way into the call.
            sys::interrupt(&self.thread);
            std::thread::sleep(DRAIN_MAX);
        }
    }

    /// Ends the thread, after everything was written or given up.
    pub fn finish(self) -> io::Result<()> {
        let is_stuck = self.is_busy();
        drop(self.queue);
        if !is_stuck {
            drop(self.thread.join());
        }
        self.shared.check()
    }
}
