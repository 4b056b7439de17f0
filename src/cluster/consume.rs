//! Owns the two kinds of consumer, and the two kinds of member, as one. Leaves reading to the back
//! ends.

use std::time::Instant;

use super::embedded::consume::Consumer as EmbeddedConsumer;
use super::embedded::group::GroupConsumer as EmbeddedMember;
use super::error::Result;
use super::remote::consume::Consumer as RemoteConsumer;
use super::remote::group::GroupConsumer as RemoteMember;
use super::types::{Hole, Jump, Polled, Shared, Skipped};
use crate::offset::OutOfRange;
use crate::record::RecordBuffer;
use crate::sys::Word;
use crate::topic::TopicPartition;

/// Reads records of several partitions, many of one after many of another.
#[derive(Debug)]
pub enum Consumer {
    /// Of a log directory.
    Embedded(EmbeddedConsumer),
    /// Of brokers.
    Remote(Box<RemoteConsumer>),
}

impl Consumer {
    /// Reads records of one partition into `buffer`, or waits for some until `until`, or until one
    /// of the words beside no longer holds its value.
    pub fn poll(
        &mut self,
        buffer: &mut RecordBuffer,
        until: Instant,
        beside: &[Word<'_>],
    ) -> Result<Polled> {
        match self {
            Self::Embedded(consumer) => consumer.poll(buffer, until, beside),
            Self::Remote(consumer) => consumer.poll(buffer, until, beside),
        }
    }

    /// One of so many that are read at once: takes its share of files and of memory.
    pub fn share(&mut self, consumers: usize) {
        match self {
            Self::Embedded(consumer) => consumer.share(consumers),
            Self::Remote(_) => {}
        }
    }

    /// From now on passes over what is damaged. What brokers have is theirs to mend.
    pub fn skip_damaged(&mut self) {
        match self {
            Self::Embedded(consumer) => consumer.skip_damaged(),
            Self::Remote(_) => {}
        }
    }

    /// What was passed over since this was last asked, and where.
    pub fn take_skipped(&mut self) -> Vec<(TopicPartition, Skipped)> {
        match self {
            Self::Embedded(consumer) => consumer.take_skipped(),
            Self::Remote(_) => Vec::new(),
        }
    }

    /// What is worth a warning since this was last asked.
    pub fn take_warnings(&self) -> Vec<String> {
        match self {
            Self::Embedded(_) => Vec::new(),
            Self::Remote(consumer) => consumer.take_warnings(),
        }
    }

    /// From now on reads on elsewhere, if `policy` says so, where what is to be read is gone.
    /// Brokers are asked once, before anything is read.
    pub fn on_out_of_range(&mut self, policy: OutOfRange) {
        match self {
            Self::Embedded(consumer) => consumer.on_out_of_range(policy),
            Self::Remote(_) => {}
        }
    }

    /// Where that was done since this was last asked.
    pub fn take_jumped(&mut self) -> Vec<Jump> {
        match self {
            Self::Embedded(consumer) => consumer.take_jumped(),
            Self::Remote(_) => Vec::new(),
        }
    }

    /// From now on notes which offsets have no record.
    pub fn note_holes(&mut self) {
        match self {
            Self::Embedded(consumer) => consumer.note_holes(),
            Self::Remote(consumer) => consumer.note_holes(),
        }
    }

    /// The offsets without records that were passed since this was last asked.
    pub fn take_holes(&mut self) -> Vec<(TopicPartition, Hole)> {
        match self {
            Self::Embedded(consumer) => consumer.take_holes(),
            Self::Remote(consumer) => consumer.take_holes(),
        }
    }

    /// Takes all partitions of a topic away.
    pub fn remove_topic(&mut self, topic: &str) {
        match self {
            Self::Embedded(consumer) => consumer.remove_topic(topic),
            Self::Remote(consumer) => consumer.remove_topic(topic),
        }
    }

    /// Whether there may be other topics, or more partitions, since this was last asked.
    pub fn take_changed(&mut self) -> bool {
        match self {
            // Its watch knows.
            Self::Embedded(_) => true,
            Self::Remote(consumer) => consumer.take_changed(),
        }
    }

    /// Whether nobody can be asked now.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Embedded(_) => false,
            Self::Remote(consumer) => consumer.is_away(),
        }
    }

    /// Whether it has no partition.
    pub const fn is_of_nothing(&self) -> bool {
        match self {
            Self::Embedded(consumer) => consumer.is_of_nothing(),
            Self::Remote(consumer) => consumer.is_of_nothing(),
        }
    }
}

/// A member of a group.
#[derive(Debug)]
pub enum GroupConsumer {
    /// Of a log directory.
    Embedded(Box<EmbeddedMember>),
    /// Of brokers.
    Remote(Box<RemoteMember>),
}

