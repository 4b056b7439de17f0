//! Owns the examples of assignments worked by hand, and what holds for all of them. Leaves the
//! comparison with Kafka to `tests/it/kafka_assignors.rs`.

use proptest::prelude::*;

use super::*;

/// A member of topics `a,b`.
fn member(id: &str, topics: &str) -> AssignorMember {
    AssignorMember {
        id: id.to_owned(),
        instance_id: None,
        topics: topics.split(',').filter(|t| !t.is_empty()).map(str::to_owned).collect(),
        owned: Vec::new(),
        generation: -1,
    }
}

/// Partitions written as `a0 a1 b0`.
fn partitions(text: &str) -> Vec<Partition> {
    let one = |word: &str| (word[..1].to_owned(), word[1..].parse().unwrap());
    text.split_whitespace().map(one).collect()
}

/// A member that owned something in generation 1.
fn owner(id: &str, topics: &str, owned: &str) -> AssignorMember {
    AssignorMember { owned: partitions(owned), generation: 1, ..member(id, topics) }
}

/// Topics written as `a3 b2`.
fn topics(text: &str) -> BTreeMap<String, i32> {
    partitions(text).into_iter().collect()
}

/// An assignment as `m1: a0 a1 | m2: b0`.
fn told(assignment: &Assignment) -> String {
    let members = assignment.iter().map(|(id, list)| {
        let words: Vec<String> = list.iter().map(|(t, p)| format!(" {t}{p}")).collect();
        format!("{id}:{}", words.concat())
    });
    members.collect::<Vec<_>>().join(" | ")
}

#[track_caller]
fn assert_given(assignor: Assignor, members: &[AssignorMember], of: &str, expected: &str) {
    assert_eq!(told(&assign(assignor, members, &topics(of))), expected);
}

#[test]
fn names_are_those_of_kafka_and_slips_have_a_near_match() {
    for assignor in Assignor::ALL {
        assert_eq!(assignor.name().parse(), Ok(assignor));
    }
    let slip = "round-robin".parse::<Assignor>().unwrap_err();
    assert_eq!(slip.to_string(), "`round-robin` is not an assignor; did you mean `roundrobin`?");
    assert!("uniform".parse::<Assignor>().unwrap_err().to_string().contains("cooperative-sticky"));
}

#[test]
fn one_topic_of_three_partitions_among_one_to_four() {
    let names = ["m1", "m2", "m3", "m4"];
    let expected = [
        "m1: a0 a1 a2",
        "m1: a0 a1 | m2: a2",
        "m1: a0 | m2: a1 | m3: a2",
        "m1: a0 | m2: a1 | m3: a2 | m4:",
    ];
    for (count, expected) in (1..).zip(expected) {
        let members: Vec<_> = names.iter().take(count).map(|id| member(id, "a")).collect();
        assert_given(Assignor::Range, &members, "a3", expected);
    }
    let two = [member("m1", "a"), member("m2", "a")];
    assert_given(Assignor::RoundRobin, &two, "a3", "m1: a0 a2 | m2: a1");
    assert_given(Assignor::Sticky, &two, "a3", "m1: a0 a2 | m2: a1");
}

#[test]
fn range_goes_topic_by_topic_and_round_robin_goes_on() {
    // The example of Kafka's documentation: two members, two topics of three.
    let two = [member("c1", "a,b"), member("c0", "a,b")];
    assert_given(Assignor::Range, &two, "a3 b3", "c0: a0 a1 b0 b1 | c1: a2 b2");
    assert_given(Assignor::RoundRobin, &two, "a3 b3", "c0: a0 a2 b1 | c1: a1 b0 b2");
    // Differing wishes: a goes to c0, the only one; b to c1 and c2 in turn after it.
    let three = [member("c0", "a"), member("c1", "a,b"), member("c2", "b,c")];
    assert_given(Assignor::RoundRobin, &three, "a1 b2 c1", "c0: a0 | c1: b0 | c2: b1 c0");
    assert_given(Assignor::Range, &three, "a1 b2 c1", "c0: a0 | c1: b0 | c2: b1 c0");
}

