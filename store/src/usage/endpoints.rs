//! What is kept per endpoint: exact sums for the first thousand names of a key's day or month, one shared remainder
//! for all further names. Kept per day for 90 days and per month for ever.

use std::sync::Arc;

use foldhash::HashMap;
use foldhash::fast::RandomState;

use super::calendar::DAY_MS;
use super::codec::{Input, Malformed, Read, put_bytes, put_varint};
use super::event::Stored;
use crate::table::Table;

const VERSION: u8 = 1;

/// The most names of one row; calls to further ones are summed together.
pub const ENDPOINT_NAMES: usize = 1_000;
/// Endpoint sums per day are kept for this long; per month for ever.
pub const ENDPOINT_DAY_RETENTION_MS: i64 = 90 * DAY_MS;

/// Keyed by API key and day number.
pub(super) const ENDPOINT_DAYS: Table = Table("usage_endpoint_days");
/// Keyed by API key and month number.
pub(super) const ENDPOINT_MONTHS: Table = Table("usage_endpoint_months");

/// The sums of one endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct EndpointCell {
    /// All calls.
    pub requests: u64,
    /// Calls answered with a status of 400 or above.
    pub errors: u64,
    /// Calls that reported a response time.
    pub timed: u64,
    /// The sum of their response times, µs.
    pub response_us: u64,
}

impl EndpointCell {
    fn merge(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.errors = self.errors.saturating_add(other.errors);
        self.timed = self.timed.saturating_add(other.timed);
        self.response_us = self.response_us.saturating_add(other.response_us);
    }

    fn encode(&self, out: &mut Vec<u8>) {
        for sum in [self.requests, self.errors, self.timed, self.response_us] {
            put_varint(out, sum);
        }
    }

    fn decode(input: &mut Input<'_>) -> Read<Self> {
        let [requests, errors, timed] = input.mostly_small()?;
        Ok(Self { requests, errors, timed, response_us: input.wide_varint()? })
    }
}

impl From<&Stored> for EndpointCell {
    fn from(event: &Stored) -> Self {
        Self {
            requests: 1,
            errors: event.is_error().into(),
            timed: event.response_us.is_some().into(),
            response_us: event.response_us.unwrap_or_default().into(),
        }
    }
}

/// One endpoint's sums over a stretch of time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EndpointTotals {
    /// The endpoint; `None` for all those beyond the names that are kept apart.
    pub endpoint: Option<Arc<str>>,
    /// Its sums.
    pub cell: EndpointCell,
}

/// The endpoints of one day, month or answer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Endpoints {
    names: HashMap<Arc<str>, EndpointCell>,
    other: EndpointCell,
}

impl Endpoints {
    pub(super) fn add(&mut self, event: &Stored) {
        self.put(&event.endpoint, &event.into());
    }

    pub(super) fn merge(&mut self, more: &Self) {
        // Sorted, so that which names still find room does not depend on chance.
        let mut names: Vec<_> = more.names.iter().collect();
        names.sort_unstable_by(|a, b| (b.1.requests, a.0).cmp(&(a.1.requests, b.0)));
        names.into_iter().for_each(|(name, cell)| self.put(name, cell));
        self.other.merge(&more.other);
    }

    fn put(&mut self, name: &Arc<str>, cell: &EndpointCell) {
        let full = self.names.len() >= ENDPOINT_NAMES;
        match self.names.get_mut(name) {
            Some(sum) => sum.merge(cell),
            None if full => self.other.merge(cell),
            None => {
                self.names.insert(name.clone(), *cell);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// By falling number of calls, the remainder last.
    pub(super) fn into_totals(self) -> Vec<EndpointTotals> {
        let named = self.names.into_iter().map(|(name, cell)| EndpointTotals { endpoint: Some(name), cell });
        let mut totals: Vec<_> = named.collect();
        totals.sort_unstable_by(|a, b| (b.cell.requests, &a.endpoint).cmp(&(a.cell.requests, &b.endpoint)));
        if self.other.requests > 0 {
            totals.push(EndpointTotals { endpoint: None, cell: self.other });
        }
        totals
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        put_varint(out, self.names.len() as u64);
        // Sorted, so that whoever adds up many rows finds the names in the same order in each.
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_unstable_by_key(|(name, _)| *name);
        for (name, cell) in names {
            put_bytes(out, name.as_bytes());
            cell.encode(out);
        }
        self.other.encode(out);
    }

    pub(super) fn decode(input: &mut Input<'_>) -> Read<Self> {
        let count = Input(input.0.get(1..).ok_or(Malformed)?).count()?;
        let mut names = HashMap::with_capacity_and_hasher(count.min(ENDPOINT_NAMES), RandomState::default());
        let other = each_entry(input, |name, cell| {
            names.insert(Arc::from(text(name)?), cell);
            Ok(())
        })?;
        Ok(Self { names, other })
    }
}

/// Shows the names of an encoded row with their sums; answers the remainder.
fn each_entry<'a>(
    input: &mut Input<'a>,
    mut visit: impl FnMut(&'a [u8], EndpointCell) -> Read<()>,
) -> Read<EndpointCell> {
    input.version(VERSION)?;
    for _ in 0..input.count()? {
        visit(input.bytes()?, EndpointCell::decode(input)?)?;
    }
    EndpointCell::decode(input)
}

fn text(name: &[u8]) -> Read<&str> {
    std::str::from_utf8(name).map_err(|_| Malformed)
}

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
    cells: Vec<EndpointCell>,
    /// Calls of all endpoints, also of those beyond the names that are told apart.
    pub calls: u64,
    of_key: OfKey,
}

/// What was added of the key that is being read.
#[derive(Default)]
struct OfKey {
    /// By place; as long as there are places, and empty but for those that are `touched`.
    cells: Vec<EndpointCell>,
    touched: Vec<usize>,
    other: EndpointCell,
}

impl EndpointSums {
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
    }

    /// Adds an encoded row of the key that is being read.
    pub(super) fn add_row(&mut self, row: &[u8]) -> Read<()> {
        let mut input = Input(row);
        let many = 2 * Input(row.get(1..).ok_or(Malformed)?).count()? >= self.names.len();
        let other = each_entry(&mut input, |name, cell| {
            if !self.is_full() {
                let place = self.place(name, many)?;
                self.add(place, &cell);
            }
            Ok(())
        })?;
        self.of_key.other.merge(&other);
        input.end()
    }

    pub(super) fn add_all(&mut self, endpoints: &Endpoints) {
        endpoints.names.iter().for_each(|(name, cell)| self.add_named(name, cell));
        self.of_key.other.merge(&endpoints.other);
    }

    pub(super) fn add_event(&mut self, event: &Stored) {
        self.add_named(&event.endpoint, &event.into());
    }

    /// Adds what was asked of the key alone.
    pub(super) fn add_totals(&mut self, totals: &[EndpointTotals]) {
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
            self.add(place, cell);
        }
    }

