//! Measures how long the partition of a killed member stands still: from `kill -9` to the first
//! record that its new owner, another process, writes to stdout, while a record comes every ms.
//! Then measures how much CPU time members at rest take. Run it by `cargo bench --bench takeover`;
//! it prints the figures and judges nothing. `KILLS`, `MEMBERS` and `REST_SECONDS` change the load.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a measurement fails by a panic, and has no callers"
)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use kaw::config::LogConfig;
use kaw::disk::batch::{BatchEncoder, EncodedBatch, ProducerStamp};
use kaw::disk::directory::LogDirectory;
use kaw::record::{Compression, RecordBuffer, Slice, Span};
use kaw::topic::TopicName;

const PATIENCE: Duration = Duration::from_secs(30);

/// A number from the environment.
fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// What a member did: it was told its share, or it wrote a record.
enum Event {
    Shared,
    Record(Instant),
}

/// A member, and the number that its events carry.
struct Member {
    number: usize,
    child: Child,
}

fn join(dir: &Path, number: usize, events: &Sender<(usize, Event)>) -> Member {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kaw"));
    command.args(["consume", "t", "-g", "g", "-f", "%o\\n"]).env("KAW_LOG_DIR", dir);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let err = BufReader::new(child.stderr.take().unwrap());
    let (records, shares) = (events.clone(), events.clone());
    thread::spawn(move || {
        for _ in out.lines().map_while(Result::ok) {
            if records.send((number, Event::Record(Instant::now()))).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for _ in err.lines().map_while(Result::ok) {
            drop(shares.send((number, Event::Shared)));
        }
    });
    Member { number, child }
}

/// Appends a record every ms until it is told to stop.
fn produce(dir: &Path, over: &AtomicBool) {
    let directory = LogDirectory::open_to_write(dir).unwrap();
    let topic = TopicName::new("t").unwrap();
    let mut log = directory.open_partition(&topic, 0, &LogConfig::default()).unwrap();
    let mut batch = EncodedBatch::default();
    while !over.load(Ordering::Relaxed) {
        let mut buffer = RecordBuffer::default();
        let value = buffer.store(b"a record");
        buffer.spans.push(Span::new(Slice::NULL, value, kaw::now_ms()));
        let mut encoder = BatchEncoder::new(Compression::None);
        encoder.push(&buffer.spans[0], &buffer);
        batch = encoder.finish(ProducerStamp::NONE, batch).unwrap();
        log.append(&mut batch, 0).unwrap();
        thread::sleep(Duration::from_millis(1));
    }
}

/// Waits for the share of member `number`.
fn await_share(events: &Receiver<(usize, Event)>, number: usize) {
    while !matches!(events.recv_timeout(PATIENCE).unwrap(), (n, Event::Shared) if n == number) {}
}

/// Kills the owner again and again, and answers with the sorted times in milliseconds.
fn takeovers(dir: &Path, members: &mut Vec<Member>) -> Vec<f64> {
    let (sender, events) = channel();
    let mut next = 0;
    let mut times = Vec::new();
    for _ in 0..setting("MEMBERS", 3).max(2) {
        members.push(join(dir, next, &sender));
        await_share(&events, next);
        next += 1;
    }
    let mut owner = 0;
    for _ in 0..setting("KILLS", 30) {
        // The members have seen each other, and the owner is in full stream.
        thread::sleep(Duration::from_millis(100));
        let at = members.iter().position(|member| member.number == owner).unwrap();
        let mut member = members.remove(at);
        let killed = Instant::now();
        member.child.kill().unwrap();
        loop {
            match events.recv_timeout(PATIENCE).expect("a record of the new owner") {
                (number, Event::Record(at)) if number != owner => {
                    owner = number;
                    times.push((at - killed).as_secs_f64() * 1e3);
                    break;
                }
                _ => {}
            }
        }
        member.child.wait().unwrap();
        members.push(join(dir, next, &sender));
        await_share(&events, next);
        next += 1;
    }
    times.sort_by(f64::total_cmp);
    times
}

/// The CPU time of all threads of a process so far.
fn cpu_time(pid: u32) -> Duration {
    let of = |task: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    Duration::from_nanos(tasks.filter_map(of).sum())
}

fn main() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("log");
    let mut create = Command::new(env!("CARGO_BIN_EXE_kaw"));
    create.args(["topics", "create", "t"]).env("KAW_LOG_DIR", &dir).stdout(Stdio::null());
    assert!(create.status().unwrap().success());
    let over = AtomicBool::new(false);
    let mut members = Vec::new();
    let times = thread::scope(|scope| {
        scope.spawn(|| produce(&dir, &over));
        let times = takeovers(&dir, &mut members);
        over.store(true, Ordering::Relaxed);
        times
    });
    let at = |part: f64| times[((times.len() - 1) as f64 * part).ceil() as usize];
    println!(
        "kill -9 to the new owner's first record, {} times, in ms: p50 {:.1}, p99 {:.1}, max {:.1}",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    thread::sleep(Duration::from_secs(1));
    let rest = Duration::from_secs(setting("REST_SECONDS", 5) as u64);
    let before: Vec<Duration> = members.iter().map(|m| cpu_time(m.child.id())).collect();
    thread::sleep(rest);
    for (member, before) in members.iter_mut().zip(before) {
        let took = cpu_time(member.child.id()).saturating_sub(before);
        println!("a member at rest took {took:.1?} of CPU time in {rest:?}");
        member.child.kill().unwrap();
        member.child.wait().unwrap();
    }
}
