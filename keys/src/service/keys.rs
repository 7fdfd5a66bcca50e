//! API keys: make, see, change, move to the bin. Values are `custody`'s, lists `list`'s.

use keyward_store::Row;
use keyward_store::model::{ApiKey, Custody, Environment, Grant, Id, Role, Space, Status};

use crate::caller::{Caller, Identity};
use crate::clock::timestamp;
use crate::crypto;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::input::{KeyPatch, KeyRef, NewKey};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::accounts::{limits_of, personal_space};
use crate::service::custody::Place;
use crate::service::mirror::{Shared, Tables};
use crate::service::notifications::{Notice, NoticeKind, notify, people_of};
use crate::service::patch::{apply, check_patch, check_rotation, check_tags, next_rotation};
use crate::service::text::Faults;
use crate::view::{KeyStatus, KeyView};

/// Days between rotations when nothing is said.
const DEFAULT_ROTATION_DAYS: u32 = 90;

/// A new key's fields, checked.
struct Checked {
    name: String,
    service: String,
    description: String,
    tags: Vec<String>,
}

impl Service {
    /// Makes an API key with its first version.
    pub async fn create_key(&self, caller: &Caller, new: NewKey) -> Result<KeyView> {
        let account = caller.person()?;
        let checked = self.check_new_key(&new)?;
        let (space, environment) = self.place_for(caller, account, &new)?;
        let id = crypto::random_id()?;
        let sealed = self.seal_new_key(account, id, &new).await?;
        let rotation_days = new.rotation_interval.unwrap_or(DEFAULT_ROTATION_DAYS);
        let key_id = new_key_id(environment)?;
        let row = self
            .change(caller, Permission::KeyCreate, Target::Space(space), |tables, draft| {
                check_plan(tables, account)?;
                let row = tables.spaces.get(&space).ok_or(Error::NotFound("team"))?;
                check_environment(&row.record, environment)?;
                draft.batch.require(row);
                let place = Place { api_key: id, space, environment };
                let space_generation = sealed.store(tables, draft, place, account)?;
                let record = ApiKey {
                    id,
                    key_id: key_id.clone(),
                    space,
                    created_by: account,
                    name: checked.name.clone(),
                    service: checked.service.clone(),
                    description: checked.description.clone(),
                    environment,
                    status: Status::Active,
                    tags: checked.tags.clone(),
                    monthly_limit: new.monthly_limit,
                    rotation_interval_days: rotation_days,
                    next_rotation_ms: next_rotation(draft.now_ms, rotation_days),
                    expires_ms: new.expires_at.map(|at| at.as_millisecond()),
                    custody: sealed.custody(),
                    public_key: sealed.public_key,
                    current_version: 1,
                    created_ms: draft.now_ms,
                    updated_ms: draft.now_ms,
                    deleted_ms: None,
                    refuse_over_limit: new.refuse_over_limit,
                    frozen_ms: None,
                    space_generation,
                    exposed_version: None,
                };
                draft.object = Some(id);
                draft.space = Some(space);
                draft.detail = format!("{:?} custody", record.custody).to_lowercase();
                draft.batch.create(&record)?;
                draft.events.push(Event::KeyChanged { space, api_key: id });
                Ok(())
            })
            .await
            .and_then(|()| self.key_row(caller, Permission::KeyRead, id))?;
        Ok(self.key_view(&row))
    }

    /// One key.
    pub async fn key(&self, caller: &Caller, key: &KeyRef) -> Result<KeyView> {
        let id = self.resolve(caller, key)?;
        let row = self.key_row(caller, Permission::KeyRead, id)?;
        Ok(self.key_view(&row))
    }

    /// Changes the fields that are given; with `if_match`, only when the record still has that revision.
    pub async fn update_key(
        &self,
        caller: &Caller,
        key: &KeyRef,
        patch: KeyPatch,
        if_match: Option<u64>,
    ) -> Result<KeyView> {
        let id = self.resolve(caller, key)?;
        let patch = check_patch(patch)?;
        let relocation = self.relocation(caller, id, &patch).await?;
        self.change(caller, Permission::KeyChange, Target::Key(id), |tables, draft| {
            let old = unchanged(tables, id, if_match)?;
            let mut record = ApiKey { updated_ms: draft.now_ms, ..old.record.clone() };
            draft.object = Some(id);
            let mut set = apply(&patch, &mut record);
            if let Some(relocation) = &relocation {
                set.extend(relocation.apply(tables, caller, draft, &old.record, &mut record)?);
            } else if patch.environment.is_some() {
                let space = tables.spaces.get(&record.space).ok_or(Error::NotFound("team"))?;
                check_environment(&space.record, record.environment)?;
                draft.batch.require(space);
            }
            draft.space = Some(record.space);
            draft.detail = set.join(", ");
            draft.batch.replace(old, &record)?;
            draft.events.push(Event::KeyChanged { space: record.space, api_key: id });
            Ok(())
        })
        .await?;
        let row = self.key_row(caller, Permission::KeyRead, id)?;
        Ok(self.key_view(&row))
    }

