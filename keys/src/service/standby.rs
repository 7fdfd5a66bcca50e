//! Who is unlocked now and so can do at once what waits for somebody to unlock: people in a live session, which holds
//! their unlock token for as long as it lasts, and whoever sends theirs along. What is done then is `grants`'s.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use keyward_store::model::Id;

use crate::caller::{Caller, WeakCaller};
use crate::crypto::PrivateKey;
use crate::service::mirror::Stirred;
use crate::service::{Inner, Service};

/// How long somebody waits for what their key is used for: what takes longer goes on without them.
const SETTLING: Duration = Duration::from_secs(2);

/// People who unlocked, while the session lasts in which they did.
#[derive(Default)]
pub(crate) struct Standby(Mutex<Vec<WeakCaller>>);

impl Standby {
    pub(crate) fn add(&self, caller: &Caller) {
        let mut callers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        callers.retain(|other| other.upgrade().is_some_and(|other| !other.shares_unlock(caller)));
        callers.push(caller.downgrade());
    }

    fn callers(&self) -> Vec<Caller> {
        let mut callers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        callers.retain(|caller| caller.upgrade().is_some());
        callers.iter().filter_map(WeakCaller::upgrade).collect()
    }
}

/// Has live sessions do what has come to wait, for as long as the service lives; sleeps while there is nothing new.
pub(crate) async fn settle_when_stirred(service: Weak<Inner>, stirred: Arc<Stirred>) {
    loop {
        stirred.changed().await;
        let Some(inner) = service.upgrade() else { return };
        let service = Service(inner);
        for caller in service.0.standby.callers() {
            if service.still_valid(&caller)
                && let Some((account, private)) = service.can_settle(&caller)
            {
                service.settle(&caller, account, &private).await;
            }
        }
    }
}

impl Service {
    /// Does what waits for somebody to unlock, when this caller is unlocked and can.
    pub async fn let_others_in(&self, caller: &Caller) {
        if let Some((account, private)) = self.can_settle(caller) {
            self.settle_for_a_moment(caller, account, private).await;
        }
    }

    /// Settles, and waits for it as long as a person would.
    pub(crate) async fn settle_for_a_moment(&self, caller: &Caller, account: Id, private: PrivateKey) {
        let (service, caller) = (self.clone(), caller.clone());
        let settling = tokio::spawn(async move { service.settle(&caller, account, &private).await });
        let _ = tokio::time::timeout(SETTLING, settling).await;
    }

    /// The caller and their own key, when something may wait for it and they are unlocked.
    fn can_settle(&self, caller: &Caller) -> Option<(Id, PrivateKey)> {
        let account = caller.account()?;
        if !self.is_waited_for(account) {
            return None;
        }
        // This is no use of theirs, and keeps nothing open.
        let private = self.peek_unlocked(caller, account).ok()??;
        Some((account, private))
    }
}
