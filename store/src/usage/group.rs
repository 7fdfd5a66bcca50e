//! The group being gathered for the next commit: its events by key. Nobody sees it before that commit has succeeded.

use foldhash::HashMap;

use super::event::Stored;
use super::shared::{KeyCell, lock};
use super::totals::Sums;
use crate::model::Id;

/// A key's part of the group.
pub(super) struct Part {
    pub(super) api_key: Id,
    pub(super) key: KeyCell,
    pub(super) events: Vec<Stored>,
    /// Of these events alone.
    pub(super) sums: Sums,
    /// The last batch that named the key.
    batch: u64,
    /// The key was deleted: its events are dropped.
    forgotten: bool,
}

#[derive(Default)]
pub(super) struct GatheredGroup {
    pub(super) parts: Vec<Part>,
    places: HashMap<Id, usize>,
    batch: u64,
    /// About how much memory the events take.
    pub(super) bytes: usize,
    pub(super) newest_ms: i64,
}

impl GatheredGroup {
    /// Starts a batch: keys are new to it again.
    pub(super) fn begin_batch(&mut self) {
        self.batch += 1;
    }

    /// A key's place, and whether this batch names it for the first time; `find` gets its shared state when it is new
    /// to the group.
    pub(super) fn place(&mut self, api_key: Id, find: impl FnOnce() -> KeyCell) -> (usize, bool) {
        let parts = &mut self.parts;
        let place = *self.places.entry(api_key).or_insert_with(|| {
            let key = find();
            let forgotten = lock(&key).head.forgotten;
            parts.push(Part { api_key, key, events: Vec::new(), sums: Sums::default(), batch: 0, forgotten });
            parts.len() - 1
        });
        let first = std::mem::replace(&mut parts[place].batch, self.batch) != self.batch;
        (place, first)
    }

    pub(super) fn push(&mut self, place: usize, event: Stored) {
        let part = &mut self.parts[place];
        if part.forgotten {
            return;
        }
        self.bytes += event.memory();
        self.newest_ms = self.newest_ms.max(event.at_ms);
        part.sums.add(&event);
        part.events.push(event);
    }

    /// The parts that hold events.
    pub(super) fn filled(&self) -> Vec<(Id, &[Stored])> {
        let filled = self.parts.iter().filter(|part| !part.events.is_empty());
        filled.map(|part| (part.api_key, part.events.as_slice())).collect()
    }
}
