//! Owns the tests of bad input to groups, lag and resets, as tables: each row is a line, the code
//! that it ends with, and words of the one line that says why. Nothing is changed by any of them.

use crate::checks::assert_refused;
use crate::sandbox::Sandbox;

/// A topic of two partitions with 5 records in the first, an empty one, and a group `db` that has
/// read 2 records.
fn world() -> Sandbox {
    let s = Sandbox::new();
    s.run("topics create users -p 2").success();
    s.run("topics create empty").success();
    s.stdin("x\n".repeat(5)).run("produce users -p 0").success();
    s.run("consume users -g db -n 2").success();
    s
}

/// What the group `db` has committed.
fn committed(s: &Sandbox) -> Vec<String> {
    let items = s.run("lag db --json").success().items();
    let all: Vec<String> =
        items.map(|row| format!("{} {}", row["partition"], row["current_offset"])).collect();
    assert!(all.first().is_some_and(|first| !first.contains("null")), "{all:?}");
    all
}

/// Checks that every row is refused in one line, and that nothing is changed by it.
fn refuse_all(s: &Sandbox, rows: &[(&str, i32, &str)]) {
    let before = committed(s);
    for &(line, code, words) in rows {
        let run = s.run(line);
        assert_refused(&run, code, words);
        let errors = run.stderr().lines().filter(|line| line.starts_with("kaw: ")).count();
        assert_eq!(errors, 1, "{run}");
    }
    assert_eq!(committed(s), before);
}

