//! Rotation by the daemon: when it is due, what apps are given meanwhile, and what is kept for those that lag.

use std::collections::BTreeSet;
use std::time::Duration;

use keyward_keys::input::{
    AuditQuery, KeyPatch, KeyRef, NewKey, NewToken, NewVersion, NotificationQuery, ProfileChange, Reveal,
    RollBack, Rotate, RotationMethodName, RotationPatch, RotationQuery, TrackEvent,
};
use keyward_keys::view::{
    AttentionKind, KeyAction, KeyView, RetiringState, RotationState, RotationView, VersionLabel,
};
use keyward_keys::{Caller, Custody, Error, Event, Id, Plan, Scope};
use secrecy::ExposeSecret;

use crate::harness::{Instance, NOON, ORIGIN, by_id, new_key, secret};
use crate::teams::team;
use crate::unlock::unlocked;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

pub(crate) fn generates() -> RotationPatch {
    RotationPatch {
        method: Some(RotationMethodName::Generate),
        template: Some("sk-live-{48}".to_owned()),
        overlap: Some(Duration::from_secs(3600)),
        ..RotationPatch::default()
    }
}

pub(crate) async fn generated(
    instance: &Instance,
    person: &Caller,
    name: &str,
    rotation: RotationPatch,
) -> KeyView {
    let new = NewKey { rotation: Some(rotation), ..new_key(name) };
    instance.service.create_key(person, new).await.expect("a key")
}

async fn app(instance: &Instance, person: &Caller, key: Id, name: &str) -> Caller {
    let new = NewToken {
        name: name.to_owned(),
        keys: vec![key.to_string()],
        scopes: vec![Scope::Fetch, Scope::Track],
        ..NewToken::default()
    };
    let (_, token) = instance.service.create_token(person, new).await.expect("made");
    instance.service.sign_in_with_bearer(ORIGIN, token.expose_secret()).expect("good")
}

/// The version and its value, and the one before while that is given out.
async fn fetched(instance: &Instance, app: &Caller, key: Id) -> (u32, String, Option<u32>) {
    let fetched = instance.service.fetch(app, &by_id(key), None).await.expect("fetched");
    let value = fetched.value.expect("a value").expose_secret().to_owned();
    (fetched.version, value, fetched.previous.map(|(number, _)| number))
}

impl Instance {
    pub(crate) async fn rotates(&self) -> u64 {
        self.service.rotate_due(&self.system()).await.expect("rotates")
    }

    pub(crate) async fn rotation_of(&self, person: &Caller, key: Id) -> RotationView {
        self.service.rotation(person, &by_id(key)).await.expect("seen")
    }

    async fn told(&self, person: &Caller) -> Vec<String> {
        let query = NotificationQuery { page: 1, limit: 100, unread: false };
        let page = self.service.notifications(person, &query).await.expect("told");
        page.notifications.into_iter().map(|one| one.kind).collect()
    }

    async fn labels(&self, person: &Caller, key: Id) -> Vec<(u32, Option<VersionLabel>)> {
        let versions = self.service.versions(person, &by_id(key)).await.expect("listed").into_iter();
        versions.map(|one| (one.version, one.labels.first().copied())).collect()
    }
}

