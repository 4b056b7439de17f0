//! Owns the tests of damage to directories that a real broker wrote: copies of tests/data with
//! bytes that are changed, cut or doubled, and what each verb makes of them. Leaves single bits to
//! `golden_flips`.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::golden::files;
use crate::kafka_golden::place;
use crate::sandbox::{Run, Sandbox};

/// The segments of the topic, of 17 and 13 batches of one record each.
const FIRST: &str = "00000000000000000000.log";
const SECOND: &str = "00000000000000000017.log";

/// A copy of a broker's directory with the topic `segments`; `stopped` or `running`.
fn copied(which: &str) -> Sandbox {
    let s = Sandbox::new();
    s.damaged();
    fs::create_dir_all(s.log_dir().join("segments-0")).unwrap();
    fs::create_dir_all(s.log_dir().join("__cluster_metadata-0")).unwrap();
    for (path, bytes) in files(&place().join(which)) {
        let name = path.strip_prefix(place().join(which)).unwrap();
        let parent = name.parent().unwrap();
        if parent.as_os_str().is_empty() || s.log_dir().join(parent).is_dir() {
            fs::write(s.log_dir().join(name), bytes).unwrap();
        }
    }
    s
}

/// The path of a segment.
fn segment(s: &Sandbox, name: &str) -> PathBuf {
    s.log_dir().join("segments-0").join(name)
}

/// Changes the bytes of a segment.
fn change(s: &Sandbox, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(segment(s, name)).unwrap();
    change(&mut bytes);
    fs::write(segment(s, name), bytes).unwrap();
}

/// Where each batch of a segment begins.
fn starts(bytes: &[u8]) -> Vec<usize> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(length) = bytes.get(at + 8..).and_then(<[u8]>::first_chunk) {
        found.push(at);
        at += 12 + u32::from_be_bytes(*length) as usize;
    }
    found
}

/// What consuming all of the topic gives: the offsets, in their order.
fn offsets(run: &Run) -> Vec<i64> {
    run.stdout().split_whitespace().map(|offset| offset.parse().unwrap()).collect()
}

/// The end offset that is listed.
fn end(s: &Sandbox) -> Value {
    let run = s.run("topics describe segments --json");
    run.success().items().next().unwrap()["partitions"][0]["end_offset"].clone()
}

/// Checks that the damage at `position` of a segment, where `offset` is due, is told by all verbs,
/// and that all but the offsets of `lost` are read where damage is passed over.
#[track_caller]
fn assert_told(s: &Sandbox, name: &str, position: usize, lost: std::ops::Range<i64>) {
    let from = lost.start;
    let place = format!("segments-0/{name} is damaged at byte {position} (offset {from}): ");
    let run = s.run("consume segments -e -f %o\\n");
    run.code(4);
    assert!(run.stderr().contains(&place), "{run}");
    assert_eq!(offsets(&run), (0..from).collect::<Vec<_>>(), "{run}");
    let run = s.run("consume segments -e -f %o\\n --skip-damaged");
    run.code(4);
    assert_eq!(offsets(&run), (0..from).chain(lost.end..30).collect::<Vec<_>>(), "{run}");
    // What can be done about it here, and nothing else.
    assert!(run.stderr().contains(&place) && !run.stderr().contains("--repair"), "{run}");
    assert_eq!(end(s), 30);
    let run = s.run("topics verify segments --json");
    run.code(4);
    let found = |row: &Value| {
        row["result"] == "damage"
            && row["file"] == format!("segments-0/{name}")
            && row["position"] == position
            && row["offset"] == from
    };
    assert!(run.items().any(|row| found(&row)), "{run}");
    assert!(run.stderr().contains("--skip-damaged"), "{run}");
    assert!(!run.stderr().contains("--repair"), "{run}");
}

#[test]
fn a_flipped_bit_in_any_segment_hides_nothing_else() {
    for which in ["stopped", "running"] {
        for (name, first, batch) in
            [(FIRST, 0, 0), (FIRST, 0, 5), (FIRST, 0, 16), (SECOND, 17, 3), (SECOND, 17, 12)]
        {
            let s = copied(which);
            let at = starts(&fs::read(segment(&s, name)).unwrap())[batch];
            change(&s, name, |bytes| bytes[at + 70] ^= 1);
            let offset = first + batch as i64;
            assert_told(&s, name, at, offset..offset + 1);
        }
    }
}

