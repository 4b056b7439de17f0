//! Owns the tests of being a member: who gets which partitions as members come, leave and die, and
//! that what is committed is what stdout has accepted. Leaves random runs to `groups_history`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kaw::disk::members::GroupFile;
use kaw::group::GroupId;
use serde_json::Value;

use crate::checks::assert_refused;
use crate::sandbox::{Run, Running, Sandbox};

/// How long anything may take that is awaited. Not a speed test.
const PATIENCE: Duration = Duration::from_secs(60);
/// Records in a scene.
const USERS: usize = 3000;

/// Next offsets by partition.
pub type Offsets = BTreeMap<i64, i64>;

/// Waits until `look` finds something.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn list<'a>(item: &'a Value, key: &str) -> &'a [Value] {
    item[key].as_array().unwrap_or_else(|| panic!("no list `{key}` in {item}"))
}

/// The partitions of each member, by its id.
fn shares(s: &Sandbox, group: &str) -> BTreeMap<String, Vec<i64>> {
    let share = |row: Value| {
        let of = |p: &Value| p["partition"].as_i64().unwrap();
        let mine = list(&row, "assignment").iter().map(of).collect();
        (row["consumer_id"].as_str().unwrap().to_owned(), mine)
    };
    let run = s.run(&format!("groups members {group} --json"));
    run.success().items().map(share).collect()
}

/// Waits until the members have so many partitions, and returns who has which.
fn await_shares(s: &Sandbox, group: &str, counts: &[usize]) -> BTreeMap<String, Vec<i64>> {
    wait_for(&format!("shares {counts:?}"), || {
        let shares = shares(s, group);
        let mut found: Vec<usize> = shares.values().map(Vec::len).collect();
        found.sort_by(|a, b| b.cmp(a));
        (found == counts).then_some(shares)
    })
}

/// What a group has committed; nothing where it does not exist.
pub fn committed(s: &Sandbox, group: &str) -> Offsets {
    let run = s.run(&format!("groups describe {group} --json"));
    if run.status().code() != Some(0) {
        return Offsets::new();
    }
    let item = run.items().next().unwrap();
    let stand = |p: &Value| Some((p["partition"].as_i64()?, p["current_offset"].as_i64()?));
    list(&item, "partitions").iter().filter_map(stand).collect()
}

fn state(s: &Sandbox, group: &str) -> String {
    let run = s.run(&format!("groups describe {group} --json"));
    let item = run.success().items().next().unwrap();
    item["state"].as_str().unwrap().to_owned()
}

/// A `%p %o` line.
pub fn read_line(line: &str) -> (i64, i64) {
    let (partition, offset) = line.split_once(' ').unwrap_or_else(|| panic!("line `{line}`"));
    (partition.parse().unwrap(), offset.parse().unwrap())
}

/// How far lines go, which have to be without a gap from where the reader began.
fn ends(lines: &str) -> Offsets {
    let mut ends = Offsets::new();
    for (partition, offset) in lines.lines().map(read_line) {
        if let Some(before) = ends.insert(partition, offset + 1) {
            assert_eq!(before, offset, "a gap in partition {partition}");
        }
    }
    ends
}

fn sum(offsets: &Offsets) -> i64 {
    offsets.values().sum()
}

/// Checks that a group stands where `lines` end, and nobody is in it.
#[track_caller]
fn assert_stands(s: &Sandbox, group: &str, lines: &str) {
    assert_eq!(committed(s, group), ends(lines));
    assert_eq!(state(s, group), "Empty");
}

fn users(records: usize) -> Sandbox {
    let s = Sandbox::new();
    s.run("topics create users -p 3").success();
    s.run(&format!("produce users --fake {records} --key-field /id")).success();
    s.sent("users", records as u64);
    s
}

/// Who a run says it is.
fn id_of(running: &mut Running<'_>) -> String {
    let line = running.next_stderr_line().unwrap();
    let (_, rest) = line.split_once(": ").unwrap_or_else(|| panic!("line `{line}`"));
    rest.split_once(" has ").unwrap_or_else(|| panic!("line `{line}`")).0.to_owned()
}

