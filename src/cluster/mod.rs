//! Owns the seam: one set of verbs over two kinds of cluster. Leaves the work to the back ends.
//!
//! The outer `Result` means that the question could not be put; the inner one, in an [`Outcome`],
//! that the answer for this item is no.

pub mod error;
pub mod types;

use self::error::{ClusterError, ErrorKind, Outcome, Result};
use self::types::{Limits, ListedOffset, OffsetAt, Target};
use crate::topic::{NewTopic, TopicChange, TopicDetail, TopicName, TopicPartition};

/// A cluster of either kind.
#[derive(Debug)]
pub enum Cluster {
    /// A log directory.
    Embedded,
}

impl Cluster {
    /// Opens `target`. A directory is not created by this; the verbs that write create it.
    pub fn open(_target: &Target, _limits: Limits) -> Result<Self> {
        Ok(Self::Embedded)
    }

    /// Returns every topic, sorted by name.
    pub fn list_topics(&self) -> Result<Vec<TopicDetail>> {
        Err(ClusterError::new(ErrorKind::Unsupported, "stub"))
    }

    /// Returns the named topics, in the order asked.
    pub fn describe_topics(
        &self,
        _names: &[TopicName],
    ) -> Result<Vec<Outcome<TopicName, TopicDetail>>> {
        Err(ClusterError::new(ErrorKind::Unsupported, "stub"))
    }

    /// Creates topics. Existing ones are `TopicAlreadyExists` in their outcome.
    pub fn create_topics(&self, _topics: &[NewTopic]) -> Result<Vec<Outcome<TopicName>>> {
        Err(ClusterError::new(ErrorKind::Unsupported, "stub"))
    }

    /// Deletes topics with all their records.
    pub fn delete_topics(&self, _names: &[TopicName]) -> Result<Vec<Outcome<TopicName>>> {
        Err(ClusterError::new(ErrorKind::Unsupported, "stub"))
    }

    /// Changes partition counts and configs.
    pub fn alter_topics(&self, _changes: &[TopicChange]) -> Result<Vec<Outcome<TopicName>>> {
        Err(ClusterError::new(ErrorKind::Unsupported, "stub"))
    }

    /// Deletes the records before an offset of each partition; answers the new log start offsets.
    /// An offset above the end is `OffsetOutOfRange`.
    pub fn delete_records(
        &self,
        _before: &[(TopicPartition, i64)],
    ) -> Result<Vec<Outcome<TopicPartition, i64>>> {
        Err(ClusterError::new(ErrorKind::Unsupported, "stub"))
    }

    /// Returns one offset of each partition.
    pub fn list_offsets(
        &self,
        _of: &[TopicPartition],
        _at: OffsetAt,
    ) -> Result<Vec<Outcome<TopicPartition, ListedOffset>>> {
        Err(ClusterError::new(ErrorKind::Unsupported, "stub"))
    }
}
