//! What questions about usage cost through the whole core, and what keeping their answers ready costs.
//!
//! `cargo bench -p keyward-keys --bench usage_questions -- year` each question of the dashboard about one key with ten
//! million calls in a year: median and p99
//! `… -- team` the same of a team of 1,000 keys with a year of calls each; a timeframe after either asks for that alone
//! `… -- ingest` processor time a call in bulk ingest, with and without storing it, and of the detector alone
//! `… -- quiet` what 10,000 keys that were called once and are quiet add to the memory of a daemon that just started; a
//! number of seconds after it is how long it has been running (2)

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark ends where it fails, and prints")]

mod asked;
mod person;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use asked::{ask, machine};
use jiff::Timestamp;
use keyward_keys::crypto::{MasterKey, PasswordCost};
use keyward_keys::input::{
    Breakdown, CostQuery, KeyQuery, KeyRef, NewKey, NewToken, OverviewQuery, ReportQuery, ReportedEvent,
    SeriesQuery, Step, TrackEvent, UsageQuery,
};
use keyward_keys::{
    Caller, Clock, Door, Id, Origin, Process, Scope, Service, ServiceOptions, ServiceSettings,
};
use person::{enrol, sign_in};
use secrecy::{ExposeSecret, SecretString};
use tokio::task::JoinSet;

/// 2026-03-10T12:00:00Z
const NOON: i64 = 1_773_144_000_000;
const HOUR_MS: i64 = 3_600_000;
const YEAR_MS: i64 = 365 * 24 * HOUR_MS;

/// Calls brought in at a time.
const BATCH: u64 = 10_000;
/// Apps that report them, and calls that one does at a time.
const APPS: u8 = 8;
const TURN: usize = 500;

fn main() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().expect("a runtime");
    // Cargo adds one of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let argument = |place: usize| arguments.get(place).cloned();
    match (argument(0).as_deref(), argument(1)) {
        (Some("year"), only) => runtime.block_on(questions(1, 10_000_000, only)),
        (Some("team"), only) => runtime.block_on(questions(1_000, 4_000, only)),
        (Some("ingest"), _) => runtime.block_on(ingest()),
        (Some("quiet"), seconds) => runtime.block_on(quiet(seconds.as_deref().unwrap_or("2"))),
        (Some("resident"), Some(folder)) => {
            let seconds = argument(2).and_then(|seconds| seconds.parse().ok()).expect("seconds");
            runtime.block_on(resident(Path::new(&folder), Duration::from_secs(seconds)));
        }
        _ => println!("say what to measure: year, team, ingest or quiet"),
    }
}

fn options(folder: &Path, master_key: &SecretString, clock: &Clock) -> ServiceOptions {
    ServiceOptions {
        path: folder.join("keyward.redb"),
        master_key: MasterKey::parse(master_key.expose_secret().as_bytes()).expect("a key"),
        settings: ServiceSettings::new(clock.clone()),
        password_cost: PasswordCost { memory_kib: 64, passes: 1, lanes: 1 },
    }
}

fn new_master_key(folder: &Path) -> SecretString {
    let key = MasterKey::generate().expect("a key").to_hex();
    std::fs::write(folder.join("master.key"), key.expose_secret()).expect("written");
    key
}

async fn keys(service: &Service, caller: &Caller, count: usize) -> Vec<Id> {
    let (mut making, mut made) = (JoinSet::new(), Vec::with_capacity(count));
    for number in 0..count {
        if making.len() >= 512 {
            made.extend(making.join_next().await.map(|id| id.expect("made")));
        }
        let (service, caller) = (service.clone(), caller.clone());
        making.spawn(async move {
            let new = NewKey {
                name: format!("worker {number:05}"),
                service: "OpenAI".to_owned(),
                value: SecretString::from("sk-test-0123456789"),
                monthly_limit: Some(1_000_000_000),
                ..NewKey::default()
            };
            service.create_key(&caller, new).await.expect("a key").id
        });
    }
    made.extend(making.join_all().await);
    made
}

fn mix(number: u64) -> u64 {
    let mixed = (number ^ 0x9e37_79b9).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 8
}

