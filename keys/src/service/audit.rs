//! The audit chain, read: what its rows are, and what its readers share. Writing is `change`'s; nothing here alters
//! a record.

mod checkpoint;
mod export;
mod list;
mod verify;
mod walk;

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Notify, Semaphore, SemaphorePermit};

use keyward_store::model::{AuditRecord, Checkpoint};
use keyward_store::{Applied, KeyRange, Order, RedbSnapshot, Snapshot, Versioned};

use crate::clock::timestamp;
use crate::crypto::{CheckpointKey, Head};
use crate::error::{Error, Result};
use crate::view::AuditView;

pub use export::AuditExport;
pub(super) use verify::verify as verify_file;
pub use verify::{AuditFault, AuditRun, AuditSummary, inspect_audit};

/// Records read at a time.
const PAGE: usize = 1024;

/// Records after which a checkpoint is due before its time.
const CHECKPOINT_EVERY: u64 = 256;

/// What reading and signing the chain needs.
pub(crate) struct AuditDesk {
    pub(super) key: CheckpointKey,
    /// Whoever reads much of the chain does so alone: it takes a core, and nobody's requests wait for it.
    readers: Semaphore,
    /// Records since the last checkpoint.
    unsigned: AtomicU64,
    due: Notify,
}

impl AuditDesk {
    pub(crate) fn new(key: CheckpointKey) -> Self {
        Self { key, readers: Semaphore::new(1), unsigned: AtomicU64::new(0), due: Notify::new() }
    }

    /// Follows one durable commit.
    pub(crate) fn saw(&self, changes: &[Applied]) {
        let records = changes.iter().filter(|change| change.table == AuditRecord::LOG).count() as u64;
        if records > 0 && self.unsigned.fetch_add(records, Ordering::Relaxed) + records >= CHECKPOINT_EVERY {
            self.due.notify_one();
        }
    }

    /// Records since the last checkpoint of this start.
    pub(crate) fn unsigned(&self) -> u64 {
        self.unsigned.load(Ordering::Relaxed)
    }

    /// A turn to read much of the chain.
    async fn turn(&self) -> Result<SemaphorePermit<'_>> {
        self.readers.acquire().await.map_err(|_| Error::Busy)
    }
}

/// A row of the chain, taken apart: its number, its hash and its body. None when it is no such row.
fn entry<'a>(key: &[u8], row: &'a Versioned) -> Option<(u64, &'a [u8; 32], &'a [u8])> {
    let (hash, body) = row.value.split_first_chunk()?;
    Some((u64::from_be_bytes(key.try_into().ok()?), hash, body))
}

/// Every row from this number on.
fn from(number: u64) -> KeyRange {
    KeyRange { start: number.to_be_bytes().to_vec(), end: None }
}

/// The end of the chain; size 0 when there is none yet.
pub(crate) async fn head(snapshot: &RedbSnapshot) -> Result<Head> {
    let last = snapshot.scan(AuditRecord::LOG, KeyRange::all(), Order::Descending, 1).await?;
    let last = last.first().and_then(|(key, row)| entry(key, row));
    Ok(last.map_or(Head { size: 0, hash: [0; 32] }, |(size, hash, _)| Head { size, hash: *hash }))
}

/// Checkpoints, newest first.
async fn checkpoints(snapshot: &impl Snapshot, limit: usize) -> Result<Vec<Checkpoint>> {
    use keyward_store::{Record, Row};
    let rows = snapshot.scan(Checkpoint::TABLE, KeyRange::all(), Order::Descending, limit).await?;
    Ok(rows.iter().map(|(_, row)| Ok(Row::decode(row)?.record)).collect::<keyward_store::Result<_>>()?)
}

fn view(seq: u64, record: AuditRecord) -> AuditView {
    AuditView {
        seq,
        timestamp: timestamp(record.at_ms),
        actor: record.actor,
        actor_kind: record.actor_kind,
        door: record.door,
        from: record.from,
        action: record.action,
        object: record.object,
        space: record.space,
        outcome: record.outcome,
        detail: record.detail,
        request_id: record.request,
    }
}
