//! Owns the two indexes of a segment: offset to position, and timestamp to offset. Both are hints:
//! what they point at is checked by whoever reads the log. Leaves when to add an entry to
//! `segment`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::error::{DiskError, Result};

/// Bytes of an offset index entry: the last offset of a batch less the base, and where it begins.
pub const OFFSET_ENTRY_BYTES: u64 = 8;
/// Bytes of a time index entry: the largest timestamp so far, and the last offset of its batch less
/// the base.
pub const TIME_ENTRY_BYTES: u64 = 12;

/// An entry of the offset index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetEntry {
    /// Last offset of the batch, less the base of the segment.
    pub relative_offset: i32,
    /// Where the batch begins.
    pub position: i32,
}

/// An entry of the time index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeEntry {
    /// The largest timestamp up to there, in ms.
    pub timestamp: i64,
    /// Last offset of the batch that has it, less the base of the segment.
    pub relative_offset: i32,
}

/// What an index is made of.
pub trait Entry: Copy {
    /// Bytes of one entry.
    const BYTES: u64;
    /// Reads one entry from its bytes; short input reads as zeros.
    fn read(bytes: &[u8]) -> Self;
    /// Appends the entry's bytes.
    fn write(self, out: &mut Vec<u8>);
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

impl Entry for OffsetEntry {
    const BYTES: u64 = OFFSET_ENTRY_BYTES;

    fn read(bytes: &[u8]) -> Self {
        Self {
            relative_offset: i32::from_be_bytes(field(bytes, 0)),
            position: i32::from_be_bytes(field(bytes, 4)),
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.relative_offset.to_be_bytes());
        out.extend_from_slice(&self.position.to_be_bytes());
    }
}

impl Entry for TimeEntry {
    const BYTES: u64 = TIME_ENTRY_BYTES;

    fn read(bytes: &[u8]) -> Self {
        Self {
            timestamp: i64::from_be_bytes(field(bytes, 0)),
            relative_offset: i32::from_be_bytes(field(bytes, 8)),
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.extend_from_slice(&self.relative_offset.to_be_bytes());
    }
}

/// Reads entry number `index` of `file`.
fn entry<E: Entry>(file: &File, path: &Path, index: u64) -> Result<E> {
    let mut bytes = [0; TIME_ENTRY_BYTES as usize];
    let wanted = bytes.get_mut(..E::BYTES as usize).unwrap_or_default();
    file.read_exact_at(wanted, index * E::BYTES)
        .map_err(DiskError::read(path, index * E::BYTES))?;
    Ok(E::read(&bytes))
}

/// The last entry among the first `entries` for which `before` holds; it must hold for a run from
/// the front and for none behind that run.
pub fn last_before<E: Entry>(
    file: &File,
    path: &Path,
    entries: u64,
    before: impl Fn(E) -> bool,
) -> Result<Option<E>> {
    let (mut low, mut high, mut found) = (0, entries, None);
    while low < high {
        let middle = low.midpoint(high);
        let here = entry::<E>(file, path, middle)?;
        if before(here) {
            found = Some(here);
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(found)
}

/// The number of entries that a closed index of this length holds. A length that is no multiple of
/// an entry has lost its end, and a tail of zeros was never written (Kafka preallocates).
pub fn entries_in<E: Entry>(file: &File, path: &Path) -> Result<u64> {
    let len = file.metadata().map_err(DiskError::io("stat", path))?.len();
    let all = len / E::BYTES;
    if all < 2 {
        return Ok(all);
    }
    // An entry of zeros behind the first cannot be one: offsets rise.
    let last = entry::<E>(file, path, all - 1)?;
    let mut bytes = Vec::with_capacity(16);
    last.write(&mut bytes);
    if bytes.iter().any(|&b| b != 0) {
        return Ok(all);
    }
    let (mut low, mut high) = (1, all);
    while low < high {
        let middle = low.midpoint(high);
        bytes.clear();
        entry::<E>(file, path, middle)?.write(&mut bytes);
        if bytes.iter().all(|&b| b == 0) { high = middle } else { low = middle + 1 }
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file_of<E: Entry>(entries: &[E], zeros: usize) -> File {
        let mut bytes = Vec::new();
        for entry in entries {
            entry.write(&mut bytes);
        }
        bytes.extend(std::iter::repeat_n(0, zeros));
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&bytes, 0).unwrap();
        file
    }

    proptest! {
        #[test]
        fn the_lookup_is_a_linear_search(
            mut offsets in prop::collection::btree_set(1i32..1000, 0..40),
            target in 0i32..1010,
            zeros in 0usize..100,
        ) {
            let entries: Vec<OffsetEntry> = std::mem::take(&mut offsets)
                .into_iter()
                .map(|at| OffsetEntry { relative_offset: at, position: at * 7 })
                .collect();
            let file = file_of(&entries, if entries.is_empty() { 0 } else { zeros });
            let path = Path::new("x");
            let count = entries_in::<OffsetEntry>(&file, path).unwrap();
            prop_assert!(count >= entries.len() as u64);
            let one_more = u64::from(entries.len() == 1 && zeros > 0);
            prop_assert!(count <= entries.len() as u64 + one_more);
            let found =
                last_before(&file, path, entries.len() as u64, |e: OffsetEntry| {
                    e.relative_offset <= target
                })
                .unwrap();
            let expected = entries.iter().rev().find(|e| e.relative_offset <= target).copied();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn time_entries_are_written_and_read(timestamp: i64, relative_offset: i32) {
            let entry = TimeEntry { timestamp, relative_offset };
            let mut bytes = Vec::new();
            entry.write(&mut bytes);
            prop_assert_eq!(bytes.len() as u64, TIME_ENTRY_BYTES);
            prop_assert_eq!(TimeEntry::read(&bytes), entry);
        }
    }
}
