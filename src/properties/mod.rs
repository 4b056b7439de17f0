//! Owns what kaw knows of librdkafka's properties: which there are, what each takes, which are
//! secret, run code, or are kaw's own business. Leaves reading them from flags and files to `cli`,
//! and setting them to the remote back end.

mod catalogue;

use self::catalogue::CATALOGUE;
use crate::near::did_you_mean;

/// Which clients heed a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    Both,
    /// Those that consume.
    Consumer,
    /// Those that produce.
    Producer,
}

/// What values a property takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number in these bounds.
    Integer(i64, i64),
    /// A number in these bounds.
    Float(f64, f64),
    /// One of these words, in any case.
    OneOf(&'static [&'static str]),
    /// Words of these, with commas.
    SomeOf(&'static [&'static str]),
}

/// One property.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// Its name.
    pub name: &'static str,
    /// Who heeds it.
    pub scope: Scope,
    /// What it takes.
    pub kind: Kind,
    /// librdkafka's default.
    pub default: &'static str,
    /// The property that this is another name of.
    pub alias: Option<&'static str>,
}

/// Properties whose value is a secret. Not `sasl.username` and not the place of a key: who looks
/// for a mistake has to see them.
const SECRET: &[&str] = &[
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
];

/// Properties that make librdkafka load a library or run a command.
const CODE: &[&str] = &["plugin.library.paths", "sasl.kerberos.kinit.cmd", "ssl.engine.location"];

/// Properties that kaw sets itself, since its promises hang on them, and what to use in their
/// place. Aliases are looked up by what they stand for.
const OWN: &[(&str, &str)] = &[
    ("allow.auto.create.topics", "kaw creates no topic by accident; `kaw produce --create`"),
    ("auto.commit.enable", "kaw commits what stdout has accepted; `kaw consume --group`"),
    ("auto.commit.interval.ms", "kaw commits what stdout has accepted; `kaw consume --group`"),
    ("auto.offset.reset", "kaw never jumps by itself; `kaw consume --offset`"),
    ("builtin.features", "it only tells what is built in"),
    ("compression.codec", "`kaw produce --compression`"),
    ("delivery.report.only.error", "kaw counts the fate of every record"),
    ("enable.auto.commit", "kaw commits what stdout has accepted; `kaw consume --group`"),
    ("enable.auto.offset.store", "kaw commits what stdout has accepted; `kaw consume --group`"),
    ("enable.idempotence", "without it a retry would double records"),
    ("enable.partition.eof", "`kaw consume --exit`"),
    ("group.id", "`kaw consume --group`"),
    ("group.instance.id", "`kaw consume --group`"),
    ("log.queue", "kaw tells what librdkafka logs; `-v`"),
    ("log_level", "kaw tells what librdkafka logs; `-v`"),
    ("metadata.broker.list", "`--brokers`"),
    ("offset.store.method", "offsets are kept by the cluster"),
    ("offset.store.path", "offsets are kept by the cluster"),
    ("partition.assignment.strategy", "`kaw consume --assignor`"),
    ("partitioner", "`kaw produce --partitioner`"),
    ("queue.buffering.max.ms", "`kaw produce --linger`"),
    ("queuing.strategy", "the records of a producer keep their order"),
    ("request.required.acks", "`kaw produce --acks`"),
    ("transactional.id", "`kaw produce --transactional-id`"),
];

/// The SASL mechanisms that are built in.
pub const MECHANISMS: &[&str] = &["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"];

/// Every property, by name.
pub fn all() -> &'static [Property] {
    CATALOGUE
}

/// The property of this name.
pub fn find(name: &str) -> Option<&'static Property> {
    CATALOGUE.iter().find(|property| property.name == name)
}

/// The property of this name, or why there is none.
pub fn known(name: &str) -> Result<&'static Property, String> {
    find(name).ok_or_else(|| {
        let names = CATALOGUE.iter().map(|property| property.name);
        format!(
            "`{}` is no property of librdkafka{}",
            name.escape_debug(),
            did_you_mean(name, names)
        )
    })
}

/// Whether the value of a property is a secret. A name that nobody knows but that sounds like one
/// is taken for a slip in one.
pub fn is_secret(name: &str) -> bool {
    let sounds = ["password", "passphrase", "secret", "jaas", "token", "user.info"];
    SECRET.contains(&name)
        || (find(name).is_none() && sounds.iter().any(|word| name.to_lowercase().contains(word)))
}

/// Whether a property makes librdkafka load or run what it names.
pub fn runs_code(name: &str) -> bool {
    CODE.contains(&name)
}

