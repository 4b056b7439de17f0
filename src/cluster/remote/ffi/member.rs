//! Owns librdkafka's calls for members of groups: subscribing, answering rebalances, committing,
//! leaving, and being woken when a queue has something. Leaves their order to `remote::group`.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rdkafka_sys::bindings as sys;

use super::handle::Client;
use super::list::{self, Entry, List};
use super::queue::{Event, Queue};
use super::{Code, Trouble, c_text, codes, milliseconds, take_error, text};

/// Partitions become those of the member.
pub const ASSIGN: Code = Code::of(sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS);
/// Records as events, which are those of partitions that are not forwarded.
pub const FETCHED: c_int = sys::RD_KAFKA_EVENT_FETCH;

/// Functions whose codes are read as numbers, see [`Code`].
mod numbers {
    use super::{c_char, c_int, c_void, sys};

    unsafe extern "C" {
        pub(super) fn rd_kafka_subscribe(
            rk: *mut sys::rd_kafka_t,
            topics: *const sys::rd_kafka_topic_partition_list_t,
        ) -> c_int;
        pub(super) fn rd_kafka_committed(
            rk: *mut sys::rd_kafka_t,
            partitions: *mut sys::rd_kafka_topic_partition_list_t,
            timeout_ms: c_int,
        ) -> c_int;
        pub(super) fn rd_kafka_assign(
            rk: *mut sys::rd_kafka_t,
            partitions: *const sys::rd_kafka_topic_partition_list_t,
        ) -> c_int;
        pub(super) fn rd_kafka_pause_partitions(
            rk: *mut sys::rd_kafka_t,
            partitions: *mut sys::rd_kafka_topic_partition_list_t,
        ) -> c_int;
        pub(super) fn rd_kafka_commit_queue(
            rk: *mut sys::rd_kafka_t,
            offsets: *const sys::rd_kafka_topic_partition_list_t,
            queue: *mut sys::rd_kafka_queue_t,
            callback: *const c_void,
            opaque: *mut c_void,
        ) -> c_int;
        pub(super) fn rd_kafka_memberid(rk: *const sys::rd_kafka_t) -> *mut c_char;
    }
}

/// `Err` unless the number of a call means that it went well.
fn done(code: c_int) -> Result<(), Code> {
    let code = Code(code);
    if code == Code::NONE { Ok(()) } else { Err(code) }
}

impl Client {
    /// Wants these topics, and joins its group for them.
    pub fn subscribe(&self, topics: &List) -> Result<(), Code> {
        // SAFETY: the client and the list live, and the list is copied.
        done(unsafe { numbers::rd_kafka_subscribe(self.raw(), topics.raw()) })
    }

    /// What its group committed for partitions.
    pub fn committed(&self, of: &List, at_most: Duration) -> Result<Vec<Entry>, Code> {
        // SAFETY: the client and the list live; the call writes offsets into the list.
        done(unsafe { numbers::rd_kafka_committed(self.raw(), of.raw(), milliseconds(at_most)) })?;
        Ok(of.entries())
    }

    /// Whether partitions come and go one by one.
    pub fn is_cooperative(&self) -> bool {
        // SAFETY: the client lives; the answer is a text of the library's own.
        unsafe { text(sys::rd_kafka_rebalance_protocol(self.raw())) == "COOPERATIVE" }
    }

    /// Whether what it had was given to others.
    pub fn is_lost(&self) -> bool {
        // SAFETY: the client lives.
        unsafe { sys::rd_kafka_assignment_lost(self.raw()) != 0 }
    }

    /// Reads these partitions from now on, each from its offset: beside those it reads already if
    /// they come one by one, else instead.
    pub fn assign(&self, partitions: &List) -> Result<(), Trouble> {
        // SAFETY: the client and the list live, and the list is copied.
        unsafe {
            if self.is_cooperative() {
                take_error(sys::rd_kafka_incremental_assign(self.raw(), partitions.raw()))
            } else {
                done(numbers::rd_kafka_assign(self.raw(), partitions.raw())).map_err(Trouble::of)
            }
        }
    }

    /// Reads these partitions no more, or none at all if they do not come one by one.
    pub fn unassign(&self, partitions: &List) -> Result<(), Trouble> {
        // SAFETY: as above; null is no partition.
        unsafe {
            if self.is_cooperative() {
                take_error(sys::rd_kafka_incremental_unassign(self.raw(), partitions.raw()))
            } else {
                done(numbers::rd_kafka_assign(self.raw(), ptr::null())).map_err(Trouble::of)
            }
        }
    }

    /// Fetches no more of partitions.
    pub fn pause(&self, partitions: &List) {
        // SAFETY: the client and the list live. That one is not its own is no harm.
        unsafe { numbers::rd_kafka_pause_partitions(self.raw(), partitions.raw()) };
    }