impl GroupConsumer {
    /// Reads records of one of its partitions, or waits for some until `until`, or until one of the
    /// words beside is not what it was.
    pub fn poll(
        &mut self,
        buffer: &mut RecordBuffer,
        until: Instant,
        beside: &[Word<'_>],
    ) -> Result<Polled> {
        match self {
            Self::Embedded(member) => member.poll(buffer, until, beside),
            Self::Remote(member) => member.poll(buffer, until, beside),
        }
    }

    /// What is worth a warning since this was last asked.
    pub fn take_warnings(&self) -> Vec<String> {
        match self {
            Self::Embedded(_) => Vec::new(),
            Self::Remote(member) => member.take_warnings(),
        }
    }

    /// Which committed offsets were outside their logs since this was last asked.
    pub fn take_jumped(&mut self) -> Vec<Jump> {
        match self {
            Self::Embedded(member) => member.take_jumped(),
            Self::Remote(member) => member.take_jumped(),
        }
    }

    /// What was passed over as damaged since this was last asked, and where.
    pub fn take_skipped(&mut self) -> Vec<(TopicPartition, Skipped)> {
        match self {
            Self::Embedded(member) => member.take_skipped(),
            Self::Remote(_) => Vec::new(),
        }
    }

    /// Says to the others that it polls.
    pub fn beat(&mut self) {
        match self {
            Self::Embedded(member) => member.beat(),
            Self::Remote(member) => member.beat(),
        }
    }

    /// Whether none of its topics is there.
    pub fn is_without_topics(&self) -> bool {
        match self {
            Self::Embedded(member) => member.is_without_topics(),
            Self::Remote(member) => member.is_without_topics(),
        }
    }

    /// Whether members came or went, or topics changed, since the last rebalance.
    pub fn is_unbalanced(&self) -> bool {
        match self {
            Self::Embedded(member) => member.is_unbalanced(),
            Self::Remote(member) => member.is_unbalanced(),
        }
    }

    /// Whether the partition that a poll named by number is still read.
    pub fn is_reading(&self, of: usize) -> bool {
        match self {
            Self::Embedded(member) => member.is_reading(of),
            Self::Remote(member) => member.is_reading(of),
        }
    }

    /// The partition that a poll named by number.
    pub fn partition(&self, of: usize) -> Option<&TopicPartition> {
        match self {
            Self::Embedded(member) => member.partition(of),
            Self::Remote(member) => member.partition(of),
        }
    }

    /// Takes up what members came and went: lets go of what is no longer ours, and takes up what
    /// nobody owns. What was accepted has to be committed before. Partitions of which something is
    /// still on its way out (`is_held`) are read no more, and let go of by a later rebalance.
    pub fn rebalance(&mut self, is_held: &dyn Fn(&TopicPartition) -> bool) -> Result<Shared> {
        match self {
            Self::Embedded(member) => member.rebalance(is_held),
            Self::Remote(member) => member.rebalance(is_held),
        }
    }

    /// Whether something was accepted and is not committed.
    pub fn is_behind(&self) -> bool {
        match self {
            Self::Embedded(member) => member.is_behind(),
            Self::Remote(member) => member.is_behind(),
        }
    }

    /// Notes that everything before `next_offset` of a partition has been accepted.
    pub fn accept(&mut self, of: usize, next_offset: i64) {
        match self {
            Self::Embedded(member) => member.accept(of, next_offset),
            Self::Remote(member) => member.accept(of, next_offset),
        }
    }

    /// Commits what was accepted, all of it at once; answers how many partitions that were. A
    /// member that the others have given up commits nothing.
    pub fn commit(&mut self) -> Result<usize> {
        match self {
            Self::Embedded(member) => member.commit(),
            Self::Remote(member) => member.commit(),
        }
    }

    /// Whether what was accepted is to be committed yet, and may be: brokers that are away are
    /// waited for, after a signal not for long.
    pub fn is_to_commit(&mut self, is_stopped: bool) -> bool {
        match self {
            Self::Embedded(_) => false,
            Self::Remote(member) => member.is_to_commit(is_stopped),
        }
    }

    /// Reads nothing more, until it joins again.
    pub fn put_all_down(&mut self) {
        match self {
            Self::Embedded(member) => member.put_all_down(),
            Self::Remote(member) => member.put_all_down(),
        }
    }

    /// Joins again, as a new member, after the others have given this one up.
    pub fn rejoin(&mut self) -> Result<()> {
        match self {
            Self::Embedded(member) => member.rejoin(),
            Self::Remote(member) => member.rejoin(),
        }
    }

    /// Leaves the group at once. What was accepted has to be committed before.
    pub fn leave(self) -> Result<()> {
        match self {
            Self::Embedded(member) => member.leave(),
            Self::Remote(member) => member.leave(),
        }
    }
}
