//! What is kept per endpoint: exact sums for the first thousand names of a row, one shared remainder for all further names;
//! and how many calls there were by method, status and service token. Kept as long as cells are: by minute for 48 h, by hour
//! for 90 days, by day for ever, and by month as well, so that a year is a dozen rows.

mod parts;
mod stretch;
mod sums;

use std::sync::Arc;

use foldhash::HashMap;
use foldhash::fast::RandomState;

use super::codec::{Input, Malformed, Read, put_bytes, put_varint};
use super::event::Stored;
use super::kinds::Kinds;
use crate::table::Table;

pub(super) use parts::{
    ENDPOINT_PARTS, EndpointParts, KIND_DAYS, Wanted, each_kind, each_kind_alone, parts_from,
};
pub(super) use stretch::{CutMonth, CutRow, Holds, Stretch};
pub use sums::EndpointSums;

/// Rows of the first version have no kinds of calls: these were counted from the second one on.
const VERSION: u8 = 2;
const WITHOUT_KINDS: u8 = 1;

/// The most names of one row; calls to further ones are summed together.
pub const ENDPOINT_NAMES: usize = 1_000;
/// Keyed by API key and day number: of calls that earlier versions counted by the day and month alone.
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
    #[inline]
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

    #[inline]
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

/// What is told of a key's endpoints, and of what kinds its calls were.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EndpointReport {
    /// By falling number of calls, the remainder last.
    pub totals: Vec<EndpointTotals>,
    /// By method, status and service token, and of how many clients.
    pub kinds: Kinds,
}

/// What endpoints are added to.
pub(super) trait Gather {
    /// Adds a row, or of one by parts those that are wanted.
    fn add_row(&mut self, row: &[u8], wanted: Option<Wanted>) -> Read<()>;
    fn add_all(&mut self, more: &Endpoints);
    fn add(&mut self, event: &Stored);
    fn kinds_mut(&mut self) -> &mut Kinds;
}

impl Gather for Endpoints {
    fn add_row(&mut self, row: &[u8], wanted: Option<Wanted>) -> Read<()> {
        self.merge(&Self::of_row(row, wanted)?);
        Ok(())
    }

    fn add_all(&mut self, more: &Endpoints) {
        self.merge(more);
    }

    fn add(&mut self, event: &Stored) {
        self.add(event);
    }

    fn kinds_mut(&mut self) -> &mut Kinds {
        &mut self.kinds
    }
}

/// The endpoints of one stretch of time, or of an answer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Endpoints {
    names: HashMap<Arc<str>, EndpointCell>,
    other: EndpointCell,
    kinds: Kinds,
}

impl Endpoints {
    pub(super) fn add(&mut self, event: &Stored) {
        self.put(&event.endpoint, &event.into());
        self.kinds.add(event);
    }

    pub(super) fn merge(&mut self, more: &Self) {
        more.busiest_first().for_each(|(name, cell)| self.put(name, cell));
        self.other.merge(&more.other);
        self.kinds.merge(&more.kinds);
    }

    /// Sorted, so that which names still find room does not depend on chance.
    fn busiest_first(&self) -> impl Iterator<Item = (&Arc<str>, &EndpointCell)> {
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_unstable_by(|a, b| (b.1.requests, a.0).cmp(&(a.1.requests, b.0)));
        names.into_iter()
    }

