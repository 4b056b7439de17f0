//! Owns the seam: one set of verbs over two kinds of cluster. Leaves the work to the back ends.
//!
//! The outer `Result` means that the question could not be put; the inner one, in an [`Outcome`],
//! that the answer for this item is no. Every call blocks, with a deadline: both back ends are
//! blocking libraries. Records go through [`Producer`] and [`Consumer`], many in one buffer.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

pub mod consume;
mod embedded;
pub mod error;
pub mod produce;
mod remote;
pub mod types;

pub use self::consume::{Consumer, GroupConsumer};
use self::embedded::Embedded;
pub use self::embedded::topics::TopicsWatch;
use self::error::{Outcome, Result};
pub use self::produce::Producer;
use self::remote::Remote;
use self::types::{
    Cared, ConsumeFrom, GroupOptions, Limits, ListedOffset, OffsetAt, Pace, ProducerOptions,
    Target, TopicLimits, Verified,
};
use crate::disk::guard::trust_all;
use crate::group::{CommittedOffset, DescribedGroup, GroupId, ListedGroup};
use crate::topic::{NewTopic, TopicChange, TopicDetail, TopicName, TopicPartition};

/// How often topics of brokers are looked at by who wants those that are new.
const WATCH_EVERY: Duration = Duration::from_secs(5);

/// A cluster of either kind. An enum and not a trait object: the set is closed, and a verb that one
/// kind lacks is then a compile error.
#[derive(Debug)]
pub enum Cluster {
    /// A log directory.
    Embedded(Box<Embedded>),
    /// Brokers.
    Remote(Box<Remote>),
}

impl Cluster {
    /// Opens `target`. A directory is not created by this; the verbs that write create it.
    pub fn open(target: &Target, limits: Limits) -> Result<Self> {
        match target {
            Target::Directory { path, explicit } => {
                Ok(Self::Embedded(Box::new(Embedded::open(path, *explicit, limits)?)))
            }
            Target::Brokers(brokers) => Ok(Self::Remote(Box::new(Remote::open(brokers, limits)))),
        }
    }

    /// From now on writes to log directories that others could change.
    pub fn trust_all_directories() {
        trust_all();
    }

    /// Whether records can be sent in transactions.
    pub const fn has_transactions(&self) -> bool {
        matches!(self, Self::Remote(_))
    }

    /// Says whether consumers that are yet to be made read only what was committed, which is what
    /// they do otherwise.
    pub fn read_committed(&self, only: bool) {
        match self {
            Self::Embedded(cluster) => cluster.read_committed(only),
            Self::Remote(cluster) => cluster.read_committed(only),
        }
    }

    /// Where consumers come to an end of what is there.
    pub fn end_to_read(&self) -> OffsetAt {
        match self {
            Self::Remote(cluster) if cluster.reads_committed() => OffsetAt::LastStable,
            // Consumers of a directory find out themselves how far they come.
            Self::Embedded(_) | Self::Remote(_) => OffsetAt::End,
        }
    }

    /// Has questions end by then, of those who wait for answers from elsewhere.
    pub fn end_by(&self, until: Instant) {
        if let Self::Remote(cluster) = self {
            cluster.end_by(until);
        }
    }

    /// Whether there are brokers that answer within so long; `None` where there are none. Fails
    /// where trying again does not help.
    pub fn is_answering(&self, at_most: Duration) -> Result<Option<bool>> {
        match self {
            Self::Embedded(_) => Ok(None),
            Self::Remote(cluster) => cluster.is_answering(at_most).map(Some),
        }
    }

    /// What the library below logged since this was last asked, as lines for people.
    pub fn take_log(&self) -> Vec<String> {
        match self {
            Self::Embedded(_) => Vec::new(),
            Self::Remote(cluster) => cluster.take_log(),
        }
    }

    /// What is worth a warning since this was last asked.
    pub fn take_warnings(&self) -> Vec<String> {
        match self {
            Self::Embedded(cluster) => cluster.take_warnings(),
            Self::Remote(_) => Vec::new(),
        }
    }

