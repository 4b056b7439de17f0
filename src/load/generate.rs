//! Owns the records of a run: their sizes, keys and bytes, drawn from a seed. Leaves when they are
//! sent to `plan`, and what makes them checkable to `check`.
//!
//! A record must cost next to nothing, or the generator would be what is measured. The bytes of
//! values, with their checksums, are made once; a record is then a copy of the next ones behind a
//! stamp, and a key without a loop over its digits.

use std::sync::Arc;

use rand::{Rng, RngCore, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::check::{STAMP_BYTES, STAMP_HEADER};
use super::stamp::{Payload, Stamps};
use super::zipf::Zipf;
use crate::fake::Users;
use crate::record::{HeaderSpan, RecordBuffer, Slice, Span};

/// Bytes of values that are made once: more than a batch may hold, so that none repeats within one
/// and compresses better than was asked for.
const POOL_BYTES: usize = 4 << 20;

/// The most different values; more would only be memory.
const POOL_VALUES: usize = 1 << 15;

/// What the part of a value that compresses is made of.
const PATTERN: &[u8] = b"the quick brown fox jumps over the lazy dog; ";

/// The smallest value: what makes a record checkable.
pub const SIZE_MIN: usize = STAMP_BYTES;

/// What records look like.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// The smallest and the largest value, in bytes.
    pub sizes: (usize, usize),
    /// Whether values are generated users instead.
    pub fake: bool,
    /// How many different keys; 0 is no key.
    pub keys: u64,
    /// The exponent of Zipf's law by which keys are drawn; 0 is evenly.
    pub skew: f64,
    /// How much of a value compresses to nothing, from 0 to 1.
    pub compressible: f64,
    /// What everything is drawn from.
    pub seed: u64,
}

/// One value of the pool.
#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    len: u32,
    payload: Payload,
}

/// The values that are made once.
#[derive(Debug)]
pub struct Pool {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    shape: Shape,
}

impl Pool {
    /// Makes the values of a shape.
    pub fn new(shape: Shape) -> Arc<Self> {
        let mut pool = Self { bytes: Vec::new(), entries: Vec::new(), shape };
        let mut rng = Pcg64Mcg::seed_from_u64(pool.shape.seed);
        let users = pool.shape.fake.then(|| Users::new(pool.shape.seed));
        let (min, max) = pool.shape.sizes;
        while pool.entries.is_empty()
            || (pool.bytes.len() < POOL_BYTES && pool.entries.len() < POOL_VALUES)
        {
            let start = pool.bytes.len();
            if let Some(users) = &users {
                users.append_json(pool.entries.len() as u64 + 1, &mut pool.bytes);
            } else {
                let size =
                    if min < max { rng.gen_range(min as u64..=max as u64) } else { max as u64 };
                pool.append_value((size as usize).saturating_sub(STAMP_BYTES), &mut rng);
            }
            let bytes = pool.bytes.get(start..).unwrap_or_default();
            let (start, len) = (start as u32, bytes.len() as u32);
            pool.entries.push(Entry { start, len, payload: Payload::of(bytes) });
        }
        Arc::new(pool)
    }

    /// The mean size of values, in bytes.
    pub fn mean_bytes(&self) -> f64 {
        let stamp = if self.shape.fake { 0 } else { STAMP_BYTES };
        let sum: usize = self.entries.iter().map(|entry| entry.len as usize + stamp).sum();
        sum as f64 / self.entries.len().max(1) as f64
    }

    /// The bytes of an entry.
    fn payload(&self, entry: Entry) -> &[u8] {
        let start = entry.start as usize;
        self.bytes.get(start..start + entry.len as usize).unwrap_or_default()
    }

    /// Appends `len` bytes, of which a share compresses and the rest is noise.
    fn append_value(&mut self, len: usize, rng: &mut Pcg64Mcg) {
        let dull = (len as f64 * self.shape.compressible.clamp(0.0, 1.0)).round() as usize;
        let start = self.bytes.len();
        self.bytes.extend(PATTERN.iter().cycle().take(dull.min(len)));
        self.bytes.resize(start + len, 0);
        rng.fill_bytes(self.bytes.get_mut(start + dull.min(len)..).unwrap_or_default());
    }
}

/// How keys are drawn.
#[derive(Clone, Debug)]
enum Keys {
    None,
    Even(u64),
    Skewed(Zipf),
}

