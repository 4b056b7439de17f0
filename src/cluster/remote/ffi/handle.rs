//! Owns a client of librdkafka: its properties, its life, what it logs. Leaves its use to the other
//! modules.

use std::collections::VecDeque;
use std::ffi::{c_char, c_int, c_void};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka_sys::bindings as sys;

use super::secure::{self, CERTIFICATE, Tokens};
use super::{Code, Trouble, c_text, codes, text};

/// How long the end of a client is waited for. Its threads may stand in a look-up of a name, which
/// nothing ends.
const END_MAX: Duration = Duration::from_millis(500);
/// Lines of the log that are kept until somebody asks.
const LINES_MAX: usize = 200;
/// The requests that brokers answer before they know whom they talk to: `SaslHandshake`,
/// `ApiVersions` and `SaslAuthenticate`.
const FOR_STRANGERS: [i16; 3] = [17, 18, 36];

/// What a member is to log beside what is said anyway, so that [`Client::lacks_heartbeats`] knows.
pub const GROUP_DEBUG: &str = "cgrp";
/// The level of lines for debugging, as in syslog.
const DEBUG: c_int = 7;

/// What a client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sending, and asking; brokers do not tell the two apart.
    Producer,
    /// Reading.
    Consumer,
}

/// A line that librdkafka logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// As in syslog: 3 is an error, 4 a warning, 7 for debugging.
    pub level: i32,
    /// What part of it speaks, as `FAIL`.
    pub facility: String,
    /// What it says.
    pub text: String,
}

/// What clients have logged, to be asked for from any thread.
#[derive(Debug, Default)]
pub struct Log {
    lines: Mutex<VecDeque<LogLine>>,
    /// The newest line of a broken connection, and when it came.
    failure: Mutex<Option<(Instant, String)>>,
    /// How many requests went out.
    requests: AtomicU64,
    /// For how many ms brokers said that they hold back what comes next.
    throttled_ms: AtomicU64,
    /// A broker has answered what it does not answer strangers.
    is_served: AtomicBool,
}

impl Log {
    /// Keeps a line, and the newest of too many.
    pub fn push(&self, line: LogLine) {
        if matches!(&*line.facility, "FAIL" | "ERROR") {
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            *failure = Some((Instant::now(), line.text.clone()));
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// The newest line of a connection that broke since `age` ago. The same line is not logged
    /// again for half a minute.
    pub fn last_failure(&self, age: Duration) -> Option<String> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, text) = failure.as_ref().filter(|(since, _)| since.elapsed() <= age)?;
        Some(text.clone())
    }

    /// The lines since this was last asked.
    pub fn take(&self) -> Vec<LogLine> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }

    /// How many requests were sent so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Counts a request that was sent without librdkafka.
    pub fn note_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes up that a broker holds back what comes next for so many ms.
    pub fn note_throttled(&self, time_ms: i32) {
        let time_ms = u64::try_from(time_ms).unwrap_or(0);
        self.throttled_ms.fetch_add(time_ms, Ordering::Relaxed);
    }

    /// For how long brokers said that they hold back what comes next, all their answers together.
    pub fn throttled(&self) -> Duration {
        Duration::from_millis(self.throttled_ms.load(Ordering::Relaxed))
    }

    /// Whether a broker has ever answered a request that is not for everybody.
    pub fn is_served(&self) -> bool {
        self.is_served.load(Ordering::Relaxed)
    }

    /// Notes an answer to a request with this number.
    pub fn note_answer(&self, key: i16) {
        if !FOR_STRANGERS.contains(&key) {
            self.is_served.store(true, Ordering::Relaxed);
        }
    }

    /// Why a certificate was not accepted last, if one was not.
    pub fn last_certificate(&self) -> Option<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let last = lines.iter().rev().find(|line| line.facility == CERTIFICATE);
        last.map(|line| line.text.clone())
    }
}

