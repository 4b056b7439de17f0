//! Tests of one partition: what is appended is read, over rolls, kills, cuts, trims and lost pages.

use super::*;
use crate::config::CleanupPolicy;
use crate::disk::batch::{BatchEncoder, ProducerStamp};
use crate::disk::index::{entries_in, last_before};
use crate::disk::reader::PartitionReader;
use crate::disk::state::Known;
use crate::disk::survey::offset_at_time;
use crate::record::{Compression, RecordBuffer, Slice, Span};
use proptest::prelude::*;
use std::os::unix::fs::FileExt;

fn small() -> LogConfig {
    LogConfig { segment_bytes: 2000, index_interval_bytes: 100, ..LogConfig::default() }
}

fn batch(values: &[&[u8]], timestamp: i64, producer: ProducerStamp) -> EncodedBatch {
    let mut buffer = RecordBuffer::default();
    for (i, value) in values.iter().enumerate() {
        let value = buffer.store(value);
        buffer.spans.push(Span::new(Slice::NULL, value, timestamp + i as i64));
    }
    let mut encoder = BatchEncoder::new(Compression::None);
    buffer.spans.iter().for_each(|span| encoder.push(span, &buffer));
    encoder.finish(producer, EncodedBatch::default()).unwrap()
}

struct Fixture {
    dir: tempfile::TempDir,
    config: LogConfig,
}

impl Fixture {
    fn new(config: LogConfig) -> Self {
        Self { dir: tempfile::tempdir().unwrap(), config }
    }

    fn open(&self) -> PartitionLog {
        PartitionLog::open(self.dir.path(), self.config.clone(), BootId::current(), 0).unwrap()
    }

    /// Opens after the machine was started anew: no state page can be believed.
    fn reboot(&self) -> PartitionLog {
        let boot = BootId::from_words([1, 2]);
        PartitionLog::open(self.dir.path(), self.config.clone(), boot, 0).unwrap()
    }

    fn append(log: &mut PartitionLog, from: i64, batches: i64) {
        for n in from..from + batches {
            let value = format!("value {n}");
            let mut one = batch(&[value.as_bytes(), b""], 1000 + n * 10, ProducerStamp::NONE);
            assert_eq!(log.append(&mut one, 0).unwrap().base_offset, n * 2);
        }
    }

    /// Offsets and values from `from` on, as a reader in another process sees them.
    fn read(&self, from: i64) -> Vec<(i64, String)> {
        let state = State::open(self.dir.path()).unwrap().unwrap();
        let end = state.end(&BootId::current()).or_else(|| state.end(&BootId::from_words([1, 2])));
        self.read_to(&end.unwrap(), from).unwrap()
    }

    fn read_to(&self, end: &End, from: i64) -> Result<Vec<(i64, String)>> {
        let mut reader = PartitionReader::new(self.dir.path(), 0, from, &self.config);
        let (mut buffer, mut all) = (RecordBuffer::default(), Vec::new());
        while reader.next_offset() < end.end_offset {
            reader.read(end, i64::MAX, &mut buffer)?;
            for span in &buffer.spans {
                let value = span.value.of(&buffer.arena).unwrap();
                all.push((span.offset, String::from_utf8_lossy(value).into_owned()));
            }
        }
        Ok(all)
    }

    fn active_log(&self) -> (PathBuf, std::fs::File) {
        let base = *segment::list(self.dir.path()).unwrap().last().unwrap();
        let path = layout::segment_file(self.dir.path(), base, SegmentFile::Log);
        let file = std::fs::File::options().read(true).write(true).open(&path).unwrap();
        (path, file)
    }

    fn cut_bytes(&self) -> u64 {
        std::fs::read_dir(self.dir.path())
            .unwrap()
            .map(|e| e.unwrap())
            .filter(|e| e.file_name().to_str().unwrap().contains(".cut-"))
            .map(|e| e.metadata().unwrap().len())
            .sum()
    }
}

fn expected(from: i64, to: i64) -> Vec<(i64, String)> {
    let value = |n: i64| if n % 2 == 0 { format!("value {}", n / 2) } else { String::new() };
    (from..to).map(|n| (n, value(n))).collect()
}

