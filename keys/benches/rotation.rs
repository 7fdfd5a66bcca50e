//! What rotation costs among 100,000 scheduled keys, on a real, sealed file: `cargo bench -p keyward-keys --bench rotation`.
//! It prints how long it takes to see that nothing is due, what waiting costs the processor, and how long 1,000 rotations
//! take that are due at one moment.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark ends where it fails, and prints")]

mod person;

use std::time::{Duration, Instant};

use keyward_keys::crypto::{MasterKey, PasswordCost};
use keyward_keys::input::{NewKey, RotationMethodName, RotationPatch};
use keyward_keys::{Clock, Door, Service, ServiceOptions, ServiceSettings};
use person::enrol;
use secrecy::SecretString;
use tokio::task::JoinSet;

const KEYS: usize = 100_000;
const DUE: usize = 1_000;
const DAY_MS: i64 = 24 * 3_600_000;
const WATCHED: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Clock::fixed(1_773_144_000_000);
    let options = ServiceOptions {
        path: folder.path().join("keyward.redb"),
        master_key: MasterKey::generate().expect("a key"),
        settings: ServiceSettings::new(clock.clone()),
        password_cost: PasswordCost { memory_kib: 64, passes: 1, lanes: 1 },
    };
    let service = Service::open(options).await.expect("opens");
    fill(&service).await;
    let system = service.system_caller("bench", Door::Local);

    let begun = Instant::now();
    for _ in 0..1_000 {
        service.rotate_due(&system).await.expect("nothing is due");
    }
    println!("to see that nothing is due among {KEYS} keys: {:?}", begun.elapsed() / 1_000);

    let before = processor_ticks();
    let _ = tokio::time::timeout(WATCHED, service.rotation_due()).await;
    let ticks = processor_ticks() - before;
    println!("processor while waiting {WATCHED:?}: {ticks} ticks of 10 ms");

    clock.set(clock.now_ms() + DAY_MS);
    let begun = Instant::now();
    let turned = service.rotate_due(&system).await.expect("rotates");
    println!("{turned} rotations that were due at one moment: {:?}", begun.elapsed());
    assert_eq!(turned, DUE as u64);
    service.close().await.expect("closes");
}

/// Processor time that this process has used (proc(5), fields 14 and 15 of `stat`).
fn processor_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("a process");
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).map(|field| field.parse::<u64>().expect("ticks")).sum()
}

fn key(number: usize) -> NewKey {
    let daily = RotationPatch {
        method: Some(RotationMethodName::Generate),
        cron: Some(Some("0 3 * * *".to_owned())),
        ..RotationPatch::default()
    };
    NewKey {
        name: format!("key {number:06}"),
        service: "OpenAI".to_owned(),
        value: SecretString::from(format!("sk-test-{number:032}")),
        rotation: (number < DUE).then_some(daily),
        ..NewKey::default()
    }
}

async fn fill(service: &Service) {
    let caller = enrol(service).await;
    let mut tasks = JoinSet::new();
    for number in 0..KEYS {
        if tasks.len() >= 512 {
            tasks.join_next().await;
        }
        let (service, caller) = (service.clone(), caller.clone());
        tasks.spawn(async move { service.create_key(&caller, key(number)).await.expect("a key") });
    }
    while tasks.join_next().await.is_some() {}
}
