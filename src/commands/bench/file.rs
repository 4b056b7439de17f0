//! Owns the files of `kaw bench`: runs that are saved and read again, and drawings. Leaves what is
//! in them to its callers.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;

use crate::commands::{Failure, Status};

/// The largest run that is read.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Writes a file, in the place of one that is there.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = File::create(path).and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| cannot_write(path, error))
}

/// The failure to write a file.
fn cannot_write(path: &Path, error: io::Error) -> Failure {
    Failure::local(format!("cannot write {}", path.display()), error)
}

/// Reads a run that was saved.
pub fn read(path: &Path) -> Result<serde_json::Value, Failure> {
    let name = path.display();
    let fail = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => {
            Failure::new(Status::NotFound, "NOT_FOUND", format!("there is no file {name}")).hint(
                "a command is one argument: `kaw bench compare 'produce t --acks 1' 'produce t'`",
            )
        }
        _ => Failure::local(format!("cannot read {name}"), error),
    };
    let mut text = String::new();
    let file = File::open(path).map_err(fail)?;
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(fail)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(fail(io::ErrorKind::FileTooLarge.into()));
    }
    let strange =
        || Failure::usage(format!("{name} is no run that `kaw bench --save` has written"));
    parsed(&text).ok_or_else(strange)
}

/// The row of a run in what is saved of it.
pub fn parsed(text: &str) -> Option<serde_json::Value> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    let ours = json.get("kind").and_then(serde_json::Value::as_str) == Some(super::report::KIND);
    json.get("items").and_then(|items| items.get(0)).filter(|_| ours).cloned()
}

/// Fails where a file could not be written afterwards. One that is there stays as it is, and none
/// is left behind for a run that fails.
pub fn check(path: &Path) -> Result<(), Failure> {
    let is_new = path.symlink_metadata().is_err();
    let opened = File::options().append(true).create(true).open(path);
    let tried = opened.and_then(|_| if is_new { std::fs::remove_file(path) } else { Ok(()) });
    tried.map_err(|error| cannot_write(path, error))
}
