//! The caller's own account: what they may change about it themselves.

use jiff::tz::TimeZone;

use keyward_store::model::{Account, Preferences};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::input::ProfileChange;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::accounts::{check_email, user_view};
use crate::service::text::Faults;
use crate::view::UserView;

/// The dashboard's themes.
const THEMES: [&str; 3] = ["auto", "dark", "light"];

impl Service {
    /// Changes what is named of the caller's own account.
    pub async fn change_profile(&self, caller: &Caller, change: ProfileChange) -> Result<UserView> {
        let account = caller.person()?;
        let change = checked(change)?;
        self.change(caller, Permission::AccountChange, Target::Account(account), |tables, draft| {
            let old = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
            let record = changed(&old.record, &change);
            let owner = tables.account_by_email.get(&record.email);
            if owner.is_some_and(|owner| *owner != account) {
                return Err(Error::Conflict("there is another account with this e-mail".to_owned()));
            }
            draft.object = Some(account);
            draft.detail = named(&change);
            draft.batch.replace(old, &record)?;
            draft.events.push(Event::AccountChanged { account });
            Ok(user_view(&record, &self.0.settings.plans))
        })
        .await
    }
}

/// The same change, normalised; or every fault of it.
fn checked(change: ProfileChange) -> Result<ProfileChange> {
    let mut faults = Faults::default();
    let name = change.name.map(|name| faults.line("name", &name, 1, 100));
    let email = change.email.map(|email| check_email(&mut faults, &email));
    if change.theme.as_deref().is_some_and(|theme| !THEMES.contains(&theme)) {
        faults.add("theme", format!("must be one of {}", THEMES.join(", ")));
    }
    if change.time_zone.as_deref().is_some_and(|zone| TimeZone::get(zone).is_err()) {
        faults.add("timeZone", "is not a time zone of the IANA database, such as Europe/Berlin");
    }
    faults.check()?;
    Ok(ProfileChange { name, email, ..change })
}

fn changed(old: &Account, change: &ProfileChange) -> Account {
    let new = |new: &Option<String>, old: &String| new.as_ref().unwrap_or(old).clone();
    Account {
        name: new(&change.name, &old.name),
        email: new(&change.email, &old.email),
        time_zone: change.time_zone.clone().or_else(|| old.time_zone.clone()),
        preferences: Preferences {
            theme: new(&change.theme, &old.preferences.theme),
            notifications: change.notifications.unwrap_or(old.preferences.notifications),
            ..old.preferences.clone()
        },
        ..old.clone()
    }
}

/// The fields that are named, for the audit record.
fn named(change: &ProfileChange) -> String {
    let fields = [
        ("name", change.name.is_some()),
        ("email", change.email.is_some()),
        ("theme", change.theme.is_some()),
        ("notifications", change.notifications.is_some()),
        ("timeZone", change.time_zone.is_some()),
    ];
    let named: Vec<&str> = fields.iter().filter(|(_, named)| *named).map(|(field, _)| *field).collect();
    named.join(", ")
}
