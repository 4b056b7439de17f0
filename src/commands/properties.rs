//! Owns `-X list`: every property of librdkafka that there is. Leaves what they are to
//! `properties`.

use super::{Context, Failure, Status};
use crate::out::{Cell, Column, Table};
use crate::properties::{self, Kind, Scope};

/// What it answers with.
pub const KIND: &str = "config.properties";

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::text("NAME", "The property."),
    Column::text("SCOPE", "Who heeds it: consumer, producer, or both."),
    Column::text("VALUES", "What it takes."),
    Column::text("DEFAULT", "librdkafka's default."),
    Column::text("NOTE", "What it is another name of, or why kaw does not take it."),
];

/// Answers with all of them.
pub fn run(context: &Context) -> Result<Status, Failure> {
    let mut table = Table::new(KIND, COLUMNS);
    for property in properties::all() {
        let scope = match property.scope {
            Scope::Both => "both",
            Scope::Consumer => "consumer",
            Scope::Producer => "producer",
        };
        let values = match property.kind {
            Kind::Text => "text".to_owned(),
            Kind::Boolean => "true, false".to_owned(),
            Kind::Integer(min, max) => format!("{min} .. {max}"),
            Kind::Float(min, max) => format!("{min} .. {max}"),
            Kind::OneOf(words) | Kind::SomeOf(words) => words.join(", "),
        };
        let note = match (property.owned(), property.alias) {
            (Some(instead), _) => Some(format!("kaw's to set: {instead}")),
            _ if properties::is_secret(property.name) => Some("secret: not by -X".to_owned()),
            _ if properties::runs_code(property.name) => {
                Some("runs code: --allow-code-in-config".to_owned())
            }
            (None, alias) => alias.map(|of| format!("the same as {of}")),
        };
        let default = Some(property.default).filter(|default| !default.is_empty());
        table.push(vec![
            Cell::text(property.name),
            Cell::text(scope),
            Cell::Text(values),
            Cell::maybe(default, Cell::text),
            Cell::maybe(note, Cell::Text),
        ]);
    }
    context.answer(&table)?;
    Ok(Status::Done)
}
