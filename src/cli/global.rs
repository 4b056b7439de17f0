//! Owns the options that every command takes, those of every command that answers with rows, and
//! how their values are read. Leaves the target that they add up to, to `target`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::out::{Colour, Format};
use crate::secret::Secret;
use crate::value;

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

    /// Write to a log directory of another user, or that every user can write to
    #[arg(long, global = true, help_heading = HEADING)]
    pub insecure_dir: bool,

    /// Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]
    #[arg(long, value_name = "FILE", global = true, help_heading = HEADING)]
    #[arg(value_hint = clap::ValueHint::FilePath)]
    pub config_file: Option<PathBuf>,

    /// Set a property of librdkafka, but no secret; `-X list` shows all
    #[arg(short = 'X', long, value_name = "KEY=VALUE", global = true, help_heading = HEADING)]
    #[arg(value_parser = hidden)]
    pub property: Vec<Secret>,

    /// Let files and -X name code for librdkafka to run
    #[arg(long, global = true, help_heading = HEADING)]
    pub allow_code_in_config: bool,

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

    /// Wait at most this long for the cluster, and so long for brokers to come up [default: 10s]
    #[arg(long, value_name = "DURATION", global = true, help_heading = HEADING)]
    #[arg(value_parser = value::duration)]
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

/// Takes anything. What is wrong with it is told in words of ours: clap's would show the value.
#[expect(clippy::unnecessary_wraps, reason = "it is what clap calls")]
fn hidden(text: &str) -> Result<Secret, String> {
    Ok(Secret::new(text))
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

/// A number of partitions, at least 1.
pub fn partitions(text: &str) -> Result<i32, String> {
    let wrong = || format!("`{text}` is not a number of partitions from 1 to {}", i32::MAX);
    value::count(text)
        .ok()
        .and_then(|n| i32::try_from(n).ok())
        .filter(|n| *n >= 1)
        .ok_or_else(wrong)
}

/// A topic config and its value, both checked.
pub fn topic_config(text: &str) -> Result<(String, String), String> {
    let (name, value) = value::key_value(text)?;
    let value = value.trim().to_owned();
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
    fn partitions_are_at_least_one() {
        assert_eq!(partitions("12"), Ok(12));
        assert_eq!(partitions("1k"), Ok(1000));
        for bad in ["0", "-1", "2147483648", "abc", "1.5"] {
            assert!(partitions(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_topic_config_is_a_known_name_and_a_value_that_it_takes() {
        let good = ("retention.ms".to_owned(), "1000".to_owned());
        assert_eq!(topic_config("retention.ms=1000"), Ok(good));
        for bad in ["retention.ms", "=1", "retention.ms=soon", "retention.m=1"] {
            assert!(topic_config(bad).is_err(), "{bad}");
        }
    }
}
