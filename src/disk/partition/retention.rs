//! Owns retention: which segments are too old, or too many, and removing them
//! (`UnifiedLog.deleteOldSegments`).

use std::sync::Arc;

use super::{PartitionLog, segment};
use crate::disk::cleaner;
use crate::disk::error::Result;
use crate::disk::recovery::Recovery;

/// What retention deleted, or would delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retained {
    /// Segments that went.
    pub segments: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The log start offset before.
    pub old_start: i64,
    /// The log start offset now.
    pub new_start: i64,
}

impl PartitionLog {
    /// Deletes the segments that the topic's config gives up. The active segment is among them only
    /// if it `may_roll`; `is_dry` only says what would go.
    pub fn retain(&mut self, now_ms: i64, may_roll: bool, is_dry: bool) -> Result<Retained> {
        let state = Arc::clone(&self.state);
        let _locked = state.lock()?;
        let mut end = self.whole_end()?;
        let old_start = end.start_offset;
        let mut retained = Retained { segments: 0, bytes: 0, old_start, new_start: old_start };
        if !self.config.cleanup_policy.delete {
            return Ok(retained);
        }
        let mut all = cleaner::sealed(&self.directory, &self.config, &end)?;
        if may_roll && end.position > 0 {
            let recovery = Recovery { directory: &self.directory, config: &self.config };
            let max_timestamp = match end.segment_max_timestamp {
                -1 => recovery.largest(end.active_base)?,
                timestamp => timestamp,
            };
            let (base, bytes) = (end.active_base, end.position);
            all.push(cleaner::Sealed { base, bytes, max_timestamp });
        }
        // The active segment counts, whether it may go or not.
        let mut excess = match u64::try_from(self.config.retention_bytes) {
            Ok(most) => (end.sealed_bytes + end.position).saturating_sub(most),
            Err(_) => 0,
        };
        let mut is_over = self.config.retention_bytes >= 0;
        for segment in &all {
            is_over &= excess >= segment.bytes;
            let age = now_ms.saturating_sub(segment.max_timestamp);
            let is_old = self.config.retention_ms >= 0 && age > self.config.retention_ms;
            if !is_over && !is_old {
                break;
            }
            excess = excess.saturating_sub(segment.bytes);
            retained.segments += 1;
            retained.bytes += segment.bytes;
        }
        let next = all.get(retained.segments).map(|segment| segment.base);
        let left = if may_roll { end.end_offset } else { end.active_base };
        let start = next.unwrap_or(left).max(old_start);
        retained.new_start = if retained.segments == 0 { old_start } else { start };
        if retained.segments == 0 || is_dry {
            return Ok(retained);
        }
        if start == end.end_offset {
            if end.position > 0 {
                self.roll(&mut end, now_ms)?;
            }
            // Its name says where the log stands, once all others have gone.
            self.active(&end)?;
            segment::sync_directory(&self.directory)?;
        }
        self.trim_locked(end, start, now_ms, |_| Ok(()))?;
        Ok(retained)
    }
}
