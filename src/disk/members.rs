//! Owns the members of a consumer group on one directory: who is there, who is alive, who owns
//! which partition. Leaves assigning to `assignor`, offsets to `offsets`, and waiting to `cluster`.
//!
//! There is no coordinator and no heartbeat. Every member holds two kinds of locks on the group's
//! file, which the kernel frees when it dies: one byte says that its slot is alive, one byte for
//! each partition says that it owns it. What the members know of each other, the roster, stands in
//! the same file twice, and a word of its mapped page says which of the two counts, so a member
//! killed while it writes leaves the old one.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::{DiskError, Result};
use super::meta::Uuid;
use super::{file, layout};
use crate::group::GroupId;
use crate::sys::{self, LockKind, PAGE_BYTES, Page};

const MAGIC: u64 = u64::from_be_bytes(*b"KAWGROUP");
const WORD_MAGIC: usize = 0;
/// Which of the two rosters counts: 1 or 2; 0 for none yet.
const WORD_ROSTER: usize = 1;
/// The sequence that members wait on, a half word.
const HALF_WORD_SEQUENCE: usize = 4;

/// The longest roster.
const ROSTER_BYTES_MAX: u64 = 4 << 20;
/// Bytes in front of a roster: its length and its checksum.
const ROSTER_HEADER_BYTES: usize = 8;
/// How often the mutex of a group is tried, for half a minute at least, and the time in between.
const LOCK_TRIES: u32 = 200_000;
const LOCK_STEP: Duration = Duration::from_micros(150);
/// How often a roster is read without the mutex before it is read with it.
const PEEKS: u32 = 20;
/// The most members of one group.
pub const MEMBERS_MAX: u32 = 10_000;

/// Locks lie far behind anything that is ever written.
const MUTEX_BYTE: u64 = 1 << 60;
const ALIVE_BYTES: u64 = MUTEX_BYTE + 16;
const OWNED_BYTES: u64 = 1 << 61;
const OWNED_MASK: u64 = (1 << 61) - 1;

/// A partition by the name of its topic.
pub type Partition = (String, i32);

/// A member as the others know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterMember {
    /// Its place: the number of the byte that says it is alive.
    pub slot: u32,
    /// Its id, new with every start.
    pub id: String,
    /// The name that the client gives itself.
    pub client_id: String,
    /// The machine that it runs on.
    pub host: String,
    /// Its process.
    pub pid: u32,
    /// The topics that it wants.
    pub topics: Vec<String>,
    /// The partitions that it is to own.
    pub assigned: Vec<Partition>,
}

/// What the members know of each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// The group's id: the file is named by a hash.
    pub group: String,
    /// How often partitions were shared out anew.
    pub generation: i32,
    /// The assignor that was used.
    pub assignor: String,
    /// The members, by slot.
    pub members: Vec<RosterMember>,
}

/// The file of a group.
#[derive(Debug)]
pub struct GroupFile {
    group: GroupId,
    path: PathBuf,
    file: File,
    page: Page,
}

/// The group's mutex; given back on drop.
#[derive(Debug)]
pub struct GroupLock<'a>(&'a GroupFile);

impl Drop for GroupLock<'_> {
    fn drop(&mut self) {
        // The kernel drops it with the file, should this fail.
        drop(sys::unlock(&self.0.file, MUTEX_BYTE, 1));
    }
}

impl GroupFile {
    /// Opens the file of `group` and makes it where it is missing.
    pub fn open_or_create(directory: &Path, group: &GroupId) -> Result<Self> {
        let path = layout::group_file(directory, group.as_str());
        let file = file::open_to_write(&path)?;
        let len = file.metadata().map_err(DiskError::io("stat", &path))?.len();
        if len < PAGE_BYTES as u64 {
            // Written, so that a full disk is an error here and not a signal later.
            let rest = vec![0; PAGE_BYTES - len as usize];
            file.write_all_at(&rest, len).map_err(DiskError::io("write", &path))?;
        }
        let page = Page::map(&file, true).map_err(DiskError::io("map", &path))?;
        Ok(Self { group: group.clone(), path, file, page })
    }

