//! The event bus: hints to whoever is looking, after the commit. Usage is gathered for a moment before it is
//! published, so that a busy key wakes a dashboard some twenty times a second and not once a call. Who may hear what
//! is decided here, at each event, and nowhere else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, broadcast};

use keyward_store::model::Id;
use keyward_store::{Change, Feed};

use crate::caller::{Caller, Identity};
use crate::error::Result;
use crate::event::{Call, Event};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};

/// Events a subscriber may fall behind before it is told to read again.
const BACKLOG: usize = 1024;

/// How long usage is gathered before it is published.
const GATHER: Duration = Duration::from_millis(50);

/// Publishes events to all subscribers.
pub(crate) struct Bus {
    sender: broadcast::Sender<Event>,
    gathered: Mutex<HashMap<Id, Gathered>>,
    wake: Notify,
}

struct Gathered {
    space: Id,
    requests: u32,
    errors: u32,
    last: Option<Arc<Call>>,
}

impl Bus {
    pub(crate) fn new() -> Arc<Self> {
        let (sender, _) = broadcast::channel(BACKLOG);
        Arc::new(Self { sender, gathered: Mutex::default(), wake: Notify::new() })
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }

    pub(crate) fn publish(&self, event: Event) {
        // Nobody listening is not an error.
        let _ = self.sender.send(event);
    }

    /// Whether anybody listens: what is gathered for nobody need not be made.
    pub(crate) fn listened_to(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Adds reported calls to what is published next.
    pub(crate) fn usage(&self, space: Id, api_key: Id, requests: u32, errors: u32) {
        if self.listened_to() {
            self.gather(space, api_key, (requests, errors), None);
        }
    }

    /// Adds one reported call, which is told of by itself.
    pub(crate) fn call(&self, space: Id, api_key: Id, call: Arc<Call>) {
        self.gather(space, api_key, (1, u32::from(call.status >= 400)), Some(call));
    }

    fn gather(&self, space: Id, api_key: Id, (requests, errors): (u32, u32), last: Option<Arc<Call>>) {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        let first = gathered.is_empty();
        let key = gathered.entry(api_key).or_insert(Gathered { space, requests: 0, errors: 0, last: None });
        key.space = space;
        key.requests = key.requests.saturating_add(requests);
        key.errors = key.errors.saturating_add(errors);
        if last.is_some() {
            key.last = last;
        }
        if first {
            self.wake.notify_one();
        }
    }

    /// Publishes what commits announced, in their order, for as long as the store lives.
    pub(crate) async fn publish_announced(self: Arc<Self>, mut feed: impl Feed) {
        while let Ok(change) = feed.next().await {
            match change {
                Change::Next(_, announced) => match postcard::from_bytes(&announced) {
                    Ok(event) => self.publish(event),
                    Err(error) => tracing::error!(%error, "an announced event does not decode"),
                },
                Change::Resync(_) => self.publish(Event::Lagged),
            }
        }
    }

    /// Publishes gathered usage for as long as the service lives; sleeps while there is none.
    pub(crate) async fn publish_usage(self: Arc<Self>) {
        loop {
            self.wake.notified().await;
            tokio::time::sleep(GATHER).await;
            let gathered = std::mem::take(&mut *self.gathered.lock().unwrap_or_else(PoisonError::into_inner));
            for (api_key, Gathered { space, requests, errors, last }) in gathered {
                self.publish(Event::Usage { space, api_key, requests, errors, last });
            }
        }
    }
}

impl Service {
    /// Hears what happens in the caller's spaces from now on.
    pub fn subscribe(&self, caller: &Caller) -> Result<Subscription> {
        authorise(&self.mirror().read(), caller, Permission::EventsHear, Target::Instance, None)?;
        let receiver = self.bus().listen();
        Ok(Subscription { service: self.clone(), caller: caller.clone(), receiver })
    }

    /// Whether this caller may hear this event, as things stand now. What they subscribed with does not matter here:
    /// ask [`Service::still_valid`] for that.
    pub fn may_hear(&self, caller: &Caller, event: &Event) -> bool {
        if let Identity::System(_) = caller.identity {
            return true;
        }
        let own = caller.account();
        let of_space = |permission, space| {
            authorise(&self.mirror().read(), caller, permission, Target::Space(space), None).is_ok()
        };
        // A key that is still where it was then: of one that was moved meanwhile, nothing is told there.
        let of_key = |permission, space: Id, api_key: Id| {
            let tables = self.mirror().read();
            tables.keys.get(api_key).is_some_and(|key| key.record.space == space)
                && authorise(&tables, caller, permission, Target::Key(api_key), None).is_ok()
        };
        match event {
            Event::KeyChanged { space, api_key } => match caller.identity {
                // A grant outlives the key's stay in the bin, and so is looked at by itself. It may go along to another
                // space, and then the key is not gone.
                Identity::Token(_) => of_key(Permission::KeyRead, *space, *api_key),
                // Also those whom it left are told.
                Identity::Account(_) | Identity::System(_) => of_space(Permission::KeyRead, *space),
            },
            Event::Usage { space, api_key, .. } => of_key(Permission::UsageRead, *space, *api_key),
            Event::AlertChanged { space, .. } => of_space(Permission::AlertRead, *space),
            Event::AccountChanged { account } | Event::Notified { account, .. } => own == Some(*account),
            Event::SessionsEnded { account, credential } => {
                own == Some(*account)
                    && match credential {
                        Some(_) => *credential == caller.credential || *credential == caller.presence,
                        // All but one may have ended.
                        None => !self.still_valid(caller),
                    }
            }
            Event::TokenRevoked { token, account } => {
                own == Some(*account) || caller.identity == Identity::Token(*token)
            }
            Event::Draining { .. } | Event::Announced { .. } | Event::Lagged => true,
        }
    }
}

/// Hears what happens in the spaces a caller belongs to, as they stand at each event.
pub struct Subscription {
    service: Service,
    caller: Caller,
    receiver: broadcast::Receiver<Event>,
}

impl Subscription {
    /// The next event this caller may hear; `None` once the service is closed.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.receiver.recv().await {
                Ok(event) if self.service.may_hear(&self.caller, &event) => return Some(event),
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(Event::Lagged),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
