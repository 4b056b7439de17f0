//! Owns the trial of power cuts: commands run on a disk that is simulated, the power fails behind
//! every call that they make, and what was not synced survives, or not, in every way. Where
//! `--acks all` acknowledges, nothing is lost; where `--acks 1` does, it may be, and the log is
//! whole all the same. Bugs that are planted are found. Leaves the disk to `faults_disk`, and
//! watching and judging to `faults`.

use std::fs;
use std::path::{Path, PathBuf};

use rand::SeedableRng as _;
use rand_pcg::Pcg64;

use crate::faults::{
    Act, Step, Told, Wrong, judge, place, prepare, prepare_groups, produce, step, tell, wants_more,
    watch,
};
use crate::faults_disk::{Call, Disk, Kind, Survival};
use crate::faults_scenarios::{CARE, GROUPS, REPAIR, RESUME, WRITES};

/// A device that fails.
const EIO: &str = "5";

/// What a scenario did, on a disk.
struct Recording {
    root: PathBuf,
    disk: Disk,
    steps: Vec<Recorded>,
}

struct Recorded {
    step: Step,
    ended_well: bool,
    /// How many of the calls are not the program's.
    by_hand: usize,
    calls: Vec<Call>,
}

/// Runs a scenario in `root`, with these variables for each step.
fn record<'a>(
    root: &Path,
    scenario: &[Step],
    faults: impl Fn(usize) -> Vec<(&'a str, &'a str)>,
) -> Recording {
    fs::create_dir_all(root).unwrap();
    let disk = Disk::of(root);
    let mut steps = Vec::new();
    for (n, step) in scenario.iter().enumerate() {
        let faults = faults(n);
        let mut calls = prepare(root, step);
        let by_hand = calls.len();
        let run = watch(root, step, &faults);
        let is_to_fail = faults.iter().any(|(name, _)| *name == "FAULTS_AT");
        assert!(is_to_fail || run.code == Some(0), "{}: {}", step.words, run.stderr);
        calls.extend(run.calls);
        steps.push(Recorded { step: *step, ended_well: run.code == Some(0), by_hand, calls });
    }
    Recording { root: root.to_owned(), disk, steps }
}

/// What was seen of many power cuts.
#[derive(Default)]
struct Seen {
    cuts: usize,
    states: usize,
    lost: Vec<String>,
    bad: Vec<String>,
}

impl Seen {
    fn assert_clean(&self, what: &str) {
        tell(format_args!("{what}: {} cuts, {} states", self.cuts, self.states));
        assert!(self.cuts > 10, "{what}: {} cuts", self.cuts);
        let (lost, bad) = (self.lost.len(), self.bad.len());
        let first = self.bad.iter().chain(&self.lost).next();
        assert!(first.is_none(), "{what}: {lost} lost, {bad} bad; {}", first.unwrap());
    }
}

/// How states of a disk are tried.
#[derive(Clone, Copy)]
struct Cuts {
    /// States by chance, beside the extremes.
    by_chance: u64,
    /// Whether what was acknowledged may be lost, and the rest has to hold.
    may_lose: bool,
    /// Whether one that is found is enough.
    ends_at_first: bool,
}

/// Goes through a recording, and shows the disk behind every call, until `visit` has seen enough.
fn each_cut(
    recording: Recording,
    mut told: Told,
    mut visit: impl FnMut(&Disk, &Told, &str) -> bool,
) {
    // The place is taken by what is left: a copy is known by where it came from.
    fs::remove_dir_all(&recording.root).unwrap();
    let mut disk = recording.disk;
    for Recorded { step, ended_well, by_hand, calls } in &recording.steps {
        told.begin(step);
        let what = format!("{:?} {}, cut behind", step.act, step.words);
        for (n, call) in calls.iter().enumerate() {
            disk.apply(call);
            if call.kind == Kind::Out {
                told.hear(step, &call.bytes);
            }
            // An opening changes nothing, and of a page only what a call finds is seen.
            let is_seen = n >= *by_hand && !matches!(call.kind, Kind::Open | Kind::Page);
            if is_seen && !visit(&disk, &told, &format!("{what} call {n}, {:?}", call.kind)) {
                return;
            }
        }
        if *ended_well {
            told.end(step);
        }
        if !visit(&disk, &told, &format!("{what} its end")) {
            return;
        }
    }
}

