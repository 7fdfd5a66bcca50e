//! How often service tokens were used, and when last. Counted in memory and written within a second; of a token with
//! a limit on its uses each one is durable before it is answered, so that no crash gives one back.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};

use keyward_store::model::{Id, ServiceToken, TokenSeen};
use keyward_store::{Batch, KeyRange, Op, Order, Record, Row, Snapshot};

use crate::caller::{Caller, Identity};
use crate::crypto;
use crate::error::{Error, Result};
use crate::service::Service;
use crate::service::change::put;
use crate::service::metered::{Counted, Waiting};

/// Rows read, or written in one batch.
const ROWS: usize = 1024;

/// Uses by token, and those that are not written yet.
#[derive(Default)]
pub(crate) struct Uses {
    tokens: RwLock<HashMap<Id, Arc<TokenUse>>>,
    waiting: Waiting<TokenUse>,
}

/// One token's uses.
#[derive(Default)]
pub(crate) struct TokenUse {
    token: Id,
    uses: AtomicU64,
    /// Of those, not written.
    unwritten: AtomicU64,
    /// ms since the epoch; 0 is never.
    last_ms: AtomicI64,
    waits: AtomicBool,
}

impl Counted for TokenUse {
    fn waits(&self) -> &AtomicBool {
        &self.waits
    }
}

impl Uses {
    /// Reads every token's uses.
    pub(crate) async fn fill(&self, snapshot: &impl Snapshot) -> keyward_store::Result<()> {
        let mut range = KeyRange::all();
        loop {
            let rows = snapshot.scan(ServiceToken::USES, range.clone(), Order::Ascending, ROWS).await?;
            for (key, row) in &rows {
                let damaged = keyward_store::Error::Damaged { table: ServiceToken::USES.0 };
                let (Some(token), Ok(uses)) = (Id::from_slice(key), row.value.as_ref().try_into()) else {
                    return Err(damaged);
                };
                let seen = Row::<TokenSeen>::get(snapshot, key).await?;
                let one = self.of(token);
                one.uses.store(u64::try_from(i64::from_le_bytes(uses)).unwrap_or(0), Relaxed);
                one.last_ms.store(seen.map_or(0, |seen| seen.record.at_ms), Relaxed);
            }
            match rows.last() {
                Some((last, _)) if rows.len() == ROWS => range.start = [last.as_slice(), &[0]].concat(),
                _ => return Ok(()),
            }
        }
    }

    fn known(&self, token: Id) -> Option<Arc<TokenUse>> {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).get(&token).cloned()
    }

    fn of(&self, token: Id) -> Arc<TokenUse> {
        self.known(token).unwrap_or_else(|| {
            let new = || Arc::new(TokenUse { token, ..TokenUse::default() });
            let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(tokens.entry(token).or_insert_with(new))
        })
    }

    /// How often a token was used, and when last (ms since the epoch).
    pub(crate) fn report(&self, token: Id) -> (u64, Option<i64>) {
        let Some(one) = self.known(token) else { return (0, None) };
        let last_ms = one.last_ms.load(Relaxed);
        (one.uses.load(Relaxed), (last_ms > 0).then_some(last_ms))
    }

    /// Forgets a revoked token.
    pub(crate) fn forget(&self, token: Id) {
        self.tokens.write().unwrap_or_else(PoisonError::into_inner).remove(&token);
    }
}

/// Whether a token has uses left.
pub(crate) fn has_uses_left(token: &ServiceToken, uses: &Uses) -> bool {
    token.max_uses.is_none_or(|most| uses.report(token.id).0 < most)
}

/// Removes what is written of a token's uses.
pub(crate) fn remove_uses(batch: &mut Batch, token: Id) {
    for table in [ServiceToken::USES, TokenSeen::TABLE] {
        batch.op(Op::Del(table, token.as_bytes().to_vec()));
    }
}

impl Service {
    /// Counts a use: a fetch or a report that the token is let in for, however many keys it is about. Nothing is
    /// counted of people.
    pub(crate) async fn count_use(&self, caller: &Caller) -> Result<()> {
        let Identity::Token(token) = caller.identity else { return Ok(()) };
        let most = {
            let tables = self.mirror().read();
            tables.tokens.get(&token).ok_or(Error::Unauthenticated)?.record.max_uses
        };
        let metered = &self.0.metered;
        let one = metered.uses.of(token);
        match most {
            None => {
                one.uses.fetch_add(1, Relaxed);
                one.unwritten.fetch_add(1, Relaxed);
            }
            Some(most) => self.count_limited(&one, most).await?,
        }
        one.last_ms.fetch_max(self.now_ms(), Relaxed);
        if metered.uses.waiting.add(&one) {
            metered.wake.notify_one();
        }
        Ok(())
    }

    async fn count_limited(&self, one: &TokenUse, most: u64) -> Result<()> {
        let left = |uses: u64| (uses < most).then_some(uses + 1);
        one.uses.fetch_update(Relaxed, Relaxed, left).map_err(|_| Error::Unauthenticated)?;
        let mut batch = Batch::new(crypto::random_batch_id()?);
        batch.op(Op::Add(ServiceToken::USES, one.token.as_bytes().to_vec(), 1));
        self.commit_metered(batch).await.inspect_err(|_| {
            one.uses.fetch_sub(1, Relaxed);
        })
    }

    /// Writes the uses counted since the last time.
    pub(crate) async fn write_uses(&self) -> Result<()> {
        let waiting = &self.0.metered.uses.waiting;
        let ones = waiting.take();
        for (done, rows) in ones.chunks(ROWS).enumerate() {
            let mut batch = Batch::new(crypto::random_batch_id()?);
            let mut added = Vec::with_capacity(rows.len());
            for one in rows {
                let more = one.unwritten.swap(0, Relaxed);
                added.push(more);
                // A token that was revoked meanwhile leaves nothing behind.
                if self.mirror().read().tokens.contains_key(&one.token) {
                    let more = i64::try_from(more).unwrap_or(i64::MAX);
                    batch.op(Op::Add(ServiceToken::USES, one.token.as_bytes().to_vec(), more));
                    batch.op(put(&TokenSeen { token: one.token, at_ms: one.last_ms.load(Relaxed) })?);
                }
            }
            if let Err(error) = self.commit_metered(batch).await {
                for (one, more) in rows.iter().zip(added) {
                    one.unwritten.fetch_add(more, Relaxed);
                }
                for one in &ones[done * ROWS..] {
                    waiting.add(one);
                }
                return Err(error);
            }
        }
        Ok(())
    }
}
