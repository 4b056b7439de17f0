//! Owns the tests of groups on real brokers: what `kaw` says of them against what Kafka's own
//! client says, and being a member.

use serde_json::{Value, json};

use crate::broker::{Broker, Options};
use crate::needs::Need;
use crate::sandbox::{Run, Sandbox};

/// Runs `kaw` on the shared broker.
fn kaw(words: &str) -> Run {
    let at = Broker::shared().bootstrap();
    Sandbox::new().run(&format!("{words} -b {at} --timeout 20s"))
}

/// The first item of an answer in JSON.
fn items(words: &str) -> Value {
    let answer: Value = serde_json::from_str(&kaw(words).success().stdout()).unwrap();
    answer["items"].clone()
}

/// A topic with so many records in each of two partitions.
fn topic(name: &str, records: usize) {
    let broker = Broker::shared();
    broker.ask(json!({"do": "create", "topic": name, "partitions": 2}));
    let one = |n: usize| json!({"partition": n % 2, "key": "aw==", "value": "dg=="});
    let records: Vec<_> = (0..records * 2).map(one).collect();
    broker.ask(json!({"do": "produce", "topic": name, "records": records}));
}

#[test]
fn states_members_and_commits_are_those_that_kafka_tells() {
    if !Need::Kafka.met() {
        return;
    }
    let broker = Broker::shared();
    topic("kg-a", 5);
    for (kind, protocol) in [("Classic", "classic"), ("Consumer", "consumer")] {
        let group = format!("kg-{protocol}");
        let mut join = json!({"do": "join", "name": group, "group": group, "topics": ["kg-a"]});
        join["config"] = json!({"group.protocol": protocol, "client.id": "c"});
        broker.ask(join);
        let at = json!([{"topic": "kg-a", "partition": 1, "offset": 2, "metadata": "m"}]);
        broker.ask(json!({"do": "member-commit", "name": group, "offsets": at}));
        let theirs = broker.ask(json!({"do": "group", "group": group}));
        let ours = items(&format!("groups describe {group} --json"))[0].clone();
        assert_eq!((&ours["type"], &ours["state"]), (&json!(kind), &json!("Stable")));
        assert_eq!(ours["coordinator"], theirs["coordinator"]);
        let member = items(&format!("groups members {group} --json"))[0].clone();
        assert_eq!(member["consumer_id"], theirs["members"][0]["member"]);
        assert_eq!(member["client_id"], "c");
        assert_eq!(member["assignment"], theirs["members"][0]["assignment"]);
        let listed = items("groups list --state stable --json");
        let listed = listed.as_array().unwrap().iter().find(|g| g["group"] == json!(group));
        assert_eq!(listed.unwrap()["members"], 1);
        let lags = items(&format!("lag {group} --json"));
        assert_eq!((&lags[0]["lag"], &lags[1]["lag"]), (&json!(5), &json!(3)));
        kaw(&format!("groups reset {group} --to start --execute")).code(3);
        broker.ask(json!({"do": "leave", "name": group}));
        let ours = items(&format!("groups describe {group} --json"))[0].clone();
        assert_eq!(ours["state"], "Empty");
        kaw(&format!("groups reset {group} --to end --execute")).success();
        let committed = broker.ask(json!({"do": "committed", "group": group}));
        assert_eq!(committed[0]["offset"], 5);
        let listed = items("groups list --json");
        let listed = listed.as_array().unwrap();
        let listed = listed.iter().find(|g| g["group"] == json!(group)).unwrap();
        assert_eq!((&listed["type"], &listed["members"]), (&json!(kind), &json!(0)));
        kaw(&format!("groups delete {group}")).success();
        kaw(&format!("groups describe {group}")).code(8);
    }
}

