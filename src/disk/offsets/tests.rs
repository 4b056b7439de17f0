//! The log of offsets as a whole: placement, the fold, commits, compaction, expiry.

use std::path::Path;

use super::codec::{GroupMetadata, OffsetValue, StoredMember};
use super::*;
use crate::disk::batch::HeaderStamp;
use crate::disk::record;
use crate::topic::TopicPartition;

fn id(text: &str) -> GroupId {
    GroupId::new(text).unwrap()
}

fn of(partition: i32) -> TopicPartition {
    TopicPartition { topic: TopicName::new("t").unwrap(), partition }
}

fn key(group: &str, partition: i32) -> Key {
    Key::Offset { group: id(group), of: of(partition) }
}

#[expect(clippy::unnecessary_wraps, reason = "as records take it")]
fn offset(offset: i64, committed_ms: i64) -> Option<Value> {
    Some(Value::Offset(OffsetValue {
        offset,
        leader_epoch: -1,
        metadata: String::new(),
        committed_ms,
        expires_ms: None,
        topic_id: None,
    }))
}

fn metadata(since_ms: i64, members: &[&str]) -> GroupMetadata {
    let member = |id: &&str| StoredMember { id: (*id).to_owned(), ..StoredMember::default() };
    GroupMetadata {
        protocol_type: "consumer".into(),
        generation: 1,
        state_since_ms: since_ms,
        members: members.iter().map(member).collect(),
        ..GroupMetadata::default()
    }
}

fn open(dir: &Path) -> OffsetsLog {
    OffsetsLog::open_to_write(&LogDirectory::open_to_write(dir).unwrap(), 1).unwrap()
}

fn committed(table: &GroupTable) -> Vec<(i32, i64)> {
    table.offsets.values().map(|c| (c.of.partition, c.offset)).collect()
}

#[test]
fn groups_are_where_kafka_looks_for_them() {
    for (group, partition) in [
        ("my-group", 12),
        ("g1", 42),
        ("group", 47),
        ("test", 48),
        ("console-consumer-1", 24),
        ("consumer-group-1", 20),
        ("polygenelubricants", 0),
        ("\u{433}\u{440}\u{443}\u{43f}\u{43f}\u{430}", 8),
    ] {
        assert_eq!(partition_of(&id(group), 50), partition, "{group}");
    }
    assert_eq!(partition_of(&id("g1"), 0), 0);
}

#[test]
fn a_commit_is_read_by_another_handle_as_one_batch() {
    let dir = tempfile::tempdir().unwrap();
    let directory = LogDirectory::open_to_write(dir.path()).unwrap();
    assert!(OffsetsLog::open(&directory).unwrap().is_none());
    let mut log = open(dir.path());
    let reader = OffsetsLog::open(&directory).unwrap().unwrap();
    assert!(reader.read(&id("g1")).unwrap().is_empty());
    let both = [(key("g1", 0), offset(5, 1)), (key("g1", 1), offset(7, 1))];
    log.append(&id("g1"), &both, 1, true).unwrap();
    assert_eq!(committed(&reader.read(&id("g1")).unwrap()), [(0, 5), (1, 7)]);
    let file = std::fs::read(dir.path().join("__consumer_offsets-42/00000000000000000000.log"));
    let batch = super::super::batch::BatchHeader::parse(&file.unwrap()).unwrap();
    assert_eq!((batch.record_count, batch.producer), (2, ProducerStamp::NONE));
    log.append(&id("g1"), &[(key("g1", 0), offset(6, 2)), (key("g1", 1), None)], 2, false).unwrap();
    log.append(&id("other"), &[(key("other", 3), offset(1, 2))], 2, false).unwrap();
    assert_eq!(committed(&reader.read(&id("g1")).unwrap()), [(0, 6)]);
    assert_eq!(
        reader.read_all().unwrap().keys().cloned().collect::<Vec<_>>(),
        [id("g1"), id("other")]
    );
    log.append(&id("g1"), &[(key("g1", 0), None)], 3, false).unwrap();
    assert_eq!(reader.read_all().unwrap().len(), 1);
    log.append(&id("g1"), &[], 3, false).unwrap();
    let config = log.directory.registry().unwrap().topics[&topic_name()].configs.clone();
    assert_eq!(config["cleanup.policy"], "compact");
}

