//! What doors show of who may do what with a key, and why.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use keyward_store::model::{Custody, Environment, Id, Role};

use super::SealedAccess;

/// Something that may be asked about a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AccessAction {
    /// See that it exists, and its record.
    See,
    /// Read its value, as a person.
    Reveal,
    /// Change its record.
    Change,
    /// Replace its value.
    Rotate,
    /// Move it to another space.
    Move,
    /// Move it to the bin.
    Delete,
    /// Read its value, as an app.
    Fetch,
    /// Report calls made with it.
    Track,
}

impl AccessAction {
    /// Every one of them.
    pub const ALL: [Self; 8] = [
        Self::See,
        Self::Reveal,
        Self::Change,
        Self::Rotate,
        Self::Move,
        Self::Delete,
        Self::Fetch,
        Self::Track,
    ];
}

/// Whether somebody may do one thing, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct AccessAnswer {
    /// What was asked.
    pub action: AccessAction,
    /// Whether they may.
    pub allowed: bool,
    /// Why, or why not, in words; where they may and it does not open now, what is missing.
    pub why: String,
}

/// A member of the key's space, and what they may do with it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonAccess {
    /// The account's id.
    pub user_id: Id,
    /// The person's name.
    pub name: String,
    /// Their role in the space.
    pub role: Role,
    /// What they may do.
    pub may: Vec<AccessAction>,
    /// Whether they can open what is sealed to the space.
    pub sealed: SealedAccess,
}

/// A service token that was granted the key, and what it may do with it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppAccess {
    /// The token.
    #[serde(rename = "_id")]
    pub id: Id,
    /// What its maker calls it.
    pub name: String,
    /// Who made it.
    pub created_by: Id,
    /// What it may do.
    pub may: Vec<AccessAction>,
    /// Whether it opens the value that it may fetch: it has a lock, or the daemon has one.
    pub opens: bool,
}

/// Who may do what with a key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyAccess {
    /// The key.
    #[serde(rename = "_id")]
    pub id: Id,
    /// What its locks mean together.
    pub custody: Custody,
    /// Whether the daemon can open it by itself.
    pub daemon: bool,
    /// The caller's own answers.
    pub you: Vec<AccessAnswer>,
    /// The members of its space, owners first.
    pub people: Vec<PersonAccess>,
    /// The service tokens that were granted it.
    pub tokens: Vec<AppAccess>,
    /// Keys of other environments with the same value, of those that the caller may see: whoever opens one of them has this
    /// value too. At most 20; only keys in `automation` custody are compared.
    pub shares_value_with: Vec<SharedValue>,
}

/// A key of another environment with the same value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SharedValue {
    /// The key.
    #[serde(rename = "_id")]
    pub id: Id,
    /// The id shown to people, `ak_prod_…`.
    pub key_id: String,
    /// Its name.
    pub name: String,
    /// Where it is used.
    pub environment: Environment,
}
