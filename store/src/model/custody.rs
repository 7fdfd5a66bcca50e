//! Versions (sealed values) and locks (ways to open an API key). Only sealed bytes live here.

use serde::{Deserialize, Serialize};

use crate::model::Id;
use crate::table::{Record, Table};

/// Labels that move over versions, as bits.
pub mod label {
    /// The version in use.
    pub const CURRENT: u8 = 1;
    /// Made, not yet in use.
    pub const PENDING: u8 = 2;
    /// The one before the current.
    pub const PREVIOUS: u8 = 4;
}

/// One immutable value of an API key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Version {
    /// The key.
    pub api_key: Id,
    /// 1, 2, 3…
    pub number: u32,
    /// The [`label`] it was made with. Which ones it bears by now, the key and its rotation say.
    pub labels: u8,
    /// The value, sealed to the key's public half: an envelope.
    pub sealed: Vec<u8>,
    /// Who made it.
    pub created_by: Id,
    /// When, ms since the epoch.
    pub created_ms: i64,
}

impl Record for Version {
    const TABLE: Table = Table("version");

    fn key(&self) -> Vec<u8> {
        [self.api_key.as_bytes().as_slice(), &self.number.to_be_bytes()].concat()
    }
}

/// Whose private key a lock opens.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum LockTarget {
    /// An API key's.
    ApiKey(Id),
    /// A space's, of a generation.
    Space(Id, u32),
    /// An account's.
    Account(Id),
}

/// Who can open a lock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Holder {
    /// Whoever knows the passphrase; the id tells several apart.
    Passphrase(Id),
    /// A person, with the account key.
    Account(Id),
    /// The members of a space, with the space's key.
    Space(Id),
    /// An app, with its service token.
    Token(Id),
    /// The daemon, with the master key.
    System,
}

/// One way to open one private key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Lock {
    /// Whose private key it opens.
    pub target: LockTarget,
    /// Who can open it.
    pub holder: Holder,
    /// The sealed private key: an envelope.
    pub sealed: Vec<u8>,
    /// When it was made, ms since the epoch.
    pub created_ms: i64,
}

impl Lock {
    /// The prefix under which all locks of a target lie.
    pub fn prefix(target: LockTarget) -> Vec<u8> {
        match target {
            LockTarget::ApiKey(id) => [b"k".as_slice(), id.as_bytes()].concat(),
            LockTarget::Space(id, generation) => {
                [b"s".as_slice(), id.as_bytes(), &generation.to_be_bytes()].concat()
            }
            LockTarget::Account(id) => [b"a".as_slice(), id.as_bytes()].concat(),
        }
    }

    /// The row key of the lock that `holder` has on `target`.
    pub fn row_key(target: LockTarget, holder: Holder) -> Vec<u8> {
        let (kind, id) = match holder {
            Holder::Passphrase(id) => (b'p', id),
            Holder::Account(id) => (b'a', id),
            Holder::Space(id) => (b's', id),
            Holder::Token(id) => (b't', id),
            Holder::System => (b'y', Id::default()),
        };
        [Self::prefix(target).as_slice(), &[kind], id.as_bytes()].concat()
    }
}

impl Record for Lock {
    const TABLE: Table = Table("lock");

    fn key(&self) -> Vec<u8> {
        Self::row_key(self.target, self.holder)
    }
}
