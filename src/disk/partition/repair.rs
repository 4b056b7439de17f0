//! Owns making a damaged log whole: what is bad goes to files of its own, batches without records
//! keep the offsets of what is gone, and indexes are made anew. No offset is given twice, and
//! everything that is whole stays readable.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::PartitionLog;
use crate::config::LogConfig;
use crate::disk::batch::{BatchHeader, HEADER_BYTES, HeaderStamp, ProducerStamp};
use crate::disk::cleaner::swap;
use crate::disk::cut::Cut;
use crate::disk::error::{DiskError, Result};
use crate::disk::layout::{self, SegmentFile};
use crate::disk::meta::{self, Uuid};
use crate::disk::recovery::{Recovery, copy_range};
use crate::disk::scan::{Found, Scanner};
use crate::disk::state::{End, State};
use crate::disk::verify::{Checked, IndexCheck, check_records};
use crate::disk::{file, gaps, producers, segment};
use crate::record::RecordBuffer;

/// What a repair did.
#[derive(Debug, Default)]
pub struct Repaired {
    /// Bytes that were moved aside.
    pub cut: Vec<Cut>,
    /// Files that were made anew.
    pub rebuilt: Vec<PathBuf>,
}

/// A part of a segment as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Bytes that stay.
    Keep(u64, u64),
    /// Offsets whose records are gone.
    Fill(i64, i64),
}

/// What is to become of one segment.
#[derive(Debug, Default)]
struct Plan {
    pieces: Vec<Piece>,
    /// What goes, and why.
    bad: Vec<((u64, u64), String)>,
}

impl Plan {
    fn keep(&mut self, from: u64, to: u64) {
        match self.pieces.last_mut() {
            Some(Piece::Keep(_, end)) if *end == from => *end = to,
            _ => self.pieces.push(Piece::Keep(from, to)),
        }
    }

    fn fill(&mut self, from: i64, to: i64) {
        if from < to {
            self.pieces.push(Piece::Fill(from, to));
        }
    }

    fn changes(&self) -> bool {
        !self.bad.is_empty() || self.pieces.iter().any(|piece| matches!(piece, Piece::Fill(..)))
    }
}

impl PartitionLog {
    /// Makes the log whole. Only while nobody compacts it; writers wait.
    pub fn repair(&mut self, topic_id: Uuid, now_ms: i64) -> Result<Repaired> {
        let _care = State::try_care(&self.directory)?;
        let state = Arc::clone(&self.state);
        let _locked = state.lock()?;
        if state.is_deleted() {
            return Err(DiskError::Deleted { path: self.directory.clone() });
        }
        let mut done = Repaired::default();
        swap::finish(&self.directory, &self.config)?;
        self.mend_small_files(topic_id, &mut done)?;
        let published = state.end(&self.boot);
        if let Some(end) = &published {
            self.log_start = end.start_offset;
        }
        let replaced = self.mend_segments(published.as_ref(), &mut done)?;
        self.mend_indexes(published.as_ref(), &mut done)?;
        let mut end = self.rebuild()?;
        done.cut.append(&mut self.take_cuts());
        if replaced && end.position > 0 {
            // Other writers have the old file open: they are to go on in a new one.
            self.roll(&mut end, now_ms)?;
        }
        Ok(done)
    }

