//! How the instance is, for whoever asks: whether the store answers and takes writes, and whether the jobs run.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use keyward_store::model::AuditRecord;
use keyward_store::{Condition, KeyRange, Order, Snapshot, Store};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::error::Result;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};

/// How the instance is.
#[derive(Clone, Debug)]
pub struct Health {
    /// How the store is.
    pub store: StoreHealth,
    /// Bytes that are still free where it lies; `u64::MAX` when that is not known.
    pub room: u64,
    /// The daemon's jobs are scheduled.
    pub jobs: bool,
    /// Those that failed when they last ran, by name.
    pub failing_jobs: BTreeSet<&'static str>,
    /// When the daemon started.
    pub started: Timestamp,
    /// How long ago.
    pub uptime: Duration,
    /// The moment of this answer.
    pub now: Timestamp,
}

/// How the store is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreHealth {
    /// It reads and writes.
    Connected,
    /// It reads, and does not write: the disk is full, or the last commit failed.
    ReadOnly,
    /// It does not answer.
    Disconnected,
}

impl Service {
    /// How the instance is.
    pub async fn health(&self) -> Health {
        Health {
            store: self.store_health().await,
            room: self.store().room(),
            jobs: self.0.jobs.load(Ordering::Relaxed),
            failing_jobs: self.failing_jobs().clone(),
            started: timestamp(self.0.opened_ms),
            uptime: self.0.opened.elapsed(),
            now: timestamp(self.now_ms()),
        }
    }

    async fn store_health(&self) -> StoreHealth {
        let read = async {
            let snapshot = self.store().snapshot().await?;
            snapshot.scan(AuditRecord::LOG, KeyRange::all(), Order::Descending, 1).await
        };
        match (read.await, self.store().condition()) {
            (Err(_), _) | (_, Condition::Closed) => StoreHealth::Disconnected,
            (Ok(_), Condition::Fine) => StoreHealth::Connected,
            (Ok(_), Condition::Full | Condition::Failing) => StoreHealth::ReadOnly,
        }
    }

    /// Notes how a job went.
    pub fn job_ran(&self, job: &'static str, good: bool, took: Duration) {
        self.0.meters.job(job, good, took, self.now_ms());
        if good {
            self.failing_jobs().remove(job);
        } else {
            self.failing_jobs().insert(job);
        }
    }

    fn failing_jobs(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.0.failing_jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the daemon's jobs are scheduled, or are not any more.
    pub fn jobs_scheduled(&self, caller: &Caller, scheduled: bool) -> Result<()> {
        authorise(&self.mirror().read(), caller, Permission::InstanceRun, Target::Instance, None)?;
        self.0.jobs.store(scheduled, Ordering::Relaxed);
        Ok(())
    }
}
