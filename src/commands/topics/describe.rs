//! Owns `kaw topics describe`. Leaves the facts to `cluster`.

use super::{distinct, unseen};
use crate::cli::global::AnswerArgs;
use crate::commands::{Context, Failure, Status};
use crate::out::{Cell, Column, Format, Table};
use crate::topic::{PartitionDetail, TopicConfig, TopicDetail, TopicName};

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw topics describe users
  kaw topics describe users orders --json";

/// What it answers with in JSON.
pub const KIND: &str = "topics.describe";

/// The columns of a partition.
pub const PARTITION_COLUMNS: &[Column] = &[
    Column::text("TOPIC", "The topic."),
    Column::number("PARTITION", "The partition's number."),
    Column::number("LEADER", "The broker that leads it."),
    Column::text("REPLICAS", "The brokers that hold it."),
    Column::text("ISR", "The replicas that are in sync."),
    Column::number("START-OFFSET", "The first offset that can be read."),
    Column::number("END-OFFSET", "One past the last record."),
    Column::number(
        "HIGH-WATERMARK",
        "One past the last record that no change of leader takes back, as a broker noted it last.",
    ),
    Column::number(
        "RECORDS",
        "Offsets from start to end, also those without a record (compaction, transactions).",
    ),
    Column::number("BYTES", "Bytes of its segments."),
    Column::text("FIRST-TIMESTAMP", "The timestamp of its first record."),
    Column::text("LAST-TIMESTAMP", "Its largest timestamp."),
    Column::number("RECORDS-PER-S", "RECORDS a second, from the first timestamp to the last."),
];

/// The keys of a topic in JSON.
pub const TOPIC_COLUMNS: &[Column] = &[
    Column::text("TOPIC", "The topic."),
    Column::text("ID", "Its id, 22 characters."),
    Column::text("INTERNAL", "Whether Kafka keeps its own state in it."),
    Column::text("CONFIGS", "The configs that differ from the default, as an object."),
    Column::text("CONFIG-SOURCES", "Who set each of them: topic, broker, or cluster."),
    Column::text("PARTITIONS", "Its partitions, as a list of objects."),
];

/// The columns of a config in the table for people.
const CONFIG_COLUMNS: &[Column] = &[
    Column::text("TOPIC", "The topic."),
    Column::text("CONFIG", "The config."),
    Column::text("VALUE", "Its value."),
    Column::text("SOURCE", "Who set it: topic, broker, or cluster."),
];

/// Describe the partitions of topics, and their configs
///
/// The answer is one row per partition, and for people a second table of the configs that differ
/// from the default. JSON has one item per topic, with `configs` and `partitions` in it.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The topics
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<TopicName>,

    /// Only partitions of which a replica is not in sync
    #[arg(long)]
    pub under_replicated: bool,

    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// Answers with the topics.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let names = distinct(&args.names);
    let outcomes = context
        .cluster()?
        .describe_topics(&names)
        .map_err(|error| context.failure("describe topics", error))?;
    let mut topics = Vec::new();
    let mut failures = Vec::new();
    for outcome in outcomes {
        match outcome.result {
            Ok(mut topic) => {
                if let Some(why) = &topic.configs_unknown {
                    let warning = format!("the configs of topic `{}` are not known", topic.name);
                    context.out.warn(format!("{warning}: {why}"));
                }
                if args.under_replicated {
                    topic.partitions.retain(PartitionDetail::is_under_replicated);
                }
                failures.extend(unseen(context, &topic));
                topics.push(topic);
            }
            Err(error) => {
                failures.push(context.failure(&format!("describe topic `{}`", outcome.of), error));
            }
        }
    }
    if topics.is_empty() && !failures.is_empty() {
        return context.conclude(names.len(), failures);
    }
    for (i, table) in tables(&topics, context.out.format()).iter().enumerate() {
        if i > 0 {
            context.out.raw(b"\n").map_err(Failure::stdout)?;
        }
        context.answer(table)?;
    }
    // Something is in the answer: what is missing is some of it.
    context.conclude(failures.len() + 1, failures)
}

/// The tables of the answer: for people partitions, then configs where there are any, with an empty
/// line between; for programs one.
fn tables(topics: &[TopicDetail], format: Format) -> Vec<Table> {
    if format == Format::Json {
        return vec![by_topic(topics)];
    }
    let mut partitions = Table::new("topics.describe.partitions", PARTITION_COLUMNS);
    partitions.rows = topics.iter().flat_map(partition_rows).collect();
    let mut tables = vec![partitions];
    let mut configs = Table::new("topics.describe.configs", CONFIG_COLUMNS);
    for topic in topics {
        for config in &topic.configs {
            configs.push(vec![
                Cell::text(topic.name.as_str()),
                Cell::text(&config.name),
                Cell::text(&config.value),
                Cell::text(config.source.name()),
            ]);
        }
    }
    if format == Format::Table && !configs.rows.is_empty() {
        tables.push(configs);
    }
    tables
}

