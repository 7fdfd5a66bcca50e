//! Webhooks: who manages them, what is sent, how often, and that nothing is lost or told to somebody else.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyward_keys::input::{DeliveryQuery, NewWebhook, TimingPatch, WebhookPatch};
use keyward_keys::outbound::MessageFormat;
use keyward_keys::view::{DeliveryStatus, DeliveryView};
use keyward_keys::{Caller, Error, Id, NoticeKind, Plan, Role, Service};
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{ELSEWHERE, Instance, NOON, by_id, eventually, secret};
use crate::teams::{joined, team, team_key};

/// A receiver that answers with these statuses, the last one for ever, and keeps what it got.
pub(crate) struct Receiver {
    pub(crate) url: String,
    got: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    pub(crate) async fn start(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook?token=hidden", listener.local_addr().expect("an address"));
        let got: Arc<Mutex<Vec<String>>> = Arc::default();
        let all = Arc::clone(&got);
        tokio::spawn(async move {
            let mut number = 0;
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut read = Vec::new();
                while !whole(&read) && stream.read_buf(&mut read).await.is_ok_and(|read| read > 0) {}
                all.lock().expect("a lock").push(String::from_utf8(read).expect("text"));
                let status = statuses[number.min(statuses.len() - 1)];
                number += 1;
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, got }
    }

    pub(crate) fn got(&self) -> Vec<String> {
        self.got.lock().expect("a lock").clone()
    }
}

fn whole(read: &[u8]) -> bool {
    let text = String::from_utf8_lossy(read);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    body.len() >= length.unwrap_or(0)
}

pub(crate) fn new(url: &str) -> NewWebhook {
    NewWebhook {
        name: "Mine".to_owned(),
        url: secret(url),
        events: None,
        format: None,
        team: None,
        timing: TimingPatch::default(),
    }
}

pub(crate) async fn log(service: &Service, caller: &Caller, id: Id) -> Vec<DeliveryView> {
    let query = DeliveryQuery { page: 1, limit: 100 };
    service.webhook_deliveries(caller, id, &query).await.expect("a page").deliveries
}

#[tokio::test]
async fn what_a_person_is_told_is_sent_signed_and_logged_also_after_a_restart() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let receiver = Receiver::start(&[200]).await;
    let (hook, key) = instance.service.create_webhook(&ana, new(&receiver.url)).await.expect("made");
    assert!(key.expose_secret().starts_with("whsec_") && !hook.url.contains("hidden"), "{}", hook.url);
    instance.service.sign_in(ELSEWHERE, "ana", secret("correct horse")).await.expect("signed in");
    let pending = log(&instance.service, &ana, hook.id).await;
    assert_eq!((pending.len(), pending[0].state, pending[0].attempts), (1, DeliveryStatus::Pending, 0));

    let instance = instance.reopen().await;
    let service = &instance.service;
    assert_eq!(service.deliver_webhooks(&instance.system()).await.expect("sent"), 1);
    assert_eq!(service.deliver_webhooks(&instance.system()).await.expect("nothing"), 0);
    let sent = log(service, &ana, hook.id).await;
    assert_eq!((sent[0].state, sent[0].status, sent[0].attempts), (DeliveryStatus::Delivered, Some(200), 1));
    let got = &receiver.got()[0];
    assert!(got.starts_with("POST /hook?token=hidden HTTP/1.1"), "{got}");
    assert!(got.contains(&format!("webhook-id: msg_{}", sent[0].id)), "{got}");
    assert!(got.contains("webhook-signature: v1,") && got.contains("\"type\":\"new_sign_in\""), "{got}");
}

