//! Owns the tests of members that do not poll, static members, and topics that come and go under
//! members and followers. Leaves the rest of being a member to `groups_members`.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kaw::assignor::Assignor;
use kaw::cluster::Cluster;
use kaw::cluster::types::{Limits, Target};
use kaw::disk::members::GroupFile;
use kaw::group::GroupId;
use kaw::topic::TopicPartition;

use crate::groups_members::{committed, wait_for};
use crate::sandbox::{Running, Sandbox};

/// A topic of 300 users in 3 partitions.
fn users() -> Sandbox {
    let s = Sandbox::new();
    s.run("topics create users -p 3").success();
    add(&s, 300);
    s
}

fn add(s: &Sandbox, records: u64) {
    s.run(&format!("produce users --fake {records} --key-field /id")).success();
    s.sent("users", records);
}

fn total(s: &Sandbox) -> i64 {
    committed(s, "g").values().sum()
}

/// Reads stderr until a line has these words.
fn await_line(running: &mut Running<'_>, words: &str) -> String {
    loop {
        let line = running.next_stderr_line().unwrap_or_else(|| panic!("in vain: {words}"));
        if line.contains(words) {
            return line;
        }
    }
}

/// The members: instance id and number of partitions.
fn members(s: &Sandbox) -> Vec<(String, u64)> {
    let row = |row: serde_json::Value| {
        let id = row["instance_id"].as_str().unwrap_or_default().to_owned();
        (id, row["partitions"].as_u64().unwrap())
    };
    s.run("groups members g --json").items().map(row).collect()
}

fn generation(s: &Sandbox) -> u64 {
    s.run("groups describe g --json").items().next().unwrap()["generation"].as_u64().unwrap()
}

#[test]
fn a_stopped_member_is_given_up_and_comes_back() {
    let s = users();
    let consume = "consume users -g g --max-poll-interval 1s -f '%p %o\\n'";
    let mut stopped = s.spawn(consume);
    await_line(&mut stopped, "has users:0-2");
    wait_for("all to be read", || (total(&s) == 300).then_some(()));
    stopped.signal("STOP");
    let mut other = s.spawn(consume);
    await_line(&mut other, "has users:0-2");
    add(&s, 300);
    wait_for("the other to read", || (total(&s) == 600).then_some(()));
    stopped.signal("CONT");
    let told = await_line(&mut stopped, "given this member up");
    assert!(told.contains("for 1.0 s") && told.contains("read again"), "{told}");
    await_line(&mut stopped, "of 2 members");
    wait_for("both", || {
        (members(&s).iter().map(|m| m.1).collect::<Vec<_>>() == [2, 1]
            || members(&s).iter().map(|m| m.1).collect::<Vec<_>>() == [1, 2])
        .then_some(())
    });
    add(&s, 300);
    wait_for("both to read", || (total(&s) == 900).then_some(()));
    let mut written = 0;
    for running in [stopped, other] {
        running.signal("INT");
        let run = running.finish();
        written += run.code(130).stdout().lines().count();
    }
    assert_eq!(written, 900, "what it had not begun, it did not write");
}

#[test]
fn a_command_that_takes_too_long_is_told_and_its_batch_goes_to_another() {
    let s = users();
    s.run("topics create one").success();
    s.stdin("a\n").run("produce one").success();
    let words = ["consume", "one", "-g", "g", "--max-poll-interval", "500ms", "--exec"];
    let slow = "kaw consume one -g g -n 1 --exec true; sleep 0.2";
    let run = s.bash(&format!(
        "timeout 20 kaw {} bash -c '{slow}' & sleep 5; kill -INT $!; wait $!",
        words.join(" ")
    ));
    run.code(130);
    assert_eq!(run.stderr().matches("given this member up").count(), 1, "{run}");
    assert_eq!(total(&s), 1);
    // Alone, it is told, and nobody takes anything from it.
    s.stdin("b\n").run("produce one").success();
    let run = s.run(&format!("{} sleep 0.7", words.join(" ").replace("-g g", "-g g -e")));
    assert!(run.success().stderr().contains("longer than --max-poll-interval 500.0 ms"), "{run}");
    assert_eq!(total(&s), 2);
}

#[test]
fn who_is_slow_and_goes_on_is_not_given_up() {
    let s = users();
    let mut slow = s.spawn("consume users -g g --max-poll-interval 300ms --rate 20/s");
    await_line(&mut slow, "has users:0-2");
    let mut idle = s.spawn("consume users -g g --max-poll-interval 300ms");
    await_line(&mut idle, "of 2 members");
    std::thread::sleep(Duration::from_millis(1500));
    for running in [slow, idle] {
        running.signal("INT");
        let run = running.finish();
        assert!(!run.code(130).stderr().contains("given"), "{run}");
    }
}

