//! Owns sending by a plan: one loop a producer, which keeps to the intended times, and the count of
//! what became of the records. Leaves the records to `generate`, the log to `cluster`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::check::times_of;
use super::generate::{Generator, Pool};
use super::plan::{Plan, Share};
use super::series::Recorder;
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::types::{Delivery, Fate, ProducerOptions};
use crate::cluster::{Cluster, Producer};
use crate::record::RecordBuffer;
use crate::record::buffers::Buffers;
use crate::sys;
use crate::topic::TopicName;

/// A wait ends after this, to look whether to go on.
const TICK: Duration = Duration::from_millis(50);
/// How long to wait for a buffer that no report points into.
const BACKLOG: Duration = Duration::from_micros(200);
/// The most bytes of one turn.
const TURN_BYTES_MAX: usize = 1 << 20;

/// What is to be sent.
#[derive(Clone, Debug)]
pub struct Job {
    /// Where to.
    pub topic: TopicName,
    /// When.
    pub plan: Plan,
    /// How.
    pub options: ProducerOptions,
    /// How long a record waits for others that are due.
    pub linger: Duration,
    /// Bytes of records that are handed over at once where everything is due.
    pub turn_bytes: usize,
    /// How long one thing may take.
    pub timeout: Duration,
}

/// What became of records.
#[derive(Clone, Debug, Default)]
pub struct Fates {
    /// Acknowledged.
    pub acked: u64,
    /// Sent without asking for an acknowledgement.
    pub unacked: u64,
    /// Not in the log, or nobody knows.
    pub failed: u64,
    /// The first failure.
    pub failure: Option<Arc<ClusterError>>,
}

/// What the threads of a run share.
#[derive(Debug)]
pub struct Shared {
    recorder: Mutex<Recorder>,
    fates: Mutex<Fates>,
    /// No more deliveries are waited for.
    over: AtomicBool,
    /// A record failed for what would fail the next as well.
    hopeless: AtomicBool,
}

impl Shared {
    /// For a run that measures as `recorder` does.
    pub fn new(recorder: Recorder) -> Arc<Self> {
        let (recorder, fates) = (Mutex::new(recorder), Mutex::default());
        let (over, hopeless) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Self { recorder, fates, over, hopeless })
    }

    /// What was measured so far.
    pub fn recorder(&self) -> MutexGuard<'_, Recorder> {
        self.recorder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What became of the records so far.
    pub fn fates(&self) -> MutexGuard<'_, Fates> {
        self.fates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a delivery, and the latencies of its records.
    fn settle(&self, delivery: &Delivery) {
        let done = sys::monotonic_ns();
        {
            let mut fates = self.fates();
            match &delivery.fate {
                Fate::Persisted | Fate::PersistedBefore => fates.acked += delivery.records,
                Fate::MaybePersisted(None) => fates.unacked += delivery.records,
                Fate::NotPersisted(_) | Fate::MaybePersisted(Some(_)) => {
                    fates.failed += delivery.records;
                }
            }
            if let Some(error) = delivery.fate.error() {
                if !is_of_record(error.kind) {
                    self.hopeless.store(true, Ordering::Release);
                }
                fates.failure.get_or_insert_with(|| Arc::clone(error));
                return;
            }
        }
        let Some(report) = &delivery.report else { return };
        let mut recorder = self.recorder();
        recorder.open(done);
        let mut bytes = 0;
        // Records that were due at once are one entry of the histograms.
        let mut same = (0, 0, 0);
        for &index in &report.indices {
            let Some(span) = report.records.spans.get(index as usize) else { continue };
            bytes += (span.key.len() + span.value.len()) as u64;
            let Some((intended, sent)) = times_of(&report.records, span) else { continue };
            if (intended, sent) != (same.0, same.1) {
                recorder.latency(done, same.0, same.1, same.2);
                same = (intended, sent, 0);
            }
            same.2 += 1;
        }
        recorder.latency(done, same.0, same.1, same.2);
        recorder.count(done, delivery.records, bytes);
    }
}

/// Whether a record failed for what it is, so that another may not.
const fn is_of_record(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::MessageTooLarge | ErrorKind::InvalidRecord)
}

/// How the loop of one producer spent its time.
#[derive(Clone, Debug, Default)]
pub struct Spent {
    /// Records that were handed over.
    pub records: u64,
    /// Records that were due and were not sent before the run ended.
    pub unsent: u64,
    /// Time for making records.
    pub making: Duration,
    /// Time in which the cluster did not take them.
    pub blocked: Duration,
    /// All of it.
    pub elapsed: Duration,
    /// A failure ended it before its time.
    pub cut: bool,
    /// What recovery had to say.
    pub warnings: Vec<String>,
}

