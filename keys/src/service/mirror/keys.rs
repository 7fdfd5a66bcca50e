//! API keys in memory, ready to be listed and searched: per space, newest first, with one arena of lower-cased
//! text that a substring search runs through. Keys in the bin are not in it.

mod arena;
mod letters;

use std::borrow::Borrow;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::ops::Bound;
use std::sync::Arc;

use keyward_store::model::{ApiKey, Id};

use super::Shared;
use arena::Arena;

pub(crate) use letters::Letters;

/// All keys that are not in the bin, and those in it apart.
#[derive(Default)]
pub(crate) struct KeyIndex {
    rows: HashSet<ById>,
    by_key_id: HashSet<ByKeyId>,
    spaces: HashMap<Id, SpaceKeys>,
    binned: HashMap<Id, Shared<ApiKey>>,
    /// Keys that are locked to a space's pair, those in the bin too: by space, then by the pair's generation.
    sealed: BTreeSet<(Id, u32, Id)>,
}

/// A key, found by its `_id`: a set of these takes a third of what a map takes that holds the ids once more.
struct ById(Shared<ApiKey>);

impl Borrow<Id> for ById {
    fn borrow(&self) -> &Id {
        &self.0.record.id
    }
}

impl Hash for ById {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Borrow::<Id>::borrow(self).hash(state);
    }
}

impl PartialEq for ById {
    fn eq(&self, other: &Self) -> bool {
        self.0.record.id == other.0.record.id
    }
}

impl Eq for ById {}

/// A key, found by its `keyId`.
struct ByKeyId(Shared<ApiKey>);

impl Borrow<str> for ByKeyId {
    fn borrow(&self) -> &str {
        &self.0.record.key_id
    }
}

impl Hash for ByKeyId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Borrow::<str>::borrow(self).hash(state);
    }
}

impl PartialEq for ByKeyId {
    fn eq(&self, other: &Self) -> bool {
        self.0.record.key_id == other.0.record.key_id
    }
}

impl Eq for ByKeyId {}

/// A key's place in the order of age: newest first, ties by id.
pub(crate) type Place = (Reverse<i64>, Id);

/// The place of a key that was found, of which the id is only looked at where it counts: there may be very many.
pub(crate) type Hit<'a> = (Reverse<i64>, &'a Id);

/// The keys of one space.
#[derive(Default)]
pub(crate) struct SpaceKeys {
    newest: BTreeSet<Place>,
    arena: Arena,
}

impl KeyIndex {
    /// Of all keys at once: its sorted parts are dense then, which those that grow key by key are not.
    pub(super) fn of(rows: Vec<Shared<ApiKey>>) -> Self {
        let mut index = Self::default();
        let (mut newest, mut sealed) = (HashMap::<Id, Vec<Place>>::new(), Vec::new());
        index.rows.reserve(rows.len());
        index.by_key_id.reserve(rows.len());
        for row in rows {
            let key = &row.record;
            if key.space_generation > 0 {
                sealed.push((key.space, key.space_generation, key.id));
            }
            if key.deleted_ms.is_some() {
                index.binned.insert(key.id, row);
                continue;
            }
            newest.entry(key.space).or_default().push((Reverse(key.created_ms), key.id));
            index.spaces.entry(key.space).or_default().arena.insert(key);
            index.by_key_id.insert(ByKeyId(Arc::clone(&row)));
            index.rows.insert(ById(row));
        }
        index.sealed = sealed.into_iter().collect();
        for (id, places) in newest {
            let space = index.spaces.entry(id).or_default();
            space.newest = places.into_iter().collect();
            space.arena.shrink();
        }
        index
    }

