//! Owns being a member of a group on a log directory: joining, sharing partitions out, reading
//! those that are ours, committing. Leaves locks and roster to `disk::members`, offsets to
//! `disk::offsets`.
//!
//! A partition is read only while its owner's lock is held, from the offset that was committed when
//! the lock was taken; and it is let go of only after what was accepted of it is committed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::consume::Consumer;
use super::{Embedded, open_topic, out_of_range};
use crate::assignor::{Assignment, Assignor, AssignorMember, assign};
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::types::{ConsumeFrom, GroupOptions, Polled, Shared};
use crate::disk::directory::LogDirectory;
use crate::disk::error::DiskError;
use crate::disk::members::{Joining, Membership, Partition, Roster, host};
use crate::disk::offsets::OffsetsLog;
use crate::disk::offsets::codec::{GroupMetadata, Key, OffsetValue, StoredMember, Value};
use crate::disk::offsets::protocol::{encode_assignment, encode_subscription};
use crate::disk::registry::Registry;
use crate::record::RecordBuffer;
use crate::topic::{TopicName, TopicPartition};

/// How often it is looked whether topics have more partitions.
const TOPICS_EVERY: Duration = Duration::from_secs(1);
/// How soon a partition that its old owner still holds is tried again, should no word come of it.
const RETRY: Duration = Duration::from_millis(20);
/// What Kafka's consumers have for `session.timeout.ms` and `max.poll.interval.ms`.
const SESSION_TIMEOUT_MS: i32 = 45_000;
const REBALANCE_TIMEOUT_MS: i32 = 300_000;

/// A member of a group.
#[derive(Debug)]
pub struct GroupConsumer {
    directory: LogDirectory,
    options: GroupOptions,
    membership: Membership,
    offsets: OffsetsLog,
    roster: Roster,
    /// The sequence of the group's file that the roster is of.
    seen: u32,
    /// Numbers of partitions, as they were shared out.
    counts: BTreeMap<String, i32>,
    counted: Instant,
    topics_changed: bool,
    consumer: Consumer,
    /// The partitions that polls name by number.
    named: Vec<TopicPartition>,
    /// Assigned to us, and still somebody else's.
    awaited: Vec<Partition>,
    /// Where reading stops, if it does.
    ends: Option<BTreeMap<TopicPartition, i64>>,
    /// The next offsets of records that were accepted and are not committed.
    accepted: BTreeMap<TopicPartition, i64>,
}

impl Embedded {
    /// Joins a group.
    pub fn group_consumer(&self, options: GroupOptions) -> Result<GroupConsumer> {
        let directory = LogDirectory::open_to_write(&self.path)?;
        let registry = directory.registry()?;
        for topic in &options.topics {
            open_topic(&registry, topic)?;
        }
        let offsets = self.write_offsets()?;
        let counts = count_partitions(&registry, &options.topics);
        let ends = options.to_end.then(|| ends_of(&directory, &registry, &options.topics));
        let ends = ends.transpose()?;
        let joining = Joining {
            client_id: options.client_id.clone(),
            host: host(),
            topics: options.topics.iter().map(ToString::to_string).collect(),
        };
        let assignor = options.assignor;
        let share = |roster: &mut Roster| share_out(roster, assignor, &all_counts(&registry));
        let (membership, roster) =
            Membership::join(directory.path(), &options.group, &joining, &share)?;
        let mut consumer = GroupConsumer {
            consumer: Consumer::of_nothing(*directory.boot()),
            seen: membership.file().sequence().wrapping_sub(1),
            directory,
            options,
            membership,
            offsets,
            roster,
            counts,
            counted: Instant::now(),
            topics_changed: false,
            named: Vec::new(),
            awaited: Vec::new(),
            ends,
            accepted: BTreeMap::new(),
        };
        consumer.record()?;
        Ok(consumer)
    }
}

/// The numbers of partitions of all topics.
fn all_counts(registry: &Registry) -> BTreeMap<String, i32> {
    registry.topics.iter().map(|(name, topic)| (name.to_string(), topic.partitions)).collect()
}

