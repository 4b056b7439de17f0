//! Owns the keys and values of `__consumer_offsets`, byte for byte as Kafka's: those that are
//! written (`OffsetCommit` and `GroupMetadata`, version 3) and those that are read. Leaves what
//! they add up to, to `fold`. A type or version that is not known is passed over: no error.
//!
//! ```text
//! key    i16 type, then plain fields, the group first
//! value  i16 version, then fields: plain up to version 3, flexible in version 4 and in all
//!        records of KIP-848
//! ```

use crate::disk::meta::Uuid;
use crate::disk::wire::{Input, Output};
use crate::group::{GroupId, GroupKind};
use crate::topic::{TopicName, TopicPartition};

/// The version that is written, of both kinds.
const VERSION: i16 = 3;
/// The first version in flexible form, of both kinds.
const VERSION_FLEXIBLE: i16 = 4;

const LEGACY_OFFSET_COMMIT: i16 = 0;
const OFFSET_COMMIT: i16 = 1;
const GROUP_METADATA: i16 = 2;
const CONSUMER_GROUP: i16 = 3;
const CONSUMER_MEMBER: i16 = 5;
const TARGET_METADATA: i16 = 6;
const TARGET_ASSIGNMENT: i16 = 7;
const CURRENT_ASSIGNMENT: i16 = 8;
const SHARE_GROUP: i16 = 11;
const STREAMS_GROUP: i16 = 17;

/// What a record is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// The offset of a partition that a group committed.
    Offset {
        /// The group.
        group: GroupId,
        /// The partition.
        of: TopicPartition,
    },
    /// A classic group: its generation and members.
    Group(GroupId),
    /// KIP-848: a group and its epoch.
    ConsumerGroup(GroupId),
    /// KIP-848: a member.
    ConsumerMember(GroupId, String),
    /// KIP-848: the epoch of the assignment that is aimed at.
    TargetMetadata(GroupId),
    /// KIP-848: what a member is to own.
    TargetAssignment(GroupId, String),
    /// KIP-848: what a member owns.
    CurrentAssignment(GroupId, String),
    /// A group of share consumers, of which nothing more is read.
    ShareGroup(GroupId),
    /// A group of Kafka Streams, of which nothing more is read.
    StreamsGroup(GroupId),
}

impl Key {
    /// The group that it belongs to.
    pub const fn group(&self) -> &GroupId {
        match self {
            Self::Offset { group, .. }
            | Self::Group(group)
            | Self::ConsumerGroup(group)
            | Self::ConsumerMember(group, _)
            | Self::TargetMetadata(group)
            | Self::TargetAssignment(group, _)
            | Self::CurrentAssignment(group, _)
            | Self::ShareGroup(group)
            | Self::StreamsGroup(group) => group,
        }
    }

    /// The protocol of a group that has such records; `None` where all have them.
    pub const fn kind(&self) -> Option<GroupKind> {
        match self {
            Self::Offset { .. } => None,
            Self::Group(_) => Some(GroupKind::Classic),
            Self::ShareGroup(_) => Some(GroupKind::Share),
            Self::StreamsGroup(_) => Some(GroupKind::Streams),
            _ => Some(GroupKind::Consumer),
        }
    }

