//! Owns `kaw topics compact`: what a cleanup policy did. Leaves doing it to `cluster`.

use super::{distinct, guard_internal};
use crate::cli::global::AnswerArgs;
use crate::cluster::types::Cared;
use crate::commands::{Context, Failure, Status};
use crate::out::{Cell, Column, Table, units};
use crate::topic::{TopicName, TopicPartition};

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw topics compact settings
  kaw topics compact settings --roll --json";

/// What it answers with.
pub const KIND: &str = "topics.compact";

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::text("TOPIC", "The topic."),
    Column::number("PARTITION", "The partition's number."),
    Column::number("RECORDS-BEFORE", "Records in the compacted segments before."),
    Column::number("RECORDS-AFTER", "Records in them now; missing if nothing was compacted."),
    Column::number("BYTES-BEFORE", "Bytes of the segments before."),
    Column::number("BYTES-AFTER", "Bytes of the segments now."),
    Column::number("SEGMENTS-DELETED", "Segments past their retention; missing without `delete`."),
    Column::number("START-OFFSET", "Where the partition starts now."),
];

/// Do what the cleanup policy of topics asks for, now
///
/// `compact` keeps the last record of each key, and drops those without a key; `delete` removes
/// segments past `retention.ms` or `retention.bytes`. Producers do both from time to time, when
/// they start a new segment. Records in the active segment are not compacted.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The topics
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<TopicName>,

    /// Seal the active segments first, so that they are compacted too
    #[arg(long)]
    pub roll: bool,

    /// Allow a topic that Kafka keeps for itself
    #[arg(long)]
    pub internal: bool,

    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// Does it.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let names = distinct(&args.names);
    guard_internal("compact", &names, args.internal)?;
    let stop = context.stop()?;
    let outcomes = context
        .cluster()?
        .compact(&names, args.roll, &stop.flag())
        .map_err(|error| context.failure("compact", error))?;
    let mut table = Table::new(KIND, COLUMNS);
    let (mut failures, mut left) = (Vec::new(), 0);
    let total = outcomes.len();
    for outcome in outcomes {
        match outcome.result {
            Ok(cared) => {
                left += active_bytes(&cared);
                table.push(row(&outcome.of, &cared));
            }
            Err(error) => {
                let doing = format!("compact `{}`", outcome.of);
                failures.push(context.failure(&doing, error));
            }
        }
    }
    if !table.rows.is_empty() {
        context.answer(&table)?;
    }
    if left > 0 && !args.roll {
        let bytes = units::bytes(left);
        context.out.status(format_args!(
            "{bytes} in active segments are not compacted (--roll seals them first)"
        ));
    }
    let status = context.conclude(total, failures)?;
    Ok(stop.status_or(status))
}

/// Bytes of a compacted topic that compaction leaves alone.
fn active_bytes(cared: &Cared) -> u64 {
    match (&cared.retained, &cared.compacted, &cared.end) {
        (None, _, Some(end)) | (_, Some(_), Some(end)) => end.position,
        _ => 0,
    }
}

/// The row of a partition.
fn row(of: &TopicPartition, cared: &Cared) -> Vec<Cell> {
    let count = |n: u64| Cell::Int(n.cast_signed());
    let (compacted, retained) = (cared.compacted, cared.retained);
    let now = cared.end.map(|end| end.sealed_bytes + end.position);
    let deleted = retained.map_or(0, |r| r.bytes);
    let active = cared.end.map_or(0, |end| end.position);
    let before = match compacted {
        Some(done) => Some(done.bytes_before + active + deleted),
        None => now.map(|now| now + deleted),
    };
    vec![
        Cell::text(of.topic.as_str()),
        Cell::Int(i64::from(of.partition)),
        Cell::maybe(compacted, |done| count(done.records_before)),
        Cell::maybe(compacted, |done| count(done.records_after)),
        Cell::maybe(before, Cell::Bytes),
        Cell::maybe(now, Cell::Bytes),
        Cell::maybe(retained, |r| count(r.segments as u64)),
        Cell::maybe(cared.end, |end| Cell::Int(end.start_offset)),
    ]
}
