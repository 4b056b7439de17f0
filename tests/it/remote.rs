//! Owns the tests of brokers that need no real one: librdkafka's mock cluster in this process, and
//! ports where nobody listens. Leaves who listens there and is no broker to `hostile`.

use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use crate::sandbox::{Run, Sandbox};

/// A cluster of one broker with topic `t` of two partitions.
struct Mock {
    cluster: MockCluster<'static, DefaultProducerContext>,
    sandbox: Sandbox,
}

impl Mock {
    fn new() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("t", 2, 1).unwrap();
        Self { cluster, sandbox: Sandbox::new() }
    }

    fn run(&self, words: &str) -> Run {
        self.stdin("", words)
    }

    fn stdin(&self, bytes: &str, words: &str) -> Run {
        let brokers = self.cluster.bootstrap_servers();
        // The mock never tells configs, and a part of this time is spent on waiting for them.
        self.sandbox.stdin(bytes).run(&format!("{words} -b {brokers} --timeout 2s"))
    }
}

/// Lines, each with its end.
fn lines(of: impl Iterator<Item = String>) -> String {
    of.flat_map(|line| [line, "\n".to_owned()]).collect()
}

/// What the summary says of the records.
fn counts(run: &Run) -> String {
    let stderr = run.stderr();
    let line = stderr.lines().find(|line| line.starts_with("read ")).expect("a summary");
    line.split(';').next().unwrap().to_owned()
}

