//! Owns `--merge`: records of several partitions in the order of their timestamps. Reads each
//! partition by a consumer of its own, so that none is read further ahead than one buffer. Leaves
//! from where to where to `plain`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use super::plain::{self, Resolved};
use super::range::Range;
use super::{Args, gaps};
use crate::cluster::error::{ClusterError, Result};
use crate::cluster::types::{Hole, Jump, Polled, Skipped};
use crate::cluster::{Cluster, Consumer};
use crate::commands::Failure;
use crate::out::Out;
use crate::record::RecordBuffer;
use crate::sys::{self, Word};
use crate::topic::TopicPartition;
use crate::value;

/// How soon partitions that have nothing are looked at again.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// The most records that are handed on at once.
const RECORDS_AT_ONCE: usize = 4096;

/// How partitions are merged.
#[derive(clap::Args, Clone, Debug)]
pub struct Merging {
    /// Write the records of all partitions in the order of their timestamps
    ///
    /// Records of one partition stay in their order; of equal timestamps the lower partition comes
    /// first. Up to an end (-e, :TO) the order is exact. While it follows, a record waits for
    /// --merge-wait for earlier ones of partitions that have nothing yet. Partitions that come
    /// later are not taken up.
    #[arg(long, help_heading = "Order and holes", conflicts_with = "group")]
    pub merge: bool,

    /// How long a record waits for earlier ones
    #[arg(long, value_name = "DURATION", value_parser = value::duration, default_value = "100ms")]
    #[arg(requires = "merge", help_heading = "Order and holes")]
    pub merge_wait: Duration,
}

/// One partition, and what was read of it ahead.
struct Lane {
    of: TopicPartition,
    consumer: Consumer,
    buffer: RecordBuffer,
    /// Which record of the buffer is next.
    at: usize,
    /// When the buffer was read.
    since: Instant,
    /// Reading stops somewhere, and what is missing has only to be waited for.
    is_bounded: bool,
    is_done: bool,
    /// Why nothing more of it can be read.
    failed: Option<ClusterError>,
}

impl Lane {
    /// Whether a record waits in it.
    fn has_head(&self) -> bool {
        self.at < self.buffer.len()
    }

    /// Reads what is there now, if nothing waits.
    fn fill(&mut self) {
        if self.is_done || self.has_head() || self.failed.is_some() {
            return;
        }
        self.at = 0;
        match self.consumer.poll(&mut self.buffer, Instant::now(), &[]) {
            Ok(Polled::Records { .. }) => return self.since = Instant::now(),
            Ok(Polled::Finished) => self.is_done = true,
            Ok(Polled::Deleted { .. }) => {
                self.failed = Some(ClusterError::deleted_topic(self.of.topic.as_str()));
            }
            Ok(Polled::Nothing | Polled::Rebalance) => {}
            // Told once the records before it are written.
            Err(error) => self.failed = Some(error),
        }
        self.buffer.clear();
    }
}

/// Partitions that are read in the order of time.
pub struct Merge<'a> {
    args: &'a Args,
    /// In the order of topics and partitions.
    lanes: Vec<Lane>,
    /// The timestamp of the next record of each lane that has one, and which lane that is.
    heads: BinaryHeap<Reverse<(i64, usize)>>,
    jumped: Vec<Jump>,
    holes: Vec<(TopicPartition, Hole)>,
    warnings: Vec<String>,
}

impl<'a> Merge<'a> {
    /// Finds out what to read from where to where.
    pub(super) fn open(
        cluster: &Cluster,
        args: &'a Args,
        range: &Range,
    ) -> Result<Result<Self, Failure>> {
        let resolved = match plain::resolve(cluster, args, range)? {
            Ok(resolved) => resolved,
            Err(failure) => return Ok(Err(failure)),
        };
        let Resolved { mut from, jumped, holes, warnings } = resolved;
        from.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        let mut lanes = Vec::with_capacity(from.len());
        let count = from.len();
        for from in from {
            let mut consumer = cluster.consumer(std::slice::from_ref(&from))?;
            consumer.share(count);
            plain::set_up(&mut consumer, args);
            lanes.push(Lane {
                consumer,
                buffer: RecordBuffer::default(),
                at: 0,
                since: Instant::now(),
                is_bounded: from.to.is_some(),
                is_done: false,
                failed: None,
                of: TopicPartition { topic: from.topic, partition: from.partition },
            });
        }
        Ok(Ok(Self { args, lanes, heads: BinaryHeap::new(), jumped, holes, warnings }))
    }

