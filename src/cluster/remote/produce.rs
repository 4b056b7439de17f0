//! Owns sending records to brokers, and telling what became of each: the caller's thread hands them
//! over, one thread takes their fates. Leaves batches, retries and order to librdkafka.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};

use super::error;
use super::ffi::send::{FULL, Letter, Messages, is_full};
use super::ffi::topic::Topic;
use super::ffi::{Code, Trouble};
use super::lock;
use super::session::Session;
use super::settle::Settler;
use super::topics::KnownLimits;
use super::transaction::{Pending, Transaction};
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::produce::tell;
use crate::cluster::types::{Acks, Delivery, Fate, ProducerOptions, Report};
use crate::partitioner::Assigner;
use crate::record::{RecordBuffer, Span};
use crate::topic::TopicName;

/// Records that are handed over in one call.
const RECORDS_MAX: usize = 1000;
/// Fates that nobody has asked for yet: behind a reader that stands still, everything stands still.
const QUEUED_DELIVERIES: usize = 256;
/// How long what is under way may take after a signal.
const GRACE: Duration = Duration::from_millis(1500);
/// How often a wait looks whether it makes sense.
pub(super) const TICK: Duration = Duration::from_millis(100);
/// How long what was given up may take to come back with its fate.
const PURGE_MAX: Duration = Duration::from_millis(300);
/// What is told of timestamps that are not kept.
const EPOCH: &str = "timestamps of 1970-01-01T00:00:00.000Z become now: librdkafka has no 0";
/// About what a record takes besides its key and value.
const RECORD_OVERHEAD_BYTES: usize = 16;

/// Buffers that a report points into.
#[derive(Debug, Default)]
pub(super) struct Reported {
    /// By number, with how many of its records are not settled yet, and the number that the first
    /// of them has in the input.
    buffers: HashMap<u32, (Arc<RecordBuffer>, usize, u64)>,
    last: u32,
}

/// What the two threads share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) session: Arc<Session>,
    /// Where the records go.
    pub(super) topic: TopicName,
    pub(super) acks: Acks,
    /// How many replicas have to be in sync.
    pub(super) min_in_sync: usize,
    /// Whether tags name a record of a buffer; else they are its number in the input.
    pub(super) report: bool,
    /// Where fates wait for the end of their transaction.
    pub(super) pending: Option<Arc<Mutex<Pending>>>,
    /// Set at the first failure: what follows is not sent.
    pub(super) failed: AtomicBool,
    /// When a record was not answered in time first.
    pub(super) late: OnceLock<Instant>,
    /// Set when nothing more will be sent.
    pub(super) closing: AtomicBool,
    /// Records that librdkafka has, and that were settled.
    pub(super) sent: AtomicU64,
    pub(super) settled: AtomicU64,
    /// How many had been sent at the last flush. What comes to a partition while a batch of it is
    /// under way is sent after that, and would wait again: where nothing was sent since, for
    /// nothing.
    pub(super) hurried: AtomicU64,
    pub(super) reported: Mutex<Reported>,
    pub(super) interrupted: Arc<AtomicBool>,
    pub(super) noticed: OnceLock<Instant>,
}

impl Shared {
    /// Fails when waiting any longer makes no sense.
    pub(super) fn check(&self) -> Result<()> {
        check_interrupted(&self.interrupted, &self.noticed)
    }

    /// The number in the input of the record with this tag.
    pub(super) fn number(&self, tag: usize) -> u64 {
        if !self.report {
            return tag as u64;
        }
        let reported = lock(&self.reported);
        let first = reported.buffers.get(&((tag >> 32) as u32)).map_or(0, |(_, _, first)| *first);
        first + u64::from(tag as u32)
    }

    /// The report of records, where one is wanted.
    pub(super) fn report_of(&self, tags: &[usize], base_offset: i64) -> Option<Report> {
        let reported = || lock(&self.reported).settle(tags, base_offset);
        self.report.then(reported).flatten()
    }

