//! Tests of the offset grammar: each spelling, each refusal, and that what is shown reads back.

use super::Position::{At, End, FromEnd, FromStart, Start, Stored, Time};
use super::*;
use proptest::prelude::*;

/// 2026-01-15T10:00:00Z.
const NOW: i64 = 1_768_471_200_000;
const HOUR: i64 = 3_600_000;
const MIDNIGHT: i64 = NOW - 10 * HOUR;

fn spec(text: &str) -> Result<OffsetSpec, String> {
    OffsetSpec::parse(text, NOW).map_err(|e| e.to_string())
}

fn range(from: Position, to: impl Into<Option<Position>>) -> OffsetSpec {
    OffsetSpec { from, to: to.into() }
}

#[test]
fn every_position_has_its_spellings() {
    for (text, position) in [
        ("start", Start),
        ("beginning", Start),
        ("earliest", Start),
        ("oldest", Start),
        ("end", End),
        ("latest", End),
        ("newest", End),
        ("stored", Stored),
        ("0", At(0)),
        ("42", At(42)),
        ("00000000000000000042", At(42)),
        ("9223372036854775807", At(i64::MAX)),
        ("-5", FromEnd(5)),
        ("-0", FromEnd(0)),
        ("+5", FromStart(5)),
        ("@2026-01-15T10:00:00Z", Time(NOW)),
        ("@2026-01-15T11:00:00+01:00", Time(NOW)),
        ("@2026-01-15T10:00:00.000Z", Time(NOW)),
        ("@2026-01-15T10:00:00", Time(NOW)),
        ("@2026-01-15T10:00", Time(NOW)),
        ("@2026-01-15 10:00:00", Time(NOW)),
        ("@2026-01-15", Time(MIDNIGHT)),
        ("@10:30", Time(NOW + HOUR / 2)),
        ("@10:30:05", Time(NOW + HOUR / 2 + 5000)),
        ("@10:30:05.25", Time(NOW + HOUR / 2 + 5250)),
        ("@00:00", Time(MIDNIGHT)),
        ("@-1h", Time(NOW - HOUR)),
        ("@-1d12h", Time(NOW - 36 * HOUR)),
        ("@-30m", Time(NOW - HOUR / 2)),
        ("@-90s", Time(NOW - 90_000)),
        ("@-250ms", Time(NOW - 250)),
        ("@1718000000", Time(1_718_000_000_000)),
        ("@0", Time(0)),
        ("@1718000000123", Time(1_718_000_000_123)),
        ("s@1718000000123", Time(1_718_000_000_123)),
        ("s@5", Time(5)),
    ] {
        assert_eq!(Position::parse(text, NOW), Ok(position), "{text}");
        assert_eq!(spec(text), Ok(range(position, None)), "{text}");
    }
}

#[test]
fn ranges_are_cut_at_the_right_colon() {
    let half = NOW + HOUR / 2;
    for (text, from, to) in [
        (":end", Start, Some(End)),
        ("100:", At(100), None),
        ("100:200", At(100), Some(At(200))),
        ("10:30", At(10), Some(At(30))),
        ("10:10", At(10), Some(At(10))),
        ("-10:-5", FromEnd(10), Some(FromEnd(5))),
        ("+5:+10", FromStart(5), Some(FromStart(10))),
        ("stored:end", Stored, Some(End)),
        ("@10:30:@11:00", Time(half), Some(Time(NOW + HOUR))),
        ("@10:30:end", Time(half), Some(End)),
        ("@10:30:05", Time(half + 5000), None),
        ("@10:30:500", Time(half), Some(At(500))),
        ("@2026-01-15T10:00:00Z:end", Time(NOW), Some(End)),
        ("@2026-01-15T10:00:00Z:50", Time(NOW), Some(At(50))),
        ("@2026-01-15:@2026-01-16", Time(MIDNIGHT), Some(Time(MIDNIGHT + 24 * HOUR))),
        ("@2026-01-15T10:00:00+01:00:@2026-01-15T10:00:00Z", Time(NOW - HOUR), Some(Time(NOW))),
        (":@-1h", Start, Some(Time(NOW - HOUR))),
        ("@-1h:", Time(NOW - HOUR), None),
        ("@-2h:@-1h", Time(NOW - 2 * HOUR), Some(Time(NOW - HOUR))),
        ("s@5:e@10", Time(5), Some(Time(10))),
        ("e@10", Start, Some(Time(10))),
        ("100:e@10", At(100), Some(Time(10))),
    ] {
        assert_eq!(spec(text), Ok(range(from, to)), "{text}");
    }
}

