//! Owns `kaw consume`: where to start, where to stop, which records, in which form. Leaves waiting
//! and reading to the cluster, the forms to `record`.

pub mod exec;
pub mod member;

use std::time::{Duration, Instant};

use regex::bytes::Regex;

use self::exec::{Batch, Exec};
use self::member::{Member, Source};
use super::output::Output;
use super::topics::distinct;
use super::{Context, Failure, Status};
use crate::assignor::Assignor;
use crate::cluster::Cluster;
use crate::cluster::error::{ClusterError, ErrorKind};
use crate::cluster::types::{ConsumeFrom, GroupOptions, OffsetAt, Polled, Skipped};
use crate::group::GroupId;
use crate::offset::{OffsetSpec, Position};
use crate::out::{progress::Progress, units};
use crate::record::bytes::{Newlines, escape_terminal};
use crate::record::template::Template;
use crate::record::{RecordBuffer, Span, envelope};
use crate::topic::{TopicName, TopicPartition};
use crate::value::{self, Rate};

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw consume users --exit
  kaw consume users -o -10 -e -f '%p:%o %k %s\\n'
  kaw consume users -o @-1h:end --json
  kaw consume users --grep '\"state\":\"Ohio\"' --exit";

/// How long a command may take for one batch: Kafka's `max.poll.interval.ms`.
const EXEC_LIMIT: Duration = Duration::from_secs(300);
/// How long one wait for records lasts before signals are looked at again.
const TICK: Duration = Duration::from_millis(100);

/// How `--json` writes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Envelope {
    /// As a string, or base64: reads back to the same bytes.
    Lossless,
    /// As JSON, where it is JSON.
    Parsed,
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
    #[arg(value_name = "TOPIC", required = true)]
    pub topics: Vec<TopicName>,

    /// From where, and to where: start, end, N, -N, +N, @TIME, FROM:TO [default: start]
    ///
    /// -N is so many before the end, +N so many after the start, of each partition. TO is the first
    /// offset, or time, that is not read any more; `:end` stops at the end as it is now. TIME is
    /// 2026-01-15T10:00:00Z, 2026-01-15, 10:30 (today, in UTC), -1h, or seconds (up to 10 digits)
    /// or milliseconds (13 digits) since 1970.
    #[arg(short = 'o', long, value_name = "SPEC", help_heading = "Range")]
    #[arg(allow_hyphen_values = true)]
    pub offset: Option<String>,

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

    /// Stop when no record has come for this long
    #[arg(long, value_name = "DURATION", value_parser = value::duration, help_heading = "Range")]
    pub idle: Option<Duration>,

    /// Read on behind what is damaged, tell on stderr what was passed over, and end with 4
    #[arg(long, help_heading = "Range", conflicts_with = "group")]
    pub skip_damaged: bool,

    /// Join this group and share its partitions; commit what stdout has accepted
    ///
    /// Reads on where the group stands, or from the start. Members that come, leave or die are seen
    /// at once, and the partitions are shared out anew.
    #[arg(short = 'g', long, value_name = "GROUP", help_heading = "Group")]
    #[arg(conflicts_with_all = ["offset", "partitions"])]
    pub group: Option<GroupId>,

    /// Who gets which partition: range, roundrobin, sticky, cooperative-sticky
    #[arg(long, value_name = "NAME", default_value = "range", help_heading = "Group")]
    #[arg(requires = "group")]
    pub assignor: Assignor,

    /// Run this command for each batch, with the records on its stdin; last on the line, no shell
    ///
    /// A batch is of one partition, and is committed when the command exits with 0. The command is
    /// told KAW_GROUP, KAW_TOPIC, KAW_PARTITION, KAW_FIRST_OFFSET, KAW_LAST_OFFSET and KAW_RECORDS
    /// in its environment, and is ended after five minutes.
    #[arg(long, value_name = "CMD", num_args = 1.., allow_hyphen_values = true)]
    #[arg(requires = "group", help_heading = "Group")]
    pub exec: Option<Vec<String>>,

    /// Give the command at most N records at once
    #[arg(long, value_name = "N", value_parser = value::count, default_value = "500")]
    #[arg(requires = "exec", help_heading = "Group")]
    pub batch: u64,

    /// Run the command again, at most N times, when it fails
    #[arg(long, value_name = "N", value_parser = value::count, default_value = "0")]
    #[arg(requires = "exec", help_heading = "Group")]
    pub retry: u64,

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

    /// Only records with this key
    #[arg(long, value_name = "KEY", help_heading = "Filter")]
    pub key: Option<String>,

    /// Only records whose value matches this regular expression
    #[arg(long, value_name = "REGEX", value_parser = regex, help_heading = "Filter")]
    pub grep: Option<Regex>,
}

