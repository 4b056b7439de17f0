//! Tests of filters: what matches, and that the fast way agrees with the interpreter.

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;
use crate::record::{RecordBuffer, Span};
use crate::sys;

/// Judges one record with this key and value.
fn judge(filter: &Filter, key: Option<&[u8]>, value: Option<&[u8]>) -> Verdict {
    let mut buffer = RecordBuffer::default();
    let (key, value) = (buffer.store_nullable(key), buffer.store_nullable(value));
    let span = Span { offset: 42, partition: 3, ..Span::new(key, value, 1000) };
    filter.judge(&buffer.view("users", &span))
}

/// What a filter says of a value.
fn of_value(text: &str, value: &str) -> Verdict {
    judge(&Filter::compile(text).unwrap(), Some(b"7"), Some(value.as_bytes()))
}

const AGED: &str = r#"{"name":"Ada","age":60,"at":{"city":"Bonn"},"tags":["a","b"],"ok":true}"#;

#[test]
fn what_is_true_matches() {
    for text in [
        ".age > 50",
        ".age >= 60 and .at.city == \"Bonn\"",
        ".age < 50 or .ok",
        "(.age < 50 or .ok) and .name != null",
        ".age > 59.5",
        ".missing == null",
        ".missing.deeper == null",
        ".tags | length == 2",
        ".tags[] == \"b\"",
        "has(\"age\")",
        "select(.age > 50)",
        "select(.age > 50) | .name",
        ".name | test(\"^A\")",
        "$key == \"7\" and $partition == 3 and $offset == 42 and $timestamp == 1000",
        "$topic == \"users\" and $headers == []",
        "0",
        "\"\"",
        "(.tags | index(\"b\")) as $i | $i == 1",
        "@base64 == @base64",
        "try error(\"x\") catch true",
        "to_entries | length == 5 and .[1] == {key: \"age\", value: 60}",
        "with_entries(.value |= tostring) | .age == \"60\"",
        "[.tags | to_entries[] | .key] == [0, 1]",
        "try (.age | to_entries) catch true",
        ".age as $a | [1, 2] | any(. < $a)",
    ] {
        assert_eq!(of_value(text, AGED), Verdict::Match, "{text}");
    }
    for text in
        [".age < 50", ".missing", "null", "empty", "false, null", ".ok == false", ".at == 1"]
    {
        assert_eq!(of_value(text, AGED), Verdict::NoMatch, "{text}");
    }
}

#[test]
fn a_null_value_is_null_and_other_values_are_told() {
    let filter = Filter::compile(". == null").unwrap();
    assert_eq!(judge(&filter, None, None), Verdict::Match);
    for value in ["", "text", "{\"age\":60", "{\"age\":60} x", "NaN", "{age:60}"] {
        assert_eq!(of_value(".age > 50", value), Verdict::NotJson, "{value}");
        assert_eq!(of_value(".age > 50 | not", value), Verdict::NotJson, "{value}");
    }
    // What is no text in UTF-8 may be in a string, as jq's may be any bytes; halves of pairs are
    // U+FFFD, as in jq.
    let odd = |bytes: &[u8]| [b"{\"age\":60,\"x\":\"", bytes, b"\"}"].concat();
    for (bytes, text) in [
        (&b"\xff"[..], ".x > \"\u{ffff}\""),
        (b"\\ud800", ".x == \"\u{fffd}\""),
        (b"\\udc00\\ud800\\u0041\\\\ud800", ".x == \"\u{fffd}\u{fffd}A\\\\ud800\""),
        (b"\\ud83d\\ude00\\ud83d", ".x == \"\u{1f600}\u{fffd}\""),
    ] {
        for text in [".age > 50", ".age + 1 > 50", ". | .age > 50", text, &format!(". | {text}")] {
            let found = judge(&Filter::compile(text).unwrap(), None, Some(&odd(bytes)));
            assert_eq!(found, Verdict::Match, "{text}");
        }
    }
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    assert!(matches!(of_value("true", &deep), Verdict::Failed(_)));
    for (text, value) in
        [(".age > 50", "7"), (".a.b == 1", "{\"a\":\"x\"}"), ("error(\"x\")", "1"), ("halt", "1")]
    {
        assert!(matches!(of_value(text, value), Verdict::Failed(_)), "{text}");
    }
    assert_eq!(of_value(".age, error(\"x\")", AGED), Verdict::Match);
}

