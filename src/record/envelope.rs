//! Owns the JSON envelope of `--json`: one record as one line, and back. Leaves splitting the
//! lines, and which topic and partition a record that was read goes to, to the commands.
//!
//! ```text
//!   {"topic":"users","partition":0,"offset":42,"timestamp":"2026-01-15T10:00:00.000Z",
//!    "timestamp_type":"create","key":"7","value":"...","headers":[["trace","abc"],["none",null]]}
//! ```
//!
//! Bytes that are not UTF-8 stand in `key_base64` and `value_base64`, or as `{"base64":"..."}` for
//! the name or the value of a header. What is written reads back to the same bytes, with one
//! exception: under `--json=parsed` a JSON value loses the white space around it, and if it has
//! several lines also the white space between its tokens.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::bytes::{
    Sink, append_base64, append_rfc3339_ms, decode_base64, parse_rfc3339_ms, write_json_bytes,
    write_json_string,
};
use super::{ARENA_MAX_BYTES, HeaderSpan, NO_TIMESTAMP, RecordBuffer, RecordView, Slice, Span};
use crate::near::did_you_mean;
use crate::value;

/// Appends `record` as one line, without the line feed.
///
/// With `parsed`, a value that is JSON stands under `value_json` as it is.
pub fn write<S: Sink>(record: &RecordView<'_>, parsed: bool, sink: &mut S) {
    let out = sink.buffer();
    out.extend_from_slice(b"{\"topic\":");
    write_json_string(record.topic, out);
    let mut number = itoa::Buffer::new();
    out.extend_from_slice(b",\"partition\":");
    out.extend_from_slice(number.format(record.partition).as_bytes());
    out.extend_from_slice(b",\"offset\":");
    out.extend_from_slice(number.format(record.offset).as_bytes());
    if record.timestamp_ms == NO_TIMESTAMP {
        out.extend_from_slice(b",\"timestamp\":null,\"timestamp_type\":\"");
    } else {
        out.extend_from_slice(b",\"timestamp\":\"");
        append_rfc3339_ms(record.timestamp_ms, out);
        out.extend_from_slice(b"\",\"timestamp_type\":\"");
    }
    out.extend_from_slice(record.timestamp_kind.name().as_bytes());
    write_field("\",\"key", record.key, sink);
    match record.value.filter(|_| parsed).and_then(json_text) {
        Some(json) => {
            sink.buffer().extend_from_slice(b",\"value_json\":");
            append_on_one_line(json, sink.buffer());
        }
        None => write_field(",\"value", record.value, sink),
    }
    sink.buffer().extend_from_slice(b",\"headers\":[");
    for (index, (name, value)) in record.headers().enumerate() {
        sink.buffer().extend_from_slice(if index == 0 { b"[" } else { b",[" });
        write_json_bytes(name, sink);
        sink.buffer().push(b',');
        match value {
            Some(value) => write_json_bytes(value, sink),
            None => sink.buffer().extend_from_slice(b"null"),
        }
        sink.buffer().push(b']');
    }
    sink.buffer().extend_from_slice(b"]}");
}

/// Appends a key or a value; `name` is all that comes before `":` or `_base64":`.
fn write_field<S: Sink>(name: &str, bytes: Option<&[u8]>, sink: &mut S) {
    let out = sink.buffer();
    out.extend_from_slice(name.as_bytes());
    match bytes.map(|bytes| std::str::from_utf8(bytes).map_err(|_| bytes)) {
        None => out.extend_from_slice(b"\":null"),
        Some(Ok(text)) => {
            out.extend_from_slice(b"\":");
            write_json_string(text, sink);
        }
        Some(Err(bytes)) => {
            out.extend_from_slice(b"_base64\":\"");
            append_base64(bytes, out);
            out.push(b'"');
        }
    }
}

/// Returns `value` without the white space around it, if it is JSON.
fn json_text(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t', '\n', '\r']);
    serde_json::from_str::<IgnoredAny>(text).is_ok().then_some(text)
}