/// What librdkafka's calls back to us work with.
#[derive(Debug)]
pub struct Context {
    /// What it logs.
    pub(super) log: Arc<Log>,
    /// Where tokens come from.
    pub(super) tokens: Option<Tokens>,
    /// How many answers came of brokers that the cluster itself has named.
    answers: AtomicU64,
    /// Anybody has ever answered.
    is_heard: AtomicBool,
    /// Lines for debugging are those of `GROUP_DEBUG`, for which nobody has asked.
    is_quiet: bool,
    /// The coordinator does not know heartbeats of the newer protocol of groups.
    lacks_heartbeats: AtomicBool,
}

impl Context {
    /// Takes a line.
    fn take(&self, line: LogLine) {
        if line.facility == "COORD" && line.text.contains("Heartbeat") {
            let lacks = line.text.contains("not supported by broker");
            self.lacks_heartbeats.fetch_or(lacks, Ordering::Relaxed);
        }
        if !self.is_quiet || line.level < DEBUG {
            self.log.push(line);
        }
    }
}

/// Takes a line; librdkafka calls this from its own threads.
unsafe extern "C" fn log(
    rk: *const sys::rd_kafka_t,
    level: c_int,
    facility: *const c_char,
    line: *const c_char,
) {
    // SAFETY: the client's opaque is the context that it keeps alive (see `Client::new`), and both
    // texts end with zero.
    unsafe {
        let context = sys::rd_kafka_opaque(rk).cast::<Context>();
        if let Some(context) = context.as_ref() {
            context.take(LogLine { level, facility: text(facility), text: text(line) });
        }
    }
}

/// Takes up that a broker throttles; librdkafka calls this while the client's events are polled.
unsafe extern "C" fn throttle(
    _rk: *mut sys::rd_kafka_t,
    _broker: *const c_char,
    _id: i32,
    time_ms: c_int,
    context: *mut c_void,
) {
    // SAFETY: the client's opaque, as in `log`.
    if let Some(context) = unsafe { context.cast::<Context>().as_ref() } {
        context.log.note_throttled(time_ms);
    }
}

/// Has every request of a new client counted, and every answer.
unsafe extern "C" fn count_all(
    rk: *mut sys::rd_kafka_t,
    _conf: *const sys::rd_kafka_conf_t,
    context: *mut c_void,
    _why: *mut c_char,
    _why_len: usize,
) -> sys::rd_kafka_resp_err_t {
    let name = c"kaw".as_ptr();
    // SAFETY: the client is being made; the context lives for longer than it does.
    unsafe {
        codes::rd_kafka_interceptor_add_on_response_received(rk, name, Some(count_answer), context);
        sys::rd_kafka_interceptor_add_on_request_sent(rk, name, Some(count_one), context)
    }
}

/// Counts one request; librdkafka calls this from its own threads.
unsafe extern "C" fn count_one(
    _rk: *mut sys::rd_kafka_t,
    _socket: c_int,
    _broker: *const c_char,
    _id: i32,
    _key: i16,
    _version: i16,
    _correlation: i32,
    _size: usize,
    context: *mut c_void,
) -> sys::rd_kafka_resp_err_t {
    // SAFETY: as in `count_all`.
    if let Some(context) = unsafe { context.cast::<Context>().as_ref() } {
        context.log.requests.fetch_add(1, Ordering::Relaxed);
    }
    sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
}

/// Counts one answer; librdkafka calls this from its own threads, for requests that failed too.
unsafe extern "C" fn count_answer(
    _rk: *mut sys::rd_kafka_t,
    _socket: c_int,
    _broker: *const c_char,
    id: i32,
    key: i16,
    _version: i16,
    _correlation: i32,
    size: usize,
    _rtt: i64,
    _code: c_int,
    context: *mut c_void,
) -> sys::rd_kafka_resp_err_t {
    // SAFETY: as in `count_all`.
    if size > 0
        && let Some(context) = unsafe { context.cast::<Context>().as_ref() }
    {
        context.log.note_answer(key);
        context.is_heard.store(true, Ordering::Relaxed);
        if id >= 0 {
            context.answers.fetch_add(1, Ordering::Relaxed);
        }
    }
    sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
}

