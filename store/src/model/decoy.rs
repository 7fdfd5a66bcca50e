//! Keys that nobody has a reason to use, and when somebody last did.

use serde::{Deserialize, Serialize};

use crate::model::Id;
use crate::table::{Record, Table};

/// A key that is a decoy: it opens nothing of worth, and whoever uses it gives themselves away.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Decoy {
    /// The key.
    pub api_key: Id,
    /// Who made it one.
    pub by: Id,
    /// Since when, ms since the epoch.
    pub since_ms: i64,
}

impl Record for Decoy {
    const TABLE: Table = Table("decoy");

    fn key(&self) -> Vec<u8> {
        self.api_key.as_bytes().to_vec()
    }
}

/// The last use of a decoy. Nothing but the end of its alert is decided by it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DecoyUse {
    /// The key.
    pub api_key: Id,
    /// When it was last used, ms since the epoch.
    pub at_ms: i64,
    /// How often, without an hour's pause in between.
    pub uses: u64,
}

impl Record for DecoyUse {
    const TABLE: Table = Table("decoy_use");

    fn key(&self) -> Vec<u8> {
        self.api_key.as_bytes().to_vec()
    }
}
