//! Owns numbers drawn by Zipf's law: rank k as often as 1 / k^s. Leaves what is drawn to
//! `generate`.
//!
//! Rejection-inversion by W. Hoermann and G. Derflinger, "Rejection-inversion to generate variates
//! from monotone discrete distributions" (1996), as in Apache Commons RNG's
//! `RejectionInversionZipfSampler`: exact, without a table, at about one draw a number.

use rand::Rng;

/// Draws ranks from 1 to a number of elements.
#[derive(Clone, Copy, Debug)]
pub struct Zipf {
    elements: f64,
    exponent: f64,
    integral_first: f64,
    integral_last: f64,
    /// Below this distance from a rank no second look is needed.
    sure: f64,
}

impl Zipf {
    /// Ranks from 1 to `elements`, with an exponent above 0.
    pub fn new(elements: u64, exponent: f64) -> Self {
        let mut zipf = Self {
            elements: elements.max(1) as f64,
            exponent,
            integral_first: 0.0,
            integral_last: 0.0,
            sure: 0.0,
        };
        zipf.integral_first = zipf.integral(1.5) - 1.0;
        zipf.integral_last = zipf.integral(zipf.elements + 0.5);
        zipf.sure = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.density(2.0));
        zipf
    }

    /// The next rank.
    pub fn draw(&self, rng: &mut impl Rng) -> u64 {
        loop {
            let uniform: f64 = rng.r#gen();
            let u = self.integral_last + uniform * (self.integral_first - self.integral_last);
            let x = self.inverse(u);
            let rank = (x + 0.5).floor().clamp(1.0, self.elements);
            if rank - x <= self.sure || u >= self.integral(rank + 0.5) - self.density(rank) {
                return rank as u64;
            }
        }
    }

    /// `x^-s`.
    fn density(&self, x: f64) -> f64 {
        (-self.exponent * x.ln()).exp()
    }

    /// The integral of the density, without its constant.
    fn integral(&self, x: f64) -> f64 {
        let log = x.ln();
        let t = (1.0 - self.exponent) * log;
        // (e^t - 1) / t, which has a limit at 0.
        let slope = if t.abs() > 1e-8 { t.exp_m1() / t } else { 1.0 + t * 0.5 };
        slope * log
    }

    /// The inverse of the integral.
    fn inverse(&self, x: f64) -> f64 {
        let t = (x * (1.0 - self.exponent)).max(-1.0);
        let slope = if t.abs() > 1e-8 { t.ln_1p() / t } else { 1.0 - t * 0.5 };
        (slope * x).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    #[test]
    fn ranks_come_as_often_as_the_law_says() {
        for (elements, exponent) in [(10_u64, 1.0), (100, 0.5), (1000, 1.2), (5, 2.0), (1, 1.0)] {
            let zipf = Zipf::new(elements, exponent);
            let mut rng = Pcg64Mcg::seed_from_u64(7);
            let draws = 200_000;
            let mut counts = vec![0_u64; elements as usize + 1];
            for _ in 0..draws {
                counts[zipf.draw(&mut rng) as usize] += 1;
            }
            let weight = |k: u64| (k as f64).powf(-exponent);
            let total: f64 = (1..=elements).map(weight).sum();
            for k in 1..=elements.min(20) {
                let expected = f64::from(draws) * weight(k) / total;
                let off = (counts[k as usize] as f64 - expected).abs();
                // Five standard deviations; the seed is fixed, so this never comes by chance.
                assert!(off < 5.0 * expected.sqrt() + 1.0, "{elements} {exponent} {k}: {off}");
            }
            assert_eq!(counts[0], 0);
        }
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let zipf = Zipf::new(1_000_000, 0.99);
        let draw = || {
            let mut rng = Pcg64Mcg::seed_from_u64(3);
            (0..100).map(|_| zipf.draw(&mut rng)).collect::<Vec<_>>()
        };
        assert_eq!(draw(), draw());
        assert!(draw().iter().all(|rank| (1..=1_000_000).contains(rank)));
    }
}