    /// Moves a key to the bin, where it stays 30 days.
    pub async fn delete_key(&self, caller: &Caller, key: &KeyRef, if_match: Option<u64>) -> Result<KeyView> {
        let id = self.resolve(caller, key)?;
        let row = self
            .change(caller, Permission::KeyDelete, Target::Key(id), |tables, draft| {
                let old = unchanged(tables, id, if_match)?;
                let record =
                    ApiKey { updated_ms: draft.now_ms, deleted_ms: Some(draft.now_ms), ..old.record.clone() };
                draft.object = Some(id);
                draft.space = Some(record.space);
                draft.detail = "to the bin".to_owned();
                let message = format!("{} was moved to the bin, where it stays for 30 days", record.name);
                let notice = Notice { kind: NoticeKind::KeyDeleted, api_key: Some(id), message };
                let others = people_of(tables, record.space, Role::Viewer, caller.account());
                notify(tables, draft, others, &notice)?;
                draft.batch.replace(old, &record)?;
                draft.events.push(Event::KeyChanged { space: record.space, api_key: id });
                Ok(Row::clone(old))
            })
            .await?;
        Ok(self.key_view(&row))
    }

    /// Which key is meant, among those the caller may see.
    pub(crate) fn resolve(&self, caller: &Caller, key: &KeyRef) -> Result<Id> {
        let tables = self.mirror().read();
        let visible =
            |id: Id| authorise(&tables, caller, Permission::KeyRead, Target::Key(id), None).map(|()| id);
        match key {
            KeyRef::Id(text) => {
                visible(tables.keys.find(text).map(|row| row.record.id).ok_or(Error::NotFound("key"))?)
            }
            KeyRef::Named(text, environment) => {
                if let Some(row) = tables.keys.find(text)
                    && let Ok(id) = visible(row.record.id)
                {
                    return Ok(id);
                }
                only_named(&tables, caller, text, *environment)
            }
            KeyRef::InEnvironment(environment, name) => only_named(&tables, caller, name, Some(*environment)),
        }
    }

    /// A key's row, when the caller has this permission on it.
    pub(crate) fn key_row(&self, caller: &Caller, permission: Permission, id: Id) -> Result<Shared<ApiKey>> {
        let tables = self.mirror().read();
        authorise(&tables, caller, permission, Target::Key(id), None)?;
        tables.keys.get(id).cloned().ok_or(Error::NotFound("key"))
    }

    /// What doors show of a key.
    pub(crate) fn key_view(&self, row: &Row<ApiKey>) -> KeyView {
        let now_ms = self.now_ms();
        let key = &row.record;
        let usage = self.0.usage.totals(key.id, now_ms);
        KeyView {
            id: key.id,
            name: key.name.clone(),
            service: key.service.clone(),
            key_id: key.key_id.clone(),
            description: key.description.clone(),
            environment: key.environment,
            status: status_of(key, now_ms),
            custody: key.custody,
            team: self.team_of(key.space),
            rotate_now: key.exposed_version == Some(key.current_version),
            tags: key.tags.clone(),
            last_used: usage.last_used_ms.map(timestamp),
            usage_count: usage.count,
            monthly_limit: key.monthly_limit,
            refuse_over_limit: key.refuse_over_limit,
            frozen: key.frozen_ms.is_some(),
            current_month_usage: usage.month_used,
            rotation_interval: key.rotation_interval_days,
            next_rotation: key.next_rotation_ms.map(timestamp),
            expires_at: key.expires_ms.map(timestamp),
            version: key.current_version,
            created_at: timestamp(key.created_ms),
            updated_at: timestamp(key.updated_ms),
            revision: row.version,
        }
    }

    fn team_of(&self, space: Id) -> Option<Id> {
        let tables = self.mirror().read();
        let space = tables.spaces.get(&space)?;
        (space.record.kind == keyward_store::model::SpaceKind::Team).then_some(space.record.id)
    }

    /// Which space a new key is for, and which environment: what is not said is the caller's own, and development
    /// or else the first that the space has.
    fn place_for(&self, caller: &Caller, account: Id, new: &NewKey) -> Result<(Id, Environment)> {
        let tables = self.mirror().read();
        let space = match new.team {
            Some(team) => team,
            None => personal_space(&tables, account)?,
        };
        authorise(&tables, caller, Permission::KeyCreate, Target::Space(space), None)?;
        let row = tables.spaces.get(&space).ok_or(Error::NotFound("team"))?;
        let environments = &row.record.environments;
        let default = environments.iter().min().copied().unwrap_or(Environment::Development);
        Ok((space, new.environment.unwrap_or(default)))
    }

