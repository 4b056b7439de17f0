//! Owns the proof that nothing is lost between `kaw consume --json` and `kaw produce --json`, and
//! the tests of what `--json` input is rejected. Leaves the envelope itself to the library.

use std::fmt::Write as _;

use rand::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;

const RECORDS: usize = 100_000;
const PARTITIONS: i32 = 5;

/// Bytes as lower-case hexadecimal digits would be too plain: these are base64.
fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The bytes again.
fn unbase64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

/// A part of a record: null, empty, text with all that JSON escapes, or any bytes.
fn part(random: &mut Pcg64Mcg, name: &str) -> String {
    match random.gen_range(0..6) {
        0 => format!("\"{name}\":null"),
        1 => format!("\"{name}\":\"\""),
        2 => format!("\"{name}\":\"t{}\"", random.gen_range(0..1000)),
        3 => format!(r#""{name}":"\u0000\n\"\\\u001b\u202e é 😀 {}""#, random.r#gen::<u32>()),
        _ => {
            let bytes: Vec<u8> = (0..random.gen_range(1..40)).map(|_| random.r#gen()).collect();
            format!("\"{name}_base64\":\"{}\"", base64(&bytes))
        }
    }
}

/// The timestamp of an envelope, and what it says in ms; a null is -1, as Kafka has it.
fn timestamp(random: &mut Pcg64Mcg) -> (String, i64) {
    let ms: i64 = match random.gen_range(0..9) {
        0 => random.gen_range(-60_000_000_000_000..0),
        1 => random.gen_range(0..2_000_000_000_000),
        2 => random.gen_range(0..250_000_000_000_000),
        3 => random.r#gen(),
        4 => i64::MIN + random.gen_range(0..3),
        5 => i64::MAX - random.gen_range(0..3),
        6 => return ("null".to_owned(), -1),
        7 => return ("\"1969-12-31T23:59:59.999Z\"".to_owned(), -1),
        _ => random.gen_range(-2..2),
    };
    (ms.to_string(), ms)
}

/// One envelope; its partition and its timestamp.
fn envelope(random: &mut Pcg64Mcg, out: &mut String) -> (i32, i64) {
    let partition = random.gen_range(0..PARTITIONS);
    let (timestamp, ms) = timestamp(random);
    let (key, value) = (part(random, "key"), part(random, "value"));
    write!(out, "{{\"partition\":{partition},\"timestamp\":{timestamp},{key},{value}").unwrap();
    let headers: Vec<String> = (0..random.gen_range(0..4))
        .map(|_| match random.gen_range(0..4) {
            0 => r#"["h",null]"#.to_owned(),
            1 => r#"["h",""]"#.to_owned(),
            2 => format!(r#"["","v{}"]"#, random.r#gen::<u8>()),
            _ => format!(r#"["h",{{"base64":"{}"}}]"#, base64(&[0xff, random.r#gen()])),
        })
        .collect();
    writeln!(out, ",\"headers\":[{}]}}", headers.join(",")).unwrap();
    (partition, ms)
}

/// An envelope without what differs from topic to topic: bytes that are UTF-8 as they are or in
/// base64 are the same.
fn parts(line: &str) -> Value {
    let line: Value = serde_json::from_str(line).unwrap();
    let bytes = |name: &str| match &line[name] {
        Value::String(text) => json!(text.as_bytes()),
        _ => match line[format!("{name}_base64")].as_str() {
            Some(text) => json!(unbase64(text)),
            None => Value::Null,
        },
    };
    json!([line["partition"], bytes("key"), bytes("value"), line["headers"]])
}

#[test]
fn consume_json_into_produce_json_is_the_identity() {
    let s = Sandbox::new();
    let mut random = Pcg64Mcg::seed_from_u64(11);
    let mut input = String::new();
    let mut given: Vec<(i32, i64)> =
        (0..RECORDS).map(|_| envelope(&mut random, &mut input)).collect();
    for topic in ["a", "b", "c"] {
        s.run(&format!("topics create {topic} -p {PARTITIONS}")).success();
    }
    let produced = s.stdin(input.as_str()).run("produce a --json --keep-partition --acks 1");
    assert!(produced.success().stderr().contains("100,000 persisted"), "{produced}");
    let read = |topic: &str, how: &str| {
        let mut lines = Vec::new();
        for partition in 0..PARTITIONS {
            let words = format!("consume {topic} -p {partition} -e {how}");
            lines.extend(s.run(&words).success().stdout_bytes().to_vec());
        }
        lines
    };
    let first = read("a", "--json");
    s.stdin(first.clone()).run("produce b --json --keep-partition --acks 1").success();
    let second = read("b", "--json");
    let renamed = |lines: &[u8]| {
        let text = String::from_utf8(lines.to_vec()).unwrap();
        text.lines()
            .map(|l| l.replacen("\"topic\":\"b\"", "\"topic\":\"a\"", 1))
            .collect::<Vec<_>>()
    };
    let (first, second) = (renamed(&first), renamed(&second));
    assert_eq!((first.len(), second.len()), (RECORDS, RECORDS));
    for (one, other) in first.iter().zip(&second) {
        assert_eq!(one, other);
    }
    // Not only the second copy is as the first, but that is as the input.
    let mut input: Vec<Value> = input.lines().map(parts).collect();
    input.sort_by_key(|parts| parts[0].as_i64());
    for (line, input) in first.iter().zip(&input) {
        assert_eq!(parts(line), *input);
    }
    given.sort_by_key(|(partition, _)| *partition);
    let given: Vec<String> = given.iter().map(|(_, ms)| ms.to_string()).collect();
    let kept = String::from_utf8(read("b", "-f '%T\\n'")).unwrap();
    assert!(kept.lines().eq(given.iter().map(String::as_str)));
}

#[test]
fn only_an_envelope_without_a_timestamp_is_of_now() {
    let s = Sandbox::new();
    let input = "{\"value\":\"a\"}\n{\"value\":\"b\",\"timestamp\":null}\n";
    s.stdin(input).run("produce t --json").success();
    let run = s.run("consume t -e -f '%T '");
    let times: Vec<i64> = run.stdout().split_whitespace().map(|ms| ms.parse().unwrap()).collect();
    assert!(times[0] > 1_700_000_000_000 && times[1] == -1, "{times:?}");
    assert!(s.run("consume t -e --json -o 1").stdout().contains("\"timestamp\":null"));
}

#[test]
fn rejects_are_the_input_byte_by_byte() {
    let s = Sandbox::new();
    s.run("topics create t -c max.message.bytes=1000").success();
    let long = "x".repeat(700_000);
    let input = format!("a:1\nno key\r\nb:2\n{long}\n\nc:3\nlast");
    let file = s.path("rejects");
    let words = format!("produce t -K : --keep-going --rejects {}", file.display());
    let run = s.stdin(input).run(&words);
    let stderr = run.code(3).stderr();
    assert!(stderr.contains("record 2: it has no key delimiter `:`"), "{run}");
    assert!(stderr.contains("read 7 records: 3 persisted, 0 not persisted"), "{run}");
    assert!(stderr.contains("0 maybe persisted, 4 rejected"), "{run}");
    assert!(stderr.contains("4 records could not be made of the input, or sent"), "{run}");
    let rejected = std::fs::read_to_string(&file).unwrap();
    assert!(rejected == format!("no key\r\n{long}\n\nlast"), "{} bytes", rejected.len());
    assert_eq!(s.run("consume t -e").stdout(), "1\n2\n3\n");
    // Envelopes: as they came, and only so many are told one by one.
    let bad = "{\"value\":1}\n".repeat(12);
    let run = s.stdin(format!("{bad}{{\"value\":\"v\"}}\n")).run(&words.replace("-K :", "--json"));
    assert_eq!(run.code(3).stderr().matches("warning: record").count(), 10, "{run}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), bad);
}

#[test]
fn rejects_are_also_what_the_topic_does_not_take() {
    let s = Sandbox::new();
    s.run("topics create t -p 2 -c max.message.bytes=200").success();
    let file = s.path("rejects");
    let of = |partition: u32| format!("{{\"partition\":{partition},\"value\":\"{partition}\"}}\n");
    let words = format!("produce t --keep-going --rejects {} ", file.display());
    let input = [of(0), of(7), "no\n".to_owned(), of(1), of(2)].concat();
    let run = s.stdin(input).run(&(words.clone() + "--json --keep-partition"));
    let stderr = run.code(3).stderr();
    assert!(stderr.contains("record 2: there is no partition 7: the topic has 2"), "{run}");
    assert!(stderr.contains("record 5: there is no partition 2"), "{run}");
    assert!(stderr.contains("read 5 records: 2 persisted, 0 not persisted, 0 maybe"), "{run}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), [&of(7), "no\n", &of(2)].concat());
    // Without --keep-partition it is nobody's.
    s.stdin(of(7)).run(&(words.clone() + "--json")).success();
    // The key comes on top of the line, and so does what a batch has besides: 200 bytes are taken.
    let line = |key: usize| format!("{{\"id\":\"{}\",\"x\":\"{}\"}}\n", "k".repeat(key), "");
    let fits =
        (1..200).take_while(|key| line(*key).len() - 1 + key + 61 + 8 <= 200).last().unwrap();
    let input = [line(fits), line(fits + 1), line(1)].concat();
    let run = s.stdin(input).run(&(words.clone() + "--key-field /id -z none"));
    assert!(run.code(3).stderr().contains("record 2: its 20"), "{run}");
    assert!(run.stderr().contains("read 3 records: 2 persisted, 0 not persisted, 0"), "{run}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), line(fits + 1));
    // How many are not told one by one is said.
    let run = s.stdin(of(9).repeat(13)).run(&(words + "--json --keep-partition"));
    assert!(run.code(3).stderr().contains("3 more records rejected"), "{run}");
}

#[test]
fn a_long_value_does_not_fill_the_messages_about_it() {
    let s = Sandbox::new();
    let input = format!("{{\"t\":\"{}\"}}\n", "x y ".repeat(50_000));
    let run = s.stdin(input).run("produce t --timestamp-field /t --keep-going");
    assert!(run.code(3).stderr().contains("x y ..` is not a time"), "{run}");
    assert!(run.stderr().len() < 1000, "{} bytes", run.stderr().len());
    let long = "g ".repeat(5000);
    for words in [&["consume", "t", "-g", &long][..], &["consume", "t", "-o", &long]] {
        let run = s.run_with(words);
        assert!(run.code(2).stderr().len() < 2000, "{} bytes", run.stderr().len());
    }
}

#[test]
fn what_is_told_of_few_records_is_of_those() {
    let s = Sandbox::new();
    let run = s.stdin("twelve bytes\n".repeat(50_000)).run("produce t -c 100 -H =x");
    let stderr = run.success().stderr();
    assert!(stderr.contains("read 100 records: 100 persisted") && stderr.contains("; 1.3 kB in"));
    assert!(stderr.contains("warning: --header: a header has an empty name"), "{run}");
    let first = s.run("consume t -n 1 --json").success().stdout();
    assert!(first.contains("\"headers\":[[\"\",\"x\"]]"), "{first}");
    // The same time in the list as in the record.
    s.stdin("{\"timestamp\":253402300800000,\"value\":\"v\"}").run("produce far --json").success();
    let item = s.run("topics list ^far --json").success().items().next().unwrap();
    assert_eq!(item["last_timestamp"], s.run("consume far -e -f %d").success().stdout());
    let run = s.run("produce t --timestamp -5");
    assert!(run.code(2).stderr().contains("`-5` is not a time; did you mean `-5s`?"), "{run}");
}

#[test]
fn a_directory_is_made_and_not_the_way_to_it() {
    let s = Sandbox::new();
    s.stdin("x\n").run("produce t").success();
    let (way, link) = (s.path("no/way/log"), s.path("link"));
    std::os::unix::fs::symlink(s.path("nothing"), &link).unwrap();
    for place in [&way, &link] {
        let place = place.to_str().unwrap();
        for words in [format!("produce t -d {place}"), format!("copy t {place}#t")] {
            let run = s.stdin("x\n").run(&words);
            assert!(run.code(8).stderr().contains("does not exist"), "{run}");
        }
    }
    assert!(!s.path("no").exists() && !s.path("nothing").exists());
    s.stdin("x\n").run(&format!("produce t -d {}", s.path("new").display())).success();
}

#[test]
fn envelopes_keep_their_pace() {
    let s = Sandbox::new();
    let line = |ms: u32| format!("{{\"timestamp\":{ms},\"value\":\"{ms}\"}}\n");
    let input: String = [1000, 1100, 1400].map(line).concat();
    let started = std::time::Instant::now();
    s.stdin(input.clone()).run("produce t --json --pace").success();
    assert!(started.elapsed() >= std::time::Duration::from_millis(400));
    s.stdin(input).run("produce t --json --pace=1000x").success();
    assert_eq!(s.run("consume t -e").stdout(), "1000\n1100\n1400\n".repeat(2));
    s.stdin("").run("produce t --json --pace=0").code(2);
    s.stdin("").run("produce t --pace").code(2);
}