/// A call like those of the other measures: 50 endpoints, some failures, response times over two octaves.
fn call(number: u64, at_ms: i64) -> TrackEvent {
    let noise = mix(number);
    TrackEvent {
        endpoint: Some(format!("/v1/things/{}", (noise >> 20) % 50)),
        method: Some(if noise & 3 == 0 { "GET" } else { "POST" }.to_owned()),
        status_code: Some(if (noise >> 12).is_multiple_of(40) { 429 } else { 200 }),
        response_time: Some(40.0 + (noise % 120_000) as f64 / 1_000.0),
        request_size: Some(200 + (noise >> 30) as u32 % 800),
        response_size: Some(300 + (noise >> 36) as u32 % 3_000),
        timestamp: Timestamp::from_millisecond(at_ms).ok(),
        ..TrackEvent::default()
    }
}

/// Apps that report calls, each from a machine of its own.
async fn apps(service: &Service, caller: &Caller, keys: &[Id]) -> Vec<Caller> {
    let mut apps = Vec::new();
    for number in 0..APPS {
        let keys = keys.iter().map(Id::to_string).collect();
        let new = NewToken {
            name: format!("app {number}"),
            keys,
            scopes: vec![Scope::Track],
            ..NewToken::default()
        };
        let (_, token) = service.create_token(caller, new).await.expect("a token");
        let address = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, number)));
        let origin = Origin { door: Door::Rest, address, request: None };
        apps.push(service.sign_in_with_bearer(origin, token.expose_secret()).expect("good"));
    }
    apps
}

/// Brings in so many calls of each key, evenly over the year up to now, reported by three apps in turn.
async fn year_of_calls(service: &Service, keys: &[Id], apps: &[Caller], each: u64) {
    let system = service.system_caller("bench", Door::Local);
    let step_ms = YEAR_MS as f64 / each as f64;
    for (place, id) in keys.iter().enumerate() {
        for first in (0..each).step_by(BATCH as usize) {
            let numbers = first..each.min(first + BATCH);
            let at = |number: u64| NOON - YEAR_MS + (number as f64 * step_ms) as i64;
            let mut calls = numbers.map(|number| call(number + place as u64 * each, at(number)));
            for app in (0..).map(|turn| apps.get((place + turn % 3) % apps.len().max(1))) {
                let some: Vec<_> = calls.by_ref().take(TURN).collect();
                if some.is_empty() {
                    break;
                }
                service.import_usage(&system, *id, app, some).await.expect("brought in");
            }
        }
    }
}

