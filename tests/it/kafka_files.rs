//! Owns the trial of our files by Apache Kafka: what `kaw` wrote is read by Kafka's own tool, and
//! the trial itself is tried with files that are wrong. Needs `KAW_KAFKA_LIBS` (tests/kafka/fetch).

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::dump_log::{Judged, judge};
use crate::kept;
use crate::needs::Need;
use crate::sandbox::Sandbox;

/// A batch of three records (with a null key, a null value, two headers of one name), decoded by
/// other clients as well as ours. Its base offset is outside its checksum.
const GOLDEN_BATCH: &str = "00000000000000000000005b0000000002a60b69440000000000020000018bcfe56800\
0000018bcfe56805ffffffffffffffffffffffffffff000000031a000000046b310a68656c6c6f0024000a02010a776f72\
6c64040268023102680110000504046b310100";

/// The largest timestamp in it.
const GOLDEN_TIMESTAMP: i64 = 1_700_000_000_005;

/// The bytes of the golden batch at `base`.
fn golden(base: i64) -> Vec<u8> {
    let digits = GOLDEN_BATCH.as_bytes().chunks(2);
    let mut bytes: Vec<u8> = digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    bytes[..8].copy_from_slice(&base.to_be_bytes());
    bytes
}

/// Every codec, by the name that Kafka's tool and the command line have for it.
const CODECS: [&str; 5] = ["gzip", "lz4", "none", "snappy", "zstd"];

/// What a segment of three golden batches is expected to hold.
const EXPECTED: &str = "t\t0\t0\t9\nt\tsent\t9\n";

/// Writes a log directory with one segment of three golden batches and its indexes.
fn golden_dir(s: &Sandbox) -> std::path::PathBuf {
    let dir = s.path("golden");
    let partition = dir.join("t-0");
    fs::create_dir_all(&partition).unwrap();
    let base = partition.join("00000000000000000000");
    fs::write(base.with_extension("log"), [golden(0), golden(3), golden(6)].concat()).unwrap();
    fs::write(base.with_extension("index"), index(&[(5, 103), (8, 206)])).unwrap();
    fs::write(base.with_extension("timeindex"), time_index(&[(GOLDEN_TIMESTAMP, 2)])).unwrap();
    dir
}

/// The bytes of an index of relative offsets and positions.
fn index(entries: &[(i32, i32)]) -> Vec<u8> {
    entries.iter().flat_map(|(o, p)| [o.to_be_bytes(), p.to_be_bytes()].concat()).collect()
}

/// The bytes of a time index of timestamps and relative offsets.
fn time_index(entries: &[(i64, i32)]) -> Vec<u8> {
    let entry = |(t, o): &(i64, i32)| [&t.to_be_bytes()[..], &o.to_be_bytes()].concat();
    entries.iter().flat_map(entry).collect()
}

/// Puts `bytes` into a file of the golden segment, has it judged, and checks the complaint.
#[track_caller]
fn assert_complains(ending: &str, bytes: &[u8], words: &str) {
    let s = Sandbox::new();
    s.damaged();
    let dir = golden_dir(&s);
    fs::write(dir.join("t-0/00000000000000000000").with_extension(ending), bytes).unwrap();
    let complaints = judge(&dir, EXPECTED).complaints;
    assert!(complaints.iter().any(|c| c.contains(words)), "no `{words}` in {complaints:#?}");
}

/// Checks that there was no complaint.
#[track_caller]
fn assert_no_complaint(dir: &Path, judged: &Judged) {
    let complaints = judged.complaints.join("\n");
    assert!(complaints.is_empty(), "Kafka complains of {}:\n{complaints}", dir.display());
}

#[test]
fn the_golden_batch_is_three_records_to_kafka() {
    if !Need::Kafka.met() {
        return;
    }
    let s = Sandbox::new();
    s.damaged();
    let dir = golden_dir(&s);
    let judged = judge(&dir, EXPECTED);
    assert_no_complaint(&dir, &judged);
    assert_eq!((judged.files, judged.records, judged.entries), (3, 9, 3));
}

#[test]
fn kafka_complains_of_a_flipped_bit_in_a_record() {
    if !Need::Kafka.met() {
        return;
    }
    // In the middle of the value `hello`: only the checksum can tell.
    let mut log = [golden(0), golden(3), golden(6)].concat();
    let at = log.windows(5).rposition(|five| five == b"hello").unwrap() + 2;
    log[at] ^= 1;
    assert_complains("log", &log, "isvalid: false");
}

#[test]
fn kafka_complains_of_a_torn_tail_and_of_a_zero_tail() {
    if !Need::Kafka.met() {
        return;
    }
    let mut log = [golden(0), golden(3), golden(6), golden(9)].concat();
    log.truncate(103 * 3 + 44);
    assert_complains("log", &log, "Found 44 invalid bytes at the end");
    log.truncate(103 * 3);
    log.resize(103 * 3 + 500, 0);
    assert_complains("log", &log, "smaller than minimum record overhead");
}

