//! Owns finding out where groups stand: commits first, ends of logs after, then the next unread
//! records. Leaves the arithmetic to `crate::lag`, and what is shown to its siblings.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::Cluster;
use crate::cluster::error::{ClusterError, ErrorKind};
use crate::cluster::types::OffsetAt;
use crate::commands::groups::plan::{self, Bounds, bounds};
use crate::commands::groups::{Scope, distinct, is_in_scope};
use crate::commands::{Context, Failure};
use crate::group::{GroupId, GroupState, ListedGroup};
use crate::lag::{Lag, Standing, age_ms, lag};
use crate::topic::TopicPartition;

/// Where one group stands in one partition.
#[derive(Clone, Debug)]
pub struct Place {
    /// The group.
    pub group: GroupId,
    /// The partition.
    pub of: TopicPartition,
    /// The committed offset.
    pub committed: Option<i64>,
    /// The ends of the log; `None` where the topic is gone.
    pub bounds: Option<Bounds>,
    /// The lag; `None` where the topic is gone, or cannot be looked at.
    pub lag: Option<Lag>,
    /// Whether it cannot be looked at, though it is there.
    pub is_unseen: bool,
    /// The records in it, where they were counted.
    pub records: Option<i64>,
    /// The age of the next unread record.
    pub age_ms: Option<i64>,
    /// The member that owns it.
    pub member: Option<String>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The groups; all of them where none is named.
    pub groups: &'a [GroupId],
    /// The topics; all of them where none is named.
    pub topics: &'a [Scope],
    /// Whether lag is measured to the last stable offset.
    pub committed_only: bool,
    /// Whether records are to be counted, which costs a read of the headers of batches.
    pub exact: bool,
    /// Whether the ages of next unread records are wanted, which costs a read of each.
    pub ages: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// How many groups were asked about.
    pub total: usize,
    /// By group, topic and partition, in the order asked.
    pub places: Vec<Place>,
    /// Groups of which nothing is known.
    pub failures: Vec<Failure>,
    /// Partitions that cannot be looked at, though they are there.
    pub unseen: Vec<Failure>,
}

/// What a commit and a member say of a partition.
type Claims = BTreeMap<TopicPartition, (Option<i64>, Option<String>)>;

/// Finds out where the groups stand.
pub fn collect(context: &Context, asked: Asked) -> Result<Found, Failure> {
    let mut found = Found::default();
    let claims = claims(context, asked, &mut found)?;
    // Only now, since a commit that lands in between is then at most what the ends show.
    let of: BTreeSet<TopicPartition> =
        claims.iter().flat_map(|(_, claims)| claims.keys().cloned()).collect();
    let of: Vec<TopicPartition> = of.into_iter().collect();
    let bounds = bounds(context, &of, "list offsets")?;
    found.unseen = plan::unseen(context, &bounds);
    let stable = if asked.committed_only { stable(context, &of)? } else { BTreeMap::new() };
    for (group, claims) in claims {
        for (of, (committed, member)) in claims {
            let bounds = bounds.get(&of);
            let is_unseen = bounds.is_some_and(plan::is_unseen);
            let bounds = bounds.and_then(|bounds| bounds.as_ref().ok()).copied();
            let last_stable = stable.get(&of).copied();
            let lag = bounds.and_then(|b| lag(&Standing { last_stable, ..b.standing(committed) }));
            let age_ms = lag.and_then(|lag| age_ms(lag.lag, None, 0));
            let (group, records) = (group.clone(), None);
            found.places.push(Place {
                group,
                of,
                committed,
                bounds,
                lag,
                is_unseen,
                records,
                age_ms,
                member,
            });
        }
    }
    if asked.exact {
        add_records(context, &mut found)?;
    }
    if asked.ages {
        add_ages(context.cluster()?, &mut found.places)
            .map_err(|error| context.failure("read unread records", error))?;
    }
    Ok(found)
}

