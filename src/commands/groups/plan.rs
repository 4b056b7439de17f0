//! Owns the plan of a change to committed offsets: what each partition's new offset skips, replays,
//! or finds deleted; showing it; carrying it out with an undo file. Leaves where offsets are to go
//! to `reset` and `skip`, and the commit to `cluster`.

use std::collections::BTreeMap;

use super::file;
use crate::cluster::error::{ClusterError, ErrorKind, Outcome};
use crate::cluster::types::OffsetAt;
use crate::commands::{Context, Failure, Status};
use crate::group::{CommittedOffset, GroupId, GroupState};
use crate::lag::{Standing, lag};
use crate::out::{Cell, Column, Table};
use crate::topic::TopicPartition;

/// The columns of a plan.
pub const COLUMNS: &[Column] = &[
    Column::text("GROUP", "The group."),
    Column::text("TOPIC", "The topic."),
    Column::number("PARTITION", "The partition's number."),
    Column::number("OLD-OFFSET", "The committed offset before."),
    Column::number("NEW-OFFSET", "The committed offset after; none where it is to be forgotten."),
    Column::number("LAG-BEFORE", "Offsets from the old one to the end."),
    Column::number("LAG-AFTER", "Offsets from the new one to the end."),
    Column::number("RECORDS-SKIPPED", "Offsets that will never be read."),
    Column::number("RECORDS-REPLAYED", "Offsets that will be read again."),
    Column::number("RECORDS-DELETED", "Offsets in between that are deleted already."),
];

/// Where a log starts and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The log start offset.
    pub start: i64,
    /// The log end offset.
    pub end: i64,
}

impl Bounds {
    /// Where a group stands that committed this, or that owns the partition without a commit.
    pub const fn standing(self, committed: Option<i64>) -> Standing {
        let Self { start: log_start, end: log_end } = self;
        Standing { committed, log_start, log_end, last_stable: None, owned: true }
    }

    /// The lag of a committed offset, or of a partition that is owned without one.
    pub fn lag(self, committed: Option<i64>) -> i64 {
        lag(&self.standing(committed)).map_or(0, |lag| lag.lag)
    }
}

/// Starts and ends of logs, asked after the commits were.
pub fn bounds(
    context: &Context,
    of: &[TopicPartition],
    doing: &str,
) -> Result<BTreeMap<TopicPartition, Result<Bounds, ClusterError>>, Failure> {
    let cluster = context.cluster()?;
    let list = |at| cluster.list_offsets(of, at).map_err(|error| context.failure(doing, error));
    let (starts, ends) = (list(OffsetAt::Start)?, list(OffsetAt::End)?);
    let both = starts.into_iter().zip(ends).map(|(start, end)| {
        let bounds = start
            .result
            .and_then(|start| Ok(Bounds { start: start.offset, end: end.result?.offset }));
        (start.of, bounds)
    });
    Ok(both.collect())
}

/// Whether a partition that is there cannot be looked at.
pub fn is_unseen(bounds: &Result<Bounds, ClusterError>) -> bool {
    let gone = ErrorKind::UnknownTopicOrPartition;
    bounds.as_ref().is_err_and(|error| error.kind != gone)
}

/// The failures to look at partitions.
pub fn unseen(
    context: &Context,
    bounds: &BTreeMap<TopicPartition, Result<Bounds, ClusterError>>,
) -> Vec<Failure> {
    let failure = |(of, bounds): (&TopicPartition, &Result<Bounds, ClusterError>)| {
        let error = bounds.as_ref().err().filter(|_| is_unseen(bounds))?;
        let error = ClusterError::new(error.kind, error.message.clone());
        Some(context.failure(&format!("look at `{of}`"), error))
    };
    bounds.iter().filter_map(failure).collect()
}

/// What is to become of the offset of one partition.
#[derive(Debug)]
pub struct Step {
    /// The partition.
    pub of: TopicPartition,
    /// What is committed now.
    pub old: Option<CommittedOffset>,
    /// What is to be committed, and the effect; or why not.
    pub result: Result<Effect, ClusterError>,
}

/// The effect of a new offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The offset; `None` forgets what was committed.
    pub new: Option<i64>,
    /// Lag before.
    pub lag_before: i64,
    /// Lag after.
    pub lag_after: i64,
    /// Offsets that will never be read.
    pub skipped: i64,
    /// Offsets that will be read again.
    pub replayed: i64,
    /// Offsets in between that are deleted already.
    pub deleted: i64,
}

