//! What the tests share: a page sealer that detects alteration, a chain hasher, small ways to read and write.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use keyward_store::{
    Batch, BatchId, ChainHasher, Check, CommitError, Committed, Error, FileId, KeyRange, Op, OpenOptions,
    PageSealer, Redb, Result, SealerFor, Snapshot, Store, Table, table::Order,
};

pub(crate) const A: Table = Table("a");
pub(crate) const B: Table = Table("b");
pub(crate) const COUNTERS: Table = Table("counters");
pub(crate) const LOG: Table = Table("log");

/// Hides pages and detects alteration well enough for tests; no cryptography.
pub(crate) struct TestSealer {
    key: u64,
    file: FileId,
}

impl TestSealer {
    fn tag(&self, number: u64, plain: &[u8]) -> [u8; 16] {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.key);
        hasher.write(&self.file);
        hasher.write_u64(number);
        hasher.write(plain);
        let mut tag = [0xA5; 16];
        tag[..8].copy_from_slice(&hasher.finish().to_le_bytes());
        tag
    }
}

impl PageSealer for TestSealer {
    fn overhead(&self) -> usize {
        16
    }

    fn seal(&self, number: u64, plain: &[u8], out: &mut [u8]) -> Result<()> {
        let (body, tag) = out.split_at_mut(plain.len());
        for (to, from) in body.iter_mut().zip(plain) {
            *to = from ^ 0x5C;
        }
        tag.copy_from_slice(&self.tag(number, plain));
        Ok(())
    }

    fn check(&self, number: u64, sealed: &[u8]) -> Result<()> {
        let (body, tag) = sealed.split_at(sealed.len() - self.overhead());
        let plain: Vec<u8> = body.iter().map(|byte| byte ^ 0x5C).collect();
        if tag == self.tag(number, &plain) { Ok(()) } else { Err(Error::Sealed) }
    }

    fn decrypt(&self, _: u64, sealed: &[u8], plain: &mut [u8]) -> Result<()> {
        for (to, from) in plain.iter_mut().zip(sealed) {
            *to = from ^ 0x5C;
        }
        Ok(())
    }
}

pub(crate) fn sealer(key: u64) -> SealerFor {
    Box::new(move |file| Ok(Arc::new(TestSealer { key, file: *file }) as Arc<dyn PageSealer>))
}

/// Mixes everything it is given.
pub(crate) struct TestChain;

impl ChainHasher for TestChain {
    fn link(&self, previous: &[u8; 32], number: u64, body: &[u8]) -> [u8; 32] {
        let mut hash = [0; 32];
        for (at, part) in hash.chunks_mut(8).enumerate() {
            let mut hasher = DefaultHasher::new();
            hasher.write(previous);
            hasher.write_u64(number + at as u64);
            hasher.write(body);
            part.copy_from_slice(&hasher.finish().to_le_bytes());
        }
        hash
    }
}

pub(crate) fn file_options(path: &Path) -> OpenOptions {
    OpenOptions::file(path, sealer(1), Arc::new(TestChain))
}

pub(crate) fn open_file(path: &Path) -> Redb {
    Redb::open(file_options(path)).unwrap()
}

pub(crate) fn open_memory() -> Redb {
    Redb::open(OpenOptions::memory(sealer(1), Arc::new(TestChain))).unwrap()
}

/// A batch id nobody else has.
pub(crate) fn fresh() -> BatchId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut id = [0; 16];
    id[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    id[8..].copy_from_slice(&u64::from(std::process::id()).to_le_bytes());
    BatchId(id)
}

pub(crate) fn batch(ops: impl IntoIterator<Item = Op>) -> Batch {
    checked([], ops)
}

pub(crate) fn checked(checks: impl IntoIterator<Item = Check>, ops: impl IntoIterator<Item = Op>) -> Batch {
    let mut batch = Batch::new(fresh());
    for check in checks {
        batch.check(check);
    }
    for op in ops {
        batch.op(op);
    }
    batch
}

pub(crate) fn put(table: Table, key: &str, value: &str) -> Op {
    Op::Put(table, key.into(), Bytes::copy_from_slice(value.as_bytes()))
}

pub(crate) fn del(table: Table, key: &str) -> Op {
    Op::Del(table, key.into())
}

pub(crate) fn add(key: &str, delta: i64) -> Op {
    Op::Add(COUNTERS, key.into(), delta)
}

pub(crate) fn chain(body: &str) -> Op {
    Op::Chain(LOG, Bytes::copy_from_slice(body.as_bytes()))
}

pub(crate) async fn get(store: &impl Store, table: Table, key: &str) -> Option<(u64, String)> {
    let row = store.snapshot().await.unwrap().get(table, key.as_bytes()).await.unwrap()?;
    Some((row.version, String::from_utf8(row.value.to_vec()).unwrap()))
}

pub(crate) async fn counter(store: &impl Store, key: &str) -> Option<i64> {
    let row = store.snapshot().await.unwrap().get(COUNTERS, key.as_bytes()).await.unwrap()?;
    Some(i64::from_le_bytes(row.value[..].try_into().unwrap()))
}

pub(crate) async fn commit(store: &impl Store, ops: impl IntoIterator<Item = Op>) -> Committed {
    store.commit(batch(ops)).await.unwrap()
}

pub(crate) async fn keys(
    store: &impl Store,
    table: Table,
    range: KeyRange,
    order: Order,
    limit: usize,
) -> Vec<String> {
    let rows = store.snapshot().await.unwrap().scan(table, range, order, limit).await.unwrap();
    rows.into_iter().map(|(key, _)| String::from_utf8(key).unwrap()).collect()
}

pub(crate) fn is_conflict<T>(result: std::result::Result<T, CommitError>) -> bool {
    matches!(result, Err(CommitError::Conflict))
}

/// Runs a future on a small runtime of its own.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}