    pub(super) fn in_flight(&self) -> u64 {
        let settled = self.settled.load(Ordering::Acquire);
        self.sent.load(Ordering::Acquire).saturating_sub(settled)
    }

    /// Whether records are under way, and nothing was sent since the last flush.
    pub(super) fn is_hurried(&self) -> bool {
        self.in_flight() > 0
            && self.sent.load(Ordering::Acquire) == self.hurried.load(Ordering::Acquire)
    }
}

/// Fails some time after a signal.
pub(super) fn check_interrupted(
    interrupted: &AtomicBool,
    noticed: &OnceLock<Instant>,
) -> Result<()> {
    if interrupted.load(Ordering::Relaxed) && noticed.get_or_init(Instant::now).elapsed() >= GRACE {
        let message = "interrupted before everything was settled";
        return Err(ClusterError::new(ErrorKind::TimedOut, message));
    }
    Ok(())
}

/// Appends records to one topic.
#[derive(Debug)]
pub struct Producer {
    topic: Topic,
    partitions: i32,
    /// The bytes of the longest value that there is ever room for.
    longest: usize,
    assigner: Assigner,
    transaction: Option<Transaction>,
    shared: Arc<Shared>,
    deliveries: Sender<Delivery>,
    received: Receiver<Delivery>,
    warnings: Receiver<String>,
    warn: Sender<String>,
    /// It was said that a timestamp is not kept.
    told_epoch: bool,
    /// Says that fates came, and so that there is room again.
    room: Receiver<()>,
    thread: JoinHandle<()>,
    /// Disconnects when all fates are known.
    stages: Receiver<Infallible>,
    letters: Vec<Letter>,
    messages: Messages,
}

impl Producer {
    /// One for `topic`, which takes values of at most `longest` bytes.
    pub(super) fn start(
        session: Arc<Session>,
        topic: &TopicName,
        sink: Topic,
        limits: &KnownLimits,
        longest: usize,
        options: ProducerOptions,
    ) -> Result<Self> {
        let partitions = limits.limits.partitions;
        let seed = crate::disk::directory::new_producer_id()?.cast_unsigned();
        let (deliveries, received) = bounded(QUEUED_DELIVERIES);
        let (warn, warnings) = unbounded();
        let (made_room, room) = bounded(1);
        let (alive, stages) = bounded(0);
        let (interrupted, noticed) = (options.interrupted, OnceLock::new());
        let check = || check_interrupted(&interrupted, &noticed);
        let transaction =
            options.transactions.map(|of| Transaction::start(&session, of, check)).transpose()?;
        let shared = Arc::new(Shared {
            session,
            topic: topic.clone(),
            acks: options.acks,
            min_in_sync: limits.min_in_sync,
            report: options.report,
            pending: transaction.as_ref().map(|of| Arc::clone(of.pending())),
            failed: AtomicBool::new(false),
            late: OnceLock::new(),
            closing: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            settled: AtomicU64::new(0),
            hurried: AtomicU64::new(0),
            reported: Mutex::default(),
            interrupted,
            noticed,
        });
        shared.session.leave_events();
        let settler = Settler {
            shared: Arc::clone(&shared),
            deliveries: deliveries.clone(),
            warn: warn.clone(),
            made_room,
            runs: Vec::new(),
            found: OnceLock::new(),
        };
        let thread = settler.start(alive)?;
        Ok(Self {
            topic: sink,
            partitions,
            longest,
            assigner: Assigner::new(options.partitioner, partitions, seed),
            transaction,
            shared,
            deliveries,
            received,
            warnings,
            warn,
            told_epoch: false,
            room,
            thread,
            stages,
            letters: Vec::new(),
            messages: Messages::default(),
        })
    }

    /// The fates of records, as they become known. A handle of its own, for another thread.
    pub fn deliveries(&self) -> Receiver<Delivery> {
        self.received.clone()
    }

