//! Reads of one committed state: redb's read transaction behind the store's interface. Reads run inline; they take
//! microseconds.

use std::ops::Bound;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use redb::{ReadTransaction, ReadableTable, TableError};

use crate::error::{Error, Result};
use crate::interface::{Snapshot, Versioned};
use crate::redb::database::{self, definition, engine, named, storage};
use crate::redb::port::{Look, RawRead, Visit};
use crate::table::{KeyRange, Order, Table};

/// Bytes of the version before each row's value.
pub(crate) const VERSION_LEN: usize = 8;

/// Splits a stored row into its version and its value.
pub(crate) fn split(table: Table, stored: &[u8]) -> Result<(u64, &[u8])> {
    match stored.split_first_chunk::<VERSION_LEN>() {
        Some((version, value)) => Ok((u64::from_le_bytes(*version), value)),
        None => Err(Error::Damaged { table: table.0 }),
    }
}

type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// A range of keys in redb's terms; none when it is empty.
fn bounds(range: &KeyRange) -> Option<Bounds<'_>> {
    match &range.end {
        Some(end) if *end <= range.start => None,
        Some(end) => Some((Bound::Included(&range.start), Bound::Excluded(end))),
        None => Some((Bound::Included(&range.start), Bound::Unbounded)),
    }
}

/// Shows the rows of an open table to `visit`, in order, until it answers `false`.
pub(crate) fn visit_rows(
    table: &impl ReadableTable<database::Bytes, database::Bytes>,
    range: &KeyRange,
    order: Order,
    visit: Visit<'_>,
) -> Result<()> {
    let Some(bounds) = bounds(range) else { return Ok(()) };
    let mut rows = table.range::<&[u8]>(bounds).map_err(storage)?;
    loop {
        let row = match order {
            Order::Ascending => rows.next(),
            Order::Descending => rows.next_back(),
        };
        let Some(row) = row else { return Ok(()) };
        let (key, value) = row.map_err(storage)?;
        if !visit(key.value(), value.value())? {
            return Ok(());
        }
    }
}

type ReadTable = redb::ReadOnlyTable<database::Bytes, database::Bytes>;

/// Tables that were opened, one after another. None is ever taken out, so whoever looks for one takes no lock and counts no
/// reference: of tables that two threads ask for by turns, that takes as long as finding a row.
#[derive(Default)]
struct Opened(OnceLock<Box<OpenTable>>);

struct OpenTable {
    name: Table,
    /// None where there is no such table.
    table: Option<ReadTable>,
    next: Opened,
}

/// One committed state, shared by all who read it.
pub(crate) struct View {
    transaction: ReadTransaction,
    /// Opening one reads pages: as long as finding a row in it.
    opened: Opened,
}

impl View {
    pub(crate) fn new(transaction: ReadTransaction) -> Self {
        Self { transaction, opened: Opened::default() }
    }

    fn table(&self, name: Table) -> Result<Option<&ReadTable>> {
        let mut place = &self.opened;
        while let Some(open) = place.0.get() {
            if open.name == name {
                return Ok(open.table.as_ref());
            }
            place = &open.next;
        }
        let table = match self.transaction.open_table(definition(name)) {
            Ok(table) => Some(table),
            Err(TableError::TableDoesNotExist(_)) => None,
            Err(error) => return Err(engine(error)),
        };
        let mut new = Box::new(OpenTable { name, table, next: Opened::default() });
        // Where others have opened some meanwhile, behind theirs.
        while let Err(again) = place.0.set(new) {
            new = again;
            while let Some(open) = place.0.get() {
                place = &open.next;
            }
        }
        Ok(place.0.get().and_then(|open| open.table.as_ref()))
    }

    /// The names of all tables.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let tables = self.transaction.list_tables().map_err(storage)?;
        Ok(tables.map(|table| redb::TableHandle::name(&table).to_owned()).collect())
    }

    /// All raw rows of a table by its name, one after another.
    pub(crate) fn rows_of(
        &self,
        name: &str,
    ) -> Result<impl Iterator<Item = Result<(Vec<u8>, Vec<u8>)>> + use<>> {
        let table = self.transaction.open_table(named(name)).map_err(engine)?;
        let rows = table.range::<&[u8]>(..).map_err(storage)?;
        Ok(rows.map(|row| {
            let (key, value) = row.map_err(storage)?;
            Ok((key.value().to_vec(), value.value().to_vec()))
        }))
    }

    /// The raw rows from a key on, one after another.
    pub(crate) fn rows_from(
        &self,
        table: Table,
        start: &[u8],
    ) -> Result<impl Iterator<Item = Result<(Vec<u8>, Vec<u8>)>> + use<>> {
        let rows = match self.table(table)? {
            Some(table) => Some(table.range::<&[u8]>(start..).map_err(storage)?),
            None => None,
        };
        Ok(rows.into_iter().flatten().map(|row| {
            let (key, value) = row.map_err(storage)?;
            Ok((key.value().to_vec(), value.value().to_vec()))
        }))
    }
}

impl RawRead for View {
    fn raw_look(&self, table: Table, key: &[u8], look: Look<'_>) -> Result<()> {
        let Some(table) = self.table(table)? else { return Ok(()) };
        let value = ReadableTable::get(table, key).map_err(storage)?;
        value.map_or(Ok(()), |value| look(value.value()))
    }

    fn raw_scan(&self, table: Table, range: &KeyRange, order: Order, visit: Visit<'_>) -> Result<()> {
        match self.table(table)? {
            Some(table) => visit_rows(table, range, order, visit),
            None => Ok(()),
        }
    }
}

/// A consistent view of the store; cheap to open and to clone. While one is held, the room of what has been
/// removed since is not used again: do not keep it.
#[derive(Clone)]
pub struct RedbSnapshot(pub(crate) Arc<View>);

impl Snapshot for RedbSnapshot {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Versioned>> {
        let Some(open) = self.0.table(table)? else { return Ok(None) };
        let Some(stored) = ReadableTable::get(open, key).map_err(storage)? else { return Ok(None) };
        let (version, value) = split(table, stored.value())?;
        Ok(Some(Versioned { version, value: Bytes::copy_from_slice(value) }))
    }

    async fn scan(
        &self,
        table: Table,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Versioned)>> {
        let mut rows = Vec::new();
        if limit == 0 {
            return Ok(rows);
        }
        self.0.raw_scan(table, &range, order, &mut |key, stored| {
            let (version, value) = split(table, stored)?;
            rows.push((key.to_vec(), Versioned { version, value: Bytes::copy_from_slice(value) }));
            Ok(rows.len() < limit)
        })?;
        Ok(rows)
    }
}