#[test]
fn what_is_appended_is_read_from_any_offset_over_many_segments() {
    let f = Fixture::new(small());
    let mut log = f.open();
    Fixture::append(&mut log, 0, 200);
    assert!(segment::list(f.dir.path()).unwrap().len() > 5);
    for from in [0, 1, 2, 57, 398, 399] {
        assert_eq!(f.read(from), expected(from, 400), "from {from}");
    }
    assert_eq!(f.read(400), []);
    let end = log.end().unwrap();
    assert_eq!((end.start_offset, end.first_timestamp, end.max_timestamp), (0, 1000, 2991));
}

#[test]
fn indexes_agree_with_the_log() {
    let f = Fixture::new(small());
    let mut log = f.open();
    Fixture::append(&mut log, 0, 200);
    log.settle(0).unwrap();
    let mut offset_entries = 0;
    for base in segment::list(f.dir.path()).unwrap() {
        let open = |file| {
            let path = layout::segment_file(f.dir.path(), base, file);
            (std::fs::File::open(&path).unwrap(), path)
        };
        let ((log, log_path), (index, path)) =
            (open(SegmentFile::Log), open(SegmentFile::OffsetIndex));
        let len = log.metadata().unwrap().len();
        let mut batches = Vec::new();
        super::super::recovery::walk(&log, &log_path, (0, len), base, false, |at, header| {
            batches.push((at, header.last_offset(), header.max_timestamp));
        })
        .unwrap();
        let entries = entries_in::<OffsetEntry>(&index, &path).unwrap();
        offset_entries += entries;
        for n in 0..entries {
            let mut bytes = [0; 8];
            index.read_exact_at(&mut bytes, n * 8).unwrap();
            let entry = OffsetEntry::read(&bytes);
            let found = (entry.position as u64, base + i64::from(entry.relative_offset));
            assert!(batches.iter().any(|&(at, last, _)| (at, last) == found), "{entry:?}");
        }
        let (times, path) = open(SegmentFile::TimeIndex);
        let count = entries_in::<TimeEntry>(&times, &path).unwrap();
        let last = last_before(&times, &path, count, |_: TimeEntry| true).unwrap().unwrap();
        assert_eq!(Some(last.timestamp), batches.iter().map(|b| b.2).max());
    }
    assert!(offset_entries > 50, "{offset_entries}");
}

#[test]
fn a_torn_tail_is_moved_aside_and_whole_batches_behind_it_are_taken_up() {
    let f = Fixture::new(LogConfig::default());
    let mut log = f.open();
    Fixture::append(&mut log, 0, 3);
    let (_, file) = f.active_log();
    let position = file.metadata().unwrap().len();
    // A writer that was killed before it published: one whole batch, and half of another.
    let mut whole = batch(&[b"value 3", b""], 2000, ProducerStamp::NONE);
    whole.set_base_offset(6);
    let torn = &whole.bytes[..40];
    file.write_all_at(&whole.bytes, position).unwrap();
    file.write_all_at(torn, position + whole.bytes.len() as u64).unwrap();
    assert_eq!(f.read(0), expected(0, 6), "readers do not look past the published end");
    Fixture::append(&mut log, 4, 1);
    assert_eq!(f.read(0), expected(0, 10));
    let cuts = log.take_cuts();
    assert_eq!(cuts.len(), 1);
    assert_eq!((cuts[0].bytes, f.cut_bytes()), (40, 40));
    assert_eq!(std::fs::read(&cuts[0].path).unwrap(), torn);
}

#[test]
fn a_batch_is_written_once_however_often_it_is_sent() {
    let f = Fixture::new(small());
    let mut log = f.open();
    let stamp = |base_sequence| ProducerStamp { id: 5, epoch: 0, base_sequence };
    let send = |log: &mut PartitionLog, sequence| {
        log.append(&mut batch(&[b"a", b"b"], 0, stamp(sequence)), 0).unwrap().base_offset
    };
    assert_eq!([send(&mut log, 0), send(&mut log, 0), send(&mut log, 2)], [0, 0, 2]);
    assert_eq!([send(&mut log, 2), send(&mut f.open(), 2)], [2, 2]);
    assert_eq!(log.end().unwrap().end_offset, 4);
    // And when the batch was written, but its writer never heard of it.
    let mut orphan = batch(&[b"c", b"d"], 0, stamp(4));
    orphan.set_base_offset(4);
    let (_, file) = f.active_log();
    file.write_all_at(&orphan.bytes, log.end().unwrap().position).unwrap();
    assert_eq!([send(&mut log, 4), send(&mut log, 6)], [4, 6]);
}

