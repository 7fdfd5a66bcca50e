//! Which rollups a question about many keys reads, and where each of their cells belongs: worked out once for all keys. What
//! belongs to one place as a whole is read as the longest cells there are: a day (UTC) as one cell in place of 24, and where
//! days begin at half past an hour, all hours but that one. It knows no key and no calendar.

use std::sync::{Mutex, PoisonError};

use keyward_store::Result;
use keyward_store::usage::{Calls, Cell, CellRanges, CellSum, FoundCell, Grain, KeyUsage, Kind, ModelUse};

/// Cells of one length, and where they belong.
struct Tier<P> {
    cells: CellRanges,
    first_ms: i64,
    /// Of each cell from `first_ms` on; none of those that are not read.
    places: Vec<Option<P>>,
}

/// Ranges of cells, and where these belong.
pub(super) struct Layout<P> {
    /// The one of the longest cells first.
    tiers: Vec<Tier<P>>,
}

impl<P: Copy + PartialEq> Layout<P> {
    /// For the cells of a grain that begin in `from_ms..to_ms`, cut to whole cells.
    pub(super) fn of(grain: Grain, from_ms: i64, to_ms: i64, place: impl Fn(i64) -> Option<P>) -> Self {
        let longer: &[Grain] = match grain {
            Grain::Quarter => &[Grain::Day, Grain::Hour],
            Grain::Hour => &[Grain::Day],
            Grain::Minute | Grain::Day => &[],
        };
        let (first_ms, length) = (grain.start_of(from_ms), step(grain));
        let mut left: Vec<Option<P>> = (first_ms..to_ms).step_by(length).map(place).collect();
        let mut tiers: Vec<Tier<P>> = longer
            .iter()
            .map(|longer| {
                let longer_ms = longer.start_of(from_ms);
                let places = (longer_ms..to_ms).step_by(step(*longer));
                let places = places.map(|start_ms| {
                    let at = usize::try_from(grain.cells_in(start_ms - first_ms)).ok()?;
                    let cells = left.get_mut(at..at + step(*longer) / length)?;
                    let place = *cells.first().filter(|_| start_ms >= first_ms)?;
                    if cells.iter().any(|other| *other != place) {
                        return None;
                    }
                    cells.fill(None);
                    place
                });
                Tier::of(*longer, longer_ms, places.collect())
            })
            .collect();
        tiers.push(Tier::of(grain, first_ms, left));
        Self { tiers }
    }

    /// Shows a key's cells, each with its place and its start.
    pub(super) fn each(
        &self,
        key: &KeyUsage,
        mut visit: impl FnMut(P, i64, &FoundCell<'_>) -> Result<()>,
    ) -> Result<()> {
        self.tiers.iter().try_for_each(|tier| {
            key.each_cell(&tier.cells, |start_ms, cell| match tier.at(start_ms) {
                Some(place) => visit(place, start_ms, cell),
                None => Ok(()),
            })
        })
    }

    /// Adds the same cells to `into`, if that is wanted, and shows the sums of each.
    pub(super) fn add(
        &self,
        key: &KeyUsage,
        mut into: Option<&mut CellSum>,
        mut visit: impl FnMut(P, i64, &Cell),
    ) -> Result<()> {
        self.tiers.iter().try_for_each(|tier| {
            key.add_cells(&tier.cells, into.as_deref_mut(), |start_ms, sums| {
                tier.at(start_ms).into_iter().for_each(|place| visit(place, start_ms, sums));
            })
        })
    }

    /// What calls told of models in the same cells.
    pub(super) fn models(&self, key: &KeyUsage) -> Result<Vec<ModelUse>> {
        let mut uses = Vec::new();
        self.tiers.iter().try_for_each(|tier| key.models(&tier.cells).map(|more| uses.extend(more)))?;
        Ok(uses)
    }

    /// Shows how many calls of each wanted kind the same cells count, each with its place.
    pub(super) fn each_kind(
        &self,
        key: &KeyUsage,
        wanted: impl Fn(Kind) -> bool,
        mut visit: impl FnMut(P, Kind, Calls),
    ) -> Result<()> {
        self.tiers.iter().try_for_each(|tier| {
            key.each_kind(&tier.cells, &wanted, |start_ms, kind, calls| {
                tier.at(start_ms).into_iter().for_each(|place| visit(place, kind, calls));
            })
        })
    }
}

impl<P: Copy> Tier<P> {
    fn of(grain: Grain, first_ms: i64, places: Vec<Option<P>>) -> Self {
        let length_ms = grain.length_ms();
        let starts = places.iter().zip(0..).filter(|(place, _)| place.is_some());
        let starts = starts.map(|(_, at): (_, i64)| first_ms + at * length_ms);
        let cells = CellRanges::new(grain, starts.map(|start_ms| start_ms..start_ms + length_ms));
        Self { cells, first_ms, places }
    }

    fn at(&self, start_ms: i64) -> Option<P> {
        let at = usize::try_from(self.cells.grain().cells_in(start_ms - self.first_ms)).ok()?;
        self.places.get(at).copied().flatten()
    }
}

/// A cell's length, ms.
fn step(grain: Grain) -> usize {
    usize::try_from(grain.length_ms()).unwrap_or(1)
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
