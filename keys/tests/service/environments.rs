//! Environments of a team, and the service tokens that are for one.

use keyward_keys::input::{KeyPatch, NewKey, NewTeam, NewToken, TeamPatch};
use keyward_keys::{Caller, Custody, Environment, Error, Id, Locked, Plan, Scope};
use secrecy::ExposeSecret;

use crate::harness::{Instance, ORIGIN, by_id, new_key, secret};
use crate::teams::{team, team_key};
use crate::unlock::{PASSPHRASE, unlocked};

fn for_environment(team: Id, environment: Environment) -> NewToken {
    NewToken {
        name: "worker".to_owned(),
        team: Some(team),
        environment: Some(environment),
        scopes: vec![Scope::Fetch],
        ..NewToken::default()
    }
}

#[tokio::test]
async fn a_team_names_its_environments() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let only = vec![Environment::Production, Environment::Staging, Environment::Production];
    let new = NewTeam { environments: Some(only), name: "Ops".to_owned(), ..NewTeam::default() };
    let team = service.create_team(&ana, new).await.expect("a team");
    assert_eq!(team.environments, [Environment::Staging, Environment::Production]);
    let new = |environment| NewKey { team: Some(team.id), environment, ..new_key("Key") };
    let outside = service.create_key(&ana, new(Some(Environment::Development))).await;
    assert!(matches!(outside, Err(Error::Invalid(faults)) if faults[0].field == "environment"));
    let key = service.create_key(&ana, new(None)).await.expect("a key");
    assert_eq!(key.environment, Environment::Staging, "the first that the team has");
    let change = KeyPatch { environment: Some(Environment::Development), ..KeyPatch::default() };
    assert!(matches!(service.update_key(&ana, &by_id(key.id), change, None).await, Err(Error::Invalid(_))));
    let own = instance.add_key(&ana, "Own").await;
    let into = KeyPatch { team: Some(Some(team.id)), ..KeyPatch::default() };
    assert!(matches!(
        service.update_key(&ana, &by_id(own.id), into.clone(), None).await,
        Err(Error::Invalid(_))
    ));
    let both = KeyPatch { environment: Some(Environment::Production), ..into };
    assert!(service.update_key(&ana, &by_id(own.id), both, None).await.is_ok());
    let fewer = TeamPatch { environments: Some(vec![Environment::Production]), ..TeamPatch::default() };
    assert!(matches!(service.update_team(&ana, team.id, fewer).await, Err(Error::Conflict(_))));
    let none = TeamPatch { environments: Some(vec![]), ..TeamPatch::default() };
    assert!(matches!(service.update_team(&ana, team.id, none).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn a_token_for_an_environment_fetches_sealed_keys_that_come_later() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    unlocked(&instance, &ana).await;
    let token = |environment| for_environment(team.id, environment);
    let (_, text) = service.create_token(&ana, token(Environment::Development)).await.expect("made");
    let (_, other) = service.create_token(&ana, token(Environment::Production)).await.expect("made");
    let key = team_key(&instance, &ana, team.id, "Later").await;
    service.lock_again(&ana).await.expect("locked");
    let app = service.sign_in_with_bearer(ORIGIN, text.expose_secret()).expect("good");
    let fetched = service.fetch(&app, &by_id(key.id), None).await.expect("fetched");
    assert_eq!(fetched.value.expect("a value").expose_secret(), "sk-test-0123456789");
    let other = service.sign_in_with_bearer(ORIGIN, other.expose_secret()).expect("good");
    assert!(matches!(service.fetch(&other, &by_id(key.id), None).await, Err(Error::NotFound("key"))));
}

/// Two tokens, one for each environment, and a key that goes to and fro.
#[tokio::test]
async fn a_key_that_changes_its_environment_changes_the_tokens_that_open_it() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    unlocked(&instance, &ana).await;
    let app = async |environment| {
        let new = for_environment(team.id, environment);
        let (_, text) = service.create_token(&ana, new).await.expect("made");
        service.sign_in_with_bearer(ORIGIN, text.expose_secret()).expect("good")
    };
    let (development, production) = (app(Environment::Development).await, app(Environment::Production).await);
    let key = by_id(team_key(&instance, &ana, team.id, "Stripe").await.id);
    let to = async |environment| {
        let patch = KeyPatch { environment: Some(environment), ..KeyPatch::default() };
        service.update_key(&ana, &key, patch, None).await.expect("changed");
    };
    let opens =
        async |app: &Caller| service.fetch(app, &key, None).await.map(|fetched| fetched.value.is_some());
    assert!(opens(&development).await.expect("fetched"));
    to(Environment::Production).await;
    assert!(opens(&production).await.expect("fetched"));
    assert!(matches!(opens(&development).await, Err(Error::NotFound("key"))));

    // Nobody is unlocked: what it left has lost it already, what it comes to waits.
    service.lock_again(&ana).await.expect("locked");
    to(Environment::Staging).await;
    to(Environment::Production).await;
    assert!(matches!(opens(&production).await, Err(Error::Locked(Locked::TokenWaits))));
    let tokens = service.key_access(&ana, &key).await.expect("the answers").tokens;
    assert_eq!(tokens.iter().map(|token| token.opens).collect::<Vec<_>>(), [false]);
    service.unlock(&ana, secret(PASSPHRASE)).await.expect("unlocked");
    assert!(opens(&production).await.expect("fetched"));
    let tokens = service.key_access(&ana, &key).await.expect("the answers").tokens;
    assert_eq!(tokens.iter().map(|token| token.opens).collect::<Vec<_>>(), [true]);
}

