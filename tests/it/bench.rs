//! Owns the tests of `kaw bench`: that its numbers are true, that it sees what goes wrong, and
//! every way it ends.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::checks::assert_refused;
use crate::kept;
use crate::sandbox::{Run, Running, Sandbox};

/// The one run of an answer.
pub fn measured(run: &Run) -> Value {
    run.items().next().expect("a run")
}

/// A number of a run.
pub fn number(run: &Value, key: &str) -> f64 {
    run[key].as_f64().unwrap_or_else(|| panic!("no number `{key}` in {run}"))
}

/// A whole number of a run.
pub fn count(run: &Value, key: &str) -> u64 {
    run[key].as_u64().unwrap_or_else(|| panic!("no count `{key}` in {run}"))
}

/// A run without its long lists, for messages.
pub fn brief(run: &Value) -> Value {
    let mut run = run.clone();
    run["distribution"].take();
    run
}

/// The sum of the end offsets of a topic.
fn end_of(s: &Sandbox, topic: &str) -> u64 {
    let ends = kept::ends(s, &s.log_dir(), &[topic]);
    ends.lines().map(|line| line.rsplit('\t').next().unwrap().parse::<u64>().unwrap()).sum()
}

/// Waits until a topic has so many records, and says how many it has and when that was seen.
fn await_end(s: &Sandbox, topic: &str, least: u64) -> (u64, Instant) {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(Instant::now() < patience, "`{topic}` never had {least} records");
        let (before, end) = (Instant::now(), end_of(s, topic));
        if end >= least {
            return (end, before + before.elapsed() / 2);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Stops a process for so long.
fn stall(running: &Running<'_>, ms: u64) {
    running.signal("STOP");
    thread::sleep(Duration::from_millis(ms));
    running.signal("CONT");
}

#[test]
fn throughput_is_what_the_log_grows_by() {
    let s = Sandbox::new();
    s.run("topics create t -p 2").success();
    let running =
        s.spawn("bench produce t --rate 5k/s --duration 3s --warmup 500ms --acks 1 --json");
    let (first, then) = await_end(&s, "t", 5000);
    let (last, now) = await_end(&s, "t", 13_000);
    let run = running.finish();
    let told = measured(run.success());
    // From outside: end offsets over the wall clock between two looks.
    let seen = (last - first) as f64 / (now - then).as_secs_f64();
    let rate = number(&told, "records_per_s");
    assert!((rate / seen - 1.0).abs() < 0.05, "told {rate}, seen {seen}");
    assert!((rate / 5000.0 - 1.0).abs() < 0.05, "{rate}");
    assert_eq!(end_of(&s, "t"), number(&told, "records_all") as u64);
    let series: f64 =
        told["series"].as_array().unwrap().iter().map(|second| number(second, "records")).sum();
    assert!((series - number(&told, "records")).abs() < 0.5, "{told}");
    s.sent("t", number(&told, "records_all") as u64);
}

#[test]
fn without_a_rate_throughput_is_that_of_the_log_too() {
    let s = Sandbox::new();
    s.run("topics create t -p 2").success();
    let all = 1_000_000;
    let words = format!("bench produce t -n {all} --producers 2 --warmup 0s --acks 1 --json");
    let running = s.spawn(&words);
    let (_, then) = await_end(&s, "t", 1);
    let (_, now) = await_end(&s, "t", all);
    let run = running.finish();
    let told = measured(run.success());
    assert_eq!(count(&told, "records"), all);
    // From outside: a look at the log takes some 20 ms.
    let (rate, span) = (number(&told, "records_per_s"), (now - then).as_secs_f64());
    let (least, most) = (all as f64 / (span + 0.1), all as f64 / (span - 0.1).max(0.01));
    assert!((least * 0.95..most * 1.05).contains(&rate), "told {rate}, seen {least}..{most}");
    s.sent("t", all);
    let read = measured(s.run("bench consume t --consumers 2 --json").success());
    assert_eq!((count(&read, "records"), count(&read, "missing")), (all, 0));
}

/// 60 ms in which nothing moves delay 60 records at 1000/s: the tail has them, as the intended send
/// times say. A loop that waits for each record sees one of them at most.
#[test]
fn a_stall_is_in_the_tail_at_a_rate_and_not_in_a_closed_loop() {
    let s = Sandbox::new();
    s.run("topics create open").success();
    s.run("topics create closed").success();
    let ms = |run: &Value, key: &str| number(run, key) / 1e3;

    let running =
        s.spawn("bench latency open --rate 1k/s --duration 2s --warmup 0s --acks 1 --json");
    await_end(&s, "open", 500);
    stall(&running, 60);
    let run = running.finish();
    let open = measured(run.success());
    let told = brief(&open);
    assert!(ms(&open, "latency_max_us") >= 50.0, "{told}");
    assert!(ms(&open, "latency_p99_us") >= 25.0, "{told}");
    // The same from the actual send time, of which a busy machine makes more.
    assert!(ms(&open, "service_p99_us") < ms(&open, "latency_p99_us"), "{told}");

    let words = "bench latency closed --duration 3s --warmup 0s --acks 1 --json";
    let running = s.spawn(words);
    await_end(&s, "closed", 100);
    stall(&running, 60);
    let run = running.finish();
    let closed = measured(run.success());
    // The one that was under way, or none: the stall may fall between two. A busy machine may hold
    // up one more.
    let late = closed["distribution"].as_array().unwrap().iter();
    let late: u64 = late.filter(|d| count(d, "us") >= 50_000).map(|d| count(d, "count")).sum();
    assert!(late <= 3, "{late} records of a closed loop: {}", brief(&closed));
    assert!(ms(&closed, "latency_p99_us") < 25.0, "{closed}");
    for run in [open, closed] {
        let faults = ["missing", "doubled", "disordered", "damaged", "failed"];
        assert_eq!(faults.map(|key| count(&run, key)), [0; 5]);
    }
}

#[test]
fn a_stopped_consumer_in_another_process_is_in_the_tail() {
    let s = Sandbox::new();
    s.run("topics create t -p 2").success();
    let reader = s.spawn("bench consume t --follow -n 3000 --duration 1m --json");
    let writer = s.spawn("bench produce t --rate 1k/s --duration 4s --acks 1 --json");
    await_end(&s, "t", 1500);
    stall(&reader, 60);
    let (read, written) = (reader.finish(), writer.finish());
    let (read, written) = (measured(read.success()), measured(written.success()));
    assert_eq!(count(&read, "records_all"), 3000);
    assert!(number(&read, "latency_count") >= 2900.0, "{read}");
    assert!(number(&read, "latency_max_us") >= 50_000.0, "{read}");
    assert_eq!((count(&read, "doubled"), count(&read, "disordered")), (0, 0));
    assert_eq!(count(&written, "failed"), 0);
}

#[test]
fn gaps_and_doubles_are_counted_and_exit_3() {
    let s = Sandbox::new();
    s.run("bench produce t -n 500 --fake --keep").success();
    s.bash("kaw consume t -e --json | sed -e 100d -e 7p -e 8p | kaw produce copy --json").success();
    let run = s.run("bench consume copy --json");
    run.code(3);
    assert!(run.stderr().contains("1 missing, 2 doubled"), "{run}");
    let told = measured(&run);
    assert_eq!((count(&told, "missing"), count(&told, "doubled")), (1, 2));
    s.bash("kaw consume t -e --json | sed 's/street/strasse/' | kaw produce bad --json").success();
    let run = s.run("bench consume bad --json");
    run.code(3);
    assert_eq!(count(&measured(&run), "damaged"), 500);
    s.run("produce lines --fake 20").success();
    let foreign = measured(s.run("bench consume lines --json").success());
    assert_eq!((count(&foreign, "foreign"), count(&foreign, "missing")), (20, 0));
}

#[test]
fn thresholds_are_9_and_slips_are_2() {
    let s = Sandbox::new();
    let run = s.run("bench produce t -n 1000 --acks 1 --max-p99 1us");
    run.code(9);
    assert!(run.stderr().contains("above 1 us"), "{run}");
    let run = s.run("bench produce t -n 1000 --acks 1 --min-rate 1T/s");
    run.code(9);
    assert!(run.stderr().contains("below 1,000,000,000,000"), "{run}");
    s.run("bench produce t -n 1000 --acks 1 --max-p99 1h --min-rate 1/s").success();
    for (words, why) in [
        ("produce t --record-size 10", "too small"),
        ("produce t -n 0", "nothing to measure"),
        ("produce t --duration 0s", "nothing to measure"),
        ("produce t --plot a.pdf", "does not end with"),
        ("produce t --skew 1", "--keys"),
        ("produce __consumer_offsets", "its own state"),
        ("compare a.json 'produce t'", "two of a kind"),
        ("compare 'produce t --nope' 'produce t'", "--nope"),
    ] {
        assert_refused(&s.run(&format!("bench {words}")), 2, why);
    }
    assert_refused(&s.run("bench compare a.json b.json"), 8, "there is no file a.json");
    assert_refused(&s.run("bench consume nothing"), 8, "does not exist");
    s.write("a.json", "{\"kind\":\"topics.list\",\"version\":1,\"items\":[]}");
    assert_refused(&s.run("bench compare a.json a.json"), 2, "is no run");
}

#[test]
fn a_topic_that_was_made_for_it_goes_with_it() {
    let s = Sandbox::new();
    let run = s.run("bench produce t -n 100 --partitions 3");
    assert!(run.success().stderr().contains("deleted topic `t`"), "{run}");
    assert_eq!(s.run("topics list --json").success().items().count(), 0);
    s.run("bench latency t -n 100 --keep").success();
    s.run("bench produce t -n 100").success();
    assert_eq!(end_of(&s, "t"), 200);
}

#[test]
fn a_signal_ends_it_with_what_was_measured() {
    let s = Sandbox::new();
    let running = s.spawn("bench produce t --rate 2k/s --duration 1h --acks 1 --json");
    await_topic(&s, "t");
    await_end(&s, "t", 4000);
    running.signal("INT");
    let run = running.finish();
    run.code(130);
    assert!(number(&measured(&run), "records") > 500.0, "{run}");
    assert_eq!(s.run("topics list --json").success().items().count(), 0);
}

/// Waits until a topic is there.
fn await_topic(s: &Sandbox, topic: &str) {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        // The directory itself may be yet to come.
        let run = s.run("topics list --json");
        if run.status().success() && run.items().any(|row| row["topic"] == topic) {
            return;
        }
        assert!(Instant::now() < patience, "`{topic}` never came");
    }
}

#[test]
fn runs_are_saved_drawn_and_compared() {
    let s = Sandbox::new();
    let words = "bench produce t --rate 2k/s --duration 3s --warmup 0s --acks 1";
    let run = s.run(&format!("{words} --save a.json --plot a.svg"));
    let text = run.success().stdout();
    for word in ["target", "durability process", "seed 0", "p99.99", "records/s", "machine"] {
        assert!(text.contains(word), "no `{word}` in {text}");
    }
    s.run(&format!("{words} --plot a.png")).success();
    assert!(std::fs::read_to_string(s.path("a.svg")).unwrap().starts_with("<svg "));
    assert!(std::fs::read(s.path("a.png")).unwrap().starts_with(b"\x89PNG"));
    let same = s.run("bench compare a.json a.json --json");
    let rows: Vec<Value> = same.success().items().collect();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row["verdict"] == "cannot tell"), "{same}");
    assert!(same.stderr().contains("cannot be told"), "{same}");
    assert!(!same.stderr().contains("differ"), "{same}");
    s.run("bench latency t -n 200 --warmup 0s --acks 1 --save b.json").success();
    let unlike = s.run("bench compare a.json b.json");
    assert!(unlike.success().stderr().contains("differ in verb (produce and latency)"), "{unlike}");
}