/// Appends JSON; if it has several lines, without the white space between its tokens.
fn append_on_one_line(json: &str, out: &mut Vec<u8>) {
    if memchr::memchr2(b'\n', b'\r', json.as_bytes()).is_none() {
        out.extend_from_slice(json.as_bytes());
        return;
    }
    let (mut in_string, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b' ' | b'\t' | b'\n' | b'\r' if !in_string => continue,
            _ => {}
        }
        out.push(byte);
    }
}

/// Why a line is not an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidEnvelope {
    /// What is wrong and at which column, as a sentence part.
    pub reason: String,
}

impl fmt::Display for InvalidEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a record envelope: {}", self.reason)
    }
}

impl std::error::Error for InvalidEnvelope {}

/// Reads one line and pushes its record to `into`; on an error `into` is as it was.
///
/// Any field may be absent, but not all. Without a value (`value`, `value_base64`, `value_json`)
/// the value is null, a tombstone; without a key it is null; without a partition or an offset these
/// are -1; without a timestamp it is `now_ms`. `timestamp` is RFC 3339, finer than ms cut off, or a
/// whole number of ms; null is that of a record that has none, which is -1.
/// `value_json` is taken by its text, so `null` there is four letters and not a null value.
/// `topic` and `timestamp_type` are checked and dropped: the command line names the topic, and who
/// gives the timestamp is a property of the topic.
pub fn read(line: &[u8], now_ms: i64, into: &mut RecordBuffer) -> Result<(), InvalidEnvelope> {
    // No part takes more bytes than its JSON.
    if into.arena.len() + line.len() > ARENA_MAX_BYTES {
        return Err(InvalidEnvelope { reason: "the record is too large".to_owned() });
    }
    let (arena, headers) = (into.arena.len(), into.headers.len());
    let mut json = serde_json::Deserializer::from_slice(line);
    let span = json.deserialize_map(EnvelopeVisitor { into, now_ms }).and_then(|span| {
        json.end()?;
        Ok(span)
    });
    match span {
        Ok(span) => {
            into.spans.push(span);
            Ok(())
        }
        Err(e) => {
            into.arena.truncate(arena);
            into.headers.truncate(headers);
            // Which line it is, the caller knows better.
            let mut reason = e.to_string().replace(" at line 1 column ", " at column ");
            if line.starts_with(b"\xef\xbb\xbf") {
                reason.push_str("; the line begins with a byte order mark");
            } else if line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff") {
                reason.push_str("; the line begins as UTF-16 does, and JSON is UTF-8");
            }
            Err(InvalidEnvelope { reason })
        }
    }
}

/// A field of the envelope.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Topic,
    Partition,
    Offset,
    Timestamp,
    TimestampType,
    Key,
    KeyBase64,
    Value,
    ValueBase64,
    ValueJson,
    Headers,
}

/// The fields and their names, in the order in which they are written.
const FIELDS: [(&str, Field); 11] = [
    ("topic", Field::Topic),
    ("partition", Field::Partition),
    ("offset", Field::Offset),
    ("timestamp", Field::Timestamp),
    ("timestamp_type", Field::TimestampType),
    ("key", Field::Key),
    ("key_base64", Field::KeyBase64),
    ("value", Field::Value),
    ("value_base64", Field::ValueBase64),
    ("value_json", Field::ValueJson),
    ("headers", Field::Headers),
];

impl Field {
    /// Returns a bit for the part of the record: `key` and `key_base64` are two forms of one.
    const fn part(self) -> u16 {
        let form_of = match self {
            Self::KeyBase64 => Self::Key,
            Self::ValueBase64 | Self::ValueJson => Self::Value,
            other => other,
        };
        1 << form_of as u16
    }
}

/// Reads the name of a field.
struct FieldName;

