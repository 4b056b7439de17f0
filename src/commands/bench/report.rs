//! Owns what is told of a run: one row of facts, which is also what is saved, and the same for
//! people. Leaves measuring to the verbs, drawings to `plot`.

use std::time::Duration;

use crate::load::advice::{self, Advice, Ended, Facts};
use crate::load::check::Faults;
use crate::load::series::Recorder;
use crate::load::stats::Summary;
use crate::out::chart::{histogram, sparkline_within};
use crate::out::{Cell, Column, Format, Table, units};

/// What a run answers with.
pub const KIND: &str = "bench.run";

/// The widest line of a sparkline.
const SPARKLINE_WIDTH: usize = 60;

/// The columns of a run.
pub const COLUMNS: &[Column] = &[
    Column::text("VERB", "What was measured: produce, consume or latency."),
    Column::text("TOPIC", "The topic."),
    Column::text("TARGET", "The target."),
    Column::text("KAW-VERSION", "The version of kaw."),
    Column::text("STARTED", "When the run began."),
    Column::text("KERNEL", "The kernel of the machine that measured."),
    Column::number("CORES", "Its processors."),
    Column::text("DURABILITY", "What an acknowledged record survives; null if none was produced."),
    Column::text("COMPRESSION", "The codec; null where it was left to the topic."),
    Column::number("BATCH-BYTES", "Bytes of a batch; null where that was left to the target."),
    Column::number("PARTITIONS", "Partitions of the topic."),
    Column::number("PRODUCERS", "Producers."),
    Column::number("CONSUMERS", "Consumers."),
    Column::text("SHAPE", "What the records look like."),
    Column::number("SEED", "What they were drawn from."),
    Column::number(
        "RATE-ASKED",
        "Records a second that were asked for; null if there was no rate.",
    ),
    Column::number("WARMUP-MS", "What was not measured before, in ms."),
    Column::number("MEASURED-MS", "What was measured, in ms."),
    Column::number("RECORDS", "Records that were done while it was measured."),
    Column::number("BYTES", "Bytes of their keys and values."),
    Column::number("RECORDS-PER-S", "Records a second."),
    Column::number("BYTES-PER-S", "Bytes a second."),
    Column::number("RECORDS-ALL", "Records that were done, with those of the warm-up."),
    Column::number("FAILED", "Records that were not acknowledged."),
    Column::number("MISSING", "Records that were acknowledged, and not read."),
    Column::number("DOUBLED", "Records that were read twice."),
    Column::number("DISORDERED", "Records that were read behind later ones of their producer."),
    Column::number("DAMAGED", "Records whose bytes were not those that were sent."),
    Column::number("FOREIGN", "Records that no `kaw bench` has sent, and that were not checked."),
    Column::number("FIRST-RECORD-US", "From opening a consumer to its first record, in us."),
    Column::number("LATENCY-COUNT", "Latencies that were measured."),
    Column::number("LATENCY-MEAN-US", "Their mean, from the intended send time, in us."),
    Column::number("LATENCY-MIN-US", "The least."),
    Column::number("LATENCY-P50-US", "The median."),
    Column::number("LATENCY-P90-US", "The 90th percentile."),
    Column::number("LATENCY-P95-US", "The 95th percentile."),
    Column::number("LATENCY-P99-US", "The 99th percentile."),
    Column::number("LATENCY-P999-US", "99.9 of 100."),
    Column::number("LATENCY-P9999-US", "99.99 of 100."),
    Column::number("LATENCY-MAX-US", "The most."),
    Column::number(
        "SERVICE-P50-US",
        "The median from the actual send time, as a waiting loop sees.",
    ),
    Column::number("SERVICE-P99-US", "The 99th percentile of that."),
    Column::number("SERVICE-MAX-US", "The most of that."),
    Column::number("DISTRIBUTION", "The latencies that occurred."),
    Column::number("SERIES", "The seconds that were measured."),
    Column::number(
        "MAKING-SHARE",
        "The share of the producers' time that went into making records.",
    ),
    Column::number("BLOCKED-SHARE", "The share in which the target did not take any."),
    Column::number(
        "THROTTLED-MS",
        "For how long quotas of brokers held back requests, in ms; null on a directory.",
    ),
    Column::number("CPUS-USED", "Processors that kaw kept busy, on average."),
    Column::text("ENDED", "How it ended: whole, signal or failure."),
    Column::text("ADVICE", "What the run has to say about itself."),
];

