//! Owns the requests for what groups committed, and their answers: who coordinates groups, and the
//! offsets. Of each kind one is enough for many groups, which brokers from 3.0 on understand.

use super::super::ffi::Code;
use super::super::ffi::metadata::BrokerInfo;
use crate::disk::wire::{Input, Output};
use crate::group::CommittedOffset;
use crate::topic::{TopicName, TopicPartition};

/// The fewest bytes of items of answers.
const COORDINATOR_BYTES_MIN: usize = 14;
const GROUP_BYTES_MIN: usize = 5;
const TOPIC_BYTES_MIN: usize = 3;
const PARTITION_BYTES_MIN: usize = 20;

/// For how many ms a broker holds back what comes next, and what it says about each group, or why
/// it says nothing.
pub(in crate::cluster::remote) type Told<'a, T> = (i32, Vec<(&'a str, Result<T, Code>)>);

/// The front of a request in flexible form: the end of its head.
fn begin() -> Output {
    let mut body = Output::default().flexible(true);
    body.no_tags();
    body
}

/// The front of an answer in flexible form: the end of its head, and how long the broker holds back
/// what comes next.
fn begun(answer: &[u8]) -> Option<(i32, Input<'_>)> {
    let mut input = Input::new(answer).flexible(true);
    skip_tags(&mut input)?;
    Some((input.i32()?, input))
}

/// Passes over what nobody knows.
fn skip_tags(input: &mut Input<'_>) -> Option<()> {
    input.tags(|_, _| {})
}

/// A value, unless a code says that there is none.
fn told<T>(code: i16, value: T) -> Result<T, Code> {
    let code = Code(i32::from(code));
    if code == Code::NONE { Ok(value) } else { Err(code) }
}

/// The question who coordinates groups.
pub(in crate::cluster::remote) fn ask_coordinators(groups: &[&str]) -> Option<Vec<u8>> {
    let mut body = begin();
    // Groups, and not producers.
    body.i8(0);
    body.count(groups.len());
    for group in groups {
        body.text(group);
    }
    body.no_tags();
    body.finish()
}

/// Who coordinates groups, by the answer to [`ask_coordinators`].
pub(in crate::cluster::remote) fn coordinators(answer: &[u8]) -> Option<Told<'_, BrokerInfo>> {
    let (throttled_ms, mut input) = begun(answer)?;
    let told = input.list(COORDINATOR_BYTES_MIN, |input| {
        let group = input.text()?;
        let (id, host, port) = (input.i32()?, input.text()?.to_owned(), input.i32()?);
        let code = input.i16()?;
        input.nullable_text()?;
        skip_tags(input)?;
        // One that is not there has no port.
        let port = u16::try_from(port).unwrap_or_default();
        Some((group, told(code, BrokerInfo { id, host, port })))
    })?;
    Some((throttled_ms, told))
}

/// The question what groups committed, for all partitions, whatever transactions are open.
pub(in crate::cluster::remote) fn ask_committed(groups: &[&str]) -> Option<Vec<u8>> {
    let mut body = begin();
    body.count(groups.len());
    for group in groups {
        body.text(group);
        body.null();
        body.no_tags();
    }
    body.i8(0);
    body.no_tags();
    body.finish()
}

