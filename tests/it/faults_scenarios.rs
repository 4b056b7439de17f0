//! Owns what commands are tried while calls fail, or the power, and what each of them promises.
//! Leaves trying them to `faults_errno` and `faults_power`.

use crate::faults::{Act, Step, produce, step};

/// Topics, rolls of segments, trims, deletion.
pub const WRITES: &[Step] = &[
    step(Act::Create("t"), "topics create t -p 2 -c internal.segment.bytes=250"),
    produce("t", "--sync", "a=1\nb=1\nc=1\nd=1\ne=1\nf=1\n"),
    produce("t", "", "a=2\nb=2\nc=2\nd=2\n"),
    produce("t", "--sync", "a=3\nb=3\nc=3\n"),
    step(Act::Trim("t", 3), "topics trim t --to +3"),
    step(Act::Create("u"), "topics create u"),
    produce("u", "", "x=1\n"),
    step(Act::Other, "topics alter t -c retention.ms=-1"),
    step(Act::Delete("u"), "topics delete u"),
    produce("u", "--partitions 2", "x=2\ny=2\n"),
];

/// Compaction, and retention.
pub const CARE: &[Step] = &[
    step(
        Act::CreateCompact("c"),
        "topics create c -c cleanup.policy=compact -c internal.segment.bytes=200",
    ),
    produce("c", "--sync", "a=1\nb=1\na=2\nc=1\nb=2\na=3\n"),
    step(Act::Other, "topics compact c --roll"),
    produce("c", "--sync", "a=4\nc=2\n"),
    step(Act::Other, "topics compact c --roll"),
    step(Act::Create("r"), "topics create r -c internal.segment.bytes=100"),
    produce("r", "--sync", "a=1\nb=1\nc=1\nd=1\ne=1\nf=1\n"),
    step(Act::Retain("r"), "topics alter r -c retention.bytes=200"),
    step(Act::Other, "topics compact r"),
    produce("r", "", "a=2\n"),
];

/// Groups, of a directory with one partition for them; and copies, which use one.
pub const GROUPS: &[Step] = &[
    step(Act::Create("t"), "topics create t"),
    produce("t", "", "a=1\nb=1\nc=1\nd=1\n"),
    step(Act::Consume(2), "consume t -g g -n 2"),
    step(Act::Consume(4), "consume t -g g -e"),
    step(Act::Commit(1), "groups reset g --to 1 --execute"),
    step(Act::Copy("t", "v"), "copy t v"),
];

/// A producer that comes back.
pub const RESUME: &[Step] = &[
    step(Act::Create("t"), "topics create t -p 2 -c internal.segment.bytes=250"),
    Step {
        act: Act::Resume("t"),
        words: "--resume job",
        stdin: "a=1\nb=1\nc=1\nd=1\na=2\nb=2\nc=2\nd=2\n",
    },
];

/// A log that is damaged, and repaired.
pub const REPAIR: &[Step] = &[
    step(Act::Create("t"), "topics create t -c internal.segment.bytes=250"),
    produce("t", "--sync", "a=1\nb=1\nc=1\nd=1\ne=1\n"),
    step(Act::Damage("t", &[1]), "topics verify --repair"),
    produce("t", "--sync", "a=2\nb=2\n"),
];
