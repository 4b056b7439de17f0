//! Owns the words that complete values: topics and groups of the target that the line names, and
//! the choices of options that have some. Leaves the line itself to `clap_complete`.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use crate::assignor::Assignor;
use crate::cli::global::GlobalArgs;
use crate::cli::{self, target};
use crate::cluster::Cluster;
use crate::cluster::types::Limits;
use crate::partitioner::Partitioner;
use crate::record::Compression;
use crate::topic::TopicDetail;

/// How long somebody who types is kept waiting for names.
const PATIENCE: Duration = Duration::from_millis(250);
/// The most partitions of a topic that are offered.
const PARTITIONS_MAX: usize = 1000;
/// Codecs, by their names on the command line.
const CODECS: &[&str] = &[
    Compression::None.name(),
    Compression::Gzip.name(),
    Compression::Snappy.name(),
    Compression::Lz4.name(),
    Compression::Zstd.name(),
];
/// Levels of acknowledgement.
const ACKS: &[&str] = &["0", "1", "all"];
/// Partitioners.
const PARTITIONERS: &[&str] = &Partitioner::names();
/// Assignors.
const ASSIGNORS: &[&str] = &Assignor::names();

/// What completes a value.
#[derive(Clone, Copy, Debug)]
enum Words {
    /// Topics.
    Topics,
    /// Topics, and behind a colon their partitions.
    Partitions,
    /// Groups.
    Groups,
    /// Always the same.
    Fixed(&'static [&'static str]),
}

/// The grammar, with words for values. `line` has the options that name the target.
pub(super) fn command(line: &[OsString]) -> Command {
    with_words(cli::command(), false, &Arc::new(global(line)))
}

/// A command and those below it, with words for values.
fn with_words(command: Command, topics: bool, global: &Arc<GlobalArgs>) -> Command {
    let topics = topics || command.get_name() == "topics";
    let creates = command.get_name() == "create";
    command
        .mut_args(|arg| match words_of(&arg, topics && !creates) {
            None => arg,
            Some(words) => {
                let global = Arc::clone(global);
                let find = move |current: &OsStr| found(words, current, &global);
                arg.add(ArgValueCompleter::new(find))
            }
        })
        .mut_subcommands(|below| with_words(below, topics, global))
}

/// What completes the value of an argument; a name is a topic's in the verbs of `topics`.
fn words_of(arg: &Arg, topics: bool) -> Option<Words> {
    let value = arg.get_value_names()?.first()?.as_str();
    Some(match (arg.get_id().as_str(), value) {
        ("partitioner", _) => Words::Fixed(PARTITIONERS),
        ("assignor", _) => Words::Fixed(ASSIGNORS),
        ("acks", _) => Words::Fixed(ACKS),
        (_, "CODEC") => Words::Fixed(CODECS),
        (_, "GROUP" | "EVERY") => Words::Groups,
        (_, "TOPIC") => Words::Topics,
        (_, "TOPIC[:PARTITIONS]" | "TOPIC:PARTITION") => Words::Partitions,
        (_, "NAME") if topics && arg.is_positional() => Words::Topics,
        _ => return None,
    })
}

/// The words that go on from `current`.
fn found(words: Words, current: &OsStr, global: &Arc<GlobalArgs>) -> Vec<CompletionCandidate> {
    let Some(current) = current.to_str() else { return Vec::new() };
    let names = match words {
        Words::Fixed(words) => words.iter().map(|&word| word.to_owned()).collect(),
        Words::Groups => asked(global, |cluster| {
            let listed = cluster.list_groups().unwrap_or_default();
            listed.into_iter().map(|group| group.id.to_string()).collect()
        }),
        Words::Topics | Words::Partitions => {
            let topic = current.split_once(':').map(|(topic, _)| topic.to_owned());
            let internal = current.starts_with('_');
            asked(global, move |cluster| {
                let topics = cluster.list_topics().unwrap_or_default();
                match topic.filter(|_| matches!(words, Words::Partitions)) {
                    Some(name) => topics.iter().flat_map(|t| partitions(t, &name)).collect(),
                    None => topics
                        .into_iter()
                        .filter(|topic| internal || !topic.internal)
                        .map(|topic| topic.name.to_string())
                        .collect(),
                }
            })
        }
    };
    let goes_on = |name: &String| name.starts_with(current) && is_harmless(name);
    names.into_iter().filter(goes_on).map(CompletionCandidate::new).collect()
}

