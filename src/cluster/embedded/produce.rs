//! Owns appending records to a log directory, in three stages that overlap: the caller's thread
//! encodes batches, one thread writes them, one makes them durable. Leaves the log to `disk`.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, bounded, unbounded};

use super::cleaner::Cleaner;
use super::writer::{Flush, Syncer, Writer};
use super::{Embedded, OpenTopic, PATIENCE_STEP, open_topic};
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::produce::tell;
use crate::cluster::types::{Acks, Delivery, Fate, ProducerOptions, Report, Resume, TopicLimits};
use crate::disk::batch::{BatchEncoder, EncodedBatch, HEADER_BYTES, ProducerStamp, next_sequence};
use crate::disk::directory::{LogDirectory, new_producer_id};
use crate::disk::error::DiskError;
use crate::disk::resume::{Resumed, Wanted};
use crate::disk::state::State;
use crate::out::units;
use crate::partitioner::Assigner;
use crate::record::{Compression, RecordBuffer};
use crate::topic::TopicName;

/// Bytes of a batch before compression: large enough that system calls and locks cost nothing,
/// small enough that a batch is still in the cache when it is checksummed, written and later read.
const BATCH_BYTES: usize = 128 << 10;
/// Batches on their way to the writer. With [`BATCH_BYTES`] this bounds the memory of a producer.
const QUEUED_BATCHES: usize = 24;

/// Fates that nobody has asked for yet: behind a reader that stands still, everything stands still.
const QUEUED_DELIVERIES: usize = 256;
/// Bytes of batches that wait to be full, of all partitions together.
const WAITING_BYTES: usize = 16 << 20;
/// How long what is under way may take after a signal.
const GRACE: Duration = Duration::from_millis(1500);
/// How often a wait looks whether it makes sense.
const TICK: Duration = Duration::from_millis(100);

/// A batch on its way to the log.
pub(super) struct Work {
    pub(super) partition: i32,
    pub(super) batch: EncodedBatch,
    pub(super) report: Option<Sent>,
}

/// The records of a batch, when they have to be reported.
pub(super) struct Sent {
    records: Arc<RecordBuffer>,
    indices: Vec<u32>,
}

impl Sent {
    pub(super) fn report(self, base_offset: i64) -> Report {
        Report { records: self.records, indices: self.indices, base_offset }
    }
}

/// What the stages share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Set by the writer at the first failure: what follows is not written.
    pub(super) failed: AtomicBool,
    /// The partition that the writer is appending to, and since when.
    pub(super) appending: Mutex<Option<(Arc<State>, Instant)>>,
    /// Set by a signal, and when that was noticed.
    pub(super) interrupted: Arc<AtomicBool>,
    pub(super) noticed: OnceLock<Instant>,
    /// Batches that the sync stage has, and so the files of their logs.
    pub(super) unsynced: AtomicUsize,
}

impl Shared {
    /// Fails when waiting any longer makes no sense.
    fn check(&self, timeout: Duration) -> Result<()> {
        if self.interrupted.load(Ordering::Relaxed)
            && self.noticed.get_or_init(Instant::now).elapsed() >= GRACE
        {
            let message = "interrupted before everything was settled";
            return Err(ClusterError::new(ErrorKind::TimedOut, message));
        }
        self.check_patience(timeout)
    }

    pub(super) fn set_appending(&self, to: Option<Arc<State>>) {
        let mut appending = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        *appending = to.map(|state| (state, Instant::now()));
    }

    /// Fails when one append has waited longer than `timeout` for the partition's lock: somebody
    /// holds it and does not give it back. It is held for microseconds, so that process has been
    /// stopped. An append that has the lock takes its time: it recovers a long log.
    fn check_patience(&self, timeout: Duration) -> Result<()> {
        let appending = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((state, since)) = appending.as_ref() else { return Ok(()) };
        if since.elapsed() < timeout || state.is_held() {
            return Ok(());
        }
        let holder = format!("process {}, which does not move", state.writer());
        Err(DiskError::Busy { path: state.path().to_owned(), holder }.into())
    }
}

/// One partition as the encoding stage sees it.
struct Lane {
    encoder: BatchEncoder,
    next_sequence: i32,
    indices: Vec<u32>,
    /// Records that the log has of earlier runs, and which are yet to come by again.
    before: u64,
}

/// Lanes of that many partitions, of which earlier runs have written `before` records each.
fn lanes(codec: Compression, partitions: i32, before: Vec<u64>) -> Vec<Lane> {
    let before = before.into_iter().chain(std::iter::repeat(0));
    let lane = |before| Lane {
        encoder: BatchEncoder::new(codec),
        next_sequence: 0,
        indices: Vec::new(),
        before,
    };
    (0..partitions).zip(before).map(|(_, before)| lane(before)).collect()
}

