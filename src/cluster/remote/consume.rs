//! Owns reading given partitions from brokers, to an exact end or for ever. Leaves fetching ahead
//! to librdkafka.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Remote;
use super::config::Use;
use super::error;
use super::ffi::fetch::{END_OF_PARTITION, Message, TopicId};
use super::ffi::queue::Queue;
use super::ffi::topic::Topic;
use super::looking::Looking;
use super::session::Session;
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::types::{ConsumeFrom, Hole, Polled};
use crate::record::RecordBuffer;
use crate::sys::Word;
use crate::topic::{TopicName, TopicPartition};

/// How long one wait for records lasts before the client's errors are looked at.
const TICK: Duration = Duration::from_millis(100);
/// Bytes of records that one poll brings, about.
const POLL_BYTES: usize = 1 << 20;

/// One partition that is read.
#[derive(Debug)]
struct Part {
    topic: TopicId,
    name: TopicName,
    partition: i32,
    /// The first offset that is still wanted.
    next: i64,
    to: i64,
    done: bool,
}

/// Reads records of several partitions.
#[derive(Debug)]
pub struct Consumer {
    session: Session,
    queue: Queue,
    topics: HashMap<TopicId, Topic>,
    parts: Vec<Part>,
    /// Where a message belongs.
    by_partition: HashMap<(TopicId, i32), usize>,
    /// Taken from librdkafka and not handed on yet; the next is the last.
    waiting: Vec<Message>,
    /// When something last came.
    moved: Instant,
    looking: Looking,
    /// Offsets without records; `None` where nobody asks.
    holes: Option<Vec<(TopicPartition, Hole)>>,
}

impl Remote {
    /// A consumer of the given partitions. That an offset is outside a log is seen when it is read.
    pub fn consumer(&self, from: &[ConsumeFrom]) -> Result<Consumer> {
        // Whoever stops at an end learns of it by an answer without records: brokers keep those
        // back, in the hope of some.
        let ends = from.iter().all(|from| from.to.is_some());
        let committed = self.reads_committed();
        let session = self.open_session(&Use::Consume { ends, committed })?;
        let queue = Queue::new(session.client());
        // Who begins with nothing reads topics that are to come.
        let looking = Looking::new(from.is_empty(), session.timeout());
        let mut consumer = Consumer {
            session,
            queue,
            topics: HashMap::new(),
            parts: Vec::with_capacity(from.len()),
            by_partition: HashMap::new(),
            waiting: Vec::new(),
            moved: Instant::now(),
            looking,
            holes: None,
        };
        consumer.extend(from)?;
        Ok(consumer)
    }
}

impl Consumer {
    /// Adds partitions.
    pub fn extend(&mut self, from: &[ConsumeFrom]) -> Result<()> {
        let mut last: Option<(TopicName, TopicId)> = None;
        for from in from {
            let topic = match &last {
                Some((name, topic)) if *name == from.topic => *topic,
                _ => self.add_topic(&from.topic)?,
            };
            last = Some((from.topic.clone(), topic));
            self.add(topic, from)?;
        }
        Ok(())
    }

    /// Takes all partitions of a topic away.
    pub fn remove_topic(&mut self, name: &str) {
        for part in self.parts.iter_mut().filter(|part| part.name.as_str() == name && !part.done) {
            part.done = true;
            stop(&self.topics, part);
        }
    }

    /// What is worth a warning since this was last asked.
    pub fn take_warnings(&self) -> Vec<String> {
        self.session.take_news()
    }

    /// From now on notes which offsets have no record.
    pub fn note_holes(&mut self) {
        self.holes.get_or_insert_default();
    }

