//! Owns the plan of a run: how many records, for how long, and when each is to be sent. Pure;
//! leaves keeping to it to `send`.

use std::time::Duration;

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// After so many records, of all producers together.
    Records(u64),
    /// After this long.
    Duration(Duration),
}

/// When records are to be sent, and how many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Records a second of all producers together; `None` sends as fast as the cluster takes them.
    pub rate: Option<f64>,
    /// What is measured, after the warm-up.
    pub amount: Amount,
    /// What is sent before anything is measured.
    pub warmup: Duration,
    /// Producers.
    pub producers: u32,
}

impl Plan {
    /// The part of one producer, the first of which is 0.
    pub fn share(&self, producer: u32) -> Share {
        let producers = f64::from(self.producers.max(1));
        let interval_ns = self.rate.map(|rate| 1e9 * producers / rate);
        let records = match self.amount {
            Amount::Duration(_) => None,
            Amount::Records(all) => {
                let (each, rest) =
                    (all / u64::from(self.producers), all % u64::from(self.producers));
                Some(each + u64::from(u64::from(producer) < rest))
            }
        };
        // The producers take turns, so that the whole is as even as one of them.
        let phase_ns = interval_ns.map_or(0.0, |ns| ns * f64::from(producer) / producers);
        Share { interval_ns, phase_ns, records }
    }

    /// How long the measured part lasts, if that is known before.
    pub const fn measured(&self) -> Option<Duration> {
        match self.amount {
            Amount::Duration(duration) => Some(duration),
            Amount::Records(_) => None,
        }
    }
}

/// The part of one producer in a plan. Times are in ns since the run began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    interval_ns: Option<f64>,
    phase_ns: f64,
    /// How many of its records are measured, if the run ends by that.
    pub records: Option<u64>,
}

impl Share {
    /// Whether records are sent at their times and not one behind another.
    pub const fn is_open(&self) -> bool {
        self.interval_ns.is_some()
    }

    /// When record `number` is to be sent; `None` where there is no rate.
    pub fn due_ns(&self, number: u64) -> Option<u64> {
        // A product and not a sum: no error adds up over a long run.
        self.interval_ns.map(|ns| (ns.mul_add(number as f64, self.phase_ns)).round() as u64)
    }

    /// How many of the records from `number` on are due at `now_ns`, at most `most`.
    pub fn due_count(&self, number: u64, now_ns: u64, most: u64) -> u64 {
        let Some(interval) = self.interval_ns else { return most };
        let passed = (now_ns as f64 - self.phase_ns) / interval;
        let mut until = if passed < 0.0 { 0 } else { passed as u64 + 1 };
        // The division may be off by one; the times themselves are what counts.
        while until > number && self.due_ns(until - 1).is_some_and(|due| due > now_ns) {
            until -= 1;
        }
        until.saturating_sub(number).min(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plan(rate: Option<f64>, amount: Amount, producers: u32) -> Plan {
        Plan { rate, amount, warmup: Duration::ZERO, producers }
    }

    #[test]
    fn producers_share_rate_and_records_evenly() {
        let plan = plan(Some(1000.0), Amount::Records(10), 3);
        let shares: Vec<Share> = (0..3).map(|i| plan.share(i)).collect();
        assert_eq!(
            shares.iter().map(|s| s.records).collect::<Vec<_>>(),
            [Some(4), Some(3), Some(3)]
        );
        let mut times: Vec<u64> =
            shares.iter().flat_map(|s| (0..4).filter_map(|n| s.due_ns(n))).collect();
        times.sort_unstable();
        let gaps: Vec<u64> = times.windows(2).map(|w| w[1] - w[0]).collect();
        assert!(gaps.iter().all(|gap| *gap == 1_000_000), "{gaps:?}");
    }

    #[test]
    fn without_a_rate_everything_is_due() {
        let share = plan(None, Amount::Duration(Duration::from_secs(1)), 2).share(1);
        assert!(!share.is_open());
        assert_eq!((share.due_ns(7), share.due_count(7, 0, 512)), (None, 512));
        assert_eq!(share.records, None);
    }

    proptest! {
        #[test]
        fn what_is_due_is_what_has_its_time_behind_it(
            rate in 0.5_f64..5e6,
            producers in 1_u32..8,
            number in 0_u64..1_000_000,
            now in 0_u64..2_000_000_000_000,
        ) {
            let share = plan(Some(rate), Amount::Records(1), producers).share(producers - 1);
            let count = share.due_count(number, now, 1 << 40);
            if count > 0 {
                prop_assert!(share.due_ns(number + count - 1).unwrap() <= now);
            }
            prop_assert!(share.due_ns(number + count).unwrap() >= now);
        }
    }
}
