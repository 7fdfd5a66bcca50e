//! The networks that a key was used from: fetched, or reported on.

use serde::{Deserialize, Serialize};

use crate::model::{Id, Network};
use crate::table::{Record, Table};

/// The networks of one key. How many are kept is the core's matter; nothing but alerts is decided by them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClientNetworks {
    /// The key.
    pub api_key: Id,
    /// Since when they are kept, ms since the epoch.
    pub since_ms: i64,
    /// When there were last more of them than are kept, ms since the epoch.
    pub crowded_ms: Option<i64>,
    /// Those that are kept.
    pub seen: Vec<ClientNetwork>,
}

/// A network that a key was used from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClientNetwork {
    /// The network.
    pub network: Network,
    /// When it was used from there first, ms since the epoch.
    pub first_ms: i64,
    /// And last, ms since the epoch, to the hour.
    pub last_ms: i64,
}

impl Record for ClientNetworks {
    const TABLE: Table = Table("client_networks");

    fn key(&self) -> Vec<u8> {
        self.api_key.as_bytes().to_vec()
    }
}
