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
    /// Where messages go: https, or a network of `outbound.allow`.
    #[schema(value_type = String, format = "uri", min_length = 1, max_length = 2048, examples("https://hooks.example.com/keyward"))]
    pub url: SecretString,
    /// Kinds of notifications that are sent; all when none are named.
    pub events: Option<Vec<NoticeKind>>,
    /// How messages are written; `standard` when nothing is said.
    pub format: Option<MessageFormat>,
    /// The team whose keys it is about; the caller's own notifications when none.
    #[schema(value_type = Option<String>)]
    pub team: Option<Id>,
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
