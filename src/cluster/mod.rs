//! Owns the seam: one set of verbs over two kinds of cluster. Leaves the work to the back ends.
//!
//! The outer `Result` means that the question could not be put; the inner one, in an [`Outcome`],
//! that the answer for this item is no. Every call blocks, with a deadline: both back ends are
//! blocking libraries. Records go through [`Producer`] and [`Consumer`], many in one buffer.

mod embedded;
pub mod error;
pub mod types;

use self::embedded::Embedded;
pub use self::embedded::consume::Consumer;
pub use self::embedded::produce::Producer;
use self::error::{ClusterError, ErrorKind, Outcome, Result};
use self::types::{
    ConsumeFrom, Limits, ListedOffset, OffsetAt, ProducerOptions, Target, TopicLimits,
};
use crate::topic::{NewTopic, TopicChange, TopicDetail, TopicName, TopicPartition};

/// A cluster of either kind. An enum and not a trait object: the set is closed, and a verb that one
/// kind lacks is then a compile error.
#[derive(Debug)]
pub enum Cluster {
    /// A log directory.
    Embedded(Embedded),
}

impl Cluster {
    /// Opens `target`. A directory is not created by this; the verbs that write create it.
    pub fn open(target: &Target, limits: Limits) -> Result<Self> {
        match target {
            Target::Directory { path, explicit } => {
                Ok(Self::Embedded(Embedded::open(path, *explicit, limits)?))
            }
            Target::Brokers(_) => Err(ClusterError::new(
                ErrorKind::Unsupported,
                "this version works on log directories only, not on brokers",
            )),
        }
    }

    /// Returns every topic, sorted by name.
    pub fn list_topics(&self) -> Result<Vec<TopicDetail>> {
        match self {
            Self::Embedded(cluster) => cluster.list_topics(),
        }
    }

    /// Returns the named topics, in the order asked.
    pub fn describe_topics(
        &self,
        names: &[TopicName],
    ) -> Result<Vec<Outcome<TopicName, TopicDetail>>> {
        match self {
            Self::Embedded(cluster) => cluster.describe_topics(names),
        }
    }

    /// Returns what a topic takes; `None` if it does not exist.
    pub fn topic_limits(&self, topic: &TopicName) -> Result<Option<TopicLimits>> {
        match self {
            Self::Embedded(cluster) => cluster.topic_limits(topic),
        }
    }

    /// Creates topics. Existing ones are `TopicAlreadyExists` in their outcome.
    pub fn create_topics(&self, topics: &[NewTopic]) -> Result<Vec<Outcome<TopicName>>> {
        match self {
            Self::Embedded(cluster) => cluster.create_topics(topics),
        }
    }

    /// Creates a topic that a producer misses: always on a directory, which is the user's own; on
    /// brokers only if `asked`, since a slip in a name would make a topic for everybody.
    pub fn create_missing_topic(&self, topic: &NewTopic, asked: bool) -> Result<()> {
        match self {
            Self::Embedded(cluster) => cluster.create_missing_topic(topic, asked),
        }
    }

    /// Deletes topics with all their records.
    pub fn delete_topics(&self, names: &[TopicName]) -> Result<Vec<Outcome<TopicName>>> {
        match self {
            Self::Embedded(cluster) => cluster.delete_topics(names),
        }
    }

    /// Changes partition counts and configs.
    pub fn alter_topics(&self, changes: &[TopicChange]) -> Result<Vec<Outcome<TopicName>>> {
        match self {
            Self::Embedded(cluster) => cluster.alter_topics(changes),
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
        }
    }

    /// Returns a producer for one topic, which must exist.
    pub fn producer(&self, topic: &TopicName, options: ProducerOptions) -> Result<Producer> {
        match self {
            Self::Embedded(cluster) => cluster.producer(topic, options),
        }
    }

    /// Returns a consumer of the given partitions. Offsets outside a log are refused.
    pub fn consumer(&self, from: &[ConsumeFrom]) -> Result<Consumer> {
        match self {
            Self::Embedded(cluster) => cluster.consumer(from),
        }
    }
}