/// Reads the regular expression of `--grep`, and tells a slip on one line.
fn regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| value::regex_reason(&error.to_string()))
}

/// The form of the output.
enum Form<'a> {
    /// Values, each with a newline.
    Lines,
    /// Values and nothing else.
    Raw,
    Template(&'a Template),
    Envelope {
        parsed: bool,
    },
}

/// Which records are written, and how.
struct Writing<'a> {
    form: Form<'a>,
    /// What is written must not drive the terminal.
    guarded: bool,
    key: Option<&'a [u8]>,
    grep: Option<&'a Regex>,
    scratch: Vec<u8>,
}

impl<'a> Writing<'a> {
    fn new(args: &'a Args, terminal: bool) -> Self {
        let form = match (&args.format, args.json, args.envelope) {
            (Some(template), ..) => Form::Template(template),
            (_, Some(how), _) => Form::Envelope { parsed: how == Envelope::Parsed },
            (_, _, true) => Form::Envelope { parsed: false },
            _ if args.raw => Form::Raw,
            _ => Form::Lines,
        };
        Self {
            guarded: terminal && !args.raw,
            form,
            key: args.key.as_deref().map(str::as_bytes),
            grep: args.grep.as_ref(),
            scratch: Vec::new(),
        }
    }

    fn is_wanted(&self, span: &Span, buffer: &RecordBuffer) -> bool {
        self.key.is_none_or(|key| span.key.of(&buffer.arena) == Some(key))
            && self
                .grep
                .is_none_or(|r| span.value.of(&buffer.arena).is_some_and(|value| r.is_match(value)))
    }

    /// Appends one record to `out`.
    fn append(&mut self, topic: &str, span: &Span, buffer: &RecordBuffer, out: &mut Vec<u8>) {
        if self.guarded {
            return self.append_guarded(topic, span, buffer, out);
        }
        match self.form {
            Form::Lines => {
                out.extend_from_slice(span.value.of(&buffer.arena).unwrap_or_default());
                out.push(b'\n');
            }
            Form::Raw => out.extend_from_slice(span.value.of(&buffer.arena).unwrap_or_default()),
            Form::Template(template) => template.render(&buffer.view(topic, span), out),
            Form::Envelope { parsed } => {
                envelope::write(&buffer.view(topic, span), parsed, out);
                out.push(b'\n');
            }
        }
    }

    fn append_guarded(
        &mut self,
        topic: &str,
        span: &Span,
        buffer: &RecordBuffer,
        out: &mut Vec<u8>,
    ) {
        self.scratch.clear();
        match self.form {
            Form::Lines | Form::Raw => {
                let value = span.value.of(&buffer.arena).unwrap_or_default();
                // One record stays one line.
                escape_terminal(value, Newlines::Escape, out);
                out.push(b'\n');
            }
            Form::Template(template) => {
                template.render(&buffer.view(topic, span), &mut self.scratch);
                escape_terminal(&self.scratch, Newlines::Keep, out);
            }
            Form::Envelope { parsed } => {
                envelope::write(&buffer.view(topic, span), parsed, &mut self.scratch);
                let json = String::from_utf8_lossy(&self.scratch);
                out.extend_from_slice(units::safe_json(&json).as_bytes());
                out.push(b'\n');
            }
        }
    }
}

