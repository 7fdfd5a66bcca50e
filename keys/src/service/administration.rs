//! What operators do with other people's accounts: see them, switch them off and on, invite. They never see a
//! password, and no key of anybody.

use keyward_store::model::{Account, Id, Invitation, Purpose};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::crypto::JoinCode;
use crate::error::{Error, Fault, Result};
use crate::event::Event;
use crate::input::{InstanceInvitation, UserChange, UserQuery};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::accounts::{check_email, user_view};
use crate::service::change::Draft;
use crate::service::codes::is_good;
use crate::service::invitations::invitation_id;
use crate::service::mirror::{Shared, Tables};
use crate::service::sessions::end_everything;
use crate::service::text::Faults;
use crate::view::{InstanceInvitationView, ManagedUser, OneTimeCode, Pagination, UserPage};

/// How long an invitation to the instance is good, ms.
const INVITATION_MS: i64 = 7 * 24 * 3_600_000;

/// Characters of a search.
const LONGEST_SEARCH: usize = 100;

impl UserQuery {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        faults.page(self.page, self.limit);
        if self.search.as_ref().is_some_and(|text| text.chars().count() > LONGEST_SEARCH) {
            faults.add("search", format!("has more than {LONGEST_SEARCH} characters"));
        }
        faults.into_vec()
    }
}

impl Service {
    /// One page of all accounts, by login.
    pub async fn users(&self, caller: &Caller, query: &UserQuery) -> Result<UserPage> {
        Faults::from(query.faults()).check()?;
        let tables = self.mirror().read();
        authorise(&tables, caller, Permission::AccountAdminister, Target::Instance, None)?;
        let wanted = query.search.as_deref().map(|text| text.trim().to_lowercase());
        let mut found: Vec<&Account> = tables
            .accounts
            .values()
            .map(|row| &row.record)
            .filter(|account| wanted.as_deref().is_none_or(|text| matches(account, text)))
            .collect();
        found.sort_by(|a, b| a.login.cmp(&b.login));
        let total = found.len() as u64;
        let before = (query.page as usize - 1).saturating_mul(query.limit as usize);
        let page = found.into_iter().skip(before).take(query.limit as usize);
        Ok(UserPage {
            users: page.map(|account| self.managed(&tables, account)).collect(),
            pagination: Pagination::of(query.page, query.limit, total),
        })
    }

    /// One account.
    pub async fn user(&self, caller: &Caller, account: Id) -> Result<ManagedUser> {
        let tables = self.mirror().read();
        authorise(&tables, caller, Permission::AccountAdminister, Target::Account(account), None)?;
        let row = tables.accounts.get(&account).ok_or(Error::NotFound("account"))?;
        Ok(self.managed(&tables, &row.record))
    }

    /// Changes what is named of an account. Switching it off ends everything it has open; the last operator can
    /// neither be switched off nor made an ordinary person.
    pub async fn change_user(&self, caller: &Caller, account: Id, change: UserChange) -> Result<ManagedUser> {
        let user = self
            .change(caller, Permission::AccountAdminister, Target::Account(account), |tables, draft| {
                let old = tables.accounts.get(&account).ok_or(Error::NotFound("account"))?;
                let mut record = old.record.clone();
                let mut done = Vec::new();
                if let Some(disabled) =
                    change.disabled.filter(|disabled| *disabled != record.disabled_ms.is_some())
                {
                    record.disabled_ms = disabled.then_some(draft.now_ms);
                    if disabled {
                        record.security = end_everything(tables, draft, &old.record, None);
                    }
                    done.push(if disabled { "switched off" } else { "switched on" });
                }
                if let Some(operator) = change.operator.filter(|operator| *operator != record.operator) {
                    record.operator = operator;
                    done.push(if operator { "made operator" } else { "no longer operator" });
                }
                if let Some(plan) = change.plan.filter(|plan| *plan != record.plan) {
                    record.plan = plan;
                    done.push("plan changed");
                }
                spare_the_last_operator(tables, draft, &old.record, Some(&record))?;
                draft.object = Some(account);
                draft.detail = done.join(", ");
                draft.batch.replace(old, &record)?;
                draft.events.push(Event::AccountChanged { account });
                Ok(self.managed(tables, &record))
            })
            .await?;
        if change.disabled == Some(true) {
            self.forget_unlocks(account);
        }
        Ok(user)
    }

    /// Ends everything that an account has open, in any door.
    pub async fn sign_out_user(&self, caller: &Caller, account: Id) -> Result<()> {
        self.end_all(caller, Permission::AccountAdminister, account).await
    }

