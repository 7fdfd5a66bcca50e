//! What is kept of some keys in rows of their own: where they are given out, whether they are decoys, what is unusual.

use std::collections::HashMap;

use keyward_store::model::{Decoy, DecoyUse, Id, KeyNetworks, Unusual};
use keyward_store::{Record, Result, Table, Versioned};

use super::{Shared, decode, place};

/// Rows by key.
#[derive(Default)]
pub(crate) struct ByKey {
    /// Of keys that are not given out anywhere.
    pub(crate) networks: HashMap<Id, Shared<KeyNetworks>>,
    pub(crate) decoys: HashMap<Id, Shared<Decoy>>,
    /// As they were last written.
    pub(crate) decoy_uses: HashMap<Id, Shared<DecoyUse>>,
    /// Of keys whose usage was unusual once.
    pub(crate) unusual: HashMap<Id, Shared<Unusual>>,
}

impl ByKey {
    pub(super) const TABLES: [Table; 4] = [KeyNetworks::TABLE, Decoy::TABLE, DecoyUse::TABLE, Unusual::TABLE];

    /// Puts a row of one of these tables in place.
    pub(super) fn put(&mut self, table: Table, key: &[u8], raw: Option<&Versioned>) -> Result<()> {
        let id = Id::from_slice(key);
        if table == KeyNetworks::TABLE {
            place(&mut self.networks, id, decode(raw)?);
        } else if table == Decoy::TABLE {
            place(&mut self.decoys, id, decode(raw)?);
        } else if table == DecoyUse::TABLE {
            place(&mut self.decoy_uses, id, decode(raw)?);
        } else if table == Unusual::TABLE {
            place(&mut self.unusual, id, decode(raw)?);
        }
        Ok(())
    }
}
