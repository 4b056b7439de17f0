//! Owns a broker as the engine sees it: the connection to it, what it has not answered, and when it
//! is tried again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::link::Link;

/// The pause before something is tried again: it doubles, up to the second.
pub(super) const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// When something is tried again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest {
    /// Until when it is left alone.
    pub(super) until: Option<Instant>,
    /// How long the next rest takes.
    pub(super) pause: Duration,
}

impl Rest {
    /// Nothing went wrong yet.
    pub(super) const NONE: Self = Self { until: None, pause: PAUSES.0 };

    /// Rests from now on, for longer than the last time.
    pub(super) fn begin(&mut self, now: Instant) {
        self.until = Some(now + self.pause);
        self.pause = (self.pause * 2).min(PAUSES.1);
    }

    /// Whether it is over.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until <= now)
    }
}

/// A batch that a broker was sent.
#[derive(Debug)]
pub(super) struct Asked {
    /// The number of the request.
    pub(super) number: i32,
    /// The partition.
    pub(super) partition: i32,
    /// The batch.
    pub(super) key: u64,
    /// When it was sent.
    pub(super) since: Instant,
}

/// A broker.
#[derive(Debug)]
pub(super) struct Peer {
    /// The connection to it.
    pub(super) link: Option<Link>,
    /// Since when it has been connected to.
    pub(super) since: Instant,
    /// What is not answered, in order.
    pub(super) asked: VecDeque<Asked>,
    /// When it is connected to again.
    pub(super) rest: Rest,
}

impl Peer {
    /// One that is not connected to.
    pub(super) fn new() -> Self {
        Self { link: None, since: Instant::now(), asked: VecDeque::new(), rest: Rest::NONE }
    }

    /// Does not count so much time, in which nobody listened to it, as its silence.
    pub(super) fn put_off(&mut self, by: Duration) {
        self.since += by;
        for asked in &mut self.asked {
            asked.since += by;
        }
    }

    /// For how long it has not answered what it was asked, or has not taken up the connection.
    pub(super) fn silence(&self, now: Instant) -> Duration {
        let connects = self.link.as_ref().is_some_and(|link| !link.is_up());
        let since = self.asked.front().map(|asked| asked.since);
        let since = since.or_else(|| connects.then_some(self.since));
        since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}
