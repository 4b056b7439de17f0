//! Owns a client in use: its errors as they come, and waiting for an answer with a deadline. Leaves
//! the requests to the verbs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka_sys::bindings::rd_kafka_resp_err_t as Known;

use super::config::{self, Use};
use super::error;
use super::ffi::handle::{Client, Log};
use super::ffi::queue::{DELIVERIES, ERRORS, Event, Queue, REBALANCES};
use super::ffi::topic::Topic;
use super::ffi::{Code, Trouble};
use super::token;
use super::told::{self, About};
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::types::{Brokers, Limits};

/// How long one wait lasts before the client's own errors are looked at.
const TICK: Duration = Duration::from_millis(20);
/// How long brokers that are all down are given before a question is given up: who starts a broker
/// and asks it at once gets an answer, who has mistaken its name does not wait for long.
const DOWN_MAX: Duration = Duration::from_millis(1500);

/// How long librdkafka keeps a failure to itself that it has told.
const REPEATED: Duration = Duration::from_secs(30);

/// What has gone wrong with the connections.
#[derive(Debug, Default)]
struct Health {
    /// The last trouble of a connection.
    last: Option<Trouble>,
    /// Since when all brokers are down.
    down: Option<Instant>,
    /// Trouble that trying again does not help.
    denied: Option<Trouble>,
    /// What is worth a warning where nobody fails for it.
    news: Vec<String>,
}

/// A client and its errors.
#[derive(Debug)]
pub(super) struct Session {
    client: Arc<Client>,
    main: Queue,
    health: Mutex<Health>,
    limits: Limits,
    /// How the brokers are reached.
    about: About,
}

impl Session {
    /// A client of the brokers.
    pub(super) fn open(
        brokers: &Brokers,
        limits: Limits,
        usage: &Use,
        log: &Arc<Log>,
    ) -> Result<Self> {
        Self::open_with(brokers, limits, usage, log, Vec::new())
    }

    /// A client of the brokers, with more properties.
    pub(super) fn open_with(
        brokers: &Brokers,
        limits: Limits,
        usage: &Use,
        log: &Arc<Log>,
        more: Vec<(String, String)>,
    ) -> Result<Self> {
        let mut properties = config::build(brokers, limits, usage)?;
        properties.extend(more);
        let events = match usage {
            Use::Produce(_) => ERRORS | DELIVERIES,
            Use::Ask | Use::Consume { .. } | Use::Peek => ERRORS,
            Use::Member { .. } => ERRORS | REBALANCES,
        };
        let tokens = brokers.token.clone().map(token::tokens);
        let client = Client::new(usage.kind(), &properties, events, log, tokens)
            .map_err(|trouble| told::unmade(&trouble))?;
        let client = Arc::new(client);
        let (main, about) = (Queue::main(&client), About::new(brokers));
        Ok(Self { main, client, health: Mutex::default(), limits, about })
    }

    /// The client.
    pub(super) const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// The client's own events.
    pub(super) const fn main(&self) -> &Queue {
        &self.main
    }

    /// Has the client look whether it still lacks a producer id: it does so when it is told of
    /// topics. That it is told nothing is no harm.
    pub(super) fn wake(&self, topic: &str) {
        if let Ok(topic) = Topic::new(&self.client, topic, &[]) {
            drop(topic.info(Duration::from_millis(500)));
        }
    }

    /// How long a request may take.
    pub(super) const fn timeout(&self) -> Duration {
        self.limits.timeout
    }

    /// Takes up what the client has to say, without waiting.
    fn look(&self) {
        while let Some(event) = self.main.poll(Duration::ZERO) {
            if event.kind() == ERRORS
                && let Err(trouble) = event.check()
            {
                if self.is_new(&trouble) {
                    let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
                    health.news.push(warning(&trouble));
                }
                self.note(trouble);
            }
        }
    }

