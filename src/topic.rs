//! Owns the nouns of topics and partitions: names, ids, and what an answer about them holds.
//! Leaves finding and changing them to `cluster`.

use std::fmt;
use std::sync::Arc;

use regex::Regex;

/// The longest topic name Kafka accepts, in bytes (`Topic.MAX_NAME_LENGTH`).
pub const NAME_MAX_BYTES: usize = 249;

/// A topic name that follows Kafka's rule: `[a-zA-Z0-9._-]`, 1 to 249 characters, not `.` or `..`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(Arc<str>);

/// Why a text is not a topic name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidTopicName {
    /// The text that was refused.
    pub name: String,
    /// The rule that it breaks, as a sentence part.
    pub reason: String,
}

impl fmt::Display for InvalidTopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a topic name: {}", self.name.escape_debug(), self.reason)
    }
}

impl std::error::Error for InvalidTopicName {}

impl TopicName {
    /// Checks `name` by Kafka's rule (`Topic.validate`).
    pub fn new(name: &str) -> Result<Self, InvalidTopicName> {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let reason = if name.is_empty() {
            "it is empty".to_owned()
        } else if name == "." || name == ".." {
            "it cannot be `.` or `..`".to_owned()
        } else if name.len() > NAME_MAX_BYTES {
            format!("it is longer than {NAME_MAX_BYTES} characters")
        } else if let Some(odd) = name.chars().find(|&c| !legal(c)) {
            format!(
                "`{}` is not one of ASCII letters, digits, `.`, `_` and `-`",
                odd.escape_debug()
            )
        } else {
            return Ok(Self(name.into()));
        };
        Err(InvalidTopicName { name: name.to_owned(), reason })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether Kafka keeps its own state in this topic, so that users do not write to it.
    pub fn is_internal(&self) -> bool {
        matches!(
            &*self.0,
            "__consumer_offsets"
                | "__transaction_state"
                | "__share_group_state"
                | "__cluster_metadata"
        )
    }
}

/// Which topics are wanted: those whose whole name matches, without those of Kafka itself.
#[derive(Clone, Debug)]
pub struct TopicPattern(Regex);

impl TopicPattern {
    /// Reads a regular expression; the error is its reason.
    pub fn new(text: &str) -> Result<Self, regex::Error> {
        // By itself first: what is told of a slip is then about the user's own text.
        Regex::new(text).and_then(|_| Regex::new(&format!("^(?:{text})$"))).map(Self)
    }

    /// Whether a topic is wanted.
    pub fn matches(&self, name: &TopicName) -> bool {
        !name.is_internal() && self.0.is_match(name.as_str())
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for TopicName {
    type Err = InvalidTopicName;
    fn from_str(name: &str) -> Result<Self, InvalidTopicName> {
        Self::new(name)
    }
}

/// One partition of one topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partition's number, from 0.
    pub partition: i32,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// A topic to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: TopicName,
    /// The number of partitions, at least 1.
    pub partitions: i32,
    /// Replicas of each partition; `None` leaves it to the cluster.
    pub replication_factor: Option<i16>,
    /// Configs that differ from the default, by name, already checked.
    pub configs: Vec<(String, String)>,
}

/// A change to a topic that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicChange {
    /// The topic.
    pub name: TopicName,
    /// The new number of partitions; it can only grow.
    pub partitions: Option<i32>,
    /// Configs to set.
    pub set: Vec<(String, String)>,
    /// Configs to put back to their default.
    pub unset: Vec<String>,
}

/// A topic as the cluster describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDetail {
    /// Its name.
    pub name: TopicName,
    /// Its 16-byte id, as Kafka's 22-character text; `None` where the cluster has none.
    pub id: Option<String>,
    /// Whether Kafka keeps its own state in it.
    pub internal: bool,
    /// Configs that differ from the default, by name.
    pub configs: Vec<TopicConfig>,
    /// Why its configs are not known, where they are not.
    pub configs_unknown: Option<String>,
    /// Its partitions, ascending.
    pub partitions: Vec<PartitionDetail>,
}

