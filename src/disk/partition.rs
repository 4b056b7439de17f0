//! Owns the log of one partition for those who write it: appending under the lock, rolling,
//! trimming, syncing; retention, compaction and repair are in the modules below. Leaves reading to
//! `reader`, which takes no lock, and encoding to `batch`.
//!
//! Order of an append: lock, repair what a dead writer left, roll if due, write the batch at the
//! published position, index it, publish the new end, unlock. Readers never look past the published
//! end, so a kill at any point leaves either the old log or the new one.

mod compact;
mod repair;
mod retention;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::compact::{Compacted, Compaction};
pub use self::repair::{Repaired, free_name, set_aside};
pub use self::retention::Retained;
use super::batch::{BatchHeader, EncodedBatch};
use super::cut::{Cut, Cuts};
use super::error::{DiskError, Result};
use super::index::{Entry, OffsetEntry, TimeEntry};
use super::layout::{self, SegmentFile};
use super::reader::start_in_segment;
use super::recovery::{self, Recovered, Recovery, count_batch, producer_entry};
use super::segment::{self, Segment};
use super::state::{End, ProducerEntry, State};
use super::{BootId, cleaner, gaps, producers, resume, survey};
use crate::config::LogConfig;
use crate::record::TimestampKind;

/// The log of one partition, opened to write.
#[derive(Debug)]
pub struct PartitionLog {
    directory: PathBuf,
    state: Arc<State>,
    config: LogConfig,
    boot: BootId,
    /// The log start offset on record, for when the state page is gone.
    log_start: i64,
    segment: Option<Arc<Segment>>,
    /// What recovery moved aside since the caller last asked.
    cuts: Cuts,
    /// Whether the last batches were found to be whole, or were written by this handle.
    is_tail_checked: bool,
}

/// The most that is read of a log before the first append.
const TAIL_BYTES_MAX: u64 = 4 << 20;

/// A batch that is in the log.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Offset of its first record.
    pub base_offset: i64,
    /// The segment that has it, to be synced.
    pub segment: Arc<Segment>,
    /// The log end offset behind it.
    pub end_offset: i64,
    /// The position behind it.
    pub end_position: u64,
}

impl PartitionLog {
    /// Opens the log in `directory`, which must exist. `log_start` is the log start offset on
    /// record.
    pub fn open(directory: &Path, config: LogConfig, boot: BootId, log_start: i64) -> Result<Self> {
        layout::check_partition(directory)?;
        let state = State::open_or_create(directory)?;
        state.check_version()?;
        Ok(Self {
            directory: directory.to_owned(),
            state: Arc::new(state),
            config,
            boot,
            log_start,
            segment: None,
            cuts: Cuts::default(),
            is_tail_checked: false,
        })
    }

    /// The same; what recovery moves aside is noted among `cuts`.
    #[must_use]
    pub fn noting(self, cuts: &Cuts) -> Self {
        Self { cuts: cuts.clone(), ..self }
    }

    /// The topic's config.
    pub const fn config(&self) -> &LogConfig {
        &self.config
    }

    /// The state page.
    pub const fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// What recovery moved aside since this was last asked.
    pub fn take_cuts(&self) -> Vec<Cut> {
        self.cuts.take()
    }

    /// Appends `batch`, whole or not at all, and publishes it. A batch of this producer that is in
    /// the log already is not written again: its offset is the answer.
    pub fn append(&mut self, batch: &mut EncodedBatch, now_ms: i64) -> Result<Appended> {
        self.append_if(batch, now_ms, || Ok(()))
    }

    /// The same, where `allowed` has nothing against it: that is asked under the lock.
    pub fn append_if(
        &mut self,
        batch: &mut EncodedBatch,
        now_ms: i64,
        allowed: impl FnOnce() -> Result<()>,
    ) -> Result<Appended> {
        let state = Arc::clone(&self.state);
        self.check_size(batch)?;
        let _locked = state.lock()?;
        allowed()?;
        let mut end = self.whole_end()?;
        self.check_tail(&end)?;
        self.append_locked(&mut end, batch, now_ms)
    }

