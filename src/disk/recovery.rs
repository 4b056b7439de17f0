//! Owns finding out how far a log is whole: after a writer died, and after the machine did. Moves
//! what is not whole aside and never destroys it. Leaves publishing the end to `partition`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::batch::{BatchError, BatchHeader, HEADER_BYTES, check_crc};
use super::cut::Cut;
use super::error::{DiskError, Result};
use super::index::{TimeEntry, entries_in, last_before};
use super::layout::{self, SegmentFile};
use super::scan::{Found, Scanner};
use super::segment::{self, Indexed, Segment};
use super::state::{End, Known, ProducerEntry};
use super::{file, gaps};
use crate::config::LogConfig;
use crate::record::TimestampKind;

/// How much of a log is read at once.
const WINDOW_BYTES: usize = 1 << 20;

/// The longest batch that is taken into memory, whatever its length field says.
pub const BATCH_BYTES_MAX: usize = 128 << 20;

/// Where a walk over batches ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalkEnd {
    /// Position behind the last whole batch.
    pub position: u64,
    /// The offset behind it.
    pub next_offset: i64,
    /// What is wrong with the bytes there; `None` where the file ends.
    pub bad: Option<String>,
}

/// Walks the whole batches of `file` from `position` to `len`, which must follow on `next_offset`
/// (gaps are allowed where compaction makes them), with their checksums.
pub fn walk(
    file: &File,
    path: &Path,
    (mut position, len): (u64, u64),
    mut next_offset: i64,
    gaps: bool,
    mut visit: impl FnMut(u64, &BatchHeader),
) -> Result<WalkEnd> {
    let mut window = Vec::new();
    let mut held = 0..0;
    let ended = |position, next_offset, bad| Ok(WalkEnd { position, next_offset, bad });
    while position < len {
        let rest = window.get(held.clone()).unwrap_or_default();
        let wanted = match BatchHeader::parse(rest) {
            Ok(header) if header.size_bytes as u64 > len - position => {
                let reason = format!("a batch of {} bytes is cut", header.size_bytes);
                return ended(position, next_offset, Some(reason));
            }
            Ok(header) if header.size_bytes > BATCH_BYTES_MAX => {
                let reason = format!("a batch of {} bytes is too long", header.size_bytes);
                return ended(position, next_offset, Some(reason));
            }
            Ok(header) => match rest.get(..header.size_bytes) {
                None => header.size_bytes,
                Some(batch) => {
                    if !header.follows(next_offset, || gaps) {
                        let found = header.base_offset;
                        let reason = format!("offset {found} stands where {next_offset} is due");
                        return ended(position, next_offset, Some(reason));
                    }
                    if !check_crc(&header, batch) {
                        let reason = "the checksum of a batch is wrong".to_owned();
                        return ended(position, next_offset, Some(reason));
                    }
                    visit(position, &header);
                    position += header.size_bytes as u64;
                    next_offset = header.next_offset();
                    held.start += header.size_bytes;
                    continue;
                }
            },
            Err(BatchError::Cut { wanted }) if wanted as u64 > len - position => {
                return ended(position, next_offset, Some("the header of a batch is cut".into()));
            }
            Err(BatchError::Cut { wanted }) => wanted,
            Err(BatchError::Invalid(reason)) => return ended(position, next_offset, Some(reason)),
        };
        let size = (wanted.max(WINDOW_BYTES) as u64).min(len - position) as usize;
        window.resize(size, 0);
        file.read_exact_at(&mut window, position).map_err(DiskError::read(path, position))?;
        held = 0..size;
    }
    ended(position, next_offset, None)
}

/// What recovery found.
#[derive(Debug)]
pub struct Recovered {
    /// How far the log is whole.
    pub end: End,
    /// What was moved aside.
    pub cut: Vec<Cut>,
    /// The last batch of each producer that was walked over.
    pub producers: Vec<ProducerEntry>,
}

/// What recovery needs to know of a partition.
#[derive(Clone, Copy, Debug)]
pub struct Recovery<'a> {
    /// Its directory.
    pub directory: &'a Path,
    /// The topic's config.
    pub config: &'a LogConfig,
}

/// The last entry for each producer of a batch.
pub fn producer_entry(header: &BatchHeader) -> Option<ProducerEntry> {
    (header.producer.id >= 0).then(|| ProducerEntry {
        id: header.producer.id,
        epoch: header.producer.epoch,
        last_sequence: super::batch::next_sequence(
            header.producer.base_sequence,
            header.last_offset_delta,
        ),
        last_offset: header.last_offset(),
        offset_delta: header.last_offset_delta,
        timestamp: header.max_timestamp,
    })
}

