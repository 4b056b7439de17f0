//! Tests of members: who is there, who is alive, who owns what.

use std::time::Instant;

use super::*;

fn joining(client_id: &str) -> Joining {
    Joining {
        client_id: client_id.to_owned(),
        host: "here".to_owned(),
        instance_id: None,
        topics: vec!["t".to_owned()],
        assignor: "range",
        poll_interval: Duration::from_secs(300),
        session: Duration::from_secs(45),
        patience: Duration::from_secs(10),
        cuts: Cuts::default(),
    }
}

fn in_turn(roster: &mut Roster) {
    "range".clone_into(&mut roster.assignor);
    let members = roster.members.len();
    for (at, member) in roster.members.iter_mut().enumerate() {
        let mine = (0..4).filter(|n| *n as usize % members == at);
        member.assigned = mine.map(|n| ("t".to_owned(), n)).collect();
    }
}

fn group() -> GroupId {
    GroupId::new("g/\u{1b}").unwrap()
}

fn join(dir: &Path, joining: &Joining) -> (Membership, Roster) {
    Membership::join(dir, &group(), joining, &in_turn).unwrap().unwrap()
}

/// Looks, with nothing on its way out.
fn look(member: &mut Membership) -> Option<Looked> {
    look_with(member, &|_| false)
}

fn look_with(member: &mut Membership, is_held: &dyn Fn(&Partition) -> bool) -> Option<Looked> {
    let topics = ["t".to_owned()];
    member.look(&in_turn, false, &topics, is_held, &|_| false).unwrap()
}

fn numbers<'a>(partitions: impl IntoIterator<Item = &'a Partition>) -> Vec<i32> {
    partitions.into_iter().map(|(_, number)| *number).collect()
}

#[test]
fn members_join_leave_and_die_and_the_others_see_it() {
    let dir = tempfile::tempdir().unwrap();
    assert!(GroupFile::open(dir.path(), &group()).unwrap().is_none());
    let (mut a, roster) = join(dir.path(), &joining("a"));
    assert_eq!((roster.generation, roster.members[0].assigned.len()), (1, 4));
    let (b, roster) = join(dir.path(), &joining("b"));
    let (c, last) = join(dir.path(), &joining("c"));
    assert_eq!((roster.members.len(), last.members.len(), last.generation), (2, 3, 3));
    let file = GroupFile::open_or_create(dir.path(), &group()).unwrap();
    let live = || -> Vec<RosterMember> {
        file.live_members().unwrap().into_iter().map(|(member, _)| member).collect()
    };
    assert_eq!(live(), last.members);
    assert_eq!(file.lock_empty().unwrap().unwrap_err(), 3);
    let held = a.file().lock().unwrap();
    assert_eq!(live(), last.members, "who looks needs no lock");
    drop(held);
    // One leaves, one dies: its file is closed without a word.
    assert_eq!(b.leave(&in_turn).unwrap().unwrap().members.len(), 2);
    let sequence = file.sequence();
    drop(c);
    assert_eq!(live().len(), 1);
    let looked = look(&mut a).unwrap();
    assert_eq!((looked.roster.members.len(), numbers(&looked.taken)), (1, vec![0, 1, 2, 3]));
    assert_eq!((looked.roster.generation, file.sequence()), (5, sequence + 1));
    let looked = look(&mut a).unwrap();
    assert_eq!((looked.roster.generation, looked.anew), (5, false), "nothing changed");
    assert_eq!(a.while_member(|| Ok(7)).unwrap(), Some(7));
    drop(a);
    assert!(file.lock_empty().unwrap().is_ok());
}

