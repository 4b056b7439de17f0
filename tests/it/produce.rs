//! Owns the tests of `kaw produce`: what input becomes which records, what becomes of them, and
//! what is refused. Leaves reading in all its forms to `consume`.

use std::fmt::Write as _;

use insta::assert_snapshot;

use crate::checks::assert_refused;
use crate::needs::Need;
use crate::sandbox::{Run, Sandbox};

/// What a topic holds, by a template.
fn read(s: &Sandbox, topic: &str, template: &str) -> Vec<u8> {
    s.run_with(["consume", topic, "-e", "-f", template]).success().stdout_bytes().to_vec()
}

/// Produces `input` with these options to a topic of its own and returns what it holds then.
#[track_caller]
fn through(input: impl Into<Vec<u8>>, options: &[&str], template: &str) -> String {
    let s = Sandbox::new();
    s.stdin(input).run_with([&["produce", "t"], options].concat()).success();
    String::from_utf8(read(&s, "t", template)).unwrap()
}

/// The three counts of a summary: persisted, not persisted, maybe persisted.
#[track_caller]
fn counts(run: &Run) -> [u64; 4] {
    let pattern =
        r"read ([\d,]+) records?: ([\d,]+) persisted, ([\d,]+) not persisted, ([\d,]+) maybe";
    let stderr = run.stderr();
    let found = regex::Regex::new(pattern).unwrap().captures(&stderr).expect("there is a summary");
    let counts = [1, 2, 3, 4].map(|n| found[n].replace(',', "").parse().unwrap());
    assert_eq!(counts[0], counts[1] + counts[2] + counts[3], "the counts add up:\n{run}");
    counts
}

#[test]
fn every_line_is_a_record() {
    for (input, records) in [
        ("a\n\nb", "[a][][b]"),
        ("a", "[a]"),
        ("a\n", "[a]"),
        ("\n\n\n", "[][][]"),
        ("a\r\nb\r\n", "[a\r][b\r]"),
        ("\u{feff}a\n", "[\u{feff}a]"),
    ] {
        assert_eq!(through(input, &[], "[%s]"), records, "{input:?}");
    }
    assert_eq!(through("a\r\nb\rc\r\n\r\n", &["--crlf"], "[%s]"), "[a][b\rc][]");
    assert_eq!(through("a\n\n\nb\n", &["--skip-empty"], "[%s]"), "[a][b]");
    assert_eq!(through("a\n\r\nb", &["--skip-empty", "--crlf"], "[%s]"), "[a][b]");
    assert_eq!(through("a,b,\n,", &["-D", ","], "[%s]"), "[a][b][\n]");
    assert_eq!(through("a\0b\0\0c", &["-D", "\\0"], "[%s]"), "[a][b][][c]");
    assert_eq!(through("a\n\nb\nc\n\n\nd", &["-D", "\\n\\n"], "[%s]"), "[a][b\nc][\nd]");
    assert_eq!(through("aENDbENDEN", &["-D", "END"], "[%s]"), "[a][b][EN]");
    assert_eq!(through("a\nb\n", &["--whole"], "[%s]"), "[a\nb\n]");
}

