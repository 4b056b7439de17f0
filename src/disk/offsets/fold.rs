//! Owns what the records of `__consumer_offsets` add up to: one table for each group, of what was
//! last said of each key. Leaves their bytes to `codec`, and reading them to `walk`.

use std::collections::BTreeMap;

use super::codec::{GroupMetadata, Key, MemberMetadata, Value};
use crate::disk::meta::Uuid;
use crate::group::{CommittedOffset, GroupId, GroupKind};
use crate::topic::TopicPartition;

/// How long Kafka keeps the offsets of a group that has no members, in ms: 7 days, the default of
/// `offsets.retention.minutes` (`GroupCoordinatorConfig.OFFSETS_RETENTION_MINUTES_DEFAULT`).
pub const OFFSETS_RETENTION_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// The protocol of groups that assign for themselves and only commit: none.
const SIMPLE: &str = "";

/// All that is known of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupTable {
    /// What it committed.
    pub offsets: BTreeMap<TopicPartition, CommittedOffset>,
    /// Offsets that the committer wanted forgotten at a time of its own.
    pub expires_ms: BTreeMap<TopicPartition, i64>,
    /// Its generation and members, if it is a classic group with a protocol.
    pub metadata: Option<GroupMetadata>,
    /// KIP-848: its epoch, if it is such a group.
    pub epoch: Option<i32>,
    /// KIP-848: its members, by id.
    pub members: BTreeMap<String, ConsumerMember>,
    /// The protocol of a group of which nothing more is read.
    foreign: Option<GroupKind>,
}

/// A member of a KIP-848 group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerMember {
    /// Who it is.
    pub metadata: MemberMetadata,
    /// What it is to own, by the ids of topics.
    pub target: Vec<(Uuid, Vec<i32>)>,
    /// What it owns.
    pub current: Option<Vec<(Uuid, Vec<i32>)>>,
}

impl GroupTable {
    /// The protocol that it runs.
    pub fn kind(&self) -> GroupKind {
        match self.foreign {
            Some(kind) => kind,
            None if self.epoch.is_some() || !self.members.is_empty() => GroupKind::Consumer,
            None => GroupKind::Classic,
        }
    }

