//! Owns the text forms of bytes: hex, base64, JSON strings, terminal-safe text, RFC 3339 times and
//! the backslash escapes of arguments. Leaves which part of a record takes which form to `template`
//! and `envelope`. Everything appends to a buffer, because it runs once or more per record.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Appends two lower-case hexadecimal digits per byte.
pub fn append_hex(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + 2 * bytes.len(), 0);
    let (pairs, _) = out.split_at_mut(start).1.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(bytes) {
        *pair = [hex_digit(byte >> 4), hex_digit(byte & 15)];
    }
}

/// Returns the lower-case digit of `nibble`, by arithmetic: a loop over it becomes vector code.
const fn hex_digit(nibble: u8) -> u8 {
    nibble + if nibble < 10 { b'0' } else { b'a' - 10 }
}

/// Appends base64 in the standard alphabet, with padding.
pub fn append_base64(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written = STANDARD.encode_slice(bytes, out.split_at_mut(start).1).unwrap_or(0);
    out.truncate(start + written);
}

/// Appends the bytes that `text` is the base64 of; on an error `out` is as it was.
pub fn decode_base64(text: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let start = out.len();
    STANDARD.decode_vec(text, out).map_err(|e| {
        out.truncate(start);
        format!("not base64: {e}")
    })
}

/// Whether line feeds are part of the layout or of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newlines {
    /// They stay: the text may have several lines.
    Keep,
    /// They become `\x0a`: the text must stay on one line.
    Escape,
}

/// Appends `bytes` in a form that cannot steer a terminal nor disguise its text.
///
/// Controls but TAB, and bytes that are not UTF-8, become `\x1b`; C1 and the invisible and bidi
/// controls become `\u{202e}`. A backslash stays single: this is for eyes, not for reading back.
pub fn escape_terminal(bytes: &[u8], newlines: Newlines, out: &mut Vec<u8>) {
    let keep = newlines == Newlines::Keep;
    let plain = |b: u8| matches!(b, b' '..=b'~' | b'\t') || (b == b'\n' && keep);
    if bytes.iter().all(|&b| plain(b)) {
        out.extend_from_slice(bytes);
        return;
    }
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some((at, c)) = rest.char_indices().find(|&(_, c)| is_unsafe(c, keep)) {
            let (before, after) = rest.split_at(at);
            out.extend_from_slice(before.as_bytes());
            if c.is_ascii() {
                escape_byte(c as u8, out);
            } else {
                out.extend(c.escape_unicode().map(|digit| digit as u8));
            }
            rest = after.split_at(c.len_utf8()).1;
        }
        out.extend_from_slice(rest.as_bytes());
        for &byte in chunk.invalid() {
            escape_byte(byte, out);
        }
    }
}

/// Appends `\xHH`.
fn escape_byte(byte: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'\\', b'x', hex_digit(byte >> 4), hex_digit(byte & 15)]);
}

/// Whether a terminal would act on `c`, or show nothing where there is something.
const fn is_unsafe(c: char, keep_newlines: bool) -> bool {
    match c {
        '\t' => false,
        '\n' => !keep_newlines,
        '\0'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => true,
        _ => false,
    }
}

/// The bytes that the JSON writer looks at in one step: two vector registers' worth at most.
const BLOCK_BYTES: usize = 16;

/// Where text goes: a buffer, or one that is emptied on the way, so that what becomes six times as
/// long is never in memory as a whole.
pub trait Sink {
    /// The buffer to append to.
    fn buffer(&mut self) -> &mut Vec<u8>;
    /// Called between the pieces of a long text, when the buffer may be emptied.
    fn relieve(&mut self) {}
}

impl Sink for Vec<u8> {
    fn buffer(&mut self) -> &mut Vec<u8> {
        self
    }
}

/// The bytes of a text that become JSON at once.
const PIECE_BYTES: usize = 1 << 20;

/// Appends `text` as a JSON string with its quotes; only `"`, `\` and controls are escaped.
pub fn write_json_string<S: Sink>(text: &str, out: &mut S) {
    out.buffer().push(b'"');
    for piece in text.as_bytes().chunks(PIECE_BYTES) {
        push_json_piece(piece, out.buffer());
        out.relieve();
    }
    out.buffer().push(b'"');
}

