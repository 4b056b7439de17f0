//! Owns the thread that has batches sent and tells their fates: it takes them from the shelf as
//! partitions have room, gives them to the connections to their leaders, and sees to it that what
//! was not taken is sent again, to whoever leads then, until it is too late. Leaves the order of a
//! partition's batches to `flow`, bytes to `link`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, select};

use super::fates::deliveries;
use super::flow::{Batch, Flow, Settled};
use super::link::{Frame, FromLink, Link, News, Setup};
use super::peer::{Asked, PAUSES, Peer, Rest};
use super::shelf::Open;
use super::{Shared, by_id, no_thread};
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::remote::ffi::handle::Log;
use crate::cluster::remote::ffi::metadata::{BrokerInfo, Layout, TopicInfo};
use crate::cluster::remote::ffi::topic::Topic;
use crate::cluster::remote::wire::connection::Connection;
use crate::cluster::remote::wire::{self, PRODUCE, Produced};
use crate::cluster::remote::{error, obstacle};
use crate::cluster::types::{Acks, Delivery, Fate};
use crate::disk::batch::EncodedBatch;

/// How long a wait lasts before deadlines and librdkafka's errors are looked at.
const TICK: Duration = Duration::from_millis(100);
/// How long the answer to who leads is waited for. Nothing else is done meanwhile.
const LOOK_MAX: Duration = Duration::from_millis(200);
/// How long an answer may be in coming before it is looked whether somebody else leads by now.
const SILENCE: Duration = Duration::from_secs(1);
/// The longest that a broker is asked to wait for replicas.
const REPLICAS_MAX: Duration = Duration::from_secs(30);
/// Answers that wait to be looked at: behind them, connections are not read.
const QUEUED_NEWS: usize = 16;
/// Batches whose memory is kept to be used again.
const SPARE_BATCHES: usize = 8;

/// What the first connection came to.
#[derive(Debug)]
pub(super) struct First {
    /// The topic, for questions about it.
    pub(super) sink: Topic,
    /// Who leads its partitions.
    pub(super) layout: Layout,
    /// The broker that is connected.
    pub(super) leader: i32,
    /// The connection to it.
    pub(super) connection: Connection,
    /// The producer's id.
    pub(super) id: i64,
    /// Its epoch.
    pub(super) epoch: i16,
    /// The name by which brokers know us.
    pub(super) client_id: String,
    /// Where requests are counted.
    pub(super) log: Arc<Log>,
}

/// One partition.
#[derive(Debug)]
struct Lane {
    flow: Flow,
    /// Who leads it; -1 for nobody.
    leader: i32,
    /// When it is tried again, after something was not taken.
    rest: Rest,
    /// Why nothing more is sent.
    error: Option<Arc<ClusterError>>,
}

/// The thread that has batches sent.
pub(super) struct Engine {
    shared: Arc<Shared>,
    sink: Topic,
    log: Arc<Log>,
    client_id: String,
    brokers: HashMap<i32, BrokerInfo>,
    peers: HashMap<i32, Peer>,
    lanes: Vec<Lane>,
    news: Receiver<FromLink>,
    tell: Sender<FromLink>,
    deliveries: Sender<Delivery>,
    warn: Sender<String>,
    made_room: Sender<()>,
    /// Whether it is to be found out who leads, and when that may be asked again.
    wants_look: bool,
    look: Rest,
    /// The topic as it was when a record took too long first.
    found: Option<Vec<TopicInfo>>,
    spare: Vec<EncodedBatch>,
    /// Numbers of batches, requests and connections.
    last_key: u64,
    last_request: i32,
    last_link: u64,
}

