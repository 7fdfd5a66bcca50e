//! One-time codes: until when they are good.

use keyward_keys::input::{AddedAccount, InstanceInvitation, NewAccount, NewTeam, UserChange};
use keyward_keys::{Caller, Error, Plan, Role};
use secrecy::{ExposeSecret, SecretString};

use crate::harness::{Instance, NOON, ORIGIN, new_account, secret};

async fn operator(instance: &Instance, login: &str) -> Caller {
    let added = AddedAccount { account: new_account(login), operator: true, plan: Plan::Enterprise };
    instance.service.add_account(&instance.system(), added).await.expect("added");
    instance.service.sign_in(ORIGIN, login, secret("correct horse")).await.expect("signed in")
}

fn with_code(login: &str, code: &SecretString) -> NewAccount {
    NewAccount { code: Some(SecretString::from(code.expose_secret())), ..new_account(login) }
}

#[tokio::test]
async fn who_is_switched_off_comes_back_by_no_code_of_their_own() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let (mallory, op) = (operator(&instance, "mallory").await, operator(&instance, "op").await);
    let ana = instance.ana().await.account().expect("a person");
    let invitation = InstanceInvitation { email: None, operator: true };
    let again = service.invite_to_instance(&mallory, invitation).await.expect("invited").code;
    let reset = service.make_reset_code(&mallory, ana).await.expect("a code").code;
    assert!(service.invitation_known(&again));
    let off = UserChange { disabled: Some(true), ..UserChange::default() };
    service.change_user(&op, mallory.account().expect("a person"), off).await.expect("switched off");
    assert!(!service.invitation_known(&again));
    let joins = service.register(ORIGIN, with_code("again", &again)).await;
    assert!(matches!(joins, Err(Error::Registration(_))));
    let takes = service.reset_password(ORIGIN, reset, secret("battery staple")).await;
    assert!(matches!(takes, Err(Error::Registration(_))));
}

#[tokio::test]
async fn an_invitation_to_a_team_goes_with_who_gave_it() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let new = NewTeam { name: "Payments".to_owned(), ..NewTeam::default() };
    let team = service.create_team(&ana, new).await.expect("a team").id;
    let (bob, bob_view) = instance.person("bob", Plan::Free).await;
    let (eve, eve_view) = instance.person("eve", Plan::Free).await;
    let code = service.invite(&ana, team, &bob_view.email, Role::Admin).await.expect("invited").code;
    service.join_team(&bob, &code).await.expect("joined");
    let code = service.invite(&bob, team, &eve_view.email, Role::Member).await.expect("invited").code;
    assert_eq!(service.invitations(&ana, team).await.expect("listed").len(), 1);
    service.remove_member(&ana, team, bob_view.id).await.expect("removed");
    assert!(service.invitations(&ana, team).await.expect("listed").is_empty());
    assert!(matches!(service.join_team(&eve, &code).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn codes_that_are_no_good_any_more_are_forgotten() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let id = instance.ana().await.account().expect("a person");
    service.make_reset_code(&instance.system(), id).await.expect("a code");
    let invitation = InstanceInvitation::default();
    let code = service.invite_to_instance(&instance.system(), invitation).await.expect("invited").code;
    assert_eq!(service.forget_codes(&instance.system()).await.expect("ran"), 0);
    instance.clock.set(NOON + 24 * 3_600_000);
    assert_eq!(service.forget_codes(&instance.system()).await.expect("ran"), 1, "the one for a day");
    service.register(ORIGIN, with_code("bob", &code)).await.expect("the one for a week is left");
}
