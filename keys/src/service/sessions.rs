//! Sessions of apps and browsers: a bearer token for an hour, a refresh token that is replaced at each use. A
//! replaced one that comes back late ends the whole session: somebody else has a copy.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use keyward_store::model::{Account, Id, Security, Session};

use crate::caller::{Caller, Origin};
use crate::clock::timestamp;
use crate::crypto::{self, Claims, RefreshToken};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::change::Draft;
use crate::service::mirror::Tables;
use crate::service::notifications::{Notice, NoticeKind, notify};
use crate::service::text::harmless;
use crate::view::{IssuedTokens, SessionKind, SessionView};

/// Sessions an account may have open: the one that was used least recently makes room.
const MOST_SESSIONS: usize = 1_000;

/// Bytes of what a program calls itself that are kept.
const USER_AGENT: usize = 200;

/// A client that lost the answer may ask again with the same refresh token for this long, ms.
const REPEAT_MS: i64 = 10_000;

impl Service {
    /// Opens a session for a person who signed in, with a program that calls itself `user_agent`.
    pub async fn issue_tokens(&self, caller: &Caller, user_agent: Option<&str>) -> Result<IssuedTokens> {
        let account = caller.person()?;
        let user_agent: Option<String> = user_agent.map(|name| harmless(name, USER_AGENT).into());
        let id = crypto::random_id()?;
        let refresh = RefreshToken::generate(id)?;
        self.change(caller, Permission::SessionManage, Target::Account(account), |tables, draft| {
            let owner = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
            if owner.record.security.epoch != caller.epoch {
                return Err(Error::Unauthenticated);
            }
            draft.object = Some(id);
            draft.detail = "session opened".to_owned();
            draft.batch.require(owner);
            make_room(tables, draft, account);
            draft.batch.create(&Session {
                id,
                account,
                refresh: refresh.hash(),
                refresh_before: None,
                created_ms: draft.now_ms,
                expires_ms: self.session_end(draft.now_ms, draft.now_ms),
                from: caller.origin.address.map(|address| address.to_string()),
                door: caller.origin.door,
                user_agent: user_agent.clone(),
                last_seen_ms: draft.now_ms,
            })?;
            Ok(())
        })
        .await?;
        self.tokens_for(account, id, &refresh)
    }

    /// Replaces a refresh token by its successor, with a new bearer token.
    pub async fn refresh(&self, origin: Origin, refresh: SecretString) -> Result<IssuedTokens> {
        let presented = RefreshToken::parse(refresh.expose_secret()).map_err(|_| Error::Unauthenticated)?;
        let hash = presented.hash();
        let id = presented.session();
        let caller = self.session_caller(id, origin).ok_or(Error::Unauthenticated)?;
        let account = caller.person()?;
        let successor = presented.successor(&self.0.pepper);
        let kept = self
            .change(&caller, Permission::SessionManage, Target::Account(account), |tables, draft| {
                let old = tables.sessions.get(&id).ok_or(Error::Unauthenticated)?;
                draft.object = Some(id);
                if old.record.expires_ms <= draft.now_ms {
                    return Err(Error::Unauthenticated);
                }
                if old.record.refresh == hash {
                    draft.detail = "session refreshed".to_owned();
                    draft.batch.replace(
                        old,
                        &Session {
                            refresh: successor.hash(),
                            refresh_before: Some((hash, draft.now_ms)),
                            expires_ms: self.session_end(old.record.created_ms, draft.now_ms),
                            last_seen_ms: draft.now_ms,
                            ..old.record.clone()
                        },
                    )?;
                    return Ok(true);
                }
                let repeated = old
                    .record
                    .refresh_before
                    .is_some_and(|(before, at_ms)| before == hash && draft.now_ms - at_ms <= REPEAT_MS);
                if repeated {
                    draft.detail = "session refreshed again".to_owned();
                    draft.batch.require(old);
                    return Ok(true);
                }
                draft.detail = "a used refresh token came back: session ended".to_owned();
                draft.batch.remove(old);
                draft.events.push(Event::SessionsEnded { account, credential: Some(id) });
                let message =
                    "A session was ended: its refresh token was used twice, so somebody may have a copy";
                let notice = Notice {
                    kind: NoticeKind::SessionEnded,
                    api_key: None,
                    alert: None,
                    message: message.to_owned(),
                    until_ms: None,
                    minor: false,
                };
                notify(tables, draft, [account], &notice)?;
                Ok(false)
            })
            .await?;
        if kept { self.tokens_for(account, id, &successor) } else { Err(Error::Unauthenticated) }
    }

