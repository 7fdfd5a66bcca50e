//! The HTTP door as its clients see it: a real service behind a real socket.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first failed step")]

mod accounts;
mod alerts;
mod audit;
mod auth;
#[path = "../../../keys/tests/support/authenticator.rs"]
mod authenticator;
mod bad_input;
mod billing;
mod connections;
mod docs;
mod document;
mod email;
mod every_route;
mod fetch;
mod harness;
mod headers;
mod keys;
mod leaving;
mod limits;
mod live;
mod metrics;
mod notices;
mod once;
mod rotation;
mod teams;
mod tokens;
mod transfer;
mod usage;
mod versions;
mod webhooks;
