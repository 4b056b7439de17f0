//! Owns the tests of `--dead-letter`: what the command does not take is in the other topic before
//! the group goes past it.

use std::fmt::Write as _;
use std::fs;

use kaw::disk::members::GroupFile;
use kaw::group::GroupId;

use crate::groups_exec::{committed, member};
use crate::groups_members::wait_for;
use crate::sandbox::Sandbox;

/// Refuses a batch with poison in it, and writes any other to `all`.
const PICKY: &str = "cat > b.$$; if grep -q poison b.$$; then exit 4; fi; cat b.$$ >> all";

/// Twelve records, two of which are poison, with all that a record may have.
fn poisoned() -> Sandbox {
    let s = Sandbox::new();
    let mut lines = String::new();
    for n in 0..12 {
        let poison = if n % 5 == 2 { "poison" } else { "good" };
        let time = format!("2026-01-15T10:00:0{}.000Z", n % 10);
        let headers = r#"[["a","1"],["a",null]]"#;
        writeln!(
            lines,
            r#"{{"timestamp":"{time}","key":"k{n}","value":"{poison} {n}","headers":{headers}}}"#
        )
        .unwrap();
    }
    s.stdin(lines).run("produce t --json").success();
    s
}

/// What stands in the dead letters, as kept parts of each.
fn letters(s: &Sandbox) -> Vec<String> {
    let run = s.run("consume bad -e -f '%d %k %s %h\\n'");
    run.success().stdout().lines().map(str::to_owned).collect()
}

#[test]
fn what_is_not_taken_is_put_aside_whole_and_the_rest_goes_on() {
    let s = poisoned();
    let run = member(&s, "t -e --batch 1 --retry 1 --dead-letter bad", PICKY).finish();
    let stderr = run.code(3).stderr();
    assert!(stderr.starts_with("created topic `bad` with 1 partition\n"), "{run}");
    let warning = "warning: cannot pass on t-0, offset 7: `sh`: it ended with exit status: 4; it \
                   is in `bad`";
    assert!(stderr.contains(warning), "{run}");
    let summary = "passed on 10 records in 10 batches; dead letters to `bad`: 2 records in 2 \
                   batches\n";
    assert!(stderr.ends_with(summary), "{run}");
    assert_eq!(committed(&s), 12);
    assert_eq!(fs::read_to_string(s.path("all")).unwrap().lines().count(), 10);
    let of = |n: u32| {
        format!(
            "2026-01-15T10:00:0{n}.000Z k{n} poison {n} a=1,a=NULL,kaw.dlq.topic=t,\
             kaw.dlq.partition=0,kaw.dlq.offset={n},kaw.dlq.group=g,\
             kaw.dlq.error=it ended with exit status: 4"
        )
    };
    assert_eq!(letters(&s), [of(2), of(7)]);
    // The next run has nothing to put aside.
    member(&s, "t -e --dead-letter bad", PICKY).finish().success();
}

#[test]
fn a_batch_goes_whole_and_in_order() {
    let s = Sandbox::new();
    s.run("produce t --fake 1000").success();
    s.run("topics create bad -p 1").success();
    let run = member(&s, "t -e --batch 700 --dead-letter bad", "exit 1").finish();
    assert!(run.code(3).stderr().contains("1,000 records in 2 batches"), "{run}");
    assert_eq!(s.run("consume bad -e").stdout(), s.run("consume t -e").stdout());
    assert_eq!(committed(&s), 1000);
}

#[test]
fn dead_letters_that_cannot_be_written_commit_nothing() {
    let s = poisoned();
    s.run("topics create bad -c max.message.bytes=150").success();
    let run = member(&s, "t -e --batch 1 --dead-letter bad", PICKY).finish();
    let stderr = run.code(5).stderr();
    assert!(stderr.contains("cannot write to the dead-letter topic `bad`: a record of"), "{run}");
    assert!(stderr.contains("nothing of this batch is committed"), "{run}");
    assert_eq!((committed(&s), letters(&s).len()), (2, 0));
    s.run("topics alter bad -c max.message.bytes=1500").success();
    member(&s, "t -e --batch 1 --dead-letter bad", PICKY).finish().code(3);
    assert_eq!((committed(&s), letters(&s).len()), (12, 2));
}

#[test]
fn a_kill_between_the_dead_letter_and_its_commit_loses_nothing() {
    let s = poisoned();
    let script =
        "if grep -q poison; then >seen; while [ ! -e go ]; do sleep 0.01; done; exit 1; fi";
    let options = "t -e --batch 1 --dead-letter bad";
    let mut dying = member(&s, options, script);
    wait_for("the poison", || s.path("seen").exists().then_some(()));
    let file = GroupFile::open_or_create(&s.log_dir(), &GroupId::new("g").unwrap()).unwrap();
    // Whoever commits needs this.
    let held = file.lock().unwrap();
    fs::write(s.path("go"), "").unwrap();
    wait_for("the dead letter", || (letters(&s).len() == 1).then_some(()));
    dying.kill();
    dying.finish().status();
    drop(held);
    assert_eq!(committed(&s), 2, "the poison is not committed");
    member(&s, options, script).finish().code(3);
    let offsets: Vec<bool> = letters(&s).iter().map(|line| line.contains("poison 2")).collect();
    assert_eq!((offsets, committed(&s)), (vec![true, true, false], 12));
}