    /// Whether nothing is known of it: it does not exist.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
            && self.metadata.is_none()
            && self.epoch.is_none()
            && self.members.is_empty()
            && self.foreign.is_none()
    }

    /// Whether members are on record. They may be gone: nobody writes down that a process died.
    pub fn has_members(&self) -> bool {
        !self.members.is_empty() || self.metadata.as_ref().is_some_and(|m| !m.members.is_empty())
    }

    /// The keys of all its records, which a deletion writes tombstones for.
    pub fn keys(&self, group: &GroupId) -> Vec<Key> {
        let mut keys: Vec<Key> = self
            .offsets
            .keys()
            .map(|of| Key::Offset { group: group.clone(), of: of.clone() })
            .collect();
        for member in self.members.keys() {
            let key = |make: fn(GroupId, String) -> Key| make(group.clone(), member.clone());
            keys.extend([
                key(Key::CurrentAssignment),
                key(Key::TargetAssignment),
                key(Key::ConsumerMember),
            ]);
        }
        if self.epoch.is_some() {
            keys.extend([Key::TargetMetadata(group.clone()), Key::ConsumerGroup(group.clone())]);
        }
        match self.foreign {
            Some(GroupKind::Share) => keys.push(Key::ShareGroup(group.clone())),
            Some(GroupKind::Streams) => keys.push(Key::StreamsGroup(group.clone())),
            _ => {}
        }
        if self.metadata.is_some() {
            keys.push(Key::Group(group.clone()));
        }
        keys
    }

    /// The keys that Kafka would have let go by `now_ms` (`OffsetExpirationConditionImpl`): of a
    /// group without members, once it has had none for `retention_ms`; of a group that only
    /// commits, so long after each commit; or at a time that the committer named.
    pub fn expired(&self, group: &GroupId, now_ms: i64, retention_ms: i64) -> Vec<Key> {
        if self.has_members() || self.kind() != GroupKind::Classic {
            return Vec::new();
        }
        let since = self.metadata.as_ref().filter(|m| m.protocol_type != SIMPLE);
        let since = since.map(|m| m.state_since_ms).filter(|ms| *ms >= 0);
        let is_expired = |of: &TopicPartition, offset: &CommittedOffset| {
            if let Some(expires_ms) = self.expires_ms.get(of) {
                return now_ms >= *expires_ms;
            }
            // A commit since then, by hand, counts as well.
            let last = since.map_or(offset.committed_ms, |ms| ms.max(offset.committed_ms));
            now_ms.saturating_sub(last) >= retention_ms
        };
        let expired: Vec<&TopicPartition> = self
            .offsets
            .iter()
            .filter(|(of, offset)| is_expired(of, offset))
            .map(|(of, _)| of)
            .collect();
        let all = expired.len() == self.offsets.len();
        let mut keys: Vec<Key> = expired
            .into_iter()
            .map(|of| Key::Offset { group: group.clone(), of: of.clone() })
            .collect();
        let idle = since.is_none_or(|ms| now_ms.saturating_sub(ms) >= retention_ms);
        if all && idle && self.metadata.is_some() {
            keys.push(Key::Group(group.clone()));
        }
        keys
    }

    /// Takes in one record; `None` is a tombstone.
    pub(super) fn apply(&mut self, key: Key, value: Option<Value>) {
        match (key, value) {
            (Key::Offset { of, .. }, Some(Value::Offset(value))) => {
                match value.expires_ms {
                    Some(ms) => drop(self.expires_ms.insert(of.clone(), ms)),
                    None => drop(self.expires_ms.remove(&of)),
                }
                let committed = CommittedOffset {
                    of: of.clone(),
                    offset: value.offset,
                    leader_epoch: value.leader_epoch,
                    metadata: value.metadata,
                    committed_ms: value.committed_ms,
                };
                self.offsets.insert(of, committed);
            }
            (Key::Offset { of, .. }, None) => {
                self.offsets.remove(&of);
                self.expires_ms.remove(&of);
            }
            (Key::Group(_), Some(Value::Group(metadata))) => self.metadata = Some(metadata),
            (Key::Group(_), None) => self.metadata = None,
            (Key::ConsumerGroup(_), Some(Value::Epoch(epoch))) => self.epoch = Some(epoch),
            (Key::ConsumerGroup(_), None) => self.epoch = None,
            (Key::ConsumerMember(_, member), Some(Value::Member(metadata))) => {
                self.members.entry(member).or_default().metadata = metadata;
            }
            (Key::ConsumerMember(_, member), None) => drop(self.members.remove(&member)),
            (Key::TargetAssignment(_, member), Some(Value::Assignment(target))) => {
                self.members.entry(member).or_default().target = target;
            }
            (Key::CurrentAssignment(_, member), Some(Value::Assignment(current))) => {
                self.members.entry(member).or_default().current = Some(current);
            }
            (Key::TargetAssignment(_, member), None) => {
                if let Some(member) = self.members.get_mut(&member) {
                    member.target.clear();
                }
            }
            (Key::CurrentAssignment(_, member), None) => {
                if let Some(member) = self.members.get_mut(&member) {
                    member.current = None;
                }
            }
            (key @ (Key::ShareGroup(_) | Key::StreamsGroup(_)), value) => {
                self.foreign = value.and(key.kind());
            }
            // The epoch of a target, or a value that is not one of its key.
            _ => {}
        }
    }
}

/// The groups of one partition of the log.
pub(super) type Groups = BTreeMap<GroupId, GroupTable>;

/// Takes one record, as its bytes, into `groups`. What is not known changes nothing.
pub(super) fn apply(groups: &mut Groups, key: &[u8], value: Option<&[u8]>) {
    let Some(key) = Key::decode(key) else { return };
    let value = match value {
        None => None,
        Some(bytes) => match Value::decode(&key, bytes) {
            Some(value) => Some(value),
            None => return,
        },
    };
    let id = key.group().clone();
    match groups.get_mut(&id) {
        Some(table) => {
            table.apply(key, value);
            if table.is_empty() {
                groups.remove(&id);
            }
        }
        None if value.is_none() => {}
        None => {
            let mut table = GroupTable::default();
            table.apply(key, value);
            if !table.is_empty() {
                groups.insert(id, table);
            }
        }
    }
}
