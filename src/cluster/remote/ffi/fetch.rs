//! Owns taking records out of librdkafka: many at once, straight into the arena of a buffer.

use std::ffi::{c_char, c_void};
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka_sys::bindings as sys;

use super::queue::Queue;
use super::topic::{Topic, last_error};
use super::{Code, milliseconds, slice, text};
use crate::record::{HeaderSpan, RecordBuffer, Span, TimestampKind};

/// Messages that one call takes at most.
const MESSAGES_MAX: usize = 2000;

/// What an error message says.
pub const END_OF_PARTITION: Code =
    Code::of(sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__PARTITION_EOF);

impl Topic {
    /// Starts to read a partition from an offset on, into `queue`.
    pub fn start(&self, partition: i32, from: i64, queue: &Queue) -> Result<(), Code> {
        // SAFETY: topic and queue live; the queue is of the same client.
        let failed =
            unsafe { sys::rd_kafka_consume_start_queue(self.raw(), partition, from, queue.raw()) };
        if failed == 0 { Ok(()) } else { Err(last_error()) }
    }

    /// Stops to read a partition. What is in the queue of it is dropped.
    pub fn stop(&self, partition: i32) {
        // SAFETY: the topic lives. That nothing was started is no harm.
        unsafe { sys::rd_kafka_consume_stop(self.raw(), partition) };
    }

    /// What a message of this topic is known by.
    pub fn id(&self) -> TopicId {
        TopicId(self.raw() as usize)
    }
}

/// Which topic a message is of, without its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TopicId(usize);

/// A message: a record, or an error.
#[derive(Debug)]
pub struct Message {
    raw: NonNull<sys::rd_kafka_message_t>,
}

// SAFETY: a message is memory that one holder reads.
unsafe impl Send for Message {}

impl Message {
    /// The topic that it is of.
    pub fn topic(&self) -> TopicId {
        // SAFETY: the message lives.
        TopicId(unsafe { (*self.raw.as_ptr()).rkt } as usize)
    }

    /// The topic's name.
    pub fn topic_name(&self) -> String {
        // SAFETY: the message lives, and so does its topic; an error may have none.
        unsafe {
            let topic = (*self.raw.as_ptr()).rkt;
            if topic.is_null() { String::new() } else { text(sys::rd_kafka_topic_name(topic)) }
        }
    }

    /// Its partition.
    pub fn partition(&self) -> i32 {
        // SAFETY: the message lives.
        unsafe { (*self.raw.as_ptr()).partition }
    }

    /// Its offset; of the end of a partition, where that is.
    pub fn offset(&self) -> i64 {
        // SAFETY: the message lives.
        unsafe { (*self.raw.as_ptr()).offset }
    }

    /// What it says went wrong; none for a record.
    pub fn code(&self) -> Code {
        // SAFETY: the message lives; the code is read as the number that it is.
        Code(unsafe { (&raw const (*self.raw.as_ptr()).err).cast::<i32>().read() })
    }

    /// The text of an error.
    pub fn error_text(&self) -> String {
        // SAFETY: the message lives, and the payload of an error is a text that ends with zero.
        unsafe {
            let payload = (*self.raw.as_ptr()).payload;
            if payload.is_null() { self.code().sentence() } else { text(payload.cast::<c_char>()) }
        }
    }

    /// Who gave it its timestamp, and that; -1 for none.
    pub fn timestamp(&self) -> (TimestampKind, i64) {
        let mut kind = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message lives.
        let time = unsafe { sys::rd_kafka_message_timestamp(self.raw.as_ptr(), &raw mut kind) };
        match kind {
            sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME => {
                (TimestampKind::LogAppend, time)
            }
            _ => (TimestampKind::Create, time),
        }
    }

    /// Appends the record to `buffer`. False, and nothing is done, where the buffer's records have
    /// their timestamps from somebody else.
    pub fn append_to(&self, buffer: &mut RecordBuffer) -> bool {
        let (kind, timestamp_ms) = self.timestamp();
        if buffer.is_empty() {
            buffer.timestamp_kind = kind;
        } else if buffer.timestamp_kind != kind {
            return false;
        }
        // SAFETY: the message lives; key and payload are as long as it says.
        let (key, value, leader_epoch) = unsafe {
            let message = self.raw.as_ptr();
            (
                nullable((*message).key, (*message).key_len),
                nullable((*message).payload, (*message).len),
                sys::rd_kafka_message_leader_epoch(message),
            )
        };
        let key = buffer.store_nullable(key);
        let value = buffer.store_nullable(value);
        let headers_start = buffer.headers.len();
        self.append_headers(buffer);
        buffer.spans.push(Span {
            key,
            value,
            timestamp_ms,
            offset: self.offset(),
            partition: self.partition(),
            headers_start: headers_start as u32,
            headers_len: (buffer.headers.len() - headers_start) as u32,
            leader_epoch,
        });
        true
    }

    fn append_headers(&self, buffer: &mut RecordBuffer) {
        // SAFETY: the message lives, and its headers with it; names end with zero, values are as
        // long as they say.
        unsafe {
            let mut headers = ptr::null_mut();
            if Code::of(sys::rd_kafka_message_headers(self.raw.as_ptr(), &raw mut headers))
                != Code::NONE
            {
                return;
            }
            for at in 0..sys::rd_kafka_header_cnt(headers) {
                let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
                sys::rd_kafka_header_get_all(
                    headers,
                    at,
                    &raw mut name,
                    &raw mut value,
                    &raw mut size,
                );
                let name: &[u8] =
                    if name.is_null() { b"" } else { std::ffi::CStr::from_ptr(name).to_bytes() };
                let header = HeaderSpan {
                    name: buffer.store(name),
                    value: buffer.store_nullable(nullable(value, size)),
                };
                buffer.headers.push(header);
            }
        }
    }
}

/// Bytes that may be null, which is not the same as empty.
///
/// # Safety
/// `bytes` is null, or holds `len` bytes that live for `'a`.
unsafe fn nullable<'a>(bytes: *const c_void, len: usize) -> Option<&'a [u8]> {
    // SAFETY: by this function's contract.
    (!bytes.is_null()).then(|| unsafe { slice(bytes.cast::<u8>(), len) })
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: held here only.
        unsafe { sys::rd_kafka_message_destroy(self.raw.as_ptr()) }
    }
}

impl Queue {
    /// Takes messages, and waits for the first. They come last first, so that they can be popped.
    pub fn fetch(&self, at_most: Duration, into: &mut Vec<Message>) {
        let mut messages = [ptr::null_mut::<sys::rd_kafka_message_t>(); MESSAGES_MAX];
        // A call waits until it is full or its time is over, so the wait is one for one message.
        let mut take = |wait: Duration, most: usize| {
            // SAFETY: the queue lives; the array has room for what is asked for.
            let count = unsafe {
                sys::rd_kafka_consume_batch_queue(
                    self.raw(),
                    milliseconds(wait),
                    messages.as_mut_ptr(),
                    most,
                )
            };
            let taken = messages.iter().take(count.max(0) as usize);
            into.extend(taken.filter_map(|&raw| NonNull::new(raw)).map(|raw| Message { raw }));
            count > 0
        };
        if !take(Duration::ZERO, MESSAGES_MAX) && take(at_most, 1) {
            take(Duration::ZERO, MESSAGES_MAX);
        }
        into.reverse();
    }
}
