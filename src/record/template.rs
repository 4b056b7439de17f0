//! Owns the template of `-f`: kcat's tokens, compiled once to pieces and rendered for each record.
//! Leaves the text forms themselves to `bytes`, and where the output goes to `out`.
//!
//! Null is as in kcat: `%k` and `%s` print nothing, `%K`, `%S` and `%R` give -1, and a header with
//! a null value is `name=NULL`. `{json}` tells them apart: null is `null`, empty is `""`, and bytes
//! that are not UTF-8 are `{"base64":"..."}`, as in a header of the envelope.

use std::fmt;

use jiff::fmt::strtime::BrokenDownTime;

use super::bytes::{
    Sink, append_base64, append_hex, append_rfc3339_ms, unescape, write_json_bytes,
};
use super::{NO_TIMESTAMP, RecordView};
use crate::near::near_match;

/// The tokens, as the usage error lists them.
const TOKENS: &str = "%s %v %k %S %K %t %p %o %T %d %h %e %R %%";
/// What may stand in braces behind a key or a value.
const MODIFIERS: [&str; 3] = ["hex", "base64", "json"];

/// A compiled template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

/// One step of rendering.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Bytes as they are.
    Literal(Vec<u8>),
    /// `%s`, `%v`.
    Value(Form),
    /// `%k`.
    Key(Form),
    /// `%S`.
    ValueLength,
    /// `%K`.
    KeyLength,
    /// `%R`.
    ValueLengthBinary,
    /// `%t`.
    Topic,
    /// `%p`.
    Partition,
    /// `%o`.
    Offset,
    /// `%T`.
    TimestampMs,
    /// `%d`.
    Time,
    /// `%d{...}`.
    TimeAs(String),
    /// `%h`.
    Headers,
    /// `%e`.
    LeaderEpoch,
}

/// How bytes are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As they are.
    Raw,
    /// As hexadecimal digits.
    Hex,
    /// As base64.
    Base64,
    /// As a JSON string.
    Json,
}

/// Why a text is not a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidTemplate {
    /// What is wrong, as a sentence part.
    pub reason: String,
}

impl fmt::Display for InvalidTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a template: {}", self.reason)
    }
}

impl std::error::Error for InvalidTemplate {}

impl Template {
    /// Compiles `text`; what is not a token, an escape or a modifier is an error.
    pub fn parse(text: &str) -> Result<Self, InvalidTemplate> {
        let (mut pieces, mut literal, mut rest) = (Vec::new(), Vec::new(), text);
        while let Some(at) = rest.find(['%', '\\']) {
            let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
            literal.extend_from_slice(plain.as_bytes());
            if let Some(escape) = special.strip_prefix('\\') {
                let (byte, after) =
                    unescape(escape).map_err(|reason| InvalidTemplate { reason })?;
                literal.push(byte);
                rest = after;
                continue;
            }
            let mut chars = special.chars();
            let (_, token) = (chars.next(), chars.next());
            if token == Some('%') {
                literal.push(b'%');
                rest = chars.as_str();
                continue;
            }
            let (modifier, after) = split_modifier(chars.as_str())?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(compile(token, modifier)?);
            rest = after;
        }
        literal.extend_from_slice(rest.as_bytes());
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self { pieces })
    }

    /// The same, with keys and values in this form where they name none.
    #[must_use]
    pub fn by_default(mut self, by_default: Form) -> Self {
        for piece in &mut self.pieces {
            if let Piece::Value(form @ Form::Raw) | Piece::Key(form @ Form::Raw) = piece {
                *form = by_default;
            }
        }
        self
    }

    /// Whether what it renders ends with a newline of its own.
    pub fn ends_line(&self) -> bool {
        matches!(self.pieces.last(), Some(Piece::Literal(bytes)) if bytes.ends_with(b"\n"))
    }

    /// Appends `record` in this form.
    pub fn render<S: Sink>(&self, record: &RecordView<'_>, sink: &mut S) {
        for piece in &self.pieces {
            sink.relieve();
            let out = sink.buffer();
            match piece {
                Piece::Literal(bytes) => out.extend_from_slice(bytes),
                Piece::Value(form) => form.append(record.value, sink),
                Piece::Key(form) => form.append(record.key, sink),
                Piece::ValueLength => append_length(record.value, out),
                Piece::KeyLength => append_length(record.key, out),
                Piece::ValueLengthBinary => {
                    let length = record.value.map_or(-1, |value| value.len() as i32);
                    out.extend_from_slice(&length.to_be_bytes());
                }
                Piece::Topic => out.extend_from_slice(record.topic.as_bytes()),
                Piece::Partition => append_number(record.partition, out),
                Piece::Offset => append_number(record.offset, out),
                Piece::TimestampMs => append_number(record.timestamp_ms, out),
                Piece::Time if record.timestamp_ms == NO_TIMESTAMP => {}
                Piece::Time => append_rfc3339_ms(record.timestamp_ms, out),
                Piece::TimeAs(format) => append_time_as(format, record.timestamp_ms, out),
                Piece::Headers => append_headers(record, out),
                Piece::LeaderEpoch => append_number(record.leader_epoch, out),
            }
        }
    }
}

