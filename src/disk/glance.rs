//! Owns the times of single records in batches that lie behind each other: of each batch no more is
//! looked at than it takes. Leaves reading records to `record`.

use std::collections::VecDeque;

use super::batch::{BatchError, BatchHeader, HEADER_BYTES, check_crc};
use super::compression::{budget_bytes, decompress, decompress_front};
use super::varint::take_zigzag;
use crate::record::{Compression, TimestampKind};

/// What is decompressed of a batch at first: most look for what it begins with.
const FRONT_BYTES: usize = 64 << 10;

/// Batches that are none, or of an old format, or damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// The offsets of a partition for whose records times are wanted, ascending, each with whatever it
/// is known by.
pub type Wanted = VecDeque<(i64, usize)>;

/// Takes off the front of `wanted` those offsets whose records, or the next ones behind them, are
/// in `batches`, and tells `found` their times. The last batch may be cut. Answers the offset
/// behind the last batch that is whole, if there is one. Markers of transactions are no records.
pub fn times(
    mut batches: &[u8],
    wanted: &mut Wanted,
    found: &mut impl FnMut(usize, i64),
) -> Result<Option<i64>, Unreadable> {
    let mut reached = None;
    while let Some(&(offset, _)) = wanted.front() {
        let header = match BatchHeader::parse(batches) {
            Ok(header) => header,
            Err(BatchError::Cut { .. }) => break,
            Err(BatchError::Invalid(_)) => return Err(Unreadable),
        };
        if header.is_legacy() || reached.is_some_and(|reached| header.base_offset < reached) {
            return Err(Unreadable);
        }
        let Some((batch, behind)) = batches.split_at_checked(header.size_bytes) else { break };
        if header.last_offset() >= offset && !header.is_control() && header.record_count > 0 {
            if !check_crc(&header, batch) {
                return Err(Unreadable);
            }
            look(&header, batch.get(HEADER_BYTES..).unwrap_or_default(), wanted, found)?;
        }
        reached = Some(header.next_offset());
        batches = behind;
    }
    Ok(reached)
}

/// Looks into a batch, whose records may be compressed.
fn look(
    header: &BatchHeader,
    records: &[u8],
    wanted: &mut Wanted,
    found: &mut impl FnMut(usize, i64),
) -> Result<(), Unreadable> {
    let codec = header.compression().ok_or(Unreadable)?;
    if codec == Compression::None {
        return walk(header, records, wanted, found);
    }
    let mut plain = Vec::new();
    decompress_front(codec, records, FRONT_BYTES, &mut plain);
    if walk(header, &plain, wanted, found).is_ok() {
        return Ok(());
    }
    plain.clear();
    let budget = budget_bytes(header.size_bytes);
    decompress(codec, records, budget, &mut plain).map_err(|_| Unreadable)?;
    walk(header, &plain, wanted, found)
}

/// Walks over records until nothing more is wanted of them.
fn walk(
    header: &BatchHeader,
    mut rest: &[u8],
    wanted: &mut Wanted,
    found: &mut impl FnMut(usize, i64),
) -> Result<(), Unreadable> {
    let log_append = header.timestamp_kind() == TimestampKind::LogAppend;
    let mut last_delta = -1;
    for _ in 0..header.record_count {
        if wanted.front().is_none_or(|(offset, _)| *offset > header.last_offset()) {
            return Ok(());
        }
        let (timestamp_delta, delta) = record(&mut rest).ok_or(Unreadable)?;
        if delta <= last_delta || delta > i64::from(header.last_offset_delta) {
            return Err(Unreadable);
        }
        last_delta = delta;
        let time = header.base_timestamp.wrapping_add(timestamp_delta);
        let time = if log_append { header.max_timestamp } else { time };
        while let Some(&(offset, known_by)) = wanted.front()
            && offset <= header.base_offset + delta
        {
            found(known_by, time);
            wanted.pop_front();
        }
    }
    Ok(())
}

