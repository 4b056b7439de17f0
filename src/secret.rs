//! Owns secrets: how they are kept out of what is printed, and where they come from (a file, a
//! command, a variable, a prompt). Leaves what each is for to `cli` and to the remote back end.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::sys;

/// The largest secret: a token with many claims has some kilobytes.
const BYTES_MAX: usize = 64 << 10;
/// How long a command may take: it may ask a person for a passphrase.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);
/// How often a prompt looks for a signal.
const TICK: Duration = Duration::from_millis(100);
/// The modes that let others than the owner read a file.
const OTHERS_MAY_READ: u32 = 0o044;

/// A text that no output shows, not even `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for those who need it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// The first and only line of this file.
    File(PathBuf),
    /// What this program, with these arguments, prints; no shell looks at them.
    Command(Vec<String>),
    /// This environment variable.
    Variable(String),
    /// Whoever sits at the terminal, asked by these words.
    Prompt(String),
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {}", path.display()),
            // Its arguments are the business of whoever wrote them.
            Self::Command(words) => write!(f, "command {}", words.first().map_or("", |w| w)),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Prompt(_) => f.write_str("a prompt"),
        }
    }
}

impl SecretSource {
    /// Fetches the secret: one line of UTF-8, without its end, and not nothing.
    pub fn fetch(&self) -> io::Result<Secret> {
        let bytes = match self {
            Self::File(path) => read_bounded(&mut open(path)?, BYTES_MAX)?,
            Self::Command(words) => output_of(words, COMMAND_LIMIT)?,
            Self::Variable(name) => match std::env::var_os(name) {
                Some(value) => value.into_encoded_bytes(),
                None => return Err(io::Error::other("it is not set")),
            },
            Self::Prompt(words) => ask(words)?,
        };
        line(bytes)
    }

    /// Whether others than its owner may read the file that it comes from.
    pub fn is_open_to_others(&self) -> bool {
        let Self::File(path) = self else { return false };
        path.metadata().is_ok_and(|facts| open_to_others(&facts))
    }
}

/// Opens a file to read. A pipe is welcome: `<(pass show kafka)`.
pub fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::other("it is a directory"));
    }
    Ok(file)
}

/// Whether others than its owner may read a regular file.
pub fn others_may_read(file: &File) -> bool {
    file.metadata().is_ok_and(|facts| open_to_others(&facts))
}

/// Whether these are the facts of a regular file that others than its owner may read.
fn open_to_others(facts: &Metadata) -> bool {
    facts.is_file() && facts.mode() & OTHERS_MAY_READ != 0
}

/// Reads all of it, if that is not more than `max` bytes.
pub fn read_bounded(from: &mut impl Read, max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > max {
        return Err(io::Error::other(format!("it is larger than {} KiB", max >> 10)));
    }
    Ok(bytes)
}

/// The one line in `bytes`.
fn line(bytes: Vec<u8>) -> io::Result<Secret> {
    let text = String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8"))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    match line {
        "" => Err(io::Error::other("it is empty")),
        _ if line.contains(['\n', '\0']) => Err(io::Error::other("it is more than one line")),
        _ => Ok(Secret::new(line)),
    }
}

/// What a command prints. It has no stdin, which is full of records, and its stderr is ours.
fn output_of(words: &[String], limit: Duration) -> io::Result<Vec<u8>> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let (sender, received) = mpsc::channel();
    if let Some(mut stdout) = child.stdout.take() {
        // Its end is the end of the pipe; nobody listens any more when it was too slow.
        thread::spawn(move || sender.send(read_bounded(&mut stdout, BYTES_MAX)));
    }
    let output = received.recv_timeout(limit);
    if !matches!(output, Ok(Ok(_))) {
        sys::signal_group(child.id(), signal_hook::consts::SIGKILL);
    }
    let status = child.wait()?;
    match output {
        Err(_) => Err(io::Error::other(format!("it took longer than {} s", limit.as_secs()))),
        Ok(Err(error)) => Err(error),
        Ok(Ok(_)) if !status.success() => Err(io::Error::other(format!("it ended with {status}"))),
        Ok(Ok(bytes)) => Ok(bytes),
    }
}

