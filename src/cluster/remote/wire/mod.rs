//! Owns what kaw says to brokers in Kafka's protocol without librdkafka: requests, their versions
//! and their answers. It is said where librdkafka would look at every record by itself, or ask for
//! each group by itself, which takes longer than all the rest: sending batches that are made here,
//! looking at the first record of many batches, and finding out what many groups committed. Leaves
//! connections to `connection`, and everything else to librdkafka.
//!
//! Most of it is in plain form, of versions that brokers from 2.4 on understand. Who has given
//! librdkafka properties of a connection, TLS or a login above all, has librdkafka do it.

pub(super) mod asking;
pub(super) mod committed;
pub(super) mod connection;
pub(super) mod fetch;

use crate::cluster::types::Brokers;
use crate::disk::wire::{Input, Output};
use crate::properties::{self, Scope};

use super::ffi::Code;

/// A kind of request, and the version in which it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Api {
    /// Kafka's number of it.
    pub(super) key: i16,
    /// The version.
    pub(super) version: i16,
}

/// Appends batches.
pub(super) const PRODUCE: Api = Api { key: 0, version: 8 };
/// Reads batches.
pub(super) const FETCH: Api = Api { key: 1, version: 11 };
/// Tells what groups committed: many at once, which is in flexible form.
pub(super) const OFFSET_FETCH: Api = Api { key: 9, version: 8 };
/// Tells who coordinates groups: likewise.
pub(super) const FIND_COORDINATOR: Api = Api { key: 10, version: 4 };
/// Tells what requests a broker understands.
pub(super) const API_VERSIONS: Api = Api { key: 18, version: 0 };
/// Gives a producer its id.
pub(super) const INIT_PRODUCER_ID: Api = Api { key: 22, version: 1 };

/// Properties that say nothing about how a broker is spoken to, or that are heeded here too.
const HARMLESS: [&str; 2] = ["client.id", "isolation.level"];

/// Whether brokers may be spoken to without librdkafka: nobody has said how a connection is to be
/// made, nor what only librdkafka knows.
pub(super) fn is_plain(brokers: &Brokers) -> bool {
    brokers.token.is_none()
        && brokers.properties.iter().all(|property| {
            let found = properties::find(&property.name);
            let name = found.map_or(property.name.as_str(), |found| found.canonical());
            found.is_some_and(|found| found.scope == Scope::Consumer)
                || HARMLESS.contains(&name)
                || (name == "security.protocol" && property.value.eq_ignore_ascii_case("plaintext"))
        })
}

/// The frame of a request as far as `body` goes: its size counts `more` bytes that follow. `None`
/// where that does not fit.
pub(super) fn frame(
    api: Api,
    number: i32,
    client_id: &str,
    body: &[u8],
    more: usize,
) -> Option<Vec<u8>> {
    let mut head = Output::new(api.key);
    head.i16(api.version);
    head.i32(number);
    head.text(client_id);
    let head = head.finish()?;
    let size = i32::try_from(head.len() + body.len() + more).ok()?;
    let mut frame = Vec::with_capacity(size_of::<i32>() + head.len() + body.len());
    frame.extend_from_slice(&size.to_be_bytes());
    frame.extend_from_slice(&head);
    frame.extend_from_slice(body);
    Some(frame)
}

/// Whether a broker with this answer to [`API_VERSIONS`] understands all of `wanted`; `None` where
/// the answer makes no sense.
pub(super) fn understands(answer: &[u8], wanted: &[Api]) -> Option<bool> {
    let mut input = Input::new(answer);
    if Code(i32::from(input.i16()?)) != Code::NONE {
        return Some(false);
    }
    let offered = input.list(6, |input| Some((input.i16()?, input.i16()?, input.i16()?)))?;
    let offers = |api: &Api| {
        let of = |&(key, least, most): &(i16, i16, i16)| {
            key == api.key && (least..=most).contains(&api.version)
        };
        offered.iter().any(of)
    };
    Some(wanted.iter().all(offers))
}

/// The question for a producer id, of one that sends without transactions.
pub(super) fn init_producer_id() -> Option<Vec<u8>> {
    let mut body = Output::default();
    body.nullable_text(None);
    // How long a transaction may last.
    body.i32(-1);
    body.finish()
}

/// The id and the epoch of a producer, or why there is none.
pub(super) fn producer_id(answer: &[u8]) -> Option<Result<(i64, i16), Code>> {
    let mut input = Input::new(answer);
    let _throttled_ms = input.i32()?;
    let code = Code(i32::from(input.i16()?));
    let (id, epoch) = (input.i64()?, input.i16()?);
    // Without an id, what is sent again would be there twice.
    if code == Code::NONE && (id < 0 || epoch < 0) {
        return None;
    }
    Some(if code == Code::NONE { Ok((id, epoch)) } else { Err(code) })
}

/// A request to append one batch of `batch_bytes` bytes, which follow what this returns, with an
/// answer once all replicas in sync have it.
pub(super) fn produce(
    topic: &str,
    partition: i32,
    timeout_ms: i32,
    batch_bytes: usize,
) -> Option<Vec<u8>> {
    let mut body = Output::default();
    body.nullable_text(None);
    body.i16(-1);
    body.i32(timeout_ms);
    body.count(1);
    body.text(topic);
    body.count(1);
    body.i32(partition);
    body.count(batch_bytes);
    body.finish()
}

