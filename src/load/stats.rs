//! Owns the statistics: latencies as a histogram and its percentiles, and whether two sets of
//! measurements differ. Pure; leaves where numbers come from to `send` and `read`.

use hdrhistogram::Histogram;

/// The longest latency that is told apart, an hour in us; a longer one counts as that.
const LATENCY_US_MAX: u64 = 3_600_000_000;
/// Latencies are right to three digits.
const DIGITS: u8 = 3;

/// Latencies in microseconds.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self::new(DIGITS)
    }
}

/// What is told of latencies, in us.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// How many.
    pub count: u64,
    /// The mean.
    pub mean: f64,
    /// The least.
    pub min: u64,
    /// Half of them are at most this.
    pub p50: u64,
    /// 90 of 100.
    pub p90: u64,
    /// 95 of 100.
    pub p95: u64,
    /// 99 of 100.
    pub p99: u64,
    /// 999 of 1000.
    pub p999: u64,
    /// 9999 of 10,000.
    pub p9999: u64,
    /// The most.
    pub max: u64,
}

impl Latencies {
    /// None yet; right to so many digits.
    pub fn new(digits: u8) -> Self {
        #[expect(clippy::expect_used, reason = "the bounds are constants that it takes")]
        let histogram = Histogram::new_with_bounds(1, LATENCY_US_MAX, digits.clamp(1, 5))
            .expect("bounds of a histogram");
        Self(histogram)
    }

    /// Adds a latency, `count` times.
    pub fn record(&mut self, ns: u64, count: u64) {
        self.0.saturating_record_n((ns + 500) / 1000, count);
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Forgets them.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// The latency in us that a share of them, from 0 to 1, does not exceed.
    pub fn at(&self, share: f64) -> u64 {
        if self.0.is_empty() { 0 } else { self.0.value_at_quantile(share).min(self.0.max()) }
    }

    /// What is told of them.
    pub fn summary(&self) -> Summary {
        if self.0.is_empty() {
            return Summary::default();
        }
        Summary {
            count: self.0.len(),
            mean: self.0.mean(),
            min: self.0.min(),
            p50: self.at(0.5),
            p90: self.at(0.9),
            p95: self.at(0.95),
            p99: self.at(0.99),
            p999: self.at(0.999),
            p9999: self.at(0.9999),
            max: self.0.max(),
        }
    }

    /// The whole distribution: latencies in us that occurred, and how often.
    pub fn distribution(&self) -> Vec<(u64, u64)> {
        self.0.iter_recorded().map(|at| (at.value_iterated_to(), at.count_at_value())).collect()
    }
}

/// How much larger one thing is than another, with the 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The ratio of the geometric means.
    pub ratio: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Ratio {
    /// Whether the interval excludes that there is no difference.
    pub fn is_clear(&self) -> bool {
        self.low > 1.0 || self.high < 1.0
    }
}

/// The 97.5 % quantile of Student's t distribution with 1 to 30 degrees of freedom.
const T: [f64; 30] = [
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, 2.2010,
    2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687,
    2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
];

/// The 97.5 % quantile of Student's t distribution; for broken degrees of freedom, that of the
/// whole number below, which is the wider one.
pub fn t_quantile(freedom: f64) -> f64 {
    let whole = freedom.floor().max(1.0);
    if let Some(t) = T.get(whole as usize - 1) {
        return *t;
    }
    // Cornish and Fisher's expansion around the normal distribution; good to 1e-5 from here on.
    let z = 1.959_963_985_f64;
    z + (z.powi(3) + z) / (4.0 * whole)
        + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * whole * whole)
}

/// Mean and variance of a sample.
fn moments(sample: &[f64]) -> (f64, f64) {
    let n = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / n;
    let squares: f64 = sample.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, squares / (n - 1.0))
}

/// The logarithms; `None` if there are fewer than two, or one is not of a positive number.
fn logarithms(sample: &[f64]) -> Option<Vec<f64>> {
    let all = sample.len() >= 2 && sample.iter().all(|x| *x > 0.0 && x.is_finite());
    all.then(|| sample.iter().map(|x| x.ln()).collect())
}

