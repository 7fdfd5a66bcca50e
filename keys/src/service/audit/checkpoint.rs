//! Signing the head of the chain, after some records or some time, so that a chain that was cut or written anew
//! cannot pass for the old one. Who keeps a checkpoint elsewhere needs not even trust the daemon's own file.

use std::sync::atomic::Ordering;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use keyward_store::model::Checkpoint;
use keyward_store::{Batch, CommitError, Op, Record, Store};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::crypto;
use crate::error::{Error, Fault, Result};
use crate::input::CheckpointQuery;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::text::Faults;
use crate::view::{CheckpointPage, CheckpointView, Pagination};

/// Checkpoints of which all are kept; of older ones, the last of each day (UTC).
const KEEP_ALL: usize = 128;

impl CheckpointQuery {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        Faults::of_page(self.page, self.limit)
    }
}

impl Service {
    /// Signs the head of the audit chain, when there are records since the last time. Answers how many. It leaves no
    /// record of its own: that would be one to sign again.
    pub async fn sign_audit(&self, caller: &Caller) -> Result<u64> {
        authorise(&self.mirror().read(), caller, Permission::AuditSign, Target::Instance, None)?;
        self.0.audit.unsigned.store(0, Ordering::Relaxed);
        let snapshot = self.store().snapshot().await?;
        let kept = super::checkpoints(&snapshot, KEEP_ALL + 1).await?;
        let head = super::head(&snapshot).await?;
        let before = kept.first().map_or(0, |checkpoint| checkpoint.size);
        if head.size < before {
            // A new checkpoint would hide that.
            tracing::error!(
                records = head.size,
                signed = before,
                "the audit chain was cut; check it with keyward verify"
            );
        }
        if head.size <= before {
            return Ok(0);
        }
        let checkpoint =
            Checkpoint { size: head.size, at_ms: self.now_ms(), note: self.0.audit.key.sign(&head) };
        let mut batch = Batch::new(crypto::random_batch_id()?);
        batch.create(&checkpoint)?;
        if let [.., younger, oldest] = kept.as_slice()
            && kept.len() > KEEP_ALL
            && day(younger) == day(oldest)
        {
            batch.op(Op::Del(Checkpoint::TABLE, oldest.key()));
        }
        match self.store().commit(batch).await {
            Ok(_) => {}
            // Somebody signed the same head meanwhile.
            Err(CommitError::Conflict) => return Ok(0),
            Err(CommitError::Fenced) => return Err(Error::Busy),
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
        // The log is kept elsewhere than the file, often on another machine.
        tracing::info!(records = head.size, note = checkpoint.note, "the audit chain's head was signed");
        Ok(head.size - before)
    }

    /// Waits until so many records are unsigned that a checkpoint is due before its time.
    pub async fn audit_unsigned(&self) {
        self.0.audit.due.notified().await;
    }

    /// A page of the signed checkpoints, newest first.
    pub async fn audit_checkpoints(&self, caller: &Caller, query: CheckpointQuery) -> Result<CheckpointPage> {
        Faults::from(query.faults()).check()?;
        let CheckpointQuery { page, limit } = query;
        authorise(&self.mirror().read(), caller, Permission::AuditVerify, Target::Instance, None)?;
        let all = super::checkpoints(&self.store().snapshot().await?, usize::MAX).await?;
        let total = all.len() as u64;
        let skip = (page as usize - 1).saturating_mul(limit as usize);
        let view = |row: Checkpoint| CheckpointView {
            size: row.size,
            timestamp: timestamp(row.at_ms),
            note: row.note,
        };
        Ok(CheckpointPage {
            checkpoints: all.into_iter().skip(skip).take(limit as usize).map(view).collect(),
            verifier: self.0.audit.key.verifier(),
            pagination: Pagination::of(page, limit, total),
        })
    }
}

fn day(checkpoint: &Checkpoint) -> Date {
    timestamp(checkpoint.at_ms).to_zoned(TimeZone::UTC).date()
}