/// Appends the bytes of a text, or of a part of it, as they stand in a JSON string.
fn push_json_piece(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + text.len() / 8 + 1);
    let (blocks, tail) = text.as_chunks::<BLOCK_BYTES>();
    for block in blocks {
        let (mut quotes, mut controls) = (false, false);
        for &byte in block {
            quotes |= matches!(byte, b'"' | b'\\');
            controls |= byte < b' ';
        }
        if controls {
            push_json_bytes(block, out);
        } else if quotes {
            push_json_block(block, out);
        } else {
            out.extend_from_slice(block);
        }
    }
    push_json_bytes(tail, out);
}

/// Appends bytes as a JSON string, or as `{"base64":"..."}` when they are not UTF-8.
pub fn write_json_bytes<S: Sink>(bytes: &[u8], out: &mut S) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        write_json_string(text, out);
    } else {
        let out = out.buffer();
        out.extend_from_slice(b"{\"base64\":\"");
        append_base64(bytes, out);
        out.extend_from_slice(b"\"}");
    }
}

/// Appends a block without controls, each quote and backslash behind a backslash.
///
/// JSON inside JSON has a quote every few bytes, so a branch per byte would be mispredicted all the
/// time; this has none: the backslash is always written and stays only where it is wanted.
#[expect(clippy::indexing_slicing, reason = "the mask keeps every index below the length")]
fn push_json_block(block: &[u8; BLOCK_BYTES], out: &mut Vec<u8>) {
    const MASK: usize = 2 * BLOCK_BYTES - 1;
    let mut window = [0; 2 * BLOCK_BYTES];
    let mut len = 0;
    for &byte in block {
        window[len & MASK] = b'\\';
        len += usize::from(matches!(byte, b'"' | b'\\'));
        window[len & MASK] = byte;
        len += 1;
    }
    // The whole window, then cut: a copy of constant size is two moves and no call.
    out.extend_from_slice(&window);
    out.truncate(out.len() - window.len() + len);
}

/// Appends bytes of a JSON string, one by one.
fn push_json_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..b' ' => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
}

/// Reads what follows a backslash in an argument: the byte that it stands for, and what is left.
///
/// `\n \t \r \0 \\ \xHH`; all else is an error, so that a typing mistake is not taken for text.
pub fn unescape(after_backslash: &str) -> Result<(u8, &str), String> {
    let mut chars = after_backslash.chars();
    let byte = match chars.next() {
        Some('n') => b'\n',
        Some('t') => b'\t',
        Some('r') => b'\r',
        Some('\\') => b'\\',
        // kcat reads `\033` as octal, others as NUL and "33": neither is guessed.
        Some('0') if chars.as_str().starts_with(|c: char| c.is_ascii_digit()) => {
            return Err("`\\0` is followed by a digit; write `\\x00` for NUL, `\\x1b` for \
                        escape"
                .to_owned());
        }
        Some('0') => 0,
        Some('x') => {
            let digits = chars.as_str().get(..2).unwrap_or_default();
            if digits.len() != 2 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err("`\\x` needs two hexadecimal digits".to_owned());
            }
            let _ = (chars.next(), chars.next());
            u8::from_str_radix(digits, 16).unwrap_or(0)
        }
        Some(c) => {
            return Err(format!(
                "`\\{}` is not one of `\\n` `\\t` `\\r` `\\0` `\\xHH` `\\\\`",
                c.escape_debug()
            ));
        }
        None => return Err("a backslash at the end; write `\\\\` for one".to_owned()),
    };
    Ok((byte, chars.as_str()))
}

const MS_PER_DAY: i64 = 86_400_000;
/// The year of the last ms of all; the first ms of all is in the year before its negative twin.
const YEAR_MAX: i64 = 292_278_994;
/// Days in 400 years, after which the calendar repeats.
const DAYS_PER_ERA: i64 = 146_097;
/// Days from 1 March of year 0 to the epoch; years that begin in March have their leap day last.
const EPOCH_DAYS: i64 = 719_468;

/// Returns the year, month and day that lie `days` after the epoch (Hinnant's `civil_from_days`).
const fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let shifted = days + EPOCH_DAYS;
    let era = shifted.div_euclid(DAYS_PER_ERA);
    let day_of_era = shifted.rem_euclid(DAYS_PER_ERA) as u32;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era as i64 + era * 400 + (month <= 2) as i64, month, day)
}

