//! Owns what the user may type: the grammar, and how a slip in it is told. Leaves the options of
//! each command to its own file; their `Args` are the one thing that this floor takes from above.

mod conf_file;
pub mod global;
mod java;
mod profile;
pub mod target;
pub mod typed;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use self::global::{AnswerArgs, GlobalArgs};
use crate::commands::{
    bench, completions, config, consume, copy, fake, groups, lag, man, produce, topics,
};
use crate::out::Format;

/// What stands below the help of `kaw` itself.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw topics create users --partitions 3
  kaw fake 1000 | kaw produce users
  kaw consume users --exit
  kaw topics list --json

Without a target, commands work on a log directory of your own, in Kafka's
format; `kaw config` shows which one. `kaw man` has exit codes and JSON keys.";

/// The longest word of a message that is told whole, in characters: the longest topic name fits.
const WORD_CHARS_MAX: usize = 300;
/// The most characters of a message about what was typed; many options have long lists of them.
const MESSAGE_CHARS_MAX: usize = 4 * WORD_CHARS_MAX;

/// Work with Apache Kafka, on a log directory or on brokers
#[derive(Parser, Clone, Debug)]
#[command(name = "kaw", version, after_help = EXAMPLES, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Every command.
#[expect(missing_docs, reason = "a comment here would hide the help, which is on each `Args`")]
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    Topics(topics::Args),
    Produce(produce::Args),
    Consume(consume::Args),
    Copy(copy::Args),
    Groups(groups::Args),
    Lag(lag::Args),
    Bench(bench::Args),
    Fake(fake::Args),
    Config(config::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Command {
    /// How its rows are to be answered; commands without rows take the default.
    pub fn answer(&self) -> AnswerArgs {
        match self {
            Self::Topics(args) => args.answer(),
            Self::Groups(args) => args.answer(),
            Self::Lag(args) => args.answer(),
            Self::Bench(args) => args.answer(),
            Self::Config(args) => args.answer,
            _ => AnswerArgs::default(),
        }
    }
}

/// The grammar, for completions and manual pages.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Why there is nothing to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instead {
    /// Help or version was asked for: text for stdout, plain and with colour.
    Tell {
        /// Without colour.
        plain: String,
        /// With colour.
        coloured: String,
    },
    /// Nothing was asked for: help for stderr.
    Help(String),
    /// A slip.
    Usage {
        /// What is wrong, on one line.
        message: String,
        /// What may have been meant, and where help is.
        hints: Vec<String>,
    },
}

/// Reads the command line; the first argument is the program's own name.
pub fn parse(args: &[OsString]) -> Result<Cli, Instead> {
    let parsed = Cli::try_parse_from(args).or_else(|error| {
        if !asks_for_list(args) {
            return Err(error);
        }
        // A command by itself, as in kcat: that of the settings.
        let mut args = args.to_vec();
        args.insert(1, "config".into());
        Cli::try_parse_from(args).map_err(|_| error)
    });
    parsed.map_err(|error| {
        let rendered = error.render();
        let plain = rendered.to_string();
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                Instead::Tell { plain, coloured: rendered.ansi().to_string() }
            }
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Instead::Help(plain),
            _ => slip(&plain),
        }
    })
}

/// Whether `-X list` is among the words.
fn asks_for_list(args: &[OsString]) -> bool {
    let flag = |word: &OsString| word == "-X" || word == "--property";
    let behind = args.iter().skip(1).zip(args.iter().skip(2));
    let two = behind.into_iter().any(|(one, two)| flag(one) && two == "list");
    two || args.iter().any(|word| word == "-Xlist" || word == "--property=list")
}

/// Turns clap's paragraphs into one line and hints.
fn slip(text: &str) -> Instead {
    let mut message = String::new();
    let mut hints = Vec::new();
    for paragraph in text.split("\n\n") {
        let lines: Vec<&str> = paragraph.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        let Some(first) = lines.first() else { continue };
        if first.starts_with("tip:") {
            // That an unknown option could also be a value helps nobody.
            let tips = lines.iter().filter_map(|line| line.strip_prefix("tip:").map(str::trim));
            hints.extend(tips.filter(|tip| !tip.starts_with("to pass ")).map(str::to_owned));
        } else if let Some(usage) = first.strip_prefix("Usage:") {
            let words =
                usage.split_whitespace().take_while(|word| !word.starts_with(['[', '<', '-']));
            hints.push(format!("`{} --help`", words.collect::<Vec<_>>().join(" ")));
        } else if message.is_empty() {
            message = lines.join(" ");
        }
    }
    // One hint where there is a near match; without one, where to look.
    if hints.len() > 1 {
        hints.pop();
    }
    let message = shortened(message.strip_prefix("error: ").unwrap_or(&message));
    Instead::Usage { message, hints }
}

