//! The daemon is killed after each commit of a rotation in turn, and inside each call, before and after what was asked for
//! was done: whatever is left goes on by itself, or says what a person has to do, and nothing is lost or doubled.

use std::future::pending;

use keyward_store::model::Id;
use secrecy::SecretString;

use super::vendor::{KINDS, Kind, Vendor, Wrong};
use super::{FIRST, World, by_id};
use crate::input::NewVersion;
use crate::view::RotationState;

/// More commits and calls than one rotation has.
const MOST: u32 = 30;

#[tokio::test]
async fn killed_after_any_commit_it_goes_on_from_there() {
    for kind in KINDS {
        let mut world = World::open().await;
        let (vendor, key) = Vendor::start(&world, kind).await;
        let mut boundaries = 0;
        for commits in 1..MOST {
            let when = format!("{kind:?}, after commit {commits}");
            world.ask(key).await;
            let before = world.audited(key).await.len();
            let (made, killed) = world.turn_until(key, commits, pending()).await;
            assert_eq!(
                world.audited(key).await.len() - before,
                made as usize,
                "{when}: each commit has its record"
            );
            world = world.reopen().await;
            world.holds(key, &when).await;
            settles(&world, &vendor, key, &when).await;
            if !killed {
                break;
            }
            boundaries = commits;
        }
        // Made and finished; or four steps of two commits each; and what is retired after it.
        let expected = if kind == Kind::Generate { 2 } else { 8 };
        assert!((expected..MOST - 1).contains(&boundaries), "{kind:?}: {boundaries}");
    }
}

#[tokio::test]
async fn killed_inside_any_call_it_goes_on_from_there() {
    for kind in KINDS.into_iter().filter(|kind| *kind != Kind::Generate) {
        let mut world = World::open().await;
        let (vendor, key) = Vendor::start(&world, kind).await;
        for done in [false, true] {
            let mut calls = 0;
            for call in 1..MOST {
                let when = format!("{kind:?}, in call {call}, done: {done}");
                world.ask(key).await;
                vendor.does_wrong(call, Wrong::Hangs(done));
                let (_, killed) = world.turn_until(key, u32::MAX, vendor.cuts()).await;
                vendor.works();
                world = world.reopen().await;
                world.holds(key, &when).await;
                at_most_one_is_nobodys(&world, &vendor, key, &when).await;
                settles(&world, &vendor, key, &when).await;
                if !killed {
                    break;
                }
                calls = call;
            }
            assert!((2..MOST - 1).contains(&calls), "{kind:?}: {calls}");
        }
    }
}

/// Of all that works at the provider, at most one value is of no version; and the rotation that it is of is shown.
pub(super) async fn at_most_one_is_nobodys(world: &World, vendor: &Vendor, key: Id, when: &str) {
    let mut known = vec![FIRST.to_owned()];
    for (number, _) in world.versions(key).await {
        known.push(world.value(key, number).await);
    }
    let nobodys = vendor.live().into_iter().filter(|value| !known.contains(value)).count();
    // Values that end by themselves are no orphans.
    if vendor.kind != Kind::Expiring {
        assert!(nobodys <= 1, "{when}: {nobodys}");
        assert!(
            nobodys == 0 || world.seen(key).await.run.is_some(),
            "{when}: an orphan, and nothing is shown of it"
        );
    }
}

/// Time passes, and a person does what they are told.
pub(super) async fn settles(world: &World, vendor: &Vendor, key: Id, when: &str) {
    let mut seen = world.heal(key).await;
    if seen.state == RotationState::Stopped {
        let fault = seen.run.as_ref().and_then(|run| run.fault.as_ref()).unwrap().text.clone();
        match vendor.kind {
            Kind::Single => {
                assert!(fault.contains("set it by hand"), "{when}: {fault}");
                let new = NewVersion { value: SecretString::from(vendor.made_by_hand()), overlap: None };
                world.service.add_version(&world.ana, &by_id(key), new, None).await.unwrap();
                seen = world.heal(key).await;
            }
            _ => panic!("{when}: {fault}"),
        }
    }
    vendor.revoked_by_hand(&world.revoked.lock().unwrap());
    if vendor.kind == Kind::Nameless {
        vendor.removed_by_hand(&world.current(key).await);
    }
    assert_eq!(seen.state, RotationState::Idle, "{when}: {seen:#?}");
    if vendor.kind != Kind::Generate {
        let (current, live) = (world.current(key).await, vendor.live());
        assert!(live.contains(&current), "{when}: {current} is in use and does not work: {live:?}");
        if matches!(vendor.kind, Kind::Named | Kind::Nameless | Kind::Single) {
            let rest = live.iter().filter(|value| **value != current && *value != FIRST).count();
            assert_eq!(rest, 0, "{when}: {current} of {live:?}");
        }
    }
}