#[test]
fn what_cannot_be_written_is_refused_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let many: Vec<_> = (0..50_000).map(|n| (key("g", n), offset(1, 1))).collect();
    let refused = log.append(&id("g"), &many, 1, false);
    assert!(matches!(refused, Err(DiskError::TooLarge { .. })), "{refused:?}");
    assert!(log.read(&id("g")).unwrap().is_empty());
}

/// Appends a batch as a transactional producer would, or its marker.
fn append_raw(dir: &Path, attributes: u16, pid: i64, key: &[u8], value: &[u8]) {
    let mut buffer = RecordBuffer::default();
    push(&mut buffer, key, Some(value), 1);
    let mut batch = EncodedBatch { bytes: vec![0; 61], records: 1, ..EncodedBatch::default() };
    batch.producer_id = -1;
    record::encode(&mut batch.bytes, 0, 0, &buffer.spans[0], &buffer);
    HeaderStamp {
        attributes,
        last_offset_delta: 0,
        base_timestamp: 1,
        max_timestamp: 1,
        producer: ProducerStamp { id: pid, epoch: 0, base_sequence: -1 },
        records: 1,
    }
    .write(&mut batch.bytes);
    let mut log = open(dir);
    let partition = log.partition_of(&id("g1"));
    log.open_log(partition).unwrap().log.append(&mut batch, 1).unwrap();
}

#[test]
fn transactions_count_once_they_are_committed() {
    const TRANSACTIONAL: u16 = 1 << 4;
    const MARKER: u16 = TRANSACTIONAL | 1 << 5;
    let dir = tempfile::tempdir().unwrap();
    let reader = open(dir.path());
    let read = || committed(&reader.read(&id("g1")).unwrap());
    let put = |pid, partition, at| {
        let value = offset(at, 1).unwrap().encode().unwrap();
        let key = key("g1", partition).encode().unwrap();
        append_raw(dir.path(), TRANSACTIONAL, pid, &key, &value);
    };
    put(7, 0, 5);
    put(8, 1, 6);
    assert_eq!(read(), []);
    append_raw(dir.path(), MARKER, 7, b"\0\0\0\x01", b"\0\0\0\0\0\0");
    assert_eq!(read(), [(0, 5)]);
    append_raw(dir.path(), MARKER, 8, b"\0\0\0\0", b"\0\0\0\0\0\0");
    put(8, 0, 99);
    assert_eq!(read(), [(0, 5)]);
    // What is not known is passed over.
    append_raw(dir.path(), 0, -1, b"\x7f\xff??", b"noise");
    append_raw(dir.path(), 0, -1, &key("g1", 0).encode().unwrap(), b"\x7f\xff");
    assert_eq!(read(), [(0, 5)]);
}

/// Fills the partition of `g1` with commits until it has `bytes`.
fn fill(log: &mut OffsetsLog, bytes: u64) -> i64 {
    let partition = log.partition_of(&id("g1"));
    let mut n = 0;
    loop {
        n += 1;
        let records: Vec<_> = (0..100).map(|p| (key("g1", p), offset(n, n))).collect();
        log.append(&id("g1"), &records, n, false).unwrap();
        let end = log.open_log(partition).unwrap().log.end().unwrap();
        if end.sealed_bytes + end.position > bytes {
            return n;
        }
    }
}

