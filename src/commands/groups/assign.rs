//! Owns `kaw groups assign`, the simulator: who would get what. Leaves deciding it to `assignor`.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::assignor::{self, Assignment, Assignor, AssignorMember, Partition};
use crate::cli::global::{self, AnswerArgs};
use crate::commands::{Context, Failure, Status};
use crate::near::did_you_mean;
use crate::out::{Cell, Column, Format, Table, units};
use crate::topic::TopicName;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw groups assign users --members 2
  kaw groups assign users orders --members 3 --assignor roundrobin
  kaw groups assign big:48 small:2 --members 5 --assignor sticky --json
  kaw groups assign a:4 b:4 --member one --member two=b --assignor sticky";

/// What it answers with.
pub const KIND: &str = "groups.assign";

/// The columns for people, and in TSV.
const COLUMNS: &[Column] = &[
    Column::text("MEMBER", "The member."),
    Column::text("TOPIC", "The topic."),
    Column::text("PARTITIONS", "The partitions of the topic that it gets."),
    Column::number("COUNT", "How many they are."),
];

/// The keys of a member in JSON.
pub const MEMBER_COLUMNS: &[Column] = &[
    Column::text("MEMBER", "The member."),
    Column::text("ASSIGNMENT", "What it gets, as a list of objects."),
    Column::number("COUNT", "How many partitions these are."),
];

/// The keys of a partition in JSON.
pub const PARTITION_COLUMNS: &[Column] =
    &[Column::text("TOPIC", "The topic."), Column::number("PARTITION", "The partition's number.")];

/// The most members that are simulated.
const MEMBERS_MAX: i64 = 1000;

/// The most partitions that are simulated: the answer is for reading.
const PARTITIONS_MAX: i64 = 100_000;

/// Show which member of a group would get which partitions
///
/// Nothing is joined and nothing changes: this is the result of Kafka's own assignors for the
/// topics as they are, or as you say, and for members that own nothing yet.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The topics; `NAME:PARTITIONS` for one that need not exist
    #[arg(value_name = "TOPIC", required = true)]
    pub topics: Vec<SizedTopic>,

    /// How many members there are; they are called member-1, member-2, ..
    #[arg(long, value_name = "N", conflicts_with = "member", required_unless_present = "member")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=MEMBERS_MAX))]
    #[arg(allow_negative_numbers = true)]
    pub members: Option<u16>,

    /// A member by its own name, with the topics that it wants if not all; repeatable
    #[arg(long, value_name = "NAME[=TOPIC,..]")]
    pub member: Vec<NamedMember>,

    /// Who decides: range, roundrobin, sticky, cooperative-sticky
    #[arg(long, value_name = "NAME", default_value = "range")]
    pub assignor: Assignor,

    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// A topic, with a number of partitions if that is not to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizedTopic {
    /// Its name.
    pub name: TopicName,
    /// How many partitions it is to have; `None` for those that it has.
    pub partitions: Option<i32>,
}

impl FromStr for SizedTopic {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, partitions) = match text.split_once(':') {
            Some((name, partitions)) => (name, Some(global::partitions(partitions)?)),
            None => (text, None),
        };
        let name = TopicName::new(name).map_err(|error| error.to_string())?;
        Ok(Self { name, partitions })
    }
}

/// A member by its own name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedMember {
    /// Its name.
    pub name: String,
    /// The topics that it wants; `None` for all.
    pub topics: Option<Vec<TopicName>>,
}

impl FromStr for NamedMember {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, topics) = match text.split_once('=') {
            Some((name, topics)) => {
                let topics: Result<Vec<_>, _> = topics.split(',').map(TopicName::new).collect();
                (name, Some(topics.map_err(|error| error.to_string())?))
            }
            None => (text, None),
        };
        if name.is_empty() {
            return Err("a member's name is not empty".to_owned());
        }
        Ok(Self { name: name.to_owned(), topics })
    }
}

/// Answers with what each would get.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let members = members(args)?;
    let topics = sized(context, &args.topics)?;
    let total = topics.values().fold(0, |sum: i64, n| sum.saturating_add(i64::from(*n)));
    if total > PARTITIONS_MAX {
        let total = units::plural(total as u64, "partition");
        let most = units::count(PARTITIONS_MAX as u64);
        return Err(Failure::usage(format!("{total} are too many to simulate; at most {most}")));
    }
    let assignment = assignor::assign(args.assignor, &members, &topics);
    context.answer(&table(&members, &assignment, context.out.format()))?;
    Ok(Status::Done)
}