    fn check_new_key(&self, new: &NewKey) -> Result<Checked> {
        let mut faults = Faults::default();
        let checked = Checked {
            name: faults.line("name", &new.name, 1, 128),
            service: faults.line("service", &new.service, 1, 64),
            description: faults.line("description", &new.description, 0, 1000),
            tags: check_tags(&mut faults, &new.tags),
        };
        check_rotation(&mut faults, new.rotation_interval);
        if new.expires_at.is_some_and(|at| at.as_millisecond() <= self.now_ms()) {
            faults.add("expiresAt", "is in the past");
        }
        if new.custody == Some(Custody::Private) && new.passphrase.is_none() {
            faults.add("passphrase", "a private key needs its own passphrase");
        }
        if new.passphrase.is_some() && new.custody.is_some_and(|custody| custody != Custody::Private) {
            faults.add("custody", "a key with its own passphrase is private");
        }
        super::custody::check_value(&mut faults, &new.value);
        if let Some(passphrase) = &new.passphrase {
            super::custody::check_passphrase(&mut faults, passphrase);
        }
        faults.check()?;
        Ok(checked)
    }
}

/// Where a key stands now.
pub(crate) fn status_of(key: &ApiKey, now_ms: i64) -> KeyStatus {
    if key.expires_ms.is_some_and(|expires| expires <= now_ms) {
        return KeyStatus::Expired;
    }
    match key.status {
        Status::Active => KeyStatus::Active,
        Status::Inactive => KeyStatus::Inactive,
    }
}

/// The only key of this name (any case) that the caller may see.
fn only_named(tables: &Tables, caller: &Caller, name: &str, environment: Option<Environment>) -> Result<Id> {
    let name = name.trim().to_lowercase();
    let in_space = |space| {
        tables.keys.space(space).into_iter().flat_map(|space| space.containing(&name)).map(|(_, id)| id)
    };
    let ids: Vec<Id> = match caller.identity {
        Identity::Account(account) => {
            tables.memberships(account).iter().flat_map(|member| in_space(member.record.space)).collect()
        }
        Identity::Token(token) => {
            tables.tokens.get(&token).map_or_else(Vec::new, |token| match &token.record.grant {
                Grant::Keys(keys) => keys.clone(),
                Grant::Environment { space, .. } => in_space(*space).collect(),
            })
        }
        Identity::System(_) => Vec::new(),
    };
    let mut named = ids.into_iter().filter_map(|id| tables.keys.get(id)).filter(|row| {
        row.record.name.to_lowercase() == name
            && environment.is_none_or(|wanted| row.record.environment == wanted)
            && authorise(tables, caller, Permission::KeyRead, Target::Key(row.record.id), None).is_ok()
    });
    let first = named.next().ok_or(Error::NotFound("key"))?;
    if named.next().is_some() {
        let text = "several keys have this name; name the environment, or use the key's id (ak_…)";
        return Err(Error::Conflict(text.to_owned()));
    }
    Ok(first.record.id)
}

fn unchanged(tables: &Tables, id: Id, if_match: Option<u64>) -> Result<&Shared<ApiKey>> {
    let row = tables.keys.get(id).ok_or(Error::NotFound("key"))?;
    if if_match.is_some_and(|revision| revision != row.version) {
        return Err(Error::Stale);
    }
    Ok(row)
}

/// A space holds keys for its environments alone.
pub(crate) fn check_environment(space: &Space, environment: Environment) -> Result<()> {
    if space.environments.contains(&environment) {
        return Ok(());
    }
    let used: Vec<String> =
        space.environments.iter().map(|used| format!("{used:?}").to_lowercase()).collect();
    Err(Error::invalid("environment", format!("{} uses {} only", space.name, used.join(", "))))
}

fn check_plan(tables: &Tables, account: Id) -> Result<()> {
    let row = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
    let allowed = limits_of(row.record.plan).api_keys;
    let used = tables.keys.space(row.record.personal_space).map_or(0, |space| space.len() as u64);
    if used >= allowed { Err(Error::PlanLimit { allowed }) } else { Ok(()) }
}

/// `ak_dev_…`, `ak_staging_…` or `ak_prod_…` with 12 random base-36 characters (62 bits).
fn new_key_id(environment: Environment) -> Result<String> {
    let short = match environment {
        Environment::Development => "dev",
        Environment::Staging => "staging",
        Environment::Production => "prod",
    };
    let random: [u8; 12] = crypto::random_array()?;
    let tail: String = random
        .iter()
        .map(|byte| char::from(b"0123456789abcdefghijklmnopqrstuvwxyz"[usize::from(byte % 36)]))
        .collect();
    Ok(format!("ak_{short}_{tail}"))
}