impl Engine {
    /// One that goes on with the first connection.
    pub(super) fn new(
        shared: &Arc<Shared>,
        first: First,
        partitions: i32,
        deliveries: Sender<Delivery>,
        warn: Sender<String>,
        made_room: Sender<()>,
    ) -> Result<Self> {
        let (tell, news) = bounded(QUEUED_NEWS);
        let First { sink, layout, leader, connection, id, epoch, client_id, log } = first;
        let lane =
            |_| Lane { flow: Flow::new(id, epoch), leader: -1, rest: Rest::NONE, error: None };
        let mut engine = Self {
            shared: Arc::clone(shared),
            sink,
            log,
            client_id,
            brokers: HashMap::new(),
            peers: HashMap::new(),
            lanes: (0..partitions).map(lane).collect(),
            news,
            tell,
            deliveries,
            warn,
            made_room,
            wants_look: false,
            look: Rest::NONE,
            found: None,
            spare: Vec::new(),
            last_key: 0,
            last_request: 0,
            last_link: 0,
        };
        engine.take_layout(&layout);
        let started = engine.connect(leader, Some(connection));
        started.map_err(|error| no_thread(&error))?;
        Ok(engine)
    }

    /// Sends until nothing more will come and all is settled.
    pub(super) fn run(mut self, woken: &Receiver<()>) {
        loop {
            let closing = self.shared.closing.load(Ordering::Acquire);
            if closing && self.shared.shelf.records() == 0 {
                return;
            }
            let now = Instant::now();
            if self.wants_look && self.look.is_over(now) {
                self.find_leaders();
            }
            for partition in 0..self.lanes.len() {
                self.move_on(partition as i32, now);
            }
            let wait = self.wait(now);
            let news = self.news.clone();
            select! {
                recv(news) -> told => {
                    for (number, told) in told.into_iter().chain(news.try_iter()) {
                        self.take_news(number, told);
                    }
                }
                // Who sends has gone, and asks for no fates.
                recv(woken) -> told => if told.is_err() { return },
                default(wait) => {}
            }
            self.look_at_clock(Instant::now());
            for line in self.shared.session.take_news() {
                // Whoever tells them may have gone.
                drop(self.warn.send(line));
            }
        }
    }

    /// How long there is nothing to do, unless something happens.
    fn wait(&self, now: Instant) -> Duration {
        if self.wants_look && self.look.is_over(now) {
            return Duration::ZERO;
        }
        let lanes = self.lanes.iter().filter_map(|lane| lane.rest.until);
        let peers = self.peers.values().filter_map(|peer| peer.rest.until);
        let look = self.look.until.filter(|_| self.wants_look);
        let due = self.shared.shelf.next_due(now);
        let next = lanes.chain(peers).filter(|until| *until > now).chain(due).chain(look).min();
        next.map_or(TICK, |next| next.saturating_duration_since(now).min(TICK))
    }

    /// Takes what a partition has room for, and sends what can be sent.
    fn move_on(&mut self, partition: i32, now: Instant) {
        let Some(lane) = self.lanes.get_mut(partition as usize) else { return };
        if let Some(error) = lane.error.clone() {
            return self.drop_rest(partition, &error);
        }
        while let Some(stamp) = lane.flow.stamp()
            && let Some(mut open) = self.shared.shelf.take(partition, lane.flow.len() < 2, now)
        {
            let (spare, bytes) = (self.spare.pop().unwrap_or_default(), open.bytes());
            let encoded = match open.encoder.finish(stamp, spare) {
                Ok(encoded) => Arc::new(encoded),
                Err(error) => {
                    let message = format!("a batch does not compress: {error}");
                    let error = ClusterError::new(ErrorKind::CorruptData, message);
                    return self.refuse(partition, open, &Arc::new(error));
                }
            };
            let Open { encoder, number, is_dense, parts, .. } = open;
            self.shared.shelf.give_back(encoder);
            self.last_key += 1;
            lane.flow.push(Batch {
                key: self.last_key,
                encoded,
                bytes,
                number,
                is_dense,
                parts,
                until: now + self.shared.timeout,
                is_sent: false,
                in_doubt: false,
            });
        }
        if !lane.flow.has_unsent() || !lane.rest.is_over(now) {
            return;
        }
        let leader = lane.leader;
        match self.peers.get(&leader) {
            Some(Peer { link: Some(link), .. }) if link.is_up() => {
                self.send(partition, leader, now);
            }
            Some(Peer { link: Some(_), .. }) => {}
            Some(peer) if !peer.rest.is_over(now) => {}
            _ if self.brokers.contains_key(&leader) => {
                if self.connect(leader, None).is_err() {
                    self.rest(leader, now);
                }
            }
            _ => self.wants_look = true,
        }
    }

