//! Owns sending records to brokers in batches that are made here, each record encoded once and
//! looked at no more: librdkafka has one batch of a partition under way at a time where order and
//! once-only are wanted, and handles every record by itself. The caller's thread makes batches
//! (`shelf`), one thread has them sent and tells their fates (`engine`, `flow`), and two for each
//! broker write and read (`link`). Who leads what, and whether brokers are there, is librdkafka's
//! to find out; so is everything that a connection may need besides TCP (see [`wire::is_plain`]).

mod engine;
mod fates;
mod flow;
mod link;
mod peer;
mod shelf;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};

use self::engine::{Engine, First};
use self::link::Setup;
use self::shelf::{Open, Shelf};
use super::config::{self, Sending, Use};
use super::ffi::metadata::Layout;
use super::ffi::topic::Topic;
use super::produce::check_interrupted;
use super::session::Session;
use super::topics::KnownLimits;
use super::wire::connection::Connection;
use super::{Remote, lock, wire};
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::produce::tell;
use crate::cluster::types::{Acks, Delivery, Fate, ProducerOptions, Report};
use crate::disk::batch::BatchEncoder;
use crate::partitioner::Assigner;
use crate::record::{RecordBuffer, Span};
use crate::topic::TopicName;

/// Fates that nobody has asked for yet: behind a reader that stands still, everything stands still.
const QUEUED_DELIVERIES: usize = 256;
/// Bytes of batches that are not settled, at most; one record may be larger.
const UNSETTLED_BYTES: usize = 16 << 20;
/// Bytes of batches that wait to be full, of all partitions together.
const WAITING_BYTES: usize = 16 << 20;
/// How long the first broker may take to take us up: one that was just started takes long to give
/// out its first producer ids.
const FIRST_MAX: Duration = Duration::from_secs(2);
/// How long a topic without a leader is left alone.
const AGAIN: Duration = Duration::from_millis(20);
/// How often a wait looks whether it makes sense.
const TICK: Duration = Duration::from_millis(100);
/// How long what was given up may take to come back with its fate.
const PURGE_MAX: Duration = Duration::from_millis(500);
/// How long records that are to be reported wait for others: their buffers are waited for.
const REPORTED_LINGER: Duration = Duration::from_millis(5);
/// The largest answer to a question.
const ANSWER_BYTES_MAX: usize = 1 << 16;

/// What the two threads share.
#[derive(Debug)]
struct Shared {
    session: Arc<Session>,
    topic: TopicName,
    /// How many replicas have to be in sync.
    min_in_sync: usize,
    /// How long a batch may take.
    timeout: Duration,
    shelf: Shelf,
    /// Set at the first failure: the caller is to send no more.
    failed: AtomicBool,
    /// When a record was not answered in time first.
    late: OnceLock<Instant>,
    /// Set when nothing more will be put down.
    closing: AtomicBool,
    /// Why everything is to be given up.
    given_up: OnceLock<Arc<ClusterError>>,
    interrupted: Arc<AtomicBool>,
    noticed: OnceLock<Instant>,
}

impl Shared {
    /// Fails some time after a signal.
    fn check(&self) -> Result<()> {
        check_interrupted(&self.interrupted, &self.noticed)
    }

    /// Fails when waiting for what is under way makes no sense, once nothing more is to be sent.
    fn check_late(&self) -> Result<()> {
        self.check()?;
        self.session.check_late(self.late.get())
    }
}

/// Appends records to one topic.
#[derive(Debug)]
pub struct Producer {
    assigner: Assigner,
    /// The batch of each partition that records are added to.
    lanes: Vec<Open>,
    /// Whether one of a partition may be on the shelf, to be taken back.
    is_down: Vec<bool>,
    batch_bytes: usize,
    /// The bytes of the longest value that there is ever room for.
    longest: usize,
    /// How long records wait for others; `None` where the caller flushes.
    linger: Option<Duration>,
    report: bool,
    shared: Arc<Shared>,
    deliveries: Sender<Delivery>,
    received: Receiver<Delivery>,
    warnings: Receiver<String>,
    /// Wakes the engine.
    wake: Sender<()>,
    /// Says that something was settled, and so that there is room again.
    room: Receiver<()>,
    thread: JoinHandle<()>,
    /// Disconnects when all fates are known.
    stages: Receiver<Infallible>,
}

/// How batches are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Making {
    /// The largest batch.
    pub(super) batch_bytes: usize,
    /// The bytes of the longest value that there is ever room for.
    pub(super) longest: usize,
    /// How long a batch may take.
    pub(super) timeout: Duration,
}

