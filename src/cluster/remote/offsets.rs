//! Owns asking for offsets of many partitions: one request to each leader, and an answer or an
//! error for each partition.

use std::collections::HashMap;

use super::ffi::admin::{Listed, Operation, Options};
use super::ffi::list::List;
use super::ffi::queue::Queue;
use super::session::Session;
use super::{Remote, error};
use crate::cluster::error::{ClusterError, ErrorKind, Outcome, Result};
use crate::cluster::types::{ListedOffset, OffsetAt};
use crate::topic::TopicPartition;

/// Partitions of one request: librdkafka takes time that grows with their square.
const CHUNK: usize = 1000;

/// The largest timestamp, in the words of `ListOffsets`.
const NEWEST: i64 = -3;

/// What is asked for: a word of `ListOffsets`, and whether only what was committed counts.
pub(super) type Asked = (i64, bool);

/// The words of `ListOffsets`.
pub(super) const fn asked(at: OffsetAt) -> Asked {
    (word(at), matches!(at, OffsetAt::LastStable))
}

/// The same without how an end is meant.
const fn word(at: OffsetAt) -> i64 {
    match at {
        OffsetAt::Start => -2,
        OffsetAt::End | OffsetAt::LastStable => -1,
        OffsetAt::Timestamp(time) => {
            if time < 0 {
                0
            } else {
                time
            }
        }
    }
}

/// Offsets by topic and partition.
#[derive(Debug, Default)]
pub(super) struct Offsets(HashMap<(String, i32), Listed>);

impl Offsets {
    /// What was answered for a partition.
    pub(super) fn get(&self, topic: &str, partition: i32) -> Result<&Listed> {
        let unknown = || ClusterError::unknown_topic(topic);
        let listed = self.0.get(&(topic.to_owned(), partition)).ok_or_else(unknown)?;
        error::check(listed.entry.code)?;
        // librdkafka has no error for a broker that went away while it was asked. No offset is -1.
        if listed.entry.offset < -1 {
            let message = format!("nobody told where partition {partition} of `{topic}` stands");
            return Err(ClusterError::new(ErrorKind::Unreachable, message).about(topic));
        }
        Ok(listed)
    }
}

/// Asks for several offsets of each partition at once: one request goes to each leader.
pub(super) fn ask(session: &Session, of: &[(&str, i32)], all: &[Asked]) -> Result<Vec<Offsets>> {
    let queue = Queue::new(session.client());
    let mut found: Vec<Offsets> = all.iter().map(|_| Offsets::default()).collect();
    let mut waiting = 0;
    for chunk in of.chunks(CHUNK) {
        for (tag, (word, committed_only)) in all.iter().enumerate() {
            let list = List::new(chunk.iter().map(|&(topic, p)| (topic, p, *word)));
            let operation = Operation::RD_KAFKA_ADMIN_OP_LISTOFFSETS;
            let mut options = Options::new(session.client(), operation, session.timeout()).tag(tag);
            if *committed_only {
                options = options.committed_only();
            }
            queue.list_offsets(&list, &options);
            waiting += 1;
        }
    }
    let until = session.deadline();
    for _ in 0..waiting {
        let event = session.wait(&queue, until)?;
        let Some(offsets) = found.get_mut(event.tag()) else { continue };
        for listed in event.offsets() {
            let key = (listed.entry.topic.clone(), listed.entry.partition);
            offsets.0.insert(key, listed);
        }
    }
    Ok(found)
}

impl Remote {
    /// Asks for several offsets of each partition at once.
    pub(super) fn offsets(&self, of: &[(&str, i32)], all: &[Asked]) -> Result<Vec<Offsets>> {
        ask(self.session()?, of, all)
    }

    /// Returns one offset of each partition.
    pub fn list_offsets(
        &self,
        of: &[TopicPartition],
        at: OffsetAt,
    ) -> Result<Vec<Outcome<TopicPartition, ListedOffset>>> {
        let named: Vec<_> = of.iter().map(|tp| (tp.topic.as_str(), tp.partition)).collect();
        // Where no record is that late, the answer is the end.
        let wanted: &[Asked] = match at {
            OffsetAt::Timestamp(_) => &[asked(at), asked(OffsetAt::End)],
            _ => &[asked(at)],
        };
        let answers = self.offsets(&named, wanted)?;
        let one = |tp: &TopicPartition| -> Result<ListedOffset> {
            let (topic, partition) = (tp.topic.as_str(), tp.partition);
            let mut last = ListedOffset { offset: -1, timestamp_ms: -1 };
            for answer in &answers {
                let listed = answer.get(topic, partition)?;
                last = ListedOffset {
                    offset: listed.entry.offset,
                    timestamp_ms: match at {
                        OffsetAt::Timestamp(_) => listed.timestamp_ms,
                        _ => -1,
                    },
                };
                if last.offset >= 0 {
                    break;
                }
            }
            Ok(last)
        };
        Ok(of.iter().map(|tp| Outcome { of: tp.clone(), result: one(tp) }).collect())
    }

    /// The start, the end and the largest timestamp of each partition.
    pub(super) fn extents(&self, of: &[(&str, i32)], newest: bool) -> Result<Vec<Offsets>> {
        let words = [asked(OffsetAt::Start), asked(OffsetAt::End), (NEWEST, false)];
        self.offsets(of, if newest { &words } else { words.get(..2).unwrap_or_default() })
    }
}
