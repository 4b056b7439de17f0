//! Owns reading a partition: windows of whole batches up to the published end, by offset.
//! Takes no lock, and never looks past the published end. Leaves finding a place to `lookup`, times
//! to `survey`, and waiting to `cluster`.

mod lookup;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

pub(super) use self::lookup::start_in_segment;
use super::batch::{BatchError, BatchHeader, HEADER_BYTES, check_crc};
use super::error::{DiskError, Result};
use super::foreign::Aborted;
use super::layout::{self, SegmentFile};
use super::record::{ROOM, Wanted, decode_some, plain_range};
use super::scan::Scanner;
use super::state::End;
use super::{compression, file, gaps, legacy, recovery, segment};
use crate::config::LogConfig;
use crate::record::{Compression, RecordBuffer};

/// How much is read at once: small enough that what was read is still in the cache when it is
/// decoded and written out.
const WINDOW_BYTES: usize = 256 << 10;

/// The memory that is kept for the next batch to be decompressed: there may be many readers.
const PACKED_BYTES_KEPT: usize = 16 << 10;

/// Once batches have grown to this much, the rest of the window waits for the next turn.
const ARENA_BYTES_FULL: usize = 4 << 20;

/// A segment that is being read.
#[derive(Debug)]
struct OpenSegment {
    base: i64,
    file: File,
    path: PathBuf,
    /// Where the next batch begins.
    position: u64,
    /// The offset that it begins with.
    due: i64,
    /// The base of the segment behind it, if there is one.
    next: Option<i64>,
    /// The end of the log.
    end_offset: i64,
}

impl OpenSegment {
    /// How many of its bytes may be read.
    fn readable(&self, end: &End) -> Result<u64> {
        let len = self.file.metadata().map_err(DiskError::io("stat", &self.path))?.len();
        Ok(if self.base == end.active_base { len.min(end.position) } else { len })
    }

    /// Damage at its position, where `offset` is to be read.
    fn damage(&self, offset: i64, reason: String) -> DiskError {
        let (path, position) = (self.path.clone(), self.position);
        DiskError::Corrupt { path, position, offset: Some(offset), reason }
    }

    /// Refuses a batch that is longer than the `left` bytes, or than any may be.
    fn check_size(header: &BatchHeader, left: u64) -> Result<(), String> {
        let size = header.size_bytes;
        if size > recovery::BATCH_BYTES_MAX {
            return Err(format!("a batch of {size} bytes is too long"));
        }
        if size as u64 > left {
            let reason =
                format!("a batch of {size} bytes does not fit into the {left} that are left");
            return Err(reason);
        }
        Ok(())
    }

    /// Looks at the header behind the first batch of `rest`, where `left` bytes are to be read yet.
    fn order(&mut self, header: &BatchHeader, rest: &[u8], left: u64) -> Order {
        if !self.reaches(header.next_offset()) {
            return Order::Wrong;
        }
        let behind = rest.get(header.size_bytes..).unwrap_or_default();
        match BatchHeader::parse(behind) {
            Ok(next) if (self.due..header.next_offset()).contains(&next.base_offset) => {
                Order::Doubtful
            }
            Err(_) if behind.len() < HEADER_BYTES && left > rest.len() as u64 => {
                Order::Unseen(header.size_bytes + HEADER_BYTES)
            }
            _ => Order::Right,
        }
    }

    /// Whether a batch of it may end at `offset`: where the next segment begins, or before. While
    /// a compaction puts a longer one in the place of several, those stay for a moment.
    fn reaches(&mut self, offset: i64) -> bool {
        let Some(next) = self.next.filter(|&next| offset > next) else {
            return offset <= self.end_offset;
        };
        let directory = self.path.parent().unwrap_or(&self.path);
        let log = SegmentFile::Log;
        let swap = layout::marked_file(directory, self.base, log, layout::SWAP);
        // In this order: the swap file goes after those that it replaces.
        if !swap.exists() && layout::segment_file(directory, next, log).exists() {
            return false;
        }
        self.next = None;
        offset <= self.end_offset
    }
}

/// What a reader passed over, since it is damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// What is wrong, and where.
    pub damage: String,
    /// The first offset that was passed over.
    pub from: i64,
    /// The offset at which reading went on.
    pub to: i64,
}

