//! Owns what makes a record checkable, and the check: a stamp with producer, sequence, intended
//! send time and checksums; and what was seen of it, in which order. Leaves records to `generate`.
//!
//! ```text
//!   0  magic "kawb"          4  crc32c of the bytes from 8 to 44
//!   8  crc32c of the rest of the value             12  run, u64
//!  20  producer, u32        24  sequence, u64      32  intended send time, ns, u64
//!  40  sent so many us later, u32                  44  the rest of the value
//! ```

use std::collections::HashMap;

use crate::record::{RecordBuffer, Span};

/// Bytes of a stamp.
pub const STAMP_BYTES: usize = 44;
/// The header that has the stamp where the value is something of its own.
pub const STAMP_HEADER: &[u8] = b"kaw-bench";

const MAGIC: [u8; 4] = *b"kawb";
/// The most records of one producer that are looked at for gaps: 256 MiB of bits.
const SEQUENCES_MAX: u64 = 1 << 31;
/// The most producers that are told apart; more are not ours.
const STREAMS_MAX: usize = 1 << 16;

/// What a record says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Checksum of the value without the stamp.
    pub payload_crc: u32,
    /// The run that sent it: which start of which machine above, a random number below.
    pub run: u64,
    /// Its producer.
    pub producer: u32,
    /// Its number among those of the producer.
    pub sequence: u64,
    /// When it was to be sent, by the monotonic clock.
    pub intended_ns: u64,
    /// How much later it was sent.
    pub late_us: u32,
}

impl Stamp {
    /// Its bytes.
    pub fn encode(&self) -> [u8; STAMP_BYTES] {
        let mut bytes = [0; STAMP_BYTES];
        let mut at = 8;
        let mut put = |part: &[u8]| {
            if let Some(place) = bytes.get_mut(at..at + part.len()) {
                place.copy_from_slice(part);
            }
            at += part.len();
        };
        put(&self.payload_crc.to_be_bytes());
        put(&self.run.to_be_bytes());
        put(&self.producer.to_be_bytes());
        put(&self.sequence.to_be_bytes());
        put(&self.intended_ns.to_be_bytes());
        put(&self.late_us.to_be_bytes());
        let [_, _, _, _, _, _, _, _, checked @ ..] = &bytes;
        let crc = crc32c::crc32c(checked).to_be_bytes();
        let [m0, m1, m2, m3, c0, c1, c2, c3, ..] = &mut bytes;
        [*m0, *m1, *m2, *m3] = MAGIC;
        [*c0, *c1, *c2, *c3] = crc;
        bytes
    }

    /// Reads a stamp; `None` where there is none, or a damaged one.
    fn decode(bytes: &[u8; STAMP_BYTES]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<4>()?;
        let (crc, rest) = rest.split_first_chunk::<4>()?;
        if *magic != MAGIC || crc32c::crc32c(rest) != u32::from_be_bytes(*crc) {
            return None;
        }
        let (payload_crc, rest) = rest.split_first_chunk::<4>()?;
        let (run, rest) = rest.split_first_chunk::<8>()?;
        let (producer, rest) = rest.split_first_chunk::<4>()?;
        let (sequence, rest) = rest.split_first_chunk::<8>()?;
        let (intended, rest) = rest.split_first_chunk::<8>()?;
        let (late, _) = rest.split_first_chunk::<4>()?;
        Some(Self {
            payload_crc: u32::from_be_bytes(*payload_crc),
            run: u64::from_be_bytes(*run),
            producer: u32::from_be_bytes(*producer),
            sequence: u64::from_be_bytes(*sequence),
            intended_ns: u64::from_be_bytes(*intended),
            late_us: u32::from_be_bytes(*late),
        })
    }
}

/// A record whose bytes are not what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

/// The stamp of a record, with the bytes checked; `None` where it is not of a measurement.
pub fn stamp_of(buffer: &RecordBuffer, span: &Span) -> Result<Option<Stamp>, Damaged> {
    let value = span.value.of(&buffer.arena).unwrap_or_default();
    let (bytes, payload) = match buffer.headers_of(span) {
        [header] if header.name.of(&buffer.arena) == Some(STAMP_HEADER) => {
            (header.value.of(&buffer.arena).unwrap_or_default(), value)
        }
        _ => value.split_at(value.len().min(STAMP_BYTES)),
    };
    let Ok(bytes) = <&[u8; STAMP_BYTES]>::try_from(bytes) else { return Ok(None) };
    if !bytes.starts_with(&MAGIC) {
        return Ok(None);
    }
    let stamp = Stamp::decode(bytes).ok_or(Damaged)?;
    if crc32c::crc32c(payload) == stamp.payload_crc { Ok(Some(stamp)) } else { Err(Damaged) }
}

