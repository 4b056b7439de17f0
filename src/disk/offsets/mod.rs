//! Owns `__consumer_offsets`: which partition a group has, what its records add up to, and writing
//! them. Leaves who may write, and who is alive, to `cluster`.
//!
//! A commit is one batch, so it is there whole or not at all. The log is compacted by writing what
//! is live anew at its end, under the partition's lock, and then trimming what lies before. Kafka
//! swaps segments and keeps offsets; here nothing refers to an offset of this log, and a trim is
//! crash-safe at every step already: until the new log start is published, the same values stand
//! twice. A reader that was behind that start begins anew.

pub mod codec;
mod fold;
pub mod protocol;
mod walk;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use self::codec::{Key, Value};
use self::fold::Groups;
pub use self::fold::{ConsumerMember, GroupTable, OFFSETS_RETENTION_MS};
use self::walk::{RawRecord, Walk};
use super::batch::{BatchEncoder, EncodedBatch, ProducerStamp};
use super::directory::{LogDirectory, ReadEnd};
use super::error::{DiskError, Result};
use super::guard::check_topic_id;
use super::meta::Uuid;
use super::partition::PartitionLog;
use super::state::{End, State};
use crate::config::LogConfig;
use crate::group::GroupId;
use crate::record::{Compression, RecordBuffer, Slice, Span};
use crate::topic::TopicName;

/// The topic.
pub const TOPIC: &str = "__consumer_offsets";
/// Its partitions, Kafka's default of `offsets.topic.num.partitions`.
const PARTITIONS: i32 = 50;
/// Its configs (`GroupCoordinator.groupMetadataTopicConfigs`).
pub const CONFIGS: [(&str, &str); 3] = [
    ("cleanup.policy", "compact"),
    ("compression.type", "producer"),
    ("segment.bytes", "104857600"),
];
/// A log below this size is not worth compacting.
const COMPACT_BYTES_MIN: u64 = 1 << 20;
/// Bytes of keys and values in one batch that compaction writes.
const REWRITE_BATCH_BYTES: usize = 128 << 10;
/// How often a read begins anew when compaction takes away what it reads.
const READ_TRIES: usize = 5;

/// The partition that has the records of `group` (`Utils.abs(groupId.hashCode()) % partitions`).
pub fn partition_of(group: &GroupId, partitions: i32) -> i32 {
    let hash = group
        .as_str()
        .encode_utf16()
        .fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    let positive = if hash == i32::MIN { 0 } else { hash.abs() };
    positive.checked_rem(partitions).unwrap_or(0)
}

/// What was read of one partition so far.
#[derive(Debug, Default)]
struct Tail {
    state: Option<State>,
    walk: Walk,
    groups: Groups,
}

/// One partition opened to write, and what is known of its size.
#[derive(Debug)]
struct OpenLog {
    log: PartitionLog,
    /// Bytes above which it is looked at for compaction.
    compact_above_bytes: u64,
}

/// The log of committed offsets and groups.
#[derive(Debug)]
pub struct OffsetsLog {
    directory: LogDirectory,
    topic: TopicName,
    topic_id: Uuid,
    partitions: i32,
    config: LogConfig,
    logs: BTreeMap<i32, OpenLog>,
    tails: Mutex<BTreeMap<i32, Tail>>,
}

#[expect(clippy::expect_used, reason = "the name is a constant that follows the rule")]
fn topic_name() -> TopicName {
    TopicName::new(TOPIC).expect("a topic name")
}

impl OffsetsLog {
    /// Opens the log of `directory` to read; `None` where no group ever wrote.
    pub fn open(directory: &LogDirectory) -> Result<Option<Self>> {
        Self::of(LogDirectory::open(directory.path())?.noting(directory.cuts()))
    }

