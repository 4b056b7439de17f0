//! Owns the tests of `kaw topics verify` and `kaw topics compact`, and of what damage, retention
//! and compaction look like from outside.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::checks::assert_refused;
use crate::sandbox::Sandbox;

/// A topic of three batches with two records each, and its log.
fn three_batches(s: &Sandbox, options: &str) -> PathBuf {
    s.run(&format!("topics create t {options}")).success();
    for n in 0..3 {
        s.stdin(format!("a{n}\nb{n}\n")).run("produce t --acks 1").success();
    }
    s.log_dir().join("t-0/00000000000000000000.log")
}

/// Changes one byte of a file.
fn flip(path: &PathBuf, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x55;
    fs::write(path, bytes).unwrap();
}

/// The size of the first batch of a log.
fn first_batch(log: &PathBuf) -> usize {
    let bytes = fs::read(log).unwrap();
    u32::from_be_bytes(*bytes[8..].first_chunk().unwrap()) as usize + 12
}

#[test]
fn damage_is_named_skipped_and_repaired() {
    let s = Sandbox::new();
    let log = three_batches(&s, "");
    let second = first_batch(&log);
    insta::assert_snapshot!(s.run("topics verify t --output tsv -q"), @r"
    TOPIC	PARTITION	RESULT	BATCHES	RECORDS	BYTES	FILE	POSITION	OFFSET	FINDING
    t	0	whole	3	6	472	-	-	-	-
    [exit status: 0]
    ");
    flip(&log, second + 70);
    let run = s.run("topics verify --json");
    run.code(4);
    let items: Vec<_> = run.items().collect();
    assert_eq!(items[0]["result"], "damage");
    assert_eq!(items[0]["file"], "t-0/00000000000000000000.log");
    assert_eq!(items[0]["position"], second);
    assert_eq!(items[0]["offset"], 2);
    assert_eq!(items[0]["finding"], "the checksum of a batch is wrong");
    assert_eq!((&items[1]["result"], &items[1]["records"]), (&"damaged".into(), &4.into()));
    let run = s.run("consume t -e");
    run.code(4);
    assert_eq!(run.stdout(), "a0\nb0\n");
    let run = s.run("consume t -e --skip-damaged");
    run.code(4);
    assert_eq!(run.stdout(), "a0\nb0\na2\nb2\n");
    assert!(run.stderr().contains("t-0: passed over offsets 2 to 3"), "{}", run.stderr());
    s.damaged();
    let run = s.run("topics verify --repair --json");
    let results: Vec<_> = run.success().items().map(|item| item["result"].clone()).collect();
    assert_eq!(results, ["repaired", "moved", "repaired"]);
    s.run("topics verify").success();
    assert_eq!(s.run("consume t -e").success().stdout(), "a0\nb0\na2\nb2\n");
    let aside = fs::read(s.log_dir().join("t-0/00000000000000000000.log.cut-1")).unwrap();
    assert_eq!(aside.len(), second);
    s.stdin("c\n").run("produce t --acks 1").success();
    assert_eq!(s.run("consume t -e -f %o,").success().stdout(), "0,1,4,5,6,");
}

#[test]
fn what_verify_refuses() {
    let s = Sandbox::new();
    s.damaged();
    let log = three_batches(&s, "");
    assert_refused(&s.run("topics verify nope"), 8, "topic `nope` does not exist");
    let part = s.log_dir().join("t-0");
    let away = s.path("away");
    fs::rename(&part, &away).unwrap();
    symlink(&away, &part).unwrap();
    for command in ["topics verify t", "consume t -e", "topics compact t"] {
        assert_refused(&s.run(command), 5, "it is a symbolic link, which is not followed");
    }
    assert_refused(
        &s.stdin("x\n").run("produce t --acks 1"),
        5,
        "it is a symbolic link, which is not followed",
    );
    fs::remove_file(&part).unwrap();
    fs::rename(&away, &part).unwrap();
    fs::hard_link(&log, s.path("second-name")).unwrap();
    let run = s.run("topics verify t --json");
    let notes: Vec<_> = run.success().items().map(|item| item["result"].clone()).collect();
    assert_eq!(notes, ["note", "whole"]);
}

#[test]
fn a_name_that_the_file_system_folds_is_refused() {
    let s = Sandbox::new();
    three_batches(&s, "");
    s.damaged();
    symlink("t-0", s.log_dir().join("T-0")).unwrap();
    assert_refused(&s.run("topics create T"), 5, "takes it for a partition of topic `t`");
    assert_eq!(s.run("consume t -e -n 1").success().stdout(), "a0\n");
}

#[test]
fn compaction_keeps_the_last_record_of_each_key() {
    let s = Sandbox::new();
    s.run("topics create c -c cleanup.policy=compact -c internal.segment.bytes=100").success();
    for line in ["a:1", "b:1", "a:2", "c:1", "b:2", "a:3"] {
        s.stdin(format!("{line}\n")).run("produce c -K : --acks 1").success();
    }
    let run = s.run("topics compact c --roll --json");
    let item = run.success().items().next().unwrap();
    assert_eq!(item["records_after"], 3, "{item}");
    assert_eq!(s.run("consume c -e -f %o:%k=%s,").success().stdout(), "3:c=1,4:b=2,5:a=3,");
    assert_eq!(s.run("consume c -e -f %o:%k=%s, -o 1").success().stdout(), "3:c=1,4:b=2,5:a=3,");
    s.run("topics verify c").success();
    let noted = fs::read_to_string(s.log_dir().join("cleaner-offset-checkpoint")).unwrap();
    assert_eq!(noted, "0\n1\nc 0 6\n");
    assert_refused(&s.run("topics compact __consumer_offsets"), 2, "Kafka keeps its own state");
    assert_refused(&s.run("topics compact nope"), 8, "topic `nope` does not exist");
}

#[test]
fn retention_deletes_what_is_too_old_or_too_much() {
    let s = Sandbox::new();
    let small = "-c internal.segment.bytes=100 -c retention.ms=3600000";
    s.run(&format!("topics create t {small}")).success();
    // The producer that seals a segment deletes those before it that are too old.
    for time in ["-3d", "-2d", "-1d", "-1m", "-30s"] {
        s.stdin("x\n").run(&format!("produce t --acks 1 --timestamp={time}")).success();
    }
    assert_eq!(s.run("consume t -e -f %o,").success().stdout(), "0,1,2,3,4,");
    s.stdin("y\nz\n").run("produce t --acks 1 --sync").success();
    assert_eq!(s.run("consume t -e -f %o,").success().stdout(), "3,4,5,6,");
    s.run("topics verify t").success();
    // By size, whole segments only, and the active one counts.
    s.run("topics alter t -c retention.bytes=100").success();
    let run = s.run("topics compact t --json");
    let item = run.success().items().next().unwrap();
    assert_eq!(item["segments_deleted"], 2, "{item}");
    assert_eq!(s.run("consume t -e -f %o,").success().stdout(), "5,6,");
    s.run("topics alter t -c retention.ms=0 --unset retention.bytes").success();
    std::thread::sleep(std::time::Duration::from_millis(5));
    s.run("topics compact t").success();
    assert_eq!(s.run("consume t -e").success().stdout(), "");
    s.stdin("n\n").run("produce t --acks 1").success();
    assert_eq!(s.run("consume t -e -f %o,").success().stdout(), "7,");
}

#[test]
fn a_page_that_cannot_be_read_hides_no_topic_from_a_list() {
    let s = Sandbox::new();
    three_batches(&s, "");
    s.stdin("x\n").run("produce other --acks 1").success();
    // The version of the page's format, as a newer kaw would write it.
    let page = s.log_dir().join("t-0/.kaw-state");
    flip(&page, 8);
    let run = s.run("topics list --json");
    let records: Vec<_> = run.success().items().map(|item| item["records"].clone()).collect();
    assert_eq!(records, [1, 6]);
    assert_refused(&s.run("consume t -e"), 5, "it was written by a newer kaw");
    s.damaged();
}

#[test]
fn what_a_creation_left_without_records_goes() {
    let s = Sandbox::new();
    fs::create_dir_all(s.log_dir().join("t-0")).unwrap();
    fs::write(s.log_dir().join("t-0/partition.metadata"), "version: 0").unwrap();
    s.run("topics create t").success();
    let names = fs::read_dir(s.log_dir()).unwrap().map(|entry| entry.unwrap().file_name());
    let strays = names.filter(|name| name.to_string_lossy().contains("stray")).count();
    assert_eq!(strays, 0);
}

#[test]
fn many_partitions_need_few_files() {
    let s = Sandbox::new();
    s.run("topics create many -p 400").success();
    // Four partitions to a file that may be open; logs, indexes and pages are several files each.
    let limited = |script: &str| s.bash(&format!("set -o pipefail; ulimit -n 100; {script}"));
    let produce = "seq 1 2000 | kaw produce many --partitioner round-robin --acks 1";
    limited(produce).success();
    limited("kaw produce many --fake 2000 --key-field /id -z zstd").success();
    for (script, answer) in [
        ("kaw consume many -e | wc -l", "4000"),
        ("kaw consume many -e --merge | wc -l", "4000"),
        ("kaw consume many -g g -e | wc -l", "4000"),
        ("kaw topics list --output tsv --no-headers many | cut -f 2,3", "400\t4000"),
        ("kaw topics describe many --no-headers | wc -l", "400"),
        ("kaw topics verify many --output tsv --no-headers | grep -c whole", "400"),
        ("kaw lag g --by group --output tsv --no-headers | cut -f 3", "0"),
        ("kaw copy many other >/dev/null && kaw consume other -e | wc -l", "4000"),
        ("kaw topics trim many --to end --output tsv --no-headers | wc -l", "400"),
        ("kaw topics delete many 2>&1", "deleted topic `many`"),
    ] {
        let run = limited(script);
        assert_eq!(run.success().stdout().trim(), answer, "{run}");
    }
    s.run("topics create many -p 2").success();
    let run = s.bash("ulimit -n 6; echo x | kaw produce many -p 0 --acks 1");
    run.code(5);
    assert!(run.stderr().contains("more than 6 open files (`ulimit -n`)"), "{}", run.stderr());
}

#[test]
fn a_topic_that_is_not_compacted_any_more_keeps_its_gaps_and_is_whole() {
    let s = Sandbox::new();
    s.run("topics create t -c cleanup.policy=compact").success();
    for lines in ["a:0\nb:0\n", "a:1\nb:1\n", "a:2\n"] {
        s.stdin(lines).run("produce t -K :").success();
        s.run("topics compact t --roll").success();
    }
    let format = "consume t -e -f '%o:%k=%s '";
    assert_eq!(s.run(format).success().stdout(), "3:b=1 4:a=2 ");
    s.run("topics alter t -c cleanup.policy=delete").success();
    s.stdin("c:1\n").run("produce t -K :").success();
    assert_eq!(s.run(format).success().stdout(), "3:b=1 4:a=2 5:c=1 ");
    s.run("topics verify").success();
    s.run("topics verify --repair").success();
    // Also where its end has to be found anew, as after a start of the machine.
    fs::remove_file(s.log_dir().join("t-0/.kaw-state")).unwrap();
    assert_eq!(s.run(format).success().stdout(), "3:b=1 4:a=2 5:c=1 ");
    // A gap in a log that was never compacted stays damage.
    s.damaged();
    fs::remove_file(s.log_dir().join("t-0/.kaw-compacted")).unwrap();
    s.run("topics verify").code(4);
    s.run("consume t -e").code(4);
}