/// What groups committed, by the answer to [`ask_committed`].
pub(in crate::cluster::remote) fn committed(
    answer: &[u8],
) -> Option<Told<'_, Vec<CommittedOffset>>> {
    let (throttled_ms, mut input) = begun(answer)?;
    let told = input.list(GROUP_BYTES_MIN, |input| {
        let group = input.text()?;
        let mut all = Vec::new();
        input.list(TOPIC_BYTES_MIN, |input| {
            let topic = TopicName::new(input.text()?).ok();
            input.list(PARTITION_BYTES_MIN, |input| {
                let (partition, offset, leader_epoch) = (input.i32()?, input.i64()?, input.i32()?);
                let metadata = input.nullable_text()?.unwrap_or_default().to_owned();
                let code = input.i16()?;
                skip_tags(input)?;
                if let Some(topic) = topic.clone()
                    && code == 0
                    && offset >= 0
                {
                    let of = TopicPartition { topic, partition };
                    let committed_ms = -1;
                    all.push(CommittedOffset { of, offset, leader_epoch, metadata, committed_ms });
                }
                Some(())
            })?;
            skip_tags(input)
        })?;
        let code = input.i16()?;
        skip_tags(input)?;
        Some((group, told(code, all)))
    })?;
    Some((throttled_ms, told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
    use kafka_protocol::messages::{FindCoordinatorRequest, GroupId, OffsetFetchRequest};
    use kafka_protocol::protocol::{Encodable, StrBytes};

    /// The end of the head, and the body that Kafka's schema has.
    fn theirs(body: &impl Encodable, version: i16) -> Vec<u8> {
        let mut bytes = BytesMut::from(&b"\0"[..]);
        body.encode(&mut bytes, version).unwrap();
        bytes.to_vec()
    }

    #[test]
    fn requests_are_kafkas() {
        let names: Vec<String> = (0..200).map(|n| format!("g{}", "x".repeat(n))).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let keys = || names.iter().map(|name| StrBytes::from_string((*name).to_owned()));
        let find = FindCoordinatorRequest::default().with_coordinator_keys(keys().collect());
        assert_eq!(ask_coordinators(&names).unwrap(), theirs(&find, 4));
        let group = |name| {
            OffsetFetchRequestGroup::default().with_group_id(GroupId(name)).with_topics(None)
        };
        let fetch = OffsetFetchRequest::default().with_groups(keys().map(group).collect());
        assert_eq!(ask_committed(&names).unwrap(), theirs(&fetch, 8));
    }

    /// A text in flexible form.
    fn text(text: &str) -> Vec<u8> {
        [&[text.len() as u8 + 1], text.as_bytes()].concat()
    }

    /// Cuts an answer everywhere, and has each of its bytes be the largest: `read` says whether it
    /// makes sense.
    fn harm(whole: &[u8], read: impl Fn(&[u8]) -> bool) {
        for at in 0..whole.len() {
            assert!(!read(&whole[..at]), "cut at {at}");
            let mut bad = whole.to_vec();
            bad[at] = 0xff;
            // Most make another sense; what counts is that none of them takes the process with it.
            read(&bad);
        }
    }

    #[test]
    fn coordinators_are_read() {
        let of = |group: &str, id: i32, port: i32, code: i16| {
            let numbers = [id.to_be_bytes().to_vec(), text("host"), port.to_be_bytes().to_vec()];
            [text(group), numbers.concat(), code.to_be_bytes().to_vec(), vec![0, 0]].concat()
        };
        // Two of them, and a tag at the end that nobody knows.
        let front = [0, 0, 0, 0, 7, 3];
        let end = [1, 9, 2, 0, 0];
        let whole = [&front[..], &of("a", 1, 9092, 0), &of("b", -1, -1, 15), &end].concat();
        let broker = BrokerInfo { id: 1, host: "host".to_owned(), port: 9092 };
        let expected = vec![("a", Ok(broker)), ("b", Err(Code(15)))];
        assert_eq!(coordinators(&whole), Some((7, expected)));
        harm(&whole[..whole.len() - 5], |answer| coordinators(answer).is_some());
    }

    #[test]
    fn what_groups_committed_is_read() {
        let partition = |number: i32, offset: i64, code: i16| {
            let numbers = [&number.to_be_bytes()[..], &offset.to_be_bytes(), &5i32.to_be_bytes()];
            [numbers.concat(), text("m"), code.to_be_bytes().to_vec(), vec![0]].concat()
        };
        // Of the second partition it is not known, and in the third nothing is committed.
        let partitions = [partition(3, 70, 0), partition(4, 71, 9), partition(5, -1, 0)].concat();
        let topic = [text("t"), vec![4], partitions, vec![0]].concat();
        let good = [text("g"), vec![2], topic, vec![0, 0, 0]].concat();
        let refused = [text("h"), vec![1, 0, 30, 0]].concat();
        let whole = [&[0, 0, 0, 0, 0, 3][..], &good, &refused].concat();
        let of = TopicPartition { topic: TopicName::new("t").unwrap(), partition: 3 };
        let metadata = "m".to_owned();
        let offset =
            CommittedOffset { of, offset: 70, leader_epoch: 5, metadata, committed_ms: -1 };
        let expected = vec![("g", Ok(vec![offset])), ("h", Err(Code(30)))];
        assert_eq!(committed(&whole), Some((0, expected)));
        harm(&whole, |answer| committed(answer).is_some());
    }
}
