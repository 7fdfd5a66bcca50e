//! What service tokens fetched, by day: the record of every fetch, in the size of one row a token, key and day.

use serde::{Deserialize, Serialize};

use crate::model::Id;
use crate::table::{Record, Table};

/// Fetches of one key with one service token on one day (UTC).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FetchDay {
    /// Days since 1970-01-01.
    pub day: u32,
    /// The service token.
    pub token: Id,
    /// The key.
    pub api_key: Id,
    /// How often its value was given out.
    pub count: u64,
    /// The last time, ms since the epoch.
    pub last_ms: i64,
    /// The version that was given out last.
    pub version: u32,
}

impl FetchDay {
    /// The prefix under which all rows of a day lie; days are in order.
    pub fn prefix(day: u32) -> [u8; 4] {
        day.to_be_bytes()
    }
}

impl Record for FetchDay {
    const TABLE: Table = Table("fetch_day");

    fn key(&self) -> Vec<u8> {
        [Self::prefix(self.day).as_slice(), self.token.as_bytes(), self.api_key.as_bytes()].concat()
    }
}
