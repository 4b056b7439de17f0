//! Owns what every command is given and what it may end with. Leaves the grammar to `cli`, the work
//! to one file per command.
//!
//! A command has three acts: resolve what was asked, ask the cluster once, tell the answer.

pub mod bench;
pub mod completions;
pub mod config;
pub mod consume;
pub mod copy;
pub mod failure;
pub mod fake;
pub mod groups;
pub mod lag;
pub mod man;
pub mod output;
pub mod pace;
pub mod produce;
pub mod properties;
pub mod stop;
pub mod topics;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

pub use self::failure::Failure;
use self::groups::file::quoted;
pub use self::stop::Stop;
use crate::cli::global::{GlobalArgs, TIMEOUT_DEFAULT};
use crate::cli::target::{self, Resolved};
use crate::cli::{self, Cli, Command, Instead, typed};
use crate::cluster::Cluster;
use crate::cluster::error::{ClusterError, ErrorKind};
use crate::cluster::types::{Acks, Limits, Target};
use crate::near::near_match;
use crate::out::{Look, Out, Table, units};

/// How a command ended; the exit codes of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All was done.
    Done,
    /// A mistake of this program.
    Internal,
    /// The command line, or what it asks for, is not allowed.
    Usage,
    /// Some records or items failed.
    Partial,
    /// Data is damaged.
    Damaged,
    /// The local environment refused: disk, permission, lock, stdout.
    Local,
    /// The cluster cannot be reached, or took too long.
    Unreachable,
    /// Authentication, authorisation or TLS failed.
    Denied,
    /// What was named does not exist.
    NotFound,
    /// A threshold was crossed.
    Threshold,
    /// A signal, by its number.
    Interrupted(i32),
}

impl Status {
    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            Self::Damaged => 4,
            Self::Local => 5,
            Self::Unreachable => 6,
            Self::Denied => 7,
            Self::NotFound => 8,
            Self::Threshold => 9,
            Self::Interrupted(signal) => 128 + signal as u8,
        }
    }
}

/// What every command is given.
#[derive(Debug)]
pub struct Context {
    /// The terminal.
    pub out: Out,
    /// The time at which the program started, in ms since the epoch.
    pub now_ms: i64,
    /// Bounds of every request.
    pub limits: Limits,
    /// The options of every command.
    pub global: GlobalArgs,
    /// The cluster, once it was needed.
    cluster: OnceLock<Cluster>,
    /// Signals as values, once they were needed.
    stop: OnceLock<Stop>,
}

impl Context {
    /// What a command is given; nothing is opened yet.
    pub fn new(out: Out, now_ms: i64, global: GlobalArgs) -> Self {
        let timeout = global.timeout.unwrap_or(TIMEOUT_DEFAULT);
        let limits = Limits { timeout, is_asked_for: global.timeout.is_some(), until: None };
        Self { out, now_ms, limits, global, cluster: OnceLock::new(), stop: OnceLock::new() }
    }

    /// The target, and where it was said.
    pub fn target(&self) -> Result<Resolved, Failure> {
        Ok(target::resolve(&self.global, &|name| std::env::var_os(name))?)
    }

    /// The cluster; opened on the first call.
    pub fn cluster(&self) -> Result<&Cluster, Failure> {
        if let Some(cluster) = self.cluster.get() {
            return Ok(cluster);
        }
        let mut resolved = self.target()?;
        self.out.verbose(format_args!("target: {resolved}"));
        resolved.unlock()?;
        resolved.warnings.iter().for_each(|warning| self.out.warn(warning));
        let cluster = Cluster::open(&resolved.target, self.limits)
            .map_err(|error| Failure::cluster("open the target", error))?;
        Ok(self.cluster.get_or_init(|| cluster))
    }

    /// Signals as values. From the first call on, SIGINT, SIGTERM and SIGHUP no longer end the
    /// process by themselves, so only commands that look at it call this.
    pub fn stop(&self) -> Result<&Stop, Failure> {
        if let Some(stop) = self.stop.get() {
            return Ok(stop);
        }
        let stop = Stop::install()?;
        Ok(self.stop.get_or_init(|| stop))
    }

