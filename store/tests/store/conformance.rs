//! What every engine must do, written against the trait alone and run on each engine there is.

use std::sync::Arc;

use bytes::Bytes;
use keyward_store::table::Order;
use keyward_store::{
    Change, Check, CommitError, Feed, KeyRange, Op, Snapshot, Store, Table, Versioned, leases,
};

use crate::support::*;

/// Runs each part of the suite on redb in memory and on disk.
macro_rules! conformance {
    ($($part:ident),* $(,)?) => {
        mod memory {
            $(#[test] fn $part() { super::super::support::run(super::$part(super::open_memory())); })*
        }
        mod disk {
            $(#[test] fn $part() {
                let folder = tempfile::tempdir().unwrap();
                super::super::support::run(super::$part(super::open_file(&folder.path().join("s.redb"))));
            })*
        }
    };
}

conformance!(
    puts_and_dels,
    checks_guard_a_batch,
    a_batch_is_all_or_nothing,
    versions_rise,
    counters_add,
    scans_go_both_ways,
    prefixes_end_where_they_should,
    chains_link,
    snapshots_stay_as_they_were,
    a_batch_sent_again_is_applied_once,
    fences_stop_the_frozen,
    leases_pass_on,
    feeds_tell_in_order,
    racing_checks_let_one_through,
    racing_adds_all_count,
    a_row_that_is_no_counter_refuses_its_batch_alone,
);

async fn puts_and_dels(store: impl Store) {
    assert_eq!(get(&store, A, "k").await, None);
    let first = commit(&store, [put(A, "k", "one"), put(B, "k", "other table")]).await;
    assert_eq!(get(&store, A, "k").await, Some((first.version, "one".into())));
    assert_eq!(get(&store, B, "k").await, Some((first.version, "other table".into())));
    let second = commit(&store, [put(A, "k", ""), del(A, "never there")]).await;
    assert_eq!(get(&store, A, "k").await, Some((second.version, String::new())));
    commit(&store, [del(A, "k")]).await;
    assert_eq!(get(&store, A, "k").await, None);
    // A later write of a batch wins over an earlier one of the same row.
    commit(&store, [put(A, "k", "x"), del(A, "k"), put(A, "k", "y")]).await;
    assert_eq!(get(&store, A, "k").await.unwrap().1, "y");
}

async fn checks_guard_a_batch(store: impl Store) {
    let absent = || Check::Absent(A, b"k".to_vec());
    let at = |version| Check::Version(A, b"k".to_vec(), version);
    let made = store.commit(checked([absent()], [put(A, "k", "1")])).await.unwrap();
    assert!(is_conflict(store.commit(checked([absent()], [put(A, "k", "2")])).await));
    assert!(is_conflict(store.commit(checked([at(made.version + 1)], [put(A, "k", "2")])).await));
    let changed = store.commit(checked([at(made.version)], [put(A, "k", "2")])).await.unwrap();
    assert!(is_conflict(store.commit(checked([at(made.version)], [put(A, "k", "3")])).await));
    assert_eq!(get(&store, A, "k").await, Some((changed.version, "2".into())));
    assert!(is_conflict(store.commit(checked([Check::Version(B, b"k".to_vec(), 1)], [])).await));
}

async fn a_batch_is_all_or_nothing(store: impl Store) {
    let refused = checked(
        [Check::Absent(B, b"fine".to_vec()), Check::Version(A, b"absent".to_vec(), 7)],
        [put(A, "x", "1"), add("n", 5), chain("never"), Op::Announce(Bytes::from_static(b"never"))],
    );
    assert!(is_conflict(store.commit(refused).await));
    assert_eq!(get(&store, A, "x").await, None);
    assert_eq!(counter(&store, "n").await, None);
    assert!(keys(&store, LOG, KeyRange::all(), Order::Ascending, 9).await.is_empty());
}

async fn versions_rise(store: impl Store) {
    let mut last = 0;
    for round in 0..20 {
        let version = commit(&store, [put(A, "k", &round.to_string())]).await.version;
        assert!(version > last);
        last = version;
    }
}

async fn counters_add(store: impl Store) {
    commit(&store, [add("n", 5)]).await;
    let committed = commit(&store, [add("n", -7), add("n", 1), add("m", i64::MAX), add("m", 1)]).await;
    assert_eq!(counter(&store, "n").await, Some(-1));
    assert_eq!(counter(&store, "m").await, Some(i64::MAX));
    let row = store.snapshot().await.unwrap().get(COUNTERS, b"n").await.unwrap().unwrap();
    assert_eq!(row.version, committed.version);
}

