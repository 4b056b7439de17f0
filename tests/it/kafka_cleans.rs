//! Owns that compaction and retention leave what a real broker leaves: both are given the same
//! logs, byte for byte, and the records that stay are compared.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::broker::{Broker, Options};
use crate::golden::{envelope, envelopes};
use crate::needs::Need;
use crate::sandbox::Sandbox;

/// How long a broker may take to clean.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often is looked whether it did.
const STEP: Duration = Duration::from_millis(50);

/// One batch of records, as pairs of key and value; each batch is later than the one before by
/// more than `segment.ms`.
type Batch<'a> = &'a [(Option<&'a str>, Option<&'a str>)];

/// The fixed input of the tests of the cleaner: keys that repeat, tombstones, a record without a
/// key.
const FIXED: [Batch<'_>; 6] = [
    &[(Some("a"), Some("1")), (Some("b"), Some("1"))],
    &[(Some("a"), Some("2")), (None, Some("x"))],
    &[(Some("c"), Some("1")), (Some("b"), None)],
    &[(Some("d"), None), (Some("a"), Some("3"))],
    &[(Some("c"), Some("2")), (Some("d"), Some("4"))],
    &[(Some("z"), Some("of the active segment")), (Some("z"), None)],
];

/// Writes a batch with `kaw`, dated `minutes` after `from`.
fn put(s: &Sandbox, topic: &str, (from, minutes): (i64, i64), batch: Batch<'_>, codec: &str) {
    let mut lines = String::new();
    for (key, value) in batch {
        let timestamp = from + minutes * 60_000;
        let record = json!({"key": key, "value": value, "timestamp": timestamp});
        writeln!(lines, "{record}").unwrap();
    }
    s.stdin(lines).run(&format!("produce {topic} --json -z {codec}")).success();
}

/// More of the kind: 600 records of 80 keys, every seventh a tombstone, in all codecs.
fn put_many(s: &Sandbox, topic: &str) {
    let mut state = 7_u64;
    for (n, codec) in ["none", "gzip", "snappy", "lz4", "zstd"].iter().cycle().take(60).enumerate()
    {
        let records: Vec<(String, Option<String>)> = (0..10)
            .map(|i| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let key = format!("key-{}", (state >> 33) % 80);
                let is_tombstone = (state >> 40).is_multiple_of(7);
                (key, (!is_tombstone).then(|| format!("value {n}.{i}")))
            })
            .collect();
        let batch: Vec<_> =
            records.iter().map(|(key, value)| (Some(key.as_str()), value.as_deref())).collect();
        put(s, topic, (1_700_000_000_000, n as i64), &batch, codec);
    }
}

/// The records that are there, by `kaw`.
fn ours(s: &Sandbox, topic: &str) -> Vec<Value> {
    envelopes(s.run(&format!("consume {topic} -e --json")).success())
}

/// The same, by the broker.
fn theirs(broker: &Broker, topic: &str) -> Vec<Value> {
    let told = broker.ask(json!({"do": "consume", "topic": topic}));
    told.as_array().unwrap().iter().map(|told| envelope(topic, told)).collect()
}

/// Waits for something of a broker.
#[track_caller]
fn await_that(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(STEP);
    }
}

/// Waits until a broker has compacted a log up to an offset.
#[track_caller]
fn await_compacted(broker: &Broker, topic: &str, to: i64) {
    let line = format!("{topic} 0 {to}");
    await_that(&line, || {
        let path = broker.log_dir().join("cleaner-offset-checkpoint");
        fs::read_to_string(path).unwrap_or_default().lines().any(|found| found == line)
    });
}

/// A broker that cleans at once, on a copy of the directory.
fn adopt(s: &Sandbox) -> Broker {
    let options = Options::default()
        .property("log.cleaner.backoff.ms", "100")
        .property("log.cleaner.dedupe.buffer.size", "2097152")
        .property("log.initial.task.delay.ms", "100")
        .property("log.retention.check.interval.ms", "100");
    Broker::start(&options.adopt(&s.log_dir()))
}

