//! Tests of damage: every bit and every length of a small partition, and damage by hand with the
//! finding it has to give.

use super::*;
use crate::disk::batch::{BatchEncoder, EncodedBatch, ProducerStamp};
use crate::disk::care::Place;
use crate::disk::directory::LogDirectory;
use crate::disk::reader::PartitionReader;
use crate::record::{Slice, Span};
use crate::topic::TopicName;
use std::collections::BTreeMap;
use std::fs;

/// Records by offset: key and value.
pub(super) type Records = BTreeMap<i64, (Option<Vec<u8>>, Option<Vec<u8>>)>;

/// A directory with one small topic, and what its files hold.
pub(super) struct Fixture {
    dir: tempfile::TempDir,
    topic: TopicName,
    files: Vec<(PathBuf, Vec<u8>)>,
    records: Records,
}

pub(super) fn batch(n: i64, codec: Compression) -> EncodedBatch {
    let mut buffer = RecordBuffer::default();
    for i in 0..2 {
        let key = buffer.store(format!("k{n}").as_bytes());
        let value = if i == 0 { buffer.store(b"value") } else { Slice::NULL };
        buffer.spans.push(Span::new(key, value, 1_700_000_000_000 + n * 10 + i));
    }
    let mut encoder = BatchEncoder::new(codec);
    buffer.spans.iter().for_each(|span| encoder.push(span, &buffer));
    let producer = ProducerStamp { id: 7, epoch: 0, base_sequence: n as i32 * 2 };
    encoder.finish(producer, EncodedBatch::default()).unwrap()
}

/// A directory that is gone when it is dropped; in memory where that can be, since it is restored
/// many thousand times.
pub(super) fn directory_in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

