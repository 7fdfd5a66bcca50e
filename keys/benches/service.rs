//! What an operation of the service costs on a real, sealed file with 100,000 keys in one space:
//! `cargo bench -p keyward-keys --bench service`, and search among as many with names that are not ASCII. The line about opening
//! compares that with all else.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark ends where it fails, and prints")]

mod person;

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use criterion::{Criterion, Throughput};
use keyward_keys::crypto::{MasterKey, PasswordCost};
use keyward_keys::input::{KeyQuery, KeyRef, NewKey, NewToken, ReportedEvent, Reveal, TrackEvent};
use keyward_keys::{Caller, Clock, Scope, Service, ServiceOptions, ServiceSettings};
use person::{ORIGIN, enrol};
use secrecy::{ExposeSecret, SecretString};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const KEYS: usize = 100_000;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keyward.redb");
    let master_key = MasterKey::generate().expect("a key").to_hex();
    let service = runtime.block_on(open(&path, &master_key));
    let caller = runtime.block_on(fill(&service, key));
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    lists(&mut criterion, &runtime, &service, &caller);
    values(&mut criterion, &runtime, &service, &caller);
    usage(&mut criterion, &runtime, &service, &caller);
    runtime.block_on(async {
        service.close().await.expect("closes");
        drop(service);
        let start = Instant::now();
        let service = open(&path, &master_key).await;
        println!("opening with {KEYS} keys: {:?}", start.elapsed());
        service.close().await.expect("closes");
    });
    let service = runtime.block_on(open(&folder.path().join("umlauts.redb"), &master_key));
    let caller = runtime.block_on(fill(&service, key_with_umlauts));
    let page = KeyQuery { page: 1, limit: 20, ..KeyQuery::default() };
    for (name, text, fuzzy) in [
        ("umlauts: search, few hits", "aufträge 0423", Some(false)),
        ("umlauts: fuzzy", "straftr42", Some(true)),
        ("umlauts: fuzzy, a letter left out", "aufräge 00421", None),
        ("umlauts: fuzzy, all hits", "afträg", None),
        ("umlauts: fuzzy, all hits in ASCII", "aftrg", None),
        ("umlauts: fuzzy, all hits of two words", "aftrg ge", None),
    ] {
        let query = KeyQuery { search: Some(text.to_owned()), fuzzy, ..page.clone() };
        list(&mut criterion, &runtime, &service, &caller, name, &query);
    }
    criterion.final_summary();
}

async fn open(path: &Path, master_key: &SecretString) -> Service {
    let options = ServiceOptions {
        path: path.to_owned(),
        master_key: MasterKey::parse(master_key.expose_secret().as_bytes()).expect("a key"),
        settings: ServiceSettings::new(Clock::system()),
        password_cost: PasswordCost { memory_kib: 64, passes: 1, lanes: 1 },
    };
    Service::open(options).await.expect("opens")
}

fn key(number: usize) -> NewKey {
    const SERVICES: [&str; 8] =
        ["OpenAI", "Anthropic", "Stripe", "AWS", "GitHub", "Twilio", "SendGrid", "Datadog"];
    NewKey {
        name: format!("{} worker {number:05}", SERVICES[number % 8].to_lowercase()),
        service: SERVICES[number % 8].to_owned(),
        value: SecretString::from(format!("sk-test-{number:032}")),
        description: format!("Used by the batch jobs of region {}", number % 17),
        monthly_limit: Some(10_000),
        tags: vec![format!("team{}", number % 100)],
        ..NewKey::default()
    }
}

/// The same with a name that is not ASCII.
fn key_with_umlauts(number: usize) -> NewKey {
    let key = key(number);
    NewKey { name: key.name.replace("worker", "aufträge"), ..key }
}

async fn fill(service: &Service, key: impl Fn(usize) -> NewKey) -> Caller {
    let caller = enrol(service).await;
    let mut tasks = JoinSet::new();
    for number in 0..KEYS {
        if tasks.len() >= 512 {
            tasks.join_next().await;
        }
        let (service, caller) = (service.clone(), caller.clone());
        let key = key(number);
        tasks.spawn(async move { service.create_key(&caller, key).await.expect("a key") });
    }
    while tasks.join_next().await.is_some() {}
    caller
}

