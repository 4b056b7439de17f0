//! Owns the tests of logs that are made to do harm: each row of a table is a batch or a file that
//! claims what is not so, the code that reading it ends with, and words of the line that says why.
//! All of it is read with no more memory than is promised. Leaves flipped bits to `disk::verify`.

use std::fs;
use std::path::PathBuf;

use kaw::disk::compression::compress;
use kaw::record::Compression;

use crate::sandbox::{Run, Sandbox};

/// The memory that any log may take, in KiB: what a process may write to, of its own.
const MEMORY_KIB: u32 = 256 << 10;
/// What a batch may grow to when it is decompressed.
const BUDGET: usize = 64 << 20;

/// A batch of format 2, field by field; its length and its checksum are always right.
#[derive(Clone)]
struct Batch {
    base: i64,
    attributes: u16,
    last_delta: i32,
    records: i32,
    body: Vec<u8>,
}

impl Batch {
    /// Records as they are, `records` of them.
    fn plain(base: i64, records: i32, body: impl Into<Vec<u8>>) -> Self {
        Self { base, attributes: 0, last_delta: records - 1, records, body: body.into() }
    }

    /// The same records, compressed.
    fn packed(codec: Compression, base: i64, records: i32, body: &[u8]) -> Self {
        let mut packed = Vec::new();
        compress(codec, body, &mut packed).unwrap();
        let attributes = kaw::disk::compression::id(codec);
        Self { attributes, ..Self::plain(base, records, packed) }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut checked = self.attributes.to_be_bytes().to_vec();
        checked.extend_from_slice(&self.last_delta.to_be_bytes());
        for time in [1_700_000_000_000_i64; 2] {
            checked.extend_from_slice(&time.to_be_bytes());
        }
        checked.extend_from_slice(&(-1_i64).to_be_bytes());
        checked.extend_from_slice(&(-1_i16).to_be_bytes());
        checked.extend_from_slice(&(-1_i32).to_be_bytes());
        checked.extend_from_slice(&self.records.to_be_bytes());
        checked.extend_from_slice(&self.body);
        let mut bytes = self.base.to_be_bytes().to_vec();
        bytes.extend_from_slice(&(checked.len() as i32 + 9).to_be_bytes());
        bytes.extend_from_slice(&[0, 0, 0, 0, 2]);
        bytes.extend_from_slice(&crc32c::crc32c(&checked).to_be_bytes());
        bytes.extend_from_slice(&checked);
        bytes
    }
}

