//! Plans: how many keys may be made, what is used, and where the month is going.

use keyward_keys::input::{Import, ImportDefaults, KeyPatch, ReportedEvent, import_env};
use keyward_keys::{Error, Plan};

use crate::harness::{Instance, NOON, by_id, new_key};

#[tokio::test]
async fn a_plan_has_so_many_keys_however_they_are_made() {
    let instance = Instance::open().await;
    let (bob, _) = instance.person("bob", Plan::Free).await;
    let first = instance.add_key(&bob, "first").await;
    let making: Vec<_> = (0..12)
        .map(|number| {
            let (service, bob) = (instance.service.clone(), bob.clone());
            tokio::spawn(async move { service.create_key(&bob, new_key(&format!("key {number}"))).await })
        })
        .collect();
    let mut made = 1;
    for one in making {
        match one.await.expect("ends") {
            Ok(_) => made += 1,
            Err(error) => assert!(matches!(error, Error::PlanLimit { allowed: 5 }), "{error}"),
        }
    }
    assert_eq!(made, 5);
    instance.service.delete_key(&bob, &by_id(first.id), None).await.expect("deleted");
    instance.add_key(&bob, "in its place").await;
    assert!(matches!(instance.service.create_key(&bob, new_key("more")).await, Err(Error::PlanLimit { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn imports_at_one_moment_do_not_make_more_keys_than_the_plan_has() {
    let instance = Instance::with_room(1_030).await;
    let (eva, _) = instance.person("eva", Plan::Enterprise).await;
    let importing: Vec<_> = (0..8)
        .map(|part| {
            let (service, eva) = (instance.service.clone(), eva.clone());
            let text: String = (0..130).map(|number| format!("K{part}_{number}=v\n")).collect();
            let keys = import_env(&text, &ImportDefaults::default());
            tokio::spawn(async move { service.import_keys(&eva, Import { keys, ..Import::default() }).await })
        })
        .collect();
    let mut made = 0;
    for one in importing {
        match one.await.expect("ends") {
            Ok(report) => made += report.new,
            Err(error) => assert!(matches!(error, Error::PlanLimit { allowed: 1_030 }), "{error}"),
        }
    }
    assert_eq!(made, 7 * 130);
}

#[tokio::test]
async fn the_billing_tells_plan_use_and_forecast_and_no_report_is_refused() {
    let instance = Instance::open().await;
    let (bob, _) = instance.person("bob", Plan::Free).await;
    let (kept, binned) = (instance.add_key(&bob, "kept").await, instance.add_key(&bob, "binned").await);
    let call = || ReportedEvent { key: kept.key_id.clone(), event: Default::default() };
    let calls = (0..1_100).map(|_| call()).collect();
    assert_eq!(instance.service.track_many(&bob, calls, false).await.expect("never refused").accepted, 1_100);
    instance.service.track(&bob, &by_id(binned.id), Default::default()).await.expect("tracked");
    instance.service.delete_key(&bob, &by_id(binned.id), None).await.expect("deleted");
    let off = KeyPatch { monthly_limit: Some(Some(1)), ..KeyPatch::default() };
    instance.service.update_key(&bob, &by_id(kept.id), off, None).await.expect("limited");
    instance.service.track(&bob, &by_id(kept.id), Default::default()).await.expect("never refused");

    let billing = instance.service.billing(&bob).await.expect("told");
    assert_eq!(
        (billing.plan, billing.limits.api_keys, billing.limits.monthly_requests),
        (Plan::Free, 5, 1_000)
    );
    assert_eq!((billing.usage.api_keys, billing.usage.monthly_requests), (1, 1_102));
    assert!(billing.usage.exceeded && billing.forecast.exceeds);
    // Nine and a half of 31 days have passed at noon of the 10th.
    assert_eq!(billing.forecast.monthly_requests, 1_102 * 31 * 2 / 19);
    assert_eq!(billing.period.start.to_string(), "2026-03-01T00:00:00Z");
    let others: Vec<_> =
        billing.plans.iter().map(|other| (other.plan, other.fits_keys, other.fits_forecast)).collect();
    assert_eq!(others, [(Plan::Pro, true, true), (Plan::Enterprise, true, true)]);
    instance.clock.set(NOON + 31 * 24 * 3_600_000);
    let next = instance.service.billing(&bob).await.expect("told");
    assert_eq!((next.usage.monthly_requests, next.forecast.monthly_requests), (0, 0));
}