/// When a record was to be sent and when it was, without a check: for who has just made it.
pub fn times_of(buffer: &RecordBuffer, span: &Span) -> Option<(u64, u64)> {
    let bytes = match buffer.headers_of(span) {
        [header] => header.value.of(&buffer.arena),
        _ => span.value.of(&buffer.arena),
    }?;
    let intended = u64::from_be_bytes(bytes.get(32..40)?.try_into().ok()?);
    let late = u32::from_be_bytes(bytes.get(40..44)?.try_into().ok()?);
    Some((intended, intended + u64::from(late) * 1000))
}

/// What was found wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Records whose bytes are not what was sent.
    pub damaged: u64,
    /// Records that were read before.
    pub doubled: u64,
    /// Records behind one that was sent after them by the same producer, in the same partition.
    pub disordered: u64,
    /// Records that were sent, and not read.
    pub missing: u64,
}

impl Faults {
    /// All of them.
    pub const fn total(&self) -> u64 {
        self.damaged + self.doubled + self.disordered + self.missing
    }

    /// Those of another reader added.
    pub const fn add(&mut self, other: Self) {
        self.damaged += other.damaged;
        self.doubled += other.doubled;
        self.disordered += other.disordered;
        self.missing += other.missing;
    }
}

/// What was read of one producer.
#[derive(Debug, Default)]
struct Stream {
    run: u64,
    producer: u32,
    /// A bit for each sequence.
    seen: Vec<u64>,
    /// By partition, one past the highest sequence.
    next: HashMap<i32, u64>,
}

/// What one reader has read.
#[derive(Debug, Default)]
pub struct Checker {
    streams: Vec<Stream>,
    /// The stream of the record before.
    last: usize,
    faults: Faults,
    /// Records that were of a measurement.
    pub stamped: u64,
    /// Records that were not.
    pub foreign: u64,
    /// Records beyond what is looked at for gaps.
    pub unchecked: u64,
}

impl Checker {
    /// Takes note of a record; answers its stamp if it is whole.
    pub fn see(&mut self, buffer: &RecordBuffer, span: &Span) -> Option<Stamp> {
        match stamp_of(buffer, span) {
            Ok(Some(stamp)) => {
                self.note(&stamp, span.partition);
                Some(stamp)
            }
            Ok(None) => {
                self.foreign += 1;
                None
            }
            Err(Damaged) => {
                self.faults.damaged += 1;
                None
            }
        }
    }

    fn note(&mut self, stamp: &Stamp, partition: i32) {
        self.stamped += 1;
        let same = |of: &Stream| (of.run, of.producer) == (stamp.run, stamp.producer);
        if !self.streams.get(self.last).is_some_and(same) {
            self.last = self.streams.iter().position(same).unwrap_or(self.streams.len());
        }
        if self.last == self.streams.len() {
            if self.last == STREAMS_MAX {
                self.unchecked += 1;
                return;
            }
            let (run, producer) = (stamp.run, stamp.producer);
            self.streams.push(Stream { run, producer, ..Stream::default() });
        }
        let Some(stream) = self.streams.get_mut(self.last) else { return };
        if stamp.sequence >= SEQUENCES_MAX {
            self.unchecked += 1;
            return;
        }
        let next = stream.next.entry(partition).or_default();
        let (word, bit) = ((stamp.sequence / 64) as usize, 1 << (stamp.sequence % 64));
        if word >= stream.seen.len() {
            stream.seen.resize((word + 1).next_power_of_two(), 0);
        }
        let Some(word) = stream.seen.get_mut(word) else { return };
        if *word & bit != 0 {
            self.faults.doubled += 1;
        } else if stamp.sequence < *next {
            self.faults.disordered += 1;
        }
        *word |= bit;
        *next = (*next).max(stamp.sequence + 1);
    }

