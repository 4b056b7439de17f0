//! Owns the topics of a directory: their ids, partitions and configs, in the form of a KRaft
//! bootstrap snapshot, which a broker that adopts the directory reads. Leaves their directories
//! to `directory`.
//!
//! The file is a log of record batches from offset 0: a control batch SNAPSHOT_HEADER, one batch of
//! metadata records (null key; value `frame version, api key, version` as unsigned varints, then
//! the record in flexible form), a control batch SNAPSHOT_FOOTER.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::batch::{
    BatchEncoder, BatchHeader, EncodedBatch, HEADER_BYTES, HeaderStamp, ProducerStamp, check_crc,
};
use super::error::{DiskError, Result};
use super::layout::{self, SegmentFile};
use super::meta::{self, MetaProperties, Uuid};
use super::record::{Wanted, decode, encode, plain_range};
use super::segment;
use super::varint::{put_unsigned, take_unsigned};
use crate::record::{Compression, RecordBuffer, Slice, Span};
use crate::topic::TopicName;

/// `metadata.version` 4.0-IV3, the level that the records below belong to.
const METADATA_VERSION: i16 = 25;
const REGISTRY_MAX_BYTES: u64 = 256 << 20;
const PARTITIONS_MAX: i32 = 1_000_000;

const API_TOPIC: u64 = 2;
const API_PARTITION: u64 = 3;
const API_CONFIG: u64 = 4;
const API_REMOVE_TOPIC: u64 = 9;
const API_FEATURE_LEVEL: u64 = 12;
const CONFIG_OF_TOPIC: u8 = 2;

/// A topic as the registry has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its id.
    pub id: Uuid,
    /// The number of its partitions.
    pub partitions: i32,
    /// Configs that differ from the default.
    pub configs: BTreeMap<String, String>,
}

/// All topics of a directory, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    /// The topics.
    pub topics: BTreeMap<TopicName, Topic>,
    /// Whether a broker keeps the directory (see `foreign`): compaction may have made gaps in any
    /// partition, and some partitions may be elsewhere.
    pub foreign: bool,
    /// Records of other kinds (features, users, configs of brokers), kept as they are.
    others: Vec<Vec<u8>>,
}

impl Registry {
    /// Reads the registry; an absent file is an empty one.
    pub fn read(path: &Path) -> Result<Self> {
        match meta::read_file(path, REGISTRY_MAX_BYTES)? {
            Some(bytes) => Self::parse(bytes)
                .map_err(|(position, reason)| DiskError::corrupt(path, position as u64, reason)),
            None => Ok(Self::default()),
        }
    }

    /// Writes the registry whole, and waits for the device.
    pub fn write(&self, path: &Path, meta: &MetaProperties, now_ms: i64) -> Result<()> {
        let bytes = self.bytes(meta, now_ms).map_err(DiskError::io("encode", path))?;
        if bytes.len() as u64 > REGISTRY_MAX_BYTES {
            let error = std::io::Error::other(format!("more than {REGISTRY_MAX_BYTES} bytes"));
            return Err(DiskError::io("write", path)(error));
        }
        meta::replace(path, &bytes, true)
    }

    fn parse(bytes: Vec<u8>) -> Result<Self, (usize, String)> {
        let (mut reader, len) = (Reader::default(), bytes.len());
        reader.batches(bytes, 0)?;
        if !reader.ended {
            return Err((len, "it ends before its last batch".to_owned()));
        }
        Ok(Self { topics: reader.topics, foreign: false, others: reader.others })
    }

    /// Reads the topics of a broker's metadata log in `directory`: its last snapshot, and what the
    /// log says behind it, as far as it is whole, since a broker may be writing there.
    pub fn replay(directory: &Path) -> Result<Self> {
        let mut reader = Reader::default();
        let mut from = 0;
        if let Some((offset, path)) = last_snapshot(directory)? {
            from = offset;
            let bytes = meta::read_file(&path, REGISTRY_MAX_BYTES)?.unwrap_or_default();
            reader
                .batches(bytes, 0)
                .map_err(|(position, reason)| DiskError::corrupt(&path, position as u64, reason))?;
        }
        let bases = segment::list(directory)?;
        for (n, &base) in bases.iter().enumerate() {
            if bases.get(n + 1).is_some_and(|&next| next <= from) {
                continue;
            }
            let path = layout::segment_file(directory, base, SegmentFile::Log);
            let bytes = meta::read_file(&path, REGISTRY_MAX_BYTES)?.unwrap_or_default();
            if reader.batches(bytes, from).is_err() {
                break;
            }
        }
        Ok(Self { topics: reader.topics, foreign: true, others: Vec::new() })
    }

