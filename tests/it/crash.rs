//! Owns the trial by kill -9: several producers write records of 100 bytes to 8 MiB to one topic,
//! each is killed again and again, at random and in the middle of its writes, and readers look on.
//! Nothing acknowledged may be lost, doubled or out of order, and no torn record may ever be seen.
//!
//! `KAW_CRASH_SECONDS` is how long each of the two media is tried, `KAW_CRASH_SEED` repeats the
//! choices of a run (not its timing).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use kaw::config::LogConfig;
use kaw::disk::BootId;
use kaw::disk::batch::{BatchHeader, HEADER_BYTES};
use kaw::disk::layout::{self, SegmentFile};
use kaw::disk::reader::PartitionReader;
use kaw::disk::state::State;
use kaw::record::RecordBuffer;
use rand::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64;

use crate::history::{History, Id, Reading};
use crate::sandbox::Sandbox;

const TOPIC: &str = "t";
const PARTITIONS: i32 = 2;
const PRODUCERS: u32 = 3;
/// Producers above this one write the last record of each partition.
const CLOSERS: u32 = 100;
const RECORD_MAX_BYTES: usize = 8 << 20;
/// A round ends after this time, or when so much was written.
const ROUND: Duration = Duration::from_secs(4);
const ROUND_MAX_BYTES: u64 = 400 << 20;
/// What Kafka is given to read is smaller.
const KEPT_MAX_BYTES: u64 = 80 << 20;
/// Torn tails that each medium has to show, and how many times longer it may take for them.
const TORN_MIN: usize = 25;
const PATIENCE: u32 = 6;

/// A producer that is started anew whenever it was killed.
struct Slot {
    producer: u32,
    child: Mutex<Option<Child>>,
}

impl Slot {
    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap()
    }

    /// Kills what runs, if it is the process `pid`, or whatever it is.
    fn kill(&self, pid: Option<u32>) -> bool {
        match self.child().as_mut().filter(|child| pid.is_none_or(|pid| child.id() == pid)) {
            Some(child) => child.kill().is_ok(),
            None => false,
        }
    }
}

/// One topic, from its creation to the judgement.
struct Round<'a> {
    dir: &'a Path,
    slots: Vec<Slot>,
    over: AtomicBool,
    bytes: AtomicU64,
}

/// What one producer did.
#[derive(Default)]
struct Told {
    sent: u64,
    acked: Vec<(Id, i32, i64)>,
    complaints: Vec<String>,
}

/// What a campaign saw.
#[derive(Default)]
struct Seen {
    rounds: u32,
    kills: u32,
    caught: u32,
    torn: usize,
    torn_bytes: u64,
    records: usize,
    acked: usize,
    unacknowledged: usize,
    bytes: u64,
}

