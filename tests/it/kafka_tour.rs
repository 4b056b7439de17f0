//! Owns the comparison of both targets: the README's tour is taken on a directory and on a real
//! broker, and both answer the same. Leaves that the tour runs at all to `readme`.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use crate::broker::{Broker, Options};
use crate::needs::Need;
use crate::readme::{examples, readme};
use crate::sandbox::{Run, Sandbox};

/// The section of the README that is taken.
const TOUR: &str = "Five minutes";

/// What the tour leaves out here, and why.
const NOT_HERE: &[(&str, &str)] = &[
    (" packages ", "that a machine may lack"),
    (" weather", "that a machine may lack"),
    ("topics list --json", "compared as `topics list`, without what may differ"),
    ("topics verify", "files, which a broker does not show"),
    ("topics compact", "files, which a broker does not show"),
    ("consume settings", "what `topics compact` has left"),
    ("kaw bench ", "measured, and so never twice the same"),
    ("--output openmetrics", "with the time of each request"),
];

/// The keys of answers that may differ, and why.
const MAY_DIFFER: &[(&str, &str)] = &[
    ("bytes", "brokers tell them to operators only"),
    ("first_timestamp", "brokers do not tell it"),
    ("records_per_s", "it takes the times of the first and the last record"),
    ("last_timestamp", "it is the time of the run"),
    ("leader", "a directory has none"),
    ("replicas", "as `leader`"),
    ("isr", "as `leader`"),
    ("coordinator", "as `leader`"),
    ("generation", "brokers do not tell it of such a group"),
    ("id", "made by chance"),
    ("timestamp", "it is the time of the run"),
    ("age_ms", "it is measured"),
];

/// The topic of which each target writes its own records.
const INTERNAL: &str = "__consumer_offsets";

/// Both worlds of the tour.
struct Tour {
    directory: Sandbox,
    broker: Sandbox,
    address: String,
}

impl Tour {
    /// Runs a command on both.
    fn run(&self, command: &str) -> [Run; 2] {
        // A record without a key goes to a partition by chance.
        let command = command.replace("produce logs ", "produce logs --key-field /id ");
        // A topic is created on brokers only where that is asked for.
        let there = command.replace("kaw produce ", "kaw produce --create ");
        let target = format!("unset KAW_LOG_DIR; export KAW_BROKERS={}", self.address);
        [
            self.directory.bash(&format!("set -o pipefail; {command}")),
            self.broker.bash(&format!("{target}; set -o pipefail; {there}")),
        ]
    }

    /// Runs a command on both, which is to succeed and to answer the same in JSON.
    fn compare_json(&self, command: &str) {
        let [here, there] = self.run(&format!("{command} --json"));
        let (here, there) = (normal(here.success().json()), normal(there.success().json()));
        assert_eq!(here, there, "{command}");
    }

    /// Runs a command on both, which is to succeed and to write the same lines, as many as that.
    fn compare_lines(&self, command: &str) {
        let lines = |run: &Run| {
            let mut lines: Vec<_> = run.success().timeless().lines().map(str::to_owned).collect();
            let end = lines.iter().position(|line| line == "--- stderr").unwrap_or(lines.len());
            lines.truncate(end);
            lines.retain(|line| !line.starts_with("[exit status"));
            lines.sort();
            lines
        };
        // Where a batch ends depends on when records come, but not how many they are.
        let sums = " | awk '{ sums[$1] += $2 } END { for (of in sums) print of, sums[of] }'";
        let more = if command.contains("--exec") { sums } else { "" };
        let [here, there] = self.run(&format!("{command}{more}"));
        let (here, there) = (lines(&here), lines(&there));
        // Partitions are read side by side: which records are the first, or the last, is chance.
        let some = command.contains(" -n ") && !command.contains('|');
        if some || command.contains("| tail ") {
            assert_eq!(here.len(), there.len(), "{command}");
        } else {
            assert_eq!(here, there, "{command}");
        }
    }
}

/// An answer without what may differ.
fn normal(mut answer: Value) -> Value {
    match &mut answer {
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                let may_differ = MAY_DIFFER.iter().any(|(of, _)| of == name);
                *value = if may_differ { Value::Null } else { normal(value.take()) };
            }
        }
        Value::Array(items) => {
            items.retain(|item| item["topic"] != INTERNAL);
            for item in items {
                *item = normal(item.take());
            }
        }
        _ => {}
    }
    answer
}

#[test]
fn the_tour_is_the_same_on_both_targets() {
    if !Need::Kafka.met() || !Need::Jq.met() {
        return;
    }
    // As brokers have it where nobody says otherwise.
    let options = Options::default().property("log.index.size.max.bytes", "10485760");
    let broker = Broker::start(&options);
    let tour =
        Tour { directory: Sandbox::new(), broker: Sandbox::new(), address: broker.bootstrap() };
    let rows =
        Regex::new(r"^kaw (topics (list|describe|create|alter|trim|delete)|lag|groups \w+)\b")
            .unwrap();
    let (_, commands) = examples(&readme()).into_iter().find(|(name, _)| name == TOUR).unwrap();
    let mut taken = BTreeMap::new();
    for command in &commands {
        if NOT_HERE.iter().any(|(what, _)| command.contains(what)) {
            continue;
        }
        let answers_in_rows = rows.is_match(command) && !command.contains(['|', '>']);
        // A watch is a stream of answers.
        if answers_in_rows && !command.contains("--watch") {
            tour.compare_json(command);
        } else {
            tour.compare_lines(command);
        }
        // Of which partitions a group has read some records is chance.
        if command.contains(" -g web -n ") {
            let same = "kaw groups reset web --topic users --to 334 --execute";
            for run in tour.run(same) {
                run.success();
            }
        }
        *taken.entry(answers_in_rows).or_insert(0) += 1;
    }
    assert!(taken[&true] >= 15 && taken[&false] >= 15, "{taken:?}");
    // What is there in the end, and what no example asks for.
    for command in
        ["topics list", "groups list", "lag", "groups describe web", "groups describe sums"]
    {
        tour.compare_json(&format!("kaw {command}"));
    }
    for topic in ["users", "orders", "source", "copy", "logs"] {
        tour.compare_json(&format!("kaw topics describe {topic}"));
        tour.compare_lines(&format!("kaw consume {topic} -e --json"));
    }
}
