//! The interface every engine implements: read from a snapshot, then commit one conditional batch. It must not
//! leak an engine's types.

use std::future::Future;

use bytes::Bytes;

use crate::appending::Appending;
use crate::batch::Batch;
use crate::error::{CommitError, Result};
use crate::table::{KeyRange, Order, Table};
use crate::usage::UsageEvents;

/// A row's bytes with the number of the commit that wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned {
    /// The number of the commit that wrote this row.
    pub version: u64,
    /// The row's value.
    pub value: Bytes,
}

/// What a commit that was applied answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The commit's number: the version of every row it wrote. Rises, may skip.
    pub version: u64,
}

/// One row as a commit left it: `None` when it was removed.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The table.
    pub table: Table,
    /// The row's key.
    pub key: Vec<u8>,
    /// The row after the commit.
    pub row: Option<Versioned>,
}

/// Told of every durable commit, in commit order, before anyone is acknowledged. Runs on the writer's thread:
/// it must be quick and must not call the store.
pub type Observer = Box<dyn Fn(&[Applied]) + Send + Sync>;

/// One commit of the engine, which several callers may have shared.
#[derive(Clone, Copy, Debug)]
pub struct CommitTiming {
    /// From beginning to durable.
    pub took: std::time::Duration,
    /// Usage events that it made durable.
    pub events: u64,
    /// Whether it became durable at all.
    pub durable: bool,
}

/// Told of every commit that was tried, on the writer's thread: it must be quick and must not call the store.
pub type Timing = Box<dyn Fn(CommitTiming) + Send + Sync>;

/// What waits to be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// Batches and groups of events.
    pub requests: usize,
    /// Their bytes, by a rough count.
    pub bytes: usize,
}

/// How a store stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// It reads and writes.
    Fine,
    /// It reads; for writing the disk has no room.
    Full,
    /// It reads; the last commit failed, and the next will be tried.
    Failing,
    /// It was closed, or has stopped.
    Closed,
}

/// Seals and opens one page of the file. Implemented above (`keys::crypto`), so that the store holds no
/// cryptography of its own.
pub trait PageSealer: Send + Sync + 'static {
    /// Bytes added to each page; constant.
    fn overhead(&self) -> usize;
    /// Seals `plain` as page `number` into `out` (`plain.len() + overhead()` bytes).
    fn seal(&self, number: u64, plain: &[u8], out: &mut [u8]) -> Result<()>;
    /// Whether `sealed` is page `number` as it was sealed; [`Error::Sealed`] when it was altered or belongs
    /// elsewhere.
    fn check(&self, number: u64, sealed: &[u8]) -> Result<()>;
    /// Decrypts into `plain` a page that [`PageSealer::check`] has passed: of any other, what comes out means
    /// nothing and must not be looked at.
    fn decrypt(&self, number: u64, sealed: &[u8], plain: &mut [u8]) -> Result<()>;
    /// Opens page `number` into `plain`; [`Error::Sealed`] when it was altered or belongs elsewhere.
    fn open(&self, number: u64, sealed: &[u8], plain: &mut [u8]) -> Result<()> {
        self.check(number, sealed)?;
        self.decrypt(number, sealed, plain)
    }
}

/// Links one record of a hash-chained log to the one before it.
pub trait ChainHasher: Send + Sync + 'static {
    /// The hash of record `number` with `body`, given the hash of the record before (zeros for the first).
    fn link(&self, previous: &[u8; 32], number: u64, body: &[u8]) -> [u8; 32];
}

/// A consistent view of all tables at one moment.
pub trait Snapshot: Send + Sync {
    /// One row.
    fn get(&self, table: Table, key: &[u8]) -> impl Future<Output = Result<Option<Versioned>>> + Send;
    /// Up to `limit` rows of a range, in key order or its reverse.
    fn scan(
        &self,
        table: Table,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(Vec<u8>, Versioned)>>> + Send;
}

/// A place in the change feed. Places of one daemon start are numbered without gaps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cursor {
    /// The daemon start, rising.
    pub boot: u64,
    /// The number within it, from 1; 0 is the place before the first.
    pub seq: u64,
}

/// What a follower of the change feed is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// The next announcement, and its place.
    Next(Cursor, Bytes),
    /// Announcements after the follower's place are gone: read everything again, then go on from this place.
    Resync(Cursor),
}

/// Follows the change feed.
pub trait Feed: Send {
    /// The next change, as soon as there is one. Dropping the future loses nothing.
    fn next(&mut self) -> impl Future<Output = Result<Change>> + Send;
}

/// An ordered, durable, transactional store.
pub trait Store: Send + Sync + 'static {
    /// This engine's snapshot.
    type Snapshot: Snapshot;
    /// This engine's change feed.
    type Feed: Feed;

    /// Follows the change feed from after a place, or from now on.
    fn follow(&self, from: Option<Cursor>) -> Self::Feed;

    /// Opens a snapshot of what is committed now.
    fn snapshot(&self) -> impl Future<Output = Result<Self::Snapshot>> + Send;

    /// Applies a batch: all or nothing, durable when this returns. Many callers share one engine commit.
    fn commit(
        &self,
        batch: Batch,
    ) -> impl Future<Output = std::result::Result<Committed, CommitError>> + Send;

    /// Queues usage events; they are durable when what this answers resolves. [`Error::Busy`] when the queue is full.
    fn append(&self, events: impl Into<UsageEvents>) -> Appending;
}
