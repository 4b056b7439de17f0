//! Owns Kafka's opinion of a log directory: runs its `DumpLogSegments` over the files and reads
//! what it prints. Leaves what to feed it to `kafka_files`.
//!
//! The tool ends with 0 after most complaints, so its status alone says little. It prints what is
//! wrong between what is right; therefore every line that is not known to be right is a complaint,
//! and so is everything on its stderr. Two things it passes over in silence are counted here: index
//! entries behind one that looks like zero, and files that it was given and never named.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kept::partitions_in;

/// The endings of files that the tool reads.
const READABLE: [&str; 5] = ["log", "index", "timeindex", "snapshot", "txnindex"];

/// Files of one run of the tool, which leaves each open that an index points into.
const FILES_PER_RUN: usize = 200;

/// How it reads segments: every record, as an empty line each. With more of it on the line, a
/// header's name with a newline in it would look like something else. By default it looks for the
/// batch of an index entry in 5 MiB, and dies where a batch is larger.
const DEEP: &[&str] =
    &["--deep-iteration", "--skip-record-metadata", "--max-message-size", "1073741824"];

/// A batch as the tool shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DumpedBatch {
    pub first: i64,
    pub last: i64,
    pub count: u64,
    pub control: bool,
    pub bytes: u64,
    pub codec: String,
}

/// A file as the tool shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DumpedFile {
    pub batches: Vec<DumpedBatch>,
    /// Records that it went through, one by one.
    pub records: u64,
    /// Entries of an index or a time index.
    pub entries: u64,
}

/// What the tool showed, and what it or we have to say against it.
#[derive(Debug, Default)]
pub struct Dump {
    pub files: BTreeMap<String, DumpedFile>,
    pub complaints: Vec<String>,
}

/// What a whole log directory holds, by Kafka.
#[derive(Debug, Default)]
pub struct Judged {
    pub files: u64,
    pub records: u64,
    pub entries: u64,
    pub codecs: BTreeSet<String>,
    pub complaints: Vec<String>,
}

/// Has Kafka read every file of the log directory `dir`, and compares with the lines of `expected`
/// (written by `Sandbox`).
pub fn judge(dir: &Path, expected: &str) -> Judged {
    let mut names = Vec::new();
    let partitions = partitions_in(dir);
    for (_, _, path) in &partitions {
        names.extend(readable(path, dir));
    }
    let mut judged = Judged::default();
    let mut files = BTreeMap::new();
    let cleaned = cleaned_in(expected);
    let mut runs: Vec<(Vec<String>, &[&str])> =
        names.chunks(FILES_PER_RUN).map(|some| (some.to_vec(), DEEP)).collect();
    if dir.join("bootstrap.checkpoint").is_file() {
        runs.push((vec!["bootstrap.checkpoint".to_owned()], &["--cluster-metadata-decoder"]));
    }
    for (names, options) in runs {
        let dump = run(dir, &names, options, &cleaned);
        judged.complaints.extend(dump.complaints);
        files.extend(dump.files);
    }
    judged.files = files.len() as u64;
    for file in files.values() {
        judged.entries += file.entries;
        judged.codecs.extend(file.batches.iter().map(|batch| batch.codec.clone()));
    }
    let found: BTreeMap<(&str, i32), Vec<DumpedBatch>> = partitions
        .iter()
        .map(|(topic, partition, _)| {
            let prefix = format!("{topic}-{partition}/");
            let segments = files.iter().filter(|(name, _)| name.starts_with(&prefix));
            let batches = segments.flat_map(|(_, file)| file.batches.iter().cloned()).collect();
            ((topic.as_str(), *partition), batches)
        })
        .collect();
    judged.records = found.values().flatten().filter(|b| !b.control).map(|b| b.count).sum();
    judged.complaints.extend(compare(&found, expected));
    judged
}