#[test]
fn what_is_no_expression_is_refused_with_the_place() {
    for (text, words) in [
        ("", "at the end"),
        (".age >", "at the end"),
        (".age > 50)", "at character 10"),
        (".a | nope", "no filter `nope` (character 6)"),
        ("$x", "variable `$x`"),
        ("\"open", "closing quote is missing"),
        ("import \"a\" as a; .", "import"),
    ] {
        let reason = Filter::compile(text).err().unwrap_or_default();
        assert!(reason.contains(words), "{text}: {reason}");
    }
}

#[test]
fn plain_expressions_take_the_fast_way() {
    for text in [".age > 50", ".a.b==\"x\"", ".ok", "(.a or .b) and .c != -1.5", ".a == null"] {
        assert!(Plain::parse(text).is_some(), "{text}");
    }
    for text in [
        "select(.a.b == 1)",
        "select( (.a or .b) and .c )",
        ".a | startswith(\"x\")",
        "(.a|test(\"^\\\\d\\u0041\") | not) or (.b | length > 3)",
        "select(.a | contains(\"\\\"\"))",
        ".a | endswith(\"x\") | not",
    ] {
        assert!(Plain::parse(text).is_some(), "{text}");
    }
    for text in [
        ".a | startswith(\"x\") and .b",
        ".a | startswith(\"\\(.b)\")",
        ".a | startswith(.b)",
        ".a | test(\"x\"; \"i\")",
        ".a | test(\"(\")",
        ".a | length",
        "select(.a) | .b",
        "select(.a), 1",
        "select",
        ".a |= length > 1",
    ] {
        assert!(Plain::parse(text).is_none(), "{text}");
    }
    for text in [".", ".a[0]", ".a | not", ".a > .b", ".a + 1 > 2", ".a == 1e3", ".a.", "..", ".a?"]
    {
        assert!(Plain::parse(text).is_none(), "{text}");
    }
}

/// JSON that the expressions below find something in, or nearly JSON.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        (-3..60i64).prop_map(|n| n.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>()
            .prop_filter("JSON has no others", |f| f.is_finite())
            .prop_map(|f| f.to_string()),
        prop::sample::select(&["-0", "0.0", "1e999", "5E1", "50.0", "99999999999999999999", "01"])
            .prop_map(str::to_owned),
        "[a-bx\\\\\"\u{e9}]{0,3}".prop_map(|text| format!("\"{text}\"")),
        "([a-b]|\\\\[nux]|\\\\u00(e9|6[1-2])|\\\\ud83d|\\\\ude00){0,4}"
            .prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = "[abc]|[abc]|[abc]|\\\\u006[1-3]|[\u{e9}\\\\]";
        let field = (name, inner.clone()).prop_map(|(name, v)| format!("\"{name}\": {v}"));
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec(field, 0..4).prop_map(|all| format!("{{{}}}", all.join(","))),
        ]
    })
}

