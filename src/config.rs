//! Owns Kafka's topic configs: their names, types, defaults and bounds (`TopicConfig` and
//! `LogConfig` of Kafka 4), and the typed values that a log needs. Leaves keeping them to the back
//! ends.

use std::str::FromStr;

use crate::near::did_you_mean;
use crate::record::{Compression, TimestampKind};

/// What values a config takes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// A whole number in these bounds.
    Integer(i64, i64),
    /// A fraction from 0 to 1.
    Fraction,
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// One or more of these words, with commas, each once.
    SomeOf(&'static [&'static str]),
    /// Pairs of numbers `partition:broker` with commas, or `*`, or nothing.
    Replicas,
}

/// One topic config.
#[derive(Clone, Copy, Debug)]
struct Definition {
    /// Its name.
    name: &'static str,
    /// What it takes.
    kind: Kind,
    /// Kafka's default.
    default: &'static str,
}

/// The largest values of Java's int and long.
const INT_MAX: i64 = i32::MAX as i64;
/// Java's `Long.MAX_VALUE`, as text: the default of what is switched off.
const LONG_MAX: &str = "9223372036854775807";
/// The smallest segment that Kafka 4 lets a user ask for (KIP-1030).
const SEGMENT_BYTES_MIN: i64 = 1 << 20;
/// The smallest segment that a log can work with; a broker before Kafka 4 took this.
const SEGMENT_BYTES_FLOOR: i64 = 14;

/// A number from `min` to Java's largest int.
const fn int(name: &'static str, default: &'static str, min: i64) -> Definition {
    Definition { name, kind: Kind::Integer(min, INT_MAX), default }
}

/// A number from `min` to Java's largest long.
const fn long(name: &'static str, default: &'static str, min: i64) -> Definition {
    Definition { name, kind: Kind::Integer(min, i64::MAX), default }
}

/// A yes or no.
const fn boolean(name: &'static str, default: &'static str) -> Definition {
    Definition { name, kind: Kind::Boolean, default }
}

/// Anything else.
const fn other(name: &'static str, default: &'static str, kind: Kind) -> Definition {
    Definition { name, kind, default }
}

/// Every topic config of Kafka 4, by name.
const DEFINITIONS: &[Definition] = &[
    other("cleanup.policy", "delete", Kind::SomeOf(&["compact", "delete"])),
    other("compression.gzip.level", "-1", Kind::Integer(-1, 9)),
    other("compression.lz4.level", "9", Kind::Integer(1, 17)),
    other("compression.type", "producer", Kind::OneOf(CODECS)),
    other("compression.zstd.level", "3", Kind::Integer(-131_072, 22)),
    long("delete.retention.ms", "86400000", 0),
    long("file.delete.delay.ms", "60000", 0),
    long("flush.messages", LONG_MAX, 1),
    long("flush.ms", LONG_MAX, 0),
    other("follower.replication.throttled.replicas", "", Kind::Replicas),
    int("index.interval.bytes", "4096", 0),
    int("internal.segment.bytes", "", SEGMENT_BYTES_FLOOR),
    other("leader.replication.throttled.replicas", "", Kind::Replicas),
    long("local.retention.bytes", "-2", -2),
    long("local.retention.ms", "-2", -2),
    long("max.compaction.lag.ms", LONG_MAX, 1),
    int("max.message.bytes", "1048588", 0),
    long("message.timestamp.after.max.ms", "3600000", 0),
    long("message.timestamp.before.max.ms", LONG_MAX, 0),
    other("message.timestamp.type", "CreateTime", Kind::OneOf(&["CreateTime", "LogAppendTime"])),
    other("min.cleanable.dirty.ratio", "0.5", Kind::Fraction),
    long("min.compaction.lag.ms", "0", 0),
    int("min.insync.replicas", "1", 1),
    boolean("preallocate", "false"),
    boolean("remote.log.copy.disable", "false"),
    boolean("remote.log.delete.on.disable", "false"),
    boolean("remote.storage.enable", "false"),
    long("retention.bytes", "-1", i64::MIN),
    long("retention.ms", "604800000", -1),
    int("segment.bytes", "1073741824", SEGMENT_BYTES_MIN),
    int("segment.index.bytes", "10485760", 4),
    long("segment.jitter.ms", "0", 0),
    long("segment.ms", "604800000", 1),
    boolean("unclean.leader.election.enable", "false"),
];

