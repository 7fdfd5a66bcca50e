use keyward_keys::view::SessionKind;
use keyward_keys::{Error, Event};
use secrecy::{ExposeSecret, SecretString};

use crate::harness::{Instance, NOON, ORIGIN};

#[tokio::test]
async fn a_bearer_token_is_good_until_it_ends_or_its_session_does() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let tokens = service.issue_tokens(&ana, None).await.expect("tokens");
    let bearer = tokens.token.expose_secret();
    let caller = service.sign_in_with_bearer(ORIGIN, bearer).expect("good");
    assert_eq!(caller.account(), ana.account());
    assert!(service.sign_in_with_bearer(ORIGIN, &bearer[..bearer.len() - 1]).is_err());

    instance.clock.set(NOON + 3_600_000 + 6_000);
    assert!(service.sign_in_with_bearer(ORIGIN, bearer).is_err());
    instance.clock.set(NOON);
    service.sign_in_with_bearer(ORIGIN, bearer).expect("good again");
    service.sign_out(&caller).await.expect("signed out");
    assert!(service.sign_in_with_bearer(ORIGIN, bearer).is_err());
    assert!(!service.still_valid(&caller));
}

#[tokio::test]
async fn a_refresh_token_has_one_successor_and_a_late_repeat_ends_the_session() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let first = service.issue_tokens(&ana, None).await.expect("tokens");
    let second = service.refresh(ORIGIN, copy(&first.refresh_token)).await.expect("refreshed");
    instance.clock.set(NOON + 10_000);
    let repeated = service.refresh(ORIGIN, copy(&first.refresh_token)).await.expect("within 10 s");
    assert_eq!(repeated.refresh_token.expose_secret(), second.refresh_token.expose_secret());
    service.sign_in_with_bearer(ORIGIN, repeated.token.expose_secret()).expect("good");

    let third = service.refresh(ORIGIN, copy(&second.refresh_token)).await.expect("refreshed");
    // Two generations back: still recognised as a copy, and the whole session ends.
    let stolen = service.refresh(ORIGIN, copy(&first.refresh_token)).await;
    assert!(matches!(stolen, Err(Error::Unauthenticated)));
    assert!(service.refresh(ORIGIN, copy(&third.refresh_token)).await.is_err());
    assert!(service.sign_in_with_bearer(ORIGIN, third.token.expose_secret()).is_err());
}

#[tokio::test]
async fn sessions_that_ended_are_removed() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    instance.service.issue_tokens(&ana, None).await.expect("tokens");
    assert_eq!(instance.service.end_expired_sessions(&instance.system()).await.expect("ran"), 0);
    instance.clock.set(NOON + 8 * 24 * 3_600_000);
    assert_eq!(instance.service.end_expired_sessions(&instance.system()).await.expect("ran"), 1);
}

#[tokio::test]
async fn a_session_ends_after_its_longest_time_however_often_it_is_refreshed() {
    const DAY_MS: i64 = 24 * 3_600_000;
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let mut tokens = instance.service.issue_tokens(&ana, None).await.expect("tokens");
    for day in [6, 9] {
        instance.clock.set(NOON + day * DAY_MS);
        tokens = instance.service.refresh(ORIGIN, copy(&tokens.refresh_token)).await.expect("refreshed");
    }
    instance.clock.set(NOON + 10 * DAY_MS);
    assert!(instance.service.refresh(ORIGIN, copy(&tokens.refresh_token)).await.is_err());
}

#[tokio::test]
async fn sessions_are_listed_with_where_and_when_and_end_one_by_one() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let (bob, _) = instance.person("bob", keyward_keys::Plan::Free).await;
    let first = service.issue_tokens(&ana, Some("curl/8.7\u{1b}[31m")).await.expect("tokens");
    let second = service.issue_tokens(&ana, None).await.expect("tokens");
    instance.clock.set(NOON + 60_000);
    let caller = service.sign_in_with_bearer(ORIGIN, first.token.expose_secret()).expect("good");
    let sessions = service.sessions(&caller).await.expect("listed");
    let seen: Vec<_> = sessions
        .iter()
        .map(|session| {
            (session.current, session.last_seen.as_millisecond() - NOON, session.user_agent.as_deref())
        })
        .collect();
    assert_eq!(seen, [(true, 60_000, Some("curl/8.7\u{fffd}[31m")), (false, 0, None)]);
    assert_eq!(sessions[0].address.as_deref(), Some("127.0.0.1"));

    let other = service.sign_in_with_bearer(ORIGIN, second.token.expose_secret()).expect("good");
    let mut events = instance.hears(&other).await;
    assert!(matches!(service.end_session(&bob, sessions[1].id).await, Err(Error::NotFound("session"))));
    service.end_session(&caller, sessions[1].id).await.expect("ended");
    assert!(service.sign_in_with_bearer(ORIGIN, second.token.expose_secret()).is_err());
    assert!(!service.still_valid(&other) && service.still_valid(&caller));
    assert!(matches!(events.next().await, Some(Event::SessionsEnded { .. })));
    assert_eq!(service.sessions(&caller).await.expect("listed").len(), 1);
}