    fn bytes(&self, meta: &MetaProperties, now_ms: i64) -> std::io::Result<Vec<u8>> {
        let mut out = Vec::new();
        let mut header = vec![0, 0];
        header.extend_from_slice(&now_ms.to_be_bytes());
        header.push(0);
        control_batch(&mut out, 0, 3, &header, now_ms);
        let mut buffer = RecordBuffer::default();
        let mut put = |value: Vec<u8>| {
            let value = buffer.store(&value);
            buffer.spans.push(Span::new(Slice::NULL, value, now_ms));
        };
        if !self.others.iter().any(|record| is_metadata_version(record)) {
            put(feature("metadata.version", METADATA_VERSION));
        }
        self.others.iter().cloned().for_each(&mut put);
        for (name, topic) in &self.topics {
            put(topic_record(name, topic.id));
            for partition in 0..topic.partitions {
                put(partition_record(topic.id, partition, meta));
            }
            for (config, value) in &topic.configs {
                put(config_record(name, config, value));
            }
        }
        let mut encoder = BatchEncoder::new(Compression::None);
        for span in &buffer.spans {
            encoder.push(span, &buffer);
        }
        let mut batch = encoder.finish(ProducerStamp::NONE, EncodedBatch::default())?;
        batch.set_base_offset(1);
        out.extend_from_slice(&batch.bytes);
        control_batch(&mut out, 1 + i64::from(batch.records), 4, &[0, 0, 0], now_ms);
        Ok(out)
    }
}

/// Appends a batch with one marker of kind `kind` (key: version 0, kind).
fn control_batch(out: &mut Vec<u8>, base_offset: i64, kind: i16, value: &[u8], now_ms: i64) {
    let mut buffer = RecordBuffer::default();
    let mut key = vec![0, 0];
    key.extend_from_slice(&kind.to_be_bytes());
    let span = Span::new(buffer.store(&key), buffer.store(value), now_ms);
    let mut batch = EncodedBatch { bytes: vec![0; HEADER_BYTES], ..EncodedBatch::default() };
    encode(&mut batch.bytes, 0, 0, &span, &buffer);
    let stamp = HeaderStamp {
        attributes: HeaderStamp::CONTROL,
        last_offset_delta: 0,
        base_timestamp: now_ms,
        max_timestamp: now_ms,
        producer: ProducerStamp::NONE,
        records: 1,
    };
    stamp.write(&mut batch.bytes);
    batch.set_base_offset(base_offset);
    out.extend_from_slice(&batch.bytes);
}

/// Frame version 1, then which record follows, in which version.
fn frame(api_key: u64, version: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    for number in [1, api_key, version] {
        put_unsigned(&mut out, number);
    }
    out
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_unsigned(out, text.len() as u64 + 1);
    out.extend_from_slice(text.as_bytes());
}

fn feature(name: &str, level: i16) -> Vec<u8> {
    let mut out = frame(API_FEATURE_LEVEL, 0);
    put_text(&mut out, name);
    out.extend_from_slice(&level.to_be_bytes());
    out.push(0);
    out
}

fn topic_record(name: &TopicName, id: Uuid) -> Vec<u8> {
    let mut out = frame(API_TOPIC, 0);
    put_text(&mut out, name.as_str());
    out.extend_from_slice(&id.0);
    out.push(0);
    out
}

/// PartitionRecord v2: one replica, on the node of the directory, in sync; no leader, so that a
/// controller elects one.
fn partition_record(topic_id: Uuid, partition: i32, meta: &MetaProperties) -> Vec<u8> {
    let mut out = frame(API_PARTITION, 2);
    out.extend_from_slice(&partition.to_be_bytes());
    out.extend_from_slice(&topic_id.0);
    for _replicas_then_isr in 0..2 {
        out.push(2);
        out.extend_from_slice(&meta.node_id.to_be_bytes());
    }
    for _removing_then_adding in 0..2 {
        out.push(1);
    }
    out.extend_from_slice(&(-1i32).to_be_bytes());
    out.extend_from_slice(&0i32.to_be_bytes());
    out.extend_from_slice(&0i32.to_be_bytes());
    out.push(2);
    out.extend_from_slice(&meta.directory_id.0);
    out.push(0);
    out
}

