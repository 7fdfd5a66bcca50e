//! The networks that a key is given out in: what a key is held to, and whether an app is within. They narrow what service
//! tokens allow and never widen it; people who reveal a value are not concerned.

use std::net::IpAddr;

use ipnet::IpNet;

use keyward_store::model::{Id, KeyNetworks, Network};

use crate::error::Result;
use crate::service::change::Draft;
use crate::service::mirror::Tables;
use crate::service::text::Faults;

/// Networks one key may be held to.
pub(crate) const MOST_NETWORKS: usize = 64;

/// Notes what is wrong with networks that are handed in.
pub(crate) fn check(faults: &mut Faults, networks: &[IpNet]) {
    if networks.len() > MOST_NETWORKS {
        faults.add("networks", format!("has {} networks; {MOST_NETWORKS} is the most", networks.len()));
    }
}

/// The networks of a key; anywhere when empty.
pub(crate) fn of(tables: &Tables, api_key: Id) -> Vec<IpNet> {
    let row = tables.by_key.networks.get(&api_key);
    let networks = row.map(|row| row.record.networks.as_slice()).unwrap_or_default();
    networks.iter().filter_map(|network| IpNet::new(network.address, network.prefix).ok()).collect()
}

/// Whether an app at this address may fetch a key.
pub(crate) fn admits(tables: &Tables, api_key: Id, from: Option<IpAddr>) -> bool {
    let networks = of(tables, api_key);
    networks.is_empty()
        || from
            .map(|address| address.to_canonical())
            .is_some_and(|address| networks.iter().any(|network| network.contains(&address)))
}

/// Holds a key to these networks, or to none.
pub(crate) fn put(tables: &Tables, draft: &mut Draft, api_key: Id, networks: &[IpNet]) -> Result<()> {
    let networks = networks.iter().map(|net| Network { address: net.addr(), prefix: net.prefix_len() });
    let record = KeyNetworks { api_key, networks: networks.collect() };
    match tables.by_key.networks.get(&api_key) {
        Some(old) if record.networks.is_empty() => draft.batch.remove(old),
        Some(old) => draft.batch.replace(old, &record)?,
        None if record.networks.is_empty() => return Ok(()),
        None => draft.batch.create(&record)?,
    };
    Ok(())
}
