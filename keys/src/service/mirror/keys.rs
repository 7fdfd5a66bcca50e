//! API keys in memory, ready to be listed and searched: per space, newest first, with one arena of lower-cased
//! text that a substring search runs through. Keys in the bin are not in it.

use std::borrow::Borrow;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::ops::{Bound, Range};
use std::sync::Arc;

use keyward_store::model::{ApiKey, Id};

use super::Shared;

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

    /// Those that come after this place in that order, or all.
    pub(crate) fn newest_after(&self, place: Option<Place>) -> impl Iterator<Item = Place> + '_ {
        let from = place.map_or(Bound::Unbounded, Bound::Excluded);
        self.newest.range((from, Bound::Unbounded)).copied()
    }

    /// The keys whose name, service, description or a tag contains `needle`, ignoring case.
    pub(crate) fn containing(&self, needle: &str) -> Vec<Place> {
        self.arena.containing(needle)
    }

    /// Every key's name and service in lower case, a line each.
    pub(crate) fn titles(&self) -> impl Iterator<Item = (&str, Id)> {
        self.arena.titles()
    }
}

/// Lower-cased text of many keys, one after another, so that a search is one pass over contiguous memory.
#[derive(Default)]
struct Arena {
    text: Vec<u8>,
    /// In the order of the text.
    entries: Vec<Entry>,
    /// Where the entry of each key is.
    places: HashMap<Id, u32>,
}

/// One key's text. It ends where the next one's starts; of a key that was removed nothing but separators are left.
struct Entry {
    start: usize,
    created_ms: i64,
    id: Id,
}

/// Stands between fields and at the end of an entry; no searched text holds it.
const SEPARATOR: u8 = b'\n';

impl Arena {
    fn insert(&mut self, key: &ApiKey) {
        self.push(key.created_ms, key.id);
        let fields = [&key.name, &key.service, &key.description];
        for field in fields.into_iter().chain(&key.tags) {
            self.text.extend(field.to_lowercase().bytes().filter(|byte| *byte != SEPARATOR));
            self.text.push(SEPARATOR);
        }
    }

    /// Begins an entry.
    fn push(&mut self, created_ms: i64, id: Id) {
        self.places.insert(id, self.entries.len() as u32);
        self.entries.push(Entry { start: self.text.len(), created_ms, id });
    }

    fn remove(&mut self, id: Id) {
        if let Some(place) = self.places.remove(&id) {
            let range = self.range(place as usize);
            self.text[range].fill(SEPARATOR);
            if self.entries.len() > 64 && self.places.len() * 2 < self.entries.len() {
                self.compact();
            }
        }
    }

    fn compact(&mut self) {
        let old = std::mem::take(self);
        for (place, entry) in old.entries.iter().enumerate() {
            if old.places.get(&entry.id) == Some(&(place as u32)) {
                self.push(entry.created_ms, entry.id);
                self.text.extend_from_slice(&old.text[old.range(place)]);
            }
        }
    }

    fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.entries.shrink_to_fit();
    }

    fn range(&self, place: usize) -> Range<usize> {
        self.entries[place].start..self.end(place)
    }

    fn end(&self, place: usize) -> usize {
        self.entries.get(place + 1).map_or(self.text.len(), |entry| entry.start)
    }

    fn containing(&self, needle: &str) -> Vec<Place> {
        let needle = needle.to_lowercase();
        // An empty needle is found past the last entry too, again and again.
        if needle.is_empty() || needle.as_bytes().contains(&SEPARATOR) {
            return Vec::new();
        }
        let finder = memchr::memmem::Finder::new(needle.as_bytes());
        let mut found = Vec::new();
        let (mut at, mut entry) = (0, 0);
        while let Some(hit) = finder.find(&self.text[at..]) {
            // Hits come in order, so all steps of one search together pass each entry once.
            while self.end(entry) <= at + hit {
                entry += 1;
            }
            found.push((Reverse(self.entries[entry].created_ms), self.entries[entry].id));
            at = self.end(entry);
        }
        found
    }

    fn titles(&self) -> impl Iterator<Item = (&str, Id)> {
        self.entries.iter().filter_map(|entry| {
            let text = &self.text[entry.start..];
            let service = memchr::memchr(SEPARATOR, text)? + 1;
            let end = service + memchr::memchr(SEPARATOR, &text[service..])?;
            // Of a removed key, and of one without a name and a service, there is nothing to show.
            let title = (end > 1).then_some(&text[..end])?;
            Some((std::str::from_utf8(title).ok()?, entry.id))
        })
    }
}

#[cfg(test)]
mod tests;
