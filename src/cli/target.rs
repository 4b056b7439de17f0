//! Owns which target a command works on, and where that was said. Leaves opening it to `cluster`.
//!
//! Levels, the first that names a target wins: flags, environment, the default profile of
//! `config.toml`, the default directory. A profile may be named by flag or by environment, and then
//! counts as said there. The file is never looked for in the working directory: who unpacks an
//! archive and works in it has not chosen its settings.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::global::GlobalArgs;
use crate::cluster::types::{Brokers, Target};
use crate::near::near_match;

/// Reads one environment variable.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The target of a command, and where it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The target.
    pub target: Target,
    /// Where it was said.
    pub source: Source,
    /// The profile that named it, if one did.
    pub profile: Option<String>,
}

impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Directory { path, .. } => write!(f, "log directory {}", path.display())?,
            Target::Brokers(brokers) => write!(f, "brokers {}", brokers.list)?,
        }
        write!(f, " (from {})", self.source)
    }
}

/// Where a setting was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// By this flag.
    Flag(&'static str),
    /// By this environment variable.
    Environment(&'static str),
    /// By the default profile of this file.
    File(PathBuf),
    /// Nowhere.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Environment(name) => f.write_str(name),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Why there is no target.
#[derive(Debug)]
pub struct TargetError {
    /// A sentence without a full stop.
    pub message: String,
    /// What can be done.
    pub hint: Option<String>,
    /// The failure of a file, where that was it.
    pub source: Option<io::Error>,
}

impl TargetError {
    /// An error with a sentence.
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, source: None }
    }

    /// The same, with a hint.
    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// One way to name a target.
enum Named {
    /// A directory.
    Directory(PathBuf),
    /// Brokers.
    Brokers(String),
    /// A profile.
    Profile(String),
}

/// Finds the target of a command.
pub fn resolve(args: &GlobalArgs, env: Environment<'_>) -> Result<Resolved, TargetError> {
    let flags = [
        args.log_dir.clone().map(|path| ("--log-dir", Named::Directory(path))),
        args.brokers.clone().map(|list| ("--brokers", Named::Brokers(list))),
        args.profile.clone().map(|name| ("--profile", Named::Profile(name))),
    ];
    if let Some((flag, named)) = only(flags)? {
        return settle(named, Source::Flag(flag), env);
    }
    let variables = [
        variable(env, "KAW_LOG_DIR").map(|path| ("KAW_LOG_DIR", Named::Directory(path.into()))),
        text_variable(env, "KAW_BROKERS")?.map(|list| ("KAW_BROKERS", Named::Brokers(list))),
        text_variable(env, "KAW_PROFILE")?.map(|name| ("KAW_PROFILE", Named::Profile(name))),
    ];
    if let Some((name, named)) = only(variables)? {
        return settle(named, Source::Environment(name), env);
    }
    if let Some(path) = config_file(env)
        && let Some(file) = read(&path)?
        && let Some(name) = file.default_profile.clone()
    {
        let target = file.target(&name, &path, env)?;
        return Ok(Resolved { target, source: Source::File(path), profile: Some(name) });
    }
    let path = default_directory(env).ok_or_else(|| {
        TargetError::new("there is no target, and no home directory for the default one")
            .hint("`--log-dir DIR` or `--brokers HOST:PORT`")
    })?;
    let target = Target::Directory { path, explicit: false };
    Ok(Resolved { target, source: Source::Default, profile: None })
}

/// The one target of a level; two are an error.
fn only(
    named: [Option<(&'static str, Named)>; 3],
) -> Result<Option<(&'static str, Named)>, TargetError> {
    let mut found = named.into_iter().flatten();
    let first = found.next();
    if let (Some((one, _)), Some((two, _))) = (&first, found.next()) {
        return Err(TargetError::new(format!("`{one}` and `{two}` name two targets"))
            .hint(format!("leave out `{one}` or `{two}`")));
    }
    Ok(first)
}

/// The target behind its name.
fn settle(named: Named, source: Source, env: Environment<'_>) -> Result<Resolved, TargetError> {
    let (target, profile) = match named {
        Named::Directory(path) if path.as_os_str().is_empty() => {
            return Err(TargetError::new(format!("`{source}` names no directory")));
        }
        Named::Directory(path) => (Target::Directory { path, explicit: true }, None),
        Named::Brokers(list) => (Target::Brokers(brokers(&list, &source.to_string())?), None),
        Named::Profile(name) => {
            let path = config_file(env).ok_or_else(|| {
                TargetError::new(format!("there is no home directory to find profile `{name}` in"))
            })?;
            let file = read(&path)?.ok_or_else(|| {
                let path = path.display();
                TargetError::new(format!("profile `{name}` is not there: no file `{path}`"))
                    .hint(format!("write `[profile.{name}]` with `log_dir` or `brokers` to it"))
            })?;
            (file.target(&name, &path, env)?, Some(name))
        }
    };
    Ok(Resolved { target, source, profile })
}

/// Checks a list of brokers for its form; whether they are there is seen later.
fn brokers(list: &str, from: &str) -> Result<Brokers, TargetError> {
    let port = |text: &str| text.parse::<u16>().is_ok_and(|port| port > 0);
    let good = |one: &str| {
        let (host, after) = one.rsplit_once(':').unwrap_or((one, "9092"));
        !host.is_empty() && port(after) && !host.contains([' ', '/'])
    };
    match list.split(',').find(|one| !good(one.trim())) {
        Some(odd) => Err(TargetError::new(format!("`{from}`: `{odd}` is not `HOST:PORT`"))),
        None => Ok(Brokers { list: list.to_owned(), properties: Vec::new() }),
    }
}

/// A variable that is set and not empty.
fn variable(env: Environment<'_>, name: &str) -> Option<OsString> {
    env(name).filter(|value| !value.is_empty())
}

/// The same, as text.
fn text_variable(env: Environment<'_>, name: &str) -> Result<Option<String>, TargetError> {
    variable(env, name)
        .map(OsString::into_string)
        .transpose()
        .map_err(|_| TargetError::new(format!("`{name}` is not UTF-8")))
}

/// A directory by the XDG rule: the variable if it is absolute, else a place in the home directory.
fn xdg(env: Environment<'_>, name: &str, in_home: &str) -> Option<PathBuf> {
    let set = variable(env, name).map(PathBuf::from).filter(|path| path.is_absolute());
    set.or_else(|| Some(home(env)?.join(in_home)))
}

/// The home directory.
fn home(env: Environment<'_>) -> Option<PathBuf> {
    variable(env, "HOME").map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Where the profiles are.
pub fn config_file(env: Environment<'_>) -> Option<PathBuf> {
    Some(xdg(env, "XDG_CONFIG_HOME", ".config")?.join("kaw").join("config.toml"))
}

/// The directory of a command that names no target.
fn default_directory(env: Environment<'_>) -> Option<PathBuf> {
    Some(xdg(env, "XDG_DATA_HOME", ".local/share")?.join("kaw").join("log"))
}

/// The profiles of a file.
struct Profiles {
    /// The one that counts where none is named.
    default_profile: Option<String>,
    /// All of them, by name.
    profiles: Table,
}

/// Reads and checks the file; `None` where there is none.
fn read(path: &Path) -> Result<Option<Profiles>, TargetError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let mut failure = TargetError::new(format!("cannot read `{}`", path.display()));
            failure.source = Some(error);
            return Err(failure);
        }
    };
    profiles(&text).map(Some).map_err(|mut error| {
        error.message = format!("`{}`: {}", path.display(), error.message);
        error
    })
}

/// Checks the text of the file: its whole form, not only the profile that is asked for.
fn profiles(text: &str) -> Result<Profiles, TargetError> {
    let mut file: Table = text.parse().map_err(|error: toml::de::Error| {
        let line =
            error.span().map_or(1, |span| text.get(..span.start).unwrap_or(text).lines().count());
        TargetError::new(format!("line {}: {}", line.max(1), error.message().replace('\n', "; ")))
    })?;
    known(&file, &["default_profile", "profile"], "the file")?;
    let default_profile = match file.remove("default_profile") {
        None => None,
        Some(Value::String(name)) => Some(name),
        Some(_) => return Err(TargetError::new("`default_profile` is not a string")),
    };
    let profiles = match file.remove("profile") {
        None => Table::new(),
        Some(Value::Table(profiles)) => profiles,
        Some(_) => return Err(TargetError::new("`profile` is not a table")),
    };
    for (name, profile) in &profiles {
        let Value::Table(profile) = profile else {
            return Err(TargetError::new(format!("`profile.{name}` is not a table")));
        };
        known(profile, &["brokers", "log_dir"], &format!("`profile.{name}`"))?;
    }
    Ok(Profiles { default_profile, profiles })
}

/// Checks that a table has none but these keys.
fn known(table: &Table, keys: &[&str], place: &str) -> Result<(), TargetError> {
    let Some(odd) = table.keys().find(|key| !keys.contains(&key.as_str())) else { return Ok(()) };
    let error = TargetError::new(format!("{place} has an unknown key `{odd}`"));
    Err(match near_match(odd, keys.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("known keys are `{}`", keys.join("`, `"))),
    })
}