fn note(producers: &mut Vec<ProducerEntry>, header: &BatchHeader) {
    let Some(entry) = producer_entry(header) else { return };
    match producers.iter_mut().find(|p| p.id == entry.id) {
        Some(known) => *known = entry,
        None => producers.push(entry),
    }
}

impl Recovery<'_> {
    fn gaps(&self) -> bool {
        gaps::are_legal(self.directory, self.config)
    }

    fn interval(&self) -> u64 {
        u64::try_from(self.config.index_interval_bytes).unwrap_or(0)
    }

    /// Takes up the batches that a dead writer left whole behind `end`, and moves the rest of the
    /// active segment aside. The machine is the same, so what was published is there.
    pub fn repair_tail(&self, segment: &Segment, end: End) -> Result<Recovered> {
        let (path, len) = (segment.log_path(), segment.len_bytes()?);
        if len < end.position {
            let reason = format!("it has {len} bytes where {} were published", end.position);
            return Err(DiskError::corrupt(&path, len, reason));
        }
        let mut recovered = Recovered { end, cut: Vec::new(), producers: Vec::new() };
        let range = (end.position, len);
        let stop = self.walk_into(segment, &path, range, &mut recovered)?;
        if stop.position < len {
            let cut = self.cut_tail(segment.log(), segment.base, (stop.position, len), stop.bad)?;
            recovered.cut.push(cut);
        }
        segment.settle(&mut recovered.end);
        Ok(recovered)
    }

    /// Walks a range of the active segment and counts its batches into `recovered.end`.
    fn walk_into(
        &self,
        segment: &Segment,
        path: &Path,
        range: (u64, u64),
        recovered: &mut Recovered,
    ) -> Result<WalkEnd> {
        let Recovered { end, producers, .. } = recovered;
        let from = end.end_offset;
        walk(segment.log(), path, range, from, self.gaps(), |position, header| {
            count_batch(segment, end, position, header, self.interval());
            note(producers, header);
        })
    }

    /// Moves the bytes of `range` to a file of their own, then cuts the log.
    fn cut_tail(
        &self,
        log: &File,
        base: i64,
        range: (u64, u64),
        reason: Option<String>,
    ) -> Result<Cut> {
        let cut = self.copy_aside(log, base, range, reason.unwrap_or_default())?;
        let log_path = layout::segment_file(self.directory, base, SegmentFile::Log);
        log.set_len(range.0).map_err(DiskError::io("cut", &log_path))?;
        Ok(cut)
    }

    /// Copies the bytes of `range` to a file of their own, before they leave the log. The copy has
    /// its name only when it is whole: a kill, or a full disk, leaves no half of one.
    pub fn copy_aside(
        &self,
        log: &File,
        base: i64,
        (position, len): (u64, u64),
        reason: String,
    ) -> Result<Cut> {
        let part = layout::cut_part(self.directory, base);
        let log_path = layout::segment_file(self.directory, base, SegmentFile::Log);
        let copied = copy_to_new(log, &log_path, (position, len), &part);
        if copied.is_err() {
            // Half a copy is no use, and may be what fills the disk.
            drop(std::fs::remove_file(&part));
        }
        copied?;
        let path = self.free_cut_file(base)?;
        std::fs::rename(&part, &path).map_err(DiskError::io("rename to", &path))?;
        segment::sync_directory(self.directory)?;
        Ok(Cut { from: log_path, position, path, bytes: len - position, reason })
    }

    /// Makes the indexes of a sealed segment anew, from its log.
    pub fn reindex(&self, base: i64) -> Result<()> {
        for index in [SegmentFile::OffsetIndex, SegmentFile::TimeIndex] {
            // Who has the old one open may read on in it.
            drop(std::fs::remove_file(layout::segment_file(self.directory, base, index)));
        }
        let segment = Segment::open_or_create(self.directory, base)?;
        let (path, len) = (segment.log_path(), segment.len_bytes()?);
        let mut end = End::empty(base);
        walk(segment.log(), &path, (0, len), base, true, |position, header| {
            count_batch(&segment, &mut end, position, header, self.interval());
        })?;
        segment.settle(&mut end);
        Ok(())
    }

    /// A name that no cut has yet. Only a writer takes one, under the partition's lock.
    fn free_cut_file(&self, base: i64) -> Result<PathBuf> {
        let mut n = 1;
        loop {
            let path = layout::cut_file(self.directory, base, n);
            if !path.try_exists().map_err(DiskError::io("stat", &path))? {
                return Ok(path);
            }
            n += 1;
        }
    }

    /// Finds the end without a state page that can be believed: from the segments on disk. Those
    /// below the recovery point are on the device and only counted; all others are walked, their
    /// indexes made anew, and what is not whole is moved aside. A bad batch below the recovery
    /// point is damage, and nothing is changed.
    pub fn rebuild(&self, log_start: i64, known: Known) -> Result<Recovered> {
        let recovery_point = known.recovery_point;
        let bases = segment::list(self.directory)?;
        let mut recovered =
            Recovered { end: End::empty(log_start), cut: Vec::new(), producers: Vec::new() };
        let Some(&first) = bases.first() else {
            self.refuse_loss(log_start, log_start, recovery_point)?;
            return Ok(recovered);
        };
        let mut end = End::empty(first);
        let mut walk_from = bases.iter().rposition(|&base| base <= recovery_point).unwrap_or(0);
        // Indexes are not synced: where one is missing it is made anew, with all behind it.
        for (n, &base) in bases.iter().enumerate().take(walk_from) {
            if self.max_timestamp(base)? < 0 && self.log_len(base)? > 0 {
                walk_from = n;
                break;
            }
        }
        for &base in bases.get(..walk_from).unwrap_or_default() {
            end.max_timestamp = end.max_timestamp.max(self.max_timestamp(base)?);
            end.sealed_bytes += self.log_len(base)?;
        }
        end.end_offset = bases.get(walk_from).copied().unwrap_or(first);
        recovered.end = end;
        for (n, &base) in bases.iter().enumerate().skip(walk_from) {
            if !recovered.cut.is_empty() || !self.follows(base, &recovered.end) {
                let reason = "it follows a place where the log was cut".to_owned();
                let due = recovered.end.end_offset;
                let is_gap = known.is_copy && recovered.cut.is_empty();
                let below = if is_gap { base } else { recovery_point };
                self.refuse_damage(base, 0, due, below, &reason)?;
                recovered.cut.push(self.set_segment_aside(base, reason)?);
                continue;
            }
            if n > walk_from {
                recovered.end.sealed_bytes += recovered.end.position;
            }
            recovered.end.start_segment(base);
            recovered.end.end_offset = base;
            self.rebuild_segment(base, known, &mut recovered)?;
        }
        self.refuse_loss(recovered.end.active_base, recovered.end.end_offset, recovery_point)?;
        recovered.end.start_offset = log_start.clamp(first, recovered.end.end_offset);
        recovered.end.first_timestamp = self.first_timestamp(first)?;
        Ok(recovered)
    }

    /// Refuses a log that ends, be it ever so cleanly, before what was on the device.
    fn refuse_loss(&self, base: i64, end_offset: i64, recovery_point: i64) -> Result<()> {
        if end_offset >= recovery_point {
            return Ok(());
        }
        Err(DiskError::Corrupt {
            path: layout::segment_file(self.directory, base, SegmentFile::Log),
            position: self.log_len(base).unwrap_or(0),
            offset: Some(end_offset),
            reason: format!("the log ends there, and went on to offset {recovery_point}"),
        })
    }

    /// Writes the segments from `recovery_point` on once more, with the bytes that they have, and
    /// syncs them: after a failed sync the cache may hold what the device never got, and a second
    /// sync would say yes to nothing.
    pub fn rewrite(&self, recovery_point: i64) -> Result<()> {
        let bases = segment::list(self.directory)?;
        let first = bases.iter().rposition(|&base| base <= recovery_point).unwrap_or(0);
        for &base in bases.iter().skip(first) {
            let segment = Segment::open_or_create(self.directory, base)?;
            let (path, len) = (segment.log_path(), segment.len_bytes()?);
            copy_range(segment.log(), &path, (0, len), segment.log(), &path, 0)?;
            segment.sync()?;
        }
        Ok(())
    }

    /// Finds the end as [`Self::rebuild`] does, and changes nothing: for who may not write. Damage
    /// below the recovery point does not end the log, if anything whole is behind it. The indexes
    /// are not looked at, so lookups in the active segment read it from its beginning.
    pub fn measure(&self, log_start: i64, known: Known) -> Result<End> {
        let bases = segment::list(self.directory)?;
        let Some(&first) = bases.first() else { return Ok(End::empty(log_start)) };
        let mut end = End::empty(first);
        for (n, &base) in bases.iter().enumerate() {
            if self.gaps() && base < end.end_offset {
                // What a compaction that was cut short has replaced.
                continue;
            }
            let is_torn = end.end_offset >= known.recovery_point && !known.is_copy;
            if !self.follows(base, &end) && is_torn {
                break;
            }
            end.sealed_bytes += end.position;
            end.start_segment(base);
            end.end_offset = base;
            let bound = bases.get(n + 1).copied().unwrap_or(i64::MAX);
            if !self.measure_segment(base, bound, known, &mut end)? {
                break;
            }
        }
        end.start_offset = log_start.clamp(first, end.end_offset);
        end.first_timestamp = self.first_timestamp(first)?;
        Ok(end)
    }

    /// Adds one segment to `end`; false where the log ends in it.
    fn measure_segment(&self, base: i64, bound: i64, known: Known, end: &mut End) -> Result<bool> {
        let path = layout::segment_file(self.directory, base, SegmentFile::Log);
        let file = file::open_to_read(&path)?;
        let len = self.log_len(base)?;
        let mut scanner = Scanner::new(&file, &path, len);
        let mut at = 0;
        loop {
            let due = end.end_offset;
            let follows = |header: &BatchHeader| {
                header.base_offset == due || (self.gaps() && header.base_offset > due)
            };
            match scanner.look(at)? {
                Found::End => return Ok(true),
                Found::Batch(header) if follows(&header) => {
                    at += header.size_bytes as u64;
                    (end.position, end.end_offset) = (at, header.next_offset());
                    end.max_timestamp = end.max_timestamp.max(header.max_timestamp);
                }
                // Space that a broker set aside and never used; other segments follow.
                _ if bound < i64::MAX && scanner.is_zero_from(at)? => return Ok(true),
                _ if self.is_torn(known, base, (at, due))? => return Ok(false),
                _ => match scanner.resync(at, due, bound)? {
                    Some((next, header)) => (at, end.end_offset) = (next, header.base_offset),
                    // The next segment may be whole.
                    None => return Ok(true),
                },
            }
        }
    }

    /// Whether the segment at `base` is where the log goes on.
    fn follows(&self, base: i64, end: &End) -> bool {
        base == end.end_offset || (self.gaps() && base > end.end_offset)
    }

    fn rebuild_segment(&self, base: i64, known: Known, recovered: &mut Recovered) -> Result<()> {
        let segment = Segment::open_or_create(self.directory, base)?;
        let (path, len) = (segment.log_path(), segment.len_bytes()?);
        // A first pass that changes nothing: damage must leave the files as they were.
        let from = recovered.end.end_offset;
        let stop = walk(segment.log(), &path, (0, len), from, self.gaps(), |_, _| ())?;
        if let Some(reason) = &stop.bad {
            let (position, next) = (stop.position, stop.next_offset);
            let torn = self.is_torn(known, base, (position, next))?;
            self.refuse_damage(base, position, next, if torn { next } else { i64::MAX }, reason)?;
            recovered.cut.push(self.cut_tail(segment.log(), base, (position, len), stop.bad)?);
        }
        self.walk_into(&segment, &path, (0, stop.position), recovered)?;
        segment.settle(&mut recovered.end);
        Ok(())
    }

    /// Whether what is not whole at `at` of the segment at `base`, where the offset `due` is to be,
    /// may be what a writer, or a machine, left that ended there. Of a copy nobody knows how far it
    /// was whole; but where it goes on, it was, and no segment is begun before the last is whole.
    pub fn is_torn(&self, known: Known, base: i64, (at, due): (u64, i64)) -> Result<bool> {
        if !known.is_copy || due < known.recovery_point {
            return Ok(due >= known.recovery_point);
        }
        if segment::list(self.directory)?.last().is_some_and(|&last| last > base) {
            return Ok(false);
        }
        let path = layout::segment_file(self.directory, base, SegmentFile::Log);
        let (file, len) = (file::open_to_read(&path)?, self.log_len(base)?);
        let mut scanner = Scanner::new(&file, &path, len);
        let found = scanner.look(at)?;
        Ok(!matches!(found, Found::Batch(header) if header.base_offset >= due)
            && (at >= len || scanner.resync(at, due, i64::MAX)?.is_none()))
    }

    fn refuse_damage(
        &self,
        base: i64,
        position: u64,
        offset: i64,
        recovery_point: i64,
        reason: &str,
    ) -> Result<()> {
        if offset >= recovery_point {
            return Ok(());
        }
        Err(DiskError::Corrupt {
            path: layout::segment_file(self.directory, base, SegmentFile::Log),
            position,
            offset: Some(offset),
            reason: reason.to_owned(),
        })
    }

    /// Moves a whole segment aside.
    pub fn set_segment_aside(&self, base: i64, reason: String) -> Result<Cut> {
        let bytes = self.log_len(base)?;
        let path = self.free_cut_file(base)?;
        let log = layout::segment_file(self.directory, base, SegmentFile::Log);
        std::fs::rename(&log, &path).map_err(DiskError::io("rename", &log))?;
        for index in [SegmentFile::OffsetIndex, SegmentFile::TimeIndex] {
            // An index without its log is nothing; made anew from the log where it is wanted.
            drop(std::fs::remove_file(layout::segment_file(self.directory, base, index)));
        }
        Ok(Cut { from: log, position: 0, path, bytes, reason })
    }

    /// Bytes of the log at `base`.
    pub fn log_len(&self, base: i64) -> Result<u64> {
        let path = layout::segment_file(self.directory, base, SegmentFile::Log);
        Ok(std::fs::metadata(&path).map_err(DiskError::io("stat", &path))?.len())
    }

    /// The largest timestamp of a sealed segment: its last time index entry.
    fn max_timestamp(&self, base: i64) -> Result<i64> {
        let path = layout::segment_file(self.directory, base, SegmentFile::TimeIndex);
        let Ok(file) = file::open_to_read(&path) else { return Ok(-1) };
        let entries = entries_in::<TimeEntry>(&file, &path)?;
        Ok(last_before(&file, &path, entries, |_: TimeEntry| true)?.map_or(-1, |e| e.timestamp))
    }

    /// The largest timestamp of a sealed segment; that of its file where its records have none.
    pub fn largest(&self, base: i64) -> Result<i64> {
        let found = self.max_timestamp(base)?;
        if found >= 0 {
            return Ok(found);
        }
        let path = layout::segment_file(self.directory, base, SegmentFile::Log);
        let facts = std::fs::metadata(&path).map_err(DiskError::io("stat", &path))?;
        Ok(std::os::unix::fs::MetadataExt::mtime(&facts).saturating_mul(1000))
    }

    /// The timestamp that the first batch of the segment at `base` begins with; -1 when empty.
    pub fn first_timestamp(&self, base: i64) -> Result<i64> {
        let path = layout::segment_file(self.directory, base, SegmentFile::Log);
        let mut header = [0; HEADER_BYTES];
        let Ok(file) = file::open_to_read(&path) else { return Ok(-1) };
        if file.read_exact_at(&mut header, 0).is_err() {
            return Ok(-1);
        }
        Ok(BatchHeader::parse(&header).map_or(-1, |header| first_timestamp_of(&header)))
    }
}

