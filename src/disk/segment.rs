//! Owns one segment: its three files, writing a batch into it, its index entries, sealing it.
//! Leaves offsets, locks and rolling to `partition`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::{DiskError, Result};
use super::file;
use super::index::{Entry, OffsetEntry, TimeEntry};
use super::layout::{self, SegmentFile};
use super::state::End;
use crate::sys;

/// A segment that takes appends.
#[derive(Debug)]
pub struct Segment {
    /// Offset of its first record.
    pub base: i64,
    /// The directory of its partition.
    directory: PathBuf,
    log: File,
    offset_index: File,
    time_index: File,
    /// Whether its directory entry is known to be on the device.
    entry_synced: AtomicBool,
}

/// What the index wants to know of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Indexed {
    /// Where the batch begins.
    pub position: u64,
    /// Its bytes.
    pub size_bytes: u64,
    /// Offset of its last record.
    pub last_offset: i64,
    /// Its largest timestamp.
    pub max_timestamp: i64,
}

/// The base offsets of the segments in `directory`, ascending.
pub fn list(directory: &Path) -> Result<Vec<i64>> {
    let mut bases = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(DiskError::io("list", directory))? {
        let entry = entry.map_err(DiskError::io("list", directory))?;
        let name = entry.file_name();
        if let Some((base, SegmentFile::Log)) = name.to_str().and_then(layout::parse_segment_file) {
            bases.push(base);
        }
    }
    bases.sort_unstable();
    Ok(bases)
}

impl Segment {
    /// Opens the files of the segment at `base`, and makes those that are missing.
    pub fn open_or_create(directory: &Path, base: i64) -> Result<Self> {
        let open = |kind| file::open_to_write(&layout::segment_file(directory, base, kind));
        Ok(Self {
            base,
            directory: directory.to_owned(),
            log: open(SegmentFile::Log)?,
            offset_index: open(SegmentFile::OffsetIndex)?,
            time_index: open(SegmentFile::TimeIndex)?,
            entry_synced: AtomicBool::new(false),
        })
    }

    /// The path of its log.
    pub fn log_path(&self) -> PathBuf {
        layout::segment_file(&self.directory, self.base, SegmentFile::Log)
    }

    /// Its log.
    pub const fn log(&self) -> &File {
        &self.log
    }

    /// Length of the log in bytes, whole batches or not.
    pub fn len_bytes(&self) -> Result<u64> {
        let path = || self.log_path();
        Ok(self.log.metadata().map_err(|e| DiskError::io("stat", &path())(e))?.len())
    }

    /// Writes `bytes` at `position`, all of them or none: what a failed write left is taken back.
    pub fn write(&self, position: u64, bytes: &[u8]) -> Result<()> {
        self.log.write_all_at(bytes, position).map_err(|error| {
            // Should this fail as well, the next writer finds a tail that nobody published.
            let undone = self.log.set_len(position);
            drop(undone);
            DiskError::io("write", &self.log_path())(error)
        })
    }

    /// Notes a batch in `end`, and in the indexes where it is due (`LogSegment.append`). An index
    /// that cannot be written only stays sparser: it is a hint.
    pub fn index(&self, end: &mut End, batch: Indexed, interval_bytes: u64) {
        if batch.max_timestamp > end.segment_max_timestamp || end.position == 0 {
            end.segment_max_timestamp = batch.max_timestamp;
            end.segment_max_offset = batch.last_offset;
        }
        if end.unindexed_bytes > interval_bytes {
            let entry = OffsetEntry {
                relative_offset: (batch.last_offset - self.base) as i32,
                position: batch.position as i32,
            };
            if put(&self.offset_index, end.index_entries, entry) {
                end.index_entries += 1;
                end.unindexed_bytes = 0;
            }
            self.index_time(end);
        }
        end.unindexed_bytes += batch.size_bytes;
    }

    /// Adds a time index entry if the largest timestamp has risen since the last one.
    fn index_time(&self, end: &mut End) {
        if end.segment_max_timestamp <= end.last_indexed_timestamp {
            return;
        }
        let entry = TimeEntry {
            timestamp: end.segment_max_timestamp,
            relative_offset: (end.segment_max_offset - self.base) as i32,
        };
        if put(&self.time_index, end.time_entries, entry) {
            end.time_entries += 1;
            end.last_indexed_timestamp = entry.timestamp;
        }
    }

    /// Brings the indexes into their final form: the last time index entry, and not a byte more
    /// than the entries. Done at a roll and when a producer closes.
    pub fn settle(&self, end: &mut End) {
        if end.position > 0 {
            self.index_time(end);
        }
        for (file, bytes) in [
            (&self.offset_index, end.index_entries * OffsetEntry::BYTES),
            (&self.time_index, end.time_entries * TimeEntry::BYTES),
        ] {
            // Advice: a longer index is read by its valid entries.
            if file.metadata().is_ok_and(|facts| facts.len() > bytes) {
                drop(file.set_len(bytes));
            }
        }
    }

    /// Asks for the `len` bytes from `position` on to be written out, without waiting: the sync
    /// that follows then finds less to do, and the device is not idle while a journal is written.
    pub fn start_writeback(&self, position: u64, len: u64) {
        sys::start_writeback(&self.log, position, len);
    }

    /// Puts what was appended on the device, and the name of the file as well. A failure is final:
    /// the kernel may have dropped the pages, and a second try would say yes to nothing.
    pub fn sync(&self) -> Result<()> {
        let synced = sys::count_sync(|| self.log.sync_data());
        synced.map_err(|e| DiskError::io(SYNC, &self.log_path())(e))?;
        if !self.entry_synced.load(Ordering::Acquire) {
            sync_directory(&self.directory)?;
            self.entry_synced.store(true, Ordering::Release);
        }
        Ok(())
    }
}

/// What was being done when the device failed.
pub const SYNC: &str = "sync";

/// Puts the log of the segment at `base` on the device.
pub fn sync_log(directory: &Path, base: i64) -> Result<()> {
    let path = layout::segment_file(directory, base, SegmentFile::Log);
    let log = file::open_to_read(&path)?;
    sys::count_sync(|| log.sync_data()).map_err(DiskError::io(SYNC, &path))
}

/// Puts the names in `directory` on the device.
pub fn sync_directory(directory: &Path) -> Result<()> {
    let opened = File::open(directory).map_err(DiskError::io("open", directory))?;
    sys::count_sync(|| opened.sync_all()).map_err(DiskError::io(SYNC, directory))
}

fn put<E: Entry>(file: &File, at: u64, entry: E) -> bool {
    let mut bytes = Vec::with_capacity(16);
    entry.write(&mut bytes);
    file.write_all_at(&bytes, at * E::BYTES).is_ok()
}
