//! Owns the group `kaw topics`, and what its verbs share. Leaves each verb to its own file.

pub mod alter;
pub mod compact;
pub mod create;
pub mod delete;
pub mod describe;
pub mod list;
pub mod trim;
pub mod verify;

use clap::Subcommand;

use super::{Context, Failure, Status};
use crate::cli::global::AnswerArgs;
use crate::cluster::Cluster;
use crate::cluster::error::{ClusterError, ErrorKind};
use crate::out::{Cell, Column, Format, Table, units};
use crate::topic::{NewTopic, PartitionDetail, TopicDetail, TopicName, records_per_s};

/// Create, show, change, check and delete topics
#[derive(clap::Args, Clone, Debug)]
#[command(disable_help_subcommand = true)]
pub struct Args {
    /// The verb.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be done with topics.
#[expect(missing_docs, reason = "a comment here would hide the help, which is on each `Args`")]
#[derive(Subcommand, Clone, Debug)]
pub enum Verb {
    List(list::Args),
    Create(create::Args),
    Describe(describe::Args),
    Alter(alter::Args),
    Delete(delete::Args),
    Trim(trim::Args),
    Verify(verify::Args),
    Compact(compact::Args),
}

impl Args {
    /// How the verb's rows are to be answered.
    pub fn answer(&self) -> AnswerArgs {
        match &self.verb {
            Verb::List(args) => args.answer,
            Verb::Create(args) => args.answer,
            Verb::Describe(args) => args.answer,
            Verb::Alter(args) => args.answer,
            Verb::Delete(args) => args.answer,
            Verb::Trim(args) => args.answer,
            Verb::Verify(args) => args.answer,
            Verb::Compact(args) => args.answer,
        }
    }
}

/// Hands over to the verb.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    match &args.verb {
        Verb::List(args) => list::run(context, args),
        Verb::Create(args) => create::run(context, args),
        Verb::Describe(args) => describe::run(context, args),
        Verb::Alter(args) => alter::run(context, args),
        Verb::Delete(args) => delete::run(context, args),
        Verb::Trim(args) => trim::run(context, args),
        Verb::Verify(args) => verify::run(context, args),
        Verb::Compact(args) => compact::run(context, args),
    }
}

/// The columns of what create, alter and delete answer in JSON and TSV.
pub const CHANGED_COLUMNS: &[Column] = &[
    Column::text("TOPIC", "The topic."),
    Column::number("PARTITIONS", "The number of its partitions."),
];

/// Answers with the topics that a verb changed, where a form for programs was asked for; for people
/// the status says it.
fn answer_changed(
    context: &Context,
    kind: &'static str,
    topics: impl IntoIterator<Item = (TopicName, Option<i32>)>,
) -> Result<(), Failure> {
    if context.out.format() == Format::Table {
        return Ok(());
    }
    let mut table = Table::new(kind, CHANGED_COLUMNS);
    for (name, partitions) in topics {
        table.push(vec![
            Cell::text(name.as_str()),
            Cell::maybe(partitions, |n| Cell::Int(i64::from(n))),
        ]);
    }
    context.answer(&table)
}

/// The names without repetition, in the order given.
pub fn distinct(names: &[TopicName]) -> Vec<TopicName> {
    let mut once: Vec<TopicName> = Vec::with_capacity(names.len());
    for name in names {
        if !once.contains(name) {
            once.push(name.clone());
        }
    }
    once
}

/// Refuses to touch what Kafka keeps for itself, unless that is what is wanted.
pub fn guard_internal(verb: &str, names: &[TopicName], allowed: bool) -> Result<(), Failure> {
    match names.iter().find(|name| name.is_internal()) {
        Some(name) if !allowed => Err(Failure::usage(format!(
            "cannot {verb} topic `{name}`: Kafka keeps its own state in it"
        ))
        .hint("`--internal` if you mean it")),
        _ => Ok(()),
    }
}

/// Creates a topic that records are to go to, where that is allowed, and says so; true if it was
/// made by this.
pub fn create_missing(
    context: &Context,
    cluster: &Cluster,
    name: &TopicName,
    partitions: i32,
    asked: bool,
) -> Result<bool, ClusterError> {
    let topic =
        NewTopic { name: name.clone(), partitions, replication_factor: None, configs: Vec::new() };
    match cluster.create_missing_topic(&topic, asked) {
        Ok(()) => {
            let count = units::plural(partitions as u64, "partition");
            context.out.status(format_args!("created topic `{name}` with {count}"));
            Ok(true)
        }
        // Somebody else was quicker.
        Err(error) if error.kind == ErrorKind::TopicAlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Refuses a config that is given twice.
fn guard_repeated<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if seen.contains(&name) {
            return Err(Failure::usage(format!("config `{name}` is given twice")));
        }
        seen.push(name);
    }
    Ok(())
}

