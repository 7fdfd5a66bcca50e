//! The unlock passphrase, and sealed keys of one person.

use keyward_keys::input::{Export, ExportFormat, KeyPatch, NewKey, NewToken, Reveal};
use keyward_keys::{Caller, Custody, Error, Locked, Plan, Scope};
use secrecy::ExposeSecret;

use crate::harness::{Instance, NOON, ORIGIN, by_id, new_key, secret};

pub(crate) const PASSPHRASE: &str = "open the vault";
const MINUTE: i64 = 60_000;

/// Sets an unlock passphrase and unlocks with it.
pub(crate) async fn unlocked(instance: &Instance, caller: &Caller) {
    instance.service.set_passphrase(caller, secret(PASSPHRASE), None).await.expect("set");
    instance.service.unlock(caller, secret(PASSPHRASE)).await.expect("unlocked");
}

#[tokio::test]
async fn a_sealed_key_opens_while_its_person_is_unlocked() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let early = instance.add_key(&ana, "Early").await;
    assert_eq!(early.custody, Custody::Automation, "nothing to seal to yet");
    let sealed = NewKey { custody: Some(Custody::Sealed), ..new_key("Sealed") };
    assert!(
        matches!(service.create_key(&ana, sealed).await, Err(Error::Invalid(faults)) if faults[0].field == "custody")
    );
    assert!(matches!(service.unlock(&ana, secret(PASSPHRASE)).await, Err(Error::Conflict(_))));
    assert!(!service.me(&ana).await.expect("me").unlock_passphrase);

    service.set_passphrase(&ana, secret(PASSPHRASE), None).await.expect("set");
    assert!(service.me(&ana).await.expect("me").unlock_passphrase);
    let key = instance.add_key(&ana, "Sealed").await;
    assert_eq!(key.custody, Custody::Sealed, "the default once there is an unlock passphrase");
    let reveal = async || service.reveal(&ana, &by_id(key.id), Reveal::default()).await;
    assert!(matches!(reveal().await, Err(Error::Locked(Locked::Sealed))));
    assert!(matches!(service.unlock(&ana, secret("another one")).await, Err(Error::WrongPassphrase)));
    let issued = service.unlock(&ana, secret(PASSPHRASE)).await.expect("unlocked");
    assert_eq!(issued.expires_in, 900);
    assert_eq!(reveal().await.expect("opens").value.expose_secret(), "sk-test-0123456789");

    // The same person elsewhere holds no token; with it, it is theirs, and only in that session.
    let again = service.sign_in(ORIGIN, "ana", secret("correct horse")).await.expect("signed in");
    assert!(matches!(service.reveal(&again, &by_id(key.id), Reveal::default()).await, Err(Error::Locked(_))));
    let with_token = again.clone().with_unlock(issued.unlock.clone());
    assert!(service.reveal(&with_token, &by_id(key.id), Reveal::default()).await.is_ok());
    let (bob, _) = instance.person("bob", Plan::Free).await;
    let stolen = bob.with_unlock(issued.unlock.clone());
    assert!(matches!(
        service.reveal(&stolen, &by_id(key.id), Reveal::default()).await,
        Err(Error::NotFound("key"))
    ));

    // Once, with the passphrase alone.
    let once = Reveal { passphrase: Some(secret(PASSPHRASE)), ..Reveal::default() };
    assert!(service.reveal(&again, &by_id(key.id), once).await.is_ok());
    let wrong = Reveal { passphrase: Some(secret("another one")), ..Reveal::default() };
    assert!(matches!(service.reveal(&again, &by_id(key.id), wrong).await, Err(Error::WrongPassphrase)));

    service.lock_again(&ana).await.expect("locked");
    assert!(matches!(reveal().await, Err(Error::Locked(Locked::Sealed))));
    assert!(
        service.reveal(&with_token, &by_id(key.id), Reveal::default()).await.is_err(),
        "the token is over"
    );
}

#[tokio::test]
async fn a_wrong_passphrase_is_derived_from_once_however_many_keys_it_does_not_open() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    service.set_passphrase(&ana, secret(PASSPHRASE), None).await.expect("set");
    for name in ["a", "b", "c"] {
        instance.add_key(&ana, name).await;
    }
    let export = async |passphrase: &str| {
        let export = Export {
            format: ExportFormat::Env,
            keys: Vec::new(),
            environment: None,
            team: None,
            tag: None,
            passphrase: Some(secret(passphrase)),
        };
        let exported = service.export_keys(&ana, &export).await.expect("answered");
        (exported.count, exported.left_out.into_iter().map(|left| left.reason).collect::<Vec<_>>())
    };
    assert_eq!(export(PASSPHRASE).await, (3, Vec::new()));
    let (wrong, locked) = (Error::WrongPassphrase.to_string(), Error::Locked(Locked::Sealed).to_string());
    assert_eq!(export("another one").await, (0, vec![wrong, locked.clone(), locked]));
}

