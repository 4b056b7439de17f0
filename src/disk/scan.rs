//! Owns looking at a log batch by batch, damage and all: what stands at a position, where the next
//! whole batch is behind damage, and going over all of a log that way. Leaves what damage means to
//! its callers.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::batch::{BatchError, BatchHeader, HEADER_BYTES, check_crc};
use super::error::{DiskError, Result};
use super::recovery::BATCH_BYTES_MAX;

/// How much of a log is read at once.
const WINDOW_BYTES: usize = 1 << 20;

/// What stands at a position of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The log ends there.
    End,
    /// A whole batch, with the right checksum.
    Batch(BatchHeader),
    /// Something else, and what is wrong with it.
    Bad(String),
}

/// Looks at the batches of one log.
#[derive(Debug)]
pub struct Scanner<'a> {
    file: &'a File,
    path: &'a Path,
    limit: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl<'a> Scanner<'a> {
    /// A scanner of the first `limit` bytes of a log.
    pub const fn new(file: &'a File, path: &'a Path, limit: u64) -> Self {
        Self { file, path, limit, window: Vec::new(), window_at: 0 }
    }

    /// The bytes from `at` on: `len` of them, or as many as there are.
    pub fn bytes(&mut self, at: u64, len: usize) -> Result<&[u8]> {
        let len = (len as u64).min(self.limit.saturating_sub(at)) as usize;
        let held = at.checked_sub(self.window_at).and_then(|skip| usize::try_from(skip).ok());
        let is_held = held.is_some_and(|skip| skip + len <= self.window.len());
        if !is_held {
            let size = (len.max(WINDOW_BYTES) as u64).min(self.limit.saturating_sub(at)) as usize;
            self.window.resize(size, 0);
            self.window_at = at;
            let read = self.file.read_exact_at(&mut self.window, at);
            read.map_err(DiskError::read(self.path, at))?;
        }
        let skip = (at - self.window_at) as usize;
        Ok(self.window.get(skip..skip + len).unwrap_or_default())
    }

    /// What stands at `at`.
    pub fn look(&mut self, at: u64) -> Result<Found> {
        let left = self.limit.saturating_sub(at);
        if left == 0 {
            return Ok(Found::End);
        }
        let bad = |reason: String| Ok(Found::Bad(reason));
        let header = match BatchHeader::parse(self.bytes(at, HEADER_BYTES)?) {
            Ok(header) => header,
            Err(BatchError::Cut { .. }) => return bad("the header of a batch is cut".to_owned()),
            Err(BatchError::Invalid(reason)) => return bad(reason),
        };
        let size = header.size_bytes;
        if size as u64 > left {
            return bad(format!("a batch of {size} bytes does not fit into the {left} left"));
        }
        if size > BATCH_BYTES_MAX {
            return bad(format!("a batch of {size} bytes is too long"));
        }
        if !check_crc(&header, self.bytes(at, size)?) {
            return bad("the checksum of a batch is wrong".to_owned());
        }
        Ok(Found::Batch(header))
    }

    /// Whether nothing but zeros follows from `at` on: space that was set aside and never used.
    pub fn is_zero_from(&mut self, mut at: u64) -> Result<bool> {
        while at < self.limit {
            let rest = self.bytes(at, WINDOW_BYTES)?;
            if rest.iter().any(|&byte| byte != 0) {
                return Ok(false);
            }
            at += rest.len() as u64;
        }
        Ok(true)
    }

    /// The next whole batch behind the damage at `at`, whose offsets lie within `due..bound`. Where
    /// the length of the damaged batch leads to one, or to the end, that is believed; else every
    /// byte is tried.
    pub fn resync(&mut self, at: u64, due: i64, bound: i64) -> Result<Option<(u64, BatchHeader)>> {
        let fits =
            |header: &BatchHeader| header.base_offset >= due && header.next_offset() <= bound;
        if let Ok(header) = BatchHeader::parse(self.bytes(at, HEADER_BYTES)?) {
            let behind = at + header.size_bytes as u64;
            match self.look(behind)? {
                Found::Batch(next) if fits(&next) => return Ok(Some((behind, next))),
                Found::End if behind == self.limit => return Ok(None),
                _ => {}
            }
        }
        let last = self.limit.saturating_sub(HEADER_BYTES as u64);
        let mut from = at + 1;
        while from <= last {
            let window = self.bytes(from, WINDOW_BYTES)?;
            let starts = window.len().saturating_sub(HEADER_BYTES) + 1;
            let Some(skip) = (0..starts).find(|&skip| {
                window
                    .get(skip..)
                    .is_some_and(|rest| BatchHeader::parse(rest).is_ok_and(|header| fits(&header)))
            }) else {
                from += starts as u64;
                continue;
            };
            from += skip as u64;
            if let Found::Batch(header) = self.look(from)? {
                return Ok(Some((from, header)));
            }
            from += 1;
        }
        Ok(None)
    }
}