impl Remote {
    /// Whether records may be sent without librdkafka.
    pub(super) fn may_be_direct(&self, options: &ProducerOptions) -> bool {
        wire::is_plain(&self.brokers) && options.acks == Acks::All && options.transactions.is_none()
    }

    /// A producer that does without librdkafka; `None` where that does not work at once, and then
    /// `session` is there again for who comes next, with the topic as `properties` say.
    pub(super) fn direct_producer(
        &self,
        session: Arc<Session>,
        topic: &TopicName,
        limits: &KnownLimits,
        making: Making,
        properties: &[(&str, String)],
        options: &ProducerOptions,
    ) -> Result<Option<Producer>> {
        let begun = Instant::now();
        let Some(first) = self.first_link(&session, topic, properties) else {
            let usage = Use::Produce(Sending::default());
            *lock(&self.early) = Some((session, usage));
            return Ok(None);
        };
        let codec = options.compression.or(limits.compression).unwrap_or_default();
        let partitions = limits.limits.partitions;
        let shared = Arc::new(Shared {
            session,
            topic: topic.clone(),
            min_in_sync: limits.min_in_sync,
            timeout: making.timeout.saturating_sub(begun.elapsed()),
            shelf: Shelf::new(partitions, codec),
            failed: AtomicBool::new(false),
            late: OnceLock::new(),
            closing: AtomicBool::new(false),
            given_up: OnceLock::new(),
            interrupted: Arc::clone(&options.interrupted),
            noticed: OnceLock::new(),
        });
        Producer::start(shared, first, partitions, making, options).map(Some)
    }

    /// Connects to the leader of a partition, and gets a producer id of it.
    fn first_link(
        &self,
        session: &Arc<Session>,
        topic: &TopicName,
        properties: &[(&str, String)],
    ) -> Option<First> {
        let until = Instant::now() + FIRST_MAX.min(session.timeout() / 6);
        let sink = Topic::new(session.client(), topic.as_str(), properties).ok()?;
        let (layout, leader) = loop {
            let left = until.saturating_duration_since(Instant::now());
            let layout = sink.layout(left).ok()?;
            let of = layout.topics.iter().find(|of| of.name == topic.as_str());
            let partitions = of.map(|of| &*of.partitions).unwrap_or_default();
            if let Some(led) = partitions.iter().find(|of| of.leader >= 0) {
                let leader = led.leader;
                break (layout, leader);
            }
            // A topic that was just made has no leader yet.
            std::thread::sleep(AGAIN.min(left));
            if left.is_zero() {
                return None;
            }
        };
        let broker = layout.brokers.iter().find(|broker| broker.id == leader)?.clone();
        let client_id = config::given(&self.brokers, "client.id").unwrap_or("kaw").to_owned();
        let setup = Setup { broker, client_id: client_id.clone(), log: Arc::clone(&self.log) };
        let (connection, id, epoch) = introduce(setup, until)?;
        let log = Arc::clone(&self.log);
        Some(First { sink, layout, leader, connection, id, epoch, client_id, log })
    }
}

/// Connects, and gets a producer id and its epoch. On a thread of its own: a look-up of a name has
/// no deadline.
fn introduce(setup: Setup, until: Instant) -> Option<(Connection, i64, i16)> {
    let ask = move || {
        let mut connection = setup.connect(until).ok()??;
        let question = wire::init_producer_id()?;
        let answer =
            connection.ask(wire::INIT_PRODUCER_ID, &question, ANSWER_BYTES_MAX, until).ok()?;
        let (id, epoch) = wire::producer_id(&answer)?.ok()?;
        Some((connection, id, epoch))
    };
    let (told, answer) = bounded(1);
    // Who asked may have gone.
    let run = move || drop(told.send(ask()));
    std::thread::Builder::new().name("first".to_owned()).spawn(run).ok()?;
    answer.recv_deadline(until).ok()?
}

