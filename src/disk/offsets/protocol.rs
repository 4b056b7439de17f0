//! Owns what members of a classic group tell each other: subscriptions and assignments of the
//! consumer protocol, as they lie within the metadata of a group. Leaves that metadata to `codec`.

use std::collections::BTreeMap;

use crate::disk::wire::{Input, Output};
use crate::topic::{TopicName, TopicPartition};

/// The version of subscriptions that is written: topics, user data, owned partitions.
const SUBSCRIPTION_VERSION: i16 = 1;
/// The version of assignments that is written.
const ASSIGNMENT_VERSION: i16 = 0;

/// Encodes the subscription of a member (`ConsumerProtocolSubscription`).
pub fn encode_subscription(topics: &[TopicName], owned: &[TopicPartition]) -> Option<Vec<u8>> {
    let mut out = Output::new(SUBSCRIPTION_VERSION);
    out.count(topics.len());
    for topic in topics {
        out.text(topic.as_str());
    }
    out.nullable_bytes(None);
    put_partitions(&mut out, owned);
    out.finish()
}

/// The topics of a subscription, of any version: newer ones only add fields at the end.
pub fn decode_subscription(bytes: &[u8]) -> Option<Vec<TopicName>> {
    let mut input = Input::new(bytes);
    let version = input.i16()?;
    let topics = input.list(2, |input| Some(input.text()?.to_owned()))?;
    (version >= 0).then(|| topics.iter().filter_map(|name| TopicName::new(name).ok()).collect())
}

/// Encodes the assignment of a member (`ConsumerProtocolAssignment`).
pub fn encode_assignment(partitions: &[TopicPartition]) -> Option<Vec<u8>> {
    let mut out = Output::new(ASSIGNMENT_VERSION);
    put_partitions(&mut out, partitions);
    out.nullable_bytes(None);
    out.finish()
}

/// The partitions of an assignment, of any version, ascending. Names that Kafka would refuse are
/// left out.
pub fn decode_assignment(bytes: &[u8]) -> Option<Vec<TopicPartition>> {
    let mut input = Input::new(bytes);
    let version = input.i16()?;
    let topics = input.list(6, |input| {
        let topic = input.text()?.to_owned();
        Some((topic, input.list(4, Input::i32)?))
    })?;
    let mut all = Vec::new();
    for (topic, partitions) in topics {
        let Ok(topic) = TopicName::new(&topic) else { continue };
        all.extend(
            partitions
                .into_iter()
                .map(|partition| TopicPartition { topic: topic.clone(), partition }),
        );
    }
    all.sort();
    (version >= 0).then_some(all)
}

fn put_partitions(out: &mut Output, partitions: &[TopicPartition]) {
    let mut topics: BTreeMap<&TopicName, Vec<i32>> = BTreeMap::new();
    for of in partitions {
        topics.entry(&of.topic).or_default().push(of.partition);
    }
    out.count(topics.len());
    for (topic, partitions) in topics {
        out.text(topic.as_str());
        out.count(partitions.len());
        for partition in partitions {
            out.i32(partition);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_and_subscriptions_are_kafkas() {
        let topic = TopicName::new("t").unwrap();
        let of = |partition| TopicPartition { topic: topic.clone(), partition };
        let assignment = encode_assignment(&[of(0), of(1)]).unwrap();
        let golden = b"\0\0\0\0\0\x01\0\x01t\0\0\0\x02\0\0\0\0\0\0\0\x01\xff\xff\xff\xff";
        assert_eq!(assignment, golden);
        assert_eq!(decode_assignment(&assignment), Some(vec![of(0), of(1)]));
        let subscription = encode_subscription(std::slice::from_ref(&topic), &[]).unwrap();
        assert_eq!(subscription, b"\0\x01\0\0\0\x01\0\x01t\xff\xff\xff\xff\0\0\0\0");
        assert_eq!(decode_subscription(&subscription), Some(vec![topic]));
    }

    #[test]
    fn noise_is_no_assignment() {
        assert_eq!(decode_assignment(b""), None);
        assert_eq!(decode_assignment(b"\0\0\x7f\xff\xff\xff"), None);
        assert_eq!(decode_assignment(b"\0\0\xff\xff\xff\xfe"), None);
        assert_eq!(decode_subscription(b"\xff\xff\0\0\0\0"), None);
        assert_eq!(decode_assignment(b"\0\0\0\0\0\0"), Some(Vec::new()));
    }
}
