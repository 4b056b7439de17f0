//! Owns the variable-length integers of the format: zigzag (records) and unsigned (metadata
//! records). Leaves the fields that they encode to `record` and `registry`.

/// The longest form of a 64-bit value, in bytes.
pub const MAX_BYTES: usize = 10;

/// Number of bytes that `value` takes in zigzag form.
#[inline]
pub const fn zigzag_len(value: i64) -> usize {
    unsigned_len(zigzag(value))
}

/// Number of bytes that `value` takes in unsigned form.
#[inline]
pub const fn unsigned_len(value: u64) -> usize {
    // 7 bits to a byte, and at least one byte.
    (70 - (value | 1).leading_zeros() as usize) / 7
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Appends `value` in unsigned form.
#[inline]
pub fn put_unsigned(out: &mut Vec<u8>, value: u64) {
    // Nearly every field of a record takes one byte or two.
    match value {
        0..0x80 => out.push(value as u8),
        0x80..0x4000 => out.extend_from_slice(&[value as u8 | 0x80, (value >> 7) as u8]),
        _ => put_long(out, value),
    }
}

#[cold]
fn put_long(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends `value` in zigzag form.
#[inline]
pub fn put_zigzag(out: &mut Vec<u8>, value: i64) {
    put_unsigned(out, zigzag(value));
}

/// Takes an unsigned value off the front of `bytes`; `None` if it is cut or too long.
pub fn take_unsigned(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..70).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Reads a zigzag value of one to three bytes at `at` of a block, and moves `at` behind it; `None`
/// if it is longer. A block has a power of two of bytes, so that no read needs a check.
#[inline]
pub fn short_zigzag(block: &[u8; 16], at: &mut usize) -> Option<i64> {
    let [low, middle, high] = std::array::from_fn(|i| u64::from(byte_of(block, *at + i)));
    let (value, len) = match (low & 0x80, middle & 0x80, high & 0x80) {
        (0, ..) => (low, 1),
        (_, 0, _) => (low & 0x7f | middle << 7, 2),
        (_, _, 0) => (low & 0x7f | (middle & 0x7f) << 7 | high << 14, 3),
        _ => return None,
    };
    *at += len;
    Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
}

#[inline]
#[expect(clippy::indexing_slicing, reason = "the index is below 16")]
fn byte_of(block: &[u8; 16], at: usize) -> u8 {
    block[at & 15]
}

/// Takes a zigzag value off the front of `bytes`; `None` if it is cut or too long.
#[inline]
pub fn take_zigzag(bytes: &mut &[u8]) -> Option<i64> {
    // Nearly every field of a record takes one byte or two.
    let value = match **bytes {
        [low @ 0..0x80, ref rest @ ..] => {
            *bytes = rest;
            u64::from(low)
        }
        [low, high @ 0..0x80, ref rest @ ..] => {
            *bytes = rest;
            u64::from(low & 0x7f) | u64::from(high) << 7
        }
        _ => take_unsigned(bytes)?,
    };
    Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_forms() {
        for (value, bytes) in [
            (0, &[0][..]),
            (-1, &[1]),
            (1, &[2]),
            (63, &[126]),
            (-64, &[127]),
            (64, &[0x80, 1]),
            (300, &[0xd8, 4]),
        ] {
            let mut out = Vec::new();
            put_zigzag(&mut out, value);
            assert_eq!(out, bytes, "{value}");
        }
        assert_eq!(take_zigzag(&mut &[0x80u8; 11][..]), None);
        assert_eq!(take_zigzag(&mut &[0x80u8][..]), None);
        assert_eq!(take_zigzag(&mut &[][..]), None);
    }

    proptest! {
        #[test]
        fn what_is_put_is_taken(value: i64, rest: Vec<u8>) {
            let mut out = Vec::new();
            put_zigzag(&mut out, value);
            prop_assert_eq!(out.len(), zigzag_len(value));
            out.extend_from_slice(&rest);
            let mut left = &out[..];
            prop_assert_eq!(take_zigzag(&mut left), Some(value));
            prop_assert_eq!(left, &rest[..]);
        }

        #[test]
        fn any_bytes_are_a_value_or_none(bytes: Vec<u8>) {
            let mut left = &bytes[..];
            let taken = take_unsigned(&mut left);
            prop_assert!(taken.is_none() || bytes.len() - left.len() <= MAX_BYTES);
        }
    }
}
