//! Owns a client of librdkafka: its properties, its life, what it logs. Leaves its use to the other
//! modules.

use std::collections::VecDeque;
use std::ffi::{c_char, c_int, c_void};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka_sys::bindings as sys;

use super::{Code, Trouble, c_text, text};

/// How long the end of a client is waited for. Its threads may stand in a look-up of a name, which
/// nothing ends.
const END_MAX: Duration = Duration::from_millis(500);
/// Lines of the log that are kept until somebody asks.
const LINES_MAX: usize = 200;

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

/// What a client has logged, to be asked for from any thread.
#[derive(Debug, Default)]
pub struct Log {
    lines: Mutex<VecDeque<LogLine>>,
}

impl Log {
    /// Keeps a line, and the newest of too many.
    fn push(&self, line: LogLine) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// The newest line of a broken connection.
    pub fn last_failure(&self) -> Option<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let last = lines.iter().rev().find(|line| matches!(&*line.facility, "FAIL" | "ERROR"));
        last.map(|line| line.text.clone())
    }
}

/// Takes a line; librdkafka calls this from its own threads.
unsafe extern "C" fn log(
    rk: *const sys::rd_kafka_t,
    level: c_int,
    facility: *const c_char,
    line: *const c_char,
) {
    // SAFETY: the client's opaque is the log that it keeps alive (see `Client::new`), and both
    // texts end with zero.
    unsafe {
        let log = sys::rd_kafka_opaque(rk).cast::<Log>();
        if let Some(log) = log.as_ref() {
            log.push(LogLine { level, facility: text(facility), text: text(line) });
        }
    }
}

/// A client of librdkafka.
#[derive(Debug)]
pub struct Client {
    raw: NonNull<sys::rd_kafka_t>,
    /// What it logs. librdkafka's threads hold a count of their own.
    log: Arc<Log>,
    /// Whether it is left to itself in the end.
    abandoned: AtomicBool,
}

// SAFETY: librdkafka's functions may be called from any thread at once, by its documentation.
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

impl Client {
    /// A client with these properties, later ones over earlier ones. `events` are the kinds of
    /// event that it is to queue, see [`super::queue`].
    pub fn new(
        kind: Kind,
        properties: &[(String, String)],
        events: c_int,
    ) -> Result<Self, Trouble> {
        let mut why = [0; 512];
        let log_lines = Arc::new(Log::default());
        // SAFETY: the configuration is freed on every way out but `rd_kafka_new`'s success, which
        // takes it over. The texts outlive the calls. The opaque is a count of the log, given up
        // when the client ends.
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
            let opaque = Arc::into_raw(Arc::clone(&log_lines));
            sys::rd_kafka_conf_set_opaque(conf, opaque.cast_mut().cast::<c_void>());
            let kind = match kind {
                Kind::Producer => sys::rd_kafka_type_t::RD_KAFKA_PRODUCER,
                Kind::Consumer => sys::rd_kafka_type_t::RD_KAFKA_CONSUMER,
            };
            let raw = sys::rd_kafka_new(kind, conf, why.as_mut_ptr(), why.len());
            let Some(raw) = NonNull::new(raw) else {
                sys::rd_kafka_conf_destroy(conf);
                drop(Arc::from_raw(opaque));
                return Err(invalid(text(why.as_ptr())));
            };
            Ok(Self { raw, log: log_lines, abandoned: AtomicBool::new(false) })
        }
    }

    /// The client, for a call. It lives as long as `self`.
    pub(super) const fn raw(&self) -> *mut sys::rd_kafka_t {
        self.raw.as_ptr()
    }

    /// What it has logged.
    pub const fn log(&self) -> &Arc<Log> {
        &self.log
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
        let (raw, log) = (self.raw() as usize, Arc::as_ptr(&self.log) as usize);
        let (ended, end) = crossbeam_channel::bounded(1);
        let destroy = move || {
            // SAFETY: nobody holds the client any more, so it is ended here only. After that none
            // of its threads calls `log`, and the count that they held can go.
            unsafe {
                let flags = sys::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE;
                sys::rd_kafka_destroy_flags(raw as *mut sys::rd_kafka_t, flags);
                drop(Arc::from_raw(log as *const Log));
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
