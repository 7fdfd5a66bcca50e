//! Writes what the store held at one moment into a file of its own, row by row, while the store goes on; and reads it
//! back. The copy is sealed under a key of its own, and has no more of what was removed. It must not know where the file
//! is to lie, nor hold up the writer.
//!
//! Some numbers leap in a copy, so that what comes to be after it is taken for what came to be before: see [`STARTS`] and
//! [`VERSIONS`].

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::BuildHasher;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redb::WriteTransaction;
use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::interface::Cursor;
use crate::redb::database::{Open, engine, named, storage};
use crate::redb::feed::FEED;
use crate::redb::header::{self, SealerFor};
use crate::redb::ledger::BATCHES;
use crate::redb::look::Look;
use crate::redb::medium::{FileMedium, Medium};
use crate::redb::meta::{self, BOOT, COPIED, FEED_TRIMMED, META};
use crate::redb::port::{ARRIVALS, RawRead};
use crate::redb::queue::Request;
use crate::redb::writer::{State, Writer};
use crate::redb::{Redb, RedbSnapshot, feed, journal, migrate};
use crate::table::{KeyRange, Order};

/// Daemon starts left out in a copy: whoever followed a start that the copy does not know must not take a later one of the
/// restored store for it.
const STARTS: u64 = 1 << 12;
/// Row versions left out in a copy: a version that somebody was told after the copy was made is given to nothing else.
const VERSIONS: u64 = 1 << 32;
/// Bytes of rows taken together; between two such pieces it rests as long as the last one took.
const PIECE: usize = 256 * 1024;
/// The longest rest.
const REST: Duration = Duration::from_millis(50);
/// Bytes of rows in one commit of the copy: what it keeps in memory of a commit rises with its length.
const COMMIT: usize = 16 * 1024 * 1024;
/// Bytes of the copy's pages kept in memory.
const CACHE: usize = 8 * 1024 * 1024;

/// All that was durable after one group of the writer's.
pub(crate) struct Moment {
    /// The tables as they were, held so.
    look: Look,
    /// The journal's records that are not folded into them, sealed; no more than the ring has room for.
    unfolded: Vec<Vec<u8>>,
    openings: usize,
}

impl Writer {
    /// Called between two groups, when what is shown, what lies in the file and what waits in the journal are the same.
    pub(super) fn moment(&self) -> Result<Moment> {
        let State::Open(_) = &self.state else { return Err(Error::Closed) };
        let held = RedbSnapshot(self.published.view());
        Ok(Moment {
            look: Look::over(self.medium.clone(), &self.header, Some(held))?,
            unfolded: self.journal.as_ref().map_or(Ok(Vec::new()), |journal| journal.unfolded())?,
            openings: self.standing.openings(),
        })
    }
}

/// What a file holds, table by table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Contents {
    /// The tables that have rows.
    pub tables: BTreeMap<String, TableContents>,
    /// When it is a copy, or was restored from one: the moment that holds, in ms since the epoch.
    pub copied_ms: Option<i64>,
}

/// What of a table can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TableContents {
    /// Rows that could be read.
    pub rows: u64,
    /// A sum over them, in whatever order.
    sum: u64,
    /// The rest cannot be read: it was altered or damaged.
    pub damaged: bool,
}

impl TableContents {
    fn add(&mut self, key: &[u8], value: &[u8]) {
        let hash = foldhash::quality::FixedState::default().hash_one((key, value));
        (self.rows, self.sum) = (self.rows + 1, self.sum.wrapping_add(hash));
    }
}

impl Contents {
    /// Rows that can be read.
    pub fn rows(&self) -> u64 {
        self.tables.values().map(|table| table.rows).sum()
    }

    /// The first table that cannot be read to its end.
    pub fn damaged(&self) -> Option<&str> {
        self.tables.iter().find(|(_, table)| table.damaged).map(|(name, _)| name.as_str())
    }
}

