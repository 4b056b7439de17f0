//! Owns what brokers say about topics. Leaves changing them to `alter`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::config::{Sending, Use};
use super::ffi::Trouble;
use super::ffi::admin::{Config, Described, Operation, Options};
use super::ffi::metadata::{PartitionInfo, TopicInfo};
use super::ffi::queue::Queue;
use super::offsets::Offsets;
use super::session::Session;
use super::{Remote, error, lock};
use crate::cluster::error::{ClusterError, ErrorKind, Outcome, Result};
use crate::cluster::types::TopicLimits;
use crate::config::LogConfig;
use crate::record::Compression;
use crate::topic::{ConfigSource, PartitionDetail, TopicConfig, TopicDetail, TopicName};

/// What is known of a topic that is to be written to.
#[derive(Clone, Copy, Debug)]
pub(super) struct KnownLimits {
    pub(super) limits: TopicLimits,
    /// The codec that the topic wants; `None` where the producer is to choose.
    pub(super) compression: Option<Compression>,
    /// How many replicas have to be in sync for records that all of them are to have.
    pub(super) min_in_sync: usize,
    /// How long it took to find out.
    pub(super) asked_for: Duration,
}

/// What topics were said to be, and their configs.
#[derive(Debug, Default)]
struct Descriptions {
    topics: HashMap<String, Described>,
    configs: HashMap<String, Result<Vec<Config>, Trouble>>,
    /// Why something was not answered.
    silence: Option<String>,
}

impl Remote {
    /// Returns every topic, sorted by name.
    pub fn list_topics(&self) -> Result<Vec<TopicDetail>> {
        let session = self.session()?;
        let until = session.deadline();
        let mut infos = session.ask_by(until, |at_most| session.client().all_topics(at_most))?;
        // What no rule allows for a name is not shown, nor can it be asked for: librdkafka ends the
        // process over one that is too long.
        infos.retain(|info| TopicName::new(&info.name).is_ok());
        infos.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let of: Vec<_> = infos.iter().flat_map(partitions_of).collect();
        let offsets = self.extents(&of, false, until)?;
        let mut details = Vec::with_capacity(infos.len());
        for info in &infos {
            let Ok(name) = TopicName::new(&info.name) else { continue };
            let partitions = error::check(info.code)
                .and_then(|()| details_of(info.name.as_str(), &info.partitions, &offsets));
            let partitions = match partitions {
                // It was deleted since it was listed.
                Err(error) if error.kind == ErrorKind::UnknownTopicOrPartition => continue,
                partitions => partitions?,
            };
            details.push(TopicDetail {
                internal: name.is_internal(),
                id: None,
                configs: Vec::new(),
                configs_unknown: None,
                partitions,
                name,
            });
        }
        Ok(details)
    }

