//! Owns directories that a Kafka broker keeps, which are read and never written: their topics, and
//! the transactions in their partitions. Leaves records to `reader`, ends to `recovery`.
//!
//! A broker may run on such a directory, so nothing here takes a lock, and no file is made.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::batch::BatchHeader;
use super::error::{DiskError, Result};
use super::layout::{self, SegmentFile};
use super::meta::{self, Uuid};
use super::record::{Wanted, decode, plain_range};
use super::recovery::{self, Recovery};
use super::registry::{Registry, Topic};
use super::scan::{Damaged, Met, Scanner, Sweep};
use super::state::End;
use super::{file, segment};
use crate::config::LogConfig;
use crate::record::RecordBuffer;
use crate::sys::{self, LockKind};
use crate::topic::TopicName;

/// The marker of a transaction that was aborted (`ControlRecordType`).
const MARKER_ABORT: [u8; 2] = [0, 0];

/// Whether a broker keeps the directory `path`: its metadata log is in it, or its ids are and
/// nothing of ours.
pub fn is_foreign(path: &Path) -> bool {
    let has = |name: &str| path.join(name).exists();
    has(layout::CLUSTER_METADATA_DIRECTORY)
        || (has(layout::META_PROPERTIES) && !has(layout::REGISTRY) && !has(layout::DIRECTORY_STATE))
}

/// Whether a broker runs on the directory `path`, as far as can be seen from here.
pub fn is_running(path: &Path) -> bool {
    file::open_to_read(&path.join(layout::BROKER_LOCK))
        .is_ok_and(|lock| matches!(sys::lock_holder(&lock, LockKind::Shared, 0, 0), Ok(Some(_))))
}

/// The topics that have partitions in the directory `path`, by the names of their directories.
pub fn registry(path: &Path) -> Result<Registry> {
    let mut registry = Registry::default();
    registry.foreign = true;
    for entry in std::fs::read_dir(path).map_err(DiskError::io("list", path))? {
        let entry = entry.map_err(DiskError::io("list", path))?;
        let name = entry.file_name();
        let Some((name, partition)) = name.to_str().and_then(layout::parse_partition_directory)
        else {
            continue;
        };
        let is_metadata = entry.file_name() == layout::CLUSTER_METADATA_DIRECTORY;
        if is_metadata || !entry.path().is_dir() {
            continue;
        }
        let id = topic_id(&entry.path())?;
        let topic = registry.topics.entry(name);
        let topic = topic.or_insert(Topic { id, partitions: 0, configs: BTreeMap::new() });
        topic.partitions = topic.partitions.max(partition + 1);
    }
    let metadata = path.join(layout::CLUSTER_METADATA_DIRECTORY);
    if metadata.is_dir() {
        for (name, told) in Registry::replay(&metadata)?.topics {
            // A directory may be older than the topic that has its name now.
            if let Some(topic) = registry.topics.get_mut(&name).filter(|t| t.id == told.id) {
                topic.configs = told.configs;
            }
        }
    }
    Ok(registry)
}

/// Reads a checkpoint that a broker keeps: it makes the file first, and fills it later.
pub fn read_checkpoint(path: &Path) -> Result<BTreeMap<(String, i32), i64>> {
    if std::fs::metadata(path).is_ok_and(|facts| facts.len() == 0) {
        return Ok(BTreeMap::new());
    }
    meta::read_checkpoint(path)
}

/// The topic id in the directory of a partition; zeros where none is told, as before Kafka 2.8.
fn topic_id(partition: &Path) -> Result<Uuid> {
    let bytes = meta::read_partition_metadata(partition)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let told = text.lines().find_map(|line| line.strip_prefix("topic_id:"));
    Ok(told.and_then(|id| Uuid::parse(id.trim())).unwrap_or(Uuid([0; 16])))
}

/// What a broker noted of its partitions at the top of its directory. To be read before the logs,
/// which may grow meanwhile.
#[derive(Debug)]
pub struct Checkpoints {
    recovery_points: BTreeMap<(String, i32), i64>,
    high_watermarks: BTreeMap<(String, i32), i64>,
    is_clean: bool,
}