fn count_partitions(registry: &Registry, topics: &[TopicName]) -> BTreeMap<String, i32> {
    let count = |name: &TopicName| Some((name.to_string(), registry.topics.get(name)?.partitions));
    topics.iter().filter_map(count).collect()
}

fn ends_of(
    directory: &LogDirectory,
    registry: &Registry,
    topics: &[TopicName],
) -> Result<BTreeMap<TopicPartition, i64>> {
    let mut ends = BTreeMap::new();
    for name in topics {
        let topic = open_topic(registry, name)?;
        for partition in 0..topic.partitions {
            let end = directory.end(name, partition, &topic.config)?.end;
            ends.insert(TopicPartition { topic: name.clone(), partition }, end.end_offset);
        }
    }
    Ok(ends)
}

/// Shares all partitions out to the members of a roster.
fn share_out(roster: &mut Roster, assignor: Assignor, counts: &BTreeMap<String, i32>) {
    let members: Vec<AssignorMember> = roster
        .members
        .iter()
        .map(|member| AssignorMember {
            id: member.id.clone(),
            instance_id: None,
            topics: member.topics.clone(),
            owned: member.assigned.clone(),
            generation: roster.generation,
        })
        .collect();
    let mut assignment: Assignment = assign(assignor, &members, counts);
    for member in &mut roster.members {
        member.assigned = assignment.remove(&member.id).unwrap_or_default();
    }
    assignor.name().clone_into(&mut roster.assignor);
}

fn named(partitions: &[Partition]) -> Vec<TopicPartition> {
    let name = |(topic, partition): &Partition| {
        Some(TopicPartition { topic: TopicName::new(topic).ok()?, partition: *partition })
    };
    partitions.iter().filter_map(name).collect()
}

fn unnamed(of: &TopicPartition) -> Partition {
    (of.topic.to_string(), of.partition)
}

impl GroupConsumer {
    /// Reads records of one of its partitions, or waits for some until `until`.
    pub fn poll(&mut self, buffer: &mut RecordBuffer, until: Instant) -> Result<Polled> {
        self.look_at_topics()?;
        if self.is_unbalanced() {
            return Ok(Polled::Rebalance);
        }
        self.take_awaited()?;
        let until = if self.awaited.is_empty() { until } else { until.min(Instant::now() + RETRY) };
        let beside = Some((self.membership.file().sequence_word(), self.seen));
        let idle = self.consumer.is_of_nothing();
        if idle && (self.ends.is_none() || !self.awaited.is_empty()) {
            let wait = until.saturating_duration_since(Instant::now());
            crate::sys::wait_any(beside.as_slice(), wait);
            return Ok(Polled::Nothing);
        }
        match self.consumer.poll_beside(buffer, until, beside)? {
            Polled::Finished if !self.awaited.is_empty() => Ok(Polled::Nothing),
            polled => Ok(polled),
        }
    }

    /// Whether members came or went, or topics changed, since the last rebalance.
    pub fn is_unbalanced(&self) -> bool {
        self.membership.file().sequence() != self.seen || self.topics_changed
    }

    /// Whether the partition that a poll named by number is still read.
    pub fn is_reading(&self, of: usize) -> bool {
        self.consumer.is_reading(of)
    }

    /// The partition that a poll named by number.
    pub fn partition(&self, of: usize) -> Option<&TopicPartition> {
        self.named.get(of)
    }

    /// Notes from time to time whether topics have become more or fewer partitions.
    fn look_at_topics(&mut self) -> Result<()> {
        if self.counted.elapsed() < TOPICS_EVERY {
            return Ok(());
        }
        self.counted = Instant::now();
        let counts = count_partitions(&self.directory.registry()?, &self.options.topics);
        if counts != self.counts {
            self.counts = counts;
            self.topics_changed = true;
        }
        Ok(())
    }

