//! What doors hand in about webhooks.

use secrecy::SecretString;
use utoipa::{IntoParams, ToSchema};

use keyward_store::model::Id;

use crate::outbound::MessageFormat;
use crate::service::NoticeKind;

/// A new webhook.
#[derive(Clone, Debug, ToSchema)]
pub struct NewWebhook {
    /// 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Where messages go: https, or a network of `outbound.allow`. For `email` an address: your account's, or for a team's
    /// that of a member, or at a domain of `smtp.domains`.
    #[schema(value_type = String, format = "uri", min_length = 1, max_length = 2048, examples("https://hooks.example.com/keyward"))]
    pub url: SecretString,
    /// Kinds of notifications that are sent; all when none are named.
    pub events: Option<Vec<NoticeKind>>,
    /// How messages are written; `standard` when nothing is said.
    pub format: Option<MessageFormat>,
    /// The team whose keys it is about; the caller's own notifications when none.
    #[schema(value_type = Option<String>)]
    pub team: Option<Id>,
    /// When messages go out.
    #[schema(value_type = Option<TimingPatch>)]
    pub timing: TimingPatch,
}

/// When a webhook's messages go out: only what is given; at once, where nothing says otherwise.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct TimingPatch {
    /// Messages of this time of day wait for its end, and go out as one; `null` for none.
    #[schema(value_type = Option<String>, max_length = 20, examples("22:00-07:00"))]
    pub quiet_hours: Option<Option<String>>,
    /// Messages wait for this time, and go out as one: every day (`daily 08:00`) or once a week (`monday 08:00`); `null` for
    /// none.
    #[schema(value_type = Option<String>, max_length = 20, examples("daily 08:00"))]
    pub digest: Option<Option<String>>,
    /// The IANA time zone of both; `null` for that of the profile, or of the team; UTC until one is set.
    #[schema(value_type = Option<String>, max_length = 64, examples("Europe/Zurich"))]
    pub timezone: Option<Option<String>>,
    /// What is urgent waits for nothing: alerts that fire and are more than a notice (by their `severity`), rotations that
    /// stop, sign-ins from new addresses, copied sessions and passphrases that were reset. So it is when nothing is said.
    pub urgent_at_once: Option<bool>,
}

/// A change to a webhook: only what is given.
#[derive(Clone, Debug, Default, ToSchema)]
pub struct WebhookPatch {
    /// A new name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// Another address; the secret stays.
    #[schema(value_type = Option<String>, format = "uri", min_length = 1, max_length = 2048, examples("https://hooks.example.com/keyward"))]
    pub url: Option<SecretString>,
    /// Kinds of notifications that are sent; an empty list means all.
    pub events: Option<Vec<NoticeKind>>,
    /// Nothing is sent.
    pub disabled: Option<bool>,
    /// When messages go out.
    #[schema(value_type = Option<TimingPatch>)]
    pub timing: TimingPatch,
}

/// Which deliveries to list.
#[derive(Clone, Copy, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct DeliveryQuery {
    /// From 1.
    #[param(required = false, minimum = 1, default = 1)]
    pub page: u32,
    /// 1 to 100.
    #[param(required = false, minimum = 1, maximum = 100, default = 20)]
    pub limit: u32,
}