/// What `compression.type` takes.
const CODECS: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];

/// The definition of `name`, or why there is none.
fn definition(name: &str) -> Result<&'static Definition, String> {
    DEFINITIONS.iter().find(|definition| definition.name == name).ok_or_else(|| {
        let names = DEFINITIONS.iter().map(|definition| definition.name);
        format!("`{name}` is not a topic config{}", did_you_mean(name, names))
    })
}

/// Checks that `name` is a topic config.
pub fn check_name(name: &str) -> Result<(), String> {
    definition(name).map(|_| ())
}

/// Checks that `name` is a topic config and takes `value`.
pub fn check(name: &str, value: &str) -> Result<(), String> {
    let definition = definition(name)?;
    complaint(definition.kind, value)
        .map_or(Ok(()), |rule| Err(format!("`{name}` {rule}, and `{value}` is not")))
}

/// Kafka's default of a topic config.
pub fn default_of(name: &str) -> Option<&'static str> {
    definition(name).ok().map(|definition| definition.default)
}

/// The names of all topic configs, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    DEFINITIONS.iter().map(|definition| definition.name)
}

/// The rule that `value` breaks, as the middle of a sentence.
fn complaint(kind: Kind, value: &str) -> Option<String> {
    let words = |words: &[&str]| words.join("`, `");
    match kind {
        Kind::Integer(min, max) => {
            let fits = value.parse().is_ok_and(|n: i64| (min..=max).contains(&n));
            (!fits).then(|| match (min, max) {
                (i64::MIN, i64::MAX) => "must be a whole number".to_owned(),
                (_, i64::MAX) => format!("must be a whole number of at least {min}"),
                _ => format!("must be a whole number from {min} to {max}"),
            })
        }
        Kind::Fraction => {
            let fits = value.parse().is_ok_and(|n: f64| (0.0..=1.0).contains(&n));
            (!fits).then(|| "must be a number from 0 to 1".to_owned())
        }
        Kind::Boolean => {
            (!matches!(value, "true" | "false")).then(|| "must be `true` or `false`".to_owned())
        }
        Kind::OneOf(all) => {
            (!all.contains(&value)).then(|| format!("must be one of `{}`", words(all)))
        }
        Kind::SomeOf(all) => {
            let given: Vec<&str> = value.split(',').map(str::trim).collect();
            let known = given.iter().all(|word| all.contains(word));
            let once = given
                .iter()
                .enumerate()
                .all(|(i, word)| !given.iter().skip(i + 1).any(|w| w == word));
            (!known || !once).then(|| format!("must be a list of `{}`, each once", words(all)))
        }
        Kind::Replicas => {
            let pair = |text: &str| {
                text.split_once(':').is_some_and(|(partition, broker)| {
                    partition.trim().parse::<u32>().is_ok() && broker.trim().parse::<u32>().is_ok()
                })
            };
            (!value.is_empty() && value != "*" && !value.split(',').all(pair))
                .then(|| "must be `*` or a list of `PARTITION:BROKER`".to_owned())
        }
    }
}

/// What happens to old records (`cleanup.policy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Segments that are too old, or too many, are deleted.
    pub delete: bool,
    /// Records with a later record of the same key are removed.
    pub compact: bool,
}

