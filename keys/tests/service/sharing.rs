//! What is sealed to a team: who is let in, who is out, and what waits for whom.

use keyward_keys::input::{NewToken, ProfileChange, Theme};
use keyward_keys::view::SealedAccess;
use keyward_keys::{Custody, Error, Event, Locked, Role, Scope};
use secrecy::ExposeSecret;

use crate::harness::{Instance, ORIGIN, by_id, secret};
use crate::teams::{joined, reveal, team, team_key};
use crate::unlock::{PASSPHRASE, unlocked};

#[tokio::test]
async fn a_newcomer_waits_for_somebody_to_unlock() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    unlocked(&instance, &ana).await;
    let key = team_key(&instance, &ana, team.id, "Stripe").await;
    assert_eq!(key.custody, Custody::Sealed);
    let (bob, _) = joined(&instance, &ana, team.id, "bob", Role::Member).await;
    let (vic, _) = joined(&instance, &ana, team.id, "vic", Role::Viewer).await;
    assert!(service.key(&bob, &by_id(key.id)).await.is_ok(), "sees the key's page");
    assert!(matches!(reveal(&instance, &bob, &key).await, Err(Error::Locked(Locked::NoPassphrase))));
    unlocked(&instance, &bob).await;
    unlocked(&instance, &vic).await;
    let Err(error @ Error::Locked(Locked::Waiting(_))) = reveal(&instance, &bob, &key).await else {
        panic!("waits")
    };
    assert_eq!(
        error.to_string(),
        "this is sealed, and you are let in once ana unlocks; until then it stays closed to you"
    );
    let access = async |of: &str| {
        let members = service.members(&ana, team.id).await.expect("listed");
        members.into_iter().find(|member| member.login == of).expect("a member").access
    };
    assert_eq!(access("bob").await, SealedAccess::Pending);

    let mut events = service.subscribe(&bob).expect("hears");
    service.unlock(&ana, secret(PASSPHRASE)).await.expect("unlocked");
    assert!(matches!(events.next().await, Some(Event::AccountChanged { .. })), "his sessions look again");
    assert_eq!((access("bob").await, access("vic").await), (SealedAccess::Open, SealedAccess::None));
    assert_eq!(reveal(&instance, &bob, &key).await.expect("let in"), "sk-test-0123456789");
    let other = team_key(&instance, &bob, team.id, "Adyen").await;
    assert!(reveal(&instance, &ana, &other).await.is_ok(), "what he seals, she opens");
    assert!(matches!(reveal(&instance, &vic, &key).await, Err(Error::Forbidden(_))));
}