#[tokio::test]
async fn what_is_open_over_a_connection_is_listed_and_ended_by_itself() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let (bob, _) = instance.person("bob", keyward_keys::Plan::Free).await;
    let dashboard = service.enter(&ana, SessionKind::Dashboard, "SSH-2.0-OpenSSH_9.6\u{1b}").expect("listed");
    let plain = service.enter(&ana, SessionKind::Plain, "").expect("listed");
    let seen = service.sessions(plain.caller()).await.expect("a list");
    let (mine, other): (Vec<_>, Vec<_>) = seen.iter().partition(|session| session.current);
    assert_eq!((mine.len(), mine[0].kind, mine[0].user_agent.as_deref()), (1, SessionKind::Plain, None));
    assert_eq!((other.len(), other[0].kind, other[0].expires_at), (1, SessionKind::Dashboard, None));
    assert_eq!(other[0].user_agent.as_deref(), Some("SSH-2.0-OpenSSH_9.6\u{fffd}"));
    assert!(service.sessions(&bob).await.expect("a list").is_empty());

    let mut events = instance.hears(dashboard.caller()).await;
    assert!(matches!(service.end_session(&bob, other[0].id).await, Err(Error::NotFound("session"))));
    assert!(service.still_valid(dashboard.caller()));
    service.end_session(plain.caller(), other[0].id).await.expect("ended");
    assert!(matches!(events.next().await, Some(Event::SessionsEnded { credential: Some(_), .. })));
    assert!(!service.still_valid(dashboard.caller()) && service.still_valid(plain.caller()));
    assert_eq!(service.sessions(&ana).await.expect("a list").len(), 1);
    drop(plain);
    assert!(service.sessions(&ana).await.expect("a list").is_empty(), "whoever left is not here");

    let late = service.enter(&ana, SessionKind::Command, "").expect("listed");
    service.sign_out_everywhere(&ana).await.expect("signed out");
    let again = service.sign_in(ORIGIN, "ana", "correct horse".into()).await.expect("signed in");
    assert!(service.sessions(&again).await.expect("a list").is_empty(), "it is about to go");
    assert!(!service.still_valid(late.caller()));
    assert!(matches!(service.enter(&ana, SessionKind::Command, ""), Err(Error::Unauthenticated)));
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_door_and_nobody_else() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let by_password = instance.ana().await;
    let (bob, _) = instance.person("bob", keyward_keys::Plan::Free).await;
    let tokens = service.issue_tokens(&by_password, None).await.expect("tokens");
    let by_bearer = service.sign_in_with_bearer(ORIGIN, tokens.token.expose_secret()).expect("good");
    let console = service.account_caller(&instance.system(), "ana").expect("found");
    let mut events = instance.hears(&by_password).await;
    service.sign_out_everywhere(&by_bearer).await.expect("signed out");
    for caller in [&by_password, &by_bearer, &console] {
        assert!(!service.still_valid(caller));
    }
    assert!(service.still_valid(&bob));
    assert!(service.refresh(ORIGIN, copy(&tokens.refresh_token)).await.is_err());
    assert!(matches!(events.next().await, Some(Event::SessionsEnded { credential: None, .. })));
    // Whoever signed in before cannot make a session of it now.
    assert!(matches!(service.issue_tokens(&by_password, None).await, Err(Error::Unauthenticated)));
    instance.service.sign_in(ORIGIN, "ana", "correct horse".into()).await.expect("signs in again");
}

#[tokio::test]
async fn what_one_asks_from_goes_on_when_all_else_is_ended_from_there() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let tokens = service.issue_tokens(&ana, None).await.expect("tokens");
    let app = service.sign_in_with_bearer(ORIGIN, tokens.token.expose_secret()).expect("good");
    let here = service.enter(&ana, SessionKind::Dashboard, "").expect("listed");
    let other = service.enter(&ana, SessionKind::Dashboard, "").expect("listed");
    let mut told = service.subscribe(here.caller()).expect("hears");

    let wrong = service.change_password(here.caller(), "wrong".into(), "correct horses".into()).await;
    assert!(matches!(wrong, Err(Error::WrongPassword)));
    assert!(service.still_valid(other.caller()), "nothing was changed");
    service.sign_out_others(here.caller()).await.expect("signed out");
    assert!(service.still_valid(here.caller()));
    assert!(!service.still_valid(other.caller()) && !service.still_valid(&app));
    let listed = service.sessions(here.caller()).await.expect("listed");
    assert_eq!(listed.iter().map(|session| session.current).collect::<Vec<_>>(), [true]);
    assert!(service.enter(&ana, SessionKind::Command, "").is_err(), "the sign-in itself is over");

    service
        .change_password(here.caller(), "correct horse".into(), "correct horses".into())
        .await
        .expect("set");
    assert!(service.still_valid(here.caller()), "once more");
    service.announce_drain(&instance.system(), 1).expect("told");
    let next = told.next().await;
    assert!(matches!(next, Some(Event::Draining { .. })), "it was never told to end: {next:?}");
    let again = service.sign_in(ORIGIN, "ana", "correct horses".into()).await.expect("signed in");
    service.sign_out_others(&again).await.expect("signed out");
    assert!(!service.still_valid(here.caller()), "from elsewhere it is ended like any other");
}

fn copy(secret: &SecretString) -> SecretString {
    SecretString::from(secret.expose_secret().to_owned())
}
