//! Owns being a member of a group on a log directory: joining, sharing partitions out, reading
//! those that are ours, committing. Leaves locks and roster to `disk::members`, offsets to
//! `disk::offsets`.
//!
//! A partition is read only while the roster says that it is ours, from the offset that was
//! committed when it became so; and it is let go of only after what was accepted of it is
//! committed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::consume::Consumer;
use super::roster::record_of;
use super::topics::{TOPICS_EVERY, TopicsWatch};
use super::{Embedded, OpenTopic, open_topic, out_of_range};
use crate::assignor::{Assignment, Assignor, AssignorMember, assign};
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::types::{ConsumeFrom, GroupOptions, Jump, Polled, Shared, Skipped};
use crate::disk::directory::LogDirectory;
use crate::disk::error::DiskError;
use crate::disk::members::{GroupFile, Joining, Membership, Partition, Roster, RosterMember};
use crate::disk::meta::Uuid;
use crate::disk::offsets::OffsetsLog;
use crate::disk::offsets::codec::{Key, OffsetValue, Value};
use crate::disk::registry::Registry;
use crate::disk::state::End;
use crate::disk::survey;
use crate::group::GroupId;
use crate::offset::Position;
use crate::record::RecordBuffer;
use crate::sys::Word;
use crate::topic::{TopicName, TopicPartition};

/// How often it is looked whether others are still there, should no word come of it.
const LOOK_EVERY_MS: u64 = 5000;
/// How long a member that was late itself gives the others: they may have been stopped with it.
const GRACE_MS: u64 = 1000;
/// How often a member that waits says that it is there: so often in the time that it may take.
const BEATS: u32 = 4;
/// How often a static member says so at least: its session counts from the last time.
const STATIC_BEAT: Duration = Duration::from_secs(3);

/// A member of a group.
#[derive(Debug)]
pub struct GroupConsumer {
    directory: LogDirectory,
    options: GroupOptions,
    patience: Duration,
    membership: Membership,
    offsets: OffsetsLog,
    roster: Roster,
    /// The sequence of the group's file that the roster is of.
    seen: u32,
    /// When the others are looked at next, on the monotonic clock.
    look_at_ms: u64,
    /// Somebody is to be taken out.
    somebody_out: bool,
    topics_changed: bool,
    topics: TopicsWatch,
    /// The topics that it wants and that are there: their ids, and their numbers of partitions.
    wanted: BTreeMap<TopicName, (Uuid, i32)>,
    /// Wanted topics that came or went, and were not told yet.
    found: Vec<TopicName>,
    deleted: Vec<TopicName>,
    consumer: Consumer,
    /// The partitions that polls name by number; `None` once they are not those any more.
    named: Vec<Option<TopicPartition>>,
    /// The partitions that are read.
    reading: BTreeSet<Partition>,
    /// Assigned to us, and not read yet.
    is_waiting: bool,
    /// Where reading stops, if it does.
    ends: Option<BTreeMap<TopicPartition, i64>>,
    /// The next offsets of records that were accepted and are not committed.
    accepted: BTreeMap<TopicPartition, i64>,
    /// Committed offsets that are outside their logs, and were not told yet.
    jumped: Vec<Jump>,
}

impl Embedded {
    /// Joins a group.
    pub fn group_consumer(&self, options: GroupOptions) -> Result<GroupConsumer> {
        let directory = self.to_write()?;
        let topics = TopicsWatch::new(&directory);
        let registry = directory.registry()?;
        if options.pattern.is_none() {
            for topic in &options.topics {
                open_topic(&registry, topic)?;
            }
        }
        let offsets = self.write_offsets()?;
        let wanted = wanted(&registry, &options);
        let ends = options.to_end.then(|| ends_of(&directory, &registry, &wanted)).transpose()?;
        let patience = self.limits.timeout;
        let (membership, roster) = join(&directory, &options, &wanted, &registry, patience)?;
        let mut consumer = GroupConsumer {
            consumer: Consumer::of_nothing(*directory.boot()),
            seen: membership.file().sequence().wrapping_sub(1),
            directory,
            options,
            patience,
            membership,
            offsets,
            roster,
            look_at_ms: 0,
            somebody_out: false,
            topics_changed: false,
            topics,
            wanted,
            found: Vec::new(),
            deleted: Vec::new(),
            named: Vec::new(),
            reading: BTreeSet::new(),
            is_waiting: true,
            ends,
            accepted: BTreeMap::new(),
            jumped: Vec::new(),
        };
        consumer.consumer.on_out_of_range(consumer.options.on_out_of_range);
        consumer.record()?;
        Ok(consumer)
    }
}