/// Copies a range of a log to the file `to`, which is made anew, and waits for the device: the
/// range is cut off the log next.
fn copy_to_new(log: &File, path: &Path, range: (u64, u64), to: &Path) -> Result<()> {
    let file = file::create_anew(to)?;
    copy_range(log, path, range, &file, to, 0)?;
    file.sync_all().map_err(DiskError::io("write", to))
}

/// Copies the bytes of `range` of one file to another, or onto themselves.
pub fn copy_range(
    from: &File,
    from_path: &Path,
    (position, end): (u64, u64),
    to: &File,
    to_path: &Path,
    to_position: u64,
) -> Result<()> {
    let mut buffer = vec![0; WINDOW_BYTES.min((end - position) as usize)];
    let (mut at, mut to_at) = (position, to_position);
    while at < end {
        let size = buffer.len().min((end - at) as usize);
        let part = buffer.get_mut(..size).unwrap_or_default();
        from.read_exact_at(part, at).map_err(DiskError::read(from_path, at))?;
        to.write_all_at(part, to_at).map_err(DiskError::io("write", to_path))?;
        (at, to_at) = (at + size as u64, to_at + size as u64);
    }
    Ok(())
}

/// The timestamp of a batch's first record, as far as its header tells.
pub fn first_timestamp_of(header: &BatchHeader) -> i64 {
    match header.timestamp_kind() {
        TimestampKind::Create if !header.has_delete_horizon() => header.base_timestamp,
        _ => header.max_timestamp,
    }
}

/// Counts one batch, which lies at `position` of the active segment, into `end`, and indexes it.
pub fn count_batch(
    segment: &Segment,
    end: &mut End,
    position: u64,
    header: &BatchHeader,
    index_interval_bytes: u64,
) {
    if end.position == 0 {
        end.segment_first_timestamp = header.max_timestamp;
    }
    if end.end_offset == end.start_offset && end.first_timestamp < 0 {
        end.first_timestamp = first_timestamp_of(header);
    }
    let batch = Indexed {
        position,
        size_bytes: header.size_bytes as u64,
        last_offset: header.last_offset(),
        max_timestamp: header.max_timestamp,
    };
    segment.index(end, batch, index_interval_bytes);
    end.position = position + batch.size_bytes;
    end.end_offset = header.next_offset();
    end.max_timestamp = end.max_timestamp.max(header.max_timestamp);
}
