//! Owns the batches of one partition that are under way: their order, their sequence numbers, and
//! what an answer means for them. Knows no connections and no clock.
//!
//! Kafka's log takes a batch of a producer only behind the one before it, by their sequence
//! numbers, and knows the last five again (KIP-98, `ProducerStateManager`). So at most five are
//! under way, and one that was not answered is sent again as it was. Behind a batch that a broker
//! refused, the numbers of the others are void: they get new ones, of the producer's next epoch,
//! once all before them are settled. That epoch needs no word of a broker (KIP-360,
//! `TransactionManager.bumpIdempotentProducerEpoch`). Of a producer of which it has nothing, a log
//! takes any number (`ProducerAppendInfo.checkSequence`): so the first batch goes alone until it
//! was taken.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::shelf::Part;
use crate::cluster::remote::ffi::Code;
use crate::cluster::remote::wire::Produced;
use crate::disk::batch::{EncodedBatch, ProducerStamp, next_sequence};

use rdkafka_sys::bindings::rd_kafka_resp_err_t as Known;

/// Batches of a partition that are under way at most: as many as brokers know again.
pub(super) const WINDOW: usize = 5;

/// A batch under way.
#[derive(Debug)]
pub(super) struct Batch {
    /// Its number among all.
    pub(super) key: u64,
    /// Its bytes.
    pub(super) encoded: Arc<EncodedBatch>,
    /// The bytes that it counts for.
    pub(super) bytes: usize,
    /// The number of its first record in the input.
    pub(super) number: u64,
    /// Whether those of the others follow on it.
    pub(super) is_dense: bool,
    /// Where its records are from, where a report is wanted.
    pub(super) parts: Vec<Part>,
    /// When it is given up.
    pub(super) until: Instant,
    /// Whether an answer is being waited for.
    pub(super) is_sent: bool,
    /// Whether the log may have it, by an attempt that was not answered.
    pub(super) in_doubt: bool,
}

impl Batch {
    /// How many records it has.
    pub(super) fn records(&self) -> u64 {
        self.encoded.records.unsigned_abs().into()
    }

    /// Whether the log may have it.
    pub(super) const fn may_be_there(&self) -> bool {
        self.in_doubt || self.is_sent
    }
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The log has it, from this offset on; -1 where that is not known.
    Taken(i64),
    /// It is to be sent again; whether the log may have it.
    Again(bool),
    /// It is not behind the one before it.
    OutOfOrder,
    /// It is not taken, ever.
    Refused,
    /// Something went wrong in the broker, at whatever point.
    Unclear,
}

