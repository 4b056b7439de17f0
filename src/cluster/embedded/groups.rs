//! Owns groups on a log directory: what they committed, who was in them, and changing that. Leaves
//! the records to `disk::offsets`.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Instant;

use super::{Embedded, PATIENCE_STEP};
use crate::cluster::error::{ClusterError, ErrorKind, Outcome, Result};
use crate::disk::error::DiskError;
use crate::disk::members::GroupFile;
use crate::disk::meta::Uuid;
use crate::disk::offsets::codec::{Key, OffsetValue, StoredMember, Value};
use crate::disk::offsets::{ConsumerMember, GroupTable, OffsetsLog, protocol};
use crate::group::{
    CommittedOffset, DescribedGroup, GroupId, GroupKind, GroupState, ListedGroup, Member,
    MemberState,
};
use crate::topic::{TopicName, TopicPartition};

/// The protocol type of groups of consumers, whose assignments can be read.
const CONSUMER: &str = "consumer";

/// Names of topics by their ids.
type TopicNames = BTreeMap<Uuid, TopicName>;

impl Embedded {
    /// The members of `group` that are alive, by the locks that they hold; `None` where that cannot
    /// be told, and what is on record is all there is.
    fn live_members(&self, group: &GroupId) -> Result<Option<Vec<Member>>> {
        let Some(directory) = self.to_read()? else { return Ok(None) };
        Ok(super::roster::live_members(&directory, group)?)
    }

    /// Asks the log of offsets, which stays open: the next question reads only what is new. `None`
    /// where no group ever wrote.
    fn read_offsets<T>(
        &self,
        ask: impl Fn(&OffsetsLog) -> Result<T, DiskError>,
    ) -> Result<Option<T>> {
        let Some(directory) = self.to_read()? else { return Ok(None) };
        let mut open = self.offsets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(log) = open.as_ref() {
            match ask(log) {
                // Made anew meanwhile, it may be.
                Err(DiskError::Deleted { .. }) => *open = None,
                answer => return Ok(answer.map(Some)?),
            }
        }
        *open = OffsetsLog::open(&directory)?;
        open.as_ref().map(ask).transpose().map_err(ClusterError::from)
    }

    /// The log of offsets, to write; waits its turn for as long as requests may take.
    pub(super) fn write_offsets(&self) -> Result<OffsetsLog> {
        let until = Instant::now() + self.limits.timeout;
        let directory = self.to_write()?;
        loop {
            match OffsetsLog::open_to_write(&directory, crate::now_ms()) {
                Err(DiskError::Busy { .. }) if Instant::now() < until => {
                    std::thread::sleep(PATIENCE_STEP);
                }
                answer => return Ok(answer?),
            }
        }
    }

    /// Writes records of a group, once nobody holds the lock of its partition, and waits for the
    /// device. Groups whose time is over are forgotten on the way.
    fn write_group(
        &self,
        log: &mut OffsetsLog,
        group: &GroupId,
        records: &[(Key, Option<Value>)],
    ) -> Result<()> {
        let until = Instant::now() + self.limits.timeout;
        while let Err(error) = log.try_lock(group) {
            if !matches!(error, DiskError::Busy { .. }) || Instant::now() >= until {
                return Err(error.into());
            }
            std::thread::sleep(PATIENCE_STEP);
        }
        let now_ms = crate::now_ms();
        // Made where it is missing: the first member of all may be joining right now.
        let file = GroupFile::open_or_create(&self.path, group)?.noting(&self.cuts);
        let file = file.patient(self.limits.timeout);
        match file.lock_empty()? {
            Err(members) => return Err(non_empty(group, members)),
            Ok(_empty) => log.append(group, records, now_ms, true)?,
        }
        // Of no concern to who asked for something else.
        drop(log.expire(now_ms, |other| other == group || self.may_be_live(other)));
        Ok(())
    }

