//! Opening: locks, keys, foreign and newer files, modes, and the fixture of each released schema.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keyward_store::model::Id;
use keyward_store::table::Order;
use keyward_store::usage::{Method, Reporter, UsageEvent};
use keyward_store::{CommitError, Error, KeyRange, OpenOptions, Redb, Snapshot, Store};

use crate::migration;
use crate::support::*;

#[test]
fn a_second_opener_is_refused_until_the_first_is_closed() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.redb");
        let store = open_file(&path);
        commit(&store, [put(A, "k", "1")]).await;
        let snapshot = store.snapshot().await.unwrap();
        assert!(matches!(Redb::open(file_options(&path)), Err(Error::InUse(at)) if at == path));
        store.close();
        // A snapshot that is still held neither keeps the lock nor reads a file that others write.
        let second = open_file(&path);
        assert!(snapshot.get(A, b"k").await.is_err());
        assert!(matches!(store.commit(batch([])).await, Err(CommitError::Store(Error::Closed))));
        assert_eq!(get(&second, A, "k").await.unwrap().1, "1");
    });
}

#[test]
fn the_file_is_the_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    drop(open_file(&path));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn closing_finishes_what_is_queued() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.redb");
        let store = Arc::new(open_file(&path));
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (store, sent) = (store.clone(), batch([add("n", 1)]));
            waiting.spawn(async move { store.commit(sent).await });
        }
        tokio::task::yield_now().await;
        store.close();
        let done = waiting.join_all().await.into_iter().filter(Result::is_ok).count();
        drop(store);
        assert_eq!(counter(&open_file(&path), "n").await.unwrap_or(0), done as i64);
    });
}

/// Tries to open, expects a refusal, and that not one byte has changed.
fn refused(path: &Path, options: OpenOptions) -> Error {
    let before = fs::read(path).unwrap();
    let error = Redb::open(options).err().expect("refused");
    assert_eq!(fs::read(path).unwrap(), before, "the file was touched");
    error
}

#[test]
fn a_wrong_key_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    run(commit_one(&path));
    let wrong = OpenOptions::file(&path, sealer(2), Arc::new(TestChain));
    assert!(matches!(refused(&path, wrong), Error::Sealed));
    assert_eq!(run(async { get(&open_file(&path), A, "k").await }).unwrap().1, "plain text");
}

async fn commit_one(path: &Path) {
    commit(&open_file(path), [put(A, "k", "plain text"), add("n", 1), chain("entry")]).await;
}

#[test]
fn a_foreign_file_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    fs::write(&path, vec![b'x'; 50_000]).unwrap();
    assert!(matches!(refused(&path, file_options(&path)), Error::Foreign));
    fs::write(&path, b"a short note").unwrap();
    assert!(matches!(refused(&path, file_options(&path)), Error::Foreign));
}

/// With a wrong one, the database would be looked for where there is none.
#[test]
fn an_altered_length_of_the_ring_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    run(commit_one(&path));
    let ring = fs::read(&path).unwrap()[40..44].to_vec();
    for other in [[0; 4], [ring[0] ^ 1, ring[1], ring[2], ring[3]], [0xFF; 4]] {
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(&other, 40).unwrap();
        assert!(matches!(refused(&path, file_options(&path)), Error::Sealed));
        file.write_all_at(&ring, 40).unwrap();
    }
    assert_eq!(run(async { get(&open_file(&path), A, "k").await }).unwrap().1, "plain text");
}

#[test]
fn a_newer_schema_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    run(commit_one(&path));
    fs::OpenOptions::new().write(true).open(&path).unwrap().write_all_at(&99u32.to_le_bytes(), 32).unwrap();
    assert!(matches!(refused(&path, file_options(&path)), Error::Newer { found: 99, .. }));
}

/// Where the sealed pages of a file begin.
fn first_page(file: &[u8]) -> usize {
    let ring = u32::from_le_bytes(file[40..44].try_into().unwrap());
    12_288 + ring as usize * 4096 + 4096
}

/// What is left of it looks like a file that was never finished, and must not become an empty one.
#[test]
fn a_file_that_was_cut_short_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    run(commit_one(&path));
    let whole = fs::read(&path).unwrap();
    let first = first_page(&whole);
    for length in
        [40, 5_000, 12_288, 12_289, first / 2, first - 4096, first - 1, first, first + 4112, whole.len() - 1]
    {
        fs::write(&path, &whole[..length]).unwrap();
        let error = refused(&path, file_options(&path));
        assert!(matches!(error, Error::Broken(_)), "{length} bytes: {error:?}");
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(run(async { get(&open_file(&path), A, "k").await }).unwrap().1, "plain text");
}

#[test]
fn an_altered_page_is_never_read() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.redb");
        let store = open_file(&path);
        for number in 0..400 {
            commit(&store, [put(A, &format!("{number:03}"), &"x".repeat(900))]).await;
        }
        drop(store);
        let whole = fs::read(&path).unwrap();
        let stride = 4096 + 16;
        let mut noticed = 0;
        let first = first_page(&whole);
        for page in 0..(whole.len() - first) / stride {
            let at = first + page * stride;
            if whole[at..at + stride].iter().all(|byte| *byte == 0) {
                continue;
            }
            let mut altered = whole.clone();
            altered[at + 77] ^= 1;
            fs::write(&path, altered).unwrap();
            let Ok(store) = Redb::open(file_options(&path)) else {
                noticed += 1;
                continue;
            };
            let snapshot = store.snapshot().await.unwrap();
            match snapshot.scan(A, KeyRange::all(), Order::Ascending, usize::MAX).await {
                Ok(rows) => assert!(rows.len() == 400, "page {page}"),
                Err(Error::Sealed) => noticed += 1,
                Err(other) => panic!("page {page}: {other:?}"),
            }
        }
        assert!(noticed > 80, "{noticed}");
    });
}

