//! Owns asking for offsets of many partitions: one request to each leader, and an answer or an
//! error for each partition.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::ffi::admin::{Listed, Operation, Options};
use super::ffi::list::List;
use super::ffi::queue::{Event, Queue};
use super::session::Session;
use super::{Remote, error};
use crate::cluster::error::{ClusterError, ErrorKind, Outcome, Result};
use crate::cluster::types::{ListedOffset, OffsetAt};
use crate::sys;
use crate::topic::TopicPartition;

/// Partitions of one request: librdkafka takes time that grows with their square.
const CHUNK: usize = 1000;

/// How long is waited before who does not know is asked again.
const PAUSE: Duration = Duration::from_millis(100);
/// How long the first answers are waited for before it is asked again; later ones for longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The largest timestamp, in the words of `ListOffsets`.
const NEWEST: i64 = -3;

/// What is asked for: a word of `ListOffsets`, and whether only what was committed counts.
pub(super) type Asked = (i64, bool);

/// The words of `ListOffsets`.
pub(super) const fn asked(at: OffsetAt) -> Asked {
    (word(at), matches!(at, OffsetAt::LastStable))
}

/// The same without how an end is meant.
const fn word(at: OffsetAt) -> i64 {
    match at {
        OffsetAt::Start => -2,
        OffsetAt::End | OffsetAt::LastStable => -1,
        OffsetAt::Timestamp(time) => {
            if time < 0 {
                0
            } else {
                time
            }
        }
    }
}

/// Offsets by topic and partition.
#[derive(Debug, Default)]
pub(super) struct Offsets(HashMap<(String, i32), Listed>);

impl Offsets {
    /// What was answered for a partition.
    pub(super) fn get(&self, topic: &str, partition: i32) -> Result<&Listed> {
        let unknown = || ClusterError::unknown_topic(topic);
        let listed = self.0.get(&(topic.to_owned(), partition)).ok_or_else(unknown)?;
        error::check(listed.entry.code)?;
        // librdkafka has no error for a broker that went away while it was asked. No offset is -1.
        if listed.entry.offset < -1 {
            let message = format!("nobody told where partition {partition} of `{topic}` stands");
            return Err(ClusterError::new(ErrorKind::Unreachable, message).about(topic));
        }
        Ok(listed)
    }
}

/// Asks for several offsets of each partition at once: one request goes to each leader.
pub(super) fn ask(session: &Session, of: &[(&str, i32)], all: &[Asked]) -> Result<Vec<Offsets>> {
    ask_by(session, of, all, session.deadline())
}

/// One request: one offset of each partition of a chunk.
struct Request<'a> {
    of: &'a [(&'a str, i32)],
    /// Which offset, by its place.
    which: usize,
    is_answered: bool,
    /// All partitions were, for good.
    is_done: bool,
}

/// The same, with answers by `until`. Where a leader has gone or moved, it is asked again.
fn ask_by(
    session: &Session,
    of: &[(&str, i32)],
    all: &[Asked],
    until: Instant,
) -> Result<Vec<Offsets>> {
    let queue = Queue::new(session.client());
    let mut found: Vec<Offsets> = all.iter().map(|_| Offsets::default()).collect();
    let each = |of| {
        (0..all.len()).map(move |which| Request { of, which, is_answered: false, is_done: false })
    };
    let mut requests: Vec<Request<'_>> = of.chunks(CHUNK).flat_map(each).collect();
    let mut patience = PATIENCE;
    loop {
        for (tag, request) in requests.iter().enumerate().filter(|(_, one)| !one.is_done) {
            put(session, &queue, request, all, tag);
        }
        let mut waiting = requests.iter().filter(|request| !request.is_done).count();
        let round = until.min(Instant::now() + patience);
        while waiting > 0 && Instant::now() < round {
            match session.wait(&queue, round) {
                Ok(event) => take(&event, &mut requests, all, &mut found),
                Err(error) if error.kind.is_away() => session.check()?,
                Err(error) => return Err(error),
            }
            waiting -= 1;
        }
        if requests.iter().all(|request| request.is_done) {
            return Ok(found);
        }
        if until <= Instant::now() {
            let is_answered = requests.iter().all(|request| request.is_answered);
            return if is_answered { Ok(found) } else { Err(session.unreachable()) };
        }
        if waiting == 0 {
            // All have said that they cannot say.
            sys::wait_any(&[], PAUSE);
        }
        session.look_at_leaders();
        patience *= 2;
    }
}

/// Sends a request.
fn put(session: &Session, queue: &Queue, request: &Request<'_>, all: &[Asked], tag: usize) {
    let Some((word, committed_only)) = all.get(request.which) else { return };
    let list = List::new(request.of.iter().map(|&(topic, p)| (topic, p, *word)));
    let operation = Operation::RD_KAFKA_ADMIN_OP_LISTOFFSETS;
    let mut options = Options::new(session.client(), operation, session.timeout()).tag(tag);
    if *committed_only {
        options = options.committed_only();
    }
    queue.list_offsets(&list, &options);
}

