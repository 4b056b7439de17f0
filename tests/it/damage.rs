//! Owns what damage looks like from outside: for each kind of file one that is damaged, the exit
//! code, and the file and the place that are named. Every bit and every length is tried by the
//! tests of `disk::verify`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::sandbox::Sandbox;

/// How a file is damaged.
enum Damage {
    /// One bit of this byte.
    Bit(usize),
    /// So many bytes are left.
    Cut(usize),
}
use Damage::{Bit, Cut};

impl Damage {
    fn apply(&self, path: &Path) {
        let mut bytes = fs::read(path).unwrap();
        match *self {
            Bit(at) => bytes[at] ^= 4,
            Cut(len) => bytes.truncate(len),
        }
        fs::write(path, bytes).unwrap();
    }
}

/// A topic in three segments that was trimmed, a group that committed, a producer that comes back.
fn fill(s: &Sandbox) {
    s.run("topics create t -c internal.segment.bytes=150").success();
    s.run("topics create other").success();
    s.stdin("fine\n").run("produce other").success();
    for n in 0..3 {
        s.stdin(format!("a{n}\nb{n}\n")).run("produce t").success();
    }
    s.run("topics trim t --to 1").success();
    s.run("consume t -g g -n 2").success();
    s.stdin("a3\nb3\n").run("produce t --resume job").success();
}

/// Makes a directory as another one is; the files that are there already are written in place.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(to).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        match from.join(entry.file_name()).exists() {
            false if path.is_dir() => fs::remove_dir_all(path).unwrap(),
            false => fs::remove_file(path).unwrap(),
            true => {}
        }
    }
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

/// The one file of the log directory whose path begins with `start`.
fn file(s: &Sandbox, start: &str) -> PathBuf {
    let start = s.log_dir().join(start);
    let beside = fs::read_dir(start.parent().unwrap()).unwrap();
    let name = start.file_name().unwrap().to_str().unwrap().to_owned();
    let mut found = beside
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&name));
    let path = found.next().unwrap_or_else(|| panic!("no {}", start.display()));
    assert!(found.next().is_none(), "several {}", start.display());
    path
}

#[test]
fn damage_to_any_file_is_4_and_names_it() {
    let s = Sandbox::new();
    s.damaged();
    fill(&s);
    let whole = s.path("whole");
    copy(&s.log_dir(), &whole);
    let cases: &[(&str, Damage, &str, &str)] = &[
        ("t-0/00000000000000000002.log", Bit(70), "consume t -e", "byte 0 (offset 2)"),
        ("t-0/00000000000000000002.log", Bit(7), "consume t -e", "byte 0 (offset 2)"),
        ("t-0/00000000000000000002.log", Cut(60), "consume t -e", "byte 0 (offset 2)"),
        ("t-0/00000000000000000002.log", Cut(0), "consume t -e", "byte 0 (offset 2)"),
        ("t-0/00000000000000000006.log", Cut(60), "consume t -e", "byte 0 (offset 6)"),
        ("t-0/00000000000000000002.log", Bit(70), "copy t u", "byte 0 (offset 2)"),
        ("t-0/00000000000000000002.log", Bit(70), "topics verify t", "1 place damaged"),
        ("t-0/00000000000000000002.timeindex", Bit(3), "topics verify t", "1 place damaged"),
        ("t-0/00000000000000000008.snapshot", Cut(9), "topics verify t", "1 place damaged"),
        ("t-0/partition.metadata", Bit(13), "topics verify t", "1 place damaged"),
        ("t-0/leader-epoch-checkpoint", Cut(3), "topics verify t", "1 place damaged"),
        ("__consumer_offsets-3/00000000000000000000.log", Bit(70), "lag g", "at byte 0"),
        ("__consumer_offsets-3/00000000000000000000.log", Cut(70), "groups describe g", "at byte"),
        ("__consumer_offsets-3/00000000000000000000.log", Bit(70), "consume t -g g -n 1", "byte 0"),
        ("bootstrap.checkpoint", Bit(150), "topics list", "at byte"),
        ("bootstrap.checkpoint", Cut(0), "produce t", "at byte 0"),
        ("bootstrap.checkpoint", Cut(83), "topics create u", "at byte 83"),
        ("log-start-offset-checkpoint", Bit(0), "produce t", "at byte 0"),
        ("log-start-offset-checkpoint", Cut(4), "topics verify", "1 place damaged"),
        ("meta.properties", Bit(0), "topics create u", "no valid `version`"),
        (".kaw-r-", Bit(100), "produce t --resume job", "at byte 0"),
        (".kaw-r-", Cut(200), "topics verify", "1 place damaged"),
    ];
    for (start, damage, command, place) in cases {
        let path = file(&s, start);
        damage.apply(&path);
        let run = s.stdin("x\n").run(command);
        let stderr = run.code(4).stderr();
        let said: Vec<_> = stderr.lines().filter(|line| line.starts_with("kaw:")).collect();
        assert_eq!(said.len(), 1, "{run}");
        assert!(said[0].contains(place), "{start}: no `{place}` in {run}");
        if !place.contains("damaged") {
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(said[0].contains(name), "{start}: {run}");
        }
        if start.contains('/') {
            assert_eq!(s.run("consume other -e").success().stdout(), "fine\n");
        }
        copy(&whole, &s.log_dir());
        let run = s.run("topics verify");
        assert!(run.success().stdout().contains("whole"), "{run}");
    }
}