/// The columns of a distribution.
pub const DISTRIBUTION_COLUMNS: &[Column] = &[
    Column::number("US", "A latency in us, to three digits."),
    Column::number("COUNT", "How often it occurred."),
];

/// The columns of a series.
pub const SERIES_COLUMNS: &[Column] = &[
    Column::number("SECOND", "The second, from when measuring began; the last may not be whole."),
    Column::number("RECORDS", "Records that were done in it."),
    Column::number("BYTES", "Their bytes."),
    Column::number("P50-US", "The median of latency, in us; null where none was measured."),
    Column::number("P99-US", "The 99th percentile."),
    Column::number("MAX-US", "The most."),
];

/// The columns of a run for people.
const SHORT_COLUMNS: &[Column] = &[Column::text("WHAT", ""), Column::text("VALUE", "")];

/// How a run was set up.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// The verb.
    pub verb: &'static str,
    /// The topic.
    pub topic: String,
    /// The target.
    pub target: String,
    /// When it began, in ms since the epoch.
    pub started_ms: i64,
    /// What an acknowledged record survives.
    pub durability: Option<&'static str>,
    /// The codec.
    pub compression: Option<&'static str>,
    /// Bytes of a batch.
    pub batch_bytes: Option<usize>,
    /// Partitions.
    pub partitions: usize,
    /// Producers.
    pub producers: u32,
    /// Consumers.
    pub consumers: u32,
    /// What records look like.
    pub shape: Option<String>,
    /// What they were drawn from.
    pub seed: Option<u64>,
    /// The rate that was asked for.
    pub rate: Option<f64>,
    /// The warm-up.
    pub warmup: Duration,
    /// Processors of this machine.
    pub cpus: usize,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Report {
    /// How it was set up.
    pub setting: Setting,
    /// What was measured.
    pub recorder: Recorder,
    /// Records that were not acknowledged, and the first reason.
    pub failed: u64,
    /// The first reason.
    pub failure: Option<String>,
    /// What was wrong with what was read; `None` where nothing was.
    pub faults: Option<Faults>,
    /// Records of others.
    pub foreign: u64,
    /// From opening to the first record.
    pub first: Option<Duration>,
    /// What the run says of itself.
    pub advice: Vec<Advice>,
    /// How it ended.
    pub ended: Ended,
    /// The share of time that went into making records.
    making: f64,
    /// The share of time in which the target took none.
    blocked: f64,
    /// For how long quotas held it back, where there are any.
    throttled: Option<Duration>,
    /// Processors that were kept busy.
    cpus_used: f64,
}

impl Report {
    /// One of a run that is over; the facts for advice that are in what was measured are added.
    pub fn new(setting: Setting, recorder: Recorder, mut facts: Facts) -> Self {
        facts.rate_asked = setting.rate;
        facts.rate = recorder.rate();
        facts.steps = recorder.step_rates();
        facts.span = Duration::from_nanos(recorder.span_ns());
        facts.cpus = setting.cpus;
        Self {
            advice: advice::advise(&facts),
            setting,
            recorder,
            failed: 0,
            failure: None,
            faults: None,
            foreign: 0,
            first: None,
            ended: facts.ended,
            making: facts.making,
            blocked: facts.blocked,
            throttled: facts.throttled,
            cpus_used: facts.cpus_used,
        }
    }

    /// Records that failed in any way.
    pub fn failures(&self) -> u64 {
        self.failed + self.faults.map_or(0, |faults| faults.total())
    }

    /// The latencies, if there are any.
    pub fn latency(&self) -> Option<Summary> {
        (self.recorder.latency.count() > 0).then(|| self.recorder.latency.summary())
    }