/// Takes up an answer.
fn take(event: &Event, requests: &mut [Request<'_>], all: &[Asked], found: &mut [Offsets]) {
    let Some(request) = requests.get_mut(event.tag()).filter(|one| !one.is_done) else { return };
    let Some(offsets) = found.get_mut(request.which) else { return };
    let Some((word, _)) = all.get(request.which) else { return };
    (request.is_answered, request.is_done) = (true, true);
    for listed in event.offsets() {
        if is_unanswered(*word, &listed) {
            (request.is_answered, request.is_done) = (false, false);
            continue;
        }
        request.is_done &= !error::kind(listed.entry.code).is_away();
        let key = (listed.entry.topic.clone(), listed.entry.partition);
        offsets.0.insert(key, listed);
    }
}

/// Whether nobody told the offset for which `word` asked. Where one of several leaders did not
/// answer, what was asked stays where the answer would be, a time as well, without an error.
fn is_unanswered(word: i64, listed: &Listed) -> bool {
    let Listed { entry, timestamp_ms } = listed;
    // An offset that is by chance the number of a time is that of a record, which has a time.
    entry.code == error::NONE && entry.offset == word && *timestamp_ms < 0
}

impl Remote {
    /// Returns one offset of each partition.
    pub fn list_offsets(
        &self,
        of: &[TopicPartition],
        at: OffsetAt,
    ) -> Result<Vec<Outcome<TopicPartition, ListedOffset>>> {
        let named: Vec<_> = of.iter().map(|tp| (tp.topic.as_str(), tp.partition)).collect();
        // Where no record is that late, the answer is the end.
        let wanted: &[Asked] = match at {
            OffsetAt::Timestamp(_) => &[asked(at), asked(OffsetAt::End)],
            _ => &[asked(at)],
        };
        let session = self.session()?;
        let answers = match ask(session, &named, wanted) {
            // None of the partitions has a leader, or is there.
            Err(error) if error.kind == ErrorKind::NotFound => vec![Offsets::default()],
            answers => answers?,
        };
        let topics = OnceCell::new();
        let explain = |tp: &TopicPartition, error: ClusterError| {
            if error.kind != ErrorKind::UnknownTopicOrPartition {
                return error;
            }
            // librdkafka does not tell a topic from its partition.
            let all = || session.ask(|at_most| session.client().all_topics(at_most));
            let topic = topics
                .get_or_init(|| all().unwrap_or_default())
                .iter()
                .find(|topic| topic.name == tp.topic.as_str());
            let Some(topic) = topic.filter(|topic| topic.code == error::NONE) else { return error };
            let count = topic.partitions.len();
            if usize::try_from(tp.partition).is_ok_and(|partition| partition < count) {
                return ClusterError::no_leader(tp.topic.as_str(), tp.partition);
            }
            ClusterError::unknown_partition(tp.topic.as_str(), tp.partition, count)
        };
        let one = |tp: &TopicPartition| -> Result<ListedOffset> {
            let (topic, partition) = (tp.topic.as_str(), tp.partition);
            let mut last = ListedOffset { offset: -1, timestamp_ms: -1 };
            for answer in &answers {
                let listed = answer.get(topic, partition)?;
                last = ListedOffset {
                    offset: listed.entry.offset,
                    timestamp_ms: match at {
                        OffsetAt::Timestamp(_) => listed.timestamp_ms,
                        _ => -1,
                    },
                };
                if last.offset >= 0 {
                    break;
                }
            }
            Ok(last)
        };
        let result = |tp| one(tp).map_err(|error| explain(tp, error));
        Ok(of.iter().map(|tp| Outcome { of: tp.clone(), result: result(tp) }).collect())
    }

    /// The start, the end and the largest timestamp of each partition, with answers by `until`.
    pub(super) fn extents(
        &self,
        of: &[(&str, i32)],
        newest: bool,
        until: Instant,
    ) -> Result<Vec<Offsets>> {
        let words = [asked(OffsetAt::Start), asked(OffsetAt::End), (NEWEST, false)];
        let wanted = if newest { &words } else { words.get(..2).unwrap_or_default() };
        ask_by(self.session()?, of, wanted, until)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ffi::list::Entry;
    use super::*;

    #[test]
    fn what_was_asked_is_no_answer() {
        let listed = |offset, timestamp_ms, code| {
            let (topic, metadata) = ("t".to_owned(), None);
            let entry = Entry { topic, partition: 0, offset, code, metadata, leader_epoch: -1 };
            Listed { entry, timestamp_ms }
        };
        for at in [OffsetAt::Start, OffsetAt::End, OffsetAt::Timestamp(1_763_000_000_000)] {
            let word = word(at);
            assert!(is_unanswered(word, &listed(word, -1, error::NONE)), "{word}");
            assert!(!is_unanswered(word, &listed(0, -1, error::NONE)), "{word}");
        }
        assert!(is_unanswered(NEWEST, &listed(NEWEST, -1, error::NONE)));
        // No record is as late, or as new; a record that stands where the time would be.
        assert!(!is_unanswered(5000, &listed(-1, -1, error::NONE)));
        assert!(!is_unanswered(NEWEST, &listed(-1, -1, error::NONE)));
        assert!(!is_unanswered(5000, &listed(5000, 5001, error::NONE)));
    }
}