/// Offsets that have no record to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// The first one.
    pub first: i64,
    /// The last one.
    pub last: i64,
    /// Why, as a sentence part.
    pub why: &'static str,
}

/// The record of a key went when a later one came.
const COMPACTED: &str = "compacted";
/// What stands there ends a transaction.
const MARKER: &str = "control record of a transaction";
/// Its producer took it back.
const ABORTED: &str = "aborted transaction";
/// What stands there cannot be read.
const DAMAGED: &str = "damaged";
/// A repair keeps the offsets of what could not be read, or was missing.
const REPAIRED: &str = "damaged before a repair";
/// Retention, or somebody, deleted what was there.
pub const DELETED: &str = "deleted before the log start";

/// Reads one partition forward.
#[derive(Debug)]
pub struct PartitionReader {
    directory: PathBuf,
    partition: i32,
    next_offset: i64,
    segment: Option<OpenSegment>,
    config: LogConfig,
    budget_bytes: usize,
    /// The batch that is being decompressed.
    packed: Vec<u8>,
    window_bytes: usize,
    /// Transactions whose records are passed over.
    aborted: Vec<Aborted>,
    /// What was passed over; `None` where damage ends the reading.
    skipped: Option<Vec<Skipped>>,
    /// Offsets without records; `None` where nobody asks.
    holes: Option<Vec<Hole>>,
}

impl PartitionReader {
    /// A reader of the partition in `directory` from `offset` on.
    pub fn new(directory: &Path, partition: i32, offset: i64, config: &LogConfig) -> Self {
        let max_bytes = usize::try_from(config.max_message_bytes).unwrap_or(0);
        Self {
            directory: directory.to_owned(),
            partition,
            next_offset: offset,
            segment: None,
            config: config.clone(),
            budget_bytes: compression::budget_bytes(max_bytes),
            packed: Vec::new(),
            window_bytes: WINDOW_BYTES,
            aborted: Vec::new(),
            skipped: None,
            holes: None,
        }
    }

    /// The same with another window: a small one where a single record is wanted.
    #[must_use]
    pub fn window(self, window_bytes: usize) -> Self {
        Self { window_bytes, ..self }
    }

    /// From now on reads with another window.
    pub fn set_window(&mut self, window_bytes: usize) {
        self.window_bytes = window_bytes;
    }

    /// From now on passes over the records of transactions that were aborted.
    pub fn leave_out(&mut self, aborted: Vec<Aborted>) {
        self.aborted = aborted;
    }

    /// From now on notes which offsets have no record.
    pub fn note_holes(&mut self) {
        self.holes.get_or_insert_default();
    }

