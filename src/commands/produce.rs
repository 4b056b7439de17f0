//! Stub.

use super::{Context, Failure, Status};
use crate::cluster::error::{ClusterError, ErrorKind};

/// Write records
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "EXAMPLES:\n  kaw produce users")]
pub struct Args {
    /// The topic
    #[arg(value_name = "TOPIC")]
    pub topic: crate::topic::TopicName,
}

/// Runs the command.
pub fn run(_context: &Context, _args: &Args) -> Result<Status, Failure> {
    Err(Failure::cluster("produce", ClusterError::new(ErrorKind::Unsupported, "stub")))
}
