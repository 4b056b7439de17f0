//! `kaw consume -g GROUP --exec`: each batch is given to a command, and committed when it exits
//! with 0. Leaves dead letters to `groups_dead`, databases to `groups_exec_db`.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::checks::assert_refused;
use crate::groups_members::wait_for;
use crate::sandbox::{Run, Running, Sandbox};

/// A topic of 300 users in 3 partitions.
fn users() -> Sandbox {
    let s = Sandbox::new();
    s.run("produce users --fake 300 --key-field /id --partitions 3").success();
    s
}

/// The offsets that the group has committed, added up.
pub fn committed(s: &Sandbox) -> i64 {
    crate::groups_members::committed(s, "g").values().sum()
}

/// Starts a member of the group with `options`, whose command is `script`.
pub fn member<'a>(s: &'a Sandbox, options: &str, script: &str) -> Running<'a> {
    s.spawn(&format!("consume {options} -g g --exec sh -c '{script}'"))
}

/// The lines of a file of the sandbox; none where it is not there.
fn lines(s: &Sandbox, name: &str) -> Vec<String> {
    let text = fs::read_to_string(s.path(name)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Waits until a command has written a process id into a file, and returns it.
fn await_pid(s: &Sandbox, name: &str) -> String {
    wait_for(name, || lines(s, name).pop())
}

/// Whether a process runs. One that has ended and was not waited for does not.
fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

#[test]
fn each_batch_goes_to_a_command_that_knows_where_it_is_from() {
    let s = users();
    let script = "cat >> all; echo $KAW_GROUP $KAW_TOPIC $KAW_PARTITION $KAW_FIRST_OFFSET \
                  $KAW_LAST_OFFSET $KAW_RECORDS >> told";
    let run = member(&s, "users -e --batch 40", script).finish();
    assert_eq!(run.success().stdout(), "");
    assert_eq!(lines(&s, "all").len(), 300);
    let mut records = 0;
    let told = lines(&s, "told");
    for line in &told {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |n: usize| words[n].parse::<i64>().unwrap();
        assert_eq!((words[0], words[1]), ("g", "users"));
        assert_eq!(number(4) - number(3) + 1, number(5), "{line}");
        assert!(number(5) <= 40, "{line}");
        records += number(5);
    }
    assert_eq!((records, committed(&s)), (300, 300));
    let summary = format!("passed on 300 records in {} batches\n", told.len());
    assert!(run.stderr().ends_with(&summary), "{run}");
}

#[test]
fn a_command_that_fails_commits_nothing_and_is_tried_again_when_asked() {
    let s = users();
    let failed = s.run("consume users -g g -e --exec false").code(3).stderr();
    assert!(failed.contains("`false`: it ended with exit status: 1"), "{failed}");
    assert!(failed.contains("passed on 0 records in 0 batches"), "{failed}");
    assert_eq!(committed(&s), 0);
    // Fails the first time that it sees a batch, and then takes it.
    let script =
        "f=seen-$KAW_PARTITION-$KAW_FIRST_OFFSET; [ -e $f ] && cat >> all || { >$f; exit 7; }";
    member(&s, "users -e --retry 1", script).finish().success();
    assert_eq!((lines(&s, "all").len(), committed(&s)), (300, 300));
}

#[test]
fn a_command_that_cannot_be_run_is_nothing_of_the_records() {
    let s = users();
    for (exec, words) in [
        ("./no-such-program", "no such file"),
        ("''", "no such file"),
        ("/", "permission denied"),
        ("sh -c no-such-program", "exit status: 127: something cannot be run"),
    ] {
        let run = s.run(&format!("consume users -g g -e --dead-letter bad --exec {exec}"));
        assert!(run.code(5).stderr().contains(words), "{run}");
        assert_eq!((committed(&s), s.run("consume bad -e").success().stdout()), (0, String::new()));
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let s = users();
    for (options, words) in [
        ("--batch 0 --exec cat", "at least 1 record"),
        ("--exec-timeout 0s --exec cat", "needs some time"),
        ("--batch-time soon --exec cat", "is not a duration"),
        ("--batch-time 1s", "--exec"),
        ("--dead-letter bad", "--exec"),
        ("--dead-letter users --exec cat", "is the one that is read"),
        ("--dead-letter __consumer_offsets --exec cat", "Kafka keeps its own state"),
        ("--dead-letter a/b --exec cat", "a/b"),
        ("--exec", "a value is required"),
    ] {
        assert_refused(&s.run(&format!("consume users -g g -e {options}")), 2, words);
    }
    assert_refused(&s.run("consume users -e --exec cat"), 2, "--group");
}

#[test]
fn batches_are_gathered_over_time() {
    let s = Sandbox::new();
    s.run("topics create t").success();
    let gathering = member(&s, "t -n 30 --batch 10 --batch-time 1m", "cat; echo $KAW_RECORDS");
    for n in 0..30 {
        s.stdin(format!("{n}\n")).run("produce t -q").success();
    }
    let run = gathering.finish();
    let batch = |from: u32| (from..from + 10).chain([10]).map(|n| n.to_string());
    let expected: Vec<String> = [0, 10, 20].into_iter().flat_map(batch).collect();
    assert_eq!((run.success().stdout(), committed(&s)), (expected.join("\n") + "\n", 30));
    // One that never becomes full is run when its time has come, and no sooner.
    let started = Instant::now();
    let mut slow = member(&s, "t --batch-time 500ms", "echo $KAW_RECORDS");
    s.stdin("a\n").run("produce t -q").success();
    s.stdin("b\n").run("produce t -q").success();
    let mut records = 0;
    while records < 2 {
        records += slow.next_line().unwrap().parse::<u32>().unwrap();
    }
    assert!(started.elapsed().as_millis() >= 500);
    slow.signal("INT");
    slow.finish().code(130);
    assert_eq!(committed(&s), 32);
}

/// What a command says that gets all of seven records at once.
const ALL_SEVEN: &str = "1\n2\n3\n4\n5\n6\n7\n6\n";

/// A topic of seven records, and a member that gathers them.
fn gathering(options: &str, act: impl FnOnce(&mut Running<'_>)) -> (Sandbox, Run) {
    let s = Sandbox::new();
    s.stdin("1\n2\n3\n4\n5\n6\n7\n").run("produce t").success();
    let options = format!("t {options} --batch-time 1m");
    let mut member = member(&s, &options, "cat; echo $KAW_LAST_OFFSET");
    act(&mut member);
    let run = member.finish();
    (s, run)
}

#[test]
fn what_was_gathered_is_run_however_reading_ends() {
    for end in ["-e", "-n 7", "--idle 100ms"] {
        let (s, run) = gathering(end, |_| ());
        assert_eq!((run.success().stdout().as_str(), committed(&s)), (ALL_SEVEN, 7), "{end}");
    }
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        // Nothing says that it has read, so it gets more and more time to.
        let gathered = [100, 300, 1000, 3000, 10_000].into_iter().any(|ms| {
            let (s, run) = gathering("", |member| {
                while !member.next_stderr_line().unwrap().contains("has t:0") {}
                std::thread::sleep(Duration::from_millis(ms));
                member.signal(signal);
            });
            let read = run.code(code).stdout();
            assert_eq!(committed(&s), if read.is_empty() { 0 } else { 7 }, "{run}");
            read == ALL_SEVEN
        });
        assert!(gathered, "{signal}");
    }
}

#[test]
fn what_was_gathered_of_a_partition_that_went_away_is_the_other_members() {
    let s = Sandbox::new();
    s.run("topics create t -p 2").success();
    s.run("produce t --fake 100 --key-field /id").success();
    let note = "echo $KAW_PARTITION $KAW_FIRST_OFFSET $KAW_RECORDS";
    let first = member(&s, "t -n 100000 --batch-time 1m", note);
    // Joined only once the first has read: what it has gathered is committed by nobody.
    wait_for("the first", || (s.run("groups members g").stdout().contains("t:0,1")).then_some(()));
    let second = member(&s, "t --idle 300ms", note).finish();
    assert_eq!(second.success().stdout().lines().count(), 1, "{second}");
    let taken = committed(&s);
    assert!(taken > 0 && taken < 100, "{taken} of one partition");
    first.signal("INT");
    let run = first.finish();
    let read = |text: String| -> i64 {
        text.lines().map(|line| line.rsplit(' ').next().unwrap().parse::<i64>().unwrap()).sum()
    };
    // Once each: nothing was gathered by both.
    assert_eq!(read(run.code(130).stdout()) + read(second.stdout()), 100, "{run}{second}");
    assert_eq!(committed(&s), 100);
}

#[test]
fn filtered_records_are_passed_over() {
    let s = Sandbox::new();
    s.stdin("a\nb\na\nb\nb\n").run("produce t").success();
    let note = "cat; echo $KAW_FIRST_OFFSET $KAW_LAST_OFFSET $KAW_RECORDS";
    let run = member(&s, "t -e --grep a --batch 10", note).finish();
    assert_eq!((run.success().stdout().as_str(), committed(&s)), ("a\na\n0 2 2\n", 5));
    s.stdin("b\n\n").run("produce t").success();
    assert_eq!(member(&s, "t -e --grep a", note).finish().success().stdout(), "");
    assert_eq!(committed(&s), 7);
    // Nothing to read is not nothing to do.
    s.stdin("\n").run("produce t").success();
    assert_eq!(member(&s, "t -e --raw", note).finish().success().stdout(), "7 7 1\n");
}

#[test]
fn a_command_that_hangs_is_ended_with_all_that_it_started() {
    let s = users();
    // The second does not go at a friendly word, and neither does what it started.
    for (group, ignore) in [("a", ""), ("b", "trap : TERM; ")] {
        let script = format!(
            "{ignore}(sh -c 'echo $$ > deep-{group}; {ignore}while :; do sleep 600; done' &) & \
             echo $$ > pid-{group}; while :; do sleep 600; done"
        );
        let exec = ["--exec", "sh", "-c", &script];
        let started = Instant::now();
        let consume = ["consume", "users", "-e", "--exec-timeout", "300ms", "-g", group];
        let run = s.run_with(consume.into_iter().chain(exec));
        assert!(run.code(3).stderr().contains("it took longer than 300"), "{run}");
        assert!(started.elapsed().as_secs() < 60);
        for pid in ["pid", "deep"] {
            let pid = await_pid(&s, &format!("{pid}-{group}"));
            wait_for("its end", || (!runs(&pid)).then_some(()));
        }
    }
    assert_eq!(committed(&s), 0);
}

#[test]
fn a_command_has_nothing_of_ours_but_three_descriptors() {
    let s = users();
    // Whoever runs the tests may leave descriptors open. `ls` is not the last word of the shell,
    // which it would become.
    let run = s.bash(
        "for fd in /proc/$$/fd/*; do fd=${fd##*/}; [ $fd -le 2 ] || eval \"exec $fd>&-\"; done
         kaw consume users -e -n 1 -g g --exec sh -c 'ls /proc/$$/fd; cut -d\" \" -f5 /proc/$$/stat
                                                      echo $$'",
    );
    let words: Vec<String> = run.success().stdout().split_whitespace().map(str::to_owned).collect();
    assert_eq!(words[..3], ["0", "1", "2"], "{run}");
    assert_eq!(words[3], words[4], "it leads a process group: {run}");
}

#[test]
fn a_signal_lets_the_command_end_and_a_second_ends_it() {
    let s = users();
    let slow = "echo $$ > pid; while [ ! -e go ]; do sleep 0.01; done; cat >> all";
    let first = member(&s, "users -e --batch 10", slow);
    let pid = await_pid(&s, "pid");
    first.signal("INT");
    assert!(runs(&pid), "it goes on");
    fs::write(s.path("go"), "").unwrap();
    let run = first.finish();
    run.code(130);
    let passed = lines(&s, "all").len() as i64;
    assert!((10..300).contains(&passed) && passed == committed(&s), "{passed}: {run}");
    fs::remove_file(s.path("go")).unwrap();
    fs::remove_file(s.path("pid")).unwrap();
    let second = member(&s, "users -e", slow);
    let pid = await_pid(&s, "pid");
    second.signal("INT");
    second.signal("TERM");
    let run = second.finish();
    // Which of the two comes second is not said.
    assert!([Some(130), Some(143)].contains(&run.status().code()), "{run}");
    assert!(run.stderr().contains("is not committed, and comes again"), "{run}");
    wait_for("its end", || (!runs(&pid)).then_some(()));
    assert_eq!(committed(&s), passed);
}

#[test]
fn a_signal_ends_the_tries() {
    let s = users();
    let tries = "echo $$ > pid; exit 1";
    let failing = member(&s, "users -e --retry 1000 --dead-letter bad", tries);
    await_pid(&s, "pid");
    failing.signal("INT");
    let run = failing.finish();
    assert!(run.code(130).stderr().contains("it ended with exit status: 1"), "{run}");
    // Not all tries were made, so no record is to blame.
    assert_eq!((committed(&s), s.run("consume bad -e").success().stdout()), (0, String::new()));
}