    /// Opens the log of `directory` to write, and makes it where it is missing. `Busy` while
    /// somebody else changes topics.
    pub fn open_to_write(directory: &LogDirectory, now_ms: i64) -> Result<Self> {
        loop {
            let own = LogDirectory::open_to_write(directory.path())?.noting(directory.cuts());
            if let Some(log) = Self::of(own)? {
                return Ok(log);
            }
            let topic = topic_name();
            let mut change = directory.change()?;
            change.add_partitions(&topic, PARTITIONS)?;
            if let Some(created) = change.registry.topics.get_mut(&topic) {
                created.configs = CONFIGS.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
            }
            change.commit(now_ms)?;
        }
    }

    fn of(directory: LogDirectory) -> Result<Option<Self>> {
        let topic = topic_name();
        let registry = directory.registry()?;
        let Some(found) = registry.topics.get(&topic) else { return Ok(None) };
        let pairs: Vec<_> = found.configs.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
        let config = LogConfig::from_pairs(&pairs)
            .map_err(|reason| DiskError::corrupt(directory.path(), 0, reason))?;
        Ok(Some(Self {
            partitions: found.partitions.max(1),
            directory,
            topic,
            topic_id: found.id,
            config,
            logs: BTreeMap::new(),
            tails: Mutex::default(),
        }))
    }

    /// The partition that has the records of `group`.
    pub fn partition_of(&self, group: &GroupId) -> i32 {
        partition_of(group, self.partitions)
    }

    /// Whether nobody holds the lock of the partition of `group`; `Busy` where somebody does.
    pub fn try_lock(&mut self, group: &GroupId) -> Result<()> {
        let partition = self.partition_of(group);
        self.open_log(partition)?.log.try_lock()
    }

    fn open_log(&mut self, partition: i32) -> Result<&mut OpenLog> {
        if !self.logs.contains_key(&partition) {
            check_topic_id(&self.directory.partition_path(&self.topic, partition), self.topic_id)?;
            let mut log = self.directory.open_partition(&self.topic, partition, &self.config)?;
            if log.state().is_fenced() {
                log.check_fence()?;
            }
            self.logs.insert(partition, OpenLog { log, compact_above_bytes: COMPACT_BYTES_MIN });
        }
        let missing = || DiskError::Missing { path: self.directory.path().to_owned() };
        self.logs.get_mut(&partition).ok_or_else(missing)
    }

    /// Appends `records` of one group as one batch: all of them are there, or none. A value of
    /// `None` forgets its key. `sync` waits for the device.
    pub fn append(
        &mut self,
        group: &GroupId,
        records: &[(Key, Option<Value>)],
        now_ms: i64,
        sync: bool,
    ) -> Result<()> {
        let mut buffer = RecordBuffer::default();
        for (key, value) in records {
            let too_large = || DiskError::TooLarge { bytes: 1 << 15, max_bytes: i16::MAX as u64 };
            let key = key.encode().ok_or_else(too_large)?;
            let value = match value {
                Some(value) => Some(value.encode().ok_or_else(too_large)?),
                None => None,
            };
            push(&mut buffer, &key, value.as_deref(), now_ms);
        }
        if buffer.is_empty() {
            return Ok(());
        }
        let partition = self.partition_of(group);
        let path = self.directory.partition_path(&self.topic, partition);
        let mut batch = encode(&buffer, &path)?;
        let boot = *self.directory.boot();
        let open = self.open_log(partition)?;
        let appended = open.log.append(&mut batch, now_ms)?;
        if sync {
            PartitionLog::sync(open.log.state(), &path, &appended)?;
        }
        let above = open.compact_above_bytes;
        let end = open.log.state().end(&boot);
        if end.is_some_and(|end| end.sealed_bytes + end.position > above) {
            // Its failure is not that of the commit; the next look is at twice the size.
            drop(self.compact(partition, now_ms));
        }
        Ok(())
    }

