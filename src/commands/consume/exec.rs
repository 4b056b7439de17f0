//! Owns running a command for a batch of records: its input, its time, its tries. Leaves what is in
//! a batch, and what becomes of one that the command does not take, to `batches`.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGKILL, SIGTERM};

use crate::commands::{Failure, Status, Stop};
use crate::out::units;

/// How often a command that runs is looked at.
const TICK: Duration = Duration::from_millis(2);
/// How long between the first two tries; twice as long between the next.
const RETRY_FIRST: Duration = Duration::from_millis(100);
/// The longest between two tries.
const RETRY_MAX: Duration = Duration::from_secs(10);
/// How long a command that took too long has to end well.
const GRACE: Duration = Duration::from_secs(2);
/// What shells and `env` exit with when they cannot run what they were told to.
const CANNOT_RUN: [i32; 2] = [126, 127];

/// What a batch is, as its command is told.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The group.
    pub group: &'a str,
    /// The topic of its records.
    pub topic: &'a str,
    /// Their partition.
    pub partition: i32,
    /// The first offset.
    pub first_offset: i64,
    /// The last offset.
    pub last_offset: i64,
    /// The number of records.
    pub records: u64,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passed {
    /// The command took it.
    Done,
    /// The command did not take it, however often it was tried.
    Failed(String),
    /// The command did not take it, and a signal came before it was tried again.
    Stopped(String),
}

/// Why a try failed.
enum Reason {
    /// The command was run, and did not exit with 0.
    Refused(String),
    /// There was no command to run: no record is to blame.
    NotRun(String),
}

/// A command to run for each batch.
#[derive(Clone, Debug)]
pub struct Exec {
    /// The program and its arguments; no shell looks at them.
    words: Vec<String>,
    /// How often a batch is tried again when the command fails.
    retries: u64,
    /// How long the command may take.
    limit: Duration,
    /// The process that runs, which leads a process group.
    running: Arc<Mutex<Option<u32>>>,
}

impl Exec {
    /// A command that may take so long, and is tried again so often.
    pub fn new(words: Vec<String>, retries: u64, limit: Duration) -> Self {
        Self { words, retries, limit, running: Arc::default() }
    }

    /// Sees to it that a second signal ends the command too.
    pub fn end_with(&self, stop: &Stop) {
        let running = Arc::clone(&self.running);
        stop.on_abandon(move || {
            // Held for no longer than it takes to look at the process.
            if let Some(leader) = *running.lock().unwrap_or_else(PoisonError::into_inner) {
                crate::sys::signal_group(leader, SIGKILL);
            }
            "the batch that the command had is not committed, and comes again".to_owned()
        });
    }

