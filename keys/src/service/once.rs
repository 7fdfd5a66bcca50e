//! Requests that a client may safely send again (`Idempotency-Key`): carried out once, answered alike for a day. That a
//! request was carried out is noted in the very commit that does it, so that a crash in between cannot make two of it;
//! its answer is kept sealed under what only the sender has.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyward_store::model::{Carried, CarriedAnswer, Id};
use keyward_store::{Batch, KeyRange, Op, Order, Record, Row, Snapshot, Store};

use crate::caller::Caller;
use crate::crypto::{self, ReplayKeys, SecretBytes};
use crate::error::{Error, Result};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::change::{Draft, committed};

/// How long a request is known again.
const KEPT_MS: i64 = 24 * 3_600_000;

/// Requests of one person that are known again.
const MOST: usize = 1_000;

/// The longest answer that is kept, bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Rows looked through at a time when old ones are removed.
const ROWS: usize = 4_096;

/// Whose a request is, and under which key.
type Place = (Id, [u8; 16]);

/// Requests under way, with what each asks.
#[derive(Default)]
pub(crate) struct Running(Mutex<HashMap<Place, [u8; 32]>>);

/// What a request with an `Idempotency-Key` is.
pub enum Begun {
    /// New: carry it out with the caller that holds this, and hand the answer to [`Service::finish_once`].
    First(Once),
    /// Under way already.
    Running,
    /// Another one had this key.
    Other,
    /// It was carried out before.
    Again {
        /// What it made or changed.
        object: Option<Id>,
        /// The answer; none when it was lost, or is somebody else's to read.
        answer: Option<SecretBytes>,
    },
}

/// A request that is carried out for the first time.
#[derive(Clone)]
pub struct Once(Arc<Ticket>);

struct Ticket {
    account: Id,
    keys: ReplayKeys,
    running: Arc<Running>,
    /// What a request of more than a day ago has left there.
    old: Option<Row<Carried>>,
    /// It is noted, together with what it did.
    noted: AtomicBool,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.running.lock().remove(&(self.account, self.keys.place));
    }
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, HashMap<Place, [u8; 32]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Once {
    /// Notes the request in the batch that carries it out; of several, in the first.
    pub(crate) fn note(&self, batch: &mut Batch, now_ms: i64, object: Option<Id>) -> Result<()> {
        let Ticket { account, keys, old, noted, .. } = &*self.0;
        if !noted.load(Ordering::Acquire) {
            let (place, fingerprint) = (keys.place, keys.fingerprint);
            let carried = Carried { account: *account, place, fingerprint, at_ms: now_ms, object };
            match old {
                Some(old) => batch.replace(old, &carried)?,
                None => batch.create(&carried)?,
            };
        }
        Ok(())
    }

    /// The batch is durable.
    pub(crate) fn noted(&self) {
        self.0.noted.store(true, Ordering::Release);
    }
}

impl Service {
    /// Looks up a request of a person by its `Idempotency-Key` and its parts (method, path, body).
    pub async fn begin_once(
        &self,
        caller: &Caller,
        bearer: &str,
        key: &str,
        request: &[&[u8]],
    ) -> Result<Begun> {
        let account = caller.person()?;
        let keys = ReplayKeys::of(bearer, key, request)?;
        let (place, fingerprint) = (keys.place, keys.fingerprint);
        match self.0.running.lock().entry((account, place)) {
            Entry::Occupied(other) if *other.get() != fingerprint => {
                return Ok(Begun::Other);
            }
            Entry::Occupied(_) => return Ok(Begun::Running),
            Entry::Vacant(free) => free.insert(fingerprint),
        };
        let running = Arc::clone(&self.0.running);
        let mut ticket = Ticket { account, keys, running, old: None, noted: AtomicBool::new(false) };
        let snapshot = self.store().snapshot().await?;
        let row = [account.as_bytes().as_slice(), &place].concat();
        match Row::<Carried>::get(&snapshot, &row).await? {
            Some(carried) if carried.record.at_ms > self.now_ms() - KEPT_MS => {
                if carried.record.fingerprint != fingerprint {
                    return Ok(Begun::Other);
                }
                let answer = Row::<CarriedAnswer>::get(&snapshot, &row).await?;
                let answer = answer.and_then(|answer| ticket.keys.open(&answer.record.sealed).ok());
                return Ok(Begun::Again { object: carried.record.object, answer });
            }
            old => ticket.old = old,
        }
        self.check_room(&snapshot, account).await?;
        Ok(Begun::First(Once(Arc::new(ticket))))
    }