#[test]
fn static_members_come_first_by_their_own_ids() {
    let named = |id: &str, instance: &str| AssignorMember {
        instance_id: Some(instance.to_owned()),
        ..member(id, "a")
    };
    let members = [member("a", "a"), named("y", "i2"), named("z", "i1")];
    assert_given(Assignor::Range, &members, "a4", "a: a3 | y: a2 | z: a0 a1");
    assert_given(Assignor::RoundRobin, &members, "a4", "a: a2 | y: a1 | z: a0 a3");
}

#[test]
fn a_third_member_takes_one_from_each_and_no_more() {
    let members = [owner("m1", "a", "a0 a1 a2"), owner("m2", "a", "a3 a4 a5"), member("m3", "a")];
    // Two each; each of the old ones keeps its first two.
    assert_given(Assignor::Sticky, &members, "a6", "m1: a0 a1 | m2: a3 a4 | m3: a2 a5");
    assert_given(Assignor::Range, &members, "a6", "m1: a0 a1 | m2: a2 a3 | m3: a4 a5");
    // For one round, what moves is nobody's.
    let of = topics("a6");
    let target = assign(Assignor::CooperativeSticky, &members, &of);
    assert_eq!(told(&target), "m1: a0 a1 | m2: a3 a4 | m3: a2 a5");
    let now = cooperative_adjust(&members, &of, target);
    assert_eq!(told(&now), "m1: a0 a1 | m2: a3 a4 | m3:");
    // Then it is free.
    let next = [owner("m1", "a", "a0 a1"), owner("m2", "a", "a3 a4"), owner("m3", "a", "")];
    let target = assign(Assignor::CooperativeSticky, &next, &of);
    let now = cooperative_adjust(&next, &of, target);
    assert_eq!(told(&now), "m1: a0 a1 | m2: a3 a4 | m3: a2 a5");
}

#[test]
fn who_left_leaves_only_what_it_had() {
    let members = [owner("m1", "a", "a0 a1"), owner("m3", "a", "a4 a5")];
    assert_given(Assignor::Sticky, &members, "a6", "m1: a0 a1 a2 | m3: a3 a4 a5");
    // A partition that no longer exists is forgotten, and a new one is given out.
    let members = [owner("m1", "a", "a0 a7"), owner("m2", "a", "a1")];
    assert_given(Assignor::Sticky, &members, "a4", "m1: a0 a2 | m2: a1 a3");
}

#[test]
fn contradicting_claims_are_settled_by_generation() {
    let behind = AssignorMember { generation: 0, ..owner("m1", "a", "a0 a1") };
    let members = [behind, owner("m2", "a", "a0 a1")];
    // m2 has the right to both and keeps the first; the other moves.
    assert_given(Assignor::Sticky, &members, "a2", "m1: a1 | m2: a0");
    let target = assign(Assignor::CooperativeSticky, &members, &topics("a2"));
    assert_eq!(told(&cooperative_adjust(&members, &topics("a2"), target)), "m1: | m2: a0");
    // In one generation nobody has the right; both are shared out anew, after a round.
    let members = [owner("m1", "a", "a0 a1"), owner("m2", "a", "a0 a1")];
    let target = assign(Assignor::CooperativeSticky, &members, &topics("a2"));
    assert_eq!(told(&target), "m1: a0 | m2: a1");
    assert_eq!(told(&cooperative_adjust(&members, &topics("a2"), target)), "m1: | m2:");
}

#[test]
fn differing_subscriptions_even_out_as_far_as_they_can() {
    // The example of Kafka's documentation for the sticky assignor: C0 wants a, C1 a and b, C2 all.
    let three = [member("c0", "a"), member("c1", "a,b"), member("c2", "a,b,c")];
    assert_given(Assignor::Sticky, &three, "a1 b2 c3", "c0: a0 | c1: b0 b1 | c2: c0 c1 c2");
    assert_given(Assignor::RoundRobin, &three, "a1 b2 c3", "c0: a0 | c1: b0 | c2: b1 c0 c1 c2");
    // c0 leaves; what the others have stays, and a goes to the poorer of them.
    let two = [owner("c1", "a,b", "b0 b1"), owner("c2", "a,b,c", "c0 c1 c2")];
    assert_given(Assignor::Sticky, &two, "a1 b2 c3", "c1: a0 b0 b1 | c2: c0 c1 c2");
}

