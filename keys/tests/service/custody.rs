use keyward_keys::input::{KeyPatch, KeyRef, NewKey, NewToken, Reveal};
use keyward_keys::view::{Fetched, KeyStatus, Revealed};
use keyward_keys::{Custody, Error, Locked, Plan, Scope};
use secrecy::ExposeSecret;

use crate::harness::{Instance, NOON, ORIGIN, by_id, new_key, secret};

fn value(revealed: &Revealed) -> &str {
    revealed.value.expose_secret()
}

fn fetched(fetched: &Fetched) -> &str {
    fetched.value.as_ref().expect("a value").expose_secret()
}

fn with(passphrase: &str) -> Reveal {
    Reveal { passphrase: Some(secret(passphrase)), ..Reveal::default() }
}

#[tokio::test]
async fn a_private_key_opens_with_its_passphrase_alone() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let new = NewKey { passphrase: Some(secret("mySecurePassphrase")), ..new_key("Private") };
    let key = service.create_key(&ana, new).await.expect("a key");
    assert_eq!(key.custody, Custody::Private);
    let locked = service.reveal(&ana, &by_id(key.id), Reveal::default()).await;
    assert!(matches!(locked, Err(Error::Locked(Locked::Private))));
    let wrong = service.reveal(&ana, &by_id(key.id), with("mySecurePassphrasf")).await;
    assert!(matches!(wrong, Err(Error::WrongPassphrase)));
    let opened = service.reveal(&ana, &by_id(key.id), with("mySecurePassphrase")).await.expect("opens");
    assert_eq!((value(&opened), opened.version), ("sk-test-0123456789", 1));
    let missing = Reveal { version: Some(2), ..with("mySecurePassphrase") };
    assert!(matches!(service.reveal(&ana, &by_id(key.id), missing).await, Err(Error::NotFound("version"))));
}

#[tokio::test]
async fn an_automation_key_opens_for_its_people_and_each_reveal_is_recorded_first() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Automation").await;
    let before = service.verify_audit(&instance.system(), None).await.expect("verified").records;
    let opened = service.reveal(&ana, &by_id(key.id), Reveal::default()).await.expect("opens");
    assert_eq!(value(&opened), "sk-test-0123456789");
    let after = service.verify_audit(&instance.system(), None).await.expect("verified");
    assert_eq!((after.records, after.fault), (before + 1, None));
}

#[tokio::test]
async fn a_token_fetches_exactly_the_keys_it_was_granted() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let granted = instance.add_key(&ana, "Granted").await;
    let private = NewKey { passphrase: Some(secret("its own passphrase")), ..new_key("Private") };
    let private = service.create_key(&ana, private).await.expect("a key");
    let other = instance.add_key(&ana, "Other").await;
    let new = |passphrase: Option<&str>| NewToken {
        name: "worker".to_owned(),
        keys: vec![granted.key_id.clone(), private.id.to_string()],
        scopes: vec![Scope::Fetch],
        passphrase: passphrase.map(secret),
        ..NewToken::default()
    };
    assert!(matches!(service.create_token(&ana, new(None)).await, Err(Error::Locked(Locked::Private))));
    assert!(matches!(
        service.create_token(&ana, new(Some("wrong passphrase"))).await,
        Err(Error::WrongPassphrase)
    ));
    let (token, text) = service.create_token(&ana, new(Some("its own passphrase"))).await.expect("made");
    let app = service.sign_in_with_bearer(ORIGIN, text.expose_secret()).expect("good");
    for key in [&granted, &private] {
        // Cold, then warm: the same value by two ways.
        for _ in 0..2 {
            assert_eq!(
                fetched(&service.fetch(&app, &by_id(key.id), None).await.expect("fetched")),
                "sk-test-0123456789"
            );
        }
    }
    assert!(matches!(service.fetch(&app, &by_id(other.id), None).await, Err(Error::NotFound("key"))));
    assert!(matches!(service.delete_key(&app, &by_id(granted.id), None).await, Err(Error::Forbidden(_))));
    let track = service.track(&app, &by_id(granted.id), Default::default()).await;
    assert!(matches!(track, Err(Error::Forbidden(_))));

    let off = KeyPatch { status: Some(KeyStatus::Inactive), ..KeyPatch::default() };
    service.update_key(&ana, &by_id(granted.id), off, None).await.expect("switched off");
    assert!(matches!(service.fetch(&app, &by_id(granted.id), None).await, Err(Error::KeyInactive)));

    service.revoke_token(&ana, token.id).await.expect("revoked");
    assert!(service.sign_in_with_bearer(ORIGIN, text.expose_secret()).is_err());
    assert!(!service.still_valid(&app));
    assert!(service.fetch(&app, &by_id(private.id), None).await.is_err());
}

#[tokio::test]
async fn a_token_expires_and_belongs_to_who_made_it() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let (bob, _) = instance.person("bob", Plan::Free).await;
    let key = instance.add_key(&ana, "Billing").await;
    let new = |keys: Vec<String>| NewToken {
        name: "worker".to_owned(),
        keys,
        scopes: vec![Scope::Fetch, Scope::Track],
        expires_at: Some(jiff::Timestamp::from_millisecond(NOON + 60_000).expect("a time")),
        ..NewToken::default()
    };
    let (token, text) = service.create_token(&ana, new(vec![key.key_id.clone()])).await.expect("made");
    assert!(matches!(
        service.create_token(&bob, new(vec![key.key_id.clone()])).await,
        Err(Error::Invalid(_))
    ));
    assert!(matches!(service.revoke_token(&bob, token.id).await, Err(Error::NotFound("token"))));
    assert_eq!(service.tokens(&ana).await.expect("listed"), [token]);
    assert!(service.tokens(&bob).await.expect("listed").is_empty());
    instance.clock.set(NOON + 60_000);
    assert!(service.sign_in_with_bearer(ORIGIN, text.expose_secret()).is_err());
}

#[tokio::test]
async fn no_value_name_or_email_is_readable_in_the_file() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let new = NewKey { value: secret("CANARY7f3a-value"), ..new_key("CANARY7f3a-name") };
    let key = instance.service.create_key(&ana, new).await.expect("a key");
    instance.service.reveal(&ana, &KeyRef::Id(key.key_id), Reveal::default()).await.expect("opens");
    instance.service.close().await.expect("closes");
    for entry in std::fs::read_dir(instance.folder.path()).expect("a folder") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("readable");
        for needle in ["CANARY7f3a", "ana@example.com"] {
            let hit =
                bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle.as_bytes()));
            assert!(!hit, "{needle} is in the file");
        }
    }
}
