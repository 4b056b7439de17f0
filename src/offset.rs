//! Owns the one grammar of offsets and times that every command takes (`-o`, `--to`, `trim --to`,
//! `groups reset --to`). Leaves asking the cluster for the offset of a time, and whether an offset
//! is in range, to the commands.
//!
//! ```text
//!   SPEC      POSITION | FROM:TO | FROM: | :TO | e@MS
//!   POSITION  start beginning earliest oldest | end latest newest | stored
//!             N | -N (before the end) | +N (after the start) | @TIME | s@MS
//!   TIME      2026-01-15T10:00:00Z  2026-01-15T10:00:00  2026-01-15  10:30  10:30:05
//!             -1h  -1d12h  1718000000 (up to 10 digits: s)  1718000000000 (13 digits: ms)
//! ```
//!
//! A date or a clock without a zone is UTC, since everything kaw prints is UTC; `10:30` is today.
//!
//! A colon also stands inside times. The text is first read as one position; else it is cut at the
//! first colon from the left where both sides can be read. So `@10:30:05` is a time and `5:10` a
//! range. A TO that is a time has its own `@`; where a bare TO of one or two digits follows a colon
//! in a time (`@9:30`, `@10:30:45:50`), it looks like a part of a clock and is refused.

use std::fmt;

use jiff::civil;

use crate::near::near_match;
use crate::record::bytes::{append_rfc3339_ms, parse_rfc3339_ms};
use crate::value;

/// Words for the log start offset; the first is ours, the others are those of other tools.
const START_WORDS: [&str; 4] = ["start", "beginning", "earliest", "oldest"];
/// Words for the log end offset, likewise.
const END_WORDS: [&str; 3] = ["end", "latest", "newest"];
/// The word for the committed offset.
const STORED_WORD: &str = "stored";
const MS_PER_DAY: i64 = 86_400_000;

/// A place in a partition, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Position {
    /// The log start offset.
    Start,
    /// The log end offset.
    End,
    /// This offset.
    At(i64),
    /// So many offsets before the end (`-N`).
    FromEnd(i64),
    /// So many offsets after the start (`+N`).
    FromStart(i64),
    /// The first record with at least this timestamp, in ms since the epoch.
    Time(i64),
    /// The committed offset of the group.
    Stored,
}

/// Where to begin and where to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OffsetSpec {
    /// The first position that is wanted.
    pub from: Position,
    /// The first position that is not wanted any more; `None` sets no bound.
    pub to: Option<Position>,
}

/// What to do about an offset outside a log (`--on-out-of-range`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutOfRange {
    /// Stop, and tell the numbers.
    #[default]
    Fail,
    /// Read on at the log's start, and say so.
    Start,
    /// Read on at the log's end, and say so.
    End,
}

impl std::str::FromStr for OutOfRange {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "fail" => Ok(Self::Fail),
            text if START_WORDS.contains(&text) => Ok(Self::Start),
            text if END_WORDS.contains(&text) => Ok(Self::End),
            other => Err(value::unknown("policy", other, &["fail", "start", "end"])),
        }
    }
}

impl OutOfRange {
    /// Where to read on in a log that holds `start` to `end`, if at all.
    pub const fn instead(self, start: i64, end: i64) -> Option<i64> {
        match self {
            Self::Fail => None,
            Self::Start => Some(start),
            Self::End => Some(end),
        }
    }
}

/// Why a text is not an offset or not a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidOffset {
    /// The text that was refused.
    pub text: String,
    /// What it is not: `an offset`, `a time`.
    pub what: &'static str,
    /// Why; empty where there is nothing to say but that.
    pub reason: String,
    /// What was meant, most likely.
    pub near: Option<String>,
}