/// A place where no batch stands that belongs there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// Where it is.
    pub position: u64,
    /// The offset that is due there.
    pub due: i64,
    /// What is wrong.
    pub reason: String,
    /// Whether a whole batch stands there: nothing that was being written when it was cut short.
    pub is_whole: bool,
}

/// What a sweep met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Met {
    /// The log ends; there may be zeros behind, which were set aside and never used.
    End,
    /// A whole batch, and where it begins.
    Batch(u64, BatchHeader),
    /// Something else. The next is behind it.
    Damage(Damaged),
}

/// Goes over the batches of a log in which offsets may be missing, and on behind damage.
#[derive(Debug)]
pub struct Sweep<'a> {
    scanner: Scanner<'a>,
    at: u64,
    due: i64,
    /// No batch goes beyond this offset.
    bound: i64,
    /// No batch goes beyond this one that does not follow on the one before it.
    reach: i64,
}

impl<'a> Sweep<'a> {
    /// A sweep from the front of a log, where the offset `due` is to be.
    pub const fn new(scanner: Scanner<'a>, due: i64, (bound, reach): (i64, i64)) -> Self {
        Self { scanner, at: 0, due, bound, reach }
    }

    /// What comes next.
    pub fn advance(&mut self) -> Result<Met> {
        let (at, due) = (self.at, self.due);
        let (reason, is_whole) = match self.scanner.look(at)? {
            Found::End => return Ok(Met::End),
            Found::Batch(header) if self.belongs(&header)? => {
                (self.at, self.due) = (at + header.size_bytes as u64, header.next_offset());
                return Ok(Met::Batch(at, header));
            }
            Found::Batch(header) => {
                (format!("offset {} stands where {due} is due", header.base_offset), true)
            }
            Found::Bad(_) if self.scanner.is_zero_from(at)? => return Ok(Met::End),
            Found::Bad(reason) => (reason, false),
        };
        (self.at, self.due) = match self.scanner.resync(at, due, self.bound)? {
            Some((next, header)) => (next, header.base_offset),
            None => (self.scanner.limit, due),
        };
        Ok(Met::Damage(Damaged { position: at, due, reason, is_whole }))
    }

    /// Whether a batch with these offsets may stand here. The checksum leaves them out, so one that
    /// is damaged looks like a gap; it is known by the batch behind it.
    fn belongs(&mut self, header: &BatchHeader) -> Result<bool> {
        let next = header.next_offset();
        if header.base_offset < self.due || next > self.bound {
            return Ok(false);
        }
        if header.base_offset == self.due {
            return Ok(true);
        }
        let behind = self.scanner.bytes(self.at + header.size_bytes as u64, HEADER_BYTES)?;
        let overlaps = BatchHeader::parse(behind)
            .is_ok_and(|behind| (self.due..next).contains(&behind.base_offset));
        Ok(next <= self.reach && !overlaps)
    }
}
