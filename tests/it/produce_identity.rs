//! Owns the proof that nothing is lost between `kaw consume --json` and `kaw produce --json`, and
//! the tests of what `--json` input is rejected. Leaves the envelope itself to the library.

use std::fmt::Write as _;

use rand::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

use crate::sandbox::Sandbox;

const RECORDS: usize = 100_000;
const PARTITIONS: i32 = 5;

/// Bytes as lower-case hexadecimal digits would be too plain: these are base64.
fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
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

/// One envelope.
fn envelope(random: &mut Pcg64Mcg, out: &mut String) {
    let partition = random.gen_range(0..PARTITIONS);
    let timestamp: i64 = match random.gen_range(0..4) {
        0 => random.gen_range(-60_000_000_000_000..-1),
        1 => random.gen_range(0..2_000_000_000_000),
        2 => random.gen_range(0..250_000_000_000_000),
        _ => 0,
    };
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
}

#[test]
fn consume_json_into_produce_json_is_the_identity() {
    let s = Sandbox::new();
    let mut random = Pcg64Mcg::seed_from_u64(11);
    let mut input = String::new();
    for _ in 0..RECORDS {
        envelope(&mut random, &mut input);
    }
    for topic in ["a", "b", "c"] {
        s.run(&format!("topics create {topic} -p {PARTITIONS}")).success();
    }
    let produced = s.stdin(input).run("produce a --json --keep-partition --acks 1");
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
    assert!(stderr.contains("4 records could not be made of the input"), "{run}");
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
