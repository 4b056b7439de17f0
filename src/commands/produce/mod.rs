//! Owns `kaw produce`: input to records, records to the cluster, and an honest count of them.
//! Leaves reading to `source` and `input`, counting to `tally`.

pub mod input;
pub mod source;
pub mod tally;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::input::{BadRecord, Generated, Input, Shape, Turn};
use self::source::Source;
use self::tally::{Counts, Reporter, Tally};
use super::{Context, Failure, Status};
use crate::cluster::error::{ClusterError, ErrorKind};
use crate::cluster::types::{Acks, ProducerOptions};
use crate::cluster::{Cluster, Producer};
use crate::out::progress::Progress;
use crate::out::units;
use crate::partitioner::Partitioner;
use crate::record::pointer::Pointer;
use crate::record::template::Template;
use crate::record::{Compression, RecordBuffer};
use crate::topic::{NewTopic, TopicName};
use crate::value::{self, Rate};

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw produce greetings greetings.txt
  kaw fake 1000 | kaw produce users --key-field /id --partitions 3
  kaw produce words -K : --report '%p %o %k' words.txt
  kaw produce users --fake 1M -z zstd --acks 1";

/// How long input may be behind before records that wait are sent.
const LULL: Duration = Duration::from_millis(1);
/// A wait for the log ends after this, to look at signals.
const TICK: Duration = Duration::from_millis(100);

/// Write records to a topic
///
/// Reads one record per line from files, or from stdin. Every record is counted as persisted, not
/// persisted, or maybe persisted; the counts add up to what was read, and the exit code is 0 only
/// if all were persisted. On a log directory a topic that is missing is created.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Args {
    /// The topic
    #[arg(value_name = "TOPIC")]
    pub topic: TopicName,

    /// Files of records; `-` is stdin
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub files: Vec<PathBuf>,

    /// What ends a record: one or more bytes, with escapes such as \n and \0
    #[arg(short = 'D', long, value_name = "BYTES", default_value = "\\n", help_heading = "Input")]
    #[arg(value_parser = value::delimiter)]
    pub delimiter: std::vec::Vec<u8>,

    /// What ends the key in a record
    #[arg(short = 'K', long, value_name = "BYTES", value_parser = value::delimiter)]
    #[arg(help_heading = "Input", conflicts_with_all = ["key", "key_field", "json"])]
    pub key_delimiter: Option<std::vec::Vec<u8>>,

    /// Read records as JSON envelopes, as `kaw consume --json` writes them
    #[arg(short = 'J', long, help_heading = "Input")]
    #[arg(conflicts_with_all = ["whole", "key", "key_field"])]
    pub json: bool,

    /// Make each file one record
    #[arg(long, help_heading = "Input", conflicts_with = "delimiter")]
    pub whole: bool,

    /// Write N generated users instead of reading input
    #[arg(long, value_name = "N", value_parser = value::count, help_heading = "Input")]
    #[arg(conflicts_with_all = ["files", "delimiter", "json", "whole"])]
    pub fake: Option<u64>,

    /// What the users are drawn from
    #[arg(
        long,
        value_name = "SEED",
        default_value_t = 0,
        requires = "fake",
        help_heading = "Input"
    )]
    pub seed: u64,

    /// The id of the first user
    #[arg(long, value_name = "ID", default_value_t = 1, requires = "fake", help_heading = "Input")]
    pub start_id: u64,

    /// Stop after N records
    #[arg(short = 'c', long, value_name = "N", value_parser = value::count, help_heading = "Input")]
    pub count: Option<u64>,

    /// Drop empty records, and count them
    #[arg(long, help_heading = "Input")]
    pub skip_empty: bool,

    /// Take a carriage return before a newline away
    #[arg(long, help_heading = "Input")]
    pub crlf: bool,

    /// The key of every record
    #[arg(short = 'k', long, value_name = "KEY", help_heading = "Records")]
    pub key: Option<String>,

    /// Take the key from this field of a JSON value (JSON pointer)
    #[arg(long, value_name = "POINTER", value_parser = Pointer::parse, help_heading = "Records")]
    #[arg(conflicts_with = "key")]
    pub key_field: Option<Pointer>,

    /// A header of every record; repeatable; a name alone has the value null
    #[arg(short = 'H', long = "header", value_name = "NAME[=VALUE]", value_parser = value::header)]
    #[arg(help_heading = "Records")]
    pub headers: Vec<(String, Option<std::vec::Vec<u8>>)>,

    /// The partition of every record
    #[arg(short = 'p', long, value_name = "N", value_parser = value::partition)]
    #[arg(help_heading = "Records", allow_negative_numbers = true)]
    pub partition: Option<i32>,

    /// With --json, keep the partition of each envelope
    #[arg(long, requires = "json", conflicts_with = "partition", help_heading = "Records")]
    pub keep_partition: bool,

    /// The timestamp of every record
    #[arg(long, value_name = "TIME", help_heading = "Records", allow_hyphen_values = true)]
    pub timestamp: Option<String>,

    /// Take the timestamp from this field of a JSON value (JSON pointer)
    #[arg(long, value_name = "POINTER", value_parser = Pointer::parse, help_heading = "Records")]
    #[arg(conflicts_with_all = ["timestamp", "json"])]
    pub timestamp_field: Option<Pointer>,

    /// Make an empty value null: a tombstone
    #[arg(short = 'Z', long, help_heading = "Records")]
    pub null: bool,

    /// Who chooses the partition: murmur2 (as Java), crc32 (as librdkafka), round-robin, random
    #[arg(long, value_name = "NAME", default_value = "murmur2", help_heading = "Records")]
    pub partitioner: Partitioner,

    /// Count a record as persisted when: 0 sent, 1 the log has it, all it is on disk
    #[arg(long, value_name = "0|1|all", default_value = "all", value_parser = acks)]
    #[arg(help_heading = "Delivery")]
    pub acks: Acks,

    /// Send one record at a time, and wait for it
    #[arg(long, help_heading = "Delivery")]
    pub sync: bool,

    /// Compress batches: none, gzip, snappy, lz4, zstd [default: the topic's]
    #[arg(short = 'z', long, value_name = "CODEC", value_parser = codec, help_heading = "Delivery")]
    pub compression: Option<Compression>,

    /// Wait this long for more records before a batch is sent
    #[arg(long, value_name = "DURATION", value_parser = value::duration, help_heading = "Delivery")]
    pub linger: Option<Duration>,

    /// Send at most so many records, or bytes, a second: 1000/s, 1MiB/s
    #[arg(long, value_name = "RATE", value_parser = value::rate, help_heading = "Delivery")]
    pub rate: Option<Rate>,

    /// Print a line for each persisted record: tokens as in `kaw consume -f`
    #[arg(long, value_name = "FORMAT", value_parser = Template::parse, help_heading = "Delivery")]
    pub report: Option<Template>,

    /// Partitions of a topic that has to be created [default: 1]
    #[arg(long, value_name = "N", value_parser = value::count, help_heading = "Delivery")]
    pub partitions: Option<u64>,

    /// Create a missing topic on brokers too
    #[arg(long, help_heading = "Delivery")]
    pub create: bool,
}

