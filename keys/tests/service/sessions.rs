use keyward_keys::Error;
use secrecy::{ExposeSecret, SecretString};

use crate::harness::{Instance, NOON, ORIGIN};

#[tokio::test]
async fn a_bearer_token_is_good_until_it_ends_or_its_session_does() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let tokens = service.issue_tokens(&ana).await.expect("tokens");
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
    let first = service.issue_tokens(&ana).await.expect("tokens");
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
    instance.service.issue_tokens(&ana).await.expect("tokens");
    assert_eq!(instance.service.end_expired_sessions(&instance.system()).await.expect("ran"), 0);
    instance.clock.set(NOON + 8 * 24 * 3_600_000);
    assert_eq!(instance.service.end_expired_sessions(&instance.system()).await.expect("ran"), 1);
}

#[tokio::test]
async fn a_session_ends_after_its_longest_time_however_often_it_is_refreshed() {
    const DAY_MS: i64 = 24 * 3_600_000;
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let mut tokens = instance.service.issue_tokens(&ana).await.expect("tokens");
    for day in [6, 9] {
        instance.clock.set(NOON + day * DAY_MS);
        tokens = instance.service.refresh(ORIGIN, copy(&tokens.refresh_token)).await.expect("refreshed");
    }
    instance.clock.set(NOON + 10 * DAY_MS);
    assert!(instance.service.refresh(ORIGIN, copy(&tokens.refresh_token)).await.is_err());
}

fn copy(secret: &SecretString) -> SecretString {
    SecretString::from(secret.expose_secret().to_owned())
}