    /// Its bytes; `None` where a name is too long.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let (kind, member) = match self {
            Self::Offset { group, of } => {
                let mut out = Output::new(OFFSET_COMMIT);
                out.text(group.as_str());
                out.text(of.topic.as_str());
                out.i32(of.partition);
                return out.finish();
            }
            Self::Group(_) => (GROUP_METADATA, None),
            Self::ConsumerGroup(_) => (CONSUMER_GROUP, None),
            Self::ConsumerMember(_, member) => (CONSUMER_MEMBER, Some(member)),
            Self::TargetMetadata(_) => (TARGET_METADATA, None),
            Self::TargetAssignment(_, member) => (TARGET_ASSIGNMENT, Some(member)),
            Self::CurrentAssignment(_, member) => (CURRENT_ASSIGNMENT, Some(member)),
            Self::ShareGroup(_) => (SHARE_GROUP, None),
            Self::StreamsGroup(_) => (STREAMS_GROUP, None),
        };
        let mut out = Output::new(kind);
        out.text(self.group().as_str());
        if let Some(member) = member {
            out.text(member);
        }
        out.finish()
    }

    /// Reads a key; `None` where the type is not known, or it names what cannot be.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Input::new(bytes);
        let kind = input.i16()?;
        let group = GroupId::new(input.text()?).ok()?;
        let mut member = || Some(input.text()?.to_owned());
        Some(match kind {
            LEGACY_OFFSET_COMMIT | OFFSET_COMMIT => {
                let topic = TopicName::new(input.text()?).ok()?;
                let partition = input.i32().filter(|partition| *partition >= 0)?;
                Self::Offset { group, of: TopicPartition { topic, partition } }
            }
            GROUP_METADATA => Self::Group(group),
            CONSUMER_GROUP => Self::ConsumerGroup(group),
            CONSUMER_MEMBER => Self::ConsumerMember(group, member()?),
            TARGET_METADATA => Self::TargetMetadata(group),
            TARGET_ASSIGNMENT => Self::TargetAssignment(group, member()?),
            CURRENT_ASSIGNMENT => Self::CurrentAssignment(group, member()?),
            SHARE_GROUP => Self::ShareGroup(group),
            STREAMS_GROUP => Self::StreamsGroup(group),
            _ => return None,
        })
    }
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A committed offset.
    Offset(OffsetValue),
    /// A classic group.
    Group(GroupMetadata),
    /// KIP-848: the epoch of a group, or of its assignment.
    Epoch(i32),
    /// KIP-848: a member.
    Member(MemberMetadata),
    /// KIP-848: partitions, by the ids of their topics.
    Assignment(Vec<(Uuid, Vec<i32>)>),
    /// Something that is there, and not read.
    Opaque,
}

/// A committed offset as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetValue {
    /// The next offset to be read.
    pub offset: i64,
    /// Leader epoch of the last record read; -1 when not known.
    pub leader_epoch: i32,
    /// What the committer noted beside it.
    pub metadata: String,
    /// When, in ms since the epoch.
    pub committed_ms: i64,
    /// When it is to be forgotten, where the committer said so (version 1).
    pub expires_ms: Option<i64>,
    /// The id of the topic, where it is stored (version 4).
    pub topic_id: Option<Uuid>,
}

/// A classic group as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct GroupMetadata {
    /// What kind of members it has: `consumer` for consumers.
    pub protocol_type: String,
    /// How often partitions were shared out anew.
    pub generation: i32,
    /// The assignor that is in force.
    pub protocol: Option<String>,
    /// The member that assigned.
    pub leader: Option<String>,
    /// Since when it is in its state, in ms since the epoch; -1 when not known.
    pub state_since_ms: i64,
    /// Its members.
    pub members: Vec<StoredMember>,
}

/// A member of a classic group as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StoredMember {
    /// Its id.
    pub id: String,
    /// The id of a static member.
    pub instance_id: Option<String>,
    /// The name that the client gives itself.
    pub client_id: String,
    /// Where it runs.
    pub host: String,
    /// How long it may take between two polls.
    pub rebalance_timeout_ms: i32,
    /// How long it may be silent.
    pub session_timeout_ms: i32,
    /// What it wants, in the form of its protocol.
    pub subscription: Vec<u8>,
    /// What it got, in the form of its protocol.
    pub assignment: Vec<u8>,
}

/// A member of a KIP-848 group as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MemberMetadata {
    /// The id of a static member.
    pub instance_id: Option<String>,
    /// The name that the client gives itself.
    pub client_id: String,
    /// Where it runs.
    pub host: String,
    /// The assignor that it asks for.
    pub assignor: Option<String>,
}

