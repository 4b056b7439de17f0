//! Owns the check of a partition, byte by byte: every batch and record, every index entry, and the
//! small files beside them. Changes nothing, takes no lock, and looks at what is published only.
//! Leaves making it good to `repair`.

#[cfg(test)]
mod damage;
mod files;
mod indexes;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub use self::files::verify_top;
pub(super) use self::indexes::IndexCheck;
use super::batch::{BatchHeader, HEADER_BYTES};
use super::error::{DiskError, Result};
use super::foreign::Noted;
use super::layout::{self, SegmentFile};
use super::meta::Uuid;
use super::record::{ROOM, Wanted, decode_from};
use super::recovery::Recovery;
use super::scan::{Found, Scanner};
use super::state::{End, Known, State};
use super::{BootId, compression, file, gaps, legacy, segment};
use crate::config::LogConfig;
use crate::record::{Compression, NO_TIMESTAMP, RecordBuffer, TimestampKind};

/// The attribute bits that have a meaning.
const ATTRIBUTES_KNOWN: u16 = 0x7f;

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file or directory.
    pub path: PathBuf,
    /// Where in it, in bytes.
    pub position: Option<u64>,
    /// The offset that is due there.
    pub offset: Option<i64>,
    /// What is wrong.
    pub what: String,
    /// Whether it is damage; else it is worth a note and harms nobody.
    pub is_damage: bool,
}

/// What was checked, and found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Whole batches.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes of logs and of the files beside them.
    pub bytes: u64,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// Whether something is damaged.
    pub fn is_damaged(&self) -> bool {
        self.findings.iter().any(|finding| finding.is_damage)
    }

    fn add(&mut self, path: &Path, position: Option<u64>, offset: Option<i64>, what: String) {
        let path = path.to_owned();
        self.findings.push(Finding { path, position, offset, what, is_damage: true });
    }

    fn note(&mut self, path: &Path, what: impl Into<String>) {
        let (path, what) = (path.to_owned(), what.into());
        let (position, offset) = (None, None);
        self.findings.push(Finding { path, position, offset, what, is_damage: false });
    }
}

/// How far all checks together are, and whether they are to end.
#[derive(Debug, Default)]
pub struct Pace {
    /// Records checked.
    pub records: AtomicU64,
    /// Bytes checked.
    pub bytes: AtomicU64,
    /// Set to end the checks.
    pub stop: AtomicBool,
}

/// A partition that is to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its directory.
    pub directory: &'a Path,
    /// The topic's config.
    pub config: &'a LogConfig,
    /// The topic's id.
    pub topic_id: Uuid,
    /// Which start of the machine this is.
    pub boot: &'a BootId,
    /// The log start offset on record.
    pub log_start: i64,
    /// What a broker noted of it, in whose directory it is.
    pub noted: Option<Noted>,
}

/// A check under way.
struct Check<'a> {
    subject: Subject<'a>,
    pace: &'a Pace,
    /// The published end, where one can be believed.
    end: Option<End>,
    /// What is known besides.
    known: Known,
    checked: Checked,
    buffer: RecordBuffer,
}

/// Checks a partition. What is deleted or compacted meanwhile is looked at once more.
pub fn verify(subject: Subject<'_>, pace: &Pace) -> Result<Checked> {
    loop {
        let before = segment::list(subject.directory)?;
        let mut check = Check {
            subject,
            pace,
            end: None,
            known: Known::default(),
            checked: Checked::default(),
            buffer: RecordBuffer::default(),
        };
        let run = check.run();
        let missing = matches!(&run, Err(DiskError::Io { source, .. })
            if source.kind() == std::io::ErrorKind::NotFound);
        // Segments that went while they were read were trimmed, or merged by compaction.
        let after = segment::list(subject.directory)?;
        let went = before.iter().any(|base| !after.contains(base));
        if went && (missing || check.checked.is_damaged()) {
            continue;
        }
        run?;
        return Ok(check.checked);
    }
}

