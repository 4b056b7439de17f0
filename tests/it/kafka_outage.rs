//! Owns records that flow while their broker dies again and again: none is lost, none comes twice,
//! and what is told of them adds up. Leaves several brokers to `kafka_cluster`.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::broker::{Broker, Options};
use crate::needs::Need;
use crate::sandbox::{Run, Running, Sandbox};

/// How long a broker lives.
const LIFE: Duration = Duration::from_secs(5);
/// How long it is away at the least: an outage of a second need not be told.
const AWAY: Duration = Duration::from_secs(3);

/// How many records are sent, and for how long: more of both by `KAW_OUTAGE_RECORDS`.
fn size() -> (usize, usize) {
    let wanted = std::env::var("KAW_OUTAGE_RECORDS").ok().map(|n| n.parse().unwrap());
    wanted.map_or((30_000, 20), |records| (records, 75))
}

/// The counts of a summary: read, persisted, not persisted, maybe persisted.
pub fn counts(run: &Run) -> [u64; 4] {
    let stderr = run.stderr();
    let line = stderr.lines().find(|line| line.starts_with("read ")).expect("a summary");
    let words = line.split(';').next().unwrap().replace(',', "");
    let numbers: Vec<u64> = words.split(' ').filter_map(|word| word.parse().ok()).collect();
    numbers.try_into().unwrap()
}

/// Checks lines of `partition offset number`: each number below `records` is there once, and each
/// partition has its numbers in order, at offsets without a gap.
#[track_caller]
pub fn assert_whole(run: &Run, records: usize) {
    let mut seen = vec![false; records];
    let mut next: Vec<(i64, usize)> = Vec::new();
    for line in run.success().stdout().lines() {
        let mut words = line.split(' ').map(|word| word.parse::<usize>().unwrap());
        let mut word = || words.next().unwrap();
        let (partition, offset, number) = (word(), word() as i64, word());
        assert!(!std::mem::replace(&mut seen[number], true), "{number} comes twice");
        next.resize(next.len().max(partition + 1), (0, 0));
        assert_eq!(offset, next[partition].0, "of partition {partition}");
        assert!(number >= next[partition].1, "{number} is out of order");
        next[partition] = (offset + 1, number + 1);
    }
    let lost = seen.iter().filter(|seen| !**seen).count();
    assert_eq!(lost, 0, "of {records} records are lost");
}

/// Checks what a producer said that gave some records up, against what is there.
fn assert_adds_up(run: &Run, read: &Run) {
    let [total, persisted, not_persisted, maybe] = counts(run.code(6));
    assert_eq!(persisted + not_persisted + maybe, total, "{}", run.stderr());
    assert!(not_persisted + maybe > 0, "{}", run.stderr());
    let stdout = read.success().stdout();
    let mut there: Vec<u64> = stdout.lines().map(|line| line.parse().unwrap()).collect();
    let found = there.len() as u64;
    assert!((persisted..=persisted + maybe).contains(&found), "{found}: {}", run.stderr());
    there.sort_unstable();
    there.dedup();
    assert_eq!(there.len() as u64, found, "some come twice");
}

/// Kills the broker again and again, until it is told to stop; answers how often.
fn keep_dying(broker: &mut Broker, stop: &AtomicBool) -> usize {
    for deaths in 0.. {
        let until = Instant::now() + LIFE;
        while Instant::now() < until {
            if stop.load(Ordering::Acquire) {
                return deaths;
            }
            thread::sleep(Duration::from_millis(20));
        }
        broker.kill9();
        thread::sleep(AWAY);
        broker.restart();
    }
    unreachable!("it goes on until it is stopped")
}

/// What a follower tells of so many outages.
#[track_caller]
fn assert_told(run: &Run, deaths: usize) {
    for told in ["a broker is away", "brokers answer again"] {
        let lines = run.stderr().lines().filter(|line| line.contains(told)).count();
        // One that is over before it is noticed need not be told.
        assert!((1..=deaths).contains(&lines), "{deaths} deaths, {told}: {}", run.stderr());
    }
}

