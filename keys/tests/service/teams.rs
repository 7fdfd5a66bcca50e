//! Teams: who may what, and what is sealed to whom.

use keyward_keys::input::{
    AuditQuery, KeyPatch, KeyQuery, NewAccount, NewKey, NewTeam, NewToken, NotificationQuery, ProfileChange,
    Reveal, TeamPatch, Theme,
};
use keyward_keys::view::{AccessAction, AuditView, KeyView, SealedAccess, TeamView};
use keyward_keys::{Caller, Custody, Environment, Error, Event, Id, Locked, Plan, Registration, Role, Scope};
use secrecy::ExposeSecret;

use crate::harness::{Instance, NOON, ORIGIN, by_id, new_account, new_key, secret};
use crate::unlock::{PASSPHRASE, unlocked};

async fn team(instance: &Instance, owner: &Caller) -> TeamView {
    let new = NewTeam { name: "Payments".to_owned(), environments: None };
    instance.service.create_team(owner, new).await.expect("a team")
}

/// A new person who joined the team.
async fn joined(instance: &Instance, owner: &Caller, team: Id, login: &str, role: Role) -> (Caller, Id) {
    let (caller, user) = instance.person(login, Plan::Free).await;
    let issued = instance.service.invite(owner, team, &user.email, role).await.expect("invited");
    instance.service.join_team(&caller, &issued.code).await.expect("joined");
    (caller, user.id)
}

async fn team_key(instance: &Instance, caller: &Caller, team: Id, name: &str) -> KeyView {
    let new = NewKey { team: Some(team), ..new_key(name) };
    instance.service.create_key(caller, new).await.expect("a key")
}

async fn reveal(instance: &Instance, caller: &Caller, key: &KeyView) -> Result<String, Error> {
    let revealed = instance.service.reveal(caller, &by_id(key.id), Reveal::default()).await?;
    Ok(revealed.value.expose_secret().to_owned())
}

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

    let rename = || TeamPatch { name: Some("Money".to_owned()), environments: None };
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

#[tokio::test]
async fn a_team_keeps_an_owner_and_is_deleted_when_it_is_empty() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let ana_id = service.me(&ana).await.expect("me").id;
    let team = team(&instance, &ana).await;
    let (bob, bob_id) = joined(&instance, &ana, team.id, "bob", Role::Admin).await;
    assert!(matches!(service.leave_team(&ana, team.id).await, Err(Error::Conflict(_))));
    assert!(matches!(service.change_role(&ana, team.id, ana_id, Role::Admin).await, Err(Error::Conflict(_))));
    service.change_role(&ana, team.id, bob_id, Role::Owner).await.expect("an owner");
    service.leave_team(&ana, team.id).await.expect("left");
    assert!(matches!(service.team(&ana, team.id).await, Err(Error::NotFound("team"))));
    let key = team_key(&instance, &bob, team.id, "Stripe").await;
    assert!(matches!(service.delete_team(&bob, team.id).await, Err(Error::Conflict(_))));
    let home = KeyPatch { team: Some(None), ..KeyPatch::default() };
    let moved = service.update_key(&bob, &by_id(key.id), home, None).await.expect("moved");
    assert_eq!(moved.team, None);
    service.delete_team(&bob, team.id).await.expect("deleted");
    assert!(service.teams(&bob).await.expect("listed").is_empty());
}

