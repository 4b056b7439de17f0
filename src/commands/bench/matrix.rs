//! Owns `kaw bench matrix`: `kaw bench produce` over acknowledgements, codecs and batch sizes.
//! Leaves each run to `produce`.

use std::time::Duration;

use super::args::{DeliveryArgs, LoadArgs, batch};
use super::{Place, produce};
use crate::cli::global::AnswerArgs;
use crate::cluster::types::Acks;
use crate::commands::produce::args::{acks, codec};
use crate::commands::{Context, Failure, Status};
use crate::load::advice::Ended;
use crate::out::{Cell, Column, Table};
use crate::record::Compression;
use crate::topic::TopicName;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw bench matrix try -n 20k --acks 1,all -z none,lz4
  kaw bench matrix try -n 10k --acks 1 -z none --batch-size 16KiB,128KiB --json";

/// What it answers with.
pub const KIND: &str = "bench.matrix";

/// The columns of a matrix.
pub const COLUMNS: &[Column] = &[
    Column::text("ACKS", "When a record counted as done."),
    Column::text("COMPRESSION", "The codec."),
    Column::number("BATCH-BYTES", "Bytes of a batch; null where that was left to the target."),
    Column::number("RECORDS", "Records that were done while it was measured."),
    Column::number("RECORDS-PER-S", "Records a second."),
    Column::number("BYTES-PER-S", "Bytes of keys and values a second."),
    Column::number("LATENCY-P50-US", "The median latency, in us."),
    Column::number("LATENCY-P99-US", "The 99th percentile."),
    Column::number("LATENCY-MAX-US", "The most."),
    Column::number("FAILED", "Records that were not acknowledged."),
    Column::text("ADVICE", "What the run has to say about itself, in JSON."),
];

/// How long each is measured where nothing else is said.
const DURATION: Duration = Duration::from_secs(3);
/// The most runs of one matrix.
const RUNS_MAX: usize = 1000;

/// Measure producing over acknowledgements, codecs and batch sizes
///
/// Every combination is a run of `kaw bench produce` on a topic of its own where the topic is
/// missing, and on the one that is there otherwise.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The topic
    #[arg(value_name = "TOPIC")]
    pub topic: TopicName,

    /// Levels of acknowledgement
    #[arg(long, value_name = "LIST", default_value = "1,all", value_delimiter = ',')]
    #[arg(value_parser = acks, help_heading = "Delivery", allow_negative_numbers = true)]
    pub acks: Vec<Acks>,

    /// Codecs
    #[arg(short = 'z', long, value_name = "LIST", default_value = "none,lz4,zstd")]
    #[arg(value_parser = codec, value_delimiter = ',', help_heading = "Delivery")]
    pub compression: Vec<Compression>,

    /// Batch sizes [default: what the target takes as such]
    #[arg(long, value_name = "LIST", value_parser = batch, value_delimiter = ',')]
    #[arg(help_heading = "Delivery")]
    pub batch_size: Vec<usize>,

    /// What is sent.
    #[command(flatten)]
    pub load: LoadArgs,

    /// How the answer looks.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// The name of a level.
const fn acks_name(acks: Acks) -> &'static str {
    match acks {
        Acks::None => "0",
        Acks::Leader => "1",
        Acks::All => "all",
    }
}

/// Every combination.
fn combinations(args: &Args) -> Vec<DeliveryArgs> {
    let mut sizes: Vec<Option<usize>> = args.batch_size.iter().copied().map(Some).collect();
    if sizes.is_empty() {
        sizes.push(None);
    }
    let mut all = Vec::new();
    for &acks in &args.acks {
        for &codec in &args.compression {
            for &batch_size in &sizes {
                all.push(DeliveryArgs { acks, compression: Some(codec), batch_size });
            }
        }
    }
    all
}

/// Measures.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let all = combinations(args);
    if all.len() > RUNS_MAX {
        let message = format!("{} combinations are more than {RUNS_MAX}", all.len());
        return Err(Failure::usage(message));
    }
    let stop = context.stop()?;
    let mut table = Table::new(KIND, COLUMNS);
    let mut failure = None;
    for (number, delivery) in all.iter().enumerate() {
        let (acks, codec) = (acks_name(delivery.acks), delivery.compression.unwrap_or_default());
        let of = all.len();
        let told = format!("{} of {of}: acks {acks}, {}", number + 1, codec.name());
        context.out.status(told);
        let flags = (args.load.create, args.load.keep);
        let place = Place::new(context, &args.topic, args.load.partitions, flags)?;
        let report = produce::on(context, &place, &args.load, *delivery, DURATION)?;
        drop(place);
        if report.ended == Ended::Signal {
            break;
        }
        if report.failures() > 0 {
            failure = failure.or_else(|| Some(super::failed(&report)));
        }
        let latency = report.latency();
        let us = |us: Option<u64>| Cell::maybe(us, |us| Cell::Int(us as i64));
        table.push(vec![
            Cell::text(acks),
            Cell::text(codec.name()),
            Cell::maybe(delivery.batch_size, |bytes| Cell::Bytes(bytes as u64)),
            Cell::Int(report.recorder.records as i64),
            Cell::Int(report.recorder.rate().round() as i64),
            Cell::Int(report.recorder.byte_rate().round() as i64),
            us(latency.map(|latency| latency.p50)),
            us(latency.map(|latency| latency.p99)),
            us(latency.map(|latency| latency.max)),
            Cell::Int(report.failed as i64),
            Cell::List(report.advice.iter().map(ToString::to_string).collect()),
        ]);
    }
    let table = if context.out.format() == crate::out::Format::Json { table } else { short(table) };
    context.answer(&table)?;
    failure.map_or_else(|| Ok(stop.status_or(Status::Done)), Err)
}

/// The table without its last column, which is too long for a line.
fn short(mut table: Table) -> Table {
    table.columns = table.columns.split_last().map_or(table.columns, |(_, rest)| rest);
    for row in &mut table.rows {
        row.truncate(table.columns.len());
    }
    table
}