    /// The row of facts.
    pub fn table(&self) -> Table {
        let mut table = Table::new(KIND, COLUMNS);
        let int = |n: u64| Cell::Int(n as i64);
        let mut row = self.setting_cells();
        let recorder = &self.recorder;
        row.extend([
            Cell::Span(self.setting.warmup),
            Cell::Span(Duration::from_nanos(recorder.span_ns())),
            int(recorder.records),
            Cell::Bytes(recorder.bytes),
            int(recorder.rate().round() as u64),
            int(recorder.byte_rate().round() as u64),
            int(recorder.all),
            int(self.failed),
        ]);
        let fault =
            |of: fn(Faults) -> u64| Cell::maybe(self.faults, |faults| Cell::Int(of(faults) as i64));
        row.extend([
            fault(|faults| faults.missing),
            fault(|faults| faults.doubled),
            fault(|faults| faults.disordered),
            fault(|faults| faults.damaged),
            Cell::maybe(self.faults, |_| int(self.foreign)),
            Cell::maybe(self.first, |first| int(first.as_micros() as u64)),
        ]);
        let latency = self.latency();
        let service = latency.map(|_| recorder.service.summary());
        let of = |summary: Option<Summary>, get: fn(Summary) -> u64| {
            Cell::maybe(summary, |summary| Cell::Int(get(summary) as i64))
        };
        row.extend([
            int(recorder.latency.count()),
            Cell::maybe(latency, |latency| Cell::Real(latency.mean)),
            of(latency, |s| s.min),
            of(latency, |s| s.p50),
            of(latency, |s| s.p90),
            of(latency, |s| s.p95),
            of(latency, |s| s.p99),
            of(latency, |s| s.p999),
            of(latency, |s| s.p9999),
            of(latency, |s| s.max),
            of(service, |s| s.p50),
            of(service, |s| s.p99),
            of(service, |s| s.max),
            Cell::Items(Box::new(self.distribution())),
            Cell::Items(Box::new(self.series())),
            Cell::maybe(self.setting.durability, |_| Cell::Real(self.making)),
            Cell::maybe(self.setting.durability, |_| Cell::Real(self.blocked)),
            Cell::maybe(self.throttled, Cell::Span),
            Cell::Real(self.cpus_used),
            Cell::text(self.ended.name()),
            Cell::List(self.advice.iter().map(ToString::to_string).collect()),
        ]);
        table.push(row);
        table
    }

    /// The cells of how it was set up.
    fn setting_cells(&self) -> Vec<Cell> {
        let setting = &self.setting;
        let text = |text: &str| Cell::text(text);
        vec![
            text(setting.verb),
            text(&setting.topic),
            text(&setting.target),
            text(env!("CARGO_PKG_VERSION")),
            Cell::Time(setting.started_ms),
            Cell::text(crate::sys::kernel()),
            Cell::Int(setting.cpus as i64),
            Cell::maybe(setting.durability, Cell::text),
            Cell::maybe(setting.compression, Cell::text),
            Cell::maybe(setting.batch_bytes, |bytes| Cell::Bytes(bytes as u64)),
            Cell::Int(setting.partitions as i64),
            Cell::Int(i64::from(setting.producers)),
            Cell::Int(i64::from(setting.consumers)),
            Cell::maybe(setting.shape.as_deref(), text),
            Cell::maybe(setting.seed, |seed| Cell::Int(seed as i64)),
            Cell::maybe(setting.rate, Cell::Real),
        ]
    }

    /// The whole distribution.
    fn distribution(&self) -> Table {
        let mut table = Table::new(KIND, DISTRIBUTION_COLUMNS);
        for (us, count) in self.recorder.latency.distribution() {
            table.push(vec![Cell::Int(us as i64), Cell::Int(count as i64)]);
        }
        table
    }

    /// Second by second.
    fn series(&self) -> Table {
        let mut table = Table::new(KIND, SERIES_COLUMNS);
        let int = |n: u64| Cell::Int(n as i64);
        for (second, at) in self.recorder.seconds().iter().enumerate() {
            // The least latency that is told is 1 us.
            let us = |us: u64| Cell::maybe((us > 0).then_some(us), int);
            let mut row = vec![int(second as u64), int(at.records), int(at.bytes)];
            row.extend([us(at.p50), us(at.p99), us(at.max)]);
            table.push(row);
        }
        table
    }

    /// The run as it is saved.
    pub fn json(&self) -> String {
        self.table().render(Format::Json, true, false)
    }