/// Compares batches by partition with the lines of `expected`.
fn compare(found: &BTreeMap<(&str, i32), Vec<DumpedBatch>>, expected: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut told = BTreeSet::new();
    for line in expected.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let number = |at: usize| cells[at].parse::<i64>().expect("expected.tsv holds numbers");
        if cells[1] == "sent" {
            let of_topic = found.iter().filter(|((topic, _), _)| *topic == cells[0]);
            let batches = of_topic.flat_map(|(_, batches)| batches).filter(|b| !b.control);
            let read: u64 = batches.map(|batch| batch.count).sum();
            if i64::try_from(read) != Ok(number(2)) {
                complaints.push(format!("{}: sent {}, Kafka reads {read}", cells[0], cells[2]));
            }
            continue;
        }
        let (topic, partition) = (cells[0], number(1) as i32);
        told.insert((topic, partition));
        let Some(batches) = found.get(&(topic, partition)) else {
            complaints.push(format!("{topic}-{partition} is not there"));
            continue;
        };
        let (start, end) = (number(2), number(3));
        let is_cleaned = cells.len() > 4;
        let expected = if is_cleaned { number(4) } else { end - start };
        // What was trimmed away may still be in the segment, in part.
        let within = |b: &&DumpedBatch| !b.control && b.last >= start;
        let read: i64 =
            batches.iter().filter(within).map(|b| (b.count as i64).min(b.last - start + 1)).sum();
        if read != expected {
            complaints.push(format!(
                "{topic}-{partition}: kaw has {expected} records from {start} to {end}, \
                 Kafka reads {read}"
            ));
        }
        for pair in batches.windows(2) {
            let (next, first) = (pair[0].last + 1, pair[1].first);
            if if is_cleaned { first < next } else { first != next } {
                complaints.push(format!(
                    "{topic}-{partition}: {} is followed by {}",
                    pair[0].last, pair[1].first
                ));
            }
        }
    }
    for ((topic, partition), batches) in found {
        if !topic.starts_with("__") && !told.contains(&(*topic, *partition)) {
            let count: u64 = batches.iter().map(|batch| batch.count).sum();
            complaints
                .push(format!("{topic}-{partition} ({count} records) is not in what kaw says"));
        }
    }
    complaints
}

/// The directories of the partitions that `expected` says are compacted, with a `/` around each.
fn cleaned_in(expected: &str) -> Vec<String> {
    let cells = expected.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let cleaned = cells.filter(|cells| cells.len() > 4);
    cleaned.map(|cells| format!("/{}-{}/", cells[0], cells[1])).collect()
}

/// The files of a partition's directory that the tool reads, as paths from `top`.
fn readable(partition: &Path, top: &Path) -> Vec<String> {
    let mut names: Vec<PathBuf> = fs::read_dir(partition)
        .expect("a partition's directory can be read")
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.extension().is_some_and(|e| READABLE.iter().any(|r| e == *r)))
        .collect();
    names.sort();
    let relative = |path: &PathBuf| path.strip_prefix(top).expect("it is inside").to_owned();
    names.iter().map(|path| relative(path).to_str().expect("names are ASCII").to_owned()).collect()
}

/// Runs the tool in `dir` over `names`, of which those in `cleaned` may have holes.
fn run(dir: &Path, names: &[String], options: &[&str], cleaned: &[String]) -> Dump {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/dump-log");
    let mut command = Command::new(&script);
    command.args(options).args(["--files", &names.join(",")]).current_dir(dir);
    let output = command.output().unwrap_or_else(|e| panic!("{} : {e}", script.display()));
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let mut dump = read(&stdout, &stderr, cleaned);
    if !output.status.success() {
        dump.complaints.push(format!("DumpLogSegments ended with {}", output.status));
    }
    for name in names {
        let len = fs::metadata(dir.join(name)).expect("the file is there").len();
        dump.complaints.extend(check(name, dump.files.get(name), len));
    }
    dump
}

/// Checks that the tool went through the whole of a file of `len` bytes.
fn check(name: &str, file: Option<&DumpedFile>, len: u64) -> Option<String> {
    let Some(file) = file else { return Some(format!("{name} was not read")) };
    let entries = |size: u64| {
        let missing = file.entries * size != len;
        missing.then(|| format!("{name}: {} entries of {size} in {len} bytes", file.entries))
    };
    match name.rsplit('.').next() {
        Some("index") => entries(8),
        Some("timeindex") => entries(12),
        Some("log" | "checkpoint") => {
            let (mut bytes, mut count) = (0, 0);
            for batch in &file.batches {
                bytes += batch.bytes;
                count += batch.count;
            }
            let sizes = format!("{name}: batches of {bytes} bytes in {len} bytes");
            let counts = format!("{name}: {} records in batches of {count}", file.records);
            (bytes != len).then_some(sizes).or((count != file.records).then_some(counts))
        }
        _ => None,
    }
}

/// Reads what the tool printed.
fn read(stdout: &str, stderr: &str, cleaned: &[String]) -> Dump {
    let mut dump = Dump::default();
    let mut current = String::new();
    for line in stdout.lines() {
        if let Some(name) = line.strip_prefix("Dumping ") {
            name.clone_into(&mut current);
            dump.files.entry(current.clone()).or_default();
            continue;
        }
        let right = dump.files.get_mut(&current).is_some_and(|file| take(file, line));
        if !right {
            dump.complaints.push(format!("{current}: {line}"));
        }
    }
    dump.complaints.extend(read_stderr(stderr, cleaned));
    dump
}

