//! Owns reading what a run sent, or what a topic has: one loop a consumer, which checks every
//! record and measures it. Leaves the log to `cluster`, the check to `check`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::check::Checker;
use super::send::{Shared, thread};
use crate::cluster::error::Result;
use crate::cluster::types::{ConsumeFrom, OffsetAt, Polled};
use crate::cluster::{Cluster, Consumer};
use crate::record::RecordBuffer;
use crate::sys;
use crate::topic::{TopicName, TopicPartition};

/// A wait ends after this, to look whether to go on.
const TICK: Duration = Duration::from_millis(50);

/// From where to where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// From the start to the end as it is now.
    Whole,
    /// From the end on.
    Following,
}

/// The partitions of a topic with where to read them; the second is whether they begin at 0.
pub fn places(
    cluster: &Cluster,
    topic: &TopicName,
    span: Span,
) -> Result<(Vec<ConsumeFrom>, bool)> {
    let mut of = Vec::new();
    for outcome in cluster.describe_topics(std::slice::from_ref(topic))? {
        let detail = outcome.result?;
        of.extend(
            detail
                .partitions
                .iter()
                .map(|p| TopicPartition { topic: topic.clone(), partition: p.partition }),
        );
    }
    let list = |at| -> Result<Vec<i64>> {
        let outcomes = cluster.list_offsets(&of, at)?;
        outcomes.into_iter().map(|outcome| outcome.result.map(|listed| listed.offset)).collect()
    };
    let (starts, ends) = (list(OffsetAt::Start)?, list(cluster.end_to_read())?);
    let whole = starts.iter().all(|start| *start == 0);
    let from = of.into_iter().zip(starts.into_iter().zip(ends)).map(|(tp, (start, end))| {
        let (from, to) = match span {
            Span::Whole => (start, Some(end)),
            Span::Following => (end, None),
        };
        ConsumeFrom { topic: tp.topic, partition: tp.partition, from, to }
    });
    Ok((from.collect(), whole))
}

/// What ends the loops, and what they tell while they go on.
#[derive(Debug, Default)]
pub struct Signals {
    /// Set by who waits for them.
    pub stop: AtomicBool,
    /// Records that were read.
    pub read: AtomicU64,
    /// Different records of the run, as far as each loop can tell.
    pub seen: AtomicU64,
    /// The most records to be read; 0 is no limit.
    pub most: u64,
    /// When the first record was there; 0 before.
    pub first_ns: AtomicU64,
}

/// How records are looked at.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Latencies of records of this run, or only of this start of this machine, are measured.
    pub latency_of: Option<u64>,
    /// Whose turn it is to send when a record of theirs was read, by producer.
    pub gates: Vec<Sender<()>>,
}

/// The upper half of a run's number: which start of which machine its clock is of.
pub const CLOCK_MASK: u64 = !0 << 32;

/// A number for a run.
pub fn run_number() -> u64 {
    let words = crate::disk::BootId::current().words().map(u64::to_be_bytes).concat();
    let mut random = [0; 4];
    // Without the system's random source, runs of one boot are told apart by their time.
    if sys::random(&mut random).is_err() {
        random = (sys::monotonic_ns() as u32).to_be_bytes();
    }
    u64::from(crc32c::crc32c(&words)) << 32 | u64::from(u32::from_be_bytes(random))
}

/// Readers at work.
#[derive(Debug)]
pub struct Reading {
    loops: Vec<JoinHandle<Result<Checker>>>,
    /// What ends them.
    pub signals: Arc<Signals>,
}

impl Reading {
    /// Opens consumers, which share the places, and starts their loops.
    pub fn start(
        cluster: &Cluster,
        places: &[ConsumeFrom],
        consumers: usize,
        shared: &Arc<Shared>,
        look: &Look,
        most: u64,
    ) -> Result<Self> {
        let signals = Arc::new(Signals { most, ..Signals::default() });
        let count = consumers.clamp(1, places.len().max(1));
        let mut opened = Vec::new();
        for number in 0..count {
            let mine: Vec<ConsumeFrom> =
                places.iter().skip(number).step_by(count).cloned().collect();
            let partitions = mine.iter().map(|place| place.partition).collect();
            opened.push((cluster.consumer(&mine)?, partitions));
        }
        let mut loops = Vec::new();
        for (consumer, partitions) in opened {
            let reader = Reader {
                consumer,
                partitions,
                shared: Arc::clone(shared),
                signals: Arc::clone(&signals),
                look: look.clone(),
                checker: Checker::default(),
            };
            loops.push(thread("read", move || reader.run())?);
        }
        Ok(Self { loops, signals })
    }

