//! Owns the way through one partition of `__consumer_offsets`, batch by batch, with its markers:
//! records of a transaction count once it is committed. Leaves what the records say to `fold`.

use std::collections::BTreeMap;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::fold::{self, Groups};
use crate::config::LogConfig;
use crate::disk::batch::{BatchError, BatchHeader, check_crc};
use crate::disk::error::{DiskError, Result};
use crate::disk::layout::{self, SegmentFile};
use crate::disk::record::{ROOM, Wanted, decode_some, plain_range};
use crate::disk::state::End;
use crate::disk::{compression, file, recovery, segment};
use crate::record::{Compression, RecordBuffer};

/// How much is read at once.
const WINDOW_BYTES: u64 = 1 << 20;
/// The marker of a transaction that was committed (`ControlRecordType`).
const MARKER_COMMIT: i16 = 1;

/// A record as it is stored; a value of `None` is a tombstone.
pub(super) type RawRecord = (Vec<u8>, Option<Vec<u8>>);

/// Where a walk stands, and what waits for its marker.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The next offset.
    pub(super) next_offset: i64,
    /// A segment, and where in it the next batch begins, if that is known.
    place: Option<(i64, u64)>,
    /// The least offset that the next batch of that segment may have: what checksums leave out.
    due: i64,
    /// The end of the log, which no batch passes.
    end_offset: i64,
    /// Records of transactions that are neither committed nor aborted, by producer.
    pending: BTreeMap<(i64, i16), Vec<RawRecord>>,
}

/// What is handed out on the way: key and value of each record.
pub(super) type Take<'a> = dyn FnMut(&[u8], Option<&[u8]>) + 'a;

impl Walk {
    /// A walk from `offset` on.
    pub(super) fn from(offset: i64) -> Self {
        Self { next_offset: offset, ..Self::default() }
    }

