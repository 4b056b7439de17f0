//! Owns compaction as a change to the published log: when it is due, whose turn it is, and putting
//! new segments in place under the lock. Leaves what stays of a log to `cleaner`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::PartitionLog;
use crate::disk::cleaner::{self, Cleaned, Job, swap};
use crate::disk::error::Result;
use crate::disk::recovery::Recovery;
use crate::disk::state::{End, State};

/// How a log is to be compacted.
#[derive(Clone, Copy, Debug)]
pub struct Compaction<'a> {
    /// The first offset that was not compacted yet, as it was noted.
    pub first_dirty: i64,
    /// The time.
    pub now_ms: i64,
    /// Set to give up.
    pub stop: &'a AtomicBool,
    /// Whether to do it though the topic's config does not ask for it yet.
    pub is_forced: bool,
    /// Whether to seal the active segment first, so that it is compacted too.
    pub rolls: bool,
    /// The most memory for keys.
    pub map_bytes: usize,
}

/// What a compaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Records in the sealed segments before.
    pub records_before: u64,
    /// Records in them now.
    pub records_after: u64,
    /// Bytes of them before.
    pub bytes_before: u64,
    /// Bytes of them now.
    pub bytes_after: u64,
    /// The first offset that is not compacted now.
    pub first_dirty: i64,
    /// How often the segments were read: once, if the keys fit into memory.
    pub rounds: u32,
}

impl PartitionLog {
    /// Compacts the log, if that is due or forced; `None` where nothing was done. `record` notes
    /// the first offset that is not compacted. `Busy` while another process does the same.
    pub fn compact(
        &mut self,
        how: &Compaction<'_>,
        mut record: impl FnMut(i64) -> Result<()>,
    ) -> Result<Option<Compacted>> {
        let _care = State::try_care(&self.directory)?;
        let mut end = self.prepare(how)?;
        // A log that was cut or made anew has none of what was compacted.
        let is_within = (end.start_offset..=end.end_offset).contains(&how.first_dirty);
        let mut first_dirty = if is_within { how.first_dirty } else { end.start_offset };
        let mut done: Option<Compacted> = None;
        let mut removed = 0;
        loop {
            let segments = cleaner::sealed(&self.directory, &self.config, &end)?;
            let job = Job {
                directory: &self.directory,
                config: &self.config,
                end,
                first_dirty,
                now_ms: how.now_ms,
                stop: how.stop,
                is_forced: how.is_forced && done.is_none(),
                map_bytes: how.map_bytes,
            };
            let dirt = job.dirt(&segments);
            if !how.is_forced && done.is_none() && !dirt.is_due(&self.config) {
                return Ok(None);
            }
            let Some(cleaned) = job.round(&segments, &dirt)? else { break };
            let round = cleaned.round;
            if !self.put_in_place(&cleaned)? {
                break;
            }
            record(round.first_dirty)?;
            removed += round.records_before - round.records_after;
            let total = done.get_or_insert_default();
            if total.rounds == 0 {
                total.bytes_before = segments.iter().map(|s| s.bytes).sum();
            }
            total.rounds += 1;
            total.first_dirty = round.first_dirty;
            total.records_after = round.records_after;
            total.records_before = round.records_after + removed;
            first_dirty = round.first_dirty;
            end = self.end()?;
            if first_dirty >= dirt.limit {
                break;
            }
        }
        if let Some(total) = &mut done {
            let now = cleaner::sealed(&self.directory, &self.config, &end)?;
            total.bytes_after = now.iter().map(|s| s.bytes).sum();
        }
        Ok(done)
    }

    /// Ends what a killed compaction left, seals the active segment if that is wanted, and answers
    /// the end.
    fn prepare(&mut self, how: &Compaction<'_>) -> Result<End> {
        let state = Arc::clone(&self.state);
        let _locked = state.lock()?;
        let mut end = self.whole_end()?;
        if swap::finish(&self.directory, &self.config)? {
            self.recount(&mut end)?;
        }
        if how.rolls && end.position > 0 {
            self.roll(&mut end, how.now_ms)?;
        }
        Ok(end)
    }

    /// Puts the new segments in place; false if the old ones changed meanwhile, or went.
    fn put_in_place(&mut self, cleaned: &Cleaned) -> Result<bool> {
        {
            let state = Arc::clone(&self.state);
            let _locked = state.lock()?;
            let mut end = self.whole_end()?;
            if !cleaned.replacements.iter().all(|r| swap::is_current(&self.directory, r)) {
                swap::remove_cleaned(&self.directory)?;
                return Ok(false);
            }
            for replacement in &cleaned.replacements {
                swap::put_in_place(&self.directory, replacement)?;
            }
            self.recount(&mut end)?;
        }
        for replacement in &cleaned.replacements {
            if let Some(&first) = replacement.bases.first() {
                swap::settle(&self.directory, &self.config, first)?;
            }
        }
        Ok(true)
    }

    /// Publishes the size of the sealed segments, and when the log begins, as they are now.
    fn recount(&self, end: &mut End) -> Result<()> {
        let segments = cleaner::sealed(&self.directory, &self.config, end)?;
        end.sealed_bytes = segments.iter().map(|s| s.bytes).sum();
        let recovery = Recovery { directory: &self.directory, config: &self.config };
        let first = segments.first().map_or(end.active_base, |segment| segment.base);
        end.first_timestamp = recovery.first_timestamp(first)?;
        self.state.publish(end, &self.boot);
        Ok(())
    }
}