    /// Whether it has no partition.
    pub const fn is_of_nothing(&self) -> bool {
        self.lanes.is_empty()
    }

    /// The topic of a partition that a poll named.
    pub fn topic(&self, of: usize) -> &str {
        self.lanes.get(of).map_or("", |lane| lane.of.topic.as_str())
    }

    /// What is worth a warning since this was last asked.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// What was passed over as damaged since this was last asked.
    pub fn take_skipped(&mut self) -> Vec<(TopicPartition, Skipped)> {
        self.lanes.iter_mut().flat_map(|lane| lane.consumer.take_skipped()).collect()
    }

    /// Where reading went on elsewhere since this was last asked.
    pub fn take_jumped(&mut self) -> Vec<Jump> {
        let later = self.lanes.iter_mut().flat_map(|lane| lane.consumer.take_jumped());
        self.jumped.extend(later);
        std::mem::take(&mut self.jumped)
    }

    /// Tells which offsets have no record, for `--gaps`.
    pub fn tell_holes(&mut self, out: &Out) {
        if self.args.gaps {
            let later = self.lanes.iter_mut().flat_map(|lane| lane.consumer.take_holes());
            self.holes.extend(later);
            gaps::tell(&std::mem::take(&mut self.holes), self.args.is_json(), out);
        }
    }

    /// Reads the next records of one topic, or waits for some. The partition that is answered is
    /// any one of that topic: each record names its own.
    pub fn poll(
        &mut self,
        buffer: &mut RecordBuffer,
        until: Instant,
        beside: Word<'_>,
    ) -> Result<Polled> {
        buffer.clear();
        let (word, was) = beside;
        loop {
            for (index, lane) in self.lanes.iter_mut().enumerate().filter(|(_, l)| !l.has_head()) {
                lane.fill();
                if let Some(head) = lane.buffer.spans.get(lane.at) {
                    self.heads.push(Reverse((head.timestamp_ms, index)));
                }
            }
            if let Some(of) = self.hand_on(buffer) {
                return Ok(Polled::Records { of });
            }
            if let Some(error) = self.lanes.iter_mut().find_map(|lane| lane.failed.take()) {
                return Err(error);
            }
            if self.lanes.iter().all(|lane| lane.is_done && !lane.has_head()) {
                return Ok(Polled::Finished);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || word.load(std::sync::atomic::Ordering::Acquire) != was {
                return Ok(Polled::Nothing);
            }
            sys::wait_any(&[beside], left.min(LOOK_EVERY));
        }
    }

    /// Whether the record that is next in a lane may go: no earlier one can come, or has been
    /// waited for.
    fn may_go(&self, lane: &Lane) -> bool {
        let mut missing = self.lanes.iter().filter(|lane| !lane.is_done && !lane.has_head());
        // Nothing is missing, most of the time, and then there is no need to look for it.
        self.heads.len() == self.lanes.len()
            || missing.all(|lane| !lane.is_bounded)
                && lane.since.elapsed() >= self.args.merging.merge_wait
            || self.lanes.iter().all(|lane| lane.is_done || lane.has_head())
    }

    /// Moves records that may go to `buffer`, as long as they are of one topic; answers a partition
    /// of it.
    fn hand_on(&mut self, buffer: &mut RecordBuffer) -> Option<usize> {
        let mut of: Option<usize> = None;
        while let Some(&Reverse((_, index))) = self.heads.peek() {
            let Some(lane) = self.lanes.get(index) else { break };
            let is_other = of.is_some_and(|of| self.topic(of) != lane.of.topic.as_str())
                || (of.is_some() && buffer.timestamp_kind != lane.buffer.timestamp_kind);
            if is_other || buffer.len() >= RECORDS_AT_ONCE || !self.may_go(lane) {
                break;
            }
            buffer.timestamp_kind = lane.buffer.timestamp_kind;
            self.heads.pop();
            let Some(lane) = self.lanes.get_mut(index) else { break };
            if let Some(span) = lane.buffer.spans.get(lane.at) {
                buffer.push_copy(span, &lane.buffer);
            }
            lane.at += 1;
            of = Some(index);
            lane.fill();
            if let Some(head) = lane.buffer.spans.get(lane.at) {
                self.heads.push(Reverse((head.timestamp_ms, index)));
            }
        }
        of
    }
}
