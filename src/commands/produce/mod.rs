//! Owns `kaw produce`: input to records, records to the cluster, and an honest count of them.
//! Leaves reading to `source` and `input`, counting to `tally`.

pub mod args;
pub mod generated;
pub mod input;
mod limits;
pub mod rejects;
pub mod source;
pub mod tally;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

pub use self::args::Args;
use self::generated::Generated;
use self::input::{BadRecord, Input, Turn};
use self::rejects::Rejects;
use self::source::Source;
use self::tally::{Counts, Reporter, Tally};
use super::pace::Pace;
use super::topics::{create_missing, guard_internal};
use super::{Context, Failure, Status};
use crate::cluster::error::{ClusterError, ErrorKind};
use crate::cluster::types::TopicLimits;
use crate::cluster::{Cluster, Producer};
use crate::config::LogConfig;
use crate::out::progress::Progress;
use crate::out::units;
use crate::record::RecordBuffer;
use crate::record::buffers::Buffers;
use crate::topic::TopicName;

/// How long input may be behind before records that wait are sent.
const LULL: Duration = Duration::from_millis(1);
/// The longest that a record waits for its batch to fill while others keep coming.
const LINGER_MAX: Duration = Duration::from_millis(50);
/// How long to wait for a report to be written, where reading waits for that.
const BACKLOG: Duration = Duration::from_millis(1);
/// How long a report that nobody reads may take after a signal.
const GRACE: Duration = Duration::from_millis(1500);
/// How many of the records that are rejected are told one by one.
const REJECTS_SHOWN: u64 = 10;
/// A wait for the log ends after this, to look at signals.
const TICK: Duration = Duration::from_millis(100);

/// Runs the command.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let shape = args.shape(context.now_ms)?;
    guard_internal("produce to", std::slice::from_ref(&args.topic), args.internal)?;
    source::check(&args.files)?;
    if args.headers.iter().any(|(name, _)| name.is_empty()) {
        context.out.warn("--header: a header has an empty name");
    }
    let stop = context.stop()?;
    let source = Source::new(&args.files, stop);
    if args.transactional_id.is_some() && !context.cluster()?.has_transactions() {
        let message = "a log directory has no transactions";
        let error = ClusterError::new(ErrorKind::Unsupported, message);
        return Err(context.failure("produce", error));
    }
    let slow = args.sync || args.rate.is_some() || args.pace.is_some();
    let mut records = if let Some(count) = args.fake {
        let keyed = args.key.is_some() || args.key_field.is_some();
        let changes = args.changing.resolve(keyed, "--key-field /id")?;
        let range = args.start_id..args.start_id.saturating_add(count);
        Records::Generated(Box::new(Generated::new(args.seed, range, changes, shape)))
    } else {
        let limits = context.cluster()?.topic_limits(&args.topic);
        let limits = limits.map_err(|error| context.failure("produce", error))?;
        let limits = limits.unwrap_or_else(|| TopicLimits {
            partitions: args.partitions.unwrap_or(1),
            max_message_bytes: LogConfig::default().max_message_bytes as usize,
        });
        let mut input = Input::new(source, shape, limits.max_message_bytes, slow);
        input.limits = args.keep_going.then_some(limits);
        input.rejects = args.rejects.as_deref().map(Rejects::create).transpose()?;
        Records::Input(Box::new(input))
    };
    let mut run = Run::new(context, args);
    let mut sent = run.send_all(&mut records);
    if let Records::Input(input) = &mut records
        && let Some(rejects) = &mut input.rejects
    {
        sent = sent.and(rejects.finish().map_err(Early::Failed));
    }
    run.finish(sent)
}

/// Where records come from.
enum Records<'a> {
    Input(Box<Input<'a>>),
    Generated(Box<Generated>),
}

/// Why sending ended before the input did.
enum Early {
    /// A record is bad.
    Bad(BadRecord),
    /// A record was not taken, and the tally knows why.
    NotTaken,
    /// The run cannot go on.
    Failed(Failure),
}

