//! Owns the tests of directories that cannot be trusted: others can write to them, they belong to
//! somebody else, or something in them is a link. Leaves full disks to `full_disk`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use crate::checks::assert_refused;
use crate::needs::Need;
use crate::sandbox::{Run, Sandbox};

/// A topic `t` with two records, and a group that has read one.
pub fn world() -> Sandbox {
    let s = Sandbox::new();
    s.stdin("a\nb\n").run("produce t").success();
    s.run("consume t -g g -n 1").success();
    s
}

fn set_mode(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Every command that writes, each once.
pub const WRITERS: [&str; 8] = [
    "produce t",
    "topics create new",
    "topics alter t -p 2",
    "consume t -g g -n 1",
    "groups reset g --to start --execute",
    "topics trim t --to end",
    "topics compact t",
    "topics delete t",
];

/// Every command that reads.
pub const READERS: [&str; 5] =
    ["topics list", "topics describe t", "consume t -e", "lag g", "topics verify t"];

/// Checks that nothing is written, and that all can be read; and that it is written if so wanted.
fn assert_only_read(s: &Sandbox, words: &str) {
    let run = |command: &str| -> Run { s.stdin("c\n").run(command) };
    for command in WRITERS {
        let refused = run(command);
        assert_refused(&refused, 5, words);
        assert!(refused.stderr().contains("`--insecure-dir` writes there as it is"), "{refused}");
    }
    for command in READERS {
        run(command).success();
    }
    assert_eq!(s.run("consume t -e").success().stdout(), "a\nb\n");
    for command in WRITERS {
        run(&format!("{command} --insecure-dir")).success();
    }
}

#[test]
fn where_every_user_can_write_kaw_does_not() {
    let s = world();
    set_mode(s.log_dir(), 0o777);
    assert_only_read(&s, "log: every user can write to it");
    // A group may be a user's own.
    let s = world();
    set_mode(s.log_dir(), 0o775);
    s.stdin("c\n").run("produce t").success();
    set_mode(s.log_dir().join("t-0"), 0o777);
    assert_refused(&s.stdin("c\n").run("produce t"), 5, "t-0: every user can write to it");
    s.run("consume t -e").success();
}

#[test]
fn into_a_directory_of_another_user_kaw_does_not_write() {
    if !Need::Chown.met() {
        return;
    }
    let s = world();
    s.damaged();
    chown(s.log_dir(), Some(12345), None).unwrap();
    assert_only_read(&s, "log: it belongs to another user (12345)");
    let s = world();
    s.damaged();
    chown(s.log_dir().join("t-0"), Some(12345), None).unwrap();
    let words = "t-0: it belongs to another user (12345)";
    assert_refused(&s.stdin("c\n").run("produce t"), 5, words);
}

#[test]
fn what_kaw_makes_is_its_owners_alone() {
    let s = Sandbox::new();
    s.bash("umask 000; echo x | kaw produce t --resume name && kaw consume t -g g -n 1").success();
    let mut seen = 0;
    let mut left = vec![s.log_dir()];
    while let Some(path) = left.pop() {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        seen += 1;
        if path.is_dir() {
            left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    assert!(seen > 60, "only {seen} files and directories");
}

#[test]
fn no_link_is_followed() {
    let s = world();
    s.damaged();
    let victim = s.write("victim", "not kaw's");
    let log = s.log_dir();
    for name in [
        ".lock",
        ".kaw-dir",
        "bootstrap.checkpoint",
        "meta.properties",
        "t-0/.kaw-state",
        "t-0/00000000000000000000.log",
        "t-0/00000000000000000000.index",
    ] {
        let (path, aside) = (log.join(name), s.path("aside"));
        fs::rename(&path, &aside).unwrap();
        symlink(&victim, &path).unwrap();
        for command in ["produce t", "topics create new", "consume t -g g -n 1"] {
            let run = s.stdin("c\n").run(command);
            let is_done = run.status().success();
            assert!(is_done || run.status().code() == Some(5), "{name}: {command}: {run}");
        }
        assert_eq!(fs::read(&victim).unwrap(), b"not kaw's", "{name}");
        drop(s.run("topics delete new"));
        fs::remove_file(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
    }
    // A partition elsewhere is not deleted, and nothing of its topic is.
    s.run("topics alter t -p 2").success();
    let away = s.path("away");
    fs::rename(log.join("t-1"), &away).unwrap();
    symlink(&away, log.join("t-1")).unwrap();
    for command in ["topics delete t", "topics trim t --to 1"] {
        let run = s.run(command);
        assert_ne!(run.status().code(), Some(0), "{run}");
        assert!(run.stderr().contains("symbolic link, which is not followed"), "{run}");
    }
    assert!(away.join("partition.metadata").exists() && log.join("t-0").exists());
}

#[test]
fn a_partition_that_cannot_be_looked_at_hides_no_other() {
    let s = Sandbox::new();
    s.damaged();
    s.stdin("a\n").run("produce good").success();
    s.run("topics create bad -p 2").success();
    s.stdin("b\nc\n").run("produce bad -p 1").success();
    s.run("consume good bad -g g -e").success();
    let (partition, away) = (s.log_dir().join("bad-1"), s.path("away"));
    let log = partition.join("00000000000000000000.log");
    let link = || {
        fs::rename(&partition, &away).unwrap();
        symlink(&away, &partition).unwrap();
    };
    let no_link = || {
        fs::remove_file(&partition).unwrap();
        fs::rename(&away, &partition).unwrap();
    };
    let no_log = || {
        fs::remove_file(partition.join(".kaw-state")).unwrap();
        fs::rename(&log, &away).unwrap();
        fs::create_dir(&log).unwrap();
    };
    for (spoil, why) in [(&link as &dyn Fn(), "symbolic link"), (&no_log, "is a directory")] {
        spoil();
        for (command, row) in [
            ("topics list", "bad 2 - - "),
            ("topics list", "good 1 1 "),
            ("topics describe bad", "bad 0 0 0 0 0 0 "),
            ("topics describe good bad", "bad 1 0 0 0 - - "),
            ("lag", "g bad 1 2 - - - - cannot be looked at"),
            ("lag g", "g good 0 1 0 1 0 "),
            ("groups describe g", "g bad 1 2 - - - "),
        ] {
            let run = s.run(command);
            let words = run.code(3).stdout().split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(row), "no `{row}` in {run}");
            let said = run.stderr();
            assert!(
                said.starts_with("kaw: cannot look at `bad-1`: ") && said.contains(why),
                "{run}"
            );
        }
        s.run("topics list good").success();
        s.run("topics describe good").success();
        assert!(s.run("lag --wait g").code(5).stderr().contains(why));
        if why == "symbolic link" {
            no_link();
        }
    }
}
