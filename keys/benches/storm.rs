//! What 1,000 rotations that are due in one minute do to those who fetch and sign in meanwhile, on a real, sealed file, against
//! a provider on this machine that takes 20 ms for each call: `cargo bench -p keyward-keys --bench storm`. It prints how long
//! they took, how many calls were under way at most, and fetches and logins beside them against those before.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark ends where it fails, and prints")]

mod person;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use keyward_keys::crypto::{MasterKey, PasswordCost};
use keyward_keys::input::{KeyRef, NewKey, NewToken, RotationMethodName, RotationPatch, RotationQuery};
use keyward_keys::view::RotationState;
use keyward_keys::{Caller, Clock, Custody, Door, Scope, Service, ServiceOptions, ServiceSettings};
use person::{ORIGIN, enrol, sign_in};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

const ROTATIONS: usize = 1_000;
const STEPS: usize = 4;
const LATENCY: Duration = Duration::from_millis(20);
const QUIET: Duration = Duration::from_secs(15);

/// Between two fetches, and between two logins: what a busy instance has.
const FETCHES: Duration = Duration::from_millis(5);
const LOGINS: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let (url, provider) = provider().await;
    let clock = Clock::fixed(1_795_651_200_000);
    let mut settings = ServiceSettings::new(clock.clone());
    settings.outbound.allow = vec!["127.0.0.0/8".parse().expect("a network")];
    let options = ServiceOptions {
        path: folder.path().join("keyward.redb"),
        master_key: MasterKey::generate().expect("a key"),
        settings,
        password_cost: PasswordCost::default(),
    };
    let service = Service::open(options).await.expect("opens");
    let ana = fill(&service, &url).await;
    let fetched = service.create_key(&ana, key("fetched", None)).await.expect("a key").id;
    let token = NewToken {
        name: "app".to_owned(),
        keys: vec![fetched.to_string()],
        scopes: vec![Scope::Fetch],
        ..NewToken::default()
    };
    let token = service.create_token(&ana, token).await.expect("a token").1;

    let quiet = Beside::start(&service, &token, &fetched.to_string());
    tokio::time::sleep(QUIET).await;
    let quiet = quiet.stop().await;

    let beside = Beside::start(&service, &token, &fetched.to_string());
    clock.set(clock.now_ms() + 60_000);
    let begun = Instant::now();
    service.rotate_due(&service.system_caller("bench", Door::Local)).await.expect("rotates");
    let took = begun.elapsed();
    let beside = beside.stop().await;

    let all = service.rotations(&ana, &RotationQuery { limit: 100 }).await.expect("seen");
    // All have a new value, and give the one before out along with it for a day.
    assert!(all.queue.iter().all(|one| one.state == RotationState::Overlap), "{:?}", all.queue.first());
    assert_eq!((all.queued, provider.calls.load(Ordering::Relaxed)), (ROTATIONS as u64, ROTATIONS * STEPS));
    println!("{ROTATIONS} rotations of {STEPS} calls each, due at one moment: {took:?}");
    println!("calls under way at most: {}", provider.most.load(Ordering::Relaxed));
    for (what, quiet, beside) in [("fetch", &quiet.0, &beside.0), ("login", &quiet.1, &beside.1)] {
        let (before, during) = (percentile(quiet), percentile(beside));
        let ratio = during.as_secs_f64() / before.as_secs_f64();
        println!(
            "{what}: p99 {before:?} in quiet ({}), {during:?} beside ({}): {ratio:.2} times",
            quiet.len(),
            beside.len()
        );
    }
    service.close().await.expect("closes");
}

fn percentile(all: &[Duration]) -> Duration {
    let mut all = all.to_vec();
    all.sort_unstable();
    all.get((all.len() * 99).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default()
}

/// Those who fetch and sign in, at a steady pace.
struct Beside {
    stop: watch::Sender<bool>,
    fetching: tokio::task::JoinHandle<Vec<Duration>>,
    signing_in: tokio::task::JoinHandle<Vec<Duration>>,
}

impl Beside {
    fn start(service: &Service, token: &SecretString, key: &str) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (fetcher, key) = (service.clone(), KeyRef::Id(key.to_owned()));
        let app = service.sign_in_with_bearer(ORIGIN, token.expose_secret()).expect("good");
        let fetching = paced(FETCHES, stopped.clone(), move || {
            let (service, app, key) = (fetcher.clone(), app.clone(), key.clone());
            async move {
                service.fetch(&app, &key, None).await.expect("fetched");
            }
        });
        let service = service.clone();
        let signing_in = paced(LOGINS, stopped, move || {
            let service = service.clone();
            async move {
                sign_in(&service).await;
            }
        });
        Self { stop, fetching, signing_in }
    }

    async fn stop(self) -> (Vec<Duration>, Vec<Duration>) {
        self.stop.send_replace(true);
        (self.fetching.await.expect("fetched"), self.signing_in.await.expect("signed in"))
    }
}

/// Begins one each time, whether or not those before have ended, and answers how long each took from when it was to begin.
fn paced<F, W>(
    every: Duration,
    mut stopped: watch::Receiver<bool>,
    work: F,
) -> tokio::task::JoinHandle<Vec<Duration>>
where
    F: Fn() -> W + Send + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(async move {
        let (mut running, mut next) = (JoinSet::new(), tokio::time::Instant::now());
        loop {
            next += every;
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                _ = stopped.changed() => break,
            }
            let (work, due) = (work(), next);
            running.spawn(async move {
                work.await;
                due.elapsed()
            });
        }
        running.join_all().await
    })
}

struct Provider {
    calls: AtomicUsize,
    running: AtomicUsize,
    most: AtomicUsize,
}

async fn provider() -> (String, Arc<Provider>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let provider = Arc::new(Provider {
        calls: AtomicUsize::new(0),
        running: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
    });
    let serving = Arc::clone(&provider);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&serving)));
        }
    });
    (url, provider)
}

async fn answer(mut stream: TcpStream, provider: Arc<Provider>) -> Option<()> {
    let mut text = String::new();
    let told: Value = loop {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
        text.push_str(std::str::from_utf8(&part[..read]).ok()?);
        if let Some(told) = text.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok())
        {
            break told;
        }
    };
    let running = provider.running.fetch_add(1, Ordering::Relaxed) + 1;
    provider.most.fetch_max(running, Ordering::Relaxed);
    tokio::time::sleep(LATENCY).await;
    provider.running.fetch_sub(1, Ordering::Relaxed);
    provider.calls.fetch_add(1, Ordering::Relaxed);
    let body =
        json!({ "apiKey": format!("sk-{}", told["requestId"].as_str()?), "providerId": "p" }).to_string();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).await.ok()
}

fn key(name: &str, url: Option<&str>) -> NewKey {
    let rotation = |url: &str| RotationPatch {
        method: Some(RotationMethodName::Webhook),
        url: Some(url.to_owned()),
        cron: Some(Some("* * * * *".to_owned())),
        overlap: Some(Duration::from_secs(86_400)),
        ..RotationPatch::default()
    };
    NewKey {
        name: name.to_owned(),
        service: "OpenAI".to_owned(),
        value: SecretString::from(format!("sk-test-{name}")),
        custody: Some(Custody::Automation),
        rotation: url.map(rotation),
        ..NewKey::default()
    }
}

async fn fill(service: &Service, url: &str) -> Caller {
    let ana = enrol(service).await;
    for number in 0..ROTATIONS {
        service.create_key(&ana, key(&format!("key {number:04}"), Some(url))).await.expect("a key");
    }
    ana
}