#[tokio::test]
async fn a_sealed_key_rotates_on_schedule_with_no_passphrase_typed_since_the_start() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    unlocked(&instance, &ana).await;
    let key = generated(&instance, &ana, "Sealed", generates()).await;
    assert_eq!(key.custody, Custody::Sealed);
    assert_eq!(key.next_rotation.map(|at| at.as_millisecond()), Some(NOON + 90 * DAY_MS));
    let app = app(&instance, &ana, key.id, "app").await;
    // From here on nobody types anything.
    let instance = instance.reopen().await;
    assert_eq!(instance.rotates().await, 0, "nothing is due");
    instance.clock.set(NOON + 90 * DAY_MS);
    assert_eq!(instance.rotates().await, 1);
    let (version, value, previous) = fetched(&instance, &app, key.id).await;
    assert!(version == 2 && previous == Some(1), "{version} {previous:?}");
    assert!(value.starts_with("sk-live-") && value.len() == 56);
    let reveal = instance.service.reveal(&ana, &by_id(key.id), Reveal::default()).await;
    assert!(matches!(reveal, Err(Error::Locked(_))), "nobody was unlocked");
    let seen = instance.rotation_of(&ana, key.id).await;
    assert_eq!((seen.state, seen.history.len()), (RotationState::Overlap, 1));
    assert_eq!(seen.next_rotation.map(|at| at.as_millisecond()), Some(NOON + 180 * DAY_MS));
    assert_eq!(instance.told(&ana).await, ["rotation_done"]);
}

#[tokio::test]
async fn how_long_the_old_version_stays_is_told_by_each_readers_clock() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = generated(&instance, &ana, "One", generates()).await.id;
    let mut told = Vec::new();
    for zone in ["Asia/Kolkata", "UTC"] {
        let change = ProfileChange { time_zone: Some(zone.to_owned()), ..ProfileChange::default() };
        instance.service.change_profile(&ana, change).await.expect("changed");
        instance.service.rotate(&ana, &by_id(key), Rotate::default()).await.expect("accepted");
        instance.rotates().await;
        // Both are of one moment, so which comes first is open.
        let query = NotificationQuery { page: 1, limit: 2, unread: false };
        let page = instance.service.notifications(&ana, &query).await.expect("told");
        let new = page.notifications.into_iter().map(|one| one.message).find(|one| !told.contains(one));
        told.extend(new);
    }
    assert_eq!(
        told,
        [
            "One was rotated: version 2 is the current one; version 1 is given out along with it at least until \
             10 Mar 2026, 18:30 IST",
            "One was rotated: version 3 is the current one; version 2 is given out along with it at least until \
             10 Mar 2026, 13:00 UTC",
        ]
    );
}

#[tokio::test]
async fn the_old_version_is_kept_until_every_app_has_the_new_one_and_no_call_comes_with_it() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let key = generated(&instance, &ana, "One", generates()).await.id;
    let (quick, slow) = (app(&instance, &ana, key, "quick").await, app(&instance, &ana, key, "slow").await);
    for app in [&quick, &slow] {
        assert_eq!(fetched(&instance, app, key).await.0, 1);
    }
    let begun = service.rotate(&ana, &by_id(key), Rotate::default()).await.expect("accepted");
    assert_eq!(begun.state, RotationState::Running);
    instance.rotates().await;
    let (current, previous) = (Some(VersionLabel::Current), Some(VersionLabel::Previous));
    assert_eq!(instance.labels(&ana, key).await, [(2, current), (1, previous)]);
    let rehearsal = service.rehearse_rotation(&ana, &by_id(key), Rotate::default()).await.expect("told");
    assert_eq!((rehearsal.version, rehearsal.refused), (3, None), "rotating again would be accepted");
    assert_eq!((rehearsal.will_break.len(), rehearsal.updates_itself.len()), (0, 2));
    let at_once = Rotate { emergency: true, ..Rotate::default() };
    let rehearsal = service.rehearse_rotation(&ana, &by_id(key), at_once).await.expect("told");
    let breaks: BTreeSet<&str> = rehearsal.will_break.iter().map(|one| &*one.app.name).collect();
    assert_eq!(breaks, BTreeSet::from(["quick", "slow"]), "what they have would go at once");
    assert_eq!(fetched(&instance, &quick, key).await.2, Some(1));

    instance.clock.set(NOON + HOUR_MS + 1);
    instance.rotates().await;
    let seen = instance.rotation_of(&ana, key).await;
    assert_eq!(seen.retiring[0].state, RetiringState::Extended);
    let using: Vec<&str> = seen.retiring[0].used_by.apps.iter().map(|app| &*app.name).collect();
    assert_eq!(using, ["slow"], "it is named who still uses it");
    assert_eq!(instance.told(&ana).await, ["rotation_overlap_extended", "rotation_done"]);

    assert_eq!(fetched(&instance, &slow, key).await.2, Some(1), "the overlap holds for those that lag");
    let call = TrackEvent { version: Some(1), ..TrackEvent::default() };
    service.track(&slow, &by_id(key), call).await.expect("counted");
    instance.clock.set(NOON + 2 * HOUR_MS);
    instance.rotates().await;
    let seen = instance.rotation_of(&ana, key).await;
    assert!(seen.retiring[0].used_by.apps.is_empty());
    let calls = seen.retiring[0].used_by.calls.expect("calls with it");
    assert_eq!((calls.since_replaced, calls.last.as_millisecond()), (1, NOON + HOUR_MS + 1));
    assert_eq!(fetched(&instance, &quick, key).await.2, Some(1));

    instance.clock.set(NOON + 2 * HOUR_MS + 20 * 60_000);
    instance.rotates().await;
    assert_eq!(instance.labels(&ana, key).await, [(2, current), (1, None)]);
    assert_eq!(fetched(&instance, &quick, key).await.2, None);
    assert_eq!(instance.rotation_of(&ana, key).await.state, RotationState::Idle);
    assert_eq!(instance.told(&ana).await.len(), 2, "it is told once");
}