/// Splits `{hex}` off the head of what follows a token.
fn split_modifier(after: &str) -> Result<(Option<&str>, &str), InvalidTemplate> {
    let Some(braced) = after.strip_prefix('{') else {
        return Ok((None, after));
    };
    braced.split_once('}').map(|(modifier, rest)| (Some(modifier), rest)).ok_or_else(|| {
        let reason = "a `{` behind a token has no `}`; write `\\x7b` for a brace".to_owned();
        InvalidTemplate { reason }
    })
}

/// Returns the piece of one token.
fn compile(token: Option<char>, modifier: Option<&str>) -> Result<Piece, InvalidTemplate> {
    let refused = |reason: String| Err(InvalidTemplate { reason });
    let piece = match token {
        Some('s' | 'v') => return Ok(Piece::Value(form(modifier)?)),
        Some('k') => return Ok(Piece::Key(form(modifier)?)),
        Some('d') => return modifier.map_or(Ok(Piece::Time), time_as),
        Some('S') => Piece::ValueLength,
        Some('K') => Piece::KeyLength,
        Some('R') => Piece::ValueLengthBinary,
        Some('t') => Piece::Topic,
        Some('p') => Piece::Partition,
        Some('o') => Piece::Offset,
        Some('T') => Piece::TimestampMs,
        Some('h') => Piece::Headers,
        Some('e') => Piece::LeaderEpoch,
        Some(other) => {
            let letter = other.to_string();
            let near = near_match(&letter, TOKENS.split(['%', ' ']).filter(|t| !t.is_empty()));
            let near = near.map_or(String::new(), |near| format!("; did you mean `%{near}`?"));
            let letter = letter.escape_debug();
            return refused(format!("`%{letter}` is not one of {TOKENS}{near}"));
        }
        None => return refused("a `%` at the end; write `%%` for one".to_owned()),
    };
    match (modifier, token) {
        (Some(modifier), Some(token)) => refused(format!(
            "`%{token}` takes no `{{{}}}`; write `\\x7b` for a brace",
            modifier.escape_debug()
        )),
        _ => Ok(piece),
    }
}

/// Returns the form that a modifier names.
fn form(modifier: Option<&str>) -> Result<Form, InvalidTemplate> {
    Ok(match modifier {
        None => Form::Raw,
        Some("hex") => Form::Hex,
        Some("base64") => Form::Base64,
        Some("json") => Form::Json,
        Some(other) => {
            let near = near_match(other, MODIFIERS)
                .map_or(String::new(), |near| format!("; did you mean `{{{near}}}`?"));
            let other = other.escape_debug();
            let reason = format!("`{{{other}}}` is not one of {{hex}} {{base64}} {{json}}{near}");
            return Err(InvalidTemplate { reason });
        }
    })
}