/// The configs of a topic that a log acts on.
#[derive(Clone, Debug, PartialEq)]
pub struct LogConfig {
    /// A segment that would grow past this is sealed (`segment.bytes`).
    pub segment_bytes: i32,
    /// A segment whose first record is older than this is sealed (`segment.ms`).
    pub segment_ms: i64,
    /// The largest size of an index (`segment.index.bytes`).
    pub segment_index_bytes: i32,
    /// Bytes of log between two index entries (`index.interval.bytes`).
    pub index_interval_bytes: i32,
    /// The largest batch (`max.message.bytes`).
    pub max_message_bytes: i32,
    /// The codec of the log; `None` leaves it to the producer (`compression.type`).
    pub compression_type: Option<Compression>,
    /// Who gives records their timestamps (`message.timestamp.type`).
    pub message_timestamp_type: TimestampKind,
    /// Records between two flushes (`flush.messages`).
    pub flush_messages: i64,
    /// Time between two flushes (`flush.ms`).
    pub flush_ms: i64,
    /// Segments older than this are deleted; -1 for never (`retention.ms`).
    pub retention_ms: i64,
    /// Segments past this size of a partition are deleted; -1 for never (`retention.bytes`).
    pub retention_bytes: i64,
    /// What happens to old records.
    pub cleanup_policy: CleanupPolicy,
    /// How long a tombstone stays after compaction (`delete.retention.ms`).
    pub delete_retention_ms: i64,
    /// How long a record is safe from compaction (`min.compaction.lag.ms`).
    pub min_compaction_lag_ms: i64,
    /// A dirty record is compacted after this at the latest (`max.compaction.lag.ms`).
    pub max_compaction_lag_ms: i64,
    /// The part of a log that must be dirty before it is compacted.
    pub min_cleanable_dirty_ratio: f64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 604_800_000,
            segment_index_bytes: 10 << 20,
            index_interval_bytes: 4096,
            max_message_bytes: 1_048_588,
            compression_type: None,
            message_timestamp_type: TimestampKind::Create,
            flush_messages: i64::MAX,
            flush_ms: i64::MAX,
            retention_ms: 604_800_000,
            retention_bytes: -1,
            cleanup_policy: CleanupPolicy { delete: true, compact: false },
            delete_retention_ms: 86_400_000,
            min_compaction_lag_ms: 0,
            max_compaction_lag_ms: i64::MAX,
            min_cleanable_dirty_ratio: 0.5,
        }
    }
}

impl LogConfig {
    /// The defaults with `pairs` over them. Names that it does not know are passed over: the file
    /// of a real broker may hold more. A value that it knows and cannot read is an error, since a
    /// guess at a retention deletes data.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, String> {
        let mut config = Self::default();
        for (name, value) in pairs {
            config.set(name, value)?;
        }
        // Kafka's own tests need segments that users may not ask for; whatever the order of the
        // pairs, this name wins.
        if let Some((name, value)) =
            pairs.iter().rfind(|(name, _)| name == "internal.segment.bytes")
        {
            config.segment_bytes = number(name, value, SEGMENT_BYTES_FLOOR as i32)?;
        }
        Ok(config)
    }

    /// Sets one config. Bounds are looser than in [`check`]: what an older Kafka took is read.
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "segment.bytes" => {
                self.segment_bytes = number(name, value, SEGMENT_BYTES_FLOOR as i32)?;
            }
            "segment.ms" => self.segment_ms = number(name, value, 1)?,
            "segment.index.bytes" => self.segment_index_bytes = number(name, value, 0)?,
            "index.interval.bytes" => self.index_interval_bytes = number(name, value, 0)?,
            "max.message.bytes" => self.max_message_bytes = number(name, value, 0)?,
            "flush.messages" => self.flush_messages = number(name, value, 1)?,
            "flush.ms" => self.flush_ms = number(name, value, 0)?,
            "retention.ms" => self.retention_ms = number(name, value, -1)?,
            "retention.bytes" => self.retention_bytes = number(name, value, i64::MIN)?,
            "delete.retention.ms" => self.delete_retention_ms = number(name, value, 0)?,
            "min.compaction.lag.ms" => self.min_compaction_lag_ms = number(name, value, 0)?,
            "max.compaction.lag.ms" => self.max_compaction_lag_ms = number(name, value, 1)?,
            "min.cleanable.dirty.ratio" => {
                self.min_cleanable_dirty_ratio = number(name, value, 0.0)?;
            }
            "compression.type" => self.compression_type = codec(value)?,
            "message.timestamp.type" => {
                check(name, value)?;
                self.message_timestamp_type = match value {
                    "LogAppendTime" => TimestampKind::LogAppend,
                    _ => TimestampKind::Create,
                };
            }
            "cleanup.policy" => {
                check(name, value)?;
                let has = |policy| value.split(',').any(|word| word.trim() == policy);
                self.cleanup_policy =
                    CleanupPolicy { delete: has("delete"), compact: has("compact") };
            }
            _ => {}
        }
        Ok(())
    }
}