/// The moments of a run, by the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    /// When it begins.
    pub start_ns: u64,
    /// When measuring begins.
    pub from_ns: u64,
    /// When it ends, if that is known.
    pub until_ns: Option<u64>,
}

impl Moments {
    /// Those of a plan that begins soon, when all threads are there.
    pub fn of(plan: &Plan, start_ns: u64) -> Self {
        let from_ns = start_ns + plan.warmup.as_nanos() as u64;
        let until_ns = plan.measured().map(|measured| from_ns + measured.as_nanos() as u64);
        Self { start_ns, from_ns, until_ns }
    }
}

/// What makes a loop wait for each record to be seen before it sends the next.
pub type Gate = Receiver<()>;

/// Senders at work.
#[derive(Debug)]
pub struct Sending {
    loops: Vec<JoinHandle<Result<Spent>>>,
    collectors: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
}

impl Sending {
    /// Opens the producers and starts their loops.
    pub fn start(
        cluster: &Cluster,
        job: &Job,
        pool: &Arc<Pool>,
        run: u64,
        (moments, shared): (Moments, &Arc<Shared>),
        gates: Vec<Gate>,
    ) -> Result<Self> {
        let mut sending =
            Self { loops: Vec::new(), collectors: Vec::new(), shared: Arc::clone(shared) };
        let mut gates = gates.into_iter();
        let producers: Vec<Producer> = (0..job.plan.producers)
            .map(|_| cluster.producer(&job.topic, job.options.clone()))
            .collect::<Result<_>>()?;
        for (number, producer) in (0..).zip(producers) {
            let deliveries = producer.deliveries();
            let failed = Arc::new(AtomicU64::new(0));
            let (shared, counted) = (Arc::clone(shared), Arc::clone(&failed));
            let collect = move || collect(&deliveries, &shared, &counted);
            sending.collectors.push(thread("collect", collect)?);
            let sender = Sender {
                producer,
                generator: Generator::new(pool, run, number),
                share: job.plan.share(number),
                moments,
                shared: Arc::clone(&sending.shared),
                failed,
                gate: gates.next(),
                job: job.clone(),
                buffers: Buffers::default(),
                spent: Spent::default(),
                measured: 0,
            };
            sending.loops.push(thread("send", move || sender.run())?);
        }
        Ok(sending)
    }

    /// Whether all loops have ended.
    pub fn is_finished(&self) -> bool {
        self.loops.iter().all(JoinHandle::is_finished)
    }

    /// Waits for the loops, and for the fates of all records.
    pub fn finish(self) -> (Vec<Spent>, Option<ClusterError>) {
        let (mut spent, mut failure) = (Vec::new(), None);
        for handle in self.loops {
            match handle.join() {
                Ok(Ok(one)) => spent.push(one),
                Ok(Err(error)) => failure = failure.or(Some(error)),
                // A thread that panicked ended the process already.
                Err(_) => {}
            }
        }
        if failure.is_some() {
            self.shared.over.store(true, Ordering::Release);
        }
        for handle in self.collectors {
            drop(handle.join());
        }
        (spent, failure)
    }
}

/// Starts a thread.
pub(super) fn thread<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|error| {
        ClusterError::new(ErrorKind::Storage, format!("cannot start a thread: {error}"))
    })
}

/// Takes deliveries until there are no more.
fn collect(deliveries: &Receiver<Delivery>, shared: &Shared, failed: &AtomicU64) {
    loop {
        match deliveries.recv_timeout(TICK) {
            Ok(delivery) => {
                shared.settle(&delivery);
                if delivery.fate.error().is_some() {
                    failed.fetch_add(delivery.records, Ordering::Release);
                }
            }
            Err(RecvTimeoutError::Timeout) if !shared.over.load(Ordering::Acquire) => {}
            Err(_) => return,
        }
    }
}

/// The loop of one producer.
struct Sender {
    producer: Producer,
    generator: Generator,
    share: Share,
    moments: Moments,
    shared: Arc<Shared>,
    /// How many of its records failed.
    failed: Arc<AtomicU64>,
    gate: Option<Gate>,
    job: Job,
    buffers: Buffers,
    spent: Spent,
    /// Records that were sent after the warm-up.
    measured: u64,
}

