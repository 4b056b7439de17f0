//! Measures how fast records of `kaw bench` are made when nobody takes them. Run it by
//! `cargo bench --bench generator`; it prints the figures and judges nothing.

#![allow(clippy::print_stdout, missing_docs, reason = "a measurement has no callers")]

use std::time::Instant;

use kaw::load::generate::{Generator, Pool, Shape};
use kaw::record::RecordBuffer;

/// Records of one measurement, and of one buffer.
const RECORDS: u64 = 20_000_000;
/// Bytes of a buffer, as of a turn of the sending loop.
const TURN_BYTES: usize = 128 << 10;

fn main() {
    let plain =
        Shape { sizes: (100, 100), fake: false, keys: 0, skew: 0.0, compressible: 0.5, seed: 0 };
    let shapes = [
        ("100 bytes", plain.clone()),
        ("1 KiB", Shape { sizes: (1024, 1024), ..plain.clone() }),
        ("users", Shape { fake: true, ..plain.clone() }),
        ("1000 keys", Shape { keys: 1000, ..plain.clone() }),
        ("1000 keys, skew 0.99", Shape { keys: 1000, skew: 0.99, ..plain }),
    ];
    for (name, shape) in shapes {
        let mut generator = Generator::new(&Pool::new(shape), 1, 0);
        let mut buffer = RecordBuffer::default();
        let (started, mut bytes) = (Instant::now(), 0);
        while generator.sequence() < RECORDS {
            buffer.clear();
            while buffer.arena.len() < TURN_BYTES {
                generator.append(&mut buffer, 1, 2, 3);
            }
            bytes += buffer.arena.len();
        }
        let seconds = started.elapsed().as_secs_f64();
        let (rate, bytes) = (RECORDS as f64 / seconds / 1e6, bytes as f64 / seconds / 1e9);
        println!("{name}: {rate:.1} M records/s, {bytes:.2} GB/s");
    }
}
