//! The promises, kept against the real daemon.

mod tree;
