//! Owns the stages behind a producer: the one that writes batches, and the one that makes them
//! durable. Leaves encoding to `produce`, the log to `disk`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::cleaner::Cleaner;
use super::produce::{Shared, Work};
use super::{OpenTopic, check_partition};
use crate::cluster::error::{ClusterError, Result};
use crate::cluster::types::{Acks, Delivery, Fate};
use crate::config::LogConfig;
use crate::disk::batch::EncodedBatch;
use crate::disk::cut::Cuts;
use crate::disk::directory::LogDirectory;
use crate::disk::guard::check_topic_id;
use crate::disk::partition::{Appended, PartitionLog};
use crate::disk::resume::Ticket;
use crate::disk::state::State;

/// How much of a segment is filled before its way to the device begins.
const WRITEBACK_BYTES: u64 = 4 << 20;

/// Files that an open log has: its page, and the log and two indexes of a segment.
const FILES_OF_LOG: usize = 4;

/// How soon it is looked again whether the sync stage has let go of files.
const SYNC_STEP: Duration = Duration::from_micros(200);

/// How many logs a producer has open at most: with as many that were closed and wait for their
/// sync, they have half of the files that the process may open.
fn logs_max() -> usize {
    (crate::sys::file_limit() / 4 / FILES_OF_LOG).max(1)
}

/// When the sync stage puts batches on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flush {
    /// It does not: the kernel does, in its time.
    Never,
    /// At once, and the acknowledgement waits for it.
    BeforeAck,
    /// This long after the first batch since the last time (`flush.ms`).
    Every(Duration),
}

