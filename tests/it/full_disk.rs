//! Owns the trial of disks that are full, and of directories that take no writes: what fails is not
//! acknowledged and leaves nothing behind, what was acknowledged stays, and all goes on when there
//! is space again. The disks are small tmpfs mounts, which takes root.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use kaw::config::LogConfig;
use kaw::disk::BootId;
use kaw::disk::batch::{BatchEncoder, EncodedBatch, ProducerStamp};
use kaw::disk::error::DiskError;
use kaw::disk::layout::{self, SegmentFile};
use kaw::disk::partition::PartitionLog;
use kaw::disk::segment;
use kaw::record::{Compression, RecordBuffer, Slice, Span};

use crate::needs::Need;
use crate::processes::counts;
use crate::sandbox::{Run, Sandbox};

const PAGE: usize = 4096;

/// A disk of its own, gone when it is dropped.
struct SmallDisk {
    root: PathBuf,
}

impl SmallDisk {
    /// Mounts one in the place of the sandbox's log directory; its parent is the root of the disk.
    fn new(s: &Sandbox, options: &str) -> Self {
        s.damaged();
        let root = s.log_dir();
        fs::create_dir(&root).unwrap();
        let disk = Self { root };
        disk.mount(&["-t", "tmpfs", "-o", &format!("{options},mode=0700"), "none"]);
        disk
    }

    fn mount(&self, args: &[&str]) {
        let status = Command::new("mount").args(args).arg(&self.root).status().unwrap();
        assert!(status.success(), "mount {args:?}");
    }

    fn filler(&self) -> PathBuf {
        self.root.join("filler")
    }

    /// Leaves `free` bytes.
    fn fill(&self, free: usize) {
        let mut filler = Vec::new();
        while fs::write(self.filler(), &filler).is_ok() {
            filler.resize(filler.len() + (64 << 10), 0);
        }
        let taken = fs::metadata(self.filler()).unwrap().len() as usize;
        let keep = (taken / PAGE * PAGE).checked_sub(free).unwrap();
        File::options().write(true).open(self.filler()).unwrap().set_len(keep as u64).unwrap();
    }

    /// Gives the space back. Emptied first: a process that another test is starting right now has
    /// the file open until it runs.
    fn clear(&self) {
        File::options().write(true).open(self.filler()).unwrap().set_len(0).unwrap();
        fs::remove_file(self.filler()).unwrap();
    }

    /// Files of partition 0 of `t` whose names have `part` in them.
    fn files(&self, part: &str) -> Vec<String> {
        let names = fs::read_dir(self.root.join("t-0")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains(part)).collect()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.root).status());
    }
}

/// Lines of `bytes` bytes that begin with their number.
fn lines(from: usize, count: usize, bytes: usize) -> String {
    let mut lines = String::new();
    for n in from..from + count {
        writeln!(lines, "{n:07}{}", "x".repeat(bytes - 7)).unwrap();
    }
    lines
}

/// The numbers at the start of the lines of `text`.
fn numbers(text: &str) -> Vec<usize> {
    text.lines().map(|line| line[..7].parse().unwrap()).collect()
}

/// Checks a run that met a full disk: exit code 5, one line of error, counts that add up to what
/// was read, and a report of exactly those that were persisted.
#[track_caller]
fn assert_failed_cleanly(run: &Run, reason: &str) -> u64 {
    let stderr = run.code(5).stderr();
    let errors: Vec<_> = stderr.lines().filter(|line| line.starts_with("kaw:")).collect();
    assert_eq!(errors.len(), 1, "{run}");
    assert!(errors[0].to_lowercase().contains(reason), "{run}");
    let counts = counts(run);
    assert_eq!(counts.read, counts.persisted + counts.not + counts.maybe, "{run}");
    assert!(counts.not > 0 && counts.maybe == 0, "{run}");
    assert_eq!(run.stdout().lines().count() as u64, counts.persisted, "{run}");
    counts.persisted
}

