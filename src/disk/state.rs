//! Owns the published end of a partition: a small mapped file that says how far the log is whole.
//! Leaves appending to `partition`; the log is the truth, and this page can always be made from it.
//!
//! Two slots, so that a writer killed between two stores has published either the old end or the
//! new one. The sequence number says which slot counts, and is the word that followers wait on.

use std::fs::{File, Metadata};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering, fence};
use std::time::UNIX_EPOCH;

use super::error::{DiskError, Result};
use super::{BootId, file, layout};
use crate::sys::{self, LockKind, PAGE_BYTES, Page};

const MAGIC: u64 = u64::from_be_bytes(*b"KAWSTATE");
const VERSION: u64 = 1;

// Words of 8 bytes.
const WORD_MAGIC: usize = 0;
const WORD_VERSION: usize = 1;
const WORD_BOOT: usize = 2;
const WORD_FLAGS: usize = 5;
const WORD_WRITER: usize = 6;
const WORD_RECOVERY: usize = 7;
/// Which file this is: a copy of the page belongs to no log.
const WORD_IDENTITY: usize = 8;
const WORD_SLOTS: usize = 16;
const SLOT_WORDS: usize = 24;
const WORD_PRODUCERS: usize = 128;
/// The sequence, a half word: futexes have 32 bits.
const HALF_WORD_SEQUENCE: usize = 8;

/// The byte that who compacts or repairs locks; writers lock byte 0.
const CARE_BYTE: u64 = 1;

const FLAG_DELETED: u64 = 1;
const FLAG_FENCED: u64 = 2;
const FLAGS: u64 = FLAG_DELETED | FLAG_FENCED;

/// How far a partition's log is whole, and what an append needs to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct End {
    /// Base offset of the segment that takes appends.
    pub active_base: i64,
    /// Bytes of it that are whole batches.
    pub position: u64,
    /// One past the last record (log end offset).
    pub end_offset: i64,
    /// The first offset that can be read (log start offset).
    pub start_offset: i64,
    /// Timestamp of the first batch that can be read; -1 when there is none.
    pub first_timestamp: i64,
    /// The largest timestamp of the log; -1 when there is none.
    pub max_timestamp: i64,
    /// Bytes of the segments before the active one.
    pub sealed_bytes: u64,
    /// Entries in the active offset index.
    pub index_entries: u64,
    /// Entries in the active time index.
    pub time_entries: u64,
    /// Bytes appended since the last index entry.
    pub unindexed_bytes: u64,
    /// The largest timestamp of the active segment; -1 when it is empty.
    pub segment_max_timestamp: i64,
    /// Last offset of the batch that has it.
    pub segment_max_offset: i64,
    /// The largest timestamp of the first batch of the active segment, which its age counts from.
    pub segment_first_timestamp: i64,
    /// Timestamp of the last time index entry; -1 when there is none.
    pub last_indexed_timestamp: i64,
}

const END_WORDS: usize = 14;

impl End {
    /// The end of a log without records that begins at `offset`.
    pub const fn empty(offset: i64) -> Self {
        Self {
            active_base: offset,
            position: 0,
            end_offset: offset,
            start_offset: offset,
            first_timestamp: -1,
            max_timestamp: -1,
            sealed_bytes: 0,
            index_entries: 0,
            time_entries: 0,
            unindexed_bytes: 0,
            segment_max_timestamp: -1,
            segment_max_offset: -1,
            segment_first_timestamp: -1,
            last_indexed_timestamp: -1,
        }
    }

    /// Makes the segment at `base` the one that takes appends. What the old one held is counted
    /// among the sealed bytes by the caller, who knows whether it was cut.
    pub const fn start_segment(&mut self, base: i64) {
        let fresh = Self::empty(base);
        *self = Self {
            end_offset: self.end_offset,
            start_offset: self.start_offset,
            first_timestamp: self.first_timestamp,
            max_timestamp: self.max_timestamp,
            sealed_bytes: self.sealed_bytes,
            ..fresh
        };
    }

    fn words(&self) -> [u64; END_WORDS] {
        [
            self.active_base.cast_unsigned(),
            self.position,
            self.end_offset.cast_unsigned(),
            self.start_offset.cast_unsigned(),
            self.first_timestamp.cast_unsigned(),
            self.max_timestamp.cast_unsigned(),
            self.sealed_bytes,
            self.index_entries,
            self.time_entries,
            self.unindexed_bytes,
            self.segment_max_timestamp.cast_unsigned(),
            self.segment_max_offset.cast_unsigned(),
            self.segment_first_timestamp.cast_unsigned(),
            self.last_indexed_timestamp.cast_unsigned(),
        ]
    }