impl From<Failure> for Early {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A producer at work, and the thread that counts for it.
struct Working {
    producer: Producer,
    counting: std::thread::JoinHandle<()>,
    /// Disconnects when the counting has ended.
    counted: Receiver<Infallible>,
}

/// One run of the command.
struct Run<'a> {
    context: &'a Context,
    args: &'a Args,
    tally: Arc<Tally>,
    working: Option<Working>,
    progress: Progress,
    started: Instant,
    rate: Option<Pace>,
    /// When nothing was left waiting for its batch to fill.
    flushed: Instant,
    read: u64,
    bytes: u64,
    skipped: u64,
    /// Records that were too large to be sent, and the first of them.
    too_large: u64,
    first_too_large: Option<BadRecord>,
    /// Records that could not be made, with --keep-going.
    rejected: u64,
    /// The timestamp of the first record, and when it was sent, with --pace.
    pace_from: Option<(i64, Instant)>,
}

impl<'a> Run<'a> {
    fn new(context: &'a Context, args: &'a Args) -> Self {
        Self {
            context,
            args,
            tally: Arc::default(),
            working: None,
            progress: Progress::new(&context.out, "produced"),
            started: Instant::now(),
            rate: args.rate.map(Pace::new),
            flushed: Instant::now(),
            read: 0,
            bytes: 0,
            skipped: 0,
            too_large: 0,
            first_too_large: None,
            rejected: 0,
            pace_from: None,
        }
    }

    /// The most records that one turn may take.
    fn most(&self) -> u64 {
        let left = self.args.count.map_or(u64::MAX, |count| count - self.read);
        if self.args.sync || self.args.pace.is_some() {
            return left.min(1);
        }
        self.rate.as_ref().map_or(left, |rate| left.min(rate.turn()))
    }

    /// Sends records until there are no more.
    fn send_all(&mut self, records: &mut Records<'_>) -> Result<(), Early> {
        let stop = self.context.stop()?;
        let mut buffers = Buffers::default();
        while stop.requested().is_none() && self.args.count != Some(self.read) {
            self.await_input(records)?;
            let Some(mut buffer) = self.await_buffer(&mut buffers)? else { continue };
            let Some(room) = Arc::get_mut(&mut buffer) else { continue };
            let most = self.most();
            let turn = match records {
                Records::Input(input) => {
                    let turn = input.read(room, most, crate::now_ms());
                    self.read = input.counted.records;
                    self.bytes = input.bytes_of_records();
                    self.skipped = input.counted.skipped;
                    if std::mem::take(&mut input.was_marked) {
                        self.context
                            .out
                            .warn("the input begins with a byte order mark; passed over");
                    }
                    turn?
                }
                Records::Generated(generated) => {
                    let counted = generated.read(room, most, crate::now_ms());
                    self.read += counted.records;
                    self.bytes += counted.bytes;
                    if generated.is_done() { Turn::End } else { Turn::More }
                }
            };
            if let Some(room) = Arc::get_mut(&mut buffer) {
                // A record that is bad is not in it, and stands behind those that are.
                let bad = matches!(turn, Turn::Bad(_));
                let behind = room.len() as u64 + u64::from(bad);
                room.first_number = (self.read + 1).saturating_sub(behind);
            }
            if !buffer.is_empty() {
                self.keep_pace(&buffer)?;
                self.send(&buffer)?;
            }
            buffers.keep(buffer);
            self.progress.set(self.tally.counts().persisted, self.bytes);
            match turn {
                Turn::End => break,
                Turn::More => {}
                Turn::Bad(bad) if self.args.keep_going => self.reject(&bad),
                // A name goes on behind its last record, and so nothing is left out before that. A
                // transaction is whole or not there.
                Turn::Bad(bad)
                    if bad.too_large
                        && self.args.resume.is_none()
                        && self.args.transactional_id.is_none() =>
                {
                    self.too_large += 1;
                    self.first_too_large.get_or_insert(bad);
                }
                Turn::Bad(bad) => return Err(Early::Bad(bad)),
            }
            self.settle(records);
        }
        Ok(())
    }

    /// Counts a record that cannot be made; says why, if there were not many.
    fn reject(&mut self, bad: &BadRecord) {
        self.rejected += 1;
        if self.rejected <= REJECTS_SHOWN {
            self.context.out.warn(format_args!("record {}: {}", bad.number, bad.reason));
        }
    }