    /// Refuses, once, to append behind batches that are damaged: those from the last index entry
    /// on, which is little to read. What lies before is looked at by who checks the log.
    fn check_tail(&mut self, end: &End) -> Result<()> {
        if self.is_tail_checked {
            return Ok(());
        }
        let segment = self.active(end)?;
        let (base, last) = (end.active_base, end.end_offset - 1);
        let (at, due) = start_in_segment(&self.directory, segment.log(), base, end, last);
        if end.position.saturating_sub(at) <= TAIL_BYTES_MAX {
            let gaps = gaps::are_legal(&self.directory, &self.config);
            let (path, range) = (segment.log_path(), (at, end.position));
            let stop = recovery::walk(segment.log(), &path, range, due, gaps, |_, _| ())?;
            let bad = stop.bad.or_else(|| {
                let (found, due) = (stop.next_offset, end.end_offset);
                (found != due).then(|| format!("the offset behind it is {found} instead of {due}"))
            });
            if let Some(reason) = bad {
                let (position, offset) = (stop.position, Some(stop.next_offset));
                return Err(DiskError::Corrupt { path, position, offset, reason });
            }
        }
        self.is_tail_checked = true;
        Ok(())
    }

    fn check_size(&self, batch: &EncodedBatch) -> Result<()> {
        let (bytes, max_bytes) = (batch.bytes.len() as u64, self.config.max_message_bytes as u64);
        if bytes > max_bytes { Err(DiskError::TooLarge { bytes, max_bytes }) } else { Ok(()) }
    }

    /// Appends `batch` at `end`. Only under the lock.
    fn append_locked(
        &mut self,
        end: &mut End,
        batch: &mut EncodedBatch,
        now_ms: i64,
    ) -> Result<Appended> {
        if let Some(base_offset) = self.offset_of_duplicate(batch) {
            let segment = self.active(end)?;
            let (end_offset, end_position) = (end.end_offset, end.position);
            return Ok(Appended { base_offset, segment, end_offset, end_position });
        }
        if self.config.message_timestamp_type == TimestampKind::LogAppend {
            batch.set_log_append_time(now_ms);
        }
        if self.is_roll_due(end, batch) {
            self.roll(end, now_ms)?;
        }
        let segment = self.active(end)?;
        let base_offset = end.end_offset;
        batch.set_base_offset(base_offset);
        segment.write(end.position, &batch.bytes)?;
        let header = BatchHeader::parse(&batch.bytes)
            .map_err(|e| DiskError::corrupt(&segment.log_path(), end.position, e.to_string()))?;
        let position = end.position;
        count_batch(&segment, end, position, &header, self.index_interval());
        self.note_producer(&header, end, now_ms);
        self.state.publish(end, &self.boot);
        let (end_offset, end_position) = (end.end_offset, end.position);
        Ok(Appended { base_offset, segment, end_offset, end_position })
    }

    /// Writes what `live` makes of the log anew behind its end, puts that on the device, and then
    /// deletes all that lies before; `record` as in [`Self::trim`]. `live` is called under the lock
    /// and answers `None` where there is nothing to gain. A kill in between leaves the same values
    /// twice, which is what a log of last values may hold.
    pub fn rewrite(
        &mut self,
        now_ms: i64,
        live: impl FnOnce(&End) -> Result<Option<Vec<EncodedBatch>>>,
        record: impl FnOnce(i64) -> Result<()>,
    ) -> Result<bool> {
        let state = Arc::clone(&self.state);
        let _locked = state.lock()?;
        let mut end = self.whole_end()?;
        let Some(mut batches) = live(&end)? else { return Ok(false) };
        batches.iter().try_for_each(|batch| self.check_size(batch))?;
        if end.position > 0 {
            self.roll(&mut end, now_ms)?;
        }
        let start = end.end_offset;
        let mut last = None;
        for batch in &mut batches {
            last = Some(self.append_locked(&mut end, batch, now_ms)?);
        }
        if let Some(appended) = last {
            Self::sync(&state, &self.directory, &appended)?;
        }
        self.trim_locked(end, start, now_ms, record)?;
        Ok(true)
    }

    fn index_interval(&self) -> u64 {
        u64::try_from(self.config.index_interval_bytes).unwrap_or(0)
    }

    /// The offset that the batch was given when it is the producer's last one.
    fn offset_of_duplicate(&self, batch: &EncodedBatch) -> Option<i64> {
        if batch.producer_id < 0 {
            return None;
        }
        let known = self.state.producers().into_iter().find(|p| p.id == batch.producer_id)?;
        let last = super::batch::next_sequence(batch.base_sequence, batch.records - 1);
        let same = known.epoch == batch.producer_epoch
            && known.last_sequence == last
            && known.offset_delta == batch.records - 1;
        same.then_some(known.last_offset - i64::from(known.offset_delta))
    }

