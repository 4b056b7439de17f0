//! Owns handing records to librdkafka, and reading what became of them.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use rdkafka_sys::bindings as sys;
use sys::rd_kafka_msg_status_t as Status;
use sys::rd_kafka_vtype_t as Part;

use super::handle::Client;
use super::queue::Event;
use super::topic::Topic;
use super::{Code, codes, slice};
use crate::record::{RecordBuffer, Slice, Span};

/// What a message is given besides its record.
#[derive(Clone, Copy, Debug)]
pub struct Letter {
    /// Where to.
    pub partition: i32,
    /// A number that comes back with its fate; 0 is none.
    pub tag: usize,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Whether the log has it; `None` where that is not known.
    pub persisted: Option<bool>,
    /// What went wrong.
    pub code: Code,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its number.
    pub tag: usize,
}

/// The bytes of a slice for C, and how many; null stays null, and empty is no null.
fn bytes(slice: Slice, arena: &[u8]) -> (*mut c_void, usize) {
    slice.of(arena).map_or((ptr::null_mut(), 0), |bytes| {
        (bytes.as_ptr().cast_mut().cast::<c_void>(), bytes.len())
    })
}

impl Topic {
    /// Sends many records without headers, which get the time of now. Answers how many were taken
    /// or refused, from the first on: there is no room for the next one. And which of them were
    /// refused, and why: those behind them may have been taken.
    pub fn send_plain(
        &self,
        buffer: &RecordBuffer,
        spans: &[Span],
        letters: &[Letter],
        scratch: &mut Messages,
    ) -> (usize, Vec<(usize, Code)>) {
        let Messages(messages) = scratch;
        messages.clear();
        messages.extend(spans.iter().zip(letters).map(|(span, letter)| {
            let (payload, len) = bytes(span.value, &buffer.arena);
            let (key, key_len) = bytes(span.key, &buffer.arena);
            sys::rd_kafka_message_t {
                err: sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR,
                rkt: ptr::null_mut(),
                partition: letter.partition,
                payload,
                len,
                key,
                key_len,
                offset: 0,
                _private: letter.tag as *mut c_void,
            }
        }));
        let flags = sys::RD_KAFKA_MSG_F_COPY | sys::RD_KAFKA_MSG_F_PARTITION;
        // SAFETY: topic and arena live, and the bytes are copied before the call returns. The codes
        // that are written into the messages are the library's own, which the generated enum has.
        unsafe {
            let count = messages.len() as c_int;
            sys::rd_kafka_produce_batch(self.raw(), -1, flags, messages.as_mut_ptr(), count);
        }
        let codes = messages.iter().map(|message| Code::of(message.err));
        let settled = codes.clone().position(is_full).unwrap_or(spans.len());
        let refused = codes.enumerate().take(settled).filter(|(_, code)| *code != Code::NONE);
        (settled, refused.collect())
    }

    /// Sends one record with all that it has.
    pub fn send(&self, buffer: &RecordBuffer, span: &Span, letter: Letter) -> Result<(), Code> {
        let memory = |(ptr, size)| sys::rd_kafka_vu_s__bindgen_ty_1 {
            mem: sys::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 { ptr, size },
        };
        let headers = headers(buffer, span);
        let part = |vtype, u| sys::rd_kafka_vu_t { vtype, u };
        let parts = [
            part(Part::RD_KAFKA_VTYPE_RKT, sys::rd_kafka_vu_s__bindgen_ty_1 { rkt: self.raw() }),
            part(
                Part::RD_KAFKA_VTYPE_PARTITION,
                sys::rd_kafka_vu_s__bindgen_ty_1 { i32_: letter.partition },
            ),
            part(
                Part::RD_KAFKA_VTYPE_MSGFLAGS,
                sys::rd_kafka_vu_s__bindgen_ty_1 { i: sys::RD_KAFKA_MSG_F_COPY },
            ),
            part(Part::RD_KAFKA_VTYPE_VALUE, memory(bytes(span.value, &buffer.arena))),
            part(Part::RD_KAFKA_VTYPE_KEY, memory(bytes(span.key, &buffer.arena))),
            part(
                Part::RD_KAFKA_VTYPE_TIMESTAMP,
                // 0 would mean now.
                sys::rd_kafka_vu_s__bindgen_ty_1 { i64_: span.timestamp_ms },
            ),
            part(
                Part::RD_KAFKA_VTYPE_OPAQUE,
                sys::rd_kafka_vu_s__bindgen_ty_1 { ptr: letter.tag as *mut c_void },
            ),
            part(Part::RD_KAFKA_VTYPE_HEADERS, sys::rd_kafka_vu_s__bindgen_ty_1 { headers }),
        ];
        // Without headers the last part is left out: null there is an error.
        let count = if headers.is_null() { parts.len() - 1 } else { parts.len() };
        // SAFETY: topic and arena live, and the bytes are copied before the call returns. The
        // headers are the library's once the record is taken, and are freed here if it is not.
        unsafe {
            let error = sys::rd_kafka_produceva(self.client().raw(), parts.as_ptr(), count);
            if error.is_null() {
                return Ok(());
            }
            let code = Code(codes::rd_kafka_error_code(error));
            sys::rd_kafka_error_destroy(error);
            if !headers.is_null() {
                sys::rd_kafka_headers_destroy(headers);
            }
            Err(code)
        }
    }
}

