//! Rows in the layout of a later schema, made from those that an earlier version of the store has kept. What a released schema
//! says of rows is frozen here; it must not read any other.

use std::collections::BTreeMap;

use super::endpoints::{ENDPOINT_PARTS, EndpointParts, KIND_ROWS, KindRow};
use super::fold::damaged;
use super::grain::Grain;
use super::head::HEADS;
use super::kinds::Kinds;
use super::models::{MODEL_ROWS, Models};
use super::rollup::{Cells, row_key, row_number};
use super::rows::Rows;
use crate::error::{Error, Result};
use crate::model::Id;
use crate::redb::port::RawRead;
use crate::table::{KeyRange, Order, Table};

/// A row to be written.
pub(crate) type NewRow = (Table, Vec<u8>, Vec<u8>);

/// All keys that were ever called.
pub(crate) fn keys(read: &dyn RawRead) -> Result<Vec<Id>> {
    let mut keys = Vec::new();
    read.raw_scan(HEADS, &KeyRange::all(), Order::Ascending, &mut |key, _| {
        let id = key.try_into().map_err(|_| Error::Damaged { table: HEADS.0 })?;
        keys.push(Id::from_bytes(id));
        Ok(true)
    })?;
    Ok(keys)
}

/// A key's rows by quarters of an hour, for what was kept by the hour alone. Of each hour all calls count for its first
/// quarter, where they were told before, so that a day which begins at half past an hour loses none of them.
pub(crate) fn quarters_of_hours(read: &dyn RawRead, api_key: Id) -> Result<Vec<NewRow>> {
    let [_, quarters, hours, _] = ENDPOINT_PARTS.map(|(_, table)| table);
    let [(_, model_quarters), (_, model_hours), _] = MODEL_ROWS;
    let cells = cells_of_hours(read, api_key, Rows::QuartersOfDays)?;
    let mut endpoints: BTreeMap<u32, EndpointParts> = BTreeMap::new();
    each(read, hours, api_key, |row, value| {
        let found = EndpointParts::decode(value).map_err(damaged(hours))?;
        for (hour, of_hour) in found.by_part() {
            let (row, quarter) = place_of_hour(Rows::QuartersOfDays, row, hour);
            endpoints.entry(row).or_default().add(Grain::Quarter, quarter, &of_hour);
        }
        Ok(())
    })?;
    let mut models: BTreeMap<u32, Models> = BTreeMap::new();
    each(read, model_hours, api_key, |_, value| {
        let found = Models::decode(value).map_err(damaged(model_hours))?;
        let rows = found.rows(Grain::Quarter);
        rows.iter().for_each(|(row, more)| models.entry(*row).or_default().merge(more, Grain::Quarter));
        Ok(())
    })?;
    let new = |table, row: &u32, value| (table, row_key(api_key, *row), value);
    let endpoints = endpoints.iter().map(|(row, parts)| new(quarters, row, parts.encode()));
    let models = models.iter().map(|(row, models)| new(model_quarters, row, models.encode()));
    Ok(cells.into_iter().chain(endpoints).chain(models).collect())
}

/// A key's hours by the hour of the day, and the kinds of calls of each: of what was kept by days alone, and of kinds beside
/// the endpoints.
pub(crate) fn hours_by_hour(read: &dyn RawRead, api_key: Id) -> Result<Vec<NewRow>> {
    let [(_, rows, table), ..] = KIND_ROWS;
    by_part_of_day(read, api_key, rows, table)
}

/// The same by six hours of the day.
pub(crate) fn six_hours(read: &dyn RawRead, api_key: Id) -> Result<Vec<NewRow>> {
    let [_, (_, rows, table), _] = KIND_ROWS;
    by_part_of_day(read, api_key, rows, table)
}

fn by_part_of_day(read: &dyn RawRead, api_key: Id, rows: Rows, kind_rows: Table) -> Result<Vec<NewRow>> {
    let [_, _, endpoint_hours, _] = ENDPOINT_PARTS.map(|(_, table)| table);
    let cells = cells_of_hours(read, api_key, rows)?;
    let mut kinds: BTreeMap<u32, KindRow> = BTreeMap::new();
    each(read, endpoint_hours, api_key, |day, value| {
        let found = EndpointParts::decode(value).map_err(damaged(endpoint_hours))?;
        let place = |part: &(u8, Kinds)| place_of_hour(rows, day, part.0);
        for parts in found.kinds().chunk_by(|a, b| place(a) == place(b)) {
            let (row, slot) = place(&parts[0]);
            kinds.entry(row).or_default().set(slot, parts.iter().map(|(_, kinds)| kinds));
        }
        Ok(())
    })?;
    let kinds = kinds.iter().map(|(row, kinds)| (kind_rows, row_key(api_key, *row), kinds.encode()));
    Ok(cells.into_iter().chain(kinds).collect())
}

/// A key's cells of hours, as they stand in rows of another layout: of one of shorter cells, for the first of each hour.
fn cells_of_hours(read: &dyn RawRead, api_key: Id, rows: Rows) -> Result<Vec<NewRow>> {
    let hours = Rows::HoursOfDay.table();
    let mut cells: BTreeMap<u32, Cells> = BTreeMap::new();
    each(read, hours, api_key, |day, value| {
        for (hour, cell) in &Cells::decode(value).map_err(damaged(hours))?.0 {
            let (row, slot) = place_of_hour(rows, day, *hour);
            cells.entry(row).or_default().merge(slot, cell);
        }
        Ok(())
    })?;
    let new =
        |(row, cells): (&u32, &Cells)| (rows.table(), row_key(api_key, *row), cells.encode(rows.grain()));
    Ok(cells.iter().map(new).collect())
}

/// Where an hour of a day begins in rows of another layout.
fn place_of_hour(rows: Rows, day: u32, hour: u8) -> (u32, u8) {
    rows.place_of(Rows::HoursOfDay.slot_start(day, hour))
}

fn each(
    read: &dyn RawRead,
    table: Table,
    api_key: Id,
    mut visit: impl FnMut(u32, &[u8]) -> Result<()>,
) -> Result<()> {
    let range = KeyRange::prefix(api_key.as_bytes());
    read.raw_scan(table, &range, Order::Ascending, &mut |key, value| {
        visit(row_number(key).map_err(damaged(table))?, value)?;
        Ok(true)
    })
}
