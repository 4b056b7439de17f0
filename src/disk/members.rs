//! Owns the file of a consumer group on one directory: who is in it, who is alive, who owns which
//! partition. Leaves joining and leaving to `membership`, assigning to `assignor`, offsets to
//! `offsets`, and waiting to `cluster`.
//!
//! There is no coordinator. What the members know of each other, the roster, stands in the file,
//! and a word of its mapped page says where. The next one is written beside it, so a member killed
//! while it writes leaves the old one. It is changed under the group's mutex only, and says of
//! every partition who owns it. So a partition has one owner, and who is taken out of the roster
//! owns nothing, whatever it holds or believes.
//!
//! Every member holds a lock on one byte, its slot, which the kernel frees when it dies, and notes
//! in a mapped word when it last polled. Who is dead, or has not polled for longer than it said it
//! might, is taken out by the next one that looks. A static member that is gone keeps its place for
//! as long as its session lasts.

mod membership;
mod mending;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::membership::{Assign, Joining, Looked, Membership};
pub use self::mending::{Wrong, check, repair};
use super::cut::Cuts;
use super::error::{DiskError, Result};
use super::{file, layout};
use crate::group::GroupId;
use crate::sys::{self, LockKind, PAGE_BYTES, Page};

const MAGIC: u64 = u64::from_be_bytes(*b"KAWGROU2");
const WORD_MAGIC: usize = 0;
/// Where the roster that counts begins; 0 for none yet.
const WORD_ROSTER: usize = 1;
/// The sequence that members wait on, a half word.
const HALF_WORD_SEQUENCE: usize = 4;

/// The longest roster.
const ROSTER_BYTES_MAX: u64 = 4 << 20;
/// Bytes in front of a roster: its length and its checksum.
const ROSTER_HEADER_BYTES: usize = 8;
/// How long between two tries for the mutex of a group.
const LOCK_STEP: Duration = Duration::from_micros(100);
/// How long the mutex is waited for, unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a roster is read without the mutex before it is taken for damaged: a reader meets
/// bytes that are being written only where two others came while it read.
const PEEKS: u32 = 20;
/// The most members of one group.
pub const MEMBERS_MAX: u32 = 10_000;

/// Locks lie far behind anything that is ever written.
const MUTEX_BYTE: u64 = 1 << 60;
const ALIVE_BYTES: u64 = MUTEX_BYTE + 16;
/// Where the words begin that say when the member of a slot last polled: those of the first slots,
/// of as many as a page has, and behind the rosters those of the others.
const SEEN_BYTES: u64 = PAGE_BYTES as u64;
const SEEN_BYTES_MANY: u64 = 32 << 20;
const SLOTS_FEW: u32 = PAGE_BYTES as u32 / 8;
/// Where rosters begin.
const ROSTER_BYTES_MIN: u64 = 2 * PAGE_BYTES as u64;

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
    /// The name that a static member keeps over its starts.
    pub instance_id: Option<String>,
    /// How long it may take from one poll to the next.
    pub poll_interval_ms: u64,
    /// How long a static member keeps its place while it is gone.
    pub session_ms: u64,
    /// The topics that it wants.
    pub topics: Vec<String>,
    /// The partitions that it is to own.
    pub assigned: Vec<Partition>,
    /// The partitions that it owns: those that it has taken up, and not let go of.
    pub owned: Vec<Partition>,
}

