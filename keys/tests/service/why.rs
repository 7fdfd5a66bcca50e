//! Who may do what with a key, and why.

use keyward_keys::input::{KeyPatch, NewToken, Reveal};
use keyward_keys::view::{AccessAction, SealedAccess};
use keyward_keys::{Caller, Error, Id, Plan, Role, Scope};
use secrecy::ExposeSecret;

use crate::harness::{Instance, ORIGIN, by_id, secret};
use crate::teams::{joined, team, team_key};
use crate::unlock::{PASSPHRASE, unlocked};

#[tokio::test]
async fn anybody_who_sees_a_key_can_ask_who_may_what_and_why() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    unlocked(&instance, &ana).await;
    let (bob, bob_id) = joined(&instance, &ana, team.id, "bob", Role::Member).await;
    let (vic, vic_id) = joined(&instance, &ana, team.id, "vic", Role::Viewer).await;
    let (eve, eve_view) = instance.person("eve", Plan::Free).await;
    let key = team_key(&instance, &ana, team.id, "Stripe").await;
    let new = NewToken {
        name: "worker".to_owned(),
        keys: vec![key.key_id.clone()],
        scopes: vec![Scope::Fetch],
        ..NewToken::default()
    };
    let (token, text) = service.create_token(&ana, new).await.expect("made");
    service.lock_again(&ana).await.expect("locked");
    service.set_passphrase(&bob, secret(PASSPHRASE), None).await.expect("set");
    let ask = async |caller: &Caller, action: AccessAction, user: Option<Id>| {
        let answer = service.may(caller, &by_id(key.id), action, user).await.expect("an answer");
        (answer.allowed, answer.why)
    };
    for (caller, action, user, allowed, why) in [
        (&vic, AccessAction::See, None, true, "you may, because you are a viewer of Payments"),
        (
            &vic,
            AccessAction::Reveal,
            None,
            false,
            "you may not, because revealing its value is for members, admins and owners, and you are a viewer of Payments",
        ),
        (
            &vic,
            AccessAction::Reveal,
            Some(bob_id),
            true,
            "bob may, because they are a member of Payments; it is sealed, and stays closed until ana unlocks",
        ),
        (
            &bob,
            AccessAction::Change,
            None,
            false,
            "you may not, because changing it is for admins and owners, and you are a member of Payments",
        ),
        (
            &ana,
            AccessAction::Reveal,
            None,
            true,
            "you may, because you are an owner of Payments; it is sealed, and opens after an unlock",
        ),
        (
            &ana,
            AccessAction::Fetch,
            Some(vic_id),
            false,
            "vic may not, because fetching its value is for service tokens with the scope fetch, and they are a viewer of Payments",
        ),
    ] {
        assert_eq!(ask(caller, action, user).await, (allowed, why.to_owned()));
    }
    let whom = service.may(&bob, &by_id(key.id), AccessAction::See, Some(eve_view.id)).await;
    assert!(matches!(whom, Err(Error::NotFound("member"))));
    let asked = service.may(&eve, &by_id(key.id), AccessAction::See, None).await;
    assert!(matches!(asked, Err(Error::NotFound("key"))));

    let access = service.key_access(&vic, &by_id(key.id)).await.expect("the answers");
    assert!(!access.daemon);
    let may: Vec<(&str, usize, SealedAccess)> =
        access.people.iter().map(|person| (person.name.as_str(), person.may.len(), person.sealed)).collect();
    let (open, pending, none) = (SealedAccess::Open, SealedAccess::Pending, SealedAccess::None);
    assert_eq!(may, [("ana", 7, open), ("bob", 3, pending), ("vic", 1, none)]);
    assert_eq!(access.tokens.iter().map(|token| token.id).collect::<Vec<_>>(), [token.id]);
    assert_eq!(access.tokens[0].may, [AccessAction::See, AccessAction::Fetch]);
    assert!(access.tokens[0].opens);
    let app = service.sign_in_with_bearer(ORIGIN, text.expose_secret()).expect("good");
    assert!(matches!(service.key_access(&app, &by_id(key.id)).await, Err(Error::Forbidden(_))));
}

/// Each answer is what really happens: the words come from the table that decides.
#[tokio::test]
async fn the_answers_are_what_happens() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    for (login, role) in [("ada", Role::Admin), ("mia", Role::Member), ("vic", Role::Viewer)] {
        let (caller, _) = joined(&instance, &ana, team.id, login, role).await;
        let key = by_id(team_key(&instance, &ana, team.id, "Key").await.id);
        let rename = KeyPatch { name: Some("New".to_owned()), ..KeyPatch::default() };
        let home = KeyPatch { team: Some(None), ..KeyPatch::default() };
        let mut said = Vec::new();
        for action in AccessAction::ALL {
            said.push(service.may(&caller, &key, action, None).await.expect("an answer").allowed);
        }
        let happened = [
            service.key(&caller, &key).await.is_ok(),
            service.reveal(&caller, &key, Reveal::default()).await.is_ok(),
            service.update_key(&caller, &key, rename, None).await.is_ok(),
            // There is no rotation to try yet: admins and owners, like a change.
            role >= Role::Admin,
            service.update_key(&caller, &key, home.clone(), None).await.is_ok(),
            service.delete_key(&caller, &key, None).await.is_ok(),
            service.fetch(&caller, &key, None).await.is_ok(),
        ];
        assert_eq!(said[..7], happened, "{login}");
    }
}
