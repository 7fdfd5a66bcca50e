//! A provider that does wrong at any one call of a rotation: too late, half, twice, something else, another status, before or
//! after it did what it was asked for. And a clock that jumps.

use std::time::Duration;

use keyward_store::model::Id;

use super::kills::{at_most_one_is_nobodys, settles};
use super::vendor::{KINDS, Kind, Vendor, Wrong};
use super::{FIRST, World};

/// More calls than one rotation has.
const MOST: u32 = 15;

const WRONGS: [Wrong; 9] = [
    Wrong::Late,
    Wrong::Half,
    Wrong::Twice,
    Wrong::Garbage,
    Wrong::Redirect,
    Wrong::Status(429),
    Wrong::Status(500),
    Wrong::StatusAfter(500),
    Wrong::Status(422),
];

async fn wrong_at_each_call(kind: Kind) {
    // Short, as some answers are waited for in vain.
    let world = World::patient(Duration::from_millis(700)).await;
    let (vendor, key) = Vendor::start(&world, kind).await;
    for wrong in WRONGS {
        let mut calls = 0;
        for call in 1..MOST {
            let when = format!("{kind:?}, {wrong:?} at call {call}");
            world.ask(key).await;
            vendor.does_wrong(call, wrong);
            world.turn().await;
            let reached = vendor.works() >= call;
            world.holds(key, &when).await;
            at_most_one_is_nobodys(&world, &vendor, key, &when).await;
            settles(&world, &vendor, key, &when).await;
            world.holds(key, &when).await;
            if !reached {
                break;
            }
            calls = call;
        }
        assert!((2..MOST - 1).contains(&calls), "{kind:?}, {wrong:?}: {calls}");
    }
}

#[tokio::test]
async fn a_webhook_that_does_wrong_at_any_call_loses_and_doubles_nothing() {
    wrong_at_each_call(Kind::Webhook).await;
}

#[tokio::test]
async fn a_provider_with_names_that_does_wrong_at_any_call_loses_and_doubles_nothing() {
    wrong_at_each_call(Kind::Named).await;
}

#[tokio::test]
async fn a_provider_without_names_that_does_wrong_at_any_call_loses_and_doubles_nothing() {
    wrong_at_each_call(Kind::Nameless).await;
}

#[tokio::test]
async fn a_provider_that_changes_the_value_in_use_loses_nothing_without_saying_so() {
    wrong_at_each_call(Kind::Single).await;
}

#[tokio::test]
async fn a_provider_whose_values_end_loses_and_doubles_nothing() {
    wrong_at_each_call(Kind::Expiring).await;
}

#[tokio::test]
async fn a_clock_that_jumps_in_the_middle_changes_nothing_about_that() {
    const JUMPS: [i64; 4] = [-7_200_000, 400 * 86_400_000, -400 * 86_400_000, 3_600_000];
    for kind in KINDS {
        let world = World::open().await;
        let (vendor, key) = Vendor::start(&world, kind).await;
        for (round, jump) in JUMPS.into_iter().enumerate() {
            let when = format!("{kind:?}, a jump of {jump} ms");
            world.ask(key).await;
            // It fails at some step, is waited for, and the clock jumps meanwhile.
            vendor.does_wrong(round as u32 + 1, Wrong::Status(500));
            world.turn().await;
            vendor.works();
            let before = world.clock.now_ms();
            jumped(&world, key, jump).await;
            world.holds(key, &when).await;
            // Somebody sets it right again.
            world.clock.set(world.clock.now_ms().max(before));
            settles(&world, &vendor, key, &when).await;
            assert_ne!(world.current(key).await, FIRST, "{when}");
        }
    }
}

async fn jumped(world: &World, key: Id, jump: i64) {
    world.clock.set(world.clock.now_ms() + jump);
    world.turn().await;
    // Where it waits for a moment that lies far ahead now, somebody asks.
    if world.seen(key).await.run.is_some() {
        world.ask(key).await;
        world.turn().await;
    }
}
