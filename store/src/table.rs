//! Raw tables by name, and typed rows over them with their secondary indexes. Index rows are made here, in the
//! same batch as the row, and never by a caller.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use crate::batch::{Batch, Check, Op};
use crate::error::{Error, Result};
use crate::interface::{Snapshot, Versioned};

/// A raw ordered table, by its name in the file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Table(pub &'static str);

/// A range of keys, half open: `start <= key < end`; no `end` means to the last key.
#[derive(Clone, Debug, Default)]
pub struct KeyRange {
    /// The first key.
    pub start: Vec<u8>,
    /// The first key that is not in the range.
    pub end: Option<Vec<u8>>,
}

impl KeyRange {
    /// Every key.
    pub fn all() -> Self {
        Self::default()
    }

    /// Every key that starts with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        let mut end = prefix.to_vec();
        while let Some(last) = end.last_mut() {
            if *last < 0xff {
                *last += 1;
                return Self { start: prefix.to_vec(), end: Some(end) };
            }
            end.pop();
        }
        Self { start: prefix.to_vec(), end: None }
    }
}

/// The direction of a scan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// A typed row: how it is keyed, and by what else it can be found.
pub trait Record: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// Where rows of this type live.
    const TABLE: Table;

    /// The primary key's bytes.
    fn key(&self) -> Vec<u8>;

    /// Unique index rows: at most one record may hold each. The index row's value is the primary key.
    fn unique(&self) -> Vec<(Table, Vec<u8>)> {
        Vec::new()
    }
}

/// A typed row as it was read, with its version.
#[derive(Clone, Debug)]
pub struct Row<R> {
    /// The number of the commit that wrote it.
    pub version: u64,
    /// The record.
    pub record: R,
}

impl<R: Record> Row<R> {
    /// Decodes a raw row.
    pub fn decode(raw: &Versioned) -> Result<Self> {
        let record = postcard::from_bytes(&raw.value).map_err(|_| Error::Damaged { table: R::TABLE.0 })?;
        Ok(Self { version: raw.version, record })
    }

    /// Reads one row by its primary key.
    pub async fn get(snapshot: &impl Snapshot, key: &[u8]) -> Result<Option<Self>> {
        snapshot.get(R::TABLE, key).await?.as_ref().map(Self::decode).transpose()
    }

    /// Reads one row through a unique index.
    pub async fn find(snapshot: &impl Snapshot, index: Table, key: &[u8]) -> Result<Option<Self>> {
        match snapshot.get(index, key).await? {
            Some(primary) => Self::get(snapshot, &primary.value).await,
            None => Ok(None),
        }
    }
}

impl Batch {
    /// Creates a row that must not exist yet, nor collide in a unique index.
    pub fn create<R: Record>(&mut self, record: &R) -> Result<&mut Self> {
        self.check(Check::Absent(R::TABLE, record.key()));
        for (index, key) in record.unique() {
            self.check(Check::Absent(index, key.clone()));
            self.op(Op::Put(index, key, Bytes::from(record.key())));
        }
        self.put_row(record)
    }

    /// Replaces a row that must still have the version it was read with; index rows follow.
    pub fn replace<R: Record>(&mut self, old: &Row<R>, new: &R) -> Result<&mut Self> {
        self.check(Check::Version(R::TABLE, old.record.key(), old.version));
        let (before, after) = (old.record.unique(), new.unique());
        for (index, key) in before.iter().filter(|entry| !after.contains(entry)) {
            self.op(Op::Del(*index, key.clone()));
        }
        for (index, key) in after.iter().filter(|entry| !before.contains(entry)) {
            self.check(Check::Absent(*index, key.clone()));
            self.op(Op::Put(*index, key.clone(), Bytes::from(new.key())));
        }
        self.put_row(new)
    }

    /// Removes a row that must still have the version it was read with, and its index rows.
    pub fn remove<R: Record>(&mut self, old: &Row<R>) -> &mut Self {
        self.check(Check::Version(R::TABLE, old.record.key(), old.version));
        for (index, key) in old.record.unique() {
            self.op(Op::Del(index, key));
        }
        self.op(Op::Del(R::TABLE, old.record.key()))
    }

    /// Requires that a row read for a decision has not changed when the batch commits.
    pub fn require<R: Record>(&mut self, row: &Row<R>) -> &mut Self {
        self.check(Check::Version(R::TABLE, row.record.key(), row.version))
    }

    fn put_row<R: Record>(&mut self, record: &R) -> Result<&mut Self> {
        let value = postcard::to_allocvec(record).map_err(|_| Error::Damaged { table: R::TABLE.0 })?;
        Ok(self.op(Op::Put(R::TABLE, record.key(), Bytes::from(value))))
    }
}