    fn note_producer(&self, header: &BatchHeader, end: &End, now_ms: i64) {
        let Some(entry) = producer_entry(header) else { return };
        if !self.state.note_producer(&entry) {
            // The table is full: what it holds goes to a snapshot. Without one, the next reader of
            // this log makes it from the batches.
            let mut all = self.state.producers();
            all.push(entry);
            drop(producers::write_snapshot(&self.directory, end.end_offset, &all, now_ms));
            self.state.clear_producers();
            self.state.note_producer(&entry);
        }
    }

    /// The end, after whatever repair it takes. Only under the lock.
    fn whole_end(&mut self) -> Result<End> {
        if self.state.is_deleted() {
            return Err(DiskError::Deleted { path: self.directory.clone() });
        }
        if self.state.is_fenced() {
            return Err(DiskError::Fenced { path: self.directory.clone() });
        }
        let Some(end) = self.state.end(&self.boot) else { return self.rebuild() };
        let segment = self.active(&end)?;
        if segment.len_bytes()? == end.position {
            return Ok(end);
        }
        let recovery = Recovery { directory: &self.directory, config: &self.config };
        let recovered = recovery.repair_tail(&segment, end)?;
        Ok(self.adopt(recovered))
    }

    /// Makes the end from the log. What is known to be on the device has to be there still.
    fn rebuild(&mut self) -> Result<End> {
        cleaner::swap::finish(&self.directory, &self.config)?;
        let recovery = Recovery { directory: &self.directory, config: &self.config };
        let known = self.state.known();
        let mut recovered = recovery.rebuild(self.log_start, known)?;
        let end = &mut recovered.end;
        if end.start_offset < end.end_offset {
            let first = survey::first_timestamp(&self.directory, end, &self.config)?;
            end.first_timestamp = first.unwrap_or(-1);
        }
        producers::remove_above(&self.directory, recovered.end.end_offset)?;
        // Nobody waits for the device to have them.
        producers::remove_unreadable(&self.directory)?;
        self.segment = None;
        self.state.clear_producers();
        Ok(self.adopt(recovered))
    }

    fn adopt(&mut self, recovered: Recovered) -> End {
        for producer in &recovered.producers {
            // More than the table holds are left to the log.
            self.state.note_producer(producer);
        }
        self.cuts.extend(recovered.cut);
        self.state.publish(&recovered.end, &self.boot);
        recovered.end
    }

    /// The segment that takes appends, with its files open.
    fn active(&mut self, end: &End) -> Result<Arc<Segment>> {
        if let Some(segment) = self.segment.as_ref().filter(|s| s.base == end.active_base) {
            return Ok(Arc::clone(segment));
        }
        let segment = Arc::new(Segment::open_or_create(&self.directory, end.active_base)?);
        self.segment = Some(Arc::clone(&segment));
        Ok(segment)
    }

    /// Whether `batch` starts a new segment (`LogSegment.shouldRoll`).
    fn is_roll_due(&self, end: &End, batch: &EncodedBatch) -> bool {
        let bytes = batch.bytes.len() as u64;
        let limit = u64::try_from(self.config.segment_bytes).unwrap_or(0);
        let index_bytes = u64::try_from(self.config.segment_index_bytes).unwrap_or(0);
        let age = batch.max_timestamp.saturating_sub(end.segment_first_timestamp);
        let last = end.end_offset + i64::from(batch.records) - end.active_base;
        end.position > 0
            && (end.position + bytes > limit
                || (end.segment_first_timestamp >= 0 && age > self.config.segment_ms)
                || end.index_entries >= index_bytes / OffsetEntry::BYTES
                // One place is kept for the entry that seals the segment.
                || end.time_entries + 1 >= index_bytes / TimeEntry::BYTES
                || last > i64::from(i32::MAX))
    }

    /// Seals the active segment and publishes the next one, before any file of it is made: a kill
    /// in between leaves nothing that a reader could take for part of the log.
    fn roll(&mut self, end: &mut End, now_ms: i64) -> Result<()> {
        self.active(end)?.settle(end);
        // A snapshot is made from the log where it is missing.
        drop(producers::write_snapshot(
            &self.directory,
            end.end_offset,
            &self.state.producers(),
            now_ms,
        ));
        end.sealed_bytes += end.position;
        end.start_segment(end.end_offset);
        self.state.publish(end, &self.boot);
        self.segment = None;
        Ok(())
    }

