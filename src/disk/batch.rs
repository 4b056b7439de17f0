//! Owns the record batch, format v2: its 61-byte header, its checksum, and building one from
//! records. Leaves the records inside a batch to `record`, and where batches lie to `partition`.

use super::{compression, legacy, record, varint};
use crate::record::{Compression, NO_TIMESTAMP, RecordBuffer, Span, TimestampKind};

/// Length of the header in front of the records.
pub const HEADER_BYTES: usize = 61;
/// What `batchLength` leaves out: the base offset and itself.
pub const LENGTH_PREFIX_BYTES: usize = 12;
/// Where the checksummed part begins: at the attributes.
const CHECKED_FROM: usize = 21;
const MAGIC: i8 = 2;

const ATTRIBUTE_LOG_APPEND_TIME: u16 = 1 << 3;
const ATTRIBUTE_TRANSACTIONAL: u16 = 1 << 4;
const ATTRIBUTE_CONTROL: u16 = 1 << 5;
const ATTRIBUTE_DELETE_HORIZON: u16 = 1 << 6;

/// The producer of a batch and where the batch stands in its sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerStamp {
    /// Producer id; -1 for none.
    pub id: i64,
    /// Its epoch; -1 for none.
    pub epoch: i16,
    /// Sequence number of the first record; -1 for none.
    pub base_sequence: i32,
}

impl ProducerStamp {
    /// No producer: an append that is not idempotent.
    pub const NONE: Self = Self { id: -1, epoch: -1, base_sequence: -1 };
}

/// `sequence` moved on by `records`: numbers wrap from 2^31-1 to 0.
pub const fn next_sequence(sequence: i32, records: i32) -> i32 {
    ((sequence as i64 + records as i64) & 0x7fff_ffff) as i32
}

/// The header of a batch, checked to be possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record.
    pub base_offset: i64,
    /// The whole batch in bytes, header included.
    pub size_bytes: usize,
    /// Leader epoch; not covered by the checksum.
    pub leader_epoch: i32,
    /// CRC-32C as stored.
    pub crc: u32,
    /// Attribute bits as stored.
    pub attributes: u16,
    /// Offset of the last record, less the base.
    pub last_offset_delta: i32,
    /// Timestamp that the deltas count from; a delete horizon if bit 6 of the attributes is set.
    pub base_timestamp: i64,
    /// The largest timestamp; of all records, where the log gave it.
    pub max_timestamp: i64,
    /// Who wrote it.
    pub producer: ProducerStamp,
    /// The number of records; 1 where a message of an old format does not tell.
    pub record_count: i32,
    /// The number of the format: 2, or that of an old one.
    pub format: u8,
}

/// Why bytes are not a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchError {
    /// There are fewer bytes than the batch says it has; how many it wants.
    Cut {
        /// Bytes of the whole batch, or of a header when even that is cut.
        wanted: usize,
    },
    /// It cannot be a batch of this format, and why.
    Invalid(String),
}

impl std::fmt::Display for BatchError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cut { wanted } => write!(f, "the batch is cut: it has {wanted} bytes"),
            Self::Invalid(reason) => f.write_str(reason),
        }
    }
}

fn invalid<T>(reason: impl Into<String>) -> Result<T, BatchError> {
    Err(BatchError::Invalid(reason.into()))
}

/// Reads fixed fields off the front of a slice that was checked to be long enough.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let Some((field, rest)) = self.0.split_first_chunk() else { return [0; N] };
        self.0 = rest;
        *field
    }
}

