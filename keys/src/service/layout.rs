//! Which rollups a question about many keys reads, and where each of their cells belongs: worked out once for all keys, so
//! that few cells are read, as `plan` has found. It knows no key and no calendar.

mod plan;

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use keyward_store::Result;
use keyward_store::usage::{
    Calls, Cell, CellRanges, CellSum, FoundCell, Grain, KeyUsage, Kind, KindVisitor, ModelUse,
};

use plan::{Move, Read, step};

/// What becomes of a cell's sums.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Count {
    In,
    /// They were counted in as part of a longer cell.
    Out,
}

/// Cells of one length, and where they belong.
struct Tier<P> {
    cells: CellRanges,
    first_ms: i64,
    /// Of each cell from `first_ms` on; none of those that are not read.
    places: Vec<Option<P>>,
}

/// Tiers, the one of the longest cells first.
struct Tiers<P> {
    counted: Vec<Tier<P>>,
    /// From the place that a longer cell counted them for, to their own; or those that were counted for none, where others of
    /// their row are moved.
    moved: Vec<Tier<Move<P>>>,
}

/// Ranges of cells, and where these belong.
pub(super) struct Layout<P> {
    /// For what is only counted in: without any that are moved.
    plain: Tiers<P>,
    /// For sums.
    sums: Tiers<P>,
}

impl<P: Copy + PartialEq> Layout<P> {
    /// For the cells of a grain that begin in `from_ms..to_ms`, cut to whole cells.
    pub(super) fn of(grain: Grain, from_ms: i64, to_ms: i64, place: impl Fn(i64) -> Option<P>) -> Self {
        let from_ms = grain.start_of(from_ms);
        // Whole days, of which some cells belong nowhere.
        let [first_ms, end_ms] =
            [from_ms, to_ms - 1 + Grain::Day.length_ms()].map(|at_ms| Grain::Day.start_of(at_ms));
        let place = |start_ms: i64| if (from_ms..to_ms).contains(&start_ms) { place(start_ms) } else { None };
        let places: Vec<_> = (first_ms..end_ms).step_by(step(grain)).map(place).collect();
        let tiers = |moving| Tiers::of(grain, first_ms, &places, moving);
        Self { plain: tiers(false), sums: tiers(true) }
    }

    /// Shows a key's cells, each with its place and its start. The sums of all that are shown for a place are those of the
    /// cells that belong to it.
    pub(super) fn each(
        &self,
        key: &KeyUsage,
        mut visit: impl FnMut(Count, P, i64, &FoundCell<'_>) -> Result<()>,
    ) -> Result<()> {
        for tier in &self.sums.counted {
            key.each_cell(&tier.cells, |start_ms, cell| match tier.at(start_ms) {
                Some(place) => visit(Count::In, place, start_ms, cell),
                None => Ok(()),
            })?;
        }
        self.sums.moved.iter().try_for_each(|tier| {
            key.each_cell(&tier.cells, |start_ms, cell| {
                let Some(moved) = tier.at(start_ms) else { return Ok(()) };
                moved.counts().try_for_each(|(count, place)| visit(count, place, start_ms, cell))
            })
        })
    }

    /// Adds the same cells to `into`, if that is wanted, and shows the sums of each. None is moved.
    pub(super) fn add(
        &self,
        key: &KeyUsage,
        into: Option<&mut CellSum>,
        visit: impl FnMut(P, i64, &Cell),
    ) -> Result<()> {
        self.plain.add_counted(key, into, visit)
    }

    /// The same from fewer cells.
    pub(super) fn add_moving(
        &self,
        key: &KeyUsage,
        into: &mut CellSum,
        mut visit: impl FnMut(Count, P, i64, &Cell),
    ) -> Result<()> {
        self.sums.add_counted(key, Some(into), |place, start_ms, sums| {
            visit(Count::In, place, start_ms, sums);
        })?;
        self.sums.moved.iter().try_for_each(|tier| {
            key.each_cell(&tier.cells, |start_ms, cell| {
                let Some(moved) = tier.at(start_ms) else { return Ok(()) };
                moved.counts().for_each(|(count, place)| visit(count, place, start_ms, cell.sums));
                match moved {
                    Move { from: None, .. } => into.add(cell),
                    Move { to: None, .. } => into.remove(cell),
                    Move { .. } => Ok(()),
                }
            })
        })
    }

    /// What calls told of models in the same cells.
    pub(super) fn models(&self, key: &KeyUsage) -> Result<Vec<ModelUse>> {
        let mut uses = Vec::new();
        self.plain
            .counted
            .iter()
            .try_for_each(|tier| key.models(&tier.cells).map(|more| uses.extend(more)))?;
        Ok(uses)
    }

    /// Shows how many calls of each kind the same cells count, each with its place, as [`Self::each`] does.
    pub(super) fn each_kind(&self, key: &KeyUsage, visitor: &mut impl PlacedKinds<P>) -> Result<()> {
        for tier in &self.sums.counted {
            let counts = |start_ms| tier.at(start_ms).map(|place| (Count::In, place)).into_iter();
            key.each_kind(&tier.cells, &mut Placing { visitor, counts })?;
        }
        self.sums.moved.iter().try_for_each(|tier| {
            let counts = |start_ms| tier.at(start_ms).into_iter().flat_map(Move::counts);
            key.each_kind(&tier.cells, &mut Placing { visitor, counts })
        })
    }
}

/// Is shown calls by kind and place, mostly many of one kind after one another.
pub(super) trait PlacedKinds<P> {
    /// Whether calls of a kind are wanted: then those that are shown next are of it.
    fn wants(&mut self, kind: Kind) -> bool;

