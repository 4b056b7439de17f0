//! Owns the tests of what stands beside a log and lies: indexes, snapshots, leftovers, small files.
//! Nothing of it changes what is read, and the next writer goes on. Leaves logs to `logs_bad`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::checks::assert_refused;
use crate::sandbox::Sandbox;

/// A topic of three segments, each with ten batches of one record, a minute apart.
fn world() -> Sandbox {
    let s = Sandbox::new();
    s.damaged();
    let configs = "-c internal.segment.bytes=740 -c index.interval.bytes=0 -c retention.ms=-1";
    s.run(&format!("topics create t {configs}")).success();
    let lines: Vec<String> = (0..30)
        .map(|n| {
            let time = format!("2026-01-15T10:{n:02}:00Z");
            format!("{{\"value\":\"{n:02}\",\"timestamp\":\"{time}\"}}\n")
        })
        .collect();
    s.stdin(lines.concat()).run("produce t --json --sync --acks 1").success();
    let logs = fs::read_dir(s.log_dir().join("t-0")).unwrap();
    let logs = logs.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(is_log));
    assert_eq!(logs.count(), 3);
    s
}

fn is_log(kind: &std::ffi::OsStr) -> bool {
    kind == "log"
}

/// Checks that every record is found: all, by offset, and by time; and that the log goes on.
#[track_caller]
fn assert_all_there(s: &Sandbox, what: &str) {
    let read = |options: &str| {
        let run = s.run(&format!("consume t {options}"));
        run.success().stdout().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let from = |first: u32| (first..30).map(|n| format!("{n:02}")).collect::<Vec<_>>().join(" ");
    assert_eq!(read("-e"), from(0), "{what}");
    for first in [1, 9, 10, 15, 29] {
        assert_eq!(read(&format!("-e -o {first}")), from(first), "{what}");
        let time = format!("2026-01-15T10:{:02}:59Z", first - 1);
        assert_eq!(read(&format!("-e -o @{time}")), from(first), "{what}");
    }
    s.stdin("30\n").run("produce t --acks 1").success();
    assert_eq!(read("-e -o 29"), "29 30", "{what}");
}

/// What is done to the file of this name in the partition's directory.
type Harm = fn(&Path);

fn remove(path: &Path) {
    fs::remove_file(path).unwrap();
}

fn clear(path: &Path) {
    fs::write(path, "").unwrap();
}

fn noise(path: &Path) {
    fs::write(path, [0xa5; 1003]).unwrap();
}

fn zeros(path: &Path) {
    // As a broker sets it aside.
    fs::write(path, vec![0; 10 << 20]).unwrap();
}

fn cut(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() - bytes.len() / 3 - 1]).unwrap();
}

fn of_another(path: &Path) {
    let other = PathBuf::from(path.to_string_lossy().replace("0000010.", "0000000."));
    fs::copy(other, path).unwrap();
}

fn future(path: &Path) {
    // A snapshot's version.
    fs::write(path, [0, 9, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
}

fn higher(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes.iter_mut().step_by(4).for_each(|byte| *byte = 0x7f);
    fs::write(path, bytes).unwrap();
}

#[test]
fn indexes_that_lie_change_nothing() {
    let sealed = "00000000000000000010";
    let active = "00000000000000000020";
    for kind in ["index", "timeindex"] {
        for (what, harm) in [
            ("removed", remove as Harm),
            ("empty", clear),
            ("noise", noise),
            ("zeros", zeros),
            ("cut", cut),
            ("of another segment", of_another),
            ("higher", higher),
        ] {
            let s = world();
            harm(&s.log_dir().join(format!("t-0/{sealed}.{kind}")));
            assert_all_there(&s, &format!("{kind} {what}"));
        }
        let s = world();
        noise(&s.log_dir().join(format!("t-0/{active}.{kind}")));
        assert_all_there(&s, &format!("{kind} of the active segment"));
    }
}

#[test]
fn snapshots_and_leftovers_change_nothing() {
    for (name, harm) in [
        ("00000000000000000010.snapshot", clear as Harm),
        ("00000000000000000020.snapshot", noise),
        ("00000000000000000020.snapshot", future),
        ("00000000000000000099.index", noise),
        ("00000000000000000010.log.deleted", noise),
        ("00000000000000000010.log.cleaned", noise),
        ("00000000000000000010.index.cleaned", noise),
        ("leader-epoch-checkpoint", noise),
        ("something else", noise),
    ] {
        let s = world();
        harm(&s.log_dir().join("t-0").join(name));
        assert_all_there(&s, name);
    }
}

#[test]
fn small_files_at_the_top_are_told_or_not_needed() {
    let with = |name: &str, bytes: &[u8]| {
        let s = world();
        fs::write(s.log_dir().join(name), bytes).unwrap();
        s
    };
    for name in ["cleaner-offset-checkpoint", "replication-offset-checkpoint", ".kaw-dir"] {
        assert_all_there(&with(name, b"\xa5\xa5\xa5"), name);
    }
    for (name, bytes, code, words) in [
        ("bootstrap.checkpoint", &b"\xa5\xa5\xa5\xa5"[..], 4, "bootstrap.checkpoint is damaged"),
        ("bootstrap.checkpoint", b"", 4, "bootstrap.checkpoint"),
        ("meta.properties", b"version=9\n", 5, "meta.properties"),
        ("meta.properties", b"\xff\xfe", 4, "meta.properties is damaged"),
    ] {
        let s = with(name, bytes);
        let run = s.run("topics create new");
        assert_refused(&run, code, words);
    }
    // Starts that are lost would bring back what was trimmed; without a page they are asked for.
    let s = with("log-start-offset-checkpoint", b"\xa5");
    fs::remove_file(s.log_dir().join("t-0/.kaw-state")).unwrap();
    assert_refused(&s.run("consume t -e"), 4, "log-start-offset-checkpoint is damaged");
}