fn kaw(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kaw"));
    command.env_clear().env("KAW_LOG_DIR", dir).env("HOME", dir).env("TZ", "UTC");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn produce(dir: &Path, acks: &str, more: &[&str]) -> Child {
    let args = ["produce", TOPIC, "-q", "-K", "\t", "--report", "%p %o %k", "--acks", acks];
    kaw(dir).args(args).args(more).stdin(Stdio::piped()).spawn().unwrap()
}

/// Reads acknowledgements to the end of `out`. A line that was cut was not said.
fn listen(out: impl std::io::Read) -> Vec<(Id, i32, i64)> {
    let mut out = BufReader::new(out);
    let mut acked = Vec::new();
    let mut line = String::new();
    while out.read_line(&mut line).is_ok_and(|n| n > 0) && line.ends_with('\n') {
        let mut fields = line.split_whitespace();
        let mut field = || fields.next().unwrap();
        let (partition, offset) = (field().parse().unwrap(), field().parse().unwrap());
        acked.push((Id::parse(field()).unwrap(), partition, offset));
        line.clear();
    }
    acked
}

/// Writes one large record, or some, or many small ones.
fn burst(producer: u32, from: u64, random: &mut Pcg64, lines: &mut Vec<u8>) -> u64 {
    let (count, bytes) = match random.gen_range(0..10) {
        0..=3 => (1, random.gen_range(1 << 20..=RECORD_MAX_BYTES)),
        4 => (1, RECORD_MAX_BYTES),
        5..=6 => (random.gen_range(1..8), random.gen_range(10_000..300_000)),
        _ => (random.gen_range(1..200), random.gen_range(100..3000)),
    };
    for sequence in from..from + count {
        Id { producer, sequence }.write_line(bytes, lines);
    }
    from + count
}

impl Round<'_> {
    fn partition_path(&self, partition: i32) -> PathBuf {
        self.dir.join(format!("{TOPIC}-{partition}"))
    }

    /// Sends lines until the round is over, from one process after another.
    fn run_producer(&self, slot: &Slot, mut random: Pcg64) -> Told {
        let mut told = Told::default();
        while !self.over.load(Ordering::Acquire) {
            let acks = if random.gen_bool(0.5) { "1" } else { "all" };
            let mut child = produce(self.dir, acks, &[]);
            let mut stdin = child.stdin.take().unwrap();
            let (out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
            let hears = thread::spawn(move || listen(out));
            let reads = thread::spawn(move || {
                let mut text = String::new();
                drop(err.read_to_string(&mut text));
                text
            });
            *slot.child() = Some(child);
            let mut lines = Vec::new();
            while !self.over.load(Ordering::Acquire) {
                lines.clear();
                told.sent = burst(slot.producer, told.sent, &mut random, &mut lines);
                if stdin.write_all(&lines).is_err() {
                    break;
                }
                self.bytes.fetch_add(lines.len() as u64, Ordering::Relaxed);
            }
            drop(stdin);
            told.acked.extend(hears.join().unwrap());
            let stderr = reads.join().unwrap();
            let child = slot.child().take();
            let status = child.unwrap().wait().unwrap();
            // Killed, or done; anything else is a producer that failed by itself.
            if status.code().is_some_and(|code| code != 0) {
                told.complaints.push(format!("a producer ended with {status}: {stderr}"));
            }
        }
        told
    }

    /// Kills one producer after another: half of them at any moment, half of them when a log is
    /// seen to be longer than what was published.
    fn hunt(&self, max_bytes: u64, random: &mut Pcg64, seen: &mut Seen) {
        let until = Instant::now() + ROUND;
        while Instant::now() < until && self.bytes.load(Ordering::Relaxed) < max_bytes {
            if random.gen_bool(0.3) {
                thread::sleep(Duration::from_micros(random.gen_range(0..30_000)));
                let victim = &self.slots[random.gen_range(0..self.slots.len())];
                seen.kills += u32::from(victim.kill(None));
                continue;
            }
            let beyond = random.gen_range(1..2 << 20);
            let patience = Instant::now() + Duration::from_millis(300);
            while Instant::now() < patience {
                let writer = (0..PARTITIONS).find_map(|p| self.writer_beyond(p, beyond));
                if writer.is_some_and(|pid| self.slots.iter().any(|slot| slot.kill(Some(pid)))) {
                    seen.kills += 1;
                    seen.caught += 1;
                    break;
                }
                thread::sleep(Duration::from_micros(20));
            }
        }
    }

    /// The process that holds the lock, if the log has so many bytes more than were published.
    fn writer_beyond(&self, partition: i32, beyond: u64) -> Option<u32> {
        let path = self.partition_path(partition);
        let state = State::open(&path).ok()??;
        let end = state.end(&BootId::current())?;
        let log = layout::segment_file(&path, end.active_base, SegmentFile::Log);
        let bytes = fs::metadata(log).ok()?.len();
        (bytes > end.position + beyond).then(|| state.writer())
    }

    /// Reads all partitions until the round is over, and then to their ends.
    fn follow(&self, over: &AtomicBool) -> (Vec<Reading>, Vec<String>) {
        let mut complaints = Vec::new();
        let mut readers: Vec<_> = (0..PARTITIONS)
            .map(|p| Follower::new(&self.partition_path(p), p, "a follower"))
            .collect();
        loop {
            let last = over.load(Ordering::Acquire);
            let mut more = false;
            for reader in &mut readers {
                match reader.step() {
                    Ok(found) => more |= found,
                    Err(complaint) => {
                        complaints.push(complaint);
                        return (readers.into_iter().map(|r| r.reading).collect(), complaints);
                    }
                }
            }
            if !more && last {
                return (readers.into_iter().map(|r| r.reading).collect(), complaints);
            }
            if !more {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Counts the tails that were moved aside, and complains of those that were no torn batch.
    fn count_torn(&self, seen: &mut Seen, complaints: &mut Vec<String>) {
        for partition in 0..PARTITIONS {
            for entry in fs::read_dir(self.partition_path(partition)).unwrap() {
                let path = entry.unwrap().path();
                if !path.to_str().unwrap().contains(".log.cut-") {
                    continue;
                }
                let bytes = fs::read(&path).unwrap();
                let header = BatchHeader::parse(&bytes);
                let torn = bytes.len() < HEADER_BYTES
                    || header.is_ok_and(|header| header.size_bytes > bytes.len());
                if bytes.is_empty() || !torn {
                    complaints.push(format!("{} is no torn batch", path.display()));
                }
                seen.torn += 1;
                seen.torn_bytes += bytes.len() as u64;
            }
        }
    }
}

/// Reads one partition as another process would: through the state page, without a lock.
struct Follower {
    path: PathBuf,
    state: Option<State>,
    boot: BootId,
    reader: PartitionReader,
    buffer: RecordBuffer,
    end: i64,
    reading: Reading,
}

impl Follower {
    fn new(path: &Path, partition: i32, name: &str) -> Self {
        let max_message_bytes = RECORD_MAX_BYTES as i32 + 1024;
        let config = LogConfig { max_message_bytes, ..LogConfig::default() };
        Self {
            path: path.to_owned(),
            state: None,
            boot: BootId::current(),
            reader: PartitionReader::new(path, partition, 0, &config),
            buffer: RecordBuffer::default(),
            end: 0,
            reading: Reading { reader: name.to_owned(), partition, records: Vec::new() },
        }
    }

    /// Reads what there is, up to a window; answers whether there was anything.
    fn step(&mut self) -> Result<bool, String> {
        if self.state.is_none() {
            self.state = State::open(&self.path).map_err(|e| e.to_string())?;
        }
        let Some(end) = self.state.as_ref().and_then(|state| state.end(&self.boot)) else {
            return Ok(false);
        };
        if end.end_offset < self.end {
            return Err(format!("the end went back from {} to {}", self.end, end.end_offset));
        }
        self.end = end.end_offset;
        let read = self.reader.read(&end, i64::MAX, &mut self.buffer);
        read.map_err(|error| error.to_string())?;
        for span in &self.buffer.spans {
            let of = |slice: kaw::record::Slice| slice.of(&self.buffer.arena).unwrap_or_default();
            self.reading.records.push((span.offset, Id::check(of(span.key), of(span.value))?));
        }
        Ok(!self.buffer.is_empty())
    }

    /// Reads to the end as it is now.
    fn read_all(mut self, complaints: &mut Vec<String>) -> Reading {
        loop {
            match self.step() {
                Ok(true) => {}
                Ok(false) => return self.reading,
                Err(complaint) => {
                    complaints.push(complaint);
                    return self.reading;
                }
            }
        }
    }
}

/// A flag that is raised when its owner goes, be it by a panic: followers wait for it.
struct RaisedAtLast<'a>(&'a AtomicBool);

impl Drop for RaisedAtLast<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Runs one round in `dir`, and judges it.
fn run_round(dir: &Path, max_bytes: u64, random: &mut Pcg64, seen: &mut Seen) {
    let limits = [
        "-c",
        &format!("max.message.bytes={}", RECORD_MAX_BYTES + 1024),
        "-c",
        "segment.bytes=33554432",
    ];
    let create = ["topics", "create", TOPIC, "-p", &PARTITIONS.to_string()];
    assert!(kaw(dir).args(create).args(limits).output().unwrap().status.success());
    let slot = |producer| Slot { producer, child: Mutex::default() };
    let round = Round {
        dir,
        slots: (1..=PRODUCERS).map(slot).collect(),
        over: AtomicBool::new(false),
        bytes: AtomicU64::new(0),
    };
    let followers_over = AtomicBool::new(false);
    let mut history = History::default();
    thread::scope(|scope| {
        let _over = RaisedAtLast(&followers_over);
        let follower = scope.spawn(|| round.follow(&followers_over));
        let mut producers = Vec::new();
        for slot in &round.slots {
            let random = Pcg64::seed_from_u64(random.gen_range(0..u64::MAX));
            let round = &round;
            let run = scope.spawn(move || round.run_producer(slot, random));
            producers.push((slot.producer, run));
        }
        round.hunt(max_bytes, random, seen);
        round.over.store(true, Ordering::Release);
        for (producer, run) in producers {
            let told = run.join().unwrap();
            history.sent.insert(producer, told.sent);
            history.acked.extend(told.acked);
            history.complaints.extend(told.complaints);
        }
        close(dir, &mut history);
        followers_over.store(true, Ordering::Release);
        let (readings, complaints) = follower.join().unwrap();
        history.earlier.extend(readings);
        history.complaints.extend(complaints);
    });
    for partition in 0..PARTITIONS {
        let reader = Follower::new(&round.partition_path(partition), partition, "the last reader");
        history.last.push(reader.read_all(&mut history.complaints));
    }
    history.earlier.extend(as_consumed(dir));
    round.count_torn(seen, &mut history.complaints);
    seen.rounds += 1;
    seen.records += history.last.iter().map(|reading| reading.records.len()).sum::<usize>();
    seen.acked += history.acked.len();
    seen.unacknowledged += history.unacknowledged();
    seen.bytes += round.bytes.load(Ordering::Relaxed);
    history.assert_clean("a round of kills");
    let followed: usize = history.earlier.iter().map(|reading| reading.records.len()).sum();
    let last: usize = history.last.iter().map(|reading| reading.records.len()).sum();
    assert_eq!(followed, 2 * last, "a follower or `kaw consume` did not see everything");
}

/// Has one more process write to each partition, which finds what the killed ones left.
fn close(dir: &Path, history: &mut History) {
    for partition in 0..PARTITIONS {
        let id = Id { producer: CLOSERS + partition as u32, sequence: 0 };
        let mut child = produce(dir, "all", &["-p", &partition.to_string()]);
        let mut line = Vec::new();
        id.write_line(100, &mut line);
        child.stdin.take().unwrap().write_all(&line).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        history.sent.insert(id.producer, 1);
        history.acked.extend(listen(&output.stdout[..]));
    }
}

/// What `kaw consume` says is in the topic.
fn as_consumed(dir: &Path) -> Vec<Reading> {
    let output = kaw(dir).args(["consume", TOPIC, "-e", "-f", "%p %o %k\\n"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut readings: BTreeMap<i32, Reading> = BTreeMap::new();
    for (id, partition, offset) in listen(&output.stdout[..]) {
        let reader = "kaw consume".to_owned();
        let fresh = Reading { reader, partition, records: Vec::new() };
        readings.entry(partition).or_insert(fresh).records.push((offset, id));
    }
    readings.into_values().collect()
}

/// A number from the environment.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Runs rounds on one medium until the time is over and enough torn tails were seen.
fn run_campaign(medium: &str, parent: &Path, seed: u64) -> usize {
    let seconds = Duration::from_secs(setting("KAW_CRASH_SECONDS").unwrap_or(12));
    let mut random = Pcg64::seed_from_u64(seed);
    let mut seen = Seen::default();
    let started = Instant::now();
    if std::env::var_os("KAW_KEEP_LOGS").is_some() {
        let sandbox = Sandbox::new();
        run_round(&sandbox.log_dir(), KEPT_MAX_BYTES, &mut random, &mut seen);
    }
    while started.elapsed() < seconds
        || (seen.torn < TORN_MIN && started.elapsed() < seconds * PATIENCE)
    {
        let dir = tempfile::Builder::new().prefix("kaw-crash-").tempdir_in(parent).unwrap();
        run_round(&dir.path().join("log"), ROUND_MAX_BYTES, &mut random, &mut seen);
    }
    let mut report = String::new();
    writeln!(
        report,
        "\nkill -9 on {medium} (seed {seed}): {:.0?}, {} rounds, {} kills ({} in the middle of a \
         write), {} torn tails of {} MiB cut aside; {} records ({} MiB) in the log, {} of them \
         acknowledged, {} whole but unacknowledged",
        started.elapsed(),
        seen.rounds,
        seen.kills,
        seen.caught,
        seen.torn,
        seen.torn_bytes >> 20,
        seen.records,
        seen.bytes >> 20,
        seen.acked,
        seen.unacknowledged,
    )
    .unwrap();
    // Not `eprint!`: the test runner would keep it to itself.
    std::io::stderr().write_all(report.as_bytes()).unwrap();
    seen.torn
}

#[test]
fn nothing_acknowledged_is_lost_doubled_or_out_of_order_when_producers_are_killed() {
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let seed = setting("KAW_CRASH_SEED").unwrap_or(clock.subsec_nanos().into());
    let mut torn = run_campaign("the disk", Path::new(env!("CARGO_TARGET_TMPDIR")), seed);
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        torn += run_campaign("tmpfs", memory, seed);
    }
    assert!(torn >= 2 * TORN_MIN, "only {torn} torn tails were seen");
}

#[test]
fn a_tail_that_is_found_only_when_a_producer_ends_is_named_as_well() {
    let s = Sandbox::new();
    let mut producer = s.spawn("produce t --report %s");
    producer.write(b"a\n");
    assert_eq!(producer.next_line().as_deref(), Some("a"));
    // What a producer leaves that is killed in the middle of its batch.
    let log = s.log_dir().join("t-0/00000000000000000000.log");
    fs::File::options().append(true).open(log).unwrap().write_all(b"half a batch").unwrap();
    let run = producer.finish();
    assert!(run.success().stderr().contains(TOLD), "{run}");
    assert_eq!(s.run("consume t -e").success().stdout(), "a\n");
}

/// What is said of half a batch that was moved aside, behind one of 69 bytes.
const TOLD: &str = "warning: t-0: 12 bytes that were not whole, at position 69 of \
                    00000000000000000000.log, were moved to ";

#[test]
fn a_tail_that_a_reader_finds_is_named_by_it_once() {
    let s = Sandbox::new();
    s.stdin(&b"a\n"[..]).run("produce t").success();
    s.run("consume t -e -g g").success();
    let partition = s.log_dir().join("t-0");
    for command in [
        "consume t -e",
        "consume t -n 1",
        "consume t -e --merge",
        "consume t -e -g other",
        "topics list",
        "topics describe t",
        "lag g",
        "lag --watch 1ms --count 3",
        "copy t u",
        "topics trim t --to 0",
    ] {
        // What a machine leaves that died in the middle of a batch.
        fs::remove_file(partition.join(".kaw-state")).unwrap();
        let log = partition.join("00000000000000000000.log");
        fs::File::options().append(true).open(log).unwrap().write_all(b"half a batch").unwrap();
        let run = s.run(command);
        let told = run.success().stderr();
        assert_eq!(told.matches("warning:").count(), 1, "{run}");
        assert!(told.contains(TOLD), "{run}");
    }
}
