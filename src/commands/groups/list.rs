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
    Column::text("STATE", "Its state, by Kafka's name, as Stable, PreparingRebalance or Empty."),
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
    let cluster = context.cluster()?;
    let failure = |error| context.failure("list groups", error);
    let mut groups = cluster.list_groups().map_err(failure)?;
    groups.retain(|group| args.state.is_none_or(|state| group.state == state));
    let unsaid = groups.iter().filter(|group| group.members.is_none());
    let ids: Vec<_> = unsaid.map(|group| group.id.clone()).collect();
    for outcome in cluster.describe_groups(&ids).map_err(failure)? {
        // One that may not be seen more closely, or is gone by now, stays as it was listed.
        if let Ok(described) = outcome.result
            && let Some(group) = groups.iter_mut().find(|group| group.id == outcome.of)
        {
            group.members = Some(described.members.len());
        }
    }
    context.answer(&table(&groups))?;
    Ok(Status::Done)
}

/// The rows of groups.
fn table(groups: &[ListedGroup]) -> Table {
    let mut table = Table::new(KIND, COLUMNS);
    for group in groups {
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

    #[test]
    fn a_state_is_read_in_any_case_of_letters() {
        assert_eq!(state("EMPTY"), Ok(GroupState::Empty));
        assert!(state("emty").unwrap_err().contains("Empty"));
    }
}
