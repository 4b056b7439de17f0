//! Owns walking over JSON (RFC 8259) that is read whole and of which nothing is built: where a
//! value ends, the members of an object. Leaves what values mean to its callers.
//!
//! A place in the text is a number that functions take and answer, and not a field, so that it
//! stays in a register. Where strings end is found for 64 bytes at once. What is no text is let
//! through within strings: bytes that are not UTF-8, and halves of surrogate pairs.

#[cfg(test)]
mod tests;

use wide::u8x16;

/// The bytes that are looked through for the ends of strings at once.
const BLOCK: usize = u64::BITS as usize;

/// JSON that is walked over. `None` of any function means that it is not JSON.
#[derive(Debug)]
pub struct Json<'j> {
    bytes: &'j [u8],
    /// The block whose marks are known.
    block: usize,
    /// A bit for each byte of the block that ends a string, or may not stand in one as it is.
    marks: u64,
}

/// The name of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'j> {
    /// What stands between the quotes.
    pub raw: &'j [u8],
    /// Whether something in it is escaped.
    pub is_escaped: bool,
}

/// Whether all of `bytes` is one value.
pub fn is_json(bytes: &[u8]) -> bool {
    let mut json = Json::new(bytes);
    json.skip(json.start()).is_some_and(|end| json.is_end(end))
}

impl<'j> Json<'j> {
    /// A walk over `bytes`.
    #[inline]
    pub const fn new(bytes: &'j [u8]) -> Self {
        Self { bytes, block: usize::MAX, marks: 0 }
    }

    /// Where the value begins.
    #[inline]
    pub fn start(&self) -> usize {
        self.space(0)
    }

    /// Whether nothing comes behind `at`.
    #[inline]
    pub fn is_end(&self, at: usize) -> bool {
        self.space(at) == self.bytes.len()
    }

    /// The byte at `at`; 0, which no value has outside of strings, behind the end.
    #[inline]
    pub fn at(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The text from `start` to `end`.
    #[inline]
    pub fn between(&self, start: usize, end: usize) -> Option<&'j [u8]> {
        self.bytes.get(start..end)
    }

    /// The end of the value that begins at `start`, however deep it is nested.
    #[inline]
    pub fn skip(&mut self, start: usize) -> Option<usize> {
        match self.at(start) {
            b'"' => Some(self.string(start + 1)? + 1),
            b'-' | b'0'..=b'9' => self.number(start),
            b'{' | b'[' => self.nested(start),
            _ => self.word(start),
        }
    }