/// The partitions of a topic, if it has this name.
fn partitions(topic: &TopicDetail, name: &str) -> Vec<String> {
    let all = if topic.name.as_str() == name { topic.partitions.as_slice() } else { &[] };
    all.iter().take(PARTITIONS_MAX).map(|p| format!("{name}:{}", p.partition)).collect()
}

/// Whether a name may stand in a command line as it is. Others could be given by strangers, and a
/// shell would run what is in them.
fn is_harmless(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+/@%:,".contains(c);
    !name.starts_with('-') && name.chars().all(plain)
}

/// What the target says, if it says it in time; else nothing.
fn asked(
    global: &Arc<GlobalArgs>,
    ask: impl FnOnce(&Cluster) -> Vec<String> + Send + 'static,
) -> Vec<String> {
    let global = Arc::clone(global);
    let (told, answer) = mpsc::channel();
    let work = move || {
        let resolved = target::resolve(&global, &|name| std::env::var_os(name)).ok()?;
        let cluster = Cluster::open(
            &resolved.target,
            Limits { timeout: PATIENCE, is_asked_for: false, until: None },
        )
        .ok()?;
        told.send(ask(&cluster)).ok()
    };
    // Not waited for any longer than that: it ends with the process.
    let started = std::thread::Builder::new().spawn(work);
    started.ok().and_then(|_| answer.recv_timeout(PATIENCE).ok()).unwrap_or_default()
}

/// The options of a line that name its target. The line need not be right, nor whole.
fn global(line: &[OsString]) -> GlobalArgs {
    let mut global = GlobalArgs::default();
    let mut words = line.iter().skip(1).map(|word| word.to_str().unwrap_or_default());
    while let Some(word) = words.next() {
        if matches!(word, "--" | "--exec") {
            break;
        }
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if word.starts_with("--") => (option, Some(value)),
            _ if word.starts_with("--") || word.len() <= 2 => (word, None),
            _ => word.split_at_checked(2).map_or((word, None), |(option, v)| (option, Some(v))),
        };
        let mut value = || unquoted(value.or_else(|| words.next()).unwrap_or_default());
        match option {
            "-d" | "--log-dir" => global.log_dir = Some(PathBuf::from(value())),
            "-b" | "--brokers" | "--bootstrap-server" => global.brokers = Some(value()),
            "--profile" => global.profile = Some(value()),
            _ => {}
        }
    }
    global
}

/// A word as the shell would pass it on: some shells show it as it was typed.
fn unquoted(word: &str) -> String {
    let quoted =
        |quote| word.strip_prefix(quote).map(|rest| rest.strip_suffix(quote).unwrap_or(rest));
    let plain = quoted('"').or_else(|| quoted('\''));
    match (plain, word.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(plain), ..) => plain.to_owned(),
        (None, Some(rest), Ok(home)) => format!("{home}/{rest}"),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_the_target() {
        let of = |line: &str| global(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        for line in ["kaw -d /x lag", "kaw lag --log-dir=/x ", "kaw lag -d/x -q", "kaw -d '/x' a"] {
            assert_eq!(of(line).log_dir, Some(PathBuf::from("/x")), "{line}");
        }
        assert_eq!(of("kaw lag --bootstrap-server k:1 g").brokers.as_deref(), Some("k:1"));
        assert_eq!(of("kaw lag --profile p g").profile.as_deref(), Some("p"));
        assert_eq!(of("kaw consume t --exec x -d /x").log_dir, None);
        assert_eq!(of("kaw lag -b").brokers.as_deref(), Some(""));
    }

    #[test]
    fn what_a_shell_would_run_is_not_offered() {
        assert!(is_harmless("users-2.a_b"));
        for bad in ["$(reboot)", "a b", "`x`", "a;b", "--serve", "a\u{1b}", "~x", "a'b", "\u{e9}"] {
            assert!(!is_harmless(bad), "{bad}");
        }
    }
}
