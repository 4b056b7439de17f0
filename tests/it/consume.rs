//! Owns the tests of `kaw consume`: from where to where, which records, in which form, and how a
//! follower ends. Leaves what a terminal is spared to `terminal`.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::checks::assert_refused;
use crate::sandbox::Sandbox;

/// A topic `t` of one partition with records `0` to `records` - 1, a minute apart from
/// 2026-01-15T10:00 on, in batches of five.
fn numbered(records: u32) -> Sandbox {
    let s = Sandbox::new();
    for first in (0..records).step_by(5) {
        let mut lines = String::new();
        for n in first..records.min(first + 5) {
            writeln!(
                lines,
                "{{\"timestamp\":\"2026-01-15T10:{n:02}:00Z\",\"key\":\"k{n}\",\"value\":\"{n}\"}}"
            )
            .unwrap();
        }
        s.stdin(lines).run("produce t --json --acks 1").success();
    }
    s.sent("t", u64::from(records));
    s
}

/// The values that `options` let through, with spaces between.
#[track_caller]
fn values(s: &Sandbox, options: &str) -> String {
    let run = s.run(&format!("consume t {options}"));
    run.success().stdout().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_offset_says_from_where_to_where() {
    let s = numbered(20);
    let to = |n: u32| (n..20).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
    for (spec, expected) in [
        ("start", to(0)),
        ("beginning", to(0)),
        ("end", String::new()),
        ("latest", String::new()),
        ("17", to(17)),
        ("20", String::new()),
        ("-3", to(17)),
        ("-100", to(0)),
        ("+18", to(18)),
        ("+100", String::new()),
        ("@2026-01-15T10:17:00Z", to(17)),
        ("@2026-01-15T10:16:00.001Z", to(17)),
        ("@1768472220", to(17)),
        ("@1768472220000", to(17)),
        ("s@1768472220000", to(17)),
        ("@2026-01-15", to(0)),
        ("@2100-01-01", String::new()),
        ("3:5", "3 4".to_owned()),
        (":2", "0 1".to_owned()),
        ("18:", to(18)),
        ("-2:end", to(18)),
        ("7:+9", "7 8".to_owned()),
        ("7:7", String::new()),
        ("18:100", to(18)),
        ("@2026-01-15T10:03:00Z:@2026-01-15T10:05:00Z", "3 4".to_owned()),
        ("15:@2026-01-15T10:17:00Z", "15 16".to_owned()),
    ] {
        assert_eq!(values(&s, &format!("-e -o {spec}")), expected, "{spec}");
    }
    // A range that ends in the log ends by itself.
    for (spec, expected) in [("3:5", "3 4"), ("18:end", "18 19"), (":-18", "0 1")] {
        assert_eq!(values(&s, &format!("-o {spec}")), expected, "{spec}");
    }
}

#[test]
fn what_is_no_offset_is_refused() {
    let s = numbered(5);
    for (spec, words) in [
        ("latestt", "did you mean `latest`?"),
        ("strat", "did you mean `start`?"),
        ("", "it is empty"),
        ("abc", "write `start`, `end`"),
        ("1.5", "is not an offset"),
        ("99999999999999999999", "the largest is 9223372036854775807"),
        ("@2026-13-40", "there is no such date or hour"),
        ("@1h", "did you mean `-1h`?"),
        ("2026-01-15", "did you mean `@2026-01-15`?"),
        ("5:3", "it stops before it begins"),
        (":", "neither where to begin nor where to stop"),
        ("stored", "needs one"),
    ] {
        assert_refused(&s.run_with(["consume", "t", "-e", "-o", spec]), 2, words);
    }
    assert_refused(
        &s.run("consume t -e -o 6"),
        8,
        "offset 6 of t-0 is out of range: the log has 0 to 5",
    );
    s.run("topics trim t --to 2").success();
    assert_refused(&s.run("consume t -e -o 1"), 8, "the log has 2 to 5");
    assert_eq!(values(&s, "-e -o start"), "2 3 4");
    assert_eq!(values(&s, "-e -o +1"), "3 4");
}

#[test]
fn partitions_and_topics_are_chosen() {
    let s = Sandbox::new();
    for n in 0..4 {
        let produce = format!("produce t -p {n} --partitions 4 --acks 1");
        s.stdin(format!("{n}a\n{n}b\n")).run(&produce).success();
    }
    s.stdin("u\n").run("produce users").success();
    assert_eq!(values(&s, "-e -p 2"), "2a 2b");
    assert_eq!(values(&s, "-e -p 0,2-3"), "0a 0b 2a 2b 3a 3b");
    assert_eq!(values(&s, "-e -p 3,3,0-0"), "0a 0b 3a 3b");
    assert_eq!(values(&s, "-e -o -1 -p 1-2"), "1b 2b");
    let both = values(&s, "users t t -e -p 0");
    let mut both: Vec<&str> = both.split(' ').collect();
    both.sort_unstable();
    assert_eq!(both, ["0a", "0b", "u"]);
    assert_refused(&s.run("consume t nope -e"), 8, "topic `nope` does not exist");
    assert_refused(&s.run("consume usres -e"), 8, "did you mean `users`?");
    assert_refused(&s.run("consume t -e -p 4"), 8, "topic `t` has no partition 4: it has 4");
    for list in ["abc", "-1", "2-0", "", ",", "0-", "0-2147483647", "1.5"] {
        assert_refused(&s.run_with(["consume", "t", "-e", "-p", list]), 2, "partition");
    }
}

#[test]
fn count_exit_and_idle_end_it() {
    let s = numbered(12);
    assert_eq!(values(&s, "-n 3"), "0 1 2");
    assert_eq!(values(&s, "-n 7 -o 2"), "2 3 4 5 6 7 8");
    assert_eq!(values(&s, "-n 0"), "");
    assert_eq!(values(&s, "-n 1k -e -o 10"), "10 11");
    let started = Instant::now();
    assert_eq!(values(&s, "--idle 300ms -o 10"), "10 11");
    assert!(started.elapsed() >= Duration::from_millis(300), "{:?}", started.elapsed());
    for options in ["-n abc", "-n -1", "-n 1.5", "--idle 5", "--idle -1s", "--rate 0", "--rate x"] {
        assert_refused(&s.run(&format!("consume t {options}")), 2, "kaw: ");
    }
    let started = Instant::now();
    assert_eq!(values(&s, "-e --rate 40/s").split(' ').count(), 12);
    assert!(started.elapsed() >= Duration::from_millis(200), "{:?}", started.elapsed());
    assert_eq!(values(&s, "-e --rate 1MiB/s").split(' ').count(), 12);
}

#[test]
fn exit_stops_at_the_end_as_it_was() {
    let s = numbered(3);
    let mut consumer = s.spawn("consume t -e --rate 5/s");
    assert_eq!(consumer.next_line().as_deref(), Some("0"));
    s.stdin("late\n").run("produce t").success();
    assert_eq!(consumer.finish().success().stdout(), "1\n2\n");
    s.run("topics create empty").success();
    assert_eq!(s.run("consume empty -e").success().stdout(), "");
    s.sent("t", 1);
}

#[test]
fn filters_choose_records() {
    let s = numbered(20);
    assert_eq!(values(&s, "-e --key k7"), "7");
    assert_eq!(values(&s, "-e --key k"), "");
    assert_eq!(values(&s, "-e --grep ^1.$"), "10 11 12 13 14 15 16 17 18 19");
    assert_eq!(values(&s, "-e --grep 1 -n 3"), "1 10 11");
    assert_eq!(values(&s, "-e --grep 1 --key k12"), "12");
    assert_refused(&s.run("consume t --grep ("), 2, "not a regular expression: unclosed group");
    // A null key is no key, not even the empty one; a regular expression is of bytes.
    s.stdin("x\n").run("produce u").success();
    s.stdin("y\n").run("produce u -k ''").success();
    s.stdin(b"\xff\xfe\n".to_vec()).run("produce u").success();
    assert_eq!(s.run_with(["consume", "u", "-e", "--key", ""]).success().stdout(), "y\n");
    let run = s.run("consume u -e --grep (?-u:\\xff)");
    assert_eq!(run.success().stdout_bytes(), b"\xff\xfe\n");
}

#[test]
fn a_template_shows_each_part() {
    let s = Sandbox::new();
    let envelope = concat!(
        r#"{"timestamp":"2026-01-15T10:00:00Z","key":"k\n","value":"v\u00e9","#,
        r#""headers":[["a","1"],["a",null]]}"#
    );
    s.stdin(envelope).run("produce t --json -p 1 --partitions 2").success();
    for (template, shown) in [
        ("%t %p %o %e", "t 1 0 0"),
        ("%k|%s|%v", "k\n|v\u{e9}|v\u{e9}"),
        ("%K %S %R", "2 3 \0\0\0\u{3}"),
        ("%T %d", "1768471200000 2026-01-15T10:00:00.000Z"),
        ("%d{%Y-%m-%d}", "2026-01-15"),
        ("%h", "a=1,a=NULL"),
        ("%k{hex} %k{base64} %k{json} %s{json}", "6b0a awo= \"k\\n\" \"v\u{e9}\""),
        ("100%%\\t\\x41\\0\\\\", "100%\tA\0\\"),
        ("", ""),
    ] {
        let run = s.run_with(["consume", "t", "-e", "-f", template]);
        assert_eq!(run.success().stdout(), shown, "{template}");
    }
    for (template, words) in [
        ("%z", "%s %v %k %S %K %t %p %o %T %d %h %e %R"),
        ("%V", "did you mean `%v`?"),
        ("%k{hexx}", "did you mean `{hex}`?"),
        ("%o{hex}", "takes no `{hex}`"),
        ("%", "a `%` at the end"),
        ("\\q", "\\q"),
    ] {
        assert_refused(&s.run_with(["consume", "t", "-e", "-f", template]), 2, words);
    }
    for other in ["--json", "-J", "--raw"] {
        assert_refused(&s.run(&format!("consume t -e -f %s {other}")), 2, "cannot be used with");
    }
}

#[test]
fn forms_of_output() {
    let s = Sandbox::new();
    s.stdin("k:a\nk:\n").run("produce t -K : -Z --timestamp 2026-01-15").success();
    s.stdin(b"\xff{\n{\"n\": 1.0}\n".to_vec())
        .run("produce t -H h -H e= --timestamp 2026-01-15")
        .success();
    assert_eq!(s.run("consume t -e").success().stdout_bytes(), b"a\n\n\xff{\n{\"n\": 1.0}\n");
    assert_eq!(s.run("consume t -e --raw").success().stdout_bytes(), b"a\xff{{\"n\": 1.0}");
    assert_snapshot!(s.run("consume t -e --json"), @r#"
    {"topic":"t","partition":0,"offset":0,"timestamp":"2026-01-15T00:00:00.000Z","timestamp_type":"create","key":"k","value":"a","headers":[]}
    {"topic":"t","partition":0,"offset":1,"timestamp":"2026-01-15T00:00:00.000Z","timestamp_type":"create","key":"k","value":null,"headers":[]}
    {"topic":"t","partition":0,"offset":2,"timestamp":"2026-01-15T00:00:00.000Z","timestamp_type":"create","key":null,"value_base64":"/3s=","headers":[["h",null],["e",""]]}
    {"topic":"t","partition":0,"offset":3,"timestamp":"2026-01-15T00:00:00.000Z","timestamp_type":"create","key":null,"value":"{\"n\": 1.0}","headers":[["h",null],["e",""]]}
    [exit status: 0]
    "#);
    assert_eq!(s.run("consume t -eJ").stdout(), s.run("consume t -e --json").stdout());
    assert_eq!(s.run("consume t -e --json=lossless").stdout(), s.run("consume t -eJ").stdout());
    assert_snapshot!(s.run("consume t -e -o 2 --json=parsed"), @r#"
    {"topic":"t","partition":0,"offset":2,"timestamp":"2026-01-15T00:00:00.000Z","timestamp_type":"create","key":null,"value_base64":"/3s=","headers":[["h",null],["e",""]]}
    {"topic":"t","partition":0,"offset":3,"timestamp":"2026-01-15T00:00:00.000Z","timestamp_type":"create","key":null,"value_json":{"n": 1.0},"headers":[["h",null],["e",""]]}
    [exit status: 0]
    "#);
    assert_refused(&s.run("consume t -e --json=prsed"), 2, "parsed");
    assert_refused(&s.run("consume t -e --json --raw"), 2, "cannot be used with");
}

#[test]
fn a_follower_sees_what_comes() {
    let s = numbered(2);
    let mut follower = s.spawn("consume t -o 1 -f '%o %s\\n'");
    assert_eq!(follower.next_line().as_deref(), Some("1 1"));
    for n in 2..30 {
        s.stdin(format!("{n}\n")).run("produce t --acks 1").success();
        assert_eq!(follower.next_line(), Some(format!("{n} {n}")));
    }
    follower.signal("INT");
    assert_snapshot!(follower.finish(), @"[exit status: 130]");
    s.sent("t", 28);
}

#[test]
fn a_follower_waits_for_the_first_record_of_every_partition() {
    let s = Sandbox::new();
    s.run("topics create t -p 40").success();
    let mut follower = s.spawn("consume t -f '%p\\n'");
    for partition in [0, 39, 17, 3] {
        s.stdin("x\n").run(&format!("produce t -p {partition}")).success();
        assert_eq!(follower.next_line(), Some(partition.to_string()));
    }
    follower.signal("TERM");
    assert_eq!(follower.finish().code(143).stdout(), "");
}

#[test]
fn a_follower_of_a_deleted_topic_ends() {
    let s = Sandbox::new();
    s.stdin("0\n").run("produce t").success();
    let mut follower = s.spawn("consume t");
    assert_eq!(follower.next_line().as_deref(), Some("0"));
    s.run("topics delete t").success();
    assert_snapshot!(follower.finish(), @r"
    --- stderr
    kaw: cannot consume: topic `t` was deleted while it was read
    [exit status: 8]
    ");
    assert!(!s.run("topics list").success().stdout().contains('t'), "it is not made again");
}

#[test]
fn a_follower_of_a_directory_that_was_removed_ends() {
    let s = Sandbox::new();
    s.stdin("0\n").run("produce t").success();
    let mut followers = [s.spawn("consume t"), s.spawn("consume t")];
    for follower in &mut followers {
        assert_eq!(follower.next_line().as_deref(), Some("0"));
    }
    std::fs::remove_dir_all(s.log_dir()).unwrap();
    // Another topic of that name is not what they follow.
    s.stdin("other\n").run("produce t").success();
    for follower in followers {
        let run = follower.finish();
        assert_refused(&run, 8, "topic `t` was deleted while it was read");
        assert_eq!(run.stdout(), "");
    }
}

#[test]
fn a_follower_goes_on_when_the_state_page_is_made_anew() {
    let s = Sandbox::new();
    s.stdin("0\n").run("produce t").success();
    let mut follower = s.spawn("consume t");
    assert_eq!(follower.next_line().as_deref(), Some("0"));
    std::fs::remove_file(s.log_dir().join("t-0/.kaw-state")).unwrap();
    for n in 1..5 {
        s.stdin(format!("{n}\n")).run("produce t").success();
        assert_eq!(follower.next_line(), Some(n.to_string()));
    }
    follower.signal("INT");
    assert_eq!(follower.finish().code(130).stdout(), "");
}

#[test]
fn a_follower_ends_when_its_reader_has_gone() {
    let s = numbered(1);
    // The reader has its line; no other record comes.
    let run = s.bash("set -o pipefail; kaw consume t | head -1");
    assert_snapshot!(run, @r"
    0
    [exit status: 0]
    ");
    let run = s.bash("set -o pipefail; kaw consume t --grep nothing | true");
    assert_eq!(run.success().to_string(), "[exit status: 0]");
}

#[test]
fn a_slow_reader_loses_nothing() {
    let s = Sandbox::new();
    s.run("produce t --fake 100000 --acks 1 -z lz4 --partitions 2").success();
    let run = s.bash("set -o pipefail; kaw consume t -e | (sleep 0.5; wc -l)");
    assert_eq!(run.success().stdout().trim(), "100000");
    s.sent("t", 100_000);
}

#[test]
fn a_second_signal_ends_what_waits_for_a_reader_that_stopped() {
    let s = Sandbox::new();
    s.run("produce t --fake 50000 --acks 1").success();
    let run = s.bash(
        "mkfifo stuck; exec 9<>stuck; kaw consume t >stuck & sleep 0.5; \
         kill -INT $!; sleep 0.5; kill -0 $! && kill -INT $!; wait $!",
    );
    run.code(130);
    assert!(run.stderr().contains("left at once"), "{run}");
}

#[test]
fn a_full_disk_under_stdout_is_an_error_in_every_form() {
    let s = numbered(3);
    for options in ["", "--json", "-f %s", "--raw", "-n 1"] {
        let run = s.bash(&format!("kaw consume t -e {options} >/dev/full"));
        assert_refused(&run, 5, "no space left on device");
    }
    let run = s.bash("kaw consume t -e 2>&-");
    assert_eq!(run.success().stdout(), "0\n1\n2\n");
    let run = s.bash("kaw consume t -e >&-");
    assert!(run.status().code() == Some(5) || run.status().success(), "{run}");
}

/// Bytes of all kinds: none, few, text, and what is not text.
fn bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
    let text = "[ -~\u{0}-\u{1f}\u{e9}\u{1F600}\u{2028}]{0,20}";
    prop_oneof![
        1 => Just(None),
        1 => Just(Some(Vec::new())),
        4 => text.prop_map(|text| Some(text.into_bytes())),
        2 => proptest::collection::vec(any::<u8>(), 0..30).prop_map(Some),
    ]
}

/// A record as JSON with everything in base64, so that this test has no escaping of its own.
fn envelope() -> impl Strategy<Value = String> {
    let times = prop_oneof![
        4 => 0..4_000_000_000_000_i64,
        1 => -62_000_000_000_000..0_i64,
        1 => Just(253_402_300_799_999_i64),
        1 => Just(0_i64),
    ];
    let name = "[a-z\"\\\\\u{e9}]{0,3}";
    let headers = proptest::collection::vec((name, bytes()), 0..4);
    (bytes(), bytes(), headers, times, 0..3).prop_map(|(key, value, headers, time, partition)| {
        let base64 = |bytes: &Option<Vec<u8>>| match bytes {
            None => serde_json::Value::Null,
            Some(bytes) => base64_of(bytes).into(),
        };
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| match value {
                None => serde_json::json!([name, null]),
                Some(_) => serde_json::json!([name, {"base64": base64(value)}]),
            })
            .collect();
        let mut record = serde_json::json!({"partition": partition, "timestamp": time});
        let fields = record.as_object_mut().unwrap();
        fields.insert("headers".to_owned(), headers.into());
        for (name, bytes) in [("key", &key), ("value", &value)] {
            let name = if bytes.is_some() { format!("{name}_base64") } else { name.to_owned() };
            fields.insert(name, base64(bytes));
        }
        record.to_string()
    })
}

/// Standard base64.
fn base64_of(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        for digit in 0..4 {
            let at = (word >> (18 - 6 * digit)) & 63;
            text.push(if digit > three.len() { '=' } else { char::from(DIGITS[at as usize]) });
        }
    }
    text
}

#[test]
fn what_consume_writes_as_json_produce_reads_back_the_same() {
    let mut runner = TestRunner::default();
    let mut lines = String::new();
    for _ in 0..4000 {
        lines.push_str(&envelope().new_tree(&mut runner).unwrap().current());
        lines.push('\n');
    }
    let s = Sandbox::new();
    let copy = |input: Vec<u8>, to: &str, codec: &str| {
        let options = format!("--json --keep-partition --partitions 3 --acks 1 -z {codec}");
        s.stdin(input).run(&format!("produce {to} {options}")).success();
        s.sent(to, 4000);
        let run = s.run(&format!("consume {to} -e --json"));
        let json = run.success().stdout();
        let template = "%p %o %T %k{json} %K %s{json} %S %h\\n";
        let shown = s.run_with(["consume", to, "-e", "-f", template]);
        (json, shown.success().stdout_bytes().to_vec())
    };
    let (first, shown) = copy(lines.into_bytes(), "first", "none");
    assert_eq!(first.lines().count(), 4000);
    for codec in ["none", "zstd"] {
        let (second, shown_again) = copy(first.clone().into_bytes(), codec, codec);
        assert_eq!(second.replace(&format!("\"topic\":\"{codec}\""), "\"topic\":\"first\""), first);
        assert!(shown_again == shown, "the copy differs in what the envelope does not show");
    }
}

#[test]
fn base64_of_this_file_is_the_standard_one() {
    for (bytes, text) in [(&b""[..], ""), (b"a", "YQ=="), (b"ab", "YWI="), (b"abc\xff", "YWJj/w==")]
    {
        assert_eq!(base64_of(bytes), text);
    }
}
