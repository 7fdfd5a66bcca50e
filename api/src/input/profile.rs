//! What a person changes about their own account.

use keyward_keys::NoticeKind;
use keyward_keys::input::{PreferencesChange, ProfileChange};

use super::fields::Fields;
use crate::problem::Problem;

/// The words for a theme.
const THEMES: &str = "auto, dark, light, contrast";

/// What the account's view shows besides.
const VIEWED: [&str; 9] = [
    "id",
    "emailVerified",
    "login",
    "operator",
    "subscription",
    "unlockPassphrase",
    "twoFactorEnabled",
    "lastLogin",
    "createdAt",
];

/// Reads `{name, email, preferences: {theme, notifications, muted, shareViewing, quietHours}, timeZone}`, or
/// `theme` and `notifications` for short.
pub(crate) fn profile_change(mut body: Fields) -> Result<ProfileChange, Problem> {
    // Whoever puts back what they got sends these along; they are Keyward's to set.
    for field in VIEWED {
        body.skip(field);
    }
    let change = ProfileChange {
        name: body.text("name"),
        email: body.text("email"),
        preferences: preferences(&mut body),
        theme: body.choice("theme", THEMES),
        notifications: body.flag("notifications"),
        time_zone: body.text("timeZone"),
    };
    body.finish_with(change.faults())?;
    Ok(change)
}

fn preferences(body: &mut Fields) -> PreferencesChange {
    let mut fields = match body.take("preferences").map(Fields::of) {
        Some(Ok(fields)) => fields,
        Some(Err(_)) => {
            body.fault("preferences", "must be an object");
            return PreferencesChange::default();
        }
        None => return PreferencesChange::default(),
    };
    let change = PreferencesChange {
        theme: fields.choice("theme", THEMES),
        notifications: fields.flag("notifications"),
        muted: fields.choices("muted", &NoticeKind::ALL.map(NoticeKind::name).join(", ")),
        share_viewing: fields.flag("shareViewing"),
        quiet_hours: fields.clearable("quietHours", Fields::text),
    };
    body.faults_within("preferences", fields.into_faults());
    change
}
