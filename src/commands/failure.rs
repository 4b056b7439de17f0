//! Owns the failures of commands: which exit code a kind of error has, and which hint helps. Leaves
//! printing them to `out`.

use std::error::Error;
use std::io;

use signal_hook::consts::SIGINT;
use signal_hook::low_level;

use super::Status;
use crate::cli::target::TargetError;
use crate::cluster::error::{ClusterError, ErrorKind};
use crate::out::{ErrorReport, Look, Out};
use crate::sys;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub struct Failure {
    /// How the command ends. `Done` is a quiet end: the reader of stdout has enough.
    pub status: Status,
    /// Kafka's name for the kind.
    pub code: &'static str,
    /// What failed, and why, without a full stop.
    pub message: String,
    /// The cause below.
    pub source: Option<Box<dyn Error + Send + Sync>>,
    /// What the user can do.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure with a sentence.
    pub fn new(status: Status, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), source: None, hints: Vec::new() }
    }

    /// What was asked for is not allowed.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Status::Usage, ErrorKind::InvalidRequest.code(), message)
    }

    /// The cluster said no to `doing`, as in `create topic`.
    pub fn cluster(doing: &str, error: ClusterError) -> Self {
        let ClusterError { kind, message, topic, group, source } = error;
        let mut failure =
            Self::new(status(kind), kind.code(), format!("cannot {doing}: {message}"));
        failure.source = source;
        let of = match kind {
            ErrorKind::GroupAuthorizationFailed => group,
            _ => topic.or(group),
        };
        failure.hints.extend(hint(kind, of.as_deref(), doing));
        failure
    }

    /// stdout did not take the answer. A closed pipe is a reader who has enough.
    pub fn stdout(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(Status::Done, "BROKEN_PIPE", "the reader of stdout has gone");
        }
        Self::local("cannot write to stdout", error)
    }

    /// The local environment refused.
    #[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
    pub fn local(message: impl Into<String>, error: io::Error) -> Self {
        let mut failure = Self::new(Status::Local, ErrorKind::Storage.code(), message);
        failure.message = format!("{}: {}", failure.message, sys::reason(&error));
        failure
    }

    /// The same, with a hint after those it has.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same, with one hint in the place of those it has.
    #[must_use]
    pub fn instead(mut self, hint: impl Into<String>) -> Self {
        self.hints = vec![hint.into()];
        self
    }

    /// What is told of it.
    pub fn report(&self) -> ErrorReport {
        let mut causes = Vec::new();
        let mut next: Option<&dyn Error> = self.source.as_deref().map(|error| error as &dyn Error);
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        ErrorReport {
            error: self.message.clone(),
            code: self.code,
            exit_code: self.status.code(),
            causes,
            hints: self.hints.clone(),
        }
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        let failure = match error.source {
            // ^C, where a password was asked for.
            Some(source) if source.kind() == io::ErrorKind::Interrupted => Self::new(
                Status::Interrupted(SIGINT),
                "INTERRUPTED",
                format!("{}: interrupted", error.message),
            ),
            Some(source) => Self::local(error.message, source),
            None => Self::usage(error.message),
        };
        error.hint.into_iter().fold(failure, Self::hint)
    }
}

/// Makes a panic, on any thread, the one line and the exit code of an internal error. A thread that
/// is gone would leave the others waiting, so the process ends.
pub fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let reason = payload.downcast_ref::<&str>().copied();
        let reason = reason.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let place = panic.location().map(|at| format!(" at {}:{}", at.file(), at.line()));
        let message = format!(
            "internal error{}: {}",
            place.unwrap_or_default(),
            reason.unwrap_or("no reason given")
        );
        let failure = Failure::new(Status::Internal, "UNKNOWN_SERVER_ERROR", message)
            .hint("this is a mistake of kaw; please report it with this line");
        Out::new(Look::default()).error(&failure.report());
        low_level::exit(i32::from(Status::Internal.code()));
    }));
}