    /// Forgets what groups committed for a topic that was deleted, as a broker does: all partitions
    /// of a group at once. Its members stay: they see that the topic is gone.
    pub(super) fn forget_topic(&self, topic: &TopicName) -> Result<()> {
        let tables = self.read_offsets(OffsetsLog::read_all)?.unwrap_or_default();
        let mut log = None;
        for (group, table) in tables {
            let of = table.offsets.keys().filter(|of| of.topic == *topic);
            let key = |of: &TopicPartition| Key::Offset { group: group.clone(), of: of.clone() };
            let records: Vec<_> = of.map(|of| (key(of), None)).collect();
            if records.is_empty() {
                continue;
            }
            let log = match &mut log {
                Some(log) => log,
                none => none.insert(self.write_offsets()?),
            };
            let file = GroupFile::open_or_create(&self.path, &group)?.noting(&self.cuts);
            let file = file.patient(self.limits.timeout);
            let _lock = file.lock()?;
            log.append(&group, &records, crate::now_ms(), true)?;
        }
        Ok(())
    }

    /// Whether a group may have members that are alive.
    fn may_be_live(&self, group: &GroupId) -> bool {
        self.live_members(group).map_or(true, |live| live.is_some_and(|m| !m.is_empty()))
    }

    /// Refuses a group that has members.
    fn check_no_members(&self, group: &GroupId) -> Result<()> {
        refuse_members(group, self.live_members(group)?.as_deref())
    }

    /// The names of topics by their ids.
    fn topic_names(&self) -> Result<TopicNames> {
        let Some((_, registry)) = self.read_topics()? else { return Ok(TopicNames::new()) };
        Ok(registry.topics.iter().map(|(name, topic)| (topic.id, name.clone())).collect())
    }

    /// Returns every group, by id.
    pub fn list_groups(&self) -> Result<Vec<ListedGroup>> {
        let facts = |log: &OffsetsLog| log.of_all(|table| (table.kind(), recorded(table)));
        let found = self.read_offsets(facts)?.unwrap_or_default();
        let mut listed = Vec::with_capacity(found.len());
        for (id, (kind, recorded)) in found {
            let members = self.live_members(&id)?.map_or(recorded, |live| live.len());
            let state = state(members);
            listed.push(ListedGroup { kind, state, members: Some(members), id });
        }
        Ok(listed)
    }

    /// Returns the named groups, in the order asked.
    pub fn describe_groups(
        &self,
        ids: &[GroupId],
    ) -> Result<Vec<Outcome<GroupId, DescribedGroup>>> {
        let names = self.topic_names()?;
        let describe = |id: &GroupId| {
            let live = self.live_members(id)?;
            let nobody = live.as_ref().is_none_or(Vec::is_empty);
            let make = |table: Option<&GroupTable>| match table {
                Some(table) => Some(described(id, table, live.clone(), &names)),
                None if nobody => None,
                None => Some(described(id, &GroupTable::default(), live.clone(), &names)),
            };
            let found = match self.read_offsets(|log| log.with(id, make))? {
                Some(found) => found,
                None => make(None),
            };
            found.ok_or_else(|| ClusterError::unknown_group(id.as_str()))
        };
        Ok(ids.iter().map(|id| Outcome { of: id.clone(), result: describe(id) }).collect())
    }

    /// Returns what a group committed, by partition; nothing of a group that is not known.
    pub fn fetch_offsets(&self, group: &GroupId) -> Result<Vec<CommittedOffset>> {
        let committed = |table: Option<&GroupTable>| {
            table.map(|table| table.offsets.values().cloned().collect()).unwrap_or_default()
        };
        Ok(self.read_offsets(|log| log.with(group, committed))?.unwrap_or_default())
    }

    /// Commits offsets, those that are allowed all at once.
    pub fn commit_offsets(
        &self,
        group: &GroupId,
        to: &[CommittedOffset],
    ) -> Result<Vec<Outcome<TopicPartition>>> {
        self.check_no_members(group)?;
        let read = self.read_topics()?;
        let check = |committed: &CommittedOffset| {
            let of = &committed.of;
            let unknown = || ClusterError::unknown_topic(of.topic.as_str());
            let (_, registry) = read.as_ref().ok_or_else(unknown)?;
            let topic = super::open_topic(registry, &of.topic)?;
            super::check_partition(&topic, of.partition)?;
            if committed.offset >= 0 {
                return Ok(());
            }
            let message = format!("offset {} of {of} is below 0", committed.offset);
            Err(ClusterError::new(ErrorKind::OffsetOutOfRange, message))
        };
        let mut records = Vec::new();
        let mut outcomes = Vec::with_capacity(to.len());
        for committed in to {
            let result = check(committed);
            if result.is_ok() {
                records.push(commit_record(group, committed));
            }
            outcomes.push(Outcome { of: committed.of.clone(), result });
        }
        if !records.is_empty() {
            self.write_group(&mut self.write_offsets()?, group, &records)?;
        }
        Ok(outcomes)
    }

