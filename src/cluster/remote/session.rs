//! Owns a client in use: its errors as they come, and waiting for an answer with a deadline. Leaves
//! the requests to the verbs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rdkafka_sys::bindings::rd_kafka_resp_err_t as Known;

use super::config::{self, Use};
use super::error;
use super::ffi::handle::{Client, Log};
use super::ffi::metadata::TopicInfo;
use super::ffi::queue::{DELIVERIES, ERRORS, Event, Queue, REBALANCES};
use super::ffi::{Code, Trouble};
use super::health::Health;
use super::told::{self, About};
use super::{lock, token};
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::types::{Brokers, Limits};

/// How long one wait lasts before the client's own errors are looked at.
const TICK: Duration = Duration::from_millis(20);
/// How long brokers that are all down are given where none of them has ever answered and nobody has
/// asked for a time: who starts a broker and asks it at once gets an answer, who has mistaken its
/// name does not wait for long.
const DOWN_MAX: Duration = Duration::from_millis(1500);

/// A question that comes so long after the last one has a time of its own.
const PAUSE: Duration = Duration::from_millis(50);
/// The least that a question is given when others before it have taken the time of the command.
const LEAST: Duration = Duration::from_millis(1500);
/// How long a look at topics is waited for, where the answer is not needed.
pub(super) const LOOK_MAX: Duration = Duration::from_millis(500);
/// How long what is under way may take once a record was not answered in time.
const LATE_MAX: Duration = Duration::from_millis(500);
/// How long librdkafka keeps a failure to itself that it has told.
const REPEATED: Duration = Duration::from_secs(30);

