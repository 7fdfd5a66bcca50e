//! The SSH door: transport, session, screens, and the command line over SSH. It parses, makes one service call,
//! and shapes the answer; it holds no rules of its own.

pub mod app;
mod cli;
mod enrol;
pub mod notice;
mod pages;
pub mod session;
pub mod ssh;
pub mod term;
mod theme;
mod welcome;
mod widgets;

pub use pages::routes::{ROUTES, Route};
