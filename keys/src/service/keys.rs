//! API keys: see, change, move to the bin. Making them is `making`'s, values are `custody`'s, lists `list`'s.

use keyward_store::Row;
use keyward_store::model::{ApiKey, Environment, Grant, Id, Role, Space, Status};

use crate::caller::{Caller, Identity};
use crate::clock::timestamp;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::input::{KeyPatch, KeyRef};
use crate::policy::Permission;
use crate::service::access::{Target, authorise};
use crate::service::change::Draft;
use crate::service::hours::Home;
use crate::service::mirror::{Shared, Tables};
use crate::service::moving::Relocation;
use crate::service::notifications::{Notice, NoticeKind, notify, people_of};
use crate::service::patch::{apply, check_patch};
use crate::service::rotation::{self, settings_view};
use crate::service::{Service, budgets, decoys, granted, key_networks};
use crate::view::{KeyStatus, KeyView};

/// Keys that a notice names.
const NAMED: usize = 3;

impl Service {
    /// One key.
    pub async fn key(&self, caller: &Caller, key: &KeyRef) -> Result<KeyView> {
        let id = self.resolve(caller, key)?;
        let row = self.key_row(caller, Permission::KeyRead, id)?;
        Ok(self.key_view_for(caller, &row))
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
        let credential = match &patch.rotation {
            Some(Some(rotation)) => {
                let custody = self.key_row(caller, Permission::KeyChange, id)?.record.custody;
                self.check_proposed(caller, Some(id), Some(custody), rotation).await?
            }
            _ => None,
        };
        let turn = match relocation.as_ref().and_then(Relocation::moves_to) {
            Some(space) => self.turn_to_add(space, 1).await,
            None => None,
        };
        self.change(caller, Permission::KeyChange, Target::Key(id), |tables, draft| {
            let old = unchanged(tables, id, if_match)?;
            let (mut record, mut set) = changed(old, &patch, draft);
            if let Some(networks) = &patch.networks {
                key_networks::put(tables, draft, id, networks)?;
                set.push("networks");
            }
            if patch.monthly_budget.is_some() || patch.refuse_over_budget.is_some() {
                let (amount, refuse) = (patch.monthly_budget, patch.refuse_over_budget);
                set.extend(budgets::put(tables, draft, id, amount, refuse)?);
            }
            if let Some(decoy) = patch.decoy {
                decoys::mark(tables, draft, &old.record, caller.person()?, decoy)?;
                set.push("decoy");
            }
            if record.environment != old.record.environment {
                granted::leave_environment(tables, draft, &old.record);
            }
            if let Some(relocation) = &relocation {
                set.extend(relocation.apply(
                    tables,
                    caller,
                    &self.0.settings.plans,
                    draft,
                    &old.record,
                    &mut record,
                )?);
                if tables.by_key.decoys.contains_key(&id) {
                    decoys::look_after(tables, draft, &record, caller.person()?)?;
                }
            } else if patch.environment.is_some() {
                let space = tables.spaces.get(&record.space).ok_or(Error::NotFound("team"))?;
                check_environment(&space.record, record.environment)?;
                draft.batch.require(space);
            }
            let mut anew = patch.rotation_interval.is_some();
            if let Some(change) = &patch.rotation {
                anew = rotation::set(tables, draft, &mut record, change.as_ref(), credential, anew)?;
                set.push("rotation");
            } else if anew {
                record.next_rotation_ms = rotation::next_due(tables, &record, draft.now_ms);
            }
            if !anew && record.space != old.record.space {
                let (from, to) = (Home::of(tables, &old.record), Home::of(tables, &record));
                record.next_rotation_ms =
                    rotation::moved_due(tables, &record, (&from, &to), draft.now_ms, draft.now_ms);
            }
            put_changed(draft, old, &record, &set)
        })
        .await?;
        drop(turn);
        self.mark_again(id).await;
        // Tokens of the environment that it came to lack their locks.
        self.let_others_in(caller).await;
        let row = self.key_row(caller, Permission::KeyRead, id)?;
        Ok(self.key_view_for(caller, &row))
    }