impl Check<'_> {
    fn run(&mut self) -> Result<()> {
        self.check_state()?;
        self.check_small_files()?;
        let mut bases = segment::list(self.subject.directory)?;
        if let Some(end) = self.end {
            bases.retain(|&base| base <= end.active_base);
        }
        let swaps = self.check_names(&bases)?;
        let mut due = bases.first().copied().unwrap_or(self.subject.log_start);
        for (n, &base) in bases.iter().enumerate() {
            if self.pace.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let path = layout::segment_file(self.subject.directory, base, SegmentFile::Log);
            if base < due && !swaps.is_empty() {
                // A compaction that was cut short: what it wrote has these records already.
                continue;
            }
            if base < due {
                let what = format!("it begins at {base}, and the one before it ends at {due}");
                self.checked.add(&path, Some(0), Some(due), what);
            }
            if base > due && !self.gaps() {
                self.checked.add(
                    &path,
                    Some(0),
                    Some(due),
                    format!("the offsets {due} to {} are missing in front of it", base - 1),
                );
            }
            let next = bases.get(n + 1).copied().filter(|_| !swaps.contains(&base));
            due = self.check_segment(base, next)?.max(due);
        }
        self.check_end(due);
        Ok(())
    }

    fn gaps(&self) -> bool {
        gaps::are_legal(self.subject.directory, self.subject.config)
    }

    /// Reads the published end, without which files are taken for what they hold.
    fn check_state(&mut self) -> Result<()> {
        let Some(state) = State::open(self.subject.directory)? else { return Ok(()) };
        state.check_version()?;
        self.known = state.known();
        self.end = state.end(self.subject.boot);
        if self.end.is_none()
            && let Some(what) = state.complaint(self.subject.boot)
        {
            self.checked.add(state.path(), Some(0), None, what);
        }
        if state.is_fenced() {
            self.checked.note(state.path(), "an earlier sync to disk failed");
        }
        Ok(())
    }

    /// Whether what is not whole at a place may be the end of the log.
    fn is_torn(&self, base: i64, place: (u64, i64)) -> Result<bool> {
        let Subject { directory, config, .. } = self.subject;
        if let Some(noted) = self.subject.noted {
            let known = Known { recovery_point: 0, is_copy: true };
            return Ok(noted.may_be_torn(place.1)
                && Recovery { directory, config }.is_torn(known, base, place)?);
        }
        let recovery = Recovery { directory, config };
        Ok(self.end.is_none() && recovery.is_torn(self.known, base, place)?)
    }

    /// Whether the log reaches as far as it should.
    fn check_end(&mut self, due: i64) {
        let noted = self.subject.noted.map_or(self.known.recovery_point, |n| n.recovery_point());
        let wanted = self.end.map_or(noted, |end| end.end_offset);
        let bad = self.checked.findings.iter().any(|f| f.is_damage && f.offset.is_some());
        if due < wanted && !bad {
            let path = self.subject.directory.to_owned();
            let what = format!("the log ends there, and went on to offset {wanted}");
            self.checked.add(&path, None, Some(due), what);
        }
    }

    /// Checks one segment and its indexes; answers the offset behind it.
    fn check_segment(&mut self, base: i64, next: Option<i64>) -> Result<i64> {
        let path = layout::segment_file(self.subject.directory, base, SegmentFile::Log);
        let log = file::open_to_read(&path)?;
        let len = log.metadata().map_err(DiskError::io("stat", &path))?.len();
        let active = self.end.filter(|end| end.active_base == base);
        let limit = active.map_or(len, |end| end.position.min(len));
        if let Some(end) = active.filter(|end| len < end.position) {
            let what = format!("it has {len} bytes where {} were published", end.position);
            self.checked.add(&path, Some(len), None, what);
        }
        let end = next.or(self.end.map(|end| end.end_offset)).unwrap_or(i64::MAX);
        let (bound, reach) = self.subject.noted.map_or((end, end), |n| n.bounds(base, next));
        let mut indexes = IndexCheck::open(self.subject.directory, base, active)?;
        let mut scanner = Scanner::new(&log, &path, limit);
        let (mut at, mut due) = (0, base);
        loop {
            if self.pace.stop.load(Ordering::Relaxed) {
                return Ok(due);
            }
            match scanner.look(at)? {
                Found::End => break,
                Found::Batch(header) if !may_stand(&header, due, (bound, reach)) => {
                    let found = header.base_offset;
                    let what = format!("offset {found} stands where {due} is due");
                    self.checked.add(&path, Some(at), Some(due), what);
                    let Some((to, _)) = scanner.resync(at, due, bound)? else { break };
                    at = to;
                }
                Found::Batch(header) => {
                    if !header.follows(due, || self.gaps()) {
                        let found = header.base_offset;
                        let what = format!("offset {found} stands where {due} is due");
                        self.checked.add(&path, Some(at), Some(due), what);
                    }
                    let batch = scanner.bytes(at, header.size_bytes)?;
                    match self.check_batch(&path, at, &header, batch) {
                        Ok(records) => self.count(&header, records),
                        Err(what) => {
                            self.checked.add(&path, Some(at), Some(header.base_offset), what);
                        }
                    }
                    indexes.pass(at, &header);
                    (at, due) = (at + header.size_bytes as u64, header.next_offset());
                }
                Found::Bad(what) => {
                    if self.is_torn(base, (at, due))? || scanner.is_zero_from(at)? {
                        self.note_tail(&path, at, len - at, &what);
                        break;
                    }
                    self.checked.add(&path, Some(at), Some(due), what);
                    let Some((to, header)) = scanner.resync(at, due, bound)? else { break };
                    (at, due) = (to, header.base_offset);
                }
            }
        }
        if let Some(end) = active.filter(|end| end.position < len) {
            self.note_tail(&path, end.position, len - end.position, "nobody published them");
        }
        // Entries for batches that are damaged agree with nothing, and a repair makes them anew.
        if !self.checked.findings.iter().any(|found| found.is_damage && found.path == path) {
            indexes.finish(at, &mut self.checked);
        }
        Ok(due)
    }

    fn note_tail(&mut self, path: &Path, at: u64, bytes: u64, why: &str) {
        let what =
            format!("the last {bytes} bytes, from byte {at}, are not part of the log: {why}");
        self.checked.note(path, what);
    }

    fn count(&mut self, header: &BatchHeader, records: u64) {
        self.checked.batches += 1;
        self.checked.records += records;
        self.checked.bytes += header.size_bytes as u64;
        self.pace.records.fetch_add(records, Ordering::Relaxed);
        self.pace.bytes.fetch_add(header.size_bytes as u64, Ordering::Relaxed);
    }

    /// Checks what the checksum of a batch leaves open: its records, and header against records.
    /// Answers how many there are.
    fn check_batch(
        &mut self,
        path: &Path,
        at: u64,
        header: &BatchHeader,
        batch: &[u8],
    ) -> Result<u64, String> {
        if header.leader_epoch != 0 && header.leader_epoch < -1 {
            let what = format!("the batch at byte {at} has leader epoch {}", header.leader_epoch);
            self.checked.note(path, what);
        }
        if header.attributes & !ATTRIBUTES_KNOWN != 0 {
            let what = format!("the batch at byte {at} has attributes {:#06x}", header.attributes);
            self.checked.note(path, what);
        }
        let Subject { directory, config, .. } = self.subject;
        check_records(directory, config, header, batch, &mut self.buffer)
    }
}

