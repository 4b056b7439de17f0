//! Tests of the text forms of bytes, against jiff and `serde_json` as oracles.

use super::*;
use proptest::prelude::*;

/// What `f` appends, after something that must stay.
fn appended(f: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = b"keep".to_vec();
    f(&mut out);
    assert!(out.starts_with(b"keep"));
    out.split_off(4)
}

fn escaped(bytes: &[u8], newlines: Newlines) -> String {
    String::from_utf8(appended(|out| escape_terminal(bytes, newlines, out))).unwrap()
}

fn json(text: &str) -> String {
    String::from_utf8(appended(|out| write_json_string(text, out))).unwrap()
}

fn time(ms: i64) -> String {
    String::from_utf8(appended(|out| append_rfc3339_ms(ms, out))).unwrap()
}

#[test]
fn hex_and_base64_have_their_known_forms() {
    assert_eq!(appended(|out| append_hex(&[0, 0x9a, 0xff], out)), b"009aff");
    assert_eq!(appended(|out| append_hex(&[], out)), b"");
    for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foobar", "Zm9vYmFy")] {
        assert_eq!(appended(|out| append_base64(bytes.as_bytes(), out)), text.as_bytes());
        assert_eq!(appended(|out| decode_base64(text.as_bytes(), out).unwrap()), bytes.as_bytes());
    }
    for bad in ["Zg", "Zg=", "Zm9v!mFy", "Zm9vYmF", "Zh==", "\u{e9}"] {
        let mut out = b"keep".to_vec();
        assert!(decode_base64(bad.as_bytes(), &mut out).is_err(), "{bad}");
        assert_eq!(out, b"keep");
    }
}

#[test]
fn nothing_that_steers_a_terminal_gets_through() {
    for (bytes, text) in [
        (&b"plain \t~"[..], "plain \t~"),
        (b"", ""),
        (b"\x1b[31mred", "\\x1b[31mred"),
        (b"\r\x07\x08\0\x7f", "\\x0d\\x07\\x08\\x00\\x7f"),
        ("\u{9b}31m\u{85}".as_bytes(), "\\u{9b}31m\\u{85}"),
        (b"\x9b31m", "\\x9b31m"),
        (b"a\xff\xfeb\xe2\x82", "a\\xff\\xfeb\\xe2\\x82"),
        ("x\u{202e}y\u{2066}z".as_bytes(), "x\\u{202e}y\\u{2066}z"),
        (
            "\u{200b}\u{200e}\u{61c}\u{feff}\u{2060}".as_bytes(),
            "\\u{200b}\\u{200e}\\u{61c}\\u{feff}\\u{2060}",
        ),
        ("caf\u{e9} \u{1f980}".as_bytes(), "caf\u{e9} \u{1f980}"),
        (b"a\\b", "a\\b"),
    ] {
        assert_eq!(escaped(bytes, Newlines::Escape), text);
    }
    assert_eq!(escaped(b"a\nb", Newlines::Keep), "a\nb");
    assert_eq!(escaped(b"a\nb", Newlines::Escape), "a\\x0ab");
    assert_eq!(escaped(b"a\n\x1bb", Newlines::Keep), "a\n\\x1bb");
}

#[test]
fn escapes_of_arguments_are_read() {
    for (text, byte, rest) in
        [("n", b'\n', ""), ("tx", b'\t', "x"), ("r", b'\r', ""), ("0", 0, ""), ("\\n", b'\\', "n")]
    {
        assert_eq!(unescape(text), Ok((byte, rest)));
    }
    assert_eq!(unescape("x1bc"), Ok((0x1b, "c")));
    assert_eq!(unescape("xFF"), Ok((0xff, "")));
    for bad in ["", "q", "x", "x1", "xg0", "x+1", "x1\u{e9}", "033", "\u{1b}"] {
        let message = unescape(bad).unwrap_err();
        assert!(!message.contains('\u{1b}'), "{message}");
    }
}