#[test]
fn a_stdout_that_nobody_reads_holds_nobody_up() {
    let s = Sandbox::new();
    s.run("produce users --fake 60000 --key-field /id --partitions 3").success();
    s.sent("users", 60_000);
    let script = "
        mkfifo stuck; exec 9<>stuck
        kaw consume users -g g --max-poll-interval 1s -f '%p %o %s%s%s\\n' 2>err >stuck & stuck=$!
        sleep 1; kaw consume users -g g --idle 2s -f '%p %o\\n' >out
        begin=${EPOCHREALTIME/./}; kill -INT $stuck; wait $stuck; echo $?
        echo $(( (${EPOCHREALTIME/./} - begin) / 1000 ))
        cut -d' ' -f1,2 <&9 >first & sleep 1; kill $!; wc -l <out";
    let run = s.bash(script);
    let stdout = run.success().stdout();
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines[0], "130", "{run}");
    assert!(lines[1].parse::<u64>().unwrap() < 2000, "{run}");
    assert!(lines[2].parse::<u64>().unwrap() > 50_000, "{run}");
    assert_eq!(total(&s), 60_000);
}

#[test]
fn a_signal_ends_who_writes_to_a_full_pipe_and_commits_what_went_in() {
    let s = Sandbox::new();
    s.run("produce users --fake 60000 --key-field /id --partitions 3").success();
    s.sent("users", 60_000);
    for group in ["", "-g g"] {
        let script = format!(
            "
            mkfifo stuck; exec 9<>stuck
            kaw consume users {group} -f '%p %o %s%s%s\\n' 2>err >stuck & stuck=$!
            sleep 1; begin=${{EPOCHREALTIME/./}}; kill -INT $stuck; wait $stuck; echo $?
            echo $(( (${{EPOCHREALTIME/./}} - begin) / 1000 ))
            dd if=stuck of=got iflag=nonblock bs=64k 2>&-; rm stuck"
        );
        let run = s.bash(&script);
        let stdout = run.stdout();
        let lines: Vec<&str> = stdout.lines().collect();
        assert_eq!(lines[0], "130", "{run}");
        assert!(lines[1].parse::<u64>().unwrap() < 2000, "{run}");
    }
    let got = std::fs::read_to_string(s.path("got")).unwrap();
    let mut ends = std::collections::BTreeMap::new();
    for line in got[..=got.rfind('\n').unwrap()].lines() {
        let mut words = line.split(' ').map(str::parse::<i64>);
        let (partition, offset) = (words.next().unwrap().unwrap(), words.next().unwrap().unwrap());
        ends.insert(partition, offset + 1);
    }
    assert!(!ends.is_empty());
    assert_eq!(committed(&s, "g"), ends, "each record that went in whole, and no other");
}

#[test]
fn a_static_member_comes_back_to_its_partitions_and_nobody_else_notices() {
    let s = users();
    let consume =
        |name: &str| format!("consume users -g g --session-timeout 3s --instance-id {name}");
    let mut one = s.spawn(&consume("one"));
    await_line(&mut one, "has users:0-2");
    let mut two = s.spawn(&consume("two"));
    await_line(&mut two, "has users:2");
    wait_for("all to be read", || (total(&s) == 300).then_some(()));
    let before = generation(&s);
    one.signal("INT");
    one.finish().code(130);
    assert_eq!(members(&s), [("one".to_owned(), 2), ("two".to_owned(), 1)]);
    let mut one = s.spawn(&consume("one"));
    await_line(&mut one, "has users:0,1,");
    one.kill();
    drop(one);
    let mut one = s.spawn(&consume("one"));
    await_line(&mut one, "has users:0,1,");
    assert_eq!(generation(&s), before);
    // Another process by that name: the older one ends.
    let mut newer = s.spawn(&consume("one"));
    await_line(&mut newer, "has users:0,1,");
    let fenced = one.finish();
    assert_eq!(fenced.code(3).stderr().matches("has the instance id `one` now").count(), 1);
    add(&s, 300);
    wait_for("all to be read", || (total(&s) == 600).then_some(()));
    assert_eq!(generation(&s), before);
    // Gone for longer than its session, it loses its place.
    newer.kill();
    drop(newer);
    let told = await_line(&mut two, "generation");
    assert!(told.contains("has users:0-2") && told.contains("left: one-"), "{told}");
}

#[test]
fn members_that_share_in_another_way_are_refused() {
    let s = users();
    let mut first = s.spawn("consume users -g g");
    await_line(&mut first, "has users:0-2");
    let refused = s.run("consume users -g g --assignor sticky");
    let line = "kaw: cannot consume: the members of group `g` share by `range`, not `sticky`";
    assert_eq!(refused.code(2).stderr().lines().next(), Some(line));
    assert!(refused.stderr().contains("hint: `--assignor range`"), "{refused}");
    for bad in ["--max-poll-interval 1ms", "--instance-id a/b", "--session-timeout 1s"] {
        s.run(&format!("consume users -g g {bad}")).code(2);
    }
}

