//! Owns the check of the two indexes of a segment against its batches, in one pass beside them.

use std::path::{Path, PathBuf};

use super::Checked;
use crate::disk::batch::BatchHeader;
use crate::disk::error::Result;
use crate::disk::index::{Entry, OffsetEntry, TimeEntry};
use crate::disk::layout::{self, SegmentFile};
use crate::disk::meta;
use crate::disk::state::End;

/// The largest index that is read: Kafka's default is 10 MiB.
const INDEX_BYTES_MAX: u64 = 256 << 20;

/// One index, and how far it agrees.
#[derive(Debug)]
struct Index<E> {
    path: PathBuf,
    entries: Vec<E>,
    /// Entries that batches have passed.
    passed: usize,
    /// The first thing that is wrong, and at which byte.
    wrong: Option<(u64, String)>,
    is_missing: bool,
    bytes: u64,
}

impl<E: Entry> Index<E> {
    /// Reads an index: the published entries of an active one, all of a sealed one.
    fn read(
        directory: &Path,
        base: i64,
        kind: SegmentFile,
        published: Option<u64>,
    ) -> Result<Self> {
        let path = layout::segment_file(directory, base, kind);
        let read = meta::read_file(&path, INDEX_BYTES_MAX)?;
        let is_missing = read.is_none();
        let mut bytes = read.unwrap_or_default();
        let size = E::BYTES as usize;
        let mut wrong = None;
        if let Some(entries) = published {
            let due = entries.saturating_mul(E::BYTES);
            if due > bytes.len() as u64 && !is_missing {
                let what = format!("it has {} bytes where {due} were published", bytes.len());
                wrong = Some((bytes.len() as u64, what));
            }
            bytes.truncate(usize::try_from(due).unwrap_or(usize::MAX));
        } else if !bytes.len().is_multiple_of(size) {
            let at = bytes.len() - bytes.len() % size;
            wrong = Some((at as u64, format!("its length is no multiple of {size}")));
        }
        let mut entries: Vec<&[u8]> = bytes.chunks_exact(size).collect();
        if published.is_none() {
            // Kafka sets space aside, and the rest of it stays zero. The first entry may be zeros.
            let used = entries.iter().rposition(|entry| entry.iter().any(|&byte| byte != 0));
            let room = entries.len();
            entries.truncate(used.map_or(room.min(1), |last| last + 1));
            if used.is_none() && room > 1 {
                entries.clear();
            }
        }
        let entries = entries.into_iter().map(E::read).collect();
        Ok(Self { path, entries, passed: 0, wrong, is_missing, bytes: bytes.len() as u64 })
    }

    fn next(&self) -> Option<E> {
        self.entries.get(self.passed).copied()
    }

    /// Takes note of what is wrong with the next entry, and goes on behind it.
    fn complain(&mut self, what: String) {
        let at = self.passed as u64 * E::BYTES;
        self.wrong.get_or_insert((at, what));
        self.passed += 1;
    }

    fn finish(mut self, has_batches: bool, checked: &mut Checked) {
        let rest = self.entries.len() - self.passed;
        if rest > 0 {
            self.complain("it points behind the last batch".to_owned());
        }
        checked.bytes += self.bytes;
        if self.is_missing && has_batches {
            checked.note(&self.path, "it is missing; reading goes without it");
        }
        if self.is_missing && !has_batches {
            return;
        }
        if let Some((at, what)) = self.wrong {
            checked.add(&self.path, Some(at), None, what);
        }
    }
}

/// Both indexes of a segment.
#[derive(Debug)]
pub(in crate::disk) struct IndexCheck {
    base: i64,
    offsets: Index<OffsetEntry>,
    times: Index<TimeEntry>,
    max_timestamp: i64,
}

impl IndexCheck {
    /// Reads the indexes of the segment at `base`.
    pub(in crate::disk) fn open(directory: &Path, base: i64, active: Option<End>) -> Result<Self> {
        let published = |entries: fn(&End) -> u64| active.as_ref().map(entries);
        let (offsets, times) = (published(|e| e.index_entries), published(|e| e.time_entries));
        Ok(Self {
            base,
            offsets: Index::read(directory, base, SegmentFile::OffsetIndex, offsets)?,
            times: Index::read(directory, base, SegmentFile::TimeIndex, times)?,
            max_timestamp: -1,
        })
    }

    /// Takes note of the batch at `at`, which follows the ones before.
    pub(in crate::disk) fn pass(&mut self, at: u64, header: &BatchHeader) {
        self.max_timestamp = self.max_timestamp.max(header.max_timestamp);
        while let Some(entry) = self.offsets.next() {
            let position = u64::try_from(entry.position).unwrap_or(0);
            if position > at {
                break;
            }
            let offset = self.base + i64::from(entry.relative_offset);
            if position < at {
                self.offsets.complain(format!("no batch begins at byte {}", entry.position));
            } else if offset != header.last_offset() {
                let last = header.last_offset();
                self.offsets.complain(format!("it says {offset} for a batch that ends at {last}"));
            } else {
                self.offsets.passed += 1;
            }
        }
        while let Some(entry) = self.times.next() {
            let offset = self.base + i64::from(entry.relative_offset);
            if offset > header.last_offset() {
                break;
            }
            let earlier = self.times.passed.checked_sub(1).and_then(|n| self.times.entries.get(n));
            if earlier.is_some_and(|earlier| earlier.timestamp >= entry.timestamp) {
                self.times.complain(format!("its timestamp {} does not rise", entry.timestamp));
            } else if offset < header.base_offset {
                self.times.complain(format!("no batch has offset {offset}"));
            } else if entry.timestamp != self.max_timestamp {
                let (said, found) = (entry.timestamp, self.max_timestamp);
                let what = format!("it says {said} up to offset {offset}, and that is {found}");
                self.times.complain(what);
            } else {
                self.times.passed += 1;
            }
        }
    }

    /// Ends the check; the log ends at `end`.
    pub(in crate::disk) fn finish(self, end: u64, checked: &mut Checked) {
        self.offsets.finish(end > 0, checked);
        self.times.finish(end > 0, checked);
    }
}
