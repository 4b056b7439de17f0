//! Owns the rows of lag: by partition, or added up by topic, member or group. Leaves finding out to
//! `collect`, and the arithmetic to `crate::lag`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::By;
use super::collect::Place;
use crate::group::GroupId;
use crate::lag::{Note, Sum};
use crate::out::{Cell, Column};
use crate::topic::TopicName;

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
/// The records in the lag.
const RECORDS: Column =
    Column::number("RECORDS", "With --exact: records among them, without markers and holes.");
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

/// The columns of one kind of row.
#[derive(Debug)]
pub struct Columns {
    /// Without flags, and with `--exact`.
    plain: [&'static [Column]; 2],
    /// With `--watch`, and with `--exact` too: all that there are.
    watched: [&'static [Column]; 2],
}

impl Columns {
    /// Those of one look.
    pub const fn of(&self, watched: bool, exact: bool) -> &'static [Column] {
        let [plain, counted] = if watched { self.watched } else { self.plain };
        if exact { counted } else { plain }
    }
}

/// The columns in front of the lag, and those behind it, in all four forms.
macro_rules! columns {
    ([$($before:expr),+], [$($after:expr),+]) => {
        Columns {
            plain: [&[$($before),+, LAG, $($after),+], &[$($before),+, LAG, RECORDS, $($after),+]],
            watched: [
                &[$($before),+, LAG, $($after),+, IN, OUT, ZERO, TREND],
                &[$($before),+, LAG, RECORDS, $($after),+, IN, OUT, ZERO, TREND],
            ],
        }
    };
}

/// The columns of a partition.
pub const PARTITION: Columns = columns!(
    [
        GROUP,
        TOPIC,
        Column::number("PARTITION", "The partition's number."),
        Column::number("CURRENT-OFFSET", "The next offset to be read, as it was committed."),
        Column::number("LOG-START-OFFSET", "The first offset that can be read."),
        Column::number("LOG-END-OFFSET", "One past the last record.")
    ],
    [AGE, Column::text("NOTE", "Why the lag is not simply end minus committed."), MEMBER]
);
/// The columns of a topic.
pub const TOPICS: Columns = columns!([GROUP, TOPIC, COUNT], [AGE, LOST]);
/// The columns of a member.
pub const MEMBERS: Columns = columns!([GROUP, MEMBER, COUNT], [AGE, LOST]);
/// The columns of a group.
pub const GROUPS: Columns = columns!([GROUP, COUNT], [AGE, LOST]);

/// The columns of rows of one kind.
pub const fn columns(by: By) -> Columns {
    match by {
        By::Partition => PARTITION,
        By::Topic => TOPICS,
        By::Member => MEMBERS,
        By::Group => GROUPS,
    }
}

/// What a row is of: the group, then the topic, the member, or the topic and partition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The group.
    pub group: GroupId,
    /// The topic.
    topic: Option<TopicName>,
    /// The member.
    member: Option<String>,
    /// The partition.
    pub partition: Option<i32>,
}

impl Key {
    /// The key of the row that a place belongs to.
    fn of(place: &Place, by: By) -> Self {
        let topic = matches!(by, By::Partition | By::Topic).then(|| place.of.topic.clone());
        let member = if by == By::Member { place.member.clone() } else { None };
        let partition = (by == By::Partition).then_some(place.of.partition);
        Self { group: place.group.clone(), topic, member, partition }
    }

    /// The topic, or the member.
    pub fn part(&self) -> Option<&str> {
        self.topic.as_ref().map(TopicName::as_str).or(self.member.as_deref())
    }

    /// As it is told in a sentence.
    pub fn told(&self, by: By) -> String {
        let part = self.part().unwrap_or("-");
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
    let mut rows: BTreeMap<Key, Row> = BTreeMap::new();
    for place in places {
        let key = Key::of(place, by);
        let row = rows.entry(key.clone()).or_insert_with(|| Row {
            key,
            sum: Sum::default(),
            next: 0,
            end: 0,
            place: (by == By::Partition).then(|| place.clone()),
        });
        row.sum.add(place.lag, place.records, place.age_ms);
        row.next = row.next.saturating_add(place.lag.map_or(0, |lag| lag.next));
        row.end = row.end.saturating_add(place.bounds.map_or(0, |bounds| bounds.end));
    }
    rows.into_values().collect()
}

impl Row {
    /// How much is unread: records where they were counted, or else offsets.
    pub const fn unread(&self, exact: bool) -> Option<i64> {
        if exact { self.sum.records } else { self.sum.lag }
    }

    /// The cells without those of `--watch`.
    pub fn cells(&self, by: By, exact: bool) -> Vec<Cell> {
        let mut cells = Vec::with_capacity(11);
        cells.push(Cell::text(self.key.group.as_str()));
        let int = |n: Option<i64>| Cell::maybe(n, Cell::Int);
        if by != By::Group {
            cells.push(Cell::maybe(self.key.part(), Cell::text));
        }
        let Sum { partitions, lag, records, age_ms, lost } = self.sum;
        if let Some(place) = &self.place {
            cells.extend([
                Cell::Int(i64::from(place.of.partition)),
                int(place.committed),
                int(place.bounds.map(|bounds| bounds.start)),
                int(place.bounds.map(|bounds| bounds.end)),
            ]);
        } else {
            cells.push(Cell::Int(partitions as i64));
        }
        cells.push(int(lag));
        if exact {
            cells.push(int(records));
        }
        cells.push(age(age_ms));
        if let Some(place) = &self.place {
            let member = Cell::maybe(place.member.as_deref(), Cell::text);
            cells.extend([Cell::maybe(note(place), Cell::Text), member]);
        } else {
            cells.push(Cell::Int(lost));
        }
        cells
    }
}

/// The note of a place.
fn note(place: &Place) -> Option<String> {
    match (place.bounds, place.lag) {
        (None, _) if place.is_unseen => Some("cannot be looked at".to_owned()),
        (None, _) => Some("no such partition".to_owned()),
        (_, lag) => lag.and_then(|lag| lag.note).as_ref().map(Note::to_string),
    }
}

/// The cell of an age.
fn age(ms: Option<i64>) -> Cell {
    Cell::maybe(ms, |ms| Cell::Span(Duration::from_millis(ms.unsigned_abs())))
}
