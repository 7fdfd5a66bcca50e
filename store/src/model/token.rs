//! Service tokens: what an app holds. Only the verifier and the public half are kept.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{ApiKey, Environment, Id};
use crate::table::{Record, Table};

/// What a service token may do with the keys it was granted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Fetch values.
    Fetch,
    /// Report usage.
    Track,
}

/// What a service token was granted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Grant {
    /// These keys.
    Keys(Vec<Id>),
    /// Whatever keys a space has for one environment.
    Environment {
        /// The space.
        space: Id,
        /// The environment.
        environment: Environment,
    },
}

impl Grant {
    /// The keys it names one by one.
    pub fn keys(&self) -> &[Id] {
        match self {
            Self::Keys(keys) => keys,
            Self::Environment { .. } => &[],
        }
    }

    /// Whether it is for this key, as the key stands now.
    pub fn covers(&self, key: &ApiKey) -> bool {
        match self {
            Self::Keys(keys) => keys.contains(&key.id),
            Self::Environment { space, environment } => {
                key.space == *space && key.environment == *environment
            }
        }
    }
}

/// A network: the addresses whose first `prefix` bits are those of `address`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Network {
    /// Any address of the network.
    pub address: IpAddr,
    /// Bits that count: up to 32 or 128.
    pub prefix: u8,
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
    pub grant: Grant,
    /// What it may do with them.
    pub scopes: Vec<Scope>,
    /// When it was made, ms since the epoch.
    pub created_ms: i64,
    /// No good after this, ms since the epoch.
    pub expires_ms: Option<i64>,
    /// Where it may be used from; anywhere when empty.
    pub networks: Vec<Network>,
    /// How often it may be used in all.
    pub max_uses: Option<u64>,
}

impl ServiceToken {
    /// Unique index by verifier.
    pub const BY_VERIFIER: Table = Table("service_token_by_verifier");
    /// How often each token was used: counters by the token's id.
    pub const USES: Table = Table("service_token_uses");
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

/// When a service token was last used. Apart from the token, which few changes touch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TokenSeen {
    /// The token.
    pub token: Id,
    /// When, ms since the epoch.
    pub at_ms: i64,
}

impl Record for TokenSeen {
    const TABLE: Table = Table("service_token_seen");

    fn key(&self) -> Vec<u8> {
        self.token.as_bytes().to_vec()
    }
}
