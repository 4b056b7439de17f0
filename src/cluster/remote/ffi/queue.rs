//! Owns queues and the events in them. Leaves the answers within events to `admin`.

use std::ffi::c_int;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use rdkafka_sys::bindings as sys;

use super::handle::Client;
use super::{Code, Trouble, codes, milliseconds, text};

/// Errors of the client as a whole.
pub const ERRORS: c_int = sys::RD_KAFKA_EVENT_ERROR;
/// What became of records.
pub const DELIVERIES: c_int = sys::RD_KAFKA_EVENT_DR;
/// Partitions that become or are no longer those of a member.
pub const REBALANCES: c_int = sys::RD_KAFKA_EVENT_REBALANCE;

/// A queue of a client.
#[derive(Debug)]
pub struct Queue {
    raw: NonNull<sys::rd_kafka_queue_t>,
    /// Ends after its queues.
    client: Arc<Client>,
}

// SAFETY: librdkafka's queues may be used from any thread.
unsafe impl Send for Queue {}
// SAFETY: as above.
unsafe impl Sync for Queue {}

impl Queue {
    /// A new queue, for the answers to requests.
    pub fn new(client: &Arc<Client>) -> Self {
        // SAFETY: the client lives.
        let raw = unsafe { sys::rd_kafka_queue_new(client.raw()) };
        Self::hold(raw, client)
    }

    /// The queue of the client's own events.
    pub fn main(client: &Arc<Client>) -> Self {
        // SAFETY: the client lives.
        let raw = unsafe { sys::rd_kafka_queue_get_main(client.raw()) };
        Self::hold(raw, client)
    }

    pub(super) fn hold(raw: *mut sys::rd_kafka_queue_t, client: &Arc<Client>) -> Self {
        #[expect(clippy::expect_used, reason = "librdkafka ends the process when memory does")]
        let raw = NonNull::new(raw).expect("a client has queues");
        Self { raw, client: Arc::clone(client) }
    }

    /// The queue, for a call.
    pub(super) const fn raw(&self) -> *mut sys::rd_kafka_queue_t {
        self.raw.as_ptr()
    }

    /// The client that the queue is of.
    pub const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Waits for the next event.
    pub fn poll(&self, at_most: Duration) -> Option<Event> {
        // SAFETY: the queue lives; the event is ours to free.
        let event = unsafe { sys::rd_kafka_queue_poll(self.raw(), milliseconds(at_most)) };
        NonNull::new(event).map(|raw| Event { raw })
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: held here only, and freed before the client.
        unsafe { sys::rd_kafka_queue_destroy(self.raw()) }
    }
}

/// An event.
#[derive(Debug)]
pub struct Event {
    raw: NonNull<sys::rd_kafka_event_t>,
}

// SAFETY: an event is plain memory that one holder reads.
unsafe impl Send for Event {}

impl Event {
    /// The event, for a call.
    pub(super) const fn raw(&self) -> *mut sys::rd_kafka_event_t {
        self.raw.as_ptr()
    }

    /// What kind it is: a constant of this module, or that of an answer.
    pub fn kind(&self) -> c_int {
        // SAFETY: the event lives.
        unsafe { sys::rd_kafka_event_type(self.raw()) }
    }

    /// The error that it is or holds.
    pub fn check(&self) -> Result<(), Trouble> {
        // SAFETY: the event lives, and its text ends with zero.
        unsafe {
            let code = Code(codes::rd_kafka_event_error(self.raw()));
            Trouble::check(code, text(sys::rd_kafka_event_error_string(self.raw())))
        }
    }

    /// The number that its request was given.
    pub fn tag(&self) -> usize {
        // SAFETY: the event lives; what is read is a number that was never a pointer.
        unsafe { sys::rd_kafka_event_opaque(self.raw()) as usize }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: held here only.
        unsafe { sys::rd_kafka_event_destroy(self.raw()) }
    }
}