/// Takes a place in a group.
fn join(
    directory: &LogDirectory,
    options: &GroupOptions,
    wanted: &BTreeMap<TopicName, (Uuid, i32)>,
    registry: &Registry,
    patience: Duration,
) -> Result<(Membership, Roster)> {
    let joining = Joining {
        client_id: options.client_id.clone(),
        host: crate::sys::host_name(),
        instance_id: options.instance_id.clone(),
        topics: wanted.keys().map(ToString::to_string).collect(),
        assignor: options.assignor.name(),
        poll_interval: options.poll_interval,
        session: options.session,
        patience,
        cuts: directory.cuts().clone(),
    };
    let share = |roster: &mut Roster| share_out(roster, options.assignor, &all_counts(registry));
    let joined = Membership::join(directory.path(), &options.group, &joining, &share)?;
    joined.map_err(|theirs| {
        let (group, ours) = (&options.group, options.assignor.name());
        let message = format!("the members of group `{group}` share by `{theirs}`, not `{ours}`");
        ClusterError::new(ErrorKind::InconsistentGroupProtocol, message).of_group(&theirs)
    })
}

/// The numbers of partitions of all topics.
fn all_counts(registry: &Registry) -> BTreeMap<String, i32> {
    registry.topics.iter().map(|(name, topic)| (name.to_string(), topic.partitions)).collect()
}

/// The topics that are wanted and that are there.
fn wanted(registry: &Registry, options: &GroupOptions) -> BTreeMap<TopicName, (Uuid, i32)> {
    let is_wanted = |name: &TopicName| match &options.pattern {
        Some(pattern) => pattern.matches(name),
        None => options.topics.contains(name),
    };
    let facts = registry.topics.iter().filter(|(name, _)| is_wanted(name));
    facts.map(|(name, topic)| (name.clone(), (topic.id, topic.partitions))).collect()
}