/// Expressions that mostly take the fast way.
fn expression() -> impl Strategy<Value = String> {
    let path = prop::collection::vec("\\.[abc]", 1..4).prop_map(|names| names.concat());
    let literal = prop::sample::select(&[
        "50",
        "-1",
        "0",
        "0.5",
        "50.0",
        "null",
        "true",
        "false",
        "\"x\"",
        "\"a\"",
        "1e3",
        "99999999999999999999",
        "\"\u{e9}\"",
    ]);
    let operator = prop::sample::select(&["==", "!=", "<", "<=", ">", ">="]);
    let question = prop::sample::select(&[
        "startswith(\"a\")",
        "endswith(\"\u{e9}\")",
        "contains(\"x\")",
        "contains(\"\")",
        "test(\"^[ab\\u0061]*$\")",
        "test(\"\\\\W\") | not",
        "length > 1",
        "length == 0",
        "length != \"x\"",
    ]);
    let term = prop_oneof![
        path.clone(),
        (path.clone(), question).prop_map(|(path, question)| format!("({path} | {question})")),
        (path, operator, literal).prop_map(|(path, op, literal)| format!("{path} {op} {literal}")),
    ];
    term.prop_recursive(3, 8, 2, |inner| {
        (inner.clone(), prop::sample::select(&["and", "or"]), inner)
            .prop_map(|(one, word, other)| format!("({one} {word} {other})"))
    })
    .prop_flat_map(|text| prop_oneof![Just(format!("select({text})")), Just(text)])
}

