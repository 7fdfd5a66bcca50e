//! What is told of backups, and of what was restored from one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A backup that was written, read back whole, and put in its place.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupView {
    /// The moment it holds.
    pub at: Timestamp,
    /// Seconds that it took to write and to read back.
    pub seconds: f64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
    /// Records of the audit chain in it.
    pub audit_records: u64,
    /// The system's user who asked for it.
    pub by: String,
}

/// A backup that did not come about, after the last that did.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailedBackupView {
    /// When it was begun.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// The system's user who asked for it.
    pub by: String,
}

/// What a file that is a backup was found to hold.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupContents {
    /// The moment it holds; none for a file that is no backup, as a copy of a database made by hand.
    pub at: Option<Timestamp>,
    /// Rows that can be read.
    pub rows: u64,
    /// The same of each table.
    pub tables: BTreeMap<String, u64>,
    /// The first table that cannot be read to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damaged: Option<String>,
}

/// What became of what must not go on as it stood in a backup.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoredView {
    /// Sessions that were open in it; they are ended.
    pub sessions_ended: u64,
    /// Service tokens that were good in it, and are again.
    pub tokens: u64,
    /// Rotations that were under way in it, and go on.
    pub rotations: u64,
}
