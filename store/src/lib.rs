//! The store: ordered tables of bytes behind one small interface, with redb inside.
//!
//! It reads from a snapshot and commits conditional batches; that shape serves an embedded engine and a
//! networked one equally well. It must not know callers, policy, plaintext secrets or the clock: what to
//! write is decided above, and time comes in as an argument.

mod appending;
pub mod batch;
pub mod error;
pub mod interface;
pub mod leases;
pub mod model;
pub mod redb;
pub mod table;
pub mod usage;

pub use self::redb::{
    Contents, Copied, FileId, Look, OpenOptions, Redb, RedbSnapshot, SealerFor, TableContents,
};
pub use appending::Appending;
pub use batch::{Batch, BatchId, Check, Op};
pub use error::{CommitError, Error, Result};
pub use interface::{
    Applied, ChainHasher, Change, CommitTiming, Committed, Condition, Cursor, Feed, Observer, PageSealer,
    Snapshot, Store, Timing, Versioned, Waiting,
};
pub use table::{KeyRange, Order, Record, Row, Table};
