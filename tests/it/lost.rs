//! Owns the tests of directories in which a file or a directory is missing, or is of another one:
//! what is left is shown, and nothing is written over it. Leaves damage to what is in the files to
//! `damage` and `files_bad`.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::directories::{READERS, WRITERS, world};
use crate::sandbox::Sandbox;

/// The names in the log directory that are not ours alone.
fn names(s: &Sandbox) -> BTreeSet<String> {
    let names = fs::read_dir(s.log_dir()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| !name.starts_with('.')).collect()
}

#[test]
fn without_the_list_of_topics_nothing_is_hidden_or_written() {
    let s = world();
    s.damaged();
    let list = s.log_dir().join("bootstrap.checkpoint");
    let kept = fs::read(&list).unwrap();
    fs::remove_file(&list).unwrap();
    let before = names(&s);
    let missing = "bootstrap.checkpoint is missing, which names the topics, and there are records";
    for command in WRITERS.iter().chain(&READERS).filter(|words| !words.contains("verify")) {
        let run = s.stdin("c\n").run(command);
        run.code(5);
        assert!(run.stderr().contains(missing) && run.stderr().contains("t-0"), "{run}");
        assert!(run.stderr().contains("`kaw topics verify --repair`"), "{run}");
    }
    let run = s.run("topics verify --json");
    let found = run.code(4).items().next().unwrap();
    let told = (found["result"].as_str(), found["file"].as_str());
    assert_eq!(told, (Some("damage"), Some("bootstrap.checkpoint")));
    assert_eq!(names(&s), before);
    s.run("topics verify --repair").success();
    assert_eq!(s.run("consume t -e").success().stdout(), "a\nb\n");
    let lag = s.run("lag g --json").success().items().next().unwrap();
    assert_eq!((&lag["current_offset"], &lag["lag"]), (&1.into(), &1.into()));
    let topics = |s: &Sandbox| -> Vec<Value> {
        s.run("topics describe t __consumer_offsets --json").success().items().collect()
    };
    let made = topics(&s);
    fs::write(&list, kept).unwrap();
    assert_eq!(topics(&s), made);
}

#[test]
fn a_first_creation_that_was_cut_short_is_no_loss() {
    let s = Sandbox::new();
    fs::create_dir_all(s.log_dir().join("t-0")).unwrap();
    fs::write(s.log_dir().join(".kaw-dir"), "").unwrap();
    s.run("topics list").success();
    s.stdin("a\n").run("produce t").success();
}

#[test]
fn records_of_no_topic_are_named_when_their_place_is_taken() {
    let s = world();
    let taken = s.log_dir().join("new-0");
    fs::create_dir_all(&taken).unwrap();
    let log = "00000000000000000000.log";
    fs::copy(s.log_dir().join("t-0").join(log), taken.join(log)).unwrap();
    let run = s.run("topics create new");
    run.success();
    let stray = names(&s).into_iter().find(|name| name.ends_with("-stray")).unwrap();
    let told = format!("new-0 is called {stray} now: it had records, and no topic had it");
    assert!(run.stderr().contains(&told), "{run}");
}

#[test]
fn a_partition_that_is_missing_hides_no_other() {
    let s = world();
    s.run("topics create two -p 2").success();
    s.stdin("a\n").run("produce two -p 0").success();
    fs::remove_dir_all(s.log_dir().join("two-1")).unwrap();
    s.damaged();
    for (command, row) in [
        ("topics list", "t 1 2 "),
        ("topics list", "two 2 - - "),
        ("topics describe two", "two 0 0 0 0 0 1 "),
        ("topics describe two", "two 1 0 0 0 - - "),
    ] {
        let run = s.run(command);
        let words = run.code(3).stdout().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(row), "no `{row}` in {run}");
        assert!(run.stderr().contains("kaw: cannot look at `two-1`: "), "{run}");
        assert!(run.stderr().contains("two-1 is missing"), "{run}");
    }
    s.run("topics describe t").success();
}

#[test]
fn a_partition_of_another_topic_or_of_none_is_not_written() {
    let s = world();
    s.damaged();
    let path = s.log_dir().join("t-0/partition.metadata");
    let own = fs::read(&path).unwrap();
    let other = fs::read(s.log_dir().join("__consumer_offsets-0/partition.metadata")).unwrap();
    let log = s.log_dir().join("t-0/00000000000000000000.log");
    let bytes = fs::read(&log).unwrap();
    for (said, why) in [(Some(other), "does not say that"), (None, "is missing")] {
        match said {
            Some(said) => fs::write(&path, said).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        for command in ["produce t", "topics trim t --to end", "topics compact t"] {
            let run = s.stdin("c\n").run(command);
            assert!(run.code(5).stderr().contains("partition.metadata: it "), "{run}");
            assert!(run.stderr().contains(why), "{run}");
        }
        assert_eq!(s.run("consume t -e").success().stdout(), "a\nb\n");
        assert_eq!(fs::read(&log).unwrap(), bytes);
        s.run("topics verify t").code(4);
        s.run("topics verify t --repair").success();
        assert_eq!(fs::read(&path).unwrap(), own);
    }
    s.stdin("c\n").run("produce t").success();
}

#[test]
fn a_directory_of_a_version_to_come_is_only_read() {
    let s = world();
    s.damaged();
    let path = s.log_dir().join("meta.properties");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("version=1", "version=9")).unwrap();
    for command in WRITERS {
        let run = s.stdin("c\n").run(command);
        assert!(run.code(5).stderr().contains("its version is 9, not 1"), "{run}");
    }
    // Also where the end has to be found in the log.
    for page in [true, false] {
        if !page {
            fs::remove_file(s.log_dir().join("t-0/.kaw-state")).unwrap();
        }
        assert_eq!(s.run("consume t -e").success().stdout(), "a\nb\n");
        s.run("topics list").success();
    }
}