impl Checkpoints {
    /// Those in the directory `path`; one that cannot be read says nothing.
    pub fn read(path: &Path) -> Self {
        let read = |name: &str| read_checkpoint(&path.join(name)).unwrap_or_default();
        Self {
            is_clean: path.join(layout::CLEAN_SHUTDOWN).exists(),
            recovery_points: read(layout::RECOVERY_CHECKPOINT),
            high_watermarks: read(layout::HIGH_WATERMARK_CHECKPOINT),
        }
    }

    /// The high watermark of a partition.
    pub fn high_watermark(&self, topic: &TopicName, partition: i32) -> Option<i64> {
        self.high_watermarks.get(&(topic.to_string(), partition)).copied()
    }

    /// What is noted of one partition.
    pub fn of(&self, topic: &TopicName, partition: i32) -> Noted {
        let key = (topic.to_string(), partition);
        let recovery_point = self.recovery_points.get(&key).copied();
        let high_watermark = self.high_watermarks.get(&key).copied().unwrap_or(0);
        Noted { recovery_point, high_watermark, is_clean: self.is_clean }
    }
}

/// What a broker noted of how far a log is whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// Everything below it is on the device.
    recovery_point: Option<i64>,
    /// Everything below it was written whole.
    high_watermark: i64,
    /// Whether the broker was stopped in good order, and nothing was being written.
    is_clean: bool,
}

impl Noted {
    /// The offset to which the log goes at least.
    pub fn recovery_point(&self) -> i64 {
        self.recovery_point.unwrap_or(0)
    }

    /// Whether what is not whole where the offset `due` is to be, with nothing behind it, may be
    /// what a broker was writing, or is writing now.
    pub fn may_be_torn(&self, due: i64) -> bool {
        !self.is_clean && due >= self.recovery_point().max(self.high_watermark)
    }

    /// The offset that no batch of the segment at `base` goes beyond, where `next` is the base of
    /// the one behind it; and the one that none goes beyond behind a gap: what a broker that was
    /// stopped noted as the end.
    pub fn bounds(&self, base: i64, next: Option<i64>) -> (i64, i64) {
        // Indexes have 31 bits for an offset.
        let widest = base.saturating_add(i64::from(i32::MAX) + 1);
        let bound = next.map_or(widest, |next| next.min(widest));
        (bound, self.recovery_point.filter(|_| self.is_clean).unwrap_or(bound))
    }
}

/// The end of a log as it was found.
#[derive(Clone, Debug)]
pub struct Measured {
    /// How far it can be read.
    pub end: End,
    /// What is not whole behind that, and may be what a broker is writing; told once.
    pub torn: Option<String>,
}

/// How far the partition in `directory` can be read. Damage does not end a log: what is whole
/// behind it counts, and where the broker noted that the log goes on, the end is there, so that who
/// reads meets the damage.
///
/// A log that is as it was is not read again.
pub fn measure(
    directory: &Path,
    log_start: i64,
    noted: Noted,
    config: &LogConfig,
) -> Result<Measured> {
    static KNOWN: Mutex<BTreeMap<PathBuf, (Looks, End)>> = Mutex::new(BTreeMap::new());
    // Before it is read: what comes meanwhile is seen the next time.
    let looks = (log_start, noted, looks(directory)?);
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(directory).cloned();
    if let Some((_, end)) = known.filter(|(known, _)| *known == looks) {
        return Ok(Measured { end, torn: None });
    }
    let found = measure_anew(directory, log_start, noted, config)?;
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.insert(directory.to_owned(), (looks, found.end));
    Ok(found)
}

/// What a segment looks like from outside: its base, its inode, its length, and the time of its
/// last write.
type Look = (i64, u64, u64, i64, i64);

/// What a log looks like from outside: its start on record, what else is noted of it, and its
/// segments.
type Looks = (i64, Noted, Vec<Look>);

/// How the segments in `directory` look.
fn looks(directory: &Path) -> Result<Vec<Look>> {
    let look = |base: i64| {
        let path = layout::segment_file(directory, base, SegmentFile::Log);
        let facts = std::fs::metadata(&path).map_err(DiskError::io("stat", &path))?;
        Ok((base, facts.ino(), facts.len(), facts.mtime(), facts.mtime_nsec()))
    };
    segment::list(directory)?.into_iter().map(look).collect()
}

