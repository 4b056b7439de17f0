//! Owns keeping to a rate that the user gave. Leaves waiting to the commands, which look at signals
//! meanwhile.

use std::time::{Duration, Instant};

use crate::value::Rate;

/// As much as this may be caught up with at once. What came to a standstill for longer goes on at
/// its rate: who asked for one has something behind it that takes no more.
const BURST: Duration = Duration::from_secs(1);

/// A rate, and how far it has come.
#[derive(Debug)]
pub struct Pace {
    rate: Rate,
    begun: Instant,
    /// Time in which too little was there to keep to the rate, and that is not caught up with.
    lost: Duration,
}

impl Pace {
    /// One that begins now.
    pub fn new(rate: Rate) -> Self {
        Self { rate, begun: Instant::now(), lost: Duration::ZERO }
    }

    /// The most records at once: a fiftieth of a second's worth, so that a rate is even.
    pub fn turn(&self) -> u64 {
        match self.rate {
            Rate::Records(rate) => ((rate / 50.0) as u64).max(1),
            Rate::Bytes(_) => 16,
        }
    }

    /// How long to wait once so many records, with so many bytes, were handed on in all.
    pub fn wait(&mut self, records: u64, bytes: u64) -> Duration {
        self.wait_at(self.begun.elapsed(), records, bytes)
    }

    /// The same at a time since it began.
    fn wait_at(&mut self, elapsed: Duration, records: u64, bytes: u64) -> Duration {
        let seconds = match self.rate {
            Rate::Records(rate) => records as f64 / rate,
            Rate::Bytes(rate) => bytes as f64 / rate,
        };
        let due = Duration::from_secs_f64(seconds.min(1e9)) + self.lost;
        let late = elapsed.saturating_sub(due);
        self.lost += late.saturating_sub(BURST);
        due.saturating_sub(elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standstill_is_not_caught_up_with() {
        let ms = Duration::from_millis;
        let mut pace = Pace::new(Rate::Records(100.0));
        assert_eq!(pace.turn(), 2);
        assert_eq!(pace.wait_at(ms(0), 10, 0), ms(100));
        // What is late by less than a second is made up for.
        assert_eq!(pace.wait_at(ms(600), 20, 0), ms(0));
        assert_eq!(pace.wait_at(ms(600), 70, 0), ms(100));
        // An hour in which nothing came: a second's worth at once, and then the rate.
        let hour = ms(3_600_000);
        assert_eq!(pace.wait_at(hour, 71, 0), ms(0));
        assert_eq!(pace.wait_at(hour, 171, 0), ms(0));
        assert_eq!(pace.wait_at(hour, 181, 0), ms(100));
        let mut bytes = Pace::new(Rate::Bytes(1000.0));
        assert_eq!(bytes.wait_at(ms(0), 1, 500), ms(500));
    }
}