/// Appends records to one topic.
pub struct Producer {
    options: ProducerOptions,
    assigner: Assigner,
    lanes: Vec<Lane>,
    id: i64,
    epoch: i16,
    max_message_bytes: usize,
    batch_bytes: usize,
    /// Bytes in batches that are not full yet.
    waiting_bytes: usize,
    work: Sender<Work>,
    spare: Receiver<EncodedBatch>,
    deliveries: Sender<Delivery>,
    received: Receiver<Delivery>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// Disconnects when all stages have ended.
    stages: Receiver<Infallible>,
    warnings: Receiver<String>,
    warn: Sender<String>,
    timeout: Duration,
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Producer").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Embedded {
    /// A producer for `topic`.
    pub fn producer(&self, topic: &TopicName, options: ProducerOptions) -> Result<Producer> {
        let directory = LogDirectory::open_to_write(&self.path)?;
        let registry = directory.registry()?;
        let id = registry.topics.get(topic).map(|topic| topic.id.to_string());
        let topic = open_topic(&registry, topic)?;
        let resumed = match &options.resume {
            Some(Resume { name, input }) => {
                let until = Instant::now() + self.limits.timeout;
                let wanted = Wanted {
                    name,
                    topic: &topic.name,
                    topic_id: id.unwrap_or_default(),
                    partitions: topic.partitions,
                    config: &topic.config,
                    partitioner: options.partitioner.name(),
                    input,
                    durable: options.acks == Acks::All,
                    again: &|| {
                        std::thread::sleep(PATIENCE_STEP);
                        Instant::now() < until && !options.interrupted.load(Ordering::Relaxed)
                    },
                };
                Some(wanted.take_over(&directory)?)
            }
            None => None,
        };
        Producer::start(directory, topic, options, resumed, self.limits.timeout)
    }

    /// What a topic takes; `None` if it does not exist.
    pub fn topic_limits(&self, topic: &TopicName) -> Result<Option<TopicLimits>> {
        let registry = match self.read_topics() {
            Ok(Some((_, registry))) => registry,
            Ok(None) => return Ok(None),
            // A directory is made with its first topic.
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if !registry.topics.contains_key(topic) {
            return Ok(None);
        }
        let OpenTopic { partitions, config, .. } = open_topic(&registry, topic)?;
        let max_message_bytes = usize::try_from(config.max_message_bytes).unwrap_or(0);
        Ok(Some(TopicLimits { partitions, max_message_bytes }))
    }
}

impl Producer {
    fn start(
        directory: LogDirectory,
        topic: OpenTopic,
        options: ProducerOptions,
        resumed: Option<Resumed>,
        timeout: Duration,
    ) -> Result<Self> {
        let known = resumed.as_ref().map(|Resumed { ticket, .. }| (ticket.id, ticket.epoch));
        let (id, epoch) = known.map_or_else(|| new_producer_id().map(|id| (id, 0)), Ok)?;
        let seed = resumed.as_ref().map_or(id.cast_unsigned(), |resumed| resumed.seed);
        let codec = options.compression.or(topic.config.compression_type).unwrap_or_default();
        let (work, queue) = bounded(QUEUED_BATCHES);
        let (give_back, spare) = bounded(QUEUED_BATCHES + 2);
        let (deliveries, received) = bounded(QUEUED_DELIVERIES);
        let (to_sync, appended) = bounded(QUEUED_DELIVERIES);
        let (warn, warnings) = unbounded();
        let shared =
            Arc::new(Shared { interrupted: Arc::clone(&options.interrupted), ..Shared::default() });
        let max_message_bytes = usize::try_from(topic.config.max_message_bytes).unwrap_or(0);
        let (ticket, before) = resumed.map(|r| (r.ticket, r.counts)).unzip();
        let lanes = lanes(codec, topic.partitions, before.unwrap_or_default());
        let flush = Flush::of(options.acks, &topic.config);
        let assigner = Assigner::new(options.partitioner, topic.partitions, seed);
        let writer = Writer {
            directory,
            topic,
            acks: options.acks,
            ticket,
            flush,
            logs: HashMap::new(),
            queue,
            give_back,
            deliveries: deliveries.clone(),
            to_sync,
            shared: Arc::clone(&shared),
            warn: warn.clone(),
            failure: None,
            bases: HashMap::new(),
            used: Vec::new(),
            cleaner: Cleaner::default(),
        };
        let syncer = Syncer::new(appended, &deliveries, flush, &shared);
        let (alive, stages) = bounded(0);
        let mut threads = vec![spawn("write", alive.clone(), move || writer.run())?];
        if flush != Flush::Never {
            threads.push(spawn("sync", alive, move || syncer.run())?);
        }
        let batch_bytes = options.batch_bytes.unwrap_or(BATCH_BYTES);
        Ok(Self {
            options,
            assigner,
            lanes,
            id,
            epoch,
            max_message_bytes,
            batch_bytes: batch_bytes.min(max_message_bytes),
            waiting_bytes: 0,
            work,
            spare,
            deliveries,
            received,
            shared,
            threads,
            stages,
            warnings,
            warn,
            timeout,
        })
    }

