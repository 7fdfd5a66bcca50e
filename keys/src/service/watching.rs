//! Live events for one caller, as they are shown: what a terminal or a script watches. Who may hear what is still `bus`'s
//! to say, each time; it keeps nothing but calls that are told a moment later.

use std::collections::HashSet;

use tokio::time::Instant;

use keyward_store::model::Id;

use crate::caller::Caller;
use crate::error::Result;
use crate::event::Event;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::gather::Gatherer;
use crate::service::relay::Relay;

use crate::view::{LiveEvent, Resync, SystemAlert};

/// What happens where the caller may see it, from the moment this was made.
pub struct Watching {
    service: Service,
    caller: Caller,
    relay: Relay,
    /// Only what is about these keys, and what concerns everybody.
    of: Option<HashSet<Id>>,
    gatherer: Gatherer,
}

impl Service {
    /// Hears what happens from now on: of these keys alone where any are named, beside what concerns everybody.
    pub fn watch(&self, caller: &Caller, of: HashSet<Id>) -> Result<Watching> {
        authorise(&self.mirror().read(), caller, Permission::EventsHear, Target::Instance, None)?;
        let of = (!of.is_empty()).then_some(of);
        let relay = self.listen();
        Ok(Watching {
            service: self.clone(),
            caller: caller.clone(),
            relay,
            of,
            gatherer: Gatherer::default(),
        })
    }
}

impl Watching {
    /// What happens next; none once the service is closed. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<LiveEvent> {
        loop {
            while let Some((space, api_key, usage)) = self.gatherer.take(Instant::now()) {
                let about = Event::Usage { space, api_key, requests: 0, errors: 0, last: None };
                if self.service.may_hear(&self.caller, &about)
                    && let Some(update) = self.relay.usage_update(api_key, usage)
                {
                    return Some(LiveEvent::UsageUpdate(update));
                }
            }
            let due = self.gatherer.next();
            let event = tokio::select! {
                event = self.relay.next() => event?,
                () = sleep_until(due) => continue,
            };
            if self.service.may_hear(&self.caller, &event)
                && let Some(told) = self.told(event).await
            {
                return Some(told);
            }
        }
    }

    async fn told(&mut self, event: Event) -> Option<LiveEvent> {
        let wanted = |of: &Option<HashSet<Id>>, key| of.as_ref().is_none_or(|of| of.contains(&key));
        match event {
            Event::Usage { space, api_key, requests, errors, last } => {
                if wanted(&self.of, api_key) {
                    self.gatherer.add((space, api_key), (requests, errors), last.as_ref(), Instant::now());
                }
                None
            }
            Event::KeyChanged { space, api_key } => wanted(&self.of, api_key)
                .then(|| LiveEvent::ApiKeyUpdate(Box::new(self.relay.key_update(space, api_key)))),
            Event::Notified { account, notification, created_ms } => {
                let read = self.relay.notification(account, notification, created_ms).await;
                let update = read.unwrap_or_else(|error| {
                    tracing::warn!(%error, "a notification could not be passed on");
                    None
                })?;
                let about = update.notification.api_key_id;
                let of = &self.of;
                (of.is_none() || about.is_some_and(|key| wanted(of, key)))
                    .then_some(LiveEvent::Notification(update))
            }
            Event::Announced { message } => Some(LiveEvent::SystemAlert(SystemAlert::announcement(message))),
            Event::Draining { seconds } => Some(LiveEvent::SystemAlert(SystemAlert::shutdown(seconds))),
            Event::Lagged => Some(LiveEvent::Resync(Resync::default())),
            // Who is to hear of an alert is told by a notification.
            Event::AlertChanged { .. } => None,
            // Whoever runs this session looks after its end.
            Event::AccountChanged { .. } | Event::SessionsEnded { .. } | Event::TokenRevoked { .. } => None,
        }
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
