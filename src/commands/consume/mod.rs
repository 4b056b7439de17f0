//! Owns `kaw consume`: where to start, where to stop, which records, in which form. Leaves waiting
//! and reading to the cluster, the forms to `record`.

pub mod batches;
pub mod dead;
pub mod exec;
mod gaps;
pub mod member;
pub mod merge;
mod plain;
mod range;
pub mod select;
mod writing;

use std::time::{Duration, Instant};

use self::batches::Passing;
use self::member::{Joining, Member, Sent, Source};
use self::merge::{Merge, Merging};
use self::plain::Plain;
use self::range::Range;
use self::select::{Selecting, Selection};
use self::writing::Writing;
use super::output::{self, Load, Output};
use super::pace::Pace;
use super::{Context, Failure, Status};
use crate::assignor::Assignor;
use crate::cluster::error::{ClusterError, ErrorKind};
use crate::cluster::types::Polled;
use crate::group::GroupId;
use crate::offset::OutOfRange;
use crate::out::{progress::Progress, units};
use crate::record::template::Template;
use crate::record::{RecordBuffer, Span};
use crate::topic::{TopicName, TopicPattern};
use crate::value::{self, Rate};

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw consume users --exit
  kaw consume users -o -10 -e -f '%p:%o %k %s\\n'
  kaw consume users -o @-1h:end --json
  kaw consume users --grep '\"state\":\"Ohio\"' --exit
  kaw consume users --filter '.age > 50' --exit";

/// How long one wait for stdout or for the rate lasts before the group is looked at again.
const TICK: Duration = Duration::from_millis(50);
/// How long one wait for records lasts, which a signal ends.
const FOREVER: Duration = Duration::from_secs(3600);

/// How `--json` writes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Envelope {
    /// As a string, or base64: reads back to the same bytes.
    Lossless,
    /// As JSON, where it is JSON.
    Parsed,
}

/// Which records are read (`--isolation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Isolation {
    /// Those of no transaction, and of transactions that were committed.
    ReadCommitted,
    /// All of them.
    ReadUncommitted,
}

