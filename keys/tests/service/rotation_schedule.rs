//! When keys are due: schedules that are set and refused, and what is missed while the daemon is away.

use std::time::Duration;

use keyward_keys::input::{
    KeyPatch, NewKey, ProfileChange, RollBack, Rotate, RotationMethodName, RotationPatch, TeamPatch,
};
use keyward_keys::view::RotationView;
use keyward_keys::{Error, Id, Plan};

use crate::harness::{Instance, NOON, by_id, new_key};
use crate::rotation::{generated, generates};
use crate::teams::team;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

#[tokio::test]
async fn what_was_missed_runs_once_and_a_clock_that_is_set_back_makes_nothing_twice() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let daily = RotationPatch { cron: Some(Some("0 3 * * *".to_owned())), ..generates() };
    let key = generated(&instance, &ana, "Daily", daily).await;
    let three = NOON + 15 * HOUR_MS;
    assert_eq!(key.next_rotation.map(|at| at.as_millisecond()), Some(three));
    let instance = instance.reopen().await;
    instance.clock.set(NOON + 5 * DAY_MS);
    instance.rotates().await;
    let seen = instance.rotation_of(&ana, key.id).await;
    assert_eq!((seen.version, seen.history.len()), (2, 1), "five times were missed, and it ran once");
    let next = |seen: &RotationView| seen.next_rotation.map(|at| at.as_millisecond());
    assert_eq!(next(&seen), Some(three + 5 * DAY_MS));
    instance.clock.set(NOON);
    instance.rotates().await;
    let seen = instance.rotation_of(&ana, key.id).await;
    assert_eq!((seen.version, next(&seen)), (2, Some(three + 5 * DAY_MS)));
    // Whoever sets the schedule anew then gets a time that was begun already: it is passed over.
    let again = RotationPatch { cron: Some(Some("0 3 * * *".to_owned())), ..RotationPatch::default() };
    let patch = KeyPatch { rotation: Some(Some(again)), ..KeyPatch::default() };
    let set = instance.service.update_key(&ana, &by_id(key.id), patch, None).await.expect("set");
    assert_eq!(set.next_rotation.map(|at| at.as_millisecond()), Some(three));
    instance.clock.set(three);
    instance.rotates().await;
    assert_eq!(instance.rotation_of(&ana, key.id).await.version, 2);
}

#[tokio::test]
async fn what_was_missed_waits_for_the_end_of_the_quiet_hours_it_is_found_in() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let (cron, quiet) = (Some(Some("0 1 * * *".to_owned())), Some(Some("02:00-05:00".to_owned())));
    let nightly = RotationPatch { cron, quiet_hours: quiet, ..generates() };
    let key = generated(&instance, &ana, "Nightly", nightly).await.id;
    let instance = instance.reopen().await;
    let midnight = NOON + 12 * HOUR_MS;
    for (hour, version) in [(3, 1), (5, 2)] {
        instance.clock.set(midnight + hour * HOUR_MS);
        instance.rotates().await;
        assert_eq!(instance.rotation_of(&ana, key).await.version, version, "at {hour}");
    }
}

#[tokio::test]
async fn what_many_keys_missed_runs_once_each_and_one_after_another() {
    let instance = Instance::open().await;
    let ana = instance.person("ana", Plan::Enterprise).await.0;
    let mut keys = Vec::new();
    for number in 0..40 {
        keys.push(generated(&instance, &ana, &format!("Key {number}"), generates()).await.id);
    }
    // The daemon was away when they came to be due, and for two intervals more.
    instance.clock.set(NOON + 271 * DAY_MS);
    let instance = instance.reopen().await;
    assert_eq!(instance.rotates().await, 33, "as many as go at once, and the first of the others");
    for more in 1..8 {
        instance.clock.set(NOON + 271 * DAY_MS + more * 250 - 1);
        assert_eq!(instance.rotates().await, 0, "it is not time for the next");
        instance.clock.set(NOON + 271 * DAY_MS + more * 250);
        assert_eq!(instance.rotates().await, 1);
    }
    for key in keys {
        let seen = instance.rotation_of(&ana, key).await;
        assert_eq!((seen.version, seen.history.len()), (2, 1), "three times were missed, and it ran once");
    }
}

