//! Owns `kaw lag`: how much groups have not read, once, again and again, or until it is nothing.
//! Leaves the arithmetic to `crate::lag`, and groups to `cluster`.

pub mod collect;
mod metrics;
mod patience;
pub mod rows;
mod serve;
mod watch;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use self::collect::{Asked, Found, Place, collect};
use self::patience::Patience;
use self::rows::{Row, rows};
use self::watch::Watch;
use super::groups::Scope;
use super::{Context, Failure, Status};
use crate::cli::global::AnswerArgs;
use crate::cluster::error::{ClusterError, ErrorKind};
use crate::group::GroupId;
use crate::out::{Column, Format, Table, units};
use crate::topic::TopicName;
use crate::value;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw lag
  kaw lag db --by topic --json
  kaw lag db --max 1M --max-age 1d
  kaw lag db --watch 1s -n 2
  kaw lag --output openmetrics
  kaw lag --serve :9308";

/// What it answers with.
pub const KIND: &str = "lag";

/// The pause between two looks of `--wait`.
const WAIT_STEP: Duration = Duration::from_millis(100);

/// The pause between two looks of `--watch`.
const WATCH_DEFAULT: Duration = Duration::from_secs(2);

/// Clears the terminal, and goes to its first line.
const CLEAR: &[u8] = b"\x1b[H\x1b[2J";

/// What a row is of (`--by`).
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A partition.
    Partition,
    /// A topic.
    Topic,
    /// A member.
    Member,
    /// A group.
    Group,
}

/// The form of the answer (`--output`).
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Columns for people.
    Table,
    /// One JSON object.
    Json,
    /// Tab-separated values.
    Tsv,
    /// The text format of OpenMetrics.
    Openmetrics,
}

/// Up to where lag is measured (`--isolation`).
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// To the last stable offset, where the oldest open transaction begins.
    ReadCommitted,
    /// To the end of the log.
    ReadUncommitted,
}

/// The word behind `--watch`, which may leave its value out and stand in front of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EveryOrGroup {
    /// The pause between two looks.
    Every(Duration),
    /// A group.
    Group(GroupId),
}

/// Reads the word behind `--watch`.
fn every_or_group(text: &str) -> Result<EveryOrGroup, String> {
    if let Ok(every) = value::duration(text) {
        if every.is_zero() {
            return Err("a pause of nothing would be no pause; write `100ms`".to_owned());
        }
        return Ok(EveryOrGroup::Every(every));
    }
    GroupId::new(text).map(EveryOrGroup::Group).map_err(|error| error.to_string())
}

/// Show how much consumer groups have not read, in records and in time
///
/// Commits are read first, ends of logs after. The age is how long the next unread record has
/// waited, by its timestamp. Lag is counted in offsets, which transactions and compaction take up
/// too; `--exact` counts the records among them.
#[expect(clippy::struct_excessive_bools, reason = "flags are what a command line has")]
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The groups; all of them if none is named
    #[arg(value_name = "GROUP")]
    pub groups: Vec<GroupId>,

    /// Only this topic, or some of its partitions
    #[arg(long = "topic", value_name = "TOPIC[:PARTITIONS]", value_parser = Scope::parse)]
    pub topics: Vec<Scope>,

    /// What a row is of
    #[arg(long, value_name = "WHAT", value_enum, default_value = "partition")]
    pub by: By,

    /// Count the unread records, without markers of transactions and holes of compaction
    #[arg(long)]
    pub exact: bool,

    /// Whether records of transactions that are still open count as unread
    #[arg(long, value_name = "LEVEL", value_enum, default_value = "read-uncommitted")]
    pub isolation: Isolation,

    /// Look again and again, with rates, until SIGINT [default: 2s]
    #[arg(long, value_name = "EVERY", num_args = 0..=1, value_parser = every_or_group)]
    #[arg(default_missing_value = "2s", conflicts_with = "wait")]
    pub watch: Option<EveryOrGroup>,

    /// With --watch, end after so many looks
    #[arg(short = 'n', long, value_name = "N", value_parser = value::count, requires = "watch")]
    pub count: Option<u64>,

    /// Exit with 9 if the lag of a row is above this; with --exact, its records
    #[arg(long, value_name = "N", value_parser = value::count)]
    pub max: Option<u64>,

    /// Exit with 9 if the age of a row is above this
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub max_age: Option<Duration>,

    /// Wait until nothing is unread, at most --timeout if that is given
    #[arg(long)]
    pub wait: bool,

    /// Serve OpenMetrics over HTTP on `/metrics`, as `:9308`, until SIGINT or SIGTERM
    #[arg(long, value_name = "[HOST]:PORT", value_parser = serve::address)]
    #[arg(conflicts_with_all = ["watch", "wait", "max", "max_age", "output", "json", "no_headers"])]
    pub serve: Option<SocketAddr>,

    /// Let --serve listen where other machines can ask
    #[arg(long, requires = "serve")]
    pub allow_remote: bool,

    /// Answer in this form
    #[arg(long, value_name = "FORMAT", value_enum, conflicts_with = "json")]
    pub output: Option<Form>,

    /// Answer in JSON, as `--output json`; errors too
    #[arg(long)]
    pub json: bool,

    /// Leave out the line of headers
    #[arg(long)]
    pub no_headers: bool,
}

