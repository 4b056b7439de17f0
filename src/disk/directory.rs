//! Owns a log directory as a whole: who may use it, its topics, and changes to them. Leaves the log
//! of a partition to `partition` and `reader`.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::cut::Cuts;
use super::error::{DiskError, Result};
use super::foreign::{Checkpoints, Measured, Noted};
use super::guard::{check_file_system, check_is_directory, check_owner, check_version};
use super::meta::{self, MetaProperties, Uuid};
use super::partition::PartitionLog;
use super::recovery::Recovery;
use super::registry::{Registry, Topic};
use super::state::{End, Known, State, identity_at};
use super::{BootId, file, foreign, layout, segment, unlisted};
use crate::config::LogConfig;
use crate::sys::{self, LockKind, Page};
use crate::topic::TopicName;

/// The lock byte of the directory's own state file.
const CHANGE_BYTE: u64 = 0;
/// The half word of its page that every change of topics counts up.
const HALF_WORD_TOPICS: usize = 0;
/// Producer ids of ours begin here: a broker hands out its own from 0 on, and the two must not meet
/// in a directory that a broker adopts.
const PRODUCER_ID_MIN: i64 = 1 << 40;

/// A producer id that nobody else has, here or in a copy: drawn, and not counted, since a counter
/// that is lost or copied gives the same id twice, and then a record passes for a retry of another.
pub fn new_producer_id() -> Result<i64> {
    let mut bytes = [0; 8];
    sys::random(&mut bytes).map_err(DiskError::io("draw", Path::new("a producer id")))?;
    Ok((i64::from_be_bytes(bytes) >> 2 & i64::MAX >> 2) | PRODUCER_ID_MIN)
}

/// Above this many new partitions, one sync of the whole file system is cheaper than one each.
const SYNC_EACH_MAX: usize = 32;

/// How far a partition can be read.
#[derive(Debug)]
pub struct ReadEnd {
    /// The end.
    pub end: End,
    /// What is there, where the log should go on.
    pub damage: Option<DiskError>,
}

/// A log directory, opened to read or to write.
#[derive(Debug)]
pub struct LogDirectory {
    path: PathBuf,
    boot: BootId,
    /// Whether a broker keeps it: then it is only read.
    foreign: bool,
    /// Kafka's lock, held shared for as long as this may write: a broker does not start meanwhile.
    broker_lock: Option<File>,
    /// Log start offsets as they were when first asked for, for partitions without a page.
    starts: OnceLock<BTreeMap<(String, i32), i64>>,
    /// What else a broker noted, likewise.
    checkpoints: OnceLock<Checkpoints>,
    /// What was moved aside in it by what is opened here.
    cuts: Cuts,
}

impl LogDirectory {
    /// Opens `path` to read. Takes no lock and writes nothing.
    pub fn open(path: &Path) -> Result<Self> {
        check_is_directory(path)?;
        check_file_system(path)?;
        Ok(Self {
            path: path.to_owned(),
            boot: BootId::current(),
            foreign: foreign::is_foreign(path),
            broker_lock: None,
            starts: OnceLock::new(),
            checkpoints: OnceLock::new(),
            cuts: Cuts::default(),
        })
    }