#[test]
fn topics_that_match_are_read_as_they_come() {
    let s = Sandbox::new();
    let note = s.run("consume --regex 'logs-.*' -e");
    assert!(note.success().stderr().contains("no topic matches"), "{note}");
    assert!(s.run("consume --regex 'logs-.*' -g g -e").success().stderr().contains("no topic"));
    let mut plain = s.spawn("consume --regex 'logs-.*' -f '%t %p %s\\n'");
    let mut member = s.spawn("consume --regex 'logs-.*' -g g -f '%t %p %s\\n'");
    await_line(&mut member, "has no partition");
    s.run("topics create logs-a").success();
    s.run("topics create my-logs-a").success();
    s.stdin("1\n").run("produce my-logs-a").success();
    s.stdin("2\n").run("produce logs-a").success();
    for running in [&mut plain, &mut member] {
        await_line(running, "topic `logs-a`");
        assert_eq!(running.next_line().unwrap(), "logs-a 0 2");
    }
    s.run("topics alter logs-a -p 2").success();
    s.stdin("3\n").run("produce logs-a -p 1").success();
    for running in [&mut plain, &mut member] {
        assert_eq!(running.next_line().unwrap(), "logs-a 1 3");
    }
    s.run("topics delete logs-a").success();
    s.run("topics create logs-a").success();
    s.stdin("4\n").run("produce logs-a").success();
    for running in [&mut plain, &mut member] {
        await_line(running, "topic `logs-a` was deleted while it was read");
        assert_eq!(running.next_line().unwrap(), "logs-a 0 4");
    }
    for running in [plain, member] {
        running.signal("INT");
        running.finish().code(130);
    }
    assert_eq!(committed(&s, "g").values().sum::<i64>(), 1);
}

#[test]
fn a_topic_that_is_deleted_ends_who_reads_nothing_else() {
    let s = Sandbox::new();
    for topic in ["a", "b"] {
        s.stdin("1\n").run(&format!("produce {topic}")).success();
    }
    for group in ["", "-g g"] {
        let mut both = s.spawn(&format!("consume a b {group} -f '%t %s\\n'"));
        let mut only = s.spawn(&format!("consume a {}", group.replace(" g", " h")));
        assert_eq!(only.next_line().unwrap(), "1");
        let mut lines = [both.next_line().unwrap(), both.next_line().unwrap()];
        lines.sort();
        assert_eq!(lines, ["a 1", "b 1"]);
        if !group.is_empty() {
            wait_for("the commits", || {
                let lag = s.run("lag g --output tsv --no-headers").stdout();
                (lag.lines().filter(|line| line.contains("\t1\t")).count() == 2).then_some(())
            });
        }
        s.run("topics delete a").success();
        let gone = "topic `a` was deleted while it was read";
        let run = only.finish();
        assert!(run.code(8).stderr().contains(gone), "{run}");
        await_line(&mut both, gone);
        s.stdin("2\n").run("produce b").success();
        assert_eq!(both.next_line().unwrap(), "b 2");
        both.signal("INT");
        both.finish().code(130);
        s.stdin("1\n").run("produce a").success();
        s.run("topics delete b").success();
        s.stdin("1\n").run("produce b").success();
    }
    // Forgotten with the topics: they are read from their starts.
    assert_eq!(s.run("consume a b -g g -e").success().stdout(), "1\n1\n");
}

#[test]
fn who_comes_while_a_member_looks_is_looked_at_again() {
    let s = users();
    let options = kaw::cluster::types::GroupOptions {
        start: kaw::offset::Position::Start,
        on_out_of_range: kaw::offset::OutOfRange::Fail,
        skip_damaged: false,
        group: GroupId::new("g").unwrap(),
        topics: vec![kaw::topic::TopicName::new("users").unwrap()],
        pattern: None,
        instance_id: None,
        poll_interval: Duration::from_secs(300),
        session: Duration::from_secs(45),
        assignor: Assignor::Range,
        client_id: "test".to_owned(),
        to_end: false,
    };
    let target = Target::Directory { path: s.log_dir(), explicit: true };
    let limits = Limits { timeout: Duration::from_secs(10), is_asked_for: false, until: None };
    let mut member = Cluster::open(&target, limits).unwrap().group_consumer(options).unwrap();
    member.rebalance(&|_| false).unwrap();
    let file = GroupFile::open_or_create(&s.log_dir(), &GroupId::new("g").unwrap()).unwrap();
    assert!(!member.is_unbalanced());
    // Somebody comes right after it has read the roster.
    let came = |_: &TopicPartition| {
        file.sequence_word().fetch_add(1, Ordering::SeqCst);
        false
    };
    member.rebalance(&came).unwrap();
    assert!(member.is_unbalanced());
    member.leave().unwrap();
}

#[test]
fn who_reads_quickly_ends_at_once_when_its_reader_goes() {
    let s = users();
    let started = Instant::now();
    s.bash("kaw consume users | head -1").success();
    s.bash("kaw consume users -o end | sleep 0.5").success();
    assert!(started.elapsed() < Duration::from_secs(10));
}
