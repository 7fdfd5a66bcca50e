//! Measures usage through the whole store on a real disk, sealed; figures need an idle machine, ratios carry over.
//!
//! `cargo bench -p keyward-store --bench usage -- ingest` events a second in batches of 1,000 for 1, 100 and 1,000 keys,
//! without and with event ids
//! `cargo bench -p keyward-store --bench usage -- ingest-clear` the same without sealing
//! `cargo bench -p keyward-store --bench usage -- disk` bytes an event in blocks, in all usage rows and in the file
//! `cargo bench -p keyward-store --bench usage -- rollups` bytes of rollups of a key called every minute of a year, on 50
//! endpoints
//! `cargo bench -p keyward-store --bench usage -- year` the day breakdown and endpoints of a key with 10 million events

#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

mod sealers;

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keyward_store::model::Id;
use keyward_store::table::Order;
use keyward_store::usage::{Grain, Method, Reporter, UsageEvent};
use keyward_store::{KeyRange, OpenOptions, Redb, SealerFor, Snapshot, Store, Table};

const START_MS: i64 = 1_767_225_600_000;
const BATCH: u64 = 1_000;
const DAY_MS: i64 = 86_400_000;

/// What is generated.
#[derive(Clone, Copy)]
struct Traffic {
    keys: u64,
    /// ms between two events of all keys together, times 1,000.
    step_us: i64,
    ids: bool,
    metadata: bool,
}

fn mix(number: u64) -> u64 {
    let mixed = (number ^ 0x9e37_79b9).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 8
}

fn key(number: u64) -> Id {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&mix(number).to_be_bytes());
    Id::from_bytes(key)
}

