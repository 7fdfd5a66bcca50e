//! What doors hand in: plain values, checked by `Service`. Names of fields in faults are the REST schema's.

use jiff::Timestamp;
use secrecy::SecretString;

use keyward_store::model::{Custody, Environment, Id, Plan, Scope};

use crate::view::KeyStatus;

/// Names a key: `_id`, `keyId`, or (where a person types it) its name, with an environment when several share it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum KeyRef {
    /// `_id` or `keyId`.
    Id(String),
    /// `_id`, `keyId`, or a name that is unique among the caller's keys (in this environment, when given).
    Named(String, Option<Environment>),
}

/// A person who joins.
pub struct NewAccount {
    /// The person's name, 1 to 100 characters.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// The password, at least 8 characters.
    pub password: SecretString,
    /// An invitation's code, where one is needed.
    pub code: Option<SecretString>,
    /// An SSH public key line to register with the account.
    pub ssh_key: Option<String>,
}

/// An account made by an operator or on the command line.
pub struct AddedAccount {
    /// The account.
    pub account: NewAccount,
    /// May manage the instance.
    pub operator: bool,
    /// The plan.
    pub plan: Plan,
}

/// A new API key.
pub struct NewKey {
    /// 1 to 128 characters.
    pub name: String,
    /// 1 to 64 characters.
    pub service: String,
    /// The value, 1 byte to 64 KiB.
    pub value: SecretString,
    /// Makes it private: only this opens it.
    pub passphrase: Option<SecretString>,
    /// At most 1,000 characters.
    pub description: String,
    /// Where it is used; development when none.
    pub environment: Option<Environment>,
    /// Requests a month.
    pub monthly_limit: Option<u64>,
    /// At most 20, each 1 to 40 characters.
    pub tags: Vec<String>,
    /// Who can open it; the default is worked out.
    pub custody: Option<Custody>,
    /// A team; the person's own space when none.
    pub team: Option<Id>,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// Days between rotations, 0 to 3,650; 90 when none.
    pub rotation_interval: Option<u32>,
}

/// A change to a key: only the fields that are given. `Some(None)` clears.
#[derive(Clone, Debug, Default)]
pub struct KeyPatch {
    /// A new name.
    pub name: Option<String>,
    /// A new service.
    pub service: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// A new environment.
    pub environment: Option<Environment>,
    /// `active` or `inactive`.
    pub status: Option<KeyStatus>,
    /// New tags, all of them.
    pub tags: Option<Vec<String>>,
    /// A new monthly limit.
    pub monthly_limit: Option<Option<u64>>,
    /// A new expiry.
    pub expires_at: Option<Option<Timestamp>>,
    /// Days between rotations.
    pub rotation_interval: Option<u32>,
}

/// How a list is sorted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum KeySort {
    /// Newest first.
    #[default]
    Newest,
    /// By name.
    Name,
    /// By service, then name.
    Service,
    /// Last used first.
    LastUsed,
    /// Most calls this month first.
    Usage,
}

/// Which keys to list.
#[derive(Clone, Debug, Default)]
pub struct KeyQuery {
    /// From 1.
    pub page: u32,
    /// 1 to 100.
    pub limit: u32,
    /// A substring of name, service, description or a tag.
    pub search: Option<String>,
    /// Fuzzy instead of substring, over names: for a person typing.
    pub fuzzy: bool,
    /// Only keys that stand so.
    pub status: Option<KeyStatus>,
    /// Only keys used there.
    pub environment: Option<Environment>,
    /// Only keys with this tag.
    pub tag: Option<String>,
    /// Only keys of this team.
    pub team: Option<Id>,
    /// The order; ties are broken by `_id`.
    pub sort: KeySort,
}

/// How to open a key.
#[derive(Default)]
pub struct Reveal {
    /// The passphrase, for private keys.
    pub passphrase: Option<SecretString>,
    /// A version; the current one when none.
    pub version: Option<u32>,
}

/// One reported call.
#[derive(Clone, Debug, Default)]
pub struct TrackEvent {
    /// The endpoint that was called, at most 256 bytes.
    pub endpoint: Option<String>,
    /// The HTTP method.
    pub method: Option<String>,
    /// The HTTP status, 100 to 599; 200 when none.
    pub status_code: Option<u16>,
    /// The response time in ms, may be fractional, 0 to 3,600,000.
    pub response_time: Option<f64>,
    /// The request's size in bytes.
    pub request_size: Option<u32>,
    /// The response's size in bytes.
    pub response_size: Option<u32>,
    /// The version of the key that was used.
    pub version: Option<u32>,
    /// By which a retry within 24 h is recognised, at most 128 bytes.
    pub event_id: Option<String>,
    /// When the call was made: at most 30 days old, 5 minutes ahead; now when none.
    pub timestamp: Option<Timestamp>,
    /// A compact JSON object of at most 2 KiB, or none.
    pub metadata: Option<String>,
}

/// Which days a report covers.
#[derive(Clone, Debug, Default)]
pub struct UsageQuery {
    /// `day`, `week`, `month`, `year`; `week` when nothing is given.
    pub timeframe: Option<String>,
    /// First day, `2024-01-15` or a full timestamp.
    pub start_date: Option<String>,
    /// Last day, counted.
    pub end_date: Option<String>,
    /// IANA time zone; the person's when none.
    pub timezone: Option<String>,
}

/// A new service token.
pub struct NewToken {
    /// 1 to 100 characters.
    pub name: String,
    /// The keys it may use, by `_id` or `keyId`.
    pub keys: Vec<String>,
    /// What it may do with them.
    pub scopes: Vec<Scope>,
    /// Opens the locks of private keys among them.
    pub passphrase: Option<SecretString>,
    /// No good after this.
    pub expires_at: Option<Timestamp>,
}
