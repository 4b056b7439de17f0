//! Owns asking leaders for the times of single records without librdkafka, which takes up every
//! record of a batch for the sake of one. Leaves what cannot be asked so to `lag`.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::time::Instant;

use super::ffi::metadata::{BrokerInfo, Layout};
use super::wire::FETCH;
use super::wire::asking::{Asking, of_each};
use super::wire::connection::Connection;
use super::wire::fetch::{self, Fetched, From};
use super::{Remote, error};
use crate::cluster::error::ErrorKind;
use crate::disk::glance::{self, Wanted};
use crate::topic::TopicPartition;

/// What is asked for of each partition at first: a batch as most producers send them.
const FEW_BYTES: i32 = 32 << 10;
/// So many times more is asked for where the first batch is longer, and nothing came of it.
const MORE: i32 = 8;
/// The most that is asked for of a partition.
const MANY_BYTES: i32 = 16 << 20;
/// The most that is asked for at once, so that the memory of one answer does for the next.
const REQUEST_BYTES: i32 = 4 << 20;

/// What is wanted of a partition.
#[derive(Debug)]
pub(super) struct Part {
    /// The partition.
    pub(super) of: TopicPartition,
    /// Offsets, ascending, each with the place of its time.
    pub(super) wanted: Wanted,
    /// What is asked for from the first of them on.
    from: i64,
    /// How much is.
    bytes: i32,
}

/// What is to be done with a partition then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// Nothing: all is found, or there is no more.
    Done,
    /// Ask again.
    Again,
    /// Leave it to librdkafka.
    Left,
}

/// What came of a leader: times by their places, and the partitions that are left to librdkafka.
#[derive(Default)]
struct Answers {
    times: Vec<(usize, i64)>,
    left: Vec<Part>,
}

impl Part {
    /// A partition of which the time of one record is wanted.
    pub(super) fn new(of: TopicPartition, offset: i64, place: usize) -> Self {
        Self { of, wanted: Wanted::from([(offset, place)]), from: offset, bytes: FEW_BYTES }
    }

    /// What it is known by, in the order of a request.
    fn key(&self) -> (&str, i32) {
        (self.of.topic.as_str(), self.of.partition)
    }

    /// What is asked for of it.
    fn from(&self) -> From<'_> {
        let (topic, partition) = self.key();
        From { topic, partition, offset: self.from, bytes_max: self.bytes }
    }

    /// Takes up what a leader says of it.
    fn take(&mut self, fetched: &Fetched<'_>, times: &mut Vec<(usize, i64)>) -> Then {
        if fetched.code != error::NONE {
            // Trimmed since then: nobody can read there.
            let is_gone = error::kind(fetched.code) == ErrorKind::OffsetOutOfRange;
            return if is_gone { Then::Done } else { Then::Left };
        }
        let mut found = |at, time| times.push((at, time));
        let Ok(reached) = glance::times(fetched.batches, &mut self.wanted, &mut found) else {
            return Then::Left;
        };
        let Some(&(next, _)) = self.wanted.front() else { return Then::Done };
        match reached {
            // A batch that lies before what was asked for would come again and again.
            Some(reached) if reached <= self.from => return Then::Left,
            Some(reached) => self.from = reached.max(next),
            None if self.from >= fetched.end => {}
            None if self.bytes >= MANY_BYTES => return Then::Left,
            None => self.bytes *= MORE,
        }
        if self.from >= fetched.end { Then::Done } else { Then::Again }
    }
}

/// Takes off the front as many partitions as one request is for, and puts them in order.
fn take_some(waiting: &mut VecDeque<Part>) -> Vec<Part> {
    let mut bytes = 0;
    let mut some = Vec::new();
    while let Some(part) = waiting.front()
        && (bytes == 0 || bytes + part.bytes <= REQUEST_BYTES)
    {
        bytes += part.bytes;
        some.extend(waiting.pop_front());
    }
    some.sort_by(|a, b| a.key().cmp(&b.key()));
    some
}

