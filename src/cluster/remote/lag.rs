//! Owns looking at single records behind offsets: their times, and how many there are. Leaves
//! offsets to `offsets`.
//!
//! Partitions are read side by side, from the first offset that is wanted of each; who wants a
//! later one gets it from the same reading if it is near, and has the partition read from there
//! again if it is not.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::config::Use;
use super::ffi::fetch::{END_OF_PARTITION, Message, TopicId};
use super::ffi::queue::Queue;
use super::ffi::topic::Topic;
use super::glance::Part;
use super::session::Session;
use super::{Remote, error, lock};
use crate::cluster::error::{ClusterError, ErrorKind, Outcome, Result};
use crate::topic::TopicPartition;

/// How long one wait for records lasts before the client's errors are looked at.
const TICK: Duration = Duration::from_millis(50);
/// Offsets that are read over rather than that a partition is read from somewhere else.
const NEAR: i64 = 500;

/// What comes of a partition that is looked at.
enum Seen {
    /// A record: its offset and its time.
    Record(i64, i64),
    /// Nothing more: the end is at this offset.
    End(i64),
    /// It cannot be read.
    Not(ClusterError),
}

/// What is to be done with the partition then.
enum Then {
    Go,
    Stop,
    /// Read from there on.
    From(i64),
}

/// Partitions that are looked at.
struct Look {
    session: Session,
    queue: Queue,
    topics: HashMap<String, Topic>,
    by_partition: HashMap<(TopicId, i32), usize>,
    /// Topic, partition, the offset from which it is read; `None` once it is not.
    parts: Vec<(TopicPartition, Option<i64>)>,
}

impl Look {
    /// Starts to look at partitions, each from an offset on.
    fn start(remote: &Remote, from: Vec<(TopicPartition, i64)>) -> Result<Self> {
        let session = lock(&remote.peeking).take();
        let session = session.map_or_else(|| remote.open_session(&Use::Peek), Ok)?;
        let queue = Queue::new(session.client());
        let mut look = Self {
            session,
            queue,
            topics: HashMap::new(),
            by_partition: HashMap::new(),
            parts: Vec::with_capacity(from.len()),
        };
        for (at, (of, from)) in from.into_iter().enumerate() {
            let name = of.topic.as_str();
            if !look.topics.contains_key(name) {
                let topic = Topic::new(look.session.client(), name, &[]);
                let topic = topic.map_err(|trouble| error::error(&trouble))?;
                look.topics.insert(name.to_owned(), topic);
            }
            let Some(topic) = look.topics.get(name) else { continue };
            look.by_partition.insert((topic.id(), of.partition), at);
            topic
                .start(of.partition, from, &look.queue)
                .map_err(|code| error::of_topic(code, name))?;
            look.parts.push((of, Some(from)));
        }
        Ok(look)
    }

    /// Looks until all is seen, or until `until`; answers whether all was.
    fn run(&mut self, until: Instant, mut see: impl FnMut(usize, Seen) -> Then) -> Result<bool> {
        let mut messages: Vec<Message> = Vec::new();
        while self.parts.iter().any(|(_, from)| from.is_some()) {
            let left = until.saturating_duration_since(Instant::now());
            self.queue.fetch(left.min(TICK), &mut messages);
            if messages.is_empty() {
                if left.is_zero() {
                    return Ok(false);
                }
                self.session.check()?;
            } else {
                self.session.note_answer();
            }
            while let Some(message) = messages.pop() {
                self.take(&message, &mut see)?;
            }
        }
        Ok(true)
    }

    /// Takes up one message.
    fn take(&mut self, message: &Message, see: &mut impl FnMut(usize, Seen) -> Then) -> Result<()> {
        let key = (message.topic(), message.partition());
        let Some(&at) = self.by_partition.get(&key) else { return Ok(()) };
        let Some((of, Some(from))) = self.parts.get(at).cloned() else { return Ok(()) };
        let seen = match message.code() {
            // Fetched before it was read from somewhere else.
            code if code == error::NONE && message.offset() < from => return Ok(()),
            code if code == error::NONE => Seen::Record(message.offset(), message.timestamp().1),
            code if code == END_OF_PARTITION && message.offset() < from => return Ok(()),
            code if code == END_OF_PARTITION => Seen::End(message.offset()),
            code => match error::kind(code) {
                ErrorKind::UnknownTopicOrPartition
                | ErrorKind::OffsetOutOfRange
                | ErrorKind::CorruptData
                | ErrorKind::TopicAuthorizationFailed => {
                    Seen::Not(error::of_topic(code, of.topic.as_str()))
                }
                // librdkafka tries again.
                _ => return Ok(()),
            },
        };
        let then = see(at, seen);
        let Some((_, from)) = self.parts.get_mut(at) else { return Ok(()) };
        let Some(topic) = self.topics.get(of.topic.as_str()) else { return Ok(()) };
        match then {
            Then::Go => {}
            Then::Stop => {
                *from = None;
                topic.stop(of.partition);
            }
            Then::From(offset) => {
                *from = Some(offset);
                topic.stop(of.partition);
                topic
                    .start(of.partition, offset, &self.queue)
                    .map_err(|code| error::of_topic(code, of.topic.as_str()))?;
            }
        }
        Ok(())
    }
}