#[tokio::test]
async fn the_old_version_goes_in_the_end_and_at_once_where_nobody_asks_for_evidence() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let rotation = RotationPatch { longest_extension: Some(Duration::from_secs(7200)), ..generates() };
    let kept = generated(&instance, &ana, "Kept", rotation).await.id;
    let plain =
        generated(&instance, &ana, "Plain", RotationPatch { evidence: Some(false), ..generates() }).await.id;
    for key in [kept, plain] {
        let app = app(&instance, &ana, key, "app").await;
        fetched(&instance, &app, key).await;
        service.rotate(&ana, &by_id(key), Rotate::default()).await.expect("accepted");
    }
    instance.rotates().await;
    instance.clock.set(NOON + HOUR_MS + 1);
    instance.rotates().await;
    assert_eq!(instance.rotation_of(&ana, plain).await.state, RotationState::Idle);
    assert_eq!(instance.rotation_of(&ana, kept).await.state, RotationState::Overlap);
    // Somebody who knows better ends it; and else it goes after the longest time.
    let instance = instance.reopen().await;
    instance.clock.set(NOON + 3 * HOUR_MS);
    instance.rotates().await;
    assert_eq!(instance.rotation_of(&ana, kept).await.state, RotationState::Idle);
    instance.service.rotate(&ana, &by_id(kept), Rotate::default()).await.expect("accepted");
    instance.rotates().await;
    let gone = instance.service.retire_version(&ana, &by_id(kept), 2).await.expect("gone");
    assert_eq!(gone.state, RotationState::Idle);
    let refused = instance.service.retire_version(&ana, &by_id(kept), 3).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "the current version is not on its way out");
}

