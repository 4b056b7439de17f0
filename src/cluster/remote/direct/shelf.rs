//! Owns the batches between who makes them and who sends them: the caller's thread puts records
//! into them, and puts them down here; the engine takes them as brokers have room. A batch that is
//! not full and was not taken yet is taken back for the next records, so that batches grow while
//! brokers are busy. Leaves sending to `engine`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::cluster::remote::lock;
use crate::disk::batch::BatchEncoder;
use crate::record::{Compression, RecordBuffer, Span};

/// Records of a batch that are of one buffer, for a report.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The buffer.
    pub(super) records: Arc<RecordBuffer>,
    /// Which of its spans they are, in order.
    pub(super) indices: Vec<u32>,
}

/// A batch to which records are added.
#[derive(Debug)]
pub(super) struct Open {
    /// The records so far.
    pub(super) encoder: BatchEncoder,
    /// The number of the first one in the input.
    pub(super) number: u64,
    /// Whether those of the others follow on it.
    pub(super) is_dense: bool,
    /// When the first one came.
    pub(super) since: Instant,
    /// Where they are from, where a report is wanted.
    pub(super) parts: Vec<Part>,
}

impl Open {
    /// A batch without records.
    fn of(encoder: BatchEncoder) -> Self {
        Self { encoder, number: 0, is_dense: true, since: Instant::now(), parts: Vec::new() }
    }

    /// Adds a record: which one of `buffer`, and whether it will be reported.
    pub(super) fn push(
        &mut self,
        index: usize,
        span: &Span,
        buffer: &Arc<RecordBuffer>,
        report: bool,
    ) {
        let number = buffer.first_number + index as u64;
        if self.encoder.records() == 0 {
            (self.number, self.is_dense, self.since) = (number, true, Instant::now());
        }
        self.is_dense &= number == self.number + self.records();
        self.encoder.push(span, buffer);
        if !report {
            return;
        }
        let part = self.parts.last_mut().filter(|part| Arc::ptr_eq(&part.records, buffer));
        if let Some(part) = part {
            part.indices.push(index as u32);
        } else {
            let (records, indices) = (Arc::clone(buffer), vec![index as u32]);
            self.parts.push(Part { records, indices });
        }
    }

    /// Its bytes before compression.
    pub(super) fn bytes(&self) -> usize {
        self.encoder.size_bytes()
    }

    /// How many records it has.
    pub(super) fn records(&self) -> u64 {
        self.encoder.records().unsigned_abs().into()
    }
}

/// What is put down of one partition.
#[derive(Debug, Default)]
struct Slot {
    /// Batches that are full, in order.
    full: VecDeque<Open>,
    /// The last one, which may grow; and when it is to be sent.
    last: Option<(Open, Instant)>,
}

/// What is put down of all partitions.
#[derive(Debug)]
pub(super) struct Shelf {
    codec: Compression,
    slots: Mutex<Vec<Slot>>,
    /// Batches without records, whose memory is used again.
    spare: Mutex<Vec<Open>>,
    /// Bytes that were put down and are not settled.
    bytes: AtomicUsize,
    /// Records, likewise.
    records: AtomicU64,
}

impl Shelf {
    /// An empty one for so many partitions.
    pub(super) fn new(partitions: i32, codec: Compression) -> Self {
        Self {
            codec,
            slots: Mutex::new((0..partitions).map(|_| Slot::default()).collect()),
            spare: Mutex::default(),
            bytes: AtomicUsize::new(0),
            records: AtomicU64::new(0),
        }
    }

    /// A batch without records, which takes no memory.
    pub(super) fn blank(&self) -> Open {
        Open::of(BatchEncoder::new(self.codec))
    }

    /// A batch without records, to put some into.
    pub(super) fn empty(&self) -> Open {
        lock(&self.spare).pop().unwrap_or_else(|| self.blank())
    }

    /// Gives a batch back that has no records any more.
    pub(super) fn give_back(&self, encoder: BatchEncoder) {
        lock(&self.spare).push(Open::of(encoder));
    }

