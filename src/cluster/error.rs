//! Owns the errors of a cluster: a kind by Kafka's own name, a subject, a cause.
//! Leaves hints and exit codes to `commands::failure`.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::group::GroupId;
use crate::out::units;
use crate::topic::TopicPartition;

/// What went wrong, by Kafka's name for it where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The topic or partition does not exist.
    UnknownTopicOrPartition,
    /// The topic exists already.
    TopicAlreadyExists,
    /// The offset is below the start or above the end of the log.
    OffsetOutOfRange,
    /// A partition count that is not allowed.
    InvalidPartitions,
    /// A replication factor that the cluster cannot give.
    InvalidReplicationFactor,
    /// A config name or value that is not allowed.
    InvalidConfig,
    /// A request that is not allowed as it stands.
    InvalidRequest,
    /// A record larger than `max.message.bytes`.
    MessageTooLarge,
    /// Nothing is known of the group.
    GroupIdNotFound,
    /// The group has members.
    NonEmptyGroup,
    /// The group has given the member up.
    UnknownMember,
    /// Another process has taken the place of a static member.
    FencedInstanceId,
    /// Another producer has taken over the transactional id, or the name that this run goes by.
    ProducerFenced,
    /// The members of the group share partitions out in another way.
    InconsistentGroupProtocol,
    /// The target does not offer this operation.
    Unsupported,
    /// The target directory does not exist.
    NotFound,
    /// Bytes on disk are damaged.
    CorruptData,
    /// Somebody else holds what is needed: a broker, or another process.
    Busy,
    /// The operating system refused: disk full, permission, file limits.
    Storage,
    /// Others could change what is written.
    Insecure,
    /// It took longer than `--timeout`.
    TimedOut,
    /// No broker answers.
    Unreachable,
    /// The name, the password or the mechanism is not what the broker takes.
    AuthenticationFailed,
    /// The user may not do this to the topic.
    TopicAuthorizationFailed,
    /// The user may not do this to the group.
    GroupAuthorizationFailed,
    /// The user may not send under the transactional id.
    TransactionalIdAuthorizationFailed,
    /// The user may not do this to the cluster.
    ClusterAuthorizationFailed,
    /// TLS: a certificate is not trusted, or one side does not speak it.
    TlsFailed,
    /// Too few replicas are in sync to take a record.
    NotEnoughReplicas,
    /// The log does not take this record, whoever sends it.
    InvalidRecord,
    /// A rule of the cluster forbids it.
    PolicyViolation,
    /// A broker said no, for a reason that has no kind of its own here.
    Refused,
}

impl ErrorKind {
    /// Whether the trouble is that somebody cannot be reached now: trying again may help.
    pub const fn is_away(self) -> bool {
        matches!(self, Self::Unreachable | Self::TimedOut)
    }

    /// Whether the user may not do what was asked for.
    pub const fn is_denial(self) -> bool {
        matches!(
            self,
            Self::TopicAuthorizationFailed
                | Self::GroupAuthorizationFailed
                | Self::TransactionalIdAuthorizationFailed
                | Self::ClusterAuthorizationFailed
        )
    }

    /// Kafka's name, for scripts and for `--json` errors.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownTopicOrPartition => "UNKNOWN_TOPIC_OR_PARTITION",
            Self::TopicAlreadyExists => "TOPIC_ALREADY_EXISTS",
            Self::OffsetOutOfRange => "OFFSET_OUT_OF_RANGE",
            Self::InvalidPartitions => "INVALID_PARTITIONS",
            Self::InvalidReplicationFactor => "INVALID_REPLICATION_FACTOR",
            Self::InvalidConfig => "INVALID_CONFIG",
            Self::InvalidRequest => "INVALID_REQUEST",
            Self::MessageTooLarge => "MESSAGE_TOO_LARGE",
            Self::GroupIdNotFound => "GROUP_ID_NOT_FOUND",
            Self::NonEmptyGroup => "NON_EMPTY_GROUP",
            Self::UnknownMember => "UNKNOWN_MEMBER_ID",
            Self::FencedInstanceId => "FENCED_INSTANCE_ID",
            Self::ProducerFenced => "PRODUCER_FENCED",
            Self::InconsistentGroupProtocol => "INCONSISTENT_GROUP_PROTOCOL",
            Self::Unsupported => "UNSUPPORTED_VERSION",
            Self::NotFound => "NOT_FOUND",
            Self::CorruptData => "CORRUPT_MESSAGE",
            Self::Busy => "BUSY",
            Self::Storage => "KAFKA_STORAGE_ERROR",
            Self::Insecure => "INSECURE_DIRECTORY",
            Self::TimedOut => "REQUEST_TIMED_OUT",
            Self::Unreachable => "NETWORK_EXCEPTION",
            Self::AuthenticationFailed => "SASL_AUTHENTICATION_FAILED",
            Self::TopicAuthorizationFailed => "TOPIC_AUTHORIZATION_FAILED",
            Self::GroupAuthorizationFailed => "GROUP_AUTHORIZATION_FAILED",
            Self::TransactionalIdAuthorizationFailed => "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
            Self::ClusterAuthorizationFailed => "CLUSTER_AUTHORIZATION_FAILED",
            Self::TlsFailed => "TLS_FAILED",
            Self::NotEnoughReplicas => "NOT_ENOUGH_REPLICAS",
            Self::InvalidRecord => "INVALID_RECORD",
            Self::PolicyViolation => "POLICY_VIOLATION",
            Self::Refused => "REFUSED",
        }
    }
}

