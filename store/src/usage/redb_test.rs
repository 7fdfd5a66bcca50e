//! Usage through the real store: what readers on other threads see while the writer folds, and what a restart finds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{Grain, Method, Reporter, UNFOLDED_BYTES, UsageEvent};
use crate::interface::{ChainHasher, PageSealer, Store};
use crate::model::Id;
use crate::redb::{OpenOptions, Redb, SealerFor};

const NOW_MS: i64 = 1_790_685_000_000;
const MIDDLE_MS: i64 = NOW_MS + 100 * 60_000 + 1_000;

struct Clear;

impl PageSealer for Clear {
    fn overhead(&self) -> usize {
        16
    }

    fn seal(&self, _: u64, plain: &[u8], out: &mut [u8]) -> crate::Result<()> {
        out[..plain.len()].copy_from_slice(plain);
        out[plain.len()..].fill(0xA5);
        Ok(())
    }

    fn check(&self, _: u64, _: &[u8]) -> crate::Result<()> {
        Ok(())
    }

    fn decrypt(&self, _: u64, sealed: &[u8], plain: &mut [u8]) -> crate::Result<()> {
        plain.copy_from_slice(&sealed[..plain.len()]);
        Ok(())
    }
}

impl ChainHasher for Clear {
    fn link(&self, _: &[u8; 32], _: u64, _: &[u8]) -> [u8; 32] {
        [1; 32]
    }
}

fn open(path: &std::path::Path) -> Redb {
    let sealer: SealerFor = Box::new(|_| Ok(Arc::new(Clear) as Arc<dyn PageSealer>));
    let mut options = OpenOptions::file(path, sealer, Arc::new(Clear));
    // A small ring asks for folding all the time.
    options.journal_bytes = 512 * 1024;
    Redb::open(options).unwrap()
}

fn event(number: u64) -> UsageEvent {
    UsageEvent {
        api_key: Id::from_bytes([(number % 3) as u8; 12]),
        // Many minutes, so that cells are spread often.
        at_ms: NOW_MS + (number * 7 % 200) as i64 * 60_000,
        endpoint: format!("/v1/{}", number % 5).into(),
        method: Method::Get,
        status: 200,
        response_us: Some(number as u32),
        request_bytes: 1,
        response_bytes: 1,
        version: 1,
        reporter: Reporter::default(),
        event_id: None,
        metadata: Box::default(),
    }
}

/// Every kind of answer about a key gives the same number of calls.
fn calls(store: &Redb, api_key: Id) -> [u64; 5] {
    let usage = store.usage();
    let of =
        |grain| usage.cells(api_key, grain, 0, i64::MAX).unwrap().iter().map(|cell| cell.1.requests).sum();
    let endpoints = |grain, from_ms, to_ms| {
        let totals = usage.endpoints(api_key, grain, from_ms, to_ms).unwrap().totals;
        totals.iter().map(|sum| sum.cell.requests).sum::<u64>()
    };
    [
        of(Grain::Minute),
        of(Grain::Day),
        endpoints(Grain::Day, 0, i64::MAX),
        // Cut in the middle of a minute.
        endpoints(Grain::Minute, 0, MIDDLE_MS)
            + endpoints(Grain::Minute, MIDDLE_MS + Grain::Minute.length_ms(), i64::MAX),
        usage.events(api_key, 0, i64::MAX, usize::MAX).unwrap().len() as u64,
    ]
}

#[test]
fn readers_see_every_acknowledged_event_once_while_the_writer_folds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = open(&path);
    let api_key = Id::from_bytes([0; 12]);
    let (sent, acknowledged, questions) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                let least = acknowledged.load(Ordering::SeqCst);
                let answers = calls(&store, api_key);
                let most = sent.load(Ordering::SeqCst);
                assert!(
                    answers.iter().all(|calls| (least..=most).contains(calls)),
                    "{least} {answers:?} {most}"
                );
                questions.fetch_add(1, Ordering::SeqCst);
            }
        });
        let until = std::time::Instant::now() + std::time::Duration::from_millis(2_500);
        let mut number = 0;
        // Long enough that the writer folds several times and is asked meanwhile, however slow this machine is.
        let enough = || std::time::Instant::now() >= until && questions.load(Ordering::SeqCst) > 10;
        while !enough() && !reader.is_finished() {
            let batch: Vec<_> = (number..number + 30).map(event).collect();
            number += 30;
            sent.fetch_add(10, Ordering::SeqCst);
            runtime.block_on(store.append(batch)).unwrap();
            acknowledged.fetch_add(10, Ordering::SeqCst);
        }
        done.store(true, Ordering::SeqCst);
        reader.join().unwrap();
    });
    let sent = sent.into_inner();
    assert_eq!(calls(&store, api_key), [sent; 5]);
    drop(store);
    let store = open(&path);
    assert_eq!(calls(&store, api_key), [sent; 5]);
    assert_eq!(store.usage().totals(api_key, NOW_MS).count, sent);
}

/// Only what is not folded shows in the seconds before a start.
#[test]
fn a_stop_leaves_nothing_to_fold() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = open(&path);
    let api_key = Id::from_bytes([0; 12]);
    // The second comes too soon after the first to be folded in the ordinary course.
    for _ in 0..2 {
        let report: Vec<_> = (0..5_000).map(|_| UsageEvent { at_ms: NOW_MS, ..event(0) }).collect();
        runtime.block_on(store.append(report)).unwrap();
    }
    let recent = |store: &Redb| store.usage().live(api_key, NOW_MS).requests.iter().sum::<u32>();
    assert_eq!(recent(&store), 10_000);
    drop(store);
    let store = open(&path);
    assert_eq!((recent(&store), store.usage().totals(api_key, NOW_MS).count), (0, 10_000));
}

/// More than memory holds, faster than it is folded: who reports waits, and nobody is refused.
#[test]
fn reports_wait_for_folding_where_memory_is_short() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = open(&folder.path().join("db"));
    let metadata: Box<str> = "x".repeat(UNFOLDED_BYTES / 64).into();
    for number in 0..100 {
        let report = [UsageEvent { metadata: metadata.clone(), ..event(number) }];
        runtime.block_on(store.append(report)).unwrap();
    }
    let counted: u64 = (0..3).map(|key| store.usage().totals(Id::from_bytes([key; 12]), NOW_MS).count).sum();
    assert_eq!(counted, 100);
}
