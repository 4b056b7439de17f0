//! Tests of the envelope: its exact text, what it refuses, and that it is lossless.

use super::*;
use crate::record::TimestampKind;
use proptest::prelude::*;

type Bytes = Vec<u8>;
type Nullable = Option<Bytes>;

/// A record with all its parts, to compare.
#[derive(Clone, Debug, PartialEq)]
struct Whole {
    partition: i32,
    offset: i64,
    timestamp_ms: i64,
    key: Nullable,
    value: Nullable,
    headers: Vec<(Bytes, Nullable)>,
}

const TEN: i64 = 1_768_471_200_000;
/// What a record has that gives no timestamp.
const NOW_MS: i64 = 7;

fn whole(key: Option<&[u8]>, value: Option<&[u8]>) -> Whole {
    Whole {
        partition: 0,
        offset: 42,
        timestamp_ms: TEN,
        key: key.map(Into::into),
        value: value.map(Into::into),
        headers: Vec::new(),
    }
}

/// The line of a record, which lies behind others in its buffer.
fn line(record: &Whole, parsed: bool) -> String {
    let mut buffer = RecordBuffer::default();
    let other = buffer.store(b"other");
    buffer.headers.push(HeaderSpan { name: other, value: other });
    let (key, value) = (
        buffer.store_nullable(record.key.as_deref()),
        buffer.store_nullable(record.value.as_deref()),
    );
    for (name, value) in &record.headers {
        let (name, value) = (buffer.store(name), buffer.store_nullable(value.as_deref()));
        buffer.headers.push(HeaderSpan { name, value });
    }
    let span = Span {
        partition: record.partition,
        offset: record.offset,
        headers_start: 1,
        headers_len: record.headers.len() as u32,
        ..Span::new(key, value, record.timestamp_ms)
    };
    let mut out = Vec::new();
    write(&buffer.view("users", &span), parsed, &mut out);
    String::from_utf8(out).unwrap()
}