async fn scans_go_both_ways(store: impl Store) {
    commit(&store, ["a", "b", "c", "d"].map(|key| put(A, key, key))).await;
    let range = |start: &str, end: Option<&str>| KeyRange { start: start.into(), end: end.map(Into::into) };
    let (up, down) = (Order::Ascending, Order::Descending);
    assert_eq!(keys(&store, A, KeyRange::all(), up, 9).await, ["a", "b", "c", "d"]);
    assert_eq!(keys(&store, A, KeyRange::all(), down, 9).await, ["d", "c", "b", "a"]);
    assert_eq!(keys(&store, A, range("b", Some("d")), up, 9).await, ["b", "c"]);
    assert_eq!(keys(&store, A, range("b", Some("d")), down, 1).await, ["c"]);
    assert_eq!(keys(&store, A, range("bb", None), up, 9).await, ["c", "d"]);
    assert_eq!(keys(&store, A, KeyRange::all(), up, 2).await, ["a", "b"]);
    assert!(keys(&store, A, KeyRange::all(), up, 0).await.is_empty());
    assert!(keys(&store, A, range("c", Some("b")), up, 9).await.is_empty());
    assert!(keys(&store, A, range("c", Some("c")), down, 9).await.is_empty());
    assert!(keys(&store, Table("no such table"), KeyRange::all(), up, 9).await.is_empty());
}

async fn prefixes_end_where_they_should(store: impl Store) {
    let rows: [&[u8]; 6] = [b"a", b"a\xff", b"a\xff\xff", b"b", b"\xff", b"\xff\xff\x01"];
    commit(&store, rows.map(|key| Op::Put(A, key.to_vec(), Bytes::new()))).await;
    let snapshot = store.snapshot().await.unwrap();
    for (prefix, count) in
        [(&b"a"[..], 3), (b"a\xff", 2), (b"\xff", 2), (b"\xff\xff", 1), (b"", 6), (b"c", 0)]
    {
        let found = snapshot.scan(A, KeyRange::prefix(prefix), Order::Ascending, 99).await.unwrap();
        assert_eq!(found.len(), count, "{prefix:?}");
        assert!(found.iter().all(|(key, _)| key.starts_with(prefix)));
    }
}

async fn chains_link(store: impl Store) {
    use keyward_store::ChainHasher;
    commit(&store, [chain("first"), chain("second")]).await;
    commit(&store, [chain("third"), Op::Chain(Table("log2"), Bytes::from_static(b"own"))]).await;
    let snapshot = store.snapshot().await.unwrap();
    let rows = snapshot.scan(LOG, KeyRange::all(), Order::Ascending, 9).await.unwrap();
    let mut previous = [0; 32];
    for ((key, row), (number, body)) in rows.iter().zip((1u64..).zip(["first", "second", "third"])) {
        assert_eq!(key[..], number.to_be_bytes());
        previous = TestChain.link(&previous, number, body.as_bytes());
        assert_eq!(row.value[..], [&previous[..], body.as_bytes()].concat());
    }
    assert_eq!(rows.len(), 3);
    let own = snapshot.get(Table("log2"), &1u64.to_be_bytes()).await.unwrap().unwrap();
    assert_eq!(own.value[..32], TestChain.link(&[0; 32], 1, b"own"));
}

async fn snapshots_stay_as_they_were(store: impl Store) {
    let before = store.snapshot().await.unwrap();
    let committed = commit(&store, [put(A, "k", "1")]).await;
    let between = store.snapshot().await.unwrap();
    for round in 0..50 {
        commit(&store, [put(A, "k", "2"), put(A, &format!("more {round}"), "x")]).await;
    }
    assert_eq!(before.get(A, b"k").await.unwrap(), None);
    let row = Versioned { version: committed.version, value: Bytes::from_static(b"1") };
    assert_eq!(between.get(A, b"k").await.unwrap(), Some(row));
    assert_eq!(between.scan(A, KeyRange::all(), Order::Ascending, 99).await.unwrap().len(), 1);
}

async fn a_batch_sent_again_is_applied_once(store: impl Store) {
    let once = checked([Check::Absent(A, b"k".to_vec())], [put(A, "k", "1"), add("n", 1), chain("x")]);
    let first = store.commit(once.clone()).await.unwrap();
    commit(&store, [put(A, "k", "2")]).await;
    assert_eq!(store.commit(once.clone()).await.unwrap(), first);
    let (left, right) = tokio::join!(store.commit(once.clone()), store.commit(once));
    assert_eq!((left.unwrap(), right.unwrap()), (first, first));
    assert_eq!(get(&store, A, "k").await.unwrap().1, "2");
    assert_eq!(counter(&store, "n").await, Some(1));
    // Twice within one group, too.
    let again = batch([add("n", 1)]);
    let (left, right) = tokio::join!(store.commit(again.clone()), store.commit(again));
    assert_eq!(left.unwrap(), right.unwrap());
    assert_eq!(counter(&store, "n").await, Some(2));
    // One that was refused may try again.
    let refused = checked([Check::Absent(A, b"k".to_vec())], [add("n", 1)]);
    assert!(is_conflict(store.commit(refused.clone()).await));
    commit(&store, [del(A, "k")]).await;
    store.commit(refused).await.unwrap();
    assert_eq!(counter(&store, "n").await, Some(3));
}

