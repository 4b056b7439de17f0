//! Owns numbers drawn by Zipf's law: rank k as often as 1 / k^s. Leaves what is drawn to
//! `generate`.
//!
//! Ranks are taken together in sections, the first ones alone, later ones ever more of them, so
//! that no rank in a section is much rarer than its first. A section is drawn by how often its
//! ranks would come if all came as often as the first (Walker's alias method in M. D. Vose, "A
//! linear algorithm for generating random numbers with a given distribution", 1991), a rank in it
//! evenly, and what is drawn too often so is refused: exact, without a power or a logarithm for
//! most numbers, and in some thousand sections for as many ranks as there may be.

use rand::Rng;

/// A section has this part of the ranks before it.
const PART: u64 = 64;

/// Ranks that are drawn together.
#[derive(Clone, Copy, Debug)]
struct Section {
    first: u64,
    ranks: u64,
    /// Below this part of 2^32 none of its ranks is refused.
    sure: u32,
}

/// One of so many evenly drawn cells: the section of its number in `own` parts of 2^32, another in
/// the rest.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    own: u32,
    other: u32,
}

/// Draws ranks from 1 to a number of elements.
#[derive(Clone, Debug)]
pub struct Zipf {
    exponent: f64,
    sections: Vec<Section>,
    /// As many as a power of two.
    cells: Vec<Cell>,
}

impl Zipf {
    /// Ranks from 1 to `elements`, with an exponent above 0.
    pub fn new(elements: u64, exponent: f64) -> Self {
        let (mut sections, mut weights) = (Vec::new(), Vec::new());
        let last = elements.max(1);
        let mut next = Some(1_u64);
        while let Some(first) = next.filter(|first| *first <= last) {
            let ranks = (first / PART).clamp(1, last - first + 1);
            let rarest = chance(first, first + (ranks - 1), exponent);
            let sure = (rarest * (1_u64 << 32) as f64) as u32;
            sections.push(Section { first, ranks, sure });
            weights.push(ranks as f64 * (first as f64).powf(-exponent));
            next = first.checked_add(ranks);
        }
        weights.resize(weights.len().next_power_of_two(), 0.0);
        Self { exponent, sections, cells: cells(&weights) }
    }

    /// The next rank.
    pub fn draw(&self, rng: &mut impl Rng) -> u64 {
        loop {
            let bits = rng.next_u64();
            let at = (bits >> 32) as usize & (self.cells.len() - 1);
            let cell = self.cells.get(at).copied().unwrap_or_default();
            let at = if (bits as u32) < cell.own { at } else { cell.other as usize };
            // Cells that only fill up to a power of two have no section.
            let Some(section) = self.sections.get(at) else { continue };
            // The high half of a product: even, to one part in 2^64, and without a division.
            let drawn = u128::from(rng.next_u64()) * u128::from(section.ranks);
            let rank = section.first + (drawn >> 64) as u64;
            let coin = rng.next_u64() >> 32;
            if coin <= u64::from(section.sure) || self.keeps(section, rank, coin) {
                return rank;
            }
        }
    }

    /// Whether a rank that was drawn as often as the first of its section is kept.
    #[cold]
    fn keeps(&self, section: &Section, rank: u64, coin: u64) -> bool {
        (coin as f64) < chance(section.first, rank, self.exponent) * (1_u64 << 32) as f64
    }
}

/// How often rank `rank` comes for each time that rank `first` does.
fn chance(first: u64, rank: u64, exponent: f64) -> f64 {
    (first as f64 / rank as f64).powf(exponent)
}

/// Cells of which section `i` has as many parts as `weights[i]` says.
fn cells(weights: &[f64]) -> Vec<Cell> {
    let scale = weights.len() as f64 / weights.iter().sum::<f64>();
    let mut shares: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
    let mut cells: Vec<Cell> =
        (0..weights.len()).map(|at| Cell { own: 0, other: at as u32 }).collect();
    let (mut small, mut large): (Vec<usize>, Vec<usize>) =
        (0..shares.len()).partition(|at| shares.get(*at).is_some_and(|share| *share < 1.0));
    while let (Some(less), Some(more)) = (small.pop(), large.last().copied()) {
        let share = shares.get(less).copied().unwrap_or_default();
        if let Some(cell) = cells.get_mut(less) {
            *cell = Cell { own: (share * (1_u64 << 32) as f64) as u32, other: more as u32 };
        }
        let Some(rest) = shares.get_mut(more) else { break };
        *rest -= 1.0 - share;
        if *rest < 1.0 {
            small.extend(large.pop());
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    #[test]
    fn ranks_come_as_often_as_the_law_says() {
        let laws = [
            (10_u64, 1.0),
            (100, 0.5),
            (1000, 1.2),
            (5, 2.0),
            (1, 1.0),
            (100_000, 0.99),
            (5000, 0.2),
            (3000, 10.0),
        ];
        for (elements, exponent) in laws {
            let zipf = Zipf::new(elements, exponent);
            let mut rng = Pcg64Mcg::seed_from_u64(7);
            let draws = 1_000_000;
            let mut counts = vec![0_u64; elements as usize + 1];
            for _ in 0..draws {
                counts[zipf.draw(&mut rng) as usize] += 1;
            }
            let mut sums = vec![0.0];
            for k in 1..=elements {
                sums.push(sums[k as usize - 1] + (k as f64).powf(-exponent));
            }
            let check = |from: u64, until: u64| {
                let (from, until) = (from as usize, until as usize);
                let share = (sums[until - 1] - sums[from - 1]) / sums[elements as usize];
                let expected = f64::from(draws) * share;
                let count: u64 = counts[from..until].iter().sum();
                let off = (count as f64 - expected).abs();
                // Five standard deviations; the seed is fixed, so this never comes by chance.
                assert!(off < 5.0 * expected.sqrt() + 1.0, "{elements} {exponent} {from}: {off}");
            };
            (1..=elements.min(300)).for_each(|k| check(k, k + 1));
            // Later ranks are rare, so many are looked at together: within a section, and over
            // several.
            for from in (300..elements).step_by(17) {
                check(from, (from + 5).min(elements + 1));
                check(from, (from + from / 3).min(elements + 1));
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

    #[test]
    fn any_number_of_ranks_takes_little_memory() {
        for exponent in [0.01, 0.99, 10.0] {
            let zipf = Zipf::new(u64::MAX, exponent);
            assert!(zipf.cells.len() <= 4096 && zipf.sections.len() <= 4096);
            let last = zipf.sections.last().unwrap();
            assert_eq!(last.first + (last.ranks - 1), u64::MAX);
            let mut rng = Pcg64Mcg::seed_from_u64(3);
            assert!((0..1000).all(|_| zipf.draw(&mut rng) > 0));
        }
    }
}
