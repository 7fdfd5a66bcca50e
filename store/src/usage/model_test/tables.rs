//! The raw tables of a file, kept in memory. They only hold; when a commit reaches them is the test's matter.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::redb::port::{Look, RawOp, RawRead};
use crate::table::{KeyRange, Order, Table};

/// The raw tables of a file.
#[derive(Clone, Default)]
pub(super) struct Tables(pub(super) BTreeMap<(&'static str, Vec<u8>), Vec<u8>>);

impl Tables {
    pub(super) fn apply(&mut self, ops: Vec<RawOp>) {
        for op in ops {
            match op.value {
                Some(value) => self.0.insert((op.table.0, op.key), value),
                None => self.0.remove(&(op.table.0, op.key)),
            };
        }
    }

    pub(super) fn rows(&self, table: Table, range: &KeyRange) -> Vec<(&[u8], &[u8])> {
        let rows = self.0.range((table.0, range.start.clone())..);
        let within = rows.take_while(|((name, key), _)| {
            *name == table.0 && range.end.as_ref().is_none_or(|end| key < end)
        });
        within.map(|((_, key), value)| (key.as_slice(), value.as_slice())).collect()
    }
}

impl RawRead for Tables {
    fn raw_look(&self, table: Table, key: &[u8], look: Look<'_>) -> Result<()> {
        self.0.get(&(table.0, key.to_vec())).map_or(Ok(()), |value| look(value))
    }

    fn raw_scan(
        &self,
        table: Table,
        range: &KeyRange,
        order: Order,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> Result<bool>,
    ) -> Result<()> {
        let mut rows = self.rows(table, range);
        if order == Order::Descending {
            rows.reverse();
        }
        for (key, value) in rows {
            if !visit(key, value)? {
                break;
            }
        }
        Ok(())
    }
}