/// The records of one producer.
#[derive(Debug)]
pub struct Generator {
    pool: Arc<Pool>,
    next: usize,
    keys: Keys,
    rng: Pcg64Mcg,
    stamps: Stamps,
}

impl Generator {
    /// The records of producer `number` in run `run`.
    pub fn new(pool: &Arc<Pool>, run: u64, number: u32) -> Self {
        let shape = &pool.shape;
        let mut rng = Pcg64Mcg::seed_from_u64(shape.seed.wrapping_add(u64::from(number) << 32));
        let keys = match shape.keys {
            0 => Keys::None,
            keys if shape.skew > 0.0 => Keys::Skewed(Zipf::new(keys, shape.skew)),
            keys => Keys::Even(keys),
        };
        let next = (rng.next_u64() % pool.entries.len().max(1) as u64) as usize;
        Self { pool: Arc::clone(pool), next, keys, rng, stamps: Stamps::new(run, number) }
    }

    /// The sequence of the next record, which is how many there were.
    pub const fn sequence(&self) -> u64 {
        self.stamps.sequence()
    }

    /// Appends the next record, which was to be sent at `intended_ns` and is sent at `sent_ns`.
    pub fn append(
        &mut self,
        buffer: &mut RecordBuffer,
        intended_ns: u64,
        sent_ns: u64,
        timestamp_ms: i64,
    ) {
        let Some(&entry) = self.pool.entries.get(self.next) else { return };
        self.next = if self.next + 1 == self.pool.entries.len() { 0 } else { self.next + 1 };
        let key = match &self.keys {
            Keys::None => Slice::NULL,
            Keys::Even(keys) => {
                // The high half of a product: even, to one part in 2^64, and without a division.
                let drawn = (u128::from(self.rng.next_u64()) * u128::from(*keys)) >> 64;
                store_number(buffer, drawn as u64 + 1)
            }
            Keys::Skewed(zipf) => store_number(buffer, zipf.draw(&mut self.rng)),
        };
        let late_us = u32::try_from(sent_ns.saturating_sub(intended_ns) / 1000).unwrap_or(u32::MAX);
        self.stamps.at(intended_ns, late_us);
        if !self.pool.shape.fake {
            let start = buffer.arena.len();
            self.stamps.append(entry.payload, &mut buffer.arena);
            buffer.arena.extend_from_slice(self.pool.payload(entry));
            let value = Slice::new(start, STAMP_BYTES + entry.len as usize);
            buffer.spans.push(Span::new(key, value, timestamp_ms));
            return;
        }
        // A user stays JSON to every other reader, so the stamp is beside it.
        let value = buffer.store(self.pool.payload(entry));
        let name = buffer.store(STAMP_HEADER);
        let header = HeaderSpan { name, value: Slice::new(buffer.arena.len(), STAMP_BYTES) };
        self.stamps.append(entry.payload, &mut buffer.arena);
        let mut span = Span::new(key, value, timestamp_ms);
        (span.headers_start, span.headers_len) = (buffer.headers.len() as u32, 1);
        buffer.headers.push(header);
        buffer.spans.push(span);
    }
}

/// Appends a number in decimal digits.
fn store_number(buffer: &mut RecordBuffer, number: u64) -> Slice {
    let Some(small) = u32::try_from(number).ok().filter(|small| *small < 100_000_000) else {
        return buffer.store(itoa::Buffer::new().format(number).as_bytes());
    };
    let (digits, len) = digits(small);
    let start = buffer.arena.len();
    // Eight bytes are one store, and what is too much of them is taken back.
    buffer.arena.extend_from_slice(&digits);
    buffer.arena.truncate(start + len);
    Slice::new(start, len)
}