#[test]
fn a_disk_that_fills_in_the_middle_of_a_batch_loses_nothing_and_goes_on() {
    if !Need::Mount.met() {
        return;
    }
    let s = Sandbox::new();
    let disk = SmallDisk::new(&s, "size=4m");
    s.run("topics create t").success();
    s.stdin(lines(0, 10, 100)).run("produce t").success();
    disk.fill(500_000);
    let produce = "produce t --report '%o %s'";
    let persisted = assert_failed_cleanly(
        &s.stdin(lines(10, 10_000, 1000)).run(produce),
        "no space left on device",
    );
    assert!(persisted > 100, "{persisted}");
    let due: Vec<usize> = (0..10 + persisted as usize).collect();
    let consume = || numbers(&s.run("consume t -e").success().stdout());
    assert_eq!(consume(), due, "nothing of a batch that failed is visible");
    let log = layout::segment_file(&disk.root.join("t-0"), 0, SegmentFile::Log);
    let published = fs::metadata(&log).unwrap().len();
    let listed = s.run("topics describe t --json").success().items().next().unwrap();
    assert_eq!(listed["partitions"][0]["bytes"], published, "and nothing of it stays on the disk");
    // What still fits is still taken: the failed batch gave its space back.
    let next = 10 + persisted as usize;
    s.stdin(lines(next, 1, 100)).run(produce).success();
    assert_eq!(disk.files(".cut-"), [""; 0]);
    disk.clear();
    let run = s.stdin(lines(next + 1, 500, 1000)).run(produce);
    let first = format!("{} {:07}", next + 1, next + 1);
    assert!(run.success().stdout().starts_with(&first), "{run}");
    assert_eq!(consume(), (0..next + 501).collect::<Vec<_>>());
}

#[test]
fn a_large_batch_that_does_not_fit_leaves_room_for_a_small_one() {
    if !Need::Mount.met() {
        return;
    }
    let s = Sandbox::new();
    let disk = SmallDisk::new(&s, "size=8m");
    s.run("topics create t -c max.message.bytes=4000000").success();
    s.stdin("0000000\n").run("produce t").success();
    disk.fill(300_000);
    for _ in 0..3 {
        let run = s.stdin(lines(1, 1, 2_000_000)).run("produce t --report %o");
        assert_eq!(assert_failed_cleanly(&run, "no space left on device"), 0);
    }
    s.stdin("0000001\n").run("produce t").success();
    assert_eq!(numbers(&s.run("consume t -e").stdout()), [0, 1]);
    assert_eq!(disk.files(".cut-"), [""; 0]);
}

#[test]
fn a_torn_tail_that_cannot_be_moved_aside_for_want_of_space_stays_until_it_can() {
    if !Need::Mount.met() {
        return;
    }
    let s = Sandbox::new();
    let disk = SmallDisk::new(&s, "size=4m");
    s.run("topics create t").success();
    s.stdin("0000000\n").run("produce t").success();
    let log = layout::segment_file(&disk.root.join("t-0"), 0, SegmentFile::Log);
    let whole = fs::read(&log).unwrap();
    // What a writer leaves that is killed in the middle of a large batch.
    let mut torn = whole.clone();
    torn.extend_from_slice(&whole[..61]);
    torn.resize(whole.len() + 600_000, b'x');
    torn[whole.len() + 8..whole.len() + 12].copy_from_slice(&700_000_u32.to_be_bytes());
    fs::write(&log, &torn).unwrap();
    disk.fill(100_000);
    for _ in 0..3 {
        let run = s.stdin("0000001\n").run("produce t --report %o");
        assert_failed_cleanly(&run, "no space left on device");
    }
    assert_eq!(fs::read(&log).unwrap(), torn, "recovery destroys no bytes");
    assert_eq!(disk.files(".cut-"), [""; 0], "half a copy is no copy");
    assert_eq!(numbers(&s.run("consume t -e").success().stdout()), [0]);
    disk.clear();
    s.stdin("0000001\n").run("produce t").success();
    assert_eq!(numbers(&s.run("consume t -e").stdout()), [0, 1]);
    let cut = disk.files(".cut-");
    assert_eq!(cut.len(), 1);
    assert_eq!(fs::read(disk.root.join("t-0").join(&cut[0])).unwrap(), torn[whole.len()..]);
}

#[test]
fn every_amount_of_free_space_ends_in_all_or_nothing() {
    if !Need::Mount.met() {
        return;
    }
    let (mut failed, mut done) = (0, 0);
    // From nothing to enough: the topic, the state page, the files of the segment, the batch, the
    // index entry and the snapshot each meet the end of the disk in one of them.
    for pages in 0..26 {
        let s = Sandbox::new();
        let disk = SmallDisk::new(&s, "size=2m");
        disk.fill(pages * PAGE);
        assert_all_or_nothing(&s, &mut failed, &mut done);
        disk.clear();
        assert_goes_on(&s);
    }
    assert!(failed > 5 && done > 5, "{failed} failed, {done} did not");
}

#[test]
fn every_number_of_free_files_ends_in_all_or_nothing() {
    if !Need::Mount.met() {
        return;
    }
    let (mut failed, mut done) = (0, 0);
    for files in 1..26 {
        let s = Sandbox::new();
        let disk = SmallDisk::new(&s, &format!("size=16m,nr_inodes={files}"));
        assert_all_or_nothing(&s, &mut failed, &mut done);
        disk.mount(&["-o", "remount,nr_inodes=1000"]);
        assert_goes_on(&s);
    }
    assert!(failed > 5 && done > 5, "{failed} failed, {done} did not");
}

