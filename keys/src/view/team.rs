//! What doors show of teams, their members and their invitations.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::{Environment, Id, Role};

use super::SessionKind;
use crate::prices::Money;

/// A team, as one of its members sees it.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TeamView {
    /// The team's id.
    #[serde(rename = "_id")]
    pub id: Id,
    /// Its name.
    pub name: String,
    /// The person's own role in it.
    pub role: Role,
    /// The environments its keys may be for.
    pub environments: Vec<Environment>,
    /// How many people belong to it.
    pub members: u64,
    /// How many keys it has.
    pub keys: u64,
    /// Whether the person can open its sealed keys.
    pub access: SealedAccess,
    /// Keys that are still to be locked away from somebody who left; done when a member unlocks who can.
    pub rekeying: u64,
    /// Members who are still to be let in to its sealed keys; done when a member unlocks who can.
    pub newcomers: u64,
    /// What the calls of a month with all of its keys may cost, in the price book's currency.
    #[schema(value_type = Option<f64>)]
    pub monthly_budget: Option<Money>,
    /// The IANA time zone of its people, where one is set.
    pub time_zone: Option<String>,
    /// When no rotation of its keys begins by itself, such as `08:00-18:00`.
    pub quiet_hours: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Whether somebody can open what is sealed to a space.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SealedAccess {
    /// They can, once they unlock.
    Open,
    /// They will, once a member unlocks who can.
    Pending,
    /// They have to set an unlock passphrase first.
    NoPassphrase,
    /// Their role does not open keys.
    None,
}

/// A member of a team.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberView {
    /// The account's id.
    pub user_id: Id,
    /// The person's name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// The name for `ssh LOGIN@host`.
    pub login: String,
    /// The role.
    pub role: Role,
    /// Whether they can open the team's sealed keys.
    pub access: SealedAccess,
    /// The fingerprint of the person's own public key (SHA-256, the first 16 bytes), to compare by another way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_fingerprint: Option<String>,
    /// When they joined.
    pub joined_at: Timestamp,
}

/// A member of a team who is connected now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PresentView {
    /// The account's id.
    pub user_id: Id,
    /// Since when they have been here without a break.
    pub since: Timestamp,
    /// What they have open: apps are not among it.
    pub kinds: Vec<SessionKind>,
    /// What they look at in their dashboard, when they let their teams see that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub viewing: Option<ViewingView>,
}

/// What somebody looks at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ViewingView {
    /// The page's name in the dashboard: `home`, `keys`, `usage`.
    pub page: &'static str,
    /// The key whose page it is, when the reader may see that key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<Id>,
    /// That key's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An invitation that waits to be used, without its code.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationView {
    /// The invitation's id.
    #[serde(rename = "_id")]
    pub id: Id,
    /// Whom it is for.
    pub email: String,
    /// The role it gives.
    pub role: Role,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invited_by: Option<Id>,
    /// When it was made.
    pub created_at: Timestamp,
    /// No good after this.
    pub expires_at: Timestamp,
}

/// A new invitation with its code: shown once.
pub struct IssuedInvitation {
    /// The code.
    pub code: SecretString,
    /// The invitation.
    pub invitation: InvitationView,
}

/// What a person who left a team leaves behind.
#[derive(Clone, PartialEq, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Departure {
    /// Keys whose present value they have seen: rotate these now.
    pub rotate_now: Vec<ExposedKey>,
    /// There when those could not be worked out yet: they say `rotateNow` themselves within minutes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub marks_follow: bool,
    /// Service tokens of theirs that lost keys of the team.
    pub tokens: Vec<EndedToken>,
}

/// A key whose value somebody knows who is no longer entitled to it.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExposedKey {
    /// The key.
    #[serde(rename = "_id")]
    pub id: Id,
    /// Its id as shown to people.
    pub key_id: String,
    /// Its name.
    pub name: String,
    /// The version they saw.
    pub version: u32,
    /// When they last saw it.
    pub revealed_at: Timestamp,
}

/// A service token that lost what it was granted.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct EndedToken {
    /// The token.
    #[serde(rename = "_id")]
    pub id: Id,
    /// What its maker called it.
    pub name: String,
}
