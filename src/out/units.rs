//! Owns how numbers, times and foreign text look to people. Leaves the exact values to tables,
//! which print them raw.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

use crate::record::bytes::append_rfc3339_ms;

/// Groups the digits of a count in threes: `1,234,567`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 record`, `1,234 records`.
pub fn plural(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// Bytes in decimal units, as disks and networks are sold: `999 B`, `123.4 MB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if n < 1000 {
        return format!("{n} B");
    }
    let mut value = n as f64;
    let mut unit = "B";
    for next in UNITS {
        value /= 1000.0;
        unit = next;
        // 999.95 would be printed as `1000.0`.
        if value < 999.95 {
            break;
        }
    }
    format!("{value:.1} {unit}")
}

/// A duration with two or three digits that matter: `850 us`, `12.3 ms`, `1.2 s`, `2 m 05 s`.
pub fn duration(span: Duration) -> String {
    let seconds = span.as_secs_f64();
    if span < Duration::from_millis(1) {
        format!("{} us", span.as_micros())
    } else if span < Duration::from_secs(1) {
        format!("{:.1} ms", seconds * 1e3)
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else {
        let whole = seconds.round() as u64;
        match whole / 3600 {
            0 => format!("{} m {:02} s", whole / 60, whole % 60),
            hours => format!("{hours} h {:02} m", whole % 3600 / 60),
        }
    }
}

/// How many a second: `1,234/s`. A span of zero has no rate.
pub fn rate(n: u64, span: Duration) -> String {
    per_second(n, span).map_or_else(|| "-".to_owned(), |rate| format!("{}/s", count(rate)))
}

/// How many bytes a second: `123.4 MB/s`.
pub fn byte_rate(n: u64, span: Duration) -> String {
    per_second(n, span).map_or_else(|| "-".to_owned(), |rate| format!("{}/s", bytes(rate)))
}

/// The rate, or `None` where no time has passed.
fn per_second(n: u64, span: Duration) -> Option<u64> {
    let seconds = span.as_secs_f64();
    (seconds > 0.0).then(|| (n as f64 / seconds).round() as u64)
}

/// A time in ms since the epoch as RFC 3339, UTC, with milliseconds: as records are written, also
/// for years of more than four digits, which a record may carry.
pub fn time(ms: i64) -> String {
    let mut text = Vec::with_capacity(24);
    append_rfc3339_ms(ms, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// Whether a terminal may act on `c`, or show something else than what is there: C0, DEL, C1,
/// bidirectional controls, characters without width, and line separators.
pub const fn acts_on_terminal(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Text that is safe on one line of a terminal: what acts on it is escaped as Rust writes it.
pub fn safe_text(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts_on_terminal) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts_on_terminal(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// The same for JSON, where such characters stand only within strings: `\u` escapes keep its
/// meaning. Line ends between objects stay.
pub fn safe_json(json: &str) -> Cow<'_, str> {
    let acts = |c: char| acts_on_terminal(c) && c != '\n';
    if !json.chars().any(acts) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if acts(c) {
            write!(safe, "\\u{:04x}", u32::from(c)).unwrap_or_default();
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        let cases = [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")];
        for (n, text) in cases {
            assert_eq!(count(n), text);
        }
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(
            (plural(1, "record"), plural(0, "record")),
            ("1 record".into(), "0 records".into())
        );
    }

    #[test]
    fn bytes_carry_into_the_next_unit() {
        let cases = [(999, "999 B"), (1000, "1.0 kB"), (123_400_000, "123.4 MB")];
        for (n, text) in cases {
            assert_eq!(bytes(n), text);
        }
        assert_eq!(bytes(999_960), "1.0 MB");
        assert_eq!(bytes(u64::MAX), "18.4 EB");
    }

    #[test]
    fn durations_take_the_unit_that_fits() {
        let cases = [
            (850, "850 us"),
            (12_345, "12.3 ms"),
            (1_234_000, "1.2 s"),
            (125_000_000, "2 m 05 s"),
            (59_960_000, "1 m 00 s"),
            (3_720_000_000, "1 h 02 m"),
        ];
        for (us, text) in cases {
            assert_eq!(duration(Duration::from_micros(us)), text);
        }
    }

    #[test]
    fn rates_do_not_divide_by_zero() {
        assert_eq!(rate(10, Duration::ZERO), "-");
        assert_eq!(rate(3000, Duration::from_secs(2)), "1,500/s");
        assert_eq!(byte_rate(3000, Duration::from_secs(2)), "1.5 kB/s");
    }

    #[test]
    fn times_have_milliseconds_at_both_ends_of_the_range() {
        assert_eq!(time(1_768_471_200_000), "2026-01-15T10:00:00.000Z");
        assert_eq!(time(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(time(i64::MAX), "+292278994-08-17T07:12:55.807Z");
    }

    #[test]
    fn nothing_drives_the_terminal() {
        let wild = "a\u{1b}[2J\u{9b}b\u{202e}c\u{7f}\n\u{200b}";
        let safe = safe_text(wild);
        assert!(!safe.chars().any(acts_on_terminal), "{safe:?}");
        assert_eq!(safe_text("plain \u{e9}"), "plain \u{e9}");
        let json = serde_json::to_string(wild).unwrap();
        let back: String = serde_json::from_str(&safe_json(&json)).unwrap();
        assert_eq!(back, wild);
        assert!(!safe_json(&json).chars().any(acts_on_terminal));
    }
}