/// The digits of a number below 10^8, and how many they are.
///
/// The usual way takes a branch for each length, and lengths of keys cannot be foretold. Here the
/// number is halved in place: into two of four digits each, four of two, eight of one.
fn digits(number: u32) -> ([u8; 8], usize) {
    let halves = u64::from(number / 10_000) << 32 | u64::from(number % 10_000);
    // The products are n / 100 below 10,000, and n / 10 below 100, in each place by itself.
    let hundreds = ((halves * 5243) >> 19) & 0x0000_007f_0000_007f;
    let pairs = hundreds << 16 | (halves - hundreds * 100);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    let digits = tens << 8 | (pairs - tens * 10);
    // The last digit stays, be it 0.
    let zeros = (digits | 1).leading_zeros() / 8;
    let text = (digits | 0x3030_3030_3030_3030) << (zeros * 8);
    (text.to_be_bytes(), 8 - zeros as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::check::stamp_of;

    pub(crate) fn shape() -> Shape {
        Shape { sizes: (100, 100), fake: false, keys: 0, skew: 0.0, compressible: 0.5, seed: 1 }
    }

    fn records(shape: &Shape, count: u64) -> RecordBuffer {
        let mut generator = Generator::new(&Pool::new(shape.clone()), 9, 2);
        let mut buffer = RecordBuffer::default();
        for n in 0..count {
            generator.append(&mut buffer, n * 1000, n * 1000 + 7_000, 5);
        }
        assert_eq!(generator.sequence(), count);
        buffer
    }

    #[test]
    fn records_carry_what_checks_them() {
        for shape in [shape(), Shape { fake: true, ..shape() }] {
            let buffer = records(&shape, 1000);
            for (n, span) in buffer.spans.iter().enumerate() {
                let stamp = stamp_of(&buffer, span).unwrap().unwrap();
                assert_eq!((stamp.run, stamp.producer, stamp.sequence), (9, 2, n as u64));
                assert_eq!((stamp.intended_ns, stamp.late_us), (n as u64 * 1000, 7));
            }
        }
        let user = records(&Shape { fake: true, ..shape() }, 1);
        let json = user.spans[0].value.of(&user.arena).unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(json).is_ok());
    }

    #[test]
    fn sizes_stay_in_their_range_and_fill_it() {
        let buffer = records(&Shape { sizes: (60, 80), ..shape() }, 5000);
        let sizes: Vec<usize> = buffer.spans.iter().map(|span| span.value.len()).collect();
        assert_eq!((sizes.iter().min(), sizes.iter().max()), (Some(&60), Some(&80)));
        let mean = sizes.iter().sum::<usize>() as f64 / sizes.len() as f64;
        assert!((mean - 70.0).abs() < 1.0, "{mean}");
    }

    #[test]
    fn the_same_seed_makes_the_same_records() {
        let keyed = Shape { keys: 50, skew: 0.8, ..shape() };
        assert_eq!(records(&keyed, 500).arena, records(&keyed, 500).arena);
        let other = Shape { seed: 2, ..keyed.clone() };
        assert_ne!(records(&keyed, 500).arena, records(&other, 500).arena);
    }

    #[test]
    fn keys_are_as_many_as_asked_for_and_even_without_skew() {
        let buffer = records(&Shape { keys: 10, ..shape() }, 10_000);
        let mut counts = std::collections::BTreeMap::new();
        for span in &buffer.spans {
            *counts.entry(span.key.of(&buffer.arena).unwrap()).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 10);
        assert!(counts.values().all(|n| (850..1150).contains(n)), "{counts:?}");
    }

    #[test]
    fn numbers_are_written_as_anybody_writes_them() {
        let near = (0..20).map(|n| 10_u64.saturating_pow(n)).flat_map(|n| n - 1..=n + 1);
        let small = 0..20_000;
        let spread = (0..100_000_000).step_by(9_973);
        for number in near.chain(small).chain(spread).chain([u64::MAX]) {
            let mut buffer = RecordBuffer::default();
            buffer.store(b"before");
            let slice = store_number(&mut buffer, number);
            assert_eq!(slice.of(&buffer.arena), Some(number.to_string().as_bytes()));
            assert_eq!(buffer.arena.len(), 6 + slice.len());
        }
    }

    #[test]
    fn values_compress_as_much_as_was_asked_for() {
        for (compressible, most, least) in [(0.0, 1.01, 0.95), (0.5, 0.6, 0.45), (0.9, 0.2, 0.08)] {
            let shape = Shape { sizes: (1000, 1000), compressible, ..shape() };
            let buffer = records(&shape, 128);
            let packed = zstd::bulk::compress(&buffer.arena, 3).unwrap().len() as f64;
            let ratio = packed / buffer.arena.len() as f64;
            assert!((least..most).contains(&ratio), "{compressible}: {ratio}");
        }
    }
}