    /// Ends the session that proved this caller.
    pub async fn sign_out(&self, caller: &Caller) -> Result<()> {
        let account = caller.person()?;
        let id = caller.credential.ok_or(Error::Unauthenticated)?;
        self.change(caller, Permission::SessionManage, Target::Account(account), |tables, draft| {
            draft.object = Some(id);
            draft.detail = "signed out".to_owned();
            draft.batch.remove(tables.sessions.get(&id).ok_or(Error::Unauthenticated)?);
            draft.events.push(Event::SessionsEnded { account, credential: Some(id) });
            Ok(())
        })
        .await
    }

    /// What the caller has open in any door, the latest used first.
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<SessionView>> {
        let now_ms = self.now_ms();
        let tables = self.mirror().read();
        let account = caller.person()?;
        authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
        let mut sessions: Vec<SessionView> = tables
            .sessions_of(account)
            .filter(|row| row.record.expires_ms > now_ms)
            .map(|row| self.session_view(&row.record, caller))
            .collect();
        sessions.extend(self.present_of(&tables, account, caller));
        sessions.sort_by_key(|session| (std::cmp::Reverse(session.last_seen), session.id));
        Ok(sessions)
    }

    /// Ends one of the caller's sessions.
    pub async fn end_session(&self, caller: &Caller, id: Id) -> Result<()> {
        let account = caller.person()?;
        if self.end_presence(caller, id).await? {
            return Ok(());
        }
        self.change(caller, Permission::SessionManage, Target::Account(account), |tables, draft| {
            let row = tables.sessions.get(&id).filter(|row| row.record.account == account);
            draft.object = Some(id);
            draft.detail = "session ended".to_owned();
            draft.batch.remove(row.ok_or(Error::NotFound("session"))?);
            draft.events.push(Event::SessionsEnded { account, credential: Some(id) });
            Ok(())
        })
        .await
    }

    /// Ends everything the caller has open in any door, but for what they ask from.
    pub async fn sign_out_others(&self, caller: &Caller) -> Result<()> {
        let account = caller.person()?;
        let target = Target::Account(account);
        let changed = self.change(caller, Permission::SessionManage, target, |tables, draft| {
            let old = tables.accounts.get(&account).ok_or(Error::NotFound("account"))?;
            draft.object = Some(account);
            draft.detail = "signed out everywhere else".to_owned();
            let security = self.end_others(tables, draft, &old.record, caller);
            draft.batch.replace(old, &Account { security, ..old.record.clone() })?;
            Ok(())
        });
        self.keeping(caller, changed).await?;
        self.forget_unlocks(account);
        Ok(())
    }

    /// Ends everything the caller has open in any door, this session included.
    pub async fn sign_out_everywhere(&self, caller: &Caller) -> Result<()> {
        self.end_all(caller, Permission::SessionManage, caller.person()?).await
    }

    /// Ends everything that an account has open, for whoever may.
    pub(crate) async fn end_all(&self, caller: &Caller, permission: Permission, account: Id) -> Result<()> {
        self.change(caller, permission, Target::Account(account), |tables, draft| {
            let old = tables.accounts.get(&account).ok_or(Error::NotFound("account"))?;
            draft.object = Some(account);
            draft.detail = "signed out everywhere".to_owned();
            let security = end_everything(tables, draft, &old.record, None);
            draft.batch.replace(old, &Account { security, ..old.record.clone() })?;
            Ok(())
        })
        .await?;
        self.forget_unlocks(account);
        Ok(())
    }

