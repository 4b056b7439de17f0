//! Owns watching the program by a library that is put between it and its files
//! (`tests/faults/shim.c`), and judging what is left when some calls failed, or the power. Leaves
//! failing calls to `faults_errno`, and power cuts to `faults_power`.
//!
//! `KAW_FAULTS_MORE` tries every errno at every call, and more power cuts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use kaw::config::LogConfig;
use kaw::disk::batch::{BatchEncoder, EncodedBatch, ProducerStamp};
use kaw::disk::care::Place;
use kaw::disk::directory::LogDirectory;
use kaw::disk::error::DiskError;
use kaw::disk::offsets::{self, OffsetsLog};
use kaw::disk::partition::PartitionLog;
use kaw::disk::reader::PartitionReader;
use kaw::disk::registry::Registry;
use kaw::disk::verify::{Pace, verify_top};
use kaw::group::GroupId;
use kaw::record::{Compression, RecordBuffer, Slice, Span};
use kaw::topic::TopicName;

use crate::faults_disk::{Call, Kind};

/// What a command is to do, as far as the judge has to know.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    Create(&'static str),
    /// Of a topic that keeps the last record of each key.
    CreateCompact(&'static str),
    Produce(&'static str),
    Delete(&'static str),
    /// Deletes the records of partition 0 before an offset.
    Trim(&'static str, i64),
    /// Deletes records by the topic's config.
    Retain(&'static str),
    /// Commits an offset of group `g` for partition 0 of `t`, to be found there from then on.
    Commit(i64),
    /// The same as a consumer does it: it may have to be read again.
    Consume(i64),
    /// Produces, so that the same command again leaves each record once.
    Resume(&'static str),
    /// Copies a topic, so that the same command again leaves each record once.
    Copy(&'static str, &'static str),
    /// Damages the log of a topic, by hand: these offsets are lost.
    Damage(&'static str, &'static [i64]),
    /// Changes nothing that a user sees.
    Other,
}

/// One command of a scenario.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub act: Act,
    pub words: &'static str,
    pub stdin: &'static str,
}

/// A command without input.
pub const fn step(act: Act, words: &'static str) -> Step {
    Step { act, words, stdin: "" }
}

/// A producer of lines `key=value`; `words` follow its topic.
pub const fn produce(topic: &'static str, words: &'static str, stdin: &'static str) -> Step {
    Step { act: Act::Produce(topic), words, stdin }
}

/// What was said to the user, and so has to hold.
#[derive(Clone, Debug, Default)]
pub struct Told {
    acked: BTreeMap<(String, i32, i64), String>,
    sent: BTreeSet<(String, String)>,
    /// Topics that are there, are not, or are on their way.
    topics: BTreeMap<String, Option<bool>>,
    compact: BTreeSet<String>,
    /// Offsets that a trim has said it deleted, or has begun to delete.
    trimmed: BTreeMap<String, (i64, i64)>,
    /// What may be committed; `None` is nothing.
    committed: BTreeSet<Option<i64>>,
    /// What is to be done again, so that each record of a topic is there once.
    again: Option<(Step, &'static str)>,
    /// Offsets whose records were damaged by hand.
    holes: BTreeSet<(String, i64)>,
    line: String,
}

impl Told {
    /// Takes note that a step is begun.
    pub fn begin(&mut self, step: &Step) {
        match step.act {
            Act::Create(topic) | Act::CreateCompact(topic) | Act::Delete(topic) => {
                self.topics.insert(topic.to_owned(), None);
                if let Act::CreateCompact(_) = step.act {
                    self.compact.insert(topic.to_owned());
                }
            }
            Act::Produce(topic) | Act::Resume(topic) => {
                let is_there = self.topics.entry(topic.to_owned()).or_default();
                // It is made where it is missing.
                *is_there = is_there.filter(|is_there| *is_there);
                let sent = step.stdin.lines().map(|line| (topic.to_owned(), line.to_owned()));
                self.sent.extend(sent);
                if let Act::Resume(_) = step.act {
                    self.again = Some((*step, topic));
                }
            }
            Act::Copy(from, to) => {
                self.topics.insert(to.to_owned(), None);
                let of = self.sent.iter().filter(|(topic, _)| topic == from);
                let copies: Vec<_> =
                    of.map(|(_, record)| (to.to_owned(), record.clone())).collect();
                self.sent.extend(copies);
                self.again = Some((*step, to));
            }
            Act::Trim(topic, to) => self.trimmed.entry(topic.to_owned()).or_default().1 = to,
            Act::Retain(topic) => self.trimmed.entry(topic.to_owned()).or_default().1 = i64::MAX,
            Act::Commit(to) | Act::Consume(to) => {
                if self.committed.is_empty() {
                    self.committed.insert(None);
                }
                self.committed.insert(Some(to));
            }
            Act::Damage(topic, offsets) => {
                self.acked.retain(|(of, _, at), _| of != topic || !offsets.contains(at));
                self.holes.extend(offsets.iter().map(|at| (topic.to_owned(), *at)));
            }
            Act::Other => {}
        }
    }

    /// Takes a part of a step's stdout: lines of a producer's report.
    pub fn hear(&mut self, step: &Step, bytes: &[u8]) {
        let (Act::Produce(_) | Act::Resume(_)) = step.act else { return };
        self.line.push_str(str::from_utf8(bytes).unwrap());
        while let Some((line, rest)) = self.line.split_once('\n') {
            let mut words = line.splitn(4, ' ');
            let mut word = || words.next().unwrap().to_owned();
            let (topic, partition, offset) = (word(), word(), word());
            let at = (topic.clone(), partition.parse().unwrap(), offset.parse().unwrap());
            let known = self.acked.insert(at, word());
            assert_eq!(known, None, "an offset is given twice: {line}");
            self.topics.insert(topic, Some(true));
            self.line = rest.to_owned();
        }
    }

    /// Takes note that a step has ended well.
    pub fn end(&mut self, step: &Step) {
        assert_eq!(self.line, "", "a line of the report is not whole");
        match step.act {
            Act::Create(topic)
            | Act::CreateCompact(topic)
            | Act::Copy(_, topic)
            | Act::Resume(topic) => {
                self.topics.insert(topic.to_owned(), Some(true));
            }
            Act::Delete(topic) => {
                self.topics.insert(topic.to_owned(), Some(false));
                self.acked.retain(|(of, _, _), _| of != topic);
            }
            Act::Trim(topic, to) => self.trimmed.entry(topic.to_owned()).or_default().0 = to,
            Act::Commit(to) => self.committed = [Some(to)].into(),
            _ => {}
        }
    }
}

impl Told {
    /// The same, if nothing but what the program says of itself had to hold.
    #[must_use]
    pub fn without_acks(&self) -> Self {
        let topics = self.topics.keys().map(|topic| (topic.clone(), None)).collect();
        let trimmed = self.trimmed.iter().map(|(topic, (_, to))| (topic.clone(), (0, *to)));
        let trimmed = trimmed.collect();
        let (acked, committed) = (BTreeMap::new(), BTreeSet::new());
        Self { acked, topics, trimmed, committed, again: None, ..self.clone() }
    }
}

/// What is wrong with what is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Something that was acknowledged is not there.
    Lost(String),
    /// Anything else.
    Bad(String),
}

type Verdict<T = ()> = Result<T, Wrong>;

fn bad<T>(what: impl Into<String>) -> Verdict<T> {
    Err(Wrong::Bad(what.into()))
}

fn lost<T>(what: impl Into<String>) -> Verdict<T> {
    Err(Wrong::Lost(what.into()))
}

impl From<DiskError> for Wrong {
    fn from(error: DiskError) -> Self {
        Self::Bad(error.to_string())
    }
}

type Records = BTreeMap<i64, String>;

/// Every record of a partition, as `key=value`.
fn read(
    directory: &LogDirectory,
    topic: &TopicName,
    partition: i32,
    config: &LogConfig,
) -> Verdict<(Records, i64, i64)> {
    let mut log = directory.open_partition(topic, partition, config)?;
    // As every producer does first.
    log.check_fence()?;
    let end = log.end()?;
    let path = directory.partition_path(topic, partition);
    let mut reader = PartitionReader::new(&path, partition, end.start_offset, config);
    let (mut buffer, mut records) = (RecordBuffer::default(), Records::new());
    while reader.next_offset() < end.end_offset {
        reader.read(&end, i64::MAX, &mut buffer)?;
        for span in &buffer.spans {
            let of = |slice: Slice| {
                String::from_utf8_lossy(slice.of(&buffer.arena).unwrap_or_default()).into_owned()
            };
            records.insert(span.offset, format!("{}={}", of(span.key), of(span.value)));
        }
    }
    Ok((records, end.start_offset, end.end_offset))
}

/// A batch of one record.
fn batch() -> EncodedBatch {
    let mut buffer = RecordBuffer::default();
    let (key, value) = (buffer.store(b"last"), buffer.store(b"one"));
    buffer.spans.push(Span::new(key, value, 1_700_000_000_000));
    let mut encoder = BatchEncoder::new(Compression::None);
    buffer.spans.iter().for_each(|span| encoder.push(span, &buffer));
    encoder.finish(ProducerStamp::NONE, EncodedBatch::default()).unwrap()
}

/// The judge of what is left in `log`.
struct Judge<'a> {
    told: &'a Told,
    directory: LogDirectory,
    registry: Registry,
}

/// Judges what is left below `root`: it opens, what was acknowledged is there, nothing is there
/// that nobody sent, it takes records, and a check finds nothing wrong.
pub fn judge(root: &Path, told: &Told) -> Verdict {
    let log = root.join("log");
    let mut told = told.clone();
    if let Some((step, _)) = &told.again {
        let step = *step;
        let run = run(root, &step);
        if run.status.code() != Some(0) {
            return bad(format!("again: {}", String::from_utf8_lossy(&run.stderr)));
        }
        told.end(&step);
    }
    let told = &told;
    if !log.exists() {
        let made = told.topics.iter().find(|(_, is_there)| **is_there == Some(true));
        return made.map_or(Ok(()), |(topic, _)| lost(format!("the directory, with {topic}")));
    }
    let directory = LogDirectory::open_to_write(&log)?;
    let registry = directory.registry()?;
    let judge = Judge { told, directory, registry };
    judge.topics()?;
    let mut records = BTreeMap::new();
    for (name, topic) in &judge.registry.topics {
        let pairs: Vec<_> = topic.configs.clone().into_iter().collect();
        let config = LogConfig::from_pairs(&pairs).map_err(Wrong::Bad)?;
        for partition in 0..topic.partitions {
            if told.holes.iter().any(|(topic, _)| topic == name.as_str()) {
                let mut log = judge.directory.open_partition(name, partition, &config)?;
                log.repair(topic.id, 0)?;
            }
            let here = judge.partition(name, partition, &config)?;
            *records.entry(name.as_str()).or_default() += here.len();
            let place =
                Place { directory: &judge.directory, topic: name, partition, config: &config };
            let checked = place.verify(topic.id, &Pace::default())?;
            let is_index = |path: &Path| {
                path.extension().is_some_and(|kind| kind == "index" || kind == "timeindex")
            };
            let found = || checked.findings.iter().filter(|finding| finding.is_damage);
            if !found().all(|finding| is_index(&finding.path)) {
                return bad(format!("{name}-{partition}: {:?}", checked.findings));
            }
            if found().count() > 0 {
                // An index is a hint, whose half entry a disk that failed for good kept.
                let mut log = judge.directory.open_partition(name, partition, &config)?;
                log.repair(topic.id, 0)?;
                if place.verify(topic.id, &Pace::default())?.is_damaged() {
                    return bad(format!("{name}-{partition}: its indexes cannot be mended"));
                }
            }
        }
    }
    if let Some((_, topic)) = told.again {
        let sent = told.sent.iter().filter(|(of, _)| of == topic).count();
        if records.get(topic) != Some(&sent) {
            return lost(format!("once only: {topic} has {:?} of {sent}", records.get(topic)));
        }
    }
    judge.committed()?;
    let checked = verify_top(&log)?;
    if checked.is_damaged() { bad(format!("{:?}", checked.findings)) } else { Ok(()) }
}

impl Judge<'_> {
    fn topics(&self) -> Verdict {
        for (topic, is_there) in &self.told.topics {
            let found = self.registry.topics.contains_key(&TopicName::new(topic).unwrap());
            match is_there {
                Some(true) if !found => return lost(format!("topic {topic}")),
                Some(false) if found => return lost(format!("the deletion of topic {topic}")),
                _ => {}
            }
        }
        // A topic that is to be made can be made, whatever was left of it.
        for (topic, _) in self.told.topics.iter().filter(|(_, is_there)| is_there.is_none()) {
            let name = TopicName::new(topic).unwrap();
            if !self.registry.topics.contains_key(&name) {
                let mut change = self.directory.change()?;
                change.add_partitions(&name, 2)?;
                change.commit(0)?;
                change.delete(&name, 0)?;
            }
        }
        Ok(())
    }

    fn partition(&self, name: &TopicName, partition: i32, config: &LogConfig) -> Verdict<Records> {
        let (records, start, end) = read(&self.directory, name, partition, config)?;
        let of = |what: String| format!("{name}-{partition}: {what}");
        let (done, begun) = self.told.trimmed.get(name.as_str()).copied().unwrap_or_default();
        if partition == 0 && start < done {
            return lost(of(format!("it begins at {start}, and was trimmed to {done}")));
        }
        let is_known = self.told.topics.get(name.as_str()).is_some_and(Option::is_some);
        let is_compact = self.told.compact.contains(name.as_str());
        let is_internal = name.as_str() == offsets::TOPIC;
        for (offset, record) in records.iter().filter(|_| !is_internal) {
            if !self.told.sent.contains(&(name.to_string(), record.clone())) {
                return bad(of(format!("nobody sent {record:?}, at {offset}")));
            }
        }
        let is_hole = |at: &i64| self.told.holes.contains(&(name.to_string(), *at));
        let due = (start..end).filter(|at| !is_hole(at));
        if !is_compact && !is_internal && records.keys().copied().ne(due) {
            return bad(of(format!("{start}..{end} has the offsets {:?}", records.keys())));
        }
        let key = |record: &str| record.split_once('=').unwrap().0.to_owned();
        let acked = self.told.acked.iter();
        for ((_, _, offset), record) in
            acked.filter(|((topic, n, _), _)| topic == name.as_str() && *n == partition)
        {
            let found = records.get(offset);
            let was_replaced = || {
                let later = records.range(offset..);
                is_compact && later.into_iter().any(|(_, later)| key(later) == key(record))
            };
            if found.is_some_and(|found| found != record) {
                return bad(of(format!("{found:?} stands where {record:?} was, at {offset}")));
            }
            if found.is_none() && is_known && *offset >= begun && !was_replaced() {
                return lost(of(format!("{record:?}, at {offset}; it ends at {end}")));
            }
        }
        let mut log = self.directory.open_partition(name, partition, config)?;
        let appended = log.append(&mut batch(), 1_700_000_000_000)?;
        let path = self.directory.partition_path(name, partition);
        PartitionLog::sync(log.state(), &path, &appended)?;
        if appended.base_offset != end {
            return bad(of(format!("{} is the offset behind {end}", appended.base_offset)));
        }
        let (again, _, _) = read(&self.directory, name, partition, config)?;
        if again.len() != records.len() + 1 || records.iter().any(|(at, r)| again[at] != *r) {
            return bad(of(format!("another record changes {records:?} to {again:?}")));
        }
        Ok(records)
    }

    fn committed(&self) -> Verdict {
        if self.told.committed.is_empty() {
            return Ok(());
        }
        let group = GroupId::new("g").unwrap();
        let mut found = None;
        if let Some(log) = OffsetsLog::open(&self.directory)? {
            let table = log.read(&group)?;
            found = table.offsets.iter().find(|(of, _)| of.partition == 0).map(|(_, at)| at.offset);
        }
        if self.told.committed.contains(&found) {
            return Ok(());
        }
        lost(format!("the commit of {:?}; it is {found:?}", self.told.committed))
    }
}

/// The library that is put between a program and its files, compiled once.
fn shim() -> &'static Path {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/shim.c");
        let beside = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let made = beside.path().join("shim.so");
        let mut command = Command::new("cc");
        command.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&made).arg(source).arg("-ldl");
        let output = command.output().expect("a C compiler, which building kaw needs as well");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults.so");
        fs::rename(&made, &to).unwrap();
        to
    })
}

