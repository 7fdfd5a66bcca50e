//! Which cells are read, so that few are. A day (UTC) that belongs to one place as a whole is one cell in place of 24; one that a
//! midnight elsewhere cuts counts for the place with most of it, and only the hours of others are read and moved from there. So
//! do six hours of them that mostly belong elsewhere, and an hour of which its quarters do. It knows places alone, not what is in
//! a cell.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use keyward_store::usage::Grain;

/// Of a day that more stretches share none is moved: hours of a chart by the hour are read as they are.
const MOST_PARTS: usize = 4;

/// From where and to where, where nowhere is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move<P> {
    pub(super) from: Option<P>,
    pub(super) to: Option<P>,
}

/// Cells of one length that are read.
pub(super) struct Read<P> {
    pub(super) grain: Grain,
    /// From the place that a longer cell counted them for, to their own; or those that were counted for none, where others of
    /// their part of the day are moved. All others are counted for the first time.
    pub(super) moved: bool,
    /// All there are from the first place on; none where one is not read.
    pub(super) cells: Vec<Option<Move<P>>>,
}

/// What is read of cells of a grain with these places, one after the other, of whole days: the longest first, and before those
/// that are moved. If `moving` is not wanted, none are.
pub(super) fn reads<P: Copy + PartialEq>(grain: Grain, places: &[Option<P>], moving: bool) -> Vec<Read<P>> {
    let [counted, moved] = lengths(grain);
    let moved = if moving { moved } else { Vec::new() };
    let day = step(Grain::Day) / step(grain);
    let may_move = |places: &&[Option<P>]| places.chunk_by(|a, b| a == b).count() <= MOST_PARTS;
    // Only parts of the day that are moved on days which belong somewhere as a whole, as what a zone's midnights cut off: a
    // further day adds hardly anything there.
    let mut parts = BTreeSet::new();
    let belongs = |places: &&[Option<P>]| places.iter().all(Option::is_some);
    for places in places.chunks(day).filter(belongs).filter(may_move) {
        let cells = fewest(&moved, 0, places, None, &|_, _| true).unwrap_or_default();
        let by_day = cells.first().is_some_and(|first| first.length.cells == day);
        parts.extend(cells.iter().filter(|_| by_day).map(|cell| (cell.length.cells, cell.at)));
    }
    let may_read = |length, at| length == day || parts.contains(&(length, at));
    let mut reads: BTreeMap<(bool, Reverse<usize>), Read<P>> = BTreeMap::new();
    for (number, of_day) in places.chunks(day).enumerate() {
        let planned = Some(of_day).filter(may_move);
        let planned = planned.and_then(|of_day| fewest(&moved, 0, of_day, None, &may_read));
        let moves = planned.is_some();
        for Planned { length, at, moved } in planned.unwrap_or_else(|| whole_cells(&counted, 0, of_day)) {
            let moves = moves && length.cells < day;
            let read = reads.entry((moves, Reverse(length.cells))).or_insert_with(|| Read {
                grain: length.grain,
                moved: moves,
                cells: vec![None; places.len() / length.cells],
            });
            read.cells[number * day / length.cells + at] = Some(moved);
        }
    }
    reads.into_values().collect()
}

/// How many of the shortest cells make one of a grain.
#[derive(Clone, Copy)]
struct Length {
    grain: Grain,
    cells: usize,
}

/// Which cells are read as they are in place of those of a grain, and which are where some are moved; the longest first.
fn lengths(grain: Grain) -> [Vec<Length>; 2] {
    let (counted, moved): (&[Grain], &[Grain]) = match grain {
        Grain::Minute => (&[Grain::Minute], &[]),
        Grain::Quarter => (
            &[Grain::Day, Grain::Hour, Grain::Quarter],
            &[Grain::Day, Grain::SixHours, Grain::Hour, Grain::Quarter],
        ),
        Grain::Hour => (&[Grain::Day, Grain::Hour], &[Grain::Day, Grain::SixHours, Grain::Hour]),
        Grain::SixHours => (&[Grain::Day, Grain::SixHours], &[Grain::Day, Grain::SixHours]),
        Grain::Day => (&[Grain::Day], &[]),
    };
    let of = |grains: &[Grain]| {
        grains.iter().map(|of| Length { grain: *of, cells: step(*of) / step(grain) }).collect()
    };
    [of(counted), of(moved)]
}

/// A cell that is read: which of its length in its day, and where to.
struct Planned<P> {
    length: Length,
    at: usize,
    moved: Move<P>,
}

/// The longest cells that belong somewhere as a whole, of those that come `first` in the day and have these places.
fn whole_cells<P: Copy + PartialEq>(
    lengths: &[Length],
    first: usize,
    places: &[Option<P>],
) -> Vec<Planned<P>> {
    let Some((length, shorter)) = lengths.split_first() else { return Vec::new() };
    let mut cells = Vec::new();
    for (number, places) in places.chunks(length.cells).enumerate() {
        let (to, first) = (places[0], first + number * length.cells);
        if places.iter().any(|place| *place != to) {
            cells.extend(whole_cells(shorter, first, places));
        } else if to.is_some() {
            let moved = Move { from: None, to };
            cells.push(Planned { length: *length, at: first / length.cells, moved });
        }
    }
    cells
}

/// The fewest cells that bring what was counted for `before` to these places: a longer one to where most of it belongs, and the
/// rest from there. None if that takes any that may not be read.
fn fewest<P: Copy + PartialEq>(
    lengths: &[Length],
    first: usize,
    places: &[Option<P>],
    before: Option<P>,
    may_read: &impl Fn(usize, usize) -> bool,
) -> Option<Vec<Planned<P>>> {
    let mut cells = Vec::new();
    let Some((length, shorter)) = lengths.split_first() else {
        return places.iter().all(|place| *place == before).then_some(cells);
    };
    for (number, places) in places.chunks(length.cells).enumerate() {
        let first = first + number * length.cells;
        let at = first / length.cells;
        let to = *places.chunk_by(|a, b| a == b).max_by_key(|alike| alike.len())?.first()?;
        let alike = places.iter().all(|place| *place == to);
        if alike && to == before {
            continue;
        }
        let read = || {
            let this = Planned { length: *length, at, moved: Move { from: before, to } };
            let rest = fewest(shorter, first, places, to, may_read)?;
            Some(std::iter::once(this).chain(rest).collect::<Vec<_>>())
        };
        let read = Some(()).filter(|()| to != before && may_read(length.cells, at)).and_then(|()| read());
        let more = match read {
            // None are fewer than one.
            Some(read) if alike => read,
            read => {
                let unread = fewest(shorter, first, places, before, may_read);
                match (read, unread) {
                    (Some(read), Some(unread)) if read.len() < unread.len() => read,
                    (read, unread) => unread.or(read)?,
                }
            }
        };
        cells.extend(more);
    }
    Some(cells)
}

/// A cell's length, ms.
pub(super) fn step(grain: Grain) -> usize {
    usize::try_from(grain.length_ms()).unwrap_or(1)
}