async fn questions(count: usize, each: u64, only: Option<String>) {
    let folder = tempfile::tempdir_in(".").expect("a folder");
    let clock = Clock::fixed(NOON);
    let master_key = new_master_key(folder.path());
    let service = Service::open(options(folder.path(), &master_key, &clock)).await.expect("opens");
    let caller = enrol(&service).await;
    let ids = keys(&service, &caller, count).await;
    let began = Instant::now();
    let apps = apps(&service, &caller, &ids).await;
    year_of_calls(&service, &ids, &apps, each).await;
    // Asked of what rests on the disk, as on any other day: without what is no longer kept.
    service.prune_usage(&service.system_caller("bench", Door::System)).await.expect("asked for");
    // That goes on little by little, and nobody is told when the last has gone: until the process rests.
    let mut before = Duration::ZERO;
    while cpu() - before > Duration::from_millis(20) && began.elapsed() < Duration::from_secs(300) {
        before = cpu();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    service.close().await.expect("closes");
    let service = Service::open(options(folder.path(), &master_key, &clock)).await.expect("opens");
    println!("{count} keys with {each} calls in a year, brought in within {:.0?}", began.elapsed());
    let caller = sign_in(&service).await;
    let span =
        |timeframe: &str| UsageQuery { timeframe: Some(timeframe.to_owned()), ..UsageQuery::default() };
    for timeframe in ["day", "week", "month", "year"] {
        if only.as_deref().is_some_and(|only| only != timeframe) {
            continue;
        }
        let one = KeyRef::Id(ids[0].to_string());
        ask(&format!("usage of a key, {timeframe}"), async || {
            service.usage(&caller, &one, &span(timeframe).into()).await.expect("a report");
        })
        .await;
        ask(&format!("usage of all, {timeframe}"), async || {
            service.usage_overview(&caller, &span(timeframe).into()).await.expect("an overview");
        })
        .await;
        ask(&format!("usage of all with the period before, {timeframe}"), async || {
            let report = ReportQuery { span: span(timeframe), compare: true, ..ReportQuery::default() };
            let query = OverviewQuery { report, ..OverviewQuery::default() };
            service.usage_overview(&caller, &query).await.expect("an overview");
        })
        .await;
        let breakdowns = [
            Breakdown::Key,
            Breakdown::Environment,
            Breakdown::Endpoint,
            Breakdown::Method,
            Breakdown::Status,
            Breakdown::Token,
        ];
        for by in std::iter::once(None).chain(breakdowns.map(Some)) {
            let query = SeriesQuery { span: span(timeframe), by, compare: true, ..SeriesQuery::default() };
            let word = by.map(|by| format!("{by:?}").to_lowercase()).unwrap_or_else(|| "all".to_owned());
            ask(&format!("chart by {word} with the period before, {timeframe}"), async || {
                service.usage_series(&caller, &query).await.expect("a chart");
            })
            .await;
        }
        for zone in ["Asia/Kolkata", "America/New_York", "Asia/Tokyo"] {
            let zoned = UsageQuery { timezone: Some(zone.to_owned()), ..span(timeframe) };
            for step in
                [None, Some(Step::Day)].into_iter().filter(|step| step.is_none() || timeframe != "day")
            {
                let query =
                    SeriesQuery { span: zoned.clone(), step, compare: true, ..SeriesQuery::default() };
                let by = if step.is_some() { " by the day" } else { "" };
                ask(&format!("chart{by} with the period before in {zone}, {timeframe}"), async || {
                    service.usage_series(&caller, &query).await.expect("a chart");
                })
                .await;
            }
            for by in [Breakdown::Key, Breakdown::Endpoint, Breakdown::Method, Breakdown::Token] {
                let query = SeriesQuery {
                    span: zoned.clone(),
                    step: Some(Step::Day),
                    by: Some(by),
                    compare: true,
                    ..SeriesQuery::default()
                };
                let word = format!("{by:?}").to_lowercase();
                ask(&format!("chart by the day and {word} in {zone}, {timeframe}"), async || {
                    service.usage_series(&caller, &query).await.expect("a chart");
                })
                .await;
            }
            ask(&format!("usage of all in {zone}, {timeframe}"), async || {
                service.usage_overview(&caller, &zoned.clone().into()).await.expect("an overview");
            })
            .await;
        }
        let query = CostQuery { span: span(timeframe), ..CostQuery::default() };
        ask(&format!("costs, {timeframe}"), async || {
            service.costs(&caller, &query).await.expect("costs");
        })
        .await;
    }
    machine().await;
    ask("home", async || drop(service.home(&caller).await.expect("home"))).await;
    ask("billing", async || drop(service.billing(&caller).await.expect("billing"))).await;
    let first = KeyQuery { page: 1, limit: 100, ..KeyQuery::default() };
    ask("a page of keys", async || drop(service.keys(&caller, &first).await.expect("keys"))).await;
    service.close().await.expect("closes");
}

fn cpu() -> Duration {
    Duration::from_secs_f64(Process::now().map_or(0.0, |process| process.cpu_seconds))
}

/// As `src/memory.rs` does after a start.
#[allow(unsafe_code, reason = "the allocator's own function, which nobody wraps")]
fn trim() {
    // SAFETY: it may be called at any time from any thread (malloc_trim(3)).
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::malloc_trim(0)
    };
}