fn config_record(topic: &TopicName, name: &str, value: &str) -> Vec<u8> {
    let mut out = frame(API_CONFIG, 0);
    out.push(CONFIG_OF_TOPIC);
    put_text(&mut out, topic.as_str());
    put_text(&mut out, name);
    put_text(&mut out, value);
    out.push(0);
    out
}

/// The last snapshot of a metadata log, and the offset that its log goes on from.
fn last_snapshot(directory: &Path) -> Result<Option<(i64, PathBuf)>> {
    let mut last = None;
    for entry in std::fs::read_dir(directory).map_err(DiskError::io("list", directory))? {
        let entry = entry.map_err(DiskError::io("list", directory))?;
        let name = entry.file_name();
        let offset = name.to_str().and_then(|name| {
            let (offset, epoch) = name.strip_suffix(".checkpoint")?.split_once('-')?;
            epoch.parse::<u32>().ok()?;
            offset.parse::<i64>().ok().filter(|_| offset.len() == 20)
        });
        if let Some(offset) = offset {
            last = last.max(Some((offset, entry.path())));
        }
    }
    Ok(last)
}

/// Gathers topics from metadata records.
#[derive(Default)]
struct Reader {
    topics: BTreeMap<TopicName, Topic>,
    names: BTreeMap<Uuid, TopicName>,
    others: Vec<Vec<u8>>,
    /// Whether the last batch was that of markers which ends a snapshot.
    ended: bool,
}

/// Whether a record is the level of the metadata itself.
fn is_metadata_version(record: &[u8]) -> bool {
    let mut rest = record;
    let mut number = || take_unsigned(&mut rest);
    let feature = (number(), number(), number()) == (Some(1), Some(API_FEATURE_LEVEL), Some(0));
    feature && take_text(&mut rest).as_deref() == Some("metadata.version")
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (field, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*field)
}

