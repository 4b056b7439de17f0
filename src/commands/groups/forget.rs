//! Owns `kaw groups forget`: deletes what a group committed for a topic. Leaves the deletion to
//! `cluster`.

use super::{Scope, is_in_scope};
use crate::cli::global::AnswerArgs;
use crate::cluster::error::{ClusterError, ErrorKind};
use crate::commands::{Context, Failure, Status};
use crate::group::GroupId;
use crate::out::{Cell, Column, Format, Table};
use crate::topic::TopicPartition;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw groups forget db --topic users:1
  kaw groups forget db --topic users";

/// What it answers with in JSON and TSV.
pub const KIND: &str = "groups.forget";

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::text("GROUP", "The group."),
    Column::text("TOPIC", "The topic."),
    Column::number("PARTITION", "The partition's number."),
    Column::number("OLD-OFFSET", "The committed offset that was forgotten."),
];

/// Forget what a consumer group committed for a topic
///
/// The group then begins there as one that never read it. A group with members is refused.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The group
    #[arg(value_name = "GROUP")]
    pub group: GroupId,

    /// The topic, or some of its partitions: users, users:0,2-4
    #[arg(long = "topic", value_name = "TOPIC[:PARTITIONS]", required = true)]
    #[arg(value_parser = Scope::parse)]
    pub topics: Vec<Scope>,

    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// Forgets the offsets.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let group = &args.group;
    let doing = format!("forget offsets of group `{group}`");
    let fail = |error| context.failure(&doing, error);
    let committed = context.cluster()?.fetch_offsets(group).map_err(fail)?;
    if committed.is_empty() {
        super::describe_one(context, group, &doing)?.map_err(fail)?;
    }
    let mut of: Vec<TopicPartition> = committed.iter().map(|c| c.of.clone()).collect();
    of.retain(|of| is_in_scope(&args.topics, of));
    // Partitions that were named are asked for even where nothing is known of them.
    for scope in &args.topics {
        let named = scope.partitions.iter().flatten();
        let named = named.map(|&n| TopicPartition { topic: scope.topic.clone(), partition: n });
        let missing: Vec<_> = named.filter(|named| !of.contains(named)).collect();
        of.extend(missing);
        if !of.iter().any(|of| of.topic == scope.topic) {
            let message = format!("group `{group}` has committed nothing for `{}`", scope.topic);
            return Err(fail(ClusterError::new(ErrorKind::UnknownTopicOrPartition, message)));
        }
    }
    let outcomes = context.cluster()?.delete_offsets(group, &of).map_err(fail)?;
    let mut table = Table::new(KIND, COLUMNS);
    let mut failures = Vec::new();
    let total = outcomes.len();
    for outcome in outcomes {
        let of = outcome.of;
        match outcome.result {
            Ok(()) => {
                let old = committed.iter().find(|c| c.of == of).map(|c| c.offset);
                table.push(vec![
                    Cell::text(group.as_str()),
                    Cell::text(of.topic.as_str()),
                    Cell::Int(i64::from(of.partition)),
                    Cell::maybe(old, Cell::Int),
                ]);
            }
            Err(error) => failures.push(fail(error)),
        }
    }
    let count = table.rows.len();
    if count > 0 {
        let plural = if count == 1 { "" } else { "s" };
        context.out.status(format_args!("forgot {count} offset{plural} of group `{group}`"));
    }
    if context.out.format() != Format::Table {
        context.answer(&table)?;
    }
    context.conclude(total, failures)
}