    /// Waits until the record is due by its timestamp; one that lies before the first is due.
    fn keep_pace(&mut self, buffer: &RecordBuffer) -> Result<(), Failure> {
        let (Some(speed), Some(span)) = (self.args.pace, buffer.spans.first()) else {
            return Ok(());
        };
        let (first_ms, begun) =
            *self.pace_from.get_or_insert_with(|| (span.timestamp_ms, Instant::now()));
        let due_ms = span.timestamp_ms.saturating_sub(first_ms).max(0) as f64 / speed;
        let wait = Duration::from_secs_f64((due_ms / 1000.0).min(1e9));
        self.context.stop()?.wait(wait.saturating_sub(begun.elapsed()));
        Ok(())
    }

    /// Waits for input, and gives up when what was sent before cannot be written: input may be long
    /// in coming.
    fn await_input(&mut self, records: &mut Records<'_>) -> Result<(), Early> {
        let (Some(working), Records::Input(input)) = (&mut self.working, records) else {
            return Ok(());
        };
        while !input.is_ready(TICK) && self.context.stop()?.requested().is_none() {
            if working.producer.is_stuck() {
                return Err(Early::NotTaken);
            }
            working.producer.commit_if_due();
        }
        Ok(())
    }

    /// Waits for a buffer that no report points into; `None` if that may take longer.
    fn await_buffer(&self, buffers: &mut Buffers) -> Result<Option<Arc<RecordBuffer>>, Early> {
        let buffer = buffers.take();
        if buffer.is_none() {
            if self.working.as_ref().is_some_and(|working| working.producer.is_stuck()) {
                return Err(Early::NotTaken);
            }
            self.context.stop()?.wait(BACKLOG);
        }
        Ok(buffer)
    }

    /// Hands one buffer over, and waits where the options ask for it.
    fn send(&mut self, buffer: &Arc<RecordBuffer>) -> Result<(), Early> {
        if self.working.is_none() {
            self.working = Some(self.start()?);
        }
        let Some(working) = &mut self.working else { return Ok(()) };
        let taken = working.producer.send(buffer);
        while let Ok(warning) = working.producer.warnings().try_recv() {
            self.context.out.warn(warning);
        }
        self.context.pass_on();
        if !taken {
            return Err(Early::NotTaken);
        }
        if self.args.sync {
            working.producer.flush();
            let sent = self.read - self.too_large - self.rejected;
            while !self.tally.wait_for(sent, TICK) {
                if working.producer.is_stuck() {
                    return Err(Early::NotTaken);
                }
            }
        }
        Ok(())
    }