    /// Opens the file of `group`; `None` where it never had a member.
    pub fn open(directory: &Path, group: &GroupId) -> Result<Option<Self>> {
        if layout::group_file(directory, group.as_str()).exists() {
            return Self::open_or_create(directory, group).map(Some);
        }
        Ok(None)
    }

    /// Waits for the group's mutex, which is held for microseconds by whoever is not stopped. Not
    /// in the kernel's queue: that wait would have no end.
    pub fn lock(&self) -> Result<GroupLock<'_>> {
        for _ in 0..LOCK_TRIES {
            if sys::try_lock(&self.file, LockKind::Exclusive, MUTEX_BYTE, 1)
                .map_err(DiskError::io("lock", &self.path))?
            {
                return Ok(GroupLock(self));
            }
            std::thread::sleep(LOCK_STEP);
        }
        let holder = "a member that stands still".to_owned();
        Err(DiskError::Busy { path: self.path.clone(), holder })
    }

    /// The word that changes whenever the roster does.
    pub fn sequence_word(&self) -> &AtomicU32 {
        self.page.half_word(HALF_WORD_SEQUENCE)
    }

    /// The current sequence number.
    pub fn sequence(&self) -> u32 {
        self.sequence_word().load(Ordering::Acquire)
    }

    fn announce(&self) {
        self.sequence_word().fetch_add(1, Ordering::AcqRel);
        sys::wake_all(self.sequence_word());
    }

    /// Whether somebody else, through another opening of the file, holds the byte of `slot`.
    fn is_alive(&self, slot: u32) -> Result<bool> {
        let at = ALIVE_BYTES + u64::from(slot);
        let holder = sys::lock_holder(&self.file, LockKind::Exclusive, at, 1);
        Ok(holder.map_err(DiskError::io("examine", &self.path))?.is_some())
    }

    /// The roster that counts.
    fn read(&self) -> Result<Roster> {
        let Self { group, path, file, page } = self;
        let fresh = || Roster { group: group.to_string(), ..Roster::default() };
        let which = page.word(WORD_ROSTER).load(Ordering::Acquire);
        if page.word(WORD_MAGIC).load(Ordering::Relaxed) != MAGIC || !(1..=2).contains(&which) {
            return Ok(fresh());
        }
        let at = place(which);
        let mut header = [0; ROSTER_HEADER_BYTES];
        file.read_exact_at(&mut header, at).map_err(DiskError::io("read", path))?;
        let number = u64::from_be_bytes(header);
        let (len, crc) = (number >> 32, number as u32);
        let damage = |reason: &str| DiskError::corrupt(path, at, reason);
        if len > ROSTER_BYTES_MAX {
            return Err(damage("its roster is too long"));
        }
        let mut bytes = vec![0; len as usize];
        file.read_exact_at(&mut bytes, at + ROSTER_HEADER_BYTES as u64)
            .map_err(DiskError::io("read", path))?;
        if crc32c::crc32c(&bytes) != crc {
            return Err(damage("the checksum of its roster is wrong"));
        }
        let roster: Roster =
            serde_json::from_slice(&bytes).map_err(|_| damage("its roster cannot be read"))?;
        if roster.group != group.as_str() {
            let found = format!("it is of another group, `{}`", roster.group.escape_debug());
            return Err(DiskError::Foreign { path: path.clone(), found });
        }
        Ok(roster)
    }

    /// The roster, without the mutex: one that is replaced meanwhile does not pass its checksum.
    fn peek(&self) -> Result<Roster> {
        for _ in 0..PEEKS {
            if let Ok(roster) = self.read() {
                return Ok(roster);
            }
        }
        self.lock()?.read()
    }

    /// The members that are alive, as one who is not a member sees them: also while one of them
    /// stands still with the mutex.
    pub fn live_members(&self) -> Result<Roster> {
        let mut roster = self.peek()?;
        let mut alive = Vec::new();
        for member in roster.members.drain(..) {
            if self.is_alive(member.slot)? {
                alive.push(member);
            }
        }
        roster.members = alive;
        Ok(roster)
    }
}

