//! Owns the group `kaw groups`, and what its verbs share. Leaves each verb to its own file.

pub mod assign;
pub mod delete;
pub mod describe;
pub mod file;
pub mod forget;
pub mod list;
pub mod members;
pub mod plan;
pub mod reset;
pub mod skip;

use clap::Subcommand;

use super::{Context, Failure, Status};
use crate::cli::global::AnswerArgs;
use crate::cluster::error::ClusterError;
use crate::group::{DescribedGroup, GroupId};
use crate::topic::{TopicName, TopicPartition};
use crate::value;

/// Show, reset and delete consumer groups
#[derive(clap::Args, Clone, Debug)]
#[command(disable_help_subcommand = true)]
pub struct Args {
    /// The verb.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be done with groups.
#[expect(missing_docs, reason = "a comment here would hide the help, which is on each `Args`")]
#[derive(Subcommand, Clone, Debug)]
pub enum Verb {
    Assign(assign::Args),
    List(list::Args),
    Describe(describe::Args),
    Members(members::Args),
    Reset(reset::Args),
    Skip(skip::Args),
    Delete(delete::Args),
    Forget(forget::Args),
}

impl Args {
    /// How the verb's rows are to be answered.
    pub fn answer(&self) -> AnswerArgs {
        match &self.verb {
            Verb::Assign(args) => args.answer,
            Verb::List(args) => args.answer,
            Verb::Describe(args) => args.answer,
            Verb::Members(args) => args.answer,
            Verb::Reset(args) => args.answer,
            Verb::Skip(args) => args.answer,
            Verb::Delete(args) => args.answer,
            Verb::Forget(args) => args.answer,
        }
    }
}

/// Hands over to the verb.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    match &args.verb {
        Verb::Assign(args) => assign::run(context, args),
        Verb::List(args) => list::run(context, args),
        Verb::Describe(args) => describe::run(context, args),
        Verb::Members(args) => members::run(context, args),
        Verb::Reset(args) => reset::run(context, args),
        Verb::Skip(args) => skip::run(context, args),
        Verb::Delete(args) => delete::run(context, args),
        Verb::Forget(args) => forget::run(context, args),
    }
}

/// A topic, or some of its partitions: `users`, `users:0,2-4`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The topic.
    pub topic: TopicName,
    /// The partitions; `None` for all.
    pub partitions: Option<Vec<i32>>,
}

impl Scope {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (topic, partitions) = match text.split_once(':') {
            Some((topic, partitions)) => (topic, Some(value::partitions(partitions)?)),
            None => (text, None),
        };
        let topic = TopicName::new(topic).map_err(|error| error.to_string())?;
        Ok(Self { topic, partitions })
    }

    /// Whether `of` is in it.
    pub fn has(&self, of: &TopicPartition) -> bool {
        let within = |all: &Vec<i32>| all.contains(&of.partition);
        self.topic == of.topic && self.partitions.as_ref().is_none_or(within)
    }
}

/// Whether `of` is in one of `scopes`; all are where there are none.
pub fn is_in_scope(scopes: &[Scope], of: &TopicPartition) -> bool {
    scopes.is_empty() || scopes.iter().any(|scope| scope.has(of))
}

/// The ids without repetition, in the order given.
pub fn distinct(ids: &[GroupId]) -> Vec<GroupId> {
    let mut once: Vec<GroupId> = Vec::with_capacity(ids.len());
    for id in ids {
        if !once.contains(id) {
            once.push(id.clone());
        }
    }
    once
}

/// One group as it is; the inner error says that there is none.
fn describe_one(
    context: &Context,
    group: &GroupId,
    doing: &str,
) -> Result<Result<DescribedGroup, ClusterError>, Failure> {
    let outcomes = context
        .cluster()?
        .describe_groups(std::slice::from_ref(group))
        .map_err(|error| context.failure(doing, error))?;
    let outcome = outcomes.into_iter().next();
    let unknown = || Err(ClusterError::unknown_group(group.as_str()));
    Ok(outcome.map_or_else(unknown, |outcome| outcome.result))
}

/// Partitions as people write them: `orders:0 users:0,2-4`.
pub fn shown(partitions: &[TopicPartition]) -> String {
    let mut text = String::new();
    let mut rest = partitions;
    let mut last: Option<&TopicName> = None;
    while let Some(first) = rest.first() {
        if last == Some(&first.topic) {
            text.push(',');
        } else {
            text.push_str(if text.is_empty() { "" } else { " " });
            text.push_str(first.topic.as_str());
            text.push(':');
            last = Some(&first.topic);
        }
        let follows = |(of, n): &(&TopicPartition, i32)| {
            of.topic == first.topic && Some(of.partition) == first.partition.checked_add(*n)
        };
        let run = rest.iter().zip(0..).take_while(follows).count();
        text.push_str(&first.partition.to_string());
        // Two are a pair, and no range.
        let run = if run < 3 { 1 } else { run };
        if let Some(end) = rest.get(run - 1).filter(|_| run > 1) {
            text.push('-');
            text.push_str(&end.partition.to_string());
        }
        rest = rest.get(run..).unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_topic_or_some_of_its_partitions() {
        let of = |partition| TopicPartition { topic: TopicName::new("a").unwrap(), partition };
        let scope = Scope::parse("a:0,2-3").unwrap();
        assert!(scope.has(&of(3)) && !scope.has(&of(1)));
        assert!(Scope::parse("a").unwrap().has(&of(7)));
        assert!(is_in_scope(&[], &of(1)) && !is_in_scope(&[scope], &of(1)));
        for bad in ["", "a:", "a:x", "a/b:0", ":0", "a:0:1"] {
            assert!(Scope::parse(bad).is_err(), "{bad}");
        }
        let shown =
            |partitions: &[i32]| shown(&partitions.iter().map(|n| of(*n)).collect::<Vec<_>>());
        assert_eq!(shown(&[0, 2]), "a:0,2");
        assert_eq!(shown(&[0, 1]), "a:0,1");
        assert_eq!(shown(&[0, 1, 2, 4, 5, 6, 7, 9]), "a:0-2,4-7,9");
        assert_eq!(shown(&(0..10_000).collect::<Vec<_>>()), "a:0-9999");
    }
}
