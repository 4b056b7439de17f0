//! Owns the check of the small files: snapshots, checkpoints, ids, and names that do not belong.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{Check, Checked, Finding};
use crate::disk::error::{DiskError, Result};
use crate::disk::layout::{self, SegmentFile};
use crate::disk::members::Wrong;
use crate::disk::{foreign, members, meta, producers, resume, unlisted};

/// The largest of the small files.
const SMALL_BYTES_MAX: u64 = 64 << 20;

/// The checkpoints of offsets that may lie in a log directory.
const CHECKPOINTS: [&str; 4] = [
    layout::LOG_START_CHECKPOINT,
    layout::CLEANER_CHECKPOINT,
    layout::RECOVERY_CHECKPOINT,
    layout::HIGH_WATERMARK_CHECKPOINT,
];

/// Checks the files that lie beside the partitions.
pub fn verify_top(directory: &Path) -> Result<Checked> {
    let mut checked = Checked::default();
    let mut take = |path: &Path, result: Result<()>| match result {
        Err(DiskError::Corrupt { position, offset, reason, .. }) => {
            checked.add(path, Some(position), offset, reason);
            Ok(())
        }
        Err(DiskError::Foreign { found, .. }) => {
            checked.add(path, Some(0), None, found);
            Ok(())
        }
        other => other,
    };
    let meta_path = directory.join(layout::META_PROPERTIES);
    let ids = match meta::read_meta_properties(directory) {
        // Brokers with ZooKeeper had another form of ids.
        Err(DiskError::Foreign { .. }) if foreign::is_foreign(directory) => Ok(()),
        answer => answer.map(drop),
    };
    take(&meta_path, ids)?;
    if !foreign::is_foreign(directory)
        && let Some(found) = unlisted::complaint(directory)?
    {
        let path = directory.join(layout::REGISTRY);
        take(&path, Err(DiskError::corrupt(&path, 0, found)))?;
    }
    for name in CHECKPOINTS {
        let path = directory.join(name);
        let read = if foreign::is_foreign(directory) {
            foreign::read_checkpoint(&path)
        } else {
            meta::read_checkpoint(&path)
        };
        take(&path, read.map(drop))?;
    }
    let mut groups = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(DiskError::io("list", directory))? {
        let entry = entry.map_err(DiskError::io("list", directory))?;
        let name = entry.file_name();
        // What replaces one is called otherwise until it is whole.
        let is_state =
            |name: &str| name.starts_with(layout::RESUME_PREFIX) && !name.ends_with(layout::BESIDE);
        if name.to_str().is_some_and(is_state) {
            take(&entry.path(), resume::check(&entry.path()))?;
        }
        let path = entry.path();
        if layout::is_group_file(&path)
            && let Some(Wrong { position, reason, is_in_use }) = members::check(&path)?
        {
            groups.push(Finding {
                path,
                position: Some(position),
                offset: None,
                what: if is_in_use {
                    reason
                } else {
                    format!("{reason}; the next member mends it")
                },
                is_damage: is_in_use,
            });
        }
    }
    checked.findings.append(&mut groups);
    Ok(checked)
}

impl Check<'_> {
    /// Checks the files that have no segment of their own.
    pub(super) fn check_small_files(&mut self) -> Result<()> {
        let directory = self.subject.directory;
        let path = directory.join(layout::PARTITION_METADATA);
        let said = self.read_small(&path)?;
        let due = meta::partition_metadata(self.subject.topic_id);
        match said {
            // Topics had no ids before Kafka 2.8.
            None if self.subject.topic_id.as_u128() == 0 => {}
            None => self.checked.add(&path, None, None, "it is missing".to_owned()),
            Some(text) if text.trim_end() != due => {
                let what = format!("it does not say `{}`", due.replace('\n', " "));
                self.checked.add(&path, Some(0), None, what);
            }
            Some(_) => {}
        }
        let path = directory.join(layout::LEADER_EPOCHS);
        if let Some(text) = self.read_small(&path)?
            && !meta::is_epochs(text.as_bytes())
        {
            let what = "it is not a checkpoint of leader epochs".to_owned();
            self.checked.add(&path, Some(0), None, what);
        }
        Ok(())
    }

    fn read_small(&mut self, path: &Path) -> Result<Option<String>> {
        let bytes = meta::read_file(path, SMALL_BYTES_MAX)?;
        self.checked.bytes += bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Checks what else lies in the partition's directory; answers the segments of a
    /// compaction that was cut short.
    pub(super) fn check_names(&mut self, bases: &[i64]) -> Result<Vec<i64>> {
        let directory = self.subject.directory;
        let mut swaps = Vec::new();
        for entry in std::fs::read_dir(directory).map_err(DiskError::io("list", directory))? {
            let entry = entry.map_err(DiskError::io("list", directory))?;
            let (path, name) = (entry.path(), entry.file_name());
            let Some(name) = name.to_str() else { continue };
            match layout::parse_segment_file(name) {
                Some((base, SegmentFile::Log)) => {
                    // Another process may have removed it since.
                    let links = entry.metadata().map_or(1, |facts| facts.nlink());
                    if links > 1 && bases.contains(&base) {
                        self.checked.note(&path, format!("it has {links} names (hard links)"));
                    }
                }
                Some((_, SegmentFile::Snapshot)) => self.check_snapshot(&path)?,
                Some((base, _)) => {
                    let is_sealed = self.end.is_none_or(|end| base < end.active_base);
                    if is_sealed && !bases.contains(&base) {
                        self.checked.note(&path, "it is the index of no segment");
                    }
                }
                None => swaps.extend(self.check_leftover(&path, name)),
            }
        }
        self.checked.findings.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(swaps)
    }

    /// Takes note of a name that is not, or no more, that of a file of a segment; answers the
    /// segment that a compaction was to replace.
    fn check_leftover(&mut self, path: &Path, name: &str) -> Option<i64> {
        if let Some(of) = name.strip_suffix(layout::SWAP) {
            self.checked.note(path, "a compaction was cut short; the next one ends it");
            return layout::parse_segment_file(of).map(|(base, _)| base);
        }
        if name.ends_with(layout::CLEANED) || name.ends_with(layout::DELETED) {
            self.checked.note(path, "it is a leftover, which nobody reads");
        } else if name.ends_with(SegmentFile::Log.suffix()) {
            self.checked.note(path, "it is not the name of a segment, and is not read");
        }
        None
    }

    fn check_snapshot(&mut self, path: &Path) -> Result<()> {
        let Some(bytes) = meta::read_file(path, SMALL_BYTES_MAX)? else { return Ok(()) };
        self.checked.bytes += bytes.len() as u64;
        if producers::decode(&bytes).is_none() && self.end.is_none() {
            // The machine may have ended before it was on the device; a writer makes it anew.
            self.checked.note(path, "it is not a snapshot of producers, and is not read");
        } else if producers::decode(&bytes).is_none() {
            let what = "it is not a snapshot of producers".to_owned();
            self.checked.findings.push(Finding {
                path: path.to_owned(),
                position: Some(0),
                offset: None,
                what,
                is_damage: true,
            });
        }
        Ok(())
    }
}
