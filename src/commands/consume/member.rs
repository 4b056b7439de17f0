//! Owns reading as a member of a group: commits what stdout has accepted and nothing else, and
//! tells who has which partitions. Leaves the group to the cluster.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::Args;
use super::merge::Merge;
use super::plain::Plain;
use crate::cluster::GroupConsumer;
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::types::{GroupOptions, Polled, Shared, Skipped};
use crate::commands::Stop;
use crate::commands::groups::shown;
use crate::commands::output::Output;
use crate::commands::topics::distinct;
use crate::group::GroupId;
use crate::offset::Position;
use crate::out::{Out, units};
use crate::record::RecordBuffer;
use crate::sys::{self, Word};
use crate::topic::TopicPartition;
use crate::value;

/// How often what was accepted is committed, in a stream that does not end.
const COMMIT_EVERY: Duration = Duration::from_millis(500);
/// How soon it is looked again whether stdout has taken what is on its way.
const SETTLE_EVERY: Duration = Duration::from_millis(20);
/// The shortest interval that tells who hangs from who works.
const INTERVAL_MIN: Duration = Duration::from_millis(100);

/// How a member is in its group.
#[derive(clap::Args, Clone, Debug)]
pub struct Joining {
    /// Give a member up that has not asked for records for this long
    ///
    /// One that stands still, or whose stdout nobody reads, or whose --exec takes longer: its
    /// partitions go to the others, and what it had not committed is read again. It joins anew when
    /// it goes on.
    #[arg(long, value_name = "DURATION", value_parser = interval, default_value = "5m")]
    #[arg(requires = "group", help_heading = "Group")]
    pub max_poll_interval: Duration,

    /// Keep the place of this name in the group over restarts
    ///
    /// When the member ends, its partitions wait for it until --session-timeout is over. Of two
    /// with the same name, the one that came first is ended, with 3.
    #[arg(long, value_name = "NAME", value_parser = instance_id)]
    #[arg(requires = "group", help_heading = "Group")]
    pub instance_id: Option<String>,

    /// How long the place of --instance-id is kept
    #[arg(long, value_name = "DURATION", value_parser = value::duration, default_value = "45s")]
    #[arg(requires = "instance_id", help_heading = "Group")]
    pub session_timeout: Duration,
}

/// Reads the interval of `--max-poll-interval`.
fn interval(text: &str) -> Result<Duration, String> {
    let interval = value::duration(text)?;
    if interval < INTERVAL_MIN {
        return Err("at least 100ms: shorter, and members that work are given up".to_owned());
    }
    Ok(interval)
}

/// Reads an instance id, by Kafka's rule for it, which is that of topic names.
fn instance_id(text: &str) -> Result<String, String> {
    match crate::topic::TopicName::new(text) {
        Ok(name) => Ok(name.to_string()),
        Err(invalid) => Err(invalid.reason),
    }
}

impl Joining {
    /// What the cluster is asked for.
    pub fn options(&self, args: &Args, group: &GroupId, start: Position) -> GroupOptions {
        GroupOptions {
            group: group.clone(),
            topics: distinct(&args.topics),
            pattern: args.regex.clone(),
            instance_id: self.instance_id.clone(),
            poll_interval: self.max_poll_interval,
            session: self.session_timeout,
            assignor: args.assignor,
            client_id: "kaw".to_owned(),
            to_end: args.exit,
            start,
            on_out_of_range: args.on_out_of_range,
            skip_damaged: args.skip_damaged,
        }
    }
}