/// Asks a leader once, and answers what is to be done with each of `parts`, which are in order.
fn ask_once(
    connection: &mut Connection,
    parts: &mut [Part],
    asking: &Asking<'_>,
    times: &mut Vec<(usize, i64)>,
) -> io::Result<Vec<Then>> {
    let from: Vec<From<'_>> = parts.iter().map(Part::from).collect();
    let answer = asking.ask(connection, FETCH, fetch::request(&from, REQUEST_BYTES))?;
    let answer = asking.told(fetch::answer(&answer))?;
    let mut then = vec![None; parts.len()];
    for fetched in answer.unwrap_or_default() {
        let key = (fetched.topic, fetched.partition);
        let Ok(at) = parts.binary_search_by(|part| part.key().cmp(&key)) else { continue };
        if let (Some(part), Some(then @ None)) = (parts.get_mut(at), then.get_mut(at)) {
            *then = Some(part.take(&fetched, times));
        }
    }
    Ok(then.into_iter().map(|then| then.unwrap_or(Then::Left)).collect())
}

/// Asks a leader until nothing more is wanted of it, as far as it can be asked.
fn ask_all(
    leader: &BrokerInfo,
    waiting: &mut VecDeque<Part>,
    asking: &Asking<'_>,
    answers: &mut Answers,
) -> io::Result<()> {
    let mut connection = asking.open(leader, &[FETCH])?;
    while !waiting.is_empty() {
        let mut parts = take_some(waiting);
        let then = match ask_once(&mut connection, &mut parts, asking, &mut answers.times) {
            Ok(then) => then,
            Err(error) => {
                answers.left.append(&mut parts);
                return Err(error);
            }
        };
        for (part, then) in parts.into_iter().zip(then) {
            match then {
                Then::Done => {}
                Then::Again => waiting.push_back(part),
                Then::Left => answers.left.push(part),
            }
        }
    }
    Ok(())
}

/// Puts partitions to their leaders; those that have none are left.
fn by_leader(layout: &Layout, parts: Vec<Part>) -> (HashMap<i32, VecDeque<Part>>, Vec<Part>) {
    let topics = layout.topics.iter();
    let leaders: HashMap<(&str, i32), i32> = topics
        .flat_map(|topic| topic.partitions.iter().map(move |info| (topic, info)))
        .map(|(topic, info)| ((topic.name.as_str(), info.partition), info.leader))
        .collect();
    let (mut led, mut left) = (HashMap::<i32, VecDeque<Part>>::new(), Vec::new());
    for part in parts {
        match leaders.get(&part.key()) {
            Some(&leader) => led.entry(leader).or_default().push_back(part),
            None => left.push(part),
        }
    }
    (led, left)
}

impl Remote {
    /// Finds times and puts them to their places, as far as leaders can be asked without
    /// librdkafka; answers the partitions of which more is wanted.
    pub(super) fn glance(
        &self,
        parts: Vec<Part>,
        times: &mut [Option<i64>],
        until: Instant,
    ) -> Vec<Part> {
        let Ok(session) = self.session() else { return parts };
        let asking = Asking::new(&self.brokers, &self.log, until);
        let Some(asking) = asking else { return parts };
        let client = session.client();
        let layout = session.ask_by(asking.until(), |at_most| client.known_layout(at_most));
        let Ok(layout) = layout else { return parts };
        let (led, mut left) = by_leader(&layout, parts);
        let answers = of_each(led.into_iter().collect(), |(leader, mut waiting)| {
            let mut answers = Answers::default();
            if let Some(leader) = layout.brokers.iter().find(|broker| broker.id == leader) {
                // What goes wrong is logged, and librdkafka sees how far it gets.
                drop(ask_all(leader, &mut waiting, &asking, &mut answers));
            }
            answers.left.extend(waiting);
            answers
        });
        for answers in answers {
            for (at, time) in answers.times {
                if let Some(place) = times.get_mut(at) {
                    *place = Some(time);
                }
            }
            left.extend(answers.left);
        }
        session.note_answer();
        left
    }
}
