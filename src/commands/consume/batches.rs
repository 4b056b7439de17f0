//! Owns gathering records into batches for `--exec`, and what becomes of a batch: only what was
//! passed on, or written to the dead letters, is committed. Leaves running commands to `exec`.

use std::time::{Duration, Instant};

use super::dead::DeadLetters;
use super::exec::{Batch, Exec, Passed};
use super::member::Sent;
use super::writing::Writing;
use super::{Args, Run, TICK};
use crate::commands::{Context, Failure, Status};
use crate::group::GroupId;
use crate::out::{Out, units};
use crate::record::{RecordBuffer, Span};

/// The bytes that all batches together may hold before the oldest is run.
const GATHERED_BYTES: usize = 64 << 20;
/// The bytes that one batch may hold before it is run.
const BATCH_BYTES: usize = GATHERED_BYTES / 2;

/// Records of one partition that are to go to one command.
struct Gathered {
    /// What polls call the partition.
    of: usize,
    topic: String,
    partition: i32,
    first_offset: i64,
    last_offset: i64,
    /// Where the group stands once these are passed on.
    next_offset: i64,
    records: u64,
    /// The records as the command reads them.
    input: Vec<u8>,
    /// The records themselves, where they may become dead letters.
    kept: RecordBuffer,
    since: Instant,
}

impl Gathered {
    /// An empty one that begins with `first`.
    fn new(of: usize, topic: &str, first: &Span) -> Self {
        Self {
            of,
            topic: topic.to_owned(),
            partition: first.partition,
            first_offset: first.offset,
            last_offset: first.offset,
            next_offset: first.offset,
            records: 0,
            input: Vec::new(),
            kept: RecordBuffer::default(),
            since: Instant::now(),
        }
    }

    /// Appends one record.
    fn add(&mut self, span: &Span, buffer: &RecordBuffer, writing: &mut Writing, keep: bool) {
        writing.append(&self.topic, span, buffer, &mut self.input);
        if keep {
            self.kept.push_copy(span, buffer);
        }
        self.last_offset = span.offset;
        self.records += 1;
    }

    /// The memory that it takes.
    const fn bytes(&self) -> usize {
        self.input.len() + self.kept.arena.len()
    }
}

/// What goes to commands.
pub struct Passing {
    exec: Exec,
    dead: Option<DeadLetters>,
    group: String,
    /// At most one of each partition, the oldest first.
    open: Vec<Gathered>,
    /// The most records of a batch.
    size: u64,
    /// How long a batch may wait to be full.
    patience: Duration,
    /// How many batches and records the command took, and the dead letters did.
    taken: (u64, u64),
    dead_letters: (u64, u64),
}

impl Passing {
    /// What was asked for, if it was.
    pub fn new(context: &Context, args: &Args) -> Result<Option<Self>, Failure> {
        let Some(words) = args.exec.clone() else { return Ok(None) };
        if args.batch == 0 {
            return Err(Failure::usage("--batch: a batch has at least 1 record"));
        }
        if args.exec_timeout.is_zero() {
            return Err(Failure::usage("--exec-timeout: a command needs some time"));
        }
        let exec = Exec::new(words, args.retry, args.exec_timeout);
        exec.end_with(context.stop()?);
        Ok(Some(Self {
            exec,
            dead: DeadLetters::open(context, args)?,
            group: args.group.as_ref().map_or("", GroupId::as_str).to_owned(),
            open: Vec::new(),
            size: args.batch,
            patience: args.batch_time.unwrap_or_default(),
            taken: (0, 0),
            dead_letters: (0, 0),
        }))
    }

    /// When the oldest batch is to be run, full or not.
    pub fn due(&self) -> Option<Instant> {
        self.open.first().map(|batch| batch.since + self.patience)
    }

    /// Takes out the oldest batch if it is due. One that has just become so waits while there is
    /// still something to read, so that what is there goes to few commands.
    fn take_due(&mut self, idle: bool) -> Option<Gathered> {
        let due = self.due()? + if idle { Duration::ZERO } else { TICK };
        let bytes: usize = self.open.iter().map(Gathered::bytes).sum();
        (Instant::now() >= due || bytes > GATHERED_BYTES).then(|| self.open.remove(0))
    }

    /// Takes out the batch of a partition.
    fn take(&mut self, of: usize) -> Option<Gathered> {
        let at = self.open.iter().position(|batch| batch.of == of)?;
        Some(self.open.remove(at))
    }

    /// Puts a batch back where it was.
    fn put(&mut self, batch: Gathered) {
        let at = self.open.partition_point(|other| other.since <= batch.since);
        self.open.insert(at, batch);
    }

    /// Says what became of all batches; the status of a run that went well otherwise.
    pub fn conclude(&self, out: &Out) -> Status {
        let of = |(batches, records)| {
            format!("{} in {}", units::plural(records, "record"), batches_of(batches))
        };
        let taken = of(self.taken);
        match &self.dead {
            None => out.status(format_args!("passed on {taken}")),
            Some(dead) => out.status(format_args!(
                "passed on {taken}; dead letters to `{}`: {}",
                dead.topic,
                of(self.dead_letters)
            )),
        }
        if self.dead_letters.1 > 0 { Status::Partial } else { Status::Done }
    }
}

