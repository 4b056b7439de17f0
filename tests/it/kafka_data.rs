//! Owns records on real brokers where something goes wrong: topics that go, records that are too
//! large, transactions. Leaves brokers that die to `kafka_outage`, brokers themselves to `broker`.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::broker::Broker;
use crate::needs::Need;
use crate::sandbox::{Run, Sandbox};

/// What the summary says of the records.
fn counts(run: &Run) -> String {
    let stderr = run.stderr();
    let line = stderr.lines().find(|line| line.starts_with("read ")).expect("a summary");
    line.split(';').next().unwrap().to_owned()
}

/// Creates a topic with one partition.
fn topic(broker: &Broker, name: &str, configs: &serde_json::Value) {
    broker.ask(json!({"do": "create", "topic": name, "partitions": 1, "configs": configs}));
}

#[test]
fn a_directory_has_no_transactions() {
    let sandbox = Sandbox::new();
    let run = sandbox.stdin("a\n").run("produce t --transactional-id x");
    assert!(run.code(2).stderr().contains("no transactions"), "{}", run.stderr());
    let run = sandbox.stdin("a\n").run("produce t --transactional-id x --acks 1");
    assert!(run.code(2).stderr().contains("--acks all"), "{}", run.stderr());
    sandbox.stdin("a\n").run("produce t --transaction-records 3").code(2);
}

#[test]
fn a_transaction_is_there_as_a_whole_or_not_at_all() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, sandbox) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    topic(broker, "bd-tx", &json!({}));
    let produce = |input: &str, more: &str| {
        sandbox.stdin(input).run(&format!("produce bd-tx --transactional-id bd {more} -b {at}"))
    };
    let consume = |more: &str| {
        let run = sandbox.run(&format!("consume bd-tx -e {more} -b {at}"));
        run.success().stdout()
    };
    let run = produce("a\nb\n", "");
    assert_eq!(
        counts(run.success()),
        "read 2 records: 2 persisted, 0 not persisted, 0 maybe persisted"
    );
    // The third is no envelope, so the two before it go as well.
    let envelope = |value: &str| format!("{{\"value\":\"{value}\"}}\n");
    let bad = [envelope("c"), envelope("d"), "no json\n".to_owned()].concat();
    let run = produce(&bad, "--json");
    assert!(run.code(3).stderr().contains("record 3"), "{}", run.stderr());
    assert!(counts(&run).contains("0 persisted, 3 not persisted"), "{}", run.stderr());
    assert_eq!(consume(""), "a\nb\n");
    assert!(consume("--isolation read-uncommitted").starts_with("a\nb\n"));
    // Whole pairs are committed; what was sent behind them is not.
    let bad = [envelope("e"), envelope("f"), envelope("g"), "no json\n".to_owned()].concat();
    let run = produce(&bad, "--json --transaction-records 2");
    assert!(counts(run.code(3)).contains("2 persisted, 2 not persisted"), "{}", run.stderr());
    assert_eq!(consume("--isolation read-committed"), "a\nb\ne\nf\n");
}

/// librdkafka commits a transaction of which the broker has refused a record.
#[test]
fn a_record_that_the_broker_refuses_aborts_its_transaction() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, sandbox) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    topic(broker, "bd-refused", &json!({"max.message.bytes": "2000"}));
    let lines = "of twenty\n".repeat(20);
    // Digits in no order, which no codec brings below the limit.
    let long: String = (0..3000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_string()).collect();
    let produce = format!("produce bd-refused --transactional-id bd-refused -b {at}");
    let run = sandbox.stdin(format!("{lines}{long}\n")).run(&produce);
    assert!(counts(run.code(3)).contains("0 persisted, 21 not persisted"), "{run}");
    assert!(run.stderr().contains("record 21"), "{run}");
    let read = sandbox.run(&format!("consume bd-refused -e -b {at}"));
    assert_eq!(read.success().stdout(), "");
    sandbox.stdin(lines.clone()).run(&produce).success();
    let read = sandbox.run(&format!("consume bd-refused -e -b {at}"));
    assert_eq!(read.success().stdout(), lines);
}

