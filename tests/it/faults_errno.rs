//! Owns the trial of calls that fail: every call that changes a file fails once, and from there on
//! for ever. Leaves watching and judging to `faults`.

use std::fs;
use std::path::Path;

use crate::faults::{
    Act, Step, Told, judge, place, prepare, prepare_groups, tell, wants_more, watch,
};
use crate::faults_disk::{Disk, Kind};
use crate::faults_scenarios::{CARE, GROUPS, REPAIR, RESUME, WRITES};

const EIO: &str = "5";
const EINTR: &str = "4";
const EMFILE: &str = "24";
const ENOSPC: &str = "28";
const EROFS: &str = "30";
const EDQUOT: &str = "122";

/// How a call may fail.
fn errnos(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Open | Kind::Create => &[ENOSPC, EMFILE, EROFS, EIO, EDQUOT],
        Kind::Write => &[ENOSPC, EIO, EDQUOT, EINTR],
        Kind::Sync | Kind::SyncAll => &[EIO, ENOSPC, EINTR],
        _ => &[EIO, ENOSPC, EROFS],
    }
}

/// Tries every call of each step of a scenario. What came before went well.
fn assert_every_failure_is_contained(scenario: &[Step], prepare_base: impl Fn(&Path)) {
    let base = place();
    let root = base.path().join("root");
    fs::create_dir_all(&root).unwrap();
    prepare_base(&root);
    let mut told = Told::default();
    let (mut calls, mut runs) = (0, 0);
    for step in scenario {
        prepare(&root, step);
        let before = Disk::of(&root);
        let first = watch(&root, step, &[]);
        assert_eq!(first.code, Some(0), "{}: {}", step.words, first.stderr);
        let counted = first.calls.iter().filter(|call| call.is_counted());
        for (n, call) in counted.enumerate() {
            calls += 1;
            let all = errnos(call.kind);
            let some = [all[0], all[1 + n % (all.len() - 1)]];
            for errno in if wants_more() { all } else { &some } {
                for ever in ["", "+"] {
                    // A call that is interrupted for ever is tried for ever.
                    if !(*errno == EINTR && ever == "+") {
                        let at = format!("{}{ever}", n + 1);
                        let place = base.path().join("try");
                        before.copy(&place);
                        assert_failure_is_contained(&place, step, &at, errno, &told);
                        fs::remove_dir_all(&place).unwrap();
                        runs += 1;
                    }
                }
            }
        }
        told.begin(step);
        told.hear(step, &first.stdout);
        told.end(step);
    }
    tell(format_args!("{calls} calls, {runs} runs"));
    assert!(calls > 30 && runs > 3 * calls, "{calls} calls, {runs} runs");
}

/// Runs a step of which one call fails, and judges what it says and what it leaves.
fn assert_failure_is_contained(root: &Path, step: &Step, at: &str, errno: &str, told: &Told) {
    let what = format!("{:?} {}: call {at} fails with {errno}", step.act, step.words);
    let run = watch(root, step, &[("FAULTS_AT", at), ("FAULTS_ERRNO", errno)]);
    let what = format!("{what}\n{}\n{}", run.stderr, String::from_utf8_lossy(&run.stdout));
    let said = run.stderr.lines().filter(|line| line.starts_with("kaw:")).count();
    match run.code {
        Some(0) => assert_eq!(said, 0, "{what}"),
        // One line for each partition that failed, where others may not have.
        Some(3 | 5) if matches!(step.act, Act::Trim(..)) => assert!(said > 0, "{what}"),
        Some(5) => assert_eq!(said, 1, "{what}"),
        _ => panic!("it ended with {:?}: {what}", run.code),
    }
    assert!(!run.stderr.contains("panicked"), "{what}");
    let mut told = told.clone();
    told.begin(step);
    told.hear(step, &run.stdout);
    if run.code == Some(0) {
        told.end(step);
    }
    if let Err(wrong) = judge(root, &told) {
        panic!("{wrong:?}\n{what}");
    }
}

#[test]
fn no_failing_call_of_a_writer_loses_or_breaks_anything() {
    assert_every_failure_is_contained(WRITES, |_| ());
}

#[test]
fn no_failing_call_of_who_looks_after_logs_does() {
    assert_every_failure_is_contained(CARE, |_| ());
    assert_every_failure_is_contained(REPAIR, |_| ());
}

#[test]
fn no_failing_call_of_groups_and_of_those_that_come_back_does() {
    assert_every_failure_is_contained(GROUPS, prepare_groups);
    assert_every_failure_is_contained(RESUME, |_| ());
}
