//! Owns the two kinds of consumer, and the two kinds of member, as one. Leaves reading to the back
//! ends.

use std::time::Instant;

use super::embedded::consume::Consumer as EmbeddedConsumer;
use super::embedded::group::GroupConsumer as EmbeddedMember;
use super::error::Result;
use super::remote::consume::Consumer as RemoteConsumer;
use super::types::{Polled, Shared};
use crate::record::RecordBuffer;
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
    /// Reads records of one partition into `buffer`, or waits for some until `until`.
    pub fn poll(&mut self, buffer: &mut RecordBuffer, until: Instant) -> Result<Polled> {
        match self {
            Self::Embedded(consumer) => consumer.poll(buffer, until),
            Self::Remote(consumer) => consumer.poll(buffer, until),
        }
    }
}

/// A member of a group.
#[derive(Debug)]
pub enum GroupConsumer {
    /// Of a log directory.
    Embedded(EmbeddedMember),
}

impl GroupConsumer {
    /// Reads records of one of its partitions, or waits for some until `until`.
    pub fn poll(&mut self, buffer: &mut RecordBuffer, until: Instant) -> Result<Polled> {
        match self {
            Self::Embedded(member) => member.poll(buffer, until),
        }
    }

    /// Whether members came or went, or topics changed, since the last rebalance.
    pub fn is_unbalanced(&self) -> bool {
        match self {
            Self::Embedded(member) => member.is_unbalanced(),
        }
    }

    /// Whether the partition that a poll named by number is still read.
    pub fn is_reading(&self, of: usize) -> bool {
        match self {
            Self::Embedded(member) => member.is_reading(of),
        }
    }

    /// The partition that a poll named by number.
    pub fn partition(&self, of: usize) -> Option<&TopicPartition> {
        match self {
            Self::Embedded(member) => member.partition(of),
        }
    }

    /// Takes up what members came and went: lets go of what is no longer ours, and notes what is to
    /// become ours. What was accepted has to be committed before.
    pub fn rebalance(&mut self) -> Result<Shared> {
        match self {
            Self::Embedded(member) => member.rebalance(),
        }
    }

    /// Notes that everything before `next_offset` of a partition has been accepted.
    pub fn accept(&mut self, of: usize, next_offset: i64) {
        match self {
            Self::Embedded(member) => member.accept(of, next_offset),
        }
    }

    /// Commits what was accepted, all of it at once; answers how many partitions that were. A
    /// member that the others have given up commits nothing.
    pub fn commit(&mut self) -> Result<usize> {
        match self {
            Self::Embedded(member) => member.commit(),
        }
    }

    /// Leaves the group at once. What was accepted has to be committed before.
    pub fn leave(self) -> Result<()> {
        match self {
            Self::Embedded(member) => member.leave(),
        }
    }
}
