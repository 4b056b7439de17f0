//! Owns every name in a log directory: parses and makes them. Leaves what is in the files to
//! others.

use std::path::{Path, PathBuf};

use super::error::{DiskError, Result};
use crate::topic::TopicName;

/// Ids of the cluster, the node and the directory, as Kafka's.
pub const META_PROPERTIES: &str = "meta.properties";
/// The topics, their ids and configs, in the form that a KRaft broker adopts.
pub const REGISTRY: &str = "bootstrap.checkpoint";
/// Kafka's directory lock: writers hold it shared, a broker takes it alone.
pub const BROKER_LOCK: &str = ".lock";
/// Ours: metadata changes lock byte 0, the producer id counter byte 1.
pub const DIRECTORY_STATE: &str = ".kaw-dir";
/// Ours: the published end of one partition, in its directory.
pub const PARTITION_STATE: &str = ".kaw-state";
/// Ours: whether compaction ever made gaps in a partition, in its directory.
pub const COMPACTED: &str = ".kaw-compacted";
/// Ours: the members of a group, its name made of [`GROUP_PREFIX`] and a hash of the group's id.
pub const GROUP_PREFIX: &str = ".kaw-g-";
/// Ours: a producer that comes back, its name made of this and a hash of the topic and its name.
pub const RESUME_PREFIX: &str = ".kaw-r-";
/// Log start offsets that are not the base of the first segment.
pub const LOG_START_CHECKPOINT: &str = "log-start-offset-checkpoint";
/// Recovery points of partitions: what is below one is on the device.
pub const RECOVERY_CHECKPOINT: &str = "recovery-point-offset-checkpoint";
/// There while a broker that was stopped in good order has not been started again.
pub const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";
/// High watermarks of partitions, as a broker notes them every few seconds.
pub const HIGH_WATERMARK_CHECKPOINT: &str = "replication-offset-checkpoint";
/// How far the logs are compacted: the first offset that is not.
pub const CLEANER_CHECKPOINT: &str = "cleaner-offset-checkpoint";
/// What a file is called behind its name while compaction writes it.
pub const CLEANED: &str = ".cleaned";
/// What it is called once it is whole and takes the place of others.
pub const SWAP: &str = ".swap";
/// What a file is called behind its name while it is written to replace another.
pub const BESIDE: &str = ".tmp";
/// What Kafka calls a file that it is about to remove.
pub const DELETED: &str = ".deleted";
/// The topic id, in a partition's directory.
pub const PARTITION_METADATA: &str = "partition.metadata";
/// Leader epochs of a partition.
pub const LEADER_EPOCHS: &str = "leader-epoch-checkpoint";
/// The metadata log of a KRaft broker: where it is, a broker owns the directory.
pub const CLUSTER_METADATA_DIRECTORY: &str = "__cluster_metadata-0";

/// The highest partition that is believed of a directory's name.
const PARTITION_MAX: i32 = 1_000_000;

/// The files of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentFile {
    /// The record batches.
    Log,
    /// Offset to position.
    OffsetIndex,
    /// Timestamp to offset.
    TimeIndex,
    /// Producer state at an offset.
    Snapshot,
}

impl SegmentFile {
    const ALL: [Self; 4] = [Self::Log, Self::OffsetIndex, Self::TimeIndex, Self::Snapshot];

    /// How the names of its files end.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Log => ".log",
            Self::OffsetIndex => ".index",
            Self::TimeIndex => ".timeindex",
            Self::Snapshot => ".snapshot",
        }
    }
}

/// The path of one file of the segment that starts at `base`.
pub fn segment_file(directory: &Path, base: i64, file: SegmentFile) -> PathBuf {
    directory.join(format!("{base:020}{}", file.suffix()))
}

/// What `name` is among the files of a segment, and its base offset.
pub fn parse_segment_file(name: &str) -> Option<(i64, SegmentFile)> {
    let (digits, rest) = name.split_at_checked(20)?;
    let file = SegmentFile::ALL.into_iter().find(|file| file.suffix() == rest)?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((digits.parse().ok()?, file))
}

/// Where the bytes go that recovery cuts off a log, the `n`-th time.
pub fn cut_file(directory: &Path, base: i64, n: u32) -> PathBuf {
    directory.join(format!("{base:020}.log.cut-{n}"))
}

