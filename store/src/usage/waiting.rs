//! What waits in a key's head to be spread over its rollup rows: cells, endpoints, models. It decides when there is too
//! much of it, and reads and writes no row.

use super::calendar::MINUTE_MS;
use super::cell::Cell;
use super::codec::{Input, Read, put_signed, put_varint};
use super::endpoints::{ENDPOINT_NAMES, Endpoints, parts_from};
use super::event::Stored;
use super::grain::Grain;
use super::head::minutes_from;
use super::models::{MODEL_ROWS, Models};

/// Cells that wait for being spread; more are spread at once, for the row is rewritten with each fold.
const WAITING_CELLS: usize = 64;
/// Stretches of which the endpoints wait: each has names of its own.
const WAITING_STRETCHES: usize = 16;

#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Waiting {
    /// Minute cells by start (quarters of an hour for events too old for minutes), by rising time.
    pub(super) cells: Vec<(i64, Cell)>,
    /// Endpoints by start of the finest part that is kept of them, by rising time.
    pub(super) endpoints: Vec<(i64, Endpoints)>,
    /// Those by day number that an earlier version let wait.
    pub(super) days: Vec<(u32, Endpoints)>,
    /// Models by what is the finest of them.
    pub(super) models: Models,
}

impl Waiting {
    /// How it is stored that nothing waits: no cells, and no days.
    pub(super) const NONE: [u8; 2] = [0, 0];

    /// Counts folded events of a key whose newest is of `newest_ms`.
    pub(super) fn add(&mut self, events: &[&Stored], newest_ms: i64) {
        let minutes_from = minutes_from(newest_ms);
        let kept = Grain::ALL.map(|grain| (grain, parts_from(grain, newest_ms)));
        for event in events {
            let grain = if event.at_ms < minutes_from { Grain::Quarter } else { Grain::Minute };
            let start = event.at_ms - event.at_ms % grain.length_ms();
            slot(&mut self.cells, start).add(event);
            let finest = kept.iter().find(|(_, from_ms)| event.at_ms >= *from_ms);
            let grain = finest.map_or(Grain::Day, |(grain, _)| *grain);
            slot(&mut self.endpoints, grain.start_of(event.at_ms)).add(event);
            self.models.add(event, MODEL_ROWS[0].0);
        }
    }

    pub(super) fn must_spread(&self) -> bool {
        let names: usize = self.endpoints.iter().map(|(_, endpoints)| endpoints.len()).sum();
        self.cells.len() > WAITING_CELLS
            || self.endpoints.len() > WAITING_STRETCHES
            || names > ENDPOINT_NAMES / 2
            || self.models.must_spread()
    }

    /// Cells and endpoints, when there are any.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        if self.cells.is_empty() && self.endpoints.is_empty() && self.days.is_empty() {
            return None;
        }
        let mut out = Vec::new();
        self.put_cells(&mut out);
        put_varint(&mut out, self.endpoints.len() as u64);
        for (start_ms, endpoints) in &self.endpoints {
            put_varint(&mut out, (start_ms / MINUTE_MS) as u64);
            endpoints.encode(&mut out);
        }
        if !self.days.is_empty() {
            put_days(&mut out, &self.days);
        }
        Some(out)
    }

    /// Of what [`Self::encode`] answered, and of the models' row.
    pub(super) fn decode(stored: Option<&[u8]>, models: Option<&[u8]>) -> Read<Self> {
        let mut waiting = Self::default();
        let mut input = Input(stored.unwrap_or(&Self::NONE));
        waiting.take_cells(&mut input)?;
        for _ in 0..input.count()? {
            let start_ms = i64::from(input.narrow::<u32>()?) * MINUTE_MS;
            waiting.endpoints.push((start_ms, Endpoints::decode(&mut input)?));
        }
        if !input.0.is_empty() {
            waiting.take_days(&mut input)?;
        }
        input.end()?;
        if let Some(models) = models {
            waiting.models = Models::decode(models)?;
        }
        Ok(waiting)
    }

    /// As an earlier version wrote it.
    #[cfg(test)]
    pub(super) fn encode_by_day(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.put_cells(&mut out);
        put_days(&mut out, &self.days);
        out
    }

    /// As an earlier version wrote it, which knew the day of endpoints and no more.
    pub(super) fn decode_by_day(stored: &[u8]) -> Read<Self> {
        let (mut waiting, mut input) = (Self::default(), Input(stored));
        waiting.take_cells(&mut input)?;
        waiting.take_days(&mut input)?;
        input.end()?;
        Ok(waiting)
    }

    fn put_cells(&self, out: &mut Vec<u8>) {
        put_varint(out, self.cells.len() as u64);
        for (start, cell) in &self.cells {
            put_signed(out, *start);
            cell.encode(out);
        }
    }

    fn take_cells(&mut self, input: &mut Input<'_>) -> Read<()> {
        for _ in 0..input.count()? {
            self.cells.push((input.signed()?, Cell::decode(input)?));
        }
        Ok(())
    }

    fn take_days(&mut self, input: &mut Input<'_>) -> Read<()> {
        for _ in 0..input.count()? {
            self.days.push((input.narrow()?, Endpoints::decode(input)?));
        }
        Ok(())
    }
}

fn put_days(out: &mut Vec<u8>, days: &[(u32, Endpoints)]) {
    put_varint(out, days.len() as u64);
    for (day, endpoints) in days {
        put_varint(out, u64::from(*day));
        endpoints.encode(out);
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
