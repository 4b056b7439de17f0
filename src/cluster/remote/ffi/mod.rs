//! Owns every call into librdkafka, behind types that cannot be misused: handles, queues, lists and
//! answers that free themselves. Leaves what to ask and what an answer means to the rest of
//! `remote`.
//!
//! librdkafka's own batch and admin calls are used instead of the wrapper crate's clients: those
//! cost an allocation per record, close in slices of 100 ms, and lack half of the admin calls.

#![allow(unsafe_code, reason = "the border to a library of C; each block says why it holds")]
#![allow(unreachable_pub, reason = "what this module offers, it offers to `remote`")]

pub(super) mod admin;
pub(super) mod change;
pub(super) mod fetch;
pub(super) mod groups;
pub(super) mod handle;
pub(super) mod list;
pub(super) mod member;
pub(super) mod metadata;
pub(super) mod queue;
pub(super) mod secure;
pub(super) mod send;
pub(super) mod topic;
pub(super) mod transaction;

use std::ffi::{CStr, CString, c_char, c_int};
use std::fmt;

use rdkafka_sys::bindings as sys;

/// An error code of librdkafka: positive ones are a broker's, negative ones its own.
///
/// A number and not the generated enum: a broker may send codes that are newer than the library,
/// and an enum must not hold them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code(pub i32);

impl Code {
    /// No error.
    pub const NONE: Self = Self(0);

    /// The code of the generated enum.
    pub const fn of(code: sys::rd_kafka_resp_err_t) -> Self {
        Self(code as i32)
    }

    /// librdkafka's sentence about it.
    pub fn sentence(self) -> String {
        // SAFETY: takes any number, and answers with a text that lives as long as the program.
        unsafe { text(codes::rd_kafka_err2str(self.0)) }
    }

    /// Kafka's name for it.
    pub fn name(self) -> String {
        // SAFETY: as above.
        unsafe { text(codes::rd_kafka_err2name(self.0)) }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// An error with librdkafka's text for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Its code.
    pub code: Code,
    /// What librdkafka says about it.
    pub text: String,
}

impl Trouble {
    /// A code with the sentence that every error of it has.
    pub fn of(code: Code) -> Self {
        Self { code, text: code.sentence() }
    }

    /// `Err` unless the code means that all went well; the text may be missing.
    fn check(code: Code, text: String) -> Result<(), Self> {
        if code == Code::NONE {
            return Ok(());
        }
        Err(if text.is_empty() { Self::of(code) } else { Self { code, text } })
    }
}

/// Functions whose codes, states and kinds are read as numbers, see [`Code`].
mod codes {
    use super::{c_char, c_int, sys};
    use std::ffi::c_void;

    /// What librdkafka calls for each answer, and for each request that has none.
    pub(super) type OnResponse = unsafe extern "C" fn(
        rk: *mut sys::rd_kafka_t,
        socket: c_int,
        broker: *const c_char,
        id: i32,
        key: i16,
        version: i16,
        correlation: i32,
        size: usize,
        rtt: i64,
        code: c_int,
        context: *mut c_void,
    ) -> sys::rd_kafka_resp_err_t;

    unsafe extern "C" {
        pub(super) fn rd_kafka_interceptor_add_on_response_received(
            rk: *mut sys::rd_kafka_t,
            name: *const c_char,
            call: Option<OnResponse>,
            context: *mut c_void,
        ) -> c_int;
        pub(super) fn rd_kafka_err2str(code: c_int) -> *const c_char;
        pub(super) fn rd_kafka_err2name(code: c_int) -> *const c_char;
        pub(super) fn rd_kafka_error_code(error: *const sys::rd_kafka_error_t) -> c_int;
        pub(super) fn rd_kafka_event_error(event: *mut sys::rd_kafka_event_t) -> c_int;
        pub(super) fn rd_kafka_topic_result_error(
            result: *const sys::rd_kafka_topic_result_t,
        ) -> c_int;
        pub(super) fn rd_kafka_ConfigResource_error(
            resource: *const sys::rd_kafka_ConfigResource_t,
        ) -> c_int;
        pub(super) fn rd_kafka_ConfigEntry_source(
            entry: *const sys::rd_kafka_ConfigEntry_t,
        ) -> c_int;
        pub(super) fn rd_kafka_ConsumerGroupListing_state(
            listing: *const sys::rd_kafka_ConsumerGroupListing_t,
        ) -> c_int;
        pub(super) fn rd_kafka_ConsumerGroupListing_type(
            listing: *const sys::rd_kafka_ConsumerGroupListing_t,
        ) -> c_int;
        pub(super) fn rd_kafka_ConsumerGroupDescription_state(
            description: *const sys::rd_kafka_ConsumerGroupDescription_t,
        ) -> c_int;
        pub(super) fn rd_kafka_ConsumerGroupDescription_type(
            description: *const sys::rd_kafka_ConsumerGroupDescription_t,
        ) -> c_int;
        pub(super) fn rd_kafka_list_groups(
            rk: *mut sys::rd_kafka_t,
            group: *const c_char,
            list: *mut *const sys::rd_kafka_group_list,
            timeout_ms: c_int,
        ) -> c_int;
        pub(super) fn rd_kafka_metadata(
            rk: *mut sys::rd_kafka_t,
            all_topics: c_int,
            only_topic: *mut sys::rd_kafka_topic_t,
            metadata: *mut *const sys::rd_kafka_metadata,
            timeout_ms: c_int,
        ) -> c_int;
    }
}

/// A text of C, made UTF-8; empty for null.
///
/// # Safety
/// `text` is null or ends with a zero byte.
unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: by this function's contract.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// A text for C. One with a zero byte within cannot be said there, and ends before it; names and
/// values are checked for that where they come in.
fn c_text(text: &str) -> CString {
    let end = text.bytes().position(|byte| byte == 0).unwrap_or(text.len());
    CString::new(text.as_bytes().get(..end).unwrap_or_default()).unwrap_or_default()
}

/// The things that an array of C holds.
///
/// # Safety
/// `array` is null, or holds `count` initialised values that live for `'a`.
unsafe fn slice<'a, T>(array: *const T, count: usize) -> &'a [T] {
    if array.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: by this function's contract.
    unsafe { std::slice::from_raw_parts(array, count) }
}

/// Takes an error object apart, and frees it.
///
/// # Safety
/// `error` is null or an error object that nobody else frees.
unsafe fn take_error(error: *mut sys::rd_kafka_error_t) -> Result<(), Trouble> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: by this function's contract it is there, and is freed here only.
    unsafe {
        let result = look_error(error);
        sys::rd_kafka_error_destroy(error);
        result
    }
}

/// Reads an error object that somebody else frees.
///
/// # Safety
/// `error` is null or an error object.
unsafe fn look_error(error: *const sys::rd_kafka_error_t) -> Result<(), Trouble> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: by this function's contract it is there.
    unsafe {
        let code = Code(codes::rd_kafka_error_code(error));
        Trouble::check(code, text(sys::rd_kafka_error_string(error)))
    }
}

/// Milliseconds for librdkafka, rounded up so that a wait does not spin in its last part.
fn milliseconds(duration: std::time::Duration) -> c_int {
    c_int::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(c_int::MAX)
}
