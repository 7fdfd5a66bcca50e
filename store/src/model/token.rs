//! Service tokens: what an app holds. Only the verifier and the public half are kept.

use serde::{Deserialize, Serialize};

use crate::model::Id;
use crate::table::{Record, Table};

/// What a service token may do with the keys it was granted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Fetch values.
    Fetch,
    /// Report usage.
    Track,
}

/// A service token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServiceToken {
    /// The row's id.
    pub id: Id,
    /// What its maker calls it.
    pub name: String,
    /// Who made it.
    pub created_by: Id,
    /// The verifier of the token's secret; unique.
    pub verifier: [u8; 32],
    /// The public half of the pair derived from the token's secret.
    pub public_key: [u8; 32],
    /// The keys it was granted.
    pub keys: Vec<Id>,
    /// What it may do with them.
    pub scopes: Vec<Scope>,
    /// When it was made, ms since the epoch.
    pub created_ms: i64,
    /// No good after this, ms since the epoch.
    pub expires_ms: Option<i64>,
}

impl ServiceToken {
    /// Unique index by verifier.
    pub const BY_VERIFIER: Table = Table("service_token_by_verifier");
}

impl Record for ServiceToken {
    const TABLE: Table = Table("service_token");

    fn key(&self) -> Vec<u8> {
        self.id.as_bytes().to_vec()
    }

    fn unique(&self) -> Vec<(Table, Vec<u8>)> {
        vec![(Self::BY_VERIFIER, self.verifier.to_vec())]
    }
}
