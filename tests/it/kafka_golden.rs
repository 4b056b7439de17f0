//! Owns the making of tests/data/kafka-4.3.1: directories of a real broker, and what it said of
//! them (see tests/data/HOW.md). Leaves the reading of them to `golden`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::broker::{Broker, Options};
use crate::needs::Need;

/// Every codec; its topic has its name.
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of an index is kept: what lies behind is preallocated and empty.
const INDEX_BYTES_KEPT: u64 = 4096;

/// Where golden directories are.
pub fn place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/kafka-4.3.1")
}

/// Produces records with an oracle's words; `more` is added to the question.
fn produce(broker: &Broker, topic: &str, records: &[Value], more: &Value) {
    let mut question = json!({"do": "produce", "topic": topic, "records": records});
    for (name, value) in more.as_object().unwrap() {
        question[name] = value.clone();
    }
    broker.ask(question);
}

/// A record of partition 0, dated by its number.
fn record(n: usize, key: &str, value: &str) -> Value {
    let text = |text: &str| {
        use base64::Engine as _;
        json!(base64::engine::general_purpose::STANDARD.encode(text))
    };
    let time = 1_700_000_000_000 + n as i64 * 1000;
    json!({"partition": 0, "timestamp": time, "key": text(key), "value": text(value)})
}

/// Records with all that may be null, empty or twice.
fn odd_records() -> Vec<Value> {
    let mut records: Vec<Value> =
        (0..6).map(|n| record(n, &format!("key-{n}"), &format!("value {n} ").repeat(20))).collect();
    records[0]["key"] = Value::Null;
    records[1]["value"] = Value::Null;
    records[2]["key"] = json!("");
    records[2]["value"] = json!("");
    records[3]["headers"] = json!([["h", "MQ=="], ["h", "Mg=="], ["", null], ["e", ""]]);
    records[4]["key"] = json!("AP/+gA==");
    records[5]["partition"] = json!(1);
    records
}

/// Topics and what is in them.
fn fill(broker: &Broker) {
    let create = |topic: &str, partitions: i32, configs: Value| {
        broker.ask(json!({
            "do": "create", "topic": topic, "partitions": partitions, "configs": configs,
        }));
    };
    for codec in CODECS {
        create(codec, 2, json!({"compression.type": "producer"}));
        produce(broker, codec, &odd_records(), &json!({"config": {"compression.type": codec}}));
    }
    // A name that ends like a partition.
    create("dotted.name-1", 1, json!({}));
    create("append-time", 1, json!({"message.timestamp.type": "LogAppendTime"}));
    create("segments", 1, json!({"internal.segment.bytes": "1500"}));
    create("trimmed", 1, json!({}));
    let compact = json!({
        "cleanup.policy": "compact", "internal.segment.bytes": "400",
        "min.cleanable.dirty.ratio": "0.01",
    });
    create("compacted", 1, compact);
    for n in 0..30 {
        let key = format!("k{}", n % 4);
        let mut one = record(n, &key, &format!("value {n} of {key}"));
        for topic in ["append-time", "segments", "trimmed"] {
            produce(broker, topic, &[one.clone()], &json!({}));
        }
        if n == 21 {
            one["value"] = Value::Null;
        }
        produce(broker, "compacted", &[one], &json!({}));
    }
    broker.ask(json!({"do": "trim", "topic": "trimmed", "partition": 0, "before": 11}));
    create("transactions", 1, json!({}));
    for (n, end) in
        ["commit", "abort", "commit", "abort", "none", "commit", "open"].iter().enumerate()
    {
        let records: Vec<_> =
            (0..3).map(|i| record(n * 3 + i, end, &format!("{end} {n}.{i}"))).collect();
        let more = if *end == "none" { json!({}) } else { json!({"end": end}) };
        produce(broker, "transactions", &records, &more);
    }
    produce(broker, "transactions", &[record(90, "last", "behind what is open")], &json!({}));
}

