//! Rows by quarters of an hour for what an earlier version kept by the hour alone. Of each hour all calls count for its first
//! quarter, where they were told before, so that a day which begins at half past an hour loses none of them.

use std::collections::BTreeMap;

use super::endpoints::{ENDPOINT_PARTS, EndpointParts};
use super::fold::damaged;
use super::grain::Grain;
use super::head::HEADS;
use super::models::{MODEL_ROWS, Models};
use super::rollup::{Cells, row_key, row_number};
use crate::error::{Error, Result};
use crate::model::Id;
use crate::redb::port::RawRead;
use crate::table::{KeyRange, Order, Table};

/// A row to be written.
type NewRow = (Table, Vec<u8>, Vec<u8>);

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

/// The rows of one key.
pub(crate) fn of_hours(read: &dyn RawRead, api_key: Id) -> Result<Vec<NewRow>> {
    let [_, quarters, hours, _] = ENDPOINT_PARTS.map(|(_, table)| table);
    let [(_, model_quarters), (_, model_hours), _] = MODEL_ROWS;
    let mut cells: BTreeMap<u32, Cells> = BTreeMap::new();
    each(read, Grain::Hour.table(), api_key, |row, value| {
        let found = Cells::decode(value).map_err(damaged(Grain::Hour.table()))?;
        for (hour, cell) in &found.0 {
            let (row, quarter) = first_quarter(row, *hour);
            cells.entry(row).or_default().merge(quarter, cell);
        }
        Ok(())
    })?;
    let mut endpoints: BTreeMap<u32, EndpointParts> = BTreeMap::new();
    each(read, hours, api_key, |row, value| {
        let found = EndpointParts::decode(value).map_err(damaged(hours))?;
        for (hour, of_hour) in found.by_part() {
            let (row, quarter) = first_quarter(row, hour);
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
    let key = |row: &u32| row_key(api_key, *row);
    let cells =
        cells.iter().map(|(row, cells)| (Grain::Quarter.table(), key(row), cells.encode(Grain::Quarter)));
    let endpoints = endpoints.iter().map(|(row, parts)| (quarters, key(row), parts.encode()));
    let models = models.iter().map(|(row, models)| (model_quarters, key(row), models.encode()));
    Ok(cells.chain(endpoints).chain(models).collect())
}

/// Where the first quarter of an hour stands.
fn first_quarter(row: u32, hour: u8) -> (u32, u8) {
    Grain::Quarter.place_of(Grain::Hour.slot_start(row, hour))
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
