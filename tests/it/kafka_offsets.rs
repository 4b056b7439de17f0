//! Owns the comparison of offsets on a real broker with what Kafka's own client says: by time, in a
//! log whose start was cut off, and of a group that rebalances.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::broker::Broker;
use crate::needs::Need;
use crate::sandbox::{Run, Sandbox};

/// The time of the first record of a topic.
const BEGIN: i64 = 1_700_000_000_000;

/// Runs `kaw` on the shared broker.
fn kaw(words: &str) -> Run {
    let at = Broker::shared().bootstrap();
    Sandbox::new().run(&format!("{words} -b {at} --timeout 20s"))
}

/// A topic of two partitions with ten records, a second from each other, in turns.
fn topic(name: &str) {
    let broker = Broker::shared();
    // Records of 2023 would be gone when the broker happens to look for old ones.
    let configs = json!({"retention.ms": "-1"});
    broker.ask(json!({"do": "create", "topic": name, "partitions": 2, "configs": configs}));
    let record = |n: i64| {
        let time = BEGIN + n * 1000;
        json!({"partition": n % 2, "key": "aw==", "value": "dg==", "timestamp": time})
    };
    let records: Vec<_> = (0..10).map(record).collect();
    broker.ask(json!({"do": "produce", "topic": name, "records": records}));
}

/// What Kafka's client says of both partitions; -1 where no record is that late.
fn theirs(topic: &str, spec: &Value) -> Vec<i64> {
    let spec = spec.as_i64().map_or_else(|| spec.clone(), |ms| json!(ms.to_string()));
    let told = Broker::shared().ask(json!({"do": "offsets", "topic": topic, "spec": spec}));
    told.as_array().unwrap().iter().map(|of| of["offset"].as_i64().unwrap()).collect()
}

/// The values under `key` of the rows of both partitions, by partition.
fn ours(words: &str, key: &str) -> Vec<i64> {
    let mut rows: Vec<_> = kaw(&format!("{words} --json")).success().items().collect();
    rows.sort_by_key(|row| row["partition"].as_i64());
    rows.iter().map(|row| row[key].as_i64().unwrap()).collect()
}

/// Waits until Kafka's client says that a group is in a state.
fn await_state(group: &str, state: &str) {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let told = Broker::shared().ask(json!({"do": "group", "group": group}));
        if told["state"] == state {
            return;
        }
        assert!(Instant::now() < until, "{group} is not {state}: {told}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn offsets_by_time_are_kafkas() {
    if !Need::Kafka.met() {
        return;
    }
    topic("ko-time");
    for after in [-5000, 0, 1, 999, 1000, 3000, 3001, 8000, 8500, 9000] {
        let time = BEGIN + after;
        let ends = theirs("ko-time", &json!("end"));
        let expected: Vec<_> = theirs("ko-time", &json!(time))
            .into_iter()
            .zip(ends)
            // Where no record is that late, a reader begins at the end.
            .map(|(offset, end)| if offset < 0 { end } else { offset })
            .collect();
        let words = format!("groups reset ko-time --topic ko-time --to @{time}");
        assert_eq!(ours(&words, "new_offset"), expected, "{after}");
        let read = kaw(&format!("consume ko-time -o @{time}:end -f '%p %o\\n'")).success().stdout();
        let mut read: Vec<_> = read.lines().map(str::to_owned).collect();
        read.sort();
        let all = expected.iter().enumerate();
        let all: Vec<_> = all
            .flat_map(|(p, &from)| (from..5).map(move |offset| format!("{p} {offset}")))
            .collect();
        assert_eq!(read, all, "{after}");
    }
}

#[test]
fn a_log_whose_start_was_cut_off_is_told_as_kafka_tells_it() {
    if !Need::Kafka.met() {
        return;
    }
    topic("ko-trim");
    let broker = Broker::shared();
    let at = json!([{"topic": "ko-trim", "partition": 0, "offset": 1},
                    {"topic": "ko-trim", "partition": 1, "offset": 4}]);
    broker.ask(json!({"do": "commit", "group": "ko-trim", "offsets": at}));
    // The one by Kafka's client, the other by ours.
    broker.ask(json!({"do": "trim", "topic": "ko-trim", "partition": 0, "before": 3}));
    assert_eq!(theirs("ko-trim", &json!("start")), [3, 0]);
    kaw("topics trim ko-trim --to 3").success();
    let starts = theirs("ko-trim", &json!("start"));
    assert_eq!(starts, [3, 3]);
    let described = kaw("topics describe ko-trim --json").success().items().next().unwrap();
    let partitions = described["partitions"].as_array().unwrap();
    let start = |of: &Value| of["start_offset"].as_i64().unwrap();
    assert_eq!(partitions.iter().map(start).collect::<Vec<_>>(), starts);
    let read = kaw("consume ko-trim -e -p 0 -f '%o '").success().stdout();
    assert_eq!(read, "3 4 ");
    // A time before the start is at the start.
    let words = format!("groups reset ko-other --topic ko-trim --to @{BEGIN}");
    assert_eq!(ours(&words, "new_offset"), theirs("ko-trim", &json!(BEGIN)));
    // One stands before the start, the other behind it.
    assert_eq!(ours("lag ko-trim", "lag"), [2, 1]);
    let rows: Vec<_> = kaw("lag ko-trim --json").success().items().collect();
    let notes: Vec<_> = rows.iter().map(|row| row["note"].as_str().unwrap_or_default()).collect();
    assert!(notes[0].contains("2 lost to retention") && notes[1].is_empty(), "{notes:?}");
    let run = kaw("consume ko-trim -g ko-trim -e");
    assert!(run.code(8).stderr().contains("out of range"), "{run}");
    let read = kaw("consume ko-trim -g ko-trim -e --on-out-of-range start -f '%p:%o\\n'");
    let mut read: Vec<_> = read.success().stdout().lines().map(str::to_owned).collect();
    read.sort();
    assert_eq!(read, ["0:3", "0:4", "1:4"]);
}

#[test]
fn a_group_that_rebalances_is_told_with_its_lag() {
    if !Need::Kafka.met() {
        return;
    }
    topic("ko-move");
    let broker = Broker::shared();
    let at = json!([{"topic": "ko-move", "partition": 0, "offset": 2},
                    {"topic": "ko-move", "partition": 1, "offset": 5}]);
    broker.ask(json!({"do": "commit", "group": "ko-move", "offsets": at}));
    let (first, second) = (Sandbox::new(), Sandbox::new());
    let member = format!("consume ko-move -g ko-move -b {}", broker.bootstrap());
    let mut standing = first.spawn(&member);
    for _ in 0..3 {
        assert_eq!(standing.next_line().as_deref(), Some("v"));
    }
    let group = || broker.ask(json!({"do": "group", "group": "ko-move"}));
    // It stands still, so who joins waits for it until its session ends.
    standing.signal("STOP");
    let waiting = second.spawn(&member);
    await_state("ko-move", "PreparingRebalance");
    let described = kaw("groups describe ko-move --json").success().items().next().unwrap();
    assert_eq!(described["state"], "PreparingRebalance");
    assert_eq!(described["members"], json!(group()["members"].as_array().unwrap().len()));
    let committed = broker.ask(json!({"do": "committed", "group": "ko-move"}));
    let left = committed.as_array().unwrap().iter().map(|of| 5 - of["offset"].as_i64().unwrap());
    assert_eq!(ours("lag ko-move", "lag"), left.collect::<Vec<_>>());
    assert_eq!(group()["state"], "PreparingRebalance", "it was told while it was so");
    standing.signal("CONT");
    await_state("ko-move", "Stable");
    assert_eq!(group()["members"].as_array().unwrap().len(), 2);
    for member in [standing, waiting] {
        member.signal("INT");
        member.finish().code(130);
    }
    assert_eq!(ours("lag ko-move", "lag"), [0, 0]);
}

#[test]
fn topics_are_listed_while_others_are_deleted() {
    if !Need::Kafka.met() {
        return;
    }
    topic("ko-stay");
    let broker = Broker::shared();
    let over = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..30 {
                let name = format!("ko-go-{n}");
                broker.ask(json!({"do": "create", "topic": name, "partitions": 1}));
                broker.ask(json!({"do": "delete", "topics": [name]}));
            }
            over.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        while !over.load(std::sync::atomic::Ordering::Relaxed) {
            let listed = kaw("topics list --json");
            assert!(listed.success().items().any(|row| row["topic"] == "ko-stay"), "{listed}");
        }
    });
}

