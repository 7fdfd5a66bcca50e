//! Requests that may be repeated: what was carried out under an `Idempotency-Key`, and its answer, sealed so that only
//! who repeats the request can open it.

use serde::{Deserialize, Serialize};

use crate::model::Id;
use crate::table::{Record, Table};

/// A request that was carried out; written in the same commit as what it did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Carried {
    /// Whose request.
    pub account: Id,
    /// A hash of the `Idempotency-Key`.
    pub place: [u8; 16],
    /// A hash of the request.
    pub fingerprint: [u8; 32],
    /// When it was carried out, ms since the epoch.
    pub at_ms: i64,
    /// What it made or changed.
    pub object: Option<Id>,
}

/// The sealed answer to such a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CarriedAnswer {
    /// Whose request.
    pub account: Id,
    /// A hash of the `Idempotency-Key`.
    pub place: [u8; 16],
    /// The answer, sealed.
    pub sealed: Vec<u8>,
}

impl Record for Carried {
    const TABLE: Table = Table("carried");

    fn key(&self) -> Vec<u8> {
        [self.account.as_bytes().as_slice(), &self.place].concat()
    }
}

impl Record for CarriedAnswer {
    const TABLE: Table = Table("carried_answer");

    fn key(&self) -> Vec<u8> {
        [self.account.as_bytes().as_slice(), &self.place].concat()
    }
}
