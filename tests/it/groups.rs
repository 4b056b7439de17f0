//! Owns the tests of `kaw groups`: each verb with each of its flags, and what each refuses.

use insta::assert_snapshot;

use crate::checks::assert_refused;
use crate::sandbox::Sandbox;

#[test]
fn assign_shows_who_would_get_what() {
    let s = Sandbox::new();
    s.run("topics create users -p 3").success();
    s.run("topics create orders -p 2").success();
    assert_snapshot!(s.run("groups assign users --members 1"), @r"
    MEMBER    TOPIC  PARTITIONS  COUNT
    member-1  users  0-2             3
    [exit status: 0]
    ");
    assert_snapshot!(s.run("groups assign users --members 2"), @r"
    MEMBER    TOPIC  PARTITIONS  COUNT
    member-1  users  0-1             2
    member-2  users  2               1
    [exit status: 0]
    ");
    assert_snapshot!(s.run("groups assign users --members 4"), @r"
    MEMBER    TOPIC  PARTITIONS  COUNT
    member-1  users  0               1
    member-2  users  1               1
    member-3  users  2               1
    member-4  -      -               0
    [exit status: 0]
    ");
    assert_snapshot!(s.run("groups assign users orders --members 2 --assignor roundrobin"), @r"
    MEMBER    TOPIC   PARTITIONS  COUNT
    member-1  orders  0               1
    member-1  users   0,2             2
    member-2  orders  1               1
    member-2  users   1               1
    [exit status: 0]
    ");
    assert_snapshot!(s.run("groups assign users --members 2 --json"), @r#"
    {"kind":"groups.assign","version":1,"items":[{"member":"member-1","assignment":[{"topic":"users","partition":0},{"topic":"users","partition":1}],"count":2},{"member":"member-2","assignment":[{"topic":"users","partition":2}],"count":1}]}
    [exit status: 0]
    "#);
    assert_snapshot!(s.run("groups assign users --members 4 --output tsv --no-headers"), @r"
    member-1	users	0	1
    member-2	users	1	1
    member-3	users	2	1
    member-4	-	-	0
    [exit status: 0]
    ");
}

#[test]
fn assign_takes_topics_that_do_not_exist_and_members_by_name() {
    let s = Sandbox::new();
    assert_snapshot!(
        s.run("groups assign a:4 b:4 --member one --member two=b --assignor sticky"), @r"
    MEMBER  TOPIC  PARTITIONS  COUNT
    one     a      0-3             4
    two     b      0-3             4
    [exit status: 0]
    ");
    // Nothing was opened, and nothing was made.
    assert!(!s.log_dir().exists());
    s.run("topics create users -p 3").success();
    assert_snapshot!(s.run("groups assign users:5 --members 2 --assignor cooperative-sticky"), @r"
    MEMBER    TOPIC  PARTITIONS  COUNT
    member-1  users  0,2,4           3
    member-2  users  1,3             2
    [exit status: 0]
    ");
    let items: Vec<_> =
        s.run("groups assign users x:1 --members 1 --json").success().items().collect();
    assert_eq!(items[0]["assignment"].as_array().unwrap().len(), 4);
}

#[test]
fn assign_is_quick_with_many() {
    let s = Sandbox::new();
    for assignor in ["range", "roundrobin", "sticky"] {
        let line = format!("groups assign a:60000 b:40000 --members 1000 --assignor {assignor}");
        let run = s.run(&format!("{line} --json"));
        let counts: u64 = run.success().items().map(|item| item["count"].as_u64().unwrap()).sum();
        assert_eq!(counts, 100_000);
    }
}

#[test]
fn assign_refuses_what_makes_no_sense() {
    let s = Sandbox::new();
    s.run("topics create users -p 3").success();
    for (line, words) in [
        ("groups assign users", "--members <N>"),
        ("groups assign --members 2", "<TOPIC>"),
        ("groups assign users --members 0", "0 is not in 1..=1000"),
        ("groups assign users --members -1", "-1"),
        ("groups assign users --members 1001", "1001"),
        ("groups assign users --members 2 --member a", "cannot be used with"),
        ("groups assign users --members 2 --assignor stiky", "did you mean `sticky`?"),
        ("groups assign users users:3 --members 2", "topic `users` is given twice"),
        ("groups assign users --member a --member a=users", "member `a` is given twice"),
        ("groups assign users --member a=user", "did you mean `users`?"),
        ("groups assign users --member a=", "topic name"),
        ("groups assign users:0 --members 2", "number of partitions"),
        (
            "groups assign a:100001 --members 2",
            "100,001 partitions are too many to simulate; at most 100,000",
        ),
    ] {
        assert_refused(&s.run(line), 2, words);
    }
    assert_snapshot!(s.run("groups assign user --members 2"), @r"
    --- stderr
    kaw: cannot simulate with topic `user`: topic `user` does not exist
    hint: did you mean `users`?
    hint: `user:3` to simulate a topic of 3 partitions
    [exit status: 8]
    ");
    assert_refused(&s.run("groups assign users nope --members 2"), 8, "`nope:3` to simulate");
}
