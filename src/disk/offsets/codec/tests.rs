//! Golden vectors, round trips and noise for the records of `__consumer_offsets`.

use proptest::prelude::*;

use super::*;
use crate::disk::offsets::protocol::{decode_assignment, decode_subscription};

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap()).collect()
}

fn of(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition { topic: TopicName::new(topic).unwrap(), partition }
}

fn id(text: &str) -> GroupId {
    GroupId::new(text).unwrap()
}

fn offset_key() -> Key {
    Key::Offset { group: id("g1"), of: of("t", 3) }
}

fn offset_value(topic_id: Option<Uuid>) -> OffsetValue {
    OffsetValue {
        offset: 42,
        leader_epoch: -1,
        metadata: String::new(),
        committed_ms: 1_700_000_000_000,
        expires_ms: None,
        topic_id,
    }
}

const GROUP_VALUE: &str = "00030008636f6e73756d657200000005000572616e676500036d2d310000018bcfe5\
68000000000100036d2d31ffff0003636c69000a2f3132372e302e302e31000493e00000afc800000011000100000001\
000174ffffffff0000000000000019000100000001000174000000020000000000000001ffffffff";

#[test]
fn committed_offsets_are_kafkas() {
    let key = hex("00010002673100017400000003");
    assert_eq!(offset_key().encode(), Some(key.clone()));
    assert_eq!(Key::decode(&key), Some(offset_key()));
    let legacy = [&[0, 0], &key[2..]].concat();
    assert_eq!(Key::decode(&legacy), Some(offset_key()));
    let v3 = hex("0003000000000000002affffffff00000000018bcfe56800");
    let value = Value::Offset(offset_value(None));
    assert_eq!(value.encode(), Some(v3.clone()));
    assert_eq!(Value::decode(&offset_key(), &v3), Some(value.clone()));
    let v4 = hex("0004000000000000002affffffff010000018bcfe5680000");
    assert_eq!(Value::decode(&offset_key(), &v4), Some(value));
    let topic = "0004000000000000002affffffff010000018bcfe56800010010\
                 00112233445566778899aabbccddeeff";
    let topic_id = Some(Uuid(hex("00112233445566778899aabbccddeeff").try_into().unwrap()));
    let value = Value::Offset(offset_value(topic_id));
    assert_eq!(Value::decode(&offset_key(), &hex(topic)), Some(value));
}

#[test]
fn older_committed_offsets_are_read() {
    let head = |version: i16| [&version.to_be_bytes()[..], &42i64.to_be_bytes()].concat();
    let tail = [&b"\0\x01m"[..], &7i64.to_be_bytes()].concat();
    for version in [0, 1, 2] {
        let mut bytes = [head(version), tail.clone()].concat();
        if version == 1 {
            bytes.extend(9i64.to_be_bytes());
        }
        let Some(Value::Offset(value)) = Value::decode(&offset_key(), &bytes) else {
            panic!("version {version}")
        };
        assert_eq!((value.offset, value.committed_ms, value.leader_epoch), (42, 7, -1));
        assert_eq!(value.metadata, "m");
        assert_eq!(value.expires_ms, (version == 1).then_some(9));
    }
    assert_eq!(Value::decode(&offset_key(), &[head(5), tail].concat()), None);
}

#[test]
fn groups_are_kafkas() {
    let key = Key::Group(id("g1"));
    assert_eq!(key.encode(), Some(hex("000200026731")));
    let bytes = hex(GROUP_VALUE);
    let value = Value::decode(&key, &bytes).unwrap();
    assert_eq!(value.encode(), Some(bytes));
    let Value::Group(group) = value else { panic!("no group") };
    assert_eq!((group.protocol_type.as_str(), group.generation), ("consumer", 5));
    assert_eq!(group.protocol.as_deref(), Some("range"));
    assert_eq!(group.leader.as_deref(), Some("m-1"));
    let member = &group.members[0];
    assert_eq!((member.id.as_str(), member.client_id.as_str()), ("m-1", "cli"));
    assert_eq!((member.host.as_str(), member.session_timeout_ms), ("/127.0.0.1", 45_000));
    assert_eq!(decode_subscription(&member.subscription).unwrap(), [of("t", 0).topic]);
    assert_eq!(decode_assignment(&member.assignment).unwrap(), [of("t", 0), of("t", 1)]);
}

