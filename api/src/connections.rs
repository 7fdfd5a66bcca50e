//! How many connections may be open: in all, and from one address, so that one client cannot take every place. It
//! must not know what is said over them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use keyward_config::Networks;

/// Open connections of one address.
const PER_ADDRESS: usize = 512;

/// The connections that are open.
pub(crate) struct Connections {
    open: Mutex<Open>,
    /// How many there may be in all.
    most: usize,
    /// Networks whose addresses may have any number: proxies, and those that no limit applies to.
    unlimited: [Networks; 2],
}

#[derive(Default)]
struct Open {
    in_all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Connections {
    pub(crate) fn new(most: usize, unlimited: [Networks; 2]) -> Arc<Self> {
        Arc::new(Self { open: Mutex::default(), most, unlimited })
    }

    /// A place for one connection, or none when there is none left.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = open.by_address.get(&address).copied().unwrap_or(0);
        let unlimited = || self.unlimited.iter().any(|networks| networks.contains(address));
        if open.in_all >= self.most || (taken >= PER_ADDRESS && !unlimited()) {
            return None;
        }
        open.in_all += 1;
        open.by_address.insert(address, taken + 1);
        Some(Place { connections: self.clone(), address })
    }

    fn leave(&self, address: IpAddr) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.in_all -= 1;
        if let Some(taken) = open.by_address.get_mut(&address) {
            *taken -= 1;
            if *taken == 0 {
                open.by_address.remove(&address);
            }
        }
    }
}

/// One connection's place; free again when dropped.
pub(crate) struct Place {
    connections: Arc<Connections>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.leave(self.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_every_place_and_places_come_back() {
        let proxies = Networks::try_from(vec!["10.0.0.0/8".to_owned()]).unwrap();
        const IN_ALL: usize = 2_000;
        let connections = Connections::new(IN_ALL, [proxies, Networks::default()]);
        let address = |text: &str| text.parse().unwrap();
        let mut places: Vec<_> =
            (0..PER_ADDRESS).map(|_| connections.admit(address("192.0.2.1")).unwrap()).collect();
        assert!(connections.admit(address("192.0.2.1")).is_none());
        assert!(connections.admit(address("192.0.2.2")).is_some());
        places.pop();
        assert!(connections.admit(address("192.0.2.1")).is_some());
        drop(places);

        let places: Vec<_> = (0..IN_ALL).map(|_| connections.admit(address("10.0.0.1")).unwrap()).collect();
        assert!(connections.admit(address("10.0.0.1")).is_none(), "the limit in all holds for everybody");
        drop(places);
        assert!(connections.open.lock().unwrap().by_address.is_empty());
    }
}