    /// Sends what a partition has.
    fn send(&mut self, partition: i32, leader: i32, now: Instant) {
        let (Some(lane), Some(peer)) =
            (self.lanes.get_mut(partition as usize), self.peers.get_mut(&leader))
        else {
            return;
        };
        let Some(link) = &peer.link else { return };
        while let Some(batch) = lane.flow.send_next() {
            let left = batch.until.saturating_duration_since(now).min(REPLICAS_MAX);
            let timeout_ms = left.as_millis().max(1) as i32;
            let bytes = batch.encoded.bytes.len();
            self.last_request = self.last_request.wrapping_add(1);
            let number = self.last_request;
            let body = wire::produce(self.shared.topic.as_str(), partition, timeout_ms, bytes);
            let head =
                body.and_then(|body| wire::frame(PRODUCE, number, &self.client_id, &body, bytes));
            // A batch that no frame can hold stays until it is given up.
            let Some(head) = head else { continue };
            link.send(Frame { head, batch: Arc::clone(&batch.encoded) });
            peer.asked.push_back(Asked { number, partition, key: batch.key, since: now });
        }
    }

    /// Begins to connect to a broker, or goes on with a connection to it.
    fn connect(&mut self, id: i32, made: Option<Connection>) -> std::io::Result<()> {
        let Some(broker) = self.brokers.get(&id).cloned() else { return Ok(()) };
        self.last_link += 1;
        let (client_id, log) = (self.client_id.clone(), Arc::clone(&self.log));
        let setup = Setup { broker, client_id, log };
        let link = Link::start(self.last_link, setup, made, self.tell.clone())?;
        let peer = self.peers.entry(id).or_insert_with(Peer::new);
        (peer.link, peer.since) = (Some(link), Instant::now());
        Ok(())
    }

