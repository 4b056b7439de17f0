//! Owns what the settings of Java clients are to librdkafka: which name is which, key stores, and
//! `sasl.jaas.config`. Leaves the form of their files to `conf_file`.

use super::conf_file::Entry;
use super::target::TargetError;

/// Names that only Java has and that have a meaning for librdkafka.
const TRANSLATED: &[&str] = &[
    "sasl.jaas.config",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.type",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
];

/// Names that Java clients know, and librdkafka does not: how a client in Java works inside.
const PASSED_OVER: &[&str] = &[
    "auto.include.jmx.reporter",
    "buffer.memory",
    "config.providers",
    "default.api.timeout.ms",
    "exclude.internal.topics",
    "interceptor.classes",
    "key.deserializer",
    "key.serializer",
    "max.block.ms",
    "max.poll.records",
    "max.request.size",
    "metadata.max.idle.ms",
    "metric.reporters",
    "metrics.num.samples",
    "metrics.recording.level",
    "metrics.sample.window.ms",
    "partitioner.adaptive.partitioning.enable",
    "partitioner.availability.timeout.ms",
    "partitioner.class",
    "partitioner.ignore.keys",
    "receive.buffer.bytes",
    "sasl.client.callback.handler.class",
    "sasl.login.callback.handler.class",
    "sasl.login.class",
    "sasl.login.connect.timeout.ms",
    "sasl.login.read.timeout.ms",
    "sasl.login.refresh.buffer.seconds",
    "sasl.login.refresh.min.period.seconds",
    "sasl.login.refresh.window.factor",
    "sasl.login.refresh.window.jitter",
    "sasl.login.retry.backoff.max.ms",
    "sasl.login.retry.backoff.ms",
    "security.providers",
    "send.buffer.bytes",
    "socket.connection.setup.timeout.max.ms",
    "ssl.enabled.protocols",
    "ssl.engine.factory.class",
    "ssl.keymanager.algorithm",
    "ssl.protocol",
    "ssl.provider",
    "ssl.secure.random.implementation",
    "ssl.trustmanager.algorithm",
    "value.deserializer",
    "value.serializer",
];

/// Starts of names that belong to companions of Java clients.
const COMPANIONS: &[&str] = &[
    "basic.auth.",
    "bearer.auth.",
    "confluent.",
    "key.converter",
    "schema.registry.",
    "value.converter",
];

/// The names that only Java has.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TRANSLATED.iter().chain(PASSED_OVER).copied()
}

/// Whether a name is one that only Java has.
pub(super) fn is_only_javas(name: &str) -> bool {
    names().any(|known| known == name)
}

/// The value of a name.
fn value_of<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.name == name)
}

/// Puts librdkafka's names in the place of Java's; what has none goes to `ignored`. A file of
/// librdkafka's own may still name a store of Java's, and companions.
pub(super) fn translate(
    entries: Vec<Entry>,
    is_java: bool,
    ignored: &mut Vec<String>,
) -> Result<Vec<Entry>, TargetError> {
    let mut known = Vec::new();
    stores(&entries, is_java, &mut known)?;
    for entry in entries {
        let Entry { line, name, mut value } = entry;
        let at = |error: TargetError| error.within(&format!("line {line}"));
        match name.as_str() {
            "sasl.jaas.config" => {
                for (name, value) in jaas(&value).map_err(at)? {
                    known.push(Entry { line, name: name.to_owned(), value });
                }
            }
            // Of `stores`.
            "ssl.keystore.location" | "ssl.keystore.password" => {}
            "ssl.truststore.password" => ignored.push(name),
            _ if TRANSLATED.contains(&name.as_str()) => {}
            _ if is_passed_over(&name, &value) => ignored.push(name),
            _ => {
                // An empty one is Java's way to switch the check off.
                if name == "ssl.endpoint.identification.algorithm" && value.is_empty() {
                    "none".clone_into(&mut value);
                }
                known.push(Entry { line, name, value });
            }
        }
    }
    Ok(known)
}

/// Whether a setting has no meaning outside Java.
fn is_passed_over(name: &str, value: &str) -> bool {
    let companion = COMPANIONS.iter().any(|start| name.starts_with(start));
    // Java has its own names of ciphers.
    let ciphers = name == "ssl.cipher.suites" && value.contains("TLS_");
    PASSED_OVER.contains(&name) || companion || ciphers
}

/// The stores of keys and of trusted certificates.
fn stores(entries: &[Entry], is_java: bool, known: &mut Vec<Entry>) -> Result<(), TargetError> {
    let mut push = |entry: Option<&Entry>, name: &str| {
        if let Some(Entry { line, value, .. }) = entry {
            known.push(Entry { line: *line, name: name.to_owned(), value: value.clone() });
        }
    };
    let of = |name: &str| value_of(entries, name);
    let kind = |name: &str, store: &Entry| match of(name) {
        Some(entry) => entry.value.to_uppercase(),
        None if is_java || store.value.to_lowercase().ends_with(".jks") => "JKS".to_owned(),
        None => "PKCS12".to_owned(),
    };
    if let Some(trust) = of("ssl.truststore.location") {
        let kind = kind("ssl.truststore.type", trust);
        if kind != "PEM" {
            let store = "the trust store";
            return Err(unreadable(store, &kind, "-nokeys", "ca", "ssl.truststore", trust));
        }
        push(Some(trust), "ssl.ca.location");
    }
    push(of("ssl.truststore.certificates"), "ssl.ca.pem");
    if let Some(keys) = of("ssl.keystore.location") {
        match kind("ssl.keystore.type", keys).as_str() {
            "PKCS12" => {
                push(Some(keys), "ssl.keystore.location");
                push(of("ssl.keystore.password"), "ssl.keystore.password");
            }
            // One file with the key and the chain.
            "PEM" => {
                push(Some(keys), "ssl.certificate.location");
                push(Some(keys), "ssl.key.location");
            }
            kind => {
                return Err(unreadable("the key store", kind, "", "key", "ssl.keystore", keys));
            }
        }
    }
    push(of("ssl.keystore.certificate.chain"), "ssl.certificate.pem");
    push(of("ssl.keystore.key"), "ssl.key.pem");
    Ok(())
}