/// Reads a line behind another record.
fn read_back(line: &str) -> Result<Whole, String> {
    let mut buffer = RecordBuffer::default();
    read(br#"{"key":"a","headers":[["b","c"]]}"#, NOW_MS, &mut buffer).unwrap();
    let before = buffer.clone();
    let result = read(line.as_bytes(), NOW_MS, &mut buffer).map_err(|e| e.to_string());
    assert_eq!(
        (&buffer.spans[..1], &buffer.headers[..1]),
        (&before.spans[..], &before.headers[..])
    );
    if let Err(e) = result {
        assert_eq!((buffer.arena, buffer.spans), (before.arena, before.spans), "{e}");
        assert_eq!(buffer.headers, before.headers, "{e}");
        return Err(e);
    }
    assert_eq!(buffer.len(), 2);
    let view = buffer.view("", &buffer.spans[1]);
    Ok(Whole {
        partition: view.partition,
        offset: view.offset,
        timestamp_ms: view.timestamp_ms,
        key: view.key.map(Into::into),
        value: view.value.map(Into::into),
        headers: view.headers().map(|(n, v)| (n.into(), v.map(Into::into))).collect(),
    })
}

#[test]
fn the_line_is_as_documented() {
    let mut record = whole(Some(b"7"), Some(b"{\"a\":1}"));
    record.headers = vec![
        (b"trace".to_vec(), Some(b"abc".to_vec())),
        (b"empty".to_vec(), Some(Vec::new())),
        (b"none".to_vec(), None),
        (b"\xff".to_vec(), Some(b"\xfe".to_vec())),
    ];
    assert_eq!(
        line(&record, false),
        concat!(
            r#"{"topic":"users","partition":0,"offset":42,"timestamp":"2026-01-15T10:00:00.000Z","#,
            r#""timestamp_type":"create","key":"7","value":"{\"a\":1}","headers":["#,
            r#"["trace","abc"],["empty",""],["none",null],[{"base64":"/w=="},{"base64":"/g=="}]]}"#
        )
    );
    let record = Whole { timestamp_ms: -1, ..whole(Some(b"\xff"), Some(b"\xc3")) };
    assert_eq!(
        line(&record, false),
        concat!(
            r#"{"topic":"users","partition":0,"offset":42,"timestamp":null,"#,
            r#""timestamp_type":"create","key_base64":"/w==","value_base64":"ww==","headers":[]}"#
        )
    );
    let mut buffer =
        RecordBuffer { timestamp_kind: TimestampKind::LogAppend, ..Default::default() };
    let (mut out, null) = (b"keep".to_vec(), buffer.store_nullable(None));
    write(&buffer.view("t", &Span::new(null, null, 0)), true, &mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        concat!(
            r#"keep{"topic":"t","partition":-1,"offset":-1,"#,
            r#""timestamp":"1970-01-01T00:00:00.000Z","timestamp_type":"log-append","#,
            r#""key":null,"value":null,"headers":[]}"#
        )
    );
}

#[test]
fn a_json_value_stands_as_it_is() {
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    for (value, field) in [
        (
            "{\"id\":9007199254740993, \"a\":1.0}",
            r#""value_json":{"id":9007199254740993, "a":1.0}"#,
        ),
        ("\n{\n  \"a b\\\" \": [1,\r\n 2]\n}\n", r#""value_json":{"a b\" ":[1,2]}"#),
        (" 1e400 ", r#""value_json":1e400"#),
        ("null", r#""value_json":null"#),
        ("\"\"", r#""value_json":"""#),
        ("", r#""value":"""#),
        ("{\"a\":1", r#""value":"{\"a\":1""#),
        ("1 2", r#""value":"1 2""#),
        ("nul", r#""value":"nul""#),
        (&deep, &format!("\"value_json\":{deep}")),
    ] {
        let line = line(&whole(None, Some(value.as_bytes())), true);
        assert!(line.contains(&format!(",{field},\"headers\"")), "{line}");
        assert!(!line.contains('\n'));
        if !value.contains(['\n', ' ']) {
            assert_eq!(read_back(&line), Ok(whole(None, Some(value.as_bytes()))));
        }
    }
}

#[test]
fn absent_fields_are_null() {
    let none = Whole { partition: -1, offset: -1, timestamp_ms: NOW_MS, ..whole(None, None) };
    let untimed = Whole { timestamp_ms: -1, ..none.clone() };
    for (line, record) in [
        (r#"{"key":null}"#, none.clone()),
        (r#" { "value" : "" } "#, Whole { value: Some(Vec::new()), ..none.clone() }),
        (
            r#"{"value":"a\u0000\ud83e\udd80"}"#,
            Whole { value: Some("a\0\u{1f980}".into()), ..none.clone() },
        ),
        (
            r#"{"timestamp":5,"partition":3}"#,
            Whole { timestamp_ms: 5, partition: 3, ..none.clone() },
        ),
        (r#"{"timestamp":-1}"#, untimed.clone()),
        (r#"{"timestamp":null}"#, untimed.clone()),
        (r#"{"timestamp":"1969-12-31T23:59:59.999Z"}"#, untimed),
        (r#"{"timestamp":-9223372036854775808}"#, Whole { timestamp_ms: i64::MIN, ..none.clone() }),
        (
            r#"{"timestamp":"2026-01-15T11:00:00+01:00"}"#,
            Whole { timestamp_ms: TEN, ..none.clone() },
        ),
        (
            r#"{"value_json":{"id": 9007199254740993}}"#,
            Whole { value: Some(br#"{"id": 9007199254740993}"#.to_vec()), ..none.clone() },
        ),
        (r#"{"value_json":null}"#, Whole { value: Some(b"null".to_vec()), ..none.clone() }),
        (r#"{"key_base64":null,"headers":null,"partition":null,"offset":null}"#, none.clone()),
        (r#"{"topic":"any","timestamp_type":"log-append"}"#, none),
    ] {
        assert_eq!(read_back(line), Ok(record), "{line}");
    }
}

#[test]
fn what_is_no_envelope_is_refused() {
    for (line, message) in [
        (r#"{"valeu":"a"}"#, "unknown field `valeu`; did you mean `value`? at column 8"),
        (r#"{"x\u001b":1}"#, "unknown field `x\\u{1b}` at column 10"),
        ("{}", "it has no field at column 2"),
        (r#"{"key":"a","key":"b"}"#, "a part of the record is there twice at column 16"),
        (r#"{"value":"a","value_base64":""}"#, "a part of the record is there twice at column 27"),
        (r#"{"key":5}"#, "invalid type: integer `5`, expected a string or null at column 8"),
        (r#"{"key_base64":"?"}"#, "not base64: Invalid symbol 63, offset 0. at column 17"),
        (r#"{"timestamp":"noon"}"#, "`noon` is not an RFC 3339 time at column 19"),
        (
            r#"{"timestamp_type":"creat"}"#,
            "unknown timestamp_type `creat`; did you mean `create`? at column 25",
        ),
        (r#"{"partition":-2}"#, "-2 is negative at column 16"),
    ] {
        let refused = read_back(line).unwrap_err();
        let refused = refused.strip_prefix("not a record envelope: ").unwrap();
        assert!(refused.starts_with(message.split(" at column").next().unwrap()), "{refused}");
        assert!(refused.contains("at column"), "{refused}");
    }
    for bad in [
        "",
        "5",
        "[]",
        "null",
        "{",
        r#"{"key":"a"}x"#,
        r#"{"key":"a"}{"key":"b"}"#,
        r#"{"key":"\ud800"}"#,
        r#"{"key":{"base64":"YQ=="}}"#,
        r#"{"partition":1.5}"#,
        r#"{"partition":2147483648}"#,
        r#"{"partition":"1"}"#,
        r#"{"offset":9223372036854775808}"#,
        r#"{"timestamp":9223372036854775808}"#,
        r#"{"timestamp":1.5}"#,
        r#"{"headers":{"a":"b"}}"#,
        r#"{"headers":[["a"]]}"#,
        r#"{"headers":[["a","b","c"]]}"#,
        r#"{"headers":[[null,"b"]]}"#,
        r#"{"headers":[["a",5]]}"#,
        r#"{"headers":[["a",{"base64":null}]]}"#,
        r#"{"headers":[["a",{"base65":"YQ=="}]]}"#,
        r#"{"headers":[["a",{"base64":"YQ==","b":1}]]}"#,
        r#"{"headers":[["a",{}]]}"#,
        r#"{"headers":[["kept","until"],5]}"#,
        r#"{"value":"stored","key":5}"#,
        r#"{"value_json":{"a":}}"#,
    ] {
        assert!(read_back(bad).is_err(), "{bad}");
    }
    let mut buffer = RecordBuffer::default();
    assert!(read(b"{\"key\":\"\xff\"}", NOW_MS, &mut buffer).is_err());
}

fn any_bytes() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        any::<Bytes>(),
        "(?s:.{0,40})".prop_map(String::into_bytes),
        "[\0-\x7f\"\\\\]{0,60}".prop_map(String::into_bytes),
        Just(Vec::new()),
        Just(b"\xed\xa0\x80".to_vec()),
    ]
}

fn any_header() -> impl Strategy<Value = (Bytes, Nullable)> {
    (any_bytes(), proptest::option::of(any_bytes()))
}

prop_compose! {
    fn any_record()(
        partition in -1..=i32::MAX,
        offset in -1..=i64::MAX,
        timestamp_ms in prop_oneof![Just(-1), any::<i64>(), 0..=4_000_000_000_000_i64],
        key in proptest::option::of(any_bytes()),
        value in proptest::option::of(any_bytes()),
        headers in proptest::collection::vec(any_header(), 0..4),
        twice: bool,
    ) -> Whole {
        let mut headers = headers;
        if twice {
            headers.extend(headers.first().cloned());
        }
        Whole { partition, offset, timestamp_ms, key, value, headers }
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(record in any_record()) {
        let line = line(&record, false);
        prop_assert!(!line.contains('\n'));
        prop_assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok());
        prop_assert_eq!(read_back(&line), Ok(record));
    }

    #[test]
    fn parsed_values_are_the_same_json(
        record in any_record(),
        pretty: bool,
        text in "(?s:.{0,9})",
    ) {
        let text = text.as_str();
        let json = serde_json::json!({ "a": [1, text, null], text: { "b": -0.5 } });
        let compact = json.to_string();
        let value = if pretty { format!("{json:#}") } else { compact.clone() };
        let record = Whole { value: Some(value.clone().into_bytes()), ..record };
        let read = read_back(&line(&record, true)).unwrap();
        prop_assert_eq!(read.value.as_deref(), Some(compact.as_bytes()));
        prop_assert_eq!(Whole { value: record.value.clone(), ..read }, record);
    }

    #[test]
    fn no_line_breaks_the_reader(
        record in any_record(),
        cut in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let mut line = line(&record, false).into_bytes();
        let at = cut.index(line.len());
        line[at] = byte;
        drop(read(&line, NOW_MS, &mut RecordBuffer::default()));
        line.truncate(at);
        prop_assert!(read(&line, NOW_MS, &mut RecordBuffer::default()).is_err());
    }
}
