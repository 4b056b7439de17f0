//! Owns being a member of a group of brokers: what is read of which partition, and that what was
//! accepted of a partition is committed before it goes. Leaves sharing out to librdkafka and to the
//! coordinator, what a member is told to be to `joining`.
//!
//! Records come by a queue of their own, many at once; what changes of the partitions comes by the
//! member's queue, one by one, and waits there until it is answered. librdkafka goes on only then.

mod commits;
mod share;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use self::commits::Answers;
use super::ffi::fetch::{END_OF_PARTITION, Message, TopicId};
use super::ffi::list::List;
use super::ffi::member::{ASSIGN, FETCHED, Stirring};
use super::ffi::queue::{ERRORS, Event, Queue, REBALANCES};
use super::ffi::{Code, Trouble};
use super::session::Session;
use super::{Remote, error, joining};
use crate::cluster::embedded::topics::TopicsWatch;
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::types::{GroupOptions, Jump, Polled};
use crate::record::RecordBuffer;
use crate::sys::{self, Word};
use crate::topic::{TopicName, TopicPartition};
use rdkafka_sys::bindings::rd_kafka_resp_err_t as Known;

/// How long one wait lasts before the client's errors are looked at.
const TICK: Duration = Duration::from_millis(100);
/// Bytes of records that one poll brings, about.
const POLL_BYTES: usize = 1 << 20;
/// How long leaving is waited for.
const LEAVE_MAX: Duration = Duration::from_secs(2);
/// The same while nobody answers.
const LEAVE_AWAY_MAX: Duration = Duration::from_millis(200);
/// How long a look at the topics is waited for.
const LOOK_MAX: Duration = Duration::from_millis(500);
/// How soon a topic that is missing is looked for again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long a member without partitions waits for those that others are yet to let go of.
const OTHERS_MAX: Duration = Duration::from_secs(5);

/// One partition that is ours.
#[derive(Debug)]
struct Part {
    of: TopicPartition,
    /// The first offset that is still wanted.
    next: i64,
    /// The leader epoch of the record before it.
    leader_epoch: i32,
    /// Everything before this was accepted.
    accepted: i64,
    /// Behind the last record there is nothing to accept up to here: its next offset, and this.
    passed: Option<(i64, i64)>,
    to: i64,
    done: bool,
    /// False once it is to go, and something of it is still on its way out.
    reading: bool,
}

/// What is to become of partitions, and was not answered yet.
#[derive(Debug)]
struct Change {
    /// They become ours; else they go.
    comes: bool,
    of: Vec<TopicPartition>,
}

/// What no other try helps with.
const FINAL: &[Known] = &[
    Known::RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT,
    Known::RD_KAFKA_RESP_ERR_INVALID_GROUP_ID,
    Known::RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED,
    Known::RD_KAFKA_RESP_ERR_UNSUPPORTED_ASSIGNOR,
    Known::RD_KAFKA_RESP_ERR_UNRELEASED_INSTANCE_ID,
];

/// A member of a group.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a state of its own")]
pub struct GroupConsumer {
    session: Session,
    options: GroupOptions,
    /// The end of a partition is that of what was committed.
    committed_only: bool,
    /// Counted up when one of the queues gets something.
    stirred: Arc<AtomicU32>,
    changes: Stirring,
    records: Stirring,
    pending: VecDeque<Change>,
    /// Committed offsets that are outside their logs, and were not told yet.
    jumped: Vec<Jump>,
    /// The first of those waits for what is on its way out.
    is_held: bool,
    /// It has not polled for too long.
    is_late: bool,
    /// What went wrong in between polls.
    broken: Option<ClusterError>,
    /// Taken from librdkafka and not handed on yet; the next is the last.
    waiting: Vec<Message>,
    /// The partitions that polls name by number; `None` once they are not ours any more.
    parts: Vec<Option<Part>>,
    /// Where a message belongs.
    places: HashMap<(TopicId, i32), Option<usize>>,
    topics: TopicsWatch,
    wanted: BTreeSet<TopicName>,
    /// Those that were missing at the last look.
    missing: BTreeSet<TopicName>,
    found: Vec<TopicName>,
    deleted: Vec<TopicName>,
    /// Where reading stops, if it does.
    ends: Option<BTreeMap<TopicPartition, i64>>,
    /// Since when it has what the group gave it.
    assigned: Option<Instant>,
    has_joined: bool,
    /// The next offsets of records that were accepted and are not committed, with leader epochs.
    accepted: BTreeMap<TopicPartition, (i64, i32)>,
    /// What is heard of the brokers.
    answers: Answers,
    /// For how long nothing has come while it was waited for.
    idle: Duration,
}

