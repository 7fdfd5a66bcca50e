//! Leases: who may run a job, told apart by a fence number that rises by one at each take, so that whoever was
//! frozen past the end of a lease can't write any more ([`Check::Fence`]). It must not look at a clock.

use bytes::Bytes;

use crate::batch::{Batch, BatchId, Check, Op};
use crate::error::{CommitError, Error, Result};
use crate::interface::{Snapshot, Store};
use crate::table::Table;

/// Key = name; value = fence `u64`, end `i64` (ms since the epoch), both little-endian, then the holder.
pub const LEASES: Table = Table("lease");

/// A lease that was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lease {
    /// What it is for.
    pub name: Vec<u8>,
    /// Goes into a [`Check::Fence`] of every batch written under the lease.
    pub fence: u64,
    /// Until when it holds, ms since the epoch.
    pub until_ms: i64,
}

/// Takes a lease until `until_ms`: none while somebody else holds it. Its holder may take it again at any time;
/// the fence rises then too.
pub async fn take<S: Store>(
    store: &S,
    id: BatchId,
    name: &[u8],
    holder: &[u8],
    until_ms: i64,
    now_ms: i64,
) -> Result<Option<Lease>> {
    let row = store.snapshot().await?.get(LEASES, name).await?;
    let mut batch = Batch::new(id);
    let fence = match &row {
        None => {
            batch.check(Check::Absent(LEASES, name.to_vec()));
            1
        }
        Some(row) => {
            let (fence, end, holds) = decode(&row.value)?;
            if end > now_ms && holds != holder {
                return Ok(None);
            }
            batch.check(Check::Version(LEASES, name.to_vec(), row.version));
            fence + 1
        }
    };
    let value = [&fence.to_le_bytes(), &until_ms.to_le_bytes(), holder].concat();
    batch.op(Op::Put(LEASES, name.to_vec(), Bytes::from(value)));
    match store.commit(batch).await {
        Ok(_) => Ok(Some(Lease { name: name.to_vec(), fence, until_ms })),
        Err(CommitError::Conflict | CommitError::Fenced) => Ok(None),
        Err(CommitError::Store(error)) => Err(error),
    }
}

/// The fence number of a stored lease.
pub(crate) fn fence(value: &[u8]) -> Result<u64> {
    decode(value).map(|(fence, _, _)| fence)
}

fn decode(value: &[u8]) -> Result<(u64, i64, &[u8])> {
    let damaged = Error::Damaged { table: LEASES.0 };
    let Some((fence, rest)) = value.split_first_chunk() else { return Err(damaged) };
    let Some((end, holder)) = rest.split_first_chunk() else { return Err(damaged) };
    Ok((u64::from_le_bytes(*fence), i64::from_le_bytes(*end), holder))
}
