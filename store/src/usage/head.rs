//! A key's head row: how far it is folded, its sums, and what has not yet been spread over the rollup rows. Everything a
//! fold changes of a key is in this row or in the same commit, so replaying an arrival after a crash can tell by
//! `through` what has been counted.

use std::sync::Arc;

use super::codec::{Input, Malformed, Read, put_varint};
use super::event::Stored;
use super::grain::{Grain, MINUTE_RETENTION_MS};
use super::totals::Sums;
use super::waiting::Waiting;
use crate::table::Table;

/// Keyed by API key.
pub(super) const HEADS: Table = Table("usage_heads");

/// In rows of the first version endpoints wait by the day.
const VERSION: u8 = 2;
const BY_DAY: u8 = 1;

/// What is durable of a key beside its blocks and rollup rows. Every key has one in memory, so what waits stays as it is
/// stored, which of a quiet key are some fifty bytes.
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
    /// Cells and endpoints that wait to be spread.
    pub(super) waiting: Option<Arc<[u8]>>,
    /// Models that do; in a row of their own, for most keys have none, and so as a small pointer here.
    pub(super) models: Option<Arc<Vec<u8>>>,
}

/// Before this time, a key's minutes are neither kept nor shown.
pub(super) fn minutes_from(newest_ms: i64) -> i64 {
    Grain::Minute.start_of(newest_ms - MINUTE_RETENTION_MS)
}

impl Head {
    /// Counts folded events.
    pub(super) fn count(&mut self, events: &[&Stored]) {
        events.iter().for_each(|event| self.sums.add(event));
    }

    pub(super) fn has_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// What waits.
    pub(super) fn take_out(&self) -> Read<Waiting> {
        Waiting::decode(self.waiting.as_deref(), self.models.as_ref().map(|models| models.as_slice()))
    }

    /// Lets this wait, and nothing else.
    pub(super) fn put_in(&mut self, waiting: &Waiting) {
        self.waiting = waiting.encode().map(Arc::from);
        self.models = (!waiting.models.is_empty()).then(|| Arc::new(waiting.models.encode()));
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION, u8::from(self.forgotten) | u8::from(self.open) << 1];
        for number in [self.through, self.spread, self.blocks] {
            put_varint(&mut out, number);
        }
        self.sums.encode(&mut out);
        out.extend_from_slice(self.waiting.as_deref().unwrap_or(&Waiting::NONE));
        out
    }

    pub(super) fn decode(value: &[u8]) -> Read<Self> {
        let mut input = Input(value);
        let mut head = Self::take_marks(&mut input)?;
        head.blocks = input.varint()?;
        head.sums = Sums::decode(&mut input)?;
        if value.first() == Some(&BY_DAY) {
            head.put_in(&Waiting::decode_by_day(input.0)?);
        } else {
            Waiting::decode(Some(input.0), None)?;
            head.waiting = (input.0 != Waiting::NONE).then(|| input.0.into());
        }
        Ok(head)
    }

    /// Only how far the key is folded and spread: what tells which memory fits a snapshot.
    pub(super) fn decode_marks(value: &[u8]) -> Read<(u64, u64)> {
        Self::take_marks(&mut Input(value)).map(|head| (head.through, head.spread))
    }

    fn take_marks(input: &mut Input<'_>) -> Read<Self> {
        let (version, flags) = (input.byte()?, input.byte()?);
        if ![VERSION, BY_DAY].contains(&version) || flags > 3 {
            return Err(Malformed);
        }
        let (through, spread) = (input.varint()?, input.varint()?);
        Ok(Self { through, spread, forgotten: flags & 1 != 0, open: flags & 2 != 0, ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::usage::calendar::day_of;
    use crate::usage::models::Models;
    use crate::usage::samples::stored;
    use crate::usage::waiting::slot;

    proptest! {
        #[test]
        fn heads_come_back(
            events in prop::collection::vec(stored(false), 0..60),
            marks in any::<(u64, u64, u64)>(),
            forgotten: bool,
            open: bool,
        ) {
            let mut head = Head { through: marks.0, spread: marks.1, blocks: marks.2, forgotten, open, ..Head::default() };
            let events: Vec<_> = events.iter().collect();
            head.count(&events);
            let mut waiting = Waiting::default();
            waiting.add(&events, head.sums.newest_ms);
            head.put_in(&waiting);
            prop_assert_eq!(head.take_out(), Ok(waiting));
            prop_assert_eq!(head.has_waiting(), !events.is_empty());
            let value = head.encode();
            prop_assert_eq!(Head::decode_marks(&value), Ok((marks.0, marks.1)));
            head.models = None;
            prop_assert_eq!(Head::decode(&value), Ok(head));
        }

        #[test]
        fn heads_of_the_first_version_are_read(events in prop::collection::vec(stored(false), 0..60)) {
            let mut head = Head::default();
            let events: Vec<_> = events.iter().collect();
            head.count(&events);
            let mut waiting = Waiting::default();
            waiting.add(&events, head.sums.newest_ms);
            waiting.models = Models::default();
            for (start_ms, endpoints) in std::mem::take(&mut waiting.endpoints) {
                slot(&mut waiting.days, day_of(start_ms)).merge(&endpoints);
            }
            let mut value = head.encode();
            value[0] = BY_DAY;
            value.truncate(value.len() - Waiting::NONE.len());
            value.extend(waiting.encode_by_day());
            head.put_in(&waiting);
            prop_assert_eq!(Head::decode(&value), Ok(head));
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for version in [VERSION, BY_DAY] {
                let _ = Head::decode(&[&[version, 0], bytes.as_slice()].concat());
            }
        }
    }
}