    /// Writes a partition of the log anew when it holds more than twice what is live; answers
    /// whether that was done. `Busy` while somebody changes topics.
    pub fn compact(&mut self, partition: i32, now_ms: i64) -> Result<bool> {
        let path = self.directory.partition_path(&self.topic, partition);
        let (topic, config) = (self.topic.clone(), self.config.clone());
        let open = self.open_log(partition)?;
        let held = |end: &End| end.sealed_bytes + end.position;
        // Should anything below fail, it is tried again when there is more to gain.
        open.compact_above_bytes = open.log.end().map(|end| held(&end) * 2)?.max(COMPACT_BYTES_MIN);
        // A second handle, since the lock of topics comes before that of the partition.
        let directory = LogDirectory::open_to_write(self.directory.path())?;
        let change = directory.change()?;
        let open = self.open_log(partition)?;
        let mut live_bytes = 0;
        let live = |end: &End| {
            let (live, waiting) = live_records(&path, end, &config)?;
            let batches = rewritten(&live, &path, now_ms)?;
            live_bytes = batches.iter().map(|batch| batch.bytes.len() as u64).sum();
            let due = !waiting && held(end) > COMPACT_BYTES_MIN && held(end) > 2 * live_bytes;
            Ok(due.then_some(batches))
        };
        let record = |start| change.record_log_start(&topic, partition, start);
        let done = open.log.rewrite(now_ms, live, record)?;
        open.compact_above_bytes = COMPACT_BYTES_MIN.max(2 * live_bytes + COMPACT_BYTES_MIN / 2);
        Ok(done)
    }

    /// What is known of `group`; empty where nothing is. Reads only what is new since it was last
    /// asked.
    pub fn read(&self, group: &GroupId) -> Result<GroupTable> {
        self.with(group, |table| table.cloned().unwrap_or_default())
    }

    /// The same, without a copy: shows it to `ask`.
    pub fn with<T>(
        &self,
        group: &GroupId,
        ask: impl FnOnce(Option<&GroupTable>) -> T,
    ) -> Result<T> {
        if self.directory.is_foreign() {
            return Ok(ask(self.read_all()?.get(group)));
        }
        let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        let partition = self.partition_of(group);
        let tail = tails.entry(partition).or_default();
        self.refresh(partition, tail)?;
        Ok(ask(tail.groups.get(group)))
    }

    /// What is known of all groups.
    pub fn read_all(&self) -> Result<BTreeMap<GroupId, GroupTable>> {
        self.of_all(GroupTable::clone)
    }

    /// What `ask` makes of each group.
    pub fn of_all<T>(&self, ask: impl Fn(&GroupTable) -> T) -> Result<BTreeMap<GroupId, T>> {
        let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = BTreeMap::new();
        // Of a broker's partitions some may be elsewhere, and then their number is not known.
        let foreign = self.directory.is_foreign();
        let here = |n: &i32| self.directory.has_partition(&self.topic, *n);
        for partition in (0..self.partitions).filter(here) {
            let tail = tails.entry(partition).or_default();
            self.refresh(partition, tail)?;
            // Only the partition of its id speaks for a group.
            let own = |id: &GroupId| foreign || self.partition_of(id) == partition;
            let own = tail.groups.iter().filter(|(id, _)| own(id));
            all.extend(own.map(|(id, table)| (id.clone(), ask(table))));
        }
        Ok(all)
    }

    /// Writes down that what is expired by `now_ms` is forgotten, of groups of which `is_live` says
    /// no; answers the groups.
    pub fn expire(
        &mut self,
        now_ms: i64,
        is_live: impl Fn(&GroupId) -> bool,
    ) -> Result<Vec<GroupId>> {
        let mut forgotten = Vec::new();
        for (group, table) in self.read_all()? {
            let expired = table.expired(&group, now_ms, OFFSETS_RETENTION_MS);
            if expired.is_empty() || is_live(&group) {
                continue;
            }
            let records: Vec<_> = expired.into_iter().map(|key| (key, None)).collect();
            self.append(&group, &records, now_ms, false)?;
            forgotten.push(group);
        }
        Ok(forgotten)
    }

