//! Measures the log of committed offsets: one commit, and reading what `GROUPS` groups committed of
//! `PARTITIONS` partitions each, after `COMMITS` commits of every group. Run it by
//! `cargo bench --bench offsets`; it prints the figures and judges nothing. `TMPDIR` changes the
//! file system.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a measurement fails by a panic, and has no callers"
)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kaw::disk::directory::LogDirectory;
use kaw::disk::offsets::OffsetsLog;
use kaw::disk::offsets::codec::{Key, OffsetValue, Value};
use kaw::group::GroupId;
use kaw::topic::{TopicName, TopicPartition};

/// A number from the environment.
fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// The records of a commit of `partitions` partitions.
fn commit(group: &GroupId, partitions: usize, offset: i64) -> Vec<(Key, Option<Value>)> {
    let topic = TopicName::new("users").unwrap();
    let value = OffsetValue {
        offset,
        leader_epoch: -1,
        metadata: String::new(),
        committed_ms: offset,
        expires_ms: None,
        topic_id: None,
    };
    let of = |partition| TopicPartition { topic: topic.clone(), partition };
    let key = |n| Key::Offset { group: group.clone(), of: of(n as i32) };
    (0..partitions).map(|n| (key(n), Some(Value::Offset(value.clone())))).collect()
}

/// Prints median and 99th percentile of `n` runs of `work`.
fn measure(what: &str, n: usize, mut work: impl FnMut(usize)) {
    let mut took: Vec<Duration> = (0..n)
        .map(|i| {
            let start = Instant::now();
            work(i);
            start.elapsed()
        })
        .collect();
    took.sort();
    let at = |part: usize| took.get((n * part / 100).min(n - 1)).copied().unwrap_or_default();
    println!("{what}: median {:.1?}, p99 {:.1?}", at(50), at(99));
}

fn main() {
    let (groups, partitions) = (setting("GROUPS", 100), setting("PARTITIONS", 100));
    let dir = tempfile::tempdir().unwrap();
    let directory = LogDirectory::open_to_write(dir.path()).unwrap();
    let mut log = OffsetsLog::open_to_write(&directory, 1).unwrap();
    let ids: Vec<GroupId> =
        (0..groups).map(|n| GroupId::new(&format!("group-{n}")).unwrap()).collect();
    for round in 1..=setting("COMMITS", 3) {
        for id in &ids {
            log.append(id, &commit(id, partitions, round as i64), 1, false).unwrap();
        }
    }
    let what = format!("{groups} groups x {partitions} partitions");
    measure(&format!("read all of {what}, from nothing"), 20, |_| {
        let fresh = OffsetsLog::open(&directory).unwrap().unwrap();
        assert_eq!(fresh.read_all().unwrap().len(), groups);
    });
    let reader = OffsetsLog::open(&directory).unwrap().unwrap();
    reader.read_all().unwrap();
    measure(&format!("read all of {what}, again"), 50, |_| {
        assert_eq!(reader.read_all().unwrap().len(), groups);
    });
    let id = ids.first().unwrap();
    for count in [1, partitions] {
        measure(&format!("a commit of {count} partitions, process"), 20_000, |n| {
            log.append(id, &commit(id, count, n as i64), 1, false).unwrap();
        });
    }
    measure("a commit of 1 partition, power", 500, |n| {
        log.append(id, &commit(id, 1, n as i64), 1, true).unwrap();
    });
    measure("`kaw groups list`, a process", 20, |_| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kaw"));
        command.args(["groups", "list"]).env("KAW_LOG_DIR", dir.path()).stdout(Stdio::null());
        assert!(command.status().unwrap().success());
    });
}
