//! Reading the audit chain: every record follows from the one before, or the first that does not is named.
//! Writing is `change`'s.

use keyward_store::model::AuditRecord;
use keyward_store::{ChainHasher, KeyRange, Order, Snapshot, Store};

use crate::caller::Caller;
use crate::crypto::Sha256Chain;
use crate::error::{Error, Result};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};

/// What a check of the audit chain found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AuditSummary {
    /// Records that follow from each other, from the first on.
    pub records: u64,
    /// The first record that does not follow, if any.
    pub broken_at: Option<u64>,
}

/// Records read at a time.
const PAGE: usize = 1024;

impl Service {
    /// Walks the whole chain.
    pub async fn verify_audit(&self, caller: &Caller) -> Result<AuditSummary> {
        authorise(&self.mirror().read(), caller, Permission::AuditVerify, Target::Instance, None)?;
        let snapshot = self.store().snapshot().await?;
        let (mut previous, mut records) = ([0; 32], 0_u64);
        loop {
            let range = KeyRange { start: (records + 1).to_be_bytes().to_vec(), end: None };
            let rows = snapshot.scan(AuditRecord::LOG, range, Order::Ascending, PAGE).await?;
            for (key, row) in &rows {
                let number = records + 1;
                let follows = row.value.split_at_checked(32).filter(|(hash, body)| {
                    key.as_slice() == number.to_be_bytes()
                        && Sha256Chain.link(&previous, number, body).as_slice() == *hash
                });
                let Some((hash, _)) = follows else {
                    return Ok(AuditSummary { records, broken_at: Some(number) });
                };
                previous = hash.try_into().map_err(|_| Error::NotFound("record"))?;
                records = number;
            }
            if rows.len() < PAGE {
                return Ok(AuditSummary { records, broken_at: None });
            }
        }
    }
}
