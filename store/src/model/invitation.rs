//! One-time codes: what a person gets by typing one in. Only the code's hash is kept.

use serde::{Deserialize, Serialize};

use crate::model::{Id, Role};
use crate::table::{Record, Table};

/// What a one-time code is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Purpose {
    /// Making an account.
    Join {
        /// Whoever joins with it becomes operator.
        operator: bool,
    },
    /// Becoming a member of a team, with an account or a new one.
    Team {
        /// The team's space.
        space: Id,
        /// The role in it.
        role: Role,
    },
    /// Setting a new password.
    Reset {
        /// Whose.
        account: Id,
    },
}

/// A one-time code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Invitation {
    /// The code's hash: the row's key.
    pub code: [u8; 32],
    /// What it is good for.
    pub purpose: Purpose,
    /// Only for whoever has this e-mail address, lower case.
    pub email: Option<String>,
    /// Who made it; none for the daemon itself.
    pub created_by: Option<Id>,
    /// When it was made, ms since the epoch.
    pub created_ms: i64,
    /// No good after this, ms since the epoch.
    pub expires_ms: i64,
}

impl Record for Invitation {
    const TABLE: Table = Table("invitation");

    fn key(&self) -> Vec<u8> {
        self.code.to_vec()
    }
}