    /// Takes over what another reader, of other partitions, has read.
    pub fn merge(&mut self, other: Self) {
        self.faults.add(other.faults);
        self.stamped += other.stamped;
        self.foreign += other.foreign;
        self.unchecked += other.unchecked;
        for theirs in other.streams {
            let same = |s: &&mut Stream| (s.run, s.producer) == (theirs.run, theirs.producer);
            let Some(ours) = self.streams.iter_mut().find(same) else {
                self.streams.push(theirs);
                continue;
            };
            if ours.seen.len() < theirs.seen.len() {
                ours.seen.resize(theirs.seen.len(), 0);
            }
            for (our, their) in ours.seen.iter_mut().zip(&theirs.seen) {
                self.faults.doubled += u64::from((*our & *their).count_ones());
                *our |= their;
            }
            for (partition, next) in theirs.next {
                let ours = ours.next.entry(partition).or_default();
                *ours = (*ours).max(next);
            }
        }
    }

    /// What was wrong, without what is missing.
    pub const fn faults(&self) -> Faults {
        self.faults
    }

    /// How many records of any producer are missing before the last that was read of it: for a log
    /// that was read from its start.
    pub fn holes(&self) -> u64 {
        let holes = |stream: &Stream| {
            let sent = stream.next.values().copied().max().unwrap_or(0);
            let seen: u64 = stream.seen.iter().map(|word| u64::from(word.count_ones())).sum();
            sent.saturating_sub(seen)
        };
        self.streams.iter().map(holes).sum()
    }

    /// How many different records were read of run `run`.
    pub fn distinct(&self, run: u64) -> u64 {
        let streams = self.streams.iter().filter(|stream| stream.run == run);
        streams.flat_map(|stream| &stream.seen).map(|word| u64::from(word.count_ones())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Slice;

    /// A checker that has seen these sequences, each in a partition.
    fn seen(records: &[(u64, i32)]) -> Checker {
        let mut checker = Checker::default();
        for &(sequence, partition) in records {
            let mut buffer = RecordBuffer::default();
            let payload_crc = crc32c::crc32c(b"x");
            let mut bytes =
                Stamp { payload_crc, sequence, run: 5, ..Stamp::default() }.encode().to_vec();
            bytes.push(b'x');
            let value = buffer.store(&bytes);
            let mut span = Span::new(Slice::NULL, value, 0);
            span.partition = partition;
            buffer.spans.push(span);
            assert!(checker.see(&buffer, &span).is_some());
        }
        checker
    }

    #[test]
    fn records_in_order_have_no_faults() {
        let checker = seen(&[(0, 0), (2, 1), (1, 0), (3, 0), (4, 1)]);
        assert_eq!((checker.faults().total(), checker.holes(), checker.distinct(5)), (0, 0, 5));
    }

    #[test]
    fn doubles_gaps_and_disorder_are_told_apart() {
        let doubled = seen(&[(0, 0), (1, 0), (1, 0)]);
        assert_eq!(doubled.faults(), Faults { doubled: 1, ..Faults::default() });
        let disordered = seen(&[(0, 0), (2, 0), (1, 0)]);
        assert_eq!(disordered.faults(), Faults { disordered: 1, ..Faults::default() });
        assert_eq!(seen(&[(0, 0), (3, 0)]).holes(), 2);
    }

    #[test]
    fn readers_of_several_partitions_are_seen_as_one() {
        let mut all = seen(&[(0, 0), (2, 0)]);
        all.merge(seen(&[(1, 1), (3, 1)]));
        assert_eq!((all.holes(), all.faults().total(), all.distinct(5)), (0, 0, 4));
        all.merge(seen(&[(3, 2)]));
        assert_eq!(all.faults().doubled, 1);
    }

    #[test]
    fn any_flipped_bit_is_seen() {
        let payload = b"some bytes of a value";
        let stamp = Stamp { payload_crc: crc32c::crc32c(payload), sequence: 7, ..Stamp::default() };
        let whole = [&stamp.encode()[..], payload].concat();
        let look = |bytes: &[u8]| {
            let mut buffer = RecordBuffer::default();
            let value = buffer.store(bytes);
            stamp_of(&buffer, &Span::new(Slice::NULL, value, 0))
        };
        assert_eq!(look(&whole), Ok(Some(stamp)));
        for bit in 32..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(look(&bytes), Err(Damaged), "bit {bit}");
        }
        assert_eq!(look(b"not of a measurement, but long enough to be one"), Ok(None));
        assert_eq!(look(b"short"), Ok(None));
    }
}
