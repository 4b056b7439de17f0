//! Owns `--gaps`: the lines about offsets that have no record. Leaves finding them to the cluster.

use crate::cluster::types::Hole;
use crate::out::Out;
use crate::topic::TopicPartition;

/// Tells which offsets have no record, and why.
pub(super) fn tell(holes: &[(TopicPartition, Hole)], as_json: bool, out: &Out) {
    for (of, hole) in holes {
        out.note(if as_json { object(of, hole) } else { line(of, hole) });
    }
}

/// The line for people.
fn line(of: &TopicPartition, hole: &Hole) -> String {
    let Hole { first, last, why } = hole;
    if first == last {
        format!("kaw: gap: {of} {first}: {why}")
    } else {
        format!("kaw: gap: {of} {first}..{last}: {why}")
    }
}

/// The same for programs.
fn object(of: &TopicPartition, hole: &Hole) -> String {
    let gap = serde_json::json!({
        "topic": of.topic.as_str(),
        "partition": of.partition,
        "first": hole.first,
        "last": hole.last,
        "why": hole.why,
    });
    serde_json::json!({ "gap": gap }).to_string()
}