impl GroupLock<'_> {
    /// The roster.
    pub fn read(&self) -> Result<Roster> {
        self.0.read()
    }

    /// Replaces the roster and wakes the members.
    pub fn write(&self, roster: &Roster) -> Result<()> {
        let GroupFile { path, file, page, .. } = self.0;
        let bytes = serde_json::to_vec(roster).unwrap_or_default();
        if bytes.len() as u64 > ROSTER_BYTES_MAX {
            return Err(DiskError::TooLarge {
                bytes: bytes.len() as u64,
                max_bytes: ROSTER_BYTES_MAX,
            });
        }
        let next = if page.word(WORD_ROSTER).load(Ordering::Acquire) == 1 { 2 } else { 1 };
        let number = (bytes.len() as u64) << 32 | u64::from(crc32c::crc32c(&bytes));
        let mut all = number.to_be_bytes().to_vec();
        all.extend_from_slice(&bytes);
        file.write_all_at(&all, place(next)).map_err(DiskError::io("write", path))?;
        page.word(WORD_MAGIC).store(MAGIC, Ordering::Relaxed);
        page.word(WORD_ROSTER).store(next, Ordering::Release);
        self.0.announce();
        Ok(())
    }
}

/// Where the first or the second roster stands.
const fn place(which: u64) -> u64 {
    PAGE_BYTES as u64 + (which - 1) * (ROSTER_BYTES_MAX + ROSTER_HEADER_BYTES as u64)
}

/// The byte that says who owns a partition.
fn owned_byte(partition: &Partition) -> u64 {
    let (topic, number) = partition;
    // FNV-1a of 64 bits, over a name that cannot hold the byte between its parts.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in topic.bytes().chain([0]).chain(number.to_be_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    OWNED_BYTES + (hash & OWNED_MASK)
}

/// The name of this machine.
pub fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}

/// Who wants to become a member.
#[derive(Clone, Debug)]
pub struct Joining {
    /// The name that the client gives itself.
    pub client_id: String,
    /// The machine that it runs on.
    pub host: String,
    /// The topics that it wants.
    pub topics: Vec<String>,
}

/// Shares partitions out: sets `assigned` of every member.
pub type Assign<'a> = &'a dyn Fn(&mut Roster);

/// A place in a group, held until it is left or its process dies.
#[derive(Debug)]
pub struct Membership {
    file: Arc<GroupFile>,
    /// Its slot.
    slot: u32,
    /// Its id.
    id: String,
    owned: BTreeSet<Partition>,
    /// The slots whose end is waited for.
    watched: BTreeSet<(u32, String)>,
}

impl Membership {
    /// Joins the group: takes a slot, and shares the partitions out anew.
    pub fn join(
        directory: &Path,
        group: &GroupId,
        joining: &Joining,
        assign: Assign<'_>,
    ) -> Result<(Self, Roster)> {
        let file = Arc::new(GroupFile::open_or_create(directory, group)?);
        let unique = Uuid::random().map_err(DiskError::io("make an id in", &file.path))?;
        let id = format!("{}-{unique}", joining.client_id);
        let mut membership = Self {
            file: Arc::clone(&file),
            slot: 0,
            id: id.clone(),
            owned: BTreeSet::new(),
            watched: BTreeSet::new(),
        };
        let lock = file.lock()?;
        let mut roster = lock.read()?;
        membership.sweep(&mut roster)?;
        membership.slot = membership.take_slot()?;
        roster.members.push(RosterMember {
            slot: membership.slot,
            id,
            client_id: joining.client_id.clone(),
            host: joining.host.clone(),
            pid: std::process::id(),
            topics: joining.topics.clone(),
            assigned: Vec::new(),
        });
        roster.members.sort_by_key(|member| member.slot);
        assign(&mut roster);
        roster.generation = roster.generation.wrapping_add(1).max(1);
        lock.write(&roster)?;
        drop(lock);
        Ok((membership, roster))
    }

    /// The lowest slot that nobody holds.
    fn take_slot(&self) -> Result<u32> {
        for slot in 0..MEMBERS_MAX {
            let at = ALIVE_BYTES + u64::from(slot);
            if sys::try_lock(&self.file.file, LockKind::Exclusive, at, 1)
                .map_err(DiskError::io("lock", &self.file.path))?
            {
                return Ok(slot);
            }
        }
        let holder = format!("{MEMBERS_MAX} members");
        Err(DiskError::Busy { path: self.file.path.clone(), holder })
    }