#[test]
fn a_broker_that_dies_loses_and_doubles_nothing() {
    if !Need::Kafka.met() {
        return;
    }
    let (records, seconds) = size();
    let mut broker = Broker::start(&Options::default());
    let (at, sandbox) = (broker.bootstrap(), Sandbox::new());
    for topic in ["t", "short", "other"] {
        broker.ask(json!({"do": "create", "topic": topic, "partitions": 3}));
    }
    let input: String = (0..records).flat_map(|n| [n.to_string(), "\n".to_owned()]).collect();
    let file = sandbox.write("input", &input);
    let produce = |topic: &str, timeout: &str, file: &Path| {
        let rate = records / seconds;
        let file = file.display();
        sandbox
            .spawn(&format!("produce {topic} -b {at} --timeout {timeout} --rate {rate}/s {file}"))
    };
    let follow = format!("consume t -n {records} -f '%p %o %s\\n' -b {at} --timeout 2m");
    let followers = [sandbox.spawn(&follow), sandbox.spawn(&format!("{follow} -g g"))];
    let (patient, hasty) = (produce("t", "2m", &file), produce("short", "1s", &file));
    // Who sets properties of librdkafka has it send.
    let other = produce("other", "2m -X socket.keepalive.enable=true", &file);
    let stop = AtomicBool::new(false);
    let ((run, other), deaths) = thread::scope(|scope| {
        let dying = scope.spawn(|| keep_dying(&mut broker, &stop));
        let run = (patient.finish(), other.finish());
        stop.store(true, Ordering::Release);
        (run, dying.join().unwrap())
    });
    assert!(deaths >= 1, "{deaths}");
    let all = records as u64;
    assert_eq!(counts(run.success()), [all, all, 0, 0], "{}", run.stderr());
    assert_told(&run, deaths);
    assert_eq!(counts(other.success()), [all, all, 0, 0], "{}", other.stderr());
    for follower in followers {
        let run = follower.finish();
        assert_whole(&run, records);
        assert_told(&run, deaths);
    }
    let lag = sandbox.run(&format!("lag g -b {at} --json"));
    assert!(lag.success().items().all(|row| row["lag"] == 0), "{}", lag.stdout());
    let read = |topic: &str, form: &str| {
        sandbox.run(&format!("consume {topic} -e -f '{form}\\n' -b {at} --timeout 1m"))
    };
    for topic in ["t", "other"] {
        assert_whole(&read(topic, "%p %o %s"), records);
    }
    assert_adds_up(&hasty.finish(), &read("short", "%s"));
}

/// Waits for a line on stderr with these words.
#[track_caller]
fn await_told(running: &mut Running<'_>, words: &str) {
    let mut told = Vec::new();
    while !told.last().is_some_and(|line: &String| line.contains(words)) {
        let line = running.next_stderr_line();
        told.push(line.unwrap_or_else(|| panic!("it ended without `{words}`: {told:?}")));
    }
}

