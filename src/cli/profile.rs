//! Owns the profiles of `config.toml`: their form, and the properties that their few keys stand
//! for. Leaves which profile counts to `target`, fetching secrets to `secret`.
//!
//! ```toml
//! [profile.prod]
//! brokers = "k1:9093,k2:9093"
//! ca = "~/kafka/ca.pem"
//! sasl = "SCRAM-SHA-512"
//! username = "me"
//! password_command = ["pass", "show", "kafka/prod"]
//! properties = { "socket.keepalive.enable" = true }
//! ```

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::conf_file;
use super::target::{Environment, TargetError, home};
use crate::near::near_match;
use crate::properties::{self, MECHANISMS};
use crate::secret::{self, SecretSource};

/// The largest file.
const BYTES_MAX: usize = 1 << 20;

/// Where a password may come from, by the end of its key.
const WAYS: [&str; 5] = ["", "_file", "_command", "_env", "_prompt"];

/// The keys of a profile.
const KEYS: &[&str] = &[
    "brokers",
    "ca",
    "cert",
    "key",
    "key_password",
    "key_password_command",
    "key_password_env",
    "key_password_file",
    "key_password_prompt",
    "log_dir",
    "password",
    "password_command",
    "password_env",
    "password_file",
    "password_prompt",
    "properties",
    "sasl",
    "tls",
    "token_command",
    "token_env",
    "token_file",
    "username",
];

/// The profiles of a file.
pub(super) struct Profiles {
    /// The one that counts where none is named.
    pub(super) default_profile: Option<String>,
    /// All of them, by name.
    tables: Table,
    /// Whether others than its owner may read the file.
    open_to_others: bool,
}

/// What a profile names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A log directory.
    Directory(PathBuf),
    /// Brokers.
    Brokers(String),
}

/// One profile.
pub(super) struct Profile {
    /// What it names.
    pub(super) place: Place,
    /// librdkafka's properties, checked.
    pub(super) properties: Vec<(String, String)>,
    /// Properties whose values have to be fetched.
    pub(super) secrets: Vec<(&'static str, SecretSource)>,
    /// Where tokens of OAUTHBEARER come from.
    pub(super) token: Option<SecretSource>,
}

/// Reads and checks the file; `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Profiles>, TargetError> {
    let place = format!("`{}`", path.display());
    let cannot = |error| TargetError::local(format!("cannot read {place}"), error);
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(cannot)?,
    };
    let bytes = secret::read_bounded(&mut file, BYTES_MAX).map_err(cannot)?;
    let not_text = |_| TargetError::new(format!("{place} is not UTF-8"));
    let text = String::from_utf8(bytes).map_err(not_text)?;
    let mut profiles = parse(&text).map_err(|error| error.within(&place))?;
    profiles.open_to_others = secret::others_may_read(&file);
    Ok(Some(profiles))
}

/// Checks the text of the file: its whole form, not only the profile that is asked for.
fn parse(text: &str) -> Result<Profiles, TargetError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
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
        known(profile, KEYS, &format!("`profile.{name}`"))?;
    }
    Ok(Profiles { default_profile, tables: profiles, open_to_others: false })
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
    /// The profile `name` of the file at `path`.
    pub(super) fn get(
        &self,
        name: &str,
        path: &Path,
        env: Environment<'_>,
        allow_code: bool,
    ) -> Result<Profile, TargetError> {
        let Some(Value::Table(table)) = self.tables.get(name) else {
            let error =
                TargetError::new(format!("there is no profile `{name}` in `{}`", path.display()));
            return Err(match near_match(name, self.tables.keys().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            });
        };
        let keys = Keys { table, env };
        let profile =
            keys.profile(allow_code).map_err(|error| error.within(&in_file(name, path)))?;
        let literal = profile.properties.iter().find(|(name, _)| properties::is_secret(name));
        if literal.is_some() && self.open_to_others {
            let message = format!("{} has a password that others can read", in_file(name, path));
            return Err(TargetError::new(message)
                .hint(format!("`chmod 600 {}`, or `password_file`", path.display())));
        }
        Ok(profile)
    }
}

/// Where a profile is, for the beginning of an error.
fn in_file(name: &str, path: &Path) -> String {
    format!("`{}`: `profile.{name}`", path.display())
}

