//! Owns the tests of what a user may not do on a real broker: it is 7, and one line that names the
//! resource, and a hint with the right that it takes. Leaves logging in to `kafka_security`.

use serde_json::json;

use crate::needs::Need;
use crate::sandbox::{Run, Sandbox};
use crate::secure::{run, shared};

/// Who may do nothing but what a test allows.
const BOB: &str = "tls = false\nsasl = 'PLAIN'\nusername = 'bob'\npassword_env = 'KAFKA_PASSWORD'";

/// Allows Bob operations, by Kafka's names.
fn allow(kind: &str, name: &str, operations: &[&str]) {
    allow_to("bob", kind, name, operations);
}

/// Allows somebody operations.
fn allow_to(user: &str, kind: &str, name: &str, operations: &[&str]) {
    let mut question = json!({"do": "allow", "user": user, "type": kind, "name": name});
    question["operations"] = json!(operations);
    shared().broker.ask(question);
}

/// A topic with one record, on which Bob may do that.
fn topic(name: &str, operations: &[&str]) {
    let broker = &shared().broker;
    broker.ask(json!({"do": "create", "topic": name, "partitions": 1}));
    let records = [json!({"partition": 0, "key": "aw==", "value": "dg=="})];
    broker.ask(json!({"do": "produce", "topic": name, "records": records}));
    allow("TOPIC", name, operations);
}

/// A group that stands at the start of a topic, on which Bob may do that.
fn group(name: &str, of: &str, operations: &[&str]) {
    let at = json!([{"topic": of, "partition": 0, "offset": 0}]);
    shared().broker.ask(json!({"do": "commit", "group": name, "offsets": at}));
    allow("GROUP", name, operations);
}

/// Bob's sandbox.
fn bob() -> Sandbox {
    shared().profile("PLAIN", BOB)
}

/// Checks that a run was refused in one line, with a hint that names the right.
#[track_caller]
fn assert_denied(run: &Run, near: &str, right: &str) {
    run.code(7);
    let stderr = run.stderr();
    let errors: Vec<_> = stderr.lines().filter(|line| line.starts_with("kaw: ")).collect();
    assert_eq!(errors.len(), 1, "{run}");
    assert!(errors[0].contains(near) && errors[0].ends_with(" authorization failed"), "{run}");
    let hint = format!("hint: it takes an ACL that allows {right}");
    assert_eq!(stderr.lines().filter(|line| *line == hint).count(), 1, "no `{hint}` in:\n{run}");
}

#[test]
fn what_is_not_allowed_on_a_topic_is_told() {
    if !Need::Kafka.met() {
        return;
    }
    topic("acl-none", &[]);
    topic("acl-seen", &["DESCRIBE"]);
    topic("acl-write", &["WRITE"]);
    group("acl-topics", "acl-seen", &["READ"]);
    let s = bob();
    let (none, seen) = ("topic `acl-none`: Topic", "topic `acl-seen`: Topic");
    for (words, near, right) in [
        ("topics describe acl-none", none, "Describe on topic `acl-none`"),
        ("produce acl-none", none, "Write on topic `acl-none`"),
        ("produce acl-seen", seen, "Write on the topic"),
        ("produce acl-seen --acks 1", seen, "Write on the topic"),
        ("produce acl-new --create", "topic `acl-new`: Topic", "Write on topic `acl-new`"),
        ("consume acl-none -e", none, "Read on topic `acl-none`"),
        ("consume acl-seen -e", seen, "Read on topic `acl-seen`"),
        ("consume acl-write -e", "`acl-write`: Topic", "Read on topic `acl-write`"),
        ("consume acl-none -g acl-topics", none, "Read on topic `acl-none`"),
        ("consume acl-seen -g acl-topics", seen, "Read on topic `acl-seen`"),
        ("topics create acl-new", "`acl-new`: Topic", "Create on topic `acl-new`"),
        ("topics delete acl-none", "`acl-none`: Topic", "Delete on topic `acl-none`"),
        ("topics delete acl-seen", "`acl-seen`: Topic", "Delete on topic `acl-seen`"),
        ("topics trim acl-seen --to 1", "`acl-seen-0`: Topic", "Delete on topic `acl-seen`"),
        ("bench produce acl-new -n 10", "topic `acl-new`: Topic", "Write on topic `acl-new`"),
    ] {
        assert_denied(&run(&s, words), near, right);
    }
    for what in ["-p 3", "-c retention.ms=1000"] {
        let right = "Alter (AlterConfigs for configs) on topic `acl-seen`";
        assert_denied(&run(&s, &format!("topics alter acl-seen {what}")), "`acl-seen`: T", right);
    }
    let right = "Read, or Write for a target, on topic `acl-none`";
    assert_denied(&run(&s, "copy acl-none acl-write"), none, right);
    // What was refused was not done.
    let left = shared().broker.ask(json!({"do": "consume", "topic": "acl-none"}));
    assert_eq!(left.as_array().unwrap().len(), 1);
    let starts = json!({"do": "offsets", "topic": "acl-seen", "spec": "start"});
    assert_eq!(shared().broker.ask(starts)[0]["offset"], 0);
    // What is allowed is done, and what may not be seen is not listed.
    run(&s, "produce acl-write").success();
    let described = run(&s, "topics describe acl-seen");
    assert!(described.success().stderr().contains("configs of topic `acl-seen` are not known"));
    let listed: Vec<_> = run(&s, "topics list --json").success().items().collect();
    let has = |name: &str| listed.iter().any(|topic| topic["topic"] == name);
    assert!(has("acl-seen") && !has("acl-none"), "{listed:?}");
}