/// Memory for the messages of one call.
#[derive(Debug, Default)]
pub struct Messages(Vec<sys::rd_kafka_message_t>);

// SAFETY: it is empty between calls, as far as anybody looks: what is in it is not read again.
unsafe impl Send for Messages {}

/// The headers of a record; null for none.
fn headers(buffer: &RecordBuffer, span: &Span) -> *mut sys::rd_kafka_headers_t {
    let spans = buffer.headers_of(span);
    if spans.is_empty() {
        return ptr::null_mut();
    }
    // SAFETY: the list is new; names and values are copied into it. A size goes with each of them,
    // so none has to end with zero.
    unsafe {
        let headers = sys::rd_kafka_headers_new(spans.len());
        for header in spans {
            let (name, name_len) = bytes(header.name, &buffer.arena);
            let (value, value_len) = bytes(header.value, &buffer.arena);
            let name: *const c_char =
                if name.is_null() { c"".as_ptr() } else { name.cast::<c_char>() };
            sys::rd_kafka_header_add(headers, name, name_len as isize, value, value_len as isize);
        }
        headers
    }
}

impl Event {
    /// What became of records, in the order of the log.
    pub fn for_each_settled(&self, mut each: impl FnMut(Settled)) {
        let mut messages: [*const sys::rd_kafka_message_t; 512] = [ptr::null(); 512];
        loop {
            // SAFETY: the event lives for as long as its messages are read; codes are read as the
            // numbers that they are.
            unsafe {
                let count = sys::rd_kafka_event_message_array(
                    self.raw(),
                    messages.as_mut_ptr(),
                    messages.len(),
                );
                for &message in slice(messages.as_ptr(), count) {
                    let persisted = match sys::rd_kafka_message_status(message) {
                        Status::RD_KAFKA_MSG_STATUS_NOT_PERSISTED => Some(false),
                        Status::RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED => None,
                        Status::RD_KAFKA_MSG_STATUS_PERSISTED => Some(true),
                    };
                    each(Settled {
                        persisted,
                        code: Code((&raw const (*message).err).cast::<i32>().read()),
                        partition: (*message).partition,
                        offset: (*message).offset,
                        tag: (*message)._private as usize,
                    });
                }
                if count == 0 {
                    return;
                }
            }
        }
    }
}

impl Client {
    /// Has what waits for its batch to fill sent now.
    pub fn hurry(&self) {
        // SAFETY: the client lives. It hurries for as long as this call waits; what is not
        // acknowledged by then is on its way.
        unsafe { sys::rd_kafka_flush(self.raw(), 1) };
    }

    /// Gives up what is not acknowledged yet: each record of it comes back with its fate.
    pub fn purge(&self) {
        let flags = sys::RD_KAFKA_PURGE_F_QUEUE
            | sys::RD_KAFKA_PURGE_F_INFLIGHT
            | sys::RD_KAFKA_PURGE_F_NON_BLOCKING;
        // SAFETY: the client lives. The call fails for a consumer only.
        unsafe { sys::rd_kafka_purge(self.raw(), flags) };
    }
}

/// The error of a call that was refused for now.
pub const FULL: Code = Code::of(sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__QUEUE_FULL);

/// Whether a call was refused for now.
pub fn is_full(code: Code) -> bool {
    code == FULL
}
