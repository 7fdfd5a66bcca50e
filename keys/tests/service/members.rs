//! Members: who comes in with a code, and what each role may.

use keyward_keys::input::{AuditQuery, KeyPatch, KeyQuery, NewAccount, NewKey, NotificationQuery, TeamPatch};
use keyward_keys::view::AuditView;
use keyward_keys::{Caller, Error, Plan, Registration, Role};
use secrecy::ExposeSecret;

use crate::harness::{Instance, NOON, ORIGIN, by_id, new_account, new_key, secret};
use crate::teams::{joined, reveal, team, team_key};

#[tokio::test]
async fn a_code_makes_one_person_a_member_once() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    let (bob, bob_view) = instance.person("bob", Plan::Free).await;
    let (eve, _) = instance.person("eve", Plan::Free).await;
    let first = service.invite(&ana, team.id, " Bob@Example.com", Role::Member).await.expect("invited");
    let second = service.invite(&ana, team.id, "bob@example.com", Role::Viewer).await.expect("invited");
    assert!(
        matches!(service.join_team(&bob, &first.code).await, Err(Error::Invalid(_))),
        "void since the second"
    );
    assert!(matches!(service.join_team(&eve, &second.code).await, Err(Error::Forbidden(_))), "not for her");
    let open = service.invitations(&ana, team.id).await.expect("listed");
    assert_eq!(open, [second.invitation]);
    let joined = service.join_team(&bob, &second.code).await.expect("joined");
    assert_eq!((joined.id, joined.role, joined.members), (team.id, Role::Viewer, 2));
    assert!(matches!(service.join_team(&bob, &second.code).await, Err(Error::Invalid(_))), "used");
    assert!(matches!(
        service.invite(&ana, team.id, "bob@example.com", Role::Admin).await,
        Err(Error::Conflict(_))
    ));
    let members = service.members(&bob, team.id).await.expect("a viewer sees them");
    assert_eq!(members.iter().map(|member| member.role).collect::<Vec<_>>(), [Role::Owner, Role::Viewer]);
    assert_eq!(members[1].user_id, bob_view.id);

    let third = service.invite(&ana, team.id, "eve@example.com", Role::Member).await.expect("invited");
    instance.clock.set(NOON + 7 * 24 * 3_600_000);
    assert!(matches!(service.join_team(&eve, &third.code).await, Err(Error::Invalid(_))), "too old");
    assert!(service.invitations(&ana, team.id).await.expect("listed").is_empty());
    let fourth = service.invite(&ana, team.id, "eve@example.com", Role::Member).await.expect("invited");
    service.withdraw_invitation(&ana, team.id, fourth.invitation.id).await.expect("withdrawn");
    assert!(matches!(service.join_team(&eve, &fourth.code).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn a_teams_code_makes_an_account_and_a_member_in_one() {
    let instance = Instance::with(Registration::Invite).await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    let code = service.invite(&ana, team.id, "new@example.com", Role::Member).await.expect("invited").code;
    let join = |login: &str| NewAccount { code: Some(secret(code.expose_secret())), ..new_account(login) };
    assert!(service.invitation_known(&code));
    let for_another = service.register(ORIGIN, join("other")).await;
    assert!(matches!(for_another, Err(Error::Registration(_))));
    let short = service.register(ORIGIN, NewAccount { password: secret("short"), ..join("new") }).await;
    assert!(matches!(short, Err(Error::Invalid(_))), "and the code is still good");

    let (newcomer, user) = service.register(ORIGIN, join("new")).await.expect("joins");
    assert!(!user.operator);
    let teams = service.teams(&newcomer).await.expect("listed");
    assert_eq!(teams.iter().map(|team| (team.id, team.role)).collect::<Vec<_>>(), [(team.id, Role::Member)]);
    team_key(&instance, &newcomer, team.id, "Billing").await;
    let told = service.notifications(&ana, &NotificationQuery { page: 1, limit: 20, unread: true }).await;
    assert!(told.expect("a page").notifications[0].message.starts_with("new joined the team"));
    let of_team = AuditQuery { page: 1, limit: 20, space: Some(team.id), ..AuditQuery::default() };
    let listed = service.audit(&ana, &of_team).await;
    let made = |line: &AuditView| line.action == "account.create" && line.detail == "as member";
    assert!(listed.expect("a page").records.iter().any(made), "the team's record says so");

    assert!(service.invitations(&ana, team.id).await.expect("listed").is_empty());
    assert!(matches!(service.register(ORIGIN, join("new")).await, Err(Error::Registration(_))), "used");
}

#[tokio::test]
async fn where_registration_is_closed_a_teams_code_is_for_people_with_an_account() {
    let instance = Instance::with(Registration::Closed).await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    let code = service.invite(&ana, team.id, "new@example.com", Role::Member).await.expect("invited").code;
    assert!(!service.invitation_known(&code));
    let new = NewAccount { code: Some(secret(code.expose_secret())), ..new_account("new") };
    assert!(matches!(service.register(ORIGIN, new).await, Err(Error::Registration(_))));
    let (newcomer, _) = instance.person("new", Plan::Free).await;
    service.join_team(&newcomer, &code).await.expect("joined");
}

#[tokio::test]
async fn roles_decide_and_strangers_know_of_nothing() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    let (admin, admin_id) = joined(&instance, &ana, team.id, "ada", Role::Admin).await;
    let (member, _) = joined(&instance, &ana, team.id, "mia", Role::Member).await;
    let (viewer, viewer_id) = joined(&instance, &ana, team.id, "vic", Role::Viewer).await;
    let (stranger, _) = instance.person("eve", Plan::Free).await;
    let key = team_key(&instance, &member, team.id, "Stripe").await;
    assert_eq!(key.team, Some(team.id));

    let sees = async |caller: &Caller| {
        let query = KeyQuery { page: 1, limit: 20, team: Some(team.id), ..KeyQuery::default() };
        service.keys(caller, &query).await.expect("listed").keys.len()
    };
    for (caller, seen) in [(&ana, 1), (&admin, 1), (&member, 1), (&viewer, 1), (&stranger, 0)] {
        assert_eq!(sees(caller).await, seen);
    }
    assert!(reveal(&instance, &member, &key).await.is_ok());
    assert!(matches!(reveal(&instance, &viewer, &key).await, Err(Error::Forbidden(_))));
    assert!(matches!(reveal(&instance, &stranger, &key).await, Err(Error::NotFound("key"))));
    let rename = || KeyPatch { name: Some("New".to_owned()), ..KeyPatch::default() };
    assert!(matches!(
        service.update_key(&member, &by_id(key.id), rename(), None).await,
        Err(Error::Forbidden(_))
    ));
    assert!(service.update_key(&admin, &by_id(key.id), rename(), None).await.is_ok());
    let new = NewKey { team: Some(team.id), ..new_key("Mine") };
    assert!(matches!(service.create_key(&viewer, new).await, Err(Error::Forbidden(_))));
    let new = NewKey { team: Some(team.id), ..new_key("Mine") };
    assert!(matches!(service.create_key(&stranger, new).await, Err(Error::NotFound("team"))));

    let rename = || TeamPatch { name: Some("Money".to_owned()), ..TeamPatch::default() };
    for (name, refusal) in [
        ("team", service.team(&stranger, team.id).await.err()),
        ("members", service.members(&stranger, team.id).await.err()),
        ("invitations", service.invitations(&stranger, team.id).await.err()),
        ("update", service.update_team(&stranger, team.id, rename()).await.err()),
        ("delete", service.delete_team(&stranger, team.id).await.err()),
        ("invite", service.invite(&stranger, team.id, "x@example.com", Role::Viewer).await.err()),
        ("role", service.change_role(&stranger, team.id, viewer_id, Role::Admin).await.err()),
        ("remove", service.remove_member(&stranger, team.id, viewer_id).await.err()),
        ("leave", service.leave_team(&stranger, team.id).await.err()),
    ] {
        assert!(matches!(refusal, Some(Error::NotFound("team"))), "{name}: {refusal:?}");
    }
    for (name, refusal) in [
        ("update", service.update_team(&member, team.id, rename()).await.err()),
        ("delete", service.delete_team(&admin, team.id).await.err()),
        ("invite", service.invite(&member, team.id, "x@example.com", Role::Viewer).await.err()),
        ("invite an owner", service.invite(&admin, team.id, "x@example.com", Role::Owner).await.err()),
        ("invitations", service.invitations(&viewer, team.id).await.err()),
        ("role", service.change_role(&member, team.id, viewer_id, Role::Member).await.err()),
        ("make an owner", service.change_role(&admin, team.id, viewer_id, Role::Owner).await.err()),
        ("make oneself an owner", service.change_role(&admin, team.id, admin_id, Role::Owner).await.err()),
        ("remove", service.remove_member(&viewer, team.id, admin_id).await.err()),
    ] {
        assert!(matches!(refusal, Some(Error::Forbidden(_))), "{name}: {refusal:?}");
    }
    let ana_id = service.me(&ana).await.expect("me").id;
    let removed = service.remove_member(&admin, team.id, ana_id).await;
    assert!(matches!(removed, Err(Error::Forbidden(_))), "an admin does not remove an owner");
}
