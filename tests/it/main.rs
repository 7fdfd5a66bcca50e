//! The promises, kept against the real daemon.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test stops at the first failed step and says what it counted"
)]

mod audit;
#[path = "../../keys/tests/support/authenticator.rs"]
mod authenticator;
mod backup;
mod bad_disk;
mod bad_input;
mod browser;
mod canary;
mod cron_each_minute;
mod daemon;
mod daemon_bad_start;
mod daemon_console;
mod daemon_crash;
mod daemon_doors;
mod doors;
mod drain;
mod half_open;
mod harness;
mod hostile;
mod idle;
mod offered_keys;
mod openssh;
mod openssh_commands;
mod outbound_tls;
mod plans;
mod recipe;
mod rest;
mod rotation;
mod run;
mod sessions;
mod socket_io;
mod specification;
mod story;
mod tokens;
mod transfer;
mod tree;
mod users;
