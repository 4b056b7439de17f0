//! Owns turning bytes of input into records: cutting them at the delimiter, and giving each its
//! key, headers, partition and timestamp. Leaves reading to `source`, the envelope to `record`.

use memchr::memmem;

use super::limits;
use super::rejects::Rejects;
use super::source::{Got, Source};
use crate::cluster::types::TopicLimits;
use crate::commands::Failure;
use crate::record::envelope;
use crate::record::pointer::{Found, Pointer};
use crate::record::{HeaderSpan, RecordBuffer, Slice, Span};

/// Bytes of input taken at once: small enough to be still in the cache when they are encoded.
pub const CHUNK_BYTES: usize = 256 << 10;
/// When records go one at a time, what is behind them is moved each time, so take less.
const CHUNK_BYTES_SLOW: usize = 16 << 10;

/// What some programs put in front of a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How a record is made of a stretch of input.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[derive(Debug, Default)]
pub struct Shape {
    /// What ends a record; `None` makes each file one record.
    pub delimiter: Option<Vec<u8>>,
    /// What ends the key within a record.
    pub key_delimiter: Option<Vec<u8>>,
    /// The key of every record.
    pub key: Option<Vec<u8>>,
    /// Where the key stands in a JSON value.
    pub key_field: Option<Pointer>,
    /// Headers of every record.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Records come as JSON envelopes.
    pub json: bool,
    /// An envelope's partition counts.
    pub keep_partition: bool,
    /// The partition of every record.
    pub partition: Option<i32>,
    /// The timestamp of every record, in ms.
    pub timestamp_ms: Option<i64>,
    /// Where the timestamp stands in a JSON value.
    pub timestamp_field: Option<Pointer>,
    /// An empty value is a tombstone.
    pub null: bool,
    /// An empty record is dropped, and counted.
    pub skip_empty: bool,
    /// A carriage return before the delimiter belongs to it.
    pub crlf: bool,
}

impl Shape {
    /// Whether a record is its bytes and nothing else.
    const fn is_plain(&self) -> bool {
        self.key_delimiter.is_none()
            && self.key_field.is_none()
            && self.timestamp_field.is_none()
            && !self.json
            && !self.null
            && !self.skip_empty
            && !self.crlf
    }
}

/// What every record of one buffer shares.
#[derive(Clone, Copy)]
pub struct Common {
    /// Its key.
    pub key: Slice,
    /// How many headers it has.
    pub headers: u32,
    /// Its partition; -1 where it is to be chosen.
    pub partition: i32,
    /// Its time.
    pub timestamp_ms: i64,
}

/// A record that cannot be made.
#[derive(Debug, PartialEq, Eq)]
pub struct BadRecord {
    /// Which one, counted from 1.
    pub number: u64,
    /// Why, as a sentence part.
    pub reason: String,
    /// It is only too long for the topic: others are not.
    pub too_large: bool,
}

/// What was counted so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Records that were read, bad and too large ones included, skipped ones not.
    pub records: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Empty records that were dropped.
    pub skipped: u64,
}

/// How a turn of reading ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// There may be more.
    More,
    /// There is no more.
    End,
    /// A record is bad; those before it are in the buffer.
    Bad(BadRecord),
}

/// Records from files, by delimiter.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the bytes")]
#[derive(Debug)]
pub struct Input<'a> {
    source: Source<'a>,
    shape: Shape,
    /// Bytes that were read and not yet made into records.
    carry: Vec<u8>,
    /// Bytes of raw envelopes, kept for their memory.
    raw: Vec<u8>,
    chunk_bytes: usize,
    /// The longest record that can be sent.
    record_bytes_max: usize,
    /// Inside a record that is too long, whose rest is passed over.
    passing_over: bool,
    /// The bytes in `carry` may hold whole records.
    carry_is_unsplit: bool,
    /// A file ended behind the bytes in `carry`.
    file_ended: bool,
    ended: bool,
    /// JSON began with a byte order mark, which is none of it and was passed over.
    pub was_marked: bool,
    /// Takes the bytes that no record can be made of.
    pub rejects: Option<Rejects>,
    /// What the topic takes, where a record that it does not take is as one that cannot be made.
    pub limits: Option<TopicLimits>,
    /// What was counted so far.
    pub counted: Counted,
}

