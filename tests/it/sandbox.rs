//! Owns the world of a test: a directory of its own, an environment of its own, and `kaw` run in
//! it. Leaves what is to be expected to the tests.

#![allow(dead_code, reason = "what tests may ask for, whether or not one asks today")]

use std::cell::{Cell, RefCell};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::kept;

/// How long any run may take. Not a speed test: it ends runs that would never end.
const PATIENCE: Duration = Duration::from_secs(120);

/// The folder where log directories are kept for Kafka to read, when this is set.
const KEEP_LOGS: &str = "KAW_KEEP_LOGS";

/// A directory and an environment for one test.
///
/// Gone when it is dropped, unless `KAW_KEEP_LOGS` names a folder: then every log directory in it
/// moves there, with a file of what is expected in it, for the tests in `kafka_files`.
pub struct Sandbox {
    root: Option<TempDir>,
    damaged: Cell<bool>,
    sent: RefCell<Vec<(PathBuf, String, u64)>>,
}

impl Sandbox {
    /// Makes an empty one.
    pub fn new() -> Self {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".sandbox-");
        let root = match std::env::var_os(KEEP_LOGS) {
            // Beside what is kept, so that keeping is a rename.
            Some(kept) => {
                fs::create_dir_all(&kept).expect("the folder of KAW_KEEP_LOGS can be made");
                builder.tempdir_in(kept)
            }
            None => builder.tempdir(),
        };
        let root = root.expect("a temporary directory can be made");
        fs::create_dir(root.path().join("home")).expect("a home can be made");
        Self { root: Some(root), damaged: Cell::new(false), sent: RefCell::default() }
    }

    /// The directory of this sandbox, which outputs show as `$SANDBOX`.
    pub fn root(&self) -> &Path {
        self.root.as_ref().expect("there until it is dropped").path()
    }

    /// The log directory that `kaw` works on unless told otherwise.
    pub fn log_dir(&self) -> PathBuf {
        self.root().join("log")
    }

    /// A path in the sandbox.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Writes a file and returns its path.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("a file in the sandbox can be written");
        path
    }

    /// Runs `kaw` with words, as `run("topics create orders -p 3")`; quotes keep spaces.
    pub fn run(&self, words: &str) -> Run {
        self.prepare().run(words)
    }

    /// Runs `kaw` with arguments that no shell has seen.
    pub fn run_with<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Run {
        self.prepare().run_with(args)
    }

    /// A run that will have these bytes on its stdin.
    pub fn stdin(&self, bytes: impl Into<Vec<u8>>) -> Prepared<'_> {
        self.prepare().stdin(bytes)
    }

    /// A run with one more variable in its environment.
    pub fn env(&self, name: &str, value: impl AsRef<OsStr>) -> Prepared<'_> {
        self.prepare().env(name, value)
    }

    /// Starts a run that the test talks to while it goes on.
    pub fn spawn(&self, words: &str) -> Running<'_> {
        self.prepare().spawn(words)
    }

    /// Runs a script by bash, with `kaw` on the path.
    pub fn bash(&self, script: &str) -> Run {
        let mut command = self.command(OsStr::new("bash"), &[]);
        command.args(["-c", script]);
        Running::start(self, command, format!("bash -c '{script}'")).finish_with(Vec::new())
    }

    /// A run to be described.
    pub fn prepare(&self) -> Prepared<'_> {
        Prepared { sandbox: self, stdin: Vec::new(), env: Vec::new() }
    }

    /// Says that this test damages its files, so that Kafka is not to read them.
    pub fn damaged(&self) {
        self.damaged.set(true);
    }

    /// Says how many records the test sent to a topic of the usual log directory since it last said
    /// so. Kafka's count is then compared with the sum as well as with what `kaw` says.
    pub fn sent(&self, topic: &str, records: u64) {
        let mut all = self.sent.borrow_mut();
        match all.iter_mut().find(|(of, name, _)| *of == self.log_dir() && name == topic) {
            Some((_, _, before)) => *before += records,
            None => all.push((self.log_dir(), topic.to_owned(), records)),
        }
    }

    /// A command in this sandbox's environment.
    fn command(&self, program: &OsStr, env: &[(String, OsString)]) -> Command {
        let kaw = Path::new(env!("CARGO_BIN_EXE_kaw"));
        let mut path = kaw.parent().expect("the program is in a directory").as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.path("home"))
            .env("TZ", "UTC")
            .env("COLUMNS", "100")
            .env("NO_COLOR", "1")
            .env("KAW_LOG_DIR", self.log_dir())
            .envs(env.iter().map(|(name, value)| (name, value)))
            .current_dir(self.root());
        command
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let Some(kept) = std::env::var_os(KEEP_LOGS) else { return };
        if !thread::panicking() && !self.damaged.get() {
            kept::keep(self, &self.sent.borrow(), Path::new(&kept));
        }
        drop(self.root.take());
    }
}

