//! Owns JSON pointers (RFC 6901): the field that `--key-field /id` takes out of a value. Leaves
//! what becomes of a missing field to the commands.
//!
//! A value is read once and nothing of it is kept; what is found borrows from it. All of it must be
//! JSON, also what lies behind the field. Where an object has a name twice the last one counts, as
//! in `serde_json::Value`, in Java's Jackson and in JavaScript.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::IgnoredAny;

use super::json::{Json, Name};

/// The most steps of a pointer.
const STEPS_MAX: usize = 100;

/// A parsed pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    steps: Vec<Step>,
}

/// One step into an object or an array.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    /// The name in an object.
    name: String,
    /// The place in an array, when the name is a number.
    index: Option<usize>,
}

/// What a pointer points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// Nothing is there.
    Missing,
    /// `null`.
    Null,
    /// A string.
    Text(Cow<'a, str>),
    /// Anything else, by its literal text: the digits of a number stay as they are.
    Raw(&'a str),
}

/// Why a text is not a pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPointer {
    /// The text that was refused.
    pub text: String,
    /// Why, as a sentence part.
    pub reason: String,
}

impl fmt::Display for InvalidPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a JSON pointer: {}", self.text.escape_debug(), self.reason)
    }
}

impl std::error::Error for InvalidPointer {}

/// Why a value has no fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidJson {
    /// What is wrong and where, as a sentence part.
    pub reason: String,
}

impl fmt::Display for InvalidJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value is not JSON: {}", self.reason)
    }
}

impl std::error::Error for InvalidJson {}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = |step: &Step| step.name.replace('~', "~0").replace('/', "~1");
        self.steps.iter().try_for_each(|step| write!(f, "/{}", escaped(step)))
    }
}

impl Pointer {
    /// Parses `/a/b/0`; `~1` is a slash and `~0` a tilde in a name, and an empty text is the whole
    /// value.
    pub fn parse(text: &str) -> Result<Self, InvalidPointer> {
        let refused = |reason: String| Err(InvalidPointer { text: text.to_owned(), reason });
        if text.is_empty() {
            return Ok(Self { steps: Vec::new() });
        }
        let Some(path) = text.strip_prefix('/') else {
            let near = text.escape_debug();
            return refused(format!("it begins with `/`; did you mean `/{near}`?"));
        };
        if path.split('/').count() > STEPS_MAX {
            return refused(format!("it has more than {STEPS_MAX} steps"));
        }
        if path.split('~').skip(1).any(|after| !after.starts_with(['0', '1'])) {
            return refused("write `~0` for a tilde and `~1` for a slash".to_owned());
        }
        let step = |escaped: &str| {
            // In this order, so that `~01` is `~1` and not a slash.
            let name = escaped.replace("~1", "/").replace("~0", "~");
            let canonical = name == "0" || !name.starts_with(['0', '+']);
            Step { index: name.parse().ok().filter(|_| canonical), name }
        };
        Ok(Self { steps: path.split('/').map(step).collect() })
    }

    /// Returns what this points at in `json`.
    pub fn find<'a>(&self, json: &'a [u8]) -> Result<Found<'a>, InvalidJson> {
        let refused = |reason| InvalidJson { reason };
        let text = std::str::from_utf8(json).map_err(|e| refused(e.to_string()))?;
        let mut json = Json::new(json);
        let (start, mut place) = (json.start(), None);
        let end = seek(&mut json, start, &self.steps, &mut place);
        if !end.is_some_and(|end| json.is_end(end)) {
            // What is wrong, and where, the other reader tells.
            let wrong = serde_json::from_str::<IgnoredAny>(text).err();
            return Err(refused(wrong.map_or_else(String::new, |e| e.to_string())));
        }
        match place.and_then(|place| text.get(place)) {
            None => Ok(Found::Missing),
            Some(found) => classify(found).map_err(|e| refused(e.to_string())),
        }
    }
}

/// Walks the `steps` that are left from the value at `start`, to the `place` where they lead.
/// Answers where the value ends.
fn seek(
    json: &mut Json<'_>,
    start: usize,
    steps: &[Step],
    place: &mut Option<Range<usize>>,
) -> Option<usize> {
    *place = None;
    let Some((step, rest)) = steps.split_first() else {
        let end = json.skip(start)?;
        *place = Some(start..end);
        return Some(end);
    };
    match json.at(start) {
        b'{' => json.members(start, |json, name, at| {
            if step.is_named(name) { seek(json, at, rest, place) } else { json.skip(at) }
        }),
        b'[' => {
            let mut index = 0;
            json.elements(start, |json, at| {
                index += 1;
                let is_it = step.index == Some(index - 1);
                if is_it { seek(json, at, rest, place) } else { json.skip(at) }
            })
        }
        _ => json.skip(start),
    }
}

impl Step {
    /// Whether it is into members of this name.
    #[inline]
    fn is_named(&self, name: Name<'_>) -> bool {
        if !name.is_escaped {
            return self.name.as_bytes() == name.raw;
        }
        let quoted = [b"\"", name.raw, b"\""].concat();
        serde_json::from_slice::<String>(&quoted).is_ok_and(|name| name == self.name)
    }
}

/// Returns the value that is raw text.
fn classify(text: &str) -> Result<Found<'_>, serde_json::Error> {
    if text == "null" {
        return Ok(Found::Null);
    }
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        None => Ok(Found::Raw(text)),
        Some(plain) if !plain.contains('\\') => Ok(Found::Text(Cow::Borrowed(plain))),
        Some(_) => serde_json::from_str(text).map(|text| Found::Text(Cow::Owned(text))),
    }
}

#[cfg(test)]
mod tests;
