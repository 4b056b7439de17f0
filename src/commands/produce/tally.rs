//! Owns the count of what became of the records: takes the deliveries on a thread of its own,
//! prints the report, and says in the end what is known. Leaves sending to `produce`.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::cluster::error::ClusterError;
use crate::cluster::types::{Delivery, Fate, Report};
use crate::out::Stdout;
use crate::record::template::Template;

/// How often the thread looks whether it was told to end.
const TICK: Duration = Duration::from_millis(50);

/// What became of the records so far.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// The log has them.
    pub persisted: u64,
    /// Among those: of earlier runs.
    pub persisted_before: u64,
    /// It has them not.
    pub not_persisted: u64,
    /// Nobody knows.
    pub maybe_persisted: u64,
    /// The first failure.
    pub failure: Option<Arc<ClusterError>>,
    /// The number of the first record that is known to have failed.
    pub failed_record: Option<u64>,
    /// What went wrong with the report on stdout.
    pub report_failure: Option<std::io::ErrorKind>,
}

impl Counts {
    /// Counts records with one fate.
    pub fn add(&mut self, records: u64, fate: &Fate) {
        let mut fail = |error: &Arc<ClusterError>| {
            self.failure.get_or_insert_with(|| Arc::clone(error));
        };
        match fate {
            Fate::Persisted => self.persisted += records,
            Fate::PersistedBefore => {
                self.persisted += records;
                self.persisted_before += records;
            }
            Fate::NotPersisted(error) => {
                fail(error);
                self.not_persisted += records;
            }
            Fate::MaybePersisted(error) => {
                error.iter().for_each(&mut fail);
                self.maybe_persisted += records;
            }
        }
    }

    /// Records whose fate is decided.
    pub const fn settled(&self) -> u64 {
        self.persisted + self.not_persisted + self.maybe_persisted
    }
}

/// The counts, shared with the thread that keeps them.
#[derive(Debug, Default)]
pub struct Tally {
    counts: Mutex<Counts>,
    changed: Condvar,
    /// Nobody waits for more deliveries.
    over: AtomicBool,
}

/// The report on stdout.
pub struct Reporter {
    /// What a line shows.
    pub template: Template,
    /// The name of the topic.
    pub topic: String,
    /// Where lines go.
    pub stdout: Stdout,
}

impl Tally {
    /// The counts as they are.
    pub fn counts(&self) -> Counts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the fate of `records` records is decided, or `at_most` has passed.
    pub fn wait_for(&self, records: u64, at_most: Duration) -> bool {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(counts, at_most, |counts| counts.settled() < records)
            .unwrap_or_else(PoisonError::into_inner);
        waited.0.settled() >= records
    }

    /// Ends the counting, though deliveries may still come.
    pub fn give_up(&self) {
        self.over.store(true, Ordering::Release);
    }

    /// Takes deliveries until there are no more.
    pub fn run(&self, deliveries: &Receiver<Delivery>, mut reporter: Option<Reporter>) {
        let mut line = Vec::new();
        loop {
            let delivery = match deliveries.recv_timeout(TICK) {
                Ok(delivery) => delivery,
                Err(RecvTimeoutError::Timeout) if !self.over.load(Ordering::Acquire) => continue,
                Err(_) => return,
            };
            let reported = match (&mut reporter, &delivery.report, &delivery.fate) {
                (Some(reporter), Some(report), Fate::Persisted) => {
                    line.clear();
                    reporter.render(report, delivery.partition, &mut line);
                    reporter.stdout.write_all(&line)
                }
                _ => Ok(()),
            };
            if let Err(error) = &reported {
                reporter = None;
                self.note(|counts| counts.report_failure = Some(error.kind()));
            }
            self.note(|counts| {
                // The first failure is the one that is told, and its record with it.
                if counts.failure.is_none() {
                    counts.failed_record = delivery.number;
                }
                counts.add(delivery.records, &delivery.fate);
            });
        }
    }

    fn note(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }
}

impl Reporter {
    fn render(&self, report: &Report, partition: i32, out: &mut Vec<u8>) {
        let spans = report.indices.iter().map(|&i| report.records.spans.get(i as usize));
        for (at, span) in (0..).zip(spans) {
            let Some(mut span) = span.copied() else { continue };
            // Without the offset of the first, that of no other is known.
            let is_known = report.base_offset >= 0;
            span.offset = if is_known { report.base_offset.saturating_add(at) } else { -1 };
            span.partition = partition;
            self.template.render(&report.records.view(&self.topic, &span), out);
            if !self.template.ends_line() {
                out.push(b'\n');
            }
        }
    }
}
