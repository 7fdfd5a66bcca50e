//! Rollup rows: several cells a value (60 minutes of an hour, 24 hours of a day, the days of a month), so that a key's
//! year is a dozen rows. Cells only exist where there was traffic.

use std::ops::Range;

use super::cell::Cell;
use super::codec::{Input, Malformed, Read, put_bytes, put_varint};
use super::grain::Grain;
use super::sketch::{SketchSum, StoredSketch};
use super::slots::Slots;
use crate::model::Id;

/// Cells in order, each written in full.
const IN_FULL: u8 = 1;
/// Of days: which there are, then their sums, then their sketches, and first of these the one of all days together; each as
/// short as it can be.
const SHORT: u8 = 3;
/// Of all but days: cells in order, each as short as it can be.
const BRIEF: u8 = 4;
/// In rows of days of the version before, each has its slot before its sums, and all are written in full.
const APART: u8 = 2;

/// The key of a numbered row of an API key.
pub(super) fn row_key(api_key: Id, row: u32) -> Vec<u8> {
    [api_key.as_bytes().as_slice(), &row.to_be_bytes()].concat()
}

/// The row number in such a key.
pub(super) fn row_number(key: &[u8]) -> Read<u32> {
    let number = key.get(12..).and_then(|tail| tail.try_into().ok()).ok_or(Malformed)?;
    Ok(u32::from_be_bytes(number))
}

/// The cells of one row, by rising slot.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Cells(pub(super) Vec<(u8, Cell)>);

impl Cells {
    /// Adds to the cell of a slot.
    pub(super) fn merge(&mut self, slot: u8, cell: &Cell) {
        match self.0.binary_search_by_key(&slot, |entry| entry.0) {
            Ok(place) => self.0[place].1.merge(cell),
            Err(place) => self.0.insert(place, (slot, cell.clone())),
        }
    }

    pub(super) fn encode(&self, grain: Grain) -> Vec<u8> {
        if grain == Grain::Day {
            return self.encode_apart();
        }
        let mut out = vec![BRIEF];
        put_varint(&mut out, self.0.len() as u64);
        for (slot, cell) in &self.0 {
            out.push(*slot);
            cell.encode_sums_short(&mut out);
            cell.sketch.encode_short(&mut out);
        }
        out
    }

    /// So that whoever wants the sums alone passes over the sketches at once, and who adds up whole months reads one of each.
    fn encode_apart(&self) -> Vec<u8> {
        let mut out = vec![SHORT];
        put_varint(&mut out, self.0.iter().fold(0, |slots, (slot, _)| slots | 1 << slot));
        let (mut sums, mut sketches, mut all) = (Vec::new(), Vec::new(), SketchSum::default());
        for (_, cell) in &self.0 {
            cell.encode_sums_short(&mut sums);
            cell.sketch.encode_short(&mut sketches);
            all.add(&cell.sketch);
        }
        put_bytes(&mut out, &sums);
        all.sum().encode_short(&mut out);
        out.extend_from_slice(&sketches);
        out
    }

    pub(super) fn decode(value: &[u8]) -> Read<Self> {
        let mut cells = Vec::new();
        each_stored(
            value,
            |malformed| malformed,
            Slots::ALL,
            |slot, sums, sketch| {
                cells.push((slot, Cell { sketch: sketch.decode()?, ..sums.clone() }));
                Ok(())
            },
        )?;
        Ok(Self(cells))
    }
}

/// Shows the wanted cells of a stored row, by rising slot: slot, sums, and the sketch.
pub(super) fn each_stored<E>(
    row: &[u8],
    malformed: impl Fn(Malformed) -> E,
    wanted: Slots,
    mut visit: impl FnMut(u8, &Cell, &StoredSketch<'_>) -> Result<(), E>,
) -> Result<(), E> {
    if let Some(apart) = Apart::of(row).map_err(&malformed)? {
        let mut sketches = apart.sketches;
        apart.each(&malformed, |slot, sums| {
            let sketch = apart.sketch(sketches);
            if wanted.has(slot) {
                visit(slot, sums, &sketch)?;
            }
            sketches = sketch.rest().map_err(&malformed)?;
            Ok(())
        })?;
        return sketches.end().map_err(malformed);
    }
    let mut input = Input(row);
    let brief = match input.byte().map_err(&malformed)? {
        BRIEF => true,
        IN_FULL => false,
        _ => return Err(malformed(Malformed)),
    };
    let (mut sums, mut slots) = (Cell::default(), 0..64);
    for _ in 0..input.count().map_err(&malformed)? {
        let slot = stored_slot(&mut input, &mut slots).map_err(&malformed)?;
        let wanted = wanted.has(slot);
        let sketch = if brief {
            if wanted { sums.read_sums_short(&mut input) } else { Cell::pass_sums_short(&mut input) }
                .map_err(&malformed)?;
            StoredSketch::short_at(input)
        } else {
            sums.read_sums(&mut input).map_err(&malformed)?;
            StoredSketch::at(input)
        };
        if wanted {
            visit(slot, &sums, &sketch)?;
        }
        input = sketch.rest().map_err(&malformed)?;
    }
    // What follows the last belongs to nothing.
    input.end().map_err(malformed)
}

/// A row of days.
pub(super) struct Apart<'a> {
    days: Days,
    sums: Input<'a>,
    /// That of all cells together.
    pub(super) all: StoredSketch<'a>,
    sketches: Input<'a>,
}

