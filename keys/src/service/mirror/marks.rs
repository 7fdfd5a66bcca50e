//! Marks of values in memory: which keys have the same value now, and of which the mark is still to be made. Keys in the
//! bin are not in it.

use std::collections::{BTreeMap, BTreeSet};

use keyward_store::model::{ApiKey, Custody, Environment, Id};

type Mark = [u8; 16];

/// All marks, and where each key's current value stands among them.
#[derive(Default)]
pub(crate) struct Marks {
    /// By key and version.
    of: BTreeMap<(Id, u32), Mark>,
    /// The keys by the mark of their current value.
    current: BTreeSet<(Mark, Environment, Id)>,
    /// Keys that the daemon can open, without a mark of their current value.
    unmarked: BTreeSet<Id>,
}

impl Marks {
    /// Whether a key of another environment has this one's current value.
    pub(crate) fn is_shared(&self, key: &ApiKey) -> bool {
        // They come by environment, so the first and the last tell.
        let mut elsewhere = self.same(key).map(|(environment, _)| environment != key.environment);
        elsewhere.next() == Some(true) || elsewhere.next_back() == Some(true)
    }

    /// The keys of other environments that have its current value.
    pub(crate) fn shared_with(&self, key: &ApiKey) -> impl Iterator<Item = Id> {
        let environment = key.environment;
        self.same(key).filter(move |(other, _)| *other != environment).map(|(_, id)| id)
    }

    /// The keys with its current value, by environment; itself among them, unless it is in the bin.
    fn same(&self, key: &ApiKey) -> impl DoubleEndedIterator<Item = (Environment, Id)> {
        let mark = self.of.get(&(key.id, key.current_version)).copied();
        let range = mark.map(|mark| {
            let first = (mark, Environment::Development, Id::from_bytes([0; 12]));
            self.current.range(first..=(mark, Environment::Production, Id::from_bytes([0xff; 12])))
        });
        range.into_iter().flatten().map(|(_, environment, id)| (*environment, *id))
    }

    /// The versions of a key that have a mark.
    pub(crate) fn versions(&self, id: Id) -> impl Iterator<Item = u32> {
        self.of.range((id, 0)..=(id, u32::MAX)).map(|((_, number), _)| *number)
    }

    /// Keys whose mark is to be made.
    pub(crate) fn unmarked(&self) -> &BTreeSet<Id> {
        &self.unmarked
    }

    /// Puts a version's mark in place; `None` removes it. Its key is taken out before, and put in after.
    pub(super) fn put(&mut self, place: (Id, u32), mark: Option<Mark>) {
        match mark {
            Some(mark) => self.of.insert(place, mark),
            None => self.of.remove(&place),
        };
    }

    /// A key is about to be another.
    pub(super) fn take_out(&mut self, key: Option<&ApiKey>) {
        let Some(key) = key else { return };
        self.unmarked.remove(&key.id);
        if let Some(mark) = self.of.get(&(key.id, key.current_version)) {
            self.current.remove(&(*mark, key.environment, key.id));
        }
    }

    /// A key is what it is from now on.
    pub(super) fn put_in(&mut self, key: Option<&ApiKey>) {
        let Some(key) = key.filter(|key| key.deleted_ms.is_none()) else { return };
        if let Some(mark) = self.of.get(&(key.id, key.current_version)) {
            self.current.insert((*mark, key.environment, key.id));
        } else if key.custody == Custody::Automation {
            self.unmarked.insert(key.id);
        }
    }
}