/// The values of `--acks`.
fn acks(text: &str) -> Result<Acks, String> {
    match text {
        "0" => Ok(Acks::None),
        "1" => Ok(Acks::Leader),
        "all" | "-1" => Ok(Acks::All),
        _ => Err(value::unknown("a level of acknowledgement", text, ["0", "1", "all"])),
    }
}

/// The values of `-z`.
fn codec(text: &str) -> Result<Compression, String> {
    Compression::ALL.into_iter().find(|codec| codec.name() == text).ok_or_else(|| {
        value::unknown("a codec", text, Compression::ALL.iter().map(|codec| codec.name()))
    })
}

impl Args {
    fn shape(&self, now_ms: i64) -> Result<Shape, Failure> {
        let timestamp = self.timestamp.as_deref().map(|t| crate::offset::parse_time(t, now_ms));
        let timestamp_ms =
            timestamp.transpose().map_err(|e| Failure::usage(format!("--timestamp: {e}")))?;
        Ok(Shape {
            delimiter: (!self.whole).then(|| self.delimiter.clone()),
            key_delimiter: self.key_delimiter.clone(),
            key: self.key.clone().map(String::into_bytes),
            key_field: self.key_field.clone(),
            headers: self.headers.clone(),
            json: self.json,
            keep_partition: self.keep_partition,
            partition: self.partition,
            timestamp_ms,
            timestamp_field: self.timestamp_field.clone(),
            null: self.null,
            skip_empty: self.skip_empty,
            crlf: self.crlf,
        })
    }

    fn options(&self) -> ProducerOptions {
        ProducerOptions {
            acks: self.acks,
            compression: self.compression,
            partitioner: self.partitioner,
            report: self.report.is_some(),
        }
    }
}

/// Runs the command.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let shape = args.shape(context.now_ms)?;
    let stop = context.stop()?;
    let source = Source::new(&args.files, stop);
    let slow = args.sync || args.rate.is_some();
    let mut records = match args.fake {
        Some(count) => {
            Records::Generated(Box::new(Generated::new(args.seed, args.start_id, count, shape)))
        }
        None => Records::Input(Box::new(Input::new(source, shape, usize::MAX, slow))),
    };
    let mut run = Run::new(context, args);
    let sent = run.send_all(&mut records);
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
}