impl Effect {
    /// The effect of going from `old` to `wanted`. An offset below the start becomes the start: the
    /// group could not read from anywhere else. One above the end is refused.
    pub fn of(old: Option<i64>, wanted: Option<i64>, bounds: Bounds) -> Result<Self, String> {
        let Bounds { start, end } = bounds;
        if let Some(wanted) = wanted.filter(|wanted| *wanted > end) {
            return Err(format!("offset {wanted} is above the end, {end}"));
        }
        let new = wanted.map(|wanted| wanted.max(start));
        let (from, to) = (old.unwrap_or(start), wanted.unwrap_or(start));
        let (low, high) = (from.min(to), from.max(to));
        let deleted = high.min(start).saturating_sub(low).max(0);
        let passed = high.min(end).saturating_sub(low.max(start)).max(0);
        let (skipped, replayed) = if to >= from { (passed, 0) } else { (0, passed) };
        let (lag_before, lag_after) = (bounds.lag(old), bounds.lag(new));
        Ok(Self { new, lag_before, lag_after, skipped, replayed, deleted })
    }
}

/// Makes the steps of a plan: `wanted` says where each partition is to go.
pub fn steps(
    context: &Context,
    committed: &[CommittedOffset],
    wanted: Vec<Outcome<TopicPartition, Option<i64>>>,
    doing: &str,
) -> Result<Vec<Step>, Failure> {
    let of: Vec<TopicPartition> = wanted.iter().map(|outcome| outcome.of.clone()).collect();
    let mut bounds = bounds(context, &of, doing)?;
    let step = |Outcome { of, result }: Outcome<TopicPartition, Option<i64>>| {
        let old = committed.iter().find(|c| c.of == of).cloned();
        let unknown = || Err(ClusterError::unknown_topic(of.topic.as_str()));
        let effect = |wanted, bounds| {
            Effect::of(old.as_ref().map(|c| c.offset), wanted, bounds).map_err(|reason| {
                ClusterError::new(ErrorKind::OffsetOutOfRange, reason).about(of.topic.as_str())
            })
        };
        let result = result.and_then(|wanted| {
            let bounds = bounds.remove(&of).unwrap_or_else(unknown)?;
            effect(wanted, bounds)
        });
        Step { of, old, result }
    };
    Ok(wanted.into_iter().map(step).collect())
}

/// Shows the plan, carries it out if that is wanted, and tells what failed.
pub fn conclude(
    context: &Context,
    kind: &'static str,
    group: &GroupId,
    steps: Vec<Step>,
    execute: bool,
) -> Result<Status, Failure> {
    let verb = kind.rsplit('.').next().unwrap_or(kind);
    let doing = format!("{verb} group `{group}`");
    let undo = if execute { carry_out(context, group, &steps, &doing)? } else { None };
    let total = steps.len();
    let mut table = Table::new(kind, COLUMNS);
    let mut failures = Vec::new();
    let mut changed = 0;
    for Step { of, old, result } in steps {
        match result {
            Ok(effect) => {
                changed += i32::from(old.as_ref().map(|c| c.offset) != effect.new);
                table.push(row(group, &of, old.as_ref(), effect));
            }
            Err(error) => {
                failures.push(context.failure(&format!("{verb} `{of}` of group `{group}`"), error));
            }
        }
    }
    if !table.rows.is_empty() {
        context.answer(&table)?;
    }
    let plural = if changed == 1 { "" } else { "s" };
    match undo {
        _ if !execute => {
            warn_of_members(context, group, &doing)?;
            context.out.status("nothing was changed; `--execute` does it");
        }
        None => context.out.status("nothing had to be changed"),
        Some(undo) => {
            context.out.status(format_args!("changed {changed} offset{plural} of group `{group}`"));
            context.out.status(format_args!(
                "undo: `{} groups reset {} --to-file {} --execute`",
                context.again(),
                file::quoted(group.as_str()),
                file::quoted(&undo)
            ));
        }
    }
    context.conclude(total, failures)
}

/// Says that a group has members, of which a change would be refused if they are alive.
fn warn_of_members(context: &Context, group: &GroupId, doing: &str) -> Result<(), Failure> {
    if let Ok(described) = super::describe_one(context, group, doing)?
        && described.state != GroupState::Empty
    {
        let count = described.members.len();
        context.out.warn(format_args!(
            "group `{group}` has {count} members; a change is refused while they are alive"
        ));
    }
    Ok(())
}

