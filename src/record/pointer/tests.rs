//! Tests of JSON pointers, with `serde_json::Value` as the oracle.

use super::*;
use proptest::prelude::*;
use serde_json::Value;

fn find<'a>(pointer: &str, json: &'a str) -> Found<'a> {
    Pointer::parse(pointer).unwrap().find(json.as_bytes()).unwrap()
}

fn text(text: &str) -> Found<'_> {
    Found::Text(Cow::Borrowed(text))
}

#[test]
fn the_examples_of_the_rfc_are_found() {
    let json = r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6,
        " ":7,"m~n":8}"#;
    for (pointer, raw) in [
        ("", json),
        ("/foo", r#"["bar","baz"]"#),
        ("/", "0"),
        ("/a~1b", "1"),
        ("/c%d", "2"),
        ("/e^f", "3"),
        ("/g|h", "4"),
        ("/i\\j", "5"),
        ("/k\"l", "6"),
        ("/ ", "7"),
        ("/m~0n", "8"),
    ] {
        assert_eq!(find(pointer, json), Found::Raw(raw), "{pointer}");
    }
    assert_eq!(find("/foo/0", json), text("bar"));
}

#[test]
fn each_kind_of_value_is_told_apart() {
    let json = r#" {"id": 9007199254740993, "f": 1.0, "e": 1e400, "t": true, "n": null, "s": "",
        "x": "a\u0000\n", "l": [1, {"k": "v"}, []], "~1": 1, "id2": {"id": 1}, "0": 2} "#;
    for (pointer, found) in [
        ("/id", Found::Raw("9007199254740993")),
        ("/f", Found::Raw("1.0")),
        ("/e", Found::Raw("1e400")),
        ("/t", Found::Raw("true")),
        ("/n", Found::Null),
        ("/s", text("")),
        ("/x", text("a\0\n")),
        ("/l/0", Found::Raw("1")),
        ("/l/1/k", text("v")),
        ("/l/2", Found::Raw("[]")),
        ("/l/3", Found::Missing),
        ("/l/-", Found::Missing),
        ("/l/01", Found::Missing),
        ("/l/+1", Found::Missing),
        ("/l/99999999999999999999", Found::Missing),
        ("/id2/id", Found::Raw("1")),
        ("/id/x", Found::Missing),
        ("/n/x", Found::Missing),
        ("/t/x", Found::Missing),
        ("/s/x", Found::Missing),
        ("/none", Found::Missing),
        ("/~01", Found::Raw("1")),
        ("/0", Found::Raw("2")),
    ] {
        assert_eq!(find(pointer, json), found, "{pointer}");
    }
    assert_eq!(find("/a", r#"{"a":1,"b":2,"a":3}"#), Found::Raw("3"));
    assert_eq!(find("/a", r#"{"\u0061":1}"#), Found::Raw("1"));
    assert_eq!(find("/a/b", r#"{"a":{"b":1},"a":2}"#), Found::Missing);
    assert!(matches!(find("/a", r#"{"a":"b"}"#), Found::Text(Cow::Borrowed(_))));
    let deep = format!("{{\"a\":{}{},\"b\":1}}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(find("/b", &deep), Found::Raw("1"));
}

#[test]
fn what_is_not_json_is_refused_also_behind_the_field() {
    let pointer = Pointer::parse("/id").unwrap();
    for bad in [
        &b""[..],
        b"{",
        b"id",
        b"{\"id\":1",
        b"{\"id\":1,}",
        b"{\"id\":1}x",
        b"{\"id\":1,\"b\":01}",
        b"{\"id\":1,\"b\":\"\xff\"}",
        b"{\"id\":1,\"b\":\"\n\"}",
        b"{\"id\":\"\\ud800\"}",
        b"{\"id\":1,\"b\":nul}",
        b"{\"id\":.5}",
        b"{id:1}",
    ] {
        assert!(pointer.find(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn what_is_no_pointer_is_refused() {
    assert_eq!(
        Pointer::parse("id").unwrap_err().to_string(),
        "`id` is not a JSON pointer: it begins with `/`; did you mean `/id`?"
    );
    for bad in ["a/b", "#/a", "/a~", "/a~2", "/~~0", &"/a".repeat(STEPS_MAX + 1)] {
        assert!(Pointer::parse(bad).is_err(), "{bad}");
    }
    let deepest = "/a".repeat(STEPS_MAX);
    let json = format!("{}1{}", "{\"a\":".repeat(STEPS_MAX), "}".repeat(STEPS_MAX));
    assert_eq!(find(&deepest, &json), Found::Raw("1"));
}

/// JSON with names and strings that need escapes, and pointers worth trying.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(?s:.{0,12})".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map("[ab/~0-2\"\n]{0,2}", inner, 0..5)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_found_is_what_serde_json_finds(
        json in any_json(),
        pretty: bool,
        names in proptest::collection::vec("[ab/~0-2\"\n]{0,2}", 0..4),
    ) {
        let pointer = names.iter().fold(String::new(), |pointer, name| {
            pointer + "/" + &name.replace('~', "~0").replace('/', "~1")
        });
        let text = if pretty { format!("{json:#}") } else { json.to_string() };
        let found = find(&pointer, &text);
        let found = match found {
            Found::Missing => None,
            Found::Null => Some(Value::Null),
            Found::Text(text) => Some(Value::from(text.into_owned())),
            Found::Raw(raw) => Some(serde_json::from_str(raw).unwrap()),
        };
        // Read back from the text, so that floats compare as they were printed.
        let oracle: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(found.as_ref(), oracle.pointer(&pointer));
    }

    #[test]
    fn what_is_json_is_decided_as_serde_json_does(
        json in any_json(),
        at in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let mut text = json.to_string().into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        let valid = std::str::from_utf8(&text).is_ok_and(|text| {
            serde_json::from_str::<IgnoredAny>(text).is_ok()
        });
        let found = Pointer::parse("/none").unwrap().find(&text);
        prop_assert_eq!(found.is_ok(), valid);
    }
}