    pub(super) fn kinds(&self) -> &Kinds {
        &self.kinds
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

    pub(super) fn into_report(self) -> EndpointReport {
        let named = self.names.into_iter().map(|(name, cell)| EndpointTotals { endpoint: Some(name), cell });
        let mut totals: Vec<_> = named.collect();
        totals.sort_unstable_by(|a, b| (b.cell.requests, &a.endpoint).cmp(&(a.cell.requests, &b.endpoint)));
        if self.other.requests > 0 {
            totals.push(EndpointTotals { endpoint: None, cell: self.other });
        }
        EndpointReport { totals, kinds: self.kinds }
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
        self.kinds.encode(out);
    }

    pub(super) fn decode(input: &mut Input<'_>) -> Read<Self> {
        Self::read(input, None)
    }

    /// Reads a row, or of one by parts those that are wanted.
    pub(super) fn of_row(value: &[u8], wanted: Option<Wanted>) -> Read<Self> {
        let mut input = Input(value);
        let endpoints = Self::read(&mut input, wanted)?;
        input.end()?;
        Ok(endpoints)
    }

    fn read(input: &mut Input<'_>, wanted: Option<Wanted>) -> Read<Self> {
        let count = Input(input.0.get(1..).ok_or(Malformed)?).count()?;
        let mut names = HashMap::with_capacity_and_hasher(count.min(ENDPOINT_NAMES), RandomState::default());
        let mut kinds = Kinds::default();
        let other = each_entry(input, wanted, &mut kinds, |name, cell| {
            names.insert(Arc::from(text(name)?), cell);
            Ok(())
        })?;
        Ok(Self { names, other, kinds })
    }
}

/// Shows the names of an encoded row with their sums, and adds its kinds of calls; answers the remainder. Of a row by parts,
/// those that are `wanted`.
fn each_entry<'a>(
    input: &mut Input<'a>,
    wanted: Option<Wanted>,
    kinds: &mut Kinds,
    mut visit: impl FnMut(&'a [u8], EndpointCell) -> Read<()>,
) -> Read<EndpointCell> {
    if let Some(wanted) = wanted {
        return parts::each_wanted(input, wanted, kinds, visit);
    }
    let version = input.byte()?;
    if ![VERSION, WITHOUT_KINDS].contains(&version) {
        return Err(Malformed);
    }
    for _ in 0..input.count()? {
        visit(input.bytes()?, EndpointCell::decode(input)?)?;
    }
    let other = EndpointCell::decode(input)?;
    if version == VERSION {
        kinds.add_encoded(input)?;
    }
    Ok(other)
}

fn text(name: &[u8]) -> Read<&str> {
    std::str::from_utf8(name).map_err(|_| Malformed)
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
        fn rows_of_the_first_version_are_read(events in prop::collection::vec(stored(false), 0..100)) {
            let mut endpoints = Endpoints::default();
            events.iter().for_each(|event| endpoints.add(event));
            endpoints.kinds = Kinds::default();
            let (mut out, mut none) = (Vec::new(), Vec::new());
            endpoints.encode(&mut out);
            Kinds::default().encode(&mut none);
            out.truncate(out.len() - none.len());
            out[0] = WITHOUT_KINDS;
            prop_assert_eq!(Endpoints::decode(&mut Input(&out)), Ok(endpoints));
        }

        #[test]
        fn keys_together_are_the_sum_of_each(
            keys in prop::collection::vec(prop::collection::vec(prop::collection::vec(stored(true), 0..20), 0..4), 0..6),
        ) {
            // Read in two parts, as a long list of keys is.
            let mut parts = [EndpointSums::default(), EndpointSums::default()];
            let (mut expected, mut kinds, mut calls) = (BTreeMap::new(), Kinds::default(), 0);
            for (place, rows) in keys.iter().enumerate() {
                let (mut alone, sums) = (Endpoints::default(), &mut parts[place % 2]);
                for events in rows {
                    let mut row = Endpoints::default();
                    events.iter().for_each(|event| row.add(event));
                    alone.merge(&row);
                    let mut out = Vec::new();
                    row.encode(&mut out);
                    prop_assert_eq!(sums.add_row(&out, None), Ok(()));
                }
                prop_assert!(sums.finish_key());
                let report = alone.into_report();
                kinds.merge(&report.kinds);
                for EndpointTotals { endpoint, cell } in report.totals {
                    expected.entry(endpoint.expect("few names")).or_insert_with(EndpointCell::default).merge(&cell);
                    calls += cell.requests;
                }
            }
            let [mut sums, more] = parts;
            sums.merge(&more);
            let found: BTreeMap<_, _> = sums.iter().map(|(name, cell)| (Arc::clone(name), *cell)).collect();
            prop_assert_eq!((found, &sums.kinds, sums.calls), (expected, &kinds, calls));
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
        let totals = endpoints.into_report().totals;
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
            sums.add_row(&out, None).unwrap();
            alone.merge(&row);
        }
        assert!(!sums.finish_key() && sums.calls == 0, "dropped");
        let totals = alone.into_report().totals;
        sums.add_totals(&totals);
        assert!(sums.finish_key());
        assert_eq!((sums.calls, sums.iter().count()), (1_300, ENDPOINT_NAMES));
        for EndpointTotals { endpoint, cell } in &totals[..ENDPOINT_NAMES] {
            assert_eq!(sums.get(endpoint.as_ref().unwrap()), Some(cell));
        }
    }
}
