//! Owns the tests of `kaw copy`: what is copied is what was there, also in several runs.

use std::fs;
use std::io::Write as _;
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::broker::Broker;
use crate::checks::assert_refused;
use crate::golden::envelopes;
use crate::needs::Need;
use crate::sandbox::Sandbox;

/// Records with all that may be null, empty or twice.
const ODD: &str = r#"{"key":null,"value":"no key","timestamp":"2023-11-14T22:13:20Z"}
{"key":"tombstone","value":null,"timestamp":"2023-11-14T22:13:21Z"}
{"key":"","value":"","timestamp":"2023-11-14T22:13:19Z"}
{"key":"h","value":"v","headers":[["h","1"],["h","2"],["",null],["e",""]]}
{"key_base64":"AP/+gA==","value_base64":"/w=="}
"#;

/// The records of a topic by partition, without offset and topic.
fn records(s: &Sandbox, target: &str, topic: &str) -> Vec<Value> {
    let run = s.run(&format!("{target} consume {topic} -e --json"));
    let mut found = envelopes(run.success());
    found.sort_by_key(|r| (r["partition"].as_i64(), r["offset"].as_i64()));
    for record in &mut found {
        record["offset"] = Value::Null;
        record["topic"] = Value::Null;
    }
    found
}

/// A topic with 3 partitions of odd and of many records.
fn fill(s: &Sandbox) {
    s.run("topics create a -p 3 -c retention.ms=-1 -c cleanup.policy=compact,delete").success();
    s.run("topics alter a -c cleanup.policy=delete").success();
    s.stdin(ODD).run("produce a --json --partition 1").success();
    s.run("produce a --fake 3000 --key-field /id").success();
}

#[test]
fn a_copy_has_the_same_records_partitions_and_configs() {
    let s = Sandbox::new();
    fill(&s);
    let run = s.run("copy a ./other#b");
    run.success();
    assert!(run.stderr().contains("created topic `b` with 3 partitions"), "{run}");
    let counted = "copied 3,005 records: 3,005 persisted, 0 not persisted, 0 maybe persisted";
    assert!(run.stderr().contains(counted), "{run}");
    assert_eq!(records(&s, "", "a"), records(&s, "-d other", "b"));
    let configs = |words: &str| s.run(words).items().next().unwrap()["configs"].clone();
    assert_eq!(configs("topics describe a --json"), configs("-d other topics describe b --json"));
    // Within one directory, and back to front.
    s.run("copy ./other#b c").success();
    assert_eq!(records(&s, "", "a"), records(&s, "", "c"));
    s.run("copy a d --no-configs").success();
    assert_eq!(configs("topics describe d --json"), json!({}));
}

#[test]
fn a_config_that_is_not_copied_is_told() {
    let s = Sandbox::new();
    s.run("topics create a -c message.timestamp.type=LogAppendTime -c retention.ms=-1").success();
    s.stdin("x\n").run("produce a").success();
    let run = s.run("copy a b");
    let told = "created topic `b` with 1 partition; without message.timestamp.type";
    assert!(run.success().stderr().contains(told), "{run}");
    let times = |topic| s.run(&format!("consume {topic} -e -f %T")).success().stdout();
    assert_eq!(times("a"), times("b"));
    let configs = |topic| {
        let run = s.run(&format!("topics describe {topic} --json"));
        run.success().items().next().unwrap()["configs"].clone()
    };
    assert_eq!(configs("b"), serde_json::json!({"retention.ms": "-1"}));
    let run = s.run("copy a c --no-configs");
    assert!(!run.success().stderr().contains("without"), "{run}");
}