#[test]
fn a_member_reads_to_the_end_and_goes_on_where_it_stopped() {
    if !Need::Kafka.met() {
        return;
    }
    topic("kg-m", 50);
    for (group, more) in [("kg-m1", ""), ("kg-m2", " -X group.protocol=consumer")] {
        let consume = format!("consume kg-m -g {group} -e -f '%p %o\\n'{more}");
        let run = kaw(&consume);
        assert_eq!(run.success().stdout().lines().count(), 100, "{}", run.stderr());
        assert_eq!(kaw(&consume).success().stdout(), "");
        let committed = Broker::shared().ask(json!({"do": "committed", "group": group}));
        assert_eq!((&committed[0]["offset"], &committed[1]["offset"]), (&json!(50), &json!(50)));
        kaw(&format!("groups reset {group} --to 40 --execute")).success();
        assert_eq!(kaw(&consume).success().stdout().lines().count(), 20);
    }
    let run = kaw("consume kg-m -g kg-m3 -e --assignor sticky");
    assert!(run.code(2).stderr().contains("cooperative-sticky"));
}

#[test]
fn an_open_transaction_is_not_waited_for() {
    if !Need::Kafka.met() {
        return;
    }
    topic("kg-t", 3);
    let records = [json!({"partition": 0, "key": "aw==", "value": "dg=="})];
    let broker = Broker::shared();
    broker.ask(json!({"do": "produce", "topic": "kg-t", "records": records, "end": "open"}));
    assert_eq!(kaw("consume kg-t -e -f '%o\\n'").success().stdout().lines().count(), 6);
    let run = kaw("consume kg-t -g kg-t -e -f '%o\\n'");
    assert_eq!(run.success().stdout().lines().count(), 6);
    let lag = |more: &str| items(&format!("lag kg-t --json{more}"))[0]["lag"].clone();
    assert_eq!((lag(""), lag(" --isolation read-committed")), (json!(1), json!(0)));
    assert_eq!(items("lag kg-t --json --exact")[0]["records"], 1);
}

#[test]
fn partitions_are_shared_with_members_of_kafkas_own_client() {
    if !Need::Kafka.met() {
        return;
    }
    topic("kg-s", 20);
    let broker = Broker::shared();
    for (protocol, more) in [("classic", ""), ("consumer", " -X group.protocol=consumer")] {
        let group = format!("kg-s-{protocol}");
        let mut join = json!({"do": "join", "name": group, "group": group, "topics": ["kg-s"]});
        join["config"] = json!({"group.protocol": protocol});
        broker.ask(join);
        let run = kaw(&format!("consume kg-s -g {group} -n 20 -f '%p\\n'{more}"));
        let lines: Vec<_> = run.success().stdout().lines().map(str::to_owned).collect();
        assert!(lines.len() == 20 && lines.iter().all(|p| *p == lines[0]), "{}", run.stderr());
        assert!(!run.stderr().contains("members"), "{}", run.stderr());
        broker.ask(json!({"do": "leave", "name": group}));
    }
    let at = broker.bootstrap();
    let words = format!("consume kg-s -g kg-x -e -b {at} --batch 10 --exec true");
    Sandbox::new().run(&words).success();
    let committed = broker.ask(json!({"do": "committed", "group": "kg-x"}));
    assert_eq!((&committed[0]["offset"], &committed[1]["offset"]), (&json!(20), &json!(20)));
}

/// librdkafka can neither list nor describe them: what is there is shown as far as it is known,
/// and nothing is made up.
#[test]
fn a_share_group_is_neither_classic_nor_dead() {
    if !Need::Kafka.met() {
        return;
    }
    topic("kg-share", 1);
    let (broker, group) = (Broker::shared(), "kg-sharing");
    let topics = json!(["kg-share"]);
    broker
        .ask(json!({"do": "join", "name": group, "group": group, "topics": topics, "share": true}));
    let listed = items("groups list --json");
    let listed = listed.as_array().unwrap().iter().find(|one| one["group"] == group).unwrap();
    assert_eq!((&listed["type"], &listed["state"]), (&json!("Unknown"), &json!("Unknown")));
    assert_eq!(listed["members"], Value::Null);
    let words = [
        format!("groups describe {group}"),
        format!("groups members {group}"),
        format!("groups reset {group} --to start --topic kg-share --execute"),
        format!("lag {group}"),
    ];
    for words in words {
        let run = kaw(&words);
        assert!(run.code(2).stderr().contains("of share consumers or streams"), "{run}");
    }
    broker.ask(json!({"do": "leave", "name": group}));
}

