//! Tests of the values of arguments: what each parser takes, and what it refuses.

use super::*;
use proptest::prelude::*;

#[test]
fn counts_are_of_1000() {
    for (text, value) in [
        ("0", 0),
        ("250", 250),
        ("10k", 10_000),
        ("10K", 10_000),
        ("1.5M", 1_500_000),
        ("0.5k", 500),
        ("2G", 2_000_000_000),
        ("1.0", 1),
        ("18446744073709551615", u64::MAX),
    ] {
        assert_eq!(count(text), Ok(value), "{text}");
    }
    for bad in [
        "",
        "k",
        "-1",
        "+1",
        "1.5",
        "1.",
        ".5",
        "1.2.3",
        "10m",
        "10 k",
        "10kk",
        "1e3",
        "1_000",
        "0.0001k",
        "18446744073709551616",
        "99999999T",
        "9999999999999999999999",
        "\u{661}",
    ] {
        let message = count(bad).unwrap_err();
        assert!(message.starts_with(&format!("`{bad}` is not a count: ")), "{message}");
    }
}

#[test]
fn sizes_have_binary_and_decimal_units() {
    for (text, value) in [
        ("512", 512),
        ("512B", 512),
        ("64KiB", 65_536),
        ("1MiB", 1 << 20),
        ("1.5GiB", 3 << 29),
        ("1MB", 1_000_000),
        ("1kB", 1000),
        ("1KB", 1000),
        ("64k", 65_536),
        ("64K", 65_536),
        ("1M", 1 << 20),
        ("1g", 1 << 30),
        ("1TiB", 1 << 40),
    ] {
        assert_eq!(bytes(text), Ok(value), "{text}");
    }
    for bad in ["", "B", "1.5", "1.5B", "-1k", "1QB", "1iB", "1kib", "1 MiB", "99999999TiB"] {
        assert!(bytes(bad).unwrap_err().contains("is not a size"), "{bad}");
    }
}

#[test]
fn durations_have_units() {
    for (text, ms) in [
        ("250ms", 250),
        ("0s", 0),
        ("1m30s", 90_000),
        ("1.5h", 5_400_000),
        ("2d", 172_800_000),
        ("1d12h", 129_600_000),
        ("1s500ms", 1500),
        ("0.25s", 250),
    ] {
        assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
    }
    assert_eq!(duration("500us"), Ok(Duration::from_micros(500)));
    assert!(duration("10").unwrap_err().ends_with("it has no unit; write `10s`"));
    for bad in ["", "s", "-1s", "1x", "30s1m", "1s1s", "1m30", "1 m", "1w", "99999d9h", "1.s"] {
        let bad = if bad == "99999d9h" { "999999999d" } else { bad };
        assert!(duration(bad).unwrap_err().contains("is not a duration"), "{bad}");
    }
}

#[test]
fn rates_are_of_records_or_bytes() {
    for (text, value) in [
        ("1000", Rate::Records(1000.0)),
        ("1000/s", Rate::Records(1000.0)),
        ("10k/s", Rate::Records(10_000.0)),
        ("10k", Rate::Records(10_000.0)),
        ("60/m", Rate::Records(1.0)),
        ("0.5/s", Rate::Records(0.5)),
        ("3600/h", Rate::Records(1.0)),
        ("1MiB/s", Rate::Bytes(1_048_576.0)),
        ("1MB", Rate::Bytes(1_000_000.0)),
        ("512B/s", Rate::Bytes(512.0)),
    ] {
        assert_eq!(rate(text), Ok(value), "{text}");
    }
    for bad in ["", "0", "0/s", "0.0MiB/s", "-1", "inf", "nan", "1/x", "1/", "/s", "1/s/s", "1XB"] {
        assert!(rate(bad).unwrap_err().contains("is not a rate"), "{bad}");
    }
}

