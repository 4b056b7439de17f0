//! Owns the cluster behind brokers, through librdkafka. Leaves librdkafka itself to `ffi`, the verbs
//! to one file for each kind.

mod config;
mod error;
mod ffi;
mod offsets;
mod session;
mod topics;

use std::sync::OnceLock;

use self::config::Use;
use self::session::Session;
use super::error::{ClusterError, ErrorKind, Result};
use super::types::{Brokers, Limits};

/// A cluster behind brokers.
#[derive(Debug)]
pub struct Remote {
    brokers: Brokers,
    limits: Limits,
    /// The client that asks, once something was asked.
    asking: OnceLock<Session>,
}

impl Remote {
    /// The cluster behind `brokers`. Connects to nothing yet.
    pub fn open(brokers: &Brokers, limits: Limits) -> Result<Self> {
        Ok(Self { brokers: brokers.clone(), limits, asking: OnceLock::new() })
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
    fn reads_committed(&self) -> bool {
        config::given(&self.brokers, "isolation.level") != Some("read_uncommitted")
    }
}

/// The error of what this version cannot do on brokers.
pub(super) fn unsupported(what: &str) -> ClusterError {
    let message = format!("this version cannot {what} on brokers, only on a log directory");
    ClusterError::new(ErrorKind::Unsupported, message)
}
