//! Measures the store on a real disk; every figure needs an idle machine, and only ratios carry over.
//!
//! `cargo bench -p keyward-store --bench groups -- append` events a second at 1, 16, 64 and 256 callers, one event each
//! `cargo bench -p keyward-store --bench groups -- bulk` the same in batches of 1,000 events, at 1, 4 and 16 callers
//! `cargo bench -p keyward-store --bench groups -- commit` batches of one row, the same way
//! `cargo bench -p keyward-store --bench groups -- reopen [MB]` opening after an abort amid commits in a row, after a
//! clean end, and after aborts amid reported usage, at moments drawn by lot
//!
//! `cargo bench -p keyward-store --bench groups -- repair [MB]` commits of one row in a file of that size, with and
//! without the record that spares a start after a crash the reading of every page; sealed
//!
//! The others are run sealed at the cost of the real sealer, and clear.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod sealers;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use keyward_store::model::Id;
use keyward_store::usage::{Method, Reporter, UsageEvent};
use keyward_store::{Batch, BatchId, Op, OpenOptions, Redb, SealerFor, Store, Table};

const RUN: Duration = Duration::from_secs(3);

fn open(path: &Path, sealed: bool) -> Redb {
    let sealer: SealerFor = if sealed { sealers::aes() } else { sealers::clear() };
    Redb::open(OpenOptions::file(path, sealer, Arc::new(sealers::NoChain))).unwrap()
}

fn event(number: u64) -> UsageEvent {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&(number % 999).to_le_bytes());
    UsageEvent {
        api_key: Id::from_bytes(key),
        at_ms: 1_767_225_600_000 + (number / 50_000) as i64,
        endpoint: format!("/v1/things/{}", number % 10).into(),
        method: Method::Get,
        status: if number.is_multiple_of(50) { 500 } else { 200 },
        response_us: Some(500 + (number % 977) as u32),
        request_bytes: 120,
        response_bytes: 900,
        version: 1,
        reporter: Reporter::default(),
        event_id: None,
        metadata: r#"{"region":"eu-1","request":"4f2a9c01"}"#.into(),
    }
}

fn batch(number: u64) -> Batch {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_le_bytes());
    let mut batch = Batch::new(BatchId(id));
    batch.op(Op::Put(Table("row"), (number % 10_000).to_be_bytes().to_vec(), Bytes::from_static(&[7; 120])));
    batch
}

/// What each caller does again and again; answers how many things that was.
#[derive(Clone, Copy)]
enum Work {
    Append(u64),
    Commit,
}

async fn once(store: &Redb, work: Work, next: &AtomicU64) -> u64 {
    match work {
        Work::Append(count) => {
            let first = next.fetch_add(count, Ordering::Relaxed);
            store.append((first..first + count).map(event).collect::<Vec<_>>()).await.unwrap();
            count
        }
        Work::Commit => {
            store.commit(batch(next.fetch_add(1, Ordering::Relaxed))).await.unwrap();
            1
        }
    }
}

fn callers(name: &str, work: Work, callers: &[usize]) {
    for sealed in [false, true] {
        for &callers in callers {
            let folder = tempfile::tempdir_in(".").unwrap();
            let store = open(&folder.path().join("bench.redb"), sealed);
            let kind = if sealed { "sealed" } else { "clear " };
            load(&format!("{name} {kind}"), store, work, callers, &Arc::new(AtomicU64::new(1)));
        }
    }
}

/// Has that many callers work for a while, and prints how it went.
fn load(name: &str, store: Redb, work: Work, callers: usize, next: &Arc<AtomicU64>) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let store = Arc::new(store);
    let (start, cpu) = (Instant::now(), cpu());
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (store, next) = (store.clone(), next.clone());
            runtime.spawn(async move {
                let (mut done, mut waits) = (0, Vec::new());
                while start.elapsed() < RUN {
                    let began = Instant::now();
                    done += once(&store, work, &next).await;
                    waits.push(began.elapsed());
                }
                (done, waits)
            })
        })
        .collect();
    let (mut done, mut waits) = (0, Vec::new());
    for task in tasks {
        let (count, some) = runtime.block_on(task).unwrap();
        done += count;
        waits.extend(some);
    }
    waits.sort_unstable();
    println!(
        "{name} {callers:>4} callers: {:>9.0}/s, p50 {:>6} us, p99 {:>6} us, {:>6.2} us of CPU each",
        done as f64 / start.elapsed().as_secs_f64(),
        waits[waits.len() / 2].as_micros(),
        waits[waits.len() * 99 / 100].as_micros(),
        (self::cpu() - cpu) * 1e6 / done as f64,
    );
}