    /// Puts a key in place of what was there; `None` removes it.
    pub(crate) fn put(&mut self, id: Id, row: Option<Shared<ApiKey>>) {
        if let Some(old) = self.any(id) {
            let place = (old.record.space, old.record.space_generation, id);
            self.sealed.remove(&place);
        }
        self.binned.remove(&id);
        if let Some(ById(old)) = self.rows.take(&id) {
            self.by_key_id.remove(old.record.key_id.as_str());
            if let Some(space) = self.spaces.get_mut(&old.record.space) {
                space.newest.remove(&(Reverse(old.record.created_ms), id));
                space.arena.remove(id);
                if space.newest.is_empty() {
                    self.spaces.remove(&old.record.space);
                }
            }
        }
        let Some(row) = row else { return };
        if row.record.space_generation > 0 {
            self.sealed.insert((row.record.space, row.record.space_generation, id));
        }
        if row.record.deleted_ms.is_some() {
            self.binned.insert(id, row);
            return;
        }
        let space = self.spaces.entry(row.record.space).or_default();
        space.newest.insert((Reverse(row.record.created_ms), id));
        space.arena.insert(&row.record);
        self.by_key_id.replace(ByKeyId(Arc::clone(&row)));
        self.rows.insert(ById(row));
    }

    /// A key that is not in the bin.
    pub(crate) fn get(&self, id: Id) -> Option<&Shared<ApiKey>> {
        self.rows.get(&id).map(|ById(row)| row)
    }

    /// A key, in the bin or not.
    pub(crate) fn any(&self, id: Id) -> Option<&Shared<ApiKey>> {
        self.get(id).or_else(|| self.binned.get(&id))
    }

    /// The keys that are locked to a space's pair, those in the bin too.
    pub(crate) fn sealed(&self, space: Id) -> impl Iterator<Item = &Shared<ApiKey>> {
        self.behind(space, u32::MAX)
    }

    /// Those of them whose pair is older than this generation.
    pub(crate) fn behind(&self, space: Id, generation: u32) -> impl Iterator<Item = &Shared<ApiKey>> {
        let first = Id::from_bytes([0; 12]);
        let range = self.sealed.range((space, 0, first)..(space, generation, first));
        range.filter_map(|(_, _, id)| self.any(*id))
    }

    /// A key by `_id` or `keyId`.
    pub(crate) fn find(&self, text: &str) -> Option<&Shared<ApiKey>> {
        match text.parse::<Id>() {
            Ok(id) => self.get(id),
            Err(_) => self.by_key_id.get(text).map(|ByKeyId(row)| row),
        }
    }

    /// The keys of a space; none when it has no keys.
    pub(crate) fn space(&self, space: Id) -> Option<&SpaceKeys> {
        self.spaces.get(&space)
    }

    /// The keys that are not in the bin.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Shared<ApiKey>> {
        self.rows.iter().map(|ById(row)| row)
    }

    /// The keys in the bin.
    pub(crate) fn binned(&self) -> impl Iterator<Item = &Shared<ApiKey>> {
        self.binned.values()
    }
}

impl SpaceKeys {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.newest.len()
    }

    /// When and which, newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = Place> + '_ {
        self.newest.iter().copied()
    }

    /// The same, as what is found is told.
    pub(crate) fn all(&self) -> impl Iterator<Item = Hit<'_>> {
        self.newest.iter().map(|(created_ms, id)| (*created_ms, id))
    }

    /// Those that come after this place in that order, or all.
    pub(crate) fn newest_after(&self, place: Option<Place>) -> impl Iterator<Item = Place> + '_ {
        let from = place.map_or(Bound::Unbounded, Bound::Excluded);
        self.newest.range((from, Bound::Unbounded)).copied()
    }

    /// The keys whose name, service, description or a tag contains `needle`, ignoring case; those last put in first,
    /// which are the newest as a rule.
    pub(crate) fn containing(&self, needle: &str) -> impl Iterator<Item = Hit<'_>> + use<'_> {
        self.arena.containing(needle)
    }

    /// The name and service of every key that may hold these letters: UTF-8 in lower case, a line each.
    pub(crate) fn titles(&self, letters: Letters) -> impl Iterator<Item = (&[u8], Id)> {
        self.arena.titles(letters)
    }
}

#[cfg(test)]
mod tests;
