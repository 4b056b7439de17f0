//! Owns the examples of the README: those in `sh` blocks behind a `$ ` are run, in order, in one
//! sandbox for each section; those in `bash` blocks are scripts, run whole. Leaves what the first
//! print to the other tests.

use std::fs;
use std::path::Path;

use crate::needs::Need;
use crate::sandbox::Sandbox;

/// The commands of the `sh` blocks of `text`, by the section that they stand in.
pub fn examples(text: &str) -> Vec<(String, Vec<String>)> {
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    let mut section = String::new();
    let mut block: Option<bool> = None;
    for line in text.lines() {
        match (block, line.strip_prefix("```")) {
            (None, Some(language)) => block = Some(language == "sh"),
            (Some(_), Some(_)) => block = None,
            (None, None) if line.starts_with("## ") => line[3..].clone_into(&mut section),
            (Some(true), None) => {
                let Some(command) = line.strip_prefix("$ ") else { continue };
                if sections.last().is_none_or(|(name, _)| *name != section) {
                    sections.push((section.clone(), Vec::new()));
                }
                sections.last_mut().unwrap().1.push(command.to_owned());
            }
            _ => {}
        }
    }
    sections
}

/// The topic of the examples that read Debian's package database.
const PACKAGES: &str = " packages ";

/// The topic, and the database, of the examples that write into one.
const WEATHER: &str = " weather";

/// The README.
pub fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// Runs the examples that `wanted` picks and returns how many they were.
fn run(wanted: impl Fn(&str) -> bool) -> usize {
    let mut count = 0;
    for (section, commands) in examples(&readme()) {
        let s = Sandbox::new();
        for command in commands.iter().filter(|command| wanted(command)) {
            s.bash(&format!("set -o pipefail; {command}")).success();
            count += 1;
        }
        assert!(!section.is_empty(), "an example before the first section");
    }
    count
}

#[test]
fn examples_run() {
    let count =
        run(|command| !["jq ", PACKAGES, WEATHER].into_iter().any(|needs| command.contains(needs)));
    assert!(count >= 15, "only {count} examples were found");
}

#[test]
fn examples_with_jq_run() {
    if !Need::Jq.met() {
        return;
    }
    let count = run(|command| !command.contains(PACKAGES) && !command.contains(WEATHER));
    assert!(count >= 15, "only {count} examples were found");
}

#[test]
fn examples_with_debians_packages_run() {
    if !Need::Dpkg.met() {
        return;
    }
    let count = run(|command| command.contains(PACKAGES));
    assert!(count >= 3, "only {count} examples were found");
}

/// The first `bash` block of the README.
fn script() -> String {
    let text = readme();
    let (_, rest) = text.split_once("```bash\n").expect("a script");
    rest.split_once("```").expect("its end").0.to_owned()
}

#[test]
fn the_scene_that_every_introduction_tells_is_played() {
    let s = Sandbox::new();
    let run = s.bash(&format!("set -euo pipefail\n{}", script()));
    let told: Vec<String> =
        run.success().stdout().lines().map(|line| line.trim().to_owned()).collect();
    let expected = [
        "members have 3",
        "members have 2 1",
        "members have 1 1 1",
        "members have 1 1 1 0",
        "members have 1 1 1",
        "web",
        "3000",
        "100",
        // Of the 1,083 records of the partition that it has begun, the slow one has read 250.
        "archive\t100",
        "slow\t833",
        "web\t0",
    ];
    assert_eq!(told, expected, "{run}");
}

#[test]
fn examples_with_a_database_run() {
    if !Need::Jq.met() || !Need::Sqlite.met() {
        return;
    }
    let count = run(|command| command.contains(WEATHER));
    assert!(count >= 4, "only {count} examples were found");
}

#[test]
fn examples_are_found_in_their_sections() {
    let text =
        "## A\n```sh\n$ one\noutput\n$ two\n```\n```\n$ not\n```\n## B\n```sh\n$ three\n```\n";
    let expected = [
        ("A".to_owned(), vec!["one".to_owned(), "two".to_owned()]),
        ("B".to_owned(), vec!["three".to_owned()]),
    ];
    assert_eq!(examples(text), expected);
}