fn take_text(bytes: &mut &[u8]) -> Option<String> {
    let len = usize::try_from(take_unsigned(bytes)?.checked_sub(1)?).ok()?;
    let (text, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    String::from_utf8(text.to_vec()).ok()
}

impl Reader {
    /// Takes the records of whole batches that begin at the offset `from` or behind it. What is
    /// wrong is told with its position.
    fn batches(&mut self, bytes: Vec<u8>, from: i64) -> Result<(), (usize, String)> {
        let mut buffer = RecordBuffer { arena: bytes, ..RecordBuffer::default() };
        let mut at = 0;
        while at < buffer.arena.len() {
            let rest = buffer.arena.get(at..).unwrap_or_default();
            let header = BatchHeader::parse(rest).map_err(|e| (at, e.to_string()))?;
            let batch = rest.get(..header.size_bytes).ok_or((at, "a batch is cut".to_owned()))?;
            if !check_crc(&header, batch) {
                return Err((at, "the checksum of a batch is wrong".to_owned()));
            }
            if header.compression() != Some(Compression::None) {
                return Err((at, "a batch is compressed".to_owned()));
            }
            self.ended = header.is_control() && at > 0;
            if !header.is_control() && header.base_offset >= from {
                let (start, end) = plain_range(&header, at);
                let all = Wanted { partition: 0, from: 0, to: i64::MAX };
                decode(&header, &mut buffer, start, end, all).map_err(|reason| (at, reason))?;
                for span in &buffer.spans {
                    let value = span.value.of(&buffer.arena).unwrap_or_default();
                    self.take(value).map_err(|reason| (span.value.start(), reason))?;
                }
                buffer.spans.clear();
            }
            at += header.size_bytes;
        }
        Ok(())
    }

    /// Takes one record.
    fn take(&mut self, record: &[u8]) -> Result<(), String> {
        let mut rest = record;
        let frame = take_unsigned(&mut rest);
        let (Some(1), Some(api), Some(_version)) =
            (frame, take_unsigned(&mut rest), take_unsigned(&mut rest))
        else {
            return Err("a metadata record has no frame of version 1".to_owned());
        };
        match api {
            API_TOPIC => self.topic(rest).ok_or("a topic record is malformed".to_owned()),
            API_PARTITION => {
                self.partition(rest).ok_or("a partition record is malformed".to_owned())
            }
            API_REMOVE_TOPIC => {
                self.remove(rest).ok_or("a topic's removal is malformed".to_owned())
            }
            API_CONFIG if rest.first() == Some(&CONFIG_OF_TOPIC) => {
                self.config(rest).ok_or("a config record is malformed".to_owned())
            }
            _ => {
                self.others.push(record.to_vec());
                Ok(())
            }
        }
    }

    fn topic(&mut self, mut rest: &[u8]) -> Option<()> {
        let name = TopicName::new(&take_text(&mut rest)?).ok()?;
        let id = Uuid(take(&mut rest)?);
        self.names.insert(id, name.clone());
        self.topics.insert(name, Topic { id, partitions: 0, configs: BTreeMap::new() });
        Some(())
    }

    fn partition(&mut self, mut rest: &[u8]) -> Option<()> {
        let partition = i32::from_be_bytes(take(&mut rest)?);
        let topic = self.topics.get_mut(self.names.get(&Uuid(take(&mut rest)?))?)?;
        if !(0..PARTITIONS_MAX).contains(&partition) {
            return None;
        }
        topic.partitions = topic.partitions.max(partition + 1);
        Some(())
    }

    fn config(&mut self, mut rest: &[u8]) -> Option<()> {
        let [_of_a_topic] = take(&mut rest)?;
        let subject = take_text(&mut rest)?;
        let name = take_text(&mut rest)?;
        let topic = self.topics.get_mut(&TopicName::new(&subject).ok()?)?;
        if rest.first() == Some(&0) {
            // Null: the default holds again.
            topic.configs.remove(&name);
            return Some(());
        }
        topic.configs.insert(name, take_text(&mut rest)?);
        Some(())
    }

    fn remove(&mut self, mut rest: &[u8]) -> Option<()> {
        let name = self.names.remove(&Uuid(take(&mut rest)?))?;
        self.topics.remove(&name).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Registry {
        let topic = |id, partitions, configs: &[(&str, &str)]| Topic {
            id: Uuid([id; 16]),
            partitions,
            configs: configs.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect(),
        };
        Registry {
            foreign: false,
            others: vec![feature("metadata.version", 25)],
            topics: BTreeMap::from([
                (TopicName::new("orders").unwrap(), topic(1, 3, &[])),
                (
                    TopicName::new("users").unwrap(),
                    topic(2, 200, &[("retention.ms", "1000"), ("cleanup.policy", "compact")]),
                ),
            ]),
        }
    }

    fn meta() -> MetaProperties {
        let directory_id = Uuid([9; 16]);
        MetaProperties { cluster_id: directory_id.to_string(), node_id: 3, directory_id }
    }

    #[test]
    fn records_of_other_kinds_are_kept_and_a_level_is_there_once() {
        let mut registry = sample();
        registry.others = vec![feature("kraft.version", 1), feature("metadata.version", 27)];
        let read = Registry::parse(registry.bytes(&meta(), 0).unwrap()).unwrap();
        assert_eq!(read, registry);
        registry.others.truncate(1);
        let read = Registry::parse(registry.bytes(&meta(), 0).unwrap()).unwrap();
        assert_eq!(read.others, [feature("metadata.version", 25), feature("kraft.version", 1)]);
    }

    #[test]
    fn what_is_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("registry");
        assert_eq!(Registry::read(&path).unwrap(), Registry::default());
        sample().write(&path, &meta(), 1_700_000_000_000).unwrap();
        assert_eq!(Registry::read(&path).unwrap(), sample());
    }

    #[test]
    fn damage_is_found_and_placed() {
        let bytes = sample().bytes(&meta(), 0).unwrap();
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0x40;
            // Offsets and leader epochs of the batches lie outside the checksum, and mean nothing.
            if let Ok(read) = Registry::parse(bad) {
                assert_eq!(read, sample(), "byte {at}");
            }
        }
        assert!(Registry::parse(bytes[..bytes.len() - 1].to_vec()).is_err());
    }
}
