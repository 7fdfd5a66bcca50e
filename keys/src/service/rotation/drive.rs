//! The daemon's own part in rotation: what is due is done, key by key, at most so many at once, each under a lease whose
//! fence every commit carries. While nothing is due it sleeps until something is.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use keyward_store::leases::{self, Lease};
use keyward_store::model::{Id, Status};

use crate::caller::Caller;
use crate::crypto;
use crate::error::Result;
use crate::policy::Permission;
use crate::rotation::{Ledger, Next};
use crate::service::Service;
use crate::service::access::{Target, authorise};

/// Keys that are rotated at once.
const AT_ONCE: usize = 32;

/// How long a key is left alone whose rotation the daemon itself could not go on with, ms.
const REST_MS: i64 = 5_000;

/// How long a key is left alone for which there was nothing to do, ms.
const UNDONE_REST_MS: i64 = 500;

/// How long a lease is: longer than any one step takes, ms.
const LEASE_MS: i64 = 10 * 60_000;

/// Rotations that were missed while the daemon was down begin one after another, ms apart.
const MISSED_APART_MS: i64 = 250;

/// The longest sleep: the clock may be set meanwhile.
const LONGEST_SLEEP_MS: u64 = 60_000;

/// Steps that one key goes through before the others have their turn.
const MOST_STEPS: usize = 16;

/// What of the daemon's part is only in memory.
#[derive(Default)]
pub(crate) struct Rotor {
    /// Keys that are left alone until then, ms since the epoch.
    resting: Mutex<HashMap<Id, i64>>,
}

impl Rotor {
    fn rest(&self, id: Id, until_ms: i64) {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, until_ms);
    }

    /// Until when this key is left alone.
    fn rests_until(&self, id: Id, now_ms: i64) -> Option<i64> {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        let until_ms = resting.get(&id).copied()?;
        // A clock that was set back must not make it wait for longer.
        if until_ms <= now_ms || until_ms > now_ms + LEASE_MS {
            resting.remove(&id);
            return None;
        }
        Some(until_ms)
    }
}

impl Service {
    /// Spreads what fell due while the daemon was down: all of it at once would be a blow to whoever is called.
    pub(crate) fn spread_missed(&self) {
        let now_ms = self.now_ms();
        let tables = self.mirror().read();
        let missed = tables.rotations.due().take_while(|(at, _)| *at <= now_ms).filter(|(at, _)| *at > 0);
        for (place, (_, id)) in missed.enumerate().skip(AT_ONCE) {
            let later = i64::try_from(place - AT_ONCE).unwrap_or(i64::MAX).saturating_mul(MISSED_APART_MS);
            self.0.rotor.rest(id, now_ms.saturating_add(later).min(now_ms + LEASE_MS));
        }
    }

    /// Does what is due for the keys' rotation, and what comes to be due meanwhile. Answers for how many keys.
    pub async fn rotate_due(&self, caller: &Caller) -> Result<u64> {
        authorise(&self.mirror().read(), caller, Permission::RotationRun, Target::Instance, None)?;
        self.follow_hours().await;
        let mut busy = HashSet::new();
        let mut turning = FuturesUnordered::new();
        let mut turned = 0;
        loop {
            for id in self.due_now(&busy, AT_ONCE - turning.len()) {
                busy.insert(id);
                turning.push(async move { (id, self.turn(caller, id).await) });
            }
            if turning.is_empty() {
                return Ok(turned);
            }
            let full = turning.len() >= AT_ONCE;
            let (id, done) = tokio::select! {
                Some(done) = turning.next() => done,
                () = self.rotation_due_beside(&busy), if !full => continue,
            };
            busy.remove(&id);
            match done {
                Ok(true) => turned += 1,
                // There was nothing to do by then; should it still seem so, it is not asked again at once.
                Ok(false) => self.0.rotor.rest(id, self.now_ms() + UNDONE_REST_MS),
                Err(error) => {
                    tracing::warn!(%error, key = %id, "a rotation could not go on; it is tried again");
                    self.0.rotor.rest(id, self.now_ms() + REST_MS);
                }
            }
        }
    }

