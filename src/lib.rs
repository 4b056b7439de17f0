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
//!   0  topic  offset  record  partitioner  config  fake  out  sys
//! ```
//!
//! The seam (`cluster`) is synchronous: both back ends are blocking libraries, every wait in them
//! has a deadline, and a signal is a value (`commands::stop`), so an async runtime would add a hop
//! and a start-up cost and take nothing away.

pub mod cli;
pub mod cluster;
pub mod commands;
pub mod config;
pub mod disk;
pub mod fake;
pub mod offset;
pub mod out;
pub mod partitioner;
pub mod record;
pub mod topic;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// Runs the program with `args` (the first is its own name) and returns its exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    commands::failure::tell_panics();
    let args: Vec<OsString> = args.into_iter().collect();
    // A clock before 1970 is as good as none.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    commands::run(&args, now.as_millis() as i64)
}
