//! Who is here: dashboards, plain modes and commands that are open now. Kept in memory, as the connections are that they
//! come by; what a connection is, and how it is cut, is its door's to know.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keyward_store::model::{Account, Id, Security};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::crypto;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::meters::OpenSession;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise, may};
use crate::service::change::Draft;
use crate::service::mirror::Tables;
use crate::service::sessions::end_everything;
use crate::service::teams::team_row;
use crate::service::text::harmless;
use crate::view::{PresentView, SessionKind, SessionView, ViewingView};

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
    /// The account's epoch at which it goes on, when everything else was ended from here.
    kept: Option<u32>,
    viewed: Option<Viewed>,
}

/// What somebody came to look at.
#[derive(Clone, Copy)]
struct Viewed {
    page: &'static str,
    key: Option<Id>,
    at_ms: i64,
}

impl Viewed {
    /// What whoever asks may know of it: a key that they may not see is not named, only that it is one of the keys.
    fn seen_by(self, tables: &Tables, asking: &Caller) -> ViewingView {
        let may_see = |id: &Id| may(tables, asking.identity, Permission::KeyRead, Target::Key(*id));
        let key = self.key.filter(may_see).and_then(|id| tables.keys.get(id)).map(|row| &row.record);
        ViewingView {
            page: self.page,
            api_key_id: key.map(|key| key.id),
            name: key.map(|key| key.name.clone()),
        }
    }
}

impl Present {
    /// It is open, and nobody ended it.
    pub(crate) fn stands(&self, id: Id) -> bool {
        self.lock().contains_key(&id)
    }

    /// It was kept when the account came to this epoch.
    pub(crate) fn is_kept(&self, id: Id, epoch: u32) -> bool {
        self.lock().get(&id).is_some_and(|open| open.kept == Some(epoch))
    }

    /// Keeps it when the account comes to this epoch, or no longer keeps it.
    fn keep(&self, id: Id, epoch: Option<u32>) {
        if let Some(open) = self.lock().get_mut(&id) {
            open.kept = epoch;
        }
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
        let client = harmless(client, CLIENT);
        let open =
            Open { kind, caller: caller.clone(), client, since_ms: self.now_ms(), kept: None, viewed: None };
        self.0.present.lock().insert(id, open);
        Ok(Presence { service: self.clone(), id, caller, _counted: self.0.meters.session(kind.name()) })
    }

    /// Notes what the caller's dashboard shows now: a page by its name, and the key when it is about one; none while it is
    /// locked. Their teams see it when they let them.
    pub fn viewing(&self, caller: &Caller, shown: Option<(&'static str, Option<Id>)>) -> Result<()> {
        let account = caller.person()?;
        let tables = self.mirror().read();
        authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
        let viewed = shown.map(|(page, key)| Viewed { page, key, at_ms: self.now_ms() });
        if let Some(id) = caller.presence
            && let Some(open) = self.0.present.lock().get_mut(&id)
        {
            open.viewed = viewed;
        }
        Ok(())
    }

    /// What an account has open over connections.
    pub(crate) fn present_of(&self, tables: &Tables, account: Id, asking: &Caller) -> Vec<SessionView> {
        let now_ms = self.now_ms();
        let view = |id: Id, open: &Open| SessionView {
            id,
            kind: open.kind,
            door: open.caller.origin.door,
            address: open.caller.origin.address.map(|address| address.to_string()),
            user_agent: (!open.client.is_empty()).then(|| open.client.to_string()),
            created_at: timestamp(open.since_ms),
            last_seen: timestamp(now_ms),
            expires_at: None,
            current: asking.presence == Some(id),
        };
        let of_account = |open: &Open| open.caller.account() == Some(account);
        let present = self.0.present.lock();
        let own = present.iter().filter(|(_, open)| of_account(open));
        own.filter(|(_, open)| self.open_stands(tables, open)).map(|(id, open)| view(*id, open)).collect()
    }

    /// Who of a team is connected now, whoever came first first: its members only, and of each what they have open and, if they
    /// share it, what they look at.
    pub async fn team_presence(&self, caller: &Caller, team: Id) -> Result<Vec<PresentView>> {
        let tables = self.mirror().read();
        authorise(&tables, caller, Permission::TeamRead, Target::Space(team), None)?;
        team_row(&tables, team)?;
        let present = self.0.present.lock();
        let mut here = HashMap::new();
        for open in present.values().filter(|open| self.open_stands(&tables, open)) {
            let Some(user_id) = open.caller.account() else { continue };
            if tables.membership(user_id, team).is_none() {
                continue;
            }
            let since = timestamp(open.since_ms);
            let (view, viewed) = here.entry(user_id).or_insert_with(|| {
                (PresentView { user_id, since, kinds: Vec::new(), viewing: None }, None::<Viewed>)
            });
            view.since = view.since.min(since);
            if tables.sharing.contains_key(&user_id) {
                // Of several dashboards, the one that they turned to last.
                *viewed = [*viewed, open.viewed].into_iter().flatten().max_by_key(|viewed| viewed.at_ms);
            }
            if !view.kinds.contains(&open.kind) {
                view.kinds.push(open.kind);
            }
        }
        let seen = |(view, viewed): (PresentView, Option<Viewed>)| PresentView {
            viewing: viewed.map(|viewed| viewed.seen_by(&tables, caller)),
            ..view
        };
        let mut here: Vec<PresentView> = here.into_values().map(seen).collect();
        here.iter_mut().for_each(|view| view.kinds.sort_unstable());
        here.sort_by_key(|view| (view.since, view.user_id));
        Ok(here)
    }

    /// Makes a change that ends what else the caller has open, which [`Self::end_others`] is part of. When it comes to
    /// nothing, what was to be kept is nothing special any more.
    pub(crate) async fn keeping<T>(
        &self,
        caller: &Caller,
        change: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let changed = change.await;
        if let (Err(_), Some(id)) = (&changed, caller.presence) {
            self.0.present.keep(id, None);
        }
        changed
    }

    /// Ends everything an account has open but what the caller asks from; answers the security state that does it, which
    /// the caller writes. What is kept is noted before the commit, because the commit itself tells those who are ended.
    pub(crate) fn end_others(
        &self,
        tables: &Tables,
        draft: &mut Draft,
        account: &Account,
        caller: &Caller,
    ) -> Security {
        let security = end_everything(tables, draft, account, caller.credential);
        if let Some(id) = caller.presence {
            self.0.present.keep(id, Some(security.epoch));
        }
        security
    }

    /// What is open stands; asked with the list at hand, which [`Self::proof_stands`] would look into once more.
    fn open_stands(&self, tables: &Tables, open: &Open) -> bool {
        let kept = |epoch| open.kept == Some(epoch);
        self.proof_stands_at(tables, &open.caller, kept)
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