    /// A one-time code with which somebody makes an account.
    pub async fn invite_to_instance(&self, caller: &Caller, new: InstanceInvitation) -> Result<OneTimeCode> {
        let mut faults = Faults::default();
        let email = new.email.map(|email| check_email(&mut faults, "email", &email));
        faults.check()?;
        let code = JoinCode::generate()?;
        let expires_ms = self
            .change(caller, Permission::AccountCreate, Target::Instance, |_, draft| {
                let invitation = Invitation {
                    code: code.hash(),
                    purpose: Purpose::Join { operator: new.operator },
                    email: email.clone(),
                    created_by: caller.account(),
                    created_ms: draft.now_ms,
                    expires_ms: draft.now_ms + INVITATION_MS,
                };
                draft.object = Some(invitation_id(&invitation));
                draft.detail = "invitation".to_owned();
                draft.batch.create(&invitation)?;
                Ok(invitation.expires_ms)
            })
            .await?;
        Ok(OneTimeCode { code: code.text(), expires_at: timestamp(expires_ms) })
    }

    /// The invitations to make an account that are open, newest first.
    pub async fn instance_invitations(&self, caller: &Caller) -> Result<Vec<InstanceInvitationView>> {
        let now_ms = self.now_ms();
        let tables = self.mirror().read();
        authorise(&tables, caller, Permission::AccountCreate, Target::Instance, None)?;
        let good = tables.invitations.values().filter(|row| is_good(&tables, &row.record, now_ms));
        let mut open: Vec<_> = good.filter_map(|row| instance_invitation(&row.record)).collect();
        open.sort_by_key(|invitation| (std::cmp::Reverse(invitation.created_at), invitation.id));
        Ok(open)
    }

    /// Withdraws such an invitation: its code is no good any more.
    pub async fn withdraw_instance_invitation(&self, caller: &Caller, id: Id) -> Result<()> {
        self.change(caller, Permission::AccountCreate, Target::Instance, |tables, draft| {
            let named = |row: &&Shared<Invitation>| {
                instance_invitation(&row.record).is_some_and(|invitation| invitation.id == id)
            };
            draft.object = Some(id);
            draft.detail = "invitation withdrawn".to_owned();
            let row = tables.invitations.values().find(named);
            draft.batch.remove(row.ok_or(Error::NotFound("invitation"))?);
            Ok(())
        })
        .await
    }

    /// The account that a login name or an e-mail address means, for commands.
    pub fn user_named(&self, caller: &Caller, name: &str) -> Result<Id> {
        let tables = self.mirror().read();
        authorise(&tables, caller, Permission::AccountAdminister, Target::Instance, None)?;
        tables.account_named(name).map(|row| row.record.id).ok_or(Error::NotFound("account"))
    }

    fn managed(&self, tables: &Tables, account: &Account) -> ManagedUser {
        ManagedUser {
            user: user_view(tables, account, &self.0.settings.plans),
            disabled_at: account.disabled_ms.map(timestamp),
            sessions: tables.sessions_of(account.id).count() + self.0.present.count(account.id),
            ssh_keys: tables.ssh_keys.values().filter(|row| row.record.account == account.id).count(),
        }
    }
}

/// A code that makes an account, as operators see it; none when it is for something else.
fn instance_invitation(code: &Invitation) -> Option<InstanceInvitationView> {
    let Purpose::Join { operator } = code.purpose else { return None };
    Some(InstanceInvitationView {
        id: invitation_id(code),
        email: code.email.clone(),
        operator,
        invited_by: code.created_by,
        created_at: timestamp(code.created_ms),
        expires_at: timestamp(code.expires_ms),
    })
}

fn matches(account: &Account, text: &str) -> bool {
    [&account.name.to_lowercase(), &account.email, &account.login].iter().any(|field| field.contains(text))
}

/// An operator who can sign in.
pub(crate) fn runs(account: &Account) -> bool {
    account.operator && account.disabled_ms.is_none()
}

/// Refuses while what an account becomes, or its end, would leave nobody to run the instance; who else does still has
/// to when the draft commits.
pub(crate) fn spare_the_last_operator(
    tables: &Tables,
    draft: &mut Draft,
    account: &Account,
    becomes: Option<&Account>,
) -> Result<()> {
    if !runs(account) || becomes.is_some_and(runs) {
        return Ok(());
    }
    match tables.accounts.values().find(|row| row.record.id != account.id && runs(&row.record)) {
        Some(other) => draft.batch.require(other),
        None => {
            let text = "this is the only operator who can sign in; make somebody else operator first";
            return Err(Error::Conflict(text.to_owned()));
        }
    };
    Ok(())
}