    /// What librdkafka has to say, as it comes up.
    pub fn warnings(&self) -> Receiver<String> {
        self.warnings.clone()
    }

    /// Takes the records of `buffer`; each gets its fate as a delivery. Blocks while the brokers
    /// are behind. `false` means that an earlier record failed and nothing more is taken.
    pub fn send(&mut self, buffer: &Arc<RecordBuffer>) -> bool {
        let report = self.shared.report;
        let number = if report { self.keep(buffer) } else { 0 };
        let mut from = 0;
        while let Some(rest) = buffer.spans.get(from..).filter(|rest| !rest.is_empty()) {
            let Some(room) = self.room() else { break };
            let spans = rest.get(..room.min(rest.len())).unwrap_or(rest);
            self.letters.clear();
            for (at, span) in (from..).zip(spans) {
                let partition = self.partition_of(span, buffer);
                let of_input = (buffer.first_number + at as u64) as usize;
                let tag = if report { tag(number, at as u32) } else { of_input };
                self.letters.push(Letter { partition, tag });
            }
            self.send_chunk(buffer, spans);
            from += spans.len();
            if let Some(transaction) = &mut self.transaction {
                transaction.add(spans.len() as u64);
            }
            self.commit_if_due();
        }
        !self.shared.failed.load(Ordering::Acquire)
    }

    /// How many records may be handed over in one call; `None` once there is no transaction for
    /// them.
    fn room(&mut self) -> Option<usize> {
        let Some(transaction) = &mut self.transaction else { return Some(RECORDS_MAX) };
        if self.shared.failed.load(Ordering::Acquire) {
            return None;
        }
        match transaction.room() {
            Ok(room) => Some(usize::try_from(room).unwrap_or(usize::MAX).clamp(1, RECORDS_MAX)),
            Err(error) => {
                // Its records are not sent, which is what this tells of none of them.
                let fate = Fate::NotPersisted(Arc::new(error));
                self.tell(Delivery { records: 0, fate, partition: 0, number: None, report: None });
                self.shared.failed.store(true, Ordering::Release);
                None
            }
        }
    }

    /// Commits the open transaction if it is time to.
    pub fn commit_if_due(&mut self) {
        let interrupted = self.shared.interrupted.load(Ordering::Relaxed);
        if !interrupted && self.transaction.as_ref().is_some_and(Transaction::is_due) {
            self.end_transaction();
        }
    }

    /// Ends the open transaction, and tells the fates of its records.
    fn end_transaction(&mut self) {
        let Some(transaction) = &mut self.transaction else { return };
        let shared = &self.shared;
        let interrupted = shared.interrupted.load(Ordering::Relaxed).then(|| {
            let message = "interrupted, so the transaction was aborted";
            ClusterError::new(ErrorKind::TimedOut, message)
        });
        let deliveries = transaction.end(interrupted, || shared.check());
        if !transaction.is_well() {
            shared.failed.store(true, Ordering::Release);
        }
        for delivery in deliveries {
            self.tell(delivery);
        }
    }

    /// From now on the open transaction can only be aborted.
    pub const fn spoil(&mut self) {
        if let Some(transaction) = &mut self.transaction {
            transaction.spoil();
        }
    }

    /// Has what waits for its batch to fill sent now.
    pub fn flush(&mut self) {
        if self.shared.in_flight() > 0 {
            self.hurry();
        }
        self.commit_if_due();
    }

    /// Has all that was handed over sent as soon as it can be.
    fn hurry(&self) {
        self.shared.hurried.store(self.shared.sent.load(Ordering::Acquire), Ordering::Release);
        self.topic.client().hurry();
    }

    fn partition_of(&mut self, span: &Span, buffer: &RecordBuffer) -> i32 {
        let size = span.key.len() + span.value.len() + RECORD_OVERHEAD_BYTES;
        self.assigner.place(span, buffer, size)
    }

