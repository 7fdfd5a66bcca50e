//! The way back out of the bin. The way in is `keys`', what is in it `list`'s, and its emptying `jobs`'.

use keyward_store::model::{ApiKey, Id};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::input::KeyRef;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::billing::check_room;
use crate::service::change::Draft;
use crate::service::keys::check_environment;
use crate::service::mirror::Tables;
use crate::view::KeyView;

impl Service {
    /// Takes a key back out of the bin, as it was; one that is not in it stays as it is. It needs a place in the plan again.
    pub async fn restore_key(&self, caller: &Caller, key: &KeyRef) -> Result<KeyView> {
        let (id, space) = match self.resolve_binned(caller, key) {
            Ok(found) => found,
            // It is not there: that is what was asked for, by somebody who may ask.
            Err(Error::NotFound(_)) => {
                let row = self.key_row(caller, Permission::KeyRestore, self.resolve(caller, key)?)?;
                return Ok(self.key_view(&row));
            }
            Err(other) => return Err(other),
        };
        let turn = self.turn_to_add(space, 1).await;
        self.change(caller, Permission::KeyRestore, Target::Binned(id), |tables, draft| {
            check_room(tables, &self.0.settings.plans, space, 1)?;
            take_out(tables, draft, id)
        })
        .await?;
        drop(turn);
        // Tokens that were made meanwhile lack their locks of it.
        self.let_others_in(caller).await;
        let row = self.key_row(caller, Permission::KeyRead, id)?;
        Ok(self.key_view(&row))
    }

    /// Which key in the bin is meant, and the space it is in.
    pub(crate) fn resolve_binned(&self, caller: &Caller, key: &KeyRef) -> Result<(Id, Id)> {
        let tables = self.mirror().read();
        let (text, environment, by_name) = match key {
            KeyRef::Id(text) => (text, None, false),
            KeyRef::Named(text, environment) => (text, *environment, true),
            KeyRef::InEnvironment(environment, text) => (text, Some(*environment), true),
        };
        let id: Option<Id> = text.parse().ok();
        let name = text.trim().to_lowercase();
        let is_meant = |key: &ApiKey| {
            let named = by_name
                && key.name.to_lowercase() == name
                && environment.is_none_or(|wanted| key.environment == wanted);
            id == Some(key.id) || key.key_id == *text || named
        };
        let sees = |key: &ApiKey| {
            authorise(&tables, caller, Permission::KeyRead, Target::Binned(key.id), None).is_ok()
        };
        let mut found = tables.keys.binned().map(|row| &row.record).filter(|key| is_meant(key) && sees(key));
        let first = found.next().ok_or(Error::NotFound("key"))?;
        if found.next().is_some() {
            let text = "several keys in the bin have this name; use the key's id (ak_…)";
            return Err(Error::Conflict(text.to_owned()));
        }
        Ok((first.id, first.space))
    }
}

/// Takes a key out of the bin in a draft; its place in the plan is looked after by whoever does that.
pub(crate) fn take_out(tables: &Tables, draft: &mut Draft, id: Id) -> Result<()> {
    let old = tables.keys.any(id).filter(|row| row.record.deleted_ms.is_some());
    let old = old.ok_or(Error::NotFound("key"))?;
    let space = old.record.space;
    let home = tables.spaces.get(&space).ok_or(Error::NotFound("team"))?;
    check_environment(&home.record, old.record.environment)?;
    draft.batch.require(home);
    draft.did(id, space, "from the bin".to_owned());
    let record = ApiKey { updated_ms: draft.now_ms, deleted_ms: None, ..old.record.clone() };
    draft.batch.replace(old, &record)?;
    draft.events.push(Event::KeyChanged { space, api_key: id });
    Ok(())
}
