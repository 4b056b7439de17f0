//! Owns the tests of what offsets do not tell of lag: markers, holes and open transactions, in a
//! log of batches made by hand, with numbers worked out by hand.

use kaw::config::LogConfig;
use kaw::disk::batch::{BatchEncoder, EncodedBatch, ProducerStamp};
use kaw::disk::directory::LogDirectory;
use kaw::record::{Compression, RecordBuffer, Span};
use kaw::topic::TopicName;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;

/// The attribute bit of a batch of a transaction.
const TRANSACTIONAL: u8 = 1 << 4;
/// Those of a marker.
const MARKER: u8 = TRANSACTIONAL | 1 << 5;
/// The key of a marker that commits.
const COMMIT: &[u8] = &[0, 0, 0, 1];

/// A batch by the producer `id` of records with these keys, with attribute bits, that takes up
/// `offsets`.
fn batch(id: i64, keys: &[&[u8]], bits: u8, offsets: i32) -> EncodedBatch {
    let mut buffer = RecordBuffer::default();
    for key in keys {
        let (key, value) = (buffer.store(key), buffer.store(b"value"));
        buffer.spans.push(Span::new(key, value, 1_768_435_200_000));
    }
    let mut encoder = BatchEncoder::new(Compression::None);
    buffer.spans.iter().for_each(|span| encoder.push(span, &buffer));
    let sequence = if bits == TRANSACTIONAL { 0 } else { -1 };
    let stamp = ProducerStamp { id, epoch: 0, base_sequence: sequence };
    let stamp = if id < 0 { ProducerStamp::NONE } else { stamp };
    let mut batch = encoder.finish(stamp, EncodedBatch::default()).unwrap();
    batch.bytes[22] |= bits;
    batch.bytes[23..27].copy_from_slice(&(offsets - 1).to_be_bytes());
    let crc = crc32c::crc32c(&batch.bytes[21..]);
    batch.bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    batch.records = offsets;
    batch
}

/// A log of 16 offsets: 0 to 4 are records; 5 to 9 two records and three holes; 10 to 12 records
/// and 13 the marker of a transaction; 14 and 15 records of one that is open.
fn log_with_holes() -> Sandbox {
    let s = Sandbox::new();
    // Kafka's tool counts offsets too.
    s.damaged();
    s.run("topics create t -c cleanup.policy=compact").success();
    s.stdin("a\tx\n".repeat(5)).run("produce t -K '\t'").success();
    let directory = LogDirectory::open_to_write(&s.log_dir()).unwrap();
    let compact = [("cleanup.policy".to_owned(), "compact".to_owned())];
    let config = LogConfig::from_pairs(&compact).unwrap();
    let mut log = directory.open_partition(&TopicName::new("t").unwrap(), 0, &config).unwrap();
    for mut batch in [
        batch(-1, &[b"b", b"c"], 0, 5),
        batch(7, &[b"d", b"e", b"f"], TRANSACTIONAL, 3),
        batch(7, &[COMMIT], MARKER, 1),
        batch(8, &[b"g", b"h"], TRANSACTIONAL, 2),
    ] {
        log.append(&mut batch, 1_768_435_200_000).unwrap();
    }
    s
}

/// Where the group `g` stands after it committed `offset`: its only row.
fn row(s: &Sandbox, offset: i64, flags: &str) -> Value {
    s.run(&format!("groups reset g --topic t --to {offset} --execute")).success();
    s.run(&format!("lag g --json {flags}")).success().items().next().unwrap()
}

#[test]
fn case_4_exact_counts_records_and_not_offsets() {
    let s = log_with_holes();
    let counted = |offset| {
        let row = row(&s, offset, "--exact");
        (row["lag"].as_i64().unwrap(), row["records"].as_i64().unwrap())
    };
    // 3, 4; 5, 6; 10 to 12; 14, 15: of 13 offsets, 9 are records.
    assert_eq!(counted(3), (13, 9));
    // In the middle of a batch: 6; 10 to 12; 14, 15.
    assert_eq!(counted(6), (10, 6));
    // In the holes, and at the marker.
    assert_eq!(counted(8), (8, 5));
    assert_eq!(counted(13), (3, 2));
    assert_eq!(counted(16), (0, 0));
    // Nobody asked: there is no such key.
    assert_eq!(row(&s, 3, "").get("records"), None);
    let by = |by: &str| s.run(&format!("lag --by {by} --exact --json")).success().items().next();
    row(&s, 3, "");
    for what in ["topic", "member", "group"] {
        let sum = by(what).unwrap();
        assert_eq!((&sum["lag"], &sum["records"]), (&json!(13), &json!(9)), "{what}");
    }
    let metrics = s.run("lag g --exact --output openmetrics").success().stdout();
    assert!(metrics.contains("lag_records{group=\"g\",topic=\"t\",partition=\"0\"} 9\n"));
    assert!(!s.run("lag g --output openmetrics").success().stdout().contains("lag_records"));
}

#[test]
fn exact_is_what_limits_and_waiting_look_at() {
    let s = log_with_holes();
    // One offset is left, the marker, and no record: a consumer that has read all stands there.
    row(&s, 13, "");
    let flags = "--isolation read-committed --exact";
    let left = row(&s, 13, flags);
    assert_eq!((&left["lag"], &left["records"]), (&json!(1), &json!(0)));
    s.run(&format!("lag g {flags} --max 0")).success();
    s.run(&format!("lag g {flags} --wait --timeout 10s")).success();
    let run = s.run("lag g --isolation read-committed --max 0");
    assert!(run.code(9).stderr().contains("the lag of group `g` in `t-0` is 1, above 0"), "{run}");
    let run = s.run("lag g --exact --max 1");
    assert!(run.code(9).stderr().contains("the number of unread records of"), "{run}");
}

#[test]
fn case_7_read_committed_measures_to_the_last_stable_offset() {
    let s = log_with_holes();
    let committed = "--isolation read-committed";
    // The open transaction begins at 14.
    assert_eq!(row(&s, 3, committed)["lag"], 11);
    assert_eq!(row(&s, 3, "--isolation read-uncommitted")["lag"], 13);
    // 3, 4; 5, 6; 10 to 12.
    assert_eq!(row(&s, 3, &format!("{committed} --exact"))["records"], 7);
    // Who did not wait for the transaction is not ahead of the log.
    let further = row(&s, 15, committed);
    assert_eq!((&further["lag"], &further["note"]), (&json!(0), &Value::Null));
    // A log without transactions is stable to its end.
    s.stdin("x\n").run("produce u").success();
    s.run("groups reset h --topic u --to start --execute").success();
    let plain = s.run("lag h --isolation read-committed --json").success().items().next().unwrap();
    assert_eq!(plain["lag"], 1);
    s.run("lag --isolation serializable").code(2);
}

#[test]
fn the_age_is_that_of_the_record_behind_a_hole() {
    let s = log_with_holes();
    s.stdin("z\tlate\n").run("produce t -K '\t' --timestamp 2026-02-01").success();
    // 7 is a hole: the next record is 10, of 2026-01-15.
    let now = jiff::Timestamp::now().as_millisecond();
    let age = row(&s, 7, "")["age_ms"].as_i64().unwrap();
    assert!((age - (now - 1_768_435_200_000)).abs() < 60_000, "{age}");
}