#[test]
fn the_summary_says_what_was_read_and_what_became_of_it() {
    let s = Sandbox::new();
    let run = s.stdin("a\n\nb").run("produce t -p 0");
    assert_snapshot!(run.timeless(), @r"
    --- stderr
    created topic `t` with 1 partition
    read 3 records: 3 persisted, 0 not persisted, 0 maybe persisted; 4 B in $SPEED; durability power (on disk)
    [exit status: 0]
    ");
    let run = s.stdin("a\n\nb\n").run("produce t --skip-empty --acks 1");
    assert_snapshot!(run.timeless(), @r"
    --- stderr
    read 2 records: 2 persisted, 0 not persisted, 0 maybe persisted; 1 empty record skipped; 5 B in $SPEED; durability process (in the page cache)
    [exit status: 0]
    ");
    let run = s.stdin("a\n").run("produce t --acks 0");
    assert_snapshot!(run.timeless(), @r"
    --- stderr
    read 1 record: 0 persisted, 0 not persisted, 1 maybe persisted; 2 B in $SPEED; durability none (not acknowledged)
    [exit status: 0]
    ");
    let run = s.stdin("a\n").run("-q produce t --acks -1");
    assert_snapshot!(run.timeless(), @"[exit status: 0]");
    s.sent("t", 7);
}

#[test]
fn empty_input_makes_nothing() {
    let s = Sandbox::new();
    let run = s.run("produce t --partitions 3");
    assert_eq!(counts(run.success()), [0; 4]);
    assert!(!s.log_dir().exists(), "no topic was asked for");
    let run = s.stdin("a\n").run("produce t --count 0");
    assert_eq!(counts(run.success()), [0; 4]);
    assert!(!s.log_dir().exists(), "no record was wanted");
}

#[test]
fn a_missing_topic_is_made_and_said_so() {
    let s = Sandbox::new();
    let run = s.stdin("a\n").run("produce t --partitions 3");
    assert!(run.success().stderr().starts_with("created topic `t` with 3 partitions\n"), "{run}");
    let run = s.stdin("a\n").run("produce t --partitions 4");
    assert!(run.success().stderr().contains("topic `t` has 3 partitions, not 4"), "{run}");
    for n in ["0", "-1", "abc", "2147483648"] {
        assert_refused(
            &s.stdin("a\n").run(&format!("produce u --partitions {n}")),
            2,
            "partitions",
        );
    }
    // What cannot be done makes no topic.
    assert_refused(&s.stdin("a\n").run("produce u -p 1"), 8, "`u` has no partition 1: it has 1");
    s.run("topics describe u").code(8);
    let run = s.stdin("a\n").run("produce t -p 7");
    assert_refused(&run, 8, "topic `t` has no partition 7: it has 3");
    assert_eq!(counts(&run), [1, 0, 1, 0]);
}

#[test]
fn keys_come_from_where_it_is_said() {
    assert_eq!(through("a:1\nb::2\n:3\n", &["-K", ":"], "%k=%s "), "a=1 b=:2 =3 ");
    assert_eq!(through("a::1\nb:c::2", &["-K", "::"], "%k=%s "), "a=1 b:c=2 ");
    assert_eq!(through("a\t1\n", &["-K", "\\t"], "%k=%s "), "a=1 ");
    assert_eq!(through("1\n2\n", &["-k", "x"], "%k=%s "), "x=1 x=2 ");
    // No key is null, an empty one is empty.
    assert_eq!(through("1\n", &[], "%K"), "-1");
    assert_eq!(through("1\n", &["-k", ""], "%K"), "0");
    let users = "{\"id\":7,\"a\":{\"b\":[null,\"\u{e9}\\n\"]}}\n";
    for (pointer, key) in [("/id", "7"), ("/a/b/1", "\u{e9}\n"), ("/a/b", "[null,\"\u{e9}\\n\"]")] {
        assert_eq!(through(users, &["--key-field", pointer], "%k"), key, "{pointer}");
    }
    assert_eq!(through(users, &["--key-field", "/a/b/0"], "%K"), "-1");
    let big = "{\"id\":12345678901234567890123}";
    assert_eq!(through(big, &["--key-field", "/id"], "%k"), "12345678901234567890123");
}

#[test]
fn a_record_that_cannot_be_made_ends_the_run_with_its_number() {
    let cases = [
        ("a:1\nb:2\nnone\nc:3\n", "-K :", "record 3: it has no key delimiter `:`"),
        (
            "{\"id\":1}\n{\"id\":2}\n{\"x\":3}\n",
            "--key-field /id",
            "record 3: its value has no such",
        ),
        ("{\"id\":1}\n{\"id\":2}\nhello\n", "--key-field /id", "record 3: the value is not JSON"),
        (
            "{\"t\":1700000000}\n{\"t\":\"2026-01-15\"}\n{\"t\":\"soon\"}\n",
            "--timestamp-field /t",
            "record 3: `soon` is not a time",
        ),
        (
            "{\"value\":\"a\"}\n{\"value\":null}\n{\"valu\":1}\n",
            "--json",
            "record 3: not a record envelope",
        ),
        (
            "{\"key\":\"a\"}\n{\"key\":null}\n\u{feff}{}\n",
            "--json",
            "begins with a byte order mark",
        ),
        ("{\"key\":\"a\"}\n{\"key\":null}\n{}\n", "--json", "record 3: not a record envelope"),
    ];
    for (input, options, words) in cases {
        let s = Sandbox::new();
        let run = s.stdin(input).run(&format!("produce t {options}"));
        assert_refused(&run, 3, words);
        assert_eq!(counts(&run), [3, 2, 1, 0], "{options}");
        assert_eq!(read(&s, "t", "%o "), b"0 1 ", "those before are persisted");
    }
}

#[test]
fn headers_timestamps_and_tombstones() {
    let options = ["-H", "a=1", "-H", "a=2", "-H", "none", "-H", "empty=", "-H", "x=y=z"];
    assert_eq!(through("v\n", &options, "%h"), "a=1,a=2,none=NULL,empty=,x=y=z");
    let many: Vec<String> = (0..10_000).map(|n| format!("-Hh{n}={n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(through("v\n", &many, "%h").split(',').count(), 10_000);
    for (time, ms) in [
        ("2026-01-15", "1768435200000"),
        ("2026-01-15T10:00:00.123Z", "1768471200123"),
        ("1700000000", "1700000000000"),
        ("1700000000123", "1700000000123"),
        ("1969-12-31T23:59:59Z", "-1000"),
    ] {
        assert_eq!(through("v\n", &["--timestamp", time], "%T"), ms, "{time}");
    }
    let hour_ago: i64 = through("v\n", &["--timestamp", "-1h"], "%T").parse().unwrap();
    let now: i64 = through("v\n", &[], "%T").parse().unwrap();
    assert!((3_600_000..3_660_000).contains(&(now - hour_ago)), "{hour_ago} {now}");
    let of_field = through("{\"t\":1700000000123}\n", &["--timestamp-field", "/t"], "%T");
    assert_eq!(of_field, "1700000000123");
    assert_eq!(through("a:\n:b\n", &["-K", ":", "-Z"], "%k %S;"), "a -1; 1;");
    assert_eq!(through("a:\n", &["-K", ":"], "%k %S;"), "a 0;");
}

#[test]
fn options_are_not_guessed() {
    let s = Sandbox::new();
    s.write("f", "x\n");
    for (options, words) in [
        ("-p abc", "`abc` is not a partition number"),
        ("-p -1", "`-1` is not a partition number"),
        ("-p 2147483648", "is not a partition number"),
        ("-z zst", "did you mean `zstd`?"),
        ("-z brotli", "none, gzip, snappy, lz4, zstd"),
        ("--acks 2", "0, 1, all"),
        ("--partitioner murmur", "did you mean `murmur2`?"),
        ("--rate 0", "it is zero"),
        ("--rate -1", "-1"),
        ("--rate 1000/d", "it is per `s`, `m` or `h`"),
        ("--count abc", "`abc` is not a count"),
        ("--linger 5", "write `5s`"),
        ("-H ''", "it has no name"),
        ("-D ''", "it is empty"),
        ("-K ''", "it is empty"),
        ("-D '\\q'", "is not a delimiter"),
        ("--timestamp 2026-13-40", "there is no such date or hour"),
        ("--timestamp tomorow", "is not a time"),
        ("--key-field id", "did you mean `/id`?"),
        ("--report %z", "`%z` is not one of"),
        ("--jsn", "'--json'"),
        ("--keep-partition", "--json"),
        ("-k a -K :", "cannot be used with"),
        ("--json -H a=1", "cannot be used with"),
        ("--json -Z", "cannot be used with"),
        ("--whole -D ,", "cannot be used with"),
        ("--fake 3", "cannot be used with"),
        ("--seed 3", "cannot be used with"),
        ("--rate -1", "-1"),
    ] {
        let run = s.run(&format!("produce t f {options}"));
        assert_refused(&run, 2, words);
    }
    for options in ["-K :", "-Z", "--crlf", "--skip-empty", "--timestamp-field /id", "--json"] {
        assert_refused(&s.run(&format!("produce t --fake 3 {options}")), 2, "cannot be used with");
    }
    assert_refused(&s.run("produce t --fake 3 --key-field /nope"), 2, "no such field");
    assert_refused(&s.run("produce t --fake 1e9"), 2, "is not a count");
    assert!(!s.log_dir().exists(), "nothing was made");
}

#[test]
fn files_are_read_one_after_another() {
    let s = Sandbox::new();
    s.write("a", "1\n2");
    s.write("b", "3\n");
    s.write("empty", "");
    s.stdin("stdin\n").run("produce t a empty - b").success();
    assert_eq!(read(&s, "t", "%s "), b"1 2 stdin 3 ");
    s.run("produce whole --whole a empty b").success();
    assert_eq!(read(&s, "whole", "[%s]"), b"[1\n2][3\n]");
    s.bash("mkfifo pipe; (printf 'x\\ny' > pipe) & kaw produce fifo pipe").success();
    assert_eq!(read(&s, "fifo", "%s "), b"x y ");
    s.sent("t", 4);
}

#[test]
fn files_that_cannot_be_read_are_told_before_anything_is_sent() {
    let s = Sandbox::new();
    s.write("a", "1\n");
    std::fs::create_dir(s.path("dir")).unwrap();
    assert_snapshot!(s.run("produce t a missing"), @r"
    --- stderr
    kaw: there is no file missing
    [exit status: 8]
    ");
    assert_snapshot!(s.run("produce t a dir"), @r"
    --- stderr
    kaw: dir is a directory, not a file of records
    [exit status: 2]
    ");
    assert!(!s.log_dir().exists(), "nothing was made");
}

#[test]
fn all_bytes_are_carried() {
    let s = Sandbox::new();
    let all: Vec<u8> = (0..=255).collect();
    s.stdin([&all[..], b"::", &all].concat()).run("produce t --whole -K ::").success();
    let read = read(&s, "t", "%k%s");
    // The first colons are at 58.
    assert_eq!(read.len(), 512);
    assert_eq!([&read[..256], &read[256..]], [&all[..], &all]);
    let lines: Vec<u8> = all.iter().copied().filter(|b| *b != b'\n').collect();
    s.stdin(lines.clone()).run("produce lines").success();
    let run = s.run("consume lines -e");
    assert_eq!(run.success().stdout_bytes(), [&lines[..], b"\n"].concat());
}

#[test]
fn a_record_above_the_limit_is_refused_and_the_others_are_sent() {
    let s = Sandbox::new();
    s.run("topics create t -c max.message.bytes=1000").success();
    // A batch of one record without a key is 70 bytes more than its value.
    let line = |n: usize| "x".repeat(n) + "\n";
    s.stdin(line(930)).run("produce t").success();
    let input = ["first\n", &line(931), &line(930), &line(5000), "last\n"].concat();
    let run = s.stdin(input).run("produce t --acks 1");
    run.code(3);
    assert_eq!(counts(&run), [5, 3, 2, 0]);
    assert!(run.stderr().contains("max.message.bytes"), "{run}");
    assert_eq!(read(&s, "t", "%S "), b"930 5 930 4 ");
    s.sent("t", 4);
}

#[test]
fn a_record_of_the_largest_default_size_goes_in_and_out() {
    let s = Sandbox::new();
    // The default for a batch is 1048588; 72 of them are not the value's.
    let largest = 1_048_588 - 72;
    s.stdin("y".repeat(largest)).run("produce t").success();
    let run = s.stdin("y".repeat(largest + 1)).run("produce t");
    assert_eq!(counts(run.code(3)), [1, 0, 1, 0]);
    assert_eq!(read(&s, "t", "%S "), format!("{largest} ").as_bytes());
}

#[test]
fn every_codec_goes_in_and_out() {
    let s = Sandbox::new();
    let mut lines = String::new();
    for n in 0..5000 {
        writeln!(lines, "record {n} of words that repeat, repeat and repeat").unwrap();
    }
    let mut sizes = Vec::new();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let create = format!("topics create {codec} -p 2 -c internal.segment.bytes=20000");
        s.run(&create).success();
        s.stdin(lines.clone()).run(&format!("produce {codec} -z {codec} -p 1")).success();
        s.sent(codec, 5000);
        assert_eq!(s.run(&format!("consume {codec} -e")).success().stdout(), lines, "{codec}");
        let item = s.run(&format!("topics list ^{codec} --json")).items().next().unwrap();
        sizes.push(item["bytes"].as_u64().unwrap());
    }
    assert!(sizes[1..].iter().all(|size| *size < sizes[0] / 2), "{sizes:?}");
    // The topic's own codec holds where none is asked for.
    s.run("topics create own -c compression.type=zstd").success();
    s.stdin(lines.clone()).run("produce own").success();
    let item = s.run("topics list ^own --json").items().next().unwrap();
    assert!(item["bytes"].as_u64().unwrap() < sizes[0] / 2);
    assert_eq!(s.run("consume own -e").success().stdout(), lines);
}

#[test]
fn log_append_time_is_the_logs() {
    let s = Sandbox::new();
    s.run("topics create t -c message.timestamp.type=LogAppendTime").success();
    s.stdin("a\nb\n").run("produce t --timestamp 2020-01-01").success();
    for line in s.run("consume t -e --json").success().stdout().lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["timestamp_type"], "log-append", "{line}");
        assert!(record["timestamp"].as_str().unwrap() > "2026", "{line}");
    }
    let run = s.run("consume t -e -o @-1h");
    assert_eq!(run.success().stdout(), "a\nb\n");
    for verb in ["list", "describe"] {
        let mut item = s.run(&format!("topics {verb} t --json")).success().items().next().unwrap();
        let item = item.get("partitions").and_then(|p| p.get(0)).cloned().unwrap_or(item.take());
        assert!(item["first_timestamp"].as_str().unwrap() > "2026", "{item}");
    }
}

/// Keys and their murmur2 partitions of 3, 6 and 12, as Java's client places them.
const MURMUR2: [(&str, [u32; 3]); 11] = [
    ("", [0, 3, 9]),
    ("a", [1, 4, 4]),
    ("abc", [0, 3, 3]),
    ("kafka", [1, 4, 4]),
    ("foobar", [0, 0, 6]),
    ("21", [0, 0, 0]),
    ("1234", [0, 0, 0]),
    ("key-0", [1, 1, 1]),
    ("key-1", [0, 0, 0]),
    ("user-42", [1, 4, 4]),
    ("hello", [0, 3, 9]),
];

/// The same for librdkafka's default; the empty key counts as none there.
const CRC32: [(&str, [u32; 3]); 10] = [
    ("a", [0, 3, 3]),
    ("abc", [0, 0, 6]),
    ("kafka", [2, 5, 11]),
    ("foobar", [2, 5, 5]),
    ("21", [1, 4, 4]),
    ("1234", [1, 1, 7]),
    ("key-0", [0, 0, 0]),
    ("key-1", [2, 2, 2]),
    ("user-42", [1, 1, 7]),
    ("hello", [1, 4, 10]),
];

#[test]
fn keys_go_where_the_other_clients_send_them() {
    let s = Sandbox::new();
    for (name, table) in [("murmur2", &MURMUR2[..]), ("crc32", &CRC32)] {
        for (column, partitions) in [3, 6, 12].into_iter().enumerate() {
            let topic = format!("{name}-{partitions}");
            let mut input = String::new();
            let mut expected: Vec<String> = Vec::new();
            for (key, places) in table {
                writeln!(input, "{key}:v").unwrap();
                expected.push(format!("{key} {}", places[column]));
            }
            let options = format!("-K : --partitions {partitions} --partitioner {name}");
            s.stdin(input).run(&format!("produce {topic} {options}")).success();
            let read = String::from_utf8(read(&s, &topic, "%k %p\n")).unwrap();
            let mut found: Vec<&str> = read.lines().collect();
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "{topic}");
        }
    }
}

#[test]
fn records_without_a_key_are_spread() {
    let s = Sandbox::new();
    let lines = "0123456789\n".repeat(1000);
    let spread = |topic: &str, options: &str| -> Vec<i64> {
        let produce = format!("produce {topic} --partitions 4 --acks 1 {options}");
        s.stdin(lines.clone()).run(&produce).success();
        let item = s.run(&format!("topics describe {topic} --json")).items().next().unwrap();
        let of = |p: &serde_json::Value| p["records"].as_i64().unwrap();
        item["partitions"].as_array().unwrap().iter().map(of).collect()
    };
    assert_eq!(spread("turns", "--partitioner round-robin"), [250; 4]);
    let random = spread("random", "--partitioner random");
    assert!(random.iter().all(|n| *n > 100), "{random:?}");
    assert_eq!(spread("sticky", "").iter().sum::<i64>(), 1000);
    assert_eq!(spread("one", "-p 2"), [0, 0, 1000, 0]);
}

#[test]
fn a_report_is_a_line_for_each_record_that_is_persisted() {
    let s = Sandbox::new();
    let (mut lines, mut expected) = (String::new(), String::new());
    for n in 0..2000 {
        writeln!(lines, "{n}").unwrap();
        writeln!(expected, "t-0@{n}={n}").unwrap();
    }
    let run = s.stdin(lines).run("produce t --report %t-%p@%o=%s");
    assert_eq!(run.success().stdout(), expected);
    // A newline of its own does not make two.
    let run = s.stdin("a\nb\n").run("produce t --report '%o\\n' --sync");
    assert_eq!(run.success().stdout(), "2000\n2001\n");
    let run = s.bash("printf 'a\\nb\\n' | kaw produce t --report %o >/dev/full");
    assert_eq!(counts(run.code(5)), [2, 2, 0, 0]);
    let run =
        s.bash("set -o pipefail; kaw produce t --fake 5000 --sync --acks 1 --report %o | head -1");
    assert_eq!(run.success().stdout(), "2004\n");
    assert_eq!(counts(&run), [5000, 5000, 0, 0]);
}

#[test]
fn rate_count_and_linger() {
    let s = Sandbox::new();
    let lines = "x\n".repeat(100);
    let started = std::time::Instant::now();
    s.stdin(lines.clone()).run("produce t --rate 20/s --count 8").success();
    let took = started.elapsed().as_millis();
    assert!((300..5000).contains(&took), "8 records at 20 a second took {took} ms");
    assert_eq!(read(&s, "t", "%o "), b"0 1 2 3 4 5 6 7 ");
    let run = s.stdin(lines.clone()).run("produce t --rate 1MiB/s");
    assert_eq!(counts(run.success()), [100, 100, 0, 0]);
    let run = s.stdin(lines.clone()).run("produce t --linger 50ms --count 1k");
    assert_eq!(counts(run.success()), [100, 100, 0, 0]);
    let run = s.stdin(lines).run("produce t --sync --count 50");
    assert_eq!(counts(run.success()), [50, 50, 0, 0]);
    s.sent("t", 258);
}

#[test]
fn a_record_is_there_as_soon_as_it_is_reported() {
    let s = Sandbox::new();
    let mut producer = s.spawn("produce t --report %o");
    for n in 0..20 {
        producer.write(format!("line {n}\n").as_bytes());
        assert_eq!(producer.next_line().as_deref(), Some(&*n.to_string()));
        let run = s.run(&format!("consume t -e -o {n}"));
        assert_eq!(run.success().stdout(), format!("line {n}\n"));
    }
    assert_eq!(counts(producer.finish().success()), [20, 20, 0, 0]);
}

#[test]
fn a_signal_ends_the_input_and_what_was_read_is_sent() {
    let s = Sandbox::new();
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let topic = signal.to_lowercase();
        let mut producer = s.spawn(&format!("produce {topic} --report %o"));
        producer.write(b"a\nb\nnot ended");
        assert_eq!(producer.next_line().as_deref(), Some("0"));
        assert_eq!(producer.next_line().as_deref(), Some("1"));
        producer.signal(signal);
        let run = producer.finish();
        let [_, persisted, lost, _] = counts(run.code(code));
        let held = String::from_utf8(read(&s, &topic, "%o\n")).unwrap();
        assert_eq!(persisted, held.lines().count() as u64, "{run}");
        assert_eq!(lost, 0, "{run}");
    }
}

#[test]
fn nothing_is_acknowledged_into_a_directory_that_was_removed() {
    let s = Sandbox::new();
    for remove in ["t-0/.kaw-state", ""] {
        let mut producer = s.spawn("produce t --report %s");
        producer.write(b"a\n");
        assert_eq!(producer.next_line().as_deref(), Some("a"));
        let path = s.log_dir().join(remove);
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }
            .unwrap();
        producer.write(b"b\nc\n");
        let run = producer.finish();
        assert!(run.code(8).stderr().contains("was deleted while it was in use"), "{run}");
        let [read, persisted, lost, unknown] = counts(&run);
        assert_eq!((persisted, lost, unknown), (1, read - 1, 0), "{run}");
    }
}

#[test]
fn a_signal_in_a_fast_stream_leaves_counts_that_are_true() {
    let s = Sandbox::new();
    for acks in ["1", "all"] {
        let script = format!(
            "mkfifo in{acks}; kaw fake > in{acks} & \
             kaw produce t{acks} --key-field /id --partitions 3 --acks {acks} < in{acks} & \
             producer=$!; sleep 0.7; kill -INT $producer; wait $producer"
        );
        let run = s.bash(&script);
        let [read, persisted, ..] = counts(run.code(130));
        assert_eq!(read, persisted, "{run}");
        let item = s.run(&format!("topics list t{acks} --json")).items().next().unwrap();
        assert_eq!(item["records"].as_u64(), Some(persisted), "{run}");
        assert!(persisted > 0, "nothing was under way");
    }
}

#[test]
fn generated_users_are_those_of_fake() {
    let s = Sandbox::new();
    s.run("produce t --fake 300 --seed 7 --start-id 11 --key-field /id -H a=b").success();
    let fake = s.run("fake 300 --seed 7 --start-id 11");
    assert_eq!(s.run("consume t -e").success().stdout(), fake.success().stdout());
    assert_eq!(read(&s, "t", "%k %h\n").split(|b| *b == b'\n').next(), Some(&b"11 a=b"[..]));
    let run = s.run("produce t --fake 300 --count 20");
    assert_eq!(counts(run.success()), [20, 20, 0, 0]);
    s.sent("t", 320);
}

#[test]
fn fake_is_the_same_for_a_seed_and_counts_right() {
    let s = Sandbox::new();
    assert_snapshot!(s.run("fake 2"), @r#"
    {"id":1,"name":"Audie Auer","age":25,"street":"4800 Isaac Rue","city":"Mohrchester","state":"Alabama","zip":"94677","email":"audie.auer65@hammes.net"}
    {"id":2,"name":"Turner Pacocha","age":20,"street":"568 Hand Throughway","city":"South Clark","state":"California","zip":"87796-0604","email":"turner.pacocha70@senger.org"}
    [exit status: 0]
    "#);
    assert_snapshot!(s.run("fake 1 --seed 7 --start-id 2"), @r#"
    {"id":2,"name":"Roscoe Brown","age":39,"street":"02741 Lynch Burgs","city":"New Luisaberg","state":"Indiana","zip":"89977","email":"roscoe.brown64@fadel.biz"}
    [exit status: 0]
    "#);
    assert_eq!(s.run("fake 0").success().stdout(), "");
    assert_eq!(s.run("fake 1.5k").success().stdout().lines().count(), 1500);
    assert_eq!(s.run("fake 20 --rate 200/s").success().stdout().lines().count(), 20);
    assert_eq!(s.run("fake 20 --rate 64KiB/s").success().stdout().lines().count(), 20);
    for options in ["abc", "-1", "1e9", "1 --rate 0", "1 --seed x", "1 --start-id -1"] {
        assert_refused(&s.run(&format!("fake {options}")), 2, "kaw: ");
    }
    let last = u64::MAX;
    assert_refused(&s.run(&format!("fake 2 --start-id {last}")), 2, "pass the largest id");
}

#[test]
fn the_machines_packages_are_records() {
    if !Need::Dpkg.met() {
        return;
    }
    let s = Sandbox::new();
    let file = std::fs::read("/var/lib/dpkg/status").unwrap();
    let args = ["produce", "packages", "-D", "\\n\\n", "-K", "\\n", "/var/lib/dpkg/status"];
    let [packages, ..] = counts(s.run_with(args).success());
    assert_eq!(packages, file.windows(10).filter(|w| w == b"\nPackage: ").count() as u64 + 1);
    assert_eq!(read(&s, "packages", "%k\\n%s\\n\\n"), file);
    let find = |by: &str, what: &str| {
        let run =
            s.run_with(["consume", "packages", "-e", by, what, "-n", "1", "-f", "%o\\n%k\\n%s"]);
        run.success().stdout()
    };
    let bash = find("--key", "Package: bash");
    let (offset, record) = bash.split_once('\n').unwrap();
    assert!(record.starts_with("Package: bash\n"), "{record}");
    assert_eq!(find("-o", offset), bash);
    assert!(find("--grep", "(?m)^Version: ").starts_with("0\n"));
    assert!(find("-o", "@-1h").starts_with("0\n"));
    assert_eq!(find("-o", "@2100-01-01"), "");
    s.sent("packages", packages);
}
