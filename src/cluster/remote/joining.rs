//! Owns what a member of a group of brokers is told to be: its properties, its topics, its ends.
//! Leaves being it to `group`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Remote;
use super::config::{self, Use};
use super::ffi::handle::GROUP_DEBUG;
use super::ffi::metadata::TopicInfo;
use super::offsets;
use super::session::Session;
use crate::assignor::Assignor;
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::types::{Brokers, GroupOptions, OffsetAt};
use crate::group::GroupId;
use crate::topic::{TopicName, TopicPartition};

/// The shortest session that brokers take, unless they are told otherwise.
const SESSION_MIN: Duration = Duration::from_secs(6);

/// A client that is to be a member.
pub(super) fn open(remote: &Remote, options: &GroupOptions) -> Result<Session> {
    let more = properties(&remote.brokers, options)?;
    let usage = Use::Member { committed: remote.reads_committed() };
    Session::open_with(&remote.brokers, remote.limits(), &usage, &remote.log, more)
}

/// The properties of a member, beside those of who reads.
fn properties(brokers: &Brokers, options: &GroupOptions) -> Result<Vec<(String, String)>> {
    let is_consumer = config::given(brokers, "group.protocol")
        .is_some_and(|protocol| protocol.eq_ignore_ascii_case("consumer"));
    // One that is alive and hangs is found out by its polls, one that is gone by its session, and
    // librdkafka wants the second to be the shorter of the two.
    let session = match options.instance_id {
        Some(_) => options.session,
        None => options.session.min(options.poll_interval),
    };
    let session = session.max(SESSION_MIN);
    let interval = options.poll_interval.max(session);
    let mut wanted = vec![("max.poll.interval.ms", ms(interval))];
    if let Some(instance) = &options.instance_id {
        wanted.push(("group.instance.id", instance.clone()));
    }
    if is_consumer {
        // Where brokers do not know these groups, librdkafka says so in no other way.
        let given = config::given(brokers, "debug").map(|given| format!("{given},"));
        let debug = given.unwrap_or_default() + GROUP_DEBUG;
        wanted.push(("debug", debug));
    } else {
        if options.assignor == Assignor::Sticky {
            let message = "librdkafka has no assignor `sticky`, so no group of brokers can be \
                           joined with it; `cooperative-sticky` keeps as much in place";
            return Err(ClusterError::new(ErrorKind::Unsupported, message));
        }
        wanted.push(("partition.assignment.strategy", options.assignor.name().to_owned()));
        wanted.push(("session.timeout.ms", ms(session)));
        wanted.push(("heartbeat.interval.ms", ms((session / 3).min(Duration::from_secs(3)))));
    }
    wanted.retain(|(name, _)| *name == "debug" || config::given(brokers, name).is_none());
    // What is committed is what stdout has accepted, whatever else was asked for.
    wanted.extend([
        ("group.id", options.group.to_string()),
        ("enable.auto.commit", "false".to_owned()),
        ("enable.auto.offset.store", "false".to_owned()),
        ("enable.partition.eof", "true".to_owned()),
        ("auto.offset.reset", "error".to_owned()),
    ]);
    Ok(wanted.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Milliseconds as a property has them; librdkafka takes a day at most.
fn ms(duration: Duration) -> String {
    duration.as_millis().clamp(1, 86_400_000).to_string()
}

/// The topics that are wanted and that are there.
pub(super) fn wanted(infos: &[TopicInfo], options: &GroupOptions) -> BTreeSet<TopicName> {
    let is_wanted = |name: &TopicName| match &options.pattern {
        Some(pattern) => pattern.matches(name),
        None => options.topics.contains(name),
    };
    let named = infos.iter().filter_map(|info| TopicName::new(&info.name).ok());
    named.filter(is_wanted).collect()
}

/// The ends of all partitions of topics.
pub(super) fn ends(
    session: &Session,
    infos: &[TopicInfo],
    wanted: &BTreeSet<TopicName>,
    committed_only: bool,
) -> Result<BTreeMap<TopicPartition, i64>> {
    let at = if committed_only { OffsetAt::LastStable } else { OffsetAt::End };
    let mut of = Vec::new();
    for info in infos {
        let Ok(topic) = TopicName::new(&info.name) else { continue };
        if wanted.contains(&topic) {
            let partition = |partition| TopicPartition { topic: topic.clone(), partition };
            of.extend(info.partitions.iter().map(|info| partition(info.partition)));
        }
    }
    let names: Vec<_> = of.iter().map(|of| (of.topic.as_str(), of.partition)).collect();
    let found = offsets::ask(session, &names, &[offsets::asked(at)])?;
    let mut ends = BTreeMap::new();
    for of in &of {
        for offsets in &found {
            let listed = offsets.get(of.topic.as_str(), of.partition)?;
            ends.insert(of.clone(), listed.entry.offset);
        }
    }
    Ok(ends)
}

/// The error of brokers that know no groups of the newer protocol.
pub(super) fn unsupported(group: &GroupId) -> ClusterError {
    let property = "group.protocol=consumer";
    let message = format!("group `{group}`: the brokers do not support `{property}`");
    ClusterError::new(ErrorKind::Unsupported, message).about(property)
}

/// The error of a committed offset that is not in the log.
pub(super) fn out_of_range(of: &TopicPartition, at: i64, start: i64, end: i64) -> ClusterError {
    let message = format!("offset {at} of {of} is out of range: the log has {start} to {end}");
    ClusterError::new(ErrorKind::OffsetOutOfRange, message).about(of.topic.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::types::Property;

    fn options(instance: Option<&str>, interval_ms: u64, session_ms: u64) -> GroupOptions {
        GroupOptions {
            group: GroupId::new("g").unwrap(),
            topics: Vec::new(),
            pattern: None,
            instance_id: instance.map(str::to_owned),
            poll_interval: Duration::from_millis(interval_ms),
            session: Duration::from_millis(session_ms),
            assignor: Assignor::RoundRobin,
            client_id: "kaw".into(),
            to_end: false,
            start: crate::offset::Position::Start,
            on_out_of_range: crate::offset::OutOfRange::Fail,
            skip_damaged: false,
        }
    }

    fn set(brokers: &Brokers, options: &GroupOptions, name: &str) -> Option<String> {
        let all = properties(brokers, options).unwrap();
        all.into_iter().rev().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    #[test]
    fn a_session_is_no_longer_than_the_interval_of_polls() {
        let brokers = Brokers::default();
        let of = |options: &GroupOptions, name: &str| set(&brokers, options, name).unwrap();
        let usual = options(None, 300_000, 45_000);
        assert_eq!(of(&usual, "session.timeout.ms"), "45000");
        assert_eq!(of(&usual, "max.poll.interval.ms"), "300000");
        assert_eq!(of(&usual, "partition.assignment.strategy"), "roundrobin");
        let short = options(None, 1000, 45_000);
        assert_eq!(of(&short, "session.timeout.ms"), "6000", "brokers take no less");
        assert_eq!(of(&short, "max.poll.interval.ms"), "6000");
        let fixed = options(Some("i"), 10_000, 45_000);
        assert_eq!(of(&fixed, "session.timeout.ms"), "45000");
        assert_eq!(of(&fixed, "max.poll.interval.ms"), "45000");
        assert_eq!(of(&fixed, "group.instance.id"), "i");
    }

    #[test]
    fn the_user_chooses_the_protocol_and_not_what_is_committed() {
        let property = |name: &str, value: &str| Property {
            name: name.into(),
            value: value.into(),
            source: "-X".into(),
        };
        let chosen =
            vec![property("group.protocol", "consumer"), property("enable.auto.commit", "true")];
        let brokers = Brokers { properties: chosen, ..Brokers::default() };
        let options = GroupOptions { assignor: Assignor::Sticky, ..options(None, 60_000, 45_000) };
        assert_eq!(set(&brokers, &options, "partition.assignment.strategy"), None);
        assert_eq!(set(&brokers, &options, "session.timeout.ms"), None);
        assert_eq!(set(&brokers, &options, "enable.auto.commit").as_deref(), Some("false"));
        let error = properties(&Brokers::default(), &options).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported);
    }
}
