//! Owns the options that the verbs of `kaw bench` share, and what they add up to. Leaves the work
//! to the verbs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::cli::global::{self, AnswerArgs};
use crate::cluster::types::{Acks, ProducerOptions};
use crate::commands::Failure;
use crate::commands::produce::args::{acks, codec};
use crate::load::generate::{SIZE_MIN, Shape};
use crate::load::plan::{Amount, Plan};
use crate::load::send::Job;
use crate::partitioner::Partitioner;
use crate::record::{ARENA_MAX_BYTES, Compression};
use crate::topic::TopicName;
use crate::value::{self, Rate};

/// How long is measured where nothing else is said.
pub const DURATION: Duration = Duration::from_secs(10);
/// The warm-up of a run by time.
const WARMUP: Duration = Duration::from_secs(1);
/// The usual size of a value.
const SIZE: usize = 100;
/// The largest value: a batch of it is still sent whole.
const SIZE_MAX: u64 = 64 << 20;
/// The most producers or consumers: each has threads of its own.
const WORKERS_MAX: u64 = 256;
/// The smallest and the largest batch.
const BATCH_BYTES: std::ops::RangeInclusive<u64> = 1..=(ARENA_MAX_BYTES as u64 / 8);
/// What a batch is taken to hold where that is left to the back end.
const BATCH_BYTES_GUESS: usize = 128 << 10;

/// What is sent, and when.
#[derive(clap::Args, Clone, Debug)]
pub struct LoadArgs {
    /// Measure so many records, of all producers together
    #[arg(short = 'n', long, value_name = "N", value_parser = value::count)]
    #[arg(help_heading = "Load", conflicts_with = "duration")]
    pub records: Option<u64>,

    /// Measure for this long [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = value::duration, help_heading = "Load")]
    pub duration: Option<Duration>,

    /// Send for this long before measuring [default: 1s; 0s with --records]
    #[arg(long, value_name = "DURATION", value_parser = value::duration, help_heading = "Load")]
    pub warmup: Option<Duration>,

    /// Send at this rate whatever happens, records or bytes: 50k/s, 10MiB/s
    #[arg(long, value_name = "RATE", value_parser = value::rate, help_heading = "Load")]
    pub rate: Option<Rate>,

    /// Send by so many producers
    #[arg(long, value_name = "N", default_value = "1", value_parser = workers)]
    #[arg(help_heading = "Load")]
    pub producers: u32,

    /// The size of values, or a range of sizes: 1KiB, 100:2000 [default: 100]
    #[arg(long, value_name = "SIZE[:SIZE]", value_parser = sizes, help_heading = "Records")]
    #[arg(conflicts_with = "fake")]
    pub record_size: Option<(usize, usize)>,

    /// Send generated users
    #[arg(long, help_heading = "Records")]
    pub fake: bool,

    /// Give records one of so many keys
    #[arg(long, value_name = "N", value_parser = value::count, help_heading = "Records")]
    pub keys: Option<u64>,

    /// Draw keys by Zipf's law with this exponent, as 0.99; 0 is evenly
    #[arg(long, value_name = "S", value_parser = skew, help_heading = "Records")]
    #[arg(requires = "keys")]
    pub skew: Option<f64>,

    /// How much of a value compresses away, in percent
    #[arg(long, value_name = "PERCENT", value_parser = percent, default_value = "50")]
    #[arg(help_heading = "Records", conflicts_with = "fake")]
    pub compressible: f64,

    /// What keys, sizes and values are drawn from
    #[arg(long, value_name = "SEED", default_value_t = 0, help_heading = "Records")]
    pub seed: u64,

    /// Who chooses the partition: murmur2, crc32, round-robin, random
    #[arg(long, value_name = "NAME", default_value = "murmur2", help_heading = "Records")]
    pub partitioner: Partitioner,

    /// Let a record that is due wait this long for others [default: 0s]
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    #[arg(help_heading = "Delivery", requires = "rate")]
    pub linger: Option<Duration>,

    /// Partitions of a topic that has to be created [default: 1]
    #[arg(long, value_name = "N", value_parser = global::partitions, help_heading = "Delivery")]
    pub partitions: Option<i32>,

    /// Create a missing topic on brokers too
    #[arg(long, help_heading = "Delivery")]
    pub create: bool,

    /// Keep a topic that was created for this
    #[arg(long, help_heading = "Delivery")]
    pub keep: bool,
}

/// How records are delivered.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct DeliveryArgs {
    /// Count a record as done when: 0 sent, 1 the log has it, all it is on disk
    #[arg(long, value_name = "0|1|all", default_value = "all", value_parser = acks)]
    #[arg(help_heading = "Delivery", allow_negative_numbers = true)]
    pub acks: Acks,

    /// Compress batches: none, gzip, snappy, lz4, zstd [default: the topic's]
    #[arg(short = 'z', long, value_name = "CODEC", value_parser = codec, help_heading = "Delivery")]
    pub compression: Option<Compression>,

    /// Bytes of a batch before compression [default: what the target takes as such]
    #[arg(long, value_name = "SIZE", value_parser = batch, help_heading = "Delivery")]
    pub batch_size: Option<usize>,
}

