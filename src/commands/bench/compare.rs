//! Owns `kaw bench compare`: whether one run is better than another, with how sure that is. Leaves
//! the arithmetic to `load::stats`.

use std::ffi::OsString;
use std::path::Path;

use serde_json::Value;

use super::{Verb, file, measure};
use crate::cli::global::AnswerArgs;
use crate::cli::{self, Command, Instead};
use crate::commands::{Context, Failure, Status};
use crate::load::advice::Ended;
use crate::load::stats::{Ratio, centre, paired, welch};
use crate::out::{Cell, Column, Table};
use crate::value;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw bench compare a.json b.json
  kaw bench compare 'produce try -n 2k --acks 1' 'produce try -n 2k -z lz4 --acks 1' --pairs 3";

/// What it answers with.
pub const KIND: &str = "bench.compare";

/// The columns of a comparison.
pub const COLUMNS: &[Column] = &[
    Column::text("METRIC", "What is compared: records_per_s, latency_p50_us, latency_p99_us."),
    Column::number("A", "Its geometric mean in A, of pairs or of seconds."),
    Column::number("B", "The same in B."),
    Column::number("RATIO", "B by A; null where there is too little to tell."),
    Column::number("LOW", "The lower end of the 95 % confidence interval."),
    Column::number("HIGH", "The upper end."),
    Column::text("VERDICT", "A or B where one is better, or cannot tell."),
];

/// The fewest and the most pairs.
const PAIRS: std::ops::RangeInclusive<u64> = 2..=1000;

/// What is compared, and whether more of it is better.
const METRICS: [(&str, &str, bool); 3] = [
    ("records_per_s", "records", true),
    ("latency_p50_us", "p50_us", false),
    ("latency_p99_us", "p99_us", false),
];

/// Compare two runs, or two commands in turns
///
/// A and B are runs that --save has written, or commands of `kaw bench`, each as one argument.
/// Commands are run in pairs, the order changing from pair to pair, so that what the machine does
/// meanwhile falls on both. Saved runs are compared second by second; seconds of one run are alike,
/// so pairs are to be trusted more.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A saved run, or a command: `produce TOPIC --acks 1`
    #[arg(value_name = "A")]
    pub a: String,

    /// The other
    #[arg(value_name = "B")]
    pub b: String,

    /// How often each command is run [default: 5]
    #[arg(long, value_name = "N", value_parser = pairs)]
    pub pairs: Option<u64>,

    /// How the answer looks.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// A number of pairs.
fn pairs(text: &str) -> Result<u64, String> {
    let pairs = value::count(text)?;
    let (least, most) = (PAIRS.start(), PAIRS.end());
    if PAIRS.contains(&pairs) {
        Ok(pairs)
    } else {
        Err(format!("{pairs} is not from {least} to {most}"))
    }
}

/// What two runs should have in common, but for what is compared.
const SETTING: [&str; 16] = [
    "verb",
    "target",
    "kaw_version",
    "kernel",
    "cores",
    "durability",
    "compression",
    "batch_bytes",
    "partitions",
    "producers",
    "consumers",
    "shape",
    "seed",
    "rate_asked",
    "warmup_ms",
    "ended",
];

/// Samples of each metric.
type Samples = [Vec<f64>; METRICS.len()];

/// One side of a comparison.
#[derive(Debug, Default)]
struct Side {
    /// What was measured.
    samples: Samples,
    /// The row of the run, or of the first of several.
    run: Value,
}

