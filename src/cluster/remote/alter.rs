//! Owns changing topics on brokers. Leaves what topics are to `topics`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::ffi::Trouble;
use super::ffi::admin::{Operation, Options};
use super::ffi::change::{Changed, Results, Wanted};
use super::ffi::list::List;
use super::ffi::metadata::TopicInfo;
use super::ffi::queue::{Event, Queue};
use super::ffi::topic::Topic;
use super::session::Session;
use super::{Remote, error, lock};
use crate::cluster::error::{ClusterError, ErrorKind, Outcome, Result};
use crate::topic::{NewTopic, TopicChange, TopicName, TopicPartition};

/// How often is looked whether a topic that was made can be used.
const STEP: Duration = Duration::from_millis(5);

/// Sends one request and waits for its answer.
fn ask(
    session: &Session,
    operation: Operation,
    send: impl FnOnce(&Queue, &Options) -> Result<(), Trouble>,
) -> Result<Event> {
    ask_with(session, &Options::new(session.client(), operation, session.timeout()), send)
}

/// The same, with options of the caller's.
fn ask_with(
    session: &Session,
    options: &Options,
    send: impl FnOnce(&Queue, &Options) -> Result<(), Trouble>,
) -> Result<Event> {
    let queue = Queue::new(session.client());
    send(&queue, options).map_err(|trouble| error::error(&trouble))?;
    session.wait(&queue, session.deadline())
}

/// What became of each topic, in the order asked.
fn outcomes<'a>(
    names: impl Iterator<Item = &'a TopicName>,
    results: Results,
) -> Vec<Outcome<TopicName>> {
    let mut results: HashMap<String, _> = results.into_iter().collect();
    let mut one = |name: &TopicName| {
        let silent = || ClusterError::new(ErrorKind::Refused, "the broker said nothing about it");
        match results.remove(name.as_str()) {
            Some(result) => result.map_err(|trouble| about(&trouble, name)),
            None => Err(silent()),
        }
    };
    names.map(|name| Outcome { of: name.clone(), result: one(name) }).collect()
}

/// The error of a change to a topic: in our words where we have some, else in the broker's.
fn about(trouble: &Trouble, name: &TopicName) -> ClusterError {
    let mut error = error::error(trouble);
    match error.kind {
        ErrorKind::UnknownTopicOrPartition => ClusterError::unknown_topic(name.as_str()),
        ErrorKind::TopicAlreadyExists => {
            error.message = format!("topic `{name}` exists already");
            error.about(name.as_str())
        }
        _ => error.about(name.as_str()),
    }
}

/// Waits until topics that were made can be used: the controller has them sooner than the brokers.
fn await_leaders<'a>(session: &Session, names: impl Iterator<Item = &'a str>) {
    let until = session.deadline();
    for name in names {
        let Ok(topic) = Topic::new(session.client(), name, &[]) else { continue };
        let is_there = || {
            let led = |info: &TopicInfo| {
                let partitions = &info.partitions;
                info.code == error::NONE && partitions.iter().all(|of| of.leader >= 0)
            };
            topic.info(Duration::from_millis(500)).is_ok_and(|infos| infos.iter().all(led))
        };
        while !is_there() && Instant::now() < until {
            std::thread::sleep(STEP);
        }
    }
}

impl Remote {
    /// Creates topics.
    pub fn create_topics(&self, topics: &[NewTopic]) -> Result<Vec<Outcome<TopicName>>> {
        let wanted: Vec<_> = topics
            .iter()
            .map(|topic| Wanted {
                name: topic.name.as_str(),
                partitions: topic.partitions,
                replication_factor: topic.replication_factor.unwrap_or(-1),
                configs: &topic.configs,
            })
            .collect();
        let operation = Operation::RD_KAFKA_ADMIN_OP_CREATETOPICS;
        let session = self.session()?;
        let event =
            ask(session, operation, |queue, options| queue.create_topics(&wanted, options))?;
        let outcomes = outcomes(topics.iter().map(|topic| &topic.name), event.changes());
        let made = outcomes.iter().filter(|outcome| outcome.result.is_ok());
        await_leaders(session, made.map(|outcome| outcome.of.as_str()));
        Ok(outcomes)
    }

    /// Creates a topic that a producer misses, if that was asked for.
    pub fn create_missing_topic(&self, topic: &NewTopic, asked: bool) -> Result<()> {
        if !asked {
            return Err(ClusterError::unknown_topic(topic.name.as_str()));
        }
        let outcomes = self.create_topics(std::slice::from_ref(topic))?;
        outcomes.into_iter().try_for_each(|outcome| outcome.result)
    }

