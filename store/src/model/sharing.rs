//! Who lets their teams see what they are looking at.

use serde::{Deserialize, Serialize};

use crate::model::Id;
use crate::table::{Record, Table};

/// A person shares what they view. Whoever has no row does not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sharing {
    /// Whose screens are shared.
    pub account: Id,
}

impl Record for Sharing {
    const TABLE: Table = Table("sharing");

    fn key(&self) -> Vec<u8> {
        self.account.as_bytes().to_vec()
    }
}
