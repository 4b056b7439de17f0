//! Owns what keeps a partition from taking records, by what the cluster says of it. Brokers say so
//! to who sends, too; but it is tried again until it is too late, and that alone is known then.

use super::error;
use super::ffi::metadata::TopicInfo;
use crate::cluster::error::{ClusterError, ErrorKind};
use crate::cluster::types::Acks;

/// What keeps a partition of `topic` from taking records, if anything does.
pub(super) fn of(
    topic: &TopicInfo,
    partition: i32,
    acks: Acks,
    min_in_sync: usize,
) -> Option<ClusterError> {
    if error::kind(topic.code) == ErrorKind::UnknownTopicOrPartition {
        return Some(error::gone_topic(&topic.name));
    }
    let of = topic.partitions.iter().find(|of| of.partition == partition)?;
    if of.leader < 0 {
        return Some(ClusterError::no_leader(&topic.name, partition));
    }
    let there = of.isr.len();
    (acks == Acks::All && there < min_in_sync).then(|| {
        let message = format!(
            "partition {partition} of topic `{}` has {there} replicas in sync, and \
             `min.insync.replicas` wants {min_in_sync}",
            topic.name
        );
        ClusterError::new(ErrorKind::NotEnoughReplicas, message)
    })
}