    /// Forgets what a group committed for some partitions.
    pub fn delete_offsets(
        &self,
        group: &GroupId,
        of: &[TopicPartition],
    ) -> Result<Vec<Outcome<TopicPartition>>> {
        self.check_no_members(group)?;
        let table = self.read_offsets(|log| log.read(group))?.unwrap_or_default();
        if table.is_empty() {
            return Err(ClusterError::unknown_group(group.as_str()));
        }
        let mut records = Vec::new();
        let mut outcomes = Vec::with_capacity(of.len());
        for tp in of {
            let known = table.offsets.contains_key(tp);
            if known {
                records.push((Key::Offset { group: group.clone(), of: tp.clone() }, None));
            }
            let missing = || {
                let message = format!("group `{group}` has committed nothing for {tp}");
                ClusterError::new(ErrorKind::UnknownTopicOrPartition, message)
            };
            let result = known.then_some(()).ok_or_else(missing);
            outcomes.push(Outcome { of: tp.clone(), result });
        }
        if !records.is_empty() {
            self.write_group(&mut self.write_offsets()?, group, &records)?;
        }
        Ok(outcomes)
    }

    /// Deletes groups with all that they committed.
    pub fn delete_groups(&self, ids: &[GroupId]) -> Result<Vec<Outcome<GroupId>>> {
        // That the directory is not there is no matter of one group.
        drop(self.to_read()?);
        let delete = |id: &GroupId| {
            self.check_no_members(id)?;
            let table = self.read_offsets(|log| log.read(id))?.unwrap_or_default();
            let records: Vec<_> = table.keys(id).into_iter().map(|key| (key, None)).collect();
            if records.is_empty() {
                return Err(ClusterError::unknown_group(id.as_str()));
            }
            self.write_group(&mut self.write_offsets()?, id, &records)
        };
        Ok(ids.iter().map(|id| Outcome { of: id.clone(), result: delete(id) }).collect())
    }
}

/// Refuses a group of which members are known to be alive.
fn refuse_members(group: &GroupId, live: Option<&[Member]>) -> Result<()> {
    // One that hangs is taken out by who changes the group.
    let stays = |member: &&Member| member.state != MemberState::Hung;
    match live.map_or(0, |live| live.iter().filter(stays).count()) {
        0 => Ok(()),
        count => Err(non_empty(group, count)),
    }
}

fn non_empty(group: &GroupId, count: usize) -> ClusterError {
    let plural = if count == 1 { "" } else { "s" };
    let message = format!("group `{group}` has {count} member{plural} that would not hear of it");
    ClusterError::new(ErrorKind::NonEmptyGroup, message).of_group(group.as_str())
}

/// The record of a commit.
fn commit_record(group: &GroupId, committed: &CommittedOffset) -> (Key, Option<Value>) {
    let value = OffsetValue {
        offset: committed.offset,
        leader_epoch: committed.leader_epoch,
        metadata: committed.metadata.clone(),
        committed_ms: committed.committed_ms,
        expires_ms: None,
        topic_id: None,
    };
    let key = Key::Offset { group: group.clone(), of: committed.of.clone() };
    (key, Some(Value::Offset(value)))
}

/// The number of members on record.
fn recorded(table: &GroupTable) -> usize {
    table.metadata.as_ref().map_or(0, |metadata| metadata.members.len()).max(table.members.len())
}

/// The state of a group with so many members: as the last rebalance left it.
const fn state(members: usize) -> GroupState {
    if members == 0 { GroupState::Empty } else { GroupState::Stable }
}

/// What is known of a group, with the members that are alive, or those on record.
fn described(
    id: &GroupId,
    table: &GroupTable,
    live: Option<Vec<Member>>,
    names: &TopicNames,
) -> DescribedGroup {
    let metadata = table.metadata.as_ref();
    let protocol_type = match (metadata, table.kind()) {
        (Some(metadata), _) => metadata.protocol_type.clone(),
        (None, GroupKind::Consumer) => CONSUMER.to_owned(),
        (None, _) => String::new(),
    };
    let mut members = live.unwrap_or_else(|| {
        let classic = metadata.map(|m| m.members.as_slice()).unwrap_or_default();
        let classic = classic.iter().map(|stored| classic_member(stored, &protocol_type));
        let consumers = table.members.iter().map(|(id, m)| consumer_member(id, m, names));
        classic.chain(consumers).collect()
    });
    members.sort_by(|a, b| a.id.cmp(&b.id));
    let asked = table.members.values().find_map(|member| member.metadata.assignor.clone());
    DescribedGroup {
        id: id.clone(),
        kind: table.kind(),
        state: state(members.len()),
        coordinator: 0,
        assignor: metadata.and_then(|m| m.protocol.clone()).or(asked).unwrap_or_default(),
        generation: metadata.map(|m| m.generation).or(table.epoch).unwrap_or(0),
        protocol_type,
        members,
    }
}

