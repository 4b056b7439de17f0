//! Owns the verbs on a log directory: topics and offsets. Presents itself as a cluster of one
//! broker, node 0. Leaves the files to `disk`, records to the modules below.

mod care;
mod cleaner;
pub(super) mod consume;
pub(super) mod group;
mod groups;
pub(super) mod produce;
mod roster;
mod survey;
pub(super) mod topics;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::error::{ClusterError, ErrorKind, Outcome, Result};
use super::types::{Limits, ListedOffset, OffsetAt};
use crate::config::LogConfig;
use crate::disk::cut::Cuts;
use crate::disk::directory::{Change, LogDirectory};
use crate::disk::error::DiskError;
use crate::disk::foreign::is_foreign;
use crate::disk::guard::check_topic_id;
use crate::disk::meta::{self, Uuid};
use crate::disk::offsets::OffsetsLog;
use crate::disk::partition::PartitionLog;
use crate::disk::registry::{Registry, Topic};
use crate::disk::state::End;
use crate::disk::survey::{last_stable, offset_at_time, record_times};
use crate::topic::{
    ConfigSource, NewTopic, PartitionDetail, TopicChange, TopicConfig, TopicDetail, TopicName,
    TopicPartition,
};

/// How long between two tries for a lock that somebody holds.
const PATIENCE_STEP: Duration = Duration::from_millis(2);
/// The most partitions of one topic: each is a directory.
const PARTITIONS_MAX: i32 = 100_000;

impl From<DiskError> for ClusterError {
    fn from(error: DiskError) -> Self {
        let kind = match &error {
            DiskError::Io { .. } | DiskError::Fenced { .. } | DiskError::Foreign { .. } => {
                ErrorKind::Storage
            }
            DiskError::Insecure { .. } => ErrorKind::Insecure,
            DiskError::Corrupt { .. } => ErrorKind::CorruptData,
            DiskError::Busy { .. } => ErrorKind::Busy,
            DiskError::Deleted { .. } => ErrorKind::UnknownTopicOrPartition,
            DiskError::TakenOver { .. } => ErrorKind::ProducerFenced,
            DiskError::Otherwise { .. } => ErrorKind::InvalidRequest,
            DiskError::TooLarge { .. } => ErrorKind::MessageTooLarge,
            DiskError::Missing { .. } => ErrorKind::NotFound,
        };
        Self::new(kind, error.to_string())
    }
}

/// Finds a topic and types its config.
fn open_topic(registry: &Registry, name: &TopicName) -> Result<OpenTopic> {
    let topic =
        registry.topics.get(name).ok_or_else(|| ClusterError::unknown_topic(name.as_str()))?;
    let mut config = log_config(name, topic)?;
    config.cleanup_policy.compact |= registry.foreign;
    Ok(OpenTopic { name: name.clone(), id: topic.id, partitions: topic.partitions, config })
}

/// A cluster that is a log directory.
#[derive(Debug)]
pub struct Embedded {
    path: PathBuf,
    /// Whether the user named the directory: then it has to be there for the verbs that read.
    explicit: bool,
    limits: Limits,
    /// What groups committed, once it was asked for.
    offsets: Mutex<Option<OffsetsLog>>,
    /// Whether what is not committed is read too.
    uncommitted: AtomicBool,
    /// What was moved aside and is not told yet.
    cuts: Cuts,
}

/// A topic's config, typed. What was stored was checked, so an error here is damage.
pub(super) fn log_config(name: &TopicName, topic: &Topic) -> Result<LogConfig> {
    let pairs: Vec<_> = topic.configs.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
    LogConfig::from_pairs(&pairs).map_err(|reason| {
        ClusterError::new(ErrorKind::CorruptData, format!("topic `{name}`: {reason}"))
            .about(name.as_str())
    })
}

