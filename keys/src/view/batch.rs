//! What came of several changes that were made at once.

use serde::Serialize;

use crate::view::KeyView;

/// What was done, or what would be.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchReport {
    /// Nothing was done.
    pub dry_run: bool,
    /// In their order.
    pub changes: Vec<BatchLine>,
}

/// What was done by one line.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BatchLine {
    /// The line, from 1.
    pub line: usize,
    /// What was done.
    pub action: BatchAction,
    /// The key as it stands now; none of one that a dry run did not make.
    pub key: Option<KeyView>,
}

/// What is done to a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchAction {
    /// It is new.
    Created,
    /// Something about it changed.
    Updated,
    /// It went to the bin.
    Deleted,
    /// It came back out of the bin.
    Restored,
}
