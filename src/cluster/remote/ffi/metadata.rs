//! Owns asking a cluster for its topics and who leads their partitions.

use std::ffi::c_int;
use std::ptr;
use std::time::Duration;

use rdkafka_sys::bindings as sys;

use super::handle::Client;
use super::topic::Topic;
use super::{Code, codes, milliseconds, slice, text};

/// A partition, by the cluster's own word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionInfo {
    /// Its number.
    pub partition: i32,
    /// Who leads it; -1 for nobody.
    pub leader: i32,
    /// Who holds it.
    pub replicas: Vec<i32>,
    /// Who holds all of it.
    pub isr: Vec<i32>,
}

/// A topic, by the cluster's own word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicInfo {
    /// Its name.
    pub name: String,
    /// What went wrong with it.
    pub code: Code,
    /// Its partitions, ascending.
    pub partitions: Vec<PartitionInfo>,
}

/// A broker, by the cluster's own word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerInfo {
    /// Its number.
    pub id: i32,
    /// Its name, or its address.
    pub host: String,
    /// Where it listens.
    pub port: u16,
}

/// Who leads what, and where brokers listen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The brokers that are there.
    pub brokers: Vec<BrokerInfo>,
    /// The topics that were asked for.
    pub topics: Vec<TopicInfo>,
}

impl Client {
    /// Asks for all topics. A short wait does not lose an answer that comes late for good: the next
    /// call asks again.
    pub fn all_topics(&self, at_most: Duration) -> Result<Vec<TopicInfo>, Code> {
        // SAFETY: the client lives.
        unsafe { ask(self.raw(), true, ptr::null_mut(), at_most) }.map(|layout| layout.topics)
    }

    /// Asks for the topics that it was told of, likewise.
    pub fn topics(&self, at_most: Duration) -> Result<Vec<TopicInfo>, Code> {
        self.known_layout(at_most).map(|layout| layout.topics)
    }

    /// The same, with the brokers.
    pub fn known_layout(&self, at_most: Duration) -> Result<Layout, Code> {
        // SAFETY: the client lives.
        unsafe { ask(self.raw(), false, ptr::null_mut(), at_most) }
    }
}

impl Topic {
    /// Asks for this topic alone. The client then knows who leads its partitions.
    pub fn info(&self, at_most: Duration) -> Result<Vec<TopicInfo>, Code> {
        self.layout(at_most).map(|layout| layout.topics)
    }

    /// The same, with the brokers.
    pub fn layout(&self, at_most: Duration) -> Result<Layout, Code> {
        // SAFETY: the client lives, and the topic is its own.
        unsafe { ask(self.client().raw(), false, self.raw(), at_most) }
    }
}

/// Asks for one topic, for all, or for those that the client knows.
///
/// # Safety
/// `client` lives; `topic` is null or one of its topics.
unsafe fn ask(
    client: *mut sys::rd_kafka_t,
    all: bool,
    topic: *mut sys::rd_kafka_topic_t,
    at_most: Duration,
) -> Result<Layout, Code> {
    let mut metadata: *const sys::rd_kafka_metadata = ptr::null();
    // SAFETY: by this function's contract. What is answered is read while it lives, and freed once.
    unsafe {
        let code = Code(codes::rd_kafka_metadata(
            client,
            c_int::from(all),
            topic,
            &raw mut metadata,
            milliseconds(at_most),
        ));
        if code != Code::NONE {
            return Err(code);
        }
        let layout = read(metadata);
        sys::rd_kafka_metadata_destroy(metadata);
        Ok(layout)
    }
}

/// Reads an answer.
///
/// # Safety
/// `metadata` is null or lives.
unsafe fn read(metadata: *const sys::rd_kafka_metadata) -> Layout {
    // SAFETY: by this function's contract; arrays are as long as it says. Structs with codes are
    // walked by pointer: their codes may be none that the generated enum has.
    unsafe {
        if metadata.is_null() {
            return Layout::default();
        }
        let (brokers, topics) = ((*metadata).brokers, (*metadata).topics);
        let count = |count: c_int| 0..count.max(0) as usize;
        let broker = |at| {
            let broker: *const sys::rd_kafka_metadata_broker = brokers.add(at);
            let port = u16::try_from((*broker).port).ok()?;
            Some(BrokerInfo { id: (*broker).id, host: text((*broker).host), port })
        };
        Layout {
            brokers: count((*metadata).broker_cnt).filter_map(broker).collect(),
            topics: count((*metadata).topic_cnt).map(|at| read_topic(topics.add(at))).collect(),
        }
    }
}

/// Sorts partitions, and leaves out numbers that come twice or are not below how many there are:
/// librdkafka keeps partitions by their numbers, and ends the process over others.
pub(super) fn keep_known(partitions: &mut Vec<PartitionInfo>) {
    let count = partitions.len();
    partitions.retain(|info| usize::try_from(info.partition).is_ok_and(|n| n < count));
    partitions.sort_unstable_by_key(|info| info.partition);
    partitions.dedup_by_key(|info| info.partition);
}

/// Reads one topic.
///
/// # Safety
/// `topic` lives.
unsafe fn read_topic(topic: *const sys::rd_kafka_metadata_topic) -> TopicInfo {
    // SAFETY: as in `read`.
    unsafe {
        let count = (*topic).partition_cnt.max(0) as usize;
        let mut partitions: Vec<PartitionInfo> = (0..count)
            .map(|at| {
                let partition = (*topic).partitions.add(at);
                PartitionInfo {
                    partition: (*partition).id,
                    leader: (*partition).leader,
                    replicas: ids((*partition).replicas, (*partition).replica_cnt),
                    isr: ids((*partition).isrs, (*partition).isr_cnt),
                }
            })
            .collect();
        keep_known(&mut partitions);
        TopicInfo {
            name: text((*topic).topic),
            code: Code((&raw const (*topic).err).cast::<i32>().read()),
            partitions,
        }
    }
}

/// Reads ids of brokers.
///
/// # Safety
/// `ids` is null or holds `count` numbers.
unsafe fn ids(ids: *const i32, count: c_int) -> Vec<i32> {
    // SAFETY: by this function's contract.
    unsafe { slice(ids, count.max(0) as usize).to_vec() }
}