/// A stretch of bytes to be cut.
struct Stretch {
    len: usize,
    /// Whether what is left behind the last delimiter is a record: the file ends there.
    ends: bool,
}

impl<'a> Input<'a> {
    /// Input from `source`. `slow` means that records are sent one at a time, or nearly.
    pub fn new(source: Source<'a>, shape: Shape, record_bytes_max: usize, slow: bool) -> Self {
        Self {
            source,
            shape,
            carry: Vec::new(),
            raw: Vec::new(),
            chunk_bytes: if slow { CHUNK_BYTES_SLOW } else { CHUNK_BYTES },
            record_bytes_max,
            passing_over: false,
            carry_is_unsplit: false,
            file_ended: false,
            ended: false,
            was_marked: false,
            rejects: None,
            limits: None,
            counted: Counted::default(),
        }
    }

    /// Bytes that were made into records, or were none: what was only read is not among them.
    pub fn bytes_of_records(&self) -> u64 {
        self.counted.bytes - self.carry.len() as u64
    }

    /// Whether more input is there already, or comes within `timeout`.
    pub fn is_ready(&mut self, timeout: std::time::Duration) -> bool {
        self.carry_is_unsplit || self.ended || self.source.is_ready(timeout)
    }

    /// Reads up to `most` records into `buffer`. Returns as soon as there is one and no more input
    /// is there.
    pub fn read(
        &mut self,
        buffer: &mut RecordBuffer,
        most: u64,
        now_ms: i64,
    ) -> Result<Turn, Failure> {
        buffer.spans.clear();
        buffer.headers.clear();
        let mut arena = if self.shape.json {
            buffer.arena.clear();
            std::mem::take(&mut self.raw)
        } else {
            std::mem::take(&mut buffer.arena)
        };
        let filled = self.fill(&mut arena);
        if self.shape.json {
            let turn =
                filled.map(|stretch| self.take_envelopes(&arena, &stretch, buffer, (most, now_ms)));
            self.raw = arena;
            self.finish_envelopes(buffer);
            return turn;
        }
        buffer.arena = arena;
        let stretch = filled?;
        Ok(self.take_records(&stretch, buffer, most, now_ms))
    }

    /// Puts what is left and what is there into `arena`.
    fn fill(&mut self, arena: &mut Vec<u8>) -> Result<Stretch, Failure> {
        let wanted = (self.carry.len() * 2).max(self.chunk_bytes);
        // Not cleared first: bytes of the last turn are overwritten, and zeroing costs as reading.
        arena.resize(wanted, 0);
        let mut len = self.carry.len();
        if let Some(front) = arena.get_mut(..len) {
            front.copy_from_slice(&self.carry);
        }
        self.carry.clear();
        let mut ends = std::mem::take(&mut self.file_ended);
        while !self.carry_is_unsplit && !self.ended && len < wanted {
            match self.source.read(arena.get_mut(len..).unwrap_or_default())? {
                Got::Bytes(got) => {
                    len += got;
                    self.counted.bytes += got as u64;
                }
                Got::EndOfFile => ends = true,
                Got::End => (ends, self.ended) = (true, true),
                Got::Stopped => break,
            }
            if ends || !self.source.is_ready(std::time::Duration::ZERO) {
                break;
            }
        }
        Ok(Stretch { len, ends: ends || self.ended })
    }

    /// Writes bytes that make no record down, where that is asked for.
    fn reject(&mut self, bytes: &[u8], delimiter: &[u8]) {
        if let Some(rejects) = &mut self.rejects {
            rejects.put(bytes);
            rejects.put(delimiter);
        }
    }