    async fn check_room(&self, snapshot: &impl Snapshot, account: Id) -> Result<()> {
        let range = KeyRange::prefix(account.as_bytes());
        let rows = snapshot.scan(Carried::TABLE, range, Order::Ascending, MOST).await?;
        let now_ms = self.now_ms();
        let mut kept = Vec::with_capacity(rows.len());
        for (_, row) in &rows {
            kept.push(Row::<Carried>::decode(row)?.record.at_ms);
        }
        kept.retain(|at_ms| *at_ms > now_ms - KEPT_MS);
        match kept.iter().min() {
            Some(oldest) if kept.len() >= MOST => {
                let wait = u64::try_from(oldest + KEPT_MS - now_ms).unwrap_or_default();
                Err(Error::TooMany(Duration::from_millis(wait)))
            }
            _ => Ok(()),
        }
    }

    /// Keeps the answer of a request that was carried out, sealed, for whoever repeats it.
    pub async fn finish_once(&self, once: Once, answer: &[u8]) -> Result<()> {
        let Ticket { account, keys, .. } = &*once.0;
        let mut batch = Batch::new(crypto::random_batch_id()?);
        once.note(&mut batch, self.now_ms(), None)?;
        if answer.len() <= LONGEST_ANSWER {
            let answer = CarriedAnswer { account: *account, place: keys.place, sealed: keys.seal(answer)? };
            match Row::<CarriedAnswer>::get(&self.store().snapshot().await?, &answer.key()).await? {
                Some(old) => batch.replace(&old, &answer)?,
                None => batch.create(&answer)?,
            };
        }
        self.store().commit(batch).await.map_err(committed)?;
        Ok(())
    }

    /// Removes requests that are not known again any more. Answers how many.
    pub async fn forget_answers(&self, caller: &Caller) -> Result<u64> {
        authorise(&self.mirror().read(), caller, Permission::InstanceRun, Target::Instance, None)?;
        let before_ms = self.now_ms() - KEPT_MS;
        let (mut range, mut forgotten) = (KeyRange::all(), 0);
        loop {
            let snapshot = self.store().snapshot().await?;
            let rows = snapshot.scan(Carried::TABLE, range.clone(), Order::Ascending, ROWS).await?;
            let mut due = Vec::new();
            for (_, row) in &rows {
                let row = Row::<Carried>::decode(row)?;
                if row.record.at_ms <= before_ms {
                    due.push(row);
                }
            }
            if !due.is_empty() {
                forgotten += due.len() as u64;
                self.forget(caller, &due).await?;
            }
            match rows.last() {
                Some((last, _)) if rows.len() == ROWS => range.start = [last.as_slice(), &[0]].concat(),
                _ => return Ok(forgotten),
            }
        }
    }

    /// A row that another request has taken over meanwhile stops it: the next run finds those that are due then.
    async fn forget(&self, caller: &Caller, due: &[Row<Carried>]) -> Result<()> {
        self.change(caller, Permission::InstanceRun, Target::Instance, |_, draft: &mut Draft| {
            for row in due {
                draft.batch.op(Op::Del(CarriedAnswer::TABLE, row.record.key()));
                draft.batch.remove(row);
            }
            draft.detail = format!("{} answers forgotten", due.len());
            Ok(())
        })
        .await
    }
}
