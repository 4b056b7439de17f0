//! Owns what brokers say about groups, and changing what groups committed. Leaves being a member to
//! `group`.
//!
//! librdkafka asks for groups of consumers and for those without members. Others, of Connect, share
//! groups or streams, are told by the request that brokers have always had; what they cannot
//! describe by it is shown without members.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::config::Use;
use super::ffi::Trouble;
use super::ffi::admin::{Operation, Options};
use super::ffi::groups::{Answer, Described, Member as TheirMember, Old};
use super::ffi::list::{Commit, Entry, List};
use super::ffi::queue::{Event, Queue};
use super::session::Session;
use super::{Remote, error, lock};
use crate::cluster::error::{ClusterError, ErrorKind, Outcome, Result};
use crate::disk::offsets::protocol::decode_assignment;
use crate::group::{
    CommittedOffset, DescribedGroup, GroupId, GroupKind, GroupState, ListedGroup, Member,
    MemberState,
};
use crate::sys;
use crate::topic::{TopicName, TopicPartition};

/// Groups of one request: librdkafka asks about each on its own, all at once.
const CHUNK: usize = 100;
/// Groups whose coordinators librdkafka keeps in mind. Those of more would be looked for twice
/// where it is not connected to them yet, so that it asks about so many alone at first.
const COORDINATORS: usize = 10;
/// How long is waited before a coordinator that is not ready is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// How long librdkafka keeps a question to a coordinator, which is longer than anybody waits here.
/// One that it has given up while it looked for the coordinator is freed when it has found it, and
/// then freed again, which ends the process (`rd_kafka_admin_coord_request`).
const KEPT: Duration = Duration::from_secs(3600);

/// The most bytes of what a member owns that librdkafka is given to read: they hold no more
/// partitions than it takes, and it keeps all names on its stack.
const OWNED_MAX: usize = 400_000;

/// What kind of members a group of consumers has.
const CONSUMER: &str = "consumer";

/// The state of librdkafka's number, if it is one that we know.
const fn state(number: i32) -> Option<GroupState> {
    match number {
        1 => Some(GroupState::PreparingRebalance),
        2 => Some(GroupState::CompletingRebalance),
        3 => Some(GroupState::Stable),
        4 => Some(GroupState::Dead),
        5 => Some(GroupState::Empty),
        _ => None,
    }
}

/// The state by Kafka's name, of which one was another once.
fn state_of_name(name: &str) -> Option<GroupState> {
    let name = if name == "AwaitingSync" { "CompletingRebalance" } else { name };
    GroupState::ALL.into_iter().find(|state| state.name() == name)
}

/// The state of a group of which librdkafka has no number for the state: one of KIP-848, in which
/// assigning is over at once, and members take their time.
const fn state_of_change(kind: GroupKind) -> GroupState {
    match kind {
        GroupKind::Consumer => GroupState::Reconciling,
        _ => GroupState::PreparingRebalance,
    }
}

/// The kind of a group that an old request told, by what its members call themselves.
fn kind_of_protocol(protocol_type: &str) -> GroupKind {
    match protocol_type {
        "share" => GroupKind::Share,
        "streams" => GroupKind::Streams,
        _ => GroupKind::Classic,
    }
}

/// The kind of librdkafka's number.
const fn kind(number: i32) -> GroupKind {
    if number == 1 { GroupKind::Consumer } else { GroupKind::Classic }
}

/// A member as the seam has it.
fn member(of: TheirMember) -> Member {
    let named = |(topic, partition): (String, i32)| {
        Some(TopicPartition { topic: TopicName::new(&topic).ok()?, partition })
    };
    let mut assignment: Vec<_> = of.assignment.into_iter().filter_map(named).collect();
    assignment.sort();
    // Brokers write an address of Java's, with a slash in front.
    let host = of.host.strip_prefix('/').map(str::to_owned).unwrap_or(of.host);
    Member {
        id: of.id,
        instance_id: of.instance_id,
        client_id: of.client_id,
        host,
        assignment,
        state: MemberState::default(),
    }
}

