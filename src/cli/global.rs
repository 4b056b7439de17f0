//! Owns the options that every command takes, those of every command that answers with rows, and
//! how their values are read. Leaves the target that they add up to, to `target`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::out::{Colour, Format};

/// The heading of these options in help.
const HEADING: &str = "Global options";

/// How long a request may wait where `--timeout` does not say.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// Options of every command.
#[expect(clippy::doc_markdown, reason = "the comments are help, which has no markup")]
#[derive(clap::Args, Clone, Debug, Default)]
pub struct GlobalArgs {
    /// Work on this log directory, in Kafka's own format [env: KAW_LOG_DIR]
    #[arg(short = 'd', long, value_name = "DIR", global = true, help_heading = HEADING)]
    #[arg(value_hint = clap::ValueHint::DirPath)]
    pub log_dir: Option<PathBuf>,

    /// Work on these brokers [env: KAW_BROKERS]
    #[arg(short = 'b', long, value_name = "HOST:PORT,..", global = true, help_heading = HEADING)]
    #[arg(visible_alias = "bootstrap-server")]
    pub brokers: Option<String>,

    /// Work on the target of this profile in config.toml [env: KAW_PROFILE]
    #[arg(long, value_name = "NAME", global = true, help_heading = HEADING)]
    pub profile: Option<String>,

    /// Use colour on stderr and in help
    #[arg(long, value_name = "WHEN", global = true, help_heading = HEADING)]
    #[arg(default_value = "auto", hide_default_value = true, value_parser = colours())]
    pub color: Colour,

    /// Say nothing but answers, warnings and errors
    #[arg(short, long, global = true, help_heading = HEADING)]
    pub quiet: bool,

    /// Say more about what is done
    #[arg(short, long, global = true, help_heading = HEADING, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Wait at most this long for the cluster [default: 10s]
    #[arg(long, value_name = "DURATION", global = true, help_heading = HEADING)]
    #[arg(value_parser = duration)]
    pub timeout: Option<Duration>,
}

/// Options of every command that answers with rows.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct AnswerArgs {
    /// Answer in this form
    #[arg(long, value_name = "FORMAT", value_parser = formats(), conflicts_with = "json")]
    pub output: Option<Format>,

    /// Answer in JSON, as `--output json`; errors too
    #[arg(long)]
    pub json: bool,

    /// Leave out the line of headers
    #[arg(long)]
    pub no_headers: bool,
}

impl AnswerArgs {
    /// The form that was asked for.
    pub fn format(self) -> Format {
        if self.json { Format::Json } else { self.output.unwrap_or_default() }
    }
}

/// The values of `--output`.
fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["table", "json", "tsv"]).map(|word| match word.as_str() {
        "json" => Format::Json,
        "tsv" => Format::Tsv,
        _ => Format::Table,
    })
}

/// The values of `--color`.
fn colours() -> impl TypedValueParser<Value = Colour> {
    PossibleValuesParser::new(["auto", "always", "never"]).map(|word| match word.as_str() {
        "always" => Colour::Always,
        "never" => Colour::Never,
        _ => Colour::Auto,
    })
}

/// A duration with its units: `250ms`, `1m30s`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration such as `250ms`, `10s` or `1m30s`");
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (number, tail) = rest.split_at_checked(digits).ok_or_else(wrong)?;
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, after) = tail.split_at_checked(letters).ok_or_else(wrong)?;
        let seconds = match unit {
            "us" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => return Err(wrong()),
        };
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let part = Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())?;
        total = total.checked_add(part).ok_or_else(wrong)?;
        rest = after;
    }
    if text.is_empty() { Err(wrong()) } else { Ok(total) }
}

/// A count: `500`, `10k`, `1.5M`.
pub fn count(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a number such as `500`, `10k` or `1.5M`");
    let (number, factor) = match text.char_indices().last() {
        Some((at, 'k')) => (text.get(..at), 1e3),
        Some((at, 'M')) => (text.get(..at), 1e6),
        Some((at, 'G')) => (text.get(..at), 1e9),
        _ => return text.parse().map_err(|_| wrong()),
    };
    let number = number.filter(|n| n.chars().all(|c| c.is_ascii_digit() || c == '.'));
    let product = number.and_then(|n| n.parse::<f64>().ok()).ok_or_else(wrong)? * factor;
    if product.fract() == 0.0 && product < 9e15 { Ok(product as u64) } else { Err(wrong()) }
}

/// A rate of records: `500`, `10k/s`.
pub fn rate(text: &str) -> Result<u64, String> {
    match count(text.strip_suffix("/s").unwrap_or(text))? {
        0 => Err("a rate of 0 would never end".to_owned()),
        rate => Ok(rate),
    }
}

/// A number of partitions, at least 1.
pub fn partitions(text: &str) -> Result<i32, String> {
    let wrong = || format!("`{text}` is not a number of partitions from 1 to {}", i32::MAX);
    count(text).ok().and_then(|n| i32::try_from(n).ok()).filter(|n| *n >= 1).ok_or_else(wrong)
}

/// A config and its value, `NAME=VALUE`.
pub fn config_pair(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("`{text}` is not `NAME=VALUE`"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// A topic config and its value, both checked.
pub fn topic_config(text: &str) -> Result<(String, String), String> {
    let (name, value) = config_pair(text)?;
    crate::config::check(&name, &value)?;
    Ok((name, value))
}

/// The name of a topic config.
pub fn topic_config_name(text: &str) -> Result<String, String> {
    crate::config::check_name(text)?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_their_units() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1.5h"), Ok(Duration::from_secs(5400)));
        for bad in ["", "10", "s", "1x", "-1s", "1e400s", "99999999999999999999d", "1.2.3s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn counts_are_whole() {
        assert_eq!(count("10k"), Ok(10_000));
        assert_eq!(count("1.5M"), Ok(1_500_000));
        for bad in ["", "k", "-1", "1.5", "0.0001k", "abc", "1e3", "99999999999999999999"] {
            assert!(count(bad).is_err(), "{bad}");
        }
        assert!(rate("0").is_err());
        assert_eq!(rate("10k/s"), Ok(10_000));
        for bad in ["0", "-1", "2147483648", "abc"] {
            assert!(partitions(bad).is_err(), "{bad}");
        }
    }
}