    /// Moves a key to the bin, where it stays 30 days.
    pub async fn delete_key(&self, caller: &Caller, key: &KeyRef, if_match: Option<u64>) -> Result<KeyView> {
        let id = self.resolve(caller, key)?;
        let row = self
            .change(caller, Permission::KeyDelete, Target::Key(id), |tables, draft| {
                let old = unchanged(tables, id, if_match)?;
                put_in_bin(draft, old)?;
                tell_binned(tables, draft, caller, old.record.space, &[&old.record])?;
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
    /// A key as this caller may see it: whoever may change it sees that it is a decoy.
    pub(crate) fn key_view_for(&self, caller: &Caller, row: &Row<ApiKey>) -> KeyView {
        let decoy = decoys::shown(&self.mirror().read(), caller.identity, row.record.id);
        KeyView { decoy, ..self.key_view(row) }
    }

    pub(crate) fn key_view(&self, row: &Row<ApiKey>) -> KeyView {
        let now_ms = self.now_ms();
        let key = &row.record;
        let usage = self.0.usage.totals(key.id, now_ms);
        let (rotation, networks, budget) = {
            let tables = self.mirror().read();
            let budget = (budgets::of(&tables, key.id), budgets::refuses(&tables, key.id));
            (settings_view(&tables, key, now_ms), key_networks::of(&tables, key.id), budget)
        };
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
            monthly_budget: budget.0,
            refuse_over_budget: budget.1,
            frozen: key.frozen_ms.is_some(),
            decoy: false,
            networks,
            current_month_usage: usage.month_used,
            rotation_interval: key.rotation_interval_days,
            next_rotation: key.next_rotation_ms.map(timestamp),
            rotation: Some(Box::new(rotation)),
            expires_at: key.expires_ms.map(timestamp),
            version: key.current_version,
            deleted_at: key.deleted_ms.map(timestamp),
            created_at: timestamp(key.created_ms),
            updated_at: timestamp(key.updated_ms),
            revision: row.version,
        }
    }

    fn team_of(&self, space: Id) -> Option<Id> {
        self.mirror().read().team_of(space)
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
        tables.keys.space(space).into_iter().flat_map(|space| space.containing(&name)).map(|(_, id)| *id)
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
        let way = if environment.is_some() { "" } else { "name the environment, or " };
        return Err(Error::Conflict(format!("several keys have this name; {way}use the key's id (ak_…)")));
    }
    Ok(first.record.id)
}

/// The key's row, when it still has that revision.
pub(crate) fn unchanged(tables: &Tables, id: Id, if_match: Option<u64>) -> Result<&Shared<ApiKey>> {
    let row = tables.keys.get(id).ok_or(Error::NotFound("key"))?;
    if if_match.is_some_and(|revision| revision != row.version) {
        return Err(Error::Stale);
    }
    Ok(row)
}

/// A key's record with a patch applied, and the names of the fields that were set.
pub(crate) fn changed(old: &Shared<ApiKey>, patch: &KeyPatch, draft: &Draft) -> (ApiKey, Vec<&'static str>) {
    let mut record = ApiKey { updated_ms: draft.now_ms, ..old.record.clone() };
    let set = apply(patch, &mut record);
    (record, set)
}

/// Adds the changed record to a draft.
pub(crate) fn put_changed(
    draft: &mut Draft,
    old: &Shared<ApiKey>,
    record: &ApiKey,
    set: &[&str],
) -> Result<()> {
    draft.did(record.id, record.space, set.join(", "));
    draft.batch.replace(old, record)?;
    draft.events.push(Event::KeyChanged { space: record.space, api_key: record.id });
    Ok(())
}

/// Moves a key to the bin in a draft; whoever does that tells the others.
pub(crate) fn put_in_bin(draft: &mut Draft, old: &Shared<ApiKey>) -> Result<()> {
    let record = ApiKey { updated_ms: draft.now_ms, deleted_ms: Some(draft.now_ms), ..old.record.clone() };
    draft.did(record.id, record.space, "to the bin".to_owned());
    draft.batch.replace(old, &record)?;
    draft.events.push(Event::KeyChanged { space: record.space, api_key: record.id });
    Ok(())
}

/// Tells the others of a space that keys of it went to the bin: once, of however many.
pub(crate) fn tell_binned(
    tables: &Tables,
    draft: &mut Draft,
    caller: &Caller,
    space: Id,
    keys: &[&ApiKey],
) -> Result<()> {
    let names: Vec<&str> = keys.iter().take(NAMED).map(|key| key.name.as_str()).collect();
    let (what, api_key) = match keys {
        [key] => (format!("{} was moved to the bin, where it stays", key.name), Some(key.id)),
        _ => {
            let more = keys.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            (format!("{}{more} were moved to the bin, where they stay", names.join(", ")), None)
        }
    };
    let notice = Notice {
        kind: NoticeKind::KeyDeleted,
        api_key,
        alert: None,
        message: format!("{what} for 30 days"),
        until_ms: None,
        minor: false,
    };
    notify(tables, draft, people_of(tables, space, Role::Viewer, caller.account()), &notice)
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
