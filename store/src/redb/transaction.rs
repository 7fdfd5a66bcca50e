//! The writer's open transaction: each table opened once, rows read and written as bytes. It must not decide
//! anything; what to write comes from the group.

use std::cell::RefCell;

use redb::{ReadableTable, ReadableTableMetadata, WriteTransaction};

use crate::error::Result;
use crate::redb::database::{self, definition, engine, storage};
use crate::redb::port::{Look, RawRead, Visit};
use crate::redb::snapshot::{VERSION_LEN, visit_rows};
use crate::table::{KeyRange, Order, Table};

type Opened<'t> = redb::Table<'t, database::Bytes, database::Bytes>;

/// One write transaction with the tables it has opened so far: few, so a list beats a map.
pub(crate) struct Tx<'t> {
    transaction: &'t WriteTransaction,
    tables: RefCell<Vec<(Table, Opened<'t>)>>,
}

impl<'t> Tx<'t> {
    pub(crate) fn new(transaction: &'t WriteTransaction) -> Self {
        Self { transaction, tables: RefCell::new(Vec::new()) }
    }

    /// Runs `work` on a table. `work` must not come back for another one.
    fn with<R>(&self, table: Table, work: impl FnOnce(&mut Opened<'t>) -> Result<R>) -> Result<R> {
        let mut tables = self.tables.borrow_mut();
        let at = match tables.iter().position(|(name, _)| *name == table) {
            Some(at) => at,
            None => {
                let opened = self.transaction.open_table(definition(table)).map_err(engine)?;
                tables.push((table, opened));
                tables.len() - 1
            }
        };
        work(&mut tables[at].1)
    }

    /// Shows a row's bytes to `look`; none when there is no such row.
    pub(crate) fn look<R>(
        &self,
        table: Table,
        key: &[u8],
        look: impl FnOnce(Option<&[u8]>) -> Result<R>,
    ) -> Result<R> {
        self.with(table, |open| {
            let row = open.get(key).map_err(storage)?;
            look(row.as_ref().map(|row| row.value()))
        })
    }

    /// The last key and its row.
    pub(crate) fn last(&self, table: Table) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
        self.with(table, |open| {
            let last = open.last().map_err(storage)?;
            Ok(last.map(|(key, value)| (key.value().to_vec(), value.value().to_vec())))
        })
    }

    /// Writes a raw row.
    pub(crate) fn put_raw(&self, table: Table, key: &[u8], value: &[u8]) -> Result<()> {
        self.with(table, |open| open.insert(key, value).map(drop).map_err(storage))
    }

    /// Writes a row with its version; the value is `head` and `tail` joined.
    pub(crate) fn put(&self, table: Table, key: &[u8], version: u64, head: &[u8], tail: &[u8]) -> Result<()> {
        self.with(table, |open| {
            let len = VERSION_LEN + head.len() + tail.len();
            let mut row = open.insert_reserve(key, len).map_err(storage)?;
            let (prefix, value) = row.as_mut().split_at_mut(VERSION_LEN);
            prefix.copy_from_slice(&version.to_le_bytes());
            value[..head.len()].copy_from_slice(head);
            value[head.len()..].copy_from_slice(tail);
            Ok(())
        })
    }

    /// Removes a row, if there is one.
    pub(crate) fn remove(&self, table: Table, key: &[u8]) -> Result<()> {
        self.with(table, |open| open.remove(key).map(drop).map_err(storage))
    }

    /// Removes first rows while there are more than `keep + slack`, down to `keep`, so that this happens seldom;
    /// answers the last key it removed.
    pub(crate) fn trim(&self, table: Table, keep: u64, slack: u64) -> Result<Option<Vec<u8>>> {
        self.with(table, |open| {
            let len = open.len().map_err(storage)?;
            let excess = if len > keep + slack { len - keep } else { 0 };
            let mut last = None;
            for _ in 0..excess {
                last = open.pop_first().map_err(storage)?.map(|(key, _)| key.value().to_vec());
            }
            Ok(last)
        })
    }

    /// Removes up to `limit` first rows whose key is at most `through`.
    pub(crate) fn remove_through(&self, table: Table, through: &[u8], limit: usize) -> Result<()> {
        self.with(table, |open| {
            for _ in 0..limit {
                match open.first().map_err(storage)? {
                    Some((key, _)) if key.value() <= through => {}
                    _ => return Ok(()),
                }
                open.pop_first().map_err(storage)?;
            }
            Ok(())
        })
    }
}

impl RawRead for Tx<'_> {
    fn raw_look(&self, table: Table, key: &[u8], look: Look<'_>) -> Result<()> {
        self.look(table, key, |row| row.map_or(Ok(()), look))
    }

    fn raw_scan(&self, table: Table, range: &KeyRange, order: Order, visit: Visit<'_>) -> Result<()> {
        self.with(table, |open| visit_rows(open, range, order, visit))
    }
}
