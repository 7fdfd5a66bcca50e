//! Section `auth`: who may make an account, and how long a login lasts. The cost of passwords is not a setting.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// Accounts and logins. All lifetimes are in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Who may make an account.
    pub registration: Registration,
    /// Whether a password opens SSH; keys always do.
    pub ssh_password: bool,
    /// An access token's life.
    pub jwt_lifetime_seconds: NonZeroU32,
    /// How long a refresh token may lie unused.
    pub refresh_lifetime_seconds: NonZeroU32,
    /// From a login to the next, however active the person was.
    pub session_lifetime_seconds: NonZeroU32,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Anyone.
    Open,
    /// Who has a code.
    Invite,
    /// Nobody; operators make accounts by hand.
    Closed,
}
