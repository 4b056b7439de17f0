//! Owns the errors of the files: each names the file, and says what was done or found there.
//! Leaves Kafka's names for them to `cluster`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::sys;

/// What can go wrong with a log directory.
#[derive(Debug)]
pub enum DiskError {
    /// The operating system refused.
    Io {
        /// What was being done, as in "cannot write".
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Bytes that cannot be what was written.
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Byte position in it.
        position: u64,
        /// The offset that was expected there, where there is one.
        offset: Option<i64>,
        /// What is wrong.
        reason: String,
    },
    /// Somebody holds a lock that is needed.
    Busy {
        /// The locked file.
        path: PathBuf,
        /// Who, as far as can be told.
        holder: String,
    },
    /// The topic was deleted while it was in use.
    Deleted {
        /// Directory of the partition.
        path: PathBuf,
    },
    /// An earlier sync of this partition failed: what was acknowledged since is not known.
    Fenced {
        /// Directory of the partition.
        path: PathBuf,
    },
    /// Another run took over the name of a producer.
    TakenOver {
        /// The name.
        name: String,
    },
    /// A producer wants to go on otherwise than it began.
    Otherwise {
        /// Its name.
        name: String,
        /// What it began with.
        was: String,
        /// What it is now.
        is: String,
    },
    /// A batch that does not fit the topic's limits.
    TooLarge {
        /// Its size on disk.
        bytes: u64,
        /// The most that is allowed, `max.message.bytes`.
        max_bytes: u64,
    },
    /// The path does not exist.
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// A directory that others could change while we write to it.
    Insecure {
        /// The directory.
        path: PathBuf,
        /// Who could.
        found: String,
    },
    /// Something that is not ours, or not of this version.
    Foreign {
        /// The path.
        path: PathBuf,
        /// What was found.
        found: String,
    },
}

/// The result of work on files.
pub type Result<T, E = DiskError> = std::result::Result<T, E>;

impl DiskError {
    /// Wraps an error of the operating system; use as `.map_err(DiskError::io("read", path))`.
    pub fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    /// Wraps an error of a read of `path` at `position`: bytes that should be there, and are not,
    /// are damage.
    pub fn read(path: &Path, position: u64) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::UnexpectedEof => {
                Self::corrupt(&path, position, "it ends before what should be there")
            }
            _ => Self::Io { doing: "read", path, source },
        }
    }

    /// Whether there is no space left, or no leave to use it.
    pub fn is_full_disk(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let Self::Io { source, .. } = self else { return false };
        matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge)
    }

    /// The same; but that the topic was deleted, where a file is missing and so is `partition`.
    #[must_use]
    pub fn or_deleted(self, partition: &Path) -> Self {
        let missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        match self {
            Self::Io { source, .. } if missing(&source) && !partition.exists() => {
                Self::Deleted { path: partition.to_owned() }
            }
            other => other,
        }
    }

    /// Damage in `path` at `position`.
    pub fn corrupt(path: &Path, position: u64, reason: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_owned(), position, offset: None, reason: reason.into() }
    }
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { doing, path, source } => {
                write!(f, "cannot {doing} {}: {}", path.display(), sys::reason(source))
            }
            Self::Corrupt { path, position, offset, reason } => {
                write!(f, "{} is damaged at byte {position}", path.display())?;
                if let Some(offset) = offset {
                    write!(f, " (offset {offset})")?;
                }
                write!(f, ": {reason}")
            }
            Self::Busy { path, holder } => write!(f, "{} is locked by {holder}", path.display()),
            Self::Deleted { path } => {
                write!(f, "{} was deleted while it was in use", path.display())
            }
            Self::TakenOver { name } => {
                write!(f, "another run has taken over `{name}`")
            }
            Self::Otherwise { name, was, is } => {
                write!(f, "`{name}` began with {was}, and not with {is}: records would move")
            }
            Self::Fenced { path } => {
                write!(f, "{} takes no records: an earlier sync to disk failed", path.display())
            }
            Self::TooLarge { bytes, max_bytes } => {
                write!(f, "a batch of {bytes} bytes is larger than max.message.bytes ({max_bytes})")
            }
            Self::Missing { path } => write!(f, "{} does not exist", path.display()),
            Self::Insecure { path, found } | Self::Foreign { path, found } => {
                write!(f, "{}: {found}", path.display())
            }
        }
    }
}

impl std::error::Error for DiskError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The text of the cause is in the sentence already; a chain would print it twice.
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_missing_with_its_partition_was_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let gone = dir.path().join("t-0");
        let missing = || DiskError::io("open", &gone.join("a"))(io::ErrorKind::NotFound.into());
        let deleted = missing().or_deleted(&gone);
        assert!(matches!(&deleted, DiskError::Deleted { path } if *path == gone), "{deleted}");
        assert!(matches!(missing().or_deleted(dir.path()), DiskError::Io { .. }));
        let denied = DiskError::io("open", &gone)(io::ErrorKind::PermissionDenied.into());
        assert!(matches!(denied.or_deleted(&gone), DiskError::Io { .. }));
    }

    #[test]
    fn the_systems_reason_ends_the_sentence() {
        let full = DiskError::io("write", Path::new("/a"))(io::Error::from_raw_os_error(28));
        assert_eq!(full.to_string(), "cannot write /a: no space left on device");
    }
}
