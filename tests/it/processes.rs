//! Owns the trial of many processes on one topic that all live: writers and followers at once, and
//! writers that are stopped or locked out. Leaves those that are killed to `crash`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kaw::disk::BootId;
use kaw::disk::layout::{self, SegmentFile};
use kaw::disk::state::State;
use kaw::sys::{self, LockKind};

use crate::history::{History, Id, Reading};
use crate::needs::Need;
use crate::sandbox::{Run, Sandbox};

const PRODUCERS: u32 = 8;
const RECORDS_EACH: u64 = 600;
/// How much longer than `--timeout` a run may take to say so.
const GRACE: Duration = Duration::from_secs(2);

/// Reads `%p %o %k %s` lines, and checks every value.
fn readings(reader: &str, run: &Run, complaints: &mut Vec<String>) -> Vec<Reading> {
    let mut found: BTreeMap<i32, Reading> = BTreeMap::new();
    for line in run.stdout_bytes().split(|&b| b == b'\n').filter(|line| !line.is_empty()) {
        let mut fields = line.splitn(4, |&b| b == b' ');
        let mut field = || fields.next().unwrap();
        let number = |bytes: &[u8]| std::str::from_utf8(bytes).unwrap().parse::<i64>().unwrap();
        let (partition, offset) = (number(field()) as i32, number(field()));
        match Id::check(field(), field()) {
            Ok(id) => {
                let reader = reader.to_owned();
                let fresh = Reading { reader, partition, records: Vec::new() };
                found.entry(partition).or_insert(fresh).records.push((offset, id));
            }
            Err(complaint) => complaints.push(format!("{reader}: {complaint}")),
        }
    }
    found.into_values().collect()
}

#[test]
fn eight_processes_append_and_four_follow_one_topic() {
    let s = Sandbox::new();
    s.run("topics create t -p 3 -c segment.bytes=1048576").success();
    let total = u64::from(PRODUCERS) * RECORDS_EACH;
    let follow = format!(r"consume t -n {total} -f '%p %o %k %s\n'");
    let mut followers = vec![s.spawn(&follow), s.spawn(&follow)];
    let produce = "produce t -K '\t' --acks 1 --report '%p %o %k'";
    let mut producers: Vec<_> = (0..PRODUCERS).map(|_| s.spawn(produce)).collect();
    let steps = 20;
    for step in 0..steps {
        for (producer, running) in (0..).zip(&mut producers) {
            let mut lines = Vec::new();
            let each = RECORDS_EACH / steps;
            for sequence in step * each..(step + 1) * each {
                let bytes = 100 + (sequence as usize * 31) % 900;
                Id { producer, sequence }.write_line(bytes, &mut lines);
            }
            running.write(&lines);
        }
        if step == steps / 2 {
            followers.push(s.spawn(&follow));
        }
    }
    let mut history = History::default();
    for (producer, running) in (0..).zip(producers) {
        let run = running.finish();
        history.sent.insert(producer, RECORDS_EACH);
        for line in run.success().stdout().lines() {
            let fields: Vec<&str> = line.split(' ').collect();
            let id = Id::parse(fields[2]).unwrap();
            history.acked.push((id, fields[0].parse().unwrap(), fields[1].parse().unwrap()));
        }
    }
    followers.push(s.spawn(&follow));
    for (n, follower) in followers.into_iter().enumerate() {
        let run = follower.finish();
        let seen = readings(&format!("follower {n}"), run.success(), &mut history.complaints);
        let records: usize = seen.iter().map(|reading| reading.records.len()).sum();
        assert_eq!(records as u64, total, "follower {n}");
        history.earlier.extend(seen);
    }
    let last = s.run(r"consume t -e -f '%p %o %k %s\n'");
    history.last = readings("the last reader", last.success(), &mut history.complaints);
    assert_eq!((history.acked.len() as u64, history.unacknowledged()), (total, 0));
    history.assert_clean("eight producers and four followers");
    s.sent("t", total);
}

/// The state page of partition 0 of `t`, as a process of kaw has it open.
fn open_state(s: &Sandbox) -> (PathBuf, State, File) {
    let path = s.log_dir().join("t-0");
    let state = State::open_or_create(&path).unwrap();
    let state_path = path.join(layout::PARTITION_STATE);
    let file = File::options().read(true).write(true).open(state_path).unwrap();
    (path, state, file)
}