fn lists(criterion: &mut Criterion, runtime: &Runtime, service: &Service, caller: &Caller) {
    let page = KeyQuery { page: 1, limit: 20, ..KeyQuery::default() };
    let search = |text: &str, fuzzy| KeyQuery { search: Some(text.to_owned()), fuzzy, ..page.clone() };
    for (name, query) in [
        ("list 20", page.clone()),
        ("search, few hits", search("worker 0423", Some(false))),
        ("search, all hits", search("worker", Some(false))),
        ("search, no hit", search("nothing like it", Some(false))),
        ("fuzzy", search("strwork42", Some(true))),
        ("fuzzy, a letter left out", search("workr 00421", None)),
        ("fuzzy, all hits", search("wrk", None)),
        ("fuzzy, all hits of two words", search("wrk er", None)),
        ("fuzzy, many of the best fit", search("wrk 12", None)),
    ] {
        list(criterion, runtime, service, caller, name, &query);
    }
}

fn list(
    criterion: &mut Criterion,
    runtime: &Runtime,
    service: &Service,
    caller: &Caller,
    name: &str,
    query: &KeyQuery,
) {
    criterion.bench_function(name, |bench| {
        bench.to_async(runtime).iter(async || black_box(service.keys(caller, query).await.expect("listed")));
    });
}

fn values(criterion: &mut Criterion, runtime: &Runtime, service: &Service, caller: &Caller) {
    let found =
        KeyQuery { page: 1, limit: 1, search: Some("worker 00042".to_owned()), ..KeyQuery::default() };
    let id = runtime.block_on(service.keys(caller, &found)).expect("listed").keys[0].id.to_string();
    let key = KeyRef::Id(id.clone());
    let new = NewToken {
        name: "bench".to_owned(),
        keys: vec![id],
        scopes: vec![Scope::Fetch],
        ..NewToken::default()
    };
    let (_, token) = runtime.block_on(service.create_token(caller, new)).expect("a token");
    criterion.bench_function("fetch by service token, with its check", |bench| {
        bench.to_async(runtime).iter(async || {
            let app = service.sign_in_with_bearer(ORIGIN, token.expose_secret()).expect("good");
            black_box(service.fetch(&app, &key, None).await.expect("fetched"))
        });
    });
    criterion.bench_function("reveal, recorded", |bench| {
        bench.to_async(runtime).iter(async || {
            black_box(service.reveal(caller, &key, Reveal::default()).await.expect("revealed"))
        });
    });
    let tokens = runtime.block_on(service.issue_tokens(caller, None)).expect("tokens");
    criterion.bench_function("bearer token seen before", |bench| {
        bench.iter(|| {
            black_box(service.sign_in_with_bearer(ORIGIN, tokens.token.expose_secret()).expect("good"))
        });
    });
}

fn usage(criterion: &mut Criterion, runtime: &Runtime, service: &Service, caller: &Caller) {
    let page = KeyQuery { page: 1, limit: 100, ..KeyQuery::default() };
    let keys = runtime.block_on(service.keys(caller, &page)).expect("listed").keys;
    let event = || TrackEvent {
        endpoint: Some("/v1/chat/completions".to_owned()),
        method: Some("POST".to_owned()),
        status_code: Some(200),
        response_time: Some(245.0),
        request_size: Some(1024),
        response_size: Some(2048),
        metadata: Some(r#"{"model":"gpt-3.5-turbo","tokens":150}"#.to_owned()),
        ..TrackEvent::default()
    };
    let mut group = criterion.benchmark_group("track");
    group.throughput(Throughput::Elements(1));
    group.bench_function("one call, durable", |bench| {
        let key = KeyRef::Id(keys[0].id.to_string());
        bench
            .to_async(runtime)
            .iter(async || black_box(service.track(caller, &key, event()).await.expect("tracked")));
    });
    group.throughput(Throughput::Elements(1000));
    group.bench_function("a thousand calls, durable", |bench| {
        bench.to_async(runtime).iter(async || {
            let batch = (0..1000)
                .map(|n| ReportedEvent { key: keys[n / 10].id.to_string(), event: event() })
                .collect();
            black_box(service.track_many(caller, batch, false).await.expect("tracked"))
        });
    });
    group.finish();
}
