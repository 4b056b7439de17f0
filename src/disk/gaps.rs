//! Owns whether offsets may be missing in a partition: where compaction took their records. A topic
//! may not be compacted any more, and keeps the gaps; so the first compaction leaves a mark.

use std::path::Path;

use super::error::{DiskError, Result};
use super::{file, layout, segment};
use crate::config::LogConfig;

/// Whether gaps between offsets are legal in the partition in `directory`.
pub fn are_legal(directory: &Path, config: &LogConfig) -> bool {
    config.cleanup_policy.compact || directory.join(layout::COMPACTED).exists()
}

/// Notes that there are gaps from now on, and waits for the device: before the first is made.
pub fn note(directory: &Path) -> Result<()> {
    let path = directory.join(layout::COMPACTED);
    if path.try_exists().map_err(DiskError::io("stat", &path))? {
        return Ok(());
    }
    file::open_to_write(&path)?;
    segment::sync_directory(directory)
}
