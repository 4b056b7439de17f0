//! Owns which target a command works on, how it is reached, and where all that was said. Leaves the
//! forms of files to `profile` and `conf_file`, opening the target to `cluster`.
//!
//! Levels, the first that names a target wins: flags, environment, the default profile of
//! `config.toml`, the default directory. A profile may be named by flag or by environment, and then
//! counts as said there; a file of `--config-file` or `KAW_CONFIG_FILE` names its brokers where its
//! own level names nothing else. Properties of brokers: `-X` beats the profile, the profile beats
//! the file. A file that the environment names does not go with a profile: one cluster's password
//! is not for another. No file is looked for in the working directory: who unpacks an archive and
//! works in it has not chosen its settings.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;

use super::conf_file::{self, ConfFile};
use super::global::GlobalArgs;
use super::profile::{self, Place, Profile};
use super::typed;
use crate::cluster::types::{Brokers, Property, Target};
use crate::properties;
use crate::secret::SecretSource;
use crate::sys;

/// Reads one environment variable.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The target of a command, and where it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The target; without the secrets that are still to be fetched.
    pub target: Target,
    /// Where it was said.
    pub source: Source,
    /// The profile that named it, if one did.
    pub profile: Option<String>,
    /// The file of properties that counts, if one does, and who named it.
    pub config_file: Option<(PathBuf, Source)>,
    /// Properties whose values are still to be fetched.
    pub secrets: Vec<Pending>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// A property whose value is a secret that has to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its name.
    pub property: &'static str,
    /// Where its value comes from.
    pub from: SecretSource,
    /// Where that was said.
    pub source: String,
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

impl Resolved {
    /// A target with nothing beside it.
    fn new(target: Target, source: Source) -> Self {
        let (secrets, warnings) = (Vec::new(), Vec::new());
        Self { target, source, profile: None, config_file: None, secrets, warnings }
    }

