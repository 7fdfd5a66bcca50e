//! One conditional batch: what must still hold, and what to write if it does. Plain data; applying it is the
//! engine's job.

use bytes::Bytes;

use crate::table::Table;

/// Names one batch, so that a batch sent again after a lost answer is applied once. Random.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BatchId(pub [u8; 16]);

/// A condition tested at commit time, inside the writer. One that fails drops its batch, never the group.
#[derive(Clone, Debug)]
pub enum Check {
    /// The row still has this version.
    Version(Table, Vec<u8>, u64),
    /// There is no such row.
    Absent(Table, Vec<u8>),
    /// The lease of this name still carries this fence number.
    Fence(Vec<u8>, u64),
}

/// One write. All writes of a batch become durable together or not at all.
#[derive(Clone, Debug)]
pub enum Op {
    /// Writes a whole row; its version becomes the commit's number.
    Put(Table, Vec<u8>, Bytes),
    /// Removes a row; removing an absent row is not an error.
    Del(Table, Vec<u8>),
    /// Adds to a counter row (a little-endian `i64`; an absent row counts as 0).
    Add(Table, Vec<u8>, i64),
    /// Appends to a hash-chained log: the writer gives it the next number and links it to the one before.
    Chain(Table, Bytes),
    /// Appends to the change feed of this daemon start: an opaque hint for those who follow.
    Announce(Bytes),
}

/// A conditional batch under construction.
#[derive(Clone, Debug)]
pub struct Batch {
    pub(crate) id: BatchId,
    pub(crate) checks: Vec<Check>,
    pub(crate) ops: Vec<Op>,
}

impl Batch {
    /// An empty batch with the given id.
    pub fn new(id: BatchId) -> Self {
        Self { id, checks: Vec::new(), ops: Vec::new() }
    }

    /// Adds a condition.
    pub fn check(&mut self, check: Check) -> &mut Self {
        self.checks.push(check);
        self
    }

    /// Adds a write.
    pub fn op(&mut self, op: Op) -> &mut Self {
        self.ops.push(op);
        self
    }
}
