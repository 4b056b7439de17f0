//! Owns the requests about groups and reading their answers. Leaves waiting for them to `session`,
//! and what a state means to `remote::groups`.

use std::ptr;
use std::time::Duration;

use rdkafka_sys::bindings as sys;

use super::admin::Options;
use super::handle::Client;
use super::list::{self, Entry, List};
use super::queue::{Event, Queue};
use super::{Code, Trouble, c_text, codes, look_error, milliseconds, slice, text};

/// A group of consumers in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Its state, by librdkafka's number.
    pub state: i32,
    /// Its kind, by librdkafka's number.
    pub kind: i32,
}

/// A group of any protocol, as brokers have always told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Old {
    /// Its id.
    pub id: String,
    /// What went wrong with describing it.
    pub code: Code,
    /// Its state, by Kafka's name.
    pub state: String,
    /// What kind of members it has.
    pub protocol_type: String,
    /// What the members agreed on; of consumers the assignor.
    pub protocol: String,
    /// The broker that coordinates it.
    pub coordinator: i32,
    /// Its members, without what they own.
    pub members: Vec<Member>,
    /// What each of them owns, as it was said.
    pub owned: Vec<Vec<u8>>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// The id of a static one.
    pub instance_id: Option<String>,
    /// The name that the client gives itself.
    pub client_id: String,
    /// Where it runs.
    pub host: String,
    /// The partitions that it owns.
    pub assignment: Vec<(String, i32)>,
}

/// A group as its coordinator describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its id.
    pub id: String,
    /// What went wrong with it.
    pub result: Result<(), Trouble>,
    /// Its state, by librdkafka's number.
    pub state: i32,
    /// Its kind, by librdkafka's number.
    pub kind: i32,
    /// Whether it only keeps offsets.
    pub simple: bool,
    /// The assignor that is in force.
    pub assignor: String,
    /// The broker that coordinates it; -1 for none.
    pub coordinator: i32,
    /// Its members.
    pub members: Vec<Member>,
}

/// What became of a request about one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The group.
    pub id: String,
    /// What went wrong with all of it.
    pub result: Result<(), Trouble>,
    /// Its partitions.
    pub entries: Vec<Entry>,
}

impl Client {
    /// Asks every broker for its groups of any protocol, or for one of them, the old way, which
    /// tells their states. What some brokers did not answer is missing.
    pub fn old_groups(&self, only: Option<&str>, at_most: Duration) -> Result<Vec<Old>, Code> {
        let mut found: *const sys::rd_kafka_group_list = ptr::null();
        let only = only.map(c_text);
        // SAFETY: the client lives; what is answered is read while it lives, and freed once.
        unsafe {
            let code = Code(codes::rd_kafka_list_groups(
                self.raw(),
                only.as_ref().map_or(ptr::null(), |only| only.as_ptr()),
                &raw mut found,
                milliseconds(at_most),
            ));
            let partial = Code::of(sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__PARTIAL);
            if code != Code::NONE && code != partial {
                return Err(code);
            }
            if found.is_null() {
                return Ok(Vec::new());
            }
            let count = (*found).group_cnt.max(0) as usize;
            let all = (0..count).map(|at| read_old((*found).groups.add(at))).collect();
            sys::rd_kafka_group_list_destroy(found);
            Ok(all)
        }
    }
}

/// Reads one group of the old answer.
///
/// # Safety
/// `group` lives. It is a pointer, since its code may be none that the generated enum has.
unsafe fn read_old(group: *const sys::rd_kafka_group_info) -> Old {
    // SAFETY: by this function's contract; arrays are as long as they say.
    unsafe {
        let members = slice((*group).members, (*group).member_cnt.max(0) as usize);
        let member = |member: &sys::rd_kafka_group_member_info| Member {
            id: text(member.member_id),
            instance_id: None,
            client_id: text(member.client_id),
            host: text(member.client_host),
            assignment: Vec::new(),
        };
        let owned = |member: &sys::rd_kafka_group_member_info| {
            let size = member.member_assignment_size.max(0) as usize;
            slice(member.member_assignment.cast::<u8>().cast_const(), size).to_vec()
        };
        Old {
            id: text((*group).group),
            code: Code((&raw const (*group).err).cast::<i32>().read()),
            state: text((*group).state),
            protocol_type: text((*group).protocol_type),
            protocol: text((*group).protocol),
            coordinator: (*group).broker.id,
            members: members.iter().map(member).collect(),
            owned: members.iter().map(owned).collect(),
        }
    }
}

