//! Owns `kaw topics alter`: partitions and configs. Leaves the change to `cluster`.

use super::{answer_changed, guard_internal, guard_repeated, partition_count};
use crate::cli::global::{self, AnswerArgs};
use crate::commands::{Context, Failure, Status};
use crate::out::Format;
use crate::topic::{TopicChange, TopicName};

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw topics alter users --partitions 6
  kaw topics alter users -c retention.ms=86400000
  kaw topics alter users --unset retention.ms";

/// Change the partitions and configs of a topic
///
/// The number of partitions can only grow, and then a key may go to another partition than before.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The topic
    #[arg(value_name = "NAME")]
    pub name: TopicName,

    /// The new number of partitions
    #[arg(short, long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = global::partitions)]
    pub partitions: Option<i32>,

    /// Set a config, such as `retention.ms=86400000`; repeatable
    #[arg(short, long = "config", value_name = "NAME=VALUE", value_parser = global::topic_config)]
    pub configs: Vec<(String, String)>,

    /// Put a config back to its default; repeatable
    #[arg(long, value_name = "NAME", value_parser = global::topic_config_name)]
    pub unset: Vec<String>,

    /// Allow a topic that Kafka keeps for itself
    #[arg(long)]
    pub internal: bool,

    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// Changes the topic.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let name = &args.name;
    let change = plan(args)?;
    let doing = format!("alter topic `{name}`");
    let cluster = context.cluster()?;
    let outcomes = cluster
        .alter_topics(std::slice::from_ref(&change))
        .map_err(|error| context.failure(&doing, error))?;
    for outcome in outcomes {
        outcome.result.map_err(|error| context.failure(&doing, error))?;
    }
    context.out.status(format_args!("altered topic `{name}`: {}", told(&change)));
    let partitions = match change.partitions {
        None if context.out.format() != Format::Table => {
            let outcomes = cluster
                .describe_topics(std::slice::from_ref(name))
                .map_err(|error| context.failure(&format!("describe topic `{name}`"), error))?;
            outcomes.into_iter().find_map(|o| o.result.ok()).as_ref().map(partition_count)
        }
        partitions => partitions,
    };
    answer_changed(context, "topics.alter", [(name.clone(), partitions)])?;
    Ok(Status::Done)
}

/// The change that was asked for.
fn plan(args: &Args) -> Result<TopicChange, Failure> {
    guard_internal("alter", std::slice::from_ref(&args.name), args.internal)?;
    let named = args.configs.iter().map(|(name, _)| name);
    guard_repeated(named.chain(&args.unset).map(String::as_str))?;
    if args.partitions.is_none() && args.configs.is_empty() && args.unset.is_empty() {
        return Err(Failure::usage(format!("nothing to alter in topic `{}`", args.name))
            .hint("`--partitions N`, `--config NAME=VALUE` or `--unset NAME`"));
    }
    Ok(TopicChange {
        name: args.name.clone(),
        partitions: args.partitions,
        set: args.configs.clone(),
        unset: args.unset.clone(),
    })
}

/// What was changed, in words.
fn told(change: &TopicChange) -> String {
    let partitions = change.partitions.map(|n| format!("partitions {n}"));
    let set = change.set.iter().map(|(name, value)| format!("{name}={value}"));
    let unset = change.unset.iter().map(|name| format!("{name} back to its default"));
    partitions.into_iter().chain(set).chain(unset).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> Args {
        Args {
            name: TopicName::new("users").unwrap(),
            partitions: None,
            configs: Vec::new(),
            unset: Vec::new(),
            internal: false,
            answer: AnswerArgs::default(),
        }
    }

    #[test]
    fn a_change_names_something_and_each_config_once() {
        assert_eq!(plan(&args()).unwrap_err().status, Status::Usage);
        let set = vec![("retention.ms".to_owned(), "1".to_owned())];
        let both = Args { configs: set.clone(), unset: vec!["retention.ms".into()], ..args() };
        assert_eq!(plan(&both).unwrap_err().message, "config `retention.ms` is given twice");
        let good =
            Args { partitions: Some(3), configs: set, unset: vec!["segment.ms".into()], ..args() };
        assert_eq!(
            told(&plan(&good).unwrap()),
            "partitions 3, retention.ms=1, segment.ms back to its default"
        );
    }
}