    /// How many requests were sent so far, where there are any.
    pub fn requests(&self) -> Option<u64> {
        match self {
            Self::Embedded(_) => None,
            Self::Remote(cluster) => Some(cluster.requests()),
        }
    }

    /// For how long quotas have held back requests so far, where there are any; more than passed
    /// where several connections were.
    pub fn throttled(&self) -> Option<Duration> {
        match self {
            Self::Embedded(_) => None,
            Self::Remote(cluster) => Some(cluster.throttled()),
        }
    }

    /// Returns every topic, sorted by name.
    pub fn list_topics(&self) -> Result<Vec<TopicDetail>> {
        match self {
            Self::Embedded(cluster) => cluster.list_topics(),
            Self::Remote(cluster) => cluster.list_topics(),
        }
    }

    /// Returns the named topics, in the order asked.
    pub fn describe_topics(
        &self,
        names: &[TopicName],
    ) -> Result<Vec<Outcome<TopicName, TopicDetail>>> {
        match self {
            Self::Embedded(cluster) => cluster.describe_topics(names),
            Self::Remote(cluster) => cluster.describe_topics(names),
        }
    }

    /// Returns what a topic takes; `None` if it does not exist.
    pub fn topic_limits(&self, topic: &TopicName) -> Result<Option<TopicLimits>> {
        match self {
            Self::Embedded(cluster) => cluster.topic_limits(topic),
            Self::Remote(cluster) => cluster.topic_limits(topic),
        }
    }

    /// Creates topics. Existing ones are `TopicAlreadyExists` in their outcome.
    pub fn create_topics(&self, topics: &[NewTopic]) -> Result<Vec<Outcome<TopicName>>> {
        match self {
            Self::Embedded(cluster) => cluster.create_topics(topics),
            Self::Remote(cluster) => cluster.create_topics(topics),
        }
    }

    /// Creates a topic that a producer misses: always on a directory, which is the user's own; on
    /// brokers only if `asked`, since a slip in a name would make a topic for everybody.
    pub fn create_missing_topic(&self, topic: &NewTopic, asked: bool) -> Result<()> {
        match self {
            Self::Embedded(cluster) => cluster.create_missing_topic(topic, asked),
            Self::Remote(cluster) => cluster.create_missing_topic(topic, asked),
        }
    }

    /// Deletes topics with all their records.
    pub fn delete_topics(&self, names: &[TopicName]) -> Result<Vec<Outcome<TopicName>>> {
        match self {
            Self::Embedded(cluster) => cluster.delete_topics(names),
            Self::Remote(cluster) => cluster.delete_topics(names),
        }
    }

    /// Changes partition counts and configs.
    pub fn alter_topics(&self, changes: &[TopicChange]) -> Result<Vec<Outcome<TopicName>>> {
        match self {
            Self::Embedded(cluster) => cluster.alter_topics(changes),
            Self::Remote(cluster) => cluster.alter_topics(changes),
        }
    }

    /// Deletes the records before an offset of each partition; answers the new log start offsets.
    /// An offset above the end is `OffsetOutOfRange`.
    pub fn delete_records(
        &self,
        before: &[(TopicPartition, i64)],
    ) -> Result<Vec<Outcome<TopicPartition, i64>>> {
        match self {
            Self::Embedded(cluster) => cluster.delete_records(before),
            Self::Remote(cluster) => cluster.delete_records(before),
        }
    }

    /// Returns one offset of each partition.
    pub fn list_offsets(
        &self,
        of: &[TopicPartition],
        at: OffsetAt,
    ) -> Result<Vec<Outcome<TopicPartition, ListedOffset>>> {
        match self {
            Self::Embedded(cluster) => cluster.list_offsets(of, at),
            Self::Remote(cluster) => cluster.list_offsets(of, at),
        }
    }