    /// Sees to it that nothing waits for a batch to fill while the log has nothing to do, and that
    /// a rate is kept.
    fn settle(&mut self, records: &mut Records<'_>) {
        let Some(working) = &mut self.working else { return };
        if let Some(rate) = &mut self.rate {
            working.producer.flush();
            let wait = rate.wait(self.read, self.bytes);
            if let Ok(stop) = self.context.stop() {
                stop.wait(wait);
            }
            return;
        }
        let linger = self.args.linger.unwrap_or(LINGER_MAX);
        if self.flushed.elapsed() >= linger {
            // Input that never pauses fills some batches all the time, and others never.
            working.producer.flush();
            self.flushed = Instant::now();
        }
        let Records::Input(input) = records else { return };
        if input.is_ready(Duration::ZERO) {
            return;
        }
        let lull = self.args.linger.unwrap_or(if working.producer.is_idle() {
            Duration::ZERO
        } else {
            LULL
        });
        let until = Instant::now() + lull;
        let goes_on = || self.context.stop().is_ok_and(|stop| stop.requested().is_none());
        while goes_on() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || working.producer.is_stuck() {
                break;
            }
            if input.is_ready(left.min(TICK)) {
                return;
            }
        }
        working.producer.flush();
    }

    /// Opens the topic, which is made where that is allowed, and starts counting.
    fn start(&self) -> Result<Working, Failure> {
        let (context, topic) = (self.context, &self.args.topic);
        let cluster = context.cluster()?;
        let cannot = |error: ClusterError| context.failure("produce", error);
        let wanted = Wanted {
            topic,
            partitions: self.args.partitions,
            partition: self.args.partition,
            create: self.args.create,
        };
        ensure_topic(context, cluster, &wanted).map_err(cannot)?;
        let producer =
            cluster.producer(topic, self.args.options(context.stop()?.flag())).map_err(cannot)?;
        let deliveries = producer.deliveries();
        let reporter = match &self.args.report {
            Some(template) => Some(Reporter {
                template: template.clone(),
                topic: topic.to_string(),
                stdout: context.out.stdout().map_err(Failure::stdout)?,
            }),
            None => None,
        };
        let tally = Arc::clone(&self.tally);
        let (alive, counted) = bounded(0);
        let count = move || {
            tally.run(&deliveries, reporter);
            drop(alive);
        };
        let counting = std::thread::Builder::new()
            .name("count".to_owned())
            .spawn(count)
            .map_err(|e| Failure::local("cannot start a thread", e))?;
        Ok(Working { producer, counting, counted })
    }

    /// Waits for what is under way, tells the counts, and the failure if there was one.
    fn finish(mut self, sent: Result<(), Early>) -> Result<Status, Failure> {
        let mut closed = Ok(());
        if let Some(Working { mut producer, counting, counted }) = self.working.take() {
            if sent.is_err() {
                producer.spoil();
            }
            let warnings = producer.warnings();
            closed = producer.close().and_then(|()| self.await_count(&counted));
            if closed.is_err() {
                self.tally.give_up();
            }
            if closed.is_ok() || counting.is_finished() {
                drop(counting.join());
            }
            while let Ok(warning) = warnings.try_recv() {
                self.context.out.warn(warning);
            }
        }
        self.progress.finish();
        if let Some(more) = self.rejected.checked_sub(REJECTS_SHOWN).filter(|more| *more > 0) {
            let more = units::plural(more, "more record");
            self.context.out.warn(format_args!("{more} rejected, of which nothing is told here"));
        }
        let mut counts = self.tally.counts();
        // What was read and never sent is not in the log; what was sent and has no answer may be.
        let unknown = self.read.saturating_sub(counts.settled() + self.rejected);
        match &closed {
            Ok(()) => counts.not_persisted += unknown,
            Err(_) => counts.maybe_persisted += unknown,
        }
        let started = self.read > 0 || self.skipped > 0;
        let verdict = self.verdict(sent, closed, &counts).map_err(|failure| self.ended_by(failure));
        if started || verdict.is_ok() {
            self.tell(&counts);
        }
        verdict
    }

    /// A failure as the run ends with it: records that failed are told, and it is still the signal
    /// that ended the run.
    fn ended_by(&self, failure: Failure) -> Failure {
        match self.context.stop() {
            Ok(stop) if failure.status == Status::Partial => {
                Failure { status: stop.status_or(failure.status), ..failure }
            }
            _ => failure,
        }
    }

    /// Waits until all that was settled is counted and reported. A report that nobody reads takes
    /// for ever, and so, after a signal, only so long.
    fn await_count(&self, counted: &Receiver<Infallible>) -> crate::cluster::error::Result<()> {
        let mut noticed = None;
        while let Err(RecvTimeoutError::Timeout) = counted.recv_timeout(TICK) {
            let requested = self.context.stop().is_ok_and(|stop| stop.requested().is_some());
            if requested && noticed.get_or_insert_with(Instant::now).elapsed() >= GRACE {
                let message = "interrupted before everything was reported";
                return Err(ClusterError::new(ErrorKind::TimedOut, message));
            }
        }
        Ok(())
    }

    fn tell(&self, counts: &Counts) {
        let elapsed = self.started.elapsed();
        let mut skipped = String::new();
        if self.skipped > 0 {
            skipped = format!("; {} skipped", units::plural(self.skipped, "empty record"));
        }
        if self.rejected > 0 {
            skipped = format!(", {} rejected{skipped}", units::count(self.rejected));
        }
        if counts.persisted_before > 0 {
            let before = units::count(counts.persisted_before);
            skipped = format!("{skipped}; {before} of them in earlier runs");
        }
        // The target was found at the start, so it is found again.
        let level = self.context.durability(self.args.acks).unwrap_or("unknown");
        self.context.out.status(format_args!(
            "read {}: {} persisted, {} not persisted, {} maybe persisted{skipped}; \
             {} in {}, {}; durability {level}",
            units::plural(self.read, "record"),
            units::count(counts.persisted),
            units::count(counts.not_persisted),
            units::count(counts.maybe_persisted),
            units::bytes(self.bytes),
            units::duration(elapsed),
            units::rate(self.read, elapsed),
        ));
    }

    fn verdict(
        &self,
        sent: Result<(), Early>,
        closed: crate::cluster::error::Result<()>,
        counts: &Counts,
    ) -> Result<Status, Failure> {
        let stop = self.context.stop()?;
        match closed {
            Err(error) if stop.requested().is_some() => self.context.out.warn(error.message),
            Err(error) => return Err(self.context.failure("produce", error)),
            Ok(()) => {}
        }
        match sent {
            Err(Early::Failed(failure)) => return Err(failure),
            Err(Early::Bad(bad)) => {
                let message = format!("cannot produce record {}: {}", bad.number, bad.reason);
                return Err(Failure::new(Status::Partial, "INVALID_RECORD", message));
            }
            Ok(()) | Err(Early::NotTaken) => {}
        }
        let interrupted = stop.requested().is_some();
        // What was given up because of the signal is no failure of its own.
        let given_up = |error: &ClusterError| interrupted && error.kind == ErrorKind::TimedOut;
        if let Some(error) = counts.failure.as_deref().filter(|error| !given_up(error)) {
            let mut error = ClusterError::new(error.kind, error.message.clone());
            if let Some(number) = counts.failed_record {
                error.message = format!("record {number}: {}", error.message);
            }
            return Err(self.context.failure("produce", error));
        }
        if let Some(bad) = &self.first_too_large {
            let message = format!("cannot produce record {}: {}", bad.number, bad.reason);
            let failure = Failure::new(Status::Partial, ErrorKind::MessageTooLarge.code(), message);
            return Err(failure.hint("`kaw topics alter` sets max.message.bytes"));
        }
        if self.rejected > 0 {
            let records = units::plural(self.rejected, "record");
            let message = format!("{records} could not be made of the input, or sent");
            return Err(Failure::new(Status::Partial, ErrorKind::InvalidRecord.code(), message));
        }
        match counts.report_failure {
            None | Some(std::io::ErrorKind::BrokenPipe) => {}
            Some(kind) => return Err(Failure::stdout(kind.into())),
        }
        Ok(stop.status_or(Status::Done))
    }
}

