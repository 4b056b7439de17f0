//! Owns partitions that no list of topics names, since the list itself is gone: they are not to be
//! hidden, or to be taken for leftovers. Leaves reading and writing the list to `registry`.

use std::path::Path;

use super::directory::{Change, LogDirectory};
use super::error::{DiskError, Result};
use super::layout::{self, SegmentFile};
use super::registry::Registry;
use super::{foreign, offsets, segment};

/// The most partitions that are named in a message.
const NAMED_MAX: usize = 3;

/// What is wrong with the directory `path` where it has records and no list of topics; `None` where
/// nothing is. A first creation that was cut short leaves directories, and no record in them.
pub fn complaint(path: &Path) -> Result<Option<String>> {
    let registry = path.join(layout::REGISTRY);
    if registry.try_exists().map_err(DiskError::io("stat", &registry))? {
        return Ok(None);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(DiskError::io("list", path))? {
        let entry = entry.map_err(DiskError::io("list", path))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_partition = layout::parse_partition_directory(&name).is_some();
        if is_partition && entry.path().is_dir() && holds_records(&entry.path())? {
            found.push(name);
        }
    }
    if found.is_empty() {
        return Ok(None);
    }
    found.sort();
    let more = found.len().saturating_sub(NAMED_MAX);
    found.truncate(NAMED_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Ok(Some(format!(
        "{} is missing, which names the topics, and there are records of {}{more}",
        layout::REGISTRY,
        found.join(", ")
    )))
}

/// Whether any segment of the partition in `path` has bytes.
pub fn holds_records(path: &Path) -> Result<bool> {
    let has_bytes = |base: &i64| {
        let log = layout::segment_file(path, *base, SegmentFile::Log);
        std::fs::metadata(log).map_or(true, |facts| facts.len() > 0)
    };
    Ok(segment::list(path)?.iter().any(has_bytes))
}

/// Refuses the directory `path` where its list of topics is gone.
pub fn refuse(path: &Path) -> Result<()> {
    complaint(path)?.map_or(Ok(()), |found| {
        let found = format!(
            "{found}: put that file back, or let `kaw topics verify --repair` make it anew, \
             without the configs of topics"
        );
        Err(DiskError::Foreign { path: path.to_owned(), found })
    })
}

impl LogDirectory {
    /// Begins a change to the topics that the directories of partitions name, where the list is
    /// gone: to be committed.
    pub fn relist(&self) -> Result<Change<'_>> {
        self.change_from(|| {
            let mut registry = Registry::default();
            if complaint(self.path())?.is_some() {
                registry.topics = foreign::registry(self.path())?.topics;
            } else {
                registry = self.registry()?;
            }
            let mut topics = registry.topics.iter_mut();
            if let Some((_, commits)) = topics.find(|(name, _)| name.as_str() == offsets::TOPIC) {
                commits.configs.extend(offsets::CONFIGS.map(|(n, v)| (n.to_owned(), v.to_owned())));
            }
            Ok(registry)
        })
    }
}