#[tokio::test]
async fn an_unlock_ends_when_it_is_not_used_and_with_a_new_passphrase() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    unlocked(&instance, &ana).await;
    let key = instance.add_key(&ana, "Sealed").await;
    let reveal = async || service.reveal(&ana, &by_id(key.id), Reveal::default()).await;
    for step in 1..=3 {
        instance.clock.set(NOON + step * 14 * MINUTE);
        assert!(reveal().await.is_ok(), "used often enough");
    }
    instance.clock.set(NOON + (3 * 14 + 15) * MINUTE);
    assert!(matches!(reveal().await, Err(Error::Locked(_))));

    service.unlock(&ana, secret(PASSPHRASE)).await.expect("unlocked");
    let change =
        async |new: &str, old: Option<&str>| service.set_passphrase(&ana, secret(new), old.map(secret)).await;
    let Err(Error::Invalid(faults)) = change("short", None).await else { panic!("refused") };
    assert_eq!(faults.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), ["passphrase", "old"]);
    assert!(matches!(change("a newer one", Some("not this")).await, Err(Error::WrongPassphrase)));
    change("a newer one", Some(PASSPHRASE)).await.expect("changed");
    assert!(matches!(reveal().await, Err(Error::Locked(_))), "what was unlocked is locked");
    assert!(matches!(service.unlock(&ana, secret(PASSPHRASE)).await, Err(Error::WrongPassphrase)));
    service.unlock(&ana, secret("a newer one")).await.expect("the same key under a new passphrase");
    assert!(reveal().await.is_ok());

    // It outlives a restart, and the unlocked state does not.
    let instance = instance.reopen().await;
    let again = instance.service.sign_in(ORIGIN, "ana", secret("correct horse")).await.expect("signed in");
    assert!(matches!(
        instance.service.reveal(&again, &by_id(key.id), Reveal::default()).await,
        Err(Error::Locked(_))
    ));
    instance.service.unlock(&again, secret("a newer one")).await.expect("unlocked");
    assert!(instance.service.reveal(&again, &by_id(key.id), Reveal::default()).await.is_ok());
}

#[tokio::test]
async fn custody_changes_when_the_key_can_be_opened() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let key = by_id(instance.add_key(&ana, "Moves").await.id);
    let patch = async |custody: Custody, passphrase: Option<&str>| {
        let patch =
            KeyPatch { custody: Some(custody), passphrase: passphrase.map(secret), ..KeyPatch::default() };
        service.update_key(&ana, &key, patch, None).await.map(|key| key.custody)
    };
    let opens = async |passphrase: Option<&str>| {
        let how = Reveal { passphrase: passphrase.map(secret), ..Reveal::default() };
        service.reveal(&ana, &key, how).await.is_ok()
    };
    assert!(matches!(patch(Custody::Sealed, None).await, Err(Error::Invalid(_))), "nothing to seal to");
    service.set_passphrase(&ana, secret(PASSPHRASE), None).await.expect("set");
    assert_eq!(patch(Custody::Sealed, None).await.expect("the daemon opens it"), Custody::Sealed);
    assert!(!opens(None).await, "the daemon's own lock is gone");
    assert!(matches!(patch(Custody::Automation, None).await, Err(Error::Locked(Locked::Sealed))));
    service.unlock(&ana, secret(PASSPHRASE)).await.expect("unlocked");
    assert!(opens(None).await);
    assert!(
        matches!(patch(Custody::Private, None).await, Err(Error::Invalid(faults)) if faults[0].field == "passphrase")
    );
    assert_eq!(patch(Custody::Private, Some("its own one")).await.expect("unlocked"), Custody::Private);
    assert!(!opens(None).await && opens(Some("its own one")).await);
    assert!(matches!(patch(Custody::Automation, Some("a wrong one")).await, Err(Error::WrongPassphrase)));
    assert_eq!(patch(Custody::Automation, Some("its own one")).await.expect("opened"), Custody::Automation);
    assert!(opens(None).await);
    assert!(
        matches!(patch(Custody::Automation, Some("its own one")).await, Err(Error::Invalid(_))),
        "for nothing"
    );
}

#[tokio::test]
async fn a_token_on_a_sealed_key_works_while_everybody_is_locked() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    service.set_passphrase(&ana, secret(PASSPHRASE), None).await.expect("set");
    let key = instance.add_key(&ana, "Sealed").await;
    let new = || NewToken {
        name: "worker".to_owned(),
        keys: vec![key.key_id.clone()],
        scopes: vec![Scope::Fetch],
        ..NewToken::default()
    };
    assert!(matches!(service.create_token(&ana, new()).await, Err(Error::Locked(Locked::Sealed))));
    service.unlock(&ana, secret(PASSPHRASE)).await.expect("unlocked");
    let (_, text) = service.create_token(&ana, new()).await.expect("made");
    service.lock_again(&ana).await.expect("locked");
    let app = service.sign_in_with_bearer(ORIGIN, text.expose_secret()).expect("good");
    let fetched = service.fetch(&app, &by_id(key.id), None).await.expect("fetched");
    assert_eq!(fetched.value.expect("a value").expose_secret(), "sk-test-0123456789");
}
