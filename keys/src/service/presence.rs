//! Who is here: dashboards, plain modes and commands that are open now. Kept in memory, as the connections are that they
//! come by; what a connection is, and how it is cut, is its door's to know.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keyward_store::model::Id;

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::crypto;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::meters::OpenSession;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::mirror::Tables;
use crate::service::text::harmless;
use crate::view::{SessionKind, SessionView};

/// Bytes of what a client calls itself that are kept.
const CLIENT: usize = 200;

/// Everything that is open.
#[derive(Default)]
pub(crate) struct Present(Mutex<HashMap<Id, Open>>);

struct Open {
    kind: SessionKind,
    caller: Caller,
    client: Box<str>,
    since_ms: i64,
}

impl Present {
    /// It is open, and nobody ended it.
    pub(crate) fn stands(&self, id: Id) -> bool {
        self.lock().contains_key(&id)
    }

    /// How much an account has open.
    pub(crate) fn count(&self, account: Id) -> usize {
        self.lock().values().filter(|open| open.caller.account() == Some(account)).count()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Id, Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody is here, for as long as this lives.
pub struct Presence {
    service: Service,
    id: Id,
    caller: Caller,
    _counted: OpenSession,
}

impl Presence {
    /// Whoever is here: what they do here is done as this caller, who is good until this session is ended.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.service.0.present.lock().remove(&self.id);
    }
}

impl Service {
    /// Lists a person's dashboard, or what else they have open, with a client that calls itself so, until the answer is
    /// dropped. From there on they can end it.
    pub fn enter(&self, caller: &Caller, kind: SessionKind, client: &str) -> Result<Presence> {
        let account = caller.person()?;
        let tables = self.mirror().read();
        authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
        if !self.stands(&tables, caller) {
            return Err(Error::Unauthenticated);
        }
        let id = crypto::random_id()?;
        let caller = Caller { presence: Some(id), ..caller.clone() };
        let open =
            Open { kind, caller: caller.clone(), client: harmless(client, CLIENT), since_ms: self.now_ms() };
        self.0.present.lock().insert(id, open);
        Ok(Presence { service: self.clone(), id, caller, _counted: self.0.meters.session(kind.name()) })
    }

    /// What an account has open over connections.
    pub(crate) fn present_of(&self, tables: &Tables, account: Id, asking: &Caller) -> Vec<SessionView> {
        let now_ms = self.now_ms();
        let present = self.0.present.lock();
        let own = present.iter().filter(|(_, open)| open.caller.account() == Some(account));
        own.filter(|(_, open)| self.proof_stands(tables, &open.caller))
            .map(|(id, open)| SessionView {
                id: *id,
                kind: open.kind,
                door: open.caller.origin.door,
                address: open.caller.origin.address.map(|address| address.to_string()),
                user_agent: (!open.client.is_empty()).then(|| open.client.to_string()),
                created_at: timestamp(open.since_ms),
                last_seen: timestamp(now_ms),
                expires_at: None,
                current: asking.presence == Some(*id),
            })
            .collect()
    }

    /// Ends something that the caller has open over a connection; whether there was such a thing.
    pub(crate) async fn end_presence(&self, caller: &Caller, id: Id) -> Result<bool> {
        let account = caller.person()?;
        let own = self.0.present.lock().get(&id).is_some_and(|open| open.caller.account() == Some(account));
        if !own {
            return Ok(false);
        }
        self.change(caller, Permission::SessionManage, Target::Account(account), |_, draft| {
            draft.object = Some(id);
            draft.detail = "session ended".to_owned();
            draft.events.push(Event::SessionsEnded { account, credential: Some(id) });
            Ok(())
        })
        .await?;
        self.0.present.lock().remove(&id);
        Ok(true)
    }
}