#[test]
fn compaction_keeps_what_is_live_and_readers_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let partition = log.partition_of(&id("g1"));
    let early = OffsetsLog::open(&log.directory).unwrap().unwrap();
    let gone = (key("g1", 1000), offset(1, 1));
    log.append(&id("g1"), std::slice::from_ref(&gone), 1, false).unwrap();
    append_raw(dir.path(), 0, -1, b"\x7f\xffkept", b"as it is");
    assert_eq!(early.read(&id("g1")).unwrap().offsets.len(), 1);
    log.append(&id("g1"), &[(gone.0, None)], 1, false).unwrap();
    assert!(!log.compact(partition, 1).unwrap(), "too small to be worth it");
    let last = fill(&mut log, COMPACT_BYTES_MIN - 20_000);
    let before = log.read(&id("g1")).unwrap();
    let end = log.open_log(partition).unwrap().log.end().unwrap();
    assert_eq!((before.offsets.len(), end.start_offset), (100, 0));
    // The next commits pass the limit.
    let last = last + fill(&mut log, 0).max(0);
    for n in last..last + 10 {
        let records: Vec<_> = (0..100).map(|p| (key("g1", p), offset(n, n))).collect();
        log.append(&id("g1"), &records, n, false).unwrap();
    }
    let end = log.open_log(partition).unwrap().log.end().unwrap();
    assert!(end.start_offset > 0 && end.sealed_bytes + end.position < 200_000, "{end:?}");
    let expected: Vec<(i32, i64)> = (0..100).map(|p| (p, last + 9)).collect();
    let fresh = OffsetsLog::open(&log.directory).unwrap().unwrap();
    // One that has read all, one that was behind the new start, and one that begins.
    for reader in [&log, &early, &fresh] {
        assert_eq!(committed(&reader.read(&id("g1")).unwrap()), expected);
    }
    let (live, _) =
        live_records(&log.directory.partition_path(&log.topic, partition), &end, &log.config)
            .unwrap();
    assert!(live.contains(&(b"\x7f\xffkept".to_vec(), Some(b"as it is".to_vec()))));
    assert_eq!(live.len(), 101);
}

#[test]
fn compaction_that_is_cut_short_leaves_the_same_values() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let partition = log.partition_of(&id("g1"));
    let last = fill(&mut log, COMPACT_BYTES_MIN - 20_000);
    let reader = OffsetsLog::open(&log.directory).unwrap().unwrap();
    let before = reader.read(&id("g1")).unwrap();
    let (path, config) = (log.directory.partition_path(&log.topic, partition), log.config.clone());
    for step in 0..3 {
        let batches = |end: &End| {
            let (live, _) = live_records(&path, end, &config)?;
            let mut batches = rewritten(&live, &path, 1)?;
            // Killed before all of it was written, in the first step.
            batches.truncate(if step == 0 { 0 } else { usize::MAX });
            Ok(Some(batches))
        };
        let killed = |_| Err(DiskError::Missing { path: path.clone() });
        let cut = log.open_log(partition).unwrap().log.rewrite(1, batches, killed);
        assert!(cut.is_err());
        assert_eq!(reader.read(&id("g1")).unwrap(), before);
        let fresh = OffsetsLog::open(&log.directory).unwrap().unwrap();
        assert_eq!(fresh.read(&id("g1")).unwrap(), before);
    }
    fill(&mut log, COMPACT_BYTES_MIN - 10_000);
    log.compact(partition, 1).unwrap();
    assert!(before.offsets[&of(0)].offset <= last);
    assert_eq!(reader.read(&id("g1")).unwrap().offsets.len(), 100);
}

#[test]
fn compaction_among_commits_and_readers_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    let partition = writer.partition_of(&id("g1"));
    let done = std::sync::atomic::AtomicBool::new(false);
    let ordering = std::sync::atomic::Ordering::SeqCst;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut other = open(dir.path());
            let mut compacted = 0;
            while !done.load(ordering) {
                compacted += i32::from(other.compact(partition, 1).unwrap_or(false));
            }
            compacted
        });
        let reader = scope.spawn(|| {
            let reader = OffsetsLog::open(&LogDirectory::open(dir.path()).unwrap()).unwrap();
            let reader = reader.unwrap();
            let mut last = 0;
            while !done.load(ordering) {
                let table = reader.read(&id("g1")).unwrap();
                let offsets: Vec<i64> = table.offsets.values().map(|c| c.offset).collect();
                let first = offsets.first().copied().unwrap_or(0);
                assert!(offsets.iter().all(|o| *o == first), "half a commit: {offsets:?}");
                assert!(first >= last, "{first} after {last}");
                assert!(first == 0 || offsets.len() == 100, "{}", offsets.len());
                last = first;
            }
        });
        for n in 1..1500 {
            let records: Vec<_> = (0..100).map(|p| (key("g1", p), offset(n, n))).collect();
            writer.append(&id("g1"), &records, n, false).unwrap();
        }
        done.store(true, ordering);
        reader.join().unwrap();
    });
    let end = writer.open_log(partition).unwrap().log.end().unwrap();
    assert!(end.start_offset > 0);
    assert_eq!(writer.read(&id("g1")).unwrap().offsets[&of(99)].offset, 1499);
}