/// A client of librdkafka.
#[derive(Debug)]
pub struct Client {
    raw: NonNull<sys::rd_kafka_t>,
    /// What it calls us with. librdkafka's threads hold a count of their own.
    context: Arc<Context>,
    /// Whether it is left to itself in the end.
    abandoned: AtomicBool,
}

// SAFETY: librdkafka's functions may be called from any thread at once, by its documentation.
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

impl Client {
    /// A client with these properties, later ones over earlier ones. `events` are the kinds of
    /// event that it is to queue, see [`super::queue`]; `tokens` are for OAUTHBEARER.
    pub fn new(
        kind: Kind,
        properties: &[(String, String)],
        events: c_int,
        log_lines: &Arc<Log>,
        tokens: Option<Tokens>,
    ) -> Result<Self, Trouble> {
        let mut why = [0; 512];
        let asks = tokens.is_some();
        let debug = properties.iter().rfind(|(name, _)| name == "debug");
        let context = Arc::new(Context {
            log: Arc::clone(log_lines),
            tokens,
            answers: AtomicU64::new(0),
            is_heard: AtomicBool::new(false),
            is_quiet: debug.is_some_and(|(_, value)| value == GROUP_DEBUG),
            lacks_heartbeats: AtomicBool::new(false),
        });
        // SAFETY: the configuration is freed where a property is not taken, and not touched after
        // `rd_kafka_new`, which takes it over. The texts outlive the calls. The opaque is a count
        // of the context, given up when the client ends.
        unsafe {
            let conf = sys::rd_kafka_conf_new();
            for (name, value) in properties {
                let (name, value) = (c_text(name), c_text(value));
                let done = sys::rd_kafka_conf_set(
                    conf,
                    name.as_ptr(),
                    value.as_ptr(),
                    why.as_mut_ptr(),
                    why.len(),
                );
                if done != sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK {
                    sys::rd_kafka_conf_destroy(conf);
                    return Err(invalid(text(why.as_ptr())));
                }
            }
            sys::rd_kafka_conf_set_events(conf, events);
            sys::rd_kafka_conf_set_log_cb(conf, Some(log));
            sys::rd_kafka_conf_set_throttle_cb(conf, Some(throttle));
            secure::prepare(conf, asks);
            let opaque = Arc::into_raw(Arc::clone(&context));
            let counted = opaque.cast_mut().cast::<c_void>();
            sys::rd_kafka_conf_set_opaque(conf, counted);
            sys::rd_kafka_conf_interceptor_add_on_new(
                conf,
                c"kaw".as_ptr(),
                Some(count_all),
                counted,
            );
            let kind = match kind {
                Kind::Producer => sys::rd_kafka_type_t::RD_KAFKA_PRODUCER,
                Kind::Consumer => sys::rd_kafka_type_t::RD_KAFKA_CONSUMER,
            };
            let raw = sys::rd_kafka_new(kind, conf, why.as_mut_ptr(), why.len());
            let Some(raw) = NonNull::new(raw) else {
                // The configuration is given up. It would be ours to free, but librdkafka may have
                // freed its interceptors already, as where a key does not fit its certificate.
                drop(Arc::from_raw(opaque));
                return Err(invalid(text(why.as_ptr())));
            };
            let client = Self { raw, context, abandoned: AtomicBool::new(false) };
            if asks {
                secure::serve_tokens(client.raw())?;
            }
            Ok(client)
        }
    }

    /// The client, for a call. It lives as long as `self`.
    pub(super) const fn raw(&self) -> *mut sys::rd_kafka_t {
        self.raw.as_ptr()
    }

    /// What it has logged.
    pub fn log(&self) -> &Log {
        &self.context.log
    }

