//! Owns the flipping of bits in directories that a real broker wrote: what is read then is compared
//! with what was written. Leaves what the commands say of damage to `golden_damage`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kaw::cluster::Cluster;
use kaw::cluster::error::{ErrorKind, Result};
use kaw::cluster::types::{ConsumeFrom, Limits, OffsetAt, Pace, Polled, Target};
use kaw::disk::batch::BatchHeader;
use kaw::disk::layout;
use kaw::record::{RecordBuffer, Slice};
use kaw::topic::{TopicName, TopicPartition};

use crate::kafka_golden::place;

/// Records by offset: key, value and timestamp.
type Records = BTreeMap<i64, (Option<Vec<u8>>, Option<Vec<u8>>, i64)>;

/// A copy of what a broker wrote, of some of its topics, without its metadata: that would be read
/// each time.
struct Copied {
    dir: tempfile::TempDir,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Copied {
    /// A copy of `tests/data/kafka-4.3.1/<which>`.
    fn new(which: &str, topics: &[&str]) -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let mut files = Vec::new();
        let places = topics.iter().map(|topic| format!("{topic}-0"));
        for part in places.chain([String::new()]) {
            fs::create_dir_all(dir.path().join(&part)).unwrap();
            for entry in fs::read_dir(place().join(which).join(&part)).unwrap() {
                let from = entry.unwrap().path();
                // Without the log of metadata it would be taken for one of ours.
                if from.is_file() && !from.ends_with(layout::REGISTRY) {
                    let to = dir.path().join(&part).join(from.file_name().unwrap());
                    let bytes = fs::read(from).unwrap();
                    fs::write(&to, &bytes).unwrap();
                    files.push((to, bytes));
                }
            }
        }
        Self { dir, files }
    }

    fn cluster(&self) -> Cluster {
        let limits = Limits { timeout: Duration::from_secs(5), is_asked_for: false, until: None };
        let target = Target::Directory { path: self.dir.path().to_owned(), explicit: true };
        Cluster::open(&target, limits).unwrap()
    }

    /// What of partition 0 of a topic is read before reading fails, and why it fails.
    fn read(&self, topic: &str, uncommitted: bool, skips: bool) -> (Records, Result<()>) {
        let mut records = Records::new();
        let read = self.read_into(&mut records, topic, uncommitted, skips);
        (records, read)
    }

    fn read_into(
        &self,
        records: &mut Records,
        topic: &str,
        uncommitted: bool,
        skips: bool,
    ) -> Result<()> {
        let cluster = self.cluster();
        cluster.read_committed(!uncommitted);
        let topic = TopicName::new(topic).unwrap();
        let of = [TopicPartition { topic: topic.clone(), partition: 0 }];
        let offset = |at| cluster.list_offsets(&of, at)?.pop().unwrap().result;
        let (from, to) = (offset(OffsetAt::Start)?.offset, offset(OffsetAt::End)?.offset);
        let from = ConsumeFrom { topic, partition: 0, from, to: Some(to) };
        let mut consumer = cluster.consumer(&[from])?;
        if skips {
            consumer.skip_damaged();
        }
        let mut buffer = RecordBuffer::default();
        let until = Instant::now() + Duration::from_secs(60);
        while let Polled::Records { .. } = consumer.poll(&mut buffer, until, &[])? {
            for span in &buffer.spans {
                let of = |slice: Slice| slice.of(&buffer.arena).map(<[u8]>::to_vec);
                let record = (of(span.key), of(span.value), span.timestamp_ms);
                assert!(records.insert(span.offset, record).is_none(), "{} twice", span.offset);
            }
        }
        Ok(())
    }

    fn is_damaged(&self, topic: &str) -> bool {
        let topics = [TopicName::new(topic).unwrap()];
        let checked = self.cluster().verify(&topics, false, &Pace::default()).unwrap();
        checked.iter().any(|one| one.result.as_ref().map_or(true, |v| v.checked.is_damaged()))
    }

