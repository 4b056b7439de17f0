//! Owns the cluster behind brokers, through librdkafka. Leaves librdkafka itself to `ffi`, the
//! verbs to one file for each kind.

mod alter;
mod committed;
mod config;
pub(super) mod consume;
pub(super) mod direct;
mod error;
mod ffi;
mod glance;
pub(super) mod group;
mod groups;
mod health;
mod joining;
mod lag;
mod looking;
mod obstacle;
mod offsets;
mod opening;
mod probe;
pub(super) mod produce;
mod session;
mod settle;
mod token;
mod told;
mod topics;
mod transaction;
mod wire;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use self::config::Use;
use self::ffi::handle::{Log, LogLine};
use self::session::Session;
use self::topics::KnownLimits;
use super::error::{ClusterError, ErrorKind, Result};
use super::types::{Brokers, Limits};
use crate::topic::TopicName;

/// A cluster behind brokers.
#[derive(Debug)]
pub struct Remote {
    brokers: Brokers,
    limits: Limits,
    /// When it is over for clients that are yet to be made.
    until: OnceLock<Instant>,
    /// The client that asks, once something was asked.
    asking: OnceLock<Session>,
    /// The client that asked what groups committed, for who looks at the records behind that.
    peeking: Mutex<Option<Session>>,
    /// The client that will send, and what it was opened for.
    early: Mutex<Option<(Arc<Session>, Use)>>,
    /// Topics that are to be written to.
    known: Mutex<HashMap<TopicName, KnownLimits>>,
    /// Whether what is not committed is read too.
    uncommitted: AtomicBool,
    /// What librdkafka logs.
    log: Arc<Log>,
}

/// Takes a lock. What it guards is whole between any two steps, so one who panicked left no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Remote {
    /// The cluster behind `brokers`. Connects to nothing yet.
    pub fn open(brokers: &Brokers, limits: Limits) -> Self {
        Self {
            uncommitted: AtomicBool::new(
                config::given(brokers, "isolation.level") == Some("read_uncommitted"),
            ),
            log: Arc::default(),
            brokers: brokers.clone(),
            limits,
            until: OnceLock::new(),
            asking: OnceLock::new(),
            peeking: Mutex::default(),
            early: Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// The client that asks.
    fn session(&self) -> Result<&Session> {
        if let Some(session) = self.asking.get() {
            return Ok(session);
        }
        let session = self.open_session(&Use::Ask)?;
        Ok(self.asking.get_or_init(|| session))
    }

    /// A new client.
    fn open_session(&self, usage: &Use) -> Result<Session> {
        Session::open(&self.brokers, self.limits(), usage, &self.log)
    }

    /// The bounds of a client that is made now.
    fn limits(&self) -> Limits {
        Limits { until: self.until.get().copied(), ..self.limits }
    }

    /// Has questions of clients that are yet to be made end by then. The first that says so counts.
    pub fn end_by(&self, until: Instant) {
        self.until.get_or_init(|| until);
    }

    /// Whether brokers answer within so long. Fails where trying again does not help.
    pub fn is_answering(&self, at_most: Duration) -> Result<bool> {
        let session = self.session()?;
        let answers = session.client().topics(at_most).is_ok();
        session.check_denied()?;
        Ok(answers)
    }

    /// Whether only what was committed is read.
    pub fn reads_committed(&self) -> bool {
        !self.uncommitted.load(Ordering::Relaxed)
    }

    /// Says whether only what was committed is to be read, by consumers that are yet to be made.
    pub fn read_committed(&self, only: bool) {
        self.uncommitted.store(!only, Ordering::Relaxed);
    }

    /// What librdkafka logged since this was last asked, as lines for people.
    pub fn take_log(&self) -> Vec<String> {
        let line = |line: LogLine| {
            let text = line.text.replace(['\n', '\r'], " ");
            format!("librdkafka: {}: {}", line.facility, told::plain(&text))
        };
        self.log.take().into_iter().map(line).collect()
    }

    /// For how long brokers said so far that they hold back what comes next (KIP-219).
    pub fn throttled(&self) -> Duration {
        self.log.throttled()
    }

    /// How many requests were sent so far.
    pub fn requests(&self) -> u64 {
        self.log.requests()
    }
}

/// The error of what brokers offer nobody: `what` is a sentence about why not.
pub(super) fn unsupported(what: &str) -> ClusterError {
    ClusterError::new(ErrorKind::Unsupported, format!("{what}; this is for a log directory"))
}
