//! The group being gathered for the next commit: its events by key. Nobody sees it before that commit has succeeded.

use foldhash::HashMap;

use super::event::Stored;
use super::shared::{KeyCell, lock};
use crate::model::Id;

/// A key's part of the group.
pub(super) struct Part {
    pub(super) api_key: Id,
    pub(super) key: KeyCell,
    pub(super) events: Vec<Stored>,
    /// The key was deleted: its events are dropped.
    forgotten: bool,
}

#[derive(Default)]
pub(super) struct GatheredGroup {
    pub(super) parts: Vec<Part>,
    places: HashMap<Id, usize>,
    /// About how much memory the events take.
    pub(super) bytes: usize,
}

impl GatheredGroup {
    /// A key's place; `find` gets its shared state when it is new to the group.
    pub(super) fn place(&mut self, api_key: Id, find: impl FnOnce() -> KeyCell) -> usize {
        let parts = &mut self.parts;
        *self.places.entry(api_key).or_insert_with(|| {
            let key = find();
            let forgotten = lock(&key).head.forgotten;
            parts.push(Part { api_key, key, events: Vec::new(), forgotten });
            parts.len() - 1
        })
    }

    pub(super) fn push(&mut self, place: usize, event: Stored) {
        let part = &mut self.parts[place];
        if part.forgotten {
            return;
        }
        self.bytes += event.memory();
        part.events.push(event);
    }

    /// The parts that hold events.
    pub(super) fn filled(&self) -> Vec<(Id, &[Stored])> {
        let filled = self.parts.iter().filter(|part| !part.events.is_empty());
        filled.map(|part| (part.api_key, part.events.as_slice())).collect()
    }
}