/// A group as the seam has it.
fn described(id: &GroupId, of: Described) -> DescribedGroup {
    let mut members: Vec<Member> = of.members.into_iter().map(member).collect();
    members.sort_by(|a, b| a.id.cmp(&b.id));
    let kind = kind(of.kind);
    let guess = if members.is_empty() { GroupState::Empty } else { state_of_change(kind) };
    DescribedGroup {
        id: id.clone(),
        kind,
        state: state(of.state).unwrap_or(guess),
        coordinator: of.coordinator,
        protocol_type: if of.simple { String::new() } else { CONSUMER.to_owned() },
        assignor: of.assignor,
        generation: -1,
        members,
    }
}

/// The same of a group that the newer request does not tell.
fn described_old(id: &GroupId, of: Old) -> DescribedGroup {
    let is_of_consumers = of.protocol_type == CONSUMER;
    let mut members: Vec<Member> = of.members.into_iter().map(member).collect();
    for (member, owned) in members.iter_mut().zip(&of.owned).filter(|_| is_of_consumers) {
        member.assignment = decode_assignment(owned).unwrap_or_default();
    }
    members.sort_by(|a, b| a.id.cmp(&b.id));
    DescribedGroup {
        id: id.clone(),
        kind: kind_of_protocol(&of.protocol_type),
        state: state_of_name(&of.state).unwrap_or(GroupState::Stable),
        coordinator: of.coordinator,
        protocol_type: of.protocol_type,
        assignor: if is_of_consumers { of.protocol } else { String::new() },
        generation: -1,
        members,
    }
}

/// Whether a group that a broker has listed is of share consumers or streams, which brokers
/// describe as one that is not there to who asks the old way.
fn is_of_others(of: &Old) -> bool {
    of.state == GroupState::Dead.name() && of.protocol_type.is_empty()
}

/// The error of such a group.
fn of_others(id: &GroupId) -> ClusterError {
    let message = format!(
        "group `{id}` is of share consumers or streams, whose groups librdkafka cannot describe"
    );
    ClusterError::new(ErrorKind::Unsupported, message).of_group(id.as_str())
}

/// Whether librdkafka can read what the members of a group own. They say what they like, and it
/// ends the process over what it cannot read (`rd_kafka_DescribeConsumerGroupsResponse_parse`).
fn is_readable(of: &Old) -> bool {
    let is_readable = |owned: &Vec<u8>| {
        // The version, and then the number of topics, which must not be below zero.
        let has_topics = owned.get(2).is_some_and(|byte| byte & 0x80 == 0);
        has_topics && owned.len() <= OWNED_MAX && decode_assignment(owned).is_some()
    };
    let mut owned = of.owned.iter().filter(|owned| !owned.is_empty());
    of.protocol_type != CONSUMER || owned.all(is_readable)
}

/// The error of a group's answer.
fn refused(session: &Session, group: &GroupId, trouble: &Trouble) -> ClusterError {
    match error::kind(trouble.code) {
        ErrorKind::TimedOut | ErrorKind::Unreachable => session.unreachable(),
        ErrorKind::GroupIdNotFound => ClusterError::unknown_group(group.as_str()),
        ErrorKind::NonEmptyGroup | ErrorKind::UnknownMember => {
            let message = format!("group `{group}` has members that would not hear of it");
            ClusterError::new(ErrorKind::NonEmptyGroup, message).of_group(group.as_str())
        }
        _ => {
            let mut error = error::error(trouble);
            error.message = format!("group `{group}`: {}", error.message);
            error.of_group(group.as_str())
        }
    }
}

/// What a group committed, as the seam has it.
fn committed(entry: Entry) -> Option<CommittedOffset> {
    let topic = TopicName::new(&entry.topic).ok()?;
    (entry.code == error::NONE && entry.offset >= 0).then(|| CommittedOffset {
        of: TopicPartition { topic, partition: entry.partition },
        offset: entry.offset,
        leader_epoch: entry.leader_epoch,
        metadata: String::from_utf8_lossy(&entry.metadata.unwrap_or_default()).into_owned(),
        committed_ms: -1,
    })
}

