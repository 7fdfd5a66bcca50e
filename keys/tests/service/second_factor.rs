use keyward_keys::{Caller, Error, Plan};
use secrecy::{ExposeSecret, SecretString};

use crate::authenticator::code_at;
use crate::harness::{ELSEWHERE, Instance, NOON, ORIGIN, secret};

const PASSWORD: &str = "correct horse";

/// Ana with an authenticator app; its link, and the recovery codes.
async fn with_app(instance: &Instance) -> (Caller, String, Vec<SecretString>) {
    let ana = instance.ana().await;
    let setup = instance.service.set_up_second_factor(&ana).await.expect("set up");
    let link = setup.otpauth.expose_secret().to_owned();
    let code = secret(&code_at(&link, NOON));
    let codes = instance.service.enable_second_factor(&ana, code).await.expect("switched on");
    (ana, link, codes)
}

async fn sign_in(instance: &Instance, code: Option<&str>) -> Result<Caller, Error> {
    instance.service.sign_in_with_code(ORIGIN, "ana", secret(PASSWORD), code.map(secret)).await
}

#[tokio::test]
async fn setting_up_changes_nothing_until_the_app_works() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let early = service.enable_second_factor(&ana, secret("123456")).await;
    assert!(matches!(early, Err(Error::Conflict(_))));
    let first = service.set_up_second_factor(&ana).await.expect("set up");
    let second = service.set_up_second_factor(&ana).await.expect("set up anew");
    assert!(second.qr.expose_secret().starts_with("data:image/svg+xml;base64,"));
    let (side, dark) = (second.modules.side, &second.modules.dark);
    let corner: Vec<bool> = (0..7).map(|x| dark[x]).chain((0..7).map(|y| dark[y * side])).collect();
    assert!(dark.len() == side * side && corner.iter().all(|dark| *dark), "its finder patterns stand");
    let old = secret(&code_at(first.otpauth.expose_secret(), NOON));
    assert!(matches!(service.enable_second_factor(&ana, old).await, Err(Error::WrongCode)));
    sign_in(&instance, None).await.expect("not asked for yet");
    assert!(!service.me(&ana).await.expect("me").two_factor_enabled);

    let right = secret(&code_at(second.otpauth.expose_secret(), NOON + 30_000));
    assert!(service.enable_second_factor(&ana, right).await.expect("switched on").len() >= 8);
    assert!(service.me(&ana).await.expect("me").two_factor_enabled);
    assert!(matches!(service.set_up_second_factor(&ana).await, Err(Error::Conflict(_))));
}

#[tokio::test]
async fn a_password_alone_is_not_enough_and_each_code_is_good_once() {
    let instance = Instance::open().await;
    let (_, link, _) = with_app(&instance).await;
    assert!(matches!(sign_in(&instance, None).await, Err(Error::TotpRequired)));
    for wrong in [code_at(&link, NOON - 60_000), code_at(&link, NOON + 60_000), String::new()] {
        assert!(matches!(sign_in(&instance, Some(&wrong)).await, Err(Error::Unauthenticated)), "{wrong}");
    }
    let code = code_at(&link, NOON);
    sign_in(&instance, Some(&code)).await.expect("signed in");
    assert!(matches!(sign_in(&instance, Some(&code)).await, Err(Error::Unauthenticated)));
    assert!(sign_in(&instance, Some(&code_at(&link, NOON - 30_000))).await.is_err(), "nor an earlier one");
    sign_in(&instance, Some(&code_at(&link, NOON + 30_000))).await.expect("the next one");

    // Without the right password a code tells nothing.
    let wrong = instance.service.sign_in(ORIGIN, "ana", secret("wrong horse")).await;
    assert!(matches!(wrong, Err(Error::Unauthenticated)));
    // After a restart as well.
    let instance = instance.reopen().await;
    assert!(sign_in(&instance, Some(&code_at(&link, NOON + 30_000))).await.is_err());
}