/// Where records come from.
pub enum Source<'a> {
    /// Partitions that were asked for.
    Plain(Box<Plain<'a>>),
    /// The same, in the order of time.
    Merged(Box<Merge<'a>>),
    /// Those that the group gives us.
    Member(Box<Member>),
}

impl Source<'_> {
    /// Whether there is no topic to read.
    pub fn is_of_nothing(&self) -> bool {
        match self {
            Self::Plain(plain) => plain.is_of_nothing(),
            Self::Merged(merge) => merge.is_of_nothing(),
            Self::Member(member) => member.consumer.is_without_topics(),
        }
    }

    /// Reads records of one partition, or waits for some.
    pub fn poll(
        &mut self,
        buffer: &mut RecordBuffer,
        until: Instant,
        beside: Word<'_>,
        output: &Output,
        out: &Out,
    ) -> Result<Polled> {
        match self {
            Self::Plain(plain) => plain.poll(buffer, until, beside, out),
            Self::Merged(merge) => merge.poll(buffer, until, beside),
            Self::Member(member) => member.poll(buffer, until, beside, output, out),
        }
    }

    /// Tells what was passed over as damaged, and answers how many places that were. Tells too
    /// where reading went on elsewhere.
    pub fn tell_skipped(&mut self, out: &Out) -> u64 {
        let (jumped, skipped) = match self {
            Self::Plain(plain) => {
                plain.take_warnings().into_iter().for_each(|warning| out.warn(warning));
                plain.tell_holes(out);
                (plain.take_jumped(), plain.take_skipped())
            }
            Self::Merged(merge) => {
                merge.take_warnings().into_iter().for_each(|warning| out.warn(warning));
                merge.tell_holes(out);
                (merge.take_jumped(), merge.take_skipped())
            }
            Self::Member(member) => {
                member.consumer.take_warnings().into_iter().for_each(|warning| out.warn(warning));
                (member.consumer.take_jumped(), member.consumer.take_skipped())
            }
        };
        for jump in jumped {
            out.warn(jump);
        }
        for (of, Skipped { damage, from, to }) in &skipped {
            if from == to {
                out.warn(format_args!(
                    "{of}: passed over what stands before offset {to}: {damage}"
                ));
            } else {
                out.warn(format_args!("{of}: passed over offsets {from} to {}: {damage}", to - 1));
            }
        }
        skipped.len() as u64
    }

    /// The topic of a partition that a poll named.
    pub fn topic(&self, of: usize) -> &str {
        match self {
            Self::Plain(plain) => plain.topic(of),
            Self::Merged(merge) => merge.topic(of),
            Self::Member(member) => {
                member.consumer.partition(of).map_or("", |of| of.topic.as_str())
            }
        }
    }

    /// Whether the partition that a poll named is still read.
    pub fn is_reading(&self, of: usize) -> bool {
        match self {
            Self::Plain(..) | Self::Merged(..) => true,
            Self::Member(member) => member.consumer.is_reading(of),
        }
    }

    /// Notes what is in the output now.
    pub fn note(&mut self, sent: Sent) {
        if let Self::Member(member) = self {
            member.note(sent);
        }
    }

    /// Says to the group that this member works.
    pub fn beat(&mut self, out: &Out) {
        if let Self::Member(member) = self {
            member.tell_late(out);
            member.beat();
        }
    }

    /// Commits now and then, and as soon as there is nothing else to do.
    pub fn commit_when_due(&mut self, idle: bool, output: &Output, out: &Out) -> Result<()> {
        match self {
            Self::Member(member) if idle || member.committed.elapsed() >= COMMIT_EVERY => {
                member.commit(output, out)
            }
            _ => Ok(()),
        }
    }

    /// Does what cannot wait while records of a partition are written slowly: commits when that is
    /// due, and takes up that members came or went. False if the partition is ours no more.
    pub fn keep_up(&mut self, of: usize, output: &Output, out: &Out) -> Result<bool> {
        self.commit_when_due(false, output, out)?;
        let Self::Member(member) = self else { return Ok(true) };
        if !member.is_evicted && member.consumer.is_unbalanced() {
            member.rebalance(output, out)?;
        }
        Ok(member.consumer.is_reading(of))
    }

    /// Takes up that members came or went.
    pub fn rebalance(&mut self, output: &Output, out: &Out) -> Result<()> {
        match self {
            Self::Member(member) => member.rebalance(output, out),
            Self::Plain(..) | Self::Merged(..) => Ok(()),
        }
    }
}