    /// The fates of records, as they become known. A handle of its own, for another thread.
    pub fn deliveries(&self) -> Receiver<Delivery> {
        self.received.clone()
    }

    /// What recovery has to say, as it comes up.
    pub fn warnings(&self) -> Receiver<String> {
        self.warnings.clone()
    }

    /// The number of partitions.
    pub fn partitions(&self) -> i32 {
        self.lanes.len() as i32
    }

    /// Takes the records of `buffer`; each gets its fate as a delivery. Blocks while the log is
    /// behind. `false` means that an earlier record failed and nothing more is taken.
    pub fn send(&mut self, buffer: &Arc<RecordBuffer>) -> bool {
        let mut before = 0;
        for (index, span) in buffer.spans.iter().enumerate() {
            let size = BatchEncoder::record_bytes_max(span, buffer);
            let partition = self.assigner.place(span, buffer, size);
            let Some(lane) = self.lanes.get_mut(partition as usize) else {
                self.refuse_partition(buffer, index, partition);
                continue;
            };
            if lane.before > 0 {
                lane.before -= 1;
                before += 1;
                continue;
            }
            if lane.encoder.records() > 0 && lane.encoder.size_bytes() + size > self.batch_bytes {
                self.finish(partition, buffer);
            }
            if self.options.resume.is_some() && self.shared.failed.load(Ordering::Acquire) {
                break;
            }
            let Some(lane) = self.lanes.get_mut(partition as usize) else { continue };
            lane.encoder.push(span, buffer);
            self.waiting_bytes += size;
            if self.options.report {
                lane.indices.push(index as u32);
            }
            if self.waiting_bytes > WAITING_BYTES {
                self.flush_from(buffer);
            }
        }
        if before > 0 {
            self.deliver(Delivery {
                records: before,
                fate: Fate::PersistedBefore,
                partition: -1,
                number: None,
                report: None,
            });
        }
        // A report points into this buffer, so its batches do not wait for the next one.
        if self.options.report {
            self.flush_from(buffer);
        }
        !self.shared.failed.load(Ordering::Acquire)
    }

    /// Whether nothing more will come of sending: a record failed, or waiting makes no sense.
    pub fn is_stuck(&self) -> bool {
        self.shared.failed.load(Ordering::Acquire) || self.check().is_err()
    }

    /// Hands over what is encoded without waiting for full batches.
    pub fn flush(&mut self) {
        let nothing = Arc::new(RecordBuffer::default());
        self.flush_from(&nothing);
    }

    fn flush_from(&mut self, buffer: &Arc<RecordBuffer>) {
        for partition in 0..self.lanes.len() {
            self.finish(partition as i32, buffer);
        }
        self.waiting_bytes = 0;
    }

    /// Whether the queue to the log is empty, so that waiting for more input gains nothing.
    pub fn is_idle(&self) -> bool {
        self.work.is_empty()
    }

    /// Closes the batch of one partition and queues it.
    fn finish(&mut self, partition: i32, buffer: &Arc<RecordBuffer>) {
        let Some(lane) = self.lanes.get_mut(partition as usize) else { return };
        let records = lane.encoder.records();
        if records == 0 {
            return;
        }
        self.waiting_bytes = self.waiting_bytes.saturating_sub(lane.encoder.size_bytes());
        let base_sequence = lane.next_sequence;
        if self.options.resume.is_some() && base_sequence.checked_add(records).is_none() {
            let message = "a partition has all the records that one run can count: run it again";
            let error = ClusterError::new(ErrorKind::InvalidRequest, message);
            lane.encoder.forget();
            lane.indices.clear();
            return self.refuse(records as u64, None, partition, None, error);
        }
        let stamp = ProducerStamp { id: self.id, epoch: self.epoch, base_sequence };
        let into = self.spare.try_recv().unwrap_or_default();
        let report = self.options.report.then(|| Sent {
            records: Arc::clone(buffer),
            indices: std::mem::take(&mut lane.indices),
        });
        let batch = match lane.encoder.finish(stamp, into) {
            Ok(batch) if batch.bytes.len() <= self.max_message_bytes => batch,
            Ok(batch) => {
                let message = format!(
                    "a record of {} bytes is larger than max.message.bytes ({})",
                    batch.bytes.len() - HEADER_BYTES,
                    self.max_message_bytes
                );
                let error = ClusterError::new(ErrorKind::MessageTooLarge, message);
                return self.refuse(records as u64, None, partition, report, error);
            }
            Err(error) => {
                let message = format!("a batch does not compress: {error}");
                let error = ClusterError::new(ErrorKind::CorruptData, message);
                return self.refuse(records as u64, None, partition, report, error);
            }
        };
        lane.next_sequence = next_sequence(base_sequence, records);
        let mut work = Work { partition, batch, report };
        // The writer ends only after this sender is gone, so a full queue is the one obstacle.
        while let Err(SendTimeoutError::Timeout(back)) = self.work.send_timeout(work, TICK) {
            work = back;
            if let Err(error) = self.check() {
                self.shared.failed.store(true, Ordering::Release);
                return self.refuse(records as u64, None, partition, work.report, error);
            }
        }
    }

