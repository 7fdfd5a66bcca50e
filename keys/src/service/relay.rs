//! Hearing for many: a door with thousands of live clients listens once, and asks for each event whom it may concern.
//! That answer saves looking at everybody; whether somebody may hear an event is still `bus`'s to say, each time.

use std::time::Duration;

use tokio::sync::broadcast;

use keyward_store::model::{ApiKey, Id, Notification};
use keyward_store::{Row, Store};

use crate::caller::{Caller, Identity};
use crate::clock::timestamp;
use crate::error::Result;
use crate::event::Event;
use crate::input::KeyRef;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::mirror::Shared;
use crate::service::notifications::view_of;
use crate::service::rotation::progress;
use crate::service::text::Faults;
use crate::view::{KeyAction, KeyUpdate, NotificationUpdate, UsageDelta, UsageStats, UsageUpdate};

/// Keys that one client may name.
const MOST_WATCHED: usize = 1000;

/// Seconds that "the last minute" has.
const MINUTE: usize = 60;

/// Whom an event may concern: nobody outside of these may hear it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum People {
    /// Everybody.
    All,
    /// These accounts.
    Accounts(Vec<Id>),
    /// These accounts, and service tokens.
    AccountsAndTokens(Vec<Id>),
    /// This service token.
    Token(Id),
}

/// Hears everything, for a door that passes it on.
pub struct Relay {
    service: Service,
    receiver: broadcast::Receiver<Event>,
}

impl Service {
    /// Hears everything from now on, to pass on to each client what it may hear.
    pub fn relay(&self, caller: &Caller) -> Result<Relay> {
        authorise(&self.mirror().read(), caller, Permission::EventsRelay, Target::Instance, None)?;
        Ok(self.listen())
    }

    /// Hears everything, for whoever was found to be allowed to.
    pub(crate) fn listen(&self) -> Relay {
        Relay { service: self.clone(), receiver: self.bus().listen() }
    }
}

impl Service {
    /// The keys that these ids (`_id` or `keyId`) name, for a client that wants to hear of them alone. One it may not
    /// watch is the same fault as one that does not exist.
    pub fn watched_keys(&self, caller: &Caller, ids: &[String]) -> Result<Vec<Id>> {
        let mut faults = Faults::default();
        if ids.len() > MOST_WATCHED {
            faults.add("apiKeyIds", format!("has {} ids; {MOST_WATCHED} is the most", ids.len()));
        }
        let mut keys = Vec::with_capacity(ids.len().min(MOST_WATCHED));
        for (index, id) in ids.iter().take(MOST_WATCHED).enumerate() {
            let found = self.resolve(caller, &KeyRef::Id(id.clone()));
            match found.and_then(|id| self.key_row(caller, Permission::UsageRead, id)) {
                Ok(row) => keys.push(row.record.id),
                Err(error) => faults.add(format!("apiKeyIds/{index}"), error.to_string()),
            }
        }
        faults.check()?;
        Ok(keys)
    }

    /// How long a bearer text that signed this caller in is still good for; none when it has no end of its own.
    pub fn good_for(&self, caller: &Caller, bearer: &str) -> Option<Duration> {
        let now_ms = self.now_ms();
        let end_ms = match caller.identity {
            Identity::Token(token) => self.mirror().read().tokens.get(&token)?.record.expires_ms?,
            Identity::Account(_) => {
                self.0.verified.verify(&self.0.jwt, bearer, now_ms).ok()?.exp.saturating_mul(1000)
            }
            Identity::System(_) => return None,
        };
        Some(Duration::from_millis(end_ms.saturating_sub(now_ms).max(0).unsigned_abs()))
    }
}

impl Relay {
    /// The next event; `None` once the service is closed.
    pub async fn next(&mut self) -> Option<Event> {
        match self.receiver.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Event::Lagged),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// Whom this event may concern, as things stand now.
    pub fn people(&self, event: &Event) -> People {
        let of_space = |space: &Id| {
            let tables = self.service.mirror().read();
            tables.members_of(*space).map(|member| member.record.account).collect()
        };
        match event {
            Event::KeyChanged { space, .. } => People::AccountsAndTokens(of_space(space)),
            Event::Usage { space, .. } | Event::AlertChanged { space, .. } => {
                People::Accounts(of_space(space))
            }
            Event::AccountChanged { account }
            | Event::SessionsEnded { account, .. }
            | Event::Notified { account, .. } => People::Accounts(vec![*account]),
            Event::TokenRevoked { token, .. } => People::Token(*token),
            Event::Draining { .. } | Event::Announced { .. } | Event::Lagged => People::All,
        }
    }

    /// What a key's watchers are told of calls that were reported; none when the key is gone.
    pub fn usage_update(&self, api_key: Id, usage: UsageDelta) -> Option<UsageUpdate> {
        let key = self.key(api_key)?;
        let now_ms = self.service.now_ms();
        let stats = self.stats(&key.record, now_ms);
        let key_id = key.record.key_id.clone();
        Some(UsageUpdate { api_key_id: api_key, key_id, usage, stats, timestamp: timestamp(now_ms) })
    }

    /// What is told in a space of a key that changed. One that is in another space by now is gone from this one.
    pub fn key_update(&self, space: Id, api_key: Id) -> KeyUpdate {
        let key = self.key(api_key).filter(|row| row.record.space == space);
        let key = key.map(|row| self.service.key_view(&row));
        let rotation = key.as_ref().and_then(|_| progress(&self.service.mirror().read(), api_key));
        let action = match &key {
            // A rotation changes other rows than the key's own.
            Some(key) if key.created_at == key.updated_at && rotation.is_none() => KeyAction::Created,
            Some(_) => KeyAction::Updated,
            None => KeyAction::Deleted,
        };
        KeyUpdate { api_key_id: api_key, action, key, rotation, timestamp: timestamp(self.service.now_ms()) }
    }

    /// What a person is told of a new notification; none when it is gone again.
    pub async fn notification(
        &self,
        account: Id,
        notification: Id,
        created_ms: i64,
    ) -> Result<Option<NotificationUpdate>> {
        let snapshot = self.service.store().snapshot().await?;
        let key = Notification::row_key(account, created_ms, notification);
        let row = Row::<Notification>::get(&snapshot, &key).await?;
        let unread = self.service.mirror().read().unread(account);
        Ok(match row {
            Some(row) => {
                Some(NotificationUpdate { notification: view_of(&snapshot, &row.record).await?, unread })
            }
            None => None,
        })
    }

    fn key(&self, api_key: Id) -> Option<Shared<ApiKey>> {
        self.service.mirror().read().keys.get(api_key).cloned()
    }

    fn stats(&self, key: &ApiKey, now_ms: i64) -> UsageStats {
        let totals = self.service.0.usage.totals(key.id, now_ms);
        let live = self.service.0.usage.live(key.id, now_ms);
        let limit = super::usage::month_limit(key, totals.month_used, now_ms);
        let minute = |seconds: &[u32]| seconds.iter().rev().take(MINUTE).map(|calls| u64::from(*calls)).sum();
        UsageStats {
            usage_count: totals.count,
            error_count: totals.errors,
            current_month_usage: totals.month_used,
            monthly_limit: limit.monthly,
            remaining: limit.remaining,
            exceeded: limit.exceeded,
            requests_last_minute: minute(&live.requests),
            errors_last_minute: minute(&live.errors),
            last_used: totals.last_used_ms.map(timestamp),
        }
    }
}