    /// What an acknowledged record survives.
    pub fn durability(&self, acks: Acks) -> Result<&'static str, Failure> {
        Ok(match (acks, self.target()?.target) {
            (Acks::None, _) => "none (not acknowledged)",
            (Acks::Leader, Target::Directory { .. }) => "process (in the page cache)",
            (Acks::All, Target::Directory { .. }) => "power (on disk)",
            (Acks::Leader, Target::Brokers(_)) => "acks 1 (the leader has it)",
            (Acks::All, Target::Brokers(_)) => "acks all (all in-sync replicas have it)",
        })
    }

    /// Passes on what the cluster has to say: warnings, and with `-v` what librdkafka logged.
    pub fn pass_on(&self) {
        let Some(cluster) = self.cluster.get() else { return };
        cluster.take_warnings().into_iter().for_each(|warning| self.out.warn(warning));
        if self.out.is_verbose() {
            cluster.take_log().into_iter().for_each(|line| self.out.verbose(line));
        }
    }

    /// Writes the answer.
    pub fn answer(&self, table: &Table) -> Result<(), Failure> {
        self.out.answer(table).map_err(Failure::stdout)
    }

    /// How another command begins that is to have the same target: with the options that named it,
    /// unless something did that holds for every command.
    pub fn again(&self) -> String {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let named = [
            ("-d", path(&self.global.log_dir)),
            ("-b", self.global.brokers.clone()),
            ("--profile", self.global.profile.clone()),
            ("--config-file", path(&self.global.config_file)),
        ];
        let options = named.into_iter().filter_map(|(option, value)| Some((option, value?)));
        options.fold("kaw".to_owned(), |words, (option, value)| {
            format!("{words} {option} {}", quoted(&value))
        })
    }

    /// The failure to do something, with a near match where a topic was not found: on this path
    /// there is time for another question.
    pub fn failure(&self, doing: &str, error: ClusterError) -> Failure {
        let mut failure = self.failure_of(doing, error);
        let again = format!("`{} ", self.again());
        failure.hints.iter_mut().for_each(|hint| *hint = hint.replace("`kaw ", &again));
        failure
    }

    /// The same, with hints for who has said nowhere what the target is.
    fn failure_of(&self, doing: &str, error: ClusterError) -> Failure {
        let (kind, topic, group) = (error.kind, error.topic.clone(), error.group.clone());
        let failure = Failure::cluster(doing, error);
        let Some(cluster) = self.cluster.get() else { return failure };
        let (missing, names): (_, Vec<String>) = match (kind, topic, group) {
            (ErrorKind::UnknownTopicOrPartition, Some(topic), _) => {
                let topics = cluster.list_topics().unwrap_or_default();
                (topic, topics.into_iter().map(|topic| topic.name.to_string()).collect())
            }
            (ErrorKind::GroupIdNotFound, _, Some(group)) => {
                let groups = cluster.list_groups().unwrap_or_default();
                (group, groups.into_iter().map(|group| group.id.to_string()).collect())
            }
            _ => return failure,
        };
        match near_match(&missing, names.iter().map(String::as_str)) {
            Some(near) if near != missing => failure.instead(format!("did you mean `{near}`?")),
            _ => failure,
        }
    }

    /// Ends a command that worked on `total` items, of which some failed: the only item's failure
    /// is the command's own; of several, each is told and the command failed in part.
    pub fn conclude(&self, total: usize, mut failures: Vec<Failure>) -> Result<Status, Failure> {
        match failures.pop() {
            None => Ok(Status::Done),
            Some(only) if total == 1 => Err(only),
            Some(last) => {
                failures.push(last);
                for failure in &failures {
                    self.out.error(&failure.report());
                }
                Ok(Status::Partial)
            }
        }
    }
}

