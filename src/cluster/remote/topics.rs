//! Owns what brokers say about topics. Leaves changing them to `alter`.

use super::ffi::metadata::{PartitionInfo, TopicInfo};
use super::offsets::Offsets;
use super::{Remote, error};
use crate::cluster::error::Result;
use crate::topic::{PartitionDetail, TopicDetail, TopicName};

impl Remote {
    /// Returns every topic, sorted by name.
    pub fn list_topics(&self) -> Result<Vec<TopicDetail>> {
        let session = self.session()?;
        let mut infos = session.ask(|at_most| session.client().all_topics(at_most))?;
        infos.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let of: Vec<_> = infos.iter().flat_map(partitions_of).collect();
        let offsets = self.extents(&of, false)?;
        let mut details = Vec::with_capacity(infos.len());
        for info in &infos {
            // What no rule allows for a name is not shown, nor could it be asked for.
            let Ok(name) = TopicName::new(&info.name) else { continue };
            error::check(info.code)?;
            details.push(TopicDetail {
                internal: name.is_internal(),
                id: None,
                configs: Vec::new(),
                partitions: details_of(info.name.as_str(), &info.partitions, &offsets)?,
                name,
            });
        }
        Ok(details)
    }
}

/// The partitions of a topic, for a request.
fn partitions_of(info: &TopicInfo) -> impl Iterator<Item = (&str, i32)> {
    info.partitions.iter().map(|partition| (info.name.as_str(), partition.partition))
}

/// Puts together what was said about the partitions of a topic.
pub(super) fn details_of(
    topic: &str,
    partitions: &[PartitionInfo],
    offsets: &[Offsets],
) -> Result<Vec<PartitionDetail>> {
    let offset = |which: usize, partition: i32| match offsets.get(which) {
        Some(offsets) => offsets.get(topic, partition).map(Some),
        None => Ok(None),
    };
    let detail = |info: &PartitionInfo| {
        let (start, end) = (offset(0, info.partition)?, offset(1, info.partition)?);
        let newest = offset(2, info.partition)?.map(|listed| listed.timestamp_ms);
        Ok(PartitionDetail {
            partition: info.partition,
            leader: info.leader,
            replicas: info.replicas.clone(),
            isr: info.isr.clone(),
            start_offset: start.map_or(-1, |listed| listed.entry.offset),
            end_offset: end.map_or(-1, |listed| listed.entry.offset),
            bytes: None,
            first_timestamp_ms: None,
            last_timestamp_ms: newest.filter(|ms| *ms >= 0),
        })
    };
    partitions.iter().map(detail).collect()
}
