//! Owns the group `kaw bench`: its verbs, and what is done with a run once it is measured. Leaves
//! measuring to `load`, each verb to its own file.

pub mod args;
pub mod compare;
pub mod consume;
pub mod file;
pub mod latency;
pub mod matrix;
pub mod plot;
pub mod produce;
pub mod report;

use std::sync::OnceLock;
use std::time::Duration;

use clap::Subcommand;

use self::args::EndArgs;
use self::report::Report;
use super::produce::{Wanted, ensure_topic};
use super::topics::guard_internal;
use super::{Context, Failure, Status};
use crate::cli::global::AnswerArgs;
use crate::cluster::Cluster;
use crate::load::advice::{Ended, Facts};
use crate::load::generate::Shape;
use crate::load::send::Shared;
use crate::out::{Format, Progress, units};
use crate::sys;
use crate::topic::TopicName;
use crate::value::Rate;

/// How many wanted to run on this machine before the first run. It is an average over a minute, so
/// that later runs would find this process in it.
static LOAD_BEFORE: OnceLock<f64> = OnceLock::new();

/// How often what goes on is looked at.
const TICK: Duration = Duration::from_millis(20);

/// Measure throughput and latency
#[derive(clap::Args, Clone, Debug)]
#[command(disable_help_subcommand = true)]
pub struct Args {
    /// The verb.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be measured.
#[expect(missing_docs, reason = "a comment here would hide the help, which is on each `Args`")]
#[derive(Subcommand, Clone, Debug)]
pub enum Verb {
    Produce(produce::Args),
    Consume(consume::Args),
    Latency(latency::Args),
    Compare(compare::Args),
    Matrix(matrix::Args),
}

impl Args {
    /// How the verb's rows are to be answered.
    pub fn answer(&self) -> AnswerArgs {
        match &self.verb {
            Verb::Produce(produce::Args { end, .. })
            | Verb::Consume(consume::Args { end, .. })
            | Verb::Latency(latency::Args { end, .. }) => end.answer,
            Verb::Compare(args) => args.answer,
            Verb::Matrix(args) => args.answer,
        }
    }
}

impl Verb {
    /// Whether the run is saved, drawn or judged.
    fn is_judged(&self) -> bool {
        let (Self::Produce(produce::Args { end, .. })
        | Self::Consume(consume::Args { end, .. })
        | Self::Latency(latency::Args { end, .. })) = self
        else {
            return false;
        };
        let files = end.save.is_some() || end.plot.is_some();
        files || end.max_p99.is_some() || end.min_rate.is_some()
    }
}

/// Runs the verb.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    match &args.verb {
        Verb::Compare(args) => compare::run(context, args),
        Verb::Matrix(args) => matrix::run(context, args),
        Verb::Produce(produce::Args { end, .. })
        | Verb::Consume(consume::Args { end, .. })
        | Verb::Latency(latency::Args { end, .. }) => {
            for path in [&end.save, &end.plot].into_iter().flatten() {
                file::check(path)?;
            }
            let report = measure(context, &args.verb)?;
            conclude(context, &report, end)
        }
    }
}

/// Measures one run.
pub fn measure(context: &Context, verb: &Verb) -> Result<Report, Failure> {
    match verb {
        Verb::Produce(args) => produce::measure(context, args),
        Verb::Consume(args) => consume::measure(context, args),
        Verb::Latency(args) => latency::measure(context, args),
        Verb::Compare(_) | Verb::Matrix(_) => {
            Err(Failure::usage("only produce, consume and latency are one run"))
        }
    }
}

/// Tells a run, saves and draws it, and judges it.
fn conclude(context: &Context, report: &Report, end: &EndArgs) -> Result<Status, Failure> {
    if context.out.format() == Format::Table {
        let text = report.text(context.out.stdout_is_terminal());
        context.out.raw(text.as_bytes()).map_err(Failure::stdout)?;
    } else {
        context.answer(&report.table())?;
    }
    for advice in &report.advice {
        context.out.hint(advice);
    }
    if let Some(path) = &end.save {
        file::write(path, report.json().as_bytes())?;
    }
    if let Some(path) = &end.plot {
        file::write(path, &plot::draw(report, path))?;
    }
    if report.ended == Ended::Signal {
        return Ok(context.stop()?.status_or(Status::Done));
    }
    judge(report, end)
}

/// The failure of a run whose records failed.
fn failed(report: &Report) -> Failure {
    let end = if report.ended == Ended::Failure { "; it ended there" } else { "" };
    let why = report.failure.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    let message = format!("records failed, {}{end}{why}", report.failures_text());
    Failure::new(Status::Partial, "INVALID_RECORD", message)
}

