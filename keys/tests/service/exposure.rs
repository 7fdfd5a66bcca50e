//! What somebody has seen who went: marked at once, or by a job when nobody stayed for it.

use std::pin::pin;
use std::task::{Context, Waker};

use keyward_keys::input::AddedAccount;
use keyward_keys::{Caller, Id, Plan, Role};

use crate::harness::{Instance, ORIGIN, by_id, eventually, new_account, secret};
use crate::teams::{joined, reveal, team, team_key};

/// Asks for something and goes away once the team has no more than so many members, whatever is left to do by then.
async fn asked_and_gone<T>(
    instance: &Instance,
    ana: &Caller,
    team: Id,
    members: usize,
    asked: impl Future<Output = T>,
) {
    let mut asked = pin!(asked);
    assert!(asked.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let left = async || instance.service.members(ana, team).await.expect("listed").len();
    eventually("somebody is out", async || left().await == members).await;
}

#[tokio::test]
async fn what_was_seen_is_marked_later_when_nobody_stays_for_it() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    let (bob, bob_id) = joined(&instance, &ana, team.id, "bob", Role::Member).await;
    let (eve, eve_id) = joined(&instance, &ana, team.id, "eve", Role::Member).await;
    let added = AddedAccount { account: new_account("op"), operator: true, plan: Plan::Free };
    instance.service.add_account(&instance.system(), added).await.expect("added");
    let op = instance.service.sign_in(ORIGIN, "op", secret("correct horse")).await.expect("signed in");
    let mut keys = Vec::new();
    for name in ["By bob", "By eve", "By nobody"] {
        keys.push(team_key(&instance, &ana, team.id, name).await);
    }
    assert!(
        reveal(&instance, &bob, &keys[0]).await.is_ok() && reveal(&instance, &eve, &keys[1]).await.is_ok()
    );
    let removed = instance.service.remove_member(&ana, team.id, bob_id);
    asked_and_gone(&instance, &ana, team.id, 2, removed).await;
    asked_and_gone(&instance, &ana, team.id, 1, instance.service.delete_account(&op, eve_id)).await;

    let instance = instance.reopen().await;
    let marked = async || {
        let mut marked = Vec::new();
        for key in &keys {
            marked.push(instance.service.key(&ana, &by_id(key.id)).await.expect("hers").rotate_now);
        }
        marked
    };
    assert_eq!(marked().await, [false; 3]);
    let run = async || instance.service.mark_departures(&instance.system()).await.expect("ran");
    assert_eq!(run().await, 2);
    assert_eq!(marked().await, [true, true, false]);
    assert_eq!(run().await, 0, "once");
}