    /// Fetches the secrets and hides our memory from others, so that the target can be opened.
    pub fn unlock(&mut self) -> Result<(), TargetError> {
        let Target::Brokers(brokers) = &mut self.target else { return Ok(()) };
        let secret = |property: &Property| properties::is_secret(&property.name);
        let token = brokers.token.is_some();
        if token || !self.secrets.is_empty() || brokers.properties.iter().any(secret) {
            sys::hide_memory();
        }
        for Property { name, value, .. } in &brokers.properties {
            // librdkafka would say it late and in its own words.
            if name.ends_with(".location") && name.starts_with("ssl.") && value != "probe" {
                let message = format!("cannot read `{value}` of `{name}`");
                std::fs::metadata(value).map_err(|error| TargetError::local(message, error))?;
            }
        }
        let tokens = brokers.token.as_ref().into_iter();
        for from in self.secrets.iter().map(|pending| &pending.from).chain(tokens) {
            if from.is_open_to_others() {
                self.warnings.push(format!("{from} can be read by others; `chmod 600`"));
            }
        }
        for Pending { property, from, source } in self.secrets.drain(..) {
            let message = format!("cannot get `{property}` from {from}");
            let secret = from.fetch().map_err(|error| TargetError::local(message, error))?;
            let (name, value) = (property.to_owned(), secret.reveal().to_owned());
            brokers.properties.push(Property { name, value, source });
        }
        Ok(())
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
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, source: None }
    }

    /// An error of the local machine.
    pub(super) fn local(message: impl Into<String>, error: io::Error) -> Self {
        Self { message: message.into(), hint: None, source: Some(error) }
    }

    /// The same, with a hint.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, with the place where it is.
    pub(super) fn within(mut self, place: &str) -> Self {
        self.message = format!("{place}: {}", self.message);
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

/// What a level says of a target.
type Said = Option<(&'static str, Named)>;

/// Finds the target of a command, and how to reach it.
pub fn resolve(args: &GlobalArgs, env: Environment<'_>) -> Result<Resolved, TargetError> {
    let typed = typed::properties(args)?;
    let flags = [
        args.log_dir.clone().map(|path| ("--log-dir", Named::Directory(path))),
        args.brokers.clone().map(|list| ("--brokers", Named::Brokers(list))),
        args.profile.clone().map(|name| ("--profile", Named::Profile(name))),
    ];
    let allow_code = args.allow_code_in_config;
    let by_flag = args.config_file.clone();
    let by_variable = variable(env, "KAW_CONFIG_FILE").map(PathBuf::from);
    let (file, file_source) = match (by_flag, by_variable) {
        (Some(path), _) => (Some(path), Source::Flag("--config-file")),
        (None, path) => (path, Source::Environment("KAW_CONFIG_FILE")),
    };
    let mut level = Level { env, allow_code, file_source, file, conf: None };
    let (mut resolved, profile) = level.target(only(flags)?)?;
    if matches!(resolved.target, Target::Directory { .. }) {
        refuse_for_directory(&resolved, args, typed.is_empty())?;
        return Ok(resolved);
    }
    level.reach(&mut resolved, profile, typed)?;
    agree(&resolved)?;
    Ok(resolved)
}

/// What the levels are asked with.
struct Level<'a> {
    /// The environment.
    env: Environment<'a>,
    /// Whether `--allow-code-in-config` was given.
    allow_code: bool,
    /// Who named the file of properties.
    file_source: Source,
    /// The file of properties.
    file: Option<PathBuf>,
    /// What it says, once it was read.
    conf: Option<ConfFile>,
}

impl Level<'_> {
    /// The target: of the first level that names one.
    fn target(&mut self, flag: Said) -> Result<(Resolved, Option<Profile>), TargetError> {
        if let Some((name, named)) = flag {
            return self.settle(named, Source::Flag(name));
        }
        let by_flag = matches!(self.file_source, Source::Flag(_));
        if by_flag && let Some(list) = self.brokers_of_file()? {
            return self.settle(Named::Brokers(list), self.file_source.clone());
        }
        if let Some((name, named)) = said_by_variables(self.env)? {
            return self.settle(named, Source::Environment(name));
        }
        if !by_flag && let Some(list) = self.brokers_of_file()? {
            return self.settle(Named::Brokers(list), self.file_source.clone());
        }
        if let Some(path) = config_file(self.env)
            && let Some(file) = profile::read(&path)?
            && let Some(name) = file.default_profile.clone()
        {
            let profile = file.get(&name, &path, self.env, self.allow_code)?;
            return profiled(name, profile, Source::File(path));
        }
        let path = default_directory(self.env).ok_or_else(|| {
            TargetError::new("there is no target, and no home directory for the default one")
                .hint("`--log-dir DIR` or `--brokers HOST:PORT`")
        })?;
        let target = Target::Directory { path, explicit: false };
        Ok((Resolved::new(target, Source::Default), None))
    }

    /// The target behind its name.
    fn settle(
        &self,
        named: Named,
        source: Source,
    ) -> Result<(Resolved, Option<Profile>), TargetError> {
        let target = match named {
            Named::Directory(path) if path.as_os_str().is_empty() => {
                return Err(TargetError::new(format!("`{source}` names no directory")));
            }
            Named::Directory(path) => Target::Directory { path, explicit: true },
            Named::Brokers(list) => Target::Brokers(brokers(&list, &source.to_string())?),
            Named::Profile(name) => {
                let path = config_file(self.env).ok_or_else(|| {
                    let message = format!("there is no home directory to find profile `{name}` in");
                    TargetError::new(message)
                })?;
                let file = profile::read(&path)?.ok_or_else(|| {
                    let path = path.display();
                    TargetError::new(format!("profile `{name}` is not there: no file `{path}`"))
                        .hint(format!("write `[profile.{name}]` with `log_dir` or `brokers` to it"))
                })?;
                let profile = file.get(&name, &path, self.env, self.allow_code)?;
                return profiled(name, profile, source);
            }
        };
        Ok((Resolved::new(target, source), None))
    }

    /// What the file of properties says; it is read once.
    fn conf(&mut self) -> Result<Option<&ConfFile>, TargetError> {
        if self.conf.is_none()
            && let Some(path) = &self.file
        {
            self.conf = Some(conf_file::read(path, self.allow_code)?);
        }
        Ok(self.conf.as_ref())
    }

    /// The brokers that the file of properties names.
    fn brokers_of_file(&mut self) -> Result<Option<String>, TargetError> {
        Ok(self.conf()?.and_then(|conf| conf.brokers.clone()))
    }

    /// Adds how the brokers are reached, from the weakest word to the strongest.
    fn reach(
        &mut self,
        resolved: &mut Resolved,
        profile: Option<Profile>,
        typed: Vec<(String, String)>,
    ) -> Result<(), TargetError> {
        let by_flag = matches!(self.file_source, Source::Flag(_));
        let path = self.file.clone().filter(|_| by_flag || profile.is_none());
        let Target::Brokers(brokers) = &mut resolved.target else { return Ok(()) };
        let mut add = |pairs: Vec<(String, String)>, source: &str| {
            let source = || source.to_owned();
            let properties = pairs.into_iter();
            brokers.properties.extend(properties.map(|(name, value)| Property {
                name,
                value,
                source: source(),
            }));
        };
        if let Some(path) = path
            && let Some(conf) = self.conf()?.cloned()
        {
            add(conf.properties, &path.display().to_string());
            resolved.warnings.extend(conf.warnings);
            resolved.config_file = Some((path, self.file_source.clone()));
        }
        let name = resolved.profile.clone().unwrap_or_default();
        let source = format!("profile {name}");
        if let Some(profile) = profile {
            add(profile.properties, &source);
            let pending = profile.secrets.into_iter();
            resolved.secrets = pending
                .map(|(property, from)| Pending { property, from, source: source.clone() })
                .collect();
            brokers.token = profile.token;
        }
        add(typed, "-X");
        Ok(())
    }
}

