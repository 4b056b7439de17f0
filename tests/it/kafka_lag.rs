//! Owns the comparison of the two ways in which `kaw lag` asks real brokers: by requests of its
//! own, and by librdkafka, to which it leaves everything where somebody says how connections are
//! made.

use serde_json::{Value, json};

use crate::broker::Broker;
use crate::needs::Need;
use crate::sandbox::{Run, Sandbox};

/// The time of the first record of a topic.
const BEGIN: i64 = 1_700_000_000_000;
/// The time between two records: much more than the two ways are apart.
const STEP: i64 = 1_000_000;
/// Has librdkafka make all connections.
const BY_LIBRDKAFKA: &str = "-X socket.keepalive.enable=true";

/// Runs `kaw` on the shared broker.
fn kaw(words: &str) -> Run {
    let at = Broker::shared().bootstrap();
    Sandbox::new().run(&format!("{words} -b {at} --timeout 20s"))
}

/// Makes a topic of one partition, whose records are not too old for it.
fn create(topic: &str, configs: &[(&str, &str)]) {
    let mut all = json!({"retention.ms": "-1"});
    for (name, value) in configs {
        all[*name] = json!(value);
    }
    Broker::shared().ask(json!({"do": "create", "topic": topic, "partitions": 1, "configs": all}));
}

/// Appends records from `first` on, a step from each other: as a transaction with this end, or not.
fn append(topic: &str, range: std::ops::Range<i64>, codec: &str, end: Option<&str>) {
    // 240 bytes, so that a batch of a thousand is none that comes at the first request.
    let value = "abcd".repeat(80);
    let record = |n: i64| json!({"partition": 0, "value": value, "timestamp": BEGIN + n * STEP});
    let records: Vec<_> = range.map(record).collect();
    // A batch goes out once it is full, or all is flushed.
    let config = json!({"compression.type": codec, "batch.size": "1000000", "linger.ms": "2000"});
    let mut question =
        json!({"do": "produce", "topic": topic, "records": records, "config": config});
    if let Some(end) = end {
        question["end"] = json!(end);
    }
    Broker::shared().ask(question);
}

/// Has a group commit an offset for each, and answers their names.
fn commit(topic: &str, offsets: &[i64]) -> Vec<String> {
    let group = |offset: &i64| {
        let (group, offset) = (format!("{topic}-{offset}"), *offset);
        let at = json!([{"topic": topic, "partition": 0, "offset": offset}]);
        Broker::shared().ask(json!({"do": "commit", "group": group, "offsets": at}));
        group
    };
    offsets.iter().map(group).collect()
}

/// The ages of the next unread records of groups, and how many requests that took.
fn ages(groups: &[String], more: &str) -> (Vec<Option<i64>>, u64) {
    let run = kaw(&format!("lag {} --json -v {more}", groups.join(" ")));
    let rows: Vec<Value> = run.success().items().collect();
    let age = |group: &String| {
        let row = rows.iter().find(|row| row["group"] == json!(group)).unwrap();
        row["age_ms"].as_i64()
    };
    let stderr = run.stderr();
    let requests = stderr.lines().find_map(|line| line.strip_suffix(" requests")).unwrap();
    (groups.iter().map(age).collect(), requests.parse().unwrap())
}

/// Checks that both ways tell the ages that records have which are so many steps behind the first;
/// `None` for a record that is of now, and a group at the end has nothing that has an age.
fn assert_ages(groups: &[String], steps: &[Option<i64>]) {
    let (ours, few) = ages(groups, "");
    let (theirs, many) = ages(groups, BY_LIBRDKAFKA);
    let now = jiff::Timestamp::now().as_millisecond();
    for (((group, step), ours), theirs) in groups.iter().zip(steps).zip(ours).zip(theirs) {
        let expected = step.map_or(0, |step| now - BEGIN - step * STEP);
        for age in [ours, theirs] {
            let age = age.unwrap_or_else(|| panic!("{group} has an age"));
            assert!((age - expected).abs() < STEP / 2, "{group}: {age} is not {expected}");
        }
    }
    // librdkafka looks for each coordinator, and asks it for each group.
    assert!(few + 2 * groups.len() as u64 <= many, "{few} {many}");
}

#[test]
fn ages_are_those_that_librdkafka_tells_whatever_the_codec() {
    if !Need::Kafka.met() {
        return;
    }
    let (mut groups, mut steps) = (Vec::new(), Vec::new());
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let topic = format!("kl-{codec}");
        create(&topic, &[]);
        append(&topic, 0..1000, codec, None);
        append(&topic, 1000..1100, codec, None);
        // Near each other and far; the last has read all.
        let offsets = [0, 1, 7, 300, 499, 998, 999, 1000, 1099];
        groups.extend(commit(&topic, &offsets));
        steps.extend(offsets.map(Some));
        groups.extend(commit(&topic, &[1100]));
        steps.push(None);
    }
    assert_ages(&groups, &steps);
}

#[test]
fn ages_behind_markers_and_of_what_was_taken_back() {
    if !Need::Kafka.met() {
        return;
    }
    let topic = "kl-txn";
    create(topic, &[]);
    // Records 0 to 9, a marker; 11 to 20 that are taken back, a marker; 22 to 31, and again; 33 to
    // 37 of a transaction that is open.
    for (range, end) in [(0..10, "commit"), (10..20, "abort"), (20..30, "commit"), (30..35, "open")]
    {
        append(topic, range, "none", Some(end));
    }
    let offsets = [0, 9, 10, 15, 20, 21, 22, 31, 32, 33, 37];
    let steps = [0, 9, 10, 14, 19, 20, 20, 29, 30, 30, 34].map(Some);
    assert_ages(&commit(topic, &offsets), &steps);
}

#[test]
fn ages_by_the_clock_of_the_broker_and_behind_a_trimmed_start() {
    if !Need::Kafka.met() {
        return;
    }
    create("kl-stamped", &[("message.timestamp.type", "LogAppendTime")]);
    append("kl-stamped", 0..100, "gzip", None);
    let stamped = commit("kl-stamped", &[0, 50, 99]);
    assert_ages(&stamped, &[None, None, None]);
    create("kl-trimmed", &[]);
    append("kl-trimmed", 0..1000, "zstd", None);
    let trimmed = commit("kl-trimmed", &[0, 599, 600, 999]);
    kaw("topics trim kl-trimmed --to 600").success();
    assert_ages(&trimmed, &[Some(600), Some(600), Some(600), Some(999)]);
}
