//! The endpoints of a stretch of time by its parts: of a month by days, of a day by hours, of an hour by minutes and quarters,
//! in rows of the same kind as those of cells. A name stands in its row once, with the parts in which it was called. Any of
//! the parts are read as the sums of one row.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::HashMap;

use super::encoded::{Encoded, Form, Named, put_names};
use super::part_set::{parts, put_parts, read_parts};
use super::{ENDPOINT_NAMES, EndpointCell, Endpoints};
use crate::table::Table;
use crate::usage::codec::{Input, Malformed, Read, put_bytes};
use crate::usage::grain::{Grain, HOUR_RETENTION_MS};
use crate::usage::head::minutes_from;
use crate::usage::kinds::{Calls, Kind, Kinds};
use crate::usage::slots::Slots;
use crate::usage::waiting::slot;

/// Rows of the second version do not begin with the parts that they have, and their names are written in full; in those of
/// the first each stands before its sums.
const VERSION: u8 = 3;
const IN_FULL: u8 = 2;
const NAMES_BETWEEN: u8 = 1;

/// Of each grain, where its parts are: keyed by API key and number of the row.
pub(in crate::usage) const ENDPOINT_PARTS: [(Grain, Table); 4] = [
    (Grain::Minute, Table("usage_endpoint_by_minute")),
    (Grain::Quarter, Table("usage_endpoint_by_quarter")),
    (Grain::Hour, Table("usage_endpoint_by_hour")),
    (Grain::Day, Table("usage_endpoint_by_day")),
];

/// From when on a key's endpoints are told apart by parts of a grain: for as long as cells are.
pub(in crate::usage) fn parts_from(grain: Grain, newest_ms: i64) -> i64 {
    match grain {
        Grain::Minute => minutes_from(newest_ms),
        Grain::Quarter | Grain::Hour | Grain::SixHours => Grain::Day.start_of(newest_ms - HOUR_RETENTION_MS),
        Grain::Day => 0,
    }
}

/// What is wanted of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::usage) struct Wanted {
    /// The calls of these parts, and their clients where the row tells of any.
    pub(in crate::usage) calls: Slots,
    /// Of these the clients alone.
    pub(in crate::usage) clients: Slots,
}

/// The endpoints of one row, by part.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::usage) struct EndpointParts {
    names: HashMap<Arc<str>, Vec<(u8, EndpointCell)>>,
    other: Vec<(u8, EndpointCell)>,
    kinds: Vec<(u8, Kinds)>,
}

impl EndpointParts {
    /// Adds calls of one part. Clients are only kept by the day.
    pub(in crate::usage) fn add(&mut self, grain: Grain, part: u8, more: &Endpoints) {
        for (name, cell) in more.busiest_first() {
            let full = self.names.len() >= ENDPOINT_NAMES;
            let cells = match self.names.get_mut(name) {
                Some(cells) => cells,
                None if full => &mut self.other,
                None => self.names.entry(Arc::clone(name)).or_default(),
            };
            slot(cells, part).merge(cell);
        }
        if more.other.requests > 0 {
            slot(&mut self.other, part).merge(&more.other);
        }
        let kinds = slot(&mut self.kinds, part);
        if grain == Grain::Day { kinds.merge(&more.kinds) } else { kinds.merge_calls(&more.kinds) }
    }

    /// What there is of each part.
    pub(in crate::usage) fn by_part(self) -> BTreeMap<u8, Endpoints> {
        let mut parts: BTreeMap<u8, Endpoints> = BTreeMap::new();
        for (name, cells) in self.names {
            for (part, cell) in cells {
                parts.entry(part).or_default().names.insert(Arc::clone(&name), cell);
            }
        }
        self.other.iter().for_each(|(part, cell)| parts.entry(*part).or_default().other.merge(cell));
        self.kinds.iter().for_each(|(part, kinds)| parts.entry(*part).or_default().kinds.merge(kinds));
        parts
    }

