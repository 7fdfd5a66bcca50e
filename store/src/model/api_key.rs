//! The API key record: what a person manages. Its values are versions, kept apart and sealed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::Id;
use crate::table::{Record, Table};

/// Where a key is used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Development.
    Development,
    /// Staging.
    Staging,
    /// Production.
    Production,
}

impl Environment {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Development, Self::Staging, Self::Production];
}

/// Whether a key may be used, as its owner set it. `expired` is worked out from the expiry when shown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// In use.
    Active,
    /// Switched off: tracked, not fetched.
    Inactive,
}

/// What the locks of a key mean together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Custody {
    /// Only its own passphrase opens it, and what its holder grants with it.
    Private,
    /// The space's members open it; the server alone cannot.
    Sealed,
    /// The server can open it by itself.
    Automation,
}

/// An API key's record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ApiKey {
    /// Stable for ever: `_id`.
    pub id: Id,
    /// The id shown to people, `ak_prod_…`; unique.
    pub key_id: String,
    /// The space it is in.
    pub space: Id,
    /// Who made it.
    pub created_by: Id,
    /// Its name.
    pub name: String,
    /// The service it is for.
    pub service: String,
    /// What it is for.
    pub description: String,
    /// Where it is used.
    pub environment: Environment,
    /// Switched on or off.
    pub status: Status,
    /// Labels for finding it.
    pub tags: Vec<String>,
    /// Requests a month it should not exceed.
    pub monthly_limit: Option<u64>,
    /// Days between rotations; 0 is never.
    pub rotation_interval_days: u32,
    /// When the next rotation is due, ms since the epoch.
    pub next_rotation_ms: Option<i64>,
    /// When it expires, ms since the epoch.
    pub expires_ms: Option<i64>,
    /// What its locks mean together.
    pub custody: Custody,
    /// The public half of the key's own X25519 pair: new versions are sealed to it.
    pub public_key: [u8; 32],
    /// The number of the current version.
    pub current_version: u32,
    /// When it was made, ms since the epoch.
    pub created_ms: i64,
    /// When it was last changed, ms since the epoch.
    pub updated_ms: i64,
    /// When it was moved to the bin, ms since the epoch.
    pub deleted_ms: Option<i64>,
    /// Fetches are refused once the month's requests are over `monthly_limit`.
    pub refuse_over_limit: bool,
    /// The generation of the space's pair that its lock is for; 0 when it has no lock for its space.
    pub space_generation: u32,
    /// A version that somebody has seen who is no longer entitled to it.
    pub exposed_version: Option<u32>,
    /// When it was frozen, ms since the epoch: tracked, not fetched, until somebody thaws it.
    pub frozen_ms: Option<i64>,
    /// The version before the current one, for as long as it is fetched along with it.
    pub previous: Option<Previous>,
}

/// A version that is on its way out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Previous {
    /// Its number.
    pub number: u32,
    /// When it is fetched no more, ms since the epoch.
    pub until_ms: i64,
}

impl ApiKey {
    /// Unique index by `key_id`.
    pub const BY_KEY_ID: Table = Table("api_key_by_key_id");
}

impl Record for ApiKey {
    const TABLE: Table = Table("api_key");

    fn key(&self) -> Vec<u8> {
        self.id.as_bytes().to_vec()
    }

    fn unique(&self) -> Vec<(Table, Vec<u8>)> {
        vec![(Self::BY_KEY_ID, self.key_id.as_bytes().to_vec())]
    }
}
