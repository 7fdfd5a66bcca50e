//! Questions about webhooks, and what comes of them.

use keyward_keys::Id;
use keyward_keys::input::NewWebhook;
use keyward_keys::view::{DeliveryView, WebhookView};
use secrecy::SecretString;

/// A question about webhooks; each is the call of `Service` that is named.
pub enum WebhookAsk {
    /// `webhooks`, answered by [`WebhookAnswer::All`].
    All,
    /// `create_webhook`, answered by [`WebhookAnswer::Made`].
    Create(Box<NewWebhook>),
    /// `update_webhook`, which turns it off or on; answered by [`WebhookAnswer::Done`].
    Turn {
        /// Which.
        id: Id,
        /// Nothing is sent from now on.
        off: bool,
    },
    /// `delete_webhook`, answered by [`WebhookAnswer::Done`].
    Remove(Id),
    /// `test_webhook`, answered by [`WebhookAnswer::Done`].
    Test(Id),
    /// `replace_webhook_secret`, answered by [`WebhookAnswer::Replaced`].
    ReplaceSecret(Id),
    /// `webhook_deliveries`, the newest, answered by [`WebhookAnswer::Deliveries`].
    Deliveries(Id),
    /// `redeliver`, answered by [`WebhookAnswer::Done`].
    Again {
        /// Of which webhook.
        webhook: Id,
        /// Which message.
        delivery: Id,
    },
}

/// What came of such a question.
pub enum WebhookAnswer {
    /// The person's webhooks, and those of teams they manage.
    All(Vec<WebhookView>),
    /// A new one's format, and its secret.
    Made(Box<WebhookView>, SecretString),
    /// Its new secret.
    Replaced(SecretString),
    /// Messages, newest first.
    Deliveries(Vec<DeliveryView>),
    /// It was done.
    Done,
}