fn ends_of(
    directory: &LogDirectory,
    registry: &Registry,
    wanted: &BTreeMap<TopicName, (Uuid, i32)>,
) -> Result<BTreeMap<TopicPartition, i64>> {
    let mut ends = BTreeMap::new();
    for name in wanted.keys() {
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
            instance_id: member.instance_id.clone(),
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

pub(super) fn named(partitions: &[Partition]) -> Vec<TopicPartition> {
    let name = |(topic, partition): &Partition| {
        Some(TopicPartition { topic: TopicName::new(topic).ok()?, partition: *partition })
    };
    partitions.iter().filter_map(name).collect()
}

fn unnamed(of: &TopicPartition) -> Partition {
    (of.topic.to_string(), of.partition)
}

impl GroupConsumer {
    /// Reads records of one of its partitions, or waits for some until `until`, or until one of the
    /// words beside is not what it was.
    pub fn poll(
        &mut self,
        buffer: &mut RecordBuffer,
        until: Instant,
        beside: &[Word<'_>],
    ) -> Result<Polled> {
        self.beat();
        self.look_at_others()?;
        if self.is_unbalanced() {
            return Ok(Polled::Rebalance);
        }
        let until = until.min(Instant::now() + self.longest_wait());
        let mut words = vec![(self.membership.file().sequence_word(), self.seen)];
        words.extend_from_slice(beside);
        words.extend(self.topics.word());
        if self.consumer.is_of_nothing() && (self.ends.is_none() || self.is_waiting) {
            crate::sys::wait_any(&words, until.saturating_duration_since(Instant::now()));
            return Ok(Polled::Nothing);
        }
        match self.consumer.poll(buffer, until, &words)? {
            Polled::Finished if self.is_waiting => {
                crate::sys::wait_any(&words, until.saturating_duration_since(Instant::now()));
                Ok(Polled::Nothing)
            }
            Polled::Deleted { of } => {
                let topic = self.partition(of).map(|of| of.topic.clone());
                self.look_at_topics()?;
                match topic {
                    Some(topic) if self.wanted.contains_key(&topic) && !self.topics_changed => {
                        Err(ClusterError::deleted_topic(topic.as_str()))
                    }
                    _ => Ok(Polled::Rebalance),
                }
            }
            polled => Ok(polled),
        }
    }

    /// Says to the others that it polls.
    pub fn beat(&mut self) {
        let now_ms = crate::sys::monotonic_ms();
        if self.membership.is_late(now_ms, self.options.poll_interval) {
            self.look_at_ms = now_ms + GRACE_MS;
        }
        self.membership.beat(now_ms);
    }

    /// How long it may wait before it has to say that it is there, or to look at the others.
    fn longest_wait(&self) -> Duration {
        let beat = self.options.poll_interval / BEATS;
        let beat = if self.options.instance_id.is_some() { beat.min(STATIC_BEAT) } else { beat };
        let look_ms = self.look_at_ms.saturating_sub(crate::sys::monotonic_ms());
        let wait = beat.min(Duration::from_millis(look_ms));
        if self.topics.word().is_some() { wait } else { wait.min(TOPICS_EVERY) }
    }

    /// Notes from time to time whether others are gone, or have not polled for too long.
    fn look_at_others(&mut self) -> Result<()> {
        let now_ms = crate::sys::monotonic_ms();
        if now_ms < self.look_at_ms {
            return Ok(());
        }
        let (out, next_ms) = self.membership.look_at_others(&self.roster)?;
        let many_ms = self.roster.members.len() as u64 * 50;
        self.look_at_ms = next_ms.clamp(now_ms + 10, now_ms + LOOK_EVERY_MS.max(many_ms));
        self.somebody_out |= out;
        Ok(())
    }

    /// Whether none of its topics is there.
    pub fn is_without_topics(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Whether members came or went, or topics changed, since the last rebalance.
    pub fn is_unbalanced(&self) -> bool {
        self.membership.file().sequence() != self.seen
            || self.somebody_out
            || self.topics_changed
            || self.topics.is_due()
    }

    /// Whether the partition that a poll named by number is still read.
    pub fn is_reading(&self, of: usize) -> bool {
        self.consumer.is_reading(of)
    }

    /// The partition that a poll named by number.
    pub fn partition(&self, of: usize) -> Option<&TopicPartition> {
        self.named.get(of)?.as_ref()
    }

    /// Takes up which topics there are now. One that is gone is read no more; one that was made
    /// anew is another one, of which nothing was accepted.
    fn look_at_topics(&mut self) -> Result<Registry> {
        self.topics.look();
        let registry = self.directory.registry()?;
        let now = wanted(&registry, &self.options);
        if now == self.wanted {
            return Ok(registry);
        }
        self.topics_changed = true;
        let before = std::mem::replace(&mut self.wanted, now);
        for (topic, (id, _)) in &before {
            if self.wanted.get(topic).is_none_or(|(now, _)| now != id) {
                self.put_down(|of| of.topic == *topic);
                self.deleted.push(topic.clone());
            }
        }
        let known = |topic: &TopicName, id: &Uuid| before.get(topic).is_some_and(|b| b.0 == *id);
        let found = self.wanted.iter().filter(|(topic, (id, _))| !known(topic, id));
        self.found.extend(found.map(|(topic, _)| topic.clone()));
        Ok(registry)
    }

    /// Reads partitions no more, and forgets what was accepted of them.
    fn put_down(&mut self, which: impl Fn(&TopicPartition) -> bool) {
        for of in self.named.iter_mut().filter(|of| of.as_ref().is_some_and(&which)) {
            if let Some(of) = of.take() {
                self.consumer.remove(&of);
                self.reading.remove(&unnamed(&of));
                self.accepted.remove(&of);
            }
        }
    }

    /// Takes up what members came and went: lets go of what is no longer ours, and takes up what
    /// nobody owns. What was accepted has to be committed before. Partitions of which something is
    /// still on its way out (`is_held`) are read no more, and let go of by a later rebalance.
    pub fn rebalance(&mut self, is_held: &dyn Fn(&TopicPartition) -> bool) -> Result<Shared> {
        self.seen = self.membership.file().sequence();
        let registry = self.look_at_topics()?;
        let topics: Vec<String> = self.wanted.keys().map(ToString::to_string).collect();
        let assignor = self.options.assignor;
        let share = |roster: &mut Roster| share_out(roster, assignor, &all_counts(&registry));
        let changed = std::mem::take(&mut self.topics_changed);
        self.somebody_out = false;
        let reading = &self.reading;
        let put_down = |p: &Partition| !reading.contains(p);
        let held = |p: &Partition| named(std::slice::from_ref(p)).iter().any(is_held);
        let Some(looked) = self.membership.look(&share, changed, &topics, &held, &put_down)? else {
            return Err(self.given_up()?);
        };
        // `seen` stays what it was before the look: somebody else may have come since.
        self.roster = looked.roster;
        if looked.anew {
            self.record()?;
        }
        let id = self.membership.id().to_owned();
        let mine = self.roster.member(&id).map(|me| me.assigned.clone()).unwrap_or_default();
        let stay: BTreeSet<TopicPartition> = named(&mine).into_iter().collect();
        self.put_down(|of| !stay.contains(of));
        self.take_up(&registry, &looked.taken)?;
        self.is_waiting = mine.iter().any(|p| !self.reading.contains(p));
        self.membership.watch_next(&self.roster);
        self.look_at_ms = 0;
        self.look_at_others()?;
        if self.options.pattern.is_none() && self.wanted.is_empty() {
            let deleted = self.deleted.first().map_or("", |topic| topic.as_str());
            return Err(ClusterError::deleted_topic(deleted));
        }
        Ok(self.shared(id, &mine))
    }

    fn shared(&mut self, member: String, mine: &[Partition]) -> Shared {
        let all = |member: &RosterMember| (member.id.clone(), named(&member.assigned));
        Shared {
            generation: self.roster.generation,
            member,
            mine: named(mine),
            members: self.roster.members.iter().map(all).collect(),
            found: std::mem::take(&mut self.found),
            deleted: std::mem::take(&mut self.deleted),
        }
    }

    /// Starts to read what became ours.
    fn take_up(&mut self, registry: &Registry, taken: &[Partition]) -> Result<()> {
        if taken.is_empty() {
            return Ok(());
        }
        // Read only now: the old owner committed before it let go.
        let table = self.offsets.read(&self.options.group)?;
        for of in named(taken) {
            let committed = table.offsets.get(&of).map(|committed| committed.offset);
            if self.wanted.contains_key(&of.topic) {
                self.start(registry, of, committed)?;
            }
        }
        Ok(())
    }

    /// Starts to read a partition where the group stands.
    fn start(
        &mut self,
        registry: &Registry,
        of: TopicPartition,
        committed: Option<i64>,
    ) -> Result<()> {
        let topic = open_topic(registry, &of.topic)?;
        let end = match self.directory.end(&of.topic, of.partition, &topic.config) {
            // Deleted since: the next look at the topics says so.
            Err(DiskError::Deleted { .. }) => return Ok(()),
            end => end?.end,
        };
        let asked = match committed {
            Some(committed) => committed,
            None => self.first_offset(&topic, &of, &end)?,
        };
        let mut from = asked;
        let log = (end.start_offset, end.end_offset);
        if !(log.0..=log.1).contains(&asked) {
            let instead = self.options.on_out_of_range.instead(log.0, log.1);
            from = instead.ok_or_else(|| out_of_range(&of, asked, &end))?;
            self.jumped.push(Jump { of: of.clone(), asked, log, to: from });
        }
        // Chosen once for the whole group: who takes the partition over goes on from here.
        let is_chosen = committed.is_none() && self.options.start != Position::Start;
        if is_chosen || from != asked {
            self.accepted.insert(of.clone(), from);
        }
        let to = self
            .ends
            .as_ref()
            .map(|ends| ends.get(&of).copied().unwrap_or(end.end_offset).max(from));
        let from = ConsumeFrom { topic: of.topic.clone(), partition: of.partition, from, to };
        self.consumer.add(&self.directory, &topic, &from, self.named.len())?;
        if self.options.skip_damaged {
            self.consumer.skip_damaged();
        }
        self.reading.insert(unnamed(&of));
        self.named.push(Some(of));
        Ok(())
    }

    /// Where a partition is begun of which nothing is committed.
    fn first_offset(&self, topic: &OpenTopic, of: &TopicPartition, end: &End) -> Result<i64> {
        if let Position::Time(timestamp_ms) = self.options.start {
            let path = self.directory.partition_path(&of.topic, of.partition);
            let found = survey::offset_at_time(&path, end, &topic.config, timestamp_ms)?;
            return Ok(found.map_or(end.end_offset, |(offset, _)| offset));
        }
        let resolved = self.options.start.resolve(end.start_offset, end.end_offset);
        Ok(resolved.unwrap_or(end.start_offset))
    }

    /// Which committed offsets were outside their logs since this was last asked.
    pub fn take_jumped(&mut self) -> Vec<Jump> {
        let mut jumped = std::mem::take(&mut self.jumped);
        jumped.extend(self.consumer.take_jumped());
        jumped
    }

    /// What was passed over since this was last asked, and where.
    pub fn take_skipped(&mut self) -> Vec<(TopicPartition, Skipped)> {
        self.consumer.take_skipped()
    }

    /// Whether something was accepted and is not committed.
    pub fn is_behind(&self) -> bool {
        !self.accepted.is_empty()
    }

    /// Notes that everything before `next_offset` of a partition has been accepted.
    pub fn accept(&mut self, of: usize, next_offset: i64) {
        if let Some(Some(of)) = self.named.get(of) {
            self.accepted.insert(of.clone(), next_offset);
        }
    }

    /// Commits what was accepted, all of it at once; answers how many partitions that were. A
    /// member that the others have given up commits nothing.
    pub fn commit(&mut self) -> Result<usize> {
        while !self.accepted.is_empty() {
            if self.topics.is_due() {
                self.look_at_topics()?;
            }
            let now_ms = crate::now_ms();
            let group = &self.options.group;
            let record = |(of, &offset): (&TopicPartition, &i64)| {
                let value = OffsetValue {
                    offset,
                    leader_epoch: -1,
                    metadata: String::new(),
                    committed_ms: now_ms,
                    expires_ms: None,
                    topic_id: None,
                };
                (Key::Offset { group: group.clone(), of: of.clone() }, Some(Value::Offset(value)))
            };
            let records: Vec<(Key, Option<Value>)> = self.accepted.iter().map(record).collect();
            let (offsets, topics) = (&mut self.offsets, &self.topics);
            // Who deletes a topic has it forgotten under the mutex, after it is gone: a commit for
            // it comes before that, or sees that it is gone.
            let append = || {
                if topics.is_due() {
                    return Ok(false);
                }
                offsets.append(group, &records, now_ms, false).map(|()| true)
            };
            match self.membership.while_member(append)? {
                None => return Err(self.given_up()?),
                Some(false) => {}
                Some(true) => {
                    self.accepted.clear();
                    return Ok(records.len());
                }
            }
        }
        Ok(0)
    }

    /// Writes down who is there, in Kafka's form.
    fn record(&mut self) -> Result<()> {
        let file = Arc::clone(self.membership.file());
        write_down(&file, &mut self.offsets, &self.options.group, &self.roster)
    }

    /// Why this is a member no more. What was accepted is not committed by it.
    fn given_up(&self) -> Result<ClusterError> {
        let group = &self.options.group;
        if self.membership.is_fenced()? {
            let instance = self.options.instance_id.as_deref().unwrap_or_default();
            let message =
                format!("another member of group `{group}` has the instance id `{instance}` now");
            return Ok(ClusterError::new(ErrorKind::FencedInstanceId, message));
        }
        Ok(ClusterError::given_up(group, self.options.poll_interval))
    }

    /// Reads nothing more, until it joins again.
    pub fn put_all_down(&mut self) {
        self.put_down(|_| true);
    }

    /// Joins again, as a new member, after the others have given this one up.
    pub fn rejoin(&mut self) -> Result<()> {
        self.put_all_down();
        let registry = self.look_at_topics()?;
        let (membership, roster) =
            join(&self.directory, &self.options, &self.wanted, &registry, self.patience)?;
        self.seen = membership.file().sequence().wrapping_sub(1);
        (self.membership, self.roster) = (membership, roster);
        (self.is_waiting, self.look_at_ms) = (true, 0);
        self.record()
    }

    /// Leaves the group at once. What was accepted has to be committed before.
    pub fn leave(self) -> Result<()> {
        let registry = self.directory.registry()?;
        let assignor = self.options.assignor;
        let share = |roster: &mut Roster| share_out(roster, assignor, &all_counts(&registry));
        let file = Arc::clone(self.membership.file());
        let (group, mut offsets) = (self.options.group, self.offsets);
        let Some(roster) = self.membership.leave(&share)? else { return Ok(()) };
        write_down(&file, &mut offsets, &group, &roster)
    }
}

/// Writes a roster down in Kafka's form, unless somebody shared out anew meanwhile, and wrote that
/// down.
fn write_down(
    file: &GroupFile,
    offsets: &mut OffsetsLog,
    group: &GroupId,
    roster: &Roster,
) -> Result<()> {
    let now_ms = crate::now_ms();
    let record = (Key::Group(group.clone()), Some(Value::Group(record_of(roster, now_ms))));
    let lock = file.lock()?;
    if lock.read()?.generation == roster.generation {
        offsets.append(group, &[record], now_ms, false)?;
    }
    Ok(())
}
