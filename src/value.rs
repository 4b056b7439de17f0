//! Owns the small values that are typed in arguments: counts, sizes, durations, rates, `key=value`,
//! headers, partition lists and delimiters. Leaves which option takes which to `cli`, and offsets
//! and times to `offset`.
//!
//! Each parser is a `fn(&str) -> Result<T, String>`, the shape that clap takes. The error is a
//! sentence part that names the text; nothing is guessed, so what does not fit is refused.

use std::time::Duration;

use crate::near::near_match;
use crate::record::bytes::unescape;

/// How many characters of a text are shown in a message about it.
const SHOWN_CHARS: usize = 100;

/// The most partitions one list may name; more is a typing mistake and would only cost memory.
pub const PARTITIONS_MAX: usize = 100_000;

/// A decimal number as typed: `digits` is `15`, `scale` 1 for `1.5`.
#[derive(Clone, Copy)]
struct Decimal {
    digits: u128,
    scale: u32,
}

impl Decimal {
    /// Returns this times `unit` when that is a whole number below 2^64.
    fn times(self, unit: u128) -> Option<u64> {
        let (divisor, product) = (10_u128.checked_pow(self.scale)?, self.digits.checked_mul(unit)?);
        if product % divisor != 0 {
            return None;
        }
        u64::try_from(product / divisor).ok()
    }
}

/// Splits `1.5k` into the number and what follows it. `None`: there is no number.
fn split_number(text: &str) -> Option<(Decimal, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    // Enough for every u64 and for nanoseconds; longer ones would only need longer arithmetic.
    if whole.is_empty() || fraction.is_empty() || whole.len() > 20 || fraction.len() > 9 {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some((Decimal { digits, scale: fraction.len() as u32 }, unit))
}

/// Parses a count: `250`, `10k`, `1.5M`, `2G`, `1T`; k is 1000. It must come to a whole number.
pub fn count(text: &str) -> Result<u64, String> {
    let refused = |why: &str| Err(format!("`{}` is not a count: {why}", text.escape_debug()));
    let Some((number, unit)) = split_number(text) else {
        return refused("write a number like `250`, `10k` or `1.5M`");
    };
    let Some(unit) = count_unit(unit) else {
        return refused("the units are `k`, `M`, `G` and `T`, of 1000 each");
    };
    number.times(unit).map_or_else(|| refused("it is not whole, or too large"), Ok)
}

/// Parses a share of a whole: `10%`, `0.5%`, `0.1`.
pub fn share(text: &str) -> Result<f64, String> {
    let (digits, whole) = text.strip_suffix('%').map_or((text, 1.0), |digits| (digits, 100.0));
    let plain = digits.starts_with(|c: char| c.is_ascii_digit());
    let number = digits.parse::<f64>().ok().filter(|_| plain).map(|number| number / whole);
    number.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| {
        format!("`{}` is no share such as 10% or 0.1, from 0% to 100%", text.escape_debug())
    })
}

/// Returns how many the letter behind a count stands for.
fn count_unit(unit: &str) -> Option<u128> {
    match unit {
        "" => Some(1),
        "k" | "K" => Some(1000),
        "M" => Some(1_000_000),
        "G" => Some(1_000_000_000),
        "T" => Some(1_000_000_000_000),
        _ => None,
    }
}

/// Parses a size in bytes: `512`, `64KiB`, `1MiB`, `1MB`, `64k`.
///
/// `KiB`, `MiB`, `GiB`, `TiB` are powers of 1024; `kB` (or `KB`), `MB`, `GB`, `TB` powers of 1000.
/// One letter alone (`64k`, `1M`, `1g`) is a power of 1024, as for `dd`, `head -c` and `java -Xmx`.
pub fn bytes(text: &str) -> Result<u64, String> {
    let refused = |why: &str| Err(format!("`{}` is not a size: {why}", text.escape_debug()));
    let Some((number, unit)) = split_number(text) else {
        return refused("write a number of bytes like `512`, `64KiB` or `1MB`");
    };
    let Some(unit) = bytes_unit(unit) else {
        return refused("the units are `B`, `KiB`, `MiB`, `GiB`, `TiB`, `kB`, `MB`, `GB`, `TB`");
    };
    number.times(unit).map_or_else(|| refused("it is not whole, or too large"), Ok)
}

