//! Owns `kaw bench produce`: how many records a target takes, and how long each takes until it is
//! acknowledged. Leaves the loops to `load`.

use std::time::Duration;

use super::args::{DURATION, DeliveryArgs, EndArgs, LoadArgs};
use super::report::{Report, Setting};
use super::{Meter, Place, TICK, cpus, shape_text, show};
use crate::commands::{Context, Failure};
use crate::load::advice::{Ended, Facts};
use crate::load::generate::Pool;
use crate::load::read::run_number;
use crate::load::send::{Job, Moments, Sending, Shared, Spent};
use crate::load::series::Recorder;
use crate::out::Progress;
use crate::record::Compression;
use crate::sys;
use crate::topic::TopicName;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw bench produce try --duration 2s --acks 1
  kaw bench produce try -n 10k --record-size 1KiB -z lz4 --json
  kaw bench produce try --rate 1k/s --duration 2s --warmup 0s --max-p99 10s
  kaw bench produce try -n 20k --keys 1000 --skew 0.99 --partitions 3 --plot try.svg";

/// How long the threads may take to be there.
pub(super) const LEAD: Duration = Duration::from_millis(20);

/// Measure how many records a topic takes, and how fast
///
/// Latency is from the moment at which a record was to be sent until it was acknowledged. With
/// --rate records are sent at their times whatever happens, so a stall counts for all that it
/// delays; without, as fast as they are taken. A topic that is missing is created, and deleted
/// afterwards.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The topic
    #[arg(value_name = "TOPIC")]
    pub topic: TopicName,

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
    let place =
        Place::new(context, &args.topic, args.load.partitions, (args.load.create, args.load.keep))?;
    on(context, &place, &args.load, args.delivery, DURATION)
}

/// Measures on a place that is there.
pub(super) fn on(
    context: &Context,
    place: &Place<'_>,
    load: &LoadArgs,
    delivery: DeliveryArgs,
    duration: Duration,
) -> Result<Report, Failure> {
    let stop = context.stop()?;
    let shape = load.shape();
    let pool = Pool::new(shape.clone());
    let plan = load.plan(pool.mean_bytes(), duration)?;
    let partitions = place.partitions()?;
    let timeout = context.limits.timeout;
    let job = load.job(place.topic, plan, delivery, partitions, stop.flag(), timeout);
    let mut setting = setting(context, "produce", &job, partitions)?;
    setting.shape = Some(shape_text(&shape));
    setting.seed = Some(shape.seed);

    let cluster = context.cluster()?;
    let meter = Meter::start(cluster);
    let moments = Moments::of(&plan, sys::monotonic_ns() + LEAD.as_nanos() as u64);
    let shared = Shared::new(Recorder::new(moments.from_ns, moments.until_ns));
    let cannot = |error| context.failure("produce", error);
    let sending =
        Sending::start(cluster, &job, &pool, run_number(), (moments, &shared), Vec::new())
            .map_err(cannot)?;
    let progress = Progress::new(&context.out, "acknowledged");
    while !sending.is_finished() {
        std::thread::sleep(TICK);
        show(&progress, &shared);
    }
    let ended_ns = sys::monotonic_ns();
    let (spent, failure) = sending.finish();
    progress.finish();
    if let Some(failure) = failure.filter(|_| stop.requested().is_none()) {
        return Err(cannot(failure));
    }
    for warning in spent.iter().flat_map(|spent| &spent.warnings) {
        context.out.warn(warning);
    }
    let facts = meter.add(facts(&spent));
    Ok(report(setting, &shared, facts, ended_ns, stop.requested().is_some()))
}

/// What is known of how the loops spent their time.
pub(super) fn facts(spent: &[Spent]) -> Facts {
    let sum = |of: fn(&Spent) -> Duration| spent.iter().map(of).sum::<Duration>().as_secs_f64();
    let elapsed = sum(|spent| spent.elapsed).max(1e-9);
    Facts {
        unsent: spent.iter().map(|spent| spent.unsent).sum(),
        ended: if spent.iter().any(|spent| spent.cut) { Ended::Failure } else { Ended::Whole },
        blocked: sum(|spent| spent.blocked) / elapsed,
        making: sum(|spent| spent.making) / elapsed,
        latencies: true,
        ..Facts::default()
    }
}

/// How a run of producers is set up.
pub(super) fn setting(
    context: &Context,
    verb: &'static str,
    job: &Job,
    partitions: usize,
) -> Result<Setting, Failure> {
    Ok(Setting {
        verb,
        topic: job.topic.to_string(),
        target: context.target()?.to_string(),
        started_ms: crate::now_ms(),
        durability: Some(context.durability(job.options.acks)?),
        compression: job.options.compression.map(Compression::name),
        batch_bytes: job.options.batch_bytes,
        partitions,
        producers: job.plan.producers,
        rate: job.plan.rate,
        warmup: job.plan.warmup,
        cpus: cpus(),
        ..Setting::default()
    })
}

/// The report of a run that is over.
pub(super) fn report(
    setting: Setting,
    shared: &Shared,
    facts: Facts,
    ended_ns: u64,
    interrupted: bool,
) -> Report {
    let mut recorder = shared.recorder().clone();
    recorder.cut(ended_ns);
    recorder.close();
    let ended = if interrupted { Ended::Signal } else { facts.ended };
    let mut report = Report::new(setting, recorder, Facts { ended, ..facts });
    let fates = shared.fates();
    report.failed = fates.failed;
    report.failure = fates.failure.as_ref().map(|error| error.message.clone());
    report
}