/// As [`measure`], by reading all of it.
fn measure_anew(
    directory: &Path,
    log_start: i64,
    noted: Noted,
    config: &LogConfig,
) -> Result<Measured> {
    let bases = segment::list(directory)?;
    let Some(&first) = bases.first() else {
        let recovery_point = noted.recovery_point();
        if recovery_point <= log_start {
            return Ok(Measured { end: End::empty(log_start), torn: None });
        }
        let reason = format!("no segment is there, and the log went on to offset {recovery_point}");
        let (path, offset) = (directory.to_owned(), Some(log_start));
        return Err(DiskError::Corrupt { path, position: 0, offset, reason });
    };
    let (mut end, mut bad) = (End::empty(first), None);
    for (n, &base) in bases.iter().enumerate() {
        if base < end.end_offset {
            // What a compaction that was cut short has replaced.
            continue;
        }
        end.sealed_bytes += end.position;
        end.start_segment(base);
        end.end_offset = base;
        bad = None;
        sweep(directory, base, noted.bounds(base, bases.get(n + 1).copied()), |met| match met {
            Met::Batch(at, header) => {
                (end.position, end.end_offset) =
                    (at + header.size_bytes as u64, header.next_offset());
                end.max_timestamp = end.max_timestamp.max(header.max_timestamp);
                bad = None;
            }
            Met::Damage(damaged) => bad = bad.take().or(Some(damaged)),
            Met::End => {}
        })?;
    }
    let path = layout::segment_file(directory, end.active_base, SegmentFile::Log);
    let len = std::fs::metadata(&path).map_err(DiskError::io("stat", &path))?.len();
    let mut torn = None;
    match bad {
        Some(bad) if !bad.is_whole && noted.may_be_torn(bad.due) => {
            torn = Some(tell_torn(&path, len, &bad));
        }
        Some(bad) => {
            end.position = len;
            end.end_offset = noted.recovery_point().max(noted.high_watermark).max(bad.due + 1);
        }
        None => end.end_offset = end.end_offset.max(noted.recovery_point()),
    }
    end.start_offset = log_start.clamp(first, end.end_offset);
    end.first_timestamp = Recovery { directory, config }.first_timestamp(first)?;
    Ok(Measured { end, torn })
}

/// Says what is not read at the end of the log at `path`.
fn tell_torn(path: &Path, len: u64, bad: &Damaged) -> String {
    let Damaged { position, due, reason, .. } = bad;
    let name = |path: &Path| path.file_name().unwrap_or_default().display().to_string();
    let partition = path.parent().map(name).unwrap_or_default();
    let bytes = len.saturating_sub(*position);
    format!(
        "{partition}: the last {bytes} bytes of {}, from byte {position} (offset {due}) on, are \
         not whole, and not read: {reason}",
        name(path)
    )
}

/// Shows what the segment at `base` holds.
fn sweep(
    directory: &Path,
    base: i64,
    bounds: (i64, i64),
    mut visit: impl FnMut(Met),
) -> Result<()> {
    let path = layout::segment_file(directory, base, SegmentFile::Log);
    let file = file::open_to_read(&path)?;
    let len = file.metadata().map_err(DiskError::io("stat", &path))?.len();
    let mut sweep = Sweep::new(Scanner::new(&file, &path, len), base, bounds);
    loop {
        match sweep.advance()? {
            Met::End => return Ok(()),
            met => visit(met),
        }
    }
}

/// A transaction that was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aborted {
    /// Its producer.
    pub producer: i64,
    /// Offset of its first record.
    pub first: i64,
    /// Offset of its marker.
    pub last: i64,
}

/// A log that a broker writes, as far as it has been followed: where it ends, and its transactions.
#[derive(Debug)]
pub struct Tail {
    directory: PathBuf,
    end: End,
    /// Whether transactions are of no matter.
    uncommitted: bool,
    /// The first offsets of the transactions that are open, by producer.
    open: BTreeMap<i64, i64>,
    /// Those that were aborted, in the order of their markers.
    aborted: Vec<Aborted>,
    /// The damage in which those that are open may have ended, and their producers.
    doubt: Option<(DiskError, BTreeSet<i64>)>,
}