#[test]
fn a_batch_that_says_what_cannot_be_hides_nothing_else() {
    let cases: &[(usize, &[u8])] = &[
        (8, &(-5_i32).to_be_bytes()),
        (8, &0_i32.to_be_bytes()),
        (8, &48_i32.to_be_bytes()),
        (8, &i32::MAX.to_be_bytes()),
        (16, &[3]),
        (16, &[255]),
        (23, &(-3_i32).to_be_bytes()),
        (57, &(-1_i32).to_be_bytes()),
        (57, &i32::MAX.to_be_bytes()),
    ];
    for (field, value) in cases {
        let s = copied("stopped");
        let at = starts(&fs::read(segment(&s, SECOND)).unwrap())[3];
        change(&s, SECOND, |bytes| bytes[at + field..][..value.len()].copy_from_slice(value));
        assert_told(&s, SECOND, at, 20..21);
    }
}

#[test]
fn a_batch_that_stands_there_twice_is_told() {
    let s = copied("running");
    let starts = starts(&fs::read(segment(&s, SECOND)).unwrap());
    change(&s, SECOND, |bytes| {
        let twice = bytes[starts[2]..starts[3]].to_vec();
        bytes.splice(starts[3]..starts[3], twice);
    });
    assert_told(&s, SECOND, starts[3], 20..20);
    // At the very end too: it is whole, so nobody was writing it.
    let s = copied("running");
    change(&s, SECOND, |bytes| bytes.extend_from_within(starts[12]..));
    let run = s.run("consume segments -e");
    run.code(4);
    assert_eq!(run.stdout().lines().count(), 30, "{run}");
    assert!(run.stderr().contains("offset 29 stands where 30 is due"), "{run}");
}

#[test]
fn a_log_that_ends_before_its_recovery_point_is_told() {
    let s = copied("stopped");
    let at = starts(&fs::read(segment(&s, SECOND)).unwrap())[10];
    change(&s, SECOND, |bytes| bytes.truncate(at));
    let run = s.run("consume segments -e");
    run.code(4);
    assert_eq!(run.stdout().lines().count(), 27, "{run}");
    let said = format!("{SECOND} is damaged at byte {at} (offset 27): the log should go on to");
    assert!(run.stderr().contains(&said), "{run}");
    s.run("topics verify segments").code(4);
    for name in [FIRST, SECOND] {
        fs::remove_file(segment(&s, name)).unwrap();
    }
    let run = s.run("consume segments -e");
    run.code(4);
    assert!(
        run.stderr().contains("no segment is there, and the log went on to offset 30"),
        "{run}"
    );
}

#[test]
fn a_torn_tail_is_a_warning_where_nothing_says_that_it_is_more() {
    let at = starts(&fs::read(place().join("running/segments-0").join(SECOND)).unwrap())[12];
    let tears: [fn(&mut Vec<u8>, usize); 3] = [
        |bytes, at| bytes.truncate(at + 40),
        |bytes, at| bytes.truncate(at + 70),
        |bytes, at| bytes[at + 70] ^= 1,
    ];
    for (n, tear) in tears.into_iter().enumerate() {
        let torn = |noted: &str| {
            let s = copied("running");
            change(&s, SECOND, |bytes| tear(bytes, at));
            let path = s.log_dir().join("replication-offset-checkpoint");
            fs::write(path, format!("0\n1\nsegments 0 {noted}\n")).unwrap();
            s
        };
        let s = torn("29");
        let run = s.run("consume segments -e");
        assert_eq!(run.success().stdout().lines().count(), 29, "{n}: {run}");
        let told = format!("bytes of {SECOND}, from byte {at} (offset 29) on, are not whole");
        assert!(run.stderr().contains(&told), "{n}: {run}");
        assert_eq!(end(&s), 29);
        s.run("topics verify segments").success();
        // The same bytes below what the broker noted: as the end of all, of what was synced, or
        // because it was stopped in good order.
        let s = torn("30");
        assert_told(&s, SECOND, at, 29..30);
        let s = torn("29");
        let path = s.log_dir().join("recovery-point-offset-checkpoint");
        fs::write(path, "0\n1\nsegments 0 30\n").unwrap();
        assert_told(&s, SECOND, at, 29..30);
        let s = torn("29");
        fs::write(s.log_dir().join(".kafka_cleanshutdown"), "").unwrap();
        assert_told(&s, SECOND, at, 29..30);
    }
}