    /// Keeps a buffer until its last record is settled, and numbers it.
    fn keep(&self, buffer: &Arc<RecordBuffer>) -> u32 {
        let mut reported = lock(&self.shared.reported);
        reported.last = reported.last.wrapping_add(1).max(1);
        let number = reported.last;
        let kept = (Arc::clone(buffer), buffer.len(), buffer.first_number);
        reported.buffers.insert(number, kept);
        number
    }

    /// Hands over records with their letters, in order.
    fn send_chunk(&mut self, buffer: &RecordBuffer, spans: &[Span]) {
        let letters = std::mem::take(&mut self.letters);
        let mut next = 0;
        while let (Some(rest), Some(rest_letters)) = (spans.get(next..), letters.get(next..))
            && let (Some(span), Some(letter)) = (rest.first(), rest_letters.first())
        {
            if letter.partition >= self.partitions {
                self.refuse_partition(*letter);
                next += 1;
                continue;
            }
            if span.value.len() > self.longest {
                self.refuse_long(*letter, span.value.len());
                next += 1;
                continue;
            }
            let plain = self.plain(rest, rest_letters, buffer.stamped_ms);
            // Counted first: a fate may come before the call is back.
            let (taken, result) = if plain > 1 {
                self.shared.sent.fetch_add(plain as u64, Ordering::AcqRel);
                let spans = rest.get(..plain).unwrap_or_default();
                let letters = rest_letters.get(..plain).unwrap_or_default();
                let (settled, refused) =
                    self.topic.send_plain(buffer, spans, letters, &mut self.messages);
                let unsent = plain - settled + refused.len();
                self.shared.sent.fetch_sub(unsent as u64, Ordering::AcqRel);
                for (at, code) in refused {
                    let Some(letter) = letters.get(at) else { continue };
                    self.refuse(*letter, self.refusal(code));
                }
                (settled, if settled < plain { Err(FULL) } else { Ok(()) })
            } else {
                self.shared.sent.fetch_add(1, Ordering::AcqRel);
                if span.timestamp_ms == 0 && !std::mem::replace(&mut self.told_epoch, true) {
                    drop(self.warn.send(EPOCH.to_owned()));
                }
                match self.topic.send(buffer, span, *letter) {
                    Ok(()) => (1, Ok(())),
                    Err(code) => {
                        self.shared.sent.fetch_sub(1, Ordering::AcqRel);
                        (0, Err(code))
                    }
                }
            };
            next += taken;
            let Err(code) = result else { continue };
            let Some(letter) = letters.get(next) else { continue };
            if is_full(code) && self.wait_for_room() {
                continue;
            }
            self.refuse(*letter, self.refusal(code));
            next += 1;
        }
        self.letters = letters;
    }

    /// How many of the first records may go together: those without headers and without a time of
    /// their own.
    fn plain(&self, spans: &[Span], letters: &[Letter], stamped_ms: Option<i64>) -> usize {
        let plain = |(span, letter): &(&Span, &Letter)| {
            span.headers_len == 0
                && Some(span.timestamp_ms) == stamped_ms
                && letter.partition < self.partitions
                && span.value.len() <= self.longest
        };
        spans.iter().zip(letters).take_while(plain).count()
    }

