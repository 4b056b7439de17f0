//! Owns the tests of what all commands share: help, usage errors, exit codes, a closed or full
//! stdout. Leaves what each command does to the files named after them.

use std::fmt::Write as _;

use crate::checks::assert_refused;
use crate::sandbox::{Run, Sandbox};

/// A sandbox with a topic `t` of one partition with `records` records.
fn with_topic(records: u32) -> Sandbox {
    let s = Sandbox::new();
    s.run("topics create t -p 1").success();
    let mut lines = String::new();
    for n in 0..records {
        writeln!(lines, "record {n}").unwrap();
    }
    s.stdin(lines).run("produce t --acks 1").success();
    s
}

/// Checks that a run was refused as a usage error that names `near`.
#[track_caller]
fn assert_usage(run: &Run, near: &str) {
    assert_refused(run, 2, near);
}

#[test]
fn version_is_one_line() {
    let s = Sandbox::new();
    let run = s.run("--version");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(run.success().stdout(), format!("kaw {version}\n"));
}

#[test]
fn every_command_has_help_on_stdout() {
    let s = Sandbox::new();
    let commands = ["", "topics", "topics create", "topics list", "produce", "consume", "fake"];
    for command in commands {
        let run = s.run(&format!("{command} --help"));
        assert!(run.success().stdout().contains("Usage: kaw"), "{run}");
        assert!(run.stderr().is_empty(), "{run}");
    }
    assert!(!s.log_dir().exists(), "help opens no cluster");
}

#[test]
fn without_a_command_it_is_a_usage_error() {
    let s = Sandbox::new();
    let run = s.run_with::<&str>([]);
    assert!(run.code(2).stderr().contains("Usage: kaw"), "{run}");
}

#[test]
fn a_misspelt_command_or_flag_has_a_near_match() {
    let s = Sandbox::new();
    assert_usage(&s.run("topcs list"), "topics");
    assert_usage(&s.run("topics creat t"), "create");
    assert_usage(&s.run("consume t --ofset 3"), "--offset");
}

#[test]
fn values_are_not_guessed() {
    let s = with_topic(3);
    assert_usage(&s.run("consume t -e -p abc"), "abc");
    assert_usage(&s.run("consume t -e -o latestt"), "latest");
    assert_usage(&s.run("consume t -e -f %z"), "%z");
    assert_usage(&s.run("produce t --acks some"), "some");
    assert_usage(&s.run("produce t -z gzp"), "gzip");
    assert_usage(&s.run("topics create u -p 0"), "0");
    assert_usage(&s.run("topics create u -c retention.m=5"), "retention.ms");
}

#[test]
fn two_targets_of_one_level_are_a_usage_error() {
    let s = Sandbox::new();
    assert_usage(&s.run("topics list -d a -b localhost:9092"), "--brokers");
}

#[test]
fn an_unknown_topic_is_not_found() {
    let s = with_topic(0);
    for command in ["consume nope -e", "topics describe nope", "topics delete nope"] {
        let run = s.run(command);
        assert!(run.code(8).stderr().contains("topic `nope` does not exist"), "{run}");
        assert!(run.stdout_bytes().is_empty(), "{run}");
    }
}

#[test]
fn an_error_is_one_json_object_when_answers_are_json() {
    let s = with_topic(0);
    let run = s.run("topics describe nope --json");
    let error: serde_json::Value = serde_json::from_str(run.code(8).stderr().trim()).unwrap();
    assert_eq!(error["code"], "UNKNOWN_TOPIC_OR_PARTITION", "{run}");
}

#[test]
fn a_full_stdout_is_an_error_of_the_machine() {
    let s = with_topic(10_000);
    for command in ["consume t -e", "topics list", "topics list --json", "fake 10000"] {
        let run = s.bash(&format!("kaw {command} >/dev/full"));
        run.code(5);
        assert!(run.stderr().contains("space"), "{run}");
    }
}

#[test]
fn a_closed_stdout_ends_the_command_quietly() {
    let s = with_topic(100_000);
    for command in ["consume t", "consume t -e", "fake 10000000"] {
        let run = s.bash(&format!("set -o pipefail; kaw {command} | head -1"));
        assert_eq!(run.success().stdout().lines().count(), 1, "{run}");
        assert_eq!(run.stderr(), "");
    }
}

#[test]
fn no_output_has_colour_where_nobody_looks() {
    let s = with_topic(1);
    for command in ["topics list", "topics describe t", "topics describe nope", "nonsense"] {
        for env in ["NO_COLOR=1", "-u NO_COLOR TERM=xterm-256color"] {
            let run = s.bash(&format!("env {env} kaw {command}; true"));
            let text = format!("{}{}", run.success().stdout(), run.stderr());
            assert!(!text.contains('\u{1b}'), "{text:?}");
            assert!(!text.is_empty());
        }
    }
}

#[test]
fn quiet_leaves_the_answer_alone() {
    let s = with_topic(2);
    let run = s.run("-q consume t -e");
    assert_eq!(run.success().to_string(), "record 0\nrecord 1\n[exit status: 0]");
}

#[test]
fn a_signal_ends_a_reader_with_its_own_code() {
    let s = with_topic(1);
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut consumer = s.spawn("consume t");
        assert_eq!(consumer.next_line().as_deref(), Some("record 0"));
        consumer.signal(signal);
        let run = consumer.finish();
        assert!(run.code(code).stdout().is_empty(), "{run}");
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error_of_the_machine() {
    let s = Sandbox::new();
    s.write("file", "not a directory");
    let run = s.run("topics create t -d file/log");
    assert!(run.code(5).stderr().contains("file/log"), "{run}");
}