#[test]
fn a_partition_that_is_not_there_is_told_as_on_a_directory() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, s) = (Broker::shared(), Sandbox::new());
    broker.ask(json!({"do": "create", "topic": "ko-few", "partitions": 4}));
    s.run("topics create ko-few -p 4").success();
    let remote = format!("-b {}", broker.bootstrap());
    for target in ["", &remote] {
        s.stdin("x\n").run(&format!("produce ko-few {target}")).success();
        s.run(&format!("consume ko-few -e -g ko-few {target}")).success();
    }
    let words = [
        "consume ko-few -p 5 -e",
        "consume ko-few -p 1-9 -e",
        "groups reset ko-few --topic ko-few:9 --to start",
        "groups reset ko-few --topic ko-few:1-9 --to start",
        "groups skip ko-few ko-few:7",
        "groups forget ko-few --topic ko-few:9",
    ];
    for words in words {
        let (here, there) = (s.run(words), s.run(&format!("{words} {remote}")));
        assert!(here.stderr().contains("partition") || here.stderr().contains("nothing for"));
        let told = |run: &Run| (run.status(), run.stderr());
        assert_eq!(told(&there), told(&here), "{words}");
    }
}

/// What a hint says can be run as it stands, on the same target.
#[test]
fn hints_name_the_target_that_the_command_line_named() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, s) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    broker.ask(json!({"do": "create", "topic": "ko-undo", "partitions": 1}));
    s.stdin("x\ny\n").run(&format!("produce ko-undo -b {at}")).success();
    s.run(&format!("consume ko-undo -e -g ko-undo -b {at}")).success();
    let reset = s.run(&format!("groups reset ko-undo --to start --execute -b {at}"));
    let told = reset.success().stderr();
    let undo = told.lines().find_map(|line| line.strip_prefix("undo: `kaw ")).unwrap();
    s.run(undo.trim_end_matches('`')).success();
    let committed = broker.ask(json!({"do": "committed", "group": "ko-undo"}));
    assert_eq!(committed[0]["offset"], 2);
    let missing = s.stdin("x\n").run(&format!("produce nowhere-to-be-seen -b {at}"));
    let hint = format!(
        "hint: `--create` makes it, as does `kaw -b {at} topics create nowhere-to-be-seen`"
    );
    assert!(missing.code(8).stderr().contains(&hint), "{missing}");
}
