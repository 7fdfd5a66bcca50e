//! Marks of values in memory: which keys have the same value now, and of which the mark is still to be made. Keys in the
//! bin are not in it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use keyward_store::model::{ApiKey, Custody, Environment, Id};

type Mark = [u8; 16];

/// All marks, and where each key's current value stands among them.
#[derive(Default)]
pub(crate) struct Marks {
    /// By key and version.
    of: BTreeMap<(Id, u32), Mark>,
    /// The keys by the mark of their current value.
    current: BTreeSet<(Mark, Environment, Id)>,
    /// Those whose value a key of another environment has too.
    shared: HashSet<Id>,
    /// Keys that the daemon can open, without a mark of their current value.
    unmarked: BTreeSet<Id>,
}

impl Marks {
    /// Of all marks at once, by key and version, and these keys.
    pub(super) fn of<'a>(marks: BTreeMap<(Id, u32), Mark>, keys: impl Iterator<Item = &'a ApiKey>) -> Self {
        let mut all = Self { of: marks, ..Self::default() };
        let mut current = Vec::new();
        for key in keys.filter(|key| key.deleted_ms.is_none()) {
            match all.of.get(&(key.id, key.current_version)) {
                Some(mark) => current.push((*mark, key.environment, key.id)),
                None if key.custody == Custody::Automation => drop(all.unmarked.insert(key.id)),
                None => {}
            }
        }
        current.sort_unstable();
        for same in current.chunk_by(|a, b| a.0 == b.0) {
            if same.first().map(|first| first.1) != same.last().map(|last| last.1) {
                all.shared.extend(same.iter().map(|(_, _, id)| id));
            }
        }
        all.current = current.into_iter().collect();
        all
    }

    /// Whether a key of another environment has this one's current value.
    pub(crate) fn is_shared(&self, id: Id) -> bool {
        self.shared.contains(&id)
    }

    /// The keys of other environments that have its current value.
    pub(crate) fn shared_with(&self, key: &ApiKey) -> impl Iterator<Item = Id> {
        let (environment, mark) = (key.environment, self.of.get(&(key.id, key.current_version)));
        let same = mark.into_iter().flat_map(|mark| self.same(*mark));
        same.filter(move |(other, _)| *other != environment).map(|(_, id)| id)
    }

    /// The keys whose current value has this mark, by environment.
    fn same(&self, mark: Mark) -> impl DoubleEndedIterator<Item = (Environment, Id)> {
        let first = (mark, Environment::Development, Id::from_bytes([0; 12]));
        let last = (mark, Environment::Production, Id::from_bytes([0xff; 12]));
        self.current.range(first..=last).map(|(_, environment, id)| (*environment, *id))
    }

    /// Works out anew who shares the value of this mark, where a key came to it (`new`) or left it. For the others that
    /// changes only with the first key of a second environment, and the last.
    fn compare(&mut self, mark: Mark, new: Option<Id>) {
        let other = self.same(mark).map(|(_, id)| id).find(|id| Some(*id) != new);
        let was = other.is_some_and(|id| self.shared.contains(&id));
        let ends = (self.same(mark).next(), self.same(mark).next_back());
        let is = ends.0.map(|(first, _)| first) != ends.1.map(|(last, _)| last);
        if is == was {
            self.shared.extend(new.filter(|_| is));
            return;
        }
        let all: Vec<Id> = self.same(mark).map(|(_, id)| id).collect();
        for id in all {
            if is {
                self.shared.insert(id);
            } else {
                self.shared.remove(&id);
            }
        }
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
        self.shared.remove(&key.id);
        if let Some(mark) = self.of.get(&(key.id, key.current_version)).copied()
            && self.current.remove(&(mark, key.environment, key.id))
        {
            self.compare(mark, None);
        }
    }

    /// A key is what it is from now on.
    pub(super) fn put_in(&mut self, key: Option<&ApiKey>) {
        let Some(key) = key.filter(|key| key.deleted_ms.is_none()) else { return };
        if let Some(mark) = self.of.get(&(key.id, key.current_version)).copied() {
            self.current.insert((mark, key.environment, key.id));
            self.compare(mark, Some(key.id));
        } else if key.custody == Custody::Automation {
            self.unmarked.insert(key.id);
        }
    }
}
