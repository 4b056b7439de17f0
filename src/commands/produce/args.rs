//! Owns the options of `kaw produce`, and what they add up to. Leaves the work to its parent.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::generated::Generated;
use super::input::Shape;
use crate::cli::global;
use crate::cluster::types::{Acks, ProducerOptions, Resume, Transactions};
use crate::commands::Failure;
use crate::commands::fake::Changing;
use crate::partitioner::Partitioner;
use crate::record::Compression;
use crate::record::pointer::Pointer;
use crate::record::template::Template;
use crate::topic::TopicName;
use crate::value::{self, Rate};

/// The longest name of a producer.
const NAME_MAX_BYTES: usize = 249;
/// A longer wait for other records than this is told to the back end, which would be quicker.
const LINGER_TOLD: Duration = Duration::from_millis(200);

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw produce greetings greetings.txt
  kaw fake 1000 | kaw produce users --key-field /id --partitions 3
  kaw produce words -K : --report '%p %o %k' words.txt
  kaw produce users --fake 1M -z zstd --acks 1
  kaw produce words --resume import words.txt";

/// Write records to a topic
///
/// Reads one record per line from files, or from stdin. Every record is counted as persisted, not
/// persisted, or maybe persisted; the counts add up to what was read, and the exit code is 0 only
/// if all were persisted, or sent with --acks 0. On a log directory a topic that is missing is
/// created.
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
    ///
    /// A record without the field `timestamp` is of now; null and -1 are kept as what Kafka has
    /// for no timestamp.
    #[arg(short = 'J', long, help_heading = "Input")]
    #[arg(conflicts_with_all = ["whole", "key", "key_field", "headers", "null"])]
    pub json: bool,

    /// Make each file one record
    #[arg(long, help_heading = "Input", conflicts_with = "delimiter")]
    pub whole: bool,

    /// Write N generated users instead of reading input
    #[arg(long, value_name = "N", value_parser = value::count, help_heading = "Input")]
    #[arg(conflicts_with_all = ["files", "delimiter", "key_delimiter", "json", "whole", "crlf"])]
    #[arg(conflicts_with_all = ["skip_empty", "null", "timestamp_field"])]
    pub fake: Option<u64>,

    /// What the users are drawn from
    #[arg(long, value_name = "SEED", default_value_t = 0, help_heading = "Input")]
    #[arg(requires = "fake", conflicts_with = "files")]
    pub seed: u64,

    /// The id of the first user
    #[arg(long, value_name = "ID", default_value_t = 1, help_heading = "Input")]
    #[arg(requires = "fake", conflicts_with = "files")]
    pub start_id: u64,

    /// What is to become of generated users that came before.
    #[command(flatten, next_help_heading = "Input")]
    pub changing: Changing,

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
    #[arg(help_heading = "Delivery", allow_negative_numbers = true)]
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

    /// Send in a transaction of this producer: all of the input is there, or nothing of it
    ///
    /// Brokers only. The transaction is committed at the end of the input, and aborted when a
    /// record fails or a signal comes. Another producer of the same name fences this one (exit 3).
    /// Records count as persisted once their transaction is committed.
    #[arg(long, value_name = "ID", help_heading = "Delivery")]
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    #[arg(conflicts_with_all = ["report", "sync"])]
    pub transactional_id: Option<String>,

    /// Commit after so many records, and begin another transaction
    #[arg(long, value_name = "N", value_parser = value::count, help_heading = "Delivery")]
    #[arg(requires = "transactional_id")]
    pub transaction_records: Option<u64>,

    /// Commit after so long, and begin another transaction with the next record
    #[arg(long, value_name = "DURATION", value_parser = value::duration, help_heading = "Delivery")]
    #[arg(requires = "transactional_id")]
    pub transaction_time: Option<Duration>,

    /// Send at most so many records, or bytes, a second: 1000/s, 1MiB/s
    #[arg(long, value_name = "RATE", value_parser = value::rate, help_heading = "Delivery")]
    pub rate: Option<Rate>,

    /// Go on where the last run of NAME ended: the same input again, after any crash, gives each
    /// record exactly once
    ///
    /// The records that earlier runs wrote are passed over by their number in each partition. So
    /// what gives records their keys and partitions has to be the same in every run, and is refused
    /// otherwise; an input that is shorter than before is told.
    #[arg(long, value_name = "NAME", value_parser = name, help_heading = "Delivery")]
    #[arg(conflicts_with_all = ["keep_going", "internal"])]
    pub resume: Option<String>,

    /// Send envelopes at the spacing of their timestamps, or so many times as fast: 2x
    #[arg(long, value_name = "SPEED", value_parser = speed, help_heading = "Delivery")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "1x")]
    #[arg(requires = "json", conflicts_with_all = ["rate", "timestamp"])]
    pub pace: Option<f64>,

    /// Go on behind records that cannot be made of the input; exit with 3 in the end
    ///
    /// Also behind those of a partition that does not exist, and those that are larger than the
    /// topic takes before they are compressed.
    #[arg(long, help_heading = "Delivery", conflicts_with = "fake")]
    pub keep_going: bool,

    /// With --keep-going, write the input of such records to FILE as it was read
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(help_heading = "Delivery", requires = "keep_going")]
    pub rejects: Option<PathBuf>,

    /// Print a line for each persisted record: tokens as in `kaw consume -f`
    #[arg(long, value_name = "FORMAT", value_parser = Template::parse, help_heading = "Delivery")]
    pub report: Option<Template>,

    /// Partitions of a topic that has to be created [default: 1]
    #[arg(long, value_name = "N", value_parser = global::partitions, help_heading = "Delivery")]
    #[arg(allow_negative_numbers = true)]
    pub partitions: Option<i32>,

    /// Create a missing topic on brokers too
    #[arg(long, help_heading = "Delivery")]
    pub create: bool,

    /// Allow a topic that Kafka keeps for itself
    #[arg(long, help_heading = "Delivery")]
    pub internal: bool,
}

