//! When a webhook's messages go out: quiet hours, its own and its person's, and digests.

use keyward_keys::input::{NewWebhook, PreferencesChange, ProfileChange, TimingPatch, WebhookPatch};
use keyward_keys::view::DeliveryStatus;
use keyward_keys::{Error, Role, Service};

use crate::harness::{ELSEWHERE, Instance, NOON, secret};
use crate::teams::{joined, team};
use crate::webhooks::{Receiver, log, new};

#[tokio::test]
async fn what_comes_in_quiet_hours_goes_out_as_one_afterwards_and_what_is_urgent_at_once() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let zone = ProfileChange { time_zone: Some("Asia/Kolkata".to_owned()), ..ProfileChange::default() };
    service.change_profile(&ana, zone).await.expect("changed");
    let receiver = Receiver::start(&[200]).await;
    let quiet = TimingPatch { quiet_hours: Some(Some("22:00-07:00".to_owned())), ..TimingPatch::default() };
    let (hook, _) =
        service.create_webhook(&ana, NewWebhook { timing: quiet, ..new(&receiver.url) }).await.expect("made");
    assert_eq!(hook.timing.quiet_hours.as_deref(), Some("22:00-07:00"));
    let team = team(&instance, &ana).await.id;
    let system = instance.system();
    // Six in the evening UTC is half past eleven at night in Kolkata; seven in the morning there is half past one here.
    let (evening, morning) = (NOON + 6 * 3_600_000, NOON + 13 * 3_600_000 + 1_800_000);
    instance.clock.set(evening);
    joined(&instance, &ana, team, "bob", Role::Viewer).await;
    joined(&instance, &ana, team, "eve", Role::Viewer).await;
    service.sign_in(ELSEWHERE, "ana", secret("correct horse")).await.expect("signed in");
    // All in one moment, so in no order.
    let count = async |service: &Service, event: &str, state: DeliveryStatus| {
        let all = log(service, &ana, hook.id).await;
        all.iter().filter(|one| one.event == event && one.state == state).count()
    };
    assert_eq!(count(service, "new_sign_in", DeliveryStatus::Pending).await, 1);
    assert_eq!(count(service, "member_joined", DeliveryStatus::Held).await, 2);
    let waits = log(service, &ana, hook.id).await.into_iter().find(|one| one.state == DeliveryStatus::Held);
    assert_eq!(waits.and_then(|one| one.next_attempt).expect("a time").as_millisecond(), morning);
    assert_eq!(service.deliver_webhooks(&system).await.expect("sent"), 1, "the sign-in alone");
    instance.clock.set(morning - 1);
    assert_eq!(service.deliver_webhooks(&system).await.expect("not yet"), 0);

    let instance = instance.reopen().await;
    let service = &instance.service;
    instance.clock.set(morning);
    assert_eq!(service.deliver_webhooks(&instance.system()).await.expect("sent"), 1, "both as one");
    assert_eq!(service.deliver_webhooks(&instance.system()).await.expect("nothing"), 0);
    assert_eq!(count(service, "digest", DeliveryStatus::Delivered).await, 1);
    assert_eq!(count(service, "new_sign_in", DeliveryStatus::Delivered).await, 1);
    assert_eq!(count(service, "member_joined", DeliveryStatus::Digested).await, 2);
    let sent = receiver.got().pop().expect("a request");
    assert!(
        sent.contains("2 notifications\\n- ")
            && sent.contains("\\n- 10 Mar 2026, 23:30 IST: eve joined")
            && sent.contains("\\n- 10 Mar 2026, 23:30 IST: bob joined"),
        "{sent}"
    );
}

