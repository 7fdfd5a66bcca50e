//! A key's head row: how far it is folded, its sums, and the cells that have not yet been spread over the rollup rows.
//! Everything a fold changes of a key is in this row or in the same commit, so replaying an arrival after a crash can
//! tell by `through` what has been counted.

use super::calendar::{HOUR_MS, day_of};
use super::cell::Cell;
use super::codec::{Input, Malformed, Read, put_signed, put_varint};
use super::endpoints::{ENDPOINT_NAMES, Endpoints};
use super::event::Stored;
use super::models::Models;
use super::rollup::{Grain, MINUTE_RETENTION_MS};
use super::totals::Sums;
use crate::table::Table;

/// Keyed by API key.
pub(super) const HEADS: Table = Table("usage_heads");

const VERSION: u8 = 1;

/// Cells that wait for being spread; more are spread at once, for the row is rewritten with each fold.
const WAITING_CELLS: usize = 64;
const WAITING_DAYS: usize = 4;

/// What is durable of a key beside its blocks and rollup rows.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Head {
    /// Arrivals up to this number are folded.
    pub(super) through: u64,
    /// How often waiting cells were spread over the rollup rows.
    pub(super) spread: u64,
    /// The key was deleted; the row stays until no arrival can bring it back.
    pub(super) forgotten: bool,
    /// The number of the next block.
    pub(super) blocks: u64,
    /// The last block has room.
    pub(super) open: bool,
    pub(super) sums: Sums,
    /// Minute cells by start (hour cells for events too old for minutes), by rising time.
    pub(super) cells: Vec<(i64, Cell)>,
    /// Endpoints by day number, by rising day.
    pub(super) days: Vec<(u32, Endpoints)>,
    /// Models by hour; in a row of their own, for most keys have none.
    pub(super) models: Models,
}

/// Before this time, a key's minutes are neither kept nor shown.
pub(super) fn minutes_from(newest_ms: i64) -> i64 {
    Grain::Minute.start_of(newest_ms - MINUTE_RETENTION_MS)
}

impl Head {
    /// Counts folded events.
    pub(super) fn add(&mut self, events: &[&Stored]) {
        events.iter().for_each(|event| self.sums.add(event));
        let minutes_from = minutes_from(self.sums.newest_ms);
        for event in events {
            let grain = if event.at_ms < minutes_from { HOUR_MS } else { Grain::Minute.length_ms() };
            let start = event.at_ms - event.at_ms % grain;
            slot(&mut self.cells, start).add(event);
            slot(&mut self.days, day_of(event.at_ms)).add(event);
            self.models.add(event, Grain::Hour);
        }
    }

    pub(super) fn has_waiting(&self) -> bool {
        !self.cells.is_empty()
    }

    pub(super) fn must_spread(&self) -> bool {
        let names: usize = self.days.iter().map(|(_, endpoints)| endpoints.len()).sum();
        self.cells.len() > WAITING_CELLS
            || self.days.len() > WAITING_DAYS
            || names > ENDPOINT_NAMES / 2
            || self.models.must_spread()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION, u8::from(self.forgotten) | u8::from(self.open) << 1];
        for number in [self.through, self.spread, self.blocks] {
            put_varint(&mut out, number);
        }
        self.sums.encode(&mut out);
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
        out
    }

    pub(super) fn decode(value: &[u8]) -> Read<Self> {
        let mut input = Input(value);
        let mut head = Self::take_marks(&mut input)?;
        head.blocks = input.varint()?;
        head.sums = Sums::decode(&mut input)?;
        // As many as there are: ten thousand quiet keys have one each.
        let cells = input.count()?;
        head.cells.reserve_exact(cells.min(WAITING_CELLS));
        for _ in 0..cells {
            head.cells.push((input.signed()?, Cell::decode(&mut input)?));
        }
        let days = input.count()?;
        head.days.reserve_exact(days.min(WAITING_DAYS));
        for _ in 0..days {
            head.days.push((input.narrow()?, Endpoints::decode(&mut input)?));
        }
        input.end()?;
        Ok(head)
    }

    /// Only how far the key is folded and spread: what tells which memory fits a snapshot.
    pub(super) fn decode_marks(value: &[u8]) -> Read<(u64, u64)> {
        Self::take_marks(&mut Input(value)).map(|head| (head.through, head.spread))
    }

    fn take_marks(input: &mut Input<'_>) -> Read<Self> {
        input.version(VERSION)?;
        let flags = input.byte()?;
        if flags > 3 {
            return Err(Malformed);
        }
        let (through, spread) = (input.varint()?, input.varint()?);
        Ok(Self { through, spread, forgotten: flags & 1 != 0, open: flags & 2 != 0, ..Self::default() })
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::usage::samples::stored;

    proptest! {
        #[test]
        fn heads_come_back(
            events in prop::collection::vec(stored(false), 0..60),
            marks in any::<(u64, u64, u64)>(),
            forgotten: bool,
            open: bool,
        ) {
            let mut head = Head { through: marks.0, spread: marks.1, blocks: marks.2, forgotten, open, ..Head::default() };
            head.add(&events.iter().collect::<Vec<_>>());
            let value = head.encode();
            prop_assert_eq!(Head::decode_marks(&value), Ok((marks.0, marks.1)));
            head.models = Models::default();
            prop_assert_eq!(Head::decode(&value), Ok(head));
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Head::decode(&[&[VERSION, 0], bytes.as_slice()].concat());
        }
    }
}