    /// Takes up what members came and went: lets go of what is no longer ours, and notes what is to
    /// become ours. What was accepted has to be committed before.
    pub fn rebalance(&mut self) -> Result<Shared> {
        self.seen = self.membership.file().sequence();
        let registry = self.directory.registry()?;
        let assignor = self.options.assignor;
        let share = |roster: &mut Roster| share_out(roster, assignor, &all_counts(&registry));
        let changed = std::mem::take(&mut self.topics_changed);
        let (roster, anew) = self.membership.refresh(&share, changed)?;
        self.roster = roster;
        // `seen` stays what it was before the look: somebody else may have come since.
        if anew {
            self.record()?;
        }
        let id = self.membership.id().to_owned();
        let Some(me) = self.roster.members.iter().find(|member| member.id == id) else {
            return Err(evicted(&self.options));
        };
        let mine = me.assigned.clone();
        for partition in self.membership.owned().clone() {
            if !mine.contains(&partition) {
                for of in named(std::slice::from_ref(&partition)) {
                    self.consumer.remove(&of);
                }
                self.membership.disown(&partition)?;
            }
        }
        let owned = self.membership.owned();
        self.awaited = mine.iter().filter(|p| !owned.contains(*p)).cloned().collect();
        self.membership.watch_next(&self.roster);
        self.take_awaited()?;
        Ok(self.shared(&id, &mine))
    }

    fn shared(&self, id: &str, mine: &[Partition]) -> Shared {
        let all = |member: &crate::disk::members::RosterMember| {
            (member.id.clone(), named(&member.assigned))
        };
        Shared {
            generation: self.roster.generation,
            member: id.to_owned(),
            mine: named(mine),
            members: self.roster.members.iter().map(all).collect(),
        }
    }

    /// Becomes the owner of what was assigned to us, as far as the old owners have let go.
    fn take_awaited(&mut self) -> Result<()> {
        if self.awaited.is_empty() {
            return Ok(());
        }
        let mut still = Vec::new();
        let mut table = None;
        for partition in std::mem::take(&mut self.awaited) {
            if !self.membership.try_own(&partition)? {
                still.push(partition);
                continue;
            }
            // Read only now: the old owner committed before it let go.
            if table.is_none() {
                table = Some(self.offsets.read(&self.options.group)?);
            }
            for of in named(std::slice::from_ref(&partition)) {
                let committed = table.as_ref().and_then(|table| table.offsets.get(&of));
                let committed = committed.map(|committed| committed.offset);
                self.start(of, committed)?;
            }
        }
        self.awaited = still;
        Ok(())
    }

    /// Starts to read a partition where the group stands.
    fn start(&mut self, of: TopicPartition, committed: Option<i64>) -> Result<()> {
        let registry = self.directory.registry()?;
        let topic = open_topic(&registry, &of.topic)?;
        let end = self.directory.end(&of.topic, of.partition, &topic.config)?.end;
        let from = committed.unwrap_or(end.start_offset);
        if !(end.start_offset..=end.end_offset).contains(&from) {
            return Err(out_of_range(&of, from, &end));
        }
        let to = self
            .ends
            .as_ref()
            .map(|ends| ends.get(&of).copied().unwrap_or(end.end_offset).max(from));
        let from = ConsumeFrom { topic: of.topic.clone(), partition: of.partition, from, to };
        self.consumer.add(&self.directory, &topic, &from, self.named.len())?;
        self.named.push(of);
        Ok(())
    }

    /// Notes that everything before `next_offset` of a partition has been accepted.
    pub fn accept(&mut self, of: usize, next_offset: i64) {
        if let Some(of) = self.named.get(of) {
            self.accepted.insert(of.clone(), next_offset);
        }
    }