impl Property {
    /// The name that counts: its own, or that of what it is another name of.
    pub fn canonical(&self) -> &'static str {
        self.alias.unwrap_or(self.name)
    }

    /// Why this is not for the user to set, and what is.
    pub fn owned(&self) -> Option<&'static str> {
        OWN.iter().find(|(name, _)| *name == self.canonical()).map(|(_, instead)| *instead)
    }

    /// Checks a value. The complaint holds the value of no secret.
    pub fn check(&self, value: &str) -> Result<(), String> {
        let name = self.name;
        if value.contains('\0') {
            return Err(format!("`{name}` has a NUL in its value"));
        }
        if self.canonical() == "sasl.mechanisms" {
            return mechanism(value);
        }
        match (name, value.to_lowercase().as_str()) {
            ("sasl.oauthbearer.method", "oidc") => {
                return Err(format!(
                    "`{name}`: OIDC is not built in; a profile has `token_command`"
                ));
            }
            _ if self.fits(value) => {}
            _ => {
                let rule = self.kind.rule();
                return Err(format!("`{name}` must be {rule}, and `{}` is not", shown(value)));
            }
        }
        Ok(())
    }

    /// Whether the kind takes a value.
    fn fits(&self, value: &str) -> bool {
        let is = |word: &&str| word.eq_ignore_ascii_case(value);
        match self.kind {
            Kind::Text => true,
            Kind::Boolean => ["true", "false", "t", "f", "1", "0"].iter().any(is),
            Kind::Integer(min, max) => value.parse().is_ok_and(|n: i64| (min..=max).contains(&n)),
            Kind::Float(min, max) => value.parse().is_ok_and(|n: f64| (min..=max).contains(&n)),
            Kind::OneOf(words) => words.iter().any(is),
            Kind::SomeOf(words) => value.split(',').all(|one| {
                // A context can be taken away again: `all,-fetch`.
                let one = one.trim().trim_start_matches(['+', '-']);
                one.is_empty() || words.iter().any(|word| word.eq_ignore_ascii_case(one))
            }),
        }
    }
}

/// A value as it can stand on one line of reasonable length.
fn shown(value: &str) -> String {
    let mut text: String = value.chars().take(64).flat_map(char::escape_debug).collect();
    if value.chars().nth(64).is_some() {
        text.push_str("..");
    }
    text
}

/// Checks a SASL mechanism.
fn mechanism(value: &str) -> Result<(), String> {
    if MECHANISMS.contains(&value) {
        return Ok(());
    }
    if value.eq_ignore_ascii_case("GSSAPI") {
        return Err("SASL mechanism GSSAPI (Kerberos) is not built in".to_owned());
    }
    Err(format!(
        "`{}` is no SASL mechanism: `{}`{}",
        shown(value),
        MECHANISMS.join("`, `"),
        did_you_mean(value, MECHANISMS.iter().copied())
    ))
}

impl Kind {
    /// The rule, as the middle of a sentence.
    pub fn rule(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::Integer(min, max) => format!("a whole number from {min} to {max}"),
            Self::Float(min, max) => format!("a number from {min} to {max}"),
            Self::OneOf(words) => format!("one of `{}`", words.join("`, `")),
            Self::SomeOf(words) => format!("a list of `{}`", words.join("`, `")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_sorted_and_agrees_with_itself() {
        assert!(CATALOGUE.is_sorted_by_key(|property| property.name));
        assert!(CATALOGUE.len() > 150, "{}", CATALOGUE.len());
        for property in CATALOGUE {
            if let Some(alias) = property.alias {
                assert!(find(alias).is_some_and(|of| of.alias.is_none()), "{}", property.name);
            }
            let gssapi = property.canonical() == "sasl.mechanisms";
            if !property.default.is_empty() && !gssapi {
                assert_eq!(property.check(property.default), Ok(()), "{}", property.name);
            }
        }
        let own = OWN.iter().map(|(name, _)| *name);
        for name in own.chain(SECRET.iter().copied()).chain(CODE.iter().copied()) {
            assert!(find(name).is_some(), "{name}");
        }
        assert!(OWN.iter().all(|(name, _)| find(name).is_some_and(|p| p.alias.is_none())));
    }

    #[test]
    fn values_keep_to_librdkafkas_bounds() {
        let check = |name: &str, value: &str| known(name).and_then(|of| of.check(value));
        for (name, value) in [
            ("security.protocol", "SASL_SSL"),
            ("socket.keepalive.enable", "TRUE"),
            ("fetch.max.bytes", "0"),
            ("debug", "broker,-msg"),
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("client.id", ""),
            ("sasl.password", "a=b c"),
        ] {
            assert_eq!(check(name, value), Ok(()), "{name}={value}");
        }
        for (name, value, near) in [
            ("security.protocol", "tls", "one of `plaintext`"),
            ("socket.keepalive.enable", "yes", "`true` or `false`"),
            ("fetch.max.bytes", "-1", "from 0 to 2147483135"),
            ("fetch.max.bytes", "", "a whole number"),
            ("debug", "brokr", "a list of"),
            ("sasl.mechanism", "GSSAPI", "not built in"),
            ("sasl.mechanism", "SCRAM-SHA-521", "did you mean `SCRAM-SHA-512`?"),
            ("sasl.oauthbearer.method", "oidc", "OIDC is not built in"),
            ("client.id", "a\0b", "NUL"),
            ("client.di", "a", "did you mean `client.id`?"),
        ] {
            let complaint = check(name, value).unwrap_err();
            assert!(complaint.contains(near), "{name}={value}: {complaint}");
        }
        let long = known("security.protocol").unwrap().check(&"x".repeat(1 << 20)).unwrap_err();
        assert!(long.len() < 400, "{long}");
    }

    #[test]
    fn secrets_are_known_by_name_and_by_sound() {
        for name in ["sasl.password", "sasl.pasword.password", "basic.auth.user.info"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["sasl.username", "ssl.key.location", "enable.sasl.oauthbearer.unsecure.jwt"] {
            assert!(!is_secret(name), "{name}");
        }
        assert!(known("acks").unwrap().owned().is_some(), "an alias is owned as what it is");
        assert!(known("socket.timeout.ms").unwrap().owned().is_none());
    }
}
