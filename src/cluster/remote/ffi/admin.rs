//! Owns the requests about a cluster and reading their answers: each goes out with options and a
//! queue, and comes back as an event. Leaves waiting for it to `session`.

use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use rdkafka_sys::bindings as sys;

use super::handle::Client;
use super::list::{self, Entry, List};
use super::metadata::{PartitionInfo, keep_known};
use super::queue::{Event, Queue};
use super::{Code, Trouble, c_text, codes, look_error, milliseconds, slice, take_error, text};
use crate::topic::ConfigSource;

/// What a request is, for its options.
pub use sys::rd_kafka_admin_op_t as Operation;

/// How a request is to be made.
#[derive(Debug)]
pub struct Options {
    raw: NonNull<sys::rd_kafka_AdminOptions_t>,
}

impl Options {
    /// Options for one kind of request, which ends by itself after `timeout`.
    pub fn new(client: &Arc<Client>, operation: Operation, timeout: Duration) -> Self {
        let mut why = [0; 256];
        let timeout = milliseconds(timeout).clamp(1, 3_600_000);
        // SAFETY: the client lives; the options are freed by `Drop`. A kind of request that takes
        // no operation timeout says so, and that is no harm.
        unsafe {
            let raw = sys::rd_kafka_AdminOptions_new(client.raw(), operation);
            let (to, len) = (why.as_mut_ptr(), why.len());
            sys::rd_kafka_AdminOptions_set_request_timeout(raw, timeout, to, len);
            sys::rd_kafka_AdminOptions_set_operation_timeout(raw, timeout, to, len);
            #[expect(clippy::expect_used, reason = "null is only for a kind that there is not")]
            let raw = NonNull::new(raw).expect("a kind of request");
            Self { raw }
        }
    }

    /// The same, with a number that the answer's event carries.
    #[must_use]
    pub fn tag(self, tag: usize) -> Self {
        // SAFETY: the options live; the number is never used as a pointer.
        unsafe { sys::rd_kafka_AdminOptions_set_opaque(self.raw(), tag as *mut _) }
        self
    }

    /// The same, and an end of a partition is then that of what was committed.
    #[must_use]
    pub fn committed_only(self) -> Self {
        let level = sys::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED;
        // SAFETY: the options live; a kind of request without levels says so, which is freed.
        drop(unsafe {
            take_error(sys::rd_kafka_AdminOptions_set_isolation_level(self.raw(), level))
        });
        self
    }

    /// The same, to be checked and not done.
    #[must_use]
    pub fn validate_only(self) -> Self {
        let mut why = [0; 256];
        // SAFETY: the options live; a kind of request that cannot be checked alone says so.
        unsafe {
            let (to, len) = (why.as_mut_ptr(), why.len());
            sys::rd_kafka_AdminOptions_set_validate_only(self.raw(), 1, to, len);
        }
        self
    }

    /// The options, for a call.
    pub(super) const fn raw(&self) -> *mut sys::rd_kafka_AdminOptions_t {
        self.raw.as_ptr()
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: held here only; requests copy what they need.
        unsafe { sys::rd_kafka_AdminOptions_destroy(self.raw()) }
    }
}

/// An offset that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which partition, the offset, and what went wrong.
    pub entry: Entry,
    /// The timestamp of the record there; -1 for none.
    pub timestamp_ms: i64,
}

/// A topic as its description has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// Its id, 22 characters.
    pub id: String,
    /// Whether Kafka keeps its own state in it.
    pub internal: bool,
    /// Its partitions, or what went wrong.
    pub partitions: Result<Vec<PartitionInfo>, Trouble>,
}

/// A config of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Its name.
    pub name: String,
    /// Its value; `None` where it is secret.
    pub value: Option<String>,
    /// Who set it; `None` where nobody did.
    pub source: Option<ConfigSource>,
}

/// Who set a config, by the number of it (`rd_kafka_ConfigSource_t`).
fn source(number: i32) -> Option<ConfigSource> {
    match number {
        1 => Some(ConfigSource::Topic),
        2 | 4 => Some(ConfigSource::Broker),
        3 => Some(ConfigSource::Cluster),
        _ => None,
    }
}

impl Queue {
    /// Asks for descriptions of topics.
    pub fn describe_topics(&self, names: &[&str], options: &Options) {
        let names: Vec<_> = names.iter().map(|name| c_text(name)).collect();
        let mut pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        // SAFETY: all of them live; the request copies the names, and the list of them is freed.
        unsafe {
            let topics =
                sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
            sys::rd_kafka_DescribeTopics(self.client().raw(), topics, options.raw(), self.raw());
            sys::rd_kafka_TopicCollection_destroy(topics);
        }
    }

    /// Asks for all configs of topics.
    pub fn describe_configs(&self, names: &[&str], options: &Options) {
        // SAFETY: the resources are new, and freed after the request has copied them.
        unsafe {
            let mut resources: Vec<_> = names
                .iter()
                .map(|name| {
                    let name = c_text(name);
                    let topic = sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC;
                    sys::rd_kafka_ConfigResource_new(topic, name.as_ptr())
                })
                .collect();
            let (array, count) = (resources.as_mut_ptr(), resources.len());
            let client = self.client().raw();
            sys::rd_kafka_DescribeConfigs(client, array, count, options.raw(), self.raw());
            sys::rd_kafka_ConfigResource_destroy_array(array, count);
        }
    }

