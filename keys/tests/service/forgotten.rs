//! Forgotten unlock passphrases: what is lost, and what comes back.

use keyward_keys::input::{NewKey, NotificationQuery, PassphraseReset};
use keyward_keys::view::{KeyView, SealedAccess};
use keyward_keys::{Caller, Custody, Error, Id, Locked, Role};
use secrecy::ExposeSecret;

use crate::authenticator::code_at;
use crate::harness::{Instance, NOON, ORIGIN, by_id, new_key, secret};
use crate::teams::{joined, reveal, team};
use crate::unlock::{PASSPHRASE, unlocked};

const NEW: &str = "a newer vault";

fn reset(password: &str, totp: Option<&str>, lose: bool) -> PassphraseReset {
    PassphraseReset { passphrase: secret(NEW), password: secret(password), totp: totp.map(secret), lose }
}

async fn sealed(instance: &Instance, caller: &Caller, name: &str, team: Option<Id>) -> KeyView {
    let new = NewKey { custody: Some(Custody::Sealed), team, ..new_key(name) };
    instance.service.create_key(caller, new).await.expect("a key")
}

#[tokio::test]
async fn what_nobody_else_can_open_is_lost_and_said_before() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let early = service.reset_passphrase(&ana, reset("correct horse", None, true)).await;
    assert!(matches!(early, Err(Error::Conflict(_))), "there is none yet");
    unlocked(&instance, &ana).await;
    let key = sealed(&instance, &ana, "Own", None).await;
    let automatic = NewKey { custody: Some(Custody::Automation), ..new_key("Automatic") };
    let automatic = service.create_key(&ana, automatic).await.expect("a key");
    let token = instance.fetch_token(&ana, key.id).await;

    let loss = service.passphrase_loss(&ana).await.expect("told");
    assert_eq!(loss.lost.iter().map(|lost| (lost.id, lost.tokens)).collect::<Vec<_>>(), [(key.id, 1)]);
    let wrong = service.reset_passphrase(&ana, reset("wrong horse", None, true)).await;
    assert!(matches!(wrong, Err(Error::WrongPassword)));
    let unsaid = service.reset_passphrase(&ana, reset("correct horse", None, false)).await;
    assert!(matches!(unsaid, Err(Error::Conflict(_))));
    assert!(reveal(&instance, &ana, &key).await.is_ok(), "nothing has happened yet");
    let done = service.reset_passphrase(&ana, reset("correct horse", None, true)).await.expect("set");
    assert_eq!(done, loss);

    assert!(matches!(service.unlock(&ana, secret(PASSPHRASE)).await, Err(Error::WrongPassphrase)));
    service.unlock(&ana, secret(NEW)).await.expect("unlocked");
    assert!(matches!(reveal(&instance, &ana, &key).await, Err(Error::Locked(Locked::Lost))));
    assert!(reveal(&instance, &ana, &automatic).await.is_ok());
    let app = service.sign_in_with_bearer(ORIGIN, token.expose_secret()).expect("good");
    assert!(service.fetch(&app, &by_id(key.id), None).await.is_ok(), "apps go on");
    let next = sealed(&instance, &ana, "Next", None).await;
    assert!(reveal(&instance, &ana, &next).await.is_ok());
    let lost: Vec<Id> =
        service.passphrase_loss(&ana).await.expect("told").lost.iter().map(|key| key.id).collect();
    assert_eq!(lost, [next.id], "what is lost is not lost twice");
}

#[tokio::test]
async fn what_others_can_open_comes_back_when_they_unlock() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await.id;
    let (bob, bob_id) = joined(&instance, &ana, team, "bob", Role::Member).await;
    unlocked(&instance, &bob).await;
    unlocked(&instance, &ana).await;
    let key = sealed(&instance, &ana, "Shared", Some(team)).await;
    assert!(reveal(&instance, &bob, &key).await.is_ok());

    service.lock_again(&ana).await.expect("locked");
    let loss = service.reset_passphrase(&bob, reset("correct horse", None, false)).await.expect("set");
    assert!(loss.lost.is_empty());
    assert_eq!(loss.regranted[0].id, team);
    service.unlock(&bob, secret(NEW)).await.expect("unlocked");
    assert_eq!(service.team(&bob, team).await.expect("a team").access, SealedAccess::Pending);
    assert!(matches!(reveal(&instance, &bob, &key).await, Err(Error::Locked(Locked::Waiting(_)))));
    let told = service.notifications(&ana, &NotificationQuery { page: 1, limit: 20, unread: true }).await;
    let told = told.expect("a page").notifications;
    let told = told.iter().any(|notice| notice.message.starts_with("bob has set a new unlock passphrase"));
    assert!(told, "the team's admins hear of it");

    service.unlock(&ana, secret(PASSPHRASE)).await.expect("unlocked");
    assert_eq!(reveal(&instance, &bob, &key).await.expect("let in"), "sk-test-0123456789");

    // Ana is now one of two; alone again, she loses what bob has left to her.
    service.remove_member(&ana, team, bob_id).await.expect("removed");
    assert_eq!(service.passphrase_loss(&ana).await.expect("told").lost.len(), 1);
    service.reset_passphrase(&ana, reset("correct horse", None, true)).await.expect("set");
    service.unlock(&ana, secret(NEW)).await.expect("unlocked");
    let next = sealed(&instance, &ana, "Next", Some(team)).await;
    let (eve, _) = joined(&instance, &ana, team, "eve", Role::Member).await;
    unlocked(&instance, &eve).await;
    service.unlock(&ana, secret(NEW)).await.expect("unlocked");
    assert!(reveal(&instance, &eve, &next).await.is_ok(), "lost keys keep nobody out");
}

#[tokio::test]
async fn a_second_factor_is_asked_for() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    unlocked(&instance, &ana).await;
    let setup = service.set_up_second_factor(&ana).await.expect("set up");
    let link = setup.otpauth.expose_secret();
    service.enable_second_factor(&ana, secret(&code_at(link, NOON))).await.expect("switched on");
    let with =
        async |code: Option<&str>| service.reset_passphrase(&ana, reset("correct horse", code, false)).await;
    assert!(matches!(with(None).await, Err(Error::TotpRequired)));
    assert!(matches!(with(Some("000000")).await, Err(Error::WrongCode)));
    let code = code_at(link, NOON);
    with(Some(&code)).await.expect("set");
    assert!(matches!(with(Some(&code)).await, Err(Error::WrongCode)), "good once");
    for _ in 0..3 {
        assert!(matches!(with(Some("000000")).await, Err(Error::WrongCode)));
    }
    assert!(matches!(with(Some("000000")).await, Err(Error::WrongCode)));
    assert!(matches!(with(Some(&code_at(link, NOON + 30_000))).await, Err(Error::TooMany(_))));
}