/// Fails where records did, or where a limit is crossed.
fn judge(report: &Report, end: &EndArgs) -> Result<Status, Failure> {
    if report.failures() > 0 {
        return Err(failed(report));
    }
    let crossed = |told| Err(Failure::new(Status::Threshold, "THRESHOLD_CROSSED", told));
    if let Some(max) = end.max_p99 {
        let Some(latency) = report.latency() else {
            return crossed("no latency was measured that --max-p99 could limit".to_owned());
        };
        let p99 = Duration::from_micros(latency.p99);
        if p99 > max {
            let (p99, max) = (units::duration(p99), units::duration(max));
            return crossed(format!("the 99th percentile of latency is {p99}, above {max}"));
        }
    }
    let recorder = &report.recorder;
    let (rate, min, unit) = match end.min_rate {
        None => return Ok(Status::Done),
        Some(Rate::Records(min)) => (recorder.rate(), min, "records"),
        Some(Rate::Bytes(min)) => (recorder.byte_rate(), min, "bytes"),
    };
    if rate < min {
        let whole = |rate: f64| units::count(rate.round() as u64);
        return crossed(format!("{} {unit}/s are below {}", whole(rate), whole(min)));
    }
    Ok(Status::Done)
}

/// A topic to measure on, which goes with this if it was made for it.
struct Place<'a> {
    context: &'a Context,
    topic: &'a TopicName,
    made: bool,
}

impl<'a> Place<'a> {
    /// Sees to it that the topic is there.
    fn new(
        context: &'a Context,
        topic: &'a TopicName,
        partitions: Option<i32>,
        (create, keep): (bool, bool),
    ) -> Result<Self, Failure> {
        guard_internal("measure on", std::slice::from_ref(topic), false)
            .map_err(|failure| Failure { hints: Vec::new(), ..failure })?;
        let wanted = Wanted { topic, partitions, partition: None, create };
        let made = ensure_topic(context, context.cluster()?, &wanted)
            .map_err(|error| context.failure("produce", error))?;
        Ok(Self { context, topic, made: made && !keep })
    }

    /// How many partitions it has.
    fn partitions(&self) -> Result<usize, Failure> {
        let limits = self.context.cluster()?.topic_limits(self.topic);
        let limits = limits.map_err(|error| self.context.failure("produce", error))?;
        Ok(limits.map_or(1, |limits| limits.partitions.max(1) as usize))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.made {
            return;
        }
        let Ok(cluster) = self.context.cluster() else { return };
        let deleted = cluster
            .delete_topics(std::slice::from_ref(self.topic))
            .and_then(|mut outcomes| outcomes.pop().map_or(Ok(()), |outcome| outcome.result));
        match deleted {
            Ok(()) => self.context.out.status(format_args!(
                "deleted topic `{}`, which was made for this; `--keep` keeps it",
                self.topic
            )),
            Err(error) => {
                let left = format!("topic `{}` is left behind: {}", self.topic, error.message);
                self.context.out.warn(left);
            }
        }
    }
}

/// What records look like, in words.
fn shape_text(shape: &Shape) -> String {
    let mut text = match shape.sizes {
        _ if shape.fake => "generated users".to_owned(),
        (min, max) if min == max => format!("{max} bytes"),
        (min, max) => format!("{min} to {max} bytes"),
    };
    if !shape.fake {
        text.extend([format!(", {:.0} % compressible", shape.compressible * 100.0)]);
    }
    match shape.keys {
        0 => text += ", no keys",
        keys => text.extend([format!(", {}", units::plural(keys, "key"))]),
    }
    if shape.skew > 0.0 {
        text.extend([format!(" with a skew of {}", shape.skew)]);
    }
    text
}

/// What the machine does besides, and what the process takes of it.
struct Meter<'a> {
    cluster: &'a Cluster,
    throttled_before: Duration,
    load_before: f64,
    cpu_before: Duration,
    sync_before: Duration,
    began_ns: u64,
}

impl<'a> Meter<'a> {
    /// One that begins now.
    fn start(cluster: &'a Cluster) -> Self {
        Self {
            cluster,
            throttled_before: cluster.throttled().unwrap_or_default(),
            load_before: *LOAD_BEFORE.get_or_init(|| sys::load_average().unwrap_or(0.0)),
            cpu_before: sys::cpu_time(),
            sync_before: sys::sync_time(),
            began_ns: sys::monotonic_ns(),
        }
    }

    /// The facts with what was found since.
    fn add(&self, facts: Facts) -> Facts {
        let cpu = sys::cpu_time().saturating_sub(self.cpu_before).as_secs_f64();
        let syncing = sys::sync_time().saturating_sub(self.sync_before).as_secs_f64();
        let span = Duration::from_nanos(sys::monotonic_ns() - self.began_ns).as_secs_f64();
        let span = span.max(1e-9);
        let throttled = self.cluster.throttled();
        Facts {
            syncing: syncing / span,
            cpus_used: cpu / span,
            load_before: self.load_before,
            throttled: throttled.map(|all| all.saturating_sub(self.throttled_before)),
            ..facts
        }
    }
}

/// Processors of this machine.
fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Shows how far a run is.
fn show(progress: &Progress, shared: &Shared) {
    let recorder = shared.recorder();
    progress.set(recorder.all, recorder.all_bytes);
    if sys::monotonic_ns() < recorder.from_ns() {
        progress.note("warming up".to_owned());
    } else if let Some(second) = recorder.now() {
        let mut note = format!("now {}/s", units::count(second.records));
        if second.max > 0 {
            let p99 = units::duration(Duration::from_micros(second.p99));
            note.extend([format!(", p99 {p99}")]);
        }
        progress.note(note);
    }
}
