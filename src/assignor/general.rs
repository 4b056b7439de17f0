//! Owns how the sticky assignors share out among members that want different topics: what is free
//! goes to the poorest, then partitions move until none can be moved for the better. Leaves members
//! with one subscription to `sticky`.
//!
//! This mirrors Kafka's `AbstractStickyAssignor.GeneralAssignmentBuilder`, without racks.

use std::collections::{BTreeMap, BTreeSet};

use super::java::{self, HashedSet};
use super::sticky::Claims;
use super::{Ground, Held};

/// More passes than any group takes: each move evens out, but a cycle is not ruled out by that.
const PASSES_MAX: usize = 1000;

/// From whom to whom a partition moved.
type Pair = (usize, usize);

/// What moved so far, so that of a topic nothing moves from one member to another and something
/// else back.
#[derive(Clone, Debug, Default)]
struct Movements {
    by_partition: BTreeMap<usize, Pair>,
    by_topic: BTreeMap<(usize, Pair), HashedSet>,
}

impl Movements {
    /// Notes that a partition moved; on a second move, from where it first was.
    fn moved(&mut self, ground: &Ground<'_>, partition: usize, from: usize, to: usize) {
        let topic = ground.topic_of(partition);
        let mut pair = (from, to);
        if let Some(before) = self.by_partition.remove(&partition) {
            if let Some(set) = self.by_topic.get_mut(&(topic, before)) {
                set.remove(partition);
                if set.is_empty() {
                    self.by_topic.remove(&(topic, before));
                }
            }
            if before.0 == to {
                return;
            }
            pair = (before.0, to);
        }
        let hash = ground.place(partition).map_or(0, |(t, p)| java::partition_hash(t.name, p));
        self.by_partition.insert(partition, pair);
        self.by_topic.entry((topic, pair)).or_insert_with(HashedSet::new).insert(partition, hash);
    }

    /// The partition to move instead of `partition`: one of its topic that came the other way.
    fn instead(&self, ground: &Ground<'_>, partition: usize, from: usize, to: usize) -> usize {
        let from = self.by_partition.get(&partition).map_or(from, |pair| pair.0);
        let back = self.by_topic.get(&(ground.topic_of(partition), (to, from)));
        back.and_then(HashedSet::first).unwrap_or(partition)
    }
}

/// The state of the sharing.
struct General<'a> {
    ground: &'a Ground<'a>,
    held: Held,
    /// How many partitions of a topic a member holds, by topic and member.
    shares: BTreeMap<(usize, usize), usize>,
    /// The members that can give or gain, from the poorest up.
    sorted: BTreeSet<(usize, usize)>,
    movements: Movements,
    /// Who owned a partition in an earlier generation.
    previous: BTreeMap<usize, usize>,
}

/// Shares out.
pub(super) fn assign(ground: &Ground<'_>, claims: &Claims) -> Held {
    let mut general = General {
        ground,
        held: Held::nothing(ground),
        shares: BTreeMap::new(),
        sorted: (0..ground.members.len()).map(|member| (0, member)).collect(),
        movements: Movements::default(),
        previous: previous(ground),
    };
    let mut revoked = false;
    for (partition, owner) in claims.owners.iter().enumerate() {
        match owner {
            Some(owner) if ground.wants(*owner, partition) => general.give(partition, *owner),
            Some(_) => revoked = true,
            None => {}
        }
    }
    general.balance(revoked);
    general.held
}

/// The owners of an earlier generation, where a member is behind the others.
fn previous(ground: &Ground<'_>) -> BTreeMap<usize, usize> {
    let latest = (0..ground.members.len()).map(|member| ground.generation(member)).max();
    let mut previous: BTreeMap<usize, usize> = BTreeMap::new();
    for member in ground.table_order() {
        let generation = ground.generation(member);
        if Some(generation) == latest {
            continue;
        }
        for partition in ground.owned(member) {
            let other = previous.get(&partition);
            if other.is_none_or(|other| ground.generation(*other) < generation) {
                previous.insert(partition, member);
            }
        }
    }
    previous
}

