//! Owns the requests about a cluster and reading their answers: each goes out with options and a
//! queue, and comes back as an event. Leaves waiting for it to `session`.

use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use rdkafka_sys::bindings as sys;

use super::handle::Client;
use super::list::{self, Entry, List};
use super::queue::{Event, Queue};
use super::{milliseconds, slice, take_error};

/// What a request is, for its options.
pub use sys::rd_kafka_admin_op_t as Operation;

/// How a request is to be made.
#[derive(Debug)]
pub struct Options {
    raw: NonNull<sys::rd_kafka_AdminOptions_t>,
}

impl Options {
    /// Options for one kind of request, which ends by itself after `timeout`.
    pub fn new(client: &Arc<Client>, operation: Operation, timeout: Duration) -> Self {
        let mut why = [0; 256];
        let timeout = milliseconds(timeout).clamp(1, 3_600_000);
        // SAFETY: the client lives; the options are freed by `Drop`. A kind of request that takes
        // no operation timeout says so, and that is no harm.
        unsafe {
            let raw = sys::rd_kafka_AdminOptions_new(client.raw(), operation);
            let (to, len) = (why.as_mut_ptr(), why.len());
            sys::rd_kafka_AdminOptions_set_request_timeout(raw, timeout, to, len);
            sys::rd_kafka_AdminOptions_set_operation_timeout(raw, timeout, to, len);
            #[expect(clippy::expect_used, reason = "null is only for a kind that there is not")]
            let raw = NonNull::new(raw).expect("a kind of request");
            Self { raw }
        }
    }

    /// The same, with a number that the answer's event carries.
    #[must_use]
    pub fn tag(self, tag: usize) -> Self {
        // SAFETY: the options live; the number is never used as a pointer.
        unsafe { sys::rd_kafka_AdminOptions_set_opaque(self.raw(), tag as *mut _) }
        self
    }

    /// The same, and an end of a partition is then that of what was committed.
    #[must_use]
    pub fn committed_only(self) -> Self {
        let level = sys::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED;
        // SAFETY: the options live; a kind of request without levels says so, which is freed.
        let _ = unsafe {
            take_error(sys::rd_kafka_AdminOptions_set_isolation_level(self.raw(), level))
        };
        self
    }

    /// The options, for a call.
    pub(super) const fn raw(&self) -> *mut sys::rd_kafka_AdminOptions_t {
        self.raw.as_ptr()
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: held here only; requests copy what they need.
        unsafe { sys::rd_kafka_AdminOptions_destroy(self.raw()) }
    }
}

/// An offset that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which partition, the offset, and what went wrong.
    pub entry: Entry,
    /// The timestamp of the record there; -1 for none.
    pub timestamp_ms: i64,
}

impl Queue {
    /// Asks for an offset of each partition: -2 is the start, -1 the end, -3 the record with the
    /// largest timestamp, and others are timestamps. One request goes to each leader.
    pub fn list_offsets(&self, of: &List, options: &Options) {
        // SAFETY: all of them live; the request copies the list.
        unsafe {
            sys::rd_kafka_ListOffsets(self.client().raw(), of.raw(), options.raw(), self.raw());
        }
    }
}

impl Event {
    /// The answer to [`Queue::list_offsets`].
    pub fn offsets(&self) -> Vec<Listed> {
        // SAFETY: the event lives for as long as its parts are read.
        unsafe {
            let result = sys::rd_kafka_event_ListOffsets_result(self.raw());
            if result.is_null() {
                return Vec::new();
            }
            let mut count = 0;
            let infos = sys::rd_kafka_ListOffsets_result_infos(result, &raw mut count);
            let read = |&info: &*const _| Listed {
                entry: list::read_entry(sys::rd_kafka_ListOffsetsResultInfo_topic_partition(info)),
                timestamp_ms: sys::rd_kafka_ListOffsetsResultInfo_timestamp(info),
            };
            slice(infos, count).iter().map(read).collect()
        }
    }
}
