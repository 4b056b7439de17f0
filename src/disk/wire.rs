//! Owns the plain and flexible forms of Kafka's fields: integers, texts, bytes, lists, tags. Leaves
//! which fields a record has to its readers and writers.
//!
//! Plain: a text has an i16 length, bytes and lists an i32, and -1 is null. Flexible: lengths are
//! unsigned varints one higher than the length, 0 is null, and tagged fields end every structure.

#![expect(clippy::option_option, reason = "the outer one is a cut, the inner one is null")]

use crate::disk::varint::{put_unsigned, take_unsigned};

/// Reads fields off the front of bytes; every length is checked against what is left.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    rest: &'a [u8],
    flexible: bool,
}

impl<'a> Input<'a> {
    /// Fields in plain form.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, flexible: false }
    }

    /// The fields from here on in the form that is said.
    #[must_use]
    pub const fn flexible(mut self, flexible: bool) -> Self {
        self.flexible = flexible;
        self
    }

    /// A fixed number of bytes.
    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*field)
    }

    /// An i8.
    pub fn i8(&mut self) -> Option<i8> {
        self.take().map(i8::from_be_bytes)
    }

    /// An i16.
    pub fn i16(&mut self) -> Option<i16> {
        self.take().map(i16::from_be_bytes)
    }

    /// An i32.
    pub fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_be_bytes)
    }

    /// An i64.
    pub fn i64(&mut self) -> Option<i64> {
        self.take().map(i64::from_be_bytes)
    }

    /// So many bytes.
    fn slice(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(bytes)
    }

    /// A length; the inner `None` is null.
    fn length(&mut self, plain: fn(&mut Self) -> Option<i64>) -> Option<Option<usize>> {
        if self.flexible {
            let length = take_unsigned(&mut self.rest)?;
            return length.checked_sub(1).map(usize::try_from).transpose().ok();
        }
        match plain(self)? {
            -1 => Some(None),
            length => usize::try_from(length).ok().map(Some),
        }
    }

    /// Bytes behind their length, or null.
    pub fn nullable_bytes(&mut self) -> Option<Option<&'a [u8]>> {
        match self.length(|input| input.i32().map(i64::from))? {
            None => Some(None),
            Some(length) => self.slice(length).map(Some),
        }
    }

    /// Bytes behind their length; null counts as none.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        self.nullable_bytes().map(Option::unwrap_or_default)
    }

    /// A text, or null.
    pub fn nullable_text(&mut self) -> Option<Option<&'a str>> {
        match self.length(|input| input.i16().map(i64::from))? {
            None => Some(None),
            Some(length) => std::str::from_utf8(self.slice(length)?).ok().map(Some),
        }
    }

    /// A text.
    pub fn text(&mut self) -> Option<&'a str> {
        self.nullable_text()?
    }

    /// A list of items, each of at least `item_bytes_min` bytes, so that a count from outside sizes
    /// nothing that is not there. A null list counts as an empty one.
    pub fn list<T>(
        &mut self,
        item_bytes_min: usize,
        mut item: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let count = self.length(|input| input.i32().map(i64::from))?.unwrap_or(0);
        if count > self.rest.len() / item_bytes_min.max(1) {
            return None;
        }
        (0..count).map(|_| item(self)).collect()
    }

    /// The tagged fields at the end of a structure, in flexible form; none in plain form.
    pub fn tags(&mut self, mut field: impl FnMut(u64, &'a [u8])) -> Option<()> {
        if !self.flexible {
            return Some(());
        }
        let count = take_unsigned(&mut self.rest)?;
        for _ in 0..count {
            let tag = take_unsigned(&mut self.rest)?;
            let length = usize::try_from(take_unsigned(&mut self.rest)?).ok()?;
            field(tag, self.slice(length)?);
        }
        Some(())
    }
}

/// Appends fields, in plain form unless it is said otherwise.
#[derive(Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
    flexible: bool,
    /// Whether something did not fit its length.
    failed: bool,
}

impl Output {
    /// An empty one that begins with `first`.
    pub fn new(first: i16) -> Self {
        Self { bytes: first.to_be_bytes().to_vec(), ..Self::default() }
    }

    /// The fields from here on in the form that is said.
    #[must_use]
    pub fn flexible(self, flexible: bool) -> Self {
        Self { flexible, ..self }
    }

    /// An i8.
    pub fn i8(&mut self, number: i8) {
        self.bytes.extend_from_slice(&number.to_be_bytes());
    }

    /// An i16.
    pub fn i16(&mut self, number: i16) {
        self.bytes.extend_from_slice(&number.to_be_bytes());
    }

    /// An i32.
    pub fn i32(&mut self, number: i32) {
        self.bytes.extend_from_slice(&number.to_be_bytes());
    }

    /// An i64.
    pub fn i64(&mut self, number: i64) {
        self.bytes.extend_from_slice(&number.to_be_bytes());
    }

    /// A text.
    pub fn text(&mut self, text: &str) {
        let length = i16::try_from(text.len());
        self.failed |= length.is_err();
        if self.flexible {
            put_unsigned(&mut self.bytes, text.len() as u64 + 1);
        } else {
            self.i16(length.unwrap_or(-1));
        }
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// A text, or null.
    pub fn nullable_text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None if self.flexible => self.bytes.push(0),
            None => self.i16(-1),
        }
    }

    /// The number of items of a list, or of bytes that follow.
    pub fn count(&mut self, count: usize) {
        let length = i32::try_from(count);
        self.failed |= length.is_err();
        if self.flexible {
            put_unsigned(&mut self.bytes, count as u64 + 1);
        } else {
            self.i32(length.unwrap_or(-1));
        }
    }

    /// A list, or bytes, that are null.
    pub fn null(&mut self) {
        if self.flexible { self.bytes.push(0) } else { self.i32(-1) }
    }

    /// Bytes behind their length.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes, or null.
    pub fn nullable_bytes(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.bytes(bytes),
            None => self.null(),
        }
    }

    /// No tagged fields at the end of a structure, in flexible form.
    pub fn no_tags(&mut self) {
        if self.flexible {
            self.bytes.push(0);
        }
    }

    /// All of it; `None` where a part is longer than its length can say.
    pub fn finish(self) -> Option<Vec<u8>> {
        (!self.failed).then_some(self.bytes)
    }
}