/// What is needed to work on the partitions of one topic.
#[derive(Debug)]
pub(super) struct OpenTopic {
    pub(super) name: TopicName,
    pub(super) id: Uuid,
    pub(super) partitions: i32,
    pub(super) config: LogConfig,
}

impl Embedded {
    /// The cluster in `path`. Looks at nothing yet.
    pub fn open(path: &Path, explicit: bool, limits: Limits) -> Result<Self> {
        crate::sys::raise_file_limit();
        if path.exists() && !path.is_dir() {
            let message = format!("{} is not a directory", path.display());
            return Err(ClusterError::new(ErrorKind::InvalidRequest, message));
        }
        // Made is a directory, and not the way to it, which is rather a slip.
        let is_missing = |path: &Path| matches!(path.try_exists(), Ok(false));
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let has_no_place = path.is_symlink() || parent.is_some_and(is_missing);
        if explicit && is_missing(path) && has_no_place {
            return Err(DiskError::Missing { path: path.to_owned() }.into());
        }
        Ok(Self {
            path: path.to_owned(),
            explicit,
            limits,
            offsets: Mutex::default(),
            uncommitted: AtomicBool::new(false),
            cuts: Cuts::default(),
        })
    }

    /// Says whether consumers that are yet to be made read only what was committed. Only brokers
    /// write transactions, and kaw can read their directories.
    pub fn read_committed(&self, only: bool) {
        self.uncommitted.store(!only, Ordering::Relaxed);
    }

    /// Whether they do.
    fn reads_committed(&self) -> bool {
        !self.uncommitted.load(Ordering::Relaxed)
    }

    /// Whether it is a broker's directory, which nothing of kaw's changes.
    pub fn is_only_read(&self) -> bool {
        is_foreign(&self.path)
    }

    /// The directory, to read; `None` where it is the default one and was never used.
    fn to_read(&self) -> Result<Option<LogDirectory>> {
        match LogDirectory::open(&self.path) {
            Ok(directory) => Ok(Some(directory.noting(&self.cuts))),
            Err(DiskError::Missing { .. }) if !self.explicit => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The directory, to write.
    fn to_write(&self) -> Result<LogDirectory> {
        Ok(LogDirectory::open_to_write(&self.path)?.noting(&self.cuts))
    }

    /// What is worth a warning since this was last asked.
    pub fn take_warnings(&self) -> Vec<String> {
        self.cuts.take_all()
    }

    /// The directory and its topics, to read.
    fn read_topics(&self) -> Result<Option<(LogDirectory, Registry)>> {
        let Some(directory) = self.to_read()? else { return Ok(None) };
        let registry = directory.registry()?;
        Ok(Some((directory, registry)))
    }

    /// Begins a change to the topics, waiting its turn for as long as requests may take.
    fn change<'a>(&self, directory: &'a LogDirectory) -> Result<Change<'a>> {
        self.begin(|| directory.change())
    }