/// Read records from topics
///
/// Writes each value and a newline. Starts at the start and follows for ever, unless told
/// otherwise.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Args {
    /// The topics
    #[arg(value_name = "TOPIC", required_unless_present = "regex")]
    pub topics: Vec<TopicName>,

    /// The topics whose whole name matches, also those that are yet to come
    ///
    /// Topics that Kafka keeps for itself are left out. One that comes is read from its start.
    #[arg(long, value_name = "REGEX", value_parser = topic_pattern, conflicts_with = "topics")]
    pub regex: Option<TopicPattern>,

    /// From where, and to where: start, end, N, -N, +N, @TIME, FROM:TO [default: start]
    ///
    /// -N is so many before the end, +N so many after the start, of each partition. TO is the first
    /// offset, or time, that is not read any more; `:end` stops at the end as it is now. TIME is
    /// 2026-01-15T10:00:00Z, 2026-01-15, 10:30 (today, in UTC), -1h, or seconds (up to 10 digits)
    /// or milliseconds (13 digits) since 1970.
    ///
    /// PARTITION=SPEC, beside that, is for one partition: -o end -o 0=100. In a group it says where
    /// to begin with a partition of which the group has committed nothing; that is committed, so
    /// that whoever takes the partition over goes on from there.
    #[arg(short = 'o', long, value_name = "SPEC", help_heading = "Range")]
    #[arg(allow_hyphen_values = true)]
    pub offset: Vec<String>,

    /// What to do where an offset is outside the log: stop with 8, or read on at its start or end
    ///
    /// Also where the group's committed offset is, and where retention overtakes a reader of a log
    /// directory. That it went on elsewhere is said on stderr, with the numbers.
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        default_value = "fail",
        hide_possible_values = true
    )]
    #[arg(help_heading = "Range")]
    pub on_out_of_range: OutOfRange,

    /// Only these partitions: 0,2-4
    #[arg(short = 'p', long, value_name = "LIST", value_parser = value::partitions)]
    #[arg(help_heading = "Range", allow_hyphen_values = true)]
    pub partitions: Option<std::vec::Vec<i32>>,

    /// Stop after N records
    #[arg(short = 'n', long, value_name = "N", value_parser = value::count, help_heading = "Range")]
    #[arg(allow_negative_numbers = true)]
    pub count: Option<u64>,

    /// Stop at the end as it is now
    #[arg(short = 'e', long, help_heading = "Range")]
    pub exit: bool,

    /// Whether records of transactions that are open or were aborted are read too
    ///
    /// read-committed, unless the property isolation.level says otherwise.
    #[arg(long, value_name = "LEVEL", value_enum, help_heading = "Range")]
    pub isolation: Option<Isolation>,

    /// Stop when no record has come for this long
    #[arg(long, value_name = "DURATION", value_parser = value::duration, help_heading = "Range")]
    pub idle: Option<Duration>,

    /// Read on behind what is damaged, tell on stderr what was passed over, and end with 4
    #[arg(long, help_heading = "Range")]
    pub skip_damaged: bool,

    /// Tell on stderr which offsets have no record, and why
    ///
    /// One line each: `kaw: gap: users-0 12..19: compacted`; with --json one object
    /// {"gap":{"topic","partition","first","last","why"}}. Why is one of: compacted, control record
    /// of a transaction, aborted transaction, deleted before the log start, damaged (with
    /// --skip-damaged), damaged before a repair. Brokers do not say why: not there.
    #[arg(long, help_heading = "Order and holes", conflicts_with = "group")]
    pub gaps: bool,

    /// How to merge.
    #[command(flatten)]
    pub merging: Merging,

    /// Join this group and share its partitions; commit what stdout has accepted
    ///
    /// Reads on where the group stands, or from the start. Members that come, leave or die are seen
    /// at once, and the partitions are shared out anew.
    #[arg(short = 'g', long, value_name = "GROUP", help_heading = "Group")]
    #[arg(conflicts_with = "partitions")]
    pub group: Option<GroupId>,

    /// Who gets which partition: range, roundrobin, sticky, cooperative-sticky
    #[arg(long, value_name = "NAME", default_value = "range", help_heading = "Group")]
    #[arg(requires = "group")]
    pub assignor: Assignor,

    /// How it is in the group.
    #[command(flatten)]
    pub joining: Joining,

    /// Run this command for each batch, with the records on its stdin; last on the line, no shell
    ///
    /// A batch is of one partition, and is committed when the command exits with 0: a record that
    /// was given to a command may come again, and is never passed over. The command is told
    /// KAW_GROUP, KAW_TOPIC, KAW_PARTITION, KAW_FIRST_OFFSET, KAW_LAST_OFFSET and KAW_RECORDS in
    /// its environment; its stdout and stderr are those of kaw. A signal lets it end, a second one
    /// ends it too.
    #[arg(long, value_name = "CMD", num_args = 1.., allow_hyphen_values = true)]
    #[arg(requires = "group", help_heading = "Group")]
    pub exec: Option<Vec<String>>,

    /// Give the command at most N records at once
    #[arg(long, value_name = "N", value_parser = value::count, default_value = "500")]
    #[arg(requires = "exec", help_heading = "Group")]
    pub batch: u64,

    /// Wait this long for a batch to be full [default: while there is something to read]
    ///
    /// It is run earlier when it has 32 MiB, or all batches together have 64 MiB.
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    #[arg(requires = "exec", help_heading = "Group")]
    pub batch_time: Option<Duration>,

    /// Give the command this long for a batch; then it is ended, with all that it started
    #[arg(long, value_name = "DURATION", value_parser = value::duration, default_value = "5m")]
    #[arg(requires = "exec", help_heading = "Group")]
    pub exec_timeout: Duration,

    /// Run the command again, at most N times, when it fails
    ///
    /// After 100 ms, and twice as long each time, up to 10 s.
    #[arg(long, value_name = "N", value_parser = value::count, default_value = "0")]
    #[arg(requires = "exec", help_heading = "Group")]
    pub retry: u64,

    /// Put a batch that the command does not take into this topic, and go on (exit 3 at the end)
    ///
    /// Records keep key, value, headers and timestamp, and get the headers kaw.dlq.topic,
    /// kaw.dlq.partition, kaw.dlq.offset, kaw.dlq.group and kaw.dlq.error. They are on disk before
    /// the batch is committed. Not for a command that cannot be run: exit 126 or 127 of a shell is
    /// no fault of a record. On a log directory a topic that is missing is created.
    #[arg(long, value_name = "TOPIC", requires = "exec", help_heading = "Group")]
    pub dead_letter: Option<TopicName>,

    /// Read at most so many records, or bytes, a second: 1000/s, 1MiB/s
    #[arg(long, value_name = "RATE", value_parser = value::rate, help_heading = "Range")]
    pub rate: Option<Rate>,

    /// Write records in this form: %s value, %k key, %t topic, %p partition, %o offset, %T %d time,
    /// %h headers
    ///
    /// %s or %v is the value, %k the key, %S and %K their lengths (-1 for null), %R the value's
    /// length in 4 bytes, %t the topic, %p the partition, %o the offset, %e the leader epoch, %T
    /// the timestamp in ms, %d in RFC 3339, %h the headers as n=v,n=v, %% a percent sign. \n \t \r
    /// \0 \xHH are bytes. Braces change the form: %k{hex} %s{base64} %s{json} %d{%H:%M:%S}.
    #[arg(short = 'f', long, value_name = "FORMAT", value_parser = Template::parse)]
    #[arg(help_heading = "Output", conflicts_with_all = ["json", "raw"])]
    pub format: Option<Template>,

    /// Write records as JSON envelopes; `parsed` puts in values that are JSON as JSON
    ///
    /// One object on a line: topic, partition, offset, timestamp, timestamp_type, key, value,
    /// headers. Bytes that are not UTF-8 are in key_base64, value_base64 and, in a header,
    /// {"base64":".."}; a value that --json=parsed puts in is in value_json. `kaw produce --json`
    /// reads it back to the same records.
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "lossless", help_heading = "Output", conflicts_with = "raw")]
    pub json: Option<Envelope>,

    /// The same as --json
    #[arg(short = 'J', help_heading = "Output", conflicts_with_all = ["json", "format", "raw"])]
    pub envelope: bool,

    /// Write values as they are, with nothing behind them
    #[arg(long, help_heading = "Output")]
    pub raw: bool,

    /// Show keys and values as hexadecimal digits; in -f those with no form of their own
    #[arg(long, help_heading = "Output", conflicts_with = "base64")]
    #[arg(conflicts_with_all = ["json", "envelope", "raw"])]
    pub hex: bool,

    /// Likewise, as base64
    #[arg(long, help_heading = "Output", conflicts_with_all = ["json", "envelope", "raw"])]
    pub base64: bool,

    /// Which records.
    #[command(flatten)]
    pub selecting: Selecting,
}