    /// The key that is being read has more names than are told apart: it is read in another way.
    fn is_full(&self) -> bool {
        self.of_key.touched.len() > ENDPOINT_NAMES
    }

    fn add(&mut self, place: usize, cell: &EndpointCell) {
        let sum = &mut self.of_key.cells[place];
        if *sum == EndpointCell::default() {
            self.of_key.touched.push(place);
        }
        sum.merge(cell);
    }

    /// The place of a name that was read; from a row of `many`, what follows what is learned. A few would undo that.
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
    pub(super) fn finish_key(&mut self) -> bool {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::usage::samples::stored;

    proptest! {
        #[test]
        fn rows_come_back(events in prop::collection::vec(stored(false), 0..100)) {
            let mut endpoints = Endpoints::default();
            events.iter().for_each(|event| endpoints.add(event));
            let mut out = Vec::new();
            endpoints.encode(&mut out);
            prop_assert_eq!(Endpoints::decode(&mut Input(&out)), Ok(endpoints));
        }

        #[test]
        fn keys_together_are_the_sum_of_each(
            keys in prop::collection::vec(prop::collection::vec(prop::collection::vec(stored(false), 0..20), 0..4), 0..6),
        ) {
            let (mut sums, mut expected, mut calls) = (EndpointSums::default(), BTreeMap::new(), 0);
            for rows in &keys {
                let mut alone = Endpoints::default();
                for events in rows {
                    let mut row = Endpoints::default();
                    events.iter().for_each(|event| row.add(event));
                    alone.merge(&row);
                    let mut out = Vec::new();
                    row.encode(&mut out);
                    prop_assert_eq!(sums.add_row(&out), Ok(()));
                }
                prop_assert!(sums.finish_key());
                for EndpointTotals { endpoint, cell } in alone.into_totals() {
                    expected.entry(endpoint.expect("few names")).or_insert_with(EndpointCell::default).merge(&cell);
                    calls += cell.requests;
                }
            }
            let found: BTreeMap<_, _> = sums.iter().map(|(name, cell)| (Arc::clone(name), *cell)).collect();
            prop_assert_eq!((found, sums.calls), (expected, calls));
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Endpoints::decode(&mut Input(&[&[VERSION], bytes.as_slice()].concat()));
        }
    }

    #[test]
    fn of_a_million_names_those_beyond_the_limit_are_summed_together() {
        let mut endpoints = Endpoints::default();
        let rounds = [1_000_000, ENDPOINT_NAMES as u64 + 50];
        for (round, names) in rounds.into_iter().enumerate() {
            for number in 0..names {
                let cell = EndpointCell { requests: 1 + round as u64, ..EndpointCell::default() };
                endpoints.put(&Arc::from(number.to_string()), &cell);
            }
        }
        assert!(endpoints.len() <= ENDPOINT_NAMES);
        let totals = endpoints.into_totals();
        assert_eq!(totals.len(), ENDPOINT_NAMES + 1);
        assert_eq!(totals[ENDPOINT_NAMES].endpoint, None);
        assert_eq!(totals.iter().map(|total| total.cell.requests).sum::<u64>(), rounds[0] + 2 * rounds[1]);
    }

    #[test]
    fn a_key_of_more_names_than_are_told_apart_is_taken_in_as_when_it_is_asked_for_alone() {
        let mut sums = EndpointSums::default();
        let mut alone = Endpoints::default();
        for names in [0..600, 500..1_200] {
            let mut row = Endpoints::default();
            for number in names {
                row.put(
                    &Arc::from(number.to_string()),
                    &EndpointCell { requests: 1, ..EndpointCell::default() },
                );
            }
            let mut out = Vec::new();
            row.encode(&mut out);
            sums.add_row(&out).unwrap();
            alone.merge(&row);
        }
        assert!(!sums.finish_key() && sums.calls == 0, "dropped");
        let totals = alone.into_totals();
        sums.add_totals(&totals);
        assert!(sums.finish_key());
        assert_eq!((sums.calls, sums.iter().count()), (1_300, ENDPOINT_NAMES));
        for EndpointTotals { endpoint, cell } in &totals[..ENDPOINT_NAMES] {
            assert_eq!(sums.get(endpoint.as_ref().unwrap()), Some(cell));
        }
    }
}