    /// Takes the dead out of `roster`; answers whether there were any.
    fn sweep(&self, roster: &mut Roster) -> Result<bool> {
        let before = roster.members.len();
        let mut alive = Vec::with_capacity(before);
        for member in roster.members.drain(..) {
            if member.id == self.id || self.file.is_alive(member.slot)? {
                alive.push(member);
            }
        }
        roster.members = alive;
        Ok(roster.members.len() != before)
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The file, to wait on.
    pub const fn file(&self) -> &Arc<GroupFile> {
        &self.file
    }

    /// Looks at the roster, takes the dead out, and shares out anew if there were any, or if
    /// `changed` says that topics have. Answers whether it did.
    pub fn refresh(&self, assign: Assign<'_>, changed: bool) -> Result<(Roster, bool)> {
        let lock = self.file.lock()?;
        let mut roster = lock.read()?;
        let anew = self.sweep(&mut roster)? || changed;
        if anew {
            assign(&mut roster);
            roster.generation = roster.generation.wrapping_add(1).max(1);
            lock.write(&roster)?;
        }
        Ok((roster, anew))
    }

    /// Runs `act` under the group's mutex, if this is still a member.
    pub fn while_member<T>(&self, act: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
        let lock = self.file.lock()?;
        if lock.read()?.members.iter().any(|member| member.id == self.id) {
            return act().map(Some);
        }
        Ok(None)
    }

    /// The partitions that it owns.
    pub const fn owned(&self) -> &BTreeSet<Partition> {
        &self.owned
    }

    /// Tries to become the owner of a partition: true if nobody else is.
    pub fn try_own(&mut self, partition: &Partition) -> Result<bool> {
        if self.owned.contains(partition) {
            return Ok(true);
        }
        let at = owned_byte(partition);
        let free = sys::try_lock(&self.file.file, LockKind::Exclusive, at, 1)
            .map_err(DiskError::io("lock", &self.file.path))?;
        if free {
            self.owned.insert(partition.clone());
        }
        Ok(free)
    }

    /// Lets go of a partition, and wakes who waits for it.
    pub fn disown(&mut self, partition: &Partition) -> Result<()> {
        if self.owned.remove(partition) {
            sys::unlock(&self.file.file, owned_byte(partition), 1)
                .map_err(DiskError::io("unlock", &self.file.path))?;
            self.file.announce();
        }
        Ok(())
    }

    /// Sees to it that the end of the next member, in a ring, wakes everybody at once: a thread
    /// waits for the lock that says it is alive. The kernel gives that to it when the member dies.
    pub fn watch_next(&mut self, roster: &Roster) {
        let Some(at) = roster.members.iter().position(|m| m.id == self.id) else { return };
        let ring = roster.members.iter().cycle().skip(at + 1);
        let Some(next) = ring.take(roster.members.len()).find(|m| m.id != self.id) else { return };
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

    /// Leaves the group: shares out among those who stay, then lets go of everything.
    pub fn leave(mut self, assign: Assign<'_>) -> Result<Roster> {
        let roster = {
            let lock = self.file.lock()?;
            let mut roster = lock.read()?;
            self.sweep(&mut roster)?;
            roster.members.retain(|member| member.id != self.id);
            assign(&mut roster);
            roster.generation = roster.generation.wrapping_add(1).max(1);
            lock.write(&roster)?;
            roster
        };
        for partition in std::mem::take(&mut self.owned) {
            self.owned.insert(partition.clone());
            self.disown(&partition)?;
        }
        let at = ALIVE_BYTES + u64::from(self.slot);
        sys::unlock(&self.file.file, at, 1).map_err(DiskError::io("unlock", &self.file.path))?;
        Ok(roster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joining(client_id: &str) -> Joining {
        Joining {
            client_id: client_id.to_owned(),
            host: "here".to_owned(),
            topics: vec!["t".to_owned()],
        }
    }

    fn in_turn(roster: &mut Roster) {
        let members = roster.members.len();
        for (at, member) in roster.members.iter_mut().enumerate() {
            let mine = (0..4).filter(|n| *n as usize % members == at);
            member.assigned = mine.map(|n| ("t".to_owned(), n)).collect();
        }
    }

    #[test]
    fn members_join_leave_and_die_and_the_others_see_it() {
        let dir = tempfile::tempdir().unwrap();
        let group = GroupId::new("g/\u{1b}").unwrap();
        let join = |name| Membership::join(dir.path(), &group, &joining(name), &in_turn).unwrap();
        assert!(GroupFile::open(dir.path(), &group).unwrap().is_none());
        let (a, roster) = join("a");
        assert_eq!((roster.generation, roster.members[0].assigned.len()), (1, 4));
        let (b, roster) = join("b");
        let (c, last) = join("c");
        assert_eq!((roster.members.len(), last.members.len(), last.generation), (2, 3, 3));
        let file = GroupFile::open(dir.path(), &group).unwrap().unwrap();
        assert_eq!(file.live_members().unwrap(), last);
        let held = a.file().lock().unwrap();
        assert_eq!(file.live_members().unwrap(), last, "who looks needs no lock");
        drop(held);
        // One leaves, one dies: its file is closed without a word.
        assert_eq!(b.leave(&in_turn).unwrap().members.len(), 2);
        let sequence = file.sequence();
        drop(c);
        assert_eq!(file.live_members().unwrap().members.len(), 1);
        let (roster, _) = a.refresh(&in_turn, false).unwrap();
        assert_eq!((roster.members.len(), roster.members[0].assigned.len()), (1, 4));
        assert_eq!((roster.generation, file.sequence()), (5, sequence + 1));
        assert_eq!(a.refresh(&in_turn, false).unwrap().0.generation, 5, "nothing changed");
        assert_eq!(a.while_member(|| Ok(7)).unwrap(), Some(7));
    }

    #[test]
    fn a_partition_has_one_owner_until_it_lets_go_or_dies() {
        let dir = tempfile::tempdir().unwrap();
        let group = GroupId::new("g").unwrap();
        let join = |name| Membership::join(dir.path(), &group, &joining(name), &in_turn).unwrap().0;
        let (mut a, mut b) = (join("a"), join("b"));
        let (one, two) = (("t".to_owned(), 1), ("t".to_owned(), 2));
        assert!(a.try_own(&one).unwrap() && a.try_own(&one).unwrap());
        assert!(!b.try_own(&one).unwrap() && b.try_own(&two).unwrap());
        a.disown(&one).unwrap();
        assert!(b.try_own(&one).unwrap());
        drop(b);
        assert!(a.try_own(&one).unwrap() && a.try_own(&two).unwrap());
    }

    #[test]
    fn the_end_of_the_next_member_is_announced_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let group = GroupId::new("g").unwrap();
        let (mut a, _) = Membership::join(dir.path(), &group, &joining("a"), &in_turn).unwrap();
        let (b, roster) = Membership::join(dir.path(), &group, &joining("b"), &in_turn).unwrap();
        a.watch_next(&roster);
        std::thread::sleep(std::time::Duration::from_millis(20));
        let seen = a.file().sequence();
        drop(b);
        let started = std::time::Instant::now();
        while a.file().sequence() == seen && started.elapsed().as_secs() < 10 {
            let word = (a.file().sequence_word(), seen);
            sys::wait_any(&[word], std::time::Duration::from_millis(100));
        }
        assert_ne!(a.file().sequence(), seen);
        assert_eq!(a.refresh(&in_turn, false).unwrap().0.members.len(), 1);
    }

    #[test]
    fn a_roster_half_written_is_not_the_roster() {
        let dir = tempfile::tempdir().unwrap();
        let group = GroupId::new("g").unwrap();
        let (a, roster) = Membership::join(dir.path(), &group, &joining("a"), &in_turn).unwrap();
        let which = a.file().page.word(WORD_ROSTER).load(Ordering::Acquire);
        a.file().file.write_all_at(&[0xff; 100], place(3 - which)).unwrap();
        assert_eq!(a.file().lock().unwrap().read().unwrap(), roster);
        a.file().file.write_all_at(&[0xff; 9], place(which)).unwrap();
        assert!(matches!(a.file().lock().unwrap().read(), Err(DiskError::Corrupt { .. })));
    }
}
