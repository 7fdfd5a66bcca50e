//! Shares one copy of each endpoint name among the events that carry it. Bounded: when there are too many names it
//! starts afresh, and old copies go with their last event.

use std::sync::Arc;

use foldhash::HashSet;

/// Names remembered; at 256 bytes each they take 4 MB.
const NAMES: usize = 16_384;

#[derive(Default)]
pub(super) struct Names(HashSet<Arc<str>>);

impl Names {
    pub(super) fn share(&mut self, name: &str) -> Arc<str> {
        if let Some(shared) = self.0.get(name) {
            return shared.clone();
        }
        if self.0.len() >= NAMES {
            self.0.clear();
        }
        let shared: Arc<str> = name.into();
        self.0.insert(shared.clone());
        shared
    }
}