/// Seconds in which nothing was done are of the run: without them, one that stood still is faster.
#[test]
fn a_run_that_stood_still_is_not_compared_without_its_pause() {
    let s = Sandbox::new();
    let run = |rates: &[u64]| {
        let second = |(n, records)| format!(r#"{{"second":{n},"records":{records}}}"#);
        let series: Vec<String> = rates.iter().enumerate().map(second).collect();
        let (ms, series) = (rates.len() * 1000, series.join(","));
        format!(r#"{{"kind":"bench.run","items":[{{"measured_ms":{ms},"series":[{series}]}}]}}"#)
    };
    s.write("even.json", run(&[1000, 1001, 999, 1000]));
    s.write("still.json", run(&[2000, 2001, 0, 0]));
    let compared = s.run("bench compare even.json still.json --json");
    let rate = compared.success().items().next().unwrap();
    assert_eq!((count(&rate, "a"), count(&rate, "b")), (1000, 1000), "{compared}");
    assert_eq!(rate["verdict"], "cannot tell", "{compared}");
    assert!(compared.stderr().contains("in which nothing was done"), "{compared}");
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_the_run() {
    let s = Sandbox::new();
    let run = s.run("bench produce t -n 1000 --save nowhere/a.json");
    assert!(run.code(5).stderr().contains("nowhere/a.json"), "{run}");
    assert!(!run.stderr().contains("created"), "{run}");
    // And a run that fails leaves no file.
    s.run("bench consume t --save a.json").code(8);
    assert!(!s.path("a.json").exists());
    let judged = s.run("bench compare 'produce t --save a.json' 'produce t'");
    assert!(judged.code(2).stderr().contains("neither saved"), "{judged}");
}

#[test]
fn commands_are_compared_in_pairs() {
    let s = Sandbox::new();
    let slow = "'produce t --rate 500/s -n 200 --acks 1'";
    let quick = "'produce t --rate 2k/s -n 800 --acks 1'";
    let run = s.run(&format!("bench compare {slow} {quick} --pairs 3 --json"));
    let rate = run.success().items().find(|row| row["metric"] == "records_per_s").unwrap();
    assert_eq!(rate["verdict"], "B", "{run}");
    assert!((number(&rate, "ratio") - 4.0).abs() < 0.4, "{rate}");
}

#[test]
fn a_matrix_has_a_row_for_each_combination() {
    let s = Sandbox::new();
    let run =
        s.run("bench matrix t -n 2000 --acks 0,1 -z none,zstd --batch-size 4KiB,64KiB --json");
    let rows: Vec<Value> = run.success().items().collect();
    assert_eq!(rows.len(), 8);
    assert!(rows.iter().all(|row| count(row, "records") == 2000), "{run}");
    let first = &rows[0];
    assert_eq!((&first["acks"], &first["compression"]), (&"0".into(), &"none".into()));
    assert_eq!(count(first, "batch_bytes"), 4096);
}

#[test]
fn a_rate_that_cannot_be_reached_is_told() {
    let s = Sandbox::new();
    let run = s.run("bench produce t --rate 500M/s --duration 500ms --warmup 0s --acks 1 --json");
    let told = measured(run.success());
    let advice = told["advice"].to_string();
    assert!(advice.contains("the rate was not reached"), "{advice}");
    assert!(advice.contains("were due and not sent"), "{advice}");
}
