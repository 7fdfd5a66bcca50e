//! Copies of a store that goes on: what is in them, what leaps, and what is no copy.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use keyward_store::model::Id;
use keyward_store::{Change, Copied, Cursor, Error, Feed, Look, Redb, Result, Store};

use crate::faults::{NOW_MS, call};
use crate::support::{A, B, LOG, chain, commit, counter, file_options, get, open_file, put, run, sealer};
use crate::support::{add, batch};

fn copy(store: &Redb, to: &Path, go_on: &dyn Fn() -> bool) -> Result<Copied> {
    let file = File::options().read(true).write(true).create_new(true).open(to).unwrap();
    store.copy(file, sealer(1), NOW_MS, go_on)
}

fn copied(store: &Redb, to: &Path) -> Copied {
    copy(store, to, &|| true).unwrap()
}

#[test]
fn a_copy_has_all_that_was_acknowledged_and_nothing_of_later() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    let store = open_file(&from);
    let before = run(async {
        let before =
            commit(&store, [put(A, "name", "first"), add("n", 42), chain("one"), chain("two")]).await;
        // Into the journal: nothing folds them before they are copied.
        for number in 0..30 {
            store.append(vec![call(number)]).await.unwrap();
        }
        before
    });
    let found = copied(&store, &to);
    assert_eq!(found.contents.copied_ms, Some(NOW_MS));
    assert_eq!(found.bytes, to.metadata().unwrap().len());
    drop(found);
    run(async { commit(&store, [put(A, "name", "second"), put(B, "later", "row")]).await });
    drop(store);

    let looked = Look::at(file_options(&to)).unwrap().contents(&|| true).unwrap();
    assert_eq!((looked.copied_ms, looked.damaged(), looked.tables[LOG.0].rows), (Some(NOW_MS), None, 2));
    let store = open_file(&to);
    run(async {
        assert_eq!(get(&store, A, "name").await.unwrap(), (before.version, "first".to_owned()));
        assert_eq!((counter(&store, "n").await, get(&store, B, "later").await), (Some(42), None));
        let totals = (0..3).map(|key| store.usage().totals(Id::from_bytes([key; 12]), NOW_MS).count);
        assert_eq!(totals.sum::<u64>(), 30);
    });
}

#[test]
fn what_comes_after_a_copy_is_taken_for_nothing_that_came_before() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    let store = open_file(&from);
    let first = run(async { commit(&store, [put(A, "name", "first")]).await });
    drop(copied(&store, &to));
    let told = run(async { commit(&store, [put(A, "name", "told")]).await });
    assert_eq!(told.version, first.version + 1);
    drop(store);
    let store = open_file(&to);
    let other = run(async { commit(&store, [put(A, "name", "other")]).await });
    assert!(other.version > told.version + 1_000_000_000, "{other:?}");
    // Somebody who follows the third start of the store from before, and whom its announcements reached.
    let mut feed = store.follow(Some(Cursor { boot: 3, seq: 1 }));
    let change = run(async {
        tokio::time::timeout(std::time::Duration::from_secs(20), feed.next()).await.expect("told").unwrap()
    });
    assert!(matches!(change, Change::Resync(at) if at.boot > 1_000), "{change:?}");
}

#[test]
fn commits_go_on_while_a_copy_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_file(&folder.path().join("from"));
    let value = "v".repeat(20_000);
    run(async {
        for rows in 0..20 {
            let rows = (0..10).map(|row| put(A, &format!("{rows:02}{row}"), &value));
            store.commit(batch(rows)).await.unwrap();
        }
    });
    let (went_on, pieces) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let found = copy(&store, &folder.path().join("to"), &|| {
        let piece = pieces.fetch_add(1, Ordering::Relaxed);
        // Every row is written anew, and those of before are held for the copy.
        let rows = (0..10).map(|row| put(A, &format!("{:02}{row}", piece % 20), "new"));
        run(async { store.commit(batch(rows)).await.unwrap() });
        went_on.fetch_add(1, Ordering::Relaxed);
        true
    });
    let found = found.unwrap();
    assert!(went_on.load(Ordering::Relaxed) >= 10);
    assert_eq!(found.contents.tables[A.0].rows, 200);
    drop(found);
    let copy = open_file(&folder.path().join("to"));
    run(async {
        for row in ["000", "199"] {
            assert_eq!(get(&copy, A, row).await.unwrap().1, value);
        }
        assert_eq!(get(&store, A, "000").await.unwrap().1, "new");
    });
}

#[test]
fn a_copy_that_is_stopped_or_has_no_room_of_its_own_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_file(&folder.path().join("from"));
    run(async {
        for row in 0..20 {
            commit(&store, [put(A, &format!("{row}"), &"v".repeat(60_000))]).await;
        }
    });
    let asked = AtomicBool::new(false);
    let stopped = copy(&store, &folder.path().join("to"), &|| asked.swap(true, Ordering::Relaxed));
    assert!(matches!(stopped, Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::Interrupted));
    let mut taken = tempfile::tempfile().unwrap();
    taken.write_all(b"something").unwrap();
    assert!(store.copy(taken, sealer(1), NOW_MS, &|| true).is_err());
    run(async { commit(&store, [put(A, "goes", "on")]).await });
    drop(copied(&store, &folder.path().join("another")));
}

#[test]
fn an_altered_page_of_a_copy_is_found_wherever_it_is() {
    use std::os::unix::fs::FileExt;
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    let store = open_file(&from);
    run(async {
        for row in 0..40 {
            commit(&store, [put(A, &format!("{row:02}"), &"v".repeat(9_000))]).await;
        }
    });
    let bytes = copied(&store, &to).bytes;
    let whole = Look::at(file_options(&to)).unwrap().contents(&|| true).unwrap();
    let file = File::options().read(true).write(true).open(&to).unwrap();
    let (base, mut found) = (12_288 + file_options(&to).journal_bytes + 4096, 0);
    for at in (base..bytes).step_by(4096 + 16) {
        let mut byte = [0];
        if file.read_exact_at(&mut byte, at + 5).is_err() {
            break;
        }
        file.write_all_at(&[byte[0] ^ 1], at + 5).unwrap();
        match Look::at(file_options(&to)).and_then(|look| look.contents(&|| true)) {
            Ok(read) if read == whole => {}
            Ok(read) => {
                assert!(read.damaged().is_some(), "byte {at}: {read:?}");
                found += usize::from(read.tables.get(A.0).is_some_and(|table| table.damaged));
            }
            // What everything hangs on.
            Err(_) => {}
        }
        file.write_all_at(&byte, at + 5).unwrap();
    }
    assert!(found >= 40 * 3, "{found}: rows of three pages each");
}
