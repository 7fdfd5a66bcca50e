//! Section `usage`: how long events are kept, and when people are told how far a month has come.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// Usage events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Days that raw events are kept; totals stay longer.
    pub retention_days: NonZeroU32,
    /// Percents of a month's limit or budget at which people are told.
    pub thresholds: Thresholds,
}

/// The most thresholds.
const MOST: usize = 12;

/// Some percents, one at least.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
pub struct Thresholds(Vec<u8>);

impl Thresholds {
    /// They, as they were given.
    #[must_use]
    pub fn percents(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<Vec<u8>> for Thresholds {
    type Error = &'static str;

    fn try_from(percents: Vec<u8>) -> Result<Self, Self::Error> {
        let fine = (1..=MOST).contains(&percents.len()) && percents.iter().all(|one| (1..=200).contains(one));
        if fine { Ok(Self(percents)) } else { Err("1 to 12 whole percents are needed, each from 1 to 200") }
    }
}

impl From<Thresholds> for Vec<u8> {
    fn from(thresholds: Thresholds) -> Self {
        thresholds.0
    }
}
