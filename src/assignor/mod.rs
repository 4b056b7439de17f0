//! Owns who of a group gets which partitions: Kafka's client assignors, as functions of the members
//! and the topics. Leaves what a member does with its partitions to `cluster`.
//!
//! The results are those of `org.apache.kafka.clients.consumer.{RangeAssignor, RoundRobinAssignor,
//! StickyAssignor, CooperativeStickyAssignor}` without racks, down to the ties that Kafka leaves to
//! Java's hash tables. Where Kafka's own answer cannot be lived with, ours differs:
//!
//! - A member whose subscription is empty gets nothing. Kafka's sticky assignors take such a member
//!   for one with the subscription of the others, if it comes first in the table.
//! - A partition that a member owned is forgotten once it does not exist. Kafka looks at the topic
//!   only, and shares out a partition of a topic made anew with fewer.
//! - A partition goes back to an earlier owner only if that one still subscribes to its topic and
//!   has something to give or to gain; Kafka does not ask, and may fail.

mod general;
mod java;
mod sticky;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::value::unknown;

/// A topic and a partition of it.
pub type Partition = (String, i32);

/// The partitions of each member, ascending, by the member's id; members without any are there.
pub type Assignment = BTreeMap<String, Vec<Partition>>;

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Assignor {
    /// Each topic on its own, in runs of neighbours.
    #[default]
    Range,
    /// All partitions in turn.
    RoundRobin,
    /// As even as can be, and each keeps what it can.
    Sticky,
    /// As sticky; what moves is free for one round, so that its old owner can let go of it.
    CooperativeSticky,
}

impl Assignor {
    /// Every assignor.
    pub const ALL: [Self; 4] =
        [Self::Range, Self::RoundRobin, Self::Sticky, Self::CooperativeSticky];

    /// Kafka's name, which is that on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::RoundRobin => "roundrobin",
            Self::Sticky => "sticky",
            Self::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// The names, for help and near matches.
    pub const fn names() -> [&'static str; 4] {
        [
            Self::Range.name(),
            Self::RoundRobin.name(),
            Self::Sticky.name(),
            Self::CooperativeSticky.name(),
        ]
    }
}

impl fmt::Display for Assignor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no assignor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownAssignor(pub String);

impl fmt::Display for UnknownAssignor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&unknown("an assignor", &self.0, &Assignor::names()))
    }
}

impl std::error::Error for UnknownAssignor {}

impl FromStr for Assignor {
    type Err = UnknownAssignor;

    fn from_str(text: &str) -> Result<Self, UnknownAssignor> {
        let known = Self::ALL.into_iter().find(|assignor| assignor.name() == text);
        known.ok_or_else(|| UnknownAssignor(text.to_owned()))
    }
}

/// A member, as an assignor sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignorMember {
    /// Its id.
    pub id: String,
    /// The id of a static member (`group.instance.id`).
    pub instance_id: Option<String>,
    /// The topics that it subscribes to; some may not exist.
    pub topics: Vec<String>,
    /// The partitions that it owned before.
    pub owned: Vec<Partition>,
    /// The generation in which it owned them; negative if none.
    pub generation: i32,
}

/// Shares the partitions of `topics` (names and numbers of partitions) out to `members`.
///
/// Every partition of a topic that somebody subscribes to has one owner, who does. For
/// `CooperativeSticky` it is the assignment to be reached; [`cooperative_adjust`] has what is to be
/// handed out now.
pub fn assign(
    assignor: Assignor,
    members: &[AssignorMember],
    topics: &BTreeMap<String, i32>,
) -> Assignment {
    let ground = Ground::new(members, topics);
    let held = match assignor {
        Assignor::Range => range(&ground),
        Assignor::RoundRobin => round_robin(&ground),
        Assignor::Sticky | Assignor::CooperativeSticky => sticky::assign(&ground),
    };
    ground.named(&held)
}

