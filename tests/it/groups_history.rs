//! Owns the trial of groups by random runs of many processes: members that join, leave, are killed
//! and stopped while records come, and the judgement of what each of them wrote. The classes of
//! what can be wrong are Jepsen's where it has a name for them. `KAW_GROUP_RUNS` is the number of
//! runs, `KAW_GROUP_SEED` repeats them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64;

use crate::groups_members::{Offsets, committed, read_line, wait_for};
use crate::kept;
use crate::sandbox::{Running, Sandbox};

const RUNS: u64 = 20;
const PARTITIONS: usize = 4;
/// The most members at a time: one more than there are partitions.
const MEMBERS_MAX: usize = PARTITIONS + 1;
const STEPS: usize = 24;
const ASSIGNORS: [&str; 4] = ["range", "roundrobin", "sticky", "cooperative-sticky"];

/// What one member did.
#[derive(Clone, Default)]
struct Told {
    /// It was ended by -9, or given up by the others: what it wrote last may not be committed.
    killed: bool,
    /// It was given up, and came back to where the group was.
    came_back: bool,
    /// Partition and offset of what came out of its stdout, in that order.
    records: Vec<(i64, i64)>,
}

/// What is known of a run.
#[derive(Clone, Default)]
struct History {
    members: Vec<Told>,
    /// What was committed, as it was seen from time to time and at the end.
    commits: Vec<Offsets>,
    /// One past the last record of each partition.
    ends: Offsets,
}

impl History {
    /// The anomalies, each with the name of its class first.
    fn anomalies(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut deliveries: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
        for (member, told) in self.members.iter().enumerate() {
            let mut next = Offsets::new();
            for &(partition, offset) in &told.records {
                deliveries.entry((partition, offset)).or_default().push(member);
                let before = next.insert(partition, offset + 1).unwrap_or(0);
                if offset < before && !told.came_back {
                    found.push(format!("nonmonotonic-poll: {member} at {partition}:{offset}"));
                }
            }
        }
        for (&(partition, offset), members) in &deliveries {
            // A member commits all that it wrote before it lets go of a partition, unless killed.
            if members.iter().filter(|&&member| !self.members[member].killed).count() > 1 {
                found.push(format!("double-owner: {partition}:{offset} by {members:?}"));
            }
        }
        for (&partition, &end) in &self.ends {
            let unseen = (0..end).filter(|&o| !deliveries.contains_key(&(partition, o)));
            found.extend(unseen.map(|offset| format!("poll-skip: {partition}:{offset}")));
            let mut before = 0;
            for commit in &self.commits {
                let now = commit.get(&partition).copied().unwrap_or(0);
                if now < before {
                    found.push(format!("commit-regress: {partition}, {before} to {now}"));
                }
                before = now;
            }
            if before != end {
                found.push(format!("unread: {partition} ends at {end}, committed is {before}"));
            }
        }
        found
    }
}

/// A member that runs.
struct Live<'a> {
    running: Running<'a>,
    stopped: bool,
}

/// A run that goes on.
struct Round<'a> {
    s: &'a Sandbox,
    random: Pcg64,
    assignor: &'static str,
    live: Vec<Live<'a>>,
    history: History,
    sent: u64,
    did: BTreeMap<&'static str, u32>,
}

impl<'a> Round<'a> {
    fn new(s: &'a Sandbox, seed: u64) -> Self {
        let mut random = Pcg64::seed_from_u64(seed);
        let assignor = ASSIGNORS[random.gen_range(0..ASSIGNORS.len())];
        let (live, history) = (Vec::new(), History::default());
        Self { s, random, assignor, live, history, sent: 0, did: BTreeMap::new() }
    }

    fn join(&mut self) {
        let rate = ["", "--rate 300/s", "--rate 5000/s"][self.random.gen_range(0..3)];
        // Short enough for one that is stopped to be given up, and now and then one that works.
        let interval = ["5m", "150ms"][self.random.gen_range(0..2)];
        let words = format!(
            "consume t -g g {rate} --assignor {} --max-poll-interval {interval} -f '%p %o\\n'",
            self.assignor
        );
        self.live.push(Live { running: self.s.spawn(&words), stopped: false });
    }

    fn produce(&mut self) {
        let records = self.random.gen_range(1..400);
        self.s.run(&format!("produce t --fake {records}")).success();
        self.sent += records;
    }

    /// Has all that were stopped go on.
    fn go_on(&mut self) {
        for live in self.live.iter_mut().filter(|live| live.stopped) {
            live.running.signal("CONT");
            live.stopped = false;
        }
    }

    /// Ends a member, by a kill or by a signal that it answers to.
    fn end(&mut self, at: usize, killed: bool) {
        if !killed {
            // One that stands still may hold what this one needs to leave.
            self.go_on();
        }
        let mut live = self.live.swap_remove(at);
        if killed {
            live.running.kill();
        } else {
            // Not SIGINT: whoever starts the tests in the background has it ignored, and then one
            // that does not listen yet would never hear of it.
            live.running.signal("TERM");
        }
        let run = live.running.finish();
        // One that was asked to stop before it could listen has died of it, and did nothing.
        let code = run.status().code();
        let early = code.is_none() && run.stdout().is_empty();
        assert!(killed || early || code == Some(143), "{run}");
        let stdout = run.stdout();
        let whole = &stdout[..stdout.rfind('\n').map_or(0, |at| at + 1)];
        let records = whole.lines().map(read_line).collect();
        let given_up = run.stderr().matches("given this member up").count() as u32;
        *self.did.entry("give up").or_default() += given_up;
        self.history.members.push(Told {
            killed: killed || given_up > 0,
            came_back: given_up > 0,
            records,
        });
    }