/// How much larger `b` is than `a`, from pairs that were measured one right after the other: a t
/// interval of the mean of the log ratios.
pub fn paired(a: &[f64], b: &[f64]) -> Option<Ratio> {
    if a.len() != b.len() {
        return None;
    }
    let (a, b) = (logarithms(a)?, logarithms(b)?);
    let ratios: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
    let (mean, variance) = moments(&ratios);
    let n = ratios.len() as f64;
    Some(interval(mean, t_quantile(n - 1.0) * (variance / n).sqrt()))
}

/// How much larger `b` is than `a`, from samples on their own: Welch's interval on logarithms.
pub fn welch(a: &[f64], b: &[f64]) -> Option<Ratio> {
    let (a, b) = (logarithms(a)?, logarithms(b)?);
    let ((mean_a, var_a), (mean_b, var_b)) = (moments(&a), moments(&b));
    let (n_a, n_b) = (a.len() as f64, b.len() as f64);
    let (se_a, se_b) = (var_a / n_a, var_b / n_b);
    let sum = se_a + se_b;
    let below = se_a.powi(2) / (n_a - 1.0) + se_b.powi(2) / (n_b - 1.0);
    let freedom = if below > 0.0 { sum.powi(2) / below } else { n_a + n_b - 2.0 };
    Some(interval(mean_b - mean_a, t_quantile(freedom) * sum.sqrt()))
}

/// The interval around a mean of logarithms, as ratios.
fn interval(mean: f64, half: f64) -> Ratio {
    Ratio { ratio: mean.exp(), low: (mean - half).exp(), high: (mean + half).exp() }
}

/// The standard deviation of a sample by its mean; 0 of fewer than two.
pub fn variation(sample: &[f64]) -> f64 {
    if sample.len() < 2 {
        return 0.0;
    }
    let (mean, variance) = moments(sample);
    if mean > 0.0 { variance.sqrt() / mean } else { 0.0 }
}

/// What a ratio of samples is between: the geometric mean, or the usual one where a sample is 0.
pub fn centre(sample: &[f64]) -> f64 {
    match logarithms(sample) {
        Some(logarithms) => moments(&logarithms).0.exp(),
        None => sample.iter().sum::<f64>() / sample.len().max(1) as f64,
    }
}

