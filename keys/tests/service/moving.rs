//! Keys that move to another space.

use keyward_keys::input::{KeyPatch, NewTeam};
use keyward_keys::view::KeyAction;
use keyward_keys::{Custody, Error, Event, Locked, Plan, Role};

use crate::harness::{Instance, by_id, secret};
use crate::teams::{joined, reveal, team, team_key};
use crate::unlock::{PASSPHRASE, unlocked};

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
async fn a_space_hears_that_a_key_is_gone_and_not_where_it_went() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    let (bob, _) = joined(&instance, &ana, team.id, "bob", Role::Member).await;
    let relay = service.relay(&instance.system()).expect("hears everything");
    let mut events = instance.hears(&bob).await;
    let key = instance.add_key(&ana, "Mine").await;
    let mut expected = Vec::new();
    for (to, fence) in [(Some(team.id), "After it came"), (None, "After it left")] {
        let patch = KeyPatch { team: Some(to), ..KeyPatch::default() };
        service.update_key(&ana, &by_id(key.id), patch, None).await.expect("moved");
        expected.extend([key.id, team_key(&instance, &ana, team.id, fence).await.id]);
    }
    let mut heard = Vec::new();
    while heard.len() < expected.len() {
        if let Event::KeyChanged { space, api_key } = events.next().await.expect("an event") {
            assert_eq!(space, team.id);
            heard.push(api_key);
        }
    }
    assert_eq!(heard, expected);
    let told = relay.key_update(team.id, key.id);
    assert!(told.key.is_none() && told.action == KeyAction::Deleted, "{told:?}");
}

#[tokio::test]
async fn a_key_moves_where_the_plan_has_room() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    let (bob, _) = joined(&instance, &ana, team.id, "bob", Role::Admin).await;
    let key = team_key(&instance, &ana, team.id, "Stripe").await;
    let mut own = Vec::new();
    for number in 0..5 {
        own.push(instance.add_key(&bob, &format!("Key {number}")).await);
    }
    let to = |team| KeyPatch { team: Some(team), ..KeyPatch::default() };
    let refused = service.update_key(&bob, &by_id(key.id), to(None), None).await;
    assert!(matches!(refused, Err(Error::PlanLimit { allowed: 5 })), "{refused:?}");
    // Between two spaces of one owner nothing comes to the plan.
    let second = service.create_team(&bob, NewTeam { name: "Own".to_owned(), ..NewTeam::default() }).await;
    let second = second.expect("a team").id;
    service.update_key(&bob, &by_id(own[0].id), to(Some(second)), None).await.expect("moved");
    service.update_key(&bob, &by_id(own[1].id), to(Some(team.id)), None).await.expect("moved");
    service.update_key(&bob, &by_id(key.id), to(None), None).await.expect("moved");
}