    fn from_words(words: [u64; END_WORDS]) -> Self {
        let mut words = words.into_iter();
        let mut next = || words.next().unwrap_or_default();
        // In the order of `words`, which a struct expression keeps.
        Self {
            active_base: next().cast_signed(),
            position: next(),
            end_offset: next().cast_signed(),
            start_offset: next().cast_signed(),
            first_timestamp: next().cast_signed(),
            max_timestamp: next().cast_signed(),
            sealed_bytes: next(),
            index_entries: next(),
            time_entries: next(),
            unindexed_bytes: next(),
            segment_max_timestamp: next().cast_signed(),
            segment_max_offset: next().cast_signed(),
            segment_first_timestamp: next().cast_signed(),
            last_indexed_timestamp: next().cast_signed(),
        }
    }

    /// Whether the numbers can belong together: log start <= end, and the active segment within.
    const fn is_possible(&self) -> bool {
        0 <= self.active_base
            && self.active_base <= self.end_offset
            && 0 <= self.start_offset
            && self.start_offset <= self.end_offset
    }
}

fn checksum(words: &[u64; END_WORDS]) -> u64 {
    words.iter().fold(0, |crc, word| crc32c::crc32c_append(crc, &word.to_be_bytes())).into()
}

/// The last batch of one producer, as a snapshot holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerEntry {
    /// Producer id.
    pub id: i64,
    /// Its epoch.
    pub epoch: i16,
    /// Sequence of the last record of its last batch.
    pub last_sequence: i32,
    /// Offset of that record.
    pub last_offset: i64,
    /// Last offset less first offset of that batch.
    pub offset_delta: i32,
    /// Largest timestamp of that batch.
    pub timestamp: i64,
}

/// What is known of how far a log was whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Offsets below this one were on the device.
    pub recovery_point: i64,
    /// Whether the log was copied: then it is no wonder that it ends in the middle of a batch, but
    /// it is damaged where it goes on behind bytes that are not whole.
    pub is_copy: bool,
}

const PRODUCER_WORDS: usize = 5;
/// How many producers fit into the page.
pub const PRODUCERS_MAX: usize = (PAGE_BYTES / 8 - WORD_PRODUCERS) / PRODUCER_WORDS;

/// The partition's lock; given back on drop.
#[derive(Debug)]
pub struct Locked<'a> {
    file: &'a File,
    held: &'a AtomicBool,
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.held.store(false, Ordering::Relaxed);
        // Nothing can be done about a failure here, and the kernel drops the lock with the file.
        drop(sys::unlock(self.file, 0, 1));
    }
}

/// The state page of one partition.
#[derive(Debug)]
pub struct State {
    page: Page,
    /// For the partition's lock; readers take none, and keep no descriptor.
    file: Option<File>,
    path: PathBuf,
    /// Inode and time of birth of the file.
    identity: [u64; 2],
    /// Whether this process has the lock by this handle.
    held: AtomicBool,
}