/// Which days there are, a bit each; or how many, each of which says itself which it is.
#[derive(Clone, Copy)]
enum Days {
    These(u64),
    SoMany(usize),
}

impl<'a> Apart<'a> {
    /// None if the sums and sketches of a row do not stand apart.
    pub(super) fn of(row: &'a [u8]) -> Read<Option<Self>> {
        let mut input = Input(row);
        let days = match input.byte()? {
            SHORT => Days::These(input.wide_varint()?),
            APART => Days::SoMany(input.count()?),
            _ => return Ok(None),
        };
        let sums = Input(input.bytes()?);
        let all = Self::sketch_at(days, input);
        let sketches = all.rest()?;
        Ok(Some(Self { days, sums, all, sketches }))
    }

    fn sketch_at(days: Days, input: Input<'a>) -> StoredSketch<'a> {
        match days {
            Days::These(_) => StoredSketch::short_at(input),
            Days::SoMany(_) => StoredSketch::at(input),
        }
    }

    /// The one that what is left of the sketches begins with.
    #[inline]
    fn sketch(&self, left: Input<'a>) -> StoredSketch<'a> {
        Self::sketch_at(self.days, left)
    }

    /// Shows the sums of each cell, by rising slot.
    #[inline]
    pub(super) fn each<E>(
        &self,
        malformed: impl Fn(Malformed) -> E,
        mut visit: impl FnMut(u8, &Cell) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut input, mut sums) = (self.sums, Cell::default());
        match self.days {
            Days::These(mut days) => {
                while days != 0 {
                    sums.read_sums_short(&mut input).map_err(&malformed)?;
                    visit(days.trailing_zeros() as u8, &sums)?;
                    days &= days - 1;
                }
            }
            Days::SoMany(count) => {
                let mut slots = 0..64;
                for _ in 0..count {
                    let slot = stored_slot(&mut input, &mut slots).map_err(&malformed)?;
                    sums.read_sums(&mut input).map_err(&malformed)?;
                    visit(slot, &sums)?;
                }
            }
        }
        input.end().map_err(malformed)
    }
}

/// The slot of the next cell, one of those that are left.
#[inline]
fn stored_slot(input: &mut Input<'_>, slots: &mut Range<u8>) -> Read<u8> {
    let slot = input.byte()?;
    if !slots.contains(&slot) {
        return Err(Malformed);
    }
    slots.start = slot + 1;
    Ok(slot)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::usage::samples::stored;

    /// As the first version wrote rows.
    fn encode_in_order(cells: &Cells) -> Vec<u8> {
        let mut out = vec![IN_FULL];
        put_varint(&mut out, cells.0.len() as u64);
        for (slot, cell) in &cells.0 {
            out.push(*slot);
            cell.encode(&mut out);
        }
        out
    }

    /// As the version before wrote days.
    fn encode_apart_in_full(cells: &Cells) -> Vec<u8> {
        let (mut out, mut sums, mut sketches) = (vec![APART], Vec::new(), Vec::new());
        put_varint(&mut out, cells.0.len() as u64);
        let mut all = SketchSum::default();
        for (slot, cell) in &cells.0 {
            sums.push(*slot);
            cell.encode_sums(&mut sums);
            cell.sketch.encode(&mut sketches);
            all.add(&cell.sketch);
        }
        put_bytes(&mut out, &sums);
        all.sum().encode(&mut out);
        out.extend_from_slice(&sketches);
        out
    }

    proptest! {
        #[test]
        fn rows_come_back(events in prop::collection::vec((0u8..60, stored(false)), 0..100)) {
            let mut cells = Cells::default();
            for (slot, event) in &events {
                let mut cell = Cell::default();
                cell.add(event);
                cells.merge(*slot, &cell);
            }
            for row in Grain::ALL.map(|grain| cells.encode(grain)).into_iter().chain([encode_in_order(&cells)]) {
                prop_assert_eq!(Cells::decode(&row), Ok(cells.clone()));
            }
            let mut expected = Cell::default();
            events.iter().for_each(|(_, event)| expected.add(event));
            for row in [cells.encode(Grain::Day), encode_apart_in_full(&cells)] {
                prop_assert_eq!(Cells::decode(&row), Ok(cells.clone()));
                let apart = Apart::of(&row).unwrap().unwrap();
                let mut whole = Cell { sketch: apart.all.decode().unwrap(), ..Cell::default() };
                let add = |_, sums: &Cell| {
                    whole.merge_sums(sums);
                    Ok(())
                };
                prop_assert_eq!(apart.each(|malformed| malformed, add), Ok(()));
                prop_assert_eq!(&whole, &expected);
            }
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for version in [IN_FULL, APART, SHORT, BRIEF] {
                let row = [&[version], bytes.as_slice()].concat();
                let decoded = Cells::decode(&row);
                let _ = decoded.map(|cells| cells.encode(Grain::Day));
                if let Ok(Some(apart)) = Apart::of(&row) {
                    let _ = (apart.each(|malformed| malformed, |_, _| Ok(())), apart.all.decode());
                }
            }
        }
    }
}