/// What is refused, and what is said of it.
const REFUSED: &[(&str, &str)] = &[
    ("latestt", "`latestt` is not an offset; did you mean `latest`?"),
    ("End", "`End` is not an offset; did you mean `end`?"),
    ("latestt:100", "`latestt` is not an offset; did you mean `latest`?"),
    ("@10:30:lates", "`lates` is not an offset; did you mean `latest`?"),
    ("-1h", "`-1h` is not an offset: a time begins with `@`; did you mean `@-1h`?"),
    (
        "2026-01-15",
        "`2026-01-15` is not an offset: a time begins with `@`; did you mean `@2026-01-15`?",
    ),
    ("@10:30:11:00", "`11:00` is not an offset: a time begins with `@`; did you mean `@11:00`?"),
    ("@1h", "`1h` is not a time; did you mean `-1h`?"),
    ("@2026-13-40", "`2026-13-40` is not a time: there is no such date or hour"),
    ("@2026-02-29", "`2026-02-29` is not a time: there is no such date or hour"),
    (
        "99999999999999999999",
        "`99999999999999999999` is not an offset: the largest is 9223372036854775807",
    ),
    ("200:100", "`200:100` is not an offset: it stops before it begins"),
    ("", "`` is not an offset: it is empty"),
    (":", "`:` is not an offset: it names neither where to begin nor where to stop"),
    ("e@5:end", "`e@5` is not an offset: `e@MS` is where to stop, not where to begin"),
    ("1:s@5", "`s@5` is not an offset: `s@MS` is where to begin, not where to stop"),
    (
        "@17180000001",
        "`17180000001` is not a time: up to 10 digits are seconds, 13 are milliseconds",
    ),
];

#[test]
fn what_is_no_offset_is_refused_with_a_near_match() {
    for &(text, message) in REFUSED {
        assert_eq!(spec(text), Err(message.to_owned()), "{text}");
    }
    for bad in [
        "-",
        "+",
        "--5",
        "+-5",
        "1.5",
        "10k",
        "@",
        "@@",
        "s@",
        "s@x",
        "s@-5",
        "e@",
        "e@x",
        "@-",
        "@-5",
        "@+1h",
        "@25:00",
        "@10:60",
        "@9:30",
        "@10:30:60",
        "@10:30:45:50",
        "@2026-W03-4",
        "@2026-01-15T10:00:00Z[UTC]",
        "@2026-01-15T10:00+99:00",
        "@2026-01-15+05",
        "@2026-01-15Z",
        "@2026-01-15[UTC]",
        "@2026-01-15T",
        "@2026-01-15T10:00[UTC]",
        "@99999999999999",
        "1:2:3",
        "::",
        "end:start:end",
        "-5:-6",
        "@11:00:@10:00",
        "\u{661}",
        "@\u{e9}\u{e9}:30",
        "a\u{1b}b",
        "@-99999999999999999999d",
    ] {
        let message = spec(bad).expect_err(bad);
        assert!(!message.contains('\u{1b}'), "{message}");
    }
}

#[test]
fn relative_positions_stay_within_the_partition() {
    for (position, offset) in [
        (Start, Some(10)),
        (End, Some(20)),
        (At(5), Some(5)),
        (At(99), Some(99)),
        (FromEnd(3), Some(17)),
        (FromEnd(30), Some(10)),
        (FromEnd(i64::MAX), Some(10)),
        (FromStart(3), Some(13)),
        (FromStart(i64::MAX), Some(20)),
        (Time(5), None),
        (Stored, None),
    ] {
        assert_eq!(position.resolve(10, 20), offset, "{position}");
    }
}

fn any_position() -> impl Strategy<Value = Position> {
    prop_oneof![
        Just(Start),
        Just(End),
        Just(Stored),
        (0..=i64::MAX).prop_map(At),
        (0..=100_i64).prop_map(At),
        (0..=i64::MAX).prop_map(FromEnd),
        (0..=i64::MAX).prop_map(FromStart),
        any::<i64>().prop_map(Time),
        (0..=4_000_000_000_000_i64).prop_map(Time),
    ]
}

proptest! {
    #[test]
    fn what_is_shown_reads_back(
        from in any_position(),
        to in proptest::option::of(any_position()),
    ) {
        prop_assert_eq!(Position::parse(&from.to_string(), NOW), Ok(from));
        let backward = match (from, to) {
            (At(a), Some(At(b)))
            | (Time(a), Some(Time(b)))
            | (FromStart(a), Some(FromStart(b))) => a > b,
            (FromEnd(a), Some(FromEnd(b))) => a < b,
            _ => false,
        };
        let spec = OffsetSpec { from, to };
        let read = OffsetSpec::parse(&spec.to_string(), NOW);
        if backward {
            prop_assert!(read.is_err());
        } else {
            prop_assert_eq!(read, Ok(spec));
        }
    }

    #[test]
    fn no_text_breaks_the_grammar(text in "[-+@:0-9TZsedhm.]{0,30}|(?s:.{0,30})", now: i64) {
        if let Ok(spec) = OffsetSpec::parse(&text, now) {
            prop_assert_eq!(OffsetSpec::parse(&spec.to_string(), now), Ok(spec));
        }
    }
}
