//! `kaw consume -g GROUP --exec`: each batch is given to a command, and committed when it exits
//! with 0.

use std::fs;

use crate::sandbox::Sandbox;

/// A topic of 300 users in 3 partitions.
fn users() -> Sandbox {
    let s = Sandbox::new();
    s.run("produce users --fake 300 --key-field /id --partitions 3").success();
    s
}

/// The offsets that the group has committed, added up.
fn committed(s: &Sandbox) -> i64 {
    let json = s.run("groups describe g --json").success().stdout();
    let all: serde_json::Value = serde_json::from_str(&json).unwrap();
    let partitions = all["items"][0]["partitions"].as_array().unwrap().clone();
    partitions.iter().map(|partition| partition["current_offset"].as_i64().unwrap_or(0)).sum()
}

#[test]
fn each_batch_goes_to_a_command_that_knows_where_it_is_from() {
    let s = users();
    let script = "cat >> all; echo $KAW_GROUP $KAW_TOPIC $KAW_PARTITION $KAW_FIRST_OFFSET \
                  $KAW_LAST_OFFSET $KAW_RECORDS >> told";
    let run = ["consume", "users", "-g", "g", "-e", "--batch", "40", "--exec", "sh", "-c", script];
    assert_eq!(s.run_with(run).success().stdout(), "");
    let all = fs::read_to_string(s.path("all")).unwrap();
    assert_eq!(all.lines().count(), 300);
    let told = fs::read_to_string(s.path("told")).unwrap();
    let mut records = 0;
    for line in told.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |n: usize| words[n].parse::<i64>().unwrap();
        assert_eq!((words[0], words[1]), ("g", "users"));
        assert_eq!(number(4) - number(3) + 1, number(5), "{line}");
        assert!(number(5) <= 40, "{line}");
        records += number(5);
    }
    assert_eq!((records, committed(&s)), (300, 300));
}

#[test]
fn a_command_that_fails_commits_nothing_and_is_tried_again_when_asked() {
    let s = users();
    let failed = s.run("consume users -g g -e --exec false").code(3).stderr();
    assert!(failed.contains("`false`: it ended with exit status: 1"), "{failed}");
    assert_eq!(committed(&s), 0);
    // Fails the first time that it sees a batch, and then takes it.
    let script =
        "f=seen-$KAW_PARTITION-$KAW_FIRST_OFFSET; [ -e $f ] && cat >> all || { >$f; exit 7; }";
    let run = ["consume", "users", "-g", "g", "-e", "--retry", "1", "--exec", "sh", "-c", script];
    s.run_with(run).success();
    let all = fs::read_to_string(s.path("all")).unwrap();
    assert_eq!((all.lines().count(), committed(&s)), (300, 300));
    let missing = s.run("consume users -g h -e --exec ./no-such-program").code(3).stderr();
    assert!(missing.contains("no such file"), "{missing}");
}
