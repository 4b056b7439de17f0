//! Owns a cluster of three brokers of which one goes while records flow: leaders and coordinators
//! that move, replicas that are too few, partitions that come, and what is shown of it. Leaves one
//! broker to `kafka_outage`.
//!
//! The tests share the cluster, one after another; each finds all brokers up.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::broker::{Broker, Cluster};
use crate::kafka_outage::{assert_whole, counts};
use crate::needs::Need;
use crate::oracle;
use crate::sandbox::Sandbox;

/// How long the cluster may take to change over.
const PATIENCE: Duration = Duration::from_secs(60);

/// The cluster, with all its brokers up.
fn cluster() -> MutexGuard<'static, Cluster> {
    static SHARED: OnceLock<Mutex<Cluster>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| Mutex::new(Cluster::start(3)));
    let mut cluster = shared.lock().unwrap_or_else(PoisonError::into_inner);
    cluster.nodes.iter_mut().filter(|node| !node.is_up()).for_each(Broker::restart);
    oracle::ask(&cluster.bootstrap(), json!({"do": "ready", "nodes": 3}));
    cluster
}

/// Creates a topic.
fn topic(at: &str, name: &str, partitions: usize, factor: usize, configs: &Value) {
    let question = json!({
        "do": "create", "topic": name, "partitions": partitions, "factor": factor,
        "configs": configs
    });
    oracle::ask(at, question);
    // Each broker learns of it by itself, and it is chance which one is asked.
    let sandbox = Sandbox::new();
    let known = || sandbox.run(&format!("topics describe {name} -b {at}")).status().success();
    wait_for("the topic on every broker", || (0..6).all(|_| known()).then_some(()));
}

/// Waits until `found` finds something.
#[track_caller]
fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < until, "there is never {what}");
        thread::sleep(Duration::from_millis(100));
    }
}

/// What `topics describe` says of the partitions, by its exit code.
fn described(sandbox: &Sandbox, at: &str, words: &str) -> Vec<Value> {
    let run = sandbox.run(&format!("topics describe {words} --json -b {at}"));
    let json = run.success().json();
    json["items"][0]["partitions"].as_array().unwrap().clone()
}

/// The node with this id, by its place.
fn place(id: &Value) -> usize {
    usize::try_from(id.as_u64().unwrap()).unwrap() - 1
}

/// Numbers on lines, below `records`.
fn numbers(records: usize) -> String {
    (0..records).flat_map(|n| [n.to_string(), "\n".to_owned()]).collect()
}

#[test]
fn leaders_and_coordinators_that_move_lose_and_double_nothing() {
    if !Need::Kafka.met() {
        return;
    }
    let (mut cluster, sandbox) = (cluster(), Sandbox::new());
    let at = cluster.bootstrap();
    topic(&at, "moved", 3, 3, &json!({}));
    let records = 12_000;
    let file = sandbox.write("input", numbers(records));
    let words = format!("produce moved --rate 600/s --timeout 1m -b {at} {}", file.display());
    let follow = format!("consume moved -n {records} -f '%p %o %s\\n' -b {at}");
    let followers = [sandbox.spawn(&follow), sandbox.spawn(&format!("{follow} -g moved"))];
    let producer = sandbox.spawn(&words);
    let group = wait_for("a group with a member", || {
        let run = sandbox.run(&format!("groups describe moved --json -b {at}"));
        (run.status().success()).then(|| run.json()["items"][0].clone())
    });
    let leader = described(&sandbox, &at, "moved")[0]["leader"].clone();
    let coordinator = group["coordinator"].clone();
    for id in [leader, coordinator] {
        let node = &mut cluster.nodes[place(&id)];
        node.kill9();
        wait_for("another leader", || {
            let partitions = described(&sandbox, &at, "moved");
            let moved = |p: &Value| p["leader"] != id && !p["leader"].is_null();
            partitions.iter().all(moved).then_some(())
        });
        cluster.nodes[place(&id)].restart();
    }
    let run = producer.finish();
    let all = records as u64;
    assert_eq!(counts(run.success()), [all, all, 0, 0], "{}", run.stderr());
    for follower in followers {
        assert_whole(&follower.finish(), records);
    }
    let lag = sandbox.run(&format!("lag moved --json -b {at}"));
    assert!(lag.success().items().all(|row| row["lag"] == 0), "{}", lag.stdout());
}