/// What the groups committed and own.
fn claims(
    context: &Context,
    asked: Asked,
    found: &mut Found,
) -> Result<Vec<(GroupId, Claims)>, Failure> {
    let cluster = context.cluster()?;
    let mut empty = BTreeSet::new();
    let ids = if asked.groups.is_empty() {
        let listed =
            cluster.list_groups().map_err(|error| context.failure("list groups", error))?;
        let of_empty = |group: &&ListedGroup| group.state == GroupState::Empty;
        empty.extend(listed.iter().filter(of_empty).map(|group| group.id.clone()));
        listed.into_iter().map(|group| group.id).collect()
    } else {
        distinct(asked.groups)
    };
    found.total = ids.len();
    // Brokers are asked for each group on its own, and one without members has nothing to tell.
    let with_members: Vec<_> = ids.iter().filter(|id| !empty.contains(id)).cloned().collect();
    let mut described = cluster
        .describe_groups(&with_members)
        .map_err(|error| context.failure("describe groups", error))?
        .into_iter();
    let committed = cluster
        .fetch_all_offsets(&ids)
        .map_err(|error| context.failure("read what groups committed", error))?;
    let mut all = Vec::with_capacity(ids.len());
    for (id, committed) in ids.into_iter().zip(committed) {
        let doing = format!("show the lag of group `{id}`");
        let group = if empty.contains(&id) { None } else { described.next() };
        let members = match group.map(|outcome| outcome.result) {
            None => Vec::new(),
            Some(Ok(group)) => group.members,
            // One of all that was listed may be gone by now.
            Some(Err(_)) if asked.groups.is_empty() => continue,
            Some(Err(error)) => {
                found.failures.push(context.failure(&doing, error));
                continue;
            }
        };
        let committed = match committed.result {
            Err(error) if empty.contains(&id) && error.kind == ErrorKind::GroupIdNotFound => {
                continue;
            }
            Ok(committed) => committed,
            Err(error) => {
                found.failures.push(context.failure(&doing, error));
                continue;
            }
        };
        let mut claims: Claims =
            committed.into_iter().map(|c| (c.of, (Some(c.offset), None))).collect();
        for member in members {
            for of in member.assignment {
                claims.entry(of).or_default().1 = Some(member.id.clone());
            }
        }
        claims.retain(|of, _| is_in_scope(asked.topics, of));
        all.push((id, claims));
    }
    Ok(all)
}

/// The last stable offsets, of partitions that exist.
fn stable(
    context: &Context,
    of: &[TopicPartition],
) -> Result<BTreeMap<TopicPartition, i64>, Failure> {
    let doing = "list last stable offsets";
    let failure = |error| context.failure(doing, error);
    let listed = context.cluster()?.list_offsets(of, OffsetAt::LastStable).map_err(failure)?;
    let mut stable = BTreeMap::new();
    for outcome in listed {
        match outcome.result {
            Ok(found) => drop(stable.insert(outcome.of, found.offset)),
            Err(error) if error.kind == ErrorKind::UnknownTopicOrPartition => {}
            Err(error) => return Err(failure(error)),
        }
    }
    Ok(stable)
}

/// Adds the numbers of unread records.
fn add_records(context: &Context, found: &mut Found) -> Result<(), Failure> {
    let unread = |place: &Place| {
        let lag = place.lag?;
        Some((place.of.clone(), lag.next, lag.next.saturating_add(lag.lag)))
    };
    // Groups that stand at the same offset are counted once.
    let between: BTreeSet<_> = found.places.iter().filter_map(unread).collect();
    let between: Vec<_> = between.into_iter().collect();
    let failure = |error| context.failure("count records", error);
    let counted = context.cluster()?.count_records(&between).map_err(failure)?;
    let mut counts = BTreeMap::new();
    for (between, outcome) in between.into_iter().zip(counted) {
        match outcome.result {
            Ok(count) => drop(counts.insert(between, count)),
            Err(error) => {
                let doing = format!("count records of `{}`", outcome.of);
                found.failures.push(context.failure(&doing, error));
            }
        }
    }
    for place in &mut found.places {
        let count = unread(place).and_then(|between| counts.get(&between).copied());
        place.records = place.lag.zip(count).map(|(lag, count)| lag.records(count));
    }
    Ok(())
}

/// Adds the ages of the next unread records.
fn add_ages(cluster: &Cluster, places: &mut [Place]) -> Result<(), ClusterError> {
    let unread = |place: &Place| place.lag.filter(|lag| lag.lag > 0).map(|lag| lag.next);
    let wanted: BTreeSet<(TopicPartition, i64)> =
        places.iter().filter_map(|place| Some((place.of.clone(), unread(place)?))).collect();
    let wanted: Vec<(TopicPartition, i64)> = wanted.into_iter().collect();
    let times = cluster.record_times(&wanted)?;
    let now_ms = crate::now_ms();
    for place in places {
        let (Some(lag), Some(next)) = (place.lag, unread(place)) else { continue };
        let key = (&place.of, next);
        let at = wanted.binary_search_by(|(of, offset)| (of, *offset).cmp(&key)).ok();
        let time = at.and_then(|at| times.get(at).copied().flatten());
        place.age_ms = age_ms(lag.lag, time, now_ms);
    }
    Ok(())
}
