//! Tests of damage to what a directory holds besides the log of one partition: checkpoints, topics,
//! committed offsets, compacted logs, and pages of an earlier start of the machine. Every bit and
//! every length of each file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::FileExt;
use std::sync::atomic::AtomicBool;

use super::tests::{Records, batch, directory_in_memory};
use super::*;
use crate::disk::batch::{BatchEncoder, EncodedBatch, ProducerStamp};
use crate::disk::care::Place;
use crate::disk::directory::LogDirectory;
use crate::disk::offsets::codec::{Key, OffsetValue, Value};
use crate::disk::offsets::{self, GroupTable, OffsetsLog};
use crate::disk::partition::PartitionLog;
use crate::disk::reader::PartitionReader;
use crate::group::GroupId;
use crate::record::{Slice, Span};
use crate::topic::{TopicName, TopicPartition};

/// Where the words of the page stand that say which start of the machine it is of.
const BOOT: u64 = 2 * 8;

/// All that can be read of a directory.
#[derive(Clone, Debug, Default, PartialEq)]
struct Content {
    topics: BTreeMap<String, i32>,
    records: BTreeMap<String, Records>,
    committed: GroupTable,
}

/// A directory with a topic that was trimmed, one that was compacted, and a group that committed.
struct World {
    dir: tempfile::TempDir,
    files: Vec<(PathBuf, Vec<u8>)>,
    content: Content,
}

fn name(name: &str) -> TopicName {
    TopicName::new(name).unwrap()
}

fn group() -> GroupId {
    GroupId::new("g").unwrap()
}

/// One record with a key.
fn keyed(key: &str, value: &str, n: i64) -> EncodedBatch {
    let mut buffer = RecordBuffer::default();
    let (key, value) = (buffer.store(key.as_bytes()), buffer.store(value.as_bytes()));
    buffer.spans.push(Span::new(key, value, 1_700_000_000_000 + n));
    let mut encoder = BatchEncoder::new(Compression::None);
    buffer.spans.iter().for_each(|span| encoder.push(span, &buffer));
    encoder.finish(ProducerStamp::NONE, EncodedBatch::default()).unwrap()
}

impl World {
    fn new() -> Self {
        let dir = directory_in_memory();
        let directory = LogDirectory::open_to_write(dir.path()).unwrap();
        let mut change = directory.change().unwrap();
        for (topic, policy) in [("c", "compact"), ("t", "delete"), (offsets::TOPIC, "compact")] {
            change.add_partitions(&name(topic), 1).unwrap();
            let of = change.registry.topics.get_mut(&name(topic)).unwrap();
            let configs = [("cleanup.policy", policy), ("internal.segment.bytes", "200")];
            of.configs.extend(configs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        change.commit(0).unwrap();
        drop(change);
        Self::fill(&directory);
        let mut all = Self { dir, files: Vec::new(), content: Content::default() };
        for place in all.places() {
            for entry in fs::read_dir(place).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    all.files.push((path.clone(), fs::read(&path).unwrap()));
                }
            }
        }
        all.files.sort();
        all.content = all.read().unwrap();
        assert!(!all.is_damaged());
        let offsets = |topic: &str| all.content.records[topic].keys().copied().collect::<Vec<_>>();
        assert_eq!(offsets("t"), [2, 3, 4, 5, 6, 7]);
        assert_eq!(offsets("c"), [2, 3, 4, 5]);
        assert_eq!(all.content.committed.offsets.len(), 2);
        all
    }

    /// Writes to the topics, and puts everything on the device.
    fn fill(directory: &LogDirectory) {
        let config = |topic: &str| {
            let registry = directory.registry().unwrap();
            let pairs = registry.topics[&name(topic)].configs.clone().into_iter();
            LogConfig::from_pairs(&pairs.collect::<Vec<_>>()).unwrap()
        };
        let sync = |log: &PartitionLog, topic, appended: &_| {
            let path = directory.partition_path(&name(topic), 0);
            PartitionLog::sync(log.state(), &path, appended).unwrap();
        };
        let mut log = directory.open_partition(&name("t"), 0, &config("t")).unwrap();
        for n in 0..4 {
            let appended = log.append(&mut batch(n, Compression::None), 0).unwrap();
            sync(&log, "t", &appended);
        }
        let change = directory.change().unwrap();
        log.trim(2, 0, |start| change.record_log_start(&name("t"), 0, start)).unwrap();
        drop(change);
        let (topic, config_of_c) = (name("c"), config("c"));
        let mut log = directory.open_partition(&topic, 0, &config_of_c).unwrap();
        for (n, key) in (0..).zip(["a", "b", "a", "b", "c"]) {
            let appended = log.append(&mut keyed(key, "value", n), 0).unwrap();
            sync(&log, "c", &appended);
        }
        let place = Place { directory, topic: &topic, partition: 0, config: &config_of_c };
        place.compact(&mut log, 1, (true, true), &AtomicBool::new(false)).unwrap().unwrap();
        let appended = log.append(&mut keyed("a", "last", 9), 0).unwrap();
        sync(&log, "c", &appended);
        let mut committed = OffsetsLog::open_to_write(directory, 0).unwrap();
        for (partition, offset) in [(0, 3), (1, 4), (0, 5)] {
            let of = TopicPartition { topic: name("t"), partition };
            let value = OffsetValue {
                offset,
                leader_epoch: -1,
                metadata: "said".to_owned(),
                committed_ms: 7,
                expires_ms: None,
                topic_id: None,
            };
            let records = [(Key::Offset { group: group(), of }, Some(Value::Offset(value)))];
            committed.append(&group(), &records, 0, true).unwrap();
        }
    }

