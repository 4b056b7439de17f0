//! Owns the trial of the test rig itself: brokers start, die and come back, and the oracle tells
//! what is in them. Leaves what `kaw` makes of brokers to others.

use std::path::Path;

use serde_json::{Value, json};

use crate::broker::{Broker, Cluster, Options};
use crate::needs::Need;
use crate::oracle;

/// One record for the oracle, of texts that are base64 already.
fn record(partition: i32, key: &str, value: &str) -> Value {
    json!({"partition": partition, "key": key, "value": value})
}

/// The values of all records of a topic.
fn values(broker: &Broker, topic: &str, isolation: &str) -> Vec<String> {
    let question = json!({"do": "consume", "topic": topic, "isolation": isolation});
    let records = broker.ask(question);
    let value = |record: &Value| record["value"].as_str().unwrap_or("null").to_owned();
    records.as_array().unwrap().iter().map(value).collect()
}

#[test]
fn the_oracle_tells_what_it_wrote() {
    if !Need::Kafka.met() {
        return;
    }
    let broker = Broker::shared();
    // A record of 2023 would be gone when the broker happens to look for old ones.
    let configs = json!({"cleanup.policy": "compact,delete", "retention.ms": "-1"});
    let create = json!({"do": "create", "topic": "ob-a", "partitions": 2, "configs": &configs});
    broker.ask(create);
    let mut odd = record(1, "a2V5", "b25l");
    odd["headers"] = json!([["h", "MQ=="], ["h", null]]);
    odd["timestamp"] = json!(1_700_000_000_000_i64);
    let lz4 = json!({"compression.type": "lz4"});
    broker.ask(json!({"do": "produce", "topic": "ob-a", "records": [odd.clone()], "config": lz4}));
    for (end, value) in [("abort", "Z29uZQ=="), ("commit", "a2VwdA==")] {
        let records = [record(1, "dHg=", value)];
        broker.ask(json!({"do": "produce", "topic": "ob-a", "records": records, "end": end}));
    }
    let all = broker.ask(json!({"do": "consume", "topic": "ob-a"}));
    odd["offset"] = json!(0);
    odd["timestamp_type"] = json!("CreateTime");
    assert_eq!(all[0], odd);
    assert_eq!(values(broker, "ob-a", "read_uncommitted"), ["b25l", "Z29uZQ==", "a2VwdA=="]);
    assert_eq!(values(broker, "ob-a", "read_committed"), ["b25l", "a2VwdA=="]);
    let ends = broker.ask(json!({"do": "offsets", "topic": "ob-a", "spec": "end"}));
    assert_eq!((&ends[0]["offset"], &ends[1]["offset"]), (&json!(0), &json!(5)));
    broker.ask(json!({"do": "trim", "topic": "ob-a", "partition": 1, "before": 1}));
    let starts = broker.ask(json!({"do": "offsets", "topic": "ob-a", "spec": "start"}));
    assert_eq!(starts[1]["offset"], 1);
    let topics = broker.ask(json!({"do": "topics"}));
    let topic = topics.as_array().unwrap().iter().find(|topic| topic["topic"] == "ob-a").unwrap();
    assert_eq!(topic["configs"], configs);
    let (class, _) = broker.try_ask(json!({"do": "delete", "topics": ["ob-none"]})).unwrap_err();
    assert_eq!(class, "UnknownTopicOrPartitionException");
    assert!(broker.log_dir().join("ob-a-1").is_dir());
}

