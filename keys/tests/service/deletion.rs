//! Deleted accounts: what goes, what stays, and who may not go yet.

use keyward_keys::input::{
    AddedAccount, AuditQuery, Confirmation, InstanceInvitation, NewKey, NewToken, Reveal,
};
use keyward_keys::view::{AuditView, SessionKind};
use keyward_keys::{Caller, Custody, Environment, Error, Event, Id, Plan, Role, Scope};
use secrecy::ExposeSecret;

use crate::authenticator::code_at;
use crate::harness::{Instance, NOON, ORIGIN, by_id, new_account, new_key, secret};
use crate::teams::{joined, team};
use crate::unlock::unlocked;

fn with(password: &str, totp: Option<&str>) -> Confirmation {
    Confirmation { password: secret(password), totp: totp.map(secret) }
}

fn right() -> Confirmation {
    with("correct horse", None)
}

async fn operator(instance: &Instance, login: &str) -> Caller {
    let added = AddedAccount { account: new_account(login), operator: true, plan: Plan::Enterprise };
    instance.service.add_account(&instance.system(), added).await.expect("added");
    instance.service.sign_in(ORIGIN, login, secret("correct horse")).await.expect("signed in")
}

#[tokio::test]
async fn all_that_was_theirs_alone_goes_at_once() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let (ana, view) = instance.person("ana", Plan::Pro).await;
    let op = operator(&instance, "op").await;
    unlocked(&instance, &ana).await;
    let key = instance.add_key(&ana, "Own").await;
    let binned = instance.add_key(&ana, "Binned").await;
    service.delete_key(&ana, &by_id(binned.id), None).await.expect("in the bin");
    let token = instance.fetch_token(&ana, key.id).await;
    let app = service.sign_in_with_bearer(ORIGIN, token.expose_secret()).expect("good");
    let tokens = service.issue_tokens(&ana, None).await.expect("tokens");
    let dashboard = service.enter(&ana, SessionKind::Dashboard, "").expect("here");
    let line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ana@laptop";
    service.add_ssh_key(&ana, "", line).await.expect("added");
    service.make_reset_code(&op, view.id).await.expect("a code");

    assert!(matches!(
        service.delete_own_account(&ana, with("wrong horse", None)).await,
        Err(Error::WrongPassword)
    ));
    assert!(matches!(
        service.delete_account(&ana, op.account().expect("a person")).await,
        Err(Error::NotFound(_))
    ));
    for own in [&ana, &op] {
        let id = own.account().expect("a person");
        let unproved = service.delete_account(own, id).await;
        assert!(matches!(unproved, Err(Error::Forbidden(_))), "not without the password");
    }
    let mut events = instance.hears(dashboard.caller()).await;
    service.delete_own_account(&ana, right()).await.expect("deleted");
    assert!(matches!(events.next().await, Some(Event::SessionsEnded { .. })));
    assert!(!service.still_valid(dashboard.caller()) && !service.still_valid(&app));
    assert!(service.sign_in_with_bearer(ORIGIN, tokens.token.expose_secret()).is_err());
    assert!(service.sign_in_with_bearer(ORIGIN, token.expose_secret()).is_err());
    assert!(matches!(
        service.sign_in(ORIGIN, "ana", secret("correct horse")).await,
        Err(Error::Unauthenticated)
    ));
    assert!(matches!(service.user(&op, view.id).await, Err(Error::NotFound("account"))));
    assert!(matches!(service.fetch(&app, &by_id(key.id), None).await, Err(Error::NotFound("key"))));
    assert_eq!(service.purge_bin(&instance.system()).await.expect("ran"), 0, "nothing waits for a job");

    // The audit records stay; name, address and SSH key are free again.
    let query = AuditQuery { page: 1, limit: 100, ..AuditQuery::default() };
    let records = service.audit(&op, &query).await.expect("a page").records;
    let deleted = |line: &AuditView| line.action == "account.delete" && line.object == Some(view.id);
    assert!(records.iter().any(deleted));
    let (again, new) = instance.person("ana", Plan::Free).await;
    assert!(new.id != view.id && new.login == "ana");
    service.add_ssh_key(&again, "", line).await.expect("added");
    assert!(service.key(&again, &by_id(key.id)).await.is_err());
    let instance = instance.reopen().await;
    let verified = instance.service.verify_audit(&instance.system(), None).await.expect("ran");
    assert!(verified.fault.is_none());
}