#[tokio::test]
async fn rotations_are_counted_by_outcome_and_what_is_overdue_or_open_is_told() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    generated(&instance, &ana, "Made", generates()).await;
    let by_hand = instance.add_key(&ana, "By hand").await.id;
    let value = async |series: &str| {
        let text = instance.service.metrics(&instance.system(), None).await.expect("read");
        text.lines().find_map(|line| Some(line.strip_prefix(series)?.strip_prefix(' ')?.to_owned()))
    };
    let told = async |series: &str, wanted: &str| {
        assert_eq!(value(series).await.as_deref(), Some(wanted), "{series}");
    };
    told("keyward_rotations_overdue", "0").await;
    let late = NOON + 90 * DAY_MS + 1_000;
    instance.clock.set(late);
    told("keyward_rotations_overdue", "2").await;
    instance.rotates().await;
    // The one that is made is done; the one by hand waits for somebody, and stays overdue.
    told("keyward_rotations_overdue", "1").await;
    told("keyward_rotations_open{state=\"waiting\"}", "1").await;
    told("keyward_rotations_total{method=\"generate\",outcome=\"done\"}", "1").await;
    let last = "keyward_rotation_last_success_timestamp_seconds{method=\"generate\"}";
    told(last, &(late / 1_000).to_string()).await;
    instance.service.roll_back(&ana, &by_id(by_hand), RollBack::default()).await.expect("given up");
    told("keyward_rotations_open{state=\"waiting\"}", "0").await;
    told("keyward_rotations_total{method=\"remind\",outcome=\"cancelled\"}", "1").await;
}

#[tokio::test]
async fn a_cron_expression_that_is_refused_is_told_with_what_may_have_been_meant() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "One").await.id;
    for (cron, meant) in [
        ("0 0 31 2 *", &["\"0 0 L 2 *\""][..]),
        ("0 30 3 * *", &["\"0 30 3 * * *\""]),
        ("*/30 * * * * *", &["\"* * * * *\"", "\"*/30 * * * *\""]),
    ] {
        let rotation = RotationPatch { cron: Some(Some(cron.to_owned())), ..generates() };
        let new = NewKey { rotation: Some(rotation.clone()), ..new_key("Two") };
        let made = instance.service.create_key(&ana, new).await.map(|_| ());
        let patch = KeyPatch { rotation: Some(Some(rotation)), ..KeyPatch::default() };
        let set = instance.service.update_key(&ana, &by_id(key), patch, None).await.map(|_| ());
        for refused in [made, set] {
            let Err(Error::Invalid(faults)) = refused else { panic!("{cron} was taken") };
            assert_eq!((&*faults[0].field, faults.len()), ("rotation/cron", 1));
            for meant in meant {
                let told = faults[0].detail.split("; ").find(|told| told.starts_with(meant)).expect("told");
                assert_eq!(
                    told.matches(", ").count() - told.matches(" fields, ").count(),
                    2,
                    "three: {told}"
                );
            }
        }
    }
}

#[tokio::test]
async fn settings_are_refused_as_a_whole_and_keep_what_is_not_named() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let key = generated(&instance, &ana, "One", generates()).await.id;
    let set = async |rotation: Option<RotationPatch>| {
        let patch = KeyPatch { rotation: Some(rotation), ..KeyPatch::default() };
        service.update_key(&ana, &by_id(key), patch, None).await
    };
    let wrong = RotationPatch {
        template: Some("{3}".to_owned()),
        cron: Some(Some("0 0 31 2 *".to_owned())),
        timezone: Some(Some("Moon/Base".to_owned())),
        quiet_hours: Some(Some("late".to_owned())),
        overlap: Some(Duration::from_secs(91 * 24 * 3600)),
        command: Some("make".to_owned()),
        ..RotationPatch::default()
    };
    // What stands for itself is looked at first: the template is of the method that the key has.
    let Err(Error::Invalid(faults)) = set(Some(wrong)).await else { panic!("refused") };
    let fields: Vec<&str> = faults.iter().map(|fault| &*fault.field).collect();
    assert!(
        ["rotation/cron", "rotation/timezone", "rotation/quietHours", "rotation/overlap", "rotation/command"]
            .iter()
            .all(|field| fields.contains(field)),
        "{fields:?}"
    );
    let cron = RotationPatch { cron: Some(Some("0  3 * * 1".to_owned())), ..RotationPatch::default() };
    let view = set(Some(cron)).await.expect("set");
    let rotation = view.rotation.expect("whole");
    assert_eq!(rotation.template.as_deref(), Some("sk-live-{48}"));
    assert_eq!((rotation.cron.as_deref(), &*rotation.overlap), (Some("0 3 * * 1"), "1h"));
    let upcoming: Vec<String> = rotation.upcoming.iter().map(ToString::to_string).collect();
    assert_eq!(upcoming, ["2026-03-16T03:00:00Z", "2026-03-23T03:00:00Z", "2026-03-30T03:00:00Z"]);
    let none = set(None).await.expect("set");
    let rotation = none.rotation.expect("whole");
    assert_eq!((rotation.method, rotation.cron), (RotationMethodName::Remind, None));
    assert_eq!(none.next_rotation.map(|at| at.as_millisecond()), Some(NOON + 90 * DAY_MS));
}

