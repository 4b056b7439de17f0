//! Owns `kaw topics trim`: which offset each partition is to start at. Leaves deleting what lies
//! before to `cluster`, and the grammar of offsets to `offset`.

use super::{all_known, guard_internal};
use crate::cli::global::AnswerArgs;
use crate::cluster::error::{ClusterError, ErrorKind};
use crate::cluster::types::OffsetAt;
use crate::commands::{Context, Failure, Status};
use crate::offset::Position;
use crate::out::{Cell, Column, Table};
use crate::topic::{PartitionDetail, TopicDetail, TopicName, TopicPartition};

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw topics trim users --to @-1h --dry-run
  kaw topics trim users --to 1000
  kaw topics trim users --to end";

/// What it answers with.
pub const KIND: &str = "topics.trim";

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::text("TOPIC", "The topic."),
    Column::number("PARTITION", "The partition's number."),
    Column::number("OLD-START-OFFSET", "Where it started before."),
    Column::number("NEW-START-OFFSET", "Where it starts now, or would with --dry-run."),
    Column::number("RECORDS-DELETED", "Offsets between the two."),
];

/// Delete the records of a topic before an offset
///
/// OFFSET is `start`, `end`, `N`, `-N` (N before the end), `+N` (N after the start) or `@TIME`, and
/// is found for each partition by itself. `-N` and `+N` stop at the ends of a partition; an N above
/// the end of a partition is an error for that partition.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The topic
    #[arg(value_name = "NAME")]
    pub name: TopicName,

    /// The offset that each partition is to start at
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub to: String,

    /// Say what would be deleted, and delete nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Allow a topic that Kafka keeps for itself
    #[arg(long)]
    pub internal: bool,

    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// What is to become of one partition: its old start, and its new one.
type Step = (TopicPartition, i64, Result<i64, ClusterError>);

/// Deletes the records.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let name = &args.name;
    guard_internal("trim", std::slice::from_ref(name), args.internal)?;
    let to = Position::parse(&args.to, context.now_ms)
        .map_err(|reason| Failure::usage(format!("`--to {}`: {reason}", args.to)))?;
    if to == Position::Stored {
        return Err(Failure::usage("`--to stored`: a trim has no group whose offset is stored")
            .hint("`start`, `end`, N, -N, +N or @TIME"));
    }
    let doing = format!("trim topic `{name}`");
    let topic = describe(context, name, &doing)?;
    let mut steps = plan(context, &topic, to, &doing)?;
    if !args.dry_run {
        delete(context, &mut steps, &doing)?;
    }
    let mut table = Table::new(KIND, COLUMNS);
    let mut failures = Vec::new();
    let total = steps.len();
    for (of, old, new) in steps {
        match new {
            Ok(new) => table.push(vec![
                Cell::text(of.topic.as_str()),
                Cell::Int(i64::from(of.partition)),
                Cell::Int(old),
                Cell::Int(new),
                Cell::Int(new.saturating_sub(old)),
            ]),
            Err(error) => failures.push(context.failure(&format!("trim `{of}`"), error)),
        }
    }
    if !table.rows.is_empty() {
        context.answer(&table)?;
    }
    if args.dry_run {
        context.out.status("nothing was deleted (--dry-run)");
    }
    context.conclude(total, failures)
}

/// The topic as it is.
fn describe(context: &Context, name: &TopicName, doing: &str) -> Result<TopicDetail, Failure> {
    let outcomes = context
        .cluster()?
        .describe_topics(std::slice::from_ref(name))
        .map_err(|error| context.failure(doing, error))?;
    let outcome = outcomes
        .into_iter()
        .next()
        .map_or_else(|| Err(ClusterError::unknown_topic(name.as_str())), |outcome| outcome.result);
    outcome.and_then(all_known).map_err(|error| context.failure(doing, error))
}

/// Finds where each partition is to start.
fn plan(
    context: &Context,
    topic: &TopicDetail,
    to: Position,
    doing: &str,
) -> Result<Vec<Step>, Failure> {
    let of = |partition: &PartitionDetail| TopicPartition {
        topic: topic.name.clone(),
        partition: partition.partition,
    };
    let Position::Time(time_ms) = to else {
        let steps = topic.partitions.iter().map(|partition| {
            let new = new_start(to, partition).map_err(|reason| {
                ClusterError::new(ErrorKind::OffsetOutOfRange, reason).about(topic.name.as_str())
            });
            (of(partition), partition.start_offset, new)
        });
        return Ok(steps.collect());
    };
    let all: Vec<TopicPartition> = topic.partitions.iter().map(of).collect();
    let outcomes = context
        .cluster()?
        .list_offsets(&all, OffsetAt::Timestamp(time_ms))
        .map_err(|error| context.failure(doing, error))?;
    let steps = outcomes.into_iter().map(|outcome| {
        let start = topic.partitions.iter().find(|p| p.partition == outcome.of.partition);
        let start = start.map_or(0, |partition| partition.start_offset);
        (outcome.of, start, outcome.result.map(|listed| listed.offset.max(start)))
    });
    Ok(steps.collect())
}

/// Where one partition is to start, for all but times.
fn new_start(to: Position, partition: &PartitionDetail) -> Result<i64, String> {
    let (start, end) = (partition.start_offset, partition.end_offset);
    match to {
        Position::At(offset) if offset > end => {
            Err(format!("offset {offset} is above the end, {end}"))
        }
        // What lies before the start is deleted already.
        Position::At(offset) => Ok(offset.max(start)),
        Position::End => Ok(end),
        Position::FromEnd(n) => Ok(end.saturating_sub(n).max(start)),
        Position::FromStart(n) => Ok(start.saturating_add(n).min(end)),
        // A time is asked of the cluster, and stored was refused before.
        Position::Start | Position::Time(_) | Position::Stored => Ok(start),
    }
}

/// Deletes what lies before the new starts, and takes note of where each partition starts then.
fn delete(context: &Context, steps: &mut [Step], doing: &str) -> Result<(), Failure> {
    let before: Vec<(TopicPartition, i64)> = steps
        .iter()
        .filter_map(|(of, old, new)| Some((of.clone(), *new.as_ref().ok().filter(|n| *n > old)?)))
        .collect();
    if before.is_empty() {
        return Ok(());
    }
    let outcomes = context
        .cluster()?
        .delete_records(&before)
        .map_err(|error| context.failure(doing, error))?;
    for outcome in outcomes {
        if let Some((_, _, new)) = steps.iter_mut().find(|(of, _, _)| *of == outcome.of) {
            *new = outcome.result;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::topic;
    use super::*;

    #[test]
    fn positions_become_starts_within_the_partition() {
        let partition = &topic("a", &[(10, 20)]).partitions[0];
        let cases = [
            (Position::Start, Ok(10)),
            (Position::End, Ok(20)),
            (Position::At(15), Ok(15)),
            (Position::At(20), Ok(20)),
            (Position::At(5), Ok(10)),
            (Position::At(21), Err("offset 21 is above the end, 20".to_owned())),
            (Position::FromEnd(3), Ok(17)),
            (Position::FromEnd(100), Ok(10)),
            (Position::FromEnd(i64::MAX), Ok(10)),
            (Position::FromStart(3), Ok(13)),
            (Position::FromStart(i64::MAX), Ok(20)),
        ];
        for (to, expected) in cases {
            assert_eq!(new_start(to, partition), expected, "{to:?}");
        }
    }
}