/// The row of one step.
fn row(
    group: &GroupId,
    of: &TopicPartition,
    old: Option<&CommittedOffset>,
    effect: Effect,
) -> Vec<Cell> {
    vec![
        Cell::text(group.as_str()),
        Cell::text(of.topic.as_str()),
        Cell::Int(i64::from(of.partition)),
        Cell::maybe(old.map(|c| c.offset), Cell::Int),
        Cell::maybe(effect.new, Cell::Int),
        Cell::Int(effect.lag_before),
        Cell::Int(effect.lag_after),
        Cell::Int(effect.skipped),
        Cell::Int(effect.replayed),
        Cell::Int(effect.deleted),
    ]
}

/// Commits the steps that change something, behind an undo file; answers its name, or `None` where
/// nothing changes.
fn carry_out(
    context: &Context,
    group: &GroupId,
    steps: &[Step],
    doing: &str,
) -> Result<Option<String>, Failure> {
    let (mut before, mut commits, mut forgets) = (Vec::new(), Vec::new(), Vec::new());
    for step in steps {
        let Ok(effect) = &step.result else { continue };
        let old = step.old.as_ref().map(|c| c.offset);
        if old == effect.new {
            continue;
        }
        before.push((step.of.clone(), old));
        match effect.new {
            Some(offset) => commits.push(CommittedOffset {
                of: step.of.clone(),
                offset,
                leader_epoch: -1,
                metadata: String::new(),
                committed_ms: context.now_ms,
            }),
            None => forgets.push(step.of.clone()),
        }
    }
    if before.is_empty() {
        return Ok(None);
    }
    let undo = file::write_undo(group, &before, context.now_ms)
        .map_err(|(path, error)| Failure::local(format!("cannot write undo file {path}"), error))?;
    let cluster = context.cluster()?;
    let commit = || {
        let mut outcomes = if commits.is_empty() {
            Vec::new()
        } else {
            cluster.commit_offsets(group, &commits)?
        };
        if !forgets.is_empty() {
            outcomes.extend(cluster.delete_offsets(group, &forgets)?);
        }
        // What stood in the way of one partition was found when the plan was made, or came since.
        outcomes.into_iter().try_for_each(|outcome| outcome.result)
    };
    commit().map(|()| Some(undo.clone())).map_err(|error| {
        if error.kind == ErrorKind::NonEmptyGroup {
            file::remove(&undo);
        }
        context.failure(doing, error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { start: 10, end: 20 };

    #[test]
    fn lag_is_counted_within_the_log() {
        for (committed, expected) in
            [(None, 10), (Some(3), 10), (Some(10), 10), (Some(15), 5), (Some(20), 0), (Some(25), 0)]
        {
            assert_eq!(BOUNDS.lag(committed), expected, "{committed:?}");
        }
    }

    #[test]
    fn a_step_knows_what_it_skips_replays_and_finds_deleted() {
        // old, wanted: new, lag before, lag after, skipped, replayed, deleted
        let cases = [
            (Some(12), Some(18), (Some(18), 8, 2, 6, 0, 0)),
            (Some(18), Some(12), (Some(12), 2, 8, 0, 6, 0)),
            (Some(18), Some(5), (Some(10), 2, 10, 0, 8, 5)),
            (Some(3), Some(15), (Some(15), 10, 5, 5, 0, 7)),
            (Some(25), Some(15), (Some(15), 0, 5, 0, 5, 0)),
            (Some(15), Some(15), (Some(15), 5, 5, 0, 0, 0)),
            (Some(2), Some(4), (Some(10), 10, 10, 0, 0, 2)),
            (None, Some(20), (Some(20), 10, 0, 10, 0, 0)),
            (None, Some(10), (Some(10), 10, 10, 0, 0, 0)),
            (Some(15), None, (None, 5, 10, 0, 5, 0)),
        ];
        for (old, wanted, expected) in cases {
            let e = Effect::of(old, wanted, BOUNDS).unwrap();
            let found = (e.new, e.lag_before, e.lag_after, e.skipped, e.replayed, e.deleted);
            assert_eq!(found, expected, "{old:?} to {wanted:?}");
        }
        assert!(Effect::of(None, Some(21), BOUNDS).is_err());
        for extreme in [i64::MIN, i64::MAX] {
            assert!(Effect::of(Some(extreme), Some(i64::MIN), BOUNDS).is_ok());
        }
    }
}