impl Producer {
    fn start(
        shared: Arc<Shared>,
        first: First,
        partitions: i32,
        making: Making,
        options: &ProducerOptions,
    ) -> Result<Self> {
        let seed = crate::disk::directory::new_producer_id()?.cast_unsigned();
        let (deliveries, received) = bounded(QUEUED_DELIVERIES);
        let (warn, warnings) = unbounded();
        let (made_room, room) = bounded(1);
        let (wake, woken) = bounded(1);
        let (alive, stages) = bounded::<Infallible>(0);
        let engine = Engine::new(&shared, first, partitions, deliveries.clone(), warn, made_room)?;
        let run = move || {
            engine.run(&woken);
            drop(alive);
        };
        let thread = std::thread::Builder::new().name("send".to_owned()).spawn(run);
        let thread = thread.map_err(|error| no_thread(&error))?;
        Ok(Self {
            assigner: Assigner::new(options.partitioner, partitions, seed),
            lanes: (0..partitions).map(|_| shared.shelf.blank()).collect(),
            is_down: (0..partitions).map(|_| false).collect(),
            batch_bytes: making.batch_bytes,
            longest: making.longest,
            linger: options.linger.or(options.report.then_some(REPORTED_LINGER)),
            report: options.report,
            shared,
            deliveries,
            received,
            warnings,
            wake,
            room,
            thread,
            stages,
        })
    }

    /// The fates of records, as they become known. A handle of its own, for another thread.
    pub fn deliveries(&self) -> Receiver<Delivery> {
        self.received.clone()
    }

    /// What the connections have to say, as it comes up.
    pub fn warnings(&self) -> Receiver<String> {
        self.warnings.clone()
    }

    /// Takes the records of `buffer`; each gets its fate as a delivery. Blocks while the brokers
    /// are behind. `false` means that an earlier record failed and nothing more is taken.
    pub fn send(&mut self, buffer: &Arc<RecordBuffer>) -> bool {
        self.take_back();
        for (index, span) in buffer.spans.iter().enumerate() {
            let size = BatchEncoder::record_bytes_max(span, buffer);
            let partition = self.assigner.place(span, buffer, size);
            let Some(lane) = self.lanes.get(partition as usize) else {
                self.refuse_partition(buffer, index, partition);
                continue;
            };
            if span.value.len() > self.longest {
                self.refuse_long(buffer, index, partition, span);
                continue;
            }
            if lane.encoder.records() > 0 && lane.bytes() + size > self.batch_bytes {
                self.put_full(partition);
            }
            if let Some(lane) = self.lanes.get_mut(partition as usize) {
                if lane.records() == 0 {
                    // Of many partitions, few have memory.
                    *lane = self.shared.shelf.empty();
                }
                lane.push(index, span, buffer, self.report);
            }
        }
        let waiting: usize = self.lanes.iter().filter(|o| o.records() > 0).map(Open::bytes).sum();
        if waiting > WAITING_BYTES {
            self.flush();
            // Where no partition has a full batch, this is what bounds them. Who is told to give up
            // is told again where the fates are waited for.
            self.await_unsettled(UNSETTLED_BYTES + WAITING_BYTES).ok();
        } else if let Some(linger) = self.linger {
            self.put_all(linger);
        }
        !self.shared.failed.load(Ordering::Acquire)
    }

    /// Takes back what was put down and not sent yet.
    fn take_back(&mut self) {
        let shelf = &self.shared.shelf;
        for ((partition, is_down), lane) in (0..).zip(&mut self.is_down).zip(&mut self.lanes) {
            if std::mem::take(is_down)
                && let Some(open) = shelf.take_back(partition)
            {
                *lane = open;
            }
        }
    }

    /// Puts down a full batch, once there is room for it.
    fn put_full(&mut self, partition: i32) {
        let Some(lane) = self.lanes.get_mut(partition as usize) else { return };
        let open = std::mem::replace(lane, self.shared.shelf.blank());
        if let Err(error) = self.await_unsettled(UNSETTLED_BYTES.saturating_sub(open.bytes())) {
            return self.refuse_all(partition, &open, error);
        }
        self.shared.shelf.put_full(partition, open);
        self.wake.try_send(()).ok();
    }

    /// Waits until at most so many bytes are put down and not settled.
    fn await_unsettled(&self, bytes_max: usize) -> Result<()> {
        while self.shared.shelf.bytes() > bytes_max {
            if self.room.recv_timeout(TICK).is_err() {
                self.check()?;
            }
        }
        Ok(())
    }

    /// Puts down all that waits to be full, to be sent once its first record has waited so long.
    fn put_all(&mut self, linger: Duration) {
        let shelf = &self.shared.shelf;
        for ((partition, is_down), lane) in (0..).zip(&mut self.is_down).zip(&mut self.lanes) {
            if lane.records() > 0 {
                *is_down = true;
                let open = std::mem::replace(lane, shelf.blank());
                let due = open.since + linger;
                shelf.put_last(partition, open, due);
            }
        }
        self.wake.try_send(()).ok();
    }