/// The complaints on the tool's stderr.
///
/// Kafka 4.3 takes -1 for the offset before the first record of every file, and so finds that a
/// file which does not begin at 0 is not consecutive; that a segment follows the one before it is
/// checked by `compare`. It is excused where the record is the one that the file is named after.
///
/// In a partition that is compacted, records are missing by right. And a batch that kept none of
/// its records keeps its time, as it does when a broker cleans, and the time index points to it;
/// the tool looks at the times of its records, and finds -1.
fn read_stderr(stderr: &str, cleaned: &[String]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut of: Option<(&str, i64)> = None;
    let in_cleaned = |line: &str| cleaned.iter().any(|partition| line.contains(partition));
    let mut lines = stderr.lines().peekable();
    while let Some(line) = lines.next() {
        let is_of_empty = |next: &str| {
            next.trim().starts_with("Index timestamp: ") && next.ends_with(", log timestamp: -1")
        };
        if line.starts_with("Found timestamp mismatch in :") && in_cleaned(line) {
            let mut excused = 0;
            while lines.next_if(|next| is_of_empty(next)).is_some() {
                excused += 1;
            }
            if excused == 0 || lines.peek().is_some_and(|next| next.starts_with("  Index")) {
                complaints.push(line.to_owned());
            }
            continue;
        }
        if let Some(path) = line.strip_prefix("Non-consecutive offsets in ") {
            let base = Path::new(path).file_stem().and_then(|stem| stem.to_str()?.parse().ok());
            of = base.map(|base| (line, base));
            if base.is_none() {
                complaints.push(line.to_owned());
            }
        } else if let (Some((head, base)), Some((before, after))) =
            (of, line.split_once(" is followed by "))
        {
            let after: i64 = after.trim().parse().unwrap_or(-1);
            let is_first = before.trim() == "-1" && after == base;
            let is_hole = in_cleaned(head) && before.trim().parse().is_ok_and(|b: i64| b < after);
            let excused = is_first || is_hole;
            if !excused {
                complaints.push(format!("{head}: {}", line.trim()));
            }
        } else if !line.starts_with("Picked up ") && !line.is_empty() {
            complaints.push(line.to_owned());
        }
    }
    complaints
}

#[test]
fn a_file_that_begins_above_zero_is_excused_and_a_gap_is_not() {
    let first =
        "Non-consecutive offsets in /l/t-0/00000000000000000007.log\n  -1 is followed by 7\n";
    assert!(read_stderr(first, &[]).is_empty());
    let gap = format!("Picked up x\n\n{first}  9 is followed by 11\n");
    assert_eq!(
        read_stderr(&gap, &[]),
        ["Non-consecutive offsets in /l/t-0/00000000000000000007.log: 9 is followed by 11"]
    );
    let other = first.replace("by 7", "by 8");
    assert_eq!(read_stderr(&other, &[]).len(), 1);
    assert_eq!(read_stderr("anything else", &[]), ["anything else"]);
}

#[test]
fn what_cleaning_leaves_is_excused_in_compacted_partitions_alone() {
    let cleaned = cleaned_in("t\t0\t0\t9\t4\nu\t0\t0\t9\nt\tsent\t9\n");
    assert_eq!(cleaned, ["/t-0/"]);
    let gap = "Non-consecutive offsets in /l/t-0/00000000000000000000.log\n  4 is followed by 7\n";
    assert!(read_stderr(gap, &cleaned).is_empty());
    assert_eq!(read_stderr(&gap.replace("/t-0/", "/u-0/"), &cleaned).len(), 1);
    assert_eq!(read_stderr(&gap.replace("by 7", "by 4"), &cleaned).len(), 1);
    let time = "Found timestamp mismatch in :/l/t-0/00000000000000000000.timeindex\n  \
                Index timestamp: 5, log timestamp: -1\n";
    assert!(read_stderr(time, &cleaned).is_empty());
    assert_eq!(read_stderr(&time.replace("/t-0/", "/u-0/"), &cleaned).len(), 2);
    assert_eq!(read_stderr(&time.replace("-1", "4"), &cleaned).len(), 2);
}

/// Takes a line about `file`; `false` when it is not one of those of a file that is right.
fn take(file: &mut DumpedFile, line: &str) -> bool {
    if let Some(batch) = batch(line) {
        file.batches.push(batch);
        return true;
    }
    if line.is_empty() || line.starts_with("| offset: ") {
        file.records += 1;
        return !line.contains("Error at ") && !line.contains("controlType: UNKNOWN");
    }
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["offset:", _, "position:", _] | ["timestamp:", _, "offset:", _] => file.entries += 1,
        [_, "is", "empty."]
        | ["KRaft", "bootstrap", "snapshot"]
        | ["Log", "starting", "offset:", _]
        | ["producerId:", ..]
        | ["version:", _, "producerId:", ..] => {}
        _ => return false,
    }
    true
}