/// Returns how many bytes a unit of size stands for.
fn bytes_unit(unit: &str) -> Option<u128> {
    let power = |of: &str| match of {
        "k" | "K" => Some(1),
        "m" | "M" => Some(2),
        "g" | "G" => Some(3),
        "t" | "T" => Some(4),
        _ => None,
    };
    if matches!(unit, "" | "B") {
        return Some(1);
    }
    if let Some(letter) = unit.strip_suffix("iB") {
        return Some(1024_u128.pow(power(letter)?));
    }
    if let Some(letter) = unit.strip_suffix('B') {
        return Some(1000_u128.pow(power(letter)?));
    }
    Some(1024_u128.pow(power(unit)?))
}

/// Parses a duration: `250ms`, `1m30s`, `1.5h`, `2d`; each unit once, the largest first.
pub fn duration(text: &str) -> Result<Duration, String> {
    let refused = |why: &str| Err(format!("`{}` is not a duration: {why}", text.escape_debug()));
    let (mut rest, mut sum, mut unit_before) = (text, 0_u64, u128::MAX);
    if text.is_empty() {
        return refused("it is empty");
    }
    while !rest.is_empty() {
        let Some((number, after)) = split_number(rest) else {
            return refused("write a number and a unit, like `250ms`, `1m30s` or `1.5h`");
        };
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end).unwrap_or((after, ""));
        if unit.is_empty() && after.is_empty() {
            return refused(&format!("it has no unit; write `{}s`", rest.escape_debug()));
        }
        let Some(unit) = duration_unit_ns(unit) else {
            return refused("the units are `us`, `ms`, `s`, `m`, `h` and `d`");
        };
        if unit >= unit_before {
            return refused("each unit comes once, the largest first");
        }
        let Some(longer) = number.times(unit).and_then(|ns| sum.checked_add(ns)) else {
            return refused("it is finer than a nanosecond, or longer than 500 years");
        };
        (rest, sum, unit_before) = (after, longer, unit);
    }
    Ok(Duration::from_nanos(sum))
}

/// Returns how many nanoseconds a unit of time stands for.
fn duration_unit_ns(unit: &str) -> Option<u128> {
    match unit {
        "us" => Some(1000),
        "ms" => Some(1_000_000),
        "s" => Some(1_000_000_000),
        "m" => Some(60_000_000_000),
        "h" => Some(3_600_000_000_000),
        "d" => Some(86_400_000_000_000),
        _ => None,
    }
}

/// A bound on speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// Records per second.
    Records(f64),
    /// Bytes per second.
    Bytes(f64),
}

/// Parses a rate: `1000`, `1000/s`, `10k/s`, `60/m`, `0.5/s`, or in bytes `1MiB/s`.
///
/// A unit that ends in `B` makes it bytes; `10k` is ten thousand records. Zero is refused: it would
/// never end.
pub fn rate(text: &str) -> Result<Rate, String> {
    let refused = |why: &str| Err(format!("`{}` is not a rate: {why}", text.escape_debug()));
    let (amount, per) = text.split_once('/').unwrap_or((text, "s"));
    let per_s = match per {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return refused("it is per `s`, `m` or `h`"),
    };
    let Some((number, unit)) = split_number(amount) else {
        return refused("write `1000/s`, `60/m` or `1MiB/s`");
    };
    let in_bytes = unit.ends_with('B');
    let Some(unit) = (if in_bytes { bytes_unit(unit) } else { count_unit(unit) }) else {
        return refused("write `1000/s`, `10k/s`, `60/m` or `1MiB/s`");
    };
    if number.digits == 0 {
        return refused("it is zero");
    }
    let rate = number.digits as f64 / 10_f64.powi(number.scale as i32) * unit as f64 / per_s;
    Ok(if in_bytes { Rate::Bytes(rate) } else { Rate::Records(rate) })
}