#[tokio::test]
async fn a_person_is_reminded_hands_in_a_value_and_ticks_the_old_one_off() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let page = "https://console.example.com/keys";
    let rotation = RotationPatch { url: Some(page.to_owned()), ..RotationPatch::default() };
    let key = generated(&instance, &ana, "One", rotation).await.id;
    instance.clock.set(NOON + 90 * DAY_MS);
    instance.rotates().await;
    instance.rotates().await;
    assert_eq!(instance.told(&ana).await, ["rotation_due"], "once");
    let seen = instance.rotation_of(&ana, key).await;
    assert_eq!((seen.state, seen.overdue), (RotationState::Waiting, false));
    let home = service.home(&ana).await.expect("home");
    let wants = home.attention.iter().map(|one| (one.kind, one.first[0].id)).collect::<Vec<_>>();
    assert!(wants.contains(&(AttentionKind::RotationWaiting, key)), "{wants:?}");
    assert!(wants.iter().all(|one| one.0 != AttentionKind::RotationOverdue), "told once: {wants:?}");
    assert_eq!(seen.rotation.url.as_deref(), Some(page));
    let new = NewVersion { value: secret("second"), overlap: Some(Duration::from_secs(3600)) };
    service.add_version(&ana, &by_id(key), new, None).await.expect("set");
    let seen = instance.rotation_of(&ana, key).await;
    assert_eq!((seen.state, seen.version, seen.history.len()), (RotationState::Overlap, 2, 1));
    assert_eq!(seen.next_rotation.map(|at| at.as_millisecond()), Some(NOON + 180 * DAY_MS));
    instance.clock.set(NOON + 90 * DAY_MS + HOUR_MS);
    instance.rotates().await;
    assert_eq!(instance.rotation_of(&ana, key).await.retiring[0].state, RetiringState::ToRevoke);
    assert_eq!(instance.told(&ana).await[0], "rotation_due", "somebody is to revoke it where it was made");
    let done = service.retire_version(&ana, &by_id(key), 1).await.expect("ticked off");
    assert_eq!(done.state, RotationState::Idle);
    let back = service.roll_back(&ana, &by_id(key), RollBack { version: Some(1) }).await;
    assert!(matches!(back, Err(Error::Conflict(text)) if text.contains("revoked")));
}

#[tokio::test]
async fn a_rotation_that_waited_for_a_person_is_given_up_when_none_is_needed_any_more() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "One").await.id;
    instance.service.rotate(&ana, &by_id(key), Rotate::default()).await.expect("accepted");
    assert_eq!(instance.rotation_of(&ana, key).await.state, RotationState::Waiting);
    let patch = KeyPatch { rotation: Some(Some(generates())), ..KeyPatch::default() };
    instance.service.update_key(&ana, &by_id(key), patch, None).await.expect("set");
    assert_eq!(instance.rotation_of(&ana, key).await.state, RotationState::Idle);
    instance.clock.set(NOON + 90 * DAY_MS);
    instance.rotates().await;
    assert_eq!(instance.rotation_of(&ana, key).await.version, 2);
}

#[tokio::test]
async fn going_back_needs_nobody_who_can_read_and_an_emergency_needs_the_name() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    unlocked(&instance, &ana).await;
    let key = generated(&instance, &ana, "Sealed", generates()).await.id;
    let app = app(&instance, &ana, key, "app").await;
    let instance = instance.reopen().await;
    let service = &instance.service;
    let rotate = async |rotate: Rotate| service.rotate(&ana, &by_id(key), rotate).await;
    rotate(Rotate::default()).await.expect("accepted");
    instance.rotates().await;
    service.roll_back(&ana, &by_id(key), RollBack::default()).await.expect("back");
    let (version, value, previous) = fetched(&instance, &app, key).await;
    assert_eq!((version, &*value, previous), (1, "sk-test-0123456789", Some(2)));
    rotate(Rotate::default()).await.expect("accepted");
    instance.rotates().await;
    assert_eq!(fetched(&instance, &app, key).await.0, 3, "no number is given twice");

    let nameless = Rotate { emergency: true, ..Rotate::default() };
    assert!(matches!(rotate(nameless).await, Err(Error::Invalid(faults)) if faults[0].field == "confirm"));
    let wrong = Rotate { emergency: true, confirm: Some("sealed".to_owned()), ..Rotate::default() };
    assert!(matches!(rotate(wrong).await, Err(Error::Invalid(_))));
    let frozen = KeyPatch { frozen: Some(true), ..KeyPatch::default() };
    service.update_key(&ana, &by_id(key), frozen, None).await.expect("frozen");
    let right = Rotate { emergency: true, confirm: Some("Sealed".to_owned()), ..Rotate::default() };
    rotate(right).await.expect("accepted");
    instance.rotates().await;
    let thawed = KeyPatch { frozen: Some(false), ..KeyPatch::default() };
    service.update_key(&ana, &by_id(key), thawed, None).await.expect("thawed");
    let (version, _, previous) = fetched(&instance, &app, key).await;
    assert_eq!((version, previous), (4, None), "nothing of before is left");
    assert_eq!(instance.rotation_of(&ana, key).await.state, RotationState::Idle);
}

