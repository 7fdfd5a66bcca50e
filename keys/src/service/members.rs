//! Who belongs to a team: see, change roles, remove, leave. Whoever goes loses their locks in the same commit; what they
//! have seen is `exposure`'s to mark.

use keyward_store::model::{Id, Member, Role, Space};
use sha2::{Digest, Sha256};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::error::{Error, Result};
use crate::policy::Permission;
use crate::service::access::{Target, authorise};
use crate::service::change::Draft;
use crate::service::exposure::note_departure;
use crate::service::mirror::{Shared, Tables};
use crate::service::notifications::{Notice, NoticeKind, notify_team, people_of};
use crate::service::teams::{sealed_access, team_row, tell_members};
use crate::service::{Service, granted, vault};
use crate::view::{Departure, EndedToken, MemberView};

impl Service {
    /// The members of a team: owners first, then by name.
    pub async fn members(&self, caller: &Caller, team: Id) -> Result<Vec<MemberView>> {
        let tables = self.mirror().read();
        authorise(&tables, caller, Permission::TeamRead, Target::Space(team), None)?;
        team_row(&tables, team)?;
        let mut members: Vec<MemberView> =
            tables.members_of(team).filter_map(|member| member_view(&tables, &member.record)).collect();
        members.sort_by(|a, b| b.role.cmp(&a.role).then_with(|| a.name.cmp(&b.name)));
        Ok(members)
    }

    /// Gives a member another role. A role that opens no keys takes the member's lock away.
    pub async fn change_role(
        &self,
        caller: &Caller,
        team: Id,
        account: Id,
        role: Role,
    ) -> Result<MemberView> {
        let permission = self.role_permission(team, account, role);
        let target = Target::Member { space: team, account };
        let demoted = self
            .change(caller, permission, target, |tables, draft| {
                let space = team_row(tables, team)?;
                let member = tables.membership(account, team).ok_or(Error::NotFound("member"))?;
                if owner_involved(member.record.role, role) && permission != Permission::OwnerChange {
                    return Err(Error::Stale);
                }
                if role != Role::Owner {
                    spare_the_last_owner(tables, member)?;
                }
                draft.object = Some(account);
                draft.space = Some(team);
                draft.detail = format!("{:?} to {role:?}", member.record.role).to_lowercase();
                let demoted = vault::holds_keys(member.record.role) && !vault::holds_keys(role);
                let mut record = Member { role, ..member.record.clone() };
                if demoted {
                    vault::take_away(tables, draft, space, member)?;
                    granted::end_by(tables, draft, account, team)?;
                    note_departure(draft, account, team)?;
                    record.generation = 0;
                }
                draft.batch.replace(member, &record)?;
                tell_members(tables, draft, team);
                Ok(demoted)
            })
            .await?;
        if demoted {
            self.mark_or_leave(caller, team, account).await;
        }
        let tables = self.mirror().read();
        let member = tables.membership(account, team).ok_or(Error::NotFound("member"))?;
        member_view(&tables, &member.record).ok_or(Error::NotFound("member"))
    }

    /// Ends a membership: another's, or the caller's own. Its locks are gone with this commit, and whatever is sealed to
    /// the team from now on is sealed to a pair that the person never held.
    pub async fn remove_member(&self, caller: &Caller, team: Id, account: Id) -> Result<Departure> {
        let target = Target::Member { space: team, account };
        let tokens = self
            .change(caller, Permission::MemberRemove, target, |tables, draft| {
                let space = team_row(tables, team)?;
                let gone = if caller.account() == Some(account) { "team" } else { "member" };
                let member = tables.membership(account, team).ok_or(Error::NotFound(gone))?;
                if member.record.role == Role::Owner && caller.account() != Some(account) {
                    let batch = Some(&mut draft.batch);
                    authorise(tables, caller, Permission::OwnerChange, Target::Space(team), batch)?;
                }
                spare_the_last_owner(tables, member)?;
                end_membership(tables, draft, caller, space, member)?;
                granted::end_by(tables, draft, account, team)
            })
            .await?;
        let marked = self.mark_or_leave(caller, team, account).await;
        let ended = |token: keyward_store::model::ServiceToken| EndedToken { id: token.id, name: token.name };
        Ok(Departure {
            marks_follow: marked.is_none(),
            rotate_now: marked.unwrap_or_default(),
            tokens: tokens.into_iter().map(ended).collect(),
        })
    }

    /// Ends the caller's own membership.
    pub async fn leave_team(&self, caller: &Caller, team: Id) -> Result<Departure> {
        self.remove_member(caller, team, caller.person()?).await
    }

    /// What a change to this role asks for. Somebody who is no member is looked for by the change itself.
    fn role_permission(&self, team: Id, account: Id, role: Role) -> Permission {
        let tables = self.mirror().read();
        let now = tables.membership(account, team).map(|member| member.record.role);
        if now.is_some_and(|now| owner_involved(now, role)) {
            Permission::OwnerChange
        } else {
            Permission::MemberChange
        }
    }
}

fn owner_involved(before: Role, after: Role) -> bool {
    before == Role::Owner || after == Role::Owner
}

/// The owners of a team.
pub(crate) fn owners(tables: &Tables, team: Id) -> impl Iterator<Item = &Shared<Member>> {
    tables.members_of(team).filter(|member| member.record.role == Role::Owner)
}

/// Ends a membership: its locks, what the others are told, and its record. What its person has granted is `granted`'s.
pub(crate) fn end_membership(
    tables: &Tables,
    draft: &mut Draft,
    caller: &Caller,
    space: &Shared<Space>,
    member: &Shared<Member>,
) -> Result<()> {
    let Member { space: team, account, .. } = member.record;
    let done = if caller.account() == Some(account) { "left" } else { "removed" };
    draft.did(account, team, done.to_owned());
    vault::take_away(tables, draft, space, member)?;
    note_departure(draft, account, team)?;
    draft.batch.remove(member);
    tell_members(tables, draft, team);
    let who = tables.accounts.get(&account).map_or("Somebody", |row| &row.record.name);
    let message = format!("{who} is no longer in the team {}", space.record.name);
    let notice = Notice {
        kind: NoticeKind::MemberLeft,
        api_key: None,
        alert: None,
        message,
        until_ms: None,
        minor: false,
    };
    let mut told = people_of(tables, team, Role::Viewer, caller.account());
    told.retain(|other| *other != account);
    notify_team(tables, draft, team, told, &notice)
}

fn spare_the_last_owner(tables: &Tables, member: &Shared<Member>) -> Result<()> {
    if member.record.role == Role::Owner && owners(tables, member.record.space).count() < 2 {
        return Err(Error::Conflict(
            "this is the team's last owner; make somebody else an owner first, or delete the team".to_owned(),
        ));
    }
    Ok(())
}

fn member_view(tables: &Tables, member: &Member) -> Option<MemberView> {
    let account = &tables.accounts.get(&member.account)?.record;
    Some(MemberView {
        user_id: account.id,
        name: account.name.clone(),
        email: account.email.clone(),
        login: account.login.clone(),
        role: member.role,
        access: sealed_access(tables, member),
        key_fingerprint: account.public_key.map(|key| fingerprint(&key)),
        joined_at: timestamp(member.joined_ms),
    })
}

/// `0123 4567 …`: the first 16 bytes of the SHA-256 of a public key.
fn fingerprint(public_key: &[u8; 32]) -> String {
    let digest = hex::encode(&Sha256::digest(public_key)[..16]);
    let groups: Vec<&str> = (0..8).map(|group| &digest[group * 4..group * 4 + 4]).collect();
    groups.join(" ")
}
