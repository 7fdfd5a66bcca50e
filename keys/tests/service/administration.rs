use keyward_keys::input::{AddedAccount, InstanceInvitation, NewAccount, UserChange, UserQuery};
use keyward_keys::{Caller, Error, Plan, Registration};
use secrecy::{ExposeSecret, SecretString};

use crate::harness::{Instance, ORIGIN, new_account, secret};

const OFF: UserChange = UserChange { disabled: Some(true), operator: None, plan: None };

async fn operator(instance: &Instance, login: &str) -> Caller {
    let added = AddedAccount { account: new_account(login), operator: true, plan: Plan::Enterprise };
    instance.service.add_account(&instance.system(), added).await.expect("added");
    instance.service.sign_in(ORIGIN, login, secret("correct horse")).await.expect("signed in")
}

#[tokio::test]
async fn switching_an_account_off_ends_all_of_it_and_it_can_come_back() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let op = operator(&instance, "op").await;
    let ana = instance.ana().await;
    let id = ana.account().expect("a person");
    let tokens = service.issue_tokens(&ana, None).await.expect("tokens");
    let bearer = tokens.token.expose_secret();
    assert!(matches!(service.change_user(&ana, id, OFF).await, Err(Error::Forbidden(_))));
    let off = service.change_user(&op, id, OFF).await.expect("switched off");
    assert!(off.disabled_at.is_some());
    assert!(!service.still_valid(&ana));
    assert!(matches!(service.sign_in_with_bearer(ORIGIN, bearer), Err(Error::Unauthenticated)));
    let refused = service.sign_in(ORIGIN, "ana", secret("correct horse")).await;
    assert!(matches!(refused, Err(Error::Unauthenticated)), "like a wrong password");
    let code = service.make_reset_code(&op, id).await.expect("a code").code;
    assert!(service.reset_password(ORIGIN, code, secret("battery staple")).await.is_err());

    let on = UserChange { disabled: Some(false), plan: Some(Plan::Pro), operator: None };
    let back = service.change_user(&op, id, on).await.expect("switched on");
    assert_eq!((back.disabled_at, back.user.subscription.plan), (None, Plan::Pro));
    assert!(service.sign_in_with_bearer(ORIGIN, bearer).is_err(), "what ended stays ended");
    service.sign_in(ORIGIN, "ana", secret("correct horse")).await.expect("signs in again");
}

#[tokio::test]
async fn the_last_operator_stays_one() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let op = operator(&instance, "op").await;
    let id = op.account().expect("a person");
    let ordinary = UserChange { operator: Some(false), ..UserChange::default() };
    for change in [OFF, ordinary] {
        assert!(matches!(service.change_user(&op, id, change).await, Err(Error::Conflict(_))));
    }
    let second = operator(&instance, "second").await;
    assert!(matches!(service.only_operator(&instance.system()), Err(Error::Invalid(_))));
    service.change_user(&second, id, OFF).await.expect("there is another");
    let only = service.only_operator(&instance.system()).expect("one can sign in");
    assert_eq!(only.account(), second.account());
    let off = service.account_caller(&instance.system(), "op");
    assert!(matches!(off, Err(Error::Conflict(_))), "no dashboard for who is switched off");
    let on = UserChange { disabled: Some(false), ..UserChange::default() };
    service.change_user(&second, id, on).await.expect("switched on");
    let op = service.sign_in(ORIGIN, "op", secret("correct horse")).await.expect("signed in");
    service.change_user(&second, id, ordinary).await.expect("there is another");
    assert!(matches!(service.users(&op, &query(None)).await, Err(Error::Forbidden(_))), "at once");
}

fn query(search: Option<&str>) -> UserQuery {
    UserQuery { page: 1, limit: 2, search: search.map(str::to_owned) }
}

#[tokio::test]
async fn operators_find_accounts_and_others_do_not() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let op = operator(&instance, "op").await;
    let ana = instance.ana().await;
    instance.person("bob", Plan::Free).await;
    service.issue_tokens(&ana, None).await.expect("tokens");
    let page = service.users(&op, &query(None)).await.expect("listed");
    assert_eq!((page.users.len(), page.pagination.total, page.pagination.pages), (2, 3, 2));
    let found = service.users(&op, &query(Some("ANA@"))).await.expect("listed");
    assert_eq!((found.users[0].user.login.as_str(), found.users[0].sessions), ("ana", 1));
    let id = ana.account().expect("a person");
    assert!(matches!(service.users(&ana, &query(None)).await, Err(Error::Forbidden(_))));
    let (bob, _) = instance.person("bob2", Plan::Free).await;
    assert!(matches!(service.user(&bob, id).await, Err(Error::NotFound("account"))));
    let none = UserQuery { page: 0, limit: 101, search: None };
    assert!(matches!(service.users(&op, &none).await, Err(Error::Invalid(faults)) if faults.len() == 2));
}

#[tokio::test]
async fn an_invitation_lets_one_person_in_and_only_whom_it_is_for() {
    let instance = Instance::with(Registration::Invite).await;
    let service = &instance.service;
    let op = operator(&instance, "op").await;
    let for_ana = InstanceInvitation { email: Some("Ana@Example.com".to_owned()), operator: false };
    let code = service.invite_to_instance(&op, for_ana).await.expect("invited").code;
    let join = |login: &str| NewAccount {
        code: Some(SecretString::from(code.expose_secret())),
        ..new_account(login)
    };
    assert!(matches!(service.register(ORIGIN, join("bob")).await, Err(Error::Registration(_))));
    let (caller, ana) = service.register(ORIGIN, join("ana")).await.expect("joins");
    assert!(!ana.operator);
    assert!(matches!(service.register(ORIGIN, join("ana")).await, Err(Error::Registration(_))));
    assert!(matches!(
        service.invite_to_instance(&caller, InstanceInvitation::default()).await,
        Err(Error::Forbidden(_))
    ));
}