    /// Asks for topics and their configs, both at once, with answers by `until`.
    fn descriptions(session: &Session, names: &[&str], until: Instant) -> Result<Descriptions> {
        let queue = Queue::new(session.client());
        let options = |operation| Options::new(session.client(), operation, session.timeout());
        queue.describe_topics(names, &options(Operation::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS));
        queue.describe_configs(names, &options(Operation::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
        // The controller answers both. While it is away, any broker tells what topics there are.
        let soon = Instant::now() + session.timeout() / 4;
        let mut found = Descriptions::default();
        for _ in 0..2 {
            match session.wait(&queue, soon) {
                Ok(event) => {
                    found.topics.extend(event.topics().into_iter().map(|t| (t.name.clone(), t)));
                    found.configs.extend(event.configs());
                }
                // Not every broker tells configs, nor to everybody.
                Err(error) => match error.kind {
                    ErrorKind::AuthenticationFailed | ErrorKind::TlsFailed => return Err(error),
                    _ => found.silence = Some(error.message),
                },
            }
        }
        if found.topics.is_empty() {
            let all = session.ask_by(until, |at_most| session.client().all_topics(at_most))?;
            let named = all.into_iter().filter(|info| names.contains(&info.name.as_str()));
            found.topics.extend(named.map(|info| (info.name.clone(), Described::from(info))));
        }
        Ok(found)
    }

    /// Returns the named topics, in the order asked.
    pub fn describe_topics(
        &self,
        names: &[TopicName],
    ) -> Result<Vec<Outcome<TopicName, TopicDetail>>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let texts: Vec<_> = names.iter().map(TopicName::as_str).collect();
        let session = self.session()?;
        let until = session.deadline();
        let mut found = Self::descriptions(session, &texts, until)?;
        let mut of = Vec::new();
        for topic in found.topics.values() {
            let partitions = topic.partitions.as_deref().unwrap_or_default();
            of.extend(led(&topic.name, partitions));
        }
        let offsets = self.extents(&of, true, until)?;
        let mut describe = |name: &TopicName| -> Result<TopicDetail> {
            let unknown = || ClusterError::unknown_topic(name.as_str());
            let topic = found.topics.get(name.as_str()).ok_or_else(unknown)?;
            let partitions = topic.partitions.as_ref();
            let partitions = partitions.map_err(|t| error::of_topic(t.code, name.as_str()))?;
            let (configs, unknown) = match found.configs.remove(name.as_str()) {
                Some(Ok(configs)) => (configs, None),
                // Who may read a topic need not be allowed to see how it is kept.
                Some(Err(trouble)) if !is_denied(&trouble) => return Err(error::error(&trouble)),
                Some(Err(trouble)) => (Vec::new(), Some(error::error(&trouble).message)),
                None => {
                    let silent = || "no broker told them".to_owned();
                    (Vec::new(), Some(found.silence.clone().unwrap_or_else(silent)))
                }
            };
            Ok(TopicDetail {
                name: name.clone(),
                id: id(&topic.id),
                internal: topic.internal,
                configs: configs.into_iter().filter_map(config_of).collect(),
                configs_unknown: unknown,
                partitions: details_of(name.as_str(), partitions, &offsets)?,
            })
        };
        Ok(names.iter().map(|n| Outcome { of: n.clone(), result: describe(n) }).collect())
    }

    /// Returns what a topic takes; `None` if it does not exist. Only who is about to send asks it,
    /// so the client that sends is opened for it, and is connected then.
    pub fn topic_limits(&self, topic: &TopicName) -> Result<Option<TopicLimits>> {
        Ok(self.limits_of(topic)?.map(|known| known.limits))
    }

    /// The same, with the codec, and asked once.
    pub(super) fn limits_of(&self, topic: &TopicName) -> Result<Option<KnownLimits>> {
        if let Some(known) = lock(&self.known).get(topic) {
            return Ok(Some(*known));
        }
        let usage = Use::Produce(Sending::default());
        let started = Instant::now();
        let session = Arc::new(self.open_session(&usage)?);
        let mut found = Self::descriptions(&session, &[topic.as_str()], session.deadline())?;
        *lock(&self.early) = Some((session, usage));
        let Some(described) = found.topics.get(topic.as_str()) else { return Ok(None) };
        let partitions = match &described.partitions {
            Ok(partitions) => partitions.len() as i32,
            Err(trouble) => match error::of_topic(trouble.code, topic.as_str()) {
                error if error.kind == ErrorKind::UnknownTopicOrPartition => return Ok(None),
                error => return Err(error),
            },
        };
        let configs = match found.configs.remove(topic.as_str()) {
            Some(Ok(configs)) => configs,
            // Who may write to a topic need not be allowed to see how it is kept.
            Some(Err(_)) | None => Vec::new(),
        };
        let value = |name: &str| {
            configs.iter().find(|config| config.name == name).and_then(|c| c.value.as_deref())
        };
        let default = LogConfig::default().max_message_bytes as usize;
        let max_message_bytes =
            value("max.message.bytes").and_then(|v| v.parse().ok()).unwrap_or(default);
        let codec = |codec: &Compression| Some(codec.name()) == value("compression.type");
        let known = KnownLimits {
            limits: TopicLimits { partitions, max_message_bytes },
            min_in_sync: value("min.insync.replicas").and_then(|v| v.parse().ok()).unwrap_or(1),
            compression: Compression::ALL.into_iter().find(codec),
            asked_for: started.elapsed(),
        };
        lock(&self.known).insert(topic.clone(), known);
        Ok(Some(known))
    }
}

/// A topic's id as Kafka writes it, from librdkafka's text, which is in the other base64. All zeros
/// are none.
fn id(text: &str) -> Option<String> {
    let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    text.chars().any(|c| c != 'A').then_some(text)
}

/// A config that somebody set to something that may be told. What was set for the brokers and is
/// what a topic has anyway is left out.
fn config_of(config: Config) -> Option<TopicConfig> {
    let Config { name, value: Some(value), source: Some(source) } = config else { return None };
    let is_default = || crate::config::default_of(&name).is_some_and(|default| default == value);
    (source == ConfigSource::Topic || !is_default()).then_some(TopicConfig { name, value, source })
}

/// Whether the trouble is that the user may not.
fn is_denied(trouble: &Trouble) -> bool {
    error::kind(trouble.code).is_denial()
}

impl From<TopicInfo> for Described {
    fn from(info: TopicInfo) -> Self {
        let TopicInfo { name, code, partitions } = info;
        let internal = TopicName::new(&name).is_ok_and(|name| name.is_internal());
        let partitions = if code == error::NONE { Ok(partitions) } else { Err(Trouble::of(code)) };
        Self { name, id: String::new(), internal, partitions }
    }
}

/// The partitions of a topic, for a request.
fn partitions_of(info: &TopicInfo) -> impl Iterator<Item = (&str, i32)> {
    led(&info.name, &info.partitions)
}

/// Those of the partitions that have a leader, for a request: of the others nobody tells anything,
/// and librdkafka would wait for one.
fn led<'a>(
    topic: &'a str,
    partitions: &'a [PartitionInfo],
) -> impl Iterator<Item = (&'a str, i32)> {
    let led = partitions.iter().filter(|partition| partition.leader >= 0);
    led.map(move |partition| (topic, partition.partition))
}

/// Puts together what was said about the partitions of a topic.
pub(super) fn details_of(
    topic: &str,
    partitions: &[PartitionInfo],
    offsets: &[Offsets],
) -> Result<Vec<PartitionDetail>> {
    let offset = |which: usize, info: &PartitionInfo| match offsets.get(which) {
        Some(offsets) if info.leader >= 0 => offsets.get(topic, info.partition).map(Some),
        _ => Ok(None),
    };
    let detail = |info: &PartitionInfo| {
        let (start, end) = (offset(0, info)?, offset(1, info)?);
        let newest = offset(2, info)?.map(|listed| listed.timestamp_ms);
        Ok(PartitionDetail {
            partition: info.partition,
            leader: info.leader,
            replicas: info.replicas.clone(),
            isr: info.isr.clone(),
            start_offset: start.map_or(-1, |listed| listed.entry.offset),
            end_offset: end.map_or(-1, |listed| listed.entry.offset),
            high_watermark: end.map(|listed| listed.entry.offset),
            bytes: None,
            first_timestamp_ms: None,
            last_timestamp_ms: newest.filter(|ms| *ms >= 0),
            failure: None,
        })
    };
    partitions.iter().map(detail).collect()
}
