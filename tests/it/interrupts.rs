//! Owns the tests of signals to a producer that waits: for input, for a batch to fill, for the log,
//! for the reader of its report. Leaves what a signal does to a stream that flows to `produce`.

use crate::processes::counts;
use crate::sandbox::{Run, Sandbox};

/// The end of a background job that writes to the producer, and ends when nobody reads.
const INTO: &str = "> in 8>&- 9>&- &";

/// Runs `kaw produce t` with these options behind `setup`, interrupts it after what `meanwhile`
/// does, and checks that it ends soon, with the code of that and with counts that add up. Its stdin
/// is a pipe that stays open.
#[track_caller]
fn interrupt(s: &Sandbox, setup: &str, options: &str, meanwhile: &str) -> Run {
    let run = s.bash(&format!(
        "mkfifo in stuck; exec 8<>in 9<>stuck; {setup}
         kaw produce t {options} < in & producer=$!
         {meanwhile}
         sleep 0.5; kill -INT $producer
         for n in {{1..60}}; do kill -0 $producer 2>&- || break; sleep 0.1; done
         kill -KILL $producer 2>&- && echo it hangs; wait $producer"
    ));
    assert!(!run.stdout().contains("it hangs"), "{run}");
    let counts = counts(run.code(130));
    assert_eq!(counts.read, counts.persisted + counts.not + counts.maybe, "{run}");
    run
}

#[test]
fn a_named_pipe_that_nobody_writes_to_is_left() {
    let s = Sandbox::new();
    let run = interrupt(&s, "mkfifo nobody;", "nobody", "");
    assert_eq!(counts(&run).read, 0);
    let run = s.bash("(sleep 0.3; echo a; sleep 0.3; echo b) > nobody & kaw produce t nobody");
    assert_eq!(counts(run.success()).persisted, 2);
}

#[test]
fn records_that_failed_are_told_and_it_is_still_the_signal_that_ended_the_run() {
    let s = Sandbox::new();
    let create = "kaw topics create t -c max.message.bytes=1000 -q;";
    let large = "{ echo a; printf '%5000d\\n' 7; echo b; } >&8";
    let run = interrupt(&s, create, "", &format!("{large}; sleep 0.5"));
    assert_eq!((counts(&run).persisted, counts(&run).not), (2, 1), "{run}");
    assert!(run.stderr().contains("kaw: cannot produce record 2: "), "{run}");
}

#[test]
fn a_batch_that_is_to_fill_is_sent() {
    let s = Sandbox::new();
    let empty = "sleep 0.3; kaw consume t -e";
    let run =
        interrupt(&s, "kaw topics create t -q;", "--linger 1m", &format!("echo a >&8; {empty}"));
    assert_eq!((counts(&run).persisted, run.stdout().as_str()), (1, ""));
    assert_eq!(s.run("consume t -e").success().stdout(), "a\n");
}

#[test]
fn what_a_file_held_is_sent_before_stdin_is_waited_for() {
    let s = Sandbox::new();
    s.write("one", "1\n");
    let run = interrupt(&s, "", "one -", "sleep 0.5; kaw consume t -e");
    assert_eq!((counts(&run).persisted, run.stdout().as_str()), (1, "1\n"));
}

#[test]
fn a_report_that_nobody_reads_is_given_up() {
    // The first is all on its way when the input pauses, the second never is.
    for (input, options) in [("head -n 2000", ""), ("cat", ""), ("cat", "--sync --acks 1")] {
        let s = Sandbox::new();
        let input = format!("(yes {} | {input}) {INTO}", "x".repeat(200));
        let options = format!("--report '%o %s%s%s%s%s' {options} > stuck");
        let run = interrupt(&s, &input, &options, "sleep 0.5");
        assert!(counts(&run).maybe > 0, "{run}");
    }
}

#[test]
fn a_lock_that_is_waited_for_is_left() {
    let s = Sandbox::new();
    s.stdin("a\n").run("produce t").success();
    let state = kaw::disk::state::State::open_or_create(&s.log_dir().join("t-0")).unwrap();
    let _held = state.lock().unwrap();
    for (n, input) in ["echo b", "yes"].into_iter().enumerate() {
        let run = interrupt(&s, &format!("{input} {INTO}"), "--timeout 1m", "");
        assert_eq!(counts(&run).persisted, 0, "{run}");
        assert!(!run.stderr().contains("kaw: "), "{run}");
        assert!(n > 0 || s.bash("rm in stuck").status().success());
    }
}

#[test]
fn a_hangup_is_ignored_where_it_was() {
    let s = Sandbox::new();
    let run = s.bash(
        "kaw topics create t -q; trap '' HUP; kaw consume t & sleep 0.5; kill -HUP $!; sleep 0.3
         echo a | kaw produce t -q; sleep 0.5; kill -TERM $!; wait $!",
    );
    assert_eq!(run.code(143).stdout(), "a\n");
}