    /// Brings index files and snapshot into the form of a closed log. Called when a producer ends;
    /// others may go on appending.
    pub fn settle(&mut self, now_ms: i64) -> Result<()> {
        let state = Arc::clone(&self.state);
        let _locked = state.lock()?;
        let mut end = self.whole_end()?;
        self.active(&end)?.settle(&mut end);
        self.state.publish(&end, &self.boot);
        let all = self.state.producers();
        if all.is_empty() {
            return Ok(());
        }
        producers::write_snapshot(&self.directory, end.end_offset, &all, now_ms)
    }

    /// The end, made from the log if it must be. Takes the lock.
    pub fn end(&mut self) -> Result<End> {
        let state = Arc::clone(&self.state);
        let _locked = state.lock()?;
        self.whole_end()
    }

    /// Whether nobody holds the lock; `Busy` where somebody does.
    pub fn try_lock(&self) -> Result<()> {
        self.state.try_lock().map(drop)
    }

    /// The end, as [`Self::end`], where nobody holds the lock; `Busy` where somebody does.
    pub fn try_end(&mut self) -> Result<End> {
        let state = Arc::clone(&self.state);
        let _locked = state.try_lock()?;
        self.whole_end()
    }

    /// The sequence of the last record that producer `id` wrote in `epoch`, from offset `since` on,
    /// and where the log ends. `Busy` where somebody holds the lock. What it wrote is put on the
    /// device if it is to be `durable`.
    pub fn try_last_sequence(
        &mut self,
        id: i64,
        epoch: i16,
        since: i64,
        durable: bool,
    ) -> Result<(Option<i32>, i64)> {
        self.try_lock()?;
        self.check_fence()?;
        let state = Arc::clone(&self.state);
        let locked = state.try_lock()?;
        let end = self.whole_end()?;
        let segment = self.active(&end)?;
        let of = |producer: &ProducerEntry| producer.id == id && producer.epoch == epoch;
        let last = if let Some(known) = self.state.producers().into_iter().find(of) {
            Some(known.last_sequence)
        } else {
            let (_, noted) = producers::newest(&self.directory)?.unwrap_or_default();
            let mut last = noted.into_iter().find(of).map(|known| known.last_sequence);
            survey::headers(&self.directory, &end, since.max(end.start_offset), &mut |header| {
                let entry = producer_entry(header).filter(of);
                last = last.max(entry.map(|entry| entry.last_sequence));
                true
            })?;
            last
        };
        drop(locked);
        if durable && last.is_some() {
            let (end_offset, end_position) = (end.end_offset, end.position);
            let appended = Appended { base_offset: end_offset, segment, end_offset, end_position };
            Self::sync(&state, &self.directory, &appended)?;
        }
        Ok((last, end.end_offset))
    }

    /// Puts everything below `appended.end_offset` on the device, and says so in the state page.
    /// Segments that others filled and never synced are synced as well, since the recovery point
    /// speaks for all of them. Takes no lock. A failure fences the partition.
    pub fn sync(state: &State, directory: &Path, appended: &Appended) -> Result<()> {
        let base = appended.segment.base;
        if state.recovery_point() < base {
            sync_earlier(state, directory, base)?;
        }
        fence_on_failure(state, appended.segment.sync())?;
        state.raise_recovery_point(appended.end_offset);
        Ok(())
    }

    /// Lifts the fence that a failed sync left, after a check of everything since the recovery
    /// point. Answers whether there was one.
    pub fn check_fence(&mut self) -> Result<bool> {
        let state = Arc::clone(&self.state);
        let _locked = state.lock()?;
        if !self.state.is_fenced() || self.state.is_deleted() {
            return Ok(false);
        }
        self.rebuild()?;
        // What is read comes from the cache, which may hold what the device never got.
        let recovery = Recovery { directory: &self.directory, config: &self.config };
        recovery.rewrite(self.state.recovery_point())?;
        self.state.set_fenced(false);
        Ok(true)
    }

    /// Deletes the records before `before`: moves the log start offset, then removes the segments
    /// that lie below it whole. `record` notes the new start where it outlives the state page; it
    /// is called in between, so that a kill leaves no segment missing that the record still
    /// promises.
    pub fn trim(
        &mut self,
        before: i64,
        now_ms: i64,
        record: impl FnOnce(i64) -> Result<()>,
    ) -> Result<i64> {
        let state = Arc::clone(&self.state);
        let _locked = state.lock()?;
        // A tail that a dead writer left lies behind all that is trimmed, and needs no repair: on a
        // full disk there would be no room for one.
        let end = match self.state.end(&self.boot) {
            Some(end) if !self.state.is_deleted() => end,
            _ => self.whole_end()?,
        };
        self.trim_locked(end, before, now_ms, record)
    }