#[tokio::test]
async fn a_key_that_moves_opens_for_the_tokens_of_where_it_comes_to() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    unlocked(&instance, &ana).await;
    let own = NewToken { team: None, ..for_environment(team.id, Environment::Development) };
    let mut apps = Vec::new();
    for new in [own, for_environment(team.id, Environment::Development)] {
        let (_, text) = service.create_token(&ana, new).await.expect("made");
        apps.push(service.sign_in_with_bearer(ORIGIN, text.expose_secret()).expect("good"));
    }
    let key = by_id(instance.add_key(&ana, "Stripe").await.id);
    for (to, opens, closed) in
        [(Some(team.id), &apps[1], &apps[0]), (None, &apps[0], &apps[1]), (Some(team.id), &apps[1], &apps[0])]
    {
        let patch = KeyPatch { team: Some(to), ..KeyPatch::default() };
        service.update_key(&ana, &key, patch, None).await.expect("moved");
        assert!(service.fetch(opens, &key, None).await.expect("fetched").value.is_some());
        assert!(matches!(service.fetch(closed, &key, None).await, Err(Error::NotFound("key"))));
    }
}

/// A token that needed no lock of its own has none when the daemon's is gone, although it has read the key before.
#[tokio::test]
async fn a_key_that_becomes_private_closes_to_the_tokens_of_its_environment() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    let new = for_environment(team.id, Environment::Development);
    let (_, text) = service.create_token(&ana, new).await.expect("made");
    let app = service.sign_in_with_bearer(ORIGIN, text.expose_secret()).expect("good");
    let key = by_id(team_key(&instance, &ana, team.id, "Stripe").await.id);
    assert!(service.fetch(&app, &key, None).await.is_ok());
    let private = KeyPatch {
        custody: Some(Custody::Private),
        passphrase: Some(secret("its own passphrase")),
        ..KeyPatch::default()
    };
    service.update_key(&ana, &key, private, None).await.expect("changed");
    assert!(matches!(service.fetch(&app, &key, None).await, Err(Error::Locked(Locked::NoLock))));
}

#[tokio::test]
async fn a_token_is_for_an_environment_that_the_team_has() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let only = Some(vec![Environment::Production]);
    let new = NewTeam { environments: only, name: "Ops".to_owned(), ..NewTeam::default() };
    let team = service.create_team(&ana, new).await.expect("a team");
    let made = service.create_token(&ana, for_environment(team.id, Environment::Staging)).await;
    assert!(matches!(made, Err(Error::Invalid(faults)) if faults[0].field == "environment"));
    assert!(service.create_token(&ana, for_environment(team.id, Environment::Production)).await.is_ok());

    // A stranger is not told whether there are keys.
    let (eve, _) = instance.person("eve", Plan::Free).await;
    let new = NewKey { team: Some(team.id), ..new_key("Stripe") };
    service.create_key(&ana, new).await.expect("a key");
    let made = service.create_token(&eve, for_environment(team.id, Environment::Production)).await;
    assert!(matches!(made, Err(Error::NotFound("team"))));
}
