//! Owns the records inside a batch: encoding one, and decoding all of them into spans.
//! Leaves the header of the batch, its checksum and its codec to `batch` and `compression`.

use super::batch::{BatchHeader, HEADER_BYTES};
use super::varint::{put_zigzag, short_zigzag, take_zigzag, zigzag_len};
use crate::record::{HeaderSpan, RecordBuffer, Slice, Span, TimestampKind};

const NULL_LENGTH: i64 = -1;

#[inline]
fn field_len(slice: Slice) -> usize {
    if slice.is_null() { 1 } else { zigzag_len(slice.len() as i64) + slice.len() }
}

#[inline]
fn put_field(out: &mut Vec<u8>, slice: Slice, arena: &[u8]) {
    match slice.of(arena) {
        None => put_zigzag(out, NULL_LENGTH),
        Some(bytes) => {
            put_zigzag(out, bytes.len() as i64);
            out.extend_from_slice(bytes);
        }
    }
}

/// The bytes of a record behind its length.
#[inline]
fn body_bytes(
    timestamp_delta: i64,
    offset_delta: i32,
    span: &Span,
    headers: &[HeaderSpan],
) -> usize {
    let headers_bytes = if headers.is_empty() {
        1
    } else {
        headers.iter().map(|h| field_len(h.name) + field_len(h.value)).sum::<usize>()
            + zigzag_len(headers.len() as i64)
    };
    1 + zigzag_len(timestamp_delta)
        + zigzag_len(i64::from(offset_delta))
        + field_len(span.key)
        + field_len(span.value)
        + headers_bytes
}

/// The bytes of a batch that has only this record, before compression.
pub fn bytes_alone(span: &Span, headers: &[HeaderSpan]) -> usize {
    let length = body_bytes(0, 0, span, headers);
    HEADER_BYTES + zigzag_len(length as i64) + length
}

/// Appends `span` in the form of format v2.
#[inline]
pub fn encode(
    out: &mut Vec<u8>,
    timestamp_delta: i64,
    offset_delta: i32,
    span: &Span,
    buffer: &RecordBuffer,
) {
    let headers = buffer.headers_of(span);
    let length = body_bytes(timestamp_delta, offset_delta, span, headers);
    out.reserve(length + 5);
    put_zigzag(out, length as i64);
    out.push(0);
    put_zigzag(out, timestamp_delta);
    put_zigzag(out, i64::from(offset_delta));
    put_field(out, span.key, &buffer.arena);
    put_field(out, span.value, &buffer.arena);
    put_zigzag(out, headers.len() as i64);
    for header in headers {
        put_field(out, header.name, &buffer.arena);
        put_field(out, header.value, &buffer.arena);
    }
}

/// Which records of a batch are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The partition, noted in every span.
    pub partition: i32,
    /// The first offset.
    pub from: i64,
    /// The offset to stop before.
    pub to: i64,
}

/// The records of one batch, and their headers, that are taken at once. A batch that was made to do
/// harm decompresses to millions, and each takes several times its bytes in memory.
pub const ROOM: usize = 1 << 18;
/// The most headers that one record may have.
const RECORD_HEADERS_MAX: usize = 1 << 20;

/// Walks the records that begin at `start` in `buffer.arena` (behind the header, decompressed, up
/// to `end`) and pushes a span for each one wanted. On an error nothing was pushed, and the text
/// says what is wrong.
pub fn decode(
    header: &BatchHeader,
    buffer: &mut RecordBuffer,
    start: usize,
    end: usize,
    wanted: Wanted,
) -> Result<(), String> {
    decode_some(header, buffer, start, end, wanted, usize::MAX).map(drop)
}

/// The same, for no more records, and no more headers but for those of one record, than there is
/// `room` for. Answers the offset where to go on: that of the first record for which there was no
/// room, or the end of the batch.
pub fn decode_some(
    header: &BatchHeader,
    buffer: &mut RecordBuffer,
    start: usize,
    end: usize,
    wanted: Wanted,
    room: usize,
) -> Result<i64, String> {
    let RecordBuffer { arena, spans, headers, .. } = buffer;
    let records = arena.get(..end).ok_or("its records are cut")?;
    decode_from(records, start, header, (spans, headers), wanted, room)
}

/// The same of records that lie elsewhere: from `start` to the end of `arena`.
pub fn decode_from(
    arena: &[u8],
    start: usize,
    header: &BatchHeader,
    (spans, headers): (&mut Vec<Span>, &mut Vec<HeaderSpan>),
    wanted: Wanted,
    room: usize,
) -> Result<i64, String> {
    let before = (spans.len(), headers.len());
    let answer = decode_all(arena, start, header, (spans, headers), wanted, room);
    if answer.is_err() {
        spans.truncate(before.0);
        headers.truncate(before.1);
    }
    answer
}

