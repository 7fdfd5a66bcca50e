//! Who uses which version: what apps were given last, and calls reported with a version that was replaced. It decides
//! nothing: what that means for a version on its way out is the core's.

use serde::{Deserialize, Serialize};

use crate::model::Id;
use crate::table::{Record, Table};

/// Which version of a key an app was given last, and when it was first given that one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VersionHolder {
    /// The key.
    pub api_key: Id,
    /// The service token.
    pub token: Id,
    /// The version.
    pub version: u32,
    /// Since when, ms since the epoch.
    pub since_ms: i64,
}

impl Record for VersionHolder {
    const TABLE: Table = Table("version_holder");

    fn key(&self) -> Vec<u8> {
        [self.api_key.as_bytes().as_slice(), self.token.as_bytes()].concat()
    }
}

/// Calls that were reported with a version after it was replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VersionUse {
    /// The key.
    pub api_key: Id,
    /// The version.
    pub version: u32,
    /// How many.
    pub count: u64,
    /// The last of them, ms since the epoch.
    pub last_ms: i64,
}

impl Record for VersionUse {
    const TABLE: Table = Table("version_use");

    fn key(&self) -> Vec<u8> {
        [self.api_key.as_bytes().as_slice(), &self.version.to_be_bytes()].concat()
    }
}