impl Queue {
    /// Asks every broker for its groups of consumers.
    pub fn list_groups(&self, options: &Options) {
        // SAFETY: client, options and queue live.
        unsafe {
            sys::rd_kafka_ListConsumerGroups(self.client().raw(), options.raw(), self.raw());
        }
    }

    /// Asks for descriptions of groups of consumers.
    pub fn describe_groups(&self, ids: &[&str], options: &Options) {
        let ids: Vec<_> = ids.iter().map(|id| c_text(id)).collect();
        let mut pointers: Vec<_> = ids.iter().map(|id| id.as_ptr()).collect();
        let (array, count) = (pointers.as_mut_ptr(), pointers.len());
        let client = self.client().raw();
        // SAFETY: all of them live, and the request copies the ids.
        unsafe {
            sys::rd_kafka_DescribeConsumerGroups(client, array, count, options.raw(), self.raw());
        }
    }

    /// Asks for all that a group committed.
    pub fn list_group_offsets(&self, id: &str, options: &Options) {
        let id = c_text(id);
        let client = self.client().raw();
        // SAFETY: the wish is new, is copied by the request, and then freed.
        unsafe {
            let mut wish = sys::rd_kafka_ListConsumerGroupOffsets_new(id.as_ptr(), ptr::null());
            sys::rd_kafka_ListConsumerGroupOffsets(
                client,
                &raw mut wish,
                1,
                options.raw(),
                self.raw(),
            );
            sys::rd_kafka_ListConsumerGroupOffsets_destroy(wish);
        }
    }

    /// Asks for offsets to be committed for a group.
    pub fn alter_group_offsets(&self, id: &str, to: &List, options: &Options) {
        let id = c_text(id);
        let client = self.client().raw();
        // SAFETY: as above.
        unsafe {
            let mut wish = sys::rd_kafka_AlterConsumerGroupOffsets_new(id.as_ptr(), to.raw());
            sys::rd_kafka_AlterConsumerGroupOffsets(
                client,
                &raw mut wish,
                1,
                options.raw(),
                self.raw(),
            );
            sys::rd_kafka_AlterConsumerGroupOffsets_destroy(wish);
        }
    }

    /// Asks for commits of a group to be forgotten.
    pub fn delete_group_offsets(&self, id: &str, of: &List, options: &Options) {
        let id = c_text(id);
        let client = self.client().raw();
        // SAFETY: as above.
        unsafe {
            let mut wish = sys::rd_kafka_DeleteConsumerGroupOffsets_new(id.as_ptr(), of.raw());
            sys::rd_kafka_DeleteConsumerGroupOffsets(
                client,
                &raw mut wish,
                1,
                options.raw(),
                self.raw(),
            );
            sys::rd_kafka_DeleteConsumerGroupOffsets_destroy(wish);
        }
    }

    /// Asks for groups to be deleted.
    pub fn delete_groups(&self, ids: &[&str], options: &Options) {
        // SAFETY: the wishes are new, are copied by the request, and then freed.
        unsafe {
            let mut wishes: Vec<_> =
                ids.iter().map(|id| sys::rd_kafka_DeleteGroup_new(c_text(id).as_ptr())).collect();
            let (array, count) = (wishes.as_mut_ptr(), wishes.len());
            let client = self.client().raw();
            sys::rd_kafka_DeleteGroups(client, array, count, options.raw(), self.raw());
            sys::rd_kafka_DeleteGroup_destroy_array(array, count);
        }
    }
}

impl Event {
    /// The answer to [`Queue::list_groups`], and what went wrong with some brokers.
    pub fn listed_groups(&self) -> (Vec<Listed>, Vec<Trouble>) {
        // SAFETY: the event lives for as long as its parts are read.
        unsafe {
            let result = sys::rd_kafka_event_ListConsumerGroups_result(self.raw());
            if result.is_null() {
                return (Vec::new(), Vec::new());
            }
            let mut count = 0;
            let valid = sys::rd_kafka_ListConsumerGroups_result_valid(result, &raw mut count);
            let read = |&listing: &*const _| Listed {
                id: text(sys::rd_kafka_ConsumerGroupListing_group_id(listing)),
                state: codes::rd_kafka_ConsumerGroupListing_state(listing),
                kind: codes::rd_kafka_ConsumerGroupListing_type(listing),
            };
            let listed = slice(valid, count).iter().map(read).collect();
            let errors = sys::rd_kafka_ListConsumerGroups_result_errors(result, &raw mut count);
            let read = |&error: &*const _| look_error(error).err();
            (listed, slice(errors, count).iter().filter_map(read).collect())
        }
    }