    /// Waits until fates have come, or for a moment: those that came last may have been told before
    /// they were freed. False if that makes no sense.
    fn wait_for_room(&self) -> bool {
        match self.room.recv_timeout(TICK) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => self.shared.check().is_ok(),
            Err(RecvTimeoutError::Disconnected) => false,
        }
    }

    fn refusal(&self, code: Code) -> ClusterError {
        if is_full(code) {
            return self.shared.check().err().unwrap_or_else(|| error::of_code(code));
        }
        let fatal = self.topic.client().fatal();
        error::error(&fatal.unwrap_or_else(|| Trouble::of(code)))
    }

    fn refuse_partition(&self, letter: Letter) {
        let partition = letter.partition;
        let message =
            format!("there is no partition {partition}: the topic has {}", self.partitions);
        self.refuse(letter, ClusterError::new(ErrorKind::UnknownTopicOrPartition, message));
    }

    fn refuse_long(&self, letter: Letter, bytes: usize) {
        let longest = self.longest;
        let message = format!(
            "a value of {bytes} bytes is longer than what may wait to be sent, {longest} bytes \
             (`queue.buffering.max.kbytes`)"
        );
        self.refuse(letter, ClusterError::new(ErrorKind::MessageTooLarge, message));
    }

    /// Settles one record that was not sent.
    fn refuse(&self, letter: Letter, error: ClusterError) {
        self.shared.failed.store(true, Ordering::Release);
        let number = Some(self.shared.number(letter.tag));
        let report = self.shared.report_of(&[letter.tag], -1);
        let (fate, partition) = (Fate::NotPersisted(Arc::new(error)), letter.partition);
        let delivery = Delivery { records: 1, fate, partition, number, report };
        match &self.shared.pending {
            Some(pending) => lock(pending).keep(&delivery),
            None => self.tell(delivery),
        }
    }

    /// Tells a fate from this thread.
    fn tell(&self, delivery: Delivery) {
        tell(&self.deliveries, delivery, || self.check());
    }

    /// Whether nothing more will come of sending: a record failed, or waiting makes no sense.
    pub fn is_stuck(&self) -> bool {
        self.shared.failed.load(Ordering::Acquire) || self.check().is_err()
    }

    /// Whether everything was handed over, so that waiting for more input gains nothing.
    pub fn is_idle(&self) -> bool {
        self.shared.in_flight() == 0
    }

    /// Fails when waiting for the brokers any longer makes no sense: a signal was some time ago.
    pub fn check(&self) -> Result<()> {
        self.shared.check()
    }

    /// Waits for the fates of all records. After a signal, what is not settled soon is given up,
    /// and its fate says how far it had come.
    pub fn close(mut self) -> Result<()> {
        self.end_transaction();
        self.shared.closing.store(true, Ordering::Release);
        let mut given_up: Option<(Instant, ClusterError)> = None;
        if self.transaction.is_none() {
            // Nothing comes to fill the last batches.
            self.hurry();
        }
        while let Err(RecvTimeoutError::Timeout) = self.stages.recv_timeout(TICK) {
            match (&given_up, self.shared.check_late()) {
                (None, Err(error)) => {
                    self.topic.client().purge();
                    given_up = Some((Instant::now(), error));
                }
                (Some((since, _)), _) if since.elapsed() > PURGE_MAX => break,
                _ => {}
            }
        }
        let late = self.transaction.as_ref().map(Transaction::take_fates).unwrap_or_default();
        for delivery in late {
            self.tell(delivery);
        }
        let Self { shared, deliveries, thread, .. } = self;
        drop(deliveries);
        if shared.in_flight() > 0 {
            return given_up.map_or(Ok(()), |(_, error)| Err(error));
        }
        drop(thread.join());
        Ok(())
    }
}

/// The number that names a record of a kept buffer.
const fn tag(number: u32, index: u32) -> usize {
    (number as usize) << 32 | index as usize
}

impl Reported {
    /// Takes the records of one buffer as settled, and reports them. Nothing where no report is
    /// wanted.
    fn settle(&mut self, tags: &[usize], base_offset: i64) -> Option<Report> {
        let number = (tags.first()? >> 32) as u32;
        let (records, left, _) = self.buffers.get_mut(&number)?;
        *left = left.saturating_sub(tags.len());
        let records = Arc::clone(records);
        if *left == 0 {
            self.buffers.remove(&number);
        }
        let indices = tags.iter().map(|tag| *tag as u32).collect();
        Some(Report { records, indices, base_offset })
    }
}
