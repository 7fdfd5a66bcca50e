//! Fetching with a service token: what is recorded of it, and what is not.

use keyward_keys::input::{FetchMany, KeyPatch, KeyRef, NewToken};
use keyward_keys::view::NotFetched;
use keyward_keys::{Caller, Environment, Error, Scope};
use secrecy::{ExposeSecret, SecretString};

use crate::harness::{Instance, NOON, ORIGIN, by_id};

const DAY_MS: i64 = 24 * 3_600_000;

async fn token(instance: &Instance, person: &Caller, keys: Vec<String>) -> SecretString {
    let new = NewToken { name: "worker".to_owned(), keys, scopes: vec![Scope::Fetch], ..NewToken::default() };
    instance.service.create_token(person, new).await.expect("made").1
}

fn app(instance: &Instance, token: &SecretString) -> Caller {
    instance.service.sign_in_with_bearer(ORIGIN, token.expose_secret()).expect("good")
}

async fn records(instance: &Instance) -> u64 {
    instance.service.verify_audit(&instance.system(), None).await.expect("verified").records
}

#[tokio::test]
async fn the_first_fetch_of_a_token_key_and_day_is_audited_also_across_a_restart() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let (one, two) = (instance.add_key(&ana, "One").await, instance.add_key(&ana, "Two").await);
    let granted = || vec![one.key_id.clone(), two.key_id.clone()];
    let (first, second) = (token(&instance, &ana, granted()).await, token(&instance, &ana, granted()).await);
    let before = records(&instance).await;
    for key in [&one, &one, &two, &one] {
        instance.service.fetch(&app(&instance, &first), &by_id(key.id), None).await.expect("fetched");
    }
    assert_eq!(records(&instance).await, before + 2, "one for each key");
    instance.service.fetch(&app(&instance, &second), &by_id(one.id), None).await.expect("fetched");
    assert_eq!(records(&instance).await, before + 3, "and one for each token");

    let instance = instance.reopen().await;
    instance.service.fetch(&app(&instance, &first), &by_id(one.id), None).await.expect("fetched");
    assert_eq!(records(&instance).await, before + 3, "a restart is no new day");
    instance.clock.set(NOON + DAY_MS);
    instance.service.fetch(&app(&instance, &first), &by_id(one.id), None).await.expect("fetched");
    assert_eq!(records(&instance).await, before + 4, "and midnight is");
    instance.clock.set(NOON + DAY_MS - 1);
    instance.service.fetch(&app(&instance, &first), &by_id(one.id), None).await.expect("fetched");
    instance.clock.set(NOON - 1);
    instance.service.fetch(&app(&instance, &first), &by_id(one.id), None).await.expect("fetched");
    assert_eq!(records(&instance).await, before + 4, "a day that is over does not begin again");
}

#[tokio::test]
async fn fetches_at_the_same_moment_wait_for_one_record() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "One").await;
    let token = token(&instance, &ana, vec![key.key_id.clone()]).await;
    let before = records(&instance).await;
    let fetches: Vec<_> = (0..20)
        .map(|_| {
            let (service, app, key) = (instance.service.clone(), app(&instance, &token), by_id(key.id));
            tokio::spawn(async move { service.fetch(&app, &key, None).await.map(drop) })
        })
        .collect();
    for fetch in fetches {
        fetch.await.expect("ends").expect("fetched");
    }
    assert_eq!(records(&instance).await, before + 1);
}

#[tokio::test]
async fn what_an_app_has_is_neither_opened_nor_recorded() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "One").await;
    let token = token(&instance, &ana, vec![key.key_id.clone()]).await;
    let before = records(&instance).await;
    let same =
        instance.service.fetch(&app(&instance, &token), &by_id(key.id), Some(1)).await.expect("looked");
    assert!(same.value.is_none() && same.version == 1);
    assert_eq!(records(&instance).await, before);
    let other =
        instance.service.fetch(&app(&instance, &token), &by_id(key.id), Some(2)).await.expect("fetched");
    assert!(other.value.is_some());
}

#[tokio::test]
async fn a_name_in_an_environment_is_found_among_what_was_granted() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let (one, two) = (instance.add_key(&ana, "Same").await, instance.add_key(&ana, "same").await);
    let only = app(&instance, &token(&instance, &ana, vec![one.key_id.clone()]).await);
    let both = app(&instance, &token(&instance, &ana, vec![one.key_id.clone(), two.key_id.clone()]).await);
    let named = |environment, name: &str| KeyRef::InEnvironment(environment, name.to_owned());
    let here = named(Environment::Development, " SAME");
    assert_eq!(instance.service.fetch(&only, &here, None).await.expect("fetched").id, one.id);
    assert!(matches!(instance.service.fetch(&both, &here, None).await, Err(Error::Conflict(_))));
    let elsewhere = named(Environment::Production, "same");
    assert!(matches!(instance.service.fetch(&only, &elsewhere, None).await, Err(Error::NotFound("key"))));
    // An id is no name.
    let id = named(Environment::Development, &one.id.to_string());
    assert!(matches!(instance.service.fetch(&only, &id, None).await, Err(Error::NotFound("key"))));

    let what = FetchMany { environment: Some(Environment::Development), ..FetchMany::default() };
    let all = instance.service.fetch_many(&both, what).await.expect("answered");
    assert_eq!(all.len(), 2);
    let what = FetchMany { keys: vec![here, by_id(two.id)], ..FetchMany::default() };
    let mixed = instance.service.fetch_many(&both, what).await.expect("answered");
    let refused = mixed[0].as_ref().err().expect("refused");
    assert!(matches!(refused, NotFetched { key: None, error: Error::Conflict(_) }) && mixed[1].is_ok());
    let off = KeyPatch { frozen: Some(true), ..KeyPatch::default() };
    instance.service.update_key(&ana, &by_id(two.id), off, None).await.expect("frozen");
    let what = FetchMany { keys: vec![by_id(two.id)], ..FetchMany::default() };
    let refused = instance.service.fetch_many(&both, what).await.expect("answered").remove(0);
    let refused = refused.err().expect("refused");
    assert!(matches!(refused.error, Error::KeyInactive));
    assert_eq!(refused.key, Some((two.id, two.name)));
}