    /// Keeps the bytes from `at` on for the next turn.
    fn keep(&mut self, arena: &[u8], at: usize, stretch: &Stretch, unsplit: bool) -> Option<Slice> {
        self.carry_is_unsplit = unsplit;
        let rest = arena.get(at..stretch.len).unwrap_or_default();
        if unsplit {
            self.carry.extend_from_slice(rest);
            self.file_ended = stretch.ends;
            return None;
        }
        if stretch.ends {
            let was_passing_over = std::mem::take(&mut self.passing_over);
            if was_passing_over {
                self.reject(rest, b"");
            }
            // The last record counts without a delimiter behind it.
            return (!rest.is_empty() && !was_passing_over).then(|| Slice::new(at, rest.len()));
        }
        if self.passing_over {
            // Enough that a delimiter of several bytes is still found.
            let tail = self.shape.delimiter.as_ref().map_or(0, |d| d.len() - 1).min(rest.len());
            let (over, tail) = rest.split_at(rest.len() - tail);
            self.reject(over, b"");
            self.carry.extend_from_slice(tail);
        } else if rest.len() > self.record_bytes_max {
            self.passing_over = true;
            return Some(Slice::new(at, rest.len()));
        } else {
            self.carry.extend_from_slice(rest);
        }
        None
    }

    /// Cuts the stretch into records, at most `most`, and gives each to `take`, which answers
    /// whether it was one; ends at the first that is bad.
    fn cut(
        &mut self,
        arena: &[u8],
        stretch: &Stretch,
        most: u64,
        mut take: impl FnMut(&Shape, Slice) -> Result<bool, String>,
    ) -> Turn {
        let data = arena.get(..stretch.len).unwrap_or_default();
        let delimiter = self.shape.delimiter.clone();
        let (mut at, mut taken) = (0, 0);
        let mut handle =
            |this: &mut Self, slice: Slice, taken: &mut u64| -> Result<(), BadRecord> {
                let too_large = slice.len() > this.record_bytes_max;
                let made = if too_large {
                    let (bytes, most) = (slice.len(), this.record_bytes_max);
                    Err(format!("its {bytes} bytes or more are more than the topic takes ({most})"))
                } else {
                    take(&this.shape, slice)
                };
                match made {
                    Ok(true) => this.counted.records += 1,
                    Ok(false) => {
                        this.counted.skipped += 1;
                        return Ok(());
                    }
                    Err(reason) => {
                        this.counted.records += 1;
                        let number = this.counted.records + this.counted.skipped;
                        return Err(BadRecord { number, reason, too_large });
                    }
                }
                *taken += 1;
                Ok(())
            };
        if let Some(delimiter) = delimiter {
            for (start, len) in Pieces::new(data, &delimiter) {
                if taken == most {
                    break;
                }
                at = start + len + delimiter.len();
                let piece = data.get(start..start + len).unwrap_or_default();
                if std::mem::take(&mut self.passing_over) {
                    self.reject(piece, &delimiter);
                    continue;
                }
                if let Err(bad) = handle(self, Slice::new(start, len), &mut taken) {
                    self.reject(piece, &delimiter);
                    self.keep(arena, at, stretch, true);
                    return Turn::Bad(bad);
                }
            }
        }
        let unsplit = taken == most && at < stretch.len;
        if let Some(last) = self.keep(arena, at, stretch, unsplit)
            && let Err(bad) = handle(self, last, &mut taken)
        {
            self.reject(last.of(data).unwrap_or_default(), b"");
            return Turn::Bad(bad);
        }
        if self.ended && !self.carry_is_unsplit { Turn::End } else { Turn::More }
    }

