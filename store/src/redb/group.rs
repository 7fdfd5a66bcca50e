//! Applies one group inside the writer's transaction: tests each batch against all before it, drops those that
//! fail, writes the rest. It must not commit.

use bytes::Bytes;

use crate::batch::{Batch, Check, Op};
use crate::error::{CommitError, Error, Result};
use crate::interface::{Applied, ChainHasher, Committed, Versioned};
use crate::leases;
use crate::redb::feed;
use crate::redb::ledger::Ledger;
use crate::redb::snapshot::split;
use crate::redb::transaction::Tx;
use crate::table::Table;

/// How a batch ended, once its group is durable.
pub(crate) type BatchOutcome = std::result::Result<Committed, CommitError>;

/// The batches of one group on their way into a transaction.
pub(crate) struct Applier<'a, 't> {
    pub(crate) tx: &'a Tx<'t>,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) chain: &'a dyn ChainHasher,
    /// Every changed row in order, when somebody observes.
    pub(crate) rows: Option<&'a mut Vec<Applied>>,
    /// Whether any batch was applied now.
    pub(crate) applied: bool,
}

impl Applier<'_, '_> {
    /// Tests and applies one batch. An error here is the whole group's.
    pub(crate) fn batch(&mut self, batch: Batch) -> Result<BatchOutcome> {
        if let Some(version) = self.ledger.applied(batch.id) {
            return Ok(Ok(Committed { version }));
        }
        match self.test(&batch) {
            Ok(None) => {}
            Ok(Some(refused)) => return Ok(Err(refused)),
            Err(error @ Error::Damaged { .. }) => return Ok(Err(error.into())),
            Err(error) => return Err(error),
        }
        let version = self.ledger.next_version(self.tx, Some(batch.id))?;
        self.applied = true;
        for op in batch.ops {
            self.apply(op, version)?;
        }
        Ok(Ok(Committed { version }))
    }

    /// Why the batch must not be applied; none when everything holds.
    fn test(&self, batch: &Batch) -> Result<Option<CommitError>> {
        for check in &batch.checks {
            let (holds, refusal) = match check {
                Check::Version(table, key, version) => {
                    (self.version(*table, key)? == Some(*version), CommitError::Conflict)
                }
                Check::Absent(table, key) => (self.version(*table, key)?.is_none(), CommitError::Conflict),
                Check::Fence(name, fence) => (self.fence(name)? == Some(*fence), CommitError::Fenced),
            };
            if !holds {
                return Ok(Some(refusal));
            }
        }
        // A row that is no counter refuses its batch here, where nothing of it is written yet.
        for op in &batch.ops {
            if let Op::Add(table, key, _) = op {
                self.counter(*table, key)?;
            }
        }
        Ok(None)
    }

    fn version(&self, table: Table, key: &[u8]) -> Result<Option<u64>> {
        self.tx.look(table, key, |row| Ok(row.map(|row| split(table, row)).transpose()?.map(|row| row.0)))
    }

    fn fence(&self, name: &[u8]) -> Result<Option<u64>> {
        self.tx.look(leases::LEASES, name, |row| match row {
            Some(row) => leases::fence(split(leases::LEASES, row)?.1).map(Some),
            None => Ok(None),
        })
    }

    fn counter(&self, table: Table, key: &[u8]) -> Result<i64> {
        self.tx.look(table, key, |row| match row {
            None => Ok(0),
            Some(row) => match split(table, row)?.1.try_into() {
                Ok(value) => Ok(i64::from_le_bytes(value)),
                Err(_) => Err(Error::Damaged { table: table.0 }),
            },
        })
    }

    fn apply(&mut self, op: Op, version: u64) -> Result<()> {
        match op {
            Op::Put(table, key, value) => {
                self.tx.put(table, &key, version, &value, &[])?;
                self.saw(table, key, Some(Versioned { version, value }));
            }
            Op::Del(table, key) => {
                self.tx.remove(table, &key)?;
                self.saw(table, key, None);
            }
            Op::Add(table, key, delta) => {
                let sum = self.counter(table, &key)?.saturating_add(delta).to_le_bytes();
                self.tx.put(table, &key, version, &sum, &[])?;
                self.saw(table, key, Some(Versioned { version, value: Bytes::copy_from_slice(&sum) }));
            }
            Op::Chain(table, body) => self.link(table, &body, version)?,
            Op::Announce(hint) => {
                let cursor = self.ledger.next_cursor();
                self.tx.put_raw(feed::FEED, &feed::key(cursor), &hint)?;
            }
        }
        Ok(())
    }

    fn link(&mut self, table: Table, body: &[u8], version: u64) -> Result<()> {
        let (last, previous) = self.ledger.chain_end(self.tx, table)?;
        let number = last + 1;
        let hash = self.chain.link(&previous, number, body);
        let key = number.to_be_bytes();
        self.tx.put(table, &key, version, &hash, body)?;
        self.ledger.set_chain_end(table, (number, hash));
        if self.rows.is_some() {
            let value = Bytes::from([hash.as_slice(), body].concat());
            self.saw(table, key.to_vec(), Some(Versioned { version, value }));
        }
        Ok(())
    }

    fn saw(&mut self, table: Table, key: Vec<u8>, row: Option<Versioned>) {
        if let Some(rows) = &mut self.rows {
            rows.push(Applied { table, key, row });
        }
    }
}