    /// Counts the records between two offsets of each partition, the second one left out: markers
    /// and what compaction took are no records.
    pub fn count_records(
        &self,
        between: &[(TopicPartition, i64, i64)],
    ) -> Result<Vec<Outcome<TopicPartition, i64>>> {
        match self {
            Self::Embedded(cluster) => cluster.count_records(between),
            Self::Remote(cluster) => cluster.count_records(between),
        }
    }

    /// Returns the timestamps of the first records at or behind offsets, which are sorted; `None`
    /// where there is none, or where it cannot be read.
    pub fn record_times(&self, at: &[(TopicPartition, i64)]) -> Result<Vec<Option<i64>>> {
        match self {
            Self::Embedded(cluster) => cluster.record_times(at),
            Self::Remote(cluster) => cluster.record_times(at),
        }
    }

    /// Whether it is a broker's directory, of which nothing can be repaired.
    pub fn is_only_read(&self) -> bool {
        match self {
            Self::Embedded(cluster) => cluster.is_only_read(),
            Self::Remote(_) => false,
        }
    }

    /// Checks every byte of topics, of all if none is named, and repairs them where that is asked
    /// for. What is about no partition is about the directory, or a topic that is not there.
    pub fn verify(
        &self,
        names: &[TopicName],
        repairs: bool,
        pace: &Pace,
    ) -> Result<Vec<Outcome<Option<TopicPartition>, Verified>>> {
        match self {
            Self::Embedded(cluster) => cluster.verify(names, repairs, pace),
            Self::Remote(_) => Err(remote::unsupported("brokers do not show their files")),
        }
    }

    /// Does to topics what their cleanup policy asks for, until `stop` is set.
    pub fn compact(
        &self,
        names: &[TopicName],
        rolls: bool,
        stop: &AtomicBool,
    ) -> Result<Vec<Outcome<TopicPartition, Cared>>> {
        match self {
            Self::Embedded(cluster) => cluster.compact(names, rolls, stop),
            Self::Remote(_) => Err(remote::unsupported("brokers compact when they see fit")),
        }
    }

    /// Returns every group, sorted by id.
    pub fn list_groups(&self) -> Result<Vec<ListedGroup>> {
        match self {
            Self::Embedded(cluster) => cluster.list_groups(),
            Self::Remote(cluster) => cluster.list_groups(),
        }
    }

    /// Returns the named groups, in the order asked. One of which nothing is known is
    /// `GroupIdNotFound`.
    pub fn describe_groups(
        &self,
        ids: &[GroupId],
    ) -> Result<Vec<Outcome<GroupId, DescribedGroup>>> {
        match self {
            Self::Embedded(cluster) => cluster.describe_groups(ids),
            Self::Remote(cluster) => cluster.describe_groups(ids),
        }
    }

    /// Returns what a group committed, sorted by partition; nothing of a group that is not known.
    /// Ask for ends of logs afterwards: the other way round gives a negative lag.
    pub fn fetch_offsets(&self, group: &GroupId) -> Result<Vec<CommittedOffset>> {
        let outcomes = self.fetch_all_offsets(std::slice::from_ref(group))?;
        outcomes.into_iter().next().map_or_else(|| Ok(Vec::new()), |outcome| outcome.result)
    }

    /// Returns what groups committed, in the order asked, likewise.
    pub fn fetch_all_offsets(
        &self,
        groups: &[GroupId],
    ) -> Result<Vec<Outcome<GroupId, Vec<CommittedOffset>>>> {
        match self {
            Self::Embedded(cluster) => {
                let fetch =
                    |id: &GroupId| Outcome { of: id.clone(), result: cluster.fetch_offsets(id) };
                Ok(groups.iter().map(fetch).collect())
            }
            Self::Remote(cluster) => cluster.fetch_offsets(groups),
        }
    }