impl Profiles {
    /// The target of the profile `name`.
    fn target(&self, name: &str, path: &Path, env: Environment<'_>) -> Result<Target, TargetError> {
        let place = format!("`{}`: `profile.{name}`", path.display());
        let Some(Value::Table(profile)) = self.profiles.get(name) else {
            let error =
                TargetError::new(format!("there is no profile `{name}` in `{}`", path.display()));
            return Err(match near_match(name, self.profiles.keys().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            });
        };
        let text = |key: &str| match profile.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(TargetError::new(format!("{place}: `{key}` is not a string"))),
        };
        match (text("log_dir")?, text("brokers")?) {
            (Some(_), Some(_)) => Err(TargetError::new(format!("{place} names two targets"))
                .hint("leave out `log_dir` or `brokers`")),
            (None, None) => Err(TargetError::new(format!("{place} names no target"))
                .hint("give it `log_dir` or `brokers`")),
            (None, Some(list)) => Ok(Target::Brokers(brokers(list, &place)?)),
            (Some(directory), None) => {
                let path = match directory.strip_prefix("~/") {
                    Some(rest) => home(env).map(|home| home.join(rest)),
                    None => Some(PathBuf::from(directory)),
                };
                // A relative path would mean another directory in each working directory.
                let path = path.filter(|path| path.is_absolute()).ok_or_else(|| {
                    TargetError::new(format!("{place}: `log_dir` is not an absolute path"))
                        .hint("start it with `/` or `~/`")
                })?;
                Ok(Target::Directory { path, explicit: true })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An environment of these pairs.
    fn of(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<OsString> + use<> {
        let pairs: Vec<(String, OsString)> =
            pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        move |name| pairs.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone())
    }

    fn remote(list: &str) -> Target {
        Target::Brokers(Brokers { list: list.into(), properties: Vec::new() })
    }

    fn directory(path: &str, explicit: bool) -> Target {
        Target::Directory { path: path.into(), explicit }
    }

    /// A home with a config file in it.
    fn home_with(config: &str) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("kaw")).unwrap();
        std::fs::write(home.path().join("kaw/config.toml"), config).unwrap();
        home
    }

