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
mod broker;
mod checks;
mod cli;
mod completion;
mod consume;
mod consume_choice;
mod copy;
mod crash;
mod damage;
mod directories;
mod dump_log;
mod examples;
mod fake;
mod fake_broker;
mod faults;
mod faults_disk;
mod faults_errno;
mod faults_power;
mod faults_scenarios;
mod files_bad;
mod full_disk;
mod generated;
mod golden;
mod golden_damage;
mod golden_flips;
mod golden_legacy;
mod groups;
mod groups_bad;
mod groups_commits;
mod groups_dead;
mod groups_exec;
mod groups_exec_db;
mod groups_history;
mod groups_hung;
mod groups_members;
mod groups_offsets;
mod history;
mod hostile;
mod hostile_answers;
mod hostile_broker;
mod hostile_produce;
mod inputs_bad;
mod interrupts;
mod kafka_acls;
mod kafka_adopts;
mod kafka_assignors;
mod kafka_bench;
mod kafka_broker;
mod kafka_cleans;
mod kafka_cluster;
mod kafka_data;
mod kafka_files;
mod kafka_golden;
mod kafka_groups;
mod kafka_lag;
mod kafka_network;
mod kafka_offsets;
mod kafka_outage;
mod kafka_produce;
mod kafka_rivals;
mod kafka_rotation;
mod kafka_secrets;
mod kafka_security;
mod kafka_tour;
mod kept;
mod lag;
mod lag_exact;
mod lag_serve;
mod logs_bad;
mod lost;
mod needs;
mod oracle;
mod processes;
mod produce;
mod produce_identity;
mod produce_resume;
mod proxy;
mod readme;
mod remote;
mod sandbox;
mod secure;
mod settings;
mod terminal;
mod tidy;
mod topics;
mod topics_care;
