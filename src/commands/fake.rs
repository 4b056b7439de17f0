//! Owns `kaw fake`: generated users as lines on stdout. Leaves the users to `fake`.

use std::io::Write;
use std::time::{Duration, Instant};

use super::{Context, Failure, Status};
use crate::fake::Users;
use crate::value::{self, Rate};

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw fake 3
  kaw fake 1M --seed 7 > users.jsonl
  kaw fake 1000 | kaw produce users --key-field /id";

/// Bytes gathered before a write: several times what a pipe holds, so that a write fills it.
const BUFFER_BYTES: usize = 128 << 10;

/// The shortest wait when the rate is bounded; a higher rate writes several at once.
const TICK: Duration = Duration::from_millis(10);

/// Print generated users as JSON lines
///
/// The same seed and id give the same user, on every machine. Without a number it goes on until its
/// reader has enough.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// How many; without it, for ever
    #[arg(value_name = "N", value_parser = value::count, allow_negative_numbers = true)]
    pub count: Option<u64>,

    /// What the users are drawn from
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub seed: u64,

    /// At most so many users, or bytes, a second: 1000/s, 1MiB/s
    #[arg(long, value_name = "RATE", value_parser = value::rate)]
    pub rate: Option<Rate>,

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
    let mut bytes = 0;
    while id < end {
        let (until, bytes_max) = match args.rate {
            None => (end, BUFFER_BYTES),
            Some(Rate::Records(rate)) => {
                let more = turn(rate, id - args.start_id, started);
                (end.min(id.saturating_add(more)), BUFFER_BYTES)
            }
            Some(Rate::Bytes(rate)) => {
                let more = usize::try_from(turn(rate, bytes, started)).unwrap_or(usize::MAX);
                (end, more.min(BUFFER_BYTES))
            }
        };
        buffer.clear();
        while id < until && buffer.len() < bytes_max {
            users.append_json(id, &mut buffer);
            buffer.push(b'\n');
            id += 1;
        }
        bytes += buffer.len() as u64;
        stdout.write_all(&buffer).map_err(Failure::stdout)?;
    }
    Ok(Status::Done)
}

/// Waits until at least one more is due after `sent`, and returns how many are.
fn turn(rate: f64, sent: u64, started: Instant) -> u64 {
    loop {
        let elapsed = started.elapsed();
        let more = due(rate, elapsed).saturating_sub(sent);
        if more > 0 {
            return more;
        }
        let next = Duration::from_secs_f64((sent as f64 / rate).min(1e9));
        std::thread::sleep(next.saturating_sub(elapsed).max(TICK));
    }
}

/// How many are due in all after this time; the first is due at once.
fn due(rate: f64, elapsed: Duration) -> u64 {
    ((elapsed.as_secs_f64() * rate) as u64).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_lets_as_many_go_as_are_due() {
        assert_eq!(due(1.0, Duration::ZERO), 1);
        assert_eq!(due(1000.0, Duration::from_millis(1500)), 1501);
        assert_eq!(due(f64::MAX, Duration::from_secs(100)), u64::MAX);
        let started = Instant::now();
        assert!(turn(1000.0, 1, started) >= 1);
        assert!(started.elapsed() >= Duration::from_millis(1), "the second waits for its time");
    }
}
