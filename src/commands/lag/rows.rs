//! Owns the rows of lag: by partition, or added up by topic, member or group. Leaves finding out to
//! `collect`, and the arithmetic to `crate::lag`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::By;
use super::collect::Place;
use crate::lag::{Note, Sum, sums};
use crate::out::{Cell, Column};

/// The group.
const GROUP: Column = Column::text("GROUP", "The group.");
/// The topic.
const TOPIC: Column = Column::text("TOPIC", "The topic.");
/// The member.
const MEMBER: Column = Column::text("CONSUMER-ID", "The member that owns it.");
/// How many partitions were added up.
const COUNT: Column = Column::number("PARTITIONS", "The number of partitions added up.");
/// The lag.
const LAG: Column = Column::number("LAG", "Offsets that are unread and still there.");
/// The lag in time.
const AGE: Column = Column::number("AGE-MS", "How long the next unread record has waited, in ms.");
/// What was deleted.
const LOST: Column = Column::number("LOST", "Offsets that were deleted before they were read.");
/// The rate in.
const IN: Column = Column::number("IN-PER-S", "With --watch: records in, a second.");
/// The rate out.
const OUT: Column = Column::number("OUT-PER-S", "With --watch: offsets committed, a second.");
/// Time to zero.
const ZERO: Column =
    Column::number("TIME-TO-ZERO-MS", "With --watch: until nothing is unread, at these rates.");
/// The sparkline.
const TREND: Column = Column::text("TREND", "With --watch: the lag of the last ticks, as bars.");

/// Both forms of the columns: without and with those of `--watch`.
macro_rules! columns {
    ($plain:ident, $watched:ident, $doc:literal, $($column:expr),+) => {
        #[doc = $doc]
        pub const $plain: &[Column] = &[$($column),+];
        #[doc = $doc]
        pub const $watched: &[Column] = &[$($column),+, IN, OUT, ZERO, TREND];
    };
}

columns!(
    PARTITION,
    PARTITION_WATCHED,
    "The columns of a partition.",
    GROUP,
    TOPIC,
    Column::number("PARTITION", "The partition's number."),
    Column::number("CURRENT-OFFSET", "The next offset to be read, as it was committed."),
    Column::number("LOG-START-OFFSET", "The first offset that can be read."),
    Column::number("LOG-END-OFFSET", "One past the last record."),
    LAG,
    AGE,
    Column::text("NOTE", "Why the lag is not simply end minus committed."),
    MEMBER
);
columns!(TOPICS, TOPICS_WATCHED, "The columns of a topic.", GROUP, TOPIC, COUNT, LAG, AGE, LOST);
columns!(
    MEMBERS,
    MEMBERS_WATCHED,
    "The columns of a member.",
    GROUP,
    MEMBER,
    COUNT,
    LAG,
    AGE,
    LOST
);
columns!(GROUPS, GROUPS_WATCHED, "The columns of a group.", GROUP, COUNT, LAG, AGE, LOST);

/// What a row is of: the group, then the topic, the member, or the topic and partition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The group.
    pub group: String,
    /// The topic, or the member.
    pub part: Option<String>,
    /// The partition.
    pub partition: Option<i32>,
}

impl Key {
    /// The key of the row that a place belongs to.
    fn of(place: &Place, by: By) -> Self {
        let part = match by {
            By::Partition | By::Topic => Some(place.of.topic.to_string()),
            By::Member => place.member.clone(),
            By::Group => None,
        };
        let partition = (by == By::Partition).then_some(place.of.partition);
        Self { group: place.group.to_string(), part, partition }
    }

    /// As it is told in a sentence.
    pub fn told(&self, by: By) -> String {
        let part = self.part.as_deref().unwrap_or("-");
        let within = match (by, self.partition) {
            (By::Group, _) => String::new(),
            (By::Member, _) => format!(" of member `{part}`"),
            (_, Some(partition)) => format!(" in `{part}-{partition}`"),
            (_, None) => format!(" in topic `{part}`"),
        };
        format!("group `{}`{within}", self.group)
    }
}

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is of.
    pub key: Key,
    /// Its numbers, of one partition or of several.
    pub sum: Sum,
    /// The sum of where reading goes on.
    pub next: i64,
    /// The sum of the ends of logs.
    pub end: i64,
    /// The partition, in a row of one.
    pub place: Option<Place>,
}

/// The rows of places, in the order of their keys.
pub fn rows(places: &[Place], by: By) -> Vec<Row> {
    let sums = sums(places.iter().map(|place| (Key::of(place, by), place.lag, place.age_ms)));
    let mut more: BTreeMap<Key, (i64, i64, Option<&Place>)> = BTreeMap::new();
    for place in places {
        let (next, end, last) = more.entry(Key::of(place, by)).or_default();
        *next = next.saturating_add(place.lag.map_or(0, |lag| lag.next));
        *end = end.saturating_add(place.bounds.map_or(0, |bounds| bounds.end));
        *last = (by == By::Partition).then_some(place);
    }
    let row = |(key, sum): (Key, Sum)| {
        let (next, end, place) = more.get(&key).copied().unwrap_or_default();
        Row { key, sum, next, end, place: place.cloned() }
    };
    sums.into_iter().map(row).collect()
}

impl Row {
    /// The cells without those of `--watch`.
    pub fn cells(&self, by: By) -> Vec<Cell> {
        let mut cells = vec![Cell::text(&self.key.group)];
        let int = |n: Option<i64>| Cell::maybe(n, Cell::Int);
        let part = || Cell::maybe(self.key.part.as_deref(), Cell::text);
        if let Some(place) = &self.place {
            cells.extend([
                part(),
                Cell::Int(i64::from(place.of.partition)),
                int(place.committed),
                int(place.bounds.map(|bounds| bounds.start)),
                int(place.bounds.map(|bounds| bounds.end)),
                int(place.lag.map(|lag| lag.lag)),
                age(place.age_ms),
                Cell::maybe(note(place), Cell::Text),
                Cell::maybe(place.member.as_deref(), Cell::text),
            ]);
            return cells;
        }
        if by != By::Group {
            cells.push(part());
        }
        let Sum { partitions, lag, age_ms, lost } = self.sum;
        cells.extend([Cell::Int(partitions as i64), int(lag), age(age_ms), Cell::Int(lost)]);
        cells
    }
}

/// The note of a place.
fn note(place: &Place) -> Option<String> {
    match (place.bounds, place.lag) {
        (None, _) => Some("no such partition".to_owned()),
        (_, lag) => lag.and_then(|lag| lag.note).as_ref().map(Note::to_string),
    }
}

/// The cell of an age.
fn age(ms: Option<i64>) -> Cell {
    Cell::maybe(ms, |ms| Cell::Span(Duration::from_millis(ms.unsigned_abs())))
}
