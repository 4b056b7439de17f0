//! Owns `kaw bench consume`: how fast a topic is read, whether its records are whole, and how long
//! those took that are sent meanwhile. Leaves the loops to `load`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::args::{DURATION, EndArgs, workers};
use super::report::{Report, Setting};
use super::{Meter, TICK, cpus, show};
use crate::commands::{Context, Failure};
use crate::load::advice::Facts;
use crate::load::check::Faults;
use crate::load::read::{CLOCK_MASK, Look, Reading, Span, places, run_number};
use crate::load::send::Shared;
use crate::load::series::Recorder;
use crate::out::Progress;
use crate::sys;
use crate::topic::TopicName;
use crate::value;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw bench consume users
  kaw bench consume users --consumers 3 --json --save read.json
  kaw bench consume users --follow --duration 1s";

/// Measure how fast a topic is read
///
/// Reads from the start to the end as it is now. Records that `kaw bench` has sent are checked:
/// order, gaps, doubles, checksums. With --follow it reads what comes from now on; the latency of
/// records that `kaw bench produce --keep` sends meanwhile on the same machine is measured from the
/// moment at which they were to be sent.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The topic
    #[arg(value_name = "TOPIC")]
    pub topic: TopicName,

    /// Read by so many consumers, which share the partitions
    #[arg(long, value_name = "N", default_value = "1", value_parser = workers)]
    #[arg(help_heading = "Load")]
    pub consumers: u32,

    /// Read at most so many records
    #[arg(short = 'n', long, value_name = "N", value_parser = value::count, help_heading = "Load")]
    pub records: Option<u64>,

    /// Read what comes from now on
    #[arg(long, help_heading = "Load")]
    pub follow: bool,

    /// With --follow, for this long [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = value::duration, help_heading = "Load")]
    #[arg(requires = "follow")]
    pub duration: Option<Duration>,

    /// What is done with the run.
    #[command(flatten)]
    pub end: EndArgs,
}

/// Measures.
pub fn measure(context: &Context, args: &Args) -> Result<Report, Failure> {
    if args.records == Some(0) {
        return Err(Failure::usage("--records: there is nothing to measure in 0"));
    }
    let stop = context.stop()?;
    let cannot = |error| context.failure("consume", error);
    let cluster = context.cluster()?;
    let span = if args.follow { Span::Following } else { Span::Whole };
    let (places, from_zero) = places(cluster, &args.topic, span).map_err(cannot)?;
    let meter = Meter::start(cluster);
    let began = sys::monotonic_ns();
    let started_ms = crate::now_ms();
    let duration = args.duration.unwrap_or(DURATION);
    let until = args.follow.then(|| began + duration.as_nanos() as u64);
    let shared = Shared::new(Recorder::new(began, until.filter(|_| args.records.is_none())));
    let look =
        Look { latency_of: args.follow.then(|| run_number() & CLOCK_MASK), gates: Vec::new() };
    let most = args.records.unwrap_or(0);
    let consumers = args.consumers as usize;
    let reading =
        Reading::start(cluster, &places, consumers, &shared, &look, most).map_err(cannot)?;
    let progress = Progress::new(&context.out, "read");
    while !reading.is_finished() {
        let over = until.is_some_and(|until| sys::monotonic_ns() >= until);
        if over || stop.wait(TICK) {
            reading.signals.stop.store(true, Ordering::Relaxed);
            // The loops look at that in their own time.
            std::thread::sleep(TICK);
        }
        show(&progress, &shared);
    }
    progress.finish();
    let ended_ns = sys::monotonic_ns();
    let first_ns = reading.signals.first_ns.load(Ordering::Relaxed);
    let checker = reading.finish().map_err(cannot)?;

    let setting = Setting {
        verb: "consume",
        topic: args.topic.to_string(),
        target: context.target()?.to_string(),
        started_ms,
        partitions: places.len(),
        consumers: args.consumers,
        cpus: cpus(),
        ..Setting::default()
    };
    let facts = meter.add(Facts::default());
    let interrupted = stop.requested().is_some();
    let mut report = super::produce::report(setting, &shared, facts, ended_ns, interrupted);
    // What is missing can be told only where everything was to be read.
    let whole = from_zero && !args.follow && args.records.is_none() && !interrupted;
    let missing = if whole { checker.holes() } else { 0 };
    report.faults = Some(Faults { missing, ..checker.faults() });
    report.foreign = checker.foreign;
    report.first = (first_ns > 0).then(|| Duration::from_nanos(first_ns.saturating_sub(began)));
    if report.recorder.all == 0 && !args.follow {
        context.out.warn(format_args!("topic `{}` has no records", args.topic));
    }
    Ok(report)
}
