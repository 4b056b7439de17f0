//! Owns the tests of `kaw lag`: the hard cases of lag on a directory, with numbers worked out by
//! hand, and every flag.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use serde_json::json;

use crate::checks::assert_refused;
use crate::sandbox::{Run, Sandbox};

/// Puts so many lines into a partition of a topic, which is made with two if it is missing.
fn produce(s: &Sandbox, topic: &str, partition: i32, lines: u64) {
    s.stdin("x\n".repeat(lines as usize))
        .run(&format!("produce {topic} -p {partition} --partitions 2"))
        .success();
}

/// A group `g` that has read 40 of the 100 records in `t-0`; nothing is in `t-1`.
fn behind() -> Sandbox {
    let s = Sandbox::new();
    produce(&s, "t", 0, 100);
    s.run("consume t -g g -n 40").success();
    s
}

/// The columns of one row that do not change with time.
fn shown(run: &Run) -> Vec<String> {
    let items = run.success().items();
    items
        .map(|row| {
            let of = |key: &str| match &row[key] {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            ["topic", "partition", "current_offset", "log_start_offset", "log_end_offset", "lag"]
                .map(of)
                .join(" ")
                + &format!(" {}", of("note"))
        })
        .collect()
}

#[test]
fn lag_is_end_minus_committed_with_the_age_of_the_next() {
    let s = behind();
    let run = s.run("lag g --json");
    assert_eq!(shown(&run), ["t 0 40 0 100 60 null"]);
    let row = run.items().next().unwrap();
    assert!(row["age_ms"].as_u64().is_some_and(|ms| ms < 60_000), "{row}");
    assert_eq!((&row["group"], &row["consumer_id"]), (&json!("g"), &json!(null)));
    // Read to the end, nothing waits: 100 - 100.
    s.run("consume t -g g -e").success();
    assert_snapshot!(s.run("lag g --topic t:0"), @r"
    GROUP  TOPIC  PARTITION  CURRENT-OFFSET  LOG-START-OFFSET  LOG-END-OFFSET  LAG  AGE-MS  NOTE  CONSUMER-ID
    g      t              0             100                 0             100    0       0  -     -
    [exit status: 0]
    ");
}

#[test]
fn age_is_that_of_the_next_unread_record() {
    let s = Sandbox::new();
    // 2026-01-15 is long ago at any time at which this runs; the record before it is older.
    s.stdin("a\n").run("produce t --timestamp 2025-01-15").success();
    s.stdin("b\nc\n").run("produce t --timestamp 2026-01-15").success();
    s.run("consume t -g g -n 1").success();
    let age = |s: &Sandbox| s.run("lag g --json").items().next().unwrap()["age_ms"].as_i64();
    let now = jiff::Timestamp::now().as_millisecond();
    let expected = now - 1_768_435_200_000;
    assert!((age(&s).unwrap() - expected).abs() < 60_000, "{:?} is not {expected}", age(&s));
}

#[test]
fn committed_below_the_start_says_what_was_lost() {
    let s = Sandbox::new();
    s.run("topics create t -p 1").success();
    produce(&s, "t", 0, 100);
    s.run("consume t -g g -n 40").success();
    s.run("topics trim t --to 70").success();
    // 40 to 69 are gone, which is 30; 70 to 99 are there.
    assert_eq!(shown(&s.run("lag g --json")), ["t 0 40 70 100 30 30 lost to retention"]);
    // All is gone.
    s.run("topics trim t --to end").success();
    let run = s.run("lag g --json");
    assert_eq!(shown(&run), ["t 0 40 100 100 0 60 lost to retention"]);
    let by_group = s.run("lag g --by group --json").items().next().unwrap();
    assert_eq!(by_group["lost"], json!(60));
}

#[test]
fn committed_above_the_end_is_nothing_and_said() {
    let s = behind();
    // Put back, as from a backup: with the topic goes what groups committed for it.
    s.bash("mkdir kept && cp -r log/__consumer_offsets-* kept").success();
    s.run("topics delete t").success();
    assert_eq!(shown(&s.run("lag g --json")), [""; 0]);
    s.bash("rm -r log/__consumer_offsets-* && mv kept/* log").success();
    assert_eq!(shown(&s.run("lag g --json")), ["t 0 40 null null null no such partition"]);
    let run = s.run("lag g --max 5");
    assert!(run.success().stderr().contains("of group `g` in `t-0` is not known"), "{run}");
    produce(&s, "t", 0, 5);
    assert_eq!(shown(&s.run("lag g --json")), ["t 0 40 0 5 0 ahead of the log"]);
}

#[test]
fn what_a_live_member_owns_without_a_commit_is_shown() {
    let s = Sandbox::new();
    s.run("topics create t -p 2").success();
    let mut member = s.spawn("consume t -g g");
    assert!(member.next_stderr_line().unwrap().contains("has t:0,1"));
    assert_eq!(
        shown(&s.run("lag g --json")),
        ["t 0 null 0 0 0 no commit", "t 1 null 0 0 0 no commit"]
    );
    let ids: Vec<_> = s.run("lag --json").items().map(|row| row["consumer_id"].clone()).collect();
    assert!(ids.len() == 2 && ids[0].is_string() && ids[0] == ids[1], "{ids:?}");
    // Stopped, it reads and commits nothing of the 7 that come: 7 - 0.
    member.signal("STOP");
    produce(&s, "t", 1, 7);
    assert_eq!(
        shown(&s.run("lag g --json")),
        ["t 0 null 0 0 0 no commit", "t 1 null 0 7 7 no commit"]
    );
    let by = s.run("lag g --by member --json").items().next().unwrap();
    assert_eq!(
        (&by["consumer_id"], &by["partitions"], &by["lag"]),
        (&ids[0], &json!(2), &json!(7))
    );
    member.signal("CONT");
}

#[test]
fn sums_are_by_topic_member_and_group() {
    let s = Sandbox::new();
    for (topic, partition, lines) in [("t", 0, 100), ("t", 1, 10), ("u", 0, 20)] {
        produce(&s, topic, partition, lines);
    }
    s.run("consume t -g g -e").success();
    s.run("consume u -g g -n 5").success();
    produce(&s, "t", 0, 30);
    produce(&s, "t", 1, 3);
    s.run("consume t -g h -e").success();
    let sum = |line: &str| -> Vec<String> {
        let items = s.run(line).success().items();
        let part = |row: &serde_json::Value| row["topic"].as_str().unwrap_or("-").to_owned();
        let told = |row: serde_json::Value| {
            let group = row["group"].as_str().unwrap().to_owned();
            format!("{group} {} {} {}", part(&row), row["partitions"], row["lag"])
        };
        items.map(told).collect()
    };
    // Of t, 130 - 100 and 13 - 10. Of u, 20 - 5.
    assert_eq!(sum("lag g --by topic --json"), ["g t 2 33", "g u 1 15"]);
    assert_eq!(sum("lag g --by topic --topic u --json"), ["g u 1 15"]);
    assert_eq!(sum("lag g --by topic --topic t:1 --json"), ["g t 1 3"]);
    assert_eq!(sum("lag --by group --json"), ["g - 3 48", "h - 2 0"]);
    assert_snapshot!(s.run("lag h --by group --output tsv"), @r"
    GROUP	PARTITIONS	LAG	AGE-MS	LOST
    h	2	0	0	0
    [exit status: 0]
    ");
}

#[test]
fn a_limit_that_is_crossed_is_9_and_one_line() {
    let s = behind();
    s.run("lag g --max 60 --max-age 1h").success();
    let run = s.run("lag g --max 59");
    assert_eq!(run.code(9).stderr(), "kaw: the lag of group `g` in `t-0` is 60, above 59\n");
    assert_eq!(run.stdout().lines().count(), 2, "the answer is there all the same");
    let run = s.run("lag --by group --max 59");
    assert_eq!(run.code(9).stderr(), "kaw: the lag of group `g` is 60, above 59\n");
    thread::sleep(Duration::from_millis(2));
    let run = s.run("lag g --max-age 1ms");
    assert!(run.code(9).stderr().starts_with("kaw: the age of group `g` in `t-0` is "), "{run}");
}

#[test]
fn waiting_ends_when_nothing_is_unread_or_in_time() {
    let s = behind();
    let run = s.run("lag g --wait --timeout 300ms");
    assert_refused(&run, 6, "the lag is still 60 after ");
    let waiting = s.spawn("lag g --wait --timeout 60s --json");
    thread::sleep(Duration::from_millis(200));
    s.run("consume t -g g -e").success();
    let run = waiting.finish();
    assert!(shown(&run).contains(&"t 0 100 0 100 0 null".to_owned()), "{run}");
}

#[test]
fn watching_shows_rates_and_ends_by_count_or_signal() {
    let s = behind();
    let mut watch = s.spawn("lag g --watch 1s -n 2 --output tsv --no-headers");
    let first = watch.next_line().unwrap();
    assert!(first.ends_with("\t-\t-\t-\t\u{2588}"), "{first}");
    produce(&s, "t", 0, 500);
    let second = watch.next_line().unwrap();
    let cells: Vec<&str> = second.split('\t').collect();
    assert_eq!(&cells[..7], ["g", "t", "0", "40", "0", "600", "560"]);
    let into: u64 = cells[10].parse().unwrap();
    assert!((1..=500).contains(&into) && cells[11] == "0" && cells[12] == "-", "{second}");
    watch.finish().success();

    let tables = s.run("lag g --watch 10ms -n 2").success().stdout();
    assert_eq!(tables.matches("TREND").count(), 2, "{tables}");
    let mut watch = s.spawn("lag g --watch --json");
    assert!(watch.next_line().unwrap().contains("\"in_per_s\":null"));
    let asked = Instant::now();
    watch.signal("INT");
    watch.finish().code(130);
    assert!(asked.elapsed() < Duration::from_secs(2));
}

#[test]
fn the_slower_of_two_members_is_seen_to_fall_behind() {
    let s = Sandbox::new();
    s.run("topics create users -p 2").success();
    let mut quick = s.spawn("consume users -g g");
    assert!(quick.next_stderr_line().unwrap().contains("has users:0,1"));
    let mut slow = s.spawn("consume users -g g --rate 50");
    let mine = slow.next_stderr_line().unwrap();
    let line = quick.next_stderr_line().unwrap();
    let id = |line: &str| line.split(' ').nth(4).unwrap().to_owned();
    let (quick_id, slow_id) = (id(&line), id(&mine));
    let mut watch = s.spawn("lag g --watch 50ms --by member --json");
    for partition in [0, 1] {
        produce(&s, "users", partition, 2000);
    }
    // The lags that were seen, until the slow one has got less and the quick one is done.
    let mut lags: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    loop {
        let line = watch.next_line().unwrap();
        let look: serde_json::Value = serde_json::from_str(&line).unwrap();
        for row in look["items"].as_array().unwrap() {
            let (Some(id), Some(lag)) = (row["consumer_id"].as_str(), row["lag"].as_i64()) else {
                continue;
            };
            lags.entry(id.to_owned()).or_default().push(lag);
        }
        let of = |id: &str| lags.get(id).map(Vec::as_slice).unwrap_or_default();
        let top = of(&slow_id).iter().max().copied().unwrap_or(0);
        let now = of(&slow_id).last().copied().unwrap_or(0);
        // 2000 each: at 50 a second, the slow one is behind for 40 s.
        if of(&quick_id).last() == Some(&0) && top > 1000 && now > 0 && now < top {
            break;
        }
    }
    watch.signal("INT");
    watch.finish().code(130);
    quick.kill();
    slow.kill();
}

#[test]
fn the_word_behind_watch_is_a_pause_or_a_group() {
    let s = behind();
    s.run("consume t -g h -e").success();
    let groups = |line: &str| -> Vec<String> {
        let items = s.run(&format!("{line} -n 1 --json")).success().items();
        items.map(|row| row["group"].as_str().unwrap().to_owned()).collect()
    };
    for line in ["lag --watch 2s g", "lag --watch g", "lag g --watch", "lag g --watch 2s"] {
        assert_eq!(groups(line), ["g"], "{line}");
    }
    for line in ["lag --watch", "lag --watch 2s", "lag --watch g h", "lag g --watch h"] {
        assert_eq!(groups(line), ["g", "h"], "{line}");
    }
    assert_refused(&s.run("lag --watch 2x -n 1"), 8, "group `2x` does not exist");
}

#[test]
fn openmetrics_has_types_labels_and_an_end() {
    let s = behind();
    s.run_with(["consume", "t", "-g", "a\"b\\c\nd", "-n", "10"]).success();
    let text = s.run("lag --output openmetrics").success().stdout();
    let lags: Vec<&str> =
        text.lines().filter(|line| line.contains("kaw_consumer_group_lag{")).collect();
    assert_eq!(
        lags,
        [
            r#"kaw_consumer_group_lag{group="a\"b\\c\nd",topic="t",partition="0"} 90"#,
            r#"kaw_consumer_group_lag{group="g",topic="t",partition="0"} 60"#,
        ]
    );
    assert!(text.starts_with("# TYPE kaw_consumer_group_lag gauge\n# HELP kaw_"), "{text}");
    assert!(text.ends_with("\n# EOF\n"), "{text}");
    let text = s.run("lag g --by group --output openmetrics").success().stdout();
    assert!(text.contains("\nkaw_consumer_group_lag{group=\"g\"} 60\n"), "{text}");
}

#[test]
fn slips_are_refused() {
    let s = behind();
    for (line, code, words) in [
        ("lag nope", 8, "group `nope` does not exist"),
        ("lag --topic tt", 8, "topic `tt` does not exist"),
        ("lag g --max abc", 2, "abc"),
        ("lag g --max-age 5", 2, "5"),
        ("lag g --by host", 2, "host"),
        ("lag g -n 2", 2, "--watch"),
        ("lag g --watch --wait", 2, "cannot be used with"),
        ("lag g --watch --output openmetrics", 2, "printed once"),
        ("lag g --output openmetrics --json", 2, "cannot be used with"),
    ] {
        assert_refused(&s.run(line), code, words);
    }
    let run = s.run("lag g nope");
    assert!(run.code(3).stderr().contains("group `nope` does not exist"), "{run}");
    assert_eq!(run.stdout().lines().count(), 2);
    // Where there is no group, there is no lag.
    assert_eq!(Sandbox::new().run("lag --by group --no-headers").stdout(), "");
}
