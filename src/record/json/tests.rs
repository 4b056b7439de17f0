//! Tests of walking over JSON: what is JSON is what another reader takes for it.

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;

/// Whether another reader takes it for JSON.
fn expected(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

#[test]
fn what_is_json() {
    for text in [
        "0",
        "-0",
        "1.5e-7",
        "1E+2",
        " [1 , 2]\n",
        "{}",
        "[]",
        "\"\"",
        "{\"a\":{\"b\":[]},\"c\":1}",
        "\"\\u00e9\\ud83d\\ude00\\\\\\\"\\/\\b\\f\\n\\r\\t\"",
        "{\"\":null}",
        "[\"\\ud800\", \"\\udc00\\ud800\\u0041\"]",
        "[[],{},[{}],false]",
    ] {
        assert!(is_json(text.as_bytes()) && expected(text), "{text}");
    }
    for text in [
        "",
        " ",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "1e+",
        "-",
        "--1",
        "tru",
        "truex",
        "nul",
        "\"",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u12g4\"",
        "\"\\u12\"",
        "\"a\nb\"",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{1:2}",
        "{\"a\" 1}",
        "{\"a\":1]",
        "[1}",
        "{a:1}",
        "1 2",
        "{}{}",
        "]",
        "}",
        "[]]",
        "\u{feff}1",
        "\0",
        "[\"\0\"]",
        "NaN",
    ] {
        assert!(!is_json(text.as_bytes()) && !expected(text), "{text}");
    }
}

#[test]
fn strings_end_where_they_end_wherever_that_is() {
    for before in 0..130 {
        for len in 0..130 {
            let (space, text) = (" ".repeat(before), "x".repeat(len));
            assert!(is_json(format!("{space}\"{text}\"").as_bytes()), "{before}, {len}");
            assert!(is_json(format!("{space}\"{text}\\n\"").as_bytes()), "{before}, {len}");
            assert!(!is_json(format!("{space}\"{text}").as_bytes()), "{before}, {len}");
            assert!(!is_json(format!("{space}\"{text}\n\"").as_bytes()), "{before}, {len}");
        }
    }
    assert!(is_json(b"\"\xff\""));
}

#[test]
fn any_depth_can_be_walked_over() {
    for depth in [1, 63, 64, 65, 128, 129, 200, 100_000] {
        let (mixed, end) = ("[{\"a\":".repeat(depth), "}]".repeat(depth));
        assert!(is_json(format!("{mixed}1{end}").as_bytes()), "{depth}");
        assert!(!is_json(format!("{mixed}1{}", "]}".repeat(depth)).as_bytes()), "{depth}");
        assert!(!is_json(format!("{mixed}1{end}]").as_bytes()), "{depth}");
        assert!(!is_json(format!("{mixed}1{}", &end[1..]).as_bytes()), "{depth}");
    }
}

/// Text that is JSON, or was before something in it was changed.
fn nearly_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?",
        "\"([a-z \u{e9}]|\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-f]{4}|\\\\u[dD][89ab][0-9]{2}){0,40}\"",
        prop::sample::select(&["true", "false", "null"][..]).prop_map(str::to_owned),
    ];
    let json = leaf.prop_recursive(5, 40, 6, |inner| {
        let member = ("[ \n]?\"[a-c]{0,3}\"[ \t]?", inner.clone());
        let member = member.prop_map(|(name, value)| format!("{name}:{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|all| format!("[{}]", all.join(" ,"))),
            prop::collection::vec(member, 0..6).prop_map(|all| format!("{{{}}}", all.join(",\r"))),
        ]
    });
    let changes =
        prop::collection::vec((any::<prop::sample::Index>(), "[\\[\\]{},:\"\\\\a0 -]?"), 0..2);
    (json, changes).prop_map(|(json, changes)| {
        changes.into_iter().fold(json, |json, (at, instead)| {
            let at = at.index(json.chars().count());
            let changed = json
                .chars()
                .enumerate()
                .map(|(n, c)| if n == at { instead.clone() } else { c.to_string() });
            changed.collect()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn it_agrees_with_another_reader(text in nearly_json()) {
        prop_assert_eq!(is_json(text.as_bytes()), expected(&text), "{}", text);
    }
}
