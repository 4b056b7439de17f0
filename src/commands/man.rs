//! Owns `kaw man`: the manual pages, from the grammar and what it cannot say. Leaves the grammar to
//! `cli`.

use std::io;

use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

pub use super::completions::completion_files;
use super::{Context, Failure, Status, bench, config, groups, lag, properties, topics};
use crate::cli;
use crate::near::near_match;
use crate::out::Column;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw man | man -l -
  kaw man topics create";

/// Print the manual page of kaw, or of one of its commands
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The command, as it is typed
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// The exit codes, for the page of kaw.
const EXIT_STATUS: &[(&str, &str)] = &[
    ("0", "All was done. A reader of stdout that closed its pipe counts as that."),
    ("1", "Internal error: a mistake of this program."),
    ("2", "Usage: the command line, or what it asks for, is not allowed."),
    ("3", "Some records or items failed; each was told on stderr."),
    ("4", "Damaged data."),
    ("5", "Local environment: disk, permission, lock, or stdout failed."),
    ("6", "The cluster cannot be reached, or it took longer than --timeout."),
    ("7", "Authentication, authorisation or TLS failed."),
    ("8", "What was named does not exist."),
    ("9", "A threshold was crossed."),
    ("130, 143", "Interrupted by SIGINT, by SIGTERM."),
];

/// The environment, for the page of kaw.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("KAW_LOG_DIR", "The log directory to work on, as --log-dir."),
    ("KAW_BROKERS", "The brokers to work on, as --brokers."),
    ("KAW_PROFILE", "The profile whose target to work on, as --profile."),
    (
        "KAW_CONFIG_FILE",
        "The file of properties for brokers, as --config-file; not beside a profile.",
    ),
    ("NO_COLOR", "If it is not empty, no colour is used, unless --color says so."),
    ("XDG_CONFIG_HOME", "Where kaw/config.toml is; ~/.config without it."),
    ("XDG_DATA_HOME", "Where the default log directory kaw/log is; ~/.local/share without it."),
];

/// The files, for the page of kaw.
const FILES: &[(&str, &str)] = &[
    (
        "~/.config/kaw/config.toml",
        "Profiles: [profile.NAME] with log_dir = \"DIR\" or brokers = \"HOST:PORT,..\", and \
         default_profile = \"NAME\". Beside brokers: tls = true or false (true by default with any \
         of the others), ca, cert, key (paths of PEM files), sasl (PLAIN, SCRAM-SHA-256, \
         SCRAM-SHA-512 or OAUTHBEARER), username, one of password_file, password_command (a list: \
         a program and its arguments), password_env, password_prompt = true or, in a file that \
         nobody else can read, password; the same with key_password; for OAUTHBEARER token_file, \
         token_command or token_env; and properties = { KEY = VALUE }, as -X has them. The file is \
         never read from the working directory.",
    ),
    ("~/.local/share/kaw/log", "The default target: a log directory in Kafka's own format."),
];

/// Every answer with rows, by its kind, for the page of kaw.
const ANSWERS: &[(&str, &[Column])] = &[
    (config::KIND, config::COLUMNS),
    (properties::KIND, properties::COLUMNS),
    (topics::list::KIND, topics::list::COLUMNS),
    (topics::describe::KIND, topics::describe::TOPIC_COLUMNS),
    ("topics.describe, each of partitions", topics::describe::PARTITION_COLUMNS),
    ("topics.create, topics.alter, topics.delete", topics::CHANGED_COLUMNS),
    (topics::trim::KIND, topics::trim::COLUMNS),
    (topics::verify::KIND, topics::verify::COLUMNS),
    (topics::compact::KIND, topics::compact::COLUMNS),
    (groups::assign::KIND, groups::assign::MEMBER_COLUMNS),
    ("groups.assign, each of assignment", groups::assign::PARTITION_COLUMNS),
    (groups::list::KIND, groups::list::COLUMNS),
    (groups::describe::KIND, groups::describe::JSON_COLUMNS),
    ("groups.describe, each of partitions", groups::describe::PARTITION_COLUMNS),
    (groups::members::KIND, groups::members::COLUMNS),
    ("groups.members, each of assignment", groups::members::ASSIGNMENT_COLUMNS),
    ("groups.reset, groups.skip", groups::plan::COLUMNS),
    (groups::delete::KIND, groups::delete::COLUMNS),
    (groups::forget::KIND, groups::forget::COLUMNS),
    (lag::KIND, lag::rows::PARTITION.of(true, true)),
    ("lag --by topic", lag::rows::TOPICS.of(true, true)),
    ("lag --by member", lag::rows::MEMBERS.of(true, true)),
    ("lag --by group", lag::rows::GROUPS.of(true, true)),
    (bench::report::KIND, bench::report::COLUMNS),
    ("bench.run, each of distribution", bench::report::DISTRIBUTION_COLUMNS),
    ("bench.run, each of series", bench::report::SERIES_COLUMNS),
    (bench::compare::KIND, bench::compare::COLUMNS),
    (bench::matrix::KIND, bench::matrix::COLUMNS),
];

