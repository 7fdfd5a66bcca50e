//! The store seen from outside: one conformance suite against the trait, a model beside it, faults at every I/O.

mod conformance;
mod faults;
mod feed;
mod full;
mod medium;
mod model;
mod opening;
mod support;
