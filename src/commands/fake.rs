//! Owns `kaw fake`: generated users as lines on stdout. Leaves the users to `fake`.

use std::io::Write;
use std::time::{Duration, Instant};

use super::{Context, Failure, Status};
use crate::fake::{Change, Changes, Kind, Users};
use crate::value::{self, Rate};

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw fake 3
  kaw fake 1M --seed 7 > users.jsonl
  kaw fake 1000 | kaw produce users --key-field /id
  kaw fake 1000 --json --updates 20% --tombstones 5% | kaw produce users --json";

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

    /// Print JSON envelopes with the id as the key, as `kaw produce --json` reads them
    #[arg(short = 'J', long)]
    pub json: bool,

    /// What is to become of users that came before.
    #[command(flatten)]
    pub changing: Changing,
}

/// What is to become of users that came before.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Changing {
    /// So many of the records are updates: a user that came before has moved (20%, 0.2)
    ///
    /// Name and age stay, the address and the domain of the email change. The records that are
    /// no updates have the ids of their places, so that some ids are left out.
    #[arg(long, value_name = "SHARE", value_parser = value::share, default_value_t = 0.0)]
    #[arg(hide_default_value = true)]
    pub updates: f64,

    /// So many of the records delete a user that came before: their value is null
    #[arg(long, value_name = "SHARE", value_parser = value::share, default_value_t = 0.0)]
    #[arg(hide_default_value = true)]
    pub tombstones: f64,
}

impl Changing {
    /// The shares; `keyed` says whether records have keys, without which nothing can be deleted.
    pub fn resolve(self, keyed: bool, key: &str) -> Result<Changes, Failure> {
        if self.tombstones > 0.0 && !keyed {
            return Err(Failure::usage(format!("--tombstones: a tombstone needs a key: {key}")));
        }
        Changes::new(self.updates, self.tombstones)
            .ok_or_else(|| Failure::usage("--updates and --tombstones are more than all records"))
    }
}

/// Prints the users. Signals keep their defaults: nothing is in flight that would be lost.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    let end = match args.count {
        None => u64::MAX,
        Some(count) => args.start_id.checked_add(count).ok_or_else(|| {
            Failure::usage(format!("{count} users from {} on pass the largest id", args.start_id))
        })?,
    };
    let lines = Lines {
        users: Users::new(args.seed),
        changes: args.changing.resolve(args.json, "--json")?,
        start: args.start_id,
        json: args.json,
    };
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
            lines.append(id, &mut buffer);
            id += 1;
        }
        bytes += buffer.len() as u64;
        stdout.write_all(&buffer).map_err(Failure::stdout)?;
    }
    Ok(Status::Done)
}

/// The lines to print.
struct Lines {
    users: Users,
    changes: Changes,
    start: u64,
    json: bool,
}

impl Lines {
    /// Appends the line at one place.
    fn append(&self, at: u64, out: &mut Vec<u8>) {
        let Change { id, kind } = self.users.change_at(self.changes, self.start, at);
        if self.json {
            out.extend_from_slice(b"{\"key\":\"");
            out.extend_from_slice(itoa::Buffer::new().format(id).as_bytes());
            if kind == Kind::Tombstone {
                out.extend_from_slice(b"\",\"value\":null}\n");
                return;
            }
            out.extend_from_slice(b"\",\"value_json\":");
        }
        self.users.append_version(id, at, out);
        out.extend_from_slice(if self.json { b"}\n" } else { b"\n" });
    }
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
