//! Owns being a member of a group: joining it, taking partitions up and letting go of them, leaving
//! it. Leaves the file and what is in it to the module above.

use std::collections::BTreeSet;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{
    ALIVE_BYTES, GroupFile, GroupLock, Health, MEMBERS_MAX, Partition, Roster, RosterMember,
    milliseconds, seen_at,
};
use crate::disk::cut::Cuts;
use crate::disk::error::{DiskError, Result};
use crate::disk::meta::Uuid;
use crate::group::GroupId;
use crate::sys::{self, LockKind, PAGE_BYTES, Page};

/// Who wants to become a member.
#[derive(Clone, Debug)]
pub struct Joining {
    /// The name that the client gives itself.
    pub client_id: String,
    /// The machine that it runs on.
    pub host: String,
    /// The name that a static member keeps over its starts.
    pub instance_id: Option<String>,
    /// The topics that it wants.
    pub topics: Vec<String>,
    /// The assignor that it wants: one for all members.
    pub assignor: &'static str,
    /// How long it may take from one poll to the next.
    pub poll_interval: Duration,
    /// How long a static member keeps its place while it is gone.
    pub session: Duration,
    /// How long it waits for the group's mutex.
    pub patience: Duration,
    /// Where it is noted what was moved aside.
    pub cuts: Cuts,
}

/// Shares partitions out: sets `assigned` of every member.
pub type Assign<'a> = &'a dyn Fn(&mut Roster);

/// What a member finds when it looks at the roster.
#[derive(Debug)]
pub struct Looked {
    /// The roster.
    pub roster: Roster,
    /// Whether partitions were shared out anew by this look.
    pub anew: bool,
    /// The partitions that became ours by it.
    pub taken: Vec<Partition>,
}

/// A place in a group, held until it is left or its process dies.
#[derive(Debug)]
pub struct Membership {
    file: Arc<GroupFile>,
    /// Its slot.
    slot: u32,
    /// Its id.
    id: String,
    instance_id: Option<String>,
    /// The page with the word that says when it last polled.
    seen: Page,
    owned: BTreeSet<Partition>,
    /// The slots whose end is waited for.
    watched: BTreeSet<(u32, String)>,
}

