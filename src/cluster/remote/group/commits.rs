//! Owns what a member of brokers commits, and how long it waits for their answers: one that does
//! not come is waited for once, not at every commit. Leaves sharing out to `share`.

use std::time::{Duration, Instant};

use rdkafka_sys::bindings::rd_kafka_resp_err_t as Known;

use super::{GroupConsumer, LOOK_MAX};
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::remote::error;
use crate::cluster::remote::ffi::list::{Commit, List};
use crate::cluster::remote::ffi::queue::{Event, Queue};
use crate::cluster::remote::ffi::{Code, Trouble};
use crate::out::units;
use crate::topic::TopicPartition;

/// How long a commit is waited for. One that takes longer stays under way, and its answer is
/// looked for now and then.
const COMMIT_MAX: Duration = Duration::from_secs(2);
/// How long one is waited for at the least: it may be the last.
const COMMIT_MIN: Duration = Duration::from_millis(100);

/// What is heard of the brokers, and what is not.
#[derive(Debug)]
pub(super) struct Answers {
    /// The commit without an answer, and when it was made.
    underway: Option<(Queue, Instant)>,
    /// Since when no commit was answered.
    missing: Option<Instant>,
    /// Whether that was told here; false where the connections tell it.
    told: Option<bool>,
    /// Since when the last commit is tried.
    leaving: Option<Instant>,
    /// How many answers of any kind there were, and since when there are no more.
    heard: (u64, Instant),
    /// When somebody was asked, to hear something.
    asked: Option<Instant>,
}

impl Answers {
    /// Nothing is missing yet.
    pub(super) fn new() -> Self {
        let heard = (0, Instant::now());
        Self { underway: None, missing: None, told: None, leaving: None, heard, asked: None }
    }

    /// Whether a commit is not answered.
    pub(super) const fn are_missing(&self) -> bool {
        self.missing.is_some()
    }

    /// The commits so far are none of ours any more.
    pub(super) fn forget(&mut self) {
        (self.underway, self.missing, self.told) = (None, None, None);
    }
}

impl GroupConsumer {
    /// Notes that everything before `next_offset` of a partition has been accepted.
    pub fn accept(&mut self, of: usize, next_offset: i64) {
        if let Some(Some(part)) = self.parts.get_mut(of) {
            let passed = part.passed.filter(|(from, _)| *from == next_offset);
            let next_offset = passed.map_or(next_offset, |(_, to)| to);
            part.accepted = next_offset;
            // The epoch is that of the last record read, which may come after this one.
            let epoch = if part.next == next_offset { part.leader_epoch } else { -1 };
            self.accepted.insert(part.of.clone(), (next_offset, epoch));
        }
    }

    /// How long a commit is waited for now: where others were not answered, no second time.
    pub(super) fn patience(&self) -> Duration {
        let waited = self.answers.missing.map_or(Duration::ZERO, |since| since.elapsed());
        COMMIT_MAX.min(self.session.timeout()).saturating_sub(waited)
    }

    /// Commits what was accepted, all of it at once; answers how many partitions that were: none
    /// while the coordinator is away, or the group changes over, when it is to be tried again. A
    /// member that the others have given up commits nothing.
    pub fn commit(&mut self) -> Result<usize> {
        let mut count = 0;
        // Of what was accepted while one was under way there is one more.
        for _ in 0..2 {
            if self.accepted.is_empty() {
                break;
            }
            self.take_changes()?;
            if self.is_given_up() {
                return Err(self.given_up());
            }
            let least = match &self.answers.underway {
                Some(_) => Duration::ZERO,
                None => COMMIT_MIN,
            };
            if self.answers.underway.is_none()
                && let Err(code) = self.start_commit()
            {
                return self.not_committed(code);
            }
            match self.take_answer(self.patience().max(least))? {
                0 => break,
                more => count += more,
            }
        }
        Ok(count)
    }

    /// Sends what was accepted.
    fn start_commit(&mut self) -> Result<(), Code> {
        let list =
            List::commits(self.accepted.iter().map(|(of, &(offset, leader_epoch))| Commit {
                topic: of.topic.as_str(),
                partition: of.partition,
                offset,
                leader_epoch,
                metadata: "",
            }));
        let queue = Queue::new(self.session.client());
        self.session.client().commit(&list, &queue)?;
        self.answers.underway = Some((queue, Instant::now()));
        Ok(())
    }

    /// Waits for the answer to the commit under way; answers how many partitions it was of.
    fn take_answer(&mut self, at_most: Duration) -> Result<usize> {
        let Some((queue, made)) = self.answers.underway.take() else { return Ok(0) };
        let Some(event) = self.session.wait_quietly(&queue, Instant::now() + at_most)? else {
            self.answers.underway = Some((queue, made));
            return self.miss(made);
        };
        if is_no_answer(event.code()) {
            return self.miss(made);
        }
        let is_told = self.answers.told.take() == Some(true);
        if let Some(since) = self.answers.missing.take()
            && is_told
        {
            let after = units::duration(since.elapsed());
            self.session.add_news(format!("commits are answered again, after {after}"));
        }
        self.take_committed(&event)
    }

