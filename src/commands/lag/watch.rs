//! Owns watching lag: rates, the time to zero, and a sparkline, from one look to the next. Leaves
//! the looks to `lag`.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::rows::{Key, Row};
use crate::out::Cell;
use crate::out::chart::sparkline;

/// How many looks a sparkline shows.
const LOOKS: usize = 16;

/// What is remembered of a row.
#[derive(Debug, Default)]
struct Past {
    /// When, where reading went on, and where logs ended.
    last: Option<(Instant, i64, i64)>,
    /// The lags of the last looks.
    lags: VecDeque<i64>,
}

/// What is remembered of all rows.
#[derive(Debug, Default)]
pub(super) struct Watch(BTreeMap<Key, Past>);

impl Watch {
    /// The cells that a look adds to a row: rates in and out, time to zero, sparkline.
    pub(super) fn cells(&mut self, row: &Row, now: Instant) -> [Cell; 4] {
        let past = self.0.entry(row.key.clone()).or_default();
        let rates = past.last.and_then(|(then, next, end)| {
            let span = now.saturating_duration_since(then).as_secs_f64();
            let rate = |new: i64, old: i64| (new.saturating_sub(old) as f64) / span;
            (span > 0.0).then(|| (rate(row.end, end), rate(row.next, next)))
        });
        past.last = Some((now, row.next, row.end));
        if let Some(lag) = row.sum.lag {
            past.lags.push_back(lag);
            if past.lags.len() > LOOKS {
                past.lags.pop_front();
            }
        }
        let zero = rates.and_then(|(into, out)| time_to_zero(row.sum.lag?, into, out));
        let whole = |rate: f64| Cell::Int(rate.round() as i64);
        [
            Cell::maybe(rates, |(into, _)| whole(into)),
            Cell::maybe(rates, |(_, out)| whole(out)),
            Cell::maybe(zero, Cell::Span),
            Cell::text(sparkline(past.lags.iter().map(|&lag| lag as f64))),
        ]
    }
}

/// How long until nothing is unread; `None` where it does not get less.
fn time_to_zero(lag: i64, into: f64, out: f64) -> Option<Duration> {
    if lag == 0 {
        return Some(Duration::ZERO);
    }
    let less = out - into;
    (less > 0.0).then(|| Duration::try_from_secs_f64(lag as f64 / less).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_to_zero_is_lag_by_what_it_gets_less() {
        assert_eq!(time_to_zero(100, 10.0, 30.0), Some(Duration::from_secs(5)));
        assert_eq!(time_to_zero(100, 30.0, 30.0), None);
        assert_eq!(time_to_zero(0, 30.0, 10.0), Some(Duration::ZERO));
    }
}
