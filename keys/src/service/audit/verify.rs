//! Checking the chain: every record follows from the one before, and it is the one that the checkpoints signed; or
//! the first that is not is named.

use keyward_store::model::AuditRecord;
use keyward_store::{ChainHasher, Error as StoreError, Order, RedbSnapshot, Snapshot, Store, Versioned};

use super::{PAGE, entry, from};
use crate::caller::Caller;
use crate::crypto::{self, Head, Sha256Chain};
use crate::error::{Error, Result};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};

/// What a check of the audit chain found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditSummary {
    /// Records that follow from each other, from the first on.
    pub records: u64,
    /// Checkpoints that were compared, those that were handed in among them.
    pub checkpoints: u64,
    /// The first thing that is wrong, if any.
    pub fault: Option<AuditFault>,
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
    /// A record's page of the file is not as it was written.
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
            Self::Forged { .. } => None,
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
        let snapshot = self.store().snapshot().await?;
        let mut check = Check { expected: Vec::new(), forged: None, records: 0, previous: [0; 32] };
        self.collect(&mut check, &snapshot, given).await?;
        let fault = check.walk(&snapshot).await?;
        Ok(AuditSummary {
            records: check.records,
            checkpoints: check.expected.len() as u64,
            fault: fault.or(check.forged),
        })
    }

    /// Gathers what the chain must agree with.
    async fn collect(&self, check: &mut Check, snapshot: &RedbSnapshot, given: Option<&str>) -> Result<()> {
        let kept = super::checkpoints(snapshot, usize::MAX).await?;
        let kept = kept.into_iter().map(|row| (Some(row.size), row.note));
        let given = given.map(crypto::notes).unwrap_or_default().into_iter().map(|note| (None, note));
        for (row, note) in kept.chain(given) {
            match self.0.audit.key.open(&note) {
                Ok(head) if row.is_none_or(|size| size == head.size) => check.expected.push(head),
                _ => check.forged = check.forged.or(Some(AuditFault::Forged { size: row })),
            }
        }
        check.expected.sort_unstable_by_key(|head| head.size);
        Ok(())
    }
}

/// A walk along the chain.
struct Check {
    /// What was signed, by size.
    expected: Vec<Head>,
    forged: Option<AuditFault>,
    /// Records that were found good.
    records: u64,
    /// The last one's hash.
    previous: [u8; 32],
}

impl Check {
    async fn walk(&mut self, snapshot: &RedbSnapshot) -> Result<Option<AuditFault>> {
        let mut signed = std::mem::take(&mut self.expected).into_iter().peekable();
        let mut compared = Vec::new();
        let fault = loop {
            let rows = match self.rows(snapshot).await? {
                Ok(rows) => rows,
                Err(fault) => break Some(fault),
            };
            let mut fault = None;
            for (key, row) in &rows {
                fault = self.step(key, row);
                while fault.is_none()
                    && let Some(head) = signed.next_if(|head| head.size <= self.records)
                {
                    let same = head.size == self.records && head.hash == self.previous;
                    fault = (!same).then_some(AuditFault::Rewritten { record: head.size });
                    compared.push(head);
                }
                if fault.is_some() {
                    break;
                }
            }
            if fault.is_some() || rows.is_empty() {
                break fault;
            }
            tokio::task::yield_now().await;
        };
        compared.extend(signed);
        self.expected = compared;
        let last = self.expected.last().map_or(0, |head| head.size);
        let cut = (last > self.records).then_some(AuditFault::Cut { records: self.records, signed: last });
        Ok(fault.or(cut))
    }

    /// The next rows; where the file does not open, as far as they do, and then the fault.
    async fn rows(
        &self,
        snapshot: &RedbSnapshot,
    ) -> Result<std::result::Result<Vec<(Vec<u8>, Versioned)>, AuditFault>> {
        let next = self.records + 1;
        let mut size = PAGE;
        loop {
            match snapshot.scan(AuditRecord::LOG, from(next), Order::Ascending, size).await {
                Ok(rows) => return Ok(Ok(rows)),
                Err(StoreError::Sealed | StoreError::Damaged { .. }) if size > 1 => size /= 2,
                Err(StoreError::Sealed | StoreError::Damaged { .. }) => {
                    return Ok(Err(AuditFault::Unreadable { record: next }));
                }
                Err(error) => return Err(Error::from(error)),
            }
        }
    }

    fn step(&mut self, key: &[u8], row: &Versioned) -> Option<AuditFault> {
        let record = self.records + 1;
        let Some((number, hash, body)) = entry(key, row) else { return Some(AuditFault::Altered { record }) };
        if number != record {
            return Some(AuditFault::Missing { record, found: number });
        }
        if Sha256Chain.link(&self.previous, number, body) != *hash {
            return Some(AuditFault::Altered { record });
        }
        (self.records, self.previous) = (number, *hash);
        None
    }
}
