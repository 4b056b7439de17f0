//! Batches of a partition before a broker as Kafka's: it takes a batch behind the one before it,
//! knows the last five again, and fails in every way that a broker and a network can.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::disk::batch::{BatchEncoder, BatchHeader, check_crc};
use crate::record::{Compression, RecordBuffer, Slice, Span};

const UNKNOWN: i32 = -1;
const NOT_LEADER: i32 = 6;
const TIMED_OUT: i32 = 7;
const TOO_LARGE: i32 = 10;
const OUT_OF_ORDER: i32 = 45;

/// A batch of so many records with the stamp that the flow gives.
fn batch(flow: &Flow, key: u64, records: i32) -> Batch {
    let mut buffer = RecordBuffer::default();
    let value = buffer.store(b"x");
    for _ in 0..records {
        buffer.spans.push(Span::new(Slice::NULL, value, 1));
    }
    let mut encoder = BatchEncoder::new(Compression::None);
    for span in &buffer.spans {
        encoder.push(span, &buffer);
    }
    let stamp = flow.stamp().unwrap();
    let encoded = Arc::new(encoder.finish(stamp, EncodedBatch::default()).unwrap());
    Batch {
        key,
        bytes: encoded.bytes.len(),
        encoded,
        number: 0,
        is_dense: true,
        parts: Vec::new(),
        until: Instant::now() + Duration::from_secs(60),
        is_sent: false,
        in_doubt: false,
    }
}

fn answer(code: i32, base_offset: i64) -> Produced {
    Produced { code: Code(code), base_offset, refused: None, message: None, throttled_ms: 0 }
}

/// What a broker keeps of one partition.
#[derive(Debug, Default)]
struct Broker {
    /// Whether it has anything of the producer. Of one that it has not, it takes any sequence.
    is_known: bool,
    epoch: i16,
    next: i32,
    /// The last batches: first sequence, last sequence, offset.
    last: VecDeque<(i32, i32, i64)>,
    /// The keys of batches in the order of the log.
    log: Vec<u64>,
    end: i64,
}

impl Broker {
    /// Takes a batch or not, as `ProducerStateManager` does.
    fn produce(&mut self, key: u64, bytes: &[u8]) -> i32 {
        let header = BatchHeader::parse(bytes).unwrap();
        assert!(check_crc(&header, bytes), "the checksum is that of the stamp");
        let (first, epoch) = (header.producer.base_sequence, header.producer.epoch);
        let last = first + header.last_offset_delta;
        if !self.is_known {
            (self.is_known, self.epoch, self.next) = (true, epoch, first);
        }
        if epoch < self.epoch {
            return 47;
        }
        if epoch > self.epoch {
            if first != 0 {
                return OUT_OF_ORDER;
            }
            (self.epoch, self.next) = (epoch, 0);
            self.last.clear();
        }
        if self.last.iter().any(|(a, b, _)| (*a, *b) == (first, last)) {
            return 0;
        }
        if first != self.next {
            return OUT_OF_ORDER;
        }
        self.last.push_back((first, last, self.end));
        if self.last.len() > WINDOW {
            self.last.pop_front();
        }
        self.next = last + 1;
        self.end += i64::from(header.record_count);
        self.log.push(key);
        0
    }
}

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// A batch of so many records is made.
    Make(i32),
    /// All that may be sent is.
    Send,
    /// The broker takes up a request, or fails in some way.
    Serve(Failure),
    /// An answer arrives.
    Answer,
    /// The connection breaks: requests that were not served may be lost, answers are.
    Break(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    None,
    /// It does not lead any more.
    NotLeader,
    /// It has appended, and waited for its replicas in vain.
    Late,
    /// It has appended, and led no more while it waited for its replicas.
    Moved,
    /// It has appended, and failed at something then.
    Broken,
    /// It does not take this one, ever.
    Refuses,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let failure = prop_oneof![
        8 => Just(Failure::None),
        1 => Just(Failure::NotLeader),
        1 => Just(Failure::Late),
        1 => Just(Failure::Moved),
        1 => Just(Failure::Broken),
        1 => Just(Failure::Refuses),
    ];
    let step = prop_oneof![
        4 => (1..4).prop_map(Step::Make),
        4 => Just(Step::Send),
        6 => failure.prop_map(Step::Serve),
        6 => Just(Step::Answer),
        1 => any::<bool>().prop_map(Step::Break),
    ];
    prop::collection::vec(step, 1..200)
}

/// The flow, its broker, and what is between them.
struct World {
    flow: Flow,
    broker: Broker,
    requests: VecDeque<(u64, Vec<u8>)>,
    answers: VecDeque<(u64, i32)>,
    made: u64,
    taken: Vec<u64>,
    refused: BTreeSet<u64>,
    doubtful: BTreeSet<u64>,
    /// It was given up.
    is_dead: bool,
}

impl World {
    fn new() -> Self {
        Self {
            flow: Flow::new(77, 0),
            broker: Broker::default(),
            requests: VecDeque::new(),
            answers: VecDeque::new(),
            made: 0,
            taken: Vec::new(),
            refused: BTreeSet::new(),
            doubtful: BTreeSet::new(),
            is_dead: false,
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Make(records) => {
                if !self.is_dead && self.flow.stamp().is_some() {
                    self.made += 1;
                    let batch = batch(&self.flow, self.made, *records);
                    self.flow.push(batch);
                }
            }
            Step::Send => {
                while let Some(batch) = self.flow.send_next() {
                    self.requests.push_back((batch.key, batch.encoded.bytes.clone()));
                }
            }
            Step::Serve(failure) => self.serve(*failure),
            Step::Answer => {
                if let Some((key, code)) = self.answers.pop_front() {
                    self.take(key, code);
                }
            }
            Step::Break(served) => {
                while *served && !self.requests.is_empty() {
                    self.serve(Failure::None);
                }
                self.requests.clear();
                self.answers.clear();
                self.flow.lost();
            }
        }
    }