/// What a watched run did.
pub struct Watched {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub calls: Vec<Call>,
}

/// The command of a step, in `root`.
fn command(root: &Path, step: &Step) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kaw"));
    if let Act::Produce(topic) | Act::Resume(topic) = step.act {
        command.args(["produce", topic, "-K", "=", "--report", "%t %p %o %k=%s"]);
    }
    command.args(step.words.split_whitespace());
    command.env_clear().env("KAW_LOG_DIR", root.join("log")).env("HOME", root).env("TZ", "UTC");
    // What a command leaves where it is run is not of the directory.
    let here = root.with_extension("here");
    drop(fs::remove_dir_all(&here));
    fs::create_dir(&here).unwrap();
    command.current_dir(here);
    command
}

/// Runs a command to its end.
fn finish(mut command: Command, step: &Step) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // It may end before it has read its input.
    drop(stdin.write_all(step.stdin.as_bytes()));
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// Runs a step in `root`, and nobody watches.
fn run(root: &Path, step: &Step) -> Output {
    finish(command(root, step), step)
}

/// Runs a step in `root`, with these variables for the library.
pub fn watch(root: &Path, step: &Step, faults: &[(&str, &str)]) -> Watched {
    let trace = root.with_extension("trace");
    drop(fs::remove_file(&trace));
    let mut command = command(root, step);
    command.env("LD_PRELOAD", shim()).env("FAULTS_DIR", root);
    command.env("FAULTS_TRACE", &trace).envs(faults.iter().copied());
    let output = finish(command, step);
    Watched {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        calls: Call::all(&fs::read(&trace).unwrap()),
    }
}