    fn take_records(
        &mut self,
        stretch: &Stretch,
        buffer: &mut RecordBuffer,
        most: u64,
        now_ms: i64,
    ) -> Turn {
        let common = self.common(buffer, now_ms);
        let arena = std::mem::take(&mut buffer.arena);
        // Keys that are not a stretch of the input go behind it, once it is no longer read.
        let mut keys: Vec<(usize, String)> = Vec::new();
        let plain = self.shape.is_plain();
        let (spans, headers) = (&mut buffer.spans, buffer.headers.as_slice());
        let limits = self.limits;
        let turn = self.cut(&arena, stretch, most, |shape, slice| {
            let mut span = Span::new(common.key, slice, common.timestamp_ms);
            span.headers_len = common.headers;
            span.partition = common.partition;
            let mut key = None;
            if !plain {
                match make(shape, slice, &arena, &mut span)? {
                    Made::Record => {}
                    Made::WithKey(made) => {
                        // As long as it will be, wherever it will lie.
                        span.key = Slice::new(0, made.len());
                        key = Some(made);
                    }
                    Made::Nothing => return Ok(false),
                }
            }
            if let Some(limits) = &limits {
                limits::check(limits, &span, headers)?;
            }
            keys.extend(key.map(|key| (spans.len(), key)));
            spans.push(span);
            Ok(true)
        });
        buffer.arena = arena;
        for (index, key) in keys {
            let key = buffer.store(key.as_bytes());
            if let Some(span) = buffer.spans.get_mut(index) {
                span.key = key;
            }
        }
        turn
    }

    fn take_envelopes(
        &mut self,
        arena: &[u8],
        stretch: &Stretch,
        buffer: &mut RecordBuffer,
        (most, now_ms): (u64, i64),
    ) -> Turn {
        let mut is_first = self.counted.records == 0 && self.counted.skipped == 0;
        let mut marked = false;
        let limits = self.limits;
        let turn = self.cut(arena, stretch, most, |shape, slice| {
            let mut line = slice.of(arena).unwrap_or_default();
            if std::mem::take(&mut is_first)
                && let Some(rest) = line.strip_prefix(BYTE_ORDER_MARK)
            {
                (line, marked) = (rest, true);
            }
            if shape.crlf {
                line = line.strip_suffix(b"\r").unwrap_or(line);
            }
            if line.is_empty() && shape.skip_empty {
                return Ok(false);
            }
            envelope::read(line, now_ms, buffer).map_err(|e| e.to_string())?;
            let Some((span, limits)) = buffer.spans.last_mut().zip(limits.as_ref()) else {
                return Ok(true);
            };
            if !shape.keep_partition {
                span.partition = -1;
            }
            let span = *span;
            let taken = limits::check(limits, &span, buffer.headers_of(&span));
            if taken.is_err() {
                buffer.spans.pop();
            }
            taken.map(|()| true)
        });
        self.was_marked |= marked;
        turn
    }

    /// Gives envelopes what the command line says of all records.
    fn finish_envelopes(&self, buffer: &mut RecordBuffer) {
        for span in &mut buffer.spans {
            if !self.shape.keep_partition {
                span.partition = -1;
            }
            if let Some(partition) = self.shape.partition {
                span.partition = partition;
            }
            if let Some(timestamp_ms) = self.shape.timestamp_ms {
                span.timestamp_ms = timestamp_ms;
            }
        }
    }

    /// Stores what all records share behind the input.
    fn common(&self, buffer: &mut RecordBuffer, now_ms: i64) -> Common {
        common(&self.shape, buffer, now_ms)
    }
}

/// Stores what all records of a buffer share in it.
pub fn common(shape: &Shape, buffer: &mut RecordBuffer, now_ms: i64) -> Common {
    let timed = shape.timestamp_ms.is_some() || shape.timestamp_field.is_some();
    buffer.stamped_ms = (!timed).then_some(now_ms);
    let key = buffer.store_nullable(shape.key.as_deref());
    for (name, value) in &shape.headers {
        let name = buffer.store(name.as_bytes());
        let value = buffer.store_nullable(value.as_deref());
        buffer.headers.push(HeaderSpan { name, value });
    }
    Common {
        key,
        headers: shape.headers.len() as u32,
        partition: shape.partition.unwrap_or(-1),
        timestamp_ms: shape.timestamp_ms.unwrap_or(now_ms),
    }
}

