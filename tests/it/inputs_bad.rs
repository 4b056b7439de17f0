//! Owns the tests of bad input to produce and consume, as tables: each row is what is typed or fed,
//! the code that it ends with, and words of the one line that says why. Leaves groups and lag to
//! `groups_bad`, and damaged logs to `logs_bad`.

use std::io::Write as _;
use std::time::Duration;

use crate::checks::assert_refused;
use crate::sandbox::Sandbox;

/// A topic `t` of two partitions with 3 records in the first, and an empty one.
fn world() -> Sandbox {
    let s = Sandbox::new();
    s.run("topics create t -p 2").success();
    s.run("topics create empty").success();
    s.stdin("a\nb\nc\n").run("produce t -p 0").success();
    s
}

#[test]
fn what_is_typed_for_consume_is_read_strictly() {
    let s = world();
    for (options, code, words) in [
        ("-p abc", 2, "abc"),
        ("-p -1", 2, "-1"),
        ("-p 2147483648", 2, "2147483648"),
        ("-p 1-0", 2, "1-0"),
        ("-p ''", 2, "partition"),
        ("-p 0,,1", 2, "partition"),
        ("-p 7", 8, "topic `t` has no partition 7: it has 2"),
        ("-o 4", 8, "offset 4 of t-0 is out of range: the log has 0 to 3"),
        ("-o 9223372036854775807", 8, "out of range"),
        ("-o 0x1", 2, "is not an offset"),
        ("-o 1e3", 2, "is not an offset"),
        ("-o --5", 2, "is not an offset"),
        ("-n -1", 2, "-1"),
        ("-n 1e9", 2, "1e9"),
        ("-n 10GiB", 2, "10GiB"),
        ("-n ''", 2, "is not a count"),
        ("--rate 0", 2, "it is zero"),
        ("--rate -1", 2, "-1"),
        ("--rate nan", 2, "nan"),
        ("--idle 5", 2, "write `5s`"),
        ("--idle=-1s", 2, "-1s"),
        ("--sample 0", 2, "N is at least 1"),
        ("--sample -1", 2, "-1"),
        ("--grep '('", 2, "not a regular expression"),
        ("--filter '('", 2, "is not a jq expression"),
        ("-f %z", 2, "`%z` is not one of"),
        ("-f '%s{'", 2, "%s"),
        ("-f '\\x4'", 2, "\\x4"),
        ("--on-out-of-range stop", 2, "fail"),
        ("--isolation dirty", 2, "read-uncommitted"),
        ("--exec true", 2, "-g"),
        ("--batch 0 -g g --exec true", 2, "at least 1 record"),
        ("--merge-wait 5ms", 2, "--merge"),
        ("--merge -g g", 2, "cannot be used with"),
        ("--json --raw", 2, "cannot be used with"),
        ("--hex --base64", 2, "cannot be used with"),
        ("--regex 'a' t", 2, "cannot be used with"),
    ] {
        let run = s.run(&format!("consume t -e {options}"));
        assert_refused(&run, code, words);
        let is_error = |line: &&str| line.starts_with("kaw: ") || line.starts_with("{\"error\"");
        assert_eq!(run.stderr().lines().filter(is_error).count(), 1, "{run}");
    }
    // What is nothing is nothing, and no error.
    for options in ["-n 0", "-e -o end", "-p 0 -o 3:3", "-e --idle 0s -o end", "-e --grep nothing"]
    {
        assert_eq!(s.run(&format!("consume t {options}")).success().stdout(), "", "{options}");
    }
    for options in ["-e", "-e -o end", "-e -o -5", "-e -o @2026-01-15", "-n 0"] {
        assert_eq!(s.run(&format!("consume empty {options}")).success().stdout(), "", "{options}");
    }
}

#[test]
fn a_byte_order_mark_is_bytes_and_none_of_json() {
    let s = Sandbox::new();
    let lines = "\u{feff}{\"value\":\"a\"}\n{\"value\":\"b\"}\n";
    for (options, read) in [("--json", "ab"), ("--json --sync", "abab"), ("--json -c 1", "ababa")] {
        let run = s.stdin(lines).run(&format!("produce t {options}"));
        let warning = "warning: the input begins with a byte order mark; passed over\n";
        assert_eq!(run.success().stderr().matches(warning).count(), 1, "{run}");
        assert_eq!(s.run("consume t -e --raw").success().stdout(), read);
    }
    let run = s.stdin("a\n").run("produce plain");
    assert!(!run.success().stderr().contains("warning"), "{run}");
    let run = s.stdin("\u{feff}a\n").run("produce plain");
    assert!(!run.success().stderr().contains("warning"), "{run}");
    assert_eq!(s.run("consume plain -e --raw").success().stdout(), "a\u{feff}a");
    for (bytes, options, words) in [
        (&b"{\"value\":\"a\"}\n\xef\xbb\xbf{}\n"[..], "--json", "begins with a byte order mark"),
        (b"\xff\xfe{\0}\0\n\0", "--json", "begins as UTF-16 does, and JSON is UTF-8"),
        (b"\xef\xbb\xbf{\"id\":1}\n", "--key-field /id", "it begins with a byte order mark"),
        (b"\xef\xbb\xbf\n", "--json", "not a record envelope"),
    ] {
        assert_refused(&s.stdin(bytes).run(&format!("produce bad {options}")), 3, words);
    }
}