/// Prints a page.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let mut name = vec!["kaw".to_owned()];
    name.extend(args.command.iter().filter(|word| *word != "kaw").cloned());
    let file = format!("{}.1", name.join("-"));
    let pages = pages();
    let Some((_, page)) = pages.iter().find(|(name, _)| *name == file) else {
        let typed = args.command.join(" ");
        let failure = Failure::usage(format!("`kaw {typed}` is not a command"));
        let commands: Vec<String> = pages
            .iter()
            .map(|(name, _)| name.trim_end_matches(".1").replacen("kaw-", "", 1).replace('-', " "))
            .collect();
        return Err(match near_match(&typed, commands.iter().map(String::as_str)) {
            Some(near) => failure.hint(format!("did you mean `kaw man {near}`?")),
            None => failure.hint("`kaw --help` lists the commands"),
        });
    };
    context.out.raw(page).map_err(Failure::stdout)?;
    Ok(Status::Done)
}

/// The files of `man/`: names and bytes.
pub fn pages() -> Vec<(String, Vec<u8>)> {
    // The `help` command would have a page of its own for every command.
    let mut command = cli::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    collect(&command, true, &mut pages);
    pages
}

/// Appends the page of `command` and of all below it.
fn collect(command: &clap::Command, top: bool, pages: &mut Vec<(String, Vec<u8>)>) {
    #[expect(clippy::expect_used, reason = "a write to memory does not fail")]
    let rendered = page(command, top).expect("memory takes it");
    pages.push(rendered);
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        collect(below, false, pages);
    }
}

/// One page.
fn page(command: &clap::Command, top: bool) -> io::Result<(String, Vec<u8>)> {
    let man = Man::new(command.clone())
        .source(concat!("kaw ", env!("CARGO_PKG_VERSION")))
        .manual("kaw manual");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut roff = Roff::new();
    if let Some(examples) = command.get_after_help() {
        roff.control("SH", ["EXAMPLES"]).control("nf", []);
        let examples = examples.to_string();
        let mut lines: Vec<&str> =
            examples.trim_start_matches("EXAMPLES:").trim_matches('\n').lines().collect();
        let prose = lines.iter().position(|line| line.is_empty()).unwrap_or(lines.len());
        let prose = lines.split_off(prose);
        for line in lines {
            roff.text([roman(line.trim_start())]);
        }
        roff.control("fi", []);
        if !prose.is_empty() {
            roff.control("PP", []).text([roman(prose.join(" ").trim())]);
        }
    }
    if top {
        reference(&mut roff);
    }
    roff.to_writer(&mut page)?;
    Ok((man.get_filename(), page))
}

/// What the grammar does not say: on the page of kaw.
fn reference(roff: &mut Roff) {
    let definitions = |roff: &mut Roff, heading: &str, pairs: &[(&str, &str)]| {
        roff.control("SH", [heading]);
        for (term, text) in pairs {
            roff.control("TP", []).text([bold(*term)]).text([roman(*text)]);
        }
    };
    definitions(roff, "EXIT STATUS", EXIT_STATUS);
    definitions(roff, "ENVIRONMENT", ENVIRONMENT);
    definitions(roff, "FILES", FILES);
    roff.control("SH", ["JSON"]);
    roff.text([roman(
        "With --json (or --output json) an answer is one object: kind, version (1), and items, a \
         list of objects. Times are RFC 3339 in UTC with milliseconds, sizes are bytes, durations \
         have their unit in the name, and what is not known is null. The keys of the items, by \
         kind:",
    )]);
    for (kind, columns) in ANSWERS {
        roff.control("SS", [*kind]);
        for column in *columns {
            roff.control("TP", []).text([bold(column.key())]).text([roman(column.doc)]);
        }
    }
    roff.control("SS", ["errors"]);
    roff.text([roman(
        "An error is one object on one line of stderr: error (the message), code (Kafka's name), \
         exit_code, causes and hints (lists of texts).",
    )]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page() {
        let pages = pages();
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        for name in ["kaw.1", "kaw-topics.1", "kaw-topics-create.1", "kaw-fake.1", "kaw-man.1"] {
            assert!(names.contains(&name), "{name} in {names:?}");
        }
        assert!(!names.iter().any(|name| name.contains("help")), "{names:?}");
    }

    #[test]
    fn the_page_of_kaw_has_the_reference() {
        let pages = pages();
        let page = String::from_utf8(pages[0].1.clone()).unwrap();
        for part in ["EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "last_timestamp"] {
            assert!(page.contains(part), "{part}");
        }
    }
}