#[test]
fn kafka_complains_of_missing_records() {
    if !Need::Kafka.met() {
        return;
    }
    assert_complains("log", &[golden(0), golden(6), golden(9)].concat(), "Non-consecutive offsets");
    let s = Sandbox::new();
    s.damaged();
    let complaints = judge(&golden_dir(&s), "t\t0\t0\t10\nt\tsent\t10\n").complaints;
    let expected =
        ["t-0: kaw has 10 records from 0 to 10, Kafka reads 9", "t: sent 10, Kafka reads 9"];
    assert_eq!(complaints, expected);
}

#[test]
fn kafka_complains_of_a_wrong_index() {
    if !Need::Kafka.met() {
        return;
    }
    assert_complains("index", &index(&[(5, 103), (7, 206)]), "Mismatches in :");
    assert_complains("index", &index(&[(5, 104)]), "Exception");
    // Kafka takes a zero for the end of an index that was preallocated; ours never are.
    assert_complains("index", &index(&[(5, 103), (0, 0)]), "1 entries of 8 in 16 bytes");
}

#[test]
fn kafka_complains_of_a_wrong_time_index() {
    if !Need::Kafka.met() {
        return;
    }
    let late = GOLDEN_TIMESTAMP + 1;
    assert_complains("timeindex", &time_index(&[(late, 2)]), "Found timestamp mismatch");
    let twice = time_index(&[(GOLDEN_TIMESTAMP, 2), (GOLDEN_TIMESTAMP, 5)]);
    assert_complains("timeindex", &twice, "Found out of order timestamp");
    assert_complains("timeindex", &time_index(&[(GOLDEN_TIMESTAMP, 1)]), "are not found in");
}

#[test]
fn kafka_reads_every_codec_over_several_segments() {
    if !Need::Kafka.met() {
        return;
    }
    let s = Sandbox::new();
    // Words that a codec has something to do with, and 3 MB of them, over segments of 1 MiB.
    let mut lines = String::new();
    for n in 0..60_000_u64 {
        let noise = n.wrapping_mul(0x9e37_79b9_7f4a);
        writeln!(lines, "k{}\t{{\"n\":{n},\"noise\":{noise}}}", n % 997).unwrap();
    }
    for codec in CODECS {
        let create = format!("topics create {codec} -p 2 -c segment.bytes=1048576");
        s.run(&create).success();
        for acks in ["1", "all"] {
            let produce = format!("produce {codec} -z {codec} --acks {acks} -K '\t'");
            s.stdin(lines.clone()).run(&produce).success();
        }
        s.sent(codec, 120_000);
    }
    let mut expected = kept::ends(&s, &s.log_dir(), &CODECS);
    for codec in CODECS {
        writeln!(expected, "{codec}\tsent\t120000").unwrap();
    }
    let judged = judge(&s.log_dir(), &expected);
    assert_no_complaint(&s.log_dir(), &judged);
    assert_eq!(judged.records, 600_000);
    let codecs: Vec<&str> = judged.codecs.iter().map(String::as_str).collect();
    assert_eq!(codecs, CODECS);
    assert!(judged.entries > 100, "only {} index entries", judged.entries);
    assert!(judged.files > 3 * 10, "only {} files: no segment was rolled", judged.files);
}

#[test]
fn kafka_reads_what_all_tests_wrote() {
    if !Need::Kafka.met() || !Need::KeptLogs.met() {
        return;
    }
    let kept = std::env::var_os("KAW_KEPT_LOGS").unwrap();
    let mut total = Judged::default();
    let mut directories = 0;
    for entry in fs::read_dir(&kept).unwrap() {
        let place = entry.unwrap().path();
        let Ok(expected) = fs::read_to_string(place.join("expected.tsv")) else { continue };
        let judged = judge(&place.join("log"), &expected);
        total.complaints.extend(
            judged.complaints.iter().map(|complaint| format!("{}: {complaint}", place.display())),
        );
        directories += 1;
        total.files += judged.files;
        total.records += judged.records;
        total.entries += judged.entries;
        total.codecs.extend(judged.codecs);
    }
    let mut stderr = std::io::stderr();
    writeln!(
        stderr,
        "\nKafka read {directories} log directories: {} files, {} records, {} index entries, {:?}",
        total.files, total.records, total.entries, total.codecs
    )
    .unwrap();
    assert_no_complaint(Path::new(&kept), &total);
    assert!(directories > 0, "nothing was kept: run the tests with KAW_KEEP_LOGS first");
    assert!(total.records > 0 && total.entries > 0, "{total:?}");
}