    /// Opens `path` to write, and makes it where it is missing. Refused while a broker runs on it.
    pub fn open_to_write(path: &Path) -> Result<Self> {
        if !path.try_exists().map_err(DiskError::io("stat", path))? {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .map_err(DiskError::io("create", path))?;
            if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                segment::sync_directory(parent)?;
            }
        }
        let mut directory = Self::open(path)?;
        // Before the lock, which would be a file of ours in there.
        if directory.foreign {
            let found = "it is a Kafka broker's directory, which kaw only reads; write through \
                         the broker, or copy the records into a directory of kaw's";
            return Err(DiskError::Foreign { path: path.to_owned(), found: found.to_owned() });
        }
        check_owner(path)?;
        check_version(path)?;
        directory.broker_lock = Some(hold_broker_lock(path)?);
        Ok(directory)
    }

    /// The same; what is moved aside in it is noted among `cuts`.
    #[must_use]
    pub fn noting(self, cuts: &Cuts) -> Self {
        Self { cuts: cuts.clone(), ..self }
    }

    /// What was moved aside in it and is not told yet.
    pub const fn cuts(&self) -> &Cuts {
        &self.cuts
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which start of the machine this is.
    pub const fn boot(&self) -> &BootId {
        &self.boot
    }

    /// Whether a broker keeps it. Then ends are found by reading, and no page tells of news.
    pub const fn is_foreign(&self) -> bool {
        self.foreign
    }

    /// Whether a partition is here: that of a broker may have its replicas elsewhere.
    pub fn has_partition(&self, topic: &TopicName, partition: i32) -> bool {
        !self.foreign || self.partition_path(topic, partition).is_dir()
    }

    /// The topics.
    pub fn registry(&self) -> Result<Registry> {
        if self.foreign {
            return foreign::registry(&self.path);
        }
        let registry = Registry::read(&self.path.join(layout::REGISTRY))?;
        if registry.topics.is_empty() {
            unlisted::refuse(&self.path)?;
        }
        Ok(registry)
    }

    /// The directory of a partition.
    pub fn partition_path(&self, topic: &TopicName, partition: i32) -> PathBuf {
        self.path.join(layout::partition_directory(topic, partition))
    }

    /// Log start offsets on record.
    pub fn log_starts(&self) -> Result<BTreeMap<(String, i32), i64>> {
        let path = self.path.join(layout::LOG_START_CHECKPOINT);
        if self.foreign { foreign::read_checkpoint(&path) } else { meta::read_checkpoint(&path) }
    }

    /// Opens the log of a partition to write.
    pub fn open_partition(
        &self,
        topic: &TopicName,
        partition: i32,
        config: &LogConfig,
    ) -> Result<PartitionLog> {
        check_owner(&self.partition_path(topic, partition))?;
        let start = self.start_on_record(topic, partition)?;
        let path = self.partition_path(topic, partition);
        let log = PartitionLog::open(&path, config.clone(), self.boot, start)?;
        Ok(log.noting(&self.cuts))
    }

    /// Opens the log of a partition that somebody wrote to, to look at its lock; `None` where
    /// nobody did.
    pub fn open_existing(&self, topic: &TopicName, partition: i32) -> Result<Option<PartitionLog>> {
        let path = self.partition_path(topic, partition);
        if !path.join(layout::PARTITION_STATE).exists() {
            return Ok(None);
        }
        PartitionLog::open(&path, LogConfig::default(), self.boot, 0).map(Some)
    }

    /// The log start offset on record, as it was when this directory was first asked for one.
    fn start_on_record(&self, topic: &TopicName, partition: i32) -> Result<i64> {
        if self.starts.get().is_none() {
            self.starts.set(self.log_starts()?).unwrap_or_default();
        }
        let starts = self.starts.get();
        Ok(starts.and_then(|s| s.get(&(topic.to_string(), partition)).copied()).unwrap_or(0))
    }

    /// One past the last record of a partition that no change of leader takes back. In a directory
    /// of ours there is no other leader; in that of a broker it is what the broker has noted last,
    /// if it can be read: behind it, records are readable and may yet go.
    pub fn high_watermark(&self, topic: &TopicName, partition: i32, end: &End) -> Option<i64> {
        if !self.foreign {
            return Some(end.end_offset);
        }
        let noted = self.checkpoints().high_watermark(topic, partition)?;
        Some(noted.clamp(end.start_offset, end.end_offset))
    }

    /// What a broker noted of its partitions, as it was when first asked for.
    fn checkpoints(&self) -> &Checkpoints {
        self.checkpoints.get_or_init(|| Checkpoints::read(&self.path))
    }

    /// What a broker noted of how far a partition is whole; `None` in a directory of ours.
    pub fn noted(&self, topic: &TopicName, partition: i32) -> Option<Noted> {
        self.foreign.then(|| self.checkpoints().of(topic, partition))
    }

    /// How far a partition can be read. Where no end is published that can be believed (the machine
    /// was started anew), it is made from the log: by the repair of a writer; or by reading alone,
    /// where writing is not allowed, somebody holds the lock, or repair meets damage. Whole batches
    /// in front of damage stay readable, and the damage comes with the end.
    pub fn end(&self, topic: &TopicName, partition: i32, config: &LogConfig) -> Result<ReadEnd> {
        self.find_end(topic, partition, config)
            .map_err(|error| error.or_deleted(&self.partition_path(topic, partition)))
    }

    fn find_end(&self, topic: &TopicName, partition: i32, config: &LogConfig) -> Result<ReadEnd> {
        let path = self.partition_path(topic, partition);
        layout::check_partition(&path)?;
        if let Some(noted) = self.noted(topic, partition) {
            let start = self.start_on_record(topic, partition)?;
            let Measured { end, torn } = foreign::measure(&path, start, noted, config)?;
            if let Some(torn) = torn.filter(|_| !foreign::is_running(&self.path)) {
                self.cuts.note(torn);
            }
            return Ok(ReadEnd { end, damage: None });
        }
        let mut known = Known::default();
        if let Some(state) = State::open(&path)? {
            state.check_version()?;
            known = state.known();
            if let Some(end) = state.end(&self.boot) {
                return Ok(ReadEnd { end, damage: None });
            }
        }
        let start = self.start_on_record(topic, partition)?;
        if segment::list(&path)?.is_empty() {
            return Ok(ReadEnd { end: End::empty(start), damage: None });
        }
        let repaired = Self::open_to_write(&self.path).and_then(|directory| {
            directory.noting(&self.cuts).open_partition(topic, partition, config)?.try_end()
        });
        let damage = match repaired {
            Ok(end) => return Ok(ReadEnd { end, damage: None }),
            Err(DiskError::Io { source, .. }) if is_denied(&source) => None,
            Err(
                DiskError::Busy { .. }
                | DiskError::Fenced { .. }
                | DiskError::Insecure { .. }
                | DiskError::Foreign { .. },
            ) => None,
            Err(damage @ DiskError::Corrupt { .. }) => Some(damage),
            Err(error) => return Err(error),
        };
        let end = Recovery { directory: &path, config }.measure(start, known)?;
        Ok(ReadEnd { end, damage })
    }

    /// How far a partition can be read by what is in its log alone, whatever its page is like.
    pub fn measure(&self, topic: &TopicName, partition: i32, config: &LogConfig) -> Result<End> {
        if self.foreign {
            return self.find_end(topic, partition, config).map(|found| found.end);
        }
        let path = self.partition_path(topic, partition);
        layout::check_partition(&path)?;
        let start = self.start_on_record(topic, partition)?;
        Recovery { directory: &path, config }.measure(start, Known::default())
    }

    pub(super) fn open_state_file(&self) -> Result<(PathBuf, File)> {
        let path = self.path.join(layout::DIRECTORY_STATE);
        let file = file::open_to_write(&path)?;
        Ok((path, file))
    }

    /// The page with the word that every change of topics counts up; `None` where this directory
    /// may not be written to.
    pub fn topics_page(&self) -> Option<Page> {
        if self.foreign {
            return None;
        }
        let (path, file) = self.open_state_file().ok()?;
        file::make_page(&file, &path).ok()?;
        Page::map(&file, true).ok()
    }

    /// The word itself.
    pub fn topics_word(page: &Page) -> &AtomicU32 {
        page.half_word(HALF_WORD_TOPICS)
    }

    /// What it says now.
    pub fn topics_sequence(page: &Page) -> u32 {
        Self::topics_word(page).load(Ordering::Acquire)
    }

    /// Begins a change to the topics: takes the directory's lock, once, without waiting.
    pub fn change(&self) -> Result<Change<'_>> {
        self.change_from(|| self.registry())
    }

    /// The same, of the topics that `registry` tells under the lock.
    pub(super) fn change_from(
        &self,
        registry: impl FnOnce() -> Result<Registry>,
    ) -> Result<Change<'_>> {
        let (path, file) = self.open_state_file()?;
        if !sys::try_lock(&file, LockKind::Exclusive, CHANGE_BYTE, 1)
            .map_err(DiskError::io("lock", &path))?
        {
            let holder = "another process that changes topics".to_owned();
            return Err(DiskError::Busy { path, holder });
        }
        let registry = registry()?;
        let meta = match meta::read_meta_properties(&self.path)? {
            Some(meta) => meta,
            None => self.write_first_meta_properties()?,
        };
        Ok(Change { directory: self, registry, meta, _lock: file, created: Vec::new() })
    }

    fn write_first_meta_properties(&self) -> Result<MetaProperties> {
        let random = || Uuid::random().map_err(DiskError::io("make an id for", &self.path));
        let meta = MetaProperties {
            cluster_id: random()?.to_string(),
            node_id: 0,
            directory_id: random()?,
        };
        // Ids without our own file beside them are those of a broker.
        segment::sync_directory(&self.path)?;
        meta::write_meta_properties(&self.path, &meta)?;
        Ok(meta)
    }
}