/// A number of batches in words.
fn batches_of(n: u64) -> String {
    if n == 1 { "1 batch".to_owned() } else { format!("{} batches", units::count(n)) }
}

impl Run<'_> {
    /// Gathers records of one partition, and runs each batch that is full. False if the rest is
    /// not ours to gather.
    pub(super) fn gather(
        &mut self,
        of: usize,
        spans: &[Span],
        buffer: &RecordBuffer,
    ) -> Result<bool, Failure> {
        let mut open = self.passing.as_mut().and_then(|passing| passing.take(of));
        let mut passed_over = None;
        for span in spans {
            let Some(passing) = &self.passing else { return Ok(true) };
            if self.args.count == Some(self.records) || self.selection.is_stopped() {
                break;
            }
            if self.selection.is_wanted(self.source.topic(of), span, buffer)? {
                let begin = || Gathered::new(of, self.source.topic(of), span);
                let batch = open.get_or_insert_with(begin);
                let before = batch.input.len();
                batch.add(span, buffer, &mut self.writing, passing.dead.is_some());
                self.bytes += (batch.input.len() - before) as u64;
                self.records += 1;
            }
            let Some(batch) = &mut open else {
                passed_over = Some(span.offset + 1);
                continue;
            };
            batch.next_offset = span.offset + 1;
            passed_over = None;
            if batch.records >= passing.size || batch.bytes() > BATCH_BYTES {
                let Some(full) = open.take() else { continue };
                if !self.run_batch(&full)? {
                    return Ok(false);
                }
            }
        }
        if let (Some(passing), Some(batch)) = (&mut self.passing, open) {
            passing.put(batch);
        } else if let Some(next_offset) = passed_over {
            // Nothing before it waits, and nothing of it is wanted.
            self.note(of, next_offset);
        }
        Ok(true)
    }

    /// Runs the batches that have waited long enough.
    pub(super) fn run_due(&mut self, idle: bool) -> Result<(), Failure> {
        while let Some(batch) = self.passing.as_mut().and_then(|passing| passing.take_due(idle)) {
            if !self.run_batch(&batch)? && self.context.stop()?.requested().is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Runs what was gathered and never became full.
    pub(super) fn run_rest(&mut self) -> Result<(), Failure> {
        while let Some(passing) = &mut self.passing
            && !passing.open.is_empty()
        {
            let batch = passing.open.remove(0);
            self.run_batch(&batch)?;
        }
        Ok(())
    }

    /// Forgets what was gathered of partitions that are no longer ours: who has them reads it.
    pub(super) fn drop_lost(&mut self) {
        let Some(passing) = &mut self.passing else { return };
        let (source, records) = (&self.source, &mut self.records);
        passing.open.retain(|batch| {
            let ours = source.is_reading(batch.of);
            if !ours {
                *records -= batch.records;
            }
            ours
        });
    }

    /// Has the command, or else the dead letters, take a batch, and commits it. False if there is
    /// nothing more to do for its partition.
    fn run_batch(&mut self, batch: &Gathered) -> Result<bool, Failure> {
        if !self.source.is_reading(batch.of) {
            self.records -= batch.records;
            return Ok(false);
        }
        let Some(passing) = &mut self.passing else { return Ok(false) };
        let (stop, out) = (self.context.stop()?, &self.context.out);
        let told = Batch {
            group: &passing.group,
            topic: &batch.topic,
            partition: batch.partition,
            first_offset: batch.first_offset,
            last_offset: batch.last_offset,
            records: batch.records,
        };
        match passing.exec.run(told, &batch.input, stop)? {
            Passed::Done => {
                passing.taken.0 += 1;
                passing.taken.1 += batch.records;
            }
            Passed::Stopped(reason) => {
                out.warn(passing.exec.refusal(told, &reason));
                return Ok(false);
            }
            Passed::Failed(reason) => {
                let Some(dead) = &mut passing.dead else {
                    let failure = passing.exec.failure(Status::Partial, told, &reason);
                    let hint = "nothing of this batch is committed; `--retry N` tries again, and \
                                `--dead-letter TOPIC` puts it aside";
                    return Err(failure.hint(hint));
                };
                dead.write(&batch.topic, &batch.kept, &reason, out)?;
                out.warn(format_args!(
                    "{}; it is in `{}`",
                    passing.exec.refusal(told, &reason),
                    dead.topic
                ));
                passing.dead_letters.0 += 1;
                passing.dead_letters.1 += batch.records;
            }
        }
        self.note(batch.of, batch.next_offset);
        Ok(self.commit_batch(batch.of)? && self.context.stop()?.requested().is_none())
    }

    /// Notes that everything before `next` of a partition is done.
    fn note(&mut self, of: usize, next: i64) {
        self.source.note(Sent { ticket: self.output.ticket(), of, next, marks: Vec::new() });
    }
}
