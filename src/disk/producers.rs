//! Owns producer snapshots: the last batch of each producer at an offset, in Kafka's file form.
//! Leaves noting producers as they append to `state`.

use std::path::{Path, PathBuf};

use super::error::{DiskError, Result};
use super::layout::{self, SegmentFile};
use super::meta;
use super::resume;
use super::state::ProducerEntry;

const VERSION: i16 = 1;
const ENTRY_BYTES: usize = 46;
const SNAPSHOT_MAX_BYTES: u64 = 64 << 20;
/// Producers that were silent for this long are left out (`producer.id.expiration.ms`).
pub const EXPIRATION_MS: i64 = 24 * 60 * 60 * 1000;

/// The bytes of a snapshot.
pub fn encode(entries: &[ProducerEntry]) -> Vec<u8> {
    let mut body = Vec::with_capacity(4 + entries.len() * ENTRY_BYTES);
    body.extend_from_slice(&(entries.len() as i32).to_be_bytes());
    for entry in entries {
        body.extend_from_slice(&entry.id.to_be_bytes());
        body.extend_from_slice(&entry.epoch.to_be_bytes());
        body.extend_from_slice(&entry.last_sequence.to_be_bytes());
        body.extend_from_slice(&entry.last_offset.to_be_bytes());
        body.extend_from_slice(&entry.offset_delta.to_be_bytes());
        body.extend_from_slice(&entry.timestamp.to_be_bytes());
        // No coordinator, no transaction that is open.
        body.extend_from_slice(&(-1i32).to_be_bytes());
        body.extend_from_slice(&(-1i64).to_be_bytes());
    }
    let mut bytes = Vec::with_capacity(6 + body.len());
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(&body).to_be_bytes());
    bytes.extend_from_slice(&body);
    bytes
}

/// The entries of a snapshot; `None` if it is not whole, or of another version: then the log tells.
pub fn decode(bytes: &[u8]) -> Option<Vec<ProducerEntry>> {
    let (version, rest) = bytes.split_first_chunk::<2>()?;
    let (crc, body) = rest.split_first_chunk::<4>()?;
    let (count, mut rest) = body.split_first_chunk::<4>()?;
    let count = usize::try_from(i32::from_be_bytes(*count)).ok()?;
    if i16::from_be_bytes(*version) != VERSION
        || u32::from_be_bytes(*crc) != crc32c::crc32c(body)
        || rest.len() != count.checked_mul(ENTRY_BYTES)?
    {
        return None;
    }
    let mut entries = Vec::with_capacity(count);
    while !rest.is_empty() {
        let (id, after) = rest.split_first_chunk()?;
        let (epoch, after) = after.split_first_chunk()?;
        let (last_sequence, after) = after.split_first_chunk()?;
        let (last_offset, after) = after.split_first_chunk()?;
        let (offset_delta, after) = after.split_first_chunk()?;
        let (timestamp, after) = after.split_first_chunk()?;
        entries.push(ProducerEntry {
            id: i64::from_be_bytes(*id),
            epoch: i16::from_be_bytes(*epoch),
            last_sequence: i32::from_be_bytes(*last_sequence),
            last_offset: i64::from_be_bytes(*last_offset),
            offset_delta: i32::from_be_bytes(*offset_delta),
            timestamp: i64::from_be_bytes(*timestamp),
        });
        rest = after.get(12..)?;
    }
    Some(entries)
}

/// Writes the snapshot at `offset`: the newest one there is, brought up to date by `recent`,
/// without those that expired before `now_ms`. Older snapshots go; Kafka keeps one for each
/// segment, and one that is missing is made from the log.
pub fn write_snapshot(
    directory: &Path,
    offset: i64,
    recent: &[ProducerEntry],
    now_ms: i64,
) -> Result<()> {
    let earlier = newest(directory)?;
    let mut entries = earlier.map(|(_, entries)| entries).unwrap_or_default();
    entries.retain(|e| recent.iter().all(|r| r.id != e.id));
    entries.extend_from_slice(recent);
    let is_fresh = |e: &ProducerEntry| now_ms.saturating_sub(e.timestamp) < EXPIRATION_MS;
    entries.retain(|e| resume::comes_back(e.id) || is_fresh(e));
    entries.sort_unstable_by_key(|e| e.id);
    let path = layout::segment_file(directory, offset, SegmentFile::Snapshot);
    // What comes back may be told nowhere else, once its batches have gone.
    let durable = recent.iter().any(|e| resume::comes_back(e.id));
    meta::replace(&path, &encode(&entries), durable)?;
    for other in list(directory)? {
        if other < offset {
            let path = layout::segment_file(directory, other, SegmentFile::Snapshot);
            std::fs::remove_file(&path).map_err(DiskError::io("remove", &path))?;
        }
    }
    Ok(())
}