impl General<'_> {
    /// Gives a partition to a member, and keeps all counts in step.
    fn give(&mut self, partition: usize, member: usize) {
        let topic = self.ground.topic_of(partition);
        let old = self.held.owner(partition);
        for one in [old, Some(member)].into_iter().flatten() {
            self.sorted.remove(&(self.held.count(one), one));
        }
        if let Some(share) = old.and_then(|old| self.shares.get_mut(&(topic, old))) {
            *share -= 1;
        }
        self.held.give(partition, member);
        *self.shares.entry((topic, member)).or_default() += 1;
        for one in [old, Some(member)].into_iter().flatten() {
            self.sorted.insert((self.held.count(one), one));
        }
    }

    /// The poorest member that wants a partition.
    fn poorest(&self, partition: usize) -> Option<usize> {
        let mut members = self.sorted.iter().map(|(_, member)| *member);
        members.find(|member| self.ground.wants(*member, partition))
    }

    /// All partitions, those of the topics with the fewest subscribers first.
    fn partitions(&self) -> Vec<usize> {
        let mut topics: Vec<_> = self.ground.topics.iter().collect();
        topics.sort_by_key(|topic| topic.subscribers.len());
        topics.into_iter().flat_map(|t| t.first..t.first + t.partitions).collect()
    }

    /// Gives out what nobody has, then moves partitions for the better.
    fn balance(&mut self, revoked: bool) {
        let fresh = self.sorted.iter().all(|(count, _)| *count == 0);
        let mut all = self.partitions();
        let mut free: Vec<usize> =
            all.iter().copied().filter(|p| self.held.owner(*p).is_none()).collect();
        for partition in &free {
            if let Some(member) = self.poorest(*partition) {
                self.give(*partition, member);
            }
        }
        let ground = self.ground;
        let shared = |p: &usize| ground.place(*p).is_some_and(|(t, _)| t.subscribers.len() > 1);
        all.retain(shared);
        free.retain(shared);
        let fixed: Vec<_> =
            self.sorted.iter().copied().filter(|(_, member)| !self.takes_part(*member)).collect();
        for member in fixed {
            self.sorted.remove(&member);
        }
        let before = (self.held.clone(), self.unevenness());
        // What is new moves first, so that what was owned stays.
        if !revoked {
            self.reassign(&free);
        }
        let moved = self.reassign(&all);
        if !fresh && moved && self.unevenness() >= before.1 {
            self.held = before.0;
        }
    }

    /// Whether a member lacks something that it wants, or has something that another wants.
    fn takes_part(&self, member: usize) -> bool {
        let mut wanted = self
            .ground
            .topics
            .iter()
            .enumerate()
            .filter(|(_, topic)| topic.subscribers.contains(&member));
        wanted.any(|(number, topic)| {
            let share = self.shares.get(&(number, member)).copied().unwrap_or(0);
            share < topic.partitions || topic.subscribers.len() > 1
        })
    }

    /// The sum of the differences between all pairs of members.
    fn unevenness(&self) -> usize {
        let counts: Vec<usize> = self.sorted.iter().map(|(count, _)| *count).collect();
        // Ascending: each stands above those before it.
        let mut below = 0;
        let sums = counts.iter().enumerate().map(|(at, count)| {
            let sum = count * at - below;
            below += count;
            sum
        });
        sums.sum()
    }

    /// Whether no single move evens anything out.
    fn is_balanced(&self) -> bool {
        let ends = (self.sorted.first(), self.sorted.last());
        let (Some((least, _)), Some((most, _))) = ends else { return true };
        if least + 1 >= *most {
            return true;
        }
        // Of each topic, how much its richest owner has.
        let mut richest: BTreeMap<usize, usize> = BTreeMap::new();
        for ((topic, member), share) in &self.shares {
            if *share > 0 {
                let most = richest.entry(*topic).or_default();
                *most = (*most).max(self.held.count(*member));
            }
        }
        !self.sorted.iter().any(|(count, member)| {
            let topics = self.ground.topics.iter().enumerate();
            topics
                .filter(|(_, topic)| topic.subscribers.contains(member))
                .any(|(number, _)| richest.get(&number).is_some_and(|most| count + 1 < *most))
        })
    }

    /// Moves partitions of the list until none can be moved for the better; whether one was.
    fn reassign(&mut self, partitions: &[usize]) -> bool {
        let mut moved = false;
        for _ in 0..PASSES_MAX {
            let mut modified = false;
            for &partition in partitions {
                if self.is_balanced() {
                    break;
                }
                if let Some(to) = self.better(partition) {
                    self.shift(partition, to);
                    modified = true;
                }
            }
            moved |= modified;
            if !modified {
                break;
            }
        }
        moved
    }

    /// Who is better suited for a partition than its owner: an earlier owner, else the poorest.
    fn better(&self, partition: usize) -> Option<usize> {
        let owner = self.held.owner(partition)?;
        let count = self.held.count(owner);
        let gains = |other: usize| count > self.held.count(other) + 1;
        let previous = self.previous.get(&partition).copied().filter(|&member| {
            let here = self.sorted.contains(&(self.held.count(member), member));
            here && self.ground.wants(member, partition) && gains(member)
        });
        previous.or_else(|| {
            let (topic, _) = self.ground.place(partition)?;
            let any = topic.subscribers.iter().any(|other| gains(*other));
            any.then(|| self.poorest(partition)).flatten()
        })
    }

    /// Moves a partition to a member, or in its stead one that came from there.
    fn shift(&mut self, partition: usize, to: usize) {
        let Some(owner) = self.held.owner(partition) else { return };
        let partition = self.movements.instead(self.ground, partition, owner, to);
        let Some(from) = self.held.owner(partition) else { return };
        self.movements.moved(self.ground, partition, from, to);
        self.give(partition, to);
    }
}
