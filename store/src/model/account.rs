//! People and what proves them: accounts, SSH keys, sessions. Invitations have their own file.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{Door, Id};
use crate::table::{Record, Table};

/// A subscription plan of the specification.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    /// 5 keys, 1,000 requests a month.
    Free,
    /// For teams.
    Pro,
    /// Without limits that matter.
    Enterprise,
}

/// Sign-in state of an account.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Security {
    /// The last successful sign-in, ms since the Unix epoch.
    pub last_login_ms: Option<i64>,
    /// Counts how often everything that is open was ended at once: what was opened under an earlier number is over.
    pub epoch: u32,
    /// The second factor, once its setup has begun.
    pub second_factor: Option<SecondFactor>,
}

/// A time-based one-time password (RFC 6238) and what stands in for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SecondFactor {
    /// The shared secret, sealed under the system key: an envelope.
    pub secret: Vec<u8>,
    /// Signing in asks for a code; false until the first right one.
    pub enabled: bool,
    /// The time step of the last code that was accepted: neither it nor an earlier one is good again.
    pub last_step: Option<u64>,
    /// Hashes of the recovery codes that are left.
    pub recovery: Vec<[u8; 32]>,
}

/// How a person wants to see and hear things.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Preferences {
    /// The dashboard's theme: `auto`, `dark` or `light`.
    pub theme: String,
    /// Notifications are sent at all.
    pub notifications: bool,
    /// Types of notifications that are not sent.
    pub muted: Vec<String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { theme: "auto".to_owned(), notifications: true, muted: Vec::new() }
    }
}

/// A person's account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Account {
    /// The account's id.
    pub id: Id,
    /// The person's name, as typed.
    pub name: String,
    /// The name for `ssh LOGIN@host`; unique.
    pub login: String,
    /// The e-mail address, lower case; unique.
    pub email: String,
    /// The password's argon2id PHC string.
    pub password: String,
    /// May manage the instance.
    pub operator: bool,
    /// The space that holds this person's own keys.
    pub personal_space: Id,
    /// The plan.
    pub plan: Plan,
    /// Sign-in state.
    pub security: Security,
    /// IANA time zone for reports; UTC when unset.
    pub time_zone: Option<String>,
    /// How the person wants to see and hear things.
    pub preferences: Preferences,
    /// The public half of the account key, once an unlock passphrase is set (X25519, 32 bytes).
    pub public_key: Option<[u8; 32]>,
    /// When the account was made, ms since the epoch.
    pub created_ms: i64,
    /// When an operator switched it off, ms since the epoch: nothing of it is accepted since.
    pub disabled_ms: Option<i64>,
}

impl Account {
    /// Unique index by e-mail.
    pub const BY_EMAIL: Table = Table("account_by_email");
    /// Unique index by login name.
    pub const BY_LOGIN: Table = Table("account_by_login");
}

impl Record for Account {
    const TABLE: Table = Table("account");

    fn key(&self) -> Vec<u8> {
        self.id.as_bytes().to_vec()
    }

    fn unique(&self) -> Vec<(Table, Vec<u8>)> {
        vec![
            (Self::BY_EMAIL, self.email.as_bytes().to_vec()),
            (Self::BY_LOGIN, self.login.as_bytes().to_vec()),
        ]
    }
}

/// A person's SSH public key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SshKey {
    /// The row's id.
    pub id: Id,
    /// Whose key it is.
    pub account: Id,
    /// What the person calls it.
    pub name: String,
    /// The SHA-256 fingerprint of the key blob; unique in the instance.
    pub fingerprint: [u8; 32],
    /// The key as an OpenSSH public key line, without comment.
    pub line: String,
    /// When it was added, ms since the epoch.
    pub created_ms: i64,
    /// When it last signed in, ms since the epoch.
    pub last_used_ms: Option<i64>,
}

impl SshKey {
    /// Unique index by fingerprint.
    pub const BY_FINGERPRINT: Table = Table("ssh_key_by_fingerprint");
}

impl Record for SshKey {
    const TABLE: Table = Table("ssh_key");

    fn key(&self) -> Vec<u8> {
        self.id.as_bytes().to_vec()
    }

    fn unique(&self) -> Vec<(Table, Vec<u8>)> {
        vec![(Self::BY_FINGERPRINT, self.fingerprint.to_vec())]
    }
}

/// A signed-in session of an app or a browser; a bearer token is good only while its session row stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// The session's id (the token's `sid`).
    pub id: Id,
    /// Whose session.
    pub account: Id,
    /// The hash of the refresh token that is good now.
    pub refresh: [u8; 32],
    /// The hash of the one before it, and when it was replaced (ms since the epoch).
    pub refresh_before: Option<([u8; 32], i64)>,
    /// When it began, ms since the epoch.
    pub created_ms: i64,
    /// When it ends unless refreshed, ms since the epoch.
    pub expires_ms: i64,
    /// Where it began: an IP address.
    pub from: Option<String>,
    /// By which door it began.
    pub door: Door,
    /// What the program that began it calls itself.
    pub user_agent: Option<String>,
    /// When it was last written down as used, ms since the epoch.
    pub last_seen_ms: i64,
}

impl Record for Session {
    const TABLE: Table = Table("session");

    fn key(&self) -> Vec<u8> {
        self.id.as_bytes().to_vec()
    }
}
