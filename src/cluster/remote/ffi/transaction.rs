//! Owns librdkafka's calls for transactions. Leaves when to begin and to end one to `transaction`.

use std::time::Duration;

use rdkafka_sys::bindings as sys;

use super::handle::Client;
use super::{Trouble, look_error, milliseconds};

/// Why a step of a transaction was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// What went wrong.
    pub trouble: Trouble,
    /// The same call may be made again, and goes on where it was.
    pub retriable: bool,
    /// The transaction can only be aborted.
    pub requires_abort: bool,
}

/// Takes an error of a transaction apart, and frees it.
///
/// # Safety
/// `error` is null or an error object that nobody else frees.
unsafe fn take(error: *mut sys::rd_kafka_error_t) -> Result<(), Obstacle> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: by this function's contract it is there, and is freed here only.
    unsafe {
        let retriable = sys::rd_kafka_error_is_retriable(error) != 0;
        let requires_abort = sys::rd_kafka_error_txn_requires_abort(error) != 0;
        let result = look_error(error);
        sys::rd_kafka_error_destroy(error);
        result.map_err(|trouble| Obstacle { trouble, retriable, requires_abort })
    }
}

impl Client {
    /// Takes the transactional id over: whoever had it is fenced, and what it left open is aborted.
    pub fn init_transactions(&self, at_most: Duration) -> Result<(), Obstacle> {
        // SAFETY: the client lives; the error is ours to free. So in the calls below.
        unsafe { take(sys::rd_kafka_init_transactions(self.raw(), milliseconds(at_most))) }
    }

    /// Begins a transaction.
    pub fn begin_transaction(&self) -> Result<(), Obstacle> {
        // SAFETY: as above.
        unsafe { take(sys::rd_kafka_begin_transaction(self.raw())) }
    }

    /// Commits what was sent since it began. Waits for what is under way, whose fates somebody else
    /// has to take meanwhile.
    pub fn commit_transaction(&self, at_most: Duration) -> Result<(), Obstacle> {
        // SAFETY: as above.
        unsafe { take(sys::rd_kafka_commit_transaction(self.raw(), milliseconds(at_most))) }
    }

    /// Aborts it; likewise.
    pub fn abort_transaction(&self, at_most: Duration) -> Result<(), Obstacle> {
        // SAFETY: as above.
        unsafe { take(sys::rd_kafka_abort_transaction(self.raw(), milliseconds(at_most))) }
    }
}
