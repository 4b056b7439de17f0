//! Owns what a test may need that a machine may lack. Such a test passes without it, and what was
//! skipped is counted and named on stderr by the test below.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::broker::libs;

/// Something that a machine may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Kafka's jars (`KAW_KAFKA_LIBS`, made by `tests/kafka/fetch`) and a Java to run them.
    Kafka,
    /// The jars of the Kafka before 4 (made by `tests/kafka/fetch 3.9`) as well.
    OldKafka,
    /// Log directories kept by an earlier run of the tests (`KAW_KEPT_LOGS`).
    KeptLogs,
    /// `jq`, in the examples of the README.
    Jq,
    /// `sqlite3`, a database to write records into.
    Sqlite,
    /// `script` of util-linux, which gives a command a terminal.
    Script,
    /// The database of Debian's packages, which is real text in paragraphs.
    Dpkg,
    /// `mount`, and the right to use it: for disks that are small enough to fill.
    Mount,
    /// The right to give files away: for directories of other users.
    Chown,
    /// `perl`, which takes locks as Java does.
    Perl,
    /// `zsh`, for its completion.
    Zsh,
    /// `fish`, for its completion.
    Fish,
}

impl Need {
    const ALL: [Self; 12] = [
        Self::Kafka,
        Self::OldKafka,
        Self::KeptLogs,
        Self::Jq,
        Self::Sqlite,
        Self::Script,
        Self::Dpkg,
        Self::Mount,
        Self::Chown,
        Self::Perl,
        Self::Zsh,
        Self::Fish,
    ];

    /// Whether this machine has it. A test that needs it returns at once where not, and fails
    /// where `KAW_SKIP_NOTHING` is set.
    #[track_caller]
    pub fn met(self) -> bool {
        let strict = std::env::var_os("KAW_SKIP_NOTHING").is_some();
        assert!(self.is_here() || !strict, "this machine lacks {self}");
        self.is_here()
    }

    /// Whether this machine has it.
    fn is_here(self) -> bool {
        match self {
            Self::Kafka => std::env::var_os("KAW_KAFKA_LIBS").is_some(),
            Self::OldKafka => Self::Kafka.is_here() && libs(Some("3.9")).is_dir(),
            Self::KeptLogs => std::env::var_os("KAW_KEPT_LOGS").is_some(),
            Self::Jq => on_path("jq"),
            Self::Sqlite => on_path("sqlite3"),
            Self::Script => on_path("script"),
            Self::Dpkg => Path::new("/var/lib/dpkg/status").is_file(),
            Self::Mount => can_mount(),
            Self::Chown => tempfile::tempdir()
                .is_ok_and(|dir| std::os::unix::fs::chown(dir.path(), Some(12345), None).is_ok()),
            Self::Perl => on_path("perl"),
            Self::Zsh => on_path("zsh"),
            Self::Fish => on_path("fish"),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kafka => "Kafka's tools (set KAW_KAFKA_LIBS to what tests/kafka/fetch made)",
            Self::OldKafka => "Kafka 3.9 beside Kafka's tools (run tests/kafka/fetch 3.9)",
            Self::KeptLogs => "kept log directories (set KAW_KEPT_LOGS; see .ci/run)",
            Self::Jq => "jq",
            Self::Sqlite => "sqlite3",
            Self::Script => "script, of util-linux",
            Self::Dpkg => "Debian's package database (/var/lib/dpkg/status)",
            Self::Mount => "the right to mount a small disk (run as root)",
            Self::Chown => "the right to give files away (run as root)",
            Self::Perl => "perl",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        })
    }
}

/// Whether a program can be started.
fn on_path(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok()
}

/// Whether a small disk can be mounted, found out by mounting one.
fn can_mount() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    *CAN.get_or_init(|| {
        let run = |program: &str, args: &[&str], at: &Path| {
            let mut command = Command::new(program);
            command.args(args).arg(at).stdin(Stdio::null()).stdout(Stdio::null());
            command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
        };
        let at = tempfile::tempdir().expect("a temporary directory can be made");
        run("mount", &["-t", "tmpfs", "-o", "size=64k", "none"], at.path())
            && run("umount", &["-l"], at.path())
    })
}

/// The tests in `source` that say `Need::<need>`, by their names.
fn needing(source: &str, need: Need) -> Vec<String> {
    let mark = format!("Need::{need:?}.met()");
    let mut names = Vec::new();
    let mut lines = source.lines().peekable();
    while let Some(line) = lines.next() {
        if line != "#[test]" {
            continue;
        }
        let head = lines.by_ref().find(|line| line.starts_with("fn ")).unwrap_or_default();
        let name = head.trim_start_matches("fn ").split('(').next().unwrap_or_default();
        if lines.by_ref().take_while(|line| *line != "}").any(|line| line.contains(&mark)) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The tests of this suite that say `Need::<need>`, with their modules.
fn needing_of_all(need: Need) -> Vec<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut names = Vec::new();
    for entry in fs::read_dir(&here).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_string_lossy().into_owned();
        let found = needing(&fs::read_to_string(&path).unwrap(), need);
        names.extend(found.into_iter().map(|name| format!("{module}::{name}")));
    }
    names.sort();
    names
}

#[test]
fn what_is_skipped_is_counted_and_named() {
    let mut report = String::new();
    let mut all = BTreeSet::new();
    for need in Need::ALL.into_iter().filter(|need| !need.is_here()) {
        let names = needing_of_all(need);
        all.extend(names.iter().cloned());
        if !names.is_empty() {
            writeln!(report, "skipped for want of {need}: {}", names.join(" ")).unwrap();
        }
    }
    // Not `eprintln!`: the test runner would keep it to itself.
    write!(std::io::stderr(), "\nskipped: {} tests\n{report}", all.len()).unwrap();
    assert_eq!(all.is_empty(), report.is_empty());
}

#[test]
fn tests_that_need_kafka_are_run_by_that_name() {
    let all = needing_of_all(Need::Kafka);
    assert!(all.len() > 20, "{all:?}");
    // CI has Kafka only where it runs `kafka_`. What makes files for others is run by hand.
    let missed = |name: &&String| !name.contains("kafka_") && !name.starts_with("golden_legacy::");
    assert_eq!(all.iter().filter(missed).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn tests_with_a_need_are_found_in_their_source() {
    let source = "#[test]\nfn a() {\n    if !Need::Jq.met() {\n        return;\n    }\n}\n\
                  #[test]\nfn b() {\n}\n#[test]\n#[ignore]\nfn c() {\n    Need::Jq.met();\n}\n";
    assert_eq!(needing(source, Need::Jq), ["a", "c"]);
    assert!(needing(source, Need::Kafka).is_empty());
}
