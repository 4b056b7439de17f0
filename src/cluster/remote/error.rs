//! Owns what librdkafka's errors mean: a kind, and a sentence for people.

use super::ffi::{Code, Trouble};
use crate::cluster::error::{ClusterError, ErrorKind};

use rdkafka_sys::bindings::rd_kafka_resp_err_t as Known;

/// The code of no error.
pub(super) const NONE: Code = Code::NONE;

/// What codes mean to us.
const KINDS: &[(Known, ErrorKind)] = &[
    (Known::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ErrorKind::UnknownTopicOrPartition),
    (Known::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID, ErrorKind::UnknownTopicOrPartition),
    (Known::RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, ErrorKind::UnknownTopicOrPartition),
    (Known::RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, ErrorKind::UnknownTopicOrPartition),
    (Known::RD_KAFKA_RESP_ERR__NOENT, ErrorKind::NotFound),
    (Known::RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, ErrorKind::TopicAlreadyExists),
    (Known::RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, ErrorKind::OffsetOutOfRange),
    (Known::RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, ErrorKind::OffsetOutOfRange),
    (Known::RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, ErrorKind::InvalidPartitions),
    (Known::RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, ErrorKind::InvalidReplicationFactor),
    (Known::RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT, ErrorKind::InvalidReplicationFactor),
    (Known::RD_KAFKA_RESP_ERR_INVALID_CONFIG, ErrorKind::InvalidConfig),
    (Known::RD_KAFKA_RESP_ERR__INVALID_ARG, ErrorKind::InvalidRequest),
    (Known::RD_KAFKA_RESP_ERR__CONFLICT, ErrorKind::InvalidRequest),
    (Known::RD_KAFKA_RESP_ERR_INVALID_REQUEST, ErrorKind::InvalidRequest),
    (Known::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, ErrorKind::InvalidRequest),
    (Known::RD_KAFKA_RESP_ERR_POLICY_VIOLATION, ErrorKind::PolicyViolation),
    (Known::RD_KAFKA_RESP_ERR_INVALID_RECORD, ErrorKind::InvalidRecord),
    (Known::RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, ErrorKind::InvalidRecord),
    (Known::RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD, ErrorKind::InvalidRecord),
    (Known::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ErrorKind::MessageTooLarge),
    (Known::RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, ErrorKind::MessageTooLarge),
    (Known::RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND, ErrorKind::GroupIdNotFound),
    (Known::RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP, ErrorKind::NonEmptyGroup),
    (Known::RD_KAFKA_RESP_ERR_GROUP_SUBSCRIBED_TO_TOPIC, ErrorKind::NonEmptyGroup),
    (Known::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, ErrorKind::UnknownMember),
    (Known::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, ErrorKind::UnknownMember),
    (Known::RD_KAFKA_RESP_ERR__FENCED, ErrorKind::ProducerFenced),
    (Known::RD_KAFKA_RESP_ERR_PRODUCER_FENCED, ErrorKind::ProducerFenced),
    (Known::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, ErrorKind::ProducerFenced),
    (Known::RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL, ErrorKind::InconsistentGroupProtocol),
    (Known::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, ErrorKind::FencedInstanceId),
    (Known::RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, ErrorKind::Unsupported),
    (Known::RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, ErrorKind::Unsupported),
    (Known::RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, ErrorKind::Unsupported),
    (Known::RD_KAFKA_RESP_ERR_INVALID_MSG, ErrorKind::CorruptData),
    (Known::RD_KAFKA_RESP_ERR__BAD_MSG, ErrorKind::CorruptData),
    (Known::RD_KAFKA_RESP_ERR__BAD_COMPRESSION, ErrorKind::CorruptData),
    (Known::RD_KAFKA_RESP_ERR__TIMED_OUT, ErrorKind::TimedOut),
    (Known::RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, ErrorKind::TimedOut),
    (Known::RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, ErrorKind::TimedOut),
    (Known::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, ErrorKind::TimedOut),
    (Known::RD_KAFKA_RESP_ERR__TRANSPORT, ErrorKind::Unreachable),
    (Known::RD_KAFKA_RESP_ERR__RESOLVE, ErrorKind::Unreachable),
    (Known::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, ErrorKind::Unreachable),
    (Known::RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, ErrorKind::Unreachable),
    (Known::RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, ErrorKind::Unreachable),
    (Known::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, ErrorKind::Unreachable),
    (Known::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, ErrorKind::Unreachable),
    (Known::RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, ErrorKind::Unreachable),
    (Known::RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, ErrorKind::Unreachable),
    (Known::RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, ErrorKind::Unreachable),
    (Known::RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, ErrorKind::Unreachable),
    (Known::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, ErrorKind::Unreachable),
    (Known::RD_KAFKA_RESP_ERR_NOT_COORDINATOR, ErrorKind::Unreachable),
    (Known::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, ErrorKind::Unreachable),
    (Known::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, ErrorKind::NotEnoughReplicas),
    (Known::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, ErrorKind::NotEnoughReplicas),
    (Known::RD_KAFKA_RESP_ERR__AUTHENTICATION, ErrorKind::AuthenticationFailed),
    (Known::RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, ErrorKind::AuthenticationFailed),
    (Known::RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, ErrorKind::AuthenticationFailed),
    (Known::RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE, ErrorKind::AuthenticationFailed),
    (Known::RD_KAFKA_RESP_ERR__SSL, ErrorKind::TlsFailed),
    (Known::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ErrorKind::TopicAuthorizationFailed),
    (Known::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, ErrorKind::GroupAuthorizationFailed),
    (Known::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, ErrorKind::ClusterAuthorizationFailed),
    (
        Known::RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        ErrorKind::TransactionalIdAuthorizationFailed,
    ),
];