impl Args {
    /// How its rows are to be answered.
    pub fn answer(&self) -> AnswerArgs {
        let output = self.output.map(|form| match form {
            Form::Json => Format::Json,
            Form::Tsv => Format::Tsv,
            Form::Table | Form::Openmetrics => Format::Table,
        });
        AnswerArgs { output, json: self.json, no_headers: self.no_headers }
    }

    /// The pause between two looks, if it is to look again and again.
    fn every(&self) -> Option<Duration> {
        self.watch.as_ref().map(|word| match word {
            EveryOrGroup::Every(every) => *every,
            EveryOrGroup::Group(_) => WATCH_DEFAULT,
        })
    }

    /// What is asked of the cluster.
    fn asked(&self, ages: bool) -> Asked<'_> {
        let committed_only = self.isolation == Isolation::ReadCommitted;
        let (groups, topics, exact) = (&self.groups, &self.topics, self.exact);
        Asked { groups, topics, committed_only, exact, ages }
    }

    /// The columns of its rows.
    fn columns(&self) -> &'static [Column] {
        rows::columns(self.by).of(self.watch.is_some(), self.exact)
    }
}

/// Answers with the lag.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let mut args = args.clone();
    if let Some(EveryOrGroup::Group(group)) = &args.watch {
        args.groups.push(group.clone());
    }
    let args = &args;
    let metrics = args.output == Some(Form::Openmetrics);
    if metrics && args.watch.is_some() {
        return Err(Failure::usage("`--output openmetrics` is printed once, without `--watch`"));
    }
    let until = context.global.timeout.filter(|_| args.wait).map(|t| Instant::now() + t);
    if let Some(until) = until {
        context.cluster()?.end_by(until);
    }
    check_topics(context, args)?;
    if let Some(address) = args.serve {
        return serve::serve(context, args, address);
    }
    if let Some(every) = args.every() {
        return watch(context, args, every);
    }
    if args.wait {
        let status = wait(context, args, until)?;
        if status != Status::Done {
            return Ok(status);
        }
    }
    let Found { total, places, mut failures, unseen } = collect(context, args.asked(true))?;
    let rows = rows(&places, args.by);
    if metrics {
        let text = metrics::text(&rows, args.by);
        tell_metrics(context, &text)?;
    } else if failures.len() < total || total == 0 {
        context.answer(&table(&rows, args))?;
    }
    // What can be looked at is not hidden by what cannot.
    let total = total + unseen.len();
    failures.extend(unseen);
    let status = context.conclude(total, failures)?;
    check_limits(context, args, &rows)?;
    Ok(status)
}

/// Writes metrics; on a terminal, nothing in a name may drive it.
fn tell_metrics(context: &Context, text: &str) -> Result<(), Failure> {
    let mut safe = String::with_capacity(text.len());
    for line in text.lines() {
        if context.out.stdout_is_terminal() {
            safe.push_str(&units::safe_text(line));
        } else {
            safe.push_str(line);
        }
        safe.push('\n');
    }
    context.out.raw(safe.as_bytes()).map_err(Failure::stdout)
}

