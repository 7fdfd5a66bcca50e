//! What still uses a version: apps that were given it and nothing newer, and calls that were reported with it. A version
//! is let go once neither is so, or once it was kept for as long as its key's people said.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use keyward_store::leases::Lease;
use keyward_store::model::{ApiKey, FailureClass, Id, VersionHolder, VersionUse};
use keyward_store::{Batch, KeyRange, Order, Record, Row, Snapshot, Store};

use crate::caller::{Caller, Identity};
use crate::clock::timestamp;
use crate::crypto;
use crate::error::Result;
use crate::policy::Permission;
use crate::rotation::Verdict;
use crate::service::Service;
use crate::service::access::{Target, may};
use crate::service::change::put;
use crate::service::notifications::NoticeKind;
use crate::service::rotation::steps::{fenced, tell};
use crate::view::{StillUsing, VersionCalls};

/// Apps of one key that are looked at.
const MOST_APPS: usize = 10_000;

/// Reported calls that are looked at for the time before a version was replaced: the newest.
const MOST_CALLS: usize = 2_000;

/// Rows written in one batch.
const ROWS: usize = 1_024;

/// Calls that were reported with replaced versions, until they are written.
#[derive(Default)]
pub(crate) struct Evidence(Mutex<HashMap<(Id, u32), Calls>>);

/// How many, and when the last was, ms since the epoch.
type Calls = (u64, i64);

impl Evidence {
    /// Counts a call that was made with a replaced version. Answers whether it is the first that waits to be written.
    fn reported(&self, api_key: Id, version: u32, at_ms: i64) -> bool {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = waiting.is_empty();
        let (count, last_ms) = waiting.entry((api_key, version)).or_insert((0, at_ms));
        (*count, *last_ms) = (*count + 1, (*last_ms).max(at_ms));
        first
    }
}

impl Service {
    /// Notes a reported call that was made with a version that has been replaced: it is still used.
    pub(crate) fn note_version(&self, key: &ApiKey, version: u32, at_ms: i64) {
        if version == 0 || version == key.current_version {
            return;
        }
        // A number that no version has must not leave a row behind.
        let known = {
            let tables = self.mirror().read();
            tables
                .rotations
                .state(key.id)
                .is_some_and(|row| version <= row.record.last_version.max(key.current_version))
        };
        let metered = &self.0.metered;
        if known && metered.evidence.reported(key.id, version, at_ms) {
            metered.wake.notify_one();
        }
    }

    /// Writes the calls that were reported with replaced versions since the last time.
    pub(crate) async fn write_evidence(&self) -> Result<()> {
        let evidence = &self.0.metered.evidence.0;
        let waiting: Vec<_> = std::mem::take(&mut *evidence.lock().unwrap_or_else(PoisonError::into_inner))
            .into_iter()
            .collect();
        for (done, rows) in waiting.chunks(ROWS).enumerate() {
            if let Err(error) = self.write_uses_of_versions(rows).await {
                let mut evidence = evidence.lock().unwrap_or_else(PoisonError::into_inner);
                for (place, (count, last_ms)) in &waiting[done * ROWS..] {
                    let (sum, last) = evidence.entry(*place).or_insert((0, *last_ms));
                    (*sum, *last) = (*sum + count, (*last).max(*last_ms));
                }
                return Err(error);
            }
        }
        Ok(())
    }

    async fn write_uses_of_versions(&self, rows: &[((Id, u32), Calls)]) -> Result<()> {
        let snapshot = self.store().snapshot().await?;
        let mut batch = Batch::new(crypto::random_batch_id()?);
        for ((api_key, version), (count, last_ms)) in rows {
            let mut row =
                VersionUse { api_key: *api_key, version: *version, count: *count, last_ms: *last_ms };
            if let Some(before) = Row::<VersionUse>::get(&snapshot, &row.key()).await? {
                row.count += before.record.count;
                row.last_ms = row.last_ms.max(before.record.last_ms);
            }
            batch.op(put(&row)?);
        }
        self.commit_metered(batch).await
    }

    /// What still uses a version of a key.
    pub(crate) async fn still_using(&self, key: &ApiKey, version: u32, idle_ms: i64) -> Result<StillUsing> {
        // What was counted in the last second is part of the evidence.
        self.write_metered().await?;
        let now_ms = self.now_ms();
        let snapshot = self.store().snapshot().await?;
        let mut using = StillUsing::default();
        for holder in holders(&snapshot, key.id).await? {
            if holder.version == version && self.still_fetches(holder.token, key.id) {
                using.apps.push(self.app_view(&holder));
            }
        }
        let row = VersionUse { api_key: key.id, version, count: 0, last_ms: 0 };
        let after = Row::<VersionUse>::get(&snapshot, &row.key()).await?.map(|row| row.record);
        let events = self.0.usage.events(key.id, now_ms - idle_ms, now_ms + 1, MOST_CALLS)?;
        let before = events.iter().filter(|event| event.version == version).map(|event| event.at_ms).max();
        let last_ms = after.as_ref().map(|row| row.last_ms).max(before);
        if let Some(last_ms) = last_ms.filter(|last| *last > now_ms - idle_ms) {
            let since_replaced = after.map_or(0, |row| row.count);
            using.calls = Some(VersionCalls { since_replaced, last: timestamp(last_ms) });
        }
        Ok(using)
    }