    fn places(&self) -> Vec<PathBuf> {
        let top = self.dir.path();
        ["", "c-0", "t-0", "__consumer_offsets-0"].map(|place| top.join(place)).into()
    }

    fn read(&self) -> Result<Content> {
        let directory = LogDirectory::open(self.dir.path())?;
        let mut content = Content::default();
        for (topic, told) in directory.registry()?.topics {
            content.topics.insert(topic.to_string(), told.partitions);
            if topic.as_str() != offsets::TOPIC {
                let config = config_of(&told)?;
                let records = read_topic(&directory, &topic, &config)?;
                content.records.insert(topic.to_string(), records);
            }
        }
        if let Some(log) = OffsetsLog::open(&directory)? {
            content.committed = log.read(&group())?;
        }
        Ok(content)
    }

    /// Whether a check of everything finds damage, or cannot be made.
    fn is_damaged(&self) -> bool {
        let check = || -> Result<bool> {
            let mut damaged = verify_top(self.dir.path())?.is_damaged();
            let directory = LogDirectory::open(self.dir.path())?;
            for (topic, told) in directory.registry()?.topics {
                let config = config_of(&told)?;
                let (directory, topic) = (&directory, &topic);
                let place = Place { directory, topic, partition: 0, config: &config };
                damaged |= place.verify(told.id, &Pace::default())?.is_damaged();
            }
            Ok(damaged)
        };
        check().unwrap_or(true)
    }

