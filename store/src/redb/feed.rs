//! The change feed: rows written in the commit they tell of, numbered without gaps from 1 in each daemon start.
//! A follower reads rows after its own place, so it can lag without costing memory; it resumes across starts as
//! long as nothing it missed was trimmed.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use crate::error::{Error, Result};
use crate::interface::{Change, Cursor, Feed};
use crate::redb::meta::{FEED_TRIMMED, META};
use crate::redb::port::RawRead;
use crate::redb::published::Published;
use crate::redb::transaction::Tx;
use crate::table::{KeyRange, Order, Table};

/// The feed's rows: key = boot and number (both `u64`, big-endian), value = the hint.
pub(crate) const FEED: Table = Table("feed");

const KEEP: u64 = 4096;
const SLACK: u64 = 512;
/// Rows read at once.
const READ: usize = 64;

/// The key of a place.
pub(crate) fn key(cursor: Cursor) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&cursor.boot.to_be_bytes());
    key[8..].copy_from_slice(&cursor.seq.to_be_bytes());
    key
}

fn cursor(key: &[u8]) -> Result<Cursor> {
    let number = |half: &[u8]| half.try_into().map(u64::from_be_bytes);
    match (number(&key[..key.len() / 2]), number(&key[key.len() / 2..])) {
        (Ok(boot), Ok(seq)) => Ok(Cursor { boot, seq }),
        _ => Err(Error::Damaged { table: FEED.0 }),
    }
}

/// Drops the oldest rows, seldom, and notes the last of them.
pub(crate) fn trim(tx: &Tx<'_>) -> Result<()> {
    match tx.trim(FEED, KEEP, SLACK)? {
        Some(last) => tx.put_raw(META, FEED_TRIMMED, &last),
        None => Ok(()),
    }
}

/// Follows the change feed.
pub struct RedbFeed {
    published: Arc<Published>,
    newest: watch::Receiver<Cursor>,
    at: Cursor,
    ready: VecDeque<(Cursor, Bytes)>,
}

impl RedbFeed {
    /// Follows from after `from`, or from now.
    pub(crate) fn new(published: Arc<Published>, from: Option<Cursor>) -> Self {
        let newest = published.newest();
        let at = from.unwrap_or(*newest.borrow());
        Self { published, newest, at, ready: VecDeque::new() }
    }

    /// Reads the rows after our place; `false` when some of them are gone.
    fn read(&mut self) -> Result<bool> {
        let newest = *self.newest.borrow_and_update();
        let view = self.published.view();
        let trimmed = view.raw_get(META, FEED_TRIMMED)?;
        let trimmed = trimmed.map(|key| cursor(&key)).transpose()?;
        let unknown = self.at > newest && view.raw_get(FEED, &key(self.at))?.is_none();
        if unknown || trimmed.is_some_and(|trimmed| self.at < trimmed) {
            return Ok(false);
        }
        let mut start = key(self.at).to_vec();
        start.push(0);
        let ready = &mut self.ready;
        view.raw_scan(FEED, &KeyRange { start, end: None }, Order::Ascending, &mut |key, hint| {
            let place = cursor(key)?;
            // What is in the file already but not announced yet is for the next time.
            if place > newest {
                return Ok(false);
            }
            ready.push_back((place, Bytes::copy_from_slice(hint)));
            Ok(ready.len() < READ)
        })?;
        Ok(true)
    }
}

impl Feed for RedbFeed {
    async fn next(&mut self) -> Result<Change> {
        loop {
            if let Some((cursor, hint)) = self.ready.pop_front() {
                self.at = cursor;
                return Ok(Change::Next(cursor, hint));
            }
            if !self.read()? {
                self.at = *self.newest.borrow();
                return Ok(Change::Resync(self.at));
            }
            if self.ready.is_empty() {
                self.newest.changed().await.map_err(|_| Error::Closed)?;
            }
        }
    }
}
