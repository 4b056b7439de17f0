//! Owns `kaw groups describe`: a group, and where it stands in each partition. Leaves the facts to
//! `cluster`.

use std::collections::BTreeMap;

use super::distinct;
use super::plan::{self, Bounds, bounds};
use crate::cli::global::AnswerArgs;
use crate::commands::{Context, Failure, Status};
use crate::group::{CommittedOffset, DescribedGroup, GroupId, Member};
use crate::out::{Cell, Column, Format, Table};
use crate::topic::TopicPartition;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw groups describe db
  kaw groups describe db --json";

/// What it answers with in JSON.
pub const KIND: &str = "groups.describe";

/// The columns of a partition, by Kafka's names.
pub const PARTITION_COLUMNS: &[Column] = &[
    Column::text("GROUP", "The group."),
    Column::text("TOPIC", "The topic."),
    Column::number("PARTITION", "The partition's number."),
    Column::number("CURRENT-OFFSET", "The next offset to be read, as it was committed."),
    Column::number("LOG-START-OFFSET", "The first offset that can be read."),
    Column::number("LOG-END-OFFSET", "One past the last record."),
    Column::number("LAG", "Offsets from where the group stands to the end."),
    Column::text("CONSUMER-ID", "The member that owns the partition."),
    Column::text("HOST", "Where that member runs."),
    Column::text("CLIENT-ID", "The name that the client gives itself."),
];

/// The columns of a group in the table for people.
const GROUP_COLUMNS: &[Column] = &[
    Column::text("GROUP", "The group."),
    Column::text("TYPE", "Its protocol: Classic, Consumer (KIP-848), Share or Streams."),
    Column::text("STATE", "Its state, by Kafka's name, as Stable, PreparingRebalance or Empty."),
    Column::number("COORDINATOR", "The broker that coordinates it."),
    Column::text("PROTOCOL", "What kind of members it has."),
    Column::text("ASSIGNOR", "The assignor that is in force."),
    Column::number("GENERATION", "How often partitions were shared out anew."),
    Column::number("MEMBERS", "The number of its members."),
];

/// The keys of a group in JSON.
pub const JSON_COLUMNS: &[Column] = &[
    Column::text("GROUP", "The group."),
    Column::text("TYPE", "Its protocol: Classic, Consumer (KIP-848), Share or Streams."),
    Column::text("STATE", "Its state, by Kafka's name, as Stable, PreparingRebalance or Empty."),
    Column::number("COORDINATOR", "The broker that coordinates it."),
    Column::text("PROTOCOL", "What kind of members it has."),
    Column::text("ASSIGNOR", "The assignor that is in force."),
    Column::number("GENERATION", "How often partitions were shared out anew."),
    Column::number("MEMBERS", "The number of its members."),
    Column::text("PARTITIONS", "Where it stands, as a list of objects."),
];

/// Describe consumer groups: state, and where they stand in each partition
///
/// The answer has one row per partition that the group committed an offset of, or that a member
/// owns; for people, a table of the groups comes first. A partition that nothing was committed of
/// counts from its start. JSON has one item per group, with `partitions` in it.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The groups
    #[arg(value_name = "GROUP", required = true)]
    pub groups: Vec<GroupId>,

    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// A group, and the rows of its partitions.
type Described = (DescribedGroup, Vec<Vec<Cell>>);

/// Answers with the groups.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let ids = distinct(&args.groups);
    let cluster = context.cluster()?;
    let outcomes =
        cluster.describe_groups(&ids).map_err(|error| context.failure("describe groups", error))?;
    let (mut groups, mut failures) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        let doing = format!("describe group `{}`", outcome.of);
        match outcome.result {
            Ok(group) => {
                let rows = rows(context, &group, &doing, &mut failures)?;
                groups.push((group, rows));
            }
            Err(error) => failures.push(context.failure(&doing, error)),
        }
    }
    let found = groups.len();
    if !groups.is_empty() {
        for (i, table) in tables(groups, context.out.format()).iter().enumerate() {
            if i > 0 {
                context.out.raw(b"\n").map_err(Failure::stdout)?;
            }
            context.answer(table)?;
        }
    }
    // Of a group that was found, what is missing is some of it.
    context.conclude(found + ids.len(), failures)
}

