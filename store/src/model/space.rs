//! Spaces (a team's vault or a personal one) and who belongs to them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{Environment, Id};
use crate::table::{Record, Table};

/// Whether a space is one person's or a team's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum SpaceKind {
    /// One person's own keys.
    Personal,
    /// A team's keys.
    Team,
}

/// The public half of a space's own pair, to which what its members share is sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SpaceKey {
    /// Raised each time the pair is replaced.
    pub generation: u32,
    /// X25519, 32 bytes.
    pub public_key: [u8; 32],
}

/// A set of keys with the same readers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Space {
    /// The space's id (a team's id).
    pub id: Id,
    /// Personal or team.
    pub kind: SpaceKind,
    /// The team's name; the person's for a personal space.
    pub name: String,
    /// When it was made, ms since the epoch.
    pub created_ms: i64,
    /// Its own pair, once somebody with an unlock passphrase has made one.
    pub key: Option<SpaceKey>,
    /// The environments its keys may be for.
    pub environments: Vec<Environment>,
}

impl Record for Space {
    const TABLE: Table = Table("space");

    fn key(&self) -> Vec<u8> {
        self.id.as_bytes().to_vec()
    }
}

/// What a member may do in a space; the policy table says what each means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees keys and usage.
    Viewer,
    /// Uses and adds keys.
    Member,
    /// Manages keys and members.
    Admin,
    /// Everything, including giving the space away.
    Owner,
}

/// One person's role in one space.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Member {
    /// The space.
    pub space: Id,
    /// The person.
    pub account: Id,
    /// The role.
    pub role: Role,
    /// When the person joined, ms since the epoch.
    pub joined_ms: i64,
    /// The generation of the space's pair that this member holds; 0 when none yet. What is sealed to an older one
    /// is theirs too, until it is sealed to this one.
    pub generation: u32,
}

impl Record for Member {
    const TABLE: Table = Table("member");

    fn key(&self) -> Vec<u8> {
        [self.space.as_bytes().as_slice(), self.account.as_bytes()].concat()
    }
}

/// A person who is no longer entitled to a team's keys, until those that they have seen are marked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Departed {
    /// The team.
    pub space: Id,
    /// The person.
    pub account: Id,
}

impl Record for Departed {
    const TABLE: Table = Table("departed");

    fn key(&self) -> Vec<u8> {
        [self.space.as_bytes().as_slice(), self.account.as_bytes()].concat()
    }
}