/// One, two, three and four members, one of which dies; then all leave.
fn play_scene(assignor: &str) {
    let s = users(USERS);
    let consume = format!("consume users -g db --assignor {assignor} -f '%p %o\\n'");
    let mut members = Vec::new();
    for counts in [&[3][..], &[2, 1], &[1, 1, 1], &[1, 1, 1, 0]] {
        let mut member = s.spawn(&consume);
        let id = id_of(&mut member);
        let shares = await_shares(&s, "db", counts);
        assert!(shares.contains_key(&id), "{id} is not in {shares:?}");
        let mut all: Vec<i64> = shares.into_values().flatten().collect();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2]);
        members.push((id, member));
        if counts.len() == 1 {
            wait_for("the first to read all", || (sum(&committed(&s, "db")) == 3000).then_some(()));
        }
    }
    assert_eq!(state(&s, "db"), "Stable");
    let refused = s.run("groups reset db --to start --execute");
    refused.code(3);
    assert_eq!(sum(&committed(&s, "db")), 3000, "{refused}");
    let shares = await_shares(&s, "db", &[1, 1, 1, 0]);
    let owner = members.iter().position(|(id, _)| shares[id].len() == 1).unwrap();
    let (dead, mut member) = members.remove(owner);
    let idle = shares.iter().find(|(_, mine)| mine.is_empty()).unwrap().0;
    member.kill();
    let mut runs = vec![member.finish()];
    let after = await_shares(&s, "db", &[1, 1, 1]);
    assert!(!after.contains_key(&dead) && after[idle].len() == 1, "{after:?}");
    s.run("produce users --fake 600 --key-field /id").success();
    s.sent("users", 600);
    wait_for("the new records", || (sum(&committed(&s, "db")) == 3600).then_some(()));
    let second = s.run("consume users -g second -e -f '%p %o\\n'");
    assert_eq!(second.success().stdout().lines().count(), 3600);
    for (_, member) in members {
        member.signal("INT");
        let run = member.finish();
        run.code(130);
        runs.push(run);
    }
    assert_eq!((state(&s, "db").as_str(), state(&s, "second").as_str()), ("Empty", "Empty"));
    let mut all: Vec<_> = runs
        .iter()
        .flat_map(|run| run.stdout().lines().map(read_line).collect::<Vec<_>>())
        .collect();
    all.sort_unstable();
    assert_eq!(all.len(), 3600, "nothing was written in vain, and nothing twice");
    all.dedup();
    assert_eq!(all.len(), 3600);
    s.run("groups reset db --to start --execute").success();
    let again = s.run("consume users -g db -e -f '%p %o\\n'");
    assert_eq!(again.success().stdout().lines().count(), 3600);
}

#[test]
fn the_scene_by_range() {
    play_scene("range");
    assert_eq!(users(1).run("groups list --no-headers").success().stdout(), "");
}

#[test]
fn the_scene_by_roundrobin() {
    play_scene("roundrobin");
    assert_eq!(users(1).run("consume users -g g -n 1").success().stdout().lines().count(), 1);
}

#[test]
fn the_scene_by_sticky() {
    play_scene("sticky");
    assert_refused(&users(1).run("consume users -g g --assignor glue"), 2, "glue");
}

#[test]
fn the_scene_by_cooperative_sticky() {
    play_scene("cooperative-sticky");
    assert_refused(&users(1).run("consume users --assignor sticky"), 2, "--group");
}

#[test]
fn a_member_restarted_goes_on_where_the_group_was() {
    let s = users(USERS);
    let (mut all, mut parts) = (String::new(), Vec::new());
    for count in [1, 10, 989, 1500] {
        let run = s.run(&format!("consume users -g g -n {count} -f '%p %o\\n'"));
        parts.push(run.success().stdout().lines().count());
        all += &run.stdout();
        assert_stands(&s, "g", &all);
    }
    let rest = s.run("consume users -g g -e -f '%p %o\\n'");
    all += &rest.success().stdout();
    assert_eq!((parts, all.lines().count()), (vec![1, 10, 989, 1500], USERS));
    assert_stands(&s, "g", &all);
    let none = s.run("consume users -g g --idle 100ms");
    assert_eq!(none.success().stdout(), "");
    assert_stands(&s, "g", &all);
}

#[test]
fn idle_commits_everything() {
    let s = users(USERS);
    let run = s.run("consume users -g g --idle 200ms -f '%p %o\\n'");
    assert_eq!(run.success().stdout().lines().count(), USERS);
    assert_stands(&s, "g", &run.stdout());
}

