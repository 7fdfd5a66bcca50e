//! Checking the chain: every record follows from the one before, and it is the one that the checkpoints signed; or
//! the first that is not is named, and what else of it can be had.

use std::path::PathBuf;

use keyward_store::{Error as StoreError, Look};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::walk::Walk;
use crate::caller::Caller;
use crate::crypto::{self, CheckpointKey, MasterKey};
use crate::error::Result;
use crate::policy::Permission;
use crate::service::access::{Target, authorise};
use crate::service::{OpenError, Service, sealers, store_of};

/// What a check of the audit chain found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditSummary {
    /// Records that follow from each other, from the first on.
    pub records: u64,
    /// Checkpoints that were compared, those that were handed in among them.
    pub checkpoints: u64,
    /// The first thing that is wrong, if any.
    pub fault: Option<AuditFault>,
    /// Records after the first that is wrong, which can be read and follow from each other; 64 runs at most.
    pub beyond: Vec<AuditRun>,
}

/// Records that follow from each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditRun)]
pub struct AuditRun {
    /// The first one's number.
    pub from: u64,
    /// The last one's.
    pub to: u64,
}

/// What is wrong with the chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AuditFault {
    /// A record's hash is not the one of its body and of the record before.
    #[error("record {record} does not follow from {}: it was altered, moved or put in", before(*.record))]
    Altered {
        /// Its number.
        record: u64,
    },
    /// A number is left out.
    #[error("record {record} is missing: record {found} does not follow from {}", before(*.record))]
    Missing {
        /// The number that is left out.
        record: u64,
        /// The next that is there.
        found: u64,
    },
    /// A record's page of the file, or one on the way to it, is not as it was written.
    #[error("record {record} cannot be read: the file was altered or damaged there")]
    Unreadable {
        /// Its number.
        record: u64,
    },
    /// The last records are gone.
    #[error(
        "the log ends with record {records}, and a checkpoint was signed for {signed}: the last were dropped"
    )]
    Cut {
        /// Records that are there.
        records: u64,
        /// Records that a checkpoint covers.
        signed: u64,
    },
    /// The chain holds, and is not the one that was signed.
    #[error("record {record} is not the one that was signed: the log up to it was written anew")]
    Rewritten {
        /// The number of the last record that the checkpoint covers.
        record: u64,
    },
    /// A checkpoint that this instance did not sign.
    #[error("the checkpoint {} is not signed by this instance, or was altered", named(*.size))]
    Forged {
        /// The row it is kept in; none for one that was handed in.
        size: Option<u64>,
    },
    /// Where the checkpoints are kept, the file is not as it was written.
    #[error("the checkpoints cannot be read: the file was altered or damaged there")]
    Unsigned,
}

impl AuditFault {
    /// The number of the first bad record, where one can be named.
    pub fn record(&self) -> Option<u64> {
        match self {
            Self::Altered { record }
            | Self::Missing { record, .. }
            | Self::Unreadable { record }
            | Self::Rewritten { record } => Some(*record),
            Self::Cut { records, .. } => Some(records + 1),
            Self::Forged { .. } | Self::Unsigned => None,
        }
    }
}

fn before(record: u64) -> String {
    match record {
        0 | 1 => "the beginning".to_owned(),
        record => format!("record {}", record - 1),
    }
}

fn named(size: Option<u64>) -> String {
    size.map_or_else(|| "that was given".to_owned(), |size| format!("of {size} records"))
}

impl Service {
    /// Walks the whole chain, and compares it with every checkpoint that is kept and with those in `given` (signed
    /// notes, one after another), which may have been kept elsewhere.
    pub async fn verify_audit(&self, caller: &Caller, given: Option<&str>) -> Result<AuditSummary> {
        authorise(&self.mirror().read(), caller, Permission::AuditVerify, Target::Instance, None)?;
        let _turn = self.0.audit.turn().await?;
        // What is kept in memory would hide what became of the file.
        verify(&self.store().look().await?, &self.0.audit.key, given).await
    }
}

/// The same for a file that a service does not open over, because a part of it was altered or damaged, as far as it
/// can be read. Whoever has the file and its master key needs no leave of anybody. Not a byte is written.
pub async fn inspect_audit(
    path: PathBuf,
    master_key: MasterKey,
    given: Option<&str>,
) -> std::result::Result<AuditSummary, OpenError> {
    let key = CheckpointKey::new(&*master_key.checkpoint_seed()?);
    let options = store_of(&path, &sealers(master_key));
    let looking = tokio::task::spawn_blocking(move || Look::at(options)).await;
    let file = looking.unwrap_or(Err(StoreError::Closed));
    let file = file.map_err(|source| OpenError::Store { path, source })?;
    verify(&file, &key, given).await.map_err(OpenError::Core)
}

/// Walks the chain of a file, with the key that its checkpoints are signed by.
pub(in crate::service) async fn verify(
    file: &Look,
    key: &CheckpointKey,
    given: Option<&str>,
) -> Result<AuditSummary> {
    let (mut signed, mut doubt) = (Vec::new(), None);
    let kept = match super::checkpoints(file, usize::MAX).await {
        Ok(kept) => kept,
        Err(_) => {
            doubt = Some(AuditFault::Unsigned);
            Vec::new()
        }
    };
    let kept = kept.into_iter().map(|row| (Some(row.size), row.note));
    let given = given.map(crypto::notes).unwrap_or_default().into_iter().map(|note| (None, note));
    for (row, note) in kept.chain(given) {
        match key.open(&note) {
            Ok(head) if row.is_none_or(|size| size == head.size) => signed.push(head),
            _ => doubt = doubt.or(Some(AuditFault::Forged { size: row })),
        }
    }
    signed.sort_unstable_by_key(|head| head.size);
    let walk = Walk::along(file, &signed).await?;
    Ok(AuditSummary {
        records: walk.records,
        checkpoints: signed.len() as u64,
        fault: walk.fault.or(doubt),
        beyond: walk.beyond,
    })
}
