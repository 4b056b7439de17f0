//! Owns which records are wanted: by key, by value, by an expression, by lot. Leaves their form to
//! `writing`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use regex::bytes::Regex;

use crate::commands::Failure;
use crate::commands::stop::Stop;
use crate::out::{Out, units};
use crate::record::filter::{Filter, Verdict};
use crate::record::{RecordBuffer, Span};
use crate::value;

/// Which records are wanted.
#[derive(clap::Args, Clone, Debug)]
pub struct Selecting {
    /// Only records with this key
    #[arg(long, value_name = "KEY", help_heading = "Filter")]
    pub key: Option<String>,

    /// Only records whose value matches this regular expression
    #[arg(long, value_name = "REGEX", value_parser = regex, help_heading = "Filter")]
    pub grep: Option<Regex>,

    /// Only records of which this expression in jq's language is true: '.age > 50'
    ///
    /// `.` is the value as JSON, since that is what is mostly asked about; $topic, $partition,
    /// $offset, $timestamp (in ms), $key and $headers (a list of [name, value]) are the rest of the
    /// record. A record is written where the expression has a result that is neither null nor
    /// false, as with jq's `select`. One whose value is not JSON, or that the expression fails on,
    /// is not; how many these were is said at the end. Quickest are paths that are compared
    /// (.a.b == "x") or asked (.a.b | startswith("x"), or endswith, contains, test, length > 3),
    /// with `and` and `or`.
    #[arg(long, value_name = "JQ", help_heading = "Filter", allow_hyphen_values = true)]
    pub filter: Option<String>,

    /// Only about one of N records, chosen by topic, partition and offset: the same ones each time
    #[arg(long, value_name = "N", value_parser = value::count, help_heading = "Filter")]
    pub sample: Option<u64>,

    /// Choose others for --sample
    #[arg(long, value_name = "N", value_parser = value::count, default_value = "0")]
    #[arg(requires = "sample", help_heading = "Filter")]
    pub seed: u64,
}

/// Reads the regular expression of `--grep`, and tells a slip on one line.
fn regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| value::regex_reason(&error.to_string()))
}

/// Chooses records, and counts those that cannot be judged.
pub struct Selection<'a> {
    key: Option<&'a [u8]>,
    grep: Option<&'a Regex>,
    filter: Option<Filter>,
    /// Set while the filter has a record: how long it takes is its own affair.
    filtering: Arc<AtomicBool>,
    /// Set once a stop was asked for.
    stopped: Arc<AtomicBool>,
    sample: Option<u64>,
    seed: u64,
    not_json: u64,
    failed: u64,
    /// Where the filter failed first, and why; told already if it is empty.
    failure: Option<String>,
}

impl<'a> Selection<'a> {
    /// What was asked for.
    pub fn new(args: &'a Selecting, stop: &Stop) -> Result<Self, Failure> {
        if args.sample == Some(0) {
            return Err(Failure::usage("--sample: one of N records, and N is at least 1"));
        }
        let filter = args.filter.as_deref().map(Filter::compile).transpose();
        let filter = filter.map_err(|reason| {
            let text = args.filter.as_deref().unwrap_or_default().escape_debug();
            Failure::usage(format!("--filter: `{text}` is not a jq expression: {reason}"))
        })?;
        Ok(Self {
            key: args.key.as_deref().map(str::as_bytes),
            grep: args.grep.as_ref(),
            filter,
            filtering: stop.endless(),
            stopped: stop.flag(),
            sample: args.sample,
            seed: args.seed,
            not_json: 0,
            failed: 0,
            failure: None,
        })
    }

    /// Whether no more records are to be judged: each may take long, and a stop was asked for.
    pub fn is_stopped(&self) -> bool {
        self.filter.is_some() && self.stopped.load(Ordering::Relaxed)
    }

    /// Whether a record is wanted.
    pub fn is_wanted(
        &mut self,
        topic: &str,
        span: &Span,
        buffer: &RecordBuffer,
    ) -> Result<bool, Failure> {
        let is_wanted = self.key.is_none_or(|key| span.key.of(&buffer.arena) == Some(key))
            && self.sample.is_none_or(|n| lot(self.seed, topic, span).is_multiple_of(n))
            && self.grep.is_none_or(|r| {
                span.value.of(&buffer.arena).is_some_and(|value| r.is_match(value))
            });
        Ok(is_wanted && self.passes(topic, span, buffer)?)
    }

    /// Whether the expression is true of a record.
    fn passes(&mut self, topic: &str, span: &Span, buffer: &RecordBuffer) -> Result<bool, Failure> {
        let Some(filter) = &self.filter else { return Ok(true) };
        self.filtering.store(true, Ordering::Relaxed);
        let verdict = filter.judge(&buffer.view(topic, span));
        self.filtering.store(false, Ordering::Relaxed);
        let place = || format!("{topic}-{}, offset {}", span.partition, span.offset);
        match verdict {
            Verdict::Match => return Ok(true),
            Verdict::NoMatch => {}
            Verdict::NotJson => self.not_json += 1,
            Verdict::Failed(reason) => {
                self.failed += 1;
                self.failure.get_or_insert_with(|| format!("{}: {reason}", place()));
            }
            Verdict::TooDeep => {
                let message = format!("--filter calls itself too often on {}", place());
                return Err(Failure::usage(message).hint("does each call of `def` come to an end?"));
            }
        }
        Ok(false)
    }

    /// Tells the first failure of the expression, once.
    pub fn tell(&mut self, out: &Out) {
        if let Some(failure) = self.failure.as_mut().filter(|failure| !failure.is_empty()) {
            out.warn(format_args!("--filter fails on {failure}; such records are left out"));
            failure.clear();
        }
    }

    /// Says how many records could not be judged.
    pub fn conclude(&self, out: &Out) {
        let mut left_out = Vec::new();
        if self.not_json > 0 {
            left_out.push(format!(
                "{} whose value is not JSON",
                units::plural(self.not_json, "record")
            ));
        }
        if self.failed > 0 {
            left_out
                .push(format!("{} that --filter fails on", units::plural(self.failed, "record")));
        }
        if !left_out.is_empty() {
            out.warn(format_args!("left out {}", left_out.join(" and ")));
        }
    }
}

/// A number for a record that looks like chance and is always the same (FNV-1a, then a finalizer).
fn lot(seed: u64, topic: &str, span: &Span) -> u64 {
    let place =
        i64::from(span.partition).to_be_bytes().into_iter().chain(span.offset.to_be_bytes());
    let bytes = seed.to_be_bytes().into_iter().chain(topic.bytes()).chain(place);
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}