    /// Runs the command with `input` on its stdin until it exits with 0, at most once and as many
    /// times more as there are retries. A stop ends the tries, not a command that runs. An error
    /// means that the command cannot be run at all.
    pub fn run(&self, batch: Batch<'_>, input: &[u8], stop: &Stop) -> Result<Passed, Failure> {
        let (mut tried, mut wait) = (0, RETRY_FIRST);
        loop {
            let reason = match self.once(batch, input) {
                Ok(status) if status.success() => return Ok(Passed::Done),
                Ok(status) if status.code().is_some_and(|code| CANNOT_RUN.contains(&code)) => {
                    Reason::NotRun(format!("it ended with {status}: something cannot be run"))
                }
                Ok(status) => Reason::Refused(format!("it ended with {status}")),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    Reason::Refused(error.to_string())
                }
                Err(error) => Reason::NotRun(crate::sys::reason(&error)),
            };
            tried += 1;
            if tried > self.retries {
                return match reason {
                    Reason::Refused(reason) => Ok(Passed::Failed(reason)),
                    Reason::NotRun(reason) => Err(self.failure(Status::Local, batch, &reason)),
                };
            }
            if stop.wait(wait) {
                let (Reason::Refused(reason) | Reason::NotRun(reason)) = reason;
                return Ok(Passed::Stopped(reason));
            }
            wait = (wait * 2).min(RETRY_MAX);
        }
    }

    /// What is said of a batch that the command did not take.
    pub fn refusal(&self, batch: Batch<'_>, reason: &str) -> String {
        let program = self.words.first().map_or("", String::as_str);
        let Batch { topic, partition, first_offset: first, last_offset: last, .. } = batch;
        let offsets = if first == last {
            format!("offset {first}")
        } else {
            format!("offsets {first} to {last}")
        };
        format!("cannot pass on {topic}-{partition}, {offsets}: `{program}`: {reason}")
    }

    /// The failure of a run whose command did not take a batch.
    pub fn failure(&self, status: Status, batch: Batch<'_>, reason: &str) -> Failure {
        Failure::new(status, "EXEC_FAILED", self.refusal(batch, reason))
    }

    /// Runs the command once.
    fn once(&self, batch: Batch<'_>, input: &[u8]) -> io::Result<ExitStatus> {
        let Some((program, arguments)) = self.words.split_first() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let mut child = Command::new(program)
            .args(arguments)
            .env("KAW_GROUP", batch.group)
            .env("KAW_TOPIC", batch.topic)
            .env("KAW_PARTITION", batch.partition.to_string())
            .env("KAW_FIRST_OFFSET", batch.first_offset.to_string())
            .env("KAW_LAST_OFFSET", batch.last_offset.to_string())
            .env("KAW_RECORDS", batch.records.to_string())
            .stdin(Stdio::piped())
            // A group of its own: a signal from the terminal is for us, and we let it end.
            .process_group(0)
            .spawn()?;
        self.set_running(Some(child.id()));
        let ended = self.attend(&mut child, input);
        if ended.is_err() {
            self.end(&mut child);
        }
        ended
    }

    fn set_running(&self, leader: Option<u32>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = leader;
    }

    /// Gives the command its input, and waits for it. The input is written only as far as the pipe
    /// takes it: what the command leaves behind may hold the other end and never read.
    fn attend(&self, child: &mut Child, input: &[u8]) -> io::Result<ExitStatus> {
        let until = Instant::now() + self.limit;
        let mut stdin = child.stdin.take();
        if let Some(pipe) = &stdin {
            crate::sys::set_nonblocking(pipe.as_fd())?;
        }
        let mut rest = input;
        loop {
            if crate::sys::has_ended(child.id()) {
                // From here on its number may become somebody else's.
                self.set_running(None);
                return child.wait();
            }
            if Instant::now() >= until {
                let message = format!("it took longer than {}", units::duration(self.limit));
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
            if let Some(pipe) = &mut stdin {
                rest = feed(pipe, rest);
            } else {
                std::thread::sleep(TICK);
            }
            if rest.is_empty() {
                stdin = None;
            }
        }
    }

    /// Ends the command with all that it started.
    fn end(&self, child: &mut Child) {
        let leader = child.id();
        crate::sys::signal_group(leader, SIGTERM);
        let until = Instant::now() + GRACE;
        while !crate::sys::has_ended(leader) && Instant::now() < until {
            std::thread::sleep(TICK);
        }
        // What it started may still be there, whether or not it is.
        crate::sys::signal_group(leader, SIGKILL);
        self.set_running(None);
        drop(child.wait());
    }
}

/// Writes what the pipe has room for, and returns the rest. A command that does not read all of its
/// input says by its exit whether that is well.
fn feed<'i>(pipe: &mut ChildStdin, input: &'i [u8]) -> &'i [u8] {
    if input.is_empty() || !crate::sys::writable(pipe.as_fd(), TICK) {
        return input;
    }
    match pipe.write(input) {
        Ok(written) => input.get(written..).unwrap_or_default(),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => input,
            _ => &[],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: Batch<'static> =
        Batch { group: "g", topic: "t", partition: 0, first_offset: 0, last_offset: 0, records: 1 };

    fn shell(script: &str, retries: u64, limit: Duration) -> Exec {
        Exec::new(vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()], retries, limit)
    }

    #[test]
    fn a_command_that_does_not_read_leaves_no_one_waiting() {
        let (stop, minute) = (Stop::new(), Duration::from_secs(60));
        let much = vec![b'x'; 4 << 20];
        // What it leaves behind holds the pipe and never reads.
        let started = Instant::now();
        for script in ["exit 0", "exec <&-; exit 0", "sleep 30 <&0 & exit 0"] {
            let passed = shell(script, 0, minute).run(BATCH, &much, &stop).unwrap();
            assert_eq!(passed, Passed::Done, "{script}");
        }
        assert!(started.elapsed() < Duration::from_secs(25));
        let slow = "head -c 100000 >/dev/null; sleep 0.1; [ $(wc -c) = 4094304 ]";
        assert_eq!(shell(slow, 0, minute).run(BATCH, &much, &stop).unwrap(), Passed::Done);
    }

    #[test]
    fn what_cannot_be_told_to_a_command_is_not_run() {
        let batch = Batch { group: "a\0b", ..BATCH };
        let refused = shell("exit 0", 0, TICK).run(batch, b"", &Stop::new()).unwrap_err();
        assert_eq!(refused.status, Status::Local);
        assert!(refused.message.contains("nul byte"), "{}", refused.message);
    }

    #[test]
    fn tries_are_further_and_further_apart() {
        let started = Instant::now();
        let passed = shell("kill -9 $$", 2, GRACE).run(BATCH, b"", &Stop::new()).unwrap();
        assert!(started.elapsed() >= RETRY_FIRST * 3);
        assert!(matches!(passed, Passed::Failed(reason) if reason.contains("signal: 9")));
    }
}