    /// Checks what is made of one damaged file of a topic: no wrong record; the damage is told, or
    /// nothing is missing; and of what is whole, nothing is missing where damage is passed over.
    fn assert_contained(&self, topic: &str, whole: &Whole, hit: &Hit<'_>) {
        let (found, ended) = self.read(topic, false, false);
        let right = |found: &Records| found.iter().all(|(at, r)| whole.all.get(at) == Some(r));
        assert!(right(&found), "{}: a wrong record", hit.what);
        match ended {
            Ok(()) if found == whole.committed => return,
            Ok(()) => panic!("{}: {} records, and no word", hit.what, found.len()),
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::CorruptData, "{}: {error}", hit.what);
                let said = error.to_string();
                let named = said.contains(hit.name) && said.contains(" is damaged at byte ");
                assert!(named && said.contains("(offset "), "{}: {error}", hit.what);
            }
        }
        assert!(self.is_damaged(topic), "{}: the check finds nothing", hit.what);
        let (found, ended) = self.read(topic, false, true);
        assert!(ended.is_ok(), "{}: {ended:?}", hit.what);
        assert!(right(&found), "{}: a wrong record behind the damage", hit.what);
        let lost: Vec<_> =
            whole.committed.keys().filter(|&at| !found.contains_key(at)).copied().collect();
        assert!(lost.iter().all(|at| hit.offsets.contains(at)), "{}: {lost:?} go", hit.what);
    }
}

/// What a topic holds.
struct Whole {
    committed: Records,
    all: Records,
}

/// Where a bit was flipped.
struct Hit<'a> {
    what: String,
    /// The name of the file.
    name: &'a str,
    /// The offsets that may go with it: those of the batch, and where its own offset is what was
    /// hit, of the one behind it.
    offsets: BTreeSet<i64>,
}

/// The batches of a log: where each begins, and its header.
fn batches(bytes: &[u8]) -> Vec<(usize, BatchHeader)> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Ok(header) = BatchHeader::parse(&bytes[at..]) {
        found.push((at, header));
        at += header.size_bytes;
    }
    assert_eq!(at, bytes.len());
    found
}

/// Flips bits of the logs of a topic.
fn assert_flips_are_contained(which: &str, topic: &str) {
    let copied = Copied::new(which, &[topic]);
    let read = |uncommitted| {
        let (records, ended) = copied.read(topic, uncommitted, false);
        ended.unwrap();
        records
    };
    let whole = Whole { committed: read(false), all: read(true) };
    assert!(!copied.is_damaged(topic) && !whole.committed.is_empty());
    let place = copied.dir.path().join(format!("{topic}-0"));
    let is_log = |path: &Path| path.extension().is_some_and(|kind| kind == "log");
    let logs = copied.files.iter().filter(|(path, _)| path.starts_with(&place) && is_log(path));
    let mut logs: Vec<_> = logs.collect();
    logs.sort();
    for (n, (path, bytes)) in logs.iter().enumerate() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let batches = batches(bytes);
        for (b, (start, header)) in batches.iter().enumerate() {
            let is_last = n + 1 == logs.len() && b + 1 == batches.len();
            for at in *start..start + header.size_bytes {
                // All that the checksum leaves out, of batches at both ends; and besides as much as
                // there is time for.
                let is_edge = (b == 0 || b + 1 == batches.len()) && at - start < 17;
                for bit in (0..8).filter(|bit| is_edge || (at % 5 == 0 && *bit == at / 5 % 8)) {
                    let in_offset = at - start < 8;
                    if in_offset && is_last && which == "running" {
                        // It looks like a gap, and nothing says that there is none.
                        continue;
                    }
                    let beside = batches.get(b + 1).filter(|_| in_offset);
                    let to = beside.map_or(header.next_offset(), |(_, next)| next.next_offset());
                    let hit = Hit {
                        what: format!("{which} {topic} {name}: bit {bit} of byte {at}"),
                        name,
                        offsets: (header.base_offset..to).collect(),
                    };
                    let mut bad = bytes.clone();
                    bad[at] ^= 1 << bit;
                    fs::write(path, &bad).unwrap();
                    copied.assert_contained(topic, &whole, &hit);
                }
            }
        }
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn no_flipped_bit_of_a_brokers_segments_hides_a_record_in_silence() {
    assert_flips_are_contained("stopped", "segments");
}

#[test]
fn nor_of_one_that_was_compacted() {
    assert_flips_are_contained("stopped", "compacted");
}

#[test]
fn nor_of_transactions() {
    assert_flips_are_contained("stopped", "transactions");
}

#[test]
fn nor_of_one_that_was_copied_while_the_broker_ran() {
    assert_flips_are_contained("running", "segments");
}
