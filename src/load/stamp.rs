//! Owns the stamps of one producer, one after another, at a fraction of what a checksum of each
//! would cost. Leaves what a stamp is, and its check, to `check`.
//!
//! Of bytes of one length a checksum is a sum over their bits: what a bit changes in it does not
//! depend on the others. So what the times, the payload and the sequence change is found apart,
//! each as seldom as it changes, and three values are put together for a record.

use super::check::{STAMP_BYTES, Stamp};

/// How often the high part of the sequence changes.
const LOW: u64 = 256;
/// Where a stamp has its own checksum, as `check` says.
const CRC_AT: usize = 4;
/// Where it has that of the payload.
const PAYLOAD_AT: usize = 8;
/// Where it has the sequence.
const SEQUENCE_AT: usize = 24;

/// What is known of a payload.
#[derive(Clone, Copy, Debug, Default)]
pub struct Payload {
    /// Its checksum.
    crc: u32,
    /// What that changes in the checksum of a stamp.
    change: u32,
}

impl Payload {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let crc = crc32c::crc32c(bytes);
        Self { crc, change: change(&Stamp { payload_crc: crc, ..Stamp::default() }) }
    }
}

/// The stamps of a producer.
#[derive(Debug)]
pub struct Stamps {
    /// What all have for now: without a payload and a sequence.
    stamp: Stamp,
    /// Its bytes.
    bytes: [u8; STAMP_BYTES],
    /// The sequence of the next one.
    sequence: u64,
    /// The checksum of those bytes with the high part of the sequence.
    crc: u32,
    /// What each low part of the sequence changes in it.
    low: [u32; LOW as usize],
}

impl Stamps {
    /// Those of producer `producer` in run `run`.
    pub fn new(run: u64, producer: u32) -> Self {
        let low = std::array::from_fn(|low| sequence_change(low as u64));
        let stamp = Stamp { run, producer, ..Stamp::default() };
        let mut stamps = Self { stamp, bytes: [0; STAMP_BYTES], sequence: 0, crc: 0, low };
        stamps.prepare();
        stamps
    }

    /// The sequence of the next one, which is how many there were.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Says when the next ones were to be sent, and how much later they are.
    pub fn at(&mut self, intended_ns: u64, late_us: u32) {
        if (intended_ns, late_us) != (self.stamp.intended_ns, self.stamp.late_us) {
            (self.stamp.intended_ns, self.stamp.late_us) = (intended_ns, late_us);
            self.prepare();
        }
    }

    /// Finds what is the same until times or the high part of the sequence change.
    fn prepare(&mut self) {
        self.bytes = self.stamp.encode();
        self.crc = crc_of(&self.bytes) ^ sequence_change(self.sequence - self.sequence % LOW);
    }

    /// Appends the next one, for a payload.
    pub fn append(&mut self, payload: Payload, out: &mut Vec<u8>) {
        let low = self.low.get((self.sequence % LOW) as usize).copied().unwrap_or_default();
        let crc = self.crc ^ payload.change ^ low;
        // Put down whole and then corrected in place: nothing waits for a copy of the corrections.
        out.extend_from_slice(&self.bytes);
        if let Some(stamp) = out.last_chunk_mut::<STAMP_BYTES>() {
            put(stamp, CRC_AT, crc.to_be_bytes());
            put(stamp, PAYLOAD_AT, payload.crc.to_be_bytes());
            put(stamp, SEQUENCE_AT, self.sequence.to_be_bytes());
        }
        self.sequence += 1;
        if self.sequence.is_multiple_of(LOW) {
            self.prepare();
        }
    }
}

/// What a sequence changes in the checksum of a stamp.
fn sequence_change(sequence: u64) -> u32 {
    change(&Stamp { sequence, ..Stamp::default() })
}

/// What a stamp's checksum is apart from that of an empty one.
fn change(stamp: &Stamp) -> u32 {
    crc_of(&stamp.encode()) ^ crc_of(&Stamp::default().encode())
}

/// The checksum that the bytes of a stamp have of themselves.
fn crc_of(stamp: &[u8; STAMP_BYTES]) -> u32 {
    let at = stamp.get(CRC_AT..).and_then(<[u8]>::first_chunk);
    at.map_or(0, |crc| u32::from_be_bytes(*crc))
}

/// Puts bytes into those of a stamp.
fn put<const N: usize>(stamp: &mut [u8; STAMP_BYTES], at: usize, bytes: [u8; N]) {
    if let Some(place) = stamp.get_mut(at..at + N) {
        place.copy_from_slice(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_what_would_be_encoded_one_by_one() {
        let mut stamps = Stamps::new(0x1234_5678_9abc_def0, 77);
        for (begin, step) in [(0_u64, 1_u64), ((1 << 32) - 300, 3), (u64::MAX - 600, 7)] {
            stamps.sequence = begin;
            stamps.prepare();
            for n in 0..600 {
                let (intended_ns, late_us) = (n / 5 * 1_000_000_007, (n / 7 * step) as u32);
                let bytes = (n * n).to_string();
                stamps.at(intended_ns, late_us);
                let mut out = b"before".to_vec();
                stamps.append(Payload::of(bytes.as_bytes()), &mut out);
                let stamp = Stamp {
                    payload_crc: crc32c::crc32c(bytes.as_bytes()),
                    run: 0x1234_5678_9abc_def0,
                    producer: 77,
                    sequence: begin + n,
                    intended_ns,
                    late_us,
                };
                assert_eq!(out, [&b"before"[..], &stamp.encode()].concat(), "{begin} {n}");
                assert_eq!(stamps.sequence(), begin + n + 1);
            }
        }
    }
}
