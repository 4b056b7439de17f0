//! Owns what compaction makes of one batch: all of it, some of its records, an empty one that keeps
//! its place, or nothing (`MemoryRecords.filterTo` and `Cleaner.cleanInto`).

use std::collections::HashSet;

use super::Job;
use super::keys::KeyMap;
use super::transactions::Transactions;
use crate::config::LogConfig;
use crate::disk::batch::{BatchHeader, HEADER_BYTES, HeaderStamp};
use crate::disk::compression;
use crate::disk::record::{Wanted, decode, encode};
use crate::record::{Compression, RecordBuffer, Span};

/// Decodes the records of one batch after another.
#[derive(Debug)]
pub(super) struct RecordsOf {
    buffer: RecordBuffer,
    budget_bytes: usize,
}

impl RecordsOf {
    pub(super) fn new(config: &LogConfig) -> Self {
        let max_bytes = usize::try_from(config.max_message_bytes).unwrap_or(0);
        let budget_bytes = compression::budget_bytes(max_bytes);
        Self { buffer: RecordBuffer::default(), budget_bytes }
    }

    /// The records of a batch, markers too.
    pub(super) fn read(
        &mut self,
        header: &BatchHeader,
        batch: &[u8],
    ) -> Result<&RecordBuffer, String> {
        let codec = header
            .compression()
            .ok_or_else(|| format!("codec {} is not known", header.attributes & 7))?;
        let records = batch.get(HEADER_BYTES..).unwrap_or_default();
        self.buffer.clear();
        if codec == Compression::None {
            self.buffer.arena.extend_from_slice(records);
        } else {
            compression::decompress(codec, records, self.budget_bytes, &mut self.buffer.arena)
                .map_err(|e| format!("a {} batch does not decompress: {e}", codec.name()))?;
        }
        let len = self.buffer.arena.len();
        let all = Wanted { partition: 0, from: 0, to: i64::MAX };
        decode(header, &mut self.buffer, 0, len, all)?;
        Ok(&self.buffer)
    }
}

/// Decides over batches, in the order of the log.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    map: &'a KeyMap,
    transactions: &'a Transactions,
    /// The offset that this round ends before.
    end: i64,
    now_ms: i64,
    /// When tombstones of this round may go.
    horizon_ms: i64,
    /// Producers with records since their last marker.
    observed: HashSet<i64>,
    reader: RecordsOf,
    plain: Vec<u8>,
    /// Whether something of the group was changed.
    pub(super) changed: bool,
    /// Records seen, and kept.
    pub(super) seen: u64,
    pub(super) kept: u64,
}

impl<'a> Filter<'a> {
    /// A filter that keeps what the map says, up to `end`.
    pub(super) fn new(
        job: &Job<'a>,
        map: &'a KeyMap,
        end: i64,
        transactions: &'a Transactions,
    ) -> Self {
        Self {
            map,
            transactions,
            end,
            now_ms: job.now_ms,
            horizon_ms: job.now_ms.saturating_add(job.config.delete_retention_ms),
            observed: HashSet::new(),
            reader: RecordsOf::new(job.config),
            plain: Vec::new(),
            changed: false,
            seen: 0,
            kept: 0,
        }
    }

    /// Whether nothing needs the records of this batch: those of an aborted transaction, or the
    /// marker of one whose records have all gone.
    fn may_discard(&mut self, header: &BatchHeader) -> bool {
        let id = header.producer.id;
        if header.is_control() {
            return !self.observed.remove(&id);
        }
        if header.is_transactional() {
            self.observed.insert(id);
        }
        self.transactions.is_aborted(header)
    }