/// Removes the snapshots of offsets above `end`, which a log that was cut does not reach.
pub fn remove_above(directory: &Path, end: i64) -> Result<()> {
    for offset in list(directory)?.into_iter().filter(|&offset| offset > end) {
        let path = layout::segment_file(directory, offset, SegmentFile::Snapshot);
        std::fs::remove_file(&path).map_err(DiskError::io("remove", &path))?;
    }
    Ok(())
}

/// Removes the snapshots that cannot be read: what they held is made from the log.
pub fn remove_unreadable(directory: &Path) -> Result<()> {
    for path in unreadable(directory)? {
        std::fs::remove_file(&path).map_err(DiskError::io("remove", &path))?;
    }
    Ok(())
}

/// The snapshots that cannot be read.
pub fn unreadable(directory: &Path) -> Result<Vec<PathBuf>> {
    let paths = list(directory)?.into_iter();
    let mut bad = Vec::new();
    for path in paths.map(|at| layout::segment_file(directory, at, SegmentFile::Snapshot)) {
        let bytes = meta::read_file(&path, SNAPSHOT_MAX_BYTES)?;
        if bytes.is_some_and(|bytes| decode(&bytes).is_none()) {
            bad.push(path);
        }
    }
    Ok(bad)
}

fn list(directory: &Path) -> Result<Vec<i64>> {
    let mut offsets = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(DiskError::io("list", directory))? {
        let name = entry.map_err(DiskError::io("list", directory))?.file_name();
        if let Some((at, SegmentFile::Snapshot)) =
            name.to_str().and_then(layout::parse_segment_file)
        {
            offsets.push(at);
        }
    }
    offsets.sort_unstable();
    Ok(offsets)
}

/// The newest snapshot that can be read, and its offset.
pub fn newest(directory: &Path) -> Result<Option<(i64, Vec<ProducerEntry>)>> {
    for offset in list(directory)?.into_iter().rev() {
        let path = layout::segment_file(directory, offset, SegmentFile::Snapshot);
        let bytes = meta::read_file(&path, SNAPSHOT_MAX_BYTES).ok().flatten();
        if let Some(entries) = bytes.and_then(|bytes| decode(&bytes)) {
            return Ok(Some((offset, entries)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: i64, timestamp: i64) -> ProducerEntry {
        ProducerEntry { id, epoch: 0, last_sequence: 4, last_offset: 9, offset_delta: 4, timestamp }
    }

    #[test]
    fn the_golden_snapshot_is_written_and_read() {
        let golden = "00013c76490d00000001000000000000000700000000000400000000000000090000000400\
            00018bcfe56800ffffffffffffffffffffffff";
        let ours = encode(&[entry(7, 1_700_000_000_000)]);
        let golden: Vec<u8> = golden
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        assert_eq!(ours, golden);
        assert_eq!(decode(&ours), Some(vec![entry(7, 1_700_000_000_000)]));
    }

    #[test]
    fn a_damaged_snapshot_is_not_believed() {
        let good = encode(&[entry(1, 1), entry(2, 2)]);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(decode(&bad), None, "byte {at}");
            assert_eq!(decode(&good[..at]), None, "cut at {at}");
        }
        assert_eq!(decode(&[0, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]), None);
    }

    #[test]
    fn snapshots_add_up_and_expire() {
        let dir = tempfile::tempdir().unwrap();
        write_snapshot(dir.path(), 10, &[entry(1, 1000), entry(2, 2000)], 3000).unwrap();
        write_snapshot(dir.path(), 20, &[entry(2, 5000)], 1500 + EXPIRATION_MS).unwrap();
        let (offset, entries) = newest(dir.path()).unwrap().unwrap();
        assert_eq!((offset, entries), (20, vec![entry(2, 5000)]));
        assert_eq!(list(dir.path()).unwrap(), [20]);
    }
}