fn event(number: u64, traffic: &Traffic) -> UsageEvent {
    let noise = mix(number);
    // Response times spread over two octaves with a tail, sizes over some kilobytes.
    let response_us = 40_000 + (noise % 120_000) as u32 * if noise.is_multiple_of(97) { 20 } else { 1 };
    let mut event_id = [0; 16];
    event_id[..8].copy_from_slice(&mix(number + 7).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let metadata = if traffic.metadata {
        format!(r#"{{"model":"large-{}","tokens":{},"region":"eu-1"}}"#, noise % 3, (noise >> 9) % 2_000)
    } else {
        String::new()
    };
    UsageEvent {
        api_key: key(number % traffic.keys),
        at_ms: START_MS + number as i64 * traffic.step_us / 1_000,
        endpoint: format!("/v1/things/{}", (noise >> 20) % 50).into(),
        method: if noise & 3 == 0 { Method::Get } else { Method::Post },
        status: if (noise >> 12).is_multiple_of(40) { 429 } else { 200 },
        response_us: Some(response_us),
        request_bytes: 200 + (noise >> 30) as u32 % 800,
        response_bytes: 300 + (noise >> 36) as u32 % 3_000,
        version: 1,
        reporter: Reporter::default(),
        event_id: traffic.ids.then_some(event_id),
        metadata: metadata.into(),
    }
}

fn open(path: &Path, sealer: SealerFor) -> Redb {
    Redb::open(OpenOptions::file(path, sealer, Arc::new(sealers::NoChain))).unwrap()
}

/// Batches made ahead, so that only the store is measured.
fn batches(numbers: std::ops::Range<u64>, traffic: &Traffic) -> Vec<Vec<UsageEvent>> {
    let starts = numbers.step_by(BATCH as usize);
    starts.map(|start| (start..start + BATCH).map(|number| event(number, traffic)).collect()).collect()
}

/// Appends batches with so many callers at once; a store that finds it too much fails the run.
async fn append(store: &Arc<Redb>, mut batches: Vec<Vec<UsageEvent>>, callers: usize) -> Duration {
    batches.reverse();
    let queue = Arc::new(std::sync::Mutex::new(batches));
    let began = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (store, queue) = (store.clone(), queue.clone());
            tokio::spawn(async move {
                loop {
                    let Some(batch) = queue.lock().unwrap().pop() else { return };
                    store.append(batch).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    began.elapsed()
}

async fn fill(store: &Arc<Redb>, events: u64, traffic: &Traffic) {
    for start in (0..events).step_by(200_000) {
        append(store, batches(start..(start + 200_000).min(events), traffic), 4).await;
    }
}

async fn ingest(sealer: fn() -> SealerFor) {
    let chosen: Option<u64> = std::env::args().nth(2).and_then(|keys| keys.parse().ok());
    for (keys, ids) in [(1, false), (100, false), (1_000, false), (1_000, true)] {
        if chosen.is_some_and(|chosen| chosen != keys) {
            continue;
        }
        let folder = tempfile::tempdir_in(".").unwrap();
        let store = Arc::new(open(&folder.path().join("db"), sealer()));
        let traffic = Traffic { keys, step_us: 2, ids, metadata: true };
        let mut events = 0;
        let mut took = Duration::ZERO;
        while events < 4_000_000 {
            let part = batches(events..events + 500_000, &traffic);
            took += append(&store, part, 8).await;
            events += 500_000;
        }
        let rate = events as f64 / took.as_secs_f64();
        let cpu = writer_cpu().as_secs_f64() * 1e9 / events as f64;
        println!(
            "ingest keys={keys} ids={ids}: {rate:.0} events/s, {cpu:.0} ns of the writer's CPU an event"
        );
    }
}

/// The CPU time of the one store's writer thread (Linux counts it in ticks of 10 ms).
fn writer_cpu() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let stats = threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("stat")).ok());
    let writer = stats.into_iter().find(|stat| stat.contains("(store-writer)")).unwrap_or_default();
    let fields: Vec<&str> = writer.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse().ok()).unwrap_or(0);
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

/// Bytes of a table's keys and values, and of the pages they take.
async fn table_bytes(store: &Redb, table: &'static str) -> (u64, u64) {
    let snapshot = store.snapshot().await.unwrap();
    let (mut content, mut pages, mut start) = (0, 0, Vec::new());
    loop {
        let range = KeyRange { start: start.clone(), end: None };
        let rows = snapshot.scan(Table(table), range, Order::Ascending, 1_000).await.unwrap();
        for (key, row) in &rows {
            let length = (key.len() + row.value.len() + 8) as u64;
            content += length;
            // A long value has pages of its own, a power of two; a short one shares them.
            let own = (length + 12).div_ceil(4_096).next_power_of_two() * (4_096 + 48);
            pages += if length > 2_000 { own } else { (length + 8) * 5 / 4 };
        }
        let Some((last, _)) = rows.last() else { return (content, pages) };
        start = [last.as_slice(), &[0]].concat();
    }
}

async fn disk() {
    const EVENTS: u64 = 4_000_000;
    for metadata in [false, true] {
        let folder = tempfile::tempdir_in(".").unwrap();
        let path = folder.path().join("db");
        let store = Arc::new(open(&path, sealers::aes()));
        // 100 keys, each called ten times a second.
        let traffic = Traffic { keys: 100, step_us: 1_000, ids: false, metadata };
        fill(&store, EVENTS, &traffic).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let (content, pages) = table_bytes(&store, "usage_blocks").await;
        let mut all = pages;
        for table in ROLLUPS {
            all += table_bytes(&store, table).await.1;
        }
        store.close();
        let file = std::fs::metadata(&path).unwrap().blocks() * 512;
        let each = |bytes: u64| bytes as f64 / EVENTS as f64;
        println!(
            "disk metadata={metadata}: blocks {:.2} bytes an event, as pages {:.2}, with rollups {:.2}, file {:.2}",
            each(content),
            each(pages),
            each(all),
            each(file)
        );
    }
}

/// Whatever answers are made of, raw events aside.
const ROLLUPS: [&str; 19] = [
    "usage_heads",
    "usage_minutes",
    "usage_quarters",
    "usage_hours",
    "usage_hours_by_hour",
    "usage_six_hours",
    "usage_days",
    "usage_endpoint_by_minute",
    "usage_endpoint_by_quarter",
    "usage_endpoint_by_hour",
    "usage_endpoint_by_day",
    "usage_endpoint_months",
    "usage_kinds_by_day",
    "usage_kinds_by_hour",
    "usage_kinds_by_six_hours",
    "usage_model_heads",
    "usage_model_quarters",
    "usage_model_hours",
    "usage_model_days",
];

async fn rollups() {
    const EVENTS: u64 = 365 * 24 * 60;
    /// Commits, with which what is too old goes little by little.
    const COMMITS: u64 = 4_000;
    let folder = tempfile::tempdir_in(".").unwrap();
    let store = Arc::new(open(&folder.path().join("db"), sealers::aes()));
    let traffic = Traffic { keys: 1, step_us: 60_000_000, ids: false, metadata: true };
    fill(&store, EVENTS, &traffic).await;
    for pruned in [false, true] {
        if pruned {
            store.usage().prune(START_MS + 365 * DAY_MS, 30);
            for number in 0..COMMITS {
                store.append(vec![event(EVENTS - 1 - number % 60, &traffic)]).await.unwrap();
            }
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        let (mut content, mut pages) = (0, 0);
        for table in ROLLUPS {
            let (bytes, taken) = table_bytes(&store, table).await;
            println!("  {table}: {bytes} bytes");
            (content, pages) = (content + bytes, pages + taken);
        }
        let (content, pages) = (content as f64 / 1e6, pages as f64 / 1e6);
        println!("rollups of {EVENTS} minutes, pruned={pruned}: {content:.2} MB, as pages {pages:.2} MB");
    }
}

async fn year() {
    const EVENTS: u64 = 10_000_000;
    let folder = tempfile::tempdir_in(".").unwrap();
    let store = Arc::new(open(&folder.path().join("db"), sealers::aes()));
    let traffic =
        Traffic { keys: 1, step_us: 365 * DAY_MS * 1_000 / EVENTS as i64, ids: false, metadata: false };
    fill(&store, EVENTS, &traffic).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let usage = store.usage();
    let (from_ms, to_ms) = (START_MS, START_MS + 365 * DAY_MS);
    let mut times = Vec::new();
    for _ in 0..101 {
        let began = Instant::now();
        let days = usage.cells(key(0), Grain::Day, from_ms, to_ms).unwrap();
        let calls: u64 = days.iter().map(|day| day.1.requests).sum();
        let highest = days.iter().filter_map(|(_, day)| {
            Some((day.sketch.quantile(0.5)?, day.sketch.quantile(0.95)?, day.sketch.quantile(0.99)?))
        });
        std::hint::black_box(highest.max());
        let endpoints = usage.endpoints(key(0), Grain::Day, from_ms, to_ms).unwrap().totals;
        times.push(began.elapsed());
        assert_eq!((calls, days.len(), endpoints.len()), (EVENTS, 365, 50));
    }
    let first = times[0];
    times.sort_unstable();
    println!("year of {EVENTS} events: first {first:?}, median {:?}, slowest {:?}", times[50], times[100]);
}

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    match std::env::args().nth(1).as_deref() {
        Some("ingest") => runtime.block_on(ingest(sealers::aes)),
        Some("ingest-clear") => runtime.block_on(ingest(sealers::clear)),
        Some("disk") => runtime.block_on(disk()),
        Some("rollups") => runtime.block_on(rollups()),
        Some("year") => runtime.block_on(year()),
        _ => println!("say what to measure: ingest, ingest-clear, disk, rollups or year"),
    }
}