/// One row per topic, with its partitions within.
fn by_topic(topics: &[TopicDetail]) -> Table {
    let mut table = Table::new(KIND, TOPIC_COLUMNS);
    for topic in topics {
        let mut partitions = Table::new("", PARTITION_COLUMNS);
        partitions.rows = partition_rows(topic).collect();
        table.push(vec![
            Cell::text(topic.name.as_str()),
            Cell::maybe(topic.id.clone(), Cell::Text),
            Cell::Bool(topic.internal),
            configs_cell(topic, |config| config.value.clone()),
            configs_cell(topic, |config| config.source.name().to_owned()),
            Cell::Items(Box::new(partitions)),
        ]);
    }
    table
}

/// Something of each config of a topic, by its name.
fn configs_cell(topic: &TopicDetail, of: impl Fn(&TopicConfig) -> String) -> Cell {
    Cell::Map(topic.configs.iter().map(|config| (config.name.clone(), of(config))).collect())
}

/// The rows of a topic's partitions.
fn partition_rows(topic: &TopicDetail) -> impl Iterator<Item = Vec<Cell>> {
    topic.partitions.iter().map(|partition| partition_row(&topic.name, partition))
}

/// The row of one partition.
fn partition_row(name: &TopicName, partition: &PartitionDetail) -> Vec<Cell> {
    let known = |number| Cell::maybe(partition.is_known().then_some(number), Cell::Int);
    let brokers = |ids: &[i32]| Cell::Ints(ids.iter().map(|id| i64::from(*id)).collect());
    vec![
        Cell::text(name.as_str()),
        Cell::Int(i64::from(partition.partition)),
        Cell::maybe((partition.leader >= 0).then_some(partition.leader.into()), Cell::Int),
        brokers(&partition.replicas),
        brokers(&partition.isr),
        known(partition.start_offset),
        known(partition.end_offset),
        Cell::maybe(partition.high_watermark, Cell::Int),
        known(partition.records()),
        Cell::maybe(partition.bytes, Cell::Bytes),
        Cell::maybe(partition.first_timestamp_ms, Cell::Time),
        Cell::maybe(partition.last_timestamp_ms, Cell::Time),
        Cell::maybe(partition.records_per_s(), Cell::Real),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::tests::topic;
    use super::*;
    use crate::topic::ConfigSource;

    fn users() -> TopicDetail {
        let mut users = topic("users", &[(0, 10), (4, 4)]);
        users.configs = vec![TopicConfig {
            name: "retention.ms".into(),
            value: "1000".into(),
            source: ConfigSource::Topic,
        }];
        users
    }

    #[test]
    fn people_get_partitions_then_configs() {
        let tables = tables(&[users()], Format::Table);
        let text: String = tables.iter().map(|t| t.render(Format::Table, true, false)).collect();
        let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
        TOPIC PARTITION LEADER REPLICAS ISR START-OFFSET END-OFFSET HIGH-WATERMARK RECORDS BYTES FIRST-TIMESTAMP LAST-TIMESTAMP RECORDS-PER-S
        users 0 0 0 0 0 10 10 10 100 1970-01-01T00:00:01.000Z 1970-01-01T00:00:02.000Z 10
        users 1 0 0 0 4 4 4 0 100 - - -
        TOPIC CONFIG VALUE SOURCE
        users retention.ms 1000 topic
        ");
        assert_eq!(super::tables(&[users()], Format::Tsv).len(), 1);
        assert_eq!(super::tables(&[topic("a", &[(0, 0)])], Format::Table).len(), 1);
    }

    #[test]
    fn programs_get_one_item_per_topic() {
        let tables = tables(&[users(), topic("empty", &[])], Format::Json);
        let text = tables[0].render(Format::Json, true, false);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(tables.len(), 1);
        assert_eq!(json["items"][0]["configs"]["retention.ms"], "1000");
        assert_eq!(json["items"][0]["config_sources"]["retention.ms"], "topic");
        assert_eq!(json["items"][0]["partitions"][0]["end_offset"], 10);
        assert_eq!(json["items"][0]["partitions"][0]["isr"][0], 0);
        assert_eq!(json["items"][1]["partitions"], serde_json::json!([]));
    }
}
