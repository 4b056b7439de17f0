//! Owns `kaw bench latency`: how long a record takes from its intended send time until a consumer
//! has it. Leaves the loops to `load`.

use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use crossbeam_channel::bounded;

use super::args::{DURATION, DeliveryArgs, EndArgs, LoadArgs, workers};
use super::produce::{LEAD, facts, report, setting};
use super::report::Report;
use super::{Meter, Place, TICK, shape_text, show};
use crate::commands::{Context, Failure};
use crate::load::advice::Advice;
use crate::load::check::Faults;
use crate::load::generate::Pool;
use crate::load::read::{Look, Reading, Span, places, run_number};
use crate::load::send::{Moments, Sending, Shared};
use crate::load::series::Recorder;
use crate::out::Progress;
use crate::sys;
use crate::topic::TopicName;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw bench latency try --rate 1k/s --duration 2s --acks 1
  kaw bench latency try -n 1000 --acks 1
  kaw bench latency try --rate 5k/s --duration 1s --consumers 2 --partitions 2 --json";

/// Measure how long records take to a consumer
///
/// From the moment at which a record was to be sent until a consumer has it. With --rate records
/// are sent at their times whatever happens, so a stall counts for all that it delays; without,
/// each producer waits for its record to be read before it sends the next. Every record is checked:
/// order, gaps, doubles, checksums. A topic that is missing is created, and deleted afterwards.
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

    /// What is sent.
    #[command(flatten)]
    pub load: LoadArgs,

    /// How it is delivered.
    #[command(flatten)]
    pub delivery: DeliveryArgs,

    /// What is done with the run.
    #[command(flatten)]
    pub end: EndArgs,
}

/// Measures.
pub fn measure(context: &Context, args: &Args) -> Result<Report, Failure> {
    let load = &args.load;
    let place = Place::new(context, &args.topic, load.partitions, (load.create, load.keep))?;
    let stop = context.stop()?;
    let shape = load.shape();
    let pool = Pool::new(shape.clone());
    let plan = load.plan(pool.mean_bytes(), DURATION)?;
    let partitions = place.partitions()?;
    let timeout = context.limits.timeout;
    let mut job = load.job(place.topic, plan, args.delivery, partitions, stop.flag(), timeout);
    job.options.linger = Some(Duration::ZERO); // no record has others to wait for
    let mut setting = setting(context, "latency", &job, partitions)?;
    (setting.shape, setting.seed) = (Some(shape_text(&shape)), Some(shape.seed));
    setting.consumers = args.consumers.min(partitions as u32);

    let cannot = |error| context.failure("consume", error);
    let cluster = context.cluster()?;
    let (places, _) = places(cluster, &args.topic, Span::Following).map_err(cannot)?;
    let run = run_number();
    let meter = Meter::start(cluster);
    let moments = Moments::of(&plan, sys::monotonic_ns() + 2 * LEAD.as_nanos() as u64);
    // What was sent is one count, what was read the other: only the latter is measured.
    let sent = Shared::new(Recorder::new(u64::MAX, None));
    let read = Shared::new(Recorder::new(moments.from_ns, moments.until_ns));
    let (turns, gates) = if plan.rate.is_some() {
        (Vec::new(), Vec::new())
    } else {
        (0..plan.producers).map(|_| bounded(1)).unzip()
    };
    let look = Look { latency_of: Some(run), gates: turns };
    let consumers = args.consumers as usize;
    let reading = Reading::start(cluster, &places, consumers, &read, &look, 0).map_err(cannot)?;
    let sending = Sending::start(cluster, &job, &pool, run, (moments, &sent), gates);
    let sending = sending.map_err(|error| {
        reading.signals.stop.store(true, Ordering::Relaxed);
        context.failure("produce", error)
    })?;
    let progress = Progress::new(&context.out, "received");
    while !sending.is_finished() && !reading.is_finished() {
        std::thread::sleep(TICK);
        show(&progress, &read);
    }
    let (spent, failure) = sending.finish();
    let fates = sent.fates().clone();
    let acked = fates.acked + fates.unacked;
    await_readers(context, &reading, acked, || show(&progress, &read))?;
    reading.signals.stop.store(true, Ordering::Relaxed);
    progress.finish();
    let ended_ns = sys::monotonic_ns();
    let checker = reading.finish().map_err(cannot)?;
    let interrupted = stop.requested().is_some();
    if let Some(failure) = failure.filter(|_| !interrupted) {
        return Err(context.failure("produce", failure));
    }
    for warning in spent.iter().flat_map(|spent| &spent.warnings) {
        context.out.warn(warning);
    }
    let facts = meter.add(facts(&spent));
    let mut report = report(setting, &read, facts, ended_ns, interrupted);
    report.failed = fates.failed;
    report.failure = fates.failure.map(|error| error.message.clone());
    let missing = if interrupted { 0 } else { acked.saturating_sub(checker.distinct(run)) };
    report.faults = Some(Faults { missing, ..checker.faults() });
    report.foreign = checker.foreign;
    report.advice.retain(|advice| plan.rate.is_some() || !is_by_design(advice));
    Ok(report)
}

/// Whether advice is about what is so by design of a closed loop: one record at a time waits in no
/// queue, and its loop waits for each.
const fn is_by_design(advice: &Advice) -> bool {
    use Advice::{BrokerBound, ClosedLoop, SyncBound};
    matches!(advice, ClosedLoop | SyncBound { .. } | BrokerBound { .. })
}

/// Waits until all that was acknowledged is read. What does not come in time is missing.
fn await_readers(
    context: &Context,
    reading: &Reading,
    acked: u64,
    show: impl Fn(),
) -> Result<(), Failure> {
    let stop = context.stop()?;
    let patience = Instant::now() + context.limits.timeout;
    let all_seen = || reading.signals.seen.load(Ordering::Acquire) >= acked;
    while !all_seen() && !reading.is_finished() && Instant::now() < patience {
        if stop.wait(TICK) {
            break;
        }
        show();
    }
    Ok(())
}
