//! Owns looking after the partitions of a directory: what they need besides their own files, which
//! is the checkpoints at the top. Leaves the work on a partition to `partition` and `verify`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::cleaner::MAP_BYTES_MAX;
use super::cut::Cut;
use super::directory::{Change, LogDirectory};
use super::error::{DiskError, Result};
use super::partition::{Compacted, Compaction, PartitionLog, set_aside};
use super::verify::{Checked, Pace, Subject, verify};
use super::{layout, members, meta};
use crate::config::LogConfig;
use crate::topic::TopicName;

/// The first offset of each log that is not compacted, as it was noted.
fn first_dirty(directory: &Path) -> Result<BTreeMap<(String, i32), i64>> {
    let noted = meta::read_checkpoint(&directory.join(layout::CLEANER_CHECKPOINT));
    match noted {
        // It saves work, and nothing else: without it logs are compacted from their start.
        Err(DiskError::Corrupt { .. }) => Ok(BTreeMap::new()),
        other => other,
    }
}

/// One partition, for the functions below.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The directory.
    pub directory: &'a LogDirectory,
    /// The topic.
    pub topic: &'a TopicName,
    /// The partition.
    pub partition: i32,
    /// The topic's config.
    pub config: &'a LogConfig,
}

impl Place<'_> {
    /// Compacts the partition, by force or where its config asks for it.
    pub fn compact(
        &self,
        log: &mut PartitionLog,
        now_ms: i64,
        (is_forced, rolls): (bool, bool),
        stop: &AtomicBool,
    ) -> Result<Option<Compacted>> {
        let top = self.directory.path();
        let key = (self.topic.to_string(), self.partition);
        let noted = first_dirty(top)?.get(&key).copied().unwrap_or(0);
        let how = Compaction {
            first_dirty: noted,
            now_ms,
            stop,
            is_forced,
            rolls,
            map_bytes: MAP_BYTES_MAX,
        };
        log.compact(&how, |offset| match self.directory.change() {
            Ok(change) => note_first_dirty(&change, self.directory, &key, offset),
            // Who changes topics now is not waited for: the next compaction reads more, that is
            // all.
            Err(DiskError::Busy { .. }) => Ok(()),
            Err(error) => Err(error),
        })
    }

    /// Checks the partition.
    pub fn verify(&self, topic_id: meta::Uuid, pace: &Pace) -> Result<Checked> {
        let path = self.directory.partition_path(self.topic, self.partition);
        layout::check_partition(&path)?;
        let starts = self.directory.log_starts().unwrap_or_default();
        let start = starts.get(&(self.topic.to_string(), self.partition)).copied();
        let subject = Subject {
            directory: &path,
            config: self.config,
            topic_id,
            boot: self.directory.boot(),
            log_start: start.unwrap_or(0),
            noted: self.directory.noted(self.topic, self.partition),
        };
        verify(subject, pace)
    }
}

/// Notes how far a log is compacted, under the lock of changes.
fn note_first_dirty(
    _change: &Change<'_>,
    directory: &LogDirectory,
    key: &(String, i32),
    offset: i64,
) -> Result<()> {
    let mut all = first_dirty(directory.path())?;
    all.insert(key.clone(), offset);
    meta::write_checkpoint(&directory.path().join(layout::CLEANER_CHECKPOINT), &all)
}

/// Moves the damaged files of `checked` at the top of a directory aside, where kaw can do without.
/// Under the lock of changes.
pub fn repair_top(_change: &Change<'_>, checked: &Checked) -> Result<Vec<Cut>> {
    let mut paths: Vec<&PathBuf> = checked
        .findings
        .iter()
        .filter(|finding| finding.is_damage)
        .map(|finding| &finding.path)
        .filter(|path| path.to_string_lossy().ends_with("-checkpoint"))
        .collect();
    paths.dedup();
    let mut cut: Vec<Cut> = paths.into_iter().map(|path| set_aside(path)).collect::<Result<_>>()?;
    for finding in &checked.findings {
        if layout::is_group_file(&finding.path) {
            match members::repair(&finding.path) {
                // Somebody is in the group: it stays as it is, and is told.
                Err(DiskError::Corrupt { .. } | DiskError::Busy { .. }) => {}
                repaired => cut.extend(repaired?),
            }
        }
    }
    Ok(cut)
}
