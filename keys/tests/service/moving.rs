//! Keys that move to another space.

use keyward_keys::input::KeyPatch;
use keyward_keys::{Custody, Error, Locked, Plan, Role};

use crate::harness::{Instance, by_id, secret};
use crate::teams::{joined, reveal, team};
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