/// Refuses a partition that a topic of `partitions` does not have.
fn check_partition(
    topic: &TopicName,
    partition: Option<i32>,
    partitions: i32,
) -> crate::cluster::error::Result<()> {
    let Some(partition) = partition.filter(|&p| p >= partitions) else { return Ok(()) };
    let count = partitions.max(0) as usize;
    Err(ClusterError::unknown_partition(topic.as_str(), partition, count))
}

/// A topic as a producer wants it.
pub struct Wanted<'a> {
    /// Its name.
    pub topic: &'a TopicName,
    /// How many partitions it is to have.
    pub partitions: Option<i32>,
    /// One that it must have.
    pub partition: Option<i32>,
    /// Whether to create it on brokers too.
    pub create: bool,
}

/// Makes the topic if it is missing, and says so; true if it was made.
pub fn ensure_topic(
    context: &Context,
    cluster: &Cluster,
    wanted: &Wanted<'_>,
) -> crate::cluster::error::Result<bool> {
    let Wanted { topic, partitions, partition, create } = *wanted;
    if let Some(there) = cluster.topic_limits(topic)?.map(|limits| limits.partitions) {
        check_partition(topic, partition, there)?;
        if let Some(wanted) = partitions.filter(|&wanted| wanted != there) {
            context.out.warn(format_args!(
                "topic `{topic}` has {}, not {wanted}",
                units::plural(there as u64, "partition")
            ));
        }
        return Ok(false);
    }
    let partitions = partitions.unwrap_or(1);
    check_partition(topic, partition, partitions)?;
    create_missing(context, cluster, topic, partitions, create)
}