    fn calls(&mut self, count: Count, place: P, calls: Calls);
}

/// Shows calls with what they count for, by the start of their cell.
struct Placing<'v, V, C> {
    visitor: &'v mut V,
    counts: C,
}

impl<P, V: PlacedKinds<P>, I: Iterator<Item = (Count, P)>, C: Fn(i64) -> I> KindVisitor
    for Placing<'_, V, C>
{
    fn wants(&mut self, kind: Kind) -> bool {
        self.visitor.wants(kind)
    }

    fn calls(&mut self, start_ms: i64, calls: Calls) {
        (self.counts)(start_ms).for_each(|(count, place)| self.visitor.calls(count, place, calls));
    }
}

impl<P> Move<P> {
    fn counts(self) -> impl Iterator<Item = (Count, P)> {
        let out = self.from.map(|place| (Count::Out, place));
        out.into_iter().chain(self.to.map(|place| (Count::In, place)))
    }
}

impl<P: Copy + PartialEq> Tiers<P> {
    fn add_counted(
        &self,
        key: &KeyUsage,
        mut into: Option<&mut CellSum>,
        mut visit: impl FnMut(P, i64, &Cell),
    ) -> Result<()> {
        self.counted.iter().try_for_each(|tier| {
            key.add_cells(&tier.cells, into.as_deref_mut(), |start_ms, sums| {
                tier.at(start_ms).into_iter().for_each(|place| visit(place, start_ms, sums));
            })
        })
    }

    /// For cells of a grain with these places, one after the other, of whole days.
    fn of(grain: Grain, first_ms: i64, places: &[Option<P>], moving: bool) -> Self {
        let mut tiers = Self { counted: Vec::new(), moved: Vec::new() };
        for Read { grain, moved, cells } in plan::reads(grain, places, moving) {
            if moved {
                // They are the same parts of each day.
                let by_part = |ranges| match grain {
                    Grain::Hour => CellRanges::hours_by_hour(ranges),
                    grain => CellRanges::new(grain, ranges),
                };
                tiers.moved.push(Tier::of(grain, first_ms, cells, by_part));
            } else {
                let places = cells.into_iter().map(|cell| cell.and_then(|cell| cell.to)).collect();
                tiers
                    .counted
                    .push(Tier::of(grain, first_ms, places, |ranges| CellRanges::new(grain, ranges)));
            }
        }
        tiers
    }
}

impl<P: Copy> Tier<P> {
    fn of(
        grain: Grain,
        first_ms: i64,
        places: Vec<Option<P>>,
        cells: impl FnOnce(Vec<Range<i64>>) -> CellRanges,
    ) -> Self {
        let length_ms = grain.length_ms();
        let starts = places.iter().zip(0..).filter(|(place, _)| place.is_some());
        let starts = starts.map(|(_, at): (_, i64)| first_ms + at * length_ms);
        let cells = cells(starts.map(|start_ms| start_ms..start_ms + length_ms).collect());
        Self { cells, first_ms, places }
    }