#[tokio::test]
async fn who_may_not_rotate_is_refused_and_who_may_see_sees() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let (ana, (ben, _)) = (instance.ana().await, instance.person("ben", Plan::Free).await);
    let key = generated(&instance, &ana, "One", generates()).await.id;
    let app = app(&instance, &ana, key, "app").await;
    let one: KeyRef = by_id(key);
    assert!(matches!(service.rotate(&ben, &one, Rotate::default()).await, Err(Error::NotFound(_))));
    assert!(matches!(service.rotation(&ben, &one).await, Err(Error::NotFound(_))));
    assert!(matches!(service.rotate(&app, &one, Rotate::default()).await, Err(Error::Forbidden(_))));
    assert!(matches!(service.roll_back(&app, &one, RollBack::default()).await, Err(Error::Forbidden(_))));
    assert!(matches!(service.rotation(&app, &one).await, Err(Error::Forbidden(_))));
    let nothing = service.roll_back(&ana, &one, RollBack::default()).await;
    assert!(matches!(nothing, Err(Error::Conflict(_))), "there is no version before");
    service.rotate(&ana, &one, Rotate::default()).await.expect("accepted");
    let again = service.rotate(&ana, &one, Rotate::default()).await;
    assert!(matches!(again, Err(Error::Conflict(_))), "one at a time");
    let query = RotationQuery { limit: 20 };
    let all = service.rotations(&ana, &query).await.expect("seen");
    assert_eq!((all.queue.len(), all.queued, all.scheduled), (1, 1, 1));
    instance.rotates().await;
    assert_eq!(service.rotations(&ana, &query).await.expect("seen").history.len(), 1);
    assert!(service.rotations(&ben, &query).await.expect("seen").history.is_empty());
}

#[tokio::test]
async fn each_step_is_told_to_those_who_look_and_is_in_the_audit_chain() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = generated(&instance, &ana, "One", generates()).await.id;
    let mut heard = instance.hears(&ana).await;
    instance.service.rotate(&ana, &by_id(key), Rotate::default()).await.expect("accepted");
    instance.rotates().await;
    let mut changes = 0;
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_millis(200), heard.next()).await {
        changes += u32::from(matches!(event, Event::KeyChanged { api_key, .. } if api_key == key));
    }
    assert_eq!(changes, 3, "begun, made, finished");
    let query = AuditQuery { page: 1, object: Some(key), limit: 50, ..AuditQuery::default() };
    let page = instance.service.audit(&ana, &query).await.expect("read");
    let steps: Vec<String> = page
        .records
        .iter()
        .filter(|record| record.action == "rotation.run" || record.action == "key.rotate")
        .map(|record| record.detail.clone())
        .collect();
    assert_eq!(steps.len(), 3, "{steps:?}");
}

#[tokio::test]
async fn the_rotation_of_a_new_key_is_told_as_a_change() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await.id;
    let new = NewKey { team: Some(team), rotation: Some(generates()), ..new_key("New") };
    let key = instance.service.create_key(&ana, new).await.expect("a key").id;
    let relay = instance.service.relay(&instance.system()).expect("hears everything");
    assert_eq!(relay.key_update(team, key).action, KeyAction::Created);
    instance.service.rotate(&ana, &by_id(key), Rotate::default()).await.expect("asked for");
    assert_eq!(relay.key_update(team, key).action, KeyAction::Updated);
}
