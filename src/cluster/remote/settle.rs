//! Owns the thread that takes the fates of records from librdkafka and tells them. Leaves sending
//! to `produce`.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::error;
use super::ffi::Code;
use super::ffi::metadata::TopicInfo;
use super::ffi::queue::{DELIVERIES, ERRORS, Event};
use super::ffi::send::Settled;
use super::produce::{Shared, TICK};
use super::{lock, obstacle};
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::types::{Acks, Delivery, Fate};

/// How long records that were flushed may wait before they are flushed again; longer each time.
/// Who had no connection or no producer id yet, or a batch under way, was flushed for nothing.
const HURRY_STEP: Duration = Duration::from_millis(5);

/// Records with one fate, next to each other in one partition.
pub(super) struct Run {
    first: Settled,
    records: u64,
    tags: Vec<usize>,
}

impl Run {
    /// Whether the next record goes on with this run.
    fn takes(&self, next: &Settled, report: bool) -> bool {
        let first = &self.first;
        let dense = first.persisted != Some(true)
            || next.offset == first.offset.saturating_add(self.records as i64);
        next.persisted == first.persisted
            && next.code == first.code
            && next.partition == first.partition
            && (!report || (dense && next.tag >> 32 == first.tag >> 32))
    }
}

impl Shared {
    /// Fails when waiting for what is under way makes no sense, once nothing more is to be sent.
    pub(super) fn check_late(&self) -> Result<()> {
        self.check()?;
        self.session.check_late(self.late.get())
    }
}

/// The thread that takes the fates of records.
pub(super) struct Settler {
    pub(super) shared: Arc<Shared>,
    pub(super) deliveries: Sender<Delivery>,
    pub(super) warn: Sender<String>,
    pub(super) made_room: Sender<()>,
    pub(super) runs: Vec<Run>,
    /// The topic as it was when its first records were not answered in time.
    pub(super) found: OnceLock<Vec<TopicInfo>>,
}

impl Settler {
    /// Starts the thread. `alive` is given up when all fates are known.
    pub(super) fn start(self, alive: Sender<Infallible>) -> Result<JoinHandle<()>> {
        let run = move || {
            self.run();
            drop(alive);
        };
        std::thread::Builder::new().name("settle".to_owned()).spawn(run).map_err(|error| {
            ClusterError::new(ErrorKind::Storage, format!("cannot start a thread: {error}"))
        })
    }

    /// Takes fates until all are known and no more will be sent.
    fn run(mut self) {
        let mut patience = HURRY_STEP;
        loop {
            let closing = self.shared.closing.load(Ordering::Acquire);
            let is_idle = self.shared.in_flight() == 0;
            if closing && is_idle {
                return;
            }
            if is_idle {
                patience = HURRY_STEP;
            }
            // The end is looked for often, since nothing wakes this thread for it.
            let wait = if is_idle {
                Duration::from_millis(2)
            } else if self.shared.is_hurried() {
                patience
            } else {
                TICK
            };
            let event = self.shared.session.main().poll(wait);
            for line in self.shared.session.take_news() {
                // Whoever tells them may have gone.
                drop(self.warn.send(line));
            }
            let Some(event) = event else {
                // Only where no fate waits to be taken: a flush takes longer than that.
                if self.shared.is_hurried() {
                    self.shared.session.client().hurry();
                    patience = (patience * 2).clamp(HURRY_STEP, TICK);
                }
                continue;
            };
            match event.kind() {
                DELIVERIES => {
                    self.settle(&event);
                    patience = Duration::ZERO;
                }
                ERRORS => self.note(&event),
                _ => {}
            }
        }
    }

    /// Takes the fates in one event.
    fn settle(&mut self, event: &Event) {
        let (runs, report) = (&mut self.runs, self.shared.report);
        let mut settled = 0;
        event.for_each_settled(|next| {
            settled += 1;
            if let Some(run) = runs.last_mut().filter(|run| run.takes(&next, report)) {
                run.records += 1;
                if report {
                    run.tags.push(next.tag);
                }
                return;
            }
            let tags = if report { vec![next.tag] } else { Vec::new() };
            runs.push(Run { first: next, records: 1, tags });
        });
        for run in std::mem::take(&mut self.runs) {
            self.deliver(run);
        }
        self.shared.settled.fetch_add(settled, Ordering::AcqRel);
        self.made_room.try_send(()).ok();
    }

    /// Tells one run's fate. A full channel stops this thread, and with it the sending.
    fn deliver(&self, run: Run) {
        let Run { first, records, tags } = run;
        let fate = match first.persisted {
            Some(true) if self.shared.acks == Acks::None => Fate::MaybePersisted(None),
            Some(true) => {
                self.shared.session.note_answer();
                Fate::Persisted
            }
            Some(false) => Fate::NotPersisted(Arc::new(self.why(first.code, first.partition))),
            None if first.code == Code::NONE => Fate::MaybePersisted(None),
            None => Fate::MaybePersisted(Some(Arc::new(self.why(first.code, first.partition)))),
        };
        let failed = fate.error().is_some();
        if failed {
            self.shared.failed.store(true, Ordering::Release);
        }
        if failed && error::kind(first.code).is_away() {
            self.shared.late.get_or_init(Instant::now);
        }
        let number = failed.then(|| self.shared.number(first.tag));
        let base_offset = if first.persisted == Some(true) { first.offset } else { -1 };
        let report = self.shared.report_of(&tags, base_offset);
        let delivery = Delivery { records, fate, partition: first.partition, number, report };
        match &self.shared.pending {
            Some(pending) => lock(pending).keep(&delivery),
            // Whoever counts may have gone.
            None => drop(self.deliveries.send(delivery)),
        }
    }

    /// The error of a record: one that was not answered in time failed for what the topic lacks, or
    /// for what the connections say.
    fn why(&self, code: Code, partition: i32) -> ClusterError {
        if let Some(fatal) = self.shared.session.client().fatal() {
            return error::error(&fatal);
        }
        match error::kind(code) {
            ErrorKind::TimedOut | ErrorKind::Unreachable => {
                let found = self.found.get_or_init(|| self.shared.session.known_topics());
                let (acks, wanted) = (self.shared.acks, self.shared.min_in_sync);
                let obstacle =
                    found.iter().find_map(|info| obstacle::of(info, partition, acks, wanted));
                obstacle.unwrap_or_else(|| self.shared.session.unreachable())
            }
            _ => error::of_topic(code, self.shared.topic.as_str()),
        }
    }

    /// Takes up an error of the client.
    fn note(&self, event: &Event) {
        if let Err(trouble) = event.check() {
            self.shared.session.note(trouble);
        }
    }
}