    /// Reads what is new in a partition.
    fn refresh(&self, partition: i32, tail: &mut Tail) -> Result<()> {
        let path = self.directory.partition_path(&self.topic, partition);
        let mut failure = None;
        for _ in 0..READ_TRIES {
            let end = self.end(partition, tail)?;
            if tail.walk.next_offset < end.start_offset || tail.walk.next_offset > end.end_offset {
                tail.walk = Walk::from(end.start_offset);
                tail.groups.clear();
            }
            let from = tail.walk.next_offset;
            if from == end.end_offset {
                return Ok(());
            }
            let result = tail.walk.fold(&path, &end, &self.config, &mut tail.groups);
            // A trim publishes the new start before it removes anything, so where the start is
            // still not above, everything was there.
            let behind = self.end(partition, tail)?.start_offset > from;
            match result {
                Ok(()) if !behind => return Ok(()),
                result => {
                    failure = result.err();
                    // What was taken in part, or over a hole, is not kept.
                    tail.walk = Walk::from(-1);
                }
            }
        }
        Err(failure.unwrap_or_else(|| DiskError::Busy {
            path,
            holder: "a process that compacts it again and again".to_owned(),
        }))
    }

    /// How far a partition can be read.
    fn end(&self, partition: i32, tail: &mut Tail) -> Result<End> {
        if tail.state.is_none() && !self.directory.is_foreign() {
            let path = self.directory.partition_path(&self.topic, partition);
            tail.state = State::open(&path)?;
        }
        if let Some(state) = &tail.state {
            state.check_version()?;
            if state.is_deleted() {
                let path = self.directory.partition_path(&self.topic, partition);
                return Err(DiskError::Deleted { path });
            }
            if let Some(end) = state.end(self.directory.boot()) {
                return Ok(end);
            }
        }
        let ReadEnd { end, damage } = self.directory.end(&self.topic, partition, &self.config)?;
        damage.map_or(Ok(end), Err)
    }
}

/// Adds a record to a buffer.
fn push(buffer: &mut RecordBuffer, key: &[u8], value: Option<&[u8]>, now_ms: i64) {
    let key = buffer.store(key);
    let value = value.map_or(Slice::NULL, |value| buffer.store(value));
    buffer.spans.push(Span::new(key, value, now_ms));
}

/// One batch of all records of a buffer.
fn encode(buffer: &RecordBuffer, path: &std::path::Path) -> Result<EncodedBatch> {
    let mut encoder = BatchEncoder::new(Compression::None);
    buffer.spans.iter().for_each(|span| encoder.push(span, buffer));
    let batch = encoder.finish(ProducerStamp::NONE, EncodedBatch::default());
    batch.map_err(DiskError::io("encode", path))
}

/// The last value of each key, tombstones left out, known to us or not, in the order of keys; and
/// whether a transaction is open.
fn live_records(
    path: &std::path::Path,
    end: &End,
    config: &LogConfig,
) -> Result<(Vec<RawRecord>, bool)> {
    let mut live: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let mut walk = Walk::from(end.start_offset);
    walk.run(path, end, config, &mut |key, value| match value {
        Some(value) => drop(live.insert(key.to_vec(), value.to_vec())),
        None => drop(live.remove(key)),
    })?;
    let records = live.into_iter().map(|(key, value)| (key, Some(value))).collect();
    Ok((records, walk.is_waiting()))
}

/// Batches of live records.
fn rewritten(live: &[RawRecord], path: &std::path::Path, now_ms: i64) -> Result<Vec<EncodedBatch>> {
    let mut batches = Vec::new();
    let mut buffer = RecordBuffer::default();
    for (key, value) in live {
        // A record that was a batch of its own is one again, and no larger than it was.
        let bytes = key.len() + value.as_ref().map_or(0, Vec::len);
        if !buffer.is_empty() && buffer.arena.len() + bytes > REWRITE_BATCH_BYTES {
            batches.push(encode(&buffer, path)?);
            buffer.clear();
        }
        push(&mut buffer, key, value.as_deref(), now_ms);
    }
    if !buffer.is_empty() {
        batches.push(encode(&buffer, path)?);
    }
    Ok(batches)
}

#[cfg(test)]
mod tests;