#[tokio::test]
async fn a_recovery_code_stands_in_once() {
    let instance = Instance::open().await;
    let (_, _, codes) = with_app(&instance).await;
    let typed = codes[3].expose_secret().to_lowercase();
    sign_in(&instance, Some(&typed)).await.expect("signed in");
    assert!(matches!(sign_in(&instance, Some(&typed)).await, Err(Error::Unauthenticated)));
    sign_in(&instance, Some(codes[4].expose_secret())).await.expect("another one");
}

#[tokio::test]
async fn guessing_codes_locks_them_from_anywhere_for_a_while() {
    let instance = Instance::open().await;
    let (ana, link, _) = with_app(&instance).await;
    for _ in 0..5 {
        assert!(sign_in(&instance, Some("000000")).await.is_err());
    }
    let code = code_at(&link, NOON);
    let elsewhere =
        instance.service.sign_in_with_code(ELSEWHERE, "ana", secret(PASSWORD), Some(secret(&code))).await;
    assert!(matches!(elsewhere, Err(Error::Unauthenticated)));
    let refused = instance.service.disable_second_factor(&ana, secret(&code)).await;
    assert!(matches!(refused, Err(Error::TooMany(_))));
    instance.clock.set(NOON + 60_000);
    sign_in(&instance, Some(&code_at(&link, NOON + 60_000))).await.expect("a minute later");

    // With the second factor, an operator takes away what it was locked for.
    for _ in 0..5 {
        assert!(sign_in(&instance, Some("000000")).await.is_err());
    }
    let id = ana.account().expect("a person");
    instance.service.remove_second_factor(&instance.system(), id).await.expect("taken away");
    sign_in(&instance, Some("000000")).await.expect("nothing asks for the code");
}

#[tokio::test]
async fn it_is_switched_off_with_a_code_or_by_an_operator() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let (ana, _, codes) = with_app(&instance).await;
    assert!(matches!(service.disable_second_factor(&ana, secret("123")).await, Err(Error::WrongCode)));
    let code = SecretString::from(codes[0].expose_secret());
    service.disable_second_factor(&ana, code).await.expect("switched off");
    sign_in(&instance, None).await.expect("the password alone");

    let setup = service.set_up_second_factor(&ana).await.expect("set up");
    let code = secret(&code_at(setup.otpauth.expose_secret(), NOON));
    service.enable_second_factor(&ana, code).await.expect("switched on");
    let (bob, _) = instance.person("bob", Plan::Free).await;
    let id = ana.account().expect("a person");
    assert!(matches!(service.remove_second_factor(&bob, id).await, Err(Error::NotFound("account"))));
    service.remove_second_factor(&instance.system(), id).await.expect("taken away");
    sign_in(&instance, None).await.expect("the password alone");
}

#[tokio::test]
async fn changing_it_ends_what_else_is_open() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let dashboard = instance.ana().await;
    let tokens = service.issue_tokens(&dashboard, None).await.expect("tokens");
    let ana = service.sign_in_with_bearer(ORIGIN, tokens.token.expose_secret()).expect("good");
    let setup = service.set_up_second_factor(&ana).await.expect("set up");
    assert!(service.still_valid(&dashboard), "nothing has changed yet");
    let link = setup.otpauth.expose_secret();
    let codes = service.enable_second_factor(&ana, secret(&code_at(link, NOON))).await.expect("switched on");
    assert!(!service.still_valid(&dashboard) && service.still_valid(&ana));

    let dashboard = sign_in(&instance, Some(codes[0].expose_secret())).await.expect("signed in");
    let code = SecretString::from(codes[1].expose_secret());
    service.disable_second_factor(&ana, code).await.expect("switched off");
    assert!(!service.still_valid(&dashboard) && service.still_valid(&ana));
    let id = ana.account().expect("a person");
    service.remove_second_factor(&instance.system(), id).await.expect("taken away");
    assert!(!service.still_valid(&ana), "by somebody else, it ends everything");
}