/// Leaves out of `target` what moves from one member to another: its old owner must first let go of
/// it. Once that one has, the next round gives it out.
pub fn cooperative_adjust(
    members: &[AssignorMember],
    topics: &BTreeMap<String, i32>,
    mut target: Assignment,
) -> Assignment {
    let ground = Ground::new(members, topics);
    let moving = sticky::moving(&ground, &target);
    for partitions in target.values_mut() {
        partitions.retain(|(topic, partition)| {
            ground.number(topic, *partition).is_none_or(|number| !moving.contains(&number))
        });
    }
    target
}

/// A topic that somebody subscribes to and that has partitions.
#[derive(Clone, Debug)]
struct Topic<'a> {
    /// Its name.
    name: &'a str,
    /// The number of its partitions, at least 1.
    partitions: usize,
    /// The number of its first partition among all.
    first: usize,
    /// Who subscribes to it.
    subscribers: BTreeSet<usize>,
}

/// Members and topics by number: members ascending by id, partitions by topic, then partition.
#[derive(Clone, Debug)]
struct Ground<'a> {
    members: Vec<&'a AssignorMember>,
    topics: Vec<Topic<'a>>,
    /// Of every partition its topic's number and its own within the topic.
    places: Vec<(usize, i32)>,
}

impl<'a> Ground<'a> {
    /// Numbers what there is.
    fn new(members: &'a [AssignorMember], topics: &'a BTreeMap<String, i32>) -> Self {
        let mut members: Vec<&AssignorMember> = members.iter().collect();
        members.sort_by(|a, b| java::compare(&a.id, &b.id));
        members.dedup_by(|a, b| a.id == b.id);
        let mut ground = Self { members, topics: Vec::new(), places: Vec::new() };
        let mut sorted: Vec<(&str, i32)> = topics.iter().map(|(t, n)| (t.as_str(), *n)).collect();
        sorted.sort_by(|a, b| java::compare(a.0, b.0));
        for (name, partitions) in sorted {
            let subscribes = |member: &AssignorMember| member.topics.iter().any(|t| t == name);
            let subscribers: BTreeSet<usize> = ground
                .members
                .iter()
                .enumerate()
                .filter_map(|(at, member)| subscribes(member).then_some(at))
                .collect();
            if partitions > 0 && !subscribers.is_empty() {
                let number = ground.topics.len();
                let first = ground.places.len();
                ground.places.extend((0..partitions).map(|partition| (number, partition)));
                let partitions = partitions as usize;
                ground.topics.push(Topic { name, partitions, first, subscribers });
            }
        }
        ground
    }

    /// The number of a partition among all; `None` if it does not exist or nobody wants it.
    fn number(&self, topic: &str, partition: i32) -> Option<usize> {
        let at = self.topics.binary_search_by(|known| java::compare(known.name, topic)).ok()?;
        let topic = self.topics.get(at)?;
        let partition = usize::try_from(partition).ok()?;
        (partition < topic.partitions).then_some(topic.first + partition)
    }

    /// The topic of a partition, and which one of the topic's it is.
    fn place(&self, partition: usize) -> Option<(&Topic<'a>, i32)> {
        let (topic, within) = self.places.get(partition)?;
        Some((self.topics.get(*topic)?, *within))
    }

    /// The number of a partition's topic.
    fn topic_of(&self, partition: usize) -> usize {
        self.places.get(partition).map_or(usize::MAX, |(topic, _)| *topic)
    }

    /// Whether a member subscribes to the topic of a partition.
    fn wants(&self, member: usize, partition: usize) -> bool {
        self.place(partition).is_some_and(|(topic, _)| topic.subscribers.contains(&member))
    }

    /// The partitions that a member owned and that exist.
    fn owned(&self, member: usize) -> BTreeSet<usize> {
        let owned = self.members.get(member).map_or(&[][..], |member| &member.owned);
        owned.iter().filter_map(|(topic, partition)| self.number(topic, *partition)).collect()
    }