    /// The id of the member, and its generation, or its epoch; -1 while it is no member.
    pub fn membership(&self) -> (String, i32) {
        // SAFETY: the client lives; what is answered is freed once.
        unsafe {
            let id = numbers::rd_kafka_memberid(self.raw());
            let name = text(id);
            if !id.is_null() {
                sys::rd_kafka_mem_free(self.raw(), id.cast::<c_void>());
            }
            let metadata = sys::rd_kafka_consumer_group_metadata(self.raw());
            if metadata.is_null() {
                return (name, -1);
            }
            let generation = sys::rd_kafka_consumer_group_metadata_generation_id(metadata);
            sys::rd_kafka_consumer_group_metadata_destroy(metadata);
            (name, generation)
        }
    }

    /// Starts to commit offsets; the answer comes to `queue`.
    pub fn commit(&self, offsets: &List, queue: &Queue) -> Result<(), Code> {
        // SAFETY: client, list and queue live, and the list is copied. Without a callback the
        // answer is an event.
        done(unsafe {
            numbers::rd_kafka_commit_queue(
                self.raw(),
                offsets.raw(),
                queue.raw(),
                ptr::null(),
                ptr::null_mut(),
            )
        })
    }

    /// Starts to leave the group; what is still to be answered comes to `queue`.
    pub fn close(&self, queue: &Queue) -> Result<(), Trouble> {
        // SAFETY: client and queue live.
        unsafe { take_error(sys::rd_kafka_consumer_close_queue(self.raw(), queue.raw())) }
    }

    /// Whether it has left.
    pub fn is_closed(&self) -> bool {
        // SAFETY: the client lives.
        unsafe { sys::rd_kafka_consumer_closed(self.raw()) != 0 }
    }

    /// Has the records of a partition come to `queue`, and not to that of the member.
    pub fn forward(&self, topic: &str, partition: i32, queue: &Queue) {
        let topic = c_text(topic);
        // SAFETY: client and queue live. The handle of the partition's queue is a count of it that
        // is given up here; null is for a partition that cannot be.
        unsafe {
            let own = sys::rd_kafka_queue_get_partition(self.raw(), topic.as_ptr(), partition);
            if !own.is_null() {
                sys::rd_kafka_queue_forward(own, queue.raw());
                sys::rd_kafka_queue_destroy(own);
            }
        }
    }
}

impl Queue {
    /// The queue of a member: what changes of its partitions, and its errors.
    pub fn member(client: &Arc<Client>) -> Self {
        // SAFETY: the client lives, and is one that reads, with a group.
        let raw = unsafe { sys::rd_kafka_queue_get_consumer(client.raw()) };
        Self::hold(raw, client)
    }

    /// Whether something is in it. To ask this is not to poll.
    pub fn is_empty(&self) -> bool {
        // SAFETY: the queue lives.
        unsafe { sys::rd_kafka_queue_length(self.raw()) == 0 }
    }
}

impl Event {
    /// The code that it holds.
    pub fn code(&self) -> Code {
        // SAFETY: the event lives.
        Code(unsafe { codes::rd_kafka_event_error(self.raw()) })
    }

    /// The partitions that it is about.
    pub fn partitions(&self) -> Vec<Entry> {
        // SAFETY: the event lives, and its list with it; kinds without a list answer with null.
        unsafe { list::read(sys::rd_kafka_event_topic_partition_list(self.raw())) }
    }
}

/// Counts a word up, and wakes who waits on it, whenever a queue gets something.
#[derive(Debug)]
pub struct Stirring {
    /// Dropped after this has been taken off it.
    queue: Queue,
    /// Kept until then.
    _word: Arc<AtomicU32>,
}

/// Called by librdkafka's threads.
unsafe extern "C" fn stir(_: *mut sys::rd_kafka_t, word: *mut c_void) {
    // SAFETY: the word outlives its use, see `Stirring`.
    let word = unsafe { &*word.cast::<AtomicU32>().cast_const() };
    word.fetch_add(1, Ordering::Release);
    crate::sys::wake_all(word);
}

impl Stirring {
    /// Has `queue` stir `word`.
    pub fn new(queue: Queue, word: &Arc<AtomicU32>) -> Self {
        let word = Arc::clone(word);
        let opaque = Arc::as_ptr(&word).cast_mut().cast::<c_void>();
        // SAFETY: the word is held for as long as the queue calls, which ends in `drop`.
        unsafe { sys::rd_kafka_queue_cb_event_enable(queue.raw(), Some(stir), opaque) };
        Self { queue, _word: word }
    }

    /// The queue.
    pub const fn queue(&self) -> &Queue {
        &self.queue
    }
}

impl Drop for Stirring {
    fn drop(&mut self) {
        // SAFETY: the queue lives. librdkafka calls with the queue's lock held, and takes it to
        // change whom it calls: after this nobody uses the word.
        unsafe { sys::rd_kafka_queue_cb_event_enable(self.queue.raw(), None, ptr::null_mut()) };
    }
}