/// As [`decode_from`].
fn decode_all(
    arena: &[u8],
    start: usize,
    header: &BatchHeader,
    (spans, headers): (&mut Vec<Span>, &mut Vec<HeaderSpan>),
    wanted: Wanted,
    room: usize,
) -> Result<i64, String> {
    let end = arena.len();
    let mut rest = arena.get(start..).ok_or("its records are cut")?;
    // A record takes at least 7 bytes, so a count from outside sizes nothing that is not there.
    let count = header.record_count as usize;
    if count > rest.len() / 7 {
        return Err(format!("{count} records do not fit into {} bytes", rest.len()));
    }
    let most = usize::try_from(wanted.to.saturating_sub(wanted.from)).unwrap_or(0);
    spans.reserve(count.min(room).min(most));
    let spans_full = spans.len().saturating_add(room);
    let headers_full = headers.len().saturating_add(room);
    let log_append = header.timestamp_kind() == TimestampKind::LogAppend;
    let dense = header.record_count == header.last_offset_delta + 1;
    let mut last_delta = -1i64;
    for index in 0..count {
        let headers_before = headers.len();
        let (mut span, delta) = match plain_record(rest, end, last_delta + 1, header) {
            Some((span, behind)) => {
                rest = behind;
                (span, last_delta + 1)
            }
            None => careful_record(&mut rest, end, index, header, headers)?,
        };
        if delta <= last_delta
            || delta > i64::from(header.last_offset_delta)
            || (dense && delta != last_delta + 1)
        {
            return Err(format!("record {index} has an offset delta of {delta}"));
        }
        last_delta = delta;
        let offset = header.base_offset + delta;
        let is_wanted = offset >= wanted.from && offset < wanted.to;
        let is_full = spans.len() >= spans_full || headers_before >= headers_full;
        if !is_wanted || is_full {
            headers.truncate(headers_before);
            if is_wanted {
                return Ok(offset);
            }
            continue;
        }
        if log_append {
            span.timestamp_ms = header.max_timestamp;
        }
        span.offset = offset;
        span.partition = wanted.partition;
        span.leader_epoch = header.leader_epoch;
        spans.push(span);
    }
    if rest.is_empty() {
        Ok(header.next_offset())
    } else {
        Err(format!("{} bytes follow its records", rest.len()))
    }
}

/// Decodes the record at the front of `rest` if it is of the usual kind: no headers, the next
/// offset, and short fields in front of the key. Anything else is left to the careful way, which
/// also says what is wrong. Returns what is behind it.
#[inline]
fn plain_record<'a>(
    rest: &'a [u8],
    end: usize,
    delta: i64,
    batch: &BatchHeader,
) -> Option<(Span, &'a [u8])> {
    let block = rest.first_chunk::<16>()?;
    let mut at = 0;
    let length = usize::try_from(short_zigzag(block, &mut at)?).ok()?;
    let record_end = at + length;
    at += 1;
    let timestamp_delta = short_zigzag(block, &mut at)?;
    let offset_delta = short_zigzag(block, &mut at)?;
    let key_len = short_zigzag(block, &mut at)?;
    if offset_delta != delta || delta > i64::from(batch.last_offset_delta) {
        return None;
    }
    let (body, behind) = rest.split_at_checked(record_end)?;
    let start = end - rest.len();
    let mut key = Slice::NULL;
    if key_len != NULL_LENGTH {
        let key_len = usize::try_from(key_len).ok()?;
        key = Slice::new(start + at, key_len);
        at += key_len;
    }
    let mut tail = body.get(at..)?;
    let value_len = usize::try_from(take_zigzag(&mut tail)?).ok()?;
    // Behind the value stands the number of headers, zero, and nothing else.
    if *tail.get(value_len)? != 0 || tail.len() != value_len + 1 {
        return None;
    }
    let value = Slice::new(start + record_end - tail.len(), value_len);
    Some((Span::new(key, value, batch.base_timestamp.wrapping_add(timestamp_delta)), behind))
}

/// Decodes the record at the front of `rest`, whatever it is like, and says what is wrong with it.
/// Answers its offset delta too.
fn careful_record(
    rest: &mut &[u8],
    end: usize,
    index: usize,
    batch: &BatchHeader,
    headers: &mut Vec<HeaderSpan>,
) -> Result<(Span, i64), String> {
    let length = take_zigzag(rest).ok_or("a record's length is cut")?;
    let (body, behind) = usize::try_from(length)
        .ok()
        .and_then(|length| rest.split_at_checked(length))
        .ok_or_else(|| format!("record {index} has a length of {length}"))?;
    *rest = behind;
    let mut cursor = Cursor { body, end: end - behind.len() };
    cursor.record(batch, headers).ok_or_else(|| format!("record {index} is malformed"))
}

/// What is left of one record, and where in the arena it ends.
struct Cursor<'a> {
    body: &'a [u8],
    end: usize,
}

impl Cursor<'_> {
    /// A length and that many bytes; only -1 means null.
    #[inline]
    fn field(&mut self) -> Option<Slice> {
        let length = take_zigzag(&mut self.body)?;
        if length == NULL_LENGTH {
            return Some(Slice::NULL);
        }
        let length = usize::try_from(length).ok()?;
        let start = self.end - self.body.len();
        self.body = self.body.get(length..)?;
        Some(Slice::new(start, length))
    }

    #[inline]
    fn record(
        &mut self,
        batch: &BatchHeader,
        headers: &mut Vec<HeaderSpan>,
    ) -> Option<(Span, i64)> {
        let (_attributes, rest) = self.body.split_first()?;
        self.body = rest;
        let timestamp_delta = take_zigzag(&mut self.body)?;
        let offset_delta = take_zigzag(&mut self.body)?;
        let key = self.field()?;
        let value = self.field()?;
        let timestamp = batch.base_timestamp.wrapping_add(timestamp_delta);
        let mut span = Span::new(key, value, timestamp);
        span.headers_start = headers.len() as u32;
        let count = take_zigzag(&mut self.body)?;
        if count != 0 {
            // A header takes at least two bytes.
            let most = (self.body.len() / 2).min(RECORD_HEADERS_MAX) as i64;
            if !(0..=most).contains(&count) {
                return None;
            }
            for _ in 0..count {
                let name = self.field().filter(|name| !name.is_null())?;
                headers.push(HeaderSpan { name, value: self.field()? });
            }
            span.headers_len = count as u32;
        }
        self.body.is_empty().then_some((span, offset_delta))
    }
}

/// Where the records of an uncompressed batch lie that begins at `start` of an arena.
pub const fn plain_range(header: &BatchHeader, start: usize) -> (usize, usize) {
    (start + HEADER_BYTES, start + header.size_bytes)
}
