//! Owns appending records to a log directory, in three stages that overlap: the caller's thread
//! encodes batches, one thread writes them, one makes them durable. Leaves the log to `disk`.

use std::collections::HashMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, bounded, unbounded};

use super::{Embedded, OpenTopic, check_partition, open_topic};
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::types::{Acks, Delivery, Fate, ProducerOptions, Report};
use crate::config::LogConfig;
use crate::disk::batch::{BatchEncoder, EncodedBatch, HEADER_BYTES, ProducerStamp, next_sequence};
use crate::disk::directory::LogDirectory;
use crate::disk::error::DiskError;
use crate::disk::partition::{Appended, PartitionLog};
use crate::disk::state::State;
use crate::partitioner::Assigner;
use crate::record::RecordBuffer;
use crate::topic::TopicName;

/// Bytes of a batch before compression: large enough that system calls and locks cost nothing,
/// small enough that a batch is still in the cache when it is checksummed, written and later read.
const BATCH_BYTES: usize = 128 << 10;
/// Batches on their way to the writer. With [`BATCH_BYTES`] this bounds the memory of a producer.
const QUEUED_BATCHES: usize = 24;

/// How often a wait looks whether it makes sense.
const TICK: Duration = Duration::from_millis(100);

/// A batch on its way to the log.
struct Work {
    partition: i32,
    batch: EncodedBatch,
    report: Option<Sent>,
}

/// The records of a batch, when they have to be reported.
struct Sent {
    records: Arc<RecordBuffer>,
    indices: Vec<u32>,
}

impl Sent {
    fn report(self, base_offset: i64) -> Report {
        Report { records: self.records, indices: self.indices, base_offset }
    }
}

/// What the stages share.
#[derive(Debug, Default)]
struct Shared {
    /// Set by the writer at the first failure: what follows is not written.
    failed: AtomicBool,
    /// The partition that the writer is appending to, and since when.
    appending: Mutex<Option<(Arc<State>, Instant)>>,
}

impl Shared {
    fn set_appending(&self, to: Option<Arc<State>>) {
        let mut appending = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        *appending = to.map(|state| (state, Instant::now()));
    }

