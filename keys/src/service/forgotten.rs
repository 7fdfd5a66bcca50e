//! A new unlock passphrase for somebody who forgot theirs. What others can open as well comes back to them once one of
//! these unlocks; what only the forgotten one opened is lost to people, and they are told so before.

use keyward_store::model::{Account, Holder, Id, LockTarget, Member, Role, Space, SpaceKind};

use crate::caller::{Caller, Identity};
use crate::crypto::PrivateKey;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::input::PassphraseReset;
use crate::policy::Permission;
use crate::service::access::{Target, authorise, may};
use crate::service::change::Draft;
use crate::service::mirror::{Shared, Tables};
use crate::service::notifications::{Notice, NoticeKind, notify_team, people_of};
use crate::service::teams::tell_members;
use crate::service::text::Faults;
use crate::service::unlock::write_own_lock;
use crate::service::{Service, vault};
use crate::view::{LostKey, PassphraseLoss, RegrantedTeam};

impl Service {
    /// What it would cost the caller to set an unlock passphrase without the one they have.
    pub async fn passphrase_loss(&self, caller: &Caller) -> Result<PassphraseLoss> {
        let account = caller.person()?;
        let tables = self.mirror().read();
        authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
        Ok(loss(&tables, account))
    }

    /// Sets the caller's unlock passphrase without the one before: with their password, a second factor where they have
    /// one, and, when keys are lost by it, their word that they know. Answers what it has cost.
    pub async fn reset_passphrase(&self, caller: &Caller, reset: PassphraseReset) -> Result<PassphraseLoss> {
        let account = caller.person()?;
        let mut faults = Faults::default();
        super::custody::check_passphrase(&mut faults, &reset.passphrase);
        faults.check()?;
        let public = self.prove_password(caller, reset.password).await?.record.public_key;
        if public.is_none() {
            return Err(Error::Conflict("there is no unlock passphrase yet; set one".to_owned()));
        }
        let private = PrivateKey::generate()?;
        let public_key = private.public().0;
        let before = self.lock_row(LockTarget::Account(account), Holder::Passphrase(account)).await?;
        let sealed = self.seal_own_key(account, private, reset.passphrase).await?;
        let changed =
            self.change(caller, Permission::AccountChange, Target::Account(account), |tables, draft| {
                let row = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
                if row.record.public_key != public {
                    return Err(Error::Stale);
                }
                let loss = loss(tables, account);
                if !loss.lost.is_empty() && !reset.lose {
                    return Err(Error::Conflict(warning(loss.lost.len())));
                }
                draft.object = Some(account);
                draft.detail = format!("unlock passphrase set anew; {} keys lost", loss.lost.len());
                for member in tables.memberships(account) {
                    give_up(tables, draft, member, &row.record.name)?;
                }
                write_own_lock(draft, before.as_ref(), account, &sealed)?;
                let mut record = Account { public_key: Some(public_key), ..row.record.clone() };
                record.security.second_factor =
                    self.pass_second_factor(&row.record, reset.totp.as_ref(), draft.now_ms)?;
                draft.batch.replace(row, &record)?;
                draft.events.push(Event::AccountChanged { account });
                Ok(loss)
            });
        let loss = self.counting_codes(caller, account, changed).await?;
        self.forget_unlocks(account);
        Ok(loss)
    }
}

fn warning(lost: usize) -> String {
    format!(
        "nobody could open {lost} sealed keys any more: ask what it costs first (GET here lists them), try to remember, \
         or say that they may be lost (lose: true)"
    )
}

fn loss(tables: &Tables, account: Id) -> PassphraseLoss {
    let mut loss = PassphraseLoss::default();
    for member in tables.memberships(account) {
        let Some(space) = tables.spaces.get(&member.record.space).map(|row| &row.record) else { continue };
        let team = space.kind == SpaceKind::Team;
        if member.record.generation == 0 {
            continue;
        }
        if others_hold(tables, space, account) {
            loss.regranted.push(RegrantedTeam { id: space.id, name: space.name.clone() });
            continue;
        }
        let keys = tables.keys.sealed(space.id).filter(|key| key.record.deleted_ms.is_none());
        loss.lost.extend(keys.map(|row| LostKey {
            id: row.record.id,
            key_id: row.record.key_id.clone(),
            name: row.record.name.clone(),
            environment: row.record.environment,
            team: team.then_some(space.id),
            tokens: tables.tokens.keys().filter(|token| fetches(tables, **token, row.record.id)).count(),
        }));
    }
    loss.lost.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
    loss.regranted.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
    loss
}

fn fetches(tables: &Tables, token: Id, api_key: Id) -> bool {
    may(tables, Identity::Token(token), Permission::KeyFetch, Target::Key(api_key))
}

/// Somebody else can open what is sealed to the space, and let people in.
fn others_hold(tables: &Tables, space: &Space, account: Id) -> bool {
    vault::holders(tables, space).any(|holder| holder.record.account != account)
}

/// Takes from a member what only their old key opened. Keys that nobody else can open have no lock for people from then
/// on; those of service tokens stay.
fn give_up(tables: &Tables, draft: &mut Draft, member: &Shared<Member>, name: &str) -> Result<()> {
    let space = tables.spaces.get(&member.record.space).ok_or(Error::NotFound("team"))?;
    if member.record.generation == 0 {
        return Ok(());
    }
    let (id, account) = (space.record.id, member.record.account);
    draft.batch.require(space);
    vault::remove_locks(draft, &space.record, account);
    draft.batch.replace(member, &Member { generation: 0, ..member.record.clone() })?;
    if others_hold(tables, &space.record, account) {
        let message = format!(
            "{name} has set a new unlock passphrase without the old one, and is let in again to {} once somebody unlocks \
             who can. If this was somebody else, remove them now",
            space.record.name
        );
        let notice = Notice {
            kind: NoticeKind::PassphraseReset,
            api_key: None,
            alert: None,
            message,
            until_ms: None,
            minor: false,
        };
        notify_team(tables, draft, id, people_of(tables, id, Role::Admin, Some(account)), &notice)?;
    } else {
        vault::lose_sealed(tables, draft, id)?;
    }
    tell_members(tables, draft, id);
    Ok(())
}
