//! Reads the mirrored tables at the start, a few rows at a time. What every key has is put in place all at once: sorted
//! indexes that grow row by row are half empty, and lie scattered between the rows. It must not run beside commits of what
//! it reads.

use std::collections::HashMap;
use std::sync::Arc;

use keyward_store::model::{
    Account, Alert, AlertRule, ApiKey, Budget, BudgetNotice, Delivery, EmailProof, Hours, HoursMove, Id,
    Invitation, KnownAddress, Member, Notification, Rotation, RotationPlan, ServiceToken, Session, Sharing,
    Space, SshKey, TagBudget, Ticket, ValueMark, Webhook,
};
use keyward_store::{KeyRange, Order, Record, Result, Row, Snapshot, Table, Versioned};

use super::{ByKey, KeyIndex, Marks, Mirror, Rotations, Shared};

/// Rows read from the file at a time.
const ROWS: usize = 512;

/// The tables that are put in place row by row.
const TABLES: [Table; 21] = [
    Account::TABLE,
    SshKey::TABLE,
    Session::TABLE,
    Space::TABLE,
    Member::TABLE,
    Invitation::TABLE,
    ServiceToken::TABLE,
    Notification::TABLE,
    KnownAddress::TABLE,
    Ticket::TABLE,
    AlertRule::TABLE,
    Alert::TABLE,
    Sharing::TABLE,
    Budget::TABLE,
    TagBudget::TABLE,
    BudgetNotice::TABLE,
    Hours::TABLE,
    HoursMove::TABLE,
    EmailProof::TABLE,
    Webhook::TABLE,
    Delivery::TABLE,
];

impl Mirror {
    /// Reads every mirrored table once, at the start.
    pub(crate) async fn fill(&self, snapshot: &impl Snapshot) -> Result<()> {
        self.fill_keys(snapshot).await?;
        for table in TABLES.into_iter().chain(ByKey::TABLES) {
            read(snapshot, table, |rows| {
                let mut tables = self.write();
                for (key, row) in rows {
                    tables.apply(table, key, Some(row))?;
                }
                self.stirred.mark(tables.stirring());
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    async fn fill_keys(&self, snapshot: &impl Snapshot) -> Result<()> {
        // First what leaves room behind, which the keys then fill.
        let mut marks = Vec::new();
        read_records(snapshot, |place, row: Shared<ValueMark>| {
            marks.extend(ValueMark::parts(place).map(|place| (place, row.record.mark)));
        })
        .await?;
        let marks = marks.into_iter().collect();
        let mut keys = Vec::new();
        read_records(snapshot, |_, key: Shared<ApiKey>| keys.push(key)).await?;
        let plans = by_id::<RotationPlan>(snapshot).await?;
        let states = by_id::<Rotation>(snapshot).await?;
        let mut tables = self.write();
        tables.marks = Marks::of(marks, keys.iter().map(|row| &row.record));
        tables.rotations = Rotations::of(plans, states, keys.iter().map(|row| &row.record));
        tables.keys = KeyIndex::of(keys);
        Ok(())
    }
}

async fn by_id<R: Record>(snapshot: &impl Snapshot) -> Result<HashMap<Id, Shared<R>>> {
    let mut all = HashMap::new();
    read_records(snapshot, |key, row| all.extend(Id::from_slice(key).map(|id| (id, row)))).await?;
    Ok(all)
}

async fn read_records<R: Record>(
    snapshot: &impl Snapshot,
    mut take: impl FnMut(&[u8], Shared<R>),
) -> Result<()> {
    read(snapshot, R::TABLE, |rows| {
        for (key, row) in rows {
            take(key, Arc::new(Row::decode(row)?));
        }
        Ok(())
    })
    .await
}

/// Hands all rows of a table to `take`, some at a time.
async fn read(
    snapshot: &impl Snapshot,
    table: Table,
    mut take: impl FnMut(&[(Vec<u8>, Versioned)]) -> Result<()>,
) -> Result<()> {
    let mut range = KeyRange::all();
    loop {
        let rows = snapshot.scan(table, range.clone(), Order::Ascending, ROWS).await?;
        take(&rows)?;
        match rows.last() {
            Some((last, _)) if rows.len() == ROWS => range.start = [last.as_slice(), &[0]].concat(),
            _ => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
