//! What is known of backups: the last that was made, and the last try that failed. The files are elsewhere, and may be
//! gone.

use serde::{Deserialize, Serialize};

use crate::table::{Record, Table};

/// The one row about backups.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Backups {
    /// The last that was read back whole and put in its place.
    pub made: Option<BackupMade>,
    /// The last that was not; none once one was made after it.
    pub failed: Option<BackupFailed>,
}

/// A backup.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BackupMade {
    /// The moment it holds, ms since the epoch.
    pub at_ms: i64,
    /// How long it took to write and to read back, ms.
    pub took_ms: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
    /// Records of the audit chain in it, all of which follow from each other.
    pub records: u64,
    /// The system's user who asked for it.
    pub by: String,
}

/// A backup that did not come about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BackupFailed {
    /// When it was begun, ms since the epoch.
    pub at_ms: i64,
    /// Why, without a path.
    pub reason: String,
    /// The system's user who asked for it.
    pub by: String,
}

impl Backups {
    /// The row's key.
    pub const KEY: &[u8] = b"last";
}

impl Record for Backups {
    const TABLE: Table = Table("backups");

    fn key(&self) -> Vec<u8> {
        Self::KEY.to_vec()
    }
}
