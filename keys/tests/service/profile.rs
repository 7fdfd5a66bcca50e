use keyward_keys::input::{NotificationQuery, PreferencesChange, ProfileChange, Theme};
use keyward_keys::{Error, NoticeKind, Origin, Plan};

use crate::harness::{ELSEWHERE, Instance, ORIGIN, secret};

#[tokio::test]
async fn what_is_named_changes_and_the_rest_stays() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let change = ProfileChange {
        email: Some(" Ana.New@Example.com".to_owned()),
        preferences: PreferencesChange { theme: Some(Theme::Dark), ..PreferencesChange::default() },
        notifications: Some(false),
        time_zone: Some("Europe/Berlin".to_owned()),
        ..ProfileChange::default()
    };
    let user = service.change_profile(&ana, change).await.expect("changed");
    assert_eq!((user.name.as_str(), user.email.as_str()), ("ana", "ana.new@example.com"));
    assert_eq!((user.theme.as_str(), user.notifications), ("dark", false));
    assert_eq!(user.time_zone, "Europe/Berlin");
    assert_eq!(service.me(&ana).await.expect("me"), user);
    service
        .sign_in(ORIGIN, "ana.new@example.com", secret("correct horse"))
        .await
        .expect("by the new address");
    assert!(service.sign_in(ORIGIN, "ana@example.com", secret("correct horse")).await.is_err());
    let renamed = ProfileChange { name: Some("Ana B.".to_owned()), ..ProfileChange::default() };
    assert_eq!(service.change_profile(&ana, renamed).await.expect("changed").theme, "dark");
}

#[tokio::test]
async fn what_is_muted_is_not_told() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let mute = |muted: Vec<NoticeKind>| ProfileChange {
        preferences: PreferencesChange { muted: Some(muted), ..PreferencesChange::default() },
        ..ProfileChange::default()
    };
    let muted = vec![NoticeKind::Support, NoticeKind::NewSignIn, NoticeKind::Support];
    let user = service.change_profile(&ana, mute(muted)).await.expect("changed");
    assert_eq!(user.preferences.muted, ["new_sign_in", "support"]);
    let unread = async || {
        let all = NotificationQuery { page: 1, limit: 100, unread: true };
        service.notifications(&ana, &all).await.expect("a page").unread
    };
    service.sign_in(ELSEWHERE, "ana", secret("correct horse")).await.expect("signed in");
    assert_eq!(unread().await, 0);
    service.change_profile(&ana, mute(Vec::new())).await.expect("changed");
    let third = Origin { address: Some([192, 0, 2, 99].into()), ..ELSEWHERE };
    service.sign_in(third, "ana", secret("correct horse")).await.expect("signed in");
    assert_eq!(unread().await, 1);
}

#[tokio::test]
async fn every_fault_is_told_at_once_and_an_address_is_one_persons() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    instance.person("bob", Plan::Free).await;
    let bad = ProfileChange {
        name: Some("\u{1b}[2J".to_owned()),
        email: Some("nowhere".to_owned()),
        time_zone: Some("Mars/Olympus".to_owned()),
        ..ProfileChange::default()
    };
    let Err(Error::Invalid(faults)) = instance.service.change_profile(&ana, bad).await else {
        panic!("refused")
    };
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["name", "email", "timeZone"]);
    let taken = ProfileChange { email: Some("BOB@example.com".to_owned()), ..ProfileChange::default() };
    assert!(matches!(instance.service.change_profile(&ana, taken).await, Err(Error::Conflict(_))));
}
