//! Owns the plain values that cross the seam: targets, limits, options, deliveries.
//! Leaves what is done with them to the two back ends.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::error::ClusterError;
use crate::assignor::Assignor;
pub use crate::disk::partition::{Compacted, Repaired, Retained};
pub use crate::disk::reader::{DELETED, Hole, Skipped};
use crate::disk::state::End;
pub use crate::disk::verify::{Checked, Finding, Pace};
use crate::group::GroupId;
use crate::offset::{OutOfRange, Position};
use crate::partitioner::Partitioner;
use crate::record::{Compression, RecordBuffer};
use crate::secret::SecretSource;
use crate::topic::{TopicName, TopicPartition, TopicPattern};

/// Where a command works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A log directory on a local disk.
    Directory {
        /// The directory.
        path: PathBuf,
        /// Whether the user named it; the default directory may be absent and is then empty.
        explicit: bool,
    },
    /// Brokers of a remote cluster.
    Brokers(Brokers),
}

/// Brokers, and how to talk to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brokers {
    /// Where to begin, as `host:port,..`.
    pub list: String,
    /// librdkafka's properties that the user has set, in the order of ascending precedence.
    pub properties: Vec<Property>,
    /// Where tokens come from, for `OAUTHBEARER`; each is good for a while only.
    pub token: Option<SecretSource>,
}

/// A property of librdkafka that the user has set.
#[derive(Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name.
    pub name: String,
    /// Its value, which may be a secret: it is in no output of ours.
    pub value: String,
    /// Where it was said: a flag, a variable, a file.
    pub source: String,
}

impl fmt::Debug for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.name, self.source)
    }
}

/// Bounds that hold for every request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a request may wait (`--timeout`).
    pub timeout: Duration,
    /// Whether somebody asked for that time. Then brokers that never answered are given all of it;
    /// else who has mistaken their name is told soon.
    pub is_asked_for: bool,
    /// When all of them are over, where that is set.
    pub until: Option<Instant>,
}

/// Which offset of a partition is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetAt {
    /// The log start offset.
    Start,
    /// The log end offset.
    End,
    /// The last stable offset, where readers of committed records stop.
    LastStable,
    /// The first record with at least this timestamp, in ms; the end where there is none.
    Timestamp(i64),
}

/// An offset that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedOffset {
    /// The offset.
    pub offset: i64,
    /// The timestamp of the record there, where one was looked for; else -1.
    pub timestamp_ms: i64,
}

/// What a topic takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicLimits {
    /// The number of its partitions.
    pub partitions: i32,
    /// The largest batch, and so the largest record (`max.message.bytes`).
    pub max_message_bytes: usize,
}

/// When a record counts as acknowledged (`--acks`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Acks {
    /// Fire and forget: nothing is acknowledged.
    None,
    /// The leader has it: on a directory, the page cache (survives any crash of a process).
    Leader,
    /// All in-sync replicas have it: on a directory, the disk (survives loss of power).
    #[default]
    All,
}

/// How a producer is to work.
#[derive(Clone, Debug)]
pub struct ProducerOptions {
    /// When a record counts as acknowledged.
    pub acks: Acks,
    /// The codec; `None` takes the topic's `compression.type`.
    pub compression: Option<Compression>,
    /// Who chooses the partition of a record that names none.
    pub partitioner: Partitioner,
    /// Bytes of a batch before compression; `None` leaves it to the back end.
    pub batch_bytes: Option<usize>,
    /// How long a record may wait for others to come; `None` where the caller flushes whenever it
    /// has no more for now.
    pub linger: Option<Duration>,
    /// Send in transactions; `None` sends without.
    pub transactions: Option<Transactions>,
    /// The name under which this producer goes on where its last run ended.
    pub resume: Option<Resume>,
    /// Whether each delivery carries its records back, with offsets.
    pub report: bool,
    /// Set by a signal: what is under way is then waited for only a short while.
    pub interrupted: Arc<AtomicBool>,
}

/// A producer that goes on where its last run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// Its name.
    pub name: String,
    /// What makes the same records of the same input: it has to be the same in every run.
    pub input: String,
}

/// How records are put into transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transactions {
    /// The name of the producer. Whoever takes it next fences the one before.
    pub id: String,
    /// How many records one transaction has at most.
    pub records: Option<u64>,
    /// How long one transaction is open at most.
    pub time: Option<Duration>,
}

/// What became of records, once it is known.
#[derive(Clone, Debug)]
pub enum Fate {
    /// The log has them, at the level that was asked for.
    Persisted,
    /// The log has them of an earlier run of this producer.
    PersistedBefore,
    /// The log does not have them.
    NotPersisted(Arc<ClusterError>),
    /// Nobody knows: sent, and the answer is missing or was not asked for.
    MaybePersisted(Option<Arc<ClusterError>>),
}

