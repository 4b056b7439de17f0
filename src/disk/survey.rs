//! Owns what batch headers tell of a range of a log without its records: how many there are, and
//! where transactions are open; and which record has which time. Leaves handing records out to
//! `reader`.

use std::collections::BTreeMap;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::batch::{BatchHeader, HEADER_BYTES};
use super::error::{DiskError, Result};
use super::index::{TimeEntry, entries_in, last_before};
use super::layout::{self, SegmentFile};
use super::reader::{PartitionReader, start_in_segment};
use super::state::End;
use super::{file, recovery, segment};
use crate::config::LogConfig;
use crate::record::RecordBuffer;

/// How much is read at once: many headers of small batches, and little of a large one.
const WINDOW_BYTES: usize = 16 << 10;

/// The number of records from the offset `from` on and before `to`. Markers and what compaction
/// took are no records; of batches that lie across a bound, the records are looked at.
pub fn count_records(
    directory: &Path,
    end: &End,
    config: &LogConfig,
    from: i64,
    to: i64,
) -> Result<i64> {
    let (from, to) = (from.max(end.start_offset), to.min(end.end_offset));
    if from >= to {
        return Ok(0);
    }
    let mut count = 0i64;
    let mut across = Vec::new();
    let mut reached = from;
    headers(directory, end, from, &mut |header| {
        let (base, next) = (header.base_offset, header.next_offset());
        // It tells neither how many records it has, nor the offset of the first.
        let is_set = header.is_legacy() && header.attributes & 7 != 0;
        if header.is_control() || next <= from || (base >= to && !is_set) {
            return base < to;
        }
        if is_set {
            across.push((reached, next.min(to)));
        } else if from <= base && next <= to {
            count = count.saturating_add(i64::from(header.record_count));
        } else {
            across.push((base.max(from), next.min(to)));
        }
        reached = next;
        next < to
    })?;
    let mut buffer = RecordBuffer::default();
    for (from, to) in across {
        let mut reader = PartitionReader::new(directory, 0, from, config);
        while reader.next_offset() < to {
            reader.read(end, to, &mut buffer)?;
            count = count.saturating_add(buffer.len() as i64);
        }
    }
    Ok(count)
}

/// The last stable offset: the first one of the oldest transaction that is open, or the end. It is
/// found by a walk over all headers, since our snapshots of producers know no transactions.
pub fn last_stable(directory: &Path, end: &End) -> Result<i64> {
    let mut open: BTreeMap<i64, i64> = BTreeMap::new();
    headers(directory, end, end.start_offset, &mut |header| {
        if header.is_control() {
            open.remove(&header.producer.id);
        } else if header.is_transactional() {
            open.entry(header.producer.id).or_insert(header.base_offset);
        }
        true
    })?;
    let oldest = open.into_values().min().unwrap_or(end.end_offset);
    Ok(oldest.clamp(end.start_offset, end.end_offset))
}

/// The timestamps of the first records at or behind each of `offsets`, which ascend; `None` where
/// there is none, or where the log cannot be read.
pub fn record_times(
    directory: &Path,
    end: &End,
    config: &LogConfig,
    offsets: &[i64],
) -> Vec<Option<i64>> {
    let mut times = vec![None; offsets.len()];
    let Some(&last) = offsets.last() else { return times };
    let to = last.saturating_add(1);
    let new = |offset| PartitionReader::new(directory, 0, offset, config).window(WINDOW_BYTES);
    let mut reader: Option<PartitionReader> = None;
    let mut buffer = RecordBuffer::default();
    for (&offset, time) in offsets.iter().zip(&mut times) {
        let from = offset.max(end.start_offset);
        let mut found = first_from(&buffer, from);
        if found.is_none() {
            // What lies in between is skipped by the index, and not read.
            let mut next = match reader.take() {
                Some(reader) if reader.next_offset() == from => reader,
                _ => new(from),
            };
            while found.is_none() && next.next_offset() < end.end_offset {
                // The record asked for may be gone: then the next one counts, wherever it is.
                let to = if next.next_offset() < to { to } else { end.end_offset };
                if next.read(end, to, &mut buffer).is_err() {
                    buffer.clear();
                    break;
                }
                found = first_from(&buffer, from);
            }
            reader = Some(next);
        }
        *time = found;
    }
    times
}

/// The timestamp of the first record of a buffer at or behind an offset.
fn first_from(buffer: &RecordBuffer, offset: i64) -> Option<i64> {
    let at = buffer.spans.partition_point(|span| span.offset < offset);
    buffer.spans.get(at).map(|span| span.timestamp_ms)
}

