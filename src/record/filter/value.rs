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

/// What stands between quotes, without escapes.
pub(super) fn unescaped(raw: &[u8]) -> Option<Vec<u8>> {
    match read::parse_single(&[b"\"", raw, b"\""].concat()) {
        Ok(Val::TStr(text)) => Some(text.to_vec()),
        _ => None,
    }
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
