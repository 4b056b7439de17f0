//! Owns compaction of a log whose topic has `cleanup.policy=compact`, as Kafka's `LogCleaner` does
//! it: of records with the same key the last one stays, offsets do not change, the active segment
//! is left alone. Leaves the partition's lock and its published end to `partition`.
//!
//! One round reads the dirty part into a map of keys, then writes each group of sealed segments
//! anew without the records that the map outdates, and swaps the new file in (see `swap`).

mod keys;
mod rewrite;
pub mod swap;
#[cfg(test)]
mod tests;
mod transactions;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use self::keys::KeyMap;
use self::rewrite::Filter;
use self::transactions::Transactions;
use super::batch::BatchHeader;
use super::error::{DiskError, Result};
use super::layout::{self, SegmentFile};
use super::recovery::Recovery;
use super::scan::{Found, Scanner};
use super::state::End;
use super::{file, segment};
use crate::config::LogConfig;

/// The most memory that the map of keys takes; where it is full, the rest waits for another round.
pub const MAP_BYTES_MAX: usize = 64 << 20;
/// How much of a new segment is gathered before it is written.
const WRITE_BYTES: usize = 1 << 20;

/// A log that is to be compacted.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The directory of the partition.
    pub directory: &'a Path,
    /// The topic's config.
    pub config: &'a LogConfig,
    /// The published end.
    pub end: End,
    /// The first offset that was not compacted yet.
    pub first_dirty: i64,
    /// The time.
    pub now_ms: i64,
    /// Set to give up.
    pub stop: &'a AtomicBool,
    /// Whether to go over what is compacted already, for tombstones whose time is up.
    pub is_forced: bool,
    /// The most memory for keys.
    pub map_bytes: usize,
}

/// A sealed segment.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// Its first offset.
    pub base: i64,
    /// Bytes of its log.
    pub bytes: u64,
    /// Its largest timestamp.
    pub max_timestamp: i64,
}

/// What there is to compact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dirt {
    /// The first offset that may not be compacted yet.
    pub limit: i64,
    /// Bytes of segments that are compacted already.
    pub clean_bytes: u64,
    /// Bytes of segments that are not, and may be.
    pub dirty_bytes: u64,
    /// Whether a record has waited for longer than `max.compaction.lag.ms`.
    pub is_overdue: bool,
}

impl Dirt {
    /// Whether the topic's config asks for a compaction now.
    pub fn is_due(&self, config: &LogConfig) -> bool {
        let all = self.clean_bytes + self.dirty_bytes;
        let ratio = self.dirty_bytes as f64 / all.max(1) as f64;
        self.dirty_bytes > 0 && (self.is_overdue || ratio > config.min_cleanable_dirty_ratio)
    }
}

/// What one round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// The first offset that is not compacted now.
    pub first_dirty: i64,
    /// Records in the segments before.
    pub records_before: u64,
    /// Records in them now.
    pub records_after: u64,
    /// Bytes of them before.
    pub bytes_before: u64,
    /// Bytes of them now.
    pub bytes_after: u64,
}

/// A new segment, ready to take the place of others.
#[derive(Debug)]
pub struct Replacement {
    /// Those that it replaces; it has the name of the first.
    pub bases: Vec<i64>,
    /// Which files those are.
    pub inodes: Vec<u64>,
}

/// The round of a job.
#[derive(Debug)]
pub struct Cleaned {
    /// What it did.
    pub round: Round,
    /// New segments, whose files end in `.cleaned`.
    pub replacements: Vec<Replacement>,
}

/// The sealed segments below the active one of `end`.
pub fn sealed(directory: &Path, config: &LogConfig, end: &End) -> Result<Vec<Sealed>> {
    let recovery = Recovery { directory, config };
    let bases = segment::list(directory)?;
    let bases = bases.into_iter().filter(|&base| base < end.active_base);
    bases
        .map(|base| {
            let (bytes, max_timestamp) = (recovery.log_len(base)?, recovery.largest(base)?);
            Ok(Sealed { base, bytes, max_timestamp })
        })
        .collect()
}