impl BatchHeader {
    /// Reads the header at the front of `bytes` and checks every field against the others. Does not
    /// look at the records; [`check_crc`] does.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        if let Some(format) = legacy::format_of(bytes) {
            return legacy::parse(bytes, format);
        }
        if bytes.len() < legacy::SHORTEST_BYTES {
            return Err(BatchError::Cut { wanted: legacy::SHORTEST_BYTES });
        }
        let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err(BatchError::Cut { wanted: HEADER_BYTES });
        };
        let mut fields = Fields(header);
        let base_offset = i64::from_be_bytes(fields.take());
        let length = i32::from_be_bytes(fields.take());
        let leader_epoch = i32::from_be_bytes(fields.take());
        let magic = i8::from_be_bytes(fields.take());
        let crc = u32::from_be_bytes(fields.take());
        let attributes = u16::from_be_bytes(fields.take());
        let last_offset_delta = i32::from_be_bytes(fields.take());
        let base_timestamp = i64::from_be_bytes(fields.take());
        let max_timestamp = i64::from_be_bytes(fields.take());
        let producer = ProducerStamp {
            id: i64::from_be_bytes(fields.take()),
            epoch: i16::from_be_bytes(fields.take()),
            base_sequence: i32::from_be_bytes(fields.take()),
        };
        let record_count = i32::from_be_bytes(fields.take());
        if magic != MAGIC {
            return invalid(format!("batch format {magic} is not supported"));
        }
        let shortest = (HEADER_BYTES - LENGTH_PREFIX_BYTES) as i32;
        if length < shortest {
            return invalid(format!("a batch length of {length} is less than {shortest}"));
        }
        if base_offset < 0 || last_offset_delta < 0 {
            return invalid(format!(
                "base offset {base_offset} with a last delta of {last_offset_delta} is impossible"
            ));
        }
        if base_offset.checked_add(i64::from(last_offset_delta) + 1).is_none() {
            return invalid(format!("offsets from {base_offset} on do not fit"));
        }
        let size_bytes = length as usize + LENGTH_PREFIX_BYTES;
        let most = (size_bytes - HEADER_BYTES) as i64;
        let compressed = attributes & 7 != 0;
        if record_count < 0 || (!compressed && i64::from(record_count) > most) {
            return invalid(format!("{record_count} records do not fit into {most} bytes"));
        }
        if i64::from(record_count) > i64::from(last_offset_delta) + 1 {
            return invalid(format!(
                "{record_count} records do not fit into {last_offset_delta} + 1 offsets"
            ));
        }
        Ok(Self {
            base_offset,
            size_bytes,
            leader_epoch,
            crc,
            attributes,
            last_offset_delta,
            base_timestamp,
            max_timestamp,
            producer,
            record_count,
            format: MAGIC.cast_unsigned(),
        })
    }

    /// Whether it is a message of an old format, which may hold more than one record.
    pub const fn is_legacy(&self) -> bool {
        self.format < MAGIC.cast_unsigned()
    }

    /// Whether it may stand where the offset `due` is. The header of an old message tells its last
    /// offset only.
    pub fn follows(&self, due: i64, gaps: impl FnOnce() -> bool) -> bool {
        self.base_offset == due || (self.base_offset > due && (self.is_legacy() || gaps()))
    }

    /// Offset of the last record.
    pub const fn last_offset(&self) -> i64 {
        self.base_offset + self.last_offset_delta as i64
    }

    /// The offset after the batch.
    pub const fn next_offset(&self) -> i64 {
        self.last_offset() + 1
    }

    /// Its codec, or `None` for an unassigned number.
    pub const fn compression(&self) -> Option<Compression> {
        compression::from_id(self.attributes & 7)
    }

    /// Who gave the timestamps.
    pub const fn timestamp_kind(&self) -> TimestampKind {
        if self.attributes & ATTRIBUTE_LOG_APPEND_TIME == 0 {
            TimestampKind::Create
        } else {
            TimestampKind::LogAppend
        }
    }

    /// Whether it holds markers, which consumers never see.
    pub const fn is_control(&self) -> bool {
        self.attributes & ATTRIBUTE_CONTROL != 0
    }

    /// Whether it belongs to a transaction.
    pub const fn is_transactional(&self) -> bool {
        self.attributes & ATTRIBUTE_TRANSACTIONAL != 0
    }

    /// Whether it only keeps the offsets of what a repair took out. Compaction leaves the timestamp
    /// or the producer of what was there.
    pub const fn is_filler(&self) -> bool {
        self.record_count == 0 && self.max_timestamp == NO_TIMESTAMP && self.producer.id < 0
    }

    /// Whether `base_timestamp` is a delete horizon, set by compaction.
    pub const fn has_delete_horizon(&self) -> bool {
        self.attributes & ATTRIBUTE_DELETE_HORIZON != 0
    }
}

