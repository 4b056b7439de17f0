//! Owns where input comes from: files and stdin, one after another, in stretches of bytes. Knows
//! whether more is there already, so that nothing waits for a buffer to fill. Leaves records to
//! `input`.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::commands::{Failure, Stop};
use crate::sys;

/// What stdin is called among the files.
const STDIN: &str = "-";
/// A pipe of this size carries the same bytes in fewer turns of writer and reader.
const PIPE_BYTES: i32 = 1 << 20;
/// How often a wait for input looks whether it should go on.
const WAIT: Duration = Duration::from_millis(100);

/// An open input.
#[derive(Debug)]
struct Open {
    file: File,
    name: String,
    /// Bytes of a regular file at the time it was opened; what grows behind that is not read.
    left: Option<u64>,
}

/// What a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Got {
    /// This many bytes.
    Bytes(usize),
    /// The end of a file; another may follow.
    EndOfFile,
    /// The end of the last file.
    End,
    /// A stop was asked for: what was read so far is not the end of anything.
    Stopped,
}

/// Files, read one after another.
#[derive(Debug)]
pub struct Source<'a> {
    files: VecDeque<PathBuf>,
    open: Option<Open>,
    stop: &'a Stop,
}

impl<'a> Source<'a> {
    /// The files, in order; stdin when there are none.
    pub fn new(files: &[PathBuf], stop: &'a Stop) -> Self {
        let files = if files.is_empty() {
            VecDeque::from([PathBuf::from(STDIN)])
        } else {
            files.iter().cloned().collect()
        };
        Self { files, open: None, stop }
    }

    /// Opens the next file, which stays the next one if that fails; false when there is none.
    fn open_next(&mut self) -> Result<bool, Failure> {
        let Some(path) = self.files.front() else { return Ok(false) };
        let name = path.display().to_string();
        let open = if path.as_os_str() == STDIN {
            let file = sys::duplicate(std::io::stdin())
                .map_err(|e| Failure::local("cannot read stdin", e))?;
            sys::grow_pipe(file.as_fd(), PIPE_BYTES);
            Open { file, name: "stdin".to_owned(), left: None }
        } else {
            let cannot = |e| Failure::local(format!("cannot read {name}"), e);
            // A named pipe is waited for where a stop is looked at, and not here.
            let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path);
            let file = file.map_err(|e| match e.kind() {
                ErrorKind::NotFound => missing(&name),
                _ => cannot(e),
            })?;
            let facts = file.metadata().map_err(cannot)?;
            if facts.is_dir() {
                return Err(is_directory(&name));
            }
            let left = facts.is_file().then_some(facts.len());
            Open { file, name, left }
        };
        self.files.pop_front();
        self.open = Some(open);
        Ok(true)
    }

    /// Reads into `room`, which is not empty; waits for bytes, and gives up when asked to stop.
    pub fn read(&mut self, room: &mut [u8]) -> Result<Got, Failure> {
        if self.open.is_none() && !self.open_next()? {
            return Ok(Got::End);
        }
        let Some(open) = &mut self.open else { return Ok(Got::End) };
        let limit = open.left.map_or(room.len(), |left| left.min(room.len() as u64) as usize);
        let room = room.get_mut(..limit).unwrap_or_default();
        let got = loop {
            if self.stop.requested().is_some() {
                return Ok(Got::Stopped);
            }
            if open.left.is_none() && !sys::readable(open.file.as_fd(), WAIT) {
                continue;
            }
            match open.file.read(room) {
                Ok(got) => break got,
                Err(e) if matches!(e.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
                Err(e) => return Err(Failure::local(format!("cannot read {}", open.name), e)),
            }
        };
        if let Some(left) = &mut open.left {
            *left -= got as u64;
        }
        if got > 0 {
            return Ok(Got::Bytes(got));
        }
        self.open = None;
        Ok(if self.files.is_empty() { Got::End } else { Got::EndOfFile })
    }

    /// Whether a read would bring something within `timeout`: bytes, an end or an error.
    pub fn is_ready(&mut self, timeout: Duration) -> bool {
        if self.open.is_none() {
            match self.open_next() {
                Ok(true) => {}
                Ok(false) => return false,
                Err(_) => return true,
            }
        }
        let Some(open) = &self.open else { return false };
        open.left.is_some() || sys::readable(open.file.as_fd(), timeout)
    }
}

/// Refuses files that cannot be read from, before anything is sent.
pub fn check(files: &[PathBuf]) -> Result<(), Failure> {
    for path in files.iter().filter(|path| path.as_os_str() != STDIN) {
        let name = path.display().to_string();
        match std::fs::metadata(path) {
            Ok(facts) if facts.is_dir() => return Err(is_directory(&name)),
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(missing(&name)),
            Err(e) => return Err(Failure::local(format!("cannot read {name}"), e)),
        }
    }
    Ok(())
}

fn is_directory(name: &str) -> Failure {
    Failure::usage(format!("{name} is a directory, not a file of records"))
}

fn missing(name: &str) -> Failure {
    Failure::new(super::Status::NotFound, "NOT_FOUND", format!("there is no file {name}"))
}
