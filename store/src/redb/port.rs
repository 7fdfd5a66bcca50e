//! The meeting point of the writer and the usage engine: raw reads inside the open transaction, and raw writes
//! to put into it. Usage tables are raw: their values carry no version. It must not leak a type of redb.
//!
//! The writer's order of calls, for each group:
//!
//! 1. `Engine::begin_group()`
//! 2. `Engine::admit(events, read)` for each append request; its [`Appended`](crate::usage::Appended) is kept
//!    until the commit is durable
//! 3. `Engine::slice(now, read)` once: fold work that goes into this commit, its folds worked out before
//! 4. `Engine::encode_group()`: the group as one value of [`ARRIVALS`], under the arrival number it names
//! 5. the durable commit
//! 6. `Engine::commit_group(snapshot)` when it succeeded: counts become visible together with the snapshot that
//!    holds what was folded; or `Engine::abort_group()` when it failed: nothing of the group, and nothing of the
//!    slice, may remain
//!
//! A group that goes into the journal has no slice, and so no snapshot: 1, 2, 4, the record, 6.
//!
//! Between groups, `Engine::plan(now)` gives folds to be worked out on another thread, from the snapshot that was shown last;
//! `Engine::worked_out()` takes them back, however they ended, for the next slice.
//!
//! `Engine::wants_commit_at()` tells when the writer should wake by itself; `None` while nothing is unfolded, and while
//! folds are being worked out.
//!
//! Opening calls `Engine::recover(read, arrivals)`, with the arrivals after the last one whose folding is done.

use std::sync::Arc;

use crate::error::Result;
use crate::table::{KeyRange, Order, Table};

/// Arrivals not yet folded: key = arrival number (`u64`, big-endian, rising), value = one encoded group. The
/// writer writes and trims it; the usage engine only encodes and decodes the values.
pub(crate) const ARRIVALS: Table = Table("arrivals");

/// Is shown rows, key and value, until it answers `false`.
pub(crate) type Visit<'a> = &'a mut (dyn FnMut(&[u8], &[u8]) -> Result<bool> + 'a);

/// Is shown the bytes of one row.
pub(crate) type Look<'a> = &'a mut (dyn FnMut(&[u8]) -> Result<()> + 'a);

/// Reads raw rows, either inside the writer's open transaction or of one snapshot.
pub(crate) trait RawRead {
    /// Shows one row's bytes to `look`, if there is such a row. `look` must not read through the same reader.
    fn raw_look(&self, table: Table, key: &[u8], look: Look<'_>) -> Result<()>;

    /// A copy of one row's bytes.
    fn raw_get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut found = None;
        self.raw_look(table, key, &mut |value| {
            found = Some(value.to_vec());
            Ok(())
        })?;
        Ok(found)
    }

    /// Shows the rows of a range to `visit` in key order or its reverse, until it answers `false`. `visit` must
    /// not read through the same reader.
    fn raw_scan(&self, table: Table, range: &KeyRange, order: Order, visit: Visit<'_>) -> Result<()>;
}

/// A committed snapshot that usage queries read, shared with whoever is still reading it.
pub(crate) type RawSnapshot = Arc<dyn RawRead + Send + Sync>;

/// One raw write.
#[derive(Debug)]
pub(crate) struct RawOp {
    /// The table, one of the usage engine's own.
    pub(crate) table: Table,
    /// The row's key.
    pub(crate) key: Vec<u8>,
    /// The row's new bytes; `None` removes it.
    pub(crate) value: Option<Vec<u8>>,
}

/// The fold work of one commit; empty mostly.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    /// What to write.
    pub(crate) ops: Vec<RawOp>,
    /// Set when a round is through: every arrival up to this number is folded, with this commit. The writer
    /// remembers the number in the same commit and drops the rows little by little, so that no commit is large.
    pub(crate) folded_through: Option<u64>,
}