    fn step(&mut self) {
        let what = self.random.gen_range(0..100);
        let members = self.live.len();
        let at = self.random.gen_range(0..members.max(1));
        let did = match what {
            _ if members == 0 => "join",
            0..30 if members < MEMBERS_MAX => "join",
            0..45 => "kill",
            45..57 => "leave",
            57..67 => "stop or go on",
            67..85 => "produce",
            _ => "sample",
        };
        match did {
            "join" => self.join(),
            "kill" | "leave" => self.end(at, did == "kill"),
            "produce" => self.produce(),
            "sample" => self.history.commits.push(committed(self.s, "g")),
            _ => {
                let live = &mut self.live[at];
                live.running.signal(if live.stopped { "CONT" } else { "STOP" });
                live.stopped = !live.stopped;
            }
        }
        *self.did.entry(did).or_default() += 1;
        std::thread::sleep(Duration::from_millis(self.random.gen_range(0..60)));
    }

    /// Lets the live ones read all that there is, has all leave, and reads what is left.
    fn close(mut self) -> (History, BTreeMap<&'static str, u32>) {
        self.go_on();
        if self.live.is_empty() {
            self.join();
        }
        let sent = self.sent as i64;
        wait_for("live members to read everything", || {
            (committed(self.s, "g").values().sum::<i64>() == sent).then_some(())
        });
        while !self.live.is_empty() {
            self.end(0, false);
        }
        let last = self.s.run("consume t -g g -e -f '%p %o\\n'");
        let records = last.success().stdout().lines().map(read_line).collect();
        self.history.members.push(Told { records, ..Told::default() });
        self.history.commits.push(committed(self.s, "g"));
        let ends = kept::ends(self.s, &self.s.log_dir(), &["t"]);
        for line in ends.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            self.history.ends.insert(fields[1].parse().unwrap(), fields[3].parse().unwrap());
        }
        self.s.sent("t", self.sent);
        (self.history, self.did)
    }
}

/// A number from the environment.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn no_record_is_left_out_and_no_partition_has_two_owners_in_random_runs() {
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let seed = setting("KAW_GROUP_SEED").unwrap_or(clock.subsec_nanos().into());
    let runs = setting("KAW_GROUP_RUNS").unwrap_or(RUNS);
    let mut did: BTreeMap<&str, u32> = BTreeMap::new();
    let (mut written, mut records) = (0, 0);
    for run in 0..runs {
        let s = Sandbox::new();
        s.run(&format!("topics create t -p {PARTITIONS}")).success();
        let mut round = Round::new(&s, seed + run);
        round.produce();
        for _ in 0..STEPS {
            round.step();
        }
        let (history, what) = round.close();
        for (what, times) in what {
            *did.entry(what).or_default() += times;
        }
        written += history.members.iter().map(|told| told.records.len()).sum::<usize>();
        records += history.ends.values().sum::<i64>();
        let anomalies = history.anomalies();
        let shown = &anomalies[..anomalies.len().min(10)];
        assert!(anomalies.is_empty(), "seed {}: {} {shown:#?}", seed + run, anomalies.len());
    }
    let mut report = String::new();
    writeln!(
        report,
        "\n{runs} runs of a group (seed {seed}): {records} records, {written} written, {did:?}"
    )
    .unwrap();
    // Not `eprint!`: the test runner would keep it to itself.
    std::io::stderr().write_all(report.as_bytes()).unwrap();
}

#[test]
fn planted_anomalies_are_found() {
    let told = |killed, records: &[(i64, i64)]| Told {
        killed,
        came_back: false,
        records: records.to_vec(),
    };
    let clean = History {
        members: vec![told(true, &[(0, 0), (0, 1)]), told(false, &[(0, 1), (0, 2)])],
        commits: vec![Offsets::from([(0, 1)]), Offsets::from([(0, 3)])],
        ends: Offsets::from([(0, 3)]),
    };
    assert_eq!(clean.anomalies(), Vec::<String>::new());
    let plant = |class: &str, change: &dyn Fn(&mut History)| {
        let mut history = clean.clone();
        change(&mut history);
        let found = history.anomalies();
        assert!(found.iter().any(|found| found.starts_with(class)), "{class}: {found:?}");
    };
    plant("double-owner", &|h| h.members[0].killed = false);
    plant("nonmonotonic-poll", &|h| h.members[1].records.reverse());
    plant("nonmonotonic-poll", &|h| h.members[1].records.push((0, 2)));
    // Committed before it was written, and then the member was killed.
    plant("poll-skip", &|h| h.members[1].records.truncate(1));
    plant("commit-regress", &|h| h.commits.insert(1, Offsets::from([(0, 0)])));
    plant("unread", &|h| drop(h.commits.pop()));
}
