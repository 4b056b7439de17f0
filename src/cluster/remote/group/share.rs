//! Owns what a member of brokers does when partitions come and go: takes them up where the group
//! stands, lets them go. Leaves polling to `group`, committing to `commits`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{GroupConsumer, LOOK_AGAIN, LOOK_MAX, Part, finish, list_of};
use crate::cluster::embedded::topics::TopicsWatch;
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::remote::ffi::list::List;
use crate::cluster::remote::{joining, offsets};
use crate::cluster::types::{Jump, OffsetAt, Shared};
use crate::offset::Position;
use crate::sys;
use crate::topic::{TopicName, TopicPartition};

impl GroupConsumer {
    /// Looks at the topics at the next poll, unless one is looked for again already.
    pub(super) fn look_soon(&mut self) {
        if self.missing.is_empty() {
            self.topics = TopicsWatch::timed(Duration::ZERO);
        }
    }

    /// Takes up which topics there are now.
    pub(super) fn look_at_topics(&mut self) -> Result<()> {
        self.topics = TopicsWatch::timed(crate::cluster::WATCH_EVERY);
        // While brokers are away nothing is known to have changed.
        let Ok(infos) = self.session.client().all_topics(LOOK_MAX) else { return Ok(()) };
        let mut now = joining::wanted(&infos, &self.options);
        // A broker that has just started may not have heard of a topic: it is gone if it is missing
        // twice.
        let missing: BTreeSet<TopicName> = self.wanted.difference(&now).cloned().collect();
        if !missing.is_empty() {
            self.topics = TopicsWatch::timed(LOOK_AGAIN);
        }
        now.extend(missing.difference(&self.missing).cloned());
        self.missing = missing;
        if now == self.wanted {
            return Ok(());
        }
        self.found.extend(now.difference(&self.wanted).cloned());
        self.deleted.extend(self.wanted.difference(&now).cloned());
        self.wanted = now;
        let gone = |part: &Part| !self.wanted.contains(&part.of.topic);
        for part in self.parts.iter_mut().flatten().filter(|part| gone(part)) {
            (part.done, part.reading) = (true, false);
            self.accepted.remove(&part.of);
        }
        self.subscribe()
    }

    /// Answers what is to become of the partitions: takes up those that became ours, lets go of
    /// those that go. What was accepted has to be committed before. Partitions of which something
    /// is still on its way out (`is_held`) are read no more, and let go of by a later rebalance.
    pub fn rebalance(&mut self, is_held: &dyn Fn(&TopicPartition) -> bool) -> Result<Shared> {
        self.take_changes()?;
        if self.is_given_up() {
            return Err(self.given_up());
        }
        self.is_held = false;
        while let Some(change) = self.pending.pop_front() {
            if change.comes {
                match self.take_up(&change.of) {
                    Err(error) if self.is_to_wait(&error) => {
                        self.pending.push_front(change);
                        break;
                    }
                    Err(error) if error.kind.is_away() => return Err(self.wait_no_more(error)),
                    taken => taken?,
                }
                continue;
            }
            self.put_down(&change.of);
            if change.of.iter().any(is_held) {
                self.is_held = true;
                self.pending.push_front(change);
                break;
            }
            self.let_go(&change.of)?;
        }
        let deleted = std::mem::take(&mut self.deleted);
        if self.options.pattern.is_none()
            && self.wanted.is_empty()
            && let Some(topic) = deleted.first()
        {
            return Err(ClusterError::deleted_topic(topic.as_str()));
        }
        let (member, generation) = self.session.client().membership();
        let reading = self.parts.iter().flatten().filter(|part| part.reading);
        let mut mine: Vec<_> = reading.map(|part| part.of.clone()).collect();
        mine.sort();
        let found = std::mem::take(&mut self.found);
        Ok(Shared { generation, member, mine, members: Vec::new(), found, deleted })
    }

    /// Whether brokers that are away are the trouble, and are waited for: who follows has time.
    fn is_to_wait(&self, error: &ClusterError) -> bool {
        error.kind.is_away() && self.ends.is_none()
    }

    /// Reads partitions no more; they are not let go of yet.
    pub(super) fn put_down(&mut self, of: &[TopicPartition]) {
        for part in self.parts.iter_mut().flatten().filter(|part| of.contains(&part.of)) {
            part.reading = false;
        }
        // What was fetched before must not be taken for what is read when they come back.
        self.waiting.clear();
        self.places.clear();
    }