/// Whether the checksum of `batch` (all its bytes) is the stored one. It leaves out the base
/// offset, the length, the leader epoch and the format number.
pub fn check_crc(header: &BatchHeader, batch: &[u8]) -> bool {
    if header.is_legacy() {
        return legacy::check_crc(header, batch);
    }
    batch.get(CHECKED_FROM..).is_some_and(|checked| crc32c::crc32c(checked) == header.crc)
}

/// A batch ready to be appended: base offset 0 and leader epoch 0, both outside the checksum, so
/// the log patches them under its lock without encoding anything.
#[derive(Clone, Debug, Default)]
pub struct EncodedBatch {
    /// The whole batch.
    pub bytes: Vec<u8>,
    /// The number of records, at least 1.
    pub records: i32,
    /// The largest timestamp.
    pub max_timestamp: i64,
    /// The producer's stamp.
    pub producer_id: i64,
    /// Sequence number of the first record.
    pub base_sequence: i32,
    /// The producer's epoch.
    pub producer_epoch: i16,
}

impl EncodedBatch {
    /// Sets the base offset.
    pub fn set_base_offset(&mut self, base_offset: i64) {
        if let Some(field) = self.bytes.first_chunk_mut::<8>() {
            *field = base_offset.to_be_bytes();
        }
    }

    /// Makes `now_ms` the timestamp of all records, as a topic with LogAppendTime wants it. The
    /// checksum is made anew.
    pub fn set_log_append_time(&mut self, now_ms: i64) {
        self.max_timestamp = now_ms;
        if let Some(low) = self.bytes.get_mut(22) {
            *low |= ATTRIBUTE_LOG_APPEND_TIME as u8;
        }
        self.put(35, &now_ms.to_be_bytes());
        self.put_crc();
    }

    /// Gives it the stamp of a producer. The checksum is made anew.
    pub fn set_producer(&mut self, producer: ProducerStamp) {
        let ProducerStamp { id, epoch, base_sequence } = producer;
        (self.producer_id, self.producer_epoch, self.base_sequence) = (id, epoch, base_sequence);
        self.put(43, &id.to_be_bytes());
        self.put(51, &epoch.to_be_bytes());
        self.put(53, &base_sequence.to_be_bytes());
        self.put_crc();
    }

    /// Overwrites a field.
    fn put(&mut self, at: usize, field: &[u8]) {
        if let Some(place) = self.bytes.get_mut(at..at + field.len()) {
            place.copy_from_slice(field);
        }
    }

    /// Makes the checksum anew.
    fn put_crc(&mut self) {
        let crc = crc32c::crc32c(self.bytes.get(CHECKED_FROM..).unwrap_or_default());
        self.put(17, &crc.to_be_bytes());
    }
}

/// A batch of at most so many bytes has the codec that was asked for, whether that helps or not.
const SMALL_BYTES: usize = 4096;

/// Builds one batch after another from records.
#[derive(Debug)]
pub struct BatchEncoder {
    codec: Compression,
    /// The records, encoded; with room for the header in front.
    plain: Vec<u8>,
    records: i32,
    base_timestamp: i64,
    max_timestamp: i64,
}

impl BatchEncoder {
    /// An encoder of batches with `codec`.
    pub fn new(codec: Compression) -> Self {
        Self { codec, plain: Vec::new(), records: 0, base_timestamp: 0, max_timestamp: 0 }
    }

    /// The number of records pushed since the last batch.
    pub const fn records(&self) -> i32 {
        self.records
    }

    /// Bytes of the batch so far, header included, before compression.
    pub fn size_bytes(&self) -> usize {
        self.plain.len().max(HEADER_BYTES)
    }

    /// The most bytes that `span` can add to a batch.
    pub fn record_bytes_max(span: &Span, buffer: &RecordBuffer) -> usize {
        let headers: usize = buffer
            .headers_of(span)
            .iter()
            .map(|h| h.name.len() + h.value.len() + 2 * varint::MAX_BYTES)
            .sum();
        // Length, attributes, two deltas, three counts: 21 at the most (DefaultRecord).
        21 + span.key.len() + span.value.len() + headers
    }

