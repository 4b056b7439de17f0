//! Owns `kaw topics list`. Leaves finding the topics to `cluster`.

use regex::Regex;

use super::{totals, unseen};
use crate::cli::global::AnswerArgs;
use crate::commands::{Context, Failure, Status};
use crate::out::{Cell, Column, Table};
use crate::topic::{PartitionDetail, TopicDetail};
use crate::value;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw topics list
  kaw topics list '^users' --json";

/// What it answers with.
pub const KIND: &str = "topics.list";

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::text("TOPIC", "The topic."),
    Column::number("PARTITIONS", "The number of its partitions."),
    Column::number(
        "RECORDS",
        "Offsets from start to end, also those without a record (compaction, transactions).",
    ),
    Column::number("BYTES", "Bytes of its segments."),
    Column::text("FIRST-TIMESTAMP", "The timestamp of its first record."),
    Column::text("LAST-TIMESTAMP", "Its largest timestamp."),
    Column::number("RECORDS-PER-S", "RECORDS a second, from the first timestamp to the last."),
];

/// List topics with their size and age
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Only topics whose name matches this; `^` and `$` tie it to the ends
    #[arg(value_name = "REGEX", value_parser = regex)]
    pub regex: Option<Regex>,

    /// Only topics of which a replica is not in sync
    #[arg(long)]
    pub under_replicated: bool,

    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// Reads a regular expression, and tells a slip on one line.
fn regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| value::regex_reason(&error.to_string()))
}

/// Answers with the topics.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let mut topics =
        context.cluster()?.list_topics().map_err(|error| context.failure("list topics", error))?;
    if args.under_replicated {
        topics.retain(|topic| topic.partitions.iter().any(PartitionDetail::is_under_replicated));
    }
    if let Some(regex) = &args.regex {
        topics.retain(|topic| regex.is_match(topic.name.as_str()));
    }
    context.answer(&table(&topics))?;
    let failures: Vec<Failure> = topics.iter().flat_map(|t| unseen(context, t)).collect();
    // The list itself was had: what is missing of it is some of it.
    context.conclude(failures.len() + 1, failures)
}

/// The rows of topics.
fn table(topics: &[TopicDetail]) -> Table {
    let mut table = Table::new(KIND, COLUMNS);
    for topic in topics {
        let totals = totals(topic);
        table.push(vec![
            Cell::text(topic.name.as_str()),
            Cell::Int(topic.partitions.len() as i64),
            Cell::maybe(totals.records, Cell::Int),
            Cell::maybe(totals.bytes, Cell::Bytes),
            Cell::maybe(totals.first_timestamp_ms, Cell::Time),
            Cell::maybe(totals.last_timestamp_ms, Cell::Time),
            Cell::maybe(totals.records_per_s(), Cell::Real),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::tests::topic;
    use super::*;
    use crate::out::Format;

    #[test]
    fn topics_are_listed() {
        let topics = [topic("orders", &[(0, 10), (2, 4)]), topic("users", &[(0, 0)])];
        insta::assert_snapshot!(table(&topics).render(Format::Table, true, false), @r"
        TOPIC   PARTITIONS  RECORDS  BYTES  FIRST-TIMESTAMP           LAST-TIMESTAMP            RECORDS-PER-S
        orders           2       12    200  1970-01-01T00:00:01.000Z  1970-01-01T00:00:04.000Z              4
        users            1        0    100  -                         -                                     -
        ");
    }

    #[test]
    fn a_slip_in_a_regex_is_one_line() {
        let message = regex("a(b").unwrap_err();
        assert_eq!(message, "not a regular expression: unclosed group");
    }
}