    /// Rewrites the segments that are damaged; answers whether the active one was among them.
    fn mend_segments(&self, published: Option<&End>, done: &mut Repaired) -> Result<bool> {
        let bases = segment::list(&self.directory)?;
        let recovery_point = self.state.recovery_point();
        let end_due = published.map_or(recovery_point, |end| end.end_offset);
        let mut replaced = false;
        for (n, &base) in bases.iter().enumerate() {
            let next = bases.get(n + 1).copied();
            let path = layout::segment_file(&self.directory, base, SegmentFile::Log);
            let log = file::open_to_read(&path)?;
            let len = log.metadata().map_err(DiskError::io("stat", &path))?.len();
            let active = published.filter(|end| end.active_base == base);
            let limit = active.map_or(len, |end| end.position.min(len));
            let bound = next.or(published.map(|end| end.end_offset)).unwrap_or(i64::MAX);
            let mut scanner = Scanner::new(&log, &path, limit);
            let plan = plan(&mut scanner, (&self.directory, &self.config), (base, bound), limit)?;
            let (mut plan, due) = plan;
            match next {
                Some(next) if !gaps::are_legal(&self.directory, &self.config) => {
                    plan.fill(due, next);
                }
                None => plan.fill(due, end_due),
                Some(_) => {}
            }
            if !plan.changes() {
                continue;
            }
            let recovery = Recovery { directory: &self.directory, config: &self.config };
            for (range, reason) in &plan.bad {
                done.cut.push(recovery.copy_aside(&log, base, *range, reason.clone())?);
            }
            rewrite(&self.directory, base, &log, &path, &plan, (limit, len))?;
            replaced |= next.is_none();
            recovery.reindex(base)?;
            done.rebuilt.push(path);
        }
        Ok(replaced)
    }

    /// Makes anew the indexes of sealed segments that do not agree with their logs.
    fn mend_indexes(&self, published: Option<&End>, done: &mut Repaired) -> Result<()> {
        let recovery = Recovery { directory: &self.directory, config: &self.config };
        for base in segment::list(&self.directory)? {
            if published.is_some_and(|end| end.active_base == base) {
                continue;
            }
            let path = layout::segment_file(&self.directory, base, SegmentFile::Log);
            let log = file::open_to_read(&path)?;
            let len = log.metadata().map_err(DiskError::io("stat", &path))?.len();
            let mut check = IndexCheck::open(&self.directory, base, None)?;
            let mut scanner = Scanner::new(&log, &path, len);
            let mut at = 0;
            while let Found::Batch(header) = scanner.look(at)? {
                check.pass(at, &header);
                at += header.size_bytes as u64;
            }
            let mut checked = Checked::default();
            check.finish(at, &mut checked);
            if !checked.findings.is_empty() {
                recovery.reindex(base)?;
                done.rebuilt.extend(checked.findings.into_iter().map(|finding| finding.path));
            }
        }
        Ok(())
    }

    /// Makes anew what can be of the small files; what they held goes aside.
    fn mend_small_files(&self, topic_id: Uuid, done: &mut Repaired) -> Result<()> {
        for (name, due) in [
            (layout::PARTITION_METADATA, meta::partition_metadata(topic_id)),
            (layout::LEADER_EPOCHS, meta::FIRST_LEADER_EPOCH.to_owned()),
        ] {
            let path = self.directory.join(name);
            let said = meta::read_file(&path, SMALL_BYTES_MAX)?;
            let is_right = match &said {
                Some(bytes) if name == layout::LEADER_EPOCHS => meta::is_epochs(bytes),
                Some(bytes) => bytes.trim_ascii_end() == due.as_bytes(),
                None => name == layout::LEADER_EPOCHS,
            };
            if is_right {
                continue;
            }
            if said.is_some() {
                done.cut.push(set_aside(&path)?);
            }
            meta::replace(&path, due.as_bytes(), true)?;
            done.rebuilt.push(path);
        }
        for path in producers::unreadable(&self.directory)? {
            done.cut.push(set_aside(&path)?);
        }
        Ok(())
    }
}

/// The largest of the small files.
const SMALL_BYTES_MAX: u64 = 64 << 20;

/// A name for what is moved aside of a file, that no other has yet.
pub fn free_name(path: &Path) -> Result<PathBuf> {
    let mut n = 1;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".cut-{n}"));
        let aside = PathBuf::from(name);
        if !aside.try_exists().map_err(DiskError::io("stat", &aside))? {
            return Ok(aside);
        }
        n += 1;
    }
}

