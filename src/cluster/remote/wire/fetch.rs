//! Owns the request for batches, and its answer. Leaves what is in batches to `crate::disk`.

use super::super::ffi::Code;
use crate::disk::wire::{Input, Output};

/// The fewest bytes of a topic, of a partition and of an aborted transaction in an answer.
const TOPIC_BYTES_MIN: usize = 6;
const PARTITION_BYTES_MIN: usize = 42;
const ABORTED_BYTES: usize = 16;

/// A partition of which batches are asked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::cluster::remote) struct From<'a> {
    /// The topic.
    pub(in crate::cluster::remote) topic: &'a str,
    /// The partition.
    pub(in crate::cluster::remote) partition: i32,
    /// The offset that the first batch is to have in it.
    pub(in crate::cluster::remote) offset: i64,
    /// The most bytes of it. A broker sends none at all where the first batch is larger, but for
    /// one partition of each request.
    pub(in crate::cluster::remote) bytes_max: i32,
}

/// What a broker answers about a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cluster::remote) struct Fetched<'a> {
    /// The topic.
    pub(in crate::cluster::remote) topic: &'a str,
    /// The partition.
    pub(in crate::cluster::remote) partition: i32,
    /// What went wrong.
    pub(in crate::cluster::remote) code: Code,
    /// Where it ends.
    pub(in crate::cluster::remote) end: i64,
    /// Batches, of which the last may be cut.
    pub(in crate::cluster::remote) batches: &'a [u8],
}

/// A request for batches of partitions, which are sorted by topic: also of transactions that are
/// not committed, and with an answer at once.
pub(in crate::cluster::remote) fn request(from: &[From<'_>], bytes_max: i32) -> Option<Vec<u8>> {
    let mut body = Output::default();
    // No replica of them, no wait, no least number of bytes.
    body.i32(-1);
    body.i32(0);
    body.i32(0);
    body.i32(bytes_max);
    body.i8(0);
    // No session of fetches.
    body.i32(0);
    body.i32(-1);
    let topics = || from.chunk_by(|a, b| a.topic == b.topic);
    body.count(topics().count());
    for of in topics() {
        body.text(of.first()?.topic);
        body.count(of.len());
        for from in of {
            body.i32(from.partition);
            // Whatever the epoch of the leader, and where a replica begins.
            body.i32(-1);
            body.i64(from.offset);
            body.i64(-1);
            body.i32(from.bytes_max);
        }
    }
    // None is left out from now on, and no rack.
    body.count(0);
    body.text("");
    body.finish()
}

/// For how many ms the broker holds back what comes next, and what it answers; `None` where that
/// makes no sense.
pub(in crate::cluster::remote) fn answer(
    answer: &[u8],
) -> Option<(i32, Result<Vec<Fetched<'_>>, Code>)> {
    let mut input = Input::new(answer);
    let throttled_ms = input.i32()?;
    let code = Code(i32::from(input.i16()?));
    let _session = input.i32()?;
    let mut all = Vec::new();
    input.list(TOPIC_BYTES_MIN, |input| {
        let topic = input.text()?;
        input.list(PARTITION_BYTES_MIN, |input| {
            let partition = input.i32()?;
            let code = Code(i32::from(input.i16()?));
            let end = input.i64()?;
            let (_last_stable, _start) = (input.i64()?, input.i64()?);
            input.list(ABORTED_BYTES, |input| Some((input.i64()?, input.i64()?)))?;
            let _better_replica = input.i32()?;
            let batches = input.bytes()?;
            all.push(Fetched { topic, partition, code, end, batches });
            Some(())
        })
    })?;
    Some((throttled_ms, if code == Code::NONE { Ok(all) } else { Err(code) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
    use kafka_protocol::messages::{BrokerId, FetchRequest, TopicName};
    use kafka_protocol::protocol::{Encodable as _, StrBytes};

    #[test]
    fn a_request_is_kafkas() {
        let from = |topic, partition, offset| From { topic, partition, offset, bytes_max: 32_768 };
        let ours = request(&[from("a", 0, 5), from("a", 7, 1 << 40), from("b", 1, 0)], 1 << 20);
        let partition = |partition, offset| {
            FetchPartition::default()
                .with_partition(partition)
                .with_fetch_offset(offset)
                .with_partition_max_bytes(32_768)
        };
        let topic = |name, partitions| {
            FetchTopic::default()
                .with_topic(TopicName(StrBytes::from_static_str(name)))
                .with_partitions(partitions)
        };
        let theirs = FetchRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_max_bytes(1 << 20)
            .with_session_epoch(-1)
            .with_topics(vec![
                topic("a", vec![partition(0, 5), partition(7, 1 << 40)]),
                topic("b", vec![partition(1, 0)]),
            ]);
        let mut bytes = BytesMut::new();
        theirs.encode(&mut bytes, 11).unwrap();
        assert_eq!(ours.unwrap(), bytes);
    }

    /// An answer about one partition with an aborted transaction.
    fn told(code: i16) -> Vec<u8> {
        let mut told = Output::default();
        told.i32(9);
        told.i16(code);
        told.i32(0);
        told.count(1);
        told.text("t");
        told.count(1);
        told.i32(3);
        told.i16(0);
        for number in [70, 60, 50] {
            told.i64(number);
        }
        told.count(1);
        told.i64(1000);
        told.i64(55);
        told.i32(-1);
        told.bytes(b"batches");
        told.finish().unwrap()
    }

    #[test]
    fn an_answer_is_read_and_a_cut_one_is_not() {
        let (whole, code) = (told(0), Code::NONE);
        let fetched = Fetched { topic: "t", partition: 3, code, end: 70, batches: b"batches" };
        assert_eq!(answer(&whole), Some((9, Ok(vec![fetched]))));
        assert_eq!(answer(&told(58)), Some((9, Err(Code(58)))));
        for cut in 0..whole.len() {
            assert_eq!(answer(&whole[..cut]), None, "{cut}");
        }
        // Where the numbers of topics, partitions and transactions, and the lengths of a text and
        // of the batches stand.
        for at in [10, 14, 17, 51, 75] {
            for number in [i32::MAX, i32::MIN, -2] {
                let mut bad = whole.clone();
                bad[at..at + 4].copy_from_slice(&number.to_be_bytes());
                assert_eq!(answer(&bad), None, "{at} {number}");
            }
        }
    }
}
