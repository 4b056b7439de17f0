//! Owns two commands that give themselves out as the same one to a real broker: the older one is
//! told, and ends. Leaves members and producers that are alone in their name to the other tests.

use serde_json::json;

use crate::broker::Broker;
use crate::needs::Need;
use crate::sandbox::{Run, Sandbox};

/// Checks that one was taken over: that is one line, and it ended of itself.
#[track_caller]
fn assert_fenced(run: &Run, why: &str) {
    let stderr = run.code(3).stderr();
    let errors: Vec<_> = stderr.lines().filter(|line| line.starts_with("kaw: ")).collect();
    assert!(errors.len() == 1 && errors[0].contains(why), "{run}");
}

#[test]
fn the_older_of_two_producers_with_one_transactional_id_is_fenced() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, sandbox) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    broker.ask(json!({"do": "create", "topic": "rivals-tx", "partitions": 1}));
    let produce = format!("produce rivals-tx --transactional-id rivals -b {at}");
    let mut older = sandbox.spawn(&format!("{produce} --transaction-records 1"));
    older.write(b"a\n");
    // Its first transaction is over once that can be read.
    sandbox.run(&format!("consume rivals-tx -n 1 -b {at}")).success();
    sandbox.stdin("b\n").run(&produce).success();
    older.write(b"c\n");
    assert_fenced(&older.finish(), "another producer has taken over the transactional id");
    let read = sandbox.run(&format!("consume rivals-tx -e -b {at}"));
    assert_eq!(read.success().stdout(), "a\nb\n");
}

#[test]
fn the_older_of_two_members_with_one_instance_id_is_fenced() {
    if !Need::Kafka.met() {
        return;
    }
    let (broker, sandbox) = (Broker::shared(), Sandbox::new());
    let at = broker.bootstrap();
    broker.ask(json!({"do": "create", "topic": "rivals", "partitions": 1}));
    sandbox.stdin("a\n").run(&format!("produce rivals -b {at}")).success();
    let consume = format!("consume rivals -g rivals --instance-id one -b {at}");
    let mut older = sandbox.spawn(&consume);
    assert_eq!(older.next_line().as_deref(), Some("a"));
    let newer = sandbox.spawn(&consume);
    assert_fenced(
        &older.finish(),
        "another member of group `rivals` has the instance id `one` now",
    );
    newer.signal("INT");
    newer.finish().code(130);
}
