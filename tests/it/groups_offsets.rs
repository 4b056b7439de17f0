//! Owns the tests of what groups committed: each verb of `kaw groups` that shows or changes it, and
//! what each refuses. Leaves members that are alive to others.

use std::fs;

use insta::assert_snapshot;
use kaw::disk::directory::LogDirectory;
use kaw::disk::offsets::codec::{GroupMetadata, Key, OffsetValue, StoredMember, Value};
use kaw::disk::offsets::{OffsetsLog, protocol};
use kaw::group::GroupId;
use kaw::topic::{TopicName, TopicPartition};

use crate::checks::assert_refused;
use crate::dump_log::decoded_offsets;
use crate::needs::Need;
use crate::sandbox::{Run, Sandbox};

fn id(group: &str) -> GroupId {
    GroupId::new(group).unwrap()
}

fn of(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition { topic: TopicName::new(topic).unwrap(), partition }
}

/// A record of a commit.
fn commit(group: &str, of: TopicPartition, offset: i64, now_ms: i64) -> (Key, Option<Value>) {
    let value = OffsetValue {
        offset,
        leader_epoch: -1,
        metadata: String::new(),
        committed_ms: now_ms,
        expires_ms: None,
        topic_id: None,
    };
    (Key::Offset { group: id(group), of }, Some(Value::Offset(value)))
}

/// Writes records of a group as a member would.
fn append(s: &Sandbox, group: &str, records: &[(Key, Option<Value>)]) {
    let directory = LogDirectory::open_to_write(&s.log_dir()).unwrap();
    let now_ms = kaw::now_ms();
    let mut log = OffsetsLog::open_to_write(&directory, now_ms).unwrap();
    log.append(&id(group), records, now_ms, false).unwrap();
}

/// A topic `users` of two partitions: 20 records from 2 on, and 5 from 0 on.
fn users(s: &Sandbox) {
    s.run("topics create users -p 2").success();
    for (partition, records) in [(0, 20), (1, 5)] {
        let lines: Vec<String> = (0..records).map(|n| n.to_string()).collect();
        let produce = format!("produce users -p {partition} --acks 1");
        s.stdin(lines.join("\n")).run(&produce).success();
        s.sent("users", records);
    }
}

/// The same, with a group `db` that stands at 12 and 5.
fn world() -> Sandbox {
    let s = Sandbox::new();
    users(&s);
    let now_ms = kaw::now_ms();
    let at = |partition, offset| commit("db", of("users", partition), offset, now_ms);
    append(&s, "db", &[at(0, 12), at(1, 5)]);
    s
}

/// Where a group stands: topic, partition, offset.
fn stands(s: &Sandbox, group: &str) -> String {
    let run = s.run_with(["groups", "describe", group, "--output", "tsv", "--no-headers"]);
    let rows = run.success().stdout();
    let cells = |row: &str| row.split('\t').skip(1).take(3).collect::<Vec<_>>().join(" ");
    rows.lines().map(cells).collect::<Vec<_>>().join("; ")
}

/// The whole, with `$UNDO` for the name of an undo file.
fn without_time(run: &Run) -> String {
    let name = regex::Regex::new(r"kaw-undo-[\w.-]+\.tsv").unwrap();
    name.replace_all(&run.to_string(), "$$UNDO").into_owned()
}

/// The undo files of a sandbox, by name.
fn undo_files(s: &Sandbox) -> Vec<String> {
    let names = fs::read_dir(s.root()).unwrap().map(|e| e.unwrap().file_name().into_string());
    let mut names: Vec<String> = names.map(Result::unwrap).collect();
    names.retain(|name| name.starts_with("kaw-undo-"));
    names.sort();
    names
}