    /// Takes up what was committed, and what was not.
    fn take_committed(&mut self, event: &Event) -> Result<usize> {
        if event.code() != Code::NONE {
            return self.not_committed(event.code());
        }
        let (mut count, mut refused) = (0, None);
        for entry in event.partitions() {
            if entry.code != Code::NONE {
                refused = Some(entry.code);
                continue;
            }
            // More may have been accepted since it was sent.
            self.accepted.retain(|of, &mut (next, _)| {
                let is_it = of.partition == entry.partition && of.topic.as_str() == entry.topic;
                !is_it || next > entry.offset
            });
            count += 1;
        }
        refused.map_or(Ok(count), |code| self.not_committed(code))
    }

    /// Takes up that a commit has no answer yet. Who reads to an end does not wait for ever.
    fn miss(&mut self, made: Instant) -> Result<usize> {
        let waited = self.answers.missing.get_or_insert(made).elapsed();
        if self.ends.is_some() && waited >= self.session.timeout() {
            return Err(self.uncommitted());
        }
        if self.answers.told.is_none() && self.session.is_down(Duration::ZERO) {
            self.answers.told = Some(false);
        } else if self.answers.told.is_none() && self.patience().is_zero() {
            self.answers.told = Some(true);
            let group = &self.options.group;
            let line = format!("a commit of group `{group}` has no answer, and is waited for");
            self.session.add_news(line);
        }
        Ok(0)
    }

    /// What it means that offsets were not committed.
    fn not_committed(&mut self, code: Code) -> Result<usize> {
        const LATER: &[Known] = &[
            Known::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
            Known::RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH,
            Known::RD_KAFKA_RESP_ERR__IN_PROGRESS,
        ];
        if LATER.iter().any(|later| Code::of(*later) == code) {
            return Ok(0);
        }
        if is_no_answer(code) {
            return self.miss(Instant::now());
        }
        match error::kind(code) {
            ErrorKind::UnknownMember => Err(self.given_up()),
            // If it is deleted, the next look at the topics says so, and what was accepted of it is
            // dropped; if not, it is committed later.
            ErrorKind::UnknownTopicOrPartition => {
                self.look_soon();
                Ok(0)
            }
            _ => Err(self.trouble(&Trouble::of(code))),
        }
    }

    /// Whether the last commit is to be tried yet. Brokers that are away are waited for as long as
    /// for any answer, from when the first commit was not answered; after a signal not for long.
    pub fn is_to_commit(&mut self, is_stopped: bool) -> bool {
        let leaving = *self.answers.leaving.get_or_insert_with(Instant::now);
        let timeout = self.session.timeout();
        let most = if is_stopped { COMMIT_MAX.min(timeout) } else { timeout };
        let away = self.answers.missing.unwrap_or(leaving).elapsed();
        !self.accepted.is_empty() && away < most
    }

    /// The error of a member that has waited for long enough; it does not wait again to leave.
    pub(super) fn wait_no_more(&mut self, error: ClusterError) -> ClusterError {
        let now = Instant::now();
        let since = now.checked_sub(self.session.timeout()).unwrap_or(now);
        self.answers.missing.get_or_insert(since);
        error
    }

    /// The error of what is not committed, and cannot be.
    pub(super) fn uncommitted(&self) -> ClusterError {
        let mut error = self.session.unreachable();
        error.message = format!("what was read is not committed: {}", error.message);
        error
    }

    /// Tells what of partitions that go was read, and could not be committed.
    pub(super) fn tell_dropped(&self, of: &[TopicPartition]) {
        for (of, (next, _)) in self.accepted.iter().filter(|(at, _)| of.contains(at)) {
            self.session.add_news(format!(
                "{of}: what was read before offset {next} could not be committed, and comes again"
            ));
        }
    }

    /// Whether nobody has said anything for as long as an answer is waited for. Before that
    /// somebody is asked, since a broker that has nothing to say is silent too.
    pub(super) fn is_silent(&mut self) -> bool {
        let (half, client) = (self.session.timeout() / 2, self.session.client());
        let answers = client.answers();
        if answers != self.answers.heard.0 {
            self.answers.heard = (answers, Instant::now());
            self.answers.asked = None;
        }
        match self.answers.asked {
            Some(asked) => asked.elapsed() >= half,
            None if self.answers.heard.1.elapsed() >= half => {
                self.answers.asked = Some(Instant::now());
                // Also an answer that comes later is heard.
                drop(client.all_topics(LOOK_MAX.min(half)));
                false
            }
            None => false,
        }
    }
}

/// Whether a commit failed because nobody took it.
fn is_no_answer(code: Code) -> bool {
    code == Code::of(Known::RD_KAFKA_RESP_ERR__WAIT_COORD) || error::kind(code).is_away()
}
