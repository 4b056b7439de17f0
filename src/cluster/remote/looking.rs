//! Owns looking now and then which topics there are, for who reads: what was deleted, and whether
//! there is more than before. Leaves what to do about it to `consume`.
//!
//! librdkafka itself takes half a minute to believe that a topic is gone, and may never say so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::error;
use super::ffi::handle::Client;
use super::ffi::metadata::TopicInfo;
use crate::cluster::WATCH_EVERY;
use crate::cluster::error::ErrorKind;

/// How long one look is waited for: nothing is read meanwhile.
const LOOK_MAX: Duration = Duration::from_millis(500);
/// How soon a topic that is missing is looked for again: a broker that has just started may not
/// have heard of it.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The topics as they were when they were last looked at.
#[derive(Debug)]
pub(super) struct Looking {
    /// All topics are looked at; else those that the client knows.
    all: bool,
    every: Duration,
    looked: Instant,
    /// The numbers of partitions.
    sizes: BTreeMap<String, usize>,
    /// Those that were missing at the last look.
    missing: BTreeSet<String>,
    /// There is another number of some partitions than before, or it is not known.
    pub(super) changed: bool,
}

impl Looking {
    /// Nothing is known yet. A topic that is gone is to be found within `timeout`.
    pub(super) fn new(all: bool, timeout: Duration) -> Self {
        let (sizes, missing) = (BTreeMap::new(), BTreeSet::new());
        let every = WATCH_EVERY.min(timeout / 4);
        Self { all, every, looked: Instant::now(), sizes, missing, changed: true }
    }

    /// Whether it is time to look.
    pub(super) fn is_due(&self) -> bool {
        let again = AGAIN_AFTER.min(self.every);
        self.looked.elapsed() >= if self.missing.is_empty() { self.every } else { again }
    }

    /// Looks; answers which of `ours` is gone. While brokers are away, nothing is known to be.
    pub(super) fn look<'a>(
        &mut self,
        client: &Client,
        ours: impl Iterator<Item = &'a str>,
    ) -> Option<&'a str> {
        let found = if self.all { client.all_topics(LOOK_MAX) } else { client.topics(LOOK_MAX) };
        self.looked = Instant::now();
        let found = found.ok()?;
        let is_there =
            |info: &&TopicInfo| error::kind(info.code) != ErrorKind::UnknownTopicOrPartition;
        let there = found.iter().filter(is_there);
        let sizes = there.map(|info| (info.name.clone(), info.partitions.len())).collect();
        self.changed |= self.sizes != sizes;
        self.sizes = sizes;
        self.take_missing(ours)
    }

    /// Which of `ours` is missing for the second time in a row.
    fn take_missing<'a>(&mut self, ours: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        let missing: BTreeSet<&str> =
            ours.filter(|topic| !self.sizes.contains_key(*topic)).collect();
        let gone = missing.iter().find(|topic| self.missing.contains(**topic)).copied();
        self.missing = missing.into_iter().map(str::to_owned).collect();
        self.changed |= gone.is_some();
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_gone_once_it_was_missing_twice() {
        let mut looking = Looking::new(false, Duration::MAX);
        let mut look = |there: &[&str]| {
            looking.sizes = there.iter().map(|topic| ((*topic).to_owned(), 1)).collect();
            looking.take_missing(["a", "b"].into_iter())
        };
        assert_eq!(look(&["a", "b"]), None);
        assert_eq!(look(&["a"]), None);
        assert_eq!(look(&["a", "b"]), None, "it is there again");
        assert_eq!(look(&["a"]), None);
        assert_eq!(look(&["a"]), Some("b"));
    }
}