/// Markers of transactions, and records that were taken back, are no lag: a group that has read all
/// is at the end, as with Kafka's own consumer.
#[test]
fn a_group_is_at_the_end_of_transactions() {
    if !Need::Kafka.met() {
        return;
    }
    let broker = Broker::shared();
    broker.ask(json!({"do": "create", "topic": "kg-ends", "partitions": 1}));
    let records = |n: usize| (0..n).map(|_| json!({"value": "dg=="})).collect::<Vec<_>>();
    let mut offset = 0;
    for (round, end) in ["commit", "abort", "commit"].into_iter().enumerate() {
        broker
            .ask(json!({"do": "produce", "topic": "kg-ends", "records": records(10), "end": end}));
        offset += 11;
        for more in ["", " -X group.protocol=consumer"] {
            let group = format!("kg-ends{}", more.len());
            let run = kaw(&format!("consume kg-ends -e -g {group}{more}"));
            let lines = if end == "abort" { 0 } else { 10 };
            assert_eq!(run.success().stdout().lines().count(), lines, "{round} {run}");
            let committed = broker.ask(json!({"do": "committed", "group": group}));
            assert_eq!(committed[0]["offset"], json!(offset), "{round} {committed} {run}");
            assert_eq!(items(&format!("lag {group} --json"))[0]["lag"], json!(0));
        }
    }
}

#[test]
fn the_newer_protocol_is_refused_where_brokers_do_not_know_it() {
    if !Need::Kafka.met() || !Need::OldKafka.met() {
        return;
    }
    let broker = Broker::start(&Options { line: Some("3.9"), ..Options::default() });
    let (at, sandbox) = (broker.bootstrap(), Sandbox::new());
    broker.ask(json!({"do": "create", "topic": "t", "partitions": 1}));
    sandbox.stdin("a\n").run(&format!("produce t -b {at}")).success();
    let newer = "-X group.protocol=consumer";
    for words in ["consume t -e -g g", "consume t -n 1 -g g"] {
        let run = sandbox.run(&format!("{words} {newer} -v --timeout 1m -b {at}"));
        let stderr = run.code(2).stderr();
        let told = "kaw: cannot consume: group `g`: the brokers do not support \
                    `group.protocol=consumer`\nhint: leave out `-X group.protocol=consumer`\n";
        assert!(stderr.contains(told), "{stderr}");
        // What is logged to find that out is nothing that anybody has asked for.
        assert!(!stderr.contains("CGRP"), "{stderr}");
    }
    let run = sandbox.run(&format!("consume t -e -g g -b {at}"));
    assert_eq!(run.success().stdout(), "a\n");
}

#[test]
fn who_waits_for_a_share_is_not_taken_for_stuck() {
    if !Need::Kafka.met() {
        return;
    }
    topic("held", 3);
    let (at, sandbox) = (Broker::shared().bootstrap(), Sandbox::new());
    // It lets go of nothing before its command has ended.
    let words = "consume held -g held --batch 1 --exec sh -c 'head -c 1; echo; sleep 4'";
    let mut first = sandbox.spawn(&words.replace("--exec", &format!("-b {at} --exec")));
    first.next_line().expect("a batch has begun");
    let second = sandbox.run(&format!("consume held -e -g held --timeout 1s -b {at}"));
    assert!(!second.success().stdout().is_empty(), "{second}");
    first.signal("INT");
    first.finish().code(130);
}
