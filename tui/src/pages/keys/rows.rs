//! Any number of rows, of which only the pages around the selection are held. The selection is a key, not a place: what
//! comes or goes above it moves neither the selection nor the row on screen.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use keyward_keys::Id;
use keyward_keys::view::{KeyPage, KeyView};

/// Rows a page. Every open dashboard holds its own, at some half a kilobyte each.
pub(crate) const PAGE: usize = 32;
/// Rows a screen shows at most.
pub(crate) const SCREEN: usize = 200;
/// Pages held besides those in and near view, so that going back and forth asks for nothing.
const SPARE: usize = 2;

/// The rows of a list.
#[derive(Default)]
pub(crate) struct Rows {
    total: usize,
    pages: BTreeMap<usize, Vec<KeyView>>,
    /// Pages that are shown but no longer sure.
    stale: BTreeSet<usize>,
    selected: usize,
    selected_id: Option<Id>,
    /// The selected key was looked for on the neighbouring page.
    sought: bool,
    offset: usize,
}

impl Rows {
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    pub(crate) fn selected(&self) -> usize {
        self.selected
    }

    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn get(&self, row: usize) -> Option<&KeyView> {
        self.pages.get(&(row / PAGE))?.get(row % PAGE)
    }

    pub(crate) fn current(&self) -> Option<&KeyView> {
        self.get(self.selected)
    }

    /// The rows of a screen of `height`, as far as they are held.
    pub(crate) fn visible(&self, height: usize) -> impl Iterator<Item = &KeyView> {
        (self.offset..self.offset + height).filter_map(|row| self.get(row))
    }

    /// Selects a row and scrolls as little as it takes to see it.
    pub(crate) fn select(&mut self, row: usize, height: usize) {
        self.selected = row.min(self.total.saturating_sub(1));
        self.selected_id = self.current().map(|key| key.id);
        self.sought = false;
        self.reveal(height);
    }

    /// Which key is selected, and where it is.
    pub(crate) fn place(&self) -> Option<(Id, usize)> {
        Some((self.selected_id?, self.selected))
    }

    /// Selects a key that was in this row, where it is now: looked for there and on the page after.
    pub(crate) fn seek(&mut self, (id, row): (Id, usize), height: usize) {
        let held = self
            .pages
            .iter()
            .find_map(|(at, keys)| keys.iter().position(|key| key.id == id).map(|row| at * PAGE + row));
        self.select(held.unwrap_or(row), height);
        self.selected_id = Some(id);
    }

    /// Scrolls so that the selection is on a screen of `height`.
    pub(crate) fn reveal(&mut self, height: usize) {
        let lowest = (self.selected + 1).saturating_sub(height.max(1));
        let highest = self.total.saturating_sub(height.max(1));
        self.offset = self.offset.clamp(lowest, self.selected.max(lowest)).min(highest.max(lowest));
    }

    /// Everything shown may have changed.
    pub(crate) fn doubt(&mut self) {
        self.stale = self.pages.keys().copied().collect();
    }

    /// Starts over with the first page of another list; keeps the selection if it is on it and `keep` says so.
    pub(crate) fn restart(&mut self, page: KeyPage, keep: bool, height: usize) {
        let id = self.selected_id.filter(|_| keep);
        *self = Self { selected_id: id, sought: true, ..Self::default() };
        self.put(0, page, height);
    }

    /// Takes a page in.
    pub(crate) fn put(&mut self, number: usize, page: KeyPage, height: usize) {
        self.total = usize::try_from(page.pagination.total).unwrap_or(usize::MAX);
        self.stale.remove(&number);
        let mut keys = page.keys;
        // They stay for as long as the list is open.
        keys.shrink_to_fit();
        self.pages.insert(number, keys);
        let beyond = self.total.div_ceil(PAGE);
        self.pages.retain(|at, _| *at < beyond.max(1));
        self.follow(number);
        self.selected = self.selected.min(self.total.saturating_sub(1));
        self.reveal(height);
        self.forget(height);
    }

    /// Lets go of pages far from view. What is in view stays however many pages that is: it would be asked for again.
    fn forget(&mut self, height: usize) {
        let (needed, home) = (self.needed(height), self.selected / PAGE);
        while self.pages.len() > needed.clone().count() + SPARE {
            let spare = self.pages.keys().copied().filter(|at| !needed.contains(at));
            let Some(farthest) = spare.max_by_key(|at| at.abs_diff(home)) else { break };
            self.pages.remove(&farthest);
        }
    }

    /// Finds the selected key again after page `number` came in.
    fn follow(&mut self, number: usize) {
        let find = |id: Id| {
            let on = |(at, keys): (&usize, &Vec<KeyView>)| {
                keys.iter().position(|key| key.id == id).map(|row| at * PAGE + row)
            };
            // The page that just came in knows best.
            self.pages.get_key_value(&number).and_then(on).or_else(|| self.pages.iter().find_map(on))
        };
        match self.selected_id.map(find) {
            Some(Some(row)) => {
                self.offset = (self.offset + row).saturating_sub(self.selected);
                self.selected = row;
                self.sought = false;
            }
            Some(None) if self.selected / PAGE == number && !self.sought => {
                self.sought = true;
                self.stale.insert(number + 1);
            }
            Some(None) | None if self.get(self.selected).is_some() || self.sought => {
                self.selected = self.selected.min(self.total.saturating_sub(1));
                self.selected_id = self.current().map(|key| key.id);
                self.sought = false;
            }
            Some(None) | None => {}
        }
    }

    /// Puts newer views of single keys in their rows.
    pub(crate) fn renew(&mut self, keys: Vec<KeyView>) {
        for new in keys {
            let old = self.pages.values_mut().flatten().find(|old| old.id == new.id);
            if let Some(old) = old {
                *old = new;
            }
        }
    }

    /// The page to read next for a screen of `height`: where the selected key may have gone, then a missing one, then a
    /// doubtful one; a little ahead of what is seen.
    pub(crate) fn wanted(&self, height: usize) -> Option<usize> {
        let needed = || self.needed(height);
        let missing = needed().find(|at| !self.pages.contains_key(at));
        let next = self.selected / PAGE + 1;
        let sought = self.sought && self.stale.contains(&next) && next * PAGE < self.total;
        sought.then_some(next).or(missing).or_else(|| needed().find(|at| self.stale.contains(at)))
    }

    /// The pages in view on a screen of `height`, and half a screen ahead each way: at 80x24 one page is enough at first.
    fn needed(&self, height: usize) -> RangeInclusive<usize> {
        let ahead = height / 2;
        let first = self.offset.saturating_sub(ahead) / PAGE;
        let last = (self.offset + height + ahead).min(self.total.saturating_sub(1)) / PAGE;
        first..=last
    }
}