#[test]
fn without_a_page_that_can_be_believed_the_log_tells_the_end() {
    let f = Fixture::new(small());
    let mut log = f.open();
    Fixture::append(&mut log, 0, 100);
    let before = log.end().unwrap();
    drop(log);
    let mut log = f.reboot();
    let after = log.end().unwrap();
    assert_eq!((after.end_offset, after.position), (before.end_offset, before.position));
    assert_eq!(after.sealed_bytes, before.sealed_bytes);
    assert_eq!(after.max_timestamp, before.max_timestamp);
    Fixture::append(&mut log, 100, 100);
    assert_eq!(f.read(0), expected(0, 400));
    assert_eq!(f.cut_bytes(), 0);
}

#[test]
fn who_may_not_write_finds_the_same_end() {
    let f = Fixture::new(small());
    let mut log = f.open();
    Fixture::append(&mut log, 0, 100);
    let published = log.end().unwrap();
    let recovery = Recovery { directory: f.dir.path(), config: &f.config };
    let found = recovery.measure(7, Known::default()).unwrap();
    assert_eq!(
        (found.active_base, found.position, found.end_offset, found.start_offset),
        (published.active_base, published.position, published.end_offset, 7)
    );
    assert_eq!(
        (found.sealed_bytes, found.max_timestamp, found.first_timestamp),
        (published.sealed_bytes, published.max_timestamp, published.first_timestamp)
    );
    assert_eq!(f.read_to(&found, 7).unwrap(), expected(7, 200));
    // A torn tail is not read, and not touched.
    let (path, file) = f.active_log();
    file.write_all_at(&[1; 30], published.position).unwrap();
    assert_eq!(recovery.measure(0, Known::default()).unwrap().end_offset, published.end_offset);
    assert_eq!(std::fs::metadata(path).unwrap().len(), published.position + 30);
}