/// Cuts the power behind every call of a recording, after what was told before.
fn cut_everywhere(recording: Recording, told: Told, how: Cuts) -> Seen {
    let root = recording.root.clone();
    let mut seen = Seen::default();
    each_cut(recording, told, |disk, told, what| {
        cut_once(disk, told, how, &root, what, &mut seen);
        !how.ends_at_first || seen.lost.len() + seen.bad.len() == 0
    });
    seen
}

/// Tries what may be left if the power is cut now.
fn cut_once(disk: &Disk, told: &Told, how: Cuts, root: &Path, what: &str, seen: &mut Seen) {
    seen.cuts += 1;
    let by_chance = (0..how.by_chance)
        .map(|n| Survival::Chance(Pcg64::seed_from_u64(seen.cuts as u64 * 1000 + n)));
    let extremes = [Survival::Synced, Survival::Everything, Survival::Names, Survival::Bytes];
    for survival in extremes.into_iter().chain(by_chance) {
        seen.states += 1;
        let try_with = |told: &Told| {
            disk.cut(&mut survival.clone(), root);
            let verdict = judge(root, told);
            fs::remove_dir_all(root).unwrap();
            verdict
        };
        if how.may_lose
            && let Err(wrong) = try_with(&told.without_acks())
        {
            seen.bad.push(format!("{what}, {survival:?}: {wrong:?}"));
        }
        match try_with(told) {
            Ok(()) => {}
            Err(Wrong::Lost(wrong)) => seen.lost.push(format!("{what}, {survival:?}: {wrong}")),
            Err(Wrong::Bad(wrong)) => seen.bad.push(format!("{what}, {survival:?}: {wrong}")),
        }
    }
}

/// Records a scenario, and cuts the power everywhere in it.
fn try_scenario(scenario: &[Step], prepare_base: impl Fn(&Path), how: Cuts) -> Seen {
    let base = place();
    let root = base.path().join("root");
    fs::create_dir_all(&root).unwrap();
    prepare_base(&root);
    cut_everywhere(record(&root, scenario, |_| Vec::new()), Told::default(), how)
}

/// The usual number of states.
fn usual() -> Cuts {
    let by_chance = if wants_more() { 50 } else { 2 };
    Cuts { by_chance, may_lose: false, ends_at_first: false }
}

#[test]
fn a_power_cut_loses_nothing_that_is_acknowledged_as_on_the_disk() {
    try_scenario(WRITES, |_| (), usual()).assert_clean("writes");
}

#[test]
fn a_power_cut_among_those_who_look_after_logs_loses_nothing() {
    try_scenario(CARE, |_| (), usual()).assert_clean("care");
    try_scenario(REPAIR, |_| (), usual()).assert_clean("repair");
}

#[test]
fn a_power_cut_among_groups_and_those_that_come_back_loses_and_doubles_nothing() {
    let few = Cuts { by_chance: if wants_more() { 30 } else { 1 }, ..usual() };
    try_scenario(GROUPS, prepare_groups, few).assert_clean("groups");
    try_scenario(RESUME, |_| (), few).assert_clean("resume");
}