#[test]
fn empty_lines_and_carriage_returns_are_kept_unless_told() {
    let s = Sandbox::new();
    let input = "\r\n\n{\"value\":\"a\"}\r\n\n";
    for (options, records, skipped) in [
        ("--json --skip-empty --crlf", 1, 3),
        ("--skip-empty", 2, 2),
        ("--skip-empty --crlf", 1, 3),
        ("--crlf", 4, 0),
        ("", 4, 0),
    ] {
        let run = s.stdin(input).run(&format!("produce t {options}"));
        let stderr = run.success().stderr();
        assert!(stderr.contains(&format!("read {records} record")), "{options}: {run}");
        let told = format!("{skipped} empty record");
        assert_eq!(stderr.contains(&told), skipped > 0, "{options}: {run}");
    }
    let run = s.stdin(input).run("produce t --json");
    assert_refused(&run, 3, "record 1: not a record envelope");
}

#[test]
fn parsed_json_goes_in_as_it_is() {
    let s = Sandbox::new();
    let values = ["{\"id\": 9007199254740993}", "[1, 2.50]", "\"text\"", "null", "1e400", "-0"];
    let line = |json: &&str| format!("{{\"key\":\"k\",\"value_json\":{json}}}\n");
    s.stdin(values.iter().map(line).collect::<Vec<_>>().concat()).run("produce t --json").success();
    let expected = values.join("\n") + "\n";
    assert_eq!(s.run("consume t -e").success().stdout(), expected);
    // And out again, to the same.
    let parsed = s.run("consume t -e --json=parsed").success().stdout();
    assert_eq!(parsed.matches("\"value_json\":").count(), values.len());
    s.stdin(parsed).run("produce u --json").success();
    assert_eq!(s.run("consume u -e").success().stdout(), expected);
    for (line, words) in [
        ("{\"value_json\":{\"a\":}}", "not a record envelope"),
        ("{\"value_json\":nul}", "not a record envelope"),
        ("{\"value_json\":1,\"value\":\"1\"}", "there twice"),
        ("{\"value_json\":1 2}", "not a record envelope"),
    ] {
        assert_refused(&s.stdin(line).run("produce bad --json"), 3, words);
    }
}

#[test]
fn input_without_an_end_takes_no_more_memory() {
    let s = Sandbox::new();
    // Without `--foreground` the signal comes twice: to the process, and to its group.
    let interrupted = "timeout --foreground --preserve-status -s INT 2 kaw";
    let run = s.bash(&format!("ulimit -d 100000; {interrupted} produce t /dev/zero; echo $?"));
    assert!(run.success().stdout().ends_with("130\n"), "{run}");
    assert!(run.stderr().contains("1 not persisted, 0 maybe persisted"), "{run}");
    let whole = format!("ulimit -d 100000; yes | {interrupted} produce u --whole; echo $?");
    let run = s.bash(&whole);
    assert!(run.success().stdout().ends_with("130\n"), "{run}");
    assert!(run.stderr().contains(" 0 persisted"), "{run}");
}

#[test]
fn a_file_is_read_to_where_it_ended_when_it_was_opened() {
    let s = Sandbox::new();
    let path = s.write("growing", "1\n2\n3\n4\n");
    let mut producer = s.spawn("produce t growing --rate 20/s --report %s");
    assert_eq!(producer.next_line().as_deref(), Some("1"));
    let mut file = std::fs::File::options().append(true).open(path).unwrap();
    file.write_all(b"5\n6\n").unwrap();
    assert_eq!(producer.finish().success().stdout(), "2\n3\n4\n");
}

#[test]
fn many_followers_do_not_keep_a_producer_from_writing() {
    let s = world();
    let followers: Vec<_> = (0..60).map(|_| s.spawn("consume t -o end")).collect();
    let started = std::time::Instant::now();
    s.run("produce t --fake 1000 --sync --acks 1").success();
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    for mut follower in followers {
        assert!(follower.next_line().is_some_and(|line| line.starts_with("{\"id\":")));
        follower.kill();
    }
}
