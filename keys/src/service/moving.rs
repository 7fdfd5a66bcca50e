//! Moving a key to another space, and changing who can open it: both take its lock away and make another, so both may
//! need the key opened first. What service tokens were granted follows the people who granted it.

use secrecy::SecretString;

use keyward_store::model::{ApiKey, Custody, Grant, Holder, Id, Lock, LockTarget};
use keyward_store::{Op, Record};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::input::KeyPatch;
use crate::plans::Plans;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::accounts::personal_space;
use crate::service::billing::check_room_for_move;
use crate::service::change::Draft;
use crate::service::custody::{NewLock, Place};
use crate::service::keys::check_environment;
use crate::service::mirror::Tables;
use crate::service::text::Faults;
use crate::service::{granted, marks, vault};

/// A key's new place and custody, worked out from how the key was seen.
pub(crate) struct Relocation {
    space: Id,
    custody: Custody,
    seen: (Id, Custody),
    /// The lock that replaces the one it has; none when that one stays good.
    lock: Option<NewLock>,
}

impl Service {
    /// What a patch does to a key's place and custody, with the key opened as far as that needs it; none when it
    /// names neither, or names what is so already.
    pub(crate) async fn relocation(
        &self,
        caller: &Caller,
        id: Id,
        patch: &KeyPatch,
    ) -> Result<Option<Relocation>> {
        if patch.team.is_none() && patch.custody.is_none() {
            return if patch.passphrase.is_some() { Err(nothing_to_open()) } else { Ok(None) };
        }
        let row = self.key_row(caller, Permission::KeyChange, id)?;
        let seen = (row.record.space, row.record.custody);
        let space = match patch.team {
            Some(Some(team)) => team,
            Some(None) => personal_space(&self.mirror().read(), caller.person()?)?,
            None => seen.0,
        };
        let custody = patch.custody.unwrap_or(seen.1);
        if (space, custody) == seen {
            return if patch.passphrase.is_some() { Err(nothing_to_open()) } else { Ok(None) };
        }
        let mut faults = Faults::default();
        match (&patch.passphrase, seen.1 == Custody::Private, custody == Custody::Private) {
            (Some(passphrase), false, true) => super::custody::check_passphrase(&mut faults, passphrase),
            (None, false, true) => faults.add("passphrase", "a private key needs its own passphrase"),
            _ => {}
        }
        faults.check()?;
        self.may_relocate(caller, id, space, seen.0)?;
        let moved_sealed = custody == Custody::Sealed && space != seen.0;
        let lock = if custody != seen.1 || moved_sealed {
            let (old, new) = passphrases(patch.passphrase.clone(), custody);
            let private = self.opener(caller, old).key(&row.record).await?;
            Some(self.new_lock(id, private, custody, new).await?)
        } else {
            None
        };
        Ok(Some(Relocation { space, custody, seen, lock }))
    }

    /// Asks before anything slow is done; the change asks again.
    fn may_relocate(&self, caller: &Caller, id: Id, to: Id, from: Id) -> Result<()> {
        let tables = self.mirror().read();
        if to != from {
            authorise(&tables, caller, Permission::KeyMove, Target::Key(id), None)?;
            authorise(&tables, caller, Permission::KeyCreate, Target::Space(to), None)?;
        }
        authorise(&tables, caller, Permission::KeyReveal, Target::Key(id), None)
    }
}

impl Relocation {
    /// The space that the key comes to; none when it stays.
    pub(crate) fn moves_to(&self) -> Option<Id> {
        (self.space != self.seen.0).then_some(self.space)
    }

    /// Carries it out in a draft, on the record that is about to replace `old`.
    pub(crate) fn apply(
        &self,
        tables: &Tables,
        caller: &Caller,
        plans: &Plans,
        draft: &mut Draft,
        old: &ApiKey,
        new: &mut ApiKey,
    ) -> Result<Vec<&'static str>> {
        if (old.space, old.custody) != self.seen {
            return Err(Error::Stale);
        }
        (new.space, new.custody) = (self.space, self.custody);
        marks::forget(tables, draft, old);
        if self.space != old.space {
            let batch = Some(&mut draft.batch);
            authorise(tables, caller, Permission::KeyMove, Target::Key(old.id), None)?;
            authorise(tables, caller, Permission::KeyCreate, Target::Space(self.space), batch)?;
            let space = tables.spaces.get(&self.space).ok_or(Error::NotFound("team"))?;
            check_environment(&space.record, new.environment)?;
            check_room_for_move(tables, plans, old.space, self.space)?;
            end_foreign_grants(tables, draft, old, self.space)?;
            draft.events.push(Event::KeyChanged { space: old.space, api_key: old.id });
        }
        if let Some(lock) = &self.lock {
            let holder = match old.custody {
                Custody::Private => Holder::Passphrase(old.id),
                Custody::Automation => Holder::System,
                Custody::Sealed => Holder::Space(old.space),
            };
            draft.batch.op(Op::Del(Lock::TABLE, Lock::row_key(LockTarget::ApiKey(old.id), holder)));
            let place = Place { api_key: old.id, space: self.space, environment: new.environment };
            new.space_generation = lock.store(tables, draft, place)?;
        }
        let changed = [("team", self.space != old.space), ("custody", self.custody != old.custody)];
        Ok(changed.into_iter().filter(|(_, changed)| *changed).map(|(field, _)| field).collect())
    }
}

/// Takes a key that moves out of the service tokens of people who may not open it in its new space.
fn end_foreign_grants(tables: &Tables, draft: &mut Draft, key: &ApiKey, to: Id) -> Result<()> {
    let stays = |account: Id| {
        tables.membership(account, to).is_some_and(|member| vault::holds_keys(member.record.role))
    };
    for token in tables.tokens.values() {
        let of_the_old_space =
            matches!(token.record.grant, Grant::Environment { space, .. } if space == key.space);
        if of_the_old_space || !stays(token.record.created_by) {
            granted::end(draft, token, &[key.id])?;
        }
    }
    Ok(())
}

/// The one passphrase of a patch, as what opens the key now and as what opens it from now on.
fn passphrases(
    given: Option<SecretString>,
    custody: Custody,
) -> (Option<SecretString>, Option<SecretString>) {
    if custody == Custody::Private { (None, given) } else { (given, None) }
}

fn nothing_to_open() -> Error {
    Error::invalid("passphrase", "is for a change of custody, and there is none here; leave it out")
}