    /// Puts every file back as it was.
    fn restore(&self) {
        for place in self.places() {
            for entry in fs::read_dir(place).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() && !self.files.iter().any(|(known, _)| *known == path) {
                    fs::remove_file(path).unwrap();
                }
            }
        }
        for (path, bytes) in &self.files {
            if !fs::read(path).is_ok_and(|now| now == *bytes) {
                // In place, since the page knows which file it is.
                fs::write(path, bytes).unwrap();
            }
        }
    }

    /// What holds after any damage: what is read is what was written; and it is all there, or the
    /// check says that something is wrong.
    fn assert_contained(&self, path: &Path, bad: &[u8], what: &str) {
        fs::write(path, bad).unwrap();
        if self.read().is_ok_and(|content| content == self.content) {
            return;
        }
        self.restore();
        fs::write(path, bad).unwrap();
        let damaged = self.is_damaged();
        let content = match self.read() {
            Ok(content) => content,
            Err(error) => {
                let known = matches!(error, DiskError::Corrupt { .. } | DiskError::Foreign { .. });
                assert!(known && damaged, "{what}: {error}");
                return;
            }
        };
        for (topic, records) in &content.records {
            for (offset, record) in records {
                let written = self.content.records.get(topic).and_then(|all| all.get(offset));
                assert_eq!(written, Some(record), "{what}: {topic} {offset}");
            }
        }
        assert!(damaged || content == self.content, "{what}: {content:?}");
        if path.extension().is_some_and(|kind| kind == "log") {
            self.assert_others_are_read(&content, path, what);
        }
        let committed = &content.committed;
        let known = committed.offsets.iter().all(|(of, at)| {
            let earlier = of.partition == 0 && at.offset == 3;
            self.content.committed.offsets.get(of) == Some(at) || (earlier && damaged)
        });
        assert!(known, "{what}: {committed:?}");
    }

    /// Checks that no batch goes with the damaged ones: of a flipped bit, two records of `t` or one
    /// of `c`, and where offsets may be missing also the one behind it; of a cut, those behind it
    /// in the same segment.
    fn assert_others_are_read(&self, content: &Content, path: &Path, what: &str) {
        let base = |path: &Path| path.file_name()?.to_str()?.get(..20)?.parse::<i64>().ok();
        let from = base(path).unwrap();
        let beside = self.files.iter().filter(|(other, _)| other.parent() == path.parent());
        let logs = beside.filter(|(other, _)| other.extension() == path.extension());
        let next = logs.filter_map(|(other, _)| base(other)).filter(|&base| base > from).min();
        for (topic, all) in &self.content.records {
            let left = content.records.get(topic);
            let lost = all.keys().filter(|at| left.is_none_or(|left| !left.contains_key(at)));
            let lost: Vec<i64> = lost.copied().collect();
            let inside = lost.iter().all(|&at| at >= from && next.is_none_or(|next| at < next));
            let few = lost.len() <= 2 || !what.contains("bit");
            assert!(inside && few, "{what}: {topic} lost {lost:?}");
        }
    }

    /// Damages every file that `is_wanted`, once for each of its bits and each of its lengths.
    fn assert_all_is_contained(&self, is_wanted: impl Fn(&Path) -> bool) {
        let wanted = |path: &&(PathBuf, Vec<u8>)| is_wanted(&path.0);
        let mut kinds = BTreeSet::new();
        for (path, bytes) in self.files.iter().filter(wanted) {
            kinds.insert(path);
            let shown = path.strip_prefix(self.dir.path()).unwrap().display();
            for at in 0..bytes.len() {
                for bit in 0..8 {
                    let mut bad = bytes.clone();
                    bad[at] ^= 1 << bit;
                    self.assert_contained(path, &bad, &format!("{shown}: bit {bit} of byte {at}"));
                    self.restore();
                }
                self.assert_contained(
                    path,
                    &bytes[..at],
                    &format!("{shown}: {at} of {} bytes", bytes.len()),
                );
                self.restore();
            }
        }
        assert!(!kinds.is_empty());
    }

    /// Makes every page one of an earlier start of the machine, so that ends are found in the logs.
    fn start_machine_anew(&mut self) {
        for (path, bytes) in &mut self.files {
            if path.ends_with(layout::PARTITION_STATE) {
                bytes[BOOT as usize..][..8].copy_from_slice(b"earlier.");
                let page = fs::File::options().write(true).open(path).unwrap();
                page.write_all_at(b"earlier.", BOOT).unwrap();
            }
        }
    }
}

fn config_of(told: &crate::disk::registry::Topic) -> Result<LogConfig> {
    let pairs: Vec<_> = told.configs.clone().into_iter().collect();
    let config = LogConfig::from_pairs(&pairs);
    config.map_err(|reason| DiskError::corrupt(Path::new("configs"), 0, reason))
}

/// Every record of a topic, as a consumer that skips damage reads them.
fn read_topic(directory: &LogDirectory, topic: &TopicName, config: &LogConfig) -> Result<Records> {
    let found = directory.end(topic, 0, config)?;
    let path = directory.partition_path(topic, 0);
    let mut reader = PartitionReader::new(&path, 0, found.end.start_offset, config);
    reader.skip_damaged();
    let (mut buffer, mut records) = (RecordBuffer::default(), Records::new());
    while reader.next_offset() < found.end.end_offset {
        reader.read(&found.end, i64::MAX, &mut buffer)?;
        for span in &buffer.spans {
            let of = |slice: Slice| slice.of(&buffer.arena).map(<[u8]>::to_vec);
            records.insert(span.offset, (of(span.key), of(span.value)));
        }
    }
    Ok(records)
}

fn is_page(path: &Path) -> bool {
    path.ends_with(layout::PARTITION_STATE) || path.ends_with(layout::DIRECTORY_STATE)
}

#[test]
fn damage_to_the_files_at_the_top_is_contained() {
    let world = World::new();
    let top = world.dir.path().to_owned();
    world.assert_all_is_contained(|path| path.parent() == Some(&top) && !is_page(path));
}

#[test]
fn damage_to_a_compacted_log_is_contained() {
    let world = World::new();
    let place = world.dir.path().join("c-0");
    world.assert_all_is_contained(|path| path.parent() == Some(&place) && !is_page(path));
}

#[test]
fn damage_to_committed_offsets_is_contained() {
    let world = World::new();
    let place = world.dir.path().join("__consumer_offsets-0");
    world.assert_all_is_contained(|path| path.parent() == Some(&place) && !is_page(path));
}

#[test]
fn damage_that_is_met_after_a_start_of_the_machine_is_contained() {
    let mut world = World::new();
    world.start_machine_anew();
    assert_eq!(world.read().unwrap(), world.content);
    world.restore();
    let place = world.dir.path().join("t-0");
    world.assert_all_is_contained(|path| path.parent() == Some(&place) && !is_page(path));
}
