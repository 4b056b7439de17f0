//! Owns directories that a Kafka broker keeps, which are read and never written: their topics, and
//! the transactions in their partitions. Leaves records to `reader`, ends to `recovery`.
//!
//! A broker may run on such a directory, so nothing here takes a lock, and no file is made.

use std::collections::BTreeMap;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::batch::BatchHeader;
use super::directory::ReadEnd;
use super::error::{DiskError, Result};
use super::layout::{self, SegmentFile};
use super::meta::{self, Uuid};
use super::record::{Wanted, decode, plain_range};
use super::recovery::{self, Recovery};
use super::registry::{Registry, Topic};
use super::scan::Scanner;
use super::state::{End, Known};
use super::{file, segment};
use crate::config::LogConfig;
use crate::record::RecordBuffer;

/// The longest `partition.metadata`: two lines.
const PARTITION_METADATA_BYTES_MAX: u64 = 4096;
/// The marker of a transaction that was aborted (`ControlRecordType`).
const MARKER_ABORT: [u8; 2] = [0, 0];

/// Whether a broker keeps the directory `path`: its metadata log is in it, or its ids are and
/// nothing of ours.
pub fn is_foreign(path: &Path) -> bool {
    let has = |name: &str| path.join(name).exists();
    has(layout::CLUSTER_METADATA_DIRECTORY)
        || (has(layout::META_PROPERTIES) && !has(layout::REGISTRY) && !has(layout::DIRECTORY_STATE))
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
    let path = partition.join(layout::PARTITION_METADATA);
    let bytes = meta::read_file(&path, PARTITION_METADATA_BYTES_MAX)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let told = text.lines().find_map(|line| line.strip_prefix("topic_id:"));
    Ok(told.and_then(|id| Uuid::parse(id.trim())).unwrap_or(Uuid([0; 16])))
}

/// How far the partition in `directory` can be read, and what is wrong where that is not its last
/// segment. Behind the end of the last one a broker may be writing.
///
/// A log that is as it was is not read again.
pub fn measure(directory: &Path, log_start: i64, config: &LogConfig) -> Result<ReadEnd> {
    static KNOWN: Mutex<BTreeMap<PathBuf, (Looks, End)>> = Mutex::new(BTreeMap::new());
    // Before it is read: what comes meanwhile is seen the next time.
    let looks = (log_start, looks(directory)?);
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(directory).cloned();
    if let Some((_, end)) = known.filter(|(known, _)| *known == looks) {
        return Ok(ReadEnd { end, damage: None });
    }
    let found = measure_anew(directory, log_start, config)?;
    if found.damage.is_none() {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(directory.to_owned(), (looks, found.end));
    }
    Ok(found)
}

/// What a segment looks like from outside: its base, its inode, its length, and the time of its
/// last write.
type Look = (i64, u64, u64, i64, i64);

/// What a log looks like from outside: its start on record, and its segments.
type Looks = (i64, Vec<Look>);

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
fn measure_anew(directory: &Path, log_start: i64, config: &LogConfig) -> Result<ReadEnd> {
    let mut config = config.clone();
    // The policy of a topic may have been another one.
    config.cleanup_policy.compact = true;
    let end = Recovery { directory, config: &config }.measure(log_start, Known::default())?;
    let last = segment::list(directory)?.into_iter().last();
    let damage = last.filter(|&last| last > end.active_base).map(|last| DiskError::Corrupt {
        path: layout::segment_file(directory, end.active_base, SegmentFile::Log),
        position: end.position,
        offset: Some(end.end_offset),
        reason: format!("no whole batch stands there, and the log goes on to segment {last}"),
    });
    Ok(ReadEnd { end, damage })
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
}

impl Tail {
    /// The log in `directory` up to `end`, all of which is read for its transactions; they are of
    /// no matter to who reads what is `uncommitted`.
    pub fn new(directory: &Path, end: End, uncommitted: bool) -> Result<Self> {
        let (open, aborted) = (BTreeMap::new(), Vec::new());
        let mut tail = Self { directory: directory.to_owned(), end, uncommitted, open, aborted };
        for base in segment::list(directory)?.into_iter().filter(|&base| base <= end.active_base) {
            let limit = if base == end.active_base { Some(end.position) } else { None };
            tail.walk(base, (0, limit), base)?;
        }
        Ok(tail)
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
            let ended = self.walk(base, (self.end.position, None), self.end.end_offset)?;
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

    /// Walks the batches of a segment from a position to another one, or to its end, and takes up
    /// their transactions.
    fn walk(
        &mut self,
        base: i64,
        (from, to): (u64, Option<u64>),
        due: i64,
    ) -> Result<recovery::WalkEnd> {
        let path = layout::segment_file(&self.directory, base, SegmentFile::Log);
        let file = file::open_to_read(&path)?;
        let limit = match to {
            Some(to) => to,
            None => file.metadata().map_err(DiskError::io("stat", &path))?.len(),
        };
        let mut failure = None;
        let (open, aborted) = (&mut self.open, &mut self.aborted);
        let ended = recovery::walk(&file, &path, (from, limit), due, true, |position, header| {
            let producer = header.producer.id;
            if header.is_control() {
                let first = open.remove(&producer);
                let mut batch = vec![0; header.size_bytes];
                if let Err(error) = file.read_exact_at(&mut batch, position) {
                    failure = Some(DiskError::io("read", &path)(error));
                } else if let Some(first) = first.filter(|_| is_abort(header, batch)) {
                    aborted.push(Aborted { producer, first, last: header.base_offset });
                }
            } else if header.is_transactional() {
                open.entry(producer).or_insert(header.base_offset);
            }
        })?;
        failure.map_or(Ok(ended), Err)
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