/// What some codes mean to who sends records. Brokers say more of them, but librdkafka has freed
/// that by the time it could be read.
const TEXTS: &[(Known, &str)] = &[
    (
        Known::RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
        "the topic takes no timestamp that is so far from now (`message.timestamp.after.max.ms`, \
         `message.timestamp.before.max.ms`)",
    ),
    (
        Known::RD_KAFKA_RESP_ERR_INVALID_RECORD,
        "the topic takes no such record: a compacted one wants keys, and timestamps may be too far \
         from now (`message.timestamp.after.max.ms`, `message.timestamp.before.max.ms`)",
    ),
    (
        Known::RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD,
        "another record of the same batch was not taken",
    ),
];

/// The kind of a code.
pub(super) fn kind(code: Code) -> ErrorKind {
    let known = KINDS.iter().find(|(known, _)| Code::of(*known) == code);
    known.map_or(ErrorKind::Refused, |(_, kind)| *kind)
}

/// An error as the seam has them.
pub(super) fn error(trouble: &Trouble) -> ClusterError {
    let kind = kind(trouble.code);
    if let Some((_, text)) = TEXTS.iter().find(|(of, _)| Code::of(*of) == trouble.code) {
        return ClusterError::new(kind, *text);
    }
    // librdkafka tells which request it was; of interest is what was asked for.
    let plain = kind.is_denial().then(|| Trouble::of(trouble.code).text);
    // Brokers and libraries send what they like: one line of it is shown.
    let text = plain.as_ref().unwrap_or(&trouble.text).replace(['\n', '\r'], " ");
    let text = text.strip_prefix("Broker: ").unwrap_or(&text).trim_end_matches('.');
    let message = match kind {
        ErrorKind::Refused => format!("the broker said {}: {text}", trouble.code),
        _ => text.to_owned(),
    };
    ClusterError::new(kind, message)
}

/// The error of a code alone.
pub(super) fn of_code(code: Code) -> ClusterError {
    error(&Trouble::of(code))
}

/// The error of a code about a topic.
pub(super) fn of_topic(code: Code, topic: &str) -> ClusterError {
    match kind(code) {
        ErrorKind::UnknownTopicOrPartition => ClusterError::unknown_topic(topic),
        kind @ ErrorKind::TopicAuthorizationFailed => {
            let message = format!("topic `{topic}`: {}", of_code(code).message);
            ClusterError::new(kind, message).about(topic)
        }
        _ => of_code(code).about(topic),
    }
}

/// The error of a topic that was there.
pub(super) fn gone_topic(topic: &str) -> ClusterError {
    let message = format!("topic `{topic}` does not exist, or was deleted");
    ClusterError::new(ErrorKind::UnknownTopicOrPartition, message)
}

/// `Err` unless the code means that all went well.
pub(super) fn check(code: Code) -> Result<(), ClusterError> {
    if code == Code::NONE { Ok(()) } else { Err(of_code(code)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_kinds_and_unknown_ones_are_the_brokers_word() {
        let kinds = [
            (Known::RD_KAFKA_RESP_ERR__TRANSPORT, ErrorKind::Unreachable),
            (Known::RD_KAFKA_RESP_ERR__TIMED_OUT, ErrorKind::TimedOut),
            (Known::RD_KAFKA_RESP_ERR__SSL, ErrorKind::TlsFailed),
            (Known::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ErrorKind::UnknownTopicOrPartition),
            (Known::RD_KAFKA_RESP_ERR_NOT_CONTROLLER, ErrorKind::Refused),
        ];
        for (code, expected) in kinds {
            assert_eq!(kind(Code::of(code)), expected, "{code:?}");
        }
        // A code that is newer than the library.
        let error = of_code(Code(4242));
        assert_eq!(error.kind, ErrorKind::Refused);
        assert!(error.message.contains("4242"), "{}", error.message);
    }

    #[test]
    fn what_a_broker_says_stays_on_one_line() {
        let trouble = Trouble { code: Code(37), text: "Broker: no\nway.".to_owned() };
        assert_eq!(error(&trouble).message, "no way");
    }
}
