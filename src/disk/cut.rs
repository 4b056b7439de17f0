//! Owns telling what recovery and repairs moved aside, and what else of a directory is worth a
//! word. Leaves moving it to `recovery` and `partition`.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// What is to be told of a directory.
#[derive(Debug, Default)]
struct News {
    cuts: Vec<Cut>,
    notes: Vec<String>,
}

/// What was moved aside and is not told yet, and what else is to be told. Clones are of one list:
/// whoever opens a directory has it, and what works below adds to it.
#[derive(Clone, Debug, Default)]
pub struct Cuts(Arc<Mutex<News>>);

impl Cuts {
    /// What is in it.
    fn news(&self) -> MutexGuard<'_, News> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to them.
    pub fn extend(&self, cuts: Vec<Cut>) {
        self.news().cuts.extend(cuts);
    }

    /// Adds what is worth a word, as a sentence.
    pub fn note(&self, sentence: String) {
        self.news().notes.push(sentence);
    }

    /// Takes them, to be told.
    pub fn take(&self) -> Vec<Cut> {
        std::mem::take(&mut self.news().cuts)
    }

    /// Takes all that is to be told, as sentences.
    pub fn take_all(&self) -> Vec<String> {
        let News { cuts, notes } = std::mem::take(&mut *self.news());
        cuts.iter().map(ToString::to_string).chain(notes).collect()
    }
}
