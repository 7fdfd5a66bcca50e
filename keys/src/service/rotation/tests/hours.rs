//! The hours of a team with more keys than one commit bears, with the daemon gone in the middle.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use keyward_store::leases;
use keyward_store::model::Id;
use tokio::task::JoinSet;

use super::{NOW, World};
use crate::Error;
use crate::crypto;
use crate::input::{NewKey, NewTeam, RotationMethodName, RotationPatch, TeamPatch};

/// A commit bears 256.
const KEYS: usize = 300;

const HOUR_MS: i64 = 3_600_000;

#[tokio::test]
async fn many_keys_follow_their_team_s_hours_over_a_kill_and_none_begins_by_the_old_ones() {
    let world = World::open().await;
    let (team, keys) = large_team(&world).await;
    let (old, new) = (NOW + 3 * HOUR_MS, NOW + 8 * HOUR_MS);
    assert!(keys.iter().all(|key| due(&world, *key) == old));
    let zone = |name: &str| TeamPatch { time_zone: Some(Some(name.to_owned())), ..TeamPatch::default() };
    {
        let mut setting = pin!(world.service.update_team(&world.ana, team, zone("America/New_York")));
        poll_fn(|cx| {
            let tables = world.service.mirror().read();
            if tables.hours_moves.get(&team).is_some_and(|row| row.record.reached.is_some()) {
                return Poll::Ready(());
            }
            drop(tables);
            assert!(setting.as_mut().poll(cx).is_pending(), "all of them in one commit");
            Poll::Pending
        })
        .await;
    }
    let waiting: Vec<Id> = keys.iter().copied().filter(|key| due(&world, *key) == old).collect();
    assert_eq!(waiting.len(), KEYS - 256);
    assert!(keys.iter().all(|key| waiting.contains(key) || due(&world, *key) == new));
    let again = world.service.update_team(&world.ana, team, zone("Asia/Kolkata")).await;
    assert!(matches!(again, Err(Error::Conflict(_))), "the hours before these are not forgotten");

    // Whoever comes to be due by the old hours is due by the new ones.
    world.clock.set(old);
    let (batch, system) = (crypto::random_batch_id().unwrap(), world.system());
    let lease = leases::take(world.service.store(), batch, b"a", b"b", old + 1_000, old).await.unwrap();
    world.service.begin_due(&system, waiting[0], old, &lease.unwrap()).await.unwrap();
    assert!(
        world.service.mirror().read().rotations.state(waiting[0]).is_none_or(|row| row.record.run.is_none())
    );
    assert_eq!(due(&world, waiting[0]), new);

    let world = world.reopen().await;
    world.turn().await;
    assert!(world.service.mirror().read().hours_moves.is_empty());
    for key in keys {
        assert_eq!(due(&world, key), new);
        assert_eq!(world.service.mirror().read().keys.get(key).unwrap().record.current_version, 1);
    }
    world.service.update_team(&world.ana, team, zone("Asia/Kolkata")).await.unwrap();
}

fn due(world: &World, key: Id) -> i64 {
    world.service.mirror().read().keys.get(key).unwrap().record.next_rotation_ms.unwrap()
}

/// A team whose keys are due at three each night.
async fn large_team(world: &World) -> (Id, Vec<Id>) {
    let new = NewTeam { name: "Large".to_owned(), ..NewTeam::default() };
    let team = world.service.create_team(&world.ana, new).await.unwrap().id;
    let mut making = JoinSet::new();
    for number in 0..KEYS {
        let rotation = RotationPatch {
            method: Some(RotationMethodName::Generate),
            cron: Some(Some("0 3 * * *".to_owned())),
            ..RotationPatch::default()
        };
        let new = NewKey {
            name: format!("key {number}"),
            service: "Vendor".to_owned(),
            value: secrecy::SecretString::from("first-value"),
            team: Some(team),
            rotation: Some(rotation),
            ..NewKey::default()
        };
        let (service, ana) = (world.service.clone(), world.ana.clone());
        making.spawn(async move { service.create_key(&ana, new).await.unwrap().id });
    }
    (team, making.join_all().await)
}
