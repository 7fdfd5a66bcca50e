//! What doors show of accounts: sessions, one-time codes, and accounts as an operator sees them.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use keyward_store::model::{Door, Environment, Id};

use super::{Pagination, UserView};

/// How a person wants to see and hear things.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreferencesView {
    /// The dashboard's theme: `auto`, `dark`, `light` or `contrast`.
    pub theme: String,
    /// Notifications are sent at all.
    pub notifications: bool,
    /// Types of notifications that are not sent.
    pub muted: Vec<String>,
    /// The members of one's teams see what one is looking at. That one is connected they see in any case.
    pub share_viewing: bool,
    /// When messages to one's channels wait, such as `22:00-07:00`.
    pub quiet_hours: Option<String>,
}

/// What a session is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SessionKind {
    /// An app or a browser, signed in with a token.
    App,
    /// A dashboard on somebody's terminal.
    Dashboard,
    /// A plain mode, line by line.
    Plain,
    /// A command that runs.
    Command,
}

impl SessionKind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Dashboard => "dashboard",
            Self::Plain => "plain",
            Self::Command => "command",
        }
    }
}

/// What a person has open, in an app, a browser or a terminal.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// The session's id.
    #[serde(rename = "_id")]
    pub id: Id,
    /// What it is.
    pub kind: SessionKind,
    /// By which door it began.
    pub door: Door,
    /// From which address it began.
    pub address: Option<String>,
    /// What the program that began it calls itself.
    pub user_agent: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used: now, while a terminal is connected.
    pub last_seen: Timestamp,
    /// When it ends unless it is refreshed; a terminal's ends with its connection.
    pub expires_at: Option<Timestamp>,
    /// It is the one that asks.
    pub current: bool,
}

/// What a new unlock passphrase costs whoever forgot the one before.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, ToSchema)]
pub struct PassphraseLoss {
    /// Sealed keys that nobody can open any more then.
    pub lost: Vec<LostKey>,
    /// Teams whose sealed keys open again once a member unlocks who can open them.
    pub regranted: Vec<RegrantedTeam>,
}

/// A sealed key that nobody can open any more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LostKey {
    /// The key.
    #[serde(rename = "_id")]
    pub id: Id,
    /// Its id as shown to people.
    pub key_id: String,
    /// Its name.
    pub name: String,
    /// Where it is used.
    pub environment: Environment,
    /// The team it is in; none for the person's own.
    pub team: Option<Id>,
    /// Service tokens that go on fetching it.
    pub tokens: usize,
}

/// A team that somebody waits to be let in to again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct RegrantedTeam {
    /// The team.
    #[serde(rename = "_id")]
    pub id: Id,
    /// Its name.
    pub name: String,
}

/// What an authenticator app is given: shown once.
pub struct SecondFactorSetup {
    /// The `otpauth:` link.
    pub otpauth: SecretString,
    /// The link as a QR code: a `data:` URL of an SVG image.
    pub qr: SecretString,
    /// The same for a terminal.
    pub modules: QrModules,
}

/// A QR code, which holds a secret as much as what it says.
pub struct QrModules {
    /// Modules a side, without the quiet zone around it.
    pub side: usize,
    /// Row by row, which modules are dark.
    pub dark: Zeroizing<Vec<bool>>,
}

/// A code that somebody hands to somebody else: shown once.
pub struct OneTimeCode {
    /// The code.
    pub code: SecretString,
    /// No good after this.
    pub expires_at: Timestamp,
}

/// An invitation to make an account, without its code.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceInvitationView {
    /// The invitation's id.
    #[serde(rename = "_id")]
    pub id: Id,
    /// Only whoever has this address may use it.
    pub email: Option<String>,
    /// Whoever joins with it becomes operator.
    pub operator: bool,
    /// The operator who made it; none when it was made on the daemon's own machine.
    pub invited_by: Option<Id>,
    /// When it was made.
    pub created_at: Timestamp,
    /// No good after this.
    pub expires_at: Timestamp,
}

/// An account, as an operator sees it.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedUser {
    /// The account.
    #[serde(flatten)]
    pub user: UserView,
    /// Since when it is switched off.
    pub disabled_at: Option<Timestamp>,
    /// Sessions it has open, in apps, browsers and terminals.
    pub sessions: usize,
    /// SSH keys that sign it in.
    pub ssh_keys: usize,
}

/// One page of accounts.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct UserPage {
    /// The accounts of this page.
    pub users: Vec<ManagedUser>,
    /// Where this page is among all.
    pub pagination: Pagination,
}
