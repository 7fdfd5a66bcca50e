//! Taking the whole chain along, with its hashes, so that it can be checked without us. A page at a time, each from
//! the newest state, for who reads slowly must not hold on to an old one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use keyward_store::model::AuditRecord;
use keyward_store::{Order, Snapshot, Store};

use super::{PAGE, entry, from, view};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::view::AuditLine;

/// The chain on its way out.
pub struct AuditExport {
    service: Service,
    caller: Caller,
    next: u64,
    /// The last record when it began: the chain grows, and an export must end.
    last: u64,
}

impl Service {
    /// Begins an export of the whole chain; that is a record too, and the last one of the export.
    pub async fn export_audit(&self, caller: &Caller) -> Result<AuditExport> {
        self.change(caller, Permission::AuditExport, Target::Instance, |_, _| Ok(())).await?;
        let last = super::head(&self.store().snapshot().await?).await?.size;
        Ok(AuditExport { service: self.clone(), caller: caller.clone(), next: 1, last })
    }
}

impl AuditExport {
    /// The next records, oldest first; none after the last. Ends early, with an error, when the caller is no longer
    /// who they were or may not any more, or a record cannot be read.
    pub async fn next(&mut self) -> Result<Vec<AuditLine>> {
        if self.next > self.last {
            return Ok(Vec::new());
        }
        if !self.service.still_valid(&self.caller) {
            return Err(Error::Unauthenticated);
        }
        let tables = self.service.mirror();
        authorise(&tables.read(), &self.caller, Permission::AuditExport, Target::Instance, None)?;
        let snapshot = self.service.store().snapshot().await?;
        let left = usize::try_from(self.last + 1 - self.next).unwrap_or(PAGE);
        let rows = snapshot.scan(AuditRecord::LOG, from(self.next), Order::Ascending, left.min(PAGE)).await?;
        let lines = rows.iter().map(|(key, row)| {
            let damaged = || keyward_store::Error::Damaged { table: AuditRecord::LOG.0 };
            let (number, hash, body) = entry(key, row).ok_or_else(damaged)?;
            Ok(AuditLine {
                record: view(number, AuditRecord::from_body(body)?),
                hash: hex::encode(hash),
                body: STANDARD.encode(body),
            })
        });
        let lines = lines.collect::<keyward_store::Result<Vec<_>>>()?;
        self.next = lines.last().map_or(self.last, |line| line.record.seq) + 1;
        Ok(lines)
    }
}