#[test]
fn what_is_not_allowed_on_a_group_is_told() {
    if !Need::Kafka.met() {
        return;
    }
    topic("acl-read", &["READ"]);
    group("acl-hidden", "acl-read", &[]);
    group("acl-shown", "acl-read", &["DESCRIBE"]);
    group("acl-member", "acl-read", &["READ"]);
    let s = bob();
    let (hidden, shown) = ("group `acl-hidden`: Group", "group `acl-shown`: Group");
    for (words, near, right) in [
        ("consume acl-read -g acl-hidden", hidden, "Read on group `acl-hidden`"),
        ("consume acl-read -g acl-shown", shown, "Read on group `acl-shown`"),
        ("groups describe acl-hidden", hidden, "Describe on group `acl-hidden`"),
        ("groups members acl-hidden", hidden, "Describe on group `acl-hidden`"),
        ("groups reset acl-hidden --to start", hidden, "Read on group `acl-hidden`"),
        ("groups skip acl-shown acl-read:0 --execute", shown, "Read on group `acl-shown`"),
        ("groups reset acl-shown --to end --execute", shown, "Read on group `acl-shown`"),
        ("groups delete acl-member", "`acl-member`: Group", "Delete on group `acl-member`"),
        ("groups forget acl-shown --topic acl-read", shown, "Delete on group `acl-shown`"),
        ("lag acl-hidden", "group `acl-hidden`: ", "Describe on group `acl-hidden`"),
    ] {
        assert_denied(&run(&s, words), near, right);
    }
    let protocol = "consume acl-read -g acl-hidden -X group.protocol=consumer";
    assert_denied(&run(&s, protocol), hidden, "Read on group `acl-hidden`");
    // One group that may not be seen does not hide the others.
    let lag = run(&s, "lag acl-member acl-hidden --json");
    assert_eq!(lag.code(3).items().next().unwrap()["lag"], 1);
    assert!(lag.stderr().contains("group `acl-hidden`: Group authorization failed"), "{lag}");
    let listed: Vec<_> = run(&s, "groups list --json").success().items().collect();
    let has = |name: &str| listed.iter().any(|group| group["group"] == name);
    assert!(has("acl-shown") && has("acl-member") && !has("acl-hidden"), "{listed:?}");
    assert_eq!(run(&s, "consume acl-read -g acl-member -e").success().stdout(), "v\n");
    let committed = json!({"do": "committed", "group": "acl-shown"});
    assert_eq!(shared().broker.ask(committed)[0]["offset"], 0);
}

#[test]
fn a_transactional_id_that_is_not_allowed_is_told() {
    if !Need::Kafka.met() {
        return;
    }
    topic("acl-tx", &["WRITE", "READ"]);
    let denied = run(&bob(), "produce acl-tx --transactional-id acl-id");
    assert_denied(&denied, "cannot produce: ", "Write on the transactional id");
    let counts = "read 1 record: 0 persisted, 1 not persisted, 0 maybe persisted";
    assert!(denied.stderr().contains(counts), "{denied}");
    allow("TRANSACTIONAL_ID", "acl-id", &["WRITE", "DESCRIBE"]);
    run(&bob(), "produce acl-tx --transactional-id acl-id").success();
    assert_eq!(run(&bob(), "consume acl-tx -e").success().stdout(), "v\nx\n");
}

#[test]
fn who_may_write_nowhere_gets_no_producer_id() {
    if !Need::Kafka.met() {
        return;
    }
    topic("acl-cluster", &[]);
    allow_to("carol", "TOPIC", "acl-cluster", &["DESCRIBE"]);
    let carol = shared().profile("PLAIN", &BOB.replace("'bob'", "'carol'"));
    let denied = run(&carol, "produce acl-cluster");
    assert_denied(&denied, "record 1: Cluster", "IdempotentWrite on the cluster");
    let denied = run(&carol, "produce acl-cluster --acks 1");
    assert_denied(&denied, "record 1: topic `acl-cluster`: Topic", "Write on the topic");
}