    /// Asks for an offset of each partition: -2 is the start, -1 the end, -3 the record with the
    /// largest timestamp, and others are timestamps. One request goes to each leader.
    pub fn list_offsets(&self, of: &List, options: &Options) {
        // SAFETY: all of them live; the request copies the list.
        unsafe {
            sys::rd_kafka_ListOffsets(self.client().raw(), of.raw(), options.raw(), self.raw());
        }
    }
}

/// Reads one description.
///
/// # Safety
/// `topic` lives.
unsafe fn read_topic(topic: *const sys::rd_kafka_TopicDescription_t) -> Described {
    // SAFETY: by this function's contract; arrays are as long as they say.
    unsafe {
        let error = look_error(sys::rd_kafka_TopicDescription_error(topic));
        let mut count = 0;
        let infos = sys::rd_kafka_TopicDescription_partitions(topic, &raw mut count);
        let id = sys::rd_kafka_TopicDescription_topic_id(topic);
        Described {
            name: text(sys::rd_kafka_TopicDescription_name(topic)),
            id: if id.is_null() { String::new() } else { text(sys::rd_kafka_Uuid_base64str(id)) },
            internal: sys::rd_kafka_TopicDescription_is_internal(topic) != 0,
            partitions: error.map(|()| {
                let read = slice(infos, count).iter().map(|&info| read_partition(info));
                let mut partitions = read.collect();
                keep_known(&mut partitions);
                partitions
            }),
        }
    }
}

/// Reads one partition of a description.
///
/// # Safety
/// `info` lives.
unsafe fn read_partition(info: *const sys::rd_kafka_TopicPartitionInfo_t) -> PartitionInfo {
    // SAFETY: by this function's contract; arrays are as long as they say. A node may be missing.
    unsafe {
        let id = |node: *const sys::rd_kafka_Node_t| {
            if node.is_null() { -1 } else { sys::rd_kafka_Node_id(node) }
        };
        let mut count = 0;
        let replicas = sys::rd_kafka_TopicPartitionInfo_replicas(info, &raw mut count);
        let replicas = slice(replicas, count).iter().map(|&node| id(node)).collect();
        let isr = sys::rd_kafka_TopicPartitionInfo_isr(info, &raw mut count);
        PartitionInfo {
            partition: sys::rd_kafka_TopicPartitionInfo_partition(info),
            leader: id(sys::rd_kafka_TopicPartitionInfo_leader(info)),
            replicas,
            isr: slice(isr, count).iter().map(|&node| id(node)).collect(),
        }
    }
}

/// Reads the configs of one topic.
///
/// # Safety
/// `resource` lives.
unsafe fn read_configs(
    resource: *const sys::rd_kafka_ConfigResource_t,
) -> (String, Result<Vec<Config>, Trouble>) {
    // SAFETY: by this function's contract; arrays are as long as they say.
    unsafe {
        let mut count = 0;
        let entries = sys::rd_kafka_ConfigResource_configs(resource, &raw mut count);
        let read = |&entry: &*const sys::rd_kafka_ConfigEntry_t| {
            let value = sys::rd_kafka_ConfigEntry_value(entry);
            Config {
                name: text(sys::rd_kafka_ConfigEntry_name(entry)),
                value: (!value.is_null()).then(|| text(value)),
                source: source(codes::rd_kafka_ConfigEntry_source(entry)),
            }
        };
        let configs = slice(entries, count).iter().map(read).collect();
        let code = Code(codes::rd_kafka_ConfigResource_error(resource));
        let why = text(sys::rd_kafka_ConfigResource_error_string(resource));
        let name = text(sys::rd_kafka_ConfigResource_name(resource));
        (name, Trouble::check(code, why).map(|()| configs))
    }
}

impl Event {
    /// The answer to [`Queue::describe_topics`].
    pub fn topics(&self) -> Vec<Described> {
        // SAFETY: the event lives for as long as its parts are read.
        unsafe {
            let result = sys::rd_kafka_event_DescribeTopics_result(self.raw());
            if result.is_null() {
                return Vec::new();
            }
            let mut count = 0;
            let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
            slice(topics, count).iter().map(|&topic| read_topic(topic)).collect()
        }
    }

    /// The answer to [`Queue::describe_configs`].
    pub fn configs(&self) -> Vec<(String, Result<Vec<Config>, Trouble>)> {
        // SAFETY: as above.
        unsafe {
            let result = sys::rd_kafka_event_DescribeConfigs_result(self.raw());
            if result.is_null() {
                return Vec::new();
            }
            let mut count = 0;
            let all = sys::rd_kafka_DescribeConfigs_result_resources(result, &raw mut count);
            slice(all, count).iter().map(|&resource| read_configs(resource)).collect()
        }
    }

    /// The answer to [`Queue::list_offsets`].
    pub fn offsets(&self) -> Vec<Listed> {
        // SAFETY: the event lives for as long as its parts are read.
        unsafe {
            let result = sys::rd_kafka_event_ListOffsets_result(self.raw());
            if result.is_null() {
                return Vec::new();
            }
            let mut count = 0;
            let infos = sys::rd_kafka_ListOffsets_result_infos(result, &raw mut count);
            let read = |&info: &*const _| Listed {
                entry: list::read_entry(sys::rd_kafka_ListOffsetsResultInfo_topic_partition(info)),
                timestamp_ms: sys::rd_kafka_ListOffsetsResultInfo_timestamp(info),
            };
            slice(infos, count).iter().map(read).collect()
        }
    }
}
