//! Backups: a copy of the store as it is at one moment, read back and its audit chain walked before it counts as one; and
//! what is known of the last. Whoever asks says where it goes and puts it in its place: no path is known here.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use keyward_store::model::{BackupFailed, BackupMade, Backups};
use keyward_store::{Contents, Copied, Look, Record, Row, Snapshot};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::crypto::{CheckpointKey, MasterKey};
use crate::error::{Error, Result};
use crate::policy::Permission;
use crate::service::access::{Target, authorise};
use crate::service::audit::{AuditSummary, verify_file};
use crate::service::options::sealers;
use crate::service::rotation::state_of;
use crate::service::{OpenError, Service, store_of};
use crate::view::{BackupContents, BackupView, FailedBackupView, RestoredView, RotationState};

/// What is known of backups, in memory, and who makes one.
#[derive(Default)]
pub(super) struct BackupDesk {
    known: RwLock<Backups>,
    making: tokio::sync::Mutex<()>,
}

impl BackupDesk {
    pub(super) async fn fill(&self, snapshot: &impl Snapshot) -> keyward_store::Result<()> {
        if let Some(row) = snapshot.get(Backups::TABLE, Backups::KEY).await? {
            self.note(Row::decode(&row)?.record);
        }
        Ok(())
    }

    fn known(&self) -> Backups {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, known: Backups) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// The last backup, and what failed since.
    pub(super) fn shown(&self) -> (Option<BackupView>, Option<FailedBackupView>) {
        let Backups { made, failed } = self.known();
        let failed = failed.map(|BackupFailed { at_ms, reason, by }| FailedBackupView {
            at: timestamp(at_ms),
            reason,
            by,
        });
        (made.as_ref().map(view), failed)
    }

    /// The moment that the last one holds, in seconds since the epoch; 0 when there is none.
    pub(super) fn last_seconds(&self) -> f64 {
        self.known().made.map_or(0.0, |made| made.at_ms as f64 / 1_000.0)
    }
}

/// A backup that is whole, and not in its place yet: only what [`Service::back_up`] made can be kept.
#[derive(Debug)]
pub struct WholeBackup(BackupMade);

impl WholeBackup {
    /// What it is.
    pub fn view(&self) -> BackupView {
        view(&self.0)
    }
}

impl Service {
    /// Writes a backup into this empty file, durably, reads every row of it back, and walks its audit chain. It holds
    /// everything that was acknowledged before, sealed under the master key, which is not in it. `by` is the system's user who
    /// asked; once `stop` is set it ends early, with [`Error::Busy`], and what is in the file is no backup.
    pub async fn back_up(
        &self,
        caller: &Caller,
        to: File,
        by: &str,
        stop: Arc<AtomicBool>,
    ) -> Result<WholeBackup> {
        authorise(&self.mirror().read(), caller, Permission::InstanceBackup, Target::Instance, None)?;
        let taken = |_| Error::Conflict("a backup is being made already; wait for its end".to_owned());
        let _alone = self.0.backups.making.try_lock().map_err(taken)?;
        let (at_ms, started) = (self.now_ms(), Instant::now());
        match self.copy(to, at_ms, &stop).await {
            Ok((copied, audit)) => Ok(WholeBackup(BackupMade {
                at_ms,
                took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
                bytes: copied.bytes,
                rows: copied.contents.rows(),
                records: audit.records,
                by: by.to_owned(),
            })),
            Err(_) if stop.load(Ordering::Relaxed) => Err(Error::Busy),
            Err(error) => {
                let failed = BackupFailed { at_ms, reason: reason(&error), by: by.to_owned() };
                let known = Backups { failed: Some(failed), ..self.0.backups.known() };
                if let Err(error) = self.write_backups(caller, known, "failed").await {
                    tracing::warn!(%error, "a backup failed, which could not be recorded");
                }
                Err(error)
            }
        }
    }

    /// Records that a backup is in its place.
    pub async fn keep_backup(&self, caller: &Caller, backup: WholeBackup) -> Result<BackupView> {
        let shown = backup.view();
        let made = Backups { made: Some(backup.0), failed: None };
        self.write_backups(caller, made, &format!("{} bytes, {} rows", shown.bytes, shown.rows)).await?;
        Ok(shown)
    }

