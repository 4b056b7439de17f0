//! Owns making a value of the filter's language from JSON. Leaves walking over that to `json`.

use jaq_json::{Map, Num, Val, read};
use jaq_std::ValT as _;

use super::DEPTH_MAX;
use crate::record::json::{Json, Name};

/// The members for which the outermost object has room from the start.
const MEMBERS: usize = 14;

/// The value of `json`, which may be nested so deep; `None` where it is deeper, or no JSON.
pub(super) fn read(json: &[u8], depth: usize) -> Option<Val> {
    // Its strings are parts of this one, so that none takes memory of its own.
    let source = Val::utf8_str(json.to_vec());
    let mut json = Json::new(source.as_bytes()?);
    let start = json.start();
    let (value, end) = Strings(&source).value(&mut json, start, depth)?;
    json.is_end(end).then_some(value)
}

/// What stands between quotes, without escapes; halves of surrogate pairs are U+FFFD, as in jq.
pub(super) fn unescaped(raw: &[u8]) -> Option<Vec<u8>> {
    let parse = |raw: &[u8]| match read::parse_single(&[b"\"", raw, b"\""].concat()) {
        Ok(Val::TStr(text)) => Some(text.to_vec()),
        _ => None,
    };
    parse(raw).or_else(|| parse(&without_halves(raw)))
}

/// The same text with U+FFFD for each half of a surrogate pair.
fn without_halves(mut raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    while let Some((plain, escaped)) =
        memchr::memchr(b'\\', raw).and_then(|at| raw.split_at_checked(at))
    {
        let len = match (unit(escaped), escaped.get(6..).and_then(unit)) {
            (None, _) => 2,
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            _ => 6,
        };
        let (escape, rest) = escaped.split_at_checked(len).unwrap_or((escaped, b""));
        let is_half = len == 6 && matches!(unit(escape), Some(0xd800..0xe000));
        text.extend_from_slice(plain);
        text.extend_from_slice(if is_half { b"\\ufffd" } else { escape });
        raw = rest;
    }
    text.extend_from_slice(raw);
    text
}

/// The number of the `\uXXXX` in front.
fn unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.first_chunk::<4>()?;
    digits.iter().try_fold(0, |unit, byte| Some(unit * 16 + char::from(*byte).to_digit(16)?))
}

/// The text that strings are parts of.
struct Strings<'s>(&'s Val);

impl Strings<'_> {
    /// The value at `start`, and where it ends.
    #[inline]
    fn value(&self, json: &mut Json<'_>, start: usize, depth: usize) -> Option<(Val, usize)> {
        match json.at(start) {
            b'"' => {
                let end = json.string(start + 1)?;
                let raw = json.between(start + 1, end)?;
                let is_escaped = memchr::memchr(b'\\', raw).is_some();
                Some((self.text(Name { raw, is_escaped })?, end + 1))
            }
            b'-' | b'0'..=b'9' => {
                let end = json.number(start)?;
                Some((number(json.between(start, end)?)?, end))
            }
            _ => self.other(json, start, depth),
        }
    }

    /// The same of what is neither string nor number.
    #[inline(never)]
    fn other(&self, json: &mut Json<'_>, start: usize, depth: usize) -> Option<(Val, usize)> {
        match json.at(start) {
            b'{' => {
                let mut members = Map::default();
                if depth == DEPTH_MAX {
                    members.reserve(MEMBERS);
                }
                let depth = depth.checked_sub(1)?;
                let end = json.members(start, |json, name, at| {
                    let (value, end) = self.value(json, at, depth)?;
                    members.insert(self.text(name)?, value);
                    Some(end)
                })?;
                Some((Val::obj(members), end))
            }
            b'[' => {
                let depth = depth.checked_sub(1)?;
                let mut elements = Vec::new();
                let end = json.elements(start, |json, at| {
                    let (value, end) = self.value(json, at, depth)?;
                    elements.push(value);
                    Some(end)
                })?;
                Some((Val::Arr(elements.into()), end))
            }
            first => {
                let value = match first {
                    b't' => Val::Bool(true),
                    b'f' => Val::Bool(false),
                    _ => Val::Null,
                };
                Some((value, json.word(start)?))
            }
        }
    }

    /// A string.
    #[inline]
    fn text(&self, name: Name<'_>) -> Option<Val> {
        if name.is_escaped {
            unescaped(name.raw).map(Val::utf8_str)
        } else {
            Some(self.0.as_sub_str(name.raw))
        }
    }
}

/// The number of these digits.
fn number(digits: &[u8]) -> Option<Val> {
    let integer = std::str::from_utf8(digits).ok()?.parse().ok().map(Num::Int);
    integer.or_else(|| read::parse_single_num(digits)).map(Val::Num)
}