/// Runs the command.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let spec = match &args.offset {
        None => OffsetSpec { from: Position::Start, to: None },
        Some(text) => OffsetSpec::parse(text, context.now_ms)
            .map_err(|e| Failure::usage(format!("--offset: {e}")))?,
    };
    let cluster = context.cluster()?;
    let cannot = |error: ClusterError| context.failure("consume", error);
    let source = if let Some(group) = &args.group {
        let options = GroupOptions {
            group: group.clone(),
            topics: distinct(&args.topics),
            assignor: args.assignor,
            client_id: "kaw".to_owned(),
            to_end: args.exit,
        };
        let consumer = cluster.group_consumer(options).map_err(cannot)?;
        Source::Member(Box::new(Member::new(consumer, group.to_string())))
    } else {
        let from = resolve(cluster, args, &spec).map_err(cannot)??;
        let topics = from.iter().map(|from| from.topic.to_string()).collect();
        let mut consumer = cluster.consumer(&from).map_err(cannot)?;
        if args.skip_damaged {
            consumer.skip_damaged();
        }
        Source::Plain(consumer, topics)
    };
    let mut run = Run {
        context,
        args,
        source,
        exec: args.exec.clone().map(|words| Exec { words, retries: args.retry, limit: EXEC_LIMIT }),
        output: Output::new(&context.out).map_err(Failure::stdout)?,
        writing: Writing::new(args, context.out.stdout_is_terminal()),
        started: Instant::now(),
        records: 0,
        bytes: 0,
        skipped: 0,
    };
    let ended = run.read_all();
    let Run { source, output, skipped, .. } = run;
    output.drain();
    // Exactly what stdout has accepted is committed, however the run ended.
    let left = match source {
        Source::Member(member) => member.leave(&output).map_err(cannot),
        Source::Plain(..) => Ok(()),
    };
    let written = output.finish().map_err(Failure::stdout);
    let status = ended?;
    written?;
    left?;
    if skipped > 0 && status == Status::Done {
        let places = units::plural(skipped, "damaged place");
        let message = format!("cannot consume all: {places} passed over");
        let failure = Failure::new(Status::Damaged, ErrorKind::CorruptData.code(), message);
        return Err(failure.hint("`kaw topics verify --repair` moves what is damaged aside"));
    }
    Ok(status)
}

/// What is read, from where to where.
fn resolve(
    cluster: &Cluster,
    args: &Args,
    spec: &OffsetSpec,
) -> Result<Result<Vec<ConsumeFrom>, Failure>, ClusterError> {
    let mut of = Vec::new();
    for outcome in cluster.describe_topics(&distinct(&args.topics))? {
        let topic = outcome.result?;
        let known = topic.partitions.iter().map(|p| p.partition);
        let wanted = args.partitions.clone().unwrap_or_else(|| known.collect());
        of.extend(
            wanted.into_iter().map(|p| TopicPartition { topic: topic.name.clone(), partition: p }),
        );
    }
    let list = |at| -> Result<Vec<i64>, ClusterError> {
        let outcomes = cluster.list_offsets(&of, at)?;
        outcomes.into_iter().map(|outcome| outcome.result.map(|listed| listed.offset)).collect()
    };
    let (starts, ends) = (list(OffsetAt::Start)?, list(OffsetAt::End)?);
    let at = |position: Position| -> Result<Result<Vec<i64>, Failure>, ClusterError> {
        if let Position::Time(time) = position {
            return Ok(Ok(list(OffsetAt::Timestamp(time))?));
        }
        let resolved = starts.iter().zip(&ends).map(|(&s, &e)| position.resolve(s, e)).collect();
        let stored = || Failure::usage("`stored` is where a group stands, and needs one");
        Ok(Option::<Vec<i64>>::ok_or_else(resolved, stored))
    };
    let froms = match at(spec.from)? {
        Ok(froms) => froms,
        Err(failure) => return Ok(Err(failure)),
    };
    let tos = match spec.to.map(at).transpose()? {
        Some(Ok(tos)) => Some(tos),
        Some(Err(failure)) => return Ok(Err(failure)),
        None => None,
    };
    let mut all = Vec::with_capacity(of.len());
    for (i, tp) in of.into_iter().enumerate() {
        let get = |offsets: &[i64]| offsets.get(i).copied().unwrap_or(0);
        let to = tos.as_deref().map(get);
        let end = args.exit.then(|| get(&ends));
        let to = to.into_iter().chain(end).min();
        all.push(ConsumeFrom { topic: tp.topic, partition: tp.partition, from: get(&froms), to });
    }
    Ok(Ok(all))
}

