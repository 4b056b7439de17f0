//! Owns `kaw groups members`: who is in a group, and what each owns. Leaves the facts to `cluster`.

use super::{describe_one, shown};
use crate::cli::global::AnswerArgs;
use crate::commands::{Context, Failure, Status};
use crate::group::{DescribedGroup, GroupId};
use crate::out::{Cell, Column, Format, Table};
use crate::topic::TopicPartition;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw groups members db
  kaw groups members db --json";

/// What it answers with.
pub const KIND: &str = "groups.members";

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::text("GROUP", "The group."),
    Column::text("CONSUMER-ID", "The member's id."),
    Column::text("INSTANCE-ID", "The id of a static member."),
    Column::text("HOST", "Where it runs."),
    Column::text("CLIENT-ID", "The name that the client gives itself."),
    Column::number("PARTITIONS", "The number of partitions that it owns."),
    Column::text("ASSIGNMENT", "The partitions that it owns; in JSON a list of objects."),
];

/// The keys of a partition in JSON.
pub const ASSIGNMENT_COLUMNS: &[Column] =
    &[Column::text("TOPIC", "The topic."), Column::number("PARTITION", "The partition's number.")];

/// Show the members of a consumer group, and the partitions that each owns
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The group
    #[arg(value_name = "GROUP")]
    pub group: GroupId,

    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// Answers with the members.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let doing = format!("describe group `{}`", args.group);
    let group = describe_one(context, &args.group, &doing)?;
    let group = group.map_err(|error| context.failure(&doing, error))?;
    context.answer(&table(&group, context.out.format()))?;
    if group.members.is_empty() {
        context.out.status(format_args!("group `{}` has no members", args.group));
    }
    Ok(Status::Done)
}

/// The rows of the members.
fn table(group: &DescribedGroup, format: Format) -> Table {
    let mut table = Table::new(KIND, COLUMNS);
    for member in &group.members {
        let assignment = match format {
            Format::Json => Cell::Items(Box::new(assignment(&member.assignment))),
            _ if member.assignment.is_empty() => Cell::Missing,
            _ => Cell::Text(shown(&member.assignment)),
        };
        table.push(vec![
            Cell::text(group.id.as_str()),
            Cell::text(&member.id),
            Cell::maybe(member.instance_id.as_deref(), Cell::text),
            Cell::text(&member.host),
            Cell::text(&member.client_id),
            Cell::Int(member.assignment.len() as i64),
            assignment,
        ]);
    }
    table
}

/// Partitions, one to a row.
fn assignment(partitions: &[TopicPartition]) -> Table {
    let mut table = Table::new("", ASSIGNMENT_COLUMNS);
    for of in partitions {
        table.push(vec![Cell::text(of.topic.as_str()), Cell::Int(i64::from(of.partition))]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{GroupKind, GroupState, Member, MemberState};
    use crate::topic::TopicName;

    #[test]
    fn assignments_are_short_for_people_and_flat_for_programs() {
        let of = |t, partition| TopicPartition { topic: TopicName::new(t).unwrap(), partition };
        let member = |id: &str, assignment| Member {
            id: id.into(),
            instance_id: None,
            client_id: "kaw".into(),
            host: "/h".into(),
            assignment,
            state: MemberState::Live,
        };
        let owned = vec![of("t", 0), of("t", 1), of("u", 0)];
        let group = DescribedGroup {
            id: GroupId::new("g").unwrap(),
            kind: GroupKind::Classic,
            state: GroupState::Stable,
            coordinator: 0,
            protocol_type: "consumer".into(),
            assignor: "range".into(),
            generation: 1,
            members: vec![member("a", owned), member("b", vec![])],
        };
        let text = table(&group, Format::Table).render(Format::Table, true, false);
        insta::assert_snapshot!(text, @r"
        GROUP  CONSUMER-ID  INSTANCE-ID  HOST  CLIENT-ID  PARTITIONS  ASSIGNMENT
        g      a            -            /h    kaw                 3  t:0,1 u:0
        g      b            -            /h    kaw                 0  -
        ");
        let json = table(&group, Format::Json).render(Format::Json, true, false);
        assert!(json.contains(r#""assignment":[{"topic":"t","partition":0},"#), "{json}");
    }
}
