//! The networks that a key is given out in, for keys that are held to some.

use serde::{Deserialize, Serialize};

use crate::model::{Id, Network};
use crate::table::{Record, Table};

/// Where apps may fetch a key from. A key without a row is given out anywhere.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeyNetworks {
    /// The key.
    pub api_key: Id,
    /// At least one.
    pub networks: Vec<Network>,
}

impl Record for KeyNetworks {
    const TABLE: Table = Table("key_networks");

    fn key(&self) -> Vec<u8> {
        self.api_key.as_bytes().to_vec()
    }
}