    /// Says that this run has fewer records than earlier ones of its name.
    fn tell_shorter(&self) {
        let Some(Resume { name, .. }) = &self.options.resume else { return };
        let left: u64 = self.lanes.iter().map(|lane| lane.before).sum();
        let goes_on = !self.shared.failed.load(Ordering::Acquire)
            && !self.options.interrupted.load(Ordering::Relaxed);
        if left > 0 && goes_on {
            let records = units::plural(left, "record");
            drop(self.warn.send(format!(
                "the input ended {records} before the end of what earlier runs of `{name}` \
                 wrote: it is not the same, or `--resume` wants another name"
            )));
        }
    }

    fn refuse_partition(&self, buffer: &Arc<RecordBuffer>, index: usize, partition: i32) {
        let message =
            format!("there is no partition {partition}: the topic has {}", self.partitions());
        let error = ClusterError::new(ErrorKind::UnknownTopicOrPartition, message);
        let report = self
            .options
            .report
            .then(|| Sent { records: Arc::clone(buffer), indices: vec![index as u32] });
        let number = (buffer.first_number > 0).then(|| buffer.first_number + index as u64);
        self.refuse(1, number, partition, report, error);
    }

    fn refuse(
        &self,
        records: u64,
        number: Option<u64>,
        partition: i32,
        sent: Option<Sent>,
        error: ClusterError,
    ) {
        if self.options.resume.is_some() {
            // What stands behind a record that is left out would be counted in its place by the
            // next run, so nothing may.
            self.shared.failed.store(true, Ordering::Release);
        }
        self.deliver(Delivery {
            records,
            fate: Fate::NotPersisted(Arc::new(error)),
            partition,
            number,
            report: sent.map(|sent| sent.report(-1)),
        });
    }

    fn deliver(&self, delivery: Delivery) {
        tell(&self.deliveries, delivery, || self.check());
    }

    /// Fails when waiting for the log any longer makes no sense: a signal was some time ago, or the
    /// lock of a partition is held by somebody who does not move.
    pub fn check(&self) -> Result<()> {
        self.shared.check(self.timeout)
    }

    /// Sends what is left and ends the stages. The deliveries end when all fates are known. An
    /// error means that the writer never got a partition's lock, and what it has is unknown.
    pub fn close(mut self) -> Result<()> {
        self.tell_shorter();
        self.flush();
        let Self { work, deliveries, threads, shared, stages, timeout, .. } = self;
        drop(work);
        drop(deliveries);
        while let Err(RecvTimeoutError::Timeout) = stages.recv_timeout(TICK) {
            shared.check(timeout)?;
        }
        for thread in threads {
            // A stage that panicked ended the process already.
            drop(thread.join());
        }
        Ok(())
    }
}

/// Starts a stage, which holds `alive` until it ends.
fn spawn(
    name: &str,
    alive: Sender<Infallible>,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>> {
    let stage = move || {
        run();
        drop(alive);
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(stage).map_err(|error| {
        ClusterError::new(ErrorKind::Storage, format!("cannot start a thread: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_append_that_has_the_lock_may_take_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let state = Arc::new(State::open_or_create(dir.path()).unwrap());
        let shared = Shared::default();
        shared.set_appending(Some(Arc::clone(&state)));
        assert!(shared.check(Duration::from_secs(60)).is_ok());
        assert!(shared.check(Duration::ZERO).is_err(), "it waits for the lock");
        let locked = state.lock().unwrap();
        assert!(shared.check(Duration::ZERO).is_ok(), "it recovers the log");
        drop(locked);
        shared.set_appending(None);
        assert!(shared.check(Duration::ZERO).is_ok());
    }
}