    /// The run for people: what was measured, then how the latencies lie, then how it went.
    pub fn text(&self, terminal: bool) -> String {
        let mut table = Table::new(KIND, SHORT_COLUMNS);
        for (what, value) in self.lines() {
            table.push(vec![Cell::text(what), Cell::text(value)]);
        }
        let mut text = table.render(Format::Table, false, terminal);
        let steps = spread(&self.recorder.latency.distribution());
        if !steps.is_empty() {
            text += "\n";
            text += &histogram(&steps);
        }
        let rates = self.recorder.step_rates();
        if rates.len() > 1 {
            let most = rates.iter().copied().fold(0.0, f64::max);
            let line = sparkline_within(&rates, SPARKLINE_WIDTH);
            text.extend([format!("\nrecords/s  {line}  at most {}/s\n", count(most))]);
        }
        text
    }

    /// The lines of the table for people.
    fn lines(&self) -> Vec<(&'static str, String)> {
        let (setting, recorder) = (&self.setting, &self.recorder);
        let span = Duration::from_nanos(recorder.span_ns());
        let mut lines = vec![("target", setting.target.clone())];
        let mut how =
            format!("{}, {}", setting.topic, units::plural(setting.partitions as u64, "partition"));
        for (n, noun) in [(setting.producers, "producer"), (setting.consumers, "consumer")] {
            if n > 0 {
                how.extend([format!(", {}", units::plural(u64::from(n), noun))]);
            }
        }
        lines.push(("topic", how));
        if let Some(durability) = setting.durability {
            let batch = setting.batch_bytes.map_or_else(String::new, |bytes| {
                format!(", batches of {}", units::bytes(bytes as u64))
            });
            let codec = setting.compression.unwrap_or("as the topic has it");
            lines
                .push(("delivery", format!("durability {durability}, compression {codec}{batch}")));
        }
        if let Some(shape) = &setting.shape {
            let seed = setting.seed.unwrap_or(0);
            lines.push(("records", format!("{shape}; seed {seed}")));
        }
        if let Some(rate) = setting.rate {
            lines.push(("asked for", format!("{}/s", count(rate))));
        }
        let mut measured = format!(
            "{}, {} in {}",
            units::plural(recorder.records, "record"),
            units::bytes(recorder.bytes),
            units::duration(span)
        );
        if !setting.warmup.is_zero() {
            measured.extend([format!(" after {} of warm-up", units::duration(setting.warmup))]);
        }
        lines.push(("measured", measured));
        let bytes = units::bytes(recorder.byte_rate().round() as u64);
        lines.push(("throughput", format!("{}/s, {bytes}/s", count(recorder.rate()))));
        if let Some(first) = self.first {
            lines.push(("first record", units::duration(first)));
        }
        lines.extend(self.latency_lines());
        if let Some(throttled) = self.throttled.filter(|throttled| !throttled.is_zero()) {
            lines.push(("throttled", format!("for {} by quotas", units::duration(throttled))));
        }
        lines.push(("failures", self.failures_text()));
        if self.foreign > 0 {
            let foreign = units::plural(self.foreign, "record");
            lines.push((
                "foreign",
                format!("{foreign} that no bench sent, and that were not checked"),
            ));
        }
        let machine = format!(
            "{}, {} cores, kaw {}",
            crate::sys::kernel(),
            setting.cpus,
            env!("CARGO_PKG_VERSION")
        );
        lines.push(("machine", machine));
        lines
    }

    /// The lines of latency.
    fn latency_lines(&self) -> Vec<(&'static str, String)> {
        let Some(latency) = self.latency() else { return Vec::new() };
        let us = |us: u64| units::duration(Duration::from_micros(us));
        let Summary { mean, p50, p90, p95, p99, p999, p9999, max, .. } = latency;
        let service = self.recorder.service.summary();
        vec![
            (
                "latency",
                format!(
                    "mean {}, p50 {}, p90 {}, p95 {}",
                    us(mean.round() as u64),
                    us(p50),
                    us(p90),
                    us(p95)
                ),
            ),
            (
                "tail",
                format!(
                    "p99 {}, p99.9 {}, p99.99 {}, max {}",
                    us(p99),
                    us(p999),
                    us(p9999),
                    us(max)
                ),
            ),
            (
                "once sent",
                format!(
                    "p50 {}, p99 {}, max {}",
                    us(service.p50),
                    us(service.p99),
                    us(service.max)
                ),
            ),
        ]
    }