    async fn copy(&self, to: File, at_ms: i64, stop: &Arc<AtomicBool>) -> Result<(Copied, AuditSummary)> {
        self.write_metered().await?;
        let (service, stop) = (self.clone(), Arc::clone(stop));
        let copying = tokio::task::spawn_blocking(move || {
            let sealer = service.0.sealers.for_one();
            service.store().copy(to, sealer, at_ms, &|| !stop.load(Ordering::Relaxed))
        });
        let copied = copying.await.map_err(|error| Error::Internal(Box::new(error)))??;
        let audit = verify_file(&copied.look, &self.0.audit.key, None).await?;
        match audit.fault {
            Some(fault) => Err(Error::Internal(Box::new(fault))),
            None => Ok((copied, audit)),
        }
    }

    async fn write_backups(&self, caller: &Caller, known: Backups, detail: &str) -> Result<()> {
        let by = known.failed.as_ref().map(|failed| &failed.by);
        let by = by.or(known.made.as_ref().map(|made| &made.by)).cloned().unwrap_or_default();
        self.change(caller, Permission::InstanceBackup, Target::Instance, |_, draft| {
            draft.detail = format!("by {by}: {detail}");
            draft.put(&known)
        })
        .await?;
        self.0.backups.note(known);
        Ok(())
    }

    /// Ends what must not go on after a restore as it stood in the backup, which is every session: of each it may have been
    /// ended since, or its refresh token used. Records the restore.
    pub async fn restored(&self, caller: &Caller, from: &BackupContents) -> Result<RestoredView> {
        let now_ms = self.now_ms();
        self.change(caller, Permission::InstanceRestore, Target::Instance, |tables, draft| {
            let moment = from.at.map_or("an unknown moment".to_owned(), |at| at.to_string());
            draft.detail = format!("from a backup of {moment}; {} sessions ended", tables.sessions.len());
            for session in tables.sessions.values() {
                draft.batch.remove(session);
            }
            let good = |expires: Option<i64>| expires.is_none_or(|at| at > now_ms);
            let tokens = tables.tokens.values().filter(|token| good(token.record.expires_ms));
            let under_way = |state| matches!(state, RotationState::Running | RotationState::Retrying);
            let rotations = tables.rotations.states().filter(|row| under_way(state_of(&row.record)));
            Ok(RestoredView {
                sessions_ended: tables.sessions.len() as u64,
                tokens: tokens.count() as u64,
                rotations: rotations.count() as u64,
            })
        })
        .await
    }
}

/// Reads every row of a file that no daemon has open, a backup or a database, and walks its audit chain; `given` as for
/// [`Service::verify_audit`]. Whoever has the file and its master key needs no leave of anybody. Not a byte is written.
///
/// # Errors
/// It is no file of ours, another master key sealed it, or nothing of it can be read.
pub async fn inspect_backup(
    path: PathBuf,
    master_key: MasterKey,
    given: Option<&str>,
) -> std::result::Result<(BackupContents, AuditSummary), OpenError> {
    let key = CheckpointKey::new(&*master_key.checkpoint_seed()?);
    let options = store_of(&path, &sealers(master_key));
    let reading = tokio::task::spawn_blocking(move || {
        let look = Look::at(options)?;
        let contents = look.contents(&|| true)?;
        Ok((look, contents))
    });
    let read = reading.await.unwrap_or(Err(keyward_store::Error::Closed));
    let (look, contents) = read.map_err(|source| OpenError::Store { path, source })?;
    let audit = verify_file(&look, &key, given).await.map_err(OpenError::Core)?;
    Ok((found(&contents), audit))
}

fn found(contents: &Contents) -> BackupContents {
    BackupContents {
        at: contents.copied_ms.map(timestamp),
        rows: contents.rows(),
        tables: contents.tables.iter().map(|(name, table)| (name.clone(), table.rows)).collect(),
        damaged: contents.damaged().map(str::to_owned),
    }
}

fn view(made: &BackupMade) -> BackupView {
    BackupView {
        at: timestamp(made.at_ms),
        seconds: made.took_ms as f64 / 1_000.0,
        bytes: made.bytes,
        rows: made.rows,
        audit_records: made.records,
        by: made.by.clone(),
    }
}

/// Why, in words that operators are shown: they may see causes.
fn reason(error: &Error) -> String {
    match error {
        Error::Internal(cause) => {
            let beneath = cause.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            format!("{cause}{beneath}")
        }
        error => error.to_string(),
    }
}