/// The members that were asked for, in that order.
fn members(args: &Args) -> Result<Vec<AssignorMember>, Failure> {
    let known: Vec<&str> = args.topics.iter().map(|topic| topic.name.as_str()).collect();
    for (at, name) in known.iter().enumerate() {
        if known.iter().take(at).any(|other| other == name) {
            return Err(Failure::usage(format!("topic `{name}` is given twice")));
        }
    }
    let member = |id: String, topics: Vec<String>| AssignorMember {
        id,
        instance_id: None,
        topics,
        owned: Vec::new(),
        generation: -1,
    };
    let all = || known.iter().map(|name| (*name).to_owned()).collect();
    let mut members: Vec<AssignorMember> =
        (1..=args.members.unwrap_or(0)).map(|n| member(format!("member-{n}"), all())).collect();
    for named in &args.member {
        let shown = named.name.escape_debug();
        if members.iter().any(|other| other.id == named.name) {
            return Err(Failure::usage(format!("member `{shown}` is given twice")));
        }
        let wanted = named.topics.iter().flatten().map(TopicName::as_str);
        if let Some(other) = wanted.clone().find(|topic| !known.contains(topic)) {
            let near = did_you_mean(other, known.iter().copied());
            return Err(Failure::usage(format!(
                "member `{shown}` wants `{other}`, which is none of the topics{near}"
            )));
        }
        let topics =
            if named.topics.is_some() { wanted.map(str::to_owned).collect() } else { all() };
        members.push(member(named.name.clone(), topics));
    }
    if members.len() as i64 > MEMBERS_MAX {
        return Err(Failure::usage(format!("at most {MEMBERS_MAX} members are simulated")));
    }
    Ok(members)
}

/// The number of partitions of each topic, asked for where it was not given.
fn sized(context: &Context, topics: &[SizedTopic]) -> Result<BTreeMap<String, i32>, Failure> {
    let mut sizes = BTreeMap::new();
    let mut unknown = Vec::new();
    for topic in topics {
        match topic.partitions {
            Some(partitions) => {
                sizes.insert(topic.name.to_string(), partitions);
            }
            None => unknown.push(topic.name.clone()),
        }
    }
    if unknown.is_empty() {
        return Ok(sizes);
    }
    let outcomes = context
        .cluster()?
        .describe_topics(&unknown)
        .map_err(|error| context.failure("describe topics", error))?;
    for outcome in outcomes {
        let name = outcome.of;
        // With one topic less, the others would be shared out in another way.
        let topic = outcome.result.map_err(|error| {
            let failure = context.failure(&format!("simulate with topic `{name}`"), error);
            failure.hint(format!("`{name}:3` to simulate a topic of 3 partitions"))
        })?;
        let partitions = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
        sizes.insert(name.to_string(), partitions);
    }
    Ok(sizes)
}

/// The answer: for people and in TSV a row for each topic of a member, in JSON one for each member.
fn table(members: &[AssignorMember], assignment: &Assignment, format: Format) -> Table {
    let columns = if format == Format::Json { MEMBER_COLUMNS } else { COLUMNS };
    let mut table = Table::new(KIND, columns);
    for member in members {
        let given = assignment.get(&member.id).map_or(&[][..], Vec::as_slice);
        let count = |n: usize| Cell::Int(n as i64);
        if format == Format::Json {
            let mut partitions = Table::new("", PARTITION_COLUMNS);
            for (topic, partition) in given {
                partitions.push(vec![Cell::text(topic), Cell::Int(i64::from(*partition))]);
            }
            let row =
                vec![Cell::text(&member.id), Cell::Items(Box::new(partitions)), count(given.len())];
            table.push(row);
            continue;
        }
        if given.is_empty() {
            table.push(vec![Cell::text(&member.id), Cell::Missing, Cell::Missing, count(0)]);
        }
        for of_one in given.chunk_by(|a, b| a.0 == b.0) {
            let topic = of_one.first().map_or("", |(topic, _)| topic);
            let row = [Cell::text(&member.id), Cell::text(topic), Cell::text(runs(of_one))];
            table.push(row.into_iter().chain([count(of_one.len())]).collect());
        }
    }
    table
}

/// Partitions as `-p` of `kaw consume` takes them: `0,2-4`.
fn runs(partitions: &[Partition]) -> String {
    let runs = partitions.chunk_by(|a, b| a.1.checked_add(1) == Some(b.1));
    let texts = runs.filter_map(|run| match (run.first()?.1, run.last()?.1) {
        (first, last) if first == last => Some(first.to_string()),
        (first, last) => Some(format!("{first}-{last}")),
    });
    texts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_and_members_are_read() {
        let topic: SizedTopic = "a.b:12".parse().unwrap();
        assert_eq!((topic.name.as_str(), topic.partitions), ("a.b", Some(12)));
        assert_eq!("a".parse::<SizedTopic>().unwrap().partitions, None);
        for bad in ["", ":3", "a:", "a:0", "a:-1", "a:b", "a/b", "a:1:2"] {
            assert!(bad.parse::<SizedTopic>().is_err(), "{bad}");
        }
        let member: NamedMember = "m=a,b".parse().unwrap();
        assert_eq!((member.name.as_str(), member.topics.unwrap().len()), ("m", 2));
        assert_eq!("m".parse::<NamedMember>().unwrap().topics, None);
        for bad in ["", "=a", "m=", "m=a,,b", "m=a/b"] {
            assert!(bad.parse::<NamedMember>().is_err(), "{bad}");
        }
    }

    #[test]
    fn runs_are_short_and_can_be_typed_again() {
        let of = |list: &[i32]| {
            let partitions: Vec<Partition> = list.iter().map(|p| ("a".to_owned(), *p)).collect();
            runs(&partitions)
        };
        assert_eq!(of(&[]), "");
        assert_eq!(of(&[3]), "3");
        assert_eq!(of(&[0, 1, 2, 4, 6, 7]), "0-2,4,6-7");
        assert_eq!(crate::value::partitions(&of(&[0, 2, 3, 4])), Ok(vec![0, 2, 3, 4]));
    }
}
