//! Faults at every numbered I/O of a run: after each, every acknowledged batch is there and none is half applied.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use keyward_store::model::Id;
use keyward_store::table::Order;
use keyward_store::usage::{Method, Reporter, UsageEvent};
use keyward_store::{CommitError, Error, KeyRange, Op, OpenOptions, Redb, Result, Snapshot, Store};

use crate::medium::{Fault, Faulty, Survivors};
use crate::support::*;

const BATCHES: usize = 5;
const RING: u64 = 32 * 1024;
/// Rows a batch replaces, scattered over several pages.
const ROWS: usize = 24;

fn open(disk: &Faulty) -> Result<Redb> {
    open_with(disk, false)
}

/// With or without the record that makes repair quick, which is written by other steps.
fn open_with(disk: &Faulty, quick: bool) -> Result<Redb> {
    let mut options = OpenOptions::medium(Arc::new(disk.clone()), sealer(1), Arc::new(TestChain));
    options.quick_repair_after = if quick { Duration::ZERO } else { Duration::MAX };
    // Small, so that it goes round, and copies of the disk are quick.
    options.journal_bytes = RING;
    Redb::open(options)
}

/// Batch `number` (from 1) writes its number everywhere: so a half applied one shows.
fn ops(number: usize) -> Vec<Op> {
    let mut ops =
        vec![add("n", 1), chain(&number.to_string()), Op::Announce(Bytes::from(number.to_string()))];
    for row in 0..ROWS {
        let mut value = vec![b'.'; 700];
        value[..8].copy_from_slice(&(number as u64).to_le_bytes());
        ops.push(Op::Put(A, format!("row {row}").into(), Bytes::from(value)));
    }
    let large = vec![number as u8; 9000 + 1000 * number];
    ops.push(Op::Put(B, b"large".to_vec(), Bytes::from(large)));
    ops
}

/// How many batches the store holds; panics when one is there in part.
async fn applied(store: &Redb) -> usize {
    let snapshot = store.snapshot().await.unwrap();
    let count = counter(store, "n").await.unwrap_or(0) as usize;
    let log = snapshot.scan(LOG, KeyRange::all(), Order::Ascending, usize::MAX).await.unwrap();
    assert_eq!(log.len(), count);
    let rows = snapshot.scan(A, KeyRange::all(), Order::Ascending, usize::MAX).await.unwrap();
    assert_eq!(rows.len(), if count == 0 { 0 } else { ROWS });
    for (_, row) in rows {
        assert_eq!(row.value[..8], (count as u64).to_le_bytes());
    }
    let large = snapshot.get(B, b"large").await.unwrap();
    assert_eq!(
        large.map(|row| row.value),
        (count > 0).then(|| vec![count as u8; 9000 + 1000 * count].into())
    );
    count
}

/// Opens and commits until something fails; answers how many batches were acknowledged.
async fn history(disk: &Faulty, quick: bool) -> usize {
    let Ok(store) = open_with(disk, quick) else { return 0 };
    for number in 1..=BATCHES {
        if store.commit(batch(ops(number))).await.is_err() {
            return number - 1;
        }
    }
    BATCHES
}

/// A power loss at every call, each with several ideas of what the disk kept.
#[test]
fn after_a_power_loss_everything_acknowledged_is_there() {
    power_losses(false);
}

#[test]
fn after_a_power_loss_everything_acknowledged_is_there_with_quick_repair() {
    power_losses(true);
}

fn power_losses(quick: bool) {
    run(async {
        let whole = Faulty::default();
        assert_eq!(history(&whole, quick).await, BATCHES);
        let calls = whole.calls();
        assert!(calls > 50, "{calls}");
        for at in 1..=calls {
            let disk = Faulty::default();
            disk.fail(at, Fault::Power);
            let acknowledged = history(&disk, quick).await;
            let seeds = [
                Survivors::None,
                Survivors::All,
                Survivors::Writes(at),
                Survivors::Sectors(at),
                Survivors::Sectors(at + 1_000_000),
            ];
            for survivors in seeds {
                let left = Faulty::with(disk.after_power_loss(survivors));
                let store = open(&left).unwrap_or_else(|error| panic!("call {at}, {survivors:?}: {error:?}"));
                let found = applied(&store).await;
                // The one in flight may have made it.
                let fine = found == acknowledged || found == acknowledged + 1;
                assert!(fine, "call {at}, {survivors:?}: {found} of {acknowledged}");
                // And it goes on from there.
                store.commit(batch(ops(found + 1))).await.unwrap();
                assert_eq!(applied(&store).await, found + 1);
            }
        }
    });
}