/// The same for a file that has to be repaired, which reads it in another way.
#[test]
fn an_altered_page_is_never_read_after_a_crash() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.redb");
        let whole = crashed(&path).await;
        let mut noticed = 0;
        for at in sealed_pages(&whole).step_by(3) {
            let mut altered = whole.clone();
            altered[at + 77] ^= 1;
            fs::write(&path, altered).unwrap();
            let Ok(store) = Redb::open(file_options(&path)) else {
                noticed += 1;
                continue;
            };
            // What only the last commit needs may count as torn; then the one before it holds.
            let snapshot = store.snapshot().await.unwrap();
            let rows = snapshot.scan(A, KeyRange::all(), Order::Ascending, usize::MAX).await.unwrap();
            assert!(rows.len() >= 399, "page at {at}");
            assert!(rows.iter().all(|(_, row)| row.value.iter().all(|byte| *byte == b'x')), "page at {at}");
        }
        assert!(noticed > 20, "{noticed}");
    });
}

/// What the repair has checked is checked again by each reading after it.
#[test]
fn a_page_altered_after_a_repair_is_refused() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.redb");
        let whole = crashed(&path).await;
        fs::write(&path, &whole).unwrap();
        let mut options = file_options(&path);
        options.cache_bytes = 0;
        // The writer shall not meet such a page first.
        options.quick_repair_after = Duration::MAX;
        let store = Redb::open(options).unwrap();
        // Several pages: the table's first one may stay in memory once it was read.
        commit(&store, (0..50).map(|number| put(B, &format!("{number:03}"), &"y".repeat(900)))).await;
        let snapshot = store.snapshot().await.unwrap();
        assert!(snapshot.get(B, b"000").await.unwrap().is_some());
        let disk = fs::OpenOptions::new().write(true).open(&path).unwrap();
        let now = fs::read(&path).unwrap();
        for at in sealed_pages(&now) {
            disk.write_all_at(&[now[at + 3000] ^ 1], at as u64 + 3000).unwrap();
        }
        let read = snapshot.scan(A, KeyRange::all(), Order::Ascending, usize::MAX).await;
        assert!(matches!(read, Err(Error::Sealed)), "{read:?}");
        assert!(snapshot.scan(B, KeyRange::all(), Order::Ascending, usize::MAX).await.is_err());
    });
}

/// The file of 400 rows as a kill leaves it.
async fn crashed(path: &Path) -> Vec<u8> {
    let mut options = file_options(path);
    options.quick_repair_after = Duration::MAX;
    let store = Redb::open(options).unwrap();
    for number in 0..400 {
        commit(&store, [put(A, &format!("{number:03}"), &"x".repeat(900))]).await;
    }
    fs::read(path).unwrap()
}

/// Where the sealed pages begin that were ever written.
fn sealed_pages(file: &[u8]) -> impl Iterator<Item = usize> {
    let (first, stride) = (first_page(file), 4096 + 16);
    let pages = (file.len() - first) / stride;
    (0..pages).map(move |page| first + page * stride).filter(move |at| file[*at..at + stride] != [0; 4112])
}

#[test]
fn nothing_that_is_stored_can_be_seen_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    run(commit_one(&path));
    let bytes = fs::read(&path).unwrap();
    for hidden in ["plain text", "counters", "entry", "batches"] {
        assert!(!bytes.windows(hidden.len()).any(|part| part == hidden.as_bytes()), "{hidden}");
    }
}

/// Makes the fixture; run once per schema, with the program that releases it:
/// `cargo test -p keyward-store --test store make_the_fixture -- --ignored`.
#[test]
#[ignore = "writes the fixture of the present schema into the source"]
fn make_the_fixture() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.redb");
        let store = open_file(&path);
        commit(&store, [put(A, "name", "first"), add("n", 42), chain("one"), chain("two")]).await;
        store.commit(migration::records()).await.unwrap();
        // Two calls an hour over three days, of which one falls into each half: more than wait to be spread.
        let half_hours = (0..144).map(|number| event(1_767_225_600_000 + number * 1_800_000));
        store.append(half_hours.collect::<Vec<_>>()).await.unwrap();
        store.close();
        let packed = zstd::encode_all(&fs::read(&path).unwrap()[..], 19).unwrap();
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/schema-4.redb.zst"), packed).unwrap();
    });
}

fn event(at_ms: i64) -> UsageEvent {
    UsageEvent {
        api_key: Id::from_bytes([7; 12]),
        at_ms,
        endpoint: "/v1/things".into(),
        method: Method::Get,
        status: 200,
        response_us: Some(1500),
        request_bytes: 10,
        response_bytes: 20,
        version: 1,
        reporter: Reporter::default(),
        event_id: None,
        metadata: "".into(),
    }
}

/// The file as the first release wrote it. Never made anew: a store that can't open it would lose its users' data.
#[test]
fn the_fixture_of_schema_1_opens() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.redb");
        let packed =
            fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/schema-1.redb.zst")).unwrap();
        fs::write(&path, zstd::decode_all(&packed[..]).unwrap()).unwrap();
        let store = open_file(&path);
        assert_eq!(get(&store, A, "name").await, Some((1, "first".into())));
        assert_eq!(counter(&store, "n").await, Some(42));
        assert_eq!(keys(&store, LOG, KeyRange::all(), Order::Ascending, 9).await.len(), 2);
        assert_eq!(store.usage().totals(Id::from_bytes([7; 12]), 1_767_225_600_000).count, 1);
        commit(&store, [add("n", 1)]).await;
        assert_eq!(counter(&store, "n").await, Some(43));
    });
}