    /// The end of the object at `start`, whose members go to `member` one by one: the name, and
    /// where the value begins; it answers where that ends.
    #[inline]
    pub fn members(
        &mut self,
        start: usize,
        mut member: impl FnMut(&mut Self, Name<'j>, usize) -> Option<usize>,
    ) -> Option<usize> {
        let mut at = self.space(start + 1);
        if self.at(at) == b'}' {
            return Some(at + 1);
        }
        loop {
            let name = self.name(at)?;
            let value = self.value_of(at + name.raw.len() + 2)?;
            at = member(self, name, value)?;
            at = self.space(at);
            match self.at(at) {
                b',' => at = self.space(at + 1),
                b'}' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// The end of the array at `start`; `element` is told where each of it begins, and answers
    /// where that ends.
    #[inline]
    pub fn elements(
        &mut self,
        start: usize,
        mut element: impl FnMut(&mut Self, usize) -> Option<usize>,
    ) -> Option<usize> {
        let mut at = self.space(start + 1);
        if self.at(at) == b']' {
            return Some(at + 1);
        }
        loop {
            at = element(self, at)?;
            at = self.space(at);
            match self.at(at) {
                b',' => at = self.space(at + 1),
                b']' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// The end of a string whose text begins at `at`: where its quote is.
    #[inline]
    pub fn string(&mut self, at: usize) -> Option<usize> {
        let end = self.mark(at);
        if self.at(end) == b'"' { Some(end) } else { self.escaped(end) }
    }

    /// The end of a number.
    #[inline]
    pub fn number(&self, start: usize) -> Option<usize> {
        let at = start + usize::from(self.at(start) == b'-');
        let end = match self.at(at) {
            b'0' => at + 1,
            b'1'..=b'9' => self.digits(at + 1),
            _ => return None,
        };
        match self.at(end) {
            b'.' | b'e' | b'E' => self.decimal(end),
            _ => Some(end),
        }
    }

    /// The end of `true`, `false` or `null`.
    #[inline]
    pub fn word(&self, start: usize) -> Option<usize> {
        let rest = self.bytes.get(start..)?;
        let words: [&[u8]; 3] = [b"true", b"false", b"null"];
        words.into_iter().find(|word| rest.starts_with(word)).map(|word| start + word.len())
    }

    /// The name at `start`.
    #[inline]
    fn name(&mut self, start: usize) -> Option<Name<'j>> {
        if self.at(start) != b'"' {
            return None;
        }
        let end = self.mark(start + 1);
        let is_escaped = self.at(end) != b'"';
        let end = if is_escaped { self.escaped(end)? } else { end };
        Some(Name { raw: self.bytes.get(start + 1..end)?, is_escaped })
    }

    /// Where the value begins whose name ends at `at`.
    #[inline]
    fn value_of(&self, at: usize) -> Option<usize> {
        let colon = self.space(at);
        (self.at(colon) == b':').then(|| self.space(colon + 1))
    }

    /// The end of an array or an object. What encloses what is bits, so that depth costs nothing.
    #[inline(never)]
    fn nested(&mut self, start: usize) -> Option<usize> {
        let mut around = Nest::default();
        let mut at = start;
        // At a value, in turn, and at what follows one.
        loop {
            let opening = self.at(at);
            if matches!(opening, b'{' | b'[') {
                let is_object = opening == b'{';
                at = self.space(at + 1);
                if self.at(at) != if is_object { b'}' } else { b']' } {
                    around.push(is_object);
                    at = self.next(at, is_object)?;
                    continue;
                }
                at += 1;
            } else {
                at = self.scalar(at)?;
            }
            loop {
                let Some(is_object) = around.top() else { return Some(at) };
                at = self.space(at);
                match self.at(at) {
                    b',' => {
                        at = self.space(at + 1);
                        at = self.next(at, is_object)?;
                        break;
                    }
                    b'}' if is_object => around.pop(),
                    b']' if !is_object => around.pop(),
                    _ => return None,
                }
                at += 1;
            }
        }
    }

    /// Where the value begins that is next in an object or an array.
    #[inline]
    fn next(&mut self, at: usize, is_object: bool) -> Option<usize> {
        if !is_object {
            return Some(at);
        }
        let name = self.name(at)?;
        self.value_of(at + name.raw.len() + 2)
    }

    /// The end of what is neither array nor object.
    #[inline]
    fn scalar(&mut self, start: usize) -> Option<usize> {
        match self.at(start) {
            b'"' => Some(self.string(start + 1)? + 1),
            b'-' | b'0'..=b'9' => self.number(start),
            _ => self.word(start),
        }
    }

    /// The first place from `at` on that is no space.
    #[inline]
    fn space(&self, mut at: usize) -> usize {
        while matches!(self.at(at), b' ' | b'\n' | b'\t' | b'\r') {
            at += 1;
        }
        at
    }

    /// The first place from `at` on that is no digit.
    #[inline]
    fn digits(&self, mut at: usize) -> usize {
        while self.at(at).is_ascii_digit() {
            at += 1;
        }
        at
    }

    /// The end of what a number has behind its point or its `e`, where `at` is.
    #[inline(never)]
    fn decimal(&self, mut at: usize) -> Option<usize> {
        let digits = |at| Some(self.digits(at)).filter(|&end| end > at);
        if self.at(at) == b'.' {
            at = digits(at + 1)?;
        }
        if matches!(self.at(at), b'e' | b'E') {
            let sign = usize::from(matches!(self.at(at + 1), b'+' | b'-'));
            at = digits(at + 1 + sign)?;
        }
        Some(at)
    }

    /// The end of a string that has something at `at` that does not stand for itself.
    #[cold]
    #[inline(never)]
    fn escaped(&mut self, mut at: usize) -> Option<usize> {
        loop {
            match (self.at(at), self.at(at + 1)) {
                (b'"', _) => return Some(at),
                (b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at += 2,
                (b'\\', b'u') => {
                    let digits = self.bytes.get(at + 2..)?.first_chunk::<4>()?;
                    at = digits.iter().all(u8::is_ascii_hexdigit).then_some(at + 6)?;
                }
                _ => return None,
            }
            at = self.mark(at);
        }
    }

    /// The first place from `at` on that has a mark; the end has one.
    #[inline]
    fn mark(&mut self, mut at: usize) -> usize {
        loop {
            let block = at / BLOCK;
            if block != self.block {
                self.look_at(block);
            }
            let marks = self.marks & (u64::MAX << (at % BLOCK));
            if marks != 0 {
                return block * BLOCK + marks.trailing_zeros() as usize;
            }
            at = (block + 1) * BLOCK;
        }
    }

    /// Finds the marks of a block.
    #[inline]
    fn look_at(&mut self, block: usize) {
        let rest = self.bytes.get(block * BLOCK..).unwrap_or_default();
        self.block = block;
        self.marks = if let Some(whole) = rest.first_chunk() {
            marks(whole)
        } else {
            // The zeros behind the end have marks.
            let mut last = [0; BLOCK];
            last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            marks(&last)
        };
    }
}

/// A bit for each byte that is a quote, a backslash, or a control character.
#[inline]
fn marks(block: &[u8; BLOCK]) -> u64 {
    let (quote, escape) = (u8x16::splat(b'"'), u8x16::splat(b'\\'));
    let controls = u8x16::splat(0x1f);
    let (quarters, _) = block.as_chunks::<16>();
    quarters.iter().rev().fold(0, |marks, quarter| {
        let bytes = u8x16::new(*quarter);
        let found = bytes.simd_eq(quote) | bytes.simd_eq(escape);
        let found = found | bytes.min(controls).simd_eq(bytes);
        marks << 16 | u64::from(found.to_bitmask())
    })
}

/// Which of those around a value are objects, the others being arrays.
#[derive(Debug, Default)]
struct Nest {
    /// The innermost ones, a bit each.
    inner: u64,
    /// The ones around those, 64 at once.
    outer: Vec<u64>,
    depth: usize,
}

impl Nest {
    /// Goes into one.
    #[inline]
    fn push(&mut self, is_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.inner);
        }
        self.inner = self.inner << 1 | u64::from(is_object);
        self.depth += 1;
    }

    /// Leaves it.
    #[inline]
    fn pop(&mut self) {
        self.inner >>= 1;
        self.depth = self.depth.saturating_sub(1);
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.inner = self.outer.pop().unwrap_or_default();
        }
    }

    /// Whether the innermost is an object; `None` outside of all.
    #[inline]
    const fn top(&self) -> Option<bool> {
        if self.depth == 0 { None } else { Some(self.inner & 1 == 1) }
    }
}