#[test]
fn group_ids_are_refused_or_escaped_and_never_a_path() {
    let s = world();
    let long = "g".repeat(10_000);
    for before in ["lag", "groups describe", "groups members", "groups delete", "consume users -g"]
    {
        let words = || before.split(' ');
        let run = s.run_with(words().chain([""]));
        assert_refused(&run, 2, "a group id is not empty");
        let run = s.run_with(words().chain([long.as_str()]));
        assert_refused(&run, 2, "a group id has at most 1024 bytes");
        assert!(run.stderr().len() < 600, "the id fills no terminal: {run}");
    }
    assert_refused(&s.run("groups reset '' --to start"), 2, "a group id is not empty");
    assert_refused(&s.run("groups reset db --to-group ''"), 2, "a group id is not empty");
    for verb in ["lag", "groups describe", "groups members", "groups delete"] {
        let run = s.run_with(verb.split(' ').chain(["a\u{1b}[2Jb"]));
        assert_refused(&run, 8, "group `a\\u{1b}[2Jb` does not exist");
        assert_refused(&s.run(&format!("{verb} ../../etc")), 8, "does not exist");
    }
    // They are ids like others once they are used, and name no file.
    for id in ["a/b", "../../../evil", "/evil", ".", "..", "a\u{1b}[2Jb", "a\nb", "\u{e9}", " "] {
        s.run_with(["consume", "users", "-g", id, "-n", "1"]).success();
        let row = s.run_with(["lag", id, "--topic", "users:0", "--json"]).success().items().next();
        let row = row.unwrap();
        assert_eq!((row["group"].as_str(), row["lag"].as_i64()), (Some(id), Some(4)));
        s.run_with(["groups", "delete", id]).success();
    }
    let outside = |dir: &std::path::Path| -> Vec<String> {
        let entries = std::fs::read_dir(dir).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let mut there = outside(s.root());
    there.sort();
    assert_eq!(there, ["home", "log"]);
    assert!(!outside(&s.log_dir()).iter().any(|name| name.contains("evil")));
}

#[test]
fn offsets_of_a_reset_are_read_strictly() {
    let s = world();
    let to = |spec: &str| format!("groups reset db --topic users:0 --execute --to={spec}");
    for (spec, words) in [
        ("", "it is empty"),
        ("abc", "`abc` is not an offset"),
        ("latestt", "did you mean `latest`?"),
        ("1.5", "`1.5` is not an offset"),
        ("0x5", "`0x5` is not an offset"),
        ("1e3", "`1e3` is not an offset"),
        ("--5", "is not an offset"),
        ("+", "is not an offset"),
        ("1:2", "`1:2` is not an offset"),
        (":", "`:` is not an offset"),
        ("99999999999999999999", "the largest is 9223372036854775807"),
        ("-99999999999999999999", "the largest is 9223372036854775807"),
        ("@", "is not a time"),
        ("@2026-13-40", "there is no such date or hour"),
        ("@-1x", "is not a duration"),
        ("@99999999999999999999", "is not a time"),
        ("stored", "the group is there already"),
    ] {
        refuse_all(&s, &[(&to(spec), 2, words)]);
    }
    refuse_all(&s, &[(&to("6"), 8, "offset 6 is above the end, 5")]);
    refuse_all(&s, &[(&to("9223372036854775807"), 8, "is above the end, 5")]);
    // What is counted from an end stays in the log: 5 - 9 is the start, 0 + 9 is the end.
    let new = |line: &str| s.run(line).success().items().next().unwrap()["new_offset"].clone();
    assert_eq!(new("groups reset db --topic users:0 --to=-9 --json"), 0);
    assert_eq!(new("groups reset db --topic users:0 --to=+9 --json"), 5);
    for spec in ["-5", "+5", "start", "end", "@2026-01-15"] {
        assert_eq!(new(&format!("groups reset db --topic empty --to={spec} --json")), 0, "{spec}");
    }
}

#[test]
fn partitions_that_are_not_there_are_refused() {
    let s = world();
    refuse_all(
        &s,
        &[
            ("groups reset db --to start --topic users:2 --execute", 8, "has no partition 2"),
            ("groups reset db --to start --topic users:-1", 2, "not a partition number"),
            ("groups reset db --to start --topic users:2147483648", 2, "not a partition number"),
            ("groups reset db --to start --topic users:", 2, "not a partition number"),
            ("groups reset db --to start --topic users:1-0", 2, "ends before it begins"),
            ("groups reset db --to start --topic :0", 2, "not a topic name: it is empty"),
            ("groups reset db --to start --topic ../x", 2, "not a topic name"),
            ("groups reset db --to start --topic nope", 8, "topic `nope` does not exist"),
            ("groups skip db users:9", 8, "has no partition 9"),
            ("groups skip db users:x", 2, "users:x"),
            ("groups skip db users:0 --count 4", 8, "where 3 are left"),
            ("lag --topic users:9", 8, "topic `users` has no partition 9: it has 2"),
            ("lag --topic users:0,7-8", 8, "has no partition 7"),
            ("lag db --topic users:-1", 2, "not a partition number"),
        ],
    );
    // Of several, those that are there are shown, and the others told.
    let run = s.run("groups reset db --to start --topic users:0-3 --json");
    assert_eq!(run.code(3).items().count(), 2, "{run}");
    assert!(run.stderr().contains("has no partition 3"), "{run}");
}

#[test]
fn files_of_offsets_are_read_strictly() {
    let s = world();
    let before = committed(&s);
    let rows: [(&[u8], i32, &str); 13] = [
        (b"", 2, "names no offset"),
        (b"\n\n", 2, "names no offset"),
        (b"users\t0\n", 2, "line 1: 2 fields, and not 3"),
        (b"users\t0\t1\t2\n", 2, "line 1: 4 fields, and not 3"),
        (b"users 0 1\n", 2, "line 1: 1 fields, and not 3"),
        (b"users\t0\t1\nusers\t1\t-1\n", 2, "line 2: `-1` is not an offset"),
        (b"users\t0\t99999999999999999999\n", 2, "is not an offset"),
        (b"users\tx\t1\n", 2, "`x` is not a partition"),
        (b"users\t-1\t1\n", 2, "`-1` is not a partition"),
        (b"users\t0\t1\nusers\t0\t2\n", 2, "line 2: users-0 is there twice"),
        (b"../x\t0\t1\n", 2, "is not a topic name"),
        (b"users\t5\t1\n", 8, "has no partition 5"),
        (b"\xff\xfe\n", 2, "is not text in UTF-8"),
    ];
    for (bytes, code, words) in rows {
        s.write("f.tsv", bytes);
        assert_refused(&s.run("groups reset db --to-file f.tsv --execute"), code, words);
    }
    assert_refused(&s.run("groups reset db --to-file ."), 5, "is a directory");
    assert_refused(&s.run("groups reset db --to-file /dev/zero"), 5, "too large");
    assert_eq!(committed(&s), before);
    // A line that another system ended is a line.
    s.write("f.tsv", "\u{feff}users\t0\t1\r\n");
    s.run("groups reset db --to-file f.tsv --execute").success();
    assert_eq!(committed(&s)[0], "0 1");
}

#[test]
fn numbers_and_durations_are_read_strictly() {
    let s = world();
    for (value, words) in [
        ("-1", "`-1` is not a count"),
        ("1.5", "it is not whole"),
        ("", "is not a count"),
        ("abc", "is not a count"),
        ("99999999999999999999", "too large"),
        ("1e9", "is not a count"),
        ("10GiB", "is not a count"),
    ] {
        for flag in ["lag db --max", "groups skip db users:0 --count", "lag db --watch -n"] {
            let line = format!("{flag}={value}");
            assert_refused(&s.run(&line), 2, words);
        }
    }
    for (value, words) in [
        ("-1s", "is not a duration"),
        ("0", "write `0s`"),
        ("5", "write `5s`"),
        ("", "it is empty"),
        ("1h1", "is not a duration"),
        ("99999999999999999999s", "longer than 500 years"),
    ] {
        assert_refused(&s.run(&format!("lag db --max-age={value}")), 2, words);
    }
    assert_refused(&s.run("lag db --watch 0s"), 2, "no pause");
}
