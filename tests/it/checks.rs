//! Owns the checks that tests of several commands share.

use crate::sandbox::Run;

/// Checks that a run ended with `code`, says `words` on stderr, and answered nothing.
#[track_caller]
pub fn assert_refused(run: &Run, code: i32, words: &str) {
    run.code(code);
    assert!(run.stdout_bytes().is_empty(), "{run}");
    assert!(run.stderr().contains(words), "no `{words}` in:\n{run}");
}
