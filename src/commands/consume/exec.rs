//! Owns `--exec`: a command for each batch of records, which counts as read when the command exits
//! with 0. Leaves what the records look like to `consume`, and committing to `member`.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::commands::{Failure, Status, Stop};

/// How often a command that runs is looked at.
const TICK: Duration = Duration::from_millis(2);
/// How long between two tries.
const RETRY_AFTER: Duration = Duration::from_millis(100);

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

/// A command to run for each batch.
#[derive(Clone, Debug)]
pub struct Exec {
    /// The program and its arguments; no shell looks at them.
    pub words: Vec<String>,
    /// How often a batch is tried again when the command fails.
    pub retries: u64,
    /// How long the command may take.
    pub limit: Duration,
}

impl Exec {
    /// Runs the command with `input` on its stdin until it exits with 0, at most once and as many
    /// times more as there are retries. A stop ends the tries, not a command that runs.
    pub fn run(&self, batch: Batch<'_>, input: &[u8], stop: &Stop) -> Result<(), Failure> {
        let mut tried = 0;
        loop {
            let failure = match self.once(batch, input) {
                Ok(status) if status.success() => return Ok(()),
                Ok(status) => format!("it ended with {status}"),
                Err(error) => crate::sys::reason(&error),
            };
            tried += 1;
            if tried > self.retries || stop.wait(RETRY_AFTER) {
                return Err(self.failure(batch, &failure));
            }
        }
    }

    fn failure(&self, batch: Batch<'_>, reason: &str) -> Failure {
        let program = self.words.first().map_or("", String::as_str);
        let Batch { topic, partition, first_offset, last_offset, .. } = batch;
        let message = format!(
            "cannot pass on {topic}-{partition}, offsets {first_offset} to {last_offset}: \
             `{program}`: {reason}"
        );
        Failure::new(Status::Partial, "EXEC_FAILED", message)
            .hint("nothing of this batch is committed; `--retry N` tries again")
    }

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
        let stdin = child.stdin.take();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // A command that does not read all of it says by its exit whether that is well.
                stdin.map(|mut stdin| stdin.write_all(input)).transpose().unwrap_or_default();
            });
            self.wait(&mut child)
        })
    }

    /// Waits for the command, and ends it with all that it started when it takes too long.
    fn wait(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let until = Instant::now() + self.limit;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() >= until {
                crate::sys::kill_group(child.id());
                child.wait()?;
                let message = format!("it took longer than {:?}", self.limit);
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
            std::thread::sleep(TICK);
        }
    }
}
