//! Owns Kafka's files on a local disk, shared by many processes without a server. Synchronous;
//! knows nothing of commands or clusters, and never sleeps.
//!
//! ```text
//! log directory
//! |- meta.properties              ids of cluster, node and directory
//! |- bootstrap.checkpoint         topics, ids, configs, as a KRaft broker adopts them (registry)
//! |- log-start-offset-checkpoint  log start offsets that are not the base of a segment
//! |- cleaner-offset-checkpoint    the first offset of each log that is not compacted
//! |- .lock                        Kafka's: writers hold it shared, a broker takes it alone
//! |- .kaw-dir                     byte 0: lock of changes to topics
//! |- .kaw-r-<hash>                a producer's name: its id, epoch, and counts (resume)
//! |- .kaw-g-<hash>                members of a group; liveness and ownership are its locks
//! `- <topic>-<n>/
//!    |- <base>.log                record batches, one behind the other, and nothing else
//!    |- <base>.index              i32 offset - base, i32 position   (8 bytes an entry)
//!    |- <base>.timeindex          i64 timestamp, i32 offset - base  (12 bytes an entry)
//!    |- <offset>.snapshot         the last batch of each producer
//!    |- <base>.log.cut-<n>        bytes that recovery or a repair moved aside
//!    |- <base>.log.cleaned, .swap a segment that compaction writes, and one that replaces others
//!    |- partition.metadata, leader-epoch-checkpoint
//!    |- .kaw-compacted            compaction took records, and left gaps (gaps)
//!    `- .kaw-state                the published end: two slots, sequence, producers (state)
//!
//! record batch, format 2 (big-endian)
//!   0 base offset i64    12 leader epoch i32   21 attributes u16        35 max timestamp i64
//!   8 length - 12 i32    16 magic i8 = 2       23 last offset delta i32 43 producer id i64
//!                        17 crc u32 of 21..    27 base timestamp i64    51 producer epoch i16
//!                                              57 record count i32      53 base sequence i32
//!  61 records, compressed as one piece if attributes & 7 != 0
//! record: length, attributes i8 = 0, timestamp delta, offset delta, key, value, headers
//!         (lengths and deltas are zigzag varints; a length of -1 is null)
//! ```
//!
//! What holds at every moment, whoever is killed:
//! - log start offset <= log end offset, and active base <= log end offset;
//! - bytes of the active segment below the published position are whole batches, whose offsets
//!   follow on each other up to the published end;
//! - readers read below the published end only; what lies behind it belongs to the next writer,
//!   who takes up whole batches and moves the rest aside;
//! - a published end is never taken back, except by a start of the machine after records were lost
//!   that were never synced;
//! - everything below the recovery point is on the device.
//!
//! Locks, in the order in which they are taken: `.lock`, `.kaw-dir`, `.kaw-state` of a partition.

pub mod batch;
pub mod care;
pub mod cleaner;
pub mod compression;
pub mod cut;
pub mod directory;
pub mod error;
pub mod file;
pub mod foreign;
pub mod gaps;
pub mod glance;
pub mod guard;
pub mod index;
pub mod layout;
pub mod legacy;
pub mod members;
pub mod meta;
pub mod offsets;
pub mod partition;
pub mod producers;
pub mod reader;
pub mod record;
pub mod recovery;
pub mod registry;
pub mod resume;
pub mod scan;
pub mod segment;
pub mod state;
pub mod survey;
pub mod unlisted;
pub mod varint;
pub mod verify;
pub mod wire;

use std::sync::OnceLock;

/// Which start of the machine this is: the page cache lives as long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootId([u64; 2]);

impl BootId {
    /// What the kernel says. Where it does not tell, every state page is taken to be of an earlier
    /// start of the machine: the id is then one that no page has.
    pub fn current() -> Self {
        // A process does not outlive it, and many directories are opened in one command.
        static CURRENT: OnceLock<BootId> = OnceLock::new();
        *CURRENT.get_or_init(Self::ask)
    }

    /// Asks the kernel.
    fn ask() -> Self {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let hex: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        let told = u128::from_str_radix(&hex, 16).ok().filter(|&number| number != 0);
        let number = told.unwrap_or_else(|| {
            let mut unknown = [0; 16];
            crate::sys::random(&mut unknown).unwrap_or_default();
            u128::from_be_bytes(unknown)
        });
        Self([(number >> 64) as u64, number as u64])
    }

    /// A boot id from its words.
    pub const fn from_words(words: [u64; 2]) -> Self {
        Self(words)
    }

    /// The id as two words.
    pub const fn words(&self) -> [u64; 2] {
        self.0
    }
}