    /// Tries a broker again later.
    fn rest(&mut self, id: i32, now: Instant) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.rest.begin(now);
        }
    }

    /// Takes up what a connection tells.
    fn take_news(&mut self, number: u64, told: News) {
        let is_it = |(_, peer): &(&i32, &mut Peer)| {
            peer.link.as_ref().is_some_and(|link| link.number == number)
        };
        // News of one that was given up are of no matter.
        let Some((&id, peer)) = self.peers.iter_mut().find(is_it) else { return };
        match told {
            News::Up(stream) => {
                if let Some(link) = &mut peer.link {
                    link.is_made(stream);
                }
            }
            News::Lost => self.lose(id),
            News::Answer(request, answer) => {
                let asked = peer.asked.front().filter(|asked| asked.number == request);
                let answer = asked.and_then(|asked| wire::produced(&answer, asked.partition));
                // What nonsense was told about is not answered, and is sent again with the rest.
                let Some(answer) = answer else { return self.lose(id) };
                let Some(asked) = peer.asked.pop_front() else { return };
                peer.rest = Rest::NONE;
                self.log.note_throttled(answer.throttled_ms);
                self.settle(&asked, &answer);
            }
        }
    }

    /// Gives a connection up: nothing more is answered of what it was sent.
    fn lose(&mut self, id: i32) {
        let now = Instant::now();
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.link = None;
        peer.rest.begin(now);
        let partitions: HashSet<i32> = peer.asked.drain(..).map(|asked| asked.partition).collect();
        for partition in partitions {
            if let Some(lane) = self.lanes.get_mut(partition as usize) {
                lane.flow.lost();
            }
        }
        self.wants_look = true;
    }

    /// Takes up an answer about a batch.
    fn settle(&mut self, asked: &Asked, answer: &Produced) {
        let Some(lane) = self.lanes.get_mut(asked.partition as usize) else { return };
        match lane.flow.answered(asked.key, answer) {
            Settled::Taken(batch, base_offset) => {
                lane.rest = Rest::NONE;
                self.shared.session.note_answer();
                self.deliver(asked.partition, batch, &Fate::Persisted, base_offset);
            }
            Settled::Refused(batch) => {
                let (batch, error) = self.refused(batch, answer);
                self.deliver(asked.partition, batch, &Fate::NotPersisted(error), -1);
            }
            Settled::InDoubt(batch) => {
                let (batch, error) = self.refused(batch, answer);
                let fate = Fate::MaybePersisted(Some(Arc::clone(&error)));
                self.deliver(asked.partition, batch, &fate, -1);
                self.give_up(asked.partition, Some(error));
            }
            Settled::Again => {
                let now = Instant::now();
                if lane.rest.is_over(now) {
                    lane.rest.begin(now);
                }
                self.wants_look = true;
            }
            Settled::Unknown => {}
        }
    }

    /// A batch that was refused, with the number of the record that was, and why.
    fn refused(&self, batch: Batch, answer: &Produced) -> (Batch, Arc<ClusterError>) {
        let (at, said) = answer.refused.clone().unwrap_or((0, None));
        let at = if batch.is_dense { u64::try_from(at).unwrap_or(0) } else { 0 };
        let error = error::of_topic(answer.code, self.shared.topic.as_str());
        let said = said.or_else(|| answer.message.clone());
        let said = said.filter(|_| error.kind == ErrorKind::InvalidRecord);
        let error = match said.map(|said| said.replace(['\n', '\r'], " ")) {
            Some(said) if !said.is_empty() => {
                let message = format!("{}: {}", error.message, said.trim_end_matches('.'));
                ClusterError { message, ..error }
            }
            _ => error,
        };
        (Batch { number: batch.number + at, ..batch }, Arc::new(error))
    }

    /// Tells the fate of a batch. A full channel stops this thread, and with it the sending.
    fn deliver(&mut self, partition: i32, batch: Batch, fate: &Fate, base_offset: i64) {
        if fate.error().is_some() {
            self.shared.failed.store(true, Ordering::Release);
        }
        let records = batch.records();
        let told = deliveries(partition, records, batch.number, &batch.parts, fate, base_offset);
        let begun = Instant::now();
        for delivery in told {
            // Whoever counts may have gone.
            drop(self.deliveries.send(delivery));
        }
        let stood = begun.elapsed();
        if stood >= TICK {
            // Nothing was sent or read meanwhile, for which no broker is to blame.
            self.lanes.iter_mut().for_each(|lane| lane.flow.put_off(stood));
            self.peers.values_mut().for_each(|peer| peer.put_off(stood));
        }
        self.shared.shelf.remove(batch.bytes, records);
        self.made_room.try_send(()).ok();
        if let Ok(encoded) = Arc::try_unwrap(batch.encoded)
            && self.spare.len() < SPARE_BATCHES
        {
            self.spare.push(encoded);
        }
    }

    /// Tells that a batch which was never sent will not be.
    fn refuse(&mut self, partition: i32, open: Open, error: &Arc<ClusterError>) {
        self.shared.failed.store(true, Ordering::Release);
        let fate = Fate::NotPersisted(Arc::clone(error));
        let (bytes, records) = (open.bytes(), open.records());
        for delivery in deliveries(partition, records, open.number, &open.parts, &fate, -1) {
            drop(self.deliveries.send(delivery));
        }
        let Open { mut encoder, .. } = open;
        encoder.forget();
        self.shared.shelf.give_back(encoder);
        self.shared.shelf.remove(bytes, records);
        self.made_room.try_send(()).ok();
    }

    /// Tells that nothing more of a partition will be sent.
    fn drop_rest(&mut self, partition: i32, error: &Arc<ClusterError>) {
        for open in self.shared.shelf.take_all(partition) {
            self.refuse(partition, open, error);
        }
    }

    /// Gives up what took too long, and looks who leads where answers are long in coming.
    fn look_at_clock(&mut self, now: Instant) {
        let given_up = self.shared.given_up.get().cloned();
        for partition in 0..self.lanes.len() {
            let Some(lane) = self.lanes.get(partition) else { continue };
            if lane.error.is_none() && (given_up.is_some() || lane.flow.is_late(now)) {
                self.give_up(partition as i32, given_up.clone());
            }
        }
        let is_silent = |peer: &Peer| peer.silence(now) >= SILENCE;
        if !self.wants_look && self.peers.values().any(is_silent) {
            self.wants_look = true;
            self.look = Rest { until: Some(now + SILENCE), ..self.look };
        }
        // Somewhere on the way a connection may be forgotten that is quiet for long. What is sent
        // again is known again.
        let most = (self.shared.timeout / 3).max(2 * SILENCE);
        let is_dead = |(id, peer): (&i32, &Peer)| (peer.silence(now) >= most).then_some(*id);
        let dead: Vec<i32> = self.peers.iter().filter_map(is_dead).collect();
        for id in dead {
            self.lose(id);
        }
    }

    /// Gives up all that a partition has under way, and what would come after it.
    fn give_up(&mut self, partition: i32, why: Option<Arc<ClusterError>>) {
        let why = why.unwrap_or_else(|| {
            self.shared.late.get_or_init(Instant::now);
            Arc::new(self.why(partition))
        });
        let Some(lane) = self.lanes.get_mut(partition as usize) else { return };
        lane.error = Some(Arc::clone(&why));
        for batch in lane.flow.give_up() {
            let fate = if batch.may_be_there() {
                Fate::MaybePersisted(Some(Arc::clone(&why)))
            } else {
                Fate::NotPersisted(Arc::clone(&why))
            };
            self.deliver(partition, batch, &fate, -1);
        }
        self.drop_rest(partition, &why);
    }

    /// Why records were not taken in time: for what the topic lacks, or for what the connections
    /// say. Asked once: nobody waits for as many answers as there are partitions.
    fn why(&mut self, partition: i32) -> ClusterError {
        let wanted = self.shared.min_in_sync;
        let ask = || self.sink.info(LOOK_MAX).unwrap_or_default();
        let found = self.found.get_or_insert_with(ask);
        let of = |info| obstacle::of(info, partition, Acks::All, wanted);
        found.iter().find_map(of).unwrap_or_else(|| self.shared.session.unreachable())
    }

    /// Finds out who leads.
    fn find_leaders(&mut self) {
        if let Ok(layout) = self.sink.layout(LOOK_MAX) {
            self.wants_look = false;
            self.take_layout(&layout);
        }
        self.look.begin(Instant::now());
        if !self.wants_look {
            self.look.pause = PAUSES.0 * 5;
        }
    }

    /// Takes up who leads. What was sent to somebody else is not waited for.
    fn take_layout(&mut self, layout: &Layout) {
        let brokers = by_id(layout);
        let has_moved = |(id, broker): (&i32, &BrokerInfo)| {
            self.brokers.get(id).is_some_and(|was| was != broker).then_some(*id)
        };
        let mut left: HashSet<i32> = brokers.iter().filter_map(has_moved).collect();
        self.brokers = brokers;
        let of = layout.topics.iter().find(|of| of.name == self.shared.topic.as_str());
        for info in of.map(|of| &*of.partitions).unwrap_or_default() {
            let Some(lane) = self.lanes.get_mut(info.partition as usize) else { continue };
            if info.leader < 0 {
                self.wants_look |= lane.flow.len() > 0;
                continue;
            }
            if lane.leader != info.leader && lane.flow.is_waiting() {
                left.insert(lane.leader);
            }
            lane.leader = info.leader;
        }
        for id in left {
            if self.peers.get(&id).is_some_and(|peer| peer.link.is_some()) {
                self.lose(id);
            }
        }
    }
}
