//! Several changes to keys, to be made in one commit.

use super::{KeyPatch, KeyRef, NewKey};
use crate::error::Fault;

/// Changes that are made at once, at most.
pub const MOST_CHANGES: usize = 1_000;

/// Changes to keys: all of them or none.
#[derive(Default)]
pub struct Batch {
    /// In their order.
    pub changes: Vec<BatchChange>,
    /// What was wrong before they came here; with any, nothing is done.
    pub faults: Vec<Fault>,
    /// Only says what would be done.
    pub dry_run: bool,
}

/// One change, and where it stands.
pub struct BatchChange {
    /// The line, from 1; faults are told under `lines/` and this.
    pub line: usize,
    /// What is to be done.
    pub change: KeyChange,
}

/// A change that can be made along with others: it touches nothing but its key.
pub enum KeyChange {
    /// Make a key.
    Add(Box<NewKey>),
    /// Change fields of a key, but not where it is nor who can open it.
    Edit(KeyRef, Box<KeyPatch>),
    /// Move a key to the bin.
    Delete(KeyRef),
    /// Take a key back out of the bin.
    Restore(KeyRef),
}