#[tokio::test]
async fn a_team_keeps_its_keys_and_is_told_what_was_seen() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await.id;
    let (bob, bob_id) = joined(&instance, &ana, team, "bob", Role::Owner).await;
    let alone = service.delete_own_account(&ana, right()).await;
    assert!(alone.is_ok(), "there is another owner: {alone:?}");
    let Err(Error::Conflict(text)) = service.delete_own_account(&bob, right()).await else {
        panic!("the last owner")
    };
    assert!(text.contains("Payments"), "{text}");
    let op = operator(&instance, "op").await;
    assert!(
        matches!(service.delete_account(&op, bob_id).await, Err(Error::Conflict(_))),
        "nor by an operator"
    );

    let (eve, eve_id) = joined(&instance, &bob, team, "eve", Role::Admin).await;
    let shared = async |name: &str| {
        let new = NewKey { team: Some(team), custody: Some(Custody::Automation), ..new_key(name) };
        service.create_key(&bob, new).await.expect("a key")
    };
    let (seen, fetched, unseen) = (shared("Seen").await, shared("Fetched").await, shared("Unseen").await);
    service.reveal(&eve, &by_id(seen.id), Reveal::default()).await.expect("revealed");
    let new = NewToken {
        name: "app".to_owned(),
        team: Some(team),
        environment: Some(Environment::Development),
        scopes: vec![Scope::Fetch],
        ..NewToken::default()
    };
    let (_, token) = service.create_token(&eve, new).await.expect("a token");
    let app = service.sign_in_with_bearer(ORIGIN, token.expose_secret()).expect("good");
    service.fetch(&app, &by_id(fetched.id), None).await.expect("fetched");
    service.delete_account(&op, eve_id).await.expect("deleted");
    let exposed = async |id: Id| service.key(&bob, &by_id(id)).await.expect("there").rotate_now;
    assert!(exposed(seen.id).await && exposed(fetched.id).await && !exposed(unseen.id).await);
    assert_eq!(service.members(&bob, team).await.expect("listed").len(), 1);
}

#[tokio::test]
async fn who_cannot_be_spared_is_told_what_to_do() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let op = operator(&instance, "op").await;
    assert!(
        matches!(service.delete_own_account(&op, right()).await, Err(Error::Conflict(_))),
        "the only operator"
    );
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await.id;
    let (bob, bob_id) = joined(&instance, &ana, team, "bob", Role::Admin).await;
    unlocked(&instance, &bob).await;
    let new = NewKey { team: Some(team), custody: Some(Custody::Sealed), ..new_key("Sealed") };
    service.create_key(&bob, new).await.expect("a key");
    let Err(Error::Conflict(text)) = service.delete_account(&op, bob_id).await else {
        panic!("keys would be lost")
    };
    assert!(text.contains("sealed keys"), "{text}");
    assert!(service.still_valid(&bob), "nothing is half done");

    let setup = service.set_up_second_factor(&ana).await.expect("set up");
    let link = setup.otpauth.expose_secret();
    service.enable_second_factor(&ana, secret(&code_at(link, NOON))).await.expect("switched on");
    service.leave_team(&bob, team).await.expect_err("he alone opens a key");
    assert!(matches!(service.delete_own_account(&ana, right()).await, Err(Error::TotpRequired)));
    let wrong = service.delete_own_account(&ana, with("correct horse", Some("000000"))).await;
    assert!(matches!(wrong, Err(Error::WrongCode)));
}

#[tokio::test]
async fn invitations_are_listed_without_their_codes_and_withdrawn() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let op = operator(&instance, "op").await;
    let ana = instance.ana().await;
    let for_cy = InstanceInvitation { email: Some("Cy@example.com".to_owned()), operator: false };
    let code = service.invite_to_instance(&op, for_cy).await.expect("invited").code;
    service.make_reset_code(&op, ana.account().expect("a person")).await.expect("a code");
    let open = service.instance_invitations(&op).await.expect("listed");
    assert_eq!(
        open.iter().map(|one| (one.email.as_deref(), one.invited_by)).collect::<Vec<_>>(),
        [(Some("cy@example.com"), op.account())]
    );
    let id = open[0].id;
    assert!(matches!(service.instance_invitations(&ana).await, Err(Error::Forbidden(_))));
    assert!(matches!(service.withdraw_instance_invitation(&ana, id).await, Err(Error::Forbidden(_))));
    service.withdraw_instance_invitation(&op, id).await.expect("withdrawn");
    assert!(!service.invitation_known(&code));
    assert!(matches!(
        service.withdraw_instance_invitation(&op, id).await,
        Err(Error::NotFound("invitation"))
    ));
}