/// Refuses topics that do not exist: their lag would be nothing, and that of a slip too.
fn check_topics(context: &Context, args: &Args) -> Result<(), Failure> {
    let names: Vec<TopicName> = args.topics.iter().map(|scope| scope.topic.clone()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let doing = "show lag";
    let outcomes = context
        .cluster()?
        .describe_topics(&names)
        .map_err(|error| context.failure(doing, error))?;
    for (outcome, scope) in outcomes.into_iter().zip(&args.topics) {
        let topic = outcome.result.map_err(|error| context.failure(doing, error))?;
        let count = topic.partitions.len();
        let is_missing = |&&n: &&i32| usize::try_from(n).map_or(true, |n| n >= count);
        if let Some(n) = scope.partitions.iter().flatten().find(is_missing) {
            let error = ClusterError::unknown_partition(scope.topic.as_str(), *n, count);
            return Err(context.failure(doing, error));
        }
    }
    Ok(())
}

/// The table of one look.
fn table(rows: &[Row], args: &Args) -> Table {
    let mut table = Table::new(KIND, args.columns());
    for row in rows {
        table.push(row.cells(args.by, args.exact));
    }
    table
}

/// Fails at the first row above a limit; says of which rows that cannot be told.
fn check_limits(context: &Context, args: &Args, rows: &[Row]) -> Result<(), Failure> {
    let crossed = |told| Err(Failure::new(Status::Threshold, "THRESHOLD_CROSSED", told));
    for row in rows {
        let of = row.key.told(args.by);
        let (lag, age_ms) = (row.unread(args.exact), row.sum.age_ms);
        if (args.max.is_some() && lag.is_none()) || (args.max_age.is_some() && age_ms.is_none()) {
            context.out.warn(format_args!("what is to be limited of {of} is not known"));
        }
        if let (Some(max), Some(lag)) = (args.max, lag)
            && lag.unsigned_abs() > max
        {
            let what = if args.exact { "number of unread records" } else { "lag" };
            return crossed(format!("the {what} of {of} is {lag}, above {max}"));
        }
        if let (Some(max), Some(ms)) = (args.max_age, age_ms) {
            let age = Duration::from_millis(ms.unsigned_abs());
            if age > max {
                let (age, max) = (units::duration(age), units::duration(max));
                return crossed(format!("the age of {of} is {age}, above {max}"));
            }
        }
    }
    Ok(())
}

/// Waits until nothing is unread, or until `until`.
fn wait(context: &Context, args: &Args, until: Option<Instant>) -> Result<Status, Failure> {
    let stop = context.stop()?;
    let started = Instant::now();
    let mut patience = Patience::new(context, stop, until);
    loop {
        let Some(mut found) = patience.collect(args.asked(false))? else {
            return Ok(stop.status_or(Status::Done));
        };
        if let Some(failure) = found.failures.pop() {
            return Err(failure);
        }
        let away = |failure: &Failure| failure.status == Status::Unreachable;
        let (away, unseen): (Vec<_>, Vec<_>) = found.unseen.into_iter().partition(away);
        if let Some(failure) = unseen.into_iter().next() {
            return Err(failure);
        }
        let unread = |place: &Place| {
            let lag = place.lag.map(|lag| lag.lag);
            if args.exact { place.records } else { lag }
        };
        let lag = found.places.iter().filter_map(unread).fold(0, i64::saturating_add);
        // A partition whose broker is away for now may have anything unread.
        if lag == 0 && away.is_empty() {
            return Ok(Status::Done);
        }
        let left = until.map_or(WAIT_STEP, |at| at.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            let after = units::duration(started.elapsed());
            let message = format!("the lag is still {lag} after {after}");
            return Err(Failure::new(Status::Unreachable, ErrorKind::TimedOut.code(), message));
        }
        if stop.wait(left.min(WAIT_STEP)) {
            return Ok(stop.status_or(Status::Done));
        }
    }
}

/// Looks again and again.
fn watch(context: &Context, args: &Args, every: Duration) -> Result<Status, Failure> {
    let stop = context.stop()?;
    let (mut watch, mut patience) = (Watch::default(), Patience::new(context, stop, None));
    let mut looks = 0_u64;
    loop {
        let Some(found) = patience.collect(args.asked(true))? else {
            return Ok(stop.status_or(Status::Done));
        };
        let Found { total, places, failures, .. } = found;
        if !failures.is_empty() {
            return context.conclude(total, failures);
        }
        let now = Instant::now();
        let rows = rows(&places, args.by);
        let mut table = Table::new(KIND, args.columns());
        for row in &rows {
            let mut cells = row.cells(args.by, args.exact);
            cells.extend(watch.cells(row, now));
            table.push(cells);
        }
        if context.out.redraws() {
            context.out.raw(CLEAR).map_err(Failure::stdout)?;
        } else if looks > 0 && context.out.format() == Format::Table {
            context.out.raw(b"\n").map_err(Failure::stdout)?;
        }
        context.answer(&table)?;
        check_limits(context, args, &rows)?;
        looks += 1;
        if args.count.is_some_and(|count| looks >= count) {
            return Ok(Status::Done);
        }
        context.pass_on();
        if stop.wait(every) {
            return Ok(stop.status_or(Status::Done));
        }
    }
}
