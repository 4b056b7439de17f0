//! Owns the tests of what `kaw consume` chooses: filters, samples, gaps, the order of time, and
//! what it does where an offset is outside the log. Leaves ranges and forms to `consume`.

use std::fmt::Write as _;

use crate::checks::assert_refused;
use crate::groups_members::wait_for;
use crate::sandbox::Sandbox;

/// A topic `t` of one partition with these values.
fn topic_of(values: &str) -> Sandbox {
    let s = Sandbox::new();
    s.stdin(values).run("produce t").success();
    s
}

/// The values that `options` let through, with spaces between.
#[track_caller]
fn values(s: &Sandbox, options: &str) -> String {
    let run = s.run(&format!("consume t {options}"));
    run.success().stdout().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_filter_chooses_by_the_value_and_says_what_it_left_out() {
    let s = topic_of("{\"age\":60}\nno json\n{\"age\":40}\n7\n{\"age\":70,\"x\":[1]}\n");
    let run = s.run_with(["consume", "t", "-e", "--filter", ".age > 50"]);
    assert_eq!(run.success().stdout(), "{\"age\":60}\n{\"age\":70,\"x\":[1]}\n");
    let stderr = run.stderr();
    assert!(stderr.contains("--filter fails on t-0, offset 3: "), "{stderr}");
    assert!(
        stderr.contains("left out 1 record whose value is not JSON and 1 record that --filter"),
        "{stderr}"
    );
    for (expression, offsets) in [
        (".x[0] == 1", "4"),
        ("type == \"number\"", "3"),
        ("$offset > 2", "3 4"),
        ("has(\"age\") and .age < 50", "2"),
        ("empty", ""),
        ("$key", ""),
    ] {
        let run = s.run_with(["consume", "t", "-e", "-f", "%o ", "--filter", expression]);
        assert_eq!(run.success().stdout().trim(), offsets, "{expression}");
    }
    for (expression, words) in [
        (".age >", "--filter: `.age >` is not a jq expression: "),
        (".age | nope", "there is no filter `nope` (character 8)"),
        ("", "is not a jq expression"),
    ] {
        let run = s.run_with(["consume", "t", "-e", "--filter", expression]);
        assert_refused(&run, 2, words);
    }
}

/// The time that a process has had on a processor, in hundredths of a second.
fn ticks(id: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let field = |n| stat.split(' ').nth(n).unwrap().parse::<u64>().unwrap();
    field(13) + field(14)
}

#[test]
fn a_filter_without_end_is_ended() {
    let s = topic_of("{\"n\":1}\n{\"n\":2}\n");
    for (signal, code, options) in [
        ("TERM", 143, "--filter 'last(range(1; 1e15)) > 5'"),
        ("INT", 130, "-g g --filter 'def f: f; f'"),
    ] {
        let running = s.spawn(&format!("consume t {options}"));
        // It is busy with the first record, of which it hears no signal.
        wait_for("the filter", || (ticks(running.id()) > 30).then_some(()));
        running.signal(signal);
        let stderr = running.finish().code(code).stderr();
        assert!(stderr.contains("left in the middle of --filter, which goes on"), "{stderr}");
    }
    let deep = ["consume", "t", "-e", "--filter", "def f: 1 + f; .n == 1 or f"];
    let run = s.run_with(deep);
    assert_refused(&run, 2, "--filter calls itself too often on t-0, offset 1");
}

#[test]
fn a_filter_in_a_group_passes_over_what_it_does_not_want() {
    let s = topic_of("{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
    assert_eq!(values(&s, "-g g -e --filter '.n == 2'"), "{\"n\":2}");
    assert_eq!(values(&s, "-g g -e"), "");
}

#[test]
fn a_sample_is_the_same_each_time_and_about_as_large_as_asked() {
    let lines: String = (0..10_000).fold(String::new(), |mut all, n| {
        writeln!(all, "{n}").unwrap();
        all
    });
    let s = topic_of(&lines);
    let sample = values(&s, "-e --sample 10");
    let count = sample.split(' ').count();
    assert!((850..1150).contains(&count), "{count}");
    assert_eq!(sample, values(&s, "-e --sample 10"));
    assert_ne!(sample, values(&s, "-e --sample 10 --seed 1"));
    assert_eq!(values(&s, "-e --sample 1").split(' ').count(), 10_000);
    assert_refused(&s.run("consume t -e --sample 0"), 2, "N is at least 1");
    assert_refused(&s.run("consume t -e --sample -1"), 2, "kaw: ");
    assert_refused(&s.run("consume t -e --seed 1"), 2, "--sample");
}

#[test]
fn keys_and_values_are_shown_as_hex_and_base64() {
    let s = Sandbox::new();
    s.stdin("a:\u{e9}\n").run("produce t -K :").success();
    assert_eq!(values(&s, "-e --hex"), "c3a9");
    assert_eq!(values(&s, "-e --base64"), "w6k=");
    assert_eq!(values(&s, "-e --hex -f '%k %s %s{base64} %s{json}'"), "61 c3a9 w6k= \"\u{e9}\"");
    for other in ["--base64", "--json", "--raw", "-J"] {
        assert_refused(&s.run(&format!("consume t -e --hex {other}")), 2, "cannot be used with");
    }
}

#[test]
fn an_offset_outside_the_log_stops_it_or_is_told() {
    let s = topic_of("0\n1\n2\n3\n4\n");
    s.run("topics trim t --to 2").success();
    assert_refused(&s.run("consume t -e -o 1"), 8, "offset 1 of t-0 is out of range");
    assert_refused(&s.run("consume t -e -o 9 --on-out-of-range fail"), 8, "the log has 2 to 5");
    for (options, expected, at) in [
        ("-o 1 --on-out-of-range start", "2 3 4", 2),
        ("-o 1 --on-out-of-range earliest", "2 3 4", 2),
        ("-o 9 --on-out-of-range start", "2 3 4", 2),
        ("-o 0 --on-out-of-range end", "", 5),
        ("-o 9 --on-out-of-range latest", "", 5),
    ] {
        let run = s.run(&format!("consume t -e {options}"));
        let words = run.success().stdout().split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words, expected, "{options}");
        let told = format!("the log has 2 to 5; reading on at {at}");
        assert!(run.stderr().contains(&told), "{run}");
    }
    assert_refused(&s.run("consume t -e --on-out-of-range no"), 2, "no");
}

#[test]
fn a_committed_offset_outside_the_log_stops_the_group_or_is_told() {
    let s = topic_of("0\n1\n2\n3\n4\n");
    assert_eq!(values(&s, "-g g -e -n 1"), "0");
    s.run("topics trim t --to 3").success();
    let run = s.run("consume t -g g -e");
    assert_refused(&run, 8, "offset 1 of t-0 is out of range: the log has 3 to 5");
    let run = s.run("consume t -g g -e --on-out-of-range start");
    assert_eq!(run.success().stdout(), "3\n4\n");
    assert!(run.stderr().contains("offset 1 of t-0 is out of range"), "{run}");
    assert_eq!(values(&s, "-g g -e"), "");
}

#[test]
fn a_group_begins_where_it_is_told_once() {
    let s = topic_of("0\n1\n2\n");
    assert_eq!(values(&s, "-g late -e -o end"), "");
    s.stdin("3\n4\n").run("produce t").success();
    // The start was committed: what came since is not passed over.
    assert_eq!(values(&s, "-g late -e -o end"), "3 4");
    assert_eq!(values(&s, "-g last -e -o -2"), "3 4");
    assert_eq!(values(&s, "-g stored -e -o stored"), "0 1 2 3 4");
    assert_refused(&s.run("consume t -g x -e -o 1:2"), 2, "--offset: in a group");
    assert_refused(&s.run("consume t -g x -e -o 0=1"), 2, "--offset: in a group");
}

#[test]
fn partitions_have_offsets_of_their_own() {
    let s = Sandbox::new();
    for n in 0..3 {
        let produce = format!("produce t -p {n} --partitions 3");
        s.stdin(format!("{n}a\n{n}b\n{n}c\n")).run(&produce).success();
    }
    let sorted = |options: &str| {
        let all = values(&s, options);
        let mut all: Vec<&str> = all.split(' ').collect();
        all.sort_unstable();
        all.join(" ")
    };
    assert_eq!(sorted("-e -o end -o 0=1 -o 2=-1"), "0b 0c 2c");
    assert_eq!(sorted("-e -o 1=:1 -o -1"), "0c 1a 2c");
    for (options, words) in [
        ("-o 7=1", "partition 7 is not read"),
        ("-o 0=x", "`x` is not an offset"),
        ("-o 0=1 -o 0=2", "twice"),
        ("-o 1 -o 2", "twice"),
        ("-o 99999999999=1", "there is no partition 99999999999"),
        ("-o -1=1", "is not an offset"),
    ] {
        assert_refused(&s.run(&format!("consume t -e {options}")), 2, words);
    }
}

/// One envelope.
fn at(ms: u32, value: &str) -> String {
    format!("{{\"timestamp\":{},\"value\":\"{value}\"}}\n", 1_768_471_200_000 + u64::from(ms))
}

#[test]
fn partitions_are_merged_by_time() {
    let s = Sandbox::new();
    for (partition, records) in [
        (0, [at(1, "a1"), at(4, "a4"), at(4, "a4x"), at(9, "a9")].concat()),
        (1, [at(2, "b2"), at(4, "b4"), at(3, "b3late"), at(10, "b10")].concat()),
        (2, [at(5, "c5")].concat()),
    ] {
        let produce = format!("produce t --json -p {partition} --partitions 4");
        s.stdin(records).run(&produce).success();
    }
    let merged = "a1 b2 a4 a4x b4 b3late c5 a9 b10";
    assert_eq!(values(&s, "-e --merge"), merged);
    assert_eq!(values(&s, "--merge -n 3"), "a1 b2 a4");
    assert_eq!(values(&s, "--merge --idle 500ms --merge-wait 20ms"), merged);
    assert_refused(&s.run("consume t --merge -g g"), 2, "cannot be used with");
    assert_refused(&s.run("consume t --merge-wait 1s"), 2, "--merge");
}

#[test]
fn a_merge_of_many_records_is_exact() {
    let s = Sandbox::new();
    for partition in 0..3_u32 {
        let records: String = (0..20_000).map(|n| at(n * 3 + partition, "x")).collect();
        let produce = format!("produce t --json -p {partition} --partitions 3");
        s.stdin(records).run(&produce).success();
    }
    let run = s.run("consume t -e --merge -f %T\\n");
    let stdout = run.success().stdout();
    let times: Vec<u64> = stdout.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(times.len(), 60_000);
    assert!(times.is_sorted());
}

#[test]
fn gaps_are_told_with_their_reason() {
    let s = topic_of("0\n1\n2\n3\n4\n");
    assert!(!s.run("consume t -e --gaps").success().stderr().contains("gap"), "nothing is missing");
    s.run("topics trim t --to 2").success();
    let run = s.run("consume t -e --gaps");
    assert!(run.stderr().contains("kaw: gap: t-0 0..1: deleted before the log start"), "{run}");
    let run = s.run("consume t -e --gaps --json");
    let told = "{\"gap\":{\"first\":0,\"last\":1,\"partition\":0,\"topic\":\"t\",\"why\":\"deleted";
    assert!(run.success().stderr().contains(told), "{run}");
    assert_refused(&s.run("consume t -e --gaps -g g"), 2, "cannot be used with");

    s.run("topics create c -c cleanup.policy=compact -c segment.ms=1").success();
    for value in ["one", "two", "three"] {
        s.stdin(format!("k:{value}\n")).run("produce c -K :").success();
    }
    s.run("topics compact c").success();
    let run = s.run("consume c -e --gaps -f '%o '");
    let kept = run.success().stdout();
    let first: u64 = kept.split_whitespace().next().unwrap().parse().unwrap();
    assert!(first > 0, "compaction took something: {run}");
    assert!(run.stderr().contains("kaw: gap: c-0 0"), "{run}");
    assert!(run.stderr().contains(": compacted"), "{run}");
    // Its first record is one that is left.
    let item = s.run("topics list ^c$ --json").success().items().next().unwrap();
    let first = s.run("consume c -e -n 1 -f '%d'").success().stdout();
    assert_eq!(item["first_timestamp"], first);
}
