//! Owns the reading of logs of brokers before Kafka 0.11, in the message formats 0 and 1: what
//! `kaw` makes of tests/data/kafka-legacy is compared with what Kafka's own reader made of it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::broker::{java, libs};
use crate::golden::{envelope, envelopes};
use crate::needs::Need;
use crate::sandbox::Sandbox;

/// Where the logs are.
fn place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/kafka-legacy")
}

/// What Kafka's reader said, by topic.
fn expected() -> serde_json::Map<String, Value> {
    let text = fs::read(place().join("expected.json")).unwrap();
    serde_json::from_slice::<Value>(&text).unwrap().as_object().unwrap().clone()
}

/// A record as Kafka told it, in the envelope of `kaw`; format 0 has no times.
fn wanted(topic: &str, told: &Value) -> Value {
    let mut told = told.clone();
    let is_without_time = told["timestamp_type"] == "NoTimestampType";
    if is_without_time {
        told["timestamp_type"] = json!("CreateTime");
    }
    let mut wanted = envelope(topic, &told);
    if is_without_time {
        wanted["timestamp"] = Value::Null;
    }
    wanted
}

#[test]
fn messages_of_old_formats_are_those_that_kafka_reads() {
    let s = Sandbox::new();
    let dir = place().display().to_string();
    let mut compared = 0;
    for (topic, told) in expected() {
        let told: Vec<Value> =
            told.as_array().unwrap().iter().map(|told| wanted(&topic, told)).collect();
        let run = s.run_with(["consume", &topic, "-e", "--json", "-d", &dir]);
        let found = envelopes(run.success());
        assert_eq!(found, told, "{topic}");
        compared += told.len();
        // From the middle of a set, to the middle of a set.
        for (from, to) in [(3, 23), (21, 22), (5, 6), (6, 20), (0, 1)] {
            let range = format!("{from}:{to}");
            let run = s.run_with(["consume", &topic, "-o", &range, "--json", "-d", &dir]);
            let found = envelopes(run.success());
            let within = |r: &&Value| (from..to).contains(&r["offset"].as_i64().unwrap());
            let told: Vec<Value> = told.iter().filter(within).cloned().collect();
            assert_eq!(found, told, "{topic} {range}");
        }
        let run = s.run_with(["topics", "describe", &topic, "--json", "-d", &dir]);
        let described = run.success().items().next().unwrap()["partitions"][0].clone();
        assert_eq!(described["end_offset"], 26, "{topic}");
        // A compressed message has the largest timestamp of those in it.
        assert_eq!(described["first_timestamp"], told[0]["timestamp"], "{topic}");
        let run = s.run_with(["topics", "verify", &topic, "--json", "-d", &dir]);
        let counted = run.success().items().find(|row| row["records"] != Value::Null).unwrap();
        assert_eq!(
            (&counted["result"], &counted["records"]),
            (&json!("whole"), &json!(told.len()))
        );
    }
    assert_eq!(compared, 9 * 12);
}

#[test]
fn damage_in_messages_of_old_formats_is_told() {
    let s = Sandbox::new();
    s.damaged();
    let dir = s.path("old");
    let part = dir.join("v1-gzip-0");
    fs::create_dir_all(&part).unwrap();
    fs::copy(place().join("meta.properties"), dir.join("meta.properties")).unwrap();
    let log = "00000000000000000000.log";
    let mut bytes = fs::read(place().join("v1-gzip-0").join(log)).unwrap();
    let second = 12 + u32::from_be_bytes(*bytes[8..].first_chunk().unwrap()) as usize;
    bytes[second + 30] ^= 1;
    fs::write(part.join(log), &bytes).unwrap();
    // The log goes on, so that this is no torn tail.
    fs::write(part.join("00000000000000000026.log"), "").unwrap();
    let dir = dir.display().to_string();
    let run = s.run_with(["consume", "v1-gzip", "-e", "-f", "%o ", "-d", &dir]);
    run.code(4);
    assert_eq!(run.stdout(), "0 1 2 3 4 ");
    let place = format!("{log} is damaged at byte {second} (offset 5): key and value");
    assert!(run.stderr().contains(&place), "{run}");
}

#[test]
#[ignore = "it writes tests/data/kafka-legacy: see tests/data/HOW.md"]
fn golden_messages_of_old_formats_are_made() {
    if !Need::Kafka.met() {
        return;
    }
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut command = java("Legacy.java", &libs(None), "-Xmx200m", tmp);
    assert!(command.arg(place()).status().unwrap().success());
}