/// What such a file is called until it is whole.
pub fn cut_part(directory: &Path, base: i64) -> PathBuf {
    directory.join(format!("{base:020}.log.part"))
}

/// The path of a file of a segment while compaction works on it.
pub fn marked_file(directory: &Path, base: i64, file: SegmentFile, mark: &str) -> PathBuf {
    directory.join(format!("{base:020}{}{mark}", file.suffix()))
}

/// The path of the file of a group's members: a hash, since an id may hold anything.
pub fn group_file(directory: &Path, group: &str) -> PathBuf {
    directory.join(format!("{GROUP_PREFIX}{:032x}", hash(group.bytes())))
}

/// Whether a path is that of the file of a group's members.
pub fn is_group_file(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let hash = name.and_then(|name| name.strip_prefix(GROUP_PREFIX));
    hash.is_some_and(|hash| hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The path of the file of a producer that comes back: a hash, since a name may hold anything.
pub fn resume_file(directory: &Path, topic: &str, name: &str) -> PathBuf {
    // No topic has a slash in its name.
    let bytes = topic.bytes().chain([b'/']).chain(name.bytes());
    directory.join(format!("{RESUME_PREFIX}{:032x}", hash(bytes)))
}

/// FNV-1a of 128 bits.
fn hash(bytes: impl Iterator<Item = u8>) -> u128 {
    bytes.fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

/// The name of a partition's directory.
pub fn partition_directory(topic: &TopicName, partition: i32) -> String {
    format!("{topic}-{partition}")
}

/// The topic and the partition whose directory is called `name`.
pub fn parse_partition_directory(name: &str) -> Option<(TopicName, i32)> {
    let (topic, partition) = name.rsplit_once('-')?;
    if partition.is_empty() || !partition.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let partition: i32 = partition.parse().ok()?;
    let topic = TopicName::new(topic).ok()?;
    (partition <= PARTITION_MAX && partition_directory(&topic, partition) == name)
        .then_some((topic, partition))
}

/// Refuses a partition's directory that is a link: it may lead anywhere.
pub fn check_partition(path: &Path) -> Result<()> {
    if std::fs::symlink_metadata(path).is_ok_and(|facts| facts.is_symlink()) {
        let found = "it is a symbolic link, which is not followed".to_owned();
        return Err(DiskError::Foreign { path: path.to_owned(), found });
    }
    Ok(())
}

/// The name that a partition's directory gets before it is removed, as Kafka's.
pub fn deleted_directory(topic: &TopicName, partition: i32, unique: u128) -> String {
    format!("{topic}-{partition}.{unique:032x}-delete")
}

/// The name that a directory gets which no topic claims, as Kafka's.
pub fn stray_directory(topic: &TopicName, partition: i32, unique: u128) -> String {
    format!("{topic}-{partition}.{unique:032x}-stray")
}

/// Whether `name` is that of a partition on its way out.
pub fn is_deleted_directory(name: &str) -> bool {
    name.strip_suffix("-delete").and_then(|rest| rest.rsplit_once('.')).is_some_and(
        |(partition, unique)| {
            unique.len() == 32
                && unique.bytes().all(|b| b.is_ascii_hexdigit())
                && partition.contains('-')
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_names_are_twenty_digits_and_a_known_suffix() {
        let path = segment_file(Path::new("t-0"), 42, SegmentFile::Log);
        assert_eq!(path, Path::new("t-0/00000000000000000042.log"));
        assert_eq!(
            parse_segment_file("00000000000000000042.timeindex"),
            Some((42, SegmentFile::TimeIndex))
        );
        for odd in [
            "42.log",
            "00000000000000000042.log.cut-1",
            "99999999999999999999.log",
            "0000000000000000004x.log",
            "-0000000000000000042.log",
            ".kaw-state",
            "00000000000000000042.log.deleted",
        ] {
            assert_eq!(parse_segment_file(odd), None, "{odd}");
        }
    }

    #[test]
    fn deleted_directories_are_told_from_topics_of_that_name() {
        let topic = TopicName::new("a.b").unwrap();
        assert!(is_deleted_directory(&deleted_directory(&topic, 3, 7)));
        assert!(!is_deleted_directory("to-delete"));
        assert!(!is_deleted_directory("x-0.zz-delete"));
    }
}