    /// What failed, in words.
    pub fn failures_text(&self) -> String {
        let mut parts = Vec::new();
        let mut part = |n: u64, what: &str| {
            if n > 0 {
                parts.push(format!("{} {what}", units::count(n)));
            }
        };
        part(self.failed, "not acknowledged");
        if let Some(faults) = self.faults {
            part(faults.missing, "missing");
            part(faults.doubled, "doubled");
            part(faults.disordered, "out of order");
            part(faults.damaged, "damaged");
        }
        if parts.is_empty() {
            let checked = self.faults.is_some_and(|_| self.recorder.all > self.foreign);
            return if checked {
                "none; order, gaps, doubles and checksums are right"
            } else {
                "none"
            }
            .to_owned();
        }
        parts.join(", ")
    }
}

/// A rate as a whole number, a slow one with a digit behind the point.
fn count(rate: f64) -> String {
    if rate < 100.0 && rate.fract() != 0.0 {
        return format!("{rate:.1}");
    }
    units::count(rate.round() as u64)
}

/// Latencies in steps of 1, 2 and 5 times a power of ten, from the first that has any to the last.
fn spread(distribution: &[(u64, u64)]) -> Vec<(String, u64)> {
    let bounds: Vec<u64> = (0..10_u32).flat_map(|e| [1, 2, 5].map(|n| n * 10_u64.pow(e))).collect();
    let mut counts = vec![0_u64; bounds.len()];
    for (us, count) in distribution {
        let at = bounds.partition_point(|bound| bound < us);
        if let Some(sum) = counts.get_mut(at.min(bounds.len() - 1)) {
            *sum += count;
        }
    }
    let first = counts.iter().position(|&n| n > 0);
    let last = counts.iter().rposition(|&n| n > 0);
    let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
    let steps = bounds.iter().zip(counts).skip(first).take(last - first + 1);
    steps.map(|(&us, n)| (format!("to {}", step(us)), n)).collect()
}

/// A bound of a step, which is a whole number of its unit.
fn step(us: u64) -> String {
    match us {
        0..1000 => format!("{us} us"),
        1000..1_000_000 => format!("{} ms", us / 1000),
        _ => format!("{} s", us / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut recorder = Recorder::new(0, Some(2_000_000_000));
        for n in 0..2000_u64 {
            let done = n * 1_000_000;
            recorder.latency(done, done.saturating_sub(150_000), done.saturating_sub(100_000), 1);
            recorder.count(done, 1, 100);
        }
        recorder.close();
        let setting = Setting { verb: "produce", topic: "t".into(), cpus: 2, ..Setting::default() };
        Report::new(setting, recorder, Facts::default())
    }

    #[test]
    fn the_row_is_json_with_the_whole_distribution() {
        let json: serde_json::Value = serde_json::from_str(&report().json()).unwrap();
        let run = &json["items"][0];
        assert_eq!(run["records_per_s"], 1000);
        assert_eq!(run["latency_p50_us"], 150);
        assert_eq!(run["service_p99_us"], 100);
        let counts =
            run["distribution"].as_array().unwrap().iter().map(|d| d["count"].as_u64().unwrap());
        assert_eq!(counts.sum::<u64>(), 2000);
        assert_eq!(run["series"].as_array().unwrap().len(), 2);
        assert_eq!(run["missing"], serde_json::Value::Null);
    }

    #[test]
    fn failures_are_told_by_kind() {
        let mut report = report();
        assert_eq!((report.failures(), report.failures_text()), (0, "none".to_owned()));
        report.failed = 3;
        report.faults = Some(Faults { missing: 2, doubled: 1, ..Faults::default() });
        assert_eq!(report.failures(), 6);
        assert_eq!(report.failures_text(), "3 not acknowledged, 2 missing, 1 doubled");
    }

    #[test]
    fn latencies_lie_in_steps() {
        let steps = spread(&[(1, 2), (7, 1), (10, 1), (900, 4), (3_000_000, 1)]);
        assert_eq!(steps.first(), Some(&("to 1 us".to_owned(), 2)));
        assert_eq!(steps[3], ("to 10 us".to_owned(), 2));
        assert_eq!(steps.last(), Some(&("to 5 s".to_owned(), 1)));
        assert!(spread(&[]).is_empty());
    }
}
