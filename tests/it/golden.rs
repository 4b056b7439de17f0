//! Owns the reading of a real broker's directories: what `kaw` makes of tests/data is compared with
//! what the broker itself said, record for record. Leaves the making of them to `kafka_golden`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::kafka_golden::place;
use crate::sandbox::{Run, Sandbox};

/// Both copies: while the broker ran, and after it was stopped.
const COPIES: [&str; 2] = ["running", "stopped"];

/// What the broker said.
fn expected() -> Value {
    serde_json::from_slice(&fs::read(place().join("expected.json")).unwrap()).unwrap()
}

/// Runs `kaw` on a golden directory, which must be as it was afterwards.
fn run(s: &Sandbox, copy: &str, words: &str) -> Run {
    let dir = place().join(copy);
    let before = files(&dir);
    let mut args = vec!["-d".to_owned(), dir.display().to_string()];
    args.extend(words.split(' ').map(str::to_owned));
    // For the verb that reads some; the others do not.
    let run = s.stdin("a record\n").run_with(args);
    assert!(files(&dir) == before, "`{words}` changed {copy}");
    run
}

/// Every file of a directory with its bytes.
pub fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

/// The envelopes that a run printed, one on each line.
#[track_caller]
pub fn envelopes(run: &Run) -> Vec<Value> {
    run.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Bytes as the oracle tells them, in the envelope of `kaw`: text where they are.
fn put_bytes(envelope: &mut Value, name: &str, told: &Value) {
    let Some(base64) = told.as_str() else {
        envelope[name] = Value::Null;
        return;
    };
    match String::from_utf8(STANDARD.decode(base64).unwrap()) {
        Ok(text) => envelope[name] = json!(text),
        Err(_) => envelope[format!("{name}_base64")] = json!(base64),
    }
}

/// A record as the broker told it, in the envelope of `kaw`.
pub fn envelope(topic: &str, told: &Value) -> Value {
    let time = jiff::Timestamp::from_millisecond(told["timestamp"].as_i64().unwrap()).unwrap();
    let kind = match told["timestamp_type"].as_str().unwrap() {
        "CreateTime" => "create",
        "LogAppendTime" => "log-append",
        other => panic!("{other}"),
    };
    let header = |header: &Value| {
        let mut value = json!({});
        put_bytes(&mut value, "v", &header[1]);
        json!([header[0], value["v"]])
    };
    let headers: Vec<Value> = told["headers"].as_array().unwrap().iter().map(header).collect();
    let mut record = json!({
        "topic": topic, "partition": told["partition"], "offset": told["offset"],
        "timestamp": format!("{time:.3}"), "timestamp_type": kind, "headers": headers,
    });
    put_bytes(&mut record, "key", &told["key"]);
    put_bytes(&mut record, "value", &told["value"]);
    record
}

#[test]
fn records_are_those_that_the_broker_told() {
    let (s, expected) = (Sandbox::new(), expected());
    let mut compared = 0;
    for copy in COPIES {
        for (topic, told) in expected["topics"].as_object().unwrap() {
            let Some(records) = told["read_committed"].as_array() else { continue };
            let run = run(&s, copy, &format!("consume {topic} -e --json"));
            let mut found: Vec<Value> = run
                .success()
                .stdout()
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            found.sort_by_key(|r| (r["partition"].as_i64(), r["offset"].as_i64()));
            let wanted: Vec<Value> = records.iter().map(|told| envelope(topic, told)).collect();
            assert_eq!(found, wanted, "{topic} of {copy}");
            compared += wanted.len();
        }
    }
    // Of each copy: 30 for each codec's six, and what else there is.
    assert_eq!(compared, 2 * 127);
}

#[test]
fn topics_have_their_ids_and_ends() {
    let (s, expected) = (Sandbox::new(), expected());
    for copy in COPIES {
        let told = expected["topics"].as_object().unwrap();
        let listed = run(&s, copy, "topics list --json").items().count();
        assert_eq!(listed, told.len(), "{copy}");
        let names: Vec<&str> = told.keys().map(String::as_str).collect();
        let words = format!("topics describe {} --json", names.join(" "));
        let found: Vec<Value> = run(&s, copy, &words).items().collect();
        assert_eq!(found.len(), told.len(), "{copy}");
        for topic in &found {
            let name = topic["topic"].as_str().unwrap();
            let told = &told[name];
            assert_eq!((&topic["id"], &topic["internal"]), (&told["id"], &told["internal"]));
            assert_eq!(topic["configs"], told["configs"], "{name} of {copy}");
            let column = |field: &str| -> Value {
                let partitions = topic["partitions"].as_array().unwrap();
                partitions.iter().map(|partition| partition[field].clone()).collect()
            };
            assert_eq!(column("start_offset"), told["start"], "{name} of {copy}");
            for of_node in column("leader").as_array().unwrap() {
                assert_eq!(*of_node, 1, "{name} of {copy}");
            }
            // A shutdown may write to the logs of coordinators.
            if topic["internal"] == false {
                assert_eq!(column("end_offset"), told["end"], "{name} of {copy}");
            }
        }
    }
}

#[test]
fn groups_are_those_that_the_broker_told() {
    let (s, expected) = (Sandbox::new(), expected());
    let told = expected["groups"].as_object().unwrap();
    assert_eq!(told.len(), 5);
    for copy in COPIES {
        let listed: Vec<Value> = run(&s, copy, "groups list --json").items().collect();
        let wanted = |(id, told): (&String, &Value)| {
            let members = told["members"].as_array().unwrap().len();
            json!({"group": id, "type": told["type"], "state": told["state"], "members": members})
        };
        assert_eq!(listed, told.iter().map(wanted).collect::<Vec<_>>(), "{copy}");
        for (id, told) in told {
            let members: Vec<Value> =
                run(&s, copy, &format!("groups members {id} --json")).items().collect();
            let wanted = |told: &Value| {
                json!({
                    "group": id, "consumer_id": told["member"], "instance_id": told["instance"],
                    "host": told["host"], "client_id": told["client"],
                    "partitions": told["assignment"].as_array().unwrap().len(),
                    "assignment": told["assignment"].as_array().unwrap().iter().map(|tp| {
                        json!({"topic": tp["topic"], "partition": tp["partition"]})
                    }).collect::<Vec<_>>(),
                })
            };
            let wanted: Vec<_> = told["members"].as_array().unwrap().iter().map(wanted).collect();
            assert_eq!(members, wanted, "{id} of {copy}");
        }
    }
}

#[test]
fn lag_is_the_brokers_end_less_the_brokers_commit() {
    let (s, expected) = (Sandbox::new(), expected());
    for copy in COPIES {
        let rows: Vec<Value> = run(&s, copy, "lag --json").items().collect();
        let mut committed = 0;
        for row in &rows {
            let (topic, partition) = (row["topic"].as_str().unwrap(), &row["partition"]);
            let told = &expected["groups"][row["group"].as_str().unwrap()];
            let commit = told["committed"]
                .as_array()
                .unwrap()
                .iter()
                .find(|commit| commit["topic"] == topic && commit["partition"] == *partition);
            let of = &expected["topics"][topic];
            let at = partition.as_u64().unwrap() as usize;
            let (start, end) = (&of["start"][at], &of["end"][at]);
            assert_eq!((&row["log_start_offset"], &row["log_end_offset"]), (start, end), "{row}");
            let from = commit.map_or(start, |commit| &commit["offset"]);
            let lag = end.as_i64().unwrap() - from.as_i64().unwrap();
            assert_eq!(row["lag"], lag, "{row}");
            let current = commit.map_or(Value::Null, |commit| commit["offset"].clone());
            assert_eq!(row["current_offset"], current, "{row}");
            committed += usize::from(commit.is_some());
        }
        assert_eq!((rows.len(), committed), (11, 9), "{copy}");
    }
}

#[test]
fn a_brokers_directory_is_not_written() {
    let s = Sandbox::new();
    for words in [
        "topics create new",
        "topics delete none",
        "topics alter none -p 5",
        "topics trim none --to end",
        "groups reset no-members --to start --execute",
        "produce none",
        "groups delete no-members",
        "consume none -g new -n 1",
    ] {
        for copy in COPIES {
            let run = run(&s, copy, words);
            run.code(5);
            assert!(run.stderr().contains("it is a Kafka broker's directory"), "{run}");
        }
    }
    // Who follows one finds nothing to write there either.
    run(&s, "running", "consume none -n 2").success();
}

#[test]
fn the_high_watermark_is_what_the_broker_noted_and_reading_goes_beyond_it() {
    let s = Sandbox::new();
    s.damaged();
    let partition = |copy: &str, topic: &str| -> Value {
        let run = run(&s, copy, &format!("topics describe {topic} --json"));
        run.success().items().next().unwrap()["partitions"][0].clone()
    };
    for copy in COPIES {
        let found = partition(copy, "segments");
        assert_eq!((&found["high_watermark"], &found["end_offset"]), (&json!(30), &json!(30)));
    }
    fs::create_dir_all(s.log_dir().join("segments-0")).unwrap();
    for (path, bytes) in files(&place().join("stopped/segments-0")) {
        fs::write(s.log_dir().join("segments-0").join(path.file_name().unwrap()), bytes).unwrap();
    }
    fs::write(s.log_dir().join("meta.properties"), "version=1\nnode.id=1\n").unwrap();
    let warning = "segments-0: from offset 20 on records are above the high watermark";
    for (noted, mark, warns) in [
        (Some("0\n1\nsegments 0 20\n"), json!(20), true),
        (Some("0\n1\nsegments 0 99\n"), json!(30), false),
        (Some("0\n1\nother 0 20\n"), Value::Null, false),
        (Some("no checkpoint"), Value::Null, false),
        (None, Value::Null, false),
    ] {
        let path = s.log_dir().join("replication-offset-checkpoint");
        match noted {
            Some(text) => fs::write(path, text).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
        let item = s.run("topics describe segments --json").success().items().next().unwrap();
        assert_eq!(item["partitions"][0]["high_watermark"], mark, "{noted:?}");
        for options in ["-e", "-e --merge"] {
            let run = s.run(&format!("consume segments {options}"));
            assert_eq!(run.success().stdout().lines().count(), 30, "{run}");
            assert_eq!(run.stderr().contains(warning), warns, "{run}");
        }
    }
}