/// A change to the topics of a directory, under its lock.
#[derive(Debug)]
pub struct Change<'a> {
    directory: &'a LogDirectory,
    /// The topics as they are, and will be after [`Self::commit`].
    pub registry: Registry,
    meta: MetaProperties,
    _lock: File,
    created: Vec<Created>,
}

/// A directory that a change made, for a partition that the registry does not have yet.
#[derive(Debug)]
struct Created {
    name: TopicName,
    partition: i32,
    path: PathBuf,
}

impl Created {
    /// Takes it back. What stays is set aside by whoever makes the topic.
    fn remove(&self) {
        drop(std::fs::remove_dir_all(&self.path));
    }
}

impl Change<'_> {
    /// Adds a topic, or partitions to one that is there.
    pub fn add_partitions(&mut self, name: &TopicName, partitions: i32) -> Result<()> {
        let directory = self.directory;
        let (id, from) = match self.registry.topics.get(name) {
            Some(topic) => (topic.id, topic.partitions),
            None => (Uuid::random().map_err(DiskError::io("make an id in", &directory.path))?, 0),
        };
        let before = self.created.len();
        let made = (from..partitions).try_for_each(|n| self.create_partition(name, n, id));
        if made.is_err() {
            self.created.drain(before..).for_each(|created| created.remove());
        }
        made?;
        let topic = self.registry.topics.entry(name.clone());
        let topic = topic.or_insert(Topic { id, partitions: 0, configs: BTreeMap::new() });
        topic.partitions = topic.partitions.max(partitions);
        Ok(())
    }

    fn create_partition(&mut self, name: &TopicName, partition: i32, id: Uuid) -> Result<()> {
        let path = self.directory.partition_path(name, partition);
        // A deletion that was cut short may have left its start, and logs that are still open.
        let mut starts = self.directory.log_starts()?;
        if starts.remove(&(name.to_string(), partition)).is_some() {
            let path = self.directory.path.join(layout::LOG_START_CHECKPOINT);
            meta::write_checkpoint(&path, &starts)?;
        }
        if path.exists() {
            self.refuse_folded(name, partition, &path)?;
            // No topic claims it: a creation or deletion that was cut short, or somebody's copy.
            // Kept aside, and who has it open is told.
            if let Some(log) = self.directory.open_existing(name, partition)? {
                log.mark_deleted()?;
            }
            self.set_stray_aside(name, partition, &path)?;
        }
        DirBuilder::new().mode(0o700).create(&path).map_err(DiskError::io("create", &path))?;
        let (metadata, epochs) =
            (path.join(layout::PARTITION_METADATA), path.join(layout::LEADER_EPOCHS));
        self.created.push(Created { name: name.clone(), partition, path });
        write_new(&metadata, &meta::partition_metadata(id))?;
        write_new(&epochs, meta::FIRST_LEADER_EPOCH)
    }

    /// Gives a directory that no topic claims another name; one that never had a record goes.
    fn set_stray_aside(&self, name: &TopicName, partition: i32, path: &Path) -> Result<()> {
        let is_real = std::fs::symlink_metadata(path).is_ok_and(|facts| facts.is_dir());
        if is_real && !unlisted::holds_records(path)? {
            return std::fs::remove_dir_all(path).map_err(DiskError::io("remove", path));
        }
        let unique = Uuid::random().map_err(DiskError::io("make an id for", path))?.as_u128();
        let stray = layout::stray_directory(name, partition, unique);
        std::fs::rename(path, self.directory.path.join(&stray))
            .map_err(DiskError::io("rename", path))?;
        let what = "it had records, and no topic had it";
        self.directory.cuts.note(format!("{name}-{partition} is called {stray} now: {what}"));
        Ok(())
    }

    /// Refuses a name that the file system takes for that of another topic: it folds case.
    fn refuse_folded(&self, name: &TopicName, partition: i32, path: &Path) -> Result<()> {
        let here = identity_at(path)?;
        for other in self.registry.topics.keys() {
            let folds = other != name && other.as_str().eq_ignore_ascii_case(name.as_str());
            if folds && identity_at(&self.directory.partition_path(other, partition))? == here {
                let found = format!("the file system takes it for a partition of topic `{other}`");
                return Err(DiskError::Foreign { path: path.to_owned(), found });
            }
        }
        Ok(())
    }

    /// Makes the change visible, all of it at once, and durable. `now_ms` dates it.
    pub fn commit(&mut self, now_ms: i64) -> Result<()> {
        self.sync_created()?;
        let path = self.directory.path.join(layout::REGISTRY);
        self.registry.write(&path, &self.meta, now_ms)?;
        self.created.clear();
        // Without it, who waits for topics looks again later.
        if let Some(page) = self.directory.topics_page() {
            LogDirectory::topics_word(&page).fetch_add(1, Ordering::AcqRel);
            sys::wake_all(LogDirectory::topics_word(&page));
        }
        Ok(())
    }

    fn sync_created(&self) -> Result<()> {
        if self.created.len() > SYNC_EACH_MAX {
            let top = &self.directory.path;
            let file = File::open(top).map_err(DiskError::io("open", top))?;
            return sys::sync_file_system(&file).map_err(DiskError::io("sync", top));
        }
        for Created { path, .. } in &self.created {
            for name in [layout::PARTITION_METADATA, layout::LEADER_EPOCHS] {
                let file = path.join(name);
                let synced = File::open(&file).and_then(|f| f.sync_all());
                synced.map_err(DiskError::io("sync", &file))?;
            }
            segment::sync_directory(path)?;
        }
        // Their own names as well, and first: the registry promises them.
        if self.created.is_empty() { Ok(()) } else { segment::sync_directory(&self.directory.path) }
    }

    /// Notes the log start offset of a partition where it outlives the state page.
    pub fn record_log_start(&self, topic: &TopicName, partition: i32, offset: i64) -> Result<()> {
        let mut starts = self.directory.log_starts()?;
        starts.insert((topic.to_string(), partition), offset);
        meta::write_checkpoint(&self.directory.path.join(layout::LOG_START_CHECKPOINT), &starts)
    }

    /// Removes a topic and everything in it. The registry goes first: from then on nobody finds it,
    /// and what a kill leaves behind is swept by the next deletion, or set aside by the next
    /// creation. On a full disk it cannot go first: then the records make room for it, and a kill
    /// in between leaves a topic that is to be deleted once more.
    pub fn delete(&mut self, name: &TopicName, now_ms: i64) -> Result<()> {
        let Some(topic) = self.registry.topics.get(name) else { return Ok(()) };
        for partition in 0..topic.partitions {
            layout::check_partition(&self.directory.partition_path(name, partition))?;
        }
        let Some(topic) = self.registry.topics.remove(name) else { return Ok(()) };
        match self.commit(now_ms) {
            Err(error) if error.is_full_disk() => {
                self.remove_partitions(name, &topic)?;
                self.commit(now_ms)?;
            }
            committed => {
                committed?;
                self.remove_partitions(name, &topic)?;
            }
        }
        self.forget_log_starts(name)
    }

    fn forget_log_starts(&self, name: &TopicName) -> Result<()> {
        let mut starts = self.directory.log_starts()?;
        let before = starts.len();
        starts.retain(|(topic, _), _| topic != name.as_str());
        if starts.len() != before {
            let path = self.directory.path.join(layout::LOG_START_CHECKPOINT);
            meta::write_checkpoint(&path, &starts)?;
        }
        Ok(())
    }

    fn remove_partitions(&self, name: &TopicName, topic: &Topic) -> Result<()> {
        for partition in 0..topic.partitions {
            let path = self.directory.partition_path(name, partition);
            if !path.exists() {
                continue;
            }
            if let Some(log) = self.directory.open_existing(name, partition)? {
                log.mark_deleted()?;
            }
            let gone = layout::deleted_directory(name, partition, topic.id.as_u128());
            std::fs::rename(&path, self.directory.path.join(gone))
                .map_err(DiskError::io("rename", &path))?;
        }
        self.sweep()
    }

    /// Removes what deletions left.
    fn sweep(&self) -> Result<()> {
        let top = &self.directory.path;
        for entry in std::fs::read_dir(top).map_err(DiskError::io("list", top))? {
            let entry = entry.map_err(DiskError::io("list", top))?;
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_directory && entry.file_name().to_str().is_some_and(layout::is_deleted_directory)
            {
                let path = entry.path();
                std::fs::remove_dir_all(&path).map_err(DiskError::io("remove", &path))?;
            }
        }
        Ok(())
    }
}

