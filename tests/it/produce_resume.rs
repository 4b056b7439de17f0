//! Owns the trials of `kaw produce --resume`: each record exactly once, whoever is killed, stopped
//! or started twice. Leaves what a run does otherwise to `produce`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};

use crate::checks::assert_refused;
use crate::sandbox::Sandbox;

/// How often producers are killed before one may end; `KAW_KILLS` is another number.
const KILLS: u64 = 100;
const RECORDS: u64 = 20_000;

/// Lines of which every second one has a key.
fn input() -> (String, String) {
    let (mut keyed, mut plain) = (String::new(), String::new());
    for n in 0..RECORDS {
        writeln!(keyed, "k{}:value {n}", n % 97).unwrap();
        writeln!(plain, "value {n} {}", "x".repeat((n % 300) as usize)).unwrap();
    }
    (keyed, plain)
}

/// Checks that the topic has each line once, those of a key in order.
#[track_caller]
fn assert_once(s: &Sandbox, topic: &str, input: &str) {
    let run = s.run_with(["consume", topic, "-e", "-f", r"%p %s\n"]);
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in run.success().stdout().lines() {
        let (partition, value) = line.split_once(' ').unwrap();
        found.entry(partition.to_owned()).or_default().push(value.to_owned());
    }
    let place = |value: &str| value.split(' ').nth(1).unwrap().parse::<u64>().unwrap();
    for values in found.values() {
        assert!(values.iter().map(|v| place(v)).is_sorted(), "{topic}: the order is the input's");
    }
    let mut values: Vec<String> = found.into_values().flatten().collect();
    values.sort_unstable_by_key(|value| place(value));
    let lines = input.lines().map(|line| line.split_once(':').map_or(line, |(_, v)| v));
    let expected: Vec<&str> = lines.collect();
    assert_eq!(values.len(), expected.len(), "{topic}");
    assert!(values == expected, "{topic}: every record is there once");
}

#[test]
fn each_record_is_there_once_however_often_its_producer_is_killed() {
    let s = Sandbox::new();
    let (keyed, plain) = input();
    s.write("keyed", &keyed);
    s.write("plain", &plain);
    let mut random = rand_pcg::Pcg64Mcg::seed_from_u64(7);
    let kills = std::env::var("KAW_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    for (topic, options) in [("keyed", "-K : --acks 1"), ("plain", "--acks 1")] {
        s.run(&format!("topics create {topic} -p 3 -c segment.bytes=1048576")).success();
        let file = s.path(topic);
        let words = format!("produce {topic} {} --resume import {options}", file.display());
        let mut cut_short = 0;
        for _ in 0..kills / 2 {
            // Slow enough that most are killed on their way.
            let mut run = s.spawn(&format!("{words} --rate 100k/s"));
            std::thread::sleep(Duration::from_micros(random.gen_range(2_000..60_000)));
            run.kill();
            let so_far = s.run(&format!("consume {topic} -e -f x")).stdout().len() as u64;
            cut_short += u64::from(so_far < RECORDS);
        }
        assert!(cut_short > 0, "{topic}: some were killed on their way");
        // Not `eprintln!`: the test runner would keep it to itself.
        let told = format!("{topic}: {} kills, {cut_short} of them on the way\n", kills / 2);
        std::io::stderr().write_all(told.as_bytes()).unwrap();
        let last = s.run(&words);
        assert!(last.success().stderr().contains("of them in earlier runs"), "{last}");
        assert_once(&s, topic, input_of(topic, &keyed, &plain));
        let again = s.run(&words);
        assert!(again.success().stderr().contains("20,000 of them in earlier runs"), "{again}");
        assert_once(&s, topic, input_of(topic, &keyed, &plain));
    }
}

/// The input of a topic.
fn input_of<'a>(topic: &str, keyed: &'a str, plain: &'a str) -> &'a str {
    if topic == "keyed" { keyed } else { plain }
}