    fn serve(&mut self, failure: Failure) {
        let Some((key, bytes)) = self.requests.pop_front() else { return };
        let code = match failure {
            Failure::NotLeader => NOT_LEADER,
            Failure::Refuses => TOO_LARGE,
            _ => match (self.broker.produce(key, &bytes), failure) {
                (0, Failure::Late) => TIMED_OUT,
                (0, Failure::Moved) => NOT_LEADER,
                (0, Failure::Broken) => UNKNOWN,
                (code, _) => code,
            },
        };
        self.answers.push_back((key, code));
    }

    fn take(&mut self, key: u64, code: i32) {
        match self.flow.answered(key, &answer(code, 0)) {
            Settled::Taken(batch, _) => self.taken.push(batch.key),
            Settled::Refused(batch) => {
                self.refused.insert(batch.key);
            }
            Settled::InDoubt(batch) => {
                self.is_dead = true;
                self.doubtful.insert(batch.key);
                for batch in self.flow.give_up() {
                    let fate =
                        if batch.may_be_there() { &mut self.doubtful } else { &mut self.refused };
                    fate.insert(batch.key);
                }
            }
            Settled::Again => {}
            Settled::Unknown => assert!(self.is_dead, "batch {key} is not known"),
        }
    }

    /// Everything works from now on.
    fn finish(&mut self) {
        for _ in 0..100 {
            self.step(&Step::Send);
            while !self.requests.is_empty() {
                self.serve(Failure::None);
            }
            while let Some((key, code)) = self.answers.pop_front() {
                self.take(key, code);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_is_lost_doubled_or_out_of_order(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
            let sent = world.flow.batches.iter().filter(|batch| batch.is_sent).count();
            prop_assert!(sent <= WINDOW);
        }
        world.finish();
        prop_assert_eq!(world.flow.len(), 0, "all is settled");
        let log = &world.broker.log;
        prop_assert!(log.is_sorted_by(|a, b| a < b), "once, and in order: {:?}", log);
        for key in &world.taken {
            prop_assert!(log.contains(key), "{} was told to be there", key);
        }
        for key in &world.refused {
            prop_assert!(!log.contains(key), "{} was told not to be there", key);
        }
        let settled = world.taken.len() + world.refused.len() + world.doubtful.len();
        prop_assert_eq!(settled as u64, world.made, "each has one fate");
    }

    #[test]
    fn what_is_given_up_says_whether_it_may_be_there(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        // What is on its way may still arrive.
        while !world.requests.is_empty() {
            world.serve(Failure::None);
        }
        for batch in world.flow.give_up() {
            let is_there = world.broker.log.contains(&batch.key);
            prop_assert!(!is_there || batch.may_be_there(), "{} is there", batch.key);
        }
        prop_assert_eq!(world.flow.len(), 0);
    }
}

#[test]
fn what_stands_behind_a_refused_batch_goes_on_in_the_next_epoch() {
    let mut world = World::new();
    world.step(&Step::Make(2));
    world.finish();
    for _ in 0..3 {
        world.step(&Step::Make(2));
    }
    world.step(&Step::Send);
    world.serve(Failure::None);
    world.serve(Failure::Refuses);
    world.serve(Failure::None);
    let codes: Vec<_> = world.answers.iter().map(|(_, code)| *code).collect();
    assert_eq!(codes, [0, TOO_LARGE, OUT_OF_ORDER]);
    world.step(&Step::Answer);
    world.step(&Step::Answer);
    assert!(world.flow.stamp().is_none(), "nothing is added before the next epoch");
    world.step(&Step::Answer);
    let stamp = world.flow.stamp().unwrap();
    assert_eq!((stamp.id, stamp.epoch, stamp.base_sequence), (77, 1, 2));
    world.finish();
    assert_eq!((world.broker.log.as_slice(), world.broker.epoch), (&[1, 2, 4][..], 1));
    assert_eq!(world.refused, BTreeSet::from([3]));
}

#[test]
fn a_gap_in_what_a_broker_has_is_told_once_nothing_else_explains_it() {
    let mut world = World::new();
    world.step(&Step::Make(1));
    world.step(&Step::Send);
    world.broker.is_known = true;
    world.broker.next = 9;
    world.serve(Failure::None);
    world.step(&Step::Answer);
    assert_eq!(world.refused, BTreeSet::from([1]), "it was sent once");
    world.step(&Step::Make(1));
    world.finish();
    assert_eq!(world.broker.log, [2], "a new epoch goes on");
}

#[test]
fn what_was_appended_before_the_leader_moved_or_failed_may_be_there() {
    for failure in [Failure::Moved, Failure::Broken] {
        let mut world = World::new();
        world.step(&Step::Make(1));
        world.step(&Step::Send);
        world.serve(failure);
        world.step(&Step::Answer);
        let may_be_there = world.flow.give_up().iter().all(Batch::may_be_there);
        assert!(may_be_there && world.refused.is_empty(), "{failure:?}");
        assert_eq!(world.broker.log, [1], "{failure:?}");
    }
}
