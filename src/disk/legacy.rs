//! Owns the message formats 0 and 1, which brokers wrote before Kafka 0.11 and still keep: read,
//! and never written. Leaves where messages lie to the readers of batches, to whom each is a batch.
//!
//! ```text
//! message (big-endian)
//!   0 offset i64    12 crc-32 of 16..   17 attributes: codec, timestamp type (format 1)
//!   8 size - 12     16 magic i8         18 timestamp i64 (format 1); then key and value, each an
//!                                          i32 length, -1 for null, and that many bytes
//! ```
//!
//! The value of a message with a codec is a set of messages, compressed; its offset is that of the
//! last of them. Inside, format 0 has offsets as they are, format 1 counts them from the first.

use super::batch::{BatchError, BatchHeader, LENGTH_PREFIX_BYTES, ProducerStamp};
use super::compression;
use super::record::Wanted;
use crate::record::{Compression, NO_TIMESTAMP, RecordBuffer, Slice, Span};

/// Where the checksum is, and behind it what it covers.
const CRC_AT: usize = 12;
/// Where the number of the format is, as in a batch.
const MAGIC_AT: usize = 16;
/// The attribute bits that have a meaning in format 0; format 1 has one more.
const ATTRIBUTES: [u16; 2] = [0x07, 0x0f];
/// The shortest messages, with the prefix: two lengths and no bytes.
const BYTES_MIN: [usize; 2] = [26, 34];
/// The shortest message of any format.
pub const SHORTEST_BYTES: usize = BYTES_MIN[0];

/// The format of the message at the front of `bytes`, if it is one of the old ones.
pub fn format_of(bytes: &[u8]) -> Option<u8> {
    bytes.get(MAGIC_AT).copied().filter(|&magic| magic < 2)
}

/// A part of `bytes`, as an array.
fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// Reads what stands in front of key and value as the header of a batch: of one record, or of a
/// number that only the records tell.
pub fn parse(bytes: &[u8], format: u8) -> Result<BatchHeader, BatchError> {
    let shortest = BYTES_MIN.get(usize::from(format)).copied().unwrap_or(SHORTEST_BYTES);
    let cut = BatchError::Cut { wanted: shortest };
    let offset = i64::from_be_bytes(field(bytes, 0).ok_or_else(|| cut.clone())?);
    let size = i32::from_be_bytes(field(bytes, 8).ok_or_else(|| cut.clone())?);
    if bytes.len() < shortest {
        return Err(cut);
    }
    let invalid = |reason: String| Err(BatchError::Invalid(reason));
    if i64::from(size) < (shortest - LENGTH_PREFIX_BYTES) as i64 {
        return invalid(format!("a message of format {format} does not fit into {size} bytes"));
    }
    if offset < 0 || offset == i64::MAX {
        return invalid(format!("offset {offset} is impossible"));
    }
    let size_bytes = size as usize + LENGTH_PREFIX_BYTES;
    if !lengths_fit(bytes, shortest, size_bytes) {
        return invalid(format!("key and value of a message do not fit into {size} bytes"));
    }
    let timestamp = match format {
        0 => NO_TIMESTAMP,
        _ => field(bytes, 18).map_or(NO_TIMESTAMP, i64::from_be_bytes),
    };
    let known = ATTRIBUTES.get(usize::from(format)).copied().unwrap_or_default();
    Ok(BatchHeader {
        base_offset: offset,
        size_bytes,
        leader_epoch: -1,
        crc: field(bytes, CRC_AT).map_or(0, u32::from_be_bytes),
        attributes: u16::from(bytes.get(17).copied().unwrap_or_default()) & known,
        last_offset_delta: 0,
        base_timestamp: timestamp,
        max_timestamp: timestamp,
        producer: ProducerStamp::NONE,
        record_count: 1,
        format,
    })
}