impl Look {
    /// Reads every row there is. Blocks; ends early, with an error, once `go_on` says no.
    pub fn contents(&self, go_on: &dyn Fn() -> bool) -> Result<Contents> {
        let mut tables = BTreeMap::new();
        for name in self.view().names()? {
            let mut table = TableContents::default();
            let read = self.view().rows_of(&name).and_then(|mut rows| {
                let mut pace = Pace::new(go_on);
                rows.try_for_each(|row| {
                    let (key, value) = row?;
                    table.add(&key, &value);
                    pace.did(key.len() + value.len())
                })
            });
            table.damaged = match self.anew(read) {
                Err(Error::Io(stopped)) if stopped.kind() == io::ErrorKind::Interrupted => {
                    return Err(Error::Io(stopped));
                }
                read => read.is_err(),
            };
            if table != TableContents::default() {
                tables.insert(name, table);
            }
        }
        let copied = meta::number(&*self.view(), COPIED).unwrap_or_default();
        Ok(Contents { tables, copied_ms: i64::try_from(copied).ok().filter(|at| *at > 0) })
    }
}

/// A copy that was written and read back.
pub struct Copied {
    /// What is in it.
    pub contents: Contents,
    /// Bytes of the file.
    pub bytes: u64,
    /// The copy, to look into.
    pub look: Look,
}

impl Redb {
    /// Writes all that is durable now into `file`, which is empty, makes that durable, and reads it back, every row. Blocks
    /// for as long as that takes, at half of one core's time; commits and reads go on meanwhile.
    ///
    /// `now_ms` is noted as the moment that it holds. When `go_on` says no, or the file cannot be written, it is left as it is:
    /// what is in it then is no copy.
    pub fn copy(
        &self,
        file: File,
        sealer_for: SealerFor,
        now_ms: i64,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Copied> {
        let (reply, answer) = oneshot::channel();
        self.backlog.send(0, Request::Moment(reply))?;
        let moment = answer.blocking_recv().unwrap_or(Err(Error::Closed))?;
        let durable = file.try_clone().map_err(Error::Io)?;
        let medium: Arc<dyn Medium> = Arc::new(FileMedium::over(file));
        if !medium.is_empty().map_err(Error::Io)? {
            return Err(Error::Io(io::ErrorKind::AlreadyExists.into()));
        }
        let header = header::open(&*medium, migrate::known(migrate::STEPS), self.header.ring, sealer_for)?;
        let mut target = Target::new(Open::new(&medium, &header, CACHE)?, go_on);
        self.fill(&mut target, &moment, now_ms)?;
        let written = target.finish()?;
        header::note_made(&*medium)?;
        durable.sync_all().map_err(Error::from_io)?;
        // Once the file was opened again after a failure, nothing was held for us any more.
        if self.standing.openings() != moment.openings {
            return Err(Error::Busy);
        }
        drop(moment);
        let look = Look::over(medium.clone(), &header, None)?;
        let contents = look.contents(go_on)?;
        if contents.tables != written {
            return Err(Error::Io(io::Error::other("what was written is not what is read back")));
        }
        Ok(Copied { contents, bytes: medium.len().map_err(Error::Io)?, look })
    }

    fn fill(&self, target: &mut Target<'_>, moment: &Moment, now_ms: i64) -> Result<()> {
        let view = moment.look.view();
        for name in view.names()? {
            // Whoever follows the feed reads everything again: see below.
            if name == FEED.0 {
                continue;
            }
            let kept = |key: &[u8]| name != META.0 || ![BOOT, COPIED, FEED_TRIMMED].contains(&key);
            for row in view.rows_of(&name)? {
                let (key, value) = row?;
                if kept(&key) {
                    target.put(&name, key, value)?;
                }
            }
        }
        for record in &moment.unfolded {
            let (arrival, group) = journal::opened(record, &*self.header.sealer)?;
            // As at a start: one that the journal could not take is in the table already.
            if view.raw_get(ARRIVALS, &arrival.to_be_bytes())?.is_none() {
                target.put(ARRIVALS.0, arrival.to_be_bytes().to_vec(), group)?;
            }
        }
        let mut last = 0;
        view.raw_scan(BATCHES, &KeyRange::all(), Order::Descending, &mut |key, _| {
            last = key.first_chunk().map_or(0, |version| u64::from_be_bytes(*version));
            Ok(false)
        })?;
        target.put(BATCHES.0, last.saturating_add(VERSIONS).to_be_bytes().to_vec(), Vec::new())?;
        let boot = meta::number(&*view, BOOT)?.saturating_add(STARTS);
        for (fact, value) in [
            (BOOT, boot.to_le_bytes().to_vec()),
            (COPIED, u64::try_from(now_ms).unwrap_or_default().to_le_bytes().to_vec()),
            // Every place of before is behind this one.
            (FEED_TRIMMED, feed::key(Cursor { boot, seq: u64::MAX }).to_vec()),
        ] {
            target.put(META.0, fact.to_vec(), value)?;
        }
        Ok(())
    }
}

/// The copy while it is written.
struct Target<'a> {
    open: Open,
    transaction: Option<WriteTransaction>,
    /// Bytes in the open commit.
    uncommitted: usize,
    /// Rows that are not in it yet, all of one table.
    piece: Vec<(Vec<u8>, Vec<u8>)>,
    piece_bytes: usize,
    table: String,
    written: BTreeMap<String, TableContents>,
    pace: Pace<'a>,
}

