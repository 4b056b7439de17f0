//! Owns what a measurement has to say about itself: that it is of something else than it seems, or
//! not to be trusted. Values made of facts; leaves showing them to `commands::bench`.

use std::fmt;
use std::time::Duration;

use super::series::STEP_NS;
use super::stats::{median, variation};
use crate::out::units;

/// A pause at a rate that is worth a word.
const STALL: Duration = Duration::from_millis(300);

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    /// As it was to.
    #[default]
    Whole,
    /// By a signal, before its time.
    Signal,
    /// By a failure, before its time.
    Failure,
}

impl Ended {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Signal => "signal",
            Self::Failure => "failure",
        }
    }
}

/// What is known of a run.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Records a second that were asked for.
    pub rate_asked: Option<f64>,
    /// Records a second.
    pub rate: f64,
    /// Records that were due and not sent.
    pub unsent: u64,
    /// The share of the time in which a disk was waited for.
    pub syncing: f64,
    /// For how long quotas of brokers held it back; `None` where there are no brokers.
    pub throttled: Option<Duration>,
    /// The share of the loops' time in which the cluster did not take records.
    pub blocked: f64,
    /// The share of the loops' time that went into making records.
    pub making: f64,
    /// Processors that the process kept busy, on average.
    pub cpus_used: f64,
    /// Processors.
    pub cpus: usize,
    /// How many wanted to run on this machine before.
    pub load_before: f64,
    /// Records a second over time.
    pub steps: Vec<f64>,
    /// How long was measured.
    pub span: Duration,
    /// Whether the clients take latencies.
    pub latencies: bool,
    /// How it ended.
    pub ended: Ended,
}

/// One piece of advice.
#[derive(Clone, Debug, PartialEq)]
pub enum Advice {
    /// The rate that was asked for was not reached.
    RateNotReached {
        /// What was asked for.
        asked: f64,
        /// What it was.
        got: f64,
        /// Records that were due and not sent.
        unsent: u64,
    },
    /// More was done than was due: what the warm-up had left.
    Backlog,
    /// At a rate, next to nothing was done for a while.
    Stall {
        /// How long that was.
        span: Duration,
    },
    /// Waiting for the disk is what takes the time.
    SyncBound {
        /// The share of time, in percent.
        percent: u64,
    },
    /// Quotas of brokers held it back.
    Throttled {
        /// For how long, all connections together.
        span: Duration,
    },
    /// Waiting for brokers is.
    BrokerBound {
        /// The share of time, in percent.
        percent: u64,
    },
    /// Making records takes most of the time.
    GeneratorBound {
        /// The share of time, in percent.
        percent: u64,
    },
    /// All processors are busy.
    CpuBound {
        /// How many are.
        used: f64,
        /// How many there are.
        cpus: usize,
    },
    /// The beginning is unlike the rest.
    ColdStart {
        /// How much slower it began, in percent.
        percent: u64,
    },
    /// The rate goes up and down.
    Unsteady {
        /// The standard deviation by the mean, in percent.
        percent: u64,
    },
    /// Others use the machine.
    Neighbour {
        /// How many wanted to run before.
        load: f64,
        /// How many processors there are.
        cpus: usize,
    },
    /// Too short to say anything.
    Short,
    /// Latency of a loop without a rate is that of full queues.
    ClosedLoop,
}

