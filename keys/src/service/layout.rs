//! Which rollups a question about many keys reads, and where each of their cells belongs: worked out once for all keys. A
//! day (UTC) that belongs to one place as a whole is read as one cell in place of 24. It knows no key and no calendar.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use keyward_store::Result;
use keyward_store::usage::{Calls, Cell, CellSum, FoundCell, Grain, KeyUsage, Kind};

/// Cells from `first_ms` on, all of one length, and where they belong.
struct Places<P> {
    grain: Grain,
    first_ms: i64,
    places: Vec<Option<P>>,
}

/// Ranges of cells, and where these belong.
pub(super) struct Layout<P> {
    fine: Places<P>,
    /// Whole days that are read as such.
    days: Places<P>,
    /// What is read of the fine cells.
    ranges: Vec<Range<i64>>,
}

impl<P: Copy + PartialEq> Layout<P> {
    /// For the cells of a grain that begin in `from_ms..to_ms`, cut to whole cells.
    pub(super) fn of(grain: Grain, from_ms: i64, to_ms: i64, place: impl Fn(i64) -> Option<P>) -> Self {
        let fine = Places::of(grain, grain.start_of(from_ms), to_ms, place);
        let mut days =
            Places { grain: Grain::Day, first_ms: Grain::Day.start_of(from_ms), places: Vec::new() };
        let mut ranges = Vec::new();
        if grain == Grain::Hour && from_ms < to_ms {
            days = Places::of(Grain::Day, days.first_ms, to_ms, |day_ms| fine.whole_day(day_ms));
            for (start_ms, place) in days.starts() {
                let (from_ms, end_ms) = (start_ms.max(fine.first_ms), start_ms + Grain::Day.length_ms());
                match ranges.last_mut() {
                    _ if place.is_some() => {}
                    Some(Range { end, .. }) if *end == from_ms => *end = end_ms.min(to_ms),
                    _ => ranges.push(from_ms..end_ms.min(to_ms)),
                }
            }
        } else {
            ranges.push(fine.first_ms..to_ms);
        }
        Self { fine, days, ranges }
    }

    /// Shows a key's cells, each with its place and its start.
    pub(super) fn each(
        &self,
        key: &KeyUsage,
        mut visit: impl FnMut(P, i64, &FoundCell<'_>) -> Result<()>,
    ) -> Result<()> {
        for (places, Range { start, end }) in self.parts() {
            key.each_cell(places.grain, start, end, |start_ms, cell| match places.at(start_ms) {
                Some(place) => visit(place, start_ms, cell),
                None => Ok(()),
            })?;
        }
        Ok(())
    }

    /// Adds the same cells to `into`, if that is wanted, and shows the sums of each.
    pub(super) fn add(
        &self,
        key: &KeyUsage,
        mut into: Option<&mut CellSum>,
        mut visit: impl FnMut(P, i64, &Cell),
    ) -> Result<()> {
        for (places, range) in self.parts() {
            if places.all_have(&range) {
                key.add_cells(
                    places.grain,
                    range.start,
                    range.end,
                    into.as_deref_mut(),
                    |start_ms, sums| {
                        places.at(start_ms).into_iter().for_each(|place| visit(place, start_ms, sums));
                    },
                )?;
                continue;
            }
            key.each_cell(places.grain, range.start, range.end, |start_ms, cell| {
                let Some(place) = places.at(start_ms) else { return Ok(()) };
                visit(place, start_ms, cell.sums);
                into.iter_mut().try_for_each(|into| into.add(cell))
            })?;
        }
        Ok(())
    }

    /// Shows how many calls of each wanted kind the same cells count, each with its place.
    pub(super) fn each_kind(
        &self,
        key: &KeyUsage,
        wanted: impl Fn(Kind) -> bool,
        mut visit: impl FnMut(P, Kind, Calls),
    ) -> Result<()> {
        for (places, Range { start, end }) in self.parts() {
            key.each_kind(places.grain, start, end, &wanted, |start_ms, kind, calls| {
                places.at(start_ms).into_iter().for_each(|place| visit(place, kind, calls));
            })?;
        }
        Ok(())
    }

    /// What is read.
    fn parts(&self) -> impl Iterator<Item = (&Places<P>, Range<i64>)> {
        let fine = self.ranges.iter().map(|range| (&self.fine, range.clone()));
        fine.chain(self.days.span().map(|days| (&self.days, days)))
    }
}

impl<P: Copy + PartialEq> Places<P> {
    fn of(grain: Grain, first_ms: i64, to_ms: i64, place: impl Fn(i64) -> Option<P>) -> Self {
        let length = usize::try_from(grain.length_ms()).unwrap_or(1);
        Self { grain, first_ms, places: (first_ms..to_ms).step_by(length).map(place).collect() }
    }

    fn starts(&self) -> impl Iterator<Item = (i64, Option<P>)> {
        self.places
            .iter()
            .zip(0..)
            .map(|(place, at): (_, i64)| (self.first_ms + at * self.grain.length_ms(), *place))
    }

    fn at(&self, start_ms: i64) -> Option<P> {
        let at = usize::try_from(self.grain.cells_in(start_ms - self.first_ms)).ok()?;
        self.places.get(at).copied().flatten()
    }

    /// Whether each cell that begins in a range belongs somewhere.
    fn all_have(&self, range: &Range<i64>) -> bool {
        let [from, to] = [range.start, range.end + self.grain.length_ms() - 1]
            .map(|at_ms| usize::try_from(self.grain.cells_in(at_ms - self.first_ms)).unwrap_or(usize::MAX));
        self.places.get(from..to).is_some_and(|cells| cells.iter().all(Option::is_some))
    }

    /// Where a day belongs, when all of its cells are there and belong to one place.
    fn whole_day(&self, day_ms: i64) -> Option<P> {
        let first = usize::try_from(self.grain.cells_in(day_ms - self.first_ms)).ok()?;
        let cells = self.places.get(first..)?.get(..self.grain.cells_in(Grain::Day.length_ms()) as usize)?;
        let place = *cells.first()?;
        place.filter(|_| day_ms >= self.first_ms && cells.iter().all(|other| *other == place))
    }

    /// From the first cell that has a place through the last.
    fn span(&self) -> Option<Range<i64>> {
        let mut starts = self.starts().filter(|(_, place)| place.is_some()).map(|(start_ms, _)| start_ms);
        let first = starts.next()?;
        Some(first..starts.last().unwrap_or(first) + self.grain.length_ms())
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