#[test]
fn a_copy_goes_on_where_it_ended_and_copies_nothing_twice() {
    let s = Sandbox::new();
    fill(&s);
    for n in [1, 100, 700] {
        let run = s.run(&format!("copy a b -n {n}"));
        assert!(run.success().stderr().contains(&format!("{n} persisted")), "{run}");
    }
    assert_eq!(records(&s, "", "b").len(), 801);
    // The notes are lost with a crash: what is behind the last one is known by its count.
    let notes = s.run("groups list --json").items().next().unwrap();
    let group = notes["group"].as_str().unwrap().to_owned();
    assert!(group.starts_with("kaw-copy-a-"), "{notes}");
    s.run("copy a b").success();
    assert_eq!(records(&s, "", "a"), records(&s, "", "b"));
    let again = s.run("copy a b");
    assert!(again.success().stderr().contains("copied 0 records"), "{again}");
    s.run("produce a --fake 50 --key-field /id").success();
    assert!(s.run("copy a b").stderr().contains("50 persisted"));
    assert_eq!(records(&s, "", "a"), records(&s, "", "b"));
}

#[test]
fn records_behind_the_last_note_are_not_copied_twice() {
    let s = Sandbox::new();
    fill(&s);
    s.run("copy a b -n 400").success();
    let offsets = s.log_dir();
    let kept = s.path("kept");
    copy_offsets(&offsets, &kept);
    s.run("copy a b -n 900").success();
    // As a crash before the note leaves it.
    copy_offsets(&kept, &offsets);
    // A part of a directory is none.
    fs::remove_dir_all(&kept).unwrap();
    s.run("copy a b").success();
    assert_eq!(records(&s, "", "a"), records(&s, "", "b"));
}