#[tokio::test]
async fn what_says_nothing_of_when_leaves_a_key_due_as_it_was() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "By days").await.id;
    let team = team(&instance, &ana).await.id;
    let set = async |patch: KeyPatch| {
        let view = instance.service.update_key(&ana, &by_id(key), patch, None).await.expect("set");
        (view.next_rotation.expect("a time").as_millisecond() - NOON) / DAY_MS
    };
    let rotation = |rotation| KeyPatch { rotation: Some(Some(rotation)), ..KeyPatch::default() };
    instance.clock.set(NOON + 100 * DAY_MS);
    let longer = RotationPatch { overlap: Some(Duration::from_hours(48)), ..RotationPatch::default() };
    assert_eq!(set(rotation(longer.clone())).await, 90, "it stays overdue");
    assert_eq!(set(rotation(generates())).await, 90, "whoever makes its values");
    assert_eq!(
        set(KeyPatch { team: Some(Some(team)), ..rotation(longer.clone()) }).await,
        90,
        "elsewhere too"
    );
    // An interval says when, and so does what belongs to a clock.
    assert_eq!(set(KeyPatch { rotation_interval: Some(30), ..rotation(longer) }).await, 130);
    instance.clock.set(NOON + 110 * DAY_MS);
    let quiet =
        RotationPatch { quiet_hours: Some(Some("02:00-05:00".to_owned())), ..RotationPatch::default() };
    assert_eq!(set(rotation(quiet)).await, 140);
    assert_eq!(set(KeyPatch { rotation: Some(None), ..KeyPatch::default() }).await, 140);
}