/// How a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It polls.
    Alive,
    /// It runs, or stands still, and has not polled for too long.
    Hung,
    /// A static member that is gone, and may come back.
    Away,
    /// It is gone.
    Dead,
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
    /// How long the mutex is waited for.
    patience: Duration,
    /// What was moved aside and is not told yet.
    cuts: Cuts,
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
        file::make_page(&file, &path)?;
        let page = Page::map(&file, true).map_err(DiskError::io("map", &path))?;
        let (patience, cuts) = (PATIENCE, Cuts::default());
        Ok(Self { group: group.clone(), path, file, page, patience, cuts })
    }

    /// The same, which waits for the mutex for as long as this.
    #[must_use]
    pub const fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The same, which notes what is moved aside among `cuts`.
    #[must_use]
    pub fn noting(self, cuts: &Cuts) -> Self {
        Self { cuts: cuts.clone(), ..self }
    }

    /// Opens the file of `group` to look who is in it, which takes no lock and writes nothing;
    /// `None` where it never had a member.
    pub fn open(directory: &Path, group: &GroupId) -> Result<Option<Self>> {
        let path = layout::group_file(directory, group.as_str());
        let Some(file) = file::open_if_there(&path)? else { return Ok(None) };
        if file.metadata().map_err(DiskError::io("stat", &path))?.len() < PAGE_BYTES as u64 {
            // Somebody makes it, or was killed when he did.
            return Ok(None);
        }
        let page = Page::map(&file, false).map_err(DiskError::io("map", &path))?;
        let (group, patience, cuts) = (group.clone(), PATIENCE, Cuts::default());
        Ok(Some(Self { group, path, file, page, patience, cuts }))
    }

    /// Waits for the group's mutex, which is held for microseconds by whoever is not stopped. Not
    /// in the kernel's queue: that wait would have no end.
    pub fn lock(&self) -> Result<GroupLock<'_>> {
        let until_ms = sys::monotonic_ms() + milliseconds(self.patience);
        loop {
            if sys::try_lock(&self.file, LockKind::Exclusive, MUTEX_BYTE, 1)
                .map_err(DiskError::io("lock", &self.path))?
            {
                return Ok(GroupLock(self));
            }
            if sys::monotonic_ms() >= until_ms {
                break;
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
    fn is_held(&self, slot: u32) -> Result<bool> {
        let at = ALIVE_BYTES + u64::from(slot);
        let holder = sys::lock_holder(&self.file, LockKind::Exclusive, at, 1);
        Ok(holder.map_err(DiskError::io("examine", &self.path))?.is_some())
    }

    /// When the member of `slot` last polled, on the monotonic clock.
    fn seen_ms(&self, slot: u32) -> Result<u64> {
        let mut word = [0; 8];
        let read = self.file.read_exact_at(&mut word, seen_at(slot));
        read.map_err(DiskError::read(&self.path, seen_at(slot)))?;
        Ok(u64::from_be_bytes(word))
    }

    /// How another member is, and when that changes if it does not poll.
    fn health(&self, member: &RosterMember, now_ms: u64) -> Result<(Health, u64)> {
        let held = self.is_held(member.slot)?;
        if !held && member.instance_id.is_none() {
            return Ok((Health::Dead, u64::MAX));
        }
        let seen_ms = self.seen_ms(member.slot)?;
        let limit_ms = if held { member.poll_interval_ms } else { member.session_ms };
        let until_ms = seen_ms.saturating_add(limit_ms);
        Ok(match held {
            // The clock began anew: it was another start of the machine.
            false if now_ms >= until_ms || seen_ms > now_ms => (Health::Dead, u64::MAX),
            false => (Health::Away, until_ms),
            true if now_ms > until_ms => (Health::Hung, u64::MAX),
            true => (Health::Alive, until_ms.saturating_add(1)),
        })
    }

    /// Takes the dead and the hung out of `roster`, all but the member `me`; answers whether there
    /// were any.
    fn sweep(&self, roster: &mut Roster, me: &str) -> Result<bool> {
        let (before, now_ms) = (roster.members.len(), sys::monotonic_ms());
        let mut stay = Vec::with_capacity(before);
        for member in roster.members.drain(..) {
            let stays = member.id == me
                || matches!(self.health(&member, now_ms)?.0, Health::Alive | Health::Away);
            if stays {
                stay.push(member);
            }
        }
        roster.members = stay;
        Ok(roster.members.len() != before)
    }

    /// A roster without members.
    fn fresh(&self) -> Roster {
        Roster { group: self.group.to_string(), ..Roster::default() }
    }

    /// The roster that counts.
    fn read(&self) -> Result<Roster> {
        let Some(roster) = read_roster(&self.file, &self.path, &self.page)? else {
            return Ok(self.fresh());
        };
        if roster.group != self.group.as_str() {
            let found = format!("it is of another group, `{}`", roster.group.escape_debug());
            return Err(DiskError::Foreign { path: self.path.clone(), found });
        }
        Ok(roster)
    }

    /// The roster, without the mutex: one that is replaced meanwhile does not pass its checksum.
    fn peek(&self) -> Result<Roster> {
        for _ in 1..PEEKS {
            if let Ok(roster) = self.read() {
                return Ok(roster);
            }
        }
        self.read()
    }

    /// The members and how they are, as one who is not a member sees them: also while one of them
    /// stands still with the mutex. The dead are left out.
    pub fn live_members(&self) -> Result<Vec<(RosterMember, Health)>> {
        let now_ms = sys::monotonic_ms();
        let mut live = Vec::new();
        let roster = match self.peek() {
            // It tells of members and of nothing else, and there is none.
            Err(DiskError::Corrupt { .. }) if !mending::is_in_use(&self.file, &self.path)? => {
                self.fresh()
            }
            peeked => peeked?,
        };
        for member in roster.members {
            let health = self.health(&member, now_ms)?.0;
            if health != Health::Dead {
                live.push((member, health));
            }
        }
        Ok(live)
    }

    /// The group's mutex while nobody is in it: who holds it can change what the group committed,
    /// and nobody joins meanwhile. Where there are members, their number instead. The hung are
    /// taken out, as by one who joins: they would not hear of the change.
    pub fn lock_empty(&self) -> Result<std::result::Result<GroupLock<'_>, usize>> {
        let lock = self.lock()?;
        let mut roster = lock.read()?;
        if self.sweep(&mut roster, "")? {
            roster.generation = roster.next_generation();
            lock.write(&roster)?;
        }
        let members = roster.members.len();
        Ok(if members == 0 { Ok(lock) } else { Err(members) })
    }
}