/// Reads the pattern of `--regex`, and tells a slip on one line.
fn topic_pattern(text: &str) -> Result<TopicPattern, String> {
    TopicPattern::new(text).map_err(|error| value::regex_reason(&error.to_string()))
}

impl Args {
    /// Whether records are written as JSON.
    fn is_json(&self) -> bool {
        self.envelope || self.json.is_some()
    }
}

/// Runs the command.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let range = Range::parse(&args.offset, context.now_ms)?;
    let selection = Selection::new(&args.selecting, context.stop()?)?;
    let passing = Passing::new(context, args)?;
    let cluster = context.cluster()?;
    if let Some(isolation) = args.isolation {
        cluster.read_committed(isolation == Isolation::ReadCommitted);
    }
    let cannot = |error: ClusterError| context.failure("consume", error);
    let source = if let Some(group) = &args.group {
        let options = args.joining.options(args, group, range.of_group()?);
        let consumer = cluster.group_consumer(options).map_err(cannot)?;
        let interval = args.joining.max_poll_interval;
        Source::Member(Box::new(Member::new(consumer, group.to_string(), interval)))
    } else if args.merging.merge {
        Source::Merged(Box::new(Merge::open(cluster, args, &range).map_err(cannot)??))
    } else {
        let plain = Plain::open(cluster, args, &range).map_err(cannot)??;
        Source::Plain(Box::new(plain))
    };
    if args.exit && source.is_of_nothing() {
        context.out.status("no topic matches, so there is nothing to read");
    }
    let mut run = Run {
        context,
        args,
        source,
        output: Output::new(&context.out, context.stop()?).map_err(Failure::stdout)?,
        // What a command reads does not go to the terminal.
        writing: Writing::new(args, context.out.stdout_is_terminal() && passing.is_none()),
        selection,
        passing,
        pace: args.rate.map(Pace::new),
        records: 0,
        bytes: 0,
        skipped: 0,
    };
    let ended = run.read_all().and_then(|status| {
        run.run_rest()?;
        Ok(context.stop()?.status_or(status))
    });
    let Run { source, output, passing, selection, skipped, .. } = run;
    selection.conclude(&context.out);
    let stop = context.stop()?;
    output.drain(stop);
    let is_cut = output.is_busy() || output.is_given_up();
    // Exactly what stdout has accepted is committed, however the run ended.
    let left = match source {
        Source::Member(member) => member.leave(&output, stop, &context.out).map_err(cannot),
        Source::Plain(..) | Source::Merged(..) => Ok(()),
    };
    let concluded = passing.map_or(Status::Done, |passing| passing.conclude(&context.out));
    let written = output.finish().map_err(Failure::stdout);
    let status = settle(ended, written, left)?;
    let status = if is_cut { stop.status_or(status) } else { status };
    if skipped > 0 && status == Status::Done {
        let places = units::plural(skipped, "damaged place");
        let message = format!("cannot consume all: {places} passed over");
        let failure = Failure::new(Status::Damaged, ErrorKind::CorruptData.code(), message);
        let hint = "`kaw topics verify --repair` moves what is damaged aside";
        let is_only_read = context.cluster()?.is_only_read();
        return Err(if is_only_read { failure } else { failure.hint(hint) });
    }
    Ok(if status == Status::Done { concluded } else { status })
}

