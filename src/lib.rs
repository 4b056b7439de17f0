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
//!   0  topic  offset  record  partitioner  config  fake  out  sys  value  near
//! ```
//!
//! The seam (`cluster`) is synchronous: both back ends are blocking libraries, every wait in them has
//! a deadline, and a signal is a value (`commands::stop`), so an async runtime would add a hop and a
//! start-up cost and take nothing away.

pub mod cluster;
pub mod config;
pub mod disk;
pub mod fake;
pub mod near;
pub mod offset;
pub mod out;
pub mod partitioner;
pub mod record;
pub mod topic;
pub mod value;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program with `args` (the first is its own name) and returns its exit code.
pub fn main(_args: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::SUCCESS
}