/// A member of a classic group. The assignments of other protocols are theirs alone.
fn classic_member(stored: &StoredMember, protocol_type: &str) -> Member {
    let assignment = if protocol_type == CONSUMER {
        protocol::decode_assignment(&stored.assignment).unwrap_or_default()
    } else {
        Vec::new()
    };
    Member {
        id: stored.id.clone(),
        instance_id: stored.instance_id.clone(),
        client_id: stored.client_id.clone(),
        host: stored.host.clone(),
        assignment,
        state: MemberState::default(),
    }
}

/// A member of a KIP-848 group, with the partitions of topics that are still there.
fn consumer_member(id: &str, stored: &ConsumerMember, names: &TopicNames) -> Member {
    let owned = stored.current.as_ref().unwrap_or(&stored.target);
    let mut assignment: Vec<TopicPartition> = owned
        .iter()
        .filter_map(|(id, partitions)| Some((names.get(id)?, partitions)))
        .flat_map(|(topic, partitions)| {
            partitions.iter().map(|&partition| TopicPartition { topic: topic.clone(), partition })
        })
        .collect();
    assignment.sort();
    Member {
        id: id.to_owned(),
        instance_id: stored.metadata.instance_id.clone(),
        client_id: stored.metadata.client_id.clone(),
        host: stored.metadata.host.clone(),
        assignment,
        state: MemberState::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::offsets::codec::GroupMetadata;

    fn of(partition: i32) -> TopicPartition {
        TopicPartition { topic: TopicName::new("t").unwrap(), partition }
    }

    #[test]
    fn live_members_are_refused_and_recorded_ones_are_not() {
        let group = GroupId::new("g").unwrap();
        let stored = StoredMember { id: "m".into(), ..StoredMember::default() };
        let member = classic_member(&stored, CONSUMER);
        assert!(refuse_members(&group, None).is_ok());
        assert!(refuse_members(&group, Some(&[])).is_ok());
        let error = refuse_members(&group, Some(&[member])).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NonEmptyGroup);
        assert_eq!(error.message, "group `g` has 1 member that would not hear of it");
    }

    #[test]
    fn members_on_record_are_shown_and_those_of_other_protocols_are_opaque() {
        let id = GroupId::new("g").unwrap();
        let assignment = protocol::encode_assignment(&[of(1), of(0)]).unwrap();
        let stored = StoredMember { id: "m".into(), assignment, ..StoredMember::default() };
        let mut table = GroupTable::default();
        table.metadata = Some(GroupMetadata {
            protocol_type: CONSUMER.into(),
            generation: 5,
            protocol: Some("range".into()),
            members: vec![stored],
            ..GroupMetadata::default()
        });
        let group = described(&id, &table, None, &TopicNames::new());
        assert_eq!((group.state, group.generation), (GroupState::Stable, 5));
        assert_eq!(group.members[0].assignment, [of(0), of(1)]);
        let group = described(&id, &table, Some(Vec::new()), &TopicNames::new());
        assert_eq!(group.state, GroupState::Empty);
        table.metadata.as_mut().unwrap().protocol_type = "connect".into();
        let group = described(&id, &table, None, &TopicNames::new());
        assert_eq!((group.members.len(), group.members[0].assignment.len()), (1, 0));
    }

    #[test]
    fn members_of_kip_848_own_topics_by_their_ids() {
        let names = TopicNames::from([(Uuid([5; 16]), of(0).topic)]);
        let member = ConsumerMember {
            target: vec![(Uuid([5; 16]), vec![2, 1]), (Uuid([6; 16]), vec![0])],
            ..ConsumerMember::default()
        };
        assert_eq!(consumer_member("m", &member, &names).assignment, [of(1), of(2)]);
    }
}
