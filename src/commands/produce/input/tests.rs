//! Tests of cutting input into records: whatever the chunks, the records are those of the bytes.

use super::*;
use crate::commands::Stop;
use proptest::prelude::*;
use std::path::PathBuf;

struct Files {
    _dir: tempfile::TempDir,
    paths: Vec<PathBuf>,
}

fn files(contents: &[&[u8]]) -> Files {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..contents.len()).map(|i| dir.path().join(i.to_string())).collect();
    for (path, content) in paths.iter().zip(contents) {
        std::fs::write(path, content).unwrap();
    }
    Files { _dir: dir, paths }
}

type Read = (Option<Vec<u8>>, Option<Vec<u8>>);

fn read_all(
    contents: &[&[u8]],
    shape: Shape,
    (chunk, most, max): (usize, u64, usize),
) -> (Vec<Read>, Vec<BadRecord>, Counted) {
    let (files, stop) = (files(contents), Stop::new());
    let mut input = Input::new(Source::new(&files.paths, &stop), shape, max, false);
    input.chunk_bytes = chunk;
    let (mut buffer, mut all, mut bad) = (RecordBuffer::default(), Vec::new(), Vec::new());
    loop {
        let turn = input.read(&mut buffer, most, 7).unwrap();
        assert!(buffer.len() as u64 <= most);
        for span in &buffer.spans {
            let owned = |s: Slice| s.of(&buffer.arena).map(<[u8]>::to_vec);
            all.push((owned(span.key), owned(span.value)));
        }
        match turn {
            Turn::More => {}
            Turn::End => break,
            Turn::Bad(one) => bad.push(one),
        }
        assert!(all.len() + bad.len() < 100_000);
    }
    (all, bad, input.counted)
}

fn by(delimiter: &[u8]) -> Shape {
    Shape { delimiter: Some(delimiter.to_vec()), ..Shape::default() }
}

fn values(read: &[Read]) -> Vec<&[u8]> {
    read.iter().map(|(_, value)| value.as_deref().unwrap()).collect()
}

const PLAIN: (usize, u64, usize) = (64, u64::MAX, 1000);

#[test]
fn empty_lines_are_records_and_the_last_needs_no_newline() {
    let read = |bytes: &[u8]| read_all(&[bytes], by(b"\n"), PLAIN).0;
    assert_eq!(values(&read(b"a\n\nb")), [&b"a"[..], b"", b"b"]);
    assert_eq!(values(&read(b"a\nb\n")), [&b"a"[..], b"b"]);
    assert_eq!(values(&read(b"\n")), [&b""[..]]);
    assert_eq!(read(b""), []);
}

#[test]
fn each_file_ends_its_last_record() {
    for most in [1, 2, u64::MAX] {
        let (read, ..) = read_all(&[b"a\nb", b"", b"c\n", b"d"], by(b"\n"), (4, most, 1000));
        assert_eq!(values(&read), [&b"a"[..], b"b", b"c", b"d"], "{most}");
    }
}

#[test]
fn keys_are_cut_off_at_their_delimiter_and_a_line_without_one_is_named() {
    let shape = Shape { key_delimiter: Some(b"::".to_vec()), ..by(b"\n") };
    let (read, bad, counted) = read_all(&[b"k::v\n::w\nx::y::z\nno\nk::\n"], shape, PLAIN);
    let pair = |k: &str, v: &str| (Some(k.as_bytes().to_vec()), Some(v.as_bytes().to_vec()));
    assert_eq!(read, [pair("k", "v"), pair("", "w"), pair("x", "y::z"), pair("k", "")]);
    assert_eq!((bad.len(), bad[0].number, counted.records), (1, 4, 5));
    assert!(bad[0].reason.contains("::"));
}

#[test]
fn keys_come_from_a_field_of_the_value() {
    let shape = || Shape { key_field: Some(Pointer::parse("/id").unwrap()), ..by(b"\n") };
    let lines = b"{\"id\":9007199254740993}\n{\"id\":\"x\\ny\"}\n{\"id\":\"z\"}\n{\"id\":null}\n";
    let (read, bad, _) = read_all(&[lines], shape(), PLAIN);
    let keys: Vec<_> = read.iter().map(|(key, _)| key.as_deref()).collect();
    assert_eq!(keys, [Some(&b"9007199254740993"[..]), Some(b"x\ny"), Some(b"z"), None]);
    assert_eq!(bad, []);
    let (read, bad, _) = read_all(&[b"{}\nnot json\n{\"id\":1}"], shape(), PLAIN);
    assert_eq!((read.len(), bad.len()), (1, 2));
}

#[test]
fn options_drop_make_null_and_strip() {
    let shape = Shape { skip_empty: true, crlf: true, ..by(b"\n") };
    let (read, _, counted) = read_all(&[b"a\r\n\r\n\nb\r"], shape, PLAIN);
    assert_eq!(values(&read), [&b"a"[..], b"b"]);
    assert_eq!((counted.records, counted.skipped), (2, 2));
    let shape = Shape { null: true, key_delimiter: Some(b":".to_vec()), ..by(b"\n") };
    let (read, ..) = read_all(&[b"k:\nk:v"], shape, PLAIN);
    assert_eq!((read[0].1.as_deref(), read[1].1.as_deref()), (None, Some(&b"v"[..])));
}

#[test]
fn a_record_that_is_too_long_is_passed_over_and_those_behind_it_are_not() {
    let mut bytes = vec![b'x'; 500];
    bytes.extend_from_slice(b"\nshort\n");
    bytes.extend(std::iter::repeat_n(b'y', 101));
    let (read, bad, counted) = read_all(&[&bytes], by(b"\n"), (16, u64::MAX, 100));
    assert_eq!(values(&read), [&b"short"[..]]);
    assert_eq!(
        bad.iter().map(|b| (b.number, b.too_large)).collect::<Vec<_>>(),
        [(1, true), (3, true)]
    );
    assert_eq!(counted.records, 3);
}

#[test]
fn a_whole_file_is_one_record() {
    let (read, ..) = read_all(&[b"a\nb\n", b"c"], Shape::default(), (2, u64::MAX, 100));
    assert_eq!(values(&read), [&b"a\nb\n"[..], b"c"]);
}

proptest! {
    #[test]
    fn records_are_those_of_the_bytes_whatever_the_chunks(
        bytes in prop::collection::vec(prop::sample::select(&b"ab\n;"[..]), 0..300),
        delimiter in prop::sample::select(vec![&b"\n"[..], b";;", b"ab", b"a"]),
        chunk in 1usize..40,
        most in prop_oneof![1u64..4, Just(u64::MAX)],
    ) {
        let (read, bad, counted) = read_all(&[&bytes], by(delimiter), (chunk, most, 1000));
        let mut expected: Vec<&[u8]> = Vec::new();
        let mut rest = &bytes[..];
        while let Some(at) = memmem::find(rest, delimiter) {
            expected.push(&rest[..at]);
            rest = &rest[at + delimiter.len()..];
        }
        if !rest.is_empty() {
            expected.push(rest);
        }
        prop_assert_eq!(values(&read), expected);
        prop_assert_eq!(bad, []);
        prop_assert_eq!((counted.records, counted.bytes), (read.len() as u64, bytes.len() as u64));
    }
}