/// Runs the command line and returns its exit code.
pub fn run(args: &[OsString], now_ms: i64) -> ExitCode {
    if let Some(words) = completions::asked(args) {
        let told = Out::new(Look::default()).raw(&words).map_err(Failure::stdout);
        return ExitCode::from(
            told.map_or_else(|failure| failure.status, |()| Status::Done).code(),
        );
    }
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let json_errors = cli::wants_json_errors(args);
    let look = Look { json_errors, no_color: no_color || dumb, dumb, ..Look::default() };
    let status = match cli::parse(args) {
        Err(instead) => tell_instead(&Out::new(look), instead),
        Ok(cli) => {
            let answer = cli.command.answer();
            let look = Look {
                format: answer.format(),
                no_headers: answer.no_headers,
                quiet: cli.global.quiet,
                verbose: cli.global.verbose,
                colour: cli.global.color,
                ..look
            };
            let context = Context::new(Out::new(look), now_ms, cli.global.clone());
            let result = stop::ignore_file_size_signal().and_then(|()| dispatch(&context, &cli));
            context.pass_on();
            if let Some(requests) = context.cluster.get().and_then(Cluster::requests) {
                context.out.verbose(units::plural(requests, "request"));
            }
            settle(&context.out, result)
        }
    };
    ExitCode::from(status.code())
}

/// Hands over to the command.
fn dispatch(context: &Context, cli: &Cli) -> Result<Status, Failure> {
    if typed::asks_for_list(&cli.global) {
        return properties::run(context);
    }
    if cli.global.insecure_dir {
        Cluster::trust_all_directories();
    }
    // A slip in a property is one also where no broker is asked.
    typed::properties(&cli.global)?;
    match &cli.command {
        Command::Topics(args) => topics::run(context, args),
        Command::Produce(args) => produce::run(context, args),
        Command::Consume(args) => consume::run(context, args),
        Command::Copy(args) => copy::run(context, args),
        Command::Groups(args) => groups::run(context, args),
        Command::Lag(args) => lag::run(context, args),
        Command::Bench(args) => bench::run(context, args),
        Command::Fake(args) => fake::run(context, args),
        Command::Config(args) => config::run(context, args),
        Command::Completions(args) => completions::run(context, args),
        Command::Man(args) => man::run(context, args),
    }
}

/// Tells a failure, and returns the status in any case.
fn settle(out: &Out, result: Result<Status, Failure>) -> Status {
    match result {
        Ok(status) => status,
        Err(failure) => {
            if failure.status != Status::Done {
                out.error(&failure.report());
            }
            failure.status
        }
    }
}

/// Tells help, version or a slip.
fn tell_instead(out: &Out, instead: Instead) -> Status {
    match instead {
        Instead::Tell { plain, coloured } => {
            let text = if out.stdout_colour() { coloured } else { plain };
            let result = out.raw(text.as_bytes()).map_err(Failure::stdout);
            settle(out, result.map(|()| Status::Done))
        }
        Instead::Help(text) => {
            out.help(&text);
            Status::Usage
        }
        Instead::Usage { message, hints } => {
            let failure = hints.into_iter().fold(Failure::usage(message), Failure::hint);
            settle(out, Err(failure))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        Context::new(Out::new(Look::default()), 0, GlobalArgs::default())
    }

    #[test]
    fn exit_codes_are_the_contracts() {
        let codes = [
            (Status::Done, 0),
            (Status::Internal, 1),
            (Status::Usage, 2),
            (Status::Partial, 3),
            (Status::Damaged, 4),
            (Status::Local, 5),
            (Status::Unreachable, 6),
            (Status::Denied, 7),
            (Status::NotFound, 8),
            (Status::Threshold, 9),
            (Status::Interrupted(2), 130),
            (Status::Interrupted(15), 143),
        ];
        for (status, code) in codes {
            assert_eq!(status.code(), code);
        }
    }

    #[test]
    fn the_only_item_keeps_its_own_code() {
        let missing = || Failure::cluster("delete", ClusterError::unknown_topic("a"));
        assert_eq!(context().conclude(2, Vec::new()).unwrap(), Status::Done);
        assert_eq!(context().conclude(1, vec![missing()]).unwrap_err().status, Status::NotFound);
        assert_eq!(context().conclude(2, vec![missing()]).unwrap(), Status::Partial);
    }
}
