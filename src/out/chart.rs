//! Owns small charts made of characters: a line of bars, and a histogram. Leaves what they show to
//! commands.

use super::units;

/// The lowest of the eight bars.
const BAR_LOWEST: u32 = 0x2581;
/// A full block, and the seven narrower ones from the widest on.
const BLOCK_FULL: u32 = 0x2588;
/// The longest bar of a histogram, in characters.
const BAR_WIDTH: f64 = 40.0;

/// Values as bars, from nothing to the highest of them.
pub fn sparkline(values: impl Iterator<Item = f64> + Clone) -> String {
    let highest = values.clone().fold(0.0_f64, f64::max);
    let highest = if highest > 0.0 { highest } else { 1.0 };
    values
        .map(|value| (value * 7.0 / highest).round() as u32)
        .filter_map(|level| char::from_u32(BAR_LOWEST + level.min(7)))
        .collect()
}

/// Values as a sparkline of at most `width` bars, each the mean of its part.
pub fn sparkline_within(values: &[f64], width: usize) -> String {
    let each = values.len().div_ceil(width.max(1)).max(1);
    let means = values.chunks(each).map(|part| part.iter().sum::<f64>() / part.len() as f64);
    sparkline(means)
}

/// A histogram: one line for each step, with its label, its bar and its share of the whole.
pub fn histogram(steps: &[(String, u64)]) -> String {
    let total: u64 = steps.iter().map(|(_, count)| count).sum();
    let most = steps.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1) as f64;
    let wide = steps.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (label, count) in steps {
        let eighths = (*count as f64 / most * BAR_WIDTH * 8.0).round() as u32;
        // What is there is seen, be it ever so little.
        let eighths = if *count > 0 { eighths.max(1) } else { 0 };
        let full = char::from_u32(BLOCK_FULL).unwrap_or('#');
        let mut bar: String = std::iter::repeat_n(full, (eighths / 8) as usize).collect();
        if eighths % 8 > 0 {
            bar.extend(char::from_u32(BLOCK_FULL + 8 - eighths % 8));
        }
        let space = " ".repeat(BAR_WIDTH as usize - bar.chars().count().min(BAR_WIDTH as usize));
        let share = *count as f64 * 100.0 / total.max(1) as f64;
        let count = units::count(*count);
        text.extend([format!("{label:>wide$}  {bar}{space} {share:7.3} %  {count}\n")]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_goes_from_nothing_to_the_highest() {
        assert_eq!(sparkline([0.0, 7.0, 14.0].into_iter()), "\u{2581}\u{2585}\u{2588}");
        assert_eq!(sparkline([0.0, 0.0].into_iter()), "\u{2581}\u{2581}");
        assert_eq!(sparkline(std::iter::empty()), "");
        assert_eq!(sparkline_within(&[0.0, 0.0, 4.0, 4.0, 4.0], 3).chars().count(), 3);
    }

    #[test]
    fn the_longest_bar_is_the_most_and_the_least_is_seen() {
        let text = histogram(&[("1 us".into(), 4000), ("10 us".into(), 1), ("2 ms".into(), 0)]);
        let bars: Vec<usize> = text
            .lines()
            .map(|line| line.chars().filter(|c| ('\u{2588}'..='\u{258f}').contains(c)).count())
            .collect();
        assert_eq!(bars, [40, 1, 0], "{text}");
        assert!(text.starts_with(" 1 us  "), "{text}");
    }
}
