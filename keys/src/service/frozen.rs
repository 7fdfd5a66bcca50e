//! Fetches of keys that are frozen. They are refused, and told of at once: whoever still asks holds a token for what somebody
//! stopped. Refusing is `fetch`'s, and what people are told is `alerts`'.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use keyward_store::model::{AlertCondition, ApiKey, Id};

use crate::caller::Caller;
use crate::service::Service;
use crate::service::alerts::{AtOnce, rules_for};
use crate::service::decoys::by_whom;

/// Of each frozen key that was asked for the first time since. Lost with the daemon; an alert that was raised is not.
#[derive(Default)]
pub(crate) struct Refused(Mutex<HashMap<Id, First>>);

struct First {
    /// When the key was frozen, ms since the epoch.
    frozen_ms: i64,
    why: String,
}

impl Refused {
    /// Notes that a key was asked for which is frozen since then. Whether it is the first time.
    fn note(&self, api_key: Id, frozen_ms: i64, why: impl FnOnce() -> String) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = all.get(&api_key).is_none_or(|first| first.frozen_ms != frozen_ms);
        if new {
            all.insert(api_key, First { frozen_ms, why: why() });
        }
        new
    }

    /// The first time that a key was asked for since it is frozen, in words.
    pub(crate) fn since(&self, api_key: Id, frozen_ms: i64) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&api_key).filter(|first| first.frozen_ms == frozen_ms).map(|first| first.why.clone())
    }

    pub(crate) fn forget(&self, api_key: Id) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&api_key);
    }
}

impl Service {
    /// Notes that a key was asked for which is frozen since then. Its alert is raised beside the refusal.
    pub(crate) fn note_refused(&self, caller: &Caller, key: &ApiKey, frozen_ms: i64) {
        let crossed = {
            let tables = self.mirror().read();
            let why = || format!("it is frozen, and was asked for {}", by_whom(&tables, caller));
            self.0.refused.note(key.id, frozen_ms, why)
                && rules_for(&tables, key, AlertCondition::FrozenUse).next().is_some()
        };
        if crossed {
            self.raise_at_once(key.id, AtOnce::Refusal);
        }
    }
}
