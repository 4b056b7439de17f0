//! Owns signals as values: the first asks the command to stop, the second ends the process; so does
//! the first where the command hears of none. Leaves stopping well to the command.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use super::{Failure, Status};
use crate::out::{ErrorReport, Look, Out};
use crate::sys::{self, Word};

/// How long the command has to come back from what may have no end.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is said when the process leaves at once.
type LastWords = Box<dyn Fn() -> String + Send>;

/// What the thread of signals shares with the command.
#[derive(Default)]
struct Shared {
    /// The first signal; 0 before there was one.
    signal: AtomicI32,
    /// The same for those who only want to know that there was one.
    stopped: Arc<AtomicBool>,
    /// Counted up by a stop, and by whatever else is to end the wait for records.
    word: AtomicU32,
    /// Guards nothing but the wait on `asked`.
    gate: Mutex<()>,
    /// Wakes those who wait.
    asked: Condvar,
    /// Set while the command is in what may have no end.
    endless: Arc<AtomicBool>,
    /// What is unknown if the process leaves now.
    last_words: Mutex<Option<LastWords>>,
}

impl Shared {
    /// Takes note of a signal; false if it was not the first.
    fn ask(&self, signal: i32) -> bool {
        if self.signal.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            return false;
        }
        self.stopped.store(true, Ordering::SeqCst);
        self.wake();
        // Taken so that nobody is between looking at the signal and waiting.
        drop(self.gate.lock().unwrap_or_else(PoisonError::into_inner));
        self.asked.notify_all();
        true
    }

    /// Ends the waits on the word.
    fn wake(&self) {
        self.word.fetch_add(1, Ordering::SeqCst);
        sys::wake_all(&self.word);
    }

    /// Ends the process if the command does not come back from what may have no end.
    fn end_endless(&self, signal: i32) {
        std::thread::sleep(PATIENCE);
        if self.endless.load(Ordering::SeqCst) {
            leave(signal, "left in the middle of --filter, which goes on", &self.last_words());
        }
    }

    /// The line of a process that leaves at once.
    fn last_words(&self) -> String {
        let words = match self.last_words.try_lock() {
            Ok(words) => words.as_ref().map(|words| words()),
            // Being replaced right now: the general words will do.
            Err(_) => None,
        };
        words.unwrap_or_else(|| "what was in flight may have been done or not".to_owned())
    }
}

/// Signals as values.
pub struct Stop {
    /// What the thread of signals shares with it.
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stop").field("requested", &self.requested()).finish_non_exhaustive()
    }
}

impl Stop {
    /// Takes SIGINT, SIGTERM and SIGHUP from now on; the last not where it is ignored, since who
    /// started this with `nohup` wants it to outlive the terminal.
    pub fn install() -> Result<Self, Failure> {
        let stop = Self::new();
        let hangup = (!sys::is_ignored(SIGHUP)).then_some(SIGHUP);
        let taken = [SIGINT, SIGTERM].into_iter().chain(hangup);
        let mut signals = Signals::new(taken).map_err(cannot_install)?;
        let shared = Arc::clone(&stop.shared);
        let watch = move || {
            for signal in &mut signals {
                if !shared.ask(signal) {
                    leave(signal, "left at once", &shared.last_words());
                }
                let shared = Arc::clone(&shared);
                // Should there be no thread for it, the second signal does the same.
                drop(std::thread::Builder::new().spawn(move || shared.end_endless(signal)));
            }
        };
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(watch)
            .map_err(cannot_install)?;
        Ok(stop)
    }

    /// One that no signal reaches.
    pub(crate) fn new() -> Self {
        Self { shared: Arc::default() }
    }

    /// The signal that asked for a stop, if one did. Costs one load.
    pub fn requested(&self) -> Option<i32> {
        match self.shared.signal.load(Ordering::Relaxed) {
            0 => None,
            signal => Some(signal),
        }
    }