/// A number as records have them: zigzag, then seven bits a byte.
fn varint(n: i64) -> Vec<u8> {
    let mut rest = ((n << 1) ^ (n >> 63)).cast_unsigned();
    let mut bytes = Vec::new();
    while rest > 0x7f {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

/// A record: what stands behind its length, then what stands behind its offset delta.
fn record(delta: i64, rest: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 0];
    body.extend(varint(delta));
    body.extend_from_slice(rest);
    [varint(body.len() as i64), body].concat()
}

/// A record with a value and nothing else.
fn value(delta: i64, text: &str) -> Vec<u8> {
    record(delta, &[&[1][..], &varint(text.len() as i64), text.as_bytes(), &[0]].concat())
}

/// A topic `t` whose log is made of these segments.
fn log_of(s: &Sandbox, segments: &[(i64, &[Vec<u8>])]) -> PathBuf {
    s.damaged();
    let partition = s.log_dir().join("t-0");
    if partition.exists() {
        s.run("topics delete t").success();
    }
    s.run("topics create t").success();
    for (base, batches) in segments {
        fs::write(partition.join(format!("{base:020}.log")), batches.concat()).unwrap();
    }
    partition
}

/// Runs `kaw` with no more memory than this, in KiB.
fn bounded(s: &Sandbox, kib: u32, words: &str) -> Run {
    s.bash(&format!("ulimit -d {kib}; kaw {words}"))
}

/// A record `first`, a batch, and a record `last` behind it; one topic.
fn between(s: &Sandbox, batch: &Batch) {
    let first = Batch::plain(0, 1, value(0, "first"));
    let next = batch.base + i64::from(batch.last_delta) + 1;
    let last = Batch::plain(next, 1, value(0, "last"));
    log_of(s, &[(0, &[first.bytes(), batch.bytes(), last.bytes()])]);
}

/// Checks that a batch at offset 1 is told as damage, in words, by who reads it and by who checks
/// it, that the records around it are read, and that none of it takes more memory than it may.
#[track_caller]
fn assert_damage(s: &Sandbox, batch: &Batch, words: &str) {
    between(s, batch);
    for (command, stdout) in [
        ("consume t -e", "first\n"),
        ("consume t -e --merge", "first\n"),
        ("consume t -e --skip-damaged", "first\nlast\n"),
        ("topics verify t --output tsv", words),
    ] {
        let run = bounded(s, MEMORY_KIB, command);
        run.code(4);
        assert!(run.stderr().contains(words) || run.stdout().contains(words), "{words}: {run}");
        assert!(command.starts_with("topics") || run.stdout() == stdout, "{words}: {run}");
    }
}

#[test]
fn what_decompresses_to_more_than_it_may_is_refused() {
    let s = Sandbox::new();
    let zeros = vec![0; BUDGET + 1];
    for codec in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
        let bomb = Batch::packed(codec, 1, 1, &zeros);
        assert_damage(&s, &bomb, "it decompresses to more than 67108864 bytes");
    }
}

#[test]
fn counts_are_bounded() {
    let s = Sandbox::new();
    // A record of the fewest bytes takes seven times as much in memory.
    let mut many = Vec::new();
    let mut n = 0;
    while many.len() < BUDGET / 4 {
        many.extend(record(n, &[1, 1, 0]));
        n += 1;
    }
    between(&s, &Batch::packed(Compression::Lz4, 1, n as i32, &many));
    let sum = "consume t -e --json | (sleep 0.5; wc -l)";
    assert_eq!(bounded(&s, MEMORY_KIB / 3, sum).success().stdout().trim(), (n + 2).to_string());
    let run = bounded(&s, MEMORY_KIB / 3, "topics verify t --json");
    assert_eq!(run.success().items().next().unwrap()["records"], n + 2);
    // So does a header.
    let count = (BUDGET / 2 - 100) as i64;
    let mut headers = [&[1, 1][..], &varint(count)].concat();
    headers.resize(headers.len() + count as usize * 2, 0);
    let bomb = Batch::packed(Compression::Lz4, 1, 1, &record(0, &headers));
    assert_damage(&s, &bomb, "record 0 is malformed");
    // A batch that is as long as any may be, and one that is longer.
    let zeros = Batch::plain(1, 1, vec![0; (128 << 20) - 61]);
    assert_damage(&s, &zeros, "record 0 is malformed");
}

#[test]
fn a_set_of_old_messages_is_bounded() {
    let s = Sandbox::new();
    let message = |offset: i64, attributes: u8, value: &[u8]| {
        let length = (value.len() as i32).to_be_bytes();
        let body = [&[1, attributes][..], &[0; 8], &[0xff; 4], &length, value].concat();
        let mut crc = flate2::Crc::new();
        crc.update(&body);
        let size = (body.len() as i32 + 4).to_be_bytes();
        [&offset.to_be_bytes()[..], &size, &crc.sum().to_be_bytes(), &body].concat()
    };
    let count = (BUDGET / 35) as i64 / 4;
    let inner: Vec<u8> = (0..count).flat_map(|n| message(n, 0, b"v")).collect();
    let mut packed = Vec::new();
    compress(Compression::Gzip, &inner, &mut packed).unwrap();
    log_of(&s, &[(0, &[message(count - 1, 1, &packed)])]);
    let run = bounded(&s, MEMORY_KIB / 3, "consume t -e | wc -l");
    assert_eq!(run.success().stdout().trim(), count.to_string());
    let run = bounded(&s, MEMORY_KIB / 3, "topics verify t --json");
    assert_eq!(run.success().items().next().unwrap()["records"], count);
}