impl<'de> DeserializeSeed<'de> for FieldName {
    type Value = Field;
    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Field, D::Error> {
        json.deserialize_identifier(self)
    }
}

impl Visitor<'_> for FieldName {
    type Value = Field;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }
    fn visit_str<E: Error>(self, name: &str) -> Result<Field, E> {
        FIELDS.iter().find(|(known, _)| *known == name).map(|&(_, field)| field).ok_or_else(|| {
            let near = did_you_mean(name, FIELDS.iter().map(|&(known, _)| known));
            E::custom(format_args!("unknown field `{}`{near}", value::shown(name)))
        })
    }
}

/// Reads the whole envelope.
struct EnvelopeVisitor<'b> {
    into: &'b mut RecordBuffer,
    now_ms: i64,
}

impl<'de> Visitor<'de> for EnvelopeVisitor<'_> {
    type Value = Span;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Span, A::Error> {
        let into = self.into;
        let mut span = Span::new(Slice::NULL, Slice::NULL, self.now_ms);
        span.headers_start = into.headers.len() as u32;
        let mut seen = 0;
        while let Some(field) = map.next_key_seed(FieldName)? {
            if seen & field.part() != 0 {
                return Err(A::Error::custom("a part of the record is there twice"));
            }
            seen |= field.part();
            match field {
                Field::Topic => map.next_value_seed(Word { allowed: &[] })?,
                Field::TimestampType => {
                    map.next_value_seed(Word { allowed: &["create", "log-append"] })?;
                }
                Field::Partition => {
                    span.partition = at_least_none(map.next_value::<Option<i32>>()?)?;
                }
                Field::Offset => span.offset = at_least_none(map.next_value::<Option<i64>>()?)?,
                Field::Timestamp => span.timestamp_ms = map.next_value_seed(TimestampMs)?,
                Field::Key => span.key = map.next_value_seed(Bytes::text(into))?,
                Field::Value => span.value = map.next_value_seed(Bytes::text(into))?,
                Field::KeyBase64 => span.key = map.next_value_seed(Bytes::base64(into))?,
                Field::ValueBase64 => span.value = map.next_value_seed(Bytes::base64(into))?,
                Field::ValueJson => {
                    span.value = into.store(map.next_value::<&RawValue>()?.get().as_bytes());
                }
                Field::Headers => span.headers_len = map.next_value_seed(Headers { into })?,
            }
        }
        if seen == 0 {
            return Err(A::Error::custom("it has no field"));
        }
        Ok(span)
    }
}

/// Returns a partition or an offset: -1 for none, and no other negative number.
fn at_least_none<T: From<i8> + Ord + fmt::Display, E: Error>(number: Option<T>) -> Result<T, E> {
    let number = number.unwrap_or_else(|| T::from(-1));
    if number < T::from(-1) {
        return Err(E::custom(format_args!("{number} is negative")));
    }
    Ok(number)
}

/// Checks a string that is not kept; `allowed` lists what it may be, or nothing for anything.
struct Word {
    allowed: &'static [&'static str],
}

impl<'de> DeserializeSeed<'de> for Word {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl Visitor<'_> for Word {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or null")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if self.allowed.is_empty() || self.allowed.contains(&text) {
            return Ok(());
        }
        let near = did_you_mean(text, self.allowed.iter().copied());
        Err(E::custom(format_args!("unknown timestamp_type `{}`{near}", value::shown(text))))
    }
}

/// Reads a timestamp.
struct TimestampMs;

impl<'de> DeserializeSeed<'de> for TimestampMs {
    type Value = i64;
    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<i64, D::Error> {
        json.deserialize_any(self)
    }
}

