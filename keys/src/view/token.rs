//! What doors show of service tokens.

use ipnet::IpNet;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::{Environment, Id, Scope};

/// A service token, without its secret.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenView {
    /// The row's id.
    #[serde(rename = "_id")]
    pub id: Id,
    /// What its maker calls it.
    pub name: String,
    /// The keys it was granted by name.
    pub keys: Vec<Id>,
    /// The environment it was granted instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// Of this team; of the maker's own keys when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<Id>,
    /// What it may do with them.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// No good after this.
    pub expires_at: Option<Timestamp>,
    /// Where it may be used from; anywhere when empty.
    #[schema(value_type = Vec<String>)]
    pub networks: Vec<IpNet>,
    /// How often it may be used in all.
    pub max_uses: Option<u64>,
    /// How often it was used.
    pub uses: u64,
    /// When it was last used.
    pub last_seen: Option<Timestamp>,
    /// Sealed keys of its environment that it can open once a member unlocks who can.
    pub waiting: u64,
}
