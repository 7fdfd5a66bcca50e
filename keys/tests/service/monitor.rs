use std::time::Duration;

use keyward_keys::input::{AddedAccount, TrackEvent};
use keyward_keys::view::SessionKind;
use keyward_keys::{Error, Plan};

use crate::harness::{Instance, ORIGIN, by_id, new_account, secret};

#[tokio::test]
async fn operators_see_what_the_counters_stand_at() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let operator = AddedAccount { account: new_account("olga"), operator: true, plan: Plan::Free };
    service.add_account(&instance.system(), operator).await.expect("added");
    let olga = service.sign_in(ORIGIN, "olga", secret("correct horse")).await.expect("signed in");
    assert!(matches!(service.monitor(&ana), Err(Error::Forbidden(_))), "others are not shown it");

    let before = service.monitor(&olga).expect("shown");
    assert_eq!((before.people, before.keys, before.requests.answered), (2, 0, 0));
    assert!(before.store.writable && before.process.is_some() && before.jobs.is_empty());
    let key = instance.add_key(&ana, "Billing").await;
    service.track(&ana, &by_id(key.id), TrackEvent::default()).await.expect("tracked");
    let route = service.meters().route("/api/keys", "GET");
    for (status, ms) in [(200, 2), (404, 2), (503, 40)] {
        route.answered(status, Duration::from_millis(ms));
    }
    let presence = service.enter(&ana, SessionKind::Dashboard, "ssh").expect("enters");
    service.job_ran("purge_bin", true, Duration::from_millis(3));
    service.job_ran("purge_bin", false, Duration::from_millis(3));

    let after = service.monitor(&olga).expect("shown");
    let requests = &after.requests;
    assert_eq!((requests.answered, requests.client_errors, requests.server_errors), (3, 1, 1));
    assert!(requests.times.since(&before.requests.times).quantile(0.5).is_some_and(|s| s < 0.003));
    assert!(requests.times.quantile(0.99).is_some_and(|s| s > 0.025));
    assert!(after.store.commits.since(&before.store.commits).count > 0);
    assert_eq!((after.store.usage_events - before.store.usage_events, after.keys), (1, 1));
    let dashboards = |view: &keyward_keys::view::MonitorView| {
        view.sessions.iter().find(|session| session.kind == "dashboard").map(|session| session.open)
    };
    assert_eq!(dashboards(&after), Some(1));
    let [job] = after.jobs.as_slice() else { panic!("one job") };
    assert_eq!(
        (job.job.as_str(), job.runs, job.failures, job.last_success.is_some()),
        ("purge_bin", 2, 1, true)
    );
    drop(presence);
    assert_eq!(dashboards(&service.monitor(&olga).expect("shown")), Some(0));
}