/// The values of `--acks`.
pub fn acks(text: &str) -> Result<Acks, String> {
    match text {
        "0" => Ok(Acks::None),
        "1" => Ok(Acks::Leader),
        "all" | "-1" => Ok(Acks::All),
        _ => Err(value::unknown("a level of acknowledgement", text, &["0", "1", "all"])),
    }
}

/// The values of `--resume`.
fn name(text: &str) -> Result<String, String> {
    match text.len() {
        0 => Err("the name is empty".to_owned()),
        1..=NAME_MAX_BYTES => Ok(text.to_owned()),
        bytes => Err(format!("the name has {bytes} bytes, and may have {NAME_MAX_BYTES}")),
    }
}

/// The values of `--pace`.
fn speed(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('x').unwrap_or(text).parse::<f64>();
    let speed = number.ok().filter(|speed| (1e-6..=1e6).contains(speed));
    speed.ok_or_else(|| format!("`{text}` is no speed such as 1x, 2x or 0.5x"))
}

/// The values of `-z`.
pub fn codec(text: &str) -> Result<Compression, String> {
    let found = Compression::ALL.into_iter().find(|codec| codec.name() == text);
    found.ok_or_else(|| value::unknown("a codec", text, &Compression::ALL.map(Compression::name)))
}

impl Args {
    /// How records are made of the input.
    pub fn shape(&self, now_ms: i64) -> Result<Shape, Failure> {
        if self.fake.is_some() && self.key_field.as_ref().is_some_and(|p| !Generated::has(p)) {
            return Err(Failure::usage("--key-field: generated users have no such field"));
        }
        let is_changing = self.changing.updates > 0.0 || self.changing.tombstones > 0.0;
        if is_changing && self.fake.is_none() {
            return Err(Failure::usage("--updates and --tombstones are for --fake"));
        }
        if self.transactional_id.is_some() && self.acks != Acks::All {
            return Err(Failure::usage("--transactional-id needs `--acks all`"));
        }
        if self.resume.is_some() && self.acks == Acks::None {
            return Err(Failure::usage("--resume needs acknowledgements: not --acks 0"));
        }
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

    /// What makes records of the input, and gives them their keys and partitions; empty where each
    /// line is a value.
    fn records_of_input(&self) -> String {
        let mut words = Vec::new();
        let flags = [
            (self.json, "--json"),
            (self.whole, "--whole"),
            (self.keep_partition, "--keep-partition"),
            (self.skip_empty, "--skip-empty"),
            (self.crlf, "--crlf"),
        ];
        words.extend(flags.iter().filter(|(given, _)| *given).map(|(_, flag)| (*flag).to_owned()));
        let mut option = |name: &str, value: String| words.push(format!("{name} {value}"));
        if self.delimiter != b"\n" {
            option("--delimiter", self.delimiter.escape_ascii().to_string());
        }
        if let Some(delimiter) = &self.key_delimiter {
            option("--key-delimiter", delimiter.escape_ascii().to_string());
        }
        if let Some(key) = &self.key {
            option("--key", key.clone());
        }
        if let Some(pointer) = &self.key_field {
            option("--key-field", pointer.to_string());
        }
        if let Some(partition) = self.partition {
            option("--partition", partition.to_string());
        }
        if self.fake.is_some() {
            option("--fake --seed", format!("{} --start-id {}", self.seed, self.start_id));
        }
        words.join(" ")
    }

    /// How the producer is to work.
    pub fn options(&self, interrupted: Arc<AtomicBool>) -> ProducerOptions {
        ProducerOptions {
            interrupted,
            acks: self.acks,
            compression: self.compression,
            partitioner: self.partitioner,
            batch_bytes: None,
            // This command flushes by itself: when its input pauses, and every so often.
            linger: self.linger.filter(|linger| *linger > LINGER_TOLD),
            transactions: self.transactional_id.as_ref().map(|id| Transactions {
                id: id.clone(),
                records: self.transaction_records,
                time: self.transaction_time,
            }),
            resume: self.resume.clone().map(|name| Resume { name, input: self.records_of_input() }),
            report: self.report.is_some(),
        }
    }
}