#[test]
fn pairs_split_at_the_first_equals_sign() {
    assert_eq!(key_value("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
    assert_eq!(key_value("a="), Ok(("a".to_owned(), String::new())));
    assert!(key_value("a").is_err() && key_value("=b").is_err() && key_value("").is_err());
    assert_eq!(header("a=b"), Ok(("a".to_owned(), Some(b"b".to_vec()))));
    assert_eq!(header("a="), Ok(("a".to_owned(), Some(Vec::new()))));
    assert_eq!(header("a"), Ok(("a".to_owned(), None)));
    assert_eq!(header("=b"), Ok((String::new(), Some(b"b".to_vec()))));
    assert!(header("").is_err());
}

#[test]
fn partition_lists_are_sorted_and_bounded() {
    assert_eq!(partitions("0,2-4"), Ok(vec![0, 2, 3, 4]));
    assert_eq!(partitions("4,1-2,2,0"), Ok(vec![0, 1, 2, 4]));
    assert_eq!(partitions("7"), Ok(vec![7]));
    assert_eq!(partitions("0-99999").map(|list| list.len()), Ok(PARTITIONS_MAX));
    assert_eq!(partition("abc").unwrap_err(), "`abc` is not a partition number");
    for bad in [
        "",
        ",",
        "0,",
        "abc",
        "-1",
        "+1",
        "1-",
        "-",
        "1-2-3",
        "4-2",
        "0-100000",
        "0-2147483647",
        "0-99999,0",
        "2147483648",
        "1 ,2",
    ] {
        assert!(partitions(bad).is_err(), "{bad}");
    }
}

#[test]
fn delimiters_are_bytes() {
    assert_eq!(delimiter("\\n"), Ok(vec![b'\n']));
    assert_eq!(delimiter("\\r\\n"), Ok(vec![b'\r', b'\n']));
    assert_eq!(delimiter("a\\0b\\xffc\\\\"), Ok(b"a\0b\xffc\\".to_vec()));
    assert_eq!(delimiter("\u{e9}"), Ok("\u{e9}".as_bytes().to_vec()));
    for bad in ["", "\\", "a\\q", "\\x1"] {
        assert!(delimiter(bad).is_err(), "{bad}");
    }
}

#[test]
fn unknown_words_have_a_near_match() {
    assert_eq!(
        unknown("a codec", "zst", &["gzip", "zstd"]),
        "`zst` is not a codec; did you mean `zstd`?"
    );
    assert_eq!(
        unknown("a codec", "brotli", &["gzip", "zstd"]),
        "`brotli` is not a codec: gzip, zstd"
    );
    assert_eq!(
        regex_reason("regex parse error:\n    (\n    ^\nerror: unclosed group"),
        "not a regular expression: unclosed group"
    );
}

proptest! {
    #[test]
    fn nothing_typed_breaks_a_parser(
        text in "[-0-9.,kKMGTiBmsuhd/=\\\\xn]{0,24}|(?s:.{0,24})",
    ) {
        drop((count(&text), bytes(&text), duration(&text)));
        drop((key_value(&text), header(&text), partitions(&text), delimiter(&text)));
        if let Ok(Rate::Records(rate) | Rate::Bytes(rate)) = rate(&text) {
            prop_assert!(rate > 0.0 && rate.is_finite());
        }
    }

    #[test]
    fn whole_numbers_are_themselves(number: u64) {
        prop_assert_eq!(count(&number.to_string()), Ok(number));
        prop_assert_eq!(bytes(&number.to_string()), Ok(number));
    }
}

#[test]
fn a_share_is_of_a_whole() {
    for (text, value) in [("0", 0.0), ("10%", 0.1), ("0.5%", 0.005), ("0.25", 0.25), ("1", 1.0)] {
        assert_eq!(share(text), Ok(value), "{text}");
    }
    for text in ["", "%", "-1%", "101%", "1.1", "10 %", "ten", "nan", "inf", "1e9", "+1", "5%%"] {
        assert!(share(text).unwrap_err().contains("10% or 0.1"), "{text}");
    }
}