#[test]
fn times_have_their_known_forms() {
    for (ms, text) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_768_471_200_000, "2026-01-15T10:00:00.000Z"),
        (951_782_400_123, "2000-02-29T00:00:00.123Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
        (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
        (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
        (i64::MAX, "+292278994-08-17T07:12:55.807Z"),
        (i64::MIN, "-292275055-05-16T16:47:04.192Z"),
    ] {
        assert_eq!(time(ms), text);
        assert_eq!(parse_rfc3339_ms(text), Some(ms), "{text}");
    }
}

#[test]
fn other_rfc_3339_times_are_read_and_the_rest_is_refused() {
    let ten = Some(1_768_471_200_000);
    assert_eq!(parse_rfc3339_ms("2026-01-15T10:00:00Z"), ten);
    assert_eq!(parse_rfc3339_ms("2026-01-15T11:30:00+01:30"), ten);
    assert_eq!(parse_rfc3339_ms("2026-01-15T10:00:00.0009Z"), ten);
    assert_eq!(parse_rfc3339_ms("1969-12-31T23:59:59.9999Z"), Some(-1));
    for bad in [
        "",
        "Z",
        "2026-02-29T00:00:00.000Z",
        "2026-13-01T00:00:00.000Z",
        "2026-00-01T00:00:00.000Z",
        "2026-01-00T00:00:00.000Z",
        "2026-01-15T24:00:00.000Z",
        "2026-01-15T10:60:00.000Z",
        "2026-01-15T10:00:00.000",
        "2026-01-15T10:00:00+00:00[Europe/Berlin]",
        "-000000-01-01T00:00:00.000Z",
        "+002026-01-01T00:00:00.000Z[UTC]",
        "+292278994-08-17T07:12:55.808Z",
        "-292275055-05-16T16:47:04.191Z",
        "+999999999999999-01-01T00:00:00.000Z",
        "\u{e9}26-01-15T10:00:00.000Z",
        "2026-01-15T10:00:00.\u{e9}Z",
        "now",
    ] {
        assert_eq!(parse_rfc3339_ms(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn base64_comes_back(bytes: Vec<u8>) {
        let text = appended(|out| append_base64(&bytes, out));
        prop_assert_eq!(appended(|out| decode_base64(&text, out).unwrap()), bytes);
    }

    #[test]
    fn hex_comes_back(bytes: Vec<u8>) {
        let hex = String::from_utf8(appended(|out| append_hex(&bytes, out))).unwrap();
        let pairs: Vec<_> = hex.as_bytes().chunks(2).map(|p| str::from_utf8(p).unwrap()).collect();
        let read: Vec<_> = pairs.iter().map(|p| u8::from_str_radix(p, 16).unwrap()).collect();
        prop_assert_eq!(hex.to_lowercase(), hex);
        prop_assert_eq!(read, bytes);
    }

    #[test]
    fn json_strings_are_what_serde_reads(text in "(?s:.{0,80})|[\"\\\\a]{0,80}|[\0-\x7f]{0,80}") {
        let written = json(&text);
        prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        prop_assert!(!written.bytes().any(|b| b < b' '));
    }

    #[test]
    fn terminal_text_has_no_controls(bytes: Vec<u8>) {
        let text = escaped(&bytes, Newlines::Escape);
        prop_assert!(!text.chars().any(|c| is_unsafe(c, false)));
        if bytes.iter().all(|b| (b' '..=b'~').contains(b)) {
            prop_assert_eq!(text.into_bytes(), bytes);
        }
    }

    #[test]
    fn every_time_comes_back(ms: i64) {
        prop_assert_eq!(parse_rfc3339_ms(&time(ms)), Some(ms));
        prop_assert_eq!(parse_own_rfc3339(&time(ms)), Some(ms));
    }

    #[test]
    fn times_are_jiffs(ms in -377_705_023_201_000_i64..=253_402_207_200_999) {
        let oracle = jiff::Timestamp::from_millisecond(ms).unwrap();
        prop_assert_eq!(time(ms), format!("{oracle:.3}"));
        prop_assert_eq!(parse_own_rfc3339(&format!("{oracle:.3}")), Some(ms));
    }

    #[test]
    fn no_text_breaks_the_time_parser(text in "[-+0-9TZ:.]{0,40}|(?s:.{0,40})") {
        if let Some(ms) = parse_rfc3339_ms(&text) {
            prop_assert_eq!(parse_rfc3339_ms(&time(ms)), Some(ms));
        }
    }
}
