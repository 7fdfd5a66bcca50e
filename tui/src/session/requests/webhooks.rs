//! The screens' questions about webhooks: one service call each.

use keyward_keys::input::{DeliveryQuery, WebhookPatch};
use keyward_keys::{Caller, Result, Service};

use crate::app::{WebhookAnswer as A, WebhookAsk};

/// Messages that a screen lists.
const LISTED: u32 = 100;

pub(super) async fn answer(service: &Service, caller: &Caller, ask: WebhookAsk) -> Result<A> {
    Ok(match ask {
        WebhookAsk::All => A::All(service.webhooks(caller).await?),
        WebhookAsk::Create(new) => {
            let (view, secret) = service.create_webhook(caller, *new).await?;
            A::Made(Box::new(view), secret)
        }
        WebhookAsk::Turn { id, off } => {
            let patch = WebhookPatch { disabled: Some(off), ..WebhookPatch::default() };
            service.update_webhook(caller, id, patch).await?;
            A::Done
        }
        WebhookAsk::Remove(id) => {
            service.delete_webhook(caller, id).await?;
            A::Done
        }
        WebhookAsk::Test(id) => {
            service.test_webhook(caller, id).await?;
            A::Done
        }
        WebhookAsk::ReplaceSecret(id) => A::Replaced(service.replace_webhook_secret(caller, id).await?),
        WebhookAsk::Deliveries(id) => {
            let query = DeliveryQuery { page: 1, limit: LISTED };
            A::Deliveries(service.webhook_deliveries(caller, id, &query).await?.deliveries)
        }
        WebhookAsk::Again { webhook, delivery } => {
            service.redeliver(caller, webhook, delivery).await?;
            A::Done
        }
    })
}