#[test]
fn a_power_cut_during_the_recovery_from_one_loses_nothing() {
    let base = place();
    let root = base.path().join("root");
    let recording = record(&root, &WRITES[..4], |_| Vec::new());
    let every = if wants_more() { 3 } else { 20 };
    let cuts = Cuts { by_chance: 0, ..usual() };
    let (mut n, mut found) = (0, Vec::new());
    let again = base.path().join("again");
    each_cut(recording, Told::default(), |disk, told, _| {
        n += 1;
        if n % every == 0 {
            disk.cut(&mut Survival::Chance(Pcg64::seed_from_u64(n)), &again);
            let next = [produce("t", "--sync", "y=1\nz=1\n")];
            let recovery = record(&again, &next, |_| Vec::new());
            found.push(cut_everywhere(recovery, told.clone(), cuts));
        }
        true
    });
    assert!(found.len() > 4, "{} recoveries", found.len());
    for seen in found {
        seen.assert_clean("a recovery");
    }
}

#[test]
fn what_is_acknowledged_as_in_the_cache_may_be_lost_and_the_log_is_whole() {
    let scenario = [
        step(Act::Create("t"), "topics create t -c internal.segment.bytes=250"),
        produce("t", "--acks 1 --sync", "a=1\nb=1\nc=1\nd=1\ne=1\nf=1\n"),
        produce("t", "--acks 1", "a=2\nb=2\n"),
    ];
    let seen = try_scenario(&scenario, |_| (), Cuts { may_lose: true, ..usual() });
    tell(format_args!("{} cuts, {} states, {} lost", seen.cuts, seen.states, seen.lost.len()));
    assert!(seen.bad.is_empty(), "{} bad; {}", seen.bad.len(), seen.bad[0]);
    assert!(seen.lost.len() > 20, "{} of {} lose something", seen.lost.len(), seen.states);
}

/// A producer whose sync fails, then one that goes on; `plant` is a bug.
fn try_failing_syncs(plant: &str, how: Cuts) -> Vec<Seen> {
    let lines = "a=1\nb=1\nc=1\nd=1\n";
    let scenario = [
        step(Act::Create("t"), "topics create t -c internal.segment.bytes=250"),
        produce("t", "--sync", lines),
        produce("t", "--sync", "a=2\nb=2\n"),
    ];
    let base = place();
    let whole = record(&base.path().join("whole"), &scenario, |_| Vec::new());
    let counted = whole.steps[1].calls.iter().filter(|call| call.is_counted());
    let syncs = counted.enumerate().filter(|(_, call)| call.kind == Kind::Sync);
    let mut all = Vec::new();
    for (n, _) in syncs {
        let (at, root) = ((n + 1).to_string(), base.path().join("root"));
        let fails = vec![("FAULTS_AT", &*at), ("FAULTS_ERRNO", EIO), ("FAULTS_PLANT", plant)];
        let steps = record(&root, &scenario, |n| if n == 1 { fails.clone() } else { Vec::new() });
        all.push(cut_everywhere(steps, Told::default(), how));
    }
    assert!(all.len() > 4, "{} syncs", all.len());
    all
}

#[test]
fn after_a_sync_that_failed_nothing_is_acknowledged_that_a_power_cut_takes_back() {
    let few = Cuts { by_chance: if wants_more() { 30 } else { 1 }, ..usual() };
    for seen in try_failing_syncs("", few) {
        seen.assert_clean("a sync that fails");
    }
}

#[test]
fn bugs_that_are_planted_are_caught() {
    let quick = Cuts { by_chance: 0, may_lose: false, ends_at_first: true };
    for plant in ["no-fdatasync", "no-directory-sync", "rename-first"] {
        let base = place();
        let faults = |_| vec![("FAULTS_PLANT", plant)];
        let steps = record(&base.path().join("root"), &WRITES[..2], faults);
        let seen = cut_everywhere(steps, Told::default(), quick);
        let caught = seen.lost.iter().chain(&seen.bad).next();
        tell(format_args!(
            "{plant}: {}",
            caught.unwrap_or_else(|| panic!("{plant} is not caught"))
        ));
    }
    let caught = try_failing_syncs("retry", quick).into_iter().filter(|seen| !seen.lost.is_empty());
    assert!(caught.count() > 0, "a sync that is tried again is not caught");
}
