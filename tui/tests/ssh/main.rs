//! The SSH door over real sockets, with a client in this process and a terminal emulator. Every wait is for a
//! condition and has a deadline.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first failed step")]

mod abuse;
mod alerts;
mod api;
mod auth;
#[path = "../../../keys/tests/support/authenticator.rs"]
mod authenticator;
mod batch;
mod channels;
mod commands;
mod completions;
mod drain;
mod enrol;
mod harness;
mod keys;
mod panic;
mod people;
mod rotation;
mod screen;
mod teams;
mod tokens;
mod transfer;
mod watch;
mod webhooks;