impl Remote {
    /// Joins a group.
    pub fn group_consumer(&self, options: GroupOptions) -> Result<GroupConsumer> {
        let session = joining::open(self, &options)?;
        let infos = session.ask(|at_most| session.client().all_topics(at_most))?;
        let wanted = joining::wanted(&infos, &options);
        if options.pattern.is_none()
            && let Some(missing) = options.topics.iter().find(|topic| !wanted.contains(*topic))
        {
            // One that may not be seen is not among them.
            for outcome in self.describe_topics(std::slice::from_ref(missing))? {
                outcome.result?;
            }
            return Err(ClusterError::unknown_topic(missing.as_str()));
        }
        let committed_only = self.reads_committed();
        let ends = options
            .to_end
            .then(|| joining::ends(&session, &infos, &wanted, committed_only))
            .transpose()?;
        let stirred = Arc::new(AtomicU32::new(0));
        let changes = Stirring::new(Queue::member(session.client()), &stirred);
        let records = Stirring::new(Queue::new(session.client()), &stirred);
        let member = GroupConsumer {
            session,
            options,
            committed_only,
            stirred,
            changes,
            records,
            pending: VecDeque::new(),
            jumped: Vec::new(),
            is_held: false,
            is_late: false,
            broken: None,
            waiting: Vec::new(),
            parts: Vec::new(),
            places: HashMap::new(),
            topics: TopicsWatch::timed(crate::cluster::WATCH_EVERY),
            wanted,
            missing: BTreeSet::new(),
            found: Vec::new(),
            deleted: Vec::new(),
            ends,
            assigned: None,
            has_joined: false,
            accepted: BTreeMap::new(),
            answers: Answers::new(),
            idle: Duration::ZERO,
        };
        member.subscribe()?;
        Ok(member)
    }
}

/// A list of partitions without offsets.
fn list_of(partitions: &[TopicPartition]) -> List {
    List::new(partitions.iter().map(|of| (of.topic.as_str(), of.partition, -1001)))
}

impl GroupConsumer {
    /// Wants the topics that are wanted now.
    fn subscribe(&self) -> Result<()> {
        if self.wanted.is_empty() {
            return Ok(());
        }
        let topics = List::new(self.wanted.iter().map(|topic| (topic.as_str(), -1, -1001)));
        self.session.client().subscribe(&topics).map_err(error::of_code)
    }