#[test]
fn groups_without_members_expire_after_seven_days() {
    let (day, mut table) = (24 * 60 * 60 * 1000, GroupTable::default());
    table.apply(key("g", 0), offset(5, day));
    let expired =
        |table: &GroupTable, days: i64| table.expired(&id("g"), days * day, OFFSETS_RETENTION_MS);
    assert_eq!(expired(&table, 7), []);
    assert_eq!(expired(&table, 8), [key("g", 0)]);
    table.apply(Key::Group(id("g")), Some(Value::Group(metadata(2 * day, &["m"]))));
    assert_eq!(expired(&table, 100), []);
    table.apply(Key::Group(id("g")), Some(Value::Group(metadata(2 * day, &[]))));
    assert_eq!(expired(&table, 8), []);
    assert_eq!(expired(&table, 9), [key("g", 0), Key::Group(id("g"))]);
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    log.append(&id("old"), &[(key("old", 0), offset(5, 1))], 1, false).unwrap();
    log.append(&id("live"), &[(key("live", 0), offset(5, 1))], 1, false).unwrap();
    log.append(&id("new"), &[(key("new", 0), offset(5, 8 * day))], 1, false).unwrap();
    let forgotten = log.expire(8 * day, |group| group == &id("live")).unwrap();
    assert_eq!(forgotten, [id("old")]);
    assert_eq!(log.read_all().unwrap().len(), 2);
}

#[test]
fn members_of_kip_848_are_gathered() {
    let mut groups = Groups::default();
    let mut put = |key: &Key, value: &[u8]| {
        let value = (!value.is_empty()).then_some(value);
        fold::apply(&mut groups, &key.encode().unwrap(), value);
        groups.get(&id("g")).cloned().unwrap_or_default()
    };
    let member = Key::ConsumerMember(id("g"), "m".into());
    let current = Key::CurrentAssignment(id("g"), "m".into());
    put(&Key::ConsumerGroup(id("g")), b"\0\0\0\0\0\x09\0");
    put(&member, b"\0\0\0\0\x04cli\x03/h\x01\0\0\0\0\x01\0\0");
    let mut owned = b"\0\0\0\0\0\x03\0\0\0\x02\0\x02".to_vec();
    owned.extend([5; 16]);
    owned.extend(b"\x02\0\0\0\x01\0\x01\0");
    let table = put(&current, &owned);
    assert_eq!((table.kind(), table.epoch), (crate::group::GroupKind::Consumer, Some(9)));
    assert_eq!(table.members["m"].metadata.client_id, "cli");
    assert_eq!(table.members["m"].current.as_ref().unwrap()[0].1, [1]);
    assert!(table.has_members());
    assert_eq!(table.keys(&id("g")).len(), 5);
    put(&current, b"");
    put(&member, b"");
    assert!(put(&Key::ConsumerGroup(id("g")), b"").is_empty());
    let share = put(&Key::ShareGroup(id("g")), b"\0\x01");
    assert_eq!(share.kind(), crate::group::GroupKind::Share);
}

#[test]
fn damage_is_said_and_noise_never_panics() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let records: Vec<_> = (0..10).map(|p| (key("g1", p), offset(1, 1))).collect();
    log.append(&id("g1"), &records, 1, false).unwrap();
    let path = dir.path().join("__consumer_offsets-42/00000000000000000000.log");
    let good = std::fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        std::fs::write(&path, &bad).unwrap();
        let reader = OffsetsLog::open(&log.directory).unwrap().unwrap();
        // Outside the checksum lies the leader epoch, which means nothing here.
        if let Ok(table) = reader.read(&id("g1")) {
            assert!((12..16).contains(&at) && table.offsets.len() == 10, "byte {at}");
        }
    }
}