/// Parses `key=value`; the value may be empty and may hold further `=`.
pub fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{}` is not `key=value`", text.escape_debug())),
    }
}

/// Parses a header: `name=value`, `name=` for an empty value, `name` alone for a null value. The
/// name before a `=` may be empty, as Kafka has it.
pub fn header(text: &str) -> Result<(String, Option<Vec<u8>>), String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.as_bytes().to_vec())),
        None => (text, None),
    };
    if text.is_empty() {
        return Err("an empty text is not a header: it has no name".to_owned());
    }
    Ok((name.to_owned(), value))
}

/// Parses a partition number, from 0.
pub fn partition(text: &str) -> Result<i32, String> {
    let number = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    number.ok_or_else(|| format!("`{}` is not a partition number", text.escape_debug()))
}

/// Parses a list of partitions like `0,2-4` (both ends count); sorted, each once.
pub fn partitions(text: &str) -> Result<Vec<i32>, String> {
    let ranges = text.split(',').map(partition_range).collect::<Result<Vec<_>, _>>()?;
    // Counted before they are listed: `0-2147483647` must not take 8 GiB to be refused.
    let wanted: i64 =
        ranges.iter().map(|&(first, last)| i64::from(last) - i64::from(first) + 1).sum();
    if wanted > PARTITIONS_MAX as i64 {
        return Err(format!("{wanted} partitions are more than {PARTITIONS_MAX}"));
    }
    let mut list: Vec<i32> = ranges.into_iter().flat_map(|(first, last)| first..=last).collect();
    list.sort_unstable();
    list.dedup();
    Ok(list)
}

/// Parses `2` or `2-4` into its first and last partition.
fn partition_range(text: &str) -> Result<(i32, i32), String> {
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (partition(first)?, partition(last)?),
        None => (partition(text)?, partition(text)?),
    };
    if first > last {
        return Err(format!("`{text}` ends before it begins; write `{last}-{first}`"));
    }
    Ok((first, last))
}

/// Parses a delimiter: any text, with `\n \t \r \0 \xHH \\`; at least one byte.
pub fn delimiter(text: &str) -> Result<Vec<u8>, String> {
    let refused = |why: &str| format!("`{}` is not a delimiter: {why}", text.escape_debug());
    let (mut rest, mut delimiter) = (text, Vec::new());
    while let Some((plain, escape)) = rest.split_once('\\') {
        delimiter.extend_from_slice(plain.as_bytes());
        let (byte, after) = unescape(escape).map_err(|why| refused(&why))?;
        delimiter.push(byte);
        rest = after;
    }
    delimiter.extend_from_slice(rest.as_bytes());
    if delimiter.is_empty() {
        return Err(refused("it is empty"));
    }
    Ok(delimiter)
}

/// What is shown of a text that somebody gave: as much as tells it from others, and no control
/// characters.
pub fn shown(text: &str) -> String {
    let mut chars = text.chars();
    let cut: String = chars.by_ref().take(SHOWN_CHARS).flat_map(char::escape_debug).collect();
    if chars.next().is_none() { cut } else { format!("{cut}..") }
}

/// Returns the sentence part for a `word` that is none of `words`: with its near match, or with all
/// of them where none is near.
pub fn unknown(what: &str, word: &str, words: &[&str]) -> String {
    let shown = shown(word);
    match near_match(word, words.iter().copied()) {
        Some(near) => format!("`{shown}` is not {what}; did you mean `{near}`?"),
        None => format!("`{shown}` is not {what}: {}", words.join(", ")),
    }
}

/// Returns the reason in the message of a regular expression's parser, which draws on many lines.
pub fn regex_reason(message: &str) -> String {
    let last = message.lines().last().unwrap_or_default().trim();
    format!("not a regular expression: {}", last.trim_start_matches("error: "))
}

#[cfg(test)]
mod tests;