/// A run to be: its stdin and its environment.
#[must_use]
pub struct Prepared<'a> {
    sandbox: &'a Sandbox,
    stdin: Vec<u8>,
    env: Vec<(String, OsString)>,
}

impl<'a> Prepared<'a> {
    /// Puts these bytes on its stdin.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Adds a variable to its environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Runs `kaw` with words; quotes keep spaces.
    pub fn run(self, words: &str) -> Run {
        self.run_with(split(words))
    }

    /// Runs `kaw` with arguments.
    pub fn run_with<A: AsRef<OsStr>>(self, args: impl IntoIterator<Item = A>) -> Run {
        let (running, stdin) = self.start(args);
        running.finish_with(stdin)
    }

    /// Starts `kaw` with words; its stdin stays open after the prepared bytes.
    pub fn spawn(self, words: &str) -> Running<'a> {
        let (mut running, stdin) = self.start(split(words));
        running.write(&stdin);
        running
    }

    /// Starts the program.
    fn start<A: AsRef<OsStr>>(self, args: impl IntoIterator<Item = A>) -> (Running<'a>, Vec<u8>) {
        let args: Vec<OsString> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        let mut command = self.sandbox.command(OsStr::new(env!("CARGO_BIN_EXE_kaw")), &self.env);
        let shown: Vec<_> = args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
        command.args(&args);
        (Running::start(self.sandbox, command, format!("kaw {}", shown.join(" "))), self.stdin)
    }
}

/// Splits at white space outside quotes.
fn split(words: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut quote = None;
    let mut inside = false;
    for c in words.chars() {
        if quote.is_none() && c.is_whitespace() {
            inside = false;
            continue;
        }
        if !inside {
            found.push(String::new());
            inside = true;
        }
        match quote {
            Some(open) if open == c => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            _ => found.last_mut().expect("one was pushed").push(c),
        }
    }
    assert!(quote.is_none(), "a quote stays open in: {words}");
    found
}

/// A run that goes on. Killed when it is dropped.
pub struct Running<'a> {
    sandbox: &'a Sandbox,
    what: String,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Lines,
    stderr: Lines,
    deadline: Instant,
}