#[test]
fn a_signal_commits_exactly_what_was_written_and_leaves_at_once() {
    let s = users(100_000);
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        for lines in [1, 500, 30_000] {
            let group = format!("g-{signal}-{lines}");
            let mut member = s.spawn(&format!("consume users -g {group} -f '%p %o\\n'"));
            let mut read = String::new();
            for _ in 0..lines {
                read.push_str(&member.next_line().unwrap());
                read.push('\n');
            }
            member.signal(signal);
            let run = member.finish();
            read += &run.code(code).stdout();
            assert_stands(&s, &group, &read);
        }
    }
}

/// Kills a member after so many lines; answers its run and what was read of it before.
fn kill_after(s: &Sandbox, consume: &str, lines: usize) -> (Run, String) {
    let mut member = s.spawn(consume);
    let mut read = String::new();
    for _ in 0..lines {
        read.push_str(&member.next_line().unwrap());
        read.push('\n');
    }
    member.kill();
    (member.finish(), read)
}

#[test]
fn nothing_is_committed_that_a_killed_member_had_not_written() {
    let s = users(100_000);
    let consume = "consume users -g g --rate 60000/s -f '%p %o\\n'";
    let (mut reached, mut before) = (Offsets::new(), Offsets::new());
    for lines in [1, 1000, 10_000, 40_000, 3, 45_000] {
        let (run, mut read) = kill_after(&s, consume, lines);
        // What was cut in the middle is not a record that was received.
        let rest = run.stdout();
        read += &rest[..rest.rfind('\n').map_or(0, |at| at + 1)];
        for (partition, offset) in read.lines().map(read_line) {
            let expected = before.get(&partition).copied().unwrap_or(0);
            let next = reached.entry(partition).or_insert(0);
            assert!(offset <= *next && offset >= expected, "{partition}: {offset}");
            *next = (offset + 1).max(*next);
        }
        let now = committed(&s, "g");
        for (partition, offset) in &now {
            assert!(*offset <= reached[partition], "{now:?} is committed, {reached:?} written");
            assert!(*offset >= before.get(partition).copied().unwrap_or(0), "it went back");
        }
        before = now;
    }
    assert!(sum(&before) > 0, "commits were seen");
    let rest = s.run("consume users -g g -e -f '%p %o\\n'");
    let missing = 100_000 - sum(&before);
    assert_eq!(rest.success().stdout().lines().count() as i64, missing);
}

#[test]
fn a_full_stdout_commits_nothing() {
    let s = users(USERS);
    let run = s.bash("kaw consume users -g g -e > /dev/full");
    assert!(run.code(5).stderr().contains("no space left"), "{run}");
    assert_eq!(committed(&s, "g"), Offsets::new());
    assert_eq!(shares(&s, "g").len(), 0);
}

#[test]
fn a_stdout_that_fills_up_commits_what_went_before() {
    let s = users(100_000);
    let script = "ulimit -f 64; trap '' XFSZ; kaw consume users -g g -e -f '%p %o\\n' > out";
    let run = s.bash(script);
    run.code(5);
    let written = std::fs::read_to_string(s.path("out")).unwrap();
    let whole = ends(&written[..=written.rfind('\n').unwrap()]);
    for (partition, offset) in committed(&s, "g") {
        assert!(offset <= whole[&partition], "{partition}: {offset} of {whole:?}");
    }
    assert_eq!(shares(&s, "g").len(), 0);
}

#[test]
fn a_closed_stdout_ends_quietly_and_leaves() {
    let s = users(100_000);
    let run = s.bash("set -o pipefail; kaw consume users -g g 2>err | head -1");
    assert_eq!(run.success().stdout().lines().count(), 1);
    assert_eq!((shares(&s, "g").len(), state(&s, "g").as_str()), (0, "Empty"));
    // What the pipe took counts as written, and no pipe takes more than this.
    assert!(sum(&committed(&s, "g")) < 100_000, "{:?}", committed(&s, "g"));
}