    /// How many answers have come of brokers that the cluster itself has named: none comes from
    /// those that the user has named and that are no such brokers.
    pub fn answers(&self) -> u64 {
        self.context.answers.load(Ordering::Relaxed)
    }

    /// Whether anybody has ever answered.
    pub fn is_heard(&self) -> bool {
        self.context.is_heard.load(Ordering::Relaxed)
    }

    /// Whether the coordinator of its group does not know the newer protocol of groups, which
    /// librdkafka logs, and asks it again and again.
    pub fn lacks_heartbeats(&self) -> bool {
        self.context.lacks_heartbeats.load(Ordering::Relaxed)
    }

    /// Leaves the client to itself when it is dropped. Some answers of brokers that lack a request
    /// upset librdkafka's count of queues, and ending the client then ends the process.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    /// The error after which the client does nothing more, if there was one.
    pub fn fatal(&self) -> Option<Trouble> {
        let mut why = [0; 512];
        // SAFETY: writes a text that ends with zero into the buffer.
        let code =
            unsafe { Code::of(sys::rd_kafka_fatal_error(self.raw(), why.as_mut_ptr(), why.len())) };
        // SAFETY: as above; without an error the buffer is as it was, which is empty.
        (code != Code::NONE).then(|| Trouble { code, text: unsafe { text(why.as_ptr()) } })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if self.abandoned.load(Ordering::Relaxed) {
            return;
        }
        let (raw, context) = (self.raw() as usize, Arc::as_ptr(&self.context) as usize);
        let (ended, end) = crossbeam_channel::bounded(1);
        let destroy = move || {
            // SAFETY: nobody holds the client any more, so it is ended here only. After that none
            // of its threads calls us, and the count that they held can go.
            unsafe {
                let flags = sys::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE;
                sys::rd_kafka_destroy_flags(raw as *mut sys::rd_kafka_t, flags);
                drop(Arc::from_raw(context as *const Context));
            }
            // Whoever dropped the client may have stopped waiting.
            ended.send(()).ok();
        };
        if std::thread::Builder::new().name("end".to_owned()).spawn(destroy).is_ok() {
            end.recv_timeout(END_MAX).ok();
        }
    }
}

/// The error of a property that is not taken.
fn invalid(text: String) -> Trouble {
    Trouble { code: Code::of(sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__INVALID_ARG), text }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A property that the library has, as it is where nobody sets it.
    fn built_in(name: &str) -> String {
        let (name, mut value, mut size) = (c_text(name), [0; 1024], 1024);
        // SAFETY: the configuration is freed at the end; the buffer is as long as it says.
        unsafe {
            let conf = sys::rd_kafka_conf_new();
            sys::rd_kafka_conf_get(conf, name.as_ptr(), value.as_mut_ptr(), &raw mut size);
            sys::rd_kafka_conf_destroy(conf);
            text(value.as_ptr())
        }
    }

    #[test]
    fn the_library_was_built_with_all_that_it_is_to_have() {
        // Its build goes on without what it does not find.
        let features = built_in("builtin.features");
        for wanted in ["gzip", "snappy", "lz4", "zstd", "ssl", "sasl_plain", "sasl_scram"] {
            assert!(features.split(',').any(|has| has == wanted), "{wanted} is not in {features}");
        }
    }

    #[test]
    fn a_log_keeps_its_newest_lines_and_the_last_failure() {
        let log = Log::default();
        let line = |facility: &str, n: usize| LogLine {
            level: 4,
            facility: facility.to_owned(),
            text: n.to_string(),
        };
        log.push(line("FAIL", 0));
        (1..=LINES_MAX).for_each(|n| log.push(line("CONFWARN", n)));
        let lines = log.take();
        assert_eq!((lines.len(), &*lines[0].text), (LINES_MAX, "1"));
        assert_eq!(log.last_failure(Duration::from_secs(60)).as_deref(), Some("0"));
        assert_eq!(log.last_failure(Duration::ZERO), None);
        assert!(log.take().is_empty());
    }
}