    pub(in crate::usage) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        // Each call is of a kind.
        put_parts(&mut out, &self.kinds);
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_unstable_by_key(|(name, _)| *name);
        put_names(&mut out, names.iter().map(|(name, _)| &***name));
        names.iter().for_each(|(_, cells)| put_cells(&mut out, cells));
        put_cells(&mut out, &self.other);
        put_kinds(&mut out, &self.kinds);
        out
    }

    /// The kinds of calls of each part.
    pub(in crate::usage) fn kinds(&self) -> &[(u8, Kinds)] {
        &self.kinds
    }

    pub(in crate::usage) fn decode(value: &[u8]) -> Read<Self> {
        let (mut row, mut input) = (Self::default(), Input(value));
        let (encoded, _) = open(&mut input)?;
        let known = encoded.known()?;
        let (other, input) = encoded.each(cells, |named, cells| {
            row.names.insert(named.of(&known)?, cells);
            Ok(())
        })?;
        row.other = other;
        each_kinds(input, |part, mut encoded| {
            let mut kinds = Kinds::default();
            kinds.add_encoded(&mut encoded)?;
            row.kinds.push((part as u8, kinds));
            encoded.end()
        })?;
        input.end()?;
        Ok(row)
    }
}

/// The parts of an encoded row that had calls, or all where it does not say.
pub(in crate::usage) fn parts_of(row: &[u8]) -> Read<Slots> {
    Ok(open(&mut Input(row))?.1)
}

/// Opens an encoded row; answers the parts that it has as well, or all where it does not say.
fn open<'i, 'a>(input: &'i mut Input<'a>) -> Read<(Encoded<'i, 'a>, Slots)> {
    let version = input.byte()?;
    let (form, parts) = match version {
        VERSION => (Form::Shortened, read_parts(input)?),
        IN_FULL => (Form::Full, Slots::ALL),
        NAMES_BETWEEN => (Form::Between, Slots::ALL),
        _ => return Err(Malformed),
    };
    Ok((Encoded::open(input, version, form)?, parts))
}

/// Opens an encoded row, unless it has none of the parts that are wanted: then all of it is passed over.
pub(super) fn open_wanted<'i, 'a>(
    input: &'i mut Input<'a>,
    Wanted { calls, clients }: Wanted,
) -> Read<Option<Encoded<'i, 'a>>> {
    let (encoded, parts) = open(input)?;
    if parts.0 & (calls.0 | clients.0) == 0 {
        encoded.pass_over();
        return Ok(None);
    }
    Ok(Some(encoded))
}

/// Shows the sums of the names that were called in the wanted parts of a row, and adds the kinds of calls, or passes over
/// these; answers the remainder.
pub(super) fn each_wanted<'a>(
    encoded: Encoded<'_, 'a>,
    wanted: Wanted,
    kinds: Option<&mut Kinds>,
    mut visit: impl FnMut(Named<'a>, EndpointCell) -> Read<()>,
) -> Read<EndpointCell> {
    let called = |named, cell: EndpointCell| if cell.requests > 0 { visit(named, cell) } else { Ok(()) };
    let (other, input) = encoded.each(|input| sum(input, wanted.calls), called)?;
    let Some(kinds) = kinds else {
        *input = Input(&[]);
        return Ok(other);
    };
    each_kinds(input, |part, mut encoded| {
        if wanted.calls.has(part) {
            kinds.add_encoded(&mut encoded)?;
        } else if wanted.clients.has(part) {
            let mut of_part = Kinds::default();
            of_part.add_encoded(&mut encoded)?;
            kinds.merge_clients(&of_part);
        }
        Ok(())
    })?;
    Ok(other)
}

/// Shows how many calls of each kind an encoded row counts, with their part.
pub(in crate::usage) fn each_kind(row: &[u8], visit: impl FnMut(u8, Kind, Calls)) -> Read<()> {
    let mut input = Input(row);
    let pass = |input: &mut Input<'_>| sum(input, Slots::default());
    let (_, input) = open(&mut input)?.0.each(pass, |_, _| Ok(()))?;
    show_kinds(input, visit)
}