#[test]
fn without_groups_there_is_nothing_and_nothing_is_made() {
    let s = Sandbox::new();
    s.run("topics create users").success();
    assert_snapshot!(s.run("groups list"), @r"
    GROUP  TYPE  STATE  MEMBERS
    [exit status: 0]
    ");
    assert!(!s.log_dir().join("__consumer_offsets-0").exists());
    for words in ["describe db", "members db", "delete db", "forget db --topic users"] {
        let run = s.run(&format!("groups {words}"));
        run.code(8);
        assert!(run.stderr().contains("group `db` does not exist"), "{run}");
    }
    assert!(!s.log_dir().join("__consumer_offsets-0").exists());
}

#[test]
fn list_and_describe() {
    let s = world();
    append(&s, "other", &[commit("other", of("users", 0), 20, kaw::now_ms())]);
    assert_snapshot!(s.run("groups list"), @r"
    GROUP  TYPE     STATE  MEMBERS
    db     Classic  Empty        0
    other  Classic  Empty        0
    [exit status: 0]
    ");
    assert_snapshot!(s.run("groups list --state empty --json"), @r#"
    {"kind":"groups.list","version":1,"items":[{"group":"db","type":"Classic","state":"Empty","members":0},{"group":"other","type":"Classic","state":"Empty","members":0}]}
    [exit status: 0]
    "#);
    assert_snapshot!(s.run("groups list --state stable"), @r"
    GROUP  TYPE  STATE  MEMBERS
    [exit status: 0]
    ");
    assert_snapshot!(s.run("groups describe db other db"), @r"
    GROUP  TYPE     STATE  COORDINATOR  PROTOCOL  ASSIGNOR  GENERATION  MEMBERS
    db     Classic  Empty            0  -         -                  0        0
    other  Classic  Empty            0  -         -                  0        0

    GROUP  TOPIC  PARTITION  CURRENT-OFFSET  LOG-START-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID  HOST  CLIENT-ID
    db     users          0              12                 0              20    8  -            -     -
    db     users          1               5                 0               5    0  -            -     -
    other  users          0              20                 0              20    0  -            -     -
    [exit status: 0]
    ");
    assert_snapshot!(s.run("groups describe other --json"), @r#"
    {"kind":"groups.describe","version":1,"items":[{"group":"other","type":"Classic","state":"Empty","coordinator":0,"protocol":null,"assignor":null,"generation":0,"members":0,"partitions":[{"group":"other","topic":"users","partition":0,"current_offset":20,"log_start_offset":0,"log_end_offset":20,"lag":0,"consumer_id":null,"host":null,"client_id":null}]}]}
    [exit status: 0]
    "#);
    assert_snapshot!(s.run("groups describe db --output tsv"), @r"
    GROUP	TOPIC	PARTITION	CURRENT-OFFSET	LOG-START-OFFSET	LOG-END-OFFSET	LAG	CONSUMER-ID	HOST	CLIENT-ID
    db	users	0	12	0	20	8	-	-	-
    db	users	1	5	0	5	0	-	-	-
    [exit status: 0]
    ");
    // One that is not there, of several, is told, and the others are shown.
    assert_snapshot!(s.run("groups describe other othr --output tsv --no-headers"), @r"
    other	users	0	20	0	20	0	-	-	-
    --- stderr
    kaw: cannot describe group `othr`: group `othr` does not exist
    hint: did you mean `other`?
    [exit status: 3]
    ");
    assert_snapshot!(s.run("groups describe othr"), @r"
    --- stderr
    kaw: cannot describe group `othr`: group `othr` does not exist
    hint: did you mean `other`?
    [exit status: 8]
    ");
    assert_refused(&s.run("groups list --state emty"), 2, "did you mean `Empty`?");
    assert_refused(&s.run("groups describe ''"), 2, "a group id is not empty");
}

#[test]
fn lag_in_the_hard_cases() {
    let s = world();
    let now_ms = kaw::now_ms();
    let at = |of, offset| commit("hard", of, offset, now_ms);
    // Below the start, above the end, and of a topic that is not there.
    append(&s, "hard", &[at(of("users", 0), 1), at(of("users", 1), 9), at(of("gone", 0), 3)]);
    s.run("topics trim users --to 4").success();
    assert_snapshot!(s.run("groups describe hard --output tsv --no-headers"), @r"
    hard	gone	0	3	-	-	-	-	-	-
    hard	users	0	1	4	20	16	-	-	-
    hard	users	1	9	4	5	0	-	-	-
    [exit status: 0]
    ");
}

/// A group `g` with two members on record, one of which owns a partition that nothing was committed
/// of.
fn with_members(s: &Sandbox, protocol_type: &str) {
    let member = |id: &str, instance: Option<&str>, partition| StoredMember {
        id: id.into(),
        instance_id: instance.map(str::to_owned),
        client_id: "kaw".into(),
        host: "/127.0.0.1".into(),
        rebalance_timeout_ms: 300_000,
        session_timeout_ms: 45_000,
        subscription: protocol::encode_subscription(&[of("users", 0).topic], &[]).unwrap(),
        assignment: protocol::encode_assignment(&[of("users", partition)]).unwrap(),
    };
    let metadata = GroupMetadata {
        protocol_type: protocol_type.into(),
        generation: 3,
        protocol: Some("range".into()),
        leader: Some("m-1".into()),
        state_since_ms: kaw::now_ms(),
        members: vec![member("m-1", None, 0), member("m-2", Some("\u{1b}[31mstatic"), 1)],
    };
    let group = (Key::Group(id("g")), Some(Value::Group(metadata)));
    append(s, "g", &[group, commit("g", of("users", 0), 7, kaw::now_ms())]);
}

#[test]
fn members_on_record_are_shown_with_what_they_own() {
    let s = Sandbox::new();
    users(&s);
    with_members(&s, "consumer");
    assert_snapshot!(s.run("groups list --output tsv --no-headers"), @r"
    g	Classic	Stable	2
    [exit status: 0]
    ");
    assert_snapshot!(s.run("groups describe g"), @r"
    GROUP  TYPE     STATE   COORDINATOR  PROTOCOL  ASSIGNOR  GENERATION  MEMBERS
    g      Classic  Stable            0  consumer  range              3        2

    GROUP  TOPIC  PARTITION  CURRENT-OFFSET  LOG-START-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID  HOST        CLIENT-ID
    g      users          0               7                 0              20   13  m-1          /127.0.0.1  kaw
    g      users          1               -                 0               5    5  m-2          /127.0.0.1  kaw
    [exit status: 0]
    ");
    assert_snapshot!(s.run("groups members g --output tsv").stdout().escape_debug(), @r"
    GROUP\tCONSUMER-ID\tINSTANCE-ID\tHOST\tCLIENT-ID\tPARTITIONS\tASSIGNMENT\ng\tm-1\t-\t/127.0.0.1\tkaw\t1\tusers:0\ng\tm-2\t\u{1b}[31mstatic\t/127.0.0.1\tkaw\t1\tusers:1\n
    ");
    let json = s.run("groups members g --json").json();
    let expected = serde_json::json!([{"topic": "users", "partition": 1}]);
    assert_eq!(json["items"][1]["assignment"], expected);
    let preview = s.run("groups reset g --to start");
    preview.success();
    assert!(preview.stderr().contains("group `g` has 2 members"), "{preview}");
}

#[test]
fn members_of_another_protocol_are_opaque() {
    let s = Sandbox::new();
    users(&s);
    with_members(&s, "connect");
    let items: Vec<_> = s.run("groups members g --json").success().items().collect();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0]["assignment"], serde_json::json!([]));
}

#[test]
fn a_reset_is_a_plan_until_it_is_executed() {
    let s = world();
    assert_snapshot!(s.run("groups reset db --to 3 --topic users:0"), @r"
    GROUP  TOPIC  PARTITION  OLD-OFFSET  NEW-OFFSET  LAG-BEFORE  LAG-AFTER  RECORDS-SKIPPED  RECORDS-REPLAYED  RECORDS-DELETED
    db     users          0          12           3           8         17                0                 9                0
    --- stderr
    nothing was changed; `--execute` does it
    [exit status: 0]
    ");
    assert_eq!(stands(&s, "db"), "users 0 12; users 1 5");
    assert!(undo_files(&s).is_empty());
    assert_snapshot!(without_time(&s.run("groups reset db --to +3 --execute")), @r"
    GROUP  TOPIC  PARTITION  OLD-OFFSET  NEW-OFFSET  LAG-BEFORE  LAG-AFTER  RECORDS-SKIPPED  RECORDS-REPLAYED  RECORDS-DELETED
    db     users          0          12           3           8         17                0                 9                0
    db     users          1           5           3           0          2                0                 2                0
    --- stderr
    changed 2 offsets of group `db`
    undo: `kaw groups reset db --to-file $UNDO --execute`
    [exit status: 0]
    ");
    assert_eq!(stands(&s, "db"), "users 0 3; users 1 3");
    let undo = undo_files(&s);
    assert_eq!(fs::read_to_string(s.path(&undo[0])).unwrap(), "users\t0\t12\nusers\t1\t5\n");
    // Nothing to do: no file, and no commit.
    assert_snapshot!(s.run("groups reset db --to +3 --execute --output tsv --no-headers"), @r"
    db	users	0	3	3	17	17	0	0	0
    db	users	1	3	3	2	2	0	0	0
    --- stderr
    nothing had to be changed
    [exit status: 0]
    ");
    assert_eq!(undo_files(&s).len(), 1);
    let back = s.run_with(["groups", "reset", "db", "--to-file", &undo[0], "--execute", "--json"]);
    let items: Vec<_> = back.success().items().collect();
    assert_eq!(
        (items[0]["records_skipped"].as_i64(), items[1]["lag_after"].as_i64()),
        (Some(9), Some(0))
    );
    assert_eq!(stands(&s, "db"), "users 0 12; users 1 5");
}

#[test]
fn resets_go_everywhere_that_the_grammar_can_say() {
    let s = world();
    s.run("topics trim users --to 2").success();
    for (to, expected) in [
        ("start", "users 0 2; users 1 2"),
        ("end", "users 0 20; users 1 5"),
        ("-2", "users 0 18; users 1 3"),
        ("+1", "users 0 3; users 1 3"),
        ("0", "users 0 2; users 1 2"),
        ("4", "users 0 4; users 1 4"),
        ("@2020-01-01", "users 0 2; users 1 2"),
        ("@2100-01-01", "users 0 20; users 1 5"),
    ] {
        s.run(&format!("groups reset db --to {to} --execute")).success();
        assert_eq!(stands(&s, "db"), expected, "{to}");
    }
    assert_snapshot!(s.run("groups reset db --to 1 --topic users:0 --output tsv --no-headers"), @r"
    db	users	0	20	2	0	18	0	18	1
    --- stderr
    nothing was changed; `--execute` does it
    [exit status: 0]
    ");
}

#[test]
fn a_reset_that_fails_in_part_does_the_rest_and_says_so() {
    let s = world();
    assert_snapshot!(without_time(&s.run("groups reset db --to 10 --execute")), @r"
    GROUP  TOPIC  PARTITION  OLD-OFFSET  NEW-OFFSET  LAG-BEFORE  LAG-AFTER  RECORDS-SKIPPED  RECORDS-REPLAYED  RECORDS-DELETED
    db     users          0          12          10           8         10                0                 2                0
    --- stderr
    changed 1 offset of group `db`
    undo: `kaw groups reset db --to-file $UNDO --execute`
    kaw: cannot reset `users-1` of group `db`: offset 10 is above the end, 5
    hint: `kaw topics describe users` shows where it starts and ends
    [exit status: 3]
    ");
    assert_eq!(stands(&s, "db"), "users 0 10; users 1 5");
    let run = s.run("groups reset db --to start --topic users:1,7 --topic nope:0 --execute");
    run.code(3);
    assert_eq!(stands(&s, "db"), "users 0 10; users 1 0");
    // Nothing of it can be done: the code is that of the only failure.
    s.run("groups reset db --to 9 --topic users:1 --execute").code(8);
    s.run("groups reset db --to start --topic nope --execute").code(8);
}

#[test]
fn a_reset_to_a_file_and_to_a_group() {
    let s = world();
    s.write("kafka.csv", "users,0,7\nusers,1,2\n");
    s.run("groups reset db --to-file kafka.csv --execute").success();
    assert_eq!(stands(&s, "db"), "users 0 7; users 1 2");
    // A group that is not there yet is made, and undone by forgetting.
    s.run("groups reset copy --to-group db --execute").success();
    assert_eq!(stands(&s, "copy"), "users 0 7; users 1 2");
    let undo = undo_files(&s).into_iter().find(|name| name.contains("copy")).unwrap();
    assert_eq!(fs::read_to_string(s.path(&undo)).unwrap(), "users\t0\t-\nusers\t1\t-\n");
    s.run_with(["groups", "reset", "copy", "--to-file", &undo, "--execute"]).success();
    s.run("groups describe copy").code(8);
    s.run("groups reset a/b --to end --topic users:1 --execute").success();
    assert_eq!(stands(&s, "a/b"), "users 1 5");
    s.write("bad.tsv", "users\t0\t7\nusers\t0x\t1\n");
    assert_refused(&s.run("groups reset db --to-file bad.tsv"), 2, "bad.tsv, line 2");
    s.write("empty.tsv", "# nothing\n");
    assert_refused(&s.run("groups reset db --to-file empty.tsv"), 2, "names no offset");
    assert_refused(&s.run("groups reset db --to-file absent.tsv"), 5, "absent.tsv");
    assert_refused(&s.run("groups reset db --to-group db"), 2, "is there already");
    assert_refused(&s.run("groups reset db --to-group dc"), 8, "did you mean `db`?");
}

#[test]
fn what_a_reset_refuses() {
    let s = world();
    assert_refused(&s.run("groups reset db"), 2, "required");
    assert_refused(&s.run("groups reset db --to end --to-group x"), 2, "cannot be used with");
    assert_refused(&s.run("groups reset db --to latestt"), 2, "did you mean `latest`?");
    assert_refused(&s.run("groups reset db --to stored"), 2, "there already");
    assert_refused(&s.run("groups reset db --to 1:5"), 2, "not an offset");
    assert_refused(&s.run("groups reset db --to end --topic users:x"), 2, "partition number");
    assert_refused(&s.run("groups reset nobody --to end"), 8, "makes a group");
    s.write("other.tsv", "other\t0\t1\n");
    let nothing = "groups reset db --to-file other.tsv --topic users";
    assert_refused(&s.run(nothing), 2, "no partition is left");
    assert!(undo_files(&s).is_empty());
}

#[test]
fn without_a_place_for_the_undo_file_nothing_is_changed() {
    let s = world();
    let run = s
        .bash("mkdir gone && cd gone && rmdir ../gone && kaw groups reset db --to start --execute");
    run.code(5);
    assert!(run.stderr().contains("cannot write undo file"), "{run}");
    assert_eq!(stands(&s, "db"), "users 0 12; users 1 5");
}

#[test]
fn skip_passes_what_cannot_be_read() {
    let s = world();
    assert_snapshot!(s.run("groups skip db users:0 --output tsv"), @r"
    GROUP	TOPIC	PARTITION	OLD-OFFSET	NEW-OFFSET	LAG-BEFORE	LAG-AFTER	RECORDS-SKIPPED	RECORDS-REPLAYED	RECORDS-DELETED
    db	users	0	12	13	8	7	1	0	0
    --- stderr
    nothing was changed; `--execute` does it
    [exit status: 0]
    ");
    assert_snapshot!(without_time(&s.run("groups skip db users:0 --count 3 --execute")), @r"
    GROUP  TOPIC  PARTITION  OLD-OFFSET  NEW-OFFSET  LAG-BEFORE  LAG-AFTER  RECORDS-SKIPPED  RECORDS-REPLAYED  RECORDS-DELETED
    db     users          0          12          15           8          5                3                 0                0
    --- stderr
    changed 1 offset of group `db`
    undo: `kaw groups reset db --to-file $UNDO --execute`
    [exit status: 0]
    ");
    assert_eq!(stands(&s, "db"), "users 0 15; users 1 5");
    assert_refused(&s.run("groups skip db users:0 --count 6"), 8, "where 5 are left");
    assert_refused(&s.run("groups skip db users:1"), 8, "read to the end");
    assert_refused(&s.run("groups skip db users:2"), 8, "no partition 2");
    assert_refused(&s.run("groups skip db user:0"), 8, "did you mean `users`?");
    assert_refused(&s.run("groups skip nobody users:0"), 8, "does not exist");
    assert_refused(&s.run("groups skip db users"), 2, "not TOPIC:PARTITION");
}

#[test]
fn delete_takes_groups_and_tells_those_that_are_not_there() {
    let s = world();
    append(&s, "other", &[commit("other", of("users", 0), 20, kaw::now_ms())]);
    with_members(&s, "consumer");
    assert_snapshot!(s.run("groups delete db nobody"), @r"
    --- stderr
    deleted group `db`
    kaw: cannot delete group `nobody`: group `nobody` does not exist
    hint: `kaw groups list` shows what is there
    [exit status: 3]
    ");
    assert_snapshot!(s.run("groups delete other g --json"), @r#"
    {"kind":"groups.delete","version":1,"items":[{"group":"other"},{"group":"g"}]}
    --- stderr
    deleted group `other`
    deleted group `g`
    [exit status: 0]
    "#);
    assert_snapshot!(s.run("groups list --output tsv --no-headers"), @"[exit status: 0]");
    s.run("groups delete db").code(8);
    s.run("groups reset db --to start --topic users --execute").success();
    assert_eq!(stands(&s, "db"), "users 0 0; users 1 0");
}

#[test]
fn forget_takes_a_topic_or_some_of_its_partitions() {
    let s = world();
    assert_snapshot!(s.run("groups forget db --topic users:1"), @r"
    --- stderr
    forgot 1 offset of group `db`
    [exit status: 0]
    ");
    assert_eq!(stands(&s, "db"), "users 0 12");
    assert_snapshot!(s.run("groups forget db --topic users:0-1 --json"), @r#"
    {"kind":"groups.forget","version":1,"items":[{"group":"db","topic":"users","partition":0,"old_offset":12}]}
    --- stderr
    forgot 1 offset of group `db`
    {"error":"cannot forget offsets of group `db`: group `db` has committed nothing for users-1","code":"UNKNOWN_TOPIC_OR_PARTITION","exit_code":8,"causes":[],"hints":[]}
    [exit status: 3]
    "#);
    assert_refused(&s.run("groups forget db --topic users"), 8, "does not exist");
    s.run("groups reset db --to start --topic users:0 --execute").success();
    assert_refused(&s.run("groups forget db --topic orders"), 8, "committed nothing");
    assert_refused(&s.run("groups forget db"), 2, "required");
}

#[test]
fn a_group_without_members_is_forgotten_after_seven_days() {
    let s = world();
    let old = kaw::now_ms() - 8 * 24 * 60 * 60 * 1000;
    append(&s, "old", &[commit("old", of("users", 0), 2, old)]);
    assert_eq!(stands(&s, "old"), "users 0 2");
    s.run("groups reset db --to start --execute").success();
    s.run("groups describe old").code(8);
    assert_eq!(stands(&s, "db"), "users 0 0; users 1 0");
}

#[test]
fn a_directory_that_is_not_ours_to_write_can_be_read() {
    let s = world();
    s.bash("chmod -R a-w log").success();
    assert_eq!(stands(&s, "db"), "users 0 12; users 1 5");
    s.bash("chmod -R u+w log").success();
}

#[test]
fn damage_in_the_offsets_is_told() {
    let s = world();
    s.damaged();
    let partition = kaw::disk::offsets::partition_of(&id("db"), 50);
    let log = format!("__consumer_offsets-{partition}/00000000000000000000.log");
    let path = s.log_dir().join(log);
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_refused(&s.run("groups describe db"), 4, "checksum");
    assert_refused(&s.run("groups list"), 4, "checksum");
}

#[test]
fn kafka_decodes_what_is_written() {
    if !Need::Kafka.met() {
        return;
    }
    let s = world();
    with_members(&s, "consumer");
    s.run("groups forget db --topic users:1").success();
    let decoded = decoded_offsets(&s.log_dir()).join("\n");
    assert_snapshot!(decoded, @r#"
    {"type":"2","data":{"group":"g"}} payload: {"version":"3","data":{"protocolType":"consumer","generation":3,"protocol":"range","leader":"m-1","currentStateTimestamp":$TIME,"members":[{"memberId":"m-1","groupInstanceId":null,"clientId":"kaw","clientHost":"/127.0.0.1","rebalanceTimeout":300000,"sessionTimeout":45000,"subscription":{"topics":["users"],"userData":null,"ownedPartitions":[]},"assignment":{"assignedPartitions":[{"topic":"users","partitions":[0]}],"userData":null}},{"memberId":"m-2","groupInstanceId":"\u001B[31mstatic","clientId":"kaw","clientHost":"/127.0.0.1","rebalanceTimeout":300000,"sessionTimeout":45000,"subscription":{"topics":["users"],"userData":null,"ownedPartitions":[]},"assignment":{"assignedPartitions":[{"topic":"users","partitions":[1]}],"userData":null}}]}}
    {"type":"1","data":{"group":"g","topic":"users","partition":0}} payload: {"version":"3","data":{"offset":7,"leaderEpoch":-1,"metadata":"","commitTimestamp":$TIME}}
    {"type":"1","data":{"group":"db","topic":"users","partition":0}} payload: {"version":"3","data":{"offset":12,"leaderEpoch":-1,"metadata":"","commitTimestamp":$TIME}}
    {"type":"1","data":{"group":"db","topic":"users","partition":1}} payload: {"version":"3","data":{"offset":5,"leaderEpoch":-1,"metadata":"","commitTimestamp":$TIME}}
    {"type":"1","data":{"group":"db","topic":"users","partition":1}} payload: <DELETE>
    "#);
}