    /// Reads records of one of its partitions, or waits for some until `until`, or until one of the
    /// words beside is not what it was.
    pub fn poll(
        &mut self,
        buffer: &mut RecordBuffer,
        until: Instant,
        beside: &[Word<'_>],
    ) -> Result<Polled> {
        loop {
            let stirred = self.stirred.load(Ordering::Acquire);
            self.take_changes()?;
            if self.topics.is_due() {
                self.look_at_topics()?;
            }
            if self.is_to_balance() {
                return Ok(Polled::Rebalance);
            }
            if let Some(of) = self.hand_on(buffer)? {
                return Ok(Polled::Records { of });
            }
            if self.is_finished() {
                return Ok(Polled::Finished);
            }
            self.records.queue().fetch(Duration::ZERO, &mut self.waiting);
            if !self.waiting.is_empty() {
                self.idle = Duration::ZERO;
                self.session.note_answer();
                continue;
            }
            self.check()?;
            let now = Instant::now();
            let left = until.saturating_duration_since(now);
            let is_stirred =
                beside.iter().any(|(word, value)| word.load(Ordering::Acquire) != *value);
            if left.is_zero() || is_stirred || self.session.has_news() {
                return Ok(Polled::Nothing);
            }
            let mut words = vec![(&*self.stirred, stirred)];
            words.extend_from_slice(beside);
            sys::wait_any(&words, left.min(TICK));
            self.idle += now.elapsed();
        }
    }

    /// Whether something is to be answered now.
    fn is_to_balance(&self) -> bool {
        (!self.pending.is_empty() && !self.is_held)
            || self.is_given_up()
            || !self.found.is_empty()
            || !self.deleted.is_empty()
    }

    /// Whether the others have given it up, and it still has something that it must drop.
    fn is_given_up(&self) -> bool {
        let has = !self.accepted.is_empty() || self.parts.iter().flatten().any(|p| p.reading);
        has && (self.is_late || self.session.client().is_lost())
    }

    /// Whether everything that is ours was read to its end.
    fn is_finished(&self) -> bool {
        let Some(assigned) = self.assigned else {
            return self.ends.is_some() && self.wanted.is_empty();
        };
        let is_read = self.ends.is_some()
            && self.pending.is_empty()
            && self.parts.iter().flatten().all(|part| part.done);
        let has_some = self.parts.iter().any(Option::is_some);
        // What others are yet to let go of comes later, where partitions come one by one.
        let is_all = || !self.session.client().is_cooperative();
        is_read && (has_some || is_all() || assigned.elapsed() >= OTHERS_MAX)
    }

    /// Fails when waiting any longer makes no sense. Who follows waits for brokers to come back.
    fn check(&mut self) -> Result<()> {
        self.session.check_denied()?;
        if self.session.client().lacks_heartbeats() {
            return Err(joining::unsupported(&self.options.group));
        }
        if let Some(trouble) = self.session.client().fatal() {
            return Err(self.trouble(&trouble));
        }
        if !self.has_joined && !self.wanted.is_empty() {
            self.session.check()?;
        }
        let is_reading = self.parts.iter().flatten().any(|part| part.reading && !part.done);
        let timeout = self.session.timeout();
        let is_stuck = is_reading && self.idle >= timeout;
        let is_lost = is_stuck || self.session.is_down(timeout);
        let is_joining = self.assigned.is_none() && !self.wanted.is_empty();
        let has_limit = self.ends.is_some() || !self.has_joined;
        if (self.ends.is_some() && is_lost) || (is_joining && has_limit && self.is_silent()) {
            let error = self.session.unreachable();
            return Err(self.wait_no_more(error));
        }
        Ok(())
    }

    /// Takes up what librdkafka says of the partitions.
    fn take_changes(&mut self) -> Result<()> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        while let Some(event) = self.changes.queue().poll(Duration::ZERO) {
            match event.kind() {
                REBALANCES => self.pending.push_back(change(&event)),
                ERRORS => {
                    if let Err(trouble) = event.check() {
                        self.take_trouble(&trouble)?;
                    }
                }
                FETCHED => {
                    let message = "a record came by the wrong queue, and would have been lost";
                    return Err(ClusterError::new(ErrorKind::Refused, message));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes up an error of the group.
    fn take_trouble(&mut self, trouble: &Trouble) -> Result<()> {
        if trouble.code == Code::of(Known::RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED) {
            self.is_late = true;
            return Ok(());
        }
        if trouble.code == Code::of(Known::RD_KAFKA_RESP_ERR__FATAL) {
            let fatal = self.session.client().fatal();
            return Err(self.trouble(fatal.as_ref().unwrap_or(trouble)));
        }
        let is_final = FINAL.iter().any(|code| Code::of(*code) == trouble.code);
        match error::kind(trouble.code) {
            // The next look at the topics says what is with it.
            ErrorKind::UnknownTopicOrPartition => {
                self.look_soon();
                Ok(())
            }
            kind if kind.is_denial() => Err(self.trouble(trouble)),
            ErrorKind::AuthenticationFailed
            | ErrorKind::TlsFailed
            | ErrorKind::Unsupported
            | ErrorKind::FencedInstanceId
            | ErrorKind::InconsistentGroupProtocol => Err(self.trouble(trouble)),
            _ if is_final => Err(self.trouble(trouble)),
            // librdkafka tries again.
            _ => Ok(()),
        }
    }

    /// An error of the group, as the seam has it.
    fn trouble(&self, trouble: &Trouble) -> ClusterError {
        let group = &self.options.group;
        match error::kind(trouble.code) {
            ErrorKind::FencedInstanceId => {
                let instance = self.options.instance_id.as_deref().unwrap_or_default();
                let message = format!(
                    "another member of group `{group}` has the instance id `{instance}` now"
                );
                ClusterError::new(ErrorKind::FencedInstanceId, message)
            }
            ErrorKind::InconsistentGroupProtocol => {
                let ours = self.options.assignor;
                let message = format!(
                    "the members of group `{group}` do not share by `{ours}`, or are of another \
                     protocol"
                );
                ClusterError::new(ErrorKind::InconsistentGroupProtocol, message)
            }
            ErrorKind::Unsupported if trouble.text.contains("ConsumerGroupHeartbeat") => {
                joining::unsupported(group)
            }
            _ => {
                let mut error = error::error(trouble);
                error.message = format!("group `{group}`: {}", error.message);
                error.of_group(group.as_str())
            }
        }
    }

    /// Moves what waits for one partition to `buffer`, and answers which that is.
    fn hand_on(&mut self, buffer: &mut RecordBuffer) -> Result<Option<usize>> {
        let mut of = None;
        buffer.clear();
        while let Some(message) = self.waiting.last() {
            let at = place(&mut self.places, &self.parts, message);
            if message.code() != error::NONE {
                if of.is_some() {
                    break;
                }
                self.take_error(at)?;
                continue;
            }
            let part = at.and_then(|at| self.parts.get_mut(at)).and_then(Option::as_mut);
            let Some(part) = part.filter(|part| part.reading && !part.done) else {
                self.waiting.pop();
                continue;
            };
            if (of.is_some() && of != at) || buffer.arena.len() >= POLL_BYTES {
                break;
            }
            let offset = message.offset();
            if offset >= part.next && offset < part.to {
                if !message.append_to(buffer) {
                    break;
                }
                of = at;
                part.next = offset + 1;
                part.leader_epoch = buffer.spans.last().map_or(-1, |span| span.leader_epoch);
            }
            if offset + 1 >= part.to {
                finish(&self.session, part);
            }
            self.waiting.pop();
        }
        Ok(of)
    }

    /// Takes up a message that is an error.
    fn take_error(&mut self, at: Option<usize>) -> Result<()> {
        let Some(message) = self.waiting.pop() else { return Ok(()) };
        let part = at.and_then(|at| self.parts.get_mut(at)).and_then(Option::as_mut);
        if message.code() == END_OF_PARTITION {
            // Control records and holes stand before it, and nothing that is wanted. Without them
            // a group would never be seen to be at the end.
            if let Some(part) = part.filter(|part| part.reading && !part.done) {
                let end = message.offset();
                if part.accepted == part.next && part.next < end {
                    self.accepted.insert(part.of.clone(), (end, part.leader_epoch));
                    part.accepted = end;
                }
                part.passed = Some((part.next, end)).filter(|(next, end)| next < end);
                part.next = part.next.max(end);
                if end >= part.to {
                    finish(&self.session, part);
                }
            }
            return Ok(());
        }
        let name = message.topic_name();
        match error::kind(message.code()) {
            ErrorKind::UnknownTopicOrPartition => {
                self.look_soon();
                Ok(())
            }
            kind @ (ErrorKind::OffsetOutOfRange
            | ErrorKind::CorruptData
            | ErrorKind::AuthenticationFailed
            | ErrorKind::TlsFailed) => {
                let (partition, text) = (message.partition(), message.error_text());
                let message = format!("partition {partition} of topic `{name}`: {text}");
                Err(ClusterError::new(kind, message).about(&name))
            }
            kind if kind.is_denial() => Err(error::of_topic(message.code(), &name)),
            // librdkafka tries again.
            _ => Ok(()),
        }
    }

    /// Says to the group that it polls.
    pub fn beat(&mut self) {
        // To take an event is to poll; what is wrong is said by the next poll.
        let Some(event) = self.changes.queue().poll(Duration::ZERO) else { return };
        if event.kind() == REBALANCES {
            self.pending.push_back(change(&event));
        } else if let Err(trouble) = event.check()
            && let Err(error) = self.take_trouble(&trouble)
        {
            self.broken = Some(error);
        }
    }

    /// Whether none of its topics is there.
    pub fn is_without_topics(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Whether members came or went, or topics changed, since the last rebalance. To ask this is
    /// not to poll: one that hangs is to be found out.
    pub fn is_unbalanced(&self) -> bool {
        self.is_to_balance() || !self.changes.queue().is_empty()
    }

    /// Whether the partition that a poll named by number is still read.
    pub fn is_reading(&self, of: usize) -> bool {
        self.parts.get(of).is_some_and(|part| part.as_ref().is_some_and(|part| part.reading))
    }

    /// The partition that a poll named by number.
    pub fn partition(&self, of: usize) -> Option<&TopicPartition> {
        Some(&self.parts.get(of)?.as_ref()?.of)
    }

    /// What is worth a warning since this was last asked.
    pub fn take_warnings(&self) -> Vec<String> {
        self.session.take_news()
    }

    /// Which committed offsets were outside their logs since this was last asked.
    pub fn take_jumped(&mut self) -> Vec<Jump> {
        std::mem::take(&mut self.jumped)
    }

    /// Whether something was accepted and is not committed.
    pub fn is_behind(&self) -> bool {
        !self.accepted.is_empty()
    }

    /// The error of a member that is one no more.
    fn given_up(&self) -> ClusterError {
        let group = &self.options.group;
        if self.is_late {
            return ClusterError::given_up(group, self.options.poll_interval);
        }
        let message = format!(
            "group `{group}` has given this member up: they have not heard of each other for \
             longer than its session"
        );
        ClusterError::new(ErrorKind::UnknownMember, message)
    }

    /// Reads nothing more, until it joins again.
    pub fn put_all_down(&mut self) {
        self.parts.iter_mut().for_each(|part| *part = None);
        self.accepted.clear();
        self.answers.forget();
        self.waiting.clear();
        self.places.clear();
    }

    /// Joins again, as a new member, after the others have given this one up: which librdkafka does
    /// once it is polled, and the loss is answered.
    pub fn rejoin(&mut self) -> Result<()> {
        self.put_all_down();
        (self.is_late, self.is_held) = (false, false);
        self.assigned = None;
        self.take_changes()?;
        self.is_late = false;
        Ok(())
    }

    /// Leaves the group at once. What was accepted has to be committed before.
    pub fn leave(mut self) -> Result<()> {
        let client = self.session.client();
        for change in self.pending.drain(..) {
            answer_last(&self.session, &change);
        }
        let queue = Queue::new(client);
        let most = if self.answers.are_missing() { LEAVE_AWAY_MAX } else { LEAVE_MAX };
        let until = Instant::now() + most.min(self.session.timeout());
        if client.close(&queue).is_ok() {
            while !client.is_closed() && Instant::now() < until {
                if let Some(event) = queue.poll(Duration::from_millis(5))
                    && event.kind() == REBALANCES
                {
                    answer_last(&self.session, &change(&event));
                }
            }
        }
        if self.accepted.is_empty() {
            return Ok(());
        }
        Err(self.uncommitted())
    }
}

/// Answers a change of a member that is about to leave.
fn answer_last(session: &Session, change: &Change) {
    let (client, list) = (session.client(), list_of(&change.of));
    // A change that is out of date by now is no harm: all of it ends.
    drop(if change.comes { client.assign(&list) } else { client.unassign(&list) });
}

/// What an event says of partitions.
fn change(event: &Event) -> Change {
    let named = |entry: super::ffi::list::Entry| {
        let topic = TopicName::new(&entry.topic).ok()?;
        Some(TopicPartition { topic, partition: entry.partition })
    };
    let of = event.partitions().into_iter().filter_map(named).collect();
    Change { comes: event.code() == ASSIGN, of }
}

/// Where a message belongs.
fn place(
    places: &mut HashMap<(TopicId, i32), Option<usize>>,
    parts: &[Option<Part>],
    message: &Message,
) -> Option<usize> {
    *places.entry((message.topic(), message.partition())).or_insert_with(|| {
        let (topic, partition) = (message.topic_name(), message.partition());
        let is = |part: &Part| part.of.topic.as_str() == topic && part.of.partition == partition;
        parts.iter().rposition(|part| part.as_ref().is_some_and(is))
    })
}

/// Takes a partition as read to its end.
fn finish(session: &Session, part: &mut Part) {
    part.done = true;
    session.client().pause(&list_of(std::slice::from_ref(&part.of)));
}