    /// The offsets without records that were passed since this was last asked.
    pub fn take_holes(&mut self) -> Vec<Hole> {
        self.holes.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Notes that nothing is to be read from `first` up to `end`, if that is anything.
    fn note_hole(&mut self, first: i64, end: i64, why: &'static str) {
        let Some(holes) = self.holes.as_mut().filter(|_| first < end) else { return };
        match holes.last_mut() {
            Some(hole) if hole.why == why && hole.last + 1 == first => hole.last = end - 1,
            _ => holes.push(Hole { first, last: end - 1, why }),
        }
    }

    /// Goes on at another offset: what was before it is deleted.
    pub fn jump(&mut self, offset: i64) {
        self.note_hole(self.next_offset, offset, DELETED);
        self.segment = None;
        self.next_offset = offset;
    }

    /// From now on passes over what is damaged.
    pub fn skip_damaged(&mut self) {
        self.skipped.get_or_insert_default();
    }

    /// What was passed over since this was last asked.
    pub fn take_skipped(&mut self) -> Vec<Skipped> {
        self.skipped.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Whether the records of a batch are of a transaction that was aborted.
    fn is_aborted(&self, header: &BatchHeader) -> bool {
        let covers = |one: &Aborted| {
            one.producer == header.producer.id
                && (one.first..=one.last).contains(&header.base_offset)
        };
        header.is_transactional() && self.aborted.iter().any(covers)
    }

    /// Whether gaps between batches are legal: compaction makes them, and may do so by now.
    fn gaps(&self) -> bool {
        gaps::are_legal(&self.directory, &self.config)
    }

    /// The next offset that will be read.
    pub const fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// Closes the file of the segment; it is opened again, and found by the index, when it is read.
    pub fn release(&mut self) {
        self.segment = None;
    }

    /// Reads one window of records before `to` into `buffer`, whose records go; no records and
    /// `next_offset` at the end mean that there is nothing more.
    pub fn read(&mut self, end: &End, to: i64, buffer: &mut RecordBuffer) -> Result<()> {
        // The arena keeps its length: the next window overwrites it, and zeroing it would cost as
        // much as reading.
        buffer.spans.clear();
        buffer.headers.clear();
        let to = to.min(end.end_offset);
        while buffer.is_empty() && self.next_offset < to {
            match self.step(end, to, buffer) {
                Err(damage @ DiskError::Corrupt { .. }) if self.skipped.is_some() => {
                    self.pass_over(&damage, end)?;
                }
                stepped => stepped?,
            }
        }
        Ok(())
    }

    /// Reads one window, or goes on to the next segment.
    fn step(&mut self, end: &End, to: i64, buffer: &mut RecordBuffer) -> Result<()> {
        let limit = self.enter_segment(end)?;
        if !self.read_window(limit, to, buffer)? {
            self.leave_segment(end)?;
        }
        Ok(())
    }

    /// Goes on behind damage: at the next whole batch of the segment, or at the next segment.
    fn pass_over(&mut self, damage: &DiskError, end: &End) -> Result<()> {
        let from = self.next_offset;
        let at = match damage {
            DiskError::Corrupt { position, .. } => *position,
            _ => 0,
        };
        let at = self.segment.as_ref().map_or(at, |open| open.position.max(at));
        // The segments behind this place.
        let mut bases = segment::list(&self.directory)?;
        bases.retain(|&base| base <= end.active_base);
        let behind = |&base: &i64| match &self.segment {
            // What is damaged may stand behind the last offset of its segment.
            Some(open) => base > open.base && base >= from,
            None => base > from,
        };
        let bound = bases.into_iter().find(behind).unwrap_or(end.end_offset);
        let mut next = bound;
        if let Some(open) = &mut self.segment {
            let limit = open.readable(end)?;
            let mut scanner = Scanner::new(&open.file, &open.path, limit);
            let found = scanner.resync(at, open.due, bound)?;
            if let Some((position, header)) = found {
                (open.position, open.due) = (position, header.base_offset);
                next = header.base_offset.max(from);
            } else {
                self.segment = None;
            }
        }
        self.note_hole(from, next, DAMAGED);
        self.next_offset = next;
        let skipped = Skipped { damage: damage.to_string(), from, to: next };
        self.skipped.get_or_insert_default().push(skipped);
        Ok(())
    }

    /// Opens the segment that has the next offset, if it is not open, and answers how far it may be
    /// read.
    fn enter_segment(&mut self, end: &End) -> Result<u64> {
        if self.segment.is_none() {
            let (base, next) = lookup::segment_of(&self.directory, end, self.next_offset)?;
            let path = layout::segment_file(&self.directory, base, SegmentFile::Log);
            if base > self.next_offset {
                let offset = Some(self.next_offset);
                let reason = "no segment has the records before it".to_owned();
                return Err(DiskError::Corrupt { path, position: 0, offset, reason });
            }
            let file = file::open_to_read(&path)?;
            let (position, due) =
                start_in_segment(&self.directory, &file, base, end, self.next_offset);
            let end_offset = end.end_offset;
            self.segment = Some(OpenSegment { base, file, path, position, due, next, end_offset });
        }
        let Some(open) = &mut self.segment else { return Ok(0) };
        open.end_offset = end.end_offset;
        open.readable(end)
    }

    /// The open segment has no more: the next one follows.
    fn leave_segment(&mut self, end: &End) -> Result<()> {
        let Some(open) = self.segment.take() else { return Ok(()) };
        if open.base == end.active_base {
            return Err(DiskError::Corrupt {
                path: open.path,
                position: open.position,
                offset: Some(self.next_offset),
                reason: format!("the log should go on to offset {}", end.end_offset),
            });
        }
        if is_replaced(&open, self.gaps()) {
            // Compaction put another file there, which may go on where this one ended.
            return Ok(());
        }
        let bases = segment::list(&self.directory)?;
        let (mut here, mut next) = (false, end.active_base);
        for base in bases.into_iter().filter(|&base| base > open.base) {
            // A segment that holds the next offset, or the first one behind it.
            here |= base == self.next_offset;
            if base > self.next_offset {
                next = next.min(base);
            }
        }
        if here || self.next_offset >= end.active_base {
            return Ok(());
        }
        if self.gaps() {
            self.note_hole(self.next_offset, next, COMPACTED);
            self.next_offset = next;
            return Ok(());
        }
        Err(DiskError::Corrupt {
            path: open.path,
            position: open.position,
            offset: Some(self.next_offset),
            reason: format!("the segment ends there, and the next one begins at {next}"),
        })
    }

    /// Reads a window of the open segment and decodes its whole batches; answers whether there was
    /// anything before `limit`.
    fn read_window(&mut self, limit: u64, to: i64, buffer: &mut RecordBuffer) -> Result<bool> {
        let Some(mut open) = self.segment.take() else { return Ok(false) };
        if open.position >= limit {
            self.segment = Some(open);
            return Ok(false);
        }
        let mut wanted = self.window_bytes;
        loop {
            let size = (wanted as u64).min(limit - open.position) as usize;
            fill(&open, size, &mut buffer.arena)?;
            match self.decode_window(&mut open, limit, to, size, buffer) {
                Ok(None) => break,
                // The first batch is longer than the window.
                Ok(Some(more)) => wanted = more,
                Err(error) => {
                    let mut scanner = Scanner::new(&open.file, &open.path, limit);
                    // Space that a broker set aside (`preallocate`) and never used.
                    let is_end = scanner.is_zero_from(open.position)?;
                    if is_end {
                        open.position = limit;
                    }
                    self.segment = Some(open);
                    // What was decoded before the damage is handed out first.
                    return if buffer.is_empty() && !is_end { Err(error) } else { Ok(true) };
                }
            }
        }
        self.segment = Some(open);
        Ok(true)
    }

    /// Decodes the whole batches in the first `size` bytes of the arena. Answers how many bytes the
    /// first batch wants if not even that one is whole.
    fn decode_window(
        &mut self,
        open: &mut OpenSegment,
        limit: u64,
        to: i64,
        size: usize,
        buffer: &mut RecordBuffer,
    ) -> Result<Option<usize>> {
        let mut at = 0;
        while at < size && self.next_offset < to {
            let rest = buffer.arena.get(at..size).unwrap_or_default();
            let offset = self.next_offset;
            let left = limit - open.position;
            let header = match BatchHeader::parse(rest) {
                Ok(header) => header,
                Err(BatchError::Cut { wanted }) if (wanted as u64) <= left => {
                    return Ok((at == 0).then_some(wanted));
                }
                Err(error) => return Err(open.damage(offset, error.to_string())),
            };
            let full = buffer.arena.len() > ARENA_BYTES_FULL.max(size);
            if !buffer.is_empty() && (full || buffer.timestamp_kind != header.timestamp_kind()) {
                return Ok(None);
            }
            OpenSegment::check_size(&header, left).map_err(|reason| open.damage(offset, reason))?;
            let Some(batch) = rest.get(..header.size_bytes) else {
                return Ok((at == 0).then_some(header.size_bytes));
            };
            if !check_crc(&header, batch) {
                return Err(open.damage(offset, "the checksum of a batch is wrong".to_owned()));
            }
            if header.base_offset != open.due {
                let gaps = header.follows(open.due, || self.gaps());
                match if gaps { open.order(&header, rest, left) } else { Order::Wrong } {
                    Order::Right => {}
                    Order::Unseen(wanted) => return Ok((at == 0).then_some(wanted)),
                    wrong => {
                        let (found, due) = (header.base_offset, open.due);
                        let reason = format!("offset {found} stands where {due} is due");
                        let damage = open.damage(offset, reason);
                        if wrong == Order::Doubtful {
                            if !buffer.is_empty() {
                                // Told when it is met first: it is not met again.
                                return Ok(None);
                            }
                            // One of two is damaged, and nobody knows which: both go.
                            open.position += header.size_bytes as u64;
                        }
                        return Err(damage);
                    }
                }
            }
            if header.last_offset() >= self.next_offset {
                self.note_hole(self.next_offset, header.base_offset.min(to), COMPACTED);
                let taken = self.take_batch(&header, at, to, buffer);
                let next = taken.map_err(|reason| open.damage(offset, reason))?;
                self.next_offset = next;
                if next < header.next_offset() {
                    return Ok(None);
                }
            }
            open.due = header.next_offset();
            at += header.size_bytes;
            open.position += header.size_bytes as u64;
        }
        Ok(None)
    }

    /// Decodes the batch at `at` of the arena into spans. Markers are passed over. Answers the
    /// offset where to go on: within the batch, where there was no room for all of it.
    fn take_batch(
        &mut self,
        header: &BatchHeader,
        at: usize,
        to: i64,
        buffer: &mut RecordBuffer,
    ) -> Result<i64, String> {
        let first = header.base_offset.max(self.next_offset);
        if header.is_control() || self.is_aborted(header) {
            let why = if header.is_control() { MARKER } else { ABORTED };
            self.note_hole(first, header.next_offset().min(to), why);
            return Ok(header.next_offset().min(to));
        }
        buffer.timestamp_kind = header.timestamp_kind();
        let wanted = Wanted { partition: self.partition, from: self.next_offset, to };
        if header.is_legacy() {
            let budget_bytes = self.budget_bytes;
            return Ok(legacy::decode(header, buffer, at, wanted, budget_bytes, ROOM)?.min(to));
        }
        let due = i64::from(header.last_offset_delta) + 1;
        let records = i64::from(header.record_count);
        if records != 0 && records != due && !self.gaps() {
            return Err(format!("it has {records} records, and offsets for {due}"));
        }
        let codec = header
            .compression()
            .ok_or_else(|| format!("codec {} is not known", header.attributes & 7))?;
        let (mut start, mut end) = plain_range(header, at);
        if codec != Compression::None {
            let packed = end - start;
            compression::check_packed(packed, self.budget_bytes)
                .and_then(|()| {
                    self.packed.clear();
                    self.packed.extend_from_slice(buffer.arena.get(start..end).unwrap_or_default());
                    start = buffer.arena.len();
                    let (packed, budget_bytes) = (&self.packed, self.budget_bytes);
                    compression::decompress(codec, packed, budget_bytes, &mut buffer.arena)
                })
                .map_err(|e| format!("a {} batch does not decompress: {e}", codec.name()))?;
            if packed > PACKED_BYTES_KEPT {
                self.packed = Vec::new();
            }
            end = buffer.arena.len();
        }
        let before = buffer.len();
        let next = decode_some(header, buffer, start, end, wanted, ROOM)?.min(to);
        if self.holes.is_some() {
            let mut due = first;
            for span in buffer.spans.get(before..).unwrap_or_default() {
                self.note_hole(due, span.offset, COMPACTED);
                due = span.offset + 1;
            }
            self.note_hole(due, next, if header.is_filler() { REPAIRED } else { COMPACTED });
        }
        if buffer.len() == before && codec != Compression::None {
            // Nothing of it is wanted, so nothing points there.
            buffer.arena.truncate(start);
        }
        Ok(next)
    }
}

/// What is to be thought of the offset of a batch in front of which some are missing. The checksum
/// leaves it out, so a damaged one may look like such a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// It may be right.
    Right,
    /// It cannot be.
    Wrong,
    /// The batch behind it begins before it ends.
    Doubtful,
    /// The batch behind it is not among the bytes that were read; so many are wanted.
    Unseen(usize),
}

/// Whether another file has the name of the open one; or, where compaction merges segments, none.
fn is_replaced(open: &OpenSegment, merges: bool) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (open.file.metadata(), std::fs::metadata(&open.path)) {
        (Ok(ours), Ok(named)) => named.ino() != ours.ino(),
        (_, Err(error)) => merges && error.kind() == std::io::ErrorKind::NotFound,
        (Err(_), _) => false,
    }
}

/// Reads `size` bytes from the segment's position into `arena`, which is replaced.
fn fill(open: &OpenSegment, size: usize, arena: &mut Vec<u8>) -> Result<()> {
    // Bytes beyond are overwritten, so a longer arena is cut and a shorter one grows once.
    if arena.len() > size {
        arena.truncate(size);
    } else {
        arena.resize(size, 0);
    }
    let (path, position) = (&open.path, open.position);
    open.file.read_exact_at(arena, position).map_err(DiskError::read(path, position))
}
