//! Teams: made, kept, deleted. What other tests of teams begin with.

use keyward_keys::input::{KeyPatch, NewKey, NewTeam, Reveal};
use keyward_keys::view::{KeyView, TeamView};
use keyward_keys::{Caller, Error, Id, Plan, Role};
use secrecy::ExposeSecret;

use crate::harness::{Instance, by_id, new_key};

pub(crate) async fn team(instance: &Instance, owner: &Caller) -> TeamView {
    let new = NewTeam { name: "Payments".to_owned(), environments: None };
    instance.service.create_team(owner, new).await.expect("a team")
}

/// A new person who joined the team.
pub(crate) async fn joined(
    instance: &Instance,
    owner: &Caller,
    team: Id,
    login: &str,
    role: Role,
) -> (Caller, Id) {
    let (caller, user) = instance.person(login, Plan::Free).await;
    let issued = instance.service.invite(owner, team, &user.email, role).await.expect("invited");
    instance.service.join_team(&caller, &issued.code).await.expect("joined");
    (caller, user.id)
}

pub(crate) async fn team_key(instance: &Instance, caller: &Caller, team: Id, name: &str) -> KeyView {
    let new = NewKey { team: Some(team), ..new_key(name) };
    instance.service.create_key(caller, new).await.expect("a key")
}

pub(crate) async fn reveal(instance: &Instance, caller: &Caller, key: &KeyView) -> Result<String, Error> {
    let revealed = instance.service.reveal(caller, &by_id(key.id), Reveal::default()).await?;
    Ok(revealed.value.expose_secret().to_owned())
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