impl<'a> Running<'a> {
    /// Starts `command` with pipes on all three.
    fn start(sandbox: &'a Sandbox, mut command: Command, what: String) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{what} does not start: {e}"));
        let stdout = Lines::of(child.stdout.take().expect("it is piped"));
        let stderr = Lines::of(child.stderr.take().expect("it is piped"));
        let stdin = child.stdin.take();
        let deadline = Instant::now() + PATIENCE;
        Self { sandbox, what, child, stdin, stdout, stderr, deadline }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its stdin. That it no longer reads is for the test to see in its status.
    pub fn write(&mut self, bytes: &[u8]) {
        if let Some(stdin) = &mut self.stdin {
            drop(stdin.write_all(bytes).and_then(|()| stdin.flush()));
        }
    }

    /// Ends its input.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// The next line of its stdout, without its end; `None` at the end of the output.
    pub fn next_line(&mut self) -> Option<String> {
        self.stdout.next(self.deadline, &self.what)
    }

    /// The next line of its stderr, without its end; `None` at the end of the output.
    pub fn next_stderr_line(&mut self) -> Option<String> {
        self.stderr.next(self.deadline, &self.what)
    }

    /// Sends a signal by its name: `INT`, `TERM`, `STOP`, `CONT`, `KILL`.
    pub fn signal(&self, name: &str) {
        let args = [format!("-{name}"), self.id().to_string()];
        let status = Command::new("kill").args(args).status().expect("kill can be run");
        assert!(status.success(), "{} is not there to be signalled", self.what);
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
    }

    /// Ends its input, waits for it, and returns what it wrote that was not read yet.
    pub fn finish(mut self) -> Run {
        self.close_stdin();
        let stdout = self.stdout.rest(self.deadline, &self.what);
        let stderr = self.stderr.rest(self.deadline, &self.what);
        let status = self.child.wait().expect("a child can be waited for");
        Run {
            what: self.what.clone(),
            root: self.sandbox.root().to_owned(),
            stdout,
            stderr,
            status,
        }
    }

    /// Writes `stdin` while the output is read, then as [`finish`](Self::finish).
    fn finish_with(mut self, stdin: Vec<u8>) -> Run {
        let pipe = self.stdin.take();
        let writer = thread::spawn(move || {
            if let Some(mut pipe) = pipe {
                // A program may end before it has read its input.
                drop(pipe.write_all(&stdin));
            }
        });
        let run = self.finish();
        writer.join().expect("the writer does not panic");
        run
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The lines of one output, read by a thread of its own so that no pipe fills up.
struct Lines {
    received: Receiver<Vec<u8>>,
    reader: Option<JoinHandle<()>>,
}

impl Lines {
    /// Reads `output` to its end.
    fn of(output: impl Read + Send + 'static) -> Self {
        let (sender, received) = mpsc::channel();
        let reader = thread::spawn(move || {
            let mut output = BufReader::with_capacity(1 << 16, output);
            loop {
                let mut line = Vec::new();
                match output.read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => break,
                    // The test no longer listens.
                    Ok(_) if sender.send(line).is_err() => break,
                    Ok(_) => {}
                }
            }
        });
        Self { received, reader: Some(reader) }
    }

    /// The next line with its end, or `None` when there is no more.
    fn next_bytes(&mut self, deadline: Instant, what: &str) -> Option<Vec<u8>> {
        match self.received.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => {
                if let Some(reader) = self.reader.take() {
                    reader.join().expect("the reader does not panic");
                }
                None
            }
            Err(RecvTimeoutError::Timeout) => panic!("{what}: nothing for {PATIENCE:?}"),
        }
    }

    /// The next line without its end.
    fn next(&mut self, deadline: Instant, what: &str) -> Option<String> {
        let mut line = self.next_bytes(deadline, what)?;
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        Some(String::from_utf8(line).expect("the line is UTF-8"))
    }

    /// All that is left.
    fn rest(&mut self, deadline: Instant, what: &str) -> Vec<u8> {
        let mut rest = Vec::new();
        while let Some(line) = self.next_bytes(deadline, what) {
            rest.extend_from_slice(&line);
        }
        rest
    }
}

/// What a run did. Compare it whole with a snapshot, or ask for its status.
#[must_use]
#[derive(Debug)]
pub struct Run {
    what: String,
    root: PathBuf,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    status: ExitStatus,
}

impl Run {
    /// Checks that it ended with 0.
    #[track_caller]
    pub fn success(&self) -> &Self {
        self.code(0)
    }

    /// Checks that it ended with `expected`.
    #[track_caller]
    pub fn code(&self, expected: i32) -> &Self {
        assert_eq!(self.status.code(), Some(expected), "`{}`:\n{self}", self.what);
        self
    }

