//! Content keys wrapped under the token that read them before: the token opens them, the daemon cannot. It makes a
//! second fetch cheap, and is bounded: what falls out is made again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use keyward_store::model::Id;

/// Which token reads which version of which key, and as of which revision of the key: with another one, the token may have
/// lost its lock.
pub(crate) type Place = (Id, Id, u32, u64);

/// The most wrapped content keys kept, some 300 bytes each.
const MOST: usize = 100_000;

/// Wrapped content keys by their place.
#[derive(Default)]
pub(crate) struct WarmLocks(Mutex<HashMap<Place, Arc<[u8]>>>);

impl WarmLocks {
    pub(crate) fn get(&self, place: &Place) -> Option<Arc<[u8]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(place).cloned()
    }

    pub(crate) fn put(&self, place: Place, wrapped: Vec<u8>) {
        let mut warm = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if warm.len() >= MOST {
            warm.clear();
        }
        warm.insert(place, wrapped.into());
    }

    /// Forgets what a revoked token had opened.
    pub(crate) fn forget_token(&self, token: Id) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|place, _| place.0 != token);
    }
}