async fn ingest() {
    const EVENTS: u64 = 2_000_000;
    const KEYS: usize = 100;
    for stored in [false, true] {
        let folder = tempfile::tempdir_in(".").expect("a folder");
        let clock = Clock::fixed(NOON);
        let options = options(folder.path(), &new_master_key(folder.path()), &clock);
        let service = match stored {
            true => Service::open(options).await,
            false => Service::open_discarding_usage(options).await,
        };
        let service = service.expect("opens");
        let caller = enrol(&service).await;
        let ids = keys(&service, &caller, KEYS).await;
        let texts: Vec<String> = ids.iter().map(Id::to_string).collect();
        let mut spent = Duration::ZERO;
        for part in 0..EVENTS / BATCH {
            let at_ms = NOON + (part as i64) * 1_000;
            let events = (0..BATCH).map(|i| {
                let key = texts[i as usize % KEYS].clone();
                ReportedEvent { key, event: call(part * BATCH + i, at_ms + i as i64 / 10) }
            });
            let events: Vec<_> = events.collect();
            clock.set(at_ms + 1_000);
            let before = cpu();
            service.track_many(&caller, events, false).await.expect("reported");
            spent += cpu() - before;
        }
        // What is folded after the last answer counts too.
        let before = cpu();
        if stored {
            tokio::time::sleep(Duration::from_secs(4)).await;
        }
        spent += cpu() - before;
        let each = spent.as_secs_f64() * 1e6 / EVENTS as f64;
        println!("{}: {each:.2} µs of processor time a call", if stored { "stored" } else { "discarded" });
        if stored {
            clock.set(NOON + 20 * 60_000);
            let system = service.system_caller("bench", Door::System);
            let (before, began) = (cpu(), Instant::now());
            service.watch_anomalies(&system).await.expect("watched");
            let (spent, took) = (cpu() - before, began.elapsed());
            let each = spent.as_secs_f64() * 1e6 / EVENTS as f64;
            println!("detector of {KEYS} keys: {took:.1?}, {each:.3} µs of processor time a call");
        }
        service.close().await.expect("closes");
    }
}

async fn quiet(seconds: &str) {
    const KEYS: usize = 10_000;
    let (none, many) =
        (tempfile::tempdir_in(".").expect("a folder"), tempfile::tempdir_in(".").expect("a folder"));
    // One key in both: what is there for any is no key's.
    for (folder, count) in [(none.path(), 1), (many.path(), 1 + KEYS)] {
        let clock = Clock::fixed(NOON - 24 * HOUR_MS);
        let service = Service::open(options(folder, &new_master_key(folder), &clock)).await.expect("opens");
        let caller = enrol(&service).await;
        let ids = keys(&service, &caller, count).await;
        for some in ids.chunks(1_000) {
            let event = |(i, id): (usize, &Id)| ReportedEvent {
                key: id.to_string(),
                event: call(i as u64, NOON - 24 * HOUR_MS),
            };
            let events = some.iter().enumerate().map(event).collect();
            service.track_many(&caller, events, false).await.expect("reported");
        }
        service.close().await.expect("closes");
    }
    let resident = |folder: &Path| {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        let output =
            command.arg("resident").arg(folder).arg(seconds).stderr(Stdio::inherit()).output().expect("runs");
        let output = String::from_utf8(output.stdout).expect("numbers");
        let mut numbers = output.split_whitespace().map(|number| number.parse::<f64>().expect("a number"));
        [numbers.next().expect("before"), numbers.next().expect("after")]
    };
    let (without, with) = (resident(none.path()), resident(many.path()));
    for (place, when) in ["before what is free is given back", "after"].into_iter().enumerate() {
        let (without, more) = (without[place], with[place] - without[place]);
        println!(
            "{KEYS} quiet keys, {seconds} s old: {more:.1} MB more than {without:.1} MB without, {when}"
        );
    }
}

/// Opens what was made, lets the jobs look at it, gives back what is free as the daemon does, and prints the memory in MB before
/// and after that.
async fn resident(folder: &Path, running: Duration) {
    let master_key = std::fs::read_to_string(folder.join("master.key")).expect("a key");
    let clock = Clock::fixed(NOON);
    let service =
        Service::open(options(folder, &SecretString::from(master_key), &clock)).await.expect("opens");
    let system = service.system_caller("bench", Door::System);
    service.watch_alerts(&system).await.expect("looked");
    service.watch_anomalies(&system).await.expect("watched");
    tokio::time::sleep(running).await;
    let resident = || Process::now().map_or(0, |process| process.resident_bytes) as f64 / 1e6;
    print!("{:.1} ", resident());
    trim();
    println!("{:.1}", resident());
    service.close().await.expect("closes");
}