/// That a store can be read by Java alone, and how to make it one that others read.
fn unreadable(
    store: &str,
    kind: &str,
    part: &str,
    to: &str,
    prefix: &str,
    entry: &Entry,
) -> TargetError {
    let (line, from) = (entry.line, &entry.value);
    let first = match kind {
        "PKCS12" => String::new(),
        _ => format!(
            "`keytool -importkeystore -srckeystore {from} -destkeystore {to}.p12 \
             -deststoretype PKCS12`, then "
        ),
    };
    let from = if kind == "PKCS12" { from.clone() } else { format!("{to}.p12") };
    let part = if part.is_empty() { String::new() } else { format!(" {part}") };
    TargetError::new(format!("line {line}: {store} is of type {kind}, which only Java reads")).hint(
        format!(
            "{first}`openssl pkcs12 -in {from}{part} -out {to}.pem`, then `{prefix}.type=PEM` and \
             `{prefix}.location={to}.pem`"
        ),
    )
}

/// What a login module says: `org...PlainLoginModule required username="x" password="y";`. No error
/// shows any of it.
fn jaas(text: &str) -> Result<Vec<(&'static str, String)>, TargetError> {
    let wrong = |what: &str| TargetError::new(format!("`sasl.jaas.config` {what}"));
    let words = jaas_words(text).ok_or_else(|| {
        wrong("is not `MODULE required NAME=\"VALUE\" ..;` with a `;` at its end")
    })?;
    let Some((module, rest)) = words.split_first() else { return Err(wrong("is empty")) };
    match module.0.rsplit('.').next().unwrap_or_default() {
        "PlainLoginModule" | "ScramLoginModule" => {}
        "Krb5LoginModule" => return Err(wrong("is for GSSAPI (Kerberos), which is not built in")),
        // Its token comes from a handler in Java; the cross-check asks for one of ours.
        "OAuthBearerLoginModule" => return Ok(Vec::new()),
        _ => return Err(wrong("names no login module for PLAIN or SCRAM")),
    }
    let option = |name: &str| {
        let found = rest.iter().find(|(word, _)| word == name);
        found.and_then(|(_, value)| value.clone())
    };
    if option("tokenauth").is_some_and(|value| value == "true") {
        return Err(wrong("is for a delegation token, which librdkafka does not take"));
    }
    match (option("username"), option("password")) {
        (Some(name), Some(password)) => {
            Ok(vec![("sasl.username", name), ("sasl.password", password)])
        }
        _ => Err(wrong("has no `username` and `password`")),
    }
}

/// The words of a JAAS entry, each with the value behind its `=`; `None` where it is malformed.
fn jaas_words(text: &str) -> Option<Vec<(String, Option<String>)>> {
    let text = text.trim().strip_suffix(';')?;
    let mut words: Vec<(String, Option<String>)> = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&c) = chars.peek() {
        if c.is_whitespace() {
            chars.next();
            continue;
        }
        let mut name = String::new();
        while let Some(c) = chars.next_if(|c| !c.is_whitespace() && *c != '=') {
            name.push(c);
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.next_if_eq(&'=').is_none() {
            words.push((name, None));
            continue;
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let mut value = String::new();
        match chars.next_if(|c| matches!(c, '"' | '\'')) {
            Some(quote) => loop {
                match chars.next()? {
                    '\\' => value.push(chars.next()?),
                    c if c == quote => break,
                    c => value.push(c),
                }
            },
            None => {
                while let Some(c) = chars.next_if(|c| !c.is_whitespace()) {
                    value.push(c);
                }
            }
        }
        words.push((name, Some(value)));
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_java_has_these_names() {
        for name in names() {
            assert!(crate::properties::find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn a_login_module_has_a_name_and_a_password() {
        let start = "org.apache.kafka.common.security.plain.PlainLoginModule required";
        let pair = |name: &str, password: &str| {
            vec![("sasl.username", name.to_owned()), ("sasl.password", password.to_owned())]
        };
        for (rest, name, password) in [
            ("username=\"u\" password=\"p\";", "u", "p"),
            ("  password = 'a;b=c' username=u ; ", "u", "a;b=c"),
            ("username=\"u\" password=\"a\\\"b \\\\ c\";", "u", "a\"b \\ c"),
        ] {
            assert_eq!(jaas(&format!("{start} {rest}")).unwrap(), pair(name, password), "{rest}");
        }
        let kerberos = "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true;";
        for (text, near) in [
            (&format!("{start} username=\"u\" password=\"marker\"")[..], "with a `;`"),
            (&format!("{start} username=\"u\" password=\"marker;"), "with a `;`"),
            (&format!("{start} password=\"marker\";"), "no `username`"),
            (";", "is empty"),
            ("marker required;", "no login module"),
            (kerberos, "GSSAPI"),
        ] {
            let error = jaas(text).unwrap_err();
            assert!(error.message.contains(near), "{}", error.message);
            assert!(!error.message.contains("marker"), "{}", error.message);
        }
    }
}