#[test]
fn the_oracle_keeps_members_of_all_three_kinds() {
    if !Need::Kafka.met() {
        return;
    }
    let broker = Broker::shared();
    broker.ask(json!({"do": "create", "topic": "om-a", "partitions": 2}));
    let records = [record(0, "aw==", "dg=="), record(1, "aw==", "dg==")];
    broker.ask(json!({"do": "produce", "topic": "om-a", "records": records}));
    for (kind, protocol) in [("Classic", "classic"), ("Consumer", "consumer")] {
        let group = format!("om-{protocol}");
        let mut join = json!({"do": "join", "name": group, "group": group, "topics": ["om-a"]});
        join["config"] = json!({"group.protocol": protocol, "client.id": "c"});
        let joined = broker.ask(join);
        assert_eq!(joined["assignment"].as_array().unwrap().len(), 2, "{joined}");
        let at = json!([{"topic": "om-a", "partition": 1, "offset": 1, "metadata": "m"}]);
        broker.ask(json!({"do": "member-commit", "name": group, "offsets": at}));
        let told = broker.ask(json!({"do": "group", "group": group}));
        assert_eq!((&told["type"], &told["state"]), (&json!(kind), &json!("Stable")));
        assert_eq!(told["members"][0]["member"], joined["member"]);
        let committed = broker.ask(json!({"do": "committed", "group": group}));
        assert_eq!((&committed[0]["offset"], &committed[0]["metadata"]), (&json!(1), &json!("m")));
        broker.ask(json!({"do": "leave", "name": group}));
        let told = broker.ask(json!({"do": "group", "group": group}));
        assert_eq!(told["state"], "Empty");
    }
    let (name, group) = ("om-s", "om-share");
    broker.ask(
        json!({"do": "join", "name": name, "group": group, "topics": ["om-a"], "share": true}),
    );
    let told = broker.ask(json!({"do": "share-group", "group": group}));
    assert_eq!(told["members"].as_array().unwrap().len(), 1, "{told}");
    broker.ask(json!({"do": "leave", "name": name}));
    let groups = broker.ask(json!({"do": "groups"}));
    let ids: Vec<_> = groups.as_array().unwrap().iter().map(|g| g["group"].as_str()).collect();
    for id in ["om-classic", "om-consumer", group] {
        assert!(ids.contains(&Some(id)), "{ids:?}");
    }
}

#[test]
fn a_broker_comes_back_with_its_records_and_the_old_line_starts_too() {
    if !Need::Kafka.met() || !Need::OldKafka.met() {
        return;
    }
    let options = Options { line: Some("3.9"), ..Options::default() };
    let mut broker = Broker::start(&options.property("log.flush.interval.messages", "1"));
    broker.ask(json!({"do": "create", "topic": "t", "partitions": 1}));
    for (n, value) in ["MA==", "MQ==", "Mg=="].into_iter().enumerate() {
        let records = [record(0, "aw==", value)];
        broker.ask(json!({"do": "produce", "topic": "t", "records": records}));
        match n {
            0 => broker.kill9(),
            1 => broker.stop(),
            _ => break,
        }
        let clean = broker.log_dir().join(".kafka_cleanshutdown").exists();
        assert_eq!(clean, n == 1);
        broker.restart();
    }
    assert_eq!(values(&broker, "t", "read_committed"), ["MA==", "MQ==", "Mg=="]);
    let process = format!("/proc/{}", broker.id());
    drop(broker);
    assert!(!Path::new(&process).exists(), "it outlived its owner");
}

#[test]
fn three_brokers_are_one_cluster() {
    if !Need::Kafka.met() {
        return;
    }
    let mut cluster = Cluster::start(3);
    let all = cluster.bootstrap();
    oracle::ask(&all, json!({"do": "ready", "nodes": 3}));
    oracle::ask(&all, json!({"do": "create", "topic": "t", "partitions": 3, "factor": 3}));
    let topics = oracle::ask(&all, json!({"do": "topics"}));
    assert_eq!(topics[0]["partitions"][2]["replicas"].as_array().unwrap().len(), 3);
    cluster.nodes[0].kill9();
    let records = [record(0, "aw==", "MQ=="), record(1, "aw==", "Mg=="), record(2, "aw==", "Mw==")];
    oracle::ask(&all, json!({"do": "produce", "topic": "t", "records": records}));
    assert_eq!(values(&cluster.nodes[1], "t", "read_committed"), ["MQ==", "Mg==", "Mw=="]);
}

#[test]
fn a_listener_can_want_a_password() {
    if !Need::Kafka.met() {
        return;
    }
    let module = "org.apache.kafka.common.security.scram.ScramLoginModule required";
    let options = Options { listeners: vec![("SASL", "SASL_PLAINTEXT")], ..Options::default() }
        .property("listener.name.sasl.sasl.enabled.mechanisms", "SCRAM-SHA-256")
        .property("listener.name.sasl.scram-sha-256.sasl.jaas.config", &format!("{module};"));
    let broker = Broker::start(&options);
    broker.ask(json!({"do": "user", "user": "alice", "password": "secret"}));
    let ready = |password: &str| {
        let jaas = format!("{module} username=\"alice\" password=\"{password}\";");
        let config = json!({
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-256",
            "sasl.jaas.config": jaas,
        });
        let question = json!({"do": "ready", "nodes": 1, "config": config});
        oracle::try_ask(&broker.address("SASL"), question)
    };
    assert_eq!(ready("secret"), Ok(json!(1)));
    assert_eq!(ready("guess").unwrap_err().0, "SaslAuthenticationException");
}