/// Which file or directory a path names, by inode and time of birth; `None` if there is none.
pub fn identity_at(path: &Path) -> Result<Option<[u64; 2]>> {
    match std::fs::metadata(path) {
        Ok(facts) => Ok(Some(identity_of(&facts))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(DiskError::io("stat", path)(e)),
    }
}

fn identity_of(facts: &Metadata) -> [u64; 2] {
    let born = facts.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    [facts.ino(), born.unwrap_or_default().as_nanos() as u64]
}

fn identity_of_file(file: &File, path: &Path) -> Result<[u64; 2]> {
    Ok(identity_of(&file.metadata().map_err(DiskError::io("stat", path))?))
}

impl State {
    /// Opens the page in `directory` to read; `None` if there is none yet.
    pub fn open(directory: &Path) -> Result<Option<Self>> {
        let path = directory.join(layout::PARTITION_STATE);
        let Some(file) = file::open_if_there(&path)? else { return Ok(None) };
        let identity = identity_of_file(&file, &path)?;
        match Page::map(&file, false) {
            Ok(page) => Ok(Some(Self { page, file: None, path, identity, held: false.into() })),
            // Created, and not filled yet: as good as absent.
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
            Err(e) => Err(DiskError::io("map", &path)(e)),
        }
    }

    /// Opens the page in `directory` to write, and makes it where it is missing. A new page holds
    /// no end: [`Self::end`] is `None` until one is published under the partition's lock.
    pub fn open_or_create(directory: &Path) -> Result<Self> {
        let path = directory.join(layout::PARTITION_STATE);
        let file = file::open_to_write(&path)?;
        let len = file.metadata().map_err(DiskError::io("stat", &path))?.len();
        if len < PAGE_BYTES as u64 {
            // Written, not truncated up: a store into a hole of a full file system is a SIGBUS. Two
            // processes may both do this before either publishes; both write zeros.
            let rest = vec![0; PAGE_BYTES - len as usize];
            file.write_all_at(&rest, len).map_err(DiskError::io("write", &path))?;
        }
        let identity = identity_of_file(&file, &path)?;
        let page = Page::map(&file, true).map_err(DiskError::io("map", &path))?;
        Ok(Self { page, file: Some(file), path, identity, held: false.into() })
    }

    /// Waits for the partition's lock in the kernel's queue: it is held for microseconds, but for
    /// as long as it takes by who recovers the log.
    pub fn lock(&self) -> Result<Locked<'_>> {
        let file = self.lockable()?;
        sys::lock(file, LockKind::Exclusive, 0, 1).map_err(DiskError::io("lock", &self.path))?;
        self.locked(file)
    }

    /// Tries once for the partition's lock; `Busy` names the process that has it.
    pub fn try_lock(&self) -> Result<Locked<'_>> {
        let file = self.lockable()?;
        if sys::try_lock(file, LockKind::Exclusive, 0, 1)
            .map_err(DiskError::io("lock", &self.path))?
        {
            return self.locked(file);
        }
        Err(DiskError::Busy {
            path: self.path.clone(),
            holder: format!("process {}", self.writer()),
        })
    }

    /// Tries once to become the one who compacts or repairs this partition; `Busy` where somebody
    /// else does. Given back when the file is closed.
    pub fn try_care(directory: &Path) -> Result<File> {
        let path = directory.join(layout::PARTITION_STATE);
        let file = file::open_to_write(&path)?;
        let held = sys::try_lock(&file, LockKind::Exclusive, CARE_BYTE, 1);
        if held.map_err(DiskError::io("lock", &path))? {
            return Ok(file);
        }
        let holder = "another process that compacts or repairs it".to_owned();
        Err(DiskError::Busy { path, holder })
    }

    /// The lock, which was granted just now: it is worth nothing on a page that was removed, since
    /// the next process makes another one.
    fn locked<'a>(&'a self, file: &'a File) -> Result<Locked<'a>> {
        self.held.store(true, Ordering::Relaxed);
        let locked = Locked { file, held: &self.held };
        let facts = file.metadata().map_err(DiskError::io("stat", &self.path))?;
        if facts.nlink() == 0 {
            let path = self.path.parent().unwrap_or(&self.path).to_owned();
            return Err(DiskError::Deleted { path });
        }
        self.set_word(WORD_WRITER, u64::from(std::process::id()));
        Ok(locked)
    }

    /// Whether the file is still the one that its path names; one who waits on a page that was
    /// removed waits for ever.
    pub fn is_in_place(&self) -> bool {
        identity_at(&self.path).map_or(true, |found| found == Some(self.identity))
    }

    /// Whether this process has the lock by this handle, and so is not waiting for it.
    pub fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }

    fn lockable(&self) -> Result<&File> {
        let refused = || std::io::ErrorKind::PermissionDenied.into();
        self.file.as_ref().ok_or_else(|| DiskError::io("lock", &self.path)(refused()))
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn word(&self, index: usize) -> u64 {
        self.page.word(index).load(Ordering::Relaxed)
    }

    fn set_word(&self, index: usize, value: u64) {
        self.page.word(index).store(value, Ordering::Relaxed);
    }

    /// The word that changes whenever an end is published.
    pub fn sequence_word(&self) -> &AtomicU32 {
        self.page.half_word(HALF_WORD_SEQUENCE)
    }

    /// The current sequence number.
    pub fn sequence(&self) -> u32 {
        self.sequence_word().load(Ordering::Acquire)
    }

    /// The published end, if the page is of this format and was written since the machine started:
    /// after a crash of the machine, page and log may be of different ages.
    pub fn end(&self, boot: &BootId) -> Option<End> {
        if self.word(WORD_VERSION) != VERSION || !self.is_of_this_log() {
            return None;
        }
        if [self.word(WORD_BOOT), self.word(WORD_BOOT + 1)] != boot.words() {
            return None;
        }
        // A slot is overwritten only after the other one was published, so a copy during which the
        // sequence stood still is whole; the checksum guards against a page that is damaged.
        for _ in 0..1000 {
            let sequence = self.sequence();
            let slot = Self::slot(sequence);
            let words: [u64; END_WORDS] = std::array::from_fn(|i| self.word(slot + i));
            let sum = self.word(slot + END_WORDS);
            fence(Ordering::Acquire);
            if self.sequence_word().load(Ordering::Relaxed) == sequence {
                let end = End::from_words(words);
                return (sum == checksum(&words) && end.is_possible()).then_some(end);
            }
        }
        None
    }

    /// What is wrong with a page that is of this log and this start of the machine, and has no end
    /// that can be believed.
    pub fn complaint(&self, boot: &BootId) -> Option<String> {
        let is_current = [self.word(WORD_BOOT), self.word(WORD_BOOT + 1)] == boot.words();
        (self.is_of_this_log() && is_current && self.end(boot).is_none())
            .then(|| "its published end cannot be believed".to_owned())
    }

    /// Whether the page was written for the log that it lies beside, and not copied there: then the
    /// log may be older than the page, or newer. Flags that nobody sets are damage.
    fn is_of_this_log(&self) -> bool {
        self.word(WORD_MAGIC) == MAGIC
            && self.word(WORD_FLAGS) & !FLAGS == 0
            && [self.word(WORD_IDENTITY), self.word(WORD_IDENTITY + 1)] == self.identity
    }

    const fn slot(sequence: u32) -> usize {
        WORD_SLOTS + (sequence & 1) as usize * SLOT_WORDS
    }

    /// Publishes `end` and wakes the followers. Only under the partition's lock.
    pub fn publish(&self, end: &End, boot: &BootId) {
        // The slot that is written now was the current one until the last publication: nobody may
        // see it change before that one is seen.
        fence(Ordering::Release);
        let next = self.sequence().wrapping_add(1);
        let slot = Self::slot(next);
        let words = end.words();
        for (i, word) in words.iter().enumerate() {
            self.set_word(slot + i, *word);
        }
        self.set_word(slot + END_WORDS, checksum(&words));
        self.sequence_word().store(next, Ordering::Release);
        // Only now, so that a kill in between does not give an end of an earlier start of the
        // machine, or of another log, the look of a new one.
        self.claim(boot);
        self.wake();
    }

    /// Makes the page one of this log and this start of the machine.
    fn claim(&self, boot: &BootId) {
        let [high, low] = boot.words();
        if [self.word(WORD_BOOT), self.word(WORD_BOOT + 1)] == [high, low] && self.is_of_this_log()
        {
            return;
        }
        if !self.is_of_this_log() {
            self.set_word(WORD_FLAGS, 0);
            self.set_word(WORD_RECOVERY, 0);
        }
        let [inode, born] = self.identity;
        self.set_word(WORD_IDENTITY, inode);
        self.set_word(WORD_IDENTITY + 1, born);
        self.set_word(WORD_VERSION, VERSION);
        self.page.word(WORD_MAGIC).store(MAGIC, Ordering::Release);
        self.set_word(WORD_BOOT, high);
        self.page.word(WORD_BOOT + 1).store(low, Ordering::Release);
    }

    /// Wakes the followers to look again.
    pub fn wake(&self) {
        sys::wake_all(self.sequence_word());
    }

    /// Refuses a page that a newer version wrote.
    pub fn check_version(&self) -> Result<()> {
        let version = self.word(WORD_VERSION);
        if self.word(WORD_MAGIC) == MAGIC && version > VERSION {
            let found = format!("it was written by a newer kaw (state version {version})");
            return Err(DiskError::Foreign { path: self.path.clone(), found });
        }
        Ok(())
    }

    /// Whether it was copied here, with the log or without: then nothing that it says holds.
    pub fn is_copy(&self) -> bool {
        self.word(WORD_MAGIC) == MAGIC
            && [self.word(WORD_IDENTITY), self.word(WORD_IDENTITY + 1)] != self.identity
    }

    /// Whether the topic was deleted.
    pub fn is_deleted(&self) -> bool {
        self.is_of_this_log() && self.word(WORD_FLAGS) & FLAG_DELETED != 0
    }

    /// Marks the topic as deleted, for those that have it open.
    pub fn set_deleted(&self) {
        self.page.word(WORD_FLAGS).fetch_or(FLAG_DELETED, Ordering::AcqRel);
        self.sequence_word().fetch_add(2, Ordering::AcqRel);
        self.wake();
    }

    /// Whether a sync failed and nobody has checked the log since.
    pub fn is_fenced(&self) -> bool {
        self.is_of_this_log() && self.word(WORD_FLAGS) & FLAG_FENCED != 0
    }

    /// Fences the partition after a failed sync, or lifts the fence after a check.
    pub fn set_fenced(&self, fenced: bool) {
        if fenced {
            self.page.word(WORD_FLAGS).fetch_or(FLAG_FENCED, Ordering::AcqRel);
        } else {
            self.page.word(WORD_FLAGS).fetch_and(!FLAG_FENCED, Ordering::AcqRel);
        }
    }

    /// Process id of the last writer: a hint for messages, never for decisions.
    pub fn writer(&self) -> u32 {
        self.word(WORD_WRITER) as u32
    }

    /// Offsets below this one are on the device (recovery point). Stored only after the sync that
    /// makes it true, so it holds whatever the age of the page.
    pub fn recovery_point(&self) -> i64 {
        if self.is_of_this_log() { self.word(WORD_RECOVERY).cast_signed() } else { 0 }
    }

    /// What it says of how far the log was whole.
    pub fn known(&self) -> Known {
        Known { recovery_point: self.recovery_point(), is_copy: self.is_copy() }
    }

    /// Raises the recovery point.
    pub fn raise_recovery_point(&self, offset: i64) {
        self.page.word(WORD_RECOVERY).fetch_max(offset.max(0).cast_unsigned(), Ordering::AcqRel);
    }

    /// Sets the recovery point, also back: after the log was cut.
    pub fn set_recovery_point(&self, offset: i64) {
        self.set_word(WORD_RECOVERY, offset.max(0).cast_unsigned());
    }

    /// Notes a producer's last batch; answers false when the table is full. Under the lock.
    pub fn note_producer(&self, entry: &ProducerEntry) -> bool {
        for slot in 0..PRODUCERS_MAX {
            let at = WORD_PRODUCERS + slot * PRODUCER_WORDS;
            // Ids are stored one higher, so that zero means a free slot.
            let id = self.word(at);
            if id != 0 && id != (entry.id + 1).cast_unsigned() {
                continue;
            }
            self.set_word(at + 1, pack(entry.epoch.into(), entry.last_sequence));
            self.set_word(at + 2, entry.last_offset.cast_unsigned());
            self.set_word(at + 3, pack(0, entry.offset_delta));
            self.set_word(at + 4, entry.timestamp.cast_unsigned());
            self.set_word(at, (entry.id + 1).cast_unsigned());
            return true;
        }
        false
    }

    /// The producers noted since the table was last cleared. Under the lock.
    pub fn producers(&self) -> Vec<ProducerEntry> {
        let mut entries = Vec::new();
        for slot in 0..PRODUCERS_MAX {
            let at = WORD_PRODUCERS + slot * PRODUCER_WORDS;
            let id = self.word(at).cast_signed() - 1;
            if id < 0 {
                continue;
            }
            let packed = self.word(at + 1);
            entries.push(ProducerEntry {
                id,
                epoch: (packed >> 32) as i16,
                last_sequence: packed as i32,
                last_offset: self.word(at + 2).cast_signed(),
                offset_delta: self.word(at + 3) as i32,
                timestamp: self.word(at + 4).cast_signed(),
            });
        }
        entries
    }

    /// Empties the table of producers, after a snapshot has them. Under the lock.
    pub fn clear_producers(&self) {
        for slot in 0..PRODUCERS_MAX {
            self.set_word(WORD_PRODUCERS + slot * PRODUCER_WORDS, 0);
        }
    }
}

const fn pack(high: i32, low: i32) -> u64 {
    ((high as u32 as u64) << 32) | low as u32 as u64
}

#[cfg(test)]
#[path = "state/tests.rs"]
mod tests;