impl Value {
    /// Its bytes; `None` where a text is too long, or for what is only read.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let mut out = Output::new(VERSION);
        match self {
            Self::Offset(value) => {
                out.i64(value.offset);
                out.i32(value.leader_epoch);
                out.text(&value.metadata);
                out.i64(value.committed_ms);
            }
            Self::Group(group) => {
                out.text(&group.protocol_type);
                out.i32(group.generation);
                out.nullable_text(group.protocol.as_deref());
                out.nullable_text(group.leader.as_deref());
                out.i64(group.state_since_ms);
                out.count(group.members.len());
                for member in &group.members {
                    out.text(&member.id);
                    out.nullable_text(member.instance_id.as_deref());
                    out.text(&member.client_id);
                    out.text(&member.host);
                    out.i32(member.rebalance_timeout_ms);
                    out.i32(member.session_timeout_ms);
                    out.bytes(&member.subscription);
                    out.bytes(&member.assignment);
                }
            }
            _ => return None,
        }
        out.finish()
    }

    /// Reads the value of `key`; `None` where the version is not known, or the bytes are no value.
    pub fn decode(key: &Key, bytes: &[u8]) -> Option<Self> {
        let mut input = Input::new(bytes);
        let version = input.i16()?;
        match key {
            Key::Offset { .. } => offset(input, version).map(Self::Offset),
            Key::Group(_) => group(input, version).map(Self::Group),
            Key::ShareGroup(_) | Key::StreamsGroup(_) => Some(Self::Opaque),
            _ if version != 0 => None,
            Key::ConsumerGroup(_) | Key::TargetMetadata(_) => input.i32().map(Self::Epoch),
            Key::ConsumerMember(..) => consumer_member(input.flexible(true)).map(Self::Member),
            Key::TargetAssignment(..) => {
                partitions_by_id(&mut input.flexible(true)).map(Self::Assignment)
            }
            Key::CurrentAssignment(..) => {
                let mut input = input.flexible(true);
                let _epochs: [u8; 8] = input.take()?;
                let _state = input.i8()?;
                partitions_by_id(&mut input).map(Self::Assignment)
            }
        }
    }
}

/// `OffsetCommitValue`.
fn offset(input: Input<'_>, version: i16) -> Option<OffsetValue> {
    if !(0..=VERSION_FLEXIBLE).contains(&version) {
        return None;
    }
    let mut input = input.flexible(version >= VERSION_FLEXIBLE);
    let offset = input.i64()?;
    let leader_epoch = if version >= 3 { input.i32()? } else { -1 };
    let metadata = input.text()?.to_owned();
    let committed_ms = input.i64()?;
    let expires_ms = if version == 1 { Some(input.i64()?) } else { None };
    let mut topic_id = None;
    input.tags(|tag, bytes| {
        if tag == 0 {
            topic_id = bytes.try_into().ok().map(Uuid);
        }
    })?;
    let expires_ms = expires_ms.filter(|ms| *ms >= 0);
    Some(OffsetValue { offset, leader_epoch, metadata, committed_ms, expires_ms, topic_id })
}

/// `GroupMetadataValue`.
fn group(input: Input<'_>, version: i16) -> Option<GroupMetadata> {
    if !(0..=VERSION_FLEXIBLE).contains(&version) {
        return None;
    }
    let mut input = input.flexible(version >= VERSION_FLEXIBLE);
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let group = GroupMetadata {
        // In the order of the file, which a struct expression keeps.
        protocol_type: input.text()?.to_owned(),
        generation: input.i32()?,
        protocol: owned(input.nullable_text()?),
        leader: owned(input.nullable_text()?),
        state_since_ms: if version >= 2 { input.i64()? } else { -1 },
        members: input.list(8, |input| {
            let member = StoredMember {
                id: input.text()?.to_owned(),
                instance_id: if version >= 3 { owned(input.nullable_text()?) } else { None },
                client_id: input.text()?.to_owned(),
                host: input.text()?.to_owned(),
                rebalance_timeout_ms: if version >= 1 { input.i32()? } else { -1 },
                session_timeout_ms: input.i32()?,
                subscription: input.bytes()?.to_vec(),
                assignment: input.bytes()?.to_vec(),
            };
            input.tags(|_, _| ())?;
            Some(member)
        })?,
    };
    input.tags(|_, _| ())?;
    Some(group)
}

/// `ConsumerGroupMemberMetadataValue`.
fn consumer_member(mut input: Input<'_>) -> Option<MemberMetadata> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let instance_id = owned(input.nullable_text()?);
    let _rack = input.nullable_text()?;
    let client_id = input.text()?.to_owned();
    let host = input.text()?.to_owned();
    let _topics = input.list(1, |input| input.text().map(drop))?;
    let _regex = input.nullable_text()?;
    let _rebalance_timeout_ms = input.i32()?;
    let assignor = owned(input.nullable_text()?);
    Some(MemberMetadata { instance_id, client_id, host, assignor })
}

/// A list of topic ids with partitions.
fn partitions_by_id(input: &mut Input<'_>) -> Option<Vec<(Uuid, Vec<i32>)>> {
    input.list(18, |input| {
        let id = Uuid(input.take()?);
        let partitions = input.list(4, Input::i32)?;
        input.tags(|_, _| ())?;
        Some((id, partitions))
    })
}

#[cfg(test)]
#[path = "codec/tests.rs"]
mod tests;