/// The same of what is left of a row.
pub(super) fn show_kinds(input: &mut Input<'_>, mut visit: impl FnMut(u8, Kind, Calls)) -> Read<()> {
    each_kinds(input, |part, mut encoded| {
        Kinds::each_encoded(&mut encoded, |kind, calls| visit(part as u8, kind, calls))
    })
}

/// Shows the encoded kinds of each part.
fn each_kinds<'a>(input: &mut Input<'a>, mut visit: impl FnMut(u32, Input<'a>) -> Read<()>) -> Read<()> {
    let mut before: &[u8] = &[];
    for part in parts(input)? {
        let encoded = input.bytes()?;
        before = if encoded.is_empty() { before } else { encoded };
        visit(part, Input(before))?;
    }
    Ok(())
}

/// The sums of some of the encoded cells.
fn sum(input: &mut Input<'_>, wanted: Slots) -> Read<EndpointCell> {
    let mut sum = EndpointCell::default();
    for part in parts(input)? {
        let cell = EndpointCell::decode(input)?;
        if wanted.has(part) {
            sum.merge(&cell);
        }
    }
    Ok(sum)
}

fn put_kinds(out: &mut Vec<u8>, list: &[(u8, Kinds)]) {
    put_parts(out, list);
    let (mut before, mut encoded) = (Vec::new(), Vec::new());
    for (_, kinds) in list {
        encoded.clear();
        kinds.encode(&mut encoded);
        // Of few calls they are mostly those of the part before.
        put_bytes(out, if encoded == before { &[] } else { &encoded });
        std::mem::swap(&mut before, &mut encoded);
    }
}

fn put_cells(out: &mut Vec<u8>, cells: &[(u8, EndpointCell)]) {
    put_parts(out, cells);
    cells.iter().for_each(|(_, cell)| cell.encode(out));
}

