//! Owns producing to a real broker where librdkafka's queue matters: many partitions that are
//! flushed at once, and records as long as the queue. Leaves outages to `kafka_outage`.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::broker::Broker;
use crate::needs::Need;
use crate::sandbox::Sandbox;

#[test]
fn a_rate_is_kept_with_many_partitions() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, sandbox) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    broker.ask(json!({"do": "create", "topic": "kp-many", "partitions": 100}));
    let started = Instant::now();
    let words = format!("produce kp-many --fake 12000 --key-field /id --rate 6000/s -b {at}");
    sandbox.run(&words).success();
    // Two seconds, where taking the answers keeps up with them; it took more than eight.
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn a_record_as_long_as_a_topic_takes_is_sent_and_a_longer_one_does_not_wait_for_ever() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, sandbox) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    let configs = json!({"max.message.bytes": "50000000"});
    broker.ask(json!({"do": "create", "topic": "kp-long", "partitions": 1, "configs": configs}));
    let file = sandbox.write("long", "x".repeat(34 << 20));
    let produce = format!("produce kp-long --whole -b {at} --timeout 1m {}", file.display());
    sandbox.run(&produce).success();
    let run = sandbox.run(&format!("{produce} -X queue.buffering.max.kbytes=1024"));
    assert!(run.code(3).stderr().contains("queue.buffering.max.kbytes"), "{run}");
    let read = sandbox.run(&format!("consume kp-long -e -f '%S\\n' -b {at} --timeout 1m"));
    assert_eq!(read.success().stdout(), format!("{}\n", 34 << 20));
}

#[test]
fn any_timeout_may_be_given() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, sandbox) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    broker.ask(json!({"do": "create", "topic": "kp-timeouts", "partitions": 1}));
    // librdkafka counts milliseconds in 31 bits, and knows no more than an hour of a transaction.
    for more in ["--timeout 30d", "--timeout 2h --transactional-id kp-timeouts"] {
        sandbox.stdin("x\n").run(&format!("produce kp-timeouts {more} -b {at}")).success();
    }
}

#[test]
fn records_linger_for_as_long_as_was_asked_for() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, sandbox) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    broker.ask(json!({"do": "create", "topic": "kp-linger", "partitions": 1}));
    let mut producer = sandbox.spawn(&format!("produce kp-linger --linger 5s -b {at}"));
    producer.write(b"a\n");
    // Longer than anything lingers that was not asked to.
    thread::sleep(Duration::from_millis(400));
    producer.write(b"b\n");
    producer.close_stdin();
    producer.finish().success();
    let log = broker.log_dir().join("kp-linger-0/00000000000000000000.log");
    let batch = std::fs::read(log).unwrap();
    // The number of records ends the head of a batch.
    assert_eq!(batch[57..61], [0, 0, 0, 2]);
}
