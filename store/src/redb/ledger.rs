//! What the writer remembers between commits: the last version, the ids of the last batches, the ends of chained
//! logs and of the feed. Changes of a group are taken back when its commit fails.

use std::collections::{HashMap, VecDeque};

use crate::batch::BatchId;
use crate::error::{Error, Result};
use crate::interface::Cursor;
use crate::redb::port::RawRead;
use crate::redb::transaction::Tx;
use crate::table::{KeyRange, Order, Table};

/// The last batches: key = version (`u64`, big-endian), value = batch id; empty when a commit had no batch. Its
/// last key is where versions go on after a start.
pub(crate) const BATCHES: Table = Table("batches");

/// How many batch ids are remembered at least.
pub(crate) const KEEP: u64 = 4096;
const SLACK: u64 = 512;

/// The end of a chained log: the last number and its hash.
type End = (u64, [u8; 32]);

/// The writer's memory. `begin` … then `commit` or `abort`.
pub(crate) struct Ledger {
    version: u64,
    cursor: Cursor,
    before: (u64, Cursor),
    recent: HashMap<BatchId, u64>,
    order: VecDeque<BatchId>,
    /// The ids of the open group.
    group: Vec<BatchId>,
    chains: HashMap<Table, End>,
}

impl Ledger {
    /// Reads back what the last commits left.
    pub(crate) fn load(read: &dyn RawRead, boot: u64) -> Result<Self> {
        let cursor = Cursor { boot, seq: 0 };
        let mut ledger = Self {
            version: 0,
            cursor,
            before: (0, cursor),
            recent: HashMap::new(),
            order: VecDeque::new(),
            group: Vec::new(),
            chains: HashMap::new(),
        };
        let mut rows = 0;
        read.raw_scan(BATCHES, &KeyRange::all(), Order::Descending, &mut |key, id| {
            let version = key.try_into().map_err(|_| Error::Damaged { table: BATCHES.0 })?;
            let version = u64::from_be_bytes(version);
            ledger.version = ledger.version.max(version);
            if let Ok(id) = id.try_into() {
                ledger.recent.insert(BatchId(id), version);
                ledger.order.push_front(BatchId(id));
            }
            rows += 1;
            Ok(rows < KEEP)
        })?;
        Ok(ledger)
    }

    pub(crate) fn begin(&mut self) {
        self.before = (self.version, self.cursor);
        self.group.clear();
    }

    /// Makes the group's numbers and ids lasting.
    pub(crate) fn commit(&mut self) {
        self.order.extend(self.group.drain(..));
        while self.order.len() as u64 > KEEP {
            if let Some(oldest) = self.order.pop_front() {
                self.recent.remove(&oldest);
            }
        }
    }

    /// Forgets the group.
    pub(crate) fn abort(&mut self) {
        (self.version, self.cursor) = self.before;
        for id in self.group.drain(..) {
            self.recent.remove(&id);
        }
        self.chains.clear();
    }

    /// The version a batch was applied with, if it was lately.
    pub(crate) fn applied(&self, id: BatchId) -> Option<u64> {
        self.recent.get(&id).copied()
    }

    /// The next version, for a batch or for a commit that has none.
    pub(crate) fn next_version(&mut self, tx: &Tx<'_>, id: Option<BatchId>) -> Result<u64> {
        self.version += 1;
        let key = self.version.to_be_bytes();
        tx.put_raw(BATCHES, &key, id.as_ref().map_or(&[], |id| &id.0))?;
        if let Some(id) = id {
            self.recent.insert(id, self.version);
            self.group.push(id);
        }
        Ok(self.version)
    }

    /// Drops the oldest remembered batches from the table, seldom.
    pub(crate) fn trim(tx: &Tx<'_>) -> Result<()> {
        tx.trim(BATCHES, KEEP, SLACK).map(drop)
    }

    /// The end of a chained log; zeros before its first record.
    pub(crate) fn chain_end(&self, tx: &Tx<'_>, table: Table) -> Result<End> {
        if let Some(end) = self.chains.get(&table) {
            return Ok(*end);
        }
        let Some((key, stored)) = tx.last(table)? else { return Ok((0, [0; 32])) };
        let damaged = Error::Damaged { table: table.0 };
        let (_, value) = crate::redb::snapshot::split(table, &stored)?;
        match (key.try_into(), value.first_chunk()) {
            (Ok(number), Some(hash)) => Ok((u64::from_be_bytes(number), *hash)),
            _ => Err(damaged),
        }
    }

    pub(crate) fn set_chain_end(&mut self, table: Table, end: End) {
        self.chains.insert(table, end);
    }

    /// The next place in the feed of this start.
    pub(crate) fn next_cursor(&mut self) -> Cursor {
        self.cursor.seq += 1;
        self.cursor
    }

    /// The last version given.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The last place in the feed of this start.
    pub(crate) fn cursor(&self) -> Cursor {
        self.cursor
    }
}
