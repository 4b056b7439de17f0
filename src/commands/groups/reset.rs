//! Owns `kaw groups reset`: where each partition of a group is to go. Leaves showing and doing it
//! to `plan`, the grammar of offsets to `offset`.

use std::path::PathBuf;

use super::plan::{self, Bounds};
use super::{Scope, describe_one, file, is_in_scope};
use crate::cli::global::AnswerArgs;
use crate::cluster::error::{ClusterError, ErrorKind, Outcome};
use crate::cluster::types::OffsetAt;
use crate::commands::{Context, Failure, Status};
use crate::group::{CommittedOffset, GroupId};
use crate::offset::Position;
use crate::topic::TopicPartition;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw groups reset db --to @-1h
  kaw groups reset db --to start --topic users:0 --execute
  kaw groups reset copy --to-group db --execute";

/// What it answers with.
pub const KIND: &str = "groups.reset";

/// Set the committed offsets of a consumer group
///
/// Shows where each partition is and where it would go, and changes nothing without --execute. Then
/// what was committed before is written to a file in the working directory, in the form that
/// --to-file reads: topic, partition and offset on a line, with tabs or commas between; `-` for an
/// offset forgets what was committed. Without --topic, the partitions are those that the group has
/// committed. An offset below the start of a log becomes the start; one above the end is an error
/// for that partition. A group with members is refused.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("where").required(true).args(["to", "to_file", "to_group"]))]
pub struct Args {
    /// The group
    #[arg(value_name = "GROUP")]
    pub group: GroupId,

    /// Go to `start`, `end`, N, -N (before the end), +N (after the start) or @TIME
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub to: Option<String>,

    /// Go to the offsets in this file
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub to_file: Option<PathBuf>,

    /// Go to where this group stands
    #[arg(long, value_name = "GROUP")]
    pub to_group: Option<GroupId>,

    /// Only this topic, or these partitions of it: users, users:0,2-4
    #[arg(long = "topic", value_name = "TOPIC[:PARTITIONS]", value_parser = Scope::parse)]
    pub topics: Vec<Scope>,

    /// Do it
    #[arg(long)]
    pub execute: bool,

    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// Where partitions are to go.
type Wanted = Vec<Outcome<TopicPartition, Option<i64>>>;

/// Shows the plan, or does it.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let group = &args.group;
    let doing = format!("reset group `{group}`");
    let committed =
        context.cluster()?.fetch_offsets(group).map_err(|error| context.failure(&doing, error))?;
    if committed.is_empty()
        && let Err(error) = describe_one(context, group, &doing)?
        && error.kind != ErrorKind::GroupIdNotFound
    {
        // A new group is made by this; one that is there and cannot be described has no offsets.
        return Err(context.failure(&doing, error));
    }
    let wanted = match (&args.to, &args.to_file, &args.to_group) {
        (Some(to), _, _) => to_position(context, args, to, &committed, &doing)?,
        (_, Some(path), _) => explicit(file::read(path)?, &args.topics),
        (_, _, Some(other)) => to_group(context, args, other, &doing)?,
        _ => Vec::new(),
    };
    if wanted.is_empty() {
        return Err(Failure::usage(format!("cannot {doing}: no partition is left to change")));
    }
    let steps = plan::steps(context, &committed, wanted, &doing)?;
    plan::conclude(context, KIND, group, steps, args.execute)
}

/// Offsets as they are given, of the partitions in `topics`.
fn explicit(offsets: file::Offsets, topics: &[Scope]) -> Wanted {
    offsets
        .into_iter()
        .filter(|(of, _)| is_in_scope(topics, of))
        .map(|(of, offset)| Outcome { of, result: Ok(offset) })
        .collect()
}

/// Where another group stands.
fn to_group(
    context: &Context,
    args: &Args,
    other: &GroupId,
    doing: &str,
) -> Result<Wanted, Failure> {
    if *other == args.group {
        return Err(Failure::usage(format!("`--to-group {other}`: the group is there already")));
    }
    let fail = |error| context.failure(doing, error);
    let theirs = context.cluster()?.fetch_offsets(other).map_err(fail)?;
    if theirs.is_empty() {
        describe_one(context, other, doing)?.map_err(fail)?;
        return Err(Failure::usage(format!("`--to-group {other}`: it has committed nothing")));
    }
    let offsets = theirs.into_iter().map(|c| (c.of, Some(c.offset))).collect();
    Ok(explicit(offsets, &args.topics))
}

/// A position in each partition.
fn to_position(
    context: &Context,
    args: &Args,
    to: &str,
    committed: &[CommittedOffset],
    doing: &str,
) -> Result<Wanted, Failure> {
    let position = Position::parse(to, context.now_ms)
        .map_err(|reason| Failure::usage(format!("`--to {to}`: {reason}")))?;
    if position == Position::Stored {
        return Err(Failure::usage("`--to stored`: the group is there already")
            .hint("`start`, `end`, N, -N, +N or @TIME"));
    }
    let of = partitions(context, args, committed, doing)?;
    if let Position::Time(time_ms) = position {
        let listed = context
            .cluster()?
            .list_offsets(&of, OffsetAt::Timestamp(time_ms))
            .map_err(|error| context.failure(doing, error))?;
        let wanted = |outcome: Outcome<TopicPartition, _>| Outcome {
            of: outcome.of,
            result: outcome.result.map(|l: crate::cluster::types::ListedOffset| Some(l.offset)),
        };
        return Ok(listed.into_iter().map(wanted).collect());
    }
    let bounds = plan::bounds(context, &of, doing)?;
    let wanted = bounds.into_iter().map(|(of, bounds)| Outcome {
        of,
        result: bounds.map(|Bounds { start, end }| position.resolve(start, end)),
    });
    Ok(wanted.collect())
}

/// The partitions to change: those that are named, or those that the group has committed.
fn partitions(
    context: &Context,
    args: &Args,
    committed: &[CommittedOffset],
    doing: &str,
) -> Result<Vec<TopicPartition>, Failure> {
    let fail = |error| context.failure(doing, error);
    if args.topics.is_empty() {
        if committed.is_empty() {
            describe_one(context, &args.group, doing)?.map_err(|error| {
                let known = error.kind == ErrorKind::GroupIdNotFound;
                let failure = fail(error);
                let hint = "`--topic TOPIC` makes a group that stands in a topic";
                if known { failure.instead(hint) } else { failure }
            })?;
            let message = format!("group `{}` has committed nothing", args.group);
            return Err(Failure::usage(message).hint("`--topic TOPIC` says where"));
        }
        return Ok(committed.iter().map(|c| c.of.clone()).collect());
    }
    let mut of = Vec::new();
    for scope in &args.topics {
        let numbers = match &scope.partitions {
            Some(partitions) => partitions.clone(),
            None => all_partitions(context, scope).map_err(fail)?,
        };
        for partition in numbers {
            let partition = TopicPartition { topic: scope.topic.clone(), partition };
            if !of.contains(&partition) {
                of.push(partition);
            }
        }
    }
    Ok(of)
}

/// The partitions that a topic has.
fn all_partitions(context: &Context, scope: &Scope) -> Result<Vec<i32>, ClusterError> {
    let unknown = || ClusterError::unknown_topic(scope.topic.as_str());
    let cluster = context.cluster().map_err(|_| unknown())?;
    let outcomes = cluster.describe_topics(std::slice::from_ref(&scope.topic))?;
    let topic = outcomes.into_iter().next().ok_or_else(unknown)?.result?;
    Ok(topic.partitions.iter().map(|partition| partition.partition).collect())
}