/// Whether the lengths of key and value agree with that of the message, as far as they are there:
/// what is no message is told from one without its checksum.
fn lengths_fit(bytes: &[u8], shortest: usize, size_bytes: usize) -> bool {
    let length = |at: usize| field(bytes, at).map(i32::from_be_bytes);
    let room = (size_bytes - shortest) as i64;
    let bytes_of = |length: i32| i64::from(length.max(0));
    let Some(key) = length(shortest - 8) else { return true };
    if key < -1 || bytes_of(key) > room {
        return false;
    }
    let value = length(shortest - 4 + bytes_of(key) as usize);
    value.is_none_or(|value| value >= -1 && bytes_of(key) + bytes_of(value) == room)
}

/// Whether the checksum of `message` (all its bytes) is the stored one. It leaves out the offset
/// and the size.
pub fn check_crc(header: &BatchHeader, message: &[u8]) -> bool {
    let mut crc = flate2::Crc::new();
    message.get(MAGIC_AT..).is_some_and(|checked| {
        crc.update(checked);
        crc.sum() == header.crc
    })
}

/// Key and value of the message that begins at `start` of `arena`.
fn key_and_value(header: &BatchHeader, arena: &[u8], start: usize) -> Option<(Slice, Slice)> {
    let end = start + header.size_bytes;
    let mut at = start + BYTES_MIN.get(usize::from(header.format))? - 8;
    let mut next = || {
        let length = i32::from_be_bytes(field(arena.get(..end)?, at)?);
        at += 4;
        if length == -1 {
            return Some(Slice::NULL);
        }
        let length = usize::try_from(length).ok()?;
        let slice = Slice::new(at, length);
        at = at.checked_add(length).filter(|&at| at <= end)?;
        Some(slice)
    };
    let pair = (next()?, next()?);
    (at == end).then_some(pair)
}

/// Pushes a span for each wanted record of the message that begins at `start` of the arena, and
/// whose checksum is right, as far as there is `room`. Answers the offset where to go on: that of
/// the first record for which there was none, or the end of the message. On an error nothing was
/// pushed.
pub fn decode(
    header: &BatchHeader,
    buffer: &mut RecordBuffer,
    start: usize,
    wanted: Wanted,
    budget_bytes: usize,
    room: usize,
) -> Result<i64, String> {
    let spans = buffer.spans.len();
    let answer = decode_all(header, buffer, start, wanted, budget_bytes, room);
    if answer.is_err() {
        buffer.spans.truncate(spans);
    }
    answer
}

/// As [`decode`].
fn decode_all(
    header: &BatchHeader,
    buffer: &mut RecordBuffer,
    start: usize,
    wanted: Wanted,
    budget_bytes: usize,
    room: usize,
) -> Result<i64, String> {
    let pair = key_and_value(header, &buffer.arena, start);
    let (key, value) = pair.ok_or("key and value of a message do not fit into it")?;
    let span_of = |offset, (key, value), timestamp_ms| {
        let span = Span::new(key, value, timestamp_ms);
        let is_wanted = (wanted.from..wanted.to).contains(&offset);
        is_wanted.then_some(Span { offset, partition: wanted.partition, ..span })
    };
    let codec = match header.compression() {
        Some(Compression::None) => {
            buffer.spans.extend(span_of(header.base_offset, (key, value), header.max_timestamp));
            return Ok(header.next_offset());
        }
        Some(codec) if codec != Compression::Zstd => codec,
        _ => {
            let (codec, format) = (header.attributes & 7, header.format);
            return Err(format!("codec {codec} is not one of message format {format}"));
        }
    };
    let mut packed = value.of(&buffer.arena).ok_or("a set of messages is null")?.to_vec();
    if codec == Compression::Lz4 && header.format == 0 {
        mend_lz4(&mut packed);
    }
    let inner = buffer.arena.len();
    compression::decompress(codec, &packed, budget_bytes, &mut buffer.arena)
        .map_err(|e| format!("a set of messages does not decompress: {e}"))?;
    let RecordBuffer { arena, spans, .. } = buffer;
    // Twice: the last offset says what the first is, and a list of all could be very long.
    let mut last = None;
    inner_messages(header, arena, inner, |_, one| {
        last = Some(one.base_offset);
        true
    })?;
    let last = last.ok_or("a set of messages is empty")?;
    // Some versions of librdkafka wrote 0 as the offset of a set.
    let is_absolute = header.format == 0 || header.base_offset == 0;
    let first = if is_absolute { 0 } else { header.base_offset - last };
    if first < 0 || (header.format == 0 && last > header.base_offset) {
        return Err(format!("offset {last} is in a set that ends at {}", header.base_offset));
    }
    let full = spans.len().saturating_add(room);
    let mut next = header.next_offset();
    inner_messages(header, arena, inner, |pair, one| {
        let given = header.timestamp_kind() == crate::record::TimestampKind::LogAppend;
        let timestamp = if given { header.max_timestamp } else { one.max_timestamp };
        let Some(span) = span_of(first + one.base_offset, pair, timestamp) else { return true };
        if spans.len() >= full {
            next = span.offset;
            return false;
        }
        spans.push(span);
        true
    })?;
    Ok(next)
}

