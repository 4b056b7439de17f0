//! Owns `kaw bench` on a real broker: that its numbers are the broker's, and that it sees what goes
//! wrong there. Leaves what it does on a directory to `bench`.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bench::{brief, count, measured, number};
use crate::broker::{Broker, Options};
use crate::needs::Need;
use crate::sandbox::Sandbox;

/// The end of a topic with one partition, by Kafka's own client, and when that was seen.
fn end_of(broker: &Broker, topic: &str) -> (u64, Instant) {
    let before = Instant::now();
    let ends = broker.ask(json!({"do": "offsets", "topic": topic, "spec": "end"}));
    (ends[0]["offset"].as_u64().unwrap(), before + before.elapsed() / 2)
}

/// The same, once there are so many records.
fn await_end(broker: &Broker, topic: &str, least: u64) -> (u64, Instant) {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        let (end, seen) = end_of(broker, topic);
        if end >= least {
            return (end, seen);
        }
        assert!(Instant::now() < patience, "`{topic}` never had {least} records");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn throughput_is_what_the_broker_grows_by() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, s) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    broker.ask(json!({"do": "create", "topic": "kbe-rate", "partitions": 1}));
    let words = "bench produce kbe-rate --rate 5k/s --duration 3s --warmup 500ms --json";
    let running = s.spawn(&format!("{words} -b {at}"));
    let (first, then) = await_end(broker, "kbe-rate", 4000);
    let (last, now) = await_end(broker, "kbe-rate", 13_000);
    let run = running.finish();
    let told = measured(run.success());
    let seen = (last - first) as f64 / (now - then).as_secs_f64();
    let rate = number(&told, "records_per_s");
    assert!((rate / seen - 1.0).abs() < 0.05, "told {rate}, seen {seen}");
    assert_eq!(end_of(broker, "kbe-rate").0, count(&told, "records_all"));
}

/// A broker that stands still for so long.
fn stall(broker: &Broker, ms: u64) {
    let signal = |name: &str| {
        let done = Command::new("kill").args([name, &broker.id().to_string()]).status();
        assert!(done.unwrap().success());
    };
    signal("-STOP");
    thread::sleep(Duration::from_millis(ms));
    signal("-CONT");
}

/// As on a directory: a pause of 300 ms delays 300 records at 1000/s, and one of a closed loop.
#[test]
fn a_pause_of_the_broker_is_in_the_tail_at_a_rate() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, s) = (Broker::start(&Options::default()), Sandbox::new());
    let at = broker.bootstrap();
    for topic in ["open", "closed"] {
        broker.ask(json!({"do": "create", "topic": topic, "partitions": 1}));
    }
    let run = |topic: &str, more: &str| {
        let words = format!("bench latency {topic} {more} --duration 3s --warmup 0s --json");
        let running = s.spawn(&format!("{words} -b {at}"));
        await_end(&broker, topic, 200);
        stall(&broker, 300);
        measured(running.finish().success())
    };
    let late = |run: &Value| {
        let late = run["distribution"].as_array().unwrap().iter();
        let late = late.filter(|d| count(d, "us") >= 150_000);
        late.map(|d| count(d, "count")).sum::<u64>()
    };
    let open = run("open", "--rate 1k/s");
    assert!(number(&open, "latency_max_us") >= 250e3, "{}", brief(&open));
    assert!(late(&open) >= 100, "{} of {}", late(&open), brief(&open));
    // The pause delays one, and whatever else a busy machine holds up delays one each.
    let closed = run("closed", "");
    assert!(late(&closed) < late(&open) / 10, "{} of {}", late(&closed), brief(&closed));
}

/// A topic that was made for one run is gone at the next.
#[test]
fn each_run_of_a_matrix_and_of_a_comparison_has_a_topic_of_its_own() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, s) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    let words = "bench matrix kbe-matrix --create -n 500 --acks 1,all -z none,lz4 --warmup 0s";
    let run = s.run(&format!("{words} --json -b {at}"));
    let rows: Vec<Value> = run.success().items().collect();
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|row| count(row, "records") == 500), "{run}");
    let one = |acks: &str| format!("'produce kbe-pair --create -n 500 --acks {acks}'");
    let words = format!("bench compare {} {} --pairs 2 --json -b {at}", one("1"), one("all"));
    let run = s.run(&words);
    assert_eq!(run.success().items().next().unwrap()["metric"], "records_per_s", "{run}");
    assert!(run.stderr().contains("A and B differ in durability (acks 1"), "{run}");
}

#[test]
fn refused_records_are_counted_and_the_others_sent() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, s) = (Broker::shared(), Sandbox::new());
    let configs = json!({"max.message.bytes": "600"});
    let topic = json!({"do": "create", "topic": "kbe-small", "partitions": 1, "configs": configs});
    broker.ask(topic);
    s.run("topics create kbe-small -c max.message.bytes=600").success();
    for target in [format!("-b {}", broker.bootstrap()), String::new()] {
        for more in ["--rate 200/s", ""] {
            let words = "bench latency kbe-small -n 100 --record-size 100:1000 --warmup 0s --json";
            let run = s.run(&format!("{words} {more} {target}"));
            let told = measured(run.code(3));
            let (all, failed) = (count(&told, "records_all"), count(&told, "failed"));
            assert!(all + failed == 100 && failed > 20 && all > 20, "{words} {more} {run}");
            assert_eq!((&told["missing"], &told["ended"]), (&json!(0), &json!("whole")), "{run}");
            assert!(run.stderr().contains("not acknowledged: "), "{run}");
        }
    }
}

#[test]
fn a_bench_says_for_how_long_a_quota_held_it_back() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, sandbox) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    broker.ask(json!({"do": "create", "topic": "kbe-quota", "partitions": 1}));
    // The broker counts over ten seconds, so that 500 kB are free.
    let limits = json!({"producer_byte_rate": 50_000});
    broker.ask(json!({"do": "quota", "client": "kbe-quota", "limits": limits}));
    let bench = format!(
        "bench produce kbe-quota -b {at} --records 800 --record-size 1000 --rate 800/s --warmup 0s \
         --json"
    );
    let throttled = |more: &str| {
        let run = sandbox.run(&format!("{bench} {more}"));
        let run: Value = serde_json::from_str(&run.success().stdout()).unwrap();
        let run = &run["items"][0];
        assert_eq!((&run["records_all"], &run["failed"]), (&json!(800), &json!(0)), "{run}");
        (run["throttled_ms"].as_u64().unwrap(), run["advice"].to_string())
    };
    let (free_ms, advice) = throttled("");
    assert!(free_ms == 0 && !advice.contains("quota"), "{free_ms} {advice}");
    let (held_ms, advice) = throttled("-X client.id=kbe-quota");
    assert!(held_ms > 0 && advice.contains("a quota is the limit"), "{held_ms} {advice}");
}
