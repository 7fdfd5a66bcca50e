//! How a caller stands to a target, and the one question: may they? It reads; it changes nothing.

use keyward_store::Batch;
use keyward_store::model::{Grant, Id, Role, Scope};

use crate::caller::{Caller, Identity};
use crate::error::{Error, Result};
use crate::policy::{Permission, Standing, allows};
use crate::service::mirror::Tables;

/// What a caller wants to do something to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    /// An account.
    Account(Id),
    /// A space.
    Space(Id),
    /// An API key that is not in the bin.
    Key(Id),
    /// An API key that is in the bin.
    Binned(Id),
    /// A service token.
    Token(Id),
    /// Somebody's membership in a space.
    Member {
        /// The space.
        space: Id,
        /// Who.
        account: Id,
    },
    /// The instance as a whole.
    Instance,
}

/// Decides. When a batch is given, it is made to fail should the membership that decided change meanwhile.
pub(crate) fn authorise(
    tables: &Tables,
    caller: &Caller,
    permission: Permission,
    target: Target,
    batch: Option<&mut Batch>,
) -> Result<()> {
    let space = space_of(tables, target);
    if let (Some(account), Some(batch)) = (caller.account(), batch)
        && let Some(space) = space
        && let Some(member) = tables.membership(account, space)
    {
        batch.require(member);
    }
    let standings = standings(tables, caller.identity, target, space);
    if standings.allow(permission) { Ok(()) } else { Err(refusal(permission, target, standings)) }
}

/// Whether somebody may do this: the question that [`authorise`] decides, for whoever explains it.
pub(crate) fn may(tables: &Tables, identity: Identity, permission: Permission, target: Target) -> bool {
    standings(tables, identity, target, space_of(tables, target)).allow(permission)
}

/// A caller who may not know that a thing exists is told that it does not.
fn refusal(permission: Permission, target: Target, standings: Standings) -> Error {
    let knows = standings.allow(Permission::KeyRead);
    match target {
        Target::Key(_) | Target::Binned(_) if !knows => Error::NotFound("key"),
        Target::Space(_) | Target::Member { .. } if !knows => Error::NotFound("team"),
        Target::Token(_) if !knows => Error::NotFound("token"),
        Target::Account(_) if !standings.has(Standing::Oneself) => Error::NotFound("account"),
        _ => {
            let rule = permission.rule();
            Error::Forbidden(format!("{} is for {}", rule.name, names(rule.allowed)))
        }
    }
}

/// Standings in words: `members, admins and owners`.
pub(crate) fn names(standings: &[Standing]) -> String {
    let word = |standing: &Standing| match standing {
        Standing::Stranger => "anybody signed in",
        Standing::Oneself => "the person concerned",
        Standing::Viewer => "viewers",
        Standing::Member => "members",
        Standing::Admin => "admins",
        Standing::Owner => "owners",
        Standing::Operator => "operators",
        Standing::TokenFetch => "service tokens with the scope fetch",
        Standing::TokenTrack => "service tokens with the scope track",
        Standing::System => "the daemon",
    };
    let words: Vec<&str> = standings.iter().map(word).collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "nobody".to_owned(),
    }
}

/// The space a target is in, or is.
pub(crate) fn space_of(tables: &Tables, target: Target) -> Option<Id> {
    match target {
        Target::Space(space) | Target::Member { space, .. } => Some(space),
        Target::Key(id) => tables.keys.get(id).map(|key| key.record.space),
        Target::Binned(id) => tables.keys.any(id).map(|key| key.record.space),
        Target::Token(id) => {
            let token = tables.tokens.get(&id)?;
            match &token.record.grant {
                Grant::Keys(keys) => {
                    keys.first().and_then(|key| tables.keys.get(*key)).map(|key| key.record.space)
                }
                Grant::Environment { space, .. } => Some(*space),
            }
        }
        Target::Account(_) | Target::Instance => None,
    }
}

/// Every way in which a caller stands to a target, as bits: it is worked out for each request.
#[derive(Clone, Copy, Default)]
struct Standings(u16);

impl Standings {
    fn add(&mut self, standing: Standing) {
        self.0 |= 1 << standing as u16;
    }

    fn has(self, standing: Standing) -> bool {
        self.0 & (1 << standing as u16) != 0
    }

    fn allow(self, permission: Permission) -> bool {
        permission.rule().allowed.iter().any(|standing| self.has(*standing))
    }
}

fn standings(tables: &Tables, identity: Identity, target: Target, space: Option<Id>) -> Standings {
    let mut standings = Standings::default();
    match identity {
        Identity::System(_) => standings.add(Standing::System),
        Identity::Token(token) => token_standings(tables, token, target, &mut standings),
        Identity::Account(account) => {
            let Some(row) = tables.accounts.get(&account) else { return standings };
            standings.add(Standing::Stranger);
            if row.record.operator {
                standings.add(Standing::Operator);
            }
            let oneself = match target {
                Target::Account(id) | Target::Member { account: id, .. } => id == account,
                Target::Token(id) => {
                    tables.tokens.get(&id).is_some_and(|token| token.record.created_by == account)
                }
                Target::Space(_) | Target::Key(_) | Target::Binned(_) | Target::Instance => false,
            };
            if oneself {
                standings.add(Standing::Oneself);
            }
            let role =
                space.and_then(|space| tables.membership(account, space)).map(|member| member.record.role);
            role.into_iter().for_each(|role| standings.add(standing_of(role)));
        }
    }
    standings
}

fn token_standings(tables: &Tables, token: Id, target: Target, standings: &mut Standings) {
    let (Target::Key(key), Some(token)) = (target, tables.tokens.get(&token)) else { return };
    let Some(key) = tables.keys.get(key) else { return };
    if token.record.grant.covers(&key.record)
        && may_still_read(tables, token.record.created_by, key.record.space)
    {
        for scope in &token.record.scopes {
            standings.add(match scope {
                Scope::Fetch => Standing::TokenFetch,
                Scope::Track => Standing::TokenTrack,
            });
        }
    }
}

/// A token opens nothing that its maker may not: it ends for a space when they leave it.
fn may_still_read(tables: &Tables, maker: Id, space: Id) -> bool {
    tables
        .membership(maker, space)
        .is_some_and(|member| allows(Permission::KeyReveal, standing_of(member.record.role)))
}

/// What a role is in the policy's words.
pub(crate) fn standing_of(role: Role) -> Standing {
    match role {
        Role::Viewer => Standing::Viewer,
        Role::Member => Standing::Member,
        Role::Admin => Standing::Admin,
        Role::Owner => Standing::Owner,
    }
}