    fn at(&self, start_ms: i64) -> Option<P> {
        let at = usize::try_from(self.cells.grain().cells_in(start_ms - self.first_ms)).ok()?;
        self.places.get(at).copied().flatten()
    }
}

/// With fewer keys a thread is not worth its start.
const MANY: usize = 64;

/// Reads a list of keys, a long one in two parts beside each other; answers what was read of each. Whoever is through with
/// a key takes the next, so that neither waits for the other for long.
pub(super) fn in_parts<T: Send, R: Send>(
    keys: &mut [T],
    read: impl Fn(&mut dyn Iterator<Item = &mut T>) -> crate::error::Result<R> + Sync,
) -> crate::error::Result<(R, Option<R>)> {
    if keys.len() < MANY {
        return Ok((read(&mut keys.iter_mut())?, None));
    }
    let keys = Mutex::new(keys.iter_mut());
    let part =
        || read(&mut std::iter::from_fn(|| keys.lock().unwrap_or_else(PoisonError::into_inner).next()));
    std::thread::scope(|scope| {
        let beside = scope.spawn(part);
        let first = part();
        let second = beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((first?, Some(second?)))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    /// For which places a cell of the finest grain is counted, and how often.
    fn counts(tiers: &Tiers<u8>, at_ms: i64) -> BTreeMap<u8, i32> {
        let mut counts: BTreeMap<u8, i32> = BTreeMap::new();
        for tier in &tiers.counted {
            tier.at(at_ms).into_iter().for_each(|place| *counts.entry(place).or_default() += 1);
        }
        let moved = tiers.moved.iter().filter_map(|tier| tier.at(at_ms));
        for (count, place) in moved.flat_map(Move::counts) {
            *counts.entry(place).or_default() += if count == Count::In { 1 } else { -1 };
        }
        counts.retain(|_, count| *count != 0);
        counts
    }

    proptest! {
        #[test]
        fn each_cell_counts_once_where_it_belongs(
            grain in prop::sample::select(vec![Grain::Minute, Grain::Quarter, Grain::Hour, Grain::SixHours, Grain::Day]),
            first in 0i64..400,
            stretches in prop::collection::vec((prop::option::weighted(0.9, 0u8..4), prop_oneof![1usize..6, 20usize..120]), 1..12),
        ) {
            let places = stretches.into_iter().flat_map(|(place, cells)| std::iter::repeat_n(place, cells));
            let places: Vec<_> = places.collect();
            let (from_ms, length_ms) = (first * grain.length_ms(), grain.length_ms());
            let end_ms = from_ms + length_ms * places.len() as i64;
            let place = |start_ms| places[usize::try_from((start_ms - from_ms) / length_ms).unwrap()];
            let layout = Layout::of(grain, from_ms, end_ms, place);
            prop_assert!(layout.plain.moved.is_empty());
            let day_ms = Grain::Day.length_ms();
            for tiers in [layout.plain, layout.sums] {
                for start_ms in (Grain::Day.start_of(from_ms)..end_ms + day_ms).step_by(length_ms as usize) {
                    let belongs = if (from_ms..end_ms).contains(&start_ms) { place(start_ms) } else { None };
                    let expected: BTreeMap<u8, i32> = belongs.iter().map(|place| (*place, 1)).collect();
                    prop_assert_eq!(counts(&tiers, start_ms), expected);
                }
            }
        }
    }

    #[test]
    fn a_day_that_a_midnight_cuts_is_read_with_the_hours_of_one_side() {
        // Days that begin at five, for a week.
        let layout = Layout::of(Grain::Hour, 5 * HOUR_MS, (7 * 24 + 5) * HOUR_MS, |start_ms| {
            Some((start_ms / HOUR_MS - 5) / 24)
        });
        let cells = |tiers: &[usize]| tiers.iter().sum::<usize>();
        let read = |tiers: &Tiers<i64>| {
            let counted = tiers.counted.iter().map(|tier| tier.places.iter().flatten().count());
            let moved = tiers.moved.iter().map(|tier| tier.places.iter().flatten().count());
            [counted.collect::<Vec<_>>(), moved.collect()].map(|tiers| cells(&tiers))
        };
        assert_eq!(read(&layout.plain), [7 * 24, 0]);
        // Of the first day what comes before is taken away; the last is cut off, and its hours are read with those: six, and one
        // of them that is put back.
        assert_eq!(read(&layout.sums), [7, 8 * 2]);
    }
}