/// Whether a batch may stand where the offset `due` is to be, and before `bound`; behind a gap,
/// before `reach`.
const fn may_stand(header: &BatchHeader, due: i64, (bound, reach): (i64, i64)) -> bool {
    let next = header.next_offset();
    header.base_offset >= due && next <= bound && (header.base_offset == due || next <= reach)
}

/// Checks the records of a batch whose checksum is right, against its header, in `directory`.
/// Answers how many there are. They are looked at piece by piece: there may be very many.
pub fn check_records(
    directory: &Path,
    config: &LogConfig,
    header: &BatchHeader,
    batch: &[u8],
    buffer: &mut RecordBuffer,
) -> Result<u64, String> {
    let codec = header
        .compression()
        .ok_or_else(|| format!("codec {} is not known", header.attributes & 7))?;
    if header.record_count == 0 {
        return Ok(0);
    }
    let max_bytes = usize::try_from(config.max_message_bytes).unwrap_or(0);
    let budget = compression::budget_bytes(max_bytes);
    buffer.clear();
    let (mut from, mut count, mut latest) = (0, 0, None);
    if header.is_legacy() {
        buffer.arena.extend_from_slice(batch);
        while from < header.next_offset() {
            buffer.spans.clear();
            buffer.arena.truncate(batch.len());
            let rest = Wanted { partition: 0, from, to: i64::MAX };
            from = legacy::decode(header, buffer, 0, rest, budget, ROOM)?;
            count += buffer.len() as u64;
        }
        return Ok(count);
    }
    let due = i64::from(header.last_offset_delta) + 1;
    if i64::from(header.record_count) != due && !gaps::are_legal(directory, config) {
        return Err(format!("it has {} records, and offsets for {due}", header.record_count));
    }
    // What is not packed is looked at where it lies: it may be long.
    let (mut arena, mut start) = (batch, HEADER_BYTES);
    if codec != Compression::None {
        let records = batch.get(HEADER_BYTES..).unwrap_or_default();
        compression::decompress(codec, records, budget, &mut buffer.arena)
            .map_err(|e| format!("a {} batch does not decompress: {e}", codec.name()))?;
        (arena, start) = (buffer.arena.as_slice(), 0);
    }
    let (spans, headers) = (&mut buffer.spans, &mut buffer.headers);
    while from < header.next_offset() {
        spans.clear();
        headers.clear();
        let rest = Wanted { partition: 0, from, to: i64::MAX };
        from = decode_from(arena, start, header, (spans, headers), rest, ROOM)?;
        count += spans.len() as u64;
        latest = latest.max(spans.iter().map(|span| span.timestamp_ms).max());
    }
    let latest = latest.unwrap_or(NO_TIMESTAMP);
    let said = header.max_timestamp;
    let is_given = header.timestamp_kind() == TimestampKind::Create && !header.is_control();
    if is_given && latest != said {
        return Err(format!("its largest timestamp is {latest}, and its header says {said}"));
    }
    Ok(count)
}
