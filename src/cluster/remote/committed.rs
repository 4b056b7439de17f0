//! Owns asking what groups committed without librdkafka, which looks for the coordinator of each
//! group, and asks for each, on its own. Leaves groups that are not told of so to `groups`.

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use super::Remote;
use super::ffi::metadata::BrokerInfo;
use super::wire::asking::{Asking, of_each};
use super::wire::committed::{ask_committed, ask_coordinators, committed, coordinators};
use super::wire::{FIND_COORDINATOR, OFFSET_FETCH};
use crate::cluster::error::Result;
use crate::group::{CommittedOffset, GroupId};

/// Groups that are asked about at once.
const CHUNK: usize = 100;
/// How long it may take to hear of coordinators: any broker knows them, and the one that is asked
/// may be the one that is away.
const COORDINATORS_MAX: Duration = Duration::from_secs(1);

/// What a group committed, by its place.
type Committed = (usize, Vec<CommittedOffset>);

/// Asks a broker who coordinates groups; those for which it says nothing are left out.
fn find<'a>(
    asking: &Asking<'_>,
    broker: &BrokerInfo,
    groups: &[&'a str],
    places: &HashMap<&'a str, usize>,
) -> io::Result<Vec<(BrokerInfo, Vec<&'a str>)>> {
    let mut connection = asking.open(broker, &[FIND_COORDINATOR, OFFSET_FETCH])?;
    let mut found: Vec<(BrokerInfo, Vec<&str>)> = Vec::new();
    for groups in groups.chunks(CHUNK) {
        let answer = asking.ask(&mut connection, FIND_COORDINATOR, ask_coordinators(groups))?;
        for (group, coordinator) in asking.told(coordinators(&answer))? {
            let (Some((&group, _)), Ok(broker)) = (places.get_key_value(group), coordinator) else {
                continue;
            };
            match found.iter_mut().find(|(known, _)| *known == broker) {
                Some((_, groups)) => groups.push(group),
                None => found.push((broker, vec![group])),
            }
        }
    }
    Ok(found)
}

/// Asks a coordinator what its groups committed; those for which it does not say are left out.
fn fetch(
    asking: &Asking<'_>,
    (coordinator, groups): &(BrokerInfo, Vec<&str>),
    places: &HashMap<&str, usize>,
    all: &mut Vec<Committed>,
) -> io::Result<()> {
    let mut connection = asking.open(coordinator, &[OFFSET_FETCH])?;
    for groups in groups.chunks(CHUNK) {
        let answer = asking.ask(&mut connection, OFFSET_FETCH, ask_committed(groups))?;
        for (group, offsets) in asking.told(committed(&answer))? {
            if let (Some(&place), Ok(mut offsets)) = (places.get(group), offsets) {
                offsets.sort_by(|a, b| a.of.cmp(&b.of));
                all.push((place, offsets));
            }
        }
    }
    Ok(())
}

impl Remote {
    /// What groups committed, of those of which it is told at once. Fails where no broker answers.
    pub(super) fn told_committed(
        &self,
        groups: &[GroupId],
        until: Instant,
    ) -> Result<Vec<Option<Vec<CommittedOffset>>>> {
        let mut told: Vec<_> = groups.iter().map(|_| None).collect();
        let Some(asking) = Asking::new(&self.brokers, &self.log, until) else { return Ok(told) };
        let session = self.session()?;
        let client = session.client();
        let layout = session.ask_by(until, |at_most| client.known_layout(at_most))?;
        let Some(broker) = layout.brokers.first() else { return Ok(told) };
        let ids: Vec<&str> = groups.iter().map(GroupId::as_str).collect();
        let places = ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
        let soon = asking.by(Instant::now() + COORDINATORS_MAX);
        // What goes wrong on the way is logged, and librdkafka sees how far it gets.
        let Ok(found) = find(&soon, broker, &ids, &places) else { return Ok(told) };
        let fetched = of_each(found, |of| {
            let mut all = Vec::new();
            drop(fetch(&asking, &of, &places, &mut all));
            all
        });
        for (place, offsets) in fetched.into_iter().flatten() {
            if let Some(place) = told.get_mut(place) {
                *place = Some(offsets);
            }
        }
        session.note_answer();
        Ok(told)
    }
}
