//! Ids that follow from what they name, so that what is meant to be there once has one row. They hide nothing.

use keyward_store::model::Id;
use sha2::{Digest, Sha256};

/// The id of what is called so in a place, of all that `domain` tells apart from other names.
pub fn id_of_name(domain: &str, place: Id, name: &str) -> Id {
    let hash = Sha256::new().chain_update(domain).chain_update([0]).chain_update(place.as_bytes());
    let hash: [u8; 32] = hash.chain_update(name).finalize().into();
    let mut id = [0; 12];
    id.copy_from_slice(&hash[..12]);
    Id::from_bytes(id)
}
