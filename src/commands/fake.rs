//! Owns `kaw fake`: generated users as lines on stdout. Leaves the users to `fake`.

use std::io::Write;
use std::time::{Duration, Instant};

use super::{Context, Failure, Status};
use crate::cli::global;
use crate::fake::Users;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw fake 3
  kaw fake 1M --seed 7 > users.jsonl
  kaw fake 1000 | kaw produce users --key-field /id";

/// Bytes gathered before a write: several times what a pipe holds, so that a write fills it.
const BUFFER_BYTES: usize = 128 << 10;

/// The longest time between two writes when the rate is bounded.
const TICK: Duration = Duration::from_millis(10);

/// Print generated users as JSON lines
///
/// The same seed and id give the same user, on every machine. Without a number it goes on until its
/// reader has enough.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// How many; without it, for ever
    #[arg(value_name = "N", value_parser = global::count, allow_negative_numbers = true)]
    pub count: Option<u64>,

    /// What the users are drawn from
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub seed: u64,

    /// At most this many a second
    #[arg(long, value_name = "N[/s]", value_parser = global::rate)]
    pub rate: Option<u64>,

    /// The id of the first user
    #[arg(long, value_name = "ID", default_value_t = 1)]
    pub start_id: u64,
}

/// Prints the users. Signals keep their defaults: nothing is in flight that would be lost.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let end = match args.count {
        None => u64::MAX,
        Some(count) => args.start_id.checked_add(count).ok_or_else(|| {
            Failure::usage(format!("{count} users from {} on pass the largest id", args.start_id))
        })?,
    };
    let users = Users::new(args.seed);
    let mut stdout = context.out.stdout().map_err(Failure::stdout)?;
    let mut buffer = Vec::with_capacity(BUFFER_BYTES + 1024);
    let mut id = args.start_id;
    let started = Instant::now();
    while id < end {
        let until = match args.rate {
            None => end,
            Some(rate) => wait_for_turn(rate, id - args.start_id, started)
                .map_or(end, |more| end.min(id.saturating_add(more))),
        };
        buffer.clear();
        while id < until && buffer.len() < BUFFER_BYTES {
            users.append_json(id, &mut buffer);
            buffer.push(b'\n');
            id += 1;
        }
        stdout.write_all(&buffer).map_err(Failure::stdout)?;
    }
    Ok(Status::Done)
}

/// Waits until at least one more is due after `sent`, and returns how many are; `None` for a rate
/// past all counting.
fn wait_for_turn(rate: u64, sent: u64, started: Instant) -> Option<u64> {
    loop {
        // The first is due at once.
        let due = (started.elapsed().as_secs_f64() * rate as f64) as u64 + 1;
        match due.checked_sub(sent)? {
            0 => {
                let next = Duration::from_secs_f64(sent as f64 / rate as f64);
                let wait = next.saturating_sub(started.elapsed());
                std::thread::sleep(
                    wait.clamp(Duration::from_micros(50), Duration::from_secs(1))
                        .max(if rate > 100 { TICK } else { Duration::ZERO }),
                );
            }
            more => return Some(more),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_lets_as_many_go_as_are_due() {
        let started = Instant::now();
        assert_eq!(wait_for_turn(1, 0, started), Some(1));
        let more = wait_for_turn(1000, 1, started).unwrap();
        let past = started.elapsed().as_secs_f64();
        assert!(more >= 1 && more as f64 <= past * 1000.0 + 1.0, "{more} after {past} s");
    }
}