impl Job<'_> {
    /// Finds what there is to compact.
    pub fn dirt(&self, segments: &[Sealed]) -> Dirt {
        let mut limit = self.end.active_base;
        let lag = self.config.min_compaction_lag_ms;
        let young = |s: &&Sealed| s.max_timestamp > self.now_ms.saturating_sub(lag);
        if lag > 0
            && let Some(first) =
                segments.iter().filter(|s| self.ends_of(s, segments) > self.first_dirty).find(young)
        {
            limit = limit.min(first.base);
        }
        let mut dirt = Dirt { limit, clean_bytes: 0, dirty_bytes: 0, is_overdue: false };
        for segment in segments {
            if segment.base < self.first_dirty {
                dirt.clean_bytes += segment.bytes;
            } else if segment.base < limit {
                dirt.dirty_bytes += segment.bytes;
                let waited = self.now_ms.saturating_sub(segment.max_timestamp);
                dirt.is_overdue |= waited > self.config.max_compaction_lag_ms;
            }
        }
        dirt
    }

    /// The offset behind a sealed segment.
    fn ends_of(&self, of: &Sealed, segments: &[Sealed]) -> i64 {
        let next = segments.iter().find(|s| s.base > of.base);
        next.map_or(self.end.active_base, |next| next.base)
    }

    /// Compacts up to `dirt.limit`, or as far as the map of keys reaches. `None` where there is
    /// nothing to do, or it was told to stop.
    pub fn round(&self, segments: &[Sealed], dirt: &Dirt) -> Result<Option<Cleaned>> {
        let Some(transactions) = Transactions::read(self, segments)? else { return Ok(None) };
        let limit = dirt.limit.min(transactions.first_open());
        if limit < self.first_dirty || (limit == self.first_dirty && !self.is_forced) {
            return Ok(None);
        }
        let dirty = transactions.records_from(self.first_dirty);
        let mut map = KeyMap::new(dirty, self.map_bytes);
        let Some(end) = self.read_keys(segments, limit, &transactions, &mut map)? else {
            return Ok(None);
        };
        let mut round = Round { first_dirty: end, ..Round::default() };
        let mut replacements = Vec::new();
        let mut filter = Filter::new(self, &map, end, &transactions);
        let within: Vec<&Sealed> = segments.iter().filter(|s| s.base < end).collect();
        for group in self.groups(&within, segments) {
            match self.rewrite(&group, &mut filter, &mut round)? {
                Some(replacement) => replacements.push(replacement),
                None if self.stop.load(Ordering::Relaxed) => {
                    swap::remove_cleaned(self.directory)?;
                    return Ok(None);
                }
                None => {}
            }
        }
        Ok(Some(Cleaned { round, replacements }))
    }

    /// Opens the log of a segment, and hands its batches to `visit`, which ends it by `false`.
    /// Answers whether it was read to its end. Damage is an error: what is compacted is gone.
    fn walk(
        &self,
        base: i64,
        mut visit: impl FnMut(u64, &BatchHeader, &[u8]) -> Result<bool, String>,
    ) -> Result<bool> {
        let path = layout::segment_file(self.directory, base, SegmentFile::Log);
        let log = file::open_to_read(&path)?;
        let len = log.metadata().map_err(DiskError::io("stat", &path))?.len();
        let is_active = base == self.end.active_base;
        let limit = if is_active { self.end.position.min(len) } else { len };
        let mut scanner = Scanner::new(&log, &path, limit);
        let (mut at, mut due) = (0, base);
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let damage = |reason: String| {
                let (path, offset) = (path.clone(), Some(due));
                DiskError::Corrupt { path, position: at, offset, reason }
            };
            match scanner.look(at)? {
                Found::End => return Ok(true),
                Found::Batch(header) if header.base_offset < due => {
                    let found = header.base_offset;
                    return Err(damage(format!("offset {found} stands where {due} is due")));
                }
                Found::Batch(header) => {
                    let batch = scanner.bytes(at, header.size_bytes)?;
                    if !visit(at, &header, batch).map_err(damage)? {
                        return Ok(false);
                    }
                    (at, due) = (at + header.size_bytes as u64, header.next_offset());
                }
                Found::Bad(reason) => return Err(damage(reason)),
            }
        }
    }

    /// Reads the keys from the first dirty offset to `limit`; answers how far the map reaches.
    fn read_keys(
        &self,
        segments: &[Sealed],
        limit: i64,
        transactions: &Transactions,
        map: &mut KeyMap,
    ) -> Result<Option<i64>> {
        let mut reader = rewrite::RecordsOf::new(self.config);
        let mut reached = self.first_dirty;
        for segment in segments.iter().filter(|s| s.base < limit) {
            if self.ends_of(segment, segments) <= self.first_dirty {
                continue;
            }
            let whole = self.walk(segment.base, |_, header, batch| {
                if header.base_offset >= limit {
                    return Ok(false);
                }
                if header.next_offset() <= self.first_dirty {
                    return Ok(true);
                }
                if !header.is_control() && !transactions.is_aborted(header) {
                    let buffer = reader.read(header, batch)?;
                    for span in buffer.spans.iter().filter(|s| s.offset >= self.first_dirty) {
                        let Some(key) = span.key.of(&buffer.arena) else { continue };
                        if !map.put(key, span.offset) {
                            return Ok(false);
                        }
                    }
                }
                reached = header.next_offset();
                Ok(true)
            })?;
            if self.stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if !whole {
                break;
            }
            reached = reached.max(self.ends_of(segment, segments).min(limit));
        }
        // One batch alone has more keys than the map: then it cannot be done with this memory.
        Ok((reached > self.first_dirty || reached == limit).then_some(reached))
    }

    /// Groups neighbours that fit into one segment together, so that what shrinks is merged.
    fn groups(&self, within: &[&Sealed], all: &[Sealed]) -> Vec<Vec<Sealed>> {
        let most = u64::try_from(self.config.segment_bytes).unwrap_or(0);
        let mut groups: Vec<Vec<Sealed>> = Vec::new();
        for segment in within {
            let fits = groups.last().is_some_and(|group: &Vec<Sealed>| {
                let bytes: u64 = group.iter().map(|s| s.bytes).sum();
                let first = group.first().map_or(segment.base, |s| s.base);
                let span = self.ends_of(segment, all) - first;
                bytes + segment.bytes <= most && span <= i64::from(i32::MAX)
            });
            match groups.last_mut().filter(|_| fits) {
                Some(group) => group.push((*segment).clone()),
                None => groups.push(vec![(*segment).clone()]),
            }
        }
        groups
    }

    /// Writes a group anew; `None` where that changes nothing, or it was told to stop.
    fn rewrite(
        &self,
        group: &[Sealed],
        filter: &mut Filter<'_>,
        round: &mut Round,
    ) -> Result<Option<Replacement>> {
        use std::os::unix::fs::MetadataExt;
        let Some(first) = group.first() else { return Ok(None) };
        let path =
            layout::marked_file(self.directory, first.base, SegmentFile::Log, layout::CLEANED);
        let mut new = NewLog { file: file::create_anew(&path)?, path, bytes: Vec::new(), len: 0 };
        let mut inodes = Vec::with_capacity(group.len());
        filter.changed = group.len() > 1;
        for segment in group {
            let log = layout::segment_file(self.directory, segment.base, SegmentFile::Log);
            inodes.push(std::fs::metadata(&log).map_err(DiskError::io("stat", &log))?.ino());
            let mut failed = None;
            let whole = self.walk(segment.base, |_, header, batch| {
                filter.pass(header, batch, &mut new.bytes)?;
                failed = new.flush(WRITE_BYTES).err();
                Ok(failed.is_none())
            });
            if let Some(error) = failed {
                drop(std::fs::remove_file(&new.path));
                return Err(error);
            }
            let whole = whole.inspect_err(|_| drop(std::fs::remove_file(&new.path)))?;
            round.bytes_before += segment.bytes;
            if !whole {
                drop(std::fs::remove_file(&new.path));
                return Ok(None);
            }
        }
        let finished = new
            .flush(0)
            .and_then(|()| new.file.sync_all().map_err(DiskError::io(segment::SYNC, &new.path)));
        finished.inspect_err(|_| drop(std::fs::remove_file(&new.path)))?;
        round.bytes_after += new.len;
        (round.records_before, round.records_after) = (filter.seen, filter.kept);
        if !filter.changed {
            std::fs::remove_file(&new.path).map_err(DiskError::io("remove", &new.path))?;
            return Ok(None);
        }
        Ok(Some(Replacement { bases: group.iter().map(|s| s.base).collect(), inodes }))
    }
}

/// The log of a new segment.
#[derive(Debug)]
struct NewLog {
    file: File,
    path: PathBuf,
    bytes: Vec<u8>,
    len: u64,
}

impl NewLog {
    /// Writes what was gathered, once it is more than `above` bytes.
    fn flush(&mut self, above: usize) -> Result<()> {
        if self.bytes.len() > above {
            self.file.write_all(&self.bytes).map_err(DiskError::io("write", &self.path))?;
            self.len += self.bytes.len() as u64;
            self.bytes.clear();
        }
        Ok(())
    }
}
