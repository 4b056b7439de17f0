//! kaw: a command-line toolbox for Apache Kafka.
//!
//! Floors; imports point down only (`tests/it/tidy.rs` checks it):
//!
//! ```text
//!   main -> lib
//!   4  commands
//!   3  cli          load
//!   2  cluster
//!   1  disk
//!   0  topic  group  assignor  lag  offset  record  partitioner  config  fake  out  sys  value
//!      near  properties  secret
//! ```
//!
//! The seam (`cluster`) is synchronous: both back ends are blocking libraries, every wait in them
//! has a deadline, and a signal is a value (`commands::stop`), so an async runtime would add a hop
//! and a start-up cost and take nothing away.

pub mod assignor;
pub mod cli;
pub mod cluster;
pub mod commands;
pub mod config;
pub mod disk;
pub mod fake;
pub mod group;
pub mod lag;
pub mod load;
pub mod near;
pub mod offset;
pub mod out;
pub mod partitioner;
pub mod properties;
pub mod record;
pub mod secret;
pub mod sys;
pub mod topic;
pub mod value;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// Runs the program with `args` (the first is its own name) and returns its exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    commands::failure::tell_panics();
    let args: Vec<OsString> = args.into_iter().collect();
    commands::run(&args, now_ms())
}

/// The time, in ms since the epoch. The one place that asks for it: everything else is handed
/// `now`, or asks here where a run outlives its first reading.
pub fn now_ms() -> i64 {
    // A clock before 1970 is as good as none.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}
