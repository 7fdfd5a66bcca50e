//! How many live connections one account or service token may have, so that a client gone wild takes no room from
//! others. It must not know what they hear.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use keyward_config::Networks;
use keyward_keys::Id;

/// The connections of each.
pub(super) struct Places {
    open: Mutex<HashMap<Id, usize>>,
    most: usize,
    exempt: Networks,
}

impl Places {
    pub(super) fn new(most: usize, exempt: Networks) -> Arc<Self> {
        Arc::new(Self { open: Mutex::default(), most, exempt })
    }

    /// A place, or none when there is none left.
    pub(super) fn admit(self: &Arc<Self>, who: Id, address: IpAddr) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = open.entry(who).or_default();
        if *taken >= self.most && !self.exempt.contains(address) {
            return None;
        }
        *taken += 1;
        Some(Place { places: self.clone(), who })
    }
}

/// One connection's place; free again when dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    who: Id,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.places.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = open.get_mut(&self.who) {
            *taken -= 1;
            if *taken == 0 {
                open.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_account_has_so_many_places_and_gets_them_back() {
        let exempt = Networks::try_from(vec!["127.0.0.0/8".to_owned()]).unwrap();
        let places = Places::new(2, exempt);
        let (ana, bob) = (Id::from_bytes([1; 12]), Id::from_bytes([2; 12]));
        let far: IpAddr = "192.0.2.1".parse().unwrap();
        let first = places.admit(ana, far).unwrap();
        let second = places.admit(ana, far).unwrap();
        assert!(places.admit(ana, far).is_none());
        assert!(places.admit(bob, far).is_some());
        let here = places.admit(ana, "127.0.0.1".parse().unwrap()).unwrap();
        drop((here, first));
        assert!(places.admit(ana, far).is_some());
        drop(second);
        assert!(places.open.lock().unwrap().is_empty());
    }
}