/// Reads a batch's line; `None` when it is another line, or the batch is not valid.
fn batch(line: &str) -> Option<DumpedBatch> {
    let words: Vec<&str> = line.split(' ').collect();
    let after = |name: &str| {
        let at = words.iter().position(|word| *word == name)?;
        words.get(at + 1).copied()
    };
    if !line.starts_with("baseOffset: ") || after("isvalid:")? != "true" || after("magic:")? != "2"
    {
        return None;
    }
    Some(DumpedBatch {
        first: after("baseOffset:")?.parse().ok()?,
        last: after("lastOffset:")?.parse().ok()?,
        count: after("count:")?.parse().ok()?,
        control: after("isControl:")? == "true",
        bytes: after("size:")?.parse().ok()?,
        codec: after("compresscodec:")?.to_owned(),
    })
}

#[test]
fn a_line_that_is_not_known_to_be_right_is_a_complaint() {
    let good = "Dumping a-0/0.log\nLog starting offset: 0\nbaseOffset: 0 lastOffset: 1 count: 2 \
                isControl: false position: 0 CreateTime: 5 size: 90 magic: 2 compresscodec: lz4 \
                crc: 7 isvalid: true\n\n| offset: 1 CreateTime: 5\n";
    let dump = read(good, "", &[]);
    assert!(dump.complaints.is_empty(), "{:?}", dump.complaints);
    let file = &dump.files["a-0/0.log"];
    assert_eq!((file.records, file.batches[0].count, file.batches[0].bytes), (2, 2, 90));
    assert_eq!(check("a-0/0.log", Some(file), 90), None);
    assert!(check("a-0/0.log", Some(file), 91).is_some());
    assert!(check("a-0/0.index", Some(file), 8).is_some());
    assert!(check("a-0/1.log", None, 0).is_some());
    for (stdout, stderr) in [
        (good.replace("isvalid: true", "isvalid: false"), ""),
        (good.replace("magic: 2", "magic: 1"), ""),
        (format!("{good}Found 3 invalid bytes at the end of 0.log\n"), ""),
        (good.to_owned(), "Mismatches in :/x/0.index\n  Index offset: 7, log offset: 8\n"),
        (good.to_owned(), "Exception in thread \"main\" java.lang.IllegalStateException\n"),
    ] {
        assert!(!read(&stdout, stderr, &[]).complaints.is_empty(), "{stdout}{stderr}");
    }
}

#[test]
fn counts_that_differ_are_complaints() {
    let batch = |first, last, control| DumpedBatch {
        first,
        last,
        count: (last - first + 1) as u64,
        control,
        bytes: 0,
        codec: String::new(),
    };
    let found = BTreeMap::from([
        (("a", 0), vec![batch(0, 4, false), batch(5, 9, false)]),
        (("a", 1), vec![]),
    ]);
    assert_eq!(compare(&found, "a\t0\t0\t10\na\t1\t0\t0\na\tsent\t10\n"), Vec::<String>::new());
    assert_eq!(compare(&found, "a\t0\t3\t10\na\t1\t0\t0\n"), Vec::<String>::new());
    assert_eq!(compare(&found, "a\t0\t0\t30\t10\na\t1\t0\t0\n"), Vec::<String>::new());
    for wrong in [
        "a\t0\t0\t30\t11\na\t1\t0\t0\n",
        "a\t0\t0\t11\na\t1\t0\t0\n",
        "a\t0\t0\t10\na\t1\t0\t1\n",
        "a\t0\t0\t10\n",
        "a\t0\t0\t10\na\t1\t0\t0\na\t2\t0\t0\n",
        "a\t0\t0\t10\na\t1\t0\t0\na\tsent\t9\n",
    ] {
        assert_eq!(compare(&found, wrong).len(), 1, "{wrong}");
    }
}

/// What the tool's decoder of offsets makes of every segment of `__consumer_offsets` in `dir`: the
/// keys and payloads, in the order of partitions, with times as `$TIME`.
pub fn decoded_offsets(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for (topic, _, path) in partitions_in(dir) {
        if topic == "__consumer_offsets" {
            let segment = |name: &String| Path::new(name).extension().is_some_and(|e| e == "log");
            names.extend(readable(&path, dir).into_iter().filter(segment));
        }
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/dump-log");
    let mut command = Command::new(&script);
    command.args(["--offsets-decoder", "--files", &names.join(",")]).current_dir(dir);
    let output = command.output().unwrap_or_else(|e| panic!("{} : {e}", script.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let stdout = String::from_utf8_lossy(&output.stdout);
    let time = regex::Regex::new(r"\b1\d{12}\b").unwrap();
    let records = stdout.lines().filter_map(|line| line.split_once(" key: "));
    records.map(|(_, record)| time.replace_all(record, "$$TIME").into_owned()).collect()
}