    /// Commits offsets for a group from outside: those of partitions that exist, all at once. A
    /// group with members is `NonEmptyGroup`; one that is not known is made by it.
    pub fn commit_offsets(
        &self,
        group: &GroupId,
        to: &[CommittedOffset],
    ) -> Result<Vec<Outcome<TopicPartition>>> {
        match self {
            Self::Embedded(cluster) => cluster.commit_offsets(group, to),
            Self::Remote(cluster) => cluster.commit_offsets(group, to),
        }
    }

    /// Forgets what a group committed for partitions, all at once. A group with members is
    /// `NonEmptyGroup`.
    pub fn delete_offsets(
        &self,
        group: &GroupId,
        of: &[TopicPartition],
    ) -> Result<Vec<Outcome<TopicPartition>>> {
        match self {
            Self::Embedded(cluster) => cluster.delete_offsets(group, of),
            Self::Remote(cluster) => cluster.delete_offsets(group, of),
        }
    }

    /// Deletes groups with all that they committed. A group with members is `NonEmptyGroup`.
    pub fn delete_groups(&self, ids: &[GroupId]) -> Result<Vec<Outcome<GroupId>>> {
        match self {
            Self::Embedded(cluster) => cluster.delete_groups(ids),
            Self::Remote(cluster) => cluster.delete_groups(ids),
        }
    }

    /// Returns a producer for one topic, which must exist.
    pub fn producer(&self, topic: &TopicName, options: ProducerOptions) -> Result<Producer> {
        match self {
            Self::Embedded(cluster) => {
                Ok(Producer::Embedded(Box::new(cluster.producer(topic, options)?)))
            }
            Self::Remote(_) if options.resume.is_some() => {
                Err(remote::unsupported("brokers do not say where a producer stopped"))
            }
            Self::Remote(cluster) => cluster.producer(topic, options),
        }
    }

    /// Joins a group, and returns its new member.
    pub fn group_consumer(&self, options: GroupOptions) -> Result<GroupConsumer> {
        match self {
            Self::Embedded(cluster) => {
                Ok(GroupConsumer::Embedded(Box::new(cluster.group_consumer(options)?)))
            }
            Self::Remote(cluster) => {
                Ok(GroupConsumer::Remote(Box::new(cluster.group_consumer(options)?)))
            }
        }
    }

    /// Returns a consumer of nothing yet, for topics that are to come.
    pub fn consumer_to_be(&self) -> Result<Consumer> {
        match self {
            Self::Embedded(cluster) => cluster.consumer_to_be().map(Consumer::Embedded),
            Self::Remote(cluster) => Ok(Consumer::Remote(Box::new(cluster.consumer(&[])?))),
        }
    }

    /// Adds partitions to a consumer, which polls call by numbers from `first` on. Those that are
    /// gone by now are left out.
    pub fn extend_consumer(
        &self,
        consumer: &mut Consumer,
        from: &[ConsumeFrom],
        first: usize,
    ) -> Result<()> {
        match (self, consumer) {
            (Self::Embedded(cluster), Consumer::Embedded(consumer)) => {
                cluster.extend_consumer(consumer, from, first)
            }
            (_, Consumer::Remote(consumer)) => consumer.extend(from),
            (Self::Remote(_), Consumer::Embedded(_)) => Ok(()),
        }
    }

    /// Returns what tells that topics came, went or grew.
    pub fn watch_topics(&self) -> Result<TopicsWatch> {
        match self {
            Self::Embedded(cluster) => cluster.watch_topics(),
            Self::Remote(_) => Ok(TopicsWatch::timed(WATCH_EVERY)),
        }
    }

    /// Returns a consumer of the given partitions. Offsets outside a log are refused.
    pub fn consumer(&self, from: &[ConsumeFrom]) -> Result<Consumer> {
        match self {
            Self::Embedded(cluster) => Ok(Consumer::Embedded(cluster.consumer(from)?)),
            Self::Remote(cluster) => Ok(Consumer::Remote(Box::new(cluster.consumer(from)?))),
        }
    }
}