/// The advice that facts give.
pub fn advise(facts: &Facts) -> Vec<Advice> {
    let mut found = Vec::new();
    if facts.ended != Ended::Whole {
        // Its numbers are those of a part of it.
        return found;
    }
    let percent = |share: f64| (share.min(1.0) * 100.0).round() as u64;
    if let Some(asked) = facts.rate_asked
        && (facts.rate < asked * 0.98 || facts.unsent > 0)
    {
        found.push(Advice::RateNotReached { asked, got: facts.rate, unsent: facts.unsent });
    }
    if facts.rate <= 0.0 {
        return found;
    }
    let limited = facts.rate_asked.is_none() || !found.is_empty();
    if let Some(asked) = facts.rate_asked {
        if facts.rate > asked * 1.02 {
            found.push(Advice::Backlog);
        }
        found.extend(stall(&facts.steps, asked).map(|span| Advice::Stall { span }));
    }
    let throttled = facts.throttled.filter(|span| !span.is_zero());
    if let Some(span) = throttled {
        found.push(Advice::Throttled { span });
    } else if limited && facts.throttled.is_some() && facts.blocked > 0.5 {
        found.push(Advice::BrokerBound { percent: percent(facts.blocked) });
    } else if limited && facts.syncing > 0.5 {
        found.push(Advice::SyncBound { percent: percent(facts.syncing) });
    }
    if limited && facts.making > 0.5 {
        found.push(Advice::GeneratorBound { percent: percent(facts.making) });
    } else if limited && facts.cpus_used > 0.9 * facts.cpus as f64 {
        found.push(Advice::CpuBound { used: facts.cpus_used, cpus: facts.cpus });
    }
    if facts.span < Duration::from_secs(1) {
        found.push(Advice::Short);
    }
    found.extend(unevenness(&facts.steps, facts.rate_asked.is_some()));
    if facts.load_before > facts.cpus as f64 * 0.8 {
        found.push(Advice::Neighbour { load: facts.load_before, cpus: facts.cpus });
    }
    if facts.rate_asked.is_none() && facts.latencies {
        found.push(Advice::ClosedLoop);
    }
    found
}

/// The longest time in which nearly nothing was done of a rate, if that is worth a word.
fn stall(steps: &[f64], asked: f64) -> Option<Duration> {
    let is_still = |rate: &f64| *rate < asked / 10.0;
    let longest = steps.split(|rate| !is_still(rate)).map(<[f64]>::len).max().unwrap_or(0);
    let span = Duration::from_nanos(longest as u64 * STEP_NS);
    // Fewer records than that are not due in every step.
    (asked >= 100.0 && span >= STALL).then_some(span)
}

