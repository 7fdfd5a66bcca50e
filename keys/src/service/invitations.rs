//! Invitations to teams: a code for one e-mail address and one role, good once and for a week. Whoever invites hands the
//! code over; mail is `invite_mail`'s.

use secrecy::{ExposeSecret, SecretString};

use keyward_store::Row;
use keyward_store::model::{Account, Id, Invitation, Member, Purpose, Role};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::crypto::JoinCode;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::accounts::check_email;
use crate::service::change::Draft;
use crate::service::codes::is_good;
use crate::service::email_proof;
use crate::service::mirror::{Shared, Tables};
use crate::service::notifications::{Notice, NoticeKind, notify_team, people_of};
use crate::service::teams::{check_teams, team_row, tell_members};
use crate::service::text::Faults;
use crate::view::{InvitationView, IssuedInvitation, TeamView};

/// How long an invitation is good.
const GOOD_MS: i64 = 7 * 24 * 3_600_000;

/// People in a team, and invitations to it that are open.
const MOST_MEMBERS: usize = 10_000;
const MOST_INVITATIONS: usize = 1_000;

impl Service {
    /// Invites somebody to a team. An earlier invitation of the same address is void.
    pub async fn invite(
        &self,
        caller: &Caller,
        team: Id,
        email: &str,
        role: Role,
    ) -> Result<IssuedInvitation> {
        let account = caller.person()?;
        let mut faults = Faults::default();
        let email = check_email(&mut faults, "email", email);
        faults.check()?;
        let code = JoinCode::generate()?;
        let hash = code.hash();
        let invitation = self
            .change(caller, inviting(role), Target::Space(team), |tables, draft| {
                team_row(tables, team)?;
                let known = tables.account_by_email.get(&email);
                if known.is_some_and(|account| tables.membership(*account, team).is_some()) {
                    return Err(Error::Conflict("this person is a member already".to_owned()));
                }
                let open: Vec<_> = of_team(tables, team).collect();
                if open.len() >= MOST_INVITATIONS {
                    return Err(Error::Conflict(
                        "too many invitations are open; withdraw some first".to_owned(),
                    ));
                }
                for earlier in open.into_iter().filter(|row| row.record.email.as_ref() == Some(&email)) {
                    draft.batch.remove(earlier);
                }
                let invitation = Invitation {
                    code: hash,
                    purpose: Purpose::Team { space: team, role },
                    email: Some(email.clone()),
                    created_by: Some(account),
                    created_ms: draft.now_ms,
                    expires_ms: draft.now_ms + GOOD_MS,
                };
                draft.object = Some(invitation_id(&invitation));
                draft.space = Some(team);
                draft.detail = format!("as {role:?}").to_lowercase();
                draft.batch.create(&invitation)?;
                Ok(invitation_view(&invitation, role))
            })
            .await?;
        Ok(IssuedInvitation { code: code.text(), invitation })
    }

    /// The invitations to a team that are open, newest first.
    pub async fn invitations(&self, caller: &Caller, team: Id) -> Result<Vec<InvitationView>> {
        let now_ms = self.now_ms();
        let tables = self.mirror().read();
        authorise(&tables, caller, Permission::MemberInvite, Target::Space(team), None)?;
        let open = of_team(&tables, team).filter(|row| is_good(&tables, &row.record, now_ms));
        let mut open: Vec<InvitationView> = open
            .filter_map(|row| match row.record.purpose {
                Purpose::Team { role, .. } => Some(invitation_view(&row.record, role)),
                Purpose::Join { .. } | Purpose::Reset { .. } => None,
            })
            .collect();
        open.sort_by_key(|invitation| (std::cmp::Reverse(invitation.created_at), invitation.id));
        Ok(open)
    }

    /// Withdraws an invitation: its code is no good any more.
    pub async fn withdraw_invitation(&self, caller: &Caller, team: Id, id: Id) -> Result<()> {
        self.change(caller, Permission::MemberInvite, Target::Space(team), |tables, draft| {
            let row = of_team(tables, team).find(|row| invitation_id(&row.record) == id);
            draft.object = Some(id);
            draft.space = Some(team);
            draft.detail = "withdrawn".to_owned();
            draft.batch.remove(row.ok_or(Error::NotFound("invitation"))?);
            Ok(())
        })
        .await
    }

