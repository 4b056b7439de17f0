//! Measures how fast records of `kaw bench` are made when nobody takes them, beside how fast
//! `kaw bench produce --acks 1` sends the same into a directory in memory. Run it by
//! `cargo bench --bench generator`: it fails where the records alone are not made five times as
//! fast as they are sent, by the medians of `RUNS` turns. `DIR` is another place for the directory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a measurement fails by a panic, and has no callers"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use kaw::load::generate::{Generator, Pool, Shape};
use kaw::record::RecordBuffer;

/// How much faster records have to be made than sent.
const FACTOR: f64 = 5.0;
/// How long records are made in one turn.
const MAKING: Duration = Duration::from_millis(300);
/// Bytes of a buffer, as of a turn of the sending loop.
const TURN_BYTES: usize = 128 << 10;

/// What was found of a shape.
#[derive(Default)]
struct Found {
    /// Records a second, made.
    made: Vec<f64>,
    /// Records a second, sent.
    sent: Vec<f64>,
    /// The share of the time that went into making them while they were sent.
    share: Vec<f64>,
}

/// The options of `kaw bench produce`, and the same for the generator.
fn shapes() -> [(&'static str, Shape); 6] {
    let plain =
        Shape { sizes: (100, 100), fake: false, keys: 0, skew: 0.0, compressible: 0.5, seed: 0 };
    let keyed = |keys: u64, skew: f64| Shape { keys, skew, ..plain.clone() };
    [
        ("--record-size 100", plain.clone()),
        ("--keys 1000", keyed(1000, 0.0)),
        ("--keys 100k", keyed(100_000, 0.0)),
        ("--keys 100k --skew 0.99", keyed(100_000, 0.99)),
        ("--record-size 100:2000", Shape { sizes: (100, 2000), ..plain.clone() }),
        ("--fake", Shape { fake: true, ..plain.clone() }),
    ]
}

/// Records a second of a generator that nobody waits for.
fn make(shape: &Shape) -> f64 {
    let mut generator = Generator::new(&Pool::new(shape.clone()), 1, 0);
    let mut buffer = RecordBuffer::default();
    let (started, mut turn) = (Instant::now(), 0);
    while started.elapsed() < MAKING {
        // Every turn has its time, as in the sending loop.
        turn += 1_000_000;
        buffer.clear();
        while buffer.arena.len() < TURN_BYTES {
            generator.append(&mut buffer, turn, turn, 3);
        }
        std::hint::black_box(&mut buffer);
    }
    generator.sequence() as f64 / started.elapsed().as_secs_f64()
}

/// Records a second of `kaw bench produce` on a directory, and what of the time it spent making
/// them.
fn send(dir: &Path, options: &str) -> (f64, f64) {
    let words = "bench produce made --acks 1 --duration 1s --warmup 300ms --output json";
    let run = Command::new(env!("CARGO_BIN_EXE_kaw"))
        .args(words.split(' ').chain(options.split(' ')))
        .env("KAW_LOG_DIR", dir)
        .output()
        .unwrap();
    assert!(run.status.success(), "{options}: {}", String::from_utf8_lossy(&run.stderr));
    let answer: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    let number = |name: &str| {
        let at = answer.pointer(&format!("/items/0/{name}"));
        at.and_then(serde_json::Value::as_f64).unwrap()
    };
    (number("records_per_s"), number("making_share"))
}

fn median(of: &mut [f64]) -> f64 {
    of.sort_by(f64::total_cmp);
    of.get(of.len() / 2).copied().unwrap()
}

fn main() -> ExitCode {
    let runs = std::env::var("RUNS").map_or(5, |text| text.parse().expect("RUNS: a number"));
    let memory = Path::new("/dev/shm").is_dir().then(|| PathBuf::from("/dev/shm"));
    let place = std::env::var_os("DIR").map(PathBuf::from).or(memory);
    let place = place.unwrap_or_else(std::env::temp_dir);
    let dir = tempfile::tempdir_in(&place).unwrap();
    let mut found = shapes().map(|_| Found::default());
    for _ in 0..runs {
        for ((options, shape), found) in shapes().iter().zip(&mut found) {
            found.made.push(make(shape));
            let (sent, share) = send(&dir.path().join("log"), options);
            found.sent.push(sent);
            found.share.push(share);
        }
    }
    println!("directory in {}, medians of {runs}; millions of records a second", place.display());
    println!("{:24} {:>7} {:>7} {:>7} {:>12}", "shape", "made", "sent", "ratio", "making-share");
    let mut slow = false;
    for ((options, _), found) in shapes().iter().zip(&mut found) {
        let (made, sent) = (median(&mut found.made) / 1e6, median(&mut found.sent) / 1e6);
        let (ratio, share) = (made / sent, median(&mut found.share));
        slow |= ratio < FACTOR;
        println!("{options:24} {made:7.1} {sent:7.2} {ratio:6.1}x {share:12.3}");
    }
    if slow {
        println!("records are not made {FACTOR} times as fast as they are sent");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