#[test]
fn replicas_that_are_too_few_are_told() {
    if !Need::Kafka.met() {
        return;
    }
    let (mut cluster, sandbox) = (cluster(), Sandbox::new());
    let at = cluster.bootstrap();
    topic(&at, "few", 1, 3, &json!({"min.insync.replicas": "3"}));
    topic(&at, "one", 3, 1, &json!({}));
    sandbox.stdin("a\n").run(&format!("produce few -b {at}")).success();
    let leader = described(&sandbox, &at, "few")[0]["leader"].clone();
    let gone = (0..3).find(|node| *node != place(&leader)).unwrap();
    cluster.nodes[gone].kill9();
    wait_for("a replica less", || {
        let partitions = described(&sandbox, &at, "few");
        (partitions[0]["isr"].as_array().unwrap().len() == 2).then_some(())
    });
    let run = sandbox.stdin("b\n").run(&format!("produce few --timeout 3s -b {at}"));
    assert_eq!(counts(run.code(3)), [1, 0, 1, 0], "{}", run.stderr());
    let errors: Vec<_> =
        run.stderr().lines().filter(|line| line.starts_with("kaw: ")).map(str::to_owned).collect();
    assert!(errors.len() == 1 && errors[0].contains("min.insync.replicas"), "{errors:?}");
    // Who wants less gets it; it is read once there are enough.
    sandbox.stdin("c\n").run(&format!("produce few --acks 1 -b {at}")).success();
    assert_shown(&sandbox, &at, &json!(gone + 1));
    cluster.nodes[gone].restart();
    let read = sandbox.run(&format!("consume few -n 2 --timeout 1m -b {at}"));
    assert_eq!(read.success().stdout(), "a\nc\n");
}

/// Checks what is shown while a broker is down, of which `few` has a replica and `one` a leader.
fn assert_shown(sandbox: &Sandbox, at: &str, gone: &Value) {
    let partitions = described(sandbox, at, "few --under-replicated");
    assert_eq!(partitions.len(), 1);
    assert!(!partitions[0]["isr"].as_array().unwrap().contains(gone), "{partitions:?}");
    let run = sandbox.run(&format!("topics list --under-replicated --json -b {at}"));
    let names: Vec<_> = run.success().items().map(|topic| topic["topic"].clone()).collect();
    assert!(names.contains(&json!("few")) && names.contains(&json!("one")), "{names:?}");
    let run = sandbox.run(&format!("topics list --json -b {at}"));
    assert!(run.success().items().any(|topic| topic["topic"] == "one"), "{}", run.stdout());
    let partitions = described(sandbox, at, "one");
    assert_eq!(partitions.len(), 3);
    let (lost, led): (Vec<_>, Vec<_>) = partitions.iter().partition(|p| p["leader"].is_null());
    assert!(lost.len() == 1 && lost[0]["end_offset"].is_null(), "{lost:?}");
    assert!(led.iter().all(|p| p["end_offset"] == 0), "{led:?}");
}

#[test]
fn partitions_that_come_are_read_by_who_follows() {
    if !Need::Kafka.met() {
        return;
    }
    let (cluster, sandbox) = (cluster(), Sandbox::new());
    let at = cluster.bootstrap();
    topic(&at, "grown", 1, 3, &json!({}));
    let mut producer = sandbox.spawn(&format!("produce grown -b {at}"));
    producer.write(b"0\n");
    let follow = format!("consume grown -n 5 -b {at}");
    let mut followers = [sandbox.spawn(&follow), sandbox.spawn(&format!("{follow} -g grown"))];
    for follower in &mut followers {
        assert_eq!(follower.next_line().as_deref(), Some("0"));
    }
    sandbox.run(&format!("topics alter grown -p 3 -b {at}")).success();
    for partition in 0..3 {
        let words = format!("produce grown -p {partition} -b {at}");
        sandbox.stdin(format!("{}\n", partition + 1)).run(&words).success();
    }
    // One that began before goes on.
    producer.write(b"4\n");
    let run = producer.finish();
    assert_eq!(counts(run.success()), [2, 2, 0, 0], "{}", run.stderr());
    for follower in followers {
        let run = follower.finish();
        let mut lines: Vec<_> = run.success().stdout().lines().map(str::to_owned).collect();
        lines.sort();
        assert_eq!(lines, ["1", "2", "3", "4"], "{}", run.stderr());
    }
}
