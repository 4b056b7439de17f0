//! Owns the files of `--config-file`: librdkafka's `name=value` lines, as in `kcat.conf`, and the
//! `.properties` of Java clients. Leaves Java's names to `java`, and what a file is good for to
//! `target`.
//!
//! A file is Java's when it has a name that only Java has. Then its text is read by Java's rules
//! (backslashes escape, and continue a line); in librdkafka's a backslash is itself.

use std::path::Path;

use super::java;
use super::target::TargetError;
use crate::near::did_you_mean;
use crate::properties;
use crate::secret;

/// The largest file: certificates may stand in it.
const BYTES_MAX: usize = 1 << 20;

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ConfFile {
    /// The brokers.
    pub(super) brokers: Option<String>,
    /// librdkafka's properties, checked.
    pub(super) properties: Vec<(String, String)>,
    /// What its user should know; no value of a property is in it.
    pub(super) warnings: Vec<String>,
}

/// One setting, as it stands in a file.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The number of its line, from 1.
    pub(super) line: usize,
    /// Its name.
    pub(super) name: String,
    /// Its value.
    pub(super) value: String,
}

/// Reads and checks a file.
pub(super) fn read(path: &Path, allow_code: bool) -> Result<ConfFile, TargetError> {
    let shown = path.display();
    let cannot = |error| TargetError::local(format!("cannot read `{shown}`"), error);
    let mut file = secret::open(path).map_err(cannot)?;
    let bytes = secret::read_bounded(&mut file, BYTES_MAX).map_err(cannot)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| TargetError::new(format!("`{shown}` is not UTF-8")))?;
    let mut conf = parse(&text, allow_code).map_err(|error| error.within(&format!("`{shown}`")))?;
    for warning in &mut conf.warnings {
        warning.insert_str(0, &format!("`{shown}`: "));
    }
    let has_secret = conf.properties.iter().any(|(name, _)| properties::is_secret(name));
    if has_secret && secret::others_may_read(&file) {
        conf.warnings
            .push(format!("`{shown}` has a secret in it and can be read by others; `chmod 600`"));
    }
    Ok(conf)
}

/// Checks the text of a file.
fn parse(text: &str, allow_code: bool) -> Result<ConfFile, TargetError> {
    // What Windows puts in front of UTF-8.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_java = text.lines().any(|line| java::is_only_javas(first_word(line)));
    let entries = if is_java { java_entries(text) } else { plain_entries(text) }?;
    no_doubles(&entries)?;
    let mut conf = ConfFile::default();
    let mut ignored = Vec::new();
    let entries = java::translate(entries, is_java, &mut ignored)?;
    for Entry { line, name, value } in entries {
        let at = |error: TargetError| error.within(&format!("line {line}"));
        let Some(property) = properties::find(&name) else { return Err(at(unknown(&name))) };
        if property.canonical() == "metadata.broker.list" {
            conf.brokers = Some(value);
        } else if property.owned().is_some() {
            ignored.push(name);
        } else {
            check(&name, &value, allow_code).map_err(at)?;
            conf.properties.push((name, value));
        }
    }
    if !ignored.is_empty() {
        let names = ignored.join("`, `");
        conf.warnings.push(format!("not for kaw, and passed over: `{names}`"));
    }
    Ok(conf)
}

/// Checks one property, from wherever it is, except for whether kaw sets it itself.
pub(super) fn check(name: &str, value: &str, allow_code: bool) -> Result<(), TargetError> {
    let property = properties::known(name).map_err(TargetError::new)?;
    if properties::runs_code(name) && !allow_code {
        let message = format!("`{name}` makes librdkafka run what it names");
        return Err(
            TargetError::new(message).hint("`--allow-code-in-config`, if you know who wrote that")
        );
    }
    property.check(value).map_err(TargetError::new)
}

/// That there is no property of this name, in librdkafka or in Java.
fn unknown(name: &str) -> TargetError {
    let names = properties::all().iter().map(|property| property.name);
    let near = did_you_mean(name, names.chain(java::names()));
    let name = name.escape_debug();
    TargetError::new(format!("`{name}` is no property of librdkafka or of a Java client{near}"))
}

/// The name at the start of a line, whatever stands behind it.
fn first_word(line: &str) -> &str {
    line.trim_start().split(['=', ':', ' ', '\t']).next().unwrap_or_default()
}

/// Whether a line says nothing.
fn is_comment(line: &str) -> bool {
    line.is_empty() || line.starts_with(['#', '!'])
}

/// The settings of a file in librdkafka's form.
fn plain_entries(text: &str) -> Result<Vec<Entry>, TargetError> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let said = lines.filter(|(_, line)| !is_comment(line));
    let entries = said.map(|(line, text)| match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok(Entry { line, name: name.trim().to_owned(), value: value.trim().to_owned() })
        }
        // The line is not shown: it may be a part of a secret.
        _ => Err(TargetError::new(format!("line {line} is not `name=value`"))),
    });
    entries.collect()
}

/// The settings of a file in Java's form.
fn java_entries(text: &str) -> Result<Vec<Entry>, TargetError> {
    let mut entries = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, first)) = lines.next() {
        let mut logical = first.trim_start().to_owned();
        if is_comment(logical.trim_end()) {
            continue;
        }
        while backslashes_behind(&logical) % 2 == 1 {
            logical.pop();
            let Some((_, next)) = lines.next() else { break };
            logical.push_str(next.trim_start());
        }
        let wrong = || TargetError::new(format!("line {}: an escape is not `\\uXXXX`", at + 1));
        let (name, value) = halves(&logical);
        let (name, value) = (unescape(name), unescape(value));
        let (name, value) = (name.ok_or_else(wrong)?, value.ok_or_else(wrong)?);
        entries.push(Entry { line: at + 1, name, value: value.trim().to_owned() });
    }
    Ok(entries)
}

/// How many backslashes end a line; an odd one continues it.
fn backslashes_behind(line: &str) -> usize {
    line.len() - line.trim_end_matches('\\').len()
}

/// The name and the value of a logical line of Java's: the first `=`, `:` or white space that is
/// not escaped stands between them.
fn halves(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.find(|c: char| {
        let ends = !escaped && (matches!(c, '=' | ':') || c.is_whitespace());
        escaped = c == '\\' && !escaped;
        ends
    });
    let (name, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start();
    (name, rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start())
}

/// A text without Java's escapes; `None` where one is cut short.
fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('f') => plain.push('\u{c}'),
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4);
                plain.push(char::from_u32(code?)?);
            }
            Some(other) => plain.push(other),
            None => {}
        }
    }
    Some(plain)
}

/// Checks that nothing is said twice, by the same name or by two names for the same.
fn no_doubles(entries: &[Entry]) -> Result<(), TargetError> {
    let canonical = |name: &str| properties::find(name).map(properties::Property::canonical);
    for (at, entry) in entries.iter().enumerate() {
        let same = |before: &&Entry| {
            let alias = canonical(&entry.name).filter(|_| canonical(&before.name).is_some());
            before.name == entry.name || (alias.is_some() && alias == canonical(&before.name))
        };
        if let Some(before) = entries.iter().take(at).find(same) {
            let (name, line) = (entry.name.escape_debug(), entry.line);
            let message = if before.name == entry.name {
                format!("line {line}: `{name}` is in line {} already", before.line)
            } else {
                let other = before.name.escape_debug();
                format!("line {line}: `{name}` is `{other}` of line {} again", before.line)
            };
            return Err(TargetError::new(message));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "conf_file/tests.rs"]
mod tests;