/// One run of the command.
struct Run<'a> {
    context: &'a Context,
    args: &'a Args,
    tally: Arc<Tally>,
    working: Option<Working>,
    progress: Progress,
    started: Instant,
    read: u64,
    bytes: u64,
    skipped: u64,
    /// Records that were too large to be sent, and the first of them.
    too_large: u64,
    first_too_large: Option<BadRecord>,
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
            read: 0,
            bytes: 0,
            skipped: 0,
            too_large: 0,
            first_too_large: None,
        }
    }

    /// The most records that one turn may take.
    fn most(&self) -> u64 {
        let left = self.args.count.map_or(u64::MAX, |count| count - self.read);
        if self.args.sync {
            return left.min(1);
        }
        match self.args.rate {
            // A fiftieth of a second's worth, so that a rate is even.
            Some(Rate::Records(rate)) => left.min(((rate / 50.0) as u64).max(1)),
            Some(Rate::Bytes(_)) => left.min(16),
            None => left,
        }
    }

    /// Sends records until there are no more.
    fn send_all(&mut self, records: &mut Records<'_>) -> Result<(), Early> {
        let stop = self.context.stop()?;
        let mut buffer = Arc::new(RecordBuffer::default());
        while stop.requested().is_none() && self.args.count != Some(self.read) {
            if Arc::get_mut(&mut buffer).is_none() {
                // A report still points into the old one.
                buffer = Arc::new(RecordBuffer::default());
            }
            let Some(room) = Arc::get_mut(&mut buffer) else { continue };
            self.await_input(records)?;
            let most = self.most();
            let turn = match records {
                Records::Input(input) => {
                    let turn = input.read(room, most, crate::now_ms());
                    self.read = input.counted.records;
                    self.bytes = input.counted.bytes;
                    self.skipped = input.counted.skipped;
                    turn?
                }
                Records::Generated(generated) => {
                    let counted = generated.read(room, most, crate::now_ms());
                    self.read += counted.records;
                    self.bytes += counted.bytes;
                    if generated.is_done() { Turn::End } else { Turn::More }
                }
            };
            if !buffer.is_empty() {
                self.send(&buffer, records)?;
            }
            self.progress.set(self.tally.counts().persisted, self.bytes);
            match turn {
                Turn::End => break,
                Turn::More => {}
                Turn::Bad(bad) if bad.too_large => {
                    self.too_large += 1;
                    self.first_too_large.get_or_insert(bad);
                }
                Turn::Bad(bad) => return Err(Early::Bad(bad)),
            }
            self.settle(records);
        }
        Ok(())
    }

    /// Waits for input, and gives up when what was sent before cannot be written: input may be long
    /// in coming.
    fn await_input(&self, records: &Records<'_>) -> Result<(), Early> {
        let (Some(working), Records::Input(input)) = (&self.working, records) else {
            return Ok(());
        };
        while !input.is_ready(TICK) && self.context.stop()?.requested().is_none() {
            if working.producer.is_stuck() {
                return Err(Early::NotTaken);
            }
        }
        Ok(())
    }

    /// Hands one buffer over, and waits where the options ask for it.
    fn send(&mut self, buffer: &Arc<RecordBuffer>, records: &mut Records<'_>) -> Result<(), Early> {
        if self.working.is_none() {
            self.working = Some(self.start()?);
            if let (Records::Input(input), Some(working)) = (records, &self.working) {
                input.set_record_bytes_max(working.producer.record_bytes_max());
            }
        }
        let Some(working) = &mut self.working else { return Ok(()) };
        let taken = working.producer.send(buffer);
        while let Ok(warning) = working.producer.warnings().try_recv() {
            self.context.out.warn(warning);
        }
        if !taken {
            return Err(Early::NotTaken);
        }
        if self.args.sync {
            working.producer.flush();
            let sent = self.read - self.too_large;
            while !self.tally.wait_for(sent, TICK) && self.context.stop()?.requested().is_none() {
                if working.producer.is_stuck() {
                    return Err(Early::NotTaken);
                }
            }
        }
        Ok(())
    }

    /// Sees to it that nothing waits for a batch to fill while the log has nothing to do, and that
    /// a rate is kept.
    fn settle(&mut self, records: &Records<'_>) {
        let Some(working) = &mut self.working else { return };
        if let Some(rate) = self.args.rate {
            working.producer.flush();
            let due = match rate {
                Rate::Records(rate) => self.read as f64 / rate,
                Rate::Bytes(rate) => self.bytes as f64 / rate,
            };
            let wait = Duration::from_secs_f64(due.min(1e9)).saturating_sub(self.started.elapsed());
            if let Ok(stop) = self.context.stop() {
                stop.wait(wait);
            }
            return;
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
        if lull.is_zero() || !input.is_ready(lull) {
            working.producer.flush();
        }
    }

    /// Opens the topic, which is made where that is allowed, and starts counting.
    fn start(&self) -> Result<Working, Failure> {
        let (context, topic) = (self.context, &self.args.topic);
        if topic.is_internal() {
            let message = format!("topic `{topic}` is Kafka's own");
            return Err(Failure::usage(message));
        }
        let cluster = context.cluster()?;
        let cannot = |error: ClusterError| context.failure("produce", error);
        ensure_topic(context, cluster, self.args).map_err(cannot)?;
        let producer = cluster.producer(topic, self.args.options()).map_err(cannot)?;
        if let Some(partition) = self.args.partition
            && partition >= producer.partitions()
        {
            let message = format!(
                "topic `{topic}` has no partition {partition}: it has {}",
                producer.partitions()
            );
            return Err(cannot(ClusterError::new(ErrorKind::UnknownTopicOrPartition, message)));
        }
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
        let counting = std::thread::Builder::new()
            .name("count".to_owned())
            .spawn(move || tally.run(&deliveries, reporter))
            .map_err(|e| Failure::local("cannot start a thread", e))?;
        Ok(Working { producer, counting })
    }

    /// Waits for what is under way, tells the counts, and the failure if there was one.
    fn finish(mut self, sent: Result<(), Early>) -> Result<Status, Failure> {
        let mut closed = Ok(());
        if let Some(Working { producer, counting }) = self.working.take() {
            let warnings = producer.warnings();
            closed = producer.close();
            if closed.is_err() {
                self.tally.give_up();
            }
            drop(counting.join());
            while let Ok(warning) = warnings.try_recv() {
                self.context.out.warn(warning);
            }
        }
        self.progress.finish();
        let mut counts = self.tally.counts();
        // What was read and never sent is not in the log; what was sent and has no answer may be.
        let unknown = self.read.saturating_sub(counts.settled());
        match &closed {
            Ok(()) => counts.not_persisted += unknown,
            Err(_) => counts.maybe_persisted += unknown,
        }
        self.tell(&counts);
        self.verdict(sent, closed, &counts)
    }

    fn tell(&self, counts: &Counts) {
        let elapsed = self.started.elapsed();
        let mut skipped = String::new();
        if self.skipped > 0 {
            skipped = format!("; {} skipped", units::plural(self.skipped, "empty record"));
        }
        let level = match self.args.acks {
            Acks::None => "none (not acknowledged)",
            Acks::Leader => "process (in the page cache)",
            Acks::All => "power (on disk)",
        };
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
        closed.map_err(|error| self.context.failure("produce", error))?;
        match sent {
            Err(Early::Failed(failure)) => return Err(failure),
            Err(Early::Bad(bad)) => {
                let message = format!("cannot produce record {}: {}", bad.number, bad.reason);
                return Err(Failure::new(Status::Partial, "INVALID_RECORD", message));
            }
            Ok(()) | Err(Early::NotTaken) => {}
        }
        if let Some(error) = &counts.failure {
            let error = ClusterError::new(error.kind, error.message.clone());
            return Err(self.context.failure("produce", error));
        }
        if let Some(bad) = &self.first_too_large {
            let message = format!("cannot produce record {}: {}", bad.number, bad.reason);
            let failure = Failure::new(Status::Partial, ErrorKind::MessageTooLarge.code(), message);
            return Err(failure.hint("`kaw topics alter` sets max.message.bytes"));
        }
        match counts.report_failure {
            None | Some(std::io::ErrorKind::BrokenPipe) => {}
            Some(kind) => return Err(Failure::stdout(kind.into())),
        }
        Ok(self.context.stop()?.status_or(Status::Done))
    }
}

/// Makes the topic if it is missing, and says so.
fn ensure_topic(
    context: &Context,
    cluster: &Cluster,
    args: &Args,
) -> crate::cluster::error::Result<()> {
    let wanted = args.partitions.map(|n| i32::try_from(n).unwrap_or(i32::MAX));
    if let Some(there) = cluster.partition_count(&args.topic)? {
        if let Some(wanted) = wanted.filter(|&wanted| wanted != there) {
            context.out.warn(format_args!(
                "topic `{}` has {}, not {wanted}",
                args.topic,
                units::plural(there as u64, "partition")
            ));
        }
        return Ok(());
    }
    let partitions = wanted.unwrap_or(1);
    let topic = NewTopic {
        name: args.topic.clone(),
        partitions,
        replication_factor: None,
        configs: Vec::new(),
    };
    match cluster.create_missing_topic(&topic, args.create) {
        Ok(()) => {
            context.out.status(format_args!(
                "created topic `{}` with {}",
                args.topic,
                units::plural(partitions as u64, "partition")
            ));
            Ok(())
        }
        // Somebody else was quicker.
        Err(error) if error.kind == ErrorKind::TopicAlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