    /// Appends to `out` what stays of a batch.
    pub(super) fn pass(
        &mut self,
        header: &BatchHeader,
        batch: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let horizon = header.has_delete_horizon().then_some(header.base_timestamp);
        let may_discard = self.may_discard(header);
        let is_past = horizon.is_some_and(|horizon| horizon <= self.now_ms);
        let discards = may_discard && (!header.is_control() || is_past);
        let keeps_place = (header.producer.id >= 0
            && self.transactions.is_last_of_producer(header))
            || header.next_offset() == self.end;
        self.seen += header.record_count as u64;
        let buffer = self.reader.read(header, batch)?;
        let is_kept = |span: &Span| {
            if discards || header.is_control() {
                return !discards;
            }
            if span.offset >= self.end {
                return true;
            }
            let Some(key) = span.key.of(&buffer.arena) else { return false };
            let is_last = self.map.get(key).is_none_or(|last| span.offset >= last);
            let outlived = horizon.is_some_and(|horizon| horizon <= self.now_ms);
            is_last && !(span.value.is_null() && outlived)
        };
        let kept: Vec<Span> = buffer.spans.iter().copied().filter(is_kept).collect();
        self.kept += kept.len() as u64;
        if kept.is_empty() {
            self.changed |= header.record_count > 0 || !keeps_place;
            if keeps_place {
                put_empty(header, out);
            }
            return Ok(());
        }
        let has_tombstones = !header.is_control() && kept.iter().any(|span| span.value.is_null());
        let is_spent_marker = header.is_control() && may_discard;
        let sets_horizon = horizon.is_none() && (has_tombstones || is_spent_marker);
        if kept.len() == buffer.len() && !sets_horizon {
            out.extend_from_slice(batch);
            return Ok(());
        }
        self.changed = true;
        let horizon = if sets_horizon { Some(self.horizon_ms) } else { horizon };
        put_some(header, buffer, &kept, horizon, &mut self.plain, out)
    }
}

/// The stamp of a batch that takes the place of `header`'s.
const fn stamp_of(header: &BatchHeader, attributes: u16) -> HeaderStamp {
    HeaderStamp {
        attributes,
        last_offset_delta: header.last_offset_delta,
        base_timestamp: -1,
        max_timestamp: header.max_timestamp,
        producer: header.producer,
        records: 0,
    }
}

/// Writes the header at `start` of `out`, with what the checksum leaves out.
fn put_header(stamp: &HeaderStamp, header: &BatchHeader, start: usize, out: &mut [u8]) {
    let Some(batch) = out.get_mut(start..) else { return };
    stamp.write(batch);
    for (at, field) in
        [(0, &header.base_offset.to_be_bytes()[..]), (12, &header.leader_epoch.to_be_bytes()[..])]
    {
        if let Some(place) = batch.get_mut(at..at + field.len()) {
            place.copy_from_slice(field);
        }
    }
}

/// A batch without records, which keeps offsets and sequence numbers of `header`.
fn put_empty(header: &BatchHeader, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + HEADER_BYTES, 0);
    let kept = HeaderStamp::KIND;
    put_header(&stamp_of(header, header.attributes & kept), header, start, out);
}

/// A batch of some of the records, with their offsets and timestamps.
fn put_some(
    header: &BatchHeader,
    buffer: &RecordBuffer,
    kept: &[Span],
    horizon: Option<i64>,
    plain: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let first = kept.first().map_or(-1, |span| span.timestamp_ms);
    let base_timestamp = horizon.unwrap_or(first);
    plain.clear();
    for span in kept {
        let delta = span.timestamp_ms.wrapping_sub(base_timestamp);
        let offset_delta = (span.offset - header.base_offset) as i32;
        encode(plain, delta, offset_delta, span, buffer);
    }
    let start = out.len();
    out.resize(start + HEADER_BYTES, 0);
    let codec = header.compression().unwrap_or_default();
    compression::compress(codec, plain, out).map_err(|e| format!("cannot compress: {e}"))?;
    let mark = if horizon.is_some() { HeaderStamp::DELETE_HORIZON } else { 0 };
    let kind = header.attributes & HeaderStamp::KIND;
    let mut stamp = stamp_of(header, kind | compression::id(codec) | mark);
    stamp.base_timestamp = base_timestamp;
    stamp.records = kept.len() as i32;
    stamp.max_timestamp = kept.iter().map(|span| span.timestamp_ms).max().unwrap_or(-1);
    put_header(&stamp, header, start, out);
    Ok(())
}