#[test]
fn what_looks_at_members_reads_no_others() {
    let names = |text: &str| Members::of(text).map(|Members(names)| names.join(" "));
    for (text, members) in [
        (".age + 1 > 50", "age"),
        ("(.age | tostring) == \"60\"", "age"),
        (".name | test(\"^A\")", "name"),
        (".a.b[.c] == .d[1:.e]", "a c d e"),
        ("select(.a == $key)", "a"),
        ("has(\"a\") and true", "a"),
        ("if .a then .b elif .c then null else \"\\(.d)\" end", "a b c d"),
        (".a as $x | [.b, -.c] | index($x)", "a b c"),
        (".[\"a\"] // .\"b\"?", "a b"),
        ("try .a.b catch .c", "a"),
        ("$offset > 5", ""),
        ("{a, n: (.b | length), $key, (.c): 1}", "a b c"),
    ] {
        assert_eq!(names(text).as_deref(), Some(members), "{text}");
    }
    for text in [
        ".",
        "..",
        ".[]",
        ".[0]",
        "length > 1",
        ".a == 1 or length > 1",
        "keys",
        ". as {a: $x} | $x",
        ". as $x | .a",
        ".a as {b: $x} | .c",
        ".[.a]",
        "if .a then .b end",
        ".a = 1",
        ".a |= 1",
        "def f: .; f",
        "reduce .a as $x (.; 1)",
        "input",
        "has(.a)",
        "{a: .}",
        "{\"a\\(.b)\"}",
        "first(.a, .)",
        "select(.a) | length",
        "\"\\(.)\" == .a",
        "@json",
    ] {
        assert_eq!(names(text), None, "{text}");
    }
    // What is not looked at has to be JSON all the same, and may be deep.
    assert_eq!(of_value(".age + 1 == 61", r#"{"age":60,"x":[tru]}"#), Verdict::NotJson);
    assert_eq!(of_value(".age + 1 == 61", r#"{"age":60,"x":[1]"#), Verdict::NotJson);
    let deep = format!("{{\"age\":60,\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(of_value(".age + 1 == 61", &deep), Verdict::Match);
    assert!(matches!(of_value(".x | length == 1", &deep), Verdict::Failed(_)));
}

#[test]
fn regular_expressions_are_jqs_and_told_when_they_are_none() {
    for (text, verdict) in [
        (".name | test(\"^a\")", Verdict::NoMatch),
        (".name | test(\"^a\"; \"i\")", Verdict::Match),
        ("[\"a\", \"b\"] | all(test(\"[ab]\"))", Verdict::Match),
        (".name | test(\"A\", \"x\")", Verdict::Match),
        (".name | test(\"\")", Verdict::Match),
        (". as $x | .tags | map(select(test($x.name))) | length > 0", Verdict::NoMatch),
    ] {
        assert_eq!(of_value(text, AGED), verdict, "{text}");
    }
    for text in [".name | test(\"(\")", ".age | test(\"6\")", ".name | test(1)"] {
        let ours = of_value(text, AGED);
        let theirs = of_value(&text.replace("\")", "\"; \"\")").replace("(1)", "(1; \"\")"), AGED);
        assert!(matches!(ours, Verdict::Failed(_)) && ours == theirs, "{ours:?} {theirs:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn members_alone_give_what_the_whole_value_gives(
        text in prop::sample::select(&[
            "(.a | tostring) == \"1\"",
            ".a + 1 > 2",
            "(.a // .b) == 50",
            "has(\"a\") and .b",
            ".a[0] == .b",
            ".a[.b] // .c",
            "if .a then .b else .c end",
            "[.a, .b] | any",
            ".a.b? // .c",
            "-(.a) < .b",
            "\"x\\(.a)\" == \"x1\"",
            "select(.a > .b)",
            ".a as $x | .b == $x",
            "try .a.b catch (. | length)",
            "[.a[]?] | length > 0",
            ".a | length > 1",
            ".a | test(\"a\")",
            ".a | .. | numbers",
        ][..]),
        value in json(),
    ) {
        let members = Filter { fast: None, ..Filter::compile(text).unwrap() };
        prop_assert!(members.members.is_some(), "{}", text);
        let whole = Filter { fast: None, members: None, ..Filter::compile(text).unwrap() };
        let [found, expected] =
            [members, whole].map(|filter| judge(&filter, None, Some(value.as_bytes())));
        prop_assert_eq!(found, expected, "{} of {}", text, value);
    }

    #[test]
    fn a_value_is_what_the_library_reads(value in json()) {
        let value = value.as_bytes();
        let found = value::read(value, DEPTH_MAX);
        prop_assert_eq!(found.is_some(), serde_json::from_slice::<IgnoredAny>(value).is_ok());
        // The library takes no halves of pairs.
        if let (Some(found), Ok(expected)) = (found, jaq_json::read::parse_single(value)) {
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn the_fast_way_agrees_with_the_interpreter(text in expression(), value in json()) {
        let full = Filter { fast: None, ..Filter::compile(&text).unwrap() };
        if let Some(fast) = Plain::parse(&text)
            && let Some(verdict) = fast.judge(value.as_bytes())
        {
            let expected = judge(&full, None, Some(value.as_bytes()));
            prop_assert_eq!(verdict, expected, "{} of {}", text, value);
        }
    }
}

#[test]
fn definitions_may_call_themselves_but_not_without_end() {
    // As deep a stack as that of the thread that a command has.
    let test = std::thread::Builder::new().stack_size(sys::stack_bytes()).spawn(deep_definitions);
    assert!(test.unwrap().join().is_ok());
}

/// Judges by definitions that call themselves.
fn deep_definitions() {
    for text in [
        "def f: 1 + f; f",
        "def f: (1 + f)?; f",
        "def f: try (1 + f) catch 1; f",
        "def f($n): [f($n + 1)]; f(0)",
        "def f(g): -f(g + 1); f(.age)",
        "def f: def g: -f; -g; f",
        "\"\\(def f: 1 + f; f)\"",
        "[.tags[] | def f: f + .; f]",
    ] {
        assert_eq!(of_value(text, AGED), Verdict::TooDeep, "{text}");
    }
    for text in [
        "def f: if . > 100000 then . else . + 1 | f end; 1 | f",
        "def sum: if . == 0 then 0 else . + (. - 1 | sum) end; 100 | sum == 5050",
        "def leaves: if type == \"object\" then .[] | leaves else . end; [leaves] | length == 5",
        "last(limit(100000; repeat(1)))",
        "def f: .at; (f | .city |= \"x\") | .city == \"x\"",
        "def f: .at.city; (f |= \"x\") | .at.city == \"x\" and ([path(f)] == [[\"at\", \"city\"]])",
    ] {
        assert_eq!(of_value(text, AGED), Verdict::Match, "{text}");
    }
    let wrong = Filter::compile("def f: nope; f").err();
    assert_eq!(wrong.as_deref(), Some("there is no filter `nope` (character 8)"));
}