impl Visitor<'_> for TimestampMs {
    type Value = i64;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 time, milliseconds, or null")
    }
    fn visit_unit<E>(self) -> Result<i64, E> {
        Ok(NO_TIMESTAMP)
    }
    fn visit_i64<E>(self, ms: i64) -> Result<i64, E> {
        Ok(ms)
    }
    fn visit_u64<E: Error>(self, ms: u64) -> Result<i64, E> {
        i64::try_from(ms).map_err(|_| E::custom("the timestamp is too large"))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        parse_rfc3339_ms(text).ok_or_else(|| {
            E::custom(format_args!("`{}` is not an RFC 3339 time", value::shown(text)))
        })
    }
}

/// Stores a string or null.
struct Bytes<'b> {
    into: &'b mut RecordBuffer,
    /// Whether the string is base64 of the bytes.
    base64: bool,
    /// Whether `{"base64":"..."}` may stand for it, as in a header.
    object: bool,
}

impl<'b> Bytes<'b> {
    /// A string that is the bytes.
    const fn text(into: &'b mut RecordBuffer) -> Self {
        Self { into, base64: false, object: false }
    }

    /// A string that is the base64 of the bytes.
    const fn base64(into: &'b mut RecordBuffer) -> Self {
        Self { into, base64: true, object: false }
    }
}

impl<'de> DeserializeSeed<'de> for Bytes<'_> {
    type Value = Slice;
    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Slice, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bytes<'_> {
    type Value = Slice;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or null")?;
        if self.object { f.write_str(" or {\"base64\":\"...\"}") } else { Ok(()) }
    }
    fn visit_unit<E>(self) -> Result<Slice, E> {
        Ok(Slice::NULL)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Slice, E> {
        if !self.base64 {
            return Ok(self.into.store(text.as_bytes()));
        }
        let start = self.into.arena.len();
        decode_base64(text.as_bytes(), &mut self.into.arena).map_err(E::custom)?;
        Ok(Slice::new(start, self.into.arena.len() - start))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Slice, A::Error> {
        let expected = || A::Error::custom("a header is text, null or {\"base64\":\"...\"}");
        if !self.object || map.next_key::<&str>()? != Some("base64") {
            return Err(expected());
        }
        let slice = map.next_value_seed(Self::base64(self.into))?;
        if slice.is_null() || map.next_key::<IgnoredAny>()?.is_some() {
            return Err(expected());
        }
        Ok(slice)
    }
}

/// Reads `[[name,value],...]` and returns how many there are.
struct Headers<'b> {
    into: &'b mut RecordBuffer,
}

impl<'de> DeserializeSeed<'de> for Headers<'_> {
    type Value = u32;
    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<u32, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Headers<'_> {
    type Value = u32;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of [name, value]")
    }
    fn visit_unit<E>(self) -> Result<u32, E> {
        Ok(0)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<u32, A::Error> {
        let mut count = 0;
        while let Some(header) = seq.next_element_seed(Header { into: &mut *self.into })? {
            self.into.headers.push(header);
            count += 1;
        }
        Ok(count)
    }
}

/// Reads `[name,value]`.
struct Header<'b> {
    into: &'b mut RecordBuffer,
}

impl<'de> DeserializeSeed<'de> for Header<'_> {
    type Value = HeaderSpan;
    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<HeaderSpan, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Header<'_> {
    type Value = HeaderSpan;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[name, value]")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<HeaderSpan, A::Error> {
        let wrong = |what| A::Error::custom(format_args!("a header is [name, value]: {what}"));
        let into = self.into;
        let seed = Bytes { into: &mut *into, base64: false, object: true };
        let name = seq.next_element_seed(seed)?.ok_or_else(|| wrong("there is no name"))?;
        if name.is_null() {
            return Err(wrong("the name is null"));
        }
        let seed = Bytes { into, base64: false, object: true };
        let value = seq.next_element_seed(seed)?.ok_or_else(|| wrong("there is no value"))?;
        if seq.next_element::<IgnoredAny>()?.is_some() {
            return Err(wrong("there are more than two"));
        }
        Ok(HeaderSpan { name, value })
    }
}

#[cfg(test)]
mod tests;
