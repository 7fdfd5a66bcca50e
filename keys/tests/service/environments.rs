//! Environments of a team, and the service tokens that are for one.

use keyward_keys::input::{KeyPatch, NewKey, NewTeam, NewToken, TeamPatch};
use keyward_keys::{Environment, Error, Scope};
use secrecy::ExposeSecret;

use crate::harness::{Instance, ORIGIN, by_id};
use crate::teams::{team, team_key};
use crate::unlock::unlocked;

#[tokio::test]
async fn a_team_names_its_environments() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let only = vec![Environment::Production, Environment::Staging, Environment::Production];
    let new = NewTeam { name: "Ops".to_owned(), environments: Some(only) };
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
    let fewer = TeamPatch { name: None, environments: Some(vec![Environment::Production]) };
    assert!(matches!(service.update_team(&ana, team.id, fewer).await, Err(Error::Conflict(_))));
    let none = TeamPatch { name: None, environments: Some(vec![]) };
    assert!(matches!(service.update_team(&ana, team.id, none).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn a_token_for_an_environment_fetches_sealed_keys_that_come_later() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    unlocked(&instance, &ana).await;
    let token = |environment| NewToken {
        name: "worker".to_owned(),
        team: Some(team.id),
        environment: Some(environment),
        scopes: vec![Scope::Fetch],
        ..NewToken::default()
    };
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
