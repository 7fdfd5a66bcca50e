//! The networks that each key is used from: fetched, or reported on. Kept so that one that is new can be told of; never a
//! reason to refuse anything, which is `key_networks`'. Counted in memory and written within a second, like fetches.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError, RwLock};

use ipnet::IpNet;

use keyward_store::model::{ClientNetwork, ClientNetworks, Id, Network};
use keyward_store::{Batch, KeyRange, Order, Record, Row, Snapshot};

use crate::caller::Caller;
use crate::crypto;
use crate::error::Result;
use crate::service::Service;
use crate::service::change::put;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Networks remembered of one key; then the one that was used longest ago is forgotten.
pub(crate) const MOST: usize = 64;

/// A network is new to a key only after so long: until then the key is getting used to where it is used, ms.
const LEARNT_MS: i64 = 14 * DAY_MS;

/// So long a network that is new is told of, ms.
const NEW_MS: i64 = DAY_MS;

/// Where more networks came than are remembered, none is known to be new for so long; and one that was not used for so
/// long makes room first, ms.
const CROWDED_MS: i64 = 30 * DAY_MS;

/// Rows read, or written in one batch.
const ROWS: usize = 1024;

/// The bits of an address that count: what one customer, office or data centre commonly holds.
const BITS: (u8, u8) = (24, 48);

/// The networks of all keys, and the keys whose rows are to be written.
#[derive(Default)]
pub(crate) struct Clients {
    keys: RwLock<HashMap<Id, ClientNetworks>>,
    waiting: Mutex<HashSet<Id>>,
}

impl Clients {
    /// Reads what was written.
    pub(crate) async fn fill(&self, snapshot: &impl Snapshot) -> keyward_store::Result<()> {
        let (mut range, mut keys) = (KeyRange::all(), HashMap::new());
        loop {
            let rows = snapshot.scan(ClientNetworks::TABLE, range.clone(), Order::Ascending, ROWS).await?;
            for (_, raw) in &rows {
                let row = Row::<ClientNetworks>::decode(raw)?.record;
                keys.insert(row.api_key, row);
            }
            match rows.last() {
                Some((last, _)) if rows.len() == ROWS => range.start = [last.as_slice(), &[0]].concat(),
                _ => break,
            }
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Notes that a key is used from here. Answers whether it is the first that waits to be written.
    fn note(&self, api_key: Id, address: IpAddr, now_ms: i64) -> bool {
        let Some(network) = network_of(address) else { return false };
        let fresh = |one: &ClientNetwork| one.network == network && now_ms - one.last_ms < HOUR_MS;
        {
            let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
            if keys.get(&api_key).is_some_and(|known| known.seen.iter().any(fresh)) {
                return false;
            }
        }
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let nothing =
            || ClientNetworks { api_key, since_ms: now_ms, crowded_ms: None, seen: Vec::with_capacity(1) };
        remember(keys.entry(api_key).or_insert_with(nothing), network, now_ms);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(api_key) && waiting.len() == 1
    }

    /// The networks that are new to a key, the first first. None of a key that is new itself, or used from so many that
    /// they are not all remembered.
    pub(crate) fn new_ones(&self, api_key: Id, now_ms: i64) -> Vec<String> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = keys.get(&api_key) else { return Vec::new() };
        if known.crowded_ms.is_some_and(|at_ms| now_ms - at_ms < CROWDED_MS) {
            return Vec::new();
        }
        let new = |one: &&ClientNetwork| {
            now_ms - one.first_ms < NEW_MS && one.first_ms - known.since_ms >= LEARNT_MS
        };
        let mut new: Vec<_> = known.seen.iter().filter(new).collect();
        new.sort_by_key(|one| one.first_ms);
        new.iter().map(|one| format!("{}/{}", one.network.address, one.network.prefix)).collect()
    }

    /// A key is gone for good.
    pub(crate) fn forget(&self, api_key: Id) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).remove(&api_key);
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&api_key);
    }

    fn take(&self) -> Vec<ClientNetworks> {
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        waiting.iter().filter_map(|id| keys.get(id).cloned()).collect()
    }

    fn wait_again(&self, rows: &[ClientNetworks]) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(rows.iter().map(|row| row.api_key));
    }
}