/// A config of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicConfig {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Who set it.
    pub source: ConfigSource,
}

/// Who set a config that differs from the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// Set for the topic itself.
    Topic,
    /// Set for the broker, and so for all its topics.
    Broker,
    /// Set for all brokers.
    Cluster,
}

impl ConfigSource {
    /// Its name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Broker => "broker",
            Self::Cluster => "cluster",
        }
    }
}

/// A partition as the cluster describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionDetail {
    /// The partition's number.
    pub partition: i32,
    /// The broker that leads it; -1 while none does.
    pub leader: i32,
    /// The brokers that hold it.
    pub replicas: Vec<i32>,
    /// The replicas that are in sync.
    pub isr: Vec<i32>,
    /// The first offset that can still be read (log start offset); -1 while it is not known.
    pub start_offset: i64,
    /// One past the last record (log end offset), likewise.
    pub end_offset: i64,
    /// One past the last record that no change of leader takes back, as far as it is told; a broker
    /// notes it in its directory every few seconds.
    pub high_watermark: Option<i64>,
    /// Bytes of its segments; `None` where the cluster does not tell.
    pub bytes: Option<u64>,
    /// Timestamp of the first batch, in ms since the epoch; `None` when empty or not known.
    pub first_timestamp_ms: Option<i64>,
    /// The largest timestamp, in ms since the epoch; `None` when empty or not known.
    pub last_timestamp_ms: Option<i64>,
    /// Why its offsets are not known, where that is a failure: without a leader it is none.
    pub failure: Option<String>,
}

impl PartitionDetail {
    /// Whether its offsets are known: without a leader nobody tells them.
    pub const fn is_known(&self) -> bool {
        self.start_offset >= 0 && self.end_offset >= 0
    }

    /// Whether replicas are missing from those in sync.
    pub fn is_under_replicated(&self) -> bool {
        self.isr.len() < self.replicas.len()
    }

    /// Offsets between start and end: the number of records where nothing was compacted away.
    pub fn records(&self) -> i64 {
        self.end_offset.saturating_sub(self.start_offset)
    }

    /// Records a second, over the time from its first to its last timestamp.
    pub fn records_per_s(&self) -> Option<f64> {
        records_per_s(self.records(), self.first_timestamp_ms, self.last_timestamp_ms)
    }
}

/// Records a second from the first timestamp to the last; `None` where they are one, or not known.
pub fn records_per_s(records: i64, first_ms: Option<i64>, last_ms: Option<i64>) -> Option<f64> {
    let span_ms = last_ms?.checked_sub(first_ms?).filter(|ms| *ms > 0)?;
    Some(records as f64 * 1000.0 / span_ms as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_takes_two_times() {
        assert_eq!(records_per_s(30, Some(1000), Some(4000)), Some(10.0));
        assert_eq!(records_per_s(1, Some(1000), Some(1000)), None);
        assert_eq!(records_per_s(2, Some(1000), Some(0)), None);
        assert_eq!(records_per_s(2, None, Some(0)), None);
        assert_eq!(records_per_s(2, Some(i64::MIN), Some(i64::MAX)), None);
    }

    #[test]
    fn names_follow_kafkas_rule() {
        for good in ["a", "users", "A.b_c-9", "__consumer_offsets", &"x".repeat(249)] {
            assert_eq!(TopicName::new(good).unwrap().as_str(), good);
        }
        for bad in
            ["", ".", "..", "a/b", "../../etc", "a b", "\u{e9}", "a\n", "%2e", &"x".repeat(250)]
        {
            assert!(TopicName::new(bad).is_err(), "{bad:?}");
        }
        let message = TopicName::new("a\u{1b}b").unwrap_err().to_string();
        assert!(!message.contains('\u{1b}'), "{message:?}");
    }
}
