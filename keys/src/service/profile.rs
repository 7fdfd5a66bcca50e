//! The caller's own account: what they may change about it themselves.

use jiff::tz::TimeZone;

use keyward_store::model::{Account, Id, Preferences, Sharing};

use crate::caller::Caller;
use crate::crypto::JoinCode;
use crate::error::{Error, Fault, Result};
use crate::event::Event;
use crate::input::{PreferencesChange, ProfileChange};
use crate::policy::Permission;
use crate::rotation::schedule::quiet_hours;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::accounts::check_email;
use crate::service::change::Draft;
use crate::service::email_proof;
use crate::service::hours;
use crate::service::mailboxes;
use crate::service::mirror::Tables;
use crate::service::notifications::NoticeKind;
use crate::service::text::Faults;
use crate::view::UserView;

impl Service {
    /// Changes what is named of the caller's own account.
    pub async fn change_profile(&self, caller: &Caller, change: ProfileChange) -> Result<UserView> {
        let account = caller.person()?;
        let change = checked(change)?;
        let proof = match &change.email {
            Some(_) if self.0.outbound.verifies_addresses() => Some(JoinCode::generate()?),
            _ => None,
        };
        let mut mails = false;
        let email = self
            .change(caller, Permission::AccountChange, Target::Account(account), |tables, draft| {
                mails = false;
                let old = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
                let record = changed(&old.record, &change);
                let owner = tables.account_by_email.get(&record.email);
                if owner.is_some_and(|owner| *owner != account) {
                    return Err(Error::Conflict("there is another account with this e-mail".to_owned()));
                }
                draft.object = Some(account);
                draft.detail = named(&change);
                draft.batch.replace(old, &record)?;
                if record.email != old.record.email {
                    mailboxes::follow(tables, draft, account, &old.record.email, &record.email)?;
                    match &proof {
                        Some(code) => mails = email_proof::ask(tables, draft, &record, code, None)?,
                        None => email_proof::forget(tables, draft, account),
                    }
                }
                if let Some(zone) =
                    record.time_zone.as_ref().filter(|new| Some(*new) != old.record.time_zone.as_ref())
                {
                    hours::follow_maker(tables, draft, account, old.record.time_zone.as_ref(), zone)?;
                }
                share(tables, draft, account, change.preferences.share_viewing)?;
                if let Some(text) = &change.preferences.quiet_hours {
                    hours::put(tables, draft, account, None, Some(text))?;
                }
                draft.events.push(Event::AccountChanged { account });
                Ok(record.email)
            })
            .await?;
        if let Some(code) = proof.filter(|_| mails) {
            self.mail_code_aside(account, &email, code);
        }
        self.follow_hours().await;
        self.me(caller).await
    }
}

impl ProfileChange {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        Faults::of(checked(self.clone()))
    }
}

/// The same change, normalised, its preferences in one place; or every fault of it.
fn checked(change: ProfileChange) -> Result<ProfileChange> {
    let mut faults = Faults::default();
    let name = change.name.map(|name| faults.line("name", &name, 1, 100));
    let email = change.email.map(|email| check_email(&mut faults, "email", &email));
    if change.time_zone.as_deref().is_some_and(|zone| TimeZone::get(zone).is_err()) {
        faults.add("timeZone", "is not a time zone of the IANA database, such as Europe/Berlin");
    }
    if change.preferences.quiet_hours.iter().flatten().any(|text| quiet_hours(text).is_none()) {
        faults.add("preferences/quietHours", "are written as 22:00-07:00");
    }
    let preferences = PreferencesChange {
        theme: either(&mut faults, "theme", change.preferences.theme, change.theme),
        notifications: either(
            &mut faults,
            "notifications",
            change.preferences.notifications,
            change.notifications,
        ),
        ..change.preferences
    };
    faults.check()?;
    Ok(ProfileChange { name, email, preferences, ..change })
}

/// What may be named in two places, and is meant once.
fn either<T: PartialEq>(faults: &mut Faults, field: &str, inside: Option<T>, short: Option<T>) -> Option<T> {
    if inside.is_some() && short.is_some() && inside != short {
        faults.add(field, "is not what preferences say; name it in one of the two places");
    }
    inside.or(short)
}

/// Lets one's teams see what one is looking at, or no longer.
fn share(tables: &Tables, draft: &mut Draft, account: Id, wanted: Option<bool>) -> Result<()> {
    let row = tables.sharing.get(&account);
    match (row, wanted) {
        (None, Some(true)) => {
            draft.batch.create(&Sharing { account })?;
        }
        (Some(row), Some(false)) => {
            draft.batch.remove(row);
        }
        (Some(_), Some(true)) | (None, Some(false)) | (_, None) => {}
    }
    Ok(())
}

fn changed(old: &Account, change: &ProfileChange) -> Account {
    let new = |new: &Option<String>, old: &String| new.as_ref().unwrap_or(old).clone();
    let PreferencesChange { theme, notifications, muted, .. } = &change.preferences;
    let before = &old.preferences;
    Account {
        name: new(&change.name, &old.name),
        email: new(&change.email, &old.email),
        time_zone: change.time_zone.clone().or_else(|| old.time_zone.clone()),
        preferences: Preferences {
            theme: theme.map_or_else(|| before.theme.clone(), |theme| theme.name().to_owned()),
            notifications: notifications.unwrap_or(before.notifications),
            muted: muted.as_ref().map_or_else(|| before.muted.clone(), |kinds| names(kinds)),
        },
        ..old.clone()
    }
}

/// Each type once, by its name.
fn names(kinds: &[NoticeKind]) -> Vec<String> {
    let named = NoticeKind::ALL.into_iter().filter(|kind| kinds.contains(kind));
    named.map(|kind| kind.name().to_owned()).collect()
}

/// The fields that are named, for the audit record.
fn named(change: &ProfileChange) -> String {
    let fields = [
        ("name", change.name.is_some()),
        ("email", change.email.is_some()),
        ("theme", change.preferences.theme.is_some()),
        ("notifications", change.preferences.notifications.is_some()),
        ("muted", change.preferences.muted.is_some()),
        ("shareViewing", change.preferences.share_viewing.is_some()),
        ("quietHours", change.preferences.quiet_hours.is_some()),
        ("timeZone", change.time_zone.is_some()),
    ];
    let named: Vec<&str> = fields.iter().filter(|(_, named)| *named).map(|(field, _)| *field).collect();
    named.join(", ")
}