/// The middle of a sample; 0 of an empty one.
pub fn median(sample: &[f64]) -> f64 {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |i: usize| sorted.get(i).copied().unwrap_or(0.0);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => at(n / 2),
        n => f64::midpoint(at(n / 2 - 1), at(n / 2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng};

    /// The value that a share of the sorted samples does not exceed.
    fn reference(sorted: &[u64], share: f64) -> u64 {
        let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
        sorted[rank.min(sorted.len()) - 1]
    }

    proptest! {
        #[test]
        fn percentiles_are_those_of_the_sorted_samples(
            us in proptest::collection::vec(1_u64..100_000_000, 1..2000),
        ) {
            let mut latencies = Latencies::default();
            for us in &us {
                latencies.record(us * 1000, 1);
            }
            let mut sorted = us.clone();
            sorted.sort_unstable();
            let told = latencies.summary();
            let shares = [
                (told.p50, 0.5), (told.p90, 0.9), (told.p95, 0.95), (told.p99, 0.99),
                (told.p999, 0.999), (told.p9999, 0.9999), (told.max, 1.0),
            ];
            for (value, share) in shares {
                let expected = reference(&sorted, share) as f64;
                let off = (value as f64 - expected).abs() / expected;
                prop_assert!(off <= 0.001, "{share}: {value} is not {expected}");
            }
            let mean = us.iter().sum::<u64>() as f64 / us.len() as f64;
            prop_assert!((told.mean / mean - 1.0).abs() < 0.001);
            prop_assert_eq!(told.count, us.len() as u64);
            let counted: u64 = latencies.distribution().iter().map(|(_, count)| count).sum();
            prop_assert_eq!(counted, told.count);
        }
    }

    #[test]
    fn an_hour_and_more_is_an_hour() {
        let mut latencies = Latencies::default();
        latencies.record(u64::MAX / 2, 3);
        let max = latencies.summary().max;
        assert!((3_590_000_000..3_610_000_000).contains(&max), "{max}");
        assert_eq!(Latencies::default().summary(), Summary::default());
    }

    #[test]
    fn quantiles_of_t_are_those_of_the_tables() {
        let cases = [(1.0, 12.706), (2.9, 4.303), (10.0, 2.228), (31.0, 2.0395), (60.0, 2.0003)];
        for (freedom, expected) in cases {
            assert!((t_quantile(freedom) - expected).abs() < 1e-3, "{freedom}");
        }
        assert!((t_quantile(1e9) - 1.95996).abs() < 1e-4);
    }

    /// Samples of which Welch's test is worked out by hand: logs of 1, 2, 3 and of 2, 4, 6, 8.
    #[test]
    fn welch_is_what_is_worked_out_by_hand() {
        let a: Vec<f64> = [1.0_f64, 2.0, 3.0].map(f64::exp).to_vec();
        let b: Vec<f64> = [2.0_f64, 4.0, 6.0, 8.0].map(f64::exp).to_vec();
        // Means 2 and 5, variances 1 and 20/3; 1/3 + 5/3 = 2; 4 / (1/18 + 25/27) = 4.075, so 4
        // degrees of freedom and t = 2.7764.
        let Ratio { ratio, low, high } = welch(&a, &b).unwrap();
        let half = 2.7764 * 2.0_f64.sqrt();
        assert!((ratio.ln() - 3.0).abs() < 1e-9);
        assert!((low.ln() - (3.0 - half)).abs() < 1e-9 && (high.ln() - (3.0 + half)).abs() < 1e-9);
    }

    #[test]
    fn pairs_take_out_what_both_have() {
        let mut rng = rand_pcg::Pcg64Mcg::seed_from_u64(1);
        let noise: Vec<f64> = (0..20).map(|_| rng.gen_range(0.2..5.0)).collect();
        let a: Vec<f64> = noise.iter().map(|n| 100.0 * n).collect();
        let b: Vec<f64> = noise.iter().map(|n| 110.0 * n * rng.gen_range(0.99..1.01)).collect();
        let together = paired(&a, &b).unwrap();
        assert!(together.is_clear() && (together.ratio - 1.1).abs() < 0.01, "{together:?}");
        assert!(!welch(&a, &b).unwrap().is_clear());
        assert!(paired(&a, &b[1..]).is_none() && paired(&a[..1], &b[..1]).is_none());
        assert!(welch(&[1.0, 0.0], &[1.0, 1.0]).is_none());
    }

    /// Of 95 % intervals, about 95 of 100 hold the truth.
    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let mut rng = rand_pcg::Pcg64Mcg::seed_from_u64(42);
        let mut normal = || (0..12).map(|_| rng.r#gen::<f64>()).sum::<f64>() - 6.0;
        let mut held = [0; 2];
        for _ in 0..2000 {
            let a: Vec<f64> = (0..8).map(|_| (0.1 * normal()).exp()).collect();
            let b: Vec<f64> = (0..8).map(|_| (0.2 * normal() + 0.3).exp()).collect();
            for (held, ratio) in held.iter_mut().zip([paired(&a, &b), welch(&a, &b)]) {
                let Ratio { low, high, .. } = ratio.unwrap();
                *held += i32::from((low..high).contains(&0.3_f64.exp()));
            }
        }
        assert!(held.iter().all(|n| (1860..=1950).contains(n)), "{held:?} of 2000");
    }

    #[test]
    fn a_ratio_is_that_of_the_centres() {
        let (a, b) = ([1.0, 4.0, 2.0], [3.0, 5.0, 9.0]);
        let expected = centre(&b) / centre(&a);
        for ratio in [paired(&a, &b), welch(&a, &b)] {
            assert!((ratio.unwrap().ratio / expected - 1.0).abs() < 1e-12);
        }
        assert!((centre(&[0.0, 3.0]) - 1.5).abs() < 1e-12);
    }

    #[test]
    fn medians_and_variations() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-12);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-12);
        assert!(variation(&[5.0, 5.0]) < 1e-12 && variation(&[1.0]) < 1e-12);
        assert!((variation(&[1.0, 3.0]) - 2.0_f64.sqrt() / 2.0).abs() < 1e-12);
    }
}