#[test]
fn a_second_producer_of_a_transactional_id_fences_the_first() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, sandbox) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    topic(broker, "bd-fence", &json!({}));
    let words = format!("produce bd-fence --transactional-id bd-fence -b {at}");
    let mut first = sandbox.spawn(&words);
    first.write(b"first\n");
    // It is in the log once its transaction is open.
    let sees = |isolation: &str| {
        let read = format!("consume bd-fence -e --isolation {isolation} -b {at}");
        sandbox.run(&read).success().stdout()
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    while sees("read-uncommitted") != "first\n" {
        assert!(Instant::now() < deadline, "it is never there");
    }
    assert_eq!(sees("read-committed"), "");
    sandbox.stdin("second\n").run(&words).success();
    first.close_stdin();
    let run = first.finish();
    assert!(run.code(3).stderr().contains("taken over"), "{}", run.stderr());
    assert!(run.stderr().contains("0 persisted"), "{}", run.stderr());
    assert_eq!(sees("read-committed"), "second\n");
}

#[test]
fn a_record_that_is_too_large_is_told_by_its_number() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, sandbox) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    topic(broker, "bd-large", &json!({"max.message.bytes": "1000"}));
    let large = format!("a\n{}\nb\n", "x".repeat(5000));
    let run = sandbox.stdin(large).run(&format!("produce bd-large -b {at}"));
    assert!(run.code(3).stderr().contains("record 2"), "{}", run.stderr());
    assert!(counts(&run).contains("2 persisted, 1 not persisted"), "{}", run.stderr());
}

#[test]
fn a_topic_that_is_deleted_is_not_made_again() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, sandbox) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    topic(broker, "bd-gone", &json!({}));
    let mut producer = sandbox.spawn(&format!("produce bd-gone --timeout 3s -b {at}"));
    let mut consumer = sandbox.spawn(&format!("consume bd-gone -b {at}"));
    producer.write(b"a\n");
    assert_eq!(consumer.next_line().as_deref(), Some("a"));
    broker.ask(json!({"do": "delete", "topics": ["bd-gone"]}));
    consumer.finish().code(8);
    producer.write(b"b\n");
    producer.close_stdin();
    let run = producer.finish();
    assert_eq!(counts(run.code(8)).matches("1 persisted").count(), 1, "{}", run.stderr());
    let topics = broker.ask(json!({"do": "topics"}));
    let is_it = |topic: &&serde_json::Value| topic["topic"] == "bd-gone";
    assert!(!topics.as_array().unwrap().iter().any(|topic| is_it(&topic)), "{topics}");
}

#[test]
fn each_codec_is_what_the_broker_gets() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, sandbox) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    for (number, codec) in ["none", "gzip", "snappy", "lz4", "zstd"].into_iter().enumerate() {
        let name = format!("codec-{codec}");
        topic(broker, &name, &json!({}));
        let run =
            sandbox.stdin("abcd".repeat(1000)).run(&format!("produce {name} -z {codec} -b {at}"));
        run.success();
        let log = broker.log_dir().join(format!("{name}-0/00000000000000000000.log"));
        let batch = std::fs::read(log).unwrap();
        // The attributes of a batch stand behind its offset, size, epoch, version and checksum.
        assert_eq!(usize::from(batch[22] & 7), number, "{codec}");
        assert_eq!(batch.len() < 1000, codec != "none", "{codec}: {} bytes", batch.len());
    }
}

#[test]
fn records_that_a_topic_does_not_take_are_told() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, sandbox) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    topic(broker, "picky-late", &json!({"message.timestamp.after.max.ms": "3600000"}));
    topic(broker, "picky-early", &json!({"message.timestamp.before.max.ms": "3600000"}));
    topic(broker, "picky-key", &json!({"cleanup.policy": "compact"}));
    for (words, input, why) in [
        ("picky-late --timestamp 2055-01-01T00:00:00Z", "a\n", "no timestamp that is so far from"),
        (
            "picky-late --timestamp 2055-01-01T00:00:00Z",
            "a\nb\n",
            "no timestamp that is so far from",
        ),
        ("picky-early --timestamp 2015-01-01T00:00:00Z", "a\n", "no timestamp that is so far"),
        ("picky-key", "a\nb\n", "a compacted one wants keys"),
    ] {
        let run = sandbox.stdin(input).run(&format!("produce {words} -b {at}"));
        let stderr = run.code(3).stderr();
        let errors: Vec<_> = stderr.lines().filter(|line| line.starts_with("kaw: ")).collect();
        assert!(errors.len() == 1 && errors[0].contains(why), "{words}: {run}");
        let all = input.lines().count();
        assert!(counts(&run).contains(&format!(": 0 persisted, {all} not persisted, 0")), "{run}");
    }
    // A day of difference is nothing where nobody minds.
    topic(broker, "picky-not", &json!({}));
    let run = sandbox.stdin("a\n").run(&format!("produce picky-not --timestamp -1d -b {at}"));
    run.success();
}