    /// The same for the change that `begin` makes.
    fn begin<'a>(&self, begin: impl Fn() -> Result<Change<'a>, DiskError>) -> Result<Change<'a>> {
        let until = Instant::now() + self.limits.timeout;
        loop {
            match begin() {
                Err(DiskError::Busy { .. }) if Instant::now() < until => {
                    std::thread::sleep(PATIENCE_STEP);
                }
                answer => return Ok(answer?),
            }
        }
    }

    /// Waits, for as long as requests may take, until nobody holds the lock of a partition: it is
    /// held for microseconds, so who holds it longer has been stopped, and is named.
    fn wait_until_free(&self, log: &PartitionLog) -> Result<()> {
        let until = Instant::now() + self.limits.timeout;
        loop {
            match log.try_lock() {
                Err(DiskError::Busy { .. }) if Instant::now() < until => {
                    std::thread::sleep(PATIENCE_STEP);
                }
                answer => return Ok(answer?),
            }
        }
    }

    /// Returns every topic, sorted by name.
    pub fn list_topics(&self) -> Result<Vec<TopicDetail>> {
        let Some((directory, registry)) = self.read_topics()? else { return Ok(Vec::new()) };
        let mut details = Vec::with_capacity(registry.topics.len());
        for (name, topic) in &registry.topics {
            match detail_now(&directory, name, topic) {
                Ok(found) => details.extend(found),
                // One topic must not hide the others.
                Err(error) => {
                    let unknown = |n| unknown_partition(n, error.message.clone());
                    let partitions = (0..topic.partitions).map(unknown).collect();
                    details.push(detail_of(name, topic, partitions));
                }
            }
        }
        tell_node(&directory, details.iter_mut());
        Ok(details)
    }

    /// Returns the named topics.
    pub fn describe_topics(
        &self,
        names: &[TopicName],
    ) -> Result<Vec<Outcome<TopicName, TopicDetail>>> {
        let read = self.read_topics()?;
        let describe = |name: &TopicName| {
            let unknown = || ClusterError::unknown_topic(name.as_str());
            let (directory, registry) = read.as_ref().ok_or_else(unknown)?;
            let topic = registry.topics.get(name).ok_or_else(unknown)?;
            detail_now(directory, name, topic)?.ok_or_else(unknown)
        };
        let outcome = |n: &TopicName| Outcome { of: n.clone(), result: describe(n) };
        let mut outcomes: Vec<_> = names.iter().map(outcome).collect();
        if let Some((directory, _)) = &read {
            let found = outcomes.iter_mut().filter_map(|outcome| outcome.result.as_mut().ok());
            tell_node(directory, found);
        }
        Ok(outcomes)
    }

    /// Creates topics.
    pub fn create_topics(&self, topics: &[NewTopic]) -> Result<Vec<Outcome<TopicName>>> {
        let directory = self.to_write()?;
        let mut change = self.change(&directory)?;
        let mut outcomes = Vec::new();
        for topic in topics {
            let result = create(&mut change, topic);
            outcomes.push(Outcome { of: topic.name.clone(), result });
        }
        change.commit(crate::now_ms())?;
        Ok(outcomes)
    }

    /// Creates a topic that a producer misses.
    pub fn create_missing_topic(&self, topic: &NewTopic, _asked: bool) -> Result<()> {
        let outcomes = self.create_topics(std::slice::from_ref(topic))?;
        outcomes.into_iter().try_for_each(|outcome| outcome.result)
    }

    /// Deletes topics.
    pub fn delete_topics(&self, names: &[TopicName]) -> Result<Vec<Outcome<TopicName>>> {
        let Some(_) = self.to_read()? else { return Ok(all_unknown(names)) };
        let directory = self.to_write()?;
        let mut change = self.change(&directory)?;
        let mut delete = |name: &TopicName| {
            let Some(topic) = change.registry.topics.get(name) else {
                return Err(ClusterError::unknown_topic(name.as_str()));
            };
            for partition in 0..topic.partitions {
                if let Some(log) = directory.open_existing(name, partition)? {
                    self.wait_until_free(&log)?;
                }
            }
            change.delete(name, crate::now_ms())?;
            // Still under the lock of topics: who makes the topic anew finds nothing committed.
            self.forget_topic(name)
        };
        Ok(names.iter().map(|n| Outcome { of: n.clone(), result: delete(n) }).collect())
    }

    /// Changes partition counts and configs.
    pub fn alter_topics(&self, changes: &[TopicChange]) -> Result<Vec<Outcome<TopicName>>> {
        let names: Vec<_> = changes.iter().map(|c| c.name.clone()).collect();
        let Some(_) = self.to_read()? else { return Ok(all_unknown(&names)) };
        let directory = self.to_write()?;
        let mut change = self.change(&directory)?;
        let mut outcomes = Vec::new();
        for wanted in changes {
            let result = alter(&mut change, wanted);
            outcomes.push(Outcome { of: wanted.name.clone(), result });
        }
        change.commit(crate::now_ms())?;
        Ok(outcomes)
    }

    /// Deletes the records before an offset of each partition.
    pub fn delete_records(
        &self,
        before: &[(TopicPartition, i64)],
    ) -> Result<Vec<Outcome<TopicPartition, i64>>> {
        let directory = self.to_write()?;
        let change = self.change(&directory)?;
        let trim = |tp: &TopicPartition, offset: i64| {
            let topic = open_topic(&change.registry, &tp.topic)?;
            check_partition(&topic, tp.partition)?;
            check_topic_id(&directory.partition_path(&tp.topic, tp.partition), topic.id)?;
            let mut log = directory.open_partition(&tp.topic, tp.partition, &topic.config)?;
            self.wait_until_free(&log)?;
            let end = log.end()?;
            if offset > end.end_offset {
                return Err(out_of_range(tp, offset, &end));
            }
            let record = |start| change.record_log_start(&tp.topic, tp.partition, start);
            Ok(log.trim(offset, crate::now_ms(), record)?)
        };
        Ok(before
            .iter()
            .map(|(tp, offset)| Outcome { of: tp.clone(), result: trim(tp, *offset) })
            .collect())
    }

    /// Returns one offset of each partition.
    pub fn list_offsets(
        &self,
        of: &[TopicPartition],
        at: OffsetAt,
    ) -> Result<Vec<Outcome<TopicPartition, ListedOffset>>> {
        let read = self.read_topics()?;
        let list = |tp: &TopicPartition| {
            let (directory, registry) =
                read.as_ref().ok_or_else(|| ClusterError::unknown_topic(tp.topic.as_str()))?;
            let topic = open_topic(registry, &tp.topic)?;
            check_partition(&topic, tp.partition)?;
            check_replica(directory, &topic, tp.partition)?;
            let end = directory.end(&tp.topic, tp.partition, &topic.config)?.end;
            let plain = |offset| ListedOffset { offset, timestamp_ms: -1 };
            Ok(match at {
                OffsetAt::Start => plain(end.start_offset),
                OffsetAt::End => plain(end.end_offset),
                OffsetAt::LastStable => {
                    let path = directory.partition_path(&tp.topic, tp.partition);
                    let found = last_stable(&path, &end);
                    plain(found.map_err(|error| error.or_deleted(&path))?)
                }
                OffsetAt::Timestamp(time) => {
                    let path = directory.partition_path(&tp.topic, tp.partition);
                    let found = offset_at_time(&path, &end, &topic.config, time);
                    found.map_err(|error| error.or_deleted(&path))?.map_or(
                        plain(end.end_offset),
                        |(offset, timestamp_ms)| ListedOffset { offset, timestamp_ms },
                    )
                }
            })
        };
        Ok(of.iter().map(|tp| Outcome { of: tp.clone(), result: list(tp) }).collect())
    }
}