    /// Has what waits for its batch to fill sent now.
    pub fn flush(&mut self) {
        // Before the engine is woken, which would go back to sleep else.
        self.shared.shelf.hurry(Instant::now());
        self.put_all(Duration::ZERO);
    }

    /// Whether everything was handed over, so that waiting for more input gains nothing.
    pub fn is_idle(&self) -> bool {
        self.shared.shelf.records() == 0
    }

    /// Whether nothing more will come of sending: a record failed, or waiting makes no sense.
    pub fn is_stuck(&self) -> bool {
        self.shared.failed.load(Ordering::Acquire) || self.check().is_err()
    }

    /// Fails when waiting for the brokers any longer makes no sense: a signal was some time ago.
    pub fn check(&self) -> Result<()> {
        self.shared.check()
    }

    fn refuse_partition(&self, buffer: &Arc<RecordBuffer>, index: usize, partition: i32) {
        let partitions = self.lanes.len();
        let message = format!("there is no partition {partition}: the topic has {partitions}");
        let error = ClusterError::new(ErrorKind::UnknownTopicOrPartition, message);
        self.refuse(buffer, index, partition, error);
    }

    fn refuse_long(&self, buffer: &Arc<RecordBuffer>, index: usize, partition: i32, span: &Span) {
        let (bytes, longest) = (span.value.len(), self.longest);
        let message = format!(
            "a value of {bytes} bytes is longer than what may wait to be sent, {longest} bytes \
             (`queue.buffering.max.kbytes`)"
        );
        let error = ClusterError::new(ErrorKind::MessageTooLarge, message);
        self.refuse(buffer, index, partition, error);
    }

    /// Settles one record that was not sent.
    fn refuse(
        &self,
        buffer: &Arc<RecordBuffer>,
        index: usize,
        partition: i32,
        error: ClusterError,
    ) {
        self.shared.failed.store(true, Ordering::Release);
        let report = self.report.then(|| Report {
            records: Arc::clone(buffer),
            indices: vec![index as u32],
            base_offset: -1,
        });
        let number = Some(buffer.first_number + index as u64);
        let fate = Fate::NotPersisted(Arc::new(error));
        self.tell(Delivery { records: 1, fate, partition, number, report });
    }

    /// Settles a batch that was not sent.
    fn refuse_all(&self, partition: i32, open: &Open, error: ClusterError) {
        self.shared.failed.store(true, Ordering::Release);
        let fate = Fate::NotPersisted(Arc::new(error));
        let Open { number, parts, .. } = open;
        for delivery in fates::deliveries(partition, open.records(), *number, parts, &fate, -1) {
            self.tell(delivery);
        }
    }

    /// Tells a fate from this thread.
    fn tell(&self, delivery: Delivery) {
        tell(&self.deliveries, delivery, || self.check());
    }

    /// Waits for the fates of all records. After a signal, what is not settled soon is given up,
    /// and its fate says how far it had come.
    pub fn close(mut self) -> Result<()> {
        self.flush();
        self.shared.closing.store(true, Ordering::Release);
        self.wake.try_send(()).ok();
        let mut since: Option<Instant> = None;
        while let Err(RecvTimeoutError::Timeout) = self.stages.recv_timeout(TICK) {
            match (since, self.shared.check_late()) {
                (None, Err(error)) => {
                    self.shared.given_up.get_or_init(|| Arc::new(error));
                    self.wake.try_send(()).ok();
                    since = Some(Instant::now());
                }
                (Some(since), _) if since.elapsed() > PURGE_MAX => break,
                _ => {}
            }
        }
        let Self { shared, deliveries, thread, .. } = self;
        drop(deliveries);
        if shared.shelf.records() > 0 {
            let given_up = shared.given_up.get();
            return given_up.map_or(Ok(()), |e| Err(ClusterError::new(e.kind, e.message.clone())));
        }
        drop(thread.join());
        Ok(())
    }
}

/// The error of a thread that cannot be started.
fn no_thread(error: &std::io::Error) -> ClusterError {
    ClusterError::new(ErrorKind::Storage, format!("cannot start a thread: {error}"))
}

/// Where each broker listens, by its number.
fn by_id(layout: &Layout) -> HashMap<i32, super::ffi::metadata::BrokerInfo> {
    layout.brokers.iter().map(|broker| (broker.id, broker.clone())).collect()
}
