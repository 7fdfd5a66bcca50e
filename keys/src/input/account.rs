//! What doors hand in about accounts: changes to a profile, and what operators ask for.

use secrecy::SecretString;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use keyward_store::model::Plan;

use crate::service::NoticeKind;

/// The dashboard's theme.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the terminal's background asks for.
    Auto,
    /// Dark.
    Dark,
    /// Light.
    Light,
    /// Strong contrasts, on the ground that the terminal has.
    Contrast,
}

impl Theme {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Contrast => "contrast",
        }
    }
}

/// Changes to how a person wants to see and hear things; what is not named stays.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PreferencesChange {
    /// The dashboard's theme.
    pub theme: Option<Theme>,
    /// Notifications are sent at all.
    pub notifications: Option<bool>,
    /// Types of notifications that are not sent.
    pub muted: Option<Vec<NoticeKind>>,
    /// The members of one's teams see what one is looking at.
    pub share_viewing: Option<bool>,
    /// When messages to one's channels wait, such as `22:00-07:00` in one's time zone, but for channels with quiet hours of
    /// their own and for what is urgent; `null` for never.
    #[schema(value_type = Option<String>, examples("22:00-07:00"))]
    pub quiet_hours: Option<Option<String>>,
}

/// Changes to the caller's own account; what is not named stays.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ProfileChange {
    /// The person's name, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// The e-mail address.
    #[schema(format = "email", min_length = 3, max_length = 254)]
    pub email: Option<String>,
    /// How the person wants to see and hear things.
    #[schema(value_type = Option<PreferencesChange>)]
    pub preferences: PreferencesChange,
    /// Short for `preferences.theme`.
    pub theme: Option<Theme>,
    /// Short for `preferences.notifications`.
    pub notifications: Option<bool>,
    /// An IANA time zone for reports, such as `Europe/Berlin`.
    pub time_zone: Option<String>,
}

/// A new password in place of one that is known.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PasswordChange {
    /// The password until now.
    #[schema(value_type = String, format = Password)]
    pub current_password: SecretString,
    /// The new one, at least 8 characters.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 1024)]
    pub new_password: SecretString,
}

/// A new password in place of one that was forgotten.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PasswordReset {
    /// An operator's one-time code.
    #[schema(value_type = String, format = Password)]
    pub code: SecretString,
    /// The new password, at least 8 characters.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 1024)]
    pub new_password: SecretString,
}

/// What a person proves themselves with once more, before something that cannot be undone.
#[derive(ToSchema)]
pub struct Confirmation {
    /// The account's password.
    #[schema(value_type = String, format = Password)]
    pub password: SecretString,
    /// A code of the authenticator app, or a recovery code, where the account asks for one.
    #[schema(value_type = Option<String>, format = Password)]
    pub totp: Option<SecretString>,
}

/// A new unlock passphrase in place of one that was forgotten.
#[derive(ToSchema)]
pub struct PassphraseReset {
    /// The unlock passphrase from now on.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 1024)]
    pub passphrase: SecretString,
    /// The account's password.
    #[schema(value_type = String, format = Password)]
    pub password: SecretString,
    /// A code of the authenticator app, or a recovery code, where the account asks for one.
    #[schema(value_type = Option<String>, format = Password)]
    pub totp: Option<SecretString>,
    /// The keys may be lost that nobody else can open.
    #[schema(required = false)]
    pub lose: bool,
}

/// Changes that an operator makes to an account; what is not named stays.
#[derive(Clone, Copy, Debug, Default, ToSchema)]
pub struct UserChange {
    /// Switches it off, or on again.
    pub disabled: Option<bool>,
    /// Makes it an operator, or an ordinary one.
    pub operator: Option<bool>,
    /// The plan.
    pub plan: Option<Plan>,
}

/// Which accounts an operator wants to see.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserQuery {
    /// From 1.
    #[param(minimum = 1, default = 1, required = false)]
    pub page: u32,
    /// 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 20, required = false)]
    pub limit: u32,
    /// A substring of name, e-mail address or login.
    #[param(max_length = 100)]
    pub search: Option<String>,
}

/// What an operator tells everybody.
#[derive(Clone, Debug, Default, ToSchema)]
pub struct Announcement {
    /// One line.
    #[schema(min_length = 1, max_length = 500)]
    pub message: String,
}

/// An invitation to the instance.
#[derive(Clone, Debug, Default, ToSchema)]
pub struct InstanceInvitation {
    /// Only for whoever has this address.
    #[schema(format = "email", min_length = 3, max_length = 254)]
    pub email: Option<String>,
    /// Whoever joins with it becomes operator.
    #[schema(required = false)]
    pub operator: bool,
}