#[tokio::test]
async fn a_persons_quiet_hours_hold_for_all_their_webhooks_that_have_none_of_their_own() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let team = team(&instance, &ana).await.id;
    let receiver = Receiver::start(&[200]).await;
    let set = async |quiet: Option<&str>| {
        let quiet_hours = Some(quiet.map(str::to_owned));
        let preferences = PreferencesChange { quiet_hours, ..PreferencesChange::default() };
        service.change_profile(&ana, ProfileChange { preferences, ..ProfileChange::default() }).await
    };
    let Err(Error::Invalid(faults)) = set(Some("at night")).await else { panic!("refused") };
    assert_eq!(faults[0].field, "preferences/quietHours");
    let seen = set(Some("18:00-8:00")).await.expect("set");
    assert_eq!(seen.preferences.quiet_hours.as_deref(), Some("18:00-08:00"));
    assert_eq!(service.me(&ana).await.expect("me"), seen);
    let own = TimingPatch { quiet_hours: Some(Some("03:00-04:00".to_owned())), ..TimingPatch::default() };
    // Eight in the morning of the person is not eight where this webhook's digest would be told.
    let far = TimingPatch { timezone: Some(Some("Asia/Tokyo".to_owned())), ..TimingPatch::default() };
    let mut hooks = Vec::new();
    for (timing, of) in
        [(TimingPatch::default(), None), (far, None), (own, None), (TimingPatch::default(), Some(team))]
    {
        let new = NewWebhook { timing, team: of, ..new(&receiver.url) };
        hooks.push(service.create_webhook(&ana, new).await.expect("made").0.id);
    }
    instance.clock.set(NOON + 7 * 3_600_000);
    joined(&instance, &ana, team, "bob", Role::Viewer).await;
    let state = async |hook| {
        let all = log(service, &ana, hook).await;
        let one = all.into_iter().find(|one| one.event == "member_joined").expect("a message");
        (one.state, one.next_attempt.map(|at| at.as_millisecond() - NOON))
    };
    for hook in &hooks[..2] {
        assert_eq!(state(*hook).await, (DeliveryStatus::Held, Some(20 * 3_600_000)));
    }
    for hook in &hooks[2..] {
        assert_eq!(state(*hook).await.0, DeliveryStatus::Pending);
    }
    assert_eq!(set(None).await.expect("set").preferences.quiet_hours, None);
    joined(&instance, &ana, team, "eve", Role::Viewer).await;
    let sent = log(service, &ana, hooks[0]).await;
    assert!(sent.iter().any(|one| one.state == DeliveryStatus::Pending), "none any more");
}

#[tokio::test]
async fn a_digest_is_sent_at_its_time_and_one_alone_as_it_is() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let receiver = Receiver::start(&[200]).await;
    let (hook, _) = service.create_webhook(&ana, new(&receiver.url)).await.expect("made");
    let timing = TimingPatch {
        digest: Some(Some("daily 18:00".to_owned())),
        timezone: Some(Some("UTC".to_owned())),
        urgent_at_once: Some(false),
        ..TimingPatch::default()
    };
    let patch = WebhookPatch { timing, ..WebhookPatch::default() };
    let hook = service.update_webhook(&ana, hook.id, patch).await.expect("changed");
    assert_eq!((hook.timing.digest.as_deref(), hook.timing.urgent_at_once), (Some("daily 18:00"), false));
    service.sign_in(ELSEWHERE, "ana", secret("correct horse")).await.expect("signed in");
    assert_eq!(
        service.deliver_webhooks(&instance.system()).await.expect("not yet"),
        0,
        "urgent ones wait too"
    );
    instance.clock.set(NOON + 6 * 3_600_000);
    assert_eq!(service.deliver_webhooks(&instance.system()).await.expect("sent"), 1);
    let sent = log(service, &ana, hook.id).await;
    assert_eq!((sent.len(), sent[0].event.as_str()), (1, "new_sign_in"));

    let wrong = TimingPatch {
        quiet_hours: Some(Some("all night".to_owned())),
        digest: Some(Some("now and then".to_owned())),
        timezone: Some(Some("Here".to_owned())),
        urgent_at_once: None,
    };
    let patch = WebhookPatch { timing: wrong, ..WebhookPatch::default() };
    let Err(Error::Invalid(faults)) = service.update_webhook(&ana, hook.id, patch).await else {
        panic!("refused")
    };
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["timing/quietHours", "timing/digest", "timing/timezone"]);
    let off = TimingPatch { digest: Some(None), timezone: Some(None), ..TimingPatch::default() };
    let patch = WebhookPatch { timing: off, ..WebhookPatch::default() };
    let hook = service.update_webhook(&ana, hook.id, patch).await.expect("changed");
    assert_eq!((hook.timing.digest, hook.timing.timezone), (None, None));
}