#[test]
fn records_come_back_as_they_were_sent() {
    let mock = Mock::new();
    let envelopes = r#"{"key":"k","value":"v","headers":[["a","1"],["a","2"],["none",null],["",""]],"timestamp":"2026-01-15T10:00:00.123Z"}
{"key":null,"value":"","headers":[],"timestamp":"2026-01-15T10:00:01.000Z"}
{"key":"","value":null,"headers":[],"timestamp":"1970-01-01T00:00:00.001Z"}
{"key_base64":"/w==","value_base64":"AAH/","headers":[["h",{"base64":"/w=="}]],"timestamp":"2026-01-15T10:00:02.000Z"}
"#;
    let run = mock.stdin(envelopes, "produce t --json -p 1 --report '%p %o %T'");
    assert_snapshot!(run.success().stdout(), @r"
    1 0 1768471200123
    1 1 1768471201000
    1 2 1
    1 3 1768471202000
    ");
    assert_eq!(counts(&run), "read 4 records: 4 persisted, 0 not persisted, 0 maybe persisted");
    assert_snapshot!(mock.run("consume t -e --json").success().stdout(), @r#"
    {"topic":"t","partition":1,"offset":0,"timestamp":"2026-01-15T10:00:00.123Z","timestamp_type":"create","key":"k","value":"v","headers":[["a","1"],["a","2"],["none",null],["",""]]}
    {"topic":"t","partition":1,"offset":1,"timestamp":"2026-01-15T10:00:01.000Z","timestamp_type":"create","key":null,"value":"","headers":[]}
    {"topic":"t","partition":1,"offset":2,"timestamp":"1970-01-01T00:00:00.001Z","timestamp_type":"create","key":"","value":null,"headers":[]}
    {"topic":"t","partition":1,"offset":3,"timestamp":"2026-01-15T10:00:02.000Z","timestamp_type":"create","key_base64":"/w==","value_base64":"AAH/","headers":[["h",{"base64":"/w=="}]]}
    "#);
}

#[test]
fn a_record_without_a_timestamp_stays_without_and_one_of_1970_is_told() {
    let mock = Mock::new();
    let envelopes: String =
        ["null", "-1", "-7"].map(|ms| format!("{{\"value\":\"v\",\"timestamp\":{ms}}}\n")).concat();
    let run = mock.stdin(&envelopes, "produce t --json -p 0");
    assert!(!run.success().stderr().contains("1970"), "{run}");
    assert_eq!(mock.run("consume t -e -f '%T '").success().stdout(), "-1 -1 -7 ");
    let envelopes = "{\"value\":\"v\",\"timestamp\":0}\n".repeat(2);
    let run = mock.stdin(&envelopes, "produce t --json -p 1");
    assert!(!run.success().stderr().contains("1970"), "{run}");
    assert_eq!(mock.run("consume t -e -p 1 -f '%T '").success().stdout(), "0 0 ");
    // librdkafka, which sends what does not wait for all replicas, has no such time.
    let run = mock.stdin(&envelopes, "produce t --json -p 1 --acks 1");
    let told = "warning: timestamps of 1970-01-01T00:00:00.000Z become now";
    assert_eq!(run.success().stderr().matches(told).count(), 1, "{run}");
}

#[test]
fn keys_go_where_they_go_on_a_directory() {
    let mock = Mock::new();
    let lines = lines((0..200).map(|i| format!("k{i}\tv{i}")));
    mock.stdin(&lines, "produce t -K '\\t'").success();
    let sandbox = Sandbox::new();
    sandbox.stdin(lines).run("produce t -K '\\t' --partitions 2").success();
    let placed = |run: &Run| {
        let mut placed: Vec<_> = run.success().stdout().lines().map(str::to_owned).collect();
        placed.sort();
        placed
    };
    let read = "consume t -e -f '%p %o %k %s\\n'";
    assert_eq!(placed(&mock.run(read)), placed(&sandbox.run(read)));
}

#[test]
fn reading_stops_exactly_where_it_was_told() {
    let mock = Mock::new();
    let lines = lines((0..10_000).map(|i| i.to_string()));
    mock.stdin(&lines, "produce t -p 0").success();
    let run = mock.run("consume t -p 0 -o 9990:9995");
    assert_eq!(run.success().stdout(), "9990\n9991\n9992\n9993\n9994\n");
    let run = mock.run("consume t -p 0 -o -2 -e -f '%o %s\\n'");
    assert_eq!(run.success().stdout(), "9998 9998\n9999 9999\n");
    assert_eq!(mock.run("consume t -p 0 -e").success().stdout(), lines);
    assert_eq!(mock.run("consume t -p 0 -o end -e").success().stdout(), "");
    assert_eq!(mock.run("consume t -n 3 -p 0").success().stdout(), "0\n1\n2\n");
}

#[test]
fn a_record_that_a_broker_refuses_is_counted() {
    let mock = Mock::new();
    let refuse = |code| mock.cluster.request_errors(RDKafkaApiKey::Produce, &[code]);
    refuse(RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    let run = mock.stdin("x\n", "produce t");
    assert!(run.code(3).stderr().contains("record 1: "), "{}", run.stderr());
    assert_eq!(counts(&run), "read 1 record: 0 persisted, 1 not persisted, 0 maybe persisted");
    refuse(RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    let run = mock.stdin("x\n", "produce t");
    run.code(7);
    assert_eq!(counts(&run), "read 1 record: 0 persisted, 1 not persisted, 0 maybe persisted");
    // One that passes is tried again, and is there once.
    refuse(RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    let run = mock.stdin("y\n", "produce t -p 0");
    assert_eq!(
        counts(run.success()),
        "read 1 record: 1 persisted, 0 not persisted, 0 maybe persisted"
    );
    assert_eq!(mock.run("consume t -e").success().stdout(), "y\n");
}

#[test]
fn a_missing_topic_is_missing_and_is_not_made() {
    let mock = Mock::new();
    let run = mock.stdin("x\n", "produce users");
    assert!(run.code(8).stderr().contains("topic `users` does not exist"), "{}", run.stderr());
    mock.run("consume users -e").code(8);
    let topics = mock.run("topics list --json");
    let names: Vec<_> = topics.success().items().map(|topic| topic["topic"].clone()).collect();
    assert_eq!(names, ["t"]);
}

#[test]
fn who_is_not_there_is_told_in_time() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // It takes connections, and nothing that is said on them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let sandbox = Sandbox::new();
    for address in [closed, silent.local_addr().unwrap()] {
        for words in ["topics list", "produce t", "consume t -e", "topics create t"] {
            let started = Instant::now();
            let words = format!("{words} --timeout 1s -b {address}");
            let run = sandbox.stdin("x\n").run(&words);
            let stderr = run.code(6).stderr();
            assert!(started.elapsed() < Duration::from_secs(3), "{words}: {:?}", started.elapsed());
            let errors = stderr.lines().filter(|line| line.starts_with("kaw: ")).count();
            assert_eq!(errors, 1, "{words}: {stderr}");
        }
    }
    let run = sandbox.run(&format!("topics list -b {closed}"));
    assert!(run.code(6).stderr().contains("Connection refused"), "{}", run.stderr());
}

#[test]
fn what_brokers_offer_nobody_is_told_without_asking_them() {
    let s = Sandbox::new();
    for (words, why) in [
        ("topics verify t", "brokers do not show their files"),
        ("topics compact t", "brokers compact when they see fit"),
    ] {
        let run = s.run(&format!("{words} -b 127.0.0.1:1"));
        let stderr = run.code(2).stderr();
        assert!(stderr.contains(&format!("{why}; this is for a log directory\n")), "{run}");
    }
}

#[test]
fn who_cannot_be_reached_is_one_line_in_time() {
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let deaf = deaf.local_addr().unwrap().to_string();
    thread::scope(|scope| {
        for (address, why) in [
            ("nobody.invalid:9092", "nobody.invalid:9092 cannot be found: "),
            ("127.0.0.1:1", "127.0.0.1:1 cannot be reached: Connection refused"),
            ("[::1]:1", "[::1]:1 cannot be reached: "),
            // Whether the connection or the command gives up first is the same to who waits.
            (&deaf, "answer"),
        ] {
            scope.spawn(move || {
                let s = Sandbox::new();
                for words in ["topics list", "produce t", "consume t", "consume t -g g", "lag"] {
                    let started = Instant::now();
                    let run = s.stdin("x\n").run(&format!("{words} -b {address} --timeout 2s"));
                    let (stderr, took) = (run.code(6).stderr(), started.elapsed());
                    let errors = stderr.lines().filter(|line| line.starts_with("kaw: ")).count();
                    assert!(errors == 1 && stderr.contains(why), "{words}: {run}");
                    assert!(took < Duration::from_secs(4), "{words} {address}: {took:?}");
                }
            });
        }
    });
}

#[test]
fn an_address_of_ipv6_alone_is_one_as_any_other() {
    // Not every machine has any.
    let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
    let mock = Mock::new();
    let port = listener.local_addr().unwrap().port();
    let broker = mock.cluster.bootstrap_servers().replace("localhost", "127.0.0.1");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(broker) = TcpStream::connect(&broker) else { return };
            for (mut from, mut to) in
                [(client.try_clone().unwrap(), broker.try_clone().unwrap()), (broker, client)]
            {
                thread::spawn(move || std::io::copy(&mut from, &mut to));
            }
        }
    });
    let run = mock.sandbox.run(&format!("topics list -b [::1]:{port} --json"));
    assert_eq!(run.success().items().next().unwrap()["topic"], "t");
}