#[tokio::test]
async fn a_newcomer_waits_for_somebody_to_unlock() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    unlocked(&instance, &ana).await;
    let key = team_key(&instance, &ana, team.id, "Stripe").await;
    assert_eq!(key.custody, Custody::Sealed);
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

    let mut events = service.subscribe(&bob).expect("hears");
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
    assert!(reveal(&instance, &bob, &seen).await.is_ok());
    let new = NewToken {
        name: "worker".to_owned(),
        keys: vec![unseen.key_id.clone()],
        scopes: vec![Scope::Fetch, Scope::Track],
        ..NewToken::default()
    };
    let (token, text) = service.create_token(&bob, new).await.expect("made");
    let app = service.sign_in_with_bearer(ORIGIN, text.expose_secret()).expect("good");
    let mut events = service.subscribe(&bob).expect("hears");

    let departure = service.remove_member(&ana, team.id, bob_id).await.expect("removed");
    assert_eq!(
        departure.rotate_now.iter().map(|key| (key.id, key.version)).collect::<Vec<_>>(),
        [(seen.id, 1)]
    );
    assert_eq!(departure.tokens.iter().map(|ended| ended.id).collect::<Vec<_>>(), [token.id]);
    assert!(service.key(&ana, &by_id(seen.id)).await.expect("hers").rotate_now);
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

    assert_eq!(service.team(&ana, team.id).await.expect("hers").rekeying, 2);
    assert!(reveal(&instance, &ana, &seen).await.is_ok(), "she still opens what is sealed as before");
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
    let ana = instance.ana().await;
    let ana_id = service.me(&ana).await.expect("me").id;
    let team = team(&instance, &ana).await;
    unlocked(&instance, &ana).await;
    let key = team_key(&instance, &ana, team.id, "Stripe").await;
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
async fn a_team_names_its_environments() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let only = vec![Environment::Production, Environment::Staging, Environment::Production];
    let new = NewTeam { name: "Ops".to_owned(), environments: Some(only) };
    let team = service.create_team(&ana, new).await.expect("a team");
    assert_eq!(team.environments, [Environment::Staging, Environment::Production]);
    let new = |environment| NewKey { team: Some(team.id), environment, ..new_key("Key") };
    let outside = service.create_key(&ana, new(Some(Environment::Development))).await;
    assert!(matches!(outside, Err(Error::Invalid(faults)) if faults[0].field == "environment"));
    let key = service.create_key(&ana, new(None)).await.expect("a key");
    assert_eq!(key.environment, Environment::Staging, "the first that the team has");
    let change = KeyPatch { environment: Some(Environment::Development), ..KeyPatch::default() };
    assert!(matches!(service.update_key(&ana, &by_id(key.id), change, None).await, Err(Error::Invalid(_))));
    let own = instance.add_key(&ana, "Own").await;
    let into = KeyPatch { team: Some(Some(team.id)), ..KeyPatch::default() };
    assert!(matches!(
        service.update_key(&ana, &by_id(own.id), into.clone(), None).await,
        Err(Error::Invalid(_))
    ));
    let both = KeyPatch { environment: Some(Environment::Production), ..into };
    assert!(service.update_key(&ana, &by_id(own.id), both, None).await.is_ok());
    let fewer = TeamPatch { name: None, environments: Some(vec![Environment::Production]) };
    assert!(matches!(service.update_team(&ana, team.id, fewer).await, Err(Error::Conflict(_))));
    let none = TeamPatch { name: None, environments: Some(vec![]) };
    assert!(matches!(service.update_team(&ana, team.id, none).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn a_sealed_key_moves_with_somebody_who_can_open_it() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    let (bob, _) = joined(&instance, &ana, team.id, "bob", Role::Member).await;
    unlocked(&instance, &bob).await;
    service.set_passphrase(&ana, secret(PASSPHRASE), None).await.expect("set");
    let key = instance.add_key(&ana, "Mine").await;
    let into = || KeyPatch { team: Some(Some(team.id)), ..KeyPatch::default() };
    assert!(matches!(
        service.update_key(&ana, &by_id(key.id), into(), None).await,
        Err(Error::Locked(Locked::Sealed))
    ));
    service.unlock(&ana, secret(PASSPHRASE)).await.expect("unlocked");
    let moved = service.update_key(&ana, &by_id(key.id), into(), None).await.expect("moved");
    assert_eq!((moved.team, moved.custody), (Some(team.id), Custody::Sealed));
    assert!(reveal(&instance, &bob, &moved).await.is_ok(), "the team opens it");
    assert!(reveal(&instance, &ana, &moved).await.is_ok());
    let home = KeyPatch { team: Some(None), ..KeyPatch::default() };
    assert!(matches!(
        service.update_key(&bob, &by_id(key.id), home.clone(), None).await,
        Err(Error::Forbidden(_))
    ));
    service.update_key(&ana, &by_id(key.id), home, None).await.expect("moved back");
    assert!(matches!(reveal(&instance, &bob, &moved).await, Err(Error::NotFound("key"))));
    let (eve, _) = instance.person("eve", Plan::Free).await;
    let theirs = instance.add_key(&eve, "Hers").await;
    assert!(matches!(
        service.update_key(&eve, &by_id(theirs.id), into(), None).await,
        Err(Error::NotFound("team"))
    ));
}

#[tokio::test]
async fn anybody_who_sees_a_key_can_ask_who_may_what_and_why() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    unlocked(&instance, &ana).await;
    let (bob, bob_id) = joined(&instance, &ana, team.id, "bob", Role::Member).await;
    let (vic, vic_id) = joined(&instance, &ana, team.id, "vic", Role::Viewer).await;
    let (eve, eve_view) = instance.person("eve", Plan::Free).await;
    let key = team_key(&instance, &ana, team.id, "Stripe").await;
    service.set_passphrase(&bob, secret(PASSPHRASE), None).await.expect("set");
    let ask = async |caller: &Caller, action: AccessAction, user: Option<Id>| {
        let answer = service.may(caller, &by_id(key.id), action, user).await.expect("an answer");
        (answer.allowed, answer.why)
    };
    for (caller, action, user, allowed, why) in [
        (&vic, AccessAction::See, None, true, "you may, because you are a viewer of Payments"),
        (
            &vic,
            AccessAction::Reveal,
            None,
            false,
            "you may not: key.reveal is for members, admins, owners, and you are a viewer of Payments",
        ),
        (
            &vic,
            AccessAction::Reveal,
            Some(bob_id),
            true,
            "bob may, because they are a member of Payments; it is sealed, and stays closed until ana unlocks",
        ),
        (
            &bob,
            AccessAction::Change,
            None,
            false,
            "you may not: key.change is for admins, owners, and you are a member of Payments",
        ),
        (
            &ana,
            AccessAction::Reveal,
            None,
            true,
            "you may, because you are an owner of Payments; it is sealed, and opens after an unlock",
        ),
        (
            &ana,
            AccessAction::Fetch,
            Some(vic_id),
            false,
            "vic may not: key.fetch is for service tokens that fetch, and they are a viewer of Payments",
        ),
    ] {
        assert_eq!(ask(caller, action, user).await, (allowed, why.to_owned()));
    }
    let whom = service.may(&bob, &by_id(key.id), AccessAction::See, Some(eve_view.id)).await;
    assert!(matches!(whom, Err(Error::NotFound("member"))));
    let asked = service.may(&eve, &by_id(key.id), AccessAction::See, None).await;
    assert!(matches!(asked, Err(Error::NotFound("key"))));

    let new = NewToken {
        name: "worker".to_owned(),
        keys: vec![key.key_id.clone()],
        scopes: vec![Scope::Fetch],
        ..NewToken::default()
    };
    let (token, text) = service.create_token(&ana, new).await.expect("made");
    let access = service.key_access(&vic, &by_id(key.id)).await.expect("the answers");
    assert!(!access.daemon);
    let may: Vec<(&str, usize, SealedAccess)> =
        access.people.iter().map(|person| (person.name.as_str(), person.may.len(), person.sealed)).collect();
    let (open, pending, none) = (SealedAccess::Open, SealedAccess::Pending, SealedAccess::None);
    assert_eq!(may, [("ana", 7, open), ("bob", 3, pending), ("vic", 1, none)]);
    assert_eq!(access.tokens.iter().map(|token| token.id).collect::<Vec<_>>(), [token.id]);
    assert_eq!(access.tokens[0].may, [AccessAction::See, AccessAction::Fetch]);
    let app = service.sign_in_with_bearer(ORIGIN, text.expose_secret()).expect("good");
    assert!(matches!(service.key_access(&app, &by_id(key.id)).await, Err(Error::Forbidden(_))));
}

