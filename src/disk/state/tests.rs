//! Tests of `state`.

use super::*;

fn end(n: i64) -> End {
    End { end_offset: n, position: n as u64 * 3, ..End::empty(0) }
}

#[test]
fn what_is_published_is_read_by_another_mapping() {
    let dir = tempfile::tempdir().unwrap();
    let boot = BootId::current();
    assert!(State::open(dir.path()).unwrap().is_none());
    let writer = State::open_or_create(dir.path()).unwrap();
    assert_eq!(writer.end(&boot), None);
    writer.publish(&end(1), &boot);
    let reader = State::open(dir.path()).unwrap().unwrap();
    assert_eq!(reader.end(&boot), Some(end(1)));
    writer.publish(&end(2), &boot);
    assert_eq!(reader.end(&boot), Some(end(2)));
    assert_eq!(reader.end(&BootId::from_words([1, 2])), None);
    writer.set_word(State::slot(writer.sequence()) + 1, 99);
    assert_eq!(reader.end(&boot), None, "a damaged slot is not believed");
}

#[test]
fn a_copy_of_the_page_is_of_no_log() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let boot = BootId::current();
    let writer = State::open_or_create(dir.path()).unwrap();
    writer.publish(&end(3), &boot);
    writer.raise_recovery_point(3);
    writer.set_fenced(true);
    let name = layout::PARTITION_STATE;
    std::fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
    let copied = State::open_or_create(copy.path()).unwrap();
    assert_eq!((copied.end(&boot), copied.recovery_point()), (None, 0));
    assert!(!copied.is_fenced() && !copied.is_deleted());
    copied.publish(&end(1), &boot);
    assert_eq!((copied.end(&boot), copied.recovery_point()), (Some(end(1)), 0));
    assert!(!copied.is_fenced());
}

#[test]
fn a_kill_while_publishing_after_a_reboot_leaves_no_end() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (BootId::from_words([1, 1]), BootId::from_words([2, 2]));
    let writer = State::open_or_create(dir.path()).unwrap();
    writer.publish(&end(1), &old);
    // Killed behind the store of the sequence, before the page is claimed for the new start.
    let next = writer.sequence().wrapping_add(1);
    writer.set_word(State::slot(next), 7);
    writer.sequence_word().store(next, Ordering::Release);
    assert_eq!(writer.end(&new), None);
    writer.publish(&end(5), &new);
    assert_eq!((writer.end(&new), writer.end(&old)), (Some(end(5)), None));
}

#[test]
fn readers_never_see_half_an_end() {
    let dir = tempfile::tempdir().unwrap();
    let boot = BootId::current();
    let writer = State::open_or_create(dir.path()).unwrap();
    writer.publish(&end(0), &boot);
    let reader = State::open(dir.path()).unwrap().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| (1..200_000).for_each(|n| writer.publish(&end(n), &boot)));
        let mut last = 0;
        while last < 199_999 {
            let seen = reader.end(&boot);
            if let Some(seen) = seen {
                assert_eq!(seen, end(seen.end_offset));
                assert!(seen.end_offset >= last);
                last = seen.end_offset;
            }
        }
    });
}

#[test]
fn producers_are_noted_once_each_and_the_table_fills() {
    let dir = tempfile::tempdir().unwrap();
    let state = State::open_or_create(dir.path()).unwrap();
    let entry = |id| ProducerEntry {
        id,
        epoch: 3,
        last_sequence: -1,
        last_offset: 1 << 40,
        offset_delta: 4,
        timestamp: -7,
    };
    for id in 0..PRODUCERS_MAX as i64 {
        assert!(state.note_producer(&entry(id)));
        assert!(state.note_producer(&entry(id)));
    }
    assert!(!state.note_producer(&entry(1000)));
    let all = state.producers();
    assert_eq!(all.len(), PRODUCERS_MAX);
    assert_eq!(all[5], entry(5));
    state.clear_producers();
    assert_eq!(state.producers(), []);
}

#[test]
fn a_page_that_was_removed_is_not_locked_and_not_waited_on() {
    let dir = tempfile::tempdir().unwrap();
    let state = State::open_or_create(dir.path()).unwrap();
    {
        let _locked = state.lock().unwrap();
        assert!(state.is_held() && state.is_in_place());
    }
    assert!(!state.is_held());
    std::fs::remove_file(state.path()).unwrap();
    assert!(!state.is_in_place());
    for locked in [state.lock(), state.try_lock()] {
        assert!(matches!(locked, Err(DiskError::Deleted { path }) if path == dir.path()));
    }
    assert!(!state.is_held());
    let next = State::open_or_create(dir.path()).unwrap();
    assert!(next.is_in_place() && !state.is_in_place());
    drop(next.try_lock().unwrap());
}

#[test]
fn a_page_with_flags_that_nobody_sets_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let boot = BootId::current();
    let state = State::open_or_create(dir.path()).unwrap();
    state.publish(&end(1), &boot);
    state.raise_recovery_point(1);
    state.set_word(WORD_FLAGS, 0x5ea7 << 8 | FLAG_DELETED);
    assert_eq!((state.end(&boot), state.is_deleted(), state.recovery_point()), (None, false, 0));
    state.publish(&end(2), &boot);
    assert_eq!((state.end(&boot), state.is_deleted()), (Some(end(2)), false));
}
