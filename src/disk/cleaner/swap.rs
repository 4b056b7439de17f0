//! Owns putting a compacted segment into the place of others, so that readers find one or the
//! other at every moment, and ending that after a kill.
//!
//! `N.log.cleaned` is being written, or nothing; `N.log.swap` is whole, and takes the place of `N`
//! and of those behind it whose records it has. It stays until nothing is left to do.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Replacement;
use crate::config::LogConfig;
use crate::disk::error::{DiskError, Result};
use crate::disk::layout::{self, SegmentFile};
use crate::disk::recovery::Recovery;
use crate::disk::scan::{Found, Scanner};
use crate::disk::{file, gaps, segment};

/// Removes a file that may have gone already.
fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(DiskError::io("remove", path)(e)),
        _ => Ok(()),
    }
}

/// The files of the partition whose names end so.
fn marked(directory: &Path, mark: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(DiskError::io("list", directory))? {
        let entry = entry.map_err(DiskError::io("list", directory))?;
        if entry.file_name().to_str().is_some_and(|name| name.ends_with(mark)) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Removes what a compaction wrote that did not end.
pub fn remove_cleaned(directory: &Path) -> Result<()> {
    marked(directory, layout::CLEANED)?.iter().try_for_each(|path| remove(path))
}

/// Whether the segments that a replacement was made of are still there.
pub fn is_current(directory: &Path, replacement: &Replacement) -> bool {
    replacement.bases.iter().zip(&replacement.inodes).all(|(&base, &inode)| {
        let path = layout::segment_file(directory, base, SegmentFile::Log);
        std::fs::metadata(path).is_ok_and(|facts| facts.ino() == inode)
    })
}

/// Puts a new segment in the place of the old ones. Only under the partition's lock.
pub fn put_in_place(directory: &Path, replacement: &Replacement) -> Result<()> {
    let Some((&first, others)) = replacement.bases.split_first() else { return Ok(()) };
    let cleaned = layout::marked_file(directory, first, SegmentFile::Log, layout::CLEANED);
    let swap = layout::marked_file(directory, first, SegmentFile::Log, layout::SWAP);
    gaps::note(directory)?;
    std::fs::rename(&cleaned, &swap).map_err(DiskError::io("rename to", &swap))?;
    stop_here("swap");
    segment::sync_directory(directory)?;
    put_swap_in_place(directory, first, others)
}

/// Gives the content of a swap file the name of its segment, and removes those it replaces.
fn put_swap_in_place(directory: &Path, first: i64, others: &[i64]) -> Result<()> {
    let swap = layout::marked_file(directory, first, SegmentFile::Log, layout::SWAP);
    let log = layout::segment_file(directory, first, SegmentFile::Log);
    // A second name of the same file, moved over the old one: there is no moment without a log.
    let second = layout::marked_file(directory, first, SegmentFile::Log, layout::CLEANED);
    remove(&second)?;
    std::fs::hard_link(&swap, &second).map_err(DiskError::io("link", &second))?;
    stop_here("link");
    std::fs::rename(&second, &log).map_err(DiskError::io("rename to", &log))?;
    // Where both are names of one file already, a rename does nothing.
    remove(&second)?;
    stop_here("log");
    for index in [SegmentFile::OffsetIndex, SegmentFile::TimeIndex] {
        remove(&layout::segment_file(directory, first, index))?;
    }
    for &base in others {
        for kind in [SegmentFile::OffsetIndex, SegmentFile::TimeIndex, SegmentFile::Log] {
            remove(&layout::segment_file(directory, base, kind))?;
        }
        stop_here("old");
    }
    segment::sync_directory(directory)
}

/// Ends what was put in place: indexes are made anew, then nothing is left to do.
pub fn settle(directory: &Path, config: &LogConfig, first: i64) -> Result<()> {
    Recovery { directory, config }.reindex(first)?;
    stop_here("index");
    remove(&layout::marked_file(directory, first, SegmentFile::Log, layout::SWAP))
}

/// Ends what a killed compaction left. Only under the partition's lock; answers whether there was
/// something.
pub fn finish(directory: &Path, config: &LogConfig) -> Result<bool> {
    remove_cleaned(directory)?;
    let swaps = marked(directory, layout::SWAP)?;
    for swap in &swaps {
        let name = swap.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let of = name.strip_suffix(layout::SWAP).and_then(layout::parse_segment_file);
        let Some((first, SegmentFile::Log)) = of else {
            remove(swap)?;
            continue;
        };
        let next = end_of(swap)?;
        let bases = segment::list(directory)?;
        let others: Vec<i64> =
            bases.into_iter().filter(|&base| first < base && base < next).collect();
        put_swap_in_place(directory, first, &others)?;
        settle(directory, config, first)?;
    }
    Ok(!swaps.is_empty())
}

/// The offset behind the last batch of a swap file.
fn end_of(path: &Path) -> Result<i64> {
    let log = file::open_to_read(path)?;
    let len = log.metadata().map_err(DiskError::io("stat", path))?.len();
    let mut scanner = Scanner::new(&log, path, len);
    let (mut at, mut next) = (0, 0);
    loop {
        match scanner.look(at)? {
            Found::End => return Ok(next),
            Found::Batch(header) => {
                next = header.next_offset();
                at += header.size_bytes as u64;
            }
            Found::Bad(reason) => return Err(DiskError::corrupt(path, at, reason)),
        }
    }
}

/// A place where a test may end the process's work, as a kill would.
#[cfg(not(test))]
const fn stop_here(_place: &str) {}

#[cfg(test)]
thread_local! {
    /// Where the work of this thread is to end.
    pub(super) static STOP: std::cell::RefCell<Option<&'static str>> =
        const { std::cell::RefCell::new(None) };
}

/// Ends the work by a panic, if this is the place that the test chose.
#[cfg(test)]
fn stop_here(place: &'static str) {
    if STOP.with(|stop| *stop.borrow() == Some(place)) {
        STOP.with(|stop| stop.replace(None));
        std::panic::resume_unwind(Box::new(place));
    }
}
