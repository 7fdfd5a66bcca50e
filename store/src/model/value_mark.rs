//! Marks of values, by which equal ones are known without opening them. Only of keys that the daemon can open by itself.

use serde::{Deserialize, Serialize};

use crate::model::Id;
use crate::table::{Record, Table};

/// The mark of one version's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ValueMark {
    /// The key.
    pub api_key: Id,
    /// The version's number.
    pub version: u32,
    /// The same for equal values of one space, and for nothing else: a keyed hash of both.
    pub mark: [u8; 16],
}

impl ValueMark {
    /// The row of a version's mark.
    pub fn row_key(api_key: Id, version: u32) -> Vec<u8> {
        [api_key.as_bytes().as_slice(), &version.to_be_bytes()].concat()
    }

    /// The key and the version that a row is of.
    pub fn parts(row_key: &[u8]) -> Option<(Id, u32)> {
        let version = u32::from_be_bytes(row_key.get(12..)?.try_into().ok()?);
        Some((Id::from_slice(row_key.get(..12)?)?, version))
    }
}

impl Record for ValueMark {
    const TABLE: Table = Table("value_mark");

    fn key(&self) -> Vec<u8> {
        Self::row_key(self.api_key, self.version)
    }
}