#[tokio::test]
async fn who_is_removed_is_out_at_once_and_what_they_saw_is_to_be_rotated() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    let (bob, bob_id) = joined(&instance, &ana, team.id, "bob", Role::Admin).await;
    unlocked(&instance, &bob).await;
    unlocked(&instance, &ana).await;
    let seen = team_key(&instance, &ana, team.id, "Seen").await;
    let unseen = team_key(&instance, &ana, team.id, "Unseen").await;
    assert!(reveal(&instance, &bob, &seen).await.is_ok());
    let new = NewToken {
        name: "worker".to_owned(),
        keys: vec![unseen.key_id.clone()],
        scopes: vec![Scope::Fetch, Scope::Track],
        ..NewToken::default()
    };
    let (token, text) = service.create_token(&bob, new).await.expect("made");
    let app = service.sign_in_with_bearer(ORIGIN, text.expose_secret()).expect("good");
    let mut events = service.subscribe(&bob).expect("hears");

    let departure = service.remove_member(&ana, team.id, bob_id).await.expect("removed");
    assert_eq!(
        departure.rotate_now.iter().map(|key| (key.id, key.version)).collect::<Vec<_>>(),
        [(seen.id, 1)]
    );
    assert_eq!(departure.tokens.iter().map(|ended| ended.id).collect::<Vec<_>>(), [token.id]);
    assert!(service.key(&ana, &by_id(seen.id)).await.expect("hers").rotate_now);
    assert!(!service.key(&ana, &by_id(unseen.id)).await.expect("hers").rotate_now);
    for key in [&seen, &unseen] {
        assert!(matches!(reveal(&instance, &bob, key).await, Err(Error::NotFound("key"))));
        assert!(matches!(service.fetch(&app, &by_id(key.id), None).await, Err(Error::NotFound("key"))));
        assert!(matches!(
            service.track(&app, &by_id(key.id), Default::default()).await,
            Err(Error::NotFound("key"))
        ));
    }
    assert!(matches!(events.next().await, Some(Event::AccountChanged { account }) if account == bob_id));
    service.track(&ana, &by_id(seen.id), Default::default()).await.expect("tracked");
    team_key(&instance, &ana, team.id, "Later").await;
    let dark = ProfileChange { theme: Some(Theme::Dark), ..Default::default() };
    service.change_profile(&bob, dark).await.expect("changed");
    let heard = events.next().await;
    assert!(matches!(heard, Some(Event::AccountChanged { .. })), "nothing of the team in between: {heard:?}");

    assert_eq!(service.team(&ana, team.id).await.expect("hers").rekeying, 2);
    assert!(reveal(&instance, &ana, &seen).await.is_ok(), "she still opens what is sealed as before");
    service.unlock(&ana, secret(PASSPHRASE)).await.expect("unlocked");
    assert_eq!(service.team(&ana, team.id).await.expect("hers").rekeying, 0);
    for key in [&seen, &unseen] {
        assert!(reveal(&instance, &ana, key).await.is_ok());
    }
}

#[tokio::test]
async fn the_only_one_who_can_open_sealed_keys_stays_until_another_can() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let ana_id = service.me(&ana).await.expect("me").id;
    let team = team(&instance, &ana).await;
    unlocked(&instance, &ana).await;
    let key = team_key(&instance, &ana, team.id, "Stripe").await;
    let (bob, _) = joined(&instance, &ana, team.id, "bob", Role::Owner).await;
    assert!(matches!(service.leave_team(&ana, team.id).await, Err(Error::Conflict(_))));
    unlocked(&instance, &bob).await;
    assert!(matches!(service.remove_member(&bob, team.id, ana_id).await, Err(Error::Conflict(_))));
    assert!(matches!(
        service.change_role(&bob, team.id, ana_id, Role::Viewer).await,
        Err(Error::Conflict(_))
    ));
    service.unlock(&ana, secret(PASSPHRASE)).await.expect("unlocked");
    service.remove_member(&bob, team.id, ana_id).await.expect("removed");
    assert!(reveal(&instance, &bob, &key).await.is_ok());
}

/// What lies in the bin keeps nobody: neither whoever goes with the only key to it, nor those who come later.
#[tokio::test]
async fn what_nobody_can_open_any_more_keeps_nobody_out() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    let (bob, bob_id) = joined(&instance, &ana, team.id, "bob", Role::Member).await;
    unlocked(&instance, &bob).await;
    let lost = team_key(&instance, &bob, team.id, "Lost").await;
    service.delete_key(&ana, &by_id(lost.id), None).await.expect("in the bin");
    service.remove_member(&ana, team.id, bob_id).await.expect("removed");

    unlocked(&instance, &ana).await;
    let key = team_key(&instance, &ana, team.id, "Stripe").await;
    let (cleo, _) = joined(&instance, &ana, team.id, "cleo", Role::Member).await;
    unlocked(&instance, &cleo).await;
    service.unlock(&ana, secret(PASSPHRASE)).await.expect("unlocked");
    assert_eq!(service.team(&ana, team.id).await.expect("hers").rekeying, 0);
    assert!(reveal(&instance, &cleo, &key).await.is_ok());
}