/// Copies the logs of committed offsets.
fn copy_offsets(from: &std::path::Path, to: &std::path::Path) {
    for entry in fs::read_dir(from).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("__consumer_offsets-") {
            let to = to.join(entry.file_name());
            drop(fs::remove_dir_all(&to));
            fs::create_dir_all(&to).unwrap();
            for file in fs::read_dir(entry.path()).unwrap().flatten() {
                fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
    }
}

#[test]
fn a_signal_ends_a_copy_with_its_counts_and_the_next_run_goes_on() {
    let s = Sandbox::new();
    s.run("topics create a").success();
    s.run("produce a --fake 300000 --acks 1").success();
    let running = s.spawn("copy a b");
    while !s.log_dir().join("b-0").exists() {
        std::thread::yield_now();
    }
    running.signal("INT");
    let run = running.finish();
    assert!([0, 130].contains(&run.status().code().unwrap()), "{run}");
    assert!(run.stderr().contains("copied "), "{run}");
    s.run("copy a b").success();
    assert_eq!(records(&s, "", "b"), records(&s, "", "a"));
}

#[test]
fn what_copy_refuses() {
    let s = Sandbox::new();
    fill(&s);
    assert_refused(&s.run("copy a a"), 2, "a topic cannot be copied to itself");
    assert_refused(&s.run("copy nope b"), 8, "topic `nope` does not exist");
    assert_refused(&s.run("copy ./nowhere#a b"), 8, "nowhere");
    s.run("topics create small").success();
    assert_refused(&s.run("copy a small"), 2, "topic `small` has 1 partitions, not 3");
    s.run("topics create full -p 3").success();
    s.stdin("x\n").run("produce full").success();
    assert_refused(&s.run("copy a full"), 3, "`full` has records that are not of a copy");
    s.run("copy a full --append").success();
    assert_eq!(records(&s, "", "full").len(), 3006);
    assert_refused(&s.run("copy a __consumer_offsets"), 2, "__consumer_offsets");
    s.run("copy a b").success();
    s.run("topics delete a").success();
    s.run("topics create a -p 3").success();
    assert_refused(&s.run("copy a b"), 3, "was copied from offset");
}

#[test]
fn kafka_topics_are_copied_from_and_to_a_broker() {
    if !Need::Kafka.met() {
        return;
    }
    let s = Sandbox::new();
    fill(&s);
    let broker = Broker::shared();
    let at = broker.bootstrap();
    let run = s.run(&format!("copy a {at}#copy-it"));
    assert!(run.success().stderr().contains("3,005 persisted"), "{run}");
    s.run(&format!("copy {at}#copy-it back")).success();
    assert_eq!(records(&s, "", "a"), records(&s, "", "back"));
    let told = broker.ask(json!({"do": "topics"}));
    let topic = told.as_array().unwrap().iter().find(|told| told["topic"] == "copy-it").unwrap();
    let configs = json!({"retention.ms": "-1", "cleanup.policy": "delete"});
    assert_eq!(topic["configs"], configs);
}

/// Records of the copies that are killed, and how often each is; `KAW_KILLS` is another number.
const RECORDS: usize = 200_000;
const KILLS: u64 = 6;

/// What a partition holds: keys, times, values, in their order.
fn lines_of(s: &Sandbox, target: &str, topic: &str, partition: i32) -> String {
    let words = format!("consume {topic} -p {partition} -e -f '%k %T %s\\n'");
    s.run(&format!("{target} {words}")).success().stdout()
}

/// Where two texts differ: the number of the first line, and what that is in both.
fn differs(sent: &str, found: &str) -> String {
    let (sent, found): (Vec<_>, Vec<_>) = (sent.lines().collect(), found.lines().collect());
    let at = sent.iter().zip(&found).take_while(|(sent, found)| sent == found).count();
    format!("line {at} is {:?}, not {:?}", found.get(at), sent.get(at))
}

/// Kills a copy again and again, then lets one end; answers how many were killed on their way.
fn copy_with_kills(s: &Sandbox, words: &str, copied: &dyn Fn() -> u64) -> u64 {
    let kills = std::env::var("KAW_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let mut random = rand_pcg::Pcg64Mcg::seed_from_u64(kills);
    let mut cut_short = 0;
    for _ in 0..kills {
        let mut run = s.spawn(words);
        std::thread::sleep(Duration::from_millis(random.gen_range(50..400)));
        run.kill();
        // A broker may yet take what it has received of it.
        let mut there = copied();
        while let more = copied()
            && more != there
        {
            there = more;
        }
        cut_short += u64::from((1..RECORDS as u64).contains(&there));
    }
    s.run(words).success();
    cut_short
}

#[test]
fn kafka_copies_to_and_from_a_broker_are_exact_however_often_they_are_killed() {
    if !Need::Kafka.met() {
        return;
    }
    let s = Sandbox::new();
    s.run("topics create a -p 3 -c segment.bytes=4194304").success();
    s.run(&format!("produce a --fake {RECORDS} --key-field /id --acks 1")).success();
    let broker = Broker::shared();
    let at = broker.bootstrap();
    let there = format!("-b {at}");
    let count = |target: &str, topic: &str| {
        let run = s.run(&format!("{target} topics list ^{topic}$ --json"));
        run.success().items().next().map_or(0, |topic| topic["records"].as_u64().unwrap_or(0))
    };
    let to = copy_with_kills(&s, &format!("copy a {at}#killed"), &|| count(&there, "killed"));
    let on = format!("copy {at}#killed {at}#killed-again");
    let on = copy_with_kills(&s, &on, &|| count(&there, "killed-again"));
    let back = copy_with_kills(&s, &format!("copy {at}#killed b"), &|| count("", "b"));
    for partition in 0..3 {
        let sent = lines_of(&s, "", "a", partition);
        for (target, topic) in [(&*there, "killed"), (&there, "killed-again"), ("", "b")] {
            let found = lines_of(&s, target, topic, partition);
            let (of, first) = (sent.lines().count(), differs(&sent, &found));
            let records = found.lines().count();
            assert!(found == sent, "{topic}-{partition}: {records} of {of}, and {first}");
        }
    }
    assert!(to + on + back > 0, "some were killed on their way");
    // Not `eprintln!`: the test runner would keep it to itself.
    let told =
        format!("copies killed on their way: {to} to a broker, {on} on it, {back} from it\n");
    std::io::stderr().write_all(told.as_bytes()).unwrap();
}
