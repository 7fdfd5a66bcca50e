//! The service as its doors use it, on a real store in a temporary folder.

mod accounts;
mod custody;
mod harness;
mod keys;
mod policy;
mod sessions;
mod usage;
