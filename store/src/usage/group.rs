//! The group being gathered for the next commit: its events by key. Nobody sees it before that commit has succeeded.
//! Its memory is used again for the next one.

use foldhash::HashMap;

use super::event::Stored;
use super::shared::{KeyCell, lock};
use crate::model::Id;

/// Room kept from one group to the next.
const KEPT: usize = 1024;

/// A key's part of the group.
pub(super) struct Part {
    pub(super) api_key: Id,
    pub(super) key: KeyCell,
    events: usize,
    /// The key was deleted: its events are dropped.
    forgotten: bool,
}

#[derive(Default)]
pub(super) struct GatheredGroup {
    parts: Vec<Part>,
    places: HashMap<Id, usize>,
    /// Each with the place of its part; in order of places once the group is filled.
    events: Vec<(usize, Stored)>,
    /// About how much memory the events take.
    pub(super) bytes: usize,
}

impl GatheredGroup {
    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.places.clear();
        self.events.clear();
        self.bytes = 0;
        // A large group's memory is not kept for the small ones after it.
        self.parts.shrink_to(KEPT);
        self.places.shrink_to(KEPT);
        self.events.shrink_to(KEPT);
    }

    /// A key's place; `find` gets its shared state when it is new to the group.
    pub(super) fn place(&mut self, api_key: Id, find: impl FnOnce() -> KeyCell) -> usize {
        let parts = &mut self.parts;
        *self.places.entry(api_key).or_insert_with(|| {
            let key = find();
            let forgotten = lock(&key).head.forgotten;
            parts.push(Part { api_key, key, events: 0, forgotten });
            parts.len() - 1
        })
    }

    pub(super) fn push(&mut self, place: usize, event: Stored) {
        let part = &mut self.parts[place];
        if part.forgotten {
            return;
        }
        part.events += 1;
        self.bytes += event.memory();
        self.events.push((place, event));
    }

    /// The parts that hold events, each with its own.
    pub(super) fn filled(&mut self) -> Vec<(Id, &[(usize, Stored)])> {
        self.events.sort_by_key(|event| event.0);
        let parts = &self.parts;
        let mut filled = Vec::with_capacity(parts.len());
        let own = self.events.chunk_by(|a, b| a.0 == b.0);
        filled.extend(own.map(|events| (parts[events[0].0].api_key, events)));
        filled
    }

    /// Hands out every part that [`GatheredGroup::filled`] has told of, with its events, and leaves the group empty.
    pub(super) fn empty(&mut self, mut take: impl FnMut(&Part, &mut dyn Iterator<Item = Stored>)) {
        let mut events = self.events.drain(..).map(|event| event.1);
        for part in self.parts.iter().filter(|part| part.events > 0) {
            let mut own = events.by_ref().take(part.events);
            take(part, &mut own);
            own.for_each(drop);
        }
        drop(events);
        self.clear();
    }
}