impl Flush {
    pub(super) fn of(acks: Acks, config: &LogConfig) -> Self {
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
pub(super) struct Unsynced {
    pub(super) state: Arc<State>,
    pub(super) directory: PathBuf,
    pub(super) appended: Appended,
    /// Who waits for the sync, if anybody does.
    pub(super) waiting: Option<Delivery>,
}

/// The stage that writes.
pub(super) struct Writer {
    pub(super) directory: LogDirectory,
    pub(super) topic: OpenTopic,
    pub(super) acks: Acks,
    /// Of a producer that goes on under a name.
    pub(super) ticket: Option<Ticket>,
    pub(super) flush: Flush,
    pub(super) logs: HashMap<i32, PartitionLog>,
    pub(super) queue: Receiver<Work>,
    pub(super) give_back: Sender<EncodedBatch>,
    pub(super) deliveries: Sender<Delivery>,
    pub(super) to_sync: Sender<Unsynced>,
    pub(super) shared: Arc<Shared>,
    pub(super) warn: Sender<String>,
    /// The first failure, which ends the run.
    pub(super) failure: Option<Arc<ClusterError>>,
    /// The active segment of each partition, as far as was seen.
    pub(super) bases: HashMap<i32, i64>,
    /// Partitions in the order in which they were used, the last one at the end.
    pub(super) used: Vec<i32>,
    /// The compaction that goes on beside.
    pub(super) cleaner: Cleaner,
}

impl Writer {
    /// Writes until no batch can come any more, then closes the logs.
    pub(super) fn run(mut self) {
        while let Ok(work) = self.queue.recv() {
            self.write(work);
        }
        for log in self.logs.values_mut() {
            self.shared.set_appending(Some(Arc::clone(log.state())));
            // A closed log is tidier, not truer: what fails here is made good by the next writer.
            drop(log.settle(crate::now_ms()));
            self.shared.set_appending(None);
            tell_cuts(&self.warn, self.directory.cuts());
        }
        self.cleaner.finish();
    }

    /// Does what the topic's cleanup policy asks for, once another segment is sealed. What fails
    /// here is no failure of the producer, and is tried again at the next segment.
    fn care(&mut self, partition: i32, base: i64) {
        if self.bases.insert(partition, base).is_none_or(|before| before == base) {
            return;
        }
        if self.topic.config.cleanup_policy.delete
            && let Some(log) = self.logs.get_mut(&partition)
        {
            drop(log.retain(crate::now_ms(), false, false));
        }
        if self.topic.config.cleanup_policy.compact {
            self.cleaner.start(&self.directory, &self.topic, partition);
        }
    }

    fn write(&mut self, work: Work) {
        let Work { partition, mut batch, report } = work;
        let (records, bytes) = (batch.records as u64, batch.bytes.len() as u64);
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
            number: None,
            report: report.map(|sent| sent.report(base_offset)),
        };
        match written {
            Err(error) => {
                self.failure.get_or_insert_with(|| Arc::clone(&error));
                self.shared.failed.store(true, Ordering::Release);
                delivery.fate = Fate::NotPersisted(error);
            }
            Ok((appended, state, directory)) => {
                self.care(partition, appended.segment.base);
                if self.acks == Acks::None {
                    delivery.fate = Fate::MaybePersisted(None);
                }
                let mut unsynced = Unsynced { state, directory, appended, waiting: None };
                if self.flush == Flush::BeforeAck {
                    Self::start_writeback(&unsynced.appended, bytes);
                    unsynced.waiting = Some(delivery);
                    return self.hand_on(unsynced);
                }
                if self.flush != Flush::Never {
                    self.hand_on(unsynced);
                }
            }
        }
        drop(self.deliveries.send(delivery));
    }

    /// Hands a batch to the sync stage.
    fn hand_on(&self, unsynced: Unsynced) {
        self.shared.unsynced.fetch_add(1, Ordering::AcqRel);
        drop(self.to_sync.send(unsynced));
    }

    /// Starts writing out each stretch of a segment as it is filled.
    fn start_writeback(appended: &Appended, bytes: u64) {
        let (end, begin) = (appended.end_position, appended.end_position.saturating_sub(bytes));
        let (from, to) = (begin / WRITEBACK_BYTES, end / WRITEBACK_BYTES);
        if from < to {
            let from = from * WRITEBACK_BYTES;
            appended.segment.start_writeback(from, to * WRITEBACK_BYTES - from);
        }
    }

    /// Makes room for another open log: the one that was not used for the longest time goes.
    fn make_room(&mut self, partition: i32) {
        if let Some(at) = self.used.iter().position(|&used| used == partition) {
            self.used.remove(at);
        }
        self.used.push(partition);
        let most = logs_max();
        while self.used.len() > most {
            // What is to be synced keeps its files open.
            while self.shared.unsynced.load(Ordering::Acquire) > most {
                std::thread::sleep(SYNC_STEP);
            }
            let gone = self.used.remove(0);
            if let Some(mut log) = self.logs.remove(&gone) {
                drop(log.settle(crate::now_ms()));
                tell_cuts(&self.warn, self.directory.cuts());
            }
        }
    }

    fn append(
        &mut self,
        partition: i32,
        batch: &mut EncodedBatch,
    ) -> Result<(Appended, Arc<State>, PathBuf)> {
        let path = self.directory.partition_path(&self.topic.name, partition);
        if self.used.last() != Some(&partition) {
            self.make_room(partition);
        }
        let log = match self.logs.entry(partition) {
            std::collections::hash_map::Entry::Occupied(log) => log.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => {
                check_partition(&self.topic, partition)?;
                check_topic_id(&path, self.topic.id)?;
                let (name, config) = (&self.topic.name, &self.topic.config);
                let opened = self.directory.open_partition(name, partition, config);
                let mut log = opened.map_err(|error| error.or_deleted(&path))?;
                self.shared.set_appending(Some(Arc::clone(log.state())));
                let fenced = log.check_fence();
                self.shared.set_appending(None);
                if fenced.map_err(|error| error.or_deleted(&path))? {
                    let warning = format!("{name}-{partition}: checked after a failed sync");
                    drop(self.warn.send(warning));
                }
                place.insert(log)
            }
        };
        self.shared.set_appending(Some(Arc::clone(log.state())));
        let ticket = self.ticket.as_ref();
        let allowed = || ticket.map_or(Ok(()), Ticket::check);
        let appended = log.append_if(batch, crate::now_ms(), allowed);
        self.shared.set_appending(None);
        tell_cuts(&self.warn, self.directory.cuts());
        let appended = appended.map_err(|error| error.or_deleted(&path))?;
        Ok((appended, Arc::clone(log.state()), path))
    }
}

/// Says what recovery moved aside, and what else is to be told.
fn tell_cuts(warn: &Sender<String>, cuts: &Cuts) {
    for told in cuts.take_all() {
        drop(warn.send(told));
    }
}

/// The stage that makes batches durable. One sync serves all batches that came in since the last
/// one began (group commit).
pub(super) struct Syncer {
    appended: Receiver<Unsynced>,
    deliveries: Sender<Delivery>,
    flush: Flush,
    shared: Arc<Shared>,
}

impl Syncer {
    /// One that syncs what the writer hands on.
    pub(super) fn new(
        appended: Receiver<Unsynced>,
        deliveries: &Sender<Delivery>,
        flush: Flush,
        shared: &Arc<Shared>,
    ) -> Self {
        Self { appended, deliveries: deliveries.clone(), flush, shared: Arc::clone(shared) }
    }

    /// Syncs until the writer is gone.
    pub(super) fn run(self) {
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
                let Unsynced { waiting, directory, .. } = unsynced;
                self.shared.unsynced.fetch_sub(1, Ordering::AcqRel);
                let Some(mut delivery) = waiting else { continue };
                if let Some(error) = failed.get(&directory) {
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
                let error = error.or_deleted(directory);
                failed.insert(directory.clone(), Arc::new(error.into()));
            }
        }
    }
}
