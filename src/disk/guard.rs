//! Owns the question whether a directory can be worked on at all: that it is one, that locks hold
//! there, that nobody else can change what is written, and that it is what it is taken for. Leaves
//! what is in it to `directory`.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::{DiskError, Result};
use super::layout;
use super::meta::{self, Uuid};
use crate::sys;

/// File systems whose locks or shared mappings do not hold between machines, or at all, by the
/// magic number of statfs(2).
const REMOTE_FILE_SYSTEMS: [(i64, &str); 9] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0102_1997, "9p"),
    (0x6573_5546, "FUSE"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x0bd0_0bd0, "Lustre"),
];

/// Refuses what is no directory.
pub(super) fn check_is_directory(path: &Path) -> Result<()> {
    match std::fs::metadata(path) {
        Ok(facts) if facts.is_dir() => Ok(()),
        Ok(_) => {
            let found = "it is not a directory".to_owned();
            Err(DiskError::Foreign { path: path.to_owned(), found })
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            Err(DiskError::Missing { path: path.to_owned() })
        }
        Err(e) => Err(DiskError::io("open", path)(e)),
    }
}

/// Refuses a directory where locks do not hold.
pub(super) fn check_file_system(path: &Path) -> Result<()> {
    let kind = sys::file_system(path).map_err(DiskError::io("examine", path))?.kind;
    match REMOTE_FILE_SYSTEMS.iter().find(|(magic, _)| *magic == kind) {
        Some((_, name)) => {
            let found = format!("it is on {name}, where locks do not hold; use a local disk");
            Err(DiskError::Foreign { path: path.to_owned(), found })
        }
        None => Ok(()),
    }
}

/// Whether directories are written to whoever else may do so.
static TRUSTS_ALL: AtomicBool = AtomicBool::new(false);

/// From now on writes to directories that others could change (`--insecure-dir`).
pub fn trust_all() {
    TRUSTS_ALL.store(true, Ordering::Relaxed);
}

/// Refuses to write where others could change what is written, or could no longer read it: a
/// directory that is not ours, or that everybody can write to. A group may be our own alone.
pub(super) fn check_owner(path: &Path) -> Result<()> {
    let facts = match std::fs::metadata(path) {
        // It is told by who opens it.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        facts => facts.map_err(DiskError::io("stat", path))?,
    };
    let found = if facts.uid() != sys::effective_user() {
        format!("it belongs to another user ({})", facts.uid())
    } else if facts.mode() & 0o002 != 0 {
        "every user can write to it".to_owned()
    } else {
        return Ok(());
    };
    if TRUSTS_ALL.load(Ordering::Relaxed) {
        return Ok(());
    }
    Err(DiskError::Insecure { path: path.to_owned(), found })
}

/// Refuses to write to a directory of a version that is not known.
pub(super) fn check_version(path: &Path) -> Result<()> {
    match meta::read_meta_properties(path) {
        Err(error @ DiskError::Foreign { .. }) => Err(error),
        // What else is wrong with its ids is told by who needs them.
        _ => Ok(()),
    }
}

/// Refuses to write to the directory of a partition that does not say that it is of the topic with
/// this id: it may have come from elsewhere.
pub fn check_topic_id(partition: &Path, id: Uuid) -> Result<()> {
    let due = meta::partition_metadata(id);
    let found = match meta::read_partition_metadata(partition)? {
        Some(bytes) if bytes.trim_ascii_end() == due.as_bytes() => return Ok(()),
        // That is told by who opens it.
        None if !partition.exists() => return Ok(()),
        Some(_) => format!("it does not say that the partition is of the topic with the id {id}"),
        None => "it is missing, and with it the id of the topic".to_owned(),
    };
    let found = format!("{found}; `kaw topics verify --repair` makes it anew");
    Err(DiskError::Foreign { path: partition.join(layout::PARTITION_METADATA), found })
}