/// Produces to a topic that has to be made, and over a roll; checks that each run did all or said
/// that it did not, that what it reported is there and nothing else, and that reading, listing and
/// deleting work.
fn assert_all_or_nothing(s: &Sandbox, failed: &mut u32, done: &mut u32) {
    let create = s.run("topics create t -c segment.bytes=1048576");
    let created = create.status().code() == Some(0);
    if !created {
        let shown = create.code(5).stderr().to_lowercase();
        assert!(shown.contains("no space left on device"), "{create}");
        assert_eq!(shown.lines().count(), 1, "{create}");
        assert_eq!(s.run("topics list --no-headers").success().stdout(), "", "{create}");
    }
    let mut due: Vec<usize> = Vec::new();
    for count in [3, 40, 1200] {
        let from = due.len();
        let run = s.stdin(lines(from, count, 1000)).run("produce t --report %s");
        let persisted = numbers(&run.stdout());
        assert_eq!(persisted, (from..from + persisted.len()).collect::<Vec<_>>(), "{run}");
        due.extend(&persisted);
        if persisted.len() == count {
            run.success();
            *done += 1;
        } else {
            assert!(run.code(5).stderr().to_lowercase().contains("no space left"), "{run}");
            *failed += 1;
        }
        if !s.run("topics list --no-headers").success().stdout().is_empty() {
            assert_eq!(numbers(&s.run("consume t -e").success().stdout()), due, "{run}");
            s.run("topics describe t").success();
        }
    }
}

/// Checks that there is life after space returned.
fn assert_goes_on(s: &Sandbox) {
    let before = if s.run("topics list --no-headers").success().stdout().is_empty() {
        0
    } else {
        s.run("consume t -e").success().stdout().lines().count()
    };
    s.stdin(lines(before, 300, 1000)).run("produce t").success();
    let after = s.run(r"consume t -e -f '%o %s\n'").success().stdout();
    for (n, line) in after.lines().enumerate() {
        assert!(line.starts_with(&format!("{n} {n:07}")), "{line} where {n} is due");
    }
    assert_eq!(after.lines().count(), before + 300);
    let root = s.log_dir();
    let names = fs::read_dir(root).unwrap();
    let names: Vec<_> = names.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let left = |name: &String| name.contains("-stray") || name.contains(".tmp");
    assert!(!names.iter().any(left), "something was left behind: {names:?}");
    s.run("topics delete t").success();
}

#[test]
fn topics_can_be_deleted_on_a_full_disk() {
    if !Need::Mount.met() {
        return;
    }
    let s = Sandbox::new();
    let disk = SmallDisk::new(&s, "size=4m");
    s.run("topics create t u -p 2").success();
    for topic in ["t", "u"] {
        s.stdin(lines(0, 100, 1000)).run(&format!("produce {topic}")).success();
    }
    disk.fill(0);
    assert!(s.run("topics list").success().stdout().contains('u'));
    s.run("topics delete t").success();
    let listed = s.run("topics list --no-headers").success().stdout();
    assert!(listed.starts_with('u') && listed.lines().count() == 1, "{listed}");
    assert_eq!(s.run("consume u -e").success().stdout().lines().count(), 100);
    assert!(!disk.root.join("t-0").exists());
    // What it held is free again.
    s.stdin(lines(0, 30, 1000)).run("produce u").success();
    disk.clear();
    s.stdin(lines(0, 3, 100)).run("produce t").success();
    assert_eq!(numbers(&s.run("consume t -e").stdout()), [0, 1, 2]);
}

/// A batch of one record.
fn batch(value: &[u8]) -> EncodedBatch {
    let mut buffer = RecordBuffer::default();
    let value = buffer.store(value);
    buffer.spans.push(Span::new(Slice::NULL, value, 1000));
    let mut encoder = BatchEncoder::new(Compression::None);
    buffer.spans.iter().for_each(|span| encoder.push(span, &buffer));
    encoder.finish(ProducerStamp::NONE, EncodedBatch::default()).unwrap()
}

