//! Sessions of apps and browsers: a bearer token for an hour, a refresh token that is replaced at each use. A
//! replaced one that comes back late ends the whole session: somebody else has a copy.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use keyward_store::model::{Id, Session};

use crate::caller::{Caller, Identity, Origin, UnlockSlot};
use crate::crypto::{self, Claims, RefreshToken};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::notifications::{Notice, NoticeKind, notify};
use crate::view::IssuedTokens;

/// A client that lost the answer may ask again with the same refresh token for this long, ms.
const REPEAT_MS: i64 = 10_000;

impl Service {
    /// Opens a session for a person who signed in.
    pub async fn issue_tokens(&self, caller: &Caller) -> Result<IssuedTokens> {
        let account = caller.person()?;
        let id = crypto::random_id()?;
        let refresh = RefreshToken::generate(id)?;
        self.change(caller, Permission::SessionManage, Target::Account(account), |_, draft| {
            draft.object = Some(id);
            draft.detail = "session opened".to_owned();
            draft.batch.create(&Session {
                id,
                account,
                refresh: refresh.hash(),
                refresh_before: None,
                created_ms: draft.now_ms,
                expires_ms: self.session_end(draft.now_ms, draft.now_ms),
                from: caller.origin.address.map(|address| address.to_string()),
                door: caller.origin.door,
                user_agent: None,
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
        let account = self.account_of_session(id).ok_or(Error::Unauthenticated)?;
        let caller = Caller {
            identity: Identity::Account(account),
            origin,
            credential: Some(id),
            token: None,
            unlock: UnlockSlot::default(),
            once: None,
        };
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
                let notice =
                    Notice { kind: NoticeKind::SessionEnded, api_key: None, message: message.to_owned() };
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

    fn account_of_session(&self, id: Id) -> Option<Id> {
        self.mirror().read().sessions.get(&id).map(|row| row.record.account)
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
