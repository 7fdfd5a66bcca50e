//! Where people were when their dashboards ended without their leaving, so that who comes back the same way opens there. It
//! is kept in memory, a while long, and never stored; and only for as long as what they proved themselves with is good.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyward_keys::{Caller, Door, Id};
use tokio::time::Instant;

use super::ExitReason;
use crate::app::Trail;

/// How long a place is kept.
const KEPT: Duration = Duration::from_secs(12 * 60 * 60);
/// Places kept at the most; the oldest goes first.
const MOST: usize = 10_000;

/// Who comes, and how: a person by one SSH key has another place than by a second one, or in a browser.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Way {
    account: Id,
    door: Door,
    credential: Option<Id>,
}

impl Way {
    fn of(caller: &Caller) -> Option<Self> {
        let (account, door) = (caller.account()?, caller.origin().door);
        Some(Self { account, door, credential: caller.credential() })
    }
}

/// The last place of each way to come, and since when it is kept.
struct Shelf<T>(HashMap<Way, (Instant, T)>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Shelf<T> {
    /// It is known once.
    fn take(&mut self, way: Way, now: Instant) -> Option<T> {
        let (since, place) = self.0.remove(&way)?;
        (now.saturating_duration_since(since) < KEPT).then_some(place)
    }

    fn put(&mut self, way: Way, place: T, now: Instant) {
        if self.0.len() >= MOST && !self.0.contains_key(&way) {
            let oldest = self.0.iter().min_by_key(|(_, (since, _))| *since).map(|(way, _)| *way);
            oldest.and_then(|way| self.0.remove(&way));
        }
        self.0.insert(way, (now, place));
    }

    fn forget(&mut self, account: Id) {
        self.0.retain(|way, _| way.account != account);
    }
}

/// The places. With each goes the proof by which it was reached, with nothing unlocked.
#[derive(Clone, Default)]
pub struct Spots(Arc<Mutex<Shelf<(Caller, Trail)>>>);

impl Spots {
    /// Where the caller's next dashboard opens, if that is known: not any more once their proof of then lost its worth, as
    /// by a new password. `stands` says.
    pub(super) fn take(
        &self,
        caller: &Caller,
        now: Instant,
        stands: impl FnOnce(&Caller) -> bool,
    ) -> Option<Trail> {
        let (then, trail) = self.lock().take(Way::of(caller)?, now)?;
        stands(&then).then_some(trail)
    }

    /// A dashboard of the caller ended here. Whoever left by themselves begins anew, a place where the screens failed is not
    /// gone back to, and who was signed out has none.
    pub(super) fn ended(
        &self,
        caller: &Caller,
        reason: ExitReason,
        trail: impl FnOnce() -> Trail,
        now: Instant,
    ) {
        let Some(way) = Way::of(caller) else { return };
        match reason {
            ExitReason::Gone | ExitReason::Idle | ExitReason::TooLong => {
                let place = (caller.bare(), trail());
                self.lock().put(way, place, now);
            }
            ExitReason::SignedOut => self.lock().forget(way.account),
            // Nothing outlives a restart.
            ExitReason::Quit | ExitReason::Crashed | ExitReason::Restart => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shelf<(Caller, Trail)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Spots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} places", self.lock().0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(n: usize, door: Door) -> Way {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        Way { account: Id::from_bytes(bytes), door, credential: None }
    }

    #[test]
    fn a_place_is_kept_a_while_and_found_once_and_by_the_same_way() {
        let (mut shelf, now) = (Shelf::default(), Instant::now());
        let (ssh, browser) = (way(1, Door::Ssh), way(1, Door::WebSocket));
        let second_key = Way { credential: Some(ssh.account), ..ssh };
        shelf.put(ssh, "keys", now);
        for other in [browser, second_key, way(2, Door::Ssh)] {
            assert_eq!(shelf.take(other, now), None);
        }
        assert_eq!(shelf.take(ssh, now), Some("keys"));
        assert_eq!(shelf.take(ssh, now), None);
        shelf.put(ssh, "keys", now);
        assert_eq!(shelf.take(ssh, now + KEPT), None);
        shelf.put(ssh, "keys", now);
        shelf.put(browser, "usage", now);
        shelf.forget(ssh.account);
        assert!(shelf.0.is_empty());
    }

    #[test]
    fn the_oldest_place_makes_room() {
        let (mut shelf, now) = (Shelf::default(), Instant::now());
        for n in 0..=MOST {
            shelf.put(way(n, Door::Ssh), n, now + Duration::from_millis(n as u64));
        }
        assert_eq!(shelf.0.len(), MOST);
        assert_eq!(shelf.take(way(0, Door::Ssh), now), None);
        assert_eq!(shelf.take(way(MOST, Door::Ssh), now), Some(MOST));
    }
}