#[test]
fn damage_in_the_middle_of_a_copy_is_no_torn_tail() {
    let s = Sandbox::new();
    s.damaged();
    fill(&s);
    let whole = s.path("whole");
    fs::rename(s.log_dir(), &whole).unwrap();
    let second = "t-0/00000000000000000002.log";
    for damage in [Bit(70), Bit(7), Cut(60), Cut(0)] {
        copy(&whole, &s.log_dir());
        damage.apply(&file(&s, second));
        for command in ["consume t -e", "topics verify t"] {
            let run = s.run(command);
            assert!(run.code(4).to_string().contains(".log"), "{run}");
        }
        let rest = s.run("consume t -e --skip-damaged");
        assert_eq!(rest.code(4).stdout(), "b0\na2\nb2\na3\nb3\n", "{rest}");
        assert!(s.stdin("x\n").run("produce t").code(4).stderr().contains("(offset 2)"));
        s.run("topics verify t --repair").success();
        s.stdin("x\n").run("produce t").success();
        assert_eq!(s.run("consume t -e").success().stdout(), "b0\na2\nb2\na3\nb3\nx\n");
        fs::remove_dir_all(s.log_dir()).unwrap();
    }
    // The last batch may have been on its way when the copy was made.
    copy(&whole, &s.log_dir());
    Cut(60).apply(&file(&s, "t-0/00000000000000000006.log"));
    assert_eq!(s.run("consume t -e").success().stdout(), "b0\na1\nb1\na2\nb2\n");
    let aside = fs::metadata(file(&s, "t-0/00000000000000000006.log.cut-"));
    assert_eq!(aside.unwrap().len(), 60);
}

#[test]
fn nothing_is_appended_behind_a_batch_that_is_damaged() {
    let s = Sandbox::new();
    s.damaged();
    s.run("topics create other").success();
    for n in 0..3 {
        s.stdin(format!("a{n}\nb{n}\n")).run("produce t").success();
    }
    let log = s.log_dir().join("t-0/00000000000000000000.log");
    let whole = fs::read(&log).unwrap();
    let size = whole.len() / 3;
    for (batch, at) in [(2, 70), (2, 7), (1, 70), (0, 70)] {
        Bit(batch * size + at).apply(&log);
        let bad = fs::read(&log).unwrap();
        let run = s.stdin("x\n").run("produce t");
        let place = format!("is damaged at byte {} (offset {})", batch * size, batch * 2);
        assert!(run.code(4).stderr().contains(&place), "{run}");
        assert!(run.stderr().contains("hint: `kaw topics verify --repair`"), "{run}");
        assert_eq!(fs::read(&log).unwrap(), bad);
        s.stdin("x\n").run("produce other").success();
        fs::write(&log, &whole).unwrap();
    }
    Bit(2 * size + 70).apply(&log);
    s.run("topics verify t --repair").success();
    s.stdin("x\n").run("produce t").success();
    let run = s.run("consume t -e --gaps");
    assert_eq!(run.success().stdout(), "a0\nb0\na1\nb1\nx\n");
    assert!(run.stderr().contains("kaw: gap: t-0 4..5: damaged before a repair"), "{run}");
}

#[test]
fn a_bad_batch_in_a_copy_with_whole_ones_behind_it_is_damage() {
    let s = Sandbox::new();
    s.damaged();
    for n in 0..3 {
        s.stdin(format!("a{n}\nb{n}\n")).run("produce t").success();
    }
    let whole = s.path("whole");
    fs::rename(s.log_dir(), &whole).unwrap();
    let log = "t-0/00000000000000000000.log";
    let size = fs::read(whole.join(log)).unwrap().len() / 3;
    for batch in [0, 1] {
        copy(&whole, &s.log_dir());
        Bit(batch * size + 70).apply(&s.log_dir().join(log));
        let place = format!("is damaged at byte {} (offset {})", batch * size, batch * 2);
        for command in ["consume t -e", "produce t", "topics verify t"] {
            let run = s.stdin("x\n").run(command);
            assert!(run.code(4).stderr().contains(&place) || command.contains("verify"), "{run}");
        }
        assert_eq!(s.run("consume t -e --skip-damaged").code(4).stdout().lines().count(), 4);
        fs::remove_dir_all(s.log_dir()).unwrap();
    }
}