    fn with_profile(name: &str) -> GlobalArgs {
        GlobalArgs { profile: Some(name.into()), ..GlobalArgs::default() }
    }

    #[test]
    fn flags_beat_environment_beats_file_beats_default() {
        let home = home_with("default_profile = \"a\"\n[profile.a]\nlog_dir = \"~/logs\"\n");
        let config = home.path().to_str().unwrap();
        let all = of(&[("HOME", "/h"), ("XDG_CONFIG_HOME", config), ("KAW_LOG_DIR", "/env")]);
        let flag = GlobalArgs { brokers: Some("k:9092".into()), ..GlobalArgs::default() };
        let resolved = resolve(&flag, &all).unwrap();
        assert_eq!(resolved.target, remote("k:9092"));
        assert_eq!(resolved.source, Source::Flag("--brokers"));
        let resolved = resolve(&GlobalArgs::default(), &all).unwrap();
        assert_eq!(resolved.target, directory("/env", true));
        assert_eq!(resolved.source.to_string(), "KAW_LOG_DIR");
        let file = of(&[("HOME", "/h"), ("XDG_CONFIG_HOME", config), ("KAW_LOG_DIR", "")]);
        let resolved = resolve(&GlobalArgs::default(), &file).unwrap();
        assert_eq!(resolved.target, directory("/h/logs", true));
        assert_eq!(resolved.profile.as_deref(), Some("a"));
        let resolved = resolve(&GlobalArgs::default(), &of(&[("HOME", "/h")])).unwrap();
        assert_eq!(resolved.target, directory("/h/.local/share/kaw/log", false));
        let data = of(&[("HOME", "/h"), ("XDG_DATA_HOME", "/data")]);
        let resolved = resolve(&GlobalArgs::default(), &data).unwrap();
        assert_eq!(resolved.target, directory("/data/kaw/log", false));
        assert!(resolve(&GlobalArgs::default(), &of(&[])).is_err());
    }

