//! The HTTP door as its clients see it: a real service behind a real socket.

mod auth;
mod bad_input;
mod connections;
mod harness;
mod headers;
mod keys;
mod limits;
mod usage;