/// The exit code of a kind of error.
const fn status(kind: ErrorKind) -> Status {
    match kind {
        ErrorKind::InvalidPartitions
        | ErrorKind::InvalidReplicationFactor
        | ErrorKind::InvalidConfig
        | ErrorKind::InvalidRequest
        | ErrorKind::InconsistentGroupProtocol
        | ErrorKind::Unsupported => Status::Usage,
        ErrorKind::TopicAlreadyExists
        | ErrorKind::MessageTooLarge
        | ErrorKind::UnknownMember
        | ErrorKind::NotEnoughReplicas
        | ErrorKind::InvalidRecord
        | ErrorKind::PolicyViolation
        | ErrorKind::Refused
        | ErrorKind::FencedInstanceId
        | ErrorKind::ProducerFenced
        | ErrorKind::NonEmptyGroup => Status::Partial,
        ErrorKind::CorruptData => Status::Damaged,
        ErrorKind::Busy | ErrorKind::Storage | ErrorKind::Insecure => Status::Local,
        ErrorKind::TimedOut | ErrorKind::Unreachable => Status::Unreachable,
        ErrorKind::AuthenticationFailed
        | ErrorKind::TopicAuthorizationFailed
        | ErrorKind::GroupAuthorizationFailed
        | ErrorKind::TransactionalIdAuthorizationFailed
        | ErrorKind::ClusterAuthorizationFailed
        | ErrorKind::TlsFailed => Status::Denied,
        ErrorKind::UnknownTopicOrPartition
        | ErrorKind::GroupIdNotFound
        | ErrorKind::NotFound
        | ErrorKind::OffsetOutOfRange => Status::NotFound,
    }
}

/// What helps with a kind of error.
fn hint(kind: ErrorKind, topic: Option<&str>, doing: &str) -> Option<String> {
    match kind {
        // Who reads or writes a topic may want it made; who changes one has mistaken its name.
        ErrorKind::UnknownTopicOrPartition if doing == "consume" => {
            topic.map(|topic| format!("`kaw topics create {topic}`"))
        }
        ErrorKind::UnknownTopicOrPartition if doing == "produce" => {
            topic.map(|topic| format!("`--create` makes it, as does `kaw topics create {topic}`"))
        }
        ErrorKind::UnknownTopicOrPartition => {
            topic.map(|_| "`kaw topics list` shows what is there".to_owned())
        }
        ErrorKind::TopicAlreadyExists => {
            topic.map(|topic| format!("`kaw topics describe {topic}`"))
        }
        ErrorKind::OffsetOutOfRange => topic
            .map(|topic| format!("`kaw topics describe {topic}` shows where it starts and ends")),
        ErrorKind::MessageTooLarge => {
            topic.map(|topic| format!("`kaw topics alter {topic} -c max.message.bytes=BYTES`"))
        }
        ErrorKind::GroupIdNotFound => Some("`kaw groups list` shows what is there".to_owned()),
        ErrorKind::NonEmptyGroup => {
            topic.map(|group| format!("`kaw groups members {group}` shows whom to stop first"))
        }
        ErrorKind::TopicAuthorizationFailed
        | ErrorKind::GroupAuthorizationFailed
        | ErrorKind::TransactionalIdAuthorizationFailed
        | ErrorKind::ClusterAuthorizationFailed => Some(denial(kind, topic, doing)),
        ErrorKind::AuthenticationFailed | ErrorKind::TlsFailed => {
            Some("`kaw config` shows the settings of security and who made them".into())
        }
        // What is appended would lie behind it.
        ErrorKind::CorruptData if doing == "produce" => {
            Some("`kaw topics verify --repair` moves what is damaged aside".to_owned())
        }
        ErrorKind::Unreachable => Some("`kaw config` shows the brokers and who named them".into()),
        ErrorKind::InconsistentGroupProtocol => {
            topic.map(|assignor| format!("`--assignor {assignor}`, or stop the others first"))
        }
        ErrorKind::Insecure => Some(
            "`chown` and `chmod go-w` make it yours alone; `--insecure-dir` writes there as it is"
                .to_owned(),
        ),
        ErrorKind::Unsupported => topic.map(|property| format!("leave out `-X {property}`")),
        ErrorKind::NotFound => Some("`kaw config` shows the target and who named it".to_owned()),
        ErrorKind::Busy | ErrorKind::TimedOut => Some("`--timeout 1m` waits longer".to_owned()),
        ErrorKind::InvalidPartitions
        | ErrorKind::InvalidReplicationFactor
        | ErrorKind::InvalidConfig
        | ErrorKind::InvalidRequest
        | ErrorKind::CorruptData
        | ErrorKind::UnknownMember
        | ErrorKind::NotEnoughReplicas
        | ErrorKind::InvalidRecord
        | ErrorKind::PolicyViolation
        | ErrorKind::Refused
        | ErrorKind::FencedInstanceId
        | ErrorKind::ProducerFenced
        | ErrorKind::Storage => None,
    }
}

/// Which right an action takes, and on what; by its own words where the error does not name that.
fn denial(kind: ErrorKind, of: Option<&str>, doing: &str) -> String {
    let resource = match kind {
        ErrorKind::GroupAuthorizationFailed => "group",
        ErrorKind::TransactionalIdAuthorizationFailed => "transactional id",
        ErrorKind::ClusterAuthorizationFailed => "cluster",
        _ => "topic",
    };
    let named = || doing.split('`').nth(1);
    let of = match of.or_else(named) {
        Some(of) => format!("{resource} `{of}`"),
        None => format!("the {resource}"),
    };
    let right = operation(kind, doing.split(' ').next().unwrap_or_default());
    format!("it takes an ACL that allows {right} on {of}")
}

