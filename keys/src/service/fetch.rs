//! Fetching: how an app gets values, with its service token. After the first time no public-key work is done, and
//! never a derivation from a passphrase. A value leaves only once the day's first fetch of it is recorded.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use secrecy::{ExposeSecret, SecretString};

use keyward_store::Row;
use keyward_store::model::{ApiKey, Custody, Environment, Grant, Holder, Id, LockTarget, Previous};

use crate::caller::{Caller, Identity};
use crate::crypto::{self, PublicKey, ServiceTokenSecret, TokenKeys};
use crate::error::{Error, Locked, Result};
use crate::input::{FetchMany, KeyRef};
use crate::policy::Permission;
use crate::service::decoys::Touch;
use crate::service::keys::status_of;
use crate::service::mirror::Tables;
use crate::service::tokens::{in_environment, opens_later};
use crate::service::versions::previous_of;
use crate::service::{Service, key_networks};
use crate::view::{Fetched, KeyStatus, NotFetched};

/// Keys fetched with one request.
const MOST_KEYS: usize = 1000;

/// Of those, how many are under way at once: their first records of the day share commits.
const AT_ONCE: usize = 64;

/// An app within one request, and what its token opens.
struct App {
    token: Id,
    keys: TokenKeys,
}

impl App {
    fn of(caller: &Caller) -> Result<Self> {
        let (Identity::Token(token), Some(text)) = (caller.identity, &caller.token) else {
            return Err(Error::Forbidden(
                "values are fetched with a service token; people reveal them".to_owned(),
            ));
        };
        Ok(Self { token, keys: ServiceTokenSecret::parse(text.expose_secret())?.keys()? })
    }
}

impl Service {
    /// Opens the current version of a key for an app; when the app has it (`have`), the value is left out.
    pub async fn fetch(&self, caller: &Caller, key: &KeyRef, have: Option<u32>) -> Result<Fetched> {
        let id = self.resolve(caller, key)?;
        // Asked before the token is looked at, so that a stranger learns nothing.
        self.key_row(caller, Permission::KeyFetch, id)?;
        let app = App::of(caller)?;
        self.count_use(caller).await?;
        self.fetch_for(caller, &app, id, have).await
    }

    /// Opens many keys for an app, and answers each in its order. Without names: every key of the environment that
    /// the token was granted, by name.
    pub async fn fetch_many(
        &self,
        caller: &Caller,
        what: FetchMany,
    ) -> Result<Vec<std::result::Result<Fetched, NotFetched>>> {
        let app = App::of(caller)?;
        let wanted: Vec<Result<Id>> = match what.environment {
            Some(environment) => {
                granted(&self.mirror().read(), app.token, environment).into_iter().map(Ok).collect()
            }
            None => what.keys.iter().map(|key| self.resolve(caller, key)).collect(),
        };
        if wanted.is_empty() && what.environment.is_none() || wanted.len() > MOST_KEYS {
            return Err(Error::invalid("keys", format!("name 1 to {MOST_KEYS} keys")));
        }
        self.count_use(caller).await?;
        let fetching = wanted.into_iter().map(|id| {
            let (app, have) = (&app, &what.have);
            async move {
                let id = id.map_err(|error| NotFetched { key: None, error })?;
                let fetched = self.fetch_for(caller, app, id, have.get(&id).copied()).await;
                fetched.map_err(|error| {
                    let row = self.key_row(caller, Permission::KeyRead, id).ok();
                    NotFetched { key: row.map(|row| (id, row.record.name.clone())), error }
                })
            }
        });
        Ok(stream::iter(fetching).buffered(AT_ONCE).collect().await)
    }

