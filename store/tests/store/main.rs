//! The store seen from outside: one conformance suite against the trait, a model beside it, faults at every I/O.

// Helpers of tests may stop at the first failed step, like the tests themselves.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod conformance;
mod copy;
mod faults;
mod feed;
mod full;
mod medium;
mod migration;
mod model;
mod opening;
mod repair;
mod support;