impl Tail {
    /// The log in `directory` up to `end`, all of which is read for its transactions; they are of
    /// no matter to who reads what is `uncommitted`.
    pub fn new(directory: &Path, end: End, uncommitted: bool) -> Result<Self> {
        let mut tail = Self {
            directory: directory.to_owned(),
            end,
            uncommitted,
            open: BTreeMap::new(),
            aborted: Vec::new(),
            doubt: None,
        };
        let mut bases = segment::list(directory)?;
        bases.retain(|&base| base <= end.active_base);
        for (n, &base) in bases.iter().enumerate() {
            tail.take_in(base, bases.get(n + 1).copied().unwrap_or(end.end_offset))?;
        }
        // Those that ended behind the damage are clear.
        if let Some((_, producers)) = &mut tail.doubt {
            producers.retain(|producer| tail.open.contains_key(producer));
        }
        tail.doubt = tail.doubt.filter(|(_, producers)| !producers.is_empty());
        Ok(tail)
    }

    /// Takes up the transactions of a whole segment, in front of the offset `bound`.
    fn take_in(&mut self, base: i64, bound: i64) -> Result<()> {
        let path = layout::segment_file(&self.directory, base, SegmentFile::Log);
        let file = file::open_to_read(&path)?;
        let is_active = base == self.end.active_base;
        let len = file.metadata().map_err(DiskError::io("stat", &path))?.len();
        let limit = if is_active { len.min(self.end.position) } else { len };
        let mut sweep = Sweep::new(Scanner::new(&file, &path, limit), base, (bound, bound));
        loop {
            match sweep.advance()? {
                Met::End => return Ok(()),
                Met::Batch(position, header) => self.take(&file, &path, position, &header)?,
                Met::Damage(Damaged { position, due, reason, .. }) => {
                    let producers = self.open.keys().copied();
                    let (path, offset) = (path.clone(), Some(due));
                    let damage = || DiskError::Corrupt { path, position, offset, reason };
                    if !self.open.is_empty() {
                        let doubt = self.doubt.get_or_insert_with(|| (damage(), BTreeSet::new()));
                        doubt.1.extend(producers);
                    }
                }
            }
        }
    }

    /// Takes up what a batch tells of transactions.
    fn take(&mut self, file: &File, path: &Path, at: u64, header: &BatchHeader) -> Result<()> {
        let producer = header.producer.id;
        if header.is_control() {
            let first = self.open.remove(&producer);
            let mut batch = vec![0; header.size_bytes];
            file.read_exact_at(&mut batch, at).map_err(DiskError::read(path, at))?;
            if let Some(first) = first.filter(|_| is_abort(header, batch)) {
                self.aborted.push(Aborted { producer, first, last: header.base_offset });
            }
        } else if header.is_transactional() {
            self.open.entry(producer).or_insert(header.base_offset);
        }
        Ok(())
    }

    /// The damage in which a transaction may have ended that holds back what is behind it.
    pub fn take_doubt(&mut self) -> Option<DiskError> {
        self.doubt.take_if(|_| !self.uncommitted).map(|(damage, _)| damage)
    }

    /// From now on takes transactions that may have ended in damage for ended.
    pub fn pass_over_doubt(&mut self) {
        if let Some((_, producers)) = self.doubt.take() {
            self.open.retain(|producer, _| !producers.contains(producer));
        }
    }

    /// Where the log ended when it was last looked at.
    pub const fn end(&self) -> &End {
        &self.end
    }

    /// The transactions that were aborted, in the order of their markers.
    pub fn aborted(&self) -> &[Aborted] {
        if self.uncommitted { &[] } else { &self.aborted }
    }

    /// The first offset of the transactions that are open, which nobody reads past who wants what
    /// is committed; the log's end where none is open.
    pub fn stable_offset(&self) -> i64 {
        let open = self.open.values().copied().min().filter(|_| !self.uncommitted);
        open.unwrap_or(self.end.end_offset)
    }