/// A message without most of its very long words, and of many words without those in the middle: a
/// value that was typed by a slip is not to fill the terminal.
fn shortened(message: &str) -> String {
    let short = |word: &str| {
        let cut: String = word.chars().take(WORD_CHARS_MAX).collect();
        if cut.len() == word.len() { cut } else { format!("{cut}..") }
    };
    let message = message.split(' ').map(short).collect::<Vec<_>>().join(" ");
    let chars = message.chars().count();
    if chars <= MESSAGE_CHARS_MAX {
        return message;
    }
    // What is wrong with the value stands behind it.
    let head: String = message.chars().take(WORD_CHARS_MAX).collect();
    let tail: String = message.chars().skip(chars - WORD_CHARS_MAX).collect();
    format!("{head}..{tail}")
}

/// Whether errors are to be JSON: seen before the command line is known to be right, since its own
/// errors are told so too. What follows `--` or `--exec` belongs to others.
pub fn wants_json_errors(args: &[OsString]) -> bool {
    let mut words = args.iter().skip(1).map(|arg| arg.to_str().unwrap_or_default());
    while let Some(word) = words.next() {
        match word {
            "--" | "--exec" => return false,
            "--json" | "-J" | "--output=json" => return true,
            "--output" => return words.next() == Some("json"),
            _ if word.starts_with("--json=") => return true,
            _ => {}
        }
    }
    false
}

impl Cli {
    /// The form of the answer.
    pub fn format(&self) -> Format {
        self.command.answer().format()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_grammar_is_sound() {
        command().debug_assert();
    }

    /// Runs `check` on every command that has none below it.
    fn leaves(command: &clap::Command, check: &mut dyn FnMut(&clap::Command)) {
        if command.has_subcommands() {
            command.get_subcommands().for_each(|below| leaves(below, check));
        } else {
            check(command);
        }
    }

    #[test]
    fn every_leaf_has_examples_and_an_imperative_line() {
        leaves(&command(), &mut |leaf| {
            let name = leaf.get_name();
            let about = leaf.get_about().unwrap_or_default().to_string();
            assert!(!about.is_empty() && about.len() <= 72 && !about.ends_with('.'), "{name}");
            let examples = leaf.get_after_help().unwrap_or_default().to_string();
            assert!(examples.starts_with("EXAMPLES:\n  kaw "), "{name}: {examples}");
        });
    }

    #[test]
    fn a_slip_is_one_line_with_hints() {
        let Err(Instead::Usage { message, hints }) = parse(&words("kaw topics lst")) else {
            panic!("parsed")
        };
        assert_eq!(message, "unrecognized subcommand 'lst'");
        assert_eq!(hints, ["a similar subcommand exists: 'list'"]);
        let Err(Instead::Usage { hints, .. }) = parse(&words("kaw topics create")) else {
            panic!("parsed")
        };
        assert_eq!(hints, ["`kaw topics create --help`"]);
        let Err(Instead::Usage { hints, .. }) = parse(&words("kaw consume a --xyzzy")) else {
            panic!("parsed")
        };
        assert_eq!(hints, ["`kaw consume --help`"]);
        for line in [
            "kaw topics create",
            "kaw topics create a/b",
            "kaw topics create a -p abc",
            "kaw topics create a -p 0",
            "kaw topics create a -p -1",
            "kaw topics create a -c retention.sm=1",
            "kaw topics create a -c retention.ms",
            "kaw topics list (",
            "kaw topics list --output yaml",
            "kaw topics list --output tsv --json",
            "kaw topics trim a",
            "kaw fake abc",
            "kaw fake 1 --rate 0",
            "kaw --timeout 10 topics list",
            "kaw --nope",
        ] {
            let Err(Instead::Usage { message, .. }) = parse(&words(line)) else {
                panic!("parsed: {line}")
            };
            assert!(!message.contains('\n') && !message.is_empty(), "{line}: {message}");
        }
    }

    #[test]
    fn help_and_version_are_answers() {
        for line in ["kaw --help", "kaw -V", "kaw topics create -h"] {
            assert!(matches!(parse(&words(line)), Err(Instead::Tell { .. })), "{line}");
        }
        assert!(matches!(parse(&words("kaw")), Err(Instead::Help(_))));
    }

    #[test]
    fn global_options_stand_anywhere() {
        let before = parse(&words("kaw -d /x -v topics list")).unwrap();
        let after = parse(&words("kaw topics list -d /x -v --timeout 1s")).unwrap();
        assert_eq!(before.global.log_dir, after.global.log_dir);
        assert_eq!((before.global.verbose, after.global.verbose), (1, 1));
        let cli = parse(&words("kaw topics list --bootstrap-server k:1 --json")).unwrap();
        assert_eq!(cli.global.brokers.as_deref(), Some("k:1"));
        assert_eq!(cli.format(), Format::Json);
    }

    #[test]
    fn json_errors_are_asked_for_by_json_answers() {
        assert!(wants_json_errors(&words("kaw topics list --json --nope")));
        assert!(wants_json_errors(&words("kaw topics list --output json")));
        assert!(!wants_json_errors(&words("kaw topics list --output tsv")));
        assert!(!wants_json_errors(&words("kaw consume a --exec x --json")));
    }
}