    async fn fetch_for(&self, caller: &Caller, app: &App, id: Id, have: Option<u32>) -> Result<Fetched> {
        let row = self.key_row(caller, Permission::KeyFetch, id)?;
        let (key, now_ms) = (&row.record, self.now_ms());
        self.touch(caller, key, Touch::Fetched);
        self.note_network(caller, id, now_ms);
        if let Some(frozen_ms) = key.frozen_ms {
            self.note_refused(caller, key, frozen_ms);
        }
        if status_of(key, now_ms) != KeyStatus::Active || key.frozen_ms.is_some() {
            return Err(Error::KeyInactive);
        }
        if !key_networks::admits(&self.mirror().read(), id, caller.origin.address) {
            return Err(Error::Forbidden("the key is given out in other networks only".to_owned()));
        }
        let limit = self.month_limit(key, now_ms);
        if key.refuse_over_limit && limit.exceeded {
            let wait = Duration::from_millis(limit.reset.as_millisecond().abs_diff(now_ms));
            return Err(Error::LimitExceeded { reset: limit.reset, wait });
        }
        self.check_budget(&row, now_ms)?;
        let version = key.current_version;
        let (mut value, mut previous) = (None, None);
        if have != Some(version) {
            let opened = self.open_for(app, &row, version).await?;
            if let Some(Previous { number, .. }) = previous_of(key, now_ms) {
                previous = Some((number, self.open_for(app, &row, number).await?));
            }
            self.record_fetch(caller, app.token, key, version, now_ms).await?;
            value = Some(opened);
        }
        Ok(Fetched {
            id,
            key_id: key.key_id.clone(),
            name: key.name.clone(),
            environment: key.environment,
            version,
            value,
            previous,
            limit,
        })
    }

    async fn open_for(&self, app: &App, row: &Row<ApiKey>, number: u32) -> Result<SecretString> {
        let App { token, keys } = app;
        let key = &row.record;
        let public = PublicKey(key.public_key);
        let version = self.version(key.id, number).await?;
        let place = (*token, key.id, number, row.version);
        let content = match self.0.warm.get(&place) {
            Some(wrapped) => crypto::open_warm(keys, *token, key.id, number, &wrapped)?,
            None => {
                let target = LockTarget::ApiKey(key.id);
                let private = match self.lock_row(target, Holder::Token(*token)).await? {
                    Some(lock) => crypto::unlock_with_token(&lock.record.sealed, target, *token, keys)?,
                    // A key that came to an environment after the token: the daemon opens it, where it may.
                    None if key.custody == Custody::Automation => self.open_by_daemon(key).await?,
                    None => return Err(Error::Locked(self.why_no_lock(*token, key))),
                };
                let content =
                    crypto::version_content_key(&private, &public, key.id, number, &version.record.sealed)?;
                self.0.warm.put(place, crypto::warm_version(keys, *token, key.id, number, &content)?);
                content
            }
        };
        let value = crypto::open_version_with(&content, &public, key.id, number, &version.record.sealed)?;
        Ok(value.to_text()?)
    }

    fn why_no_lock(&self, token: Id, key: &ApiKey) -> Locked {
        let tables = self.mirror().read();
        let later = tables.tokens.get(&token).is_some_and(|token| opens_later(&token.record, key));
        if later && key.custody == Custody::Sealed { Locked::TokenWaits } else { Locked::NoLock }
    }
}

/// The keys of an environment that a token was granted, by name.
fn granted(tables: &Tables, token: Id, environment: Environment) -> Vec<Id> {
    let Some(token) = tables.tokens.get(&token) else { return Vec::new() };
    let mut keys: Vec<&ApiKey> = match &token.record.grant {
        Grant::Keys(keys) => {
            let keys = keys.iter().filter_map(|id| tables.keys.get(*id)).map(|key| &key.record);
            keys.filter(|key| key.environment == environment).collect()
        }
        Grant::Environment { space, environment: granted } if *granted == environment => {
            in_environment(tables, *space, environment).collect()
        }
        Grant::Environment { .. } => Vec::new(),
    };
    keys.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
    keys.into_iter().map(|key| key.id).collect()
}