/// Each answer is what really happens: the words come from the table that decides.
#[tokio::test]
async fn the_answers_are_what_happens() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    for (login, role) in [("ada", Role::Admin), ("mia", Role::Member), ("vic", Role::Viewer)] {
        let (caller, _) = joined(&instance, &ana, team.id, login, role).await;
        let key = by_id(team_key(&instance, &ana, team.id, "Key").await.id);
        let rename = KeyPatch { name: Some("New".to_owned()), ..KeyPatch::default() };
        let home = KeyPatch { team: Some(None), ..KeyPatch::default() };
        let mut said = Vec::new();
        for action in AccessAction::ALL {
            said.push(service.may(&caller, &key, action, None).await.expect("an answer").allowed);
        }
        let happened = [
            service.key(&caller, &key).await.is_ok(),
            service.reveal(&caller, &key, Reveal::default()).await.is_ok(),
            service.update_key(&caller, &key, rename, None).await.is_ok(),
            // There is no rotation to try yet: admins and owners, like a change.
            role >= Role::Admin,
            service.update_key(&caller, &key, home.clone(), None).await.is_ok(),
            service.delete_key(&caller, &key, None).await.is_ok(),
            service.fetch(&caller, &key, None).await.is_ok(),
        ];
        assert_eq!(said[..7], happened, "{login}");
    }
}

#[tokio::test]
async fn a_token_for_an_environment_fetches_sealed_keys_that_come_later() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    unlocked(&instance, &ana).await;
    let token = |environment| NewToken {
        name: "worker".to_owned(),
        team: Some(team.id),
        environment: Some(environment),
        scopes: vec![Scope::Fetch],
        ..NewToken::default()
    };
    let (_, text) = service.create_token(&ana, token(Environment::Development)).await.expect("made");
    let (_, other) = service.create_token(&ana, token(Environment::Production)).await.expect("made");
    let key = team_key(&instance, &ana, team.id, "Later").await;
    service.lock_again(&ana).await.expect("locked");
    let app = service.sign_in_with_bearer(ORIGIN, text.expose_secret()).expect("good");
    let fetched = service.fetch(&app, &by_id(key.id), None).await.expect("fetched");
    assert_eq!(fetched.value.expect("a value").expose_secret(), "sk-test-0123456789");
    let other = service.sign_in_with_bearer(ORIGIN, other.expose_secret()).expect("good");
    assert!(matches!(service.fetch(&other, &by_id(key.id), None).await, Err(Error::NotFound("key"))));
}