/// Takes a record off the front: what it adds to the time and to the offset of its batch.
fn record(rest: &mut &[u8]) -> Option<(i64, i64)> {
    let length = usize::try_from(take_zigzag(rest)?).ok()?;
    let (body, behind) = rest.split_at_checked(length)?;
    let (_attributes, mut body) = body.split_first()?;
    *rest = behind;
    Some((take_zigzag(&mut body)?, take_zigzag(&mut body)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::batch::{BatchEncoder, EncodedBatch, ProducerStamp};
    use crate::record::{RecordBuffer, Span};

    /// A batch of records from `base` on, at most as many as `times`, which are theirs.
    fn batch(codec: Compression, base: i64, times: &[i64]) -> Vec<u8> {
        let mut buffer = RecordBuffer::default();
        let mut encoder = BatchEncoder::new(codec);
        for time in times {
            let value = buffer.store(&[b'x'; 200]);
            buffer.spans.push(Span::new(crate::record::Slice::NULL, value, *time));
        }
        buffer.spans.iter().for_each(|span| encoder.push(span, &buffer));
        let mut batch = encoder.finish(ProducerStamp::NONE, EncodedBatch::default()).unwrap();
        batch.set_base_offset(base);
        batch.bytes
    }

    /// Changes bytes of a batch at a place, and makes its checksum fit again.
    fn change(batch: &mut [u8], at: usize, bytes: &[u8]) {
        batch[at..at + bytes.len()].copy_from_slice(bytes);
        let crc = crc32c::crc32c(&batch[21..]);
        batch[17..21].copy_from_slice(&crc.to_be_bytes());
    }

    /// The times found for `offsets`, where the batches end, and what is still wanted.
    type Seen = (Vec<Option<i64>>, Result<Option<i64>, Unreadable>, usize);

    fn seen(batches: &[u8], offsets: &[i64]) -> Seen {
        let mut found = vec![None; offsets.len()];
        let mut wanted: Wanted = offsets.iter().enumerate().map(|(at, of)| (*of, at)).collect();
        let reached = times(batches, &mut wanted, &mut |at, time| found[at] = Some(time));
        (found, reached, wanted.len())
    }

    #[test]
    fn the_record_at_an_offset_or_the_next_has_the_time() {
        let many: Vec<i64> = (0..1000).map(|n| 5000 + n * n).collect();
        for codec in [
            Compression::None,
            Compression::Gzip,
            Compression::Snappy,
            Compression::Lz4,
            Compression::Zstd,
        ] {
            // Offsets 10 to 1009; a hole; 2000 and 2001.
            let mut batches = batch(codec, 10, &many);
            batches.extend(batch(codec, 2000, &[7, 3]));
            let offsets = [0, 10, 11, 509, 1009, 1500, 2001];
            let expected = [5000, 5000, 5001, 254_001, 1_003_001, 7, 3].map(Some);
            assert_eq!(seen(&batches, &offsets), (expected.to_vec(), Ok(Some(2002)), 0));
            // Of no interest is what is behind.
            assert_eq!(seen(&batches, &[10]), (vec![Some(5000)], Ok(Some(1010)), 0));
            assert_eq!(seen(&batches, &[2001, 2002]), (vec![Some(3), None], Ok(Some(2002)), 1));
        }
    }

    #[test]
    fn the_log_s_own_time_and_the_markers_are_told_apart() {
        let mut stamped = batch(Compression::None, 0, &[50, 60]);
        change(&mut stamped, 21, &8u16.to_be_bytes());
        change(&mut stamped, 35, &99i64.to_be_bytes());
        assert_eq!(seen(&stamped, &[1]).0, [Some(99)]);
        let mut batches = batch(Compression::None, 0, &[50]);
        change(&mut batches, 21, &0x30u16.to_be_bytes());
        assert_eq!(seen(&batches, &[0]), (vec![None], Ok(Some(1)), 1), "a marker");
        batches.extend(batch(Compression::None, 1, &[70]));
        assert_eq!(seen(&batches, &[0]), (vec![Some(70)], Ok(Some(2)), 0));
        // Compaction took the last records: the next batch has the first one.
        let mut batches = batch(Compression::None, 0, &[50, 60]);
        change(&mut batches, 23, &9i32.to_be_bytes());
        batches.extend(batch(Compression::None, 10, &[70]));
        assert_eq!(seen(&batches, &[1, 2, 9]).0, [Some(60), Some(70), Some(70)]);
    }

    #[test]
    fn what_is_no_batch_is_not_read() {
        let good = batch(Compression::None, 3, &[50, 60]);
        for cut in 0..good.len() {
            assert_eq!(seen(&good[..cut], &[3]), (vec![None], Ok(None), 1), "{cut}");
        }
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        assert_eq!(seen(&bad, &[3]).1, Err(Unreadable), "its checksum");
        // The number of records, one more than there is, and 2 billion in a batch that says so.
        for (at, bytes) in [(57, 3i32), (57, i32::MAX), (23, 0)] {
            let mut bad = good.clone();
            change(&mut bad, 23, &i32::MAX.wrapping_sub(4).to_be_bytes());
            change(&mut bad, at, &bytes.to_be_bytes());
            assert_eq!(seen(&bad, &[9]).1, Err(Unreadable), "{at} {bytes}");
        }
        let mut twice = good.clone();
        twice.extend(&good);
        assert_eq!(seen(&twice, &[9]).1, Err(Unreadable), "offsets that go back");
        for codec in [5u16, 6, 7, 1, 2, 3, 4] {
            let mut bad = good.clone();
            change(&mut bad, 21, &codec.to_be_bytes());
            assert_eq!(seen(&bad, &[3]).1, Err(Unreadable), "codec {codec}");
        }
        let mut old = good;
        old[16] = 1;
        assert!(seen(&old, &[3]).0 == [None], "an old format");
    }
}
