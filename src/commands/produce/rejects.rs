//! Owns the file of `--rejects`: what no record could be made of, byte by byte as it was read, so
//! that it can be mended and fed in again. Leaves what is wrong with it to `input`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::commands::Failure;

/// The file, open.
#[derive(Debug)]
pub struct Rejects {
    path: PathBuf,
    file: BufWriter<File>,
    failed: Option<io::Error>,
}

impl Rejects {
    /// Makes the file anew.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let file = File::create(path)
            .map_err(|e| Failure::local(format!("cannot write {}", path.display()), e))?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), failed: None })
    }

    /// Appends bytes; what fails is told in the end.
    pub fn put(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.failed = self.file.write_all(bytes).err();
        }
    }

    /// Sees to it that all of it is in the file.
    pub fn finish(&mut self) -> Result<(), Failure> {
        let failed = self.failed.take().map_or_else(|| self.file.flush(), Err);
        failed.map_err(|e| Failure::local(format!("cannot write {}", self.path.display()), e))
    }
}