#[tokio::test]
async fn what_fails_is_sent_again_and_at_last_given_up() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let receiver = Receiver::start(&[500, 404, 200]).await;
    let (hook, _) = service.create_webhook(&ana, new(&receiver.url)).await.expect("made");
    let id = service.test_webhook(&ana, hook.id).await.expect("queued").id;
    for (at, state, status) in [
        (0, DeliveryStatus::Pending, 500),
        (5_000, DeliveryStatus::Pending, 404),
        (305_000, DeliveryStatus::Delivered, 200),
    ] {
        instance.clock.set(NOON + at - 1);
        if at > 0 {
            assert_eq!(service.deliver_webhooks(&instance.system()).await.expect("not yet"), 0);
        }
        instance.clock.set(NOON + at);
        assert_eq!(service.deliver_webhooks(&instance.system()).await.expect("sent"), 1, "{at}");
        let row = &log(service, &ana, hook.id).await[0];
        assert_eq!((row.state, row.status), (state, Some(status)));
    }
    let ids: Vec<bool> = receiver.got().iter().map(|got| got.contains(&format!("msg_{id}"))).collect();
    assert_eq!(ids, [true; 3], "always under the same id");
    service.redeliver(&ana, hook.id, id).await.expect("queued");
    assert_eq!(service.deliver_webhooks(&instance.system()).await.expect("sent"), 1);

    let refusing = Receiver::start(&[500]).await;
    let (hook, _) = service.create_webhook(&ana, new(&refusing.url)).await.expect("made");
    service.test_webhook(&ana, hook.id).await.expect("queued");
    for day in 1..=10 {
        instance.clock.set(NOON + day * 100_000_000);
        service.deliver_webhooks(&instance.system()).await.expect("sent");
    }
    let row = &log(service, &ana, hook.id).await[0];
    assert_eq!((row.state, row.attempts), (DeliveryStatus::Failed, 10));
}

#[tokio::test]
async fn a_receiver_that_is_gone_gets_no_more() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let receiver = Receiver::start(&[410]).await;
    let (hook, _) = service.create_webhook(&ana, new(&receiver.url)).await.expect("made");
    service.test_webhook(&ana, hook.id).await.expect("queued");
    service.deliver_webhooks(&instance.system()).await.expect("sent");
    assert_eq!(log(service, &ana, hook.id).await[0].state, DeliveryStatus::Failed);
    assert!(service.webhook(&ana, hook.id).await.expect("there").disabled);
}

#[tokio::test]
async fn only_the_kinds_that_are_wanted_are_sent_and_nothing_to_others() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let (ana, (bob, _)) = (instance.ana().await, instance.person("bob", Plan::Free).await);
    let receiver = Receiver::start(&[200]).await;
    let wanting = NewWebhook { events: Some(vec![NoticeKind::KeyDeleted]), ..new(&receiver.url) };
    let (other, _) = service.create_webhook(&ana, wanting).await.expect("made");
    let (bobs, _) = service.create_webhook(&bob, new(&receiver.url)).await.expect("made");
    service.sign_in(ELSEWHERE, "ana", secret("correct horse")).await.expect("signed in");
    assert!(log(service, &ana, other.id).await.is_empty() && log(service, &bob, bobs.id).await.is_empty());
    let disable = WebhookPatch { disabled: Some(true), events: Some(Vec::new()), ..WebhookPatch::default() };
    let disabled = service.update_webhook(&ana, other.id, disable).await.expect("changed");
    assert!(disabled.disabled && disabled.events.is_empty());
    let refused = service.test_webhook(&ana, other.id).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "it is turned off: {refused:?}");
    for refused in [
        service.webhook(&bob, other.id).await.map(drop),
        service.update_webhook(&bob, other.id, WebhookPatch::default()).await.map(drop),
        service.test_webhook(&bob, other.id).await.map(drop),
        service.delete_webhook(&bob, other.id).await,
    ] {
        assert!(matches!(refused, Err(Error::NotFound("webhook"))), "{refused:?}");
    }
    service.delete_webhook(&ana, other.id).await.expect("removed");
    assert!(service.webhooks(&ana).await.expect("a list").is_empty());
}

#[tokio::test]
async fn addresses_that_may_not_be_called_are_refused_when_they_are_given() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    for url in [
        "nothing",
        "https://10.0.0.1/",
        "https://169.254.169.254/",
        "https://a:b@example.com/",
        "ftp://example.com",
    ] {
        let Err(Error::Invalid(faults)) =
            service.create_webhook(&ana, NewWebhook { name: String::new(), ..new(url) }).await
        else {
            panic!("{url} is refused")
        };
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["name", "url"], "{url}");
    }
    let (slack, _) = service
        .create_webhook(
            &ana,
            NewWebhook {
                format: Some(MessageFormat::Slack),
                ..new("https://hooks.slack.com/services/T/B/very-secret")
            },
        )
        .await
        .expect("made");
    assert_eq!(slack.url, "https://hooks.slack.com/…");
}

