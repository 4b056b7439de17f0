//! Owns reading as a member of a group: commits what stdout has accepted and nothing else, and
//! tells who has which partitions. Leaves the group to the cluster.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::cluster::error::Result;
use crate::cluster::types::{Polled, Shared};
use crate::cluster::{Consumer, GroupConsumer};
use crate::commands::groups::shown;
use crate::commands::output::Output;
use crate::out::Out;
use crate::record::RecordBuffer;

/// How often what was accepted is committed, in a stream that does not end.
const COMMIT_EVERY: Duration = Duration::from_millis(500);

/// Where records come from.
pub enum Source {
    /// Partitions that were asked for, and the names of their topics.
    Plain(Consumer, Vec<String>),
    /// Those that the group gives us.
    Member(Box<Member>),
}

impl Source {
    /// Reads records of one partition, or waits for some.
    pub fn poll(&mut self, buffer: &mut RecordBuffer, until: Instant) -> Result<Polled> {
        match self {
            Self::Plain(consumer, _) => consumer.poll(buffer, until),
            Self::Member(member) => member.consumer.poll(buffer, until),
        }
    }

    /// The topic of a partition that a poll named.
    pub fn topic(&self, of: usize) -> &str {
        match self {
            Self::Plain(_, topics) => topics.get(of).map_or("", String::as_str),
            Self::Member(member) => {
                member.consumer.partition(of).map_or("", |of| of.topic.as_str())
            }
        }
    }

    /// Whether the partition that a poll named is still read.
    pub fn is_reading(&self, of: usize) -> bool {
        match self {
            Self::Plain(..) => true,
            Self::Member(member) => member.consumer.is_reading(of),
        }
    }

    /// Notes that everything before `next_offset` is in the output, up to its `ticket`.
    pub fn note(&mut self, of: usize, next_offset: i64, ticket: u64) {
        if let Self::Member(member) = self {
            member.pending.push_back((ticket, of, next_offset));
        }
    }

    /// Commits now and then, and as soon as there is nothing else to do.
    pub fn commit_when_due(&mut self, output: &Output, idle: bool) -> Result<()> {
        match self {
            Self::Member(member) if idle || member.committed.elapsed() >= COMMIT_EVERY => {
                member.commit(output)
            }
            _ => Ok(()),
        }
    }

    /// Does what cannot wait while records of a partition are written slowly: commits when that is
    /// due, and takes up that members came or went. False if the partition is ours no more.
    pub fn keep_up(&mut self, of: usize, output: &Output, out: &Out) -> Result<bool> {
        self.commit_when_due(output, false)?;
        let Self::Member(member) = self else { return Ok(true) };
        if member.consumer.is_unbalanced() {
            member.rebalance(output, out)?;
        }
        Ok(member.consumer.is_reading(of))
    }

    /// Takes up that members came or went.
    pub fn rebalance(&mut self, output: &Output, out: &Out) -> Result<()> {
        match self {
            Self::Member(member) => member.rebalance(output, out),
            Self::Plain(..) => Ok(()),
        }
    }
}

/// A member, and what is on its way to stdout.
pub struct Member {
    consumer: GroupConsumer,
    group: String,
    /// Tickets of the output, and how far of which partition they go.
    pending: VecDeque<(u64, usize, i64)>,
    committed: Instant,
    told: Option<Shared>,
}

impl Member {
    /// A member that has just joined.
    pub fn new(consumer: GroupConsumer, group: String) -> Self {
        let committed = Instant::now();
        Self { consumer, group, pending: VecDeque::new(), committed, told: None }
    }

    /// Takes what stdout has accepted as read.
    fn settle(&mut self, output: &Output) {
        let written = output.written();
        while let Some(&(ticket, of, next)) = self.pending.front()
            && ticket <= written
        {
            self.consumer.accept(of, next);
            self.pending.pop_front();
        }
    }

    fn commit(&mut self, output: &Output) -> Result<()> {
        self.committed = Instant::now();
        self.settle(output);
        self.consumer.commit().map(drop)
    }

    fn rebalance(&mut self, output: &Output, out: &Out) -> Result<()> {
        output.drain();
        self.commit(output)?;
        let shared = self.consumer.rebalance()?;
        if self.told.as_ref() != Some(&shared) {
            out.status(describe(&self.group, &shared, self.told.as_ref()));
            self.told = Some(shared);
        }
        Ok(())
    }

    /// Commits what stdout has accepted, and leaves the group at once.
    pub fn leave(mut self, output: &Output) -> Result<()> {
        self.settle(output);
        let committed = self.consumer.commit();
        self.consumer.leave()?;
        committed.map(drop)
    }
}

/// The line about a rebalance.
fn describe(group: &str, shared: &Shared, before: Option<&Shared>) -> String {
    let Shared { generation, member, mine, members } = shared;
    let share = match mine.as_slice() {
        [] => "no partition".to_owned(),
        mine => shown(mine),
    };
    let count = members.len();
    let mut parts = vec![format!(
        "group `{group}`, generation {generation}: {member} has {share}, of {count} members"
    )];
    let ids = |shared: &Shared| -> Vec<String> {
        shared.members.iter().map(|(id, _)| id.clone()).collect()
    };
    if let Some(before) = before {
        let (old, new) = (ids(before), ids(shared));
        for (what, one, other) in [("joined", &new, &old), ("left", &old, &new)] {
            let changed: Vec<&str> =
                one.iter().filter(|id| !other.contains(id)).map(String::as_str).collect();
            if !changed.is_empty() {
                parts.push(format!("{what}: {}", changed.join(", ")));
            }
        }
    }
    parts.join("; ")
}