/// The golden group in another version, plain or flexible.
fn group_in(version: i16) -> Vec<u8> {
    let flexible = version >= 4;
    let mut out = version.to_be_bytes().to_vec();
    let text = |out: &mut Vec<u8>, text: Option<&str>| {
        match (flexible, text) {
            (true, text) => out.push(text.map_or(0, |t| t.len() as u8 + 1)),
            (false, text) => out.extend(text.map_or(-1, |t| t.len() as i16).to_be_bytes()),
        }
        out.extend(text.unwrap_or_default().bytes());
    };
    text(&mut out, Some("consumer"));
    out.extend(5i32.to_be_bytes());
    text(&mut out, Some("range"));
    text(&mut out, None);
    if version >= 2 {
        out.extend(9i64.to_be_bytes());
    }
    if flexible {
        out.push(2);
    } else {
        out.extend(1i32.to_be_bytes());
    }
    text(&mut out, Some("m"));
    if version >= 3 {
        text(&mut out, Some("static"));
    }
    text(&mut out, Some("cli"));
    text(&mut out, Some("/h"));
    if version >= 1 {
        out.extend(300i32.to_be_bytes());
    }
    out.extend(45i32.to_be_bytes());
    for bytes in [&b"sub"[..], b"as"] {
        if flexible {
            out.push(bytes.len() as u8 + 1);
        } else {
            out.extend((bytes.len() as i32).to_be_bytes());
        }
        out.extend(bytes);
    }
    if flexible {
        // The tags of the member, one of them unknown, and those of the group.
        out.extend([1, 7, 2, 0xab, 0xcd, 0]);
    }
    out
}

#[test]
fn groups_of_all_versions_are_read() {
    for version in 0..=4 {
        let value = Value::decode(&Key::Group(id("g")), &group_in(version));
        let Some(Value::Group(group)) = value else { panic!("version {version}") };
        assert_eq!((group.generation, group.leader), (5, None), "version {version}");
        assert_eq!(group.state_since_ms, if version >= 2 { 9 } else { -1 });
        let expected = StoredMember {
            id: "m".into(),
            instance_id: (version >= 3).then(|| "static".into()),
            client_id: "cli".into(),
            host: "/h".into(),
            rebalance_timeout_ms: if version >= 1 { 300 } else { -1 },
            session_timeout_ms: 45,
            subscription: b"sub".to_vec(),
            assignment: b"as".to_vec(),
        };
        assert_eq!(group.members, [expected], "version {version}");
    }
    assert_eq!(Value::decode(&Key::Group(id("g")), &group_in(5)), None);
}

#[test]
fn records_of_kip_848_are_read() {
    let key = Key::ConsumerMember(id("g"), "m".into());
    assert_eq!(Key::decode(b"\0\x05\0\x01g\0\x01m"), Some(key.clone()));
    let bytes = b"\0\0\0\0\x04cli\x03/h\x02\x02t\0\0\0\0\x01\x08uniform\0";
    let member = MemberMetadata {
        instance_id: None,
        client_id: "cli".into(),
        host: "/h".into(),
        assignor: Some("uniform".into()),
    };
    assert_eq!(Value::decode(&key, bytes), Some(Value::Member(member)));
    let key = Key::decode(b"\0\x08\0\x01g\0\x01m").unwrap();
    let mut bytes = b"\0\0\0\0\0\x03\0\0\0\x02\0\x02".to_vec();
    bytes.extend([5; 16]);
    bytes.extend(b"\x03\0\0\0\x01\0\0\0\x02\0\x01\0");
    let assigned = vec![(Uuid([5; 16]), vec![1, 2])];
    assert_eq!(Value::decode(&key, &bytes), Some(Value::Assignment(assigned.clone())));
    let key = Key::decode(b"\0\x07\0\x01g\0\x01m").unwrap();
    let target = [&b"\0\0"[..], &bytes[11..]].concat();
    assert_eq!(Value::decode(&key, &target), Some(Value::Assignment(assigned)));
    for (kind, expected) in [(3, Key::ConsumerGroup(id("g"))), (6, Key::TargetMetadata(id("g")))] {
        assert_eq!(Key::decode(&[0, kind, 0, 1, b'g']), Some(expected.clone()));
        let value = Value::decode(&expected, b"\0\0\0\0\0\x09\0");
        assert_eq!(value, Some(Value::Epoch(9)));
    }
    let share = Key::decode(b"\0\x0b\0\x01g").unwrap();
    assert_eq!(Value::decode(&share, b"\0\x09anything"), Some(Value::Opaque));
}