/// Each partition with the first offset that is asked of it, and which of `between` are of it.
fn by_partition(
    between: &[(TopicPartition, i64, i64)],
) -> (Vec<(TopicPartition, i64)>, Vec<Vec<usize>>) {
    let (mut from, mut places) = (Vec::new(), Vec::<Vec<usize>>::new());
    let mut known: HashMap<&TopicPartition, usize> = HashMap::new();
    for (index, (of, start, end)) in between.iter().enumerate() {
        if start >= end {
            continue;
        }
        let part = *known.entry(of).or_insert_with(|| {
            from.push((of.clone(), *start));
            places.push(Vec::new());
            from.len() - 1
        });
        if let (Some((_, first)), Some(places)) = (from.get_mut(part), places.get_mut(part)) {
            *first = (*first).min(*start);
            places.push(index);
        }
    }
    (from, places)
}

impl Remote {
    /// Returns the timestamps of the first records at or behind offsets, which are sorted; `None`
    /// where there is none, or where it was not read within the timeout.
    pub fn record_times(&self, at: &[(TopicPartition, i64)]) -> Result<Vec<Option<i64>>> {
        let mut times = vec![None; at.len()];
        let mut parts: Vec<Part> = Vec::new();
        for (index, (of, offset)) in at.iter().enumerate() {
            match parts.last_mut() {
                Some(part) if part.of == *of => part.wanted.push_back((*offset, index)),
                _ => parts.push(Part::new(of.clone(), *offset, index)),
            }
        }
        if parts.is_empty() {
            return Ok(times);
        }
        // The time is that of the other questions of the command.
        let until = self.session()?.deadline();
        // What is left is wanted of each partition from its first offset on.
        let parts = self.glance(parts, &mut times, until);
        let first = |part: Part| Some(((part.of, part.wanted.front()?.0), part.wanted));
        let (from, mut wanted): (Vec<_>, Vec<_>) = parts.into_iter().filter_map(first).unzip();
        if from.is_empty() {
            return Ok(times);
        }
        let mut look = Look::start(self, from)?;
        look.run(until.min(look.session.deadline()), |part, seen| {
            let Some(wanted) = wanted.get_mut(part) else { return Then::Stop };
            let (offset, time) = match seen {
                Seen::Record(offset, time) => (offset, time),
                Seen::End(_) | Seen::Not(_) => return Then::Stop,
            };
            while let Some(&(first, index)) = wanted.front()
                && first <= offset
            {
                if let Some(place) = times.get_mut(index) {
                    *place = Some(time);
                }
                wanted.pop_front();
            }
            match wanted.front() {
                None => Then::Stop,
                Some(&(next, _)) if next - offset > NEAR => Then::From(next),
                Some(_) => Then::Go,
            }
        })?;
        Ok(times)
    }

    /// Counts the records between two offsets of each partition, by reading them, those of
    /// transactions that were taken back too.
    pub fn count_records(
        &self,
        between: &[(TopicPartition, i64, i64)],
    ) -> Result<Vec<Outcome<TopicPartition, i64>>> {
        let (from, places) = by_partition(between);
        let mut counts: Vec<Result<i64>> = between.iter().map(|_| Ok(0)).collect();
        if !from.is_empty() {
            let mut look = Look::start(self, from)?;
            let until = look.session.deadline();
            let range = |index: &usize| between.get(*index).map_or((0, 0), |(_, a, b)| (*a, *b));
            let is_all = look.run(until, |part, seen| {
                let Some(places) = places.get(part) else { return Then::Stop };
                let last = places.iter().map(|index| range(index).1).max().unwrap_or(0);
                match seen {
                    Seen::Record(offset, _) => {
                        for index in places {
                            let (a, b) = range(index);
                            if (a..b).contains(&offset)
                                && let Some(Ok(count)) = counts.get_mut(*index)
                            {
                                *count += 1;
                            }
                        }
                        if offset + 1 >= last { Then::Stop } else { Then::Go }
                    }
                    Seen::End(end) => {
                        if end >= last {
                            Then::Stop
                        } else {
                            Then::Go
                        }
                    }
                    Seen::Not(error) => {
                        for index in places {
                            let (kind, message) = (error.kind, error.message.clone());
                            if let Some(count) = counts.get_mut(*index) {
                                *count = Err(ClusterError::new(kind, message));
                            }
                        }
                        Then::Stop
                    }
                }
            })?;
            if !is_all {
                let seconds = self.limits.timeout.as_millis();
                let message = format!(
                    "on brokers records are counted by reading them, and {seconds} ms were too \
                     short for that"
                );
                return Err(ClusterError::new(ErrorKind::TimedOut, message));
            }
        }
        let outcome = |((of, ..), result): (&(TopicPartition, i64, i64), _)| Outcome {
            of: of.clone(),
            result,
        };
        Ok(between.iter().zip(counts).map(outcome).collect())
    }
}
