//! Owns `kaw topics delete`. Leaves the deletion to `cluster`.

use super::{answer_changed, distinct, guard_internal, partition_count, totals};
use crate::cli::global::AnswerArgs;
use crate::commands::{Context, Failure, Status};
use crate::out::{Format, units};
use crate::topic::{TopicDetail, TopicName};

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw topics delete users --dry-run
  kaw topics delete users orders";

/// Delete topics with all their records
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The topics
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<TopicName>,

    /// Say what would be deleted, and delete nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Allow topics that Kafka keeps for itself
    #[arg(long)]
    pub internal: bool,

    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// Deletes the topics.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let names = distinct(&args.names);
    guard_internal("delete", &names, args.internal)?;
    let mut failures = Vec::new();
    let mut gone = Vec::new();
    // Asked before the deletion, which leaves nothing to count.
    let described = if args.dry_run || context.out.format() != Format::Table {
        describe(context, &names)?
    } else {
        names.iter().map(|name| (name.clone(), Ok(None))).collect()
    };
    if args.dry_run {
        for (name, result) in described {
            match result {
                Ok(topic) => {
                    let what = topic.as_ref().map(told).unwrap_or_default();
                    context.out.status(format_args!("would delete topic `{name}`{what}"));
                    gone.push((name, topic.as_ref().map(partition_count)));
                }
                Err(failure) => failures.push(failure),
            }
        }
        answer_changed(context, "topics.delete", gone)?;
        return context.conclude(names.len(), failures);
    }
    let cluster = context.cluster()?;
    let outcomes =
        cluster.delete_topics(&names).map_err(|error| context.failure("delete topics", error))?;
    for outcome in outcomes {
        let name = outcome.of;
        match outcome.result {
            Ok(()) => {
                context.out.status(format_args!("deleted topic `{name}`"));
                let topic = described.iter().find(|(of, _)| *of == name);
                let topic = topic.and_then(|(_, result)| result.as_ref().ok()?.as_ref());
                let partitions = topic.map(partition_count);
                gone.push((name, partitions));
            }
            Err(error) => failures.push(context.failure(&format!("delete topic `{name}`"), error)),
        }
    }
    answer_changed(context, "topics.delete", gone)?;
    context.conclude(names.len(), failures)
}

/// A topic that was asked for, or why it cannot be described.
type Described = (TopicName, Result<Option<TopicDetail>, Failure>);

/// Looks at the topics as they are.
fn describe(context: &Context, names: &[TopicName]) -> Result<Vec<Described>, Failure> {
    let outcomes = context
        .cluster()?
        .describe_topics(names)
        .map_err(|error| context.failure("describe topics", error))?;
    let described = outcomes.into_iter().map(|outcome| {
        let doing = format!("delete topic `{}`", outcome.of);
        (outcome.of, outcome.result.map(Some).map_err(|error| context.failure(&doing, error)))
    });
    Ok(described.collect())
}

/// What goes with a topic, in words.
fn told(topic: &TopicDetail) -> String {
    let totals = totals(topic);
    let records = totals.records.map_or_else(
        || "an unknown number of records".to_owned(),
        |records| units::plural(records.max(0) as u64, "record"),
    );
    let bytes = totals.bytes.map(|bytes| format!(", {}", units::bytes(bytes)));
    format!(
        ": {}, {}{}",
        units::plural(topic.partitions.len() as u64, "partition"),
        records,
        bytes.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::topic;
    use super::*;

    #[test]
    fn a_dry_run_tells_what_would_go() {
        assert_eq!(told(&topic("a", &[(0, 1234), (0, 0)])), ": 2 partitions, 1,234 records, 200 B");
        assert_eq!(told(&topic("a", &[(0, 1)])), ": 1 partition, 1 record, 100 B");
    }
}
