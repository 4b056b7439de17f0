//! Owns lists of partitions with offsets, which many requests and answers are made of.

use std::ptr::NonNull;

use rdkafka_sys::bindings as sys;

use super::{Code, c_text, slice, text};

/// One partition of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The topic's name.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset, or one of librdkafka's words for one.
    pub offset: i64,
    /// What went wrong with it.
    pub code: Code,
    /// What was committed beside the offset.
    pub metadata: Option<Vec<u8>>,
    /// The leader epoch of the last record before the offset; -1 for none.
    pub leader_epoch: i32,
}

/// An offset that is to be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The leader epoch of the last record before it; -1 for none.
    pub leader_epoch: i32,
    /// What is to be noted beside it.
    pub metadata: &'a str,
}

/// A list that is handed to librdkafka.
#[derive(Debug)]
pub struct List {
    raw: NonNull<sys::rd_kafka_topic_partition_list_t>,
}

impl List {
    /// A list of partitions and offsets.
    pub fn new<'a>(entries: impl IntoIterator<Item = (&'a str, i32, i64)>) -> Self {
        // SAFETY: the list is new, and is freed by `Drop`; added entries belong to it, and the name
        // is copied.
        unsafe {
            let raw = sys::rd_kafka_topic_partition_list_new(0);
            for (topic, partition, offset) in entries {
                let topic = c_text(topic);
                let entry = sys::rd_kafka_topic_partition_list_add(raw, topic.as_ptr(), partition);
                (*entry).offset = offset;
            }
            #[expect(clippy::expect_used, reason = "librdkafka ends the process when memory does")]
            let raw = NonNull::new(raw).expect("a list was made");
            Self { raw }
        }
    }

    /// A list of offsets to be committed.
    pub fn commits<'a>(commits: impl IntoIterator<Item = Commit<'a>>) -> Self {
        let list = Self::new([]);
        for commit in commits {
            let topic = c_text(commit.topic);
            let (note, len) = (commit.metadata.as_ptr(), commit.metadata.len());
            // SAFETY: the list lives, and added entries belong to it. What is noted beside an
            // offset is copied to memory of librdkafka's own, which it frees with the entry.
            unsafe {
                let raw = list.raw();
                let entry =
                    sys::rd_kafka_topic_partition_list_add(raw, topic.as_ptr(), commit.partition);
                (*entry).offset = commit.offset;
                sys::rd_kafka_topic_partition_set_leader_epoch(entry, commit.leader_epoch);
                if len > 0 {
                    let copy = sys::rd_kafka_mem_malloc(std::ptr::null_mut(), len);
                    if !copy.is_null() {
                        std::ptr::copy_nonoverlapping(note, copy.cast::<u8>(), len);
                        (*entry).metadata = copy;
                        (*entry).metadata_size = len;
                    }
                }
            }
        }
        list
    }

    /// What is in it now.
    pub fn entries(&self) -> Vec<Entry> {
        // SAFETY: the list lives.
        unsafe { read(self.raw()) }
    }

    /// The list, for a call.
    pub(super) const fn raw(&self) -> *mut sys::rd_kafka_topic_partition_list_t {
        self.raw.as_ptr()
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: held here only.
        unsafe { sys::rd_kafka_topic_partition_list_destroy(self.raw()) }
    }
}

/// Reads a list that belongs to somebody else.
///
/// # Safety
/// `list` is null or lives.
pub(super) unsafe fn read(list: *const sys::rd_kafka_topic_partition_list_t) -> Vec<Entry> {
    // SAFETY: by this function's contract; a list has as many entries as it says.
    unsafe {
        let Some(list) = list.as_ref() else { return Vec::new() };
        slice(list.elems, list.cnt.max(0) as usize).iter().map(|entry| read_entry(entry)).collect()
    }
}

/// Reads one entry.
///
/// # Safety
/// `entry` lives. It is a pointer, since its code may be none that the generated enum has.
pub(super) unsafe fn read_entry(entry: *const sys::rd_kafka_topic_partition_t) -> Entry {
    // SAFETY: by this function's contract; the code is read as the number that it is.
    unsafe {
        let metadata = (*entry).metadata.cast::<u8>();
        Entry {
            topic: text((*entry).topic),
            partition: (*entry).partition,
            offset: (*entry).offset,
            code: Code((&raw const (*entry).err).cast::<i32>().read()),
            metadata: (!metadata.is_null())
                .then(|| slice(metadata, (*entry).metadata_size).to_vec()),
            leader_epoch: sys::rd_kafka_topic_partition_get_leader_epoch(entry),
        }
    }
}
