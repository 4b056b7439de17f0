//! Owns the check of the file of a group, and making it good. Leaves what is in it to the module
//! above.
//!
//! The file is mended in its place, under the group's mutex: who has it open, or waits for the
//! mutex, goes on with the same file. With a new one beside it a partition could get two owners.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::Ordering;

use super::{
    ALIVE_BYTES, MAGIC, MEMBERS_MAX, MUTEX_BYTE, PEEKS, WORD_MAGIC, WORD_ROSTER, read_roster,
};
use crate::disk::cut::Cut;
use crate::disk::error::{DiskError, Result};
use crate::disk::partition::free_name;
use crate::disk::{file, recovery};
use crate::sys::{self, LockKind, PAGE_BYTES, Page};

/// The most that is kept of a damaged file: what lies behind tells when members last polled.
const KEPT_BYTES_MAX: u64 = 32 << 20;

/// What is wrong with the file of a group.
#[derive(Debug)]
pub struct Wrong {
    /// Where.
    pub position: u64,
    /// What.
    pub reason: String,
    /// Whether somebody is in the group: else the next member makes it anew, and it harms nobody.
    pub is_in_use: bool,
}

/// Looks whether the file of a group is damaged. Takes no lock and writes nothing.
pub fn check(path: &Path) -> Result<Option<Wrong>> {
    let Some(file) = file::open_if_there(path)? else { return Ok(None) };
    let len = file.metadata().map_err(DiskError::io("stat", path))?.len();
    if len < PAGE_BYTES as u64 {
        // Somebody makes it, or was killed when he did.
        return Ok(None);
    }
    let page = Page::map(&file, false).map_err(DiskError::io("map", path))?;
    for peek in 1.. {
        match read_roster(&file, path, &page) {
            // One that is replaced meanwhile does not pass its checksum.
            Err(DiskError::Corrupt { .. }) if peek < PEEKS => {}
            Err(DiskError::Corrupt { position, reason, .. }) => {
                let is_in_use = is_in_use(&file, path)?;
                return Ok(Some(Wrong { position, reason, is_in_use }));
            }
            read => return read.map(|_| None),
        }
    }
    Ok(None)
}

/// Whether somebody, through another opening of the file, is in the group.
pub(super) fn is_in_use(file: &File, path: &Path) -> Result<bool> {
    let members = u64::from(MEMBERS_MAX);
    let holder = sys::lock_holder(file, LockKind::Exclusive, ALIVE_BYTES, members);
    Ok(holder.map_err(DiskError::io("examine", path))?.is_some())
}

/// Makes the file of a group good, if it is damaged: answers what was moved aside.
pub fn repair(path: &Path) -> Result<Option<Cut>> {
    let file = file::open_to_write(path)?;
    file::make_page(&file, path)?;
    let page = Page::map(&file, true).map_err(DiskError::io("map", path))?;
    if !sys::try_lock(&file, LockKind::Exclusive, MUTEX_BYTE, 1)
        .map_err(DiskError::io("lock", path))?
    {
        let holder = "a member of the group".to_owned();
        return Err(DiskError::Busy { path: path.to_owned(), holder });
    }
    // The lock goes with the file.
    match read_roster(&file, path, &page) {
        Err(damage @ DiskError::Corrupt { .. }) => set_aside(&file, path, &page, damage).map(Some),
        read => read.map(|_| None),
    }
}

/// Keeps what a damaged file holds under another name, and leaves it without a roster. Only under
/// the group's mutex; the damage is the answer while somebody else is in the group.
pub(super) fn set_aside(file: &File, path: &Path, page: &Page, damage: DiskError) -> Result<Cut> {
    if is_in_use(file, path)? {
        return Err(damage);
    }
    let (position, reason) = match damage {
        DiskError::Corrupt { position, reason, .. } => (position, reason),
        other => return Err(other),
    };
    let len = file.metadata().map_err(DiskError::io("stat", path))?.len().min(KEPT_BYTES_MAX);
    let aside = free_name(path)?;
    let copied = file::create_new(&aside)
        .and_then(|copy| recovery::copy_range(file, path, (0, len), &copy, &aside, 0));
    if copied.is_err() {
        // Half a copy is no use, and may be what fills the disk.
        drop(std::fs::remove_file(&aside));
    }
    copied?;
    page.word(WORD_ROSTER).store(0, Ordering::Release);
    page.word(WORD_MAGIC).store(MAGIC, Ordering::Release);
    Ok(Cut { from: path.to_owned(), position, path: aside, bytes: len, reason })
}
