//! Owns the agreement of `man/` and `completions/` with what the program makes. `BLESS=1 cargo test
//! generated` writes them anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Checks that `folder` holds `files` and nothing else, or makes it so.
fn assert_in_step(folder: &str, files: Vec<(String, Vec<u8>)>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    if std::env::var_os("BLESS").is_some() {
        drop(fs::remove_dir_all(&folder));
        fs::create_dir(&folder).unwrap();
        for (name, bytes) in &files {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }
    let hint = "run `BLESS=1 cargo test generated` and commit what it wrote";
    let names: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}; {hint}", folder.display()))
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let made: BTreeSet<String> = files.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, made, "{}: {hint}", folder.display());
    for (name, bytes) in files {
        let committed = fs::read(folder.join(&name)).unwrap();
        // Not `assert_eq!`: two whole pages in a message help nobody.
        assert!(committed == bytes, "{name} is out of step; {hint}");
    }
}

#[test]
fn man_pages_are_in_step() {
    let pages = kaw::commands::man::pages();
    assert!(pages.iter().any(|(name, _)| name == "kaw.1"));
    assert!(pages.iter().any(|(name, _)| name == "kaw-topics-create.1"));
    assert_in_step("man", pages);
}

#[test]
fn completions_are_in_step() {
    let files = kaw::commands::man::completion_files();
    assert!(files.len() >= 3, "bash, zsh and fish at least");
    assert_in_step("completions", files);
}