/// Options for a request that is made now.
fn options(session: &Session, operation: Operation) -> Options {
    Options::new(session.client(), operation, session.timeout().max(KEPT))
}

/// Waits for one answer about one group.
fn answer(session: &Session, queue: &Queue, group: &GroupId) -> Result<Answer> {
    let event = session.wait(queue, session.deadline()).map_err(|error| match error.kind {
        ErrorKind::GroupIdNotFound => ClusterError::unknown_group(group.as_str()),
        ErrorKind::NonEmptyGroup | ErrorKind::UnknownMember => {
            let message = format!("group `{group}` has members that would not hear of it");
            ClusterError::new(ErrorKind::NonEmptyGroup, message).of_group(group.as_str())
        }
        ErrorKind::Unsupported => {
            session.client().abandon();
            error
        }
        ErrorKind::GroupAuthorizationFailed => error.of_group(group.as_str()),
        _ => error,
    })?;
    let missing = || ClusterError::new(ErrorKind::Refused, "the answer lacks the group");
    let answer = event.group_answers().into_iter().next().ok_or_else(missing)?;
    if let Err(trouble) = &answer.result {
        give_up(session, trouble);
        return Err(refused(session, group, trouble));
    }
    Ok(answer)
}

/// Leaves a client to itself that a broker without the request has upset.
fn give_up(session: &Session, trouble: &Trouble) {
    if error::kind(trouble.code) == ErrorKind::Unsupported {
        session.client().abandon();
    }
}

/// The outcome of each partition that was asked for.
fn outcomes<'a>(
    asked: impl Iterator<Item = &'a TopicPartition>,
    entries: &[Entry],
    refuse: impl Fn(&TopicPartition, &Entry) -> ClusterError,
) -> Vec<Outcome<TopicPartition>> {
    let result = |of: &TopicPartition| {
        let same = |e: &&Entry| e.topic == of.topic.as_str() && e.partition == of.partition;
        match entries.iter().find(same) {
            Some(entry) if entry.code != error::NONE => Err(refuse(of, entry)),
            _ => Ok(()),
        }
    };
    asked.map(|of| Outcome { of: of.clone(), result: result(of) }).collect()
}

impl Remote {
    /// Returns every group, by id. How many members one has that is not empty is told by its
    /// description.
    pub fn list_groups(&self) -> Result<Vec<ListedGroup>> {
        let session = self.session()?;
        let queue = Queue::new(session.client());
        queue.list_groups(&options(session, Operation::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS));
        let event = session.wait(&queue, session.deadline())?;
        let (listed, troubles) = event.listed_groups();
        if let Some(trouble) = troubles.first() {
            return Err(session.failure(trouble));
        }
        let mut groups = BTreeMap::new();
        // First, so that what the newer request says of the same group stands.
        for old in session.ask(|at_most| session.client().old_groups(None, at_most))? {
            let Ok(id) = GroupId::new(&old.id) else { continue };
            let (kind, state) = if is_of_others(&old) {
                (GroupKind::Unknown, GroupState::Unknown)
            } else {
                let group = described_old(&id, old);
                (group.kind, group.state)
            };
            groups.insert(id.clone(), listing(&id, kind, state));
        }
        let mut unsure = Vec::new();
        for one in listed {
            let Ok(id) = GroupId::new(&one.id) else { continue };
            let kind = kind(one.kind);
            let state = state(one.state).unwrap_or_else(|| {
                unsure.push(id.clone());
                state_of_change(kind)
            });
            groups.insert(id.clone(), listing(&id, kind, state));
        }
        // Old brokers list without states.
        for outcome in self.describe_groups(&unsure)? {
            if let (Ok(group), Some(listed)) = (outcome.result, groups.get_mut(&outcome.of)) {
                listed.state = group.state;
            }
        }
        Ok(groups.into_values().collect())
    }

