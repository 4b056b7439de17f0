//! Owns `kaw config`: the settings that hold, and who said so. Leaves finding them to
//! `cli::target`.

use super::{Context, Failure, Status};
use crate::cli::global::{AnswerArgs, TIMEOUT_DEFAULT};
use crate::cli::target::{self, Source};
use crate::cluster::types::Target;
use crate::out::{Cell, Column, Table};

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw config
  kaw config --log-dir /srv/kafka --json";

/// What it answers with.
pub const KIND: &str = "config";

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::text("NAME", "The setting."),
    Column::text("VALUE", "Its value."),
    Column::text("SOURCE", "The flag, variable or file that said so, or `default`."),
];

/// Show the settings that hold, and where each came from
///
/// Flags beat the environment, the environment beats the default profile of the config file, and
/// that beats the default.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// Answers with the settings.
pub fn run(context: &Context, _args: &Args) -> Result<Status, Failure> {
    let resolved = context.target()?;
    let mut table = Table::new(KIND, COLUMNS);
    let mut setting = |name: &str, value: Cell, source: &Source| {
        table.push(vec![Cell::text(name), value, Cell::Text(source.to_string())]);
    };
    let (name, value) = match &resolved.target {
        Target::Directory { path, .. } => ("log-dir", path.display().to_string()),
        Target::Brokers(brokers) => ("brokers", brokers.list.clone()),
    };
    setting(name, Cell::Text(value), &resolved.source);
    let none = Source::Default;
    let source = if resolved.profile.is_some() { &resolved.source } else { &none };
    setting("profile", Cell::maybe(resolved.profile, Cell::Text), source);
    let (timeout, source) = match context.global.timeout {
        Some(timeout) => (timeout, Source::Flag("--timeout")),
        None => (TIMEOUT_DEFAULT, Source::Default),
    };
    setting("timeout-ms", Cell::Span(timeout), &source);
    let env = |name: &str| std::env::var_os(name);
    let moved = env("XDG_CONFIG_HOME").is_some_and(|value| !value.is_empty());
    let source = if moved { Source::Environment("XDG_CONFIG_HOME") } else { Source::Default };
    let file = target::config_file(&env).map(|path| path.display().to_string());
    setting("config-file", Cell::maybe(file, Cell::Text), &source);
    context.answer(&table)?;
    Ok(Status::Done)
}