/// The keys of one profile.
struct Keys<'a> {
    /// All of them.
    table: &'a Table,
    /// The environment, for `~/`.
    env: Environment<'a>,
}

impl Keys<'_> {
    /// Reads all of them.
    fn profile(&self, allow_code: bool) -> Result<Profile, TargetError> {
        let place = match (self.text("log_dir")?, self.text("brokers")?) {
            (Some(_), Some(_)) => {
                return Err(TargetError::new("it names two targets")
                    .hint("leave out `log_dir` or `brokers`"));
            }
            (None, None) => {
                return Err(
                    TargetError::new("it names no target").hint("give it `log_dir` or `brokers`")
                );
            }
            (None, Some(list)) => Place::Brokers(list.to_owned()),
            (Some(_), None) => {
                if let Some(key) = self.table.keys().find(|key| *key != "log_dir") {
                    return Err(TargetError::new(format!("`{key}` is for brokers, not `log_dir`")));
                }
                Place::Directory(self.path("log_dir")?.unwrap_or_default())
            }
        };
        let token = None;
        let mut profile = Profile { place, properties: Vec::new(), secrets: Vec::new(), token };
        self.security(&mut profile)?;
        if let Some(value) = self.table.get("properties") {
            let Value::Table(table) = value else {
                return Err(TargetError::new("`properties` is not a table"));
            };
            flatten(table, "", &mut profile.properties)?;
        }
        for (name, value) in &profile.properties {
            let owned = properties::find(name).and_then(properties::Property::owned);
            if let Some(instead) = owned {
                return Err(TargetError::new(format!("`{name}` is kaw's to set: {instead}")));
            }
            conf_file::check(name, value, allow_code)?;
        }
        Ok(profile)
    }

    /// Reads the keys of TLS and SASL.
    fn security(&self, profile: &mut Profile) -> Result<(), TargetError> {
        let paths = [
            ("ca", "ssl.ca.location"),
            ("cert", "ssl.certificate.location"),
            ("key", "ssl.key.location"),
        ];
        let mut set = |name: &str, value: String| profile.properties.push((name.to_owned(), value));
        let mut tls = false;
        for (key, property) in paths {
            if let Some(path) = self.path(key)? {
                tls = true;
                let path = path.into_os_string().into_string();
                set(property, path.map_err(|_| TargetError::new(format!("`{key}` is not UTF-8")))?);
            }
        }
        if self.text("key")?.is_some() != self.text("cert")?.is_some() {
            return Err(TargetError::new("`cert` and `key` go together"));
        }
        let sasl = self.text("sasl")?;
        let tls = match self.table.get("tls") {
            // A password does not go over the wire in the clear unless someone said so.
            None => tls || sasl.is_some(),
            Some(Value::Boolean(false)) if tls => {
                return Err(TargetError::new("`tls = false`, and yet a certificate or key"));
            }
            Some(Value::Boolean(on)) => *on,
            Some(_) => return Err(TargetError::new("`tls` is not `true` or `false`")),
        };
        let protocol = match (sasl.is_some(), tls) {
            (true, true) => "sasl_ssl",
            (true, false) => "sasl_plaintext",
            (false, true) => "ssl",
            (false, false) => "plaintext",
        };
        if self.table.contains_key("tls") || protocol != "plaintext" {
            set("security.protocol", protocol.to_owned());
        }
        if let Some(mechanism) = sasl {
            set("sasl.mechanism", mechanism.to_owned());
        }
        if let Some(name) = self.text("username")? {
            set("sasl.username", name.to_owned());
        }
        self.sasl_keys(sasl)?;
        let who = self.text("username")?.or(self.text("brokers")?).unwrap_or_default();
        self.secret("password", "sasl.password", &format!("password of {who}"), profile)?;
        let key = self.text("key")?.unwrap_or_default();
        self.secret("key_password", "ssl.key.password", &format!("password of {key}"), profile)?;
        profile.token = self.way("token", "")?;
        Ok(())
    }

    /// Checks that the mechanism is known, and that the keys of SASL go with it.
    fn sasl_keys(&self, sasl: Option<&str>) -> Result<(), TargetError> {
        let start = |start: &str| {
            self.table.keys().find(|key| key.as_str() == start || key.starts_with(start))
        };
        let given = [start("username"), start("password"), start("token_")];
        match (sasl, given) {
            (None, [Some(key), ..] | [_, Some(key), _] | [.., Some(key)]) => {
                Err(TargetError::new(format!("`{key}`, and no `sasl`"))
                    .hint(format!("`sasl` is one of `{}`", MECHANISMS.join("`, `"))))
            }
            (Some("OAUTHBEARER"), [_, Some(key), _]) => {
                Err(TargetError::new(format!("`{key}` is not for OAUTHBEARER"))
                    .hint("`token_file` or `token_command`"))
            }
            (Some(other), [.., Some(key)]) if other != "OAUTHBEARER" => {
                Err(TargetError::new(format!("`{key}` is for OAUTHBEARER only")))
            }
            _ => Ok(()),
        }
    }

    /// Reads a password, which may come in one of several ways.
    fn secret(
        &self,
        stem: &str,
        property: &'static str,
        prompt: &str,
        profile: &mut Profile,
    ) -> Result<(), TargetError> {
        if let Some(text) = self.text(stem)? {
            profile.properties.push((property.to_owned(), text.to_owned()));
        }
        if let Some(source) = self.way(stem, prompt)? {
            profile.secrets.push((property, source));
        }
        Ok(())
    }

    /// The one way, other than literally, in which a secret comes; two are an error.
    fn way(&self, stem: &str, prompt: &str) -> Result<Option<SecretSource>, TargetError> {
        let keys = WAYS.map(|way| format!("{stem}{way}"));
        let mut given = keys.iter().filter(|key| self.table.contains_key(key.as_str()));
        let (first, second) = (given.next(), given.next());
        if let (Some(one), Some(two)) = (first, second) {
            return Err(TargetError::new(format!("`{one}` and `{two}` name two secrets")));
        }
        let Some(key) = first else { return Ok(None) };
        let wrong = |what: &str| TargetError::new(format!("`{key}` is not {what}"));
        let source = match (key.strip_prefix(stem).unwrap_or_default(), self.table.get(key)) {
            ("_file", _) => self.path(key)?.map(SecretSource::File),
            ("_env", _) => self.text(key)?.map(|name| SecretSource::Variable(name.to_owned())),
            ("_command", Some(Value::Array(words))) => {
                let words = words.iter().map(|word| word.as_str().map(str::to_owned));
                let words: Option<Vec<String>> = words.collect();
                let words = words.filter(|words| words.first().is_some_and(|w| !w.is_empty()));
                let list = "a list of strings: a program and its arguments";
                Some(SecretSource::Command(words.ok_or_else(|| wrong(list))?))
            }
            ("_command", Some(_)) => {
                return Err(wrong("a list of strings").hint("`[\"pass\", \"show\", \"kafka\"]`"));
            }
            ("_prompt", Some(Value::Boolean(true))) => {
                Some(SecretSource::Prompt(prompt.to_owned()))
            }
            ("_prompt", Some(Value::Boolean(false))) => None,
            ("_prompt", Some(_)) => return Err(wrong("`true` or `false`")),
            _ => None,
        };
        Ok(source)
    }

    /// A text. No error shows it.
    fn text(&self, key: &str) -> Result<Option<&str>, TargetError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(TargetError::new(format!("`{key}` is not a string"))),
        }
    }

    /// A path, absolute or in the home directory: a relative one would mean another file in each
    /// working directory.
    fn path(&self, key: &str) -> Result<Option<PathBuf>, TargetError> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let path = match text.strip_prefix("~/") {
            Some(rest) => home(self.env).map(|home| home.join(rest)),
            None => Some(PathBuf::from(text)),
        };
        let absolute = path.filter(|path| path.is_absolute());
        absolute.map(Some).ok_or_else(|| {
            TargetError::new(format!("`{key}` is not an absolute path"))
                .hint("start it with `/` or `~/`")
        })
    }
}

/// The properties of a table. A name with dots and without quotes is a table in a table to TOML.
fn flatten(table: &Table, prefix: &str, to: &mut Vec<(String, String)>) -> Result<(), TargetError> {
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Boolean(on) => on.to_string(),
            Value::Table(below) => {
                flatten(below, &format!("{name}."), to)?;
                continue;
            }
            Value::Datetime(_) | Value::Array(_) => {
                return Err(TargetError::new(format!("`{name}` is no text and no number")));
            }
        };
        to.push((name, value));
    }
    Ok(())
}