    /// The generation of a member; -1 if it has none.
    fn generation(&self, member: usize) -> i32 {
        self.members.get(member).map_or(-1, |member| member.generation.max(-1))
    }

    /// The members in the order of the table in which Kafka's leader has them.
    fn table_order(&self) -> Vec<usize> {
        java::table_order(self.members.iter().map(|member| member.id.as_str()))
    }

    /// The members with an instance id in the order of that, then the others by their id
    /// (`AbstractPartitionAssignor.MemberInfo`).
    fn static_first(&self) -> Vec<usize> {
        let mut order: Vec<(usize, &AssignorMember)> =
            self.members.iter().copied().enumerate().collect();
        order.sort_by(|(_, a), (_, b)| match (&a.instance_id, &b.instance_id) {
            (Some(a), Some(b)) => java::compare(a, b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        });
        order.into_iter().map(|(at, _)| at).collect()
    }

    /// The assignment by names.
    fn named(&self, held: &Held) -> Assignment {
        let mut named: Vec<Vec<Partition>> = vec![Vec::new(); self.members.len()];
        for (number, owner) in held.owners.iter().enumerate() {
            let list = owner.and_then(|owner| named.get_mut(owner));
            if let (Some(list), Some((topic, partition))) = (list, self.place(number)) {
                list.push((topic.name.to_owned(), partition));
            }
        }
        self.members.iter().map(|member| member.id.clone()).zip(named).collect()
    }
}

/// Who holds which partition, and how many each holds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    owners: Vec<Option<usize>>,
    counts: Vec<usize>,
}

impl Held {
    /// Nobody holds anything.
    fn nothing(ground: &Ground<'_>) -> Self {
        Self { owners: vec![None; ground.places.len()], counts: vec![0; ground.members.len()] }
    }

    /// Who holds a partition.
    fn owner(&self, partition: usize) -> Option<usize> {
        self.owners.get(partition).copied().flatten()
    }

    /// How many partitions a member holds.
    fn count(&self, member: usize) -> usize {
        self.counts.get(member).copied().unwrap_or(0)
    }

    /// Gives a partition to a member, and takes it from who had it; answers how many it then has.
    fn give(&mut self, partition: usize, member: usize) -> usize {
        let Some(owner) = self.owners.get_mut(partition) else { return self.count(member) };
        if let Some(count) = owner.replace(member).and_then(|old| self.counts.get_mut(old)) {
            *count -= 1;
        }
        if let Some(count) = self.counts.get_mut(member) {
            *count += 1;
        }
        self.count(member)
    }
}

/// Each topic on its own: its partitions in runs, the first members one longer.
fn range(ground: &Ground<'_>) -> Held {
    let mut held = Held::nothing(ground);
    let order = ground.static_first();
    for topic in &ground.topics {
        let members = order.iter().filter(|member| topic.subscribers.contains(member));
        let each = topic.partitions / topic.subscribers.len();
        let longer = topic.partitions % topic.subscribers.len();
        let mut next = topic.first;
        for (at, member) in members.enumerate() {
            let run = each + usize::from(at < longer);
            (next..next + run).for_each(|partition| {
                held.give(partition, *member);
            });
            next += run;
        }
    }
    held
}

/// All partitions in turn, each to the next member that wants it.
fn round_robin(ground: &Ground<'_>) -> Held {
    let mut held = Held::nothing(ground);
    let order = ground.static_first();
    let mut turn = 0;
    for partition in 0..ground.places.len() {
        // One round at most; somebody wants it, or it would not be here.
        for _ in 0..order.len() {
            let member = order.get(turn).copied();
            turn = (turn + 1) % order.len();
            if let Some(member) = member.filter(|member| ground.wants(*member, partition)) {
                held.give(partition, member);
                break;
            }
        }
    }
    held
}
