//! The end of an account, for good: what it alone could reach goes with it, what teams share stays with them, and the
//! audit records stay, which name it by id alone.

use keyward_store::model::{
    ApiKey, Holder, Id, KnownAddress, Lock, LockTarget, Member, Notification, Purpose, Role, SpaceKind,
};
use keyward_store::{Op, Record};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::input::Confirmation;
use crate::policy::Permission;
use crate::service::access::Target;
use crate::service::administration::spare_the_last_operator;
use crate::service::change::Draft;
use crate::service::jobs::BIN_MS;
use crate::service::members::{end_membership, owners};
use crate::service::mirror::{Shared, Tables};
use crate::service::tokens::end_token;
use crate::service::{Service, budgets, email_proof, hours, notifications, vault, webhooks};

impl Service {
    /// Deletes the caller's own account, with its password and, where there is one, a second factor.
    pub async fn delete_own_account(&self, caller: &Caller, confirmation: Confirmation) -> Result<()> {
        let account = caller.person()?;
        self.prove_password(caller, confirmation.password).await?;
        let totp = confirmation.totp;
        let deleted = self.delete(caller, account, |tables, now_ms| {
            let row = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
            self.pass_second_factor(&row.record, totp.as_ref(), now_ms).map(drop)
        });
        self.counting_codes(caller, account, deleted).await
    }

    /// Deletes somebody else's account.
    pub async fn delete_account(&self, caller: &Caller, account: Id) -> Result<()> {
        if caller.account() == Some(account) {
            let text = "your own account is deleted with your password, by DELETE /api/profile";
            return Err(Error::Forbidden(text.to_owned()));
        }
        self.delete(caller, account, |_, _| Ok(())).await
    }

    async fn delete(
        &self,
        caller: &Caller,
        account: Id,
        proof: impl Fn(&Tables, i64) -> Result<()>,
    ) -> Result<()> {
        let teams = self.teams_of(account);
        let tokens = self
            .change(caller, Permission::AccountDelete, Target::Account(account), |tables, draft| {
                proof(tables, draft.now_ms)?;
                let row = tables.accounts.get(&account).ok_or(Error::NotFound("account"))?;
                spare_the_last_operator(tables, draft, &row.record, None)?;
                spare_teams(tables, account)?;
                draft.object = Some(account);
                draft.detail = "account deleted".to_owned();
                draft.batch.remove(row);
                draft.events.push(Event::SessionsEnded { account, credential: None });
                let tokens = tables.tokens.values().filter(|token| token.record.created_by == account);
                let tokens: Vec<Id> = tokens.map(|token| end_token(tables, draft, token)).collect();
                for member in tables.memberships(account) {
                    leave(tables, draft, caller, member)?;
                }
                remove_what_is_theirs(tables, draft, account);
                Ok(tokens)
            })
            .await?;
        tokens.into_iter().for_each(|token| self.forget_token(token));
        self.forget_unlocks(account);
        // The account is gone, whatever comes of this; jobs do what is left.
        for team in teams {
            self.mark_or_leave(caller, team, account).await;
        }
        if let Err(error) = self.purge_bin(&self.system_caller("account deletion", caller.origin.door)).await
        {
            tracing::warn!(%error, "a deleted account's keys are purged later");
        }
        Ok(())
    }

    fn teams_of(&self, account: Id) -> Vec<Id> {
        let tables = self.mirror().read();
        let spaces =
            tables.memberships(account).iter().filter_map(|member| tables.spaces.get(&member.record.space));
        spaces.filter(|space| space.record.kind == SpaceKind::Team).map(|space| space.record.id).collect()
    }
}

/// Refuses while a team would be left without an owner.
fn spare_teams(tables: &Tables, account: Id) -> Result<()> {
    let last = |member: &&Shared<Member>| {
        member.record.role == Role::Owner && owners(tables, member.record.space).count() < 2
    };
    let spaces = tables.memberships(account).iter().filter(last).map(|member| member.record.space);
    let teams = spaces.filter_map(|space| tables.spaces.get(&space)).map(|row| &row.record);
    let names: Vec<&str> =
        teams.filter(|space| space.kind == SpaceKind::Team).map(|space| space.name.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "this account is the only owner of {}: make somebody else an owner there, or delete these teams, first",
        names.join(", ")
    )))
}

/// Ends one membership: of a team as if they left, and of their own space with all that is in it.
fn leave(tables: &Tables, draft: &mut Draft, caller: &Caller, member: &Shared<Member>) -> Result<()> {
    let space = tables.spaces.get(&member.record.space).ok_or(Error::NotFound("team"))?;
    if space.record.kind == SpaceKind::Team {
        return end_membership(tables, draft, caller, space, member);
    }
    // Due to be purged from the bin: with many keys that takes a while, and goes on after a crash.
    let due_ms = draft.now_ms - BIN_MS;
    let id = space.record.id;
    let newest = tables.keys.space(id).into_iter().flat_map(|keys| keys.newest());
    let kept = newest.filter_map(|(_, key)| tables.keys.get(key));
    for key in kept.chain(tables.keys.binned().filter(|row| row.record.space == id)) {
        draft.batch.replace(key, &ApiKey { deleted_ms: Some(due_ms), ..key.record.clone() })?;
    }
    vault::remove_locks(draft, &space.record, member.record.account);
    budgets::forget_tags(tables, draft, id);
    draft.batch.remove(member);
    draft.batch.remove(space);
    Ok(())
}

/// What opens the account, what was sent to it, and codes that it gave or that were for it.
fn remove_what_is_theirs(tables: &Tables, draft: &mut Draft, account: Id) {
    for row in tables.sessions_of(account) {
        draft.batch.remove(row);
    }
    for row in tables.ssh_keys.values().filter(|row| row.record.account == account) {
        draft.batch.remove(row);
    }
    for row in tables.invitations.values() {
        if row.record.created_by == Some(account) || row.record.purpose == (Purpose::Reset { account }) {
            draft.batch.remove(row);
        }
    }
    if let Some(row) = tables.sharing.get(&account) {
        draft.batch.remove(row);
    }
    webhooks::end_all(tables, draft, account);
    hours::forget(tables, draft, account);
    email_proof::forget(tables, draft, account);
    let own = Lock::row_key(LockTarget::Account(account), Holder::Passphrase(account));
    draft.batch.op(Op::Del(Lock::TABLE, own));
    for (created_ms, id) in tables.notices.get(&account).into_iter().flat_map(|notices| notices.keys()) {
        notifications::forget(draft, Notification::row_key(account, *created_ms, *id));
    }
    for row in tables.addresses.get(&account).into_iter().flat_map(|known| known.values()) {
        draft.batch.op(Op::Del(KnownAddress::TABLE, row.record.key()));
    }
}
