//! Owns the nouns of consumer groups: ids, members, committed offsets, and what an answer about
//! them holds. Leaves finding and changing them to `cluster`.

use std::fmt;
use std::sync::Arc;

use crate::topic::TopicPartition;

/// The longest group id that is taken, in bytes: long enough for any name, short enough for a line.
pub const ID_MAX_BYTES: usize = 1024;

/// The id of a group: any text that is not empty. It is never a path, and is escaped where shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(Arc<str>);

/// Why a text is not a group id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidGroupId(String);

impl fmt::Display for InvalidGroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidGroupId {}

impl GroupId {
    /// Checks that `id` is neither empty nor too long.
    pub fn new(id: &str) -> Result<Self, InvalidGroupId> {
        if id.is_empty() {
            return Err(InvalidGroupId("a group id is not empty".to_owned()));
        }
        if id.len() > ID_MAX_BYTES {
            return Err(InvalidGroupId(format!("a group id has at most {ID_MAX_BYTES} bytes")));
        }
        Ok(Self(id.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for GroupId {
    type Err = InvalidGroupId;
    fn from_str(id: &str) -> Result<Self, InvalidGroupId> {
        Self::new(id)
    }
}

/// Which protocol a group runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// Members join and sync; the assignment is theirs.
    Classic,
    /// KIP-848: the coordinator assigns.
    Consumer,
    /// KIP-932.
    Share,
    /// KIP-1071.
    Streams,
    /// Of share consumers or streams: which of them is not told.
    Unknown,
}

impl GroupKind {
    /// Kafka's name (`GroupType`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Classic => "Classic",
            Self::Consumer => "Consumer",
            Self::Share => "Share",
            Self::Streams => "Streams",
            Self::Unknown => "Unknown",
        }
    }
}

/// The state of a group, by Kafka's names (`GroupState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// Members are there, and each has its partitions.
    Stable,
    /// Members join, and then each is to have its partitions.
    PreparingRebalance,
    /// All have joined, and wait for the assignment.
    CompletingRebalance,
    /// KIP-848: the coordinator is making the assignment.
    Assigning,
    /// KIP-848: members are changing over to the new assignment.
    Reconciling,
    /// Offsets are committed, and nobody is there.
    Empty,
    /// Nothing is known of it.
    Dead,
    /// It is there, and its state is not told.
    Unknown,
}

impl GroupState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Stable,
        Self::PreparingRebalance,
        Self::CompletingRebalance,
        Self::Assigning,
        Self::Reconciling,
        Self::Empty,
        Self::Dead,
        Self::Unknown,
    ];

    /// Kafka's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stable => "Stable",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Assigning => "Assigning",
            Self::Reconciling => "Reconciling",
            Self::Empty => "Empty",
            Self::Dead => "Dead",
            Self::Unknown => "Unknown",
        }
    }
}

/// A group in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGroup {
    /// Its id.
    pub id: GroupId,
    /// Its protocol.
    pub kind: GroupKind,
    /// Its state.
    pub state: GroupState,
    /// The number of its members; `None` where a listing does not tell it.
    pub members: Option<usize>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// The id of a static member (`group.instance.id`).
    pub instance_id: Option<String>,
    /// The name that the client gives itself.
    pub client_id: String,
    /// Where it runs.
    pub host: String,
    /// The partitions it owns, ascending.
    pub assignment: Vec<TopicPartition>,
    /// How it is, as far as that is known.
    pub state: MemberState,
}

/// How a member is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberState {
    /// It polls; or nothing else is known of it.
    #[default]
    Live,
    /// It has not polled for longer than it said it might, and is taken out by the next one that
    /// looks.
    Hung,
    /// A static member that is gone, and keeps its place until its session ends.
    Away,
}

impl MemberState {
    /// Its name, in the words of the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Hung => "hung",
            Self::Away => "away",
        }
    }
}

/// An offset that a group committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The partition.
    pub of: TopicPartition,
    /// The next offset to be read.
    pub offset: i64,
    /// Leader epoch of the last record read; -1 when not known.
    pub leader_epoch: i32,
    /// What the committer noted beside it.
    pub metadata: String,
    /// When, in ms since the epoch; -1 when not known.
    pub committed_ms: i64,
}

/// A group as the cluster describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedGroup {
    /// Its id.
    pub id: GroupId,
    /// Its protocol.
    pub kind: GroupKind,
    /// Its state.
    pub state: GroupState,
    /// The broker that coordinates it.
    pub coordinator: i32,
    /// What kind of members it has, `consumer` for consumers; empty when not known.
    pub protocol_type: String,
    /// The assignor that is in force; empty when not known.
    pub assignor: String,
    /// How often partitions were shared out anew; -1 when not known.
    pub generation: i32,
    /// Its members, by id.
    pub members: Vec<Member>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_any_text_of_some_length() {
        for good in ["g", "a/b", "\u{1b}[2J", &"x".repeat(ID_MAX_BYTES)] {
            assert_eq!(GroupId::new(good).unwrap().as_str(), good);
        }
        for bad in ["", &"x".repeat(ID_MAX_BYTES + 1)] {
            assert!(GroupId::new(bad).is_err());
        }
    }
}