impl fmt::Display for InvalidOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}", value::shown(&self.text), self.what)?;
        if !self.reason.is_empty() {
            write!(f, ": {}", self.reason)?;
        }
        match &self.near {
            Some(near) => write!(f, "; did you mean `{near}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for InvalidOffset {}

/// Returns the error for `text` as an offset.
fn not_offset(text: &str, reason: impl Into<String>) -> InvalidOffset {
    InvalidOffset { text: text.to_owned(), what: "an offset", reason: reason.into(), near: None }
}

/// Returns the error for `text` as a time.
fn not_time(text: &str, reason: impl Into<String>) -> InvalidOffset {
    InvalidOffset { text: text.to_owned(), what: "a time", reason: reason.into(), near: None }
}

impl Position {
    /// Parses one position; `now_ms` is what relative times and clocks count from.
    pub fn parse(text: &str, now_ms: i64) -> Result<Self, InvalidOffset> {
        if START_WORDS.contains(&text) {
            return Ok(Self::Start);
        }
        if END_WORDS.contains(&text) {
            return Ok(Self::End);
        }
        if text == STORED_WORD {
            return Ok(Self::Stored);
        }
        if let Some(time) = text.strip_prefix('@') {
            return parse_time(time, now_ms).map(Self::Time);
        }
        if let Some(ms) = text.strip_prefix("s@") {
            return parse_kcat_ms(text, ms).map(Self::Time);
        }
        let (sign, digits) = match text.split_at_checked(1) {
            Some(("-", digits)) => ('-', digits),
            Some(("+", digits)) => ('+', digits),
            _ => (' ', text),
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Self::unreadable(text, now_ms));
        }
        let Ok(number) = digits.parse() else {
            return Err(not_offset(text, format!("the largest is {}", i64::MAX)));
        };
        Ok(match sign {
            '-' => Self::FromEnd(number),
            '+' => Self::FromStart(number),
            _ => Self::At(number),
        })
    }

    /// Returns the error for a text that is no position, with what it may have been meant to be.
    fn unreadable(text: &str, now_ms: i64) -> InvalidOffset {
        if text.is_empty() {
            return not_offset(text, "it is empty");
        }
        if text.starts_with("e@") {
            return not_offset(text, "`e@MS` is where to stop, not where to begin");
        }
        if parse_time(text, now_ms).is_ok() {
            let near = Some(format!("@{}", text.escape_debug()));
            return InvalidOffset { near, ..not_offset(text, "a time begins with `@`") };
        }
        let words = START_WORDS.into_iter().chain(END_WORDS).chain([STORED_WORD]);
        match near_match(text, words) {
            Some(near) => InvalidOffset { near: Some(near.to_owned()), ..not_offset(text, "") },
            None => not_offset(
                text,
                "write `start`, `end`, `stored`, `N`, `-N`, `+N`, `@TIME` or `FROM:TO`",
            ),
        }
    }

    /// Returns the offset in a partition that holds `start` to `end`.
    ///
    /// `-N` and `+N` stay within; `N` is itself, and whether it is in range is for the caller to
    /// say. `None` for a time and for `stored`, which only the cluster knows.
    pub fn resolve(self, start: i64, end: i64) -> Option<i64> {
        match self {
            Self::Start => Some(start),
            Self::End => Some(end),
            Self::At(offset) => Some(offset),
            Self::FromEnd(count) => Some(end.saturating_sub(count).max(start)),
            Self::FromStart(count) => Some(start.saturating_add(count).min(end)),
            Self::Time(_) | Self::Stored => None,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::End => f.write_str("end"),
            Self::At(offset) => write!(f, "{offset}"),
            Self::FromEnd(count) => write!(f, "-{count}"),
            Self::FromStart(count) => write!(f, "+{count}"),
            Self::Time(ms) => {
                let mut text = Vec::with_capacity(24);
                append_rfc3339_ms(*ms, &mut text);
                write!(f, "@{}", String::from_utf8_lossy(&text))
            }
            Self::Stored => f.write_str(STORED_WORD),
        }
    }
}

impl OffsetSpec {
    /// Parses a position or a range; see the head of this file.
    pub fn parse(text: &str, now_ms: i64) -> Result<Self, InvalidOffset> {
        let whole = match Position::parse(text, now_ms) {
            Ok(from) => return Ok(Self { from, to: None }),
            Err(e) => e,
        };
        if text.starts_with("e@") && !text.contains(':') {
            let to = Some(Self::parse_to(text, now_ms)?);
            return Ok(Self { from: Position::Start, to });
        }
        if text == ":" {
            return Err(not_offset(text, "it names neither where to begin nor where to stop"));
        }
        let mut failure: Option<InvalidOffset> = None;
        for (at, colon) in text.match_indices(':') {
            let Some((from, to)) = text.split_at_checked(at) else { continue };
            match Self::parse_range(text, from, to.strip_prefix(colon).unwrap_or(to), now_ms) {
                Ok(spec) => return Ok(spec),
                // The cut that has a near match is the one that was meant.
                Err(e) if failure.as_ref().is_none_or(|f| f.near.is_none() && e.near.is_some()) => {
                    failure = Some(e);
                }
                Err(_) => {}
            }
        }
        // With one `@`, at the head, it is more likely a time that is wrong than a range.
        let timely = text.starts_with('@') && text.matches('@').count() == 1;
        Err(failure.filter(|e| !timely || e.near.is_some()).unwrap_or(whole))
    }

    /// Parses `from` and `to`, the two sides of a colon in `text`.
    fn parse_range(text: &str, from: &str, to: &str, now_ms: i64) -> Result<Self, InvalidOffset> {
        let short = |s: &str| s.len() <= 2 && s.bytes().all(|b| b.is_ascii_digit());
        let last = from.rsplit(['@', ':']).next().unwrap_or_default();
        if from.contains('@') && short(last) && short(to) && !to.is_empty() {
            return Err(not_offset(text, format!("`{to}` may be an offset or a part of a clock")));
        }
        let from = match from {
            "" => Position::Start,
            from => Position::parse(from, now_ms)?,
        };
        let to = match to {
            "" => None,
            to => Some(Self::parse_to(to, now_ms)?),
        };
        let backward = match (from, to) {
            (Position::At(from), Some(Position::At(to)))
            | (Position::Time(from), Some(Position::Time(to)))
            | (Position::FromStart(from), Some(Position::FromStart(to))) => from > to,
            (Position::FromEnd(from), Some(Position::FromEnd(to))) => from < to,
            _ => false,
        };
        if backward {
            return Err(not_offset(text, "it stops before it begins"));
        }
        Ok(Self { from, to })
    }

    /// Parses where to stop: a position, or kcat's `e@MS`.
    fn parse_to(text: &str, now_ms: i64) -> Result<Position, InvalidOffset> {
        if let Some(ms) = text.strip_prefix("e@") {
            return parse_kcat_ms(text, ms).map(Position::Time);
        }
        if text.starts_with("s@") {
            return Err(not_offset(text, "`s@MS` is where to begin, not where to stop"));
        }
        Position::parse(text, now_ms)
    }
}

impl fmt::Display for OffsetSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to {
            Some(to) => write!(f, "{}:{to}", self.from),
            None => write!(f, "{}", self.from),
        }
    }
}

