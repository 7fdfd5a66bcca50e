//! What is sealed to a team: who is let in, who is out, and what waits for whom.

use keyward_keys::input::{NewToken, ProfileChange, Reveal, Theme};
use keyward_keys::view::{KeyView, SealedAccess, TeamView};
use keyward_keys::{Caller, Custody, Environment, Error, Event, Locked, Role, Scope};
use secrecy::{ExposeSecret, SecretString};

use crate::harness::{Instance, ORIGIN, by_id, eventually, secret};
use crate::teams::{joined, reveal, team, team_key};
use crate::unlock::{PASSPHRASE, unlocked};

/// Ana, unlocked, her team, and a key that is sealed to it.
async fn sealed_team(instance: &Instance) -> (Caller, TeamView, KeyView) {
    let ana = instance.ana().await;
    let team = team(instance, &ana).await;
    unlocked(instance, &ana).await;
    let key = team_key(instance, &ana, team.id, "Stripe").await;
    (ana, team, key)
}

#[tokio::test]
async fn a_newcomer_waits_for_somebody_to_unlock() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let (ana, team, key) = sealed_team(&instance).await;
    assert_eq!(key.custody, Custody::Sealed);
    service.lock_again(&ana).await.expect("locked");
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

    let mut events = instance.hears(&bob).await;
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
    let by_app = team_key(&instance, &ana, team.id, "By an app of his").await;
    let made = team_key(&instance, &bob, team.id, "Made by him").await;
    assert!(reveal(&instance, &bob, &seen).await.is_ok());
    let new = NewToken {
        name: "worker".to_owned(),
        keys: vec![unseen.key_id.clone()],
        scopes: vec![Scope::Fetch, Scope::Track],
        ..NewToken::default()
    };
    let (token, text) = service.create_token(&bob, new).await.expect("made");
    let for_all = NewToken {
        name: "all".to_owned(),
        team: Some(team.id),
        environment: Some(Environment::Development),
        scopes: vec![Scope::Fetch],
        ..NewToken::default()
    };
    let (revoked, text_of_revoked) = service.create_token(&bob, for_all).await.expect("made");
    let fetched = service.sign_in_with_bearer(ORIGIN, text_of_revoked.expose_secret()).expect("good");
    service.fetch(&fetched, &by_id(by_app.id), None).await.expect("fetched");
    let mut events = instance.hears(&bob).await;
    service.revoke_token(&bob, revoked.id).await.expect("revoked");
    while !matches!(events.next().await, Some(Event::TokenRevoked { .. })) {}
    let app = service.sign_in_with_bearer(ORIGIN, text.expose_secret()).expect("good");
    service.lock_again(&ana).await.expect("locked");

    let departure = service.remove_member(&ana, team.id, bob_id).await.expect("removed");
    assert_eq!(
        departure.rotate_now.iter().map(|key| (key.id, key.version)).collect::<Vec<_>>(),
        [(by_app.id, 1), (made.id, 1), (seen.id, 1)]
    );
    assert_eq!(departure.tokens.iter().map(|ended| ended.id).collect::<Vec<_>>(), [token.id]);
    assert!(!departure.marks_follow);
    assert!(service.key(&ana, &by_id(seen.id)).await.expect("hers").rotate_now);
    assert_eq!(service.mark_departures(&instance.system()).await.expect("ran"), 0, "all is marked");
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

    assert_eq!(service.team(&ana, team.id).await.expect("hers").rekeying, 4);
    let once = Reveal { passphrase: Some(secret(PASSPHRASE)), ..Reveal::default() };
    assert!(
        service.reveal(&ana, &by_id(seen.id), once).await.is_ok(),
        "she still opens what is sealed as before"
    );
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
    let (ana, team, key) = sealed_team(&instance).await;
    let ana_id = service.me(&ana).await.expect("me").id;
    service.lock_again(&ana).await.expect("locked");
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

#[tokio::test]
async fn whoever_is_unlocked_already_lets_others_in_at_once() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let (ana, team, key) = sealed_team(&instance).await;
    let (bob, bob_id) = joined(&instance, &ana, team.id, "bob", Role::Member).await;
    let (cleo, _) = joined(&instance, &ana, team.id, "cleo", Role::Member).await;
    unlocked(&instance, &bob).await;
    eventually("bob is let in", async || reveal(&instance, &bob, &key).await.is_ok()).await;
    // From now on there are two who can; each alone does it.
    service.lock_again(&ana).await.expect("locked");
    unlocked(&instance, &cleo).await;
    eventually("cleo is let in", async || reveal(&instance, &cleo, &key).await.is_ok()).await;
    service.remove_member(&ana, team.id, bob_id).await.expect("removed");
    let rekeying = async || service.team(&ana, team.id).await.expect("hers").rekeying;
    eventually("the key is locked again", async || rekeying().await == 0).await;
    assert!(reveal(&instance, &cleo, &key).await.is_ok());

    // An unlock that is over, or was ended, does nothing more.
    service.lock_again(&cleo).await.expect("locked");
    let (dan, _) = joined(&instance, &ana, team.id, "dan", Role::Member).await;
    unlocked(&instance, &dan).await;
    let waiting = service.team(&ana, team.id).await.expect("hers");
    assert_eq!((waiting.newcomers, waiting.access), (1, SealedAccess::Open));
}

/// A request's unlock lasts as long as the request, and does what waits before that is answered.
#[tokio::test]
async fn whoever_sends_an_unlock_along_lets_others_in() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    service.set_passphrase(&ana, secret(PASSPHRASE), None).await.expect("set");
    let key = team_key(&instance, &ana, team.id, "Stripe").await;
    let request = |token: SecretString| ana.clone().with_unlock(token);
    let token =
        service.unlock(&request(secret("none yet")), secret(PASSPHRASE)).await.expect("unlocked").unlock;
    let (bob, _) = joined(&instance, &ana, team.id, "bob", Role::Member).await;
    unlocked(&instance, &bob).await;
    service.let_others_in(&request(secret("kwu_nonsense"))).await;
    assert!(matches!(reveal(&instance, &bob, &key).await, Err(Error::Locked(Locked::Waiting(_)))));
    service.let_others_in(&request(token)).await;
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