/// Returns the days from the epoch to a date (Hinnant's `days_from_civil`).
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    year.div_euclid(400) * DAYS_PER_ERA + day_of_era - EPOCH_DAYS
}

/// Returns the two digits of a number below 100.
const fn two_digits(number: u32) -> [u8; 2] {
    [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]
}

/// Appends `2026-01-15T10:00:00.000Z`.
///
/// Every `i64` has a form: years outside 0 to 9999 have a sign and at least six digits
/// (`-000044-03-15T...`, `+292278994-08-17T...`), as in ISO 8601 and in JavaScript.
pub fn append_rfc3339_ms(ms: i64, out: &mut Vec<u8>) {
    let (year, month, day) = civil_from_days(ms.div_euclid(MS_PER_DAY));
    let ms_of_day = ms.rem_euclid(MS_PER_DAY) as u32;
    if let Ok(year @ 0..=9999) = u32::try_from(year) {
        let ([y1, y2], [y3, y4]) = (two_digits(year / 100), two_digits(year % 100));
        out.extend_from_slice(&[y1, y2, y3, y4]);
    } else {
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(year.unsigned_abs()).as_bytes();
        out.push(if year < 0 { b'-' } else { b'+' });
        out.extend(std::iter::repeat_n(b'0', 6_usize.saturating_sub(digits.len())));
        out.extend_from_slice(digits);
    }
    let [m1, m2] = two_digits(month);
    let [d1, d2] = two_digits(day);
    let [h1, h2] = two_digits(ms_of_day / 3_600_000);
    let [n1, n2] = two_digits(ms_of_day / 60_000 % 60);
    let [s1, s2] = two_digits(ms_of_day / 1000 % 60);
    let [f1, f2] = two_digits(ms_of_day / 10 % 100);
    let f3 = b'0' + (ms_of_day % 10) as u8;
    out.extend_from_slice(&[
        b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'.', f1, f2, f3,
        b'Z',
    ]);
}

/// Reads a time that [`append_rfc3339_ms`] wrote, or any RFC 3339 time; finer than ms is cut off.
pub fn parse_rfc3339_ms(text: &str) -> Option<i64> {
    parse_own_rfc3339(text).or_else(|| {
        // jiff knows more than RFC 3339: `[Europe/Berlin]` behind an offset is not for us.
        if text.contains('[') {
            return None;
        }
        let time: jiff::Timestamp = text.parse().ok()?;
        i64::try_from(time.as_nanosecond().div_euclid(1_000_000)).ok()
    })
}

/// Reads exactly the form that [`append_rfc3339_ms`] writes.
fn parse_own_rfc3339(text: &str) -> Option<i64> {
    let (year, rest) = text.split_at_checked(text.len().checked_sub(20)?)?;
    let year = match (year.as_bytes().first()?, year.len()) {
        (b'0'..=b'9', 4) => digits(year.as_bytes())?,
        (b'+', 7..) if digits(year.as_bytes().get(1..)?)? > 9999 => year.parse().ok()?,
        (b'-', 7..) if digits(year.as_bytes().get(1..)?)? > 0 => year.parse().ok()?,
        _ => return None,
    };
    let &[
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        n1,
        n2,
        b':',
        s1,
        s2,
        b'.',
        f1,
        f2,
        f3,
        b'Z',
    ] = rest.as_bytes().first_chunk::<20>()?
    else {
        return None;
    };
    let (month, day) = (digits(&[m1, m2])?, digits(&[d1, d2])?);
    let (hour, minute) = (digits(&[h1, h2])?, digits(&[n1, n2])?);
    let (second, ms) = (digits(&[s1, s2])?, digits(&[f1, f2, f3])?);
    let in_range = (1..=12).contains(&month) && hour < 24 && minute < 60 && second < 60;
    if !in_range || year.abs() > YEAR_MAX {
        return None;
    }
    let days = days_from_civil(year, month, day);
    // A day that its month does not have comes back as another date.
    if civil_from_days(days) != (year, month as u32, day as u32) {
        return None;
    }
    let ms_of_day = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
    // In 128 bits, since the first day of all starts before the first ms of all.
    i64::try_from(i128::from(days) * i128::from(MS_PER_DAY) + i128::from(ms_of_day)).ok()
}

/// Reads ASCII digits; at most 18, so that they fit.
fn digits(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter().try_fold(0, |sum: i64, byte| {
        byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0'))
    })
}

#[cfg(test)]
mod tests;