    /// A token that is gone, or may not fetch the key any more, waits for nothing.
    pub(super) fn still_fetches(&self, token: Id, api_key: Id) -> bool {
        let tables = self.mirror().read();
        may(&tables, Identity::Token(token), Permission::KeyFetch, Target::Key(api_key))
            && tables
                .tokens
                .get(&token)
                .is_some_and(|row| row.record.expires_ms.is_none_or(|at| at > self.now_ms()))
    }

    /// Looks at a version whose overlap is over: it goes, or is kept for a while.
    pub(super) async fn retire(
        &self,
        caller: &Caller,
        id: Id,
        number: u32,
        resumed: bool,
        lease: &Lease,
    ) -> Result<()> {
        let key = self.mirror().read().keys.get(id).map(|row| row.record.clone());
        let Some(key) = key else { return Ok(()) };
        let terms = crate::rotation::Terms::of(&super::plan_of(&self.mirror().read(), id));
        let using = if terms.evidence && !resumed {
            self.still_using(&key, number, terms.idle_ms).await?
        } else {
            StillUsing::default()
        };
        let called = self
            .move_versions(caller, Permission::RotationRun, id, |moment, ledger| {
                fenced(moment, lease);
                let terms = moment.terms;
                let verdict = ledger.verdict(number, terms, !using.is_none(), moment.now_ms);
                if verdict == Verdict::Keep && !resumed {
                    let told = ledger.kept(number, terms, moment.now_ms)?;
                    moment.detail = format!("retire: version {number} is kept, it is still used");
                    if told {
                        let message = format!(
                            "Version {number} of {} is kept for longer, as it is still used: {}",
                            moment.key.name,
                            using.in_words()
                        );
                        tell(moment, NoticeKind::RotationOverlapExtended, message)?;
                    }
                    return Ok(false);
                }
                let called = ledger.let_go(number, terms)?;
                let still = if verdict == Verdict::GoAnyway { ", although it is still used" } else { "" };
                moment.detail = format!("retire: version {number} is given out no more{still}");
                if verdict == Verdict::GoAnyway {
                    let message = format!(
                        "Version {number} of {} has gone after the longest time it may be kept, and was still used: {}",
                        moment.key.name,
                        using.in_words()
                    );
                    tell(moment, NoticeKind::RotationOverlapExtended, message)?;
                }
                let waits = ledger.rotation.retiring.iter().any(|old| {
                    old.number == number && old.phase == keyward_store::model::RotationPhase::Waiting
                });
                if waits {
                    let message = format!(
                        "Version {number} of {} is given out no more: revoke it where it was made, and tick it off",
                        moment.key.name
                    );
                    tell(moment, NoticeKind::RotationDue, message)?;
                }
                Ok(called)
            })
            .await?;
        if called { self.revoke_outside(caller, id, number, lease).await } else { Ok(()) }
    }

    /// Notes how revoking a version elsewhere went.
    pub(super) async fn note_revoking(
        &self,
        caller: &Caller,
        id: Id,
        number: u32,
        went: std::result::Result<(), (FailureClass, String, Option<i64>)>,
        lease: &Lease,
    ) -> Result<()> {
        self.move_versions(caller, Permission::RotationRun, id, |moment, ledger| {
            fenced(moment, lease);
            match &went {
                Ok(()) => {
                    ledger.revoked(number)?;
                    moment.detail = format!("retire: version {number} was revoked");
                }
                Err((class, text, after_ms)) => {
                    let now_ms = moment.now_ms;
                    let stops = ledger.revoking_failed(number, *class, text.clone(), *after_ms, now_ms)?;
                    let next = if stops { "stopped" } else { "it is tried again" };
                    moment.detail = format!("retire: revoking version {number} failed, {next}: {text}");
                    if stops {
                        let message = format!(
                            "Version {number} of {} could not be revoked: {text}. Revoke it where it was made, and tick \
                             it off",
                            moment.key.name
                        );
                        tell(moment, NoticeKind::RotationFailed, message)?;
                    }
                }
            }
            Ok(())
        })
        .await
    }
}

/// Which version each app was given last.
pub(super) async fn holders(snapshot: &impl Snapshot, api_key: Id) -> Result<Vec<VersionHolder>> {
    let range = KeyRange::prefix(api_key.as_bytes());
    let rows = snapshot.scan(VersionHolder::TABLE, range, Order::Ascending, MOST_APPS).await?;
    let decoded: keyward_store::Result<Vec<_>> =
        rows.iter().map(|(_, raw)| Ok(Row::<VersionHolder>::decode(raw)?.record)).collect();
    Ok(decoded?)
}
