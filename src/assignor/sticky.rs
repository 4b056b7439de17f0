//! Owns what both sticky assignors do: who owned what by right, the quick way for members with one
//! subscription, and what moves. Leaves differing subscriptions to `general`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Assignment, Ground, Held, general};

/// What the members say that they owned, with the contradictions settled.
#[derive(Clone, Debug)]
pub(super) struct Claims {
    /// By right: the claim of the latest generation.
    pub(super) owners: Vec<Option<usize>>,
    /// Claimed by two members of one generation: nobody's.
    disputed: BTreeSet<usize>,
}

impl Claims {
    /// Settles the claims in the order of Kafka's table, since with three claims it matters.
    pub(super) fn settle(ground: &Ground<'_>) -> Self {
        let mut owners: Vec<Option<usize>> = vec![None; ground.places.len()];
        let mut last: Vec<Option<usize>> = owners.clone();
        let mut disputed = BTreeSet::new();
        for member in ground.table_order() {
            for partition in ground.owned(member) {
                let places = (owners.get_mut(partition), last.get_mut(partition));
                let (Some(owner), Some(last)) = places else { continue };
                let generation = ground.generation(member);
                match last.map(|other| ground.generation(other).cmp(&generation)) {
                    None | Some(std::cmp::Ordering::Less) => *owner = Some(member),
                    Some(std::cmp::Ordering::Equal) => {
                        disputed.insert(partition);
                        *owner = None;
                    }
                    Some(std::cmp::Ordering::Greater) => continue,
                }
                *last = Some(member);
            }
        }
        Self { owners, disputed }
    }

    /// Who owned a partition beyond dispute.
    fn undisputed(&self, partition: usize) -> Option<usize> {
        let owner = self.owners.get(partition).copied().flatten();
        owner.filter(|_| !self.disputed.contains(&partition))
    }
}

/// Whether all members subscribe to the same topics, whether those exist or not.
fn one_subscription(ground: &Ground<'_>) -> bool {
    let mut sets = ground.members.iter().map(|member| member.topics.iter().collect());
    let first: BTreeSet<&String> = sets.next().unwrap_or_default();
    sets.all(|set| set == first)
}

/// Shares out.
pub(super) fn assign(ground: &Ground<'_>) -> Held {
    let claims = Claims::settle(ground);
    if one_subscription(ground) {
        constrained(ground, &claims)
    } else {
        general::assign(ground, &claims)
    }
}

/// The partitions of `target` that somebody else still owns.
pub(super) fn moving(ground: &Ground<'_>, target: &Assignment) -> BTreeSet<usize> {
    let mut targets: BTreeMap<usize, usize> = BTreeMap::new();
    for (at, member) in ground.members.iter().enumerate() {
        let partitions = target.get(&member.id).map_or(&[][..], Vec::as_slice);
        targets.extend(partitions.iter().filter_map(|(t, p)| Some((ground.number(t, *p)?, at))));
    }
    if one_subscription(ground) {
        let claims = Claims::settle(ground);
        let moves = |partition: &usize, member: &usize| {
            claims.disputed.contains(partition)
                || claims.undisputed(*partition).is_some_and(|owner| owner != *member)
        };
        targets.into_iter().filter_map(|(p, member)| moves(&p, &member).then_some(p)).collect()
    } else {
        // Kafka goes by what each member says here, and settles nothing.
        let mut said: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for member in 0..ground.members.len() {
            for partition in ground.owned(member) {
                said.entry(partition).or_default().insert(member);
            }
        }
        said.into_iter()
            .filter(|(p, owners)| targets.get(p).is_some_and(|member| !owners.contains(member)))
            .map(|(partition, _)| partition)
            .collect()
    }
}

/// How many partitions each is to have, when all want the same.
#[derive(Clone, Copy, Debug)]
struct Quota {
    /// What everybody has at least.
    min: usize,
    /// What nobody has more than.
    max: usize,
    /// How many have more than `min`.
    longer: usize,
}

/// The members that have room, as Kafka queues them.
#[derive(Clone, Debug, Default)]
struct Room {
    /// Those below the least.
    under: Vec<usize>,
    /// Those at the least, some of whom get one more.
    exact: VecDeque<usize>,
}

/// Shares out among members that all want the same (`ConstrainedAssignmentBuilder`).
fn constrained(ground: &Ground<'_>, claims: &Claims) -> Held {
    let mut held = Held::nothing(ground);
    let (total, members) = (ground.places.len(), ground.members.len());
    if members == 0 {
        return held;
    }
    let quota =
        Quota { min: total / members, max: total.div_ceil(members), longer: total % members };
    let mut room = keep_owned(ground, claims, quota, &mut held);
    let mut turn = 0;
    for partition in 0..total {
        if held.owner(partition).is_some() {
            continue;
        }
        if turn >= room.under.len() {
            turn = 0;
        }
        match room.under.get(turn).copied() {
            Some(member) => {
                if held.give(partition, member) == quota.min {
                    room.under.remove(turn);
                    room.exact.push_back(member);
                } else {
                    turn += 1;
                }
            }
            // There is always one: the quotas add up to the number of partitions.
            None => {
                if let Some(member) = room.exact.pop_front() {
                    held.give(partition, member);
                }
            }
        }
    }
    held
}

/// Lets each member keep what it owned, within the quota; answers who has room.
fn keep_owned(ground: &Ground<'_>, claims: &Claims, quota: Quota, held: &mut Held) -> Room {
    let mut owned: Vec<Vec<usize>> = vec![Vec::new(); ground.members.len()];
    for partition in 0..ground.places.len() {
        let owner = claims.undisputed(partition);
        if let Some(list) = owner.and_then(|owner| owned.get_mut(owner)) {
            list.push(partition);
        }
    }
    let mut room = Room::default();
    let mut longer = 0;
    for member in ground.table_order() {
        let mut list = owned.get_mut(member).map(std::mem::take).unwrap_or_default();
        list.sort_by_key(|p| (ground.place(*p).map(|(_, within)| within), *p));
        let kept = if list.len() < quota.min {
            room.under.push(member);
            list.len()
        } else if list.len() >= quota.max && longer < quota.longer {
            longer += 1;
            if longer == quota.longer {
                room.exact.clear();
            }
            quota.max
        } else {
            if longer < quota.longer {
                room.exact.push_back(member);
            }
            quota.min
        };
        for partition in list.into_iter().take(kept) {
            held.give(partition, member);
        }
    }
    room.under.sort_unstable();
    room.exact.make_contiguous().sort_unstable();
    room
}