async fn fences_stop_the_frozen(store: impl Store) {
    let lease = leases::take(&store, fresh(), b"job", b"one", 100, 0).await.unwrap().unwrap();
    assert_eq!(lease.fence, 1);
    let fenced = |fence| checked([Check::Fence(b"job".to_vec(), fence)], [add("done", 1)]);
    store.commit(fenced(1)).await.unwrap();
    let next = leases::take(&store, fresh(), b"job", b"two", 300, 200).await.unwrap().unwrap();
    assert_eq!(next.fence, 2);
    assert!(matches!(store.commit(fenced(1)).await, Err(CommitError::Fenced)));
    store.commit(fenced(2)).await.unwrap();
    let nobody = checked([Check::Fence(b"never taken".to_vec(), 0)], []);
    assert!(matches!(store.commit(nobody).await, Err(CommitError::Fenced)));
    assert_eq!(counter(&store, "done").await, Some(2));
}

async fn leases_pass_on(store: impl Store) {
    let take = async |holder: &'static [u8], until, now| {
        leases::take(&store, fresh(), b"job", holder, until, now).await.unwrap().map(|lease| lease.fence)
    };
    assert_eq!(take(b"one", 100, 0).await, Some(1));
    assert_eq!(take(b"two", 200, 99).await, None);
    assert_eq!(take(b"one", 150, 99).await, Some(2));
    assert_eq!(take(b"two", 250, 150).await, Some(3));
    let (left, right) = tokio::join!(take(b"three", 999, 300), take(b"four", 999, 300));
    assert_eq!(left.is_some() as u8 + right.is_some() as u8, 1, "one of two at the same moment");
}

async fn feeds_tell_in_order(store: impl Store) {
    let announce = |text: String| Op::Announce(Bytes::from(text));
    let mut live = store.follow(None);
    for number in 0..200 {
        commit(&store, [announce(format!("{number}")), put(A, "k", &number.to_string())]).await;
    }
    let mut resumed = None;
    for number in 0..200 {
        let Change::Next(cursor, hint) = live.next().await.unwrap() else { panic!("nothing was trimmed") };
        assert_eq!(cursor.seq, number + 1);
        assert_eq!(hint, format!("{number}"));
        if number == 99 {
            resumed = Some(store.follow(Some(cursor)));
        }
    }
    let Change::Next(cursor, hint) = resumed.unwrap().next().await.unwrap() else { panic!("still there") };
    assert_eq!((cursor.seq, &hint[..]), (101, &b"100"[..]));
    let (told, _) = tokio::join!(live.next(), store.commit(batch([announce("live".into())])));
    assert!(matches!(told.unwrap(), Change::Next(cursor, _) if cursor.seq == 201));
}

async fn racing_checks_let_one_through(store: impl Store) {
    let store = Arc::new(store);
    let tasks = (0..64).map(|number| {
        let store = store.clone();
        async move {
            store.commit(checked([Check::Absent(A, b"k".to_vec())], [put(A, "k", &number.to_string())])).await
        }
    });
    let won = join_all(tasks).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(won, 1);
}

async fn racing_adds_all_count(store: impl Store) {
    let store = Arc::new(store);
    let tasks = (0..500).map(|number: i64| {
        let store = store.clone();
        async move { store.commit(batch([add("sum", number), chain("one")])).await.unwrap().version }
    });
    let mut versions = join_all(tasks).await;
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(versions.len(), 500, "each batch has a version of its own");
    assert_eq!(counter(&*store, "sum").await, Some(499 * 500 / 2));
    let snapshot = store.snapshot().await.unwrap();
    assert_eq!(snapshot.scan(LOG, KeyRange::all(), Order::Ascending, 999).await.unwrap().len(), 500);
}

async fn a_row_that_is_no_counter_refuses_its_batch_alone(store: impl Store) {
    commit(&store, [put(COUNTERS, "text", "not a number")]).await;
    let (bad, good) = tokio::join!(
        store.commit(batch([put(A, "k", "half"), add("text", 1)])),
        store.commit(batch([add("n", 1)])),
    );
    assert!(matches!(bad, Err(CommitError::Store(keyward_store::Error::Damaged { table: "counters" }))));
    good.unwrap();
    assert_eq!(get(&store, A, "k").await, None);
    assert_eq!(counter(&store, "n").await, Some(1));
}

/// Runs futures side by side on this task.
async fn join_all<F: Future + Send + 'static>(tasks: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F::Output: Send + 'static,
{
    let mut set = tokio::task::JoinSet::new();
    for task in tasks {
        set.spawn(task);
    }
    set.join_all().await
}
