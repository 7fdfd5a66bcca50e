//! Where people were when their dashboards ended without their leaving, so that who comes back opens there. It is kept in
//! memory, a while long, and never stored.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyward_keys::Id;
use tokio::time::Instant;

use super::ExitReason;
use crate::app::Spot;

/// How long a place is kept.
const KEPT: Duration = Duration::from_secs(12 * 60 * 60);
/// Places kept at the most; the oldest goes first.
const MOST: usize = 10_000;

/// The places, an account's last one each.
#[derive(Clone, Debug, Default)]
pub struct Spots(Arc<Mutex<HashMap<Id, (Instant, Spot)>>>);

impl Spots {
    /// Where this account's next dashboard opens, if that is known. It is known once.
    pub(super) fn take(&self, account: Id, now: Instant) -> Option<Spot> {
        let (since, spot) = self.lock().remove(&account)?;
        (now.duration_since(since) < KEPT).then_some(spot)
    }

    /// A dashboard of this account ended here. Whoever left by themselves begins anew, and a place where the screens failed
    /// is not gone back to.
    pub(super) fn ended(&self, account: Id, reason: ExitReason, spot: Spot, now: Instant) {
        match reason {
            ExitReason::Gone | ExitReason::Idle | ExitReason::TooLong => {}
            // Nothing outlives a restart.
            ExitReason::Quit | ExitReason::SignedOut | ExitReason::Crashed | ExitReason::Restart => return,
        }
        let mut spots = self.lock();
        if spots.len() >= MOST && !spots.contains_key(&account) {
            let oldest = spots.iter().min_by_key(|(_, (since, _))| *since).map(|(account, _)| *account);
            oldest.and_then(|account| spots.remove(&account));
        }
        spots.insert(account, (now, spot));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Id, (Instant, Spot)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> Id {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        Id::from_bytes(bytes)
    }

    #[test]
    fn a_place_is_kept_a_while_and_found_once() {
        let (spots, now) = (Spots::default(), Instant::now());
        let spot = || Spot { section: "keys", key: Some(id(9)) };
        for reason in [ExitReason::Quit, ExitReason::SignedOut, ExitReason::Crashed] {
            spots.ended(id(1), reason, spot(), now);
            assert_eq!(spots.take(id(1), now), None, "{reason}");
        }
        spots.ended(id(1), ExitReason::Gone, spot(), now);
        assert_eq!(spots.take(id(2), now), None);
        assert_eq!(spots.take(id(1), now), Some(spot()));
        assert_eq!(spots.take(id(1), now), None);
        spots.ended(id(1), ExitReason::Idle, spot(), now);
        assert_eq!(spots.take(id(1), now + KEPT), None);
    }

    #[test]
    fn the_oldest_place_makes_room() {
        let (spots, now) = (Spots::default(), Instant::now());
        for n in 0..=MOST {
            let at = now + Duration::from_millis(n as u64);
            spots.ended(id(n), ExitReason::Gone, Spot { section: "keys", key: None }, at);
        }
        assert_eq!(spots.lock().len(), MOST);
        assert_eq!(spots.take(id(0), now), None);
        assert!(spots.take(id(MOST), now).is_some());
    }
}
