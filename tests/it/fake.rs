//! Owns the tests of generated users that change: updates and tombstones, by `kaw fake` and by
//! `kaw produce --fake`. Leaves users as such to the sources, and plain ones to `produce`.

use std::collections::BTreeMap;

use crate::checks::assert_refused;
use crate::sandbox::Sandbox;

/// Keys and values, as a template printed them with a space between.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[test]
fn users_that_change_are_the_same_for_a_seed_wherever_they_are_made() {
    let s = Sandbox::new();
    let shares = "--updates 20% --tombstones 0.05 --seed 9 --start-id 50";
    let lines = s.run(&format!("fake 3000 --json {shares}")).success().stdout();
    assert_eq!(lines, s.run(&format!("fake 3k -J {shares}")).success().stdout());
    s.stdin(lines).run("produce piped --json").success();
    s.run(&format!("produce made --fake 3000 --key-field /id {shares}")).success();
    let read = |topic: &str| {
        let run = s.run_with(["consume", topic, "-e", "-f", "%k %s %S\\n"]);
        run.success().stdout()
    };
    assert_eq!(read("piped"), read("made"));
    let all = pairs(&read("made"));
    let tombstones = all.iter().filter(|(_, value)| value == " -1").count();
    assert!((100..200).contains(&tombstones), "{tombstones}");
    let users: BTreeMap<_, _> = all.iter().cloned().collect();
    assert!((2100..2400).contains(&users.len()), "{}", users.len());
    assert!(all.iter().all(|(key, value)| {
        value == " -1" || value.starts_with(&format!("{{\"id\":{key},\"name\":"))
    }));
    s.sent("piped", 3000);
    s.sent("made", 3000);
    // Without envelopes there are updates too; without shares all is as ever.
    let plain = s.run("fake 1000 --updates 50%").success().stdout();
    assert!(plain.lines().filter(|line| line.starts_with("{\"id\":1,")).count() > 1);
    assert_eq!(s.run("fake 50 --updates 0").success().stdout(), s.run("fake 50").stdout());
}

#[test]
fn compaction_leaves_the_last_of_users_that_change() {
    let s = Sandbox::new();
    s.run("topics create u -c cleanup.policy=compact -c delete.retention.ms=0").success();
    let shares = "--updates 40% --tombstones 20%";
    s.run(&format!("produce u --fake 2000 --key-field /id {shares}")).success();
    let mut expected = BTreeMap::new();
    for line in s.run(&format!("fake 2000 --json {shares}")).success().stdout().lines() {
        let envelope: serde_json::Value = serde_json::from_str(line).unwrap();
        let key = envelope["key"].as_str().unwrap().to_owned();
        match envelope.get("value_json") {
            Some(user) => drop(expected.insert(key, user.clone())),
            None => drop(expected.remove(&key)),
        }
    }
    // Tombstones go in the second round, and never with the last batch.
    for _ in 0..3 {
        s.run("produce u --fake 1 --start-id 999999 --key-field /id").success();
        s.run("topics compact u --roll").success();
    }
    expected.insert("999999".to_owned(), serde_json::Value::Null);
    let left = pairs(&s.run_with(["consume", "u", "-e", "-f", "%k %s\\n"]).success().stdout());
    assert_eq!(left.len(), expected.len());
    for (key, value) in left.iter().filter(|(key, _)| key != "999999") {
        let user: serde_json::Value = serde_json::from_str(value).unwrap();
        assert_eq!(expected.get(key), Some(&user));
    }
}

#[test]
fn shares_are_not_guessed() {
    let s = Sandbox::new();
    for (line, words) in [
        ("fake 3 --updates 20", "no share such as 10% or 0.1"),
        ("fake 3 --updates -1%", "-1"),
        ("fake 3 --updates 101%", "no share"),
        ("fake 3 --updates ten", "no share"),
        ("fake 3 --json --updates 60% --tombstones 60%", "more than all records"),
        ("fake 3 --tombstones 5%", "a tombstone needs a key: --json"),
        ("produce t --fake 3 --tombstones 5%", "a tombstone needs a key: --key-field /id"),
        ("produce t --updates 5%", "are for --fake"),
        ("produce t --tombstones 5% -k x", "are for --fake"),
    ] {
        assert_refused(&s.run(line), 2, words);
    }
    assert!(!s.log_dir().exists(), "nothing was made");
}