/// The number of partitions of a topic.
fn partition_count(topic: &TopicDetail) -> i32 {
    i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX)
}

/// Totals of a topic over its partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Totals {
    /// Offsets between start and end; `None` where those of a partition are not known.
    records: Option<i64>,
    /// Bytes; `None` where a partition does not tell.
    bytes: Option<u64>,
    /// The first timestamp.
    first_timestamp_ms: Option<i64>,
    /// The largest timestamp.
    last_timestamp_ms: Option<i64>,
}

impl Totals {
    /// Records a second, over the time from the first to the last timestamp.
    fn records_per_s(&self) -> Option<f64> {
        records_per_s(self.records?, self.first_timestamp_ms, self.last_timestamp_ms)
    }
}

/// A topic of whose partitions all offsets have to be known.
pub fn all_known(topic: TopicDetail) -> Result<TopicDetail, ClusterError> {
    match topic.partitions.iter().find(|partition| !partition.is_known()) {
        Some(partition) => Err(match &partition.failure {
            Some(why) => ClusterError::new(ErrorKind::Storage, why.clone()),
            None => ClusterError::no_leader(topic.name.as_str(), partition.partition),
        }),
        None => Ok(topic),
    }
}

/// The failures to look at partitions of a topic; what all of them have is told of the first.
fn unseen(context: &Context, topic: &TopicDetail) -> Vec<Failure> {
    let mut failed: Vec<(&PartitionDetail, &str)> = Vec::new();
    for partition in &topic.partitions {
        if let Some(why) = partition.failure.as_deref()
            && failed.last().is_none_or(|(_, before)| *before != why)
        {
            failed.push((partition, why));
        }
    }
    let failure = |(partition, why): (&PartitionDetail, &str)| {
        let doing = format!("look at `{}-{}`", topic.name, partition.partition);
        context.failure(&doing, ClusterError::new(ErrorKind::Storage, why))
    };
    failed.into_iter().map(failure).collect()
}

/// Adds up the partitions of a topic.
fn totals(topic: &TopicDetail) -> Totals {
    let partitions = &topic.partitions;
    Totals {
        records: partitions
            .iter()
            .try_fold(0_i64, |sum, p| p.is_known().then(|| sum.saturating_add(p.records()))),
        bytes: partitions.iter().try_fold(0_u64, |sum, p| Some(sum.saturating_add(p.bytes?))),
        first_timestamp_ms: partitions.iter().filter_map(|p| p.first_timestamp_ms).min(),
        last_timestamp_ms: partitions.iter().filter_map(|p| p.last_timestamp_ms).max(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A topic of partitions with these starts and ends.
    pub(in crate::commands) fn topic(name: &str, ranges: &[(i64, i64)]) -> TopicDetail {
        let partition = |(i, (start, end)): (usize, &(i64, i64))| PartitionDetail {
            partition: i as i32,
            leader: 0,
            replicas: vec![0],
            isr: vec![0],
            start_offset: *start,
            end_offset: *end,
            high_watermark: Some(*end),
            bytes: Some(100),
            first_timestamp_ms: (end > start).then_some(1_000 * (i as i64 + 1)),
            last_timestamp_ms: (end > start).then_some(2_000 * (i as i64 + 1)),
            failure: None,
        };
        TopicDetail {
            name: TopicName::new(name).unwrap(),
            id: None,
            internal: false,
            configs: Vec::new(),
            configs_unknown: None,
            partitions: ranges.iter().enumerate().map(partition).collect(),
        }
    }

    #[test]
    fn totals_take_the_outermost_times_and_know_what_they_do_not_know() {
        let mut topic = topic("a", &[(0, 10), (5, 5), (5, 8)]);
        let expected = Totals {
            records: Some(13),
            bytes: Some(300),
            first_timestamp_ms: Some(1_000),
            last_timestamp_ms: Some(6_000),
        };
        assert_eq!(totals(&topic), expected);
        topic.partitions[1].bytes = None;
        assert_eq!(totals(&topic).bytes, None);
        assert!(all_known(topic.clone()).is_ok());
        topic.partitions[1].end_offset = -1;
        assert_eq!(totals(&topic).records, None);
        let error = all_known(topic).unwrap_err();
        assert_eq!(error.to_string(), "partition 1 of topic `a` has no leader");
    }

    #[test]
    fn names_are_taken_once_and_internal_ones_are_guarded() {
        let names: Vec<TopicName> =
            ["a", "b", "a", "__consumer_offsets"].map(|name| TopicName::new(name).unwrap()).into();
        assert_eq!(distinct(&names).len(), 3);
        assert_eq!(guard_internal("delete", &names, false).unwrap_err().status, Status::Usage);
        assert!(guard_internal("delete", &names, true).is_ok());
        assert!(guard_repeated(["x", "y", "x"].into_iter()).is_err());
        assert!(guard_repeated(["x", "y"].into_iter()).is_ok());
    }
}