#[tokio::test]
async fn keys_are_due_by_the_clock_of_their_team_and_outside_of_its_quiet_hours() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await.id;
    let cron = RotationPatch { cron: Some(Some("0 3 * * *".to_owned())), ..generates() };
    let made = async |name: &str, rotation: RotationPatch| {
        let new = NewKey { team: Some(team), rotation: Some(rotation), ..new_key(name) };
        service.create_key(&ana, new).await.expect("a key").id
    };
    let by_cron = made("By cron", cron.clone()).await;
    let by_days = made("By days", generates()).await;
    let own_zone = RotationPatch { timezone: Some(Some("UTC".to_owned())), ..cron.clone() };
    let own_zone = made("Its own zone", own_zone).await;
    let own_quiet = RotationPatch { quiet_hours: Some(Some("10:00-11:00".to_owned())), ..cron };
    let own_quiet = made("Its own quiet hours", own_quiet).await;
    let next = async |key: Id| {
        let seen = instance.rotation_of(&ana, key).await;
        (seen.next_rotation.expect("a time").as_millisecond() - NOON, seen.rotation)
    };
    let set = async |zone: Option<Option<&str>>, quiet: Option<Option<&str>>| {
        let text = |said: Option<Option<&str>>| said.map(|text| text.map(str::to_owned));
        let patch = TeamPatch { time_zone: text(zone), quiet_hours: text(quiet), ..TeamPatch::default() };
        service.update_team(&ana, team, patch).await
    };
    let (utc, kolkata) = (15 * HOUR_MS, 9 * HOUR_MS + HOUR_MS / 2);
    for (key, at) in [(by_cron, utc), (by_days, 90 * DAY_MS), (own_zone, utc), (own_quiet, utc)] {
        assert_eq!(next(key).await.0, at);
    }

    let Err(Error::Invalid(faults)) = set(Some(Some("Moon/Base")), Some(Some("late"))).await else {
        panic!("refused")
    };
    let fields: Vec<&str> = faults.iter().map(|fault| &*fault.field).collect();
    assert_eq!(fields, ["timeZone", "quietHours"]);
    let view = set(Some(Some("Asia/Kolkata")), None).await.expect("set");
    assert_eq!((view.time_zone.as_deref(), view.quiet_hours), (Some("Asia/Kolkata"), None));
    for (key, at) in [(by_cron, kolkata), (by_days, 90 * DAY_MS), (own_zone, utc), (own_quiet, kolkata)] {
        assert_eq!(next(key).await.0, at);
    }
    // Three in the morning UTC is half past eight in Kolkata.
    set(None, Some(Some("02:00-05:00"))).await.expect("set");
    for (key, at) in [(by_cron, kolkata + 2 * HOUR_MS), (own_zone, utc), (own_quiet, kolkata)] {
        assert_eq!(next(key).await.0, at);
    }
    let settings = next(by_cron).await.1;
    assert_eq!((&*settings.timezone, settings.quiet_hours), ("Asia/Kolkata", None));
    assert_eq!(settings.team_quiet_hours.as_deref(), Some("02:00-05:00"));
    assert_eq!(next(own_quiet).await.1.team_quiet_hours, None);

    // It stays so after a restart, and is what happens.
    let instance = instance.reopen().await;
    let service = &instance.service;
    instance.clock.set(NOON + kolkata);
    assert_eq!(instance.rotates().await, 1, "the one with quiet hours of its own");
    assert_eq!(instance.rotation_of(&ana, own_quiet).await.version, 2);
    instance.clock.set(NOON + kolkata + 2 * HOUR_MS);
    instance.rotates().await;
    assert_eq!(instance.rotation_of(&ana, by_cron).await.version, 2);
    let due = async |key: Id| {
        let seen = instance.rotation_of(&ana, key).await;
        seen.next_rotation.expect("a time").as_millisecond() - NOON
    };
    assert_eq!(due(by_cron).await, kolkata + 26 * HOUR_MS);

    // Who moves it home gets it by their own clock, which it follows.
    let home = KeyPatch { team: Some(None), ..KeyPatch::default() };
    service.update_key(&ana, &by_id(by_cron), home, None).await.expect("moved");
    assert_eq!(due(by_cron).await, utc);
    let zone = ProfileChange { time_zone: Some("America/New_York".to_owned()), ..ProfileChange::default() };
    service.change_profile(&ana, zone).await.expect("changed");
    assert_eq!(
        due(by_cron).await,
        utc + 4 * HOUR_MS,
        "three in the morning there, where summer time has begun"
    );
    assert_eq!(due(own_quiet).await, kolkata + DAY_MS, "the team has a clock of its own");
    let none = TeamPatch { time_zone: Some(None), quiet_hours: Some(None), ..TeamPatch::default() };
    let view = service.update_team(&ana, team, none).await.expect("set");
    assert_eq!((view.time_zone, view.quiet_hours), (None, None));
    assert_eq!(due(own_quiet).await, utc + 4 * HOUR_MS, "by whoever made it");
}

#[tokio::test]
async fn a_value_that_is_used_again_is_due_as_by_its_own_making() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = generated(&instance, &ana, "Made", generates()).await;
    let due = async || {
        let seen = instance.rotation_of(&ana, key.id).await;
        (seen.version, seen.next_rotation.expect("due").as_millisecond())
    };
    instance.clock.set(NOON + 80 * DAY_MS);
    let early = instance.service.rotate(&ana, &by_id(key.id), Rotate::default()).await;
    early.expect("begun");
    instance.rotates().await;
    assert_eq!(due().await, (2, NOON + 170 * DAY_MS));
    instance.service.roll_back(&ana, &by_id(key.id), RollBack::default()).await.expect("back");
    assert_eq!(due().await, (1, NOON + 90 * DAY_MS), "it is not used for longer than it was to be");
    // What was due has been replaced, and to go back then must not begin it at once.
    instance.clock.set(NOON + 91 * DAY_MS);
    instance.rotates().await;
    let (third, next_ms) = due().await;
    instance.service.roll_back(&ana, &by_id(key.id), RollBack { version: Some(1) }).await.expect("back");
    assert_eq!((third, due().await), (3, (1, next_ms)));
}
