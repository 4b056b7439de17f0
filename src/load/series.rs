//! Owns what is kept of a run while it goes on: totals, latencies, and how they went over time.
//! Leaves the threads that report to it to `send` and `read`.

use super::stats::Latencies;

/// A second, in ns.
const SECOND_NS: u64 = 1_000_000_000;
/// The finer steps of throughput.
pub const STEP_NS: u64 = SECOND_NS / 10;
/// Such steps of a second.
const SECOND_STEPS: u64 = SECOND_NS / STEP_NS;
/// The most steps that are kept: a day. What comes later is only in the totals.
pub const STEPS_MAX: u64 = 24 * 3600 * 10;
/// Latencies of one second need fewer digits.
const SECOND_DIGITS: u8 = 2;

/// One second of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// Records that were done in it.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The median latency, in us.
    pub p50: u64,
    /// The latency that 99 of 100 did not exceed.
    pub p99: u64,
    /// The longest latency.
    pub max: u64,
}

/// What is kept.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// When measuring begins; what was to be done before is warm-up.
    from_ns: u64,
    /// When it ends, if that is known before.
    until_ns: Option<u64>,
    /// From the intended send time.
    pub latency: Latencies,
    /// From the actual one, as a loop that waits would see it.
    pub service: Latencies,
    /// Records that were done while it was measured.
    pub records: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
    /// Records that were done at any time, and their bytes.
    pub all: u64,
    /// Their bytes.
    pub all_bytes: u64,
    /// When the first and the last of the measured ones were done.
    done_ns: Option<(u64, u64)>,
    seconds: Vec<Second>,
    /// Records in each step.
    steps: Vec<u64>,
    /// The latencies of the second that is not over.
    current: Latencies,
}

impl Recorder {
    /// One that measures from a moment on, until another if that is known.
    pub fn new(from_ns: u64, until_ns: Option<u64>) -> Self {
        Self {
            from_ns,
            until_ns,
            latency: Latencies::default(),
            service: Latencies::default(),
            records: 0,
            bytes: 0,
            all: 0,
            all_bytes: 0,
            done_ns: None,
            seconds: Vec::new(),
            steps: Vec::new(),
            current: Latencies::new(SECOND_DIGITS),
        }
    }

    /// Takes note of records that are done.
    pub fn count(&mut self, done_ns: u64, records: u64, bytes: u64) {
        self.all += records;
        self.all_bytes += bytes;
        if done_ns < self.from_ns || self.until_ns.is_some_and(|until| done_ns >= until) {
            return;
        }
        self.records += records;
        self.bytes += bytes;
        let (first, last) = self.done_ns.unwrap_or((done_ns, done_ns));
        self.done_ns = Some((first.min(done_ns), last.max(done_ns)));
        let step = (done_ns - self.from_ns) / STEP_NS;
        self.reach(step);
        if let Some(sum) = self.steps.get_mut(step as usize) {
            *sum += records;
        }
        if let Some(at) = self.seconds.get_mut((step / SECOND_STEPS) as usize) {
            at.records += records;
            at.bytes += bytes;
        }
    }

    /// Has all steps up to this one, with nothing in those in which nothing was done.
    fn reach(&mut self, step: u64) {
        let step = step.min(STEPS_MAX - 1) as usize;
        if step >= self.steps.len() {
            self.steps.resize(step + 1, 0);
        }
        let second = step / SECOND_STEPS as usize;
        if second >= self.seconds.len() {
            self.close_second();
            self.seconds.resize(second + 1, Second::default());
        }
    }

    /// Opens the second of a moment, so that the latencies that follow are of it.
    pub fn open(&mut self, done_ns: u64) {
        let is_measured = self.until_ns.is_none_or(|until| done_ns < until);
        if let Some(passed) = done_ns.checked_sub(self.from_ns).filter(|_| is_measured) {
            self.reach(passed / STEP_NS);
        }
    }

    /// Takes note of the times of records that are done, once their second is open.
    pub fn latency(&mut self, done_ns: u64, intended_ns: u64, sent_ns: u64, records: u64) {
        if intended_ns < self.from_ns || self.until_ns.is_some_and(|until| intended_ns >= until) {
            return;
        }
        self.latency.record(done_ns.saturating_sub(intended_ns), records);
        self.service.record(done_ns.saturating_sub(sent_ns), records);
        self.current.record(done_ns.saturating_sub(intended_ns), records);
    }

    /// Puts the latencies since the last call into the second that is open.
    fn close_second(&mut self) {
        if let Some(second) = self.seconds.last_mut() {
            second.p50 = self.current.at(0.5);
            second.p99 = self.current.at(0.99);
            second.max = self.current.at(1.0);
        }
        self.current.clear();
    }

    /// Ends the run: the last second is closed, be it one in which nothing was done.
    pub fn close(&mut self) {
        if let Some(last_ns) = self.span_ns().checked_sub(1) {
            self.reach(last_ns / STEP_NS);
        }
        self.close_second();
    }

