//! The text of a space's keys, ready to be searched. It must not know what a search is for.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

use keyward_store::model::{ApiKey, Id};
use memchr::memmem::Finder;

use super::{Hit, Letters};

/// Lower-cased text of many keys, one after another, so that a search is one pass over contiguous memory.
#[derive(Default)]
pub(super) struct Arena {
    text: Vec<u8>,
    /// In the order of the text.
    entries: Vec<Entry>,
    /// Where the text of each entry starts. It ends where the next one's starts; of a key that was removed nothing but
    /// separators are left. This and when each key was made is apart from the rest: a search that finds nearly all runs
    /// through these alone, and looks at few entries.
    starts: Vec<usize>,
    created_ms: Vec<i64>,
    /// Where the entry of each key is.
    places: HashMap<Id, u32>,
}

/// What is known of one key's text.
#[derive(Clone, Copy)]
struct Entry {
    id: Id,
    /// Bytes of its name and service, with what stands between them.
    title: u32,
    /// What letters these have.
    letters: Letters,
}

/// Stands between fields and at the end of an entry; no searched text holds it.
const SEPARATOR: u8 = b'\n';

impl Arena {
    pub(super) fn insert(&mut self, key: &ApiKey) {
        let start = self.text.len();
        self.fields([&key.name, &key.service]);
        let title = &self.text[start..self.text.len() - 1];
        let entry = Entry { id: key.id, title: title.len() as u32, letters: Letters::of(title) };
        self.fields([&key.description].into_iter().chain(&key.tags));
        self.push(start, key.created_ms, entry);
    }

    fn fields<'a>(&mut self, fields: impl IntoIterator<Item = &'a String>) {
        for field in fields {
            self.text.extend(field.to_lowercase().bytes().filter(|byte| *byte != SEPARATOR));
            self.text.push(SEPARATOR);
        }
    }

    fn push(&mut self, start: usize, created_ms: i64, entry: Entry) {
        self.starts.push(start);
        self.created_ms.push(created_ms);
        self.places.insert(entry.id, self.entries.len() as u32);
        self.entries.push(entry);
    }

    pub(super) fn remove(&mut self, id: Id) {
        if let Some(place) = self.places.remove(&id) {
            let range = self.range(place as usize);
            self.text[range].fill(SEPARATOR);
            self.entries[place as usize].title = 0;
            if self.entries.len() > 64 && self.places.len() * 2 < self.entries.len() {
                self.compact();
            }
        }
    }

    fn compact(&mut self) {
        let old = std::mem::take(self);
        for (place, entry) in old.entries.iter().enumerate() {
            if old.places.get(&entry.id) == Some(&(place as u32)) {
                self.push(self.text.len(), old.created_ms[place], *entry);
                self.text.extend_from_slice(&old.text[old.range(place)]);
            }
        }
    }

    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.entries.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.created_ms.shrink_to_fit();
    }

    fn range(&self, place: usize) -> Range<usize> {
        self.starts[place]..self.end(place)
    }

    fn end(&self, place: usize) -> usize {
        self.starts.get(place + 1).map_or(self.text.len(), |start| *start)
    }

    /// Those whose text contains this, ignoring case, the last first: mostly the newest, so that whoever wants the newest
    /// has them at once.
    pub(super) fn containing(&self, needle: &str) -> impl Iterator<Item = Hit<'_>> + use<'_> {
        let mut found = Vec::new();
        let needle = needle.to_lowercase();
        // An empty needle is found past the last entry too, again and again.
        if !needle.is_empty() && !needle.as_bytes().contains(&SEPARATOR) {
            let finder = Finder::new(needle.as_bytes());
            let (mut at, mut entry) = (0, 0);
            while let Some(hit) = finder.find(&self.text[at..]) {
                // Hits come in order, so all steps of one search together pass each entry once.
                while self.end(entry) <= at + hit {
                    entry += 1;
                }
                at = self.end(entry);
                found.push(entry as u32);
            }
        }
        let hit = |entry: usize| (Reverse(self.created_ms[entry]), &self.entries[entry].id);
        found.into_iter().rev().map(move |entry| hit(entry as usize))
    }

    pub(super) fn titles(&self, letters: Letters) -> impl Iterator<Item = (&[u8], Id)> {
        let entries = self.entries.iter().zip(&self.starts);
        // Of a removed key, and of one without a name and a service, there is nothing to show.
        let shown = entries.filter(move |(entry, _)| entry.title > 1 && entry.letters.may_hold(letters));
        shown.map(|(entry, start)| (&self.text[*start..*start + entry.title as usize], entry.id))
    }
}
