//! The change feed across starts and trimming.

use bytes::Bytes;
use keyward_store::{Change, Cursor, Error, Feed, Op, Redb, Store};

use crate::support::*;

async fn announce(store: &Redb, count: usize) {
    commit(store, (0..count).map(|number| Op::Announce(Bytes::from(format!("{number}"))))).await;
}

#[test]
fn a_follower_resumes_in_the_next_start() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.redb");
        let store = open_file(&path);
        announce(&store, 3).await;
        let mut feed = store.follow(Some(Cursor { boot: 1, seq: 0 }));
        assert!(matches!(feed.next().await.unwrap(), Change::Next(Cursor { boot: 1, seq: 1 }, _)));
        drop((feed, store));
        let store = open_file(&path);
        announce(&store, 1).await;
        let mut feed = store.follow(Some(Cursor { boot: 1, seq: 2 }));
        assert!(matches!(feed.next().await.unwrap(), Change::Next(Cursor { boot: 1, seq: 3 }, _)));
        assert!(matches!(feed.next().await.unwrap(), Change::Next(Cursor { boot: 2, seq: 1 }, _)));
    });
}

#[test]
fn who_missed_trimmed_rows_is_told_to_read_again() {
    run(async {
        let store = open_memory();
        let mut slow = store.follow(None);
        let mut kept = store.follow(None);
        for _ in 0..12 {
            announce(&store, 500).await;
        }
        let Change::Resync(now) = slow.next().await.unwrap() else { panic!("6,000 rows are not kept") };
        assert_eq!(now.seq, 6000);
        let late = store.follow(Some(Cursor { boot: 1, seq: 5990 })).next().await.unwrap();
        assert!(matches!(late, Change::Next(Cursor { boot: 1, seq: 5991 }, _)));
        announce(&store, 1).await;
        assert!(matches!(slow.next().await.unwrap(), Change::Next(Cursor { seq: 6001, .. }, _)));
        assert!(matches!(kept.next().await.unwrap(), Change::Resync(Cursor { seq: 6001, .. })));
    });
}

#[test]
fn an_unknown_place_is_told_to_read_again() {
    run(async {
        let store = open_memory();
        announce(&store, 2).await;
        for place in [Cursor { boot: 9, seq: 1 }, Cursor { boot: 1, seq: 3 }] {
            let told = store.follow(Some(place)).next().await.unwrap();
            assert_eq!(told, Change::Resync(Cursor { boot: 1, seq: 2 }));
        }
    });
}

#[test]
fn a_follower_learns_of_the_end() {
    run(async {
        let store = open_memory();
        let mut feed = store.follow(None);
        store.close();
        assert!(matches!(feed.next().await, Err(Error::Closed)));
    });
}
