//! Owns the tests of what is committed when stdout or stderr is not as it should be: closed, full,
//! or with a reader that stands still. Leaves how reading ends otherwise to `groups_members`.

use crate::groups_members::committed;
use crate::sandbox::Sandbox;

/// What a pipe of ours takes, with what its reader may have in hand.
const PIPE_BYTES: usize = (1 << 20) + (64 << 10);

fn users(records: usize) -> Sandbox {
    let s = Sandbox::new();
    s.run(&format!("produce users --fake {records} --key-field /id --partitions 3")).success();
    s
}

/// The bytes of the records that a group has committed.
fn committed_bytes(s: &Sandbox, group: &str) -> usize {
    let read = |(partition, next): (i64, i64)| {
        let run = s.run(&format!("consume users -p {partition} -o 0:{next}"));
        run.success().stdout_bytes().len()
    };
    committed(s, group).into_iter().map(read).sum()
}

#[test]
fn a_reader_that_goes_away_commits_no_more_than_stdout_has_accepted() {
    let s = users(60_000);
    for (group, read) in [("a", "head -1"), ("b", "head -c 3000000"), ("c", "true")] {
        let taken = match group {
            "b" => 3_000_000,
            _ => 0,
        };
        let run = s.bash(&format!(
            "set -o pipefail; kaw consume users -g {group} -q | {read} > read-{group}"
        ));
        assert_eq!(run.success().stderr(), "", "{group}");
        let bytes = committed_bytes(&s, group);
        assert!(bytes <= taken + PIPE_BYTES, "{bytes} bytes are committed, {taken} were read");
        // All that is left comes in the next run, and nothing is passed over.
        let passed: i64 = committed(&s, group).values().sum();
        let rest = s.run(&format!("consume users -g {group} -e"));
        assert_eq!(rest.success().stdout().lines().count() as i64 + passed, 60_000);
    }
}

#[test]
fn a_stderr_that_takes_nothing_harms_nothing() {
    let s = users(3000);
    for (n, stderr) in ["2>&-", "2>/dev/full", "2> >(exit)"].into_iter().enumerate() {
        for exec in ["", "--exec cat"] {
            let group = format!("g{n}{}", exec.len());
            let run = s.bash(&format!("kaw consume users -g {group} -e {exec} {stderr}"));
            assert_eq!(run.success().stdout().lines().count(), 3000, "{stderr}");
            assert_eq!(committed(&s, &group).values().sum::<i64>(), 3000, "{stderr}");
        }
    }
}

#[test]
fn a_hangup_is_like_a_ctrl_c() {
    let s = users(3000);
    let mut member = s.spawn("consume users -g g -f '%p %o\\n'");
    let mut lines = 0;
    while lines < 3000 {
        member.next_line().unwrap();
        lines += 1;
    }
    member.signal("HUP");
    member.finish().code(129);
    assert_eq!(committed(&s, "g").values().sum::<i64>(), 3000);
}

#[test]
fn a_reader_that_stands_still_is_waited_for_in_little_memory() {
    let s = users(1);
    // 200 MB: far more than may be on its way.
    let mut lines = "x".repeat(99_999);
    lines.push('\n');
    for _ in 0..20 {
        s.stdin(lines.repeat(100)).run("produce users -q -z lz4 --acks 1").success();
    }
    // The most memory that it ever had, once that is what it was a second ago.
    let run = s.bash(
        "mkfifo still; exec 8<>still; kaw consume users -g g -q > still & p=$!; same=0
         while [ $same -lt 5 ]; do
             sleep 0.2; now=$(grep VmHWM /proc/$p/status)
             if [ \"$now\" = \"$was\" ]; then same=$((same + 1)); else same=0; fi; was=$now
         done
         echo $now; kill -INT $p; kill -TERM $p; wait $p",
    );
    // Which of the two comes second is not said.
    assert!([Some(130), Some(143)].contains(&run.status().code()), "{run}");
    let answer = run.stdout();
    let memory: u64 = answer.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(memory < 100_000, "{answer}");
    let run = s.bash("kaw consume users -g g -e | tail -n +2 | sort -u | wc -c");
    assert_eq!(run.success().stdout().trim(), "100000");
}