    /// The word that a stop counts up, and what it says now: a wait on it ends at a stop. To be
    /// asked for before it is looked whether there was one.
    pub fn word(&self) -> Word<'_> {
        (&self.shared.word, self.shared.word.load(Ordering::SeqCst))
    }

    /// What ends the waits on the word from another thread.
    pub fn waker(&self) -> impl Fn() + Send + use<> {
        let shared = Arc::clone(&self.shared);
        move || shared.wake()
    }

    /// A flag that is set once a stop was asked for.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.shared.stopped)
    }

    /// A flag to set while the command is in what may have no end, and hears of no signal: the
    /// first one ends it there.
    pub fn endless(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.shared.endless)
    }

    /// The status of a command that a signal ended, or `otherwise`.
    pub fn status_or(&self, otherwise: Status) -> Status {
        self.requested().map_or(otherwise, Status::Interrupted)
    }

    /// Waits for a stop, at most this long; true if one was asked for.
    pub fn wait(&self, at_most: Duration) -> bool {
        let gate = self.shared.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let waited =
            self.shared.asked.wait_timeout_while(gate, at_most, |()| self.requested().is_none());
        drop(waited);
        self.requested().is_some()
    }

    /// What to say is unknown, should the process leave at once. It is called on another thread,
    /// and must not wait for a lock that the command holds for long.
    pub fn on_abandon(&self, words: impl Fn() -> String + Send + 'static) {
        *self.shared.last_words.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Box::new(words));
    }
}

/// Ends the process, and says how, and what is unknown.
fn leave(signal: i32, how: &str, unknown: &str) {
    let status = Status::Interrupted(signal);
    let json_errors = crate::cli::wants_json_errors(&std::env::args_os().collect::<Vec<_>>());
    Out::new(Look { json_errors, ..Look::default() }).error(&ErrorReport {
        error: format!("{how}: {unknown}"),
        code: "INTERRUPTED",
        exit_code: status.code(),
        causes: Vec::new(),
        hints: Vec::new(),
    });
    low_level::exit(i32::from(status.code()));
}

/// The failure to take signals.
fn cannot_install(error: io::Error) -> Failure {
    Failure::local("cannot handle signals", error)
}

/// Lets a write past the limit of file sizes (`ulimit -f`) fail with an error, as a full disk does:
/// SIGXFSZ would kill the process in the middle of a batch.
pub fn ignore_file_size_signal() -> Result<(), Failure> {
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))
        .map(|_| ())
        .map_err(cannot_install)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_wakes_all_who_wait() {
        let stop = Stop::new();
        assert_eq!(stop.requested(), None);
        assert!(!stop.wait(Duration::from_millis(1)));
        assert_eq!(stop.status_or(Status::Done), Status::Done);
        let shared = Arc::clone(&stop.shared);
        let asker = std::thread::spawn(move || shared.ask(SIGTERM));
        assert!(stop.wait(Duration::from_secs(10)));
        assert!(asker.join().unwrap());
        assert_eq!(stop.status_or(Status::Done).code(), 143);
    }

    #[test]
    fn a_real_signal_becomes_a_value() {
        let stop = Stop::install().unwrap();
        // Not SIGHUP, which whoever runs the tests may have ignored.
        low_level::raise(SIGTERM).unwrap();
        assert!(stop.wait(Duration::from_secs(10)));
        assert_eq!(stop.status_or(Status::Done), Status::Interrupted(SIGTERM));
    }

    #[test]
    fn the_second_signal_is_not_the_first() {
        let stop = Stop::new();
        assert!(stop.shared.ask(SIGINT));
        assert!(!stop.shared.ask(SIGTERM));
        assert_eq!(stop.requested(), Some(SIGINT));
        assert!(stop.shared.last_words().contains("may have been done"));
        stop.on_abandon(|| "7 records are unknown".to_owned());
        assert_eq!(stop.shared.last_words(), "7 records are unknown");
    }
}
