//! The integration tests: one binary, so that they link once. Each module below is a file; the
//! module `tidy` fails when a file is not listed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    unreachable_pub,
    missing_docs,
    reason = "a test fails by a panic, and tests have no callers"
)]

mod bench;
mod checks;
mod cli;
mod consume;
mod crash;
mod dump_log;
mod examples;
mod full_disk;
mod generated;
mod groups;
mod groups_exec;
mod groups_history;
mod groups_members;
mod groups_offsets;
mod history;
mod interrupts;
mod kafka_assignors;
mod kafka_files;
mod lag;
mod needs;
mod processes;
mod produce;
mod readme;
mod sandbox;
mod terminal;
mod tidy;
mod topics;
