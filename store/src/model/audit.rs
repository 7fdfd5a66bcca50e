//! Audit records: who did what to what, by which door, when. The store links them into a hash chain.

use serde::{Deserialize, Serialize};

use crate::model::Id;
use crate::table::Table;

/// The way somebody came in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// The SSH dashboard or a command over SSH.
    Ssh,
    /// REST.
    Rest,
    /// WebSocket or server-sent events.
    WebSocket,
    /// The admin socket on the daemon's own machine.
    Local,
    /// A job of the daemon.
    System,
}

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
}

/// One audit record's body, as it is hashed. No values, no e-mail, no passphrase, ever.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditRecord {
    /// When, ms since the epoch.
    pub at_ms: i64,
    /// The person or token; none for the system.
    pub actor: Option<Id>,
    /// `account`, `token`, or the job's name.
    pub actor_kind: String,
    /// By which door.
    pub door: Door,
    /// From which address.
    pub from: Option<String>,
    /// The permission that was used, such as `key.reveal`.
    pub action: String,
    /// What it was done to.
    pub object: Option<Id>,
    /// The space it is in.
    pub space: Option<Id>,
    /// How it ended.
    pub outcome: Outcome,
    /// More, without values: a version number, the fields that changed.
    pub detail: String,
}

impl AuditRecord {
    /// The chained log. Keys are record numbers (big-endian `u64`, from 1); a value is the record's hash (32
    /// bytes), then its body.
    pub const LOG: Table = Table("audit");
}