#[test]
fn a_partition_has_one_owner_until_it_lets_go_or_dies() {
    let dir = tempfile::tempdir().unwrap();
    let (mut a, _) = join(dir.path(), &joining("a"));
    look(&mut a).unwrap();
    let (mut b, _) = join(dir.path(), &joining("b"));
    assert_eq!(numbers(&look(&mut b).unwrap().taken), [0; 0], "a has not let go");
    // Something of 1 is on its way to the output of a.
    let looked = look_with(&mut a, &|(_, number)| *number == 1).unwrap();
    assert_eq!((numbers(&looked.taken), numbers(a.owned())), (vec![], vec![0, 1, 2]));
    assert_eq!(numbers(&look(&mut b).unwrap().taken), [3]);
    look(&mut a).unwrap();
    assert_eq!(numbers(&look(&mut b).unwrap().taken), [1]);
    drop(b);
    assert_eq!(numbers(&look(&mut a).unwrap().taken), [1, 3]);
}

#[test]
fn who_does_not_poll_is_taken_out_and_owns_and_commits_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let interval = Duration::from_millis(50);
    let hasty = Joining { poll_interval: interval, ..joining("a") };
    let (mut a, _) = join(dir.path(), &hasty);
    look(&mut a).unwrap();
    std::thread::sleep(interval * 2);
    let file = GroupFile::open_or_create(dir.path(), &group()).unwrap();
    assert_eq!(file.live_members().unwrap()[0].1, Health::Hung);
    a.beat(sys::monotonic_ms());
    assert_eq!(file.live_members().unwrap()[0].1, Health::Alive, "nobody took it out");
    let (mut b, roster) = join(dir.path(), &joining("b"));
    assert!(!b.look_at_others(&roster).unwrap().0);
    std::thread::sleep(interval * 2);
    assert!(b.look_at_others(&roster).unwrap().0);
    assert_eq!(numbers(&look(&mut b).unwrap().taken), [0, 1, 2, 3], "though a still runs");
    assert_eq!(a.while_member(|| Ok(())).unwrap(), None);
    assert!(look(&mut a).is_none() && !a.is_fenced().unwrap());
    // Its slot is still locked: who comes takes another one.
    assert_eq!(join(dir.path(), &joining("c")).1.members.len(), 2);
}

#[test]
fn a_static_member_keeps_its_place_until_its_session_ends() {
    let dir = tempfile::tempdir().unwrap();
    let session = Duration::from_millis(400);
    let fixed = Joining { instance_id: Some("one".to_owned()), session, ..joining("a") };
    let (mut a, _) = join(dir.path(), &fixed);
    let (b, roster) = join(dir.path(), &joining("b"));
    look(&mut a).unwrap();
    let mine = roster.member(a.id()).unwrap().assigned.clone();
    a.leave(&in_turn).unwrap().unwrap();
    let file = GroupFile::open_or_create(dir.path(), &group()).unwrap();
    assert_eq!(file.live_members().unwrap()[0].1, Health::Away);
    let (mut a, again) = join(dir.path(), &fixed);
    assert_eq!(again.generation, roster.generation, "nothing was shared out anew");
    assert_eq!(again.member(a.id()).unwrap().assigned, mine);
    assert_eq!(look(&mut a).unwrap().taken, mine);
    // Another one of that name takes its place, and it is told.
    let (newer, _) = join(dir.path(), &fixed);
    assert!(look(&mut a).is_none() && a.is_fenced().unwrap());
    assert_eq!(a.while_member(|| Ok(())).unwrap(), None);
    drop((a, newer));
    assert_eq!(file.live_members().unwrap().len(), 2, "killed, it is away");
    std::thread::sleep(session * 2);
    assert_eq!(file.live_members().unwrap()[0].0.id, b.id());
}

#[test]
fn members_share_by_one_assignor() {
    let dir = tempfile::tempdir().unwrap();
    let (a, _) = join(dir.path(), &joining("a"));
    let other = Joining { assignor: "sticky", ..joining("b") };
    let refused = Membership::join(dir.path(), &group(), &other, &in_turn).unwrap();
    assert_eq!(refused.unwrap_err(), "range");
    drop(a);
    assert!(Membership::join(dir.path(), &group(), &other, &in_turn).unwrap().is_ok());
}

