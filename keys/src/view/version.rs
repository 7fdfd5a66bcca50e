//! What doors show of a key's versions: never a value.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::Id;

/// What a version is to its key now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum VersionLabel {
    /// The one in use.
    Current,
    /// Made by a rotation that is under way, and not given out yet.
    Pending,
    /// The one before it, while it is still fetched along with it.
    Previous,
}

/// One version of a key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VersionView {
    /// 1, 2, 3…
    pub version: u32,
    /// What it is now; nothing for one that is past.
    pub labels: Vec<VersionLabel>,
    /// When its value was set.
    pub created_at: Timestamp,
    /// Who set it.
    pub created_by: Id,
    /// Until when the previous version is fetched along with the current one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetchable_until: Option<Timestamp>,
}
