//! Owns measuring: a plan of intended send times, records that check themselves, one loop that
//! sends and one that reads, and statistics of what they saw. Prints nothing; leaves options and
//! looks to `commands::bench`.
//!
//! Latency is counted from the moment at which a record was to be sent by the plan, not from the
//! moment at which it was: a stall delays what is behind it too, and a loop that waits for it would
//! otherwise not see that (coordinated omission).

pub mod advice;
pub mod check;
pub mod generate;
pub mod plan;
pub mod read;
pub mod send;
pub mod series;
pub mod stamp;
pub mod stats;
pub mod zipf;