/// The rows of a group: commits are read first, ends of logs after.
fn rows(
    context: &Context,
    group: &DescribedGroup,
    doing: &str,
    failures: &mut Vec<Failure>,
) -> Result<Vec<Vec<Cell>>, Failure> {
    let committed = context
        .cluster()?
        .fetch_offsets(&group.id)
        .map_err(|error| context.failure(doing, error))?;
    let mut places: BTreeMap<TopicPartition, (Option<CommittedOffset>, Option<&Member>)> =
        committed.into_iter().map(|c| (c.of.clone(), (Some(c), None))).collect();
    for member in &group.members {
        for of in &member.assignment {
            places.entry(of.clone()).or_default().1 = Some(member);
        }
    }
    let of: Vec<TopicPartition> = places.keys().cloned().collect();
    let bounds = bounds(context, &of, doing)?;
    failures.extend(plan::unseen(context, &bounds));
    let row = |(of, (committed, member)): (TopicPartition, (Option<_>, Option<&Member>))| {
        let within = bounds.get(&of).and_then(|bounds| bounds.as_ref().ok()).copied();
        row(group, &of, committed.map(|c: CommittedOffset| c.offset), within, member)
    };
    Ok(places.into_iter().map(row).collect())
}

/// The row of one partition. Of a topic that is gone only the commit is known.
fn row(
    group: &DescribedGroup,
    of: &TopicPartition,
    committed: Option<i64>,
    bounds: Option<Bounds>,
    member: Option<&Member>,
) -> Vec<Cell> {
    let member = |text: fn(&Member) -> &str| Cell::maybe(member.map(text), Cell::text);
    vec![
        Cell::text(group.id.as_str()),
        Cell::text(of.topic.as_str()),
        Cell::Int(i64::from(of.partition)),
        Cell::maybe(committed, Cell::Int),
        Cell::maybe(bounds.map(|b| b.start), Cell::Int),
        Cell::maybe(bounds.map(|b| b.end), Cell::Int),
        Cell::maybe(bounds.map(|b| b.lag(committed)), Cell::Int),
        member(|m| &m.id),
        member(|m| &m.host),
        member(|m| &m.client_id),
    ]
}

/// The cells of a group.
fn group_row(group: &DescribedGroup) -> Vec<Cell> {
    let known = |text: &str| Cell::maybe((!text.is_empty()).then_some(text), Cell::text);
    vec![
        Cell::text(group.id.as_str()),
        Cell::text(group.kind.name()),
        Cell::text(group.state.name()),
        Cell::Int(i64::from(group.coordinator)),
        known(&group.protocol_type),
        known(&group.assignor),
        Cell::maybe((group.generation >= 0).then_some(i64::from(group.generation)), Cell::Int),
        Cell::Int(group.members.len() as i64),
    ]
}

/// The tables of the answer: for people groups, then partitions; for programs one.
fn tables(groups: Vec<Described>, format: Format) -> Vec<Table> {
    if format == Format::Json {
        let mut table = Table::new(KIND, JSON_COLUMNS);
        for (group, rows) in groups {
            let mut partitions = Table::new("", PARTITION_COLUMNS);
            partitions.rows = rows;
            let mut row = group_row(&group);
            row.push(Cell::Items(Box::new(partitions)));
            table.push(row);
        }
        return vec![table];
    }
    let mut of_groups = Table::new("groups.describe.groups", GROUP_COLUMNS);
    let mut partitions = Table::new("groups.describe.partitions", PARTITION_COLUMNS);
    for (group, rows) in groups {
        of_groups.push(group_row(&group));
        partitions.rows.extend(rows);
    }
    if format == Format::Tsv { vec![partitions] } else { vec![of_groups, partitions] }
}