/// An error of a cluster.
#[derive(Debug)]
pub struct ClusterError {
    /// What kind it is.
    pub kind: ErrorKind,
    /// A sentence for people, without a full stop: ``topic `orders` does not exist``.
    pub message: String,
    /// The topic that the error is about, for hints.
    pub topic: Option<String>,
    /// The group that the error is about, likewise.
    pub group: Option<String>,
    /// The cause below, if any.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl ClusterError {
    /// An error with a sentence.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), topic: None, group: None, source: None }
    }

    /// The same, about a topic.
    #[must_use]
    pub fn about(mut self, topic: &str) -> Self {
        self.topic = Some(topic.to_owned());
        self
    }

    /// The same, about a group.
    #[must_use]
    pub fn of_group(mut self, group: &str) -> Self {
        self.group = Some(group.to_owned());
        self
    }

    /// The same, with a cause.
    #[must_use]
    pub fn because(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// The topic does not exist.
    pub fn unknown_topic(topic: &str) -> Self {
        Self::new(ErrorKind::UnknownTopicOrPartition, format!("topic `{topic}` does not exist"))
            .about(topic)
    }

    /// The topic is there and has no such partition.
    pub fn unknown_partition(topic: &str, partition: i32, count: usize) -> Self {
        let message = format!("topic `{topic}` has no partition {partition}: it has {count}");
        // Not "about" the topic, which is there: a hint to create it would mislead.
        Self::new(ErrorKind::UnknownTopicOrPartition, message)
    }

    /// Nobody can tell or take anything of the partition: the brokers that have it are away.
    pub fn no_leader(topic: &str, partition: i32) -> Self {
        let message = format!("partition {partition} of topic `{topic}` has no leader");
        Self::new(ErrorKind::Unreachable, message)
    }

    /// The topic went while it was read.
    pub fn deleted_topic(topic: &str) -> Self {
        let message = format!("topic `{topic}` was deleted while it was read");
        // Not "about" the topic: a hint to create it would mislead.
        Self::new(ErrorKind::UnknownTopicOrPartition, message)
    }

    /// An offset is outside a log that holds `start` to `end`.
    pub fn out_of_range(of: &TopicPartition, offset: i64, start: i64, end: i64) -> Self {
        let message =
            format!("offset {offset} of {of} is out of range: the log has {start} to {end}");
        Self::new(ErrorKind::OffsetOutOfRange, message).about(of.topic.as_str())
    }

    /// The others have given up a member that has not polled for this long.
    pub fn given_up(group: &GroupId, interval: Duration) -> Self {
        let interval = units::duration(interval);
        let message = format!(
            "group `{group}` has given this member up: it asked for no records for {interval}"
        );
        Self::new(ErrorKind::UnknownMember, message)
    }

    /// Nothing is known of the group.
    pub fn unknown_group(group: &str) -> Self {
        Self::new(ErrorKind::GroupIdNotFound, format!("group `{group}` does not exist"))
            .of_group(group)
    }
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ClusterError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as &(dyn Error + 'static))
    }
}

/// The result of a question to a cluster.
pub type Result<T, E = ClusterError> = std::result::Result<T, E>;

/// What became of one item of a request that named many.
#[derive(Debug)]
pub struct Outcome<K, T = ()> {
    /// The item.
    pub of: K,
    /// Its own answer.
    pub result: Result<T>,
}