    /// Deletes topics.
    pub fn delete_topics(&self, names: &[TopicName]) -> Result<Vec<Outcome<TopicName>>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let texts: Vec<_> = names.iter().map(TopicName::as_str).collect();
        let operation = Operation::RD_KAFKA_ADMIN_OP_DELETETOPICS;
        let event = ask(self.session()?, operation, |queue, options| {
            queue.delete_topics(&texts, options);
            Ok(())
        })?;
        self.forget_limits(names.iter());
        Ok(outcomes(names.iter(), event.changes()))
    }

    /// Has the limits of topics asked for anew, which are other ones now.
    fn forget_limits<'a>(&self, names: impl Iterator<Item = &'a TopicName>) {
        let mut known = lock(&self.known);
        for name in names {
            known.remove(name);
        }
    }

    /// Changes partition counts and configs.
    pub fn alter_topics(&self, changes: &[TopicChange]) -> Result<Vec<Outcome<TopicName>>> {
        let session = self.session()?;
        let alter = |change: &TopicChange| Self::alter(session, change);
        let done =
            changes.iter().map(|c| Outcome { of: c.name.clone(), result: alter(c) }).collect();
        self.forget_limits(changes.iter().map(|change| &change.name));
        Ok(done)
    }

    /// Changes one topic: the configs first, which can be put back, then the partitions, which
    /// nothing takes back. That these can be had is asked before anything is changed.
    fn alter(session: &Session, change: &TopicChange) -> Result<()> {
        let name = change.name.as_str();
        let done = |event: Event| {
            event
                .changes()
                .into_iter()
                .try_for_each(|(_, result)| result.map_err(|trouble| about(&trouble, &change.name)))
        };
        let grow = Operation::RD_KAFKA_ADMIN_OP_CREATEPARTITIONS;
        if !change.set.is_empty() || !change.unset.is_empty() {
            if let Some(total) = change.partitions {
                let options = Options::new(session.client(), grow, session.timeout());
                done(ask_with(session, &options.validate_only(), |queue, options| {
                    queue.create_partitions(name, total, options)
                })?)?;
            }
            let changed = Changed { name, set: &change.set, unset: &change.unset };
            let operation = Operation::RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS;
            done(ask(session, operation, |queue, options| {
                queue.alter_configs(&changed, options)
            })?)?;
        }
        if let Some(total) = change.partitions {
            done(ask(session, grow, |queue, options| {
                queue.create_partitions(name, total, options)
            })?)?;
        }
        Ok(())
    }

    /// Deletes the records before an offset of each partition.
    pub fn delete_records(
        &self,
        before: &[(TopicPartition, i64)],
    ) -> Result<Vec<Outcome<TopicPartition, i64>>> {
        if before.is_empty() {
            return Ok(Vec::new());
        }
        let entries = before.iter().map(|(tp, offset)| (tp.topic.as_str(), tp.partition, *offset));
        let list = List::new(entries);
        let operation = Operation::RD_KAFKA_ADMIN_OP_DELETERECORDS;
        let event = ask(self.session()?, operation, |queue, options| {
            queue.delete_records(&list, options);
            Ok(())
        })?;
        let starts: HashMap<_, _> = event
            .starts()
            .into_iter()
            .map(|entry| ((entry.topic.clone(), entry.partition), entry))
            .collect();
        let one = |tp: &TopicPartition, wanted: i64| {
            let unknown = || ClusterError::unknown_topic(tp.topic.as_str());
            let key = (tp.topic.as_str().to_owned(), tp.partition);
            let entry = starts.get(&key).ok_or_else(unknown)?;
            error::check(entry.code).map_err(|error| match error.kind {
                ErrorKind::OffsetOutOfRange => {
                    let message = format!("offset {wanted} of {tp} is out of range");
                    ClusterError::new(ErrorKind::OffsetOutOfRange, message).about(tp.topic.as_str())
                }
                ErrorKind::UnknownTopicOrPartition => unknown(),
                _ => error.about(tp.topic.as_str()),
            })?;
            Ok(entry.offset)
        };
        Ok(before
            .iter()
            .map(|(tp, offset)| Outcome { of: tp.clone(), result: one(tp, *offset) })
            .collect())
    }
}