/// What a broker answers to one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Produced {
    /// What went wrong.
    pub(super) code: Code,
    /// The offset of its first record; -1 where that is not known.
    pub(super) base_offset: i64,
    /// The record, by its place in the batch, that was not taken, and what the broker says of it.
    pub(super) refused: Option<(i32, Option<String>)>,
    /// What the broker says of the batch.
    pub(super) message: Option<String>,
    /// For how long the broker holds back what comes next.
    pub(super) throttled_ms: i32,
}

/// The highest offset that the first record of a batch can have.
const OFFSET_MAX: i64 = i64::MAX - i32::MAX as i64;

/// Reads the answer to [`produce`], which is about `partition` alone.
pub(super) fn produced(answer: &[u8], partition: i32) -> Option<Produced> {
    let mut input = Input::new(answer);
    let mut found = None;
    input.list(6, |input| {
        input.text()?;
        input.list(30, |input| {
            let of = input.i32()?;
            let code = Code(i32::from(input.i16()?));
            let base_offset = input.i64()?;
            let (_append_time_ms, _log_start) = (input.i64()?, input.i64()?);
            let mut first: Option<(i32, Option<&str>)> = None;
            input.list(6, |input| {
                let (at, said) = (input.i32()?, input.nullable_text()?);
                first = first.filter(|(first, _)| *first <= at).or(Some((at, said)));
                Some(())
            })?;
            let refused = first.map(|(at, said)| (at, said.map(str::to_owned)));
            let message = input.nullable_text()?.map(str::to_owned);
            found = Some(Produced { code, base_offset, refused, message, throttled_ms: 0 });
            (of == partition && (-1..=OFFSET_MAX).contains(&base_offset)).then_some(())
        })
    })?;
    let throttled_ms = input.i32()?;
    found.map(|found| Produced { throttled_ms, ..found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::types::Property;

    #[test]
    fn properties_of_a_connection_are_librdkafkas() {
        let with = |name: &str, value: &str| Brokers {
            list: "k:9092".to_owned(),
            properties: vec![Property {
                name: name.to_owned(),
                value: value.to_owned(),
                source: "-X".to_owned(),
            }],
            token: None,
        };
        for (name, value) in
            [("client.id", "x"), ("security.protocol", "PLAINTEXT"), ("fetch.min.bytes", "1")]
        {
            assert!(is_plain(&with(name, value)), "{name}");
        }
        for (name, value) in [
            ("security.protocol", "ssl"),
            ("linger.ms", "5"),
            ("socket.nagle.disable", "true"),
            ("debug", "all"),
            ("not.known", "1"),
        ] {
            assert!(!is_plain(&with(name, value)), "{name}");
        }
    }

    #[test]
    fn frames_count_what_follows() {
        let frame = frame(API_VERSIONS, 7, "kaw", b"xy", 5).unwrap();
        assert_eq!(frame, b"\x00\x00\x00\x14\x00\x12\x00\x00\x00\x00\x00\x07\x00\x03kawxy");
        assert!(super::frame(API_VERSIONS, 7, "kaw", b"", usize::MAX >> 1).is_none());
    }

    #[test]
    fn versions_are_looked_for() {
        // Produce 3..11, InitProducerId 0..5.
        let answer = b"\0\0\0\0\0\x02\0\0\0\x03\0\x0b\0\x16\0\0\0\x05";
        assert_eq!(understands(answer, &[PRODUCE, INIT_PRODUCER_ID]), Some(true));
        assert_eq!(understands(answer, &[Api { key: 0, version: 12 }]), Some(false));
        assert_eq!(understands(answer, &[API_VERSIONS]), Some(false), "it is not named");
        assert_eq!(understands(&answer[..11], &[PRODUCE]), None, "cut");
        assert_eq!(understands(b"\0\x23\0\0\0\0", &[]), Some(false), "an error");
    }

    #[test]
    fn an_answer_about_a_batch_is_read() {
        let mut answer = Output::default();
        answer.count(1);
        answer.text("t");
        answer.count(1);
        answer.i32(3);
        answer.i16(87);
        answer.i64(-1);
        answer.i64(-1);
        answer.i64(0);
        answer.count(2);
        answer.i32(5);
        answer.nullable_text(None);
        answer.i32(2);
        answer.text("no key");
        answer.nullable_text(Some("one or more records"));
        answer.i32(40);
        let answer = answer.finish().unwrap();
        let expected = Produced {
            code: Code(87),
            base_offset: -1,
            refused: Some((2, Some("no key".to_owned()))),
            message: Some("one or more records".to_owned()),
            throttled_ms: 40,
        };
        assert_eq!(produced(&answer, 3), Some(expected));
        for cut in 0..answer.len() {
            assert_eq!(produced(&answer[..cut], 3), None, "{cut}");
        }
        assert_eq!(produced(&answer, 4), None, "about another partition");
        assert_eq!(produced(b"\0\0\0\0\0\0\0\0", 3), None, "about nothing");
        let mut far = answer;
        far[17..25].copy_from_slice(&i64::MAX.to_be_bytes());
        assert_eq!(produced(&far, 3), None, "no record can be there");
    }

    #[test]
    fn a_producer_gets_its_id_or_a_reason() {
        let answer = b"\0\0\0\0\0\0\0\0\0\0\0\0\0\x09\0\x01";
        assert_eq!(producer_id(answer), Some(Ok((9, 1))));
        let answer = b"\0\0\0\0\0\x0e\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
        assert_eq!(producer_id(answer), Some(Err(Code(14))));
        assert_eq!(producer_id(b"\0\0"), None);
        let answer = b"\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0";
        assert_eq!(producer_id(answer), None, "an id that is none");
    }
}
