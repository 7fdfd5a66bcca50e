//! What waits in a key's head to be spread over its rollup rows: cells, endpoints, models. It decides when there is too
//! much of it, and reads and writes no row.

use super::calendar::{HOUR_MS, day_of};
use super::cell::Cell;
use super::codec::{Input, Read, put_signed, put_varint};
use super::endpoints::{ENDPOINT_NAMES, Endpoints};
use super::event::Stored;
use super::head::minutes_from;
use super::models::Models;
use super::rollup::Grain;

/// Cells that wait for being spread; more are spread at once, for the row is rewritten with each fold.
const WAITING_CELLS: usize = 64;
const WAITING_DAYS: usize = 4;

#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Waiting {
    /// Minute cells by start (hour cells for events too old for minutes), by rising time.
    pub(super) cells: Vec<(i64, Cell)>,
    /// Endpoints by day number, by rising day.
    pub(super) days: Vec<(u32, Endpoints)>,
    /// Models by hour.
    pub(super) models: Models,
}

impl Waiting {
    /// How it is stored that nothing waits: no cells, and no days.
    pub(super) const NONE: [u8; 2] = [0, 0];

    /// Counts folded events of a key whose newest is of `newest_ms`.
    pub(super) fn add(&mut self, events: &[&Stored], newest_ms: i64) {
        let minutes_from = minutes_from(newest_ms);
        for event in events {
            let grain = if event.at_ms < minutes_from { HOUR_MS } else { Grain::Minute.length_ms() };
            let start = event.at_ms - event.at_ms % grain;
            slot(&mut self.cells, start).add(event);
            slot(&mut self.days, day_of(event.at_ms)).add(event);
            self.models.add(event, Grain::Hour);
        }
    }

    pub(super) fn must_spread(&self) -> bool {
        let names: usize = self.days.iter().map(|(_, endpoints)| endpoints.len()).sum();
        self.cells.len() > WAITING_CELLS
            || self.days.len() > WAITING_DAYS
            || names > ENDPOINT_NAMES / 2
            || self.models.must_spread()
    }

    /// Cells and endpoints, when there are any.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        if self.cells.is_empty() && self.days.is_empty() {
            return None;
        }
        let mut out = Vec::new();
        put_varint(&mut out, self.cells.len() as u64);
        for (start, cell) in &self.cells {
            put_signed(&mut out, *start);
            cell.encode(&mut out);
        }
        put_varint(&mut out, self.days.len() as u64);
        for (day, endpoints) in &self.days {
            put_varint(&mut out, u64::from(*day));
            endpoints.encode(&mut out);
        }
        Some(out)
    }

    /// Of what [`Self::encode`] answered, and of the models' row.
    pub(super) fn decode(stored: Option<&[u8]>, models: Option<&[u8]>) -> Read<Self> {
        let mut waiting = Self::default();
        let mut input = Input(stored.unwrap_or(&Self::NONE));
        for _ in 0..input.count()? {
            waiting.cells.push((input.signed()?, Cell::decode(&mut input)?));
        }
        for _ in 0..input.count()? {
            waiting.days.push((input.narrow()?, Endpoints::decode(&mut input)?));
        }
        input.end()?;
        if let Some(models) = models {
            waiting.models = Models::decode(models)?;
        }
        Ok(waiting)
    }
}

/// The entry of a sorted list, made when it is missing.
pub(super) fn slot<K: Ord + Copy, V: Default>(list: &mut Vec<(K, V)>, at: K) -> &mut V {
    let place = match list.last() {
        Some(last) if last.0 == at => list.len() - 1,
        _ => list.binary_search_by_key(&at, |entry| entry.0).unwrap_or_else(|place| {
            list.insert(place, (at, V::default()));
            place
        }),
    };
    &mut list[place].1
}
