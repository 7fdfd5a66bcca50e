//! How many connections may be open: in all, and from one address, so that one client cannot take every place. Who
//! comes when all are taken gets the place of the one on which nothing has happened for longest, if there is one. It
//! must not know what is said over them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use keyward_config::Networks;
use tokio_util::sync::CancellationToken;

/// Open connections of one address.
const PER_ADDRESS: usize = 512;

/// The connections that are open.
pub(crate) struct Connections {
    open: Mutex<Open>,
    /// How many there may be in all.
    most: usize,
    /// Networks whose addresses may have any number: proxies, and those that no limit applies to.
    unlimited: [Networks; 2],
    started: Instant,
    ended: CancellationToken,
}

#[derive(Default)]
struct Open {
    in_all: usize,
    by_address: HashMap<IpAddr, Vec<Arc<Standing>>>,
}

/// How a connection stands.
struct Standing {
    /// Since when nothing happens on it, in nanoseconds since the first; [`BUSY`] while something does.
    quiet_since: AtomicU64,
    gives_way: CancellationToken,
}

const BUSY: u64 = u64::MAX;

impl Connections {
    pub(crate) fn new(most: usize, unlimited: [Networks; 2]) -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::default(),
            most,
            unlimited,
            started: Instant::now(),
            ended: CancellationToken::new(),
        })
    }

    /// Ends all that are open.
    pub(crate) fn end(&self) {
        self.ended.cancel();
    }

    /// A place for one connection, or none when there is none left and all that are open are busy.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.by_address.get(&address).map_or(&[][..], Vec::as_slice);
        if own.len() >= PER_ADDRESS && !self.unlimited.iter().any(|networks| networks.contains(address)) {
            let quiet = quietest(own)?;
            open.give_way(address, &quiet);
        } else if open.in_all >= self.most {
            let of_each = open.by_address.iter();
            let quiet = of_each.filter_map(|(address, own)| Some((*address, quietest(own)?)));
            let (address, quiet) = quiet.min_by_key(|(_, standing)| standing.since())?;
            open.give_way(address, &quiet);
        }
        let gives_way = self.ended.child_token();
        let standing = Standing { quiet_since: AtomicU64::new(BUSY), gives_way };
        let standing = Arc::new(standing);
        open.in_all += 1;
        open.by_address.entry(address).or_default().push(standing.clone());
        Some(Place { connections: self.clone(), address, standing })
    }
}

impl Open {
    fn give_way(&mut self, address: IpAddr, standing: &Arc<Standing>) {
        self.remove(address, standing);
        standing.gives_way.cancel();
    }

    /// Takes a connection out, unless it gave way before.
    fn remove(&mut self, address: IpAddr, standing: &Arc<Standing>) {
        let Some(own) = self.by_address.get_mut(&address) else { return };
        let Some(at) = own.iter().position(|other| Arc::ptr_eq(other, standing)) else { return };
        own.swap_remove(at);
        if own.is_empty() {
            self.by_address.remove(&address);
        }
        self.in_all -= 1;
    }
}

impl Standing {
    fn since(&self) -> u64 {
        self.quiet_since.load(Ordering::Relaxed)
    }
}

/// The one on which nothing has happened for longest.
fn quietest(own: &[Arc<Standing>]) -> Option<Arc<Standing>> {
    own.iter().filter(|standing| standing.since() != BUSY).min_by_key(|standing| standing.since()).cloned()
}

/// One connection's place; free again when dropped. It counts as busy until it is said to be quiet.
pub(crate) struct Place {
    connections: Arc<Connections>,
    address: IpAddr,
    standing: Arc<Standing>,
}

impl Place {
    /// Something happens on it.
    pub(crate) fn busy(&self) {
        self.standing.quiet_since.store(BUSY, Ordering::Relaxed);
    }

    /// Nothing happens on it: it may have to give way.
    pub(crate) fn quiet(&self) {
        let now = self.connections.started.elapsed().as_nanos() as u64;
        self.standing.quiet_since.store(now, Ordering::Relaxed);
    }

    /// Done once it has to end: somebody else has the place, or all have to.
    pub(crate) fn gives_way(&self) -> CancellationToken {
        self.standing.gives_way.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(self.address, &self.standing);
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

    #[test]
    fn who_comes_gets_the_place_of_the_quietest_and_never_of_a_busy_one() {
        let connections = Connections::new(PER_ADDRESS + 2, [Networks::default(), Networks::default()]);
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let places: Vec<_> = (0..PER_ADDRESS).map(|_| connections.admit(one).unwrap()).collect();
        assert!(connections.admit(one).is_none(), "all are busy");
        places[3].quiet();
        places[7].quiet();
        let third = connections.admit(one).unwrap();
        assert!(places[3].gives_way().is_cancelled() && !places[7].gives_way().is_cancelled());
        places[7].busy();
        assert!(connections.admit(one).is_none());

        let others = [connections.admit(other).unwrap(), connections.admit(other).unwrap()];
        assert!(connections.admit(other).is_none(), "full, and all are busy");
        others[0].quiet();
        places[9].quiet();
        let last = connections.admit(other).unwrap();
        assert!(others[0].gives_way().is_cancelled() && !places[9].gives_way().is_cancelled());
        drop((places, third, others, last));
        let open = connections.open.lock().unwrap();
        assert!(open.by_address.is_empty() && open.in_all == 0);
    }
}