#[tokio::test]
async fn a_team_s_webhook_is_its_admins_and_ends_with_it() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let team = team(&instance, &ana).await.id;
    let (bob, _) = joined(&instance, &ana, team, "bob", Role::Admin).await;
    let (eve, _) = joined(&instance, &ana, team, "eve", Role::Member).await;
    let of_team = || NewWebhook { team: Some(team), ..new("https://hooks.example.com/x") };
    let refused = service.create_webhook(&eve, of_team()).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "a member");
    let (hook, _) = service.create_webhook(&bob, of_team()).await.expect("made");
    assert_eq!(service.webhook(&ana, hook.id).await.expect("the owner's too").team, Some(team));
    assert!(matches!(service.webhook(&eve, hook.id).await, Err(Error::NotFound("webhook"))));
    assert!(service.webhooks(&eve).await.expect("a list").is_empty());

    let key = team_key(&instance, &ana, team, "Stripe").await;
    service.delete_key(&ana, &by_id(key.id), None).await.expect("binned");
    instance.clock.set(NOON + 1);
    joined(&instance, &ana, team, "kim", Role::Viewer).await;
    let told = log(service, &bob, hook.id).await;
    let told: Vec<_> = told.iter().map(|one| (one.event.as_str(), one.api_key_id)).collect();
    assert_eq!(told, [("member_joined", None), ("key_deleted", Some(key.id))]);

    let foreign = NewWebhook { team: Some(hook.id), ..new("https://hooks.example.com/x") };
    let refused = service.create_webhook(&ana, foreign).await;
    assert!(matches!(refused, Err(Error::NotFound("team"))), "no team of this id");
}

#[tokio::test]
async fn twenty_are_the_most_and_what_is_put_back_moves_no_address() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let receiver = Receiver::start(&[200]).await;
    let (hook, _) = service.create_webhook(&ana, new(&receiver.url)).await.expect("made");
    let back = WebhookPatch {
        name: Some("Ours".to_owned()),
        url: Some(secret(&hook.url)),
        ..WebhookPatch::default()
    };
    let changed = service.update_webhook(&ana, hook.id, back).await.expect("changed");
    assert_eq!((changed.name.as_str(), &changed.url), ("Ours", &hook.url));
    service.test_webhook(&ana, hook.id).await.expect("queued");
    service.deliver_webhooks(&instance.system()).await.expect("sent");
    assert!(receiver.got()[0].starts_with("POST /hook?token=hidden "), "the whole address is called");
    for _ in 1..20 {
        service.create_webhook(&ana, new("https://hooks.example.com/x")).await.expect("made");
    }
    let refused = service.create_webhook(&ana, new("https://hooks.example.com/x")).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "the twenty-first");
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_keeps_nobody_waiting() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let (ana, (bob, _)) = (instance.ana().await, instance.person("bob", Plan::Free).await);
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", silent.local_addr().expect("an address"));
    let held = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            open.push(stream);
        }
    });
    let (mute, _) = service.create_webhook(&ana, new(&url)).await.expect("made");
    for _ in 0..6 {
        service.test_webhook(&ana, mute.id).await.expect("queued");
    }
    let receiver = Receiver::start(&[200]).await;
    let (hook, _) = service.create_webhook(&bob, new(&receiver.url)).await.expect("made");
    for _ in 0..20 {
        service.test_webhook(&bob, hook.id).await.expect("queued");
    }
    let (sending, system) = (service.clone(), instance.system());
    let job = tokio::spawn(async move { sending.deliver_webhooks(&system).await });
    let arrived = async || receiver.got().len() == 20;
    // A call that is not answered is given up after fifteen.
    let soon = tokio::time::timeout(Duration::from_secs(8), eventually("all of them arrive", arrived)).await;
    assert!(soon.is_ok(), "{} have arrived", receiver.got().len());
    assert!(log(service, &ana, mute.id).await.iter().all(|one| one.state == DeliveryStatus::Pending));
    job.abort();
    held.abort();
}