impl Fate {
    /// Why the log may not have them; `None` where it has, or was not asked.
    pub const fn error(&self) -> Option<&Arc<ClusterError>> {
        match self {
            Self::NotPersisted(error) | Self::MaybePersisted(Some(error)) => Some(error),
            Self::Persisted | Self::PersistedBefore | Self::MaybePersisted(None) => None,
        }
    }
}

/// The fate of records of one batch.
#[derive(Debug)]
pub struct Delivery {
    /// How many.
    pub records: u64,
    /// What became of them.
    pub fate: Fate,
    /// The partition of all of them.
    pub partition: i32,
    /// The number of the first one in the input, where it failed and that is known.
    pub number: Option<u64>,
    /// The records themselves, when the options asked for a report.
    pub report: Option<Report>,
}

/// The records of one delivery.
#[derive(Debug)]
pub struct Report {
    /// The buffer that they were sent in.
    pub records: Arc<RecordBuffer>,
    /// Which of its spans they are, in order.
    pub indices: Vec<u32>,
    /// The offset of the first; the others follow, each one higher. -1 when not persisted.
    pub base_offset: i64,
}

/// What a consumer reads.
#[derive(Clone, Debug)]
pub struct ConsumeFrom {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: i32,
    /// The first offset wanted.
    pub from: i64,
    /// Stop before this offset.
    pub to: Option<i64>,
}

/// How a member takes part in a group.
#[derive(Clone, Debug)]
pub struct GroupOptions {
    /// The group.
    pub group: GroupId,
    /// The topics that it wants.
    pub topics: Vec<TopicName>,
    /// In their place: which topics it wants, also of those that are yet to come.
    pub pattern: Option<TopicPattern>,
    /// The name that a static member keeps over its starts.
    pub instance_id: Option<String>,
    /// How long it may take from one poll to the next.
    pub poll_interval: Duration,
    /// How long a static member keeps its place while it is gone.
    pub session: Duration,
    /// Who gets which partition.
    pub assignor: Assignor,
    /// The name that the member gives itself.
    pub client_id: String,
    /// Stop at the ends as they are now.
    pub to_end: bool,
    /// Where to begin with a partition of which the group has committed nothing.
    pub start: Position,
    /// What to do about a committed offset outside its log.
    pub on_out_of_range: OutOfRange,
    /// Pass over what is damaged.
    pub skip_damaged: bool,
}

/// An offset outside its log, and where reading went on instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jump {
    /// The partition.
    pub of: TopicPartition,
    /// The offset that was asked for.
    pub asked: i64,
    /// Where the log started and ended.
    pub log: (i64, i64),
    /// Where reading went on.
    pub to: i64,
}

impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of, asked, log: (start, end), to } = self;
        write!(f, "offset {asked} of {of} is out of range: the log has {start} to {end}; ")?;
        write!(f, "reading on at {to}")
    }
}

/// Who has which partitions, after they were shared out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// How often they were shared out.
    pub generation: i32,
    /// The id of this member.
    pub member: String,
    /// The partitions of this member.
    pub mine: Vec<TopicPartition>,
    /// All members and their partitions, by id; empty where the cluster does not tell.
    pub members: Vec<(String, Vec<TopicPartition>)>,
    /// Wanted topics that came since the last time.
    pub found: Vec<TopicName>,
    /// Wanted topics that were deleted since then.
    pub deleted: Vec<TopicName>,
}

/// What a poll brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polled {
    /// Records of one partition.
    Records {
        /// Which of the partitions that were asked for.
        of: usize,
    },
    /// Nothing yet.
    Nothing,
    /// Every partition was read to where it was to be read.
    Finished,
    /// The topic of a partition was deleted.
    Deleted {
        /// Which of the partitions that were asked for.
        of: usize,
    },
    /// Members came or went: commit what was accepted, then ask who has what.
    Rebalance,
}

/// What a check of a partition found, and a repair made good.
#[derive(Debug, Default)]
pub struct Verified {
    /// What was checked, and is still wrong.
    pub checked: Checked,
    /// What was wrong before the repair.
    pub mended: Vec<Finding>,
    /// What the repair did, if there was one.
    pub repaired: Option<Repaired>,
}

/// What a cleanup policy did to a partition.
#[derive(Debug, Default)]
pub struct Cared {
    /// What retention deleted, where the policy has `delete`.
    pub retained: Option<Retained>,
    /// What compaction did, where the policy has `compact` and there was something to do.
    pub compacted: Option<Compacted>,
    /// Where the log ends.
    pub end: Option<End>,
}
