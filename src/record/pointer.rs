//! Owns JSON pointers (RFC 6901): the field that `--key-field /id` takes out of a value. Leaves
//! what becomes of a missing field to the commands.
//!
//! A value is read once and nothing of it is kept; what is found borrows from it. All of it must be
//! JSON, also what lies behind the field. Where an object has a name twice the last one counts, as
//! in `serde_json::Value`, in Java's Jackson and in JavaScript.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The most steps of a pointer; `serde_json` descends no deeper than 128.
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
        let mut json = serde_json::Deserializer::from_str(text);
        let found = Seek { steps: &self.steps }.deserialize(&mut json);
        found.and_then(|found| json.end().map(|()| found)).map_err(|e| refused(e.to_string()))
    }
}

/// Walks the steps that are left.
struct Seek<'p> {
    steps: &'p [Step],
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = Found<'de>;
    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Found<'de>, D::Error> {
        match self.steps.split_first() {
            Some((step, rest)) => json.deserialize_any(StepInto { step, rest }),
            None => classify(serde::Deserialize::deserialize(json)?),
        }
    }
}

/// Returns the value that is raw text.
fn classify<E: Error>(raw: &RawValue) -> Result<Found<'_>, E> {
    let text = raw.get();
    if text == "null" {
        return Ok(Found::Null);
    }
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        None => Ok(Found::Raw(text)),
        Some(plain) if !plain.contains('\\') => Ok(Found::Text(Cow::Borrowed(plain))),
        Some(_) => {
            serde_json::from_str(text).map(|text| Found::Text(Cow::Owned(text))).map_err(E::custom)
        }
    }
}

/// Takes one step into a value.
struct StepInto<'p> {
    step: &'p Step,
    rest: &'p [Step],
}

impl<'de> Visitor<'de> for StepInto<'_> {
    type Value = Found<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Found<'de>, E> {
        Ok(Found::Missing)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Found<'de>, E> {
        Ok(Found::Missing)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Found<'de>, E> {
        Ok(Found::Missing)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Found<'de>, E> {
        Ok(Found::Missing)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Found<'de>, E> {
        Ok(Found::Missing)
    }
    fn visit_str<E>(self, _: &str) -> Result<Found<'de>, E> {
        Ok(Found::Missing)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found<'de>, A::Error> {
        let mut found = Found::Missing;
        while let Some(is_it) = map.next_key_seed(IsName(&self.step.name))? {
            if is_it {
                found = map.next_value_seed(Seek { steps: self.rest })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found<'de>, A::Error> {
        let before = self.step.index.unwrap_or(usize::MAX);
        for _ in 0..before {
            if seq.next_element::<IgnoredAny>()?.is_none() {
                return Ok(Found::Missing);
            }
        }
        let found = seq.next_element_seed(Seek { steps: self.rest })?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found.unwrap_or(Found::Missing))
    }
}

/// Compares the name of a member.
struct IsName<'p>(&'p str);

impl<'de> DeserializeSeed<'de> for IsName<'_> {
    type Value = bool;
    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for IsName<'_> {
    type Value = bool;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }
    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

#[cfg(test)]
mod tests;
