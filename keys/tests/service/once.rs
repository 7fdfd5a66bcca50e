//! Requests that may be sent again, when things go wrong in between.

use keyward_keys::service::{Begun, Once};
use keyward_keys::{Caller, Error};

use crate::harness::{Instance, NOON, new_key};

const DAY_MS: i64 = 24 * 3_600_000;

async fn begin(instance: &Instance, caller: &Caller, key: &str, body: &str) -> Begun {
    instance.service.begin_once(caller, "bearer", key, &[body.as_bytes()]).await.expect("begun")
}

fn first(begun: Begun) -> Once {
    match begun {
        Begun::First(once) => once,
        _ => panic!("it was there before"),
    }
}

#[tokio::test]
async fn a_crash_between_the_commit_and_the_answer_makes_no_second_key() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let once = first(begin(&instance, &ana, "k", "body").await);
    let caller = ana.clone().with_once(once);
    let key = instance.service.create_key(&caller, new_key("only one")).await.expect("made");
    drop(caller);
    let instance = instance.reopen().await;
    let again = begin(&instance, &ana, "k", "body").await;
    assert!(matches!(again, Begun::Again { object, answer: None } if object == Some(key.id)));
    assert!(matches!(begin(&instance, &ana, "k", "other body").await, Begun::Other));
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day_and_what_is_under_way_is_known() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let once = first(begin(&instance, &ana, "k", "body").await);
    assert!(matches!(begin(&instance, &ana, "k", "body").await, Begun::Running));
    assert!(matches!(begin(&instance, &ana, "k", "other").await, Begun::Other));
    instance.service.finish_once(once, b"answer").await.expect("kept");
    instance.clock.set(NOON + DAY_MS - 1);
    assert_eq!(instance.service.forget_answers(&instance.system()).await.expect("none is due"), 0);
    let Begun::Again { answer: Some(answer), .. } = begin(&instance, &ana, "k", "body").await else {
        panic!("it is known")
    };
    assert_eq!(answer.expose(), b"answer");

    instance.clock.set(NOON + DAY_MS);
    let once = first(begin(&instance, &ana, "k", "another body").await);
    instance.service.finish_once(once, b"later").await.expect("kept in its place");
    instance.clock.set(NOON + 2 * DAY_MS);
    assert_eq!(instance.service.forget_answers(&instance.system()).await.expect("forgotten"), 1);
    assert!(matches!(instance.service.forget_answers(&ana).await, Err(Error::Forbidden(_))));
    first(begin(&instance, &ana, "k", "body").await);
}

#[tokio::test]
async fn one_person_s_answers_are_bounded() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    for number in 0..1_000 {
        let once = first(begin(&instance, &ana, &number.to_string(), "body").await);
        instance.service.finish_once(once, b"").await.expect("kept");
    }
    let more = instance.service.begin_once(&ana, "bearer", "one more", &[]).await;
    assert!(matches!(more, Err(Error::TooMany(wait)) if wait.as_millis() == DAY_MS as u128));
}