fn all_unknown(names: &[TopicName]) -> Vec<Outcome<TopicName>> {
    let unknown = |name: &TopicName| Err(ClusterError::unknown_topic(name.as_str()));
    names.iter().map(|n| Outcome { of: n.clone(), result: unknown(n) }).collect()
}

/// The error of an offset outside the log.
pub(super) fn out_of_range(tp: &TopicPartition, offset: i64, end: &End) -> ClusterError {
    ClusterError::out_of_range(tp, offset, end.start_offset, end.end_offset)
}

/// Refuses a partition that the topic does not have.
pub(super) fn check_partition(topic: &OpenTopic, partition: i32) -> Result<()> {
    if (0..topic.partitions).contains(&partition) {
        return Ok(());
    }
    let count = topic.partitions.max(0) as usize;
    Err(ClusterError::unknown_partition(topic.name.as_str(), partition, count))
}

/// Refuses a partition that the topic has, and not in this directory.
pub(super) fn check_replica(
    directory: &LogDirectory,
    topic: &OpenTopic,
    partition: i32,
) -> Result<()> {
    if directory.has_partition(&topic.name, partition) {
        return Ok(());
    }
    let message = format!("this directory has no replica of {}-{partition}", topic.name);
    Err(ClusterError::new(ErrorKind::UnknownTopicOrPartition, message))
}

