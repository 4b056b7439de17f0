//! Owns which records a topic does not take, as far as that can be told before they are sent: with
//! `--keep-going`, these go where records go that cannot be made of the input. Leaves all else that
//! a log refuses to the cluster.

use crate::cluster::types::TopicLimits;
use crate::disk::record::bytes_alone;
use crate::record::{HeaderSpan, Span};

/// Refuses a record that the topic does not take.
pub(super) fn check(
    limits: &TopicLimits,
    span: &Span,
    headers: &[HeaderSpan],
) -> Result<(), String> {
    let TopicLimits { partitions, max_message_bytes } = *limits;
    if span.partition >= partitions {
        return Err(format!(
            "there is no partition {}: the topic has {partitions}",
            span.partition
        ));
    }
    let bytes = bytes_alone(span, headers);
    if bytes > max_message_bytes {
        return Err(format!(
            "its {bytes} bytes as a batch are more than the topic takes ({max_message_bytes})"
        ));
    }
    Ok(())
}
