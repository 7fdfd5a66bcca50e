//! Spaces in which something may have come to wait for a member to unlock, since somebody who could do it last looked.
//! Hints alone: what waits is worked out from the tables.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keyward_store::model::Id;
use tokio::sync::Notify;

/// The stirred spaces, each with the number of its last stir.
#[derive(Default)]
pub(crate) struct Stirred {
    marks: Mutex<Marks>,
    wake: Notify,
}

#[derive(Default)]
struct Marks {
    spaces: HashMap<Id, u64>,
    last: u64,
}

impl Stirred {
    pub(super) fn mark(&self, spaces: impl IntoIterator<Item = Id>) {
        let mut marks = self.lock();
        for space in spaces {
            marks.last += 1;
            let last = marks.last;
            marks.spaces.insert(space, last);
            self.wake.notify_one();
        }
    }

    /// Returns once more spaces are stirred.
    pub(crate) async fn changed(&self) {
        self.wake.notified().await;
    }

    /// The number of a space's last stir; none when somebody has looked since.
    pub(crate) fn last(&self, space: Id) -> Option<u64> {
        self.lock().spaces.get(&space).copied()
    }

    /// Somebody has looked, and done what waited as of this stir.
    pub(crate) fn calm(&self, space: Id, as_of: u64) {
        let mut marks = self.lock();
        if marks.spaces.get(&space) == Some(&as_of) {
            marks.spaces.remove(&space);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
