//! A full disk and a full queue: refused whole, nothing lost, and work goes on when there is room.

use std::sync::Arc;

use bytes::Bytes;
use keyward_store::{CommitError, Error, Op, OpenOptions, Redb, Result, Store};

use crate::medium::Faulty;
use crate::support::*;

fn open(disk: &Faulty) -> Result<Redb> {
    Redb::open(OpenOptions::medium(Arc::new(disk.clone()), sealer(1), Arc::new(TestChain)))
}

fn large(number: usize) -> Vec<Op> {
    vec![Op::Put(A, format!("{number:04}").into(), Bytes::from(vec![7; 50_000])), add("n", 1)]
}

async fn rows(store: &Redb) -> usize {
    use keyward_store::table::Order;
    keys(store, A, keyward_store::KeyRange::all(), Order::Ascending, usize::MAX).await.len()
}

#[test]
fn a_full_disk_refuses_whole_batches_and_recovers() {
    run(async {
        let disk = Faulty::default();
        let store = open(&disk).unwrap();
        commit(&store, large(0)).await;
        for round in 1..4 {
            disk.limit(Some(300));
            let mut kept = rows(&store).await;
            let full = loop {
                match store.commit(batch(large(kept))).await {
                    Ok(_) => kept += 1,
                    Err(error) => break error,
                }
                assert!(kept < 200 * round, "the disk never ran full");
            };
            assert!(matches!(full, CommitError::Store(Error::Full)), "{full:?}");
            // Readers don't notice, and more tries answer the same.
            for _ in 0..3 {
                assert!(matches!(
                    store.commit(batch(large(kept))).await,
                    Err(CommitError::Store(Error::Full))
                ));
                assert_eq!(rows(&store).await, kept);
                assert_eq!(counter(&store, "n").await, Some(kept as i64));
            }
            disk.limit(None);
            commit(&store, large(kept)).await;
            assert_eq!(rows(&store).await, kept + 1);
        }
        let kept = rows(&store).await;
        drop(store);
        assert_eq!(rows(&open(&disk).unwrap()).await, kept);
    });
}

#[test]
fn a_disk_that_is_full_from_the_start_is_named() {
    let disk = Faulty::default();
    disk.limit(Some(1));
    assert!(matches!(open(&disk), Err(Error::Full)));
    disk.limit(None);
    open(&disk).unwrap();
}

#[test]
fn a_full_queue_says_busy_and_empties_again() {
    run(async {
        let (gate, closed) = std::sync::mpsc::channel::<()>();
        let closed = std::sync::Mutex::new(closed);
        let mut options = OpenOptions::memory(sealer(1), Arc::new(TestChain));
        options.queue = 4;
        // Holds the writer until the test drops the gate.
        options.observer = Some(Box::new(move |_| assert!(closed.lock().unwrap().recv().is_err())));
        let store = Arc::new(Redb::open(options).unwrap());
        let (mut waiting, mut busy) = (tokio::task::JoinSet::new(), 0);
        for _ in 0..16 {
            let (store, sent) = (store.clone(), batch([add("n", 1)]));
            waiting.spawn(async move { store.commit(sent).await });
        }
        // Each task runs up to its place in the queue, or is refused at once.
        while busy == 0 {
            tokio::task::yield_now().await;
            while let Some(done) = waiting.try_join_next() {
                assert!(matches!(done.unwrap(), Err(CommitError::Store(Error::Busy))));
                busy += 1;
            }
        }
        drop(gate);
        while let Some(done) = waiting.join_next().await {
            match done.unwrap() {
                Ok(_) => {}
                Err(CommitError::Store(Error::Busy)) => busy += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(counter(&*store, "n").await, Some(16 - busy));
        commit(&*store, [add("n", 1)]).await;
    });
}

#[test]
fn bytes_that_wait_are_bounded_too() {
    run(async {
        let mut options = OpenOptions::memory(sealer(1), Arc::new(TestChain));
        options.queue_bytes = 100_000;
        let store = Redb::open(options).unwrap();
        // One larger than the bound gets through alone, or nothing ever could.
        commit(&store, [Op::Put(A, b"k".to_vec(), Bytes::from(vec![1; 300_000]))]).await;
        commit(&store, [Op::Put(A, b"k".to_vec(), Bytes::from(vec![2; 300_000]))]).await;
    });
}

#[test]
fn a_writer_that_panics_answers_closed() {
    run(async {
        let mut options = OpenOptions::memory(sealer(1), Arc::new(TestChain));
        options.observer = Some(Box::new(|rows| assert!(rows.len() < 2, "an observer that panics")));
        let store = Redb::open(options).unwrap();
        commit(&store, [put(A, "k", "1")]).await;
        let broken = store.commit(batch([put(A, "k", "2"), put(A, "l", "2")])).await;
        assert!(matches!(broken, Err(CommitError::Store(Error::Closed))));
        let later = store.commit(batch([put(A, "k", "3")])).await;
        assert!(matches!(later, Err(CommitError::Store(Error::Closed))));
        store.close();
    });
}