    /// Writes down what is known of producers that come back: what is deleted next may be the last
    /// batch of one. That it cannot be written stops nothing, since a full disk is made room on by
    /// deleting; the state page still has it, until the machine starts anew.
    fn keep_producers(&self, end: &End, now_ms: i64) {
        let all = self.state.producers();
        if all.iter().any(|producer| resume::comes_back(producer.id)) {
            drop(producers::write_snapshot(&self.directory, end.end_offset, &all, now_ms));
        }
    }

    /// Deletes the records before `before` of the log that ends at `end`. Only under the lock.
    fn trim_locked(
        &mut self,
        mut end: End,
        before: i64,
        now_ms: i64,
        record: impl FnOnce(i64) -> Result<()>,
    ) -> Result<i64> {
        let start = before.clamp(end.start_offset, end.end_offset);
        if start == end.end_offset && end.position > 0 {
            self.roll(&mut end, now_ms)?;
        }
        self.keep_producers(&end, now_ms);
        record(start)?;
        self.log_start = start;
        end.start_offset = start;
        end.first_timestamp = -1;
        let bases = segment::list(&self.directory)?;
        let nexts = bases.iter().skip(1).chain([&end.active_base]);
        let sealed = bases.iter().zip(nexts).filter(|(base, _)| **base < end.active_base);
        let (gone, kept): (Vec<_>, Vec<_>) = sealed.partition(|(_, next)| **next <= start);
        end.sealed_bytes = 0;
        for (base, _) in kept {
            end.sealed_bytes += self.segment_bytes(*base)?;
        }
        if start < end.end_offset {
            end.first_timestamp =
                survey::first_timestamp(&self.directory, &end, &self.config)?.unwrap_or(-1);
        } else {
            end.max_timestamp = -1;
        }
        self.state.publish(&end, &self.boot);
        for (n, (base, _)) in gone.into_iter().enumerate() {
            if n > 0 {
                // In their order on the device as well: a hole between two would be damage.
                segment::sync_directory(&self.directory)?;
            }
            self.remove_segment(*base)?;
        }
        Ok(start)
    }

    fn segment_bytes(&self, base: i64) -> Result<u64> {
        let path = layout::segment_file(&self.directory, base, SegmentFile::Log);
        Ok(std::fs::metadata(&path).map_err(DiskError::io("stat", &path))?.len())
    }

    fn remove_segment(&self, base: i64) -> Result<()> {
        for file in [SegmentFile::OffsetIndex, SegmentFile::TimeIndex, SegmentFile::Log] {
            let path = layout::segment_file(&self.directory, base, file);
            match std::fs::remove_file(&path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(DiskError::io("remove", &path)(e));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Marks the log as deleted for all who have it open. Its directory goes afterwards.
    pub fn mark_deleted(&self) -> Result<()> {
        let state = Arc::clone(&self.state);
        let _locked = state.lock()?;
        if self.state.end(&self.boot).is_none() {
            // Followers of a log that nobody wrote to wait on its page as well.
            self.state.publish(&End::empty(self.log_start), &self.boot);
        }
        self.state.set_deleted();
        Ok(())
    }
}

/// Fences the partition when the device failed: the kernel may have dropped what it could not
/// write. That a file could not be opened says nothing of the sort.
fn fence_on_failure(state: &State, synced: Result<()>) -> Result<()> {
    if matches!(synced, Err(DiskError::Io { doing: segment::SYNC, .. })) {
        state.set_fenced(true);
    }
    synced
}

/// Syncs the segments between the recovery point and the one at `base`.
fn sync_earlier(state: &State, directory: &Path, base: i64) -> Result<()> {
    let bases = segment::list(directory)?;
    let first = bases.iter().rposition(|&b| b <= state.recovery_point()).unwrap_or(0);
    for &earlier in bases.iter().skip(first).filter(|&&b| b < base) {
        match segment::sync_log(directory, earlier) {
            // Trimmed meanwhile: nothing of it is promised any more.
            Err(DiskError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {}
            synced => fence_on_failure(state, synced)?,
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "partition/tests.rs"]
mod tests;
