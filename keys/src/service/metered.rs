//! What is counted in memory and written within a second, all in one place: fetches, the uses of tokens, where keys are
//! used from. Metered,
//! so it is not audited, and nobody waits for its commits.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use keyward_store::{Batch, CommitError, Snapshot, Store};

use crate::error::{Error, Result};
use crate::service::client_networks::Clients;
use crate::service::fetches::Fetches;
use crate::service::rotation::Evidence;
use crate::service::uses::Uses;
use crate::service::{Inner, Service};

/// How long is counted before it is written.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// The counters.
#[derive(Default)]
pub(crate) struct Metered {
    pub(crate) fetches: Fetches,
    pub(crate) uses: Uses,
    pub(crate) evidence: Evidence,
    pub(crate) clients: Clients,
    /// Something waits to be written.
    pub(crate) wake: Notify,
}

/// One thing that is counted.
pub(crate) trait Counted {
    /// Set while it waits to be written.
    fn waits(&self) -> &AtomicBool;
}

/// What waits to be written, each once.
pub(crate) struct Waiting<T>(Mutex<Vec<Arc<T>>>);

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Counted> Waiting<T> {
    /// Answers whether it is the first that waits.
    pub(crate) fn add(&self, one: &Arc<T>) -> bool {
        if one.waits().swap(true, Relaxed) {
            return false;
        }
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(Arc::clone(one));
        waiting.len() == 1
    }

    /// All that waits now. What is counted while these are written waits for the next time, or under load there
    /// would be no end of it.
    pub(crate) fn take(&self) -> Vec<Arc<T>> {
        let taken = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        taken.iter().for_each(|one| one.waits().store(false, Relaxed));
        taken
    }
}

impl Metered {
    /// Reads what was written.
    pub(crate) async fn fill(&self, snapshot: &impl Snapshot, now_ms: i64) -> keyward_store::Result<()> {
        self.uses.fill(snapshot).await?;
        self.clients.fill(snapshot).await?;
        self.fetches.fill(snapshot, now_ms).await
    }
}

/// Writes what was counted, for as long as the service lives; sleeps while there is nothing.
pub(crate) async fn write(service: Weak<Inner>, metered: Arc<Metered>) {
    loop {
        metered.wake.notified().await;
        tokio::time::sleep(WRITE_EVERY).await;
        let Some(inner) = service.upgrade() else { return };
        if let Err(error) = Service(inner).write_metered().await {
            tracing::warn!(%error, "what was counted could not be written; it will be tried again");
            // What failed waits as it did before, and nothing else may come to wake us.
            metered.wake.notify_one();
        }
    }
}

impl Service {
    /// Writes what was counted since the last time.
    pub(crate) async fn write_metered(&self) -> Result<()> {
        self.write_uses().await?;
        self.write_fetches().await?;
        self.write_clients().await?;
        self.write_evidence().await
    }

    /// Commits a batch that is neither authorised nor audited: counters alone.
    pub(crate) async fn commit_metered(&self, batch: Batch) -> Result<()> {
        match self.store().commit(batch).await {
            Ok(_) => Ok(()),
            Err(CommitError::Store(error)) => Err(error.into()),
            Err(CommitError::Conflict | CommitError::Fenced) => Err(Error::Busy),
        }
    }
}