#[test]
fn the_mutex_is_waited_for_as_long_as_asked() {
    let dir = tempfile::tempdir().unwrap();
    let (a, _) = join(dir.path(), &joining("a"));
    let _held = a.file().lock().unwrap();
    let started = Instant::now();
    let hasty = Joining { patience: Duration::from_millis(30), ..joining("b") };
    let refused = Membership::join(dir.path(), &group(), &hasty, &in_turn);
    assert!(matches!(refused, Err(DiskError::Busy { .. })));
    // The clock counts whole milliseconds.
    assert!((28..5000).contains(&started.elapsed().as_millis()));
}

#[test]
fn the_end_of_the_next_member_is_announced_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (mut a, _) = join(dir.path(), &joining("a"));
    let (b, roster) = join(dir.path(), &joining("b"));
    a.watch_next(&roster);
    std::thread::sleep(Duration::from_millis(20));
    let seen = a.file().sequence();
    drop(b);
    let started = Instant::now();
    while a.file().sequence() == seen && started.elapsed().as_secs() < 10 {
        let word = (a.file().sequence_word(), seen);
        sys::wait_any(&[word], Duration::from_millis(100));
    }
    assert_ne!(a.file().sequence(), seen);
    assert_eq!(look(&mut a).unwrap().roster.members.len(), 1);
}

#[test]
fn a_roster_half_written_is_not_the_roster() {
    let dir = tempfile::tempdir().unwrap();
    let (a, roster) = join(dir.path(), &joining("a"));
    let place = || a.file().page.word(WORD_ROSTER).load(Ordering::Acquire);
    // As many as there may be, short and long ones by turns: none touches the one before it.
    for members in [1, 9, 2, 400, 1, 40, 41, 42, 43, 1] {
        let lock = a.file().lock().unwrap();
        let mut next = roster.clone();
        next.members = vec![roster.members[0].clone(); members];
        let len = serde_json::to_vec(&next).unwrap().len();
        let written = lock.place(len as u64).unwrap();
        let half = vec![0xff; len + ROSTER_HEADER_BYTES];
        a.file().file.write_all_at(&half, written).unwrap();
        let before = lock.read().unwrap();
        lock.write(&next).unwrap();
        assert_eq!((lock.read().unwrap(), place()), (next, written));
        assert!(before.members.len() < 1000 && place() < 1 << 20);
    }
    // One that is damaged is made anew, and kept, as soon as nobody else is there.
    let (b, _) = join(dir.path(), &joining("b"));
    a.file().file.write_all_at(&[0xff; 9], place()).unwrap();
    let read = || a.file().lock().unwrap().read();
    assert!(matches!(read(), Err(DiskError::Corrupt { .. })));
    drop(b);
    assert_eq!(read().unwrap().members, []);
    let cuts = a.file().cuts.take();
    assert_eq!((cuts.len(), cuts[0].path.exists()), (1, true));
}

#[test]
fn any_damage_to_the_file_of_a_group_is_found_or_leaves_nobody_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let (member, roster) = join(dir.path(), &joining("a"));
    let path = member.file().path.clone();
    drop(member);
    let bytes = std::fs::read(&path).unwrap();
    let look = || {
        let file = GroupFile::open_or_create(dir.path(), &group())?;
        file.live_members()?;
        file.read()
    };
    assert_eq!(look().unwrap(), roster);
    let contained = |what: String| match look() {
        // A roster that is not found is one of which nobody is alive.
        Ok(read) => assert!(read == roster || read.members.is_empty(), "{what}: {read:?}"),
        Err(error) => assert!(matches!(error, DiskError::Corrupt { .. }), "{what}: {error}"),
    };
    // The words that are used of the page, and all behind it that is not a hole.
    for at in (0..64).chain(ROSTER_BYTES_MIN as usize..bytes.len()) {
        for bit in 0..8 {
            let mut bad = bytes.clone();
            bad[at] ^= 1 << bit;
            std::fs::write(&path, bad).unwrap();
            contained(format!("bit {bit} of byte {at}"));
        }
    }
    for len in
        (0..64).chain(PAGE_BYTES - 8..PAGE_BYTES + 8).chain(ROSTER_BYTES_MIN as usize..bytes.len())
    {
        std::fs::write(&path, &bytes[..len]).unwrap();
        contained(format!("{len} bytes"));
    }
}