impl Roster {
    /// The generation after this one.
    fn next_generation(&self) -> i32 {
        self.generation.wrapping_add(1).max(1)
    }

    /// The member with this id.
    pub fn member(&self, id: &str) -> Option<&RosterMember> {
        self.members.iter().find(|member| member.id == id)
    }
}

impl GroupLock<'_> {
    /// The roster. One that is damaged is moved aside, and a new one is in its place, where nobody
    /// else is in the group: it tells of nothing but its members.
    pub fn read(&self) -> Result<Roster> {
        match self.0.read() {
            Err(damage @ DiskError::Corrupt { .. }) => {
                let cut = mending::set_aside(&self.0.file, &self.0.path, &self.0.page, damage)?;
                self.0.cuts.extend(vec![cut]);
                self.write(&self.0.fresh())?;
                Ok(self.0.fresh())
            }
            read => read,
        }
    }

    /// Replaces the roster and wakes the members.
    pub fn write(&self, roster: &Roster) -> Result<()> {
        self.replace(roster)?;
        self.0.announce();
        Ok(())
    }

    /// Where a roster of so many bytes does not touch the one that counts: in front of it, or else
    /// behind it.
    fn place(&self, len: u64) -> Result<u64> {
        let GroupFile { path, file, page, .. } = self.0;
        let at = page.word(WORD_ROSTER).load(Ordering::Acquire);
        if ROSTER_BYTES_MIN + ROSTER_HEADER_BYTES as u64 + len <= at || at < ROSTER_BYTES_MIN {
            return Ok(ROSTER_BYTES_MIN);
        }
        let mut header = [0; ROSTER_HEADER_BYTES];
        file.read_exact_at(&mut header, at).map_err(DiskError::read(path, at))?;
        let before = (u64::from_be_bytes(header) >> 32).min(ROSTER_BYTES_MAX);
        Ok(at + ROSTER_HEADER_BYTES as u64 + before)
    }

    /// Replaces the roster by one in which nothing is of concern to the others.
    fn replace(&self, roster: &Roster) -> Result<()> {
        let GroupFile { path, file, page, .. } = self.0;
        let bytes = serde_json::to_vec(roster).unwrap_or_default();
        if bytes.len() as u64 > ROSTER_BYTES_MAX {
            return Err(DiskError::TooLarge {
                bytes: bytes.len() as u64,
                max_bytes: ROSTER_BYTES_MAX,
            });
        }
        let next = self.place(bytes.len() as u64)?;
        let number = (bytes.len() as u64) << 32 | u64::from(crc32c::crc32c(&bytes));
        let mut all = number.to_be_bytes().to_vec();
        all.extend_from_slice(&bytes);
        file.write_all_at(&all, next).map_err(DiskError::io("write", path))?;
        page.word(WORD_MAGIC).store(MAGIC, Ordering::Relaxed);
        page.word(WORD_ROSTER).store(next, Ordering::Release);
        Ok(())
    }
}

/// The roster that counts of a file and the page that is mapped of it; `None` for none yet.
fn read_roster(file: &File, path: &Path, page: &Page) -> Result<Option<Roster>> {
    let at = page.word(WORD_ROSTER).load(Ordering::Acquire);
    let magic = page.word(WORD_MAGIC).load(Ordering::Relaxed);
    if at == 0 && (magic == 0 || magic == MAGIC) {
        return Ok(None);
    }
    if magic != MAGIC || !(ROSTER_BYTES_MIN..SEEN_BYTES_MANY).contains(&at) {
        return Err(DiskError::corrupt(path, 0, "it is not the file of a group"));
    }
    let mut header = [0; ROSTER_HEADER_BYTES];
    file.read_exact_at(&mut header, at).map_err(DiskError::read(path, at))?;
    let number = u64::from_be_bytes(header);
    let (len, crc) = (number >> 32, number as u32);
    let damage = |reason: &str| DiskError::corrupt(path, at, reason);
    if len > ROSTER_BYTES_MAX {
        return Err(damage("its roster is too long"));
    }
    let mut bytes = vec![0; len as usize];
    file.read_exact_at(&mut bytes, at + ROSTER_HEADER_BYTES as u64)
        .map_err(DiskError::read(path, at))?;
    if crc32c::crc32c(&bytes) != crc {
        return Err(damage("the checksum of its roster is wrong"));
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|_| damage("its roster cannot be read"))
}

/// A duration as the file has it.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX >> 1)
}

/// Where the word of a slot stands that says when its member last polled.
const fn seen_at(slot: u32) -> u64 {
    let from = if slot < SLOTS_FEW { SEEN_BYTES } else { SEEN_BYTES_MANY };
    from + slot as u64 * 8
}

#[cfg(test)]
mod tests;