/// The target that a profile names.
fn profiled(
    name: String,
    profile: Profile,
    source: Source,
) -> Result<(Resolved, Option<Profile>), TargetError> {
    let target = match &profile.place {
        Place::Directory(path) => Target::Directory { path: path.clone(), explicit: true },
        Place::Brokers(list) => Target::Brokers(brokers(list, &format!("profile {name}"))?),
    };
    let mut resolved = Resolved::new(target, source);
    resolved.profile = Some(name);
    Ok((resolved, Some(profile)))
}

/// Says that properties which were typed have nobody to go to.
fn refuse_for_directory(
    resolved: &Resolved,
    args: &GlobalArgs,
    no_properties: bool,
) -> Result<(), TargetError> {
    let flag = match (no_properties, &args.config_file) {
        (false, _) => "`-X`",
        (true, Some(_)) => "`--config-file`",
        (true, None) => return Ok(()),
    };
    Err(TargetError::new(format!("{flag} is for brokers, and the target is {resolved}"))
        .hint("`--brokers HOST:PORT`, or `bootstrap.servers` in the file of `--config-file`"))
}

/// Checks that what is said of security can work together: librdkafka would fall back to Kerberos,
/// or leave a password unused.
fn agree(resolved: &Resolved) -> Result<(), TargetError> {
    let Target::Brokers(brokers) = &resolved.target else { return Ok(()) };
    let value = |name: &str| {
        let is = |one: &&Property| {
            properties::find(&one.name).is_some_and(|known| known.canonical() == name)
        };
        let found = brokers.properties.iter().rfind(is).map(|property| property.value.as_str());
        found.filter(|value| !value.is_empty())
    };
    let pending = |name: &str| resolved.secrets.iter().any(|secret| secret.property == name);
    let protocol = value("security.protocol").unwrap_or("plaintext").to_lowercase();
    let Some(mechanism) = value("sasl.mechanisms") else {
        if protocol.starts_with("sasl_") {
            let message = format!("`security.protocol` is {protocol}, without a `sasl.mechanism`");
            return Err(TargetError::new(message)
                .hint(format!("it is one of `{}`", properties::MECHANISMS.join("`, `"))));
        }
        return Ok(());
    };
    if !protocol.starts_with("sasl_") {
        let message = format!("`sasl.mechanism` is {mechanism}, and nothing says to use SASL");
        return Err(TargetError::new(message).hint("`security.protocol=sasl_ssl`"));
    }
    if mechanism == "OAUTHBEARER" {
        let unsecured = value("enable.sasl.oauthbearer.unsecure.jwt") == Some("true");
        if brokers.token.is_some() || unsecured {
            return Ok(());
        }
        return Err(TargetError::new("OAUTHBEARER has no token")
            .hint("`token_file` or `token_command` in a profile"));
    }
    if value("sasl.username").is_none() {
        return Err(TargetError::new(format!("{mechanism} has no `sasl.username`")));
    }
    if value("sasl.password").is_none() && !pending("sasl.password") {
        return Err(TargetError::new(format!("{mechanism} has no password")).hint(typed::SAFE_WAYS));
    }
    Ok(())
}

/// What the environment says of a target.
fn said_by_variables(env: Environment<'_>) -> Result<Said, TargetError> {
    let variables = [
        variable(env, "KAW_LOG_DIR").map(|path| ("KAW_LOG_DIR", Named::Directory(path.into()))),
        text_variable(env, "KAW_BROKERS")?.map(|list| ("KAW_BROKERS", Named::Brokers(list))),
        text_variable(env, "KAW_PROFILE")?.map(|name| ("KAW_PROFILE", Named::Profile(name))),
    ];
    only(variables)
}

/// The one target of a level; two are an error.
fn only(named: [Option<(&'static str, Named)>; 3]) -> Result<Said, TargetError> {
    let mut found = named.into_iter().flatten();
    let first = found.next();
    if let (Some((one, _)), Some((two, _))) = (&first, found.next()) {
        return Err(TargetError::new(format!("`{one}` and `{two}` name two targets"))
            .hint(format!("leave out `{one}` or `{two}`")));
    }
    Ok(first)
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
        None => Ok(Brokers { list: list.to_owned(), ..Brokers::default() }),
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
pub(super) fn home(env: Environment<'_>) -> Option<PathBuf> {
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

#[cfg(test)]
#[path = "target/tests.rs"]
mod tests;