    /// Whether a transaction is open.
    pub(super) fn is_waiting(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Folds everything up to `end` into `groups`.
    pub(super) fn fold(
        &mut self,
        directory: &Path,
        end: &End,
        config: &LogConfig,
        groups: &mut Groups,
    ) -> Result<()> {
        self.run(directory, end, config, &mut |key, value| fold::apply(groups, key, value))
    }

    /// Hands out every record up to `end`.
    pub(super) fn run(
        &mut self,
        directory: &Path,
        end: &End,
        config: &LogConfig,
        take: &mut Take<'_>,
    ) -> Result<()> {
        let max_bytes = usize::try_from(config.max_message_bytes).unwrap_or(0);
        let budget_bytes = compression::budget_bytes(max_bytes);
        self.end_offset = end.end_offset;
        let mut bases = segment::list(directory)?;
        bases.retain(|&base| base <= end.active_base);
        let first = bases.partition_point(|&base| base <= self.next_offset).saturating_sub(1);
        for &base in bases.iter().skip(first) {
            if self.next_offset >= end.end_offset {
                break;
            }
            self.segment(directory, base, end, budget_bytes, take)?;
        }
        if self.next_offset < end.end_offset && bases.last() != Some(&end.active_base) {
            let path = layout::segment_file(directory, end.active_base, SegmentFile::Log);
            return Err(DiskError::Missing { path });
        }
        // Where compaction took the last batches, the end lies behind all that is left.
        self.next_offset = self.next_offset.max(end.end_offset);
        Ok(())
    }

    /// Hands out the records of one segment.
    fn segment(
        &mut self,
        directory: &Path,
        base: i64,
        end: &End,
        budget_bytes: usize,
        take: &mut Take<'_>,
    ) -> Result<()> {
        let path = layout::segment_file(directory, base, SegmentFile::Log);
        let file = file::open_to_read(&path)?;
        let limit = if base == end.active_base {
            end.position
        } else {
            file.metadata().map_err(DiskError::io("stat", &path))?.len()
        };
        let place = self.place.filter(|(at, _)| *at == base);
        let mut position = place.map_or(0, |(_, position)| position);
        if place.is_none() {
            self.due = base;
        }
        let mut buffer = RecordBuffer::default();
        let mut wanted = WINDOW_BYTES;
        while position < limit {
            let size = wanted.min(limit - position) as usize;
            buffer.clear();
            buffer.arena.resize(size, 0);
            file.read_exact_at(&mut buffer.arena, position)
                .map_err(DiskError::read(&path, position))?;
            let mut at = 0;
            let asked = self
                .window(&mut buffer, size, &mut at, budget_bytes, take)
                .map_err(|reason| DiskError::corrupt(&path, position + at as u64, reason))?;
            position += at as u64;
            wanted = WINDOW_BYTES.max(asked as u64);
            if at == 0 && asked as u64 > limit - position {
                let reason = format!("a batch of {asked} bytes does not fit into the segment");
                return Err(DiskError::corrupt(&path, position, reason));
            }
        }
        self.place = Some((base, position));
        Ok(())
    }

    /// Hands out the records of the whole batches in the first `size` bytes of the arena; `at` is
    /// moved behind them. Answers how many bytes the next batch wants.
    fn window(
        &mut self,
        buffer: &mut RecordBuffer,
        size: usize,
        at: &mut usize,
        budget_bytes: usize,
        take: &mut Take<'_>,
    ) -> Result<usize, String> {
        loop {
            let rest = buffer.arena.get(*at..size).unwrap_or_default();
            if rest.is_empty() {
                return Ok(0);
            }
            let header = match BatchHeader::parse(rest) {
                Ok(header) => header,
                Err(BatchError::Cut { wanted }) => return Ok(wanted),
                Err(error) => return Err(error.to_string()),
            };
            if header.size_bytes > recovery::BATCH_BYTES_MAX {
                return Err(format!("a batch of {} bytes is too long", header.size_bytes));
            }
            let Some(batch) = rest.get(..header.size_bytes) else { return Ok(header.size_bytes) };
            if !check_crc(&header, batch) {
                return Err("the checksum of a batch is wrong".to_owned());
            }
            if header.base_offset < self.due || header.next_offset() > self.end_offset {
                let (found, due) = (header.base_offset, self.due);
                return Err(format!("offset {found} stands where {due} is due"));
            }
            self.due = header.next_offset();
            if header.last_offset() >= self.next_offset {
                self.batch(&header, buffer, *at, budget_bytes, take)?;
                self.next_offset = header.next_offset();
            }
            *at += header.size_bytes;
        }
    }

    /// Hands out the records of the batch at `at` of the arena, or keeps them for their marker.
    fn batch(
        &mut self,
        header: &BatchHeader,
        buffer: &mut RecordBuffer,
        at: usize,
        budget_bytes: usize,
        take: &mut Take<'_>,
    ) -> Result<(), String> {
        let codec = header
            .compression()
            .ok_or_else(|| format!("codec {} is not known", header.attributes & 7))?;
        let (mut start, mut end) = plain_range(header, at);
        let before = buffer.arena.len();
        if codec != Compression::None {
            let packed = buffer.arena.get(start..end).unwrap_or_default().to_vec();
            start = before;
            compression::decompress(codec, &packed, budget_bytes, &mut buffer.arena)
                .map_err(|e| format!("a {} batch does not decompress: {e}", codec.name()))?;
            end = buffer.arena.len();
        }
        let mut from = self.next_offset;
        while from < header.next_offset() {
            buffer.spans.clear();
            buffer.headers.clear();
            let wanted = Wanted { partition: 0, from, to: i64::MAX };
            from = decode_some(header, buffer, start, end, wanted, ROOM)?;
            self.hand_out(header, buffer, take);
        }
        buffer.arena.truncate(before);
        Ok(())
    }

    /// Hands out the records in `buffer`, which are of one batch, or keeps them for their marker.
    fn hand_out(&mut self, header: &BatchHeader, buffer: &RecordBuffer, take: &mut Take<'_>) {
        let producer = (header.producer.id, header.producer.epoch);
        for span in &buffer.spans {
            let Some(key) = span.key.of(&buffer.arena) else { continue };
            let value = span.value.of(&buffer.arena);
            if header.is_control() {
                let pending = self.pending.remove(&producer).unwrap_or_default();
                if key.get(2..4) == Some(&MARKER_COMMIT.to_be_bytes()) {
                    for (key, value) in &pending {
                        take(key, value.as_deref());
                    }
                }
            } else if header.is_transactional() {
                let record = (key.to_vec(), value.map(<[u8]>::to_vec));
                self.pending.entry(producer).or_default().push(record);
            } else {
                take(key, value);
            }
        }
    }
}