#[test]
fn a_slow_member_commits_and_shares_while_it_reads() {
    let s = users(USERS);
    let mut slow = s.spawn("consume users -g g --rate 20/s -f '%p %o\\n'");
    let first = id_of(&mut slow);
    slow.next_line().unwrap();
    // All that there is fits into its first reads, which take it two minutes.
    wait_for("a commit", || (sum(&committed(&s, "g")) > 0).then_some(()));
    let fast = s.run("consume users -g g --idle 3s -f '%p %o\\n'");
    let read = fast.success().stdout().lines().count();
    assert!(read >= 900, "{read} of a partition or two: {fast}");
    let mine = await_shares(&s, "g", &[3]);
    assert!(mine.contains_key(&first), "{mine:?}");
    slow.signal("INT");
    let run = slow.finish();
    run.code(130);
    assert_eq!(state(&s, "g"), "Empty");
}

#[test]
fn members_that_start_at_once_in_a_new_directory_all_get_in() {
    for _ in 0..4 {
        let s = users(300);
        let consume = "consume users -g g --idle 500ms -f '%p %o\\n'";
        let members: Vec<_> = (0..6).map(|_| s.spawn(consume)).collect();
        let mut all = String::new();
        for member in members {
            let run = member.finish();
            all += &run.success().stdout();
        }
        assert_eq!(all.lines().count(), 300, "each record went to one of them");
        assert_eq!((sum(&committed(&s, "g")), state(&s, "g").as_str()), (300, "Empty"));
    }
}

#[test]
fn a_reset_waits_for_whoever_is_joining() {
    let s = users(300);
    s.run("consume users -g g -e").success();
    let group = GroupId::new("g").unwrap();
    let file = GroupFile::open_or_create(&s.log_dir(), &group).unwrap();
    let held = file.lock().unwrap();
    let reset = s.spawn("groups reset g --to start --execute");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(sum(&committed(&s, "g")), 300, "a joiner still reads what was there");
    drop(held);
    reset.finish().success();
    assert_eq!(sum(&committed(&s, "g")), 0);
}

/// Writes these bytes somewhere into a file, which others have mapped.
fn write_at(path: &Path, at: u64, bytes: &[u8]) {
    fs::File::options().write(true).open(path).unwrap().write_all_at(bytes, at).unwrap();
}

#[test]
fn the_damaged_file_of_a_group_is_made_anew_once_nobody_is_in_it() {
    let s = Sandbox::new();
    s.damaged();
    s.stdin("a\nb\nc\nd\ne\n").run("produce t").success();
    s.run("consume t -g g -n 1").success();
    let is_group = |path: &PathBuf| path.to_str().unwrap().contains("/.kaw-g-");
    let mut all = fs::read_dir(s.log_dir()).unwrap().map(|entry| entry.unwrap().path());
    let path = all.find(is_group).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    // The roster, wherever it is; its place; and what says that it is the file of a group.
    let noise = [b'x'; 4096];
    for (at, bytes) in [(8200, &noise[..]), (8, b"12345678"), (0, b"x")] {
        write_at(&path, at, bytes);
        let run = s.run("topics verify");
        let said = run.success().stdout();
        assert!(said.contains("note") && said.contains(&name), "{run}");
        let run = s.run("consume t -g g -n 1");
        let told = format!("{name}.cut-");
        assert!(run.success().stderr().contains(&told), "{run}");
        assert!(!s.run("topics verify").success().stdout().contains(".kaw-g"));
    }
    // Without a group, by who repairs; and what was committed is there.
    write_at(&path, 8200, &noise);
    let run = s.run("topics verify --repair");
    assert!(run.success().stdout().contains("moved"), "{run}");
    assert_eq!(s.run("consume t -g g -n 1").success().stdout(), "e\n");
    // Nobody else gets what a member has, though nothing says any more that it has it.
    let mut member = s.spawn("consume t -g g");
    assert!(member.next_stderr_line().is_some_and(|line| line.contains("t:0")));
    write_at(&path, 8200, &noise);
    for command in
        ["consume t -g g -e", "topics verify", "topics verify --repair", "groups describe g"]
    {
        let run = s.run(command);
        let said = format!("{}{}", run.code(4).stderr(), run.stdout());
        assert!(said.contains("its roster"), "{run}");
    }
    member.signal("TERM");
    member.finish().code(143);
    s.run("consume t -g g -e").success();
    s.run("topics verify").success();
}