/// Returns the piece of `%d{FORMAT}`, after a trial of the format.
fn time_as(format: &str) -> Result<Piece, InvalidTemplate> {
    let reason = if format.is_empty() {
        "it is empty".to_owned()
    } else {
        match utc(0).map(|time| time.format(format, &mut Vec::new())) {
            Some(Err(e)) => e.to_string(),
            _ => return Ok(Piece::TimeAs(format.to_owned())),
        }
    };
    let reason = format!("`%d{{{}}}` is not a time format: {reason}", format.escape_debug());
    Err(InvalidTemplate { reason })
}

/// Returns the parts of a time in UTC; `None` outside the years -9999 to 9999.
fn utc(ms: i64) -> Option<BrokenDownTime> {
    let time = jiff::Timestamp::from_millisecond(ms).ok()?;
    Some(BrokenDownTime::from(&time.to_zoned(jiff::tz::TimeZone::UTC)))
}

/// Appends a time by a strftime format; nothing for no timestamp, RFC 3339 where jiff has no date.
fn append_time_as(format: &str, ms: i64, out: &mut Vec<u8>) {
    if ms == NO_TIMESTAMP {
        return;
    }
    let start = out.len();
    let written = utc(ms).and_then(|time| time.format(format, &mut *out).ok());
    if written.is_none() {
        out.truncate(start);
        append_rfc3339_ms(ms, out);
    }
}

