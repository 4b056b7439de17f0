//! Owns the agreement of our assignors with Kafka's: both are given the same random groups. Leaves
//! examples worked by hand to the unit tests of `assignor`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use kaw::assignor::{self, Assignment, Assignor, AssignorMember, Partition};

use crate::needs::Need;

/// The groups that are asked about.
const CASES: u64 = 3000;

/// A group.
#[derive(Clone, Debug, Default)]
struct Case {
    topics: BTreeMap<String, i32>,
    members: Vec<AssignorMember>,
}

/// A small generator (SplitMix64), the same everywhere.
struct Dice(u64);

impl Dice {
    /// A number below `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    /// Whether one of `n` came up.
    fn one_of(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// A member that owns nothing yet.
fn member(dice: &mut Dice, at: usize, topics: &[String], equal: bool) -> AssignorMember {
    let id = match dice.below(4) {
        0 => format!("member-{at}"),
        1 => format!("consumer-db-{at}-{:016x}", dice.below(u64::MAX)),
        2 => format!("{:x}{at}", dice.below(4096)),
        _ => format!("{}{at}", ["\u{e9}", "\u{ff5e}", "\u{1f600}", "Z"][dice.below(4) as usize]),
    };
    let instance_id = dice.one_of(3).then(|| format!("i-{}-{at}", dice.below(100)));
    let mut wanted: Vec<String> =
        topics.iter().filter(|_| equal || !dice.one_of(3)).cloned().collect();
    if wanted.is_empty() {
        wanted.push(topics[dice.below(topics.len() as u64) as usize].clone());
    }
    AssignorMember { id, instance_id, topics: wanted, owned: Vec::new(), generation: -1 }
}

/// A random group: fresh, after a change, or with claims that contradict each other.
fn case(seed: u64) -> Case {
    let mut dice = Dice(seed);
    let names: Vec<String> = (0..=dice.below(5)).map(|i| format!("t{}", i * 7 % 5)).collect();
    let mut case = Case::default();
    for name in &names {
        let most = if dice.one_of(20) { 60 } else { 13 };
        case.topics.insert(name.clone(), dice.below(most) as i32);
    }
    let equal = dice.one_of(2);
    // Some with more than fit into Java's smallest hash table.
    let most = if dice.one_of(20) { 40 } else { 8 };
    let count = 1 + dice.below(most) as usize;
    let members = (0..count).map(|at| member(&mut dice, at, &names, equal));
    case.members = members.collect();
    match dice.below(4) {
        0 => {}
        1 => change(&mut dice, &mut case, &names, equal),
        kind => claim(&mut dice, &mut case, kind == 3),
    }
    case
}

/// What a group had, after which members left, came, or changed their minds, and topics grew.
fn change(dice: &mut Dice, case: &mut Case, names: &[String], equal: bool) {
    let kind = Assignor::ALL[dice.below(4) as usize];
    let mut before = case.topics.clone();
    for partitions in before.values_mut() {
        *partitions -= (dice.below(4) as i32).min(*partitions);
    }
    let had = assignor::assign(kind, &case.members, &before);
    for member in &mut case.members {
        member.owned.clone_from(&had[&member.id]);
        member.generation = 5;
        if !equal && dice.one_of(4) {
            let one = names[dice.below(names.len() as u64) as usize].clone();
            member.topics = vec![one];
        }
    }
    let leave = dice.below(case.members.len() as u64) as usize;
    for _ in 0..leave.min(3) {
        case.members.remove(dice.below(case.members.len() as u64) as usize);
    }
    let come = dice.below(4) as usize;
    for at in 0..come.min(8_usize.saturating_sub(case.members.len())) {
        let new = member(dice, 20 + at, names, equal);
        case.members.push(new);
    }
}

/// Random claims; contradicting ones in several generations if `wild`.
fn claim(dice: &mut Dice, case: &mut Case, wild: bool) {
    for member in &mut case.members {
        member.generation = if wild { dice.below(4) as i32 - 1 } else { 7 };
    }
    for (topic, partitions) in &case.topics {
        for partition in 0..*partitions {
            let claims = if wild { dice.below(4) } else { dice.below(2) };
            let claimants: BTreeSet<u64> =
                (0..claims).map(|_| dice.below(case.members.len() as u64)).collect();
            for at in claimants {
                let member = &mut case.members[at as usize];
                if wild || member.topics.contains(topic) || dice.one_of(3) {
                    member.owned.push((topic.clone(), partition));
                }
            }
        }
    }
}

/// The case as `Assignors.java` reads it.
fn written(case: &Case) -> String {
    let mut text = String::new();
    for (topic, partitions) in &case.topics {
        writeln!(text, "topic\t{topic}\t{partitions}").unwrap();
    }
    // In the order in which a table without a preference would be filled.
    let mut members = case.members.clone();
    members.sort_by(|a, b| a.id.encode_utf16().cmp(b.id.encode_utf16()));
    for member in members {
        let owned: Vec<String> = member.owned.iter().map(|(t, p)| format!("{t}:{p}")).collect();
        let instance = member.instance_id.unwrap_or_default();
        let (topics, owned) = (member.topics.join(","), owned.join(","));
        let generation = member.generation;
        writeln!(text, "member\t{}\t{instance}\t{generation}\t{topics}\t{owned}", member.id)
            .unwrap();
    }
    text + "end\n"
}

/// What Kafka says to each case: by assignor, an assignment or the name of an exception.
fn kafka(cases: &[Case]) -> Vec<BTreeMap<String, Result<Assignment, String>>> {
    let libs = std::env::var("KAW_KAFKA_LIBS").unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/Assignors.java");
    let mut child = Command::new("java")
        .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m", "-cp"])
        .arg(format!("{libs}/*"))
        .arg(source)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text: String = cases.iter().map(written).collect();
    let writer = thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{}", output.status);
    let mut answers = Vec::new();
    let mut answer = BTreeMap::new();
    let mut name = String::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        match line.split('\t').collect::<Vec<_>>()[..] {
            ["end"] => answers.push(std::mem::take(&mut answer)),
            ["=", of] => {
                of.clone_into(&mut name);
                answer.insert(of.to_owned(), Ok(Assignment::new()));
            }
            ["!", of, reason] => {
                answer.insert(of.to_owned(), Err(reason.to_owned()));
            }
            [id, list] => {
                let partition = |text: &str| -> Partition {
                    let (topic, number) = text.split_once(':').unwrap();
                    (topic.to_owned(), number.parse().unwrap())
                };
                let mut list: Vec<Partition> =
                    list.split(',').filter(|one| !one.is_empty()).map(partition).collect();
                list.sort();
                answer.get_mut(&name).unwrap().as_mut().unwrap().insert(id.to_owned(), list);
            }
            _ => panic!("{line}"),
        }
    }
    answers
}

/// What we say to a case: what is to be handed out now.
fn ours(assignor: Assignor, case: &Case) -> Assignment {
    let target = assignor::assign(assignor, &case.members, &case.topics);
    if assignor == Assignor::CooperativeSticky {
        return assignor::cooperative_adjust(&case.members, &case.topics, target);
    }
    target
}

/// Whether a member that is behind claims what it no longer wants, and others want other things:
/// then Kafka's sticky assignors may give it back to that member, or fail.
fn slippery(case: &Case) -> bool {
    let latest = case.members.iter().map(|member| member.generation).max();
    let stale = |member: &&AssignorMember| Some(member.generation) < latest;
    case.members
        .iter()
        .filter(stale)
        .any(|member| member.owned.iter().any(|(topic, _)| !member.topics.contains(topic)))
}

/// Checks that every partition that somebody wants has one owner, who wants it.
fn assert_complete(case: &Case, assignment: &Assignment, seed: usize) {
    let mut given = BTreeSet::new();
    for member in &case.members {
        for partition in &assignment[&member.id] {
            assert!(member.topics.contains(&partition.0), "{seed}: {partition:?}");
            assert!(given.insert(partition.clone()), "{seed}: {partition:?} is given twice");
        }
    }
    let wanted = |topic: &String| case.members.iter().any(|member| member.topics.contains(topic));
    let topics = case.topics.iter().filter(|(topic, _)| wanted(topic));
    let all: BTreeSet<Partition> =
        topics.flat_map(|(topic, n)| (0..*n).map(|p| (topic.clone(), p))).collect();
    assert_eq!(given, all, "{seed}");
}

#[test]
fn random_groups_get_what_kafka_gives_them() {
    if !Need::Kafka.met() {
        return;
    }
    let count = std::env::var("KAW_ASSIGNOR_CASES").map_or(CASES, |n| n.parse().unwrap());
    let cases: Vec<Case> = (0..count).map(case).collect();
    let answers = kafka(&cases);
    assert_eq!(answers.len(), cases.len());
    let (mut same, mut slips, mut held_back, mut equal) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    for (seed, (case, answer)) in cases.iter().zip(&answers).enumerate() {
        equal += usize::from(case.members.windows(2).all(|two| two[0].topics == two[1].topics));
        for assignor in Assignor::ALL {
            let target = assignor::assign(assignor, &case.members, &case.topics);
            assert_complete(case, &target, seed);
            let ours = ours(assignor, case);
            held_back += usize::from(target != ours);
            if answer[assignor.name()].as_ref() == Ok(&ours) {
                same += 1;
            } else if slippery(case) {
                slips += 1;
            } else {
                wrong.push((seed, assignor));
            }
        }
    }
    let all = cases.len() * 4;
    let report = format!("{same} of {all} same, {slips} slips of Kafka, {held_back} hold back");
    assert!(wrong.is_empty(), "{} differ: {wrong:?}; {report}", wrong.len());
    // So that the comparison is of something, and the slips are few.
    assert!(held_back > cases.len() / 5 && slips < all / 40, "{report}");
    assert!((cases.len() / 3..cases.len() * 9 / 10).contains(&equal), "{equal}; {report}");
    writeln!(std::io::stderr(), "assignors: {report}").unwrap();
}
