//! Stub.
pub mod batch;
pub mod compression;
pub mod directory;
pub mod error;
pub mod index;
pub mod layout;
pub mod meta;
pub mod partition;
pub mod producers;
pub mod reader;
pub mod record;
pub mod recovery;
pub mod registry;
pub mod segment;
pub mod state;
pub mod varint;

/// Which start of the machine this is: the page cache lives as long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootId([u64; 2]);

impl BootId {
    /// Asks the kernel. Where it does not tell, every state page is taken to be of an earlier
    /// start.
    pub fn current() -> Self {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let hex: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        let number = u128::from_str_radix(&hex, 16).unwrap_or_default();
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