#[test]
fn nothing_and_nobody_are_no_trouble() {
    for assignor in Assignor::ALL {
        assert_given(assignor, &[], "a3", "");
        assert_given(assignor, &[member("m", "a")], "", "m:");
        assert_given(assignor, &[member("m", "")], "a3", "m:");
        // Kafka's sticky assignors may give something to the one that wants nothing.
        assert_given(assignor, &[member("m", ""), member("n", "a")], "a2", "m: | n: a0 a1");
        assert_given(assignor, &[member("n", ""), member("m", "a")], "a2", "m: a0 a1 | n:");
        let negative = BTreeMap::from([("a".to_owned(), -1)]);
        assert_eq!(told(&assign(assignor, &[member("m", "a")], &negative)), "m:");
    }
}

/// Any group of up to eight members and five topics; with one subscription if `equal`.
fn group(equal: bool) -> impl Strategy<Value = (Vec<AssignorMember>, BTreeMap<String, i32>)> {
    let topics = proptest::collection::btree_map("[a-e]", 0..13_i32, 1..6);
    let claims = proptest::collection::vec(("[a-e]", 0..15_i32), 0..12);
    let wishes = proptest::collection::vec("[a-e]", 1..4);
    let member = (claims, wishes, -1..3_i32);
    (topics, proptest::collection::vec(member, 1..9)).prop_map(move |(topics, members)| {
        let mut group = Vec::new();
        for (at, (owned, wishes, generation)) in members.into_iter().enumerate() {
            let topics = if equal { topics.keys().cloned().collect() } else { wishes };
            let id = format!("m{at}");
            group.push(AssignorMember { id, instance_id: None, topics, owned, generation });
        }
        (group, topics)
    })
}

/// How many partitions each has.
fn counts(assignment: &Assignment) -> Vec<usize> {
    assignment.values().map(Vec::len).collect()
}

proptest! {
    #[test]
    fn what_is_wanted_has_one_owner_who_wants_it((members, topics) in group(false)) {
        for assignor in Assignor::ALL {
            let given = assign(assignor, &members, &topics);
            let mut all = BTreeSet::new();
            for member in &members {
                for partition in &given[&member.id] {
                    prop_assert!(member.topics.contains(&partition.0));
                    prop_assert!(all.insert(partition.clone()));
                }
            }
            let wanted = |topic: &String| members.iter().any(|m| m.topics.contains(topic));
            let count: i32 = topics.iter().filter(|(t, _)| wanted(t)).map(|(_, n)| *n).sum();
            prop_assert_eq!(all.len(), count as usize);
            // For one round fewer, and nothing else.
            let now = cooperative_adjust(&members, &topics, given.clone());
            for (id, list) in &now {
                prop_assert!(list.iter().all(|partition| given[id].contains(partition)));
            }
        }
    }

    #[test]
    fn one_subscription_is_shared_out_within_one((members, topics) in group(true)) {
        for assignor in [Assignor::RoundRobin, Assignor::Sticky, Assignor::CooperativeSticky] {
            let counts = counts(&assign(assignor, &members, &topics));
            prop_assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1);
        }
    }

    #[test]
    fn sticky_keeps_all_when_nothing_changed((members, topics) in group(false)) {
        let first = assign(Assignor::Sticky, &members, &topics);
        let mut after = members;
        for member in &mut after {
            member.owned.clone_from(&first[&member.id]);
            member.generation = 7;
        }
        let second = assign(Assignor::Sticky, &after, &topics);
        prop_assert_eq!(&second, &first);
        prop_assert_eq!(&cooperative_adjust(&after, &topics, second), &first);
    }

    #[test]
    fn sticky_moves_no_more_than_the_quota_asks((members, topics) in group(true)) {
        let first = assign(Assignor::Sticky, &members, &topics);
        let mut after = members;
        for member in &mut after {
            member.owned.clone_from(&first[&member.id]);
            member.generation = 7;
        }
        after.push(AssignorMember {
            id: "new".into(),
            owned: Vec::new(),
            generation: -1,
            ..after[0].clone()
        });
        let second = assign(Assignor::Sticky, &after, &topics);
        // Nobody but the new one gained anything.
        for member in &after[..after.len() - 1] {
            prop_assert!(second[&member.id].iter().all(|p| member.owned.contains(p)));
        }
    }
}
