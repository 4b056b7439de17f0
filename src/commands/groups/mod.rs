//! Owns the group `kaw groups`. Leaves each verb to its own file.

pub mod assign;

use clap::Subcommand;

use super::{Context, Failure, Status};
use crate::cli::global::AnswerArgs;

/// Work with consumer groups
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
}

impl Args {
    /// How the verb's rows are to be answered.
    pub fn answer(&self) -> AnswerArgs {
        match &self.verb {
            Verb::Assign(args) => args.answer,
        }
    }
}

/// Hands over to the verb.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    match &args.verb {
        Verb::Assign(args) => assign::run(context, args),
    }
}