/// What the record costs that makes a repair quick, by turns in one file.
fn repair(megabytes: u64) {
    let folder = tempfile::tempdir_in(".").unwrap();
    let path = folder.path().join("bench.redb");
    child(&["fill", path.to_str().unwrap(), &megabytes.to_string(), "sealed"]);
    // Other ids than the filling's, for a batch is applied once.
    let next = Arc::new(AtomicU64::new(1_000_000));
    for callers in [1, 16] {
        for round in 0..6 {
            let recorded = round % 2 == 0;
            let mut options = OpenOptions::file(&path, sealers::aes(), Arc::new(sealers::NoChain));
            options.quick_repair_after = if recorded { Duration::ZERO } else { Duration::MAX };
            options.quick_repair_sizes = 0..=0;
            let store = Redb::open(options).unwrap();
            let how = if recorded { "recorded" } else { "bare    " };
            load(&format!("{megabytes} MB {how}"), store, Work::Commit, callers, &next);
        }
    }
}

/// Seconds of CPU this process has used.
fn cpu() -> f64 {
    let used = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF).unwrap();
    [used.user_time(), used.system_time()]
        .map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6)
        .iter()
        .sum()
}

/// Times of aborts amid reported usage.
const ABORTS: u64 = 10;

/// Fills a store in a child process that then aborts, and opens what it left.
fn reopen(megabytes: u64) {
    for sealed in [false, true] {
        let folder = tempfile::tempdir_in(".").unwrap();
        let path = folder.path().join("bench.redb");
        let kind = if sealed { "sealed" } else { "clear " };
        let timed = |how: &str| {
            let (start, before) = (Instant::now(), cpu());
            let store = open(&path, sealed);
            let (took, used) = (start.elapsed(), cpu() - before);
            drop(store);
            println!("{kind} {megabytes} MB after {how}: {took:.3?}, {used:.3} s of CPU");
        };
        child(&["fill", path.to_str().unwrap(), &megabytes.to_string(), kind.trim()]);
        timed("an abort amid commits");
        timed("a clean end");
        for round in 0..ABORTS {
            // Somewhere in the second in which a round of folding falls.
            let at_ms = 2_500 + (round * 617) % 1_000;
            child(&["report", path.to_str().unwrap(), &at_ms.to_string(), kind.trim()]);
            timed("an abort amid reports");
        }
    }
}

fn child(arguments: &[&str]) {
    let program = std::env::current_exe().unwrap();
    let status = std::process::Command::new(program).args(arguments).status().unwrap();
    assert!(!status.success(), "the child aborts");
}

/// Reports usage from 64 callers, and aborts amid it.
#[expect(clippy::disallowed_methods, reason = "the moment of the abort is what is chosen")]
fn report(path: &Path, for_ms: u64, sealed: bool) -> ! {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let store = Arc::new(open(path, sealed));
    let next = Arc::new(AtomicU64::new(1));
    for _ in 0..64 {
        let (store, next) = (store.clone(), next.clone());
        runtime.spawn(async move {
            loop {
                once(&store, Work::Append(1), &next).await;
            }
        });
    }
    std::thread::sleep(Duration::from_millis(for_ms));
    std::process::abort()
}

fn fill(path: &Path, megabytes: u64, sealed: bool) -> ! {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = open(path, sealed);
    // Values of the size of usage blocks, which fill a real store.
    let block = Bytes::from(vec![7; 8000]);
    runtime.block_on(async {
        for group in 0..megabytes {
            let mut batch = batch(group);
            for number in 0..1_000_000 / 8192 {
                batch.op(Op::Put(
                    Table("block"),
                    (group * 1000 + number).to_be_bytes().to_vec(),
                    block.clone(),
                ));
            }
            store.commit(batch).await.unwrap();
        }
    });
    std::process::abort()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["append"] => callers("append", Work::Append(1), &[1, 16, 64, 256]),
        ["bulk"] => callers("bulk", Work::Append(1000), &[1, 4, 16]),
        ["commit"] => callers("commit", Work::Commit, &[1, 16, 64, 256]),
        ["reopen"] => reopen(500),
        ["reopen", megabytes] => reopen(megabytes.parse().unwrap()),
        ["repair"] => repair(500),
        ["repair", megabytes] => repair(megabytes.parse().unwrap()),
        ["fill", path, megabytes, kind] => {
            fill(Path::new(path), megabytes.parse().unwrap(), kind == "sealed")
        }
        ["report", path, for_ms, kind] => report(Path::new(path), for_ms.parse().unwrap(), kind == "sealed"),
        _ => println!("say what to measure: append, bulk, commit, reopen [MB], or repair [MB]"),
    }
}
