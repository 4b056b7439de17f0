//! Owns telling what recovery and repairs moved aside. Leaves moving it to `recovery` and
//! `partition`.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::layout;

/// Bytes that were moved aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The file that had them.
    pub from: PathBuf,
    /// Where in it.
    pub position: u64,
    /// Where they are now.
    pub path: PathBuf,
    /// How many.
    pub bytes: u64,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, position, path, bytes, reason } = self;
        // The partition first, as in all that is told of one.
        let within = from.parent().and_then(|parent| parent.file_name()?.to_str());
        if let Some(partition) = within.filter(|n| layout::parse_partition_directory(n).is_some()) {
            write!(f, "{partition}: ")?;
        }
        let file = from.file_name().unwrap_or_default().display();
        let path = path.display();
        write!(
            f,
            "{bytes} bytes that were not whole, at position {position} of {file}, were moved to \
             {path}: {reason}"
        )
    }
}

/// What was moved aside and is not told yet. Clones are of one list: whoever opens a directory has
/// it, and what works below adds to it.
#[derive(Clone, Debug, Default)]
pub struct Cuts(Arc<Mutex<Vec<Cut>>>);

impl Cuts {
    /// Adds to them.
    pub fn extend(&self, cuts: Vec<Cut>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(cuts);
    }

    /// Takes them, to be told.
    pub fn take(&self) -> Vec<Cut> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