/// A zstd frame of one empty block that declares a window of 2 to the `window_log` bytes, and so
/// many bytes in all.
fn zstd_frame(window_log: u8, content: u64) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0xc0, (window_log - 10) << 3];
    // The lowest byte first.
    frame.extend(content.to_be_bytes().into_iter().rev());
    frame.extend_from_slice(&[1, 0, 0]);
    frame
}

/// The bytes of a record, compressed.
fn packed(codec: Compression) -> Vec<u8> {
    let text = "a value that has some length, and is cut in the middle of it";
    Batch::packed(codec, 1, 1, &value(0, text)).body
}

#[test]
fn batches_that_lie_are_damage() {
    let s = Sandbox::new();
    let coded = |codec: u16, body: &[u8]| Batch { attributes: codec, ..Batch::plain(1, 1, body) };
    let huge = "it decompresses to more than 67108864 bytes";
    let xerial = |rest: &[u8]| [b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01", rest].concat();
    let mut rows: Vec<(Batch, &str)> = vec![
        (coded(5, b"x"), "codec 5 is not known"),
        (coded(6, b"x"), "codec 6 is not known"),
        (coded(7, b"x"), "codec 7 is not known"),
        (coded(1, b"no frame"), "a gzip batch does not decompress"),
        (coded(3, b"no frame"), "a lz4 batch does not decompress: its frame is not valid"),
        (coded(4, b"no frame"), "a zstd batch does not decompress"),
        (coded(4, &zstd_frame(31, 1 << 40)), "requires too much memory"),
        (coded(4, &zstd_frame(20, 1 << 40)), "1 records do not fit into 0 bytes"),
        (coded(2, &[0xff, 0xff, 0xff, 0xff, 0x0f, 0]), huge),
        (coded(2, &xerial(&[0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x0f])), huge),
        (
            coded(2, &xerial(&[0xff, 0xff, 0xff, 0xff, 0])),
            "a snappy batch does not decompress: it is cut",
        ),
    ];
    for (codec, words) in [
        (Compression::Gzip, "a gzip batch does not decompress"),
        (Compression::Snappy, "a snappy batch does not decompress"),
        (Compression::Lz4, "a lz4 batch does not decompress: it is cut"),
        (Compression::Zstd, "a zstd batch does not decompress: it is cut"),
    ] {
        let (id, whole) = (kaw::disk::compression::id(codec), packed(codec));
        rows.push((coded(id, &whole[..whole.len() / 2]), words));
    }
    let mut lz4 = packed(Compression::Lz4);
    lz4[6] ^= 1;
    rows.push((coded(3, &lz4), "its frame is not valid (HeaderChecksumError)"));
    // Behind attributes, timestamp and offset: key, value, and headers.
    for (body, words) in [
        (record(0, &[3, 2, b'v', 0]), "record 0 is malformed"),
        (record(0, &[1, 3, 0]), "record 0 is malformed"),
        (record(0, &[1, 0x7e, b'v', 0]), "record 0 is malformed"),
        (record(0, &[1, 2, b'v', 1]), "record 0 is malformed"),
        (record(0, &[1, 2, b'v', 8]), "record 0 is malformed"),
        (record(0, &[1, 2, b'v', 2, 1, 0]), "record 0 is malformed"),
        (record(0, &[1, 2, b'v', 2, 3, 0]), "record 0 is malformed"),
        (record(0, &[1, 2, b'v', 0, 0]), "record 0 is malformed"),
        (record(1, &[1, 2, b'v', 0]), "record 0 has an offset delta of 1"),
        (record(-1, &[1, 2, b'v', 0]), "record 0 has an offset delta of -1"),
        (vec![1; 8], "record 0 has a length of -1"),
        (vec![0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0], "record 0 has a length of 2147483647"),
        (vec![0x80; 20], "a record's length is cut"),
        ([value(0, "v"), vec![0; 9]].concat(), "9 bytes follow its records"),
    ] {
        rows.push((Batch::plain(1, 1, body), words));
    }
    let one = Batch::plain(1, 1, value(0, "v"));
    rows.push((Batch { last_delta: 4, ..one }, "it has 1 records, and offsets for 5"));
    let body = packed(Compression::Zstd);
    let most = Batch { attributes: 4, last_delta: i32::MAX - 1, records: i32::MAX, body, base: 1 };
    rows.push((most, "2147483647 records do not fit into"));
    for (batch, words) in &rows {
        assert_damage(&s, batch, words);
    }
}

#[test]
fn batches_that_are_odd_are_read() {
    let s = Sandbox::new();
    let marker = |key: &[u8]| {
        let body = record(0, &[&[8][..], key, &[1, 0]].concat());
        Batch { attributes: 0x20, ..Batch::plain(1, 1, body) }
    };
    let empty = Batch { last_delta: 4, records: 0, ..Batch::plain(1, 1, []) };
    let nothing = packed_nothing();
    for (batch, lines) in [
        // Of a kind, and in a version, that nobody has written yet.
        (marker(&[0, 0, 0, 99]), "0:first 2:last "),
        (marker(&[0, 7, 0, 1]), "0:first 2:last "),
        (empty.clone(), "0:first 6:last "),
        (Batch { attributes: 4, body: nothing, ..empty }, "0:first 6:last "),
        (Batch { attributes: 0x80, ..Batch::plain(1, 1, value(0, "v")) }, "0:first 1:v 2:last "),
        (Batch::plain(1, 1, record(0, &[0, 0, 4, 0, 1, 0, 1])), "0:first 1: 2:last "),
    ] {
        between(&s, &batch);
        let run = s.run("consume t -e -f '%o:%s '");
        assert_eq!(run.success().stdout(), lines);
        s.run("topics verify t").success();
    }
    // Of the last one: header names that are empty, twice, with null values.
    let run = s.run("consume t -e --json -o 1:2");
    assert!(run.success().stdout().contains(r#""headers":[["",null],["",null]]"#), "{run}");
    // A name that is no text.
    let odd = record(0, &[1, 1, 2, 4, 0xff, b'n', 2, b'v']);
    between(&s, &Batch::plain(1, 1, odd));
    let run = s.run("consume t -e --json -o 1:2");
    assert!(run.success().stdout().contains(r#"[[{"base64":"/24="},"v"]]"#), "{run}");
    assert_eq!(s.run("consume t -e -o 1:2 -f %h").success().stdout_bytes(), b"\xffn=v");
}

/// Nothing, as zstd packs it.
fn packed_nothing() -> Vec<u8> {
    Batch::packed(Compression::Zstd, 0, 0, &[]).body
}

/// A topic of three segments with two records each, and the log of the second.
fn three_segments(s: &Sandbox) -> PathBuf {
    s.damaged();
    if s.log_dir().exists() {
        s.run("topics delete t").success();
    }
    s.run("topics create t -c internal.segment.bytes=100").success();
    for n in 0..3 {
        s.stdin(format!("a{n}\nb{n}\n")).run("produce t --acks 1").success();
    }
    s.log_dir().join("t-0/00000000000000000002.log")
}

/// Changes a file as a whole.
fn change(path: &PathBuf, how: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    how(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[test]
fn damage_in_the_middle_of_a_log_takes_no_other_record_with_it() {
    let s = Sandbox::new();
    let second = "00000000000000000002.log";
    // Where, what, and the words; what is read up to it, and what is passed over.
    for (at, field, words) in [
        (8, &1000_i32.to_be_bytes()[..], "a batch of 1012 bytes does not fit into the 79"),
        (8, &i32::MAX.to_be_bytes(), "a batch of 2147483659 bytes"),
        (8, &(-1_i32).to_be_bytes(), "a batch length of -1 is less than 49"),
        (8, &0_i32.to_be_bytes(), "a batch length of 0 is less than 49"),
        (16, &[3], "batch format 3 is not supported"),
        (16, &[0x7f], "batch format 127 is not supported"),
        (57, &i32::MAX.to_be_bytes(), "2147483647 records do not fit into 18 bytes"),
        (0, &(1_i64 << 33).to_be_bytes(), "offset 8589934592 stands where 2 is due"),
        (0, &1_i64.to_be_bytes(), "offset 1 stands where 2 is due"),
        (0, &(-1_i64).to_be_bytes(), "base offset -1 with a last delta of 1 is impossible"),
        (0, &i64::MAX.to_be_bytes(), "offsets from 9223372036854775807 on do not fit"),
        (70, b"X", "the checksum of a batch is wrong"),
    ] {
        let log = three_segments(&s);
        change(&log, |bytes| bytes[at..at + field.len()].copy_from_slice(field));
        let place = format!("t-0/{second} is damaged at byte 0 (offset 2): {words}");
        let run = bounded(&s, MEMORY_KIB, "consume t -e");
        assert!(run.code(4).stderr().contains(&place) && run.stdout() == "a0\nb0\n", "{run}");
        let run = bounded(&s, MEMORY_KIB, "consume t -e --skip-damaged");
        assert!(run.code(4).stderr().contains("passed over offsets 2 to 3"), "{run}");
        assert_eq!(run.stdout(), "a0\nb0\na2\nb2\n");
        let item = s.run("topics verify t --json").code(4).items().next().unwrap();
        assert!(item["finding"].as_str().unwrap().contains(words), "{item}");
        let place = (&item["position"], &item["offset"], item["file"].as_str().unwrap());
        assert_eq!(place, (&0.into(), &2.into(), &*format!("t-0/{second}")));
    }
}

/// What is done to a log.
type Harm<'a> = &'a dyn Fn(&PathBuf);

#[test]
fn segments_that_do_not_follow_are_named() {
    let s = Sandbox::new();
    let all = "a0\nb0\na1\nb1\na2\nb2\n";
    let without = "a0\nb0\na2\nb2\n";
    let copy = |log: &PathBuf, name: &str| fs::copy(log, log.with_file_name(name)).unwrap();
    let rows: [(Harm<'_>, &str, &str, &str); 4] = [
        (&|log| change(log, |b| b.extend(b.clone())), "offset 2 stands where 4 is due", all, "4"),
        (&|log| fs::remove_file(log).unwrap(), "the next one begins at 4", without, "4"),
        (&|log| change(log, Vec::clear), "the next one begins at 4", without, "4"),
        (
            &|log| fs::rename(log, log.with_file_name("00000000000000000003.log")).unwrap(),
            "the next one begins at 3",
            without,
            "3",
        ),
    ];
    for (harm, words, rest, next) in rows {
        harm(&three_segments(&s));
        let run = s.run("consume t -e");
        assert!(run.code(4).stderr().contains(words), "{run}");
        let run = s.run("consume t -e --skip-damaged");
        assert!(run.code(4).stdout() == rest && run.stderr().contains(next), "{run}");
        s.run("topics verify t").code(4);
    }
    // What is there twice is read once.
    let log = three_segments(&s);
    copy(&log, "00000000000000000003.log");
    assert_eq!(s.run("consume t -e").success().stdout(), all);
    s.run("topics verify t").code(4);
    // A name that is none, or that has no number that fits, or one behind the end.
    let log = three_segments(&s);
    for name in ["7.log", "99999999999999999999.log", "0000000000000000000x.log"] {
        copy(&log, name);
    }
    copy(&log, "00000000000000000099.log");
    assert_eq!(s.run("consume t -e").success().stdout(), all);
    let items: Vec<_> = s.run("topics verify t --json").success().items().collect();
    assert_eq!(items.iter().filter(|item| item["result"] == "note").count(), 3, "{items:?}");
}

#[test]
fn space_that_was_set_aside_is_the_end_of_a_segment() {
    let s = Sandbox::new();
    let all = "a0\nb0\na1\nb1\na2\nb2\n";
    let log = three_segments(&s);
    for log in [&log, &log.with_file_name("00000000000000000004.log")] {
        change(log, |bytes| bytes.resize(bytes.len() + 100_000, 0));
        assert_eq!(s.run("consume t -e").success().stdout(), all);
        s.run("topics verify t").success();
    }
    // The same in the directory of a broker, which makes its logs so with `preallocate=true`.
    let foreign = s.path("foreign");
    fs::create_dir_all(foreign.join("t-0")).unwrap();
    fs::write(foreign.join("meta.properties"), "version=1\nnode.id=1\n").unwrap();
    let last = "00000000000000000004.log";
    for name in ["00000000000000000000.log", "00000000000000000002.log", last] {
        fs::copy(log.with_file_name(name), foreign.join("t-0").join(name)).unwrap();
    }
    assert_eq!(s.run("consume t -e -d foreign").success().stdout(), all);
    let mut follower = s.spawn("consume t -d foreign -o 4");
    assert_eq!(follower.next_line().as_deref(), Some("a2"));
    // The broker goes on in the space, and then in a segment behind it.
    let here = foreign.join("t-0").join(last);
    let more = Batch::plain(6, 1, value(0, "more")).bytes();
    change(&here, |bytes| {
        let end = bytes.iter().rposition(|&byte| byte != 0).unwrap() + 2;
        bytes[end..end + more.len()].copy_from_slice(&more);
    });
    let next = Batch::plain(7, 1, value(0, "next")).bytes();
    fs::write(foreign.join("t-0/00000000000000000007.log"), next).unwrap();
    for line in ["b2", "more", "next"] {
        assert_eq!(follower.next_line().as_deref(), Some(line));
    }
    assert!(s.run("topics list -d foreign").success().stdout().contains(" 8 "));
    s.stdin("own\n").run("produce t --acks 1").success();
    assert_eq!(s.run("consume t -e").success().stdout(), format!("{all}own\n"));
    s.run("topics verify t").success();
}

#[test]
fn a_long_record_that_grows_in_json_is_written_by_pieces() {
    let s = Sandbox::new();
    s.run("topics create t -c max.message.bytes=70000000").success();
    // Each byte becomes six.
    let controls = 48 << 20;
    s.write("controls", vec![1; controls]);
    s.run("produce t --whole controls").success();
    for words in ["--json", "-f '%s{json}'"] {
        let run = bounded(&s, MEMORY_KIB, &format!("consume t -e {words} | wc -c"));
        let bytes: usize = run.success().stdout().trim().parse().unwrap();
        assert!((6 * controls..6 * controls + 200).contains(&bytes), "{run}");
    }
    // What stands around it is as it is without pieces, and it is committed like others.
    let text = format!("xx{}", "\"\u{e9}\n".repeat(3 << 20));
    s.write("text", &text);
    s.run("produce t -k a -H b=c --whole text").success();
    s.stdin("short\n").run("produce t").success();
    let run = s.run("consume t -g g -o 1 --json -n 2");
    let lines: Vec<serde_json::Value> =
        run.success().stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines[0]["value"] == text.as_str(), "the text is another one");
    assert_eq!((&lines[0]["key"], &lines[0]["headers"][0][1]), (&"a".into(), &"c".into()));
    assert_eq!((&lines[1]["offset"], &lines[1]["value"]), (&2.into(), &"short".into()));
    assert_eq!(s.run("lag g --json").items().next().unwrap()["current_offset"], 3);
}
