//! Owns `kaw groups delete`. Leaves the deletion to `cluster`.

use super::distinct;
use crate::cli::global::AnswerArgs;
use crate::commands::{Context, Failure, Status};
use crate::group::GroupId;
use crate::out::{Cell, Column, Format, Table};

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw groups delete db";

/// What it answers with in JSON and TSV.
pub const KIND: &str = "groups.delete";

/// Its columns.
pub const COLUMNS: &[Column] = &[Column::text("GROUP", "A group that was deleted.")];

/// Delete consumer groups with all that they committed
///
/// A group with members is refused.
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

/// Deletes the groups.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let ids = distinct(&args.groups);
    let outcomes = context
        .cluster()?
        .delete_groups(&ids)
        .map_err(|error| context.failure("delete groups", error))?;
    let mut table = Table::new(KIND, COLUMNS);
    let mut failures = Vec::new();
    for outcome in outcomes {
        let id = outcome.of;
        match outcome.result {
            Ok(()) => {
                context.out.status(format_args!("deleted group `{id}`"));
                table.push(vec![Cell::text(id.as_str())]);
            }
            Err(error) => failures.push(context.failure(&format!("delete group `{id}`"), error)),
        }
    }
    // For people the status says it.
    if context.out.format() != Format::Table {
        context.answer(&table)?;
    }
    context.conclude(ids.len(), failures)
}