/// Kafka's name for the right that an action, by its first word, takes.
fn operation(kind: ErrorKind, doing: &str) -> &'static str {
    let of_group = kind == ErrorKind::GroupAuthorizationFailed;
    match doing {
        // For an id as a producer; whoever may write to some topic has it.
        "produce" if kind == ErrorKind::ClusterAuthorizationFailed => "IdempotentWrite",
        _ if kind == ErrorKind::TransactionalIdAuthorizationFailed => "Write",
        "produce" => "Write",
        "copy" if !of_group => "Read, or Write for a target,",
        "delete" | "trim" => "Delete",
        "forget" if of_group => "Delete",
        "consume" | "copy" | "reset" | "skip" | "forget" => "Read",
        "create" => "Create",
        "alter" => "Alter (AlterConfigs for configs)",
        _ => "Describe",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_topic_is_8_and_can_be_created() {
        let failure = Failure::cluster("consume", ClusterError::unknown_topic("orders"));
        let report = failure.report();
        assert_eq!(report.error, "cannot consume: topic `orders` does not exist");
        assert_eq!((report.exit_code, report.code), (8, "UNKNOWN_TOPIC_OR_PARTITION"));
        assert_eq!(report.hints, ["`kaw topics create orders`"]);
        let failure = Failure::cluster("delete topic `a`", ClusterError::unknown_topic("a"));
        assert_eq!(failure.report().hints, ["`kaw topics list` shows what is there"]);
    }

    #[test]
    fn kinds_have_the_contracts_codes() {
        let codes = [
            (ErrorKind::InvalidConfig, 2),
            (ErrorKind::InvalidPartitions, 2),
            (ErrorKind::Unsupported, 2),
            (ErrorKind::TopicAlreadyExists, 3),
            (ErrorKind::NonEmptyGroup, 3),
            (ErrorKind::GroupIdNotFound, 8),
            (ErrorKind::CorruptData, 4),
            (ErrorKind::Busy, 5),
            (ErrorKind::Storage, 5),
            (ErrorKind::Insecure, 5),
            (ErrorKind::TimedOut, 6),
            (ErrorKind::Unreachable, 6),
            (ErrorKind::AuthenticationFailed, 7),
            (ErrorKind::TopicAuthorizationFailed, 7),
            (ErrorKind::TlsFailed, 7),
            (ErrorKind::NotEnoughReplicas, 3),
            (ErrorKind::Refused, 3),
            (ErrorKind::NotFound, 8),
            (ErrorKind::OffsetOutOfRange, 8),
        ];
        for (kind, code) in codes {
            assert_eq!(status(kind).code(), code, "{kind:?}");
        }
    }

    #[test]
    fn who_may_not_is_told_what_it_takes() {
        let hint = |kind, doing: &str| {
            Failure::cluster(doing, ClusterError::new(kind, "no")).hints.join("; ")
        };
        let group = ErrorKind::GroupAuthorizationFailed;
        assert_eq!(hint(group, "reset group `g`"), "it takes an ACL that allows Read on group `g`");
        assert_eq!(hint(group, "copy").split(' ').next_back(), Some("group"));
        let error = ClusterError::new(ErrorKind::TopicAuthorizationFailed, "no").about("t");
        let hints = Failure::cluster("consume", error).hints;
        assert_eq!(hints, ["it takes an ACL that allows Read on topic `t`"]);
        // A group is not named by its topic.
        let error = ClusterError::new(group, "no").about("t").of_group("g");
        let hints = Failure::cluster("forget offsets of group `g`", error).hints;
        assert_eq!(hints, ["it takes an ACL that allows Delete on group `g`"]);
    }

    #[test]
    fn a_closed_pipe_is_no_failure_and_a_full_disk_is() {
        let closed = Failure::stdout(io::ErrorKind::BrokenPipe.into());
        assert_eq!(closed.status, Status::Done);
        let full = Failure::stdout(io::Error::from_raw_os_error(28));
        assert_eq!(full.status, Status::Local);
        assert_eq!(full.message, "cannot write to stdout: no space left on device");
    }

    #[test]
    fn causes_are_listed_outermost_first() {
        let below = ClusterError::new(ErrorKind::Storage, "the file system is read-only");
        let above = ClusterError::new(ErrorKind::Storage, "no lock").because(below);
        let error = ClusterError::new(ErrorKind::Storage, "cannot open").because(above);
        let report = Failure::cluster("list topics", error).report();
        assert_eq!(report.causes, ["no lock", "the file system is read-only"]);
        assert_eq!(report.exit_code, 5);
    }
}