impl Service {
    /// Notes where a key is used from. Whoever comes by no network, such as the daemon itself, is not noted.
    pub(crate) fn note_network(&self, caller: &Caller, api_key: Id, now_ms: i64) {
        if let Some(address) = caller.origin.address
            && self.0.metered.clients.note(api_key, address, now_ms)
        {
            self.0.metered.wake.notify_one();
        }
    }

    /// Writes the networks noted since the last time.
    pub(crate) async fn write_clients(&self) -> Result<()> {
        let clients = &self.0.metered.clients;
        let rows = clients.take();
        for (done, some) in rows.chunks(ROWS).enumerate() {
            let mut batch = Batch::new(crypto::random_batch_id()?);
            for row in some {
                batch.op(put(row)?);
            }
            if let Err(error) = self.commit_metered(batch).await {
                clients.wait_again(&rows[done * ROWS..]);
                return Err(error);
            }
        }
        Ok(())
    }
}

fn network_of(address: IpAddr) -> Option<Network> {
    let address = address.to_canonical();
    let prefix = if address.is_ipv4() { BITS.0 } else { BITS.1 };
    let network = IpNet::new(address, prefix).ok()?.trunc();
    Some(Network { address: network.addr(), prefix })
}

fn remember(known: &mut ClientNetworks, network: Network, now_ms: i64) {
    if let Some(one) = known.seen.iter_mut().find(|one| one.network == network) {
        one.last_ms = now_ms;
        return;
    }
    if known.seen.len() >= MOST {
        known.seen.retain(|one| now_ms - one.last_ms < CROWDED_MS);
    }
    let new = ClientNetwork { network, first_ms: now_ms, last_ms: now_ms };
    if known.seen.len() < MOST {
        known.seen.push(new);
    } else if let Some(oldest) = known.seen.iter_mut().min_by_key(|one| one.last_ms) {
        *oldest = new;
        known.crowded_ms = Some(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const START: i64 = 1_773_144_000_000;

    fn office(number: u8, host: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(198, 51, number, host))
    }

    #[test]
    fn a_network_is_new_for_a_day_once_the_key_is_used_to_its_own() {
        let (clients, key) = (Clients::default(), Id::default());
        clients.note(key, office(1, 7), START);
        clients.note(key, office(2, 7), START + LEARNT_MS - 1);
        assert!(clients.new_ones(key, START + LEARNT_MS - 1).is_empty(), "it is still learning");
        let later = START + LEARNT_MS;
        clients.note(key, office(1, 200), later);
        assert!(clients.new_ones(key, later).is_empty(), "another address of one that is known");
        clients.note(key, office(3, 7), later);
        clients.note(key, "2001:db8:1:ffff::1".parse().unwrap(), later + 1);
        assert_eq!(clients.new_ones(key, later + 1), ["198.51.3.0/24", "2001:db8:1::/48"]);
        assert!(clients.new_ones(key, later + 1 + NEW_MS).is_empty(), "it is told for a day");
        // Mapped addresses are the same network.
        clients.note(key, "::ffff:198.51.3.9".parse().unwrap(), later + 2 * NEW_MS);
        assert!(clients.new_ones(key, later + 2 * NEW_MS).is_empty());
    }

    #[test]
    fn however_many_networks_memory_is_bounded_and_none_of_too_many_is_new() {
        let (clients, key) = (Clients::default(), Id::default());
        for i in 0..10_000_u32 {
            let address = IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + i * 256));
            clients.note(key, address, START + i64::from(i) * HOUR_MS / 4);
        }
        let now_ms = START + 10_000 * HOUR_MS / 4;
        assert!(clients.new_ones(key, now_ms).is_empty());
        let known = clients.take();
        assert_eq!((known.len(), known[0].seen.len()), (1, MOST));
        // Once there was room for a month, what comes is told of again.
        let later = now_ms + CROWDED_MS;
        clients.note(key, office(1, 1), later);
        assert_eq!(clients.new_ones(key, later), ["198.51.1.0/24"]);
    }
}
