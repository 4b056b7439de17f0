//! Stub.

use super::{Context, Failure, Status};
use crate::cluster::error::{ClusterError, ErrorKind};

/// Read records
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "EXAMPLES:\n  kaw consume users")]
pub struct Args {
    /// The topic
    #[arg(value_name = "TOPIC")]
    pub topic: crate::topic::TopicName,
}

/// Runs the command.
pub fn run(_context: &Context, _args: &Args) -> Result<Status, Failure> {
    Err(Failure::cluster("consume", ClusterError::new(ErrorKind::Unsupported, "stub")))
}