fn cells(input: &mut Input<'_>) -> Read<Vec<(u8, EndpointCell)>> {
    parts(input)?.map(|part| Ok((part as u8, EndpointCell::decode(input)?))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::usage::calendar::{DAY_MS, HOUR_MS};
    use crate::usage::codec::put_varint;
    use crate::usage::endpoints::{EndpointSums, Gather};
    use crate::usage::samples::stored;

    fn calls() -> impl Strategy<Value = Vec<(u8, crate::usage::event::Stored)>> {
        prop::collection::vec((0u8..31, stored(true)), 0..80)
    }

    fn of(grain: Grain, calls: &[(u8, crate::usage::event::Stored)]) -> EndpointParts {
        let mut row = EndpointParts::default();
        for (part, event) in calls {
            let mut one = Endpoints::default();
            one.add(event);
            row.add(grain, *part, &one);
        }
        row
    }

    /// As this version writes a row, and as those before did.
    fn in_all_versions(row: &EndpointParts) -> [Vec<u8>; 3] {
        let mut names: Vec<_> = row.names.iter().collect();
        names.sort_unstable_by_key(|(name, _)| *name);
        let before = |version| {
            let (mut out, mut together, mut entries) = (vec![version], Vec::new(), Vec::new());
            put_varint(&mut out, names.len() as u64);
            for (name, cells) in &names {
                put_bytes(if version == IN_FULL { &mut together } else { &mut entries }, name.as_bytes());
                put_cells(&mut entries, cells);
            }
            if version == IN_FULL {
                put_bytes(&mut out, &together);
            }
            out.append(&mut entries);
            put_cells(&mut out, &row.other);
            put_kinds(&mut out, &row.kinds);
            out
        };
        [row.encode(), before(IN_FULL), before(NAMES_BETWEEN)]
    }

    proptest! {
        #[test]
        fn rows_come_back(calls in calls()) {
            for grain in Grain::ALL {
                let row = of(grain, &calls);
                for encoded in in_all_versions(&row) {
                    prop_assert_eq!(EndpointParts::decode(&encoded), Ok(row.clone()));
                }
            }
        }

        /// Alone and among those of other keys.
        #[test]
        fn any_parts_are_the_sums_of_their_calls(calls in calls(), chosen: u64, beside: u64) {
            let wanted = Wanted { calls: Slots(chosen), clients: Slots(chosen | beside) };
            for grain in [Grain::Day, Grain::Hour] {
                let row = of(grain, &calls);
                let (mut expected, mut clients) = (Endpoints::default(), Kinds::default());
                for (part, event) in &calls {
                    let mut one = Endpoints::default();
                    one.add(event);
                    if Slots(chosen).has(*part) {
                        expected.names.entry(event.endpoint.clone()).or_default().merge(&event.into());
                        expected.kinds.merge_calls(&one.kinds);
                    }
                    if grain == Grain::Day && wanted.clients.has(*part) {
                        clients.merge_clients(&one.kinds);
                    }
                }
                expected.kinds.merge_clients(&clients);
                for row in in_all_versions(&row) {
                    let found = Endpoints::of_row(&row, Some(wanted));
                    prop_assert_eq!(found.as_ref(), Ok(&expected));
                    let mut sums = EndpointSums::default();
                    prop_assert_eq!(sums.add_row(&row, Some(wanted)), Ok(()));
                    prop_assert!(sums.finish_key());
                    prop_assert_eq!(&sums.kinds, &expected.kinds);
                    prop_assert_eq!(sums.iter().count(), expected.names.len());
                    prop_assert!(sums.iter().all(|(name, cell)| expected.names.get(name) == Some(cell)));
                    let mut alone = EndpointSums::without_kinds();
                    prop_assert_eq!(alone.add_row(&row, Some(wanted)), Ok(()));
                    prop_assert!(alone.finish_key() && alone.calls == sums.calls && alone.iter().eq(sums.iter()));
                    prop_assert_eq!(&alone.kinds, &Kinds::default());
                }
            }
        }

        #[test]
        fn parts_of_a_stretch_are_those_that_begin_in_it(from_ms in 0..400 * DAY_MS, length in 0..70 * DAY_MS) {
            for (grain, _) in ENDPOINT_PARTS {
                let stretch = from_ms..from_ms + length;
                let rows = grain.rows();
                let (row, _) = rows.place_of(from_ms + length / 2);
                let found = Slots::within(rows, row, &stretch);
                for part in 0..u8::try_from(u64::BITS).unwrap() {
                    let start_ms = rows.slot_start(row, part);
                    let of_row = rows.place_of(start_ms).0 == row;
                    prop_assert_eq!(found.has(part), of_row && grain.start_of(from_ms) <= start_ms && start_ms < stretch.end);
                }
            }
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), chosen: u64) {
            for version in [VERSION, IN_FULL, NAMES_BETWEEN] {
                let value = [&[version], bytes.as_slice()].concat();
                let _ = EndpointParts::decode(&value);
                let wanted = Wanted { calls: Slots(chosen), clients: Slots(!chosen) };
                let _ = (Endpoints::of_row(&value, Some(wanted)), EndpointSums::default().add_row(&value, Some(wanted)));
            }
        }
    }

    #[test]
    fn a_million_names_take_no_more_room_than_a_thousand() {
        let mut row = EndpointParts::default();
        for number in 0..1_000_000u32 {
            let mut one = Endpoints::default();
            one.put(&Arc::from(number.to_string()), &EndpointCell { requests: 1, ..EndpointCell::default() });
            row.add(Grain::Hour, (number % 24) as u8, &one);
        }
        assert_eq!((row.names.len(), row.other.len()), (ENDPOINT_NAMES, 24));
        let wanted =
            Wanted { calls: Slots::within(Grain::Hour.rows(), 0, &(0..DAY_MS)), clients: Slots::default() };
        let whole = Endpoints::of_row(&row.encode(), Some(wanted)).unwrap().into_report().totals;
        assert_eq!(whole.iter().map(|total| total.cell.requests).sum::<u64>(), 1_000_000);
        let wanted = Wanted { calls: Slots::within(Grain::Hour.rows(), 0, &(0..HOUR_MS)), ..wanted };
        let hour = Endpoints::of_row(&row.encode(), Some(wanted)).unwrap().into_report().totals;
        assert_eq!(hour.iter().map(|total| total.cell.requests).sum::<u64>(), 1_000_000u64.div_ceil(24));
    }
}