/// What the tests do by hand before a step: the calls of it.
pub fn prepare(root: &Path, step: &Step) -> Vec<Call> {
    let Act::Damage(topic, _) = step.act else { return Vec::new() };
    let path = root.join(format!("log/{topic}-0/00000000000000000000.log"));
    let mut bytes = fs::read(&path).unwrap();
    // A record of its second batch.
    let second = u32::from_be_bytes(*bytes[8..].first_chunk().unwrap()) as usize + 12;
    bytes[second + 65] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let write = Call {
        kind: Kind::Write,
        error: 0,
        inode: fs::metadata(&path).unwrap().ino(),
        parent: 0,
        number: 0,
        name: String::new(),
        bytes,
    };
    let sync = Call { kind: Kind::Sync, bytes: Vec::new(), ..write.clone() };
    vec![write, sync]
}

/// Makes a directory whose groups have one partition, and not the fifty that slow everything down.
pub fn prepare_groups(root: &Path) {
    let directory = LogDirectory::open_to_write(&root.join("log")).unwrap();
    let mut change = directory.change().unwrap();
    let name = TopicName::new(offsets::TOPIC).unwrap();
    change.add_partitions(&name, 1).unwrap();
    let configs = [("cleanup.policy".to_owned(), "compact".to_owned())];
    change.registry.topics.get_mut(&name).unwrap().configs.extend(configs);
    change.commit(0).unwrap();
}

/// Says how much was tried.
pub fn tell(what: impl std::fmt::Display) {
    drop(writeln!(std::io::stderr(), "{what}"));
}

/// A place for files that come and go, in memory where that can be.
pub fn place() -> tempfile::TempDir {
    let mut builder = tempfile::Builder::new();
    builder.prefix("faults-");
    builder.tempdir_in("/dev/shm").or_else(|_| builder.tempdir()).unwrap()
}

/// Whether to try more than there is time for on every run.
pub fn wants_more() -> bool {
    std::env::var_os("KAW_FAULTS_MORE").is_some()
}