    /// Makes the caller a member of the team that a code is for.
    pub async fn join_team(&self, caller: &Caller, code: &SecretString) -> Result<TeamView> {
        let account = caller.person()?;
        let wrong = || Error::invalid("code", "this code is wrong, used or too old; ask for a new one");
        let hash = JoinCode::parse(code.expose_secret()).map_err(|_| wrong())?.hash();
        let team = self
            .change(caller, Permission::TeamJoin, Target::Instance, |tables, draft| {
                let person = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
                draft.batch.require(person);
                let row = tables.invitations.get(&hash);
                let row = row.filter(|row| is_good(tables, &row.record, draft.now_ms)).ok_or_else(wrong)?;
                if self.0.outbound.verifies_addresses() && !email_proof::is_proved(tables, &person.record) {
                    return Err(Error::Forbidden(
                        "verify your e-mail address first, with the code that was mailed to it".to_owned(),
                    ));
                }
                let joined = accept(tables, draft, row, &person.record)?.ok_or_else(wrong)?;
                check_teams(tables, account)?;
                Ok(joined)
            })
            .await?;
        self.team(caller, team).await
    }
}

/// What it takes to invite somebody in this role.
pub(crate) fn inviting(role: Role) -> Permission {
    if role == Role::Owner { Permission::OwnerChange } else { Permission::MemberInvite }
}

/// Uses up a team's invitation, which is good, for an account, perhaps one that this change makes; answers the team, or
/// none when the code is for something else.
pub(crate) fn accept(
    tables: &Tables,
    draft: &mut Draft,
    invitation: &Row<Invitation>,
    account: &Account,
) -> Result<Option<Id>> {
    let Purpose::Team { space, role } = invitation.record.purpose else { return Ok(None) };
    if invitation.record.email.as_ref().is_some_and(|invited| *invited != account.email) {
        return Err(Error::Forbidden("this invitation is for another e-mail address".to_owned()));
    }
    if tables.membership(account.id, space).is_some() {
        return Err(Error::Conflict("you are a member of this team already".to_owned()));
    }
    if tables.members_of(space).count() >= MOST_MEMBERS {
        return Err(Error::Conflict(format!("a team has at most {MOST_MEMBERS} members")));
    }
    let id = account.id;
    draft.did(id, space, format!("as {role:?}").to_lowercase());
    draft.batch.remove(invitation);
    draft.batch.create(&Member { space, account: id, role, joined_ms: draft.now_ms, generation: 0 })?;
    tell_members(tables, draft, space);
    let message = format!("{} joined the team {}", account.name, team_row(tables, space)?.record.name);
    let notice = Notice {
        kind: NoticeKind::MemberJoined,
        api_key: None,
        alert: None,
        message,
        until_ms: None,
        minor: false,
    };
    notify_team(tables, draft, space, people_of(tables, space, Role::Admin, Some(id)), &notice)?;
    draft.events.push(Event::AccountChanged { account: id });
    Ok(Some(space))
}

fn of_team(tables: &Tables, team: Id) -> impl Iterator<Item = &Shared<Invitation>> {
    let of_it = move |row: &&Shared<Invitation>| matches!(row.record.purpose, Purpose::Team { space, .. } if space == team);
    tables.invitations.values().filter(of_it)
}

/// The team that an open invitation is to, and whom it is for.
pub(crate) fn known_by(tables: &Tables, id: Id) -> Option<(Id, &str)> {
    let invitation = tables.invitations.values().find(|row| invitation_id(&row.record) == id)?;
    match invitation.record.purpose {
        Purpose::Team { space, .. } => Some((space, invitation.record.email.as_deref()?)),
        Purpose::Join { .. } | Purpose::Reset { .. } => None,
    }
}

/// An invitation is named by the first bytes of its code's hash, which tell nothing of the code.
pub(crate) fn invitation_id(invitation: &Invitation) -> Id {
    Id::from_bytes(std::array::from_fn(|i| invitation.code[i]))
}

fn invitation_view(invitation: &Invitation, role: Role) -> InvitationView {
    InvitationView {
        id: invitation_id(invitation),
        email: invitation.email.clone().unwrap_or_default(),
        role,
        invited_by: invitation.created_by,
        created_at: timestamp(invitation.created_ms),
        expires_at: timestamp(invitation.expires_ms),
    }
}