    /// Returns once something is due. It sleeps, and costs nothing meanwhile.
    pub async fn rotation_due(&self) {
        self.rotation_due_beside(&HashSet::new()).await;
    }

    async fn rotation_due_beside(&self, busy: &HashSet<Id>) {
        loop {
            let hurried = self.mirror().hurried().notified();
            let now_ms = self.now_ms();
            let wait = match self.first_due(busy, now_ms) {
                Some(at) if at <= now_ms => return,
                Some(at) => at.abs_diff(now_ms).min(LONGEST_SLEEP_MS),
                None => LONGEST_SLEEP_MS,
            };
            tokio::select! {
                () = hurried => {}
                () = tokio::time::sleep(Duration::from_millis(wait)) => {}
            }
        }
    }

    fn first_due(&self, busy: &HashSet<Id>, now_ms: i64) -> Option<i64> {
        let tables = self.mirror().read();
        let mut first: Option<i64> = None;
        for (at, id) in tables.rotations.due() {
            // Those that rest are few, or are past in a moment.
            if first.is_some_and(|first| first <= at) {
                break;
            }
            if busy.contains(&id) {
                continue;
            }
            let at = self.0.rotor.rests_until(id, now_ms).map_or(at, |until| until.max(at));
            first = Some(first.map_or(at, |first| first.min(at)));
        }
        first
    }

    fn due_now(&self, busy: &HashSet<Id>, most: usize) -> Vec<Id> {
        let now_ms = self.now_ms();
        let tables = self.mirror().read();
        let due = tables.rotations.due().take_while(|(at, _)| *at <= now_ms).map(|(_, id)| id);
        due.filter(|id| !busy.contains(id) && self.0.rotor.rests_until(*id, now_ms).is_none())
            .take(most)
            .collect()
    }

    /// Takes one key as far as it goes now. Answers whether anything was done.
    async fn turn(&self, caller: &Caller, id: Id) -> Result<bool> {
        let name = [b"rotate".as_slice(), id.as_bytes()].concat();
        let now_ms = self.now_ms();
        let batch = crypto::random_batch_id()?;
        // One process has the file, so whoever held it before is gone, and its fence is out of date from here on.
        let lease = leases::take(self.store(), batch, &name, b"keyward", now_ms + LEASE_MS, now_ms).await?;
        let Some(lease) = lease else { return Ok(false) };
        for step in 0..MOST_STEPS {
            if !self.turn_once(caller, id, &lease).await? {
                return Ok(step > 0);
            }
        }
        Ok(true)
    }

    async fn turn_once(&self, caller: &Caller, id: Id, lease: &Lease) -> Result<bool> {
        let now_ms = self.now_ms();
        let (next, due) = {
            let tables = self.mirror().read();
            let Some(row) = tables.keys.get(id) else { return Ok(false) };
            let key = &row.record;
            let ledger = Ledger::of(key, tables.rotations.state(id).map(|row| &row.record));
            let begins = ledger.rotation.run.is_none() && key.status == Status::Active;
            let due = key.next_rotation_ms.filter(|due| begins && *due <= now_ms);
            (ledger.next(now_ms), due)
        };
        match next {
            Next::Make => self.make_value(caller, id, lease).await?,
            Next::Call { step, resumed } => self.call_outside(caller, id, step, resumed, lease).await?,
            Next::Finish => self.finish_rotation(caller, id, lease).await?,
            Next::Retire { number, resumed } => self.retire(caller, id, number, resumed, lease).await?,
            Next::Wait(_) => match due {
                Some(due_ms) => self.begin_due(caller, id, due_ms, lease).await?,
                None => return Ok(false),
            },
        }
        Ok(true)
    }
}