/// A topic of the registry as it is; `None` where it was deleted since that was read.
fn detail_now(
    directory: &LogDirectory,
    name: &TopicName,
    topic: &Topic,
) -> Result<Option<TopicDetail>> {
    match detail(directory, name, topic, false) {
        Err(error) if error.kind == ErrorKind::UnknownTopicOrPartition => {
            let now = directory.registry()?;
            let is_there = now.topics.get(name).is_some_and(|now| now.id == topic.id);
            is_there.then(|| detail(directory, name, topic, true)).transpose()
        }
        found => found.map(Some),
    }
}

/// The same, of a topic that is there still, if that `is_known`: what is missing of it is told.
fn detail(
    directory: &LogDirectory,
    name: &TopicName,
    topic: &Topic,
    is_known: bool,
) -> Result<TopicDetail> {
    let config = log_config(name, topic)?;
    let mut partitions = Vec::with_capacity(topic.partitions as usize);
    for partition in (0..topic.partitions).filter(|&n| directory.has_partition(name, n)) {
        let path = directory.partition_path(name, partition);
        partitions.push(match partition_detail(directory, name, partition, &config) {
            Err(_) if is_known && !path.exists() => {
                unknown_partition(partition, format!("{} is missing", path.display()))
            }
            found => found?,
        });
    }
    Ok(detail_of(name, topic, partitions))
}

/// Puts together what the registry and its partitions tell of a topic.
fn detail_of(name: &TopicName, topic: &Topic, partitions: Vec<PartitionDetail>) -> TopicDetail {
    TopicDetail {
        name: name.clone(),
        id: Some(topic.id.to_string()),
        internal: name.is_internal(),
        configs: topic.configs.iter().map(own_config).collect(),
        configs_unknown: None,
        partitions,
    }
}

/// Says of each partition that the node of the directory has it, and nobody else.
fn tell_node<'a>(directory: &LogDirectory, topics: impl Iterator<Item = &'a mut TopicDetail>) {
    let meta = meta::read_meta_properties(directory.path()).ok().flatten();
    let node = meta.map_or(0, |meta| meta.node_id);
    for partition in topics.flat_map(|topic| &mut topic.partitions) {
        (partition.leader, partition.replicas, partition.isr) = (node, vec![node], vec![node]);
    }
}

/// A partition as it is, or why that is not known: one must not hide the others.
fn partition_detail(
    directory: &LogDirectory,
    name: &TopicName,
    partition: i32,
    config: &LogConfig,
) -> Result<PartitionDetail> {
    // What is damaged is said by the verbs that read it; a listing shows what can be read. A page
    // that cannot be read hides no partition: its log is the truth.
    let end = match directory.end(name, partition, config) {
        Ok(found) => found.end,
        Err(error @ DiskError::Deleted { .. }) => return Err(error.into()),
        Err(error) => match directory.measure(name, partition, config) {
            Ok(end) => end,
            Err(_) => return Ok(unknown_partition(partition, error.to_string())),
        },
    };
    let mut first = end.first_timestamp;
    if directory.is_foreign() || config.cleanup_policy.compact || first < 0 {
        // The first batch tells it of its first record, and not where that is compacted away.
        let path = directory.partition_path(name, partition);
        let found = record_times(&path, &end, config, &[end.start_offset]);
        first = found.first().copied().flatten().unwrap_or(first);
    }
    let time = |ms: i64| (ms >= 0 && end.start_offset < end.end_offset).then_some(ms);
    Ok(PartitionDetail {
        start_offset: end.start_offset,
        end_offset: end.end_offset,
        high_watermark: directory.high_watermark(name, partition, &end),
        bytes: Some(end.sealed_bytes + end.position),
        first_timestamp_ms: time(first),
        last_timestamp_ms: time(end.max_timestamp),
        failure: None,
        ..unknown_partition(partition, String::new())
    })
}

