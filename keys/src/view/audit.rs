//! What doors show of the audit chain: ids, and names of the policy table; never a value.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::{Door, Id, Outcome};

use super::Pagination;

/// An audit record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditView {
    /// Its number, from 1 without gaps.
    pub seq: u64,
    /// When.
    pub timestamp: Timestamp,
    /// The person or service token; none for the daemon itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Id>,
    /// `account`, `token`, or the name of the daemon's job.
    pub actor_kind: String,
    /// By which door.
    pub door: Door,
    /// From which address.
    pub from: Option<String>,
    /// The permission that was used, such as `key.reveal`.
    pub action: String,
    /// What it was done to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<Id>,
    /// The space it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub space: Option<Id>,
    /// How it ended.
    pub outcome: Outcome,
    /// More, without values.
    pub detail: String,
    /// The request it was asked for in.
    pub request_id: Option<String>,
}

/// One page of audit records, newest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct AuditPage {
    /// The records of this page.
    pub records: Vec<AuditView>,
    /// Where this page is among all.
    pub pagination: Pagination,
}

/// An audit record with what it takes to check the chain: the hash of record `n` is SHA-256 over a zero byte, the
/// hash of record `n - 1` (zeros for the first), `n` as a big-endian `u64`, and the body.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct AuditLine {
    /// The record, as it is read from the body.
    #[serde(flatten)]
    pub record: AuditView,
    /// Its hash, hexadecimal.
    pub hash: String,
    /// The body that is hashed, in base64: the fields in order, as postcard writes them.
    pub body: String,
}

/// A signed checkpoint of the chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct CheckpointView {
    /// Records that it covers.
    pub size: u64,
    /// When it was signed.
    pub timestamp: Timestamp,
    /// The signed note: origin, size, head, and the signature.
    pub note: String,
}

/// One page of checkpoints, newest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct CheckpointPage {
    /// The checkpoints of this page.
    pub checkpoints: Vec<CheckpointView>,
    /// The public key that they are checked with, as tools for signed notes take it.
    pub verifier: String,
    /// Where this page is among all.
    pub pagination: Pagination,
}
