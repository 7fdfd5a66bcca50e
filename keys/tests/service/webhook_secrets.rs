//! The secret that a webhook's messages are signed with, replaced.

use keyward_keys::input::{NewWebhook, WebhookPatch};
use keyward_keys::outbound::MessageFormat;
use keyward_keys::{Error, Plan};
use secrecy::ExposeSecret;

use crate::harness::{Instance, NOON, secret};
use crate::webhooks::{Receiver, new};

#[tokio::test]
async fn a_secret_is_replaced_and_for_a_day_the_one_before_signs_too() {
    let instance = Instance::open().await;
    let (service, ana, (bob, _)) =
        (&instance.service, instance.ana().await, instance.person("bob", Plan::Free).await);
    let receiver = Receiver::start(&[200]).await;
    let (hook, first) = service.create_webhook(&ana, new(&receiver.url)).await.expect("made");
    let refused = service.replace_webhook_secret(&bob, hook.id).await.map(|_| ());
    assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    let second = service.replace_webhook_secret(&ana, hook.id).await.expect("replaced");
    assert!(second.expose_secret().starts_with("whsec_") && second.expose_secret() != first.expose_secret());
    let signatures = async || {
        service.test_webhook(&ana, hook.id).await.expect("queued");
        assert_eq!(service.deliver_webhooks(&instance.system()).await.expect("sent"), 1);
        let got = receiver.got().pop().expect("one");
        let line = got.lines().find_map(|line| line.strip_prefix("webhook-signature: ")).expect("signed");
        line.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(signatures().await.len(), 2);
    // Another address keeps both, and a day later the first is of no use.
    let moved = WebhookPatch { url: Some(secret(&format!("{}&more=1", receiver.url))), ..Default::default() };
    service.update_webhook(&ana, hook.id, moved).await.expect("moved");
    assert_eq!(signatures().await.len(), 2);
    instance.clock.set(NOON + 24 * 3_600_000);
    assert_eq!(signatures().await.len(), 1);
    let chat = NewWebhook { format: Some(MessageFormat::Ntfy), ..new(&receiver.url) };
    let (chat, _) = service.create_webhook(&ana, chat).await.expect("made");
    let refused = service.replace_webhook_secret(&ana, chat.id).await.map(|_| ());
    assert!(matches!(&refused, Err(Error::Conflict(why)) if why.contains("not signed")), "{refused:?}");
}