impl<'a> Target<'a> {
    fn new(open: Open, go_on: &'a dyn Fn() -> bool) -> Self {
        Self {
            open,
            transaction: None,
            uncommitted: 0,
            piece: Vec::new(),
            piece_bytes: 0,
            table: String::new(),
            written: BTreeMap::new(),
            pace: Pace::new(go_on),
        }
    }

    fn put(&mut self, table: &str, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        if self.table != table || self.piece_bytes >= PIECE {
            self.write()?;
            table.clone_into(&mut self.table);
        }
        self.piece_bytes += key.len() + value.len();
        self.piece.push((key, value));
        Ok(())
    }

    fn write(&mut self) -> Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let transaction = match self.transaction.take() {
            Some(transaction) => transaction,
            None => self.open.begin()?,
        };
        {
            let mut table = transaction.open_table(named(&self.table)).map_err(engine)?;
            let contents = self.written.entry(self.table.clone()).or_default();
            for (key, value) in self.piece.drain(..) {
                table.insert(&*key, &*value).map_err(storage)?;
                contents.add(&key, &value);
            }
        }
        self.uncommitted += self.piece_bytes;
        if self.uncommitted >= COMMIT {
            transaction.commit().map_err(engine)?;
            self.uncommitted = 0;
        } else {
            self.transaction = Some(transaction);
        }
        self.pace.did(std::mem::take(&mut self.piece_bytes))
    }

    /// Closes it; answers what was written.
    fn finish(mut self) -> Result<BTreeMap<String, TableContents>> {
        self.write()?;
        if let Some(transaction) = self.transaction.take() {
            transaction.commit().map_err(engine)?;
        }
        Ok(self.written)
    }
}

/// Leaves half of the time to others.
struct Pace<'a> {
    go_on: &'a dyn Fn() -> bool,
    bytes: usize,
    since: Instant,
}

impl<'a> Pace<'a> {
    fn new(go_on: &'a dyn Fn() -> bool) -> Self {
        Self { go_on, bytes: 0, since: Instant::now() }
    }

    /// Notes what was done; rests after each piece. An error once it is not to go on.
    #[expect(
        clippy::disallowed_methods,
        reason = "it is the rest that is wanted, on a thread that is its own"
    )]
    fn did(&mut self, bytes: usize) -> Result<()> {
        self.bytes += bytes;
        if self.bytes < PIECE {
            return Ok(());
        }
        if !(self.go_on)() {
            return Err(Error::Io(io::ErrorKind::Interrupted.into()));
        }
        std::thread::sleep(self.since.elapsed().min(REST));
        (self.bytes, self.since) = (0, Instant::now());
        Ok(())
    }
}