    /// Takes up what the broker has written since.
    pub fn look(&mut self) -> Result<()> {
        // Before the length is taken: nothing is appended to a segment that has another behind it.
        let bases = segment::list(&self.directory)?;
        if let Some(&first) = bases.first() {
            self.end.start_offset = self.end.start_offset.max(first);
        }
        loop {
            let base = self.end.active_base;
            let ended = self.walk_on(base)?;
            self.end.position = ended.position;
            self.end.end_offset = ended.next_offset;
            let Some(next) = bases.iter().copied().find(|&next| next > base) else { return Ok(()) };
            if let Some(reason) = ended.bad
                && !is_unused(&self.directory, base, ended.position)?
            {
                let path = layout::segment_file(&self.directory, base, SegmentFile::Log);
                let (position, offset) = (ended.position, Some(ended.next_offset));
                return Err(DiskError::Corrupt { path, position, offset, reason });
            }
            self.end.sealed_bytes += ended.position;
            (self.end.active_base, self.end.position) = (next, 0);
            (self.end.index_entries, self.end.time_entries) = (0, 0);
            self.end.end_offset = self.end.end_offset.max(next);
        }
    }

    /// Walks the batches of the segment at `base` from the end on, and takes up their transactions.
    fn walk_on(&mut self, base: i64) -> Result<recovery::WalkEnd> {
        let path = layout::segment_file(&self.directory, base, SegmentFile::Log);
        let file = file::open_to_read(&path)?;
        let limit = file.metadata().map_err(DiskError::io("stat", &path))?.len();
        let (range, due) = ((self.end.position, limit), self.end.end_offset);
        let mut taken = Ok(());
        let ended = recovery::walk(&file, &path, range, due, true, |position, header| {
            if taken.is_ok() {
                taken = self.take(&file, &path, position, header);
            }
        })?;
        taken.map(|()| ended)
    }
}

/// Whether a segment has nothing but zeros behind a position: space that the broker set aside
/// (`preallocate`) and did not use.
fn is_unused(directory: &Path, base: i64, position: u64) -> Result<bool> {
    let path = layout::segment_file(directory, base, SegmentFile::Log);
    let file = file::open_to_read(&path)?;
    let len = file.metadata().map_err(DiskError::io("stat", &path))?.len();
    Scanner::new(&file, &path, len).is_zero_from(position)
}

/// Whether a control batch is the end of a transaction that was aborted.
fn is_abort(header: &BatchHeader, batch: Vec<u8>) -> bool {
    let mut buffer = RecordBuffer { arena: batch, ..RecordBuffer::default() };
    let (start, end) = plain_range(header, 0);
    let all = Wanted { partition: 0, from: 0, to: i64::MAX };
    // Key: version, kind.
    decode(header, &mut buffer, start, end, all).is_ok()
        && buffer.spans.first().and_then(|span| span.key.of(&buffer.arena)?.get(2..4))
            == Some(&MARKER_ABORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_a_brokers_by_its_metadata_or_by_its_ids_alone() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_foreign(dir.path()));
        std::fs::write(dir.path().join(layout::META_PROPERTIES), "").unwrap();
        assert!(is_foreign(dir.path()));
        std::fs::write(dir.path().join(layout::REGISTRY), "").unwrap();
        assert!(!is_foreign(dir.path()));
        std::fs::create_dir(dir.path().join(layout::CLUSTER_METADATA_DIRECTORY)).unwrap();
        assert!(is_foreign(dir.path()));
    }

    #[test]
    fn topics_are_what_the_directories_of_their_partitions_say() {
        let dir = tempfile::tempdir().unwrap();
        for name in
            ["a-0", "a-2", "b-1-0", "c-0.1b-delete", "__cluster_metadata-0", "d", "e--1", "g-01"]
        {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        std::fs::write(dir.path().join("f-0"), "a file").unwrap();
        let id = Uuid([7; 16]);
        let metadata = dir.path().join("a-0").join(layout::PARTITION_METADATA);
        std::fs::write(metadata, meta::partition_metadata(id)).unwrap();
        let topics = registry(dir.path()).unwrap().topics;
        let found: Vec<_> = topics.iter().map(|(n, t)| (n.as_str(), t.partitions)).collect();
        assert_eq!(found, [("a", 3), ("b-1", 1), ("e-", 2)]);
    }
}
