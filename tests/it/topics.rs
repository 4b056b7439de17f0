//! Owns the tests of `kaw topics`: each verb with each of its flags, and what each refuses.

use insta::assert_snapshot;

use crate::checks::assert_refused;
use crate::sandbox::Sandbox;

/// Puts `records` lines `0`, `1`, .. into one partition, a minute apart from 2026-01-15T10:00 on,
/// in segments of a few records.
fn filled(s: &Sandbox, topic: &str, records: u64) {
    let configs = "-c internal.segment.bytes=400 -c index.interval.bytes=0 -c retention.ms=-1";
    s.run(&format!("topics create {topic} {configs}")).success();
    for n in 0..records {
        let time = format!("2026-01-15T10:{n:02}:00Z");
        s.stdin(format!("{n}\n"))
            .run(&format!("produce {topic} --acks 1 --timestamp {time}"))
            .success();
    }
}

/// Start and end of partition 0.
fn range(s: &Sandbox, topic: &str) -> (i64, i64) {
    let item = s.run(&format!("topics describe {topic} --json")).success().items().next().unwrap();
    let of = |key: &str| item["partitions"][0][key].as_i64().unwrap();
    (of("start_offset"), of("end_offset"))
}

#[test]
fn create_list_and_describe() {
    let s = Sandbox::new();
    assert_snapshot!(s.run("topics create orders payments -p 2 -c retention.ms=1000"), @r"
    --- stderr
    created topic `orders` with 2 partitions
    created topic `payments` with 2 partitions
    [exit status: 0]
    ");
    assert_snapshot!(s.run("topics list"), @r"
    TOPIC     PARTITIONS  RECORDS  BYTES  FIRST-TIMESTAMP  LAST-TIMESTAMP  RECORDS-PER-S
    orders             2        0      0  -                -                           -
    payments           2        0      0  -                -                           -
    [exit status: 0]
    ");
    assert_snapshot!(s.run("topics list --json"), @r#"
    {"kind":"topics.list","version":1,"items":[{"topic":"orders","partitions":2,"records":0,"bytes":0,"first_timestamp":null,"last_timestamp":null,"records_per_s":null},{"topic":"payments","partitions":2,"records":0,"bytes":0,"first_timestamp":null,"last_timestamp":null,"records_per_s":null}]}
    [exit status: 0]
    "#);
    assert_snapshot!(s.run("topics list --output tsv"), @r"
    TOPIC	PARTITIONS	RECORDS	BYTES	FIRST-TIMESTAMP	LAST-TIMESTAMP	RECORDS-PER-S
    orders	2	0	0	-	-	-
    payments	2	0	0	-	-	-
    [exit status: 0]
    ");
    assert_snapshot!(s.run("topics list ^pay --output tsv --no-headers"), @r"
    payments	2	0	0	-	-	-
    [exit status: 0]
    ");
    assert_snapshot!(s.run("topics list nothing"), @r"
    TOPIC  PARTITIONS  RECORDS  BYTES  FIRST-TIMESTAMP  LAST-TIMESTAMP  RECORDS-PER-S
    [exit status: 0]
    ");
    assert_snapshot!(s.run("topics describe payments"), @r"
    TOPIC     PARTITION  LEADER  REPLICAS  ISR  START-OFFSET  END-OFFSET  HIGH-WATERMARK  RECORDS  BYTES  FIRST-TIMESTAMP  LAST-TIMESTAMP  RECORDS-PER-S
    payments          0       0  0         0               0           0               0        0      0  -                -                           -
    payments          1       0  0         0               0           0               0        0      0  -                -                           -

    TOPIC     CONFIG        VALUE  SOURCE
    payments  retention.ms  1000   topic
    [exit status: 0]
    ");
    let json = s.run("topics describe orders payments --json");
    let items: Vec<_> = json.success().items().collect();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0]["configs"]["retention.ms"], "1000");
    assert_eq!(items[1]["partitions"].as_array().unwrap().len(), 2);
    assert_eq!(items[0]["id"].as_str().map(str::len), Some(22));
}

#[test]
fn sizes_and_times_of_a_topic_are_those_of_its_records() {
    let s = Sandbox::new();
    filled(&s, "t", 3);
    assert_snapshot!(s.run("topics list"), @r"
    TOPIC  PARTITIONS  RECORDS  BYTES  FIRST-TIMESTAMP           LAST-TIMESTAMP            RECORDS-PER-S
    t               1        3    207  2026-01-15T10:00:00.000Z  2026-01-15T10:02:00.000Z          0.025
    [exit status: 0]
    ");
    let run = s.run("topics describe t --json");
    let partition = &run.success().items().next().unwrap()["partitions"][0];
    let told = ["records", "bytes", "high_watermark", "first_timestamp", "last_timestamp"]
        .map(|key| partition[key].to_string());
    let times = [r#""2026-01-15T10:00:00.000Z""#, r#""2026-01-15T10:02:00.000Z""#];
    assert_eq!(told, ["3", "207", "3", times[0], times[1]]);
    assert_eq!(partition["records_per_s"], 0.025);
    // What a list tells is found without reading a log.
    let log = s.log_dir().join("t-0");
    for entry in std::fs::read_dir(&log).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some() {
            std::fs::write(path, "nothing that could be read").unwrap();
        }
    }
    let again = s.run("topics list --json").success().items().next().unwrap();
    assert_eq!(
        (again["records"].as_i64(), again["records_per_s"].as_f64()),
        (Some(3), Some(0.025))
    );
    s.damaged();
}

#[test]
fn what_is_there_is_not_created_again() {
    let s = Sandbox::new();
    s.run("topics create t -p 3").success();
    assert_refused(&s.run("topics create t"), 3, "topic `t` exists already");
    assert_snapshot!(s.run("topics create t u u --if-not-exists --json"), @r#"
    {"kind":"topics.create","version":1,"items":[{"topic":"t","partitions":3},{"topic":"u","partitions":1}]}
    --- stderr
    topic `t` exists already
    created topic `u` with 1 partition
    [exit status: 0]
    "#);
    let run = s.run("topics create u v");
    run.code(3);
    assert_snapshot!(run, @r"
    --- stderr
    created topic `v` with 1 partition
    kaw: cannot create topic `u`: topic `u` exists already
    hint: `kaw topics describe u`
    [exit status: 3]
    ");
    // Kafka takes `.` and `_` for the same in the names of its metrics.
    s.run("topics create a.b").success();
    assert_refused(&s.run("topics create a_b"), 2, "collides with `a.b`");
}

#[test]
fn names_that_kafka_refuses_are_refused() {
    let s = Sandbox::new();
    for name in [
        "",
        ".",
        "..",
        "../../etc",
        "/abs",
        "a/b",
        "a b",
        "a\nb",
        "\u{e9}",
        "a\u{1b}[2Jb",
        "%2e%2e",
        "a:b",
    ] {
        for verb in [&["topics", "create"][..], &["topics", "describe"], &["consume"], &["produce"]]
        {
            let args = verb.iter().copied().chain(["--", name]);
            assert_refused(&s.run_with(args), 2, "is not a topic name");
        }
    }
    let long = "x".repeat(249);
    s.run_with(["topics", "create", &long]).success();
    assert_refused(&s.run_with(["topics", "create", &format!("{long}x")]), 2, "249");
    assert_refused(&s.run_with(["topics", "create", "a\u{1b}b"]), 2, "\\u{1b}");
    assert!(!s.path("etc").exists());
}

#[test]
fn kafkas_own_topics_are_not_touched_by_mistake() {
    let s = Sandbox::new();
    for name in
        ["__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"]
    {
        for command in [
            "topics create NAME",
            "topics delete NAME",
            "topics alter NAME -p 2",
            "topics trim NAME --to 1",
            "produce NAME",
        ] {
            let run = s.stdin("x\n").run(&command.replace("NAME", name));
            assert_refused(&run, 2, "`--internal` if you mean it");
        }
    }
    s.run("topics create __consumer_offsets --internal").success();
    s.stdin("x\n").run("produce __consumer_offsets --internal").success();
    s.run("topics delete __consumer_offsets --internal").success();
}

#[test]
fn numbers_of_partitions_and_replicas_are_checked() {
    let s = Sandbox::new();
    for n in ["0", "-1", "2147483648", "abc", "1.5", "100001", ""] {
        assert_refused(&s.run_with(["topics", "create", "t", "-p", n]), 2, "partitions");
    }
    s.run("topics create t --replication-factor 1 -p 1k").success();
    for n in ["0", "-1", "abc", "2"] {
        assert_refused(&s.run(&format!("topics create u --replication-factor {n}")), 2, "replica");
    }
    s.run("topics describe u").code(8);
}

#[test]
fn configs_are_checked() {
    let s = Sandbox::new();
    for (config, words) in [
        ("retention.sm=1", "did you mean `retention.ms`?"),
        ("retention.ms", "is not `key=value`"),
        ("retention.ms=soon", "`retention.ms` must be a whole number"),
        ("retention.ms=", "`retention.ms` must be a whole number"),
        ("cleanup.policy=purge", "must be a list of `compact`, `delete`"),
        ("compression.type=none", "must be one of `uncompressed`"),
        ("segment.bytes=1", "must be a whole number from 1048576"),
    ] {
        assert_refused(&s.run_with(["topics", "create", "t", "-c", config]), 2, words);
    }
    let twice = s.run("topics create t -c retention.ms=1 -c retention.ms=2");
    assert_refused(&twice, 2, "`retention.ms` is given twice");
    s.run("topics create t").success();
    assert_refused(&s.run("topics alter t --unset segment.mss"), 2, "did you mean `segment.ms`?");
}

#[test]
fn alter_grows_partitions_and_changes_configs() {
    let s = Sandbox::new();
    s.run("topics create t -p 2 -c retention.ms=1000").success();
    assert_snapshot!(s.run("topics alter t -p 3 -c segment.ms=500 --unset retention.ms --json"), @r#"
    {"kind":"topics.alter","version":1,"items":[{"topic":"t","partitions":3}]}
    --- stderr
    altered topic `t`: partitions 3, segment.ms=500, retention.ms back to its default
    [exit status: 0]
    "#);
    assert_snapshot!(s.run("topics describe t"), @r"
    TOPIC  PARTITION  LEADER  REPLICAS  ISR  START-OFFSET  END-OFFSET  HIGH-WATERMARK  RECORDS  BYTES  FIRST-TIMESTAMP  LAST-TIMESTAMP  RECORDS-PER-S
    t              0       0  0         0               0           0               0        0      0  -                -                           -
    t              1       0  0         0               0           0               0        0      0  -                -                           -
    t              2       0  0         0               0           0               0        0      0  -                -                           -

    TOPIC  CONFIG      VALUE  SOURCE
    t      segment.ms  500    topic
    [exit status: 0]
    ");
    assert_refused(&s.run("topics alter t -p 3"), 2, "they can only become more");
    assert_refused(&s.run("topics alter t -p 0"), 2, "partitions");
    assert_refused(&s.run("topics alter t"), 2, "nothing to alter");
    let both = s.run("topics alter t -c segment.ms=1 --unset segment.ms");
    assert_refused(&both, 2, "`segment.ms` is given twice");
    assert_refused(&s.run("topics alter nope -p 2"), 8, "`kaw topics list`");
    s.stdin("x\n").run("produce t -p 2").success();
    assert_eq!(s.run("consume t -e -p 2").success().stdout(), "x\n");
}

#[test]
fn delete_says_what_goes_and_a_new_topic_of_the_name_is_empty() {
    let s = Sandbox::new();
    s.stdin("a\nb\n").run("produce t").success();
    s.run("topics create u").success();
    assert_snapshot!(s.run("topics delete t --dry-run"), @r"
    --- stderr
    would delete topic `t`: 1 partition, 2 records, 77 B
    [exit status: 0]
    ");
    assert_eq!(range(&s, "t"), (0, 2));
    let run = s.run("topics delete t tt u");
    run.code(3);
    assert_snapshot!(run, @r"
    --- stderr
    deleted topic `t`
    deleted topic `u`
    kaw: cannot delete topic `tt`: topic `tt` does not exist
    hint: `kaw topics list` shows what is there
    [exit status: 3]
    ");
    assert_refused(&s.run("topics delete t"), 8, "topic `t` does not exist");
    assert_refused(&s.run("topics delete t --dry-run"), 8, "topic `t` does not exist");
    s.run("topics create t").success();
    assert_eq!(range(&s, "t"), (0, 0));
    assert_eq!(s.run("consume t -e").success().stdout(), "");
    assert_snapshot!(s.run("topics delete t --json"), @r#"
    {"kind":"topics.delete","version":1,"items":[{"topic":"t","partitions":1}]}
    --- stderr
    deleted topic `t`
    [exit status: 0]
    "#);
}

#[test]
fn trim_finds_each_offset_and_deletes_what_lies_before() {
    let s = Sandbox::new();
    filled(&s, "t", 30);
    let segments = || std::fs::read_dir(s.log_dir().join("t-0")).unwrap().count();
    let before = segments();
    assert!(before > 12, "only {before} files: no segment was rolled");
    assert_snapshot!(s.run("topics trim t --to 5 --dry-run"), @r"
    TOPIC  PARTITION  OLD-START-OFFSET  NEW-START-OFFSET  RECORDS-DELETED
    t              0                 0                 5                5
    --- stderr
    nothing was deleted (--dry-run)
    [exit status: 0]
    ");
    assert_eq!(range(&s, "t"), (0, 30));
    for (to, start) in [
        ("5", 5),
        ("3", 5),
        ("+2", 7),
        ("@2026-01-15T10:10:00Z", 10),
        ("-15", 15),
        ("@2026-01-15T10:19:30Z", 20),
        ("start", 20),
    ] {
        let run = s.run(&format!("topics trim t --to {to} --json"));
        assert_eq!(run.success().items().next().unwrap()["new_start_offset"], start, "{to}");
        assert_eq!(range(&s, "t"), (start, 30), "{to}");
        let first = s.run("consume t -e -n 1");
        assert_eq!(first.success().stdout(), format!("{start}\n"));
    }
    assert!(segments() < before, "no segment was deleted");
    assert_refused(&s.run("topics trim t --to 31"), 8, "offset 31 is above the end, 30");
    assert_refused(&s.run("consume t -e -o 19"), 8, "the log has 20 to 30");
    for (to, words) in [
        ("stored", "no group"),
        ("endd", "did you mean `end`?"),
        ("5:7", "is not an offset"),
        ("", "it is empty"),
    ] {
        assert_refused(&s.run_with(["topics", "trim", "t", "--to", to]), 2, words);
    }
    assert_refused(&s.run("topics trim nope --to 1"), 8, "topic `nope` does not exist");
    // Offsets go on where they were.
    s.run("topics trim t --to end").success();
    assert_eq!(range(&s, "t"), (30, 30));
    s.stdin("more\n").run("produce t").success();
    assert_eq!(s.run("consume t -e -f %o:%s").success().stdout(), "30:more");
}

#[test]
fn trimmed_and_rolled_segments_stay_for_kafka() {
    let s = Sandbox::new();
    filled(&s, "t", 20);
    s.sent("t", 20);
    s.run("topics create u -p 3 -c internal.segment.bytes=2000").success();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let produce = format!("produce u --fake 30 --key-field /id -z {codec} --sync --acks 1");
        s.run(&produce).success();
    }
    s.run("topics trim u --to 10").success();
    assert_eq!(s.run("topics list u --json").success().items().next().unwrap()["records"], 120);
}

#[test]
fn several_partitions_that_fail_are_each_told() {
    let s = Sandbox::new();
    s.run("topics create t -p 2").success();
    s.stdin("x\n").run("produce t -p 1").success();
    let run = s.run("topics trim t --to 1 --json");
    assert_eq!(run.code(3).items().next().unwrap()["partition"], 1);
    assert!(run.stderr().contains("offset 1 is above the end, 0"), "{run}");
}

#[test]
fn a_target_that_is_not_there_is_told_by_what_it_is() {
    let s = Sandbox::new();
    s.write("file", "no directory");
    std::os::unix::fs::symlink("nowhere", s.path("dangling")).unwrap();
    assert_refused(&s.run("-d missing topics list"), 8, "missing does not exist");
    assert_refused(&s.run("-d dangling topics list"), 8, "dangling does not exist");
    assert_refused(&s.run("-d file topics list"), 2, "file is not a directory");
    assert_refused(&s.run("-b localhost:x topics list"), 2, "is not `HOST:PORT`");
    assert_refused(&s.run("--profile work topics list"), 2, "profile `work`");
    // The default directory is the user's own: absent, it is empty.
    let run = s.bash("env -u KAW_LOG_DIR kaw topics list --no-headers");
    assert_eq!(run.success().stdout(), "");
}

#[test]
fn a_profile_and_the_environment_name_a_target() {
    let s = Sandbox::new();
    s.run("topics create t").success();
    std::fs::create_dir_all(s.path("home/.config/kaw")).unwrap();
    let profile = format!("[profile.work]\nlog_dir = \"{}\"\n", s.log_dir().display());
    s.write("home/.config/kaw/config.toml", profile);
    let run = s.bash("env -u KAW_LOG_DIR kaw --profile work topics list --output tsv --no-headers");
    assert_eq!(run.success().stdout(), "t\t1\t0\t0\t-\t-\t-\n");
    let near = s.bash("env -u KAW_LOG_DIR KAW_PROFILE=wrok kaw topics list");
    assert_refused(&near, 2, "did you mean `work`?");
    assert_snapshot!(s.bash("env -u KAW_LOG_DIR kaw --profile work --timeout 3s config --output tsv"), @r"
    NAME	VALUE	SOURCE
    log-dir	$SANDBOX/log	--profile
    profile	work	--profile
    timeout-ms	3000	--timeout
    config-toml	$SANDBOX/home/.config/kaw/config.toml	default
    [exit status: 0]
    ");
    assert_snapshot!(s.run("config --output tsv"), @r"
    NAME	VALUE	SOURCE
    log-dir	$SANDBOX/log	KAW_LOG_DIR
    profile	-	default
    timeout-ms	10000	default
    config-toml	$SANDBOX/home/.config/kaw/config.toml	default
    KAW_LOG_DIR	$SANDBOX/log	environment
    [exit status: 0]
    ");
}

#[test]
fn errors_are_json_where_answers_are() {
    let s = Sandbox::new();
    s.run("topics create orders").success();
    assert_snapshot!(s.run("topics describe oders --json"), @r#"
    --- stderr
    {"error":"cannot describe topic `oders`: topic `oders` does not exist","code":"UNKNOWN_TOPIC_OR_PARTITION","exit_code":8,"causes":[],"hints":["did you mean `orders`?"]}
    [exit status: 8]
    "#);
    assert_snapshot!(s.run("topics list --output jsn --json"), @r"
    --- stderr
    kaw: invalid value 'jsn' for '--output <FORMAT>' [possible values: table, json, tsv]
    hint: a similar value exists: 'json'
    [exit status: 2]
    ");
}