#[test]
fn a_stopped_producer_that_holds_nothing_stops_nobody() {
    let s = Sandbox::new();
    s.run("topics create t").success();
    let mut first = s.spawn("produce t --report '%o %s'");
    first.write(b"one\n");
    assert_eq!(first.next_line().as_deref(), Some("0 one"));
    first.signal("STOP");
    let second = s.stdin("two\n").run("produce t --timeout 5s --report '%o %s'");
    assert_eq!(second.success().stdout(), "1 two\n");
    first.signal("CONT");
    first.write(b"three\n");
    assert_eq!(first.next_line().as_deref(), Some("2 three"));
    first.finish().success();
    assert_eq!(s.run("consume t -e").stdout(), "one\ntwo\nthree\n");
}

/// Checks that a run with `--timeout 1s` gave up on a partition's lock in time, and named `pid`.
#[track_caller]
fn assert_gave_up(run: &Run, started: Instant, pid: u32) {
    assert!(started.elapsed() < Duration::from_secs(1) + GRACE, "{:?}", started.elapsed());
    let stderr = run.code(5).stderr();
    assert!(stderr.contains(&format!("process {pid},")), "{run}");
    assert_eq!(stderr.lines().filter(|line| line.starts_with("kaw:")).count(), 1, "{run}");
    assert_eq!(run.stdout(), "", "{run}");
}

#[test]
fn who_waits_for_a_lock_in_vain_says_who_has_it() {
    let s = Sandbox::new();
    s.run("topics create t").success();
    s.stdin("one\n").run("produce t").success();
    let (_, state, _) = open_state(&s);
    let held = state.try_lock().unwrap();
    for more in ["", "--sync", "--acks 1", "--rate 1000/s"] {
        let started = Instant::now();
        let run = s.stdin("a\nb\nc\n").run(&format!("produce t --timeout 1s {more}"));
        assert_gave_up(&run, started, std::process::id());
        let read = if more == "--sync" { 1 } else { 3 };
        let counts = format!("0 persisted, 0 not persisted, {read} maybe persisted");
        assert!(run.stderr().contains(&counts), "{more}: {run}");
        assert_eq!(s.run("consume t -e").success().stdout(), "one\n", "reading takes no lock");
    }
    for verb in ["delete t", "trim t --to end"] {
        let started = Instant::now();
        let run = s.run(&format!("topics {verb} --timeout 1s"));
        assert!(started.elapsed() < Duration::from_secs(1) + GRACE, "{:?}", started.elapsed());
        let holder = format!("process {}", std::process::id());
        assert!(run.code(5).stderr().contains(&holder), "{run}");
    }
    // More than fits between reading and writing, so that sending blocks as well.
    let started = Instant::now();
    let many = "0123456789abcdef\n".repeat(600_000);
    let run = s.stdin(many).run("produce t --timeout 1s");
    assert_gave_up(&run, started, std::process::id());
    let counts = counts(&run);
    assert_eq!((counts.persisted, counts.read), (0, counts.not + counts.maybe), "{run}");
    drop(held);
    s.stdin("two\n").run("produce t --timeout 5s").success();
    assert_eq!(s.run("consume t -e").stdout(), "one\ntwo\n");
}

/// The numbers of a producer's summary.
pub struct Counts {
    /// Records that were read.
    pub read: u64,
    /// Of those: in the log.
    pub persisted: u64,
    /// Not in the log.
    pub not: u64,
    /// Not known.
    pub maybe: u64,
}

/// Reads the summary of a producer from its stderr.
#[track_caller]
pub fn counts(run: &Run) -> Counts {
    let pattern = r"read ([\d,]+) records?: ([\d,]+) persisted, ([\d,]+) not persisted, ([\d,]+)";
    let stderr = run.stderr();
    let found = regex::Regex::new(pattern).unwrap().captures(&stderr);
    let found = found.unwrap_or_else(|| panic!("no summary: {run}"));
    let number = |n: usize| found[n].replace(',', "").parse().unwrap();
    Counts { read: number(1), persisted: number(2), not: number(3), maybe: number(4) }
}

#[test]
fn a_producer_that_waits_for_input_gives_up_on_a_lock_as_well() {
    let s = Sandbox::new();
    s.run("topics create t").success();
    let (_, state, _) = open_state(&s);
    let _held = state.try_lock().unwrap();
    let started = Instant::now();
    let mut producer = s.spawn("produce t --timeout 1s");
    producer.write(b"one\n");
    // Its input stays open, and brings nothing.
    while producer.next_stderr_line().is_some_and(|line| !line.starts_with("kaw:")) {}
    assert!(started.elapsed() < Duration::from_secs(1) + GRACE, "{:?}", started.elapsed());
    producer.finish().code(5);
}

