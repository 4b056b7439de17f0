//! Owns how far a copy is: a note for each partition in what a group of the target has committed,
//! so that the next run goes on and copies nothing twice. Leaves reading and writing to `copy`.
//!
//! A note says: up to the target's offset T are the records of the source before its offset S. What
//! the target has behind T was copied after the note, and is as many records from S on.

use std::collections::VecDeque;

use crate::cluster::Cluster;
use crate::cluster::error::{ClusterError, Result};
use crate::cluster::types::Fate;
use crate::group::{CommittedOffset, GroupId};
use crate::topic::{TopicName, TopicPartition};

/// What stands before the source's offset in the note itself.
const PREFIX: &str = "kaw copy, source offset ";

/// The group in which a copy from this source is noted: FNV-1a of where it is.
pub fn group_of(source: &str, topic: &TopicName) -> Result<GroupId> {
    let bytes = source.bytes().chain([0]).chain(topic.as_str().bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    GroupId::new(&format!("kaw-copy-{topic}-{hash:016x}")).map_err(|error| {
        ClusterError::new(crate::cluster::error::ErrorKind::InvalidRequest, error.to_string())
    })
}

/// How far a partition is.
#[derive(Debug, Default)]
pub struct Progress {
    /// The target's offset of the note.
    pub target: i64,
    /// The source's offset that belongs to it.
    pub source: i64,
    /// Records that were sent and are not acknowledged: how many at once, and the source's offset
    /// behind them.
    sent: VecDeque<(u64, i64)>,
    /// Records that were acknowledged since the note.
    acked: u64,
    /// One was not taken: what comes behind it is not in its place.
    broken: bool,
    /// Whether the note is to be written.
    pub changed: bool,
    /// Where the target ended before this run.
    target_end: i64,
}

impl Progress {
    /// A partition whose copy goes on from a note, in a log that ends at `target_end` now.
    pub fn new(target: i64, source: i64, target_end: i64) -> Self {
        Self { target, source, target_end, changed: true, ..Self::default() }
    }

    /// Records were sent, up to this offset of the source.
    pub fn sent(&mut self, records: u64, next_offset: i64) {
        self.sent.push_back((records, next_offset));
    }

    /// Records up to this offset of the source are in the target already; `all` of those that are.
    pub const fn left_out(&mut self, all: bool, next_offset: i64) {
        // In between, the note would have to say where the target's part ends.
        if all {
            self.source = next_offset;
            self.target = self.target_end;
            self.changed = true;
        }
    }

    /// Records were settled.
    pub fn settled(&mut self, records: u64, fate: &Fate) {
        self.broken |= !matches!(fate, Fate::Persisted);
        if self.broken {
            return;
        }
        self.acked += records;
        while let Some(&(records, next_offset)) = self.sent.front()
            && records <= self.acked
        {
            self.acked -= records;
            self.target += records as i64;
            self.source = next_offset;
            self.changed = true;
            self.sent.pop_front();
        }
    }
}

/// The notes of a target: its offset and the source's, by partition.
pub fn read(target: &Cluster, group: &GroupId, topic: &TopicName) -> Result<Vec<(i32, i64, i64)>> {
    let committed = target.fetch_offsets(group)?;
    let of_topic = committed.iter().filter(|one| one.of.topic == *topic);
    let note = |one: &CommittedOffset| {
        let source = one.metadata.strip_prefix(PREFIX)?.parse().ok()?;
        Some((one.of.partition, one.offset, source))
    };
    Ok(of_topic.filter_map(note).collect())
}

/// Writes the notes that changed.
pub fn write(
    target: &Cluster,
    group: &GroupId,
    topic: &TopicName,
    progress: &mut [Progress],
) -> Result<()> {
    let mut notes = Vec::new();
    for (partition, one) in (0..).zip(progress.iter_mut()).filter(|(_, one)| one.changed) {
        one.changed = false;
        notes.push(CommittedOffset {
            of: TopicPartition { topic: topic.clone(), partition },
            offset: one.target,
            leader_epoch: -1,
            metadata: format!("{PREFIX}{}", one.source),
            committed_ms: crate::now_ms(),
        });
    }
    if notes.is_empty() {
        return Ok(());
    }
    target.commit_offsets(group, &notes)?.into_iter().try_for_each(|outcome| outcome.result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_moves_where_all_that_was_sent_at_once_is_acknowledged_and_not_behind_a_failure() {
        let mut one = Progress::new(100, 7, 100);
        one.sent(3, 20);
        one.sent(2, 22);
        one.settled(2, &Fate::Persisted);
        assert_eq!((one.target, one.source), (100, 7));
        one.settled(2, &Fate::Persisted);
        assert_eq!((one.target, one.source), (103, 20));
        one.settled(1, &Fate::MaybePersisted(None));
        one.settled(1, &Fate::Persisted);
        assert_eq!((one.target, one.source), (103, 20));
    }

    #[test]
    fn each_source_has_a_group_of_its_own() {
        let topic = TopicName::new("t").unwrap();
        let group = group_of("/a", &topic).unwrap();
        assert_eq!(group, group_of("/a", &topic).unwrap());
        assert_ne!(group, group_of("/b", &topic).unwrap());
        assert!(group.to_string().starts_with("kaw-copy-t-"));
    }
}
