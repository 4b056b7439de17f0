//! Owns opening files of a log directory: never through a link, never anything but a file, readable
//! by its owner alone. Leaves their names to `layout`, and what is in them to others.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::error::{DiskError, Result};
use crate::sys::{self, LockKind, PAGE_BYTES};

/// Locked while a page is made, far behind anything that is ever written.
const MAKING_BYTE: u64 = 1 << 59;

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    // Not blocking, so that a pipe by the name of a file is found out and not waited for.
    options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    options
}

fn open(options: &OpenOptions, path: &Path) -> Result<File> {
    let file = options.open(path).map_err(DiskError::io("open", path))?;
    if file.metadata().map_err(DiskError::io("stat", path))?.is_file() {
        return Ok(file);
    }
    Err(DiskError::Foreign { path: path.to_owned(), found: "it is not a file".to_owned() })
}

/// Opens a file to read.
pub fn open_to_read(path: &Path) -> Result<File> {
    open(options().read(true), path)
}

/// Opens a file to read; `None` where there is none.
pub fn open_if_there(path: &Path) -> Result<Option<File>> {
    match open_to_read(path) {
        Ok(file) => Ok(Some(file)),
        Err(DiskError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens a file to read and write, with what it holds, and makes it where it is missing.
pub fn open_to_write(path: &Path) -> Result<File> {
    open(options().read(true).write(true).create(true).truncate(false), path)
}

/// Makes a file as long as the page that is mapped of it. Whoever is first does it: the others may
/// have written to the page already.
pub fn make_page(file: &File, path: &Path) -> Result<()> {
    let is_short = || -> Result<u64> {
        let len = file.metadata().map_err(DiskError::io("stat", path))?.len();
        Ok((PAGE_BYTES as u64).saturating_sub(len))
    };
    if is_short()? == 0 {
        return Ok(());
    }
    sys::lock(file, LockKind::Exclusive, MAKING_BYTE, 1).map_err(DiskError::io("lock", path))?;
    let missing = is_short()?;
    // Written, so that a full disk is an error here and not a signal later.
    let written = file.write_all_at(&vec![0; missing as usize], PAGE_BYTES as u64 - missing);
    sys::unlock(file, MAKING_BYTE, 1).map_err(DiskError::io("unlock", path))?;
    written.map_err(DiskError::io("write", path))
}

/// Opens a file to write from its beginning, with nothing in it.
pub fn create_anew(path: &Path) -> Result<File> {
    open(options().write(true).create(true).truncate(true), path)
}

/// Makes a file that must not be there yet.
pub fn create_new(path: &Path) -> Result<File> {
    open(options().write(true).create_new(true), path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn only_files_are_opened_and_only_for_their_owner() {
        let dir = tempfile::tempdir().unwrap();
        let [file, link, none] = ["file", "link", "none"].map(|name| dir.path().join(name));
        let made = open_to_write(&file).unwrap();
        assert_eq!(made.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        symlink(&file, &link).unwrap();
        assert!(matches!(open_to_read(&link), Err(DiskError::Io { .. })));
        assert!(matches!(create_anew(&link), Err(DiskError::Io { .. })));
        assert!(matches!(open_to_read(dir.path()), Err(DiskError::Foreign { .. })));
        assert!(open_if_there(&none).unwrap().is_none());
        assert!(open_if_there(&file).unwrap().is_some());
        assert!(create_new(&file).is_err());
    }
}
