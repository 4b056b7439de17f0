//! Owns the requests that change topics, and reading what became of each.

use std::ffi::c_int;

use rdkafka_sys::bindings as sys;

use super::admin::Options;
use super::list::{self, Entry, List};
use super::queue::{Event, Queue};
use super::{Code, Trouble, c_text, codes, slice, take_error, text};

/// What became of each named thing.
pub type Results = Vec<(String, Result<(), Trouble>)>;

/// A topic to be created.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Its name.
    pub name: &'a str,
    /// The number of its partitions.
    pub partitions: i32,
    /// Replicas of each; -1 leaves it to the cluster.
    pub replication_factor: i16,
    /// Configs that differ from the default.
    pub configs: &'a [(String, String)],
}

/// Configs of a topic to be changed; the others stay as they are.
#[derive(Clone, Copy, Debug)]
pub struct Changed<'a> {
    /// The topic.
    pub name: &'a str,
    /// Configs to set.
    pub set: &'a [(String, String)],
    /// Configs to put back to their default.
    pub unset: &'a [String],
}

impl Queue {
    /// Asks for topics to be created.
    pub fn create_topics(&self, topics: &[Wanted<'_>], options: &Options) -> Result<(), Trouble> {
        let mut made = Vec::with_capacity(topics.len());
        let mut failure = Ok(());
        // SAFETY: the topics are new, and freed after the request has copied them. Texts outlive
        // the calls.
        unsafe {
            for topic in topics {
                match new_topic(topic) {
                    Ok(topic) => made.push(topic),
                    Err(trouble) => failure = Err(trouble),
                }
            }
            let (array, count) = (made.as_mut_ptr(), made.len());
            if failure.is_ok() {
                let client = self.client().raw();
                sys::rd_kafka_CreateTopics(client, array, count, options.raw(), self.raw());
            }
            sys::rd_kafka_NewTopic_destroy_array(array, count);
        }
        failure
    }

    /// Asks for topics to be deleted.
    pub fn delete_topics(&self, names: &[&str], options: &Options) {
        // SAFETY: as above.
        unsafe {
            let mut topics: Vec<_> = names
                .iter()
                .map(|name| sys::rd_kafka_DeleteTopic_new(c_text(name).as_ptr()))
                .collect();
            let (array, count) = (topics.as_mut_ptr(), topics.len());
            let client = self.client().raw();
            sys::rd_kafka_DeleteTopics(client, array, count, options.raw(), self.raw());
            sys::rd_kafka_DeleteTopic_destroy_array(array, count);
        }
    }

    /// Asks for more partitions of one topic.
    pub fn create_partitions(
        &self,
        name: &str,
        total: i32,
        options: &Options,
    ) -> Result<(), Trouble> {
        let mut why = [0; 256];
        // SAFETY: as above.
        unsafe {
            let mut wanted = sys::rd_kafka_NewPartitions_new(
                c_text(name).as_ptr(),
                total.max(0) as usize,
                why.as_mut_ptr(),
                why.len(),
            );
            if wanted.is_null() {
                return Err(invalid(text(why.as_ptr())));
            }
            let client = self.client().raw();
            sys::rd_kafka_CreatePartitions(client, &raw mut wanted, 1, options.raw(), self.raw());
            sys::rd_kafka_NewPartitions_destroy(wanted);
        }
        Ok(())
    }

    /// Asks for configs of one topic to be changed, and no others.
    pub fn alter_configs(&self, change: &Changed<'_>, options: &Options) -> Result<(), Trouble> {
        use sys::rd_kafka_AlterConfigOpType_t as How;
        let topic = sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC;
        // SAFETY: as above; an error is freed where it is read.
        unsafe {
            let mut resource =
                sys::rd_kafka_ConfigResource_new(topic, c_text(change.name).as_ptr());
            let add = |name: &str, how, value: Option<&str>| {
                let (name, value) = (c_text(name), value.map(c_text));
                let value = value.as_ref().map_or(std::ptr::null(), |value| value.as_ptr());
                take_error(sys::rd_kafka_ConfigResource_add_incremental_config(
                    resource,
                    name.as_ptr(),
                    how,
                    value,
                ))
            };
            let mut set = change.set.iter().map(|(name, value)| {
                add(name, How::RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, Some(value))
            });
            let mut unset = change
                .unset
                .iter()
                .map(|name| add(name, How::RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE, None));
            let added = set.try_for_each(|done| done).and_then(|()| unset.try_for_each(|d| d));
            if added.is_ok() {
                sys::rd_kafka_IncrementalAlterConfigs(
                    self.client().raw(),
                    &raw mut resource,
                    1,
                    options.raw(),
                    self.raw(),
                );
            }
            sys::rd_kafka_ConfigResource_destroy(resource);
            added
        }
    }

    /// Asks for the records before the offsets of a list to be deleted.
    pub fn delete_records(&self, before: &List, options: &Options) {
        // SAFETY: as above.
        unsafe {
            let mut wanted = sys::rd_kafka_DeleteRecords_new(before.raw());
            let client = self.client().raw();
            sys::rd_kafka_DeleteRecords(client, &raw mut wanted, 1, options.raw(), self.raw());
            sys::rd_kafka_DeleteRecords_destroy(wanted);
        }
    }
}

/// A topic for a request.
///
/// # Safety
/// Whoever gets it frees it.
unsafe fn new_topic(wanted: &Wanted<'_>) -> Result<*mut sys::rd_kafka_NewTopic_t, Trouble> {
    let mut why = [0; 256];
    // SAFETY: the texts outlive the calls, which copy them.
    unsafe {
        let topic = sys::rd_kafka_NewTopic_new(
            c_text(wanted.name).as_ptr(),
            wanted.partitions,
            c_int::from(wanted.replication_factor),
            why.as_mut_ptr(),
            why.len(),
        );
        if topic.is_null() {
            return Err(invalid(text(why.as_ptr())));
        }
        for (name, value) in wanted.configs {
            let (name, value) = (c_text(name), c_text(value));
            sys::rd_kafka_NewTopic_set_config(topic, name.as_ptr(), value.as_ptr());
        }
        Ok(topic)
    }
}

fn invalid(text: String) -> Trouble {
    Trouble { code: Code::of(sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__INVALID_ARG), text }
}

/// Reads results about topics.
///
/// # Safety
/// `results` is null, or holds `count` results that live.
unsafe fn read(results: *mut *const sys::rd_kafka_topic_result_t, count: usize) -> Results {
    // SAFETY: by this function's contract.
    unsafe {
        let read = |&result: &*const sys::rd_kafka_topic_result_t| {
            let code = Code(codes::rd_kafka_topic_result_error(result));
            let why = text(sys::rd_kafka_topic_result_error_string(result));
            (text(sys::rd_kafka_topic_result_name(result)), Trouble::check(code, why))
        };
        slice(results, count).iter().map(read).collect()
    }
}

impl Event {
    /// The answer to [`Queue::create_topics`], [`Queue::delete_topics`],
    /// [`Queue::create_partitions`] or [`Queue::alter_configs`].
    pub fn changes(&self) -> Results {
        let mut count = 0;
        // SAFETY: the event lives for as long as its parts are read; it is what its kind says.
        unsafe {
            match self.kind() {
                sys::RD_KAFKA_EVENT_CREATETOPICS_RESULT => {
                    let result = sys::rd_kafka_event_CreateTopics_result(self.raw());
                    read(sys::rd_kafka_CreateTopics_result_topics(result, &raw mut count), count)
                }
                sys::RD_KAFKA_EVENT_DELETETOPICS_RESULT => {
                    let result = sys::rd_kafka_event_DeleteTopics_result(self.raw());
                    read(sys::rd_kafka_DeleteTopics_result_topics(result, &raw mut count), count)
                }
                sys::RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT => {
                    let result = sys::rd_kafka_event_CreatePartitions_result(self.raw());
                    let topics =
                        sys::rd_kafka_CreatePartitions_result_topics(result, &raw mut count);
                    read(topics, count)
                }
                sys::RD_KAFKA_EVENT_INCREMENTALALTERCONFIGS_RESULT => {
                    let result = sys::rd_kafka_event_IncrementalAlterConfigs_result(self.raw());
                    let all = sys::rd_kafka_IncrementalAlterConfigs_result_resources(
                        result,
                        &raw mut count,
                    );
                    let read = |&resource: &*const sys::rd_kafka_ConfigResource_t| {
                        let code = Code(codes::rd_kafka_ConfigResource_error(resource));
                        let why = text(sys::rd_kafka_ConfigResource_error_string(resource));
                        let name = text(sys::rd_kafka_ConfigResource_name(resource));
                        (name, Trouble::check(code, why))
                    };
                    slice(all, count).iter().map(read).collect()
                }
                _ => Vec::new(),
            }
        }
    }

    /// The answer to [`Queue::delete_records`]: the new starts.
    pub fn starts(&self) -> Vec<Entry> {
        // SAFETY: as above.
        unsafe {
            let result = sys::rd_kafka_event_DeleteRecords_result(self.raw());
            if result.is_null() {
                return Vec::new();
            }
            list::read(sys::rd_kafka_DeleteRecords_result_offsets(result))
        }
    }
}