#[test]
fn the_same_log_goes_on_when_there_is_space_again() {
    if !Need::Mount.met() {
        return;
    }
    let s = Sandbox::new();
    let disk = SmallDisk::new(&s, "size=4m");
    let path = disk.root.join("t-0");
    fs::create_dir(&path).unwrap();
    let config = LogConfig { segment_bytes: 1 << 20, ..LogConfig::default() };
    let mut log = PartitionLog::open(&path, config, BootId::current(), 0).unwrap();
    let mut appended = 0;
    let mut append = |log: &mut PartitionLog, bytes| {
        let answer = log.append(&mut batch(&vec![b'x'; bytes]), 0);
        let no_space = DiskError::is_full_disk;
        match answer {
            Ok(answer) => {
                assert_eq!(answer.base_offset, appended, "offsets are dense");
                appended += 1;
                true
            }
            Err(error) if no_space(&error) => false,
            Err(error) => panic!("{error}"),
        }
    };
    for free in [0, 10_000, 100_000, 900_000, 1_500_000] {
        disk.fill(free);
        while append(&mut log, 30_000) {}
        assert!(!append(&mut log, 200_000), "the same again is the same");
        let end = log.end().unwrap();
        let base = *segment::list(&path).unwrap().last().unwrap();
        let bytes = fs::metadata(layout::segment_file(&path, base, SegmentFile::Log));
        let published =
            if base == end.active_base { end.position } else { bytes.as_ref().unwrap().len() };
        assert_eq!(bytes.unwrap().len(), published, "what failed was taken back");
        disk.clear();
        assert!(append(&mut log, 200_000), "the same log appends when there is space");
        assert_eq!(log.take_cuts(), [], "and has nothing to move aside");
    }
    assert!(segment::list(&path).unwrap().len() > 1, "no segment was rolled");
}

#[test]
fn a_limit_of_file_size_is_a_full_disk() {
    let s = Sandbox::new();
    s.run("topics create t").success();
    s.write("input", lines(0, 3000, 1000));
    let limited = "ulimit -f 700; kaw produce t --report %s input";
    let persisted = assert_failed_cleanly(&s.bash(limited), "file too large") as usize;
    assert!(persisted > 300, "{persisted}");
    assert_eq!(assert_failed_cleanly(&s.bash(limited), "file too large"), 0);
    let seen = numbers(&s.run("consume t -e").success().stdout());
    s.stdin(lines(0, 10, 1000)).run("produce t").success();
    let after = numbers(&s.run("consume t -e").success().stdout());
    assert_eq!(after.len(), seen.len() + 10);
    assert_eq!(seen, (0..persisted).collect::<Vec<_>>());
    let written = fs::read_dir(s.log_dir().join("t-0")).unwrap();
    let cut = |name: std::ffi::OsString| name.to_string_lossy().contains(".cut-");
    assert_eq!(written.filter(|entry| cut(entry.as_ref().unwrap().file_name())).count(), 0);
    s.sent("t", after.len() as u64);
}

#[test]
fn a_directory_that_takes_no_writes_can_be_read() {
    if !Need::Mount.met() {
        return;
    }
    let s = Sandbox::new();
    let disk = SmallDisk::new(&s, "size=4m");
    s.run("topics create t empty").success();
    s.stdin(lines(0, 10, 100)).run("produce t").success();
    s.run("consume t -g g -n 1").success();
    disk.mount(&["-o", "remount,ro"]);
    for words in ["groups list", "groups describe g", "groups members g", "lag", "topics verify"] {
        s.run(words).success();
    }
    assert_eq!(numbers(&s.run("consume t -e").success().stdout()).len(), 10);
    assert_eq!(s.run("consume empty -e").success().stdout(), "");
    assert!(s.run("topics list").success().stdout().contains("empty"));
    for words in ["produce t", "produce new", "topics create u", "topics delete t"] {
        let run = s.stdin("a\n").run(words);
        let stderr = run.code(5).stderr().to_lowercase();
        assert!(stderr.contains("read-only file system"), "{run}");
        assert_eq!(stderr.lines().filter(|line| line.starts_with("kaw:")).count(), 1, "{run}");
    }
    disk.mount(&["-o", "remount,rw"]);
    s.stdin(lines(10, 1, 100)).run("produce t").success();
    assert_eq!(numbers(&s.run("consume t -e").stdout()).len(), 11);
}

/// Whether a file mode binds this process: it does not bind root.
fn modes_bind(dir: &Path) -> bool {
    File::create(dir.join("probe")).is_err()
}

#[test]
fn a_partition_without_permission_to_write_is_5() {
    let s = Sandbox::new();
    s.run("topics create t").success();
    let path = s.log_dir().join("t-0");
    let set = |mode: &str| {
        assert!(Command::new("chmod").arg(mode).arg(&path).status().unwrap().success());
    };
    set("a-w");
    if modes_bind(&path) {
        let run = s.stdin("a\n").run("produce t");
        assert!(run.code(5).stderr().to_lowercase().contains("permission denied"), "{run}");
        assert_eq!(s.run("consume t -e").success().stdout(), "");
    }
    set("u+w");
    drop(fs::remove_file(path.join("probe")));
    s.stdin("a\n").run("produce t").success();
}