    /// Adds a record. Its timestamp may lie before that of the first.
    #[inline]
    pub fn push(&mut self, span: &Span, buffer: &RecordBuffer) {
        if self.records == 0 {
            self.plain.clear();
            self.plain.resize(HEADER_BYTES, 0);
            self.base_timestamp = span.timestamp_ms;
            self.max_timestamp = span.timestamp_ms;
        }
        self.max_timestamp = self.max_timestamp.max(span.timestamp_ms);
        let timestamp_delta = span.timestamp_ms.wrapping_sub(self.base_timestamp);
        record::encode(&mut self.plain, timestamp_delta, self.records, span, buffer);
        self.records += 1;
    }

    /// Drops the records of this batch.
    pub const fn forget(&mut self) {
        self.records = 0;
    }

    /// Closes the batch. `into` is an earlier batch whose memory is used again.
    pub fn finish(
        &mut self,
        producer: ProducerStamp,
        mut into: EncodedBatch,
    ) -> std::io::Result<EncodedBatch> {
        into.bytes.clear();
        let mut codec = self.codec;
        if codec != Compression::None {
            into.bytes.resize(HEADER_BYTES, 0);
            let records = self.plain.get(HEADER_BYTES..).unwrap_or_default();
            compression::compress(codec, records, &mut into.bytes)?;
            // What does not compress grows, and may be larger then than the log takes. Small
            // batches grow all the time, by the header of the codec.
            if into.bytes.len() > self.plain.len() && self.plain.len() > SMALL_BYTES {
                codec = Compression::None;
            }
        }
        if codec == Compression::None {
            std::mem::swap(&mut into.bytes, &mut self.plain);
        }
        let stamp = HeaderStamp {
            attributes: compression::id(codec),
            last_offset_delta: self.records - 1,
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            producer,
            records: self.records,
        };
        stamp.write(&mut into.bytes);
        into.records = self.records;
        into.max_timestamp = self.max_timestamp;
        into.producer_id = producer.id;
        into.producer_epoch = producer.epoch;
        into.base_sequence = producer.base_sequence;
        self.records = 0;
        Ok(into)
    }
}

/// The fields that a header is written from, base offset and leader epoch being 0.
pub(crate) struct HeaderStamp {
    pub(crate) attributes: u16,
    pub(crate) last_offset_delta: i32,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) producer: ProducerStamp,
    pub(crate) records: i32,
}

impl HeaderStamp {
    /// Attributes of a batch of markers.
    pub(crate) const CONTROL: u16 = ATTRIBUTE_CONTROL;
    /// The attribute of a batch whose base timestamp is a delete horizon.
    pub(crate) const DELETE_HORIZON: u16 = ATTRIBUTE_DELETE_HORIZON;
    /// The attributes that say what kind of batch it is; codec and horizon are of its bytes.
    pub(crate) const KIND: u16 =
        ATTRIBUTE_LOG_APPEND_TIME | ATTRIBUTE_TRANSACTIONAL | ATTRIBUTE_CONTROL;

    /// Fills the first 61 bytes of `batch`, the checksum last.
    pub(crate) fn write(&self, batch: &mut [u8]) {
        let length = batch.len().saturating_sub(LENGTH_PREFIX_BYTES) as i32;
        let Some((header, records)) = batch.split_at_mut_checked(HEADER_BYTES) else { return };
        let fields: [&[u8]; 13] = [
            &0i64.to_be_bytes(),
            &length.to_be_bytes(),
            &0i32.to_be_bytes(),
            &MAGIC.to_be_bytes(),
            &0u32.to_be_bytes(),
            &self.attributes.to_be_bytes(),
            &self.last_offset_delta.to_be_bytes(),
            &self.base_timestamp.to_be_bytes(),
            &self.max_timestamp.to_be_bytes(),
            &self.producer.id.to_be_bytes(),
            &self.producer.epoch.to_be_bytes(),
            &self.producer.base_sequence.to_be_bytes(),
            &self.records.to_be_bytes(),
        ];
        let mut at = header.iter_mut();
        for byte in fields.iter().copied().flatten() {
            if let Some(place) = at.next() {
                *place = *byte;
            }
        }
        let crc = crc32c::crc32c(header.get(CHECKED_FROM..).unwrap_or_default());
        let crc = crc32c::crc32c_append(crc, records);
        if let Some(place) = header.get_mut(17..CHECKED_FROM) {
            place.copy_from_slice(&crc.to_be_bytes());
        }
    }
}

#[cfg(test)]
#[path = "batch/tests.rs"]
mod tests;