/// Compares.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let (a, b) = (command(&args.a)?, command(&args.b)?);
    let (a, b, in_pairs) = match (a, b) {
        (None, None) if args.pairs.is_some() => {
            return Err(Failure::usage("--pairs is for commands, and these are files"));
        }
        (None, None) => (saved(&args.a)?, saved(&args.b)?, false),
        (Some(a), Some(b)) => {
            let Some((a, b)) = run_pairs(context, &a, &b, args.pairs.unwrap_or(5))? else {
                return Ok(context.stop()?.status_or(Status::Done));
            };
            (a, b, true)
        }
        _ => return Err(Failure::usage("one is a command and the other a file: two of a kind")),
    };
    let mut table = Table::new(KIND, COLUMNS);
    let mut unclear = None;
    let samples = a.samples.iter().zip(&b.samples);
    for ((metric, _, more_is_better), (a, b)) in METRICS.iter().zip(samples) {
        if a.is_empty() || b.is_empty() {
            continue;
        }
        let ratio = if in_pairs { paired(a, b) } else { welch(a, b) };
        let verdict = verdict(ratio, *more_is_better);
        if verdict == "cannot tell" {
            unclear = unclear.or(Some((*metric, ratio, a.len())));
        }
        table.push(vec![
            Cell::text(*metric),
            Cell::Int(centre(a).round() as i64),
            Cell::Int(centre(b).round() as i64),
            Cell::maybe(ratio, |ratio| Cell::Real(ratio.ratio)),
            Cell::maybe(ratio, |ratio| Cell::Real(ratio.low)),
            Cell::maybe(ratio, |ratio| Cell::Real(ratio.high)),
            Cell::text(verdict),
        ]);
    }
    context.answer(&table)?;
    if let Some(differences) = differences(&a.run, &b.run) {
        context.out.hint(differences);
    }
    if let Some((metric, ratio, samples)) = unclear {
        context.out.hint(advice(metric, ratio, samples, in_pairs));
    }
    Ok(Status::Done)
}

/// In what two runs differ, in words.
fn differences(a: &Value, b: &Value) -> Option<String> {
    let text = |of: &Value| of.as_str().map_or_else(|| of.to_string(), str::to_owned);
    let differs = |key: &&str| a.get(key) != b.get(key);
    let told = |key: &str| {
        let of = |run: &Value| run.get(key).map_or_else(|| "nothing".to_owned(), text);
        format!("{key} ({} and {})", of(a), of(b))
    };
    let found: Vec<String> = SETTING.into_iter().filter(differs).map(told).collect();
    (!found.is_empty()).then(|| format!("A and B differ in {}", found.join(", ")))
}

/// Who is better.
fn verdict(ratio: Option<Ratio>, more_is_better: bool) -> &'static str {
    match ratio {
        Some(ratio) if ratio.is_clear() => {
            if (ratio.ratio > 1.0) == more_is_better {
                "B"
            } else {
                "A"
            }
        }
        _ => "cannot tell",
    }
}

/// What to do where it cannot be told.
fn advice(metric: &str, ratio: Option<Ratio>, samples: usize, in_pairs: bool) -> String {
    let Some(Ratio { ratio, low, high }) = ratio else {
        return format!(
            "{metric}: there are too few samples, or seconds in which nothing was done; measure \
             longer"
        );
    };
    let more = if in_pairs { "more `--pairs`" } else { "longer runs, or commands in pairs" };
    // The interval narrows with the root of the number.
    let (half, off) = ((high / low).ln() / 2.0, ratio.ln().abs());
    let needed = samples as f64 * (half / off.max(1e-9)).powi(2);
    let what = if in_pairs { "pairs" } else { "seconds" };
    let many = if needed < 1000.0 {
        format!("about {} {what} would tell", needed.round())
    } else {
        "they may well be the same".to_owned()
    };
    format!(
        "{metric}: the interval {low:.3}..{high:.3} holds 1, so it cannot be told: {more}; {many}"
    )
}