    /// Returns the named groups, in the order asked.
    pub fn describe_groups(
        &self,
        ids: &[GroupId],
    ) -> Result<Vec<Outcome<GroupId, DescribedGroup>>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let session = self.session()?;
        let only = ids.first().filter(|_| ids.len() == 1).map(GroupId::as_str);
        let old = session.ask(|at_most| session.client().old_groups(only, at_most))?;
        let mut old: BTreeMap<String, Old> =
            old.into_iter().map(|old| (old.id.clone(), old)).collect();
        let queue = Queue::new(session.client());
        let mut chunks = 0;
        let is_odd = |id: &GroupId| old.get(id.as_str()).is_some_and(|old| !is_readable(old));
        let (odd, even): (Vec<&GroupId>, Vec<&GroupId>) = ids.iter().partition(|id| is_odd(id));
        for chunk in even.chunks(CHUNK) {
            let chunk: Vec<_> = chunk.iter().map(|id| id.as_str()).collect();
            let operation = Operation::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS;
            queue.describe_groups(&chunk, &options(session, operation));
            chunks += 1;
        }
        let mut found = BTreeMap::new();
        let until = session.deadline();
        for _ in 0..chunks {
            let event = session.wait(&queue, until)?;
            found.extend(event.described_groups().into_iter().map(|g| (g.id.clone(), g)));
        }
        let mut describe = |id: &GroupId| -> Result<DescribedGroup> {
            let unknown = || ClusterError::unknown_group(id.as_str());
            let old = old.remove(id.as_str());
            if odd.contains(&id) {
                return old.map(|old| described_old(id, old)).ok_or_else(unknown);
            }
            let group = found.remove(id.as_str()).ok_or_else(unknown)?;
            let group = group.result.clone().map(|()| described(id, group));
            match group {
                Ok(group) if group.state != GroupState::Dead => return Ok(group),
                Err(trouble) if is_of_consumers(&trouble) => {
                    return Err(refused(session, id, &trouble));
                }
                _ => {}
            }
            // It may be of other members than consumers.
            if old.as_ref().is_some_and(is_of_others) {
                return Err(of_others(id));
            }
            let old = old.filter(|old| old.protocol_type != CONSUMER);
            old.map(|old| described_old(id, old)).ok_or_else(unknown)
        };
        Ok(ids.iter().map(|id| Outcome { of: id.clone(), result: describe(id) }).collect())
    }

    /// A client that may ask for offsets. One without a group of its own dies of an answer that the
    /// coordinator is another broker by now: `rd_kafka_handle_OffsetFetch` tells that to its group.
    fn open_to_ask_offsets(&self, group: &GroupId) -> Result<Session> {
        let of_group = vec![("group.id".to_owned(), group.to_string())];
        Session::open_with(&self.brokers, self.limits(), &Use::Peek, &self.log, of_group)
    }

    /// Asks librdkafka what groups committed of which that is not known yet, all at once. A
    /// coordinator that is changing, or is starting, is asked again.
    fn fetch_others(
        &self,
        groups: &[GroupId],
        results: &mut [Option<Result<Vec<CommittedOffset>>>],
        until: Instant,
    ) -> Result<()> {
        let Some(first) = groups.first() else { return Ok(()) };
        let session = self.open_to_ask_offsets(first)?;
        let few = groups.get(..COORDINATORS).unwrap_or(groups);
        let mut fetch = |groups| fetch_rest(&session, groups, results, until);
        while let Err(error) = fetch(few).and_then(|()| fetch(groups)) {
            // A coordinator that loads its groups, or has moved, is asked again.
            if !error.kind.is_away() || until <= Instant::now() {
                return Err(error);
            }
            session.check()?;
            sys::wait_any(&[], PAUSE);
        }
        if results.iter().all(|result| matches!(result, Some(Ok(_)))) {
            *lock(&self.peeking) = Some(session);
        }
        Ok(())
    }

    /// Returns what groups committed, each by partition.
    pub fn fetch_offsets(
        &self,
        groups: &[GroupId],
    ) -> Result<Vec<Outcome<GroupId, Vec<CommittedOffset>>>> {
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        // The time is that of the other questions of the command.
        let until = self.session()?.deadline();
        let told = self.told_committed(groups, until)?.into_iter();
        let mut results: Vec<_> = told.map(|told| told.map(Ok)).collect();
        if results.iter().any(Option::is_none) {
            self.fetch_others(groups, &mut results, until)?;
        }
        let missing = || Err(ClusterError::new(ErrorKind::Refused, "the answer lacks the group"));
        let outcome = |(group, result): (&GroupId, Option<_>)| Outcome {
            of: group.clone(),
            result: result.unwrap_or_else(missing),
        };
        Ok(groups.iter().zip(results).map(outcome).collect())
    }

    /// Commits offsets for a group from outside.
    pub fn commit_offsets(
        &self,
        group: &GroupId,
        to: &[CommittedOffset],
    ) -> Result<Vec<Outcome<TopicPartition>>> {
        if to.is_empty() {
            return Ok(Vec::new());
        }
        self.check_no_members(group)?;
        let session = self.session()?;
        let queue = Queue::new(session.client());
        let commit = |committed: &CommittedOffset| (committed.of.clone(), committed.clone());
        let to: Vec<_> = to.iter().map(commit).collect();
        let list = List::commits(to.iter().map(|(of, committed)| Commit {
            topic: of.topic.as_str(),
            partition: of.partition,
            offset: committed.offset,
            leader_epoch: committed.leader_epoch,
            metadata: &committed.metadata,
        }));
        let operation = Operation::RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS;
        queue.alter_group_offsets(group.as_str(), &list, &options(session, operation));
        let answer = answer(session, &queue, group)?;
        let refuse =
            |of: &TopicPartition, entry: &Entry| error::of_topic(entry.code, of.topic.as_str());
        Ok(outcomes(to.iter().map(|(of, _)| of), &answer.entries, refuse))
    }

    /// Forgets what a group committed for some partitions.
    pub fn delete_offsets(
        &self,
        group: &GroupId,
        of: &[TopicPartition],
    ) -> Result<Vec<Outcome<TopicPartition>>> {
        if of.is_empty() {
            return Ok(Vec::new());
        }
        self.check_no_members(group)?;
        let session = self.session()?;
        // A broker forgets what was never committed without a word.
        let known = self.fetch_offsets(std::slice::from_ref(group))?;
        let known: Vec<_> = match known.into_iter().next().map(|outcome| outcome.result) {
            Some(known) => known?.into_iter().map(|committed| committed.of).collect(),
            None => Vec::new(),
        };
        let queue = Queue::new(session.client());
        let list = List::new(of.iter().map(|of| (of.topic.as_str(), of.partition, -1001)));
        let operation = Operation::RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS;
        queue.delete_group_offsets(group.as_str(), &list, &options(session, operation));
        let answer = answer(session, &queue, group)?;
        let refuse = |of: &TopicPartition, entry: &Entry| match error::kind(entry.code) {
            ErrorKind::NonEmptyGroup => refused(session, group, &Trouble::of(entry.code)),
            _ => error::of_topic(entry.code, of.topic.as_str()),
        };
        let mut outcomes = outcomes(of.iter(), &answer.entries, refuse);
        for outcome in &mut outcomes {
            let is_there = |error: &ClusterError| error.kind != ErrorKind::UnknownTopicOrPartition;
            let is_other = outcome.result.as_ref().is_err_and(is_there);
            if !known.contains(&outcome.of) && !is_other {
                let message = format!("group `{group}` has committed nothing for {}", outcome.of);
                let kind = ErrorKind::UnknownTopicOrPartition;
                outcome.result = Err(ClusterError::new(kind, message));
            }
        }
        Ok(outcomes)
    }

    /// Deletes groups with all that they committed.
    pub fn delete_groups(&self, ids: &[GroupId]) -> Result<Vec<Outcome<GroupId>>> {
        let session = self.session()?;
        let queue = Queue::new(session.client());
        let names: Vec<_> = ids.iter().map(GroupId::as_str).collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        queue.delete_groups(&names, &options(session, Operation::RD_KAFKA_ADMIN_OP_DELETEGROUPS));
        let event = session.wait(&queue, session.deadline()).inspect_err(|error| {
            if error.kind == ErrorKind::Unsupported {
                session.client().abandon();
            }
        })?;
        let answers = event.group_answers();
        for trouble in answers.iter().filter_map(|answer| answer.result.as_ref().err()) {
            give_up(session, trouble);
        }
        let result = |id: &GroupId| {
            let answer = answers.iter().find(|answer| answer.id == id.as_str());
            let missing = || ClusterError::new(ErrorKind::Refused, "the answer lacks the group");
            let answer = answer.ok_or_else(missing)?;
            answer.result.as_ref().map_err(|trouble| refused(session, id, trouble)).copied()
        };
        Ok(ids.iter().map(|id| Outcome { of: id.clone(), result: result(id) }).collect())
    }

    /// Refuses a group that has members: brokers only refuse what members subscribe to, and some of
    /// them word it as if the one who asks was a member.
    fn check_no_members(&self, group: &GroupId) -> Result<()> {
        let outcome = self.describe_groups(std::slice::from_ref(group))?.into_iter().next();
        match outcome.map(|outcome| outcome.result) {
            Some(Ok(group)) if !group.members.is_empty() => {
                let (id, count) = (&group.id, group.members.len());
                let plural = if count == 1 { "" } else { "s" };
                let message =
                    format!("group `{id}` has {count} member{plural} that would not hear of it");
                Err(ClusterError::new(ErrorKind::NonEmptyGroup, message).of_group(id.as_str()))
            }
            Some(Err(error)) if error.kind != ErrorKind::GroupIdNotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// A group in a listing.
fn listing(id: &GroupId, kind: GroupKind, state: GroupState) -> ListedGroup {
    let nobody = matches!(state, GroupState::Empty | GroupState::Dead);
    ListedGroup { id: id.clone(), kind, state, members: nobody.then_some(0) }
}

/// Whether the trouble with a description is of another kind than that the group is not known, or
/// not of consumers.
fn is_of_consumers(trouble: &Trouble) -> bool {
    let kind = error::kind(trouble.code);
    !matches!(kind, ErrorKind::GroupIdNotFound | ErrorKind::Refused | ErrorKind::InvalidRequest)
}

/// Asks what the groups committed of which that is not known yet, and waits for all answers.
fn fetch_rest(
    session: &Session,
    groups: &[GroupId],
    results: &mut [Option<Result<Vec<CommittedOffset>>>],
    until: Instant,
) -> Result<()> {
    let queue = Queue::new(session.client());
    let mut waiting = 0;
    for (tag, group) in groups.iter().enumerate() {
        if results.get(tag).is_some_and(Option::is_none) {
            let operation = Operation::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS;
            queue.list_group_offsets(group.as_str(), &options(session, operation).tag(tag));
            waiting += 1;
        }
    }
    let mut away = None;
    for _ in 0..waiting {
        let (event, denied) = match session.wait_any(&queue, until) {
            Err(error) if error.kind.is_away() => {
                away = Some(error);
                continue;
            }
            event => event?,
        };
        let tag = event.tag();
        if let (Some(result), Some(group)) = (results.get_mut(tag), groups.get(tag)) {
            match denied.map_or_else(|| offsets_in(session, group, &event), Err) {
                Err(error) if error.kind.is_away() => away = Some(error),
                offsets => *result = Some(offsets.map_err(|error| error.of_group(group.as_str()))),
            }
        }
    }
    away.map_or(Ok(()), Err)
}

/// The offsets in an answer.
fn offsets_in(session: &Session, group: &GroupId, event: &Event) -> Result<Vec<CommittedOffset>> {
    let answers = event.group_answers();
    let missing = || ClusterError::new(ErrorKind::Refused, "the answer lacks the group");
    let answer = answers.into_iter().next().ok_or_else(missing)?;
    match &answer.result {
        Ok(()) => {}
        // Newer brokers say so where older ones answer with nothing.
        Err(trouble) if error::kind(trouble.code) == ErrorKind::GroupIdNotFound => {
            return Ok(Vec::new());
        }
        Err(trouble) => return Err(refused(session, group, trouble)),
    }
    let mut all: Vec<_> = answer.entries.into_iter().filter_map(committed).collect();
    all.sort_by(|a, b| a.of.cmp(&b.of));
    Ok(all)
}