/// Offset and key of records, and whether they are tombstones.
fn short(records: &[Value]) -> String {
    let one = |r: &Value| {
        let key = r["key"].as_str().unwrap_or("-");
        let mark = if r["value"].is_null() { "null" } else { "" };
        format!("{}:{key}{mark}", r["offset"])
    };
    records.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn compaction_leaves_the_records_that_kafkas_leaves() {
    if !Need::Kafka.met() {
        return;
    }
    let s = Sandbox::new();
    let topics = ["fixed", "many", "gone"];
    for topic in topics {
        let create = "-c retention.ms=-1 -c segment.ms=30000";
        s.run(&format!("topics create {topic} {create}")).success();
    }
    for (n, batch) in FIXED.iter().enumerate() {
        let codec = if n == 2 { "gzip" } else { "none" };
        for topic in ["fixed", "gone"] {
            put(&s, topic, (1_700_000_000_000, n as i64), batch, codec);
        }
    }
    put_many(&s, "many");
    for topic in topics {
        let kept = if topic == "gone" { 1 } else { 86_400_000 };
        let policy = "-c cleanup.policy=compact -c min.cleanable.dirty.ratio=0.01";
        let alter = format!("topics alter {topic} {policy} -c delete.retention.ms={kept}");
        s.run(&alter).success();
    }
    let broker = adopt(&s);
    s.run("topics compact fixed many gone").success();
    for (topic, active) in [("fixed", 10), ("many", 590), ("gone", 10)] {
        await_compacted(&broker, topic, active);
        let (ours, theirs) = (ours(&s, topic), theirs(&broker, topic));
        assert_eq!(short(&ours), short(&theirs), "{topic}");
        assert_eq!(ours, theirs, "{topic}");
    }
    let fixed = "5:bnull 7:a 8:c 9:d 10:z 11:znull";
    assert_eq!(short(&ours(&s, "fixed")), fixed);
    let many = ours(&s, "many").len();
    assert!((80..200).contains(&many), "{many}");
    // A second time, after the time of tombstones is up.
    let late = 1_700_000_000_000_i64 + 3_600_000;
    put(&s, "gone", (late, 0), &[(Some("y"), Some("1"))], "none");
    let record = json!({"partition": 0, "key": "eQ==", "value": "MQ==", "timestamp": late});
    broker.ask(json!({"do": "produce", "topic": "gone", "records": [record]}));
    s.run("topics compact gone").success();
    await_compacted(&broker, "gone", 12);
    assert_eq!(short(&theirs(&broker, "gone")), short(&ours(&s, "gone")));
    assert_eq!(theirs(&broker, "gone"), ours(&s, "gone"));
    assert!(!short(&ours(&s, "gone")).contains("bnull"));
}

#[test]
fn retention_leaves_the_records_that_kafkas_leaves() {
    if !Need::Kafka.met() {
        return;
    }
    let s = Sandbox::new();
    let now = jiff::Timestamp::now().as_millisecond();
    let from = now - 6_000_000;
    // 100 minutes ago, and then one batch after the other, one minute each. By time, the next one
    // goes 55 s from now: the two are not asked at the same moment.
    for topic in ["by-time", "by-size", "all"] {
        let create = "-c retention.ms=-1 -c segment.ms=30000";
        s.run(&format!("topics create {topic} {create}")).success();
        for minute in 0..40 {
            let value = "v".repeat(100 + 3 * minute as usize);
            put(&s, topic, (from, minute), &[(Some("k"), Some(&value))], "none");
        }
    }
    s.run("topics alter by-time -c retention.ms=5035000").success();
    s.run("topics alter by-size -c retention.bytes=4000").success();
    s.run("topics alter all -c retention.ms=60000").success();
    let broker = adopt(&s);
    s.run("topics compact by-time by-size all").success();
    for topic in ["by-time", "by-size", "all"] {
        let start = |v: &Value| v["partitions"][0]["start_offset"].as_i64().unwrap();
        let ours_start =
            start(&s.run(&format!("topics describe {topic} --json")).items().next().unwrap());
        assert!((1..=40).contains(&ours_start), "{topic}: {ours_start}");
        assert_eq!(ours_start == 40, topic == "all");
        await_that(&format!("{topic} begins at {ours_start}"), || {
            let told = broker.ask(json!({"do": "offsets", "topic": topic, "spec": "start"}));
            assert!(told[0]["offset"].as_i64().unwrap() <= ours_start, "{topic}: {told}");
            told[0]["offset"] == json!(ours_start)
        });
        assert_eq!(ours(&s, topic), theirs(&broker, topic), "{topic}");
    }
}
