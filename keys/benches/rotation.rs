//! What rotation costs among 100,000 scheduled keys, on a real, sealed file: `cargo bench -p keyward-keys --bench rotation`.
//! It prints how long it takes to see that nothing is due, what waiting costs the processor, and how long 1,000 rotations
//! take that are due at one moment. `… -- hours 10000` prints what it takes to change the time zone of a team with so many
//! keys on cron expressions, how long the changes of others wait meanwhile, and memory.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark ends where it fails, and prints")]

mod person;

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use keyward_keys::crypto::{MasterKey, PasswordCost};
use keyward_keys::input::{KeyPatch, KeyRef, NewKey, NewTeam, RotationMethodName, RotationPatch, TeamPatch};
use keyward_keys::{Caller, Clock, Door, Id, Service, ServiceOptions, ServiceSettings};
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
    let arguments: Vec<String> = std::env::args().skip_while(|argument| argument != "hours").collect();
    if let Some(keys) = arguments.get(1) {
        hours(&service, keys.parse().expect("a number of keys")).await;
        return service.close().await.expect("closes");
    }
    let caller = enrol(&service).await;
    fill(&service, &caller, KEYS, key).await;
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

fn daily() -> RotationPatch {
    RotationPatch {
        method: Some(RotationMethodName::Generate),
        cron: Some(Some("0 3 * * *".to_owned())),
        ..RotationPatch::default()
    }
}

fn key(number: usize) -> NewKey {
    NewKey {
        name: format!("key {number:06}"),
        service: "OpenAI".to_owned(),
        value: SecretString::from(format!("sk-test-{number:032}")),
        rotation: (number < DUE).then(daily),
        ..NewKey::default()
    }
}

async fn fill(service: &Service, caller: &Caller, keys: usize, key: impl Fn(usize) -> NewKey) {
    let mut tasks = JoinSet::new();
    for number in 0..keys {
        if tasks.len() >= 512 {
            tasks.join_next().await;
        }
        let (service, caller, key) = (service.clone(), caller.clone(), key(number));
        tasks.spawn(async move { service.create_key(&caller, key).await.expect("a key") });
    }
    while tasks.join_next().await.is_some() {}
}

/// Changes the time zone of a team with so many keys, while somebody else changes a key of their own again and again.
async fn hours(service: &Service, keys: usize) {
    let caller = enrol(service).await;
    let team = NewTeam { name: "Large".to_owned(), ..NewTeam::default() };
    let team = service.create_team(&caller, team).await.expect("a team").id;
    fill(service, &caller, keys, |number| NewKey {
        name: format!("key {number:06}"),
        service: "OpenAI".to_owned(),
        value: SecretString::from(format!("sk-test-{number:032}")),
        team: Some(team),
        rotation: Some(daily()),
        ..NewKey::default()
    })
    .await;
    let own = service.create_key(&caller, key(DUE)).await.expect("a key").id;
    let quiet = others(service, &caller, own, tokio::time::sleep(Duration::from_secs(2))).await;
    let (begun, before) = (Instant::now(), memory("VmHWM"));
    let zone = TeamPatch { time_zone: Some(Some("America/New_York".to_owned())), ..TeamPatch::default() };
    let busy = others(service, &caller, own, async {
        service.update_team(&caller, team, zone).await.expect("changed");
    })
    .await;
    println!("{keys} keys of one team follow its time zone: {:?}", begun.elapsed());
    println!("the longest change of somebody else: {busy:?} meanwhile, {quiet:?} before");
    println!("memory at its highest: {before} kB before, {} kB after", memory("VmHWM"));
}

/// The longest of the changes that are made one after another until something is done.
async fn others(service: &Service, caller: &Caller, key: Id, until: impl Future<Output = ()>) -> Duration {
    let (mut until, mut longest, mut number) = (pin!(until), Duration::ZERO, 0_u32);
    let key = KeyRef::Id(key.to_string());
    loop {
        number += 1;
        let patch = KeyPatch { description: Some(number.to_string()), ..KeyPatch::default() };
        let mut changing = pin!(async {
            let begun = Instant::now();
            service.update_key(caller, &key, patch, None).await.expect("changed");
            begun.elapsed()
        });
        tokio::select! {
            took = &mut changing => longest = longest.max(took),
            () = &mut until => return longest.max(changing.await),
        }
    }
}

/// A line of proc(5)'s `status`, in kB.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}
