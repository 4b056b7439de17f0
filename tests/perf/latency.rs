//! Measures how long a record takes from its append to the bytes on the stdout of a follower in
//! another process. Run it by `cargo bench --bench latency`; it prints the figures and judges
//! nothing. The same lines through a pipe and `cat` show what the machine takes for as much waking
//! and writing: on a busy one, that is most of it. `RECORDS`, `EVERY_US` and `VALUE_BYTES` change
//! the load, `TMPDIR` the file system.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a measurement fails by a panic, and has no callers"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use kaw::config::LogConfig;
use kaw::disk::batch::{BatchEncoder, EncodedBatch, ProducerStamp};
use kaw::disk::directory::LogDirectory;
use kaw::record::{Compression, RecordBuffer, Slice, Span};
use kaw::topic::TopicName;

/// Records that are sent before any is counted.
const WARM_UP: usize = 200;

/// A number from the environment.
fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn kaw(dir: &Path, args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kaw"));
    command.args(args).env("KAW_LOG_DIR", dir).stdin(Stdio::null()).stdout(Stdio::piped());
    command.spawn().unwrap()
}

/// The moments when lines came out of `child`, with the numbers that they begin with.
fn arrivals(child: &mut Child) -> Receiver<(usize, Instant)> {
    let (sender, arrivals) = channel();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    thread::spawn(move || {
        let mut line = Vec::new();
        while out.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            let now = Instant::now();
            let number = std::str::from_utf8(&line[..10]).unwrap().parse().unwrap();
            if sender.send((number, now)).is_err() {
                return;
            }
            line.clear();
        }
    });
    arrivals
}

fn encode(number: usize, bytes: usize, into: EncodedBatch) -> EncodedBatch {
    let mut buffer = RecordBuffer::default();
    let value = buffer.store(format!("{number:010}{}", "x".repeat(bytes - 10)).as_bytes());
    buffer.spans.push(Span::new(Slice::NULL, value, kaw::now_ms()));
    let mut encoder = BatchEncoder::new(Compression::None);
    encoder.push(&buffer.spans[0], &buffer);
    encoder.finish(ProducerStamp::NONE, into).unwrap()
}

/// Waits until `due` without the slack of a sleep's end.
fn wait_until(due: Instant) {
    let coarse = Duration::from_micros(200);
    if let Some(left) = due.checked_duration_since(Instant::now() + coarse) {
        thread::sleep(left);
    }
    while Instant::now() < due {
        std::hint::spin_loop();
    }
}

/// Sends one record every ms by `send`, which is handed one batch after another, and returns the
/// sorted latencies in microseconds.
fn measure(
    mut send: impl FnMut(&mut EncodedBatch),
    arrivals: &Receiver<(usize, Instant)>,
) -> Vec<f64> {
    let (count, bytes) = (setting("RECORDS", 5000) + WARM_UP, setting("VALUE_BYTES", 100));
    let every = Duration::from_micros(setting("EVERY_US", 1000) as u64);
    let mut published = Vec::with_capacity(count);
    let mut batch = EncodedBatch::default();
    let mut due = Instant::now();
    for number in 0..count {
        batch = encode(number, bytes, batch);
        wait_until(due);
        due = Instant::now() + every;
        // From before the append, so that the figure is no better than what a caller sees.
        published.push(Instant::now());
        send(&mut batch);
    }
    let mut latencies = Vec::with_capacity(count);
    for due in 0..count {
        let (number, at) = arrivals.recv_timeout(Duration::from_secs(10)).expect("a line");
        assert_eq!(number, due, "the follower left something out");
        if number >= WARM_UP {
            latencies.push((at - published[number]).as_secs_f64() * 1e6);
        }
    }
    latencies.sort_by(f64::total_cmp);
    latencies
}

/// Prints the figures.
fn tell(what: &str, latencies: &[f64]) {
    let at = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize];
    println!(
        "{what}, {} records, in us: p50 {:.0}, p90 {:.0}, p99 {:.0}, p99.9 {:.0}, max {:.0}",
        latencies.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}

fn follower_latencies(path: &Path) -> Vec<f64> {
    assert!(kaw(path, &["topics", "create", "t"]).wait().unwrap().success());
    let directory = LogDirectory::open_to_write(path).unwrap();
    let topic = TopicName::new("t").unwrap();
    let mut log = directory.open_partition(&topic, 0, &LogConfig::default()).unwrap();
    let mut follower = kaw(path, &["consume", "t"]);
    let arrivals = arrivals(&mut follower);
    let latencies = measure(|batch| drop(log.append(batch, 0).unwrap()), &arrivals);
    follower.kill().unwrap();
    follower.wait().unwrap();
    latencies
}

fn pipe_latencies() -> Vec<f64> {
    let mut command = Command::new("cat");
    let mut cat = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut pipe = cat.stdin.take().unwrap();
    let arrivals = arrivals(&mut cat);
    let send = |batch: &mut EncodedBatch| {
        // The value: what lies between the head of the record and its last byte, no headers.
        let start = batch.bytes.iter().rposition(|&b| b != b'x' && b != 0).unwrap() - 9;
        let value = &batch.bytes[start..batch.bytes.len() - 1];
        pipe.write_all(&[value, b"\n"].concat()).unwrap();
    };
    let latencies = measure(send, &arrivals);
    drop(pipe);
    cat.wait().unwrap();
    latencies
}

fn main() {
    let dir = tempfile::tempdir().unwrap();
    tell("append to a follower's stdout", &follower_latencies(&dir.path().join("log")));
    tell("the same through a pipe and cat", &pipe_latencies());
}