    /// How it ended.
    pub fn status(&self) -> ExitStatus {
        self.status
    }

    /// Its stdout, byte for byte.
    pub fn stdout_bytes(&self) -> &[u8] {
        &self.stdout
    }

    /// Its stdout as text, with `$SANDBOX` for the sandbox's path.
    pub fn stdout(&self) -> String {
        self.shown(&self.stdout)
    }

    /// Its stderr as text, with `$SANDBOX` for the sandbox's path.
    pub fn stderr(&self) -> String {
        self.shown(&self.stderr)
    }

    /// Its stdout as one JSON value.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|e| panic!("`{}` is not JSON: {e}\n{self}", self.what))
    }

    /// The items of an answer in JSON.
    #[track_caller]
    pub fn items(&self) -> impl Iterator<Item = serde_json::Value> + use<> {
        let items = self.json().get_mut("items").map(serde_json::Value::take);
        match items {
            Some(serde_json::Value::Array(items)) => items.into_iter(),
            _ => panic!("`{}` has no items:\n{self}", self.what),
        }
    }

    /// The whole as text, with `$TIME` for every time and `$SPEED` for how long it took, for
    /// snapshots of what was written now.
    pub fn timeless(&self) -> String {
        let time = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z").unwrap();
        let speed = regex::Regex::new(r" in [\d.]+ ?\w+, [\d,.]+/s;").unwrap();
        let text = speed.replace_all(&self.to_string(), " in $$SPEED;").into_owned();
        time.replace_all(&text, "$$TIME").into_owned()
    }

    /// `bytes` as text with paths that do not change from run to run.
    fn shown(&self, bytes: &[u8]) -> String {
        let root = self.root.to_string_lossy();
        String::from_utf8_lossy(bytes).replace(&*root, "$SANDBOX")
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stdout())?;
        if !self.stderr.is_empty() {
            write!(f, "--- stderr\n{}", self.stderr())?;
        }
        match self.status.code() {
            Some(code) => write!(f, "[exit status: {code}]"),
            None => write!(f, "[{}]", self.status),
        }
    }
}

#[test]
fn words_split_at_white_space_outside_quotes() {
    assert_eq!(split("a  b 'c d' e\"f \"g ''"), ["a", "b", "c d", "ef g", ""]);
}

#[test]
fn a_run_is_stdout_then_stderr_then_its_status() {
    let s = Sandbox::new();
    let run = s.bash("echo answer in $PWD; echo trouble >&2; exit 3");
    assert_eq!(run.to_string(), "answer in $SANDBOX\n--- stderr\ntrouble\n[exit status: 3]");
    assert_eq!(s.bash("echo at 2026-01-15T10:00:00.123Z").timeless(), "at $TIME\n[exit status: 0]");
}

#[test]
fn the_environment_is_the_sandboxs_own() {
    let s = Sandbox::new();
    let run = s.bash("env | cut -d= -f1 | sort | xargs");
    let names = run.success().stdout();
    for name in names.split_whitespace() {
        let ours = ["COLUMNS", "HOME", "KAW_LOG_DIR", "NO_COLOR", "PATH", "TZ"];
        let bashs = ["PWD", "SHLVL", "_", "OLDPWD"];
        assert!(ours.contains(&name) || bashs.contains(&name), "{name}");
    }
}

#[test]
fn a_child_that_goes_on_can_be_talked_to() {
    let s = Sandbox::new();
    let mut command = s.command(OsStr::new("bash"), &[]);
    command.args(["-c", "read a; echo got $a; echo warn >&2; sleep 600"]);
    let mut child = Running::start(&s, command, "bash".to_owned());
    child.write(b"hello\n");
    assert_eq!(child.next_line().as_deref(), Some("got hello"));
    assert_eq!(child.next_stderr_line().as_deref(), Some("warn"));
    child.signal("KILL");
    let run = child.finish();
    assert_eq!(run.status().code(), None, "{run}");
}