/// Parses the number of kcat's `s@MS` and `e@MS`: ms, however many digits.
fn parse_kcat_ms(text: &str, ms: &str) -> Result<i64, InvalidOffset> {
    let number = ms.bytes().all(|b| b.is_ascii_digit()).then(|| ms.parse().ok()).flatten();
    number.ok_or_else(|| not_offset(text, "it takes ms since 1970; for other times write `@TIME`"))
}

/// Parses a time to ms since the epoch; see the head of this file. Finer than ms is cut off.
pub fn parse_time(text: &str, now_ms: i64) -> Result<i64, InvalidOffset> {
    if let Some(ms) = parse_rfc3339_ms(text) {
        return Ok(ms);
    }
    if let Some(back) = text.strip_prefix('-') {
        let back = value::duration(back).map_err(|e| {
            if !back.is_empty() && back.bytes().all(|b| b.is_ascii_digit()) {
                return InvalidOffset { near: Some(format!("{text}s")), ..not_time(text, "") };
            }
            not_time(text, e)
        })?;
        let ms = i64::try_from(back.as_millis()).ok().and_then(|ms| now_ms.checked_sub(ms));
        return ms.ok_or_else(|| not_time(text, "it is too long ago"));
    }
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        let number: Option<i64> = text.parse().ok();
        return match (number, text.len()) {
            (Some(seconds), ..=10) => Ok(seconds * 1000),
            (Some(ms), 13) => Ok(ms),
            _ => Err(not_time(text, "up to 10 digits are seconds, 13 are milliseconds")),
        };
    }
    if let Some(ms_of_day) = parse_clock(text) {
        let midnight = now_ms.div_euclid(MS_PER_DAY) * MS_PER_DAY;
        return Ok(midnight.saturating_add(ms_of_day));
    }
    let date_like = text.bytes().enumerate().all(|(at, b)| match at {
        4 | 7 => b == b'-',
        ..10 => b.is_ascii_digit(),
        10 => matches!(b, b'T' | b't' | b' '),
        // No zone: jiff would take an offset that it cannot apply, and drop it.
        _ => matches!(b, b'0'..=b'9' | b':' | b'.'),
    });
    if date_like && let Ok(time) = text.parse::<civil::DateTime>() {
        let zoned = time.to_zoned(jiff::tz::TimeZone::UTC).ok();
        let ms = zoned.map(|z| z.timestamp().as_nanosecond().div_euclid(1_000_000) as i64);
        return ms.ok_or_else(|| not_time(text, "it is out of range"));
    }
    if value::duration(text).is_ok() {
        return Err(InvalidOffset { near: Some(format!("-{text}")), ..not_time(text, "") });
    }
    if date_like && text.len() >= 10 {
        return Err(not_time(text, "there is no such date or hour"));
    }
    Err(not_time(
        text,
        "write `2026-01-15T10:00:00Z`, `2026-01-15`, `10:30`, `-1h`, or s or ms since 1970",
    ))
}

/// Parses `10:30`, `10:30:05` or `10:30:05.250` to ms since midnight.
fn parse_clock(text: &str) -> Option<i64> {
    let well_formed = matches!(text.len(), 5 | 8 | 10..=12)
        && text.bytes().enumerate().all(|(at, b)| match at {
            2 | 5 => b == b':',
            8 => b == b'.',
            _ => b.is_ascii_digit(),
        });
    if !well_formed {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (hour, minute) = (number(0..2)?, number(3..5)?);
    let second = if text.len() > 5 { number(6..8)? } else { 0 };
    let ms = match text.get(9..) {
        Some(fraction) => format!("{fraction:0<3}").parse().ok()?,
        None => 0,
    };
    (hour < 24 && minute < 60 && second < 60)
        .then_some(((hour * 60 + minute) * 60 + second) * 1000 + ms)
}

#[cfg(test)]
mod tests;