/// Asks on the terminal, which shows nothing of what is typed.
fn ask(words: &str) -> io::Result<Vec<u8>> {
    let no_terminal = |_| io::Error::other("there is no terminal to ask on");
    // Not to become ours where we have none, and not to wait for a modem.
    let flags = libc::O_NOCTTY | libc::O_CLOEXEC;
    let terminal = File::options()
        .read(true)
        .write(true)
        .custom_flags(flags)
        .open("/dev/tty")
        .map_err(no_terminal)?;
    let silence = sys::Silence::begin(&terminal)?;
    let mut keys = &terminal;
    write!(keys, "{words}: ")?;
    let typed = type_line(keys, &silence);
    write!(keys, "\r\n")?;
    typed
}

/// Reads keys until the line ends. The terminal edits nothing by itself then, so that ^C comes as a
/// byte and cannot leave it silent.
fn type_line(mut terminal: &File, silence: &sys::Silence<'_>) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    loop {
        if silence.is_signalled() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if !sys::readable(terminal.as_fd(), TICK) {
            continue;
        }
        let mut key = [0];
        if terminal.read(&mut key)? == 0 {
            return Ok(line);
        }
        match key[0] {
            // Enter, or ^D; then ^C and ^\.
            b'\r' | b'\n' | 0x04 => return Ok(line),
            0x03 | 0x1c => return Err(io::ErrorKind::Interrupted.into()),
            // Backspace takes a character, which may be of several bytes; ^U takes all.
            0x7f | 0x08 => while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            0x15 => line.clear(),
            byte if line.len() < BYTES_MAX => line.push(byte),
            _ => return Err(io::Error::other("the line is too long")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> SecretSource {
        SecretSource::Command(words.iter().map(|word| (*word).to_owned()).collect())
    }

    fn complaint(source: &SecretSource) -> String {
        source.fetch().unwrap_err().to_string()
    }

    #[test]
    fn a_secret_is_one_line_from_anywhere() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p");
        for (text, expected) in
            [("a=b c\n", "a=b c"), ("x", "x"), ("x\r\n", "x"), (" x ", " x "), ("\u{e9}", "\u{e9}")]
        {
            std::fs::write(&path, text).unwrap();
            let secret = SecretSource::File(path.clone()).fetch().unwrap();
            assert_eq!(secret.reveal(), expected);
        }
        assert_eq!(words(&["printf", "%s", "a b"]).fetch().unwrap().reveal(), "a b");
        let variable = SecretSource::Variable("PATH".into()).fetch().unwrap();
        assert_eq!(variable.reveal(), std::env::var("PATH").unwrap());
    }

    #[test]
    fn what_is_no_secret_is_refused_without_showing_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p");
        let file = SecretSource::File(path.clone());
        for (bytes, reason) in [
            (&b""[..], "empty"),
            (b"\n", "empty"),
            (b"one\ntwo\n", "more than one line"),
            (b"\xff", "not UTF-8"),
            (b"a\0b", "more than one line"),
            (&vec![b'x'; BYTES_MAX + 1], "larger than 64 KiB"),
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert!(complaint(&file).contains(reason), "{}", complaint(&file));
        }
        assert!(complaint(&SecretSource::File(dir.path().into())).contains("directory"));
        assert!(complaint(&words(&["sh", "-c", "echo marker; exit 3"])).contains("status: 3"));
        assert!(!complaint(&words(&["sh", "-c", "echo marker; exit 3"])).contains("marker"));
        assert!(complaint(&words(&["yes"])).contains("larger"), "an endless one is ended");
        assert!(complaint(&SecretSource::Variable("KAW_NOT_SET".into())).contains("not set"));
        assert!(words(&["/nowhere/at/all"]).fetch().is_err());
    }

    #[test]
    fn a_command_that_takes_too_long_is_ended() {
        let words = ["sleep".to_owned(), "600".to_owned()];
        let error = output_of(&words, Duration::from_millis(20)).unwrap_err();
        assert!(error.to_string().contains("longer than"), "{error}");
    }

    #[test]
    fn a_secret_is_not_shown_by_debug() {
        assert_eq!(format!("{:?}", Secret::new("marker")), "(hidden)");
        assert_eq!(words(&["pass", "show", "x"]).to_string(), "command pass");
    }
}
