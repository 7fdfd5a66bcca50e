//! Rotation by webhook against a receiver that is slow, wrong, or asks for patience.

use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use keyward_store::model::Environment;
use secrecy::ExposeSecret;
use serde_json::json;
use sha2::Sha256;

use crate::outbound::testing::{Asked, Reply, Server, outbound};
use crate::outbound::{Class, Step, Subject, Webhook, WebhookSecret};

const KEY: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

fn hook(url: &str) -> Webhook {
    let text = format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(KEY));
    Webhook { url: url.to_owned(), secret: WebhookSecret::parse(&text).unwrap(), before: None }
}

fn subject() -> Subject {
    Subject {
        request_id: "rot_7".to_owned(),
        key_id: "ak_prod_x".to_owned(),
        name: "pay".to_owned(),
        environment: Environment::Production,
        version: 4,
    }
}

/// As a receiver checks it, from the specification's words.
fn verifies(asked: &Asked) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
    let (id, at) = (asked.header("webhook-id"), asked.header("webhook-timestamp"));
    mac.update(format!("{id}.{at}.{}", asked.body).as_bytes());
    let expected = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    asked.header("webhook-signature") == format!("v1,{expected}") && at == "1795651200"
}

#[tokio::test]
async fn create_is_signed_tells_the_key_and_brings_the_value() {
    let server = Server::start(|_| {
        Reply::json(
            200,
            json!({ "apiKey": "sk-new", "providerId": "p7", "expiresAt": "2026-12-01T00:00:00Z", "more": 1 }),
        )
    })
    .await;
    let made = outbound().webhook_create(&hook(&server.url), &subject()).await.unwrap();
    assert_eq!((made.value.expose_secret(), made.provider_id.as_deref()), ("sk-new", Some("p7")));
    assert_eq!(made.expires_at.unwrap().to_string(), "2026-12-01T00:00:00Z");
    let asked = &server.asked()[0];
    let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
    let told = json!({ "step": "create", "requestId": "rot_7", "keyId": "ak_prod_x", "name": "pay",
        "environment": "production", "version": 4 });
    assert_eq!(body, told);
    assert!(verifies(asked), "{asked:?}");
    assert_eq!((asked.method.as_str(), asked.header("content-type")), ("POST", "application/json"));
}

#[tokio::test]
async fn a_step_that_is_sent_again_has_the_same_id_and_steps_have_different_ones() {
    let server = Server::start(|_| Reply::json(200, json!({ "apiKey": "v" }))).await;
    let (outbound, hook) = (outbound(), hook(&server.url));
    for _ in 0..2 {
        outbound.webhook_create(&hook, &subject()).await.unwrap();
    }
    for step in [Step::Set, Step::Test, Step::Finish] {
        outbound.webhook_step(&hook, step, &subject()).await.unwrap();
    }
    let ids: Vec<String> = server.asked().iter().map(|asked| asked.header("webhook-id").to_owned()).collect();
    assert_eq!(ids, ["rot_7-create", "rot_7-create", "rot_7-set", "rot_7-test", "rot_7-finish"]);
    assert!(server.asked().iter().all(verifies));
}

#[tokio::test]
async fn a_slow_one_is_asked_until_it_is_done() {
    let mut looks = 0;
    let server = Server::start(move |asked| match asked.line().as_str() {
        "POST /" => Reply::status(202).with("location", "/jobs/7").with("retry-after", 0),
        "GET /jobs/7" if looks < 2 => {
            looks += 1;
            Reply::status(202).with("location", "/jobs/7").with("retry-after", 0)
        }
        _ => Reply::json(200, json!({ "apiKey": "late" })),
    })
    .await;
    let made = outbound().webhook_create(&hook(&server.url), &subject()).await.unwrap();
    assert_eq!(made.value.expose_secret(), "late");
    assert_eq!(server.lines(), ["POST /", "GET /jobs/7", "GET /jobs/7", "GET /jobs/7"]);
    assert!(server.asked().iter().all(verifies), "a look is signed as well");
}

#[tokio::test]
async fn one_that_is_never_done_is_asked_again_later() {
    let server = Server::start(|_| Reply::status(202).with("location", "/").with("retry-after", 25)).await;
    let error = outbound().webhook_create(&hook(&server.url), &subject()).await.unwrap_err();
    assert_eq!((error.class, error.maybe_done), (Class::Transient, true));
    assert_eq!(error.retry_after.unwrap().as_secs(), 25);
}

#[tokio::test]
async fn a_wrong_answer_to_create_is_told() {
    for (reply, part) in [
        (Reply::json(200, "{}"), "did not answer create with"),
        (Reply::json(200, "<html>"), "did not answer create with"),
        (Reply::json(200, json!({ "apiKey": 7 })), "did not answer create with"),
        (Reply::json(200, json!({ "apiKey": " " })), "an empty value"),
        (Reply::json(200, json!({ "apiKey": "a\0b" })), "zero byte"),
        (Reply::status(202), "without a Location"),
        (Reply::status(202).with("location", "https://example.com/"), "another host"),
        (Reply::status(307).with("location", "/else"), "redirect"),
    ] {
        let server = Server::start(move |_| reply.clone()).await;
        let error = outbound().webhook_create(&hook(&server.url), &subject()).await.unwrap_err();
        assert!(error.class == Class::Config && error.detail.contains(part), "{part}: {error}");
    }
}

#[tokio::test]
async fn later_steps_ignore_what_is_answered_and_may_refuse_the_value() {
    let server = Server::start(|asked| {
        if asked.body.contains("\"test\"") { Reply::status(422) } else { Reply::json(202, "taken") }
    })
    .await;
    let (outbound, hook) = (outbound(), hook(&server.url));
    outbound.webhook_step(&hook, Step::Set, &subject()).await.unwrap();
    let error = outbound.webhook_step(&hook, Step::Test, &subject()).await.unwrap_err();
    assert_eq!(error.class, Class::Refused, "{error}");
    outbound.webhook_step(&hook, Step::Finish, &subject()).await.unwrap();
}

#[tokio::test]
async fn an_address_that_may_not_be_called_is_told_without_being_shown() {
    let error =
        outbound().webhook_create(&hook("https://10.0.0.1/secret-path"), &subject()).await.unwrap_err();
    assert_eq!(error.class, Class::Config);
    assert!(error.detail.contains("a private address") && !error.detail.contains("secret-path"), "{error}");
}

#[tokio::test]
async fn while_a_secret_is_replaced_both_sign() {
    let server = Server::start(|_| Reply::status(200)).await;
    let old = hook(&server.url);
    let both =
        Webhook { secret: WebhookSecret::generate().unwrap(), before: Some(old.secret), ..hook(&server.url) };
    outbound().webhook_step(&both, Step::Set, &subject()).await.unwrap();
    let mut asked = server.asked().remove(0);
    let signatures = asked.header("webhook-signature").to_owned();
    let (new, old) = signatures.split_once(' ').unwrap();
    assert!(new.starts_with("v1,") && new != old);
    asked.headers.retain(|(name, _)| name != "webhook-signature");
    asked.headers.push(("webhook-signature".to_owned(), old.to_owned()));
    assert!(verifies(&asked), "whoever still has the old secret takes it for genuine");
}