/// Records of a partition that are in the output.
#[derive(Debug)]
pub struct Sent {
    /// The ticket of their buffer.
    pub ticket: u64,
    /// Their partition, as polls name it.
    pub of: usize,
    /// The offset after the last of them.
    pub next: i64,
    /// Where each record ends in the buffer, and the offset after it.
    pub marks: Vec<(usize, i64)>,
}

/// A member, and what is on its way to stdout.
pub struct Member {
    consumer: GroupConsumer,
    group: String,
    interval: Duration,
    /// What is in the output and not accepted yet, with its partition by name.
    pending: VecDeque<(Sent, Option<TopicPartition>)>,
    /// Something of a partition that goes to another member is still on its way.
    is_held: bool,
    /// The others have given it up.
    is_evicted: bool,
    committed: Instant,
    /// When it last said that it works.
    beaten: Instant,
    told: Option<Shared>,
}

impl Member {
    /// A member that has just joined.
    pub fn new(consumer: GroupConsumer, group: String, interval: Duration) -> Self {
        let now = Instant::now();
        Self {
            consumer,
            group,
            interval,
            pending: VecDeque::new(),
            is_held: false,
            is_evicted: false,
            committed: now,
            beaten: now,
            told: None,
        }
    }

    fn note(&mut self, sent: Sent) {
        let of = self.consumer.partition(sent.of).cloned();
        self.pending.push_back((sent, of));
    }

    fn beat(&mut self) {
        self.beaten = Instant::now();
        self.consumer.beat();
    }

    fn poll(
        &mut self,
        buffer: &mut RecordBuffer,
        mut until: Instant,
        beside: Word<'_>,
        output: &Output,
        out: &Out,
    ) -> Result<Polled> {
        if self.is_evicted {
            // Not before stdout has taken what it was given: it would be given up again.
            if output.is_busy() {
                sys::wait_any(&[beside], SETTLE_EVERY);
                return Ok(Polled::Nothing);
            }
            self.consumer.rejoin()?;
            self.is_evicted = false;
            self.told = None;
        }
        self.tell_late(out);
        self.beaten = Instant::now();
        self.settle(output);
        let is_held = self.pending.iter().any(|(sent, _)| !self.consumer.is_reading(sent.of));
        if self.is_held && !is_held {
            return Ok(Polled::Rebalance);
        }
        if !self.pending.is_empty() {
            until = until.min(Instant::now() + SETTLE_EVERY);
        }
        if self.consumer.is_behind() {
            until = until.min(self.committed + COMMIT_EVERY);
        }
        self.consumer.poll(buffer, until, &[beside])
    }

    /// Warns of work that took so long that other members would have given this one up.
    fn tell_late(&mut self, out: &Out) {
        let took = self.beaten.elapsed();
        if took > self.interval && !self.consumer.is_unbalanced() {
            out.warn(format_args!(
                "this member asked for no records for {}, longer than --max-poll-interval {}: \
                 others would take its partitions",
                units::duration(took),
                units::duration(self.interval)
            ));
        }
    }

    /// Takes what stdout has accepted as read.
    fn settle(&mut self, output: &Output) {
        let (written, _) = output.written();
        while let Some((sent, _)) = self.pending.front()
            && sent.ticket <= written
        {
            self.consumer.accept(sent.of, sent.next);
            self.pending.pop_front();
        }
    }

    /// The same at the end, to the last whole record.
    fn settle_rest(&mut self, output: &Output) {
        let (_, partial) = output.written();
        self.settle(output);
        let Some((sent, _)) = self.pending.front() else { return };
        if let Some(&(_, next)) = sent.marks.iter().rfind(|(end, _)| *end <= partial && *end > 0) {
            self.consumer.accept(sent.of, next);
        }
    }

    fn commit(&mut self, output: &Output, out: &Out) -> Result<()> {
        self.committed = Instant::now();
        if self.is_evicted {
            return Ok(());
        }
        self.settle(output);
        let committed = self.commit_accepted(out);
        committed.or_else(|error| self.be_evicted(error, output, out))
    }