impl Fixture {
    /// Three batches, in two segments.
    fn new() -> Self {
        let dir = directory_in_memory();
        let topic = TopicName::new("t").unwrap();
        let directory = LogDirectory::open_to_write(dir.path()).unwrap();
        let mut change = directory.change().unwrap();
        change.add_partitions(&topic, 1).unwrap();
        let configs = [("internal.segment.bytes", "260"), ("index.interval.bytes", "0")];
        let of = change.registry.topics.get_mut(&topic).unwrap();
        of.configs.extend(configs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        change.commit(0).unwrap();
        drop(change);
        let config = Self::config(&directory);
        let mut log = directory.open_partition(&topic, 0, &config).unwrap();
        for (n, codec) in
            [Compression::None, Compression::Lz4, Compression::None, Compression::Zstd]
                .into_iter()
                .enumerate()
        {
            log.append(&mut batch(n as i64, codec), 0).unwrap();
        }
        log.settle(0).unwrap();
        drop(log);
        let mut all = Self { dir, topic, files: Vec::new(), records: Records::new() };
        for place in [all.dir.path().to_owned(), all.dir.path().join("t-0")] {
            for entry in fs::read_dir(place).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    all.files.push((path.clone(), fs::read(&path).unwrap()));
                }
            }
        }
        all.files.sort();
        let (records, skipped) = all.read().unwrap();
        assert_eq!((records.len(), skipped), (8, 0));
        all.records = records;
        all
    }

    fn config(directory: &LogDirectory) -> LogConfig {
        let registry = directory.registry().unwrap();
        let topic = registry.topics.values().next().unwrap();
        let pairs: Vec<_> = topic.configs.clone().into_iter().collect();
        LogConfig::from_pairs(&pairs).unwrap()
    }

    /// Everything that can be read, as a consumer that skips damage does, and what it skipped.
    fn read(&self) -> Result<(Records, usize)> {
        let directory = LogDirectory::open(self.dir.path())?;
        let registry = directory.registry()?;
        let Some(topic) = registry.topics.get(&self.topic) else {
            return Ok((Records::new(), 1));
        };
        let pairs: Vec<_> = topic.configs.clone().into_iter().collect();
        let Ok(config) = LogConfig::from_pairs(&pairs) else { return Ok((Records::new(), 1)) };
        let found = directory.end(&self.topic, 0, &config)?;
        let path = directory.partition_path(&self.topic, 0);
        let mut reader = PartitionReader::new(&path, 0, found.end.start_offset, &config);
        reader.skip_damaged();
        let (mut buffer, mut records) = (RecordBuffer::default(), Records::new());
        while reader.next_offset() < found.end.end_offset {
            reader.read(&found.end, i64::MAX, &mut buffer)?;
            for span in &buffer.spans {
                let of = |slice: Slice| slice.of(&buffer.arena).map(<[u8]>::to_vec);
                records.insert(span.offset, (of(span.key), of(span.value)));
            }
        }
        let skipped = reader.take_skipped().len() + usize::from(found.damage.is_some());
        Ok((records, skipped))
    }

    fn verify(&self) -> Result<Checked> {
        let mut checked = verify_top(self.dir.path())?;
        let directory = LogDirectory::open(self.dir.path())?;
        let registry = directory.registry()?;
        let Some(topic) = registry.topics.get(&self.topic) else {
            checked.add(self.dir.path(), None, None, "the topic is gone".to_owned());
            return Ok(checked);
        };
        let config = Self::config(&directory);
        let place =
            Place { directory: &directory, topic: &self.topic, partition: 0, config: &config };
        let mut more = place.verify(topic.id, &Pace::default())?;
        checked.findings.append(&mut more.findings);
        Ok(checked)
    }

    fn repair(&self) -> Result<crate::disk::partition::Repaired> {
        let directory = LogDirectory::open_to_write(self.dir.path())?;
        let config = Self::config(&directory);
        let id = directory.registry()?.topics[&self.topic].id;
        directory.open_partition(&self.topic, 0, &config)?.repair(id, 0)
    }

    /// Puts every file back as it was, with the page as one that is believed.
    fn restore(&self) {
        let known = |path: &Path| self.files.iter().any(|(known, _)| known == path);
        for entry in fs::read_dir(self.dir.path().join("t-0")).unwrap() {
            let path = entry.unwrap().path();
            if !known(&path) {
                fs::remove_file(path).unwrap();
            }
        }
        for (path, bytes) in &self.files {
            if !fs::read(path).is_ok_and(|now| now == *bytes) {
                // In place, since the page knows which file it is.
                fs::write(path, bytes).unwrap();
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("t-0").join(name)
    }

    /// What holds after any damage: what is read is what was written; and it is all there, or the
    /// check says what is wrong.
    fn assert_contained(&self, what: &str) {
        let verified = self.verify();
        let damaged = verified.as_ref().map_or(true, Checked::is_damaged);
        let (records, skipped) = match self.read() {
            Ok(read) => read,
            Err(error) => {
                let known = matches!(error, DiskError::Corrupt { .. } | DiskError::Foreign { .. });
                assert!(known && damaged, "{what}: {error}");
                return;
            }
        };
        for (offset, record) in &records {
            assert_eq!(self.records.get(offset), Some(record), "{what}: offset {offset}");
        }
        if records.len() < self.records.len() {
            assert!(damaged, "{what}: {skipped} skipped, and the check found {verified:?}");
            // A batch is two records: no other batch goes with a damaged one.
            if what.contains(".log") {
                assert!(records.len() + 2 >= self.records.len(), "{what}: {records:?}");
            }
        }
    }
}

/// Flips every bit of the files that `is_wanted`, one at a time.
fn assert_flips_are_contained(is_wanted: impl Fn(&Path) -> bool, step: impl Fn(usize) -> bool) {
    let f = Fixture::new();
    for (path, bytes) in f.files.iter().filter(|(path, _)| is_wanted(path)) {
        for at in (0..bytes.len()).filter(|&at| step(at)) {
            for bit in 0..8 {
                let mut bad = bytes.clone();
                bad[at] ^= 1 << bit;
                fs::write(path, &bad).unwrap();
                f.assert_contained(&format!("{} bit {bit} of byte {at}", path.display()));
                f.restore();
            }
        }
    }
}

#[test]
fn no_flipped_bit_of_a_log_gives_a_wrong_record_or_hides_another() {
    assert_flips_are_contained(|path| path.extension().is_some_and(|kind| kind == "log"), |_| true);
}

#[test]
fn no_flipped_bit_of_any_other_file_does() {
    let is_other = |path: &Path| {
        path.extension().is_none_or(|kind| kind != "log")
            && !path.ends_with(layout::PARTITION_STATE)
    };
    assert_flips_are_contained(is_other, |_| true);
}

#[test]
fn no_flipped_bit_of_the_page_does() {
    // Its header and the two slots, and a sample of the producers.
    assert_flips_are_contained(
        |path| path.ends_with(layout::PARTITION_STATE),
        |at| at < 520 || at % 64 == 0,
    );
}

#[test]
fn no_truncation_gives_a_wrong_record_or_hides_another_batch() {
    let f = Fixture::new();
    for (path, bytes) in &f.files {
        let step = if path.ends_with(layout::PARTITION_STATE) { 61 } else { 1 };
        for len in (0..bytes.len()).step_by(step) {
            fs::write(path, &bytes[..len]).unwrap();
            let verified = f.verify();
            let damaged = verified.as_ref().map_or(true, Checked::is_damaged);
            match f.read() {
                Ok((records, _)) => {
                    let all = records.iter().all(|(at, record)| f.records.get(at) == Some(record));
                    assert!(all, "{} of {len} bytes", path.display());
                    let whole = records.len() == f.records.len();
                    assert!(whole || damaged, "{} of {len} bytes: {verified:?}", path.display());
                }
                Err(error) => assert!(damaged, "{} of {len} bytes: {error}", path.display()),
            }
            f.restore();
        }
    }
}

#[test]
fn a_repair_leaves_a_whole_log_that_takes_records_and_gives_the_rest() {
    let f = Fixture::new();
    let log = f.path("00000000000000000000.log");
    let second = f.path("00000000000000000004.log");
    let bytes = fs::read(&log).unwrap();
    let half = u32::from_be_bytes(*bytes[8..].first_chunk().unwrap()) as usize + 12;
    for (path, range, lost) in [
        (&log, 70..71, 2),
        (&log, 8..12, 2),
        (&log, 0..half, 2),
        (&log, half..half + 30, 2),
        (&second, 70..71, 2),
        (&second, 9..10, 2),
        (&log, 20..half + 30, 4),
    ] {
        let mut bad = fs::read(path).unwrap();
        bad[range.clone()].iter_mut().for_each(|byte| *byte ^= 0x55);
        let before: u64 = f.bytes_of_logs();
        fs::write(path, &bad).unwrap();
        assert!(f.verify().unwrap().is_damaged(), "{range:?}");
        let done = f.repair().unwrap();
        assert!(!done.cut.is_empty(), "{range:?}");
        let checked = f.verify().unwrap();
        assert!(!checked.is_damaged(), "{range:?}: {:?}", checked.findings);
        let (records, skipped) = f.read().unwrap();
        assert_eq!((records.len(), skipped), (8 - lost, 0), "{range:?}");
        assert!(records.iter().all(|(at, record)| f.records.get(at) == Some(record)));
        // Nothing was destroyed, and no offset is given twice.
        let cut: u64 = done.cut.iter().map(|cut| cut.bytes).sum();
        let fillers = f.bytes_of_logs() - (before - cut);
        assert_eq!(fillers, 61, "{range:?}");
        let directory = LogDirectory::open_to_write(f.dir.path()).unwrap();
        let config = Fixture::config(&directory);
        let mut partition = directory.open_partition(&f.topic, 0, &config).unwrap();
        let appended = partition.append(&mut batch(9, Compression::None), 0).unwrap();
        assert_eq!(appended.base_offset, 8, "{range:?}");
        drop(partition);
        assert_eq!(f.read().unwrap().0.len(), 10 - lost, "{range:?}");
        f.restore();
    }
}

impl Fixture {
    fn bytes_of_logs(&self) -> u64 {
        let entries = fs::read_dir(self.dir.path().join("t-0")).unwrap();
        let logs = entries.map(|entry| entry.unwrap().path());
        let logs = logs.filter(|path| path.extension().is_some_and(|kind| kind == "log"));
        logs.map(|path| fs::metadata(path).unwrap().len()).sum()
    }
}

/// Puts a field into the first batch of the log, with or without a right checksum.
fn put(path: &Path, at: usize, field: &[u8], seal: bool) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at..at + field.len()].copy_from_slice(field);
    if seal {
        let size = u32::from_be_bytes(*bytes[8..].first_chunk().unwrap()) as usize + 12;
        let crc = crc32c::crc32c(&bytes[21..size]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn damage_by_hand_is_named() {
    let f = Fixture::new();
    let log = f.path("00000000000000000000.log");
    let cases: &[(usize, &[u8], bool, &str)] = &[
        (16, &[3], false, "batch format 3 is not supported"),
        (16, &[127], false, "batch format 127 is not supported"),
        (16, &[255], false, "batch format -1 is not supported"),
        (8, &(-1_i32).to_be_bytes(), false, "a batch length of -1 is less than 49"),
        (8, &0_i32.to_be_bytes(), false, "a batch length of 0 is less than 49"),
        (8, &48_i32.to_be_bytes(), false, "a batch length of 48 is less than 49"),
        (8, &i32::MAX.to_be_bytes(), false, "does not fit into the"),
        (70, b"X", false, "the checksum of a batch is wrong"),
        (0, &9_i64.to_be_bytes(), false, "offset 9 stands where 0 is due"),
        (0, &i64::MAX.to_be_bytes(), false, "offsets from 9223372036854775807 on do not fit"),
        (21, &5_u16.to_be_bytes(), true, "codec 5 is not known"),
        (21, &1_u16.to_be_bytes(), true, "a gzip batch does not decompress"),
        (21, &4_u16.to_be_bytes(), true, "a zstd batch does not decompress"),
        (23, &5_i32.to_be_bytes(), true, "offset"),
        (35, &9_i64.to_be_bytes(), true, "its largest timestamp is 1700000000001, and its header"),
        (57, &(-1_i32).to_be_bytes(), true, "-1 records do not fit"),
        (57, &1_i32.to_be_bytes(), true, "it has 1 records, and offsets for 2"),
        // The first record: its length, attributes, two deltas, key length, key, value length.
        (61, &[1], true, "record 0 has a length of -1"),
        (64, &[2], true, "record 0 has an offset delta of 1"),
        (64, &[1], true, "record 0 has an offset delta of -1"),
        (65, &[3], true, "record 0 is malformed"),
        (68, &[3], true, "record 0 is malformed"),
        (74, &[1], true, "record 0 is malformed"),
        (74, &[8], true, "record 0 is malformed"),
    ];
    for (at, field, seal, what) in cases {
        put(&log, *at, field, *seal);
        let checked = f.verify().unwrap();
        let found = checked.findings.iter().find(|found| found.is_damage);
        let found = found.unwrap_or_else(|| panic!("{at} {field:?}: nothing was found"));
        assert!(found.what.contains(what), "{at} {field:?}: {found:?}");
        assert_eq!((&found.path, found.position, found.offset), (&log, Some(0), Some(0)));
        let (records, skipped) = f.read().unwrap();
        assert!(skipped > 0 || *at == 35, "{at} {field:?}");
        assert!(records.len() >= 6, "{at} {field:?}: {records:?}");
        f.restore();
    }
}

#[test]
fn indexes_snapshots_and_small_files_are_checked_and_made_anew() {
    let f = Fixture::new();
    let cases: &[(&str, usize, &[u8], &str)] = &[
        ("00000000000000000000.index", 7, &[9], "no batch begins at byte"),
        ("00000000000000000000.index", 3, &[9], "for a batch that ends at"),
        ("00000000000000000000.timeindex", 0, &[1], "up to offset"),
        ("00000000000000000008.snapshot", 9, &[9], "it is not a snapshot of producers"),
        ("partition.metadata", 12, b"x", "it does not say"),
        ("leader-epoch-checkpoint", 0, b"7", "it is not a checkpoint of leader epochs"),
    ];
    for (name, at, field, what) in cases {
        put(&f.path(name), *at, field, false);
        let checked = f.verify().unwrap();
        let found = checked.findings.iter().find(|found| found.is_damage);
        let found = found.unwrap_or_else(|| panic!("{name}: nothing was found"));
        assert!(found.what.contains(what) && found.path == f.path(name), "{name}: {found:?}");
        assert_eq!(f.read().unwrap().0, f.records, "{name}");
        f.repair().unwrap();
        let checked = f.verify().unwrap();
        assert!(!checked.is_damaged(), "{name}: {:?}", checked.findings);
        assert_eq!(f.read().unwrap().0, f.records, "{name}");
        f.restore();
    }
}

#[test]
fn what_harms_nobody_is_a_note() {
    let f = Fixture::new();
    let note = |what: &str| {
        let checked = f.verify().unwrap();
        assert!(!checked.is_damaged(), "{what}: {:?}", checked.findings);
        let said = checked.findings.iter().any(|found| found.what.contains(what));
        assert!(said, "{what}: {:?}", checked.findings);
        assert_eq!(f.read().unwrap().0, f.records, "{what}");
        f.restore();
    };
    let log = f.path("00000000000000000000.log");
    fs::remove_file(f.path("00000000000000000000.index")).unwrap();
    note("it is missing");
    fs::write(f.path("00000000000000000099.index"), b"").unwrap();
    fs::remove_file(f.path("00000000000000000000.timeindex")).unwrap();
    note("it is missing");
    fs::hard_link(&log, f.dir.path().join("t-0/copy.log")).unwrap();
    note("it has 2 names (hard links)");
    fs::write(f.path("1.log"), b"").unwrap();
    note("it is not the name of a segment");
    fs::write(f.path("00000000000000000000.log.cleaned"), b"half").unwrap();
    note("it is a leftover");
    put(&log, 21, &0x80_u16.to_be_bytes(), true);
    note("has attributes 0x0080");
    put(&log, 12, &(-7_i32).to_be_bytes(), false);
    note("has leader epoch -7");
    let active = f.path("00000000000000000004.log");
    let mut bytes = fs::read(&active).unwrap();
    bytes.extend_from_slice(&[7; 40]);
    fs::write(&active, bytes).unwrap();
    note("the last 40 bytes");
}

#[test]
fn a_segment_that_is_missing_is_named_and_its_offsets_are_not_used_again() {
    let f = Fixture::new();
    fs::remove_file(f.path("00000000000000000000.log")).unwrap();
    let error = f.read().map(|(records, skipped)| (records.len(), skipped)).unwrap();
    assert_eq!(error, (4, 1));
    fs::remove_file(f.path("00000000000000000004.log")).unwrap();
    assert!(f.verify().unwrap().is_damaged());
}