/// Groups of both protocols, with and without members.
fn group(broker: &Broker) {
    for protocol in ["classic", "consumer"] {
        for state in ["empty", "stable"] {
            let group = format!("{protocol}-{state}");
            let mut config =
                json!({"group.protocol": protocol, "client.id": format!("{group}-client")});
            if state == "stable" {
                config["group.instance.id"] = json!(format!("{group}-instance"));
            }
            broker.ask(json!({
                "do": "join", "name": group, "group": group, "topics": ["none", "segments"],
                "config": config,
            }));
            let at = json!([
                {"topic": "none", "partition": 0, "offset": 3, "metadata": "a note"},
                {"topic": "segments", "partition": 0, "offset": 12},
            ]);
            broker.ask(json!({"do": "member-commit", "name": group, "offsets": at}));
            if state == "empty" {
                broker.ask(json!({"do": "leave", "name": group}));
            }
        }
    }
    let at = json!([{"topic": "gzip", "partition": 1, "offset": 1}]);
    for name in ["no-members", "deleted"] {
        broker.ask(json!({"do": "commit", "group": name, "offsets": at}));
    }
    broker.ask(json!({"do": "delete-group", "group": "deleted"}));
}

/// What the broker says of all of it.
fn expected(broker: &Broker) -> Value {
    let all = broker.ask(json!({"do": "topics"}));
    let mut topics = Map::new();
    for mut topic in all.as_array().unwrap().iter().cloned() {
        let name = topic["topic"].clone();
        for spec in ["start", "end"] {
            let offsets = broker.ask(json!({"do": "offsets", "topic": name, "spec": spec}));
            topic[spec] = offsets.as_array().unwrap().iter().map(|o| o["offset"].clone()).collect();
        }
        if topic["internal"] == false {
            for isolation in ["read_committed", "read_uncommitted"] {
                let question = json!({"do": "consume", "topic": name, "isolation": isolation});
                topic[isolation] = broker.ask(question);
            }
        }
        topics.insert(name.as_str().unwrap().to_owned(), topic);
    }
    let listed = broker.ask(json!({"do": "groups"}));
    let mut groups = Map::new();
    for group in listed.as_array().unwrap() {
        let id = &group["group"];
        let mut told = broker.ask(json!({"do": "group", "group": id}));
        told["committed"] = broker.ask(json!({"do": "committed", "group": id}));
        groups.insert(id.as_str().unwrap().to_owned(), told);
    }
    json!({"topics": topics, "groups": groups})
}

/// Waits until a small file of the broker has a line that begins so.
fn await_line(broker: &Broker, file: &str, start: &str) {
    let path = broker.log_dir().join(file);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = fs::read_to_string(&path).unwrap_or_default();
        if text.lines().any(|line| line.starts_with(start)) {
            return;
        }
        assert!(Instant::now() < deadline, "{file} has no `{start}`: {text}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Copies a directory, file by file, as it is just now.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to);
            continue;
        }
        // A file that is gone was a temporary one.
        let Ok(mut bytes) = fs::read(&path) else { continue };
        if path.extension().is_some_and(|e| e == "index" || e == "timeindex") {
            bytes.truncate(INDEX_BYTES_KEPT as usize);
        }
        fs::write(&to, bytes).unwrap();
    }
}

#[test]
#[ignore = "it writes tests/data/kafka-4.3.1: see tests/data/HOW.md"]
fn golden_directories_are_made() {
    if !Need::Kafka.met() {
        return;
    }
    let options = Options::default()
        .property("log.retention.ms", "-1")
        .property("log.index.size.max.bytes", "4096")
        .property("log.flush.start.offset.checkpoint.interval.ms", "500")
        .property("replica.high.watermark.checkpoint.interval.ms", "500")
        .property("log.cleaner.backoff.ms", "100")
        .property("log.cleaner.dedupe.buffer.size", "2097152");
    let mut broker = Broker::start(&options);
    fill(&broker);
    group(&broker);
    await_line(&broker, "cleaner-offset-checkpoint", "compacted 0 2");
    await_line(&broker, "log-start-offset-checkpoint", "trimmed 0 11");
    await_line(&broker, "replication-offset-checkpoint", "transactions 0 2");
    let expected = expected(&broker);
    drop(fs::remove_dir_all(place()));
    copy(&broker.log_dir(), &place().join("running"));
    broker.stop();
    copy(&broker.log_dir(), &place().join("stopped"));
    let text = serde_json::to_string_pretty(&expected).unwrap();
    fs::write(place().join("expected.json"), text + "\n").unwrap();
    assert!(place().join("stopped/.kafka_cleanshutdown").exists());
    assert!(!place().join("running/.kafka_cleanshutdown").exists());
}