    /// The answer to [`Queue::describe_groups`].
    pub fn described_groups(&self) -> Vec<Described> {
        // SAFETY: as above.
        unsafe {
            let result = sys::rd_kafka_event_DescribeConsumerGroups_result(self.raw());
            if result.is_null() {
                return Vec::new();
            }
            let mut count = 0;
            let groups = sys::rd_kafka_DescribeConsumerGroups_result_groups(result, &raw mut count);
            slice(groups, count).iter().map(|&group| read_described(group)).collect()
        }
    }

    /// The answer to any of the requests that are about offsets of one group, or that delete
    /// groups.
    pub fn group_answers(&self) -> Vec<Answer> {
        let mut count = 0;
        // SAFETY: as above; the event is asked for the result that its kind says it has.
        unsafe {
            let results = match self.kind() {
                sys::RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT => {
                    let result = sys::rd_kafka_event_ListConsumerGroupOffsets_result(self.raw());
                    sys::rd_kafka_ListConsumerGroupOffsets_result_groups(result, &raw mut count)
                }
                sys::RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT => {
                    let result = sys::rd_kafka_event_AlterConsumerGroupOffsets_result(self.raw());
                    sys::rd_kafka_AlterConsumerGroupOffsets_result_groups(result, &raw mut count)
                }
                sys::RD_KAFKA_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT => {
                    let result = sys::rd_kafka_event_DeleteConsumerGroupOffsets_result(self.raw());
                    sys::rd_kafka_DeleteConsumerGroupOffsets_result_groups(result, &raw mut count)
                }
                sys::RD_KAFKA_EVENT_DELETEGROUPS_RESULT => {
                    let result = sys::rd_kafka_event_DeleteGroups_result(self.raw());
                    sys::rd_kafka_DeleteGroups_result_groups(result, &raw mut count)
                }
                _ => return Vec::new(),
            };
            let read = |&group: &*const sys::rd_kafka_group_result_t| Answer {
                id: text(sys::rd_kafka_group_result_name(group)),
                result: look_error(sys::rd_kafka_group_result_error(group)),
                entries: list::read(sys::rd_kafka_group_result_partitions(group)),
            };
            slice(results, count).iter().map(read).collect()
        }
    }
}

/// Reads one description.
///
/// # Safety
/// `group` lives.
unsafe fn read_described(group: *const sys::rd_kafka_ConsumerGroupDescription_t) -> Described {
    // SAFETY: by this function's contract; a group has as many members as it says. A node may be
    // missing.
    unsafe {
        let coordinator = sys::rd_kafka_ConsumerGroupDescription_coordinator(group);
        let count = sys::rd_kafka_ConsumerGroupDescription_member_count(group);
        let member = |at| read_member(sys::rd_kafka_ConsumerGroupDescription_member(group, at));
        Described {
            id: text(sys::rd_kafka_ConsumerGroupDescription_group_id(group)),
            result: look_error(sys::rd_kafka_ConsumerGroupDescription_error(group)),
            state: codes::rd_kafka_ConsumerGroupDescription_state(group),
            kind: codes::rd_kafka_ConsumerGroupDescription_type(group),
            simple: sys::rd_kafka_ConsumerGroupDescription_is_simple_consumer_group(group) != 0,
            assignor: text(sys::rd_kafka_ConsumerGroupDescription_partition_assignor(group)),
            coordinator: if coordinator.is_null() {
                -1
            } else {
                sys::rd_kafka_Node_id(coordinator)
            },
            members: (0..count).map(member).collect(),
        }
    }
}

/// Reads one member.
///
/// # Safety
/// `member` lives.
unsafe fn read_member(member: *const sys::rd_kafka_MemberDescription_t) -> Member {
    // SAFETY: by this function's contract; what may be missing is null.
    unsafe {
        let instance_id = sys::rd_kafka_MemberDescription_group_instance_id(member);
        let assignment = sys::rd_kafka_MemberDescription_assignment(member);
        let entries = if assignment.is_null() {
            Vec::new()
        } else {
            list::read(sys::rd_kafka_MemberAssignment_partitions(assignment))
        };
        Member {
            id: text(sys::rd_kafka_MemberDescription_consumer_id(member)),
            instance_id: (!instance_id.is_null()).then(|| text(instance_id)),
            client_id: text(sys::rd_kafka_MemberDescription_client_id(member)),
            host: text(sys::rd_kafka_MemberDescription_host(member)),
            assignment: entries.into_iter().map(|e| (e.topic, e.partition)).collect(),
        }
    }
}
