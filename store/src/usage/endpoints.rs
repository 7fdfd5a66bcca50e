//! What is kept per endpoint: exact sums for the first thousand names of a key's day or month, one shared remainder
//! for all further names. Kept per day for 90 days and per month for ever.

use std::sync::Arc;

use foldhash::HashMap;
use foldhash::fast::RandomState;

use super::calendar::DAY_MS;
use super::codec::{Input, Read, put_bytes, put_varint};
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
        let (requests, errors) = (input.varint()?, input.varint()?);
        Ok(Self { requests, errors, timed: input.varint()?, response_us: input.varint()? })
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
        for (name, cell) in &self.names {
            put_bytes(out, name.as_bytes());
            cell.encode(out);
        }
        self.other.encode(out);
    }

    pub(super) fn decode(input: &mut Input<'_>) -> Read<Self> {
        input.version(VERSION)?;
        let count = input.count()?;
        let mut names = HashMap::with_capacity_and_hasher(count.min(ENDPOINT_NAMES), RandomState::default());
        for _ in 0..count {
            let name = Arc::from(input.text()?);
            names.insert(name, EndpointCell::decode(input)?);
        }
        Ok(Self { names, other: EndpointCell::decode(input)? })
    }
}

#[cfg(test)]
mod tests {
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
}
