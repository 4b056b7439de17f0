//! Owns the progress line: when it is shown, and what it says. Leaves counting to the caller, who
//! says where it stands once a batch.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::{Bar, Out, units};

/// Work that is done before this shows no progress: a line that flashes tells nothing.
const DELAY: Duration = Duration::from_millis(250);

/// Time between two drawings of the line.
const TICK: Duration = Duration::from_millis(200);

/// What has been done so far.
#[derive(Debug, Default)]
struct Counts {
    /// Records.
    records: AtomicU64,
    /// Bytes.
    bytes: AtomicU64,
    /// What else there is to say.
    note: Mutex<String>,
}

/// A line on stderr that says how far a command is; only on a terminal and not when quiet.
#[derive(Debug)]
pub struct Progress {
    /// Where it stands; read by the thread that draws.
    counts: Arc<Counts>,
    /// The line, if there is to be one.
    bar: Option<ProgressBar>,
    /// Whether it has been shown.
    shown: AtomicBool,
    /// Where `Out` finds it, to write around it.
    place: Bar,
}

impl Progress {
    /// A line that starts with `verb`, as in `producing 1,234 records`.
    pub fn new(out: &Out, verb: &'static str) -> Self {
        let counts = Arc::new(Counts::default());
        let bar = out.shows_progress().then(|| {
            // Hidden until the delay has passed: indicatif has the clock, this floor has none.
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            bar.set_style(style(verb, Arc::clone(&counts)));
            bar
        });
        Self { counts, bar, shown: AtomicBool::new(false), place: out.bar() }
    }

    /// Says where it stands: totals since the start. Cheap enough for every batch.
    pub fn set(&self, records: u64, bytes: u64) {
        let Some(bar) = &self.bar else { return };
        self.counts.records.store(records, Ordering::Relaxed);
        self.counts.bytes.store(bytes, Ordering::Relaxed);
        if self.shown.load(Ordering::Relaxed) || bar.elapsed() < DELAY {
            return;
        }
        if !self.shown.swap(true, Ordering::Relaxed) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(TICK);
            self.place.set(Some(bar.clone()));
        }
    }

    /// Says something behind the counts, as the latency of the last second.
    pub fn note(&self, text: String) {
        *self.counts.note.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    /// Clears the line.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar
            && self.shown.load(Ordering::Relaxed)
        {
            self.place.set(None);
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The looks of the line.
fn style(verb: &'static str, counts: Arc<Counts>) -> ProgressStyle {
    let line = move |state: &ProgressState, w: &mut dyn std::fmt::Write| {
        let records = counts.records.load(Ordering::Relaxed);
        let bytes = counts.bytes.load(Ordering::Relaxed);
        // A failed write would leave this frame short; the next one comes in 200 ms.
        w.write_str(&text(verb, records, bytes, state.elapsed())).unwrap_or_default();
        let note = counts.note.lock().unwrap_or_else(PoisonError::into_inner);
        if !note.is_empty() {
            w.write_str(", ").and_then(|()| w.write_str(&note)).unwrap_or_default();
        }
    };
    // The template is a constant; were it wrong, indicatif's own line would be shown.
    ProgressStyle::with_template("{spinner} {line}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .with_key("line", line)
}

/// The text of the line.
fn text(verb: &str, records: u64, bytes: u64, elapsed: Duration) -> String {
    format!(
        "{verb} {}, {}, {}, {}",
        units::plural(records, "record"),
        units::bytes(bytes),
        units::rate(records, elapsed),
        units::duration(elapsed)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::out::Look;

    #[test]
    fn the_line_tells_records_bytes_rate_and_time() {
        assert_eq!(
            text("producing", 3000, 123_400_000, Duration::from_secs(2)),
            "producing 3,000 records, 123.4 MB, 1,500/s, 2.0 s"
        );
    }

    #[test]
    fn nothing_is_drawn_when_quiet() {
        let out = Out::new(Look { quiet: true, ..Look::default() });
        let progress = Progress::new(&out, "producing");
        progress.set(1, 1);
        assert!(progress.bar.is_none());
    }
}
