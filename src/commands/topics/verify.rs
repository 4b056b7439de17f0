//! Owns `kaw topics verify`: what is told of a check, and of a repair. Leaves both to `cluster`.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::distinct;
use crate::cli::global::AnswerArgs;
use crate::cli::target::Resolved;
use crate::cluster::error::{ErrorKind, Outcome};
use crate::cluster::types::{Finding, Pace, Target, Verified};
use crate::commands::{Context, Failure, Status};
use crate::out::progress::Progress;
use crate::out::{Cell, Column, Table, units};
use crate::topic::{TopicName, TopicPartition};

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw topics verify
  kaw topics verify users --json
  kaw topics verify users --repair";

/// What it answers with.
pub const KIND: &str = "topics.verify";

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::text("TOPIC", "The topic; missing for the files at the top of the directory."),
    Column::number("PARTITION", "The partition's number."),
    Column::text(
        "RESULT",
        "`damage`, `note`, or `moved` aside; of a partition `whole`, `damaged` or `repaired`.",
    ),
    Column::number("BATCHES", "Whole batches of the partition."),
    Column::number("RECORDS", "Records in them."),
    Column::number("BYTES", "Bytes that were checked, or moved."),
    Column::text("FILE", "The file, from the log directory."),
    Column::number("POSITION", "Where in the file, in bytes."),
    Column::number("OFFSET", "The offset that is due there."),
    Column::text("FINDING", "What is wrong."),
];

/// Time between two updates of the progress line.
const TICK: Duration = Duration::from_millis(10);

/// Check every byte of topics, and repair what is damaged
///
/// Reads every batch, record, index entry, snapshot and checkpoint, up to the end as it is
/// published; writers may go on. Each finding has a row, and each partition one. Damage ends it
/// with 4; a `note` harms nobody.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The topics [default: all]
    #[arg(value_name = "NAME")]
    pub names: Vec<TopicName>,

    /// Move damaged bytes to files of their own, so that the rest can be read and written
    ///
    /// They go to FILE.cut-N beside the log; nothing is destroyed, and no offset is used again.
    /// Indexes are made anew.
    #[arg(long)]
    pub repair: bool,

    /// The form of the answer.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// Checks, and tells what was found.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let names = distinct(&args.names);
    let cluster = context.cluster()?;
    let stop = context.stop()?;
    let (pace, started) = (Pace::default(), Instant::now());
    let outcomes = std::thread::scope(|scope| {
        let work = scope.spawn(|| cluster.verify(&names, args.repair, &pace));
        let progress = Progress::new(&context.out, "checked");
        while !work.is_finished() {
            if stop.wait(TICK) {
                pace.stop.store(true, Ordering::Relaxed);
                break;
            }
            let count = |n: &std::sync::atomic::AtomicU64| n.load(Ordering::Relaxed);
            progress.set(count(&pace.records), count(&pace.bytes));
        }
        work.join().map_err(|_| Failure::new(Status::Internal, "UNKNOWN_SERVER_ERROR", "no answer"))
    })?;
    let outcomes = outcomes.map_err(|error| context.failure("verify topics", error))?;
    let took = started.elapsed();
    let root = match context.target()? {
        Resolved { target: Target::Directory { path, .. }, .. } => path,
        _ => std::path::PathBuf::new(),
    };
    tell(context, &root, outcomes, took)
}

/// Answers with the rows, and concludes.
fn tell(
    context: &Context,
    root: &Path,
    outcomes: Vec<Outcome<Option<TopicPartition>, Verified>>,
    took: Duration,
) -> Result<Status, Failure> {
    let mut table = Table::new(KIND, COLUMNS);
    let (mut damaged, mut partitions, mut failures) = (0, 0, Vec::new());
    let (mut records, mut bytes, total) = (0, 0, outcomes.len().saturating_sub(1));
    for Outcome { of, result } in outcomes {
        match result {
            Ok(verified) => {
                records += verified.checked.records;
                bytes += verified.checked.bytes;
                damaged += u64::from(verified.checked.is_damaged());
                partitions += u64::from(of.is_some());
                push(&mut table, root, of.as_ref(), &verified);
            }
            Err(error) => {
                let doing = of.map_or_else(|| "verify".to_owned(), |of| format!("verify `{of}`"));
                failures.push(context.failure(&doing, error));
            }
        }
    }
    if !table.rows.is_empty() {
        context.answer(&table)?;
    }
    context.out.status(format_args!(
        "checked {} in {}, {}, {}",
        units::plural(records, "record"),
        units::plural(partitions, "partition"),
        units::bytes(bytes),
        units::byte_rate(bytes, took),
    ));
    if let Some(signal) = context.stop()?.requested() {
        return Ok(Status::Interrupted(signal));
    }
    if damaged > 0 {
        let code = ErrorKind::CorruptData.code();
        let message = format!("{} damaged", units::plural(damaged, "place"));
        let failure = Failure::new(Status::Damaged, code, format!("cannot verify: {message}"));
        for failure in &failures {
            context.out.error(&failure.report());
        }
        let rest = "`kaw consume --skip-damaged` reads the rest";
        if context.cluster()?.is_only_read() {
            return Err(failure.hint(rest));
        }
        let hint = format!("`kaw topics verify --repair` moves what is damaged aside; {rest}");
        return Err(failure.hint(hint));
    }
    context.conclude(total, failures)
}

/// The rows of one partition, or of the files at the top.
fn push(table: &mut Table, root: &Path, of: Option<&TopicPartition>, verified: &Verified) {
    let place = |path: &Path| {
        let path = path.strip_prefix(root).unwrap_or(path);
        Cell::Text(path.display().to_string())
    };
    let names = || {
        let topic = Cell::maybe(of, |of| Cell::text(of.topic.as_str()));
        [topic, Cell::maybe(of, |of| Cell::Int(i64::from(of.partition)))]
    };
    let none = || Cell::maybe(None::<i64>, Cell::Int);
    let finding = |finding: &Finding, result: &str| {
        let Finding { path, position, offset, what, .. } = finding;
        let [topic, partition] = names();
        vec![
            topic,
            partition,
            Cell::text(result),
            none(),
            none(),
            none(),
            place(path),
            Cell::maybe(*position, |at| Cell::Int(at.cast_signed())),
            Cell::maybe(*offset, Cell::Int),
            Cell::text(what.as_str()),
        ]
    };
    for found in verified.mended.iter().filter(|found| found.is_damage) {
        table.push(finding(found, "repaired"));
    }
    for cut in verified.repaired.iter().flat_map(|repaired| &repaired.cut) {
        let [topic, partition] = names();
        let reason = Cell::text(cut.reason.as_str());
        let (moved, bytes) = (Cell::text("moved"), Cell::Bytes(cut.bytes));
        let file = place(&cut.path);
        let (at, offset) = (none(), none());
        let row = vec![topic, partition, moved, none(), none(), bytes, file, at, offset, reason];
        table.push(row);
    }
    for found in &verified.checked.findings {
        table.push(finding(found, if found.is_damage { "damage" } else { "note" }));
    }
    if of.is_none() {
        return;
    }
    let checked = &verified.checked;
    let result = match (checked.is_damaged(), &verified.repaired) {
        (true, _) => "damaged",
        (false, Some(_)) => "repaired",
        (false, None) => "whole",
    };
    let [topic, partition] = names();
    table.push(vec![
        topic,
        partition,
        Cell::text(result),
        Cell::Int(checked.batches.cast_signed()),
        Cell::Int(checked.records.cast_signed()),
        Cell::Bytes(checked.bytes),
        none(),
        none(),
        none(),
        none(),
    ]);
}