    /// Closes an account's own key, wherever it was opened.
    pub(crate) fn forget_unlocks(&self, account: Id) {
        self.0.unlocked.forget(|_, whose| whose.account == account);
    }

    fn session_caller(&self, id: Id, origin: Origin) -> Option<Caller> {
        let tables = self.mirror().read();
        let account = tables.accounts.get(&tables.sessions.get(&id)?.record.account)?;
        let usable = account.record.disabled_ms.is_none();
        usable.then(|| Caller::of_account(&account.record, origin, Some(id)))
    }

    fn session_view(&self, session: &Session, caller: &Caller) -> SessionView {
        let last_seen_ms = self.0.seen.of(session.id).unwrap_or_default().max(session.last_seen_ms);
        SessionView {
            id: session.id,
            kind: SessionKind::App,
            door: session.door,
            address: session.from.clone(),
            user_agent: session.user_agent.clone(),
            created_at: timestamp(session.created_ms),
            last_seen: timestamp(last_seen_ms),
            expires_at: Some(timestamp(session.expires_ms)),
            current: caller.credential == Some(session.id),
        }
    }

    fn tokens_for(&self, account: Id, session: Id, refresh: &RefreshToken) -> Result<IssuedTokens> {
        let lifetime = self.0.settings.token_lifetime.as_secs();
        let now = self.now_ms().div_euclid(1000);
        let exp = now.saturating_add_unsigned(lifetime);
        let claims = Claims { sub: account, sid: session, iat: now, exp };
        Ok(IssuedTokens {
            token: self.0.jwt.sign(&claims)?,
            refresh_token: refresh.text(),
            expires_in: lifetime,
        })
    }

    /// When a session that began then and is refreshed now ends.
    fn session_end(&self, created_ms: i64, now_ms: i64) -> i64 {
        let ms = |lifetime: Duration| i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX / 4);
        let settings = &self.0.settings;
        (now_ms + ms(settings.refresh_lifetime)).min(created_ms + ms(settings.session_lifetime))
    }
}

/// Ends everything an account has open, but for the session `keep`; answers the security state that does it, which
/// the caller writes.
pub(crate) fn end_everything(
    tables: &Tables,
    draft: &mut Draft,
    account: &Account,
    keep: Option<Id>,
) -> Security {
    for row in tables.sessions_of(account.id).filter(|row| Some(row.record.id) != keep) {
        draft.batch.remove(row);
    }
    draft.events.push(Event::SessionsEnded { account: account.id, credential: None });
    let security = account.security.clone();
    Security { epoch: security.epoch.wrapping_add(1), ..security }
}

/// Removes the session that was refreshed least recently, when there are as many as there may be.
fn make_room(tables: &Tables, draft: &mut Draft, account: Id) {
    if tables.sessions_of(account).count() < MOST_SESSIONS {
        return;
    }
    if let Some(oldest) = tables.sessions_of(account).min_by_key(|row| row.record.last_seen_ms) {
        draft.batch.remove(oldest);
        draft.events.push(Event::SessionsEnded { account, credential: Some(oldest.record.id) });
    }
}

/// When each session was last used, since this start. Kept in memory: a write for each request would cost too much.
#[derive(Default)]
pub(crate) struct LastSeen(RwLock<HashMap<Id, AtomicI64>>);

impl LastSeen {
    /// A session was used now.
    pub(crate) fn note(&self, session: Id, now_ms: i64) {
        if let Some(last) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&session) {
            last.fetch_max(now_ms, Ordering::Relaxed);
            return;
        }
        let mut seen = self.0.write().unwrap_or_else(PoisonError::into_inner);
        seen.entry(session).or_default().fetch_max(now_ms, Ordering::Relaxed);
    }

    fn of(&self, session: Id) -> Option<i64> {
        let seen = self.0.read().unwrap_or_else(PoisonError::into_inner);
        seen.get(&session).map(|last| last.load(Ordering::Relaxed))
    }

    /// Forgets sessions that `stands` says are over.
    pub(crate) fn retain(&self, stands: impl Fn(Id) -> bool) {
        let mut seen = self.0.write().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|session, _| stands(*session));
    }
}
