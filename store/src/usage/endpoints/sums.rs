//! The endpoints of many keys added up, straight from the rows that hold them: a question about a team reads thousands.

use std::sync::Arc;

use foldhash::HashMap;

use super::encoded::{Form, Named, Names};
use super::{
    ENDPOINT_NAMES, EndpointCell, EndpointTotals, Endpoints, Gather, Wanted, each_entry, open, text,
};
use crate::usage::codec::{Input, Malformed, Read};
use crate::usage::event::Stored;
use crate::usage::kinds::Kinds;

/// The endpoints of many keys together. Of each key the first thousand names are told apart, as when it is asked for alone.
#[derive(Default)]
pub struct EndpointSums {
    places: HashMap<Arc<str>, usize>,
    names: Vec<Arc<str>>,
    /// By place: that of the name which came after it the last time. Rows list their names in one order, so nearly always it
    /// is that of the next one again.
    followers: Vec<usize>,
    /// The place of the name that came last.
    last: usize,
    /// Of the row of many names that was read last, and of the one of few: those of few are of all sorts.
    rows: [OfRow; 2],
    cells: Vec<EndpointCell>,
    /// Calls of all endpoints, also of those beyond the names that are told apart.
    pub calls: u64,
    /// Calls by method, status and token, unless endpoints alone are added up.
    pub kinds: Kinds,
    names_alone: bool,
    of_key: OfKey,
}

/// The names of a row: as they were written, and the place of each.
#[derive(Default)]
struct OfRow {
    form: Form,
    names: Vec<u8>,
    places: Vec<usize>,
}

/// What was added of the key that is being read.
#[derive(Default)]
struct OfKey {
    /// By place; as long as there are places, and empty but for those that are `touched`.
    cells: Vec<EndpointCell>,
    touched: Vec<usize>,
    other: EndpointCell,
}

/// Of the key that is being read.
impl Gather for EndpointSums {
    fn add_row(&mut self, row: &[u8], wanted: Option<Wanted>) -> Read<()> {
        let mut input = Input(row);
        let Some(encoded) = open(&mut input, wanted)? else { return Ok(()) };
        let many = 2 * encoded.count >= self.names.len();
        encoded.names.map_or(Ok(()), |names| self.find(names, many))?;
        let mut kinds = std::mem::take(&mut self.kinds);
        let into_kinds = (!self.names_alone).then_some(&mut kinds);
        let other = each_entry(encoded, wanted, into_kinds, |named, cell| {
            if !self.is_full() {
                let place = match named {
                    Named::At(at) => *self.rows[usize::from(many)].places.get(at).ok_or(Malformed)?,
                    Named::By(name) => self.place(name, many)?,
                };
                self.add_at(place, &cell);
            }
            Ok(())
        });
        self.kinds = kinds;
        self.of_key.other.merge(&other?);
        input.end()
    }

    fn add_all(&mut self, more: &Endpoints) {
        more.names.iter().for_each(|(name, cell)| self.add_named(name, cell));
        self.kinds_mut().into_iter().for_each(|kinds| kinds.merge(&more.kinds));
        self.of_key.other.merge(&more.other);
    }

    fn add(&mut self, event: &Stored) {
        self.add_named(&event.endpoint, &event.into());
        self.kinds_mut().into_iter().for_each(|kinds| kinds.add(event));
    }

    fn kinds_mut(&mut self) -> Option<&mut Kinds> {
        (!self.names_alone).then_some(&mut self.kinds)
    }
}

impl EndpointSums {
    /// To add up endpoints alone, and pass over all else that is told of calls.
    pub fn without_kinds() -> Self {
        Self { names_alone: true, ..Self::default() }
    }

    /// The endpoints that were called, with their sums, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &EndpointCell)> {
        self.names.iter().zip(&self.cells).filter(|(_, cell)| cell.requests > 0)
    }

    /// An endpoint's sums.
    pub fn get(&self, name: &str) -> Option<&EndpointCell> {
        self.cells.get(*self.places.get(name)?)
    }

    /// Adds those of further keys.
    pub fn merge(&mut self, other: &Self) {
        for (name, cell) in other.iter() {
            let place = self.place_of(name);
            self.cells[place].merge(cell);
        }
        self.calls = self.calls.saturating_add(other.calls);
        self.kinds.merge(&other.kinds);
    }

    /// Adds the endpoints that were asked of the key alone.
    pub(in crate::usage) fn add_totals(&mut self, totals: &[EndpointTotals]) {
        for EndpointTotals { endpoint, cell } in totals {
            match endpoint {
                Some(name) => self.add_named(name, cell),
                None => self.of_key.other.merge(cell),
            }
        }
    }

    fn add_named(&mut self, name: &str, cell: &EndpointCell) {
        if !self.is_full() {
            let place = self.place_of(name);
            self.add_at(place, cell);
        }
    }

    /// The key that is being read has more names than are told apart: it is read in another way.
    fn is_full(&self) -> bool {
        self.of_key.touched.len() > ENDPOINT_NAMES
    }

    #[inline]
    fn add_at(&mut self, place: usize, cell: &EndpointCell) {
        let sum = &mut self.of_key.cells[place];
        if sum.requests == 0 {
            self.of_key.touched.push(place);
        }
        sum.merge(cell);
    }

    /// Finds the places of a row's names, unless they are those of the row before.
    fn find(&mut self, names: Names<'_>, many: bool) -> Read<()> {
        let before = &mut self.rows[usize::from(many)];
        if before.form == names.form && before.names == names.together {
            return Ok(());
        }
        let OfRow { names: mut together, mut places, .. } = std::mem::take(before);
        places.clear();
        names.each(|name| {
            places.push(self.place(name, many)?);
            Ok(())
        })?;
        together.clear();
        together.extend_from_slice(names.together);
        self.rows[usize::from(many)] = OfRow { form: names.form, names: together, places };
        Ok(())
    }

    /// The place of a name that was read; from a row of `many`, what follows what is learned. A few would undo that.
    #[inline]
    fn place(&mut self, name: &[u8], many: bool) -> Read<usize> {
        let guess = self.followers.get(self.last).copied().unwrap_or_default();
        let guessed = self.names.get(guess).is_some_and(|known| known.as_bytes() == name);
        let place = if guessed { guess } else { self.place_of(text(name)?) };
        if many && !guessed {
            self.followers.get_mut(self.last).into_iter().for_each(|follower| *follower = place);
        }
        self.last = place;
        Ok(place)
    }

    fn place_of(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let (name, place): (Arc<str>, _) = (Arc::from(name), self.cells.len());
        self.names.push(Arc::clone(&name));
        self.followers.push(0);
        self.cells.push(EndpointCell::default());
        self.of_key.cells.push(EndpointCell::default());
        self.places.insert(name, place);
        place
    }

    /// Whether the key that was read has no more names than are told apart; then it is taken in, else it is dropped.
    pub(in crate::usage) fn finish_key(&mut self) -> bool {
        let Self { cells, calls, of_key, .. } = self;
        let few = of_key.touched.len() <= ENDPOINT_NAMES;
        for place in of_key.touched.drain(..) {
            let cell = std::mem::take(&mut of_key.cells[place]);
            if few {
                cells[place].merge(&cell);
                *calls = calls.saturating_add(cell.requests);
            }
        }
        let other = std::mem::take(&mut of_key.other);
        *calls = calls.saturating_add(if few { other.requests } else { 0 });
        few
    }
}
