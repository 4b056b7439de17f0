//! Tests of compaction: which records stay, crashes at every step, readers that go on meanwhile.

use super::*;
use crate::config::CleanupPolicy;
use crate::disk::BootId;
use crate::disk::batch::{BatchEncoder, EncodedBatch, ProducerStamp};
use crate::disk::partition::{Compacted, Compaction, PartitionLog};
use crate::disk::reader::PartitionReader;
use crate::record::{Compression, RecordBuffer, Slice, Span};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A record: key and value, where they are not null.
type Record<'a> = (Option<&'a str>, Option<&'a str>);

/// A log of a compacted topic.
struct Fixture {
    dir: tempfile::TempDir,
    config: LogConfig,
}

impl Fixture {
    fn new(segment_bytes: i32) -> Self {
        let config = LogConfig {
            segment_bytes,
            index_interval_bytes: 0,
            cleanup_policy: CleanupPolicy { delete: false, compact: true },
            delete_retention_ms: 100,
            ..LogConfig::default()
        };
        Self { dir: tempfile::tempdir().unwrap(), config }
    }

    fn open(&self) -> PartitionLog {
        PartitionLog::open(self.dir.path(), self.config.clone(), BootId::current(), 0).unwrap()
    }

    fn append(&self, records: &[Record<'_>], codec: Compression, producer: ProducerStamp) {
        let mut buffer = RecordBuffer::default();
        for (key, value) in records {
            let key = buffer.store_nullable(key.map(str::as_bytes));
            let value = buffer.store_nullable(value.map(str::as_bytes));
            buffer.spans.push(Span::new(key, value, 1000));
        }
        let mut encoder = BatchEncoder::new(codec);
        buffer.spans.iter().for_each(|span| encoder.push(span, &buffer));
        let mut batch = encoder.finish(producer, EncodedBatch::default()).unwrap();
        self.open().append(&mut batch, 0).unwrap();
    }

    fn put(&self, records: &[Record<'_>]) {
        self.append(records, Compression::None, ProducerStamp::NONE);
    }

    fn compact(&self, now_ms: i64, first_dirty: i64) -> Option<Compacted> {
        self.compact_with(now_ms, first_dirty, MAP_BYTES_MAX, true)
    }

    fn compact_with(
        &self,
        now_ms: i64,
        first_dirty: i64,
        map_bytes: usize,
        is_forced: bool,
    ) -> Option<Compacted> {
        let stop = AtomicBool::new(false);
        let how =
            Compaction { first_dirty, now_ms, stop: &stop, is_forced, rolls: is_forced, map_bytes };
        self.open().compact(&how, |_| Ok(())).unwrap()
    }

    fn read(&self) -> Vec<(i64, String, Option<String>)> {
        let end = self.open().end().unwrap();
        let mut reader = PartitionReader::new(self.dir.path(), 0, end.start_offset, &self.config);
        let (mut buffer, mut all) = (RecordBuffer::default(), Vec::new());
        while reader.next_offset() < end.end_offset {
            reader.read(&end, i64::MAX, &mut buffer).unwrap();
            for span in &buffer.spans {
                let text = |slice: Slice| {
                    slice.of(&buffer.arena).map(|b| String::from_utf8_lossy(b).into_owned())
                };
                all.push((span.offset, text(span.key).unwrap_or("-".to_owned()), text(span.value)));
            }
        }
        all
    }

    /// `offset:key=value` of every record.
    fn text(&self) -> String {
        let record = |(offset, key, value): (i64, String, Option<String>)| {
            format!("{offset}:{key}={}", value.unwrap_or("null".to_owned()))
        };
        self.read().into_iter().map(record).collect::<Vec<_>>().join(" ")
    }

    /// The log has nothing wrong with it.
    fn assert_whole(&self) {
        use crate::disk::{layout, meta, verify};
        let id = meta::Uuid([1; 16]);
        let metadata = self.dir.path().join(layout::PARTITION_METADATA);
        std::fs::write(metadata, meta::partition_metadata(id)).unwrap();
        let subject = verify::Subject {
            directory: self.dir.path(),
            config: &self.config,
            topic_id: id,
            boot: &BootId::current(),
            log_start: 0,
            noted: None,
        };
        let checked = verify::verify(subject, &verify::Pace::default()).unwrap();
        assert_eq!(checked.findings, [], "{checked:?}");
    }

    /// A fixed input: keys that repeat, a tombstone, a record without a key, over many segments.
    fn filled(segment_bytes: i32) -> Self {
        let f = Self::new(segment_bytes);
        f.put(&[(Some("a"), Some("1")), (Some("b"), Some("1"))]);
        f.put(&[(Some("a"), Some("2")), (None, Some("x"))]);
        f.append(
            &[(Some("c"), Some("1")), (Some("b"), None)],
            Compression::Gzip,
            ProducerStamp::NONE,
        );
        f.put(&[(Some("d"), None), (Some("a"), Some("3"))]);
        f.put(&[(Some("c"), Some("2")), (Some("d"), Some("4"))]);
        f
    }
}

#[test]
fn the_last_record_of_each_key_stays_at_its_offset() {
    for segment_bytes in [100, 200, 1 << 20] {
        let f = Fixture::filled(segment_bytes);
        let done = f.compact(10, 0).unwrap();
        assert_eq!(f.text(), "5:b=null 7:a=3 8:c=2 9:d=4", "{segment_bytes}");
        assert_eq!((done.records_before, done.records_after), (10, 4));
        assert_eq!(done.first_dirty, 10);
        f.assert_whole();
        // A tombstone goes once its time is up, and not before.
        assert_eq!(f.compact(109, 10).map(|done| done.records_after), Some(4));
        f.compact(110, 10).unwrap();
        assert_eq!(f.text(), "7:a=3 8:c=2 9:d=4");
        f.assert_whole();
        f.put(&[(Some("a"), Some("4"))]);
        assert_eq!(f.text(), "7:a=3 8:c=2 9:d=4 10:a=4");
        // After a lost page the end is the same.
        std::fs::remove_file(f.dir.path().join(layout::PARTITION_STATE)).unwrap();
        assert_eq!(f.text(), "7:a=3 8:c=2 9:d=4 10:a=4");
    }
}

#[test]
fn it_is_done_when_it_is_due_and_the_active_segment_is_left_alone() {
    let mut f = Fixture::filled(100);
    assert_eq!(f.compact_with(10, 8, MAP_BYTES_MAX, false), None);
    f.config.min_compaction_lag_ms = 10_000;
    assert_eq!(f.compact_with(10, 0, MAP_BYTES_MAX, false), None);
    f.config.min_compaction_lag_ms = 0;
    let done = f.compact_with(10, 0, MAP_BYTES_MAX, false).unwrap();
    assert_eq!(done.first_dirty, 8);
    assert_eq!(f.text(), "4:c=1 5:b=null 6:d=null 7:a=3 8:c=2 9:d=4");
    f.assert_whole();
    f.config.max_compaction_lag_ms = 1;
    f.put(&[(Some("e"), None)]);
    assert!(f.compact_with(1_000_000, 8, MAP_BYTES_MAX, false).is_some());
}

#[test]
fn a_map_that_is_full_takes_more_rounds() {
    let f = Fixture::new(400);
    for n in 0..200 {
        let key = format!("key-{}", n % 50);
        f.put(&[(Some(&key), Some(&n.to_string()))]);
    }
    let done = f.compact_with(10, 0, 24 * 20, true).unwrap();
    assert!(done.rounds > 1, "{done:?}");
    let found = f.read();
    assert_eq!(found.len(), 50);
    assert_eq!((found[0].0, found[49].0), (150, 199));
    assert_eq!((done.records_before, done.records_after), (200, 50));
    f.assert_whole();
}

#[test]
fn what_a_producer_wrote_last_keeps_its_place() {
    let f = Fixture::new(100);
    let stamp = |base_sequence| ProducerStamp { id: 9, epoch: 0, base_sequence };
    f.append(&[(Some("a"), Some("1"))], Compression::None, stamp(0));
    f.append(&[(Some("a"), Some("2"))], Compression::None, stamp(1));
    f.put(&[(Some("a"), Some("3"))]);
    f.put(&[(Some("z"), Some("1"))]);
    f.compact(1000, 0).unwrap();
    assert_eq!(f.text(), "2:a=3 3:z=1");
    // The page is lost, and still the repetition is known for one.
    std::fs::remove_file(f.dir.path().join(layout::PARTITION_STATE)).unwrap();
    let mut log = f.open();
    assert_eq!(log.end().unwrap().end_offset, 4);
    let entries = log.state().producers();
    assert!(entries.iter().any(|p| p.id == 9 && p.last_sequence == 1 && p.last_offset == 1));
    f.assert_whole();
}

#[test]
fn a_kill_at_any_step_loses_nothing_and_the_next_one_ends_it() {
    for place in ["swap", "link", "log", "old", "index"] {
        for lose_page in [false, true] {
            // Small segments, which are merged into one.
            let mut f = Fixture::filled(100);
            f.config.segment_bytes = 1 << 20;
            let whole: BTreeMap<i64, _> =
                f.read().into_iter().map(|(at, key, value)| (at, (key, value))).collect();
            swap::STOP.with(|stop| stop.replace(Some(place)));
            let killed = catch_unwind(AssertUnwindSafe(|| f.compact(10, 0)));
            assert!(killed.is_err(), "{place}");
            if lose_page {
                std::fs::remove_file(f.dir.path().join(layout::PARTITION_STATE)).unwrap();
            }
            let between = f.read();
            for (at, key, value) in &between {
                assert_eq!(whole.get(at), Some(&(key.clone(), value.clone())), "{place}");
            }
            for at in [5, 7, 8, 9] {
                assert!(between.iter().any(|(offset, ..)| *offset == at), "{place} {between:?}");
            }
            f.compact(10, 0).unwrap();
            assert_eq!(f.text(), "5:b=null 7:a=3 8:c=2 9:d=4", "{place} {lose_page}");
            f.assert_whole();
            f.put(&[(Some("e"), Some("1"))]);
            assert_eq!(f.read().len(), 5, "{place} {lose_page}");
        }
    }
}

#[test]
fn a_reader_in_the_middle_of_old_segments_misses_nothing_that_stays() {
    let f = Fixture::new(1000);
    for n in 0..200 {
        f.put(&[(Some(&format!("key-{}", n % 100)), Some(&n.to_string()))]);
    }
    let end = f.open().end().unwrap();
    for stops in 1..40 {
        let mut reader = PartitionReader::new(f.dir.path(), 0, stops * 3, &f.config);
        let (mut buffer, mut found) = (RecordBuffer::default(), Vec::new());
        let mut read = |reader: &mut PartitionReader, found: &mut Vec<i64>, to: i64| {
            reader.read(&end, to, &mut buffer).unwrap();
            found.extend(buffer.spans.iter().map(|span| span.offset));
        };
        read(&mut reader, &mut found, stops * 3 + 1);
        if stops == 20 {
            f.compact(10, 0).unwrap();
        }
        while reader.next_offset() < end.end_offset {
            read(&mut reader, &mut found, i64::MAX);
        }
        let stay = (100..200).filter(|at| *at >= stops * 3);
        assert!(stay.into_iter().all(|at| found.contains(&at)), "{stops} {found:?}");
        assert!(found.is_sorted());
    }
}
