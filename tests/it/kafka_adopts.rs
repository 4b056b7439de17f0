//! Owns that a real broker takes over a directory of ours: its topics, records and groups are all
//! there afterwards, and goes on from there. Follows the steps of the README.

use std::path::Path;

use serde_json::{Value, json};

use crate::broker::{Broker, Options};
use crate::golden::{envelope, envelopes};
use crate::needs::Need;
use crate::sandbox::{Run, Sandbox};

/// Topics, with what they are created with.
const TOPICS: [(&str, &str); 5] = [
    ("orders", "-p 3 -c retention.ms=-1"),
    ("odd.name-1", "-c retention.ms=-1 -c max.message.bytes=2000000"),
    ("settings", "-c cleanup.policy=compact"),
    ("trimmed", "-c retention.ms=-1"),
    ("empty", "-p 2"),
];

/// Records with all that may be null, empty or twice; times of the past.
const ODD: &str = r#"
{"key":null,"value":"no key","timestamp":"2023-11-14T22:13:20Z"}
{"key":"tombstone","value":null,"timestamp":"2023-11-14T22:13:21Z"}
{"key":"","value":"","timestamp":"2023-11-14T22:13:19Z"}
{"key":"h","value":"v","headers":[["h","1"],["h","2"],["",null],["e",""]]}
{"key_base64":"AP/+gA==","value_base64":"/w=="}
"#;

/// Runs `kaw` on a directory.
fn on(s: &Sandbox, dir: &Path, words: &str) -> Run {
    let mut args = vec!["-d".to_owned(), dir.display().to_string()];
    args.extend(words.split(' ').map(str::to_owned));
    let run = s.run_with(args);
    run.success();
    run
}

/// A directory with something of everything.
fn fill(s: &Sandbox) {
    for (topic, how) in TOPICS {
        s.run(&format!("topics create {topic} {how}")).success();
    }
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let lines: Vec<_> = (0..300).map(|n| format!("key-{n}\tvalue {n} {codec}\n")).collect();
        let lines = lines.concat();
        s.stdin(lines).run(&format!("produce orders -K '\t' -z {codec}")).success();
        s.stdin(ODD.trim()).run(&format!("produce odd.name-1 --json -z {codec}")).success();
    }
    for round in 0..4 {
        let lines: Vec<_> = (0..20).map(|n| format!("k{n}:{round}\n")).collect();
        let lines = lines.concat();
        s.stdin(lines).run("produce settings -K :").success();
        s.run("topics compact settings --roll").success();
    }
    s.stdin("a\nb\nc\nd\n").run("produce trimmed").success();
    s.run("topics trim trimmed --to 3").success();
    s.run("consume orders -g half -n 700").success();
    s.run("consume trimmed settings -g all -e").success();
}

/// The records of a topic as `kaw` reads them from a directory, in the order of the log.
fn records(s: &Sandbox, dir: &Path, topic: &str) -> Vec<Value> {
    let mut found = envelopes(&on(s, dir, &format!("consume {topic} -e --json")));
    found.sort_by_key(|r| (r["partition"].as_i64(), r["offset"].as_i64()));
    found
}

/// Compares what a broker tells of a directory with what `kaw` reads in it; answers the number of
/// records compared.
fn compare(s: &Sandbox, dir: &Path, broker: &Broker) -> usize {
    let mut compared = 0;
    let told = broker.ask(json!({"do": "topics"}));
    for (topic, _) in TOPICS {
        let told = told.as_array().unwrap().iter().find(|told| told["topic"] == topic).unwrap();
        let ours = on(s, dir, &format!("topics describe {topic} --json")).items().next().unwrap();
        assert_eq!(told["id"], ours["id"], "{topic}");
        let partitions = ours["partitions"].as_array().unwrap();
        assert_eq!(told["partitions"].as_array().unwrap().len(), partitions.len(), "{topic}");
        for (spec, field) in [("start", "start_offset"), ("end", "end_offset")] {
            let told = broker.ask(json!({"do": "offsets", "topic": topic, "spec": spec}));
            let told: Vec<&Value> = told.as_array().unwrap().iter().map(|o| &o["offset"]).collect();
            let ours: Vec<&Value> = partitions.iter().map(|p| &p[field]).collect();
            assert_eq!(told, ours, "{spec} of {topic}");
        }
        let told = broker.ask(json!({"do": "consume", "topic": topic}));
        let told: Vec<Value> =
            told.as_array().unwrap().iter().map(|told| envelope(topic, told)).collect();
        assert_eq!(records(s, dir, topic), told, "{topic}");
        compared += told.len();
    }
    compared
}

/// What a group committed, by the broker.
fn committed(broker: &Broker, group: &str) -> Vec<(String, i64, i64)> {
    let told = broker.ask(json!({"do": "committed", "group": group}));
    let row = |row: &Value| {
        let topic = row["topic"].as_str().unwrap().to_owned();
        (topic, row["partition"].as_i64().unwrap(), row["offset"].as_i64().unwrap())
    };
    let mut rows: Vec<_> = told.as_array().unwrap().iter().map(row).collect();
    rows.sort();
    rows
}