/// How a run ended whose output was written, and whose group was left, like that.
fn settle(
    ended: Result<Status, Failure>,
    written: Result<(), Failure>,
    left: Result<(), Failure>,
) -> Result<Status, Failure> {
    match (ended, left) {
        // The same trouble, and what it means for what was read.
        (Err(ended), Err(left)) if ended.status == left.status => Err(left),
        (ended, left) => {
            let status = ended?;
            written?;
            left.map(|()| status)
        }
    }
}

/// One run of the command.
struct Run<'a> {
    context: &'a Context,
    args: &'a Args,
    source: Source<'a>,
    passing: Option<Passing>,
    output: Output,
    writing: Writing,
    selection: Selection<'a>,
    pace: Option<Pace>,
    records: u64,
    bytes: u64,
    /// Damaged places that were passed over.
    skipped: u64,
}

impl Run<'_> {
    fn read_all(&mut self) -> Result<Status, Failure> {
        let stop = self.context.stop()?;
        // A line of progress between the records would be in the way.
        let progress = (!self.context.out.stdout_is_terminal())
            .then(|| Progress::new(&self.context.out, "consumed"));
        let mut buffer = RecordBuffer::default();
        let mut last_record = Instant::now();
        while self.args.count != Some(self.records) {
            let word = stop.word();
            if stop.requested().is_some() {
                return Ok(stop.status_or(Status::Done));
            }
            let now = Instant::now();
            let mut until = now + FOREVER;
            self.drop_lost();
            if let Some(due) = self.passing.as_ref().and_then(Passing::due) {
                until = until.min(due);
            }
            if let Some(idle) = self.args.idle {
                if now - last_record >= idle {
                    break;
                }
                until = until.min(last_record + idle);
            }
            let cannot = |error| self.context.failure("consume", error);
            if self.passing.is_none() && self.output.is_unheard() {
                break;
            }
            let (output, out) = (&self.output, &self.context.out);
            self.context.pass_on();
            let polled = self.source.poll(&mut buffer, until, word, output, out).map_err(cannot)?;
            self.skipped += self.source.tell_skipped(out);
            let idle = polled == Polled::Nothing;
            self.source.commit_when_due(idle, output, out).map_err(cannot)?;
            match polled {
                Polled::Records { of } => {
                    self.write(of, &buffer, progress.as_ref())?;
                    if self.args.idle.is_some() {
                        last_record = Instant::now();
                    }
                }
                Polled::Nothing | Polled::Deleted { .. } => {}
                Polled::Rebalance => {
                    self.source.rebalance(&self.output, &self.context.out).map_err(cannot)?;
                }
                Polled::Finished => break,
            }
            self.selection.tell(&self.context.out);
            self.run_due(idle)?;
        }
        Ok(Status::Done)
    }

    /// Writes the records that are wanted.
    fn write(
        &mut self,
        of: usize,
        buffer: &RecordBuffer,
        progress: Option<&Progress>,
    ) -> Result<(), Failure> {
        let turn = self.pace.as_ref().map_or(usize::MAX, |pace| pace.turn() as usize);
        let topic = self.source.topic(of).to_owned();
        let mut left = buffer.spans.as_slice();
        while let Some(spans) = left.get(..turn.min(left.len())).filter(|spans| !spans.is_empty()) {
            let taken = match self.passing {
                Some(_) => self.gather(of, spans, buffer)?.then_some(spans.len()),
                None => self.emit(of, &topic, spans, buffer)?,
            };
            if let Some(progress) = progress {
                progress.set(self.records, self.bytes);
            }
            let Some(taken) = taken.filter(|&taken| taken > 0) else { break };
            if self.keep_rate(of)? {
                break;
            }
            left = left.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// Writes records of one partition to stdout: all, or as many as fill a buffer. Answers how
    /// many, or nothing if the rest is not ours to write.
    fn emit(
        &mut self,
        of: usize,
        topic: &str,
        spans: &[Span],
        buffer: &RecordBuffer,
    ) -> Result<Option<usize>, Failure> {
        let is_member = matches!(self.source, Source::Member(_));
        if let Some(span) = spans.first().filter(|span| self.writing.is_long(span, buffer)) {
            return self.emit_long(of, topic, span, buffer);
        }
        let mut out = self.output.buffer();
        let (mut next_offset, mut marks) = (None, Vec::new());
        let mut taken = 0;
        for span in spans {
            if self.args.count == Some(self.records)
                || out.len() >= output::BUFFER_BYTES
                || self.writing.is_long(span, buffer)
                || self.selection.is_stopped()
            {
                break;
            }
            taken += 1;
            if self.selection.is_wanted(topic, span, buffer)? {
                self.writing.append(topic, span, buffer, &mut out);
                self.records += 1;
            }
            next_offset = Some(span.offset + 1);
            if is_member {
                marks.push((out.len(), span.offset + 1));
            }
        }
        self.bytes += out.len() as u64;
        if !self.hand_over(of, Load::Whole(out))? {
            return Ok(None);
        }
        if let Some(next) = next_offset {
            self.source.note(Sent { ticket: self.output.ticket(), of, next, marks });
        }
        Ok(Some(taken))
    }

    /// Writes one record that is not to be in memory as it is written.
    fn emit_long(
        &mut self,
        of: usize,
        topic: &str,
        span: &Span,
        buffer: &RecordBuffer,
    ) -> Result<Option<usize>, Failure> {
        if self.args.count == Some(self.records) {
            return Ok(Some(0));
        }
        let next = span.offset + 1;
        let mut marks = vec![(0, next)];
        if self.selection.is_wanted(topic, span, buffer)? {
            let long = self.writing.long(topic, span, buffer);
            marks = vec![(long.bytes(), next)];
            self.records += 1;
            self.bytes += long.bytes() as u64;
            if !self.hand_over(of, long)? {
                return Ok(None);
            }
        }
        self.source.note(Sent { ticket: self.output.ticket(), of, next, marks });
        Ok(Some(1))
    }

    /// Commits what a command has done: it is not to be done again. False if the partition is ours
    /// no more.
    fn commit_batch(&mut self, of: usize) -> Result<bool, Failure> {
        let cannot = |error| self.context.failure("consume", error);
        let (output, out) = (&self.output, &self.context.out);
        self.source.commit_when_due(true, output, out).map_err(cannot)?;
        let is_ours = self.source.keep_up(of, output, out).map_err(cannot)?;
        self.source.beat(out);
        Ok(is_ours)
    }

    /// Has a load written, and meanwhile, should stdout be slow, does what cannot wait. False if
    /// they are not: a signal asked to stop, or the partition went to another member.
    fn hand_over(&mut self, of: usize, mut load: Load) -> Result<bool, Failure> {
        let mut written = self.output.written();
        while let Some(rest) = self.output.offer(load, TICK).map_err(Failure::stdout)? {
            load = rest;
            if self.context.stop()?.requested().is_some() {
                return Ok(false);
            }
            // Who reads slowly is not taken for one that does not read at all.
            if written != self.output.written() {
                written = self.output.written();
                self.source.beat(&self.context.out);
            }
            let kept = self.source.keep_up(of, &self.output, &self.context.out);
            if !kept.map_err(|error| self.context.failure("consume", error))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Waits for as long as the rate asks; true if a signal ended the wait, or if the partition
    /// went to another member meanwhile: the rest of what was read of it is then theirs.
    fn keep_rate(&mut self, of: usize) -> Result<bool, Failure> {
        if self.pace.is_none() {
            return Ok(false);
        }
        loop {
            let kept = self.source.keep_up(of, &self.output, &self.context.out);
            if !kept.map_err(|error| self.context.failure("consume", error))? {
                return Ok(true);
            }
            self.source.beat(&self.context.out);
            let (records, bytes) = (self.records, self.bytes);
            let wait = self.pace.as_mut().map_or(Duration::ZERO, |p| p.wait(records, bytes));
            if wait.is_zero() {
                return Ok(false);
            }
            if self.context.stop()?.wait(wait.min(TICK)) {
                return Ok(true);
            }
        }
    }
}