    /// Bytes that were put down and are not settled.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Acquire)
    }

    /// Records that were put down and are not settled.
    pub(super) fn records(&self) -> u64 {
        self.records.load(Ordering::Acquire)
    }

    /// Counts records as put down.
    fn add(&self, open: &Open) {
        self.bytes.fetch_add(open.bytes(), Ordering::AcqRel);
        self.records.fetch_add(open.records(), Ordering::AcqRel);
    }

    /// Counts records as settled, or as taken back.
    pub(super) fn remove(&self, bytes: usize, records: u64) {
        self.bytes.fetch_sub(bytes, Ordering::AcqRel);
        self.records.fetch_sub(records, Ordering::AcqRel);
    }

    /// Puts down a batch that is full.
    pub(super) fn put_full(&self, partition: i32, open: Open) {
        self.add(&open);
        if let Some(slot) = lock(&self.slots).get_mut(partition as usize) {
            slot.full.push_back(open);
        }
    }

    /// Puts down a batch that may grow until `due`.
    pub(super) fn put_last(&self, partition: i32, open: Open, due: Instant) {
        self.add(&open);
        if let Some(slot) = lock(&self.slots).get_mut(partition as usize) {
            slot.last = Some((open, due));
        }
    }

    /// Takes back the batch that may grow, if it is still here.
    pub(super) fn take_back(&self, partition: i32) -> Option<Open> {
        let (open, _) = lock(&self.slots).get_mut(partition as usize)?.last.take()?;
        self.remove(open.bytes(), open.records());
        Some(open)
    }

    /// Has everything that is here sent now.
    pub(super) fn hurry(&self, now: Instant) {
        for (_, due) in lock(&self.slots).iter_mut().filter_map(|slot| slot.last.as_mut()) {
            *due = now.min(*due);
        }
    }

    /// Takes the next batch of a partition to send it: one that is full, or one that is due, if
    /// `partial` says that there is no better use of the time.
    pub(super) fn take(&self, partition: i32, partial: bool, now: Instant) -> Option<Open> {
        let mut slots = lock(&self.slots);
        let slot = slots.get_mut(partition as usize)?;
        if let Some(open) = slot.full.pop_front() {
            return Some(open);
        }
        let is_due = slot.last.as_ref().is_some_and(|(_, due)| *due <= now);
        if !partial || !is_due {
            return None;
        }
        slot.last.take().map(|(open, _)| open)
    }

    /// Takes all batches of a partition.
    pub(super) fn take_all(&self, partition: i32) -> Vec<Open> {
        let mut slots = lock(&self.slots);
        let Some(slot) = slots.get_mut(partition as usize) else { return Vec::new() };
        let last = slot.last.take().map(|(open, _)| open);
        slot.full.drain(..).chain(last).collect()
    }

    /// When the next batch that may grow is due that is not yet.
    pub(super) fn next_due(&self, now: Instant) -> Option<Instant> {
        let slots = lock(&self.slots);
        let dues = slots.iter().filter_map(|slot| slot.last.as_ref().map(|(_, due)| *due));
        dues.filter(|due| *due > now).min()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::record::Slice;

    fn buffer(first_number: u64, records: usize) -> Arc<RecordBuffer> {
        let mut buffer = RecordBuffer { first_number, ..RecordBuffer::default() };
        let value = buffer.store(b"v");
        buffer.spans.extend((0..records).map(|_| Span::new(Slice::NULL, value, 1)));
        Arc::new(buffer)
    }

    #[test]
    fn a_batch_grows_until_it_is_due_counted_from_its_first_record() {
        let shelf = Shelf::new(2, Compression::None);
        let (one, linger) = (buffer(1, 1), Duration::from_secs(5));
        let mut open = shelf.empty();
        open.push(0, &one.spans[0], &one, false);
        let since = open.since;
        shelf.put_last(1, open, since + linger);
        assert!(shelf.take(1, true, since).is_none(), "it is not due");
        assert_eq!(shelf.next_due(since), Some(since + linger));
        let mut open = shelf.take_back(1).unwrap();
        assert!(shelf.take_back(1).is_none() && shelf.next_due(since).is_none());
        assert_eq!((shelf.records(), shelf.bytes()), (0, 0));
        open.push(0, &one.spans[0], &one, false);
        assert_eq!((open.since, open.records()), (since, 2));
        shelf.put_last(1, open, since + linger);
        assert!(shelf.take(1, false, since + linger).is_none(), "there is better to do");
        let open = shelf.take(1, true, since + linger).unwrap();
        assert_eq!(shelf.records(), 2, "it is not settled");
        shelf.remove(open.bytes(), open.records());
        assert_eq!((shelf.records(), shelf.bytes()), (0, 0));
    }

    #[test]
    fn full_batches_go_first_and_need_not_be_due() {
        let shelf = Shelf::new(1, Compression::None);
        let numbered = |number| {
            let (mut open, buffer) = (shelf.empty(), buffer(number, 1));
            open.push(0, &buffer.spans[0], &buffer, false);
            open
        };
        let now = Instant::now();
        shelf.put_full(0, numbered(1));
        shelf.put_full(0, numbered(2));
        shelf.put_last(0, numbered(3), now + Duration::from_secs(60));
        let taken = |partial| shelf.take(0, partial, now).map(|open| open.number);
        assert_eq!((taken(false), taken(false), taken(true)), (Some(1), Some(2), None));
        shelf.hurry(now);
        assert_eq!(taken(true), Some(3));
    }

    #[test]
    fn parts_name_the_buffers_that_records_are_from() {
        let (a, b) = (buffer(10, 3), buffer(13, 2));
        let mut open = Shelf::new(1, Compression::None).empty();
        for (buffer, indices) in [(&a, [0, 2]), (&b, [0, 1])] {
            for index in indices {
                open.push(index, &buffer.spans[index], buffer, true);
            }
        }
        let parts: Vec<_> = open.parts.iter().map(|part| part.indices.as_slice()).collect();
        assert_eq!((parts, open.number, open.is_dense), (vec![&[0, 2][..], &[0, 1]], 10, false));
    }
}