/// What the rates of the steps say. A rate that was asked for is even by itself.
fn unevenness(steps: &[f64], open: bool) -> Option<Advice> {
    // Fewer steps are as likely to be uneven by chance.
    if steps.len() < 10 || open {
        return None;
    }
    let (start, rest) = steps.split_at(steps.len() / 5);
    let (start, rest_median) = (median(start), median(rest));
    if start < rest_median * 0.85 && variation(rest) < 0.25 {
        let percent = ((1.0 - start / rest_median) * 100.0).round() as u64;
        return Some(Advice::ColdStart { percent });
    }
    let variation = variation(steps);
    (variation > 0.25).then(|| Advice::Unsteady { percent: (variation * 100.0).round() as u64 })
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RateNotReached { asked, got, unsent } => {
                let whole = |rate: f64| units::count(rate.round() as u64);
                write!(f, "the rate was not reached: {}/s of {}/s", whole(*got), whole(*asked))?;
                if *unsent > 0 {
                    let noun = units::plural(*unsent, "record");
                    write!(f, "; {noun} were due and not sent, so the true tail is longer")?;
                }
                Ok(())
            }
            Self::Backlog => write!(
                f,
                "more was done than was due: the warm-up had left a backlog, so a longer one, or \
                 a lower rate, says more"
            ),
            Self::Stall { span } => write!(
                f,
                "for {} next to nothing was done: a stall, and the tail of the latency is \
                 of it",
                units::duration(*span)
            ),
            Self::SyncBound { percent } => write!(
                f,
                "bound by syncs: {percent} % of the time went into waiting for the disk; \
                 `--acks 1` shows the rest"
            ),
            Self::Throttled { span } => write!(
                f,
                "a quota is the limit: brokers held back requests for {} in all",
                units::duration(*span)
            ),
            Self::BrokerBound { percent } => write!(
                f,
                "the brokers, or the way to them, are the limit: {percent} % of the time they were \
                 waited for; `--producers 2` tells whether it is one connection"
            ),
            Self::GeneratorBound { percent } => write!(
                f,
                "the generator is the limit: {percent} % of the time went into making records; \
                 try `--producers 2`"
            ),
            Self::CpuBound { used, cpus } => write!(
                f,
                "the processors are the limit: {used:.1} of {cpus} were busy with kaw itself"
            ),
            Self::ColdStart { percent } => write!(
                f,
                "the warm-up was too short: the first fifth was {percent} % slower than the rest; \
                 `--warmup` takes it out"
            ),
            Self::Unsteady { percent } => write!(
                f,
                "the rate goes up and down by {percent} %: a noisy neighbour, or a disk that \
                 catches up; measure longer, or use `kaw bench compare` on pairs"
            ),
            Self::Neighbour { load, cpus } => write!(
                f,
                "others use the machine: a load of {load:.1} on {cpus} processors before the run"
            ),
            Self::Short => write!(f, "less than a second was measured; more of it says more"),
            Self::ClosedLoop => write!(
                f,
                "without `--rate`, records are sent as fast as they are taken: the latency is \
                 that of full queues, and a stall delays only what is under way"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            rate_asked: Some(1000.0),
            rate: 1000.0,
            cpus: 2,
            steps: vec![1000.0; 50],
            span: Duration::from_secs(5),
            ..Facts::default()
        }
    }

    #[test]
    fn a_sound_run_needs_no_advice() {
        assert_eq!(advise(&facts()), []);
    }

    #[test]
    fn a_rate_that_is_not_reached_is_told_with_why() {
        let slow = Facts { rate: 700.0, unsent: 300, blocked: 0.9, ..facts() };
        assert_eq!(advise(&slow).len(), 1, "{:?}", advise(&slow));
        let remote = advise(&Facts { throttled: Some(Duration::ZERO), ..slow.clone() });
        assert_eq!(remote[1..], [Advice::BrokerBound { percent: 90 }]);
        let span = Duration::from_secs(3);
        let held = advise(&Facts { throttled: Some(span), ..slow.clone() });
        assert_eq!(held[1..], [Advice::Throttled { span }]);
        let cut = Facts { ended: Ended::Failure, ..slow.clone() };
        assert_eq!(advise(&cut), []);
        let advice = advise(&Facts { syncing: 0.9, ..slow });
        assert_eq!(advice[0], Advice::RateNotReached { asked: 1000.0, got: 700.0, unsent: 300 });
        assert_eq!(advice[1], Advice::SyncBound { percent: 90 });
        assert!(advice[0].to_string().contains("700/s of 1,000/s"), "{}", advice[0]);
    }

    #[test]
    fn a_stall_and_a_backlog_are_told_at_a_rate() {
        let mut stalled = facts();
        stalled.steps.iter_mut().skip(20).take(7).for_each(|rate| *rate = 0.0);
        let span = Duration::from_millis(700);
        assert_eq!(advise(&stalled), [Advice::Stall { span }]);
        let slow = Facts { rate_asked: Some(50.0), rate: 50.0, ..stalled };
        assert_eq!(advise(&slow), []);
        assert_eq!(advise(&Facts { rate: 1030.0, ..facts() }), [Advice::Backlog]);
    }

    #[test]
    fn what_limits_a_closed_loop_is_named() {
        let closed = Facts { rate_asked: None, ..facts() };
        let making = Facts { making: 0.8, cpus_used: 2.0, ..closed.clone() };
        assert_eq!(advise(&making), [Advice::GeneratorBound { percent: 80 }]);
        let busy = Facts { cpus_used: 1.95, ..closed.clone() };
        assert_eq!(advise(&busy), [Advice::CpuBound { used: 1.95, cpus: 2 }]);
        let queued = Facts { latencies: true, ..closed };
        assert_eq!(advise(&queued), [Advice::ClosedLoop]);
    }

    #[test]
    fn a_cold_start_and_an_uneven_run_are_told_apart() {
        let closed = Facts { rate_asked: None, ..facts() };
        let mut cold = closed.clone();
        cold.steps.iter_mut().take(10).for_each(|rate| *rate = 500.0);
        assert_eq!(advise(&cold), [Advice::ColdStart { percent: 50 }]);
        let mut uneven = closed;
        uneven.steps.iter_mut().step_by(2).for_each(|rate| *rate = 400.0);
        assert!(matches!(advise(&uneven)[..], [Advice::Unsteady { .. }]), "{:?}", advise(&uneven));
    }

    #[test]
    fn short_runs_and_neighbours_are_told() {
        let run = Facts { span: Duration::from_millis(200), load_before: 3.0, ..facts() };
        assert_eq!(advise(&run), [Advice::Short, Advice::Neighbour { load: 3.0, cpus: 2 }]);
    }
}
