//! Owns what compaction has to know of producers before it begins: which transactions were aborted,
//! which are open, and the last batch of each producer.

use std::collections::HashMap;

use super::rewrite::RecordsOf;
use super::{Job, Sealed};
use crate::disk::batch::BatchHeader;
use crate::disk::error::Result;
use crate::disk::producers::EXPIRATION_MS;
use crate::disk::resume::comes_back;

/// The marker of a transaction that was aborted (`ControlRecordType`).
const MARKER_ABORT: i16 = 0;

/// The last batch of a producer.
#[derive(Clone, Copy, Debug)]
struct Last {
    epoch: i16,
    /// Last offset of its last batch of records; markers are none.
    data_offset: Option<i64>,
    timestamp: i64,
}

/// The producers of a log.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    /// First and last offset of each aborted transaction, by producer.
    aborted: HashMap<i64, Vec<(i64, i64)>>,
    /// The first offset of each open transaction, by producer.
    open: HashMap<i64, i64>,
    last: HashMap<i64, Last>,
    now_ms: i64,
    /// Base offset and record count of each segment that was read.
    counts: Vec<(i64, u64)>,
}

impl Transactions {
    /// Reads the headers of all batches; `None` when it was told to stop.
    pub(super) fn read(job: &Job<'_>, segments: &[Sealed]) -> Result<Option<Self>> {
        let mut all = Self { now_ms: job.now_ms, ..Self::default() };
        let mut reader = RecordsOf::new(job.config);
        let bases = segments.iter().map(|segment| segment.base);
        let active = (job.end.position > 0).then_some(job.end.active_base);
        for base in bases.chain(active) {
            let mut records = 0;
            let whole = job.walk(base, |_, header, batch| {
                records += header.record_count as u64;
                all.note(header, batch, &mut reader)?;
                Ok(true)
            })?;
            if !whole {
                return Ok(None);
            }
            all.counts.push((base, records));
        }
        Ok(Some(all))
    }

    fn note(
        &mut self,
        header: &BatchHeader,
        batch: &[u8],
        reader: &mut RecordsOf,
    ) -> Result<(), String> {
        let producer = header.producer;
        if producer.id < 0 {
            return Ok(());
        }
        let earlier = self.last.get(&producer.id).and_then(|last| last.data_offset);
        let data_offset = if header.is_control() { earlier } else { Some(header.last_offset()) };
        let (epoch, timestamp) = (producer.epoch, header.max_timestamp);
        self.last.insert(producer.id, Last { epoch, data_offset, timestamp });
        if !header.is_control() {
            if header.is_transactional() {
                self.open.entry(producer.id).or_insert(header.base_offset);
            }
            return Ok(());
        }
        let first = self.open.remove(&producer.id);
        if header.record_count == 0 {
            return Ok(());
        }
        let buffer = reader.read(header, batch)?;
        let key = buffer.spans.first().and_then(|span| span.key.of(&buffer.arena));
        let kind = key.and_then(|key| key.get(2..4)?.first_chunk::<2>().copied());
        if let (Some(first), Some(MARKER_ABORT)) = (first, kind.map(i16::from_be_bytes)) {
            let range = (first, header.base_offset);
            self.aborted.entry(producer.id).or_default().push(range);
        }
        Ok(())
    }

    /// Whether the records of a batch were taken back.
    pub(super) fn is_aborted(&self, header: &BatchHeader) -> bool {
        let offset = header.base_offset;
        header.is_transactional()
            && self.aborted.get(&header.producer.id).is_some_and(|ranges| {
                ranges.iter().any(|&(first, last)| first <= offset && offset <= last)
            })
    }

    /// The first offset of a transaction that is neither committed nor aborted.
    pub(super) fn first_open(&self) -> i64 {
        self.open.values().copied().min().unwrap_or(i64::MAX)
    }

    /// The most records that there are from `offset` on.
    pub(super) fn records_from(&self, offset: i64) -> u64 {
        let first = self.counts.iter().rposition(|&(base, _)| base <= offset).unwrap_or(0);
        self.counts.iter().skip(first).map(|&(_, records)| records).sum()
    }

    /// Whether a batch says the last that is known of a producer who may still write: without it,
    /// the next one could pass for a repetition, or for a gap.
    pub(super) fn is_last_of_producer(&self, header: &BatchHeader) -> bool {
        let Some(last) = self.last.get(&header.producer.id) else { return false };
        let is_silent = self.now_ms.saturating_sub(last.timestamp) >= EXPIRATION_MS;
        if is_silent && !comes_back(header.producer.id) {
            return false;
        }
        match last.data_offset {
            Some(offset) => header.last_offset() == offset,
            None => header.is_control() && header.producer.epoch == last.epoch,
        }
    }
}
