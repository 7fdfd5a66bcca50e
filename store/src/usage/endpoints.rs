//! What is kept per endpoint: exact sums for the first thousand names of a row, one shared remainder for all further names;
//! and how many calls there were by method, status and service token. Kept as long as cells are: by minute for 48 h, by hour
//! for 90 days, by day for ever, and by month as well, so that a year is a dozen rows.

mod cell;
mod encoded;
mod kind_rows;
mod part_set;
mod parts;
mod stretch;
mod sums;

use std::sync::Arc;

use foldhash::HashMap;
use foldhash::fast::RandomState;

use super::codec::{Input, Malformed, Read};
use super::event::Stored;
use super::kinds::Kinds;
use crate::table::Table;

pub use cell::EndpointCell;
use encoded::{Encoded, Form, Named, put_names};
pub(super) use kind_rows::{KIND_ROWS, KindRow, each_kind_of_days};
pub(super) use parts::{ENDPOINT_PARTS, EndpointParts, Wanted, each_kind, parts_from, parts_of};
pub(super) use stretch::{CutMonth, CutRow, Holds, Stretch};
pub use sums::EndpointSums;

/// In rows of the third version names are written in full, and sums too. In those of the second each name stands before its
/// sums, and those of the first have no kinds of calls either.
const VERSION: u8 = 4;
const IN_FULL: u8 = 3;
const NAMES_BETWEEN: u8 = 2;
const WITHOUT_KINDS: u8 = 1;

/// The most names of one row; calls to further ones are summed together.
pub const ENDPOINT_NAMES: usize = 1_000;
/// Keyed by API key and day number: of calls that earlier versions counted by the day and month alone.
pub(super) const ENDPOINT_DAYS: Table = Table("usage_endpoint_days");
/// Keyed by API key and month number.
pub(super) const ENDPOINT_MONTHS: Table = Table("usage_endpoint_months");

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
    /// Where clients are added to, if that is wanted.
    fn kinds_mut(&mut self) -> Option<&mut Kinds>;
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

    fn kinds_mut(&mut self) -> Option<&mut Kinds> {
        Some(&mut self.kinds)
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
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_unstable_by_key(|(name, _)| *name);
        put_names(out, names.iter().map(|(name, _)| &***name));
        names.iter().for_each(|(_, cell)| cell.encode(out));
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
        let Some(encoded) = open(input, wanted)? else { return Ok(Self::default()) };
        let (count, known) = (encoded.count.min(ENDPOINT_NAMES), encoded.known()?);
        let mut names = HashMap::with_capacity_and_hasher(count, RandomState::default());
        let mut kinds = Kinds::default();
        let other = each_entry(encoded, wanted, Some(&mut kinds), |named, cell| {
            names.insert(named.of(&known)?, cell);
            Ok(())
        })?;
        Ok(Self { names, other, kinds })
    }
}

/// Opens an encoded row, or one by parts if some are wanted; none if it has none of these.
fn open<'i, 'a>(input: &'i mut Input<'a>, wanted: Option<Wanted>) -> Read<Option<Encoded<'i, 'a>>> {
    if let Some(wanted) = wanted {
        return parts::open_wanted(input, wanted);
    }
    let version = input.byte()?;
    let form = match version {
        VERSION => Form::Shortened,
        IN_FULL => Form::Full,
        NAMES_BETWEEN | WITHOUT_KINDS => Form::Between,
        _ => return Err(Malformed),
    };
    Encoded::open(input, version, form).map(Some)
}

/// Shows the sums of a row's names, and adds its kinds of calls, or passes over these; answers the remainder. Of a row by parts,
/// those that are `wanted`.
fn each_entry<'a>(
    encoded: Encoded<'_, 'a>,
    wanted: Option<Wanted>,
    kinds: Option<&mut Kinds>,
    visit: impl FnMut(Named<'a>, EndpointCell) -> Read<()>,
) -> Read<EndpointCell> {
    if let Some(wanted) = wanted {
        return parts::each_wanted(encoded, wanted, kinds, visit);
    }
    let version = encoded.version;
    let (other, input) = match version {
        VERSION => encoded.each(EndpointCell::decode, visit)?,
        _ => encoded.each(EndpointCell::decode_in_full, visit)?,
    };
    match kinds {
        Some(kinds) if version != WITHOUT_KINDS => kinds.add_encoded(input)?,
        Some(_) => {}
        None => *input = Input(&[]),
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
    use crate::usage::codec::{put_bytes, put_varint};
    use crate::usage::samples::stored;

    /// As the versions before wrote sums.
    fn put_in_full(cell: &EndpointCell, out: &mut Vec<u8>) {
        let sums = [cell.requests, cell.errors, cell.timed, cell.response_us];
        sums.into_iter().for_each(|sum| put_varint(out, sum));
    }

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
        fn rows_of_the_versions_before_are_read(events in prop::collection::vec(stored(false), 0..100)) {
            let mut endpoints = Endpoints::default();
            events.iter().for_each(|event| endpoints.add(event));
            for version in [IN_FULL, NAMES_BETWEEN, WITHOUT_KINDS] {
                let mut out = vec![version];
                put_varint(&mut out, endpoints.names.len() as u64);
                let (mut names, mut entries) = (Vec::new(), Vec::new());
                for (name, cell) in &endpoints.names {
                    put_bytes(if version == IN_FULL { &mut names } else { &mut entries }, name.as_bytes());
                    put_in_full(cell, &mut entries);
                }
                if version == IN_FULL {
                    put_bytes(&mut out, &names);
                }
                out.append(&mut entries);
                put_in_full(&endpoints.other, &mut out);
                if version == WITHOUT_KINDS {
                    endpoints.kinds = Kinds::default();
                } else {
                    endpoints.kinds.encode(&mut out);
                }
                let mut sums = EndpointSums::default();
                prop_assert_eq!(sums.add_row(&out, None), Ok(()));
                prop_assert!(sums.finish_key());
                prop_assert!(sums.iter().all(|(name, cell)| endpoints.names.get(name) == Some(cell)));
                prop_assert_eq!((sums.iter().count(), &sums.kinds), (endpoints.names.len(), &endpoints.kinds));
                prop_assert_eq!(Endpoints::decode(&mut Input(&out)), Ok(endpoints.clone()));
            }
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
            for version in [VERSION, IN_FULL] {
                let row = [&[version], bytes.as_slice()].concat();
                let _ = (Endpoints::decode(&mut Input(&row)), EndpointSums::default().add_row(&row, None));
            }
        }
    }

    #[test]
    fn names_of_rows_of_two_versions_are_told_apart_though_they_are_written_alike() {
        let one = EndpointCell { requests: 1, timed: 1, ..EndpointCell::default() };
        let (mut full, mut short) = (vec![IN_FULL, 2, 3, 0, 1, b'a'], vec![VERSION, 1, 3, 0, 1, b'a']);
        [one, one, EndpointCell::default()].iter().for_each(|cell| put_in_full(cell, &mut full));
        [one, EndpointCell::default()].iter().for_each(|cell| cell.encode(&mut short));
        [&mut full, &mut short].into_iter().for_each(|row| Kinds::default().encode(row));
        let mut sums = EndpointSums::default();
        for row in [&full, &short, &full] {
            assert_eq!(sums.add_row(row, None), Ok(()));
        }
        assert!(sums.finish_key());
        assert_eq!(["", "a"].map(|name| sums.get(name).map_or(0, |cell| cell.requests)), [2, 3]);
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
