//! Checkpoints of the audit log: what it said at a moment, signed, so that a log that was cut or written anew is
//! noticed. The signature is the core's.

use serde::{Deserialize, Serialize};

use crate::table::{Record, Table};

/// A signed checkpoint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Records of the log that it covers: all from 1 to this number.
    pub size: u64,
    /// When it was signed, ms since the epoch.
    pub at_ms: i64,
    /// The signed note, which alone says what is signed.
    pub note: String,
}

impl Checkpoint {
    /// The row's key: rows are in the order of the log.
    pub fn row_key(size: u64) -> Vec<u8> {
        size.to_be_bytes().to_vec()
    }
}

impl Record for Checkpoint {
    const TABLE: Table = Table("audit_checkpoint");

    fn key(&self) -> Vec<u8> {
        Self::row_key(self.size)
    }
}