/// What became of a stretch of input.
pub enum Made {
    /// A record.
    Record,
    /// The key is not a stretch of the input.
    WithKey(String),
    /// Dropped.
    Nothing,
}

/// Makes a record of `slice` by all that the shape asks for.
pub fn make(shape: &Shape, slice: Slice, arena: &[u8], span: &mut Span) -> Result<Made, String> {
    let mut start = slice.start();
    let mut line = slice.of(arena).unwrap_or_default();
    if shape.crlf {
        line = line.strip_suffix(b"\r").unwrap_or(line);
    }
    if line.is_empty() && shape.skip_empty {
        return Ok(Made::Nothing);
    }
    if let Some(delimiter) = &shape.key_delimiter {
        let Some(at) = memmem::find(line, delimiter) else {
            let shown = delimiter.escape_ascii();
            return Err(format!("it has no key delimiter `{shown}`"));
        };
        span.key = Slice::new(start, at);
        let behind = at + delimiter.len();
        line = line.get(behind..).unwrap_or_default();
        start += behind;
    }
    span.value = Slice::new(start, line.len());
    let mut made = Made::Record;
    if let Some(pointer) = &shape.key_field {
        match pointer.find(line).map_err(|e| not_json(&e.to_string(), line))? {
            Found::Missing => return Err("its value has no such key field".to_owned()),
            Found::Null => span.key = Slice::NULL,
            Found::Text(std::borrow::Cow::Owned(key)) => made = Made::WithKey(key),
            Found::Text(std::borrow::Cow::Borrowed(key)) | Found::Raw(key) => {
                // Borrowed from the line, so it lies in the arena.
                let at = key.as_ptr() as usize - line.as_ptr() as usize;
                span.key = Slice::new(start + at, key.len());
            }
        }
    }
    if let Some(pointer) = &shape.timestamp_field {
        span.timestamp_ms = timestamp(pointer, line, span.timestamp_ms)?;
    }
    if shape.null && line.is_empty() {
        span.value = Slice::NULL;
    }
    Ok(made)
}

/// Why a value is not JSON, and the mark in front of it, which nobody sees.
fn not_json(why: &str, line: &[u8]) -> String {
    let mark =
        if line.starts_with(BYTE_ORDER_MARK) { "; it begins with a byte order mark" } else { "" };
    format!("{why}{mark}")
}

/// The time that a field of a value gives.
fn timestamp(pointer: &Pointer, line: &[u8], now_ms: i64) -> Result<i64, String> {
    let text = match pointer.find(line).map_err(|e| not_json(&e.to_string(), line))? {
        Found::Missing | Found::Null => {
            return Err("its value has no such timestamp field".to_owned());
        }
        Found::Text(text) => text.into_owned(),
        Found::Raw(text) => text.to_owned(),
    };
    crate::offset::parse_time(&text, now_ms).map_err(|e| e.to_string())
}

/// The stretches of `data` that a delimiter ends, as start and length.
struct Pieces<'d> {
    ends: Ends<'d>,
    start: usize,
    delimiter_len: usize,
}

enum Ends<'d> {
    Byte(memchr::Memchr<'d>),
    Bytes(Box<memmem::FindIter<'d, 'd>>),
}

impl<'d> Pieces<'d> {
    fn new(data: &'d [u8], delimiter: &'d [u8]) -> Self {
        let ends = match delimiter {
            [byte] => Ends::Byte(memchr::memchr_iter(*byte, data)),
            bytes => Ends::Bytes(Box::new(memmem::find_iter(data, bytes))),
        };
        Self { ends, start: 0, delimiter_len: delimiter.len() }
    }
}

impl Iterator for Pieces<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let end = match &mut self.ends {
            Ends::Byte(ends) => ends.next()?,
            Ends::Bytes(ends) => ends.next()?,
        };
        let start = self.start;
        self.start = end + self.delimiter_len;
        Some((start, end - start))
    }
}

#[cfg(test)]
#[path = "input/tests.rs"]
mod tests;
