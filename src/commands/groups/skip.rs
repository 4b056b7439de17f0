//! Owns `kaw groups skip`: moves a group past records that it cannot get over. Leaves showing and
//! doing it to `plan`.

use super::describe_one;
use super::plan::{self, Bounds};
use crate::cli::global::AnswerArgs;
use crate::cluster::error::{ClusterError, ErrorKind, Outcome};
use crate::commands::{Context, Failure, Status};
use crate::group::GroupId;
use crate::topic::{TopicName, TopicPartition};
use crate::value;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw groups skip db users:0
  kaw groups skip db users:0 --count 10 --execute";

/// What it answers with.
pub const KIND: &str = "groups.skip";

/// Move a consumer group past the next records of a partition
///
/// Shows where the group would go, and changes nothing without --execute. Then what was committed
/// before is written to a file in the working directory, in the form that `groups reset --to-file`
/// reads. A group with members is refused.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The group
    #[arg(value_name = "GROUP")]
    pub group: GroupId,

    /// The partition
    #[arg(value_name = "TOPIC:PARTITION", value_parser = partition)]
    pub of: TopicPartition,

    /// How many offsets to skip
    #[arg(long, value_name = "N", default_value = "1", value_parser = value::count)]
    pub count: u64,

    /// Do it
    #[arg(long)]
    pub execute: bool,

    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// Reads a partition.
fn partition(text: &str) -> Result<TopicPartition, String> {
    let (topic, partition) =
        text.rsplit_once(':').ok_or_else(|| format!("`{text}` is not TOPIC:PARTITION"))?;
    let topic = TopicName::new(topic).map_err(|error| error.to_string())?;
    Ok(TopicPartition { topic, partition: value::partition(partition)? })
}

/// Shows the plan, or does it.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let (group, of) = (&args.group, &args.of);
    let doing = format!("skip `{of}` of group `{group}`");
    let fail = |error| context.failure(&doing, error);
    let committed = context.cluster()?.fetch_offsets(group).map_err(fail)?;
    if committed.is_empty() {
        describe_one(context, group, &doing)?.map_err(fail)?;
    }
    let bounds = plan::bounds(context, std::slice::from_ref(of), &doing)?;
    let unknown = || Err(ClusterError::unknown_topic(of.topic.as_str()));
    let bounds = bounds.into_values().next().unwrap_or_else(unknown).map_err(fail)?;
    let old = committed.iter().find(|c| c.of == *of).map(|c| c.offset);
    let wanted = target(old, bounds, args.count).map_err(|reason| {
        fail(ClusterError::new(ErrorKind::OffsetOutOfRange, reason).about(of.topic.as_str()))
    })?;
    let wanted = vec![Outcome { of: of.clone(), result: Ok(Some(wanted)) }];
    let steps = plan::steps(context, &committed, wanted, &doing)?;
    plan::conclude(context, KIND, group, steps, args.execute)
}

/// Where skipping `count` offsets leads.
fn target(old: Option<i64>, bounds: Bounds, count: u64) -> Result<i64, String> {
    let left = bounds.lag(old);
    match i64::try_from(count) {
        Ok(count) if count <= left => Ok(old.unwrap_or(bounds.start).max(bounds.start) + count),
        _ if left == 0 => Err("nothing is left to skip: the group has read to the end".to_owned()),
        _ => Err(format!("{count} cannot be skipped where {left} are left")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipping_stays_within_what_is_left() {
        let bounds = Bounds { start: 10, end: 20 };
        assert_eq!(target(Some(12), bounds, 1), Ok(13));
        assert_eq!(target(Some(12), bounds, 8), Ok(20));
        assert_eq!(target(None, bounds, 1), Ok(11));
        assert_eq!(target(Some(3), bounds, 1), Ok(11));
        for (old, count) in [(12, 9), (20, 1), (25, 1), (12, u64::MAX)] {
            assert!(target(Some(old), bounds, count).is_err(), "{old} {count}");
        }
        assert_eq!(partition("a:3").unwrap().partition, 3);
        for bad in ["a", "a:", "a:x", ":1", "a:-1", "a/b:1"] {
            assert!(partition(bad).is_err(), "{bad}");
        }
    }
}