impl Sender {
    /// Sends until the plan or a signal ends it.
    fn run(mut self) -> Result<Spent> {
        sys::sharpen_sleep();
        self.sleep_until(self.moments.start_ns);
        while !self.is_over() {
            let due = self.share.due_ns(self.generator.sequence());
            if let Some(due) = due {
                let due = self.moments.start_ns + due + self.job.linger.as_nanos() as u64;
                if !self.sleep_until(due) {
                    continue;
                }
            }
            let Some(mut buffer) = self.buffer() else { continue };
            let Some(room) = Arc::get_mut(&mut buffer) else { continue };
            self.fill(room);
            let (before, failed) = (sys::monotonic_ns(), self.failed.load(Ordering::Acquire));
            if !buffer.is_empty() {
                // That one failed is counted where its fate is.
                self.producer.send(&buffer);
            }
            self.spent.blocked += Duration::from_nanos(sys::monotonic_ns() - before);
            self.buffers.keep(buffer);
            if !self.passes_gate(failed) {
                self.spent.cut = true;
                break;
            }
        }
        self.spent.cut |= self.is_cut() && !self.is_interrupted();
        let now = sys::monotonic_ns();
        self.spent.elapsed = Duration::from_nanos(now.saturating_sub(self.moments.start_ns));
        self.spent.records = self.generator.sequence();
        if self.share.is_open() && self.share.records.is_none() && !self.is_interrupted() {
            // The last nanosecond is not in the window any more.
            let end = self.moments.until_ns.map_or(now, |until| until - 1);
            let passed = end.saturating_sub(self.moments.start_ns);
            self.spent.unsent = self.share.due_count(self.spent.records, passed, u64::MAX);
        }
        let warnings = self.producer.warnings();
        self.producer.close()?;
        self.spent.warnings = warnings.try_iter().collect();
        Ok(self.spent)
    }

    /// Whether a signal asked for a stop.
    fn is_interrupted(&self) -> bool {
        self.job.options.interrupted.load(Ordering::Relaxed)
    }

    /// Whether enough was sent.
    fn is_over(&self) -> bool {
        let enough = self.share.records.is_some_and(|records| self.measured >= records);
        let late = self.moments.until_ns.is_some_and(|until| sys::monotonic_ns() >= until);
        enough || late || self.is_interrupted() || self.is_cut()
    }

    /// Whether sending on makes no sense.
    fn is_cut(&self) -> bool {
        self.shared.hopeless.load(Ordering::Acquire) || self.producer.check().is_err()
    }

    /// Sleeps until a moment; false if that is not reached yet, since a look is due.
    fn sleep_until(&self, due_ns: u64) -> bool {
        loop {
            let left = Duration::from_nanos(due_ns.saturating_sub(sys::monotonic_ns()));
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(TICK));
            if left > TICK && self.is_over() {
                return false;
            }
        }
    }

    /// A buffer that nobody points into; `None` after a while without one.
    fn buffer(&mut self) -> Option<Arc<RecordBuffer>> {
        let buffer = self.buffers.take();
        if buffer.is_none() {
            std::thread::sleep(BACKLOG);
            self.spent.blocked += BACKLOG;
        }
        buffer
    }

    /// Makes the records that are due.
    fn fill(&mut self, buffer: &mut RecordBuffer) {
        let now = sys::monotonic_ns();
        let timestamp_ms = crate::now_ms();
        buffer.clear();
        let number = self.generator.sequence();
        let passed = now.saturating_sub(self.moments.start_ns);
        let mut most = self.share.due_count(number, passed, u64::MAX);
        if self.gate.is_some() {
            most = 1;
        }
        let bytes = self.job.turn_bytes.min(TURN_BYTES_MAX);
        let mut left = self.share.records.map_or(u64::MAX, |records| records - self.measured);
        while most > 0 && left > 0 && buffer.arena.len() < bytes.max(1) {
            let due = self.share.due_ns(self.generator.sequence());
            let intended = due.map_or(now, |due| self.moments.start_ns + due);
            if self.moments.until_ns.is_some_and(|until| intended >= until) {
                break;
            }
            self.generator.append(buffer, intended, now, timestamp_ms);
            most -= 1;
            if intended >= self.moments.from_ns {
                self.measured += 1;
                left -= 1;
            }
        }
        self.spent.making += Duration::from_nanos(sys::monotonic_ns() - now);
    }

    /// Waits until what was sent was seen, or has failed since `failed` of them had, where the run
    /// asks for that. False where neither comes in time: it is missing then.
    fn passes_gate(&self, failed: u64) -> bool {
        let Some(gate) = &self.gate else { return true };
        let begun = sys::monotonic_ns();
        loop {
            let is_seen = gate.recv_timeout(TICK).is_ok();
            if is_seen || self.failed.load(Ordering::Acquire) > failed || self.is_over() {
                return true;
            }
            if Duration::from_nanos(sys::monotonic_ns() - begun) > self.job.timeout {
                return false;
            }
        }
    }
}