/// The command that an argument is, if it is one and not a file.
fn command(text: &str) -> Result<Option<Verb>, Failure> {
    let mut words: Vec<OsString> = vec!["kaw".into(), "bench".into()];
    let typed: Vec<&str> = text.split_whitespace().collect();
    if !matches!(typed.as_slice(), ["produce" | "consume" | "latency", _, ..]) {
        return Ok(None);
    }
    words.extend(typed.iter().map(OsString::from));
    match cli::parse(&words) {
        Ok(cli) => match cli.command {
            Command::Bench(args) if args.verb.is_judged() => Err(Failure::usage(format!(
                "`{}`: what is compared is neither saved, drawn nor judged on its own",
                text.escape_debug()
            ))),
            Command::Bench(args) => Ok(Some(args.verb)),
            _ => Ok(None),
        },
        Err(Instead::Usage { message, .. }) => {
            Err(Failure::usage(format!("`{}`: {message}", text.escape_debug())))
        }
        Err(_) => Err(Failure::usage(format!("`{}` is no measurement", text.escape_debug()))),
    }
}

/// The samples of a saved run: its whole seconds.
fn saved(path: &str) -> Result<Side, Failure> {
    let run = file::read(Path::new(path))?;
    let number = |of: &Value, key: &str| of.get(key).and_then(Value::as_f64);
    let series = run.get("series").and_then(Value::as_array).cloned().unwrap_or_default();
    let whole = number(&run, "measured_ms").unwrap_or(0.0) as usize / 1000;
    // A second without records is one of the run, and one without latencies has none.
    let samples = METRICS.map(|(_, key, _)| {
        series.iter().take(whole).filter_map(|second| number(second, key)).collect()
    });
    Ok(Side { samples, run })
}

/// Runs both in turns; `None` if a signal ended it.
fn run_pairs(
    context: &Context,
    a: &Verb,
    b: &Verb,
    pairs: u64,
) -> Result<Option<(Side, Side)>, Failure> {
    let (mut of_a, mut of_b) = (Side::default(), Side::default());
    for pair in 0..pairs {
        context.out.status(format_args!("pair {} of {pairs}", pair + 1));
        let mut order = [(a, &mut of_a), (b, &mut of_b)];
        if pair % 2 == 1 {
            order.reverse();
        }
        for (command, side) in order {
            let report = measure(context, command)?;
            if report.ended == Ended::Signal {
                return Ok(None);
            }
            if report.failures() > 0 {
                return Err(super::failed(&report));
            }
            let [rates, p50s, p99s] = &mut side.samples;
            let latency = report.latency();
            rates.push(report.recorder.rate());
            p50s.extend(latency.map(|latency| latency.p50.max(1) as f64));
            p99s.extend(latency.map(|latency| latency.p99.max(1) as f64));
            if side.run.is_null() {
                side.run = file::parsed(&report.json()).unwrap_or_default();
            }
        }
    }
    Ok(Some((of_a, of_b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_a_command_or_a_file() {
        assert!(matches!(command("produce t --acks 1"), Ok(Some(Verb::Produce(_)))));
        assert!(matches!(command("latency t --rate 1k/s"), Ok(Some(Verb::Latency(_)))));
        assert!(matches!(command("a.json"), Ok(None)));
        assert!(command("produce t --nope").is_err());
    }

    #[test]
    fn a_verdict_needs_an_interval_without_1() {
        let ratio = |ratio, low, high| Some(Ratio { ratio, low, high });
        assert_eq!(verdict(ratio(1.5, 1.2, 1.8), true), "B");
        assert_eq!(verdict(ratio(1.5, 1.2, 1.8), false), "A");
        assert_eq!(verdict(ratio(1.1, 0.9, 1.3), true), "cannot tell");
        assert_eq!(verdict(None, true), "cannot tell");
    }

    #[test]
    fn advice_says_how_much_more_is_needed() {
        // Half the width is four times the difference, so sixteen times the pairs.
        let ratio = Ratio { ratio: 0.01_f64.exp(), low: (-0.03_f64).exp(), high: 0.05_f64.exp() };
        let text = advice("records_per_s", Some(ratio), 5, true);
        assert!(text.contains("about 80 pairs"), "{text}");
    }
}