    /// The offsets without records that were passed since this was last asked.
    pub fn take_holes(&mut self) -> Vec<(TopicPartition, Hole)> {
        self.holes.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Whether there may be other topics, or more partitions, since this was last asked.
    pub fn take_changed(&mut self) -> bool {
        // Who has nothing to read does not poll, which is when it looks.
        std::mem::take(&mut self.looking.changed) || self.is_of_nothing()
    }

    /// Whether it has no partition.
    pub const fn is_of_nothing(&self) -> bool {
        self.parts.is_empty()
    }

    fn add_topic(&mut self, name: &TopicName) -> Result<TopicId> {
        let topic = Topic::new(self.session.client(), name.as_str(), &[])
            .map_err(|trouble| error::error(&trouble))?;
        let id = topic.id();
        self.topics.entry(id).or_insert(topic);
        Ok(id)
    }

    fn add(&mut self, topic: TopicId, from: &ConsumeFrom) -> Result<()> {
        let to = from.to.unwrap_or(i64::MAX);
        let done = from.from >= to;
        if !done && let Some(topic) = self.topics.get(&topic) {
            let started = topic.start(from.partition, from.from, &self.queue);
            started.map_err(|code| error::of_topic(code, from.topic.as_str()))?;
        }
        self.by_partition.insert((topic, from.partition), self.parts.len());
        let (name, partition) = (from.topic.clone(), from.partition);
        self.parts.push(Part { topic, name, partition, next: from.from, to, done });
        Ok(())
    }

    /// Reads records of one partition into `buffer`, or waits for some until `until`, or until one
    /// of the words beside no longer holds its value.
    pub fn poll(
        &mut self,
        buffer: &mut RecordBuffer,
        until: Instant,
        beside: &[Word<'_>],
    ) -> Result<Polled> {
        loop {
            if let Some(of) = self.hand_on(buffer)? {
                return Ok(Polled::Records { of });
            }
            if self.parts.iter().all(|part| part.done) {
                return Ok(Polled::Finished);
            }
            if self.looking.is_due()
                && !self.is_away()
                && let Some(of) = self.look()
            {
                return Ok(Polled::Deleted { of });
            }
            let left = until.saturating_duration_since(Instant::now());
            self.queue.fetch(left.min(TICK), &mut self.waiting);
            if !self.waiting.is_empty() {
                self.session.note_answer();
                if self.is_getting_on() {
                    self.moved = Instant::now();
                    continue;
                }
            }
            self.check()?;
            let stirred = beside.iter().any(|(word, value)| word.load(Ordering::Acquire) != *value);
            if left.is_zero() || stirred || self.session.has_news() {
                return Ok(Polled::Nothing);
            }
        }
    }

    /// Whether no broker is connected. A question would have to wait for one, and librdkafka asks
    /// after it as often as it can for as long as that takes.
    pub fn is_away(&self) -> bool {
        self.session.is_down(Duration::ZERO)
    }

    /// Looks which topics there are; answers a partition of one that was deleted.
    fn look(&mut self) -> Option<usize> {
        let read = || self.parts.iter().filter(|part| !part.done);
        let ours = read().map(|part| part.name.as_str());
        let gone = self.looking.look(self.session.client(), ours)?;
        self.parts.iter().position(|part| !part.done && part.name.as_str() == gone)
    }

    /// Whether there is something among what waits that was not read yet. A broker may send the
    /// same again and again, and nothing but errors.
    fn is_getting_on(&self) -> bool {
        let is_new = |message: &Message| {
            let of = self.by_partition.get(&(message.topic(), message.partition()));
            let part = of.and_then(|&of| self.parts.get(of)).filter(|part| !part.done);
            part.is_some_and(|part| match message.code() {
                error::NONE => message.offset() >= part.next,
                code => code == END_OF_PARTITION && message.offset() >= part.to,
            })
        };
        self.waiting.iter().any(is_new)
    }

    /// Fails when waiting any longer makes no sense. Who follows waits for brokers to come back.
    fn check(&self) -> Result<()> {
        self.session.check_denied()?;
        let ends = self.parts.iter().all(|part| part.to != i64::MAX);
        if ends && self.moved.elapsed() >= self.session.timeout() {
            return Err(self.session.unreachable());
        }
        Ok(())
    }

    /// Moves what waits for one partition to `buffer`, and answers which that is.
    fn hand_on(&mut self, buffer: &mut RecordBuffer) -> Result<Option<usize>> {
        let mut of = None;
        buffer.clear();
        while let Some(message) = self.waiting.last() {
            let key = (message.topic(), message.partition());
            if message.code() != error::NONE {
                if of.is_some() {
                    break;
                }
                self.take_error()?;
                continue;
            }
            let Some(&index) = self.by_partition.get(&key) else {
                self.waiting.pop();
                continue;
            };
            if of.is_some_and(|of| of != index) || buffer.arena.len() >= POLL_BYTES {
                break;
            }
            let Some(part) = self.parts.get_mut(index) else { continue };
            let offset = message.offset();
            if part.done || offset < part.next {
                self.waiting.pop();
                continue;
            }
            note_hole(&mut self.holes, part, offset.min(part.to));
            part.next = part.next.max(offset.min(part.to));
            if offset < part.to {
                if !message.append_to(buffer) {
                    break;
                }
                of = Some(index);
                part.next = offset + 1;
            }
            if offset + 1 >= part.to {
                part.done = true;
                stop(&self.topics, part);
            }
            self.waiting.pop();
        }
        Ok(of)
    }

    /// Takes up a message that is an error.
    fn take_error(&mut self) -> Result<()> {
        let Some(message) = self.waiting.pop() else { return Ok(()) };
        let index = self.by_partition.get(&(message.topic(), message.partition()));
        let part = index.and_then(|&index| self.parts.get_mut(index));
        if message.code() == END_OF_PARTITION {
            // Control records and holes stand before it, and nothing that is wanted.
            if let Some(part) = part.filter(|part| !part.done && message.offset() >= part.to) {
                note_hole(&mut self.holes, part, part.to);
                part.done = true;
                stop(&self.topics, part);
            }
            return Ok(());
        }
        let name = part.map_or_else(|| message.topic_name(), |part| part.name.to_string());
        match error::kind(message.code()) {
            ErrorKind::UnknownTopicOrPartition => Err(error::gone_topic(&name)),
            ErrorKind::OffsetOutOfRange => {
                let message = format!(
                    "partition {} of topic `{name}`: {}",
                    message.partition(),
                    message.error_text()
                );
                Err(ClusterError::new(ErrorKind::OffsetOutOfRange, message).about(&name))
            }
            kind if kind.is_denial() => Err(error::of_topic(message.code(), &name)),
            ErrorKind::CorruptData | ErrorKind::AuthenticationFailed | ErrorKind::TlsFailed => {
                let text = message.error_text();
                Err(ClusterError::new(error::kind(message.code()), format!("`{name}`: {text}")))
            }
            // librdkafka tries again.
            _ => Ok(()),
        }
    }
}

/// Notes that brokers have no record from where a partition was read to up to `end`. Why, they do
/// not say.
fn note_hole(holes: &mut Option<Vec<(TopicPartition, Hole)>>, part: &Part, end: i64) {
    let Some(holes) = holes.as_mut().filter(|_| part.next < end) else { return };
    let of = TopicPartition { topic: part.name.clone(), partition: part.partition };
    holes.push((of, Hole { first: part.next, last: end - 1, why: "not there" }));
}

/// Stops to read a partition.
fn stop(topics: &HashMap<TopicId, Topic>, part: &Part) {
    if let Some(topic) = topics.get(&part.topic) {
        topic.stop(part.partition);
    }
}
