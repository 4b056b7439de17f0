//! Owns finding a place in a partition: the segment and the position of an offset. Indexes are
//! hints, which the log confirms. Leaves reading to `reader`, and times to `survey`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::disk::batch::{BatchHeader, HEADER_BYTES};
use crate::disk::error::{DiskError, Result};
use crate::disk::index::{OffsetEntry, entries_in, last_before};
use crate::disk::layout::{self, SegmentFile};
use crate::disk::state::End;
use crate::disk::{file, segment};

/// The base of the segment that has `offset`, and of the one behind it.
pub(super) fn segment_of(directory: &Path, end: &End, offset: i64) -> Result<(i64, Option<i64>)> {
    if offset >= end.active_base {
        return Ok((end.active_base, None));
    }
    let bases = segment::list(directory)?;
    let at = bases.partition_point(|&base| base <= offset);
    let base = at.checked_sub(1).and_then(|i| bases.get(i)).or_else(|| bases.first());
    let base = base.copied().ok_or_else(|| DiskError::Missing { path: directory.to_owned() })?;
    Ok((base, bases.get(at).copied()))
}

/// Where to begin in a segment to find `offset`, and the offset due there: by the index, or else at
/// the front.
pub(in crate::disk) fn start_in_segment(
    directory: &Path,
    log: &File,
    base: i64,
    end: &End,
    offset: i64,
) -> (u64, i64) {
    index_lookup(directory, base, end, offset)
        .and_then(|entry| check_entry(log, base, entry))
        .unwrap_or((0, base))
}

/// The last index entry at or before `offset`: its batch ends with the entry's offset, so the batch
/// that has `offset` is that one or one behind it. The entries of an active index are those that
/// were published.
fn index_lookup(directory: &Path, base: i64, end: &End, offset: i64) -> Option<OffsetEntry> {
    let path = layout::segment_file(directory, base, SegmentFile::OffsetIndex);
    let file = file::open_to_read(&path).ok()?;
    let entries = if base == end.active_base {
        end.index_entries
    } else {
        entries_in::<OffsetEntry>(&file, &path).ok()?
    };
    let before = |e: OffsetEntry| base + i64::from(e.relative_offset) <= offset;
    last_before(&file, &path, entries, before).ok().flatten()
}

/// Where the batch of an index entry begins, and its base offset, if the log agrees: an index is a
/// hint.
fn check_entry(log: &File, base: i64, entry: OffsetEntry) -> Option<(u64, i64)> {
    let position = u64::try_from(entry.position).ok()?;
    let mut bytes = [0; HEADER_BYTES];
    log.read_exact_at(&mut bytes, position).ok()?;
    let header = BatchHeader::parse(&bytes).ok()?;
    let agrees = header.last_offset() == base + i64::from(entry.relative_offset);
    agrees.then_some((position, header.base_offset))
}