/// The same, by `kaw` on a directory.
fn committed_here(s: &Sandbox, dir: &Path, group: &str) -> Vec<(String, i64, i64)> {
    let row = |row: Value| {
        let topic = row["topic"].as_str().unwrap().to_owned();
        Some((topic, row["partition"].as_i64().unwrap(), row["current_offset"].as_i64()?))
    };
    let mut rows: Vec<_> =
        on(s, dir, &format!("lag {group} --json")).items().filter_map(row).collect();
    rows.sort();
    rows
}

#[test]
fn kafka_adopts_a_copy_of_a_directory_with_all_that_is_in_it() {
    if !Need::Kafka.met() {
        return;
    }
    let s = Sandbox::new();
    fill(&s);
    let ours = s.log_dir();
    let mut broker = Broker::start(&Options::default().adopt(&ours));
    // 1500 + 25 + the 20 last of settings + 1.
    assert_eq!(compare(&s, &ours, &broker), 1546);
    let told = broker.ask(json!({"do": "topics"}));
    let configs = |topic: &str| {
        let found = told.as_array().unwrap().iter().find(|told| told["topic"] == topic);
        found.unwrap()["configs"].clone()
    };
    assert_eq!(configs("orders"), json!({"retention.ms": "-1"}));
    let odd = json!({"retention.ms": "-1", "max.message.bytes": "2000000"});
    assert_eq!(configs("odd.name-1"), odd);
    assert_eq!(configs("settings"), json!({"cleanup.policy": "compact"}));
    for (group, partitions) in [("half", 2), ("all", 2)] {
        let found = committed(&broker, group);
        assert_eq!(found.len(), partitions, "{group}: {found:?}");
        assert_eq!(found, committed_here(&s, &ours, group));
    }
    // It goes on where the directory ended, ...
    let more: Vec<Value> = (0..30)
        .map(|n| json!({"partition": n % 3, "key": "aw==", "value": "dg==", "timestamp": n}))
        .collect();
    let places = broker.ask(json!({"do": "produce", "topic": "orders", "records": more}));
    for (n, place) in places.as_array().unwrap().iter().enumerate() {
        let before = records(&s, &ours, "orders");
        let before = before.iter().filter(|r| r["partition"] == json!(n % 3)).count();
        assert_eq!(place["offset"], json!(before + n / 3));
    }
    let at = json!([{"topic": "orders", "partition": 1, "offset": 7}]);
    broker.ask(json!({"do": "commit", "group": "half", "offsets": at}));
    // ... and what it made of it is read here, while it runs and after it was stopped.
    assert_eq!(compare(&s, &broker.log_dir(), &broker), 1576);
    let half = committed(&broker, "half");
    assert!(half.contains(&("orders".to_owned(), 1, 7)));
    assert_eq!(committed_here(&s, &broker.log_dir(), "half"), half);
    let orders = records(&s, &broker.log_dir(), "orders");
    broker.stop();
    assert_eq!(records(&s, &broker.log_dir(), "orders"), orders);
    assert!(
        !broker
            .log_dir()
            .read_dir()
            .unwrap()
            .flatten()
            .any(|entry| { entry.file_name().to_string_lossy().ends_with("-stray") })
    );
}

#[test]
fn a_broker_and_a_writer_keep_each_other_out_of_a_directory() {
    if !Need::Kafka.met() {
        return;
    }
    let s = Sandbox::new();
    s.run("topics create t -c retention.ms=-1").success();
    let dir = s.log_dir();
    let options = Options::default().adopt(&dir).property("log.dirs", dir.to_str().unwrap());
    let mut broker = Broker::prepared(&options);
    let mut writer = s.spawn("produce t --linger 1ms");
    writer.write(b"a\n");
    while s.run("consume t -e").stdout() != "a\n" {
        std::thread::yield_now();
    }
    let said = broker.refuses_to_start();
    assert!(said.contains("Failed to acquire lock on file .lock"), "{said}");
    writer.write(b"b\n");
    writer.close_stdin();
    writer.finish().success();
    let before = records(&s, &dir, "t");
    assert_eq!(before.len(), 2);
    // Nobody writes: the broker starts, and now kaw is kept out, and reads what is there.
    broker.restart();
    let run = s.stdin("c\n").run("produce t");
    assert!(run.code(5).stderr().contains("Kafka broker"), "{run}");
    s.run("topics create other").code(5);
    let record = json!({"partition": 0, "key": null, "value": "Yw=="});
    broker.ask(json!({"do": "produce", "topic": "t", "records": [record]}));
    let told = broker.ask(json!({"do": "consume", "topic": "t"}));
    let told: Vec<Value> =
        told.as_array().unwrap().iter().map(|told| envelope("t", told)).collect();
    assert_eq!(records(&s, &dir, "t"), told);
    assert_eq!(told[..2], before);
}
