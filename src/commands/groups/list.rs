//! Owns `kaw groups list`. Leaves finding the groups to `cluster`.

use crate::cli::global::AnswerArgs;
use crate::commands::{Context, Failure, Status};
use crate::group::{GroupState, ListedGroup};
use crate::out::{Cell, Column, Table};
use crate::value;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw groups list
  kaw groups list --state empty --json";

/// What it answers with.
pub const KIND: &str = "groups.list";

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::text("GROUP", "The group."),
    Column::text("TYPE", "Its protocol: Classic, Consumer (KIP-848), Share or Streams."),
    Column::text("STATE", "Its state: Stable, PreparingRebalance, Empty or Dead."),
    Column::number("MEMBERS", "The number of its members."),
];

/// List consumer groups
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Only groups in this state: stable, preparingrebalance, empty or dead
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub state: Option<GroupState>,

    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// Reads a state, in any case of letters.
fn state(text: &str) -> Result<GroupState, String> {
    let found = GroupState::ALL.into_iter().find(|s| s.name().eq_ignore_ascii_case(text));
    found.ok_or_else(|| value::unknown("a state", text, &GroupState::ALL.map(GroupState::name)))
}

/// Answers with the groups.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let groups =
        context.cluster()?.list_groups().map_err(|error| context.failure("list groups", error))?;
    context.answer(&table(&groups, args.state))?;
    Ok(Status::Done)
}

/// The rows of the groups in a state.
fn table(groups: &[ListedGroup], state: Option<GroupState>) -> Table {
    let mut table = Table::new(KIND, COLUMNS);
    for group in groups.iter().filter(|group| state.is_none_or(|state| group.state == state)) {
        table.push(vec![
            Cell::text(group.id.as_str()),
            Cell::text(group.kind.name()),
            Cell::text(group.state.name()),
            Cell::maybe(group.members, |members| Cell::Int(members as i64)),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{GroupId, GroupKind};

    #[test]
    fn groups_in_a_state_are_listed() {
        let group = |id, state, members| ListedGroup {
            id: GroupId::new(id).unwrap(),
            kind: GroupKind::Classic,
            state,
            members: Some(members),
        };
        let groups = [group("a", GroupState::Stable, 2), group("b", GroupState::Empty, 0)];
        assert_eq!(table(&groups, None).rows.len(), 2);
        assert_eq!(table(&groups, state("EMPTY").ok()).rows.len(), 1);
        assert!(state("emty").unwrap_err().contains("Empty"));
    }
}