    /// The seconds that were measured.
    pub fn seconds(&self) -> &[Second] {
        &self.seconds
    }

    /// Records in each tenth of a second.
    pub fn steps(&self) -> &[u64] {
        &self.steps
    }

    /// How long was measured: to the planned end, or to the last record.
    pub fn span_ns(&self) -> u64 {
        let end = self.until_ns.or(self.done_ns.map(|(_, last)| last));
        end.map_or(0, |end| end.saturating_sub(self.from_ns))
    }

    /// Ends what is measured at a moment, since the run ended before it was to.
    pub fn cut(&mut self, at_ns: u64) {
        if self.until_ns.is_some_and(|until| at_ns < until) {
            self.until_ns = Some(at_ns.max(self.from_ns));
        }
    }

    /// What measuring began at.
    pub const fn from_ns(&self) -> u64 {
        self.from_ns
    }

    /// Records a second.
    pub fn rate(&self) -> f64 {
        per_second(self.records, self.span_ns())
    }

    /// Bytes a second.
    pub fn byte_rate(&self) -> f64 {
        per_second(self.bytes, self.span_ns())
    }

    /// The rates of the steps that are whole.
    pub fn step_rates(&self) -> Vec<f64> {
        let whole = (self.span_ns() / STEP_NS) as usize;
        self.steps.iter().take(whole).map(|&n| per_second(n, STEP_NS)).collect()
    }

    /// Rate and 99th percentile of the last whole second, for who watches.
    pub fn now(&self) -> Option<Second> {
        let whole = self.seconds.len().checked_sub(2)?;
        self.seconds.get(whole).copied()
    }
}

/// How many a second.
fn per_second(n: u64, span_ns: u64) -> f64 {
    if span_ns == 0 { 0.0 } else { n as f64 * SECOND_NS as f64 / span_ns as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_the_window_is_measured() {
        let mut recorder = Recorder::new(SECOND_NS, Some(3 * SECOND_NS));
        for ms in 0..4000_u64 {
            let done = ms * 1_000_000;
            recorder.latency(done + 5_000, done, done + 2_000, 1);
            recorder.count(done, 1, 10);
        }
        recorder.close();
        assert_eq!((recorder.records, recorder.bytes, recorder.all), (2000, 20_000, 4000));
        assert!((recorder.rate() - 1000.0).abs() < 1e-6);
        assert_eq!(recorder.seconds().iter().map(|s| s.records).collect::<Vec<_>>(), [1000, 1000]);
        assert_eq!(recorder.steps(), [100; 20]);
        assert_eq!((recorder.latency.count(), recorder.latency.at(1.0)), (2000, 5));
        assert_eq!(recorder.service.at(1.0), 3);
        assert_eq!(recorder.step_rates(), [1000.0; 20]);
    }

    #[test]
    fn a_run_by_count_ends_at_its_last_record() {
        let mut recorder = Recorder::new(0, None);
        recorder.count(SECOND_NS / 4, 50, 1);
        recorder.count(SECOND_NS / 2, 50, 1);
        assert_eq!(recorder.span_ns(), SECOND_NS / 2);
        assert!((recorder.rate() - 200.0).abs() < 1e-6);
        assert!(recorder.step_rates().len() == 5);
    }

    #[test]
    fn seconds_in_which_nothing_was_done_are_seconds() {
        let mut recorder = Recorder::new(0, Some(5 * SECOND_NS));
        recorder.count(SECOND_NS / 2, 7, 7);
        recorder.latency(SECOND_NS / 2, 1, 1, 7);
        recorder.cut(4 * SECOND_NS);
        recorder.close();
        let records: Vec<u64> = recorder.seconds().iter().map(|second| second.records).collect();
        assert_eq!((records, recorder.step_rates().len()), (vec![7, 0, 0, 0], 40));
        assert!(recorder.seconds()[0].max > 0 && recorder.seconds()[3].max == 0);
    }

    #[test]
    fn a_second_knows_its_own_latencies() {
        let mut recorder = Recorder::new(0, None);
        // The first of a second is the slowest of it, and not of the second before.
        for (second, us) in [(0_u64, 10_u64), (1, 500)] {
            for n in 0..100 {
                let us = if n == 0 { us * 3 } else { us };
                let done = second * SECOND_NS + n * 1_000_000 + us * 1000;
                recorder.open(done);
                recorder.latency(done, done - us * 1000, done, 1);
                recorder.count(done, 1, 1);
            }
        }
        recorder.close();
        let of = |second: usize| (recorder.seconds()[second].p50, recorder.seconds()[second].max);
        let near = |us: u64| us - us / 100..=us + us / 100;
        for (second, us) in [(0, 10), (1, 500)] {
            let (p50, max) = of(second);
            assert!(near(us).contains(&p50) && near(us * 3).contains(&max), "{p50} {max}");
        }
    }
}
