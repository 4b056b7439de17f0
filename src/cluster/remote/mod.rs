//! Owns the cluster behind brokers, through librdkafka. Leaves librdkafka itself to `ffi`, the
//! verbs to one file for each kind.

mod alter;
mod config;
pub(super) mod consume;
mod error;
mod ffi;
pub(super) mod group;
mod groups;
mod joining;
mod lag;
mod offsets;
pub(super) mod produce;
mod session;
mod topics;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use self::config::Use;
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
    /// The client that asks, once something was asked.
    asking: OnceLock<Session>,
    /// The client that will send, and what it was opened for.
    early: Mutex<Option<(Arc<Session>, Use)>>,
    /// Topics that are to be written to.
    known: Mutex<HashMap<TopicName, KnownLimits>>,
}

/// Takes a lock. What it guards is whole between any two steps, so one who panicked left no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Remote {
    /// The cluster behind `brokers`. Connects to nothing yet.
    pub fn open(brokers: &Brokers, limits: Limits) -> Self {
        Self {
            brokers: brokers.clone(),
            limits,
            asking: OnceLock::new(),
            early: Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// The client that asks.
    fn session(&self) -> Result<&Session> {
        if let Some(session) = self.asking.get() {
            return Ok(session);
        }
        let session = Session::open(&self.brokers, self.limits, Use::Ask)?;
        Ok(self.asking.get_or_init(|| session))
    }

    /// Whether the end of a partition is that of what was committed.
    pub fn reads_committed(&self) -> bool {
        config::given(&self.brokers, "isolation.level") != Some("read_uncommitted")
    }
}

/// The error of what this version cannot do on brokers.
pub(super) fn unsupported(what: &str) -> ClusterError {
    let message = format!("this version cannot {what} on brokers, only on a log directory");
    ClusterError::new(ErrorKind::Unsupported, message)
}