    /// Lets go of partitions.
    pub(super) fn let_go(&mut self, of: &[TopicPartition]) -> Result<()> {
        let until = Instant::now() + self.patience();
        while self.accepted.keys().any(|accepted| of.contains(accepted)) && Instant::now() < until {
            if self.commit()? == 0 {
                sys::wait_any(&[], Duration::from_millis(20));
            }
        }
        self.tell_dropped(of);
        if !self.session.client().is_cooperative() {
            self.assigned = None;
        }
        self.session.client().unassign(&list_of(of)).map_err(|trouble| self.trouble(&trouble))?;
        for part in &mut self.parts {
            if let Some(gone) = part.take_if(|part| of.contains(&part.of)) {
                self.accepted.remove(&gone.of);
            }
        }
        Ok(())
    }

    /// Starts to read what became ours, where the group stands.
    pub(super) fn take_up(&mut self, of: &[TopicPartition]) -> Result<()> {
        let client = Arc::clone(self.session.client());
        let names: Vec<_> = of.iter().map(|of| (of.topic.as_str(), of.partition)).collect();
        // Asked only now: the old owner committed before it let go.
        let committed = self.session.ask(|at_most| client.committed(&list_of(of), at_most))?;
        let end = if self.committed_only { OffsetAt::LastStable } else { OffsetAt::End };
        let first = match self.options.start {
            Position::Time(timestamp_ms) => OffsetAt::Timestamp(timestamp_ms),
            _ => OffsetAt::Start,
        };
        let asked = [OffsetAt::Start, OffsetAt::End, end, first].map(offsets::asked);
        let bounds = offsets::ask(&self.session, &names, &asked)?;
        let (mut starts, mut parts) = (Vec::with_capacity(of.len()), Vec::new());
        for (of, entry) in of.iter().zip(&committed) {
            let committed = (entry.offset >= 0).then_some(entry.offset);
            match self.start(of, committed, &bounds) {
                Ok(part) => {
                    starts.push((of, part.next));
                    client.forward(of.topic.as_str(), of.partition, self.records.queue());
                    parts.push(Some(part));
                }
                // Deleted since: the next look at the topics says so.
                Err(error) if error.kind == ErrorKind::UnknownTopicOrPartition => {
                    client.forward(of.topic.as_str(), of.partition, self.records.queue());
                    starts.push((of, -2));
                }
                Err(error) => return Err(error),
            }
        }
        let list = starts.iter().map(|(of, from)| (of.topic.as_str(), of.partition, *from));
        client.assign(&List::new(list)).map_err(|trouble| self.trouble(&trouble))?;
        self.parts.append(&mut parts);
        for part in self.parts.iter_mut().flatten().filter(|part| part.next >= part.to) {
            finish(&self.session, part);
        }
        self.places.clear();
        (self.assigned, self.has_joined, self.is_late) = (Some(Instant::now()), true, false);
        // While it waited for its share there was nothing to come.
        self.idle = Duration::ZERO;
        Ok(())
    }

    /// Where a partition is to be read from and to.
    pub(super) fn start(
        &mut self,
        of: &TopicPartition,
        committed: Option<i64>,
        bounds: &[offsets::Offsets],
    ) -> Result<Part> {
        let bound = |which: usize| -> Result<i64> {
            let unknown = || ClusterError::unknown_topic(of.topic.as_str());
            let offsets = bounds.get(which).ok_or_else(unknown)?;
            Ok(offsets.get(of.topic.as_str(), of.partition)?.entry.offset)
        };
        let (start, end, readable) = (bound(0)?, bound(1)?, bound(2)?);
        let asked = match (committed, self.options.start) {
            (Some(committed), _) => committed,
            // Where no record is that late, the answer is -1.
            (None, Position::Time(_)) => Some(bound(3)?).filter(|&at| at >= 0).unwrap_or(end),
            (None, position) => position.resolve(start, end).unwrap_or(start),
        };
        let mut next = asked;
        if !(start..=end).contains(&asked) {
            let instead = self.options.on_out_of_range.instead(start, end);
            next = instead.ok_or_else(|| joining::out_of_range(of, asked, start, end))?;
            // It may be the second try.
            self.jumped.retain(|jump| jump.of != *of);
            self.jumped.push(Jump { of: of.clone(), asked, log: (start, end), to: next });
        }
        // Chosen once for the whole group: who takes the partition over goes on from here.
        if next != asked || (committed.is_none() && self.options.start != Position::Start) {
            self.accepted.insert(of.clone(), (next, -1));
        }
        let to = self.ends.as_ref().map(|ends| ends.get(of).copied().unwrap_or(readable));
        let to = to.map_or(i64::MAX, |to| to.max(next));
        Ok(Part {
            of: of.clone(),
            next,
            leader_epoch: -1,
            accepted: next,
            passed: None,
            to,
            done: false,
            reading: true,
        })
    }
}