    /// Fails when one append has taken longer than `timeout`: somebody holds the partition's lock
    /// and does not give it back. It is held for microseconds, so that process has been stopped.
    fn check_patience(&self, timeout: Duration) -> Result<()> {
        let appending = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((state, since)) = appending.as_ref() else { return Ok(()) };
        if since.elapsed() < timeout {
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
}

/// Appends records to one topic.
pub struct Producer {
    options: ProducerOptions,
    assigner: Assigner,
    lanes: Vec<Lane>,
    id: i64,
    max_message_bytes: usize,
    batch_bytes: usize,
    work: Sender<Work>,
    spare: Receiver<EncodedBatch>,
    deliveries: Sender<Delivery>,
    received: Receiver<Delivery>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// Disconnects when all stages have ended.
    stages: Receiver<Infallible>,
    warnings: Receiver<String>,
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
        let topic = open_topic(&directory.registry()?, topic)?;
        Producer::start(directory, topic, options, self.limits.timeout)
    }

    /// The number of partitions of a topic; `None` if it does not exist.
    pub fn partition_count(&self, topic: &TopicName) -> Result<Option<i32>> {
        match self.read_topics() {
            Ok(Some((_, registry))) => Ok(registry.topics.get(topic).map(|t| t.partitions)),
            Ok(None) => Ok(None),
            // A directory is made with its first topic.
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Producer {
    fn start(
        directory: LogDirectory,
        topic: OpenTopic,
        options: ProducerOptions,
        timeout: Duration,
    ) -> Result<Self> {
        let id = directory.next_producer_id()?;
        let codec = options.compression.or(topic.config.compression_type).unwrap_or_default();
        let (work, queue) = bounded(QUEUED_BATCHES);
        let (give_back, spare) = bounded(QUEUED_BATCHES + 2);
        let (deliveries, received) = unbounded();
        let (to_sync, appended) = unbounded();
        let (warn, warnings) = unbounded();
        let shared = Arc::new(Shared::default());
        let max_message_bytes = usize::try_from(topic.config.max_message_bytes).unwrap_or(0);
        let lanes = (0..topic.partitions)
            .map(|_| Lane {
                encoder: BatchEncoder::new(codec),
                next_sequence: 0,
                indices: Vec::new(),
            })
            .collect();
        let flush = Flush::of(options.acks, &topic.config);
        let assigner = Assigner::new(options.partitioner, topic.partitions, id.cast_unsigned());
        let writer = Writer {
            directory,
            topic,
            acks: options.acks,
            flush,
            logs: HashMap::new(),
            queue,
            give_back,
            deliveries: deliveries.clone(),
            to_sync,
            shared: Arc::clone(&shared),
            warn,
            failure: None,
        };
        let syncer = Syncer { appended, deliveries: deliveries.clone(), flush };
        let (alive, stages) = bounded(0);
        let mut threads = vec![spawn("write", alive.clone(), move || writer.run())?];
        if flush != Flush::Never {
            threads.push(spawn("sync", alive, move || syncer.run())?);
        }
        Ok(Self {
            options,
            assigner,
            lanes,
            id,
            max_message_bytes,
            batch_bytes: BATCH_BYTES.min(max_message_bytes),
            work,
            spare,
            deliveries,
            received,
            shared,
            threads,
            stages,
            warnings,
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
        for (index, span) in buffer.spans.iter().enumerate() {
            let size = BatchEncoder::record_bytes_max(span, buffer);
            let partition = if span.partition >= 0 {
                span.partition
            } else {
                self.assigner.assign(span.key.of(&buffer.arena), size)
            };
            let Some(lane) = self.lanes.get_mut(partition as usize) else {
                self.refuse_partition(buffer, index, partition);
                continue;
            };
            if lane.encoder.records() > 0 && lane.encoder.size_bytes() + size > self.batch_bytes {
                self.finish(partition, buffer);
            }
            let Some(lane) = self.lanes.get_mut(partition as usize) else { continue };
            lane.encoder.push(span, buffer);
            if self.options.report {
                lane.indices.push(index as u32);
            }
        }
        // A report points into this buffer, so its batches do not wait for the next one.
        if self.options.report {
            self.flush_from(buffer);
        }
        !self.shared.failed.load(Ordering::Acquire)
    }

    /// Whether nothing more will come of sending: a record failed, or the writer waits for a
    /// partition's lock in vain.
    pub fn is_stuck(&self) -> bool {
        self.shared.failed.load(Ordering::Acquire)
            || self.shared.check_patience(self.timeout).is_err()
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
        let base_sequence = lane.next_sequence;
        let stamp = ProducerStamp { id: self.id, epoch: 0, base_sequence };
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
                return self.refuse(records as u64, partition, report, error);
            }
            Err(error) => {
                let message = format!("a batch does not compress: {error}");
                let error = ClusterError::new(ErrorKind::CorruptData, message);
                return self.refuse(records as u64, partition, report, error);
            }
        };
        lane.next_sequence = next_sequence(base_sequence, records);
        let mut work = Work { partition, batch, report };
        // The writer ends only after this sender is gone, so a full queue is the one obstacle.
        while let Err(SendTimeoutError::Timeout(back)) = self.work.send_timeout(work, TICK) {
            work = back;
            if let Err(error) = self.shared.check_patience(self.timeout) {
                self.shared.failed.store(true, Ordering::Release);
                return self.refuse(records as u64, partition, work.report, error);
            }
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
        self.refuse(1, partition, report, error);
    }

    fn refuse(&self, records: u64, partition: i32, sent: Option<Sent>, error: ClusterError) {
        let delivery = Delivery {
            records,
            fate: Fate::NotPersisted(Arc::new(error)),
            partition,
            report: sent.map(|sent| sent.report(-1)),
        };
        drop(self.deliveries.send(delivery));
    }

    /// The largest record that can be sent, in bytes of key, value and headers: what a batch may
    /// hold less what it adds.
    pub const fn record_bytes_max(&self) -> usize {
        self.max_message_bytes.saturating_sub(HEADER_BYTES)
    }

    /// Sends what is left and ends the stages. The deliveries end when all fates are known. An
    /// error means that the writer never got a partition's lock, and what it has is unknown.
    pub fn close(mut self) -> Result<()> {
        self.flush();
        let Self { work, deliveries, threads, shared, stages, timeout, .. } = self;
        drop(work);
        drop(deliveries);
        while let Err(RecvTimeoutError::Timeout) = stages.recv_timeout(TICK) {
            shared.check_patience(timeout)?;
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

/// When the sync stage puts batches on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flush {
    /// It does not: the kernel does, in its time.
    Never,
    /// At once, and the acknowledgement waits for it.
    BeforeAck,
    /// This long after the first batch since the last time (`flush.ms`).
    Every(Duration),
}

impl Flush {
    fn of(acks: Acks, config: &LogConfig) -> Self {
        match acks {
            Acks::All => Self::BeforeAck,
            Acks::None | Acks::Leader if config.flush_ms < i64::MAX => {
                Self::Every(Duration::from_millis(config.flush_ms.max(1).cast_unsigned()))
            }
            Acks::None | Acks::Leader => Self::Never,
        }
    }
}

/// A batch that is in the page cache.
struct Unsynced {
    state: Arc<State>,
    directory: PathBuf,
    appended: Appended,
    /// Who waits for the sync, if anybody does.
    waiting: Option<Delivery>,
}

/// The stage that writes.
struct Writer {
    directory: LogDirectory,
    topic: OpenTopic,
    acks: Acks,
    flush: Flush,
    logs: HashMap<i32, PartitionLog>,
    queue: Receiver<Work>,
    give_back: Sender<EncodedBatch>,
    deliveries: Sender<Delivery>,
    to_sync: Sender<Unsynced>,
    shared: Arc<Shared>,
    warn: Sender<String>,
    /// The first failure, which ends the run.
    failure: Option<Arc<ClusterError>>,
}

impl Writer {
    fn run(mut self) {
        while let Ok(work) = self.queue.recv() {
            self.write(work);
        }
        for log in self.logs.values_mut() {
            self.shared.set_appending(Some(Arc::clone(log.state())));
            // A closed log is tidier, not truer: what fails here is made good by the next writer.
            drop(log.settle(crate::now_ms()));
            self.shared.set_appending(None);
        }
    }

    fn write(&mut self, work: Work) {
        let Work { partition, mut batch, report } = work;
        let records = batch.records as u64;
        let written = match &self.failure {
            Some(failure) => Err(Arc::clone(failure)),
            None => self.append(partition, &mut batch).map_err(Arc::new),
        };
        drop(self.give_back.try_send(batch));
        let base_offset = written.as_ref().map_or(-1, |(appended, ..)| appended.base_offset);
        let mut delivery = Delivery {
            records,
            fate: Fate::Persisted,
            partition,
            report: report.map(|sent| sent.report(base_offset)),
        };
        match written {
            Err(error) => {
                self.failure.get_or_insert_with(|| Arc::clone(&error));
                self.shared.failed.store(true, Ordering::Release);
                delivery.fate = Fate::NotPersisted(error);
            }
            Ok((appended, state, directory)) => {
                if self.acks == Acks::None {
                    delivery.fate = Fate::MaybePersisted(None);
                }
                let mut waiting = Some(delivery);
                if self.flush != Flush::BeforeAck {
                    waiting.take().map(|delivery| self.deliveries.send(delivery));
                }
                if self.flush != Flush::Never {
                    drop(self.to_sync.send(Unsynced { state, directory, appended, waiting }));
                }
                return;
            }
        }
        drop(self.deliveries.send(delivery));
    }

    fn append(
        &mut self,
        partition: i32,
        batch: &mut EncodedBatch,
    ) -> Result<(Appended, Arc<State>, PathBuf)> {
        let path = self.directory.partition_path(&self.topic.name, partition);
        let log = match self.logs.entry(partition) {
            std::collections::hash_map::Entry::Occupied(log) => log.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => {
                check_partition(&self.topic, partition)?;
                let (name, config) = (&self.topic.name, &self.topic.config);
                let mut log = self.directory.open_partition(name, partition, config)?;
                self.shared.set_appending(Some(Arc::clone(log.state())));
                let fenced = log.check_fence();
                self.shared.set_appending(None);
                if fenced? {
                    let warning = format!("{name}-{partition}: checked after a failed sync");
                    drop(self.warn.send(warning));
                }
                place.insert(log)
            }
        };
        self.shared.set_appending(Some(Arc::clone(log.state())));
        let appended = log.append(batch, crate::now_ms());
        self.shared.set_appending(None);
        for cut in log.take_cuts() {
            let warning = format!(
                "{}-{partition}: {} bytes that were not whole were moved to {}: {}",
                self.topic.name,
                cut.bytes,
                cut.path.display(),
                cut.reason
            );
            drop(self.warn.send(warning));
        }
        Ok((appended?, Arc::clone(log.state()), path))
    }
}

/// The stage that makes batches durable. One sync serves all batches that came in since the last
/// one began (group commit).
struct Syncer {
    appended: Receiver<Unsynced>,
    deliveries: Sender<Delivery>,
    flush: Flush,
}

impl Syncer {
    fn run(self) {
        let mut group: Vec<Unsynced> = Vec::new();
        let mut failed: HashMap<PathBuf, Arc<ClusterError>> = HashMap::new();
        while let Ok(first) = self.appended.recv() {
            group.push(first);
            if let Flush::Every(interval) = self.flush {
                self.gather(&mut group, interval);
            }
            while let Ok(more) = self.appended.try_recv() {
                group.push(more);
            }
            Self::sync(&group, &mut failed);
            for unsynced in group.drain(..) {
                let Some(mut delivery) = unsynced.waiting else { continue };
                if let Some(error) = failed.get(&unsynced.directory) {
                    delivery.fate = Fate::MaybePersisted(Some(Arc::clone(error)));
                }
                drop(self.deliveries.send(delivery));
            }
        }
    }

    /// Takes in what comes within `interval`.
    fn gather(&self, group: &mut Vec<Unsynced>, interval: Duration) {
        let until = Instant::now() + interval;
        loop {
            match self.appended.recv_deadline(until) {
                Ok(more) => group.push(more),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Syncs each segment of the group once, up to its newest batch. A partition whose sync failed
    /// is not tried again: the kernel may have dropped what it could not write.
    fn sync(group: &[Unsynced], failed: &mut HashMap<PathBuf, Arc<ClusterError>>) {
        let mut newest: HashMap<(&PathBuf, i64), &Unsynced> = HashMap::new();
        for unsynced in group {
            newest.insert((&unsynced.directory, unsynced.appended.segment.base), unsynced);
        }
        let mut segments: Vec<_> = newest.into_values().collect();
        segments.sort_by_key(|unsynced| unsynced.appended.segment.base);
        for unsynced in segments {
            if failed.contains_key(&unsynced.directory) {
                continue;
            }
            let Unsynced { state, directory, appended, .. } = unsynced;
            if let Err(error) = PartitionLog::sync(state, directory, appended) {
                failed.insert(directory.clone(), Arc::new(error.into()));
            }
        }
    }
}