impl Drop for Change<'_> {
    /// Takes back the partitions of a change that was not committed. A commit may have failed after
    /// the registry was replaced, so that is asked.
    fn drop(&mut self) {
        if self.created.is_empty() {
            return;
        }
        let Ok(registry) = self.directory.registry() else { return };
        for created in &self.created {
            let topic = registry.topics.get(&created.name);
            if topic.is_none_or(|topic| topic.partitions <= created.partition) {
                created.remove();
            }
        }
    }
}

fn is_denied(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem)
}

fn write_new(path: &Path, text: &str) -> Result<()> {
    let file = file::create_new(path)?;
    file.write_all_at(text.as_bytes(), 0).map_err(DiskError::io("write", path))
}

/// Takes Kafka's directory lock, shared. A broker unlinks the file when it stops, so what was
/// locked must still be what the name says.
fn hold_broker_lock(directory: &Path) -> Result<File> {
    let path = directory.join(layout::BROKER_LOCK);
    loop {
        let file = file::open_to_write(&path)?;
        if !sys::try_lock(&file, LockKind::Shared, 0, 0).map_err(DiskError::io("lock", &path))? {
            let holder = match sys::lock_holder(&file, LockKind::Shared, 0, 0) {
                Ok(Some(pid)) if pid > 0 => format!("a Kafka broker (process {pid})"),
                _ => "a Kafka broker".to_owned(),
            };
            return Err(DiskError::Busy { path, holder });
        }
        let ours = file.metadata().map_err(DiskError::io("stat", &path))?;
        if std::fs::metadata(&path).is_ok_and(|named| named.ino() == ours.ino()) {
            return Ok(file);
        }
    }
}