/// Shows the messages of a set, from `at` of the arena to its end, with key and value of each,
/// until `visit` says no. Each is checked; none may be a set again.
fn inner_messages(
    outer: &BatchHeader,
    arena: &[u8],
    mut at: usize,
    mut visit: impl FnMut((Slice, Slice), &BatchHeader) -> bool,
) -> Result<(), String> {
    let (mut n, mut due) = (0, 0);
    while at < arena.len() {
        let rest = arena.get(at..).unwrap_or_default();
        let wrong = |reason: String| format!("inner message {n}: {reason}");
        let format = format_of(rest).filter(|&format| format == outer.format);
        let format = format.ok_or_else(|| wrong("it is of another format".to_owned()))?;
        let header = parse(rest, format).map_err(|e| wrong(e.to_string()))?;
        let message = rest.get(..header.size_bytes);
        let message = message.ok_or_else(|| wrong("it is cut".to_owned()))?;
        if !check_crc(&header, message) {
            return Err(wrong("its checksum is wrong".to_owned()));
        }
        if header.compression() != Some(Compression::None) {
            return Err(wrong("it is a set of messages again".to_owned()));
        }
        if header.base_offset < due {
            return Err(wrong(format!("offset {} where {due} is due", header.base_offset)));
        }
        let pair = key_and_value(&header, arena, at);
        let pair = pair.ok_or_else(|| wrong("key and value do not fit into it".to_owned()))?;
        if !visit(pair, &header) {
            return Ok(());
        }
        due = header.base_offset + 1;
        at += message.len();
        n += 1;
    }
    Ok(())
}

/// Puts the checksum of an LZ4 frame's header right: with format 0 it was made of the wrong bytes
/// (KAFKA-3160).
fn mend_lz4(frame: &mut [u8]) {
    let Some(&flags) = frame.get(4) else { return };
    let mut end = 6;
    if flags & 0x08 != 0 {
        end += 8;
    }
    if flags & 0x01 != 0 {
        end += 4;
    }
    let Some(checked) = frame.get(4..end) else { return };
    let right = (xxh32_short(checked) >> 8) as u8;
    if let Some(stored) = frame.get_mut(end) {
        *stored = right;
    }
}

/// XXH32 with seed 0, of fewer than 16 bytes.
#[expect(clippy::little_endian_bytes, reason = "the one hash of Kafka's files that is")]
fn xxh32_short(bytes: &[u8]) -> u32 {
    const PRIMES: [u32; 5] =
        [2_654_435_761, 2_246_822_519, 3_266_489_917, 668_265_263, 374_761_393];
    let [p1, p2, p3, p4, p5] = PRIMES;
    let mut hash = p5.wrapping_add(bytes.len() as u32);
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        hash = hash.wrapping_add(u32::from_le_bytes(*word).wrapping_mul(p3));
        hash = hash.rotate_left(17).wrapping_mul(p4);
    }
    for &byte in rest {
        hash = hash.wrapping_add(u32::from(byte).wrapping_mul(p5));
        hash = hash.rotate_left(11).wrapping_mul(p1);
    }
    hash = (hash ^ hash >> 15).wrapping_mul(p2);
    hash = (hash ^ hash >> 13).wrapping_mul(p3);
    hash ^ hash >> 16
}

#[cfg(test)]
#[path = "legacy/tests.rs"]
mod tests;