/// One run of the command.
struct Run<'a> {
    context: &'a Context,
    args: &'a Args,
    source: Source,
    exec: Option<Exec>,
    output: Output,
    writing: Writing<'a>,
    started: Instant,
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
            if stop.requested().is_some() {
                return Ok(stop.status_or(Status::Done));
            }
            let now = Instant::now();
            let mut until = now + TICK;
            if let Some(idle) = self.args.idle {
                if now - last_record >= idle {
                    break;
                }
                until = until.min(last_record + idle);
            }
            let cannot = |error| self.context.failure("consume", error);
            let polled = self.source.poll(&mut buffer, until).map_err(cannot)?;
            self.tell_skipped();
            let idle = polled == Polled::Nothing;
            self.source.commit_when_due(&self.output, idle).map_err(cannot)?;
            match polled {
                Polled::Records { of } => {
                    self.write(of, &buffer, progress.as_ref())?;
                    if self.args.idle.is_some() {
                        last_record = Instant::now();
                    }
                }
                Polled::Nothing if self.output.is_unheard() => break,
                Polled::Nothing => {}
                Polled::Rebalance => {
                    self.source.rebalance(&self.output, &self.context.out).map_err(cannot)?;
                }
                Polled::Finished => break,
            }
        }
        Ok(Status::Done)
    }

    /// Tells what was passed over.
    fn tell_skipped(&mut self) {
        let Source::Plain(consumer, _) = &mut self.source else { return };
        for (of, Skipped { damage, from, to }) in consumer.take_skipped() {
            self.skipped += 1;
            let what = format!("{of}: passed over offsets {from} to {}: {damage}", to - 1);
            self.context.out.warn(what);
        }
    }

    /// Writes the records that are wanted.
    fn write(
        &mut self,
        of: usize,
        buffer: &RecordBuffer,
        progress: Option<&Progress>,
    ) -> Result<(), Failure> {
        let turn = match self.args.rate {
            _ if self.exec.is_some() => usize::try_from(self.args.batch.max(1)).unwrap_or(1),
            // A fiftieth of a second's worth, so that a rate is even.
            Some(Rate::Records(rate)) => ((rate / 50.0) as usize).max(1),
            Some(Rate::Bytes(_)) => 16,
            None => usize::MAX,
        };
        let topic = self.source.topic(of).to_owned();
        for spans in buffer.spans.chunks(turn.min(buffer.len().max(1))) {
            let mut out = self.output.buffer();
            let (mut next_offset, before) = (None, self.records);
            for span in spans {
                if self.args.count == Some(self.records) {
                    break;
                }
                if self.writing.is_wanted(span, buffer) {
                    self.writing.append(&topic, span, buffer, &mut out);
                    self.records += 1;
                }
                next_offset = Some(span.offset + 1);
            }
            self.bytes += out.len() as u64;
            match (&self.exec, spans) {
                (Some(exec), [first, ..]) if !out.is_empty() => {
                    let batch = Batch {
                        group: self.args.group.as_ref().map_or("", GroupId::as_str),
                        topic: &topic,
                        partition: first.partition,
                        first_offset: first.offset,
                        last_offset: next_offset.map_or(first.offset, |next| next - 1),
                        records: self.records - before,
                    };
                    exec.run(batch, &out, self.context.stop()?)?;
                }
                (Some(_), _) => {}
                (None, _) => self.output.write(out).map_err(Failure::stdout)?,
            }
            if let Some(next_offset) = next_offset {
                self.source.note(of, next_offset, self.output.ticket());
            }
            if self.exec.is_some() {
                // The command has done its work: it is not to be done again.
                let committed = self.source.commit_when_due(&self.output, true);
                committed.map_err(|error| self.context.failure("consume", error))?;
            }
            if let Some(progress) = progress {
                progress.set(self.records, self.bytes);
            }
            if self.keep_rate(of)? {
                break;
            }
        }
        Ok(())
    }

    /// Waits for as long as the rate asks; true if a signal ended the wait, or if the partition
    /// went to another member meanwhile: the rest of what was read of it is then theirs.
    fn keep_rate(&mut self, of: usize) -> Result<bool, Failure> {
        let due = match self.args.rate {
            None => return Ok(false),
            Some(Rate::Records(rate)) => self.records as f64 / rate,
            Some(Rate::Bytes(rate)) => self.bytes as f64 / rate,
        };
        let due = Duration::from_secs_f64(due.min(1e9));
        loop {
            let kept = self.source.keep_up(of, &self.output, &self.context.out);
            if !kept.map_err(|error| self.context.failure("consume", error))? {
                return Ok(true);
            }
            let wait = due.saturating_sub(self.started.elapsed());
            if wait.is_zero() {
                return Ok(false);
            }
            if self.context.stop()?.wait(wait.min(TICK)) {
                return Ok(true);
            }
        }
    }
}
