//! Owns files of offsets (`--to-file`, and the undo file of a change): a line per partition, topic,
//! partition and offset with tabs between, or with commas as Kafka's own tool writes them. Leaves
//! what is done with them to `plan`.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::commands::Failure;
use crate::group::GroupId;
use crate::topic::{TopicName, TopicPartition};

/// The offset of a partition that nothing is to be committed of.
const FORGET: &str = "-";
/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Partitions with their offsets; `None` forgets.
pub type Offsets = Vec<(TopicPartition, Option<i64>)>;

/// Reads a file of offsets.
pub fn read(path: &Path) -> Result<Offsets, Failure> {
    let fail = |error| Failure::local(format!("cannot read {}", path.display()), error);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(fail)?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(fail(io::ErrorKind::FileTooLarge.into()));
    }
    let not_text = |_| Failure::usage(format!("{} is not text in UTF-8", path.display()));
    let text = String::from_utf8(bytes).map_err(not_text)?;
    let offsets = parse(&text).map_err(|(line, reason)| {
        Failure::usage(format!("{}, line {line}: {reason}", path.display()))
            .hint("a line is TOPIC, PARTITION and OFFSET, with tabs or commas between")
    })?;
    if offsets.is_empty() {
        return Err(Failure::usage(format!("{} names no offset", path.display())));
    }
    Ok(offsets)
}

/// Reads the lines of a file; the error has the number of the line. Empty lines and those that
/// begin with `#` are passed over.
fn parse(text: &str) -> Result<Offsets, (usize, String)> {
    let mut offsets = Offsets::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.strip_prefix('\u{feff}').unwrap_or(line).trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (of, offset) = parse_line(line).map_err(|reason| (at + 1, reason))?;
        if offsets.iter().any(|(other, _)| *other == of) {
            return Err((at + 1, format!("{of} is there twice")));
        }
        offsets.push((of, offset));
    }
    Ok(offsets)
}

/// Reads one line.
fn parse_line(line: &str) -> Result<(TopicPartition, Option<i64>), String> {
    let separator = if line.contains('\t') { '\t' } else { ',' };
    let fields: Vec<&str> = line.split(separator).map(|field| field.trim_matches('"')).collect();
    let [topic, partition, offset] = fields[..] else {
        return Err(format!("{} fields, and not 3", fields.len()));
    };
    let number = |text: &str, what: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits
            .then(|| text.parse::<i64>().ok())
            .flatten()
            .ok_or_else(|| format!("`{}` is not {what}", text.escape_debug()))
    };
    let topic = TopicName::new(topic).map_err(|error| error.to_string())?;
    let partition = number(partition, "a partition")?;
    let partition =
        i32::try_from(partition).map_err(|_| format!("`{partition}` is not a partition"))?;
    let offset = if offset == FORGET { None } else { Some(number(offset, "an offset")?) };
    Ok((TopicPartition { topic, partition }, offset))
}

/// Writes what was committed before a change to a new file in the working directory, and waits for
/// the device; answers its name. An error comes with the name.
pub fn write_undo(
    group: &GroupId,
    before: &[(TopicPartition, Option<i64>)],
    now_ms: i64,
) -> Result<String, (String, io::Error)> {
    let mut text = String::new();
    for (of, offset) in before {
        let offset = offset.map_or_else(|| FORGET.to_owned(), |offset| offset.to_string());
        text.extend([of.topic.as_str(), "\t", &of.partition.to_string(), "\t", &offset, "\n"]);
    }
    let mut tries = 0;
    loop {
        let path = undo_name(group, now_ms, tries);
        let mut options = OpenOptions::new();
        let opened = options.write(true).create_new(true).mode(0o600).open(&path);
        let written = opened.and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        match written {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < 1000 => {
                tries += 1;
            }
            Err(error) => return Err((path, error)),
        }
    }
}

/// Removes an undo file that nothing was done after.
pub fn remove(path: &str) {
    drop(std::fs::remove_file(path));
}

/// The name of an undo file: of a group's id only what is safe in the name of a file.
fn undo_name(group: &GroupId, now_ms: i64, tries: u32) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let id: String = group.as_str().chars().take(100).map(safe).collect();
    let more = if tries == 0 { String::new() } else { format!("-{tries}") };
    format!("kaw-undo-{id}-{now_ms}{more}.tsv")
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
    if !word.starts_with('-') && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(topic: &str, partition: i32) -> TopicPartition {
        TopicPartition { topic: TopicName::new(topic).unwrap(), partition }
    }

    #[test]
    fn lines_have_tabs_or_kafkas_commas() {
        let text = "# topic, partition, offset\r\na\t0\t5\r\n\nb,1,7\n\"c\",2,9\nd\t3\t-\n";
        let expected = vec![
            (of("a", 0), Some(5)),
            (of("b", 1), Some(7)),
            (of("c", 2), Some(9)),
            (of("d", 3), None),
        ];
        assert_eq!(parse(text), Ok(expected));
        assert_eq!(parse("\u{feff}a\t0\t1").unwrap().len(), 1);
    }

    #[test]
    fn a_slip_is_told_with_its_line() {
        for (text, line, word) in [
            ("a\t0", 1, "2 fields"),
            ("a\t0\t1\t2", 1, "4 fields"),
            ("\na,x,1", 2, "`x` is not a partition"),
            ("a,0,1\na,0,2", 2, "twice"),
            ("a,0,-5", 1, "`-5` is not an offset"),
            ("a,0,99999999999999999999", 1, "not an offset"),
            ("a,3000000000,1", 1, "not a partition"),
            ("../x,0,1", 1, "not a topic name"),
        ] {
            let (at, reason) = parse(text).unwrap_err();
            assert_eq!(at, line, "{text}");
            assert!(reason.contains(word), "{text}: {reason}");
        }
    }

    #[test]
    fn a_group_is_never_a_path() {
        let name = undo_name(&GroupId::new("../a b/\u{1b}").unwrap(), 7, 0);
        assert_eq!(name, "kaw-undo-.._a_b__-7.tsv");
        assert_eq!(undo_name(&GroupId::new("g").unwrap(), 7, 2), "kaw-undo-g-7-2.tsv");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!((quoted("a.b"), quoted("-x")), ("a.b".to_owned(), "'-x'".to_owned()));
    }
}