#[test]
fn what_is_not_known_is_passed_over() {
    for bytes in [
        &b""[..],
        b"\0",
        b"\0\x04\0\x01g",
        b"\0\x10\0\x01g",
        b"\x7f\xff\0\x01g",
        b"\0\x02\0\0",
        b"\0\x02\xff\xff",
        b"\0\x02\0\x09g",
        b"\0\x02\0\x01\xff",
        b"\0\x01\0\x01g\0\x03../\0\0\0\0",
        b"\0\x01\0\x01g\0\x01t\xff\xff\xff\xff",
    ] {
        assert_eq!(Key::decode(bytes), None, "{bytes:?}");
    }
}

#[test]
fn a_count_from_outside_sizes_nothing() {
    let mut bytes = hex(GROUP_VALUE);
    let at = bytes.windows(7).position(|w| w == b"\0\0\0\x01\0\x03m").unwrap();
    for count in [i32::MAX, -2, i32::MIN, 1_000_000] {
        bytes[at..at + 4].copy_from_slice(&count.to_be_bytes());
        assert_eq!(Value::decode(&Key::Group(id("g")), &bytes), None);
    }
    bytes[at..at + 4].copy_from_slice(&(-1i32).to_be_bytes());
    assert!(Value::decode(&Key::Group(id("g")), &bytes).is_some());
}

fn keys() -> Vec<Key> {
    let member = || (id("g"), "m".to_owned());
    let of_member = |make: fn(GroupId, String) -> Key| make(member().0, member().1);
    vec![
        offset_key(),
        Key::Group(id("g")),
        Key::ConsumerGroup(id("g")),
        of_member(Key::ConsumerMember),
        Key::TargetMetadata(id("g")),
        of_member(Key::TargetAssignment),
        of_member(Key::CurrentAssignment),
        Key::ShareGroup(id("g")),
        Key::StreamsGroup(id("g")),
    ]
}

#[test]
fn every_key_is_read_back() {
    for key in keys() {
        assert_eq!(Key::decode(&key.encode().unwrap()), Some(key));
    }
    let long = Value::Offset(OffsetValue { metadata: "x".repeat(40_000), ..offset_value(None) });
    assert_eq!(long.encode(), None);
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        group in "\\PC{1,40}", topic in "[a-zA-Z0-9._-]{3,30}", partition in 0..i32::MAX,
        offset: i64, leader_epoch: i32, metadata in "\\PC{0,60}", committed_ms: i64,
    ) {
        let key = Key::Offset { group: id(&group), of: of(&topic, partition) };
        prop_assert_eq!(Key::decode(&key.encode().unwrap()), Some(key.clone()));
        let value = Value::Offset(OffsetValue {
            offset, leader_epoch, metadata, committed_ms, expires_ms: None, topic_id: None,
        });
        prop_assert_eq!(Value::decode(&key, &value.encode().unwrap()), Some(value));
    }

    #[test]
    fn noise_never_panics(
        noise in proptest::collection::vec(any::<u8>(), 0..200), version in 0..6u8,
    ) {
        let mut value = vec![0, version];
        value.extend(&noise);
        for key in keys() {
            let read = Value::decode(&key, &value);
            if let Some(Value::Group(group)) = read {
                prop_assert!(group.members.len() <= noise.len() / 8);
            }
        }
        let mut key = vec![0, noise.first().copied().unwrap_or(0) % 24];
        key.extend(&noise);
        prop_assert!(Key::decode(&key).is_none_or(|key| !key.group().as_str().is_empty()));
    }

    #[test]
    fn a_cut_or_flipped_group_never_panics(at in 0usize..160, bit in 0u8..8) {
        let mut bytes = hex(GROUP_VALUE);
        let at = at.min(bytes.len() - 1);
        let key = Key::Group(id("g"));
        prop_assert!(Value::decode(&key, &bytes[..at]).is_none());
        bytes[at] ^= 1 << bit;
        if let Some(Value::Group(group)) = Value::decode(&key, &bytes) {
            prop_assert!(group.members.len() <= 1);
        }
    }
}
