//! What is remembered of a key's usage so that what is unusual can be told.

use serde::{Deserialize, Serialize};

use crate::model::Id;
use crate::table::{Record, Table};

/// How far a key's usage was watched for anomalies, and what was learnt of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Watched {
    /// The key.
    pub api_key: Id,
    /// Usage before this was taken in, ms since the epoch.
    pub through_ms: i64,
    /// Readings taken in.
    pub readings: u32,
    /// The detector's own state, packed, at most four kilobytes; one that is not understood any more begins anew.
    pub detector: Vec<u8>,
}

impl Record for Watched {
    const TABLE: Table = Table("watched");

    fn key(&self) -> Vec<u8> {
        self.api_key.as_bytes().to_vec()
    }
}

/// The last time that a key's usage was unusual.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Unusual {
    /// The key.
    pub api_key: Id,
    /// When it began, ms since the epoch.
    pub since_ms: i64,
    /// How unusual, percent.
    pub score: u8,
    /// Why, in words.
    pub reasons: String,
    /// People were told of it by itself, not by a rule.
    pub told: bool,
    /// Readings since the last that was unusual.
    pub calm: u8,
    /// When it was over, ms since the epoch.
    pub over_ms: Option<i64>,
}

impl Record for Unusual {
    const TABLE: Table = Table("unusual");

    fn key(&self) -> Vec<u8> {
        self.api_key.as_bytes().to_vec()
    }
}
