//! Owns finding out where groups stand: commits first, ends of logs after, then the next unread
//! records. Leaves the arithmetic to `crate::lag`, and what is shown to its siblings.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::cluster::Cluster;
use crate::cluster::types::{ConsumeFrom, Polled};
use crate::commands::groups::plan::{Bounds, bounds};
use crate::commands::groups::{Scope, distinct, is_in_scope};
use crate::commands::{Context, Failure};
use crate::group::GroupId;
use crate::lag::{Lag, age_ms, lag};
use crate::record::RecordBuffer;
use crate::topic::TopicPartition;

/// How many next unread records are asked for at once.
const AT_ONCE: usize = 64;

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
    /// The lag; `None` where the topic is gone.
    pub lag: Option<Lag>,
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
    for (group, claims) in claims {
        for (of, (committed, member)) in claims {
            let bounds = bounds.get(&of).and_then(|bounds| bounds.as_ref().ok()).copied();
            let lag = bounds.and_then(|bounds| lag(&bounds.standing(committed)));
            let age_ms = lag.and_then(|lag| age_ms(lag.lag, None, 0));
            let group = group.clone();
            found.places.push(Place { group, of, committed, bounds, lag, age_ms, member });
        }
    }
    if asked.ages {
        add_ages(context.cluster()?, &mut found.places);
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
    let ids = if asked.groups.is_empty() {
        let listed =
            cluster.list_groups().map_err(|error| context.failure("list groups", error))?;
        listed.into_iter().map(|group| group.id).collect()
    } else {
        distinct(asked.groups)
    };
    found.total = ids.len();
    let described =
        cluster.describe_groups(&ids).map_err(|error| context.failure("describe groups", error))?;
    let mut all = Vec::with_capacity(ids.len());
    for outcome in described {
        let doing = format!("show the lag of group `{}`", outcome.of);
        let group = match outcome.result {
            Ok(group) => group,
            // One of all that was listed may be gone by now.
            Err(_) if asked.groups.is_empty() => continue,
            Err(error) => {
                found.failures.push(context.failure(&doing, error));
                continue;
            }
        };
        let committed =
            cluster.fetch_offsets(&group.id).map_err(|error| context.failure(&doing, error))?;
        let mut claims: Claims =
            committed.into_iter().map(|c| (c.of, (Some(c.offset), None))).collect();
        for member in group.members {
            for of in member.assignment {
                claims.entry(of).or_default().1 = Some(member.id.clone());
            }
        }
        claims.retain(|of, _| is_in_scope(asked.topics, of));
        all.push((group.id, claims));
    }
    Ok(all)
}

/// Adds the ages of the next unread records.
fn add_ages(cluster: &Cluster, places: &mut [Place]) {
    let next = |place: &Place| place.lag.filter(|lag| lag.lag > 0).map(|lag| lag.next);
    let wanted: BTreeSet<(TopicPartition, i64)> =
        places.iter().filter_map(|place| Some((place.of.clone(), next(place)?))).collect();
    let wanted: Vec<ConsumeFrom> = wanted
        .into_iter()
        .map(|(of, from)| ConsumeFrom {
            topic: of.topic,
            partition: of.partition,
            from,
            to: Some(from.saturating_add(1)),
        })
        .collect();
    let mut times = BTreeMap::new();
    for some in wanted.chunks(AT_ONCE) {
        let found = first_times(cluster, some);
        // One that cannot be read must not hide the others.
        for (i, from) in some.iter().enumerate() {
            let time = match &found {
                Some(found) => found.get(&i).copied(),
                None => first_time(cluster, from),
            };
            // What was compacted away is followed by the record that is next.
            let onward = || first_time(cluster, &ConsumeFrom { to: None, ..from.clone() });
            if let Some(time) = time.or_else(onward) {
                let of = TopicPartition { topic: from.topic.clone(), partition: from.partition };
                times.insert((of, from.from), time);
            }
        }
    }
    let now_ms = crate::now_ms();
    for place in places {
        let (Some(lag), Some(next)) = (place.lag, next(place)) else { continue };
        let time = times.get(&(place.of.clone(), next)).copied();
        place.age_ms = age_ms(lag.lag, time, now_ms);
    }
}

/// The timestamp of one record.
fn first_time(cluster: &Cluster, from: &ConsumeFrom) -> Option<i64> {
    first_times(cluster, std::slice::from_ref(from))?.remove(&0)
}

/// The timestamps of the first records of several partitions; `None` once one cannot be read.
fn first_times(cluster: &Cluster, from: &[ConsumeFrom]) -> Option<BTreeMap<usize, i64>> {
    let mut consumer = cluster.consumer(from).ok()?;
    let mut times = BTreeMap::new();
    let mut buffer = RecordBuffer::default();
    while times.len() < from.len() {
        buffer.clear();
        let Polled::Records { of } = consumer.poll(&mut buffer, Instant::now(), &[]).ok()? else {
            break;
        };
        if let Some(span) = buffer.spans.first() {
            times.entry(of).or_insert(span.timestamp_ms);
        }
    }
    Some(times)
}