    /// Takes up an error of the client.
    pub(super) fn note(&self, trouble: Trouble) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        match error::kind(trouble.code) {
            ErrorKind::AuthenticationFailed | ErrorKind::TlsFailed => health.denied = Some(trouble),
            kind if kind.is_denial() => health.denied = Some(trouble),
            _ if trouble.code == Code::of(Known::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) => {
                health.down.get_or_insert_with(Instant::now);
            }
            _ => health.last = Some(trouble),
        }
    }

    /// What is worth a warning since this was last asked.
    pub(super) fn take_news(&self) -> Vec<String> {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut health.news)
    }

    /// Notes that a broker has answered.
    pub(super) fn note_answer(&self) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        // What happens from now on is news.
        (health.down, health.last) = (None, None);
    }

    /// Whether nothing like it was noted last.
    pub(super) fn is_new(&self, trouble: &Trouble) -> bool {
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let down = Code::of(Known::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN);
        let known = |last: &Option<Trouble>| last.as_ref().is_some_and(|l| l.code == trouble.code);
        trouble.code != down && !known(&health.last) && !known(&health.denied)
    }

    /// Fails when trying again does not help.
    pub(super) fn check_denied(&self) -> Result<()> {
        self.look();
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.denied.as_ref().map_or(Ok(()), |denied| Err(self.told(denied)))
    }

    /// Fails when waiting any longer makes no sense.
    pub(super) fn check(&self) -> Result<()> {
        self.check_denied()?;
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if health.down.is_some_and(|since| since.elapsed() >= DOWN_MAX) {
            drop(health);
            return Err(self.unreachable());
        }
        Ok(())
    }

    /// The error of a question that has no answer: with what the connections said last.
    pub(super) fn unreachable(&self) -> ClusterError {
        self.look();
        let last = self.health.lock().unwrap_or_else(PoisonError::into_inner).last.clone();
        let failure = || {
            let text = self.client.log().last_failure(self.limits.timeout + REPEATED)?;
            Some(Trouble { code: Code::of(Known::RD_KAFKA_RESP_ERR__TRANSPORT), text })
        };
        match last.or_else(failure) {
            Some(last) => self.told(&last),
            None => self.timed_out(),
        }
    }

    /// The error of an answer: one that did not come is told by what the connections said last.
    pub(super) fn failure(&self, trouble: &Trouble) -> ClusterError {
        match error::kind(trouble.code) {
            ErrorKind::TimedOut => self.unreachable(),
            _ => error::error(trouble),
        }
    }

    /// What the trouble of a connection is to people.
    fn told(&self, trouble: &Trouble) -> ClusterError {
        let certificate = self.client.log().last_certificate();
        told::told(trouble, &self.about, certificate.as_deref())
    }

    /// The error of an answer that did not come in time.
    fn timed_out(&self) -> ClusterError {
        let within = self.limits.timeout.as_millis();
        let message = format!("no answer from {} within {within} ms", self.about.list);
        ClusterError::new(ErrorKind::TimedOut, message)
    }

    /// When a request that is made now has taken too long.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.limits.timeout
    }

    /// Waits for the next answer in `queue`.
    pub(super) fn wait(&self, queue: &Queue, until: Instant) -> Result<Event> {
        match self.wait_any(queue, until)? {
            (event, None) => Ok(event),
            (_, Some(denied)) => Err(denied),
        }
    }

    /// As [`wait`](Self::wait), where one of several answers may be that this is not allowed.
    pub(super) fn wait_any(
        &self,
        queue: &Queue,
        until: Instant,
    ) -> Result<(Event, Option<ClusterError>)> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if let Some(event) = queue.poll(left.min(TICK)) {
                let Err(trouble) = event.check() else {
                    self.note_answer();
                    return Ok((event, None));
                };
                return match error::kind(trouble.code) {
                    kind if kind.is_denial() => Ok((event, Some(error::error(&trouble)))),
                    _ => Err(self.failure(&trouble)),
                };
            }
            self.check()?;
            if left.is_zero() {
                return Err(self.unreachable());
            }
        }
    }

    /// Asks with `ask`, which takes the longest that it may wait and may give up early, until there
    /// is an answer: longer each time, so that errors of the connections are seen meanwhile and a
    /// slow broker gets its time.
    pub(super) fn ask<T>(&self, ask: impl Fn(Duration) -> Result<T, Code>) -> Result<T> {
        let until = self.deadline();
        let mut patience = Duration::from_millis(200);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match ask(left.min(patience)) {
                Ok(answer) => {
                    self.note_answer();
                    return Ok(answer);
                }
                Err(code) => match error::kind(code) {
                    ErrorKind::TimedOut | ErrorKind::Unreachable => {}
                    _ => return Err(error::of_code(code)),
                },
            }
            self.check()?;
            if until <= Instant::now() {
                return Err(self.unreachable());
            }
            patience *= 2;
        }
    }
}

/// One line about a trouble that librdkafka gets over by itself.
pub(super) fn warning(trouble: &Trouble) -> String {
    let message = error::error(trouble).message;
    match error::kind(trouble.code) {
        ErrorKind::Unreachable | ErrorKind::TimedOut => {
            format!("a broker is away, and is tried again: {}", plain(&message))
        }
        _ => plain(&message).to_owned(),
    }
}

/// The last part of a line about a connection, without the names of threads.
pub(super) fn plain(text: &str) -> &str {
    match text.split_once("]: ") {
        Some((thread, rest)) if thread.starts_with("[thrd:") => rest,
        _ => text,
    }
}