    /// Commits what was accepted, all of it at once; answers how many partitions that were. A
    /// member that the others have given up commits nothing.
    pub fn commit(&mut self) -> Result<usize> {
        if self.accepted.is_empty() {
            return Ok(0);
        }
        let now_ms = crate::now_ms();
        let group = &self.options.group;
        let owned = self.membership.owned();
        let records: Vec<(Key, Option<Value>)> = self
            .accepted
            .iter()
            .filter(|(of, _)| owned.contains(&unnamed(of)))
            .map(|(of, &offset)| {
                let value = OffsetValue {
                    offset,
                    leader_epoch: -1,
                    metadata: String::new(),
                    committed_ms: now_ms,
                    expires_ms: None,
                    topic_id: None,
                };
                (Key::Offset { group: group.clone(), of: of.clone() }, Some(Value::Offset(value)))
            })
            .collect();
        let offsets = &mut self.offsets;
        let append = || offsets.append(group, &records, now_ms, false);
        if self.membership.while_member(append)?.is_none() {
            return Err(evicted(&self.options));
        }
        self.accepted.clear();
        Ok(records.len())
    }

    /// Writes down who is there, in Kafka's form.
    fn record(&mut self) -> Result<()> {
        let record = record_of(&self.roster, crate::now_ms());
        let (group, offsets) = (&self.options.group, &mut self.offsets);
        let generation = self.roster.generation;
        let lock = self.membership.file().lock()?;
        // Somebody may have shared out anew meanwhile, and written that down.
        if lock.read()?.generation == generation {
            let key = Key::Group(group.clone());
            offsets.append(group, &[(key, Some(Value::Group(record)))], crate::now_ms(), false)?;
        }
        Ok(())
    }

    /// Leaves the group at once. What was accepted has to be committed before.
    pub fn leave(self) -> Result<()> {
        let registry = self.directory.registry()?;
        let assignor = self.options.assignor;
        let share = |roster: &mut Roster| share_out(roster, assignor, &all_counts(&registry));
        let file = std::sync::Arc::clone(self.membership.file());
        let roster = self.membership.leave(&share)?;
        let record = record_of(&roster, crate::now_ms());
        let (group, mut offsets) = (self.options.group, self.offsets);
        let lock = file.lock()?;
        if lock.read()?.generation == roster.generation {
            let key = Key::Group(group.clone());
            offsets.append(&group, &[(key, Some(Value::Group(record)))], crate::now_ms(), false)?;
        }
        Ok(())
    }
}

fn evicted(options: &GroupOptions) -> ClusterError {
    let message = format!("group `{}` has given this member up", options.group);
    ClusterError::new(ErrorKind::UnknownMember, message)
}

/// A roster as a classic group is stored.
fn record_of(roster: &Roster, now_ms: i64) -> GroupMetadata {
    let names = |topics: &[String]| -> Vec<TopicName> {
        topics.iter().filter_map(|topic| TopicName::new(topic).ok()).collect()
    };
    let member = |member: &crate::disk::members::RosterMember| StoredMember {
        id: member.id.clone(),
        instance_id: None,
        client_id: member.client_id.clone(),
        host: member.host.clone(),
        rebalance_timeout_ms: REBALANCE_TIMEOUT_MS,
        session_timeout_ms: SESSION_TIMEOUT_MS,
        subscription: encode_subscription(&names(&member.topics), &[]).unwrap_or_default(),
        assignment: encode_assignment(&named(&member.assigned)).unwrap_or_default(),
    };
    let empty = roster.members.is_empty();
    GroupMetadata {
        protocol_type: "consumer".to_owned(),
        generation: roster.generation,
        protocol: (!empty).then(|| roster.assignor.clone()),
        leader: roster.members.first().map(|member| member.id.clone()),
        state_since_ms: now_ms,
        members: roster.members.iter().map(member).collect(),
    }
}

/// The members of a group that are alive, by the locks that they hold; `None` where it never had
/// one here.
pub(super) fn live_members(
    directory: &LogDirectory,
    group: &crate::group::GroupId,
) -> Result<Option<Vec<crate::group::Member>>, DiskError> {
    let Some(file) = crate::disk::members::GroupFile::open(directory.path(), group)? else {
        return Ok(None);
    };
    let member = |member: crate::disk::members::RosterMember| crate::group::Member {
        assignment: named(&member.assigned),
        id: member.id,
        instance_id: None,
        client_id: member.client_id,
        host: member.host,
    };
    Ok(Some(file.live_members()?.members.into_iter().map(member).collect()))
}