/// The first offset from `end.start_offset` on whose record has at least `timestamp_ms`, and its
/// timestamp.
pub fn offset_at_time(
    directory: &Path,
    end: &End,
    config: &LogConfig,
    timestamp_ms: i64,
) -> Result<Option<(i64, i64)>> {
    if end.start_offset == end.end_offset || end.max_timestamp < timestamp_ms {
        return Ok(None);
    }
    let mut from = end.start_offset;
    for (base, entry) in time_entries(directory, end, timestamp_ms)?.into_iter().rev() {
        let last = base + i64::from(entry.relative_offset);
        if is_confirmed(directory, end, last, entry.timestamp) {
            from = from.max(last + 1);
            break;
        }
    }
    let mut reader = PartitionReader::new(directory, 0, from, config);
    let mut buffer = RecordBuffer::default();
    while reader.next_offset() < end.end_offset {
        reader.read(end, end.end_offset, &mut buffer)?;
        if let Some(span) = buffer.spans.iter().find(|s| s.timestamp_ms >= timestamp_ms) {
            return Ok(Some((span.offset, span.timestamp_ms)));
        }
    }
    Ok(None)
}

/// The entry of each segment's time index behind which to look for a timestamp, with the segment's
/// base, up to the first segment that may have it: all records up to an entry's offset are at most
/// as late as the entry.
fn time_entries(directory: &Path, end: &End, timestamp_ms: i64) -> Result<Vec<(i64, TimeEntry)>> {
    let mut found = Vec::new();
    for base in segment::list(directory)?.into_iter().filter(|&b| b <= end.active_base) {
        let path = layout::segment_file(directory, base, SegmentFile::TimeIndex);
        // Without its index nothing is known of a segment: it has to be read.
        let Ok(file) = file::open_to_read(&path) else { break };
        let entries = if base == end.active_base {
            end.time_entries
        } else {
            entries_in::<TimeEntry>(&file, &path)?
        };
        let before = |e: TimeEntry| e.timestamp < timestamp_ms;
        let Some(entry) = last_before(&file, &path, entries, before)? else { break };
        found.push((base, entry));
        if last_before(&file, &path, entries, |_: TimeEntry| true)? != Some(entry) {
            break;
        }
    }
    Ok(found)
}

/// Whether the log agrees with an entry of a time index: a batch ends with its offset, and has its
/// timestamp as the largest. An index is a hint, and a wrong one would hide records.
fn is_confirmed(directory: &Path, end: &End, last: i64, timestamp_ms: i64) -> bool {
    let mut agrees = false;
    let walked = headers(directory, end, last, &mut |header| {
        agrees = header.last_offset() == last && header.max_timestamp == timestamp_ms;
        header.last_offset() < last
    });
    walked.is_ok() && agrees
}

/// The timestamp that the batch with the log start offset begins with.
pub fn first_timestamp(directory: &Path, end: &End, config: &LogConfig) -> Result<Option<i64>> {
    if end.start_offset == end.end_offset {
        return Ok(None);
    }
    let mut reader = PartitionReader::new(directory, 0, end.start_offset, config);
    let mut buffer = RecordBuffer::default();
    let to = end.start_offset + 1;
    reader.read(end, to, &mut buffer)?;
    let recovery = recovery::Recovery { directory, config };
    match buffer.spans.first() {
        Some(span) => Ok(Some(span.timestamp_ms)),
        None => recovery.first_timestamp(end.active_base).map(Some),
    }
}

/// Shows every batch header from the one with the offset `from` on, until `visit` says no. Bodies
/// are passed over, so checksums are not looked at.
pub(super) fn headers(
    directory: &Path,
    end: &End,
    from: i64,
    visit: &mut dyn FnMut(&BatchHeader) -> bool,
) -> Result<()> {
    let mut bases = segment::list(directory)?;
    bases.retain(|&base| base <= end.active_base);
    let first = bases.partition_point(|&base| base <= from).saturating_sub(1);
    let mut window = vec![0; WINDOW_BYTES];
    for &base in bases.iter().skip(first) {
        let path = layout::segment_file(directory, base, SegmentFile::Log);
        let file = file::open_to_read(&path)?;
        let limit = if base == end.active_base {
            end.position
        } else {
            file.metadata().map_err(DiskError::io("stat", &path))?.len()
        };
        let (mut position, mut due) = start_in_segment(directory, &file, base, end, from);
        let (mut held_from, mut held) = (0, 0);
        while position < limit {
            let damage = |reason: String| DiskError::corrupt(&path, position, reason);
            let header_end = position + HEADER_BYTES as u64;
            if position < held_from || header_end > held_from + held as u64 {
                held = (WINDOW_BYTES as u64).min(limit - position) as usize;
                let part = window.get_mut(..held).unwrap_or_default();
                file.read_exact_at(part, position).map_err(DiskError::read(&path, position))?;
                held_from = position;
            }
            let at = (position - held_from) as usize;
            let header = BatchHeader::parse(window.get(at..held).unwrap_or_default())
                .map_err(|error| damage(error.to_string()))?;
            if header.base_offset < due || header.size_bytes as u64 > limit - position {
                let (found, bytes) = (header.base_offset, header.size_bytes);
                return Err(damage(format!(
                    "a batch of {bytes} bytes from offset {found} on does not belong there"
                )));
            }
            if !visit(&header) {
                return Ok(());
            }
            position += header.size_bytes as u64;
            due = header.next_offset();
        }
    }
    Ok(())
}