/// Appends a number in decimal.
fn append_number(number: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a length in bytes, -1 for null.
fn append_length(bytes: Option<&[u8]>, out: &mut Vec<u8>) {
    match bytes {
        Some(bytes) => append_number(bytes.len(), out),
        None => out.extend_from_slice(b"-1"),
    }
}

impl Form {
    /// Appends a key or a value.
    pub fn append<S: Sink>(self, bytes: Option<&[u8]>, sink: &mut S) {
        let out = sink.buffer();
        match (self, bytes) {
            (Self::Json, None) => out.extend_from_slice(b"null"),
            (_, None) => {}
            (Self::Raw, Some(bytes)) => out.extend_from_slice(bytes),
            (Self::Hex, Some(bytes)) => append_hex(bytes, out),
            (Self::Base64, Some(bytes)) => append_base64(bytes, out),
            (Self::Json, Some(bytes)) => write_json_bytes(bytes, sink),
        }
    }
}

/// Appends `name=value,name=value`.
fn append_headers(record: &RecordView<'_>, out: &mut Vec<u8>) {
    for (index, (name, value)) in record.headers().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value.unwrap_or(b"NULL"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{HeaderSpan, RecordBuffer, Span};
    use proptest::prelude::*;

    /// Renders one record with these parts; offset 42 of partition 3, epoch 7.
    fn render(template: &str, key: Option<&[u8]>, value: Option<&[u8]>, ms: i64) -> Vec<u8> {
        let mut buffer = RecordBuffer::default();
        let (key, value) = (buffer.store_nullable(key), buffer.store_nullable(value));
        for (name, header) in [("a", Some(&b"1"[..])), ("a", Some(b"")), ("n", None)] {
            let (name, value) = (buffer.store(name.as_bytes()), buffer.store_nullable(header));
            buffer.headers.push(HeaderSpan { name, value });
        }
        let span = Span { offset: 42, partition: 3, leader_epoch: 7, ..Span::new(key, value, ms) };
        let span = Span { headers_len: 3, ..span };
        let mut out = b"keep".to_vec();
        Template::parse(template).unwrap().render(&buffer.view("users", &span), &mut out);
        assert!(out.starts_with(b"keep"));
        out.split_off(4)
    }

    const TEN: i64 = 1_768_471_200_000;

    #[test]
    fn every_token_renders() {
        for (template, text) in [
            ("", &b""[..]),
            ("plain", b"plain"),
            ("%k %s\\n", b"key v\"\xc3\xa9\n"),
            ("%v|%S|%K", b"v\"\xc3\xa9|4|3"),
            ("%t-%p@%o", b"users-3@42"),
            ("%T", b"1768471200000"),
            ("%d", b"2026-01-15T10:00:00.000Z"),
            ("%d{%H:%M:%S %Y-%m-%d %Z}", b"10:00:00 2026-01-15 UTC"),
            ("%h", b"a=1,a=,n=NULL"),
            ("%e", b"7"),
            ("%R", b"\0\0\0\x04"),
            ("100%%\\t\\r\\0\\\\\\x1b{}", b"100%\t\r\0\\\x1b{}"),
            ("%k{hex} %s{base64} %v{json}", b"6b6579 diLDqQ== \"v\\\"\xc3\xa9\""),
            ("{\"k\":%k{json}}", b"{\"k\":\"key\"}"),
            ("\u{e9}%p\u{e9}", b"\xc3\xa93\xc3\xa9"),
        ] {
            let rendered = render(template, Some(b"key"), Some("v\"\u{e9}".as_bytes()), TEN);
            assert_eq!(rendered, text, "{template}");
        }
    }

    #[test]
    fn null_is_as_in_kcat_and_json_tells_it_from_empty() {
        let all = "%k|%s|%K|%S|%R|%k{hex}|%s{base64}|%k{json}|%s{json}|%T|%d|%d{%Y}";
        assert_eq!(
            render(all, None, None, NO_TIMESTAMP),
            b"||-1|-1|\xff\xff\xff\xff|||null|null|-1||"
        );
        assert_eq!(
            render(all, Some(b""), Some(b""), 0),
            b"||0|0|\0\0\0\0|||\"\"|\"\"|0|1970-01-01T00:00:00.000Z|1970"
        );
    }

    #[test]
    fn odd_bytes_and_far_times_have_a_form() {
        assert_eq!(render("%s{json}", None, Some(b"\xff"), 0), b"{\"base64\":\"/w==\"}");
        assert_eq!(render("%d{%Y}", None, None, i64::MAX), b"+292278994-08-17T07:12:55.807Z");
    }

    #[test]
    fn what_is_no_template_is_refused() {
        let list = "is not one of %s %v %k %S %K %t %p %o %T %d %h %e %R %%";
        for (template, reason) in [
            ("%z", format!("`%z` {list}")),
            ("a%V", format!("`%V` {list}; did you mean `%v`?")),
            ("50% off", format!("`% ` {list}")),
            ("%\u{1b}", format!("`%\\u{{1b}}` {list}")),
            ("%", "a `%` at the end; write `%%` for one".to_owned()),
            (
                "%k{hexx}",
                "`{hexx}` is not one of {hex} {base64} {json}; did you mean `{hex}`?".to_owned(),
            ),
            ("%o{hex}", "`%o` takes no `{hex}`; write `\\x7b` for a brace".to_owned()),
            ("%k{hex", "a `{` behind a token has no `}`; write `\\x7b` for a brace".to_owned()),
        ] {
            assert_eq!(Template::parse(template), Err(InvalidTemplate { reason }), "{template}");
        }
        for bad in ["\\", "\\q", "\\x1", "\\033", "%d{}", "%d{%}", "%d{%!}", "%k{}"] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_a_template(text in "[%\\\\{}skvdTRhxnjo0:a-f ]{0,24}|(?s:.{0,24})") {
            match Template::parse(&text) {
                Ok(_) => drop(render(&text, Some(b"k"), None, TEN)),
                Err(e) => prop_assert!(!e.reason.is_empty()),
            }
        }

        #[test]
        fn text_without_tokens_is_itself(text in "[^%\\\\]{0,40}") {
            prop_assert_eq!(render(&text, None, None, 0), text.into_bytes());
        }

        #[test]
        fn lengths_and_bytes_agree(value in proptest::option::of(any::<Vec<u8>>())) {
            let rendered = render("%R%s", None, value.as_deref(), 0);
            let (length, bytes) = rendered.split_first_chunk::<4>().unwrap();
            let length = i32::from_be_bytes(*length);
            prop_assert_eq!(usize::try_from(length).ok(), value.as_ref().map(Vec::len));
            prop_assert_eq!(bytes, value.unwrap_or_default());
        }
    }
}
