//! Owns `kaw config`: the settings that hold, and who said so. Leaves finding them to
//! `cli::target`.

use std::fmt::Display;

use super::{Context, Failure, Status};
use crate::cli::global::{AnswerArgs, TIMEOUT_DEFAULT};
use crate::cli::target::{self, Resolved, Source};
use crate::cluster::types::Target;
use crate::out::{Cell, Column, Table};
use crate::properties;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw config
  kaw config --log-dir /srv/kafka --json
  kaw config --brokers k1:9092 -X client.id=me
  kaw -X list";

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
/// Flags beat the environment, the environment beats the default profile of config.toml, and that
/// beats the default. Secrets are hidden, and are not fetched for this. With `-X list`, shows every
/// property of librdkafka.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// What stands in the place of a secret.
const HIDDEN: &str = "(hidden)";

/// The variables that say where to work.
const VARIABLES: [&str; 4] = ["KAW_LOG_DIR", "KAW_BROKERS", "KAW_PROFILE", "KAW_CONFIG_FILE"];

/// Answers with the settings.
pub fn run(context: &Context, _args: &Args) -> Result<Status, Failure> {
    let resolved = context.target()?;
    let mut table = Table::new(KIND, COLUMNS);
    let mut setting = |name: &str, value: Cell, source: &dyn Display| {
        table.push(vec![Cell::text(name), value, Cell::Text(source.to_string())]);
    };
    let (name, value) = match &resolved.target {
        Target::Directory { path, .. } => ("log-dir", path.display().to_string()),
        Target::Brokers(brokers) => ("brokers", brokers.list.clone()),
    };
    setting(name, Cell::Text(value), &resolved.source);
    let none = Source::Default;
    let source = if resolved.profile.is_some() { &resolved.source } else { &none };
    setting("profile", Cell::maybe(resolved.profile.clone(), Cell::Text), source);
    let (timeout, source) = match context.global.timeout {
        Some(timeout) => (timeout, Source::Flag("--timeout")),
        None => (TIMEOUT_DEFAULT, Source::Default),
    };
    setting("timeout-ms", Cell::Span(timeout), &source);
    let env = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let moved = env("XDG_CONFIG_HOME").is_some();
    let source = if moved { Source::Environment("XDG_CONFIG_HOME") } else { Source::Default };
    let file = target::config_file(&env).map(|path| path.display().to_string());
    setting("config-toml", Cell::maybe(file, Cell::Text), &source);
    if let Some((path, source)) = &resolved.config_file {
        setting("config-file", Cell::Text(path.display().to_string()), source);
    }
    properties_of(&resolved, &mut setting);
    for name in VARIABLES {
        if let Some(value) = env(name) {
            setting(name, Cell::Text(value.to_string_lossy().into_owned()), &"environment");
        }
    }
    context.answer(&table)?;
    resolved.warnings.iter().for_each(|warning| context.out.warn(warning));
    Ok(Status::Done)
}

/// Adds the properties of brokers: of each, what was said last.
fn properties_of(resolved: &Resolved, setting: &mut dyn FnMut(&str, Cell, &dyn Display)) {
    let Target::Brokers(brokers) = &resolved.target else { return };
    let canonical = |name: &str| properties::find(name).map(properties::Property::canonical);
    let pending = |name: &str| resolved.secrets.iter().any(|secret| secret.property == name);
    for (at, property) in brokers.properties.iter().enumerate() {
        let mut later = brokers.properties.iter().skip(at + 1);
        let said_again = later.any(|other| canonical(&other.name) == canonical(&property.name));
        if said_again || pending(&property.name) {
            continue;
        }
        let secret = properties::is_secret(&property.name);
        let value = if secret { HIDDEN } else { &property.value };
        setting(&property.name, Cell::text(value), &property.source);
    }
    for secret in &resolved.secrets {
        let source = format!("{}, by {}", secret.source, secret.from);
        setting(secret.property, Cell::text(HIDDEN), &source);
    }
    if let (Some(token), Some(profile)) = (&brokers.token, &resolved.profile) {
        setting("token", Cell::text(HIDDEN), &format!("profile {profile}, by {token}"));
    }
}