    #[test]
    fn two_targets_of_one_level_are_an_error() {
        let mut args = GlobalArgs { log_dir: Some("/x".into()), ..GlobalArgs::default() };
        args.brokers = Some("k:9092".into());
        let error = resolve(&args, &of(&[])).unwrap_err();
        assert_eq!(error.message, "`--log-dir` and `--brokers` name two targets");
        assert!(error.hint.is_some());
        let env = of(&[("KAW_LOG_DIR", "/x"), ("KAW_BROKERS", "k:9092")]);
        assert!(resolve(&GlobalArgs::default(), &env).is_err());
        let one = GlobalArgs { log_dir: Some("/x".into()), ..GlobalArgs::default() };
        assert!(resolve(&one, &env).is_ok(), "a level below is not looked at");
    }

    #[test]
    fn profiles_are_checked_whole() {
        let cases = [
            ("[profile.a]\nlog_dri = \"/x\"\n", "unknown key `log_dri`"),
            ("profiles = 1\n", "unknown key `profiles`"),
            ("[profile.a]\n", "names no target"),
            ("[profile.a]\nlog_dir = \"/x\"\nbrokers = \"k:1\"\n", "names two targets"),
            ("[profile.a]\nlog_dir = \"x\"\n", "not an absolute path"),
            ("[profile.a]\nbrokers = \"k:port\"\n", "is not `HOST:PORT`"),
            ("[profile.a]\nbrokers = 1\n", "is not a string"),
            ("[profile.b]\nlog_dir = \"/x\"\n", "no profile `a`"),
            ("\n[profile.a\n", "line 2"),
        ];
        for (config, expected) in cases {
            let home = home_with(config);
            let env = of(&[("XDG_CONFIG_HOME", home.path().to_str().unwrap()), ("HOME", "/h")]);
            let error = resolve(&with_profile("a"), &env).unwrap_err();
            assert!(error.message.contains(expected), "{config}: {}", error.message);
            assert!(!error.message.contains('\n'), "{}", error.message);
        }
        let home = home_with("[profile.prod]\nbrokers = \"k1:9092,k2:9093\"\n");
        let env = of(&[("XDG_CONFIG_HOME", home.path().to_str().unwrap())]);
        let resolved = resolve(&with_profile("prod"), &env).unwrap();
        assert_eq!(resolved.target, remote("k1:9092,k2:9093"));
        let error = resolve(&with_profile("prd"), &env).unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("did you mean `prod`?"));
    }

    #[test]
    fn broker_lists_have_hosts_and_ports() {
        for good in ["k", "k:9092", "k:9092,l:1", "[::1]:9092", "10.0.0.1:9092"] {
            assert!(brokers(good, "").is_ok(), "{good}");
        }
        for bad in ["", "k:", ":9092", "k:0", "k:99999", "k:9092,", "http://k:9092"] {
            assert!(brokers(bad, "").is_err(), "{bad}");
        }
    }
}