    /// Commits what was accepted, and passes on what there is to say of it.
    fn commit_accepted(&mut self, out: &Out) -> Result<()> {
        let committed = self.consumer.commit().map(drop);
        self.consumer.take_warnings().into_iter().for_each(|warning| out.warn(warning));
        committed
    }

    /// Takes up that the others have given this member up, if that is what an error says: says so,
    /// and takes back what stdout has not begun to take.
    fn be_evicted(&mut self, error: ClusterError, output: &Output, out: &Out) -> Result<()> {
        if error.kind != ErrorKind::UnknownMember {
            return Err(error);
        }
        output.withdraw(|_| false);
        self.pending.clear();
        self.consumer.put_all_down();
        (self.is_evicted, self.is_held) = (true, false);
        out.warn(format_args!("{error}; what it had not committed is read again"));
        // Told already.
        self.beaten = Instant::now();
        Ok(())
    }

    fn rebalance(&mut self, output: &Output, out: &Out) -> Result<()> {
        loop {
            self.commit(output, out)?;
            if self.is_evicted {
                return Ok(());
            }
            let held: BTreeSet<TopicPartition> =
                self.pending.iter().filter_map(|(_, of)| of.clone()).collect();
            let shared = match self.consumer.rebalance(&|of| held.contains(of)) {
                Ok(shared) => shared,
                Err(error) => return self.be_evicted(error, output, out),
            };
            self.tell(shared, out);
            // What is of partitions that go is taken back, or else they go when it is written.
            let goes = |sent: &Sent| !self.consumer.is_reading(sent.of);
            let going: BTreeSet<u64> =
                self.pending.iter().filter(|(s, _)| goes(s)).map(|(s, _)| s.ticket).collect();
            let withdrawn = output.withdraw(|ticket| !going.contains(&ticket));
            self.pending.retain(|(sent, _)| !withdrawn.contains(&sent.ticket));
            self.is_held = self.pending.iter().any(|(sent, _)| goes(sent));
            if withdrawn.is_empty() || self.is_held {
                return Ok(());
            }
        }
    }

    /// Says what is new: about topics, and about who has what.
    fn tell(&mut self, shared: Shared, out: &Out) {
        for topic in &shared.deleted {
            out.status(ClusterError::deleted_topic(topic.as_str()));
        }
        for topic in &shared.found {
            out.status(format_args!("topic `{topic}` is new, and is read from its start"));
        }
        let is_told = self
            .told
            .as_ref()
            .is_some_and(|told| told.generation == shared.generation && told.mine == shared.mine);
        if !is_told {
            out.status(describe(&self.group, &shared, self.told.as_ref()));
        }
        self.told = Some(shared);
    }

    /// Commits what stdout has accepted, and leaves the group at once. Brokers that are away are
    /// waited for, as they are for any answer.
    pub fn leave(mut self, output: &Output, stop: &Stop, out: &Out) -> Result<()> {
        if self.is_evicted {
            return Ok(());
        }
        self.settle_rest(output);
        let mut committed = self.commit_accepted(out);
        while committed.is_ok() && self.consumer.is_to_commit(stop.requested().is_some()) {
            sys::wait_any(&[], SETTLE_EVERY);
            committed = self.commit_accepted(out);
        }
        let committed = committed.or_else(|error| self.be_evicted(error, output, out));
        self.consumer.leave()?;
        committed
    }
}

/// The line about a rebalance.
fn describe(group: &str, shared: &Shared, before: Option<&Shared>) -> String {
    let Shared { generation, member, mine, members, .. } = shared;
    let share = match mine.as_slice() {
        [] => "no partition".to_owned(),
        mine => shown(mine),
    };
    // Brokers tell a member nothing of the others.
    let of = match members.len() {
        0 => String::new(),
        count => format!(", of {}", units::plural(count as u64, "member")),
    };
    // It has no id while it is about to join again.
    let member = if member.is_empty() { "this member" } else { member };
    let mut parts =
        vec![format!("group `{group}`, generation {generation}: {member} has {share}{of}")];
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