/// A client and its errors.
#[derive(Debug)]
pub(super) struct Session {
    client: Arc<Client>,
    main: Queue,
    health: Mutex<Health>,
    /// Somebody else takes the client's events.
    is_left: AtomicBool,
    limits: Limits,
    /// When the questions of this command began, and when something was last heard of one; `None`
    /// where each has its own time.
    asking: Option<Mutex<(Instant, Instant)>>,
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
        let (main, about) = (Queue::main(&client), About::new(brokers, log));
        let health = Mutex::new(Health::new(about.clone()));
        let is_left = AtomicBool::new(false);
        let now = Instant::now();
        let asking = matches!(usage, Use::Ask | Use::Peek).then(|| Mutex::new((now, now)));
        Ok(Self { client, main, health, is_left, limits, asking, about })
    }

    /// The client.
    pub(super) const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// The client's own events.
    pub(super) const fn main(&self) -> &Queue {
        &self.main
    }

    /// The topics that the client was told of, if they can be found out at once.
    pub(super) fn known_topics(&self) -> Vec<TopicInfo> {
        self.client.topics(LOOK_MAX).unwrap_or_default()
    }

    /// Looks who leads partitions now.
    pub(super) fn look_at_leaders(&self) {
        // Who asks next sees what came of it.
        drop(self.client.all_topics(LOOK_MAX));
    }

    /// How long a request may take.
    pub(super) const fn timeout(&self) -> Duration {
        self.limits.timeout
    }

    /// What is known of the connections now.
    fn health(&self) -> MutexGuard<'_, Health> {
        let mut health = lock(&self.health);
        health.note_answers(self.client.answers());
        health
    }

    /// Leaves the client's events to who settles records: nobody else may take one then, since it
    /// may be the fate of some.
    pub(super) fn leave_events(&self) {
        self.is_left.store(true, Ordering::Release);
    }

    /// Takes up what the client has to say, without waiting.
    fn look(&self) {
        while !self.is_left.load(Ordering::Acquire)
            && let Some(event) = self.main.poll(Duration::ZERO)
        {
            if event.kind() == ERRORS
                && let Err(trouble) = event.check()
            {
                self.note(trouble);
            }
        }
    }

    /// Takes up an error of the client.
    pub(super) fn note(&self, trouble: Trouble) {
        self.health().note(trouble, self.client.answers());
    }

    /// What is worth a line since this was last asked.
    pub(super) fn take_news(&self) -> Vec<String> {
        self.look();
        self.health().take_news()
    }

    /// Has a line told.
    pub(super) fn add_news(&self, line: String) {
        self.health().add_news(line);
    }

    /// Whether there is any.
    pub(super) fn has_news(&self) -> bool {
        self.health().has_news()
    }

    /// Notes that a question was answered.
    pub(super) fn note_answer(&self) {
        self.note_heard();
        self.health().note_answer();
    }

    /// Fails when trying again does not help.
    pub(super) fn check_denied(&self) -> Result<()> {
        self.look();
        self.health().denied().map_or(Ok(()), |denied| Err(self.told(denied)))
    }

    /// Fails when waiting any longer makes no sense. Brokers that have answered before are waited
    /// for: they come back.
    pub(super) fn check(&self) -> Result<()> {
        self.check_denied()?;
        let Limits { timeout, is_asked_for, .. } = self.limits;
        // Who answers and then names others that are not there will not name better ones.
        let is_early = is_asked_for && !self.client.is_heard();
        let most = if is_early { timeout } else { DOWN_MAX };
        let is_lost = self.is_down(most) && self.client.answers() == 0;
        if is_lost { Err(self.unreachable()) } else { Ok(()) }
    }

    /// Whether no broker has been connected for so long.
    pub(super) fn is_down(&self, at_least: Duration) -> bool {
        self.health().down().is_some_and(|down| down >= at_least)
    }

    /// Fails some time after a record was not answered in time, where nothing more is to be sent:
    /// what came after it has no better hope.
    pub(super) fn check_late(&self, late: Option<&Instant>) -> Result<()> {
        match late {
            Some(late) if late.elapsed() >= LATE_MAX => Err(self.unreachable()),
            _ => Ok(()),
        }
    }

    /// The error of a question that has no answer: with what the connections said last.
    pub(super) fn unreachable(&self) -> ClusterError {
        self.note_heard();
        self.look();
        let last = self.health().last().cloned();
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
        let no_sense = [Known::RD_KAFKA_RESP_ERR__BAD_MSG, Known::RD_KAFKA_RESP_ERR__UNDERFLOW];
        if no_sense.map(Code::of).contains(&trouble.code) {
            let message = format!("an answer from {} makes no sense", self.about.list);
            return ClusterError::new(ErrorKind::Unreachable, message);
        }
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

    /// When a request that is made now has taken too long. Questions that follow each other at once
    /// are those of one command, and share its time.
    pub(super) fn deadline(&self) -> Instant {
        let (now, timeout) = (Instant::now(), self.limits.timeout);
        let Some(asking) = &self.asking else { return now + timeout };
        let mut asking = lock(asking);
        let (first, last) = &mut *asking;
        if now.saturating_duration_since(*last) > PAUSE {
            *first = now;
        }
        *last = now;
        let until = self.limits.until.map_or(*first + timeout, |at| at.min(*first + timeout));
        until.max(now + LEAST.min(timeout / 4))
    }

    /// Notes that something was heard of a question.
    fn note_heard(&self) {
        if let Some(asking) = &self.asking {
            lock(asking).1 = Instant::now();
        }
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

    /// Waits for the next answer in `queue`, for one that may as well come later. What becomes of
    /// the connections is taken up meanwhile, so that an outage is known from its start.
    pub(super) fn wait_quietly(&self, queue: &Queue, until: Instant) -> Result<Option<Event>> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if let Some(event) = queue.poll(left.min(TICK)) {
                return Ok(Some(event));
            }
            self.check_denied()?;
            if left.is_zero() {
                return Ok(None);
            }
        }
    }

    /// Asks with `ask`, which takes the longest that it may wait and may give up early, until there
    /// is an answer: longer each time, so that errors of the connections are seen meanwhile and a
    /// slow broker gets its time.
    pub(super) fn ask<T>(&self, ask: impl Fn(Duration) -> Result<T, Code>) -> Result<T> {
        self.ask_by(self.deadline(), ask)
    }

    /// The same, with an answer by `until`.
    pub(super) fn ask_by<T>(
        &self,
        until: Instant,
        ask: impl Fn(Duration) -> Result<T, Code>,
    ) -> Result<T> {
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
                    _ => return Err(self.failure(&Trouble::of(code))),
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