/// The number in `value`, at least `min`.
fn number<T: Copy + FromStr + PartialOrd>(name: &str, value: &str, min: T) -> Result<T, String> {
    value
        .trim()
        .parse()
        .ok()
        .filter(|n| *n >= min)
        .ok_or_else(|| format!("`{name}` has the value `{value}`, which it cannot have"))
}

/// The codec in `compression.type`; `None` where the producer's stays.
fn codec(value: &str) -> Result<Option<Compression>, String> {
    check("compression.type", value)?;
    Ok(match value {
        "uncompressed" => Some(Compression::None),
        "gzip" => Some(Compression::Gzip),
        "snappy" => Some(Compression::Snappy),
        "lz4" => Some(Compression::Lz4),
        "zstd" => Some(Compression::Zstd),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
        of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_default_passes_its_own_check_and_names_are_sorted() {
        for definition in DEFINITIONS {
            if definition.name != "internal.segment.bytes" {
                assert_eq!(check(definition.name, definition.default), Ok(()));
            }
        }
        assert!(names().is_sorted());
    }

    #[test]
    fn an_unknown_name_gets_a_near_match() {
        let message = check("retention.sm", "1").unwrap_err();
        assert_eq!(message, "`retention.sm` is not a topic config; did you mean `retention.ms`?");
        assert!(check("retention", "1").unwrap_err().contains("retention."));
        assert_eq!(check("xyzzy", "1").unwrap_err(), "`xyzzy` is not a topic config");
    }

    #[test]
    fn values_keep_to_kafkas_bounds() {
        let good = [
            ("segment.bytes", "1048576"),
            ("internal.segment.bytes", "14"),
            ("retention.ms", "-1"),
            ("cleanup.policy", "compact,delete"),
            ("compression.type", "zstd"),
            ("min.cleanable.dirty.ratio", "0"),
            ("preallocate", "true"),
            ("leader.replication.throttled.replicas", "0:1,1:2"),
        ];
        for (name, value) in good {
            assert_eq!(check(name, value), Ok(()), "{name}={value}");
        }
        let bad = [
            ("segment.bytes", "1048575"),
            ("segment.bytes", "2147483648"),
            ("internal.segment.bytes", "13"),
            ("retention.ms", "-2"),
            ("retention.ms", "7d"),
            ("retention.ms", ""),
            ("cleanup.policy", ""),
            ("cleanup.policy", "compact,compact"),
            ("cleanup.policy", "purge"),
            ("compression.type", "none"),
            ("min.cleanable.dirty.ratio", "1.1"),
            ("min.cleanable.dirty.ratio", "NaN"),
            ("preallocate", "yes"),
            ("leader.replication.throttled.replicas", "0"),
        ];
        for (name, value) in bad {
            assert!(check(name, value).is_err(), "{name}={value}");
        }
    }

    #[test]
    fn the_typed_defaults_are_kafkas() {
        let written: Vec<(String, String)> = DEFINITIONS
            .iter()
            .filter(|definition| !definition.default.is_empty())
            .map(|definition| (definition.name.to_owned(), definition.default.to_owned()))
            .collect();
        assert_eq!(LogConfig::from_pairs(&written).unwrap(), LogConfig::default());
    }

    #[test]
    fn a_brokers_file_is_read() {
        let config = LogConfig::from_pairs(&pairs(&[
            ("internal.segment.bytes", "1000"),
            ("segment.bytes", "1048576"),
            ("compression.type", "uncompressed"),
            ("cleanup.policy", "compact, delete"),
            ("message.timestamp.type", "LogAppendTime"),
            ("confluent.tier.enable", "true"),
        ]))
        .unwrap();
        assert_eq!(config.segment_bytes, 1000);
        assert_eq!(config.compression_type, Some(Compression::None));
        assert_eq!(config.cleanup_policy, CleanupPolicy { delete: true, compact: true });
        assert_eq!(config.message_timestamp_type, TimestampKind::LogAppend);
        assert!(LogConfig::from_pairs(&pairs(&[("retention.ms", "soon")])).is_err());
    }
}