impl Membership {
    /// Joins the group: takes a slot, and shares the partitions out anew. A static member that
    /// comes back takes the place of the one it was, with its partitions. Where the others use
    /// another assignor, answers with its name.
    pub fn join(
        directory: &Path,
        group: &GroupId,
        joining: &Joining,
        assign: Assign<'_>,
    ) -> Result<std::result::Result<(Self, Roster), String>> {
        let file = GroupFile::open_or_create(directory, group)?;
        let file = file.patient(joining.patience).noting(&joining.cuts);
        let unique = Uuid::random().map_err(DiskError::io("make an id in", &file.path))?;
        let name = joining.instance_id.as_ref().unwrap_or(&joining.client_id);
        let id = format!("{name}-{unique}");
        let lock = file.lock()?;
        let mut roster = lock.read()?;
        let swept = file.sweep(&mut roster, "")?;
        let is_me =
            |m: &RosterMember| m.instance_id.is_some() && m.instance_id == joining.instance_id;
        let others = roster.members.iter().any(|member| !is_me(member));
        if others && roster.assignor != joining.assignor {
            return Ok(Err(roster.assignor));
        }
        let slot = take_slot(&file, &roster)?;
        let before = roster.members.iter().position(is_me).map(|at| roster.members.remove(at));
        let kept = before.filter(|before| before.topics == joining.topics && !swept);
        let anew = kept.is_none();
        roster.members.push(RosterMember {
            slot,
            id: id.clone(),
            client_id: joining.client_id.clone(),
            host: joining.host.clone(),
            pid: std::process::id(),
            instance_id: joining.instance_id.clone(),
            poll_interval_ms: milliseconds(joining.poll_interval),
            session_ms: milliseconds(joining.session),
            topics: joining.topics.clone(),
            assigned: kept.map(|before| before.assigned).unwrap_or_default(),
            owned: Vec::new(),
        });
        roster.members.sort_by_key(|member| member.slot);
        if anew {
            assign(&mut roster);
            roster.generation = roster.next_generation();
        }
        let seen = map_seen(&file, slot)?;
        lock.write(&roster)?;
        drop(lock);
        let (owned, watched) = (BTreeSet::new(), BTreeSet::new());
        let (file, instance_id) = (Arc::new(file), joining.instance_id.clone());
        Ok(Ok((Self { file, slot, id, instance_id, seen, owned, watched }, roster)))
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The file, to wait on.
    pub const fn file(&self) -> &Arc<GroupFile> {
        &self.file
    }

    /// The word that says when it last polled.
    fn seen_word(&self) -> &AtomicU64 {
        self.seen.word((self.slot as usize * 8 % PAGE_BYTES) / 8)
    }

    /// Says that it polls. Costs one store, which the others look at when they have nothing to do.
    pub fn beat(&self, now_ms: u64) {
        self.seen_word().store(now_ms.to_be(), Ordering::Relaxed);
    }

    /// Whether it has not polled for longer than `interval`.
    pub fn is_late(&self, now_ms: u64, interval: Duration) -> bool {
        let seen_ms = u64::from_be(self.seen_word().load(Ordering::Relaxed));
        now_ms.saturating_sub(seen_ms) > milliseconds(interval)
    }

    /// Whether somebody is to be taken out, and when that may be so next.
    pub fn look_at_others(&self, roster: &Roster) -> Result<(bool, u64)> {
        let now_ms = sys::monotonic_ms();
        let (mut out, mut next_ms) = (false, u64::MAX);
        for member in roster.members.iter().filter(|member| member.id != self.id) {
            let (health, until_ms) = self.file.health(member, now_ms)?;
            out |= matches!(health, Health::Dead | Health::Hung);
            next_ms = next_ms.min(until_ms);
        }
        Ok((out, next_ms))
    }

    /// Looks at the roster, takes the dead and the hung out, and shares out anew if there were any,
    /// or if `changed` says that topics have. Then lets go of what is not ours any more, and takes
    /// up what is and nobody owns. What `is_held` names is kept for now; what `is_put_down` names
    /// was let go of without a word, and is taken up again. `None` if it is a member no more.
    pub fn look(
        &mut self,
        assign: Assign<'_>,
        changed: bool,
        topics: &[String],
        is_held: &dyn Fn(&Partition) -> bool,
        is_put_down: &dyn Fn(&Partition) -> bool,
    ) -> Result<Option<Looked>> {
        let file = Arc::clone(&self.file);
        let lock = file.lock()?;
        let mut roster = lock.read()?;
        let Some(me) = roster.members.iter_mut().find(|member| member.id == self.id) else {
            return Ok(None);
        };
        let wants_others = me.topics != topics;
        topics.clone_into(&mut me.topics);
        let anew = file.sweep(&mut roster, &self.id)? || changed || wants_others;
        if anew {
            assign(&mut roster);
            roster.generation = roster.next_generation();
        }
        let (mine, theirs): (Vec<_>, Vec<_>) =
            roster.members.iter_mut().partition(|member| member.id == self.id);
        let theirs: BTreeSet<&Partition> = theirs.iter().flat_map(|m| &m.owned).collect();
        let Some(me) = mine.into_iter().next() else { return Ok(None) };
        let assigned: BTreeSet<&Partition> = me.assigned.iter().collect();
        let stays = |p: &&Partition| is_held(p) || assigned.contains(*p);
        let mut owned: BTreeSet<Partition> = self.owned.iter().filter(stays).cloned().collect();
        let released = owned.len() != self.owned.len();
        let is_free = |p: &&Partition| {
            if owned.contains(*p) { is_put_down(p) && !is_held(p) } else { !theirs.contains(*p) }
        };
        let taken: Vec<Partition> = me.assigned.iter().filter(is_free).cloned().collect();
        owned.extend(taken.iter().cloned());
        me.owned = owned.iter().cloned().collect();
        if anew || released {
            lock.write(&roster)?;
        } else if owned != self.owned {
            lock.replace(&roster)?;
        }
        self.owned = owned;
        Ok(Some(Looked { roster, anew, taken }))
    }

    /// Whether another process has taken its place, under the same instance id.
    pub fn is_fenced(&self) -> Result<bool> {
        let is_other = |m: &RosterMember| m.instance_id == self.instance_id && m.id != self.id;
        Ok(self.instance_id.is_some() && self.file.peek()?.members.iter().any(is_other))
    }

    /// Runs `act` under the group's mutex, if this is still a member.
    pub fn while_member<T>(&self, act: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
        let lock = self.file.lock()?;
        if lock.read()?.member(&self.id).is_some() {
            return act().map(Some);
        }
        Ok(None)
    }

    /// The partitions that it owns.
    pub const fn owned(&self) -> &BTreeSet<Partition> {
        &self.owned
    }

    /// Sees to it that the end of the next member, in a ring, wakes everybody at once: a thread
    /// waits for the lock that says it is alive. The kernel gives that to it when the member dies.
    pub fn watch_next(&mut self, roster: &Roster) {
        let Some(at) = roster.members.iter().position(|m| m.id == self.id) else { return };
        let ring = roster.members.iter().cycle().skip(at + 1);
        let is_there = |m: &&RosterMember| {
            m.id != self.id && self.file.is_held(m.slot).is_ok_and(|is_held| is_held)
        };
        let Some(next) = ring.take(roster.members.len()).find(is_there) else { return };
        let key = (next.slot, next.id.clone());
        if !self.watched.insert(key) {
            return;
        }
        let (slot, group) = (next.slot, self.file.group.clone());
        let Some(directory) = self.file.path.parent().map(Path::to_owned) else { return };
        let watch = move || {
            // An opening of its own: through ours the lock would be taken for one of ours.
            let Ok(file) = GroupFile::open_or_create(&directory, &group) else { return };
            let at = ALIVE_BYTES + u64::from(slot);
            if sys::lock(&file.file, LockKind::Exclusive, at, 1).is_ok() {
                drop(sys::unlock(&file.file, at, 1));
                file.announce();
            }
        };
        // Without it, the next look at the roster finds the dead, only later.
        drop(std::thread::Builder::new().name("watch".to_owned()).spawn(watch));
    }

    /// Leaves the group: shares out among those who stay, and lets go of everything. A static
    /// member only lets go: its place and its share wait for it to come back. `None` if it was a
    /// member no more.
    pub fn leave(self, assign: Assign<'_>) -> Result<Option<Roster>> {
        let lock = self.file.lock()?;
        let mut roster = lock.read()?;
        let Some(me) = roster.members.iter_mut().find(|member| member.id == self.id) else {
            return Ok(None);
        };
        if me.instance_id.is_some() {
            me.owned.clear();
            self.beat(sys::monotonic_ms());
        } else {
            roster.members.retain(|member| member.id != self.id);
            self.file.sweep(&mut roster, "")?;
            assign(&mut roster);
            roster.generation = roster.next_generation();
        }
        self.give_back(&lock, &roster)?;
        drop(lock);
        Ok(Some(roster))
    }

    /// Writes the roster that it leaves behind, and gives its slot back.
    fn give_back(&self, lock: &GroupLock<'_>, roster: &Roster) -> Result<()> {
        lock.write(roster)?;
        let at = ALIVE_BYTES + u64::from(self.slot);
        sys::unlock(&self.file.file, at, 1).map_err(DiskError::io("unlock", &self.file.path))
    }
}

/// The lowest slot that nobody holds, and that no static member waits in.
fn take_slot(file: &GroupFile, roster: &Roster) -> Result<u32> {
    let kept: BTreeSet<u32> = roster.members.iter().map(|member| member.slot).collect();
    for slot in (0..MEMBERS_MAX).filter(|slot| !kept.contains(slot)) {
        let at = ALIVE_BYTES + u64::from(slot);
        if sys::try_lock(&file.file, LockKind::Exclusive, at, 1)
            .map_err(DiskError::io("lock", &file.path))?
        {
            return Ok(slot);
        }
    }
    let holder = format!("{MEMBERS_MAX} members");
    Err(DiskError::Busy { path: file.path.clone(), holder })
}

/// Maps the page of a slot's word, with the time in it. Under the group's mutex.
fn map_seen(file: &GroupFile, slot: u32) -> Result<Page> {
    let GroupFile { file, path, .. } = file;
    let at = seen_at(slot);
    let page = at - at % PAGE_BYTES as u64;
    let len = file.metadata().map_err(DiskError::io("stat", path))?.len().max(page);
    let write = DiskError::io("write", path);
    // Written, so that a full disk is an error here and not a signal later.
    let missing = (page + PAGE_BYTES as u64).saturating_sub(len) as usize;
    file.write_all_at(&vec![0; missing], len)
        .and_then(|()| file.write_all_at(&sys::monotonic_ms().to_be_bytes(), at))
        .map_err(write)?;
    Page::map_at(file, page, true).map_err(DiskError::io("map", path))
}