#[test]
fn after_a_power_cut_what_was_never_synced_is_cut_and_what_was_synced_is_damage() {
    let f = Fixture::new(small());
    let mut log = f.open();
    Fixture::append(&mut log, 0, 10);
    let (path, file) = f.active_log();
    let len = file.metadata().unwrap().len();
    let base = *segment::list(f.dir.path()).unwrap().last().unwrap();
    file.write_all_at(&[0xff], len - 1).unwrap();
    // Nothing was synced: the last batch goes.
    let mut rebooted = f.reboot();
    assert_eq!(rebooted.end().unwrap().end_offset, 18);
    assert!(f.cut_bytes() > 0);
    assert_eq!(f.read(base), expected(base, 18));
    // All of it was synced: the same is damage, and no byte is touched.
    let state = Arc::clone(rebooted.state());
    state.set_recovery_point(18);
    let bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() as u64 - 1;
    f.active_log().1.write_all_at(&[0xff], at).unwrap();
    let boot = BootId::from_words([3, 4]);
    let mut again = PartitionLog::open(f.dir.path(), f.config.clone(), boot, 0).unwrap();
    let error = again.end().unwrap_err();
    assert!(matches!(error, DiskError::Corrupt { offset: Some(16), .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap().len(), bytes.len());
}

#[test]
fn a_log_that_ends_before_what_was_synced_is_damage_and_not_a_shorter_log() {
    let f = Fixture::new(small());
    let mut log = f.open();
    Fixture::append(&mut log, 0, 50);
    log.state().raise_recovery_point(100);
    let (path, file) = f.active_log();
    let whole = std::fs::read(&path).unwrap();
    file.set_len(0).unwrap();
    let error = f.reboot().end().unwrap_err();
    assert!(matches!(error, DiskError::Corrupt { .. }), "{error}");
    std::fs::remove_file(&path).unwrap();
    let error = f.reboot().end().unwrap_err();
    assert!(error.to_string().contains("went on to offset 100"), "{error}");
    std::fs::write(&path, whole).unwrap();
    assert_eq!(f.reboot().end().unwrap().end_offset, 100);
}

#[test]
fn a_copy_of_a_directory_opens_however_old_the_page_in_it() {
    let f = Fixture::new(small());
    let mut log = f.open();
    Fixture::append(&mut log, 0, 30);
    let copy = Fixture::new(small());
    for entry in std::fs::read_dir(f.dir.path()).unwrap().map(|e| e.unwrap()) {
        std::fs::copy(entry.path(), copy.dir.path().join(entry.file_name())).unwrap();
    }
    // The page is copied later than the log.
    Fixture::append(&mut log, 30, 5);
    log.state().raise_recovery_point(70);
    let page = layout::PARTITION_STATE;
    std::fs::copy(f.dir.path().join(page), copy.dir.path().join(page)).unwrap();
    let mut copied = copy.open();
    assert_eq!(copied.end().unwrap().end_offset, 60);
    Fixture::append(&mut copied, 30, 1);
    assert_eq!(copy.read(0), expected(0, 62));
}

#[test]
fn a_segment_without_its_time_index_is_searched_and_mended() {
    let f = Fixture::new(small());
    let mut log = f.open();
    Fixture::append(&mut log, 0, 60);
    let bases = segment::list(f.dir.path()).unwrap();
    let end = log.end().unwrap();
    let time_index = layout::segment_file(f.dir.path(), bases[1], SegmentFile::TimeIndex);
    let indexed = std::fs::read(&time_index).unwrap();
    std::fs::remove_file(&time_index).unwrap();
    let find = |end: &End, time| {
        offset_at_time(f.dir.path(), end, &f.config, time).unwrap().map(|(offset, _)| offset)
    };
    for n in 0..60 {
        assert_eq!(find(&end, 1000 + n * 10), Some(n * 2), "{n}");
    }
    // After a start of the machine the index is made anew, be the segment ever so durable.
    log.state().raise_recovery_point(120);
    let after = f.reboot().end().unwrap();
    assert_eq!(after.max_timestamp, end.max_timestamp);
    assert_eq!(std::fs::read(&time_index).unwrap(), indexed);
}

#[test]
fn a_fence_is_lifted_after_everything_unsynced_was_written_again() {
    let f = Fixture::new(small());
    let mut log = f.open();
    Fixture::append(&mut log, 0, 30);
    log.state().set_fenced(true);
    let before: Vec<_> = segment::list(f.dir.path())
        .unwrap()
        .into_iter()
        .map(|base| layout::segment_file(f.dir.path(), base, SegmentFile::Log))
        .map(|path| (std::fs::read(&path).unwrap(), path))
        .collect();
    assert!(log.check_fence().unwrap());
    for (bytes, path) in before {
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
    Fixture::append(&mut log, 30, 1);
    assert_eq!(f.read(0), expected(0, 62));
    assert!(!log.check_fence().unwrap());
}

#[test]
fn cutting_the_log_anywhere_leaves_a_prefix_of_whole_batches() {
    let f = Fixture::new(LogConfig::default());
    let mut log = f.open();
    Fixture::append(&mut log, 0, 5);
    let (path, _) = f.active_log();
    let whole = std::fs::read(&path).unwrap();
    for len in 0..whole.len() {
        let g = Fixture::new(LogConfig::default());
        std::fs::write(g.dir.path().join(path.file_name().unwrap()), &whole[..len]).unwrap();
        let end = g.open().end().unwrap();
        assert_eq!(g.read_to(&end, 0).unwrap(), expected(0, end.end_offset), "{len}");
        assert_eq!(end.position + g.cut_bytes(), len as u64, "no byte is lost at {len}");
    }
}

#[test]
fn trimming_moves_the_start_and_removes_whole_segments() {
    let f = Fixture::new(small());
    let mut log = f.open();
    Fixture::append(&mut log, 0, 100);
    let segments = segment::list(f.dir.path()).unwrap();
    let middle = segments[segments.len() / 2] + 3;
    let mut noted = -1;
    let start = log.trim(middle, 0, |at| {
        noted = at;
        Ok(())
    });
    assert_eq!((start.unwrap(), noted), (middle, middle));
    assert_eq!(segment::list(f.dir.path()).unwrap().len(), segments.len() - segments.len() / 2);
    let end = log.end().unwrap();
    assert_eq!(f.read(middle), expected(middle, 200));
    assert_eq!(end.first_timestamp, 1000 + middle / 2 * 10 + middle % 2);
    let bytes: u64 = segment::list(f.dir.path())
        .unwrap()
        .into_iter()
        .map(|base| layout::segment_file(f.dir.path(), base, SegmentFile::Log))
        .map(|path| std::fs::metadata(path).unwrap().len())
        .sum();
    assert_eq!(end.sealed_bytes + end.position, bytes);
    // To the end: nothing is left, and the offsets go on.
    assert_eq!(log.trim(i64::MAX, 0, |_| Ok(())).unwrap(), 200);
    let end = log.end().unwrap();
    assert_eq!((end.start_offset, end.end_offset, end.sealed_bytes), (200, 200, 0));
    Fixture::append(&mut log, 100, 1);
    assert_eq!(f.read(200), expected(200, 202));
}

#[test]
fn offsets_are_found_by_time() {
    let f = Fixture::new(small());
    let mut log = f.open();
    Fixture::append(&mut log, 0, 100);
    let end = log.end().unwrap();
    for (time, found) in [(0, Some(0)), (1000, Some(0)), (1001, Some(1)), (1002, Some(2))]
        .into_iter()
        .chain((0..100).map(|n| (1000 + n * 10, Some(n * 2))))
        .chain([(1991, Some(199)), (1992, None), (i64::MAX, None)])
    {
        let at = offset_at_time(f.dir.path(), &end, &f.config, time).unwrap();
        assert_eq!(at.map(|(offset, _)| offset), found, "time {time}");
    }
}

#[test]
fn damage_below_the_published_end_is_named_and_nothing_wrong_is_read() {
    let f = Fixture::new(LogConfig::default());
    let mut log = f.open();
    Fixture::append(&mut log, 0, 3);
    let end = log.end().unwrap();
    let (_, file) = f.active_log();
    let len = file.metadata().unwrap().len();
    let batch_len = len / 3;
    for byte in 0..len {
        for bit in [1, 128] {
            let mut original = [0];
            file.read_exact_at(&mut original, byte).unwrap();
            file.write_all_at(&[original[0] ^ bit], byte).unwrap();
            match f.read_to(&end, 0) {
                Ok(read) => {
                    let inside = byte % batch_len;
                    assert!((12..16).contains(&inside), "byte {byte} went unnoticed");
                    assert_eq!(read, expected(0, 6));
                }
                Err(DiskError::Corrupt { .. }) => {}
                Err(other) => panic!("byte {byte}: {other}"),
            }
            file.write_all_at(&original, byte).unwrap();
        }
    }
    assert_eq!(f.read_to(&end, 0).unwrap(), expected(0, 6));
}

#[test]
fn an_index_is_a_hint_that_the_log_has_to_confirm() {
    let f = Fixture::new(small());
    let mut log = f.open();
    Fixture::append(&mut log, 0, 200);
    let bases = segment::list(f.dir.path()).unwrap();
    for (n, &base) in bases.iter().enumerate() {
        let path = layout::segment_file(f.dir.path(), base, SegmentFile::OffsetIndex);
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes[bytes.len() - 4..].to_vec();
        for entry in bytes.chunks_exact_mut(OffsetEntry::BYTES as usize) {
            // Past the end, in the middle of a batch, and at batches that are not the one.
            let positions = [[0, 16, 0, 0], [0, 0, 0, 10], [0; 4], last[..].try_into().unwrap()];
            entry[4..].copy_from_slice(&positions[n % 4]);
        }
        std::fs::write(&path, bytes).unwrap();
    }
    for from in 0..400 {
        assert_eq!(f.read(from), expected(from, 400), "from {from}");
    }
}

/// Reads one record after another while others append, and checks that offsets are dense.
fn follow(f: &Fixture, records: i64) {
    let state = State::open_or_create(f.dir.path()).unwrap();
    let mut reader = PartitionReader::new(f.dir.path(), 0, 0, &f.config);
    let (mut buffer, mut due) = (RecordBuffer::default(), 0);
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while due < records {
        assert!(std::time::Instant::now() < patience, "only {due} records came");
        let Some(end) = state.end(&BootId::current()) else { continue };
        reader.read(&end, i64::MAX, &mut buffer).unwrap();
        for span in &buffer.spans {
            assert_eq!(span.offset, due);
            due += 1;
        }
    }
}

#[test]
fn writers_at_once_leave_a_dense_log_and_a_follower_sees_whole_batches() {
    const WRITERS: i64 = 4;
    const BATCHES: i64 = 3000;
    let f = Fixture::new(LogConfig { segment_bytes: 1 << 20, ..LogConfig::default() });
    let mut offsets = Vec::new();
    std::thread::scope(|scope| {
        let follower = scope.spawn(|| follow(&f, WRITERS * BATCHES));
        let append = || {
            let mut log = f.open();
            let value = vec![b'x'; 700];
            let mut append = |_| {
                log.append(&mut batch(&[&value], 0, ProducerStamp::NONE), 0).unwrap().base_offset
            };
            let offsets: Vec<i64> = (0..BATCHES).map(&mut append).collect();
            (offsets, log.take_cuts())
        };
        let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(append)).collect();
        for writer in writers {
            let (given, cuts) = writer.join().unwrap();
            assert!(given.is_sorted() && cuts.is_empty(), "{cuts:?}");
            offsets.extend(given);
        }
        follower.join().unwrap();
    });
    offsets.sort_unstable();
    assert_eq!(offsets, (0..WRITERS * BATCHES).collect::<Vec<_>>());
}

#[test]
fn a_deleted_or_fenced_log_takes_no_records() {
    let f = Fixture::new(small());
    let mut log = f.open();
    Fixture::append(&mut log, 0, 1);
    log.state().set_fenced(true);
    let mut one = batch(&[b"x"], 0, ProducerStamp::NONE);
    assert!(matches!(log.append(&mut one, 0), Err(DiskError::Fenced { .. })));
    assert!(log.check_fence().unwrap());
    assert!(log.append(&mut one, 0).is_ok());
    f.open().mark_deleted().unwrap();
    assert!(matches!(log.append(&mut one, 0), Err(DiskError::Deleted { .. })));
}

#[test]
fn a_batch_above_the_limit_is_refused_before_it_is_written() {
    let f = Fixture::new(LogConfig { max_message_bytes: 100, ..LogConfig::default() });
    let mut log = f.open();
    let mut large = batch(&[&[0; 100]], 0, ProducerStamp::NONE);
    assert!(matches!(log.append(&mut large, 0), Err(DiskError::TooLarge { .. })));
    assert_eq!(log.end().unwrap().end_offset, 0);
}

#[test]
fn a_compacted_log_may_have_gaps_and_no_other() {
    let compact = CleanupPolicy { delete: false, compact: true };
    for policy in [compact, LogConfig::default().cleanup_policy] {
        let config = LogConfig { cleanup_policy: policy, ..LogConfig::default() };
        let f = Fixture::new(config);
        let mut bytes = Vec::new();
        for base in [0, 10] {
            let mut one = batch(&[b"x"], 0, ProducerStamp::NONE);
            one.set_base_offset(base);
            bytes.extend_from_slice(&one.bytes);
        }
        let name = layout::segment_file(f.dir.path(), 0, SegmentFile::Log);
        std::fs::write(name, bytes).unwrap();
        let end = f.open().end().unwrap();
        assert_eq!(end.end_offset, if policy.compact { 11 } else { 1 });
        assert_eq!(f.read_to(&end, 0).unwrap().len(), if policy.compact { 2 } else { 1 });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_log_behaves_as_a_vector(
        steps in prop::collection::vec((0u8..8, 1usize..6, 0usize..400), 1..60),
    ) {
        let f = Fixture::new(small());
        let (mut log, mut model, mut start) = (f.open(), Vec::<Vec<u8>>::new(), 0usize);
        for (step, count, size) in steps {
            match step {
                0 => log = f.open(),
                1 => log.settle(0).unwrap(),
                2 => {
                    let to = size.min(model.len()).max(start);
                    log.trim(to as i64, 0, |_| Ok(())).unwrap();
                    start = to;
                }
                _ => {
                    let value = vec![model.len() as u8; size];
                    let values = vec![&value[..]; count];
                    let base = log
                        .append(&mut batch(&values, 0, ProducerStamp::NONE), 0)
                        .unwrap()
                        .base_offset;
                    prop_assert_eq!(base, model.len() as i64);
                    model.extend(values.iter().map(|v| v.to_vec()));
                }
            }
        }
        let end = log.end().unwrap();
        prop_assert_eq!((end.start_offset, end.end_offset), (start as i64, model.len() as i64));
        let mut reader = PartitionReader::new(f.dir.path(), 0, start as i64, &f.config);
        let (mut buffer, mut at) = (RecordBuffer::default(), start);
        while reader.next_offset() < end.end_offset {
            reader.read(&end, i64::MAX, &mut buffer).unwrap();
            for span in &buffer.spans {
                prop_assert_eq!(span.offset, at as i64);
                prop_assert_eq!(span.value.of(&buffer.arena), model.get(at).map(|v| &v[..]));
                at += 1;
            }
        }
        prop_assert_eq!(at, model.len());
    }
}