    /// Whether all loops have ended.
    pub fn is_finished(&self) -> bool {
        self.loops.iter().all(JoinHandle::is_finished)
    }

    /// Waits for the loops; what they have read, taken together.
    pub fn finish(self) -> Result<Checker> {
        let mut all = Checker::default();
        let mut failure = None;
        for handle in self.loops {
            match handle.join() {
                Ok(Ok(checker)) => all.merge(checker),
                Ok(Err(error)) => failure = failure.or(Some(error)),
                // A thread that panicked ended the process already.
                Err(_) => {}
            }
        }
        failure.map_or(Ok(all), Err)
    }
}

/// The loop of one consumer.
struct Reader {
    consumer: Consumer,
    /// The partitions, by their place in what it was asked for.
    partitions: Vec<i32>,
    shared: Arc<Shared>,
    signals: Arc<Signals>,
    look: Look,
    checker: Checker,
}

impl Reader {
    /// Reads until the end, or until it is told to stop.
    fn run(mut self) -> Result<Checker> {
        let mut buffer = RecordBuffer::default();
        while !self.signals.stop.load(Ordering::Relaxed) {
            match self.consumer.poll(&mut buffer, Instant::now() + TICK, &[])? {
                Polled::Records { of } => self.take(&mut buffer, of),
                Polled::Nothing | Polled::Rebalance => {}
                // What is missing then is counted as missing.
                Polled::Finished | Polled::Deleted { .. } => break,
            }
        }
        Ok(self.checker)
    }

    /// Checks and measures what a poll brought.
    fn take(&mut self, buffer: &mut RecordBuffer, of: usize) {
        let done = sys::monotonic_ns();
        let partition = self.partitions.get(of).copied().unwrap_or(-1);
        let most = self.signals.most;
        if most > 0 {
            let before = self.signals.read.load(Ordering::Relaxed);
            let left = most.saturating_sub(before);
            buffer.spans.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        }
        let (mut bytes, mut own_bytes, mut times) = (0, 0, Vec::new());
        // A run of this process is known whole; others only by the clock that they went by.
        let is_own = self.look.latency_of.is_some_and(|run| run & !CLOCK_MASK != 0);
        let mask = if is_own { !0 } else { CLOCK_MASK };
        for span in &mut buffer.spans {
            span.partition = partition;
        }
        for span in &buffer.spans {
            let size = (span.key.len() + span.value.len()) as u64;
            bytes += size;
            let Some(stamp) = self.checker.see(buffer, span) else { continue };
            let Some(run) = self.look.latency_of else { continue };
            if stamp.run & mask == run {
                let sent = stamp.intended_ns + u64::from(stamp.late_us) * 1000;
                times.push((stamp.intended_ns, sent));
                own_bytes += size;
                if let Some(gate) = self.look.gates.get(stamp.producer as usize) {
                    gate.try_send(()).unwrap_or_default();
                }
            }
        }
        let records = buffer.spans.len() as u64;
        let ours = times.len() as u64;
        self.signals.seen.fetch_add(ours, Ordering::Release);
        if records > 0 {
            let unset = self.signals.first_ns.load(Ordering::Relaxed) == 0;
            if unset {
                self.signals.first_ns.store(done, Ordering::Relaxed);
            }
        }
        let all = self.signals.read.fetch_add(records, Ordering::Relaxed) + records;
        if most > 0 && all >= most {
            self.signals.stop.store(true, Ordering::Relaxed);
        }
        let mut recorder = self.shared.recorder();
        recorder.open(done);
        for (intended, sent) in times {
            recorder.latency(done, intended, sent, 1);
        }
        // What others send meanwhile is not what such a run measures.
        let (records, bytes) = if is_own { (ours, own_bytes) } else { (records, bytes) };
        recorder.count(done, records, bytes);
    }
}
