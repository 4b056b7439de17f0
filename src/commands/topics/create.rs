//! Owns `kaw topics create`. Leaves making them to `cluster`.

use super::{answer_changed, distinct, guard_internal, guard_repeated, partition_count};
use crate::cli::global::{self, AnswerArgs};
use crate::cluster::error::ErrorKind;
use crate::commands::{Context, Failure, Status};
use crate::out::{Format, units};
use crate::topic::{NewTopic, TopicName};

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw topics create users
  kaw topics create orders payments --partitions 6
  kaw topics create sessions -p 3 -c cleanup.policy=compact --if-not-exists";

/// Create topics
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The topics
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<TopicName>,

    /// How many partitions each has
    #[arg(short, long, value_name = "N", default_value = "1", allow_negative_numbers = true)]
    #[arg(value_parser = global::partitions)]
    pub partitions: i32,

    /// How many replicas each partition has [default: the cluster's]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(i16).range(1..))]
    pub replication_factor: Option<i16>,

    /// Set a config, such as `retention.ms=86400000`; repeatable
    #[arg(short, long = "config", value_name = "NAME=VALUE", value_parser = global::topic_config)]
    pub configs: Vec<(String, String)>,

    /// Leave topics that exist as they are, and do not fail
    #[arg(long)]
    pub if_not_exists: bool,

    /// Allow the names of topics that Kafka keeps for itself
    #[arg(long)]
    pub internal: bool,

    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// Creates the topics.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let names = distinct(&args.names);
    guard_internal("create", &names, args.internal)?;
    guard_repeated(args.configs.iter().map(|(name, _)| name.as_str()))?;
    let topics: Vec<NewTopic> = names
        .into_iter()
        .map(|name| NewTopic {
            name,
            partitions: args.partitions,
            replication_factor: args.replication_factor,
            configs: args.configs.clone(),
        })
        .collect();
    let cluster = context.cluster()?;
    let outcomes =
        cluster.create_topics(&topics).map_err(|error| context.failure("create topics", error))?;
    let mut there = Vec::new();
    let mut failures = Vec::new();
    for outcome in outcomes {
        let name = outcome.of;
        match outcome.result {
            Ok(()) => {
                let partitions = units::plural(args.partitions as u64, "partition");
                context.out.status(format_args!("created topic `{name}` with {partitions}"));
                there.push((name, Some(args.partitions)));
            }
            Err(error) if args.if_not_exists && error.kind == ErrorKind::TopicAlreadyExists => {
                context.out.status(format_args!("topic `{name}` exists already"));
                let partitions = existing_partitions(context, &name)?;
                there.push((name, partitions));
            }
            Err(error) => failures.push(context.failure(&format!("create topic `{name}`"), error)),
        }
    }
    answer_changed(context, "topics.create", there)?;
    context.conclude(topics.len(), failures)
}

/// The number of partitions of a topic that was there before, where the answer is to tell.
fn existing_partitions(context: &Context, name: &TopicName) -> Result<Option<i32>, Failure> {
    if context.out.format() == Format::Table {
        return Ok(None);
    }
    let outcomes = context
        .cluster()?
        .describe_topics(std::slice::from_ref(name))
        .map_err(|error| context.failure(&format!("describe topic `{name}`"), error))?;
    let described = outcomes.into_iter().find_map(|outcome| outcome.result.ok());
    Ok(described.as_ref().map(partition_count))
}