/// Groups of usage, each of them one call that took as many ms as the number of its group.
const GROUPS: u64 = 12;

pub(crate) fn call(number: u64) -> UsageEvent {
    UsageEvent {
        api_key: Id::from_bytes([number as u8 % 3; 12]),
        at_ms: NOW_MS + number as i64,
        endpoint: "/v1/things".into(),
        method: Method::Post,
        status: 200,
        response_us: Some(number as u32 * 1000),
        request_bytes: 0,
        response_bytes: 0,
        version: 1,
        reporter: Reporter::default(),
        event_id: None,
        metadata: format!(r#"{{"padding":"{}"}}"#, "x".repeat(900)).into(),
    }
}

pub(crate) const NOW_MS: i64 = 1_767_225_600_000;

/// The numbers of the calls a store holds, in order.
fn calls(store: &Redb) -> Vec<u64> {
    let keys = (0..3).map(|key| Id::from_bytes([key; 12]));
    let mut numbers: Vec<u64> = keys
        .flat_map(|key| {
            let events = store.usage().events(key, 0, i64::MAX, usize::MAX).unwrap();
            assert_eq!(store.usage().totals(key, NOW_MS).count, events.len() as u64);
            events.into_iter().map(|event| (event.at_ms - NOW_MS) as u64)
        })
        .collect();
    numbers.sort_unstable();
    numbers
}

/// Reports calls from number `first` on until something fails; now and then a batch comes between, so that some groups
/// go into the tables; answers the last number that was acknowledged.
async fn report(store: &Redb, first: u64) -> u64 {
    for number in first..first + GROUPS {
        if number % 5 == 0 {
            let (appended, committed) =
                tokio::join!(store.append([call(number)]), store.commit(batch([add("n", 1)])));
            if appended.is_err() || committed.is_err() {
                return number - u64::from(appended.is_err());
            }
        } else if store.append([call(number)]).await.is_err() {
            return number - 1;
        }
    }
    first + GROUPS - 1
}

/// A power loss at every call while usage comes in: what was acknowledged is counted once, in this start and the next.
#[test]
fn after_a_power_loss_every_acknowledged_call_is_counted_once() {
    run(async {
        let whole = Faulty::default();
        report(&open(&whole).unwrap(), 1).await;
        for at in 1..=whole.calls() {
            let disk = Faulty::default();
            disk.fail(at, Fault::Power);
            let acknowledged = match open(&disk) {
                Ok(store) => report(&store, 1).await,
                Err(_) => 0,
            };
            for survivors in [Survivors::None, Survivors::All, Survivors::Writes(at), Survivors::Sectors(at)]
            {
                let left = Faulty::with(disk.after_power_loss(survivors));
                let store = open(&left).unwrap_or_else(|error| panic!("call {at}, {survivors:?}: {error:?}"));
                let found = calls(&store);
                let count = found.len() as u64;
                assert_eq!(found, (1..=count).collect::<Vec<_>>(), "call {at}, {survivors:?}");
                // The one in flight may have made it.
                assert!(count == acknowledged || count == acknowledged + 1, "call {at}, {survivors:?}");
                assert_eq!(report(&store, count + 1).await, count + GROUPS);
                drop(store);
                let again = calls(&open(&left).unwrap());
                assert_eq!(again, (1..=count + GROUPS).collect::<Vec<_>>(), "call {at}, {survivors:?}");
            }
        }
    });
}

/// A single call that fails while usage comes in: the store goes on by itself unless a sync failed.
#[test]
fn after_a_failed_call_usage_goes_on() {
    run(async {
        let whole = Faulty::default();
        let store = open(&whole).unwrap();
        let opened = whole.calls();
        report(&store, 1).await;
        let later = whole.calls() - opened;
        drop(store);
        let mut happened = 0;
        for (at, fault) in (1..=later).flat_map(|at| [(at, Fault::Once), (at, Fault::Short)]) {
            let disk = Faulty::default();
            let store = open(&disk).unwrap();
            disk.fail(at, fault);
            let mut count = report(&store, 1).await;
            if count < GROUPS && store.append([call(count + 1)]).await.is_ok() {
                count += 1;
            }
            drop(store);
            // Folding comes when it is ready: some runs have fewer calls than the first.
            happened += u64::from(disk.heal());
            let found = calls(&open(&disk).unwrap());
            let landed = found.len() as u64;
            assert!(landed == count || landed == count + 1, "call {at}, {fault:?}: {found:?} of {count}");
            assert_eq!(found, (1..=landed).collect::<Vec<_>>(), "call {at}, {fault:?}");
        }
        assert!(happened > later, "{happened} of {}", 2 * later);
    });
}

/// A power loss while the repair after a power loss is under way.
#[test]
fn a_repair_that_is_cut_short_can_be_repeated() {
    run(async {
        let disk = Faulty::default();
        let store = open(&disk).unwrap();
        for number in 1..=3 {
            store.commit(batch(ops(number))).await.unwrap();
        }
        disk.fail(9, Fault::Power);
        assert!(store.commit(batch(ops(4))).await.is_err());
        drop(store);
        let torn = disk.after_power_loss(Survivors::Sectors(5));
        let whole = Faulty::with(torn.clone());
        drop(open(&whole).unwrap());
        for at in 1..=whole.calls() {
            let disk = Faulty::with(torn.clone());
            disk.fail(at, Fault::Power);
            drop(open(&disk));
            for survivors in [Survivors::None, Survivors::All, Survivors::Sectors(at)] {
                let left = Faulty::with(disk.after_power_loss(survivors));
                let found = applied(&open(&left).unwrap()).await;
                assert!(found == 3 || found == 4, "call {at}, {survivors:?}: {found}");
            }
        }
    });
}

/// A single call that fails: the answer is true, and the store goes on by itself unless a sync failed.
#[test]
fn after_a_failed_call_the_store_goes_on() {
    run(async {
        let whole = Faulty::default();
        let store = open(&whole).unwrap();
        let opened = whole.calls();
        for number in 1..=3 {
            store.commit(batch(ops(number))).await.unwrap();
        }
        let calls = whole.calls() - opened;
        drop(store);
        let mut stopped = 0;
        for (at, fault) in (1..=calls).flat_map(|at| [(at, Fault::Once), (at, Fault::Short)]) {
            let disk = Faulty::default();
            let mut store = open(&disk).unwrap();
            disk.fail(at, fault);
            let mut count = 0;
            while count < 3 {
                match store.commit(batch(ops(count + 1))).await {
                    Ok(_) => count += 1,
                    Err(CommitError::Store(Error::Closed)) => {
                        // A sync failed: only a new start can tell what is durable.
                        stopped += 1;
                        assert!(matches!(
                            store.commit(batch([])).await,
                            Err(CommitError::Store(Error::Closed))
                        ));
                        drop(store);
                        store = open(&disk).unwrap();
                        let found = applied(&store).await;
                        assert!(found == count || found == count + 1, "call {at}");
                        count = found;
                    }
                    Err(CommitError::Store(Error::Io(_) | Error::Engine(_))) => {}
                    Err(other) => panic!("call {at}: {other:?}"),
                }
                assert_eq!(applied(&store).await, count, "call {at}, {fault:?}");
            }
            assert!(disk.failed());
            drop(store);
            assert_eq!(applied(&open(&disk).unwrap()).await, 3);
        }
        assert!(stopped > 0);
    });
}

/// redb shortens the file after a commit is durable; a failure there must not make the answer a lie.
#[test]
fn a_commit_that_failed_after_it_was_durable_is_acknowledged() {
    run(async {
        let rows = |make: fn(Vec<u8>) -> Op| (0..16u8).map(move |row| make(vec![row]));
        let mut landed = 0;
        for at in 1.. {
            let disk = Faulty::default();
            let store = open(&disk).unwrap();
            commit(&store, rows(|key| Op::Put(A, key, Bytes::from(vec![1; 200_000])))).await;
            commit(&store, rows(|key| Op::Del(A, key))).await;
            // Pages that were freed are free for good, and the end of the file with them, some commits later.
            let mut count = 0;
            disk.fail(at, Fault::Once);
            for _ in 0..6 {
                match store.commit(batch([add("n", 1)])).await {
                    Ok(_) => count += 1,
                    Err(CommitError::Store(Error::Closed)) => break,
                    Err(CommitError::Store(Error::Io(_) | Error::Engine(_))) => assert!(disk.failed()),
                    Err(other) => panic!("call {at}: {other:?}"),
                }
                assert_eq!(counter(&store, "n").await.unwrap_or(0), count, "call {at}");
            }
            landed += i64::from(count == 6 && disk.failed());
            if !disk.failed() {
                break;
            }
        }
        assert!(landed > 0, "the file was never shortened");
    });
}