/// What a broker's answer about a batch means, as the Java client has it (`Errors`,
/// `RetriableException`).
fn verdict(answer: &Produced) -> Verdict {
    const TAKEN_BEFORE: Code = Code::of(Known::RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
    const OUT_OF_ORDER: [Known; 2] = [
        Known::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
        Known::RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID,
    ];
    const UNCLEAR: Code = Code::of(Known::RD_KAFKA_RESP_ERR_UNKNOWN);
    const DOUBTFUL: [Known; 5] = [
        Known::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        Known::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        Known::RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
        // Said too of what was appended and waits for replicas when somebody else leads, or when
        // the disk fails (`DelayedProduce.tryComplete`): who leads then may have it.
        Known::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        Known::RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
    ];
    const AGAIN: [Known; 8] = [
        Known::RD_KAFKA_RESP_ERR_INVALID_MSG,
        Known::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        Known::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        Known::RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
        Known::RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
        Known::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        Known::RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
        Known::RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
    ];
    let is_any = |of: &[Known]| of.iter().any(|known| Code::of(*known) == answer.code);
    match answer.code {
        Code::NONE => Verdict::Taken(answer.base_offset),
        TAKEN_BEFORE => Verdict::Taken(-1),
        UNCLEAR => Verdict::Unclear,
        _ if is_any(&OUT_OF_ORDER) => Verdict::OutOfOrder,
        _ if is_any(&DOUBTFUL) => Verdict::Again(true),
        _ if is_any(&AGAIN) => Verdict::Again(false),
        _ => Verdict::Refused,
    }
}

/// What has become of a batch.
#[derive(Debug)]
pub(super) enum Settled {
    /// The log has it, from this offset on; -1 where that is not known.
    Taken(Batch, i64),
    /// It was refused.
    Refused(Batch),
    /// It was refused, and may be there of an earlier attempt: what the log has of those behind it
    /// cannot be found out, so nothing more can be sent.
    InDoubt(Batch),
    /// Nothing yet: it will be sent again.
    Again,
    /// Nothing: it was given up before.
    Unknown,
}

/// The batches of one partition that are under way.
#[derive(Debug)]
pub(super) struct Flow {
    /// Who sends, and the sequence number of the next batch.
    stamp: ProducerStamp,
    /// In order.
    batches: VecDeque<Batch>,
    /// Those behind one that was refused.
    void: VecDeque<Batch>,
    /// The log has a batch of this epoch.
    is_known: bool,
    /// One was refused: the next batch is of a new epoch.
    is_broken: bool,
    /// One was not taken: nothing more is sent until all that are under way have come back.
    is_halted: bool,
}

impl Flow {
    /// One of a producer that has sent nothing yet.
    pub(super) const fn new(id: i64, epoch: i16) -> Self {
        Self {
            stamp: ProducerStamp { id, epoch, base_sequence: 0 },
            batches: VecDeque::new(),
            void: VecDeque::new(),
            is_known: false,
            is_broken: false,
            is_halted: false,
        }
    }

    /// The stamp of the next batch; `None` while it takes none.
    pub(super) fn stamp(&self) -> Option<ProducerStamp> {
        (self.batches.len() < WINDOW && !self.is_broken).then_some(self.stamp)
    }

    /// How many batches are under way.
    pub(super) fn len(&self) -> usize {
        self.batches.len() + self.void.len()
    }

    /// Whether answers are waited for.
    pub(super) fn is_waiting(&self) -> bool {
        self.all().any(|batch| batch.is_sent)
    }

    /// All batches, in order.
    fn all(&self) -> impl Iterator<Item = &Batch> {
        self.batches.iter().chain(&self.void)
    }

    /// Adds a batch, which has the stamp of this flow.
    pub(super) fn push(&mut self, batch: Batch) {
        let sequence = next_sequence(self.stamp.base_sequence, batch.encoded.records);
        self.stamp.base_sequence = sequence;
        self.batches.push_back(batch);
    }

    /// Whether something is to be sent.
    pub(super) fn has_unsent(&self) -> bool {
        self.may_send() && self.batches.iter().any(|batch| !batch.is_sent)
    }

    /// Whether a batch that waits may be sent.
    fn may_send(&self) -> bool {
        !self.is_halted && (self.is_known || !self.is_waiting())
    }

    /// The next batch to send, which from now on counts as sent.
    pub(super) fn send_next(&mut self) -> Option<&Batch> {
        if !self.may_send() {
            return None;
        }
        let batch = self.batches.iter_mut().find(|batch| !batch.is_sent)?;
        batch.is_sent = true;
        Some(batch)
    }

    /// Takes up the answer about a batch.
    pub(super) fn answered(&mut self, key: u64, answer: &Produced) -> Settled {
        let settled = self.judge(key, answer);
        if !matches!(settled, Settled::InDoubt(_)) {
            self.go_on();
        }
        settled
    }

    fn judge(&mut self, key: u64, answer: &Produced) -> Settled {
        let verdict = verdict(answer);
        let of = |batches: &VecDeque<Batch>| batches.iter().position(|batch| batch.key == key);
        if let Some(at) = of(&self.void) {
            let Verdict::Taken(offset) = verdict else {
                self.void.iter_mut().skip(at).take(1).for_each(|batch| batch.is_sent = false);
                return Settled::Again;
            };
            let taken = self.void.remove(at);
            return taken.map_or(Settled::Unknown, |batch| Settled::Taken(batch, offset));
        }
        let Some(at) = of(&self.batches) else { return Settled::Unknown };
        match verdict {
            Verdict::Taken(offset) => {
                self.is_known = true;
                let taken = self.batches.remove(at);
                taken.map_or(Settled::Unknown, |batch| Settled::Taken(batch, offset))
            }
            // Out of order behind another that is not settled says nothing of this one.
            Verdict::OutOfOrder if at > 0 => self.again(at, false),
            Verdict::Again(in_doubt) => self.again(at, in_doubt),
            Verdict::OutOfOrder | Verdict::Refused | Verdict::Unclear
                if verdict == Verdict::Unclear
                    || self.batches.get(at).is_some_and(|batch| batch.in_doubt) =>
            {
                self.is_halted = true;
                self.batches.remove(at).map_or(Settled::Unknown, Settled::InDoubt)
            }
            Verdict::OutOfOrder | Verdict::Refused | Verdict::Unclear => {
                let mut behind = self.batches.split_off(at + 1);
                behind.append(&mut self.void);
                self.void = behind;
                self.is_broken = true;
                let refused = self.batches.pop_back();
                refused.map_or(Settled::Unknown, |batch| {
                    Settled::Refused(Batch { is_sent: false, ..batch })
                })
            }
        }
    }

    /// Has a batch sent again.
    fn again(&mut self, at: usize, in_doubt: bool) -> Settled {
        self.is_halted = true;
        if let Some(batch) = self.batches.get_mut(at) {
            batch.is_sent = false;
            batch.in_doubt |= in_doubt;
        }
        Settled::Again
    }

    /// Takes up that no answers will come of what was sent.
    pub(super) fn lost(&mut self) {
        for batch in &mut self.batches {
            batch.in_doubt |= batch.is_sent;
            batch.is_sent = false;
        }
        // The log did not take the one before, and so none of these.
        for batch in &mut self.void {
            batch.is_sent = false;
        }
        self.go_on();
    }

    /// Goes on once all that was under way has come back.
    fn go_on(&mut self) {
        if self.is_waiting() {
            return;
        }
        self.is_halted = false;
        if self.is_broken && self.batches.is_empty() {
            self.renew();
        }
    }

    /// Goes on in the next epoch.
    fn renew(&mut self) {
        (self.is_broken, self.is_known) = (false, false);
        let epoch = self.stamp.epoch.checked_add(1).unwrap_or(0);
        self.stamp = ProducerStamp { epoch, base_sequence: 0, ..self.stamp };
        for mut batch in std::mem::take(&mut self.void) {
            Arc::make_mut(&mut batch.encoded).set_producer(self.stamp);
            self.push(batch);
        }
    }

    /// Whether one is under way that was to be settled by now.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        self.all().any(|batch| batch.until <= now)
    }

    /// Gives all that is under way so much more time.
    pub(super) fn put_off(&mut self, by: Duration) {
        for batch in self.batches.iter_mut().chain(&mut self.void) {
            batch.until += by;
        }
    }

    /// Gives up all that is under way.
    pub(super) fn give_up(&mut self) -> Vec<Batch> {
        let batches = std::mem::take(&mut self.batches);
        let void = std::mem::take(&mut self.void);
        let void = void.into_iter().map(|batch| Batch { is_sent: false, ..batch });
        batches.into_iter().chain(void).collect()
    }
}

#[cfg(test)]
#[path = "flow/tests.rs"]
mod tests;
