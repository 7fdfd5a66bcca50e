//! What the look at all alert rules costs, once a minute: 1,000 rules on 10,000 keys, of which a tenth was just called; and
//! what the look at 1,000 budgets costs.
//! `cargo bench -p keyward-keys --bench alerts` prints the median and the slowest of some looks.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark ends where it fails, and prints")]

mod person;

use std::time::{Duration, Instant};

use keyward_keys::crypto::{MasterKey, PasswordCost};
use keyward_keys::input::{KeyRef, NewAlertRule, NewKey, TrackEvent};
use keyward_keys::prices::Money;
use keyward_keys::{AlertCondition, Caller, Clock, Door, Id, Service, ServiceOptions, ServiceSettings};
use person::enrol;
use secrecy::SecretString;
use tokio::task::JoinSet;

const KEYS: usize = 10_000;
const RULES: usize = 1_000;
/// Of them, those that are for every key.
const FOR_ALL: usize = 10;
const CALLED: usize = 1_000;
const LOOKS: usize = 20;
/// Keys made at a time.
const TOGETHER: usize = 512;
/// 2026-03-10T12:00:00Z
const NOON: i64 = 1_773_144_000_000;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Clock::fixed(NOON);
    let service = Service::open(ServiceOptions {
        path: folder.path().join("keyward.redb"),
        master_key: MasterKey::generate().expect("a key"),
        settings: ServiceSettings::new(clock.clone()),
        password_cost: PasswordCost { memory_kib: 64, passes: 1, lanes: 1 },
    });
    let service = service.await.expect("opens");
    let caller = enrol(&service).await;
    let keys = keys(&service, &caller).await;
    for (number, key) in keys.iter().take(RULES).enumerate() {
        let new = rule(number, (number >= FOR_ALL).then(|| key.to_string()));
        service.create_alert_rule(&caller, &new).await.expect("a rule");
    }
    let mut calls = JoinSet::new();
    for key in keys.into_iter().take(CALLED) {
        let (service, caller) = (service.clone(), caller.clone());
        calls.spawn(async move {
            let call = TrackEvent::<String> { response_time: Some(120.0), ..TrackEvent::default() };
            service.track(&caller, &KeyRef::Id(key.to_string()), call).await.expect("tracked");
        });
    }
    calls.join_all().await;
    clock.set(NOON + 60_000);
    let system = service.system_caller("bench", Door::System);
    let mut took = Vec::new();
    for _ in 0..LOOKS {
        let start = Instant::now();
        assert_eq!(service.watch_alerts(&system).await.expect("looked"), 0);
        took.push(start.elapsed());
    }
    took.sort_unstable();
    let (median, slowest): (Duration, Duration) = (took[LOOKS / 2], took[LOOKS - 1]);
    let mut looked = Vec::new();
    for _ in 0..LOOKS {
        let start = Instant::now();
        assert_eq!(service.watch_budgets(&system).await.expect("looked"), 0);
        looked.push(start.elapsed());
    }
    looked.sort_unstable();
    println!("{RULES} budgets: {:?}, slowest {:?}", looked[LOOKS / 2], looked[LOOKS - 1]);
    println!(
        "{RULES} rules ({FOR_ALL} for all) on {KEYS} keys, {CALLED} called: {median:?}, slowest {slowest:?}"
    );
    service.close().await.expect("closes");
}

/// Rules that look at calls and do not fire.
fn rule(number: usize, key: Option<String>) -> NewAlertRule {
    let (condition, threshold) = match number % 3 {
        0 => (AlertCondition::ErrorRate, 50),
        1 => (AlertCondition::LatencyP95, 5_000),
        _ => (AlertCondition::RequestRate, 1_000_000),
    };
    NewAlertRule {
        name: format!("rule {number}"),
        condition: Some(condition),
        api_key_id: key,
        team: None,
        threshold: Some(threshold),
        recovery: None,
        window: Some(5),
        enabled: None,
    }
}

async fn keys(service: &Service, caller: &Caller) -> Vec<Id> {
    let (mut making, mut made) = (JoinSet::new(), Vec::with_capacity(KEYS));
    for number in 0..KEYS {
        if making.len() >= TOGETHER {
            made.extend(making.join_next().await.map(|id| id.expect("made")));
        }
        let (service, caller) = (service.clone(), caller.clone());
        making.spawn(async move {
            let new = NewKey {
                name: format!("worker {number:05}"),
                service: "OpenAI".to_owned(),
                value: SecretString::from("sk-test-0123456789"),
                monthly_budget: (number < RULES).then_some(Money(50_000_000)),
                ..NewKey::default()
            };
            service.create_key(&caller, new).await.expect("a key").id
        });
    }
    made.extend(making.join_all().await);
    made
}