/// Gives a file that is damaged a name that nobody reads.
pub fn set_aside(path: &Path) -> Result<Cut> {
    let bytes = std::fs::metadata(path).map_err(DiskError::io("stat", path))?.len();
    let aside = free_name(path)?;
    std::fs::rename(path, &aside).map_err(DiskError::io("rename to", &aside))?;
    let reason = "it cannot be read".to_owned();
    Ok(Cut { from: path.to_owned(), position: 0, path: aside, bytes, reason })
}

/// Finds what of a segment is whole, and the offset behind it.
fn plan(
    scanner: &mut Scanner<'_>,
    (directory, config): (&Path, &LogConfig),
    (base, bound): (i64, i64),
    limit: u64,
) -> Result<(Plan, i64)> {
    let mut plan = Plan::default();
    let mut buffer = RecordBuffer::default();
    let (mut at, mut due) = (0, base);
    loop {
        let reason = match scanner.look(at)? {
            Found::End => return Ok((plan, due)),
            Found::Batch(header) if header.base_offset < due || header.next_offset() > bound => {
                format!("offset {} stands where {due} is due", header.base_offset)
            }
            Found::Batch(header) => {
                let batch = scanner.bytes(at, header.size_bytes)?;
                let Err(reason) = check_records(directory, config, &header, batch, &mut buffer)
                else {
                    if !gaps::are_legal(directory, config) {
                        plan.fill(due, header.base_offset);
                    }
                    let next = at + header.size_bytes as u64;
                    plan.keep(at, next);
                    (at, due) = (next, header.next_offset());
                    continue;
                };
                reason
            }
            Found::Bad(reason) => reason,
        };
        let next = scanner.resync(at, due, bound)?;
        let to = next.map_or(limit, |(to, _)| to);
        plan.bad.push(((at, to), reason));
        at = to;
    }
}

/// Writes a segment anew by its plan, and behind that what nobody published yet.
fn rewrite(
    directory: &Path,
    base: i64,
    log: &std::fs::File,
    path: &Path,
    plan: &Plan,
    (limit, len): (u64, u64),
) -> Result<()> {
    let new_path = layout::marked_file(directory, base, SegmentFile::Log, layout::CLEANED);
    let mut new = file::create_anew(&new_path)?;
    let written = (|| {
        let mut at = 0;
        for piece in &plan.pieces {
            match *piece {
                Piece::Keep(from, to) => {
                    copy_range(log, path, (from, to), &new, &new_path, at)?;
                    at += to - from;
                }
                Piece::Fill(from, to) => {
                    let bytes = empty_batches(from, to);
                    let put = std::os::unix::fs::FileExt::write_all_at(&new, &bytes, at);
                    put.map_err(DiskError::io("write", &new_path))?;
                    at += bytes.len() as u64;
                }
            }
        }
        copy_range(log, path, (limit, len), &new, &new_path, at)?;
        new.flush().and_then(|()| new.sync_all()).map_err(DiskError::io("write", &new_path))
    })();
    if written.is_err() {
        drop(std::fs::remove_file(&new_path));
    }
    written?;
    std::fs::rename(&new_path, path).map_err(DiskError::io("rename to", path))?;
    segment::sync_directory(directory)
}

/// Batches without records that take the offsets `from..to`.
fn empty_batches(mut from: i64, to: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while from < to {
        let delta = (to - from - 1).min(i64::from(i32::MAX) - 1);
        let start = bytes.len();
        bytes.resize(start + HEADER_BYTES, 0);
        let stamp = HeaderStamp {
            attributes: 0,
            last_offset_delta: delta as i32,
            base_timestamp: -1,
            max_timestamp: -1,
            producer: ProducerStamp::NONE,
            records: 0,
        };
        if let Some(batch) = bytes.get_mut(start..) {
            stamp.write(batch);
            if let Some(place) = batch.first_chunk_mut::<8>() {
                *place = from.to_be_bytes();
            }
            debug_assert!(BatchHeader::parse(batch).is_ok());
        }
        from += delta + 1;
    }
    bytes
}
