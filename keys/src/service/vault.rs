//! A space's own key pair: what its sealed keys are sealed to, and which members hold it. A new pair needs no secret of
//! anyone: its private half is sealed to each holder's public key. What needs an opened key is `grants`'s.
//!
//! A member's `generation` says which pair they hold. It is the space's present one exactly when they can open every
//! sealed key of the space: a newcomer is given it only once all keys are locked to it, and a new pair goes to those who
//! held the one before.

use keyward_store::model::{ApiKey, Holder, Id, Lock, LockTarget, Member, Role, Space, SpaceKey};
use keyward_store::{Op, Record, Row};

use crate::crypto::{self, PrivateKey, PublicKey};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy::{self, Permission};
use crate::service::access::standing_of;
use crate::service::change::Draft;
use crate::service::mirror::{Shared, Tables};

/// Whether this role holds the space's key: the one who may see values must be able to open them, and nobody else.
pub(crate) fn holds_keys(role: Role) -> bool {
    policy::allows(Permission::KeyReveal, standing_of(role))
}

/// Members who can open all that is sealed to the space.
pub(crate) fn holders<'a>(tables: &'a Tables, space: &'a Space) -> impl Iterator<Item = &'a Shared<Member>> {
    let generation = space.key.map(|key| key.generation);
    tables.members_of(space.id).filter(move |member| Some(member.record.generation) == generation)
}

/// The pair that something new is sealed to. When there is none, or nobody is left who holds it, a new one is made for
/// every member who has a key of their own.
pub(crate) fn space_key(tables: &Tables, draft: &mut Draft, space: &Shared<Space>) -> Result<SpaceKey> {
    if let Some(key) = space.record.key
        && holders(tables, &space.record).next().is_some()
    {
        draft.batch.require(space);
        return Ok(key);
    }
    // One draft may seal several things; they share what the first one made.
    if let Some((_, key)) = draft.pair.filter(|(of, _)| *of == space.record.id) {
        return Ok(key);
    }
    let heirs: Vec<_> = tables.members_of(space.record.id).cloned().collect();
    let key = renew(tables, draft, space, &heirs)?.ok_or_else(|| {
        let text = "needs an unlock passphrase, which nobody in this space has; set one, or use private or automation";
        Error::invalid("custody", text)
    })?;
    draft.pair = Some((space.record.id, key));
    Ok(key)
}

/// Gives the space a new pair, for those of `heirs` who may hold one and have a key of their own; none when there are
/// no such heirs.
pub(crate) fn renew(
    tables: &Tables,
    draft: &mut Draft,
    space: &Shared<Space>,
    heirs: &[Shared<Member>],
) -> Result<Option<SpaceKey>> {
    let private = PrivateKey::generate()?;
    let generation = space.record.key.map_or(1, |key| key.generation + 1);
    let mut given = false;
    for member in heirs.iter().filter(|member| holds_keys(member.record.role)) {
        given |= give(tables, draft, &private, generation, member)?;
    }
    if !given {
        return Ok(None);
    }
    let key = SpaceKey { generation, public_key: private.public().0 };
    draft.batch.replace(space, &Space { key: Some(key), ..space.record.clone() })?;
    Ok(Some(key))
}

/// Seals a space's private key to one member; false when they have no key of their own yet.
pub(crate) fn give(
    tables: &Tables,
    draft: &mut Draft,
    space_private: &PrivateKey,
    generation: u32,
    member: &Row<Member>,
) -> Result<bool> {
    let Member { space, account, .. } = member.record;
    let row = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
    let Some(public) = row.record.public_key.map(PublicKey) else { return Ok(false) };
    // Should they change their key meanwhile, the lock would be for one they no longer have.
    draft.batch.require(row);
    let (target, holder) = (LockTarget::Space(space, generation), Holder::Account(account));
    let sealed = crypto::lock_to_public(space_private, target, holder, &public)?;
    draft.batch.create(&Lock { target, holder, sealed, created_ms: draft.now_ms })?;
    draft.batch.replace(member, &Member { generation, ..member.record.clone() })?;
    Ok(true)
}

/// Takes every lock on the space's keys away from an account, and gives the space a new pair for those who are left.
/// The member's own row is the caller's to change.
pub(crate) fn take_away(
    tables: &Tables,
    draft: &mut Draft,
    space: &Shared<Space>,
    leaving: &Row<Member>,
) -> Result<()> {
    if leaving.record.generation == 0 {
        draft.batch.require(space);
        return Ok(());
    }
    remove_locks(draft, &space.record, leaving.record.account);
    let heirs: Vec<_> = holders(tables, &space.record)
        .filter(|member| member.record.account != leaving.record.account)
        .cloned()
        .collect();
    if renew(tables, draft, space, &heirs)?.is_some() {
        return Ok(());
    }
    draft.batch.require(space);
    if tables.keys.sealed(space.record.id).any(|key| key.record.deleted_ms.is_none()) {
        return Err(Error::Conflict(
            "nobody else can open the sealed keys of this space yet: let another member in first (they set an unlock \
             passphrase, then you unlock), or change the custody of those keys"
                .to_owned(),
        ));
    }
    // What is left is in the bin.
    lose_sealed(tables, draft, space.record.id)
}

/// Whoever could open the space's sealed keys is gone, or has lost what opened them. Such a key is locked to no pair: it
/// waits for nobody, and nothing waits for it. Service tokens keep their locks of it.
pub(crate) fn lose_sealed(tables: &Tables, draft: &mut Draft, space: Id) -> Result<()> {
    for key in tables.keys.sealed(space) {
        let lock = Lock::row_key(LockTarget::ApiKey(key.record.id), Holder::Space(space));
        draft.batch.op(Op::Del(Lock::TABLE, lock));
        draft.batch.replace(key, &ApiKey { space_generation: 0, ..key.record.clone() })?;
        if key.record.deleted_ms.is_none() {
            draft.events.push(Event::KeyChanged { space, api_key: key.record.id });
        }
    }
    Ok(())
}

/// Removes every lock that an account may have on the space's pairs.
pub(crate) fn remove_locks(draft: &mut Draft, space: &Space, account: Id) {
    for generation in 1..=space.key.map_or(0, |key| key.generation) {
        let lock = Lock::row_key(LockTarget::Space(space.id, generation), Holder::Account(account));
        draft.batch.op(Op::Del(Lock::TABLE, lock));
    }
}