/// A partition of which nothing is known but that it is there.
fn unknown_partition(partition: i32, failure: String) -> PartitionDetail {
    PartitionDetail {
        partition,
        leader: 0,
        replicas: vec![0],
        isr: vec![0],
        start_offset: -1,
        end_offset: -1,
        high_watermark: None,
        bytes: None,
        first_timestamp_ms: None,
        last_timestamp_ms: None,
        failure: Some(failure),
    }
}

/// A config that was set for a topic.
fn own_config((name, value): (&String, &String)) -> TopicConfig {
    TopicConfig { name: name.clone(), value: value.clone(), source: ConfigSource::Topic }
}

fn create(change: &mut Change<'_>, topic: &NewTopic) -> Result<()> {
    let name = topic.name.as_str();
    if change.registry.topics.contains_key(&topic.name) {
        let message = format!("topic `{name}` exists already");
        return Err(ClusterError::new(ErrorKind::TopicAlreadyExists, message).about(name));
    }
    // Kafka keeps metrics under names where both become `_`, and refuses the pair.
    let folded = |name: &str| name.replace('.', "_");
    if let Some(other) = change.registry.topics.keys().find(|t| folded(t.as_str()) == folded(name))
    {
        let message = format!("topic `{name}` collides with `{other}`: `.` and `_` count as equal");
        return Err(ClusterError::new(ErrorKind::InvalidRequest, message));
    }
    check_partition_count(topic.partitions)?;
    if topic.replication_factor.is_some_and(|factor| factor != 1 && factor != -1) {
        let message = "a directory holds one replica of each partition".to_owned();
        return Err(ClusterError::new(ErrorKind::InvalidReplicationFactor, message));
    }
    check_configs(&topic.configs)?;
    change.add_partitions(&topic.name, topic.partitions)?;
    if let Some(created) = change.registry.topics.get_mut(&topic.name) {
        created.configs = topic.configs.iter().cloned().collect();
    }
    Ok(())
}

fn alter(change: &mut Change<'_>, wanted: &TopicChange) -> Result<()> {
    let name = &wanted.name;
    let topic = change
        .registry
        .topics
        .get(name)
        .ok_or_else(|| ClusterError::unknown_topic(name.as_str()))?;
    check_configs(&wanted.set)?;
    if let Some(partitions) = wanted.partitions {
        check_partition_count(partitions)?;
        if partitions <= topic.partitions {
            let message = format!(
                "topic `{name}` has {} partitions, and they can only become more",
                topic.partitions
            );
            return Err(ClusterError::new(ErrorKind::InvalidPartitions, message));
        }
        change.add_partitions(name, partitions)?;
    }
    if let Some(topic) = change.registry.topics.get_mut(name) {
        topic.configs.extend(wanted.set.iter().cloned());
        topic.configs.retain(|config, _| !wanted.unset.contains(config));
    }
    Ok(())
}

fn check_partition_count(partitions: i32) -> Result<()> {
    if (1..=PARTITIONS_MAX).contains(&partitions) {
        return Ok(());
    }
    let message = format!("a topic has 1 to {PARTITIONS_MAX} partitions, not {partitions}");
    Err(ClusterError::new(ErrorKind::InvalidPartitions, message))
}

fn check_configs(configs: &[(String, String)]) -> Result<()> {
    let checked = configs.iter().try_for_each(|(name, value)| crate::config::check(name, value));
    checked.map_err(|reason| ClusterError::new(ErrorKind::InvalidConfig, reason))
}
