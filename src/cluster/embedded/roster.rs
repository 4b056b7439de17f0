//! Owns how the members of a group are shown and stored: as a record in Kafka's form, and as they
//! are by their locks. Leaves being a member to `group`.

use super::group::named;
use crate::cluster::error::Result;
use crate::disk::directory::LogDirectory;
use crate::disk::error::DiskError;
use crate::disk::members::{GroupFile, Health, Roster, RosterMember};
use crate::disk::offsets::codec::{GroupMetadata, StoredMember};
use crate::disk::offsets::protocol::{encode_assignment, encode_subscription};
use crate::group::{GroupId, Member, MemberState};
use crate::topic::TopicName;

/// A roster as a classic group is stored.
pub(super) fn record_of(roster: &Roster, now_ms: i64) -> GroupMetadata {
    let names = |topics: &[String]| -> Vec<TopicName> {
        topics.iter().filter_map(|topic| TopicName::new(topic).ok()).collect()
    };
    let member = |member: &RosterMember| StoredMember {
        id: member.id.clone(),
        instance_id: member.instance_id.clone(),
        client_id: member.client_id.clone(),
        host: member.host.clone(),
        rebalance_timeout_ms: i32::try_from(member.poll_interval_ms).unwrap_or(i32::MAX),
        session_timeout_ms: i32::try_from(member.session_ms).unwrap_or(i32::MAX),
        subscription: encode_subscription(&names(&member.topics), &[]).unwrap_or_default(),
        assignment: encode_assignment(&named(&member.assigned)).unwrap_or_default(),
    };
    let empty = roster.members.is_empty();
    GroupMetadata {
        protocol_type: "consumer".to_owned(),
        generation: roster.generation,
        protocol: (!empty).then(|| roster.assignor.clone()),
        leader: roster.members.first().map(|member| member.id.clone()),
        state_since_ms: now_ms,
        members: roster.members.iter().map(member).collect(),
    }
}

/// The members of a group that are alive, by the locks that they hold; `None` where it never had
/// one here.
pub(super) fn live_members(
    directory: &LogDirectory,
    group: &GroupId,
) -> Result<Option<Vec<Member>>, DiskError> {
    let Some(file) = GroupFile::open(directory.path(), group)? else {
        return Ok(None);
    };
    let member = |(member, health): (RosterMember, Health)| Member {
        assignment: named(&member.assigned),
        id: member.id,
        instance_id: member.instance_id,
        client_id: member.client_id,
        host: member.host,
        state: match health {
            Health::Hung => MemberState::Hung,
            Health::Away => MemberState::Away,
            Health::Alive | Health::Dead => MemberState::Live,
        },
    };
    Ok(Some(file.live_members()?.into_iter().map(member).collect()))
}
