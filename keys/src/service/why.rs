//! Why somebody may do something with a key, or may not: the policy table's own answers, put into words. It decides
//! nothing.

use keyward_store::model::{ApiKey, Custody, Holder, Id, LockTarget, Member, Role, SpaceKind};

use crate::caller::{Caller, Identity};
use crate::error::{Error, Result, or};
use crate::input::KeyRef;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, may, names};
use crate::service::marks;
use crate::service::mirror::Tables;
use crate::service::opening::holder_names;
use crate::service::teams::sealed_access;
use crate::view::{AccessAction, AccessAnswer, AppAccess, KeyAccess, PersonAccess, SealedAccess};

impl Service {
    /// Who may do what with a key that the caller may see.
    pub async fn key_access(&self, caller: &Caller, key: &KeyRef) -> Result<KeyAccess> {
        let account = caller.person()?;
        let id = self.resolve(caller, key)?;
        let row = self.key_row(caller, Permission::KeyRead, id)?;
        let key = &row.record;
        let mut access = self.who_may(&self.mirror().read(), caller, account, key)?;
        for token in &mut access.tokens {
            let fetches = token.may.contains(&AccessAction::Fetch);
            token.opens = fetches && (access.daemon || self.has_lock(id, token.id).await?);
        }
        Ok(access)
    }

    /// All but what locks say.
    fn who_may(&self, tables: &Tables, caller: &Caller, account: Id, key: &ApiKey) -> Result<KeyAccess> {
        let id = key.id;
        let you = AccessAction::ALL.into_iter().map(|action| answer(tables, key, action, account, true));
        let you = you.collect::<Result<_>>()?;
        let mut people: Vec<PersonAccess> =
            tables.members_of(key.space).filter_map(|member| person(tables, id, &member.record)).collect();
        people.sort_by(|a, b| b.role.cmp(&a.role).then_with(|| a.name.cmp(&b.name)));
        let mut tokens: Vec<AppAccess> = tables
            .tokens
            .values()
            .map(|row| AppAccess {
                id: row.record.id,
                name: row.record.name.clone(),
                created_by: row.record.created_by,
                may: allowed(tables, Identity::Token(row.record.id), id),
                opens: false,
            })
            .filter(|token| token.may.iter().any(|action| *action != AccessAction::See))
            .collect();
        tokens.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        let daemon = key.custody == Custody::Automation;
        let shares_value_with = marks::shared_with(tables, caller, key);
        Ok(KeyAccess { id, custody: key.custody, daemon, you, people, tokens, shares_value_with })
    }

    async fn has_lock(&self, key: Id, token: Id) -> Result<bool> {
        Ok(self.lock_row(LockTarget::ApiKey(key), Holder::Token(token)).await?.is_some())
    }

    /// Whether somebody may do one thing with a key that the caller may see: the caller, when nobody is named.
    pub async fn may(
        &self,
        caller: &Caller,
        key: &KeyRef,
        action: AccessAction,
        user: Option<Id>,
    ) -> Result<AccessAnswer> {
        let account = caller.person()?;
        let id = self.resolve(caller, key)?;
        let row = self.key_row(caller, Permission::KeyRead, id)?;
        let whom = user.unwrap_or(account);
        answer(&self.mirror().read(), &row.record, action, whom, whom == account)
    }
}

fn permission(action: AccessAction) -> Permission {
    match action {
        AccessAction::See => Permission::KeyRead,
        AccessAction::Reveal => Permission::KeyReveal,
        AccessAction::Change => Permission::KeyChange,
        AccessAction::Rotate => Permission::KeyRotate,
        AccessAction::Move => Permission::KeyMove,
        AccessAction::Delete => Permission::KeyDelete,
        AccessAction::Fetch => Permission::KeyFetch,
        AccessAction::Track => Permission::KeyTrack,
    }
}

/// What the policy allows.
fn allowed(tables: &Tables, identity: Identity, key: Id) -> Vec<AccessAction> {
    let allowed = |action: &AccessAction| may(tables, identity, permission(*action), Target::Key(key));
    AccessAction::ALL.into_iter().filter(allowed).collect()
}

fn person(tables: &Tables, key: Id, member: &Member) -> Option<PersonAccess> {
    let account = &tables.accounts.get(&member.account)?.record;
    Some(PersonAccess {
        user_id: account.id,
        name: account.name.clone(),
        role: member.role,
        may: allowed(tables, Identity::Account(account.id), key),
        sealed: sealed_access(tables, member),
    })
}

/// One answer. `you` words it for the person themselves.
fn answer(tables: &Tables, key: &ApiKey, action: AccessAction, whom: Id, you: bool) -> Result<AccessAnswer> {
    let member = &tables.membership(whom, key.space).ok_or(Error::NotFound("member"))?.record;
    let space = &tables.spaces.get(&key.space).ok_or(Error::NotFound("key"))?.record;
    let name = tables.accounts.get(&whom).map(|row| row.record.name.clone()).unwrap_or_default();
    let (who, they) = if you { ("you".to_owned(), "you are") } else { (name, "they are") };
    let standing = match space.kind {
        SpaceKind::Personal => format!("{they} its owner"),
        SpaceKind::Team => format!("{they} {} of {}", role_in_words(member.role), space.name),
    };
    let rule = permission(action).rule();
    let allowed = may(tables, Identity::Account(whom), permission(action), Target::Key(key.id));
    let why = if allowed {
        let missing =
            if action == AccessAction::Reveal { what_opens_it(tables, key, member) } else { String::new() };
        format!("{who} may, because {standing}{missing}")
    } else {
        format!("{who} may not, because {} is for {}, and {standing}", doing(action), names(rule.allowed))
    };
    Ok(AccessAnswer { action, allowed, why })
}

fn doing(action: AccessAction) -> &'static str {
    match action {
        AccessAction::See => "seeing it",
        AccessAction::Reveal => "revealing its value",
        AccessAction::Change => "changing it",
        AccessAction::Rotate => "replacing its value",
        AccessAction::Move => "moving it elsewhere",
        AccessAction::Delete => "deleting it",
        AccessAction::Fetch => "fetching its value",
        AccessAction::Track => "reporting its use",
    }
}

fn role_in_words(role: Role) -> &'static str {
    match role {
        Role::Viewer => "a viewer",
        Role::Member => "a member",
        Role::Admin => "an admin",
        Role::Owner => "an owner",
    }
}

/// What it takes besides the permission to read a value.
fn what_opens_it(tables: &Tables, key: &ApiKey, member: &Member) -> String {
    match (key.custody, sealed_access(tables, member)) {
        (Custody::Automation, _) => String::new(),
        (Custody::Sealed, _) if key.space_generation == 0 => {
            "; it is sealed, and nobody has a lock of it any more".to_owned()
        }
        (Custody::Private, _) => "; its own passphrase opens it".to_owned(),
        (Custody::Sealed, SealedAccess::Open) => "; it is sealed, and opens after an unlock".to_owned(),
        (Custody::Sealed, SealedAccess::NoPassphrase | SealedAccess::None) => {
            "; it is sealed, and stays closed until an unlock passphrase is set".to_owned()
        }
        (Custody::Sealed, SealedAccess::Pending) => {
            let names = holder_names(tables, key.space);
            format!("; it is sealed, and stays closed until {} unlocks", or(&names))
        }
    }
}