#[test]
fn who_watches_lag_outlives_an_outage_and_who_waits_has_a_limit() {
    if !Need::Kafka.met() {
        return;
    }
    let mut broker = Broker::start(&Options::default());
    let (at, sandbox) = (broker.bootstrap(), Sandbox::new());
    broker.ask(json!({"do": "create", "topic": "t", "partitions": 1}));
    sandbox.stdin("a\nb\nc\n").run(&format!("produce t -b {at}")).success();
    let read = || sandbox.run(&format!("consume t -g g -n 1 -b {at}"));
    read().success();
    let mut watch = sandbox.spawn(&format!("lag g --watch 100ms --timeout 2s -b {at} --json"));
    let wait = sandbox.spawn(&format!("lag g --wait --timeout 2m -b {at} --json"));
    let limited = sandbox.spawn(&format!("lag g --wait --timeout 5s -b {at}"));
    let started = Instant::now();
    watch.next_line().expect("a first look");
    // Who waits says nothing until it is over; by then it has looked too.
    watch.next_line().expect("a second look");
    broker.kill9();
    await_told(&mut watch, "a broker is away, and is tried again: cannot");
    let limited = limited.finish();
    let took = started.elapsed();
    assert!(took < Duration::from_secs(5) + Duration::from_secs(2), "{took:?}: {limited}");
    assert!(limited.code(6).stdout().is_empty(), "{limited}");
    broker.restart();
    await_told(&mut watch, "brokers answer again, after ");
    let mut line = watch.next_line().expect("it goes on");
    while !line.contains("\"lag\":2,") {
        line = watch.next_line().expect("it goes on");
    }
    read().success();
    read().success();
    let run = wait.finish();
    assert_eq!(run.success().items().next().unwrap()["lag"], 0, "{run}");
    watch.signal("INT");
    let run = watch.finish();
    let away = run.code(130).stderr().matches("a broker is away").count();
    assert!(away <= 1, "{run}");
}

#[test]
fn the_last_commit_of_a_member_waits_out_an_outage() {
    if !Need::Kafka.met() {
        return;
    }
    let records = 3000;
    let mut broker = Broker::start(&Options::default());
    let (at, sandbox) = (broker.bootstrap(), Sandbox::new());
    broker.ask(json!({"do": "create", "topic": "t", "partitions": 1}));
    let input: String = (0..records).flat_map(|n| [n.to_string(), "\n".to_owned()]).collect();
    sandbox.stdin(input).run(&format!("produce t -b {at}")).success();
    let member = |group: &str, timeout: &str| {
        let words = format!("consume t -g {group} -n {records} --rate 300/s");
        let words = format!("{words} --timeout {timeout} -b {at}");
        let mut member = sandbox.spawn(&words);
        member.next_line().expect("a first record");
        member
    };
    // They have fetched all of it before the broker goes, and print the most of it after.
    let (patient, hasty) = (member("patient", "2m"), member("hasty", "2s"));
    broker.kill9();
    let run = hasty.finish();
    let errors: Vec<_> = run
        .code(6)
        .stderr()
        .lines()
        .filter(|l| l.starts_with("kaw: "))
        .map(str::to_owned)
        .collect();
    assert!(errors.len() == 1 && errors[0].contains("what was read is not committed: "), "{run}");
    assert_eq!(run.stdout().lines().count(), records - 1, "{run}");
    broker.restart();
    let run = patient.finish();
    assert_eq!(run.success().stdout().lines().count(), records - 1, "{run}");
    let lag = |group: &str| {
        let run = sandbox.run(&format!("lag {group} -b {at} --json"));
        run.success().items().map(|row| row["lag"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(lag("patient"), 0);
    assert!(lag("hasty") > 0, "it did say that something is not committed");
}

#[test]
fn a_broker_that_is_not_up_yet_is_given_the_time_that_was_asked_for() {
    if !Need::Kafka.met() {
        return;
    }
    let mut broker = Broker::start(&Options::default());
    let (at, sandbox) = (broker.bootstrap(), Sandbox::new());
    broker.ask(json!({"do": "create", "topic": "t", "partitions": 1}));
    broker.kill9();
    // Who asks for no time may have mistaken the name.
    let run = sandbox.run(&format!("topics list -b {at}"));
    assert!(run.code(6).stderr().contains("cannot be reached"), "{run}");
    let commands = ["topics list", "produce t --fake 10", "lag --topic t"];
    let early = commands.map(|words| sandbox.spawn(&format!("{words} -b {at} --timeout 1m")));
    thread::sleep(Duration::from_secs(3));
    broker.restart();
    for running in early {
        running.finish().success();
    }
}