/// What is done with what was measured.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct EndArgs {
    /// Save the run as JSON, for `kaw bench compare`
    #[arg(long, value_name = "FILE", help_heading = "Answer")]
    pub save: Option<PathBuf>,

    /// Draw the run
    #[arg(long, value_name = "FILE.svg|png", value_parser = picture, help_heading = "Answer")]
    pub plot: Option<PathBuf>,

    /// Exit with 9 if the 99th percentile of latency is above this
    #[arg(long, value_name = "DURATION", value_parser = value::duration, help_heading = "Answer")]
    pub max_p99: Option<Duration>,

    /// Exit with 9 if fewer records, or bytes, a second were done
    #[arg(long, value_name = "RATE", value_parser = value::rate, help_heading = "Answer")]
    pub min_rate: Option<Rate>,

    /// How the answer looks.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// A number of producers or consumers.
pub fn workers(text: &str) -> Result<u32, String> {
    match value::count(text)? {
        n @ 1..=WORKERS_MAX => Ok(n as u32),
        _ => Err(format!("`{text}` is not from 1 to {WORKERS_MAX}")),
    }
}

/// A size of values, or a range of them.
fn sizes(text: &str) -> Result<(usize, usize), String> {
    let size = |text: &str| match value::bytes(text)? {
        n if n < SIZE_MIN as u64 => {
            Err(format!("{n} is too small: a record carries {SIZE_MIN} bytes that check it"))
        }
        n if n > SIZE_MAX => Err(format!("{n} is too large: at most {SIZE_MAX} bytes")),
        n => Ok(n as usize),
    };
    let (min, max) = text.split_once(':').unwrap_or((text, text));
    let (min, max) = (size(min)?, size(max)?);
    if min <= max { Ok((min, max)) } else { Err(format!("`{text}` goes from more to less")) }
}

/// An exponent of Zipf's law.
fn skew(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(skew) if (0.0..=10.0).contains(&skew) => Ok(skew),
        _ => Err(format!("`{text}` is not a number from 0 to 10")),
    }
}

/// A share in percent, as a share of 1.
fn percent(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent / 100.0),
        _ => Err(format!("`{text}` is not a number from 0 to 100")),
    }
}

/// The size of a batch.
pub fn batch(text: &str) -> Result<usize, String> {
    let bytes = value::bytes(text)?;
    if BATCH_BYTES.contains(&bytes) {
        return Ok(bytes as usize);
    }
    Err(format!("{bytes} is not from {} to {}", BATCH_BYTES.start(), BATCH_BYTES.end()))
}

/// The file of a drawing.
fn picture(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("svg" | "png") => Ok(path),
        _ => Err(format!("`{}` does not end with .svg or .png", text.escape_debug())),
    }
}

impl LoadArgs {
    /// What records look like.
    pub fn shape(&self) -> Shape {
        Shape {
            sizes: self.record_size.unwrap_or((SIZE, SIZE)),
            fake: self.fake,
            keys: self.keys.unwrap_or(0),
            skew: self.skew.unwrap_or(0.0),
            compressible: self.compressible,
            seed: self.seed,
        }
    }

    /// When they are sent; `duration` is measured where nothing else is said.
    pub fn plan(&self, record_bytes: f64, duration: Duration) -> Result<Plan, Failure> {
        let rate = self.rate.map(|rate| match rate {
            Rate::Records(rate) => rate,
            Rate::Bytes(rate) => rate / record_bytes,
        });
        let amount = match self.records {
            Some(0) => return Err(Failure::usage("--records: there is nothing to measure in 0")),
            Some(records) => Amount::Records(records),
            None => Amount::Duration(self.duration.unwrap_or(duration)),
        };
        if amount == Amount::Duration(Duration::ZERO) {
            return Err(Failure::usage("--duration: there is nothing to measure in 0s"));
        }
        let default = if self.records.is_some() { Duration::ZERO } else { WARMUP };
        let warmup = self.warmup.unwrap_or(default);
        Ok(Plan { rate, amount, warmup, producers: self.producers })
    }

    /// The whole, with how it is delivered to a topic of so many partitions.
    pub fn job(
        &self,
        topic: &TopicName,
        plan: Plan,
        delivery: DeliveryArgs,
        partitions: usize,
        interrupted: Arc<AtomicBool>,
        timeout: Duration,
    ) -> Job {
        let batch = delivery.batch_size.unwrap_or(BATCH_BYTES_GUESS);
        Job {
            topic: topic.clone(),
            plan,
            options: ProducerOptions {
                acks: delivery.acks,
                compression: delivery.compression,
                partitioner: self.partitioner,
                batch_bytes: delivery.batch_size,
                // Who sends at a rate waits as asked, and then nobody else does.
                linger: plan.rate.is_some().then_some(Duration::ZERO),
                transactions: None,
                resume: None,
                report: true,
                interrupted,
            },
            linger: self.linger.unwrap_or_default(),
            // A turn ends with a batch in every partition, so these are to be full.
            turn_bytes: batch.saturating_mul(if self.keys.is_some() { partitions } else { 1 }),
            timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_one_or_a_range() {
        assert_eq!(sizes("1KiB"), Ok((1024, 1024)));
        assert_eq!(sizes("100:2000"), Ok((100, 2000)));
        for bad in ["", "43", "10:100", "200:100", "1GiB", "a:b", "100:"] {
            assert!(sizes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn other_values_are_kept_in_their_bounds() {
        assert_eq!((workers("8"), percent("25%"), batch("16KiB")), (Ok(8), Ok(0.25), Ok(16384)));
        assert!(workers("0").is_err() && workers("257").is_err());
        assert!(percent("101").is_err() && percent("-1").is_err() && percent("NaN").is_err());
        assert!(skew("0.99").is_ok() && skew("inf").is_err() && skew("-1").is_err());
        assert!(batch("0").is_err() && batch("1GiB").is_err());
        assert!(picture("a.svg").is_ok() && picture("b.png").is_ok() && picture("c.pdf").is_err());
    }
}
