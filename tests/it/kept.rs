//! Owns what is kept of a test for Kafka to read: its log directories, and what `kaw` says is in
//! them. Leaves the reading to `dump_log`.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use crate::sandbox::Sandbox;

/// Moves log directories to where Kafka's tools will find them.
pub fn keep(s: &Sandbox, sent: &[(PathBuf, String, u64)], kept: &Path) {
    for entry in fs::read_dir(s.root()).into_iter().flatten().flatten() {
        let dir = entry.path();
        let partitions = partitions_in(&dir);
        if partitions.is_empty() && !dir.join("meta.properties").is_file() {
            continue;
        }
        let expected = expected_in(s, sent, &dir);
        let to = fresh_place(kept);
        fs::create_dir_all(&to).expect("a place to keep a log directory can be made");
        fs::write(to.join("expected.tsv"), expected).expect("what is expected can be written");
        fs::rename(&dir, to.join("log")).expect("a log directory moves");
    }
}

/// What Kafka should find in `dir`: what `kaw` says, and `topic TAB sent TAB records` by what
/// the test says.
fn expected_in(s: &Sandbox, sent: &[(PathBuf, String, u64)], dir: &Path) -> String {
    let dir_text = dir.to_str().expect("a sandbox has a name in UTF-8");
    let listed = s.run_with(["topics", "list", "--json", "-d", dir_text]);
    let names: Vec<String> = listed.success().items().map(|row| text(&row, "topic")).collect();
    let mut lines = ends(s, dir, &names);
    for (of, topic, records) in sent {
        if of == dir {
            writeln!(lines, "{topic}\tsent\t{records}").unwrap();
        }
    }
    lines
}

/// What `kaw` says of topics: `topic TAB partition TAB start TAB end`, a line a partition; and
/// of one that is compacted, a fifth cell: how many records `kaw` finds between the two.
pub fn ends(s: &Sandbox, dir: &Path, topics: &[impl AsRef<OsStr>]) -> String {
    let mut lines = String::new();
    if topics.is_empty() {
        return lines;
    }
    let mut args = vec![OsStr::new("topics"), "describe".as_ref(), "--json".as_ref()];
    args.extend([OsStr::new("-d"), dir.as_os_str()]);
    args.extend(topics.iter().map(AsRef::as_ref));
    for row in s.run_with(args).success().items() {
        let topic = text(&row, "topic");
        let partitions = row.get("partitions").and_then(serde_json::Value::as_array);
        let policy = row.pointer("/configs/cleanup.policy").and_then(serde_json::Value::as_str);
        let is_compacted = policy.is_some_and(|policy| policy.contains("compact"));
        for partition in partitions.unwrap_or_else(|| panic!("no partitions in {row}")) {
            let of = |key| partition.get(key).unwrap_or_else(|| panic!("no `{key}` in {row}"));
            let (start, end) = (of("start_offset"), of("end_offset"));
            let number = of("partition").to_string();
            write!(lines, "{topic}\t{number}\t{start}\t{end}").unwrap();
            if is_compacted {
                let mut args: Vec<&OsStr> =
                    ["consume", &topic, "-p", &number].map(OsStr::new).into();
                args.extend(["-e", "-f", "x", "-d"].map(OsStr::new));
                args.push(dir.as_os_str());
                let records = s.run_with(args).success().stdout().len();
                write!(lines, "\t{records}").unwrap();
            }
            lines.push('\n');
        }
    }
    lines
}

/// The partition directories, `<topic>-<number>`, in a log directory.
pub fn partitions_in(dir: &Path) -> Vec<(String, i32, PathBuf)> {
    let mut found: Vec<_> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let (topic, partition) = name.rsplit_once('-')?;
            Some((topic.to_owned(), partition.parse().ok()?, entry.path()))
        })
        .collect();
    found.sort();
    found
}

/// A folder that nobody has, named after the test of this thread.
fn fresh_place(kept: &Path) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let test = thread::current().name().unwrap_or("unnamed").replace("::", ".");
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    kept.join(format!("{test}-{}-{n}", std::process::id()))
}

/// The text under `key` of an item of an answer.
fn text(item: &serde_json::Value, key: &str) -> String {
    let value = item.get(key).and_then(serde_json::Value::as_str);
    value.unwrap_or_else(|| panic!("no text `{key}` in {item}")).to_owned()
}