#[test]
fn a_writer_stopped_in_the_middle_is_named_and_goes_on_later() {
    let s = Sandbox::new();
    s.run("topics create t -c max.message.bytes=9437184").success();
    s.stdin("one\n").run("produce t").success();
    let (path, state, file) = open_state(&s);
    let large = [&vec![b'x'; 8 << 20][..], b"\n"].concat();
    let beyond = || {
        let end = state.end(&BootId::current()).unwrap();
        let log = layout::segment_file(&path, end.active_base, SegmentFile::Log);
        std::fs::metadata(log).unwrap().len() > end.position
    };
    for attempt in 1.. {
        let before = state.sequence();
        let mut stopped = s.spawn("produce t --acks 1");
        stopped.write(&large);
        while !beyond() && state.sequence() == before {}
        stopped.signal("STOP");
        if sys::lock_holder(&file, LockKind::Exclusive, 0, 1).unwrap().is_none() {
            assert!(attempt < 100, "never caught in the middle");
            stopped.signal("CONT");
            stopped.finish().success();
            continue;
        }
        let end = state.end(&BootId::current()).unwrap().end_offset;
        let started = Instant::now();
        let run = s.stdin("two\n").run("produce t --timeout 1s");
        assert_gave_up(&run, started, stopped.id());
        let seen = s.run(r"consume t -e -f '%o\n'").success().stdout();
        assert_eq!(seen.lines().count() as i64, end, "only what was published is seen");
        stopped.signal("CONT");
        stopped.finish().success();
        s.stdin("two\n").run("produce t --timeout 5s").success();
        let last = s.run(r"consume t -e -o -2 -f '%o %S\n'");
        assert_eq!(last.stdout(), format!("{end} 8388608\n{} 3\n", end + 1));
        return;
    }
}

/// Holds an exclusive POSIX lock on `path`, as Java's `FileChannel.tryLock` takes it.
fn hold_as_java(path: &std::path::Path) -> Child {
    let script = "use Fcntl qw(:DEFAULT :seek); open(F, '+>', $ARGV[0]) or die; \
                  my $lock = pack('s s x4 q q l x4', F_WRLCK, SEEK_SET, 0, 0, 0); \
                  fcntl(F, F_SETLK, $lock) or die; $| = 1; print \"held\\n\"; sleep 600";
    let mut command = Command::new("perl");
    command.args(["-e", script]).arg(path).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    child
}

#[test]
fn a_directory_that_a_broker_holds_can_be_read_and_not_written() {
    if !Need::Perl.met() {
        return;
    }
    let s = Sandbox::new();
    s.run("topics create t").success();
    s.stdin("one\n").run("produce t").success();
    let mut broker = hold_as_java(&s.log_dir().join(layout::BROKER_LOCK));
    let refused = format!("is locked by a Kafka broker (process {})", broker.id());
    for words in ["produce t", "topics create u", "topics delete t", "topics alter t -p 2"] {
        let run = s.stdin("two\n").run(words);
        assert!(run.code(5).stderr().contains(&refused), "{run}");
    }
    assert_eq!(s.run("consume t -e").success().stdout(), "one\n");
    assert!(s.run("topics list").success().stdout().contains('t'));
    broker.kill().unwrap();
    broker.wait().unwrap();
    s.stdin("two\n").run("produce t").success();
    // And the other way round: who writes keeps a broker from starting.
    let mut producer = s.spawn("produce t --report %o");
    producer.write(b"three\n");
    assert_eq!(producer.next_line().as_deref(), Some("2"));
    let lock = File::options().read(true).write(true).open(s.log_dir().join(layout::BROKER_LOCK));
    assert!(!sys::try_lock(&lock.unwrap(), LockKind::Exclusive, 0, 0).unwrap());
    producer.finish().success();
}

#[test]
fn a_partition_that_goes_before_it_is_written_to_was_deleted() {
    let s = Sandbox::new();
    s.run("topics create t -p 2").success();
    let mut producer = s.spawn("produce t --json --keep-partition --report %p");
    producer.write(b"{\"partition\":0,\"value\":\"a\"}\n");
    assert_eq!(producer.next_line().as_deref(), Some("0"));
    std::fs::remove_dir_all(s.log_dir().join("t-1")).unwrap();
    producer.write(b"{\"partition\":1,\"value\":\"b\"}\n");
    let run = producer.finish();
    assert!(run.code(8).stderr().contains("t-1 was deleted while it was in use"), "{run}");
    assert_eq!((counts(&run).persisted, counts(&run).not), (1, 1), "{run}");
    let run = s.run("consume t -e");
    assert!(run.code(8).stderr().contains("t-1 was deleted while it was in use"), "{run}");
    // The rest is shown.
    assert!(s.run("topics list").code(3).stderr().contains("t-1 is missing"));
    s.run("topics delete t").success();
    assert_eq!(s.run("topics list --no-headers").success().stdout(), "");
}
