//! Owns the records of a run: their sizes, keys and bytes, drawn from a seed. Leaves when they are
//! sent to `plan`, and what makes them checkable to `check`.
//!
//! A record must cost next to nothing, or the generator would be what is measured. The bytes of
//! values, with their checksums, are made once; a record is then a copy of the next ones, and a
//! checksum over a few words.

use std::sync::Arc;

use rand::{Rng, RngCore, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::check::{STAMP_BYTES, STAMP_HEADER, Stamp};
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
    start: usize,
    len: usize,
    crc: u32,
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
            let crc = crc32c::crc32c(pool.bytes.get(start..).unwrap_or_default());
            pool.entries.push(Entry { start, len: pool.bytes.len() - start, crc });
        }
        Arc::new(pool)
    }

    /// The mean size of values, in bytes.
    pub fn mean_bytes(&self) -> f64 {
        let stamp = if self.shape.fake { 0 } else { STAMP_BYTES };
        let sum: usize = self.entries.iter().map(|entry| entry.len + stamp).sum();
        sum as f64 / self.entries.len().max(1) as f64
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
#[derive(Clone, Copy, Debug)]
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
    /// What every stamp has of this producer; its sequence is that of the next record.
    stamp: Stamp,
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
        let stamp = Stamp { run, producer: number, ..Stamp::default() };
        Self { pool: Arc::clone(pool), next, keys, rng, stamp }
    }

    /// The sequence of the next record, which is how many there were.
    pub const fn sequence(&self) -> u64 {
        self.stamp.sequence
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
        let key = match self.keys {
            Keys::None => Slice::NULL,
            Keys::Even(keys) => {
                // The high half of a product: even, to one part in 2^64, and without a division.
                let drawn = (u128::from(self.rng.next_u64()) * u128::from(keys)) >> 64;
                buffer.store(itoa::Buffer::new().format(drawn as u64 + 1).as_bytes())
            }
            Keys::Skewed(zipf) => {
                let rank = zipf.draw(&mut self.rng);
                buffer.store(itoa::Buffer::new().format(rank).as_bytes())
            }
        };
        self.stamp.intended_ns = intended_ns;
        self.stamp.late_us =
            u32::try_from(sent_ns.saturating_sub(intended_ns) / 1000).unwrap_or(u32::MAX);
        self.stamp.payload_crc = entry.crc;
        let stamp = self.stamp.encode();
        self.stamp.sequence += 1;
        let payload = self.pool.bytes.get(entry.start..entry.start + entry.len).unwrap_or_default();
        if !self.pool.shape.fake {
            let start = buffer.arena.len();
            buffer.arena.extend_from_slice(&stamp);
            buffer.arena.extend_from_slice(payload);
            let value = Slice::new(start, STAMP_BYTES + entry.len);
            buffer.spans.push(Span::new(key, value, timestamp_ms));
            return;
        }
        // A user stays JSON to every other reader, so the stamp is beside it.
        let value = buffer.store(payload);
        let header = HeaderSpan { name: buffer.store(STAMP_HEADER), value: buffer.store(&stamp) };
        let mut span = Span::new(key, value, timestamp_ms);
        (span.headers_start, span.headers_len) = (buffer.headers.len() as u32, 1);
        buffer.headers.push(header);
        buffer.spans.push(span);
    }
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
