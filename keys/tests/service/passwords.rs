use keyward_keys::{Error, Plan};
use secrecy::{ExposeSecret, SecretString};

use crate::harness::{ELSEWHERE, Instance, NOON, ORIGIN, secret};

#[tokio::test]
async fn changing_a_password_ends_everything_but_the_session_that_did_it() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let dashboard = instance.ana().await;
    let tokens = service.issue_tokens(&dashboard, None).await.expect("tokens");
    let other = service.issue_tokens(&dashboard, None).await.expect("tokens");
    let caller = service.sign_in_with_bearer(ORIGIN, tokens.token.expose_secret()).expect("good");
    let mut events = instance.hears(&dashboard).await;
    let change = |current: &str, new: &str| service.change_password(&caller, secret(current), secret(new));
    assert!(matches!(change("wrong horse", "battery staple").await, Err(Error::WrongPassword)));
    assert!(matches!(change("correct horse", "short").await, Err(Error::Invalid(_))));
    change("correct horse", "battery staple").await.expect("changed");

    assert!(service.still_valid(&caller) && !service.still_valid(&dashboard));
    assert!(events.next().await.is_some(), "dashboards are told");
    service.sign_in_with_bearer(ORIGIN, tokens.token.expose_secret()).expect("this one goes on");
    assert!(service.sign_in_with_bearer(ORIGIN, other.token.expose_secret()).is_err());
    assert!(service.refresh(ORIGIN, other.refresh_token).await.is_err());
    assert!(service.sign_in(ORIGIN, "ana", secret("correct horse")).await.is_err());
    service.sign_in(ORIGIN, "ana", secret("battery staple")).await.expect("the new one");
}

#[tokio::test]
async fn guessing_the_password_in_a_stolen_session_is_stopped() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    for _ in 0..5 {
        let wrong =
            instance.service.change_password(&ana, secret("wrong horse"), secret("battery staple")).await;
        assert!(matches!(wrong, Err(Error::WrongPassword)));
    }
    let right =
        instance.service.change_password(&ana, secret("correct horse"), secret("battery staple")).await;
    assert!(matches!(right, Err(Error::TooMany(wait)) if wait.as_secs() == 60));
}

#[tokio::test]
async fn an_operators_code_resets_a_password_once_and_signs_nobody_in() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let id = ana.account().expect("a person");
    for _ in 0..6 {
        let _ = service.sign_in(ELSEWHERE, "ana", secret("forgotten")).await;
    }
    assert!(matches!(service.make_reset_code(&ana, id).await, Err(Error::Forbidden(_))));
    let void = service.make_reset_code(&instance.system(), id).await.expect("a code");
    let made = service.make_reset_code(&instance.system(), id).await.expect("a code");
    let reset = |code: &SecretString, new: &str| {
        service.reset_password(ELSEWHERE, SecretString::from(code.expose_secret()), secret(new))
    };
    assert!(matches!(reset(&void.code, "battery staple").await, Err(Error::Registration(_))));
    assert!(matches!(reset(&made.code, "short").await, Err(Error::Invalid(_))));
    assert!(!service.invitation_known(&made.code), "nobody joins with it");
    reset(&made.code, "battery staple").await.expect("reset");
    assert!(!service.still_valid(&ana));
    assert!(matches!(reset(&made.code, "battery staple").await, Err(Error::Registration(_))));
    service.sign_in(ELSEWHERE, "ana", secret("battery staple")).await.expect("also where it was locked");
}

#[tokio::test]
async fn a_reset_code_grows_old() {
    let instance = Instance::open().await;
    let (_, ana) = instance.person("ana", Plan::Free).await;
    let made = instance.service.make_reset_code(&instance.system(), ana.id).await.expect("a code");
    instance.clock.set(NOON + 24 * 3_600_000);
    let late = instance.service.reset_password(ORIGIN, made.code, secret("battery staple")).await;
    assert!(matches!(late, Err(Error::Registration(_))));
}
