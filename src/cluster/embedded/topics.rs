//! Owns noticing that topics of a log directory came, went or grew: by a word of the directory's
//! page, which who changes them counts up. Leaves what changed to those who look.

use std::time::{Duration, Instant};

use crate::disk::directory::LogDirectory;
use crate::sys::{Page, Word};

/// How often topics are looked at where the directory has no page that may be mapped.
pub(super) const TOPICS_EVERY: Duration = Duration::from_secs(1);

/// Tells whether topics may have changed since they were last looked at.
#[derive(Debug)]
pub struct TopicsWatch {
    page: Option<Page>,
    seen: u32,
    looked: Instant,
    /// How often topics are looked at without a page.
    every: Duration,
}

impl TopicsWatch {
    /// One that has been looked at now.
    pub fn new(directory: &LogDirectory) -> Self {
        let mut watch = Self { page: directory.topics_page(), ..Self::timed(TOPICS_EVERY) };
        watch.look();
        watch
    }

    /// One that nothing tells: time has to.
    pub fn timed(every: Duration) -> Self {
        Self { page: None, seen: 0, looked: Instant::now(), every }
    }

    /// Whether it is time to look.
    pub fn is_due(&self) -> bool {
        self.page.as_ref().map_or_else(
            || self.looked.elapsed() >= self.every,
            |page| LogDirectory::topics_sequence(page) != self.seen,
        )
    }

    /// Notes that they are looked at. To be called before they are.
    pub fn look(&mut self) {
        self.looked = Instant::now();
        self.seen = self.page.as_ref().map_or(0, LogDirectory::topics_sequence);
    }

    /// The word to wait on, where there is one.
    pub fn word(&self) -> Option<Word<'_>> {
        self.page.as_ref().map(|page| (LogDirectory::topics_word(page), self.seen))
    }
}