#[test]
fn a_run_that_stood_still_while_another_took_over_writes_nothing_more() {
    let s = Sandbox::new();
    s.run("topics create t -p 2").success();
    let mut first = s.spawn("produce t --resume n --report %s");
    first.write(b"one\n");
    assert_eq!(first.next_line().as_deref(), Some("one"));
    first.signal("STOP");
    let second = s.stdin("one\ntwo\n").run("produce t --resume n --report %s");
    assert_eq!(second.success().stdout(), "two\n");
    first.signal("CONT");
    first.write(b"two\n");
    let run = first.finish();
    assert_refused(&run, 3, "another run has taken over `n`");
    assert!(run.stderr().contains("1 persisted, 1 not persisted"), "{run}");
    let mut lines: Vec<String> =
        s.run("consume t -e").stdout().lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["one", "two"]);
}

#[test]
fn what_is_deleted_was_still_written() {
    let s = Sandbox::new();
    s.stdin("a\nb\n").run("produce t --resume n").success();
    s.run("topics trim t --to end").success();
    // As after a start of the machine: the page is gone, and the log is empty.
    std::fs::remove_file(s.log_dir().join("t-0/.kaw-state")).unwrap();
    let run = s.stdin("a\nb\nc\n").run("produce t --resume n --report %s");
    assert_eq!(run.success().stdout(), "c\n");
    // Another name, and a topic that is made anew, begin at the beginning.
    let run = s.stdin("a\n").run("produce t --resume other --report %s");
    assert_eq!(run.success().stdout(), "a\n");
    s.run("topics delete t").success();
    let run = s.stdin("a\nb\n").run("produce t --resume n --report %s");
    assert_eq!(run.success().stdout(), "a\nb\n");
}

#[test]
fn what_would_move_records_is_refused() {
    let s = Sandbox::new();
    s.stdin("a\n").run("produce t --resume n").success();
    let run = s.stdin("a\n").run("produce t --resume n --partitioner random");
    assert_refused(&run, 2, "began with partitioner murmur2");
    s.run("topics alter t -p 3").success();
    let run = s.stdin("a\n").run("produce t --resume n");
    assert_refused(&run, 2, "began with 1 partitions");
    assert_refused(&s.stdin("a\n").run("produce t --resume n --acks 0"), 2, "--acks 0");
    assert_refused(&s.stdin("a\n").run("produce t --resume n --keep-going"), 2, "--keep-going");
    assert_refused(&s.stdin("a\n").run("produce t --resume ''"), 2, "the name is empty");
}

#[test]
fn other_keys_and_a_shorter_input_are_not_taken_for_the_same() {
    let s = Sandbox::new();
    let lines = |range: std::ops::Range<u32>| {
        let lines: Vec<_> = range.map(|n| format!("{{\"id\":{n},\"age\":{}}}\n", n % 7)).collect();
        lines.concat()
    };
    let input = lines(0..50);
    let run = |options: &str, input: &str| {
        s.stdin(input).run(&format!("produce t --partitions 3 --resume n {options}"))
    };
    run("--key-field /id", &input).success();
    let refused = "`n` began with `--key-field /id`, and not with `--key-field /age`";
    assert_refused(&run("--key-field /age", &input), 2, refused);
    assert_refused(&run("", &input), 2, "and not with whole lines: records would move");
    for options in ["-k x", "-K :", "-p 1", "--whole", "--key-field /id --crlf"] {
        assert_refused(&run(options, &input), 2, "`n` began with `--key-field /id`");
    }
    // The same again is nothing new, and more of it is.
    let again = run("--key-field /id", &input);
    assert!(!again.success().stderr().contains("the input ended"), "{again}");
    run("--key-field /id", &lines(0..51)).success();
    let shorter = run("--key-field /id", &lines(0..25));
    let told = "before the end of what earlier runs of `n` wrote";
    assert!(shorter.success().stderr().contains(told), "{shorter}");
    s.sent("t", 51);
}

#[test]
fn a_record_that_is_too_large_ends_the_run_and_can_be_sent_later() {
    let s = Sandbox::new();
    s.run("topics create t -c max.message.bytes=1000").success();
    let input = format!("a\n{}\nb\n", "x".repeat(2000));
    let run = s.stdin(input.clone()).run("produce t --resume n");
    assert_refused(&run, 3, "record 2");
    s.run("topics alter t -c max.message.bytes=10000").success();
    s.stdin(input.clone()).run("produce t --resume n").success();
    assert_eq!(s.run("consume t -e").stdout(), input);
}
